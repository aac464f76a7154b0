"""Phrases for what a field holds, and for its groups by their figures ("which size has the most boxes") → queries."""

from __future__ import annotations

from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.figures import Part, assembled, row_count
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Reject, Row, Several
from sopc.english.patterns.names import field_value
from sopc.english.patterns.queries import Having, QueryParts, start
from sopc.english.patterns.semantics import NUMERIC, ONE, Condition, Context, Rows, Sort, Source, Steps, Value, output
from sopc.english.patterns.show import SHOW, show
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import aggregate_call, check_countable
from sopc.tree import nodes

Test = tuple[str, nodes.Expr]


def _no_store(context: Context, key: Value) -> None:
    """Rejects what names rows of another store: a reference, or a field that is called as a store is."""
    stores = [name_words(source.store.name) for source in context.world.sources]
    if key.hops or any(words.same_words(name, key.label) for name in stores):
        raise Reject()


def _ranked(
    context: Context,
    about: Source,
    key: Value,
    figure: Value,
    descending: bool,
    parts: tuple[Part, ...] = (),
    count: Value | None = None,
    rows: Rows | None = None,
    ordinal: int = 0,
) -> Any:
    """The first groups of a field by a figure. count: how many of them, one unless told; ordinal: how many come before
    it."""
    limit = count.node if count else ONE
    ties = key.plural and count is None and not ordinal
    ask = assembled(about, (*parts, *([Part(rows=rows)] if rows else [])))
    if about.origin is None or figure.aggregate is None or ask.rows.sorts or ask.keys:
        raise Reject()
    check_countable(ask.rows.mentioned)
    counted = figure.counted.conditions if figure.counted else ()
    sorts = (Sort(descending, "number", figure),)
    ranked = Rows(about, (*counted, *ask.rows.conditions), sorts, limit, skipped=ordinal, ties=ties)
    return show(context, QueryParts(ranked, columns=(figure,), keys=(key,), having=ask.having, keys_alone=True))


def _extreme(descending: bool) -> Any:
    def build(context: Context, about: Source, key: Value, figure: Value, **rest: Any) -> Any:
        return _ranked(context, about, key, figure, descending, **rest)

    return build


def _extreme_value(descending: bool) -> Any:
    """As in "which colour has the largest size": the group with the largest single one."""

    def build(context: Context, about: Source, key: Value, field: Value, **rest: Any) -> Any:
        if field.type.name not in ("int", "float", "decimal"):
            raise Reject()
        figure = aggregate_call("max" if descending else "min", field)
        return _ranked(context, about, key, figure, descending, **rest)

    return build


def _most(descending: bool) -> Any:
    """As in "which colour has the most boxes"."""

    def build(context: Context, about: Source, key: Value, rows: Rows, **rest: Any) -> Any:
        if rows.source != about:
            raise Reject()
        return _ranked(context, about, key, row_count(context, rows), descending, **rest)

    return build


def _row_with_most(descending: bool) -> Any:
    """As in "which box has the largest size": the row itself."""

    def build(context: Context, about: Source, rows: Rows, field: Value, ordinal: int = 0) -> Any:
        if rows.source.origin is None or rows.sorts or field.type.name not in ("int", "float", "decimal"):
            raise Reject()
        sorts = (Sort(descending, "number", field),)
        ties = rows.plural and not ordinal
        return show(context, QueryParts(Rows(rows.source, rows.conditions, sorts, ONE, skipped=ordinal, ties=ties)))

    return build


def _place_of_value(descending: bool) -> Any:
    """As in "the second highest size": of the different values there are."""

    def build(context: Context, about: Source, ordinal: int, field: Value, parts: tuple[Part, ...]) -> Any:
        ask = assembled(about, parts)
        if about.origin is None or ask.keys or ask.having or ask.rows.sorts or field.type.name not in NUMERIC:
            raise Reject()
        if not parts and context.found is not None and context.found.rows.source.store == about.store:
            raise Reject()
        stages = (
            *start(ask.rows, [field]),
            nodes.Select(columns=(nodes.NamedColumn(value=field.node),)),
            nodes.Distinct(),
            nodes.OrderBy(keys=(nodes.SortKey(value=output(field.field or ""), descending=descending),)),
            nodes.Limit(count=ONE, offset=nodes.IntLiteral(value=ordinal)),
        )
        return Steps((nodes.Emit(query=nodes.Query(stages=stages)),))

    return build


def _groups_where(
    context: Context, about: Source, key: Value, figure: Value, test: Test, parts: tuple[Part, ...] = ()
) -> Any:
    """As in "the colours whose total size is above 10"."""
    ask = assembled(about, parts)
    if about.origin is None or figure.aggregate is None or ask.keys:
        raise Reject()
    check_countable(ask.rows.mentioned)
    conditions = (*(figure.counted.conditions if figure.counted else ()), *ask.rows.conditions)
    rows = Rows(about, conditions, ask.rows.sorts)
    having = (*ask.having, Having(figure, test))
    return show(context, QueryParts(rows, columns=(figure,), keys=(key,), having=having, keys_alone=True))


def _groups_of_many(
    context: Context, about: Source, key: Value, test: Test, head: Rows, parts: tuple[Part, ...] = ()
) -> Any:
    """As in "the colours with more than 2 boxes"."""
    _no_store(context, key)
    return _groups_where(context, about, key, row_count(context), test, parts)


def _distinct(
    context: Context, about: Source, columns: tuple[Value, ...], rows: Rows | None = None, condition: Any = None
) -> Any:
    """Each value, or each combination of values, once."""
    if about.origin is None or (rows is not None and (rows.source != about or rows.sorts or rows.limit is not None)):
        raise Reject()
    conditions = (*(rows.conditions if rows else ()), *([condition.node] if condition else ()))
    return show(context, QueryParts(Rows(about, conditions), columns=columns, distinct=True))


def _all_or_distinct(context: Context, about: Source, columns: tuple[Value, ...]) -> Any:
    """As in "show the sizes", of no rows in particular: of every row, or each size once, is for the author to say."""
    if (
        about.origin is None
        or context.subject is not None
        or not all(value.field and not value.hops for value in columns)
    ):
        raise Reject()
    if context.found is not None and context.found.rows.source.store == about.store:
        raise Reject()
    for value in columns:
        _no_store(context, value)
    every = QueryParts(Rows(about), columns=columns)
    store = about.store
    if any(key and {*key} <= {value.field for value in columns} for key in (store.primary_key, *store.unique)):
        return show(context, every)
    return Several((*show(context, every).meanings, *_distinct(context, about, columns).meanings))


def _everything(context: Context, about: Source, head: Rows, condition: Condition | None = None) -> Any:
    if head.source != about:
        raise Reject()
    return show(context, QueryParts(Rows(about, (condition.node,) if condition else ())))


def _total_of(context: Context, head: Rows) -> Several:
    """As in "the total boxes": how many there are, or the total of what they measure."""
    source = head.source
    figures = (aggregate_call("sum", field_value(source, field)) for field in measures(source.store))
    return Several((row_count(context), *figures))


def _down(descending: bool) -> Any:
    return lambda context, number=None: (descending, number)


def _top_groups(
    context: Context, about: Source, order: tuple[bool, Value | None], key: Value, figure: Value, **rest: Any
) -> Any:
    return _ranked(context, about, key, figure, order[0], count=order[1], **rest)


_KEY = "{about} [the] {key_column:key@about}"
_FIGURE = "{figure_column:figure@about}"
_ASKED = "(which|what)"
_IN = "{part:parts@about}*"

ROWS = (
    *(
        row
        for high, descending in ((words.HIGHEST, True), (words.LOWEST, False))
        for row in (
            Row(
                "question",
                f"{_ASKED} {_KEY} (has|have|had) the [{{ordinal}}] ({high}) {_FIGURE} {_IN}",
                _extreme(descending),
            ),
            Row(
                "question",
                f"{_ASKED} {{about}} {{how_many:count}} {{key_column:key@about}} (has|have|had) the ({high}) "
                f"{_FIGURE} {_IN}",
                _extreme(descending),
            ),
            Row(
                "question",
                f"{_ASKED} {_KEY} (has|have|had) the [{{ordinal}}] ({high}) {{own_field:field@about}} {_IN}",
                _extreme_value(descending),
            ),
            Row(
                "question",
                f"{_ASKED} {{about}} {{rows@about}} (has|have|had) the [{{ordinal}}] ({high}) {{field@about}}",
                _row_with_most(descending),
            ),
            Row(
                "statement",
                f"{SHOW} {_KEY} with the [{{ordinal}}] ({high}) {_FIGURE} {_IN}",
                _extreme(descending),
            ),
            Row(
                "statement",
                f"{SHOW} {{about}} [the] {{how_many:count}} {{key_column:key@about}} with the ({high}) {_FIGURE} {_IN}",
                _extreme(descending),
            ),
            Row(
                "statement",
                f"{SHOW} {{about}} [the] [{{how_many:count}}] {{key_column:key@about}} with the ({high}) "
                f"{{own_field:field@about}} {_IN}",
                _extreme_value(descending),
            ),
            Row(
                "statement",
                f"{SHOW} {{about}} [the] [{{how_many:count}}] {{key_column:key@about}} with the "
                f"({'most' if descending else 'fewest|least'}) {{rows@about}} {_IN}",
                _most(descending),
            ),
            Row(
                "statement",
                f"{SHOW} {{about}} [the] {{ordinal}} ({high}) {{own_field:field@about}} {_IN}",
                _place_of_value(descending),
            ),
            Row("top_groups", f"({high}) [{{how_many:number}}]", _down(descending)),
            Row("top_groups", f"{{how_many:number}} ({high})", _down(descending)),
        )
    ),
    Row("top_groups", "(top|best) {how_many:number}", _down(True)),
    Row("top_groups", "(bottom|worst) {how_many:number}", _down(False)),
    Row(
        "statement",
        f"{SHOW} {{about}} [the] {{top_groups:order}} {{key_column:key@about}} by [the|their] {_FIGURE} {_IN}",
        _top_groups,
    ),
    *(
        Row(
            "question",
            f"{_ASKED} {_KEY} (has|have|had) the [{{ordinal}}] ({most}) {{rows@about}} {_IN}",
            build,
        )
        for most, build in (("most", _most(True)), ("fewest|least", _most(False)))
    ),
    *(
        Row(phrase, f"{start} {_KEY} {rest} {_IN}", build)
        for phrase, start, have in (
            ("statement", f"{SHOW}", "(with|having|that have|which have)"),
            ("question", _ASKED, "(has|have|had)"),
        )
        for rest, build in (
            (f"{have} [a|an] {_FIGURE} [of] {{group_test:test}}", _groups_where),
            (f"{have} {{group_test:test}} {{head@about}}", _groups_of_many),
        )
    ),
    Row(
        "statement",
        f"{SHOW} {_KEY} whose {_FIGURE} (is|are) {{group_test:test}} {_IN}",
        _groups_where,
    ),
    Row("key_column", "{field}", lambda context, field: field),
    Row("key_column", "{reached_field}", lambda context, reached_field: reached_field),
    Row("key_column", "{reference_label}", lambda context, reference_label: reference_label),
    # values
    Row(
        "once",
        "(different|distinct|unique)|each different|all [the|of the] (different|distinct|unique)",
        lambda context: None,
    ),
    Row(
        "statement",
        f"{SHOW} {{about}} [the] {{once}} {{columns@about}}",
        lambda context, about, columns, once: _distinct(context, about, columns),
    ),
    Row(
        "statement",
        f"{SHOW} {{about}} [the] {{once}} {{columns@about}} (of|in|for|from) {{rows@about}}",
        lambda context, about, columns, rows, once: _distinct(context, about, columns, rows),
    ),
    Row("question", f"{_ASKED} [different] {{about}} {{columns@about}} are there", _distinct),
    Row(
        "question",
        f"{_ASKED} [different] {{about}} {{columns@about}} are there (in|for|among|of) {{rows@about}}",
        _distinct,
    ),
    Row("statement", f"{SHOW} {{about}} [all|all the|all of the|every] {{columns@about}}", _all_or_distinct),
    Row(
        "statement",
        f"{SHOW} {{about}} (everything|all [the] (data|rows|records|entries)) "
        "(in|from|of|about) [the] {head@about} [table]",
        _everything,
    ),
    Row("figure_column", "[the|their] total {head}", _total_of),
    Row("figure_column", "[the|their] total (number|count) of {rows}", row_count),
)

"""Verbs and adjectives that a measure tells of ("costs", "weighs more than 10", "heaviest") → fields and conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.comparisons import negated
from sopc.english.patterns.dates import through
from sopc.english.patterns.figures import Part, assembled
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.queries import QueryParts
from sopc.english.patterns.semantics import NUMERIC, ONE, Condition, Context, Rows, Sort, Source, Value, column, compare
from sopc.english.patterns.show import SHOW, show
from sopc.english.patterns.values import aggregate_call, check_countable, measure_called, rows_query
from sopc.tree import nodes


def per_unit(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "100 a night", "20 per hour" of a field called nightly or hourly rate; "5 each"."""
    yield position, None
    if matcher.low(position) in ("each", "apiece"):
        yield position + 1, None
    skip = position + (matcher.low(position) in ("a", "an", "per"))
    target = context.target
    if target is not None and {*target.label} & {matcher.low(skip), *words.RATES.get(matcher.low(skip), ())}:
        yield skip + 1, None


def _called(nouns: frozenset[str]) -> Any:
    return lambda context: measure_called(context, nouns)


def _compared(context: Context, field: Value, condition: Condition, per_unit: None = None) -> Condition:
    return through(field, condition)


def _of_one(context: Context, about: Source, rows: Rows, field: Value) -> Any:
    """As in "how much does the kettle cost": of what is called so."""
    return show(context, QueryParts(rows, columns=(field,)))


def _of_all(
    context: Context, about: Source, rows: Rows, field: Value, together: str, parts: tuple[Part, ...] = ()
) -> Any:
    """As in "what did all repairs cost together"."""
    ask = assembled(about, parts)
    if rows.source != about or about.origin is None or rows.sorts or rows.limit is not None or ask.rows.sorts:
        raise Reject()
    check_countable((*rows.mentioned, *ask.rows.mentioned))
    chosen = Rows(about, (*rows.conditions, *ask.rows.conditions))
    return show(
        context, QueryParts(chosen, columns=(aggregate_call(together, field),), keys=ask.keys, having=ask.having)
    )


def _how_many(context: Context, about: Source, field: Value, parts: tuple[Part, ...], being_there: None = None) -> Any:
    """As in "how many rooms are there", where rooms is a field. Years, scores and prices are no number of things."""
    named = {*field.label, *map(words.singular, field.label)}
    if field.type.name != "int" or not field.plural or named & (words.YEARS | words.AGES | words.SCORES):
        told = " ".join(field.label)
        raise Reject(f"{told} is no number of things: say the total {told}, or how many different {told} there are")
    return _how_much(context, about, field, parts)


def _how_much(context: Context, about: Source, field: Value, parts: tuple[Part, ...]) -> Any:
    """As in "how much was paid"."""
    ask = assembled(about, parts)
    if about.origin is None or field.type.name not in NUMERIC or ask.rows.sorts:
        raise Reject()
    if not any(field.field == one.name for one in measures(about.store)):
        raise Reject()
    return show(context, replace(ask, columns=(aggregate_call("sum", field),)))


def _scored(aggregate: str) -> Any:
    """As in "the best score": of what is better the higher it is."""

    def build(context: Context, field: Value) -> Value:
        if field.type.name not in NUMERIC or not {*field.label} & words.SCORES:
            raise Reject()
        return aggregate_call(aggregate, field)

    return build


def _most(descending: bool) -> Any:
    """As in "who earns the most"."""

    def build(context: Context, about: Source, field: Value, rows: Rows | None = None) -> Any:
        chosen = rows or Rows(about)
        if about.origin is None or chosen.sorts or chosen.limit is not None:
            raise Reject()
        sorts = (Sort(descending, "number", field),)
        return show(context, QueryParts(replace(chosen, sorts=sorts, limit=ONE, ties=chosen.plural)))

    return build


def _beside(op: str, nouns: frozenset[str]) -> Any:
    """As in "cheaper than 10", "cheaper than the kettle"."""

    def build(
        context: Context, amount: Value | None = None, about: Source | None = None, rows: Rows | None = None,
    ) -> Condition:  # fmt: skip
        field = measure_called(context, nouns)
        if rows is not None:
            if context.source is None or about is None or rows.source.store != context.source.store:
                raise Reject()
            select = nodes.Select(columns=(nodes.NamedColumn(value=column(about, field.field or "")),))
            amount = Value(
                nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=(*rows_query(rows).stages, select))), field.type
            )
        assert amount is not None
        return Condition(compare(op, field.node, amount.node), (field.field or "",))

    return build


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


PRIMITIVES: dict[str, Primitive] = {"per_unit": per_unit}

_ASKED = "(how much|what|how long|how many) (do|does|did)"
_ONE = "{about} [the] {called_row:rows@about}"
_COMPARED = "{number_tests:condition@field} {per_unit@field}"

ROWS = (
    *(
        row
        for at, (verbs, nouns) in enumerate(words.MEASURING)
        for measuring in (f"({verbs}) {{measured_by_{at}:field}}",)
        for row in (
            Row(f"measured_by_{at}", "", _called(nouns)),
            Row("measuring", measuring, _only),
            Row("compared_measure", f"{measuring} {_COMPARED}", _compared),
            Row("compared_measure", f"({verbs}) more than {_ONE}", _beside(">", nouns)),
            Row("compared_measure", f"({verbs}) less than {_ONE}", _beside("<", nouns)),
        )
    ),
    *(
        row
        for phrase, op, nouns in words.COMPARATIVES
        for row in (
            Row("beside", f"({phrase}) than {{amount}}", _beside(op, nouns)),
            Row("beside", f"({phrase}) than {_ONE}", _beside(op, nouns)),
        )
    ),
    Row("complement", "{beside:condition}", _only),
    Row("clause", "{beside:condition}", _only),
    *(
        row
        for most, descending in (("most", True), ("least", False))
        for row in (
            Row(
                "question",
                f"(which|what) {{about}} {{rows@about}} {{measuring:field@about}} the {most}",
                _most(descending),
            ),
            Row("question", f"who {{any_store:about}} {{measuring:field@about}} the {most}", _most(descending)),
        )
    ),
    Row("figure_column", "[the|their] (best|top) {own_field:field}", _scored("max")),
    Row("figure_column", "[the|their] worst {own_field:field}", _scored("min")),
    Row("predicate", "{compared_measure:condition}", _only),
    Row("predicate", "(do|does|did) not {compared_measure:condition}", negated),
    Row("told", "what (it|they|each|each one|he|she) [all] {measuring}", _only),
    Row("question", f"{_ASKED} {_ONE} {{measuring:field@rows}}", _of_one),
    Row(
        "statement",
        f"{SHOW} (what|how much) {_ONE} {{measuring:field@rows}}",
        _of_one,
    ),
    Row(
        "question",
        f"{_ASKED} {{about}} {{rows@about}} {{measuring:field@rows}} {{together}} {{part:parts@about}}*",
        _of_all,
    ),
    Row("question", "how many {about} {own_field:field@about} {being_there} {part:parts@about}*", _how_many),
    Row("question", "how much (was|is|were|has been) {about} {own_field:field@about} {part:parts@about}*", _how_much),
    Row("together", "(together|in total|altogether|in all|all in all)", lambda context: "sum"),
    Row("together", "on average", lambda context: "avg"),
)

"""Phrases for rows and their order → sets of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sopc.english.magnitudes import SAMPLE, looks_like
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Reject, Row
from sopc.english.patterns.semantics import NUMERIC, ONE, Condition, Context, First, Rows, Sort, Value, conjuncts
from sopc.english.patterns.values import live, measure_called
from sopc.tree import nodes

# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


_ALL = First(None, None)


def _determined(
    context: Context,
    named: Rows,
    det: str = "",
    adjectives: tuple[Condition, ...] = (),
    top: First = _ALL,
    tail: Condition | None = None,
    best: First | None = None,
    ordered: tuple[Sort, ...] = (),
) -> Rows:
    """Rows by their store's name and everything said around it."""
    found = context.found is not None and named.source == context.found.source
    if found:
        live(context)
        if det == "all":
            raise Reject()
    elif det == "those":
        raise Reject()
    limit, sort, skipped, _ = top
    if sort is not None and ordered:
        sort, ordered = _directed(sort, ordered)
    ties = top.ties
    if best is not None:
        if sort is not None or (best.skipped and limit is not None):
            raise Reject()
        ties = limit is None and not best.skipped
        sort, limit, skipped = best.sort, limit or ONE, best.skipped
    said = (*adjectives, *([tail] if tail else []))
    conditions = [*named.conditions, *(one.node for one in said)]
    mentioned = [*named.mentioned, *(name for one in said for name in one.mentioned)]
    sorts = (sort, *ordered) if sort is not None else ordered
    flat = tuple(part for condition in conditions for part in conjuncts(condition))
    every = tuple(dict.fromkeys(mentioned))
    return Rows(named.source, flat, sorts, limit, every, skipped, named.plural, ties and named.plural)


def _directed(sort: Sort, ordered: tuple[Sort, ...]) -> tuple[Sort, tuple[Sort, ...]]:
    """As in "the top 5 by size": the word before gives the direction, the one after the key."""
    first = ordered[0]
    if first.value is None or not first.undirected:
        raise Reject()
    if sort.by in ("time", "age") or first.value.type.name == "text":
        _check_sortable(first.value, sort.by)
    return Sort(sort.descending, sort.by, first.value), ordered[1:]


def _unsorted(
    context: Context,
    named: Rows,
    top: Any,
    det: str = "",
    adjectives: tuple[Condition, ...] = (),
    tail: Condition | None = None,
) -> Rows:
    raise Reject("the first few of rows in no order could be any: say by what they are sorted")


def _last_done(
    context: Context, named: Rows, happened: Value, down: bool, number: Value | None = None,
    adjectives: tuple[Condition, ...] = (), det: str = "",
) -> Rows:  # fmt: skip
    """As in "the last two tickets sold"."""
    top = _first(number, Sort(down, "time", happened))
    if happened.type.nullable:
        named = replace(named, conditions=(*named.conditions, nodes.IsNull(arg=happened.node, negated=True)))
    return _determined(context, named, det, adjectives, top)


def _pronoun(context: Context, pronoun: Rows, ordered: tuple[Sort, ...] = ()) -> Rows:
    if context.found is not None and pronoun.source == context.found.source and pronoun != context.spoken:
        live(context)
    return replace(pronoun, sorts=ordered)


def _det(name: str) -> Any:
    return lambda context: name


def _first(number: Value | None, sort: Sort, ordinal: int = 0) -> First:
    """The first one, and all that tie with it where more than one may be meant; or the first few."""
    return First(number.node if number else ONE, sort, ordinal, ties=number is None and not ordinal)


def _top(descending: bool, by: str) -> Any:
    def build(context: Context, number: Value | None = None, ordinal: int = 0) -> First:
        return _first(number, Sort(descending, by), ordinal)

    return build


def _sort_of(descending: bool, nouns: frozenset[str]) -> Any:
    """As in "cheapest": by the one field that a price is called."""

    return lambda context: Sort(descending, "number", measure_called(context, nouns))


def _top_of(descending: bool, nouns: frozenset[str]) -> Any:
    def build(context: Context, number: Value | None = None, ordinal: int = 0) -> First:
        return _first(number, _sort_of(descending, nouns)(context), ordinal)

    return build


def _best(descending: bool, by: str) -> Any:
    def build(context: Context, field: Value, ordinal: int = 0) -> First:
        _check_sortable(field, by)
        return First(None, Sort(descending, by, field), ordinal)

    return build


def _check_sortable(field: Value, by: str) -> None:
    times = field.type.name in ("date", "timestamp")
    if by == "age" and field.type.name in NUMERIC:
        raise Reject("oldest and youngest are said of rows, or of their days")
    if (by in ("time", "age")) != times:
        raise Reject()
    if by == "number" and field.type.name == "text":
        none = f"{field.field} holds text, so none of it is the highest"
        raise Reject(f"{none}: sort by a number, or store it as one{field.look()}")


def _check_order(context: Context, key: Value) -> None:
    """Rejects an order of text that looks like numbers or dates: it is not theirs."""
    if key.type.name != "text" or key.owner is None or key.owner.emits or key.field is None or key.aggregate:
        return
    look = looks_like(context.world.sampler.examples(key.owner.qualified, key.field, SAMPLE))
    if look is not None:
        raise Reject(
            f"{key.field} holds {look} as text, and text sorts them otherwise: store them in a field of their own type"
            + key.look()
        )


# ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sort(descending: bool, by: str) -> Any:
    def build(context: Context, key: Value | None = None) -> Sort:
        if key is not None and key.aggregate is None:
            _check_sortable(key, by)
        return Sort(descending, by, key)

    return build


def _sort_by(context: Context, key: Value, direction: bool | None = None) -> Sort:
    _check_order(context, key)
    return Sort(bool(direction), "number", key, undirected=direction is None)


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


def _sorts(context: Context, first: Sort, more: tuple[Sort, ...] = ()) -> tuple[Sort, ...]:
    return (first, *more)


def _order_of(descending: bool, by: str) -> Any:
    return lambda context: (Sort(descending, by),)


def _label_sort(context: Context) -> tuple[Sort, ...]:
    return (Sort(False, "text"),)


# (words before rows, words before a field, whether the most of it comes first, by what)
_DIRECTIONS = (
    (words.HIGHEST_ROWS, words.HIGHEST, True, "number"),
    (words.LOWEST_ROWS, words.LOWEST, False, "number"),
    (words.NEWEST, words.NEWEST, True, "time"),
    (words.OLDEST, words.OLDEST, False, "time"),
    ("youngest", "youngest", True, "age"),
    ("oldest", "oldest", False, "age"),
)

# {named} stands for what the rows are called.
_PATTERNS = (
    "[{{det}}] [{{top}}] {{adjective:adjectives}}* {named} [{{clauses:tail}}] [{{with_best:best}}] [{{ordered}}]",
    "[{{det}}] {{number_of:top}} {{adjective:adjectives}}* {named} [{{clauses:tail}}] {{with_best:best}} [{{ordered}}]",
    "[{{det}}] {{adjective:adjectives}}* {named} {{with_best:best}} {{clauses:tail}}",
    "[{{det}}] {{number_of:top}} {{adjective:adjectives}}* {named} {{with_best:best}} {{clauses:tail}}",
    "[{{det}}] {{number_of:top}} {{adjective:adjectives}}* {named} [{{clauses:tail}}] {{ordered}}",
)

ROWS = (
    Row("det", "the|our|a|an|each|any|some|each of the|the following", _det("")),
    Row("det", "all|all the|all of the|every", _det("all")),
    Row("det", "those|these|the same|such|each of those|each of these|each such|all of those", _det("those")),
    Row("top", "(top|best) {how_many:number}", _top(True, "number")),
    Row("top", "last [{how_many:number}]", _top(True, "time")),
    *(
        row
        for phrase, down, nouns in words.SUPERLATIVES
        for row in (
            Row("top", f"[{{how_many:number}}] ({phrase})", _top_of(down, nouns)),
            Row("top", f"{{ordinal}} ({phrase})", _top_of(down, nouns)),
            Row("sort", f"({phrase}) first", _sort_of(down, nouns)),
            Row("most", phrase, _sort_of(down, nouns)),
        )
    ),
    *(
        row
        for of_rows, words_, down, by in _DIRECTIONS
        for row in (
            Row("top", f"[top] {{how_many:number}} ({of_rows})", _top(down, by)),
            Row("top", f"({of_rows}) [{{how_many:number}}]", _top(down, by)),
            Row("top", f"{{ordinal}} ({of_rows})", _top(down, by)),
            Row("with_best", f"with the [{{ordinal}}] ({words_}) {{field}}", _best(down, by)),
            Row("sort", f"({words_}) [{{sort_key:key}}] first", _sort(down, by)),
            Row("sort", f"(by|with) [the] ({words_}) [{{sort_key:key}}] first", _sort(down, by)),
        )
    ),
    *(
        Row("rows", pattern.format(named=f"{{{named}:named}}"), _determined)
        for named in ("head", "kind_of_rows")
        for pattern in _PATTERNS
    ),
    *(
        Row("rows", pattern, _last_done)
        for pattern in (
            "[{det}] {last:down} [{how_many:number}] {adjective:adjectives}* {head:named} {happened}",
            "[{det}] [{how_many:number}] {recently:down} {happened} {adjective:adjectives}* {head:named}",
        )
    ),
    Row("last", "last|latest", lambda context: True),
    Row("last", "first|earliest", lambda context: False),
    Row("recently", "(most recently|last)", lambda context: True),
    Row("recently", "first", lambda context: False),
    Row("rows", "[all of|each of|all|every one of] {pronoun} [{ordered}]", _pronoun),
    Row("rows", "[{det}] {number_of:top} {adjective:adjectives}* {head:named} [{clauses:tail}]", _unsorted),
    Row("number_of", "[first] {how_many:number}", lambda context, number: First(number.node, None)),
    # order
    Row("sort_key", "{figure_column}", _only),
    Row("sort_key", "{column}", _only),
    Row(
        "direction",
        "descending|desc|in descending order|from high to low|from highest to lowest|downwards",
        lambda context: True,
    ),
    Row(
        "direction",
        "(highest|largest|newest|latest|most recent|most) first|from new to old|from newest to oldest",
        lambda context: True,
    ),
    Row(
        "direction",
        "ascending|asc|in ascending order|from low to high|from lowest to highest|alphabetically",
        lambda context: False,
    ),
    Row(
        "direction",
        "(lowest|smallest|oldest|earliest|least) first|from old to new|from oldest to newest|from a to z",
        lambda context: False,
    ),
    Row("sort_by", "{sort_key:key} [[,] {direction}]", _sort_by),
    Row("more_sort_by", "[,] (and|then) [then] [by] {sort_by}", _only),
    Row("more_sort_by", ", {sort_by}", _only),
    Row("ordered", "[,] {sort:first}", _sorts),
    Row(
        "ordered",
        "[,] [and] (sorted|ordered|sort|order|arranged) [them|it|these] by {sort_by:first} {more_sort_by:more}*",
        _sorts,
    ),
    Row("ordered", "[,] by {sort_by:first} {more_sort_by:more}*", _sorts),
    Row("ordered", "[,] in order of {sort_by:first} {more_sort_by:more}*", _sorts),
    *(
        Row("ordered", f"[,] from {first} to {last}", _order_of(descending, by))
        for first, last, descending, by in (
            ("newest", "oldest", True, "time"),
            ("oldest", "newest", False, "time"),
            ("highest", "lowest", True, "number"),
            ("lowest", "highest", False, "number"),
        )
    ),
    Row("ordered", "[,] [in] (alphabetically|alphabetical order)", _label_sort),
)

"""Phrases for the first few rows of each group ("the two largest boxes of each colour") → queries with a place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sopc.english.patterns.matcher import Reject, Row, Several
from sopc.english.patterns.names import field_value, key_value, reference_of
from sopc.english.patterns.queries import orders, start
from sopc.english.patterns.semantics import Context, Rows, Sort, Source, Steps, Value, compare, output
from sopc.english.patterns.show import SHOW
from sopc.tree import nodes


def _first_of_each(
    context: Context,
    about: Source,
    rows: Rows,
    keys: tuple[Value, ...],
    key: Value | None = None,
    direction: bool | None = None,
) -> Any:
    """Rows of equal place are all shown: "the highest" may be several, and so may "the second highest". key: what they
    are sorted by, said last."""
    limit = rows.limit
    if rows.source != about or about.origin is None or limit is None or not rows.sorts:
        raise Reject()
    if key is not None:
        if rows.sorts[0].value is not None or direction is not None:
            raise Reject()
        rows = replace(rows, sorts=(Sort(rows.sorts[0].descending, "number", key),))
    references = [reference_of(context, one) for one in keys]
    groups = [key_value(reference) if reference else key for reference, key in zip(references, keys, strict=True)]
    if any(one.aggregate or one.hops for one in groups):
        raise Reject()
    pointing = (
        group.node for reference, group in zip(references, groups, strict=True) if reference and reference.outer
    )
    rows = replace(rows, conditions=(*rows.conditions, *(nodes.IsNull(arg=one, negated=True) for one in pointing)))
    own = tuple(field_value(about, field) for field in about.store.fields)
    found = []
    for order in orders(rows, ()):
        sorts = tuple(nodes.SortKey(value=value.node, descending=down) for value, down in order)
        window = nodes.WindowSpec(partition=tuple(one.node for one in groups), order=sorts)
        ranked = nodes.CallExpr(name="dense_rank" if rows.skipped else "rank", over=window)
        place = nodes.NamedColumn(name=_free("place", about), value=ranked)
        name = place.name or ""
        chosen = compare("=", output(name), nodes.IntLiteral(value=rows.skipped + 1)) if rows.skipped else None
        stages = [
            *start(rows, [value for value, _ in order]),
            nodes.Derive(columns=(place,)),
            nodes.Where(condition=chosen or compare("<=", output(name), limit)),
            nodes.OrderBy(keys=(*(nodes.SortKey(value=one.node) for one in groups), nodes.SortKey(value=output(name)))),
            nodes.Select(columns=tuple(nodes.NamedColumn(value=value.node) for value in own)),
        ]
        found.append(Steps((nodes.Emit(query=nodes.Query(stages=tuple(stages))),)))
    return Several(tuple(found))


def _free(name: str, source: Source) -> str:
    taken = {field.name for field in source.store.fields}
    return name if name not in taken else f"{name}_in_group"


_EACH = "(in each|of each|for each|per|on each|in every|of every|for every|on every) {keys@about}"

ROWS = (
    Row("statement", f"{SHOW} {{about}} {{rows@about}} {_EACH}", _first_of_each),
    Row("statement", f"{SHOW} {{about}} {{rows@about}} {_EACH} [,] by [the] {{field:key@about}}", _first_of_each),
    Row(
        "statement",
        f"(for each|for every|per|in each) {{about}} {{keys@about}} [,] {SHOW} {{rows@about}}",
        _first_of_each,
    ),
    Row("question", f"(which|what) {{about}} {{rows@about}} {_EACH}", _first_of_each),
)

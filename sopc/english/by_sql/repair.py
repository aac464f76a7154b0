"""A model's SQL over known tables → the same with its names mended, what was mended, and the ways where there are two.

Three rules: a column that its table does not have is put on the table that has it, joined by the shortest way of keys;
`= (select …)` that may give several rows is `in`; a join to a parent of which nothing is used is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from runtime.query.schema import Schema, Store

_MAX_HOPS: Final = 4
_MAX_WAYS: Final = 4


@dataclass(frozen=True)
class Mended:
    """A statement after the rules. notes: what they changed, for a warning."""

    statement: exp.Expr
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Hop:
    """A step of a way of keys: from a store, over the fields, to another."""

    store: str
    fields: tuple[str, ...]
    other: str
    other_fields: tuple[str, ...]


def mended(statement: exp.Expr, schema: Schema) -> list[Mended]:
    """Mend the names of a statement.

    Returns:
        One way; several where tables can be joined in equally short ways, which only the author can tell apart.
    """
    ways = [Mended(statement)]
    for rule in (_columns, _sets, _joins):
        ways = [made for way in ways for made in rule(way, schema)]
    return ways[:_MAX_WAYS]


# ── sources and columns ──────────────────────────────────────────────────────────────────────────────────────────


def _selects(statement: exp.Expr) -> Iterator[exp.Select]:
    yield from statement.find_all(exp.Select)


def _stores(select: exp.Select, schema: Schema) -> dict[str, Store | None]:
    """The sources of a select by the name it calls them, in lower case; None for a query below `from`."""
    from_ = select.args.get("from_")
    parts = [*([from_.this] if from_ is not None else []), *(join.this for join in select.args.get("joins") or ())]
    return {
        part.alias_or_name.lower(): _store(schema, part.name) if isinstance(part, exp.Table) else None for part in parts
    }


def _store(schema: Schema, name: str) -> Store | None:
    return next((store for key, store in schema.stores.items() if key.lower() == name.lower()), None)


def _has(store: Store | None, column: str) -> bool:
    return store is None or any(field.name.lower() == column.lower() for field in store.fields)


def _own_columns(select: exp.Select) -> list[exp.Column]:
    """The columns that a select itself names, without those of its sub-queries."""
    found = []
    for node in select.walk(prune=lambda each: each is not select and isinstance(each, exp.Query)):
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            found.append(node)
    return found


def _around(select: exp.Select) -> Iterator[exp.Select]:
    """The selects around one, the nearest first."""
    outer = select.find_ancestor(exp.Select)
    while outer is not None:
        yield outer
        outer = outer.find_ancestor(exp.Select)


def _columns(way: Mended, schema: Schema) -> list[Mended]:
    """Put each column on a table that has it."""
    for select in _selects(way.statement):
        sources = _stores(select, schema)
        seen = {
            **{name: store for outer in _around(select) for name, store in _stores(outer, schema).items()},
            **sources,
        }
        aliases = {each.alias.lower() for each in select.expressions if each.alias}
        for column in _own_columns(select):
            table = column.table.lower()
            if table in seen and _has(seen[table], column.name):
                continue
            if not table and (
                any(_has(store, column.name) for store in seen.values()) or column.name.lower() in aliases
            ):
                continue
            if not table and column.this.args.get("quoted") and not _holders(schema, column.name):
                continue  # a text in double quotes
            return [again for made in _placed(way, select, column, sources, schema) for again in _columns(made, schema)]
    return [way]


def _holders(schema: Schema, column: str) -> list[Store]:
    return [store for store in schema.stores.values() if _has(store, column)]


def _placed(
    way: Mended, select: exp.Select, column: exp.Column, sources: Mapping[str, Store | None], schema: Schema
) -> list[Mended]:
    """The statement with one column on a source that has it, or on a table that is joined for it; none where it is
    nowhere."""
    here = [name for name, store in sources.items() if store is not None and _has(store, column.name)]
    said = f"{column.table}.{column.name}" if column.table else column.name
    if len(here) == 1:
        note = f"{said} is read as {here[0]}.{column.name}"
        return [_changed(way, column, [], here[0], note)]
    if here:
        return []
    starts = [(name, store) for name, store in sources.items() if store is not None]
    ways = _ways(starts, _holders(schema, column.name), schema)
    made = []
    for alias, hops in ways:
        end = hops[-1].other
        note = f"{said} is read as {end}.{column.name}, joined by {', '.join(hop.fields[0] for hop in hops)}"
        made.append(_changed(way, column, [(alias, hops)], end, note))
    return made


def _changed(
    way: Mended, column: exp.Column, joins: Sequence[tuple[str, Sequence[_Hop]]], table: str, note: str
) -> Mended:
    """A copy of the statement with the column on that table, and the joins that lead there."""
    column.meta["marked"] = True
    statement = way.statement.copy()
    del column.meta["marked"]
    found = next(each for each in statement.find_all(exp.Column) if each.meta.get("marked"))
    del found.meta["marked"]
    found.set("table", exp.to_identifier(table, quoted=not table.isidentifier()))
    select = found.find_ancestor(exp.Select)
    assert select is not None
    for start, hops in joins:
        alias = start
        for hop in hops:
            tests = [
                exp.EQ(this=_column(alias, one), expression=_column(hop.other, other))
                for one, other in zip(hop.fields, hop.other_fields, strict=True)
            ]
            joined = exp.Table(this=exp.to_identifier(hop.other, quoted=True))
            select.append("joins", exp.Join(this=joined, on=exp.and_(*tests)))
            alias = hop.other
    return Mended(statement, (*way.notes, note))


def _column(table: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True))


def _ways(
    starts: Sequence[tuple[str, Store]], ends: Sequence[Store], schema: Schema
) -> list[tuple[str, tuple[_Hop, ...]]]:
    """The shortest ways of keys from a source to a table that is no source yet: (alias of the start, hops)."""
    wanted = {store.name for store in ends}
    taken = {store.name for _, store in starts}
    level: list[tuple[str, tuple[_Hop, ...], str]] = [(alias, (), store.name) for alias, store in starts]
    for _ in range(_MAX_HOPS):
        level = [
            (alias, (*hops, hop), hop.other)
            for alias, hops, name in level
            for hop in _hops(schema, name)
            if hop.other not in taken and all(hop.other != each.store for each in hops)
        ]
        found = [(alias, hops) for alias, hops, name in level if name in wanted]
        if found:
            return found[:_MAX_WAYS]
    return []


def _hops(schema: Schema, name: str) -> Iterator[_Hop]:
    """The keys of a store, and those that point at it."""
    for store in schema.stores.values():
        for key in store.foreign_keys:
            if store.name == name:
                yield _Hop(name, key.fields, key.other_store, key.other_fields)
            if key.other_store == name:
                yield _Hop(name, key.other_fields, store.name, key.fields)


# ── sub-queries that are sets, and joins that nothing needs ──────────────────────────────────────────────────────


def _sets(way: Mended, schema: Schema) -> list[Mended]:
    """`= (select …)` as `in`, where the query may give several rows."""
    statement, notes = way.statement.copy(), list(way.notes)
    for test in list(statement.find_all(exp.EQ)):
        query = test.expression
        if isinstance(query, exp.Subquery) and isinstance(query.this, exp.Select) and _may_give_several(query.this):
            test.replace(exp.In(this=test.this.copy(), query=query.copy()))
            notes.append("`= (select …)` is read as `in`")
    return [Mended(statement, tuple(notes))]


def _may_give_several(query: exp.Select) -> bool:
    limit = query.args.get("limit")
    if limit is not None and limit.expression is not None and limit.expression.name == "1":
        return False
    return query.args.get("group") is not None or not any(
        each.unalias().find(exp.AggFunc) is not None for each in query.expressions
    )


def _joins(way: Mended, schema: Schema) -> list[Mended]:
    """Without inner joins to a parent of which nothing is used: a row has one parent, so the join changes nothing."""
    statement, notes = way.statement.copy(), list(way.notes)
    for select in list(_selects(statement)):
        dropped = True
        while dropped:
            dropped = _drop_one(select, schema, notes)
    return [Mended(statement, tuple(notes))]


def _drop_one(select: exp.Select, schema: Schema, notes: list[str]) -> bool:
    joins = list(select.args.get("joins") or ())
    sources = _stores(select, schema)
    if any(isinstance(each.find(exp.Star), exp.Star) and not each.find(exp.Count) for each in select.expressions):
        return False
    for join in reversed(joins):
        store = _store(schema, join.this.name) if isinstance(join.this, exp.Table) else None
        if store is None or join.side or join.args.get("on") is None or join.args.get("using"):
            continue
        name = join.this.alias_or_name.lower()
        inside = {id(column) for column in join.args["on"].find_all(exp.Column)}
        used = any(
            id(column) not in inside
            and (column.table.lower() == name or (not column.table and _has(store, column.name)))
            for column in select.find_all(exp.Column)
        )
        if not used and _is_parent(join.args["on"], name, store, sources):
            select.set("joins", [each for each in joins if each is not join])
            notes.append(f"the join of {join.this.name}, which nothing uses, is left out")
            return True
    return False


def _is_parent(on: exp.Expr, name: str, store: Store, sources: Mapping[str, Store | None]) -> bool:
    """Whether a join is from a key that is never null to the primary key of a table."""
    if not isinstance(on, exp.EQ) or not all(isinstance(side, exp.Column) for side in (on.this, on.expression)):
        return False
    mine, other = (on.this, on.expression) if on.this.table.lower() == name else (on.expression, on.this)
    child = sources.get(other.table.lower())
    if child is None or mine.table.lower() != name:
        return False
    return any(
        len(key.fields) == 1
        and key.other_store == store.name
        and key.fields[0].lower() == other.name.lower()
        and key.other_fields[0].lower() == mine.name.lower()
        and not next(field for field in child.fields if field.name == key.fields[0]).type.nullable
        for key in child.foreign_keys
    )

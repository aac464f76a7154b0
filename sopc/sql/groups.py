"""Groups of a select: the columns that depend on the keys, and the columns of the group that later clauses name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sopc.sql.scope import Scope, Value
from sopc.sql.statement import many_meanings
from sopc.sql.values import AGGREGATES, Values
from sopc.tree import nodes

Field = tuple[int, str]  # the position of a source in its scope, the name of a field


@dataclass(frozen=True)
class Item:
    """A column of the select list. sql: its expression. name: its name in the result. said: whether the statement
    gives it this name."""

    sql: exp.Expr
    name: str
    said: bool


def named(name: str, expr: nodes.Expr) -> nodes.NamedColumn:
    """A column; without `as` where the field has this name."""
    own = expr.name if isinstance(expr, nodes.Name | nodes.FieldAccess) else None
    return nodes.NamedColumn(name=None if own == name else name, value=expr, span=expr.span)


def has_aggregate(node: exp.Expr) -> bool:
    """Whether an expression aggregates rows of its own query: not of a sub-query, and not over a window."""
    return any(_is_aggregate(each) for each in _own(node))


def _is_aggregate(node: exp.Expr) -> bool:
    total = isinstance(node, exp.Anonymous) and str(node.this).lower() == "total"
    return (
        total
        or isinstance(node, exp.Filter)
        or (isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window))
    )


def _own(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of an expression, without those of its sub-queries."""
    return node.walk(prune=lambda each: isinstance(each, exp.Query | exp.Subquery))


def bare_columns(
    places: Sequence[exp.Expr], keys: Sequence[exp.Expr], scope: Scope, node: exp.Select
) -> list[exp.Expr]:
    """The columns outside aggregates that are no key, but have one value in a group since the keys determine them.

    Args:
        places: the select list and the clauses after the group.

    Raises:
        Refused: T0506, a group has many values of a column.
    """
    fixed = _determined({field for key in keys if (field := _field(key, scope)) is not None}, scope, node)
    written = {key.sql() for key in keys}
    found: dict[str, exp.Expr] = {}
    for place in places:
        for column in _outside(place, written):
            field = _field(column, scope)
            if field is None:
                continue
            if field not in fixed:
                hint = f"group by …, {column.sql()}; or max({column.sql()})"
                many_meanings(f"a group has many values of `{column.name}`, and SQL takes any", column, hint)
            if all(_field(key, scope) != field for key in keys):
                found.setdefault(column.sql(), column)
    return list(found.values())


def _outside(node: exp.Expr, keys: set[str]) -> Iterator[exp.Column]:
    """The columns outside aggregates and outside the keys' expressions."""
    if _is_aggregate(node) or node.sql() in keys:
        return
    if isinstance(node, exp.Column):
        yield node
        return
    for child in node.iter_expressions():
        if not isinstance(child, exp.Query | exp.Subquery):
            yield from _outside(child, keys)


def _field(node: exp.Expr, scope: Scope) -> Field | None:
    """The field of the scope's own sources that a column means."""
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return None
    found = scope.resolve(node)
    if found is None or found[0] not in scope.sources:
        return None
    return scope.sources.index(found[0]), found[1].name


def _determined(keys: set[Field], scope: Scope, node: exp.Select) -> set[Field]:
    """The fields that have one value where the keys have: by equal fields of inner joins, and by the keys of stores."""
    pairs = list(_equal_fields(node, scope))
    fixed, before = set(keys), -1
    while len(fixed) != before:
        before = len(fixed)
        for one, other in pairs:
            if one in fixed or other in fixed:
                fixed |= {one, other}
        for position, source in enumerate(scope.sources):
            if any(all((position, name) in fixed for name in key) for key in source.keys):
                fixed |= {(position, column.name) for column in source.columns}
    return fixed


def _equal_fields(node: exp.Select, scope: Scope) -> Iterator[tuple[Field, Field]]:
    """Fields that every row has equal: by `where`, and by `on` and `using` of inner joins."""
    joins = node.args.get("joins") or ()
    tests = [join.args["on"] for join in joins if join.args.get("on") is not None and not join.side]
    where = node.args.get("where")
    for test in [*tests, *([where.this] if where is not None else [])]:
        parts = test.unnest()
        for part in parts.flatten() if isinstance(parts, exp.And) else [parts]:
            if isinstance(part, exp.EQ):
                one, other = _field(part.this, scope), _field(part.expression, scope)
                if one is not None and other is not None:
                    yield one, other
    yield from _of_using(scope)


def _of_using(scope: Scope) -> Iterator[tuple[Field, Field]]:
    for position, source in enumerate(scope.sources):
        for name in source.joined:
            for earlier, other in enumerate(scope.sources[:position]):
                found = other.find(name)
                if found is not None:
                    yield (position, name), (earlier, found.name)


class Grouped:
    """The group of a select, and the names by which later clauses call its columns.

    Attributes:
        hidden: columns that only later clauses need.
    """

    def __init__(
        self, scope: Scope, values: Values, keys: Sequence[exp.Expr], items: Sequence[Item], made: Sequence[Value]
    ) -> None:
        self._scope = scope
        self._values = values
        self._keys = list(keys)
        self._items = items
        self._made = made
        self.hidden: list[tuple[str, Value]] = []
        self._by_sql = {item.sql.sql(): Value(nodes.Name(name=item.name), value.type)
                        for item, value in zip(items, made, strict=True)}  # fmt: skip
        self._by_field = {
            field: Value(nodes.Name(name=item.name), value.type)
            for item, value in zip(items, made, strict=True)
            if (field := _field(item.sql, scope)) is not None
        }

    def known(self, node: exp.Expr) -> Value | None:
        """The column of the group that an expression of a later clause means; None for what is made of such."""
        written = node.sql()
        if written in self._by_sql:
            return self._by_sql[written]
        field = _field(node, self._scope) if isinstance(node, exp.Column) else None
        if field is not None and field in self._by_field:
            return self._by_field[field]
        if isinstance(node, exp.Column) and not node.table and field is None:
            named = next(
                (
                    pair
                    for pair in zip(self._items, self._made, strict=True)
                    if pair[0].name.lower() == node.name.lower()
                ),
                None,
            )
            if named is not None:
                return Value(nodes.Name(name=named[0].name), named[1].type)
        if field is not None or _is_aggregate(node) or written in {key.sql() for key in self._keys}:
            made = self._values.value(node)
            name = self._free(AGGREGATES.get(type(node)) or (node.name if isinstance(node, exp.Column) else "value"))
            self.hidden.append((name, made))
            self._by_sql[written] = Value(nodes.Name(name=name), made.type)
            return self._by_sql[written]
        return None

    def _free(self, wanted: str) -> str:
        used = (
            {item.name for item in self._items} | {name for name, _ in self.hidden} | self._scope.work.parameter_names
        )
        name, number = wanted, 1
        while name in used:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def stage(self, span: tuple[int, int] | None) -> nodes.Stage:
        """The stage that makes the group."""
        shown = [(item.name, value) for item, value in zip(self._items, self._made, strict=True)]
        columns = tuple(named(name, value.expr) for name, value in [*shown, *self.hidden])
        if not self._keys:
            return nodes.Select(columns=columns, span=span)
        keys = tuple(nodes.NamedColumn(value=self._values.value(key).expr) for key in self._keys)
        return nodes.GroupBy(keys=keys, columns=columns, span=span)

"""A typed script → the columns that its loops and look-ups read: a stored field that no step uses is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from runtime.query import algebra as q
from runtime.values.constants import Const
from runtime.values.types import INT
from sopc.checker import typed
from sopc.checker.field_values import parts_of

_RECORDS: Final = ("first", "one")  # modes of a look-up that give a record


class Columns:
    """Which columns the queries of a script need.

    A variable that is only asked for its fields, or whether it is null, needs those fields; one that is passed on,
    emitted, shown or changed needs the whole record.
    """

    def __init__(self, script: typed.Script) -> None:
        self._fields: dict[typed.Variable, set[str]] = {}
        self._whole: set[typed.Variable] = set()
        self._bound: list[tuple[q.Query, typed.Variable]] = []  # queries whose records a variable holds
        self._direct: list[tuple[q.Query, str]] = []  # and those that are asked for one field at once
        self._all: set[int] = set()  # queries needed as they are, by identity
        self._read(script.steps)
        self._needed: dict[int, set[str]] = {}
        for query, name in self._direct:
            self._needed.setdefault(id(query), set()).add(name)
        for query, variable in self._bound:
            if variable in self._whole:
                self._all.add(id(query))
            self._needed.setdefault(id(query), set()).update(self._fields.get(variable, ()))

    def needed(self, query: q.Query) -> q.Query:
        """The query without the columns that nothing needs; with a constant where it needs none, as a row has a
        column."""
        pruned = self.pruned(query)
        if pruned.columns or not query.columns:
            return pruned
        name = query.columns[0][0]
        id_ = _highest_id(query) + 1
        return msgspec.structs.replace(
            query,
            relation=q.Derive(id_, query.relation, ((name, Const(1, INT)),)),
            columns=((name, q.Column(id_, name, INT)),),
        )

    def pruned(self, query: q.Query) -> q.Query:
        """The query without the columns that nothing needs, which may be all. A column that is worked out stays, as its
        value can be an error."""
        wanted = self._needed.get(id(query))
        if wanted is None or id(query) in self._all:
            return query
        stored = _Stored(query.relation)
        kept = tuple((name, column) for name, column in query.columns if name in wanted or not stored.holds(column))
        return msgspec.structs.replace(query, columns=kept)

    def _read(self, root: object) -> None:
        stack: list[Any] = [root]
        while stack:
            node = stack.pop()
            match node:
                case typed.Var():
                    self._whole.add(node.variable)
                case typed.FieldOf(base=typed.Var() as base):
                    self._fields.setdefault(base.variable, set()).add(node.name)
                case typed.FieldOf(base=typed.FetchExpr() as base) if base.mode in _RECORDS:
                    self._direct.append((base.query.query, node.name))
                    stack.append(base.query.params)
                case typed.Op(op="is_null" | "is_not_null", args=(typed.Var(),)):
                    pass
                case typed.ForQuery():
                    self._bound.append((node.query.query, node.variable))
                    stack += [node.query.params, node.body]
                case typed.SetVariable(value=typed.FetchExpr() as value) if value.mode in _RECORDS and not node.target:
                    self._bound.append((value.query.query, node.variable))
                    stack.append(value.query.params)
                case typed.SetVariable() if node.target:
                    self._whole.add(node.variable)
                    stack += [node.target, node.value]
                case typed.BoundQuery():
                    self._all.add(id(node.query))
                    stack.append(node.params)
                case _:
                    stack.extend(parts_of(node))


def _highest_id(query: q.Query) -> int:
    """Of its relations."""
    highest, stack = 0, [query]
    while stack:
        node: Any = stack.pop()
        highest = max(highest, getattr(node, "id", 0))
        stack.extend(parts_of(node))
    return highest


class _Stored:
    """Which columns of a relation are fields of a store as they are."""

    def __init__(self, relation: q.Relation) -> None:
        self._scans: set[int] = set()
        self._made: dict[int, dict[str, q.Expr]] = {}
        for node in _relations(relation):
            if isinstance(node, q.Scan):
                self._scans.add(node.id)
            elif isinstance(node, q.Derive | q.Select | q.Group):
                self._made[node.id] = dict(node.columns)

    def holds(self, column: q.Expr) -> bool:
        while isinstance(column, q.Column) and column.relation not in self._scans:
            column = self._made.get(column.relation, {}).get(column.name, _UNKNOWN)
        return isinstance(column, q.Column)


_UNKNOWN: Final = Const(None, INT)


def _relations(root: q.Relation) -> Iterator[q.Relation]:
    """The relation and those it is made of, sub-queries of its expressions not among them."""
    stack: list[q.Relation] = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, q.Join | q.Union):
            stack += [node.left, node.right]
        elif not isinstance(node, q.Scan):
            stack.append(node.source)

"""Scopes: variables and named queries by block, columns by the stage of a query that sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from runtime.values.types import ANY, Type
from sopc.checker import typed
from sopc.source import Span
from sopc.tree import nodes


@dataclass(eq=False)
class NamedQuery:
    """`query NAME = from …`: inlined at each use, with the scope of its declaration."""

    name: str
    node: nodes.Query
    block: Block


@dataclass(eq=False)
class Block:
    """The names of one block; the names of enclosing blocks are visible too."""

    parent: Block | None = None
    names: dict[str, typed.Variable | NamedQuery] = field(default_factory=dict)

    def find(self, name: str) -> typed.Variable | NamedQuery | None:
        block: Block | None = self
        while block is not None:
            if name in block.names:
                return block.names[name]
            block = block.parent
        return None

    def variable(self, name: str) -> typed.Variable | None:
        found = self.find(name)
        return found if isinstance(found, typed.Variable) else None

    def query(self, name: str) -> NamedQuery | None:
        found = self.find(name)
        return found if isinstance(found, NamedQuery) else None

    def everything(self) -> Iterator[tuple[str, typed.Variable | NamedQuery]]:
        block: Block | None = self
        while block is not None:
            yield from block.names.items()
            block = block.parent

    def variables(self) -> list[str]:
        return [name for name, what in self.everything() if isinstance(what, typed.Variable)]

    def queries(self) -> list[str]:
        return [name for name, what in self.everything() if isinstance(what, NamedQuery)]


# ── what only a query has: these never leave the checker ───────────────────────────────────────────────────────


@dataclass(frozen=True)
class ColumnOf(typed.Expr):
    """A column of the relation with a given id."""

    relation: int
    name: str


@dataclass(frozen=True)
class AggregateOf(typed.Expr):
    name: str
    arg: typed.Expr | None
    distinct: bool


@dataclass(frozen=True)
class WindowOf(typed.Expr):
    """A window function. order: (expression, descending, nulls first)."""

    name: str
    args: tuple[typed.Expr, ...]
    partition: tuple[typed.Expr, ...]
    order: tuple[tuple[typed.Expr, bool, bool], ...]


@dataclass(frozen=True)
class SubQuery(typed.Expr):
    """A sub-query. kind: scalar, exists, or in (with `arg`). columns: those of enclosing queries that it captures."""

    kind: str
    relation: object
    arg: typed.Expr | None
    columns: tuple[ColumnOf, ...]


# ── columns in sight ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Visible:
    """A visible column. source: the store or alias that can qualify it, None if it can't be qualified."""

    name: str
    source: str | None
    column: ColumnOf


@dataclass(eq=False)
class Row:
    """The columns that one stage of a query sees.

    outer: the row of the enclosing query. broken: a source is unknown, so missing names are not reported. captured:
    columns that sub-queries of this query use.
    """

    columns: tuple[Visible, ...]
    sources: tuple[str, ...]
    outer: Row | None = None
    broken: bool = False
    captured: list[ColumnOf] = field(default_factory=list)

    def levels(self) -> Iterator[Row]:
        row: Row | None = self
        while row is not None:
            yield row
            row = row.outer

    def named(self, name: str) -> list[Visible]:
        return [column for column in self.columns if column.name == name]

    def of(self, source: str) -> list[Visible]:
        return [column for column in self.columns if column.source == source]

    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def type(self) -> tuple[tuple[str, Type], ...]:
        return tuple((column.name, column.column.type) for column in self.columns)

    def any_broken(self) -> bool:
        return any(row.broken for row in self.levels())


def unknown(span: Span | None) -> typed.Expr:
    """The stand-in for an expression with a finding: it has type `any`, so that no further findings follow."""
    return typed.Const(None, type=ANY, span=span)

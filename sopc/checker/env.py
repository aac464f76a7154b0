"""What every part of the checker is given: the world of a file, the current script, the place of an expression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from runtime.bytecode.module import Effects, Signature
from runtime.query.schema import Schema, Store
from runtime.values.types import NULL, Type
from sopc.checker import typed
from sopc.checker.lower_query import QueryBuilder
from sopc.checker.report import Findings, Place
from sopc.checker.scope import Block, Row
from sopc.source import Span
from sopc.tree import nodes

Stored = Callable[[str], tuple[Signature, Effects] | None]
MAX_DEPTH: Final = 120


@dataclass(eq=False)
class World:
    """The names that all scripts of a file can use.

    schemas: by `uses` name. stored: looks up scripts outside this file. signatures, effects: of the scripts in this
    file, filled in while they are checked. recursive: scripts being checked that call one another; what they emit is
    known only if they declare it. database_names: all that there are, for suggestions.
    """

    findings: Findings
    schemas: Mapping[str, Schema]
    stored: Stored
    script_names: Callable[[], Iterable[str]]
    database_names: Callable[[], Iterable[str]]
    signatures: dict[str, Signature] = field(default_factory=dict)
    effects: dict[str, Effects] = field(default_factory=dict)
    recursive: set[str] = field(default_factory=set)
    _found: dict[str, tuple[Signature, Effects] | None] = field(default_factory=dict)

    def signature(self, name: str) -> Signature | None:
        if name in self.signatures:
            return self.signatures[name]
        found = self._look_up(name)
        return found[0] if found is not None else None

    def effects_of(self, name: str) -> Effects:
        """The effects of a script; none for a script of this file whose check is not finished."""
        if name in self.signatures:
            return self.effects.get(name, Effects())
        found = self._look_up(name)
        return found[1] if found is not None else Effects()

    def _look_up(self, name: str) -> tuple[Signature, Effects] | None:
        if name not in self._found:
            self._found[name] = self.stored(name)
        return self._found[name]

    def all_scripts(self) -> list[str]:
        return [*self.signatures, *self.script_names()]


@dataclass(eq=False)
class Emitted:
    """What a script emits, as far as its emits were checked. declared: its `emits {…}`. fixed: the types of emitted
    rows of queries and called scripts, which can't be converted one by one."""

    declared: Type | None = None
    found: Type | None = None
    fixed: list[Type] = field(default_factory=list)


@dataclass(eq=False)
class ScriptState:
    """The script being checked.

    returns: NULL if it declares no return type. later: every variable that it declares anywhere, for a message about
    use before declaration; seen: those declared so far. used: by (database, store) the fields used, each with the
    place and sentence of its first use; "" stands for the store itself.
    """

    world: World
    name: str
    uses: tuple[str, ...]
    returns: Type = NULL
    emitted: Emitted = field(default_factory=Emitted)
    later: set[str] = field(default_factory=set)
    used: dict[tuple[str, str], dict[str, tuple[Span | None, int | None]]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    depth: int = 0

    def store(self, database: str, name: str) -> Store | None:
        schema = self.world.schemas.get(database)
        return schema.stores.get(name) if schema is not None else None

    def use(self, database: str, store: str, *fields: str, at: Span | None) -> None:
        used = self.used.setdefault((database, store), {})
        for name in ("", *fields):
            used.setdefault(name, (at, self.world.findings.sentence))


Typer = Callable[["Env", nodes.Expr], typed.Expr]


@dataclass(frozen=True, eq=False)
class Env:
    """The place of an expression.

    row: the visible columns, None outside queries. builder: of the current query. aggregates: whether aggregates are
    allowed. grouped: aggregates are over groups, which are never empty. keys: named grouping keys. stage: the query
    stage, for messages. loop: whether it is in the body of a loop.
    """

    state: ScriptState
    block: Block
    typer: Typer
    row: Row | None = None
    builder: QueryBuilder | None = None
    aggregates: bool = False
    windows: bool = False
    grouped: bool = False
    keys: Mapping[str, typed.Expr] = field(default_factory=dict)
    stage: str = ""
    loop: bool = False

    @property
    def world(self) -> World:
        return self.state.world

    def expr(self, node: nodes.Expr) -> typed.Expr:
        """Type an expression; after a finding, the result has type `any`."""
        return self.typer(self, node)

    def error(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        self.state.world.findings.add(code, message, place, hint)

    def at(self, node: nodes.Node, name: str) -> Place:
        """The place of a name inside a node; the whole node if it is not found."""
        return self.state.world.findings.within(node, name)

    def plain(self) -> Env:
        """The same environment without the columns of the enclosing query."""
        return replace(self, row=None, builder=None, aggregates=False, windows=False, grouped=False, keys={}, stage="")

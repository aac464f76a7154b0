"""The checked program: every name bound, every type known, queries in the runtime's form. The checker makes it, the
code generator reads it; nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.bytecode.module import Effects, Signature
from runtime.query.algebra import Query, Write
from runtime.query.schema import Store
from runtime.values.types import Type
from sopc.source import Span


@dataclass(eq=False)
class Variable:
    """A parameter, a `let`, a loop variable, …; identity is the binding."""

    name: str
    type: Type
    span: Span | None = None


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Expr:
    type: Type
    span: Span | None = None


@dataclass(frozen=True)
class Const(Expr):
    """value: in the form of runtime.values.constants.Const (text for decimal, date, timestamp, duration)."""

    value: bool | int | float | str | None


@dataclass(frozen=True)
class Var(Expr):
    variable: Variable


@dataclass(frozen=True)
class FieldOf(Expr):
    base: Expr
    name: str


@dataclass(frozen=True)
class ItemOf(Expr):
    base: Expr
    index: Expr


@dataclass(frozen=True)
class Op(Expr):
    """op: as in runtime.query.algebra.Op; `in` has the items after the first argument, `in_list` a list."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Func(Expr):
    """A row of the function table."""

    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class ScriptCall(Expr):
    """args: one per parameter, in order, defaults filled in and converted."""

    signature: Signature
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Case(Expr):
    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None


@dataclass(frozen=True)
class MakeRecord(Expr):
    fields: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class MakeList(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Interpolate(Expr):
    """Text pieces (str) and values (shown as text), joined."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True)
class Convert(Expr):
    """A value made to fit `type`: any → T, int → float, int → decimal, T? → T where a run may find null."""

    arg: Expr


@dataclass(frozen=True)
class BoundQuery:
    """A query in the runtime's form and the values its params take, in order."""

    query: Query
    params: tuple[Expr, ...]
    row: Type


@dataclass(frozen=True)
class FetchExpr(Expr):
    """mode: first, one, list, scalar (count and exists are scalars over a query built for them)."""

    query: BoundQuery
    mode: str


# ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Step:
    """path: "2.1" as every message, trace and listing numbers it."""

    path: str
    sentence: int | None = None
    span: Span | None = None


@dataclass(frozen=True)
class SetVariable(Step):
    """let and set; target: field names and index expressions into the variable (set only)."""

    variable: Variable
    target: tuple[str | Expr, ...]
    value: Expr


@dataclass(frozen=True)
class EmitRecord(Step):
    value: Expr


@dataclass(frozen=True)
class EmitQuery(Step):
    query: BoundQuery


@dataclass(frozen=True)
class EmitCall(Step):
    """Every record the callee emits, one at a time."""

    call: ScriptCall


@dataclass(frozen=True)
class Say(Step):
    text: Expr


@dataclass(frozen=True)
class WriteStep(Step):
    """command: insert, upsert, update or delete, for the output line."""

    command: str
    write: Write
    params: tuple[Expr, ...]


@dataclass(frozen=True)
class Return(Step):
    value: Expr | None


@dataclass(frozen=True)
class Fail(Step):
    message: Expr


@dataclass(frozen=True)
class Assert(Step):
    condition: Expr
    message: Expr


@dataclass(frozen=True)
class Commit(Step):
    pass


@dataclass(frozen=True)
class Break(Step):
    pass


@dataclass(frozen=True)
class Continue(Step):
    pass


@dataclass(frozen=True)
class AskStep(Step):
    variable: Variable
    question: Expr
    choices: Expr | None
    default: Expr | None


@dataclass(frozen=True)
class If(Step):
    branches: tuple[tuple[Expr, tuple[Step, ...]], ...]
    otherwise: tuple[Step, ...]


@dataclass(frozen=True)
class ForQuery(Step):
    """spool: the body writes, asks or commits (through calls too), so the rows are set aside first."""

    variable: Variable
    query: BoundQuery
    spool: bool
    body: tuple[Step, ...]


@dataclass(frozen=True)
class ForList(Step):
    variable: Variable
    list: Expr
    body: tuple[Step, ...]


@dataclass(frozen=True)
class ForRange(Step):
    variable: Variable
    low: Expr
    high: Expr
    body: tuple[Step, ...]


@dataclass(frozen=True)
class ForCall(Step):
    variable: Variable
    call: ScriptCall
    body: tuple[Step, ...]


@dataclass(frozen=True)
class While(Step):
    condition: Expr
    body: tuple[Step, ...]


@dataclass(frozen=True)
class CallStep(Step):
    call: ScriptCall


@dataclass(frozen=True)
class Transaction(Step):
    body: tuple[Step, ...]
    writes: bool


@dataclass(frozen=True)
class Try(Step):
    """variable: the record {code: text, message: text, step: text}."""

    body: tuple[Step, ...]
    variable: Variable
    handler: tuple[Step, ...]
    writes: bool


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Script:
    """schema: the stores read or written, by "database.store", with only the fields used. used: where each of them is
    first named and in which sentence, by store and field ("" for the store itself)."""

    signature: Signature
    params: tuple[Variable, ...]
    effects: Effects
    steps: tuple[Step, ...]
    schema: dict[str, Store]
    used: dict[tuple[str, str], tuple[Span, int | None]]
    doc: str
    span: Span | None


@dataclass(frozen=True)
class Program:
    """The scripts of one file, in its order."""

    scripts: tuple[Script, ...] = field(default=())

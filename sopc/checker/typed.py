"""The typed program: every name bound, every type known, queries in the runtime's algebra.

The checker makes it and the code generator reads it; no other part does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.bytecode.module import Effects, Signature
from runtime.query.algebra import Query, Write
from runtime.query.schema import Store
from runtime.values.types import Type
from sopc.source import Span


@dataclass(eq=False)
class Variable:
    """A parameter, a `let`, a loop variable, …; two are the same only if they are the same object."""

    name: str
    type: Type


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Expr:
    type: Type
    span: Span | None = None


@dataclass(frozen=True)
class Const(Expr):
    """A constant. value: as in runtime.values.constants.Const (text for decimal, date, timestamp, duration)."""

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
    """An operation. op: as in runtime.query.algebra.Op; `in` has its items after the first argument, `in_list` a
    list."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Func(Expr):
    """A call of a function. name: of a row in the function table."""

    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class ScriptCall(Expr):
    """A call of a script. args: one per parameter, in order, converted, defaults filled in."""

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
    """Joins pieces of text (str) and values (formatted as text)."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True)
class Convert(Expr):
    """Converts a value to `type` at run time: any → T, int → float, int → decimal, T? → T (an error for null)."""

    arg: Expr


@dataclass(frozen=True)
class BoundQuery:
    """A query in the runtime's algebra, and the values of its parameters, in order."""

    query: Query
    params: tuple[Expr, ...]
    row: Type


@dataclass(frozen=True)
class FetchExpr(Expr):
    """Runs a query for its value. mode: first, one, list, scalar (also for count and exists)."""

    query: BoundQuery
    mode: str


# ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Step:
    """path: such as "2.1", the number in messages, traces and listings."""

    path: str
    sentence: int | None = None
    span: Span | None = None


@dataclass(frozen=True)
class SetVariable(Step):
    """`let` and `set`. target: field names and index expressions into the variable (`set` only)."""

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
    """Emits every record that the callee emits."""

    call: ScriptCall


@dataclass(frozen=True)
class Say(Step):
    text: Expr


@dataclass(frozen=True)
class WriteStep(Step):
    """A write. command: insert, upsert, update or delete, for the output line."""

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
    within: Expr | None
    default: Expr | None


@dataclass(frozen=True)
class If(Step):
    branches: tuple[tuple[Expr, tuple[Step, ...]], ...]
    otherwise: tuple[Step, ...]


@dataclass(frozen=True)
class ForQuery(Step):
    """A loop over a query. spool: store all rows first, since the body writes, asks or commits (also through calls)."""

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
    """A `try`. variable: of the record {code: text, message: text, step: text}."""

    body: tuple[Step, ...]
    variable: Variable
    handler: tuple[Step, ...]
    writes: bool


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Script:
    """A typed script.

    schema: the stores that it uses, by "database.store", with only the fields that it uses. used: the place and
    sentence of the first use, by store and field ("" for the store itself).
    """

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
    """The scripts of a file, in its order."""

    scripts: tuple[Script, ...] = field(default=())

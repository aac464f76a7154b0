"""A typed expression → the query expression that means the same, for the operators that are known to.

The generated-expressions test (tests/property/test_one_meaning.py) holds these equal in the machine and the engines.
Where an engine may work out less than the machine does, an operand that can fail is refused: its error could be lost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from runtime.bytecode.module import Signature
from runtime.bytecode.parts import children
from runtime.query import algebra as q
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, Type
from sopc.checker import typed

KINDS: Final = frozenset({"int", "bool"})  # of values that a lifted loop may work with
_ARITHMETIC: Final = frozenset({"add", "sub", "mul", "intdiv", "mod"})
_COMPARISONS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_LOGIC: Final = frozenset({"and", "or", "not", "is_null", "is_not_null", "between"})
_SKIPS: Final = frozenset({"and", "or", "between"})  # an engine may leave out operands of these


class NotLifted(Exception):
    """The loop can't be one statement. The message is for its author."""


@dataclass(frozen=True)
class Row:
    """A record: its fields as columns. null: whether it is there; None when it always is."""

    fields: dict[str, q.Column]
    null: q.Expr | None = None


class Scope(ABC):
    """What names mean. values, rows: of the variables that are set in the body. called: scripts that are named."""

    def __init__(self) -> None:
        self.values: dict[typed.Variable, q.Expr] = {}
        self.rows: dict[typed.Variable, Row] = {}
        self.called: list[Signature] = []

    @abstractmethod
    def outer(self, variable: typed.Variable) -> q.Expr:
        """The value of a variable that was there before. Raises NotLifted."""

    @abstractmethod
    def call(self, expr: typed.ScriptCall) -> q.Expr:
        """The value of a called script. Raises NotLifted."""

    @abstractmethod
    def look_up(self, fetch: typed.FetchExpr) -> Row:
        """The row that a look-up finds. Raises NotLifted."""

    def expr(self, expr: typed.Expr) -> q.Expr:
        """The same in a query. Raises NotLifted."""
        match expr:
            case typed.Const():
                if expr.value is None or expr.type.name not in KINDS:
                    raise NotLifted("a constant is null, or no int or bool")
                return Const(expr.value, expr.type)
            case typed.Var():
                if expr.variable in self.rows:
                    raise NotLifted(f"`{expr.variable.name}` is used as a whole record")
                known = self.values.get(expr.variable)
                return self.outer(expr.variable) if known is None else known
            case typed.FieldOf():
                return self._row(expr.base).fields[expr.name]
            case typed.ScriptCall():
                self.called.append(expr.signature)
                return self.call(expr)
            case typed.Case():
                return self._case(expr)
            case typed.Op():
                return self._op(expr)
            case typed.Func():
                raise NotLifted(f"it calls the function `{expr.name}`")
            case _:
                raise NotLifted(f"it works out {_FORMS.get(type(expr), 'a value of another kind')}")

    def _row(self, base: typed.Expr) -> Row:
        if isinstance(base, typed.Var) and base.variable in self.rows:
            return self.rows[base.variable]
        if isinstance(base, typed.FetchExpr) and base.mode in ("one", "first"):
            return self.look_up(base)
        raise NotLifted("it takes a field of a record that is no row")

    def _case(self, expr: typed.Case) -> q.Expr:
        if not is_plain(expr.type.not_null()):
            raise NotLifted(f"a `case` is of type {expr.type}")
        branches = tuple((self.expr(when), self.expr(then)) for when, then in expr.branches)
        otherwise = None if expr.otherwise is None else self.expr(expr.otherwise)
        return q.Case(branches, otherwise, expr.type)

    def _op(self, expr: typed.Op) -> q.Expr:
        op, args = expr.op, expr.args
        if op in ("is_null", "is_not_null") and isinstance(args[0], typed.Var) and args[0].variable in self.rows:
            null = self.rows[args[0].variable].null or Const(False, BOOL)
            return null if op == "is_null" else q.Op("not", (null,), BOOL)
        made = tuple(self.expr(arg) for arg in args)
        kinds = {arg.type.name for arg in made}
        if (op in _ARITHMETIC or op == "neg") and kinds == {"int"} and expr.type.name == "int":
            return q.Op(op, made, expr.type)
        if (op in _COMPARISONS or op == "between") and len(kinds) == 1 and kinds <= KINDS:
            if kinds == {"bool"} and op not in ("eq", "ne"):
                raise NotLifted("it puts bools in order")
        elif op not in _LOGIC or not kinds <= KINDS or (op in ("and", "or", "not") and kinds != {"bool"}):
            raise NotLifted(f"it uses `{_SHOWN.get(op, op)}` on {', '.join(sorted(kinds))}")
        if op in _SKIPS and any(can_fail(arg) for arg in made):
            raise NotLifted(f"a part of an `{op}` can fail; put it into a `let` before")
        return q.Op(op, made, expr.type)


_SHOWN: Final = {"div": "/", "starts_with": "starts with", "ends_with": "ends with", "in_list": "in"}
_FORMS: Final = {
    typed.Interpolate: "a text with holes",
    typed.Convert: "a conversion",
    typed.FetchExpr: "a look-up of another kind than `one` or `first`",
    typed.MakeRecord: "a record",
    typed.MakeList: "a list",
    typed.ItemOf: "an item of a list",
}


def is_plain(type_: Type) -> bool:
    """Whether it is a type that a lifted loop may work with, without nulls."""
    return type_.name in KINDS and not type_.nullable


def can_fail(expr: q.Expr) -> bool:
    """Whether working it out can raise an error. Columns were worked out before."""
    match expr:
        case q.Op(op=("intdiv" | "mod"), args=(left, Const(value=value))) if value not in (0, -1, None):
            return can_fail(left)
        case q.Op(op=op) if op in _ARITHMETIC or op == "neg":
            return True
        case q.Inline():
            return True
        case _:
            return any(can_fail(part) for part in children(expr) if not isinstance(part, Type))


def added(variable: typed.Variable, value: typed.Expr) -> tuple[str, list[typed.Expr]]:
    """How a step changes the variable that it adds to: `sum`, `min` or `max`, and by what. Raises NotLifted."""
    match value:
        case typed.Op(op="add"):
            terms: list[typed.Expr] = []
            node: typed.Expr = value
            while isinstance(node, typed.Op) and node.op == "add":
                first, *rest = node.args
                terms[:0] = rest
                node = first
            if _is(node, variable):
                return "sum", terms
            if len(value.args) == 2 and _is(value.args[1], variable):
                return "sum", [value.args[0]]
        case typed.Func(name=("least" | "greatest") as name, args=(one, other)) if _is(one, variable) or _is(
            other, variable
        ):
            return {"least": "min", "greatest": "max"}[name], [other if _is(one, variable) else one]
    raise NotLifted(f"`{variable.name}` is set to something else than itself and more")


def _is(expr: typed.Expr, variable: typed.Variable) -> bool:
    return isinstance(expr, typed.Var) and expr.variable is variable


INT_NULL: Final = INT.or_null()

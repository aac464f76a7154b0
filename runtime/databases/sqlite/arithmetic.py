"""Arithmetic of a query → SQLite's arithmetic, checked at its root.

On ints and decimals it is written plainly once, and once more as calls back into Python. SQLite goes from INTEGER to
REAL (overflow) or to NULL (division by zero), and both stick up to the root, where anything but an INTEGER makes it
work the value out again in Python, which gives the null or the error. Floats go to an infinity or to NULL likewise.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, TypeGuard

from sqlglot import exp

from runtime.databases.sql.expressions import ARITHMETIC, WHOLE, Expressions, Over
from runtime.databases.sql.sql_nodes import Sql, case, divided, function, number, wrapped
from runtime.databases.sqlite.functions import SAID
from runtime.query.algebra import Aggregate, Column, Const, Expr, Func, Op, Param
from runtime.query.codecs import form_of
from runtime.values.types import Type

MAX_FLOAT: Final = 1.7976931348623157e308
_OPERATORS: Final[dict[str, type[exp.Binary]]] = {"add": exp.Add, "sub": exp.Sub, "mul": exp.Mul}


class Arithmetic(Expressions):
    """Arithmetic for the writer of SQLite's expressions."""

    _nesting = 0

    @abstractmethod
    def call(self, name: str, args: Sequence[Sql], forms: Sequence[str], result: str) -> Sql:
        """The call back into Python."""

    def arithmetic(self, expr: Op) -> Sql:
        plain = self._plain(expr)
        checked = self._checked(expr)
        if plain is None:
            return checked
        if expr.type.name == "float":
            size = function("abs", plain)
            fits: Sql = exp.LTE(this=size, expression=exp.Literal.number(repr(MAX_FLOAT)))
        else:
            fits = exp.EQ(this=function("typeof", plain), expression=exp.Literal.string("integer"))
        return case(fits, plain.copy(), checked)

    def summed(self, expr: Op, over: Over) -> Sql | None:
        """The sum of an operation, checked once for all rows: a REAL that one of them overflowed to makes the sum REAL.
        None where a null or a division by zero would not show in it."""
        if expr.type.name not in WHOLE or not _shows_in_a_sum(expr):
            return None
        plain = self._plain(expr)
        if plain is None:
            return None
        total = over(function("sum", plain))
        overflowed = exp.EQ(this=function("typeof", total), expression=exp.Literal.string("real"))
        scale = exp.Null() if expr.type.name == "int" else number(expr.type.scale)
        raised = self.call("overflow", [scale], ["i"], "n")
        return case(overflowed, raised, total.copy())

    def _checked(self, expr: Op) -> Sql:
        """The operation, and those it is made of, each through Python."""
        args = [self._checked(arg) if is_arithmetic(arg) else self.value(arg) for arg in expr.args]
        return self.call(expr.op, args, [form_of(arg.type) for arg in expr.args], form_of(expr.type))

    def _plain(self, expr: Op) -> Sql | None:
        """The operation in SQL alone, right unless something in it overflowed or was divided by zero, which then
        shows at the root: for ints and decimals a REAL or NULL, for floats an infinity or NULL."""
        op, args = expr.op, expr.args
        names = {arg.type.name for arg in args}
        if expr.type.name in WHOLE and names <= WHOLE:
            return self._plain_whole(expr)
        if expr.type.name != "float" or not names <= {"int", "float"} or op in ("intdiv", "mod"):
            return None
        if op == "neg":
            operand = self._plain_operand(args[0], args[0].type.name == "float")
            return None if operand is None else exp.Neg(this=wrapped(operand))
        left = self._plain_operand(args[0], args[0].type.name == "float")
        # an infinite divisor would give 0, which does not show: it is checked by itself
        right = self._plain_operand(args[1], op != "div" and args[1].type.name == "float")
        if left is None or right is None:
            return None
        if op == "div":
            left = exp.Cast(this=left, to=exp.DataType.build("REAL")) if args[0].type.name == "int" else wrapped(left)
            return divided(left, wrapped(right))
        return _OPERATORS[op](this=wrapped(left), expression=wrapped(right))

    def _plain_whole(self, expr: Op) -> Sql | None:
        op, args, scale = expr.op, expr.args, expr.type.scale
        scales = [arg.type.scale for arg in args]
        if op in ("intdiv", "mod"):
            if expr.type.name != "int":
                return None
            # % takes its operands as INTEGER, which would hide an overflow in them
            left = self._plain_operand(args[0], op == "intdiv")
            right = self._plain_operand(args[1], op == "intdiv")
            if left is None or right is None:
                return None
            left, right = wrapped(left), wrapped(right)
            return divided(left, right) if op == "intdiv" else exp.Mod(this=left, expression=right)
        if op == "div":
            return self._plain_quotient(args[0], args[1], scale)
        if max(scales) > scale or (op == "mul" and sum(scales) != scale):
            return None
        operands: list[Sql] = []
        for arg in args:
            operand = self._plain_operand(arg, True)
            if operand is None:
                return None
            missing = scale - arg.type.scale if op != "mul" else 0
            if missing and isinstance(arg, Const):
                operand = self.const(arg, Type("decimal", scale=scale))
            elif missing:
                operand = exp.Mul(this=wrapped(operand), expression=number(10**missing))
            operands.append(wrapped(operand))
        if op == "neg":
            return exp.Neg(this=operands[0])
        return _OPERATORS[op](this=operands[0], expression=operands[1])

    def _plain_quotient(self, a: Expr, b: Expr, scale: int) -> Sql | None:
        """Of whole numbers of units, rounded half away from zero: (2a ± b) / 2b, cut off."""
        more = scale + b.type.scale - a.type.scale
        if more < 0 or any(_divides(arg) for arg in (a, b)):
            return None
        left, right = self._plain_operand(a, True), self._plain_operand(b, True)
        if left is None or right is None:
            return None
        left = exp.Mul(this=wrapped(left), expression=number(10**more))
        right = wrapped(right)
        same = exp.EQ(this=exp.Paren(this=_negative(left)), expression=exp.Paren(this=_negative(right)))
        half = case(same, right.copy(), exp.Neg(this=right.copy()))
        twice = exp.Mul(this=number(2), expression=left.copy())
        divisor = exp.Mul(this=number(2), expression=right.copy())
        return divided(exp.Paren(this=exp.Add(this=twice, expression=half)), exp.Paren(this=divisor))

    def _plain_operand(self, arg: Expr, sticks: bool) -> Sql | None:
        """An operand for `_plain`, which is written more than once, so nothing large; None where it is.
        sticks: that it went wrong shows in the operation's result."""
        if is_arithmetic(arg):
            if sticks:
                return self._plain(arg)
            if self._nesting:
                return None
            self._nesting += 1
            try:
                return self.arithmetic(arg)
            finally:
                self._nesting -= 1
        return self.value(arg) if is_small(arg) else None


def is_arithmetic(expr: Expr) -> TypeGuard[Op]:
    return isinstance(expr, Op) and expr.op in ARITHMETIC


def _negative(sql: Sql) -> Sql:
    return exp.LT(this=sql.copy(), expression=number(0))


def _divides(expr: Expr) -> bool:
    return is_arithmetic(expr) and (expr.op == "div" or any(map(_divides, expr.args)))


def _shows_in_a_sum(expr: Expr) -> bool:
    if is_arithmetic(expr):
        return expr.op in ("add", "sub", "mul", "neg") and all(map(_shows_in_a_sum, expr.args))
    return not expr.type.nullable


def is_small(expr: Expr) -> bool:
    """Whether writing an expression several times costs nothing (SQLite works equal aggregates out once)."""
    match expr:
        case Column() | Const() | Param() | Aggregate():
            return True
        case Func():
            return expr.name in SAID and all(map(is_small, expr.args))
        case _:
            return False

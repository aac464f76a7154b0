"""Arithmetic of a query → that of an engine with types of its own, which raises errors for ints and decimals by itself.

An engine may keep a column in fewer bits than the language's ints and floats have, and would then work with as few: so
one operand at least is known to have 64, or cast. Floats are checked once, where the expression begins: what is not
finite stays so up to there, except in a divisor, which is checked by itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

from sqlglot import exp

from runtime.databases.sql.expressions import ARITHMETIC, Expressions
from runtime.databases.sql.sql_nodes import Sql, binary, function, number, wrapped
from runtime.query.algebra import Aggregate, Column, Expr, Op, Param
from runtime.values.constants import Const
from runtime.values.types import FLOAT, MAX_SCALE, Type, decimal_of

OPERATORS: Final[dict[str, type[exp.Binary]]] = {"add": exp.Add, "sub": exp.Sub, "mul": exp.Mul, "mod": exp.Mod}
_DAYS: Final = frozenset({"date", "timestamp"})


class TypedArithmetic(Expressions):
    """Arithmetic for the writer of a typed engine's expressions."""

    @abstractmethod
    def cast(self, sql: Sql, type_: Type) -> Sql:
        """The SQL as the engine's type for one of ours."""

    @abstractmethod
    def helper(self, name: str, *args: Sql) -> Sql:
        """A call of one of our own SQL functions for the engine."""

    @abstractmethod
    def let(self, args: Sequence[Sql], body: Callable[[Sequence[Sql]], Sql]) -> Sql:
        """`let`: body(args), where the body may write each argument several times. An argument of more than a few nodes
        is evaluated first and named in the body, so the SQL grows linearly with the expression."""

    def checked_int(self, operation: type[exp.Binary], a: Sql, b: Sql) -> Sql:
        """The sum, difference or product of ints, one of which has 64 bits; V0101 when it goes out of range."""
        return binary(operation, a, b)

    @abstractmethod
    def int_quotient(self, a: Sql, b: Sql) -> Sql:
        """a / b of ints, cut off after the point."""

    def truncated(self, sql: Sql) -> Sql:
        """A float, cut off after the point."""
        return function("trunc", sql)

    @abstractmethod
    def float_remainder(self, a: Sql, b: Sql) -> Sql:
        """The remainder of a / b, with a's sign."""

    @abstractmethod
    def decimal_quotient(self, a: Sql, a_scale: int, b: Sql, b_scale: int, scale: int) -> Sql:
        """a / b to that scale, halves away from zero, of decimals of the given scales (an int counts as one)."""

    @abstractmethod
    def whole_quotient(self, a: Sql, a_scale: int, b: Sql, b_scale: int) -> Sql:
        """a / b of decimals, cut off after the point."""

    def decimal_remainder(self, a: Sql, a_scale: int, b: Sql, b_scale: int) -> Sql:
        """The remainder of a / b of decimals, with a's sign."""
        return exp.Mod(this=wrapped(a), expression=wrapped(b))

    def decimal_operand(self, op: str, sql: Sql, a: Type, b: Type) -> Sql:
        """The first operand, of type a, of a sum, difference or product, so that the engine keeps all of its digits."""
        return sql

    @abstractmethod
    def duration(self, op: str, a: Sql, b: Sql) -> Sql:
        """The sum, difference or product of durations and ints; V0107 when it goes out of range."""

    @abstractmethod
    def duration_sum(self, total: Sql) -> Sql:
        """A sum of durations, which may be of more than 64 bits; V0107 when it goes out of range."""

    def arithmetic(self, expr: Op) -> Sql:
        sql = self.operation(expr)
        return self.finite(sql) if expr.type.name == "float" else sql

    def finite(self, sql: Sql) -> Sql:
        """The float; V0103 where it is an infinity or no number."""
        return self.helper("finite", sql)

    def operation(self, expr: Op) -> Sql:
        op, args, kind = expr.op, expr.args, expr.type.name
        if op == "neg" and kind == "int":
            return self.checked_int(exp.Sub, number(0), self.wide(args[0]))
        if op == "neg" and kind == "float":  # no negative zero
            return exp.Sub(this=number(0), expression=wrapped(self.wide(args[0])))
        if op == "neg":
            return exp.Neg(this=wrapped(self.wide(args[0])))
        if kind == "float":
            return self._float(op, args[0], args[1])
        if kind == "int":
            return self._int(op, args[0], args[1])
        if kind == "decimal":
            return self._decimal(expr)
        if kind in _DAYS:
            return self._moved(kind, op, args[0], args[1])
        a, b = self.value(args[0]), self.value(args[1])
        if args[0].type.name in _DAYS:  # what lies between them is a duration
            return self.helper(f"between_{args[0].type.name}s", a, b)
        return self.duration(op, a, b)

    def _moved(self, kind: str, op: str, a: Expr, b: Expr) -> Sql:
        """A date or timestamp, some duration later or earlier."""
        if a.type.name != kind:
            a, b = b, a
        duration = self.value(b)
        return self.helper(f"moved_{kind}", self.value(a), exp.Neg(this=wrapped(duration)) if op == "sub" else duration)

    def _float(self, op: str, a: Expr, b: Expr) -> Sql:
        left, right = self._number(a), self._number(b)
        if not (self._is_wide(a, "float") or self._is_wide(b, "float")):
            left = self.cast(left, FLOAT)
        if op in ("div", "intdiv", "mod") and _is_arithmetic(b) and b.type.name == "float":
            right = self.finite(right)
        if op == "mod":
            return self.float_remainder(left, right)
        if op in ("div", "intdiv"):
            quotient = self.divided(left, right)
            if op == "div":
                return quotient
            # no negative zero
            return exp.Add(this=self.truncated(quotient), expression=self.cast(number(0), FLOAT))
        return binary(OPERATORS[op], left, right)

    def _int(self, op: str, a: Expr, b: Expr) -> Sql:
        left = self._number(a) if self._is_wide(b, "int") else self.wide(a)
        right = self._number(b)
        if op == "intdiv":
            return self.int_quotient(wrapped(left), wrapped(right))
        if op == "mod":
            return binary(exp.Mod, left, right)
        return self.checked_int(OPERATORS[op], left, right)

    def _decimal(self, expr: Op) -> Sql:
        op, (a, b) = expr.op, expr.args
        if op in ("add", "sub", "mul"):
            a, b = own_digits([a, b])
        left, right = self._number(a), self._number(b)
        if op == "div":
            return self.decimal_quotient(left, a.type.scale, right, b.type.scale, expr.type.scale)
        if op == "intdiv":
            return self.whole_quotient(left, a.type.scale, right, b.type.scale)
        if op == "mod":
            return self.decimal_remainder(left, a.type.scale, right, b.type.scale)
        left = self.decimal_operand(op, left, a.type, b.type)
        result = binary(OPERATORS[op], left, right)
        if op == "mul" and a.type.scale + b.type.scale > MAX_SCALE:
            return self.cast(result, expr.type)
        return result

    def divided(self, a: Sql, b: Sql) -> Sql:
        """`a / b`, as it stands."""
        dialect = self.dialect
        return exp.Div(this=wrapped(a), expression=wrapped(b), typed=dialect.TYPED_DIVISION, safe=dialect.SAFE_DIVISION)

    def _number(self, expr: Expr) -> Sql:
        """An operand, floats unchecked."""
        return self.operation(expr) if _is_arithmetic(expr) and isinstance(expr, Op) else self.value(expr)

    def wide(self, expr: Expr) -> Sql:
        """An operand, with all the bits of an int or float."""
        sql = self._number(expr)
        kind = expr.type.name
        return self.cast(sql, expr.type) if kind in ("int", "float") and not self._is_wide(expr, kind) else sql

    def _is_wide(self, expr: Expr, kind: str) -> bool:
        """Whether it is an int or float (kind) that is known to have 64 bits for the engine."""
        if expr.type.name != kind:
            return False
        match expr:
            case Const() | Param() | Op():
                return True
            case Column():
                source = self.source(expr)
                return source.stored and not source.native
            case Aggregate():
                return expr.name in ("count", "sum", "avg")
            case _:
                return False


def own_digits(exprs: Sequence[Expr]) -> list[Expr]:
    """Numbers that meet, among them a decimal: an int literal as a decimal of as many digits as it has, where an engine
    would reckon with the 19 of any int, and so in 128 bits instead of 64."""
    kinds = {expr.type.name for expr in exprs}
    return [_exact(expr) for expr in exprs] if "decimal" in kinds and "float" not in kinds else list(exprs)


def _exact(expr: Expr) -> Expr:
    if not isinstance(expr, Const) or expr.type.name != "int" or expr.value is None:
        return expr
    return Const(str(expr.value), decimal_of(len(str(expr.value).lstrip("-")), 0))


def _is_arithmetic(expr: Expr) -> bool:
    return isinstance(expr, Op) and expr.op in ARITHMETIC

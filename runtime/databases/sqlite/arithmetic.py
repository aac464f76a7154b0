"""Arithmetic of a query → SQLite's arithmetic, checked at its root.

Ints and decimals are written twice: as plain SQL, and as a callback into Python. On overflow SQLite's result turns
from INTEGER to REAL, on division by zero to NULL, and both propagate to the root. If the root is not an INTEGER, the
callback computes the value again and gives the null or the error. Floats turn to an infinity or NULL likewise.

So operands are written several times. An operand that is more than a field or a constant is evaluated first, in a
sub-select of one row: `(SELECT … v1.a + v1.b … FROM (SELECT … AS a, … AS b) AS v1)`. The length of the SQL grows with
that of the expression, however it nests.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, TypeGuard

from sqlglot import exp

from runtime.databases.sql.expressions import ARITHMETIC, WHOLE, Expressions, Over
from runtime.databases.sql.sql_nodes import (
    Sql,
    binary,
    case,
    cast,
    column,
    divided,
    function,
    named,
    number,
    subquery,
    wrapped,
)
from runtime.databases.sqlite.functions import SQL_FUNCTIONS
from runtime.query.algebra import Aggregate, Case, Column, Expr, Func, Op, Param, Window
from runtime.query.codecs import codec_name
from runtime.values.constants import Const
from runtime.values.types import Type

MAX_FLOAT: Final = 1.7976931348623157e308
_OPERATORS: Final[dict[str, type[exp.Binary]]] = {"add": exp.Add, "sub": exp.Sub, "mul": exp.Mul}
Leaf = Callable[[Expr], Sql]


class _Operands:
    """The operands of one checked operation: small ones as they are, others by the names that they are bound to."""

    def __init__(self, alias: str, value: Leaf) -> None:
        self.alias = alias
        self.known: dict[Expr, Sql] = {}
        self.bound: list[Sql] = []
        self.bindable = True
        self._value = value

    def __call__(self, expr: Expr) -> Sql:
        if expr not in self.known:
            self.known[expr] = self._value(expr) if is_small(expr) else self._bind(expr)
        return self.known[expr].copy()

    def _bind(self, expr: Expr) -> Sql:
        self.bindable = self.bindable and not _looks_at_rows(expr)
        name = f"a{len(self.bound) + 1}"
        self.bound.append(named(self._value(expr), name))
        return column(self.alias, name)

    def around(self, sql: Sql) -> Sql:
        """The SQL where the names are known."""
        if not self.bound:
            return sql
        inner = exp.Select(expressions=self.bound)
        return exp.Subquery(this=exp.Select(expressions=[sql]).from_(subquery(inner, self.alias)))


class Arithmetic(Expressions):
    """Arithmetic for the writer of SQLite's expressions."""

    _operands = 0

    @abstractmethod
    def call(self, name: str, args: Sequence[Sql], forms: Sequence[str], result: str) -> Sql:
        """The call back into Python."""

    @abstractmethod
    def python_call(self, name: str, args: Sequence[Expr], result: Type) -> Sql:
        """An operator or function of values, worked out in Python."""

    @abstractmethod
    def program(self, expr: Expr, leaf: Leaf | None = None, leaves: dict[Expr, Sql] | None = None) -> Sql:
        """The whole expression, worked out by one call back into Python. leaves: what counts as a leaf besides fields,
        params and the like; leaf: writes one."""

    def arithmetic(self, expr: Op) -> Sql:
        operands = self._new_operands()
        plain = self._plain(expr, operands)
        if plain is None:
            return self.python_call(expr.op, expr.args, expr.type)
        if not operands.bindable:
            return self.program(expr)
        if expr.type.name == "float":
            size = function("abs", plain)
            fits: Sql = exp.LTE(this=size, expression=exp.Literal.number(repr(MAX_FLOAT)))
        else:
            fits = _is_integer(plain)
        return operands.around(case(fits, plain.copy(), self.program(expr, operands, operands.known)))

    def checked_sum(self, expr: Op, over: Over) -> Sql | None:
        """The sum of an operation, checked once for all rows: a REAL that one of them overflowed to makes the sum REAL.
        None where a null or a division by zero would not show in it."""
        if expr.type.name not in WHOLE or not _shows_in_a_sum(expr):
            return None
        plain = self._plain(expr, self.value)
        if plain is None:
            return None
        total = over(function("sum", plain))
        overflowed = exp.EQ(this=function("typeof", total), expression=exp.Literal.string("real"))
        scale = exp.Null() if expr.type.name == "int" else number(expr.type.scale)
        raised = self.call("overflow", [scale], ["i"], "n")
        return case(overflowed, raised, total.copy())

    def coerced(self, expr: Expr, type_: Type) -> Sql:
        """A whole number of units becomes one of smaller units by a product, which is checked."""
        missing = type_.scale - expr.type.scale
        widens = type_.name == "decimal" and expr.type.name in WHOLE and missing > 0
        if not widens or isinstance(expr, Const) or _looks_at_rows(expr):
            return super().coerced(expr, type_)
        operands = self._new_operands()
        plain = binary(exp.Mul, operands(expr), number(10**missing))
        again = self.call("same", [operands(expr)], [codec_name(expr.type)], codec_name(type_))
        return operands.around(case(_is_integer(plain), plain.copy(), again))

    def _new_operands(self) -> _Operands:
        self._operands += 1
        return _Operands(f"v{self._operands}", self.value)

    def _plain(self, expr: Op, leaf: Leaf) -> Sql | None:
        """The operation in SQL alone, right unless something in it overflowed or was divided by zero, which then
        shows at the root: for ints and decimals a REAL or NULL, for floats an infinity or NULL. leaf: writes an
        operand."""
        op, args = expr.op, expr.args
        names = {arg.type.name for arg in args}
        if expr.type.name in WHOLE and names <= WHOLE:
            return self._plain_whole(expr, leaf)
        if expr.type.name != "float" or not names <= {"int", "float"} or op in ("intdiv", "mod"):
            return None
        left = self._plain_operand(args[0], args[0].type.name == "float", leaf)
        if op == "neg":
            return exp.Neg(this=wrapped(left))
        # an infinite divisor would give 0, which does not show: it is checked by itself
        right = self._plain_operand(args[1], op != "div" and args[1].type.name == "float", leaf)
        if op == "div":
            left = cast(left, "REAL") if args[0].type.name == "int" else wrapped(left)
            return divided(left, wrapped(right))
        return binary(_OPERATORS[op], left, right)

    def _plain_whole(self, expr: Op, leaf: Leaf) -> Sql | None:
        op, args, scale = expr.op, expr.args, expr.type.scale
        scales = [arg.type.scale for arg in args]
        if op in ("intdiv", "mod"):
            if expr.type.name != "int":
                return None
            # % takes its operands as INTEGER, which would hide an overflow in them
            left, right = (wrapped(self._plain_operand(arg, op == "intdiv", leaf)) for arg in args)
            return divided(left, right) if op == "intdiv" else exp.Mod(this=left, expression=right)
        if op == "div":
            return self._plain_quotient(args[0], args[1], scale, leaf)
        if max(scales) > scale or (op == "mul" and sum(scales) != scale):
            return None
        operands: list[Sql] = []
        for arg in args:
            missing = scale - arg.type.scale if op != "mul" else 0
            if missing and isinstance(arg, Const):
                operands.append(self.const(arg, Type("decimal", scale=scale)))
                continue
            operand = self._plain_operand(arg, True, leaf)
            operands.append(binary(exp.Mul, operand, number(10**missing)) if missing else operand)
        return exp.Neg(this=wrapped(operands[0])) if op == "neg" else binary(_OPERATORS[op], *operands)

    def _plain_quotient(self, a: Expr, b: Expr, scale: int, leaf: Leaf) -> Sql | None:
        """Of whole numbers of units, rounded half away from zero: (2a ± b) / 2b, cut off."""
        more = scale + b.type.scale - a.type.scale
        if more < 0:
            return None
        left, right = (self._plain_operand(arg, not _divides(arg), leaf) for arg in (a, b))
        left = binary(exp.Mul, left, number(10**more))
        right = wrapped(right)
        same = exp.EQ(this=exp.Paren(this=_negative(left)), expression=exp.Paren(this=_negative(right)))
        half = case(same, right.copy(), exp.Neg(this=right.copy()))
        twice = binary(exp.Mul, number(2), left.copy())
        divisor = exp.Mul(this=number(2), expression=right.copy())
        return divided(exp.Paren(this=exp.Add(this=twice, expression=half)), exp.Paren(this=divisor))

    def _plain_operand(self, arg: Expr, sticks: bool, leaf: Leaf) -> Sql:
        """An operand for `_plain`. sticks: that it went wrong shows in the operation's result, so that it needs no
        check of its own."""
        if not sticks:
            return leaf(arg)
        if isinstance(arg, Func) and _passes_on(arg):
            return function(SQL_FUNCTIONS[arg.name], *[self._plain_operand(each, True, leaf) for each in arg.args])
        plain = self._plain(arg, leaf) if is_arithmetic(arg) else None
        return leaf(arg) if plain is None else plain


def is_arithmetic(expr: Expr) -> TypeGuard[Op]:
    return isinstance(expr, Op) and expr.op in ARITHMETIC


def _passes_on(expr: Func) -> bool:
    """Whether an overflow in an argument that it takes still shows: it is `coalesce`, and of nothing that becomes null
    by a division."""
    kinds = {codec_name(arg.type) for arg in expr.args}
    return (
        expr.name == "coalesce"
        and expr.type.name in WHOLE
        and kinds == {codec_name(expr.type)}
        and not any(map(_vanishes, expr.args))
    )


def _vanishes(expr: Expr) -> bool:
    """Whether an operand as `_plain_operand` writes it may be null for an error."""
    if is_arithmetic(expr):
        return expr.op in ("div", "intdiv", "mod") or any(map(_vanishes, expr.args))
    return isinstance(expr, Func) and expr.name == "coalesce" and any(map(_vanishes, expr.args))


def _is_integer(sql: Sql) -> Sql:
    return exp.EQ(this=function("typeof", sql), expression=exp.Literal.string("integer"))


def _negative(sql: Sql) -> Sql:
    return exp.LT(this=sql.copy(), expression=number(0))


def _divides(expr: Expr) -> bool:
    return is_arithmetic(expr) and (expr.op == "div" or any(map(_divides, expr.args)))


def _looks_at_rows(expr: Expr) -> bool:
    """Whether an aggregate or a window is in it, which no sub-select could work out instead."""
    match expr:
        case Aggregate() | Window():
            return True
        case Op() | Func():
            return any(map(_looks_at_rows, expr.args))
        case Case():
            parts = [part for branch in expr.branches for part in branch]
            return any(map(_looks_at_rows, [*parts, expr.otherwise] if expr.otherwise is not None else parts))
        case _:
            return False


def _shows_in_a_sum(expr: Expr) -> bool:
    if is_arithmetic(expr):
        return expr.op in ("add", "sub", "mul", "neg") and all(map(_shows_in_a_sum, expr.args))
    return not expr.type.nullable


def is_small(expr: Expr) -> bool:
    """Whether writing an expression several times costs nothing (SQLite works equal aggregates out once)."""
    match expr:
        case Column() | Const() | Param():
            return True
        case Aggregate():
            return expr.arg is None or is_small(expr.arg)
        case Func():
            return expr.name in SQL_FUNCTIONS and all(isinstance(arg, Column | Const | Param) for arg in expr.args)
        case _:
            return False

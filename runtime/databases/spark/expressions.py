"""Query expressions → Spark's, and Sail's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from runtime.databases.spark.functions import HELPERS, SQL_FUNCTIONS, VARIABLE, repeats
from runtime.databases.spark.types import MOST_ROWS, NARROW, sql_type
from runtime.databases.sql.expressions import Over
from runtime.databases.sql.sql_nodes import Sql, function, is_small, number, wrapped
from runtime.databases.sql.typed_expressions import ROW_COUNT
from runtime.databases.sql.unit_arithmetic import UnitArithmetic
from runtime.query.algebra import Expr, Op, Param
from runtime.query.codecs import codec_name
from runtime.query.schema import Field
from runtime.values.constants import Const
from runtime.values.forms import FORMED
from runtime.values.type_rules import NUMBERS
from runtime.values.types import DECIMAL_PRECISION, FLOAT, Type, decimal_of, list_of

_WIDE: Final = decimal_of(DECIMAL_PRECISION, 0)
_LARGE: Final = 1000


class _Helper(exp.Expression):
    """A call of HELPERS, `this`, with arguments. number: of the call, within its statement."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "number": True, "expressions": False}


class _Let(exp.Expression):
    """`this`, in which `name` stands for what is worked out once: `expressions`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "name": True, "expressions": True}


def _helper_sql(self: SparkGenerator, node: _Helper) -> str:
    """Variables of its lambdas get a number of their own: Sail takes those of one name for one of one type."""
    text = HELPERS[node.args["this"]](*(self.sql(wrapped(each)) for each in node.expressions))
    number = node.args["number"]
    return f"({VARIABLE.sub(lambda found: f'{found[0]}{number}', text)})"


def _let_sql(self: SparkGenerator, node: _Let) -> str:
    """An array of one item, and a lambda over it: Spark has no cheaper way to name a value in an expression."""
    # as values that may be null: Sail fails where its optimizer finds that one can't be
    values = [f"nullif({self.sql(each)}, NULL)" for each in node.expressions]
    value = values[0] if len(values) == 1 else f"struct({', '.join(f'{v} AS v{n}' for n, v in enumerate(values, 1))})"
    return f"transform(array({value}), {node.args['name']} -> {self.sql(node.this)})[0]"


class _Spark(Spark):
    class Generator(SparkGenerator):
        TRANSFORMS: ClassVar[dict[type[exp.Expr], Callable[..., str]]] = {
            **SparkGenerator.TRANSFORMS,
            _Helper: _helper_sql,
            _Let: _let_sql,
            exp.IntDiv: lambda self, node: self.binary(node, "DIV"),
            exp.Parameter: lambda self, node: f":p{self.sql(node, 'this')}",
        }


class SparkExpressions(UnitArithmetic):
    """See runtime/databases/sql/typed_expressions.py. A value of type any is its JSON text."""

    dialect = _Spark
    engine = "Spark"
    wide_type = f"DECIMAL({DECIMAL_PRECISION}, 0)"
    functions: ClassVar[dict[str, str]] = SQL_FUNCTIONS
    _calls = 0

    def sql_type(self, type_: Type) -> str:
        return sql_type(type_)

    def from_native(self, sql: Sql, type_: Type, native: str) -> Sql:
        if native in NARROW:
            return sql
        if type_.name == "any":
            return self._json_of(sql, native)
        if type_.name == "duration":
            raise self.unsupported("an interval")
        return self.cast(sql, type_)

    def _json_of(self, sql: Sql, native: str) -> Sql:
        if native.startswith(("struct", "map", "array", "variant")):
            return function("to_json", sql)
        raise self.unsupported(f"a value of the type {native}")

    def stored(self, sql: Sql, field: Field) -> Sql:
        return sql

    def helper(self, name: str, *args: Sql) -> Sql:
        if name not in HELPERS:
            raise self.unsupported(f"`{name}`")

        def call(values: Sequence[Sql]) -> Sql:
            self._calls += 1
            return _Helper(this=name, number=self._calls, expressions=list(values))

        return self.let(args, call) if repeats(name) else call(args)

    def let(self, args: Sequence[Sql], body: Callable[[Sequence[Sql]], Sql]) -> Sql:
        large = [number for number, arg in enumerate(args) if not is_small(arg, _costs)]
        if not large:
            return body(args)
        self._calls += 1
        name = f"sop_value{self._calls}"
        names = {at: name if len(large) == 1 else f"{name}.v{number}" for number, at in enumerate(large, 1)}
        values = [exp.Var(this=names[at]) if at in names else arg for at, arg in enumerate(args)]
        return _Let(this=body(values), name=name, expressions=[args[at] for at in large])

    def row_count(self, expr: Expr) -> Sql:
        """Spark takes no bigint; a limit past what it counts is none."""
        if isinstance(expr, Param):
            return self._cast(self.bind((expr.index, ROW_COUNT), expr.index, ROW_COUNT), "INT")
        if isinstance(expr, Const) and isinstance(expr.value, int):
            return number(min(expr.value, MOST_ROWS))
        return self.value(expr)

    def called(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        if name in FORMED and len(args) == 2:
            raise self.unsupported(f"`{name}` by a form")
        if name == "round" and type_.name == "decimal" and len(args) == 2 and isinstance(args[1], Const):
            digits = args[1].value
            if isinstance(digits, int) and digits < 0:
                return self.helper("round_tens", self.value(args[0]), number(max(digits, -40)))
        return super().called(name, args, type_)

    def in_list(self, expr: Op) -> Sql:
        arg, items = expr.args
        item = items.type.item
        if item is None or arg.type.name not in NUMBERS or codec_name(arg.type) == codec_name(item):
            return function("array_contains", self.value(items), self.value(arg))
        both = (
            FLOAT
            if FLOAT.name in (arg.type.name, item.name)
            else decimal_of(DECIMAL_PRECISION, max(arg.type.scale, item.scale))
        )
        return function("array_contains", self.cast(self.value(items), list_of(both)), self.coerced(arg, both))

    def truncated(self, sql: Sql) -> Sql:
        return self.helper("truncated", sql)

    def wide_quotient(self, a: Sql, b: Sql) -> Sql:
        return self.helper("wide_quotient", a, b)

    def aggregated(self, name: str, arg: Expr, sql: Sql, type_: Type, over: Over) -> Sql:
        """Sums of ints in 128 bits; averages by a count that is null where there is nothing: Sail divides null by 0."""
        kind = arg.type.name
        if kind not in ("int", "decimal") or name not in ("sum", "avg"):
            return super().aggregated(name, arg, sql, type_, over)
        count = function("nullif", over(function("count", sql.copy())), number(0))
        if kind == "int":
            wide = self.cast(sql.expressions[0] if isinstance(sql, exp.Distinct) else sql, _WIDE)
            sql = exp.Distinct(expressions=[wide]) if isinstance(sql, exp.Distinct) else wide
        total = over(function("sum", sql))
        if name == "sum":
            return self.cast(total, type_) if kind == "int" else self.converted(total, arg.type, type_)
        if kind == "int":
            return self.divided(self.cast(total, FLOAT), count)
        return self.decimal_quotient(total, arg.type.scale, count, 0, type_.scale)


class SailExpressions(SparkExpressions):
    """Sail fails on a lambda in a condition that it hands to the reader of files, so it is given none such there."""

    engine = "Sail"

    def filtered(self, condition: Sql, source: exp.Expr) -> Sql:
        if not any("->" in sql.sql(self.dialect) for sql in (condition, source)):
            return condition
        volatile = exp.GTE(this=function("rand"), expression=number(0))
        return exp.Case(ifs=[exp.If(this=volatile, true=condition)])


WRITERS: Final = {"spark": SparkExpressions, "sail": SailExpressions}  # by dialect


def _costs(node: Sql) -> int:
    """A call of a helper that writes its arguments several times is large by itself."""
    return _LARGE if isinstance(node, _Let) or (isinstance(node, _Helper) and repeats(node.args["this"])) else 1

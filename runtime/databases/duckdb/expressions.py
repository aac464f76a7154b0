"""Query expressions → DuckDB's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from runtime.databases.duckdb.functions import PREFIX, SQL_FUNCTIONS, WRITTEN, repeats
from runtime.databases.duckdb.records import record_text
from runtime.databases.duckdb.types import INTERVAL_WITHIN, NARROW, sql_type
from runtime.databases.sql.expressions import Over
from runtime.databases.sql.sql_nodes import (
    FilledTemplate,
    Sql,
    filled_sql,
    function,
    is_small,
    number,
    template_costs,
    wrapped,
)
from runtime.databases.sql.unit_arithmetic import UnitArithmetic
from runtime.query.algebra import Expr
from runtime.query.schema import Field
from runtime.values.constants import Const
from runtime.values.types import DECIMAL_PRECISION, Type

NARROW_DECIMAL: Final = 18  # digits
_LARGE: Final = 1000
_NAME: Final = (
    '"sop value"'  # of what a lambda is given: DuckDB takes `v.v1` for a field of a column `v` where there is one
)


class _Let(exp.Expression):
    """`this`, in which names (see `let`) stand for what is worked out once: `expressions`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": True}


def _let_sql(self: DuckDBGenerator, node: _Let) -> str:
    """A list of one item, and a lambda over it: DuckDB has no cheaper way to name a value in an expression."""
    values = [self.sql(each) for each in node.expressions]
    body = self.sql(node.this)
    if len(values) == 1:
        return f"list_transform([{values[0]}], lambda {_NAME}: {body})[1]"
    fields = ", ".join(f"v{number} := {value}" for number, value in enumerate(values, 1))
    return f"list_transform([struct_pack({fields})], lambda {_NAME}: {body})[1]"


class _NotLike(exp.Expression, exp.Binary):
    """`this NOT LIKE expression`, which DuckDB tests faster than `NOT (this LIKE expression)`."""


class _DuckDB(DuckDB):
    class Generator(DuckDBGenerator):
        TRANSFORMS: ClassVar[dict[type[exp.Expr], Callable[..., str]]] = {
            **DuckDBGenerator.TRANSFORMS,
            _Let: _let_sql,
            FilledTemplate: filled_sql,
            _NotLike: lambda self, node: self.binary(node, "NOT LIKE"),
        }


class DuckDBExpressions(UnitArithmetic):
    """See runtime/databases/sql/typed_expressions.py."""

    dialect = _DuckDB
    engine = "DuckDB"
    wide_type = "HUGEINT"
    functions: ClassVar[dict[str, str]] = SQL_FUNCTIONS
    written = WRITTEN

    def sql_type(self, type_: Type) -> str:
        return sql_type(type_)

    def from_native(self, sql: Sql, type_: Type, native: str) -> Sql:
        if native in NARROW:
            return sql
        if native == "TIMESTAMP WITH TIME ZONE":
            return exp.AtTimeZone(this=sql, zone=exp.Literal.string("UTC"))
        if native == "INTERVAL":
            return self.helper("duration", sql)
        if type_.name in ("any", "record") and INTERVAL_WITHIN.search(native):
            raise self.unsupported("an interval within a struct, map or union")
        if native == "INTERVAL[]":
            return self.helper("durations", sql)
        return self.helper("json_of", sql) if type_.name in ("any", "record") else self.cast(sql, type_)

    def stored(self, sql: Sql, field: Field) -> Sql:
        if field.type.name == "duration":
            return function("to_microseconds", sql)
        return self.helper("intervals", sql) if field.stored == "INTERVAL[]" else sql

    def record_text(self, columns: Sequence[tuple[str, Sql, Type]]) -> Sql | None:
        return record_text(columns, self.helper)

    def helper(self, name: str, *args: Sql) -> Sql:
        if not repeats(name):
            return function(PREFIX + name, *args)
        return self.let(args, lambda values: function(PREFIX + name, *values))

    def let(self, args: Sequence[Sql], body: Callable[[Sequence[Sql]], Sql]) -> Sql:
        large = [number for number, arg in enumerate(args) if not is_small(arg, _costs)]
        if not large:
            return body(args)
        names = {at: _NAME if len(large) == 1 else f"{_NAME}.v{number}" for number, at in enumerate(large, 1)}
        values = [exp.Var(this=names[at]) if at in names else arg for at, arg in enumerate(args)]
        return _Let(this=body(values), expressions=[args[at] for at in large])

    def text_test(self, op: str, args: Sequence[Expr]) -> Sql:
        if op == "like":
            return exp.Like(this=wrapped(self.value(args[0])), expression=wrapped(self.value(args[1])))
        return super().text_test(op, args)

    def negated(self, sql: Sql) -> Sql:
        return _NotLike(this=sql.this, expression=sql.expression) if isinstance(sql, exp.Like) else super().negated(sql)

    def called(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        if name == "null_if":  # DuckDB makes a case of it, which holds the first argument twice
            both = [self.coerced(arg, type_) for arg in args]
            return self.let(both, lambda values: function("nullif", *values))
        if name == "round" and type_.name == "decimal" and len(args) == 2 and isinstance(args[1], Const):
            digits = args[1].value
            if isinstance(digits, int) and digits < 0:
                return self.helper("round_tens", self.value(args[0]), number(max(digits, -40)))
        return super().called(name, args, type_)

    def aggregated(self, name: str, arg: Expr, sql: Sql, type_: Type, over: Over) -> Sql:
        return super().aggregated(name, arg, sql, type_, lambda call: _unforeseen(over(call)))

    def decimal_operand(self, op: str, sql: Sql, a: Type, b: Type) -> Sql:
        # DuckDB keeps a result of small decimals in 18 digits
        digits = a.precision + b.precision if op == "mul" else max(a.precision, b.precision) + abs(a.scale - b.scale)
        return self._cast(sql, f"DECIMAL({DECIMAL_PRECISION}, {a.scale})") if digits >= NARROW_DECIMAL else sql

    def wide_quotient(self, a: Sql, b: Sql) -> Sql:
        return exp.IntDiv(this=a, expression=b)


def _unforeseen(call: Sql) -> Sql:
    """An aggregate; a sum so that the optimizer knows no bounds of it. It takes the sum over a left join for 0 where it
    sees that no row on the right can match, and answers comparisons with that (findings/duckdb-sum-of-left-join.sh)."""
    if isinstance(call, exp.Anonymous) and call.name.lower() == "sum":
        return function("greatest", call, exp.Null())
    return call


def _costs(node: Sql) -> int:
    """A call of a macro that writes its arguments several times is large by itself."""
    if isinstance(node, _Let):
        return _LARGE
    name = node.name if isinstance(node, exp.Anonymous) else ""
    return _LARGE if name.startswith(PREFIX) and repeats(name.removeprefix(PREFIX)) else template_costs(node)

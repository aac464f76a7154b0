"""Query expressions → PostgreSQL's.

Text: a column of the database's own collation compares for equality as it is, so that its indexes serve; for order, and
where texts of several makings meet, all is `COLLATE "C"`, which is by code point. Lists of scalars are arrays, any
other list is JSON. Floats need no checks: PostgreSQL raises errors for what is not finite by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.generators.postgres import PostgresGenerator

from runtime.databases.postgres.functions import HELPERS, SQL_FUNCTIONS, WRITTEN
from runtime.databases.sql.expressions import Expressions, Over, Source
from runtime.databases.sql.relations import nodes
from runtime.databases.sql.sql_nodes import (
    FilledTemplate,
    Sql,
    cast,
    column,
    filled_sql,
    function,
    is_small,
    named,
    number,
    subquery,
    template_costs,
    wrapped,
)
from runtime.databases.sql.typed_expressions import TypedExpressions, type_key
from runtime.errors import DatabaseError
from runtime.query.algebra import Aggregate, Column, Expr, Func, InQuery, Op, Order, Param, Relation, Window
from runtime.query.schema import Field
from runtime.values.constants import Const
from runtime.values.types import DECIMAL_PRECISION, SCALARS, Type

_SQL_TYPES: Final = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "float": "DOUBLE PRECISION",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "duration": "BIGINT",
}
_NARROW: Final = frozenset({"smallint", "integer"})
# columns that take a value in its working form without being told to
_TAKES: Final = ("smallint", "integer", "real", "numeric", "character", "bpchar", "json", "interval")
# a quotient of that many digits more is never off when it is rounded again (see EXACT in runtime/values/value_types.py)
_SPARE_DIGITS: Final = 45
_MAX_REPEATED: Final = 20_000  # characters
_OF_ROWS: Final = (Column, Aggregate, Window, Relation)
_AGGREGATES: Final = frozenset({"count", "sum", "avg", "min", "max", "bool_and", "bool_or"})


def _own_nodes(sql: Sql) -> Iterator[exp.Expr]:
    """Its nodes, outside of sub-queries."""
    return sql.walk(prune=lambda node: isinstance(node, exp.Query | exp.Subquery))


def _looks_at_rows(sql: Sql) -> bool:
    """Whether an aggregate or a window is in it."""
    return any(
        isinstance(node, exp.Window | exp.Count) or (isinstance(node, exp.Anonymous) and node.name in _AGGREGATES)
        for node in _own_nodes(sql)
    )


def _holds_window(sql: Sql) -> bool:
    return any(isinstance(node, exp.Window) for node in _own_nodes(sql))


class _Postgres(Postgres):
    class Generator(PostgresGenerator):
        TRANSFORMS: ClassVar[dict[type[exp.Expr], Callable[..., str]]] = {
            **PostgresGenerator.TRANSFORMS,
            FilledTemplate: filled_sql,
        }


class PostgresExpressions(TypedExpressions):
    """See runtime/databases/sql/typed_expressions.py. casing: the collation that knows both cases of all letters,
    empty where the database's own has to do."""

    dialect = _Postgres
    engine = "PostgreSQL"
    functions: ClassVar[dict[str, Any]] = SQL_FUNCTIONS
    written = WRITTEN
    casing: ClassVar[str] = ""
    _aliases = 0
    _constant = False  # within an expression in which no row has a part

    def sql_type(self, type_: Type) -> str:
        if type_.name == "decimal":
            return f"DECIMAL({type_.precision or DECIMAL_PRECISION}, {type_.scale})"
        if type_.name == "list" and type_.item is not None and not _in_json(type_):
            return f"{self.sql_type(type_.item)}[]"
        return _SQL_TYPES.get(type_.name, "JSONB")

    def helper(self, name: str, *args: Sql) -> Sql:
        return self.fill_template(HELPERS[name], args)

    def fill_template(self, template: str, args: Sequence[Sql]) -> Sql:
        """A template with arguments, of which those that it writes several times are named where they are large."""
        if "SELECT" in template and any(map(_holds_window, args)):  # there it would look at one row
            raise DatabaseError(
                "D0308",
                "a function can't take this window's value in the same stage on PostgreSQL",
                "a `derive` of the window alone, and the function in a stage after it",
            )
        again = {at for at in range(len(args)) if len(re.findall(rf":{'abc'[at]}\b", template)) > 1}
        return self._named(args, again, lambda values: FilledTemplate(this=template, expressions=list(values)))

    def let(self, args: Sequence[Sql], body: Callable[[Sequence[Sql]], Sql]) -> Sql:
        return self._named(args, set(range(len(args))), body)

    def _named(self, args: Sequence[Sql], again: set[int], body: Callable[[Sequence[Sql]], Sql]) -> Sql:
        """again: which of the arguments the body may write several times. OFFSET 0 keeps the planner from writing them
        out again. An aggregate belongs to the SELECT that it is in, so it is not moved into another."""
        large = [at for at in sorted(again) if not is_small(args[at], template_costs)]
        if large:  # what stands before one is worked out before it too, so that its error comes first
            large = [at for at in range(large[-1] + 1) if at in large or not is_small(args[at], template_costs)]
        if any(_looks_at_rows(args[at]) for at in large):
            if sum(len(arg.sql(dialect=self.dialect)) for arg in args) > _MAX_REPEATED:
                raise DatabaseError(
                    "D0308",
                    "an expression over an aggregate or a window is too deeply nested for PostgreSQL",
                    "a `select` of the aggregate alone, and the expression in a `select` after it",
                )
            large = []
        if not large:
            return body(args)
        self._aliases += 1
        alias = f"v{self._aliases}"
        values: list[Sql] = list(args)
        for at in large:
            name: Sql = column(alias, f"a{at}")
            values[at] = self.by_code_point(name) if isinstance(args[at], exp.Collate) else name
        inner = exp.Select(
            expressions=[named(args[at], f"a{at}") for at in large], offset=exp.Offset(expression=number(0))
        )
        return exp.Subquery(this=exp.Select(expressions=[body(values)]).from_(subquery(inner, alias)))

    # ── constants that the planner is not to see ───────────────────────────────────────────────────────────────

    @contextmanager
    def _unplanned(self, expr: Expr) -> Iterator[None]:
        """The planner works out what is constant, in branches of a `case` that are never taken too, and raises its
        errors. An expression in which no row has a part gets its constants from sub-selects, which the planner leaves
        alone. It stands in a branch: outside of branches the compiler makes it a parameter as a whole."""
        before = self._constant
        if not before and isinstance(expr, Op | Func):
            self._constant = not any(isinstance(node, _OF_ROWS) for node in nodes(expr))
        yield
        self._constant = before

    def placeholder(self, bind: int, type_: Type) -> Sql:
        return self._hidden(super().placeholder(bind, type_))

    def const(self, value: Const, type_: Type) -> Sql:
        return self._hidden(super().const(value, type_))

    def _hidden(self, sql: Sql) -> Sql:
        return exp.Subquery(this=exp.select(sql)) if self._constant and not isinstance(sql, exp.Null) else sql

    # ── leaves ─────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, expr: Expr) -> Sql:
        with self._unplanned(expr):
            sql = super().value(expr)
        if expr.type.name != "text" or isinstance(expr, Const | Param | Column):
            return sql
        return self.by_code_point(sql)

    def by_code_point(self, sql: Sql) -> Sql:
        return sql if isinstance(sql, exp.Collate) else super().by_code_point(wrapped(sql))

    def from_native(self, sql: Sql, type_: Type, native: str) -> Sql:
        if native in _NARROW:
            return sql
        if type_.name == "duration":
            return self.helper("duration_of_interval", sql)
        if native in ("bytea", "bytea[]"):
            return sql
        if type_.name == "list" and native == "interval[]" and not _in_json(type_):
            return self.helper("durations_of_intervals", sql)
        if type_.name == "list" and _in_json(type_):
            return self.helper("json_of_array", sql)
        if type_.name in ("any", "record"):
            return self.helper("json", sql)
        result = self.cast(sql, type_)
        return self.by_code_point(result) if type_.name == "text" else result

    def _json_in_array(self, sql: Sql, field: Field) -> Sql:
        if field.stored in ("jsonb[]", "json[]"):
            return cast(self.helper("array_of_json", sql), field.stored, self.dialect)
        raise DatabaseError(
            "D0309",
            f"`{field.name}` is an array of several dimensions, which PostgreSQL can be asked for, but not given",
            "a column of the type jsonb takes any list",
        )

    def stored(self, sql: Sql, field: Field) -> Sql:
        if field.type.name == "duration":
            sql = self.helper("interval_of_duration", sql)
        if field.type.name == "list" and _in_json(field.type):
            return self._json_in_array(sql, field)
        if field.stored == "interval[]":
            return self.helper("intervals_of_durations", sql)
        if not field.stored or field.stored.startswith(_TAKES) or field.type.name in ("any", "record"):
            return sql
        return FilledTemplate(this=f"CAST(:a AS {field.stored})", expressions=[sql])

    def output(self, expr: Expr, *, normalized: bool = False) -> tuple[Sql, str]:
        if isinstance(expr, Column) and expr.type.name == "any" and not normalized:
            source = self.source(expr)
            if source.stored:  # JSON as it was written: JSONB would sort its fields
                return source.sql.copy(), "j"
        return super().output(expr, normalized=normalized)

    def inserted(self, fields: Sequence[Field]) -> exp.Expr:
        values = [self.stored(self.placeholder(index, field.type), field) for index, field in enumerate(fields)]
        return exp.Values(expressions=[exp.Tuple(expressions=values)])

    # ── comparison ─────────────────────────────────────────────────────────────────────────────────────────────

    def compare(self, op: str, a: Expr, b: Expr) -> Sql:
        result = super().compare(op, a, b)
        if a.type.name == "text" and b.type.name == "text" and (op not in ("eq", "ne") or not self._plain([a, b])):
            result.set("this", self.by_code_point(result.this))
        return result

    def _plain(self, exprs: Sequence[Expr]) -> bool:
        """Whether texts compare for equality as they are: constants, and columns of the database's own collation."""
        return all(isinstance(expr, Const | Param) or self._is_usual(expr) for expr in exprs)

    def _is_usual(self, expr: Expr) -> bool:
        if not isinstance(expr, Column):
            return False
        source: Source = self.source(expr)
        return source.stored and not source.native and not source.collated

    def between(self, args: Sequence[Expr]) -> Sql:
        return self._tested(super().between(args), args)

    def in_values(self, expr: Op) -> Sql:
        return self._tested(Expressions.in_values(self, expr), expr.args if not self._plain(expr.args) else ())

    def _tested(self, test: Sql, texts: Sequence[Expr]) -> Sql:
        """texts: compared by code point, where it is texts that are."""
        if texts and texts[0].type.name == "text":
            test.set("this", self.by_code_point(test.this))
        return self.evaluated_once(test)

    def in_query(self, expr: InQuery) -> Sql:
        result = super().in_query(expr)
        if expr.arg.type.name == "text":
            result.set("this", self.by_code_point(result.this))
        return result

    def in_list(self, expr: Op) -> Sql:
        arg, items = expr.args
        item = items.type.item
        if item is None or item.name not in SCALARS:
            raise self.unsupported(f"`in` a {items.type.not_null()}")
        value = self.value(arg)
        if arg.type.name == "text" and not self._plain([arg]):
            value = self.by_code_point(value)
        return FilledTemplate(this="(:a = ANY(:b))", expressions=[value, self.value(items)])

    def ordered(self, key: Order) -> exp.Ordered:
        result = super().ordered(key)
        if key.expr.type.name == "text":
            result.set("this", self.by_code_point(result.this))
        return result

    # ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────

    def finite(self, sql: Sql) -> Sql:
        return sql

    def operation(self, expr: Op) -> Sql:
        if expr.op == "neg" and expr.type.name == "float":  # no negative zero
            with self._unplanned(expr):
                return exp.Sub(this=number(0), expression=wrapped(self.wide(expr.args[0])))
        with self._unplanned(expr):
            result = super().operation(expr)
        # numbers may have any number of digits there, and here 38
        return self.cast(result, expr.type) if expr.type.name == "decimal" else result

    def duration(self, op: str, a: Sql, b: Sql) -> Sql:
        return self.helper(f"duration_{op}", a, b)

    def duration_sum(self, total: Sql) -> Sql:
        return self.helper("duration_sum", total)

    def int_quotient(self, a: Sql, b: Sql) -> Sql:
        return self.helper("int_quotient", a, b)

    def float_remainder(self, a: Sql, b: Sql) -> Sql:
        raise self.unsupported("`%` of floats")

    def decimal_quotient(self, a: Sql, a_scale: int, b: Sql, b_scale: int, scale: int) -> Sql:
        digits = scale + _SPARE_DIGITS
        template = f"CAST(CAST(:a AS DECIMAL({DECIMAL_PRECISION + digits}, {digits})) / :b AS DECIMAL(38, {scale}))"
        return FilledTemplate(this=template, expressions=[a, b])

    def whole_quotient(self, a: Sql, a_scale: int, b: Sql, b_scale: int) -> Sql:
        return self.helper("whole_quotient", a, b)

    # ── functions, aggregates ──────────────────────────────────────────────────────────────────────────────────

    def called(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        if name == "null_if" and type_.name == "text":
            first, second = (self.coerced(arg, type_) for arg in args)
            return function("nullif", self.by_code_point(first), second)
        if name == "round" and type_.name == "decimal":
            return self.call_of(name, args, type_)
        return super().called(name, args, type_)

    def call_of(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        values = [self.by_code_point(self.value(arg)) if arg.type.name == "text" else self.wide(arg) for arg in args]
        if name in ("upper", "lower"):
            if self.casing:
                collation = exp.to_identifier(self.casing, quoted=True)
                values[0] = exp.Collate(this=wrapped(values[0].this), expression=collation)
            return function(name, values[0])
        template = self._template(name, args)
        result = self.fill_template(template, values)
        return self.cast(result, type_) if type_.name == "decimal" else result

    def _template(self, name: str, args: Sequence[Expr]) -> str:
        first = args[0].type
        kind = type_key(name, args)
        if kind == "list":
            item = first.item.name if first.item is not None else "any"
            if item not in SCALARS:
                raise self.unsupported(f"`{name}` of {first.not_null()}")
            found = (
                SQL_FUNCTIONS.get(f"{name} list<{item}>")
                or SQL_FUNCTIONS.get(f"{name} list")
                or SQL_FUNCTIONS.get(name)
            )
        else:
            found = SQL_FUNCTIONS.get(f"{name} {kind}") or SQL_FUNCTIONS.get(name)
        if found is None:
            raise self.unsupported(f"`{name}` of {kind}")
        if isinstance(found, str):
            return found
        return found[0] if len(args) < _most_arguments(found) else found[1]

    def extreme(self, name: str, args: Sequence[Expr], type_: Type) -> list[Sql]:
        values = super().extreme(name, args, type_)
        return [self.by_code_point(values[0]), *values[1:]] if type_.name == "text" else values

    def aggregated(self, name: str, arg: Expr, sql: Sql, type_: Type, over: Over) -> Sql:
        kind = arg.type.name
        if name in ("min", "max"):
            if kind == "text":
                return over(function(name, self.by_code_point(sql)))
            if kind == "bool":
                return over(function("bool_and" if name == "min" else "bool_or", sql))
        if name == "avg" and kind == "int":
            return self.cast(over(function("avg", sql)), type_)  # a numeric, rounded once
        result = super().aggregated(name, arg, sql, type_, over)
        return self.cast(result, type_) if name == "sum" and kind == "decimal" else result

    def window_call(self, expr: Window) -> Sql:
        if expr.name in ("lag", "lead") and len(expr.args) > 1:
            value, rows = (self.value(arg) for arg in expr.args)
            return function(expr.name, value, cast(rows, "INT"))
        return super().window_call(expr)


def _in_json(type_: Type) -> bool:
    """Whether a list is worked with as JSON, not as an array."""
    return type_.item is None or type_.item.name not in SCALARS


def _most_arguments(found: tuple[str, ...]) -> int:
    """How many arguments the longer form has."""
    return 3 if ":c" in found[1] else 2


def expressions_with(casing: str) -> type[PostgresExpressions]:
    """The writer for a database whose collation for upper and lower case is that."""
    return type("PostgresExpressions", (PostgresExpressions,), {"casing": casing})

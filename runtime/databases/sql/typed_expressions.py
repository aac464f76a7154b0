"""Query expressions → those of an engine with types of its own (DuckDB, PostgreSQL).

The working form of a type is the engine's own: BOOLEAN, BIGINT, DOUBLE, DECIMAL, text that compares by code point,
DATE, TIMESTAMP in UTC, JSON, a list of those; a duration is a BIGINT of microseconds. A column that the engine keeps as
something else (`native`) is converted where it is used. Every placeholder is cast to its type, so that the engine
guesses none. Helpers are SQL functions that the engine's module defines; they raise the language's errors.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar, Final

from sqlglot import exp

from runtime.databases.sql.expressions import PLAIN, WHOLE, Over, Source
from runtime.databases.sql.sql_nodes import FilledTemplate, Sql, cast, function, wrapped
from runtime.databases.sql.typed_arithmetic import TypedArithmetic, own_digits
from runtime.databases.sql.written_values import Spelling, reading
from runtime.errors import DatabaseError
from runtime.query.algebra import TAKE_JSON, Aggregate, Case, Expr, Func, Op, Order, Param, Window
from runtime.query.codecs import codec_name
from runtime.query.schema import Field
from runtime.values.constants import Const
from runtime.values.conversion import from_const, to_text
from runtime.values.forms import FORMED, find_form
from runtime.values.type_rules import NUMBERS
from runtime.values.types import BOOL, DECIMAL_PRECISION, DECIMAL_SCALE, INT, TEXT, Type, decimal_of, list_of

ROW_COUNT: Final = "c"  # the form of a limit: an int that is not negative
ONE_MICROSECOND: Final = timedelta(microseconds=1)


class TypedExpressions(TypedArithmetic):
    """What DuckDB and PostgreSQL share.

    functions: SQL function of each row of the function table. The key is the row's name, or the name and the type of
    its first argument (`int text`). The value is the engine's own function, or a helper in brackets (`[int_of_text]`).
    A query can't use a function without an entry. written: how the engine reads a text by a form.
    """

    updates_by_key = False
    engine: ClassVar[str]
    functions: ClassVar[dict[str, str]]
    written: ClassVar[Spelling]

    # ── hooks ──────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def sql_type(self, type_: Type) -> str:
        """The engine's type for the working form of one of ours."""

    @abstractmethod
    def from_native(self, sql: Sql, type_: Type, native: str) -> Sql:
        """A column of the engine's type `native` in the working form of ours."""

    @abstractmethod
    def stored(self, sql: Sql, field: Field) -> Sql:
        """A value in its working form as the column takes it."""

    def cast(self, sql: Sql, type_: Type) -> Sql:
        return cast(sql, self.sql_type(type_), self.dialect)

    # ── leaves ─────────────────────────────────────────────────────────────────────────────────────────────────

    def placeholder(self, bind: int, type_: Type) -> Sql:
        if type_.name == "null":
            return exp.Null()
        form = codec_name(type_)
        return self.cast(self.bind((bind, form), bind, form), type_)

    def const(self, value: Const, type_: Type) -> Sql:
        if value.value is None:
            return exp.Null() if type_.name == "null" else self.cast(exp.Null(), type_)
        known = from_const(value)
        if type_.name == "float":
            return self.cast(self.constant(float(known)), type_)
        if type_.name == "decimal":
            exact = Decimal(known).quantize(Decimal(1).scaleb(-type_.scale))
            digits = len(exact.as_tuple().digits)
            return self.cast(self.constant(to_text(exact)), decimal_of(max(digits, type_.scale + 1), type_.scale))
        if type_.name == "duration":
            return self.cast(self.constant(known // ONE_MICROSECOND), type_)
        if type_.name in ("date", "timestamp"):
            return self.cast(
                self.constant(str(known.replace(tzinfo=None) if type_.name == "timestamp" else known)), type_
            )
        return self.cast(self.constant(value.value), type_)

    def converted(self, sql: Sql, from_: Type, to: Type) -> Sql:
        before, after = codec_name(from_), codec_name(to)
        if before == after or before == "n" or after == "n":
            return sql
        return self.helper("json_of", sql) if after == "j" else self.cast(sql, to)

    def working_form(self, source: Source) -> Sql:
        sql = source.sql.copy()
        if source.native:
            return self.from_native(sql, source.type, source.native)
        return self.by_code_point(sql) if source.collated else sql

    def by_code_point(self, sql: Sql) -> Sql:
        """Text of a column that compares by a rule of its own."""
        return exp.Collate(this=sql, expression=exp.to_identifier("C", quoted=True))

    def output(self, expr: Expr, *, normalized: bool = False) -> tuple[Sql, str]:
        return self.value(expr), codec_name(expr.type)

    def stored_form(self, expr: Expr, field: Field) -> Sql:
        return self.stored(self.coerced(expr, field.type), field)

    def only_row(self, query: exp.Query, type_: Type) -> exp.Query:
        return query

    def row_count(self, expr: Expr) -> Sql:
        if isinstance(expr, Param):
            return self.cast(self.bind((expr.index, ROW_COUNT), expr.index, ROW_COUNT), INT)
        return self.value(expr)

    def inserted(self, fields: Sequence[Field]) -> exp.Expr:
        """One statement inserts any number of rows: each param is a list, one item a row."""
        columns = []
        for index, field in enumerate(fields):
            listed = self.placeholder(index, list_of(field.type))
            columns.append(self.stored(function("unnest", listed), field))
        return exp.Select(expressions=columns)

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, expr: Expr) -> Sql:
        match expr:
            case Op(op=name, args=args) | Func(name=name, args=args) | Window(name=name, args=args):
                given = args
            case Aggregate(name=name, arg=arg) if arg is not None:
                given = (arg,)
            case Case(branches=branches, otherwise=otherwise):
                name, given = "coalesce", tuple(then for _, then in branches) + ((otherwise,) if otherwise else ())
            case _:
                return super().value(expr)
        kinds = {arg.type.name for arg in given}
        if "any" in kinds and name not in TAKE_JSON and not (name == "coalesce" and kinds <= {"any", "null"}):
            raise self.unsupported_json()
        return super().value(expr)

    def unsupported_json(self) -> DatabaseError:
        return DatabaseError(
            "D0309",
            f"{self.engine} can't compare, sort or reckon with a value of JSON as the language means it",
            "int(…), decimal(…), text(…) and the like make a value of one type",
        )

    def ordered(self, key: Order) -> exp.Ordered:
        if key.expr.type.name == "any":
            raise self.unsupported_json()
        return super().ordered(key)

    def common_form(self, exprs: Sequence[Expr]) -> list[Sql] | None:
        kinds = {expr.type.name for expr in exprs} - {"null"}
        if len(kinds) <= 1 or kinds <= NUMBERS:
            return [self.value(expr) for expr in own_digits(exprs)]
        return None

    def compare_unlike(self, op: str, args: Sequence[Expr]) -> Sql:
        kinds = list(dict.fromkeys(str(arg.type.not_null()) for arg in args))
        raise self.unsupported(f"comparing {kinds[0]} with {kinds[-1]}")

    def in_values(self, expr: Op) -> Sql:
        return self.evaluated_once(super().in_values(expr))

    def evaluated_once(self, test: Sql) -> Sql:
        """A test of a value against several others, with the value evaluated once: the engine would otherwise evaluate
        it for each of them."""

        def body(values: Sequence[Sql]) -> Sql:
            test.set("this", wrapped(values[0]))
            return test

        return self.let([test.this], body)

    def in_list(self, expr: Op) -> Sql:
        arg, items = expr.args
        listed = exp.Select(expressions=[function("unnest", self.value(items))])
        found = exp.In(this=wrapped(self.value(arg)), query=exp.Subquery(this=listed))
        if not items.type.nullable:
            return found
        there = exp.Not(this=exp.Is(this=wrapped(self.value(items)), expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=there, true=found)])

    def text_test(self, op: str, args: Sequence[Expr]) -> Sql:
        return self.call_of(op, args, BOOL)

    # ── functions, aggregates ──────────────────────────────────────────────────────────────────────────────────

    def unsupported(self, what: str) -> DatabaseError:
        """D0309: the engine can't express something."""
        return DatabaseError(
            "D0309",
            f"{self.engine} can't say {what} in a query as the language means it",
            "a variable worked out beforehand, or a loop over the rows, can",
        )

    def called(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        if name in ("least", "greatest"):
            return self._extreme(name, args, type_)
        if name in ("coalesce", "null_if"):
            return function(name.replace("_", ""), *[self.coerced(arg, type_) for arg in args])
        if name == "concat":
            return self._joined(args)
        if name == "round" and args[0].type.name == "decimal" and (len(args) == 1 or isinstance(args[1], Const)):
            return self.cast(self.value(args[0]), decimal_of(DECIMAL_PRECISION, type_.scale))
        if name in FORMED and len(args) == 2:
            return self._read_by_form(name, args, type_)
        if name == "in_list":
            return self.in_list(Op("in_list", tuple(args), type_))
        return self.call_of(name, args, type_)

    def _read_by_form(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        form = find_form(str(args[1].value)) if isinstance(args[1], Const) else None
        if form is None or form.kind != name:
            raise self.unsupported(f"`{name}` by a form that is not written out")
        read = reading(form, self.written)

        def value(text: Sql) -> Sql:
            parts = [FilledTemplate(this=part, expressions=[text]) for part in read.parts]
            return self.let([text, *parts], lambda args: FilledTemplate(this=read.value, expressions=list(args)))

        made = self.let([self.value(args[0])], lambda texts: value(texts[0]))
        return self.cast(made, type_) if type_.name == "decimal" else made

    def call_of(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        """What the table of the engine says for the function."""
        kind = type_key(name, args)
        found = self.functions.get(f"{name} {kind}") or self.functions.get(name)
        if found is None:
            raise self.unsupported(f"`{name}` of {kind}" if kind else f"`{name}`")
        values = [self.wide(arg) for arg in args]
        result = self.helper(found[1:-1], *values) if found[0] == "[" else function(found, *values)
        return self.cast(result, type_) if type_.name == "decimal" or name == "sum_of" else result

    def _extreme(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        """least or greatest, null when an argument is (which the engine would leave out)."""
        doubtful = [number for number, arg in enumerate(args) if arg.type.nullable]

        def body(values: Sequence[Sql]) -> Sql:
            call = function(name, *values)
            if not doubtful:
                return call
            tests: list[Sql] = [exp.Is(this=wrapped(values[at].copy()), expression=exp.Null()) for at in doubtful]
            test = tests[0]
            for other in tests[1:]:
                test = exp.Or(this=test, expression=other)
            return exp.Case(ifs=[exp.If(this=test, true=exp.Null())], default=call)

        return self.let(self.extreme(name, args, type_), body)

    def extreme(self, name: str, args: Sequence[Expr], type_: Type) -> list[Sql]:
        """The arguments of least or greatest."""
        return [self.coerced(arg, type_) for arg in args]

    def _joined(self, args: Sequence[Expr]) -> Sql:
        parts = [self._shown(arg) for arg in args]
        result = parts[0]
        for part in parts[1:]:
            result = exp.DPipe(this=result, expression=part, safe=True)
        return result

    def _shown(self, expr: Expr) -> Sql:
        """A value as text, null as `null`."""
        if expr.type.name == "null":
            return self.const(Const("null", TEXT), TEXT)
        sql = self.value(expr) if expr.type.name == "text" else self.call_of("text", (expr,), TEXT)
        return function("coalesce", sql, self.const(Const("null", TEXT), TEXT)) if expr.type.nullable else wrapped(sql)

    def aggregated(self, name: str, arg: Expr, sql: Sql, type_: Type, over: Over) -> Sql:
        kind = arg.type.name
        if name == "avg" and kind == "decimal":
            total, count = over(function("sum", sql)), over(function("count", sql.copy()))
            return self.decimal_quotient(total, arg.type.scale, count, 0, type_.scale)
        if name in ("min", "max") and kind not in PLAIN | NUMBERS:
            raise self.unsupported(f"`{name}` of {kind}")
        result = over(function(name, sql))
        if name == "sum" and kind == "duration":
            return self.duration_sum(result)
        if name == "sum" and kind == "int":
            return self.cast(result, type_)
        if name == "avg" and kind == "int":
            return self.cast(result, type_)
        if name in ("sum", "avg") and kind == "float":
            return self.finite(result)
        return self.converted(result, arg.type, type_) if kind in WHOLE and name == "sum" else result


def type_key(name: str, args: Sequence[Expr]) -> str:
    """The first argument's type as a key of an engine's function table. `text` of a decimal has two keys: plain
    `decimal` is written without trailing zeros."""
    if not args:
        return ""
    first = args[0].type
    plain = name == "text" and first.name == "decimal" and first.scale == DECIMAL_SCALE
    return "plain decimal" if plain else first.name

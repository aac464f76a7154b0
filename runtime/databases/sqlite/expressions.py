"""Query expressions → SQLite's, meaning exactly what runtime/values/operators.py and functions.py say.

An expression is written in its working form (runtime/query/codecs.py): a decimal as a whole number of units of its
last digit, so that adding, multiplying and comparing decimals is exact. Where SQLite by itself means the same, the SQL
says it; else it calls `sop_call`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.generators.sqlite import SQLiteGenerator

from runtime.databases.sql.expressions import LISTED, PLAIN, WHOLE, Over, Source, check_function
from runtime.databases.sql.sql_nodes import Sql, case, cast, divided, function, identifier, number, wrapped
from runtime.databases.sqlite.arithmetic import Arithmetic, Leaf, is_arithmetic, is_small
from runtime.databases.sqlite.codecs import GLOB, LONGEST_PATTERN, encoder, glob_pattern
from runtime.databases.sqlite.errors import is_too_deep
from runtime.databases.sqlite.functions import SQL_FUNCTIONS, SQL_NAME
from runtime.query.algebra import Case, Column, Expr, Func, Op, Param
from runtime.query.codecs import codec_name
from runtime.query.schema import Field
from runtime.values.constants import Const
from runtime.values.conversion import from_const
from runtime.values.type_rules import NUMBERS
from runtime.values.types import BOOL, NULL, Type

_SHALLOW: Final = 300  # a text so short has no room to nest deeply
MAX_ARGUMENTS: Final = 120  # of a call: SQLite takes 127


class _SQLite(SQLite):
    """SQLite with numbered placeholders: ?1, ?2, …"""

    class Generator(SQLiteGenerator):
        PARAMETER_TOKEN = "?"


class SQLiteExpressions(Arithmetic):
    """See runtime/databases/sql/expressions.py."""

    dialect = _SQLite
    updates_by_key = True
    deepest: ClassVar[int] = 1000
    """Levels of operators and functions written as SQL; one callback into Python evaluates what is below."""
    _level = 0

    @classmethod
    def attempts(cls) -> Iterator[type[SQLiteExpressions]]:
        yield cls
        for deepest in (8, 4, 2, 1, 0):
            yield type(cls.__name__, (cls,), {"deepest": deepest})

    @classmethod
    def has_room(cls, sql: str) -> bool:
        """SQLite's parser has a stack of 100 entries in most builds; this process's own is asked."""
        if len(sql) < _SHALLOW:
            return True
        connection = sqlite3.connect(":memory:")
        try:
            connection.execute(f"EXPLAIN {sql}")
        except sqlite3.Error as error:
            return not is_too_deep(error)  # a store that is missing there is looked for once it has been parsed
        finally:
            connection.close()
        return True

    def value(self, expr: Expr) -> Sql:
        if self._level >= self.deepest and isinstance(expr, Op | Func | Case) and not is_small(expr):
            return self.program(expr)
        return self._in_sql(expr)

    def _in_sql(self, expr: Expr) -> Sql:
        """In SQL, at least this operator."""
        self._level += 1
        try:
            return super().value(expr)
        finally:
            self._level -= 1

    # ── leaves ─────────────────────────────────────────────────────────────────────────────────────────────────

    def placeholder(self, bind: int, type_: Type, *, stored: bool = False) -> Sql:
        """stored: as a column of the type holds it."""
        form = codec_name(type_, stored=stored)
        return self.bind((bind, form), bind, form)

    def const(self, value: Const, type_: Type) -> Sql:
        return self.constant(encoder(codec_name(type_))(from_const(value)))

    def converted(self, sql: Sql, from_: Type, to: Type) -> Sql:
        before, after = codec_name(from_), codec_name(to)
        if before == after or "n" in (before, after) or (after == "j" and before in ("i", "f")):
            return sql
        if (before, after) == ("i", "f"):
            return cast(sql, "REAL")
        return self.call("same", [sql], [before], after)

    def call(self, name: str, args: Sequence[Sql], forms: Sequence[str], result: str) -> Sql:
        """The call back into Python."""
        spec = exp.Literal.string(f"{name}:{','.join(forms)}>{result}")
        return function(SQL_NAME, spec, *args)

    def program(self, expr: Expr, leaf: Leaf | None = None, leaves: dict[Expr, Sql] | None = None) -> Sql:
        given: dict[Expr, int] = {}
        tree = self._tree(expr, expr.type, given, leaves or {})
        if isinstance(tree, int) or len(given) > MAX_ARGUMENTS:
            return self._in_sql(expr)  # its operands are programs of their own
        sqls = [leaf(each) if leaf is not None and leaves and each in leaves else self._in_sql(each) for each in given]
        if all(isinstance(each, int) for each in tree[1:]) and ":" in tree[0]:
            name, _, forms = tree[0].partition(":")
            arguments, _, result = forms.partition(">")
            return self.call(name, [sqls[each] for each in tree[1:]], arguments.split(","), result)
        return function(SQL_NAME, exp.Literal.string(json.dumps(tree, separators=(",", ":"))), *sqls)

    def _tree(self, expr: Expr, type_: Type, given: dict[Expr, int], leaves: Collection[Expr]) -> Any:
        """The expression as a program that gives a value of the type. given: its arguments; more are added."""
        if codec_name(expr.type) != codec_name(type_) and expr.type.name != "null":
            return [f"same:{codec_name(expr.type)}>{codec_name(type_)}", self._tree(expr, expr.type, given, leaves)]

        def parts(exprs: Sequence[Expr], wanted: Type | None = None) -> list[Any]:
            return [self._tree(each, wanted or each.type, given, leaves) for each in exprs]

        if isinstance(expr, Func):
            check_function(expr)
        if expr in leaves:
            return given.setdefault(expr, len(given))
        match expr:
            case Op(op=("and" | "or") as op, args=args):
                return [op, *parts(args)]
            case Func(name="coalesce", args=args):
                return ["coalesce", *parts(args, type_)]
            case Func(name=("least" | "greatest" | "null_if") as name, args=args):
                return [_named(name, [type_] * len(args), type_), *parts(args, type_)]
            case Op(op=name, args=args) | Func(name=name, args=args) if name != "in_list":
                return [_named(name, [arg.type for arg in args], type_), *parts(args)]
            case Case():
                branches = [
                    part for when, then in expr.branches for part in (parts([when])[0], parts([then], type_)[0])
                ]
                otherwise = expr.otherwise if expr.otherwise is not None else Const(None, NULL)
                return ["case", *branches, *parts([otherwise], type_)]
            case _:
                return given.setdefault(expr, len(given))

    def python_call(self, name: str, args: Sequence[Expr], result: Type) -> Sql:
        return self.call(
            name, [self.value(arg) for arg in args], [codec_name(arg.type) for arg in args], codec_name(result)
        )

    def working_form(self, source: Source) -> Sql:
        sql, type_ = source.sql.copy(), source.type
        if type_.name == "decimal":
            units = exp.Mul(this=sql, expression=number(10**type_.scale)) if type_.scale else sql
            return cast(function("round", units), "INTEGER")
        if type_.name == "timestamp":
            # `2026-01-31 10:00:00` compares as it is; other ways to write it have to be made alike first
            usual = exp.and_(
                exp.EQ(this=function("length", sql), expression=number(19)),
                exp.EQ(this=function("substr", sql.copy(), number(11), number(1)), expression=exp.Literal.string(" ")),
            )
            return case(usual, sql.copy(), self.call("same", [sql.copy()], ["T"], "T"))
        if source.collated:
            return exp.Collate(this=sql, expression=exp.Var(this="BINARY"))
        return sql

    def output(self, expr: Expr, *, normalized: bool = False) -> tuple[Sql, str]:
        """Stored values are read as they are, so that a wrong one is found."""
        if isinstance(expr, Column) and not normalized:
            source = self.source(expr)
            if source.stored:
                return source.sql.copy(), codec_name(expr.type, stored=True)
        return self.value(expr), codec_name(expr.type)

    def stored_form(self, expr: Expr, field: Field) -> Sql:
        type_ = field.type
        if isinstance(expr, Param) and codec_name(expr.type) == codec_name(type_):
            return self.placeholder(expr.index, type_, stored=True)
        if isinstance(expr, Const):
            return self.constant(encoder(codec_name(type_, stored=True))(from_const(expr)))
        sql = self.coerced(expr, type_)
        held = isinstance(expr, Column) and self.source(expr).stored
        if type_.name == "decimal" or (type_.name == "any" and not held):
            return self.call("same", [sql], [codec_name(type_)], codec_name(type_, stored=True))
        return sql

    def inserted(self, fields: Sequence[Field]) -> exp.Expr:
        values = [self.placeholder(index, field.type, stored=True) for index, field in enumerate(fields)]
        return exp.Values(expressions=[exp.Tuple(expressions=values)])

    def only_row(self, query: exp.Query, type_: Type) -> exp.Query:
        # SQLite would take the first row of many without a word
        value = exp.column(query.named_selects[0], quoted=True)
        many = exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))
        raised = self.call("several_rows", [], [], "n")
        checked = exp.Case(ifs=[exp.If(this=many, true=raised)], default=function("max", value))
        inner = exp.Subquery(this=query.limit(2) if query.args.get("limit") is None else query)
        return exp.Select(expressions=[checked]).from_(inner)

    def row_count(self, expr: Expr) -> Sql:
        if isinstance(expr, Const) and isinstance(expr.value, int) and expr.value >= 0:
            return self.constant(expr.value)
        return self.call("row_count", [self.value(expr)], ["i"], "i")

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────────────

    def common_form(self, exprs: Sequence[Expr]) -> list[Sql] | None:
        """Decimals are brought to the largest scale; where that overflows, SQLite compares the REAL it gets rightly,
        since that is then larger than any INTEGER."""
        names = {expr.type.name for expr in exprs} - {"null"}
        if (len(names) <= 1 and names <= PLAIN | {"int", "float"}) or names == {"int", "float"}:
            return [self.value(expr) for expr in exprs]
        if not names <= WHOLE:
            return None
        scale = max(expr.type.scale for expr in exprs)
        return [self._scaled(expr, scale) for expr in exprs]

    def _scaled(self, expr: Expr, scale: int) -> Sql:
        """A number in units of 10^-scale, unchecked."""
        missing = scale - expr.type.scale
        if isinstance(expr, Const):
            return self.const(expr, Type("decimal", scale=scale))
        sql = self.value(expr)
        return exp.Mul(this=wrapped(sql), expression=number(10**missing)) if missing else sql

    def compare_unlike(self, op: str, args: Sequence[Expr]) -> Sql:
        return self.python_call(op, args, BOOL)

    def in_list(self, expr: Op) -> Sql:
        arg, items = expr.args
        item = items.type.item
        if not isinstance(items, Param) or item is None or (arg.type.name, item.name) not in LISTED:
            return self.python_call("in_list", expr.args, BOOL)
        scale = max(arg.type.scale, item.scale)
        listed: Sql = exp.column("value", quoted=True)
        if scale > item.scale:
            listed = exp.Mul(this=listed, expression=number(10 ** (scale - item.scale)))
        # in `temp`, where no table of that name can be
        parts = exp.Table(this=function("json_each", self.value(items)), db=identifier("temp"))
        values = exp.select(listed).from_(parts)
        sql = self._scaled(arg, scale) if arg.type.name in WHOLE else self.value(arg)
        found = exp.In(this=wrapped(sql), query=exp.Subquery(this=values))
        if not items.type.nullable:
            return found
        there = exp.Not(this=exp.Is(this=self.value(items), expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=there, true=found)])

    def text_test(self, op: str, args: Sequence[Expr]) -> Sql:
        """SQLite's own LIKE minds no case, so a known pattern becomes a GLOB."""
        text, part = args
        known = part.value if isinstance(part, Const) else None
        if op == "contains":
            return exp.GT(this=function("instr", self.value(text), self.value(part)), expression=number(0))
        if isinstance(part, Param) and is_small(text):
            return self._text_test_with(op, self.value(text), part)
        if isinstance(known, str) and "\0" not in known:
            if op == "like" and len(known) < LONGEST_PATTERN:
                return exp.Glob(this=wrapped(self.value(text)), expression=self.constant(glob_pattern(known)))
            size = len(known)
            if op == "starts_with" and size:
                start = function("substr", self.value(text), number(1), number(size))
                return exp.EQ(this=start, expression=self.value(part))
            if op == "ends_with" and size:
                end = function("substr", self.value(text), exp.Neg(this=number(size)))
                return exp.EQ(this=end, expression=self.value(part))
        return self.python_call(op, args, BOOL)

    def _text_test_with(self, op: str, text: Sql, part: Param) -> Sql:
        """A text test by a text that is known only when the statement runs."""
        given = self.placeholder(part.index, part.type)
        size = function("length", given.copy())
        if op == "starts_with":
            return exp.EQ(this=function("substr", text, number(1), size), expression=given)
        if op == "ends_with":
            before = exp.Sub(this=function("length", text.copy()), expression=size)
            end = function("substr", text, exp.Add(this=before, expression=number(1)))
            return exp.EQ(this=end, expression=given)
        pattern = self.bind((part.index, GLOB), part.index, GLOB)
        short = exp.LT(this=size, expression=number(LONGEST_PATTERN))
        called = self.call("like", [text.copy(), given.copy()], ["t", "t"], "b")
        return case(short, exp.Glob(this=wrapped(text), expression=pattern), called)

    # ── functions, aggregates ──────────────────────────────────────────────────────────────────────────────────

    def called(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        if name in ("left", "right", "substring") and (part := self._part(name, args)) is not None:
            return part
        if name in ("lower", "upper") and args[0].type.name == "text" and is_small(args[0]):
            return self._in_case(name, args, type_)
        sql = SQL_FUNCTIONS.get(name)
        if name in ("least", "greatest", "coalesce", "null_if"):
            if sql is not None and type_.name in PLAIN | NUMBERS:
                return function(sql, *[self.coerced(arg, type_) for arg in args])
        elif sql is not None and not any(arg.type.name in ("any", "list", "record", "null") for arg in args):
            return function(sql, *[self.value(arg) for arg in args])
        return self.python_call(name, args, type_)

    def _in_case(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        """SQLite's own function knows the letters of ASCII. A text with other ones is longer in bytes than in letters,
        and so is one with a zero character, where SQLite stops to count."""
        text = self.value(args[0])
        longer = exp.GT(this=function("length", cast(text.copy(), "BLOB")), expression=function("length", text.copy()))
        blob = exp.EQ(this=function("typeof", text.copy()), expression=exp.Literal.string("blob"))
        return case(exp.Or(this=blob, expression=longer), self.python_call(name, args, type_), function(name, text))

    def _part(self, name: str, args: Sequence[Expr]) -> Sql | None:
        """A part of a text at known places."""
        places = [arg.value for arg in args[1:] if isinstance(arg, Const) and isinstance(arg.value, int)]
        if len(places) < len(args) - 1 or any(not (name != "left") <= place < 2**31 for place in places):
            return None
        places = [1, *places] if name == "left" else [-places[0]] if name == "right" else places
        return function("substr", self.value(args[0]), *[number(place) for place in places])

    def aggregated(self, name: str, arg: Expr, sql: Sql, type_: Type, over: Over) -> Sql:
        if name == "avg" and arg.type.name == "decimal":
            parts = [over(function("sum", sql)), over(function("count", sql.copy()))]
            return self.call("div", parts, [codec_name(arg.type), "i"], codec_name(type_))
        if name == "avg" and arg.type.name == "int":
            return self._average(sql, over)
        if name == "sum" and arg.type.name == "duration" and not isinstance(sql, exp.Distinct):
            return self.call("duration_sum", self._halves(sql, over), ["i", "i"], "u")
        if name != "sum":
            return over(function(name, sql))
        total = self.checked_sum(arg, over) if is_arithmetic(arg) and not isinstance(sql, exp.Distinct) else None
        return self.converted(total or over(function(name, sql)), arg.type, type_)

    def _average(self, sql: Sql, over: Over) -> Sql:
        """The average of ints. SQLite's own adds them up as floats, and its sum stops at 64 bits, which the sums of
        their halves don't reach."""
        count = over(function("count", sql.copy()))
        if isinstance(sql, exp.Distinct):
            return self.call("div", [over(function("sum", sql)), count], ["i", "i"], "f")
        return self.call("mean", [*self._halves(sql, over), count], ["i", "i", "i"], "f")

    def _halves(self, sql: Sql, over: Over) -> list[Sql]:
        """The sums of the upper and of the lower 32 bits of ints."""
        half = number(2**32)
        upper = over(function("sum", divided(wrapped(sql.copy()), half)))
        lower = over(function("sum", exp.Mod(this=wrapped(sql.copy()), expression=half.copy())))
        return [upper, lower]


def _named(name: str, arguments: Sequence[Type], result: Type) -> str:
    """The spec of a callback: an operator or function with the codecs of its arguments and result."""
    return f"{name}:{','.join(map(codec_name, arguments))}>{codec_name(result)}"

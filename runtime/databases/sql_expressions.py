"""Query expressions → sqlglot expressions for SQLite, meaning exactly what runtime/values.py and functions.py say.

An expression is written in its *working* form (runtime/databases/forms.py): a decimal as a whole number of units of
its last digit, so that adding, multiplying and comparing decimals is exact. Where SQLite by itself means the same, the
SQL says it; else it calls `sop_call`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlglot import exp

from runtime.databases.forms import encoder, form_of
from runtime.databases.query import (
    Aggregate,
    Case,
    Column,
    Const,
    Exists,
    Expr,
    Func,
    InQuery,
    Op,
    Order,
    Param,
    Relation,
    Scalar,
    Window,
)
from runtime.databases.sql_arithmetic import WHOLE, Arithmetic
from runtime.databases.sql_pieces import Sql, case, divided, function, glob_pattern, number, template, wrapped
from runtime.databases.sqlite_functions import SQL_NAME
from runtime.errors import DatabaseError
from runtime.functions import FUNCTIONS
from runtime.types import BOOL, MAX_SCALE, Type
from runtime.values import from_const

_COMPARISONS: Final[dict[str, type[exp.Binary]]] = {
    "eq": exp.EQ,
    "ne": exp.NEQ,
    "lt": exp.LT,
    "le": exp.LTE,
    "gt": exp.GT,
    "ge": exp.GTE,
}
_NUMBERS: Final = frozenset({"int", "decimal", "float"})
_PLAIN: Final = frozenset({"bool", "text", "date", "timestamp", "duration"})


class Source(NamedTuple):
    """What a column stands for where it is visible. stored: in the form of the table, not yet the working form.
    computed: worked out in the SELECT that shows it. collated: see runtime/databases/schema.py."""

    sql: Sql
    type: Type
    stored: bool = False
    computed: bool = False
    collated: bool = False


Scope = dict[tuple[int, str], Source]


class Expressions(Arithmetic):
    """Writes expressions for one statement and collects what its placeholders are bound to."""

    def __init__(
        self,
        single: Callable[[Relation], exp.Query],
        scalar: Callable[[Relation], exp.Query],
        exists: Callable[[Relation], exp.Query],
    ) -> None:
        """single, scalar, exists: write the sub-query of `in`, of brackets, and of `exists`."""
        super().__init__()
        self._single = single
        self._scalar = scalar
        self._exists = exists
        self._scopes: list[Scope] = []
        self.binds: list[int] = []
        self.forms: list[str] = []
        self.constants: list[bool | int | float | str | None] = []
        self._placeholders: dict[tuple[object, ...], int] = {}

    @contextmanager
    def seeing(self, columns: Scope) -> Iterator[None]:
        """Within, these columns are visible besides those of the queries around."""
        self._scopes.append(columns)
        try:
            yield
        finally:
            self._scopes.pop()

    # ── leaves ─────────────────────────────────────────────────────────────────────────────────────────────────

    def placeholder(self, bind: int, form: str) -> Sql:
        """The param with that index, written in that form."""
        return self._bind((bind, form), bind, form)

    def constant(self, value: bool | int | float | str | None) -> Sql:
        """A placeholder for a constant that is ready for the database."""
        key = ("constant", type(value), value)
        if key not in self._placeholders:
            self.constants.append(value)
        return self._bind(key, -len(self.constants), "")

    def _bind(self, key: tuple[object, ...], bind: int, form: str) -> Sql:
        place = self._placeholders.get(key)
        if place is None:
            self.binds.append(bind)
            self.forms.append(form)
            place = self._placeholders[key] = len(self.binds)
        return exp.Parameter(this=number(place))

    def const(self, value: Const, type_: Type) -> Sql:
        """The constant as one of another type that it widens to."""
        return self.constant(encoder(form_of(type_))(from_const(value)))

    def source(self, column: Column) -> Source:
        for scope in reversed(self._scopes):
            found = scope.get((column.relation, column.name))
            if found is not None:
                return found
        raise DatabaseError(
            "D0201", f"the field `{column.name}` is not there", "the database changed: compile the script again"
        )

    # ── any expression ─────────────────────────────────────────────────────────────────────────────────────────

    def value(self, expr: Expr) -> Sql:
        """The expression in its working form."""
        match expr:
            case Const():
                return self.const(expr, expr.type)
            case Param():
                return self.placeholder(expr.index, form_of(expr.type))
            case Column():
                return self._column(expr)
            case Op():
                return self._operator(expr)
            case Func():
                return self._function(expr)
            case Case():
                return exp.Case(
                    ifs=[
                        exp.If(this=self.value(when), true=self.coerced(then, expr.type))
                        for when, then in expr.branches
                    ],
                    default=self.coerced(expr.otherwise, expr.type) if expr.otherwise is not None else None,
                )
            case Aggregate():
                return self._aggregate(expr.name, () if expr.arg is None else (expr.arg,), expr.distinct, expr.type)
            case Window():
                return self._window(expr)
            case Exists():
                return exp.Exists(this=self._exists(expr.relation))
            case InQuery():
                return self._in_query(expr)
            case Scalar():
                return exp.Subquery(this=self._scalar(expr.relation))

    def coerced(self, expr: Expr, type_: Type) -> Sql:
        """The expression in the working form of a type it widens to."""
        if isinstance(expr, Const):
            return self.const(expr, type_)
        return self.converted(self.value(expr), expr.type, type_)

    def converted(self, sql: Sql, from_: Type, to: Type) -> Sql:
        """SQL in one type's working form → in another's that it widens to."""
        before, after = form_of(from_), form_of(to)
        if before == after or "n" in (before, after) or "j" in (before, after):
            return sql
        if (before, after) == ("i", "f"):
            return exp.Cast(this=sql, to=exp.DataType.build("REAL"))
        return self.call("same", [sql], [before], after)

    def call(self, name: str, args: Sequence[Sql], forms: Sequence[str], result: str) -> Sql:
        """The call back into Python."""
        spec = exp.Literal.string(f"{name}:{','.join(forms)}>{result}")
        return function(SQL_NAME, spec, *args)

    def called(self, name: str, args: Sequence[Expr], result: Type) -> Sql:
        return self.call(name, [self.value(arg) for arg in args], [form_of(arg.type) for arg in args], form_of(result))

    def _column(self, column: Column) -> Sql:
        source = self.source(column)
        sql = source.sql.copy()
        return self.working(sql, source.type, collated=source.collated) if source.stored else sql

    def working(self, sql: Sql, type_: Type, *, collated: bool = False) -> Sql:
        """A stored value in its working form."""
        if type_.name == "decimal":
            units = exp.Mul(this=sql, expression=number(10**type_.scale)) if type_.scale else sql
            return exp.Cast(this=function("round", units), to=exp.DataType.build("INTEGER"))
        if type_.name == "timestamp":
            # `2026-01-31 10:00:00` compares as it is; other ways to write it have to be made alike first
            usual = exp.and_(
                exp.EQ(this=function("length", sql), expression=number(19)),
                exp.EQ(this=function("substr", sql.copy(), number(11), number(1)), expression=exp.Literal.string(" ")),
            )
            return case(usual, sql.copy(), self.call("same", [sql.copy()], ["T"], "T"))
        if collated:
            return exp.Collate(this=sql, expression=exp.Var(this="BINARY"))
        return sql

    def output(self, expr: Expr, *, normalized: bool = False) -> Sql:
        """The expression as the rows of the outermost SELECT hold it: decimals as REAL. normalized: equal values are
        to be equal in SQL too."""
        if isinstance(expr, Column) and not normalized:
            source = self.source(expr)
            if source.stored:
                return source.sql.copy()
        sql = self.value(expr)
        if expr.type.name == "decimal" and expr.type.scale:
            return divided(wrapped(sql), exp.Literal.number(f"{10**expr.type.scale}.0"))
        return sql

    def written(self, expr: Expr, type_: Type) -> Sql:
        """The expression as a column of the type stores it."""
        if isinstance(expr, Param) and form_of(expr.type) == form_of(type_):
            return self.placeholder(expr.index, form_of(type_, stored=True))
        if isinstance(expr, Const):
            return self.constant(encoder(form_of(type_, stored=True))(from_const(expr)))
        sql = self.coerced(expr, type_)
        if type_.name == "decimal":
            return self.call("same", [sql], [form_of(type_)], form_of(type_, stored=True))
        return sql

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────────────

    def _operator(self, expr: Op) -> Sql:
        op, args = expr.op, expr.args
        if op in ("and", "or"):
            connector = exp.And if op == "and" else exp.Or
            result = self._operand(args[0], connector)
            for arg in args[1:]:
                result = connector(this=result, expression=self._operand(arg, connector))
            return result
        if op == "not":
            return exp.Not(this=wrapped(self.value(args[0])))
        if op in ("is_null", "is_not_null"):
            test = exp.Is(this=wrapped(self._raw(args[0])), expression=exp.Null())
            return test if op == "is_null" else exp.Not(this=test)
        if op in _COMPARISONS:
            return self._compare(op, args[0], args[1])
        if op == "between":
            return exp.And(this=self._compare("ge", args[0], args[1]), expression=self._compare("le", args[0], args[2]))
        if op == "in":
            return self._in(expr)
        if op == "in_list":
            return self._in_list(expr)
        if op in ("like", "contains", "starts_with", "ends_with"):
            return self._text_test(op, args)
        if op in ("add", "sub", "mul", "div", "intdiv", "mod", "neg"):
            return self.arithmetic(expr)
        raise DatabaseError("D0308", f"the operator `{op}` is not known")

    def _operand(self, arg: Expr, connector: type[exp.Connector]) -> Sql:
        sql = self.value(arg)
        return sql if type(sql) is connector else wrapped(sql) if isinstance(sql, exp.Connector) else sql

    def _raw(self, expr: Expr) -> Sql:
        """The expression where only whether it is null matters."""
        return self.output(expr) if isinstance(expr, Column) else self.value(expr)

    def _compare(self, op: str, a: Expr, b: Expr) -> Sql:
        alike = self._alike([a, b])
        if alike is None:
            return self.called(op, (a, b), BOOL)
        return _COMPARISONS[op](this=wrapped(alike[0]), expression=wrapped(alike[1]))

    def _alike(self, exprs: Sequence[Expr]) -> list[Sql] | None:
        """The expressions in one form in which SQLite compares them as the language does; None where there is none.

        Decimals are brought to the largest scale; where that overflows, SQLite compares the REAL it gets rightly,
        since that is then larger than any INTEGER."""
        names = {expr.type.name for expr in exprs} - {"null"}
        if (len(names) <= 1 and names <= _PLAIN | {"int", "float"}) or names == {"int", "float"}:
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

    def _in(self, expr: Op) -> Sql:
        alike = self._alike(expr.args)
        if alike is None:
            tests = [self._compare("eq", expr.args[0], item) for item in expr.args[1:]]
            result = tests[0]
            for test in tests[1:]:
                result = exp.Or(this=result, expression=test)
            return result
        return exp.In(this=wrapped(alike[0]), expressions=alike[1:])

    def _in_list(self, expr: Op) -> Sql:
        arg, items = expr.args
        item = items.type.item
        if not isinstance(items, Param) or item is None or (arg.type.name, item.name) not in _LISTED:
            return self.called("in_list", expr.args, BOOL)
        scale = max(arg.type.scale, item.scale)
        listed: Sql = exp.column("value", quoted=True)
        if scale > item.scale:
            listed = exp.Mul(this=listed, expression=number(10 ** (scale - item.scale)))
        values = exp.select(listed).from_(function("json_each", self.value(items)))
        sql = self._scaled(arg, scale) if arg.type.name in WHOLE else self.value(arg)
        return exp.In(this=wrapped(sql), query=exp.Subquery(this=values))

    def _in_query(self, expr: InQuery) -> Sql:
        query = self._single(expr.relation)
        inner = query.meta["types"][0]
        one, other = form_of(expr.arg.type), form_of(inner)
        if one == other or {one, other} == {"i", "f"} or "n" in (one, other):
            return exp.In(this=wrapped(self.value(expr.arg)), query=exp.Subquery(this=query))
        # different forms: bring both to the wider one
        wider = _wider(expr.arg.type, inner)
        name = query.named_selects[0]
        column = self.converted(exp.column(name, quoted=True), inner, wider)
        outer = exp.select(column).from_(exp.Subquery(this=query))
        return exp.In(this=wrapped(self.coerced(expr.arg, wider)), query=exp.Subquery(this=outer))

    def _text_test(self, op: str, args: Sequence[Expr]) -> Sql:
        """like and friends: SQLite's own LIKE minds no case, so a known pattern becomes a GLOB."""
        text, part = args
        known = part.value if isinstance(part, Const) else None
        if op == "contains":
            return exp.GT(this=function("instr", self.value(text), self.value(part)), expression=number(0))
        if isinstance(known, str) and "\0" not in known:
            if op == "like" and len(known) < 1000:
                return exp.Glob(this=wrapped(self.value(text)), expression=self.constant(glob_pattern(known)))
            size = len(known)
            if op == "starts_with" and size:
                start = function("substr", self.value(text), number(1), number(size))
                return exp.EQ(this=start, expression=self.value(part))
            if op == "ends_with" and size:
                end = function("substr", self.value(text), exp.Neg(this=number(size)))
                return exp.EQ(this=end, expression=self.value(part))
        return self.called(op, args, BOOL)

    # ── functions, aggregates, windows ─────────────────────────────────────────────────────────────────────────

    def _function(self, expr: Func) -> Sql:
        row = FUNCTIONS.get(expr.name)
        if row is None or row.python is None:
            raise DatabaseError("D0308", f"the function `{expr.name}` can't be used in a query")
        name, args = expr.name, expr.args
        if name == "text" and args[0].type.name == "text":
            return self.value(args[0])
        if name in ("contains", "starts_with", "ends_with", "like"):
            return self._text_test(name, args)
        if name in ("least", "greatest", "coalesce", "null_if") and expr.type.name in _PLAIN | _NUMBERS:
            if len(args) == 1:
                return self.coerced(args[0], expr.type)
            return template(row.sql or "", [self.coerced(arg, expr.type) for arg in args])
        if row.sql is not None and not any(arg.type.name in ("any", "list", "record", "null") for arg in args):
            return template(row.sql, [self.value(arg) for arg in args])
        return self.called(name, args, expr.type)

    def _aggregate(self, name: str, args: Sequence[Expr], distinct: bool, type_: Type) -> Sql:
        if name not in ("count", "sum", "avg", "min", "max"):
            raise DatabaseError("D0308", f"the aggregate `{name}` is not known")
        if not args:
            return exp.Count(this=exp.Star())
        arg = args[0]
        sql = self._raw(arg) if name == "count" and not distinct else self.value(arg)
        if distinct:
            sql = exp.Distinct(expressions=[sql])
        if name == "avg" and arg.type.name == "decimal":
            parts = [function("sum", sql), function("count", sql.copy())]
            return self.call("div", parts, [form_of(arg.type), "i"], form_of(type_))
        result = function(name, sql)
        return self.converted(result, arg.type, type_) if name == "sum" else result

    def _window(self, expr: Window) -> Sql:
        row = FUNCTIONS.get(expr.name)
        if row is None or row.kind == "scalar":
            raise DatabaseError("D0308", f"the window function `{expr.name}` is not known")
        partition = [self.value(key) for key in expr.partition]
        order = exp.Order(expressions=[self.ordered(key) for key in expr.order]) if expr.order else None
        if row.kind == "aggregate":
            if expr.name == "avg" and expr.args[0].type.name == "decimal":
                parts = [
                    exp.Window(this=function(name, self.value(expr.args[0])), partition_by=partition, order=order)
                    for name in ("sum", "count")
                ]
                return self.call("div", parts, [form_of(expr.args[0].type), "i"], form_of(expr.type))
            call = self._aggregate(expr.name, expr.args, False, expr.type)
        else:
            call = function(expr.name, *[self.value(arg) for arg in expr.args])
        frame = None
        if expr.name in ("first_value", "last_value"):
            frame = exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
            )
        return exp.Window(this=call, partition_by=partition, order=order, spec=frame)

    def ordered(self, key: Order) -> Sql:
        return exp.Ordered(
            this=self.value(key.expr),
            desc=key.descending,
            nulls_first=key.nulls_first if key.expr.type.nullable else not key.descending,
        )

    def row_count(self, expr: Expr) -> Sql:
        """A limit or offset, refused when negative."""
        if isinstance(expr, Const) and isinstance(expr.value, int) and expr.value >= 0:
            return self.constant(expr.value)
        return self.call("row_count", [self.value(expr)], ["i"], "i")


_LISTED: Final = frozenset({(name, name) for name in _PLAIN | WHOLE} | {("int", "decimal"), ("decimal", "int")})


def _wider(a: Type, b: Type) -> Type:
    """The type in which values of both can be compared."""
    if "float" in (a.name, b.name):
        return Type("float", nullable=True)
    if a.name in WHOLE and b.name in WHOLE:
        return Type("decimal", nullable=True, precision=38, scale=min(MAX_SCALE, max(a.scale, b.scale)))
    return a

"""Query expressions → sqlglot expressions: what every engine shares.

An expression is written in its engine's *working* form, in which equal values are equal and compare as the language
says: for SQLite see runtime/databases/sqlite/expressions.py, for engines with types of their own typed_expressions.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final, NamedTuple

from sqlglot import Dialect, exp

from runtime.databases.sql.sql_nodes import Sql, function, number, wrapped
from runtime.errors import DatabaseError
from runtime.query.algebra import (
    Aggregate,
    Case,
    Column,
    Exists,
    Expr,
    Func,
    Inline,
    InQuery,
    Op,
    Order,
    Param,
    Relation,
    Scalar,
    Window,
)
from runtime.query.codecs import codec_name
from runtime.query.schema import Field
from runtime.values.constants import Const
from runtime.values.functions import FUNCTIONS
from runtime.values.types import DECIMAL_PRECISION, Type

COMPARISONS: Final[dict[str, type[exp.Binary]]] = {
    "eq": exp.EQ,
    "ne": exp.NEQ,
    "lt": exp.LT,
    "le": exp.LTE,
    "gt": exp.GT,
    "ge": exp.GTE,
}
ARITHMETIC: Final = frozenset({"add", "sub", "mul", "div", "intdiv", "mod", "neg"})
PLAIN: Final = frozenset({"bool", "text", "date", "timestamp", "duration"})
WHOLE: Final = frozenset({"int", "decimal"})
LISTED: Final = frozenset({(name, name) for name in PLAIN | WHOLE} | {("int", "decimal"), ("decimal", "int")})


class Source(NamedTuple):
    """The SQL of a column where it is visible. stored: it has the form of the table, not yet the working form.
    computed: the SELECT that shows it computes it. collated, native: as `collated` and `stored` of a field in
    runtime/query/schema.py."""

    sql: Sql
    type: Type
    stored: bool = False
    computed: bool = False
    collated: bool = False
    native: str = ""


Scope = dict[tuple[int, str], Source]
Over = Callable[[Sql], Sql]


class Expressions(ABC):
    """Writes expressions for one statement and collects what its placeholders are bound to.

    dialect: how sqlglot writes the statement. updates_by_key: an UPDATE would let its sub-queries see rows that it has
    changed already, so new values have to be worked out beforehand.
    """

    dialect: ClassVar[type[Dialect]]
    updates_by_key: ClassVar[bool]

    def __init__(
        self,
        single: Callable[[Relation], exp.Query],
        scalar: Callable[[Relation], exp.Query],
        exists: Callable[[Relation], exp.Query],
    ) -> None:
        """single, scalar, exists: write the sub-query of `in`, of brackets, and of `exists`."""
        self._single = single
        self._scalar = scalar
        self._exists = exists
        self._scopes: list[Scope] = []
        self.binds: list[int] = []
        self.forms: list[str] = []
        self.constants: list[bool | int | float | str | None] = []
        self._placeholders: dict[tuple[object, ...], int] = {}

    @classmethod
    def attempts(cls) -> Iterator[type[Expressions]]:
        """Writers to try, until the engine has room for what one of them writes."""
        yield cls

    @classmethod
    def has_room(cls, sql: str) -> bool:
        """Whether the engine's parser takes a statement that nests so deeply."""
        return True

    @contextmanager
    def in_scope(self, columns: Scope) -> Iterator[None]:
        """Make these columns visible within the `with` block, beside those of the enclosing queries."""
        self._scopes.append(columns)
        try:
            yield
        finally:
            self._scopes.pop()

    # ── leaves ─────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def placeholder(self, bind: int, type_: Type) -> Sql:
        """The param with that index, as a value of the type in its working form."""

    @abstractmethod
    def const(self, value: Const, type_: Type) -> Sql:
        """The constant as one of another type that it widens to, in its working form."""

    def constant(self, value: bool | int | float | str | None) -> Sql:
        """A bare placeholder for a constant that is ready for the database."""
        key = ("constant", type(value), value)
        if key not in self._placeholders:
            self.constants.append(value)
        return self.bind(key, -len(self.constants), "")

    def bind(self, key: tuple[object, ...], bind: int, form: str) -> Sql:
        """A bare placeholder: the one that the key has already, or a new one."""
        place = self._placeholders.get(key)
        if place is None:
            self.binds.append(bind)
            self.forms.append(form)
            place = self._placeholders[key] = len(self.binds)
        return exp.Parameter(this=number(place))

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
                return self.placeholder(expr.index, expr.type)
            case Column():
                source = self.source(expr)
                return self.working_form(source) if source.stored else source.sql.copy()
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
                return self._aggregate(expr)
            case Window():
                return self._window(expr)
            case Exists():
                return exp.Exists(this=self._exists(expr.relation))
            case InQuery():
                return self.in_query(expr)
            case Scalar():
                return exp.Subquery(this=self._scalar(expr.relation))
            case Inline():
                raise DatabaseError(
                    "D0308", f"the value of `{expr.script}` can't be written in SQL"
                )  # linking would have

    def coerced(self, expr: Expr, type_: Type) -> Sql:
        """The expression in the working form of a type it widens to."""
        if isinstance(expr, Const):
            return self.const(expr, type_)
        return self.converted(self.value(expr), expr.type, type_)

    @abstractmethod
    def converted(self, sql: Sql, from_: Type, to: Type) -> Sql:
        """SQL in one type's working form → in another's that it widens to."""

    @abstractmethod
    def working_form(self, source: Source) -> Sql:
        """A stored column in its working form."""

    @abstractmethod
    def output(self, expr: Expr, *, normalized: bool = False) -> tuple[Sql, str]:
        """The expression as the rows of the outermost SELECT hold it, and the form that it has there. normalized: equal
        values are to be equal in SQL too."""

    def record_text(self, columns: Sequence[tuple[str, Sql, Type]]) -> Sql | None:
        """Columns (name, SQL as from `output`, type) as the JSON text of a record, exactly as the JSON writer would
        write it; None where the engine can't."""
        return None

    @abstractmethod
    def stored_form(self, expr: Expr, field: Field) -> Sql:
        """The expression as the column stores it."""

    @abstractmethod
    def inserted(self, fields: Sequence[Field]) -> exp.Expr:
        """The rows of an INSERT whose values are params: one row, or as many as the engine's module binds."""

    @abstractmethod
    def only_row(self, query: exp.Query, type_: Type) -> exp.Query:
        """A sub-query of one column that raises V0113 when it gives more than one row."""

    def filtered(self, condition: Sql, source: exp.Expr) -> Sql:
        """The condition for rows of a source as the engine is to be given it."""
        return condition

    @abstractmethod
    def row_count(self, expr: Expr) -> Sql:
        """A limit or offset; V0112 when it is negative or null."""

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def arithmetic(self, expr: Op) -> Sql: ...

    @abstractmethod
    def common_form(self, exprs: Sequence[Expr]) -> list[Sql] | None:
        """The expressions converted to one form, in which the engine compares as the language does; None if there is no
        such form."""

    @abstractmethod
    def compare_unlike(self, op: str, args: Sequence[Expr]) -> Sql:
        """A comparison (also `between` and `in`) of expressions without a common form."""

    @abstractmethod
    def in_list(self, expr: Op) -> Sql:
        """`x in` a list that is known only when the statement runs."""

    @abstractmethod
    def text_test(self, op: str, args: Sequence[Expr]) -> Sql:
        """like, contains, starts_with and ends_with, which mind case."""

    def _operator(self, expr: Op) -> Sql:
        op, args = expr.op, expr.args
        if op in ("and", "or"):
            connector = exp.And if op == "and" else exp.Or
            result = self._operand(args[0], connector)
            for arg in args[1:]:
                result = connector(this=result, expression=self._operand(arg, connector))
            return result
        if op == "not":
            return self.negated(self.value(args[0]))
        if op in ("is_null", "is_not_null"):
            test = exp.Is(this=wrapped(self.raw(args[0])), expression=exp.Null())
            return test if op == "is_null" else exp.Not(this=test)
        if op in COMPARISONS:
            return self.compare(op, args[0], args[1])
        if op == "between":
            return self.between(args)
        if op == "in":
            return self.in_values(expr)
        if op == "in_list":
            return self.in_list(expr)
        if op in ("like", "contains", "starts_with", "ends_with"):
            return self.text_test(op, args)
        if op in ARITHMETIC:
            return self.arithmetic(expr)
        if op == "field":
            return self.called(op, args, expr.type)
        raise DatabaseError("D0308", f"the operator `{op}` is not known")

    def negated(self, sql: Sql) -> Sql:
        """The opposite of a test."""
        return exp.Not(this=wrapped(sql))

    def _operand(self, arg: Expr, connector: type[exp.Connector]) -> Sql:
        sql = self.value(arg)
        return sql if type(sql) is connector else wrapped(sql) if isinstance(sql, exp.Connector) else sql

    def raw(self, expr: Expr) -> Sql:
        """The expression for a test on null, where its value does not matter."""
        return self.output(expr)[0] if isinstance(expr, Column) else self.value(expr)

    def compare(self, op: str, a: Expr, b: Expr) -> Sql:
        common_form = self.common_form([a, b])
        if common_form is None:
            return self.compare_unlike(op, [a, b])
        return COMPARISONS[op](this=wrapped(common_form[0]), expression=wrapped(common_form[1]))

    def between(self, args: Sequence[Expr]) -> Sql:
        common_form = self.common_form(args)
        if common_form is None:
            return self.compare_unlike("between", args)
        value, low, high = map(wrapped, common_form)
        if isinstance(low, exp.Collate):  # the grammar of PostgreSQL takes none before the AND
            low = exp.Paren(this=low)
        return exp.Between(this=value, low=low, high=high)

    def in_values(self, expr: Op) -> Sql:
        common_form = self.common_form(expr.args)
        if common_form is None:
            return self.compare_unlike("in", expr.args)
        return exp.In(this=wrapped(common_form[0]), expressions=common_form[1:])

    def in_query(self, expr: InQuery) -> Sql:
        query = self._single(expr.relation)
        inner = query.meta["types"][0]
        one, other = codec_name(expr.arg.type), codec_name(inner)
        if one == other or {one, other} == {"i", "f"} or "n" in (one, other):
            return exp.In(this=wrapped(self.value(expr.arg)), query=exp.Subquery(this=query))
        # different forms: bring both to the wider one
        wider = _wider(expr.arg.type, inner)
        name = query.named_selects[0]
        column = self.converted(exp.column(name, quoted=True), inner, wider)
        outer = exp.select(column).from_(exp.Subquery(this=query))
        return exp.In(this=wrapped(self.coerced(expr.arg, wider)), query=exp.Subquery(this=outer))

    # ── functions, aggregates, windows ─────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def called(self, name: str, args: Sequence[Expr], type_: Type) -> Sql:
        """A function of the function table, as a value of the type."""

    @abstractmethod
    def aggregated(self, name: str, arg: Expr, sql: Sql, type_: Type, over: Over) -> Sql:
        """An aggregate (sum, avg, …) as a value of the type; the argument is given as an expression and as SQL. over:
        turns the call into one over a window, for window functions."""

    def _function(self, expr: Func) -> Sql:
        check_function(expr)
        name, args = expr.name, expr.args
        if name == "text" and args[0].type.name == "text":
            return self.value(args[0])
        if name in ("contains", "starts_with", "ends_with", "like"):
            return self.text_test(name, args)
        if name in ("least", "greatest", "coalesce", "null_if") and len(args) == 1:
            return self.coerced(args[0], expr.type)
        return self.called(name, args, expr.type)

    def _aggregate(self, expr: Aggregate) -> Sql:
        args = () if expr.arg is None else (expr.arg,)
        return self._aggregate_over(expr.name, args, expr.distinct, expr.type, lambda sql: sql)

    def _aggregate_over(self, name: str, args: Sequence[Expr], distinct: bool, type_: Type, over: Over) -> Sql:
        if name not in ("count", "sum", "avg", "min", "max"):
            raise DatabaseError("D0308", f"the aggregate `{name}` is not known")
        if not args:
            return over(exp.Count(this=exp.Star()))
        arg = args[0]
        sql = self.raw(arg) if name == "count" and not distinct else self.value(arg)
        if distinct:
            sql = exp.Distinct(expressions=[sql])
        return over(function("count", sql)) if name == "count" else self.aggregated(name, arg, sql, type_, over)

    def _window(self, expr: Window) -> Sql:
        row = FUNCTIONS.get(expr.name)
        if row is None or row.kind == "scalar":
            raise DatabaseError("D0308", f"the window function `{expr.name}` is not known")
        partition = [self.value(key) for key in expr.partition]
        order = exp.Order(expressions=[self.ordered(key) for key in expr.order]) if expr.order else None
        frame = None
        if expr.name in ("first_value", "last_value"):
            frame = exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
            )

        def over(call: Sql) -> Sql:
            return exp.Window(this=call, partition_by=partition, order=order, spec=frame)

        if row.kind == "aggregate":
            return self._aggregate_over(expr.name, expr.args, False, expr.type, over)
        return over(self.window_call(expr))

    def window_call(self, expr: Window) -> Sql:
        """A function of windows alone, without its window."""
        return function(expr.name, *[self.value(arg) for arg in expr.args])

    def ordered(self, key: Order) -> exp.Ordered:
        # a key that can't be null needs no `NULLS …`: ask for the engine's own order
        return exp.Ordered(
            this=self.value(key.expr),
            desc=key.descending,
            nulls_first=key.nulls_first if key.expr.type.nullable else self._nulls_first(key.descending),
        )

    def _nulls_first(self, descending: bool) -> bool:
        """Where the engine puts nulls by itself."""
        order = self.dialect.NULL_ORDERING
        return order != "nulls_are_last" and (order == "nulls_are_small") is not descending


def check_function(expr: Func) -> None:
    """D0308 where no engine can be asked for it."""
    row = FUNCTIONS.get(expr.name)
    if row is None or row.python is None:
        raise DatabaseError("D0308", f"the function `{expr.name}` can't be used in a query")


def _wider(a: Type, b: Type) -> Type:
    """The type in which values of both can be compared."""
    if "float" in (a.name, b.name):
        return Type("float", nullable=True)
    if a.name in WHOLE and b.name in WHOLE:
        return Type("decimal", nullable=True, precision=DECIMAL_PRECISION, scale=max(a.scale, b.scale))
    return a

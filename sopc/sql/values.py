"""SQL expressions → expressions of the language, with their types as far as they are known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final, cast

from sqlglot import exp

from runtime.values.types import BOOL, FLOAT, INT, NULL, TEXT, Type
from sopc.sql.fitting import (
    NUMBERS,
    arithmetic_type,
    by_code_point,
    call,
    fit,
    is_field,
    literal_number,
    nullable_if,
    plain_text,
    text_of,
)
from sopc.sql.functions import function
from sopc.sql.scope import Parameter, Rows, Scope, Value, Work
from sopc.sql.statement import many_meanings, no_counterpart, refuse_others
from sopc.tree import nodes

Nested = Callable[[exp.Expr, Scope], Rows]
AGGREGATES: Final[dict[type[exp.Expr], str]] = {
    exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max",
}  # fmt: skip
_COMPARED: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ORDERED: Final = frozenset(("<", "<=", ">", ">="))
_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_UNITS: Final = frozenset(("second", "minute", "hour", "day", "week"))


def parameter_name(node: exp.Expr) -> str:
    """The name that a statement gives to a parameter; "" for `?`."""
    name = node.this if isinstance(node.this, str) else node.name if node.this is not None else ""
    name = name.removeprefix("$")
    return f"p{name}" if name.isdigit() else name


class Values:
    """Converts expressions over the rows of a scope.

    Attributes:
        known: expressions that stand for columns of a group already made, as SQL's text; an aggregate elsewhere is
            computed where it stands.
    """

    def __init__(
        self,
        scope: Scope,
        nested: Nested,
        known: Callable[[exp.Expr], Value | None] | None = None,
    ) -> None:
        self.scope = scope
        self.work: Work = scope.work
        self.nested = nested
        self.known = known

    def value(self, node: exp.Expr) -> Value:
        """Convert an expression.

        Raises:
            Refused: T0505, T0506, T0507.
        """
        if self.known is not None:
            found = self.known(node)
            if found is not None:
                return self._placed(found, node)
        handler = _HANDLERS.get(type(node))
        return self._placed(function(self, node) if handler is None else handler(self, node), node)

    def _placed(self, value: Value, node: exp.Expr) -> Value:
        if value.expr.span is not None:
            return value
        return Value(value.expr.model_copy(update={"span": self.work.places.around(node)}), value.type)

    def condition(self, node: exp.Expr) -> nodes.Expr:
        """Convert a condition.

        Raises:
            Refused: T0506, it is no condition.
        """
        made = self.value(node)
        if made.kind in NUMBERS or made.kind == "text":
            many_meanings(f"a {made.kind} is used as a condition", node, "compare it, as in … <> 0")
        return made.expr

    def pair(self, left: exp.Expr, right: exp.Expr) -> tuple[Value, Value]:
        """Two values that meet, each as what the other one needs."""
        first, second = self.value(left), self.value(right)
        if plain_text(second.expr) is not None or second.type is None:
            second = fit(self.work, second, right, first.type, of_field=is_field(first.expr))
        whole = left.parent if plain_text(first.expr) is None and left.parent is not None else left
        first = fit(self.work, first, whole, second.type, of_field=is_field(second.expr))
        second = fit(self.work, second, right, first.type, of_field=is_field(first.expr))
        self._same_collation(left, right)
        return first, second

    def _same_collation(self, *sides: exp.Expr) -> None:
        """Refuse to compare text by a rule of its own column: the language compares by code point."""
        for side in sides:
            if isinstance(side, exp.Column):
                found = self.scope.resolve(side)
                if found is not None and found[1].collated:
                    message = f"`{side.name}` compares its text by a collation of its own, the language by code point"
                    many_meanings(message, side, "lower(…) = lower(…) says that case does not matter")

    # ── names and literals ───────────────────────────────────────────────────────────────────────────────────────

    def column(self, node: exp.Column) -> Value:
        refuse_others(node, "this", "table", "db", "catalog")
        if isinstance(node.this, exp.Star):
            no_counterpart("`*` as a value", node, "name the columns")
        if node.name[:1] == "$":
            return self.placeholder(node)
        found = self.scope.resolve(node)
        if found is None:
            return self._unresolved(node)
        source, column = found
        owner = next(scope for scope in self.scope.chain() if source in scope.sources)
        if owner is self.scope:
            return Value(self.scope.reference(source, column.name), column.type)
        return Value(nodes.FieldAccess(base=nodes.Name(name=source.alias), name=column.name), column.type)

    def _unresolved(self, node: exp.Column) -> Value:
        """What is no column: a text in double quotes on SQLite; else unknown."""
        if self.work.dialect == "sqlite" and node.this.args.get("quoted") and not node.table:
            self.work.warn(f'there is no column "{node.name}", so it is a text, as SQLite has it', node)
            return Value(text_of(node.name), TEXT)
        raise self.scope.unknown(node)

    def literal(self, node: exp.Literal) -> Value:
        if node.is_string:
            return Value(text_of(node.this), TEXT)
        return literal_number(node.this, self.work.dialect)

    def boolean(self, node: exp.Boolean) -> Value:
        return Value(nodes.BoolLiteral(value=bool(node.this)), BOOL)

    def null(self, node: exp.Null) -> Value:
        return Value(nodes.NullLiteral(), NULL)

    def placeholder(self, node: exp.Expr) -> Value:
        """A parameter of the script: `?` gets the next free number, `$1` its own, `:name` its name."""
        refuse_others(node, "this")
        taken = self.work.parameters.keys() | self.work.parameter_names
        free = (each for number in count(1) if (each := f"p{number}") not in taken)
        name = parameter_name(node) or next(free)
        known = self.work.parameters.setdefault(name, Parameter(name, node))
        return Value(nodes.Name(name=name, variable=True), known.type)

    def paren(self, node: exp.Paren) -> Value:
        return self.value(node.this)

    # ── logic and comparison ─────────────────────────────────────────────────────────────────────────────────────

    def connector(self, node: exp.Connector) -> Value:
        word: Any = "and" if isinstance(node, exp.And) else "or"
        terms = list(node.flatten())
        made = self.condition(terms[0])
        for term in terms[1:]:
            made = nodes.Binary(op=word, left=made, right=self.condition(term))
        return Value(made, BOOL)

    def not_(self, node: exp.Not) -> Value:
        inner = node.this.unnest()
        made = self.condition(inner)
        if isinstance(made, nodes.IsNull | nodes.InExpr | nodes.Between) and not made.negated:
            return Value(made.model_copy(update={"negated": True}), BOOL)
        return Value(nodes.Unary(op="not", arg=made), BOOL)

    def compared(self, node: exp.Binary) -> Value:
        refuse_others(node, "this", "expression")
        op = _COMPARED[type(node)]
        for side in (node.this, node.expression):
            if isinstance(side, exp.Null):
                hint = "is not null" if op == "!=" else "is null"
                many_meanings(f"`{op}` with null is never true", node, hint)
            if isinstance(side, exp.Any | exp.All | exp.Tuple):
                no_counterpart(
                    f"`{side.key.upper()}` in a comparison", side, "in (…), exists (…), or one comparison each"
                )
        left, right = self.pair(node.this, node.expression)
        if op in _ORDERED:
            by_code_point(self.work, left, node.this, node.expression)
        return Value(nodes.Binary(op=cast("Any", op), left=left.expr, right=right.expr), BOOL)

    def between(self, node: exp.Between) -> Value:
        refuse_others(node, "this", "low", "high")
        value = self.value(node.this)
        low, high = (
            fit(self.work, self.value(side), side, value.type, of_field=is_field(value.expr))
            for side in (node.args["low"], node.args["high"])
        )
        value = fit(self.work, value, node.this, low.type)
        by_code_point(self.work, value, node.this, node.args["low"])
        self._same_collation(node.this)
        return Value(nodes.Between(arg=value.expr, low=low.expr, high=high.expr), BOOL)

    def in_(self, node: exp.In) -> Value:
        refuse_others(node, "this", "expressions", "query")
        if isinstance(node.this, exp.Tuple):
            no_counterpart("`in` over several columns", node.this, "exists (…) with one comparison each")
        value = self.value(node.this)
        self._same_collation(node.this)
        if node.args.get("query") is not None:
            rows = self.nested(node.args["query"], self.scope)
            if len(rows.columns) != 1:
                many_meanings(f"`in` looks into a query of {len(rows.columns)} columns", node, "select one column")
            value = fit(self.work, value, node.this, rows.columns[0].type)
            if value.type is not None and rows.columns[0].type is not None:
                fit(self.work, Value(nodes.Name(name="x"), rows.columns[0].type), node, value.type)
            return Value(nodes.InExpr(arg=value.expr, query=rows.query()), BOOL)
        items = [
            fit(self.work, self.value(each), each, value.type, of_field=is_field(value.expr))
            for each in node.expressions
        ]
        value = fit(self.work, value, node.this, items[0].type)
        return Value(nodes.InExpr(arg=value.expr, items=tuple(each.expr for each in items)), BOOL)

    def is_(self, node: exp.Is) -> Value:
        refuse_others(node, "this", "expression")
        if isinstance(node.expression, exp.Null):
            return Value(nodes.IsNull(arg=self.value(node.this).expr), BOOL)
        if isinstance(node.expression, exp.Boolean):
            made = self.condition(node.this)
            if not node.expression.this:
                made = nodes.Unary(op="not", arg=made)
            return Value(call("coalesce", made, nodes.BoolLiteral(value=False)), BOOL)
        no_counterpart("`is` with a value", node, "=, and `is null` for what has none")

    def like(self, node: exp.Like | exp.ILike) -> Value:
        refuse_others(node, "this", "expression", "negate")
        value, pattern = self.value(node.this), self.value(node.expression)
        if value.kind == "int" and self.work.dialect == "sqlite":
            value = Value(call("text", value.expr), nullable_if(TEXT, value))
        if value.kind not in ("text", ""):
            no_counterpart(f"`like` on a {value.kind}", node, "compare the value itself")
        pattern = fit(self.work, pattern, node.expression, TEXT)
        written = plain_text(pattern.expr)
        if written is not None and "\\" in written and self.work.dialect == "postgres":
            no_counterpart("a backslash in a pattern", node.expression, "position(…) finds a text as it is")
        folded = isinstance(node, exp.ILike) or self.work.dialect == "sqlite"
        cased = written is None or written.lower() != written.upper()
        if folded and self.work.dialect == "sqlite" and (written is None or not written.isascii()):
            self.work.warn("SQLite's `like` ignores the case of a to z alone, the program that of all letters", node)
        made: nodes.Expr = nodes.Binary(op="like", left=value.expr, right=pattern.expr, ignore_case=folded and cased)
        if node.args.get("negate"):
            made = nodes.Unary(op="not", arg=made)
        return Value(made, BOOL)

    def exists(self, node: exp.Exists) -> Value:
        refuse_others(node, "this")
        query = node.this
        if isinstance(query, exp.Select) and not query.args.get("group") and not query.find(exp.AggFunc):
            rows = self.nested(_whole_rows(query), self.scope)
        else:
            rows = self.nested(query, self.scope)
        return Value(nodes.QueryExpr(kind="exists", query=rows.query()), BOOL)

    def subquery(self, node: exp.Subquery | exp.Query) -> Value:
        """A query as a value. SQLite takes the first of its rows; here several rows are an error of the run."""
        rows = self.nested(node, self.scope)
        if len(rows.columns) != 1:
            many_meanings(f"a value is a query of {len(rows.columns)} columns", node, "select one column")
        type_ = rows.columns[0].type
        return Value(nodes.QueryExpr(kind="scalar", query=rows.query()), None if type_ is None else type_.or_null())

    def case(self, node: exp.Case) -> Value:
        refuse_others(node, "this", "ifs", "default")
        subject = node.args.get("this")
        branches, results = [], []
        for each in node.args["ifs"]:
            test = exp.EQ(this=subject.copy(), expression=each.this.copy()) if subject is not None else each.this
            results.append((each.args["true"], self.value(each.args["true"])))
            branches.append(self.condition(test))
        default = node.args.get("default")
        if default is not None:
            results.append((default, self.value(default)))
        meant = next((value.type for _, value in results if value.kind not in ("", "null", "text")), None)
        fitted = [fit(self.work, value, place, meant, of_field=False) for place, value in results]
        otherwise = fitted.pop() if default is not None else None
        made = nodes.CaseExpr(
            branches=tuple(
                nodes.CaseBranch(when=when, then=then.expr) for when, then in zip(branches, fitted, strict=True)
            ),
            otherwise=otherwise.expr if otherwise is not None else None,
        )
        known = [value for value in (*fitted, *([otherwise] if otherwise else [])) if value.kind != "null"]
        type_ = known[0].type if known and all(value.type is not None for value in known) else None
        open_ = otherwise is None or any(value.nullable for value in (*fitted, otherwise))
        return Value(made, type_.or_null() if type_ is not None and open_ else type_)

    def if_(self, node: exp.If) -> Value:
        return self.case(
            exp.Case(ifs=[node.copy()], default=default.copy() if (default := node.args.get("false")) else None)
        )

    # ── arithmetic ───────────────────────────────────────────────────────────────────────────────────────────────

    def negative(self, node: exp.Neg) -> Value:
        made = self.value(node.this)
        if isinstance(made.expr, nodes.IntLiteral):
            return Value(nodes.IntLiteral(value=-made.expr.value), made.type)
        if isinstance(made.expr, nodes.NumberLiteral):
            return Value(nodes.NumberLiteral(value=f"-{made.expr.value}"), made.type)
        return Value(nodes.Unary(op="-", arg=made.expr), made.type)

    def arithmetic(self, node: exp.Binary) -> Value:
        refuse_others(node, "this", "expression", "typed", "safe")
        op = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%"}[type(node)]
        if op in "+-" and isinstance(node.expression, exp.Interval):
            return self._moved(node, 1 if op == "+" else -1)
        left, right = self.value(node.this), self.value(node.expression)
        if {left.kind, right.kind} <= {*NUMBERS, ""}:  # else a date, or refused below
            left, right = fit(self.work, left, node.this, right.type), fit(self.work, right, node.expression, left.type)
        kinds = {left.kind, right.kind}
        if kinds & {"date", "timestamp"}:
            return self._dates(node, op, left, right)
        if "text" in kinds:
            many_meanings("a text is computed with", node, "cast(… as integer), where each text is a number")
        type_ = arithmetic_type(left.type, right.type)
        if op in ("/", "//", "%"):
            op, right, type_ = self._division(node, op, left, right, type_)
        made = nodes.Binary(op=cast("Any", op), left=left.expr, right=right.expr)
        return Value(made, type_)

    def _division(
        self, node: exp.Binary, op: str, left: Value, right: Value, type_: Type | None
    ) -> tuple[str, Value, Type | None]:
        """`/`, `//` or `%` as the dialect means them. On SQLite a division by zero is null."""
        if not left.kind or not right.kind:
            many_meanings("whether it divides whole numbers can't be told", node, "cast(… as integer) or as real")
        whole = left.kind == right.kind == "int"
        if op == "/" and whole and self.work.dialect != "duckdb":
            op = "//"
        elif op == "/" and whole:
            type_ = FLOAT
        elif op == "//" and not whole:
            many_meanings("`//` of fractions differs between engines", node, "floor(a / b)")
        elif op == "%" and not whole and self.work.dialect == "sqlite":
            many_meanings("SQLite's `%` cuts fractions off first", node, "cast(… as integer) % …")
        if op == "/" and "decimal" in (left.kind, right.kind) and "float" not in (left.kind, right.kind):
            self.work.warn("the quotient of decimals has six digits after the point", node)
        zero = isinstance(right.expr, nodes.IntLiteral | nodes.NumberLiteral) and float(right.expr.value) == 0
        if self.work.dialect == "sqlite" and (
            zero or not isinstance(right.expr, nodes.IntLiteral | nodes.NumberLiteral)
        ):
            right = Value(call("null_if", right.expr, nodes.IntLiteral(value=0)), right.type)
            type_ = type_.or_null() if type_ is not None else None
        return op, right, nullable_if(type_, left, right)

    def _dates(self, node: exp.Binary, op: str, left: Value, right: Value) -> Value:
        if self.work.dialect == "sqlite":
            many_meanings("SQLite computes with the year of a date alone", node, "date(…, '+7 days')")
        if op == "-" and left.kind == right.kind == "date":
            return Value(call("days_between", right.expr, left.expr), nullable_if(INT, left, right))
        if op in "+-" and left.kind == "date" and right.kind == "int":
            return Value(nodes.Binary(op=cast("Any", op), left=left.expr, right=right.expr), left.type)
        no_counterpart(f"`{op}` of a {left.kind} and a {right.kind}", node, "date + 7, or date - date")

    def _moved(self, node: exp.Binary, sign: int) -> Value:
        """A date or timestamp plus or minus an interval."""
        moment, (number, unit) = self.value(node.this), interval(node.expression)
        if moment.kind not in ("date", "timestamp"):
            no_counterpart("an interval beside what is no date", node, "cast(… as date)")
        if unit in _MONTHS:
            months = nodes.IntLiteral(value=sign * number * _MONTHS[unit])
            return Value(call("add_months", moment.expr, months), moment.type)
        if unit not in _UNITS or (moment.kind == "date" and unit not in _DAYS):
            no_counterpart(f"an interval of {unit}s here", node.expression, "days, weeks, months or years")
        duration = nodes.DurationLiteral(value=abs(number), unit=unit)
        return Value(nodes.Binary(op="+" if sign * number >= 0 else "-", left=moment.expr, right=duration), moment.type)

    # ── aggregates and windows ───────────────────────────────────────────────────────────────────────────────────

    def aggregate(self, node: exp.AggFunc) -> Value:
        refuse_others(node, "this", "big_int", "expressions")
        name = AGGREGATES[type(node)]
        if node.expressions:
            no_counterpart(f"`{name}` of several values here", node, "greatest(…) or least(…)")
        arg = node.this
        distinct = isinstance(arg, exp.Distinct)
        if distinct:
            refuse_others(arg, "expressions")
            if len(arg.expressions) != 1:
                no_counterpart("`distinct` over several values", node, "a query with distinct below it")
            arg = arg.expressions[0]
        if arg is None or isinstance(arg, exp.Star):
            return Value(call(name), INT)
        made = self.value(arg)
        self._same_collation(arg)
        if name in ("min", "max"):
            by_code_point(self.work, made, arg)
        elif name in ("sum", "avg") and made.kind not in (*NUMBERS, "", "null"):
            many_meanings(f"`{name}` of a {made.kind}", node, "cast it to a number")
        if name == "count":
            return Value(call(name, made.expr, distinct=distinct), INT)
        type_ = FLOAT if name == "avg" and made.kind == "int" else made.type
        return Value(call(name, made.expr, distinct=distinct), nullable_if(type_, made))

    def filtered(self, node: exp.Filter) -> Value:
        """`agg(x) filter (where c)`: the aggregate of x where c, else of null."""
        inner = node.this.copy()
        if type(inner) not in AGGREGATES or isinstance(inner.this, exp.Distinct):
            no_counterpart("`filter` here", node, "sum(case when … then … end)")
        counted = exp.Literal.number(1) if inner.this is None or isinstance(inner.this, exp.Star) else inner.this
        inner.set("this", exp.Case(ifs=[exp.If(this=node.expression.this.copy(), true=counted)]))
        inner.parent = node.parent
        return self.value(inner)

    def window(self, node: exp.Window) -> Value:
        refuse_others(node, "this", "partition_by", "order", "spec", "over")
        made = self.value(node.this)
        if not isinstance(made.expr, nodes.CallExpr):
            no_counterpart("this window", node, "an aggregate or a ranking function over (…)")
        order = node.args.get("order")
        keys = tuple(self.sort_key(each) for each in order.expressions) if order is not None else ()
        _check_frame(node.args.get("spec"), made.expr.name, ordered=bool(keys), place=node)
        partition = tuple(self.value(each).expr for each in node.args.get("partition_by") or ())
        spec = nodes.WindowSpec(partition=partition, order=keys)
        return Value(made.expr.model_copy(update={"over": spec, "span": None}), made.type)

    def sort_key(self, node: exp.Ordered, value: Value | None = None) -> nodes.SortKey:
        """A key of an order, with the dialect's place of nulls."""
        refuse_others(node, "this", "desc", "nulls_first")
        made = value or self.value(node.this)
        by_code_point(self.work, made, node.this)
        self._same_collation(node.this)
        first = bool(node.args.get("nulls_first")) and made.nullable
        span = self.work.places.around(node)
        return nodes.SortKey(
            value=made.expr, descending=bool(node.args.get("desc")), nulls="first" if first else None, span=span
        )

    def collate(self, node: exp.Collate) -> Value:
        """`collate "C"` and `collate binary` are the language's own order."""
        name = node.expression.name.lower()
        if name not in ("c", "binary", "posix", "ucs_basic"):
            no_counterpart(f"the collation `{name}`", node, "lower(…) on both sides, where case does not matter")
        return self.value(node.this)


def interval(node: exp.Interval) -> tuple[int, str]:
    """The number and the unit, in the singular, of an interval.

    Raises:
        Refused: T0505, it has several units or no whole number.
    """
    unit = node.args.get("unit")
    number = node.this.name if node.this is not None else ""
    if unit is None or not number.lstrip("-").isdigit():
        no_counterpart("this interval", node, "interval '3 days'")
    return int(number), unit.name.lower().rstrip("s")


def _check_frame(spec: exp.Expr | None, name: str, *, ordered: bool, place: exp.Expr) -> None:
    """Refuse a frame that the language does not have."""
    whole_only = name == "last_value"
    if spec is None:
        if whole_only and ordered:
            hint = "… rows between unbounded preceding and unbounded following"
            many_meanings("`last_value` ends at the present row in SQL, at the partition's end here", place, hint)
        return
    start, end = (str(spec.args.get(key) or "").upper() for key in ("start", "end"))
    usual = start == "UNBOUNDED" and end == "CURRENT ROW" and str(spec.args.get("kind")).upper() == "RANGE"
    whole = (start, end) == ("UNBOUNDED", "UNBOUNDED") and (not ordered or name in ("first_value", "last_value"))
    if spec.args.get("exclude") or not (whole or (usual and ordered and not whole_only)):
        no_counterpart("this frame of a window", place, "leave the frame out: it covers the rows up to this one")


def _whole_rows(query: exp.Select) -> exp.Select:
    """A query under `exists`, whose columns mean nothing."""
    made = query.copy()
    made.set("expressions", [exp.Star()])
    made.set("distinct", None)
    return made


Handler = Callable[[Values, Any], Value]
_HANDLERS: Final[dict[type[exp.Expr], Handler]] = {
    exp.Column: Values.column,
    exp.Literal: Values.literal,
    exp.Boolean: Values.boolean,
    exp.Null: Values.null,
    exp.Placeholder: Values.placeholder,
    exp.Parameter: Values.placeholder,
    exp.Paren: Values.paren,
    exp.And: Values.connector,
    exp.Or: Values.connector,
    exp.Not: Values.not_,
    **dict.fromkeys(_COMPARED, Values.compared),
    exp.Between: Values.between,
    exp.In: Values.in_,
    exp.Is: Values.is_,
    exp.Like: Values.like,
    exp.ILike: Values.like,
    exp.Exists: Values.exists,
    exp.Subquery: Values.subquery,
    exp.Select: Values.subquery,
    exp.Case: Values.case,
    exp.If: Values.if_,
    exp.Neg: Values.negative,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod), Values.arithmetic),
    **dict.fromkeys(AGGREGATES, Values.aggregate),
    exp.Filter: Values.filtered,
    exp.Window: Values.window,
    exp.Collate: Values.collate,
}

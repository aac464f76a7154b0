"""A query's expression and a row → its value by runtime/values; and random typed expressions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from runtime.query.algebra import Case, Column, Expr, Func, Op
from runtime.values import conversion, operators
from runtime.values.constants import Const
from runtime.values.conversion import from_const, to_const
from runtime.values.functions import FUNCTIONS
from runtime.values.types import BOOL, DATE, DURATION, FLOAT, INT, TEXT, TIMESTAMP, Type, decimal_of

COMPARISONS: dict[str, Callable[..., Any]] = {
    "eq": operators.eq,
    "ne": operators.ne,
    "lt": operators.lt,
    "le": operators.le,
    "gt": lambda a, b: operators.lt(b, a),
    "ge": lambda a, b: operators.le(b, a),
}
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operators.add,
    "sub": operators.sub,
    "mul": operators.mul,
    "div": operators.div,
    "intdiv": operators.intdiv,
    "mod": operators.mod,
}
MONEY = decimal_of(10, 2)


def evaluate(expr: Expr, row: dict[str, Any], *, lazy: bool) -> Any:
    """lazy: `and` and `or` stop at the first side that decides, as the VM does."""

    def value(part: Expr) -> Any:
        return evaluate(part, row, lazy=lazy)

    match expr:
        case Const():
            return conversion.convert(from_const(expr), expr.type)
        case Column():
            return row[expr.name]
        case Case():
            for when, then in expr.branches:
                if value(when) is True:
                    return conversion.convert(value(then), expr.type.or_null())
            return None if expr.otherwise is None else conversion.convert(value(expr.otherwise), expr.type.or_null())
        case Func():
            function = FUNCTIONS[expr.name]
            args = [value(arg) for arg in expr.args]
            if expr.name in ("coalesce", "least", "greatest"):
                args = [conversion.convert(arg, expr.type.or_null()) for arg in args]
            if not function.nulls and None in args:
                return None
            assert function.python is not None
            answer: Any = function.python(*args)
            return answer
        case Op():
            return operated(expr, value, lazy=lazy)
    raise AssertionError(expr)


def operated(expr: Op, value: Any, *, lazy: bool) -> Any:
    op, args = expr.op, expr.args
    if op in ("and", "or"):
        first = value(args[0])
        if lazy and first is (op == "or"):
            return first
        return (operators.logic_and if op == "and" else operators.logic_or)(first, value(args[1]))
    each = [value(arg) for arg in args]
    if op in COMPARISONS:
        return COMPARISONS[op](*each)
    if op in ARITHMETIC:
        return ARITHMETIC[op](*each)
    if op == "neg":
        return operators.neg(each[0])
    if op == "not":
        return operators.logic_not(each[0])
    if op in ("is_null", "is_not_null"):
        return (each[0] is None) is (op == "is_null")
    if op == "between":
        return operators.logic_and(operators.le(each[1], each[0]), operators.le(each[0], each[2]))
    if op == "in":
        return FUNCTIONS["in_list"].python(each[0], each[1:])  # type: ignore[misc]
    if None in each:
        return None
    return FUNCTIONS[op].python(*each)  # type: ignore[misc]


# ── random expressions ─────────────────────────────────────────────────────────────────────────────────────────

FIELDS: dict[str, Type] = {
    "flag": BOOL,
    "count": INT,
    "size": INT,
    "ratio": FLOAT,
    "price": MONEY,
    "rate": decimal_of(8, 4),
    "name": TEXT,
    "note": TEXT,
    "born": DATE,
    "seen": TIMESTAMP,
}
INTS = st.sampled_from([0, 1, -1, 2, 3, 7, -5, 100, 2**31, 2**62, 2**63 - 1, -(2**63)]) | st.integers(-20, 20)
FLOATS = st.sampled_from([0.0, 1.0, -1.5, 0.1, 2.5, 2.675, 1e300, -1e308, 3e-7, 12345.678])
MONIES = st.integers(-(10**7), 10**7).map(lambda units: Decimal(units).scaleb(-2))
RATES = st.integers(-(10**6), 10**6).map(lambda units: Decimal(units).scaleb(-4))
TEXTS = st.text(alphabet="abAB%_é*[]?' \n", max_size=5)
DATES = st.dates(date(1, 1, 1), date(9999, 12, 31))
TIMESTAMPS = st.builds(
    lambda day, at, half: datetime.combine(day, at.replace(microsecond=half), UTC),
    DATES,
    st.times(),
    st.sampled_from([0, 500_000]),
)
DURATIONS = st.integers(-400, 400).map(lambda days: timedelta(days=days))
BY_TYPE = {
    "bool": st.booleans(),
    "int": INTS,
    "float": FLOATS,
    "text": TEXTS,
    "date": DATES,
    "timestamp": TIMESTAMPS,
    "duration": DURATIONS,
}
ROWS = st.fixed_dictionaries(
    {
        name: st.none() | (MONIES if name == "price" else RATES if name == "rate" else BY_TYPE[type_.name])
        for name, type_ in FIELDS.items()
    }
)


def constants(type_: Type) -> st.SearchStrategy[Expr]:
    source = MONIES if type_.name == "decimal" else BY_TYPE[type_.name]
    return source.map(lambda value: to_const(value, MONEY if type_.name == "decimal" else type_))


def columns(name: str) -> st.SearchStrategy[Expr]:
    fitting = [(field, type_) for field, type_ in FIELDS.items() if type_.name == name]
    return st.sampled_from([Column(1, field, type_.or_null()) for field, type_ in fitting])


def leaves(name: str) -> st.SearchStrategy[Expr]:
    type_ = MONEY if name == "decimal" else Type(name)
    return constants(type_) | columns(name) if name != "duration" else constants(type_)


def number_type(op: str, a: Type, b: Type) -> Type:
    """As the checker types `a op b`."""
    names = {a.name, b.name}
    if "float" in names:
        return FLOAT.or_null()
    if "decimal" in names:
        larger = max(a.scale, b.scale)
        scale = {"mul": min(a.scale + b.scale, 18), "div": max(larger, 6), "intdiv": 0}.get(op, larger)
        return decimal_of(38, scale).or_null()
    return (FLOAT if op == "div" else INT).or_null()


def numbers(depth: int) -> st.SearchStrategy[Expr]:
    names = st.sampled_from(["int", "int", "float", "decimal"])
    leaf = names.flatmap(leaves)
    if depth == 0:
        return leaf
    inner = numbers(depth - 1)
    binary = st.builds(
        lambda op, a, b: Op(op, (a, b), number_type(op, a.type, b.type)),
        st.sampled_from(sorted(ARITHMETIC)),
        inner,
        inner,
    )
    negated = inner.map(lambda a: Op("neg", (a,), a.type.or_null()))
    functions = st.builds(
        lambda name, a: Func(name, (a,), a.type if name == "abs" else INT.or_null()),
        st.sampled_from(["abs", "sign", "floor", "ceil"]),
        inner,
    ) | texts(depth - 1).map(lambda a: Func("length", (a,), INT.or_null()))
    cases = st.builds(
        lambda when, a, b: Case(((when, a),), b, number_type("add", a.type, b.type)), truths(depth - 1), inner, inner
    )
    return st.one_of(leaf, binary, binary, binary, negated, functions, cases, moments(depth - 1))


def moments(depth: int) -> st.SearchStrategy[Expr]:
    """Numbers out of dates and timestamps."""
    days = st.builds(lambda a, b: Func("days_between", (a, b), INT.or_null()), dates(depth), dates(depth))
    parts = st.builds(
        lambda name, a: Func(name, (a,), INT.or_null()), st.sampled_from(["year", "month", "weekday"]), dates(depth)
    )
    return days | parts


def dates(depth: int) -> st.SearchStrategy[Expr]:
    leaf = leaves("date")
    if depth <= 0:
        return leaf
    moved = st.builds(
        lambda op, a, b: Op(op, (a, b), DATE.or_null()),
        st.sampled_from(["add", "sub"]),
        dates(depth - 1),
        leaves("duration"),
    )
    months = st.builds(lambda a, b: Func("add_months", (a, b), DATE.or_null()), leaf, leaves("int"))
    days = leaves("timestamp").map(lambda a: Func("date", (a,), DATE.or_null()))
    return st.one_of(leaf, moved, months, days)


def texts(depth: int) -> st.SearchStrategy[Expr]:
    leaf = leaves("text")
    if depth <= 0:
        return leaf
    inner = texts(depth - 1)
    changed = st.builds(
        lambda name, a: Func(name, (a,), TEXT.or_null()), st.sampled_from(["upper", "lower", "trim", "reverse"]), inner
    )
    replaced = st.builds(lambda a, b, c: Func("replace", (a, b, c), TEXT.or_null()), inner, inner, inner)
    shown = st.builds(lambda a: Func("text", (a,), TEXT.or_null()), numbers(0) | dates(0) | leaves("timestamp"))
    joined = st.builds(lambda a, b: Func("concat", (a, b), TEXT), inner, numbers(0) | leaves("bool"))
    first = st.builds(lambda a, b: Func("coalesce", (a, b), TEXT.or_null()), inner, inner)
    return st.one_of(leaf, changed, replaced, shown, joined, first)


def truths(depth: int) -> st.SearchStrategy[Expr]:
    leaf = leaves("bool")
    if depth <= 0:
        return leaf
    comparison = st.sampled_from(sorted(COMPARISONS))

    def compared(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        nullable = BOOL.or_null()
        return st.one_of(
            st.builds(lambda op, a, b: Op(op, (a, b), nullable), comparison, inner, inner),
            st.builds(lambda a, b, c: Op("between", (a, b, c), nullable), inner, inner, inner),
            st.builds(lambda a, b, c: Op("in", (a, b, c), nullable), inner, inner, inner),
            st.builds(lambda op, a: Op(op, (a,), BOOL), st.sampled_from(["is_null", "is_not_null"]), inner),
        )

    inner = truths(depth - 1)
    searched = st.builds(
        lambda op, a, b: Op(op, (a, b), BOOL.or_null()),
        st.sampled_from(["like", "contains", "starts_with", "ends_with"]),
        texts(depth - 1),
        leaves("text"),
    )
    joined = st.builds(lambda op, a, b: Op(op, (a, b), BOOL.or_null()), st.sampled_from(["and", "or"]), inner, inner)
    negated = inner.map(lambda a: Op("not", (a,), BOOL.or_null()))
    return st.one_of(
        compared(numbers(depth - 1)),
        compared(texts(depth - 1)),
        compared(dates(depth - 1)),
        compared(leaves("timestamp")),
        searched,
        joined,
        negated,
    )


def expressions() -> st.SearchStrategy[Expr]:
    return st.one_of(numbers(3), truths(3), texts(2), dates(2), leaves("timestamp"))


__all__ = ["DURATION", "FIELDS", "ROWS", "evaluate", "expressions"]

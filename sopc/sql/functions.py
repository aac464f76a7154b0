"""SQL's functions and casts → the language's, where one means the same; a table, and a few that need more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from sqlglot import exp

from runtime.values.types import BOOL, DATE, DECIMAL, FLOAT, INT, MAX_SCALE, TEXT, TIMESTAMP, Type, decimal_of
from sopc.sql.fitting import NUMBERS, call, fit, nullable_if, plain_text, text_of
from sopc.sql.scope import Value, Work
from sopc.sql.statement import ENGINE_NAMES, many_meanings, no_counterpart, refuse_others
from sopc.tree import nodes


class Values(Protocol):
    """What converts a function's arguments (sopc.sql.values)."""

    work: Work

    def value(self, node: exp.Expr) -> Value: ...


class Same(NamedTuple):
    """A function of the same meaning. name: the language's. takes: types of its first argument; () for any.
    gives: its type; None for the first argument's. parts: the node's arguments, in the language's order."""

    name: str
    takes: tuple[str, ...] = ()
    gives: Type | None = None
    parts: tuple[str, ...] = ("this",)


_TEXT: Final = ("text",)
_NUMBER: Final = ("int", "float", "decimal")
_TIME: Final = ("date", "timestamp")
_FUNCTIONS: Final[dict[type[exp.Expr], Same]] = {
    exp.Upper: Same("upper", _TEXT, TEXT),
    exp.Lower: Same("lower", _TEXT, TEXT),
    exp.Length: Same("length", _TEXT, INT),
    exp.Left: Same("left", _TEXT, TEXT, ("this", "expression")),
    exp.Right: Same("right", _TEXT, TEXT, ("this", "expression")),
    exp.Replace: Same("replace", _TEXT, TEXT, ("this", "expression", "replacement")),
    exp.StrPosition: Same("position", _TEXT, INT, ("this", "substr")),
    exp.Abs: Same("abs", _NUMBER),
    exp.Sqrt: Same("sqrt", _NUMBER, FLOAT),
    exp.Pow: Same("power", _NUMBER, FLOAT, ("this", "expression")),
    exp.Floor: Same("floor", _NUMBER, INT),
    exp.Ceil: Same("ceil", _NUMBER, INT),
    exp.Nullif: Same("null_if", (), None, ("this", "expression")),
    exp.Year: Same("year", _TIME, INT),
    exp.Quarter: Same("quarter", _TIME, INT),
    exp.Month: Same("month", _TIME, INT),
    exp.Day: Same("day", _TIME, INT),
    exp.RowNumber: Same("row_number", (), INT, ()),
    exp.Rank: Same("rank", (), INT, ()),
    exp.DenseRank: Same("dense_rank", (), INT, ()),
    exp.Lag: Same("lag", (), None, ("this", "offset")),
    exp.Lead: Same("lead", (), None, ("this", "offset")),
    exp.FirstValue: Same("first_value"),
    exp.LastValue: Same("last_value"),
}
_CASED: Final = (exp.Upper, exp.Lower)
_PARTS_OF_TIME: Final = frozenset(("year", "quarter", "month", "day", "hour", "minute"))
_TRUNCATED: Final = frozenset(("year", "quarter", "month", "week", "day", "hour", "minute"))
_FORMATS: Final = {"%Y": ("year", 4), "%m": ("month", 2), "%d": ("day", 2)}
_MODIFIER: Final = re.compile(r"([+-]\d+) (day|month|year)s?")


def function(values: Values, node: exp.Expr) -> Value:
    """Convert a call of a function, or another form of value.

    Raises:
        Refused: T0505, the language has none of the same meaning.
    """
    same = _FUNCTIONS.get(type(node))
    if same is not None:
        return _same(values, node, same)
    special = _SPECIAL.get(type(node))
    if special is not None:
        return special(values, node)
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        if name == "total" and values.work.dialect == "sqlite" and len(node.expressions) == 1:
            made = values.value(node.expressions[0])
            return Value(call("total", made.expr), made.type.not_null() if made.type else None)
        no_counterpart(f"the function `{name}`", node, "`sopc error T0505` lists what is carried over")
    what = f"the function `{node.sql_name().lower()}`" if isinstance(node, exp.Func) else f"`{node.key.upper()}`"
    no_counterpart(what, node, "`sopc error T0505` lists what is carried over")


def _same(values: Values, node: exp.Expr, same: Same) -> Value:
    refuse_others(node, *same.parts)
    parts = [node.args[part] for part in same.parts if node.args.get(part) is not None]
    args = [values.value(part) for part in parts]
    if args and same.takes and args[0].kind not in (*same.takes, "", "null"):
        many_meanings(f"`{same.name}` of a {args[0].kind}", node, f"it takes a {' or '.join(same.takes)}")
    if isinstance(node, _CASED) and values.work.dialect == "sqlite":
        values.work.warn("SQLite changes the case of a to z alone, the program that of all letters", node)
    if isinstance(node, exp.Nullif):
        args[1] = fit(values.work, args[1], parts[1], args[0].type)
    type_ = same.gives or (args[0].type if args else None)
    if isinstance(node, exp.Lag | exp.Lead | exp.Nullif):
        type_ = type_.or_null() if type_ is not None else None
    return Value(call(same.name, *(each.expr for each in args)), nullable_if(type_, *args))


def _coalesce(values: Values, node: exp.Coalesce) -> Value:
    parts = [node.this, *node.expressions]
    made = [values.value(part) for part in parts]
    meant = next((each.type for each in made if each.kind not in ("", "null")), None)
    made = [fit(values.work, each, part, meant) for each, part in zip(made, parts, strict=True)]
    if meant is not None and any(not each.nullable for each in made):
        meant = meant.not_null()
    return Value(call("coalesce", *(each.expr for each in made)), meant)


def _extreme(values: Values, node: exp.Greatest | exp.Least) -> Value:
    refuse_others(node, "this", "expressions", "ignore_nulls")
    made = [values.value(part) for part in (node.this, *node.expressions)]
    if values.work.dialect != "sqlite" and any(each.nullable for each in made):
        engine = ENGINE_NAMES[values.work.dialect]
        many_meanings(f"{engine} leaves nulls out here, the language gives null", node, "coalesce(…) around each value")
    name = "greatest" if isinstance(node, exp.Greatest) else "least"
    return Value(call(name, *(each.expr for each in made)), nullable_if(made[0].type, *made))


def _round(values: Values, node: exp.Round) -> Value:
    refuse_others(node, "this", "decimals")
    made = values.value(node.this)
    digits = node.args.get("decimals")
    if made.kind not in (*NUMBERS, ""):
        many_meanings(f"`round` of a {made.kind}", node, "cast it to a number")
    if digits is None:
        return Value(call("round", made.expr), made.type)
    return Value(call("round", made.expr, values.value(digits).expr), made.type)


def _substring(values: Values, node: exp.Substring) -> Value:
    refuse_others(node, "this", "start", "length")
    made, start = values.value(node.this), node.args.get("start")
    at = values.value(start).expr if start is not None else nodes.IntLiteral(value=1)
    if made.kind not in ("text", ""):
        many_meanings(f"a part of a {made.kind}", node, "cast(… as text)")
    length = node.args.get("length")
    if isinstance(at, nodes.IntLiteral) and at.value < 0 and length is None and values.work.dialect != "postgres":
        return Value(call("right", made.expr, nodes.IntLiteral(value=-at.value)), made.type)
    if not isinstance(at, nodes.IntLiteral) or at.value < 1:
        many_meanings("a part of a text begins at its first character or later", node, "substr(text, 1, …)")
    args = [made.expr, at, *([values.value(length).expr] if length is not None else [])]
    return Value(call("substring", *args), made.type)


def _joined(values: Values, node: exp.Expr) -> Value:
    """`a || b`, which is null where one is; and concat(…), which leaves nulls out."""
    parts = list(node.flatten()) if isinstance(node, exp.DPipe) else list(node.expressions)
    made = [values.value(part) for part in parts]
    for each, part in zip(made, parts, strict=True):
        if each.kind not in ("text", "int", ""):
            no_counterpart(f"a {each.kind} joined to a text", part, "cast(… as text), where its form does not matter")
    if isinstance(node, exp.Concat) and any(each.nullable for each in made):
        many_meanings(
            "`concat` leaves nulls out, in the language the whole is null", node, "coalesce(…, '') around each"
        )
    return Value(call("concat", *(each.expr for each in made)), nullable_if(TEXT, *made))


def _trim(values: Values, node: exp.Trim) -> Value:
    no_counterpart("`trim`, which takes off spaces alone,", node, "the language's trim takes off all white space")


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _extract(values: Values, node: exp.Extract) -> Value:
    part = node.this.name.lower()
    made = values.value(node.expression)
    if part not in _PARTS_OF_TIME or made.kind not in _TIME:
        no_counterpart(f"`{part}` of this", node, "year, quarter, month or day of a date or timestamp")
    return Value(call(part, made.expr), nullable_if(INT, made))


def _truncated(values: Values, node: exp.Expr) -> Value:
    refuse_others(node, "this", "unit")
    made, unit = values.value(node.this), node.args["unit"].name.lower()
    if unit not in _TRUNCATED or made.kind not in _TIME:
        no_counterpart("this truncation", node, "the start of a year, quarter, month, week or day")
    return Value(call("start_of", made.expr, text_of(unit)), made.type)


def _today(values: Values, node: exp.Expr) -> Value:
    _in_utc(values, node)
    return Value(call("today"), DATE)


def _now(values: Values, node: exp.Expr) -> Value:
    refuse_others(node, "sysdate")
    _in_utc(values, node)
    return Value(call("now"), TIMESTAMP)


def _in_utc(values: Values, node: exp.Expr) -> None:
    if values.work.dialect != "sqlite":
        engine = ENGINE_NAMES[values.work.dialect]
        values.work.warn(f"{engine} tells the time in the session's zone, the program in UTC", node)


def _date(values: Values, node: exp.Date) -> Value:
    """`date(x)`; on SQLite also `date('now', '-7 days')`."""
    refuse_others(node, "this", "expressions")
    inner = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp | exp.TsOrDsToDate) else node.this
    if isinstance(inner, exp.Literal) and inner.name == "now" and values.work.dialect == "sqlite":
        made = Value(call("today"), DATE)
    else:
        made = values.value(inner)
        text = plain_text(made.expr)
        made = fit(values.work, made, inner, DATE) if text is not None else made
        if made.kind == "timestamp":
            made = Value(call("date", made.expr), nullable_if(DATE, made))
    if made.kind != "date":
        no_counterpart("`date` of this", node, "a date, a timestamp, or a text such as '2026-01-31'")
    for each in node.expressions:
        found = _MODIFIER.fullmatch(each.name) if isinstance(each, exp.Literal) else None
        if found is None:
            no_counterpart("this modifier", each, "'+7 days' or '-1 month'")
        number, unit = int(found[1]), found[2]
        if unit != "day" and abs(number):
            many_meanings("SQLite lets a month's end spill into the next month", each, "a number of days")
        moved = nodes.DurationLiteral(value=abs(number), unit=unit)
        made = Value(nodes.Binary(op="+" if number >= 0 else "-", left=made.expr, right=moved), made.type)
    return made


def _formatted(values: Values, node: exp.TimeToStr) -> Value:
    """`strftime('%Y', x)`: the year, month or day of a date as a text."""
    refuse_others(node, "this", "format")
    form = _FORMATS.get(node.args["format"].name)
    inner = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
    made = values.value(inner)
    if form is None or made.kind not in _TIME:
        no_counterpart("this format of a time", node, "strftime('%Y', …), '%m' or '%d' of a date column")
    name, width = form
    text = call("text", call(name, made.expr))
    padded = call("pad_left", text, nodes.IntLiteral(value=width), text_of("0"))
    return Value(padded, nullable_if(TEXT, made))


# ── casts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _cast(values: Values, node: exp.Cast) -> Value:
    """A cast that no engine rounds or reads otherwise than the language."""
    refuse_others(node, "this", "to", "_type")
    to = _target(node.args["to"])
    if to is None:
        kind = node.args["to"].sql().lower()
        no_counterpart(f"a cast to {kind}", node, "integer, real, decimal(p, s), text, date, timestamp or boolean")
    if isinstance(node.this, exp.TimeToStr) and to.name == "int":
        inner = _formatted(values, node.this).expr
        assert isinstance(inner, nodes.CallExpr) and isinstance(inner.args[0].value, nodes.CallExpr)
        return Value(inner.args[0].value.args[0].value, INT.or_null())
    made = values.value(node.this)
    return _converted(values, node, made, to)


def _converted(values: Values, node: exp.Cast, made: Value, to: Type) -> Value:
    dialect, kind, type_ = values.work.dialect, made.kind, nullable_if(to, made)
    if isinstance(made.expr, nodes.Name) and made.expr.variable:
        return fit(values.work, made, node, to)
    if plain_text(made.expr) is not None and to.name not in ("text", "bool"):
        if dialect == "sqlite" and to.name not in NUMBERS:
            no_counterpart(
                "SQLite's cast to a date, which takes a number's digits",
                node,
                f"date({node.this.sql(dialect='sqlite')})",
            )
        return fit(values.work, made, node, to)
    if to.name == "decimal" and kind in NUMBERS and dialect == "sqlite":
        return made  # its numeric affinity keeps a number as it is
    if to.name == "decimal" and kind in NUMBERS and to != DECIMAL:
        exact = made.expr if kind == "decimal" else call("decimal", made.expr)
        return Value(call("round", exact, nodes.IntLiteral(value=to.scale)), type_)
    if kind == to.name:
        return Value(made.expr, type_)
    if kind == "":
        many_meanings("what is cast here has no known type", node, "cast a column")
    if to.name == "int" and kind in ("float", "decimal"):
        if dialect == "sqlite":
            return Value(call("int", made.expr), type_)
        if kind == "decimal":
            return Value(call("int", call("round", made.expr)), type_)
        many_meanings(f"{ENGINE_NAMES[dialect]} rounds halves to even here", node, "cast(floor(…) as integer)")
    if (kind, to.name) in _PLAIN:
        return Value(call(to.name, made.expr), type_)
    if kind == "text" and dialect != "sqlite" and to.name in (*NUMBERS, "date"):
        return Value(call(to.name, made.expr), type_)
    if kind == "text":
        many_meanings("SQLite's cast of a text takes the digits it begins with, else 0", node, "a column of numbers")
    no_counterpart(f"a cast of a {kind} to {to.name}", node, "leave the value as it is")


_PLAIN: Final = frozenset(
    (("int", "float"), ("int", "decimal"), ("float", "decimal"), ("decimal", "float"), ("int", "text"),
     ("date", "text"), ("timestamp", "date"), ("date", "timestamp"))
)  # fmt: skip
_TARGETS: Final[dict[str, Type]] = {
    **dict.fromkeys(("INT", "BIGINT", "SMALLINT", "TINYINT", "INTEGER"), INT),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL"), FLOAT),
    **dict.fromkeys(("DECIMAL", "NUMERIC"), DECIMAL),
    **dict.fromkeys(("TEXT", "VARCHAR", "CHAR", "NVARCHAR"), TEXT),
    "DATE": DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPTZ", "DATETIME"), TIMESTAMP),
    "BOOLEAN": BOOL,
}


def _target(to: exp.DataType) -> Type | None:
    found = _TARGETS.get(to.this.value if hasattr(to.this, "value") else str(to.this))
    if found is TEXT and to.expressions:
        return None  # a length would cut
    if found is DECIMAL and to.expressions:
        sizes = [int(each.name) for each in to.expressions if each.name.isdigit()]
        scale = sizes[1] if len(sizes) > 1 else 0
        return decimal_of(sizes[0], scale) if sizes and scale <= min(sizes[0], MAX_SCALE) and sizes[0] <= 38 else None
    return found


_SPECIAL: Final[dict[type[exp.Expr], Callable[[Values, Any], Value]]] = {
    exp.Coalesce: _coalesce,
    exp.Greatest: _extreme,
    exp.Least: _extreme,
    exp.Round: _round,
    exp.Substring: _substring,
    exp.DPipe: _joined,
    exp.Concat: _joined,
    exp.Trim: _trim,
    exp.Extract: _extract,
    exp.TimestampTrunc: _truncated,
    exp.DateTrunc: _truncated,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    exp.Date: _date,
    exp.TimeToStr: _formatted,
    exp.Cast: _cast,
}

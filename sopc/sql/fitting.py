"""Two values that SQL compares, or one that it writes to a field → values that the language can compare or write."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from sqlglot import exp

from runtime.values.types import BOOL, DATE, DECIMAL, FLOAT, INT, TIMESTAMP, Type
from sopc.sql.scope import Value, Work
from sopc.sql.statement import ENGINE_NAMES, many_meanings
from sopc.tree import nodes

NUMBERS: Final = frozenset(("int", "float", "decimal"))
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d*)")
_POINT: Final = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_ISO_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|\+00(:?00)?)?")


def plain_text(expr: nodes.Expr) -> str | None:
    """The text of a literal; None for another expression."""
    if not isinstance(expr, nodes.TextLiteral):
        return None
    return "".join(part for part in expr.parts if isinstance(part, str))


def text_of(value: str) -> nodes.TextLiteral:
    return nodes.TextLiteral(parts=(value,) if value else ())


def is_field(expr: nodes.Expr) -> bool:
    return isinstance(expr, nodes.Name | nodes.FieldAccess) and not getattr(expr, "variable", False)


def fit(work: Work, value: Value, node: exp.Expr, to: Type | None, *, of_field: bool = True) -> Value:
    """The value as the type that it meets: a literal in quotes is what it is compared with or written to.

    Args:
        node: the value's place.
        to: the type that it meets; None if it is not known.
        of_field: whether it meets a field, which alone makes SQLite convert a literal.

    Raises:
        Refused: T0506, a text meets a number, or a text is no date.
    """
    if to is None:
        return value
    if isinstance(value.expr, nodes.Name) and value.expr.variable:
        parameter = work.parameters[value.expr.name]
        if parameter.type is None and to.name != "null":
            parameter.type = to.not_null()
        return Value(value.expr, parameter.type)
    text = plain_text(value.expr)
    if text is not None and to.name in ("date", "timestamp"):
        return _moment(value, text, node, to)
    if text is not None and to.name in NUMBERS and (of_field or work.dialect != "sqlite"):
        return _number(value, text, node)
    if to.name == "bool" and isinstance(value.expr, nodes.IntLiteral) and value.expr.value in (0, 1):
        return Value(nodes.BoolLiteral(value=bool(value.expr.value), span=value.expr.span), BOOL)
    if to.name == "bool" and text in ("0", "1") and of_field:
        return Value(nodes.BoolLiteral(value=text == "1", span=value.expr.span), BOOL)
    if (
        text is not None
        and to.name == "bool"
        and text.lower() in ("true", "false", "t", "f")
        and work.dialect != "sqlite"
    ):
        return Value(nodes.BoolLiteral(value=text.lower()[0] == "t", span=value.expr.span), BOOL)
    if value.type is not None:
        _check_kinds(value, node, to)
    return value


def _moment(value: Value, text: str, node: exp.Expr, to: Type) -> Value:
    span = value.expr.span
    try:
        if to.name == "date" and len(text) == 10:
            date.fromisoformat(text)
            return Value(nodes.DateLiteral(value=text, span=span), DATE)
        if to.name == "timestamp" and len(text) == 10:
            date.fromisoformat(text)
            return Value(nodes.TimestampLiteral(value=f"{text}T00:00:00Z", span=span), TIMESTAMP)
        if to.name == "timestamp" and _ISO_MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(re.sub(r"(Z|\+00(:?00)?)$", "", text))
            return Value(nodes.TimestampLiteral(value=f"{moment.isoformat()}Z", span=span), TIMESTAMP)
    except ValueError:
        pass
    example = "2026-01-31" if to.name == "date" else "2026-01-31 09:30:00"
    many_meanings(f"'{text}' meets a {to.name}, and is not written as one", node, f"'{example}'")


def _number(value: Value, text: str, node: exp.Expr) -> Value:
    span = value.expr.span
    if _WHOLE.fullmatch(text):
        return Value(nodes.IntLiteral(value=int(text), span=span), INT)
    if _POINT.fullmatch(text):
        return Value(nodes.NumberLiteral(value=text, span=span), FLOAT)
    many_meanings(f"the text '{text}' meets a number", node, "a number without quotes, or a text column")


def _check_kinds(value: Value, node: exp.Expr, to: Type) -> None:
    """Refuse a comparison whose meaning hangs on an engine's rules of conversion."""
    kinds = {"number" if name in NUMBERS else name for name in (value.kind, to.name)}
    if kinds == {"text", "number"}:
        hint = "a number in quotes is a text: compare with '2010' where the column holds texts"
        many_meanings("a text is compared with a number", node, hint)
    if kinds == {"bool", "text"}:
        many_meanings("a text is used as true or false", node, "true or false without quotes")
    if kinds == {"bool", "number"}:
        many_meanings("a number is used as true or false", node, "compare it: … <> 0, or use true and false")


def literal_number(written: str, dialect: str) -> Value:
    """A number as the statement writes it."""
    if re.fullmatch(r"\d+", written):
        return Value(nodes.IntLiteral(value=int(written)), INT)
    whole, _, rest = written.lower().partition(".")
    text = f"{whole or '0'}.{rest or '0'}" if "." in written else written.lower()
    text = re.sub(r"\.e", ".0e", text)
    exact = dialect != "sqlite" and "e" not in text
    return Value(nodes.NumberLiteral(value=text), DECIMAL if exact else FLOAT)


def arithmetic_type(left: Type | None, right: Type | None) -> Type | None:
    """The type of a sum or product; None if one is not known."""
    if left is None or right is None or {left.name, right.name} - NUMBERS:
        return None
    order = ("float", "decimal", "int")
    found = next(name for name in order if name in (left.name, right.name))
    made = {"float": FLOAT, "decimal": DECIMAL, "int": INT}[found]
    return made.or_null() if left.nullable or right.nullable else made


def by_code_point(work: Work, value: Value, *sides: exp.Expr) -> None:
    """Refuse to order text by a rule that the dialect leaves to the database.

    Args:
        sides: what is compared; `collate "C"` on one of them settles it.

    Raises:
        Refused: T0506.
    """
    settled = any(isinstance(side.unnest(), exp.Collate) for side in sides)
    if work.dialect == "postgres" and value.kind == "text" and not settled:
        message = f"{ENGINE_NAMES['postgres']} orders text by the database's collation, the language by code point"
        many_meanings(message, sides[0], '… collate "C" orders by code point there, too')


def call(name: str, *args: nodes.Expr, distinct: bool = False) -> nodes.CallExpr:
    return nodes.CallExpr(name=name, args=tuple(nodes.Argument(value=each) for each in args), distinct=distinct)


def nullable_if(type_: Type | None, *values: Value) -> Type | None:
    """The type, which may be null where one of the values may be."""
    if type_ is None:
        return None
    return type_.or_null() if any(value.nullable for value in values) else type_

"""Two types → their common type, an operator's result type, and whether one fits the other. The compiler's checker and
the bytecode verifier share these rules."""

from __future__ import annotations

from typing import Final

from runtime.values.operators import DIVISION_SCALE
from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DECIMAL_PRECISION,
    DURATION,
    FLOAT,
    INT,
    MAX_SCALE,
    RECORD,
    SCALARS,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
    list_of,
    record_of,
)

BY_NAME: Final = {
    "bool": BOOL,
    "int": INT,
    "float": FLOAT,
    "decimal": DECIMAL,
    "text": TEXT,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "duration": DURATION,
    "record": RECORD,
    "any": ANY,
    "list": list_of(ANY),
}
NUMBERS: Final = frozenset({"int", "float", "decimal"})
ORDERED: Final = SCALARS

# ── two types ──────────────────────────────────────────────────────────────────────────────────────────────────


def common(a: Type, b: Type) -> Type | None:
    """The type that both fit without loss, or None."""
    if a == b:
        return a
    if a.name == "any" or b.name == "any":
        return ANY
    if a.name == "null":
        return b.or_null()
    if b.name == "null":
        return a.or_null()
    result = _common(a, b)
    if result is None:
        return None
    return result.or_null() if a.nullable or b.nullable else result


def _common(a: Type, b: Type) -> Type | None:
    if a.name in NUMBERS and b.name in NUMBERS:
        return number(a, b)
    if a.name != b.name:
        return None
    if a.name == "list":
        item = common(a.item or ANY, b.item or ANY)
        return None if item is None else list_of(item)
    if a.name == "record":
        return _common_record(a, b)
    return a.not_null()


def _common_record(a: Type, b: Type) -> Type | None:
    """Field by field, in a's order; an open record with any other is open."""
    if a.fields is None or b.fields is None:
        return RECORD
    if len(a.fields) != len(b.fields):
        return None
    fields = []
    for name, type_ in a.fields:
        other = b.field(name)
        both = common(type_, other) if other is not None else None
        if both is None:
            return None
        fields.append((name, both))
    return record_of(fields)


def number(a: Type, b: Type) -> Type:
    """The common type of two number types: float before decimal before int."""
    if "float" in (a.name, b.name):
        return FLOAT
    if "decimal" in (a.name, b.name):
        places = max(scale(a), scale(b))
        before = max(_digits(a) - scale(a), _digits(b) - scale(b))
        return decimal_of(min(DECIMAL_PRECISION, before + places), places)
    return INT


def _digits(type_: Type) -> int:
    return type_.precision if type_.name == "decimal" else DECIMAL_PRECISION if type_.name != "int" else 19


def scale(type_: Type) -> int:
    """Digits after the point of a decimal; 0 of any other number."""
    return type_.scale if type_.name == "decimal" else 0


def arithmetic(op: str, a: Type, b: Type) -> Type | None:
    """The result of an operator (add sub mul div intdiv mod) on types that are not null; None if it has none."""
    if a.name in NUMBERS and b.name in NUMBERS:
        return _on_numbers(op, a, b)
    pair = (a.name, b.name)
    if op == "add" and pair in (("date", "duration"), ("duration", "date")):
        return DATE
    if op == "add" and pair in (("timestamp", "duration"), ("duration", "timestamp")):
        return TIMESTAMP
    if op == "sub" and pair in (("date", "duration"), ("timestamp", "duration")):
        return a
    if op == "sub" and pair in (("date", "date"), ("timestamp", "timestamp")):
        return DURATION
    if op in ("add", "sub") and pair == ("duration", "duration"):
        return DURATION
    if op == "mul" and pair in (("duration", "int"), ("int", "duration")):
        return DURATION
    return None


def _on_numbers(op: str, a: Type, b: Type) -> Type:
    met = number(a, b)
    if met.name == "int":
        return FLOAT if op == "div" else INT
    if met.name == "float":
        return FLOAT
    scales = (scale(a), scale(b))
    if op == "mul":
        return decimal_of(DECIMAL_PRECISION, min(MAX_SCALE, sum(scales)))
    if op == "div":
        return decimal_of(DECIMAL_PRECISION, max(*scales, DIVISION_SCALE))
    return decimal_of(DECIMAL_PRECISION, 0 if op == "intdiv" else max(scales))


# ── fitting ────────────────────────────────────────────────────────────────────────────────────────────────────


def fits(actual: Type, expected: Type) -> bool:
    """Whether a value of type `actual` may stand where `expected` is needed, with a conversion or not: widening,
    `any` to a type (checked at run time), a value that may be null where none may be (checked too), but not the
    literal null where none may be."""
    if "any" in (actual.name, expected.name):
        return True
    if actual.name == "null":
        return expected.nullable
    if expected.name == "float":
        return actual.name in ("int", "float")
    if expected.name == "decimal":
        return actual.name in ("int", "decimal")
    if actual.name != expected.name:
        return False
    if expected.name == "list":
        return fits(actual.item or ANY, (expected.item or ANY).or_null())
    if expected.name == "record":
        return _record_fits(actual, expected)
    return True


def _record_fits(actual: Type, expected: Type) -> bool:
    if expected.fields is None or actual.fields is None:
        return True
    if {name for name, _ in actual.fields} != {name for name, _ in expected.fields}:
        return False
    return all(fits(type_, expected.field(name) or ANY) for name, type_ in actual.fields)


def is_subtype(actual: Type, expected: Type) -> bool:
    """Whether every value of `actual` already is one of `expected`, so that no conversion is needed."""
    if actual == expected or expected.name == "any":
        return True
    if actual.nullable and not expected.nullable:
        return False
    if actual.name == "null":
        return expected.nullable
    if actual.name != expected.name or actual.name == "any":
        return False
    if expected.name == "list":
        return is_subtype(actual.item or ANY, expected.item or ANY)
    if expected.name == "record":
        if expected.fields is None:
            return True
        return (
            actual.fields is not None
            and [name for name, _ in actual.fields] == [name for name, _ in expected.fields]
            and all(is_subtype(a, b) for (_, a), (_, b) in zip(actual.fields, expected.fields, strict=True))
        )
    return actual.not_null() == expected.not_null()

"""Typing rules: type names → types, the common type of two, whether a value fits a type, results of operators."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

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
    NULL,
    RECORD,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
    list_of,
    record_of,
)
from sopc.tree import nodes

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
ORDERED: Final = frozenset({"bool", "int", "float", "decimal", "text", "date", "timestamp", "duration"})
DIVISION_SCALE: Final = 6


class TypeNameError(Exception):
    """A type name that means nothing. code, message, hint, node: for the finding."""

    def __init__(self, code: str, message: str, node: nodes.TypeName, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.node, self.hint = code, message, node, hint


def type_of(name: nodes.TypeName) -> Type:
    """The type that a type name means; TypeNameError for an unknown name or parts that do not go with it."""
    if name.name == "record" and name.fields is not None:
        names = [field for field, _ in name.fields]
        for field in names:
            if names.count(field) > 1:
                raise TypeNameError(
                    "E0213", f"the field `{field}` is there twice", name, "give each field its own name"
                )
        result = record_of([(field, type_of(field_type)) for field, field_type in name.fields])
    elif name.name == "list" and name.item is not None:
        result = list_of(type_of(name.item))
    elif name.name == "decimal" and name.args:
        result = _decimal(name)
    elif name.name in BY_NAME:
        result = BY_NAME[name.name]
    else:
        raise TypeNameError("E0215", f"there is no type `{name.name}`", name, f"the types are {', '.join(BY_NAME)}")
    if (name.args and name.name != "decimal") or (name.item is not None and name.name != "list"):
        raise TypeNameError("E0316", f"the type {name.name} takes nothing after it", name, name.name)
    return result.or_null() if name.nullable else result


def _decimal(name: nodes.TypeName) -> Type:
    precision, scale = name.args[0], name.args[1] if len(name.args) > 1 else 0
    if not (1 <= precision <= DECIMAL_PRECISION and 0 <= scale <= min(MAX_SCALE, precision)):
        raise TypeNameError(
            "E0316",
            f"a decimal has 1 to {DECIMAL_PRECISION} digits, and at most {MAX_SCALE} of them after the point",
            name,
            "decimal(10,2)",
        )
    return decimal_of(precision, scale)


# ── two types ──────────────────────────────────────────────────────────────────────────────────────────────────


def common(a: Type, b: Type) -> Type | None:
    """The type that both fit without losing anything; None when there is none."""
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
    """The type in which two numbers meet: a float wins over a decimal, a decimal over an int."""
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


def undecided(type_: Type) -> bool:
    """Whether a type says too little to be a variable's: null, or a list of it (the type of `[]`)."""
    return type_ == NULL or (type_.name == "list" and type_.item is not None and undecided(type_.item))


def decimal_literal(value: float | str) -> Type:
    """The decimal type that holds a number as written."""
    exponent = Decimal(str(value)).as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return decimal_of(DECIMAL_PRECISION, min(MAX_SCALE, places))


def an(type_: Type) -> str:
    """ "an int", "a text?", "a list<int>": a type with its article, for messages."""
    return f"an {type_}" if str(type_)[0] in "aei" else f"a {type_}"

"""Type names → types. The typing rules are in runtime/values/type_rules.py."""

from __future__ import annotations

from decimal import Decimal

from runtime.values.type_rules import (
    BY_NAME,
)
from runtime.values.types import DECIMAL_PRECISION, MAX_SCALE, NULL, Type, decimal_of, list_of, record_of
from sopc.tree import nodes


class TypeNameError(Exception):
    """An invalid type name. code, message, hint, node: for the finding."""

    def __init__(self, code: str, message: str, node: nodes.TypeName, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.node, self.hint = code, message, node, hint


def type_of(name: nodes.TypeName) -> Type:
    """The type that a type name stands for.

    Raises:
        TypeNameError: An unknown name, or sizes, items or fields that the type does not have.
    """
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


def undecided(type_: Type) -> bool:
    """Whether a type is too vague for a variable: null, or a list of null (the type of `[]`)."""
    return type_ == NULL or (type_.name == "list" and type_.item is not None and undecided(type_.item))


def decimal_literal(value: float | str) -> Type:
    """The smallest decimal type that holds a number exactly as written."""
    exponent = Decimal(str(value)).as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return decimal_of(DECIMAL_PRECISION, min(MAX_SCALE, places))


def an(type_: Type) -> str:
    """ "an int", "a text?", "a list<int>": a type with its article, for messages."""
    return f"an {type_}" if str(type_)[0] in "aei" else f"a {type_}"

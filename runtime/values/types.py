"""Type text ↔ Type values: the types that the checker, the bytecode and the databases share."""

from __future__ import annotations

from typing import Final

import msgspec

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
DECIMAL_PRECISION: Final = 38
DECIMAL_SCALE: Final = 10
MAX_SCALE: Final = 18

SCALARS: Final = frozenset({"bool", "int", "float", "decimal", "text", "date", "timestamp", "duration"})


class Type(msgspec.Struct, frozen=True, omit_defaults=True):
    """One type.

    Attributes:
        name: A scalar's name, or `list`, `record`, `any`, `null` (the type of the literal null).
        nullable: `T?`; `any` and `null` are always nullable.
        item: The element type of a list.
        fields: (name, type) pairs of a record in order; None for an open `record`.
        precision: Of a decimal: its digits.
        scale: Of a decimal: its digits after the point.
    """

    name: str
    nullable: bool = False
    item: Type | None = None
    fields: tuple[tuple[str, Type], ...] | None = None
    precision: int = 0
    scale: int = 0

    def or_null(self) -> Type:
        """Return the type with null."""
        return self if self.nullable else msgspec.structs.replace(self, nullable=True)

    def not_null(self) -> Type:
        """Return the type without null."""
        return msgspec.structs.replace(self, nullable=False) if self.nullable else self

    def field(self, name: str) -> Type | None:
        """The type of a record's field, None when it has no such field (or is open)."""
        for field_name, field_type in self.fields or ():
            if field_name == name:
                return field_type
        return None

    def __str__(self) -> str:
        if self.name == "decimal":
            text = f"decimal({self.precision},{self.scale})"
        elif self.name == "list" and self.item is not None:
            text = f"list<{self.item}>"
        elif self.name == "record" and self.fields is not None:
            text = "{" + ", ".join(f"{name}: {type_}" for name, type_ in self.fields) + "}"
        else:
            text = self.name
        return text + "?" if self.nullable and self.name not in ("any", "null") else text


BOOL: Final = Type("bool")
INT: Final = Type("int")
FLOAT: Final = Type("float")
DECIMAL: Final = Type("decimal", precision=DECIMAL_PRECISION, scale=DECIMAL_SCALE)
TEXT: Final = Type("text")
DATE: Final = Type("date")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
ANY: Final = Type("any", nullable=True)
NULL: Final = Type("null", nullable=True)
RECORD: Final = Type("record")


def list_of(item: Type) -> Type:
    return Type("list", item=item)


def record_of(fields: list[tuple[str, Type]] | tuple[tuple[str, Type], ...]) -> Type:
    return Type("record", fields=tuple(fields))


def decimal_of(precision: int, scale: int) -> Type:
    return Type("decimal", precision=precision, scale=scale)

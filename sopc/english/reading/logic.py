"""The logical form of a question: which rows, what of them is shown, in which order; without words or trees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal as OneOf

from runtime.values.types import Type


@dataclass(frozen=True)
class Row:
    """A row of a store, by an alias of its own."""

    database: str
    store: str
    alias: str


@dataclass(frozen=True)
class FieldOf:
    """A field of a row. points: it is a key's, so it stands for another row."""

    alias: str
    field: str
    type: Type


@dataclass(frozen=True)
class Period(FieldOf):
    """The part of time that a day or moment lies in: month, year, …"""

    unit: str


@dataclass(frozen=True)
class Literal:
    """A number, text, truth or day that was said."""

    value: int | Decimal | str | bool | date


@dataclass(frozen=True)
class Measure:
    """An aggregate: of the group's rows, or of `rows`. of: None counts them."""

    fn: str
    of: FieldOf | None = None
    distinct: bool = False
    rows: Set | None = None


@dataclass(frozen=True)
class Share:
    """How many in a hundred of the rows some filters hold for."""

    holding: tuple[Filter, ...]


Value = FieldOf | Literal | Measure | Share


@dataclass(frozen=True)
class Test:
    left: Value
    op: str
    right: Value


@dataclass(frozen=True)
class Between:
    left: Value
    low: Value
    high: Value


@dataclass(frozen=True)
class Has:
    """There are such rows; or, with a count, so many."""

    rows: Set
    op: str = ""
    number: int = 0


@dataclass(frozen=True)
class Either:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Both:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    part: Filter


@dataclass(frozen=True)
class Empty:
    field: FieldOf


@dataclass(frozen=True)
class Truth:
    field: FieldOf


Filter = Test | Between | Has | Either | Both | Not | Empty | Truth


@dataclass(frozen=True)
class Link:
    """A further row, and the fields in which it equals rows before it. outer: there may be none."""

    row: Row
    pairs: tuple[tuple[FieldOf, FieldOf], ...]
    outer: bool = False


@dataclass(frozen=True)
class Set:
    """The rows of a store, linked to others, for which all filters hold. links of a set inside another may equal
    fields of the outer rows: those are `anchors`."""

    row: Row
    links: tuple[Link, ...] = ()
    filters: tuple[Filter, ...] = ()
    anchors: tuple[tuple[FieldOf, FieldOf], ...] = ()


def renamed(one: Filter, old: str, new: str) -> Filter:
    """The filter, of the row called `new` where it was of the one called `old`."""

    def field(given: FieldOf) -> FieldOf:
        return replace(given, alias=new) if given.alias == old else given

    def value(given: Value) -> Value:
        return field(given) if isinstance(given, FieldOf) else given

    def anchors(rows: Set) -> Set:
        return replace(rows, anchors=tuple((field(a), field(b)) for a, b in rows.anchors))

    match one:
        case Test(left, op, right):
            return Test(value(left), op, value(right))
        case Between(left, low, high):
            return Between(value(left), value(low), value(high))
        case Has(rows):
            return replace(one, rows=anchors(rows))
        case Either(parts) | Both(parts):
            return replace(one, parts=tuple(renamed(part, old, new) for part in parts))
        case Not(part):
            return Not(renamed(part, old, new))
        case Empty(of) | Truth(of):
            return replace(one, field=field(of))


@dataclass(frozen=True)
class Order:
    by: Value
    descending: bool


@dataclass(frozen=True)
class Show:
    """What is shown of a set.

    Attributes:
        items: In order; none means the whole rows.
        keys: The fields that rows are grouped by; shown only where they are items.
        kept: Filters on the groups.
        distinct: Whether equal records are shown once.
        orders, limit, skipped: The first few of an order, after some that are left out.
    """

    rows: Set
    items: tuple[Value, ...] = ()
    keys: tuple[FieldOf, ...] = ()
    kept: tuple[Filter, ...] = ()
    distinct: bool = False
    orders: tuple[Order, ...] = ()
    limit: int | None = None
    skipped: int = 0
    combined: tuple[OneOf["union", "intersect", "except"], Show] | None = None

"""Signature strings of the function table → overloads; arguments' types → whether one takes them, and its result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from runtime.values.functions import FunctionRow
from runtime.values.operators import DIVISION_SCALE
from runtime.values.type_rules import BY_NAME, NUMBERS, common
from runtime.values.types import ANY, DECIMAL_PRECISION, MAX_SCALE, Type, decimal_of, list_of

_SIGNATURE: Final = re.compile(r"\s*(\w+)\s*\((.*)\)\s*->\s*(.+?)\s*")
_PARAMETER: Final = re.compile(r"\s*(?:\w+\s*:\s*)?(.+?)(\.\.\.)?\s*(?:=\s*(.+?))?\s*")


@dataclass(frozen=True)
class Slot:
    """One parameter of an overload. pattern: a type's name, `number`, `T`, `list<…>`, with `?` when null may be
    given though the function is not handed nulls. default: None when the argument must be given."""

    pattern: str
    default: str | None = None


@dataclass(frozen=True)
class Overload:
    """variadic: the last slot takes one argument or more."""

    text: str
    slots: tuple[Slot, ...]
    result: str
    variadic: bool

    def takes(self, count: int) -> bool:
        needed = sum(1 for slot in self.slots if slot.default is None)
        return needed <= count and (self.variadic or count <= len(self.slots))

    def slot(self, index: int) -> Slot:
        return self.slots[min(index, len(self.slots) - 1)]


@cache
def overload(signature: str) -> Overload:
    """ "round(number, int = 0) -> number" → its parts. ValueError when it is not in that form."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"not a signature: {signature}")
    slots, variadic = [], False
    for text in _split(match[2]):
        parameter = _PARAMETER.fullmatch(text)
        if parameter is None:
            raise ValueError(f"not a parameter: {text}")
        pattern = parameter[1]
        variadic = parameter[2] is not None
        slots.append(Slot(pattern, parameter[3]))
    return Overload(signature, tuple(slots), match[3], variadic)


def _split(text: str) -> list[str]:
    """At the commas that are not inside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += character in "<("
        depth -= character in ">)"
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def overloads(row: FunctionRow) -> list[Overload]:
    return [overload(signature) for signature in row.signatures]


def bind(pattern: str, type_: Type, bound: dict[str, Type], widen: bool) -> bool:
    """Whether a value of the type can be given for the pattern; binds `T` and `number`."""
    if pattern == "any":
        return True
    if pattern in ("number", "T"):
        if pattern == "number" and type_.name not in (*NUMBERS, "any", "null"):
            return False
        met = common(bound[pattern], type_) if pattern in bound else type_
        if met is not None:
            bound[pattern] = met.not_null() if met.name not in ("any", "null") else met
        return met is not None
    if pattern.startswith("list<"):
        if type_.name in ("any", "null"):
            return widen
        return type_.name == "list" and bind(pattern[5:-1], (type_.item or ANY).not_null(), bound, widen)
    if type_.name == BY_NAME[pattern].name:
        return True
    return widen and (type_.name in ("any", "null") or (type_.name == "int" and pattern in ("float", "decimal")))


def results(row: FunctionRow, args: Sequence[Type], digits: int | None) -> Iterator[Type]:
    """The type of the value by each overload that takes arguments of these types, those that need no widening first."""
    for widen in (False, True):
        for each in overloads(row):
            if not each.takes(len(args)):
                continue
            bound: dict[str, Type] = {}
            slots = [each.slot(index).pattern.removesuffix("?") for index in range(len(args))]
            if all(bind(pattern, arg.not_null(), bound, widen) for pattern, arg in zip(slots, args, strict=True)):
                yield result(row, each, args, bound, digits)


def result(
    row: FunctionRow, each: Overload, args: Sequence[Type], bound: dict[str, Type], digits: int | None = None
) -> Type:
    """The type of the value; it may be null where the table says so or, in most functions, where an argument may.
    digits: the literal second argument of `round`."""
    base = _result_type(row, each, each.result.removesuffix("?"), args, bound, digits)
    if row.name == "coalesce":
        nullable = all(arg.nullable for arg in args)
    else:
        nullable = each.result.endswith("?") or (not row.nulls and any(arg.nullable for arg in args))
    return base.or_null() if nullable else base


def _may_hold_null(each: Overload, args: Sequence[Type]) -> bool:
    """Whether a list that is made of the arguments' items, and of arguments themselves, may hold a null."""
    patterns = [each.slot(index).pattern for index in range(len(args))]
    items = (arg.item for pattern, arg in zip(patterns, args, strict=True) if pattern.startswith("list<T"))
    single = (arg for pattern, arg in zip(patterns, args, strict=True) if pattern == "T?")
    return any(type_ is not None and type_.nullable for type_ in (*items, *single))


def _result_type(
    row: FunctionRow, each: Overload, pattern: str, args: Sequence[Type], bound: dict[str, Type], digits: int | None
) -> Type:
    if pattern.startswith("list<"):
        item = _result_type(row, each, pattern[5:-1], args, bound, digits)
        return list_of(item.or_null() if _may_hold_null(each, args) else item)
    found = bound.get(pattern, ANY) if pattern in ("number", "T") else BY_NAME[pattern]
    if found.name != "decimal" or pattern == "T":
        return found
    inner = [arg.item if arg.item is not None else arg for arg in args]
    scales = [type_.scale for type_ in inner if type_.name == "decimal"]
    if row.name == "round" and digits is not None:
        return decimal_of(DECIMAL_PRECISION, max(0, min(digits, MAX_SCALE)))
    if row.name == "avg":
        scales.append(DIVISION_SCALE)
    return decimal_of(DECIMAL_PRECISION, max(scales)) if scales else found

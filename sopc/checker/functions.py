"""A function and its arguments → the matching overload, the converted arguments, the type of the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.values.functions import FunctionRow
from runtime.values.signatures import Overload, Slot, bind, overloads, result
from runtime.values.type_rules import BY_NAME
from runtime.values.types import ANY, INT, TEXT, Type, list_of
from sopc.checker.coerce import coerce, converge, exact_together
from sopc.checker.typed import Const, Expr


@dataclass(frozen=True)
class Resolved:
    """A resolved overload. args: converted, defaults filled in."""

    args: tuple[Expr, ...]
    result: Type


def resolve(row: FunctionRow, args: Sequence[Expr]) -> Resolved | None:
    """Choose an overload.

    Args:
        row: The function, with its overloads in order of preference.
        args: The typed arguments.

    Returns:
        The first overload whose types the arguments have, else the first to which they can be widened; None if there
        is none.
    """
    together = exact_together(args)
    fitting = [each for each in overloads(row) if each.takes(len(args))]
    for widen in (False, True):
        for each in fitting:
            found = _match(row, each, together, widen)
            if found is not None:
                return found
    return None


def _match(row: FunctionRow, each: Overload, args: Sequence[Expr], widen: bool) -> Resolved | None:
    bound: dict[str, Type] = {}
    for index, arg in enumerate(args):
        pattern = each.slot(index).pattern.removesuffix("?")
        # Among several overloads, one with `any` is only for values whose type is known at run time only.
        if pattern == "any" and len(row.signatures) > 1 and arg.type.name != "any":
            return None
        if not bind(pattern, arg.type.not_null(), bound, widen):
            return None
    made: list[Expr] = []
    for index, arg in enumerate(args):
        pattern = each.slot(index).pattern.removesuffix("?")
        wanted = _wanted(pattern, arg.type, bound)
        wanted = wanted.or_null() if arg.type.nullable else wanted.not_null()
        if pattern == "T":
            made += converge([arg], wanted)
            continue
        coerced = coerce(arg, wanted)
        if coerced is None:
            return None
        made.append(coerced)
    made.extend(_default(slot) for slot in each.slots[len(args) :] if slot.default is not None)
    return Resolved(tuple(made), result(row, each, [arg.type for arg in made], bound, _digits(made)))


def _wanted(pattern: str, given: Type, bound: dict[str, Type]) -> Type:
    """The type to convert an argument to; its own type if the pattern accepts that."""
    if pattern == "T":
        return bound.get("T", given)
    if pattern in ("number", "any") or (pattern == "decimal" and given.name == "decimal"):
        return given
    if pattern.startswith("list<"):
        item = given.item or ANY  # any list may hold nulls
        wanted = _wanted(pattern[5:-1], item, bound)
        return list_of(wanted.or_null() if item.nullable else wanted)
    return BY_NAME[pattern]


def _default(slot: Slot) -> Expr:
    text = slot.default or "null"
    if text.startswith('"'):
        return Const(text[1:-1], type=TEXT)
    return Const(int(text), type=INT)


def _digits(args: Sequence[Expr]) -> int | None:
    """The number of digits to round to, if it is a literal."""
    value = args[1].value if len(args) > 1 and isinstance(args[1], Const) else None
    return value if isinstance(value, int) else None

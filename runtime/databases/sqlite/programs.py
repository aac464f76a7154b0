"""JSON text of an expression's tree, which SQLite asks Python for as a whole → a function on SQLite's values.

A number is the argument at that place; a list is an operation and its operands: `["add:i,i>i", 0, ["neg:i>i", 1]]`.
`and`, `or`, `coalesce` and `case` (conditions and values in turn, what else comes last) look at no more of their
operands than they need, as the VM does. One call takes the place of many nested ones, which SQLite's parser has no room
for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from runtime.values import operators

Args = tuple[Any, ...]
Part = Callable[[Args], Any]


def program(text: str, operation: Callable[[str], Callable[[Args], Any]]) -> Part:
    """Parse a program. operation: makes a function from the text that names an operator or function and its codecs."""
    return _part(json.loads(text), operation)


def _part(tree: Any, operation: Callable[[str], Callable[[Args], Any]]) -> Part:
    if isinstance(tree, int):
        return lambda args: args[tree]
    name, *operands = tree
    parts = [_part(operand, operation) for operand in operands]
    if name in _LAZY:
        return _LAZY[name](parts)
    function = operation(name)
    return lambda args: function(tuple([part(args) for part in parts]))


def _case(parts: list[Part]) -> Part:
    *branches, otherwise = parts
    pairs = list(zip(branches[::2], branches[1::2], strict=True))

    def answer(args: Args) -> Any:
        for when, then in pairs:
            if when(args):
                return then(args)
        return otherwise(args)

    return answer


def _coalesce(parts: list[Part]) -> Part:
    def answer(args: Args) -> Any:
        for part in parts:
            value = part(args)
            if value is not None:
                return value
        return None

    return answer


def _connected(decides: bool, connect: Callable[[Any, Any], bool | None]) -> Callable[[list[Part]], Part]:
    """`and` or `or`: the first side that decides is the last one looked at."""

    def made(parts: list[Part]) -> Part:
        def answer(args: Args) -> Any:
            found: bool | None = not decides
            for part in parts:
                value = part(args)
                found = connect(found, None if value is None else bool(value))
                if found is decides:
                    break
            return None if found is None else int(found)

        return answer

    return made


_LAZY: dict[str, Callable[[list[Part]], Part]] = {
    "case": _case,
    "coalesce": _coalesce,
    "and": _connected(False, operators.logic_and),
    "or": _connected(True, operators.logic_or),
}

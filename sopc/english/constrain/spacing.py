"""Rules → rules that say where space stands between their symbols, as the formatter writes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sopc.english.constrain.rules import Rules, Symbol

GAP: Final = "GAP"  # a space, or a new line with its indentation
NEW_LINE: Final = "NEW_LINE"  # inside brackets whose content stands on lines of its own
SPACES: Final = {GAP: r" |\n{1,2} {0,100}", NEW_LINE: r"\n {0,100}"}

SPACE: Final = '" "'  # in the holes of a text, which ends on the line where it began
_COPY: Final = "_at_"
_CLOSED: Final = {'"("': '")"', '"["': '"]"', '"{"': '"}"'}
_TIGHT_BEFORE: Final = ('")"', '"]"', '","', '":"', '"?"', "FIELD", "TEXT_MIDDLE", "TEXT_END")
_TIGHT_AFTER: Final = ('"("', '"["', '"$"', "TEXT_START", "TEXT_MIDDLE")
_MAY_BREAK: Final = (
    "parameters",
    "arguments",
    "call",
    "over",
    "members",
    "group_path",
    "list_expr",
    "union_stage",
    "atom",
)
_ON_ONE_LINE: Final = ("hole", "text")
# Symbols that stand close in these rules alone: before which of them, and after which, there is no space.
_CLOSE: Final[dict[str, tuple[tuple[Symbol, ...], tuple[Symbol, ...]]]] = {
    "parameters": (('"("',), ()),
    "call": (('"("',), ()),
    "hole_call": (('"("',), ()),
    "hole_query": (('"("',), ()),
    "type": (('"}"',), ('"{"',)),
    "type_sizes": (('"("',), ('","',)),
    "type_item": (('"<"', '">"'), ('"<"',)),
    "index": (('"["',), ()),
    "hole_index": (('"["',), ()),
    "minus": ((), ('"-"',)),
    "hole_minus": ((), ('"-"',)),
}


def copy_of(name: str, place: str) -> str:
    """What a rule's copy for a place is called."""
    return f"{name}{_COPY}{place}"


def base_of(name: str) -> str:
    """The grammar's name of a rule, or of what it is a copy of."""
    return name.split(_COPY)[0]


def spaced(rules: Rules) -> Rules:
    """rules: without empty ones. Outside a rule's first and last symbol there is no space."""
    tight = _tight_starts(rules)
    return {name: [tuple(_spaced(name, one, tight)) for one in each] for name, each in rules.items()}


def _spaced(name: str, expansion: tuple[Symbol, ...], tight: dict[str, bool]) -> Iterator[Symbol]:
    yield expansion[0]
    for left, right in pairwise(expansion):
        yield from _between(name, left, right, tight)
        yield right


def _between(name: str, left: Symbol, right: Symbol, tight: dict[str, bool]) -> tuple[Symbol, ...]:
    base = base_of(name)
    flat = base.startswith(_ON_ONE_LINE)
    before, after = _CLOSE.get(base, ((), ()))
    if right in before or left in after or _CLOSED.get(left) == right:
        return ()
    if not flat and base in _MAY_BREAK and (left in ('"("', '"["') or right in ('")"', '"]"')):
        return (f"{NEW_LINE}?",)
    if left in _TIGHT_AFTER or right in _TIGHT_BEFORE or tight.get(right, False):
        return ()
    return (SPACE if flat else GAP,)


def _tight_starts(rules: Rules) -> dict[str, bool]:
    """Rule → whether what it begins with follows without a space. A rule of both kinds raises AssertionError."""
    found: dict[str, set[bool]] = {name: set() for name in rules}
    changed = True
    while changed:
        changed = False
        for name, each in rules.items():
            close = (*_TIGHT_BEFORE, *_CLOSE.get(base_of(name), ((), ()))[0])
            for first in (expansion[0] for expansion in each):
                kinds = found[first] if first in rules else {first in close}
                changed = changed or not kinds <= found[name]
                found[name] |= kinds
    assert all(len(kinds) == 1 for kinds in found.values()), [name for name, kinds in found.items() if len(kinds) != 1]
    return {name: True in kinds for name, kinds in found.items()}

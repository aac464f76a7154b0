"""Parts of a module's tables → nothing, or an error: names, types, constants, functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NoReturn

import msgspec

from runtime.errors import SopError
from runtime.query.algebra import Inline, Scan
from runtime.values.constants import Const
from runtime.values.names import name_fault
from runtime.values.types import DECIMAL_PRECISION, INT_MAX, INT_MIN, MAX_SCALE, SCALARS, Type

MAX_DEPTH: Final = 120
_COMPOUND: Final = frozenset({"list", "record", "any", "null"})
_CONSTANTS: Final[dict[str, tuple[type, ...]]] = {"bool": (bool,), "int": (int,), "float": (float, int), "text": (str,)}


def refuse(where: str, why: str) -> NoReturn:
    raise SopError("L0206", f"the module's tables are refused: {where}: {why}", "compile the script again")


def depth_of(root: Any) -> int:
    """How deep a query, write or type nests, counted in nodes."""
    deepest, level = 0, [root]
    while level:
        deepest += 1
        level = [child for node in level for child in children(node)]
    return deepest


def stores_of(root: Any) -> list[str]:
    """Names of the stores a query reads, in its order, repeated where it reads one again."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Scan):
            found.append(node.store)
        stack.extend(reversed(children(node)))
    return found


def inlines(root: Any) -> bool:
    """Whether a query, write or expression names the value of a called script."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Inline):
            return True
        stack.extend(children(node))
    return False


def children(node: Any) -> list[Any]:
    """The structs right below a struct, through tuples."""
    found: list[Any] = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, msgspec.Struct):
            found.append(value)
        elif type(value) is tuple:
            found += _members(value)
    return found


def _members(values: tuple[Any, ...]) -> Iterable[Any]:
    """The structs in a tuple, through tuples in it."""
    stack = list(reversed(values))
    while stack:
        value = stack.pop()
        if isinstance(value, msgspec.Struct):
            yield value
        elif type(value) is tuple:
            stack.extend(reversed(value))


def check_name(where: str, name: str) -> None:
    fault = name_fault(name)
    if fault is not None:
        refuse(where, f"a name {fault}")


def check_unique(where: str, names: Iterable[str]) -> None:
    seen = set()
    for name in names:
        check_name(where, name)
        if name in seen:
            refuse(where, f"`{name}` occurs twice")
        seen.add(name)


def check_type(where: str, root: Type) -> None:
    """Refuses a type that no type text could give."""
    if root.name in SCALARS and root.name != "decimal" and root.item is None and root.fields is None:
        if root.precision or root.scale:
            refuse(where, f"{root.name} has no precision")
        return
    stack = [(root, 1)]
    while stack:
        type_, depth = stack.pop()
        if depth > MAX_DEPTH:
            refuse(where, "a type nests too deeply")
        if type_.name not in SCALARS and type_.name not in _COMPOUND:
            refuse(where, "a type has an unknown name")
        if type_.name == "decimal":
            if not (1 <= type_.precision <= DECIMAL_PRECISION and 0 <= type_.scale <= MAX_SCALE):
                refuse(where, f"there is no {type_}")
        elif type_.precision or type_.scale:
            refuse(where, f"{type_.name} has no precision")
        if (type_.item is not None and type_.name != "list") or (type_.fields is not None and type_.name != "record"):
            refuse(where, f"{type_.name} has no parts")
        if type_.item is not None:
            stack.append((type_.item, depth + 1))
        if type_.fields is not None:
            check_unique(where, (name for name, _ in type_.fields))
            stack.extend((field, depth + 1) for _, field in type_.fields)


def check_const(where: str, const: Const) -> None:
    value, type_ = const.value, const.type
    check_type(where, type_)
    if value is None:
        return
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        refuse(where, "an int is too large")
    if type(value) is float and value - value != 0:
        refuse(where, "a float is not finite")
    expected = _CONSTANTS.get(type_.name, (str,))
    if type(value) not in expected or type_.name in _COMPOUND:
        refuse(where, f"its value is not of type {type_.name}")
    if type_.name in ("decimal", "date", "timestamp", "duration"):
        from runtime.values.conversion import from_const

        try:
            from_const(const)
        except SopError as error:
            refuse(where, error.message)


def check_function(where: str, name: str, arguments: int, *, kinds: tuple[str, ...]) -> None:
    """Refuses a name that is no function of these kinds, and a number of arguments that it does not take; the compiler
    fills in defaults, so none may be left out."""
    from runtime.values.functions import FUNCTIONS  # a module without functions need not wait for the table
    from runtime.values.signatures import overloads

    row = FUNCTIONS.get(name)
    if row is None or row.kind not in kinds or (row.kind == "scalar" and row.python is None):
        refuse(where, f"there is no function `{name}` that could stand there")
    if not any(each.takes(arguments) and arguments >= len(each.slots) for each in overloads(row)):
        refuse(where, f"`{name}` does not take {arguments} arguments")

"""A lifted loop's query or write → the same with the values of called scripts in the place of their names.

The values are those of the callees as they are linked now: a callee may have been compiled again since its caller was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from runtime.query.algebra import Expr, Inline, Param, Query, Write
from runtime.values.types import Type
from runtime.vm.script import Script

MAX_NODES: Final = 5_000
Form = TypeVar("Form", Query, Write)


class NoValue(Exception):
    """A callee's value can't be written out."""


def inlined(form: Form, scripts: Mapping[str, Script]) -> tuple[Form, tuple[str, ...], int]:
    """Write out the values of callees.

    Args:
        form: The query or write.
        scripts: By name, with all that is called.

    Returns:
        The form, the names of the callees, and how deep their calls nest.

    Raises:
        NoValue: A callee has no value of its own, calls itself, or the form gets too long.
    """
    work = _Inliner(scripts)
    made = work.node(form, None, ())
    return made, tuple(sorted(work.callees)), work.depth


class _Inliner:
    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self.scripts = scripts
        self.callees: set[str] = set()
        self.depth = 0
        self.nodes = 0

    def node(self, node: Any, args: tuple[Expr, ...] | None, within: tuple[str, ...]) -> Any:
        """The node. args: what the params of a callee stand for; None outside of one. within: callees around it."""
        if isinstance(node, tuple):
            return tuple(self.node(each, args, within) for each in node)
        if not isinstance(node, msgspec.Struct) or isinstance(node, Type):
            return node
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise NoValue
        if isinstance(node, Param) and args is not None:
            return args[node.index]
        if isinstance(node, Inline):
            return self._value(node, args, within)
        parts = {name: getattr(node, name) for name in node.__struct_fields__}
        made = {name: self.node(part, args, within) for name, part in parts.items()}
        return node if all(made[name] is parts[name] for name in parts) else type(node)(**made)

    def _value(self, node: Inline, args: tuple[Expr, ...] | None, within: tuple[str, ...]) -> Any:
        script = self.scripts.get(node.script)
        value = UNSET if script is None else script.module.value
        if value is UNSET or node.script in within:
            raise NoValue
        self.callees.add(node.script)
        self.depth = max(self.depth, len(within) + 1)
        given = tuple(self.node(arg, args, within) for arg in node.args)
        return self.node(value, given, (*within, node.script))

"""A tree → its nodes in order, or the same tree with some of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sopc.tree import nodes

__all__ = ("rewrite", "walk")


def walk(node: Any) -> Iterator[nodes.Node]:
    """Every node of a tree (or of a tuple of trees), parents first, however deep it is."""
    waiting: list[Any] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, nodes.Node):
            yield value
            waiting.extend(reversed(value.__dict__.values()))
        elif isinstance(value, tuple):
            waiting.extend(reversed(value))


def rewrite(node: Any, change: Callable[[nodes.Node], nodes.Node]) -> Any:
    """The same tree with every node changed, children first."""
    if isinstance(node, tuple):
        return tuple(rewrite(item, change) for item in node)
    if not isinstance(node, nodes.Node):
        return node
    changed = {name: rewrite(getattr(node, name), change) for name in type(node).model_fields}
    same = all(changed[name] is getattr(node, name) or changed[name] == getattr(node, name) for name in changed)
    return change(node if same else node.model_copy(update=changed))

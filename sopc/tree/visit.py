"""A tree → its nodes in order, or a copy with some of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sopc.tree import nodes

__all__ = ("rewrite", "walk")

_WITH_PARTS: Final = (nodes.Node, tuple)


def walk(node: Any) -> Iterator[nodes.Node]:
    """Yield every node, parents first, without recursion, so that the depth does not matter.

    Args:
        node: A tree, or a tuple of trees.
    """
    waiting: list[Any] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, nodes.Node):
            yield value
            value = value.__dict__.values()
        waiting += [part for part in reversed(value) if isinstance(part, _WITH_PARTS)]


def rewrite(node: Any, change: Callable[[nodes.Node], nodes.Node]) -> Any:
    """Apply a function to every node, children first.

    Args:
        node: A tree, or a tuple of trees.
        change: Takes a node whose children are changed already; returns its replacement.

    Returns:
        The changed tree, which shares unchanged nodes with the old one.
    """
    if isinstance(node, tuple):
        return tuple(rewrite(item, change) for item in node)
    if not isinstance(node, nodes.Node):
        return node
    changed = {name: rewrite(getattr(node, name), change) for name in type(node).model_fields}
    same = all(changed[name] is getattr(node, name) or changed[name] == getattr(node, name) for name in changed)
    return change(node if same else node.model_copy(update=changed))

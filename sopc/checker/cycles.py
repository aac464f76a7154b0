"""A directed graph → its strongly connected components, each after all components that it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def groups(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Find the strongly connected components, in reverse topological order.

    It keeps a stack of its own, so that a long chain of calls needs no deep recursion.

    Args:
        graph: The successors of each node.

    Source:
        R. Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on Computing 1 (1972).
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    pending: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []

    def enter(node: str) -> tuple[str, Iterator[str]]:
        index[node] = low[node] = len(index)
        pending.append(node)
        on_stack.add(node)
        return node, iter(graph[node])

    for root in graph:
        if root in index:
            continue
        work = [enter(root)]
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    work.append(enter(target))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group: list[str] = []
                    while not group or group[-1] != node:
                        group.append(pending.pop())
                        on_stack.discard(group[-1])
                    found.append(group[::-1])
    return found

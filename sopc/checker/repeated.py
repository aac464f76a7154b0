"""A grouped relation and the keys of its stores → the rows that its joins may repeat within a group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from runtime.query import algebra as q
from runtime.values.constants import Const

Place = tuple[int, str]
"""A field of the rows of a store: the relation's id, and the field."""


class Joins:
    """What a grouped relation joins, as far as it is made of stores, joins and conditions.

    Args:
        group: The relation.
        place: Tells which field of a store an expression is; None for others.
        keys: The sets of fields each of which tells the rows of a scanned relation apart.
    """

    def __init__(
        self,
        group: q.Group,
        place: Callable[[Any], Place | None],
        keys: Callable[[q.Scan], Collection[Sequence[str]]],
    ) -> None:
        self._equal: list[tuple[Place, Place]] = []
        self._fixed = {found for key in group.keys if (found := place(key)) is not None}
        parts = [*_parts(group.source)]
        self.scans = {one.id: one for one in parts if isinstance(one, q.Scan)}
        self._keys = {id_: [*keys(scan)] for id_, scan in self.scans.items()}
        for one in parts:
            if isinstance(one, q.Op) and one.op == "eq":
                self._equate(one.args[0], place(one.args[0]), one.args[1], place(one.args[1]))

    def _equate(self, left: Any, at: Place | None, right: Any, other: Place | None) -> None:
        if at is not None and other is not None:
            self._equal += [(at, other), (other, at)]
        elif at is not None and isinstance(right, Const | q.Param):
            self._fixed.add(at)
        elif other is not None and isinstance(left, Const | q.Param):
            self._fixed.add(other)

    def repeating(self, relation: int) -> q.Scan | None:
        """The store that may have several rows beside one row of a relation, which then is there as often."""
        single, fixed = {relation}, set(self._fixed)
        size = -1
        while size != (size := len(single) + len(fixed)):
            fixed |= {other for place, other in self._equal if place in fixed or place[0] in single}
            single |= {one for one in self.scans if self._has_key(one, {name for at, name in fixed if at == one})}
        many = (scan for one, scan in self.scans.items() if one not in single and self._points_at(one, single))
        return next(many, None)

    def _points_at(self, relation: int, single: Collection[int]) -> bool:
        """Whether a relation's rows refer, by a key, to rows of one of others."""
        return any(
            self._has_key(one, {at[1] for at, other in self._equal if at[0] == one and other[0] == relation})
            for one in single
        )

    def _has_key(self, relation: int, fields: Collection[str]) -> bool:
        return any(key and set(key) <= set(fields) for key in self._keys.get(relation, ()))


def _parts(relation: Any) -> Iterator[Any]:
    """The scans of a relation, and the conditions that all of its rows fulfil."""
    stack = [relation]
    while stack:
        one = stack.pop()
        match one:
            case q.Join():
                stack += [one.right, one.left]
                yield from _conditions(one.on)
            case q.Where():
                stack.append(one.source)
                yield from _conditions(one.condition)
            case q.Derive() | q.Select() | q.Sort():
                stack.append(one.source)
            case q.Scan():
                yield one


def _conditions(condition: Any) -> Iterator[Any]:
    if isinstance(condition, q.Op) and condition.op == "and":
        for part in condition.args:
            yield from _conditions(part)
    else:
        yield condition

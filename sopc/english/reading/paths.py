"""Two stores of a schema → the shortest ways along keys from a row of one to rows of the other, with costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from runtime.query.schema import Schema
from sopc.english.reading.aliases import spelt_out

_LONGEST: Final = 4
_STEP: Final = 0.05
_THROUGH: Final = 0.05  # a store that is not spoken of
_FAR: Final = 0.2  # each step after the second
_GUESSED: Final = 0.2  # a key that only its name tells of
_SIBLING: Final = 0.6  # up to a parent, and down again: "student → department ← course" is not "takes"


@dataclass(frozen=True)
class Edge:
    """A step from a row to others. pairs: (field here, field there). up: to the row that a key points at."""

    start: str
    end: str
    pairs: tuple[tuple[str, str], ...]
    up: bool


Path = tuple[Edge, ...]


class Paths:
    """The ways between the stores of a database."""

    def __init__(self, schema: Schema) -> None:
        self._edges: dict[str, list[Edge]] = {name: [] for name in schema.stores}
        self._guessed: set[Edge] = set()
        for store in schema.stores.values():
            for key in store.foreign_keys:
                if key.other_store not in schema.stores:
                    continue
                pairs = tuple(zip(key.fields, key.other_fields, strict=True))
                up = Edge(store.name, key.other_store, pairs, True)
                down = Edge(key.other_store, store.name, tuple((there, here) for here, there in pairs), False)
                if up not in self._edges[store.name]:
                    self._edges[store.name].append(up)
                    self._edges[key.other_store].append(down)
        for up in _by_name(schema):
            self._guessed.add(up)
            self._guessed.add(turned(up))
            self._edges[up.start].append(up)
            self._edges[up.end].append(turned(up))
        self.between = cache(self._between)

    def _between(self, start: str, end: str) -> tuple[tuple[float, Path], ...]:
        """The cheapest paths, those within a little of the cheapest, by cost. From a store to itself: over one other
        row, if at all."""
        found: list[tuple[float, Path]] = []
        frontier: list[Path] = [(edge,) for edge in self._edges.get(start, ())]
        for _ in range(_LONGEST):
            following: list[Path] = []
            for path in frontier:
                if path[-1].end == end:
                    found.append((_cost(path) + _GUESSED * sum(edge in self._guessed for edge in path), path))
                    continue
                passed = {start, *(edge.end for edge in path)}
                following += [
                    (*path, edge)
                    for edge in self._edges[path[-1].end]
                    if edge.end not in passed or (edge.end == end == start and edge.pairs != turned(path[-1]).pairs)
                ]
            frontier = following[:200]
        found.sort(key=lambda one: (one[0], len(one[1])))
        return tuple(one for one in found if one[0] < found[0][0] + 0.01)[:4]


def _cost(path: Path) -> float:
    turns = sum(one.up and not other.up for one, other in itertools.pairwise(path))
    return _FAR * max(len(path) - 2, 0) + _STEP * len(path) + _THROUGH * (len(path) - 1) + _SIBLING * turns


def _by_name(schema: Schema) -> Iterator[Edge]:
    """Keys that nobody declared: a field that is called as the key of the one other store that has such a key."""
    for store in schema.stores.values():
        known = {name for key in store.foreign_keys for name in key.fields} | {*store.primary_key[:1]}
        for field in store.fields:
            words = spelt_out(field.name)
            if field.name in known or len(words) < 2 or words[-1] not in ("id", "code", "number"):
                continue
            others = [
                other
                for other in schema.stores.values()
                if other is not store and [name.lower() for name in other.primary_key] == [field.name.lower()]
            ]
            if len(others) == 1:
                (other,) = others
                theirs = other.field(other.primary_key[0])
                if theirs is not None and theirs.type.not_null() == field.type.not_null():
                    yield Edge(store.name, other.name, ((field.name, theirs.name),), True)


def turned(edge: Edge) -> Edge:
    return Edge(edge.end, edge.start, tuple((there, here) for here, there in edge.pairs), not edge.up)


def paths_of(schemas: Mapping[str, Schema]) -> dict[str, Paths]:
    return {database: Paths(schema) for database, schema in schemas.items()}

"""The groups of a question → the fields that tell them apart, and their figures, none of which a join repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sopc.english.lexicon import same
from sopc.english.reading import logic
from sopc.english.reading.aliases import labels_of, spelt_out
from sopc.english.reading.filters import Filters
from sopc.english.reading.parts import AMBIGUOUS, Slot
from sopc.english.reading.paths import Path, turned
from sopc.english.reading.rows import Node, NoReading

PARTNERLESS: Final = 0.15
Figure = tuple[Node, logic.Measure]


class Groups(Filters):
    """The rows with their filters, in groups."""

    def _shown_options(self, slot: Slot) -> list[tuple[str, str, float]]:
        """The options, where keys cost more that are said by the name of what they point at."""
        found = []
        for store, name, cost in slot.options:
            pointed = [key.other_store for key in self.schema.stores[store].foreign_keys if key.fields == (name,)]
            words = spelt_out(name)
            said_so = any(same(spelt_out(other)[-1], words[-1]) for other in pointed) or (
                words[-1] in ("name", "title") and bool(pointed) and len(words) > 1
            )
            found.append((store, name, cost + (0.3 if said_so else 0.0)))
        return found

    def _is_key(self, store: str, name: str) -> bool:
        found = self.schema.stores[store]
        return (name,) == found.primary_key or any(name in key.fields for key in found.foreign_keys)

    def _points(self, one: logic.FieldOf) -> bool:
        return self._is_key(self._store_of(one.alias), one.field)

    def _is_unique(self, name: str) -> bool:
        return (name,) == self.root.store.primary_key or (name,) in self.root.store.unique

    def _is_keyed(self, node: Node, keys: list[logic.FieldOf]) -> bool:
        named = {one.field for one in keys if one.alias == node.alias}
        return bool(node.store.primary_key) and set(node.store.primary_key) <= named

    def _group_keys(
        self, group: Slot | int, plain: list[tuple[Node, logic.FieldOf]], shown: list[logic.FieldOf]
    ) -> tuple[list[logic.FieldOf], Node]:
        if isinstance(group, int):
            node = self._node(group)
            node.needed = True
            own = [about for other, about in plain if other is node]
            fields = [self._field(node, name) for name in node.store.primary_key]
            if not own:
                labels, cost = labels_of(node.store)
                self.cost += cost
                own = [self._field(node, name) for name in labels]
                shown += own
            return list(dict.fromkeys((*fields, *own))), node
        node, name, _ = self._placed(self._shown_options(group), -1, group.owner)
        node.needed = True
        about = self._field(node, name)
        if group.unit:
            about = logic.Period(about.alias, about.field, about.type, group.unit)
        if all(other != about for _, other in plain):
            shown.append(about)
        return [about], node

    def _per_row(
        self,
        measures: Sequence[Figure],
        grouped: Sequence[Node],
        plain: Sequence[tuple[Node, logic.FieldOf]],
        keys: list[logic.FieldOf],
    ) -> dict[logic.Value, logic.Measure]:
        """The figures of "each" and "every", worked out for one row at a time, so that rows without partners are kept;
        none, at a cost, where that can't be done, and groups leave those rows out."""
        state, inner = self.state, {id(node): node for node, _ in measures}
        if len(grouped) != 1 or not isinstance(state.groups[0], int) or id(grouped[0]) in inner:
            return {}
        self._check_measures(measures, grouped, keys)
        (outer,) = grouped
        plainly = not self.having and not state.distinct and all(node is outer for node, _ in plain)
        ranked = all(rank.kind in ("same", "shown", "field", "counted") for rank in state.ranks)
        paths = self._down(outer, *inner.values()) if len(inner) == 1 and plainly and ranked else ()
        once = not any(edge.up for path in paths for edge in path)
        if not paths or not (once or all(one.distinct or one.fn in ("min", "max") for _, one in measures)):
            self.cost += PARTNERLESS
            return {}
        (counted,) = inner.values()
        child, parent = (counted, outer) if outer is self.root else (outer, counted)
        parent.children.remove(child)
        self.root = outer
        rows = self._along(outer, counted, paths)
        by_key = [self._field(counted, name) for name in counted.store.primary_key]
        found: dict[logic.Value, logic.Measure] = {}
        for _, one in measures:
            counts = one.distinct and once and [one.of] == by_key
            found[one] = logic.Measure(one.fn, None if counts else one.of, one.distinct and not counts, rows)
        return found

    def _down(self, outer: Node, counted: Node) -> tuple[Path, ...]:
        """The paths from the rows of a group to those that are counted, where one of them is the root; () for none."""
        if outer is self.root and counted.parent is outer:
            return (counted.path, *counted.others)
        if counted is self.root and outer.parent is counted:
            return tuple(tuple(turned(edge) for edge in reversed(path)) for path in (outer.path, *outer.others))
        return ()

    def _apart(self) -> tuple[logic.FieldOf, ...]:
        """The fields of the root by which its rows are told apart into groups."""
        fields: list[logic.FieldOf] = []
        for group in self.state.groups:
            if isinstance(group, Slot):
                node, name, _ = self._placed(self._shown_options(group), -1, group.owner)
                if node is not self.root:
                    raise NoReading("a superlative for each of other rows")
                fields.append(self._field(node, name))
            else:
                node = self._node(group)
                if node.parent is not self.root or len(node.path) != 1 or not node.path[0].up:
                    raise NoReading("a superlative for each of other rows")
                fields += [self._field(self.root, here) for here, _ in node.path[0].pairs]
        return tuple(fields)

    def _check_measures(self, measures: Sequence[Figure], grouped: Sequence[Node], keys: list[logic.FieldOf]) -> None:
        """Refuses figures of rows that joins would repeat."""
        measured = {id(node): node for node, _ in measures}
        if len({node.store.name for node in measured.values()}) > 1:
            raise NoReading("figures of different rows")
        for node, measure in measures:
            if measure.of in keys or (node in grouped and self._is_keyed(node, keys)):
                raise NoReading("a figure of one row")
            labels, guessed = labels_of(node.store)
            if guessed < 0.4 and any(key.alias == node.alias and (key.field,) == labels for key in keys):
                self.cost += AMBIGUOUS
            for other in (self.root, *self.nodes.values(), *self.implicit):
                if other is node or not self._joined(other):
                    continue
                once = measure.fn in ("min", "max", "count") or self._is_keyed(other, keys)
                is_group = other in grouped and once
                if not self._single(node, other) and not self._ancestor(other, node) and not is_group:
                    raise NoReading("a figure of rows that are repeated")

    def _once(self, node: Node, keys: list[logic.FieldOf]) -> logic.Measure:
        """The count of rows within groups: by their key, where joins repeat them there."""
        others = [other for other in (self.root, *self.nodes.values(), *self.implicit) if self._joined(other)]
        if all(self._single(node, other) or self._is_keyed(other, keys) for other in others if other is not node):
            return logic.Measure("count")
        if len(node.store.primary_key) != 1:
            raise NoReading("a count of rows that are repeated")
        return logic.Measure("count", self._field(node, node.store.primary_key[0]), distinct=True)

    def _single(self, start: Node, end: Node) -> bool:
        """Whether each row of one has at most one of the other, going along the joins."""
        chain: list[Node] = []
        node: Node | None = end
        while node is not None and node is not start:
            chain.append(node)
            node = node.parent
        if node is start:
            return all(edge.up for one in chain for edge in one.path)
        up: Node | None = start
        while up is not None and up.parent is not None:
            if not all(not edge.up for edge in up.path):
                return False
            up = up.parent
            if up is end:
                return True
        return up is end or (up is self.root and self._single(self.root, end))

    def _ancestor(self, node: Node, of: Node) -> bool:
        parent = of.parent
        while parent is not None:
            if parent is node:
                return True
            parent = parent.parent
        return False

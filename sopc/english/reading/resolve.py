"""Parts of a question → a logical form: each part tied to rows, the ways between rows found, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from runtime.query.schema import Field
from sopc.english.lexicon import same
from sopc.english.reading import logic
from sopc.english.reading.aliases import labels_of, spelt_out
from sopc.english.reading.filters import NUMERIC, TIMES
from sopc.english.reading.groups import Groups
from sopc.english.reading.parts import AMBIGUOUS, Item, Rank, Slot
from sopc.english.reading.rows import Node, NoReading

REPEATED: Final = 0.3  # values that may be there more than once, of rows that are not named
TIES: Final = 0.2
UNNAMED: Final = 0.5  # what says which row it is was guessed: whole rows are shown
WHOLE: Final = 0.1
RANKS: Final = frozenset({"rank", "ranking", "position", "place"})
AMOUNTS: Final = frozenset({"number", "num", "no", "total", "count"})


@dataclass(frozen=True)
class Reading:
    """A logical form. cost: how much of it was guessed."""

    cost: float
    show: logic.Show


class Resolver(Groups):
    """One state of the search, over one database."""

    def read(self) -> Reading:
        """Raises NoReading."""
        self._mentions()
        self._conditions()
        show = self._show()
        self._check_every(show)
        return Reading(self.cost, show)

    def _check_every(self, show: logic.Show) -> None:
        """Refuses "every" and "all" of rows that are only a condition on others: as one it would mean some."""
        for at, mention in enumerate(self.state.mentions):
            shown = self.nodes[at] is self.root or self.nodes[at].needed
            grouped = at in self.state.groups and bool(show.keys)
            if mention.every and not grouped and not shown:
                raise NoReading(f"every one of {mention.store} is no condition")

    def _show(self) -> logic.Show:
        state = self.state
        items: list[tuple[logic.Value, Item]] = []
        plain: list[tuple[Node, logic.FieldOf]] = []
        measures: list[tuple[Node, logic.Measure]] = []
        whole = False
        for item in state.items:
            if item.kind == "field":
                assert item.slot is not None
                node, name, _ = self._placed(self._shown_options(item.slot), self._base(item), item.slot.owner)
                if node is not self.root and item.slot.owner < 0 and node.mentioned:
                    self.cost += 0.15
                if spelt_out(name)[:1] in (("number",), ("no",)) and len(spelt_out(name)) > 1:
                    self.cost += 0.3  # or their sum
                node.needed = True
                shown = self._field(node, name)
                plain.append((node, shown))
                items.append((shown, item))
            elif item.kind == "full":
                labels, _ = labels_of(self.root.store)
                if len(labels) != 2:
                    raise NoReading("no first and last name")
                self.root.needed = True
                for name in labels:
                    plain.append((self.root, self._field(self.root, name)))
                    items.append((plain[-1][1], item))
            elif item.kind == "label":
                node = self._node(item.mention)
                node.needed = True
                labels, cost = labels_of(node.store)
                self.cost += cost
                for name in labels:
                    plain.append((node, self._field(node, name)))
                    items.append((plain[-1][1], item))
            elif item.kind == "all":
                node = self._node(item.mention)
                if node is not self.root or len(state.items) > 1:
                    raise NoReading("all of some rows beside others")
                if any(
                    spelt_out(one.name)[-1] in ("details", "detail", "information", "data") for one in node.store.fields
                ):
                    self.cost += 0.5  # a field is called so
                whole = True
            else:
                measure = self._measure(item)
                measures.append(measure)
                items.append((measure[1], item))
        if state.groups and not self._is_aggregated(measures):
            best = any(rank.kind == "field" and rank.limit == 1 for rank in state.ranks)
            if not best and not all(self._is_shown(group, plain) for group in state.groups):
                raise NoReading("for each of what nothing is shown of")
        if whole and state.groups:
            raise NoReading("whole rows are not grouped")
        keys: list[logic.FieldOf] = []
        grouped: list[Node] = []
        orders: list[logic.Order] = []
        limit: int | None = None
        aggregated = self._is_aggregated(measures)
        shown_first: list[logic.FieldOf] = []
        if aggregated and state.groups:
            for group in state.groups:
                fields, node = self._group_keys(group, plain, shown_first)
                keys += fields
                grouped.append(node)
            for node, about in plain:
                if about not in keys:
                    if node not in grouped or not self._is_keyed(node, keys):
                        raise NoReading("a field beside a figure of other rows")
                    keys.append(about)
        elif aggregated and plain:
            owners = list({id(node): node for node, _ in plain}.values())
            counting = bool(self.kept or self.having) or any(rank.kind in ("common", "same") for rank in state.ranks)
            counted = [node for node, _ in measures]
            for node in owners:
                same_rows = node in counted or any(
                    rank.kind == "count" and self._node(rank.mention) is node for rank in state.ranks
                )
                if not counting and not same_rows and node.store.primary_key and node.mentioned:
                    keys += [self._field(node, name) for name in node.store.primary_key]
                elif same_rows and measures:
                    self.cost += 0.3
                grouped.append(node)
            keys += [about for _, about in plain if about not in keys]
            if measures and not state.groups:
                self.cost += 0.15
        elif aggregated and not measures:
            raise NoReading("nothing to group by")
        else:
            keys = []
        items = [
            (self._once(self._node(item.mention), keys) if value == logic.Measure("count") else value, item)
            for value, item in items
        ]
        measures = [(node, self._once(node, keys) if one == logic.Measure("count") else one) for node, one in measures]
        per_row = self._per_row(measures, grouped, plain, keys) if state.each else {}
        if per_row:
            items = [(per_row.get(value, value), item) for value, item in items]
            measures = [(node, per_row[one]) for node, one in measures]
            keys, aggregated = [], False
        for rank in state.ranks:
            order, few = self._rank(rank, items, measures, grouped, keys, aggregated)
            if few == 1 and rank.kind != "first" and self._is_plural(rank.of):
                self.cost += TIES  # one of them, or all that tie
            if few is not None:
                if limit is not None:
                    limit = max(limit, few) if rank.kind == "first" or limit == 1 else limit
                else:
                    limit = few
            if order is not None:
                orders.append(order)
        if limit is not None and not orders:
            raise NoReading("the first few of no order")
        if limit is not None and measures and not keys:
            raise NoReading("a superlative beside a figure")
        if limit is not None and state.groups and not measures and aggregated is False:
            raise NoReading("a superlative for each needs a rank")
        if (
            limit is not None
            and orders
            and state.each
            and state.groups
            and not any(rank.kind in ("count", "common", "measure") for rank in state.ranks)
        ):
            raise NoReading("a superlative for each needs a rank")
        kinds = [item.kind for item in state.items]
        if "count" in kinds and not state.groups and "label" in kinds[kinds.index("count") :]:
            raise NoReading("a count of one, and the others as they are")
        if not per_row:
            self._check_measures(measures, grouped, keys)
        values: list[logic.Value] = [*shown_first, *(value for value, _ in items)]
        values = list(dict.fromkeys(values))
        if not values and not whole:
            raise NoReading("nothing is shown")
        if plain and not measures and not state.mentions and not state.conds and not state.distinct and not keys:
            labels = labels_of(self.root.store)[0]
            if len(plain) == 1 and plain[0][1].field not in labels and not self._is_unique(plain[0][1].field):
                self.cost += REPEATED
        distinct = state.distinct and not measures and not whole
        if state.distinct and measures:
            self.cost += 0.5
        if self.twins:
            if measures or any(node is not self.root for node, _ in plain) or not plain:
                raise NoReading("one row can't hold two values in one field")
            if any(self._is_key(self.root.store.name, one.field) for _, one in plain):
                raise NoReading("one row can't hold two values in one field")
            distinct = True
            for twin in self.twins:
                anchors = tuple((replace(one, alias=twin.alias), one) for _, one in plain)
                row = logic.Row(self.database, twin.store.name, twin.alias)
                self.root.filters.append(logic.Has(logic.Set(row, (), tuple(twin.filters), anchors)))
        rows = self._set(self.root)
        if not rows.links and not keys and not distinct and len(state.items) == 1 and kinds == ["label"]:
            cost = labels_of(self.root.store)[1]
            if cost >= UNNAMED and self._node(state.items[0].mention) is self.root:
                self.cost += WHOLE - cost
                values = []
        if not keys and not self.root.mentioned:
            by = [one for _, one in plain] + [one.of for _, one in measures if one.distinct and one.of is not None]
            if by and not self._tells_rows(by):
                judged = self._judged_by_value(rows, by)
                distinct = distinct or (judged is not rows and not measures)
                rows = judged
        kept = tuple(self.kept)
        counts = self.having is not None or any(rank.kind in ("common", "count") for rank in state.ranks)
        if counts and any(self._is_keyed(node, keys) and (node is self.root) for node in self._counted_nodes()):
            raise NoReading("each of these is there once")
        if self.having is not None:
            if not keys or state.groups:
                raise NoReading("so many for each of what?")
            kept += (logic.Test(logic.Measure("count"), self.having.op, logic.Literal(self.having.number)),)
        return logic.Show(rows, tuple(values), tuple(dict.fromkeys(keys)), kept, distinct, tuple(orders), limit)

    def _is_shown(self, group: Slot | int, plain: Sequence[tuple[Node, logic.FieldOf]]) -> bool:
        """Whether something of a group is shown beside it."""
        if isinstance(group, int):
            return any(node is self._node(group) for node, _ in plain)
        return group[:2] in {item.slot[:2] for item in self.state.items if item.slot is not None}

    def _tells_rows(self, fields: Sequence[logic.FieldOf]) -> bool:
        """Whether some fields stand for the root's rows: one of them is unique, or what the rows are called by."""
        labels, guessed = labels_of(self.root.store)
        named = {one.field for one in fields if one.alias == self.root.alias}
        return (guessed < 0.4 and set(labels) <= named) or any(self._is_unique(name) for name in named)

    def _is_aggregated(self, measures: list[tuple[Node, logic.Measure]]) -> bool:
        kinds = ("count", "common", "measure", "counted", "same")
        return bool(measures or self.kept or self.having) or any(rank.kind in kinds for rank in self.state.ranks)

    def _counted_nodes(self) -> list[Node]:
        """The rows that a superlative or a bound counts."""
        ranks = [rank for rank in self.state.ranks if rank.kind in ("common", "count")]
        return [self._node(rank.mention) if rank.kind == "count" else self.root for rank in ranks] or [self.root]

    def _base(self, item: Item) -> int:
        """The mention that a shown field is of, unless it can't be: the first."""
        if item.mention >= 0:
            return item.mention
        return -1

    def _check_no_total(self, counted: Node) -> None:
        """Makes a count dear where a field says how many of them there are: "number_of_hosts"."""
        noun = spelt_out(counted.store.name)[-1]
        for store in self.schema.stores.values():
            for one in store.fields:
                words = spelt_out(one.name)
                if one.type.name not in NUMERIC or not same(words[-1], noun):
                    continue
                if len(words) > 1 and words[0] in AMOUNTS:
                    self.cost += AMBIGUOUS
                elif len(words) == 1 and not self._is_key(store.name, one.name):
                    self.cost += 0.6

    def _measure(self, item: Item) -> tuple[Node, logic.Measure]:
        if item.kind == "count":
            if item.slot is None:
                node = self._node(item.mention)
                node.needed = True
                self._check_no_total(node)
                return node, logic.Measure("count")
            node, name, _ = self._placed(self._shown_options(item.slot), self._base(item), item.slot.owner)
            node.needed = True
            about = self._field(node, name)
            if about.type.name in NUMERIC and not self._is_key(node.store.name, name) and "year" not in spelt_out(name):
                raise NoReading("a count of a quantity")
            return node, logic.Measure("count", about, distinct=True)
        assert item.slot is not None
        options = [
            one
            for one in item.slot.options
            if (found := self.schema.stores[one[0]].field(one[1])) is not None
            and (found.type.name in NUMERIC or (item.fn in ("max", "min") and self._is_time(one[0], found)))
            and not self._is_key(one[0], one[1])
        ]
        if not options:
            raise NoReading("a figure of no numbers")
        node, name, _ = self._placed(options, self._base(item), item.slot.owner)
        node.needed = True
        if item.fn in ("max", "min") and spelt_out(name)[-1] in RANKS:
            self.cost += AMBIGUOUS  # the highest is the first
        return node, logic.Measure(item.fn, self._field(node, name))

    def _is_time(self, store: str, field: Field) -> bool:
        return self.kinds.get((store, field.name), field.type.name) in TIMES

    def _rank(
        self,
        rank: Rank,
        items: list[tuple[logic.Value, Item]],
        measures: list[tuple[Node, logic.Measure]],
        grouped: list[Node],
        keys: list[logic.FieldOf],
        aggregated: bool,
    ) -> tuple[logic.Order | None, int | None]:
        if rank.kind == "first":
            return None, rank.limit
        if rank.kind == "field":
            assert rank.slot is not None
            node, name, _ = self._placed(rank.slot.options, rank.of if rank.of >= 0 else -1, rank.slot.owner)
            node.needed = True
            about = self._field(node, name)
            if keys and about not in keys:
                if node in grouped and self._is_keyed(node, keys):
                    keys.append(about)
                else:
                    raise NoReading("an order by what is not shown of the groups")
            elif aggregated and not keys:
                raise NoReading("an order of one figure")
            if rank.limit is not None and self._kind(node, name) == "text":
                raise NoReading("texts have no highest")
            if rank.limit is not None and self._is_key(node.store.name, name):
                raise NoReading("keys have no highest")
            look = self.looks(node.store.name, name) if about.type.name == "text" else None
            if look is not None:
                raise NoReading(f"{name} holds {look} as text")
            if rank.limit is not None and spelt_out(name)[-1] in RANKS:
                self.cost += AMBIGUOUS  # the highest is the first
            if rank.limit is not None and about.type.name == "int" and "year" in spelt_out(name):
                self.cost += 0.3  # several may be of one year
            if rank.limit == 1 and node is not self.root and node.mentioned and not aggregated:
                self._only_extreme(node, about, rank)
                return None, None
            if rank.limit == 1 and node is self.root and self.state.groups and not aggregated:
                self._only_extreme(node, about, rank, self._apart())
                return None, None
            if node is not self.root and rank.limit is not None:
                self.cost += 0.35
            return logic.Order(about, rank.descending), rank.limit
        if rank.kind == "count":
            node = self._node(rank.mention)
            node.needed = True
            self._check_no_total(node)
            if not keys:
                raise NoReading("most of what?")
            if node in grouped and node is not self.root:
                raise NoReading("most of themselves")
            return logic.Order(self._once(node, keys), rank.descending), rank.limit
        if rank.kind == "common":
            if not keys:
                raise NoReading("most common what?")
            labels, guessed = labels_of(self.root.store)
            if guessed < 0.4 and any((key.field,) == labels and key.alias == self.root.alias for key in keys):
                raise NoReading("each of these is there once")
            self.root.filters += [logic.Not(logic.Empty(key)) for key in keys if key.type.nullable]
            return logic.Order(logic.Measure("count"), rank.descending), rank.limit
        if rank.kind == "measure":
            assert rank.slot is not None
            node, name, _ = self._placed(rank.slot.options, rank.of, rank.slot.owner)
            node.needed = True
            if not keys:
                raise NoReading("an order of one figure")
            return logic.Order(logic.Measure(rank.fn, self._field(node, name)), rank.descending), rank.limit
        if rank.kind == "counted":
            found = [measure for node, measure in measures if measure.fn == "count" and node.store.name == rank.fn]
            if not found:
                nodes = [node for node in (self.root, *self.nodes.values()) if node.store.name == rank.fn]
                if nodes == [self.root] and keys and not measures:
                    return logic.Order(logic.Measure("count"), rank.descending), None
                raise NoReading("an order by a count that is not shown" if nodes else "nothing counted")
            return logic.Order(found[0], rank.descending), None
        if rank.kind == "same":
            if not measures and keys and aggregated:
                return logic.Order(logic.Measure("count"), rank.descending), None
            if len(measures) != 1:
                raise NoReading("an order by which figure?")
            return logic.Order(measures[0][1], rank.descending), None
        if rank.kind == "shown":
            if rank.fn != "text" and len(measures) == 1:
                return logic.Order(measures[0][1], rank.descending), None
            fields = [one for one, _ in items if isinstance(one, logic.FieldOf)]
            numbers = [one for one in fields if one.type.name in NUMERIC and not self._points(one)]
            if rank.fn == "number" and len(numbers) == 1:
                return logic.Order(numbers[0], rank.descending), None
            texts = fields if rank.fn != "number" else []
            if len(items) != 1 or not texts:
                self.cost += 0.4
            if not texts or (rank.fn == "text" and texts[0].type.name != "text"):
                raise NoReading("an order by what?")
            return logic.Order(texts[0], rank.descending), None
        raise NoReading(rank.kind)

    def _only_extreme(
        self, node: Node, about: logic.FieldOf, rank: Rank, apart: tuple[logic.FieldOf, ...] = ()
    ) -> None:
        """Keeps the rows whose field is the highest, or lowest, of all such rows, or of those alike in `apart`."""
        if node.children and any(child.filters or child.children for child in node.children) and not apart:
            raise NoReading("the highest of which of them?")
        alias = self._alias(node.store.name)
        filters = tuple(logic.renamed(one, node.alias, alias) for one in node.filters)
        filters += tuple(logic.Test(replace(one, alias=alias), "=", one) for one in apart)
        rows = logic.Set(logic.Row(self.database, node.store.name, alias), (), filters)
        fn = "max" if rank.descending else "min"
        node.filters.append(logic.Test(about, "=", logic.Measure(fn, replace(about, alias=alias), rows=rows)))
        self.cost += 0.15

"""Parts of a question → a logical form: each part tied to rows, the ways between rows found, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from runtime.query.schema import Schema, Store
from sopc.english.lexicon import same
from sopc.english.reading import logic
from sopc.english.reading.evidence import labels_of, spelt_out
from sopc.english.reading.parts import Cond, Figure, Item, Mention, Rank, Said, Slot, State
from sopc.english.reading.paths import Edge, Path, Paths
from sopc.english.reading.tokens import Moment

INSERTED: Final = 0.25  # rows that are not spoken of
FARTHER: Final = 0.05  # another mention than the latest
AMBIGUOUS: Final = 0.35
_FLIPPED: Final = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_NUMERIC: Final = frozenset({"int", "float", "decimal"})
_TIMES: Final = frozenset({"date", "timestamp"})


class NoReading(Exception):
    """The parts mean nothing together; the message says why."""


@dataclass(frozen=True)
class Reading:
    cost: float
    show: logic.Show


@dataclass
class _Node:
    """Rows of the question: a mention's, or those that a field needs. path: from the parent's row. needed: they are
    joined, since something of them is shown, ordered or grouped by."""

    store: Store
    alias: str
    parent: _Node | None = None
    path: Path = ()
    how: str = "some"
    op: str = ""
    number: int = 0
    filters: list[logic.Filter] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)
    needed: bool = False
    outer: bool = False
    mentioned: bool = True


class Resolver:
    """One state of the search, over one database."""

    def __init__(self, schema: Schema, paths: Paths, database: str, state: State) -> None:
        self.schema = schema
        self.paths = paths
        self.database = database
        self.state = state
        self.cost = state.cost
        self.aliases: set[str] = set()
        self.nodes: dict[int, _Node] = {}
        self.implicit: list[_Node] = []
        self.having: Mention | None = None
        self.root: _Node

    def read(self) -> Reading:
        state = self.state
        self._mentions()
        self._conditions()
        show = self._show()
        return Reading(self.cost, show)

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _alias(self, store: str) -> str:
        alias, number = store, 1
        while alias in self.aliases:
            number += 1
            alias = f"other_{store}" if number == 2 else f"other_{store}_{number - 1}"
        self.aliases.add(alias)
        return alias

    def _mentions(self) -> None:
        mentions = self.state.mentions
        counted = {rank.mention for rank in self.state.ranks if rank.kind == "count"}
        counted |= {at for at, one in enumerate(mentions) if one.how == "count"}
        root = next((at for at, one in enumerate(mentions) if one.how == "some" and at not in counted), -1)
        if root < 0:
            self.root = self._guessed_root(counted)
        else:
            store = self.schema.stores[mentions[root].store]
            self.root = self.nodes[root] = _Node(store, self._alias(store.name))
        for at, one in enumerate(mentions):
            if at == root or at in self.nodes:
                continue
            self.nodes[at] = self._attached(at)

    def _guessed_root(self, counted: set[int]) -> _Node:
        """The store that the shown fields are of, where no rows are named."""
        slots = [item.slot for item in self.state.items if item.slot is not None]
        if not slots:
            raise NoReading("no rows are named")
        conds: list[tuple[tuple[str, str, float], ...]] = []
        for cond in self.state.conds:
            if cond.slot is not None:
                conds.append(cond.slot.options)
            if isinstance(cond.operand, Said):
                conds.append(tuple((one[0], one[1], one[3]) for one in cond.operand.options))
        best: list[tuple[float, str]] = []
        for store in dict.fromkeys(option[0] for slot in slots for option in slot.options):
            cost = 0.0
            for options in [*(slot.options for slot in slots), *conds, *(r.slot.options for r in self.state.ranks if r.slot)]:
                own = [one[2] for one in options if one[0] == store]
                cost += min(own) if own else 0.5 + min((one[2] for one in options), default=0)
            best.append((cost, store))
        best.sort()
        for at in counted:
            if any(store == self.state.mentions[at].store for _, store in best):
                named = self.schema.stores[self.state.mentions[at].store]
                node = _Node(named, self._alias(named.name))
                self.nodes[at] = node
                if self.state.mentions[at].how == "count":
                    self.having = self.state.mentions[at]
                return node
        if len(best) > 1 and best[1][0] - best[0][0] < 0.1:
            self.cost += AMBIGUOUS
        self.cost += 0.05
        store = self.schema.stores[best[0][1]]
        return _Node(store, self._alias(store.name), mentioned=False)

    def _attached(self, at: int) -> _Node:
        """The rows of a mention, on the one before where keys allow."""
        mention = self.state.mentions[at]
        store = self.schema.stores[mention.store]
        if mention.how == "some":
            for other, node in self.nodes.items():
                if node.store is store and node.how == "some":
                    self.cost += 0.1 if not any(cond.mention == at for cond in self.state.conds) else 0.8
                    return node
        choices: list[tuple[float, int, _Node, Path]] = []
        earlier = [self.nodes[one] for one in sorted(self.nodes, reverse=True) if one < at] or [self.root]
        if self.root not in earlier:
            earlier.append(self.root)
        for distance, node in enumerate(earlier):
            if node.how == "none" and mention.how == "some":
                distance = 0
            found = self.paths.between(node.store.name, store.name)
            for cost, path in found:
                hint = self._hint(path, mention.words)
                choices.append((cost + FARTHER * distance + (0 if hint else 0.02), distance, node, path))
        if not choices:
            raise NoReading(f"no key ties {mention.store} to what was said before")
        choices.sort(key=lambda one: one[:2])
        best = choices[0]
        if len(choices) > 1 and choices[1][0] - best[0] < 0.01 and choices[1][2] is best[2]:
            self.cost += AMBIGUOUS
        self.cost += best[0]
        node = _Node(store, self._alias(store.name), best[2], best[3], mention.how, mention.op, mention.number)
        best[2].children.append(node)
        return node

    def _hint(self, path: Path, words: Sequence[str]) -> bool:
        named = {word for edge in path for pair in edge.pairs for word in (*spelt_out(pair[0]), *spelt_out(pair[1]))}
        named |= {word for edge in path for word in spelt_out(edge.end)}
        return any(same(word, other) for word in words for other in named)

    def _reached(self, base: _Node, store: str) -> tuple[float, _Node]:
        """The rows of a store that no mention names, from a mention on."""
        for node in self.implicit:
            if node.store.name == store and node.parent is base:
                return 0.0, node
        found = self.paths.between(base.store.name, store)
        if not found:
            raise NoReading(f"no key ties {store} to {base.store.name}")
        cost, path = found[0]
        made = self.schema.stores[store]
        node = _Node(made, self._alias(store), base, path, mentioned=False)
        base.children.append(node)
        self.implicit.append(node)
        if len(found) > 1:
            self.cost += AMBIGUOUS
        return cost, node

    # ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _placed(self, options: Sequence[tuple[str, str, float]], base: int, owner: int = -1) -> tuple[_Node, str, int]:
        """(rows, field, which option) of the cheapest: of the mention at hand, else of one before, else of rows that are
        reached from it."""
        start = self._node(owner if owner >= 0 else base)
        chain = [start]
        if owner < 0:
            chain += [node for node in self._known() if node is not start]
        choices: list[tuple[float, int, _Node | None, int]] = []
        for index, (store, name, cost) in enumerate(options):
            for distance, node in enumerate(chain):
                if node.store.name == store:
                    choices.append((cost + FARTHER * min(distance, 3), index, node, distance))
                    break
            else:
                for cost_path, path in self.paths.between(start.store.name, store)[:1]:
                    ups = all(edge.up for edge in path)
                    choices.append((cost + cost_path + (INSERTED if ups else INSERTED + 0.15), index, None, 9))
        if not choices:
            raise NoReading("a field is of rows that nothing ties to the others")
        choices.sort(key=lambda one: one[:2])
        best = choices[0]
        if len(choices) > 1 and choices[1][0] - best[0] < 0.1:
            self.cost += AMBIGUOUS
        self.cost += best[0]
        store, name, _ = options[best[1]]
        node = best[2]
        if node is None:
            _, node = self._reached(start, store)
        return node, name, best[1]

    def _node(self, mention: int) -> _Node:
        return self.nodes.get(mention, self.root)

    def _known(self) -> list[_Node]:
        listed = [self.nodes[at] for at in sorted(self.nodes, reverse=True)]
        return [*(node for node in listed if node.how == "some"), *([self.root] if self.root not in listed else [])]

    def _field(self, node: _Node, name: str) -> logic.FieldOf:
        found = node.store.field(name)
        assert found is not None
        return logic.FieldOf(node.alias, name, found.type)

    # ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────

    def _conditions(self) -> None:
        last: tuple[_Node, Any, logic.FieldOf | None] | None = None
        equal: set[tuple[str, str]] = set()
        for cond in self.state.conds:
            node, made, about = self._condition(cond, last)
            if cond.either:
                if last is None or last[0] is not node:
                    raise NoReading('"or" between conditions on different rows')
                before = node.filters.pop()
                parts = before.parts if isinstance(before, logic.Either) else (before,)
                made = logic.Either((*parts, made))
            elif about is not None and isinstance(made, logic.Test) and made.op == "=":
                key = (about.alias, about.field)
                if key in equal:
                    raise NoReading("one row can't hold two values in one field")
                equal.add(key)
            node.filters.append(made)
            last = (node, made, about)

    def _condition(self, cond: Cond, last: Any) -> tuple[_Node, logic.Filter, logic.FieldOf | None]:
        if cond.kind in ("said", "called"):
            return self._said(cond, last)
        assert cond.slot is not None
        node, name, _ = self._placed(cond.slot.options, cond.mention, cond.slot.owner)
        if node is self.root and cond.mention < 0:
            pass
        about = self._field(node, name)
        made: logic.Filter
        if cond.kind == "truth":
            made = logic.Truth(about)
        elif cond.kind == "empty":
            if not about.type.nullable:
                raise NoReading(f"{name} is never empty")
            self.cost += 0.3
            made = logic.Empty(about)
        elif cond.kind == "between":
            made = logic.Between(about, self._literal(about, cond.operand), self._literal(about, cond.high))
            if isinstance(cond.operand, Moment):
                made = self._period_between(about, cond.operand, cond.high)
        elif cond.kind == "period":
            assert isinstance(cond.operand, Moment)
            made = self._period(about, cond.op, cond.operand)
        elif isinstance(cond.operand, Figure):
            return node, self._against_figure(node, about, cond), about
        else:
            if cond.op in ("contains", "starts with", "ends with"):
                if about.type.name != "text":
                    raise NoReading(f"{name} is no text")
                made = logic.Test(about, cond.op, logic.Literal(self._text(cond.operand)))
                return node, logic.Not(made) if cond.negated else made, about
            op = _FLIPPED[cond.op] if cond.negated else cond.op
            return node, logic.Test(about, op, self._literal(about, cond.operand, op)), about
        return node, logic.Not(made) if cond.negated else made, about

    def _text(self, value: Any) -> str:
        if isinstance(value, Said):
            return value.options[0][2]
        return str(value)

    def _literal(self, about: logic.FieldOf, value: Any, op: str = "=") -> logic.Literal:
        type_ = about.type.name
        if isinstance(value, Said):
            own = [one for one in value.options if one[1] == about.field]
            if type_ != "text":
                raise NoReading(f"{about.field} is no text")
            if op not in ("=", "!="):
                raise NoReading("texts are not compared by size")
            if not own:
                raise NoReading("the field holds no such value")
            held = [one for one in own if self._store_of(about.alias) == one[0]]
            if not held:
                raise NoReading("the field holds no such value")
            return logic.Literal(held[0][2])
        if isinstance(value, str):
            if type_ in _NUMERIC:
                raise NoReading(f"{about.field} is a number")
            if type_ != "text":
                raise NoReading(f"{about.field} is no text")
            self.cost += 0.3  # quoted, and not held
            return logic.Literal(value)
        if isinstance(value, int | Decimal):
            if type_ == "text" and op in ("=", "!="):
                self.cost += 0.4
                return logic.Literal(str(value))
            if type_ not in _NUMERIC:
                raise NoReading(f"{about.field} is no number")
            if isinstance(value, Decimal) and type_ == "int":
                pass
            return logic.Literal(value)
        if isinstance(value, Moment):
            if type_ in _NUMERIC and value.year and value.month is None:
                return logic.Literal(value.year)
        raise NoReading("no value for it")

    def _store_of(self, alias: str) -> str:
        every = [self.root, *self.nodes.values(), *self.implicit]
        return next(node.store.name for node in every if node.alias == alias)

    def _said(self, cond: Cond, last: Any) -> tuple[_Node, logic.Filter, logic.FieldOf]:
        value = cond.operand
        if isinstance(value, str):  # called, and not held
            node = self._node(cond.mention)
            labels, cost = labels_of(node.store)
            if len(labels) != 1:
                raise NoReading("which field names it is not clear")
            self.cost += 0.3 + cost
            about = self._field(node, labels[0])
            made: logic.Filter = logic.Test(about, "=", logic.Literal(value))
            return node, logic.Not(made) if cond.negated else made, about
        assert isinstance(value, Said)
        options = value.options
        if cond.kind == "called":
            names = tuple(one for one in options if one[1] in labels_of(self.schema.stores[one[0]])[0] or "name" in spelt_out(one[1]) or "title" in spelt_out(one[1]))
            options = names or options
            store = self._node(cond.mention).store.name
            own = tuple(one for one in options if one[0] == store)
            if not own:
                self.cost += 0.3
            options = own or options
        if cond.either and last is not None and last[2] is not None:
            alike = tuple(one for one in options if one[1] == last[2].field)
            options = alike or options
            if not alike:
                self.cost += 0.3
        node, name, index = self._placed([(one[0], one[1], one[3]) for one in options], cond.mention)
        about = self._field(node, name)
        if cond.tied and node is self.root and (name,) == labels_of(node.store)[0]:
            self.cost += 0.4  # "tracks in X" are hardly the track X
        made = logic.Test(about, "!=" if cond.negated else "=", logic.Literal(options[index][2]))
        return node, made, about

    def _period(self, about: logic.FieldOf, op: str, moment: Moment) -> logic.Filter:
        """A day, month or year as a part of time: "in 2007" is from its first day to before the next one's."""
        if about.type.name in _NUMERIC:
            if moment.year is None or moment.month is not None:
                raise NoReading(f"{about.field} holds years")
            if about.type.name != "int" and "year" not in spelt_out(about.field):
                raise NoReading(f"{about.field} holds no years")
            return logic.Test(about, op, logic.Literal(moment.year))
        if about.type.name not in _TIMES:
            raise NoReading(f"{about.field} is no date")
        if moment.text:
            raise NoReading("moments of a day are not read yet")
        first, after = _span(moment)
        start, end = logic.Literal(first), logic.Literal(after)
        if op == "=":
            if about.type.name == "date" and after - first == timedelta(days=1):
                return logic.Test(about, "=", start)
            return logic.Both((logic.Test(about, ">=", start), logic.Test(about, "<", end)))
        return {
            "<": logic.Test(about, "<", start), ">": logic.Test(about, ">=", end),
            ">=": logic.Test(about, ">=", start), "<=": logic.Test(about, "<", end),
        }[op]  # fmt: skip

    def _period_between(self, about: logic.FieldOf, low: Moment, high: Any) -> logic.Filter:
        assert isinstance(high, Moment)
        if about.type.name in _NUMERIC:
            if low.year is None or high.year is None or low.month or high.month:
                raise NoReading("no years")
            return logic.Between(about, logic.Literal(low.year), logic.Literal(high.year))
        if about.type.name not in _TIMES:
            raise NoReading(f"{about.field} is no date")
        return logic.Both((self._period(about, ">=", low), self._period(about, "<=", high)))

    def _against_figure(self, node: _Node, about: logic.FieldOf, cond: Cond) -> logic.Filter:
        figure = cond.operand
        assert isinstance(figure, Figure)
        if about.type.name not in _NUMERIC or cond.op == "=" and figure.fn in ("avg", "sum"):
            raise NoReading("no figure to compare with")
        store, name = node.store, about.field
        if figure.slot is not None:
            own = [one for one in figure.slot.options if one[0] == store.name and one[1] == name]
            if not own:
                raise NoReading("an average of another field")
        later = [one.at for one in self.state.conds if one.at > cond.at] + [
            one.start for one in self.state.mentions if one.start > cond.at
        ]
        if later:
            self.cost += 0.6  # it may be of those rows only
        alias = self._alias(store.name)
        row = logic.Row(self.database, store.name, alias)
        of = logic.FieldOf(alias, name, about.type)
        measure = logic.Measure(figure.fn, of, rows=logic.Set(row))
        op = _FLIPPED[cond.op] if cond.negated else cond.op
        return logic.Test(about, op, measure)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def _show(self) -> logic.Show:
        state = self.state
        items: list[tuple[logic.Value, Item]] = []
        plain: list[tuple[_Node, logic.FieldOf]] = []
        measures: list[tuple[_Node, logic.Measure]] = []
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
                if self._is_owner_only(item, state):
                    continue
                labels, cost = labels_of(node.store)
                self.cost += cost
                for name in labels:
                    plain.append((node, self._field(node, name)))
                    items.append((plain[-1][1], item))
            elif item.kind == "all":
                node = self._node(item.mention)
                if node is not self.root or len(state.items) > 1:
                    raise NoReading("all of some rows beside others")
                if any(spelt_out(one.name)[-1] in ("details", "detail", "information", "data") for one in node.store.fields):
                    self.cost += 0.5  # a field is called so
                whole = True
            else:
                measure = self._measure(item)
                measures.append(measure)
                items.append((measure[1], item))
        if whole and state.groups:
            raise NoReading("whole rows are not grouped")
        keys: list[logic.FieldOf] = []
        grouped: list[_Node] = []
        orders: list[logic.Order] = []
        limit: int | None = None
        aggregated = bool(measures) or self.having is not None or any(rank.kind in ("count", "common", "measure", "counted") for rank in state.ranks)
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
            counting = self.having is not None or any(rank.kind == "common" for rank in state.ranks)
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
            if measures and not state.each:
                self.cost += 0.15
        elif aggregated and not measures:
            raise NoReading("nothing to group by")
        else:
            keys = []
        for rank in state.ranks:
            order, few = self._rank(rank, items, measures, grouped, keys, aggregated)
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
        if limit is not None and state.each and state.groups and not any(rank.kind in ("count", "common", "measure") for rank in state.ranks):
            raise NoReading("a superlative for each needs a rank")
        self._check_measures(measures, grouped, keys)
        values: list[logic.Value] = [*shown_first, *(value for value, _ in items)]
        values = list(dict.fromkeys(values))
        if not values and not whole:
            raise NoReading("nothing is shown")
        distinct = state.distinct and not measures and not whole
        if state.distinct and measures:
            self.cost += 0.5
        rows = self._set(self.root)
        kept: tuple[logic.Filter, ...] = ()
        counts = self.having is not None or any(rank.kind in ("common", "count") for rank in state.ranks)
        if counts and any(self._is_keyed(node, keys) and (node is self.root) for node in self._counted_nodes()):
            raise NoReading("each of these is there once")
        if self.having is not None:
            if not keys or state.groups:
                raise NoReading("so many for each of what?")
            kept = (logic.Test(logic.Measure("count"), self.having.op, logic.Literal(self.having.number)),)
        return logic.Show(rows, tuple(values), tuple(dict.fromkeys(keys)), kept, distinct, tuple(orders), limit)

    def _shown_options(self, slot: Slot) -> list[tuple[str, str, float]]:
        """The options, where keys cost more that are said by the name of what they point at."""
        found = []
        for store, name, cost in slot.options:
            pointed = [key.other_store for key in self.schema.stores[store].foreign_keys if key.fields == (name,)]
            said_so = any(spelt_out(other)[-1:] and same(spelt_out(other)[-1], spelt_out(name)[-1]) for other in pointed)
            found.append((store, name, cost + (0.3 if said_so else 0.0)))
        return found

    def _counted_nodes(self) -> list[_Node]:
        """The rows that a superlative or a bound counts."""
        ranks = [rank for rank in self.state.ranks if rank.kind in ("common", "count")]
        return [self._node(rank.mention) if rank.kind == "count" else self.root for rank in ranks] or [self.root]

    def _base(self, item: Item) -> int:
        """The mention that a shown field is of, unless it can't be: the first."""
        if item.mention >= 0:
            return item.mention
        return -1

    def _is_owner_only(self, item: Item, state: State) -> bool:
        return False

    def _measure(self, item: Item) -> tuple[_Node, logic.Measure]:
        if item.kind == "count":
            if item.slot is None:
                node = self._node(item.mention)
                node.needed = True
                return node, logic.Measure("count")
            node, name, _ = self._placed(item.slot.options, self._base(item), item.slot.owner)
            node.needed = True
            about = self._field(node, name)
            if about.type.name in _NUMERIC and not self._is_key(node.store.name, name) and "year" not in spelt_out(name):
                raise NoReading("a count of a quantity")
            return node, logic.Measure("count", about, distinct=True)
        assert item.slot is not None
        options = [
            one for one in item.slot.options
            if (found := self.schema.stores[one[0]].field(one[1])) is not None
            and (found.type.name in _NUMERIC or (item.fn in ("max", "min") and found.type.name in _TIMES))
            and not self._is_key(one[0], one[1])
        ]
        if not options:
            raise NoReading("a figure of no numbers")
        node, name, _ = self._placed(options, self._base(item), item.slot.owner)
        node.needed = True
        return node, logic.Measure(item.fn, self._field(node, name))

    def _is_key(self, store: str, name: str) -> bool:
        found = self.schema.stores[store]
        return (name,) == found.primary_key or any(name in key.fields for key in found.foreign_keys)

    def _is_keyed(self, node: _Node, keys: list[logic.FieldOf]) -> bool:
        named = {one.field for one in keys if one.alias == node.alias}
        return bool(node.store.primary_key) and set(node.store.primary_key) <= named

    def _group_keys(
        self, group: Slot | int, plain: list[tuple[_Node, logic.FieldOf]], shown: list[logic.FieldOf]
    ) -> tuple[list[logic.FieldOf], _Node]:
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
        if all(other != about for _, other in plain):
            shown.append(about)
        return [about], node

    def _rank(
        self,
        rank: Rank,
        items: list[tuple[logic.Value, Item]],
        measures: list[tuple[_Node, logic.Measure]],
        grouped: list[_Node],
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
            if rank.limit is not None and about.type.name == "text":
                raise NoReading("texts have no highest")
            if rank.limit is not None and self._is_key(node.store.name, name):
                raise NoReading("keys have no highest")
            if rank.limit is not None and about.type.name == "int" and "year" in spelt_out(name):
                self.cost += 0.15  # several may be of one year
            if node is not self.root and rank.limit is not None:
                self.cost += 0.35
            return logic.Order(about, rank.descending), rank.limit
        if rank.kind == "count":
            node = self._node(rank.mention)
            node.needed = True
            if not keys:
                raise NoReading("most of what?")
            if node in grouped and node is not self.root:
                raise NoReading("most of themselves")
            return logic.Order(logic.Measure("count"), rank.descending), rank.limit
        if rank.kind == "common":
            if not keys:
                raise NoReading("most common what?")
            if any((key.field,) == labels_of(self.root.store)[0] and key.alias == self.root.alias for key in keys):
                raise NoReading("each of these is there once")
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
                raise NoReading("an order by a count that is not shown" if nodes else "nothing counted")
            return logic.Order(found[0], rank.descending), None
        if rank.kind == "same":
            if len(measures) != 1:
                raise NoReading("an order by which figure?")
            return logic.Order(measures[0][1], rank.descending), None
        if rank.kind == "shown":
            texts = [value for value, _ in items if isinstance(value, logic.FieldOf)]
            if len(items) != 1 or not texts:
                self.cost += 0.4
            if not texts:
                raise NoReading("an order by what?")
            return logic.Order(texts[0], rank.descending), None
        raise NoReading(rank.kind)

    def _check_measures(self, measures: list[tuple[_Node, logic.Measure]], grouped: list[_Node], keys: list[logic.FieldOf]) -> None:
        """Refuses figures of rows that joins would repeat."""
        measured = {id(node): node for node, _ in measures}
        if len(measured) > 1:
            kinds = {measure.fn for _, measure in measures}
            if len({node.store.name for node in measured.values()}) > 1:
                raise NoReading("figures of different rows")
            del kinds
        for node, measure in measures:
            if measure.of in keys or node in grouped and self._is_keyed(node, keys):
                raise NoReading("a figure of one row")
            for other in (self.root, *self.nodes.values(), *self.implicit):
                if other is node or not self._joined(other):
                    continue
                if not self._single(node, other) and not self._ancestor(other, node) and other not in grouped:
                    raise NoReading("a figure of rows that are repeated")

    def _joined(self, node: _Node) -> bool:
        return node is self.root or node.needed or any(self._joined(child) for child in node.children)

    def _single(self, start: _Node, end: _Node) -> bool:
        """Whether each row of one has at most one of the other, going along the joins."""
        chain: list[_Node] = []
        node: _Node | None = end
        while node is not None and node is not start:
            chain.append(node)
            node = node.parent
        if node is start:
            return all(edge.up for one in chain for edge in one.path)
        up: _Node | None = start
        while up is not None and up.parent is not None:
            if not all(not edge.up for edge in up.path):
                return False
            up = up.parent
            if up is end:
                return True
        return up is end or (up is self.root and self._single(self.root, end))

    def _ancestor(self, node: _Node, of: _Node) -> bool:
        parent = of.parent
        while parent is not None:
            if parent is node:
                return True
            parent = parent.parent
        return False

    # ── sets ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _set(self, node: _Node) -> logic.Set:
        links: list[logic.Link] = []
        filters: list[logic.Filter] = list(node.filters)
        self._children(node, links, filters)
        return logic.Set(logic.Row(self.database, node.store.name, node.alias), tuple(links), tuple(filters))

    def _children(self, node: _Node, links: list[logic.Link], filters: list[logic.Filter]) -> None:
        for child in node.children:
            if self._joined(child) and child.how == "some":
                here = node.alias
                for at, edge in enumerate(child.path):
                    alias = child.alias if at == len(child.path) - 1 else self._alias(edge.end)
                    links.append(self._link(here, edge, alias))
                    here = alias
                filters += child.filters
                self._children(child, links, filters)
            else:
                filters.append(self._has(node, child))

    def _link(self, here: str, edge: Edge, alias: str) -> logic.Link:
        start, end = self.schema.stores[edge.start], self.schema.stores[edge.end]
        pairs = []
        for ours, theirs in edge.pairs:
            one, other = start.field(ours), end.field(theirs)
            assert one is not None and other is not None
            pairs.append((logic.FieldOf(here, ours, one.type), logic.FieldOf(alias, theirs, other.type)))
        return logic.Link(logic.Row(self.database, edge.end, alias), tuple(pairs))

    def _has(self, node: _Node, child: _Node) -> logic.Filter:
        """That there are such rows. For a count, the rows counted are those at the end of the way."""
        aliases = [child.alias if at == len(child.path) - 1 else self._alias(edge.end) for at, edge in enumerate(child.path)]
        first = self._link(node.alias, child.path[0], aliases[0])
        links = [self._link(here, edge, alias) for here, edge, alias in zip(aliases, child.path[1:], aliases[1:], strict=False)]
        filters = list(child.filters)
        self._children(child, links, filters)
        rows = logic.Set(first.row, tuple(links), tuple(filters), first.pairs)
        if child.how == "count":
            return logic.Has(rows, child.op, child.number)
        return logic.Not(logic.Has(rows)) if child.how == "none" else logic.Has(rows)


def _span(moment: Moment) -> tuple[date, date]:
    """The first day, and the one after the last."""
    if moment.year is None:
        raise NoReading("which year?")
    try:
        if moment.day is not None and moment.month is not None:
            first = date(moment.year, moment.month, moment.day)
            return first, first + timedelta(days=1)
        if moment.month is not None:
            following = (moment.year + moment.month // 12, moment.month % 12 + 1)
            return date(moment.year, moment.month, 1), date(*following, 1)
        return date(moment.year, 1, 1), date(moment.year + 1, 1, 1)
    except ValueError:
        raise NoReading("there is no such day") from None


"""The rows that the parts of a question are of: mentions, what ties them, and the fields that are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from runtime.query.schema import Schema, Store
from sopc.english.lexicon import same, singular
from sopc.english.reading import logic
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.deeds import tells_of
from sopc.english.reading.parts import AMBIGUOUS, NAMED_VERB, Mention, Said, State
from sopc.english.reading.paths import Edge, Path, Paths

INSERTED: Final = 0.25  # rows that are not spoken of
FARTHER: Final = 0.05  # another mention than the latest
FOREIGN: Final = 0.5  # a field of other rows than those that it was said to be of
SEVERAL: Final = 0.1  # rows that have others: shown once, or once for each of them


class NoReading(Exception):
    """The parts mean nothing together; the message says why."""


@dataclass
class Node:
    """Rows of the question: a mention's, or those that a field needs. path: from the parent's row. needed: they are
    joined, since something of them is shown, counted, ordered or grouped by. used: a field of theirs is. done: a verb
    alone tells of them. others: paths that are as good as the first, any of which may lead there."""

    store: Store
    alias: str
    parent: Node | None = None
    path: Path = ()
    how: str = "some"
    op: str = ""
    number: int = 0
    filters: list[logic.Filter] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    others: tuple[Path, ...] = ()
    needed: bool = False
    used: bool = False
    outer: bool = False
    mentioned: bool = True
    done: bool = False


class Rows:
    """The rows of one state of the search, over one database.

    Attributes:
        said: The words of the sentence.
        looks: What the values of a text field look like, as `magnitudes.looks_like` tells.
        kinds: What fields are read as, where that is not their type.
        truths: What those that are read as yes and no hold for no and yes, where it is not that.
        turn: Which of equally good paths to take, as a game has a home team and an away team; None for any of them.
        ways: The most of such paths that were met between two stores.
        cost: So far.
    """

    def __init__(
        self,
        schema: Schema,
        paths: Paths,
        database: str,
        state: State,
        said: Sequence[str] = (),
        looks: Callable[[str, str], str | None] = lambda store, field: None,
        kinds: Mapping[tuple[str, str], str] = MappingProxyType({}),
        truths: Mapping[tuple[str, str], tuple[int | str, int | str]] = MappingProxyType({}),
        turn: int | None = 0,
    ) -> None:
        self.schema = schema
        self.paths = paths
        self.database = database
        self.state = state
        self.said = said
        self.looks = looks
        self.kinds = kinds
        self.truths = truths
        self.turn = turn
        self.ways = 1
        self.cost = state.cost
        self.aliases: set[str] = set()
        self.nodes: dict[int, Node] = {}
        self.implicit: list[Node] = []
        self.twins: list[Node] = []  # other rows of the root's store that are alike in what is shown
        self.having: Mention | None = None
        self.kept: list[logic.Filter] = []  # on groups: "towns where the average age is above 30"
        self.root: Node

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
            self.root = self.nodes[root] = Node(store, self._alias(store.name))
        for at, _one in enumerate(mentions):
            if at == root or at in self.nodes:
                continue
            self.nodes[at] = self._attached(at)

    def _guessed_root(self, counted: set[int]) -> Node:
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
            for options in [
                *(slot.options for slot in slots),
                *conds,
                *(r.slot.options for r in self.state.ranks if r.slot),
            ]:
                own = [one[2] for one in options if one[0] == store]
                cost += min(own) if own else 0.5 + min((one[2] for one in options), default=0)
            best.append((cost, store))
        best.sort()
        for at in counted:
            if any(store == self.state.mentions[at].store for _, store in best):
                named = self.schema.stores[self.state.mentions[at].store]
                node = Node(named, self._alias(named.name))
                self.nodes[at] = node
                if self.state.mentions[at].how == "count":
                    self.having = self.state.mentions[at]
                return node
        if len(best) > 1 and best[1][0] - best[0][0] < 0.1:
            self.cost += AMBIGUOUS
        self.cost += 0.05
        guessed = self.schema.stores[best[0][1]]
        return Node(guessed, self._alias(guessed.name), mentioned=False)

    def _attached(self, at: int) -> Node:
        """The rows of a mention, on the one before where keys allow."""
        mention = self.state.mentions[at]
        store = self.schema.stores[mention.store]
        if mention.how == "some":
            own = any(cond.mention == at for cond in self.state.conds)
            if own and "both" in self.said[: mention.start]:
                for node in self.nodes.values():
                    if node.store is store and node.how == "some":
                        return self._twin_of(node)
            for _other, node in self.nodes.items():
                if node.store is store and node.how == "some":
                    self.cost += 0.1 if not any(cond.mention == at for cond in self.state.conds) else 0.8
                    return node
        choices: list[tuple[float, int, Node, Path]] = []
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
        cost, _, parent, _ = choices[0]
        path, others = self._chosen([one[3] for one in choices if one[0] - cost < 0.01 and one[2] is parent])
        self.cost += cost
        if not mention.done and any(tells_of(verb, edge.end) for edge in path for verb in mention.words):
            self.cost -= NAMED_VERB
        if self._is_unsaid(at):
            self.cost += AMBIGUOUS
        node = Node(store, self._alias(store.name), parent, path, mention.how, mention.op, mention.number)
        node.done, node.others = mention.done, others
        parent.children.append(node)
        return node

    def _chosen(self, paths: Sequence[Path]) -> tuple[Path, tuple[Path, ...]]:
        """The path to take of some that are equally good, and those of which any may be meant beside it."""
        if len(paths) == 1:
            return paths[0], ()
        self.cost += AMBIGUOUS
        self.ways = max(self.ways, len(paths))
        if self.turn is not None:
            return paths[self.turn % len(paths)], ()
        if any(len(path) > 1 for path in paths):
            raise NoReading("any of several longer ways")
        return paths[0], tuple(paths[1:])

    def _is_unsaid(self, at: int) -> bool:
        """Whether one row is meant of which nothing is said: "launched by the organisation"."""
        mention = self.state.mentions[at]
        last = self.said[mention.end - 1 : mention.end]
        named = any(cond.mention == at for cond in self.state.conds) or any(one.of == at for one in self.state.ranks)
        one_of_them = list(last) == [singular(last[0])] and self.said[mention.start - 1 : mention.start] == ("the",)
        return bool(last) and one_of_them and not named and at not in self.state.groups and mention.how == "some"

    def _twin_of(self, node: Node) -> Node:
        """Further rows beside some: "both phones with … and phones with …"."""
        twin = Node(node.store, self._alias(node.store.name), node.parent or node, node.path)
        self.cost += 0.1
        if node is self.root:
            self.twins.append(twin)
        elif node.parent is not None:
            node.parent.children.append(twin)
        return twin

    def _hint(self, path: Path, words: Sequence[str]) -> bool:
        named = {word for edge in path for pair in edge.pairs for word in (*spelt_out(pair[0]), *spelt_out(pair[1]))}
        named |= {word for edge in path for word in spelt_out(edge.end)}
        return any(same(word, other) for word in words for other in named)

    def _reached(self, base: Node, store: str) -> Node:
        """The rows of a store that no mention names, from a mention on."""
        for node in self.implicit:
            if node.store.name == store and node.parent is base:
                return node
        found = self.paths.between(base.store.name, store)
        if not found:
            raise NoReading(f"no key ties {store} to {base.store.name}")
        path, others = self._chosen([one for _, one in found])
        made = self.schema.stores[store]
        node = Node(made, self._alias(store), base, path, others=others, mentioned=False)
        base.children.append(node)
        self.implicit.append(node)
        return node

    # ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _placed(self, options: Sequence[tuple[str, str, float]], base: int, owner: int = -1) -> tuple[Node, str, int]:
        """(rows, field, which option) of the cheapest: of the mention at hand, of one before, or of rows that are
        reached from it."""
        start = self._node(owner if owner >= 0 else base)
        chain = [start]
        if owner < 0:
            chain += [node for node in self._known() if node is not start]
        choices: list[tuple[float, int, Node | None, int]] = []
        for index, (store, _, cost) in enumerate(options):
            for distance, node in enumerate(chain):
                if node.store.name == store:
                    choices.append((cost + FARTHER * min(distance, 3), index, node, distance))
                    break
            else:
                for cost_path, path in self.paths.between(start.store.name, store)[:1]:
                    ups = all(edge.up for edge in path)
                    inserted = INSERTED + (0.0 if ups else 0.15)
                    if owner >= 0:
                        inserted += FOREIGN if start is not self.root or not ups else FOREIGN / 2
                    choices.append((cost + cost_path + inserted, index, None, 9))
        if not choices:
            raise NoReading("a field is of rows that nothing ties to the others")
        choices.sort(key=lambda one: one[:2])
        best = choices[0]
        if len(choices) > 1 and choices[1][0] - best[0] < 0.1:
            self.cost += AMBIGUOUS
        self.cost += best[0]
        store, name, _ = options[best[1]]
        node = best[2] or self._reached(start, store)
        return node, name, best[1]

    def _is_plural(self, mention: int) -> bool:
        """Whether rows were named in the plural; where none were, what is shown first."""
        mentions, items = self.state.mentions, self.state.items
        if 0 <= mention < len(mentions):
            end = mentions[mention].end
        elif mentions and self.nodes.get(0) is self.root:
            end = mentions[0].end
        else:
            end = next((item.slot.end for item in items if item.slot is not None), 0)
        return 0 < end <= len(self.said) and singular(self.said[end - 1]) != self.said[end - 1]

    def _node(self, mention: int) -> Node:
        return self.nodes.get(mention, self.root)

    def _known(self) -> list[Node]:
        listed = [self.nodes[at] for at in sorted(self.nodes, reverse=True)]
        return [*(node for node in listed if node.how == "some"), *([self.root] if self.root not in listed else [])]

    def _kind(self, node: Node, name: str) -> str:
        """What a field is read as: "date" for text that holds days, "bool" for an int of 0 and 1."""
        found = node.store.field(name)
        assert found is not None
        return self.kinds.get((node.store.name, name), found.type.name)

    def _field(self, node: Node, name: str) -> logic.FieldOf:
        found = node.store.field(name)
        assert found is not None
        node.used = True
        return logic.FieldOf(node.alias, name, found.type)

    # ── sets ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _joined(self, node: Node) -> bool:
        return node is self.root or node.needed or any(self._joined(child) for child in node.children)

    def _set(self, node: Node) -> logic.Set:
        links: list[logic.Link] = []
        filters: list[logic.Filter] = list(node.filters)
        self._children(node, links, filters)
        return logic.Set(logic.Row(self.database, node.store.name, node.alias), tuple(links), tuple(filters))

    def _children(self, node: Node, links: list[logic.Link], filters: list[logic.Filter]) -> None:
        for child in node.children:
            if self._joined(child) and child.how == "some":
                if child.others:
                    raise NoReading("a join by any of several references")
                here = node.alias
                path = self._way(child)
                for at, edge in enumerate(path):
                    alias = child.alias if at == len(child.path) - 1 else self._alias(edge.end)
                    links.append(self._link(here, edge, alias))
                    here = alias
                filters += child.filters
                self._children(child, links, filters)
            else:
                filters.append(self._has(node, child))

    def _way(self, child: Node) -> Path:
        """The path to rows; where nothing of the rows themselves counts, it ends at those that point at them."""
        last = child.path[-1]
        pointing = [self.schema.stores[last.start].field(name) for name, _ in last.pairs]
        if len(child.path) < 2 or not last.up or child.used or child.children or child.filters:
            return child.path
        if any(one is None or one.type.nullable for one in pointing):
            return child.path
        return child.path[:-1]

    def _link(self, here: str, edge: Edge, alias: str) -> logic.Link:
        start, end = self.schema.stores[edge.start], self.schema.stores[edge.end]
        pairs = []
        for ours, theirs in edge.pairs:
            one, other = start.field(ours), end.field(theirs)
            assert one is not None and other is not None
            pairs.append((logic.FieldOf(here, ours, one.type), logic.FieldOf(alias, theirs, other.type)))
        return logic.Link(logic.Row(self.database, edge.end, alias), tuple(pairs))

    def _has(self, node: Node, child: Node) -> logic.Filter:
        """That there are such rows. For a count, the rows counted are those at the end of the way."""
        path = self._way(child)
        rows = self._along(node, child, (path, *child.others))
        if child.how == "some" and not all(edge.up for edge in path):
            figures = any(item.kind in ("count", "measure") for item in self.state.items)
            self.cost += SEVERAL if not child.done else AMBIGUOUS if figures else 0.0  # "how many were sold"
        if child.how == "count":
            if child.op in ("<", "<=") or (child.op, child.number) == ("=", 0):
                self.cost += AMBIGUOUS  # those with none may not be meant
            return logic.Has(rows, child.op, child.number)
        return logic.Not(logic.Has(rows)) if child.how == "none" else logic.Has(rows)

    def _along(self, node: Node, child: Node, paths: Sequence[Path]) -> logic.Set:
        """The rows of a child at the end of a path, of any of several short ones, that begins at a row of a node."""
        path = paths[0]
        aliases = [child.alias if edge.end == child.store.name else self._alias(edge.end) for edge in path]
        first = self._link(node.alias, path[0], aliases[0])
        links = [
            self._link(here, edge, alias) for here, edge, alias in zip(aliases, path[1:], aliases[1:], strict=False)
        ]
        filters = list(child.filters)
        self._children(child, links, filters)
        if len(paths) == 1:
            return logic.Set(first.row, tuple(links), tuple(filters), first.pairs)
        ways = [self._link(node.alias, one, aliases[0]).pairs for (one,) in paths]
        ties = tuple(logic.Both(tuple(logic.Test(a, "=", b) for a, b in pairs)) for pairs in ways)
        return logic.Set(first.row, (), (logic.Either(ties), *filters))

    def _judged_by_value(self, rows: logic.Set, fields: Sequence[logic.FieldOf]) -> logic.Set:
        """The rows whose values in some fields no row has of which is true what is denied: "which genre has no loans"
        asks for the genres none of whose books has any."""
        if any(isinstance(one, logic.Has) and one.op for one in rows.filters):
            self.cost += AMBIGUOUS  # so many of one row, or of all that share the value
        denied = [one for one in rows.filters if isinstance(one, logic.Not) and isinstance(one.part, logic.Has)]
        if not denied:
            return rows
        if rows.links:
            raise NoReading("what is denied of which values is not clear")
        others = [one for one in rows.filters if one not in denied]
        none = []
        for one in denied:
            alias = self._alias(rows.row.store)
            same_rows = tuple(logic.renamed(part, rows.row.alias, alias) for part in (*others, one.part))
            anchors = tuple((replace(field, alias=alias), field) for field in fields)
            none.append(logic.Not(logic.Has(logic.Set(replace(rows.row, alias=alias), (), same_rows, anchors))))
        known = [logic.Not(logic.Empty(field)) for field in fields if field.type.nullable]
        return replace(rows, filters=(*others, *known, *none))

"""The conditions of a question → filters on its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sopc.english.lexicon import lexicon, units_of_amounts
from sopc.english.patterns.tokens import name_words
from sopc.english.reading import logic
from sopc.english.reading.aliases import ONLY_LAST, labels_of, spelt_out
from sopc.english.reading.parts import AMBIGUOUS, Cond, Figure, Quantity, Said, Slot
from sopc.english.reading.paths import Edge
from sopc.english.reading.rows import Node, NoReading, Rows
from sopc.english.reading.tokens import Moment

_FLIPPED: Final = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
NUMERIC: Final = frozenset({"int", "float", "decimal"})
TIMES: Final = frozenset({"date", "timestamp"})


class Filters(Rows):
    """The rows with their filters."""

    def _conditions(self) -> None:
        last: tuple[Node, Any, logic.FieldOf | None, Cond] | None = None
        equal: set[tuple[str, str]] = set()
        for cond in self.state.conds:
            if self._is_of_groups(cond):
                self.kept.append(self._group_figure(cond))
                continue
            node, made, about = self._condition(cond, last)
            if cond.either:
                if last is None:
                    raise NoReading('"or" of one condition')
                if last[3].negated or cond.negated:
                    raise NoReading('a denial beside "or" can be read in two ways')
                if last[0] is not node:
                    node, made = self._across(last, node, made)
                    last = (node, None, None, cond)
                    node.filters.append(made)
                    continue
                before = node.filters.pop()
                parts = before.parts if isinstance(before, logic.Either) else (before,)
                made = logic.Either((*parts, made))
            elif about is not None and isinstance(made, logic.Test) and _excluded(made, node.filters):
                node = self._another(node, cond)
                made = logic.renamed(made, about.alias, node.alias)
            elif about is not None and isinstance(made, logic.Test) and made.op == "=":
                key = (about.alias, about.field)
                if key in equal and made in node.filters:
                    continue  # "males (sex is M)"
                if key in equal:
                    node = self._another(node, cond)
                    made = logic.renamed(made, about.alias, node.alias)
                equal.add(key)
            node.filters.append(made)
            last = (node, made, about, cond)

    def _across(self, last: Any, node: Node, made: logic.Filter) -> tuple[Node, logic.Filter]:
        """One of two conditions, one of which is on rows that the other's have."""
        first = last[0]
        child = node if node.parent is first else first if first.parent is node else None
        if child is None or child.mentioned or child.filters[1:] or child.children or child.how != "some":
            raise NoReading('"or" between conditions on different rows')
        top = first if child is node else node
        inner = made if child is node else first.filters.pop()
        outer = first.filters.pop() if child is node else made
        child.filters = [inner]
        has = self._has(top, child)
        top.children.remove(child)
        self.cost += 0.1
        parts = (outer, has) if child is node else (has, outer)
        return top, logic.Either(parts)

    def _another(self, node: Node, cond: Cond) -> Node:
        """Further rows, of which what one row can't hold twice is said: "products that are both red and hot"."""
        if "both" not in self.said[max(cond.at - 12, 0) : cond.at]:
            raise NoReading("one row can't hold two values in one field")
        self.cost += 0.1
        if node is self.root:
            twin = Node(node.store, self._alias(node.store.name), node)
            self.twins.append(twin)
            return twin
        if node.parent is None or all(edge.up for edge in node.path) or node.children:
            raise NoReading("one row can't hold two values in one field")
        twin = Node(node.store, self._alias(node.store.name), node.parent, node.path)
        node.parent.children.append(twin)
        self.implicit.append(twin)
        return twin

    def _condition(self, cond: Cond, last: Any) -> tuple[Node, logic.Filter, logic.FieldOf | None]:
        if cond.kind in ("said", "called"):
            return self._said(cond, last)
        assert cond.slot is not None
        if cond.kind == "figure":
            return self._figure(cond)
        node, name, _ = self._placed(cond.slot.options, cond.mention, cond.slot.owner)
        if node is self.root and cond.mention < 0:
            pass
        about = self._field(node, name)
        made: logic.Filter
        if cond.kind == "truth":
            if (truth := self.truths.get((node.store.name, name))) is not None:
                return node, logic.Test(about, "=", logic.Literal(truth[not cond.negated])), about
            made = logic.Truth(about)
        elif cond.kind == "empty":
            if not about.type.nullable:
                raise NoReading(f"{name} is never empty")
            made = self._without(node, about)
        elif cond.kind == "between":
            if isinstance(cond.operand, Moment):
                made = self._period_between(about, cond.operand, cond.high)
            else:
                made = logic.Between(about, self._literal(about, cond.operand), self._literal(about, cond.high))
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
            said = self.said[cond.slot.start : cond.slot.end]
            if op[0] in "<>" and (name,) == node.store.primary_key and spelt_out(name)[-1] not in said:
                raise NoReading("rows are not above or below a number")
            return node, logic.Test(about, op, self._literal(about, cond.operand, op)), about
        return node, logic.Not(made) if cond.negated else made, about

    def _without(self, node: Node, about: logic.FieldOf) -> logic.Filter:
        """That a field is empty; of a reference that nothing checks, that what it points at is not there."""
        for key in node.store.foreign_keys:
            if key.fields == (about.field,) and key.unchecked is True and key.other_store in self.schema.stores:
                pairs = ((about.field, key.other_fields[0]),)
                link = self._link(
                    node.alias, Edge(node.store.name, key.other_store, pairs, True), self._alias(key.other_store)
                )
                return logic.Not(logic.Has(logic.Set(link.row, anchors=link.pairs)))
        return logic.Empty(about)

    def _is_of_groups(self, cond: Cond) -> bool:
        """Whether a figure is of all rows that share what is shown: rows that nobody named have none of their own."""
        if cond.kind != "figure" or cond.slot is None or cond.mention >= 0 or self.root.mentioned:
            return False
        return any(one[0] == self.root.store.name for one in cond.slot.options)

    def _group_figure(self, cond: Cond) -> logic.Filter:
        assert cond.slot is not None
        options = [one for one in cond.slot.options if one[0] == self.root.store.name]
        _, name, _ = self._placed(options, -1)
        about = self._field(self.root, name)
        if about.type.name not in NUMERIC:
            raise NoReading(f"{name} is no number")
        op = _FLIPPED[cond.op] if cond.negated else cond.op
        return logic.Test(logic.Measure(cond.fn, about), op, self._literal(about, cond.operand))

    def _figure(self, cond: Cond) -> tuple[Node, logic.Filter, None]:
        """An aggregate of the rows that some rows have: "whose average rating is above 5"."""
        assert cond.slot is not None
        base = self._node(cond.mention)
        choices = []
        for store, name, cost in cond.slot.options:
            type_ = self.schema.stores[store].field(name)
            if store == base.store.name or type_ is None or type_.type.name not in NUMERIC:
                continue
            for way, path in self.paths.between(base.store.name, store)[:1]:
                if not all(edge.up for edge in path):
                    choices.append((cost + way, store, name, path))
        if not choices:
            raise NoReading("an average of what?")
        cost, store, name, path = min(choices, key=lambda one: one[0])
        self.cost += cost
        child = Node(self.schema.stores[store], self._alias(store), base, path, used=True)
        about = self._field(child, name)
        has = self._has(base, child)
        assert isinstance(has, logic.Has)
        measure = logic.Measure(cond.fn, about, rows=has.rows)
        op = _FLIPPED[cond.op] if cond.negated else cond.op
        return base, logic.Test(measure, op, self._literal(about, cond.operand)), None

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
            if type_ in NUMERIC:
                if not value.isascii() or not value.isdigit():
                    raise NoReading(f"{about.field} is a number")
                return logic.Literal(int(value))
            if type_ != "text":
                raise NoReading(f"{about.field} is no text")
            self.cost += 0.3  # quoted, and not held
            return logic.Literal(value)
        if isinstance(value, Quantity):
            value = self._in_unit(about, value)
        if isinstance(value, int | Decimal):
            if type_ == "text" and op in ("=", "!="):
                self.cost += 0.4
                return logic.Literal(str(value))
            if type_ not in NUMERIC:
                raise NoReading(f"{about.field} is no number")
            if isinstance(value, Decimal) and type_ == "int":
                pass
            return logic.Literal(value)
        if isinstance(value, Moment) and type_ in NUMERIC and value.year and value.month is None:
            return logic.Literal(value.year)
        raise NoReading("no value for it")

    def _in_unit(self, about: logic.FieldOf, value: Quantity) -> Decimal:
        """The number in the unit of a field, as far as its name tells: 5 minutes are 300,000 of `Milliseconds`."""
        units = units_of_amounts()
        kind, size = units[value.unit]
        told = [units[word] for word in name_words(about.field) if word in units]
        if not told:
            if kind != "money" or size == 1:
                self.cost += AMBIGUOUS  # in which unit is it kept?
            return Decimal(value)
        if len(told) > 1 or told[0][0] != kind:
            raise NoReading(f"{about.field} is not in {value.unit}")
        return Decimal(value) * size / told[0][1]

    def _store_of(self, alias: str) -> str:
        every = [self.root, *self.nodes.values(), *self.implicit]
        return next(node.store.name for node in every if node.alias == alias)

    def _said(self, cond: Cond, last: Any) -> tuple[Node, logic.Filter, logic.FieldOf]:
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
            names = tuple(
                one
                for one in options
                if one[1] in labels_of(self.schema.stores[one[0]])[0]
                or "name" in spelt_out(one[1])
                or "title" in spelt_out(one[1])
            )
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
        if cond.negated and node.how == "some" and not all(edge.up for edge in node.path):
            if node.mentioned or node.filters:
                raise NoReading("what is denied of which of them is not clear")
            node.how = "none"  # none of theirs has it, rather than one has another
            return node, logic.Test(about, "=", logic.Literal(options[index][2])), about
        if cond.done and node is self.root and name in labels_of(node.store)[0]:
            raise NoReading("who reports to X is not X")
        is_name = spelt_out(name)[-1] in lexicon().words.label
        if cond.tied and is_name and node is self.root and (name,) == labels_of(node.store)[0]:
            raise NoReading("what stands in X is not X")
        made = logic.Test(about, "!=" if cond.negated else "=", logic.Literal(options[index][2]))
        return node, made, about

    def _period(self, about: logic.FieldOf, op: str, moment: Moment) -> logic.Filter:
        """A day, month or year as a part of time: "in 2007" is from its first day to before the next one's."""
        if about.type.name in NUMERIC:
            if moment.year is None or moment.month is not None:
                raise NoReading(f"{about.field} holds years")
            is_key = spelt_out(about.field)[-1] in lexicon().words.key_tails
            if is_key or (about.type.name != "int" and "year" not in spelt_out(about.field)):
                raise NoReading(f"{about.field} holds no years")
            return logic.Test(about, op, logic.Literal(moment.year))
        is_text = about.type.name == "text"
        if about.type.name not in TIMES and not self._holds_days(about):
            raise NoReading(f"{about.field} is no date")
        if moment.text:
            raise NoReading("moments of a day are not read yet")
        first, after = _span(moment)
        start, end = (logic.Literal(day.isoformat() if is_text else day) for day in (first, after))
        if op == "=":
            if about.type.name == "date" and after - first == timedelta(days=1):
                return logic.Test(about, "=", start)
            return logic.Both((logic.Test(about, ">=", start), logic.Test(about, "<", end)))
        return {
            "<": logic.Test(about, "<", start), ">": logic.Test(about, ">=", end),
            ">=": logic.Test(about, ">=", start), "<=": logic.Test(about, "<", end),
        }[op]  # fmt: skip

    def _holds_days(self, about: logic.FieldOf) -> bool:
        return self.kinds.get((self._store_of(about.alias), about.field)) == "date"

    def _period_between(self, about: logic.FieldOf, low: Moment, high: Any) -> logic.Filter:
        assert isinstance(high, Moment)
        if about.type.name in NUMERIC:
            if low.year is None or high.year is None or low.month or high.month:
                raise NoReading("no years")
            return logic.Between(about, logic.Literal(low.year), logic.Literal(high.year))
        return logic.Both((self._period(about, ">=", low), self._period(about, "<=", high)))

    def _against_figure(self, node: Node, about: logic.FieldOf, cond: Cond) -> logic.Filter:
        figure = cond.operand
        assert isinstance(figure, Figure)
        if about.type.name not in NUMERIC or (cond.op == "=" and figure.fn in ("avg", "sum")):
            raise NoReading("no figure to compare with")
        store, name = node.store, about.field
        if figure.slot is not None:
            own = [one for one in figure.slot.options if one[0] == store.name and one[1] == name]
            if not own:
                raise NoReading("an average of another field")
        if figure.store and figure.store != store.name:
            raise NoReading("an average of other rows")
        later = [one.at for one in self.state.conds if one.at > cond.at] + [
            one.start for one in self.state.mentions if one.start > cond.at
        ]
        if later:
            self.cost += 0.6  # it may be of those rows only
        alias = self._alias(store.name)
        row = logic.Row(self.database, store.name, alias)
        of = logic.FieldOf(alias, name, about.type)
        filters: tuple[logic.Filter, ...] = ()
        if figure.said is not None:
            filters = (self._of_some(node.store.name, alias, figure.said),)
        if figure.alike is not None:
            filters = (self._alike(node, alias, figure.alike),)
        measure = logic.Measure(figure.fn, of, rows=logic.Set(row, (), filters))
        op = _FLIPPED[cond.op] if cond.negated else cond.op
        return logic.Test(about, op, measure)

    def _alike(self, node: Node, alias: str, slot: Slot) -> logic.Filter:
        """That another row of a store has the same value in a field as a row."""
        names = [name for store, name, cost in slot.options if store == node.store.name and cost < ONLY_LAST]
        if len(names) != 1:
            raise NoReading("alike in what?")
        own = self._field(node, names[0])
        return logic.Test(replace(own, alias=alias), "=", own)

    def _of_some(self, store: str, alias: str, said: Said) -> logic.Filter:
        """That a row holds a value, or one that it points at."""
        for there, name, value, _ in said.options:
            found = self.schema.stores[there].field(name)
            assert found is not None
            if there == store:
                return logic.Test(logic.FieldOf(alias, name, found.type), "=", logic.Literal(value))
        for there, name, value, _ in said.options:
            for _, path in self.paths.between(store, there)[:1]:
                if len(path) == 1 and path[0].up:
                    link = self._link(alias, path[0], self._alias(there))
                    found = self.schema.stores[there].field(name)
                    assert found is not None
                    test = logic.Test(logic.FieldOf(link.row.alias, name, found.type), "=", logic.Literal(value))
                    return logic.Has(logic.Set(link.row, (), (test,), link.pairs))
        raise NoReading("rows that hold no such value")


def _excluded(test: logic.Test, filters: list[logic.Filter]) -> bool:
    """Whether a bound leaves nothing of another on the same field: "above 20" and "below 10"."""
    for one in filters:
        match one, test:
            case logic.Test(left, op, logic.Literal(bound)), logic.Test(right, other, logic.Literal(limit)):
                if left != right or {op[0], other[0]} != {"<", ">"}:
                    continue
                low, high = (bound, limit) if op[0] == ">" else (limit, bound)
                if isinstance(low, date) and isinstance(high, date):
                    apart = low >= high
                else:
                    apart = isinstance(low, int | Decimal) and isinstance(high, int | Decimal) and low >= high
                if apart:
                    return True
    return False


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

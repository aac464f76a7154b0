"""A query, every field qualified → its normal form, in which queries of the same meaning are equal.

What can be written in several ways has one form:

* A row that a key points at is named by its way ("the driver of trips.driver_id"), whether it was joined, tested by
  `exists` or looked up by `in`; and its key is the field that points at it.
* A figure of other rows beside each row is a group of those other rows.
* `between`, `not in`, `not <`, days and midnights become plain comparisons; counts are compared by `>=` and `<`.
* What is first by a place in an order is the highest or lowest, and what ties with it counts as well.

What is shown is taken by what it stands for: a row's name, its key and the whole row are one thing, and a figure that
groups are chosen by may stand beside them. Whether rows and groups without partners are kept is no difference either.
One rule decides each of these, whoever made the query (`agree`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

from runtime.query.schema import Store
from sopc.english.meaning.form import (
    FLIPPED,
    MIDNIGHT,
    ROWS,
    Form,
    Term,
    compared,
    denied,
    holding,
    joined,
    of_extremes,
    parts,
    replaced,
    with_places,
)
from sopc.english.patterns.names import label_fields
from sopc.english.reading.aliases import labels_of
from sopc.tree import nodes
from sopc.tree.visit import rewrite

Stores = Callable[[nodes.From], tuple[str, Store] | None]  # (database, store) of a `from`


@dataclass
class _Level:
    """One query: its sources by the names that its fields have, the columns that stages gave, the query around it."""

    outer: _Level | None
    names: dict[str, Term] = field(default_factory=dict)
    columns: dict[str, Term] = field(default_factory=dict)

    def row(self, name: str) -> Term | None:
        found = self.names.get(name)
        return found if found is not None or self.outer is None else self.outer.row(name)

    def rows(self) -> Iterator[Term]:
        yield from self.names.values()
        if self.outer is not None:
            yield from self.outer.rows()


class Normal:
    """Puts one query into its form."""

    def __init__(self, stores: Stores) -> None:
        self._find = stores
        self._stores: dict[tuple[str, str], Store | None] = {}  # by database and name

    def whole(self, query: nodes.Query) -> tuple[Form, frozenset[Term]]:
        """The form without what is shown, and the things that are shown."""
        form = self._form(query, None)
        form = with_places(form)
        ordered = {key for key, *_ in form.order} | {part for one in form.holds if one[0] == "best" for part in one[1]}
        holds = frozenset(one for one in form.holds if not (one[0] == "given" and one[1] in ordered))
        things = self._things(form)
        form = of_extremes(replace(form, root=None, shown=None, distinct=False, holds=holds))
        return form, things

    def keys_shown(self, query: nodes.Query) -> int:
        form = self._form(query, None)
        shown = [one for one in form.shown or () if one[0] == "field" and one not in self._whole(form)]
        return sum(self._thing(one) not in (one, ("thing", one[1])) for one in shown)

    def _whole(self, form: Form) -> set[Term]:
        """All fields of the root, where all are shown."""
        store = self._store(form.root)
        own = {("field", form.root, one.name) for one in store.fields} if store is not None else set()
        return own if len(own) > 1 and own <= set(form.shown or ()) else set()

    def _form(self, query: nodes.Query, outer: _Level | None) -> Form:
        level = _Level(outer)
        form = Form(None, frozenset(), frozenset())
        for stage in _counted_in_groups(query, self._find):
            match stage:
                case nodes.From():
                    form = replace(form, root=self._source(stage, level))
                case nodes.Join(source=source, on=on):
                    self._source(source, level)
                    form = replace(form, holds=form.holds | self._facts(on, level))
                case nodes.Where(condition=condition) if form.groups is None:
                    form = replace(form, holds=form.holds | self._facts(condition, level))
                case nodes.Where(condition=condition):
                    form = replace(form, kept=form.kept | self._facts(condition, level))
                case nodes.GroupBy(keys=keys, columns=columns):
                    groups = frozenset(self._term(one.value, level) for one in keys)
                    form = replace(form, groups=groups, shown=self._columns(columns, level))
                case nodes.Select(columns=columns):
                    form = replace(form, shown=self._columns(columns, level))
                case nodes.Derive(columns=columns):
                    self._columns(columns, level)
                case nodes.Distinct():
                    form = replace(form, distinct=True)
                case nodes.OrderBy(keys=sorts):
                    keyed = [(self._term(one.value, level), one.descending, one.nulls) for one in sorts]
                    form = replace(form, order=tuple(keyed))
                case nodes.Limit(count=count, offset=offset):
                    form = replace(form, few=(self._term(count, level), self._term(offset, level)))
                case nodes.UnionWith():
                    combined = (stage.stage, stage.all, self._form(stage.query, outer))
                    form = replace(form, rest=(*form.rest, combined))
        return self._by_ways(replace(form, rows=frozenset(level.names.values())))

    def _source(self, origin: nodes.From, level: _Level) -> Term:
        taken, number = set(level.rows()), 1
        database, store = self._find(origin) or ("", None)
        while (row := ("row", database, origin.store, number)) in taken:
            number += 1
        level.names[origin.alias or origin.store] = row
        self._stores[database, origin.store] = store
        return row

    def _columns(self, columns: Sequence[nodes.NamedColumn], level: _Level) -> tuple[Term, ...]:
        names = [one.name or str(getattr(one.value, "name", "")) for one in columns]
        values = [(name, self._term(one.value, level)) for name, one in zip(names, columns, strict=True)]
        level.columns.update(values)
        return tuple(value for _, value in values)

    def _store(self, row: Term) -> Store | None:
        return self._stores.get((row[1], row[2]))

    # ── rows that keys point at ──────────────────────────────────────────────────────────────────────────────────

    def _by_ways(self, form: Form) -> Form:
        while (found := self._pointed_at(form)) is not None:
            row, way, key = found
            made = {one.name: replaced(getattr(form, one.name), row, way, key) for one in fields(Form)}
            form = Form(**made)
            form = replace(form, rows=form.rows - {way}, holds=holding(form.holds))
        return form if form.groups is None else replace(form, groups=self._independent(form.groups))

    def _pointed_at(self, form: Form) -> tuple[Term, Term, Mapping[Term, Term]] | None:
        """(a row whose key equals fields of another row, its way, the fields that its key's fields are)."""
        for row in sorted(form.rows, key=repr):
            store = self._store(row)
            equal: dict[Term, dict[str, Term]] = {}
            for one in form.holds if store is not None else ():
                if one[:2] == ("compare", "="):
                    for mine, other in ((one[2], one[3]), (one[3], one[2])):
                        if mine[0] == other[0] == "field" and mine[1] == row and not _is_within(other[1], row):
                            equal.setdefault(other[1], {})[mine[2]] = other
            for other, pairs in sorted(equal.items(), key=repr):
                for names in (store.primary_key, *store.unique) if store is not None else ():
                    if names and set(names) <= pairs.keys():
                        way = ("way", *row[1:3], other, tuple(pairs[name][2] for name in names))
                        return row, way, {("field", row, name): pairs[name] for name in names}
        return None

    def _independent(self, keys: frozenset[Term]) -> frozenset[Term]:
        """The keys of groups, where a row stands for its key and for all that it tells."""

        def told(row: Term) -> bool:
            store = self._store(row)
            unique = (store.primary_key, *store.unique) if store is not None else ()
            if any(names and all(("field", row, name) in keys for name in names) for names in unique):
                return True
            return row[0] == "way" and (told(row[3]) or all(("field", row[3], name) in keys for name in row[4]))

        rows = {part for key in keys for part in parts(key) if isinstance(part, tuple) and part[:1] in ROWS}
        rows |= {self._thing(key)[1] for key in keys if self._thing(key)[0] == "thing"}
        known = {row for row in rows if told(row)}
        by = {("field", row[3], name) for row in known if row[0] == "way" for name in row[4]}
        first = {row for row in known if not (row[0] == "way" and row[3] in known)}
        others = {key for key in keys if key not in by and not (key[0] == "field" and key[1] in known)}
        return frozenset({*others, *(("thing", row) for row in first)})

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def _things(self, form: Form) -> frozenset[Term]:
        if form.shown is None:
            return frozenset({("thing", form.root)})
        chosen_by = {part for one in (*form.order, *form.kept) for part in parts(one)}
        asked = [one for one in form.shown if not (one[0] == "call" and one in chosen_by)] or list(form.shown)
        whole = self._whole(form)
        things = {self._thing(one) for one in asked if one not in whole}
        return frozenset({*things, ("thing", form.root)} if whole else things)

    def _thing(self, shown: Term) -> Term:
        if shown[0] != "field":
            return shown
        _, row, name = shown
        store = self._store(row)
        if store is None:
            return shown
        for key in store.foreign_keys:
            if key.fields == (name,):
                return ("thing", ("way", row[1], key.other_store, row, key.fields))
        labels = label_fields(store)
        names = {*labels_of(store)[0], *store.primary_key, *([labels[0].name] if len(labels) == 1 else [])}
        return ("thing", row) if name in names else shown

    # ── conditions and values ────────────────────────────────────────────────────────────────────────────────────

    def _facts(self, condition: nodes.Expr, level: _Level) -> frozenset[Term]:
        return holding([self._term(condition, level)])

    def _term(self, node: Any, level: _Level) -> Term:
        match node:
            case nodes.FieldAccess(base=nodes.Name(name=""), name=name):
                return level.columns.get(name, ("column", name))
            case nodes.FieldAccess(base=nodes.Name(name=base), name=name) if (row := level.row(base)) is not None:
                return ("field", row, name)
            case nodes.IntLiteral(value=number):
                return ("number", Decimal(number))
            case nodes.NumberLiteral(value=text):
                return ("number", Decimal(text))
            case nodes.Unary(op="-", arg=arg) if (number := self._term(arg, level))[0] == "number":
                return ("number", -number[1])
            case nodes.TextLiteral(parts=(str(text),)):
                return ("text", " ".join(text.casefold().split()))  # one value, however the data spell it
            case nodes.DateLiteral(value=text):
                return ("day", text)
            case nodes.TimestampLiteral(value=text) if text.endswith(MIDNIGHT):
                return ("midnight", text.removesuffix(MIDNIGHT))
            case nodes.Binary(op="and" | "or" as op, left=left, right=right):
                return joined(op, [self._term(left, level), self._term(right, level)])
            case nodes.Binary(op=op, left=left, right=right, ignore_case=False) if op in FLIPPED:
                return compared(op, self._term(left, level), self._term(right, level))
            case nodes.Between(arg=arg, low=low, high=high, negated=negated, ignore_case=False):
                value, least, most = (self._term(one, level) for one in (arg, low, high))
                within = joined("and", [compared(">=", value, least), compared("<=", value, most)])
                return denied(within) if negated else within
            case nodes.InExpr(query=None, is_list=False, ignore_case=False, arg=arg, items=items, negated=negated):
                value = self._term(arg, level)
                found = joined("or", [compared("=", value, self._term(item, level)) for item in items])
                return denied(found) if negated else found
            case nodes.InExpr(query=nodes.Query() as query, arg=arg, negated=negated):
                found = self._exists(query, level, self._term(arg, level))
                return denied(found) if negated else found
            case nodes.IsNull(arg=arg, negated=negated):
                value = self._term(arg, level)
                return ("given", value) if negated else denied(("given", value))
            case nodes.Unary(op="not", arg=arg):
                return denied(self._term(arg, level))
            case nodes.QueryExpr(kind="exists", query=query):
                return self._exists(query, level)
            case nodes.QueryExpr(kind=kind, query=query):
                return self._value(kind, query, level)
            case nodes.CallExpr(name="count", args=(_,), distinct=False, over=None):
                return ("call", "count", (), False, None)  # of a field that is never null where there is a row
            case nodes.CallExpr(name=name, args=args, distinct=distinct, over=over):
                given = tuple(self._term(one.value, level) for one in args)
                return ("call", name, given, distinct, self._term(over, level))
            case nodes.Node():
                return (type(node).__name__, *(self._term(value, level) for key, value in node if key != "span"))
            case tuple():
                return tuple(self._term(one, level) for one in node)
        return node

    def _exists(self, query: nodes.Query, level: _Level, value: Term = None) -> Term:
        """There are such rows, and the one column that they show is the value."""
        form = self._form(query, level)
        if value is not None:
            if form.shown is None or len(form.shown) != 1 or form.groups is not None or form.few is not None:
                return ("in", value, form)
            equal = compared("=", form.shown[0], value)
            form = self._by_ways(replace(form, holds=form.holds | holding([equal])))
        form = self._with_inner(form)
        if form.rows or form.groups is not None or form.few is not None or form.rest:
            return ("exists", replace(form, root=None, shown=None, order=(), distinct=False))
        return joined("and", list(form.holds)) if form.holds else ("given", ("field", form.root[3], form.root[4][0]))

    def _with_inner(self, form: Form) -> Form:
        """Rows for which there are others, as all of these rows together: "there is an order with a line"."""
        if form.groups is not None or form.few is not None or form.rest:
            return form
        for one in sorted(form.holds, key=repr):
            match one:
                case ("exists", Form(groups=None, few=None, rest=()) as inner) if not inner.rows & form.rows:
                    form = replace(form, rows=form.rows | inner.rows, holds=form.holds - {one} | inner.holds)
        return self._by_ways(form)

    def _value(self, kind: str, query: nodes.Query, level: _Level) -> Term:
        form = self._form(query, level)
        if kind == "scalar" and not form.rows and not form.holds and form.shown is not None and len(form.shown) == 1:
            return form.shown[0]
        shown = None if kind == "count" else form.shown
        return ("value", kind, replace(form, root=None, shown=shown))


def _is_within(row: Term, other: Term) -> bool:
    return bool(row == other or (row[0] == "way" and _is_within(row[3], other)))


def _counted_in_groups(query: nodes.Query, stores: Stores) -> tuple[nodes.Stage, ...]:
    """The stages, where figures of other rows beside each row of a store become figures of groups."""
    first, *others = query.stages
    select = next((one for one in others if isinstance(one, nodes.Select)), None)
    if select is None or any(isinstance(one, nodes.GroupBy | nodes.Derive | nodes.UnionWith) for one in others):
        return query.stages
    figures = {node: _figure_of(node) for one in select.columns if isinstance(node := one.value, nodes.QueryExpr)}
    of = {figure[0] for figure in figures.values() if figure is not None}
    assert isinstance(first, nodes.From)
    found = stores(first)
    if len(of) != 1 or None in figures.values() or found is None or not found[1].primary_key:
        return query.stages
    (inner,) = of
    names = {one.alias or one.store for one in _sources(query.stages)}
    if names & {one.alias or one.store for one in _sources(inner)} or not isinstance(inner[-1], nodes.Where):
        return query.stages
    calls = {node: figure[1] for node, figure in figures.items() if figure is not None}

    def grouped(node: nodes.Node) -> nodes.Node:
        return calls.get(node, node) if isinstance(node, nodes.QueryExpr) else node

    origin, *tests = inner
    own = nodes.Name(name=first.alias or first.store)
    keys = tuple(nodes.NamedColumn(value=nodes.FieldAccess(base=own, name=name)) for name in found[1].primary_key)
    assert isinstance(origin, nodes.From)
    joins: list[nodes.Stage] = [nodes.Join(source=origin, on=nodes.BoolLiteral(value=True)), *tests]
    before = [one for one in others if isinstance(one, nodes.Join | nodes.Where)]
    after = [rewrite(one, grouped) for one in others if not isinstance(one, nodes.Join | nodes.Where | nodes.Select)]
    return (first, *joins, *before, nodes.GroupBy(keys=keys, columns=rewrite(select.columns, grouped)), *after)


def _sources(stages: Iterable[nodes.Stage]) -> list[nodes.From]:
    found = [one.source if isinstance(one, nodes.Join) else one for one in stages]
    return [one for one in found if isinstance(one, nodes.From)]


def _figure_of(node: nodes.QueryExpr) -> tuple[tuple[nodes.Stage, ...], nodes.CallExpr] | None:
    """(the rows, the figure) of a count of rows or a figure of a field of theirs."""
    stages = node.query.stages
    last = stages[-1]
    call = nodes.CallExpr(name="count")
    if node.kind == "scalar" and isinstance(last, nodes.Select) and len(last.columns) == 1:
        value = last.columns[0].value
        if not isinstance(value, nodes.CallExpr):
            return None
        stages, call = stages[:-1], value
    elif node.kind != "count":
        return None
    return (stages, call) if all(isinstance(one, nodes.From | nodes.Join | nodes.Where) for one in stages) else None

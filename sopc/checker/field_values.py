"""Typed scripts → what their steps compare the fields of stores with, write to them, rank, join and aggregate by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

import msgspec

from runtime.query import algebra as q
from runtime.values.constants import Const
from runtime.values.types import Type
from sopc.checker import typed
from sopc.checker.repeated import Joins, Place

Field = tuple[str, str]
"""A text field: ("database.store", name)."""


@dataclass(frozen=True)
class Compared:
    """A text field, and what it is equalled to: a literal, or a parameter of the script, by its name."""

    step: typed.Step
    field: Field
    literal: str | None = None
    parameter: str | None = None


@dataclass(frozen=True)
class Ranked:
    """A text field by which rows are put in order, or of which the highest or lowest is taken."""

    step: typed.Step
    field: Field


@dataclass(frozen=True)
class Joined:
    """Two fields that a join makes equal, each with its store and that one's database."""

    step: typed.Step
    store: str
    field: q.Column
    other_store: str
    other_field: q.Column


@dataclass(frozen=True)
class Repeated:
    """A field that an aggregate counts once for each row of another store that a join puts beside its own row."""

    step: typed.Step
    aggregate: str
    store: str
    field: str
    other_store: str


@dataclass(frozen=True)
class First:
    """A query that takes the first row of an order, and depends on no variable."""

    step: typed.Step
    query: q.Query
    order: q.Sort


def steps_of(steps: object) -> Iterator[typed.Step]:
    """Yield every step in a part of a script, also those inside blocks, in order."""
    if isinstance(steps, typed.Step):
        yield steps
    if isinstance(steps, tuple | typed.Step):
        for part in parts_of(steps):
            if isinstance(part, tuple | typed.Step):
                yield from steps_of(part)


class FieldValues:
    """What the steps of a script do with text fields.

    Args:
        script: It is looked through once, for all of the questions.
    """

    def __init__(self, script: typed.Script) -> None:
        self._script = script
        self._steps = [_StepParts(step) for step in steps_of(script.steps)]

    def compared(self) -> Iterator[Compared]:
        """Yield each equality of a text field with a literal or a parameter."""
        parameters = {variable: variable.name for variable in self._script.params}
        records: dict[typed.Variable, _Form] = {}
        for each in self._steps:
            if isinstance(each.step, typed.ForQuery):
                records[each.step.variable] = each.forms[0]
            for form in each.forms:
                for left, right in form.equalities():
                    field = form.field(left)
                    if field is not None:
                        value = form.params[right.index] if isinstance(right, q.Param) else right
                        yield from _of(each.step, field, value, parameters)
            for op in each.ops:
                for left, right in _equalled(op):
                    field = _of_record(left, records)
                    if field is not None:
                        yield from _of(each.step, field, right, parameters)

    def totalled(self) -> Iterator[Compared]:
        """Yield each equality of a text field with a literal by which rows are chosen for one figure. A count of the
        chosen rows themselves is no such figure."""
        for each in self._steps:
            for form in each.forms:
                for group in form.nodes:
                    if isinstance(group, q.Group) and not group.keys:
                        for left, right in form.chosen(group):
                            field = form.field(left)
                            if field is not None:
                                value = form.params[right.index] if isinstance(right, q.Param) else right
                                yield from _of(each.step, field, value, {})

    def written(self) -> set[tuple[Field, str]]:
        """Return the literals that the script itself writes into text fields."""
        found: set[tuple[Field, str]] = set()
        for step in (each.step for each in self._steps):
            if not isinstance(step, typed.WriteStep):
                continue
            write = step.write
            store = f"{write.database}.{write.store}"
            pairs: list[tuple[str, Any]] = []
            if isinstance(write, q.Insert):
                pairs = list(zip(write.fields, step.params, strict=False))
            elif isinstance(write, q.Update):
                pairs = [(name, step.params[value.index] if isinstance(value, q.Param) else value)
                         for name, value in write.assignments]  # fmt: skip
            for name, value in pairs:
                literal = _literal(value)
                if literal is not None:
                    found.add(((store, name), literal))
        return found

    def ranked(self) -> Iterator[Ranked]:
        """Yield each text field by which a step sorts, or of which it takes the highest or lowest."""
        for each in self._steps:
            for form in each.forms:
                for node in form.nodes:
                    exprs: list[Any] = []
                    if isinstance(node, q.Sort):
                        exprs = [key.expr for key in node.keys]
                    elif isinstance(node, q.Window):
                        exprs = [key.expr for key in node.order]
                    elif isinstance(node, q.Aggregate) and node.name in ("min", "max"):
                        exprs = [node.arg]
                    elif isinstance(node, q.Op) and node.op in ("lt", "le", "gt", "ge", "between"):
                        exprs = list(node.args)
                    found = (form.field(expr) for expr in exprs)
                    yield from (Ranked(each.step, field) for field in found if field is not None)

    def joined(self) -> Iterator[Joined]:
        """Yield each pair of fields that a join finds partners by, when rows without a partner are left out."""
        for each in self._steps:
            for form in each.forms:
                for node in form.nodes:
                    if isinstance(node, q.Join) and not node.outer and isinstance(node.on, q.Op) and node.on.op == "eq":
                        left, right = map(form.column, node.on.args)
                        if left is not None and right is not None:
                            yield Joined(each.step, form.store(left), left, form.store(right), right)

    def repeated(self, keys: Callable[[str], Collection[Sequence[str]]]) -> Iterator[Repeated]:
        """Yield each count, sum and average of a field whose row a join may repeat within a group.

        Args:
            keys: The sets of fields each of which tells the rows of a store ("database.store") apart.
        """
        for each in self._steps:
            for form in each.forms:
                for group in form.nodes:
                    if isinstance(group, q.Group):
                        joins = Joins(group, form.place, lambda scan: keys(f"{scan.database}.{scan.store}"))
                        for aggregate, relation, name in form.aggregated(group):
                            other = joins.repeating(relation) if relation in joins.scans else None
                            if other is not None:
                                yield Repeated(each.step, aggregate, joins.scans[relation].store, name, other.store)

    def firsts(self) -> Iterator[First]:
        """Yield each query that takes one row, the first of an order."""
        for each in self._steps:
            for query in (form.root for form in each.forms if isinstance(form.root, q.Query) and not form.params):
                relation = query.relation
                while isinstance(relation, q.Select):
                    relation = relation.source
                if (
                    isinstance(relation, q.Limit)
                    and isinstance(relation.count, Const)
                    and relation.count.value == 1
                    and relation.offset is None
                    and isinstance(relation.source, q.Sort)
                ):
                    yield First(each.step, query, relation.source)


def relations(root: Any) -> Iterator[Any]:
    """Yield every part of a relation, in no order."""
    return _walk(root)


def _of(step: typed.Step, field: Field, value: Any, parameters: Mapping[typed.Variable, str]) -> Iterator[Compared]:
    literal = _literal(value)
    if literal is not None:
        yield Compared(step, field, literal=literal)
    if isinstance(value, typed.Convert):
        value = value.arg
    if isinstance(value, typed.Var) and value.variable in parameters:
        yield Compared(step, field, parameter=parameters[value.variable])


def _literal(value: Any) -> str | None:
    if isinstance(value, Const | typed.Const) and isinstance(value.value, str) and value.type.name == "text":
        return value.value
    return None


def _equalled(node: q.Op | typed.Op) -> Iterator[tuple[Any, Any]]:
    args: tuple[Any, ...] = node.args
    if node.op in ("eq", "ne"):
        yield args[0], args[1]
        yield args[1], args[0]
    elif node.op == "in":
        yield from ((args[0], item) for item in args[1:])


def _of_record(expr: Any, records: Mapping[typed.Variable, _Form]) -> Field | None:
    """The field that a loop's variable holds."""
    if not isinstance(expr, typed.FieldOf) or not isinstance(expr.base, typed.Var):
        return None
    form = records.get(expr.base.variable)
    column = None if form is None else dict(form.root.columns).get(expr.name)
    return None if form is None or column is None else form.field(column)


class _StepParts:
    """A step with its own typed parts, in order, without those of the steps in its blocks.

    Attributes:
        forms: Its queries and writes.
        ops: Its operations outside them.
    """

    def __init__(self, step: typed.Step) -> None:
        self.step = step
        self.forms: list[_Form] = []
        self.ops: list[typed.Op] = []
        stack = [*reversed(parts_of(step))]
        while stack:
            node = stack.pop()
            if isinstance(node, typed.BoundQuery):
                self.forms.append(_Form(node.query, node.params))
            elif isinstance(node, typed.Op):
                self.ops.append(node)
            if not isinstance(node, _OTHERS):
                stack += [part for part in reversed(parts_of(node)) if type(part) not in _LEAVES]
        if isinstance(step, typed.WriteStep):
            self.forms.append(_Form(step.write, step.params))


class _Form:
    """A query or write with its parts, and where the columns of its relations come from."""

    def __init__(self, root: Any, params: tuple[typed.Expr, ...]) -> None:
        self.root = root
        self.params = params
        self.nodes = [*_walk(root)]
        self._stores: dict[int, str] = {}
        self._columns: dict[int, Mapping[str, Any]] = {}
        for node in self.nodes:
            if isinstance(node, _ROWS_OF_STORES):
                self._stores[node.id] = f"{node.database}.{node.store}"
            elif isinstance(node, _WITH_COLUMNS):
                self._columns[node.id] = dict(node.columns)

    def equalities(self) -> Iterator[tuple[Any, Any]]:
        for node in self.nodes:
            if isinstance(node, q.Op):
                yield from _equalled(node)

    def chosen(self, group: q.Group) -> Iterator[tuple[Any, Any]]:
        """Yield the equalities by which the rows of a group are chosen, other than those that are only counted."""
        aggregates = [node for node in _walk(group.columns) if isinstance(node, q.Aggregate)]
        counts = all(node.name == "count" and node.arg is None for node in aggregates)
        base: Any = group.source
        while isinstance(base, q.Where | q.Derive | q.Join):
            base = base.left if isinstance(base, q.Join) else base.source
        if not any(node.name in ("count", "sum", "avg") for node in aggregates):
            return
        for node in _walk(group.source):
            for left, right in _equalled(node) if isinstance(node, q.Op) else ():
                column = self.column(left)
                if column is not None and not (counts and column.relation == getattr(base, "id", None)):
                    yield left, right

    def field(self, expr: Any) -> Field | None:
        """The text field of a store that an expression is, if it is one."""
        column = self.column(expr)
        if column is None or column.type.name != "text":
            return None
        return self._stores[column.relation], column.name

    def column(self, expr: Any) -> q.Column | None:
        """The field of a store that an expression is, if it is one, as a column of the store's rows."""
        while isinstance(expr, q.Column) and expr.relation in self._columns:
            expr = self._columns[expr.relation].get(expr.name)
        return expr if isinstance(expr, q.Column) and expr.relation in self._stores else None

    def place(self, expr: Any) -> Place | None:
        """The relation and the name of the field of a store that an expression is."""
        column = self.column(expr)
        return None if column is None else (column.relation, column.name)

    def aggregated(self, group: q.Group) -> Iterator[tuple[str, int, str]]:
        """Yield function, relation and field of each aggregate of one store's fields that a repeated row changes."""
        for node in _walk(group.columns):
            if isinstance(node, q.Aggregate) and node.name in ("count", "sum", "avg") and not node.distinct:
                places = [self.place(one) for one in _walk(node.arg) if isinstance(one, q.Column)]
                known = [place for place in places if place is not None]
                if known and len(known) == len(places) and len({relation for relation, _ in known}) == 1:
                    yield node.name, *known[0]

    def store(self, column: q.Column) -> str:
        """Its store, with the database."""
        return self._stores[column.relation]


_ROWS_OF_STORES: Final = (q.Scan, q.Update, q.Delete)
_WITH_COLUMNS: Final = (q.Select, q.Derive, q.Group)


def _walk(root: Any) -> Iterator[Any]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += [part for part in parts_of(node) if type(part) not in _LEAVES]


_LEAVES: Final = frozenset({str, int, float, bool, type(None), Type})  # hold no part of a script or a query
_OTHERS: Final = (typed.Step, typed.Variable, msgspec.Struct)  # not a step's own parts; no query holds a typed part
_NAMES: Final[dict[type, tuple[str, ...]]] = {}


def parts_of(node: Any) -> Sequence[Any]:
    """Return what a node of a typed script or of a query is made of; nothing for other values."""
    kind = type(node)
    if kind is tuple:
        parts: Sequence[Any] = node
        return parts
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = _names(kind)
    return [getattr(node, name) for name in names]


def _names(kind: Any) -> tuple[str, ...]:
    """The names of the attributes of a class that hold parts."""
    if kind in _LEAVES:
        return ()
    if issubclass(kind, msgspec.Struct):
        return tuple(kind.__struct_fields__)
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()

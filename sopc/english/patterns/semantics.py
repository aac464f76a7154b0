"""What phrases mean, and the context they are read in: the values that builders pass to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any, NamedTuple

from runtime.bytecode.module import Effects, Signature
from runtime.query.schema import ForeignKey, Schema, Store
from runtime.values.types import Type
from sopc.english.patterns.matcher import Reject
from sopc.english.sample import Sampler
from sopc.tree import nodes

NUMERIC = frozenset({"int", "float", "decimal"})
TIMES = frozenset({"date", "timestamp"})


@dataclass(frozen=True)
class Source:
    """Rows that fields can be taken of. alias: what qualifies the fields (a store's name, a named query's, a join's
    alias, or a loop variable's). store: whose fields, keys and references they are."""

    alias: str
    database: str
    store: Store
    origin: nodes.From | None
    """None for the record of a loop variable."""
    emits: bool = False
    """The rows are another script's records: their fields are known, but they belong to no store."""

    def __hash__(self) -> int:
        return hash((self.alias, self.database, self.store.name))

    @property
    def qualified(self) -> str:
        return f"{self.database}.{self.store.name}"

    @property
    def scan(self) -> nodes.From:
        """Raises Reject for the record of a loop: it can't be queried."""
        if self.origin is None:
            raise Reject()
        return self.origin


@dataclass(frozen=True)
class JoinStep:
    """One step along a reference: from a row of `base` to the row of `target` that it points at."""

    base: Source
    key: ForeignKey
    target: Source

    @property
    def outer(self) -> bool:
        """Whether a row may point at nothing."""
        fields = [self.base.store.field(name) for name in self.key.fields]
        return any(found is None or found.type.nullable for found in fields)

    def on(self) -> nodes.Expr:
        pairs = zip(self.key.fields, self.key.other_fields, strict=True)
        return all_of([compare("=", column(self.base, ours), column(self.target, theirs)) for ours, theirs in pairs])


@dataclass(frozen=True)
class Value:
    """An expression. label: words that could name it as a column. hops: references to follow to reach its field.
    field: the field's name, when it is one. aggregate: it sums up rows ("count", "sum", …)."""

    node: nodes.Expr
    type: Type
    label: tuple[str, ...] = ()
    hops: tuple[JoinStep, ...] = ()
    field: str | None = None
    aggregate: str | None = None
    bare: str | None = None
    """The aggregate, where its word alone was said and not of what."""
    counted: Rows | None = None
    """The rows that a count is said to be of."""
    owner: Source | None = None
    """The rows it is a field of."""
    points: tuple[tuple[str, str], ...] = ()
    """What a reference field points at: (store, its key)."""
    plural: bool = dataclass_field(default=False, compare=False)
    """It was written in the plural."""
    spellings: tuple[str, ...] = ()
    """How the data spell a text, where it is compared."""

    def look(self) -> str:
        """Where to see what a text field holds, for messages."""
        if self.owner is None or self.field is None or self.owner.emits:
            return ""
        return f" (`sopvm db look {self.owner.qualified}` shows what it holds)"

    def fits(self, other: Type) -> bool:
        """Whether it can be compared with, or stored as, a value of that type."""
        if "any" in (self.type.name, other.name):
            return True
        if self.type.name in NUMERIC:
            return other.name in NUMERIC
        if self.type.name in TIMES:
            return other.name in TIMES
        return self.type.name == other.name


@dataclass(frozen=True)
class Sort:
    """A sort key. value: None for the one measure (by="number"), moment ("time") or label ("text") there is."""

    descending: bool
    by: str = "number"
    value: Value | None = None
    undirected: bool = False
    """No direction was said."""


class First(NamedTuple):
    """Which of the rows in an order: the first few, or after some that are skipped. sort: None where it is said
    elsewhere. ties: all that tie with the first belong to it, if the rows' name is in the plural."""

    limit: nodes.Expr | None
    sort: Sort | None
    skipped: int = 0
    ties: bool = False


ONE = nodes.IntLiteral(value=1)

# Among the fields that a condition speaks of: it says that something was done to rows, which may be so several times.
DONE_TO = "done to"


@dataclass(frozen=True)
class Rows:
    """A set of rows: those of `source` for which all conditions hold. found: the named set it is, as it stands."""

    source: Source
    conditions: tuple[nodes.Expr, ...] = ()
    sorts: tuple[Sort, ...] = ()
    limit: nodes.Expr | None = None
    mentioned: tuple[str, ...] = ()
    """Fields that the conditions speak of, in their order."""
    skipped: int = 0
    """How many of the first are left out before the limit counts: 1 for "the second highest"."""
    plural: bool = dataclass_field(default=False, compare=False)
    """Their name was written in the plural."""
    ties: bool = False
    """The first, and all that tie with it: "the youngest customers"."""

    def first_few(self) -> nodes.Limit | None:
        if self.limit is None:
            return None
        offset = nodes.IntLiteral(value=self.skipped) if self.skipped else None
        return nodes.Limit(count=self.limit, offset=offset)


@dataclass(frozen=True)
class Condition:
    """A condition on a row (or on nothing but variables). mentioned: fields it speaks of. rows: those that a fact says
    there are, which "them" means in what depends on it."""

    node: nodes.Expr
    mentioned: tuple[str, ...] = ()
    rows: Rows | None = None
    both: bool = False
    """Values listed with "and", which one row can't all hold."""
    denied: bool = False
    """Said as the opposite of a comparison ("not above"), so that an "or" after it could mean two things."""


@dataclass(frozen=True)
class FoundSet:
    """Rows that an earlier sentence found: `query name = …`. reads: the stores it depends on."""

    name: str
    rows: Rows
    reads: frozenset[str]
    changed_by: int | None = None
    """The sentence that has changed one of those stores since."""
    counted: str | None = None
    """The variable that holds how many there were."""

    @property
    def source(self) -> Source:
        base = self.rows.source
        return Source(self.name, base.database, base.store, nodes.From(store=self.name))


@dataclass(frozen=True)
class Variable:
    """A parameter, a let, an answer. words: each way English calls it."""

    name: str
    type: Type
    words: frozenset[tuple[str, ...]]
    answer: bool = False


@dataclass(frozen=True)
class Steps:
    """What a statement does, and what it leaves for the ones after it. closed: nothing can be joined on with "and"
    (a loop or a condition that holds all that follows in its sentence)."""

    steps: tuple[nodes.AnyStep, ...]
    variables: tuple[Variable, ...] = ()
    found: FoundSet | None = None
    closed: bool = False
    counts: str | None = None
    """The variable that now holds how many the found set has."""
    returns: tuple[Type, ...] = ()


@dataclass(frozen=True)
class World:
    """What names may mean: the databases, their values, and the scripts that can be called."""

    schemas: Mapping[str, Schema]
    sampler: Sampler
    signatures: Callable[[str], tuple[Signature, Effects] | None]
    script_names: Callable[[], Iterable[str]]

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        return tuple(self.script_names())

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every store, qualified by its database where two databases have one of that name."""
        names = [name for schema in self.schemas.values() for name in schema.stores]
        return tuple(
            Source(store.name, database, store, self._origin(database, store.name, names.count(store.name) > 1))
            for database, schema in self.schemas.items()
            for store in schema.stores.values()
        )

    def source(self, database: str, store: str) -> Source:
        return next(one for one in self.sources if (one.database, one.store.name) == (database, store))

    def stored(self, origin: nodes.From) -> tuple[str, Store] | None:
        """The database and store of a `from`; None for a named query."""
        found = (one for one in self.sources if one.store.name == origin.store)
        return next(((one.database, one.store) for one in found if origin.database in (None, one.database)), None)

    def spelling(self, source: Source, field: str, value: str, *, quoted: bool = False) -> tuple[str, ...]:
        """How the data spell a value: exactly so where they do, else in every other way that differs in case or
        spacing only."""
        found = self.sampler.find(source.qualified, field, value, quoted=quoted)
        return (value,) if value in found else tuple(sorted(found))

    @staticmethod
    def _origin(database: str, store: str, shared: bool) -> nodes.From:
        return nodes.From(store=store, database=database if shared else None)


@dataclass(frozen=True, eq=False)
class Context:
    """Where a phrase stands. source: the rows it speaks of. target: the value it is compared with or stored as.
    subject: the record of the loop it is in. found: the set found last. spoken: the rows that the condition before said
    there are. error: what the error is called, in what is done where something failed. Contexts are compared by
    identity."""

    world: World
    variables: tuple[Variable, ...] = ()
    found: FoundSet | None = None
    subject: Source | None = None
    spoken: Rows | None = None
    source: Source | None = None
    target: Value | None = None
    sentence: int = 0
    error: str = ""
    _children: dict[Any, tuple[Any, Context]] = dataclass_field(default_factory=dict, repr=False)

    def enter(self, opened: Any) -> Context:
        """The context inside a meaning: among its rows, compared with its value, on its record."""
        if isinstance(opened, Rows):
            return self.within(opened.source)
        if isinstance(opened, Source):
            return self.within(opened)
        if isinstance(opened, JoinStep):
            return self.within(opened.target)
        if isinstance(opened, Condition):
            return self if opened.rows is None else self._child(("spoken", id(opened)), opened, spoken=opened.rows)
        if isinstance(opened, Value):
            return self._child(("target", id(opened)), opened, target=opened)
        return self._child(("loop", id(opened)), opened, **opened.opens(self))

    def within(self, source: Source) -> Context:
        return self._child(("source", source), source, source=source, target=None)

    def after(self, steps: Steps) -> Context:
        """The context for what follows those steps."""
        found = steps.found or self.found
        if found is not None and steps.counts is not None:
            found = replace(found, counted=steps.counts)
        return self._child(("after", id(steps)), steps, variables=(*self.variables, *steps.variables), found=found)

    @property
    def untargeted(self) -> Context:
        """The context where nothing is compared or stored."""
        return self if self.target is None else self._child(("untargeted",), self.world, target=None)

    def comparing(self, source: Source, name: str, make: Callable[[], Value]) -> Context:
        """The context in which a field is compared; one a field, so that what was read there is remembered."""
        key = ("field", source, name)
        if key not in self._children:
            value = make()
            self._children[key] = (value, self.enter(value))
        return self._children[key][1]

    def _child(self, key: Any, kept: Any, **changes: Any) -> Context:
        made = self._children.get(key)
        if made is None or made[0] is not kept:
            made = self._children[key] = (kept, replace(self, **changes, _children={}))
        return made[1]


def column(source: Source, name: str) -> nodes.FieldAccess:
    return nodes.FieldAccess(base=nodes.Name(name=source.alias), name=name)


def output(name: str) -> nodes.FieldAccess:
    """A column of what the query's last select or group gives; it is written as a bare name."""
    return nodes.FieldAccess(base=nodes.Name(name=""), name=name)


def compare(op: str, left: nodes.Expr, right: nodes.Expr) -> nodes.Binary:
    return nodes.Binary(op=op, left=left, right=right)


def text(value: str) -> nodes.TextLiteral:
    return nodes.TextLiteral(parts=(value,) if value else ())


def call(name: str, *args: nodes.Expr) -> nodes.CallExpr:
    return nodes.CallExpr(name=name, args=tuple(nodes.Argument(value=arg) for arg in args))


def all_of(conditions: Sequence[nodes.Expr]) -> nodes.Expr:
    return _chain("and", conditions)


def any_of(conditions: Sequence[nodes.Expr]) -> nodes.Expr:
    """Alternatives; equalities of one value become `in`."""
    merged: list[nodes.Expr] = []
    for condition in conditions:
        items = _equalled(condition)
        same = next(
            (at for at, one in enumerate(merged) if items and (known := _equalled(one)) and known[0] == items[0]), None
        )
        if same is None or items is None:
            merged.append(condition)
            continue
        known = _equalled(merged[same])
        assert known is not None
        every = (*known[1], *(one for one in items[1] if one not in known[1]))
        merged[same] = nodes.InExpr(arg=items[0], items=every) if len(every) > 1 else merged[same]
    return _chain("or", merged)


def _equalled(node: nodes.Expr) -> tuple[nodes.Expr, tuple[nodes.Expr, ...]] | None:
    """What is compared, and the values it may equal; None for any other condition."""
    if isinstance(node, nodes.Binary) and node.op == "=":
        return node.left, (node.right,)
    if isinstance(node, nodes.InExpr) and node.items and not node.negated and not node.is_list:
        return node.arg, node.items
    return None


def conjuncts(node: nodes.Expr) -> list[nodes.Expr]:
    """The conditions that `and` joins in it."""
    if isinstance(node, nodes.Binary) and node.op == "and":
        return [*conjuncts(node.left), *conjuncts(node.right)]
    return [node]


def negate(node: nodes.Expr) -> nodes.Expr:
    """Its opposite, in the plainest form (a missing value is on neither side, as in the language)."""
    opposite = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
    if isinstance(node, nodes.Unary) and node.op == "not":
        return node.arg
    if isinstance(node, nodes.Binary) and node.op in opposite:
        return node.model_copy(update={"op": opposite[node.op]})
    if isinstance(node, nodes.Between | nodes.InExpr | nodes.IsNull):
        return node.model_copy(update={"negated": not node.negated})
    return nodes.Unary(op="not", arg=node)


def as_exists(node: nodes.InExpr) -> nodes.Expr:
    """x in (from … where … select y), as `via` makes it → exists (from … where … and y = x). Others stay."""
    match node.query.stages if node.query is not None and not node.negated else ():
        case (nodes.From() as rows, nodes.Where(condition=condition), nodes.Select(columns=[shown])):
            same = nodes.Where(condition=all_of([condition, compare("=", shown.value, node.arg)]))
            return nodes.QueryExpr(kind="exists", query=nodes.Query(stages=(rows, same)))
    return node


def _chain(op: str, conditions: Sequence[nodes.Expr]) -> nodes.Expr:
    flat = [part for condition in conditions for part in (conjuncts(condition) if op == "and" else [condition])]
    chained = flat[0]
    for at, condition in enumerate(flat[1:], 1):
        if condition not in flat[:at]:
            chained = compare(op, chained, condition)
    return chained


def via(hops: tuple[JoinStep, ...], condition: nodes.Expr) -> nodes.Expr:
    """A condition on a row that is reached by references → a condition on the row that they start from."""
    for hop in reversed(hops):
        origin = hop.target.scan
        stages: tuple[nodes.Stage, ...]
        known = _equalled(condition) if len(hop.key.fields) == 1 else None
        if known is not None and known[0] == column(hop.target, hop.key.other_fields[0]):
            own = column(hop.base, hop.key.fields[0])
            condition = any_of([compare("=", own, one) for one in known[1]])
        elif len(hop.key.fields) == 1:
            stages = (
                origin,
                nodes.Where(condition=condition),
                nodes.Select(columns=(nodes.NamedColumn(value=column(hop.target, hop.key.other_fields[0])),)),
            )
            condition = nodes.InExpr(arg=column(hop.base, hop.key.fields[0]), query=nodes.Query(stages=stages))
        else:
            stages = (origin, nodes.Where(condition=all_of([hop.on(), condition])))
            condition = nodes.QueryExpr(kind="exists", query=nodes.Query(stages=stages))
    return condition

"""A query in the algebra → its facts, and what its columns are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from runtime.query import algebra as ir
from runtime.values.constants import Const
from sopc.checker import typed
from sopc.english.doubts.facts import (
    MATHS,
    Aggregated,
    Did,
    Exists,
    Fact,
    Grouped,
    Limited,
    Null,
    Place,
    Read,
    Sorted,
    Term,
    Test,
    Tied,
    Truth,
    Unrepeated,
    joined,
)
from sopc.english.lexicon import lexicon
from sopc.english.reading.aliases import tells_a_state

_NOT: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_TURNED: Final = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_WITHOUT_ID: Final = (ir.Join, ir.Where, ir.Sort, ir.Limit, ir.Distinct)
_TEXTUAL: Final = frozenset({"like", "contains", "starts_with", "ends_with"})


@dataclass(frozen=True)
class Mode:
    """Of a condition. See Fact."""

    negated: bool = False
    guard: bool = False
    branch: bool = False

    @property
    def turned(self) -> Mode:
        return replace(self, negated=not self.negated)


class Conditions:
    """Conditions of either kind of expression → facts."""

    def __init__(self, note: Any, term: Any, other: Any) -> None:
        self._note = note
        self._term = term
        self._other = other  # notes what only queries have

    def note(self, expr: Any, mode: Mode) -> None:
        told = {"guard": mode.guard, "branch": mode.branch}
        match expr:
            case typed.Op(op="and" | "or", args=args) | ir.Op(op="and" | "or", args=args):
                for one in args:
                    self.note(one, mode)
            case typed.Op(op="not", args=(arg,)) | ir.Op(op="not", args=(arg,)):
                self.note(arg, mode.turned)
            case typed.Op(op=op, args=(left, right)) | ir.Op(op=op, args=(left, right)) if op in _NOT or op in _TEXTUAL:
                self._test(op, self._term(left), self._term(right), mode)
            case typed.Op(op="between", args=(arg, low, high)) | ir.Op(op="between", args=(arg, low, high)):
                self._test("ge", self._term(arg), self._term(low), mode)
                self._test("le", self._term(arg), self._term(high), mode)
            case typed.Op(op="in", args=(arg, *items)) | ir.Op(op="in", args=(arg, *items)):
                for one in items:
                    self._test("eq", self._term(arg), self._term(one), mode)
            case typed.Op(op="in_list", args=(arg, items)) | ir.Op(op="in_list", args=(arg, items)):
                self._test("eq", self._term(arg), self._term(items), mode)
            case (
                typed.Op(op="is_null" | "is_not_null" as op, args=(arg,))
                | ir.Op(op="is_null" | "is_not_null" as op, args=(arg,))
            ):
                self._note(Null(self._term(arg), (op == "is_not_null") != mode.negated, **told))
            case typed.Convert(arg=arg):
                self.note(arg, mode)
            case typed.Const() | Const():
                pass
            case ir.Exists() | ir.InQuery() | typed.FetchExpr():
                self._other(expr, mode)
            case _:
                self._note(Truth(self._term(expr), mode.negated, **told))

    def _test(self, op: str, left: Term, right: Term, mode: Mode) -> None:
        told = {"guard": mode.guard, "branch": mode.branch}
        if op in _TEXTUAL:
            self._note(Test(op, left, right, mode.negated, **told))
            return
        if mode.negated:
            op = _NOT[op]
        if left.is_constant and not right.is_constant:
            op, left, right = _TURNED[op], right, left
        if op in ("eq", "ne") and len(right.constants) == 1:
            constant = right.constants[0][0]
            if isinstance(constant, bool) or (constant in (0, 1) and _is_flag(left)):
                self._note(Truth(left, bool(constant) is (op == "ne"), **told))
                return
            if isinstance(constant, str) and constant.lower() in lexicon().words.empty:
                self._note(Null(left, op == "ne", **told))
                return
            words = lexicon().words
            if isinstance(constant, str) and constant.lower() in (*words.yes, *words.no):
                self._note(Truth(left | right, (constant.lower() in words.no) is (op == "eq"), **told))
                return
        self._note(Test(op, left, right, **told))


def _is_flag(term: Term) -> bool:
    """Whether it is a field that tells yes and no by 1 and 0."""
    return term.is_plain and all(tells_a_state(name) for _, name in term.places)


class Relations:
    """A query, its sub-queries included: what its columns are made of, and its facts."""

    def __init__(
        self,
        relation: ir.Relation | None,
        columns: Iterable[tuple[str, ir.Column]],
        params: tuple[typed.Expr, ...],
        note: Callable[[Fact], None],
        term: Callable[[typed.Expr], Term],
        value: Callable[[typed.Expr], Term],
        write: ir.Update | ir.Delete | None = None,
    ) -> None:
        self._top = relation
        self._outputs = tuple(columns)
        self._params = params
        self._note = note
        self._param_term = term
        self._param_value = value
        self._around: frozenset[int] = frozenset()  # the sources of the query whose stage is being noted
        self.scans: dict[int, str] = {}
        self._made: dict[int, dict[str, ir.Expr | None]] = {}
        for one in relations_in(relation):
            self._learn(one)
        if write is not None:
            self.scans[write.id] = write.store
            self._around = frozenset({write.id})
            for expr in (write.condition, *(value for _, value in getattr(write, "assignments", ()))):
                for inner in _expressions(expr):
                    if isinstance(inner, ir.Scalar | ir.Exists | ir.InQuery):
                        for one in relations_in(inner.relation):
                            self._learn(one)

    def _learn(self, relation: ir.Relation) -> None:
        match relation:
            case ir.Scan(id=number, store=store):
                self.scans[number] = store
            case ir.Derive(id=number, columns=columns) | ir.Select(id=number, columns=columns):
                self._made[number] = dict(columns)
            case ir.Group(id=number, columns=columns):
                self._made[number] = dict(columns)
            case ir.Union(id=number, left=left, columns=columns):
                self._made[number] = dict(zip((name for name, _ in columns), _outputs(left), strict=False))

    def columns(self) -> dict[str, Term]:
        return {name: self.term(column) for name, column in self._outputs}

    def value(self) -> Term:
        """What the query's value is made of: its columns, or the count of its rows."""
        term = joined(self.columns().values())
        return term if term != Term() else Term(counted=frozenset(self.scans.values()))

    def term(self, expr: Any) -> Term:
        match expr:
            case None:
                return Term()
            case Const(value=value, type=type_):
                return Term(constants=((value, type_.name),))
            case ir.Param(index=index):
                return self._param_term(self._params[index]) if index < len(self._params) else Term()
            case ir.Column(relation=number, name=name):
                if number in self.scans:
                    return Term(places=frozenset({(self.scans[number], name)}))
                return self.term(self._made.get(number, {}).get(name))
            case ir.Aggregate(name=name, arg=arg):
                counted = frozenset(self.scans.values()) if name == "count" else frozenset[str]()
                inner = self.term(arg)
                return replace(inner, aggregates=inner.aggregates | {name}, counted=inner.counted | counted)
            case ir.Window(name=name, args=args):
                return joined(map(self.term, args)) | Term(functions=frozenset({name}))
            case ir.Op(op=op, args=args):
                return joined(map(self.term, args)) | Term(functions=frozenset({op} & MATHS))
            case ir.Func(name=name, args=args):
                return joined(map(self.term, args)) | Term(functions=frozenset({name}))
            case ir.Case(branches=branches, otherwise=otherwise):
                term = self.term(otherwise)
                for _, then in branches:
                    term |= self.term(then)
                return term
            case ir.Scalar(relation=relation):
                term = joined(self.term(one) for one in _outputs(relation))
                own = stores_in(relation)
                return replace(term, counted=own) if "count" in term.aggregates else term
            case ir.InQuery() | ir.Exists():
                return Term()
        return Term()

    # ── facts ──

    def note(self) -> None:
        if self._top is not None:
            self._note_relation(self._top, frozenset())

    def noted(self, expr: ir.Expr) -> Term:
        """Note the facts inside an expression; what it is made of."""
        inside = tuple(_expressions(expr))
        shares = {id(one) for each in inside if isinstance(each, ir.Op) and each.op in MATHS for one in each.args}
        for inner in inside:
            self._inside(inner, is_share=id(inner) in shares)
        return self.term(expr)

    def condition(self, expr: ir.Expr, mode: Mode) -> None:
        self.noted(expr)
        Conditions(self._note, self.term, self._sub_query).note(expr, mode)

    def _sub_query(self, expr: ir.Exists | ir.InQuery, mode: Mode) -> None:
        stores = stores_in(expr.relation)
        self._note(Exists(stores, mode.negated, guard=mode.guard, branch=mode.branch))
        if isinstance(expr, ir.InQuery):
            left = self.term(expr.arg)
            right = joined(self.term(one) for one in _outputs(expr.relation))
            self._note(Tied(frozenset((one, other) for one in left.places for other in right.places)))

    def _inside(self, expr: ir.Expr, *, is_share: bool) -> None:
        """is_share: whether a number is worked out further, as a part of a whole, which need not be about the row."""
        match expr:
            case ir.Aggregate(name=name, arg=arg, distinct=distinct):
                self._note(Aggregated(name, self.term(arg), distinct))
            case ir.Window(order=order, partition=partition):
                if partition:
                    self._note(Grouped(tuple(map(self.term, partition))))
                for key in order:
                    self._note(Sorted(self.term(key.expr), key.descending, window=True))
            case ir.Case(branches=branches):
                self._note(Did("if"))
                for condition, _ in branches:
                    Conditions(self._note, self.term, self._sub_query).note(condition, Mode(guard=True, branch=True))
            case ir.Param(index=index) if index < len(self._params):
                self._param_value(self._params[index])
            case ir.Exists(relation=relation):
                self._note_relation(relation, self._around)
            case ir.Scalar(relation=ir.Group(columns=((_, ir.Aggregate(name="count")),)) as relation) if not is_share:
                self._note_relation(relation, self._around)
            case ir.Scalar(relation=relation) | ir.InQuery(relation=relation):
                self._note_relation(relation, frozenset())

    def _note_relation(self, relation: ir.Relation, outer: frozenset[int]) -> None:
        """outer: relations of the enclosing query, to which a sub-query of each row has to be tied."""
        self._ties(relation, outer)
        before, self._around = self._around, self._around | _ids(relation)
        self._note_stages(relation)
        self._around = before

    def _note_stages(self, relation: ir.Relation) -> None:
        for one in _own_relations(relation):
            match one:
                case ir.Scan(store=store):
                    self._note(Read(store))
                case ir.Join(on=condition) | ir.Where(condition=condition):
                    self._where(condition)
                case ir.Derive(columns=columns) | ir.Select(columns=columns):
                    for _, value in columns:
                        self.noted(value)
                case ir.Group(keys=keys, columns=columns):
                    if keys:
                        self._note(Grouped(tuple(map(self.noted, keys))))
                    for _, value in columns:
                        self.noted(value)
                case ir.Distinct():
                    self._note(Unrepeated("distinct"))
                case ir.Sort(keys=keys):
                    for key in keys:
                        self._note(Sorted(self.noted(key.expr), key.descending))
                case ir.Limit(count=count, offset=offset):
                    most = self.term(count)
                    known = most.constants[0][0] if most.is_constant and most.constants else None
                    self._note(Limited(known if isinstance(known, int) else None, offset is not None))
                case ir.Union(op=op, left=left, right=right):
                    self._note(Unrepeated(op))
                    for each in zip(_outputs(left), _outputs(right), strict=False) if op != "union" else ():
                        terms = self.term(each[0]), self.term(each[1])
                        if all(term.is_plain and len(term.places) == 1 for term in terms):
                            self._note(Tied(frozenset({(min(terms[0].places), min(terms[1].places))})))

    def _where(self, condition: ir.Expr) -> None:
        for one in _conjuncts(condition):
            if self._pairs(one) is None:
                self.condition(one, Mode())

    def _pairs(self, one: ir.Expr) -> tuple[Place, Place] | None:
        """The two fields of different sources that a condition says are equal."""
        match one:
            case ir.Op(op="eq", args=(ir.Column() as left, ir.Column() as right)) if left.relation != right.relation:
                places = self.term(left).places, self.term(right).places
                if len(places[0]) == len(places[1]) == 1:
                    return min(places[0]), min(places[1])
        return None

    def _ties(self, relation: ir.Relation, outer: frozenset[int]) -> None:
        """Note which sources of a query are tied together, and those that nothing ties."""
        own = list(_own_relations(relation))
        conditions = [each for one in own if isinstance(one, ir.Join | ir.Where) for each in _direct(one)]
        parts = [part for condition in conditions for part in _conjuncts(condition)]
        for part in parts:
            pair = self._pairs(part)
            if pair is not None:
                self._note(Tied(frozenset({pair})))
        first, *others = self._untied([one for one in own if isinstance(one, ir.Join)], parts)
        for other in others:
            self._note(Tied(frozenset(), (self._store_of(first), self._store_of(other))))
        if outer and not any(_mentions(each, outer) for one in own for each in _direct(one)):
            self._note(Tied(frozenset(), (next(iter(self.scans.values())), min(stores_in(relation)))))

    def _store_of(self, relations: frozenset[int]) -> str:
        return min(self.scans[one] for one in relations if one in self.scans)

    @staticmethod
    def _untied(joins: list[ir.Join], parts: list[ir.Expr]) -> list[frozenset[int]]:
        """The sources of joins, those together that conditions tie, also by way of a third or further on."""
        if not joins:
            return [frozenset()]
        sides = [_ids(one.right) for one in joins]
        sides.insert(0, frozenset[int]().union(*(_ids(one.left) for one in joins)).difference(*sides))
        for part in parts:
            touched = [side for side in sides if _mentions(part, side)]
            if len(touched) > 1:
                sides = [side for side in sides if side not in touched]
                sides.insert(0, frozenset[int]().union(*touched))
        return sides


# ── shapes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _direct(relation: ir.Relation) -> tuple[ir.Expr, ...]:
    """The expressions of one stage."""
    match relation:
        case ir.Join(on=on):
            return (on,)
        case ir.Where(condition=condition):
            return (condition,)
        case ir.Derive(columns=columns) | ir.Select(columns=columns):
            return tuple(value for _, value in columns)
        case ir.Group(keys=keys, columns=columns):
            return (*keys, *(value for _, value in columns))
        case ir.Sort(keys=keys):
            return tuple(key.expr for key in keys)
        case ir.Limit(count=count, offset=offset):
            return (count,) if offset is None else (count, offset)
    return ()


def _own_relations(relation: ir.Relation) -> Iterator[ir.Relation]:
    """The stages of a query, without those of its sub-queries, the first ones first."""
    match relation:
        case ir.Join(left=left, right=right) | ir.Union(left=left, right=right):
            yield from _own_relations(left)
            yield from _own_relations(right)
        case ir.Scan():
            pass
        case _:
            yield from _own_relations(relation.source)
    yield relation


def relations_in(relation: ir.Relation | None) -> Iterator[ir.Relation]:
    """The stages of a query and of its sub-queries."""
    for one in _own_relations(relation) if relation is not None else ():
        yield one
        for expr in (each for direct in _direct(one) for each in _expressions(direct)):
            if isinstance(expr, ir.Scalar | ir.Exists | ir.InQuery):
                yield from relations_in(expr.relation)


def _expressions(expr: ir.Expr | None) -> Iterator[ir.Expr]:
    """An expression and those inside it, without those of its sub-queries."""
    if expr is None:
        return
    yield expr
    inner: tuple[ir.Expr | None, ...] = ()
    match expr:
        case ir.Op(args=args) | ir.Func(args=args):
            inner = args
        case ir.Window(args=args, partition=partition, order=order):
            inner = (*args, *partition, *(key.expr for key in order))
        case ir.Aggregate(arg=arg) | ir.InQuery(arg=arg):
            inner = (arg,)
        case ir.Case(branches=branches, otherwise=otherwise):
            inner = (*(one for branch in branches for one in branch), otherwise)
    for one in inner:
        yield from _expressions(one)


def _mentions(expr: ir.Expr, relations: frozenset[int]) -> bool:
    """Whether an expression, or a sub-query in it, has a column of one of the relations."""
    for one in _expressions(expr):
        if isinstance(one, ir.Column) and one.relation in relations:
            return True
        if isinstance(one, ir.Scalar | ir.Exists | ir.InQuery) and any(
            _mentions(each, relations) for inside in _own_relations(one.relation) for each in _direct(inside)
        ):
            return True
    return False


def _conjuncts(expr: ir.Expr) -> Iterator[ir.Expr]:
    match expr:
        case ir.Op(op="and", args=args):
            for one in args:
                yield from _conjuncts(one)
        case _:
            yield expr


def _ids(relation: ir.Relation) -> frozenset[int]:
    return frozenset(one.id for one in _own_relations(relation) if not isinstance(one, _WITHOUT_ID))


def stores_in(relation: ir.Relation) -> frozenset[str]:
    """The stores that a query and its sub-queries read."""
    return frozenset(one.store for one in relations_in(relation) if isinstance(one, ir.Scan))


def _outputs(relation: ir.Relation) -> tuple[ir.Expr, ...]:
    """What the columns of a relation are, where it chooses them."""
    match relation:
        case ir.Select(columns=columns) | ir.Group(columns=columns):
            return tuple(value for _, value in columns)
        case ir.Union(left=left):
            return _outputs(left)
        case ir.Where(source=source) | ir.Sort(source=source) | ir.Limit(source=source) | ir.Distinct(source=source):
            return _outputs(source)
    return ()


def whole(relation: ir.Relation) -> str:
    """The store whose rows come out as they are; "" where columns are chosen or rows joined."""
    match relation:
        case ir.Scan(store=store):
            return store
        case ir.Where(source=source) | ir.Sort(source=source) | ir.Limit(source=source) | ir.Distinct(source=source):
            return whole(source)
    return ""

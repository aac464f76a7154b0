"""A right program → programs that differ from it in one place: the mistakes that a check of programs should notice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from runtime.query.schema import Schema, Store
from runtime.values.types import Type
from sopc.tree import nodes

KINDS: Final = (
    *("comparison", "bound", "literal", "field", "aggregate", "order", "limit", "negation", "join", "store", "write"),
)
_FLIPPED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_BOUND: Final = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_AGGREGATES: Final = {"sum": "avg", "avg": "sum", "min": "max", "max": "min"}
_COMPARING: Final = ("=", "!=", "<", "<=", ">", ">=")

Values = Callable[[str], Sequence[Any]]  # the name of a field → values that the data hold in fields of that name


@dataclass(frozen=True)
class Mutant:
    """kind: one of KINDS. script: the program with one place changed. It may not compile."""

    kind: str
    script: nodes.Script


def mutants(script: nodes.Script, schemas: Mapping[str, Schema], values: Values, chance: random.Random) -> list[Mutant]:
    """All one-place mutants of a program, in an order that `chance` gives."""
    stores = {name: store for schema in schemas.values() for name, store in schema.stores.items()}
    used = {
        name
        for node, _ in _places(script, lambda new: new)
        for name in [getattr(node, "store", None)]
        if name in stores
    }
    made = _Mutator({name: stores[name] for name in used}, stores, values, chance)
    found = [
        Mutant(kind, put(new)) for node, put in _places(script, lambda new: new) for kind, new in made.changes(node)
    ]
    chance.shuffle(found)
    return found


def _places(value: Any, put: Callable[[Any], Any]) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    """Every node and tuple of a tree, with what gives the tree with another in its place."""
    children: list[tuple[Any, Callable[[Any], Any]]] = []
    if isinstance(value, nodes.Node):
        children = [(child, partial(_with_attribute, value, name)) for name, child in value]
    elif isinstance(value, tuple):
        children = [(child, partial(_with_item, value, at)) for at, child in enumerate(value)]
    else:
        return
    yield value, put
    for child, inside in children:
        yield from _places(child, partial(_through, put, inside))


def _with_attribute(node: nodes.Node, name: str, new: Any) -> nodes.Node:
    return node.model_copy(update={name: new})


def _with_item(items: tuple[Any, ...], at: int, new: Any) -> tuple[Any, ...]:
    return (*items[:at], new, *items[at + 1 :])


def _through(put: Callable[[Any], Any], inside: Callable[[Any], Any], new: Any) -> Any:
    return put(inside(new))


@dataclass(frozen=True)
class _Mutator:
    """used: the stores that the program uses. stores: all."""

    used: Mapping[str, Store]
    stores: Mapping[str, Store]
    values: Values
    chance: random.Random

    def changes(self, node: Any) -> Iterator[tuple[str, Any]]:
        """A node → kinds of mistakes, and what stands in its place."""
        match node:
            case nodes.Binary(op=op) if op in _COMPARING:
                yield from self._compared(node)
            case nodes.Binary(op="and") if _is_join(node.left) != _is_join(node.right):
                yield "join", node.right if _is_join(node.left) else node.left
            case nodes.Where(condition=condition) if _is_join(condition):
                yield "join", node.model_copy(update={"condition": nodes.BoolLiteral(value=True)})
            case nodes.Join(on=on):
                yield "join", node.model_copy(update={"on": nodes.BoolLiteral(value=True)})
                yield from (("join", node.model_copy(update={"on": new})) for new in self._other_keys(on))
            case nodes.Unary(op="not"):
                yield "negation", node.arg
            case nodes.InExpr() | nodes.IsNull() | nodes.Between():
                yield "negation", node.model_copy(update={"negated": not node.negated})
                if isinstance(node, nodes.InExpr) and node.items and not node.is_list:
                    for at, item in enumerate(node.items):
                        for new in self._literals(item, node.arg):
                            items = (*node.items[:at], new, *node.items[at + 1 :])
                            yield "literal", node.model_copy(update={"items": items})
                if isinstance(node, nodes.Between):
                    yield from (
                        ("literal", node.model_copy(update={side: new}))
                        for side in ("low", "high")
                        for new in self._literals(getattr(node, side), node.arg)
                    )
            case nodes.QueryExpr(kind="exists"):
                yield "negation", nodes.Unary(op="not", arg=node)
            case nodes.CallExpr(name=name) if name in _AGGREGATES and node.args:
                yield "aggregate", node.model_copy(update={"name": _AGGREGATES[name]})
            case nodes.CallExpr(name="count") if node.args:
                yield "aggregate", node.model_copy(update={"distinct": not node.distinct})
            case nodes.SortKey():
                yield "order", node.model_copy(update={"descending": not node.descending})
            case nodes.Query(stages=stages):
                for at, stage in enumerate(stages):
                    if isinstance(stage, nodes.OrderBy | nodes.Limit | nodes.Distinct):
                        kind = {"order": "order", "limit": "limit", "distinct": "aggregate"}[stage.stage]
                        yield kind, node.model_copy(update={"stages": (*stages[:at], *stages[at + 1 :])})
            case nodes.Limit(count=nodes.IntLiteral(value=count)):
                yield "limit", node.model_copy(update={"count": nodes.IntLiteral(value=count + 1)})
            case nodes.Name(variable=False) | nodes.FieldAccess():
                yield from (("field", node.model_copy(update={"name": name})) for name in self._fields(node.name))
            case nodes.Assignment():
                yield from (("field", node.model_copy(update={"name": name})) for name in self._fields(node.name))
                yield from (
                    ("literal", node.model_copy(update={"value": new}))
                    for new in self._literals(node.value, nodes.Name(name=node.name))
                )
            case nodes.RecordField():
                yield from (
                    ("literal", node.model_copy(update={"value": new}))
                    for new in self._literals(node.value, nodes.Name(name=node.name))
                )
            case nodes.From(store=store) if store in self.stores:
                yield from (("store", node.model_copy(update={"store": new})) for new in self._stores(store))
        if isinstance(node, nodes.Insert | nodes.Update | nodes.Delete):
            yield from (("store", node.model_copy(update={"store": new})) for new in self._stores(node.store))
            yield from (("write", new) for new in self._writes(node))

    def _compared(self, node: nodes.Binary) -> Iterator[tuple[str, Any]]:
        if node.op in _FLIPPED:
            yield "comparison", node.model_copy(update={"op": _FLIPPED[node.op]})
            yield "bound", node.model_copy(update={"op": _BOUND[node.op]})
        elif not _is_join(node):
            yield "negation", node.model_copy(update={"op": "!=" if node.op == "=" else "="})
        for side, other in (("right", node.left), ("left", node.right)):
            for new in self._literals(getattr(node, side), other):
                yield "literal", node.model_copy(update={side: new})

    def _literals(self, node: Any, beside: Any) -> Iterator[nodes.Node]:
        """Another value of the same kind. beside: what it is compared with."""
        match node:
            case nodes.IntLiteral(value=value):
                yield nodes.IntLiteral(value=value + self.chance.choice((1, 2, 5, 10)))
            case nodes.NumberLiteral(value=value):
                yield nodes.NumberLiteral(value=f"{float(value) * 2:.2f}")
            case nodes.BoolLiteral(value=value):
                yield nodes.BoolLiteral(value=not value)
            case nodes.DateLiteral(value=value):
                year = int(value[:4]) + self.chance.choice((-1, 1))
                yield nodes.DateLiteral(value=f"{year:04}{value[4:]}")
            case nodes.TextLiteral(parts=(str(text),)):
                name = getattr(beside, "name", "")
                held = sorted({one for one in self.values(name) if isinstance(one, str)} - {text})
                if held:
                    yield nodes.TextLiteral(parts=(self.chance.choice(held),))

    def _fields(self, name: str) -> Iterator[str]:
        for store in self.used.values():
            field = store.field(name)
            if field is not None:
                others = [one.name for one in store.fields if one.name != name and _alike(one.type, field.type)]
                yield from self.chance.sample(others, min(2, len(others)))

    def _stores(self, name: str) -> list[str]:
        others = sorted(self.stores.keys() - {name})
        return self.chance.sample(others, min(3, len(others)))

    def _other_keys(self, on: nodes.Expr) -> Iterator[nodes.Expr]:
        """A join's condition with another field on one side."""
        match on:
            case nodes.Binary(op="=", left=nodes.FieldAccess() as left, right=nodes.FieldAccess() as right):
                for side, place in (("left", left), ("right", right)):
                    for name in self._fields(place.name):
                        yield on.model_copy(update={side: place.model_copy(update={"name": name})})

    def _writes(self, step: nodes.Insert | nodes.Update | nodes.Delete) -> Iterator[nodes.Node]:
        where = {"store": step.store, "database": step.database, "sentence": step.sentence}
        match step:
            case nodes.Update():
                yield nodes.Delete(**where, where=step.where)
                if step.where is None:
                    return
                yield step.model_copy(update={"where": None})
            case nodes.Delete():
                spare = [
                    one for one in self.stores[step.store].fields if one.type.nullable and not one.generated
                ]  # what a mistaken change would set
                for field in spare[:1]:
                    value = nodes.Assignment(name=field.name, value=nodes.NullLiteral())
                    yield nodes.Update(**where, where=step.where, assignments=(value,))
                if step.where is not None:
                    yield step.model_copy(update={"where": None})
            case nodes.Insert(record=nodes.RecordExpr(fields=fields)):
                assigned = tuple(nodes.Assignment(name=one.name, value=one.value) for one in fields)
                yield nodes.Update(**where, assignments=assigned)
                yield nodes.Delete(**where)


def _is_join(node: Any) -> bool:
    """Whether it ties rows of one source to those of another by equal fields."""
    match node:
        case nodes.Binary(op="=", left=left, right=right):
            return (
                _is_place(left)
                and _is_place(right)
                and any(isinstance(one, nodes.FieldAccess) for one in (left, right))
            )
    return False


def _alike(one: Type, other: Type) -> bool:
    return one.not_null() == other.not_null()


def _is_place(node: Any) -> bool:
    return isinstance(node, nodes.FieldAccess) or (isinstance(node, nodes.Name) and not node.variable)

"""Steps with every field qualified → steps as a person would write them, and the types that parameters need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runtime.query.schema import Store
from runtime.values.types import INT, Type
from sopc.english.patterns.semantics import output
from sopc.tree import nodes
from sopc.tree.visit import rewrite, walk

Fields = Mapping[str, frozenset[str]]


def moved(node: Any, old: str, new: str) -> Any:
    """The expression with the fields of one source taken of another."""

    def rename(part: nodes.Node) -> nodes.Node:
        if isinstance(part, nodes.FieldAccess) and part.base == nodes.Name(name=old):
            return part.model_copy(update={"base": nodes.Name(name=new)})
        return part

    return rewrite(node, rename)


def separated(node: Any, taken: frozenset[str] = frozenset()) -> Any:
    """The same tree, where a source that a query around it has too gets an alias of its own. A qualified field always
    means the innermost source of that name."""
    if isinstance(node, tuple):
        return tuple(separated(item, taken) for item in node)
    if not isinstance(node, nodes.Node):
        return node
    if isinstance(node, nodes.Update | nodes.Delete):
        taken |= {node.store}
    if isinstance(node, nodes.Query):
        for name in [_alias(origin) for origin in _origins(node)]:
            if name in taken:
                fresh = next(
                    f"other_{name}{tail}" for tail in ("", *range(2, 99)) if f"other_{name}{tail}" not in taken
                )
                node = _realiased(node, name, fresh)
        taken |= {_alias(origin) for origin in _origins(node)}
    return node.model_copy(update={name: separated(getattr(node, name), taken) for name in type(node).model_fields})


def _origins(query: nodes.Query) -> list[nodes.From]:
    joins = [stage.source for stage in query.stages if isinstance(stage, nodes.Join)]
    return [*(stage for stage in query.stages if isinstance(stage, nodes.From)), *joins]


def _alias(origin: nodes.From) -> str:
    return origin.alias or origin.store


def _realiased(query: nodes.Query, old: str, new: str) -> nodes.Query:
    """The query with one of its sources called otherwise; a query inside that has a source of that name keeps it."""

    def renamed(node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(renamed(item) for item in node)
        if not isinstance(node, nodes.Node):
            return node
        if isinstance(node, nodes.Query) and node is not query and any(_alias(one) == old for one in _origins(node)):
            return node
        if isinstance(node, nodes.From):
            return node.model_copy(update={"alias": new}) if _alias(node) == old else node
        if isinstance(node, nodes.FieldAccess) and node.base == nodes.Name(name=old):
            return node.model_copy(update={"base": nodes.Name(name=new)})
        return node.model_copy(update={name: renamed(getattr(node, name)) for name in type(node).model_fields})

    changed: nodes.Query = renamed(query)
    return changed


class Unqualifier:
    """Drops `source.` before a field where its bare name can mean nothing else, and writes `$` before a variable
    that shares its name with a field.

    stores: by how a `from` writes them. variables: every name of the script's variables.
    """

    def __init__(self, stores: Callable[[nodes.From], Store | None], variables: frozenset[str]) -> None:
        self._stores = stores
        self._variables = variables

    def steps(self, steps: Any) -> Any:
        return self._node(separated(steps), {})

    def _node(self, node: Any, visible: Fields) -> Any:
        if isinstance(node, tuple):
            return tuple(self._node(item, visible) for item in node)
        if isinstance(node, nodes.Query):
            return self._query(node, visible)
        if isinstance(node, nodes.Update | nodes.Delete):
            own = nodes.From(store=node.store, database=node.database)
            visible = {**visible, node.store: self._fields(own)}
        if isinstance(node, nodes.FieldAccess) and isinstance(node.base, nodes.Name):
            return self._field(node, node.base.name, visible)
        if isinstance(node, nodes.Name):
            return self._variable(node, visible)
        if not isinstance(node, nodes.Node):
            return node
        return node.model_copy(
            update={name: self._node(getattr(node, name), visible) for name in type(node).model_fields}
        )

    def _query(self, query: nodes.Query, outer: Fields) -> nodes.Query:
        visible = dict(outer)
        for stage in query.stages:
            source = stage if isinstance(stage, nodes.From) else stage.source if isinstance(stage, nodes.Join) else None
            if source is not None:
                visible[source.alias or source.store] = self._fields(source)
        return query.model_copy(update={"stages": tuple(self._stage(stage, visible) for stage in query.stages)})

    def _stage(self, stage: nodes.Stage, visible: Fields) -> Any:
        return self._node(stage, visible)

    def _fields(self, source: nodes.From) -> frozenset[str]:
        store = self._stores(source)
        return frozenset(field.name for field in store.fields) if store else frozenset()

    def _field(self, node: nodes.FieldAccess, source: str, visible: Fields) -> nodes.Expr:
        if not source:
            return nodes.Name(name=node.name)
        if source not in visible:
            base = node.base
            assert isinstance(base, nodes.Name)
            return node.model_copy(update={"base": self._variable(base, visible)})
        alone = not any(node.name in fields for other, fields in visible.items() if other != source)
        return nodes.Name(name=node.name) if alone and node.name not in self._variables else node

    def _variable(self, node: nodes.Name, visible: Fields) -> nodes.Name:
        shared = any(node.name in fields for fields in visible.values())
        return node.model_copy(update={"variable": True}) if shared else node


def compared_type(
    steps: Any,
    name: str,
    stores: Callable[[nodes.From], Store | None],
    call_types: Callable[[str, str | None], Type | None],
) -> Type | None:
    """The type of the first field that a variable is compared with or stored in, or of the parameter of a script
    that it is given to; None where there is none."""
    aliases: dict[str, Store] = {}
    places: list[nodes.Expr] = []
    for node in walk(steps):
        if isinstance(node, nodes.Derive):
            places += [output(one.name or "") for one in node.columns if _is_place(one.value)]
        origin = node if isinstance(node, nodes.From) else None
        if isinstance(node, nodes.Update | nodes.Delete):
            origin = nodes.From(store=node.store, database=node.database)
        if origin is not None and (store := stores(origin)) is not None:
            aliases[origin.alias or origin.store] = store
    wanted = nodes.Name(name=name)
    for node in walk(steps):
        found = _compared(node, wanted, aliases, places, stores, call_types)
        if found is not None:
            return found.not_null()
    return None


def _is_place(value: nodes.Expr) -> bool:
    return isinstance(value, nodes.CallExpr) and value.over is not None


def _compared(
    node: nodes.Node,
    wanted: nodes.Name,
    aliases: Mapping[str, Store],
    places: list[nodes.Expr],
    stores: Callable[[nodes.From], Store | None],
    call_types: Callable[[str, str | None], Type | None],
) -> Type | None:
    pairs: list[tuple[Any, Any]] = []
    if isinstance(node, nodes.Limit) and node.count == wanted:
        return INT
    if isinstance(node, nodes.Binary) and node.op not in ("and", "or"):
        pairs = [(node.left, node.right), (node.right, node.left)]
    elif isinstance(node, nodes.Between):
        pairs = [(node.arg, node.low), (node.arg, node.high)]
    elif isinstance(node, nodes.InExpr):
        pairs = [(node.arg, item) for item in node.items]
    elif isinstance(node, nodes.Insert) and node.record is not None:
        store = stores(nodes.From(store=node.store, database=node.database))
        for given in node.record.fields:
            field = store.field(given.name) if store else None
            if field is not None and given.value == wanted:
                return field.type
    elif isinstance(node, nodes.Update):
        store = stores(nodes.From(store=node.store, database=node.database))
        for assignment in node.assignments:
            field = store.field(assignment.name) if store else None
            if field is not None and assignment.value == wanted:
                return field.type
    elif isinstance(node, nodes.CallExpr):
        for argument in node.args:
            if argument.value == wanted:
                return call_types(node.name, argument.name)
    for field_side, value_side in pairs:
        if not any(part == wanted for part in walk(value_side)):
            continue
        if isinstance(field_side, nodes.FieldAccess) and isinstance(field_side.base, nodes.Name):
            store = aliases.get(field_side.base.name)
            field = store.field(field_side.name) if store else None
            if field is not None:
                return field.type
        if isinstance(field_side, nodes.CallExpr | nodes.QueryExpr) or field_side in places:
            return INT
    return None

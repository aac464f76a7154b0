"""insert, upsert, update, delete → the runtime's write statements, checked against the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from runtime.query import algebra as ir
from runtime.query.schema import Field, Store
from runtime.values.type_rules import fits
from runtime.values.types import Type, list_of, record_of
from sopc.checker import queries, typed
from sopc.checker.coerce import coerce, coerce_or_report, condition, conversion
from sopc.checker.env import Env
from sopc.checker.lower_query import QueryBuilder
from sopc.checker.report import quoted, span_of, suggestion
from sopc.checker.scope import unknown
from sopc.checker.sources import find_store, scan
from sopc.checker.types import an
from sopc.tree import nodes

Written = tuple[ir.Write, tuple[typed.Expr, ...]]


def insert(env: Env, node: nodes.Insert) -> Written | None:
    """Lower an insert or upsert to a write and the values of its parameters; None after a finding."""
    found = _store(env, node)
    if found is None:
        _check_values(env, node)
        return None
    database, store = found
    keys = _keys(env, node, store) if node.command == "upsert" else ()
    if node.record is not None:
        return _insert_record(env, node.record, database, store, keys)
    if node.command == "upsert":
        place = node.query or node.list_ or node
        env.error("E0415", "`upsert` takes one record", place, f"for each x in … do upsert into {quoted(store.name)}")
        return None
    if node.query is not None:
        return _insert_query(env, node.query, database, store)
    return _insert_list(env, node.list_, database, store) if node.list_ is not None else None


def _store(env: Env, node: nodes.Insert | nodes.Update | nodes.Delete) -> tuple[str, Store] | None:
    place = replace_span(env, node)
    if node.database is None and env.block.query(node.store) is not None:
        env.error("E0202", f"`{node.store}` is a query, and only stores are written", place, None)
        return None
    found = find_store(env, place, node.store, node.database)
    if found is None:
        return None
    database, store = found
    if store.read_only:
        env.error("E0414", f"`{node.store}` can only be read", place, "it is a view, or its database is read-only")
    env.state.writes.add(f"{database}.{store.name}")
    env.state.use(database, store.name, at=span_of(place))
    return found


def replace_span(env: Env, node: nodes.Insert | nodes.Update | nodes.Delete) -> nodes.Node:
    """A node with the span of the store's name."""
    place = env.at(node, node.store)
    return node if isinstance(place, nodes.Node) or place is None else nodes.Node(span=(place.start, place.end))


def _check_values(env: Env, node: nodes.Insert) -> None:
    """Reports other findings of an insert into an unknown store."""
    if node.query is not None:
        queries.bind(env, node.query)
    for value in (node.record, node.list_):
        if value is not None:
            env.expr(value)


# ── insert ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _known_field(env: Env, store: Store, name: str, place: nodes.Node) -> Field | None:
    field = store.field(name)
    if field is None:
        hint = suggestion(name, [known.name for known in store.fields], "field")
        env.error("E0203", f"`{store.name}` has no field `{name}`", env.at(place, name), hint)
    elif field.generated:
        env.error("E0414", f"`{name}` is computed by the database", env.at(place, name), "leave it out")
    return field


def _check_required(env: Env, store: Store, names: Iterable[str], place: nodes.Node) -> None:
    """Reports, as E0411, fields that need a value and get none."""
    given = set(names)
    missing = [
        field.name
        for field in store.fields
        if not (field.name in given or field.has_default or field.generated or field.type.nullable)
    ]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        hint = ", ".join(f"{quoted(name)}: …" for name in missing)
        env.error("E0411", f"a row of `{store.name}` also needs {listed}", place, hint)


def _value(env: Env, value: typed.Expr, field: Field, place: nodes.Node) -> typed.Expr:
    made = coerce(value, field.type)
    if made is not None:
        return made
    env.error(
        "E0302",
        f"`{field.name}` is {an(field.type)}, but this is {an(value.type)}",
        place,
        conversion(value, field.type),
    )
    return unknown(value.span)


def _insert_record(env: Env, record: nodes.RecordExpr, database: str, store: Store, keys: tuple[str, ...]) -> Written:
    values: dict[str, typed.Expr] = {}
    types: list[Type] = []
    for pair in record.fields:
        value = env.expr(pair.value)
        field = _known_field(env, store, pair.name, pair)
        if field is None:
            continue
        if pair.name in values:
            env.error("E0213", f"the field `{pair.name}` is there twice", pair, "a row has each field once")
            continue
        values[pair.name] = _value(env, value, field, pair.value)
        types.append(field.type)
    if len(values) == len({pair.name for pair in record.fields}):
        _check_required(env, store, values, record)
    for key in keys:
        if key not in values:
            env.error("E0413", f"the record lacks `{key}`, by which rows are found", record, f"{quoted(key)}: …")
    for pair in record.fields:
        if pair.name in values:
            env.state.use(database, store.name, pair.name, at=span_of(env.at(pair, pair.name)))
    return ir.Insert(database, store.name, tuple(values), tuple(types), keys), tuple(values.values())


def _keys(env: Env, node: nodes.Insert, store: Store) -> tuple[str, ...]:
    """The fields after `on`, which must form a key."""
    if any(_known_field(env, store, key, node) is None for key in node.keys):
        return ()
    sets = [keys for keys in (store.primary_key, *store.unique) if keys]
    if not any(set(keys) == set(node.keys) for keys in sets):
        ways = " or ".join(dict.fromkeys(f"`on {', '.join(map(quoted, keys))}`" for keys in sets))
        listed = ", ".join(node.keys)
        env.error(
            "E0413", f"{listed} does not identify a row of `{store.name}`", node, ways or "insert, or update … where"
        )
    return node.keys


def _insert_query(env: Env, node: nodes.Query, database: str, store: Store) -> Written | None:
    bound = queries.bind(env, node)
    if bound.row.fields is None:
        return None
    for name, type_ in bound.row.fields:
        field = _known_field(env, store, name, node)
        if field is not None and not fits(type_, field.type):
            env.error("E0302", f"`{name}` is {an(field.type)}, but the query gives {an(type_)}", node)
    names = tuple(name for name, _ in bound.row.fields)
    if all(store.field(name) is not None for name in names):
        _check_required(env, store, names, node)
    if bound.query.database != database:
        message = f"the query is over {bound.query.database}, and `{store.name}` is in {database}"
        env.error("E0409", message, node, "for each over the query, with an insert inside")
    env.state.use(database, store.name, *names, at=span_of(node))
    return ir.InsertQuery(database, store.name, names, bound.query), bound.params


def _insert_list(env: Env, node: nodes.Expr, database: str, store: Store) -> Written | None:
    value = env.expr(node)
    if value.type.name == "record":
        value = typed.MakeList((value,), type=list_of(value.type), span=value.span)
    item = value.type.item
    if value.type.name != "list" or item is None or item.name != "record" or item.fields is None:
        if value.type.name != "any":
            hint = f"insert into {quoted(store.name)} {{ … }}, or a list of records with known fields"
            env.error("E0302", f"a row is a record, but this is {an(value.type)}", node, hint)
            return None
        message = "the fields of these records are not known when compiling"
        env.error("E0302", message, node, f"insert into {quoted(store.name)} {{ … }} names them")
        return None
    if not item.fields:
        hint = f"insert into {quoted(store.name)} {{}} adds a row of defaults"
        env.error("E0302", "these records have no fields", node, hint)
        return None
    fields: list[tuple[str, Type]] = []
    for name, type_ in item.fields:
        field = _known_field(env, store, name, node)
        if field is None:
            continue
        if not fits(type_, field.type):
            env.error("E0302", f"`{name}` is {an(field.type)}, but the records have {an(type_)}", node)
        fields.append((name, field.type))
    names = tuple(name for name, _ in fields)
    if len(fields) == len(item.fields):
        _check_required(env, store, names, node)
    env.state.use(database, store.name, *names, at=span_of(node))
    made = coerce(value, list_of(record_of(fields))) or value
    return ir.InsertList(database, store.name, names, tuple(type_ for _, type_ in fields)), (made,)


# ── update and delete ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Rows:
    """The rows that a step changes. inside: the environment of expressions over a row. id: of the relation."""

    database: str
    store: Store
    inside: Env
    builder: QueryBuilder
    id: int
    condition: ir.Expr | None


def _rows(env: Env, node: nodes.Update | nodes.Delete) -> _Rows | None:
    """The rows that an update or delete changes; None after a finding about the store."""
    found = _store(env, node)
    if found is None:
        return None
    database, store = found
    builder = QueryBuilder(env.error)
    builder.database = database
    around = replace(env.plain(), builder=builder)
    reads = set(env.state.reads)
    stage = scan(around, database, store, store.name, replace_span(env, node))
    env.state.reads.intersection_update(reads)
    assert isinstance(stage.relation, ir.Scan)
    inside = replace(around, row=stage.row, stage="where")
    where = None
    if node.where is not None:
        checked = condition(inside, inside.expr(node.where), node.where, "the condition of `where`")
        where = builder.expr(checked, json=False)
    return _Rows(database, store, inside, builder, stage.relation.id, where)


def update(env: Env, node: nodes.Update) -> Written | None:
    rows = _rows(env, node)
    if rows is None:
        return None
    setting = replace(rows.inside, stage="set")
    assignments: dict[str, ir.Expr] = {}
    for assignment in node.assignments:
        value = setting.expr(assignment.value)
        field = _known_field(env, rows.store, assignment.name, assignment)
        if field is None:
            continue
        if field.name in assignments:
            env.error("E0213", f"`{field.name}` is set twice", assignment, "one value for each field")
        coerced = coerce_or_report(setting, value, field.type, assignment.value, f"`{field.name}`")
        assignments[field.name] = rows.builder.expr(coerced)
        at = span_of(env.at(assignment, field.name))
        env.state.use(rows.database, rows.store.name, field.name, at=at)
    changes = tuple(assignments.items())
    write = ir.Update(rows.id, rows.database, rows.store.name, rows.condition, changes, rows.builder.types())
    return write, tuple(rows.builder.params)


def delete(env: Env, node: nodes.Delete) -> Written | None:
    rows = _rows(env, node)
    if rows is None:
        return None
    write = ir.Delete(rows.id, rows.database, rows.store.name, rows.condition, rows.builder.types())
    return write, tuple(rows.builder.params)

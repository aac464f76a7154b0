"""`from` and `join` sources → relations: stores of the databases that a script uses, and inlined named queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from runtime.query import algebra as ir
from runtime.query.schema import Store
from runtime.values.types import INT
from sopc.checker.env import Env
from sopc.checker.names import touch
from sopc.checker.report import Place, quoted, span_of, suggestion
from sopc.checker.scope import ColumnOf, NamedQuery, Row, Visible
from sopc.tree import nodes

MAX_RELATIONS: Final = 300


@dataclass(frozen=True)
class Stage:
    """A query up to a stage. complete: the visible columns are exactly those of its last select, group or union."""

    relation: ir.Relation
    row: Row
    complete: bool = False


def find_store(env: Env, node: nodes.Node, name: str, database: str | None) -> tuple[str, Store] | None:
    """Find a store and its database by name; None after a finding."""
    if database is not None:
        if database not in env.state.uses:
            hint = suggestion(database, env.state.uses, "database")
            env.error("E0205", f"this script does not use a database `{database}`", node, hint)
            return None
        store = env.state.store(database, name)
        found = [(database, store)] if store is not None else []
    else:
        stores = [(used, env.state.store(used, name)) for used in env.state.uses]
        found = [(used, store) for used, store in stores if store is not None]
    if len(found) > 1:
        ways = " or ".join(f"`{quoted(used)}.{quoted(name)}`" for used, _ in found)
        env.error("E0212", f"the store `{name}` is in several databases", node, ways)
        return None
    if not found:
        _no_store(env, node, name, database)
        return None
    return found[0]


def store_names(env: Env, database: str | None = None) -> list[str]:
    used = env.state.uses if database is None else (database,)
    schemas = [env.world.schemas[name] for name in used if name in env.world.schemas]
    return [name for schema in schemas for name in schema.stores]


def _no_store(env: Env, node: nodes.Node, name: str, database: str | None) -> None:
    hint: str | None
    where = database or ", ".join(env.state.uses)
    if any(used not in env.world.schemas for used in ([database] if database else env.state.uses)):
        return  # an unknown database is reported elsewhere
    if database is None and env.world.signature(name) is not None:
        hint = f"for each x in {quoted(name)}(…), or stores and named queries in `from`"
        env.error("E0402", f"`{name}` is a script, and `from` takes stores and named queries", node, hint)
        return
    if database is None and env.block.variable(name) is not None:
        hint = f"for each x in {quoted(name)} do … end goes through a list"
        env.error("E0202", f"`{name}` is a variable, and `from` takes stores and named queries", node, hint)
        return
    for used in [database] if database else env.state.uses:
        broken = env.world.schemas[used].broken.get(name)
        if broken is not None:
            env.error(broken.code, f"the store `{name}` can't be read: {broken.message}", node, broken.hint)
            return
    known = [*store_names(env, database), *env.block.queries()]
    hint = suggestion(name, known, "store")
    elsewhere = [used for used, schema in env.world.schemas.items() if name in schema.stores]
    if elsewhere and database is None:
        hint = f"`uses {elsewhere[0]}` after the script's parameters"
    env.error("E0202", f"there is no store `{name}` in {where}", node, hint)


InlineQuery = Callable[[Env, nodes.Query], Stage]


# ── sources ────────────────────────────────────────────────────────────────────────────────────────────────────


def source(env: Env, node: nodes.From, inline: InlineQuery) -> Stage:
    """Lower a store or named query. inline: lowers the stages of a named query."""
    builder = env.builder
    assert builder is not None
    if len(builder.scans) > MAX_RELATIONS:
        env.error("E0606", f"the query reads more than {MAX_RELATIONS} sources", node, "split it into several steps")
        return missing(env, node)
    named = env.block.query(node.store) if node.database is None else None
    if named is not None:
        return _named(env, node, named, inline)
    found = find_store(env, node, node.store, node.database)
    if found is None:
        return missing(env, node)
    database, store = found
    if builder.database is None:
        builder.database = database
    elif builder.database != database:
        message = (
            f"`{node.store}` is in {database}, and the query is over {builder.database}: joins stay in one database"
        )
        env.error("E0409", message, node, "for each over the one, a query over the other inside")
        return missing(env, node)
    return scan(env, database, store, node.alias or node.store, env.at(node, node.store))


def scan(env: Env, database: str, store: Store, alias: str, place: Place) -> Stage:
    """Lower a scan of a store, its columns qualified by the alias. place: of the store's name."""
    assert env.builder is not None
    id_ = env.builder.new_id()
    env.builder.scans[id_] = (database, store.name)
    env.state.use(database, store.name, at=span_of(place))
    env.state.reads.add(f"{database}.{store.name}")
    columns = tuple(Visible(field.name, alias, ColumnOf(id_, field.name, type=field.type)) for field in store.fields)
    return Stage(ir.Scan(id_, database, store.name), Row(columns, (alias,), env.row))


def _named(env: Env, node: nodes.From, named: NamedQuery, inline: InlineQuery) -> Stage:
    """Lowers a named query in the scope of its declaration; its variables have their values at the time of use."""
    inner = replace(env.plain(), block=named.block, builder=env.builder)
    with env.world.findings.muted():
        found = inline(inner, named.node)
    alias = node.alias or named.name
    columns = tuple(Visible(column.name, alias, column.column) for column in found.row.columns)
    return Stage(found.relation, Row(columns, (alias,), env.row, found.row.broken), found.complete)


def missing(env: Env, node: nodes.From) -> Stage:
    """The stand-in for a source with a finding."""
    alias = node.alias or node.store
    nothing = ir.Scan(0, env.state.uses[0], node.store)
    return Stage(nothing, Row((), (alias,), env.row, broken=True))


# ── a row made explicit ────────────────────────────────────────────────────────────────────────────────────────


def check_columns_apart(env: Env, row: Row, place: nodes.Node) -> bool:
    """Whether the names of all visible columns differ; else it reports E0406."""
    names = row.names()
    for column in row.columns:
        if names.count(column.name) > 1:
            ways = [other.source for other in row.named(column.name) if other.source is not None]
            hint = " and ".join(f"{quoted(way)}.{quoted(column.name)} as {way}_{column.name}" for way in ways[:2])
            env.error(
                "E0406",
                f"the rows have several fields `{column.name}`, so they can't be told apart",
                place,
                f"select {hint}" if len(set(ways)) > 1 else "select the fields that are needed",
            )
            return False
    return True


def project(env: Env, stage: Stage, place: nodes.Node) -> Stage:
    """The stage with a select of its visible columns, for operations on whole rows."""
    for column in stage.row.columns:
        touch(env, replace(column.column, span=column.column.span or span_of(place)))
    if stage.complete or stage.row.broken:
        return stage
    if not check_columns_apart(env, stage.row, place):
        return replace(stage, row=replace(stage.row, broken=True))
    assert env.builder is not None
    id_ = env.builder.new_id()
    columns = env.builder.columns(id_, ((column.name, column.column) for column in stage.row.columns))
    visible = tuple(
        replace(column, column=ColumnOf(id_, column.name, type=column.column.type, span=span_of(place)))
        for column in stage.row.columns
    )
    return Stage(ir.Select(id_, stage.relation, columns), replace(stage.row, columns=visible), complete=True)


def one_row_of(env: Env, stage: Stage, name: str, value: ir.Expr) -> ir.Group:
    """The relation of one row with one column, an aggregate over all rows of the stage."""
    assert env.builder is not None
    return ir.Group(env.builder.new_id(), stage.relation, (), ((name, value),))


def count_of() -> ir.Aggregate:
    return ir.Aggregate("count", None, False, INT)

"""A write → INSERT, UPDATE or DELETE."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from runtime.databases.sql.relations import Relations, nodes
from runtime.databases.sql.sql_nodes import all_of, column, identifier, named, subquery, where_clause
from runtime.query.algebra import Delete, Insert, InsertList, InsertQuery, Scan, Update, Write
from runtime.query.schema import Store


def write_tree(relations: Relations, write: Write) -> exp.Expr:
    """The statement that does what the write says."""
    match write:
        case Insert() | InsertList():
            return _insert(relations, write)
        case InsertQuery():
            return _insert_query(relations, write)
        case Update():
            return _update(relations, write)
        case Delete():
            return _delete(relations, write)


def _insert(relations: Relations, write: Insert | InsertList) -> exp.Expr:
    store = relations.store(write.store)
    if write.fields:
        rows = relations.expressions.inserted([relations.field(store, name) for name in write.fields])
        insert = exp.Insert(this=_target(relations, store, write.fields), expression=rows)
    else:
        insert = exp.Insert(this=relations.table(store), default=True)
    if isinstance(write, Insert) and write.keys:
        others = [name for name in write.fields if name not in write.keys]
        settings = [exp.EQ(this=identifier(name), expression=column("excluded", name)) for name in others]
        insert.set(
            "conflict",
            exp.OnConflict(
                conflict_keys=[identifier(key) for key in write.keys],
                action=exp.Var(this="DO UPDATE" if others else "DO NOTHING"),
                expressions=settings,
            ),
        )
    return insert


def _insert_query(relations: Relations, write: InsertQuery) -> exp.Expr:
    store = relations.store(write.store)
    builder = relations.relation(write.query.relation)
    if builder.distinct:
        builder = relations.wrap(builder)
    with relations.expressions.in_scope(builder.columns):
        values = [
            relations.expressions.stored_form(column, relations.field(store, name))
            for name, (_, column) in zip(write.fields, write.query.columns, strict=True)
        ]
    return exp.Insert(this=_target(relations, store, write.fields), expression=builder.select(values))


def _update(relations: Relations, write: Update) -> exp.Expr:
    store = relations.store(write.store)
    builder = relations.scan(write.id, write.store)
    with relations.expressions.in_scope(builder.columns):
        values = {
            name: relations.expressions.stored_form(expr, relations.field(store, name))
            for name, expr in write.assignments
        }
        condition = None if write.condition is None else relations.expressions.value(write.condition)
    reads = any(isinstance(node, Scan) for _, expr in write.assignments for node in nodes(expr))
    if not (reads and relations.expressions.updates_by_key):
        settings = [exp.EQ(this=identifier(name), expression=value) for name, value in values.items()]
        return exp.Update(this=builder.source, expressions=settings, where=where_clause(condition))
    # SQLite works out assignments row by row and would let a sub-query see the rows already changed
    keys = _row_keys(store)
    source_alias, target_alias = builder.source.alias, relations.alias()
    new = relations.alias()
    shown = [named(column(source_alias, key), f"key {key}") for key in keys]
    shown += [named(value, f"new {name}") for name, value in values.items()]
    if condition is not None:
        builder.where.append(condition)
    same = [exp.EQ(this=column(target_alias, key), expression=column(new, f"key {key}")) for key in keys]
    return exp.Update(
        this=relations.table(store, target_alias),
        expressions=[exp.EQ(this=identifier(name), expression=column(new, f"new {name}")) for name in values],
        from_=exp.From(this=subquery(builder.select(shown), new)),
        where=where_clause(all_of(same)),
    )


def _delete(relations: Relations, write: Delete) -> exp.Expr:
    builder = relations.scan(write.id, write.store)
    with relations.expressions.in_scope(builder.columns):
        condition = None if write.condition is None else relations.expressions.value(write.condition)
    return exp.Delete(this=builder.source, where=where_clause(condition))


def _target(relations: Relations, store: Store, fields: Sequence[str]) -> exp.Schema:
    return exp.Schema(this=relations.table(store), expressions=[identifier(name) for name in fields])


def _row_keys(store: Store) -> tuple[str, ...]:
    """Fields that identify a row for SQLite: its own row number, or the primary key where a field has that name."""
    taken = {each.name.lower() for each in store.fields}
    for name in ("rowid", "_rowid_", "oid"):
        if name not in taken and not store.primary_key:
            return (name,)
    return store.primary_key

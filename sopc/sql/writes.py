"""insert, update and delete → steps that write."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from runtime.query.schema import Store
from sopc.checker.report import suggestion
from sopc.sql.fitting import fit
from sopc.sql.rows import Queries
from sopc.sql.scope import Column, Scope, Source, Work
from sopc.sql.statement import Refused, many_meanings, no_counterpart, refuse_others
from sopc.tree import nodes


def write(work: Work, node: exp.Expr) -> list[nodes.AnyStep]:
    """Convert a change of rows.

    Raises:
        Refused: T0505, T0506, T0507.
    """
    queries = Queries(work)
    if isinstance(node, exp.Insert):
        return _insert(work, queries, node)
    if isinstance(node, exp.Update):
        return [_update(work, queries, node)]
    assert isinstance(node, exp.Delete)
    refuse_others(node, "this", "where")
    source, database = _target(work, node.this)
    where = _where(queries, node, Scope(work), source)
    return [nodes.Delete(store=source.node.store, database=database, where=where, span=work.places.around(node.this))]


def _target(work: Work, node: exp.Expr) -> tuple[Source, str | None]:
    """The table that a statement changes, as a source of its own rows, and its database where it must be said."""
    if not isinstance(node, exp.Table):
        no_counterpart("this target", node, "a table's name")
    refuse_others(node, "this", "db", "catalog", "alias")
    database, store = work.store(node)
    alone = sum(store.name in schema.stores for schema in work.schemas.values()) == 1
    columns = [Column(field.name, field.type, field.collated) for field in store.fields]
    named = None if alone else database
    source = Source(
        (node.alias or node.name).lower(), nodes.From(store=store.name, database=named), store.name, columns
    )
    return source, named


def _where(queries: Queries, node: exp.Expr, scope: Scope, source: Source) -> nodes.Expr | None:
    scope.sources.append(source)
    where = node.args.get("where")
    return queries.values(scope).condition(where.this) if where is not None else None


def _update(work: Work, queries: Queries, node: exp.Update) -> nodes.Update:
    refuse_others(node, "this", "expressions", "where")
    source, database = _target(work, node.this)
    scope = Scope(work)
    where = _where(queries, node, scope, source)
    values = queries.values(scope)
    assignments = []
    for each in node.expressions:
        if not isinstance(each, exp.EQ) or not isinstance(each.this, exp.Column):
            no_counterpart("this assignment", each, "one column = one value")
        column = _column(source, each.this)
        value = fit(work, values.value(each.expression), each.expression, column.type)
        span = work.places.around(each)
        assignments.append(nodes.Assignment(name=column.name, value=value.expr, span=span))
    return nodes.Update(
        store=source.node.store,
        database=database,
        where=where,
        assignments=tuple(assignments),
        span=work.places.around(node.this),
    )


def _column(source: Source, node: exp.Expr) -> Column:
    found = source.find(node.name)
    if found is None:
        hint = suggestion(node.name, [column.name for column in source.columns], "column")
        raise Refused("T0507", f"`{source.node.store}` has no column `{node.name}`", node, hint)
    return found


# ── insert ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _insert(work: Work, queries: Queries, node: exp.Insert) -> list[nodes.AnyStep]:
    refuse_others(node, "this", "expression", "conflict", "with_")
    schema = node.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    source, database = _target(work, table)
    written = list(schema.expressions) if isinstance(schema, exp.Schema) else []
    _, store = work.store(table)
    columns = [_column(source, each) for each in written] or _all_columns(store)
    if isinstance(node.expression, exp.Values):
        return _rows(work, queries, node, source, database, columns)
    if node.args.get("conflict") is not None:
        no_counterpart("`on conflict` with a query", node.args["conflict"], "one row of values")
    if not isinstance(node.expression, exp.Query):
        no_counterpart("this insert", node, "values (…), or a select")
    rows = queries.rows(node.expression, None, [column.name for column in columns])
    span = work.places.around(table)
    return [nodes.Insert(store=source.node.store, database=database, query=rows.query(), span=span)]


def _all_columns(store: Store) -> list[Column]:
    return [Column(field.name, field.type) for field in store.fields if not field.generated]


def _rows(
    work: Work, queries: Queries, node: exp.Insert, source: Source, database: str | None, columns: Sequence[Column]
) -> list[nodes.AnyStep]:
    """`values (…), …`: a record for each row."""
    values = queries.values(Scope(work))
    records = []
    for row in node.expression.expressions:
        parts = row.expressions if isinstance(row, exp.Tuple) else [row]
        if len(parts) != len(columns):
            many_meanings(f"{len(parts)} values for {len(columns)} columns", row, "a value for each column")
        fields = [
            nodes.RecordField(name=column.name, value=fit(work, values.value(part), part, column.type).expr)
            for part, column in zip(parts, columns, strict=True)
        ]
        records.append(nodes.RecordExpr(fields=tuple(fields), span=work.places.around(row)))
    conflict = node.args.get("conflict")
    keys = () if conflict is None else _keys(source, conflict, columns)
    if keys and len(records) > 1:
        no_counterpart("`on conflict` with several rows", conflict, "one row of values")
    span, store = work.places.around(node.this), source.node.store
    if len(records) == 1:
        command = "upsert" if keys else "insert"
        return [nodes.Insert(command=command, store=store, database=database, record=records[0], keys=keys, span=span)]
    return [nodes.Insert(store=store, database=database, list_=nodes.ListExpr(items=tuple(records)), span=span)]


def _keys(source: Source, conflict: exp.OnConflict, columns: Sequence[Column]) -> tuple[str, ...]:
    """The keys of an upsert: `do update` that sets each other column to the new value.

    Raises:
        Refused: T0505, it does something else.
    """
    refuse_others(conflict, "expressions", "action", "conflict_keys")
    keys = [
        _column(source, key.this if isinstance(key, exp.Ordered) else key)
        for key in conflict.args.get("conflict_keys") or ()
    ]
    changed = set()
    for each in conflict.expressions:
        new = each.expression
        if (
            isinstance(new, exp.Column)
            and new.table.lower() == "excluded"
            and new.name.lower() == each.this.name.lower()
        ):
            changed.add(_column(source, each.this).name)
    others = {column.name for column in columns} - {key.name for key in keys}
    if not keys or len(conflict.expressions) != len(changed) or changed != others:
        hint = "on conflict (key) do update set …, each other column = excluded.column"
        no_counterpart("this `on conflict`", conflict, hint)
    return tuple(key.name for key in keys)

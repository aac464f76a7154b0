"""Name and field nodes → variables and columns; an ambiguous name is an error."""

from __future__ import annotations

from dataclasses import replace

from runtime.values.types import ANY, TEXT, Type
from sopc.checker import typed
from sopc.checker.env import Env
from sopc.checker.lower_query import of_rows
from sopc.checker.report import nearest, quoted, some, span_of, suggestion
from sopc.checker.scope import ColumnOf, NamedQuery, Row, Visible, unknown
from sopc.checker.types import an
from sopc.tree import nodes


def name(env: Env, node: nodes.Name) -> typed.Expr:
    """Resolve a bare name: in a query to a field of its sources if there is one, else to a variable."""
    variable = env.block.variable(node.name)
    if not node.variable and env.row is not None:
        key = env.keys.get(node.name)
        if key is not None:  # `group by` has checked that no other field has the name
            return key
        columns = [(row, column) for row in env.row.levels() for column in row.named(node.name)]
        if columns:
            return _only_column(env, node, columns, variable)
    if variable is not None:
        return typed.Var(variable, type=variable.type, span=span_of(node))
    _unknown_name(env, node)
    return unknown(span_of(node))


def _only_column(
    env: Env, node: nodes.Name, columns: list[tuple[Row, Visible]], variable: typed.Variable | None
) -> typed.Expr:
    row, column = columns[0]
    if len(columns) > 1:
        ways = [f"`{_qualified(found)}`" for _, found in columns]
        where = "in several sources" if columns[0][0] is columns[-1][0] else "in an inner and an outer source"
        if len(set(ways)) == len(ways) and all(found.source for _, found in columns):
            hint = " or ".join(ways)
        elif where == "in several sources" and columns[0][0].sources == (columns[0][1].source,):
            _several(env, columns[0][1], node)
            return unknown(span_of(node))
        else:
            hint = "`as` gives a source a name of its own, as in from vessels as v"
        env.error("E0209", f"`{node.name}` is a field {where}", node, hint)
        return unknown(span_of(node))
    if variable is not None:
        hint = f"`{_qualified(column)}` for the field, `${quoted(node.name)}` for the variable"
        if column.source is None:
            hint = f"`${quoted(node.name)}` for the variable; `as` gives the field another name"
        env.error("E0208", f"`{node.name}` is both a field and a variable", node, hint)
        return unknown(span_of(node))
    return _seen(env, row, column, node)


def _several(env: Env, column: Visible, node: nodes.Node) -> None:
    """Reports an ambiguous field; a named query may join stores that share names of fields."""
    message = f"`{column.source}` has several fields `{column.name}`"
    hint = f"a `select` in the query `{column.source}` gives each a name of its own, with `as`"
    env.error("E0406", message, node, hint)


def _qualified(column: Visible) -> str:
    return f"{quoted(column.source)}.{quoted(column.name)}" if column.source else quoted(column.name)


def _seen(env: Env, row: Row, column: Visible, node: nodes.Node) -> typed.Expr:
    """The column, recorded as used in its store and as captured by the sub-queries that use it."""
    found = replace(column.column, span=span_of(node))
    if row is not env.row:
        row.captured.append(found)
    touch(env, found)
    return found


def touch(env: Env, column: ColumnOf) -> None:
    """Record that the program uses this field of a store."""
    if env.builder is not None and column.relation in env.builder.scans:
        database, store = env.builder.scans[column.relation]
        env.state.use(database, store, column.name, at=column.span)


def _unknown_name(env: Env, node: nodes.Name) -> None:
    hint: str | None
    what = env.block.find(node.name)
    if isinstance(what, NamedQuery):
        hint = f"first(from {quoted(node.name)}), list(from {quoted(node.name)}) or count(from {quoted(node.name)})"
        env.error("E0201", f"`{node.name}` is a query, not a value", node, hint)
        return
    row = None if node.variable else env.row
    if row is not None:
        if row.any_broken():
            return
        if node.name in row.sources:
            hint = some([f"{quoted(node.name)}.{quoted(column.name)}" for column in row.of(node.name)], "field", 4)
            env.error("E0201", f"`{node.name}` is a source of rows, not a value", node, hint)
            return
    if node.name in env.state.later:
        message = f"`{node.name}` is not set here, only later or in a block that has ended"
        env.error("E0211", message, node, "the step that sets it comes first, in this block or one around it")
        return
    if row is None:
        hint = suggestion(node.name, env.block.variables(), "variable")
        env.error("E0201", f"there is no variable `{node.name}`", node, hint)
        return
    fields = [column.name for level in row.levels() for column in level.columns]
    near = nearest(node.name, [*fields, *env.block.variables()])
    hint = quoted(near) if near is not None else some(fields, "field")
    env.error("E0203", f"there is no field or variable `{node.name}` here", node, hint)


# ── fields ─────────────────────────────────────────────────────────────────────────────────────────────────────


def field(env: Env, node: nodes.FieldAccess) -> typed.Expr:
    """Resolve `base.name`: in a query to the field of a source if there is one, else to the field of a record."""
    if isinstance(node.base, nodes.Name) and not node.base.variable and env.row is not None:
        rows = [row for row in env.row.levels() if node.base.name in row.sources]
        if rows:
            return _of_source(env, node, node.base.name, rows)
    base = env.expr(node.base)
    if env.row is not None and of_rows(base):
        if base.type.name == "any":  # JSON
            name = typed.Const(node.name, type=TEXT, span=span_of(node))
            return typed.Op("field", (base, name), type=ANY, span=span_of(node))
        hint = "`let` first, or `for each`, gives the row to the script"
        env.error("E0415", "a query can't look inside a value of a field", node, hint)
        return unknown(span_of(node))
    return of_record(env, base, node.name, node)


def _of_source(env: Env, node: nodes.FieldAccess, source: str, rows: list[Row]) -> typed.Expr:
    hint: str | None
    if len(rows) > 1:
        hint = "`as` gives a source a name of its own, as in from vessels as v"
        env.error("E0209", f"`{source}` is both an inner and an outer source", node.base, hint)
        return unknown(span_of(node))
    if env.block.variable(source) is not None:
        hint = f"`${quoted(source)}.{quoted(node.name)}` for the variable; `as` gives the source another name"
        env.error("E0208", f"`{source}` is both a source and a variable", node.base, hint)
        return unknown(span_of(node))
    row = rows[0]
    found = [column for column in row.of(source) if column.name == node.name]
    if len(found) > 1:
        _several(env, found[0], node)
        return unknown(span_of(node))
    if found:
        return _seen(env, row, found[0], node)
    if not row.broken:
        hint = suggestion(node.name, [column.name for column in row.of(source)], "field")
        env.error("E0203", f"`{source}` has no field `{node.name}` here", node, hint)
    return unknown(span_of(node))


def of_record(env: Env, base: typed.Expr, field_name: str, node: nodes.Node) -> typed.Expr:
    """The field of a record value; its type is `any` if the fields of the record are not known."""
    span = span_of(node)
    type_ = field_type(env, base.type, field_name, node)
    return typed.FieldOf(base, field_name, type=type_, span=span) if type_ is not None else unknown(span)


def field_type(env: Env, base: Type, field_name: str, node: nodes.Node) -> Type | None:
    """The type of a field of a record type; None after a finding."""
    if base.name == "any" or (base.name == "record" and base.fields is None):
        return ANY
    if base.name != "record":
        hint = "for each takes its items one by one" if base.name == "list" else None
        env.error("E0312", f"{an(base)} has no fields", node, hint)
        return None
    found = base.field(field_name)
    if found is None:
        known = [known_name for known_name, _ in base.fields or ()]
        env.error("E0203", f"there is no field `{field_name}` here", node, suggestion(field_name, known, "field"))
        return None
    return found.or_null() if base.nullable else found

"""SQL queries → stages: sources, conditions, groups, orders and set operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from sqlglot import exp

from runtime.values.types import INT
from sopc.sql.fitting import fit
from sopc.sql.groups import Grouped, Item, bare_columns, has_aggregate, named
from sopc.sql.scope import Column, Rows, Scope, Source, Value, Work
from sopc.sql.statement import many_meanings, no_counterpart, refuse_others
from sopc.sql.values import Values
from sopc.tree import nodes

_SELECT: Final = (
    "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "with_",
    "operation_modifiers", "kind",
)  # fmt: skip
_COMBINED: Final[dict[type[exp.Expr], str]] = {
    exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except",
}  # fmt: skip
_ORDINAL: Final = re.compile(r"[1-9]\d*")


class Queries:
    """Converts the queries of one statement."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def rows(self, node: exp.Expr, outer: Scope | None, names: Sequence[str] = ()) -> Rows:
        """Convert a query.

        Args:
            outer: the scope around it, whose columns it may use; None at the top and below `from`.
            names: the names of its columns, where the place that takes them has some.

        Raises:
            Refused: T0505, T0506, T0507.
        """
        if isinstance(node, exp.Subquery):
            if not node.args.get("limit") and not node.args.get("order"):
                refuse_others(node, "this", "alias", "with_")
                return self.rows(node.this, outer, names)
            no_counterpart("an order around brackets", node, "the order inside, or a query below `from`")
        scope = Scope(self.work, outer, self._named(node, outer))
        if isinstance(node, exp.SetOperation):
            return self._combined(node, scope, names)
        if not isinstance(node, exp.Select):
            no_counterpart(f"`{node.key.upper()}` as a query", node, "a select")
        return self._select(node, scope, names)

    def _named(self, node: exp.Expr, outer: Scope | None) -> dict[str, Source]:
        """The queries of its `with`."""
        found: dict[str, Source] = {}
        with_ = node.args.get("with_")
        if with_ is None:
            return found
        if with_.args.get("recursive"):
            no_counterpart("a recursive `with`", with_, "a loop in a script")
        for each in with_.expressions:
            refuse_others(each, "this", "alias")
            if not isinstance(each.this, exp.Query):
                no_counterpart("a change inside `with`", each, "a statement of its own")
            inside = Scope(self.work, None, {**(outer.named if outer else {}), **found})
            found[each.alias.lower()] = self._derived(each, each.this, inside)
        return found

    def _derived(self, node: exp.Expr, query: exp.Expr, inside: Scope) -> Source:
        """A query below `from` or `with`, as a named query."""
        alias = node.args.get("alias")
        names = [each.name for each in alias.args.get("columns") or ()] if alias is not None else []
        rows = self.rows(query, inside, names)
        name = self.work.name_query(node.alias or "part", rows)
        return Source(node.alias.lower(), nodes.From(store=name), name, rows.columns)

    # ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _sources(self, node: exp.Select, scope: Scope, conditions: list[exp.Expr]) -> list[nodes.Stage]:
        """The `from` and the joins. conditions: of `where`; those that join two tables move to their join."""
        first = node.args["from_"].this
        stages: list[nodes.Stage] = [self._add(first, scope).node]
        joins = [*(first.args.get("joins") or ()), *(node.args.get("joins") or ())]
        inner = all(not join.side for join in joins)
        for join in joins:
            stages.append(self._join(join, scope, conditions if inner else []))
        return stages

    def _add(self, node: exp.Expr, scope: Scope, *, outer: bool = False) -> Source:
        """Add a source to a scope. outer: whether its row may be missing."""
        work = self.work
        if isinstance(node, exp.Subquery):
            refuse_others(node, "this", "alias", "joins")
            found = self._derived(node, node.this, Scope(work, None, scope.named))
        elif isinstance(node, exp.Table):
            refuse_others(node, "this", "db", "catalog", "alias", "joins")
            if not isinstance(node.this, exp.Identifier):
                no_counterpart("a function below `from`", node, "a table or a query")
            named = scope.named.get(node.name.lower()) if not node.db else None
            found = self._store(node) if named is None else named
        else:
            no_counterpart(f"`{node.key.upper()}` below `from`", node, "a table or a query")
        alias = scope.free_alias(node.alias or found.node.store)
        columns = found.columns
        if outer:
            columns = [replace(each, type=each.type.or_null() if each.type else None) for each in columns]
        made = found.node.model_copy(
            update={"alias": None if alias == found.node.store else alias, "span": work.places.around(node)}
        )
        source = Source((node.alias or node.name or found.sql).lower(), made, alias, columns, found.keys)
        if any(each.sql == source.sql for each in scope.sources):
            many_meanings(f"two tables are called `{source.sql}`", node, f"… as {source.sql}2")
        scope.sources.append(source)
        return source

    def _store(self, node: exp.Table) -> Source:
        database, store = self.work.store(node)
        alone = sum(store.name in schema.stores for schema in self.work.schemas.values()) == 1
        columns = [Column(field.name, field.type, field.collated) for field in store.fields]
        made = nodes.From(store=store.name, database=None if alone else database)
        nullable = {field.name for field in store.fields if field.type.nullable}
        keys = [key for key in (store.primary_key, *store.unique) if key and not nullable & set(key)]
        return Source(node.name.lower(), made, store.name, columns, keys)

    def _join(self, node: exp.Join, scope: Scope, conditions: list[exp.Expr]) -> nodes.Join:
        refuse_others(node, "this", "on", "side", "kind", "using", "method")
        side, kind, natural = node.side.upper(), node.kind.upper(), node.method.upper() == "NATURAL"
        if (
            side not in ("", "LEFT")
            or kind not in ("", "INNER", "OUTER", "CROSS")
            or node.method.upper() not in ("", "NATURAL")
        ):
            word = " ".join(part for part in (node.method, side, kind) if part).lower()
            no_counterpart(
                f"a {word} join", node, "left join, with the tables the other way round" if side else "join … on …"
            )
        before = list(scope.sources)
        source = self._add(node.this, scope, outer=side == "LEFT")
        values = self.values(scope)
        tests = [values.condition(node.args["on"])] if node.args.get("on") is not None else []
        shared = [each.name for each in node.args.get("using") or ()]
        if natural:
            shared = [each.name for each in source.columns if any(one.find(each.name) for one in before)]
        for name in shared:
            tests.append(self._same_field(name, before, source, scope, node))
        if not tests:
            for test in _between(conditions, source, before, scope):
                tests.append(values.condition(test))
                conditions.remove(test)
        on: nodes.Expr = tests[0] if tests else nodes.BoolLiteral(value=True)
        for more in tests[1:]:
            on = nodes.Binary(op="and", left=on, right=more)
        return nodes.Join(source=source.node, outer=side == "LEFT", on=on, span=self.work.places.around(node))

    def _same_field(
        self, name: str, before: Sequence[Source], source: Source, scope: Scope, node: exp.Join
    ) -> nodes.Expr:
        """The condition of `using (name)`; the field then means that of the first source."""
        owners = [(each, found) for each in before if (found := each.find(name)) and found.name not in each.joined]
        mine = source.find(name)
        if len(owners) != 1 or mine is None:
            many_meanings(f"`{name}` is not in both tables once", node, "join … on …")
        source.joined.add(mine.name)
        left = nodes.FieldAccess(base=nodes.Name(name=owners[0][0].alias), name=owners[0][1].name)
        right = nodes.FieldAccess(base=nodes.Name(name=source.alias), name=mine.name)
        return nodes.Binary(op="=", left=left, right=right)

    def values(self, scope: Scope) -> Values:
        return Values(scope, self.rows)

    # ── one select ───────────────────────────────────────────────────────────────────────────────────────────────

    def _select(self, node: exp.Select, scope: Scope, names: Sequence[str]) -> Rows:
        refuse_others(node, *_SELECT)
        if node.args.get("kind") or node.args.get("operation_modifiers"):
            no_counterpart("this kind of select", node, "select …")
        if node.args.get("from_") is None:
            no_counterpart("a query without `from`", node, "the value itself, or a table")
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            no_counterpart("`distinct on`", distinct, "row_number() over (partition by …) = 1 of a query below it")
        where = node.args.get("where")
        conditions = list(where.this.unnest().flatten()) if where and isinstance(where.this.unnest(), exp.And) else []
        conditions = conditions or ([where.this] if where else [])
        stages = self._sources(node, scope, conditions)
        values = self.values(scope)
        if where is not None and has_aggregate(where):
            many_meanings("an aggregate in `where`, before there are groups", where, "having …")
        if conditions:
            test = values.condition(conditions[0])
            for each in conditions[1:]:
                test = nodes.Binary(op="and", left=test, right=values.condition(each))
            stages.append(nodes.Where(condition=test, span=self.work.places.around(where)))
        group, having, order = (node.args.get(part) for part in ("group", "having", "order"))
        places = (*node.expressions, *(order.expressions if order else ()), *([having] if having else ()))
        if group is not None or any(has_aggregate(each) for each in places):
            made = self._grouped(node, scope, stages, names)
        else:
            if having is not None:
                many_meanings("`having` without an aggregate", having, "where …")
            made = self._plain(node, scope, stages, names)
        return replace(made, stages=(*made.stages, *self._limit(node, values)))

    def _items(self, node: exp.Select, scope: Scope, names: Sequence[str]) -> list[Item]:
        """The select list, `*` written out, with a name for each column."""
        sql: list[tuple[exp.Expr, str]] = []
        for each in node.expressions:
            if isinstance(each, exp.Star) or (isinstance(each, exp.Column) and isinstance(each.this, exp.Star)):
                refuse_others(each.this if isinstance(each, exp.Column) else each)
                sql += [(column, column.name) for column in _every_column(scope, each.text("table"))]
            elif isinstance(each, exp.Alias):
                sql.append((each.this, each.alias))
            else:
                sql.append((each, each.name if isinstance(each, exp.Column) else ""))
        if names and len(names) != len(sql):
            many_meanings(f"{len(sql)} columns for {len(names)} names", node, "as many columns as names")
        items: list[Item] = []
        later = node.args.get("having") is not None or node.args.get("order") is not None
        outer = scope.outer.chain() if scope.outer is not None and later and not names else ()
        used = {column.name for each in outer for source in each.sources for column in source.columns}
        for number, (each, said) in enumerate(sql):
            wanted = names[number] if names else said or _name_for(each)
            if isinstance(each, exp.Column) and not names and (found := scope.resolve(each)) is not None:
                wanted = said if said.lower() != found[1].name.lower() else found[1].name
                if wanted in used:
                    wanted = f"{found[0].alias}_{wanted}"
            name, count = wanted, 1
            while name in used:
                count += 1
                name = f"{wanted}_{count}"
            used.add(name)
            items.append(Item(each, name, bool(said)))
        return items

    def _plain(self, node: exp.Select, scope: Scope, stages: list[nodes.Stage], names: Sequence[str]) -> Rows:
        values = self.values(scope)
        items = self._items(node, scope, names)
        made = [values.value(item.sql) for item in items]
        columns = _columns(items, made, scope)
        order = node.args.get("order")
        keys = [(key, self._item_of(key.this, items, scope)) for key in order.expressions] if order else []
        distinct = node.args.get("distinct") is not None
        after = distinct or any(item is not None and _computed(item.sql) for _, item in keys)
        if distinct and any(item is None for _, item in keys):
            many_meanings("`distinct` rows are ordered by what they do not show", order, "select it, too")
        if keys and after and any(item is None for _, item in keys):
            after = False
        if keys and not after:
            ordered = [values.sort_key(key, None if item is None else made[items.index(item)]) for key, item in keys]
            stages = [*stages, nodes.OrderBy(keys=tuple(ordered), span=self.work.places.around(order))]
        whole = [item.name for item in items] == [each.name for source in scope.sources for each in source.columns]
        if not (
            whole and not names and len(scope.sources) == 1 and all(isinstance(each.sql, exp.Column) for each in items)
        ):
            stages = [*stages, _selected(items, made)]
        if distinct:
            stages = [*stages, nodes.Distinct()]
        if keys and after:
            ordered = [
                values.sort_key(
                    key, Value(nodes.Name(name=cast("Item", item).name), made[items.index(cast("Item", item))].type)
                )
                for key, item in keys
            ]
            stages = [*stages, nodes.OrderBy(keys=tuple(ordered), span=self.work.places.around(order))]
        return Rows(tuple(stages), columns)

    def _item_of(self, key: exp.Expr, items: Sequence[Item], scope: Scope) -> Item | None:
        """The column of the select list that a key of an order means: by number, by name, or by its expression."""
        if isinstance(key, exp.Literal) and not key.is_string and _ORDINAL.fullmatch(key.name):
            if int(key.name) > len(items):
                many_meanings(f"there is no column {key.name}", key, f"1 to {len(items)}")
            return items[int(key.name) - 1]
        if isinstance(key, exp.Literal | exp.Null | exp.Boolean):
            many_meanings("an order by a value that is the same for all rows", key, "a column")
        if isinstance(key, exp.Column) and not key.table:
            named = [item for item in items if item.name.lower() == key.name.lower() and item.said]
            if named:
                return named[0]
        written = key.sql()
        found = next((item for item in items if item.sql.sql() == written), None)
        if found is None and isinstance(key, exp.Column) and scope.sources:
            meant = scope.resolve(key)
            same = (item for item in items if isinstance(item.sql, exp.Column) and scope.resolve(item.sql) == meant)
            found = next(same, None) if meant is not None else None
        return found

    def _grouped(self, node: exp.Select, scope: Scope, stages: list[nodes.Stage], names: Sequence[str]) -> Rows:
        values = self.values(scope)
        items = self._items(node, scope, names)
        keys = self._keys(node.args.get("group"), items, scope)
        made = [values.value(item.sql) for item in items]
        free = bare_columns([*(item.sql for item in items), *_clauses(node)], keys, scope, node)
        grouped = Grouped(scope, values, [*keys, *free], items, made)
        after = Values(scope, self.rows, grouped.known)
        having, order = node.args.get("having"), node.args.get("order")
        test = after.condition(having.this) if having is not None else None
        sorted_by = []
        for key in order.expressions if order is not None else ():
            item = self._item_of(key.this, items, scope)
            value = (
                after.value(key.this)
                if item is None
                else Value(nodes.Name(name=item.name), made[items.index(item)].type)
            )
            sorted_by.append(after.sort_key(key, value))
        stages = [*stages, grouped.stage(self.work.places.around(node))]
        if test is not None:
            stages.append(nodes.Where(condition=test, span=self.work.places.around(having)))
        distinct = node.args.get("distinct") is not None
        if distinct and grouped.hidden and order is not None:
            many_meanings("`distinct` rows are ordered by what they do not show", order, "select it, too")
        ordering = [nodes.OrderBy(keys=tuple(sorted_by), span=self.work.places.around(order))] if sorted_by else []
        if not distinct:
            stages += ordering
        if grouped.hidden:
            shown = tuple(nodes.NamedColumn(value=nodes.Name(name=item.name)) for item in items)
            stages.append(nodes.Select(columns=shown))
        if distinct:
            stages += [nodes.Distinct(), *ordering]
        return Rows(tuple(stages), _columns(items, made, scope))

    def _keys(self, group: exp.Group | None, items: Sequence[Item], scope: Scope) -> list[exp.Expr]:
        """The expressions that a query is grouped by: a number or an alias means a column of the select list."""
        if group is None:
            return []
        refuse_others(group, "expressions")
        keys: list[exp.Expr] = []
        for each in group.expressions:
            key = each
            if isinstance(each, exp.Literal) and not each.is_string:
                found = self._item_of(each, items, scope)
                key = each if found is None else found.sql
            elif isinstance(each, exp.Column) and not each.table and scope.resolve(each) is None:
                named = [item for item in items if item.name.lower() == each.name.lower() and item.said]
                key = named[0].sql if named else each
            if has_aggregate(key):
                many_meanings("a group is made by an aggregate", each, "group the query below it by its column")
            keys.append(key)
        return keys

    def _limit(self, node: exp.Expr, values: Values) -> list[nodes.Stage]:
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if limit is None:
            if offset is not None:
                no_counterpart("`offset` without `limit`", offset, "limit … offset …")
            return []
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            if options is not None:
                refuse_others(options, "rows")
            count = limit.args.get("count")
        else:
            refuse_others(limit, "expression", "offset")
            count = limit.expression
            offset = offset if offset is not None else limit.args.get("offset")
        made = [
            None if part is None else fit(values.work, values.value(part), part, INT).expr
            for part in (count, offset.expression if isinstance(offset, exp.Offset) else offset)
        ]
        if made[0] is None:
            no_counterpart("this `limit`", limit, "limit 10")
        return [nodes.Limit(count=made[0], offset=made[1], span=self.work.places.around(limit))]

    # ── set operations ───────────────────────────────────────────────────────────────────────────────────────────

    def _combined(self, node: exp.SetOperation, scope: Scope, names: Sequence[str]) -> Rows:
        refuse_others(node, "this", "expression", "distinct", "order", "limit", "offset", "with_")
        stage = cast("Any", _COMBINED[type(node)])
        all_ = node.args.get("distinct") is False
        if all_ and stage != "union":
            no_counterpart(f"`{stage} all`", node, f"{stage}, which gives each row once")
        # both sides see the queries of `with`, and the rows around, as this one does
        left, right = self.rows(node.this, scope, names), self.rows(node.expression, scope)
        if len(left.columns) != len(right.columns):
            many_meanings(f"{len(left.columns)} columns meet {len(right.columns)}", node, "as many on both sides")
        for mine, other in zip(left.columns, right.columns, strict=True):
            if mine.type is not None and other.type is not None:
                fit(self.work, Value(nodes.Name(name=other.name), other.type), node.expression, mine.type)
        columns = tuple(
            replace(
                mine,
                type=mine.type
                if other.type is None or not other.type.nullable or mine.type is None
                else mine.type.or_null(),
            )
            for mine, other in zip(left.columns, right.columns, strict=True)
        )
        span = self.work.places.around(node)
        stages: list[nodes.Stage] = [
            *left.stages,
            nodes.UnionWith(stage=stage, query=right.query(), all=all_, span=span),
        ]
        order = node.args.get("order")
        values = self.values(scope)
        if order is not None:
            stages.append(
                nodes.OrderBy(keys=tuple(self._result_key(key, columns, values) for key in order.expressions))
            )
        return Rows((*stages, *self._limit(node, values)), columns)

    def _result_key(self, key: exp.Ordered, columns: Sequence[Column], values: Values) -> nodes.SortKey:
        """A key of the order of a set operation: a column of the result."""
        this = key.this
        found: Column | None = None
        if isinstance(this, exp.Literal) and not this.is_string and _ORDINAL.fullmatch(this.name):
            found = columns[int(this.name) - 1] if int(this.name) <= len(columns) else None
        elif isinstance(this, exp.Column) and not this.table:
            found = next((each for each in columns if each.name.lower() == this.name.lower()), None)
        if found is None:
            many_meanings(
                "the rows of both queries are ordered by what is no column of theirs", key, "a column's number"
            )
        return values.sort_key(key, Value(nodes.Name(name=found.name), found.type))


def _clauses(node: exp.Select) -> Iterator[exp.Expr]:
    having, order = node.args.get("having"), node.args.get("order")
    if having is not None:
        yield having.this
    for key in order.expressions if order is not None else ():
        yield key.this


def _between(conditions: Sequence[exp.Expr], source: Source, before: Sequence[Source], scope: Scope) -> list[exp.Expr]:
    """The conditions of `where` that compare a column of a source with one of the sources before it."""
    found: list[exp.Expr] = []
    for test in conditions:
        if not (
            isinstance(test, exp.EQ) and isinstance(test.this, exp.Column) and isinstance(test.expression, exp.Column)
        ):
            continue
        known = {each.sql for each in (*before, source)}
        if not {test.this.table.lower(), test.expression.table.lower()} <= known:
            continue
        sides = [scope.resolve(side) for side in (test.this, test.expression)]
        owners = [side[0] for side in sides if side is not None]
        if len(owners) == 2 and source in owners and any(each in before for each in owners):
            found.append(test)
    return found


def _every_column(scope: Scope, table: str) -> Iterator[exp.Column]:
    """The columns that `*` or `t.*` means; a field that `using` joined comes once."""
    for source in scope.sources:
        if not table or source.sql == table.lower():
            for column in source.columns:
                if table or column.name not in source.joined:
                    yield exp.column(exp.to_identifier(column.name, quoted=True), table=source.sql)


def _columns(items: Sequence[Item], made: Sequence[Value], scope: Scope) -> tuple[Column, ...]:
    columns = []
    for item, value in zip(items, made, strict=True):
        found = scope.resolve(item.sql) if isinstance(item.sql, exp.Column) else None
        columns.append(Column(item.name, value.type, found is not None and found[1].collated))
    return tuple(columns)


def _selected(items: Sequence[Item], made: Sequence[Value]) -> nodes.Select:
    return nodes.Select(columns=tuple(named(item.name, value.expr) for item, value in zip(items, made, strict=True)))


def _computed(sql: exp.Expr) -> bool:
    return not isinstance(sql, exp.Column)


def _name_for(sql: exp.Expr) -> str:
    """A name for a column that the statement gives none: count, sum_salary, column."""
    inner = sql.this if isinstance(sql, exp.Window | exp.Cast | exp.Round) and sql.this is not None else sql
    if not isinstance(inner, exp.Func):
        return "value"
    word = inner.name.lower() if isinstance(inner, exp.Anonymous) else inner.sql_name().lower()
    fields = [re.sub(r"\W+", "_", each.name).strip("_").lower() for each in inner.find_all(exp.Column)]
    return "_".join([word, *fields[:1]]) if word != "count" else word

"""Relations of a query → SELECTs.

Stages are merged into one SELECT as long as that means the same, else what there is becomes a sub-select. A new
sub-select begins
* before `where`, when there is grouping, `distinct`, a limit or a window function, or the condition uses a computed
  column;
* before `derive` and `select`, when there is grouping, unless only fields are picked of groups with keys; when there is
  `distinct`; when a computed column is used in an expression; when a window function would see the rows of a limit;
* before `group`, when there is grouping, `distinct`, a limit or a window function, or a computed column is used;
* before `distinct`, when there is a limit; before `order by`, when there is a limit or `distinct`;
* before `limit`, when there is one already;
* around a side of a join that is more than stores joined (the left side may have conditions too), and around a union.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlglot import exp

from runtime.databases.sql.expressions import Expressions, Scope, Source
from runtime.databases.sql.sql_nodes import Sql, all_of, column, named, number, subquery, table
from runtime.databases.sql.staging import staged
from runtime.errors import DatabaseError
from runtime.query.algebra import (
    Aggregate,
    Column,
    Derive,
    Distinct,
    Expr,
    Group,
    InQuery,
    Join,
    Limit,
    Query,
    Relation,
    Scalar,
    Scan,
    Select,
    Sort,
    Union,
    Where,
    Window,
    Write,
    row_bound,
)
from runtime.query.codecs import codec_name
from runtime.query.schema import Field, Schema, Store
from runtime.values.constants import Const
from runtime.values.types import Type

MANY: Final = 10_000  # rows that are sorted once more rather than made text before they are limited
SET_OPERATIONS: Final[dict[str, type[exp.SetOperation]]] = {
    "union": exp.Union,
    "intersect": exp.Intersect,
    "except": exp.Except,
}


@dataclass
class Builder:
    """One SELECT in the making."""

    source: exp.Expr
    columns: Scope
    joins: list[exp.Join] = field(default_factory=list)
    where: list[Sql] = field(default_factory=list)
    group: list[Sql] = field(default_factory=list)
    grouped: bool = False
    windowed: bool = False
    distinct: bool = False
    order: list[exp.Ordered] = field(default_factory=list)
    limit: Sql | None = None
    offset: Sql | None = None

    def select(self, columns: Sequence[Sql]) -> exp.Select:
        query = exp.Select(expressions=list(columns)).from_(self.source)
        if self.joins:
            query.set("joins", self.joins)
        if self.where:
            query.set("where", exp.Where(this=all_of(self.where)))
        if self.group:
            query.set("group", exp.Group(expressions=self.group))
        if self.distinct:
            query.set("distinct", exp.Distinct())
        if self.order:
            query.set("order", exp.Order(expressions=self.order))
        if self.limit is not None:
            query.set("limit", exp.Limit(expression=self.limit))
        if self.offset is not None:
            query.set("offset", exp.Offset(expression=self.offset))
        return query

    @property
    def plain(self) -> bool:
        """Whether it is a store and nothing else."""
        return isinstance(self.source, exp.Table) and not (self.joins or self.where or self.closed or self.order)

    @property
    def one_row(self) -> bool:
        """Whether it is one row over all rows, as SQL has it only while some aggregate is shown."""
        return self.grouped and not self.group

    @property
    def closed(self) -> bool:
        """Whether rows are no longer those of the sources."""
        return self.grouped or self.windowed or self.distinct or self.limit is not None


class Relations:
    """Writes the relations of one query or write on a schema. expressions: the engine's writer of expressions."""

    def __init__(self, query: Query | Write, schema: Schema, expressions: type[Expressions]) -> None:
        self.schema = schema
        self.expressions = expressions(self.single, self.scalar, self.existence)
        self.used = self._used(query)
        self.aliases = 0

    # ── the outermost SELECT, and those within expressions ─────────────────────────────────────────────────────

    def rows(self, query: Query) -> exp.Select:
        builder = self.relation(query.relation)
        wanted = [(each.relation, each.name) for _, each in query.columns]
        if builder.distinct and sorted(wanted) != sorted(builder.columns):
            builder = self.wrap(builder)
        with self.expressions.in_scope(builder.columns):
            shown = [
                (name, *self.expressions.output(each, normalized=builder.distinct)) for name, each in query.columns
            ]
        select = builder.select([named(sql, name) for name, sql, _ in shown])
        select.meta["reads"] = [form for _, _, form in shown]
        columns = [
            (name, sql.copy(), each.type) for (name, sql, _), (_, each) in zip(shown, query.columns, strict=True)
        ]
        text = None if builder.distinct else self.expressions.record_text(columns)
        if text is not None:
            select = select.copy()
            records = select.copy()
            if builder.limit is not None and (row_bound(query.relation) or MANY) < MANY:
                # The text is made of the few rows that are left: an engine may make it of all rows, and limit then.
                builder = self.wrap(builder)
                with self.expressions.in_scope(builder.columns):
                    columns = [(name, self.expressions.value(each), each.type) for name, each in query.columns]
                text = self.expressions.record_text(columns)
                records = builder.select([]).copy()
            assert text is not None  # it depends on the types
            records.set("expressions", [named(text, "record")])
            select.meta["records"] = records
        return select

    def single(self, relation: Relation) -> exp.Query:
        """The relation's one column in its working form; as a scalar, at most one row is let through."""
        builder = self.relation(relation)
        (key, source) = next(iter(builder.columns.items()))
        with self.expressions.in_scope(builder.columns):
            value = named(self.expressions.value(Column(*key, source.type)), key[1])
        query = builder.select([value])
        query.meta["types"] = [source.type]
        query.meta["one_row"] = builder.one_row
        return query

    def scalar(self, relation: Relation) -> exp.Query:
        query = self.single(relation)
        if query.meta["one_row"] or _limited_to_one(relation):
            return query
        return self.expressions.only_row(query, query.meta["types"][0])

    def existence(self, relation: Relation) -> exp.Query:
        builder = self.relation(relation)
        if not (builder.grouped or builder.distinct):
            return builder.select([number(1)])
        return builder.select([named(source.sql.copy(), name) for (_, name), source in builder.columns.items()])

    # ── relations ──────────────────────────────────────────────────────────────────────────────────────────────

    def relation(self, relation: Relation) -> Builder:
        match relation:
            case Scan():
                return self.scan(relation.id, relation.store)
            case Join():
                return self.join(relation)
            case Where():
                return self.where(relation)
            case Derive():
                return self.derive(relation, self.relation(relation.source))
            case Select() | Group() if (stages := staged(relation)) is not None:
                self.used.update(
                    (node.relation, node.name)
                    for node in nodes(stages)
                    if isinstance(node, Column) and node.relation < 0
                )
                return self.relation(stages)
            case Select():
                return self.derive(relation, self.relation(relation.source))
            case Group():
                return self.group(relation)
            case Distinct():
                builder = self.relation(relation.source)
                builder.order = builder.order if builder.limit is not None else []
                if builder.limit is not None:
                    builder = self.wrap(builder, keep_order=False)
                builder.distinct = True
                for key, source in builder.columns.items():
                    builder.columns[key] = source._replace(computed=True)
                return builder
            case Sort():
                builder = self.relation(relation.source)
                if builder.limit is not None or builder.distinct:
                    builder = self.wrap(builder, keep_order=False)
                with self.expressions.in_scope(builder.columns):
                    builder.order = [self.expressions.ordered(key) for key in relation.keys]
                return builder
            case Limit():
                builder = self.relation(relation.source)
                if builder.limit is not None:
                    builder = self.wrap(builder)
                builder.limit = self.expressions.row_count(relation.count)
                if relation.offset is not None:
                    builder.offset = self.expressions.row_count(relation.offset)
                return builder
            case Union():
                return self.union(relation)

    def scan(self, id_: int, name: str) -> Builder:
        store = self.store(name)
        alias = self.alias()
        columns = {
            (id_, each.name): Source(
                column(alias, each.name), each.type, stored=True, collated=each.collated, native=each.stored
            )
            for each in store.fields
        }
        return Builder(self.table(store, alias), columns)

    def join(self, relation: Join) -> Builder:
        left, right = self.relation(relation.left), self.relation(relation.right)
        columns = left.columns | right.columns
        if left.closed or self._uses_computed([relation.on], columns):
            left = self.wrap(left, keep_order=False)
        if not right.plain or any(source.computed for source in right.columns.values()):
            right = self.wrap(right, keep_order=False)
        left.order = []
        left.columns = left.columns | right.columns
        with self.expressions.in_scope(left.columns):
            condition = self.expressions.filtered(self.expressions.value(relation.on), right.source)
        side = "LEFT" if relation.outer else None
        left.joins.append(exp.Join(this=right.source, on=condition, side=side, kind=None if side else "INNER"))
        return left

    def where(self, relation: Where) -> Builder:
        builder = self.relation(relation.source)
        if builder.closed or self._uses_computed([relation.condition], builder.columns):
            builder = self.wrap(builder)
        with self.expressions.in_scope(builder.columns):
            condition = self.expressions.value(relation.condition)
            builder.where.append(self.expressions.filtered(condition, builder.source))
        return builder

    def derive(self, relation: Derive | Select, builder: Builder) -> Builder:
        """Both: a Select shows its own columns only."""
        worked_out = [expr for _, expr in relation.columns if not isinstance(expr, Column)]
        windowed = any(isinstance(node, Window) for expr in worked_out for node in _here(expr))
        if (
            builder.distinct
            or (builder.grouped and worked_out)
            or (builder.one_row and isinstance(relation, Select))
            or (builder.limit is not None and windowed)
            or self._uses_computed(worked_out, builder.columns)
        ):
            builder = self.wrap(builder)
        columns = {(relation.id, name): self._shown(expr, builder.columns) for name, expr in relation.columns}
        builder.columns = builder.columns | columns if isinstance(relation, Derive) else columns
        builder.windowed = builder.windowed or windowed
        return builder

    def group(self, relation: Group) -> Builder:
        builder = self.relation(relation.source)
        exprs = [*relation.keys, *(expr for _, expr in relation.columns)]
        if builder.closed or self._uses_computed(exprs, builder.columns):
            builder = self.wrap(builder, keep_order=False)
        with self.expressions.in_scope(builder.columns):
            builder.group = [self.expressions.value(key) for key in relation.keys]
            columns = {
                (relation.id, name): Source(self.expressions.value(expr), expr.type, computed=True)
                for name, expr in relation.columns
            }
        builder.order = []
        builder.grouped = True
        builder.columns = columns
        return builder

    def union(self, relation: Union) -> Builder:
        left = self.compound(relation)
        both = SET_OPERATIONS[relation.op](
            this=left if left is not None else self.operand(relation.left, relation.columns),
            expression=self.operand(relation.right, relation.columns),
            distinct=not relation.all,
        )
        alias = self.alias()
        return Builder(
            subquery(both, alias),
            {(relation.id, name): Source(column(alias, name), type_) for name, type_ in relation.columns},
        )

    def compound(self, relation: Union) -> exp.Expr | None:
        """The left side when that is a union (intersect, except) with the same columns: several in a row nest no deeper
        (SQLite's parser has a small stack), and mean the same, being read from left to right."""
        left = relation.left
        if not isinstance(left, Union) or left.op != relation.op:
            return None
        shapes = [[(name, codec_name(type_)) for name, type_ in each.columns] for each in (left, relation)]
        if shapes[0] != shapes[1]:
            return None
        inner: exp.Expr = self.union(left).source.this
        return inner

    def operand(self, relation: Relation, columns: Sequence[tuple[str, Type]]) -> exp.Expr:
        """One side of a union, with the union's names and types."""
        builder = self.relation(relation)
        if builder.limit is not None:
            builder = self.wrap(builder, keep_order=False)
        builder.order = []
        with self.expressions.in_scope(builder.columns):
            shown = [
                named(self.expressions.coerced(Column(*key, source.type), type_), name)
                for (key, source), (name, type_) in zip(builder.columns.items(), columns, strict=True)
            ]
        return builder.select(shown)

    def wrap(self, builder: Builder, *, keep_order: bool = True) -> Builder:
        """The rows so far as a sub-select. Its order goes along to the new SELECT, unless that drops it."""
        alias = self.alias()
        names: set[str] = set()
        shown: list[Sql] = []
        columns: Scope = {}
        with self.expressions.in_scope(builder.columns):
            for key, source in builder.columns.items():
                if key not in self.used and not builder.distinct and not builder.one_row:
                    continue
                name = _unused(key[1], names)
                stored = source.stored and not builder.distinct
                value = source.sql.copy() if stored else self.expressions.value(Column(*key, source.type))
                shown.append(named(value, name))
                shape = source if stored else Source(value, source.type)
                columns[key] = shape._replace(sql=column(alias, name), computed=False)
        order = []
        for sort_key in builder.order if keep_order else ():
            name = _unused("order", names)
            shown.append(named(sort_key.this.copy(), name))
            again = sort_key.copy()
            again.set("this", column(alias, name))
            order.append(again)
        if builder.limit is None:
            builder.order = []
        inner = builder.select(shown or [named(number(1), "row")])
        return Builder(subquery(inner, alias), columns, order=order)

    def _shown(self, expr: Expr, columns: Scope) -> Source:
        with self.expressions.in_scope(columns):
            if isinstance(expr, Column):
                return self.expressions.source(expr)
            return Source(self.expressions.value(expr), expr.type, computed=True)

    def _uses_computed(self, exprs: Sequence[Expr], columns: Scope) -> bool:
        return any(
            columns[node.relation, node.name].computed
            for expr in exprs
            for node in nodes(expr)
            if isinstance(node, Column) and (node.relation, node.name) in columns
        )

    # ── which columns matter ───────────────────────────────────────────────────────────────────────────────────

    def _used(self, query: Query | Write) -> set[tuple[int, str]]:
        """The columns that are named somewhere, or that count without being named: a sub-select shows no others."""
        used: set[tuple[int, str]] = set()
        for node in nodes(query):
            match node:
                case Column():
                    used.add((node.relation, node.name))
                case Distinct():
                    used.update(self._visible(node.source))
                case Union():
                    used.update(self._visible(node.left), self._visible(node.right))
                case Scalar() | InQuery():
                    used.update(self._visible(node.relation))
        return used

    def _visible(self, relation: Relation) -> list[tuple[int, str]]:
        match relation:
            case Scan():
                return [(relation.id, each.name) for each in self.store(relation.store).fields]
            case Join():
                return self._visible(relation.left) + self._visible(relation.right)
            case Derive():
                return self._visible(relation.source) + [(relation.id, name) for name, _ in relation.columns]
            case Select() | Group() | Union():
                return [(relation.id, name) for name, _ in relation.columns]
            case _:
                return self._visible(relation.source)

    # ── names ──────────────────────────────────────────────────────────────────────────────────────────────────

    def store(self, name: str) -> Store:
        store = self.schema.stores.get(name)
        if store is None:
            raise DatabaseError(
                "D0201", f"the store `{name}` is not there", "the database changed: compile the script again"
            )
        return store

    def table(self, store: Store, alias: str | None = None) -> exp.Table:
        return table(self.schema.place, store.name, alias)

    def field(self, store: Store, name: str) -> Field:
        found = store.field(name)
        if found is None:
            raise DatabaseError(
                "D0201",
                f"`{store.name}` has no field `{name}`",
                "the database changed: compile the script again",
            )
        return found

    def alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"


# ── small pieces ───────────────────────────────────────────────────────────────────────────────────────────────


def _unused(name: str, names: set[str]) -> str:
    """The name, or with a number where it is taken (case does not count for SQLite); added to the names."""
    result, number_ = name, 2
    while result.lower() in names:
        result, number_ = f"{name} {number_}", number_ + 1
    names.add(result.lower())
    return result


def _limited_to_one(relation: Relation) -> bool:
    return isinstance(relation, Limit) and isinstance(relation.count, Const) and relation.count.value in (0, 1)


def nodes(tree: Any) -> Iterator[Any]:
    """Every struct in a query, sub-queries included."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, msgspec.Struct) and not isinstance(node, Type):
            yield node
            stack.extend(getattr(node, name) for name in node.__struct_fields__)
        elif isinstance(node, tuple):
            stack.extend(node)


def _here(expr: Expr) -> Iterator[Any]:
    """Every struct of an expression that belongs to its own SELECT: sub-queries are not looked into."""
    stack: list[Any] = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
        elif isinstance(node, msgspec.Struct) and not isinstance(node, Relation | Type | Aggregate):
            yield node
            stack.extend(getattr(node, name) for name in node.__struct_fields__)

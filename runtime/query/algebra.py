"""The query form that modules carry: typed relational algebra, free of names in scope and of any engine.

The checker (sopc/checker/queries.py) produces it; runtime/databases/sql/generate.py turns it into an engine's SQL.
Every relation that introduces columns has an `id`, unique within the whole query (sub-queries included), and a
Column names the relation it comes from, so correlation needs no scoping rules here.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from runtime.values.constants import Const
from runtime.values.types import INT, Type

# Operators, functions, aggregates and windows that mean the same of values of JSON on every engine.
TAKE_JSON: Final = frozenset(
    {
        *("field", "is_null", "is_not_null", "concat", "count"),
        *("text", "int", "float", "decimal", "bool", "date", "timestamp"),
        *("lag", "lead", "first_value", "last_value"),
    }
)

# ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────


class Param(msgspec.Struct, frozen=True, tag_field="kind", tag="param"):
    """The index-th value handed to the query when it runs (a variable, or an expression of variables alone)."""

    index: int
    type: Type


class Column(msgspec.Struct, frozen=True, tag_field="kind", tag="column"):
    """A column of the relation with that id."""

    relation: int
    name: str
    type: Type


class Op(msgspec.Struct, frozen=True, tag_field="kind", tag="op"):
    """An operator on 1–3 operands.

    op: add sub mul div intdiv mod neg · eq ne lt le gt ge · and or not · is_null is_not_null
    · between (x, low, high) · in (x, item, item, …) · in_list (x, list-valued Param)
    · like contains starts_with ends_with · field (of a JSON value, by a text).
    """

    op: str
    args: tuple[Expr, ...]
    type: Type


class Func(msgspec.Struct, frozen=True, tag_field="kind", tag="func"):
    """A row of the function table (runtime/values/functions.py) applied to arguments."""

    name: str
    args: tuple[Expr, ...]
    type: Type


class Case(msgspec.Struct, frozen=True, tag_field="kind", tag="case"):
    """The first branch (condition, value) whose condition is true, else `otherwise` (None: null)."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    type: Type


class Aggregate(msgspec.Struct, frozen=True, tag_field="kind", tag="aggregate"):
    """name: count sum avg min max (a row of the function table); arg None is `count()`."""

    name: str
    arg: Expr | None
    distinct: bool
    type: Type


class Window(msgspec.Struct, frozen=True, tag_field="kind", tag="window"):
    """rank, row_number, … or an aggregate over a window."""

    name: str
    args: tuple[Expr, ...]
    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    type: Type


class Scalar(msgspec.Struct, frozen=True, tag_field="kind", tag="scalar"):
    """The single value of a relation with one column: null for no rows, an error for more than one."""

    relation: Relation
    type: Type


class Exists(msgspec.Struct, frozen=True, tag_field="kind", tag="exists"):
    relation: Relation
    type: Type


class InQuery(msgspec.Struct, frozen=True, tag_field="kind", tag="in_query"):
    """x in (relation with one column)."""

    arg: Expr
    relation: Relation
    type: Type


class Inline(msgspec.Struct, frozen=True, tag_field="kind", tag="inline"):
    """The value that a called script returns for arguments. Only lifted loops hold one, and linking puts the callee's
    own expression in its place."""

    script: str
    args: tuple[Expr, ...]
    type: Type


Expr = Const | Param | Column | Op | Func | Case | Aggregate | Window | Scalar | Exists | InQuery | Inline


class Order(msgspec.Struct, frozen=True):
    """One sort key; nulls sort last unless nulls_first."""

    expr: Expr
    descending: bool = False
    nulls_first: bool = False


# ── relations ──────────────────────────────────────────────────────────────────────────────────────────────────


class Scan(msgspec.Struct, frozen=True, tag_field="kind", tag="scan"):
    """Every row of a store."""

    id: int
    database: str
    store: str


class Join(msgspec.Struct, frozen=True, tag_field="kind", tag="join"):
    """left [left] join right on condition; adds no columns of its own."""

    left: Relation
    right: Relation
    outer: bool
    on: Expr


class Where(msgspec.Struct, frozen=True, tag_field="kind", tag="where"):
    source: Relation
    condition: Expr


class Derive(msgspec.Struct, frozen=True, tag_field="kind", tag="derive"):
    """The source's columns plus new ones under this id."""

    id: int
    source: Relation
    columns: tuple[tuple[str, Expr], ...]


class Select(msgspec.Struct, frozen=True, tag_field="kind", tag="select"):
    """Exactly these columns, under this id; the source's are gone."""

    id: int
    source: Relation
    columns: tuple[tuple[str, Expr], ...]


class Group(msgspec.Struct, frozen=True, tag_field="kind", tag="group"):
    """One row per distinct `keys` (one row in all when there are none); columns may hold aggregates and keys."""

    id: int
    source: Relation
    keys: tuple[Expr, ...]
    columns: tuple[tuple[str, Expr], ...]


class Distinct(msgspec.Struct, frozen=True, tag_field="kind", tag="distinct"):
    """Distinct rows of the `columns` of the source (always all that is visible there)."""

    source: Relation


class Sort(msgspec.Struct, frozen=True, tag_field="kind", tag="sort"):
    source: Relation
    keys: tuple[Order, ...]


class Limit(msgspec.Struct, frozen=True, tag_field="kind", tag="limit"):
    """At most count rows after skipping offset; both are Const or Param of type int, refused when negative."""

    source: Relation
    count: Expr
    offset: Expr | None


class Union(msgspec.Struct, frozen=True, tag_field="kind", tag="union"):
    """Rows of both sides; columns are the left's names, under this id, matched by position. op: `intersect` keeps the
    rows that both have, `except` those of the left that the right has not; only `union` has an `all`, and without it
    each different row comes once."""

    id: int
    left: Relation
    right: Relation
    all: bool
    columns: tuple[tuple[str, Type], ...]
    op: Literal["union", "intersect", "except"] = "union"


Relation = Scan | Join | Where | Derive | Select | Group | Distinct | Sort | Limit | Union


class Query(msgspec.Struct, frozen=True):
    """A whole query. database: the `uses` name it runs on. columns: what a row has, in order, each bound to the
    expression (a Column) that yields it, so the outermost select list needs no guessing."""

    database: str
    relation: Relation
    columns: tuple[tuple[str, Column], ...]
    params: tuple[Type, ...]


def row_bound(relation: Relation) -> int | None:
    """An upper bound of the number of rows, or None when the relation's form gives none."""
    match relation:
        case Group():
            return 1 if not relation.keys else row_bound(relation.source)
        case Limit():
            most = row_bound(relation.source)
            count = relation.count.value if isinstance(relation.count, Const) else None
            if not isinstance(count, int):
                return most
            return count if most is None else min(count, most)
        case Where() | Derive() | Select() | Distinct() | Sort():
            return row_bound(relation.source)
        case _:
            return None


def with_limit(query: Query, rows: int) -> Query:
    """The query with a limit of that many rows, unless its own bound is as low."""
    most = row_bound(query.relation)
    if most is not None and most <= rows:
        return query
    return msgspec.structs.replace(query, relation=Limit(query.relation, Const(rows, INT), None))


# ── writes ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Insert(msgspec.Struct, frozen=True, tag_field="kind", tag="insert"):
    """One row from params, in the order of `fields`. keys non-empty: upsert, updating the other fields when a
    row with equal keys exists."""

    database: str
    store: str
    fields: tuple[str, ...]
    types: tuple[Type, ...]
    keys: tuple[str, ...] = ()


class InsertQuery(msgspec.Struct, frozen=True, tag_field="kind", tag="insert_query"):
    """Every row of a query, column by column into `fields`."""

    database: str
    store: str
    fields: tuple[str, ...]
    query: Query


class InsertList(msgspec.Struct, frozen=True, tag_field="kind", tag="insert_list"):
    """Every record of the list that is the one param, by the same fields (the list's element type, checked)."""

    database: str
    store: str
    fields: tuple[str, ...]
    types: tuple[Type, ...]


class Update(msgspec.Struct, frozen=True, tag_field="kind", tag="update"):
    """Rows of the store (as relation `id`) for which condition is true get the assignments."""

    id: int
    database: str
    store: str
    condition: Expr | None
    assignments: tuple[tuple[str, Expr], ...]
    params: tuple[Type, ...]


class Delete(msgspec.Struct, frozen=True, tag_field="kind", tag="delete"):
    id: int
    database: str
    store: str
    condition: Expr | None
    params: tuple[Type, ...]


Write = Insert | InsertQuery | InsertList | Update | Delete
FetchMode = Literal["rows", "first", "one", "list", "scalar"]

"""A module's query or write → nothing, or an error: its names, scopes and types must agree.

The compiler's checker uses the same rules (runtime/values/type_rules.py and signatures.py). So the SQL generator and
the row readers can take any tree that passes: each expression has the type that its parts give, each column belongs
to a visible relation, both sides of a union have the same columns, and a written value fits its field. Nullability
is not checked here but when rows are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from runtime.bytecode.module import Module
from runtime.bytecode.parts import MAX_DEPTH, check_const, check_function, check_type, check_unique, depth_of, refuse
from runtime.query.algebra import (
    Aggregate,
    Case,
    Column,
    Delete,
    Derive,
    Distinct,
    Exists,
    Expr,
    Func,
    Group,
    Inline,
    InQuery,
    Insert,
    InsertList,
    InsertQuery,
    Join,
    Limit,
    Op,
    Order,
    Param,
    Query,
    Relation,
    Scalar,
    Scan,
    Select,
    Sort,
    Union,
    Update,
    Where,
    Window,
    Write,
)
from runtime.values.constants import Const
from runtime.values.type_rules import NUMBERS, ORDERED, arithmetic, common, fits
from runtime.values.types import ANY, BOOL, Type

Visible = Mapping[int, Mapping[str, Type]]
"""Relation id → its visible columns, by name."""


class RowShape(NamedTuple):
    """What a relation yields. columns: of a row, in order. complete: the query lists them; False for a store, of which
    SQL reads only the columns in use."""

    visible: Visible
    columns: tuple[tuple[str, Type], ...]
    complete: bool = True


class Context(NamedTuple):
    """Where an expression stands, and what it may hold there."""

    visible: Visible
    aggregates: bool = False
    windows: bool = False


def check_query(module: Module, where: str, query: Query) -> None:
    """Raises SopError L0206."""
    QueryChecker(module, where, query.database, query.params).query(query)


def check_write(module: Module, where: str, write: Write) -> None:
    """Raises SopError L0206."""
    params = write.params if isinstance(write, Update | Delete) else ()
    QueryChecker(module, where, write.database, params).write(write)


class QueryChecker:
    """One query or write. inline: whether it may hold values of called scripts."""

    def __init__(
        self, module: Module, where: str, database: str, params: Sequence[Type], *, inline: bool = False
    ) -> None:
        self.module = module
        self.inline = inline
        self.where = where
        self.database = database
        self.params = params
        self.ids: set[int] = set()
        if database and database not in module.signature.uses:
            self.refuse(f"`{database}` is not a database that the script uses")
        for param in params:
            check_type(where, param)

    def refuse(self, why: str) -> NoReturn:
        refuse(self.where, why)

    # ── queries and writes ──

    def query(self, node: Query) -> tuple[Type, ...]:
        """The types of its columns."""
        if depth_of(node) > MAX_DEPTH:
            self.refuse("it nests too deeply")
        check_unique(self.where, (name for name, _ in node.columns))
        context = Context(self.relation(node.relation, {}).visible)
        return tuple(self.expr(column, context) for _, column in node.columns)

    def write(self, node: Write) -> None:
        if depth_of(node) > MAX_DEPTH:
            self.refuse("it nests too deeply")
        fields = self.store(node.database, node.store, self.module.effects.writes)
        if isinstance(node, Update | Delete):
            context = Context({self.new(node.id): fields})
            if node.condition is not None:
                self.condition(node.condition, context)
            if isinstance(node, Update):
                if not node.assignments:
                    self.refuse("it assigns to no field")
                check_unique(self.where, (name for name, _ in node.assignments))
                for name, value in node.assignments:
                    self.fills(fields, name, self.expr(value, context))
            return
        check_unique(self.where, node.fields)
        if isinstance(node, InsertQuery):
            if node.query.database != node.database:
                self.refuse("it reaches into two databases")
            types = QueryChecker(
                self.module, self.where, node.query.database, node.query.params, inline=self.inline
            ).query(node.query)
        else:
            types = node.types
        if len(types) != len(node.fields) or not (node.fields or isinstance(node, Insert)):
            self.refuse("it has not one value for each field")
        for name, type_ in zip(node.fields, types, strict=True):
            check_type(self.where, type_)
            self.fills(fields, name, type_)
            if isinstance(node, Insert | InsertList) and not same(type_, fields[name]):
                self.refuse(f"`{name}` is {fields[name]} in its store, not {type_}")
        if isinstance(node, Insert):
            check_unique(self.where, node.keys)
            if not set(node.keys) <= set(node.fields):
                self.refuse("a key is not among its fields")

    def fills(self, fields: Mapping[str, Type], name: str, type_: Type) -> None:
        if name not in fields:
            self.refuse(f"its store has no field `{name}`")
        if not fits(type_, fields[name].or_null()):
            self.refuse(f"`{name}` is {fields[name]} in its store, which {type_} does not fit")

    def store(self, database: str, store: str, allowed: Iterable[str]) -> Mapping[str, Type]:
        """Its fields."""
        if database != self.database:
            self.refuse("it reaches into two databases")
        name = f"{database}.{store}"
        if name not in allowed or name not in self.module.schema:
            self.refuse(f"`{name}` is not among the module's effects and schema")
        return {field.name: field.type for field in self.module.schema[name].fields}

    def new(self, id_: int) -> int:
        if id_ in self.ids:
            self.refuse(f"relation {id_} is there twice")
        self.ids.add(id_)
        return id_

    # ── relations ──

    def relation(self, node: Relation, outer: Visible) -> RowShape:
        return _RELATIONS[type(node)](self, node, outer)

    def scan(self, node: Scan, outer: Visible) -> RowShape:
        effects = self.module.effects
        fields = self.store(node.database, node.store, (*effects.reads, *effects.writes))
        return RowShape({self.new(node.id): fields}, tuple(fields.items()), complete=False)

    def join(self, node: Join, outer: Visible) -> RowShape:
        left, right = self.relation(node.left, outer), self.relation(node.right, outer)
        visible = {**left.visible, **right.visible}
        self.condition(node.on, Context({**outer, **visible}))
        return RowShape(visible, left.columns + right.columns, complete=False)

    def filtered(self, node: Where, outer: Visible) -> RowShape:
        rows = self.relation(node.source, outer)
        self.condition(node.condition, Context({**outer, **rows.visible}))
        return rows

    def derive(self, node: Derive, outer: Visible) -> RowShape:
        rows = self.relation(node.source, outer)
        made = self.columns(node, Context({**outer, **rows.visible}, windows=True))
        return RowShape({**rows.visible, self.new(node.id): dict(made)}, rows.columns + made, rows.complete)

    def select(self, node: Select, outer: Visible) -> RowShape:
        rows = self.relation(node.source, outer)
        made = self.columns(node, Context({**outer, **rows.visible}, windows=True))
        return RowShape({self.new(node.id): dict(made)}, made)

    def group(self, node: Group, outer: Visible) -> RowShape:
        rows = self.relation(node.source, outer)
        context = Context({**outer, **rows.visible})
        for key in node.keys:
            self.expr(key, context)
        made = self.columns(node, context._replace(aggregates=True, windows=True))
        return RowShape({self.new(node.id): dict(made)}, made)

    def columns(self, node: Derive | Select | Group, context: Context) -> tuple[tuple[str, Type], ...]:
        if not node.columns:
            self.refuse("a row has no columns")
        check_unique(self.where, (name for name, _ in node.columns))
        return tuple((name, self.expr(value, context)) for name, value in node.columns)

    def distinct(self, node: Distinct, outer: Visible) -> RowShape:
        return self.explicit_columns(node.source, outer)

    def explicit_columns(self, node: Relation, outer: Visible) -> RowShape:
        """The rows of a relation that is used whole, so the query must list its columns."""
        rows = self.relation(node, outer)
        if not rows.complete:
            self.refuse("whole rows are used, and their columns are not listed")
        return rows

    def sort(self, node: Sort, outer: Visible) -> RowShape:
        rows = self.relation(node.source, outer)
        self.orders(node.keys, Context({**outer, **rows.visible}))
        return rows

    def orders(self, keys: Sequence[Order], context: Context) -> None:
        for key in keys:
            type_ = self.expr(key.expr, context)
            if type_.name in ("list", "record"):
                self.refuse(f"{type_} has no order")

    def limit(self, node: Limit, outer: Visible) -> RowShape:
        rows = self.relation(node.source, outer)
        for bound in (node.count, node.offset):
            if bound is None:
                continue
            if not isinstance(bound, Const | Param) or self.expr(bound, Context({})).name != "int":
                self.refuse("a limit is no constant or param of type int")
            if isinstance(bound, Const) and (type(bound.value) is not int or bound.value < 0):
                self.refuse("a limit is not a number of rows")
        return rows

    def union(self, node: Union, outer: Visible) -> RowShape:
        if node.all and node.op != "union":
            self.refuse(f"`{node.op}` keeps no repeated rows")
        left, right = self.explicit_columns(node.left, outer).columns, self.explicit_columns(node.right, outer).columns
        if not len(left) == len(right) == len(node.columns):
            self.refuse("the sides of a union have not as many columns as it")
        check_unique(self.where, (name for name, _ in node.columns))
        for (name, type_), (_, one), (_, other) in zip(node.columns, left, right, strict=True):
            check_type(self.where, type_)
            met = common(one, other)
            if met is None or not same(met, type_):
                self.refuse(f"`{name}` of a union is {type_}, of {one} and {other}")
        return RowShape({self.new(node.id): dict(node.columns)}, node.columns)

    # ── expressions ──

    def expr(self, node: Expr, context: Context) -> Type:
        """Its type, which is the one that its parts make."""
        check_type(self.where, node.type)
        made = _EXPRESSIONS[type(node)](self, node, context)
        if not same(made, node.type):
            self.refuse(f"{_named(node)} is {node.type}, and its parts make {made}")
        return node.type

    def exprs(self, nodes: Iterable[Expr], context: Context) -> list[Type]:
        return [self.expr(node, context) for node in nodes]

    def condition(self, node: Expr, context: Context) -> None:
        self.flag(self.expr(node, context), "a condition")

    def flag(self, type_: Type, what: str) -> None:
        if type_.name not in ("bool", "any", "null"):
            self.refuse(f"{what} is {type_}")

    def const(self, node: Const, context: Context) -> Type:
        check_const(self.where, node)
        return node.type

    def param(self, node: Param, context: Context) -> Type:
        if not 0 <= node.index < len(self.params):
            self.refuse(f"there is no param {node.index}")
        return self.params[node.index]

    def column(self, node: Column, context: Context) -> Type:
        found = context.visible.get(node.relation, {}).get(node.name)
        if found is None:
            self.refuse(f"there is no column `{node.name}` of a relation {node.relation} in sight")
        return found

    def op(self, node: Op, context: Context) -> Type:
        arity = _ARITY.get(node.op)
        if arity is None or (len(node.args) < arity if node.op in _MANY else len(node.args) != arity):
            self.refuse(f"there is no operator `{node.op}` on {len(node.args)} operands")
        types = self.exprs(node.args, context)
        if node.op in _ARITHMETIC:
            return self.arithmetic(node.op, *types)
        if node.op == "neg":
            if types[0].name not in (*NUMBERS, "duration", "any"):
                self.refuse(f"`neg` does not work on {types[0]}")
            return types[0]
        if node.op == "field":
            if types[0].name != "any" or not isinstance(node.args[1], Const) or types[1].name != "text":
                self.refuse("only JSON has fields, by their names")
            return ANY
        if node.op in _LOGIC:
            for type_ in types:
                self.flag(type_, f"an operand of `{node.op}`")
        elif node.op in _ON_TEXT:
            for type_ in types:
                if type_.name not in ("text", "any", "null"):
                    self.refuse(f"`{node.op}` does not work on {type_}")
        elif node.op == "in_list":
            if types[1].name not in ("list", "any"):
                self.refuse(f"`in` looks into a list, not into {types[1]}")
            self.comparable(types[0], types[1].item or ANY, ordered=False)
        elif node.op in _COMPARISON:
            for type_ in types[1:]:
                self.comparable(types[0], type_, ordered=node.op not in ("eq", "ne", "in"))
        return BOOL

    def arithmetic(self, op: str, left: Type, right: Type) -> Type:
        if "any" in (left.name, right.name):
            return ANY
        made = arithmetic(op, left.not_null(), right.not_null())
        if made is None:
            self.refuse(f"`{op}` does not work on {left} and {right}")
        return made

    def comparable(self, left: Type, right: Type, *, ordered: bool) -> None:
        met = common(left, right)
        if met is None or met.name in ("list", "record") or (ordered and met.name not in (*ORDERED, "any", "null")):
            self.refuse(f"{left} can't be compared with {right}")

    def func(self, node: Func, context: Context) -> Type:
        types = self.exprs(node.args, context)
        check_function(self.where, node.name, len(types), kinds=("scalar",))
        digits = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], Const) else None
        return self.call(node, types, digits if isinstance(digits, int) else None)

    def aggregate(self, node: Aggregate, context: Context) -> Type:
        if not context.aggregates:
            self.refuse(f"`{node.name}` stands where no group is")
        types = self.exprs(
            (node.arg,) if node.arg is not None else (), context._replace(aggregates=False, windows=False)
        )
        check_function(self.where, node.name, len(types), kinds=("aggregate",))
        return self.call(node, types)

    def window(self, node: Window, context: Context) -> Type:
        if not context.windows:
            self.refuse(f"`{node.name}` over a window stands where none can be")
        inside = context._replace(windows=False)
        types = self.exprs(node.args, inside)
        self.exprs(node.partition, inside)
        self.orders(node.order, inside)
        check_function(self.where, node.name, len(types), kinds=("aggregate", "window"))
        return self.call(node, types)

    def call(self, node: Func | Aggregate | Window, types: Sequence[Type], digits: int | None = None) -> Type:
        """The result by the first overload that takes the arguments and gives what the node says, else by any."""
        from runtime.values.functions import FUNCTIONS
        from runtime.values.signatures import results

        made = list(results(FUNCTIONS[node.name], types, digits))
        if not made:
            self.refuse(f"`{node.name}` does not take {', '.join(map(str, types))}")
        return next((result for result in made if same(result, node.type)), made[0])

    def case(self, node: Case, context: Context) -> Type:
        if not node.branches:
            self.refuse("a case has no branches")
        values = [value for _, value in node.branches]
        for when, _ in node.branches:
            self.condition(when, context)
        for type_ in self.exprs([*values, node.otherwise] if node.otherwise is not None else values, context):
            met = common(type_, node.type)
            if not fits(type_, node.type.or_null()) and (met is None or not same(met, node.type)):
                self.refuse(f"a case is {node.type}, and a branch of it {type_}")
        return node.type

    def scalar(self, node: Scalar, context: Context) -> Type:
        return self.single(node.relation, context)

    def exists(self, node: Exists, context: Context) -> Type:
        self.relation(node.relation, context.visible)
        return BOOL

    def in_query(self, node: InQuery, context: Context) -> Type:
        type_ = self.expr(node.arg, context)
        self.comparable(type_, self.single(node.relation, context), ordered=False)
        return BOOL

    def inlined(self, node: Inline, context: Context) -> Type:
        called = next((call.signature for call in self.module.calls if call.signature.name == node.script), None)
        if not self.inline or called is None:
            self.refuse(f"the value of `{node.script}` stands where none can be")
        types = self.exprs(node.args, context)
        if len(types) != len(called.params) or not all(map(same, types, (param.type for param in called.params))):
            self.refuse(f"`{node.script}` does not take these arguments")
        return called.returns

    def single(self, relation: Relation, context: Context) -> Type:
        columns = self.explicit_columns(relation, context.visible).columns
        if len(columns) != 1:
            self.refuse(f"a query used as a value has {len(columns)} columns")
        return columns[0][1]


def same(a: Type, b: Type) -> bool:
    """Whether both are one type, but for nulls at any depth."""
    if a is b or a == b:
        return True
    if a.name == b.name == "list":
        return same(a.item or ANY, b.item or ANY)
    return a.not_null() == b.not_null()


def _named(node: Any) -> str:
    """The node, as a message calls it."""
    name = getattr(node, "op", None) or getattr(node, "name", None)
    return f"`{name}`" if name else f"a {type(node).__name__.lower()}"


_ARITHMETIC: Final = ("add", "sub", "mul", "div", "intdiv", "mod")
_COMPARISON: Final = ("eq", "ne", "lt", "le", "gt", "ge", "between", "in")
_LOGIC: Final = ("and", "or", "not")
_ON_TEXT: Final = ("like", "contains", "starts_with", "ends_with")
_MANY: Final = ("and", "or", "in")
_ARITY: Final = {
    **dict.fromkeys(("neg", "not", "is_null", "is_not_null"), 1),
    **dict.fromkeys((*_ARITHMETIC, *_COMPARISON, *_ON_TEXT, "and", "or", "in_list", "field"), 2),
    "between": 3,
}
_RELATIONS: Final[dict[type, Callable[[QueryChecker, Any, Visible], RowShape]]] = {
    Scan: QueryChecker.scan,
    Join: QueryChecker.join,
    Where: QueryChecker.filtered,
    Derive: QueryChecker.derive,
    Select: QueryChecker.select,
    Group: QueryChecker.group,
    Distinct: QueryChecker.distinct,
    Sort: QueryChecker.sort,
    Limit: QueryChecker.limit,
    Union: QueryChecker.union,
}
_EXPRESSIONS: Final[dict[type, Callable[[QueryChecker, Any, Context], Type]]] = {
    Const: QueryChecker.const,
    Param: QueryChecker.param,
    Column: QueryChecker.column,
    Op: QueryChecker.op,
    Func: QueryChecker.func,
    Case: QueryChecker.case,
    Aggregate: QueryChecker.aggregate,
    Window: QueryChecker.window,
    Scalar: QueryChecker.scalar,
    Exists: QueryChecker.exists,
    InQuery: QueryChecker.in_query,
    Inline: QueryChecker.inlined,
}

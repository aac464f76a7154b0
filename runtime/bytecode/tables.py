"""A module's tables → nothing, or an error: signature, types, constants, queries, writes, calls, schema, debug tables.

Shapes of the data are known to be right (the codec decodes by type); this holds what types can't say: that names and
numbers refer to something, that constants are values of their types, and that the module does no more than its
effects declare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

import msgspec

from runtime.bytecode.module import Debug, Module, Signature
from runtime.errors import SopError
from runtime.query.algebra import (
    Aggregate,
    Column,
    Const,
    Delete,
    Derive,
    Func,
    Group,
    Insert,
    InsertQuery,
    Limit,
    Op,
    Param,
    Query,
    Scan,
    Select,
    Union,
    Update,
    Window,
    Write,
)
from runtime.values.types import DECIMAL_PRECISION, INT_MAX, INT_MIN, MAX_SCALE, SCALARS, Type

MAX_DEPTH: Final = 120
MAX_NAME: Final = 1000
_COMPOUND: Final = frozenset({"list", "record", "any", "null"})
_CONSTANTS: Final[dict[str, tuple[type, ...]]] = {"bool": (bool,), "int": (int,), "float": (float, int), "text": (str,)}
_ARITY: Final = {
    **dict.fromkeys(("neg", "not", "is_null", "is_not_null"), 1),
    **dict.fromkeys(("add", "sub", "mul", "div", "intdiv", "mod", "eq", "ne", "lt", "le", "gt", "ge"), 2),
    **dict.fromkeys(("and", "or", "in", "in_list", "like", "contains", "starts_with", "ends_with", "field"), 2),
    "between": 3,
}
_MANY: Final = frozenset({"and", "or", "in"})


def refuse(where: str, why: str) -> NoReturn:
    raise SopError("L0206", f"the module's tables are refused: {where}: {why}", "compile the script again")


def check_tables(module: Module) -> None:
    """Raises SopError L0206."""
    _check_signature("signature", module.signature)
    effects = module.effects
    for name in (*effects.reads, *effects.writes):
        if name.partition(".")[0] not in module.signature.uses:
            refuse("effects", f"`{name}` is in no database that the script uses")
    for number, const in enumerate(module.constants):
        _check_const(f"constant {number}", const)
    for number, shape in enumerate(module.shapes):
        _check_unique(f"shape {number}", shape)
    for number, type_ in enumerate(module.types):
        check_type(f"type {number}", type_)
    for function in module.functions:
        _check_function("functions", function.name, function.arguments, kinds=("scalar",))
    for call in module.calls:
        _check_signature(f"call of `{call.signature.name}`", call.signature)
        if call.signature.name not in effects.calls:
            refuse("calls", f"`{call.signature.name}` is not among the module's effects")
        if not set(call.signature.uses) <= set(module.signature.uses):
            refuse("calls", f"`{call.signature.name}` uses a database that its caller does not")
    for number, fetch in enumerate(module.queries):
        _Relations(module, f"query {number}", fetch.query.database, len(fetch.query.params)).check(fetch.query)
    for number, write in enumerate(module.writes):
        _check_write(module, f"write {number}", write)
    for ask in module.asks:
        check_type(f"ask {ask.step}", ask.type)
    for name, store in module.schema.items():
        _check_unique(f"schema of {name}", [field.name for field in store.fields])
        for field in store.fields:
            check_type(f"schema of {name}", field.type)
    _check_debug(module.debug, len(module.code) // 4, module.registers)


def depth_of(root: Any) -> int:
    """How deep a query, write or type nests, counted in nodes."""
    deepest, stack = 0, [(root, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in _children(node))
    return deepest


def stores_of(root: Any) -> list[str]:
    """Names of the stores a query reads, in its order, repeated where it reads one again."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Scan):
            found.append(node.store)
        stack.extend(reversed(list(_children(node))))
    return found


def _children(node: Any) -> Iterable[Any]:
    """The structs right below a struct, through tuples."""
    stack = [getattr(node, name) for name in reversed(node.__struct_fields__)]
    while stack:
        value = stack.pop()
        if isinstance(value, tuple):
            stack.extend(reversed(value))
        elif isinstance(value, msgspec.Struct):
            yield value


# ── names, types, constants ────────────────────────────────────────────────────────────────────────────────────


def _check_name(where: str, name: str) -> None:
    if not name or len(name) > MAX_NAME or "\0" in name:
        refuse(where, "a name is empty, too long or has a null character in it")


def _check_unique(where: str, names: Iterable[str]) -> None:
    seen = set()
    for name in names:
        _check_name(where, name)
        if name in seen:
            refuse(where, f"`{name}` occurs twice")
        seen.add(name)


def check_type(where: str, root: Type) -> None:
    """Refuses a type that no type text could give."""
    if root.name in SCALARS and root.name != "decimal" and root.item is None and root.fields is None:
        if root.precision or root.scale:
            refuse(where, f"{root.name} has no precision")
        return
    stack = [(root, 1)]
    while stack:
        type_, depth = stack.pop()
        if depth > MAX_DEPTH:
            refuse(where, "a type nests too deeply")
        if type_.name not in SCALARS and type_.name not in _COMPOUND:
            refuse(where, "a type has an unknown name")
        if type_.name == "decimal":
            if not (1 <= type_.precision <= DECIMAL_PRECISION and 0 <= type_.scale <= MAX_SCALE):
                refuse(where, f"there is no {type_}")
        elif type_.precision or type_.scale:
            refuse(where, f"{type_.name} has no precision")
        if (type_.item is not None and type_.name != "list") or (type_.fields is not None and type_.name != "record"):
            refuse(where, f"{type_.name} has no parts")
        if type_.item is not None:
            stack.append((type_.item, depth + 1))
        if type_.fields is not None:
            _check_unique(where, (name for name, _ in type_.fields))
            stack.extend((field, depth + 1) for _, field in type_.fields)


def _check_const(where: str, const: Const) -> None:
    value, type_ = const.value, const.type
    check_type(where, type_)
    if value is None:
        return
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        refuse(where, "an int is too large")
    if type(value) is float and value - value != 0:
        refuse(where, "a float is not finite")
    expected = _CONSTANTS.get(type_.name, (str,))
    if type(value) not in expected or type_.name in _COMPOUND:
        refuse(where, f"its value is not of type {type_.name}")
    if type_.name in ("decimal", "date", "timestamp", "duration"):
        from runtime.values.operators import from_const  # needed by few modules

        try:
            from_const(const)
        except SopError as error:
            refuse(where, error.message)


def _check_signature(where: str, signature: Signature) -> None:
    _check_name(where, signature.name)
    _check_unique(where, (param.name for param in signature.params))
    _check_unique(where, signature.uses)
    for param in signature.params:
        check_type(where, param.type)
        if param.default is not None:
            _check_default(f"{where}, parameter `{param.name}`", param.default, param.type)
    check_type(where, signature.returns)
    if signature.emits is not None:
        check_type(where, signature.emits)
        if signature.emits.name != "record":
            refuse(where, "what it emits is not a record")


def _check_default(where: str, default: Const | tuple[Const, ...], type_: Type) -> None:
    from runtime.values.conversion import convert, from_default

    for const in default if isinstance(default, tuple) else (default,):
        _check_const(where, const)
    try:
        convert(from_default(default), type_)
    except SopError as error:
        refuse(where, error.message)


def _check_function(where: str, name: str, arguments: int, *, kinds: tuple[str, ...]) -> None:
    from runtime.values.functions import FUNCTIONS  # a module without functions need not wait for the table

    row = FUNCTIONS.get(name)
    if row is None or row.kind not in kinds or (row.kind == "scalar" and row.python is None):
        refuse(where, f"there is no function `{name}` that could stand there")
    if not any(_takes(signature, arguments) for signature in row.signatures):
        refuse(where, f"`{name}` does not take {arguments} arguments")


def _takes(signature: str, arguments: int) -> bool:
    """Whether a signature of the function table, `pad_left(text, int, text = " ") -> text`, takes so many."""
    inside = signature[signature.index("(") + 1 : signature.rindex(") ->")]
    params = inside.split(", ") if inside else []
    least = sum("=" not in param for param in params)
    return least <= arguments and (arguments <= len(params) or inside.endswith("..."))


# ── queries and writes ─────────────────────────────────────────────────────────────────────────────────────────


class _Relations:
    """One query, update or delete: collects which relations have which columns, then holds every column to it."""

    def __init__(self, module: Module, where: str, database: str, params: int) -> None:
        self.module = module
        self.where = where
        self.database = database
        self.params = params
        self.columns: dict[int, frozenset[str]] = {}
        self.used: list[Column] = []
        if database not in module.signature.uses:
            self.refuse(f"`{database}` is not a database that the script uses")

    def refuse(self, why: str) -> NoReturn:
        refuse(self.where, why)

    def check(self, root: Query | Update | Delete) -> None:
        stack: list[tuple[Any, int]] = [(root, 1)]
        while stack:
            node, depth = stack.pop()
            if depth > MAX_DEPTH:
                self.refuse("it nests too deeply")
            kind = type(node)
            if kind is Type:
                check_type(self.where, node)
                continue
            check = _NODES.get(kind)
            if check is not None:
                check(self, node)
            stack.extend((child, depth + 1) for child in _children(node))
        for column in self.used:
            if column.name not in self.columns.get(column.relation, ()):
                self.refuse(f"there is no column `{column.name}` in relation {column.relation}")

    def define(self, relation: int, names: Iterable[str]) -> None:
        names = list(names)
        if relation in self.columns:
            self.refuse(f"relation {relation} is there twice")
        _check_unique(self.where, names)
        self.columns[relation] = frozenset(names)

    def store(self, relation: int, database: str, store: str, allowed: Iterable[str]) -> None:
        if database != self.database:
            self.refuse("it reaches into two databases")
        name = f"{database}.{store}"
        if name not in allowed or name not in self.module.schema:
            self.refuse(f"`{name}` is not among the module's effects and schema")
        self.define(relation, (field.name for field in self.module.schema[name].fields))

    def scan(self, node: Scan) -> None:
        effects = self.module.effects
        self.store(node.id, node.database, node.store, (*effects.reads, *effects.writes))

    def const(self, node: Const) -> None:
        _check_const(self.where, node)

    def param(self, node: Param) -> None:
        if not 0 <= node.index < self.params:
            self.refuse(f"there is no param {node.index}")

    def column(self, node: Column) -> None:
        self.used.append(node)

    def op(self, node: Op) -> None:
        arity = _ARITY.get(node.op)
        if arity is None or (len(node.args) < arity if node.op in _MANY else len(node.args) != arity):
            self.refuse(f"there is no operator `{node.op}` on {len(node.args)} operands")

    def func(self, node: Func) -> None:
        _check_function(self.where, node.name, len(node.args), kinds=("scalar",))

    def aggregate(self, node: Aggregate) -> None:
        _check_function(self.where, node.name, 1 if node.arg is not None else 0, kinds=("aggregate",))

    def window(self, node: Window) -> None:
        _check_function(self.where, node.name, len(node.args), kinds=("aggregate", "window"))

    def derived(self, node: Derive | Select | Group) -> None:
        self.define(node.id, (name for name, _ in node.columns))

    def union(self, node: Union) -> None:
        if node.all and node.op != "union":
            self.refuse(f"`{node.op}` keeps no repeated rows")
        self.define(node.id, (name for name, _ in node.columns))

    def limit(self, node: Limit) -> None:
        for bound in (node.count, node.offset):
            if isinstance(bound, Const):
                if type(bound.value) is not int or bound.value < 0:
                    self.refuse("a limit is not a number of rows")
            elif bound is not None and not isinstance(bound, Param):
                self.refuse("a limit is neither constant nor param")

    def query(self, node: Query) -> None:
        _check_unique(self.where, (name for name, _ in node.columns))

    def changed(self, node: Update | Delete) -> None:
        self.store(node.id, node.database, node.store, self.module.effects.writes)
        if isinstance(node, Update):
            known = self.columns[node.id]
            _check_unique(self.where, (name for name, _ in node.assignments))
            if not node.assignments or not all(name in known for name, _ in node.assignments):
                self.refuse("it assigns to no field of its store")


_NODES: Final[dict[type, Callable[[_Relations, Any], None]]] = {
    Scan: _Relations.scan,
    Const: _Relations.const,
    Param: _Relations.param,
    Column: _Relations.column,
    Op: _Relations.op,
    Func: _Relations.func,
    Aggregate: _Relations.aggregate,
    Window: _Relations.window,
    Derive: _Relations.derived,
    Select: _Relations.derived,
    Group: _Relations.derived,
    Union: _Relations.union,
    Limit: _Relations.limit,
    Query: _Relations.query,
    Update: _Relations.changed,
    Delete: _Relations.changed,
}


def _check_write(module: Module, where: str, write: Write) -> None:
    if isinstance(write, Update | Delete):
        _Relations(module, where, write.database, len(write.params)).check(write)
        return
    name = f"{write.database}.{write.store}"
    if name not in module.effects.writes or name not in module.schema:
        refuse(where, f"`{name}` is not among the module's effects and schema")
    known = {field.name for field in module.schema[name].fields}
    _check_unique(where, write.fields)
    if not known.issuperset(write.fields):
        refuse(where, f"it fills fields that `{name}` does not have")
    if isinstance(write, InsertQuery):
        if len(write.query.columns) != len(write.fields):
            refuse(where, "its query has not as many columns as it fills")
        _Relations(module, where, write.query.database, len(write.query.params)).check(write.query)
        if write.query.database != write.database:
            refuse(where, "it reaches into two databases")
        return
    if not write.fields or len(write.types) != len(write.fields):
        refuse(where, "it has not one type for each field")
    for type_ in write.types:
        check_type(where, type_)
    if isinstance(write, Insert):
        _check_unique(where, write.keys)
        if not set(write.keys) <= set(write.fields):
            refuse(where, "a key is not among its fields")


# ── debug tables ───────────────────────────────────────────────────────────────────────────────────────────────


def _check_debug(debug: Debug, size: int, registers: int) -> None:
    """An error message reads these tables, so they must not make it fail."""
    last = -1
    for position in debug.positions:
        if not last < position.pc < size:
            refuse("positions", "they are not in the order of the code")
        if not 0 <= position.step < len(debug.steps):
            refuse("positions", f"there is no step {position.step}")
        last = position.pc
    if debug.positions and debug.positions[0].pc:
        refuse("positions", "the first instruction has none")
    if len(debug.registers) > registers:
        refuse("registers", "more are named than there are")

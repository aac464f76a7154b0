"""Typed expression → instructions that leave its value in a register, or that jump if it is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

from runtime.bytecode.module import Call, Fetch, Function
from runtime.query.algebra import FetchMode
from runtime.values.constants import Const
from runtime.values.types import BOOL, FLOAT, INT, NULL, SCALARS, TEXT
from sopc.checker import typed
from sopc.codegen.blocks import Block, CodeBuilder, Entry, Operand
from sopc.codegen.columns import Columns
from sopc.codegen.limits import MAX_NESTING, NESTED_TOO_DEEPLY, Limit
from sopc.codegen.registers import Registers

WINDOW: Final = 48
"""Values that one RECORD, LIST or TEXT puts together; longer ones are built piece by piece."""

_ARITHMETIC: Final = {"add": "ADD", "sub": "SUB", "mul": "MUL", "div": "DIV", "intdiv": "INTDIV", "mod": "MOD"}
_ON_INTS: Final = {"add": "ADD_INT", "sub": "SUB_INT", "mul": "MUL_INT"}
_CLOCK: Final = {"today": 0, "now": 1}
# Comparison → instruction, and whether its operands are swapped.
_COMPARE: Final = {
    "eq": ("EQ", False),
    "ne": ("NE", False),
    "lt": ("LT", False),
    "le": ("LE", False),
    "gt": ("LT", True),
    "ge": ("LE", True),
}
# The opposite of each comparison (with a null operand, neither is true).
_NEGATED: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_NULL: Final = Entry(Const(None, NULL))


class Expressions:
    """Lowers folded expressions into the blocks of a builder. columns: that the script's queries need."""

    def __init__(self, builder: CodeBuilder, registers: Registers, columns: Columns) -> None:
        self.builder = builder
        self.registers = registers
        self.columns = columns
        self.nesting = 0

    # ── values ──

    def operand(self, expr: typed.Expr) -> Operand:
        """A register or constant that holds the value; a new register belongs to the enclosing scope."""
        if isinstance(expr, typed.Const):
            return constant(expr)
        if isinstance(expr, typed.Var):
            return self.registers.of(expr.variable)
        return self.temporary(expr)

    def register(self, expr: typed.Expr) -> int:
        """As `operand`, but always a register: constants are loaded."""
        if isinstance(expr, typed.Var):
            return self.registers.of(expr.variable)
        return self.temporary(expr)

    def temporary(self, expr: typed.Expr) -> int:
        """A new register of the enclosing scope that holds the value."""
        register = self.registers.take()
        self.into(register, expr)
        return register

    def window(self, exprs: Sequence[typed.Expr]) -> int:
        """Puts the values into consecutive registers, and returns the first; 0 without values."""
        if not exprs:
            return 0
        if all(isinstance(expr, typed.Var) for expr in exprs):
            held = [self.registers.of(cast(typed.Var, expr).variable) for expr in exprs]
            if held == list(range(held[0], held[0] + len(held))):
                return held[0]
        first = self.registers.take(len(exprs))
        for offset, expr in enumerate(exprs):
            self.into(first + offset, expr)
        return first

    def into(self, register: int, expr: typed.Expr) -> None:
        """Puts the value into the register, which the expression must not read (see `writes_early`)."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise Limit(NESTED_TOO_DEEPLY, expr.span)
        with self.builder.at(expr.span), self.registers.scope():
            self._into(register, expr)
        self.nesting -= 1

    def _into(self, register: int, expr: typed.Expr) -> None:
        emit = self.builder.emit
        if isinstance(expr, typed.Const):
            emit("LOAD", register, constant(expr))
        elif isinstance(expr, typed.Var):
            source = self.registers.of(expr.variable)
            if source != register:
                emit("MOVE", register, source)
        elif isinstance(expr, typed.Op):
            self._operation(register, expr)
        elif isinstance(expr, typed.FieldOf):
            emit("FIELD", register, self.operand(expr.base), name(expr.name))
        elif isinstance(expr, typed.ItemOf):
            emit("INDEX", register, self.operand(expr.base), self.operand(expr.index))
        elif isinstance(expr, typed.Func):
            if expr.name in _CLOCK and not expr.args:
                emit("CLOCK", register, _CLOCK[expr.name])
            elif expr.name == "coalesce":
                self._coalesce(register, expr.args)
            else:
                self._function(register, expr.name, expr.args)
        elif isinstance(expr, typed.ScriptCall):
            emit("CALL", register, self.window(expr.args), Entry(Call(expr.signature)))
        elif isinstance(expr, typed.FetchExpr):
            fetch = Entry(Fetch(self.columns.needed(expr.query.query), cast(FetchMode, expr.mode)))
            emit("FETCH", register, self.window(expr.query.params), fetch)
        elif isinstance(expr, typed.Convert):
            self.into(register, expr.arg)
            if expr.type.name != "any":
                emit("CONVERT", register, Entry(expr.type))
        elif isinstance(expr, typed.Case):
            self._case(register, expr)
        elif isinstance(expr, typed.MakeRecord):
            self._record(register, expr)
        elif isinstance(expr, typed.MakeList):
            self._list(register, expr.items)
        elif isinstance(expr, typed.Interpolate):
            self._text(register, expr)

    def _operation(self, register: int, expr: typed.Op) -> None:
        emit, op, args = self.builder.emit, expr.op, expr.args
        if op in _ARITHMETIC:
            ints = all(arg.type.name == "int" for arg in args)
            instruction = _ON_INTS.get(op, _ARITHMETIC[op]) if ints else _ARITHMETIC[op]
            emit(instruction, register, self.operand(args[0]), self.operand(args[1]))
        elif op in _COMPARE:
            self._compare(register, op, self.operand(args[0]), self.operand(args[1]))
        elif op in ("and", "or"):
            self._logic(register, expr)
        elif op == "neg":
            emit("NEG", register, self.operand(args[0]))
        elif op == "not":
            emit("NOT", register, self.operand(args[0]))
        elif op == "is_null":
            emit("IS_NULL", register, self.operand(args[0]))
        elif op == "is_not_null":
            emit("IS_NULL", register, self.operand(args[0]))
            emit("NOT", register, register)
        elif op == "between":
            value = self.operand(args[0])
            within = self.registers.take()
            end = Block()
            self._compare(register, "ge", value, self.operand(args[1]))
            self._branch("JUMP_IF_FALSE", register, target=end)
            self._compare(within, "le", value, self.operand(args[2]))
            emit("AND", register, register, within)
            self.builder.fall_into(end)
        elif op == "in":
            first = self.registers.take(2)
            self.into(first, args[0])
            self._list(first + 1, args[1:])
            emit("FUNC", register, first, Entry(Function("in_list", 2)))
        else:
            self._function(register, op, args)

    def _compare(self, register: int, op: str, left: Operand, right: Operand) -> None:
        instruction, swap = _COMPARE[op]
        self.builder.emit(instruction, register, *((right, left) if swap else (left, right)))

    def _logic(self, register: int, expr: typed.Op) -> None:
        """`and`, `or`: evaluates operands until the result is known."""
        skip, instruction = ("JUMP_IF_FALSE", "AND") if expr.op == "and" else ("JUMP_IF_TRUE", "OR")
        end = Block()
        args = chain(expr)
        self.into(register, args[0])
        for arg in args[1:]:
            self._branch(skip, register, target=end)
            with self.registers.scope():
                self.builder.emit(instruction, register, register, self.operand(arg))
        self.builder.fall_into(end)

    def _branch(self, instruction: str, *operands: Operand, target: Block) -> None:
        """Emits a conditional jump that continues right after itself."""
        following = Block()
        self.builder.branch(instruction, *operands, target=target, next=following)
        self.builder.place(following)

    def _function(self, register: int, function: str, args: Sequence[typed.Expr]) -> None:
        self.builder.emit("FUNC", register, self.window(args), Entry(Function(function, len(args))))

    def _coalesce(self, register: int, args: Sequence[typed.Expr]) -> None:
        """`coalesce`: evaluates arguments until one is not null, as engines do."""
        end = Block()
        for arg in args[:-1]:
            self.into(register, arg)
            null = Block()
            self.builder.branch("JUMP_IF_NULL", register, target=null, next=end)
            self.builder.place(null)
        self.into(register, args[-1])
        self.builder.fall_into(end)

    def _case(self, register: int, expr: typed.Case) -> None:
        end = Block()
        for condition, value in expr.branches:
            yes, no = Block(), Block()
            self.condition(condition, yes, no)
            self.builder.place(yes)
            self.into(register, value)
            self.builder.jump(end)
            self.builder.place(no)
        if expr.otherwise is None:
            self.builder.emit("LOAD", register, _NULL)
        else:
            self.into(register, expr.otherwise)
        self.builder.fall_into(end)

    def _record(self, register: int, expr: typed.MakeRecord) -> None:
        first, rest = expr.fields[:WINDOW], expr.fields[WINDOW:]
        shape = Entry(tuple(field for field, _ in first))
        with self.registers.scope():
            self.builder.emit("RECORD", register, self.window([value for _, value in first]), shape)
        for field, value in rest:
            with self.registers.scope():
                self.builder.emit("SET_FIELD", register, name(field), self.operand(value))

    def _list(self, register: int, items: Sequence[typed.Expr]) -> None:
        first, rest = items[:WINDOW], items[WINDOW:]
        with self.registers.scope():
            self.builder.emit("LIST", register, self.window(first), len(first))
        for item in rest:
            with self.registers.scope():
                self.builder.emit("APPEND", register, self.operand(item))

    def _text(self, register: int, expr: typed.Interpolate) -> None:
        parts = [typed.Const(type=TEXT, value=part) if isinstance(part, str) else part for part in expr.parts]
        with self.registers.scope():
            self.builder.emit("TEXT", register, self.window(parts[:WINDOW]), len(parts[:WINDOW]))
        for start in range(WINDOW, len(parts), WINDOW):
            more = parts[start : start + WINDOW]
            with self.registers.scope():
                first = self.registers.take(1 + len(more))
                self.builder.emit("MOVE", first, register)
                for offset, part in enumerate(more):
                    self.into(first + 1 + offset, part)
                self.builder.emit("TEXT", register, first, 1 + len(more))

    # ── conditions ──

    def condition(self, expr: typed.Expr, yes: Block, no: Block) -> None:
        """Jumps to `yes` if the value is true, to `no` if it is false or null; the caller places both later."""
        self._decide(expr, True, yes, no)

    def _decide(self, expr: typed.Expr, wanted: bool, yes: Block, no: Block) -> None:
        """Jumps to `yes` if the value is `wanted`, to `no` if it is the other truth value or null."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise Limit(NESTED_TOO_DEEPLY, expr.span)
        with self.builder.at(expr.span), self.registers.scope():
            if isinstance(expr, typed.Const):
                self.builder.jump(yes if expr.value is wanted else no)
            elif isinstance(expr, typed.Op) and expr.op == "not":
                self._decide(expr.args[0], not wanted, yes, no)
            elif isinstance(expr, typed.Op) and expr.op in ("and", "or"):
                self._decide_chain(expr, wanted, yes, no)
            elif isinstance(expr, typed.Op) and expr.op in _COMPARE and _of_known_types(expr):
                total = not any(arg.type.nullable for arg in expr.args)
                left, right = self.operand(expr.args[0]), self.operand(expr.args[1])
                self._test(expr.op if wanted else _NEGATED[expr.op], left, right, yes, no, total=total)
            elif isinstance(expr, typed.Op) and expr.op in ("is_null", "is_not_null"):
                null = (expr.op == "is_null") is wanted
                value = self.register(expr.args[0])
                self.builder.branch("JUMP_IF_NULL", value, target=yes if null else no, next=no if null else yes)
            elif isinstance(expr, typed.Op) and expr.op == "between" and _of_known_types(expr):
                self._decide_between(expr, wanted, yes, no)
            elif wanted:
                self.builder.branch("JUMP_UNLESS", self.register(expr), target=no, next=yes)
            else:
                self.builder.branch("JUMP_IF_FALSE", self.register(expr), target=yes, next=no)
        self.nesting -= 1

    def _decide_chain(self, expr: typed.Op, wanted: bool, yes: Block, no: Block) -> None:
        """As `_decide` for a chain of `and` or `or`."""
        all_needed = (expr.op == "and") is wanted
        args = chain(expr)
        for arg in args[:-1]:
            following = Block()
            if all_needed:
                self._decide(arg, wanted, following, no)
            else:
                self._decide(arg, wanted, yes, following)
            self.builder.place(following)
        self._decide(args[-1], wanted, yes, no)

    def _decide_between(self, expr: typed.Op, wanted: bool, yes: Block, no: Block) -> None:
        value, following = self.operand(expr.args[0]), Block()
        total = not any(arg.type.nullable for arg in expr.args)
        if wanted:
            self._test("ge", value, self.operand(expr.args[1]), following, no, total=total)
        else:
            self._test("lt", value, self.operand(expr.args[1]), yes, following, total=total)
        self.builder.place(following)
        self._test("le" if wanted else "gt", value, self.operand(expr.args[2]), yes, no, total=total)

    def _test(self, op: str, left: Operand, right: Operand, yes: Block, no: Block, *, total: bool) -> None:
        instruction, swap = _COMPARE[op]
        operands = (right, left) if swap else (left, right)
        self.builder.branch(f"TEST_{instruction}", *operands, target=no, next=yes, total=total)


def _of_known_types(expr: typed.Op) -> bool:
    """Whether the checker knows the types of the operands. TEST_* instructions need that, since Python compares a bool
    as an int."""
    return all(arg.type.name != "any" for arg in expr.args)


def chain(expr: typed.Op) -> list[typed.Expr]:
    """The operands of `a and b and c …`, with any brackets on the left resolved."""
    args: list[typed.Expr] = []
    left: typed.Expr = expr
    while isinstance(left, typed.Op) and left.op == expr.op:
        args.extend(reversed(left.args[1:]))
        left = left.args[0]
    args.append(left)
    return args[::-1]


def constant(expr: typed.Const) -> Entry:
    """The constant as the module stores it, in a normal form; None for anything but null and scalars."""
    value, type_ = expr.value, expr.type.not_null()
    if value is None:
        return _NULL
    if type_.name not in SCALARS:
        type_ = {bool: BOOL, int: INT, float: FLOAT, str: TEXT}[type(value)]
    return Entry(Const(value, type_))


def name(text: str) -> Entry:
    """A field's name as a constant."""
    return Entry(Const(text, TEXT))


def writes_early(expr: typed.Expr) -> bool:
    """Whether `into` may write its register before the whole expression is evaluated."""
    kind: Literal["op", "other"] = "op" if isinstance(expr, typed.Op) else "other"
    if kind == "op":
        return cast(typed.Op, expr).op in ("and", "or", "between", "is_not_null")
    if isinstance(expr, typed.Func):
        return expr.name == "coalesce"
    return isinstance(expr, typed.Case | typed.Convert | typed.MakeRecord | typed.MakeList | typed.Interpolate)

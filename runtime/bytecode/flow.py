"""A module's code → nothing, or an error: operands, jumps, pairs, handlers, and what registers hold on every path.

All of it follows from the opcode table's operand kinds, flow and effect. The state before a word is which registers
surely hold a value, which an iterator and which the hidden counters of a `for each … in a to b` (three planes of one
int), and how many savepoints are open. States meet by intersection, so an instruction only ever reads what is there on
every path to it, and can't see an iterator or a counter as a value.
"""

from __future__ import annotations

from typing import Final, NamedTuple, NoReturn

from runtime.bytecode.decode import split, words
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER, Opcode
from runtime.errors import SopError
from runtime.query.algebra import Delete, Insert, InsertQuery, Update

MAX_WORDS: Final = 1 << 16
MAX_REGISTERS: Final = 240
MAX_HANDLERS: Final = 1000
MAX_SAVEPOINTS: Final = 100
_WORK_PER_WORD: Final = 16
_WORK_AT_LEAST: Final = 200_000

ITERATORS: Final = 256  # where the plane of iterators begins,
COUNTERS: Final = 512  # and that of counters
_REGISTER: Final = 1 | 1 << ITERATORS | 1 << COUNTERS


class Edge(NamedTuple):
    """A way to another word; the state there is `state & keep | gain`."""

    target: int
    keep: int
    gain: int


class Effect(NamedTuple):
    """What one instruction needs and does to the state."""

    row: Opcode
    needs: int
    edges: tuple[Edge, ...]


def check_code(module: Module) -> None:
    """Check the code on every path.

    Raises:
        SopError: L0205. The code could read a register that holds nothing, jump to no instruction, or leave a savepoint
            open.
    """
    _Checker(module).check()


def states(module: Module) -> list[int]:
    """What registers surely hold before each word of a verified module: bit r for a value in register r, bit
    ITERATORS + r for an iterator, bit COUNTERS + r for a loop's counter or limit; -1 where no path leads."""
    return _Checker(module).check()


def window_sizes(module: Module) -> dict[str, list[int]]:
    """By `window` of an opcode: how many registers each entry of that table makes an instruction read."""
    return {
        "shape": [len(shape) for shape in module.shapes],
        "func": [function.arguments for function in module.functions],
        "call": [len(call.signature.params) for call in module.calls],
        "query": [len(fetch.query.params) for fetch in module.queries],
        "write": [_write_params(write) for write in module.writes],
        "lift": [len(lift.survey.params) for lift in module.lifted],
        "ask": [1 + ask.has_choices + ask.has_default + ask.has_within for ask in module.asks],
    }


def _write_params(write: object) -> int:
    if isinstance(write, Insert):
        return len(write.fields)
    if isinstance(write, InsertQuery):
        return len(write.query.params)
    if isinstance(write, Update | Delete):
        return len(write.params)
    return 1


def operands_of(row: Opcode, a: int, b: int, c: int) -> tuple[int, ...]:
    """The operands in the order of the row's kinds."""
    if row.format == "ABC":
        return a, b, c
    return (a, b) if row.format == "ABX" else (b,)


class _Checker:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.registers = module.registers
        self.words = words(module.code)
        self.windows = window_sizes(module)
        self.tables = {
            "const": len(module.constants),
            "type": len(module.types),
            **{name: len(sizes) for name, sizes in self.windows.items()},
        }
        self.seconds = bytearray(len(self.words) + 1)
        self.handler_at: list[int] = [-1] * len(self.words)

    def check(self) -> list[int]:
        """The state before each word."""
        size = len(self.words)
        if len(self.module.code) != 4 * size or not 0 < size <= MAX_WORDS:
            self.refuse(None, "its length is not that of 1 to 65536 words")
        if not len(self.module.signature.params) <= self.registers <= MAX_REGISTERS:
            self.refuse(None, f"it can't run with {self.registers} registers")
        self.find_pairs()
        effects = [self.effect(pc) for pc in range(size)]
        self.check_handlers()
        return self.follow(effects)

    def refuse(self, pc: int | None, why: str) -> NoReturn:
        place = ""
        if pc is not None:
            row = BY_NUMBER.get(self.words[pc] & 0xFF)
            place = f"at {pc} ({row.name}), " if row else f"at {pc}, "
        raise SopError("L0205", f"the module's code is refused: {place}{why}", "compile the script again")

    # ── one word at a time ──

    def find_pairs(self) -> None:
        for pc, word in enumerate(self.words):
            row = BY_NUMBER.get(word & 0xFF)
            if row is None:
                self.refuse(pc, f"there is no instruction {word & 0xFF}")
            if row.flow == "test":
                follower = BY_NUMBER.get(self.words[pc + 1] & 0xFF) if pc + 1 < len(self.words) else None
                if follower is None or follower.flow != "jump":
                    self.refuse(pc, "no jump follows it")
                self.seconds[pc + 1] = 1

    def effect(self, pc: int) -> Effect:
        """Checks the operands of the word at pc, and says what it needs and does."""
        op, a, b, c = split(self.words[pc], pc)
        row = BY_NUMBER[op]
        operands = operands_of(row, a, b, c)
        needs = writes = gain = ends = 0  # ends: what is gone when the jump is taken
        target = -1
        for kind, value in zip(row.operands, operands, strict=True):
            if kind == "k":
                if value < self.registers:
                    needs |= 1 << value
                elif value - self.registers >= len(self.module.constants):
                    self.refuse(pc, f"there is no constant {value - self.registers}")
            elif kind == "-":
                if value:
                    self.refuse(pc, "an unused operand is not 0")
            elif kind in ("r", "w", "rw"):
                bit = self.bit(pc, value)
                if kind != "w":
                    needs |= bit
                if kind != "r":
                    writes |= bit
                    gain |= bit << ITERATORS if row.effect == "iterator" else bit
            elif kind == "i":
                ends = self.bit(pc, value) << ITERATORS
                needs |= ends
            elif kind == "s":
                needs |= self.window(pc, row, value, operands[-1])
            elif kind == "range":
                hidden, visible = 3 * self.bit(pc, value), self.bit(pc, value + 2)
                counters = hidden << COUNTERS
                if row.flow == "branch":
                    needs, writes, gain, ends = hidden, hidden | visible, counters | visible, counters | visible
                else:
                    needs, ends = counters | visible, counters
            elif kind == "jump":
                target = value
                self.check_target(pc, row, target)
            elif kind == "count":
                if not row.window and value > 1:
                    self.refuse(pc, f"the flag {value} is neither 0 nor 1")
            else:
                self.check_index(pc, row, kind, value)
        self.check_declared(pc, row)
        return Effect(row, needs, self.edges(pc, row, target, Edge(pc + 1, ~(writes * _REGISTER), gain), ends))

    def edges(self, pc: int, row: Opcode, target: int, on: Edge, ends: int) -> tuple[Edge, ...]:
        """Where the instruction may go on. on: to the next word. ends: what is gone once its loop is left."""
        if row.flow == "end":
            return ()
        if row.flow in ("jump", "loop"):
            return (on._replace(target=target),)
        if row.flow == "":
            edges: tuple[Edge, ...] = (on._replace(keep=on.keep & ~ends),)
        elif row.flow == "test":
            _, _, target, _ = split(self.words[pc + 1], pc + 1)
            edges = on._replace(target=pc + 2), Edge(target, ~ends, 0)
        elif row.flow == "branch":
            edges = on, Edge(target, on.keep, on.gain & ~ends)
        else:
            edges = Edge(target, -1, 0), on._replace(keep=~ends)
        if edges[0].target >= len(self.words) or edges[-1].target >= len(self.words):
            self.refuse(pc, "the code could run past its end")
        return edges

    def bit(self, pc: int, register: int) -> int:
        if register >= self.registers:
            self.refuse(pc, f"there is no register {register}")
        return 1 << register

    def window(self, pc: int, row: Opcode, start: int, index: int) -> int:
        """The registers that the `s` operand makes it read."""
        if row.window == "count":
            size = index
        elif index < self.tables[row.window]:
            size = self.windows[row.window][index]
        else:
            self.refuse(pc, f"there is no {row.window} {index}")
        if start + size > self.registers or (size == 0 and start):
            self.refuse(pc, f"registers {start} to {start + size - 1} are not all there")
        return (1 << size) - 1 << start

    def check_index(self, pc: int, row: Opcode, kind: str, index: int) -> None:
        if index >= self.tables[kind]:
            self.refuse(pc, f"there is no {kind} {index}")
        if kind == "const" and row.format == "ABC" and not isinstance(self.module.constants[index].value, str):
            self.refuse(pc, "a field's name is not a text")
        if kind == "query" and (self.module.queries[index].mode == "rows") is not bool(row.effect):
            self.refuse(pc, f"query {index} is not for this instruction")

    def check_target(self, pc: int, row: Opcode, target: int) -> None:
        if not 0 <= target < len(self.words):
            self.refuse(pc, f"it jumps out of the code, to {target}")
        if self.seconds[target]:
            self.refuse(pc, f"it jumps into the middle of an instruction, to {target}")
        if (target <= pc) is not row.flow.startswith("loop"):
            self.refuse(pc, f"it jumps the wrong way, to {target}")

    def check_declared(self, pc: int, row: Opcode) -> None:
        declared = self.module.effects
        allowed = {"commits": declared.commits, "asks": declared.asks, "emits": declared.emits}
        if not allowed.get(row.effect, True):
            self.refuse(pc, "it does what the module's effects leave out")

    # ── handlers ──

    def check_handlers(self) -> None:
        """Ranges within the code and nested, inner ones first; fills handler_at with the innermost at each word."""
        handlers = self.module.handlers
        size = len(self.words)
        if len(handlers) > MAX_HANDLERS:
            self.refuse(None, f"it has more than {MAX_HANDLERS} handlers")
        for number, handler in enumerate(handlers):
            if not 0 <= handler.start < handler.end <= handler.target < size:
                self.refuse(None, f"handler {number} lies outside it")
            if self.seconds[handler.start] or self.seconds[handler.end] or self.seconds[handler.target]:
                self.refuse(None, f"handler {number} splits an instruction")
            if not 0 <= handler.register < self.registers:
                self.refuse(None, f"handler {number} has no register {handler.register}")
            if not 0 <= handler.savepoints <= MAX_SAVEPOINTS:
                self.refuse(None, f"handler {number} can't have {handler.savepoints} savepoints")
            for inner in handlers[:number]:
                apart = inner.end <= handler.start or handler.end <= inner.start
                if not apart and not handler.start <= inner.start < inner.end <= handler.end:
                    self.refuse(None, f"handler {number} is neither around nor beside one before it")
        for number in range(len(handlers) - 1, -1, -1):
            handler = handlers[number]
            self.handler_at[handler.start : handler.end] = [number] * (handler.end - handler.start)

    # ── all paths ──

    def follow(self, effects: list[Effect]) -> list[int]:
        """Propagate states along the edges to a fixed point: the state before each word.

        Words are visited in the code's order, so a loop's body is visited about once for each loop around it. A bound
        on the work stops hostile code.
        """
        size = len(effects)
        states: list[int] = [-1] * size
        depths: list[int] = [0] * size
        waiting = bytearray(size)
        states[0] = (1 << len(self.module.signature.params)) - 1
        waiting[0] = 1
        work = _WORK_PER_WORD * size + _WORK_AT_LEAST
        pc = 0
        while pc >= 0:
            waiting[pc] = 0
            work -= 1
            for target, state, depth in self.step(pc, effects[pc], states[pc], depths[pc]):
                if states[target] < 0:
                    states[target], depths[target] = state, depth
                elif depths[target] != depth:
                    self.refuse(target, "savepoints differ by the path that leads here")
                elif states[target] & ~state:
                    states[target] &= state
                else:
                    continue
                waiting[target] = 1
            if work < 0:
                self.refuse(None, "its jumps are too tangled")
            pc = waiting.find(1, pc + 1)
            if pc < 0:
                pc = waiting.find(1)
        return states

    def step(self, pc: int, effect: Effect, state: int, depth: int) -> list[tuple[int, int, int]]:
        """(target, state, savepoints) along every edge that leaves pc, the one to a handler included."""
        row, needs, edges = effect
        if needs & ~state:
            missing = needs & ~state
            register = ((missing & -missing).bit_length() - 1) % ITERATORS
            self.refuse(pc, f"register {register} does not surely hold what it needs")
        handler = self.module.handlers[self.handler_at[pc]] if self.handler_at[pc] >= 0 else None
        protected = depth > 0 or handler is not None
        if row.effect in ("commits", "asks") and protected:
            self.refuse(pc, "it would end a segment inside a `transaction` or `try`")
        if row.effect == "emits" and protected and self.module.effects.generator:
            self.refuse(pc, "a generator emits inside a `transaction` or `try`")
        if row.flow == "end" and not row.fails and depth:
            self.refuse(pc, f"it leaves {depth} savepoints open")
        after = depth + (row.effect == "savepoint") - (row.effect == "release")
        if not 0 <= after <= MAX_SAVEPOINTS:
            self.refuse(pc, "there is no savepoint to release" if after < 0 else "too many savepoints are open")
        result = [(target, state & keep | gain, after) for target, keep, gain in edges]
        if handler is not None and row.fails:
            if depth < handler.savepoints:
                self.refuse(pc, "its handler expects more open savepoints")
            bit = 1 << handler.register
            result.append((handler.target, state & ~(bit * _REGISTER) | bit, handler.savepoints))
        return result

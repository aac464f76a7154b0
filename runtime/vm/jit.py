"""A hot loop over ints → a Python function that runs it several times as fast.

The machine considers a loop when the loop has used up a slice of fuel. If all instructions are arithmetic, tests and
jumps, they become Python code over local variables; any other loop stays interpreted. The function returns before
anything it does not cover (overflow, division by zero, the loop's end, no fuel), and the machine runs that instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runtime.bytecode.opcodes import BY_NAME
from runtime.vm.script import Instruction, Script

# (registers, fuel) → (pc to go on at, or -1 when a register holds no int, and the fuel left)
LoopFunction = Callable[[list[Any], int], tuple[int, int]]

HOT_LOOP: Final = 256  # stands in the code for a LOOP or FOR_NEXT whose loop has a function; in no module
MAX_INSTRUCTIONS: Final = 200
_NAMES: Final = {row.number: name for name, row in BY_NAME.items()}
_OPERATORS: Final = {"ADD_INT": "+", "SUB_INT": "-", "MUL_INT": "*", "MOD": "%", "INTDIV": "//"}
_TESTS: Final = {"TEST_EQ": "==", "TEST_NE": "!=", "TEST_LT": "<", "TEST_LE": "<="}
_OTHERS: Final = frozenset({"MOVE", "LOAD", "JUMP", "LOOP", "FOR_START", "FOR_NEXT"})


def loop_function(script: Script, tail: int) -> LoopFunction | None:
    """The loop that ends with the LOOP or FOR_NEXT at `tail`; None when it is not one over ints alone."""
    _, _, head, _ = script.code[tail]
    if tail - head > MAX_INSTRUCTIONS:
        return None
    source = _Loop(script, head, tail).source()
    if source is None:
        return None
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<loop at {head} of {script.name}>", "exec"), namespace)
    function: LoopFunction = namespace["loop"]
    return function


class _Loop:
    """Instructions head to tail as Python text, built of nothing but register numbers and ints."""

    def __init__(self, script: Script, head: int, tail: int) -> None:
        # a loop inside that has its function already is written out again as part of this one
        self.code = [instruction[2] if instruction[0] == HOT_LOOP else instruction for instruction in script.code]
        self.head = head
        self.tail = tail
        self.registers = script.module.registers
        self.constants = script.fresh[len(script.fresh) - len(script.module.constants) :]
        self.used: set[int] = set()
        self.set: set[int] = set()

    def source(self) -> str | None:
        """None when an instruction is not covered."""
        starts = self._starts()
        if starts is None:
            return None
        self.blocks = {start: number for number, start in enumerate(starts)}
        # block → whether a jump may pass it by on its way down; only such blocks look where the jump goes
        bodies = []
        for start, end in zip(starts, [*starts[1:], self.tail + 1], strict=True):
            body = self._block(start, end)
            if body is None:
                return None
            bodies.append(body)
        bypassed = self._bypassed(starts)
        lines = ["def loop(registers, fuel):"]
        lines += [f"    r{number} = registers[{number}]" for number in sorted(self.used)]
        kinds = " or ".join(f"type(r{number}) is not int" for number in sorted(self.used))
        if kinds:
            lines.append(f"    if {kinds}: return -1, fuel")
        lines += ["    at = 0", "    while True:"]
        for number, body in enumerate(bodies):
            if number in bypassed:
                lines.append(f"        if at <= {number}:")
            indent = " " * (12 if number in bypassed else 8)
            lines += [indent + line for line in body]
        lines += [f"        pc = {self.tail + 1}", "        break"]
        lines += [f"    registers[{number}] = r{number}" for number in sorted(self.set)]
        return "\n".join([*lines, "    return pc, fuel", ""])

    def _targets(self, pc: int, instruction: Instruction) -> list[int]:
        """Where an instruction may go besides the next one."""
        op, _, b, c = instruction
        name = _NAMES.get(op, "")
        if name in _TESTS:
            return [c, pc + 2]
        return [b] if name in ("JUMP", "LOOP", "FOR_START", "FOR_NEXT") else []

    def _starts(self) -> list[int] | None:
        """First instructions of the basic blocks, in order; None when one is not covered."""
        starts = {self.head}
        pc = self.head
        while pc <= self.tail:
            name = _NAMES.get(self.code[pc][0], "")
            if name not in _OTHERS and name not in _TESTS and name not in _OPERATORS:
                return None
            targets = self._targets(pc, self.code[pc])
            pc += 2 if name in _TESTS else 1
            if targets:
                starts.update(target for target in (*targets, pc) if self.head <= target <= self.tail)
        return sorted(starts)

    def _bypassed(self, starts: list[int]) -> set[int]:
        """Blocks that a jump may skip: those between a jump and its target further down, or at a loop's start."""
        bypassed: set[int] = set()
        for pc in range(self.head, self.tail + 1):
            block = sum(start <= pc for start in starts) - 1
            for target in self._targets(pc, self.code[pc]):
                if self.head <= target <= self.tail:
                    number = self.blocks[target]
                    bypassed.update(range(block + 1, number) if number > block else range(number))
        return bypassed

    def _block(self, start: int, end: int) -> list[str] | None:
        lines: list[str] = []
        pc = start
        while pc < end:
            op, a, b, c = self.code[pc]
            name = _NAMES[op]
            if name in _TESTS:
                left, right = self._value(a), self._value(b)
                if left is None or right is None:
                    return None
                lines += [f"if not {left} {_TESTS[name]} {right}:", *self._go(c)]
                pc += 2
                continue
            statements = self._statements(name, pc, a, b, c)
            if statements is None:
                return None
            lines += statements
            pc += 1
        return lines or ["pass"]

    def _statements(self, name: str, pc: int, a: Any, b: Any, c: Any) -> list[str] | None:
        if name == "JUMP":
            return ["if True:", *self._go(b)]
        if name == "LOOP":
            return self._back(b, c)
        if name == "FOR_START":
            low, high, shown = self._value(a), self._value(a + 1), self._target(a + 2)
            return [f"if {low} > {high}:", *self._go(b), "else:", f"    {shown} = {low}"]
        if name == "FOR_NEXT":
            counter, limit, shown = self._target(a), self._value(a + 1), self._target(a + 2)
            steps = [f"{counter} += 1", f"{shown} = {counter}", *self._back(b, c)]
            return [f"if {counter} < {limit}:", *(f"    {line}" for line in steps)]
        if name == "LOAD":
            return [f"{self._target(a)} = {b!r}"] if type(b) is int else None
        left = self._value(b)
        if name == "MOVE":
            return None if left is None else [f"{self._target(a)} = {left}"]
        right = self._value(c)
        if left is None or right is None:
            return None
        stop = [f"    pc = {pc}", "    break"]
        result = self._target(a)
        if name in ("MOD", "INTDIV"):  # Python rounds otherwise than the language below 0
            odd = f"{left} < 0" if right.strip("()").isdigit() and int(right[1:-1]) else f"{left} < 0 or {right} <= 0"
            return [f"if {odd}:", *stop, f"{result} = {left} {_OPERATORS[name]} {right}"]
        return [f"x = {left} {_OPERATORS[name]} {right}", "if x >> 63 and x >> 63 != -1:", *stop, f"{result} = x"]

    def _go(self, target: int) -> list[str]:
        """Indented lines that leave for a later instruction."""
        if self.head <= target <= self.tail:
            return [f"    at = {self.blocks[target]}"]
        return [f"    pc = {target}", "    break"]

    def _back(self, target: int, cost: int) -> list[str]:
        """Lines that go back to the start of this loop, one inside it or one around it, while there is fuel."""
        if target < self.head:
            return [f"fuel -= {cost}", f"pc = {target}", "break"]
        at = self.blocks[target]
        return [f"fuel -= {cost}", "if fuel < 0:", f"    pc = {target}", "    break", f"at = {at}", "continue"]

    def _value(self, operand: int) -> str | None:
        """A register's variable or a constant; None for one that is no int."""
        if operand < self.registers:
            self.used.add(operand)
            return f"r{operand}"
        constant = self.constants[operand - self.registers]
        return f"({constant})" if type(constant) is int else None

    def _target(self, register: int) -> str:
        self.used.add(register)
        self.set.add(register)
        return f"r{register}"

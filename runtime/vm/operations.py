"""Instructions that work on registers alone: moves, arithmetic, comparison, logic, records, lists, texts, functions."""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any, Final

from runtime.errors import RunError
from runtime.values import operators, value_types
from runtime.values.conversion import convert, to_text
from runtime.values.value_types import TYPE_NAMES
from runtime.vm.frame import Frame
from runtime.vm.machine import Machine
from runtime.vm.table import handles

TEXT_LIMIT: Final = 2**26
_UNSHARED: Final = 3  # references to a value that one register holds: the register, a local, the count's argument


# ── moves, arithmetic, comparison, logic ───────────────────────────────────────────────────────────────────────


@handles("MOVE")
def move(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = frame.registers[b]


@handles("LOAD")
def load(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = b


def _of_one(name: str, operation: Callable[[Any], Any]) -> None:
    @handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
        frame.registers[a] = operation(frame.registers[b])


def _of_two(name: str, operation: Callable[[Any, Any], Any]) -> None:
    @handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
        registers = frame.registers
        registers[a] = operation(registers[b], registers[c])


def _test(name: str, operation: Callable[[Any, Any], bool | None]) -> None:
    @handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
        frame.pc = frame.pc + 1 if operation(frame.registers[a], frame.registers[b]) else c
        return True


for _name, _operation in {
    "ADD_INT": operators.add,
    "SUB_INT": operators.sub,
    "MUL_INT": operators.mul,
    "ADD": operators.add,
    "SUB": operators.sub,
    "MUL": operators.mul,
    "DIV": operators.div,
    "INTDIV": operators.intdiv,
    "MOD": operators.mod,
    "EQ": operators.eq,
    "NE": operators.ne,
    "LT": operators.lt,
    "LE": operators.le,
    "AND": operators.logic_and,
    "OR": operators.logic_or,
}.items():
    _of_two(_name, _operation)
_of_one("NEG", operators.neg)
_of_one("NOT", operators.logic_not)
_of_one("IS_NULL", lambda value: value is None)
_test("TEST_EQ", operators.eq)
_test("TEST_NE", operators.ne)
_test("TEST_LT", operators.lt)
_test("TEST_LE", operators.le)


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────


@handles("FIELD")
def field(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = operators.field(frame.registers[b], c)


def _own(registers: list[Any], a: int, kind: type) -> Any:
    """The list or record in a register, free to change: itself when nothing else holds it, else a copy."""
    value = registers[a]
    if type(value) is not kind:
        raise RunError(
            "V0106",
            f"{value_types.an(value_types.type_name(value))} is not {value_types.an(TYPE_NAMES[kind])} to change",
        )
    return value if getrefcount(value) <= _UNSHARED else kind(value)


@handles("SET_FIELD")
def set_field(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    record = _own(frame.registers, a, dict)
    record[b] = frame.registers[c]
    frame.registers[a] = record


@handles("INDEX")
def index(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    items, at = frame.registers[b], frame.registers[c]
    if items is None or at is None:
        frame.registers[a] = None
    elif type(items) is list and type(at) is int:
        frame.registers[a] = items[at] if 0 <= at < len(items) else None
    elif type(items) is dict and type(at) is str:
        frame.registers[a] = items.get(at)
    else:
        kind, by = value_types.an(value_types.type_name(items)), value_types.an(value_types.type_name(at))
        raise RunError("V0106", f"{kind} can't be indexed with {by}", "a list takes an int from 0, a record a text")


@handles("SET_INDEX")
def set_index(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    registers = frame.registers
    at = registers[b]
    if type(registers[a]) is dict and type(at) is str:
        items = _own(registers, a, dict)
    else:
        items = _own(registers, a, list)
        if type(at) is not int:
            raise RunError("V0106", f"a list can't be indexed with {value_types.an(value_types.type_name(at))}")
        if not 0 <= at < len(items):
            raise RunError("V0111", f"the list has {len(items)} items, so none with index {at}", "indexes go from 0")
    items[at] = registers[c]
    registers[a] = items


@handles("RECORD")
def record(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = dict(zip(c, frame.registers[b], strict=True))


@handles("LIST")
def make_list(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = frame.registers[b]


@handles("APPEND")
def append(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    items = _own(frame.registers, a, list)
    items.append(frame.registers[b])
    frame.registers[a] = items


@handles("TEXT")
def text(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    parts = [to_text(value) for value in frame.registers[b]]
    if sum(map(len, parts)) > TEXT_LIMIT:
        raise RunError("V0108", f"a text grew past {TEXT_LIMIT:,} characters")
    frame.registers[a] = "".join(parts)


@handles("FUNC")
def func(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    arguments = frame.registers[b]
    if not c.nulls and None in arguments:
        frame.registers[a] = None
        return
    try:
        frame.registers[a] = c.python(*arguments)
    except (TypeError, AttributeError) as error:
        kinds = ", ".join(value_types.type_name(argument) for argument in arguments)
        raise RunError("V0106", f"`{c.name}` does not work on ({kinds})") from error


@handles("CONVERT")
def convert_value(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = convert(frame.registers[a], b)


@handles("CLOCK")
def clock(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    now = machine.host.now
    frame.registers[a] = now if b else now.date()

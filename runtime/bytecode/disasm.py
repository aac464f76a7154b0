"""Module → text: a listing made to be read, or one instruction for the tracer.

Everything about an instruction comes from the opcode table.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from runtime.bytecode.codec import module_hash
from runtime.bytecode.decode import instructions
from runtime.bytecode.flow import operands_of, window_sizes
from runtime.bytecode.module import Module, Signature
from runtime.bytecode.opcodes import BY_NUMBER, Opcode
from runtime.bytecode.parts import inlines, stores_of
from runtime.query.algebra import Insert, InsertList, InsertQuery, Query, Update, Write
from runtime.values.constants import Const

MAX_CONST = 40
NONE: Final[Mapping[str, str]] = {}


def disassemble(
    module: Module, *, sql: Callable[[Query | Write], str] | None = None, refused: Mapping[str, str] = NONE
) -> str:
    """Print a module: head, then each step with its sentence, source line and instructions, then tables.

    Args:
        module: A verified module.
        sql: Gives the SQL of a query or write, to show it; None to leave it out.
        refused: Why a database does not let a loop be one statement, by the number of its step.

    Returns:
        Text of lines.
    """
    formatter = Formatter(module)
    return "\n".join([*_head(module), "", *_code(formatter, refused), *_tables(formatter, sql)]) + "\n"


def format_instruction(module: Module, pc: int) -> str:
    """One instruction with its operands resolved: `ADD_INT R2:total, R2:total, 1`."""
    return Formatter(module).instruction(pc)


class Formatter:
    """Instructions of one verified module as text, operands by their kinds, with its names and constants."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.code = instructions(module)
        self.windows = window_sizes(module)

    def instruction(self, pc: int) -> str:
        """The instruction that starts at pc; of a test, the JUMP after it is shown as its `else`."""
        op, a, b, c = self.code[pc]
        row = BY_NUMBER[op]
        kinds = row.operands if row.flow != "test" else row.operands[:2]
        shown = [
            self.operand(row, kind, value, c)
            for kind, value in zip(kinds, operands_of(row, a, b, c), strict=False)
            if kind != "-" and not (kind == "count" and row.window)
        ]
        if row.flow == "test":
            shown.append(f"else →{c}")
        return f"{row.name:<13} {', '.join(shown)}".rstrip()

    def operand(self, row: Opcode, kind: str, value: int, last: int) -> str:
        module = self.module
        if kind in ("r", "w", "rw", "i"):
            return self.register(value)
        if kind == "k":
            if value < module.registers:
                return self.register(value)
            return const_text(module.constants[value - module.registers])
        if kind == "s":
            count = last if row.window == "count" else self.windows[row.window][last]
            return "[" + ", ".join(self.register(value + offset) for offset in range(count)) + "]"
        if kind == "range":
            return f"{self.register(value)}…{self.register(value + 2)}"
        if kind == "jump":
            return f"→{value}"
        if kind == "const":
            const = module.constants[value]
            return f".{const.value}" if row.format == "ABC" else const_text(const)
        if kind == "shape":
            return "{" + ", ".join(module.shapes[value]) + "}"
        if kind == "type":
            return str(module.types[value])
        if kind == "func":
            return module.functions[value].name
        if kind == "call":
            return f"call {module.calls[value].signature.name}"
        if kind == "query":
            return f"Q{value}"
        if kind == "write":
            return f"W{value}"
        if kind == "lift":
            return f"L{value}"
        if kind == "ask":
            return f"for {module.asks[value].type}"
        return str(value)

    def register(self, number: int) -> str:
        names = self.module.debug.registers
        name = names[number] if number < len(names) else ""
        return f"R{number}:{name}" if name else f"R{number}"


def const_text(const: Const, most: int = MAX_CONST) -> str:
    """A constant as its literal, cut after `most` characters."""
    value, name = const.value, const.type.name
    if name in ("date", "timestamp") and value is not None:
        text = f'{name} "{value}"'
    elif name == "duration" and value is not None:
        text = f"{value} seconds"
    elif name == "decimal" and value is not None:
        text = str(value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"


def _default_text(default: Const | tuple[Const, ...]) -> str:
    if isinstance(default, tuple):
        return f"[{', '.join(const_text(item, 1000) for item in default)}]"
    return const_text(default, 1000)


def signature_text(signature: Signature) -> str:
    """The head of a script, as the language writes it."""
    params = []
    for param in signature.params:
        default = "" if param.default is None else f" = {_default_text(param.default)}"
        params.append(f"{param.name}: {param.type}{' secret' if param.secret else ''}{default}")
    text = f"script {signature.name}({', '.join(params)})"
    if signature.uses not in ((), ("main",)):
        text += f" uses {', '.join(signature.uses)}"
    if signature.returns.name != "null":
        text += f" -> {signature.returns}"
    return text + (f" emits {signature.emits}" if signature.emits is not None else "")


def _head(module: Module) -> Iterator[str]:
    yield signature_text(module.signature)
    if module.doc:
        yield f'  "{module.doc}"'
    size = len(module.code) // 4
    yield f"  {module_hash(module)}: {size} words, {module.registers} registers, {len(module.constants)} constants"
    yield from (f"  {line}" for line in module.effects.lines())


def _code(formatter: Formatter, refused: Mapping[str, str]) -> Iterator[str]:
    """Instructions under the step they belong to; a step is named again when the code comes back to it."""
    debug = formatter.module.debug
    starts = [position.pc for position in debug.positions]
    shown: tuple[int, int | None] = (-1, None)
    notes = {note.step: note.why or refused.get(note.step, "") for note in debug.loops}
    skip = False
    for pc, (op, *_) in enumerate(formatter.code):
        index = bisect_right(starts, pc) - 1
        if index >= 0 and debug.positions[index].step != shown[0]:
            step = debug.steps[debug.positions[index].step]
            if step.sentence not in (None, shown[1]) and 1 <= step.sentence <= len(debug.sentences):
                yield f"# {step.sentence}. {debug.sentences[step.sentence - 1]}"
            shown = debug.positions[index].step, step.sentence
            yield f"{step.path:<6} {step.text}"
            if step.path in notes:
                yield f"       {loop_text(notes.pop(step.path))}"
        if not skip:
            yield f"{pc:>9}  {formatter.instruction(pc)}"
        skip = BY_NUMBER[op].flow == "test"


def loop_text(why: str) -> str:
    """What is said of a loop. why: of its LoopNote."""
    return f"# row by row: {why}" if why else "# as one statement, where nothing fails"


def _tables(formatter: Formatter, sql: Callable[[Query | Write], str] | None) -> Iterator[str]:
    module = formatter.module
    if module.queries or module.writes:
        yield ""
    for number, fetch in enumerate(module.queries):
        stores = ", ".join(dict.fromkeys(stores_of(fetch.query)))
        columns = ", ".join(name for name, _ in fetch.query.columns)
        yield f"Q{number}  {fetch.mode} of {stores}: {columns}"
        if sql is not None:
            yield from _indented(sql(fetch.query))
    for number, write in enumerate(module.writes):
        yield f"W{number}  {write_text(write)}"
        if sql is not None:
            yield from _indented(sql(write))
    for number, lift in enumerate(module.lifted):
        columns = ", ".join(name for name, _ in lift.survey.columns)
        stores = ", ".join(dict.fromkeys(stores_of(lift.survey)))
        done = "" if lift.write is None else f"; then {write_text(lift.write)}"
        yield f"L{number}  survey of {stores}: {columns}{done}"
        if sql is not None and not inlines(lift.survey):
            yield from _indented(sql(lift.survey))
            yield from _indented(sql(lift.write)) if lift.write is not None else ()
    if module.handlers:
        yield ""
    for handler in module.handlers:
        line = f"errors at {handler.start} to {handler.end - 1} go to →{handler.target}"
        line += f", the error in {formatter.register(handler.register)}"
        yield line + (f", {handler.savepoints} savepoints left open" if handler.savepoints else "")


def write_text(write: Write) -> str:
    """`insert into inventory.reorders (item_id, quantity)`."""
    store = f"{write.database}.{write.store}"
    if isinstance(write, Insert | InsertQuery | InsertList):
        verb = "upsert" if isinstance(write, Insert) and write.keys else "insert"
        source = {Insert: "", InsertQuery: " from a query", InsertList: " from a list"}[type(write)]
        return f"{verb} into {store} ({', '.join(write.fields)}){source}"
    if isinstance(write, Update):
        return f"update {store}: {', '.join(name for name, _ in write.assignments)}"
    return f"delete from {store}"


def _indented(text: str) -> Iterator[str]:
    return (f"      {line}" for line in text.splitlines())

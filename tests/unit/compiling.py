"""DSL text → modules, checked against a small schema, for tests of what the compiler makes."""

from __future__ import annotations

from typing import Any

from runtime.bytecode.codec import decode, encode
from runtime.bytecode.disasm import format_instruction
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import INT, TEXT, decimal_of
from sopc.checker.program import check
from sopc.codegen.lower import lower
from sopc.source import Source
from sopc.syntax.parse import parse
from tests.listing import listing

SCHEMA = Schema(
    {
        "items": Store(
            "items",
            (
                Field("id", INT),
                Field("name", TEXT),
                Field("quantity", INT.or_null()),
                Field("price", decimal_of(10, 2)),
            ),
            primary_key=("id",),
            unique=(("id",),),
        ),
        "log": Store("log", (Field("id", INT, has_default=True), Field("message", TEXT)), primary_key=("id",)),
    }
)


def compiled(text: str, name: str = "test.sop", sentences: tuple[str, ...] = ()) -> list[Module]:
    """The modules of a file, each written, read back and so verified."""
    source = Source(name, text)
    file = parse(source)
    program = check(file, source, {"main": SCHEMA}, lambda name: None)
    return [decode(encode(module)) for module in lower(program, source, file, sentences)]


def module_of(text: str) -> Module:
    """The last script of a file."""
    return compiled(text)[-1]


def body(*steps: str, head: str = "script s(n: int, m: int?, t: text)") -> Module:
    """A script of these steps."""
    return module_of("\n".join([head, *steps, "end\n"]))


def shown(module: Module) -> str:
    """The code as a listing shows it, one instruction a line, each line `pc NAME operands`."""
    lines = []
    for pc, line in enumerate(listing(module).splitlines()):
        if pc and BY_NUMBER[module.code[4 * pc - 4]].flow == "test":
            continue
        lines.append(f"{pc} {' '.join(format_instruction(module, pc).split())}")
        assert line
    return "\n".join(lines)


def without_spans(value: Any) -> Any:
    """The data of a tree, without the places of its nodes."""
    if isinstance(value, dict):
        return {key: without_spans(inner) for key, inner in value.items() if key != "span"}
    if isinstance(value, list | tuple):
        return [without_spans(inner) for inner in value]
    return value

"""Modules that end a segment where none may end, which the compiler refuses: V0207 at run time, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from runtime.bytecode.decode import instructions, join, words
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NAME
from runtime.library.store import Library
from tests.engines import SQLITE
from tests.harness import compile_text, execute, read_schema, store


def altered(module: Module, change: Callable[[list[int], dict[str, int]], None]) -> Module:
    """The module after a change of its words; the change gets the place of each instruction by its name."""
    code = list(words(module.code))
    numbers = {row.number: name for name, row in BY_NAME.items()}
    places = {numbers[op]: pc for pc, (op, *_) in enumerate(instructions(module))}
    change(code, places)
    return replace(module, code=b"".join(word.to_bytes(4, "little") for word in code))


def skip_commit(code: list[int], places: dict[str, int]) -> None:
    at = places["COMMIT"]
    code[at] = join(BY_NAME["JUMP"], at, [at + 1])


def ended(folder: Path, text: str, change: Callable[[list[int], dict[str, int]], None]) -> str:
    """The code of the error that the altered script ends with."""
    place = folder / "main.db"
    SQLITE.script(place, "create table log (n integer)")
    (module,) = compile_text(text, read_schema(place))
    with Library.open(folder / "home") as library:
        store(library, [altered(module, change)])
        raw, code = execute(library, "test", place)
    lines = [json.loads(line) for line in raw.splitlines()]
    assert code == 1 and lines[-1]["status"] == "failed", raw
    assert SQLITE.rows(place, "select count(*) from log") == [[0]]
    (error,) = [line["result"] for line in lines if line["type"] == "error"]
    return f"{error['code']}: {error['message']}"


def test_a_question_after_writes_that_are_not_committed(tmp_path: Path) -> None:
    steps = ("insert into log {n: 1}", "for each i in 1 to 3 do insert into log {n: i} end", "delete from log")
    for number, step in enumerate(steps):
        text = f'script test()\n  {step}\n  commit\n  ask "Go on?" into ok: bool\nend\n'
        (tmp_path / str(number)).mkdir()
        assert ended(tmp_path / str(number), text, skip_commit).startswith("V0207: `ask` comes after writes")

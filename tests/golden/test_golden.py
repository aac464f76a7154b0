"""Every folder beside this file holds one program at every stage: english.txt (or none), program.sop, tree.json,
disasm.txt, output.jsonl. Each stage gives the next file; `--update-golden` rewrites all but the first.

The scripts see the tables of tests/language/schema.sql; the last script of the file is run.
"""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from runtime.bytecode.disasm import disassemble
from runtime.library.store import Library
from runtime.query.schema import Schema
from sopc.english.lock import split_sop
from sopc.source import Source
from sopc.syntax.parse import parse
from sopc.tree.nodes import File
from tests.commands import Place
from tests.harness import SCHEMA, compile_text, execute, make_database, store

CASES = sorted(
    path
    for path in Path(__file__).parent.iterdir()
    if (path / "english.txt").exists() or (path / "program.sop").exists()
)


class Golden:
    """A case's folder. check: compare a stage's text with its file, or write it there."""

    def __init__(self, folder: Path, update: bool) -> None:
        self.folder = folder
        self.update = update

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def check(self, name: str, text: str) -> None:
        if self.update:
            (self.folder / name).write_text(text, encoding="utf-8")
        assert text == self.read(name)


@pytest.fixture(params=CASES, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.param, request.config.getoption("--update-golden"))


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    return make_database(tmp_path / "main.db")


def test_english_gives_the_program(golden: Golden, tmp_path: Path) -> None:
    text = golden.folder / "english.txt"
    if not text.exists():
        return
    place = Place(tmp_path)
    place.sql(SCHEMA.read_text(encoding="utf-8"))
    name = golden.folder.name
    place.write(f"{name}.txt", text.read_text(encoding="utf-8"))
    place.ok("sopc", "compile", f"{name}.txt", "--translator", "patterns", "--yes")
    program = (tmp_path / f"{name}.sop").read_text(encoding="utf-8")
    golden.check("program.sop", re.sub(r"^# when: .*$", "# when: 2026-01-01T00:00:00Z", program, flags=re.MULTILINE))


def test_the_program_gives_the_tree(golden: Golden) -> None:
    tree = parse(Source("program.sop", golden.read("program.sop")))
    golden.check("tree.json", json.dumps(_bare(json.loads(tree.model_dump_json(by_alias=True))), indent=1) + "\n")
    File.model_validate_json(golden.read("tree.json"))


def test_the_program_gives_the_bytecode(golden: Golden, schema: Schema) -> None:
    modules = compile_text(golden.read("program.sop"), schema, "program.sop")
    golden.check("disasm.txt", "\n".join(disassemble(module, sql=None).rstrip("\n") + "\n" for module in modules))


def test_the_bytecode_gives_the_output(golden: Golden, schema: Schema, tmp_path: Path) -> None:
    modules = compile_text(golden.read("program.sop"), schema, "program.sop")
    with Library.open(tmp_path / "home") as library:
        store(library, modules)
        raw, _ = execute(library, modules[-1].signature.name, tmp_path / "main.db")
    golden.check("output.jsonl", "".join(_steady(line) + "\n" for line in raw.decode().splitlines()))


def test_the_program_has_the_sentences_it_names(golden: Golden) -> None:
    program = golden.read("program.sop")
    header, _ = split_sop(program)
    named = {int(number) for number in re.findall(r"^\s*@(\d+)", program, re.MULTILINE)}
    assert named <= set(range(1, len(header.sentences) + 1 if header else 1))


def test_the_schema_is_one_sqlite_reads(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "check.db")
    connection.executescript(SCHEMA.read_text(encoding="utf-8"))
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def _bare(tree: Any) -> Any:
    """The tree without spans and without nulls, for reading."""
    if isinstance(tree, dict):
        return {key: _bare(value) for key, value in tree.items() if key != "span" and value is not None}
    return [_bare(item) for item in tree] if isinstance(tree, list) else tree


def _steady(line: str) -> str:
    """A line of the output without what differs from run to run."""
    line = re.sub(r'"run":"[^"]*"', '"run":"…"', line)
    return re.sub(r'"ms":[0-9.]+', '"ms":0', line)

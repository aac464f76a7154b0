"""Constructions of English over two schemas and their renamed variants: the rows that answer each question."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.english.judge import rows_of, same_rows
from runtime.query.schema import Schema
from sopc import pipeline
from sopc.context import Context
from sopc.english.patterns.finish import Unqualifier
from sopc.english.reading.reader import HIGH, LOW, MARGIN, Read, Reader
from sopc.listener import ProgressListener
from sopc.syntax.format import format_script
from sopc.tree import nodes
from sopc.workflow.sampler import sampler_of
from tests.sandbox import Sandbox

SETS: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "constructions.toml").read_text("utf-8"))
CASES = [
    pytest.param(name, is_renamed, case, id=f"{name}{' renamed' if is_renamed else ''}: {case['says']} = {case['sql']}")
    for name, each in SETS.items()
    for is_renamed in (False, True)
    for case in each["case"]
]
Answering = Callable[[str, bool], tuple[Reader, Schema, Sandbox, Path]]


def renamed(text: str, words: Mapping[str, str]) -> str:
    """A text in other words, singular or plural; those in names too."""

    def other(found: re.Match[str]) -> str:
        word = words[found[0].lower()]
        return word.capitalize() if found[0][0].isupper() else word

    return re.sub("|".join(words), other, text, flags=re.IGNORECASE) if words else text


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    """Makes the reader, the schema, the sandbox and the database of a set, once."""
    made: dict[tuple[str, bool], tuple[Reader, Schema, Sandbox, Path]] = {}
    opened = ExitStack()

    def of(name: str, is_renamed: bool) -> tuple[Reader, Schema, Sandbox, Path]:
        if (name, is_renamed) not in made:
            folder = tmp_path_factory.mktemp(name)
            data = SETS[name]["data"]
            with closing(sqlite3.connect(folder / "main.db")) as connection:
                connection.executescript(renamed(data, SETS[name]["renamed"]) if is_renamed else data)
            sandbox = opened.enter_context(Sandbox(folder, {"main": "sqlite:///main.db"}))
            context = opened.enter_context(Context(sandbox.config, sandbox.library))
            sampler = sampler_of(context, ProgressListener())
            schemas = pipeline.usable_schemas(context)
            reader = Reader(schemas, sampler, sampler.examples, sampler.holds_flags)
            made[name, is_renamed] = reader, schemas["main"], sandbox, folder / "main.db"
        return made[name, is_renamed]

    with opened:
        yield of


def rows(one: Read, schema: Schema, sandbox: Sandbox) -> list[tuple[Any, ...]]:
    """What a reading shows, run as a script."""
    unqualifier = Unqualifier(lambda origin: schema.stores.get(origin.store), frozenset())
    script = nodes.Script(name="shown", steps=unqualifier.steps((nodes.Emit(query=one.query),)))
    sandbox.compile(format_script(script), "shown.sop")
    lines = sandbox.run("shown").lines
    assert lines[-1]["status"] == "ok"
    return [tuple(line["result"].values()) for line in lines if line["type"] == "record"]


@pytest.mark.parametrize(("name", "is_renamed", "case"), CASES)
def test_what_a_question_is_answered_with(
    name: str, is_renamed: bool, case: Mapping[str, Any], answering: Answering
) -> None:
    reader, schema, sandbox, database = answering(name, is_renamed)
    words = SETS[name]["renamed"] if is_renamed else {}
    says, sql = (renamed(case[one], words) if is_renamed else case[one] for one in ("says", "sql"))
    found = [one for one in reader.read(says) if one.cost < HIGH]
    assert found
    near = [one for one in found if one.cost - found[0].cost < MARGIN]
    wanted = rows_of(database, sql)
    offered = [same_rows(rows(one, schema, sandbox), wanted, ordered="order by" in sql) for one in near]
    assert any(offered)
    assert (len(near) > 1 or found[0].cost >= LOW) is case.get("asked", False)

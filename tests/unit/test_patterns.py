"""English without a model: a sentence gives what the same question in SQL gives, and again with all names renamed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sopc import demo, pipeline
from sopc.context import Context
from sopc.english.patterns.grammar import grammar
from sopc.english.patterns.words import LABELS
from sopc.source import Source
from sopc.testing import Bench
from tests.unit.english import cases
from tests.unit.english.cases import Case
from tests.unit.english.imported_cases import IMPORTED
from tests.unit.english.renaming import Renaming

CASES = (*cases.CASES, *IMPORTED)
SEEDS = (0, 1, 2)  # 0: names as they are
HERE = Path(__file__).parent / "english"


def schema_sql(schema: str) -> str:
    folder = Path(demo.__file__).parent if schema == "hr" else HERE
    return (folder / f"{schema}.sql").read_text(encoding="utf-8")


class Desk:
    """A schema, renamed by a seed: asks English of it through the whole pipe, and SQL of the data directly."""

    def __init__(self, folder: Path, schema: str, seed: int) -> None:
        plain = schema_sql(schema)
        kept = LABELS if schema == "imported" else frozenset()  # a "buyer name" is what buyers are called by
        self.rename = Renaming(plain, seed, frozenset(grammar().words), kept) if seed else lambda text: text
        self.folder = folder
        make(folder / "fresh.db", self.rename(plain))
        self.bench = Bench(folder, {"main": "sqlite:///main.db"})

    def run(self, english: str) -> Any:
        """On fresh data."""
        for old in self.folder.glob("main.db*"):
            old.unlink()
        shutil.copy(self.folder / "fresh.db", self.folder / "main.db")
        with Context(self.bench.config, self.bench.library) as context:
            draft = pipeline.draft(Source("asked.txt", self.rename(english)), context, "patterns")
        self.bench.compile(draft.sop_text, "asked.sop")
        return self.bench.run("asked")

    def ask_sql(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.folder / 'fresh.db'}?mode=ro", uri=True) as connection:
            rows = connection.execute(self.rename(sql)).fetchall()
        connection.close()
        return [plain(row) for row in rows]

    def dump_after(self, sql: str) -> list[str]:
        other = self.folder / "other.db"
        shutil.copy(self.folder / "fresh.db", other)
        with sqlite3.connect(other) as connection:
            connection.executescript(self.rename(sql))
        connection.close()
        return dump(other)


def make(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(sql)
    connection.close()


def dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        lines = [line for line in connection.iterdump() if line.startswith("INSERT")]
    connection.close()
    return lines


def plain(row: Any) -> tuple[Any, ...]:
    """Values as both sides can write them: rounded numbers, booleans as 0 and 1."""
    return tuple(round(float(value), 4) if isinstance(value, bool | int | float) else value for value in row)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, int], Desk]]:
    made = {
        (schema, seed): Desk(tmp_path_factory.mktemp(f"{schema}{seed}"), schema, seed)
        for schema in sorted({case.schema for case in CASES})
        for seed in SEEDS
    }
    yield made
    for desk in made.values():
        desk.bench.library.close()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.english[:60])
def test_a_sentence_gives_what_its_sql_gives(case: Case, seed: int, desks: dict[tuple[str, int], Desk]) -> None:
    desk = desks[case.schema, seed]
    ran = desk.run(case.english)
    assert ran.exit_code == 0, ran.lines
    if case.kind == "effect":
        assert dump(desk.folder / "main.db") == desk.dump_after(case.sql)
        return
    wanted = desk.ask_sql(case.sql)
    if case.kind == "result":
        assert [plain([ran.result])] == wanted
    elif case.kind == "says":
        assert [(line["result"],) for line in ran.lines if line["type"] == "say"] == wanted
    else:
        got = [plain(record.values()) for record in ran.records]
        assert got == wanted if case.ordered else sorted(got, key=repr) == sorted(wanted, key=repr)

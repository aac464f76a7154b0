"""Folders of files: they are read as an import reads them, and a broken file breaks only its own store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.errors import DatabaseError
from runtime.files import profile as profiles
from runtime.files.load import list_stores
from runtime.library.store import Library
from sopc.diagnostics import CompileError
from tests.campaigns import import_and_folder
from tests.harness import compile_text, execute, store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(profiles, "_known", {})
    (tmp_path / "files").mkdir()
    return tmp_path / "cache"


def opened(folder: Path) -> Any:
    return connect(f"files:///{folder}/files", name="main", base=folder)


def emitted(folder: Path, text: str) -> list[Any]:
    """What a script of one step emits, or its error."""
    database = opened(folder)
    schema = database.schema()
    database.close()
    with Library.open(folder / "home") as library:
        store(library, compile_text(f"script test()\n  {text}\nend", schema))
        raw, _ = execute(library, "test", f"files:///{folder}/files")
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    return [line["result"] for line in lines if line["type"] in ("record", "error")]


def types(folder: Path, name: str) -> dict[str, str]:
    database = opened(folder)
    try:
        return {field.name: str(field.type) for field in database.schema().stores[name].fields}
    finally:
        database.close()


def test_generated_files_are_read_alike_by_import_and_folder() -> None:
    assert list(import_and_folder.differences("test", 200)) == []


def test_a_line_that_looks_like_a_comment_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "files/shops.csv").write_text("name,total\nAnn,5\n#2 Shop,n/a\nBen,7\n")
    assert [row["name"] for row in emitted(tmp_path, "emit from shops")] == ["Ann", "#2 Shop", "Ben"]


@pytest.mark.parametrize(
    "late, type_, last",
    [("1.5", "float?", 1.5), ("1_000", "text?", "1_000"), ("0x10", "text?", "0x10"), ("007", "text?", "007")],
)
def test_a_late_value_counts_as_an_early_one(late: str, type_: str, last: Any, tmp_path: Path) -> None:
    lines = 150_000
    (tmp_path / "files/late.csv").write_text(
        "n,v\n" + "".join(f"{n},{n}\n" for n in range(lines)) + f"{lines},{late}\n"
    )
    assert types(tmp_path, "late") == {"n": "int?", "v": type_}
    assert emitted(tmp_path, f"emit from late where n = {lines} select v") == [{"v": last}]


def test_a_late_value_counts_in_ndjson_too(tmp_path: Path) -> None:
    (tmp_path / "files/late.ndjson").write_text('{"v":1}\n' * 150_000 + '{"v":1.5}\n')
    assert emitted(tmp_path, "emit from late where v > 1 select v") == [{"v": 1.5}]


@pytest.mark.parametrize(
    "value", ["3-1-2", "12/5/3", "inf", "9:05:00", "10:00:00.500", "4AC7A9E9-607C-4C8A-84F3-843F0191E3FD"]
)
@pytest.mark.parametrize("ending", [".csv", ".ndjson"])
def test_a_text_stays_as_it_is(ending: str, value: str, tmp_path: Path) -> None:
    text = f"v,n\n{value},1\n" if ending == ".csv" else json.dumps({"v": value, "n": 1}) + "\n"
    (tmp_path / f"files/texts{ending}").write_text(text)
    assert emitted(tmp_path, "emit from texts select v") == [{"v": value}]


def test_ndjson_of_many_names_has_them_all(tmp_path: Path) -> None:
    (tmp_path / "files/wide.ndjson").write_text("".join(json.dumps({f"k{n}": n}) + "\n" for n in range(250)))
    assert len(types(tmp_path, "wide")) == 250


def test_a_moment_with_a_zone_of_parquet_is_a_timestamp(tmp_path: Path) -> None:
    moment = "TIMESTAMPTZ '2026-01-31 10:00:00.5+02'"
    duckdb.sql(f"COPY (SELECT CAST({moment} AS TIMESTAMPTZ_NS) AS t) TO '{tmp_path}/files/p.parquet'")
    assert types(tmp_path, "p") == {"t": "timestamp?"}
    assert emitted(tmp_path, "emit from p select t, t + 1 days as u") == [
        {"t": "2026-01-31T08:00:00.500000Z", "u": "2026-02-01T08:00:00.500000Z"}
    ]


@pytest.mark.parametrize(
    "expression, value", [("text(f)", "1.5"), ("int(g)", 2), ("text(ok)", "true"), ("text(t)", "2026-01-31T15:30:00Z")]
)
def test_a_value_is_worked_with_as_its_type_not_as_its_text(expression: str, value: Any, tmp_path: Path) -> None:
    """DuckDB's optimizer lets the reader of CSV make the wanted type of the text, which is not always the same."""
    (tmp_path / "files/v.csv").write_text("f,g,ok,t\n1.50,2.5,TRUE,2026-01-31 04:00:00-11:30\n")
    assert emitted(tmp_path, f"emit from v select {expression} as v") == [{"v": value}]


# ── broken files ───────────────────────────────────────────────────────────────────────────────────────────────

BROKEN = {
    "short.csv": (b"a,b\n1,2\n3\n", "D0503", "line 3"),
    "open.csv": (b'a,b\n1,2\n3,"x\n', "D0503", "line 3"),
    "latin.csv": (b"a,b\n1,\xe9\n", "D0503", "line 2"),
    "wide.csv": ("a,b\n1,2\n".encode("utf-16"), "D0502", "UTF-16"),
    "cut.ndjson": (b'{"a":1}\n{"a":', "D0503", "line 2"),
    "twice.ndjson": (b'{"a":1}\n{"a":1,"a":2}\n', "D0503", "line 2: `a` is given twice"),
    "large.ndjson": (b'{"a":1}\n{"a":1e400}\n', "D0503", "line 2"),
    "empty.ndjson": (b"", "D0504", "no record"),
    "junk.parquet": (b"junk", "D0107", "junk.parquet"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_breaks_its_own_store_only(name: str, tmp_path: Path) -> None:
    content, code, said = BROKEN[name]
    (tmp_path / "files" / name).write_bytes(content)
    (tmp_path / "files/good.csv").write_text("a\n1\n")
    broken = Path(name).stem
    database = opened(tmp_path)
    assert [info.name for info in list_stores(database)] == ["good"]
    database.close()
    assert emitted(tmp_path, "emit from good") == [{"a": 1}]
    with pytest.raises(CompileError) as raised:
        emitted(tmp_path, f"emit from {broken}")
    (finding,) = raised.value.diagnostics
    assert finding.code == code and name in finding.message and said in finding.message


def test_a_file_that_broke_after_compiling_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "files/v.csv"
    path.write_text("a,b\n1,2\n")
    database = opened(tmp_path)
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text("script test()\n  emit from v\nend", database.schema()))
        database.close()
        path.write_text("a,b\n1,2\n3\n")
        with pytest.raises(DatabaseError, match="line 3") as raised:
            execute(library, "test", f"files:///{tmp_path}/files")
    assert raised.value.code == "D0503"


def test_a_file_that_changes_while_it_is_open_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "files/v.csv"
    path.write_text("a,b\n1,2\n")
    database = opened(tmp_path)
    try:
        path.write_text("a,b\n1,2\nx,3\n")
        with pytest.raises(DatabaseError, match=r"v\.csv, line 3") as raised:
            database.count_rows("v") and database._connections.all('SELECT sum(a) FROM "memory"."main"."v"')
        assert raised.value.code == "D0203"
    finally:
        database.close()


def test_two_files_of_one_store_break_that_store_only(tmp_path: Path) -> None:
    for name in ("v.csv", "V.tsv", "good.csv"):
        (tmp_path / "files" / name).write_text("a\n1\n")
    database = opened(tmp_path)
    schema = database.schema()
    database.close()
    assert list(schema.stores) == ["good"] and [each.code for each in schema.broken.values()] == ["D0110"]


# ── what is remembered ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_survey_is_remembered_until_size_or_time_change(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "files/v.csv"
    made: list[Path] = []
    make = profiles._made
    monkeypatch.setattr(profiles, "_made", lambda path: made.append(path) or make(path))  # type: ignore[func-returns-value]

    def look(seconds: int, text: str) -> str:
        path.write_text(text)
        os.utime(path, (seconds, seconds))
        return str(profiles.profile(path).fields[0].type)

    assert look(1_000_000, "a\n1\n") == "int?" and len(made) == 1
    assert look(1_000_000, "a\n2\n") == "int?" and len(made) == 1
    profiles._known.clear()  # as in another process
    assert look(1_000_000, "a\n2\n") == "int?" and len(made) == 1
    assert look(1_000_001, "a\nx\n") == "text?" and len(made) == 2
    assert look(1_000_001, "a\n1.5\n") == "float?" and len(made) == 3
    (kept,) = (cache / "sopc/files").iterdir()
    kept.write_bytes(b"damaged")
    profiles._known.clear()
    assert look(1_000_001, "a\n1.5\n") == "float?" and len(made) == 4


def test_a_file_that_changed_just_now_is_not_remembered(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "files/v.csv"
    path.write_text("a\n1\n")
    profiles.profile(path)
    assert not profiles._known and not cache.exists()

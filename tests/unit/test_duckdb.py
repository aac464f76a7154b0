"""DuckDB files as a run sees them: results side by side, transactions, other programs, limits; folders of files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.duckdb.database import DuckDBDatabase
from runtime.databases.duckdb.functions import MACROS, SQL_FUNCTIONS, macro_sql, macros_in
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.library.store import Library
from runtime.query.algebra import Column, Insert, Query, Scan
from runtime.values.functions import FUNCTIONS
from runtime.values.types import INT, TEXT
from sopc.diagnostics import CompileError
from tests.engines import ENGINES
from tests.harness import compile_text, exact, execute, store

DUCKDB = ENGINES["duckdb"]
ROWS = 10_000
ALL = Query("main", Scan(1, "main", "numbers"), (("n", Column(1, "n", INT)),), ())
ADD = Insert("main", "numbers", ("n",), (INT,))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "main.duckdb"
    DUCKDB.script(place, f"CREATE TABLE numbers (n BIGINT NOT NULL); INSERT INTO numbers FROM range({ROWS})")
    return place


@contextmanager
def opened(file: Path, **options: Any) -> Iterator[DuckDBDatabase]:
    database = DuckDBDatabase(file, name="main", **options)
    try:
        yield database
    finally:
        database.close()


def numbers(batches: Iterator[list[Any]]) -> list[int]:
    return [row[0] for batch in batches for row in batch]


def refusal(work: Any) -> SopError:
    with pytest.raises(SopError) as raised:
        work()
    return raised.value


# ── results side by side ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("write", [False, True])
def test_results_are_read_side_by_side(file: Path, write: bool) -> None:
    with opened(file) as database:
        database.begin(write=write)
        statement = database.prepare(ALL)
        outer = database.query(statement, ())
        first = next(outer)
        inner = numbers(database.query(statement, ()))
        assert first + [(n,) for n in numbers(outer)] == [(n,) for n in range(ROWS)]
        assert inner == list(range(ROWS))
        database.commit()


def test_an_open_result_does_not_see_what_is_written_meanwhile(file: Path) -> None:
    with opened(file) as database:
        database.begin(write=True)
        statement, insert = database.prepare(ALL), database.prepare(ADD)
        rows = database.query(statement, ())
        next(rows)
        database.execute_many(insert, [[-1], [-2]])
        assert numbers(rows) == list(range(1, ROWS))
        assert numbers(database.query(statement, ()))[-2:] == [-1, -2]
        database.rollback()


def test_a_spool_outlives_the_segment(file: Path) -> None:
    with opened(file) as database:
        database.begin(write=True)
        spool = database.spool(database.prepare(ALL), ())
        database.execute_many(database.prepare(ADD), [[-1]])
        database.commit()
        database.begin(write=True)
        assert numbers(spool.batches(ROWS - 3)) == [ROWS - 3, ROWS - 2, ROWS - 1]
        database.rollback()
        spool.drop()


# ── transactions and other programs ────────────────────────────────────────────────────────────────────────────


def test_a_rollback_undoes_and_a_commit_keeps(file: Path) -> None:
    with opened(file) as database:
        insert = database.prepare(ADD)
        for end in (database.rollback, database.commit):
            database.begin(write=True)
            database.execute_many(insert, [[-1]])
            end()
    assert DUCKDB.rows(file, "SELECT count(*) FROM numbers WHERE n < 0") == [[1]]


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_file_that_another_program_writes_is_told(file: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdin is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        error = refusal(lambda: DuckDBDatabase(file, name="hr", busy=0.1))
        assert error.code == "D0401" and "`hr`" in error.message
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


def test_writers_of_one_program_take_turns(file: Path) -> None:
    with opened(file, busy=0.1) as one:
        one.begin(write=True)
        with opened(file, busy=0.1) as other:
            assert refusal(lambda: other.begin(write=True)).code == "D0401"
            one.commit()
            other.begin(write=True)
            other.execute_many(other.prepare(ADD), [[-5]])
            other.commit()
    assert DUCKDB.rows(file, "SELECT count(*) FROM numbers WHERE n = -5") == [[1]]


def test_readers_of_one_file_do_not_wait(file: Path) -> None:
    with opened(file) as one, opened(file) as other:
        assert len(numbers(one.query(one.prepare(ALL), ()))) == ROWS
        assert len(numbers(other.query(other.prepare(ALL), ()))) == ROWS


def test_a_schema_that_changed_before_the_first_write_is_told(file: Path) -> None:
    with opened(file) as database:
        database.schema()
        database._connections.close_all()
        DUCKDB.script(file, "ALTER TABLE numbers ADD COLUMN m BIGINT")
        assert refusal(lambda: database.begin(write=True)).code == "D0201"


def test_an_interrupt_ends_the_statement(file: Path) -> None:
    DUCKDB.script(file, "CREATE VIEW many AS SELECT sum(a.n * b.n % 7) AS n FROM numbers a, numbers b, numbers c")
    many = Query("main", Scan(1, "main", "many"), (("n", Column(1, "n", INT.or_null())),), ())
    with opened(file) as database:
        statement = database.prepare(many)
        database.on_progress(database.interrupt)
        assert refusal(lambda: numbers(database.query(statement, ()))).code == "D0403"


def test_what_progress_raises_ends_the_statement(file: Path) -> None:
    DUCKDB.script(file, "CREATE VIEW many AS SELECT sum(a.n * b.n % 7) AS n FROM numbers a, numbers b, numbers c")
    many = Query("main", Scan(1, "main", "many"), (("n", Column(1, "n", INT.or_null())),), ())

    def stop() -> None:
        raise DatabaseError("D0403", "enough")

    with opened(file) as database:
        statement = database.prepare(many)
        database.on_progress(stop)
        assert refusal(lambda: numbers(database.query(statement, ()))).message == "enough"
        database.on_progress(lambda: None)
        assert len(numbers(database.query(database.prepare(ALL), ()))) == ROWS


# ── limits ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_url_sets_the_memory_limit(file: Path) -> None:
    database = connect(f"duckdb:///{file}?memory_limit=123MiB&threads=1", name="main", base=Path())
    assert isinstance(database, DuckDBDatabase)
    try:
        (limit,) = database._connections.all("SELECT current_setting('memory_limit'), current_setting('threads')")
        assert limit == ("123.0 MiB", 1)
    finally:
        database.close()


def test_past_its_memory_a_statement_says_so(file: Path) -> None:
    DUCKDB.script(file, "CREATE VIEW big AS SELECT list(a.n)::VARCHAR AS t FROM numbers a, numbers b")
    big = Query("main", Scan(1, "main", "big"), (("t", Column(1, "t", TEXT.or_null())),), ())
    with opened(file, options={"memory_limit": "60MB", "threads": "1", "max_temp_directory_size": "0KiB"}) as database:
        statement = database.prepare(big)
        assert refusal(lambda: numbers(database.query(statement, ()))).code == "D0310"


@pytest.mark.parametrize("query", ["?memory_limit=lots", "?threads=-1"])
def test_a_setting_that_duckdb_refuses_is_told(file: Path, query: str) -> None:
    error = refusal(lambda: connect(f"duckdb:///{file}{query}", name="hr", base=Path()))
    assert error.code == "D0103" and str(file) in error.message


def test_no_other_file_can_be_reached(file: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with opened(file) as database:
        for sql in (
            f"FROM '{tmp_path}/secret.csv'",
            f"ATTACH '{tmp_path}/other.duckdb'",
            f"COPY numbers TO '{tmp_path}/x'",
        ):
            assert refusal(lambda sql=sql: database._connections.all(sql)).code == "D0308"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("content", [b"name,pay\n" * 200, b"\0" * 8 + b"DUCK" + b"\xff" * 20_000])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.duckdb").write_bytes(content)
    assert refusal(lambda: DuckDBDatabase(tmp_path / "a.duckdb", name="hr")).code in ("D0102", "D0103", "D0107")
    assert (tmp_path / "a.duckdb").read_bytes() == content


def test_without_the_package_an_error_says_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    error = refusal(lambda: DuckDBDatabase(file, name="hr"))
    assert isinstance(error, UsageError) and error.code == "D0105" and "duckdb" in str(error.hint)


# ── functions ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_function_of_the_table_has_sql() -> None:
    own = {
        "least",
        "greatest",
        "coalesce",
        "null_if",
        "concat",
        "in_list",
        "like",
        "number",
    }  # written without the table
    for row in FUNCTIONS.values():
        if row.kind != "scalar" or row.python is None or row.name in own:
            continue
        for signature in row.signatures:
            kind = signature.partition("(")[2].partition(")")[0].partition(",")[0].partition("<")[0].strip(" ?.")
            kinds = {"number": ["int", "float", "decimal"], "T": ["int"], "any": ["any"]}.get(kind, [kind])
            for each in kinds:
                assert f"{row.name} {each}" in SQL_FUNCTIONS or row.name in SQL_FUNCTIONS, signature


def test_every_macro_used_in_sql_is_defined() -> None:
    said = {name[1:-1] for name in SQL_FUNCTIONS.values() if name.startswith("[")}
    assert said <= set(MACROS)
    with duckdb.connect(":memory:") as connection:
        for name in macros_in("".join(f"sop_{name}(" for name in MACROS)):
            connection.execute(macro_sql(name))


def test_an_expression_without_sql_is_refused_before_the_run(file: Path, tmp_path: Path) -> None:
    DUCKDB.script(file, "CREATE TABLE docs (doc JSON, size BIGINT)")
    text = 'script test()\n  say "on"\n  emit from docs select min(doc) as x\nend'
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, DUCKDB.read_schema(file)))
        error = refusal(lambda: execute(library, "test", file, engine=DUCKDB))
    assert error.code == "D0309" and "line 3" in error.message


# ── folders of files ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "parts").mkdir(parents=True)
    (folder / "people.csv").write_text('id,name,"hired on"\n1,Ann,2026-01-05\n2,"Ben, Jr",\n')
    (folder / "codes.tsv").write_text("code\tok\n007\ttrue\n")
    (folder / "events.ndjson").write_text('{"a":1,"b":{"c":2}}\n{"a":null}\n')
    (folder / "odd 'name\".csv").write_text("x;y\n1;2\n")
    (folder / "notes.txt").write_text("not a store")
    (folder / ".hidden.csv").write_text("x\n1\n")
    for name in ("a", "b"):
        duckdb.sql(f"COPY (SELECT 1.5::DECIMAL(5,2) AS d) TO '{folder}/parts/{name}.parquet'")
    return folder


def rows_of(folder: Path, text: str) -> list[Any]:
    from runtime.files.folder import FilesDatabase

    database = FilesDatabase(folder, name="main")
    schema = database.schema()
    database.close()
    with Library.open(folder.parent / "home") as library:
        store(library, compile_text(f"script test()\n{text}\nend", schema))
        raw, _ = execute(library, "test", f"files:///{folder}")
    lines = [exact(line) for line in raw.decode().splitlines()]
    return [line["result"] for line in lines if line["type"] in ("record", "error")]


def test_each_file_is_a_store(folder: Path) -> None:
    assert rows_of(folder, "emit from people order by id") == [
        {"id": 1, "name": "Ann", "hired on": "2026-01-05"},
        {"id": 2, "name": "Ben, Jr", "hired on": None},
    ]
    assert rows_of(folder, "emit from codes") == [{"code": "007", "ok": True}]
    assert [row["a"] for row in rows_of(folder, "emit from events")] == [1, None]
    assert rows_of(folder, "emit from `odd 'name\"`") == [{"x": 1, "y": 2}]
    assert len(rows_of(folder, "emit from parts")) == 2
    with pytest.raises(CompileError) as raised:
        rows_of(folder, 'insert into people {id: 3, name: "x"}')
    assert [finding.code for finding in raised.value.diagnostics] == ["E0414"]


def test_a_bad_line_far_down_is_told_with_its_file_and_number(folder: Path) -> None:
    lines = 400_000
    (folder / "far.csv").write_text("v\n" + "".join(f"{n}\n" for n in range(lines)) + "oops\n")
    (folder / "far2.ndjson").write_text("".join(f'{{"v":{n}}}\n' for n in range(lines)) + '{"v":\n')
    with pytest.raises(CompileError, match=rf"D0503.*far2\.ndjson .*line {lines + 1}:"):
        rows_of(folder, "emit from far2 select sum(v) as s")
    assert rows_of(folder, 'emit from far where v = "oops" select v') == [{"v": "oops"}]


def test_a_damaged_parquet_file_is_told(folder: Path) -> None:
    duckdb.sql(f"COPY (SELECT range AS n FROM range(5000)) TO '{folder}/d.parquet'")
    data = bytearray((folder / "d.parquet").read_bytes())
    data[100:600] = bytes(byte ^ 0x5A for byte in data[100:600])
    (folder / "d.parquet").write_bytes(data)
    (error,) = rows_of(folder, "emit from d select sum(n) as s")
    assert error["code"] == "D0107" and "d.parquet" in error["message"]


def test_folders_that_are_no_database(tmp_path: Path) -> None:
    from runtime.files.folder import FilesDatabase

    def code(path: Path) -> str:
        return refusal(lambda: FilesDatabase(path, name="main")).code

    assert code(tmp_path / "missing") == "D0101"
    (tmp_path / "file").write_text("")
    assert code(tmp_path / "file") == "D0103"
    (tmp_path / "empty").mkdir()
    assert code(tmp_path / "empty") == "D0110"


# ── columns of DuckDB's own types ──────────────────────────────────────────────────────────────────────────────

OWN = {
    # column type: value in SQL, expression over x, its value in JSON
    "INTEGER": ("100000", "x * x", 10_000_000_000),
    "TINYINT": ("100", "x + x", 200),
    "UINTEGER": ("5", "0 - x", -5),
    "UBIGINT": ("18446744073709551615", "x", 18446744073709551615),
    "HUGEINT": ("12345678901234567890123", "x", 12345678901234567890123),
    "FLOAT": ("1e30", "x * x", 1.0000000300949327e60),
    "UUID": ("'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'", "left(x, 4)", "4ac7"),
    "ENUM('b', 'a')": ("'a'", 'x < "b"', True),
    "TIME": ("'10:20:30'", "x", "10:20:30"),
    "TIMESTAMPTZ": ("'2026-01-31 10:00:00+02'", "x", "2026-01-31T08:00:00Z"),
    "TIMESTAMP_NS": ("'2026-01-31 10:00:00.5'", "x + 1 days", "2026-02-01T10:00:00.500000Z"),
    "INTERVAL": ("INTERVAL '36 hours'", "hours(x)", 36),
    "BIGINT[]": ("[3, 1, NULL]", "length(x)", 3),
    "INTEGER[2]": ("[3, 1]", "last_item(sort(x))", 3),
    "STRUCT(a INTEGER, b DATE)": ("{'a': 1, 'b': DATE '2026-01-31'}", "x", {"a": 1, "b": "2026-01-31"}),
    "MAP(VARCHAR, INTEGER)": ("MAP {'k': 1}", "x", {"k": 1}),
    "JSON": ('\'{"a": [1, "é"]}\'', "x", {"a": [1, "é"]}),
    "VARCHAR COLLATE NOCASE": ("'a'", 'x = "A"', False),
}


@pytest.mark.parametrize("column", OWN)
def test_a_column_of_its_own_type_is_worked_with(column: str, tmp_path: Path) -> None:
    value, expression, wanted = OWN[column]
    place = DUCKDB.place(tmp_path)
    DUCKDB.script(place, f"CREATE TABLE things (x {column}); INSERT INTO things VALUES ({value})")
    copied = "" if column.endswith("]") else "insert into things from things select x"  # a query gives no lists
    text = (
        f"script test()\n  emit from things select {expression} as x\n  {copied}\n"
        "  emit from things select count() as x\nend"
    )
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, DUCKDB.read_schema(place)))
        raw, _ = execute(library, "test", place, engine=DUCKDB)
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    assert [line["result"] for line in lines if line["type"] in ("record", "error")] == [
        {"x": wanted},
        {"x": 2 if copied else 1},
    ]

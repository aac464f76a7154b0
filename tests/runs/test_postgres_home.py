"""PostgreSQL as the home of kept runs: plans, privileges, room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.runs.store import ADDED, RunStore
from tests.postgres import shared
from tests.runs.kept import Kept

SCRIPT = """
script work(n: int) -> int
  for each i in 1 to n do
    insert into log { text: "row {i}" }
    commit
  end
  return n
end
"""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with shared().schema() as schema, closing(Kept(tmp_path, SCRIPT, shared(), schema)) as made:
        yield made


def test_rows_of_runs_are_found_by_key(kept: Kept) -> None:
    """A SERIALIZABLE transaction conflicts with every writer of a table that it scans; a small table is scanned unless
    the plan is forced. Without it, four runs that share nothing had 50 to 200 retries in 404 segments."""
    kept.begin("work", {"n": 2})
    kept.sql("ANALYZE")

    def plan(database: Any) -> str:
        sql = "explain update sop_runs set status = 'running' where run = 'x' and epoch = 1"
        return "\n".join(line for (line,) in database.own(sql, ()))

    with closing(kept.connect("main")) as database:
        store = RunStore(database)
        database.begin(write=True)
        assert "Seq Scan" in plan(database)
        store.find_by_key()
        assert "Index Scan" in plan(database)
        store.scan_again()
        assert "Seq Scan" in plan(database)
        database.rollback()


def test_a_table_of_an_earlier_release_is_completed(kept: Kept) -> None:
    kept.begin("work", {"n": 2})
    kept.sql("; ".join(f"ALTER TABLE sop_runs DROP COLUMN {column}" for column in ADDED))
    assert kept.read(str(kept.id())).row.owner is None
    done = kept.begin("work", {"n": 2})
    assert done is not None and done.status == "ok"
    assert kept.rows("SELECT count(owner), count(*) FROM sop_runs") == [(1, 2)]


def test_a_user_who_may_not_make_tables_is_told_how_they_are_made(kept: Kept) -> None:
    schema = kept.rows("SELECT current_schema()")[0][0]
    with suppress(psycopg.errors.DuplicateObject):
        kept.sql("CREATE ROLE teller LOGIN PASSWORD 'teller'")
    kept.sql(f"GRANT USAGE ON SCHEMA {schema} TO teller; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO teller")
    kept.url = shared().url(schema, user="teller", password="teller")
    error = kept.error(lambda: kept.begin("work", {"n": 2}))
    assert (error.code, kept.log) == ("V0604", [])
    assert error.hint is not None
    kept.sql(error.hint.partition("\n")[2])  # as the owner
    kept.sql(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO teller")
    done = kept.begin("work", {"n": 2})
    assert done is not None and done.status == "ok"
    kept.sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM teller; REVOKE ALL ON SCHEMA {schema} FROM teller")


def test_a_full_disk_ends_the_run_where_its_last_segment_ended(tmp_path: Path) -> None:
    with closing(Kept(tmp_path, SCRIPT)) as kept:
        kept.begin("work", {"n": 1})
        kept.reset()
        connect = kept.connect

        def full(name: str, at: int | None = None) -> SQLiteDatabase:
            database: SQLiteDatabase = connect(name, at)
            (pages,) = database.own("PRAGMA page_count", ())[0]
            database.own(f"PRAGMA max_page_count = {pages + 3}", ())
            return database

        kept.connect = full  # type: ignore[method-assign]
        done = kept.begin("work", {"n": 5000})
        assert done is not None and done.error is not None and done.error.code == "D0306"
        written = len(kept.log)
        assert 0 < written < 5000
        kept.connect = connect  # type: ignore[method-assign]
        done = kept.go_on(str(kept.id()))
        assert done is not None and done.status == "ok"
        assert len(kept.log) == 5000

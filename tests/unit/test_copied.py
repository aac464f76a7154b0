"""Buffered inserts by COPY → the same lines and the same rows as by statements, whatever the table does with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runtime.databases.postgres import database as postgres
from runtime.databases.postgres.plain import is_plain
from runtime.library.store import Library
from tests.engines import ENGINES
from tests.harness import compile_text, execute, store
from tests.postgres import shared

ENGINE = ENGINES["postgres"]
COUNTING = """
create function {0}() returns trigger language plpgsql as $$
  begin new.n := (select count(*) from {1}); return new; end $$;
create trigger t before insert on {1} for each row execute function {0}();
"""
COUNTED = """
create function counted() returns bigint language plpgsql stable as $$ begin return (select count(*) from kept); end $$;
"""
SCRIPT = """
script s()
  for each i in 1 to 40 do
    insert into kept { id: i, n: %s, t: %s }
  end
end
"""

TABLES = {
    "plain": ("create table kept (id int primary key, n bigint, t text)", "i * 2", '"a\\\\b{i}"', True),
    "a key twice": ("create table kept (id int, n bigint unique, t text)", "i % 33", '"x"', True),
    "a failing check": ("create table kept (id int, n bigint check (n < 60), t text)", "i * 2", '"x"', True),
    "a small int": ("create table kept (id int, n smallint, t text)", "i * 1000", '"x"', True),
    "a short text": ("create table kept (id int, n bigint, t varchar(3))", "i", '"{i}00"', True),
    "a text with spaces": ("create table kept (id int, n bigint, t varchar(3))", "i", '"{i}        "', True),
    "a null": ("create table kept (id int, n bigint not null, t text)", "case when i < 30 then i end", "null", True),
    "a reference to a later row": (
        "create table kept (id int primary key, n bigint references kept (id), t text)",
        "case when i < 30 then i else i % 40 + 1 end",
        '"x"',
        False,
    ),
    "a trigger": (
        "create table kept (id int primary key, n bigint, t text);" + COUNTING.format("counting", "kept"),
        "0",
        '"x"',
        False,
    ),
    "a check that counts": (
        COUNTED + "create table kept (id int primary key, n bigint, t text, check (counted() < 30))",
        "i",
        '"x"',
        False,
    ),
    "a default that counts": (
        COUNTED + "create table kept (id int primary key, n bigint, t text, k bigint default counted())",
        "i",
        '"x"',
        False,
    ),
    "a rule": (
        "create table kept (id int primary key, n bigint, t text); create table other (id int);"
        " create rule r as on insert to kept do also insert into other values (new.id)",
        "i",
        '"x"',
        False,
    ),
    "an identity": (
        "create table kept (id int primary key, n bigint, t text, k int generated always as identity)",
        "i",
        '"x"',
        True,
    ),
    "a policy": (
        "create table kept (id int primary key, n bigint, t text); alter table kept enable row level security",
        "i",
        '"x"',
        False,
    ),
}


def outcome(folder: Path, name: str) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """The lines of a run, without its id and times, and the rows it left."""
    sql, n, t, _ = TABLES[name]
    folder.mkdir()
    place = ENGINE.place(folder)
    ENGINE.script(place, sql)
    with Library.open(folder / "home") as library:
        store(library, compile_text(SCRIPT % (n, t), ENGINE.read_schema(place)))
        raw, _ = execute(library, "s", place, engine=ENGINE)
    lines = [json.loads(line) for line in raw.splitlines()]
    for line in lines:
        line.pop("run", None)
        line.pop("ms", None)
    # a statement of its own: the tests share a connection, which keeps the plans of statements
    return lines, ENGINE.rows(place, f"select * from kept order by id -- {place}")


@pytest.mark.parametrize("name", TABLES)
def test_copied_rows_end_like_those_of_statements(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    copy_rows = postgres.PostgresDatabase._copy

    def counted(self: postgres.PostgresDatabase, into: Any, text: bytes) -> int:
        copied.append(into.name)
        return copy_rows(self, into, text)

    monkeypatch.setattr(postgres.PostgresDatabase, "_copy", counted)
    found = outcome(tmp_path / "copied", name)
    assert bool(copied) is TABLES[name][3]
    monkeypatch.setattr(postgres, "FEW", 10_000)
    assert found == outcome(tmp_path / "statements", name)


def test_a_number_that_is_always_given_by_the_table_is_never_copied() -> None:
    """COPY would take it, and an insert does not."""
    sql = "create table kept (id int, n bigint generated always as identity)"
    with shared().schema(sql) as schema, shared().connect() as connection:
        connection.cursor_factory = psycopg.RawCursor
        assert is_plain(connection, schema, "kept", ["id"])
        assert not is_plain(connection, schema, "kept", ["id", "n"])

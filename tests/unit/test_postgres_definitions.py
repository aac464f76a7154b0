"""Definitions of stores that rows are written to in bulk: another session can't change them while a segment is open,
and a segment sees what was changed before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runtime.connect import connect
from runtime.databases.postgres.database import PostgresDatabase
from runtime.query.algebra import Insert
from runtime.query.set_use import ReadField, SetUse
from runtime.values.types import INT
from tests.postgres import shared

TABLES = """
create table ref (id bigint primary key, v bigint not null);
create table dst (id bigint primary key, x bigint);
create table counted (n bigint);
create function note() returns trigger language plpgsql as
  $$ begin insert into counted select count(*) from dst; return null; end $$;
"""
TRIGGER = b"create trigger t after insert on dst for each row execute function note()"
USE = SetUse((ReadField("ref", "id", True, True),), "1", "insert", "dst", ("id", "x"))
INSERT = Insert("main", "dst", ("id", "x"), (INT, INT))
ROWS = [(number, number) for number in range(40)]
COUNT = "select n from counted order by n"


@contextmanager
def sessions() -> Iterator[tuple[PostgresDatabase, psycopg.Connection[Any]]]:
    """A database that holds definitions, and another session."""
    with shared().schema(TABLES) as schema, shared().connect() as other:
        other.autocommit = True
        other.execute(f"set search_path = {schema}".encode())
        database = connect(shared().url(schema), name="main", base=Path())
        assert isinstance(database, PostgresDatabase)
        try:
            database.hold_definitions(["ref"], ["dst"])
            yield database, other
        finally:
            database.close()


@pytest.mark.parametrize("change", [TRIGGER, b"alter table ref drop constraint ref_pkey"])
def test_nothing_changes_between_the_look_and_the_end(change: bytes) -> None:
    with sessions() as (database, other):
        database.begin(write=True)
        database.own(COUNT, ())  # takes the snapshot
        other.execute("set lock_timeout = '1ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(change)
        other.execute("set lock_timeout = 0")
        assert database.row_by_row(USE) is None
        database.commit()
        other.execute(change)
        database.begin(write=True)
        assert database.row_by_row(USE) is not None


def test_a_change_that_is_under_way_is_not_waited_for() -> None:
    with sessions() as (database, other):
        with other.transaction():
            other.execute(TRIGGER)
            database.begin(write=True)
            assert "can't be locked" in (database.row_by_row(USE) or "")
            database.rollback()
        database.begin(write=True)
        assert "has a trigger" in (database.row_by_row(USE) or "")


def test_a_store_that_may_not_be_locked_is_read_and_written_all_the_same() -> None:
    with sessions() as (database, _):
        database.hold_definitions(["nothing"], ["dst"])
        for _ in range(2):
            database.begin(write=True)
            assert "can't be locked" in (database.row_by_row(USE) or "")
            database.execute_many(database.prepare(INSERT), ROWS)
            database.rollback()


def test_rows_are_copied_until_a_trigger_counts_them() -> None:
    with sessions() as (database, other):
        insert = database.prepare(INSERT)
        database.begin(write=True)
        database.execute_many(insert, ROWS)
        database.commit()
        other.execute(b"delete from dst; " + TRIGGER)
        database.begin(write=True)
        database.execute_many(insert, ROWS)
        database.commit()
        assert other.execute(COUNT).fetchall() == [(number,) for number in range(1, len(ROWS) + 1)]

"""A caller's role on PostgreSQL: it decides about every statement of a script, and about none that keeps its runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from runtime.acting import Acting
from runtime.connect import connect
from runtime.databases.acting import acting_as
from runtime.databases.pool import Pool
from runtime.databases.postgres.database import PostgresDatabase
from runtime.databases.postgres.url import parse_url
from runtime.errors import DatabaseError
from tests.postgres import shared

ROLE = "acting_tenant"
TABLES = f"""
create table notes (tenant text not null, text text not null);
insert into notes values ('acme', 'of acme'), ('globex', 'of globex');
alter table notes enable row level security;
create policy own on notes using (tenant = current_setting('request.jwt.claims')::json ->> 'org');
create table sop_kept (n bigint);
create table hidden (n bigint);
grant usage on schema {{schema}} to {ROLE};
grant select, insert on notes to {ROLE};
"""
ACME, GLOBEX = (Acting(ROLE, f'{{"org":"{org}"}}') for org in ("acme", "globex"))
READ = "select text from notes order by text"


@pytest.fixture
def url() -> Iterator[str]:
    with role(ROLE), shared().schema() as schema, shared().connect(schema) as connection:
        connection.execute(TABLES.format(schema=schema).encode())
        yield shared().url(schema)


@contextmanager
def role(name: str) -> Iterator[None]:
    """A role that the tests' user is a member of. Dropped in the end, after all that it has rights for."""
    with shared().connect() as connection:
        connection.execute(f"create role {name} noinherit".encode())
        try:
            yield
        finally:
            connection.execute(f"drop role {name}".encode())


def opened(url: str) -> PostgresDatabase:
    return PostgresDatabase(parse_url(url, url), name="shop")


def test_policies_hold_in_and_outside_of_transactions(url: str) -> None:
    with closing(opened(url)) as database:
        assert len(database.plain_sql(READ)) == 2
        database.act_as(ACME)
        assert database.plain_sql(READ) == [("of acme",)]
        database.begin(write=True)
        assert database.plain_sql(READ) == [("of acme",)]
        with pytest.raises(DatabaseError) as refused:
            database.plain_sql("insert into notes values ('globex', 'x')")
        assert refused.value.code == "D0321"
        database.rollback()
        assert database.plain_sql(READ) == [("of acme",)]


def test_what_is_kept_of_runs_is_not_the_role_s(url: str) -> None:
    with closing(opened(url)) as database:
        database.act_as(ACME)
        for in_transaction in (False, True):
            if in_transaction:
                database.begin(write=True)
            database.own_with_next("set enable_seqscan = on")
            assert database.own_change("insert into sop_kept values ($1)", [1]) == 1
            assert database.plain_sql(READ) == [("of acme",)]
            with pytest.raises(DatabaseError):
                database.plain_sql("select n from hidden")
            database.rollback()


@pytest.mark.parametrize("begun", [False, True])
def test_the_role_holds_after_a_statement_of_ours_that_failed(url: str, begun: bool) -> None:
    with closing(opened(url)) as database:
        database.act_as(ACME)
        if begun:
            database.begin(write=True)
        with pytest.raises(DatabaseError):
            database.own("insert into sop_kept values ($1)", ["\ud800"])  # refused before it is sent
        assert database.plain_sql(READ) == [("of acme",)]
        if begun:
            database.savepoint(1)
        with pytest.raises(DatabaseError):
            database.own("insert into sop_kept values ('x')", [])
        if begun:
            database.rollback_to(1)
        assert database.plain_sql(READ) == [("of acme",)]


def test_the_schema_is_read_whatever_the_role_may(url: str) -> None:
    with closing(opened(url)) as database:
        database.act_as(ACME)
        assert set(database.schema().stores) == {"notes", "hidden"}
        assert database.plain_sql(READ) == [("of acme",)]


def test_a_connection_of_the_pool_acts_for_one_caller_at_a_time(url: str) -> None:
    pool = Pool(lambda name: opened(url))
    seen = []
    for acting in (ACME, GLOBEX, None, ACME):
        database = pool.take("shop", acting)
        assert isinstance(database, PostgresDatabase)
        seen.append([text for (text,) in database.plain_sql(READ)])
        seen[-1].append(str(database.own("select pg_backend_pid()", [])[0][0]))
        pool.give_back(database)
    pool.close()
    assert len({rows.pop() for rows in seen}) == 1, "one connection"
    assert seen == [["of acme"], ["of globex"], ["of acme", "of globex"], ["of acme"]]


def test_a_connection_that_is_made_again_acts_for_the_same_caller(url: str) -> None:
    with closing(opened(url)) as database:
        database.act_as(GLOBEX)
        database.reconnect()
        assert database.plain_sql(READ) == [("of globex",)]


def test_what_one_caller_sees_is_kept_for_no_other(url: str) -> None:
    with closing(opened(url)) as database:
        marks = [database.change_mark()]
        for acting in (ACME, GLOBEX):
            assert database.renew()
            database.act_as(acting)
            marks.append(database.change_mark())
        assert len({mark.place for mark in marks}) == 3
        assert [mark.settled for mark in marks] == [True, False, False]


@pytest.mark.parametrize("name", ["nobody_of_that_name", "acting_stranger", "none", "", "x" * 64, "a\0b"])
def test_a_role_that_the_connection_s_user_is_not_a_member_of(url: str, name: str) -> None:
    with shared().connect() as connection:
        connection.execute("create role acting_stranger; create role acting_app login password 'x'")
        connection.execute(f"create role {'x' * 63} role acting_app".encode())
        try:
            address = parse_url(shared().url("public", user="acting_app", password="x"), "")
            with closing(PostgresDatabase(address, name="shop")) as database:
                with pytest.raises(DatabaseError) as error:
                    database.act_as(Acting(name))
                assert error.value.code in ("D0321", "D0202" if "\0" in name else "")
                with pytest.raises(DatabaseError) as error:
                    database.act_as(Acting("acting_app", "{}\0"))
        finally:
            connection.execute("drop role acting_stranger; drop role acting_app")
            connection.execute(f"drop role {'x' * 63}".encode())


def test_a_database_without_roles_is_closed_to_a_role(tmp_path: Path) -> None:
    database = connect("sqlite:///main.db", name="main", base=tmp_path, create=True)
    assert acting_as(database, None) is database
    with pytest.raises(DatabaseError) as error:
        acting_as(database, ACME)
    assert error.value.code == "D0125"
    with pytest.raises(DatabaseError):
        database.begin(write=False)  # it is closed

"""A PostgreSQL connection that is used again has the session of a new one, and keeps its prepared statements."""

from __future__ import annotations

from contextlib import closing

import pytest

pytest.importorskip("psycopg")

from runtime.databases.postgres.database import PostgresDatabase
from runtime.databases.postgres.url import parse_url
from tests.postgres import shared


def test_a_renewed_connection_runs_what_it_has_prepared() -> None:
    """psycopg prepares a statement when it is run for the fifth time or so, and does not hear of `discard all`."""
    with shared().schema("create table items (id bigint)") as schema:
        url = shared().url(schema)
        with closing(PostgresDatabase(parse_url(url, url), name="main")) as database:
            for _ in range(12):
                for _ in range(3):
                    database.own("insert into items (id) values ($1)", [1])
                database.own("set timezone = 'Asia/Tokyo'", [])
                database.own("create temporary table if not exists left_over (id bigint)", [])
                assert database.renew()
                assert database.own("show timezone", []) == [("UTC",)]
                assert database.own("select to_regclass('left_over') is null", []) == [(True,)]
            assert database.own("select count(*) from items", []) == [(36,)]

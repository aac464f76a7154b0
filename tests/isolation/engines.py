"""The engines that several processes write to at once → an empty database of each, for the programs and for the tests
themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.postgres import Server

TABLES = """
create table accounts (name text primary key, balance integer not null);
create table doctors (name text primary key, on_call boolean not null);
"""
ROWS = """
insert into accounts values ('ann', 100), ('bob', 100);
insert into doctors values ('ann', true), ('bob', true);
"""


class Outside(Protocol):
    """A connection that is none of ours, in autocommit mode."""

    def execute(self, sql: str, /) -> Any: ...


@dataclass(frozen=True)
class Engine:
    """url: of a database with the tables above. outside: opens a connection of another program, which waits for nobody.
    one_writer: writers take turns, so that nothing has to be run again; refusal: what one that can't wait gets."""

    name: str
    url: str
    outside: Callable[[], Any]
    one_writer: bool
    refusal: type[Exception]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def run(self, sql: str) -> None:
        with self.connected() as connection:
            connection.execute(sql)

    @contextmanager
    def connected(self) -> Iterator[Outside]:
        connection = self.outside()
        try:
            yield connection
        finally:
            connection.close()


def sqlite_engine(path: Path) -> Engine:
    connection = sqlite3.connect(path)
    connection.executescript(TABLES + ROWS)
    connection.close()
    outside = partial(sqlite3.connect, path, isolation_level=None, timeout=0)
    return Engine("sqlite", f"sqlite:///{path}", outside, one_writer=True, refusal=sqlite3.OperationalError)


@contextmanager
def postgres_engine(server: Server) -> Iterator[Engine]:
    """A schema of its own on the server."""
    with server.schema(TABLES + ROWS) as schema:

        def outside() -> Any:
            connection = server.connect()
            connection.execute(f"set search_path = {schema}".encode())
            return connection

        yield Engine("postgres", server.url(schema), outside, one_writer=False, refusal=psycopg.Error)

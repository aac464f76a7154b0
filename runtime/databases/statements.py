"""A script's query or write, and a database → its SQL, generated once and kept in the library for later runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from runtime.databases.protocol import Database, Statement
from runtime.query.algebra import Query, Write, with_limit
from runtime.query.schema import Schema, schema_hash

# Part of every key; raised when the generator changes, so that SQL an older version kept is not used any more.
GENERATOR: Final = 15
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final = msgspec.msgpack.Decoder(Statement)


class StatementCache(Protocol):
    """Where SQL is kept between runs: the library."""

    def cached_statement(self, key: bytes) -> bytes | None: ...

    def cache_statement(self, key: bytes, value: bytes) -> None: ...


def query_key(module_hash: str, index: int) -> bytes:
    """Names a query among those of all modules."""
    return f"{module_hash}:q{index}".encode()


_LOOKED_AT: Final = {"first": 1, "one": 2, "scalar": 2}  # rows that are looked at, by how a query is fetched


def limited_to_mode(query: Query, mode: str, key: bytes) -> tuple[Query, bytes]:
    """The query and its key, for as many rows as its mode looks at."""
    wanted = _LOOKED_AT.get(mode)
    return (query, key) if wanted is None else (with_limit(query, wanted), b"%s:%d" % (key, wanted))


def write_key(module_hash: str, index: int) -> bytes:
    """Names a write among those of all modules."""
    return f"{module_hash}:w{index}".encode()


def scope_of(dialect: str, schema: Schema) -> bytes:
    """What SQL depends on besides the query or write."""
    return f"{GENERATOR}:{dialect}:{schema_hash(schema)}".encode()


def statement_for(
    prepare: Callable[[Query | Write], Statement], scope: bytes, form: Query | Write, key: bytes, cache: StatementCache
) -> Statement:
    """From the cache, else generated (which takes far longer: it imports the SQL generator) and kept there.
    prepare: generates it. scope: the database's, by `scope_of`. Raises DatabaseError."""
    full_key = key + b":" + scope
    cached = cache.cached_statement(full_key)
    if cached is not None:
        try:
            return _DECODER.decode(cached)
        except msgspec.DecodeError:
            pass  # another version of this program wrote it; it is generated again
    statement = prepare(form)
    cache.cache_statement(full_key, _ENCODE(statement))
    return statement


MAX_KEPT: Final = 10_000  # statements in memory, and
MAX_SCHEMAS: Final = 200  # schemas; past that, all are read again


class Statements:
    """Statements in memory, for one run or for many: of each, the SQL and the scope are worked out once."""

    def __init__(self, cache: StatementCache) -> None:
        self._cache = cache
        self._known: dict[tuple[bytes, bytes], Statement] = {}
        self._scopes: dict[int, tuple[Schema, bytes]] = {}

    def statement(self, database: Database, form: Query | Write, key: bytes) -> Statement:
        """For a query or write that `key` names. Raises DatabaseError."""
        scope = self._scope(database)
        known = self._known.get((key, scope))
        if known is None:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            known = self._known[key, scope] = statement_for(database.prepare, scope, form, key, self._cache)
        return known

    def _scope(self, database: Database) -> bytes:
        schema = database.schema()
        known = self._scopes.get(id(schema))  # by identity (the entry keeps it alive): a schema can't be hashed
        if known is None:
            if len(self._scopes) >= MAX_SCHEMAS:
                self._scopes.clear()
            known = self._scopes[id(schema)] = schema, scope_of(database.dialect, schema)
        return known[1]

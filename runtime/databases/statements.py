"""A script's query or write, and a database → its SQL, generated once and kept in the library for later runs."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from runtime.databases.protocol import Database, Statement
from runtime.databases.query import Query, Write
from runtime.databases.schema import Schema, schema_hash

# Part of every key; raised when the generator changes, so that SQL an older version kept is not used any more.
GENERATOR: Final = 5
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final = msgspec.msgpack.Decoder(Statement)


class StatementCache(Protocol):
    """Where SQL is kept between runs: the library."""

    def cached_statement(self, key: bytes) -> bytes | None: ...

    def cache_statement(self, key: bytes, value: bytes) -> None: ...


def query_key(module_hash: str, index: int) -> bytes:
    """Names a query among those of all modules."""
    return f"{module_hash}:q{index}".encode()


def write_key(module_hash: str, index: int) -> bytes:
    """Names a write among those of all modules."""
    return f"{module_hash}:w{index}".encode()


def scope_of(dialect: str, schema: Schema) -> bytes:
    """What SQL depends on besides the query or write."""
    return f"{GENERATOR}:{dialect}:{schema_hash(schema)}".encode()


def statement_for(
    database: Database, scope: bytes, form: Query | Write, key: bytes, cache: StatementCache
) -> Statement:
    """From the cache, else generated (which takes far longer: it imports the SQL generator) and kept there.
    scope: the database's, by `scope_of`. Raises DatabaseError."""
    full_key = key + b":" + scope
    cached = cache.cached_statement(full_key)
    if cached is not None:
        try:
            return _DECODER.decode(cached)
        except msgspec.DecodeError:
            pass  # another version of this program wrote it; it is generated again
    statement = database.prepare(form)
    cache.cache_statement(full_key, _ENCODE(statement))
    return statement

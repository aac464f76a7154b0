"""A script's query or write, and a database → its SQL, generated once and kept in the library for later runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from runtime.databases.protocol import Database, Statement
from runtime.query.algebra import Query, Write, with_limit
from runtime.query.schema import Schema, schema_hash

# Part of every key; raised when the generator changes, so that SQL an older version kept is not used any more.
GENERATOR: Final = 17
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final = msgspec.msgpack.Decoder(Statement)
_BATCH: Final = 1_000  # statements kept in one transaction


class StatementCache(Protocol):
    """Where SQL is kept between runs: the library."""

    def cached_statement(self, key: bytes) -> bytes | None: ...

    def cache_statement(self, key: bytes, value: bytes) -> None: ...


class StatementsCache(StatementCache, Protocol):
    """A cache that keeps many at once."""

    def cache_statements(self, statements: Mapping[bytes, bytes]) -> None: ...


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


def lift_key(module_hash: str, index: int, callees: Sequence[str]) -> bytes:
    """Names the statements of a lifted loop. callees: the hashes of the scripts whose values are written out in it."""
    parts = "" if not callees else sha256("".join(callees).encode()).hexdigest()[:32]
    return f"{module_hash}:l{index}:{parts}".encode()


def scope_of(dialect: str, schema: Schema) -> bytes:
    """What SQL depends on besides the query or write."""
    return f"{GENERATOR}:{dialect}:{schema_hash(schema)}".encode()


def statement_for(
    prepare: Callable[[Query | Write], Statement], scope: bytes, form: Query | Write, key: bytes, cache: StatementCache
) -> Statement:
    """From the cache, else generated (which takes far longer: it imports the SQL generator) and kept there.
    prepare: generates it. scope: the database's, by `scope_of`. Raises DatabaseError."""
    full_key = key + b":" + scope
    kept = _kept(full_key, cache)
    if kept is not None:
        return kept
    statement = prepare(form)
    cache.cache_statement(full_key, _ENCODE(statement))
    return statement


def keep_statements(
    prepare: Callable[[Query | Write], Statement],
    wanted: Iterable[tuple[bytes, Query | Write, bytes]],
    cache: StatementsCache,
) -> None:
    """Keep the statement of each (scope, query or write, key) as `statement_for` does, in few transactions."""
    made: dict[bytes, bytes] = {}
    for scope, form, key in wanted:
        full_key = key + b":" + scope
        if _kept(full_key, cache) is None:
            made[full_key] = _ENCODE(prepare(form))
        if len(made) == _BATCH:
            cache.cache_statements(made)
            made.clear()
    cache.cache_statements(made)


def _kept(full_key: bytes, cache: StatementCache) -> Statement | None:
    """The kept statement; None if there is none, or if another version of this program wrote it."""
    cached = cache.cached_statement(full_key)
    try:
        return None if cached is None else _DECODER.decode(cached)
    except msgspec.DecodeError:
        return None


MAX_KEPT: Final = 10_000  # statements in memory, and
MAX_SCHEMAS: Final = 200  # schemas; past that, all are read again


class Statements:
    """Statements in memory, for one run or for many: of each, the SQL and the scope are worked out once."""

    def __init__(self, cache: StatementCache) -> None:
        self.cache = cache
        self._known: dict[tuple[bytes, bytes], Statement] = {}
        self._scopes: dict[int, tuple[Schema, bytes]] = {}

    def statement(self, database: Database, form: Query | Write, key: bytes) -> Statement:
        """For a query or write that `key` names. Raises DatabaseError."""
        scope = self._scope(database)
        known = self._known.get((key, scope))
        if known is None:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            known = self._known[key, scope] = statement_for(database.prepare, scope, form, key, self.cache)
        return known

    def _scope(self, database: Database) -> bytes:
        schema = database.schema()
        known = self._scopes.get(id(schema))  # by identity (the entry keeps it alive): a schema can't be hashed
        if known is None:
            if len(self._scopes) >= MAX_SCHEMAS:
                self._scopes.clear()
            known = self._scopes[id(schema)] = schema, scope_of(database.dialect, schema)
        return known[1]

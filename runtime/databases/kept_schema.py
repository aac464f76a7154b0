"""A database → its schema, remembered in the library for as long as the database's change mark stays the same.

Reading it takes DuckDB longer than many a query: 12 of the 16 ms that a run takes to start.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol, runtime_checkable

import msgspec

from runtime.databases.change_marks import Mark
from runtime.databases.protocol import Database
from runtime.databases.statements import GENERATOR, StatementCache
from runtime.query.schema import Schema

__all__ = ("kept_schema",)


@runtime_checkable
class SlowSchema(Protocol):
    """What a database has besides the Database protocol if reading its schema takes long."""

    def schema_mark(self) -> Mark | None:
        """What differs once its schema may be another, of the reading engine too; None if that can't be told."""
        ...

    def adopt_schema(self, schema: Schema) -> None:
        """Take what `schema` gave at this mark instead of reading it."""
        ...


class _Kept(msgspec.Struct, frozen=True):
    state: str
    schema: Schema


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODER = msgspec.msgpack.Decoder(_Kept)


def kept_schema(database: Database, cache: StatementCache) -> Schema:
    """Return the schema of a database, from the cache if nothing has changed since it was read.

    Args:
        database: Open.
        cache: Keeps one schema for each place.

    Raises:
        DatabaseError: It can't be read.
    """
    before = database.schema_mark() if isinstance(database, SlowSchema) else None
    if before is None:
        return database.schema()
    assert isinstance(database, SlowSchema)
    key = b"schema:" + sha256(before.place.encode()).hexdigest().encode()
    state = f"{GENERATOR} {before.state}"
    data = cache.cached_statement(key)
    kept = None if data is None else _decoded(data)
    if kept is not None and kept.state == state:
        database.adopt_schema(kept.schema)
        return kept.schema
    schema = database.schema()
    # What a view shows depends on more than the file that holds it.
    if before.settled and database.schema_mark() == before and not any(s.read_only for s in schema.stores.values()):
        cache.cache_statement(key, _ENCODE(_Kept(state, schema)))
    return schema


def _decoded(data: bytes) -> _Kept | None:
    """None for what another version of this program kept."""
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError:
        return None

"""An address → a session on a Spark Connect server: SQL with values → batches of Arrow columns.

Calls run in a thread, so that the output is flushed and Ctrl-C works meanwhile. Spark's client resumes a result whose
connection dropped by itself; what it can't resume is an error here (D0421).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from runtime.databases.spark import plans
from runtime.databases.spark.client import SparkConnectClient, proto
from runtime.databases.spark.errors import not_reached, translated, unknown_server
from runtime.databases.spark.url import Address
from runtime.databases.worker import Worker
from runtime.errors import DatabaseError, SopError

_RETRIES: Final = {"max_retries": 3}  # of one call, by Spark's client: about a second
_WHO: Final = "SELECT version(), current_catalog(), current_schema()"
# what the version of a server that we know looks like
_KNOWN: Final = {
    "spark": re.compile(r"([4-9]|\d\d)\.\d+\.\d+\S* [0-9a-f]{7,40}"),
    "sail": re.compile(r"0\.([7-9]|\d\d+)\.\d+\S*"),
}
# settings of Spark's session that generated SQL counts on; Sail has no others
_SESSION: Final = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
}


class Connection:
    """One session. name: what scripts call the database. Raises DatabaseError D012x when the server can't be used."""

    def __init__(self, address: Address, name: str) -> None:
        self.address = address
        self.name = name
        self.on_progress: Callable[[], None] = _nothing
        self.interrupted = False
        self.server = ""  # `spark` or `sail`
        self.place: tuple[str, ...] = ()  # catalogue and schema that names stand for
        self._worker = Worker()
        self._client: SparkConnectClient | None = None
        self.open()

    def open(self) -> None:
        """A new session in place of the one that there was."""
        self._drop()
        try:
            self._worker.call(self._connect, self.on_progress, _nothing)
        except SopError:
            self._drop()
            raise
        except Exception as error:
            self._drop()
            raise not_reached(self.name, self.address.place, str(error)) from error

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Every row of a small query."""
        return [row for batch in self.batches(sql, ()) for row in rows_of(batch)]

    def batches(self, sql: str, values: Sequence[Any]) -> Iterator[Any]:
        """Tables of Arrow, as they come. The query begins to run here. values: of `:p1`, `:p2`, …"""
        return self.results(plans.query(sql, values))

    def results(self, plan: Any) -> Iterator[Any]:
        """Tables of Arrow that a plan (runtime/databases/spark/plans.py) gives, as they come."""
        if self.interrupted:
            raise DatabaseError("D0403", f"a statement on `{self.name}` was interrupted")
        client = self._open_client()
        results = client.to_table_as_iterator(plan, {})
        first = self.call(lambda: _next_table(results))
        return self._rest(first, results)

    def columns(self, plan: Any) -> list[tuple[str, str, bool]]:
        """Of a plan's rows: each column's name, its type as Spark writes it, and whether it may be null."""
        client = self._open_client()
        schema = self.call(lambda: client.schema(plan))
        return [(field.name, field.dataType.simpleString(), field.nullable) for field in schema.fields]

    def run(self, sql: str) -> None:
        """A statement that gives no rows."""
        client = self._open_client()
        self.call(lambda: client.execute_command(plans.command(sql)))

    def call(self, function: Callable[[], Any]) -> Any:
        """What the function gives, run in the thread; its error as one of ours."""
        try:
            return self._worker.call(function, self.on_progress, self._stop)
        except SopError:
            raise
        except Exception as error:
            if self.interrupted:
                raise DatabaseError("D0403", f"a statement on `{self.name}` was interrupted") from error
            raise translated(error, self.name) from error

    def interrupt(self) -> None:
        self.interrupted = True
        self._stop()

    def close(self) -> None:
        self._drop()
        self._worker.close()

    def _rest(self, first: Any, results: Any) -> Iterator[Any]:
        table = first
        try:
            while table is not None:
                yield table
                table = self.call(lambda: _next_table(results))
        finally:
            with suppress(Exception):  # a server that is gone has nothing left to release
                results.close()

    def _connect(self) -> None:
        self._client = SparkConnectClient(self.address.remote, retry_policy=dict(_RETRIES))
        [(version, catalog, schema)] = _all(self._client, _WHO)
        self.server = next((name for name, known in _KNOWN.items() if known.fullmatch(version)), "")
        if not self.server:
            raise unknown_server(self.name, self.address.place, version)
        given = self.address.schema
        self.place = (catalog, schema)[: 2 - len(given)] + given
        if self.server == "spark":
            _set_up(self._client)

    def _open_client(self) -> SparkConnectClient:
        if self._client is None:  # it could not be opened again
            raise not_reached(self.name, self.address.place)
        return self._client

    def _stop(self) -> None:
        client = self._client
        if client is not None:
            with suppress(Exception):  # the server is gone, or has ended the operation by itself
                client.interrupt_all()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.release_session()
            with suppress(Exception):
                client.close()


def rows_of(table: Any) -> list[tuple[Any, ...]]:
    """The rows of a table of Arrow, as Python values."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _next_table(results: Iterator[Any]) -> Any:
    """The next table of Arrow, None at the end; what Spark says of its own types is left out."""
    return next((each for each in results if hasattr(each, "num_rows")), None)


def _all(client: SparkConnectClient, sql: str) -> list[tuple[Any, ...]]:
    results = client.to_table_as_iterator(plans.query(sql), {})
    return [row for each in results if hasattr(each, "num_rows") for row in rows_of(each)]


def _set_up(client: SparkConnectClient) -> None:
    pairs = [proto.KeyValue(key=key, value=value) for key, value in _SESSION.items()]
    client.config(proto.ConfigRequest.Operation(set=proto.ConfigRequest.Set(pairs=pairs)))


def _nothing() -> None:
    """For calls that nobody watches."""

"""A run's databases → the same, and a watch that is told of segments, of calls that use data, and of statements.

Runs that nobody watches use `Data` itself, so that watching costs them nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, Protocol, runtime_checkable

from runtime.databases.protocol import Database, Spool
from runtime.databases.statements import Statements
from runtime.query.algebra import Insert
from runtime.vm.backtrace import StackLocation
from runtime.vm.data import Data
from runtime.vm.script import DataOp, LiftOp

Attributes = Mapping[str, str | int]
_ROWS: Final = "sop.rows"


class Watch(Protocol):
    """What is told of a run while it happens."""

    def opened(self, within: Any, name: str, about: Attributes) -> Any:
        """Something begins.

        Args:
            within: What this gave for what it is a part of; None for the run.
            name: For people.
            about: What is known of it.

        Returns:
            What `closed` is to be given.
        """
        ...

    def closed(self, what: Any, about: Attributes, error: BaseException | None = None) -> None:
        """It is over."""
        ...

    @property
    def comment(self) -> str:
        """An SQL comment that names the trace, for the logs of databases."""
        ...


@runtime_checkable
class Commented(Protocol):
    """What a database has besides the Database protocol if its server sees comments. comment: put behind statements
    that are sent as text each time, until `renew`."""

    comment: str


@lru_cache(1000)
def sql_hash(sql: str) -> str:
    """Names a statement's text, which is not told: constants of a script stand in it."""
    return sha256(sql.encode()).hexdigest()[:16]


class WatchedData(Data):
    """Data that is watched."""

    def __init__(
        self, databases: Mapping[str, Database], home: str | None, statements: Statements, watch: Watch
    ) -> None:
        super().__init__(databases, home, statements)
        self._watch = watch
        for database in databases.values():
            if isinstance(database, Commented):
                database.comment = watch.comment
        self._part: Any = None  # the segment
        self._numbered = 0
        self._calls: list[tuple[list[Any], Any]] = []  # by their registers: the machine uses frames again

    # ── segments and calls ─────────────────────────────────────────────────────────────────────────────────────

    def begun(self) -> None:
        super().begun()
        self._numbered += 1
        self._part = self._watch.opened(None, f"segment {self._numbered}", {})

    def ended(self) -> None:
        super().ended()
        self._close("committed")

    def undone(self) -> None:
        super().undone()
        self._close("undone")

    def close(self) -> None:
        self._close("abandoned")

    def _close(self, how: str) -> None:
        self._leave(0)
        if self._part is not None:
            self._watch.closed(self._part, {"sop.segment.end": how})
            self._part = None

    def _leave(self, depth: int) -> None:
        """Calls are over that were under way when data were used last."""
        while len(self._calls) > depth:
            self._watch.closed(self._calls.pop()[1], {})

    def _within(self) -> Any:
        """The call that uses data now. It counts from its first use on."""
        stack = self.stack()[1:]
        same = 0
        for (known, _), frame in zip(self._calls, stack, strict=False):
            if known is not frame.registers:
                break
            same += 1
        self._leave(same)
        for frame in stack[same:]:
            within = self._calls[-1][1] if self._calls else self._part
            self._calls.append((frame.registers, self._watch.opened(within, f"call {frame.script.name}", {})))
        return self._calls[-1][1] if self._calls else self._part

    # ── statements ─────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _watched(self, op: DataOp, does: str) -> Iterator[dict[str, int]]:
        """Tell of a statement, of what is put into the dictionary about it, and of its failure."""
        database, statement = self._bind(op)
        about = {"db.system": database.engine.lower(), "db.namespace": op.name, "sop.sql.hash": sql_hash(statement.sql)}
        what = self._watch.opened(self._within(), f"{does} {op.name}", about)
        told: dict[str, int] = {}
        failure: BaseException | None = None
        try:
            yield told
        except Exception as error:
            failure = error
            raise
        finally:
            self._watch.closed(what, told, failure)

    def rows(self, op: DataOp, params: Sequence[Any]) -> Iterator[Any]:
        return self._counted(op, lambda: super(WatchedData, self).rows(op, params))

    def json_rows(self, op: DataOp, params: Sequence[Any]) -> Iterator[Any]:
        return self._counted(op, lambda: super(WatchedData, self).json_rows(op, params))

    def _counted(self, op: DataOp, begin: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        """The batches, the first of which is asked for now, as the statement begins to run now."""
        batches = self._told(op, begin)
        next(batches)
        return batches

    def _told(self, op: DataOp, begin: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        with self._watched(op, "query") as told:
            batches = begin()
            try:
                yield None
                told[_ROWS] = 0
                for batch in batches:
                    told[_ROWS] += len(batch)
                    yield batch
            finally:
                close = getattr(batches, "close", None)
                if close is not None:
                    close()

    def spool(self, op: DataOp, params: Sequence[Any]) -> Spool:
        with self._watched(op, "query"):
            return super().spool(op, params)

    def _fetch(self, op: DataOp, params: Sequence[Any]) -> Any:
        with self._watched(op, "query") as told:
            found = super()._fetch(op, params)
            told[_ROWS] = len(found) if op.mode == "list" else int(found is not None)
            return found

    def write(self, op: DataOp, params: Sequence[Any], where: StackLocation) -> int:
        if type(op.form) is Insert:  # it waits for `flush`
            return super().write(op, params, where)
        with self._watched(op, op.mode) as told:
            told[_ROWS] = super().write(op, params, where)
            return told[_ROWS]

    def flush(self) -> None:
        if not self._runs:
            return
        with self._watched(self._runs[0].op, "insert") as told:
            told[_ROWS] = self._waiting
            super().flush()

    def survey(self, op: LiftOp, params: Sequence[Any]) -> dict[str, Any]:
        assert op.survey is not None
        with self._watched(op.survey, "query") as told:
            told[_ROWS] = 1
            return super().survey(op, params)

    def write_set(self, op: LiftOp, params: Sequence[Any]) -> int:
        assert op.write is not None
        with self._watched(op.write, op.write.mode) as told:
            told[_ROWS] = super().write_set(op, params)
            return told[_ROWS]

"""Queries and writes of a script → the run's databases: statements, reads, buffered inserts, savepoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from runtime.databases.protocol import Database, Pipelined, Spool, Statement
from runtime.databases.statements import Statements, limited_to_mode
from runtime.errors import DatabaseError, RunError
from runtime.query.algebra import Insert, InsertList, Query
from runtime.values.batches import Row
from runtime.values.conversion import convert, to_text
from runtime.vm.backtrace import StackLocation
from runtime.vm.frame import Frames
from runtime.vm.script import DataOp, LiftOp

BUFFER_ROWS: Final = 512
_KINDS: Final = frozenset({int, str})  # of values that are the same question when Python takes them for equal
_MISSES: Final = 400  # new questions, after which a look-up with fewer answers at hand is remembered no longer
_MOST_ANSWERS: Final = 10_000
_LONGEST_TEXT: Final = 256  # of an answer that is remembered: memory stays small
_LONGEST_ROW: Final = 120
_MARK: Final = 1_000_000  # past any depth of savepoints that a script can have


class InsertError(DatabaseError):
    """The database refused an insert, maybe after it waited in the buffer. where: the stack when the step ran. row: the
    refused row, None when the error is not about one row."""

    def __init__(self, error: DatabaseError, where: StackLocation, row: Mapping[str, Any] | None) -> None:
        shown = "" if row is None else f": {_shown(row)}"
        super().__init__(error.code, error.message + shown, error.hint, retry=error.retry)
        self.where = where


class _InsertRun:
    """Consecutive inserts of one op, to be written together. places: the stack position of each."""

    __slots__ = ("op", "places", "rows")

    def __init__(self, op: DataOp) -> None:
        self.op = op
        self.rows: list[Sequence[Any]] = []
        self.places: list[StackLocation] = []


def _is_small(answer: Any) -> bool:
    values = answer.values() if type(answer) is dict else (answer,)
    return all(
        len(value) <= _LONGEST_TEXT if type(value) is str else type(value) is not list and type(value) is not dict
        for value in values
    )


class _Remembered:
    """Answers of one look-up, by the values that it was asked with. written: how often the run had written when they
    were given. misses: questions that were new."""

    __slots__ = ("answers", "hits", "misses", "written")

    def __init__(self) -> None:
        self.answers: dict[Any, Any] = {}
        self.hits = 0
        self.misses = 0
        self.written = 0


class Data:
    """The databases of one run, by the names scripts use.

    home: the only one that is written, None when none is. depth: savepoints open in it. segment: counts up with
    every segment. uncommitted: whether this segment has written. tally: rows by (command, store), for a dry run.

    is_caught: whether an error would be caught by the script where it is now. stack: the calls under way, the run's own
    script first. The machine says both.

    Inserts are buffered until the script does something else with the database. Inside `try` they are not: the handler
    must see the state just before the insert that failed.

    A look-up that was made before with the same values is not made again, until the run writes or the segment ends.
    """

    def __init__(self, databases: Mapping[str, Database], home: str | None, statements: Statements) -> None:
        self.databases = dict(databases)
        self.home = self.databases[home] if home is not None else None
        self._pipelines = isinstance(self.home, Pipelined)  # asked once: it costs more than writing a row
        self.depth = 0
        self.segment = 0
        self.uncommitted = False
        self.tally: dict[tuple[str, str], int] = {}
        self._statements = statements
        self.is_caught: Callable[[], bool] = lambda: False
        self.stack: Callable[[], Frames] = list
        self._bound: dict[DataOp, tuple[Database, Statement]] = {}
        self._remembered: dict[DataOp, _Remembered | None] = {}  # None: it asks for something new too often
        self._written = 0
        self._runs: list[_InsertRun] = []
        self._waiting = 0  # rows of all runs
        self._are_tries: list[bool] = []  # for each open savepoint, whether it is that of a `try`
        self._left: list[Spool] = []
        self._tallies: list[dict[tuple[str, str], int]] = [{}]

    # ── statements ─────────────────────────────────────────────────────────────────────────────────────────────

    def _bind(self, op: DataOp) -> tuple[Database, Statement]:
        """The op's database and SQL; the SQL from the cache where it is there."""
        bound = self._bound.get(op)
        if bound is None:
            database = self.databases.get(op.name)
            if database is None:
                raise RunError("V0208", f"the run was handed no database `{op.name}`", "compile the script again")
            bound = self._bound[op] = database, self._statement(database, op)
        return bound

    def _statement(self, database: Database, op: DataOp) -> Statement:
        if not isinstance(op.form, Query):
            return self._statements.statement(database, op.form, op.key)
        return self._statements.statement(database, *limited_to_mode(op.form, op.mode, op.key))

    def prepare(self, op: DataOp) -> None:
        """Generate the op's SQL, or load it from the cache. Raises DatabaseError."""
        self._bind(op)

    def _ready(self, op: DataOp) -> tuple[Database, Statement]:
        """As `_bind`, with what was buffered for that database written."""
        bound = self._bind(op)
        self.flush_to(bound[0])
        if self.is_caught():
            bound[0].isolate_next_statement()
        return bound

    # ── reads ──────────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, op: DataOp, params: Sequence[Any]) -> Iterator[list[Row]]:
        """Batches of rows of VM values."""
        database, statement = self._ready(op)
        return database.query(statement, params)

    def json_rows(self, op: DataOp, params: Sequence[Any]) -> Iterator[list[Row]] | Iterator[list[Raw]]:
        """Batches of rows of values for the JSON writer, or of records that are in JSON already."""
        database, statement = self._ready(op)
        return database.query_json(statement, params)

    def spool(self, op: DataOp, params: Sequence[Any]) -> Spool:
        database, statement = self._ready(op)
        return database.spool(statement, params)

    def release_spool(self, spool: Spool, segment: int) -> None:
        """Drop a spool. One made in an earlier segment waits for this one's end, in case it is run again."""
        if segment == self.segment:
            spool.drop()
        else:
            self._left.append(spool)

    # ── segments ───────────────────────────────────────────────────────────────────────────────────────────────

    def begun(self) -> None:
        """A segment has begun, and can be run again from here."""
        self.segment += 1
        self._written += 1
        self.depth = 0
        self._are_tries.clear()
        self.uncommitted = False
        self._tallies = [dict(self.tally)]

    def ended(self) -> None:
        """The segment has ended for good. What happens before the next one has begun belongs to that."""
        for spool in self._left:
            spool.drop()
        self._left.clear()
        self.segment += 1
        self._tallies = [dict(self.tally)]

    def undone(self) -> None:
        """The segment was rolled back: it never happened."""
        self.drop_buffer()
        self._left.clear()
        self._written += 1
        self.depth = 0
        self._are_tries.clear()
        self.uncommitted = False
        self.tally = dict(self._tallies[0])

    def close(self) -> None:
        """The run is over, however it ended."""

    def fetch(self, op: DataOp, params: Sequence[Any]) -> Any:
        """What the op's mode asks for: first (record or null), one, list (of records), scalar (value or null).

        V0113 when `one` finds not exactly one row or `scalar` more than one.
        """
        if op.mode == "list":
            return self._fetch(op, params)
        memory = self._memory(op)
        key: Any = params[0] if len(params) == 1 else tuple(params)
        if memory is None or not _KINDS.issuperset(map(type, params)):
            return self._fetch(op, params)
        if memory.written != self._written:
            memory.answers.clear()
            memory.written = self._written
        elif key in memory.answers:
            memory.hits += 1
            return memory.answers[key]
        answer = self._fetch(op, params)
        memory.misses += 1
        if memory.misses >= _MISSES and memory.hits < memory.misses:
            self._remembered[op] = None
        elif len(memory.answers) < _MOST_ANSWERS and _is_small(answer):
            memory.answers[key] = answer
        return answer

    def _memory(self, op: DataOp) -> _Remembered | None:
        try:
            return self._remembered[op]
        except KeyError:
            memory = self._remembered[op] = _Remembered()
            return memory

    def _fetch(self, op: DataOp, params: Sequence[Any]) -> Any:
        database, statement = self._ready(op)
        batches = database.query(statement, params)
        mode = op.mode
        if mode == "list":
            return [dict(zip(op.columns, row, strict=True)) for batch in batches for row in batch]
        rows: list[Row] = []
        for batch in batches:
            rows += batch
            if len(rows) > 1 or (rows and mode == "first"):
                break
        close = getattr(batches, "close", None)
        if close is not None:
            close()
        if len(rows) > 1 and mode != "first":
            raise RunError("V0113", "a query that must give one row gives more", "`first(…)` takes the first of them")
        if mode == "scalar":
            return rows[0][0] if rows else None
        if not rows and mode == "one":
            raise RunError("V0113", "a query that must give one row gives none", "`first(…)` gives null then")
        return dict(zip(op.columns, rows[0], strict=True)) if rows else None

    # ── writes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, op: DataOp, params: Sequence[Any], where: StackLocation) -> int:
        """Rows changed. Single inserts wait in a buffer; where: of the step, for when they fail later."""
        form = op.form
        self.uncommitted = True
        self._written += 1
        if type(form) is Insert:
            runs = self._runs
            if self._waiting >= BUFFER_ROWS:
                self.flush()
                runs = self._runs
            if not runs or not self._continues(runs[-1], op, where):
                if runs and not self._pipelines:
                    self.flush()
                    runs = self._runs
                self._bind(op)
                runs.append(_InsertRun(op))
            run = runs[-1]
            run.rows.append(params)
            run.places.append(where)
            self._waiting += 1
            if True in self._are_tries:
                self.flush()
            changed = 1
        elif isinstance(form, InsertList):
            database, statement = self._ready(op)
            records = _records(form, params[0])
            try:
                changed = database.execute(statement, [records])
            except DatabaseError as error:
                raise InsertError(error, where, None if error.row is None else records[error.row]) from error
        else:
            database, statement = self._ready(op)
            changed = database.execute(statement, params)
        key = op.mode, op.store
        self.tally[key] = self.tally.get(key, 0) + changed
        return changed

    def _continues(self, run: _InsertRun, op: DataOp, where: StackLocation) -> bool:
        """Whether an insert can go with those before it. DuckDB, which has no savepoints, does not say which row of
        many it refused, so that all have to come from one step."""
        if op is not run.op:
            return False
        return self.home is None or self.home.savepoints or where.frames == run.places[-1].frames

    def flush(self) -> None:
        """Write what is buffered; InsertError when the database refuses it."""
        runs = self._runs
        self.drop_buffer()
        if not runs:
            return
        bound = [self._bind(run.op) for run in runs]
        database = bound[0][0]
        try:
            if len(runs) == 1:
                database.execute_many(bound[0][1], runs[0].rows)
            else:
                assert isinstance(database, Pipelined)  # else they are written one by one
                statements = (statement for _, statement in bound)
                database.execute_batches([(each, run.rows) for each, run in zip(statements, runs, strict=True)])
        except DatabaseError as error:
            run = runs[error.run]
            form = run.op.form
            assert isinstance(form, Insert)
            row = None if error.row is None else dict(zip(form.fields, run.rows[error.row], strict=True))
            raise InsertError(error, run.places[error.row or 0], row) from error

    def flush_to(self, database: Database) -> None:
        """Write what is buffered for that database."""
        if self._runs and database is self.home:
            self.flush()

    def drop_buffer(self) -> None:
        self._runs, self._waiting = [], 0

    # ── loops as one statement (lifted.py) ──

    def set_mark(self, database: Database) -> None:
        """A savepoint of our own, beside those of the script."""
        database.savepoint(_MARK)

    def undo_mark(self, database: Database) -> None:
        database.rollback_to(_MARK)

    def release_mark(self, database: Database) -> None:
        database.release(_MARK)

    def survey(self, op: LiftOp, params: Sequence[Any]) -> dict[str, Any]:
        """The one row of the survey, by its columns. An error of it undoes nothing else."""
        assert op.survey is not None
        database, statement = self._bind(op.survey)
        database.isolate_next_statement()
        (row,) = [row for batch in database.query(statement, params) for row in batch]
        return dict(zip(op.survey.columns, row, strict=True))

    def write_set(self, op: LiftOp, params: Sequence[Any]) -> int:
        """Rows changed by all passes of a loop together."""
        assert op.write is not None
        database, statement = self._bind(op.write)
        self._written += 1
        return database.execute(statement, params)

    def count_set(self, op: DataOp, changed: int) -> None:
        """Tally what a loop wrote."""
        if changed:
            self.uncommitted = True
            key = op.mode, op.store
            self.tally[key] = self.tally.get(key, 0) + changed

    # ── savepoints ─────────────────────────────────────────────────────────────────────────────────────────────

    def savepoint(self, *, is_try: bool) -> None:
        """is_try: it belongs to a `try`, not a `transaction`."""
        self.flush()
        self._are_tries.append(is_try)
        if self.home is not None:
            self.home.savepoint(self.depth)
        self.depth += 1
        self._tallies.append(dict(self.tally))

    def release(self) -> None:
        self.flush()
        self.depth -= 1
        self._are_tries.pop()
        self._tallies.pop()
        if self.home is not None:
            self.home.release(self.depth)

    def rollback_to(self, depth: int) -> None:
        """Undo what was written since the savepoint that made depth + 1, and buffered inserts with it."""
        if depth >= self.depth:
            return
        self.drop_buffer()
        self.depth = depth
        self._written += 1
        del self._are_tries[depth:]
        self.tally = self._tallies[depth + 1]
        del self._tallies[depth + 1 :]
        if self.home is not None:
            self.home.rollback_to(depth)


def _records(form: InsertList, records: Any) -> list[dict[str, Any]]:
    """The list that is inserted, each record with the fields of the store, as values of their types; else V0105."""
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise RunError("V0105", "what is inserted is not a list of records")
    fields = list(zip(form.fields, form.types, strict=True))
    return [{name: convert(record.get(name), type_) for name, type_ in fields} for record in records]


def _shown(row: Mapping[str, Any]) -> str:
    """`{"id":12,"name":"bolt"}`, cut off when it is long."""
    try:
        text = to_text(dict(row))
    except (ValueError, OverflowError, msgspec.EncodeError):  # what no database keeps is no JSON either
        return "a row that can't be shown"
    return text if len(text) <= _LONGEST_ROW else text[: _LONGEST_ROW - 1] + "…"

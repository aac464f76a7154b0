"""A database → the tables of the runs that are kept in it: `sop_runs` and what belongs to a run's row.

    sop_runs        a row a run: its status, its segment's number and epoch, and two msgpack values: `pinned`, what
                    never changes (arguments, modules, databases), and `state`, its frames
    sop_values      values that are too large for `state`, by number
    sop_rows        what is left of the rows that a loop goes over, in batches
    sop_modules     compiled scripts by hash; sop_statements: their SQL; sop_uses: which runs need them
    sop_lines       what a run has said, in batches
    sop_scripts     scripts that were pushed, by name (made by the first `sopvm push`)

The schema readers hide these tables from scripts. The SQL here is what SQLite, PostgreSQL and what speaks PostgreSQL's
protocol have in common; words in braces are those of an engine. Every statement finds its rows by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any, Final, NamedTuple

from runtime.databases.protocol import Keeps, Lease
from runtime.errors import DatabaseError, SopError
from runtime.runs.owner import owned_by

TABLES: Final = ("sop_runs", "sop_values", "sop_rows", "sop_modules", "sop_statements", "sop_uses", "sop_lines")
KEPT_DAYS: Final = 30  # that a run is kept after it has ended

# What a worker may take, once `wake` is past. The same words in SQLite's index and in the query.
_OPEN: Final = "(status in ('pending', 'running') or (status = 'waiting' and deadline is not null))"
_OPEN_RUNS: Final = f"create index if not exists sop_open on sop_runs (created) where {_OPEN}"
_DDL: Final = (
    "create table if not exists sop_runs (run {text} primary key, script {text} not null, version bigint not null,"
    " status {text} not null, segment bigint not null, epoch bigint not null, created {text} not null,"
    " updated {text} not null, lines bigint not null, pinned {bytes} not null, state {bytes}, question {text},"
    " answer {bytes}, ending {text}, request {text}, deadline {text}, owner {text}, wake {text}, tries bigint){roomy}",
    "create table if not exists sop_values (run {text}, number bigint, data {bytes} not null,"
    " primary key (run, number))",
    "create table if not exists sop_rows (run {text}, spool bigint, first bigint, data {bytes} not null,"
    " primary key (run, spool, first))",
    "create table if not exists sop_modules (hash {text} primary key, data {bytes} not null)",
    "create table if not exists sop_statements (hash {text}, key {text}, data {bytes} not null,"
    " primary key (hash, key))",
    "create table if not exists sop_uses (run {text}, hash {text}, primary key (run, hash))",
    "create table if not exists sop_lines (run {text}, first bigint, data {bytes} not null, primary key (run, first))",
)
# Columns of sop_runs that earlier releases do not have
_ADDED: Final = ("deadline {text}", "owner {text}", "wake {text}", "tries bigint")
ADDED: Final = tuple(column.partition(" ")[0] for column in _ADDED)
_SCRIPTS: Final = (
    "create table if not exists sop_scripts (name {text} primary key, version bigint not null, hash {text} not null)"
)
_LEASES: Final = (
    "create table if not exists sop_leases (run text primary key, holder text not null, session bigint not null,"
    " expires timestamp with time zone not null, stop boolean not null default false)"
)
_TIMES: Final = {  # the database's clock, with something added
    "SQLite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'{})",
    "PostgreSQL": "to_char((clock_timestamp(){}) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
}
_WORDS: Final[dict[str, dict[str, str]]] = {
    "SQLite": {
        "text": "text",
        "bytes": "blob",
        "roomy": "",
        "now": _TIMES["SQLite"].format(""),
        "pause": _TIMES["SQLite"].format(", '+' || ($1 * (coalesce(tries, 0) + 1)) || ' seconds'"),
        "ago": _TIMES["SQLite"].format(", '-' || $1 || ' days'"),
        "in_1": _TIMES["SQLite"].format(", '+' || $1 || ' seconds'"),
        "in_9": _TIMES["SQLite"].format(", '+' || $9 || ' seconds'"),
    },
    "PostgreSQL": {
        "text": "text",
        "bytes": "bytea",
        # A new version of a row that does not fit on its page is written into the pages of indexes, too, and segments
        # of other runs that found their rows by those pages conflict with that.
        "roomy": " with (fillfactor = 40)",
        "now": _TIMES["PostgreSQL"].format(""),
        "pause": _TIMES["PostgreSQL"].format(" + $1::float8 * (coalesce(tries, 0) + 1) * interval '1 second'"),
        "ago": _TIMES["PostgreSQL"].format(" - $1::bigint * interval '1 day'"),
        "in_1": _TIMES["PostgreSQL"].format(" + $1::float8 * interval '1 second'"),
        "in_9": _TIMES["PostgreSQL"].format(" + $9::float8 * interval '1 second'"),
    },
}
ENDED: Final = ("ok", "failed", "cancelled")


class RunRow(NamedTuple):
    """A row of sop_runs.

    status: pending (nothing is done yet), running, waiting (for an answer), ok, failed, cancelled. A `running` run of
    which no process holds the lease was interrupted. segment: how many have ended. epoch: counts who has run it.
    lines: number of the last line of the last segment. question: of a waiting run, as JSON. answer: packed, until the
    next segment ends. ending: the lines after the last segment's, as JSON lines, of an ended run. request: hash of the
    script and arguments that it was asked for with. deadline: of a waiting run, when its question takes its default, as
    `created` is written. owner: who began it (runtime/runs/owner.py). wake: no worker takes it before then, after a try
    that came to nothing. tries: of workers, since the last segment that ended.
    """

    run: str
    script: str
    version: int
    status: str
    segment: int
    epoch: int
    created: str
    updated: str
    lines: int
    pinned: bytes
    state: bytes | None
    question: str | None
    answer: bytes | None
    ending: str | None
    request: str | None
    deadline: str | None = None
    owner: str | None = None
    wake: str | None = None
    tries: int | None = None


class RunStore:
    """The kept runs of one database. Methods raise DatabaseError; those that write do so in the transaction that is
    open, or each by itself."""

    def __init__(self, database: Keeps) -> None:
        self.database = database
        self.engine = database.engine
        self._is_postgres = self.engine == "PostgreSQL"

    def _run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return run_worded(self.database, sql, *values)

    def find_by_key(self) -> None:
        """In the open transaction, let the next statements find their rows by key. A transaction that is SERIALIZABLE
        conflicts with every writer of a table that it scans, and of a small one PostgreSQL scans the whole."""
        if self._is_postgres:
            self.database.own_with_next("set local enable_seqscan = off")

    def scan_again(self) -> None:
        """After `find_by_key`: leave the script's own statements as they were."""
        if self._is_postgres:
            self._run("reset enable_seqscan")

    def _share(self, sql: str, *values: Any) -> None:
        """Insert, in the open transaction, a row that any run may have inserted. A SERIALIZABLE transaction fails where
        another one has just done so, although nothing is to be done then."""
        if not self._is_postgres:
            self._run(sql, *values)
            return
        self.database.own_with_next("savepoint sop_shared")
        try:
            self._run(sql, *values)
        except DatabaseError as error:
            if not error.retry:
                raise
            self.database.own_with_next("rollback to sop_shared")
        self._run("release sop_shared")

    def _change(self, sql: str, *values: Any) -> bool:
        """Whether it changed its row."""
        return self.database.own_change(worded(sql, self.engine), values) == 1

    # ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _tables(self) -> list[str]:
        return [*(worded(sql, self.engine) for sql in _DDL), _LEASES if self._is_postgres else _OPEN_RUNS]

    def exists(self) -> bool:
        return has_table(self.database, "sop_runs")

    @cached_property
    def _is_current(self) -> bool:
        """Whether the table of runs has the columns that this release added."""
        return has_table(self.database, "sop_runs", ADDED) and (
            not self._is_postgres or has_table(self.database, "sop_leases", ["stop"])
        )

    @property
    def _missing(self) -> list[str]:
        """Statements that add what earlier releases do not have."""
        if not self._is_postgres:
            return [*(f"alter table sop_runs add column {worded(each, self.engine)}" for each in _ADDED), _OPEN_RUNS]
        new = [f"alter table sop_runs add column if not exists {worded(each, self.engine)}" for each in _ADDED]
        return [*new, "alter table sop_leases add column if not exists stop boolean not null default false"]

    def _columns(self, *without: str) -> str:
        """The columns of a RunRow, null for those that are left out or not there."""
        gone = without if self._is_current else (*without, *ADDED)
        return ", ".join("null" if name in gone else name for name in RunRow._fields)

    def prepare(self) -> None:
        """Make the tables if they are not there, add what this release added to them, and forget runs that ended long
        ago. V0604 when that can't be done."""
        needed = self._tables
        try:
            if not self.exists():
                self._make(needed)
            elif not self._is_current:
                needed = self._missing
                self._make(needed)
            elif self._run(f"select 1 from sop_runs where {_OLD} limit 1", KEPT_DAYS):
                self.forget_old()
        except DatabaseError as error:
            self.database.rollback()
            if self.exists() and self._is_current:  # another run has just made them
                return
            message = f"the run has to be kept, and `{self.database.name}` has no tables for that: {error.message}"
            raise SopError("V0604", message, "let its owner make them:\n" + ";\n".join([*needed, ""])) from error

    def _make(self, statements: Sequence[str]) -> None:
        vars(self).pop("_is_current", None)
        self.database.begin(write=True)
        for sql in statements:
            self.database.own(sql, ())
        self.database.commit()

    def forget_old(self) -> None:
        """Forget runs that ended long ago, and the modules that none needs any more."""
        self.database.begin(write=True)
        old = f"(select run from sop_runs where {_OLD})"
        for table in ("sop_values", "sop_rows", "sop_lines", "sop_uses", "sop_runs"):
            self._run(f"delete from {table} where run in {old}", KEPT_DAYS)
        for table in ("sop_statements", "sop_modules"):
            self._run(
                f"delete from {table} where not exists (select 1 from sop_uses where sop_uses.hash = {table}.hash)"
            )
        self.database.commit()

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, run: str) -> RunRow | None:
        rows = self._run(f"select {self._columns()} from sop_runs where run = $1", run)
        return RunRow(*rows[0]) if rows else None

    def find_settled(self, row: RunRow) -> RunRow | None:
        """Its row, once no transaction of a connection that was lost can change or insert it any more. PostgreSQL may
        only be about to commit one: it has not heard of the loss, or waits for a standby. Its locks say so."""
        if self._is_postgres and not self._run("select 1 from sop_runs where run = $1 for update", row.run):
            self.database.begin(write=True)
            try:
                self.insert(row, ())
            except DatabaseError as error:
                if error.code != "D0302" and not error.retry:
                    raise
            finally:
                self.database.rollback()
        return self.find(row.run)

    def list(
        self, script: str | None, status: str | None, since: str | None, limit: int, token: str | None = None
    ) -> list[RunRow]:
        """Newest first; without state and answer. token: only runs that it began (see owner.py). None: any."""
        conditions, values = [], []
        for column, comparison, value in (
            ("script", "=", script),
            ("status", "=", status),
            ("created", ">=", since),
            ("owner", "like", None if token is None else owned_by(token)),
        ):
            if value is not None and (column != "owner" or self._is_current):
                values.append(value)
                conditions.append(f"{column} {comparison} ${len(values)}")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        shown = self._columns("state", "answer")
        rows = self._run(f"select {shown} from sop_runs{where} order by created desc, run desc limit {limit}", *values)
        return [RunRow(*row) for row in rows]

    def module(self, hash_: str) -> bytes | None:
        rows = self._run("select data from sop_modules where hash = $1", hash_)
        return bytes(rows[0][0]) if rows else None

    def statements(self, hashes: Iterable[str]) -> dict[bytes, bytes]:
        """The SQL that is kept for these modules, by key."""
        found: dict[bytes, bytes] = {}
        for hash_ in hashes:
            for key, data in self._run("select key, data from sop_statements where hash = $1", hash_):
                found[key.encode()] = bytes(data)
        return found

    def value(self, run: str, number: int) -> bytes | None:
        rows = self._run("select data from sop_values where run = $1 and number = $2", run, number)
        return bytes(rows[0][0]) if rows else None

    def batch(self, run: str, spool: int, at: int, *, holding: bool = False) -> tuple[int, bytes] | None:
        """The batch of a spool's rows that begins after row `at`, or (holding) that holds it; and its first row."""
        self.find_by_key()
        which = "first <= $3 order by first desc" if holding else "first > $3 order by first"
        rows = self._run(
            f"select first, data from sop_rows where run = $1 and spool = $2 and {which} limit 1", run, spool, at
        )
        self.scan_again()
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else None

    def lines(self, run: str, after: int, last: int) -> tuple[int, bytes] | None:
        """The first batch of lines after the one that begins with line `after`, up to one that begins with `last`."""
        rows = self._run(
            "select first, data from sop_lines where run = $1 and first > $2 and first <= $3 order by first limit 1",
            *(run, after, last),
        )
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else None

    # ── a run's life ───────────────────────────────────────────────────────────────────────────────────────────

    def insert(self, row: RunRow, modules: Sequence[tuple[str, bytes]], within: float | None = None) -> None:
        """A run that is not there yet. modules: hash and bytes of each script that it may call. within: as `save`."""
        columns = [name for name in RunRow._fields if name not in ("created", "updated", "deadline")]
        places = ", ".join(f"${number}" for number in range(2, len(columns) + 2))
        self._run(
            f"insert into sop_runs ({', '.join(columns)}, created, updated, deadline)"
            f" values ({places}, {{now}}, {{now}}, {{in_1}})",
            *(within, *[getattr(row, name) for name in columns]),
        )
        for hash_, data in modules:
            self._use(row.run, hash_, data)

    def save(
        self,
        run: str,
        epoch: int,
        status: str,
        segment: int,
        lines: int,
        state: bytes | None,
        said: str | None,
        ending: str | None,
        within: float | None = None,
    ) -> bool:
        """The end of a segment. within: seconds for the answer to its question, from now on. False when the run has
        another epoch by now, so belongs to another process, or is not where the segment before this one ended."""
        return self._change(
            "update sop_runs set status = $3, segment = $4, lines = $5, state = $6, question = $7, ending = $8,"
            " deadline = {in_9}, answer = null, updated = {now}, wake = null, tries = 0"
            " where run = $1 and epoch = $2 and segment = $4 - 1",
            *(run, epoch, status, segment, lines, state, said, ending, within),
        )

    def save_again(self, run: str, epoch: int, segment: int, lines: int, state: bytes) -> bool:
        """As `save`, of a run whose last segment this process saved as `running`: what has stayed the same is not
        written, nor is SQLite's index of open runs."""
        return self._change(
            "update sop_runs set segment = $3, lines = $4, state = $5, updated = {now}"
            " where run = $1 and epoch = $2 and segment = $3 - 1",
            *(run, epoch, segment, lines, state),
        )

    def is_overdue(self, run: str) -> bool:
        """Whether it waits, and the deadline of its question has passed, by the database's clock."""
        if not self._is_current:
            return False
        return bool(
            self._run("select 1 from sop_runs where run = $1 and status = 'waiting' and deadline <= {now}", run)
        )

    # ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────

    def push(self, scripts: Iterable[tuple[str, int, str, bytes]]) -> None:
        """Keep scripts for whoever has this database: name, version, hash and bytes of each. One that is there is
        replaced."""
        self.database.begin(write=True)
        self._run(_SCRIPTS)
        for name, version, hash_, data in scripts:
            self._run("delete from sop_scripts where name = $1", name)
            self._run("insert into sop_scripts (name, version, hash) values ($1, $2, $3)", name, version, hash_)
            self._run("delete from sop_uses where run = $1", f"@{name}")
            self._use(f"@{name}", hash_, data)
        self.database.commit()

    def pushed(self, name: str) -> tuple[str, int, str] | None:
        """Name, version and hash of a script that was pushed."""
        try:
            rows = self._run("select name, version, hash from sop_scripts where name = $1", name)
        except DatabaseError as error:
            if error.code == "D0201":
                return None
            raise
        return (str(rows[0][0]), int(rows[0][1]), str(rows[0][2])) if rows else None

    def _use(self, run: str, hash_: str, data: bytes) -> None:
        """Keep a module for a run."""
        self._share("insert into sop_modules (hash, data) values ($1, $2) on conflict do nothing", hash_, data)
        self._run("insert into sop_uses (run, hash) values ($1, $2) on conflict do nothing", run, hash_)

    def take(self, pause: float) -> tuple[str, int, Lease] | None:
        """Take over the oldest run that waits for a worker, in one transaction with its lease: the run, its new epoch
        and the lease; None when there is none.
        pause: seconds until it may be taken again should this try come to nothing, times the tries in a row that did.
        """
        return self.database.take(worded(_DUE, self.engine), worded(_TAKEN, self.engine), pause)

    def claim(self, run: str, epoch: int) -> bool:
        """Take the run over from whoever had that epoch; False when somebody else did so first. One that ended while it
        asked asks again, and has all the time for its answer."""
        return self._change(
            f"update sop_runs set epoch = epoch + 1, status = {_GOING_ON}, ending = null, updated = {{now}}, tries = 0,"
            " wake = null, deadline = case when status = 'waiting' then deadline end"
            " where run = $1 and epoch = $2 and status <> 'ok'",
            *(run, epoch),
        )

    def answer(self, run: str, epoch: int, answer: bytes) -> bool:
        """Keep the answer to the open question; False when the run has another epoch by now."""
        return self._change(
            "update sop_runs set answer = $3, status = 'running', question = null, wake = null, updated = {now}"
            " where run = $1 and epoch = $2",
            *(run, epoch, answer),
        )

    def end(self, run: str, epoch: int, status: str, ending: str) -> bool:
        """The run ended between two segments, and keeps its frames."""
        return self._change(
            "update sop_runs set status = $3, ending = $4, updated = {now} where run = $1 and epoch = $2",
            *(run, epoch, status, ending),
        )

    def give_back(self, run: str, epoch: int) -> None:
        """Let the next worker take the run at once: this one was told to stop, so its try does not count."""
        self._change(
            "update sop_runs set wake = null, tries = case when tries > 0 then tries - 1 else 0 end"
            " where run = $1 and epoch = $2",
            *(run, epoch),
        )

    def put_values(self, run: str, values: Sequence[tuple[int, bytes]]) -> None:
        for number, data in values:
            self._run("insert into sop_values (run, number, data) values ($1, $2, $3)", run, number, data)

    def drop_values(self, run: str, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._run("delete from sop_values where run = $1 and number = $2", run, number)

    def put_batch(self, run: str, spool: int, first: int, data: bytes) -> None:
        self._run("insert into sop_rows (run, spool, first, data) values ($1, $2, $3, $4)", run, spool, first, data)

    def drop_spools(self, run: str, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._run("delete from sop_rows where run = $1 and spool = $2", run, number)

    def put_statements(self, statements: Iterable[tuple[bytes, bytes]]) -> None:
        for key, data in statements:
            text = key.decode()
            self._share(
                "insert into sop_statements (hash, key, data) values ($1, $2, $3) on conflict do nothing",
                *(text.partition(":")[0], text, data),
            )

    def put_lines(self, run: str, first: int, data: bytes) -> None:
        self._run("insert into sop_lines (run, first, data) values ($1, $2, $3)", run, first, data)

    def drop_lines(self, run: str, after: int) -> None:
        """Forget the batches that begin after that line."""
        self._run("delete from sop_lines where run = $1 and first > $2", run, after)

    def clear(self, run: str) -> None:
        """Forget what a run that is over needed to go on."""
        for table in ("sop_values", "sop_rows"):
            self._run(f"delete from {table} where run = $1", run)


_GOING_ON: Final = "case when question is null then 'running' else 'waiting' end"
_DUE: Final = f"{_OPEN} and (wake is null or wake <= {{now}}) and (status <> 'waiting' or deadline <= {{now}})"
_TAKEN: Final = (
    f"epoch = epoch + 1, tries = coalesce(tries, 0) + 1, updated = {{now}}, status = {_GOING_ON}, wake = {{pause}}"
)
_OLD: Final = f"status in {ENDED} and updated < {{ago}}"


def has_table(database: Keeps, table: str, columns: Iterable[str] = ("1",)) -> bool:
    """Whether a database has a table, with these columns."""
    try:
        database.own(f"select {', '.join(columns)} from {table} limit 0", ())
    except DatabaseError as error:
        if error.code == "D0201":
            return False
        raise
    return True


def run_worded(database: Keeps, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement in the words of `worded`."""
    return database.own(worded(sql, database.engine), values)


@cache
def worded(sql: str, engine: str) -> str:
    """The SQL in the words of an engine: those in braces, and the places of values, $1, $2 …"""
    sql = sql.format_map(_WORDS[engine])
    return sql.replace("$", "?") if engine == "SQLite" else sql

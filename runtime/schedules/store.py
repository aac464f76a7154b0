"""The database of `[runs]` → its schedules, and the runs that are due and have not begun.

    sop_schedules   a row a schedule: what is run when, when it is due next, and how its last run began
    sop_due         a row a due time: the run that has to begin, by the id that it will have

A due time is taken in one transaction: it becomes a row of sop_due, and the schedule moves on. So each becomes one run,
however many workers look. The run's own database refuses a second one with its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from runtime.config import Config
from runtime.connect import file_of
from runtime.databases.protocol import Keeps
from runtime.errors import SopError, UsageError
from runtime.library.environment import make_home
from runtime.runs.places import runs_place
from runtime.runs.store import RunStore, has_table, run_worded, worded

_DDL: Final = (
    "create table if not exists sop_schedules (name {text} primary key, script {text} not null,"
    " arguments {text} not null, cron {text} not null, zone {text} not null, missed {text} not null,"
    " overlap {text} not null, retries bigint not null, backoff bigint not null, due {text},"
    " paused bigint not null, left_out bigint not null, last_due {text}, last_run {text}, last_place {text},"
    " tries bigint not null, unsettled bigint not null, problem {text})",
    "create table if not exists sop_due (run {text} primary key, schedule {text} not null, due {text} not null)",
)
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.000Z"  # as moments are written in the tables of runs: their order is that of texts


class Schedule(NamedTuple):
    """A row of sop_schedules.

    script: NAME, NAME@VERSION or NAME@TAG. arguments: as given in the shell, as JSON. missed: what becomes of due times
    at which no worker looked: `skip`, `once` (one run for all of them) or `all`. overlap: what a run that is due does
    while the one before goes on: `skip` (it is left out), `queue` (it waits) or `cancel` (it ends that one). retries:
    of a run that failed, the first after backoff seconds, each next one after twice as long. due: when the next run is.
    left_out: how many due times became no run. last_due, last_run: of the run that began last; last_place: the name of
    its database; tries: how often it was tried again; unsettled: whether it may have to be. problem: why the last run
    that was due could not begin.
    """

    name: str
    script: str
    arguments: str
    cron: str
    zone: str
    missed: str
    overlap: str
    retries: int
    backoff: int
    due: str | None
    paused: int = 0
    left_out: int = 0
    last_due: str | None = None
    last_run: str | None = None
    last_place: str | None = None
    tries: int = 0
    unsettled: int = 0
    problem: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """The arguments by parameter."""
        return msgspec.json.decode(self.arguments, type=dict[str, str])


class Due(NamedTuple):
    """A row of sop_due. run: the id of the run that has to begin."""

    run: str
    schedule: str
    due: str


_COLUMNS: Final = ", ".join(Schedule._fields)


class ScheduleStore:
    """The schedules of one database. Methods raise DatabaseError; each is a transaction of its own."""

    def __init__(self, database: Keeps) -> None:
        self.database = database

    def _run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return run_worded(self.database, sql, *values)

    def _change(self, sql: str, *values: Any) -> bool:
        return self.database.own_change(worded(sql, self.database.engine), values) > 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.database.begin(write=True)
        try:
            yield
            self.database.commit()
        except BaseException:
            self.database.rollback()
            raise

    def exists(self) -> bool:
        return has_table(self.database, "sop_schedules")

    def prepare(self) -> None:
        """Make the tables if they are not there."""
        if not self.exists():
            with self._transaction():
                for sql in _DDL:
                    self._run(sql)

    def now(self) -> datetime:
        """By the database's clock."""
        return read_moment(str(self._run("select {now}")[0][0]))

    # ── schedules ──────────────────────────────────────────────────────────────────────────────────────────────

    def all(self) -> list[Schedule]:
        """By name."""
        return [Schedule(*row) for row in self._run(f"select {_COLUMNS} from sop_schedules order by name")]

    def find(self, name: str) -> Schedule:
        """V0622 for one that is not there."""
        rows = self._run(f"select {_COLUMNS} from sop_schedules where name = $1", name)
        if not rows:
            raise UsageError("V0622", f"there is no schedule {name}", "`sopvm schedule ls` lists them")
        return Schedule(*rows[0])

    def add(self, schedule: Schedule) -> None:
        """V0623 for a name that is taken."""
        places = ", ".join(f"${number}" for number in range(1, len(schedule) + 1))
        sql = f"insert into sop_schedules ({_COLUMNS}) values ({places}) on conflict do nothing"
        if not self._change(sql, *schedule):
            hint = f"--name with another, or `sopvm schedule rm {schedule.name}` before"
            raise UsageError("V0623", f"there is a schedule {schedule.name}", hint)

    def remove(self, names: Iterable[str]) -> None:
        """With their runs that have not begun. V0622 when one is not there, and none is removed."""
        with self._transaction():
            for name in names:
                self.find(name)
                self._run("delete from sop_due where schedule = $1", name)
                self._run("delete from sop_schedules where name = $1", name)

    def pause(self, name: str) -> None:
        """Its runs that have not begun are left out."""
        with self._transaction():
            self._run("delete from sop_due where schedule = $1", name)
            self._run("update sop_schedules set paused = 1, due = null where name = $1", name)

    def resume(self, name: str, due: datetime) -> None:
        """Go on with it. due: when its next run is."""
        self._run("update sop_schedules set paused = 0, due = $2 where name = $1", name, write_moment(due))

    # ── runs that are due ──────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: datetime) -> list[Schedule]:
        """Schedules that have a run to begin."""
        sql = f"select {_COLUMNS} from sop_schedules where due <= $1 order by due, name"
        return [Schedule(*row) for row in self._run(sql, write_moment(now))]

    def move_on(self, schedule: Schedule, runs: Sequence[Due], left_out: int, due: datetime) -> None:
        """Take the due times of a schedule: they become these runs. due: its next one. Nothing is done where another
        worker has done so."""
        with self._transaction():
            if self._change(
                "update sop_schedules set due = $3, left_out = left_out + $4 where name = $1 and due = $2",
                *(schedule.name, schedule.due, write_moment(due), left_out),
            ):
                for run in runs:
                    self._run(
                        "insert into sop_due (run, schedule, due) values ($1, $2, $3) on conflict do nothing", *run
                    )

    def waiting(self) -> list[Due]:
        """Runs that have to begin, the earliest first."""
        return [Due(*row) for row in self._run("select run, schedule, due from sop_due order by due, run")]

    def began(self, run: Due, place: str) -> None:
        """The run is in its own database by now, the one with that name."""
        with self._transaction():
            if self._change("delete from sop_due where run = $1", run.run):
                self._run(
                    "update sop_schedules set last_due = $2, last_run = $3, last_place = $4, tries = 0,"
                    " problem = null, unsettled = case when retries > 0 then 1 else 0 end where name = $1",
                    *(run.schedule, run.due, run.run, place),
                )

    def leave_out(self, run: Due, problem: str | None) -> None:
        """The run will not begin. problem: why it could not; None for one that the schedule's rules leave out."""
        with self._transaction():
            if self._change("delete from sop_due where run = $1", run.run):
                self._run(
                    "update sop_schedules set left_out = left_out + 1, problem = coalesce($2, problem) where name = $1",
                    *(run.schedule, problem),
                )

    def tell(self, run: Due, problem: str) -> None:
        """Why the run has not begun yet."""
        self._run("update sop_schedules set problem = $2 where name = $1", run.schedule, problem)

    # ── runs that failed ───────────────────────────────────────────────────────────────────────────────────────

    def unsettled(self) -> list[Schedule]:
        """Schedules whose last run may have to be tried again."""
        return [Schedule(*row) for row in self._run(f"select {_COLUMNS} from sop_schedules where unsettled = 1")]

    def settle(self, schedule: Schedule) -> None:
        """Its last run has ended, for good."""
        self._run(
            "update sop_schedules set unsettled = 0 where name = $1 and last_run = $2", schedule.name, schedule.last_run
        )

    def try_again(self, schedule: Schedule) -> bool:
        """Count a try; False where another worker has done so."""
        return self._change(
            "update sop_schedules set tries = tries + 1 where name = $1 and last_run = $2 and tries = $3",
            *(schedule.name, schedule.last_run, schedule.tries),
        )


@contextmanager
def opened_schedules(config: Config, *, create: bool = False) -> Iterator[ScheduleStore | None]:
    """As `open_schedules`, and close their database."""
    store = open_schedules(config, create=create)
    try:
        yield store
    finally:
        if store is not None:
            store.database.close()


def tried_again(config: Config) -> list[str]:
    """The last runs of schedules that have a try left, should they fail."""
    store = open_schedules(config)
    if store is None:
        return []
    with closing(store.database):
        return [each.last_run for each in store.unsettled() if each.last_run and each.tries < each.retries]


def open_schedules(config: Config, *, create: bool = False) -> ScheduleStore | None:
    """Open the schedules of `[runs]`; the caller closes their database.

    Args:
        config: The settings.
        create: Make the database and the tables if they are not there; else None without them.

    Raises:
        SopError: V0605, the database can't keep runs.
    """
    place = runs_place(config)
    file = file_of(place.setting.url, place.setting.base)
    if create:
        make_home(config.home)
    elif file is not None and not file.exists():
        return None
    database = place.open(create=create)
    try:
        if not isinstance(database, Keeps):
            raise SopError("V0605", f"`[runs]` ({database.engine}) keeps no runs", "give it SQLite or PostgreSQL")
        store = ScheduleStore(database)
        if create:
            RunStore(database).prepare()  # where runs are kept, workers look
            store.prepare()
        elif not store.exists():
            database.close()
            return None
    except BaseException:
        database.close()
        raise
    return store


def write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_MOMENT)


def read_moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""Settings → the databases that may hold kept runs, and the one that holds a given run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

from runtime.config import Config, DatabaseSetting
from runtime.connect import connect, file_of
from runtime.databases.protocol import Database, Keeps
from runtime.errors import SopError, UsageError
from runtime.runs.store import RunRow, RunStore

RUNS: Final = "[runs]"


class RunPlace(NamedTuple):
    """A database that may hold runs. name: of the database, RUNS for that of runs that write none."""

    name: str
    setting: DatabaseSetting

    def open(self, *, create: bool = False, read_only: bool = False) -> Database:
        setting = self.setting
        return connect(setting.url, name=self.name, base=setting.base, create=create, read_only=read_only)

    @contextmanager
    def store(self, *, read_only: bool = True) -> Iterator[RunStore | None]:
        """None when no run has ever been kept in it."""
        with closing(self.open(read_only=read_only)) as database:
            if isinstance(database, Keeps):
                store = RunStore(database)
                yield store if store.exists() else None
            else:
                yield None


def runs_place(config: Config) -> RunPlace:
    """Where runs are kept that write no database."""
    return RunPlace(RUNS, config.runs_database())


def places(config: Config, failures: list[SopError]) -> Iterator[RunPlace]:
    """Every database that may hold runs. failures: gets the error of each name whose URL is not known."""
    own = runs_place(config)
    file = file_of(own.setting.url, own.setting.base)
    if file is None or file.exists():
        yield own
    for name in config.database_names():
        if config.is_unmade(name):
            continue
        try:
            setting = config.database(name)
        except SopError as error:
            failures.append(error)
            continue
        yield RunPlace(name, setting)


def list_runs(
    store: RunStore, script: str | None, status: str | None, since: str | None, limit: int, token: str | None = None
) -> list[RunRow]:
    """The newest runs of a database as `RunStore.list`, with the status `interrupted` for one that no process has."""
    stored = "running" if status == "interrupted" else status
    found = []
    for row in store.list(script, stored, since, limit, token):
        row = with_status(store, row)
        if status in (None, row.status):
            found.append(row)
    return found


def list_all(
    config: Config, script: str | None, status: str | None, since: str | None, limit: int, token: str | None = None
) -> tuple[list[tuple[RunPlace, RunRow]], list[SopError], list[str]]:
    """The newest runs of each database as `list_runs`, each once, though two names may be of one database; errors; and
    the names of databases that could not be looked at."""
    found: dict[tuple[object, ...], tuple[RunPlace, RunRow]] = {}
    failures: list[SopError] = []
    unread: list[str] = []
    for place in places(config, failures):
        try:
            with place.store() as store:
                rows = [] if store is None else list_runs(store, script, status, since, limit, token)
        except SopError as error:
            failures.append(error)
            unread.append(place.name)
            continue
        found |= {(row.run, row.created, row.pinned): (place, row) for row in rows}
    return list(found.values()), failures, unread


def with_status(store: RunStore, row: RunRow) -> RunRow:
    """The row, with the status `interrupted` when it says that the run is going on and no process has it."""
    if row.status == "running" and not store.database.is_leased(row.run):
        row = store.find(row.run) or row  # a run ends before it lets go of its lease
        if row.status == "running":
            row = row._replace(status="interrupted")
    return row


def find_place(config: Config, run: str) -> RunPlace:
    """The database that holds the run; V0606 when none does."""
    found, failures = _find(config, run)
    if found is None:
        hint = "`sopvm runs` lists them"
        if failures:
            hint = f"not every database could be looked at: {failures[0].message}"
        raise UsageError("V0606", f"there is no run {run}", hint)
    return found[0]


def find_run(config: Config, run: str) -> tuple[RunPlace, RunRow] | None:
    """Where a run is, and its row; None when no database holds it."""
    return _find(config, run)[0]


def _find(config: Config, run: str) -> tuple[tuple[RunPlace, RunRow] | None, list[SopError]]:
    failures: list[SopError] = []
    for place in places(config, failures):
        try:
            with place.store() as store:
                row = None if store is None else store.find(run)
                if row is not None:
                    return (place, row), failures
        except SopError as error:
            failures.append(error)
    return None, failures

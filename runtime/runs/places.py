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


def find_place(config: Config, run: str) -> RunPlace:
    """The database that holds the run; V0606 when none does."""
    found, failures = _find(config, run)
    if found is None:
        hint = "`sopvm runs` lists them"
        if failures:
            hint = f"not every database could be looked at: {failures[0].message}"
        raise UsageError("V0606", f"there is no run {run}", hint)
    return found[0]


def find_row(config: Config, run: str) -> RunRow | None:
    """The row of a run, wherever it is; None when no database holds it."""
    found, _ = _find(config, run)
    return None if found is None else found[1]


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

"""A run that begins and may have to go on later → its keeper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from runtime.databases.protocol import Database, Keeps, Lease
from runtime.errors import SopError
from runtime.runs.keeping import FORMAT, Keeper, Pinned, PinnedStatements
from runtime.runs.owner import NOBODY, Owner, write_owner
from runtime.runs.store import RunRow, RunStore
from runtime.values.conversion import packable
from runtime.vm.budget import Limits
from runtime.vm.link import Linked

_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Keep:
    """How a run is kept.

    Args:
        library: Where its scripts and their SQL are.
        runs: Opens the database of runs that write none.
        run: The run's id, where it was given: the run is kept whatever it does, with its lines, so that the same
            request is not done twice.
        detached: Keep the run before it begins, and leave it to another process.
        owner: Who begins it.
        lines: Keep its lines too, whatever it does.
        waits: Its questions wait, also those that have a default.
        first: Keep the run before it begins, and run it here.
    """

    def __init__(
        self,
        library: Any,
        runs: Callable[[], Database],
        run: str | None = None,
        *,
        detached: bool = False,
        owner: Owner = NOBODY,
        lines: bool = False,
        waits: bool = False,
        first: bool = False,
    ) -> None:
        self._library = library
        self._runs = runs
        self.run = run
        self.detached = detached
        self._owner = owner
        self._lines = lines
        self._waits = waits
        self._first = first

    def keeper(
        self,
        linked: Linked,
        arguments: list[Any],
        opened: Mapping[str, Database],
        home: str | None,
        answers: Mapping[str, str],
        limits: Limits,
        run: str,
    ) -> Keeper | None:
        """The keeper of a run that begins.

        None for a run that has nothing to be kept: it neither commits nor asks what has no answer yet, or the engine of
        its home can't keep it and it was not asked for.

        Raises:
            SopError: V0604, V0605 where it has to be kept and can't be; V0607 for an id that is in use.
        """
        effects = linked.root.effects
        always = self.run is not None or self.detached
        if not always and not (
            _may_wait(linked, answers, self._waits) if home is None else effects.asks or effects.commits
        ):
            return None
        database = self._runs() if home is None else opened[home]
        try:
            if not isinstance(database, Keeps):
                if always:
                    raise _not_kept(database)
                if home is None:
                    database.close()
                return None
            store = RunStore(database)
            store.prepare()
            run = self.run or run
            lease = leased(database, run)
            try:
                if self.run is not None and store.find(run) is not None:  # since somebody looked
                    raise going_on(run)
                lines = always or effects.asks or self._lines
                row = self._row(run, linked, arguments, opened, home, limits, lines)
                modules = [(script.hash, self._library.load(script.hash)) for script in linked.scripts.values()]
                keeper = Keeper(
                    store,
                    lease,
                    row,
                    PinnedStatements(self._library, {}),
                    modules,
                    new=True,
                    apart=home is None,
                    lines=lines,
                    always=always,
                )
                if self._first:
                    keeper.record("running")
            except BaseException:
                lease.release()
                raise
            return keeper
        except BaseException:
            if home is None:
                database.close()
            raise

    def _row(
        self,
        run: str,
        linked: Linked,
        arguments: list[Any],
        opened: Mapping[str, Database],
        home: str | None,
        limits: Limits,
        lines: bool,
    ) -> RunRow:
        root = linked.root
        others = [script for script in linked.scripts.values() if script is not root]
        pinned = Pinned(
            FORMAT,
            list(map(packable, arguments)),
            [(script.name, script.version, script.hash) for script in (root, *others)],
            home,
            {name: database.engine for name, database in opened.items()},
            limits,
            lines,
        )
        return RunRow(
            *(run, root.name, root.version, "running", 0, 1, "", "", 0, _ENCODE(pinned)),
            *(None, None, None, None, request_of(root.name, arguments), None, self._owned_with(opened)),
        )

    def _owned_with(self, opened: Mapping[str, Database]) -> str:
        return write_owner(msgspec.structs.replace(self._owner, databases=tuple(opened)))


def _may_wait(linked: Linked, answers: Mapping[str, str], waits: bool) -> bool:
    """Whether some question has neither an answer given beforehand nor a default that is taken at once."""
    return any(
        (waits or ask.has_within or not ask.has_default)
        and (ask.step if script is linked.root else f"{script.name}/{ask.step}") not in answers
        for script in linked.scripts.values()
        for ask in script.module.asks
    )


def request_of(script: str, arguments: list[Any]) -> str:
    """A hash of what is asked for, by which a repeated request is known."""
    return sha256(_ENCODE([script, *map(packable, arguments)])).hexdigest()


def _not_kept(database: Database) -> SopError:
    return SopError(
        "V0605",
        f"a run that writes {database.engine} can't be kept, and it was asked for",
        "leave out --detach and --id, or write to SQLite or PostgreSQL",
    )


def leased(database: Keeps, run: str) -> Lease:
    """V0607 while another process has the run."""
    lease = database.lease(run)
    if lease is None:
        raise going_on(run)
    return lease


def going_on(run: str) -> SopError:
    return SopError("V0607", f"the run {run} is going on in another process", "wait for it")

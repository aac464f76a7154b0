"""A run that begins and may have to go on later → its keeper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from runtime.databases.protocol import Database, Keeps, Lease
from runtime.errors import SopError
from runtime.runs.keeping import FORMAT, Keeper, Pinned, PinnedStatements
from runtime.runs.store import RunRow, RunStore
from runtime.values.conversion import packable
from runtime.vm.budget import Limits
from runtime.vm.link import Linked

_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Keep:
    """How a run is kept. runs: opens the database of runs that write none."""

    def __init__(self, library: Any, runs: Callable[[], Database]) -> None:
        self._library = library
        self._runs = runs

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
        """Of a run that begins. None for one that has nothing to be kept: it neither commits nor asks what has no
        answer yet, or the engine of its home can't keep it."""
        effects = linked.root.effects
        if home is None:
            if not _may_wait(linked, answers):
                return None
            database = self._runs()
        else:
            if not (effects.asks or effects.commits):
                return None
            database = opened[home]
        if not isinstance(database, Keeps):
            return None
        try:
            store = RunStore(database)
            store.prepare()
            return Keeper(
                store,
                leased(database, run),
                self._row(run, linked, arguments, opened, home, limits),
                PinnedStatements(self._library, {}),
                [(script.hash, self._library.load(script.hash)) for script in linked.scripts.values()],
                new=True,
                apart=home is None,
            )
        except BaseException:
            if home is None:
                database.close()
            raise

    @staticmethod
    def _row(
        run: str,
        linked: Linked,
        arguments: list[Any],
        opened: Mapping[str, Database],
        home: str | None,
        limits: Limits,
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
        )
        return RunRow(
            *(run, root.name, root.version, "running", 0, 1, "", "", 0, _ENCODE(pinned)),
            *(None, None, None, None, None),
        )


def _may_wait(linked: Linked, answers: Mapping[str, str]) -> bool:
    """Whether some question has neither an answer given beforehand nor a default."""
    return any(
        not ask.has_default and (ask.step if script is linked.root else f"{script.name}/{ask.step}") not in answers
        for script in linked.scripts.values()
        for ask in script.module.asks
    )


def leased(database: Keeps, run: str) -> Lease:
    """V0607 while another process has the run."""
    lease = database.lease(run)
    if lease is None:
        raise going_on(run)
    return lease


def going_on(run: str) -> SopError:
    return SopError("V0607", f"the run {run} is going on in another process", "wait for it")

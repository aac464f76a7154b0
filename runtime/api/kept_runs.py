"""Settings, a token and a run's id → the kept runs that the token may see, as `sopvm runs` and its neighbours see them.

Everything here waits for databases, so it is called on a thread (`Service.call`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from runtime.api.problems import HttpError
from runtime.api.tokens import Token
from runtime.config import Config
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.runs import go_on
from runtime.runs.keeping import read_pinned
from runtime.runs.logs import Logs
from runtime.runs.owner import Owner, read_owner
from runtime.runs.places import RunPlace, find_run, list_all, with_status
from runtime.runs.store import ENDED, RunRow

_PIECE: Final = 262_144  # bytes of lines that are read at once


class Found(NamedTuple):
    """A kept run: where it is, its row, who began it."""

    place: RunPlace
    row: RunRow
    owner: Owner


def sees(token: Token, owner: Owner, script: str) -> bool:
    """Whether the token may see the run: its own runs, and as admin those of others with its scripts and databases.

    Two grants of `[jwt]` may be for one caller: of its own runs, a token sees those that it might have begun.

    Args:
        token: Of the request.
        owner: Who began the run.
        script: Its name.
    """
    own = owner.token == token.id and owner.name == token.name
    if own and owner.databases is None:
        return True
    reaches = token.databases == ("*",) if owner.databases is None else all(map(token.reaches, owner.databases))
    if own and reaches and (token.covers(script) or token.may("query") or token.may("compile")):
        return True
    return token.may("admin") and token.scope in ("", owner.scope) and token.covers(script) and reaches


def find(config: Config, run: str, token: Token | None) -> Found | None:
    """Find a kept run.

    Args:
        config: The settings.
        run: Its id.
        token: Of the request; None to find it whoever asks.

    Returns:
        The run, with `interrupted` for one that no process has; None when there is none that the token sees.
    """
    found = find_run(config, run)
    if found is None:
        return None
    place, row = found
    owner = read_owner(row.owner)
    if token is not None and not sees(token, owner, row.script):
        return None
    if row.status == "running":
        with place.store() as store:
            row = row if store is None else with_status(store, row)
    return Found(place, row, owner)


def listed(
    config: Config, token: Token, script: str | None, status: str | None, limit: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """List the kept runs that a token sees.

    Args:
        config: The settings.
        token: Of the request.
        script: Only runs of it; None for all.
        status: Only runs that have it; None for all.
        limit: The newest so many of each database.

    Returns:
        The runs as `described`, and the names of databases that could not be looked at.
    """
    found, _, unread = list_all(config, script, status, None, limit, None if token.may("admin") else token.id)
    owned = [(row, read_owner(row.owner)) for _, row in found]
    return [described(row, owner) for row, owner in owned if sees(token, owner, row.script)], unread


def described(row: RunRow, owner: Owner) -> dict[str, Any]:
    """A run as `GET /runs` shows it (bodies.Run)."""
    said: dict[str, Any] = {
        "id": row.run,
        "script": row.script,
        "version": row.version,
        "status": row.status,
        "token": owner.name,
        "started": row.created,
        "ms": _between(row.created, row.updated),
        "lines": _has_lines(row),
        "kept": True,
    }
    if row.status == "waiting" and row.question is not None:
        said["question"] = msgspec.Raw(row.question.encode())
    if row.status == "waiting" and row.deadline is not None:
        said["deadline"] = row.deadline
    if row.status in ENDED:
        ending = _ending(row)
        said["records"] = ending.get("records", 0)
        if row.status == "ok":
            said["result"] = ending.get("result")
        else:
            said["error"] = {name: ending[name] for name in ("code", "message", "hint") if ending.get(name) is not None}
    return said


def _ending(row: RunRow) -> dict[str, Any]:
    try:
        return msgspec.json.decode(row.ending or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _has_lines(row: RunRow) -> bool:
    try:
        return read_pinned(row.pinned).lines
    except SopError:
        return False


def _between(start: str, end: str) -> int:
    try:
        return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1000)
    except ValueError:
        return 0


def frames(found: Found, library: Library) -> list[dict[str, Any]]:
    """The frames of a run at the end of its last segment, as `describe_frames`."""
    with found.place.store() as store:
        if store is None:
            raise go_on.unknown(found.row.run)
        return go_on.inspect(store, found.row.run, library)


def cancel(found: Found) -> None:
    """As `sopvm cancel`; a run that is going on in another process ends soon after."""
    with found.place.store(read_only=False) as store:
        if store is None:
            raise go_on.unknown(found.row.run)
        go_on.cancel(store, found.row.run)


class LineReader:
    """The kept lines of a run, a piece at a time.

    Attributes:
        ended: Whether the `end` line was given.
        status: Of the run, when it was last looked at.

    Args:
        found: The run.
        after: The number of the last line that is left out.
    """

    def __init__(self, found: Found, after: int) -> None:
        self.run = found.row.run
        self.status = found.row.status
        self._place = found.place
        self._logs: Logs | None = None
        self._after = after

    @property
    def ended(self) -> bool:
        return self._logs is not None and self._logs.ended

    def read(self) -> bytes:
        """The lines that have come since, at most about 256 KiB of them."""
        with self._place.store() as store:
            if store is None:
                raise go_on.unknown(self.run)
            if self._logs is None:
                self._logs = Logs(store, self.run, self._after)
            self._logs.store = store
            piece = _piece(self._logs.news())
            if not piece:
                row = store.find(self.run)
                if row is None:
                    raise go_on.unknown(self.run)
                self.status = with_status(store, row).status
        return piece


def _piece(news: Iterable[bytes]) -> bytes:
    data = bytearray()
    for lines in news:
        data += lines
        if len(data) >= _PIECE:
            break
    return bytes(data)


def not_waiting(run: str) -> HttpError:
    return HttpError(409, "S0111", f"the run {run} is not waiting for an answer")

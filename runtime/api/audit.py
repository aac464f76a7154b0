"""What was done and refused → JSON lines that say who did what, from where, to which data.

Changes are always written, reads with `--audit-reads`. A run whose first line can't be written is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock
from time import time
from typing import Any, Final, NamedTuple, TextIO

from msgspec import Raw
from msgspec.json import encode

from runtime.api.tokens import Token
from runtime.bytecode.module import Effects, Signature
from runtime.errors import SopError
from runtime.runs.run import Outcome, names_of
from runtime.runs.secrets import mask_secrets
from runtime.values.conversion import json_ready

MAX_SHOWN: Final = 2000  # characters of an argument


REFUSALS: Final = ("S0202", "S0210")  # a right is missing


class Who(NamedTuple):
    """Who makes a request.

    Attributes:
        token: theirs.
        address: of the client; "" for a caller on this machine without a connection.
    """

    token: Token
    address: str


class Audit:
    """Writes the audit. Safe to use from several threads.

    Args:
        stream: of text.
        reads: also write runs and looks that change nothing.
    """

    def __init__(self, stream: TextIO, *, reads: bool = False) -> None:
        self.reads = reads
        self._stream = stream
        self._lock = Lock()

    def write(self, event: str, who: Who, **details: Any) -> None:
        """Write a line: time (UTC), event, token, client address, and details that are JSON.

        Raises:
            SopError: S0123 when it can't be written.
        """
        said = {"audit": event, "at": moment(time()), "token": who.token.name, "address": who.address, **details}
        line = encode(said).decode()
        try:
            with self._lock:
                print(line, file=self._stream, flush=True)
        except (OSError, ValueError) as error:  # ValueError: it is closed
            reason = getattr(error, "strerror", None) or str(error)
            raise SopError("S0123", f"the audit can't be written: {reason.lower()}", "--audit FILE") from error

    def note(self, event: str, who: Who, **details: Any) -> None:
        """As `write`, for something that is already done: a failure to write goes to the server's log."""
        try:
            self.write(event, who, **details)
        except SopError as error:
            logging.getLogger("sopvm").error("%s: %s by %s is not in the audit", error, event, who.token.name)


def about(
    who: Who, name: str, version: int, hash_: str, effects: Effects, signature: Signature, args: Mapping[str, Any]
) -> dict[str, Any]:
    """The details of a run or look: the program, what it may touch, and its arguments. Databases have the server's
    names; secret arguments are masked and long ones cut."""
    shown = mask_secrets(signature, args)
    return {
        "script": name,
        "version": version,
        "hash": hash_,
        "databases": sorted({who.token.bound.get(database, database) for database in names_of(effects)}),
        "effects": {"reads": effects.reads, "writes": effects.writes, "asks": effects.asks},
        "arguments": {key: _cut(value) for key, value in shown.items()},
    }


def ended(outcome: Outcome) -> dict[str, Any]:
    """How a run ended. emitted: rows sent out; written: rows permanently written, by command and store."""
    committed = sorted(outcome.committed.items())
    written = [{"command": command, "store": store, "rows": rows} for (command, store), rows in committed]
    rows = {"emitted": outcome.records, "written": written}
    error = {} if outcome.error is None else {"code": outcome.error.code}
    return {"status": outcome.status, "rows": rows, "ms": outcome.ms, **error}


def _cut(value: Any) -> Any:
    text = encode(json_ready(value))
    return Raw(text) if len(text) <= MAX_SHOWN else text[:MAX_SHOWN].decode(errors="ignore") + "…"


def moment(seconds: float) -> str:
    """A Unix time in ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

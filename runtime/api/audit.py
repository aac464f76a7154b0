"""Changes and refusals → JSON lines for whoever has to know later who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from time import time
from typing import Any, TextIO

from msgspec.json import encode

from runtime.api.tokens import Token


class Audit:
    """stream: of text. Safe to use from several threads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def write(self, event: str, token: Token, **details: Any) -> None:
        """One line: when (UTC), what, whose token, and details that are JSON."""
        line = encode({"audit": event, "at": moment(time()), "token": token.name, **details}).decode()
        with self._lock:
            print(line, file=self._stream, flush=True)


def moment(seconds: float) -> str:
    """A Unix time in ISO 8601 with milliseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

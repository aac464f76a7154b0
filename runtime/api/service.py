"""Settings → the service that answers requests: what they share, and the threads that run scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from starlette.types import ASGIApp

from runtime.api.late import Late
from runtime.api.running import Runner
from runtime.api.shared import Settings, Shared
from runtime.api.workers import Workers
from runtime.config import Config
from runtime.errors import UsageError


class Service(Shared):
    """What answers requests. Close it when its requests are done.

    Attributes:
        agents: The server for agents over HTTP.

    Args:
        config: The settings.
        settings: Limits of requests and runs.
        audit: the stream for the audit's lines.
    """

    def __init__(self, config: Config, settings: Settings, audit: TextIO) -> None:
        super().__init__(config, settings, audit)
        self.runner = Runner(self)
        self.workers = Workers(self, self.runner)
        self.agents = Late[ASGIApp]()

    def stop(self, seconds: float = 0) -> None:
        """Begin no more runs, and give those under way some time. The rest is cancelled, or, if it is kept, left to
        another process."""
        self.workers.stop()
        self.runner.drain(seconds)

    def close(self) -> None:
        """End all runs, wait for them, and close the library and the connections."""
        self.stop()
        self.runner.close()
        self.workers.close()
        self._io_pool.shutdown()
        self.runs.close()
        if self.traces is not None:
            self.traces.close()
        self.pool.close()
        self.library.close()


@contextmanager
def open_service(config: Config, settings: Settings, audit: str | None) -> Iterator[Service]:
    """A service, closed at the end.

    Args:
        config: The settings.
        settings: Limits of requests and runs.
        audit: The file for the audit; None for stderr.

    Returns:
        A context manager that gives the service.

    Raises:
        UsageError: C0104 for a file that can't be written.
    """
    stream: TextIO = sys.stderr
    if audit is not None:
        try:
            stream = open(audit, "a", encoding="utf-8", opener=_private)  # noqa: SIM115 (closed below)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError("C0104", f"{audit} can't be written: {reason}", "another --audit FILE") from error
    try:
        service = Service(config, settings, stream)
        try:
            yield service
        finally:
            service.close()
    finally:
        if stream is not sys.stderr:
            with suppress(OSError):  # a failed write was reported when it happened
                stream.close()


def _private(path: str, flags: int) -> int:
    """What was given to scripts is in it, so a new file is its owner's alone."""
    return os.open(path, flags, 0o600)

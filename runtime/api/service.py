"""Settings → the service that answers requests: what they share, and the threads that run scripts."""

from __future__ import annotations

from typing import TextIO

from runtime.api.running import Runner
from runtime.api.shared import Settings, Shared
from runtime.api.workers import Workers
from runtime.config import Config


class Service(Shared):
    """What answers requests. Close it when its requests are done.

    Args:
        config: The settings.
        settings: Limits of requests and runs.
        audit: the stream for the audit's lines.
    """

    def __init__(self, config: Config, settings: Settings, audit: TextIO) -> None:
        super().__init__(config, settings, audit)
        self.runner = Runner(self)
        self.workers = Workers(self, self.runner)

    def stop(self) -> None:
        """Cancel all runs. Those that are kept can go on later."""
        self.workers.stop()
        self.runner.stop()

    def close(self) -> None:
        """Cancel all runs, wait for them, and close the library and the connections."""
        self.stop()
        self.runner.close()
        self.workers.close()
        self._io_pool.shutdown()
        self.runs.close()
        self.pool.close()
        self.library.close()

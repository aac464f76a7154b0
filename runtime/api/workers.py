"""A service → threads that go on with kept runs of its databases that no process has (runtime/runs/worker.py).

Such runs are those of a server or a command that was killed, those that were left to a worker (`sopvm run --detach`,
`sopvm schedule`), and those whose time for an answer is over. They are shown, cancelled and audited as the service's
own.
"""

from __future__ import annotations

from functools import partial
from threading import Thread

from runtime.api.running import Runner
from runtime.api.shared import Shared
from runtime.runs.notices import Notifier, notifier_of
from runtime.runs.worker import Report, Worker
from runtime.schedules.starter import Starter
from runtime.schedules.store import tried_again


class Workers:
    """The workers of a server.

    Args:
        service: What they need.
        runner: Goes on with the runs that they take.
    """

    def __init__(self, service: Shared, runner: Runner) -> None:
        self._service = service
        self._runner = runner
        self._workers: list[Worker] = []
        self._threads: list[Thread] = []
        self._notifier: Notifier | None = None

    def start(self, count: int) -> None:
        """Go on with runs until `stop`.

        Args:
            count: How many at a time.
        """
        service = self._service
        if count:
            self._notifier = notifier_of(service.config, partial(tried_again, service.config))
        self._runner.tries_again = count > 0
        for _ in range(count):
            starter = Starter(service.config, service.library)
            worker = Worker(
                *(service.config, (), service.library, _told),
                goes_on=self._runner.take_on,
                chores=starter.look,
                waits=True,
            )
            self._workers.append(worker)
            self._threads.append(Thread(target=_work, args=(worker, starter), name="worker", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Take no more runs."""
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """Wait for the threads."""
        for thread in self._threads:
            thread.join()
        if self._notifier is not None:
            self._notifier.stop()


def _work(worker: Worker, starter: Starter) -> None:
    try:
        worker.work()
    finally:
        worker.close()
        starter.close()


def _told(report: Report) -> None:
    """The audit has said it."""

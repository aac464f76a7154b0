"""Settings and a number → that many worker processes, each line on stdout what became of a run; for `sopvm worker`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Timer
from typing import TYPE_CHECKING, Any, Final

from runtime.console.kept import program
from runtime.console.options import drain_seconds

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.runs.worker import Report

_OWNER: Final = "SOP_WORKER_OF"  # in the environment of a process: the one that started it
_LOOK_SECONDS: Final = 1.0


def work(
    config: Config,
    names: Sequence[str],
    *,
    processes: int,
    until_idle: bool,
    drain: str | None,
    why_ended: Callable[[str], str | None],
) -> int:
    """Be a worker, or start several.

    Args:
        config: The settings.
        names: Databases to serve; none for all.
        processes: How many runs go on at a time.
        until_idle: End when there is no run to take.
        drain: The time that a segment has when the worker is told to stop; None for that of the settings.
        why_ended: Why runs of a token have to end; None while they may go on.

    Returns:
        The exit code.
    """
    seconds = drain_seconds(drain, config)
    if processes == 1 or _OWNER in os.environ:
        return _work(config, names, until_idle, seconds, why_ended)
    words = ["worker", *names, "--drain", f"{seconds}s", *(["--until-idle"] if until_idle else [])]
    return _Processes(config, words, processes).watch()


def _work(
    config: Config, names: Sequence[str], until_idle: bool, drain: int, why_ended: Callable[[str], str | None]
) -> int:
    from runtime.library.store import Library
    from runtime.runs.notices import notifier_of
    from runtime.runs.worker import Worker
    from runtime.schedules.starter import Starter
    from runtime.schedules.store import tried_again

    owner = os.environ.get(_OWNER)
    with Library.open(config.home) as library:
        starter = Starter(config, library)
        worker = Worker(config, names, library, _print, chores=starter.look, why_ended=why_ended)
        notifier = notifier_of(config, partial(tried_again, config))
        cutting = Timer(drain, worker.cut)

        def stop() -> None:
            worker.stop()
            cutting.start()

        _on_signals(stop)
        try:
            worker.work(until_idle=until_idle, while_=lambda: owner is None or os.getppid() == int(owner))
        finally:
            cutting.cancel()
            worker.close()
            starter.close()
            if notifier is not None:
                notifier.stop(look=until_idle)
    return 0


def _print(report: Report) -> None:
    from runtime.output.records import encode

    line: dict[str, Any] = {"run": report.run, "script": report.script, "status": report.status}
    line |= {"segments": report.segments, "retries": report.retries}
    if report.error is not None:
        line |= {"code": report.error.code, "message": report.error.message}
    sys.stdout.buffer.write(encode(line) + b"\n")  # in one write, as other processes write there too
    sys.stdout.buffer.flush()


def _on_signals(stop: Callable[[], None]) -> None:
    """SIGTERM and SIGINT stop what goes on in good order, a second one at once: what is not committed is undone."""
    told = False

    def handle(number: int, frame: object) -> None:
        nonlocal told
        if told:
            os._exit(128 + number)
        told = True
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


class _Processes:
    """Workers in processes of their own. One that was killed is started again."""

    def __init__(self, config: Config, words: Sequence[str], count: int) -> None:
        self._config = config
        self._words = words
        self._processes = [self._start() for _ in range(count)]
        self._stopping = Event()

    def _start(self) -> subprocess.Popen[bytes]:
        command, environment = program(self._config, *self._words)
        environment[_OWNER] = str(os.getpid())
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)

    def _stop(self) -> None:
        self._stopping.set()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)

    def watch(self) -> int:
        """Until they have ended; the highest of their exit codes."""
        _on_signals(self._stop)
        while any(process.poll() is None for process in self._processes):
            self._stopping.wait(_LOOK_SECONDS)
            if self._stopping.is_set():
                break
            for index, process in enumerate(self._processes):
                if (process.poll() or 0) < 0:
                    self._processes[index] = self._start()
        return max(abs(process.wait()) for process in self._processes)

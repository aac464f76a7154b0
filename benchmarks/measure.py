"""Commands and functions → the processor time they take, and rows of a table."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table. seconds: of processor time, the least of several runs; None: not measured, note says why.
    against: name of the row it is compared with. aim: the ratio to it that is wanted, at most."""

    question: str
    name: str
    seconds: float | None
    against: str = ""
    aim: float | None = None
    note: str = ""


# A program's memory counts from before it was begun, when it was that of its parent: so its parent is a small one.
_BETWEEN = """
import os, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def sopvm(*arguments: str) -> list[str]:
    """The command line of our `sopvm`: the installed command, else this checkout's."""
    return _ours("sopvm", "runtime.cli", arguments)


def sopc(*arguments: str) -> list[str]:
    """Likewise of `sopc`."""
    return _ours("sopc", "sopc.cli", arguments)


def _ours(program: str, module: str, arguments: Sequence[str]) -> list[str]:
    installed = Path(sys.executable).parent / program
    if installed.exists():
        return [str(installed), *arguments]
    return [sys.executable, "-c", f"from {module} import main; main()", *arguments]


def find(program: str) -> str | None:
    """The path of a peer, None when it is not installed."""
    return shutil.which(program)


class Used(NamedTuple):
    """seconds: of processor time, user and system. megabytes: of memory, at most."""

    seconds: float
    megabytes: float


def run_command(command: Sequence[str], output: Path) -> float:
    """Seconds of processor time (user and system) of one run with its stdout in a file. A failure is an error."""
    return used_by(command, output).seconds


def used_by(command: Sequence[str], output: Path) -> Used:
    """What one run used, with its stdout in a file. A failure is an error."""
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", _BETWEEN, *command], stdout=stream, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        message = process.stderr.read()
        process.stderr.close()
    if process.wait():
        raise RuntimeError(f"{' '.join(command)} failed: {message.decode()}")
    seconds, kilobytes = message.split()[-2:]
    return Used(float(seconds), int(kilobytes) / 1024)


def least(once: Callable[[], float], times: int) -> float:
    return min(once() for _ in range(times))


def timed(function: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of one call in this process: of its processor time, unless another clock is given."""
    start = clock()
    function()
    return clock() - start


def interleaved(runs: Mapping[str, Callable[[], float]], times: int) -> dict[str, float]:
    """The least of several runs of each, one after another in turn, so that a slow moment hits all alike."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(times):
        for name, once in runs.items():
            best[name] = min(best[name], once())
    return best


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, each with its ratio to the row it is compared with."""
    seconds = {(row.question, row.name): row.seconds for row in rows}
    lines = ["| question | what | CPU, ms | ratio | aim |", "|---|---|---:|---:|---:|"]
    for row in rows:
        base = seconds.get((row.question, row.against))
        ratio = f"{row.seconds / base:.2f}× {row.against}" if row.seconds and base else ""
        time_ = row.note if row.seconds is None else f"{row.seconds * 1000:.{1 if row.seconds > 0.01 else 3}f}"
        aim = f"≤ {row.aim:g}×" if row.aim else ""
        lines.append(f"| {row.question} | {row.name} | {time_} | {ratio} | {aim} |")
    return "\n".join(lines)

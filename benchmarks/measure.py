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
    """One line of the table.

    Attributes:
        seconds: processor time, the least of several runs; None if not measured, and `note` says why.
        against: the row it is compared with.
        aim: the highest ratio wanted.
    """

    question: str
    name: str
    seconds: float | None
    against: str = ""
    aim: float | None = None
    note: str = ""


# The peak memory of a process includes its parent's at the fork, so a small process starts it.
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
    """The same for `sopc`."""
    return _ours("sopc", "sopc.cli", arguments)


def _ours(program: str, module: str, arguments: Sequence[str]) -> list[str]:
    installed = Path(sys.executable).parent / program
    if installed.exists():
        return [str(installed), *arguments]
    return [sys.executable, "-c", f"from {module} import main; main()", *arguments]


def find(program: str) -> str | None:
    """The path of a peer; None if it is not installed."""
    return shutil.which(program)


class Used(NamedTuple):
    """`seconds`: processor time, user and system. `megabytes`: peak memory."""

    seconds: float
    megabytes: float


def run_command(command: Sequence[str], output: Path) -> float:
    """The processor time (user and system) of a command, in seconds; its stdout goes to a file. A failure raises."""
    return used_by(command, output).seconds


def used_by(command: Sequence[str], output: Path) -> Used:
    """The time and memory of a command; its stdout goes to a file. A failure raises."""
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
    """The seconds of one call in this process, by its processor time or another clock."""
    start = clock()
    function()
    return clock() - start


def interleaved(runs: Mapping[str, Callable[[], float]], times: int) -> dict[str, float]:
    """The least of several runs of each function, run in turns, so that a slow moment affects all of them."""
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

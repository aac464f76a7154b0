"""Commands and functions → the processor time they take, and rows of a table."""

from __future__ import annotations

import os
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


def sopvm(*arguments: str) -> list[str]:
    """The command line of our `sopvm`: the installed command, else this checkout's."""
    installed = Path(sys.executable).parent / "sopvm"
    if installed.exists():
        return [str(installed), *arguments]
    return [sys.executable, "-c", "from runtime.cli import main; main()", *arguments]


def find(program: str) -> str | None:
    """The path of a peer, None when it is not installed."""
    return shutil.which(program)


def run_command(command: Sequence[str], output: Path) -> float:
    """Seconds of processor time (user and system) of one run with its stdout in a file. A failure is an error."""
    with output.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE)
        assert process.stderr is not None
        message = process.stderr.read()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {message.decode()}")
    return usage.ru_utime + usage.ru_stime


def least(once: Callable[[], float], times: int) -> float:
    return min(once() for _ in range(times))


def timed(function: Callable[[], object]) -> float:
    """Seconds of processor time of one call in this process."""
    start = time.process_time()
    function()
    return time.process_time() - start


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
        time_ = row.note if row.seconds is None else f"{row.seconds * 1000:.1f}"
        aim = f"≤ {row.aim:g}×" if row.aim else ""
        lines.append(f"| {row.question} | {row.name} | {time_} | {ratio} | {aim} |")
    return "\n".join(lines)

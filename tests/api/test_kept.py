"""Kept lines of runs: they can be read from any line on, and their number is bounded."""

from __future__ import annotations

import pytest

from runtime.api import replay_buffer as log_module
from runtime.api import runs as runs_module
from runtime.api.audit import Who
from runtime.api.replay_buffer import ReplayBuffer, after
from runtime.api.runs import LiveRun, LiveRuns
from runtime.api.tokens import LOCAL
from runtime.errors import SopError

LINES = b'{"type":"start","run":"R"}\n{"type":"record","seq":1,"result":1}\n{"type":"say","seq":2}\n{"type":"end"}\n'


def test_lines_after_a_given_one() -> None:
    assert list(after(LINES, 0)) == LINES.splitlines()
    assert list(after(LINES, 1)) == LINES.splitlines()[2:]
    assert list(after(LINES, 99)) == [b'{"type":"end"}']


def test_lines_are_read_whole_from_memory_and_from_disk() -> None:
    log = ReplayBuffer()
    line = b'{"type":"record","seq":1,"result":"' + b"x" * 1000 + b'"}\n'
    for _ in range(500):
        log.write(line)
    log.write(line[:10])
    position, read = 0, b""
    while data := log.read(position):
        position += len(data)
        read += data
    assert read == line * 500
    log.write(line[10:])
    assert log.read(position) == line
    log.close()
    assert log.read(0) == b""
    with pytest.raises(BrokenPipeError):
        log.write(line)


def test_a_line_longer_than_a_piece_is_read_whole() -> None:
    log = ReplayBuffer()
    line = b'"' + b"x" * 1_000_000 + b'"\n'
    log.write(line + line)
    assert log.read(0)[: len(line)] == line
    log.close()


def test_a_run_that_fills_its_buffer_fails_and_its_last_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "MAX_BYTES", 1000)
    log = ReplayBuffer()
    log.write(b"x" * 999 + b"\n")
    with pytest.raises(SopError, match="S0113"):
        log.write(b"y\n")
    log.write(b"the end\n")
    assert log.read(0).endswith(b"the end\n")
    log.close()


def test_the_oldest_ended_runs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "MAX_KEPT", 3)
    monkeypatch.setattr(runs_module, "MAX_LOGS", 2)
    runs = LiveRuns(10)
    made = [LiveRun("s", 1, Who(LOCAL, ""), ReplayBuffer(), None, 1) for _ in range(5)]
    for run in made:
        run.log.write(LINES)  # type: ignore[union-attr]
        runs.begin(run, LOCAL)
        runs.end(run)
    assert [run.id for run in runs.all()] == sorted((run.id for run in made[2:]), reverse=True)
    assert [run.log is not None for run in made] == [False, False, False, True, True]
    assert runs.get(made[0].id) is None
    runs.close()

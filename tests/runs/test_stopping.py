"""A run that is going on: cancelled from outside, looked at, and how its segments wait for the disk."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from tests.commands import Place, command, environment
from tests.runs.kept import Kept, kept_on

SCRIPT = """
script busy() -> int
  let done = 0
  while true do
    insert into log { text: "row {done}" }
    set done = done + 1
    commit
  end
end

script stuck() -> int
  insert into log { text: "kept" }
  commit
  insert into log { text: "undone" }
  let done = 0
  while true do
    set done = done + count(from items)
  end
end

script asks() -> bool
  insert into log { text: "asked" }
  commit
  ask "Go on?" into sure: bool
  return sure
end

script small() -> int
  insert into log { text: "a" }
  commit
  insert into log { text: "b" }
  return 2
end
"""
MAX_SECONDS = 120.0


@pytest.fixture(params=["sqlite", "postgres"])
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kept]:
    with kept_on(request.param, tmp_path, SCRIPT) as made:
        yield made


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + MAX_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("script", ["busy", "stuck"])
def test_a_run_in_another_process_is_cancelled(kept: Kept, script: str) -> None:
    """Between segments, and in one that would never end."""
    place = Place(kept.folder)
    database = f"main={kept.url}"
    process = place.start("sopvm", "run", script, "--db", database)
    try:
        until(lambda: kept.has_tables() and kept.rows("SELECT 1 FROM sop_runs"))
        run = str(kept.id())
        shown = place.ok("sopvm", "inspect", run, "--db", database, "-f", "records")
        assert json.loads(shown.text.splitlines()[0])["script"] == script
        assert "is going on" in shown.stderr
        place.ok("sopvm", "cancel", run, "--db", database)
        out, _ = process.communicate(timeout=MAX_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["status"] == "cancelled"
    assert kept.rows("SELECT status FROM sop_runs") == [("cancelled",)]
    texts = kept.log
    if script == "stuck":
        assert texts == ["kept"]
    else:
        ((segments,),) = kept.rows("SELECT segment FROM sop_runs")
        assert len(texts) == segments


@pytest.mark.parametrize(("by", "exit_code", "status"), [("hand", 3, "waiting"), ("cancel", 130, "cancelled")])
def test_a_prompt_ends_with_what_the_row_says(kept: Kept, by: str, exit_code: int, status: str) -> None:
    """Ctrl-C leaves the question to whoever answers later; `sopvm cancel` takes it back."""
    place, database = Place(kept.folder), f"main={kept.url}"
    ours, theirs = pty.openpty()
    words = command("sopvm", "run", "asks", "--db", database)
    with (
        open(ours, "rb", buffering=0) as screen,  # noqa: PTH123
        subprocess.Popen(
            words, cwd=kept.folder, env=environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
        ) as process,
    ):
        os.close(theirs)
        try:
            until(lambda: kept.has_tables() and kept.rows("SELECT 1 FROM sop_runs WHERE status = 'waiting'"))
            run = str(kept.id())
            if by == "hand":
                process.send_signal(signal.SIGINT)
            else:
                place.ok("sopvm", "cancel", run, "--db", database)
            out, _ = process.communicate(timeout=MAX_SECONDS)
            shown = screen.read(100_000).decode()
        finally:
            process.kill()
    assert (process.returncode, json.loads(out.splitlines()[-1])["status"]) == (exit_code, status)
    assert kept.rows("SELECT status FROM sop_runs") == [(status,)]
    following = ("answer", run, "yes") if by == "hand" else ("retry", run, "--answer", "3=yes")
    assert f"try: sopvm {following[0]} {run}" in shown
    assert place.ok("sopvm", *following, "--db", database).lines[-1]["result"] is True


def test_a_wrong_answer_leaves_the_question(kept: Kept) -> None:
    kept.answers = {"3": "perhaps"}
    done = kept.begin("asks")
    assert done is not None and done.error is not None
    assert (done.status, done.error.code, done.error.hint) == ("waiting", "V0404", f"sopvm answer {kept.id()} VALUE")
    assert [line["type"] for line in kept.lines[-2:]] == ["error", "end"]
    assert kept.rows("SELECT status FROM sop_runs") == [("waiting",)]


def test_a_run_that_goes_on_is_not_stopped_by_what_was_meant_for_another_process(kept: Kept) -> None:
    kept.begin("small", at=9)
    run = kept.id()
    if run is None:  # it crashed before its first segment's end
        kept.begin("small")
        run = kept.id()
    with closing(kept.connect("main")) as database:
        lease = database.lease(str(run))
        assert lease is not None and not lease.must_stop()
        assert database.ask_to_stop(str(run))
        until(lease.must_stop)
        lease.release()
        assert not database.ask_to_stop(str(run))
        again = database.lease(str(run))
        assert again is not None and not again.must_stop()
        again.release()


@pytest.mark.parametrize("relaxed", [False, True])
def test_relaxed_segments_do_not_wait_for_the_disk(kept: Kept, relaxed: bool) -> None:
    """Read in the segment, just before it commits."""
    seen: list[Any] = []

    def connect(name: str, at: int | None = None) -> Any:
        database: Any = SQLiteDatabase(kept.path, name=name) if kept.server is None else made(name)
        commit = database.commit

        def look_and_commit() -> None:
            setting = "pragma synchronous" if kept.server is None else "show synchronous_commit"
            seen.append(database.own(setting, ())[0][0])
            commit()

        database.commit = look_and_commit
        return database

    made = kept.connect
    kept.begin("small")  # makes the tables
    with closing(made("main")) as database:
        usual = 2 if kept.server is None else database.own("show synchronous_commit", ())[0][0]
    kept.connect = connect  # type: ignore[method-assign]
    done = kept.begin("small", relaxed=relaxed)
    assert done is not None and done.status == "ok"
    expected = (1 if kept.server is None else "off") if relaxed else usual
    assert seen == [expected] * 2

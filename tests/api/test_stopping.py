"""A server that is told to stop: what it still does, what becomes of its runs, and what their clients are told."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import make_folder
from tests.api.test_durable import MAX_SECONDS, Process, ended, lines, served, servers, until
from tests.commands import Place

SCRIPTS = """
script until_open() -> int
  insert into log { text: "waits" }
  commit
  while count(from gate) = 0 do commit end
  insert into log { text: "open" }
  return count(from log)
end

script forever(name: text) -> int
  let i = 0
  while true do
    set i = i + 1
    insert into log { text: "{name} {i}" }
    commit
    emit { number: i }
  end
end

script stuck() -> int
  insert into log { text: "kept" }
  commit
  emit { text: "kept" }
  insert into log { text: "undone" }
  let n = 0
  while true do set n = n + 1 end
end

script reads()
  emit from log select text
  let n = 0
  while true do set n = n + 1 end
end

script asks()
  ask "Which?" into which: text
  emit { which: which }
end
"""
SCHEMA = """
create table log (id integer primary key, text text not null);
create table gate (id integer primary key);
insert into log (text) values ('a');
"""
LONG = ("--drain", "10m")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path, SCRIPTS, SCHEMA)


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Process]]:
    with servers(folder) as start:
        yield start


def sql(folder: Path, text: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "main.db", timeout=MAX_SECONDS)) as connection, connection:
        return connection.execute(text).fetchall()


def steps_of(folder: Path, name: str) -> list[int]:
    """Those that a run of `forever` has done."""
    return [int(text[2:]) for (text,) in sql(folder, f"select text from log where text like '{name} %' order by id")]


class Reader:
    """A client that reads an answer as it comes."""

    def __init__(self, server: Process, path: str) -> None:
        self.answer: httpx.Response | None = None
        self.began = threading.Event()
        self.text = ""
        self._thread = threading.Thread(target=self._read, args=(server, path))
        self._thread.start()

    def _read(self, server: Process, path: str) -> None:
        with server.client.stream("POST", path) as self.answer:
            for piece in self.answer.iter_text():
                self.text += piece
                self.began.set()

    def lines(self) -> list[dict[str, Any]]:
        """All of them, once the answer has ended."""
        self._thread.join(MAX_SECONDS)
        return lines(self.text)


def test_sigterm_lets_runs_end_and_begins_none(serve: Callable[..., Process], folder: Path) -> None:
    """The server answers as before, but for runs, and ends with the last of them; a question waits for the next one."""
    server = serve(*LONG)
    going, asking = Reader(server, "/play/until_open"), Reader(server, "/play/asks")
    assert asking.began.wait(MAX_SECONDS)
    until(lambda: len(sql(folder, "select 1 from log")) == 2)
    assert server.client.get("/ready").status_code == 200
    server.process.send_signal(signal.SIGTERM)
    until(lambda: server.client.get("/ready").status_code == 503)
    assert server.client.get("/ready").json()["code"] == "S0127"
    assert server.client.get("/live").status_code == 200
    refused = server.client.post("/play/until_open")
    assert (refused.status_code, refused.json()["title"]) == (503, "server stopping")
    assert int(refused.headers["Retry-After"]) > 0
    waiting = asking.lines()
    assert [line["type"] for line in waiting] == ["start", "ask", "end"]
    assert waiting[-1]["status"] == "waiting"
    answered = server.client.post(f"/runs/{waiting[0]['run']}/answer", json={"value": "a"})
    assert (answered.status_code, answered.json()["code"]) == (503, "S0127")
    sql(folder, "insert into gate values (1)")
    assert going.lines()[-1] | {"ms": 0, "retries": 0} == {
        **{"type": "end", "status": "ok", "result": 3, "records": 0},
        **{"ms": 0, "retries": 0},
    }
    assert server.process.wait(MAX_SECONDS) == 0
    second = serve()
    assert second.client.post(f"/runs/{waiting[0]['run']}/answer", json={"value": "b"}).status_code == 204
    until(lambda: ended(second, waiting[0]["run"]))


def test_after_that_kept_runs_are_left_and_the_others_cancelled(serve: Callable[..., Process], folder: Path) -> None:
    """Here a second SIGTERM ends the time. The next server goes on, with each effect once."""
    server = serve(*LONG, "--workers", "0")
    readers = [Reader(server, f"/play/{script}") for script in ("reads", "forever?name=a")]
    for reader in readers:
        assert reader.began.wait(MAX_SECONDS)
    until(lambda: '"number":3' in readers[1].text)
    server.process.send_signal(signal.SIGTERM)
    until(lambda: server.client.get("/ready").status_code == 503)
    server.process.send_signal(signal.SIGTERM)
    (*_, undone, cancelled), left = (reader.lines() for reader in readers)
    assert (undone["result"]["code"], cancelled["status"]) == ("V0301", "cancelled")
    run = left[0]["run"]
    assert (left[-2]["result"]["code"], left[-1]["status"]) == ("V0613", "interrupted")
    assert run in left[-2]["result"]["message"]
    assert server.process.wait(MAX_SECONDS) == 0
    steps = steps_of(folder, "a")
    assert sql(folder, f"select status, segment from sop_runs where run = '{run}'") == [("running", len(steps))]
    second = serve()
    until(lambda: steps_of(folder, "a")[-1] > steps[-1] + 3)
    assert second.client.delete(f"/runs/{run}").status_code == 204
    until(lambda: second.status(run) == "cancelled")
    assert sql(folder, "select epoch from sop_runs") == [(2,)]
    steps = steps_of(folder, "a")
    assert steps == list(range(1, len(steps) + 1))


@pytest.mark.parametrize(("format_", "status"), [("jsonl", 200), ("records", 503)])
def test_a_segment_that_does_not_end_in_time_is_undone(
    serve: Callable[..., Process], folder: Path, format_: str, status: int
) -> None:
    """Of a format that does not say how a run ended, the answer is a problem that names the run."""
    server = serve()
    reader = Reader(server, f"/play/stuck?format={format_}")
    until(lambda: len(sql(folder, "select 1 from log")) == 2)
    (run,) = server.client.get("/runs").json()["runs"]
    server.process.send_signal(signal.SIGTERM)
    said = reader.lines()
    assert server.process.wait(MAX_SECONDS) == 0
    assert reader.answer is not None and reader.answer.headers["X-Run"] == f"/runs/{run['id']}"
    code = said[-2]["result"]["code"] if status == 200 else said[-1]["code"]
    assert (reader.answer.status_code, code) == (status, "V0613")
    assert sql(folder, "select text from log where id > 1") == [("kept",)]
    assert sql(folder, "select status, segment from sop_runs") == [("running", 1)]


def test_the_server_s_workers_give_their_runs_back(serve: Callable[..., Process], folder: Path) -> None:
    """At the end of a segment; and where that does not come, the try does not count."""
    place = Place(folder)
    server = serve(*LONG)
    sql(folder, "insert into gate values (1)")
    server.client.post("/play/until_open")
    until(lambda: served(folder))
    run = json.loads(place.ok("sopvm", "run", "forever", "name=a", "--detach").stdout)["run"]
    until(lambda: sql(folder, "select 1 from log where text = 'a 2'"))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(MAX_SECONDS) == 0
    row = f"select status, tries, wake from sop_runs where run = '{run}'"
    assert sql(folder, row) == [("running", 0, None)]
    place.ok("sopvm", "cancel", run)
    second = serve()
    until(lambda: served(folder))
    stuck = json.loads(place.ok("sopvm", "run", "stuck", "--detach").stdout)["run"]
    until(lambda: sql(folder, "select 1 from log where text = 'kept'"))
    row = f"select epoch, tries from sop_runs where run = '{stuck}'"
    for tries in (1, 2):
        second.kill()
        second = serve()
        until(lambda tries=tries: sql(folder, row) == [(tries + 2, tries)])  # type: ignore[misc]
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(MAX_SECONDS) == 0
    assert sql(folder, f"select epoch, tries, wake from sop_runs where run = '{stuck}'") == [(4, 1, None)]

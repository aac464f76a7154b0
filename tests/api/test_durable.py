"""Runs that outlive their server: started over HTTP, kept in a database, found and answered by another process."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.config import Config
from runtime.library.store import Library
from runtime.runs.worker import Worker
from tests.api.conftest import make_folder
from tests.commands import command, environment
from tests.postgres import shared
from tests.runs.kept import Kept
from tests.runs.proxy import Proxy
from tests.sandbox import Sandbox

SCRIPTS = """
script hire(name: text, times: int = 1) -> int
  for each i in 1 to times do
    ask "Hire {name}, number {i}?" into ok: bool
    if ok then insert into log { text: "{name} {i}" } end
    commit
  end
  return count(from log)
end

script survey() -> text
  let before = "what was said before"
  ask "Which?" choices ["a", "b"] into which: text
  emit { which: which }
  return "{before}: {which}"
end

script soon() -> int
  ask "How many?" within 1 second default 7 into n: int
  return n
end

script later() -> int
  ask "How many?" within 7 days default 7 into n: int
  return n
end

script count_up(n: int) -> int
  for each i in 1 to n do
    insert into log { text: "{i}" }
    commit
    emit { number: i }
  end
  return n
end

script think(n: int) -> int
  let sum = 0
  for each i in 1 to n do
    set sum = sum + i
  end
  insert into log { text: "{sum}" }
  commit
  return sum
end

script note(text: text, fails: bool = false) -> int
  insert into log { text: text }
  commit
  if fails and count(from log) < 3 then fail "not yet" end
  insert into log { text: "{text} again" }
  emit { noted: text }
  return count(from log)
end
"""
SCHEMA = "create table log (id integer primary key, text text not null);"
MAX_SECONDS = 120.0


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + MAX_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


class Process:
    """`sopvm serve` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            command("sopvm", "serve", "--port", "0", "--drain", "0s", *options),
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr is not None
        url = ""
        for line in self.process.stderr:
            if b"http://" in line:
                url = "http://" + line.decode().partition("http://")[2].split()[0]
                break
        self.errors: list[bytes] = []
        self.drain = threading.Thread(target=self.errors.extend, args=(self.process.stderr,), daemon=True)
        self.drain.start()
        self.client = httpx.Client(base_url=url.rstrip("/"), timeout=MAX_SECONDS, trust_env=False)

    def kill(self) -> None:
        """As a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(MAX_SECONDS)

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(MAX_SECONDS)
        self.drain.join(MAX_SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        assert not [line for line in self.errors if b"graceful" in line]  # an answer that nobody ended

    def status(self, run: str) -> str:
        return str(self.client.get(f"/runs/{run}").json()["status"])

    def lines(self, run: str) -> list[dict[str, Any]]:
        return lines(self.client.get(f"/runs/{run}/lines").text)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path, SCRIPTS, SCHEMA)


@contextmanager
def servers(folder: Path) -> Iterator[Callable[..., Process]]:
    """Starts servers with these options."""
    started: list[Process] = []

    def start(*options: str) -> Process:
        started.append(Process(folder, *options))
        return started[-1]

    try:
        yield start
    finally:
        for each in started:
            each.close()


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Process]]:
    with servers(folder) as start:
        yield start


def ended(server: Process, run: str) -> bool:
    return server.status(run) == "ok"


def begin(server: Process, script: str, **args: Any) -> str:
    """Start a run that waits; its id."""
    with server.client.stream("POST", f"/play/{script}", json=args) as answer:
        for line in answer.iter_lines():
            if json.loads(line)["type"] == "ask":
                return str(answer.headers["X-Run"].rpartition("/")[2])
    raise AssertionError("it asked nothing")


def test_waiting_runs_survive_the_server(serve: Callable[..., Process]) -> None:
    """One writes its database, one has no database at all. Killed, they are listed, shown and answered by the next."""
    first = serve()
    hired, asked = begin(first, "hire", name="Ada", times=2), begin(first, "survey")
    first.kill()
    second = serve()
    runs = {run["id"]: run for run in second.client.get("/runs?status=waiting").json()["runs"]}
    assert {run: each["question"]["question"] for run, each in runs.items()} == {
        hired: "Hire Ada, number 1?",
        asked: "Which?",
    }
    frames = second.client.get(f"/runs/{asked}/frames").json()["frames"]
    assert (frames[0]["step"], frames[0]["variables"]["before"]) == ("2", "what was said before")
    wrong = second.client.post(f"/runs/{asked}/answer", json={"value": "c"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "V0105")
    assert second.client.post(f"/runs/{asked}/answer", json={"value": "b"}).status_code == 204
    until(lambda: second.status(asked) == "ok")
    assert second.client.get(f"/runs/{asked}").json()["result"] == "what was said before: b"
    assert [line["type"] for line in second.lines(asked)] == ["start", "ask", "record", "end"]
    for _ in range(2):
        until(lambda: second.status(hired) == "waiting")
        assert second.client.post(f"/runs/{hired}/answer", json={"value": True}).status_code == 204
    until(lambda: second.status(hired) == "ok")
    late = second.client.post(f"/runs/{hired}/answer", json={"value": True})
    assert (late.status_code, late.json()["code"]) == (409, "S0111")
    assert second.lines(hired)[-1] == {"type": "end", "status": "ok", "result": 2, "records": 0}


def test_a_run_that_waits_holds_no_thread(serve: Callable[..., Process]) -> None:
    """More runs wait than there are threads; their streams go on when they are answered."""
    server = serve("--max-runs", "2")
    waiting = [begin(server, "survey") for _ in range(5)]
    with server.client.stream("POST", "/play/survey") as answer:
        stream = answer.iter_lines()
        assert [json.loads(next(stream))["type"] for _ in range(2)] == ["start", "ask"]
        run = answer.headers["X-Run"]
        assert server.client.post(f"{run}/answer", json={"value": "a"}).status_code == 204
        assert [json.loads(line)["type"] for line in stream] == ["record", "end"]
    for each in waiting:
        assert server.client.post(f"/runs/{each}/answer", json={"value": "a"}).status_code == 204
        until(partial(ended, server, each))


def test_a_default_is_taken_when_the_wait_is_over(serve: Callable[..., Process], folder: Path) -> None:
    with Sandbox(folder, {"main": "sqlite:///main.db"}) as sandbox:
        sandbox.compile('script guess() -> int\n  ask "How many?" default 7 into n: int\n  return n\nend')
    server = serve()
    said = lines(server.client.post("/play/guess?wait=0.05").text)
    assert ([line["type"] for line in said], said[-1]["result"]) == (["start", "ask", "end"], 7)
    assert server.status(said[0]["run"]) == "ok"


def test_a_deadline_is_taken_by_the_server(serve: Callable[..., Process], folder: Path) -> None:
    """While a client reads its lines; and by the next server, when nobody has touched the run since."""
    server = serve()
    said = lines(server.client.post("/play/soon").text)
    assert ([line["type"] for line in said], said[-1]["result"]) == (["start", "ask", "end"], 7)
    run = begin(server, "later")
    server.kill()
    pass_deadline(folder, run)
    second = serve()
    until(partial(ended, second, run))
    assert [line["type"] for line in second.lines(run)] == ["start", "ask", "end"]
    assert second.client.get(f"/runs/{run}").json()["result"] == 7


def pass_deadline(folder: Path, run: str) -> None:
    with closing(sqlite3.connect(folder / ".sop" / "runs.db")) as connection, connection:
        connection.execute("update sop_runs set deadline = '2000-01-01T00:00:00.000Z' where run = ?", [run])


def test_a_deadline_is_taken_by_an_answer_that_comes_too_late(serve: Callable[..., Process], folder: Path) -> None:
    server = serve("--workers", "0")
    run = begin(server, "later")
    assert "deadline" in server.client.get(f"/runs/{run}").json()
    pass_deadline(folder, run)
    answer = server.client.post(f"/runs/{run}/answer", json={"value": 3})
    assert (answer.status_code, answer.json()["code"]) == (409, "S0111")
    until(partial(ended, server, run))
    assert server.client.get(f"/runs/{run}").json()["result"] == 7


def test_one_of_two_answers_wins(serve: Callable[..., Process]) -> None:
    servers = [serve(), serve()]
    run = begin(servers[0], "survey")
    together = threading.Barrier(2)
    statuses: list[int] = []

    def answer(server: Process) -> None:
        together.wait(MAX_SECONDS)
        statuses.append(server.client.post(f"/runs/{run}/answer", json={"value": "a"}).status_code)

    threads = [threading.Thread(target=answer, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(MAX_SECONDS)
    assert sorted(statuses) == [204, 409]
    until(lambda: servers[1].status(run) == "ok")


def test_a_failed_run_is_retried_and_a_waiting_one_cancelled(serve: Callable[..., Process]) -> None:
    server = serve()
    failed = server.client.post("/play/note", json={"text": "x", "fails": True}).headers["X-Run"]
    assert server.client.get(failed).json()["error"]["message"] == "not yet"
    answer = server.client.post(f"{failed}/resume")
    assert (answer.status_code, answer.json()["code"]) == (409, "V0609")
    for text in ("y", "z"):
        assert server.client.post("/play/note", json={"text": text}).status_code == 200
    answer = server.client.post(f"{failed}/retry")
    assert (answer.status_code, answer.headers["Location"]) == (202, failed)
    until(lambda: server.client.get(failed).json()["status"] == "ok")
    assert server.client.get(failed).json()["result"] == 6
    waiting = begin(server, "survey")
    assert server.client.delete(f"/runs/{waiting}").status_code == 204
    assert server.status(waiting) == "cancelled"
    assert server.lines(waiting)[-1]["status"] == "cancelled"


def test_a_request_with_a_key_acts_once(serve: Callable[..., Process]) -> None:
    server = serve()
    key = {"Idempotency-Key": '"order-17"'}
    first = server.client.post("/play/note", json={"text": "x"}, headers=key)
    again = serve().client.post("/play/note", json={"text": "x"}, headers=key)
    assert (first.headers["X-Run"], again.headers["X-Run"]) == ("/runs/order-17",) * 2
    shown = [[line for line in lines(answer.text) if line["type"] != "end"] for answer in (first, again)]
    assert shown[0] == shown[1]
    assert [lines(answer.text)[-1]["result"] for answer in (first, again)] == [2, 2]
    other = server.client.post("/play/note", json={"text": "y"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "V0610")
    for bad in ("a b", "", "x" * 81):
        answer = server.client.post("/play/note", json={"text": "x"}, headers={"Idempotency-Key": bad})
        assert (answer.status_code, answer.json()["code"]) == (400, "S0124")
    answer = server.client.post("/play/note?dry_run=true", json={"text": "x"}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "S0124")
    asking = {"Idempotency-Key": "asking"}
    begun = server.client.post("/play/survey?wait=0", headers=asking)
    assert lines(begun.text)[-1]["status"] == "waiting"
    answer = server.client.post("/play/survey?wait=0", headers=asking)
    assert (answer.status_code, answer.headers["Location"]) == (202, "/runs/asking")


def served(folder: Path) -> bool:
    """Whether a worker serves the database `main`."""
    return any((folder / "main.db-runs").glob("@worker-*"))


def count_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        ((found,),) = connection.execute("select count(*) from log").fetchall()
    return int(found)


def test_a_killed_server_s_run_is_gone_on_with_by_the_next(serve: Callable[..., Process], folder: Path) -> None:
    """By itself, each effect and each line once. With `--workers 0`, somebody has to say so."""
    first = serve()
    begun = first.client.post("/play/count_up", json={"n": 2000}, headers={"Prefer": "respond-async"})
    run = begun.json()["id"]
    until(lambda: count_of(folder) > 5)
    first.kill()
    without = serve("--workers", "0")
    assert without.status(run) in ("interrupted", "ok")
    without.close()
    second = serve()
    until(partial(ended, second, run))
    assert count_of(folder) == 2000
    numbers = [line["result"]["number"] for line in second.lines(run) if line["type"] == "record"]
    assert numbers == list(range(1, 2001))


def test_a_run_that_was_accepted_is_done_whatever_happens(serve: Callable[..., Process], folder: Path) -> None:
    """`202 Accepted` says so; the server is killed before the first segment has ended."""
    first = serve()
    begun = first.client.post("/play/think", json={"n": 2_000_000}, headers={"Prefer": "respond-async"})
    first.kill()
    assert begun.status_code == 202
    second = serve()
    until(partial(ended, second, begun.json()["id"]))
    assert count_of(folder) == 1
    assert [line["type"] for line in second.lines(begun.json()["id"])] == ["start", "command", "end"]


def test_a_server_does_what_is_left_to_workers(serve: Callable[..., Process], folder: Path) -> None:
    """And its clients see such a run, and cancel it, like their own."""
    server = serve()
    server.client.post("/play/count_up", json={"n": 1})
    until(partial(served, folder))
    detach = command("sopvm", "run", "count_up", "n=1000000", "--detach")
    done = subprocess.run(detach, cwd=folder, env=environment(), capture_output=True, check=True)
    run = json.loads(done.stdout)["run"]
    until(lambda: count_of(folder) > 5)
    frames = server.client.get(f"/runs/{run}/frames").json()["frames"]
    assert frames[0]["variables"]["n"] == 1_000_000
    assert server.client.delete(f"/runs/{run}").status_code == 204
    until(lambda: server.status(run) == "cancelled")
    server.close()
    assert not served(folder)


def test_a_server_makes_no_tables_to_look_for_runs(folder: Path) -> None:
    config = Config.load(cwd=folder)
    with Library.open(config.home) as library:
        worker = Worker(config, (), library, lambda report: None, waits=True)
        worker.work(until_idle=True)
        worker.close()
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        assert connection.execute("select name from sqlite_schema where name like 'sop%'").fetchall() == []
    assert not (folder / ".sop" / "runs.db").exists()


TENANTS = """
script tell() uses main, other -> int
  ask "Go on?" within 7 days default true into ok: bool
  insert into main.log { text: "{ok}" }
  return count(from other.log)
end
"""


def test_whoever_goes_on_with_a_token_s_run_opens_its_databases(
    serve: Callable[..., Process], folder: Path, tmp_path: Path
) -> None:
    """A token may have databases of its own under the names that scripts use."""
    names = ("main", "other", "mine", "theirs")
    for name in names:
        with closing(sqlite3.connect(folder / f"{name}.db")) as connection, connection:
            connection.executescript(SCHEMA if name != "main" else "")
            rows = 3 if name == "theirs" else 0
            connection.executemany("insert into log (text) values (?)", [("x",)] * rows)
    settings = "".join(f'{name} = "sqlite:///{name}.db"\n' for name in names)
    (folder / "sop.toml").write_text(f"[databases]\n{settings}")
    with Sandbox(folder, {name: f"sqlite:///{name}.db" for name in ("main", "other")}) as sandbox:
        sandbox.compile(TENANTS)

    def shell(*words: str) -> str:
        done = subprocess.run(command("sopvm", *words), cwd=folder, env=environment(), capture_output=True, check=True)
        return done.stdout.decode()

    token = shell("token", "add", "acme", "--db", "main=mine", "--db", "other=theirs", "--rights", "run,read,write")
    server = serve("--workers", "0")
    server.client.headers["Authorization"] = f"Bearer {token.split()[-1]}"
    first, second, third = (lines(server.client.post("/play/tell?wait=0").text)[0]["run"] for _ in range(3))
    answered = lines(shell("answer", first, "no"))
    assert answered[-1]["result"] == 3
    with closing(sqlite3.connect(folder / "mine.db")) as connection, connection:
        connection.execute("update sop_runs set deadline = '2000-01-01T00:00:00.000Z' where run = ?", [second])
    (worked,) = lines(shell("worker", "--until-idle"))
    assert (worked["run"], worked["status"]) == (second, "ok")
    assert server.client.post(f"/runs/{third}/answer", json={"value": True}).status_code == 204
    until(partial(ended, server, third))
    assert [server.client.get(f"/runs/{run}").json()["result"] for run in (first, second, third)] == [3, 3, 3]
    with closing(sqlite3.connect(folder / "mine.db")) as connection:
        assert connection.execute("select text from log order by id").fetchall() == [("false",), ("true",), ("true",)]
    assert count_of(folder) == 0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Kept]:
    with shared().schema() as schema, closing(Kept(tmp_path, SCRIPTS, shared(), schema)) as made:
        made.begin("note", {"text": "x"})  # makes the tables
        made.reset()
        yield made


@pytest.mark.parametrize("commit", [1, 2])
def test_a_server_dies_behind_a_commit_and_another_is_asked_again(shop: Kept, commit: int) -> None:
    """The database has the commit, the first or the last of two, and nobody hears of it: not the server, which is
    killed, nor its client. The same request to another server gives the same run's lines: one effect."""
    servers: list[Process] = []
    killed = threading.Event()

    def kill() -> None:
        servers[0].kill()
        killed.set()

    key = {"Idempotency-Key": "once"}
    try:
        with closing(Proxy(shared().port, before=set(), after={commit}, cut_off=kill)) as proxy:
            through = shop.url.replace(f":{shared().port}/", f":{proxy.port}/")
            servers.append(Process(shop.folder, "--workers", "0", "--db", f"main={through}"))
            with pytest.raises(httpx.HTTPError):
                servers[0].client.post("/play/note", json={"text": "x"}, headers=key)
            assert killed.wait(MAX_SECONDS)
        servers.append(Process(shop.folder, "--workers", "0", "--db", f"main={shop.url}"))
        second = servers[1]
        answer = second.client.post("/play/note", json={"text": "x"}, headers=key)
        until(lambda: second.status("once") == "ok")
        if commit == 2:
            assert (answer.status_code, lines(answer.text)[-1]["result"]) == (200, 2)
        else:
            assert answer.status_code == 202
        answer = second.client.post("/play/note", json={"text": "x"}, headers=key)
        assert [line["type"] for line in lines(answer.text)] == ["start", "command", "command", "record", "end"]
        assert shop.log == ["x", "x again"]
    finally:
        for server in servers:
            server.close()

"""Workers on PostgreSQL, each as on a machine of its own: with nothing but the database's URL."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread
from typing import IO, Any

import psycopg
import pytest

from runtime.connect import connect
from runtime.databases.protocol import Keeps
from runtime.output.formats import open_writer
from runtime.runs.keep import Keep
from runtime.runs.logs import Logs
from runtime.runs.run import RunOptions, run
from runtime.runs.store import RunStore
from tests.commands import Place
from tests.postgres import Server, installations, shared
from tests.runs.proxy import Proxy
from tests.sandbox import Sandbox

TABLE = "create table effects (run bigint not null, step bigint not null)"
SCRIPT = """
script work(number: int, steps: int) -> int
  for each step in 1 to steps do
    insert into effects { run: number, step: step }
    commit
    emit { step: step }
  end
  return steps
end
"""
MAX_SECONDS = 300.0


class Crew:
    """A database, and workers by name. sql: of a connection of the tests' own. said: by each worker, as it says it."""

    def __init__(self, folder: Path, server: Server, schema: str) -> None:
        self.folder = folder
        self.server = server
        self.schema = schema
        self.connection: psycopg.Connection[Any] = server.connect(schema)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.readers: dict[str, Thread] = {}
        self.said: dict[str, list[dict[str, Any]]] = {}
        (folder / "author").mkdir()
        self.sandbox = Sandbox(folder / "author", {"main": server.url(schema)})
        self.sandbox.compile(SCRIPT)

    def close(self) -> None:
        for name, process in self.workers.items():
            with process:
                process.kill()
                self.readers[name].join()
        self.sandbox.library.close()
        self.connection.close()

    def sql(self, text: str) -> list[Any]:
        return self.connection.execute(text.encode()).fetchall()

    def pending(self, number: int, steps: int) -> str:
        """A run that nobody has begun."""
        url = self.server.url(self.schema)
        keep = Keep(self.sandbox.library, lambda: connect(url, name="[runs]", base=self.folder), detached=True)
        writer = open_writer("jsonl", io.BytesIO(), buffer_until_commit=False)

        def database(name: str) -> Any:
            return connect(url, name=name, base=self.folder)

        arguments = {"number": number, "steps": steps}
        return run(self.sandbox.library, "work", arguments, database, writer, RunOptions(keep=keep)).run

    def start(self, name: str, url: str) -> subprocess.Popen[bytes]:
        folder = self.folder / name
        folder.mkdir()
        (folder / "sop.toml").write_text(f'[databases]\nmain = "{url}"\n', encoding="utf-8")
        self.workers[name] = process = Place(folder).start("sopvm", "worker", "main")
        assert process.stdout is not None
        reading = Thread(target=self._read, args=(process.stdout, self.said.setdefault(name, [])))
        reading.start()
        self.readers[name] = reading
        return process

    @staticmethod
    def _read(out: IO[bytes], said: list[dict[str, Any]]) -> None:
        said.extend(map(json.loads, out))

    def end(self, name: str) -> None:
        """Let a worker end its segment; all that it said is in `said`."""
        with self.workers.pop(name) as process:
            process.terminate()
            assert process.wait(MAX_SECONDS) == 0
            self.readers.pop(name).join()
            assert process.stderr is not None
            assert process.stderr.read() == b""

    def has(self, name: str) -> str | None:
        """The run that a worker has read and has more of to do, unless it is just ending a segment."""
        rows = self.sql(
            "select l.run from sop_leases as l join pg_stat_activity as a on a.pid = l.session"
            f" where a.application_name = '{name}' and left(l.run, 1) <> '@'"
        )
        for (run_id,) in rows:
            with self.connection.transaction():
                found = self.sql(
                    f"select run from sop_runs where run = '{run_id}' and status = 'running' and segment > 0"
                    " for update skip locked"
                )
            if found:
                return str(run_id)
        return None

    def told(self, name: str, run_id: str) -> list[dict[str, Any]]:
        """What a worker has said of a run."""
        return [line for line in list(self.said[name]) if line["run"] == run_id]

    def stop_with_a_run(self, name: str) -> str:
        """Stop a worker between two segments of a run."""
        deadline = time.monotonic() + MAX_SECONDS
        while True:
            assert time.monotonic() < deadline
            os.kill(self.workers[name].pid, signal.SIGSTOP)
            found = self.has(name)
            if found is not None:
                return found
            os.kill(self.workers[name].pid, signal.SIGCONT)
            time.sleep(0.005)

    def steps_told(self, runs: list[str]) -> list[list[int]]:
        """Of each run, those that its kept lines hold."""
        with closing(connect(self.server.url(self.schema), name="main", base=self.folder)) as database:
            assert isinstance(database, Keeps)
            found = []
            for each in runs:
                lines = [json.loads(line) for line in b"".join(Logs(RunStore(database), each, 0).news()).splitlines()]
                found.append([line["result"]["step"] for line in lines if line["type"] == "record"])
        return found


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + MAX_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    with ExitStack() as stack:
        schema = stack.enter_context(shared().schema(TABLE))
        yield stack.enter_context(closing(Crew(tmp_path, shared(), schema)))


@pytest.mark.large
def test_workers_that_are_killed_stopped_and_cut_off(crew: Crew) -> None:
    runs, steps = 60, 60
    ids = [crew.pending(number, steps) for number in range(runs)]
    with closing(Proxy(crew.server.port)) as proxy:
        url = crew.server.url(crew.schema, application_name="stopped")
        crew.start("stopped", url)
        crew.start("killed", url.replace("=stopped", "=killed"))
        crew.start("cut", url.replace("=stopped", "=cut").replace(f":{crew.server.port}/", f":{proxy.port}/"))
        until(lambda: crew.sql("select 1 from effects limit 1"))
        taken = crew.stop_with_a_run("stopped")
        before = crew.sql(f"select epoch, segment from sop_runs where run = '{taken}'")[0]
        until(lambda: crew.has("killed"))
        crew.workers["killed"].kill()
        proxy.flows.clear()
        time.sleep(5)  # so long it is cut off
        proxy.flows.set()
        ended = "select count(*) from sop_runs where status = 'ok'"
        until(lambda: crew.sql(ended) == [(runs,)])
        after = crew.sql(f"select epoch, segment from sop_runs where run = '{taken}'")[0]
        assert after[0] > before[0] and after[1] == steps + 1
        os.kill(crew.workers["stopped"].pid, signal.SIGCONT)
        until(lambda: crew.told("stopped", taken))
        crew.end("stopped")
        crew.end("cut")
    refused = crew.told("stopped", taken)
    assert [(line["status"], line["code"]) for line in refused] == [("running", "V0608")]
    assert crew.sql("select count(*), count(distinct (run, step)) from effects") == [(runs * steps, runs * steps)]
    assert crew.steps_told(ids) == [list(range(1, steps + 1))] * runs


def test_runs_that_share_nothing_do_not_conflict(crew: Crew) -> None:
    """Segments are SERIALIZABLE: one that scanned a table of ours would conflict with every other run's. `analyze`
    makes a scan the cheapest plan for a small table, so that the plan has to be forced; without that each round has
    dozens of retries. A version of a row that finds no room on its page may still conflict, about once in some thousand
    segments, so that a second and third round are allowed."""
    for round_ in range(3):
        names = [f"{name}{round_}" for name in "abcd"]
        ids = [crew.pending(number, 60) for number in range(8)]
        crew.connection.execute("analyze")
        for name in names:
            crew.start(name, crew.server.url(crew.schema, application_name=name))
        until(lambda: crew.sql("select 1 from sop_runs where status <> 'ok' limit 1") == [])
        for name in names:
            crew.end(name)
        lines = [line for name in names for line in crew.said[name]]
        assert sorted(line["run"] for line in lines) == sorted(ids)
        retries = sum(line["retries"] for line in lines)
        if not retries:
            break
    assert retries == 0


def received(standby: Server) -> int:
    """The bytes of the primary's log that a standby has."""
    with standby.connect() as connection:
        found = connection.execute(
            "select pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')"
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.large
@pytest.mark.parametrize("standbys", [1, 2])
def test_a_standby_takes_over_from_a_primary_that_is_killed(tmp_path: Path, standbys: int) -> None:
    """A commit is confirmed once a quorum of one standby has it, so what others see of a segment is on the standby that
    has most of the log. One of two may be away meanwhile, and come back."""
    runs, steps = 8, 100
    with ExitStack() as stack:
        primary = Server(*next(iter(installations().items())))
        stack.callback(primary.close)
        others = [stack.enter_context(closing(primary.standby())) for _ in range(standbys)]
        with primary.connect() as connection:
            connection.execute(TABLE.encode())
        crew = stack.enter_context(closing(Crew(tmp_path, primary, "public")))
        ids = [crew.pending(number, steps) for number in range(runs)]
        url = primary.url("public", target_session_attrs="read-write", options="-c synchronous_commit=on")
        ports = "".join(f",127.0.0.1:{other.port}" for other in others)
        url = url.replace(f":{primary.port}/", f":{primary.port}{ports}/")
        for name in ("a", "b"):
            crew.start(name, url)
        until(lambda: crew.sql("select 1 from effects where step > 20 limit 1"))
        if standbys > 1:
            others[0].kill()
            ((done,),) = crew.sql("select count(*) from effects")
            until(lambda: crew.sql("select count(*) from effects") > [(done + 20,)])
            others[0].start(others[0].port)
        confirmed = crew.sql("select run, segment from sop_runs order by run")
        primary.kill()
        standby = max(others, key=received)
        with standby.connect() as promoting:
            promoting.execute("alter system set synchronous_standby_names = ''")  # as copied, it waits for the others
            promoting.execute("select pg_promote()")
            promoting.execute("select pg_reload_conf()")
        crew.connection.close()
        crew.server, crew.connection = standby, standby.connect("public")
        until(lambda: crew.sql("select count(*) from sop_runs where status = 'ok'") == [(runs,)])
        for name in ("a", "b"):
            crew.end(name)
        kept = dict(crew.sql("select run, segment from sop_runs"))
        assert all(kept[run_id] >= segment for run_id, segment in confirmed)
        assert crew.sql("select count(*), count(distinct (run, step)) from effects") == [(runs * steps, runs * steps)]
        assert crew.steps_told(ids) == [list(range(1, steps + 1))] * runs

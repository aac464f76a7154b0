"""A PostgreSQL database → workers in it, each as on a machine of its own: with nothing but the database's URL."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import IO, Any

import psycopg

from runtime.connect import connect
from runtime.databases.protocol import Keeps
from runtime.output.formats import open_writer
from runtime.runs.keep import Keep
from runtime.runs.logs import Logs
from runtime.runs.run import RunOptions, run
from runtime.runs.store import RunStore
from tests.commands import Place
from tests.postgres import Server
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

    def serves(self, name: str) -> bool:
        """Whether a worker has begun to look for runs."""
        return self._leases(name, "=") != []

    def _leases(self, name: str, is_worker: str) -> list[Any]:
        """What a worker has leased: runs (`<>`), or itself (`=`)."""
        return self.sql(
            "select l.run from sop_leases as l join pg_stat_activity as a on a.pid = l.session"
            f" where a.application_name = '{name}' and left(l.run, 1) {is_worker} '@'"
        )

    def has(self, name: str) -> str | None:
        """The run that a worker has read and has more of to do, unless it is just ending a segment."""
        for (run_id,) in self._leases(name, "<>"):
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

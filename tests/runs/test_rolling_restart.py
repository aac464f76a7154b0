"""Two servers and a worker on PostgreSQL that are replaced one after the other while clients ask them for runs."""

from __future__ import annotations

import json
import shutil
import signal
import time
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

import httpx
import pytest

from tests.api.test_durable import Process
from tests.runs.crew import MAX_SECONDS, Crew, until

STEPS: Final = 20  # of a run
CLIENTS: Final = 4
FURTHER: Final = 12  # answers from one restart to the next
LEFT: Final = 10  # runs that are left to workers meanwhile
WRONG: Final = "wrong:"
PASSING: Final = frozenset({"S0109", "S0127", "V0607", "V0613"})  # problems after which a request is made again


class Fleet:
    """Two servers of one database, each with a library of its own."""

    def __init__(self, crew: Crew, stack: ExitStack) -> None:
        self._stack = stack
        author, url = crew.folder / "author", crew.server.url(crew.schema)
        (author / "sop.toml").write_text(f'[databases]\nmain = "{url}"\n', encoding="utf-8")
        self._folders = [Path(shutil.copytree(author, crew.folder / f"server{number}")) for number in range(2)]
        self.servers = [self._started(folder) for folder in self._folders]

    def _started(self, folder: Path) -> Process:
        return self._stack.enter_context(closing(Process(folder, "--drain", "60s")))

    def replace(self, number: int, how: signal.Signals) -> int:
        """Stop a server and start it again; the exit code of the one that was stopped."""
        process = self.servers[number].process
        process.send_signal(how)
        code = process.wait(MAX_SECONDS)
        self.servers[number] = self._started(self._folders[number])
        return code


class Clients:
    """Threads, each of which asks for one run after the other until `close`, and for each again, at the other server,
    until it has the whole answer. numbers: of the runs that were answered, by key. wrong: answers that none may get."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._next = count(1000)
        self._lock = Lock()
        self._over = Event()
        self.numbers: dict[str, int] = {}
        self.wrong: list[str] = []
        self._threads = [Thread(target=self._work, args=(client,)) for client in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, client: int) -> None:
        while not self._over.is_set() and not self.wrong:
            with self._lock:
                number = next(self._next)
            key = f"order-{number}"
            deadline = time.monotonic() + MAX_SECONDS
            for tries in count(client):
                reason = self._ask(self._fleet.servers[tries % 2], key, number)
                if reason is None:
                    self.numbers[key] = number
                    break
                if reason.startswith(WRONG) or time.monotonic() > deadline:
                    self.wrong.append(f"{key}: {reason}")
                    break
                time.sleep(0.05)

    def _ask(self, server: Process, key: str, number: int) -> str | None:
        """Why the request has to be made again; None when its run has ended well."""
        given = {"number": number, "steps": STEPS}
        try:
            answer = server.client.post("/play/work", json=given, headers={"Idempotency-Key": key})
        except httpx.TransportError as error:
            return type(error).__name__
        if answer.status_code == 202:  # another process has it
            return "202"
        if answer.status_code != 200:
            code = answer.json()["code"]
            return f"{answer.status_code} {code}" if code in PASSING else f"{WRONG} {answer.text}"
        said = [json.loads(line) for line in answer.text.splitlines()]
        if said[-1]["type"] != "end" or said[-1]["status"] not in ("ok", "interrupted"):
            return f"{WRONG} {said[-2:]}"
        return None if said[-1]["status"] == "ok" else "interrupted"


@pytest.mark.large
def test_a_rolling_restart_under_load(crew: Crew) -> None:
    """SIGTERM to each in turn, then kill -9: every request is answered in the end, and every effect is there once."""
    left: dict[str, int] = {}  # runs for the workers, with their numbers

    def leave_runs() -> None:
        left.update({crew.pending(number, STEPS): number for number in range(len(left), len(left) + LEFT)})

    def start_worker(name: str) -> None:
        leave_runs()
        crew.start(name, crew.server.url(crew.schema, application_name=name))
        until(lambda: crew.serves(name))

    with ExitStack() as stack:
        fleet = Fleet(crew, stack)
        clients = Clients(fleet)

        def go_on() -> None:
            leave_runs()
            goal = len(clients.numbers) + FURTHER
            until(lambda: len(clients.numbers) >= goal or clients.wrong)

        with closing(clients):
            start_worker("first")
            for number in range(2):
                go_on()
                assert fleet.replace(number, signal.SIGTERM) == 0
            go_on()
            crew.end("first")
            start_worker("second")
            go_on()
            assert fleet.replace(0, signal.SIGKILL) == -signal.SIGKILL
            go_on()
            crew.workers["second"].kill()
            start_worker("third")
            go_on()
        assert not clients.wrong
        until(lambda: crew.sql("select 1 from sop_runs where status <> 'ok' limit 1") == [])
    asked = left | clients.numbers
    assert sorted(crew.sql("select run from sop_runs")) == sorted((key,) for key in asked)
    effects = crew.sql("select run, count(*), count(distinct step) from effects group by run order by run")
    assert effects == [(number, STEPS, STEPS) for number in sorted(asked.values())]
    assert crew.steps_told(list(asked)) == [list(range(1, STEPS + 1))] * len(asked)

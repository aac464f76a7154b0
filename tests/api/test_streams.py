"""Long answers: first bytes early, slow clients that make the run wait, memory that does not grow."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from runtime.api.formats import STREAMED
from runtime.api.shared import Settings
from tests.api.conftest import Served, make_folder
from tests.api.test_play import until
from tests.commands import command, environment

ROWS = 100_000
SCHEMA = f"""
create table wide (id integer primary key, text text not null);
with recursive n(i) as (select 1 union all select i + 1 from n where i < {ROWS})
insert into wide select i, 'row ' || i || ' of many, with enough text to fill the buffers of a socket soon' from n;
create table log (id integer primary key, text text not null);
"""
SCRIPTS = """
script all_rows()
  emit from wide
end

script busy(n: int) -> int
  let total = 0
  for each i in 1 to n do set total = total + i end
  return total
end

script write_all()
  for each w in from wide do
    insert into log {text: w.text}
    emit {id: w.id, text: w.text}
  end
end
"""
MEBIBYTE = 1 << 20


class Process:
    """`sopvm serve` as a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def memory(self) -> int:
        """Bytes in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))  # noqa: PTH208

    def ask(self, path: str, buffer: int = 0) -> socket.socket:
        """A connection on which the request has been sent. buffer: bytes that the kernel may keep for us."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return connection


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Process]:
    process = subprocess.Popen(
        command("sopvm", "serve", "--port", "0", "--drain", "0s", *words),
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r":(\d+)$", line.strip())
    assert found, line + process.stderr.read()
    try:
        yield Process(process, int(found[1]))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("wide"), SCRIPTS, SCHEMA)


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    while piece := connection.recv(MEBIBYTE):
        received += piece
    connection.close()
    return bytes(received)


def test_the_first_byte_comes_before_the_last_row_is_read(wide: Path) -> None:
    """While the client has read only the start, the run waits for it."""
    served = Served(wide, Settings())
    try:
        with served.client.stream("GET", "/play/all_rows") as answer:
            stream = answer.iter_lines()
            assert json.loads(next(stream))["type"] == "start"
            assert json.loads(next(stream))["result"]["id"] == 1
            assert [run.ended for run in served.service.runs.all()] == [False]
            rest = sum(1 for _ in stream)
        assert rest == ROWS  # 99,999 records and the end
        until(lambda: not served.service.runs.active())
    finally:
        served.close()


def test_a_slow_client_holds_up_the_database_cursor(wide: Path) -> None:
    """When the client leaves, its thread, connection and transaction are gone."""
    with running(wide) as server:
        before = server.memory()
        connection = server.ask("/play/all_rows", buffer=4096)
        assert connection.recv(100)
        until_steady(lambda: Path(f"/proc/{server.process.pid}/stat").read_text().split()[13])
        assert server.memory() - before < 12 * MEBIBYTE
        runs = json.loads(read_all(server.ask("/runs")).partition(b"\r\n\r\n")[2])["runs"]
        assert [run["status"] for run in runs] == ["running"]
        connection.close()
        until(lambda: b'"running"' not in read_all(server.ask("/runs")))


def until_steady(measure: Callable[[], str]) -> None:
    """Wait until the measured value stays the same for a while."""
    last, same = measure(), 0
    deadline = time.monotonic() + 20
    while same < 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        now = measure()
        last, same = now, same + 1 if now == last else 0


def test_an_answer_is_whole_in_every_format(wide: Path) -> None:
    with running(wide) as server:
        for format_, wanted in (("jsonl", ROWS + 2), ("csv", ROWS + 1), ("records", ROWS), ("json", ROWS + 4)):
            answer = read_all(server.ask(f"/play/all_rows?format={format_}"))
            assert dechunked(answer).count(b"\n") == wanted, format_


def dechunked(answer: bytes) -> bytes:
    body = answer.partition(b"\r\n\r\n")[2]
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


def test_a_run_that_writes_is_undone_when_its_client_goes_away(wide: Path) -> None:
    served = Served(wide, Settings())
    try:
        with served.client.stream("POST", "/play/write_all") as answer:
            next(answer.iter_lines())
            run = served.service.runs.active()[0]
        until(lambda: not served.service.runs.active())
        assert run.end is not None and run.end.status == "cancelled"
        assert served.sql("select count(*) from log") == [(0,)]
    finally:
        served.close()


def test_max_seconds_ends_a_run_whose_client_reads_nothing(wide: Path) -> None:
    served = Served(wide, Settings(max_seconds=0.5))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", served.port))
            connection.sendall(b"GET /play/all_rows HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            until(lambda: any(run.ended for run in served.service.runs.all()))
            (run,) = served.service.runs.all()
            assert run.describe()["error"] == {
                "code": "V0303",
                "message": "the run took longer than its 0.5 seconds",
                "hint": "--max-seconds sets the limit",
                "step": "1",
                "script": "all_rows",
                "line": 3,
                "column": 3,
            }
    finally:
        served.close()


def asked(port: int, path: str) -> socket.socket:
    """A connection with a sent request, whose client has a small receive buffer."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("format_", STREAMED)
def test_clients_that_never_read_do_not_hold_runs_for_ever(wide: Path, format_: str) -> None:
    """They take all places for runs; after a while without reading, their runs end and say why."""
    served = Served(wide, Settings(max_runs=3, read_seconds=0.3))
    try:
        with ExitStack() as stack:
            clients = [stack.enter_context(asked(served.port, f"/play/all_rows?format={format_}")) for _ in range(3)]
            until(lambda: sum(run.ended for run in served.service.runs.all()) == 3)
            said = [run.describe() for run in served.service.runs.all()]
            assert [(each["status"], each["error"]["code"], each["error"]["message"]) for each in said] == [
                ("cancelled", "V0301", "the client read nothing for 0.3 seconds")
            ] * 3
            assert served.client.get("/play/busy?n=1").status_code == 200
            for client in clients:  # the answer is incomplete, if the client reads on
                with pytest.raises(ConnectionResetError):
                    read_all(client)
    finally:
        served.close()


def test_a_client_that_reads_a_little_now_and_then_is_waited_for(wide: Path) -> None:
    served = Served(wide, Settings(read_seconds=1))
    try:
        with asked(served.port, "/play/all_rows") as client:
            until(lambda: bool(waiting(served)))
            (timer,) = waiting(served)
            client.recv(65536)  # far less than the server has ready
            until(lambda: waiting(served) != [timer])  # it has checked, and keeps waiting
            (run,) = served.service.runs.active()
            assert not run.ended
    finally:
        served.close()


def test_a_cancelled_run_does_not_wait_for_its_reader(wide: Path) -> None:
    served = Served(wide, Settings())
    try:
        with asked(served.port, "/play/all_rows"):
            until(lambda: bool(waiting(served)))
            (run,) = served.service.runs.active()
            assert served.client.delete(f"/runs/{run.id}").status_code == 204
            until(lambda: run.ended)
            assert run.describe()["error"]["message"] == "the run was cancelled by local"
    finally:
        served.close()


def waiting(served: Served) -> list[object]:
    """Timers of connections whose clients are waited for."""
    found = [getattr(each, "_patience", None) for each in served.server.server_state.connections.copy()]
    return [timer for timer in found if timer is not None]


def test_a_server_that_is_told_to_stop_ends_its_runs(wide: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        with running(wide) as server:
            connection = server.ask("/play/busy?n=100000000")
            until(lambda server=server: b'"status":"running"' in read_all(server.ask("/runs")))  # type: ignore[misc]
            server.process.send_signal(number)
            answer = read_all(connection)
            assert b"cancelled" in answer or b"V0301" in answer
            assert server.process.wait(timeout=20) == code
            assert server.process.stderr is not None
            assert "Traceback" not in server.process.stderr.read()


def test_get_answers_once_with_no_server(wide: Path) -> None:
    done = subprocess.run(
        command("sopvm", "serve", "--get", "/play/all_rows?format=csv"),
        cwd=wide,
        env=environment(),
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == ROWS + 1
    failed = subprocess.run(
        command("sopvm", "serve", "--get", "/play/busy", "-d", '{"n": "x"}'),
        cwd=wide,
        env=environment(),
        capture_output=True,
        timeout=60,
    )
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert json.loads(failed.stderr)["code"] == "C0123"


def test_the_extra_is_named_when_it_is_missing(wide: Path) -> None:
    code = (
        "import sys\n"
        "sys.modules['starlette'] = None\n"
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'starlette' else find(name, package)\n"
        "from runtime.cli import main; main(['serve'])\n"
    )
    done = subprocess.run(
        [command("sopvm")[0], "-c", code], cwd=wide, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and "S0120" in done.stderr and "pip install 'sopc[serve]'" in done.stderr


@pytest.mark.large
def test_memory_is_flat_with_fifty_clients_and_a_slow_one(wide: Path) -> None:
    """50 clients that read 100,000 records each at once, and one that reads a line a second."""
    clients = 50
    with running(wide) as server, ExitStack() as stack:
        whole = read_all(server.ask("/play/all_rows"))
        before, most = server.memory(), 0
        slow = stack.enter_context(server.ask("/play/all_rows", buffer=4096))
        lines: list[int] = []

        def work() -> None:
            lines.append(dechunked(read_all(server.ask("/play/all_rows"))).count(b"\n"))

        threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in threads:
            thread.start()
        read = slow.makefile("rb")
        while any(thread.is_alive() for thread in threads):
            assert read.readline()
            most = max(most, server.memory())
            time.sleep(1)
        assert lines == [ROWS + 2] * clients
        print(f"{before / MEBIBYTE:.0f} MiB before, at most {most / MEBIBYTE:.0f} MiB with {clients} clients")
        # of each: a batch of rows, its bytes, SQLite's page cache; its answer is larger than all of that
        assert most - before < clients * 6 * MEBIBYTE < clients * len(whole) * 0.6
        read.close()
        slow.close()
        until(lambda: b'"running"' not in read_all(server.ask("/runs?status=running")))

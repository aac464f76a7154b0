"""How many requests a second does the service answer, and how slow is the slowest hundredth, for a script that looks up
one row, compared with a handler by hand on starlette and sqlite3?"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from benchmarks.measure import Row, sopvm
from benchmarks.scripts import make_library

SCRIPT = """
script lookup(wanted: int)
  emit from people where id = wanted select id, name, salary
end
"""
PEOPLE = 10_000
SQL = f"""
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, salary INTEGER NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE})
INSERT INTO people SELECT i, 'person ' || i, 1000 + i FROM n;
"""
# As PostgREST answers such a request: check the argument, one transaction on a kept connection, the row as JSON.
BY_HAND = """
import json, sqlite3, sys, threading, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
kept = threading.local()
def lookup(request):
    try:
        id = int(request.query_params["wanted"])
    except (KeyError, ValueError):
        return JSONResponse({"error": "wanted is an int"}, 422)
    if not hasattr(kept, "connection"):
        kept.connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection = kept.connection
    connection.execute("BEGIN")
    try:
        cursor = connection.execute("SELECT id, name, salary FROM people WHERE id = ?", (id,))
        names = [column[0] for column in cursor.description]
        lines = [json.dumps(dict(zip(names, row)), separators=(",", ":")) + "\\n" for row in cursor]
    finally:
        connection.execute("COMMIT")
    return Response("".join(lines), media_type="application/x-ndjson")
app = Starlette(routes=[Route("/play/lookup", lookup, methods=["GET", "POST"])])
config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_level="error", access_log=False)
import socket
listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listening.bind(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
uvicorn.Server(config).run(sockets=[listening])
"""
CLIENTS = 4
REQUESTS = 100  # of each client in a round
ROUNDS = 15


def measure(folder: str) -> list[Row]:
    home = make_library(Path(folder), SCRIPT, SQL)
    commands = {
        "by hand": [sys.executable, "-c", BY_HAND, str(home / "main.db")],
        "sopvm serve": sopvm("serve", "--port", "0", "--home", str(home)),
    }
    targets = {
        "by hand": ("by hand", "/play/lookup?wanted=%d"),
        "sopvm serve, records": ("sopvm serve", "/play/lookup?format=records&wanted=%d"),
        "sopvm serve, jsonl": ("sopvm serve", "/play/lookup?wanted=%d"),
    }
    best: dict[str, Load] = {}
    with _running(commands["by hand"]) as by_hand, _running(commands["sopvm serve"]) as ours:
        servers = {"by hand": by_hand, "sopvm serve": ours}
        _check(servers, targets)
        for _ in range(ROUNDS):
            for name, (server, path) in targets.items():
                load = _load(servers[server], path)
                best[name] = Load(*map(min, load, best.get(name, load)))
    rows = []
    for question, seconds in (
        ("one lookup, CPU a request", {name: load.processor for name, load in best.items()}),
        ("one lookup, time a request", {name: load.passed for name, load in best.items()}),
        ("one lookup, 99th percentile", {name: load.late for name, load in best.items()}),
    ):
        for name, value in seconds.items():
            rows.append(Row(question, name, value, "by hand", None if name == "by hand" else 1.3))
    return rows


class Server(NamedTuple):
    port: int
    process: int


class Load(NamedTuple):
    """Seconds per request: the server's processor time, elapsed time with several clients, and the 99th percentile."""

    processor: float
    passed: float
    late: float


@contextmanager
def _running(command: list[str]) -> Iterator[Server]:
    """Start a server, and wait until it says where it listens."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if found is None:
            raise RuntimeError(f"{command[0]} did not start: {line}{process.stderr.read()}")
        yield Server(int(found[1]), process.pid)
    finally:
        process.terminate()
        process.wait()


def _check(servers: dict[str, Server], targets: dict[str, tuple[str, str]]) -> None:
    for name, (server, path) in targets.items():
        for id_ in (1, 77, PEOPLE):
            wanted = {"id": id_, "name": f"person {id_}", "salary": 1000 + id_}
            with Client(servers[server].port) as client:
                lines = [json.loads(line) for line in client.get(path % id_).splitlines()]
            found = lines[1]["result"] if name.endswith("jsonl") else lines[0]
            if found != wanted or (name.endswith("jsonl") and lines[-1]["status"] != "ok"):
                raise RuntimeError(f"{name} answers {lines}, not {wanted}")


def _load(server: Server, path: str) -> Load:
    times: list[float] = []

    def work(first: int) -> None:
        waited = []
        with Client(server.port) as client:
            for number in range(REQUESTS):
                began = time.perf_counter()
                client.get(path % (1 + (first * REQUESTS + number) * 37 % PEOPLE))
                waited.append(time.perf_counter() - began)
        times.extend(waited)

    threads = [Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    processor, began = _processor_time(server.process), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - began
    processor = _processor_time(server.process) - processor
    return Load(processor / len(times), passed / len(times), sorted(times)[int(len(times) * 0.99)])


def _processor_time(process: int) -> float:
    """The processor time of a process so far, all its threads together, in seconds."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


class Client:
    """A kept connection that does as little work as possible per request."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def get(self, path: str) -> bytes:
        self._socket.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path.encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise RuntimeError(head.decode())
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if found is None:  # in chunks
            while not body.endswith(b"0\r\n\r\n"):
                body += self._socket.recv(65536)
            return b"".join(body.split(b"\r\n")[1::2])
        while len(body) < int(found[1]):
            body += self._socket.recv(65536)
        return body

"""A folder with scripts and data, and a real server on a free port of loopback, in a thread of this process."""

from __future__ import annotations

import asyncio
import io
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.api.guard import LOOPBACK, Guard
from runtime.api.server import bind, make_server
from runtime.api.service import Service
from runtime.api.shared import Settings
from runtime.api.tokens import Token, Tokens
from runtime.config import Config
from tests.sandbox import Sandbox

MAIN = "sqlite:///main.db"
SCHEMA = """
create table employees (
  id integer primary key, name text not null, department text not null, salary integer not null
);
insert into employees values
  (1, 'Ada', 'Engineering', 180000), (2, 'Grace', 'Engineering', 160000),
  (3, 'Alan', 'Engineering', 120000), (4, 'Edgar', 'Sales', 95000), (5, 'Barbara', 'Sales', 85000);
create table log (id integer primary key, text text not null);
create table cells (text text not null);
insert into cells values ('=1+1'), ('-2'), ('plain'), ('@x'), ('+y'), ('<script>alert(1)</script>');
"""
SCRIPTS = """
script audit(dept: text = "Engineering", floor: int = 150000)
  "Employees of a department above a floor."
  emit from employees where department = dept and salary > floor order by salary desc select name, salary
end

script note(text: text) -> int
  insert into log {text: text}
  return count(from log)
end

script note_twice(text: text) -> int
  call note(text)
  return note(text)
end

script divide(by: int) -> int
  return 10 // by
end

script said_then_failed(by: int) -> int
  for each e in from employees do emit {name: e.name} end
  return 10 // by
end

script note_then_fail(text: text)
  insert into log {text: text}
  fail "no more notes"
end

script sure(default_used: bool = false)
  ask "Really?" into ok: bool
  emit {ok: ok}
end

script perhaps()
  ask "How many?" choices [1, 2, 3] default 2 into n: int
  emit {n: n}
end

script numbers(n: int)
  for each i in 1 to n do emit {n: i, half: i // 2} end
end

script forever()
  let n = 0
  while true do set n = n + 1 end
end

script note_forever()
  insert into log {text: "never"}
  let n = 0
  while true do set n = n + 1 end
end

script log_size() -> int
  return count(from log)
end

script sum_up_to(n: int) -> int
  let total = 0
  for each i in 1 to n do set total = total + i end
  return total
end

script cells()
  emit from cells
end

script echo(value: any, price: decimal(20,10) = 0, ratio: float = 0.0, tags: list<text> = [], day: date? = null)
  emit {value: value, price: price, ratio: ratio, tags: tags, day: day}
end

script `odd / name %2F "<b>"`(`a b`: int = 1) -> int
  return `a b`
end

script several()
  emit {a: 1}
  emit {b: 2}
end
"""


class Served:
    """A running server. `client`: keeps its connections. `audit`: the lines so far."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        hosts: tuple[str, ...] | None = LOOPBACK,
        url: str = MAIN,
        config: Config | None = None,
    ) -> None:
        self.folder = folder
        self.home = folder / ".sop"
        self._audit = io.StringIO()
        self.service = Service(config or config_of(folder, url), settings, self._audit)
        self.socket = bind("127.0.0.1", 0)
        self.port: int = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = make_server(self.service, hosts)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve(sockets=[self.socket])))
        self.thread.start()
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.home)

    @property
    def audit(self) -> str:
        return self._audit.getvalue()

    @property
    def guard(self) -> Guard:
        guard: Guard = self.server.config.app  # type: ignore[assignment]
        return guard

    def token(self, name: str = "t", **settings: Any) -> dict[str, str]:
        """Make a token; the header that sends it."""
        text = self.tokens.add(Token(name, "", "", **settings))
        return {"Authorization": f"Bearer {text}"}

    def sql(self, text: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "main.db")) as connection, connection:
            rows = connection.execute(text).fetchall()
        connection.close()
        return rows

    def raw(self, data: bytes, seconds: float = 10) -> bytes:
        """Send these bytes on a new connection, and return what the server answers until it closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            received = b""
            with suppress(ConnectionResetError):  # it was answered before it was read to its end
                while piece := connection.recv(65536):
                    received += piece
        return received

    def close(self) -> None:
        self.client.close()
        self.service.stop()
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()
        self.service.close()


def config_of(folder: Path, url: str = MAIN) -> Config:
    return Config(folder / ".sop", folder / "sop.toml", declared={"main": {"url": url}})


def make_folder(folder: Path, scripts: str = SCRIPTS, schema: str = SCHEMA) -> Path:
    with closing(sqlite3.connect(folder / "main.db")) as connection, connection:
        connection.executescript(schema)
    connection.close()
    (folder / "sop.toml").write_text('[databases]\nmain = "sqlite:///main.db"\n')
    with Sandbox(folder, {"main": "sqlite:///main.db"}) as sandbox:
        sandbox.compile(scripts)
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of a file that do not change it."""
    served = Served(Path(shutil.copytree(template, tmp_path_factory.mktemp("shared") / "served")), Settings())
    yield served
    served.close()


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "served"))


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Served]]:
    """Start a server with these settings."""
    started: list[Served] = []

    def start(hosts: tuple[str, ...] | None = LOOPBACK, **settings: Any) -> Served:
        started.append(Served(folder, Settings(**settings), hosts))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()

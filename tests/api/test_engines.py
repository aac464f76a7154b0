"""Concurrent runs on every engine: the threads of a server share connections, but no data of a run."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.api.service import Settings
from tests.api.conftest import Served
from tests.api.test_play import at_once, lines, until
from tests.engines import ENGINES, Engine
from tests.sandbox import Sandbox

ROWS = 20_000
SCRIPTS = """
script all_rows()
  emit from many
end

script note(text: text) -> int
  insert into log {text: text}
  return count(from log)
end

script note_forever()
  insert into log {text: "never"}
  let n = 0
  while true do set n = n + 1 end
end
"""


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Path:
    place = engine.place(tmp_path)
    engine.script(place, "create table many (id integer primary key, name text not null)")
    engine.script(place, "create table log (text text not null)")
    numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "
    engine.script(place, f"insert into many {numbers.format(ROWS)} select i, 'row ' || i from n")
    return place


@pytest.fixture
def served(engine: Engine, place: Path, tmp_path: Path) -> Iterator[Served]:
    with Sandbox(tmp_path, {"main": engine.url(place)}) as sandbox:
        sandbox.compile(SCRIPTS)
    served = Served(tmp_path, Settings(), url=engine.url(place))
    yield served
    served.close()


def test_readers_at_once(served: Served) -> None:
    answers = at_once(6, lambda number: served.client.get("/play/all_rows?format=csv").text.count("\n"))
    assert answers == [ROWS + 1] * 6


def test_writers_at_once(engine: Engine, place: Path, served: Served) -> None:
    ends = at_once(8, lambda n: lines(served.client.post("/play/note", json={"text": str(n)}).text)[-1])
    assert [end.get("status", end) for end in ends] == ["ok"] * 8
    assert sorted(end["result"] for end in ends) == list(range(1, 9))
    until(lambda: not served.service.runs.active())
    served.service.pool.close()
    assert engine.rows(place, "select count(*) from log") == [[8]]


def test_a_writer_that_is_stopped_lets_the_next_one_write(served: Served) -> None:
    address = served.client.post("/play/note_forever", headers={"Prefer": "respond-async"}).headers["location"]
    until(lambda: any(frame["step"] != "1" for frame in served.client.get(address + "/frames").json()["frames"]))
    served.client.post(address + "/cancel")
    until(lambda: not served.service.runs.active())
    assert lines(served.client.post("/play/note", json={"text": "x"}).text)[-1]["result"] == 1


def test_a_client_that_goes_away_stops_the_query(served: Served) -> None:
    request = b"GET /play/all_rows HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(request)
        assert connection.recv(10)
    until(lambda: not served.service.runs.active())
    assert served.client.get("/play/all_rows?format=csv").text.count("\n") == ROWS + 1

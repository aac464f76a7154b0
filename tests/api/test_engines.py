"""Concurrent runs on every engine: the threads of a server share connections, but no data of a run."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.api.formats import LINES, STREAMED
from runtime.api.shared import Settings
from runtime.api.tokens import RIGHTS
from runtime.config import Config
from tests.api.conftest import Served
from tests.api.test_play import at_once, lines, until
from tests.api.test_whole import Curl, last_line
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


# ── two tenants ────────────────────────────────────────────────────────────────────────────────────────────────

TENANT_SCRIPTS = """
script people(tenant: text = "nobody") uses hr
  emit from people select name, $tenant as tenant
end

script add_person(tenant: text = "nobody", name: text = "New") uses hr
  insert into people {name: name}
end
"""
HOUSES = {"hr": "HalOfHouse", "acme": "AnnOfAcme", "globex": "GilOfGlobex"}


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> Iterator[tuple[Served, dict[str, Path]]]:
    """A server with a database for everybody and one for each tenant."""
    places = {}
    for name, person in HOUSES.items():
        (tmp_path / name).mkdir()
        places[name] = engine.place(tmp_path / name)
        engine.script(
            places[name],
            f"create table people (name text not null); create table {name}_only (n integer);"
            f" insert into people values ('{person}')",
        )
    urls = {name: engine.url(place) for name, place in places.items()}
    with Sandbox(tmp_path, urls) as sandbox:
        sandbox.compile(TENANT_SCRIPTS)
    config = Config(
        tmp_path / ".sop", tmp_path / "sop.toml", declared={name: {"url": url} for name, url in urls.items()}
    )
    served = Served(tmp_path, Settings(), config=config)
    yield served, places
    served.close()


def test_a_tenant_sees_and_writes_its_own_rows(engine: Engine, house: tuple[Served, dict[str, Path]]) -> None:
    served, places = house
    client = served.client
    for tenant, others in (("acme", ("globex", "house", "hr_only")), ("globex", ("acme", "house", "hr_only"))):
        headers = served.token(tenant, rights=RIGHTS, databases=("hr",), bound={"hr": tenant}, fixed={"tenant": tenant})
        assert client.post("/sessions", json={"name": "mine", "uses": ["hr"]}, headers=headers).status_code == 201
        look = {"text": "from people"}
        answers = [
            *(client.get("/play/people", params={"format": each}, headers=headers) for each in STREAMED),
            client.post("/sessions/mine/look", json=look, headers=headers),
            client.post("/sessions/mine/steps", json={"text": "emit from people"}, headers=headers),
        ]
        for answer in answers:
            assert HOUSES[tenant] in answer.text and answer.status_code == 200, answer.text
        shown = client.get("/databases/hr", headers=headers)
        assert set(shown.json()["stores"]) == {"people", f"{tenant}_only"}
        for answer in (
            *answers,
            shown,
            client.get("/runs", headers=headers),
            client.get("/databases", headers=headers),
        ):
            assert not [word for word in others if word in answer.text.lower()], answer.text
        refused = client.get("/play/people?tenant=x", headers=headers)
        assert refused.status_code == 403
        missing = client.post("/sessions/mine/look", json={"text": "from hr_only"}, headers=headers)
        assert missing.status_code == 422, missing.text
        assert client.post("/play/add_person", json={"name": f"Zed of {tenant}"}, headers=headers).status_code == 200
    until(lambda: not served.service.runs.active())
    served.service.pool.close()
    written = {name: sorted(engine.rows(place, "select name from people")) for name, place in places.items()}
    assert written == {
        "hr": [["HalOfHouse"]],
        "acme": [["AnnOfAcme"], ["Zed of acme"]],
        "globex": [["GilOfGlobex"], ["Zed of globex"]],
    }


# ── a database that goes away ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format_", STREAMED)
def test_an_answer_breaks_off_when_its_database_session_is_ended(format_: str, tmp_path: Path) -> None:
    """As a database administrator does with pg_terminate_backend, or a restart."""
    engine = ENGINES["postgres"]
    place = engine.place(tmp_path)
    rows = 40_000
    engine.script(
        place,
        f"create table wide as select i as id, repeat('x', 1000) as text from generate_series(1, {rows}) as numbers(i)",
    )
    with Sandbox(tmp_path, {"main": engine.url(place)}) as sandbox:
        sandbox.compile("script all_rows()\n  emit from wide\nend\n")
    served = Served(tmp_path, Settings(), url=engine.url(place))
    try:
        answer = Curl(f"{served.url}/play/all_rows?format={format_}")
        answer.read_head()
        own = "application_name = 'sopvm' or query like '%' || current_schema() || '%'"
        ended = engine.rows(
            place,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            f" where pid <> pg_backend_pid() and datname = current_database() and ({own})",
        )
        assert [True] in ended or [1] in ended, ended
        exited = answer.finish()
        run = served.client.get(answer.headers["x-run"]).json()
        assert (run["status"], run["error"]["code"]) == ("failed", "D0421")
        assert answer.status == 200 and answer.body.count("xxx" * 300) < rows
        if format_ in LINES:
            assert (exited, last_line(format_, answer.body)["status"]) == (0, "failed")
            assert "D0421" in answer.body
        else:
            assert exited == 18
        again = served.client.get("/play/all_rows?format=csv")  # on a new session
        assert (again.status_code, again.text.count("\n")) == (200, rows + 1)
    finally:
        served.close()

# ruff: noqa: E501 (the matrix has seventeen columns)
"""Every address × every kind of caller → the status, as a table that a person wrote and can check.

The tests never compute what is allowed; they only compute whether the table lacks an address.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from runtime.api.addresses import ADDRESSES
from runtime.api.audit import Who
from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.resource import ANYBODY, PAGE
from runtime.api.runs import LiveRun
from runtime.api.shared import Settings
from runtime.api.tokens import LOCAL, RIGHTS, Token
from runtime.config import Config
from runtime.errors import SopError
from runtime.library.store import Item
from runtime.record.replay import Told
from runtime.record.session import Session, State, Step
from runtime.record.sessions import Sessions
from tests.api.agents import NEW, OLD, data, headers_of, http_agent, message, run
from tests.api.conftest import Served
from tests.sandbox import Sandbox

SCRIPTS: Final = """
script people(tenant: text = "nobody") uses hr
  emit from people select name, $tenant as tenant
end

script add_person(tenant: text = "nobody", name: text = "New") uses hr
  insert into people {name: name}
end

script everybody() uses hr
  emit from people select name
end

script ask_people() uses hr
  ask "Show them?" into ok: bool
  if ok then emit from people select name end
end

script ask_and_add() uses hr
  ask "Add one?" into ok: bool
  if ok then insert into people {name: "Asked"} end
end

script numbers(tenant: text = "nobody") uses main
  emit from figures
end

script gone() end
"""
FRESH: Final = "script fresh(tenant: text) uses hr\n  emit from people select name\nend\n"
STARTED: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING: Final = Told().hex_digest  # of a step without lines
HOUSES: Final = {"hr": "HalOfHouse", "acme": "AnnOfAcme", "globex": "GilOfGlobex"}

# Who asks. `look` and `record` make recordings: the one may look at data, the other may run. `nodata` has every right,
# but not for the database `hr`; `narrow`, but not for the scripts that are asked for. `acme` and `globex` are tenants:
# they have every right too, and `hr` is another database to each.
CALLERS: Final[dict[str, dict[str, Any]]] = {
    "run": {"rights": ("run",)},
    "read": {"rights": ("read",)},
    "write": {"rights": ("run", "write")},
    "query": {"rights": ("query",)},
    "compile": {"rights": ("compile",)},
    "look": {"rights": ("compile", "query")},
    "record": {"rights": ("compile", "run")},
    "admin": {"rights": ("run", "read", "admin")},
    "narrow": {"rights": RIGHTS, "scripts": ("other_*",)},
    "nodata": {"rights": RIGHTS, "databases": ("main",)},
    "all": {"rights": RIGHTS},
    "acme": {"rights": RIGHTS, "databases": ("hr",), "bound": {"hr": "acme"}, "fixed": {"tenant": "acme"}},
    "globex": {"rights": RIGHTS, "databases": ("hr",), "bound": {"hr": "globex"}, "fixed": {"tenant": "globex"}},
}
TENANTS: Final = {"acme": ("globex", "ofhouse", "hr_only"), "globex": ("acme", "ofhouse", "hr_only")}

# {own} is a run over `hr` of the caller (whose token sees it only if it is for `hr`), {theirs} one of `all`, {waits} and
# {asked} are of `all` too, and wait for an answer in a
# database: {waits} reads `hr`, {asked} writes it. `rec` a recording with steps, `blank` one without.
MATRIX: Final = """
request                          none wrong late  run read write query compile look record admin narrow nodata all acme globex
GET /                             200  200  200   200  200  200  200   200     200   200    200   200    200   200 200  200
GET /assets/main.js               200  200  200   200  200  200  200   200     200   200    200   200    200   200 200  200
GET /docs                         200  200  200   200  200  200  200   200     200   200    200   200    200   200 200  200
GET /live                         200  200  200   200  200  200  200   200     200   200    200   200    200   200 200  200
GET /ready                        200  200  200   200  200  200  200   200     200   200    200   200    200   200 200  200
GET /openapi.json                 401  401  401   403  200  403  403   403     403   403    200   200    200   200 200  200
GET /schedules                    401  401  401   403  403  403  403   403     403   403    200   200    200   200 200  200
GET /metrics                      401  401  401   403  200  403  403   403     403   403    200   200    200   200 403  403

GET /play/people                  401  401  401   200  403  200  403   403     403   200    200   403    403   200 200  200
HEAD /play/people                 401  401  401   200  403  200  403   403     403   200    200   403    403   200 200  200
POST /play/people                 401  401  401   200  403  200  403   403     403   200    200   403    403   200 200  200
POST /play/people async           401  401  401   202  403  202  403   403     403   202    202   403    403   202 202  202
GET /play/people?tenant=x         401  401  401   200  403  200  403   403     403   200    200   403    403   200 403  403
POST /play/people {tenant}        401  401  401   200  403  200  403   403     403   200    200   403    403   200 403  403
GET /play/everybody               401  401  401   200  403  200  403   403     403   200    200   403    403   200 403  403
GET /play/numbers                 401  401  401   200  403  200  403   403     403   200    200   403    200   200 403  403
GET /play/nothing                 401  401  401   404  403  404  403   403     403   404    404   403    404   404 404  404
GET /play/add_person              401  401  401   405  403  405  403   403     403   405    405   403    403   405 405  405
POST /play/add_person             401  401  401   403  403  200  403   403     403   403    403   403    403   200 200  200
POST /play/add_person dry         401  401  401   403  403  200  403   403     403   403    403   403    403   200 200  200
GET /play?script=people           401  401  401   200  403  200  403   403     403   200    200   403    403   200 200  200
POST /play?script=add_person      401  401  401   403  403  200  403   403     403   403    403   403    403   200 200  200

POST /ask                         401  401  401   403  403  403  200   403     200   403    403   403    200   200 422  422
POST /ask hr                      401  401  401   403  403  403  200   403     200   403    403   403    422   200 403  403
POST /ask confirm                 401  401  401   403  403  403  409   403     409   403    403   403    409   409 422  422
POST /ask write                   401  401  401   403  403  403  403   403     403   403    403   403    200   200 422  422

GET /scripts                      401  401  401   403  200  403  403   403     403   403    200   200    200   200 200  200
GET /scripts/people               401  401  401   403  200  403  403   403     403   403    200   403    403   200 200  200
GET /scripts/numbers              401  401  401   403  200  403  403   403     403   403    200   403    200   200 403  403
GET /scripts/nothing              401  401  401   403  404  403  403   403     403   403    404   403    404   404 404  404
GET /scripts/people/versions      401  401  401   403  200  403  403   403     403   403    200   403    403   200 200  200
GET /scripts/people/examples      401  401  401   403  403  403  403   403     403   403    200   403    403   200 200  200
GET /scripts/people/signature     401  401  401   403  200  403  403   403     403   403    200   403    403   200 200  200
GET /scripts/people/explain       401  401  401   403  200  403  403   403     403   403    200   403    403   200 200  200
GET /scripts/people/source        401  401  401   403  200  403  403   403     403   403    200   403    403   200 200  200
GET /scripts/people/disasm        401  401  401   403  200  403  403   403     403   403    200   403    403   200 200  200
PUT /scripts/fresh                401  401  401   403  403  403  403   201     201   201    403   403    422   201 201  201
PUT /scripts/fresh calls          401  401  401   403  403  403  403   201     201   201    403   403    422   201 403  403
PUT /scripts/fresh dry            401  401  401   403  403  403  403   200     200   200    403   403    422   200 200  200
DELETE /scripts/gone              401  401  401   403  403  403  403   204     204   204    403   403    204   204 204  204

GET /runs                         401  401  401   403  200  403  403   403     403   403    200   200    200   200 200  200
GET /runs/{own}                   401  401  401   200  200  200  200   200     200   200    200   200    404   200 200  200
GET /runs/{theirs}                401  401  401   403  404  403  403   403     403   403    200   404    404   200 404  404
DELETE /runs/{own}                401  401  401   204  403  204  403   403     403   204    204   204    404   204 204  204
DELETE /runs/{theirs}             401  401  401   404  403  404  403   403     403   404    204   404    404   204 404  404
GET /runs/{own}/lines             401  401  401   200  200  200  200   200     200   200    200   200    404   200 200  200
GET /runs/{theirs}/lines          401  401  401   403  404  403  403   403     403   403    200   404    404   200 404  404
GET /runs/{own}/frames            401  401  401   403  200  403  403   403     403   403    200   200    404   200 200  200
GET /runs/{theirs}/frames         401  401  401   403  404  403  403   403     403   403    200   404    404   200 404  404
POST /runs/{own}/answer           401  401  401   409  403  409  403   403     403   409    409   409    404   409 409  409
POST /runs/{theirs}/answer        401  401  401   404  403  404  403   403     403   404    409   404    404   409 404  404
POST /runs/{own}/cancel           401  401  401   204  403  204  403   403     403   204    204   204    404   204 204  204
POST /runs/{theirs}/cancel        401  401  401   404  403  404  403   403     403   404    204   404    404   204 404  404
POST /runs/{own}/resume           401  401  401   409  403  409  403   403     403   409    409   409    404   409 409  409
POST /runs/{theirs}/resume        401  401  401   404  403  404  403   403     403   404    409   404    404   409 404  404
POST /runs/{own}/retry            401  401  401   409  403  409  403   403     403   409    409   409    404   409 409  409
POST /runs/{theirs}/retry         401  401  401   404  403  404  403   403     403   404    409   404    404   409 404  404

GET /runs/{waits}                 401  401  401   403  404  403  403   403     403   403    200   404    404   200 404  404
GET /runs/{waits}/lines?after=9   401  401  401   403  404  403  403   403     403   403    200   404    404   200 404  404
GET /runs/{waits}/frames          401  401  401   403  404  403  403   403     403   403    200   404    404   200 404  404
POST /runs/{waits}/answer         401  401  401   404  403  404  403   403     403   404    204   404    404   204 404  404
POST /runs/{asked}/answer         401  401  401   404  403  404  403   403     403   404    403   404    404   204 404  404
POST /runs/{waits}/cancel         401  401  401   404  403  404  403   403     403   404    204   404    404   204 404  404
POST /runs/{waits}/retry          401  401  401   404  403  404  403   403     403   404    409   404    404   409 404  404
POST /runs/{waits}/resume         401  401  401   404  403  404  403   403     403   404    409   404    404   409 404  404
POST /play/people key             401  401  401   200  403  200  403   403     403   200    200   403    403   200 200  200

GET /sessions                     401  401  401   403  403  403  403   200     200   200    403   200    200   200 200  200
POST /sessions                    401  401  401   403  403  403  403   201     201   201    403   403    201   201 201  201
POST /sessions uses               401  401  401   403  403  403  403   201     201   201    403   403    403   201 201  201
GET /sessions/rec                 401  401  401   403  403  403  403   200     200   200    403   403    422   200 200  200
DELETE /sessions/rec              401  401  401   403  403  403  403   204     204   204    403   403    204   204 204  204
POST /sessions/rec/steps          401  401  401   403  403  403  403   403     403   200    403   403    422   200 200  200
POST /sessions/rec/steps write    401  401  401   403  403  403  403   403     403   403    403   403    422   200 200  200
POST /sessions/rec/steps call     401  401  401   403  403  403  403   403     403   200    403   403    422   200 403  403
PUT /sessions/rec/steps/2         401  401  401   403  403  403  403   403     403   200    403   403    422   200 200  200
DELETE /sessions/rec/steps/2      401  401  401   403  403  403  403   403     403   200    403   403    422   200 200  200
POST /sessions/rec/look           401  401  401   403  403  403  403   403     403   403    403   403    422   200 200  200
POST /sessions/blank/look         401  401  401   403  403  403  403   403     200   403    403   403    422   200 200  200
POST /sessions/rec/move           401  401  401   403  403  403  403   403     403   200    403   403    422   200 200  200
POST /sessions/rec/parameters     401  401  401   403  403  403  403   403     403   200    403   403    422   200 200  200
POST /sessions/rec/given          401  401  401   403  403  403  403   200     200   200    403   403    200   200 200  200
POST /sessions/rec/given tenant   401  401  401   403  403  403  403   200     200   200    403   403    200   200 403  403
POST /sessions/rec/undo           401  401  401   403  403  403  403   200     200   200    403   403    200   200 200  200
POST /sessions/rec/pause          401  401  401   403  403  403  403   200     200   200    403   403    200   200 200  200
POST /sessions/rec/resume         401  401  401   403  403  403  403   200     200   200    403   403    200   200 200  200
POST /sessions/rec/stop           401  401  401   403  403  403  403   403     403   201    403   403    422   201 201  201
POST /sessions/rec/stop anyway    401  401  401   403  403  403  403   201     201   201    403   403    422   201 201  201

POST /mcp                         401  401  401   200  200  200  200   200     200   200    200   200    200   200 200  200
GET /mcp                          401  401  401   400  400  400  400   400     400   400    400   400    400   400 400  400
DELETE /mcp                       401  401  401   400  400  400  400   400     400   400    400   400    400   400 400  400

GET /databases                    401  401  401   403  200  403  403   403     403   403    200   200    200   200 200  200
GET /databases/hr                 401  401  401   403  200  403  403   403     403   403    200   200    404   200 200  200
GET /databases/main               401  401  401   403  200  403  403   403     403   403    200   200    200   200 404  404
GET /databases/acme               401  401  401   403  200  403  403   403     403   403    200   200    404   200 404  404
GET /databases/globex             401  401  401   403  200  403  403   403     403   403    200   200    404   200 404  404
GET /databases/hr/stores/people   401  401  401   403  403  403  200   403     200   403    403   403    404   200 403  403
GET /databases/main/stores/figures 401  401  401   403  403  403  200   403     200   403    403   403    200   200 404  404
POST /databases/hr/stores/tools   401  401  401   403  403  201  403   403     403   403    403   201    404   201 201  201
POST /databases/hr/stores/dry     401  401  401   403  403  200  403   403     403   403    403   200    404   200 200  200
POST /databases/main/stores/tools 401  401  401   403  403  201  403   403     403   403    403   201    201   201 404  404
"""

# What a request holds besides its method and address.
TEXT: Final = {"Content-Type": "text/x-sop"}
CALLING: Final = 'script fresh() uses hr\n  for each p in people(tenant: "x") do emit p end\nend\n'
ASKED: Final = "Show the figures."
MORE: Final[dict[str, dict[str, Any]]] = {
    "POST /play/people async": {"headers": {"Prefer": "respond-async"}},
    "POST /play/people {tenant}": {"json": {"tenant": "x"}},
    "POST /play/people key": {"headers": {"Idempotency-Key": "the-same"}},
    "POST /runs/{waits}/answer": {"json": {"value": True}},
    "POST /runs/{asked}/answer": {"json": {"value": True}},
    "POST /play/add_person dry": {"params": {"dry_run": "true"}},
    "POST /ask": {"json": {"text": ASKED}},
    "POST /ask hr": {"json": {"text": "Show them.", "program": "script request() uses hr\n  emit from people\nend\n"}},
    "POST /ask confirm": {"json": {"text": ASKED, "confirm": "of another program"}},
    "POST /ask write": {"json": {"text": "Delete the figures."}},
    "PUT /scripts/fresh": {"content": FRESH, "headers": TEXT},
    "PUT /scripts/fresh calls": {"content": CALLING, "headers": TEXT},
    "PUT /scripts/fresh dry": {"content": FRESH, "headers": TEXT, "params": {"dry_run": "true"}},
    "POST /runs/{own}/answer": {"json": {"value": 1}},
    "POST /runs/{theirs}/answer": {"json": {"value": 1}},
    "POST /sessions": {"json": {"name": "new"}},
    "POST /sessions uses": {"json": {"name": "new", "uses": ["hr"]}},
    "POST /sessions/rec/steps": {"json": {"text": "emit from people"}},
    "POST /sessions/rec/steps write": {"json": {"text": 'insert into people {name: "x"}'}},
    "POST /sessions/rec/steps call": {"json": {"text": 'for each p in people(tenant: "x") do emit p end'}},
    "PUT /sessions/rec/steps/2": {"json": {"text": "let b = 3"}},
    "POST /sessions/rec/look": {"json": {"text": "from people"}},
    "POST /sessions/blank/look": {"json": {"text": "from people"}},
    "POST /sessions/rec/move": {"json": {"step": 1, "to": 2}},
    "POST /sessions/rec/parameters": {"json": {"step": "1", "value": "1", "name": "start"}},
    "POST /sessions/rec/given": {"json": {"name": "x", "value": "y"}},
    "POST /sessions/rec/given tenant": {"json": {"name": "tenant", "value": "y"}},
    "POST /mcp": {"json": message("tools/list"), "headers": headers_of("tools/list")},
    "POST /databases/hr/stores/tools": {"content": "n\n1\n", "params": {"mode": "replace"}},
    "POST /databases/hr/stores/dry": {"content": "n\n1\n", "params": {"dry_run": "true"}},
    "POST /databases/main/stores/tools": {"content": "n\n1\n", "params": {"mode": "replace"}},
    "POST /sessions/rec/stop anyway": {"json": {"anyway": True}},
}


def rows() -> list[tuple[str, dict[str, int]]]:
    """Each request with its status by caller."""
    head, *lines = [line for line in MATRIX.splitlines() if line]
    callers = head.split()[1:]
    found = []
    for line in lines:
        words = line.split()
        statuses = words[-len(callers) :]
        found.append((" ".join(words[: -len(callers)]), dict(zip(callers, map(int, statuses), strict=True))))
    return found


ROWS: Final = rows()


class House:
    """A server with a database for everybody and two for tenants, and a token for every kind of caller."""

    def __init__(self, folder: Path) -> None:
        urls = {name: f"sqlite:///{name}.db" for name in ("main", *HOUSES)}
        for name, person in HOUSES.items():
            with closing(sqlite3.connect(folder / f"{name}.db")) as connection, connection:
                connection.executescript(
                    "create table people (name text not null);"
                    f"create table {name}_only (n integer); insert into people values ('{person}');"
                )
            connection.close()
        with closing(sqlite3.connect(folder / "main.db")) as connection, connection:
            connection.executescript("create table figures (n integer); insert into figures values (1);")
        connection.close()
        (folder / "sop.toml").write_text("[databases]\n" + "".join(f'{n} = "{url}"\n' for n, url in urls.items()))
        with Sandbox(folder, urls) as sandbox:
            sandbox.compile(SCRIPTS)
        config = Config(
            folder / ".sop", folder / "sop.toml", declared={name: {"url": url} for name, url in urls.items()}
        )
        self.served = Served(folder, Settings(ask_seconds=0), config=config)
        self.headers: dict[str, dict[str, str]] = {"none": {}, "wrong": {"Authorization": "Bearer sop_0_x"}}
        self.headers["late"] = self.served.token("late", rights=RIGHTS, expires=int(time.time()) - 1)
        for name, settings in CALLERS.items():
            self.headers[name] = self.served.token(name, **settings)
        self.tokens = {token.name: token for token in self.served.tokens.all().values()}
        self.theirs = self.run_of(self.tokens["all"])
        self.own = {name: self.run_of(self.tokens[name]) for name in CALLERS}
        library = self.served.service.library
        gone = library.resolve("gone").hash
        self.gone = Item("gone", gone, library.load(gone))

    def run_of(self, token: Token) -> str:
        """The id of a run of `people` that has ended."""
        service = self.served.service
        log = ReplayBuffer()
        log.write(b'{"type":"end","status":"cancelled"}\n')
        run = LiveRun("people", 1, Who(token, ""), log, None, 0)
        run.databases = ("hr",)
        service.runs.begin(run, LOCAL)
        run.finish(None, SopError("V0301", "it was cancelled"))
        service.runs.end(run)
        return run.id

    def ask(self, request: str, caller: str) -> httpx.Response:
        """Make the request, after making the runs and recordings it needs."""
        self.prepare(request, caller)
        method, address, *_ = request.split()
        address = address.replace("{own}", self.own.get(caller, "x")).replace("{theirs}", self.theirs)
        for name, script in (("{waits}", "ask_people"), ("{asked}", "ask_and_add")):
            if name in address:
                address = address.replace(name, self.waiting(script))
        more = dict(MORE.get(request, {}))
        headers = {**more.pop("headers", {}), **self.headers[caller]}
        return self.served.client.request(method, address, headers=headers, **more)

    def waiting(self, script: str) -> str:
        """The id of a new run of `all` that waits for an answer."""
        answer = self.served.client.post(f"/play/{script}?wait=0", headers=self.headers["all"])
        assert '"status":"waiting"' in answer.text, answer.text
        return answer.headers["X-Run"].rpartition("/")[2]

    def prepare(self, request: str, caller: str) -> None:
        library = self.served.service.library
        names = library.names()
        library.remove([name for name in ("fresh", "rec") if name in names])
        if request == "DELETE /scripts/gone" and "gone" not in names:
            library.put_all([self.gone])
        if "/sessions" in request:
            sessions = Sessions(self.served.home, self.tokens.get(caller, LOCAL).scope)
            if "new" in sessions.names():
                sessions.remove("new")
            before = State((Step(text="let a = 1", code="let a = 1\n", digest=NOTHING),))
            after = State((*before.steps, Step(text="let b = 2", code="let b = 2\n", digest=NOTHING)))
            for name, state, past in (("rec", after, (before,)), ("blank", State(), ())):
                sessions.save(Session(name=name, started=STARTED, uses=("hr",), state=state, past=past))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.served.close()


@pytest.mark.parametrize(("request_", "statuses"), ROWS, ids=[request for request, _ in ROWS])
def test_who_may_do_what(house: House, request_: str, statuses: dict[str, int]) -> None:
    answers = {caller: house.ask(request_, caller) for caller in statuses}
    assert {caller: answer.status_code for caller, answer in answers.items()} == statuses, {
        caller: answer.text[:300] for caller, answer in answers.items() if answer.status_code != statuses[caller]
    }
    for caller, answer in answers.items():
        if answer.status_code in (401, 403) and answer.content:
            assert answer.json()["code"] in ("S0201", "S0202", "S0210"), (caller, answer.text)
    for tenant, foreign in TENANTS.items():
        said = f"{answers[tenant].headers}{answers[tenant].text}".lower().replace(request_.split("/")[-1], "")
        assert not [word for word in foreign if word in said], said


def test_every_address_is_in_the_matrix() -> None:
    asked = {tuple(request.split()[:2]) for request, _ in ROWS}
    missing = [
        (row.method, row.path)
        for row in ADDRESSES
        if not any(row.method == method and matches(row.path, address) for method, address in asked)
    ]
    assert missing == []
    assert len(ROWS) >= 45 and all(len(statuses) >= 9 for _, statuses in ROWS)


def matches(route: str, address: str) -> bool:
    """Whether the router would take the address there."""
    wanted, given = route.split("/"), address.partition("?")[0].split("/")
    return len(wanted) == len(given) and all(w == g or w.startswith("{") for w, g in zip(wanted, given, strict=True))


def test_the_rights_of_the_table_are_those_of_the_matrix() -> None:
    """A caller who lacks a right of the table gets nothing; an address without rights is open to all in the matrix."""
    checked = 0
    for request, statuses in ROWS:
        method, address = request.split()[:2]
        method = "GET" if method == "HEAD" else method
        found = [row for row in ADDRESSES if row.method == method and matches(row.path, address)]
        row = max(found, key=lambda row: not row.path.endswith("}"))
        free = bool({ANYBODY, PAGE} & set(row.rights))
        assert {statuses[caller] for caller in ("none", "wrong", "late")} == ({200} if free else {401}), request
        for caller, settings in CALLERS.items():
            if not free and not set(row.rights) <= set(settings["rights"]):
                assert statuses[caller] == 403, (request, caller)
                checked += 1
    assert checked > 200


def test_every_right_is_needed_for_something() -> None:
    """For each right there is a request that a caller with all other rights can't make."""
    assert {right for settings in CALLERS.values() for right in settings["rights"]} == set(RIGHTS)


# ── two tenants ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("format_", ["jsonl", "json", "sse", "records", "csv", "csv-safe"])
def test_a_tenant_has_its_own_rows_in_every_format(house: House, tenant: str, format_: str) -> None:
    for method in ("GET", "POST"):
        answer = house.served.client.request(
            method, "/play/people", params={"format": format_}, headers=house.headers[tenant]
        )
        assert HOUSES[tenant] in answer.text and tenant in answer.text
        assert not [word for word in TENANTS[tenant] if word in answer.text.lower()]


def test_a_tenant_writes_its_own_rows(house: House) -> None:
    before = {name: people(house, name) for name in HOUSES}
    answer = house.served.client.post("/play/add_person", json={"name": "Zed"}, headers=house.headers["acme"])
    assert answer.status_code == 200
    after = {name: people(house, name) for name in HOUSES}
    assert after == {**before, "acme": sorted([*before["acme"], "Zed"])}


@pytest.mark.parametrize("mode", [NEW, OLD])
@pytest.mark.parametrize("tenant", TENANTS)
def test_a_tenants_agent_has_its_own_rows(house: House, tenant: str, mode: str) -> None:
    async def work() -> None:
        async with http_agent(house.served, house.headers[tenant], mode=mode) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert {"people", "add_person"} <= tools.keys() and not {"everybody", "numbers"} & tools.keys()
            assert tools["people"].input_schema["properties"] == {}, "its argument is fixed"
            said = data(await client.call_tool("people"))
            assert {"name": HOUSES[tenant], "tenant": tenant} in said["records"]
            stores = data(await client.call_tool("sop_schema", {"database": "hr"}))
            refused = data(await client.call_tool("people", {"tenant": "x"}))
            assert refused["error"]["code"] == "S0210"
            lost = data(await client.call_tool("sop_rows", {"run": house.run_of(house.tokens["all"])}))
            assert lost["error"]["code"] == "S0110"
            seen = f"{tools}{said}{stores}{refused}".lower()
            assert not [word for word in TENANTS[tenant] if word in seen], seen

    run(work)


def people(house: House, database: str) -> list[str]:
    with closing(sqlite3.connect(house.served.folder / f"{database}.db")) as connection, connection:
        rows = connection.execute("select name from people").fetchall()
    connection.close()
    return sorted(name for (name,) in rows)


def test_tenants_do_not_share_recordings(house: House) -> None:
    client, acme, globex = house.served.client, house.headers["acme"], house.headers["globex"]
    for headers, tenant in ((acme, "acme"), (globex, "globex")):
        assert client.post("/sessions", json={"name": "shared", "uses": ["hr"]}, headers=headers).status_code == 201
        step = client.post("/sessions/shared/steps", json={"text": "emit from people"}, headers=headers)
        assert HOUSES[tenant] in step.text
    assert client.delete("/sessions/shared", headers=acme).status_code == 204
    assert client.get("/sessions/shared", headers=acme).status_code == 404
    assert len(client.get("/sessions/shared", headers=globex).json()["steps"]) == 1
    assert "shared" not in client.get("/sessions", headers=house.headers["all"]).text


def test_a_tenant_sees_only_its_own_stores_and_no_argument_that_is_fixed(house: House) -> None:
    client, headers = house.served.client, house.headers["acme"]
    assert client.get("/databases", headers=headers).json() == {"databases": [{"name": "hr"}]}
    stores = set(client.get("/databases/hr", headers=headers).json()["stores"])
    assert stores - {"tools"} == {"people", "acme_only"}  # a request of the matrix loads tools
    assert client.get("/scripts/people", headers=headers).json()["head"] == "people()"
    assert client.get("/scripts/people/signature", headers=headers).json()["parameters"]["properties"] == {}
    paths = client.get("/openapi.json", headers=headers).json()["paths"]
    assert [path for path in paths if path.startswith("/play/")] == ["/play/add_person", "/play/people"]
    assert "tenant" not in str([each["parameters"] for each in paths["/play/people"].values()])
    assert "tenant" not in str(paths["/play/people"]["post"]["requestBody"])
    start = client.get("/play/people", headers=headers).text.splitlines()[0]
    assert '"args":{"tenant":"acme"}' in start


SEEN: Final = {
    "all": {"people", "add_person", "everybody", "ask_people", "ask_and_add", "numbers"},
    "narrow": set[str](),
    "nodata": {"numbers"},
    "acme": {"people", "add_person", "everybody", "ask_people", "ask_and_add"},
    "globex": {"people", "add_person", "everybody", "ask_people", "ask_and_add"},
}


@pytest.mark.parametrize("caller", SEEN)
def test_scripts_of_databases_out_of_reach_are_not_seen(house: House, caller: str) -> None:
    client, headers, seen = house.served.client, house.headers[caller], SEEN[caller]
    hidden = SEEN["all"] - seen
    listed = client.get("/scripts", headers=headers)
    assert {script["name"] for script in listed.json()["scripts"]} & SEEN["all"] == seen
    lists = listed.text + "".join(client.get(f"/{each}", headers=headers).text for each in ("openapi.json", "sessions"))
    assert not [name for name in hidden if f'"{name}"' in lists or f"/play/{name}" in lists]
    for name in hidden:
        for answer in (
            client.put(f"/scripts/{name}", content=f"script {name}() end", headers={**headers, **TEXT}),
            client.delete(f"/scripts/{name}", headers=headers),
            client.get(f"/scripts/{name}/versions", headers=headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "S0202"), answer.text
    program = "script fresh()\n  for each r in numbers() do emit r end\nend\n"
    answer = client.put("/scripts/fresh", content=program, headers={**headers, **TEXT}, params={"dry_run": "true"})
    assert (answer.status_code == 200) is ("numbers" in seen), answer.text


def test_a_token_bound_to_a_missing_database(house: House) -> None:
    headers = house.served.token("lost", rights=RIGHTS, databases=("hr",), bound={"hr": "nowhere"})
    assert house.served.client.get("/databases", headers=headers).json() == {"databases": []}
    answer = house.served.client.get("/play/people", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "C0204")


def test_called_scripts_and_databases_need_the_callers_rights(house: House) -> None:
    """Recordings and scripts can't call scripts that their author's token may not use."""
    headers = house.served.token("people", rights=RIGHTS, scripts=("people", "mine"))
    client = house.served.client
    assert client.post("/sessions", json={"name": "mine", "uses": ["hr"]}, headers=headers).status_code == 201
    for name, status in (("people", 200), ("everybody", 422)):
        step = {"text": f"for each p in {name}() do emit p end"}
        answer = client.post("/sessions/mine/steps", json=step, headers=headers)
        assert answer.status_code == status, answer.text
        program = f"script mine() uses hr\n{step['text']}\nend"
        put = client.put("/scripts/mine", content=program, headers={**headers, **TEXT})
        assert put.status_code == (201 if status == 200 else 422), put.text
    assert client.delete("/sessions/mine", headers=headers).status_code == 204


def test_a_limited_admin_sees_only_runs_of_its_scripts_and_databases(house: House) -> None:
    client = house.served.client
    for name, settings, status in (
        ("admin of people", {"scripts": ("people",)}, 200),
        ("admin of others", {"scripts": ("other",)}, 404),
        ("admin of hr", {"databases": ("hr",)}, 200),
        ("admin of main", {"databases": ("main",)}, 404),
        ("admin of acme", {"bound": {"hr": "acme"}, "databases": ("*",)}, 404),
    ):
        headers = house.served.token(name.replace(" ", "-"), rights=("read", "admin"), **settings)
        assert client.get(f"/runs/{house.theirs}", headers=headers).status_code == status, name


def test_a_token_with_a_reused_name_is_a_different_token(house: House) -> None:
    """Runs belong to a token, not to its name."""
    tokens = house.served.tokens
    house.served.token("again", rights=("read", "run"))
    mine = house.run_of({token.name: token for token in tokens.all().values()}["again"])
    tokens.remove(["again"])
    headers = house.served.token("again", rights=("read", "run"))
    assert house.served.client.get(f"/runs/{mine}", headers=headers).status_code == 404

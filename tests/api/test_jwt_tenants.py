"""Two tenants by JWT on one PostgreSQL store with row level security: by no address does one see the other's rows.

The addresses and what each answers are those of the matrix (test_matrix.py), whose tenants have databases of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

pytest.importorskip("psycopg")

from runtime.api.jwt_tokens import JwtTokens
from runtime.api.shared import Settings
from runtime.api.tokens import RIGHTS
from runtime.config import Config
from runtime.library.store import Item
from tests.api.agents import NEW, data, http_agent, run
from tests.api.conftest import Served
from tests.api.test_matrix import ROWS, SCRIPTS, House
from tests.commands import Place
from tests.issuer import Issuer, open_issuer
from tests.postgres import shared
from tests.sandbox import Sandbox

ROLE: Final = "jwt_tenant"
STORES: Final = f"""
create table people (
  name text not null,
  org text default nullif(current_setting('request.jwt.claims', true), '')::json ->> 'org'
);
insert into people values ('AnnOfAcme', 'acme'), ('GilOfGlobex', 'globex'), ('HalOfHouse', 'house');
alter table people enable row level security;
create policy own on people using (org = nullif(current_setting('request.jwt.claims', true), '')::json ->> 'org');
grant usage, create on schema {{schema}} to {ROLE};
grant select, insert, update, delete on people to {ROLE};
"""
PEOPLE: Final = {"acme": "AnnOfAcme", "globex": "GilOfGlobex"}
FOREIGN: Final = {"acme": ("globex", "ofhouse"), "globex": ("acme", "ofhouse")}
GRANT: Final[dict[str, Any]] = {
    "rights": list(RIGHTS),
    "databases": ["hr"],
    "arguments": {"tenant": "org"},
    "role": ROLE,
    "claims": ["org"],
}
# the rows are the tenant's by its role alone
FREE: Final[dict[str, Any]] = {**GRANT, "when": {"fixed": "false"}, "arguments": {}}


class SharedHouse(House):
    """A server with one database for both tenants, whose tokens an issuer signs."""

    def __init__(self, folder: Path, schema: str, issuer: Issuer) -> None:
        self.issuer = issuer
        self.schema = schema
        urls = {"hr": shared().url(schema), "main": "sqlite:///main.db"}
        place = Place(folder)
        place.sql("create table figures (n integer)", folder / "main.db")
        jwt = issuer.settings(FREE, GRANT)
        (folder / "sop.toml").write_text(
            "[databases]\n" + "".join(f'{name} = "{url}"\n' for name, url in urls.items()), encoding="utf-8"
        )
        with Sandbox(folder, urls) as sandbox:
            sandbox.compile(SCRIPTS)
        declared = {name: {"url": url} for name, url in urls.items()}
        config = Config(folder / ".sop", folder / "sop.toml", declared=declared, jwt=jwt)
        self.served = Served(folder, Settings(ask_seconds=0), config=config)
        self.headers = {org: self.bearer(org) for org in PEOPLE}
        self.headers["all"] = self.served.token("all", rights=RIGHTS)
        tokens = JwtTokens(config)
        self.tokens = {token.name: token for token in self.served.tokens.all().values()}
        for org, headers in list(self.headers.items())[:2]:
            self.tokens[org] = asyncio.run(tokens.check(headers["Authorization"].partition(" ")[2]))
        self.theirs = self.run_of(self.tokens["all"])
        self.own = {org: self.run_of(self.tokens[org]) for org in PEOPLE}
        library = self.served.service.library
        gone = library.resolve("gone").hash
        self.gone = Item("gone", gone, library.load(gone))

    def bearer(self, org: str, **claims: Any) -> dict[str, str]:
        """The same person has accounts with both."""
        return {"Authorization": f"Bearer {self.issuer.token(org=org, **claims)}"}

    def people(self) -> list[tuple[str, str]]:
        with shared().connect(self.schema) as connection:
            return connection.execute("select org, name from people order by 1, 2").fetchall()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedHouse]:
    with ExitStack() as stack:
        connection = stack.enter_context(shared().connect())
        connection.execute(f"create role {ROLE} noinherit".encode())
        stack.callback(connection.execute, f"drop owned by {ROLE} cascade; drop role {ROLE}".encode())
        schema = stack.enter_context(shared().schema())
        with shared().connect(schema) as owner:
            owner.execute(STORES.format(schema=schema).encode())
        issuer = stack.enter_context(open_issuer())
        made = SharedHouse(tmp_path_factory.mktemp("shared"), schema, issuer)
        stack.callback(made.served.close)
        yield made


@pytest.mark.parametrize(("request_", "statuses"), ROWS, ids=[request for request, _ in ROWS])
def test_no_address_gives_another_tenants_rows(house: SharedHouse, request_: str, statuses: dict[str, int]) -> None:
    answers = {org: house.ask(request_, org) for org in PEOPLE}
    told = {org: answer.text[:300] for org, answer in answers.items()}
    assert {org: answer.status_code for org, answer in answers.items()} == {org: statuses[org] for org in PEOPLE}, told
    for org, answer in answers.items():
        said = f"{answer.headers}{answer.text}".lower().replace(request_.split("/")[-1], "")
        assert not [word for word in FOREIGN[org] if word in said], said


@pytest.mark.parametrize("format_", ["jsonl", "json", "sse", "records", "csv", "csv-safe"])
def test_a_tenant_has_its_own_rows_in_every_format(house: SharedHouse, format_: str) -> None:
    for org in [*PEOPLE, *reversed(PEOPLE)]:  # one connection of the pool serves both in turn
        text = house.served.client.get("/play/people", params={"format": format_}, headers=house.headers[org]).text
        assert PEOPLE[org] in text
        assert not [word for word in FOREIGN[org] if word in text.lower()]


def test_a_tenant_writes_its_own_rows(house: SharedHouse) -> None:
    before = house.people()
    answer = house.served.client.post("/play/add_person", json={"name": "Zed"}, headers=house.headers["acme"])
    assert answer.status_code == 200
    assert sorted([*before, ("acme", "Zed")]) == house.people()


def test_a_run_that_waits_goes_on_for_its_tenant_alone(house: SharedHouse) -> None:
    """Answered at the server, and at the shell, where nobody has a token."""
    client = house.served.client
    acme, globex = (house.bearer(org, fixed=False) for org in PEOPLE)
    for answered_by in ("server", "shell"):
        asked = client.post("/play/ask_people?wait=0", headers=acme)
        run_ = asked.headers["X-Run"].rpartition("/")[2]
        for method, path in (
            ("GET", ""),
            ("GET", "/lines"),
            ("GET", "/frames"),
            ("POST", "/answer"),
            ("POST", "/cancel"),
        ):
            body = {"json": {"value": True}} if path == "/answer" else {}
            answer = client.request(method, f"/runs/{run_}{path}", headers=globex, **body)  # type: ignore[arg-type]
            assert answer.status_code == 404, (path, answer.text)
        if answered_by == "server":
            answer = client.post(f"/runs/{run_}/answer", json={"value": True}, headers=acme)
            assert answer.status_code == 204, answer.text
            text = client.get(f"/runs/{run_}", headers=acme).text
        else:
            text = Place(house.served.folder).ok("sopvm", "answer", run_, "true", "-f", "records").text
            assert PEOPLE["acme"] in text
        assert not [word for word in FOREIGN["acme"] if word in text.lower()], text


def test_an_agent_has_its_tenants_rows(house: SharedHouse) -> None:
    async def work(org: str) -> None:
        async with http_agent(house.served, house.headers[org], mode=NEW) as client:
            said = data(await client.call_tool("people"))
            assert {"name": PEOPLE[org], "tenant": org} in said["records"]
            program = "script looks(tenant: text) uses hr\n  emit from people\nend"
            tried = data(await client.call_tool("sop_try", {"program": program}))
            assert PEOPLE[org] in str(tried)
            assert not [word for word in FOREIGN[org] if word in f"{said}{tried}".lower()]

    for org in PEOPLE:
        run(lambda org=org: work(org))  # type: ignore[misc]


def test_values_of_one_tenant_are_not_told_to_another(house: SharedHouse) -> None:
    """English is read with the data's own words: those that the caller sees."""
    client = house.served.client
    for org in PEOPLE:
        for text in ("Show people whose name is 'GilOfGlobex'.", "Show people whose name is 'AnnOfAcm'."):
            headers = {**house.headers[org], "Content-Type": "text/plain"}
            answer = client.put("/scripts/named?dry_run=true", content=f"Uses hr.\n{text}", headers=headers)
            said = answer.text.replace("GilOfGlobex", "").replace("AnnOfAcm'", "").lower()
            assert not [word for word in FOREIGN[org] if word in said], (org, answer.text)


def test_a_database_without_roles_is_closed(house: SharedHouse) -> None:
    grant = {**GRANT, "databases": ["*"], "arguments": {}}
    config = house.served.service.config
    jwts = house.served.guard.jwts
    try:
        house.served.guard.jwts = JwtTokens(
            Config(config.home, config.file, declared=config.declared, jwt=house.issuer.settings(grant))
        )
        for path, status in (("/play/everybody", 200), ("/play/numbers", 403), ("/databases/main", 403)):
            answer = house.served.client.get(path, headers=house.bearer("acme"))
            assert (answer.status_code, "D0125" in answer.text) == (status, status == 403), answer.text
    finally:
        house.served.guard.jwts = jwts

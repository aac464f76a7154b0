"""Tokens: who may do what, and that changes apply at once."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.api.problems import HttpError
from runtime.api.tokens import RIGHTS as ALL
from runtime.api.tokens import Token, Tokens
from runtime.errors import SopError, UsageError
from tests.api.conftest import Served
from tests.api.test_play import until
from tests.commands import command, environment


def test_without_tokens_loopback_may_do_everything(served: Served) -> None:
    assert served.client.post("/play/note", json={"text": "x"}).status_code == 200


def test_with_tokens_one_is_needed(served: Served) -> None:
    headers = served.token(rights=ALL)
    for address in ("/scripts", "/runs", "/databases", "/metrics", "/openapi.json", "/play/audit", "/scripts/audit"):
        answer = served.client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (401, "S0201"), address
        assert answer.headers["www-authenticate"] == 'Bearer realm="sop"'
        assert served.client.get(address, headers=headers).status_code == 200, address
    for address in ("/live", "/ready", "/docs"):
        assert served.client.get(address).status_code == 200, address


@pytest.mark.parametrize(
    "value",
    [
        "Bearer nonsense",
        "Bearer sop_0000000000000000_" + "A" * 43,
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "",
        "Bearer sop_é",
    ],
)
def test_a_token_that_is_not_known(served: Served, value: str) -> None:
    served.token()
    answer = served.client.get("/scripts", headers={b"Authorization": value.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="sop"')


def test_a_wrong_secret_is_refused(served: Served) -> None:
    text = served.token()["Authorization"]
    changed = text[:-1] + ("A" if text[-1] != "A" else "B")
    answer = served.client.get("/scripts", headers={"Authorization": changed})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="sop", error="invalid_token"'


def test_a_token_is_refused_as_soon_as_it_is_revoked_or_expired(served: Served) -> None:
    kept, gone = served.token("kept"), served.token("gone")
    late = served.token("late", expires=int(time.time()) + 3600)
    assert served.client.get("/scripts", headers=gone).status_code == 200
    assert served.client.get("/scripts", headers=late).status_code == 200
    served.tokens.remove(["gone", "late"])
    late = served.token("late", expires=int(time.time()) - 1)
    assert served.client.get("/scripts", headers=gone).status_code == 401
    assert "expired" in served.client.get("/scripts", headers=late).json()["detail"]
    assert served.client.get("/scripts", headers=kept).status_code == 200


def test_revoking_the_last_token_opens_nothing(served: Served) -> None:
    headers = served.token("only")
    assert served.client.get("/scripts", headers=headers).status_code == 200
    served.tokens.remove(["only"])
    assert served.client.get("/scripts", headers=headers).status_code == 401
    assert served.client.get("/scripts").status_code == 401


def test_a_token_is_for_its_scripts(served: Served) -> None:
    headers = served.token(scripts=("au*", "note"), rights=ALL)
    assert served.client.get("/play/audit", headers=headers).status_code == 200
    assert served.client.get("/play/audit@1", headers=headers).status_code == 200
    for method, address in (
        ("GET", "/play/divide?by=1"),
        ("POST", "/play/note_twice?text=x"),
        ("GET", "/scripts/divide"),
        ("GET", "/scripts/divide/disasm"),
        ("GET", "/scripts/divide/versions"),
        ("DELETE", "/scripts/divide"),
        ("GET", "/play?script=divide&by=1"),
    ):
        assert served.client.request(method, address, headers=headers).status_code == 403, address
    listed = served.client.get("/scripts", headers=headers).json()["scripts"]
    assert [script["name"] for script in listed] == ["audit", "note"]
    paths = served.client.get("/openapi.json", headers=headers).json()["paths"]
    assert [path for path in paths if path.startswith("/play/")] == ["/play/audit", "/play/note"]


def test_runs_are_seen_by_who_started_them_and_by_admins(served: Served) -> None:
    one, other = served.token("one", rights=("run", "read")), served.token("other", rights=("run", "read"))
    admin = served.token("admin", rights=ALL)
    started = served.client.post("/play/forever", headers={**one, "Prefer": "respond-async"})
    address = started.headers["location"]
    for path in ("", "/lines", "/frames"):
        assert served.client.get(address + path, headers=other).status_code == 404
    assert served.client.post(address + "/cancel", headers=other).status_code == 404
    assert served.client.get("/runs", headers=other).json() == {"runs": []}
    assert served.client.get(address, headers=one).json()["token"] == "one"
    assert served.client.get("/runs", headers=admin).json()["runs"][0]["token"] == "one"
    assert served.client.delete(address, headers=admin).status_code == 204
    until(lambda: not served.service.runs.active())


def test_limits_of_a_token(served: Served) -> None:
    few = served.token("few", max_rows=3, rights=("run",))
    answer = served.client.get("/play/numbers?n=3&format=records", headers=few)
    assert answer.text.count("\n") == 3
    assert '"code":"V0304"' in served.client.get("/play/numbers?n=4", headers=few).text
    short = served.token("short", max_seconds=0.2, rights=("run",))
    answer = served.client.get("/play/forever", headers=short)
    assert (answer.status_code, answer.json()["code"]) == (504, "V0303")
    small = served.token("small", max_body=10, rights=("run",))
    answer = served.client.post("/play/divide", json={"by": 1234567}, headers=small)
    assert (answer.status_code, answer.json()["code"]) == (413, "S0104")
    one = served.token("one", max_runs=1, rights=("run", "admin", "read"))
    first = served.client.post("/play/forever", headers={**one, "Prefer": "respond-async"})
    again = served.client.get("/play/audit", headers=one)
    assert (again.status_code, again.json()["code"], again.headers["retry-after"]) == (429, "S0204", "1")
    assert served.client.get("/play/audit", headers=few).status_code == 200
    served.client.delete(first.headers["location"], headers=one)
    until(lambda: not served.service.runs.active())


@pytest.mark.parametrize(
    ("server", "token", "request_", "least"),
    [
        (3, 5, 7, 3), (3, 7, 5, 3), (5, 3, 7, 3), (7, 3, 5, 3), (5, 7, 3, 3), (7, 5, 3, 3),
        (None, 3, 5, 3), (None, 5, 3, 3), (3, 0, 5, 3), (5, 0, 3, 3), (3, 5, None, 3), (5, 3, None, 3),
        (None, 0, 3, 3), (None, 3, None, 3), (3, 0, None, 3),
    ],
)  # fmt: skip
def test_the_smallest_limit_holds(
    serve: Callable[..., Served], server: int | None, token: int, request_: int | None, least: int
) -> None:
    """Limits of rows by server, token and request, in each order, and with some of them absent."""
    served = serve(max_rows=server)
    headers = served.token(max_rows=token, rights=("run",))
    more = {} if request_ is None else {"max_rows": str(request_)}
    for rows, fits in ((least, True), (least + 1, False)):
        answer = served.client.get("/play/numbers", params={"n": str(rows), **more}, headers=headers)
        assert ('"code":"V0304"' not in answer.text) is fits, (rows, answer.text)
        assert answer.text.count('"type":"record"') == least


def test_no_limit_where_none_is_set(served: Served) -> None:
    answer = served.client.get("/play/numbers?n=5000", headers=served.token(rights=("run",)))
    assert answer.text.count('"type":"record"') == 5000


@pytest.mark.parametrize("which", ["server", "token", "request"])
def test_the_shortest_time_holds(serve: Callable[..., Served], which: str) -> None:
    """Two of the three limits would let the run go on for an hour."""
    seconds = {name: 0.2 if name == which else 3600.0 for name in ("server", "token", "request")}
    served = serve(max_seconds=seconds["server"])
    headers = served.token(max_seconds=seconds["token"], rights=("run",))
    answer = served.client.get(f"/play/forever?max_seconds={seconds['request']}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (504, "V0303")


@pytest.mark.parametrize("which", ["server", "token"])
def test_the_smallest_body_holds(serve: Callable[..., Served], which: str) -> None:
    size = {name: 20 if name == which else 2000 for name in ("server", "token")}
    served = serve(max_body=size["server"])
    headers = served.token(max_body=size["token"], rights=("run",))
    for body, status in ((b'{"by": 5}'.ljust(20), 200), (b'{"by": 5}'.ljust(21), 413)):
        answer = served.client.post(
            "/play/divide", content=body, headers={**headers, "Content-Type": "application/json"}
        )
        assert answer.status_code == status


@pytest.mark.parametrize(("server", "request_"), [(0, 3600), (3600, 0)])
def test_a_question_waits_for_the_shorter_time(serve: Callable[..., Served], server: float, request_: float) -> None:
    served = serve(ask_seconds=server)
    answer = served.client.post(f"/play/sure?wait={request_}")
    assert json.loads(answer.text.splitlines()[-1])["status"] == "waiting"


@pytest.mark.parametrize(("server", "token"), [(1, 2), (2, 1)])
def test_the_smaller_number_of_runs_holds(serve: Callable[..., Served], server: int, token: int) -> None:
    served = serve(max_runs=server)
    headers = served.token(max_runs=token, rights=("run",))
    first = served.client.post("/play/forever", headers={**headers, "Prefer": "respond-async"})
    again = served.client.get("/play/audit", headers=headers)
    assert (again.status_code, again.json()["code"]) == ((503, "S0109") if server == 1 else (429, "S0204"))
    served.client.delete(first.headers["location"], headers=headers)
    until(lambda: not served.service.runs.active())


@pytest.mark.parametrize(
    "option", ["max_rows=0", "max_rows=-1", "max_rows=x", "max_rows=nan", "max_seconds=0", "max_seconds=inf", "wait=-1"]
)
def test_an_invalid_limit_is_refused(shared: Served, option: str) -> None:
    answer = shared.client.get(f"/play/audit?{option}")
    assert (answer.status_code, answer.json()["code"]) == (400, "S0108")


def test_only_a_hash_is_kept_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    text = tokens.add(Token("a", "", ""))
    secret = text.split("_", 2)[2]  # a secret may hold "_" itself
    assert len(secret) == 43 and secret not in tokens.path.read_text()
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert tokens.check(text).name == "a"


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "-a", "é"])
def test_names_of_tokens(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="S0208"):
        Tokens(tmp_path).add(Token(name, "", ""))


def test_a_damaged_file_lets_nobody_in(served: Served) -> None:
    headers = served.token()
    served.tokens.path.write_text('[{"name": "a"}]')
    answer = served.client.get("/scripts", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "S0209")
    with pytest.raises(SopError, match="S0209"):
        served.tokens.add(Token("b", "", ""))


@pytest.mark.parametrize("in_the_way", ["tokens.lock", "tokens.new", "tokens.json"])
def test_a_home_that_takes_no_tokens(tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / in_the_way).mkdir()
    with pytest.raises(SopError, match="S0209"):
        Tokens(tmp_path).add(Token("a", "", ""))


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "home")
    (tmp_path / "home").touch()
    for use in (tokens.all, lambda: tokens.add(Token("a", "", ""))):
        with pytest.raises(SopError, match=r"S0209: the tokens in .*: not a directory|C0109: .*: file exists"):
            use()


@pytest.mark.parametrize(
    ("rights", "databases", "may"),
    [
        (("query",), ("hr", "s_*"), True),
        (("query",), ("hr",), False),
        (("query",), ("s_*",), False),
        (("run", "read"), ("*",), False),
        ((), ("other",), False),
    ],
)
def test_rows_need_the_right_and_every_database(rights: tuple[str, ...], databases: tuple[str, ...], may: bool) -> None:
    token = Token("a", "", "", rights=rights, databases=databases)
    assert token.may_read(["hr", "s_main"]) is may


def test_removing_a_token_that_does_not_exist_removes_none(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    tokens.add(Token("a", "", ""))
    with pytest.raises(UsageError, match="S0208: there is no token b"):
        tokens.remove(["a", "b"])
    assert [token.name for token in tokens.all().values()] == ["a"]


def test_the_need_of_a_token_lasts_after_the_last_is_removed(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    assert not tokens.required()
    tokens.add(Token("a", "", ""))
    assert tokens.required()
    tokens.remove(["a"])
    assert tokens.required() and tokens.required()
    again = Tokens(tmp_path)
    assert again.required() and again.all() == {}
    again.add(Token("a", "", ""))
    assert len(again.all()) == 1 and Tokens(tmp_path).required()
    again.path.unlink()
    assert not Tokens(tmp_path).required()
    assert Tokens(tmp_path).required(always=True)


def test_unknown_tokens_take_as_long_to_check(tmp_path: Path) -> None:
    """A secret is compared even when the id is unknown."""
    tokens = Tokens(tmp_path)
    tokens.add(Token("a", "", ""))
    with pytest.raises(HttpError, match="unknown"):
        tokens.check("sop_0000000000000000_" + "A" * 43)


def sopvm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("sopvm", *words), cwd=folder, env=environment(), capture_output=True, text=True, timeout=60
    )


def test_the_commands(folder: Path) -> None:
    made = sopvm(folder, "token", "add", "report", "--scripts", "audit_*,hr", "--rights", "run", "--expires", "30d")
    assert made.returncode == 0 and made.stdout.startswith("sop_")
    assert "report: may run; scripts audit_*, hr; databases *; expires 2" in made.stderr
    assert "there is a token report already" in sopvm(folder, "token", "add", "report").stderr
    listed = sopvm(folder, "token", "ls", "-f", "records")
    assert json.loads(listed.stdout)["name"] == "report"
    assert made.stdout.strip() not in listed.stdout
    assert sopvm(folder, "token", "rm", "report", "nobody").returncode == 2
    assert len(Tokens(folder / ".sop").all()) == 1
    assert "report: revoked" in sopvm(folder, "token", "rm", "report").stderr
    tenant = sopvm(folder, "token", "add", "acme", "--db", "hr=acme", "--set", "tenant=acme")
    assert "databases hr=acme; expires never" in tenant.stderr and "`sopvm serve` needs --db acme=URL" in tenant.stderr
    listed = json.loads(sopvm(folder, "token", "ls", "-f", "records").stdout)
    assert (listed["databases"], listed["set"]) == (["hr=acme"], ["tenant=acme"])
    for words in (
        ("--rights", "fly"),
        ("--db", "hr"),
        ("--set", "=x"),
        ("--databases", ","),
        ("--expires", "soon"),
        ("--scripts", ","),
    ):
        assert sopvm(folder, "token", "add", "x", *words).returncode == 2, words


def test_an_address_that_others_reach_needs_a_token(folder: Path) -> None:
    refused = sopvm(folder, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2 and "S0121" in refused.stderr


def test_an_address_that_is_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = sopvm(folder, "serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 2 and "S0122" in refused.stderr


def test_a_server_for_others_lets_nobody_in_without_a_token(serve: Callable[..., Served]) -> None:
    served = serve(hosts=None)
    served.service.tokens.required(always=True)
    assert served.client.get("/scripts").status_code == 401

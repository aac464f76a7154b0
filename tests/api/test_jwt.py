"""Tokens of an issuer: which are taken, what their claims give, and how its keys are fetched."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from runtime.api import jwt_keys
from runtime.api.jwt_tokens import ALGORITHMS, JwtTokens
from runtime.api.problems import HttpError
from runtime.api.shared import Settings
from runtime.api.tokens import Token
from runtime.config import Config
from runtime.errors import UsageError
from tests.api.conftest import Served, config_of
from tests.issuer import DISCOVERY, KEYS, Issuer, open_issuer

GRANT = {"rights": ["run", "read"]}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with open_issuer() as made:
        yield made


def tokens_of(issuer: Issuer, *grants: dict[str, Any], **more: Any) -> JwtTokens:
    return JwtTokens(Config(Path("/nowhere"), jwt=issuer.settings(*(grants or (GRANT,)), **more)))


def checked(tokens: JwtTokens, *texts: str) -> list[Token | HttpError]:
    """What each gives, or why it is refused."""

    async def work() -> list[Token | HttpError]:
        found: list[Token | HttpError] = []
        for text in texts:
            try:
                found.append(await tokens.check(text))
            except HttpError as error:
                found.append(error)
        return found

    return asyncio.run(work())


def refused(tokens: JwtTokens, text: str) -> tuple[str, str]:
    (error,) = checked(tokens, text)
    assert isinstance(error, HttpError), error
    return error.code, error.message


# ── which are taken ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_token_is_taken(issuer: Issuer) -> None:
    (token,) = checked(tokens_of(issuer), issuer.token())
    assert isinstance(token, Token)
    assert (token.name, token.rights, token.scripts, token.databases) == ("ann", ("run", "read"), ("*",), ("*",))
    assert (len(token.id), token.scope, token.acting) == (16, "", None)


WRONG: dict[str, Callable[[Issuer], str]] = {
    "another audience": lambda i: i.token(aud="others"),
    "no audience": lambda i: i.token(aud=None),
    "another issuer": lambda i: i.token(iss="http://127.0.0.1:1"),
    "expired": lambda i: i.token(exp=int(time()) - 60),
    "no end": lambda i: i.token(exp=None),
    "no subject": lambda i: i.token(sub=None),
    "a subject that is too long": lambda i: i.token(sub="x" * 201),
    "not valid yet": lambda i: i.token(nbf=int(time()) + 300),
    "an unknown key": lambda i: with_header(i, kid="key-99"),
    "no key named, of two": lambda i: (i.rotate(), with_header(i, kid=None))[1],
    "an algorithm that is not on the list": lambda i: i.token(algorithm="RS512"),
    "no algorithm": lambda i: jwt.encode(claims_of(i), None, "none", headers={"kid": "key-1"}),  # type: ignore[arg-type]
    "signed with the public key as a secret": lambda i: signed_with_the_public_key(i),
    "another signature": lambda i: i.token()[:-8] + "AAAAAAAA",
    "other claims under the signature": lambda i: tampered(i),
    "an unknown critical header": lambda i: with_header(i, crit=["x"], x=1),
    "half a character": lambda i: i.token(sub="\ud800"),
    "too long": lambda i: i.token(x="x" * 20_000),
    "no JWT": lambda i: "a.b.c",
}


def claims_of(issuer: Issuer) -> dict[str, Any]:
    return jwt.decode(issuer.token(), options={"verify_signature": False})


def with_header(issuer: Issuer, **header: Any) -> str:
    """Rightly signed, with another header."""
    said = {name: value for name, value in {"kid": "key-1", **header}.items() if value is not None}
    return jwt.encode(claims_of(issuer), issuer.keys["key-1"], "RS256", headers=said)


def signed_with_the_public_key(issuer: Issuer) -> str:
    """By hand: libraries refuse to do so."""
    key = issuer.keys["key-1"].public_key()
    public = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = issuer.token().split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"key-1"}').rstrip(b"=").decode()
    signature = hmac.new(public, f"{head}.{claims}".encode(), "sha256").digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def tampered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{issuer.token(sub='root').split('.')[1]}.{signature}"


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_token_is_refused(issuer: Issuer, how: str) -> None:
    assert refused(tokens_of(issuer), WRONG[how](issuer))[0] == "S0201"


def test_a_key_that_says_another_algorithm_is_not_used(issuer: Issuer) -> None:
    said = json.loads(issuer.said(KEYS))
    said["keys"][0]["alg"] = "PS256"
    issuer.answers[KEYS] = 200, json.dumps(said).encode()
    assert refused(tokens_of(issuer), issuer.token())[0] == "S0201"
    said["keys"][0] |= {"kty": "oct", "k": "c2VjcmV0", "alg": "RS256"}
    issuer.answers[KEYS] = 200, json.dumps(said).encode()
    assert refused(tokens_of(issuer), issuer.token())[0] == "S0201"


def test_a_key_without_an_id_is_found_where_it_is_the_only_one(issuer: Issuer) -> None:
    issuer.rotate(elliptic=True)
    del issuer.keys["key-1"]
    text = jwt.encode(claims_of(issuer), issuer.keys["key-2"], "ES256")
    assert isinstance(checked(tokens_of(issuer), text)[0], Token)


# ── what claims give ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_grant_that_fits_decides(issuer: Issuer) -> None:
    grants = (
        {"when": {"groups": "ops", "email_verified": "true"}, "rights": ["run", "read", "admin"]},
        {"when": {"realm_access.roles": "clerk"}, "rights": ["run"], "scripts": ["audit_*"], "db": {"hr": "acme"}},
        {"when": {"scope": "sop.read"}, "rights": ["read"], "databases": ["main"], "max_runs": 2, "max_rows": 7},
    )
    ops, unverified, clerk, scope, nobody, worded = checked(
        tokens_of(issuer, *grants),
        issuer.token(groups=["dev", "ops"], email_verified=True),
        issuer.token(groups=["dev", "ops"], email_verified=False),
        issuer.token(realm_access={"roles": ["clerk"]}, scope="sop.read"),
        issuer.token(scope="openid sop.read"),
        issuer.token(scope="sop.readers", groups="operators"),
        issuer.token(groups="not ops", email_verified=True),
    )
    assert isinstance(worded, HttpError), "only a scope is a list of words"
    assert isinstance(ops, Token) and ops.rights == ("run", "read", "admin")
    assert isinstance(unverified, HttpError) and isinstance(nobody, HttpError)
    assert (nobody.status, nobody.code) == (403, "S0202")
    assert isinstance(clerk, Token)
    assert (clerk.scripts, clerk.databases, clerk.bound) == (("audit_*",), ("hr",), {"hr": "acme"})
    assert isinstance(scope, Token)
    assert (scope.databases, scope.max_runs, scope.max_rows) == (("main",), 2, 7)


def test_claims_become_arguments_and_a_role(issuer: Issuer) -> None:
    grant = {
        **GRANT,
        "arguments": {"tenant": "org", "level": "https://sop.example/level"},
        "role_claim": "db.role",
        "claims": ["sub", "org"],
    }
    said: dict[str, Any] = {"org": "acme", "https://sop.example/level": 3, "db": {"role": "customer"}}
    tokens = tokens_of(issuer, grant)
    token, again, other = checked(
        tokens, issuer.token(**said), issuer.token(**said, jti="2"), issuer.token(**{**said, "org": "globex"})
    )
    assert isinstance(token, Token) and isinstance(again, Token) and isinstance(other, Token)
    assert token.fixed == {"tenant": "acme", "level": "3"}
    assert token.acting is not None
    assert token.acting.role == "customer"
    assert json.loads(token.acting.claims) == {"role": "customer", "sub": "ann", "org": "acme"}
    assert again == token, "a new token of the same caller"
    assert other.id != token.id and other.scope != token.scope, "the same person for another tenant is another caller"
    for missing in ("org", "https://sop.example/level", "db"):
        text = issuer.token(**{**said, missing: None})
        assert refused(tokens, text)[0] == "S0202"
    assert refused(tokens, issuer.token(**{**said, "org": ["acme", "globex"]}))[0] == "S0202"
    for role in ("", "a\0b", "x" * 64):
        assert refused(tokens, issuer.token(**{**said, "db": {"role": role}}))[0] == "S0202"


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": ""},
        {"audience": ""},
        {"grants": []},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"keys": "http://issuer.example/keys"},
        {"keys": "file:///etc/passwd"},
        {"grants": [{"scripts": ["*"]}]},
        {"grants": [{"rights": ["fly"]}]},
        {"grants": [{**GRANT, "role": "a", "role_claim": "b"}]},
    ],
)
def test_settings_that_can_t_be_right_are_refused(issuer: Issuer, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        JwtTokens(Config(Path("/nowhere"), jwt={**issuer.settings(GRANT), **settings}))
    assert error.value.code == "C0202"


def test_the_algorithms_have_public_keys() -> None:
    known = jwt.algorithms.get_default_algorithms()
    assert set(ALGORITHMS) <= set(known)
    assert not any(name.startswith("HS") or name == "none" for name in ALGORITHMS)


# ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_keys_are_found_by_discovery_or_by_their_address(issuer: Issuer) -> None:
    assert isinstance(checked(tokens_of(issuer), issuer.token())[0], Token)
    assert issuer.asked == [DISCOVERY, KEYS]
    issuer.asked.clear()
    assert isinstance(checked(tokens_of(issuer, keys=f"{issuer.url}{KEYS}"), issuer.token())[0], Token)
    assert issuer.asked == [KEYS]


def test_a_new_key_is_fetched_and_an_old_one_given_up(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt_keys, "PAUSE_SECONDS", 0.0)
    tokens = tokens_of(issuer)
    old = issuer.token(jti="1"), issuer.token(jti="2")
    assert isinstance(checked(tokens, old[0])[0], Token)
    issuer.rotate(elliptic=True)
    del issuer.keys["key-1"]
    assert isinstance(checked(tokens, issuer.token())[0], Token)
    assert refused(tokens, old[1])[0] == "S0201"


def test_unknown_keys_do_not_make_a_request_each(issuer: Issuer) -> None:
    found = checked(tokens_of(issuer), *(with_header(issuer, kid=f"other-{n}") for n in range(30)))
    assert all(isinstance(each, HttpError) and each.code == "S0201" for each in found)
    assert issuer.asked == [DISCOVERY, KEYS]


def test_callers_at_once_make_one_request(issuer: Issuer) -> None:
    tokens, text = tokens_of(issuer), issuer.token()

    async def work() -> list[Token]:
        return await asyncio.gather(*(tokens.check(text) for _ in range(20)))

    assert len({token.id for token in asyncio.run(work())}) == 1
    assert issuer.asked == [DISCOVERY, KEYS]


BAD_ANSWERS = (
    *((500, b""), (302, b""), (200, b"[]"), (200, b"{"), (200, b"{}")),
    *((200, b'{"keys":7}'), (200, b'{"keys":[7]}'), (200, b" " * (1 << 20) + b"{}")),
)


@pytest.mark.parametrize(("status", "body"), BAD_ANSWERS)
def test_an_issuer_that_gives_no_keys(issuer: Issuer, status: int, body: bytes) -> None:
    issuer.answers[KEYS] = status, body
    (error,) = checked(tokens_of(issuer), issuer.token())
    assert isinstance(error, HttpError)
    assert (error.status, error.code) == (503, "S0212")


def test_an_issuer_that_calls_itself_otherwise(issuer: Issuer) -> None:
    issuer.answers[DISCOVERY] = 200, json.dumps({"issuer": "other", "jwks_uri": f"{issuer.url}{KEYS}"}).encode()
    assert refused(tokens_of(issuer), issuer.token())[0] == "S0212"


def test_keys_hold_for_a_while_when_the_issuer_is_away(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt_keys, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(jwt_keys, "FRESH_SECONDS", 0.0)
    tokens = tokens_of(issuer)
    assert isinstance(checked(tokens, issuer.token(jti="1"))[0], Token)
    issuer.answers[KEYS] = 500, b""
    assert isinstance(checked(tokens, issuer.token(jti="2"))[0], Token)
    monkeypatch.setattr(jwt_keys, "HELD_SECONDS", 0.0)
    assert refused(tokens, issuer.token(jti="3"))[0] == "S0212"


# ── over HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_takes_both_kinds_of_token(folder: Path, issuer: Issuer) -> None:
    settings = issuer.settings({**GRANT, "scripts": ["audit"]})
    served = Served(folder, Settings(), config=msgspec.structs.replace(config_of(folder), jwt=settings))
    try:
        assert served.client.get("/play/audit").status_code == 401, "no token, no entry: also without tokens of its own"
        own = served.token()
        assert served.client.get("/play/log_size", headers=own).status_code == 200
        theirs = {"Authorization": f"Bearer {issuer.token()}"}
        assert served.client.get("/play/audit", headers=theirs).status_code == 200
        assert served.client.get("/play/log_size", headers=theirs).status_code == 403
        late = served.client.get("/play/audit", headers={"Authorization": f"Bearer {issuer.token(exp=1)}"})
        assert (late.status_code, late.json()["code"]) == (401, "S0201")
        assert "invalid_token" in late.headers["WWW-Authenticate"]
        runs = served.client.get("/runs", headers=theirs).json()["runs"]
        assert {run["token"] for run in runs} == {"ann"}
    finally:
        served.close()


def test_a_caller_sees_of_its_runs_those_that_its_token_is_for(folder: Path, issuer: Issuer) -> None:
    grants = (
        {**GRANT, "when": {"org": "a"}, "scripts": ["audit"]},
        {**GRANT, "when": {"org": "b"}, "scripts": ["log_size"]},
        {**GRANT, "when": {"org": "c"}, "databases": ["none"]},
    )
    config = msgspec.structs.replace(config_of(folder), jwt=issuer.settings(*grants))
    served = Served(folder, Settings(), config=config)
    try:
        headers = {org: {"Authorization": f"Bearer {issuer.token(org=org)}"} for org in "abc"}
        for more in ({}, {"Prefer": "respond-async"}):
            begun = served.client.post("/play/audit", headers={**headers["a"], **more})
            address = begun.headers.get("Location") or begun.headers["X-Run"]
            assert served.client.get(address, headers=headers["a"]).status_code == 200
            for org in "bc":
                assert served.client.get(address, headers=headers[org]).status_code == 404
                assert served.client.get(f"{address}/lines", headers=headers[org]).status_code == 404
                assert served.client.delete(address, headers=headers[org]).status_code == 404
                assert served.client.get("/runs", headers=headers[org]).json()["runs"] == []
    finally:
        served.close()


def test_settings_are_read_from_sop_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "sop.toml"
    file.write_text(
        '[jwt]\nissuer = "https://login.example"\naudience = "sop"\n'
        '[[jwt.grants]]\nwhen = { groups = "ops" }\nrights = ["run"]\narguments = { tenant = "org" }\n',
        encoding="utf-8",
    )
    config = Config.load()
    assert config.jwt["grants"] == [{"when": {"groups": "ops"}, "rights": ["run"], "arguments": {"tenant": "org"}}]
    JwtTokens(config)
    for wrong in ('[[jwt.grants]]\nright = ["run"]', '[jwt]\ngrants = "x"', "[[jwt.grants]]\nwhen = { a = 1 }"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(UsageError) as error:
            Config.load()
        assert error.value.code == "C0202"

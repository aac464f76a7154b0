"""Hostile requests: each is refused with a clear answer, and the server keeps working."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from runtime.api import resource, server
from runtime.api.guard import host_name
from runtime.api.sites import same_site
from runtime.api.tokens import RIGHTS as ALL
from runtime.errors import UsageError
from tests.api.conftest import Served

SCRIPT = "<script>alert(1)</script>"


def alive(served: Served) -> bool:
    return served.client.get("/play/audit?format=csv").text.startswith("name,salary\n")


def head(served: Served, *lines: str) -> bytes:
    return "\r\n".join([*lines, f"Host: 127.0.0.1:{served.port}", "Connection: close", "", ""]).encode("latin-1")


# ── paths ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/play/../../etc/passwd",
        "/play/..%2f..%2fetc%2fpasswd",
        "/scripts/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/scripts/....//....//etc/passwd",
        "/assets/../../pyproject.toml",
        "/assets/%2e%2e/%2e%2e/pyproject.toml",
        "/play/%00",
        "/play/audit%00",
        "/play/%ff%fe",
        "/play/" + "a" * 10_000,
        "//play//audit",
        "/play/audit/",
        "/PLAY/audit",
        "/runs/..%2f",
        "/databases/..%2fmain.db",
        "/play/;ls",
        "/play/$(id)",
        "/play/{{7*7}}",
        "/play/'%20or%201=1--",
    ],
)
def test_odd_paths_are_refused(shared: Served, path: str) -> None:
    answer = shared.raw(head(shared, f"GET {path} HTTP/1.1"))
    assert answer.split(b"\r\n")[0].split(b" ")[1] in (b"404", b"405", b"400"), answer[:200]
    assert b"root:" not in answer and b"[project]" not in answer
    assert alive(shared)


def test_a_script_can_not_be_stored_outside_the_library(served: Served) -> None:
    before = sorted(path.name for path in served.folder.rglob("*"))
    for name in ("..%2f..%2fx", "%2fetc%2fx", "a%00b"):
        body = b"script x() end"
        request = head(
            served, f"PUT /scripts/{name} HTTP/1.1", "Content-Type: text/x-sop", f"Content-Length: {len(body)}"
        )
        assert b" 422 " in served.raw(request + body)
    assert sorted(path.name for path in served.folder.rglob("*")) == before


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_body_that_says_it_is_too_large_is_not_read(shared: Served) -> None:
    request = head(shared, "POST /play/echo HTTP/1.1", "Content-Type: application/json", "Content-Length: 99999999999")
    assert b" 413 " in shared.raw(request)


def test_a_body_that_turns_out_too_large_is_not_kept(serve: Callable[..., Served]) -> None:
    served = serve(max_body=10_000)
    request = head(served, "POST /play/echo HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"2000\r\n" + b" " * 8192 + b"\r\n"
    assert b" 413 " in served.raw(request + chunk * 3)
    assert alive(served)


def test_a_slow_body_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "BODY_SECONDS", 0.2)
    request = head(served, "POST /play/echo HTTP/1.1", "Content-Type: application/json", "Content-Length: 100")
    assert b" 408 " in served.raw(request + b'{"va')


def test_a_slow_head_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    assert served.raw(b"") == b""
    assert served.raw(b"GET /play/audit HTTP/1.1\r\nHost: ") == b""


def test_a_body_of_deep_or_wide_json(shared: Served) -> None:
    for value in ("[" * 500_000, '{"a":' * 100_000, "[" + "[],"[:3] * 200_000 + "[]]", '{"a":1,' * 50_000):
        answer = shared.client.post(
            "/play/echo", content='{"value": ' + value, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "S0106")
    assert alive(shared)


def test_a_value_nested_as_deep_as_json_may_be(shared: Served) -> None:
    for depth in (99, 100, 500, 900, 5000):
        body = '{"value": ' + "[" * depth + "]" * depth + "}"
        answer = shared.client.post("/play/echo", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == (200 if depth <= 99 else 400), (depth, answer.text[:200])
        answer = shared.client.get("/play/echo", params={"value": "[" * depth + "]" * depth})
        assert answer.status_code < 500, (depth, answer.text[:200])
    assert alive(shared)


def test_numbers_of_a_million_digits(shared: Served) -> None:
    for number in ("9" * 500_000, "0." + "9" * 500_000, "1e" + "9" * 5000, "-" + "1" * 5000 + ".5"):
        for name in ("value", "price", "ratio"):
            answer = shared.client.post(
                "/play/echo",
                content=f'{{"value": 1, "{name}": {number}}}',
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code < 500, answer.text[:200]
    for text in ("9" * 5000, "1e999999999", "-1e-999999999", "0x1p99999"):
        answer = shared.client.get("/play/echo", params={"value": "1", "price": text})
        assert answer.status_code == 422, answer.text[:200]
    assert alive(shared)


# ── heads ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "lines",
    [
        ["GET /live HTTP/1.1", "X: " + "a" * 100_000],
        ["GET /live HTTP/1.1", *[f"X-{number}: 1" for number in range(5_000)]],
        ["GET /live HTTP/1.1", "Content-Length: 5", "Content-Length: 6"],
        ["GET /live HTTP/1.1", "Content-Length: -1"],
        ["GET /live HTTP/1.1", "Transfer-Encoding: gzip"],
        ["GET /live HTTP/1.1", "Bad Header: x"],
        ["GET /live"],
        ["\x00\x01\x02"],
        ["GET http://[::1 HTTP/1.1"],
    ],
)
def test_malformed_heads_are_refused(shared: Served, lines: list[str]) -> None:
    answer = shared.raw(head(shared, *lines))
    assert answer.split(b" ")[1][:1] == b"4", answer[:200]
    assert alive(shared)


def test_a_request_can_not_hide_another(shared: Served) -> None:
    """Content-Length and Transfer-Encoding together must not give two requests."""
    hidden = b"0\r\n\r\nGET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    request = head(shared, "POST /play/echo HTTP/1.1", f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked")
    assert shared.raw(request + hidden).count(b"HTTP/1.1 ") == 1


def test_forwarded_headers_do_not_make_a_client_local(served: Served) -> None:
    served.token()
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"):
        assert served.client.get("/scripts", headers={name: "127.0.0.1"}).status_code == 401
    for name in ("X-HTTP-Method-Override", "X-Method-Override"):
        assert served.client.get("/play/note?text=x", headers={name: "POST"}).status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", ""),
        *("[::1].evil.example", "[::1]evil.example", "[::1]:80.evil.example", "[::1", "::1", "[::2]", "[127.0.0.1]"),
        *("localhost:evil.example", "localhost:80:80", "localhost:", "localhost:65536", "localhost:-1", "localhost."),
        *(
            "evil.example@localhost",
            "localhost@evil.example",
            "localhost/evil",
            "localhost#",
            "localhost?x",
            "local host",
        ),
        *(
            "localhost, evil.example",
            "localhost\\",
            "http://localhost",
            "127.0.0.1%00",
            "127.1",
            "2130706433",
            "0x7f.1",
        ),
    ],
)
def test_a_foreign_host_name_is_refused(shared: Served, name: str) -> None:
    """DNS rebinding: a page of evil.example whose name now leads to 127.0.0.1."""
    answer = shared.client.get("/play/audit", headers={"Host": name})
    assert (answer.status_code, answer.json()["code"]) == (421, "S0206")


def test_a_host_that_is_missing_or_twice(shared: Served) -> None:
    assert b" 400 " in shared.raw(b"GET /live HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b" 400 " in shared.raw(b"GET /live HTTP/1.1\r\nHost: localhost\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b" 400 " in shared.raw(b"GET /live HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]:80", "[::0001]", "LOCALHOST:1234"]
)
def test_loopback_names_are_accepted(shared: Served, name: str) -> None:
    assert shared.client.get("/live", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "HOST", "Sec-Fetch-Site": "cross-site"},
        *(
            {"Origin": origin}
            for origin in (
                *("x://HOST", "HOST", "//HOST", "file://HOST", "http:HOST", "HTTP://HOST", "http://http://HOST"),
                *("http://HOST/", "http://HOST.evil.example", "http://HOST@evil.example", "http://evil.example@HOST"),
                *(
                    "http://HOST http://evil.example",
                    "http://HOST, http://evil.example",
                    "http://HOST?",
                    "http://HOST#",
                ),
                *("", "http://", "http://[::1", "http://[::1].evil.example"),
            )
        ),
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_pages_of_other_sites_are_kept_out(shared: Served, headers: dict[str, str]) -> None:
    headers = {name: value.replace("HOST", f"127.0.0.1:{shared.port}") for name, value in headers.items()}
    for method, address in (("POST", "/play/note?text=x"), ("GET", "/play/audit"), ("DELETE", "/scripts/audit")):
        answer = shared.client.request(method, address, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "S0205")
        assert "access-control-allow-origin" not in answer.headers
    assert shared.sql("select count(*) from log") == [(0,)]


def test_the_servers_own_pages_are_let_in(served: Served) -> None:
    own = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    assert served.client.post("/play/note?text=x", headers=own).status_code == 200
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert served.client.get("/docs", headers=followed).status_code == 200


@pytest.mark.parametrize("name", [b"Host", b"Origin", b"Sec-Fetch-Site", b"Sec-Fetch-Mode", b"Authorization"])
def test_a_security_header_given_twice_is_refused(served: Served, name: bytes) -> None:
    """It does not matter which of the two is right, or which comes first."""
    right = {
        b"Host": f"127.0.0.1:{served.port}",
        b"Origin": served.url,
        b"Authorization": served.token(rights=ALL)["Authorization"],
        b"Sec-Fetch-Site": "same-origin",
        b"Sec-Fetch-Mode": "cors",
    }
    whole = [f"{key.decode()}: {value}" for key, value in right.items()]
    start = ["GET /play/audit?format=csv HTTP/1.1", "Connection: close"]

    def answer(lines: list[str]) -> bytes:
        return served.raw("\r\n".join([*start, *lines, "", ""]).encode())

    assert b" 200 " in answer(whole)
    for twice in (right[name], "null"):
        other = f"{name.decode().lower()}: {twice}"
        for lines in ([*whole, other], [other, *whole]):
            assert answer(lines).split(b" ")[1] in (b"400", b"401", b"403"), lines


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://a.example", "a.example", True),
        ("https://a.example", "a.example", True),  # a proxy speaks TLS
        ("https://a.example", "a.example:443", True),
        ("http://a.example:80", "a.example", True),
        ("http://A.example", "a.EXAMPLE", True),
        ("http://[::1]:8000", "[0::1]:8000", True),
        ("https://a.example", "a.example:80", False),
        ("http://a.example", "a.example:8000", False),
        ("http://a.example:8000", "a.example", False),
        ("http://a.example", "b.example", False),
        ("null", "null", False),
    ],
)
def test_an_origin_must_match_the_host(origin: str, host: str, same: bool) -> None:
    assert same_site(origin, host) is same


def test_a_host_name_is_normalized_or_refused() -> None:
    assert host_name("::1") == host_name("[::1]") == "[::1]"
    assert host_name("Scripts.Example") == "scripts.example"
    for name in ("", "a b", "http://a.example", "a.example:80", "[::1]:80", "a.example/"):
        with pytest.raises(UsageError, match="S0206"):
            host_name(name)


def test_a_token_in_an_address_is_refused(served: Served) -> None:
    text = served.token()["Authorization"].split()[1]
    for name in (
        "token",
        "access_token",
        "%74oken",
        "toke%6E",
        "access%5Ftoken",
        "Token",
        "a=1&token",
        "%61ccess_token",
    ):
        answer = served.client.get(f"/play/audit?{name}={text}")
        assert (answer.status_code, answer.json()["code"]) == (400, "S0207")
        assert text not in answer.text


# ── text that means something elsewhere ────────────────────────────────────────────────────────────────────────


def test_only_pages_are_html(served: Served) -> None:
    """Script text, data and errors may hold markup: no answer with them is shown as a page, whatever a browser asks."""
    source = f'script odd() uses main\n  "{SCRIPT}"\n  emit {{text: "{SCRIPT}"}}\nend\n'
    put = served.client.put("/scripts/odd", content=source, headers={"Content-Type": "text/x-sop"})
    assert put.status_code == 201
    browser = {"Accept": "text/html,application/json,*/*;q=0.1"}
    for address in (
        "/play/odd",
        "/play/odd?format=csv",
        "/play/odd?format=json",
        "/play/cells",
        "/scripts",
        "/scripts/odd",
        "/scripts/odd/source",
        "/scripts/odd/disasm",
        "/runs",
        f"/play/{SCRIPT}",
        f"/nothing/{SCRIPT}",
        f"/play/odd?format={SCRIPT}",
        f"/play/odd?{SCRIPT}=1",
        "/openapi.json",
        "/metrics",
    ):
        answer = served.client.get(address, headers=browser)
        assert "html" not in answer.headers["content-type"], address
        assert answer.headers["x-content-type-options"] == "nosniff", address
        assert "default-src 'none'" in answer.headers["content-security-policy"], address
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], address


def test_a_header_can_not_be_smuggled_into_an_answer(shared: Served) -> None:
    for address in ("/play/a%0d%0aSet-Cookie:%20x=1", "/nothing%0d%0aSet-Cookie:%20x=1", "/play?script=a%0d%0aX:1"):
        assert b"set-cookie" not in shared.raw(head(shared, f"GET {address} HTTP/1.1")).split(b"\r\n\r\n")[0].lower()


def test_an_events_data_can_not_end_the_event(shared: Served) -> None:
    text = "a\n\nevent: end\ndata: {}\n\n"
    answer = shared.client.get("/play/echo", params={"value": json.dumps(text), "format": "sse"})
    assert answer.text.count("\nevent: end") == 1


def test_answers_do_not_reveal_the_folder(shared: Served) -> None:
    for address in ("/play/nothing", "/scripts/nothing", "/databases/nothing", "/runs/x"):
        assert str(shared.folder) not in shared.client.get(address).text


# ── many at once ───────────────────────────────────────────────────────────────────────────────────────────────


def test_connections_that_say_nothing_do_not_stop_others(shared: Served) -> None:
    idle = [socket.create_connection(("127.0.0.1", shared.port)) for _ in range(200)]
    try:
        assert alive(shared)
    finally:
        for connection in idle:
            connection.close()


def test_endless_runs_do_not_stop_others(serve: Callable[..., Served]) -> None:
    served = serve(max_runs=4)
    addresses = [
        served.client.post("/play/forever", headers={"Prefer": "respond-async"}).headers["location"] for _ in range(4)
    ]
    assert served.client.get("/play/audit").status_code == 503
    assert served.client.get("/live").status_code == 200
    assert served.client.get("/scripts/audit").status_code == 200
    for address in addresses:
        assert served.client.delete(address).status_code == 204

"""A server behind a reverse proxy on loopback: addresses under its prefix, and what it says of its clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from runtime.api.proxies import Proxies
from runtime.errors import UsageError
from tests.api.conftest import Served

CLIENT = "203.0.113.7"


@contextmanager
def proxy(port: int, *, strips: bool, said: dict[str, str]) -> Iterator[httpx.Client]:
    """A reverse proxy for /sop, and a client of it. strips: it sends the prefix not on. said: headers that it adds."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.removeprefix("/sop") if strips else self.path
            kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(self.command, path, body, {**kept, "Host": f"127.0.0.1:{port}", **said})
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/sop/"
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("strips", [False, True])
@pytest.mark.parametrize("tells", [False, True])
def test_addresses_have_the_prefix(serve: Callable[..., Served], strips: bool, tells: bool) -> None:
    """The prefix is an option of the server, or told by the proxy."""
    served = serve(**({"proxies": ("127.0.0.0/8",)} if tells else {"root_path": "/sop/"}))
    said = {"X-Forwarded-Prefix": "/sop"} if tells else {}
    with proxy(served.port, strips=strips, said=said) as client:
        answer = client.post("play/note", json={"text": "x"}, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202
        assert answer.headers["Location"].startswith("/sop/runs/")
        assert client.get(answer.headers["Location"].removeprefix("/sop/")).status_code == 200
        assert client.get("play/audit").headers["X-Run"].startswith("/sop/runs/")
        assert client.get("openapi.json").json()["servers"] == [{"url": "/sop"}]
        page = client.get("")
        assert page.status_code == 200
        assert 'src="/' not in page.text and 'href="/' not in page.text
        assert client.get("docs").status_code == 200 and 'href="/' not in client.get("docs").text
    assert "X-Run" in served.client.get("/play/audit").headers


def test_a_server_without_a_proxy_has_no_prefix(served: Served) -> None:
    document = served.client.get("/openapi.json", headers={"X-Forwarded-Prefix": "/evil"}).json()
    assert document["servers"] == [{"url": "/"}]
    assert served.client.get("/sop/live").status_code == 404


@pytest.mark.parametrize("trusted", [False, True])
def test_only_a_named_proxy_tells_of_its_clients(serve: Callable[..., Served], trusted: bool) -> None:
    served = serve(audit_reads=True, **({"proxies": ("127.0.0.1",)} if trusted else {}))
    said = {"X-Forwarded-For": f"198.51.100.1, {CLIENT}, 127.0.0.1"}
    with proxy(served.port, strips=True, said=said) as client:
        assert client.get("play/audit").status_code == 200
    addresses = {json.loads(line)["address"] for line in served.audit.splitlines()}
    assert addresses == {CLIENT if trusted else "127.0.0.1"}


@pytest.mark.parametrize(("host", "status"), [("scripts.example", 200), ("evil.example", 421), ("a, b", 421)])
def test_the_host_that_a_proxy_tells_is_checked(serve: Callable[..., Served], host: str, status: int) -> None:
    served = serve(hosts=("scripts.example",), proxies=("127.0.0.1",))
    with proxy(served.port, strips=True, said={"X-Forwarded-Host": host}) as client:
        assert client.get("play/audit").status_code == status


@pytest.mark.parametrize("said", ["", "unknown", "203.0.113.7:80, x", "a" * 1000])
def test_addresses_that_are_none_change_nothing(said: str) -> None:
    scope = {"path": "/", "client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", said.encode())]}
    Proxies(("127.0.0.1",)).undo(scope)
    assert scope["client"] == ("127.0.0.1", 1)


@pytest.mark.parametrize(("trusted", "prefix"), [(("proxy.example",), ""), ((), "sop"), ((), "/a/../b c")])
def test_what_is_no_proxy_or_prefix_is_refused(trusted: tuple[str, ...], prefix: str) -> None:
    with pytest.raises(UsageError) as error:
        Proxies(trusted, prefix)
    assert error.value.code == "S0216"

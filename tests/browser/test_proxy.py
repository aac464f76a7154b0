"""The page behind a proxy that puts a prefix before all addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served
from tests.browser.conftest import Window

PREFIX = "/team/data"
PASSED = ("content-type", "location", "content-security-policy", "x-run")


class Proxy(BaseHTTPRequestHandler):
    """Passes what is asked under the prefix to a server, and answers 404 to all else."""

    served: Served

    def _pass(self) -> None:
        if not self.path.startswith(PREFIX + "/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        kept = {name: self.headers[name] for name in ("content-type", "accept") if name in self.headers}
        answer = self.served.client.request(self.command, self.path[len(PREFIX) :], headers=kept, content=body)
        self.send_response(answer.status_code)
        for name in PASSED:
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = _pass  # noqa: N815 (names of the library)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(served: Served) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Proxy,), {"served": served}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_works_under_a_prefix(window: Window, proxy: str) -> None:
    assert httpx.get(proxy.removesuffix(PREFIX) + "/assets/main.js", trust_env=False).status_code == 404
    seen = window(url=proxy.removesuffix(PREFIX))
    page = seen.page
    page.goto(f"{proxy}/play/audit?dept=Sales&floor=90000")
    expect(page.locator("input[name=dept]")).to_have_value("Sales")
    page.get_by_role("button", name="Run").click()
    seen.shows(page, "Edgar", "95,000")
    page.get_by_role("link", name="Data").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_role("link", name="Ask").click()
    seen.shows(seen.ask("Show the name of the employees in Sales."), "Edgar", "Barbara")
    page.get_by_role("button", name="Link").click()
    expect(page.locator("#told")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"{proxy}/#/ask?q=Show")
    assert {url for url in seen.requests if not url.startswith(proxy)} == set()

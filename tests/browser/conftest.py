"""A real Chromium on the page of a real server; without Chromium, the tests are skipped and counted as skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Locator, Page, expect, sync_playwright

from tests.api.conftest import Served, folder, serve, served, template

__all__ = ["folder", "serve", "served", "template"]

AXE: Final = Axe()
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=60_000)  # a busy machine is no fault of the page


@pytest.fixture(scope="module")  # while it lives, no test of this process can run an event loop of its own
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Seen:
    """The page, its requests, its errors and its dialogs, which are accepted."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.served = served
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        page.set_default_timeout(60_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.accept()

    def open(self, place: str = "") -> None:
        """Show a place of the page, such as `#/data`."""
        self.page.goto(f"{self.served.url}/{place}")
        self.page.wait_for_selector("main")

    def ask(self, text: str) -> Locator:
        """Ask a question; its card, once something is there to see or to decide."""
        self.page.fill("#question", text)
        self.page.press("#question", "Enter")
        card = self.page.locator(".entry").first
        expect(card.locator("h2")).to_have_text(text)
        expect(card.locator(".busy")).to_have_count(0)
        return card

    def check(self) -> None:
        """Fail for what WCAG 2.2 AA forbids, and for a page that scrolls sideways."""
        found = AXE.run(self.page, options={"runOnly": WCAG}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    def shows(self, of: Locator | Page, *cells: str) -> None:
        """Expect a table of these cells."""
        expect(of.locator("table.data tbody td")).to_have_text(list(cells))


Window = Callable[..., Seen]


@pytest.fixture
def window(browser: Browser, served: Served) -> Iterator[Window]:
    """Open a window on the server, of a size. At the end, none has an error or a request to another host."""
    opened: list[Seen] = []

    def make(width: int = 1280, height: int = 900, url: str = "", **options: Any) -> Seen:
        context = browser.new_context(
            viewport={"width": width, "height": height}, **{"reduced_motion": "reduce", "locale": "en-GB"} | options
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url or served.url)
        opened.append(Seen(context.new_page(), served))
        return opened[-1]

    yield make
    for seen in opened:
        seen.page.context.close()
        assert seen.errors == []
        assert {url for url in seen.requests if not url.startswith(("http://127.0.0.1:", "blob:", "data:"))} == set()


@pytest.fixture
def seen(window: Window) -> Seen:
    made = window()
    made.open()
    return made

"""A real Chromium on the page of a real server; without Chromium, the tests are skipped and counted as skipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.conftest import Served, folder, serve, served, template

__all__ = ["folder", "serve", "served", "template"]

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=30_000)  # a busy machine is no fault of the page


@pytest.fixture(scope="module")  # while it lives, no test of this process can run an event loop of its own
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Seen:
    """The page, and its requests and errors."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.served = served
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dialog)
        self.dialogs: list[str] = []
        self.answers: list[str] = []

    def _dialog(self, dialog: object) -> None:
        self.dialogs.append(dialog.message)  # type: ignore[attr-defined]
        dialog.accept(self.answers.pop(0) if self.answers else "")  # type: ignore[attr-defined]

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def shoot(self, name: str, folder: Path) -> None:
        self.page.screenshot(path=str(folder / f"{name}.png"))


@pytest.fixture
def seen(browser: Browser, served: Served) -> Iterator[Seen]:
    """The page on a fresh server. At the end, it must have no error and no request to another host."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(30_000)
    made = Seen(page, served)
    page.goto(served.url)
    page.wait_for_selector("#script-list li")
    yield made
    context.close()
    assert made.errors == []
    assert {url for url in made.requests if not url.startswith((served.url, "data:"))} == set()

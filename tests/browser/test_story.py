"""The first quarter of an hour of somebody with a file and a question: by mouse, by keys alone, and on a phone."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from runtime.api.shared import Settings
from runtime.config import Config
from tests.api.conftest import Served
from tests.browser.conftest import Seen, Window

ROWS = [
    ("Ann", "North", "1,234.50", "01/02/2026", 4, 2),
    ("Ben", "South", "80.00", "03/02/2026", 9, 1),
    ("<script>alert(1)</script>", "North", "310.25", "05/03/2026", 2, 8),
    ("'=1+1", "East", "99.90", "07/03/2026", 1, 3),
]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server in an empty folder."""
    made = Served(tmp_path, Settings(), config=Config(tmp_path / ".sop", tmp_path / "sop.toml", declared={}))
    yield made
    made.close()


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A spreadsheet with a title above its header, numbers as text, and dates that can be read in two ways."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Sales of the north shop"])
    sheet.append([])
    sheet.append(["Customer", "Region", "Total", "Ordered on", "Height", "Width"])
    for row in ROWS:
        sheet.append(row)
    book.save(tmp_path / "Sales.xlsx")
    return tmp_path / "Sales.xlsx"


def by_mouse(target: Locator) -> None:
    target.click()


def by_keys(target: Locator) -> None:
    """Tab until it has the focus, which must be seen, then press Enter, or the space bar for a radio button."""
    page = target.page
    for _ in range(80):
        if target.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"no way to {target} by Tab")
    assert target.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
    page.keyboard.press("Space" if target.get_attribute("type") == "radio" else "Enter")


def drop(page: Page, file: Path) -> None:
    """Drop a file on the page, as a file manager does."""
    content = list(file.read_bytes())
    data = page.evaluate_handle(
        """([bytes, name]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], name));
          return data;
        }""",
        [content, file.name],
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": data})


def choose(page: Page, file: Path, act: Callable[[Locator], None]) -> None:
    with page.expect_file_chooser() as chooser:
        act(page.get_by_role("button", name="choose a file"))
    chooser.value.set_files(file)


@pytest.mark.parametrize(("act", "width"), [(by_mouse, 1280), (by_keys, 1280), (by_mouse, 390)])
def test_the_first_quarter_of_an_hour(
    window: Window, served: Served, messy: Path, act: Callable[[Locator], None], width: int
) -> None:
    seen = window(width, accept_downloads=True)
    page = seen.page
    seen.open()
    expect(page.locator(".drop")).to_contain_text("There is no data yet")
    seen.check()
    if act is by_keys:
        choose(page, messy, act)
    else:
        drop(page, messy)
    imports(seen, act)
    asks(seen, act)
    refuses_a_delete(seen, act)
    name = saves(seen, act)
    shares(seen, window, act, width, name)
    assert seen.dialogs == []


def imports(seen: Seen, act: Callable[[Locator], None]) -> None:
    """One question, the report as a form, and the rows are there."""
    page = seen.page
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("legend")).to_contain_text("is 01/02/2026 in row 4 2026-02-01")
    seen.check()
    act(dialog.get_by_role("button", name="Use this one"))
    expect(dialog.get_by_label("Type of Ordered on")).to_have_value("date")
    seen.check()
    act(dialog.get_by_role("button", name="Import 4 rows"))
    expect(page.locator("#told")).to_contain_text("4 rows imported")
    expect(page.locator(".chip").first).to_be_visible()


def asks(seen: Seen, act: Callable[[Locator], None]) -> None:
    """Two questions: of one a reading is picked, of the other a chart is made and a spreadsheet taken along."""
    page = seen.page
    card = seen.ask("Show the sales above 3.")
    expect(card.locator("legend")).to_contain_text("ways. Which do you mean?")
    seen.check()
    width = card.get_by_role("radio", name="Width")
    if act is by_keys:
        act(card.get_by_role("radio").first)
        while not width.is_checked():
            page.keyboard.press("ArrowDown")
    else:
        width.check()
    act(card.get_by_role("button", name="Use this one"))
    seen.shows(card, "<script>alert(1)</script>", "North", "310.25", "2026-03-05", "2", "8")
    card = seen.ask("Show the sum of the total per region.")
    seen.shows(card, "East", "99.90", "North", "1,544.75", "South", "80.00")
    act(card.get_by_role("button", name="Chart"))
    expect(card.get_by_role("img", name="total by Region: 3 bars")).to_be_visible()
    seen.check()
    with page.expect_download() as download:
        act(card.get_by_role("button", name="Excel"))
    sheet = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).active
    assert sheet is not None
    assert list(sheet.iter_rows(values_only=True)) == [
        ("Region", "total"),
        ("East", 99.9),
        ("North", 1544.75),
        ("South", 80),
    ]


def refuses_a_delete(seen: Seen, act: Callable[[Locator], None]) -> None:
    card = seen.ask("Delete the sales in East.")
    expect(card.get_by_role("alertdialog")).to_contain_text("This will delete 1 row from sales · 4 rows now → 3 after")
    expect(card.get_by_role("button", name="Cancel")).to_be_focused()
    seen.check()
    act(card.get_by_role("button", name="Cancel"))
    expect(card).to_contain_text("Nothing was changed")
    rows = seen.served.client.get("/databases/main/stores/sales").json()
    assert rows["total"] == 4


def saves(seen: Seen, act: Callable[[Locator], None]) -> str:
    """The question is saved, and its form is shown."""
    page = seen.page
    card = page.locator(".entry", has_text="Show the sum of the total per region.")
    act(card.get_by_role("button", name="Save as script"))
    page.get_by_role("textbox", name="Name").fill("sums_by_region")
    seen.check()
    act(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("h1")).to_have_text("sums_by_region")
    seen.check()
    return "sums_by_region"


def shares(seen: Seen, window: Window, act: Callable[[Locator], None], width: int, name: str) -> None:
    """The link opens the same form in another window."""
    page = seen.page
    act(page.get_by_role("button", name="Run"))
    seen.shows(page, "East", "99.90", "North", "1,544.75", "South", "80.00")
    act(page.get_by_role("button", name="Link"))
    expect(page.locator("#told")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    other = window(width)
    other.page.goto(link)
    expect(other.page.locator("h1")).to_have_text(name)
    act(other.page.get_by_role("button", name="Run"))
    other.shows(other.page, "East", "99.90", "North", "1,544.75", "South", "80.00")
    assert other.page.locator("main b").count() == 0

"""What a person does on the page, view by view."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Seen, Window
from tests.commands import ROOT

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_question_is_said_back_and_its_rows_are_shown(seen: Seen) -> None:
    card = seen.ask("Show the name and salary of the employees in Engineering, highest salary first.")
    expect(card.locator(".understood")).to_contain_text("I understood:")
    expect(card.locator(".state")).to_contain_text("3 rows")
    seen.shows(card, "Ada", "180,000", "Grace", "160,000", "Alan", "120,000")
    card.get_by_text("Show program").click()
    expect(card.locator("pre")).to_contain_text("order by salary desc")
    seen.check()


def test_the_next_question_builds_on_the_one_before(seen: Seen) -> None:
    expect(seen.ask("Show the employees in Sales.").locator(".state")).to_contain_text("2 rows")
    (sentence,) = re.findall(r"The next question may build on the last \(“(.*?)”\)", " ".join(README.split()))
    card = seen.ask(sentence)
    expect(card).to_contain_text("It builds on what you asked before.")
    seen.shows(card, "Edgar", "Barbara")
    card.get_by_text("Save as script").click()
    seen.page.get_by_label("all 2 questions").check()
    seen.page.get_by_role("textbox", name="Name").fill("two_questions")
    seen.page.get_by_role("button", name="Save", exact=True).click()
    expect(seen.page.locator("h1")).to_have_text("two_questions")
    expect(seen.page.locator(".sentences li")).to_have_count(2)


def test_readings_are_choices_with_what_each_does(seen: Seen) -> None:
    seen.served.sql("create table boxes (id integer primary key, label text, height integer, width integer)")
    seen.served.sql("insert into boxes values (1, 'oak', 9, 2), (2, 'elm', 8, 3), (3, 'ash', 1, 7)")
    card = seen.ask("Show the boxes above 6.")
    choices = card.locator(".choice")
    expect(choices).to_have_count(2)
    assert choices.locator("span.faint").all_inner_texts() == ["shows 2 rows", "shows 1 row"]
    expect(choices.nth(1).locator("td:nth-child(2)")).to_have_text("ash")
    seen.check()
    choices.nth(1).get_by_role("radio").check()
    card.get_by_role("button", name="Use this one").click()
    seen.shows(card, "3", "ash", "1", "7")


def test_what_is_not_understood_is_marked(seen: Seen) -> None:
    card = seen.ask("Show the wibbly employees of foo.")
    assert card.locator("mark").all_inner_texts() == ["wibbly", "foo."]
    expect(card.get_by_role("alert")).to_contain_text("no store, field, value or variable here")
    assert card.locator(".chip").count() == 0, "a form that leaves words out is not offered"
    seen.check()
    card.get_by_role("button", name="Change the question").click()
    expect(seen.page.locator("#question")).to_have_value("Show the wibbly employees of foo.")


def test_a_change_waits_for_a_yes_and_its_first_focus_is_cancel(seen: Seen) -> None:
    card = seen.ask("Delete the employees in Sales.")
    expect(card.get_by_role("alertdialog")).to_contain_text(
        "This will delete 2 rows from employees · 5 rows now → 3 after"
    )
    expect(card.get_by_role("button", name="Cancel")).to_be_focused()
    seen.check()
    seen.page.keyboard.press("Enter")
    expect(card).to_contain_text("Nothing was changed")
    assert seen.served.sql("select count(*) from employees") == [(5,)]
    card = seen.ask("Delete the employees in Sales.")
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".empty")).to_contain_text("2 in employees")
    assert seen.served.sql("select count(*) from employees") == [(3,)]


def test_a_doubt_is_a_choice(seen: Seen) -> None:
    card = seen.ask("Show the name of the\u202e employees in Sales.")
    expect(card.get_by_role("group", name="Is this right?")).to_contain_text("U+202E")
    expect(card.locator("table")).to_have_count(0)
    seen.check()
    card.get_by_role("button", name="Show it anyway").click()
    seen.shows(card, "Edgar", "Barbara")
    card.get_by_role("button", name="Save as script").click()
    dialog = seen.page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("sellers")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_contain_text("As one script, it does this:")
    assert seen.served.client.get("/scripts/sellers").status_code == 404, "its doubts were not told yet"
    dialog.get_by_role("button", name="Save it like this").click()
    expect(seen.page.locator("h1")).to_have_text("sellers")


def test_commands_to_copy_hold_no_token(window: Window) -> None:
    seen = window()
    token = seen.served.token("all", rights=("run", "read", "query", "compile"))["Authorization"].split()[1]
    seen.open()
    seen.page.get_by_role("textbox", name="Token").fill(token)
    seen.page.get_by_role("button", name="Use it").click()
    card = seen.ask("Show the employees in Sales.")
    for item, part in (("curl", "$SOP_TOKEN"), ("sopvm command", "sopvm do "), ("Python", "library.do(")):
        card.locator("summary", has_text="More").click()
        card.get_by_role("button", name=f"Copy as {item}").click()
        expect(seen.page.locator("#told")).to_contain_text("copied")
        copied = seen.page.evaluate("navigator.clipboard.readText()")
        assert part in copied and token not in copied
    card.get_by_role("button", name="Link").click()
    assert token not in seen.page.evaluate("navigator.clipboard.readText()")


def test_rows_of_a_store_are_sorted_and_filtered_by_the_server(seen: Seen) -> None:
    seen.served.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 119) "
        "insert into log select i, 'note ' || i from n"
    )
    seen.open("#/data/main/log")
    page = seen.page
    expect(page.locator(".pages")).to_contain_text("1–50 of 119")
    page.get_by_role("button", name="id", exact=True).click()
    page.get_by_role("button", name="id").first.click()
    expect(page.locator("tbody td").first).to_have_text("119")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("tbody td").first).to_have_text("69")
    page.get_by_label("Field", exact=True).select_option("text")
    page.get_by_label("Value").fill("NOTE 11")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".spread [role=status]")).to_have_text("11 rows fit the filter")
    seen.check()
    page.get_by_role("button", name="Fields").click()
    expect(page.locator("tbody tr").first).to_contain_text("key")
    seen.check()


def test_a_scripts_form_runs_it_with_its_defaults_or_the_links_arguments(seen: Seen) -> None:
    seen.open("#/scripts/audit?dept=Sales&floor=90000")
    page = seen.page
    expect(page.locator("input[name=dept]")).to_have_value("Sales")
    page.get_by_role("button", name="Run").click()
    seen.shows(page, "Edgar", "95,000")
    page.fill("input[name=dept]", "sales")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".note.warn")).to_contain_text(
        'no row of employees has the department "sales"; nearest: "Sales"'
    )
    seen.check()


def test_a_browser_at_play_is_shown_the_form(seen: Seen) -> None:
    seen.open("play/audit?dept=Sales")
    expect(seen.page.locator("input[name=dept]")).to_have_value("Sales")


def test_a_script_that_writes_is_tried_first(seen: Seen) -> None:
    seen.open("#/scripts/note")
    page = seen.page
    page.fill("input[name=text]", "hello")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("This will insert 1 row into log")
    assert seen.served.sql("select count(*) from log") == [(0,)]
    page.get_by_role("button", name="Do it").click()
    expect(page.locator(".results .state")).to_contain_text("gives 1")
    assert seen.served.sql("select text from log") == [("hello",)]


def test_a_hundred_thousand_rows_are_paged(seen: Seen) -> None:
    seen.open("#/scripts/numbers?n=100000")
    page = seen.page
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".results .state")).to_contain_text("100,000 rows ·", timeout=60_000)
    assert page.locator(".results tbody tr").count() == 100
    page.get_by_role("button", name="Last").click()
    expect(page.locator(".results tbody td").last).to_have_text("50,000")


def test_a_question_of_a_run_is_answered_in_place(seen: Seen) -> None:
    seen.open("#/scripts/sure")
    page = seen.page
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".card.ask")).to_contain_text("Really?")
    seen.check()
    page.get_by_role("button", name="Answer").click()
    expect(page.locator(".results .state")).to_contain_text("1 row")
    seen.shows(page, "yes")


def test_a_run_is_stopped(seen: Seen) -> None:
    seen.open("#/scripts/forever")
    seen.page.get_by_role("button", name="Run").click()
    seen.page.get_by_role("button", name="Stop").click()
    expect(seen.page.locator(".results .state")).to_contain_text("Stopped")


def test_runs_are_listed_and_a_failure_is_shown_once_with_its_line(seen: Seen) -> None:
    seen.served.client.post("/play/divide", json={"by": 0}, headers={"Prefer": "respond-async"})
    seen.open("#/runs")
    page = seen.page
    expect(page.locator("tbody tr").first).to_contain_text("failed")
    seen.check()
    page.locator("tbody a").first.click()
    expect(page.locator(".card.bad")).to_have_count(1)
    expect(page.locator(".card.bad")).to_contain_text("V0102")
    expect(page.locator(".source .lit")).to_contain_text("return 10 // by")
    seen.check()


def test_a_waiting_run_is_answered_from_the_list(seen: Seen) -> None:
    seen.served.client.post("/play/sure", headers={"Prefer": "respond-async"})
    seen.open("#/runs")
    page = seen.page
    page.locator("tbody a").first.click()
    expect(page.locator(".card.ask")).to_contain_text("Really?")
    page.get_by_label("no", exact=True).check()
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("h1")).to_contain_text("ok")
    seen.shows(page, "no")


def test_english_program_and_bytecode_are_checked_as_they_are_typed(seen: Seen) -> None:
    seen.open("#/scripts/?new=1")
    page = seen.page
    page.get_by_label("Name").fill("two")
    page.get_by_label("English", exact=True).last.fill(
        "Show the employees in Sales.\nShow the number of employees per department."
    )
    expect(page.locator("#program textarea")).to_have_value(re.compile(r"script two\(\)\n  @1 emit from employees"))
    expect(page.locator("#code li")).not_to_have_count(0)
    page.locator("#code li").first.hover()
    assert page.locator("#english .lit").all_inner_texts() == ["Show the employees in Sales."]
    page.focus("#code")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#code [aria-selected=true]")).to_have_count(1)
    seen.check()
    page.locator("#program textarea").fill("script two()\n  emit from employees where salry > 3\nend")
    finding = page.locator("#program .findings button")
    expect(finding).to_contain_text("salary")
    assert page.locator("#program .wrong").all_inner_texts() == ["salry"]
    finding.click()
    assert page.evaluate("document.activeElement.selectionStart") == 41
    page.locator("#program textarea").fill("script two()\n  emit from employees where salary > 3\nend")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("two")
    assert "salary > 3" in seen.served.client.get("/scripts/two/source").text


def test_data_and_names_are_never_read_as_html(seen: Seen) -> None:
    page = seen.page
    seen.served.sql('create table "<img src=x onerror=alert(1)>" ("<b>f</b>" text)')
    seen.served.sql("insert into \"<img src=x onerror=alert(1)>\" values ('<script>alert(2)</script>')")
    card = seen.ask("Show the cells.")
    expect(card.get_by_role("cell", name="<script>alert(1)</script>")).to_be_visible()
    for place in (
        "#/data",
        "#/data/main/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        "#/scripts",
        "#/scripts/odd%20%2F%20name%20%252F%20%22%3Cb%3E%22",
    ):
        seen.open(place)
        page.reload()
        expect(page.locator("h1")).to_be_visible()
        assert page.locator("main img, main script, main b:not(#code b)").count() == 0
    assert seen.dialogs == []


SMALL: Final = """
[...document.querySelectorAll("button, select, input, summary, nav a")]
  .filter((each) => each.checkVisibility() && !each.matches(".hidden, [type=radio], [type=checkbox]"))
  .filter((each) => Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height) < 24)
  .map((each) => each.outerHTML)
"""


@pytest.mark.parametrize("place", ["#/ask", "#/data", "#/scripts/audit", "#/runs", "#/scripts/?new=1"])
def test_each_view_holds_when_it_is_narrow_or_its_text_twice_as_large(window: Window, place: str) -> None:
    seen = window(320, 700, color_scheme="dark")
    seen.open(place)
    expect(seen.page.locator("h1")).to_be_visible()
    seen.check()
    assert seen.page.evaluate(SMALL) == []
    seen.page.set_viewport_size({"width": 640, "height": 700})
    seen.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert seen.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_theme_that_stays(seen: Seen) -> None:
    seen.page.get_by_role("button", name="Use dark colours").click()
    expect(seen.page.locator("body")).to_have_css("background-color", "rgb(20, 23, 28)")
    seen.page.reload()
    expect(seen.page.locator("body")).to_have_css("background-color", "rgb(20, 23, 28)")
    seen.check()


def test_a_server_with_tokens_asks_for_one(window: Window) -> None:
    seen = window()
    token = seen.served.token("reader", rights=("read", "run"))["Authorization"].split()[1]
    seen.open("#/scripts/audit")
    seen.page.get_by_role("textbox", name="Token").fill(token)
    seen.page.get_by_role("button", name="Use it").click()
    seen.page.get_by_role("button", name="Run").click()
    expect(seen.page.locator(".results .state")).to_contain_text("2 rows")

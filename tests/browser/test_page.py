"""What a person does on the page: write, check, run, view results, answer, record."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Seen


def test_a_workflow_in_english_is_checked_as_it_is_typed_stored_and_run(seen: Seen) -> None:
    page = seen.page
    page.fill("#name", "well_paid")
    page.fill("#english textarea", "Show the name and salary of the employees in Engineering, highest salary first.")
    expect(page.locator("#program textarea")).to_have_value(
        re.compile(r'script well_paid\(\)\n  @1 emit from employees\s+where department = "Engineering"')
    )
    expect(page.locator("#code li")).not_to_have_count(0)
    page.click("#save")
    expect(page.locator("#said")).to_contain_text("well_paid: version 1")
    page.click("#run")
    expect(page.locator("#results .state")).to_contain_text("3 records")
    cells = page.locator("#results .row:not(.head) .cell").all_inner_texts()
    assert cells == ["Ada", "180000", "Grace", "160000", "Alan", "120000"]
    assert seen.served.client.get("/scripts/well_paid").json()["sentences"]


def test_what_is_wrong_is_marked_while_typing(seen: Seen) -> None:
    page = seen.page
    page.fill("#program textarea", "script x()\n  emit from employees where salry > 3\nend")
    finding = page.locator("#program .findings button")
    expect(finding).to_contain_text("E02")
    expect(finding).to_contain_text("salary")
    assert page.locator("#program .wrong").all_inner_texts() == ["salry"]
    assert page.locator("#save").is_disabled()
    finding.click()
    assert page.evaluate("document.activeElement.selectionStart") == 39
    page.fill("#program textarea", "script x()\n  emit from employees where salary > 3\nend")
    expect(page.locator("#save")).to_be_enabled()
    expect(page.locator("#program .findings button")).to_have_count(0)
    page.fill("#english textarea", "Wibble the wobble of the flurb.")
    expect(page.locator("#english .findings button")).to_contain_text("T02")


def test_what_belongs_together_is_highlighted_together(seen: Seen) -> None:
    page = seen.page
    page.fill("#name", "two")
    page.fill("#english textarea", "Show the employees in Sales.\nShow the number of employees per department.")
    page.wait_for_selector("#code li")
    page.locator("#code li").first.hover()
    assert page.locator("#english .lit").all_inner_texts() == ["Show the employees in Sales."]
    assert "".join(page.locator("#program pre .lit").all_inner_texts()).strip().startswith("@1 emit from employees")
    page.locator("#english pre span", has_text="number").hover(force=True)
    assert "".join(page.locator("#program pre .lit").all_inner_texts()).count("@2") >= 1
    assert page.locator("#code li.lit").count() >= 1
    assert not page.locator("#code li").first.evaluate("node => node.classList.contains('lit')")
    page.click("#words")
    expect(page.locator("#said-back p")).to_contain_text("Reads employees")
    page.locator("#said-back .said").first.hover()
    assert page.locator("#english .lit").all_inner_texts() == ["Show the employees in Sales."]
    # and by keyboard
    page.focus("#code")
    page.keyboard.press("ArrowDown")
    assert page.locator("#english .lit").all_inner_texts() == ["Show the employees in Sales."]


def test_the_readings_of_a_sentence_are_shown_by_their_rows_and_picked(seen: Seen) -> None:
    page = seen.page
    seen.served.sql("create table boxes (id integer primary key, label text, height integer, width integer)")
    seen.served.sql("insert into boxes values (1, 'oak', 9, 2), (2, 'elm', 8, 3), (3, 'ash', 1, 7)")
    page.fill("#name", "above")
    page.fill("#english textarea", "Show the boxes above 6.")
    expect(page.locator("#readings strong")).to_contain_text("Sentence 1")
    readings = page.locator("#readings li")
    expect(readings).to_have_count(2)
    assert readings.locator("small").all_inner_texts() == ["shows 2 rows", "shows 1 row"]
    assert readings.nth(0).locator("td:nth-child(2)").all_inner_texts() == ["oak", "elm"]
    assert readings.nth(1).locator("td:nth-child(2)").all_inner_texts() == ["ash"]
    assert page.locator("#save").is_disabled()
    readings.nth(1).locator("button").click()
    expect(page.locator("#save")).to_be_enabled()
    expect(page.locator("#readings")).to_be_hidden()
    expect(page.locator("#program textarea")).to_have_value(re.compile("width > 6"))
    page.click("#save")
    expect(page.locator("#said")).to_contain_text("above: version 1")
    assert "width > 6" in seen.served.client.get("/scripts/above/source").text
    page.fill("#english textarea", "Show the boxes above 7.")  # an answer is of the text that was asked about
    expect(readings).to_have_count(2)
    page.fill("#english textarea", "Show the boxes.")
    expect(page.locator("#save")).to_be_enabled()
    expect(page.locator("#readings")).to_be_hidden()


def test_an_argument_that_no_row_holds_is_told(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=audit")
    page.fill("#fields input[name=dept]", "sales")
    page.click("#run")
    expect(page.locator("#results .warning")).to_have_text(
        'warning: dept: no row of employees has the department "sales"; nearest: "Sales"'
    )
    page.fill("#fields input[name=dept]", "Sales")
    page.click("#run")
    expect(page.locator("#results .warning")).to_have_count(0)


def test_a_hundred_thousand_rows_are_scrolled(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=numbers")
    page.fill("#fields input[name=n]", "100000")
    page.click("#run")
    expect(page.locator("#results .state")).to_contain_text("100,000 records", timeout=60_000)
    assert page.locator("#results .row").count() < 100
    page.locator("#results .body").evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(page.locator("#results .row").last).to_contain_text("100000")
    page.locator("#results .body").evaluate("box => { box.scrollTop = box.scrollHeight / 2 }")
    expect(page.locator("#results .row >> text=/^500\\d\\d$/").first).to_be_visible()
    page.click("#result-lines")
    expect(page.locator("#results .row").first).to_contain_text('"type":"start"')
    assert page.locator("#results .row").count() < 100
    page.click("#result-trace")
    expect(page.locator("#results .bubble.records")).to_contain_text("100,000 records")


def test_a_question_is_answered_in_place(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=sure")
    page.click("#run")
    expect(page.locator(".asking")).to_contain_text("Really?")
    page.keyboard.press("Enter")  # the first answer has the focus
    expect(page.locator("#results .state")).to_contain_text("1 record")
    assert page.locator("#results .row:not(.head) .cell").all_inner_texts() == ["true"]
    page.click("#script-list >> text=perhaps")
    page.click("#run")
    page.click(".asking >> text=3")
    expect(page.locator("#results .row:not(.head) .cell")).to_have_text("3")


def test_a_run_is_stopped(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=note_forever")
    page.click("#run")
    expect(page.locator("#results .state")).to_contain_text("running")
    page.click("#cancel")
    expect(page.locator("#results .state")).to_have_text(re.compile("stopped|cancelled"))
    assert seen.served.sql("select count(*) from log") == [(0,)]


def test_a_failure_is_told_where_it_happened(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=said_then_failed")
    page.fill("#fields input[name=by]", "0")
    page.click("#run")
    expect(page.locator("#results .state")).to_contain_text("failed")
    page.click("#result-trace")
    expect(page.locator("#results .bubble.error")).to_contain_text("V0102")
    page.click("#script-list >> text=divide")
    page.fill("#fields input[name=by]", "0")
    page.click("#run")
    expect(page.locator("#said")).to_contain_text("V0102")


def test_a_recording_becomes_a_script(seen: Seen) -> None:
    page = seen.page
    page.click("#tab-record")
    page.fill("#session-name", "mine")
    page.click("#begin button")
    expect(page.locator("#step")).to_be_enabled()
    for text in ("Show the name of the employees in Sales.", 'insert into log { text: "noted" }', "? count(from log)"):
        page.fill("#step", text)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#step")).to_have_value("")
    assert page.locator("#session-results .row:not(.head) .cell").all_inner_texts() == ["1"]
    expect(page.locator("#steps li")).to_have_count(2)
    page.fill("#step", "emit from nothing")
    page.click("#do")
    expect(page.locator("#said")).to_contain_text("E0202")
    seen.answers = ["value", "dept"]
    page.click("#steps li:first-child >> text=→ parameter")
    expect(page.locator("#recorded")).to_contain_text('dept: text = "Sales"')
    page.click("#steps li:last-child [aria-label='Remove step 2']")
    expect(page.locator("#steps li")).to_have_count(1)
    page.click("#undo")
    expect(page.locator("#steps li")).to_have_count(2)
    page.fill("#step", 'emit from log where text = "noted"')
    page.click("#do")
    seen.answers = ["note_text"]
    page.click("#offers button")
    expect(page.locator("#recorded")).to_contain_text('note_text: text = "noted"')
    page.click("#stop")
    expect(page.locator("#name")).to_have_value("mine")
    expect(page.locator("#fields input[name=dept]")).to_be_visible()
    assert seen.served.sql("select count(*) from log") == [(0,)]


def test_data_and_program_text_are_never_read_as_html(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=cells")
    page.click("#run")
    expect(page.locator("#results .cell >> text=<script>alert(1)</script>")).to_be_visible()
    for view in ("trace", "lines"):
        page.click("#result-" + view)
        expect(page.locator("#results .body")).to_contain_text("<script>alert(1)</script>")
    evil = "<img src=x onerror=alert(2)>"
    page.fill("#program textarea", f'script x()\n  emit {{ a: "{evil}" }}\n  let b = `{evil}`\nend')
    expect(page.locator("#program .findings button").first).to_contain_text("E02")
    page.click("text=odd / name")
    page.fill("#session-name" if page.locator("#session-name").is_visible() else "#name", evil)
    assert page.locator("main img, main script").count() == 0
    assert seen.dialogs == []


def test_runs_and_their_frames_are_seen(seen: Seen) -> None:
    page = seen.page
    page.click("#script-list >> text=sure")
    page.click("#run")
    page.wait_for_selector(".asking")
    page.click("#tab-runs")
    page.click("#run-list >> text=waiting")
    expect(page.locator("#run-frames")).to_contain_text("default_used")
    page.click("text=Stop this run")
    expect(page.locator("#run-list")).to_contain_text("cancelled")


def test_the_schema_is_shown(seen: Seen) -> None:
    seen.page.click("#tab-data")
    expect(seen.page.locator("#stores")).to_contain_text("department")


def test_tabs_by_keyboard_and_a_theme_that_stays(seen: Seen) -> None:
    page = seen.page
    page.focus("#tab-scripts")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#record")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#data")).to_be_visible()
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    expect(page.locator("#data")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_with_a_token(seen: Seen) -> None:
    token = seen.served.token("reader", rights=("read", "run"))["Authorization"].removeprefix("Bearer ")
    page = seen.page
    page.reload()
    expect(page.locator("#said")).to_contain_text("S0201")
    page.fill("#token", token)
    page.keyboard.press("Tab")
    page.click("#script-list >> text=audit")
    page.click("#run")
    expect(page.locator("#results .state")).to_contain_text("2 records")

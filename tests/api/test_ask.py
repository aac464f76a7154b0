"""Requests in English over HTTP: said back before they run, and changes counted before they are made; rows by pages."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest

from tests.api.conftest import Served

SALES = "Show the name and salary of the employees in Sales, highest salary first."
DELETE = "Delete the employees in Sales."


def asked(served: Served, text: str, **more: Any) -> dict[str, Any]:
    answer = served.client.post("/ask", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def records(text: str) -> list[Any]:
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[-1]["status"] == "ok"
    return [line["result"] for line in lines if line["type"] == "record"]


def test_a_request_is_said_back_and_then_run(shared: Served) -> None:
    said = asked(shared, SALES)
    assert said["explained"]["about"] == ["Reads employees.", "Changes nothing."]
    assert "order by salary desc" in said["program"]
    assert said["columns"] == [
        {"name": "name", "type": "text", "unit": None},
        {"name": "salary", "type": "int", "unit": None},
    ]
    assert said["changes"] is None
    confirmed = {"text": SALES, "program": said["program"], "confirm": said["confirm"]}
    answer = shared.client.post("/ask", json=confirmed)
    assert records(answer.text) == [{"name": "Edgar", "salary": 95000}, {"name": "Barbara", "salary": 85000}]
    assert shared.client.get("/scripts/request").status_code == 404


def test_the_rows_are_had_as_a_spreadsheet(shared: Served) -> None:
    said = asked(shared, SALES)
    answer = shared.client.post("/ask?format=xlsx", json={"text": SALES, "confirm": said["confirm"]})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert list(sheet.iter_rows(values_only=True)) == [("name", "salary"), ("Edgar", 95000), ("Barbara", 85000)]


def test_a_run_that_fails_gives_no_spreadsheet(shared: Served) -> None:
    answer = shared.client.get("/play/said_then_failed?by=0&format=xlsx")
    assert (answer.status_code, answer.json()["code"]) == (422, "V0102")


def test_a_change_is_counted_and_made_only_when_it_is_confirmed(served: Served) -> None:
    said = asked(served, DELETE)
    assert said["changes"] == [{"command": "delete", "store": "employees", "rows": 2, "before": 5, "after": 3}]
    assert served.sql("select count(*) from employees") == [(5,)]
    wrong = served.client.post("/ask", json={"text": DELETE, "confirm": asked(served, SALES)["confirm"]})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "S0128")
    assert served.sql("select count(*) from employees") == [(5,)]
    answer = served.client.post("/ask", json={"text": DELETE, "confirm": said["confirm"]})
    assert records(answer.text) == []
    assert served.sql("select count(*) from employees") == [(3,)]


def test_a_program_that_was_changed_after_it_was_said_back_does_not_run(served: Served) -> None:
    said = asked(served, SALES)
    body = {"text": SALES, "program": asked(served, DELETE)["program"], "confirm": said["confirm"]}
    assert served.client.post("/ask", json=body).json()["code"] == "S0128"
    assert served.sql("select count(*) from employees") == [(5,)]


def test_a_sentence_builds_on_those_before_it(shared: Served) -> None:
    said = asked(shared, "Show their names.", before="Show the employees in Sales.")
    assert said["text"] == "Show the employees in Sales.\nShow their names."
    answer = shared.client.post("/ask", json={**{k: said[k] for k in ("text", "program", "confirm")}})
    assert records(answer.text) == [{"name": "Edgar"}, {"name": "Barbara"}]
    alone = asked(shared, SALES, before="Show the log.")
    assert alone["text"] == SALES
    lost = shared.client.post("/ask", json={"text": "Show the flurb of their wobble.", "before": SALES})
    assert "flurb" in lost.json()["detail"]


def test_an_open_question_is_asked_and_answered(served: Served) -> None:
    served.sql("create table boxes (id integer primary key, label text, height integer, width integer)")
    served.sql("insert into boxes values (1, 'oak', 9, 2), (2, 'elm', 8, 3), (3, 'ash', 1, 7)")
    text = "Show the boxes above 6."
    question = served.client.post("/ask", json={"text": text})
    assert (question.status_code, question.json()["code"]) == (409, "T0210")
    assert [each["rows"] for each in question.json()["readings"]] == [2, 1]
    assert "width > 6" in asked(served, text, answers={"1": "2"})["program"]


def test_what_asks_has_to_be_stored_first(served: Served) -> None:
    text = 'Ask "Really?" with choices "yes", "no".'
    said = served.client.post("/ask", json={"text": text})
    assert said.status_code == 200, said.text
    assert said.json()["asks"]
    refused = served.client.post("/ask", json={"text": text, "confirm": said.json()["confirm"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "S0129")


def test_rows_come_by_pages_sorted_and_filtered(shared: Served) -> None:
    def page(**params: Any) -> dict[str, Any]:
        answer = shared.client.get("/databases/main/stores/employees", params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    first = page(limit=2, order="department,-salary")
    assert [row["name"] for row in first["rows"]] == ["Ada", "Grace"]
    assert (first["total"], first["next"]) == (5, 2)
    last = page(limit=2, order="department,-salary", after=4)
    assert [row["name"] for row in last["rows"]] == ["Barbara"]
    assert last["next"] is None
    some = page(where='department = "Sales" and salary > 90000 or name = "Ada"', order="-name")
    assert [row["name"] for row in some["rows"]] == ["Edgar", "Ada"]
    assert some["total"] == 2


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/databases/main/stores/nothing", 404, "E0202"),
        ("/databases/nothing/stores/employees", 404, "C0204"),
        ("/databases/main/stores/employees?order=wage", 422, "E0203"),
        ("/databases/main/stores/employees?limit=5000", 400, "S0108"),
        ("/databases/main/stores/employees?after=-1", 400, "S0108"),
        ("/databases/main/stores/employees?where=wage>1", 422, "E0203"),
        ("/databases/main/stores/employees?where=true%20select%20name", 422, "E0101"),
        ("/databases/main/stores/employees?where=true%0Aend%0Ascript%20x()%20delete%20from%20log", 422, "E0101"),
    ],
)
def test_a_page_that_can_not_be_had(shared: Served, address: str, status: int, code: str) -> None:
    answer = shared.client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_browser_at_an_address_of_a_script_is_shown_its_form(served: Served) -> None:
    served.token("some")  # from now on, requests need a token
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = served.client.get("/play/audit?dept=Sales", headers=browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "../#/scripts/audit?dept=Sales")
    for accept in ("text/html;q=0.5, application/json", "*/*", "text/csv"):
        assert served.client.get("/play/audit", headers={"Accept": accept}).status_code == 401
    assert served.client.post("/play/audit", headers=browser).status_code == 401
    assert served.client.get("/play/audit?token=x", headers=browser).json()["code"] == "S0207"


EXAMPLES = """Show the name of the employees in Sales, sorted by name.

Examples

Example: two of them
Given employees:
  id | name | department | salary
  1  | Zoe  | Sales      | 5
  2  | Bob  | Sales      | 4
When it runs
Then it shows:
  name
  Bob
  Zoe
"""


def test_the_examples_of_a_script_are_tried(served: Served) -> None:
    text = {"Content-Type": "text/plain"}
    stored = served.client.put("/scripts/sellers", content=EXAMPLES, headers=text)
    assert stored.status_code == 201, stored.text
    tried = served.client.get("/scripts/sellers/examples").json()["examples"]
    assert [(each["title"], each["holds"]) for each in tried] == [("two of them", True)]
    served.sql("alter table employees rename column name to called")
    (broken,) = served.client.get("/scripts/sellers/examples").json()["examples"]
    assert not broken["holds"]
    assert broken["findings"]
    assert served.client.get("/scripts/audit/examples").json() == {"examples": []}

"""Recordings over HTTP: steps, questions, changes, the resulting script; and who may use a recording."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Served


@pytest.fixture
def session(served: Served) -> Served:
    """A server with a recording `mine` begun."""
    answer = served.client.post("/sessions", json={"name": "mine"})
    assert answer.status_code == 201
    assert answer.headers["location"] == "/sessions/mine"
    return served


def step(served: Served, text: str, **body: Any) -> list[dict[str, Any]]:
    answer = served.client.post("/sessions/mine/steps", json={"text": text, **body})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_recording_over_http_becomes_a_script(session: Served) -> None:
    start, *records, end = step(session, 'emit from employees where department = "Sales" order by id select name')
    assert start["type"] == "start"
    assert [line["result"] for line in records] == [{"name": "Edgar"}, {"name": "Barbara"}]
    assert (end["status"], end["result"]["step"]) == ("ok", 1)
    assert end["result"]["code"].startswith("emit from employees")
    step(session, 'insert into log { text: "noted" }')
    looked = session.client.post("/sessions/mine/look", json={"text": "count(from log)"}, params={"format": "records"})
    assert looked.json() == {"value": 1}
    made = session.client.post("/sessions/mine/parameters", json={"step": "1", "value": "department", "name": "dept"})
    assert made.json()["parameters"] == [{"name": "dept", "type": "text", "default": '"Sales"'}]
    shown = session.client.get("/sessions/mine").json()
    assert [each["text"] for each in shown["steps"]][1] == 'insert into log { text: "noted" }'
    assert shown["program"].startswith('script mine(dept: text = "Sales")')
    stopped = session.client.post("/sessions/mine/stop")
    assert (stopped.status_code, stopped.headers["location"]) == (201, "/scripts/mine")
    assert stopped.json()["writes"] == ["main.log"]
    assert session.sql("select count(*) from log") == [(0,)]
    assert session.client.get("/sessions").json() == {"sessions": []}
    assert "script-put" in session.audit
    played = session.client.post("/play/mine", json={"dept": "Engineering"})
    assert played.text.count('"record"') == 3
    assert session.sql("select text from log") == [("noted",)]


def test_steps_are_changed(session: Served) -> None:
    for text in ("let a = 1", 'say "{a}"', 'say "two"'):
        step(session, text)
    client = session.client
    assert len(client.delete("/sessions/mine/steps/3").json()["steps"]) == 2
    assert len(client.post("/sessions/mine/undo").json()["steps"]) == 3
    assert client.post("/sessions/mine/move", json={"step": 3, "to": 1}).json()["steps"][0]["text"] == 'say "two"'
    assert client.put("/sessions/mine/steps/2", json={"text": "let a = 5"}).json()["steps"][1]["code"] == "let a = 5\n"
    assert client.post("/sessions/mine/pause").json()["paused"] is True
    assert step(session, "let b = 1")[-1]["result"]["step"] is None
    assert client.post("/sessions/mine/resume").json()["paused"] is False
    assert client.delete("/sessions/mine").status_code == 204
    assert client.get("/sessions/mine").status_code == 404


def test_a_question_is_answered_while_the_step_waits(session: Served) -> None:
    lines: list[dict[str, Any]] = []

    def ask() -> None:
        lines.extend(step(session, 'ask "How many?" into many: int'))

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 30
    waiting: list[Any] = []
    while not waiting:
        assert time.monotonic() < deadline
        waiting = session.client.get("/runs", params={"status": "waiting"}).json()["runs"]
    assert session.client.get("/sessions/mine").json()["steps"] == []
    busy = session.client.post("/sessions/mine/steps", json={"text": "let a = 1"})
    assert (busy.status_code, busy.json()["code"]) == (409, "C0306")
    assert session.client.post(f"/runs/{waiting[0]['id']}/answer", json={"value": 4}).status_code < 300
    asking.join()
    assert lines[-1]["status"] == "ok"
    assert [line["result"] for line in step(session, 'say "{many}"') if line["type"] == "say"] == ["4"]


def test_answers_may_come_along(session: Served) -> None:
    assert step(session, 'ask "How many?" into many: int', answers=["7"])[-1]["status"] == "ok"
    assert step(session, 'say "{many}"')[1]["result"] == "7"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/sessions", {"name": "mine"}, 409, "C0302"),
        ("POST", "/sessions", {"name": "../../x"}, 409, "C0302"),
        ("POST", "/sessions", {}, 400, "S0106"),
        ("POST", "/sessions", {"name": 5}, 400, "S0106"),
        ("POST", "/sessions", {"name": "x", "more": 1}, 400, "S0106"),
        ("GET", "/sessions/other", None, 404, "C0301"),
        ("GET", "/sessions/..%2F..%2Fetc", None, 409, "C0302"),
        ("POST", "/sessions/mine/steps", {"text": "emit from nothing"}, 422, "E0202"),
        ("POST", "/sessions/mine/steps", {"text": "let x = "}, 422, "E0103"),
        ("POST", "/sessions/mine/steps", {"text": ""}, 422, "C0303"),
        ("POST", "/sessions/mine/steps", {"text": "let x = 1 / (count(from log))"}, 422, "V0102"),
        ("POST", "/sessions/mine/steps", {}, 400, "S0106"),
        ("POST", "/sessions/mine/look", {"text": "delete from log"}, 422, "C0303"),
        ("DELETE", "/sessions/mine/steps/9", None, 422, "C0304"),
        ("DELETE", "/sessions/mine/steps/x", None, 404, "C0304"),
        ("POST", "/sessions/mine/undo", None, 422, "C0304"),
        ("POST", "/sessions/mine/move", {"step": 1}, 400, "S0106"),
        ("POST", "/sessions/mine/stop", None, 422, "C0304"),
        ("PATCH", "/sessions/mine", None, 405, "S0102"),
    ],
)
def test_what_is_wrong_has_a_status_and_changes_nothing(
    session: Served, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = session.client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert session.client.get("/sessions/mine").json()["steps"] == []


def test_a_body_that_is_no_object_is_told_what_one_is(session: Served) -> None:
    answer = session.client.post("/sessions/mine/steps", json=True)
    assert (answer.status_code, answer.json()["code"]) == (400, "S0106")
    assert answer.json()["hint"].startswith('{"text": …')


def test_a_failure_after_lines_is_told_in_the_stream(session: Served) -> None:
    lines = step(session, "for each e in from employees do\n  emit { n: 10 // (e.id - 3) }\nend")
    assert lines[-1]["status"] == "failed"
    assert lines[-2]["type"] == "error"
    assert session.client.get("/sessions/mine").json()["steps"] == []


def test_rights(session: Served) -> None:
    reader = session.token("reader", rights=("run", "read"))
    other = session.token("other", rights=("compile", "read"), scripts=("audit_*",))
    mine = session.token("mine", rights=("compile", "run", "read"), scripts=("mi*",))
    client = session.client
    assert client.get("/sessions").status_code == 401
    assert client.get("/sessions", headers=reader).status_code == 403
    assert client.get("/sessions", headers=other).json() == {"sessions": []}
    assert client.get("/sessions/mine", headers=other).status_code == 403
    assert client.get("/sessions/mine", headers=mine).status_code == 200
    written = client.post("/sessions/mine/steps", headers=mine, json={"text": 'insert into log { text: "x" }'})
    assert (written.status_code, written.json()["code"]) == (403, "S0202")


def test_two_sessions_and_ten_runs_at_once(serve: Callable[..., Served]) -> None:
    """Runs commit while two recordings have written; none sees data of another."""
    served = serve()
    for name in ("one", "two"):
        assert served.client.post("/sessions", json={"name": name}).status_code == 201
        text = f'insert into log {{ text: "of {name}" }}'
        assert served.client.post(f"/sessions/{name}/steps", json={"text": text}).status_code == 200
    seen: list[tuple[str, list[str]]] = []
    statuses: list[int] = []

    def look(name: str) -> None:
        for _ in range(5):
            body = {"text": 'from log where text like "of %" select text'}
            answer = served.client.post(f"/sessions/{name}/look", json=body, params={"format": "records"})
            seen.append((name, [json.loads(line)["text"] for line in answer.text.splitlines()]))

    def run(number: int) -> None:
        statuses.append(served.client.post("/play/note", json={"text": f"run {number}"}).status_code)

    threads = [threading.Thread(target=look, args=(name,)) for name in ("one", "two")]
    threads += [threading.Thread(target=run, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10
    assert sorted(seen) == sorted([(name, [f"of {name}"]) for name in ("one", "two") for _ in range(5)])
    assert sorted(text for (text,) in served.sql("select text from log")) == sorted(f"run {n}" for n in range(10))

"""Running scripts over HTTP: addresses, arguments, formats, statuses, and runs that end early."""

from __future__ import annotations

import gc
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Served

ODD = 'odd / name %2F "<b>"'


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until another thread has made the condition true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_script_runs_with_json_arguments(shared: Served) -> None:
    answer = shared.client.post("/play/audit", json={"dept": "Sales", "floor": 90000})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    start, record, end = lines(answer.text)
    assert start["args"] == {"dept": "Sales", "floor": 90000}
    assert record["result"] == {"name": "Edgar", "salary": 95000}
    assert (end["status"], end["records"]) == ("ok", 1)
    assert f"/runs/{start['run']}" == answer.headers["x-run"]


def test_an_argument_that_no_row_holds_is_told_to_who_may_read_the_data(served: Served) -> None:
    told = ['dept: no row of employees has the department "sales"; nearest: "Sales"']
    reads, runs = served.token("reads", rights=("run", "query")), served.token("runs", rights=("run",))
    answer = served.client.post("/play/audit", json={"dept": "sales"}, headers=reads)
    assert json.loads(answer.headers["x-warnings"]) == told
    assert served.client.get(answer.headers["x-run"], headers=reads).json()["warnings"] == told
    later = {**reads, "Prefer": "respond-async"}
    run = served.client.post("/play/audit", json={"dept": "sales"}, headers=later).json()["run"]
    until(lambda: served.client.get(run, headers=reads).json()["status"] == "ok", seconds=60)
    assert served.client.get(run, headers=reads).json()["warnings"] == told
    answer = served.client.post("/play/divide", json={"by": 0}, headers=reads)
    assert (answer.status_code, "x-warnings" in answer.headers) == (422, False)
    assert "x-warnings" not in served.client.post("/play/audit", json={"dept": "Sales"}, headers=reads).headers
    answer = served.client.post("/play/audit", json={"dept": "sales"}, headers=runs)
    assert (answer.status_code, "x-warnings" in answer.headers) == (200, False)
    assert "warnings" not in served.client.get(answer.headers["x-run"], headers=runs).json()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("address", ["/play/audit?", "/play?script=audit&", "/play/audit@1?"])
def test_arguments_may_be_in_the_query(shared: Served, method: str, address: str) -> None:
    answer = shared.client.request(method, address + "dept=Sales&floor=90000")
    assert [line["result"] for line in lines(answer.text) if line["type"] == "record"] == [
        {"name": "Edgar", "salary": 95000}
    ]


def test_get_changes_nothing(served: Served) -> None:
    for script in ("note", "note_twice"):
        answer = served.client.get(f"/play/{script}?text=x")
        assert (answer.status_code, answer.json()["code"]) == (405, "S0102")
        assert "POST" in answer.headers["allow"]
    assert served.sql("select count(*) from log") == [(0,)]
    assert served.client.post("/play/note_twice", json={"text": "x"}).status_code == 200
    assert served.sql("select count(*) from log") == [(2,)]


def test_head_and_options_run_nothing(served: Served) -> None:
    answer = served.client.head("/play/audit")
    assert (answer.status_code, answer.content) == (200, b"")
    assert served.client.head("/play/note?text=x").status_code == 405
    assert served.client.head("/play/nothing").status_code == 404
    answer = served.client.options("/play/audit")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert served.client.get("/runs").json() == {"runs": []}


@pytest.mark.parametrize(
    ("format_", "type_", "start"),
    [
        ("jsonl", "application/x-ndjson", '{"type":"start"'),
        ("json", "application/json", '[\n{"type":"start"'),
        ("sse", "text/event-stream; charset=utf-8", "event: start\ndata: {"),
        ("csv", "text/csv; charset=utf-8; header=present", "name,salary\nAda,180000\n"),
        ("records", 'application/x-ndjson; profile="records"', '{"name":"Ada","salary":180000}\n'),
    ],
)
def test_formats(shared: Served, format_: str, type_: str, start: str) -> None:
    by_query = shared.client.get(f"/play/audit?format={format_}")
    by_header = shared.client.get("/play/audit", headers={"Accept": type_.replace("; header=present", "")})
    for answer in (by_query, by_header):
        assert answer.headers["content-type"] == type_
        assert answer.text.startswith(start)
    assert ("Ada" in by_query.text, "Grace" in by_query.text) == (True, True)


def test_events_carry_the_seq_of_their_lines(shared: Served) -> None:
    events = shared.client.get("/play/audit?format=sse").text.split("\n\n")
    assert events[1].startswith('event: record\nid: 1\ndata: {"type":"record","seq":1,')
    assert [event.split("\n")[0] for event in events if event] == [
        "event: start", "event: record", "event: record", "event: end",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("application/xhtml+xml,*/*;q=0.8", "application/x-ndjson"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/*", "application/x-ndjson"),
        ("text/csv; q=0, */*", "application/x-ndjson"),
    ],
)
def test_accept_is_ordered_by_quality(shared: Served, accept: str, type_: str) -> None:
    assert shared.client.get("/play/audit", headers={"Accept": accept}).headers["content-type"] == type_


@pytest.mark.parametrize("accept", ["application/xml", "application/x-ndjson;q=0", "image/png"])
def test_an_accept_without_a_known_format_is_refused(shared: Served, accept: str) -> None:
    answer = shared.client.get("/play/audit", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "S0103")


@pytest.mark.parametrize(
    ("address", "body", "status", "code"),
    [
        ("/play/audits", {}, 404, "L0101"),
        ("/play/audit@7", {}, 404, "L0102"),
        ("/play/note", {}, 422, "C0121"),
        ("/play/audit", {"depth": 1}, 422, "C0122"),
        ("/play/audit", {"floor": "high"}, 422, "C0123"),
        ("/play/audit?floor=1", {"floor": 1}, 400, "S0108"),
        ("/play/audit?floor=1&floor=2", {}, 400, "S0108"),
        ("/play/audit?format=xml", {}, 400, "S0108"),
        ("/play/audit?dry_run=maybe", {}, 400, "S0108"),
        ("/play/audit?answer=1", {}, 400, "S0108"),
        ("/play/audit?answer=1=yes", {}, 422, "C0124"),
        ("/play/audit?dept=%ff", {}, 400, "S0108"),
        ("/play", {}, 400, "S0108"),
        ("/play/divide", {"by": 0}, 422, "V0102"),
        ("/play/note_then_fail", {"text": "x"}, 422, "V0401"),
        ("/nothing", {}, 404, "S0101"),
    ],
)
def test_failures_before_the_first_line_have_a_status(
    shared: Served, address: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = shared.client.post(address, json=body)
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"urn:sop:error:{code}" and said["title"] and said["detail"]


def test_a_failed_run_says_where(shared: Served) -> None:
    said = shared.client.post("/play/divide", json={"by": 0}).json()
    assert (said["script"], said["step"], said["run_status"]) == ("divide", "1", "failed")
    assert said["line"] > 1


@pytest.mark.parametrize("format_", ["jsonl", "sse"])
def test_later_failures_are_in_the_lines(shared: Served, format_: str) -> None:
    answer = shared.client.post(f"/play/said_then_failed?format={format_}", json={"by": 0})
    assert answer.status_code == 200
    assert answer.text.count('"type":"record"') == 5
    assert '"code":"V0102"' in answer.text and '"status":"failed"' in answer.text


@pytest.mark.parametrize("format_", ["jsonl", "json", "csv", "records", "sse"])
def test_a_failed_run_leaves_nothing(shared: Served, format_: str) -> None:
    answer = shared.client.post(f"/play/note_then_fail?format={format_}", json={"text": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "no more notes")
    assert shared.sql("select count(*) from log") == [(0,)]


def test_a_dry_run_changes_nothing(shared: Served) -> None:
    answer = shared.client.post("/play/note?dry_run=true", json={"text": "x"})
    assert lines(answer.text)[-1]["changes"] == [{"command": "insert", "store": "log", "rows": 1}]
    assert shared.sql("select count(*) from log") == [(0,)]


def test_values_keep_their_types_and_digits(shared: Served) -> None:
    body = (
        b'{"value": {"a": [1, 2.5, null, "x"]}, "price": 1234567890.0123456789, "ratio": 1, "tags": ["a"],'
        b' "day": "2026-01-31"}'
    )
    answer = shared.client.post("/play/echo?format=records", content=body, headers={"Content-Type": "application/json"})
    assert answer.text == (
        '{"value":{"a":[1,2.5,null,"x"]},"price":1234567890.0123456789,"ratio":1.0,"tags":["a"],"day":"2026-01-31"}\n'
    )


@pytest.mark.parametrize(
    ("body", "type_", "status", "code"),
    [
        (b"[1]", "application/json", 400, "S0106"),
        (b'{"value": ', "application/json", 400, "S0106"),
        (b'{"value": 1e999}', "application/json", 400, "S0106"),
        (b'{"value": 9223372036854775808}', "application/json", 400, "S0106"),
        (b'{"value": [-9223372036854775809]}', "application/json", 400, "S0106"),
        (b'{"value": "\xff"}', "application/json", 400, "S0106"),
        (b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400, "S0106"),
        (b'{"value": ' + b"9" * 100_000 + b"}", "application/json", 400, "S0106"),
        (b'{"value": 1}', "text/plain", 415, "S0105"),
        (b"value=1", "application/x-www-form-urlencoded", 415, "S0105"),
        (b'{"value": 1}', "", 415, "S0105"),
    ],
)
def test_bodies_that_are_not_arguments_are_refused(
    shared: Served, body: bytes, type_: str, status: int, code: str
) -> None:
    headers = {"Content-Type": type_} if type_ else {}
    answer = shared.client.post("/play/echo", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_names_may_hold_anything(shared: Served) -> None:
    answer = shared.client.post(f"/play/{quote(ODD, safe='')}", json={"a b": 7})
    assert lines(answer.text)[-1]["result"] == 7
    answer = shared.client.get("/play", params={"script": ODD, "a b": "8"})
    assert lines(answer.text)[-1]["result"] == 8


def test_an_ask_waits_for_its_answer(shared: Served) -> None:
    with shared.client.stream("POST", "/play/sure") as answer:
        stream = answer.iter_lines()
        start, question = json.loads(next(stream)), json.loads(next(stream))
        assert question["result"]["question"] == "Really?"
        address = f"/runs/{start['run']}"
        said = shared.client.get(address).json()
        assert (said["status"], said["question"]["step"]) == ("waiting", "1")
        frames = shared.client.get(address + "/frames").json()["frames"]
        assert (frames[0]["script"], frames[0]["step"]) == ("sure", "1")
        assert frames[0]["variables"]["default_used"] is False
        wrong = shared.client.post(address + "/answer", json={"value": "perhaps"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "V0105")
        wrong = shared.client.post(address + "/answer", json={"value": True, "step": "2"})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "S0111")
        assert shared.client.post(address + "/answer", json={"value": True, "step": "1"}).status_code == 204
        rest = [json.loads(line) for line in stream]
    assert rest[0]["result"] == {"ok": True}
    assert rest[-1]["status"] == "ok"
    late = shared.client.post(address + "/answer", json={"value": True})
    assert (late.status_code, late.json()["code"]) == (409, "S0111")


def test_an_ask_may_be_answered_beforehand_or_by_its_default(shared: Served) -> None:
    assert shared.client.post("/play/sure?answer=1=yes&format=records").text == '{"ok":true}\n'
    assert shared.client.post("/play/perhaps?format=records").text == '{"n":2}\n'
    wrong = shared.client.post("/play/perhaps?answer=1=7&format=records")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "V0404")


def test_an_ask_that_nobody_can_see_is_a_conflict(shared: Served) -> None:
    answer = shared.client.post("/play/sure?format=csv")
    assert (answer.status_code, answer.json()["code"]) == (409, "V0403")
    answer = shared.client.post("/play/sure?wait=0")
    assert lines(answer.text)[-1]["status"] == "waiting"


def test_ended_runs_keep_little_memory(served: Served) -> None:
    """An ended run keeps no exception, because that would keep all the run's data."""
    served.client.get("/play/divide?by=0")
    served.client.get("/play/divide?by=5")
    ok, failed = served.client.get("/runs?script=divide").json()["runs"]
    assert (ok["status"], ok["result"], failed["status"], failed["error"]["code"]) == ("ok", 2, "failed", "V0102")
    run = served.service.runs.get(failed["id"])
    assert run is not None
    assert not any(isinstance(part, Exception) for part in gc.get_referents(run, run.end))


def test_respond_async(served: Served) -> None:
    answer = served.client.post("/play/numbers", json={"n": 500}, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    address = answer.headers["location"]
    whole = lines(served.client.get(address + "/lines").text)
    assert (whole[0]["type"], len(whole), whole[-1]["records"]) == ("start", 502, 500)
    assert served.client.get(address).json()["status"] == "ok"
    rest = lines(served.client.get(address + "/lines?after=498").text)
    assert [line.get("seq") for line in rest] == [499, 500, None]
    events = served.client.get(address + "/lines", headers={"Accept": "text/event-stream", "Last-Event-ID": "499"})
    assert events.text.startswith("event: record\nid: 500\ndata: ")
    assert len(served.client.get(address + "/lines?format=json").json()) == 502
    assert served.client.get("/runs?script=numbers").json()["runs"][0]["id"] == answer.json()["id"]


@pytest.mark.parametrize(
    ("address", "status"), [("/play/nothing", 404), ("/play/numbers", 422), ("/play/numbers?n=x", 422)]
)
def test_respond_async_refuses_runs_that_can_not_start(served: Served, address: str, status: int) -> None:
    assert served.client.post(address, headers={"Prefer": "respond-async"}).status_code == status
    assert served.client.get("/runs").json() == {"runs": []}


def test_a_run_can_be_cancelled(served: Served) -> None:
    answer = served.client.post("/play/note_forever", headers={"Prefer": "respond-async"})
    address = answer.headers["location"]
    until(lambda: bool(served.client.get(address + "/frames").json()["frames"]))
    assert served.client.post(address + "/cancel").status_code == 204
    assert lines(served.client.get(address + "/lines").text)[-1]["status"] == "cancelled"
    assert served.sql("select count(*) from log") == [(0,)]
    until(lambda: not served.service.runs.active())


def test_a_client_that_goes_away_cancels_its_run(served: Served) -> None:
    request = f"POST /play/note_forever HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(request.encode())
        until(lambda: bool(served.service.runs.active()))
        run = served.service.runs.active()[0]
        until(lambda: bool(run.frames()))
    until(lambda: not served.service.runs.active())
    assert run.end is not None and run.end.status == "cancelled"
    with closing(sqlite3.connect(served.folder / "main.db", timeout=1)) as other, other:  # its lock is gone
        other.execute("insert into log values (1, 'mine')")
    other.close()


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work` for each number below `count`, all at the same time on separate threads; their results."""
    together = threading.Barrier(count)

    def begun(number: int) -> Any:
        together.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begun, range(count)))


def test_a_run_whose_client_leaves_a_question_waits_on(served: Served) -> None:
    with served.client.stream("POST", "/play/sure") as answer:
        stream = answer.iter_lines()
        assert [json.loads(next(stream))["type"] for _ in range(2)] == ["start", "ask"]
    until(lambda: not served.service.runs.active())
    (run,) = served.client.get("/runs").json()["runs"]
    assert (run["status"], run["question"]["question"]) == ("waiting", "Really?")
    assert served.client.post(f"/runs/{run['id']}/answer", json={"value": True}).status_code == 204
    until(lambda: served.client.get(f"/runs/{run['id']}").json()["status"] == "ok")
    said = lines(served.client.get(f"/runs/{run['id']}/lines").text)
    assert [line["type"] for line in said] == ["start", "ask", "record", "end"]


def test_ten_runs_do_not_share_the_transaction_of_another(served: Served) -> None:
    """One run has written and goes on, while ten read the same store on the same server."""
    first = served.client.post("/play/note_forever", headers={"Prefer": "respond-async"})
    address = first.headers["location"]
    until(lambda: any(frame["step"] != "1" for frame in served.client.get(address + "/frames").json()["frames"]))
    seen = at_once(10, lambda number: lines(served.client.get("/play/log_size").text)[-1]["result"])
    assert seen == [0] * 10
    served.client.post(address + "/cancel")
    until(lambda: not served.service.runs.active())
    assert served.client.post("/play/note", json={"text": "x"}).status_code == 200
    assert lines(served.client.get("/play/log_size").text)[-1]["result"] == 1


def test_runs_of_one_script_at_once_do_not_mix(served: Served) -> None:
    """The cached script, with its compiled hot loop, holds no state of a run."""

    def work(number: int) -> list[Any]:
        wanted = 40_000 + number
        total = lines(served.client.get(f"/play/sum_up_to?n={wanted}").text)[-1]["result"]
        echoed = served.client.get(f"/play/echo?value={number}&format=records").json()["value"]
        return [total == wanted * (wanted + 1) // 2, echoed == number]

    assert at_once(10, lambda number: work(number) + work(number)) == [[True] * 4] * 10


def test_runs_that_write_at_once_each_count_once(served: Served) -> None:
    at_once(10, lambda number: served.client.post("/play/note_twice", json={"text": str(number)}).raise_for_status())
    assert served.sql("select count(*), count(distinct text) from log") == [(20, 10)]


def test_a_spreadsheet_is_given_no_formulas(shared: Served) -> None:
    plain = shared.client.get("/play/cells?format=csv").text
    assert plain.splitlines()[1:4] == ["=1+1", "-2", "plain"]
    safe = shared.client.get("/play/cells?format=csv-safe").text
    assert safe.splitlines()[1:6] == ["'=1+1", "'-2", "plain", "'@x", "'+y"]


def test_records_of_different_shapes_are_refused_as_csv(shared: Served) -> None:
    answer = shared.client.get("/play/several?format=csv")
    assert (answer.status_code, answer.json()["code"]) == (422, "V0501")
    assert shared.client.get("/play/several?format=records").text == '{"a":1}\n{"b":2}\n'


def test_too_many_runs_are_refused_with_retry_after(serve: Callable[..., Served]) -> None:
    served = serve(max_runs=1)
    first = served.client.post("/play/forever", headers={"Prefer": "respond-async"})
    assert first.status_code == 202
    second = served.client.get("/play/audit")
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (503, "S0109", "1")
    served.client.post(first.headers["location"] + "/cancel")
    until(lambda: not served.service.runs.active())
    assert served.client.get("/play/audit").status_code == 200


def test_a_recompiled_script_is_used_at_once(served: Served) -> None:
    from tests.sandbox import Sandbox

    assert lines(served.client.get("/play/divide?by=5").text)[-1]["result"] == 2
    served.service.library.environment.close()  # one process may open a library once: compile as another one would
    with Sandbox(served.folder, {"main": "sqlite:///main.db"}) as sandbox:
        sandbox.compile("script divide(by: int) -> int\n  return 20 // by\nend\n")
    served.service.library.environment.share()
    assert lines(served.client.get("/play/divide?by=5").text)[-1]["result"] == 4


def test_a_store_that_changed_is_noticed(served: Served) -> None:
    assert served.client.get("/play/audit").status_code == 200
    served.sql("alter table employees rename column salary to wage")
    answer = served.client.get("/play/audit")
    assert (answer.status_code, answer.json()["code"]) == (409, "V0211")

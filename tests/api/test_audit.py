"""The audit: who did what, from where, to which data. Changes always, reads with `audit_reads`."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from runtime.api import slowdown
from runtime.api.tokens import RIGHTS
from tests.api.conftest import Served
from tests.api.test_play import until
from tests.commands import command, environment

ABOUT = {"audit", "at", "token", "address", "run", "script", "version", "hash", "databases", "effects", "arguments"}


def told(served: Served, *events: str) -> list[dict[str, Any]]:
    """The audit's lines, as soon as there is one of each event."""
    until(lambda: all(f'"audit":"{event}"' in served.audit for event in events))
    return [json.loads(line) for line in served.audit.splitlines()]


def test_a_write_is_audited_completely(served: Served) -> None:
    headers = served.token("payroll", rights=RIGHTS)
    assert served.client.post("/play/note_twice", json={"text": "x"}, headers=headers).status_code == 200
    begun, ended = told(served, "run-ended")
    assert ABOUT | {"dry_run"} == begun.keys()
    assert ended == {
        **begun,
        **{key: ended[key] for key in ("at", "ms")},
        "audit": "run-ended",
        "status": "ok",
        "rows": {"emitted": 0, "written": [{"command": "insert", "store": "log", "rows": 2}]},
    }
    whose = [begun[key] for key in ("token", "address", "script", "version")]
    assert whose == ["payroll", "127.0.0.1", "note_twice", 1]
    assert begun["hash"] == served.service.library.resolve("note_twice").hash
    assert (begun["databases"], begun["arguments"]) == (["main"], {"text": "x"})
    assert begun["effects"] == {"reads": ["main.log"], "writes": ["main.log"], "asks": False}
    assert "sop_" not in served.audit


@pytest.mark.parametrize(("address", "status"), [("note_then_fail", "failed"), ("note?dry_run=true", "dry-run")])
def test_rolled_back_rows_are_not_audited_as_written(served: Served, address: str, status: str) -> None:
    served.client.post(f"/play/{address}", json={"text": "x"})
    ended = told(served, "run-ended")[-1]
    assert (ended["status"], ended["rows"]["written"], "code" in ended) == (status, [], status == "failed")


def test_reads_are_audited_on_request(serve: Callable[..., Served]) -> None:
    served = serve(audit_reads=True)
    headers = served.token("curious", rights=("run",))
    for method in ("GET", "POST"):
        served.client.request(method, "/play/audit?dept=Sales&floor=0", headers=headers)
    until(lambda: served.audit.count("run-ended") == 2)
    for ended in told(served)[1::2]:
        assert ended["arguments"] == {"dept": "Sales", "floor": 0}
        assert ended["rows"] == {"emitted": 2, "written": []}
        assert ended["effects"]["reads"] == ["main.employees"]


def test_reads_are_not_audited_by_default(served: Served) -> None:
    served.client.get("/play/audit")
    served.client.post("/play/note", json={"text": "x"})
    assert {line["script"] for line in told(served, "run-ended")} == {"note"}


def test_looks_and_steps_of_recordings_are_reads(serve: Callable[..., Served]) -> None:
    served = serve(audit_reads=True)
    headers = served.token("curious", rights=RIGHTS)
    served.client.post("/sessions", json={"name": "rec"}, headers=headers)
    served.client.post("/sessions/rec/look", json={"text": "from employees"}, headers=headers)
    served.client.post("/sessions/rec/steps", json={"text": "emit from log"}, headers=headers)
    lines = told(served, "look-ended", "step-ended")
    assert [line["audit"] for line in lines] == ["look", "look-ended", "step", "step-ended"]
    assert lines[1]["rows"] == {"emitted": 5, "written": []}
    assert (lines[1]["effects"]["reads"], lines[3]["effects"]["reads"]) == (["main.employees"], ["main.log"])
    assert all(line.keys() >= ABOUT and line["token"] == "curious" for line in lines)


def test_stored_and_removed_scripts_are_audited(served: Served) -> None:
    text = "script fresh() emit from employees end"
    assert served.client.put("/scripts/fresh", content=text, headers={"Content-Type": "text/x-sop"}).status_code == 201
    served.client.delete("/scripts/fresh")
    put, removed = told(served, "script-delete")
    assert (put["script"], put["effects"]["reads"], put["address"]) == ("fresh", ["main.employees"], "127.0.0.1")
    assert (removed["script"], removed["versions"]) == ("fresh", 1)


def test_refusals_for_missing_rights_are_audited(served: Served) -> None:
    headers = served.token("reader", rights=("read",))
    served.client.get("/play/audit", headers=headers)
    served.client.put("/scripts/x", content="script x() end", headers={**headers, "Content-Type": "text/x-sop"})
    until(lambda: served.audit.count('"refused"') == 2)
    assert [(line["token"], line["code"]) for line in told(served)] == [("reader", "S0202")] * 2
    assert served.client.get("/scripts/nothing", headers=headers).status_code == 404
    assert len(told(served)) == 2


def test_answers_and_cancellations_are_audited(served: Served) -> None:
    run = served.client.post("/play/sure", headers={"Prefer": "respond-async"}).headers["location"]
    until(lambda: served.client.get(run).json()["status"] == "waiting")
    assert served.client.post(run + "/answer", json={"value": "perhaps"}).status_code == 422
    assert served.client.post(run + "/answer", json={"value": True}).status_code == 204
    other = served.client.post("/play/forever", headers={"Prefer": "respond-async"}).headers["location"]
    served.client.delete(other)
    said = [(line["audit"], line["script"]) for line in told(served, "run-answered", "run-cancelled")]
    assert said == [("run-answered", "sure"), ("run-cancelled", "forever")]
    until(lambda: not served.service.runs.active())


def test_many_wrong_tokens_are_audited(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowdown, "SECONDS", 0.001)
    monkeypatch.setattr(slowdown, "AT_ONCE", 0)
    right = served.token()["Authorization"]
    wrong = right[:-1] + ("A" if right[-1] != "A" else "B")
    served.client.get("/scripts", headers={"Authorization": wrong})
    (line,) = told(served, "wrong-token")
    assert (line["address"], line["claims"]) == ("127.0.0.1", right.split("_")[1])
    assert right.split("_", 2)[2][:20] not in served.audit


def test_a_long_argument_is_cut(served: Served) -> None:
    served.client.post("/play/note", json={"text": "x" * 100_000})
    assert all(len(json.dumps(line)) < 3000 for line in told(served, "run-ended"))


class Full(StringIO):
    """A stream of a disk that is full after some lines."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.left = lines

    def write(self, text: str) -> int:
        if self.left <= 0:
            raise OSError(28, "No space left on device")
        self.left -= text.count("\n")
        return super().write(text)


def test_a_run_that_can_not_be_audited_is_refused(served: Served) -> None:
    served.service.audit._stream = Full(0)
    answer = served.client.post("/play/note", json={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "S0123")
    assert served.sql("select count(*) from log") == [(0,)]
    assert served.client.get("/play/audit").status_code == 200


def test_a_run_whose_end_can_not_be_audited_still_succeeds(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.service.audit._stream = Full(1)
    answer = served.client.post("/play/note", json={"text": "x"})
    assert (answer.status_code, answer.text.count('"status":"ok"')) == (200, 1)
    assert served.sql("select count(*) from log") == [(1,)]
    until(lambda: "run-ended by local is not in the audit" in caplog.text)


def test_the_command(folder: Path) -> None:
    words = ("serve", "--audit", "audit.jsonl", "--audit-reads", "--get", "/play/audit?dept=Sales&floor=90000")
    done = subprocess.run(
        command("sopvm", *words), cwd=folder, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert [(line["audit"], line["token"], line["address"]) for line in lines] == [
        ("run", "local", ""),
        ("run-ended", "local", ""),
    ]
    assert lines[1]["rows"]["emitted"] == 1
    assert stat.S_IMODE((folder / "audit.jsonl").stat().st_mode) == 0o600

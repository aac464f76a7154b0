"""A failed run never looks complete: every format × every end × before or after the head × HTTP/1.1 and 1.0.

Before the head is sent, the answer is a problem document with a status. Afterwards, formats that show how a run ended
do so in their last line, and the others break off: curl exits with 18 (a chunk is missing) or, if the end of the
connection ends the answer, 56 (connection reset). Server and clients are real.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx
import pytest

from runtime.api import play
from runtime.api.formats import LINES, STREAMED
from runtime.api.runs import LiveRun
from runtime.api.shared import Settings
from runtime.runs.segments import Segments
from tests.api.conftest import Served, make_folder
from tests.api.test_play import until
from tests.api.test_streams import running
from tests.commands import command, environment

PROBLEM: Final = "application/problem+json"
ROWS: Final = 4000  # more than a pipe holds, so that the head is sent before the run can end
SCHEMA = f"""
create table wide (id integer primary key, text text not null);
with recursive n(i) as (select 1 union all select i + 1 from n where i < {ROWS})
insert into wide select i, 'row ' || i || ' of many which are long enough to fill the buffers of a socket soon' from n;
"""
SCRIPTS = """
script half(n: int = 0) emits {a: int}
  emit {a: 1}
  emit {a: 10 // n}
end

script fails(rows: int)
  for each w in from wide where id <= rows do emit {id: w.id, text: w.text} end
  fail "no more"
end

script lasts(rows: int)
  for each w in from wide where id <= rows do emit {id: w.id, text: w.text} end
  let n = 0
  while true do set n = n + 1 end
end

script ends(rows: int)
  for each w in from wide where id <= rows do emit {id: w.id, text: w.text} end
end

script asks(rows: int)
  for each w in from wide where id <= rows do emit {id: w.id, text: w.text} end
  ask "Go on?" into ok: bool
  emit {id: 0, text: "{ok}"}
end

script mixes(rows: int)
  for each w in from wide where id <= rows do emit {id: w.id, text: w.text} end
  emit {other: 1}
end
"""


@dataclass(frozen=True)
class End:
    """How a run ends, other than well. code, status: of its error, before the head. said: by its `end` line.

    act: brings the end about, once the run has emitted what it emits. rights: of a token for the run. more: beyond the
    rows that come through. formats: that it is an end in.
    """

    script: str
    code: str
    status: int
    said: str = "failed"
    act: Callable[[Served, str], object] | None = None
    rights: dict[str, float] | None = None
    more: int = 0
    formats: Sequence[str] = tuple(STREAMED)


def cancel(served: Served, run: str) -> None:
    assert served.client.delete(run).status_code == 204


ENDS: Final = {
    "failed": End("fails", "V0401", 422),
    "row limit": End("ends", "V0304", 422, rights={"max_rows": 0}, more=1),
    "time limit": End("lasts", "V0303", 504, rights={"max_seconds": 3.0}),
    "cancelled": End("lasts", "V0301", 409, "cancelled", cancel),
    "server stopped": End("lasts", "V0301", 503, "cancelled", lambda served, run: served.service.stop()),
    "waiting": End("asks", "V0403", 409, "waiting"),
    "fault": End("ends", "S0100", 500),
    "mixed records": End("mixes", "V0501", 422, formats=("csv", "csv-safe")),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("whole"), SCRIPTS, SCHEMA)


@pytest.fixture
def server(made: Path) -> Iterator[Served]:
    served = Served(made, Settings(max_rows=10**6))
    yield served
    served.close()
    served.tokens.path.unlink(missing_ok=True)


class Curl:
    """curl under way: it writes what it gets as it comes."""

    started: ClassVar[list[subprocess.Popen[bytes]]] = []

    def __init__(self, url: str, *options: str) -> None:
        words = ["curl", "--silent", "--no-buffer", "--include", "--max-time", "60", *options, url]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.started.append(self.process)
        self.got = b""

    def read_head(self) -> None:
        assert self.process.stdout is not None
        while b"\r\n\r\n" not in self.got:
            piece = self.process.stdout.read1(65536)  # type: ignore[attr-defined]
            assert piece, self.got
            self.got += piece

    def finish(self) -> int:
        """The exit code."""
        assert self.process.stdout is not None
        with self.process:
            self.got += self.process.stdout.read()
        return self.process.returncode

    @property
    def status(self) -> int:
        return int(self.got.split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.got.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> str:
        return self.got.partition(b"\r\n\r\n")[2].decode()


def last_line(format_: str, body: str) -> dict[str, Any]:
    """The `end` line."""
    if format_ == "json":
        found: dict[str, Any] = json.loads(body)[-1]
        return found
    return dict(json.loads(body.strip().split("\n")[-1].removeprefix("data: ")))


def past_rows(run: LiveRun) -> bool:
    return any(frame["step"] not in ("1", "1.1") for frame in run.frames())


def arrange(server: Served, end: End, rows: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """The query and curl's options for a run that emits this many rows and then ends in this way."""
    options = []
    if end.rights is not None:
        rights = {name: value or rows for name, value in end.rights.items()}
        token = server.token("limited", rights=("run", "read"), **rights)
        options = ["--header", f"Authorization: {token['Authorization']}"]
        server.client.headers.update(token)
    if end.code == "S0100":

        def fault(self: Segments) -> None:
            raise SystemError("a fault of ours")

        monkeypatch.setattr(Segments, "end", fault)
    return f"{server.url}/play/{end.script}?rows={rows + end.more}&wait=0&format=", options


@pytest.fixture(autouse=True)
def no_curl_is_left() -> Iterator[None]:
    yield
    while Curl.started:
        with Curl.started.pop() as process:
            process.kill()


def why(run: dict[str, Any]) -> str:
    """The code of a run that did not end well; one that waits for an answer has its question instead."""
    return "V0403" if "question" in run else str(run["error"]["code"])


@pytest.mark.parametrize("name", ENDS)
def test_before_the_head_an_end_is_a_problem_or_in_the_lines(
    server: Served, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the run has emitted is not sent, but in formats that say how it ended."""
    end = ENDS[name]
    monkeypatch.setattr(play, "PATIENCE_SECONDS", 60)  # the head is held back until the run has ended
    address, options = arrange(server, end, 1, monkeypatch)
    answers = {format_: Curl(address + format_, *options) for format_ in end.formats}
    if end.act is not None:
        until(lambda: len(server.service.runs.active()) == len(answers))
        until(lambda: all(past_rows(run) for run in server.service.runs.active()))
        for run in server.service.runs.active():
            end.act(server, f"/runs/{run.id}")
    for format_, answer in answers.items():
        assert answer.finish() == 0, format_
        assert int(answer.headers["content-length"]) == len(answer.body.encode())
        run = server.client.get(answer.headers["x-run"]).json()
        assert (run["status"], why(run)) == (end.said, end.code), format_
        if format_ in LINES:
            line = last_line(format_, answer.body)
            assert (answer.status, line["type"], line["status"]) == (200, "end", end.said), format_
        else:
            said = json.loads(answer.body)
            assert (answer.status, said["status"], said["code"]) == (end.status, end.status, end.code), format_
            assert (answer.headers["content-type"], said["instance"]) == (PROBLEM, answer.headers["x-run"])


@pytest.mark.parametrize(("http", "exit_code"), [("1.1", 18), ("1.0", 56)])
@pytest.mark.parametrize("name", ENDS)
def test_after_the_head_an_answer_breaks_off_or_its_lines_say_why(
    server: Served, name: str, http: str, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = ENDS[name]
    address, options = arrange(server, end, ROWS - 1, monkeypatch)
    answers = {format_: Curl(address + format_, "--http" + http, *options) for format_ in end.formats}
    for answer in answers.values():
        answer.read_head()
    if end.act is not None:
        for answer in answers.values():
            end.act(server, answer.headers["x-run"])
    for format_, answer in answers.items():
        exited = answer.finish()
        assert answer.status == 200 and "content-length" not in answer.headers
        assert ("transfer-encoding" in answer.headers) == (http == "1.1")
        run = server.client.get(answer.headers["x-run"]).json()
        assert (run["status"], why(run)) == (end.said, end.code), format_
        if format_ in LINES:
            line = last_line(format_, answer.body)
            assert (exited, line["type"], line["status"]) == (0, "end", end.said), format_
        else:
            assert exited == exit_code, format_
            assert answer.body.startswith(("id,text\n1,row 1 of many", '{"id":1,"text":"row 1 of many')), format_
            if end.act is None and http == "1.1":  # a reset, as in 1.0, may overtake what the client has not read
                assert f"row {ROWS - 1} of" in answer.body, format_


@pytest.mark.parametrize("format_", STREAMED)
def test_a_run_that_ends_well_is_whole(server: Served, format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever tells the length of its answer, and its connection is closed normally."""
    for patience, rows in ((60, 1), (play.PATIENCE_SECONDS, ROWS)):
        monkeypatch.setattr(play, "PATIENCE_SECONDS", patience)
        for options in (["--http1.1"], ["--http1.0"], ["--header", "Connection: close"]):
            answer = Curl(f"{server.url}/play/ends?rows={rows}&format={format_}", *options)
            assert (answer.finish(), answer.status) == (0, 200)
            assert f"row {rows} of" in answer.body
            assert ("content-length" in answer.headers) == (rows == 1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_process_that_ends_cuts_its_answers(made: Path, how: signal.Signals) -> None:
    """Told to stop, it ends runs in peace, so that formats with an `end` line have one; killed, it can't."""
    with running(made) as process:
        base = f"http://127.0.0.1:{process.port}/play/lasts?rows=5&format="
        answers = {
            (format_, http): Curl(base + format_, "--http" + http) for format_ in STREAMED for http in ("1.1", "1.0")
        }
        for answer in answers.values():
            answer.read_head()
        process.process.send_signal(how)
        for (format_, http), answer in answers.items():
            exited = answer.finish()
            if how is signal.SIGTERM and format_ in LINES:
                assert (exited, last_line(format_, answer.body)["status"]) == (0, "cancelled"), (format_, http)
            else:
                assert exited == (18 if http == "1.1" else 56), (format_, http)
        assert process.process.wait(timeout=20) == (-9 if how is signal.SIGKILL else 0)
        assert process.process.stderr is not None and "Traceback" not in process.process.stderr.read()


@pytest.mark.parametrize("format_", [each for each in STREAMED if each not in LINES])
def test_python_clients_notice_a_broken_answer(server: Served, format_: str) -> None:
    short = server.client.get(f"/play/half?format={format_}")
    assert (short.status_code, short.json()["code"], short.json()["step"]) == (422, "V0102", "2")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        server.client.get(f"/play/fails?rows={ROWS}&format={format_}")
    with (
        pytest.raises(httpx.RemoteProtocolError),
        server.client.stream("GET", f"/play/fails?rows={ROWS}&format={format_}") as answer,
    ):
        for _ in answer.iter_lines():
            pass
    said = server.client.get(answer.headers["x-run"]).json()["error"]
    assert (said["code"], said["message"], said["step"], said["line"]) == ("V0401", "no more", "2", 9)


def test_one_request_without_a_server_fails_too(made: Path) -> None:
    for format_ in LINES:  # which say it themselves, and keep status 200
        words = command("sopvm", "serve", "--get", f"/play/fails?rows=1&format={format_}")
        done = subprocess.run(words, cwd=made, env=environment(), capture_output=True, timeout=60)
        assert (done.returncode, last_line(format_, done.stdout.decode())["status"]) == (1, "failed")
    for rows, format_ in ((1, "csv"), (ROWS, "csv"), (ROWS, "records")):
        words = command("sopvm", "serve", "--get", f"/play/fails?rows={rows}&format={format_}")
        done = subprocess.run(words, cwd=made, env=environment(), capture_output=True, timeout=60)
        assert (done.returncode, json.loads(done.stderr)["code"]) == (1, "V0401")
        assert rows == 1 or b"row 1 of" in done.stdout


def test_lines_that_are_kept_are_cut_when_they_lack_their_end(server: Served) -> None:
    """Those of a run that could not write its end."""
    later = {"Prefer": "respond-async"}
    address = server.client.post("/play/lasts?rows=5", headers=later).headers["location"]
    answers = {format_: Curl(f"{server.url}{address}/lines?format={format_}") for format_ in LINES}
    for answer in answers.values():
        answer.read_head()
    run = server.service.runs.get(address.rpartition("/")[2])
    assert run is not None and run.log is not None
    run.log.close()
    run.cancel("a test")
    for format_, answer in answers.items():
        assert answer.finish() == 18, format_


def test_the_lines_of_a_run_that_never_began_are_a_problem(made: Path, tmp_path: Path) -> None:
    served = Served(Path(shutil.copytree(made, tmp_path / "changed")), Settings())
    try:
        served.sql("alter table wide rename column text to words")
        address = served.client.post("/play/ends?rows=5", headers={"Prefer": "respond-async"}).headers["location"]
        for format_ in LINES:
            answer = served.client.get(f"{address}/lines?format={format_}")
            assert (answer.status_code, answer.json()["code"], answer.json()["instance"]) == (409, "V0211", address)
    finally:
        served.close()

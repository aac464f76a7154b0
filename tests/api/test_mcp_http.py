"""`/mcp` of `sopvm serve`: who is let in, whose sessions and questions they are, and clients that go away."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import mcp_types as types
import pytest

from runtime.api.guard import LOOPBACK
from runtime.api.runs import LiveRun
from runtime.api.shared import Settings
from runtime.config import Config
from tests.api.agents import NEW, OLD, READS, Person, data, headers_of, http_agent, message, run
from tests.api.conftest import Served
from tests.commands import Place, command, environment

PROTOCOLS = pytest.mark.parametrize("mode", [NEW, OLD])
WRITES = (*READS, "write")


def post(served: Served, headers: dict[str, str], method: str = "tools/list", **params: Any) -> httpx.Response:
    return served.client.post("/mcp", json=message(method, params), headers={**headers_of(method, params), **headers})


def names(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {tool["name"] for tool in answer.json()["result"]["tools"]}


# ── who is let in ──────────────────────────────────────────────────────────────────────────────────────────────


def test_without_tokens_loopback_may_do_everything(served: Served) -> None:
    assert {"audit", "note", "sop_dry_run", "sop_store"} <= names(post(served, {}))


def test_the_guard_stands_in_front(served: Served) -> None:
    headers = served.token("agent", rights=READS, max_body=2000)
    for given, status, code in (
        ({}, 401, "S0201"),
        ({"Authorization": "Bearer sop_0_x"}, 401, "S0201"),
        ({**headers, "Origin": "https://elsewhere.example"}, 403, "S0205"),
        ({**headers, "Host": "elsewhere.example"}, 421, "S0206"),
        ({**headers, "X-Long": "x" * 40_000}, 431, "S0116"),
    ):
        answer = post(served, given)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    large = post(served, headers, "tools/call", name="audit", arguments={"dept": "x" * 2000})
    assert (large.status_code, large.json()["code"]) == (413, "S0104")
    assert post(served, {**headers, "Origin": served.url}).status_code == 200
    served.tokens.remove(["agent"])
    assert post(served, headers).status_code == 401


def test_an_allowed_host_is_allowed_here_too(serve: Callable[..., Served]) -> None:
    served = serve(hosts=(*LOOPBACK, "scripts.example"))
    for host in ("scripts.example", "SCRIPTS.example:8000", "localhost:1"):
        assert "audit" in names(post(served, {"Host": host}))
    assert post(served, {"Host": "other.example"}).status_code == 421


def test_an_agent_has_the_rights_of_its_token(served: Served) -> None:
    writer = served.token("writer", rights=WRITES)
    reader = served.token("reader", rights=("run", "read"), scripts=("audit*", "note*"))
    assert {"audit", "note", "sop_dry_run", "sop_check"} <= names(post(served, writer))
    seen = names(post(served, reader))
    assert {"audit", "sop_rows", "sop_schema"} <= seen and not {"note", "sop_dry_run", "sop_check", "cells"} & seen
    answer = post(served, reader, "tools/call", name="note", arguments={"text": "x"})
    assert "there is no tool 'note' here" in answer.json()["error"]["message"]
    refused = post(served, reader, "tools/call", name="sop_check", arguments={"script": "a", "program": "b"})
    assert refused.json()["result"]["structuredContent"]["error"]["code"] == "S0202"
    assert '"code":"S0202"' in served.audit and served.sql("select count(*) from log") == [(0,)]


def test_the_limits_of_a_token_hold_for_its_agent(served: Served) -> None:
    headers = served.token("small", rights=READS, max_rows=5)
    answer = post(served, headers, "tools/call", name="numbers", arguments={"n": 6})
    assert answer.json()["result"]["structuredContent"]["error"]["code"] == "V0304"


# ── whose sessions and questions they are ──────────────────────────────────────────────────────────────────────


def test_the_state_of_a_question_is_of_no_use_to_another_token(served: Served) -> None:
    one, other = (served.token(name, rights=WRITES) for name in ("one", "other"))
    yes: types.InputResponses = {"answer": types.ElicitResult(action="accept", content={"answer": "3"})}

    async def work() -> None:
        async with (
            http_agent(served, one, replies=Person(True)) as mine,
            http_agent(served, other, replies=Person(True)) as theirs,
        ):
            for script, args in (("note", {"text": "x"}), ("perhaps", {})):
                asked = await mine.session.call_tool(script, args, allow_input_required=True)
                assert isinstance(asked, types.InputRequiredResult)
                again: dict[str, Any] = {
                    "input_responses": yes,
                    "request_state": asked.request_state,
                    "allow_input_required": True,
                }
                with pytest.raises(Exception, match="requestState"):
                    await theirs.session.call_tool(script, args, **again)
                assert served.sql("select count(*) from log") == [(0,)]
                done = await mine.session.call_tool(script, args, **again)
                assert isinstance(done, types.CallToolResult) and data(done)["status"] == "ok"
                served.sql("delete from log")

    run(work)


@PROTOCOLS
def test_a_run_is_of_no_use_to_another_token(served: Served, mode: str) -> None:
    one, other = (served.token(name, rights=WRITES) for name in ("one", "other"))

    async def work() -> None:
        async with http_agent(served, one, mode=mode) as mine, http_agent(served, other, mode=mode) as theirs:
            id_ = data(await mine.call_tool("perhaps"))["run"]
            for tool, args in (("sop_answer", {"answer": "3"}), ("sop_rows", {}), ("sop_cancel", {}), ("sop_wait", {})):
                refused = await theirs.call_tool(tool, {"run": id_, **args})
                assert data(refused)["error"]["code"] == "S0110"
            with pytest.raises(Exception, match="S0110"):
                await theirs.read_resource(f"sop://runs/{id_}/records")
            assert data(await mine.call_tool("sop_answer", {"run": id_, "answer": "3"}))["records"] == [{"n": 3}]
            confirm = data(await mine.call_tool("sop_dry_run", {"script": "note", "args": {"text": "x"}}))["confirm"]
            refused = await theirs.call_tool("note", {"text": "x", "confirm": confirm})
            assert data(refused)["error"]["code"] == "S0125"

    run(work)


def test_a_question_that_waited_too_long_says_what_an_agent_can_do(serve: Callable[..., Served]) -> None:
    served = serve(ask_seconds=0.01)

    async def work() -> None:
        async with http_agent(served, {}) as client:
            said = data(await client.call_tool("perhaps"))
            while "error" not in said:
                said = data(await client.call_tool("sop_wait", {"run": said["run"]}))
            assert (said["status"], said["error"]["code"]) == ("waiting", "V0403") and "--" not in said["error"]["hint"]

    run(work)


def opened(served: Served, headers: dict[str, str], **capabilities: Any) -> dict[str, str]:
    """The headers of a new session of the older protocol."""
    client: dict[str, Any] = {"protocolVersion": "2025-11-25", "capabilities": capabilities}
    client["clientInfo"] = {"name": "test", "version": "1"}
    given = {**headers, "Accept": "application/json, text/event-stream"}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
    answer = served.client.post("/mcp", json=request, headers=given)
    assert answer.status_code == 200, answer.text
    given |= {"Mcp-Session-Id": answer.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
    told = served.client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=given)
    assert told.status_code == 202
    return given


def test_a_session_is_of_no_use_to_another_token(served: Served) -> None:
    one, other = (served.token(name, rights=WRITES) for name in ("one", "other"))
    session = opened(served, one)
    listed = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    for method, body in (("POST", listed), ("GET", None), ("DELETE", None)):
        answer = served.client.request(method, "/mcp", json=body, headers={**session, **other})
        assert answer.status_code == 404, (method, answer.text)
    assert "audit" in served.client.post("/mcp", json=listed, headers=session).text
    assert served.client.delete("/mcp", headers=session).status_code == 200
    assert served.client.post("/mcp", json=listed, headers=session).status_code == 404


def test_several_agents_at_once_each_get_their_own_answers(served: Served) -> None:
    async def one(number: int) -> None:
        headers = served.token(f"agent-{number}", rights=READS)
        person = Person(str(number))
        async with http_agent(served, headers, mode=(NEW, OLD)[number % 2], replies=person) as client:
            for _ in range(3):
                assert data(await client.call_tool("sum_up_to", {"n": number}))["result"] == number * (number + 1) // 2
                assert data(await client.call_tool("perhaps"))["records"] == [{"n": number}]

    async def work() -> None:
        async with anyio.create_task_group() as group:
            for number in (1, 2, 3):
                group.start_soon(one, number)

    run(work)


# ── clients that go away ───────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def sent(port: int, headers: dict[str, str], body: dict[str, Any]) -> Iterator[None]:
    """A request whose answer is not waited for; its connection is closed at the end."""
    text = json.dumps(body)
    given = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(text)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"POST /mcp HTTP/1.1\r\n{head}\r\n{text}".encode())
        yield


def soon(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    until = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def begun_run(served: Served) -> LiveRun:
    """The run that a request has begun."""
    runs = served.service.runs
    soon(lambda: bool(runs.all()))
    return runs.all()[0]


@pytest.fixture
def unasked(folder: Path) -> Iterator[Served]:
    """A server that leaves the question before a write to the host."""
    with (folder / "sop.toml").open("a") as file:
        file.write("[mcp]\nconfirm = false\n")
    served = Served(folder, Settings(), config=Config.load(cwd=folder))
    yield served
    served.close()


def calling(served: Served, mode: str, script: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and body of a call by a client that could ask."""
    params: dict[str, Any] = {"name": script, "arguments": {}}
    if mode == NEW:
        return headers_of("tools/call", params), message("tools/call", params)
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}
    return opened(served, {}, elicitation={}), call


@pytest.mark.parametrize(("mode", "script"), [(NEW, "note_forever"), (OLD, "note_forever"), (OLD, "perhaps")])
def test_a_client_that_goes_away_cancels_its_run(unasked: Served, mode: str, script: str) -> None:
    """Also one that was to ask the person."""
    headers, body = calling(unasked, mode, script)
    with sent(unasked.port, headers, body):
        begun = begun_run(unasked)
        soon(lambda: begun.control.question is not None if script == "perhaps" else begun.writer is not None)
    soon(lambda: unasked.client.get(f"/runs/{begun.id}").json()["status"] == "cancelled")
    assert unasked.client.post("/play/note", json={"text": "next"}).status_code == 200
    assert unasked.sql("select text from log") == [("next",)]


@PROTOCOLS
def test_a_server_that_stops_undoes_what_agents_run(unasked: Served, mode: str) -> None:
    """Also with a session's stream for news open."""
    session = opened(unasked, {})
    headers, body = calling(unasked, mode, "note_forever")
    with unasked.client.stream("GET", "/mcp", headers=session) as news, sent(unasked.port, headers, body):
        assert news.status_code == 200
        begun = begun_run(unasked)
        soon(lambda: begun.writer is not None)
        unasked.service.stop()
        unasked.server.should_exit = True
        unasked.thread.join(90)
        assert not unasked.thread.is_alive()
    assert begun.end is not None and begun.end.status == "cancelled"
    assert unasked.sql("select count(*) from log") == [(0,)]


def is_being_written(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0)) as connection:
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError:
            return True
    return False


@contextmanager
def killed(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed at the end."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("over", ["stdio", "http"])
def test_a_writer_that_is_killed_half_way_leaves_nothing(folder: Path, over: str) -> None:
    with (folder / "sop.toml").open("a") as file:
        file.write("[mcp]\nconfirm = false\n")
    database = folder / "main.db"
    body = message("tools/call", {"name": "note_forever", "arguments": {}})
    if over == "stdio":
        program = command("sopvm", "mcp", "--write")
        pipe = subprocess.PIPE
        agent = subprocess.Popen(program, cwd=folder, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe)
        with killed(agent) as process:
            assert process.stdin is not None
            process.stdin.write(json.dumps(body).encode() + b"\n")
            process.stdin.flush()
            soon(lambda: is_being_written(database))
    else:
        with killed(Place(folder).start("sopvm", "serve", "--port", "0")) as process:
            assert process.stderr is not None
            port = int(process.stderr.readline().rpartition(b":")[2])
            with sent(port, headers_of("tools/call", body["params"]), body):
                soon(lambda: is_being_written(database))
                process.kill()
    assert not is_being_written(database)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select count(*) from log").fetchone() == (0,)

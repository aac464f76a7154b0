"""A folder with a library → the official client of agents: over stdio or HTTP, in both protocols."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import httpx2
import mcp_types as types
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from runtime.api.shared import Settings
from runtime.config import Config
from tests.api.conftest import Served
from tests.commands import command, environment

OLD, NEW = "legacy", "2026-07-28"
META = "io.modelcontextprotocol"
READS = ("run", "read", "query", "compile")
Replies = Callable[[str, dict[str, Any]], types.ElicitResult | Awaitable[types.ElicitResult]]


class Way(NamedTuple):
    """How a client talks to the server: `stdio` or `http`, and the protocol."""

    over: str
    mode: str


STDIO = Way("stdio", NEW)
EVERY_WAY = [Way(over, mode) for over in ("stdio", "http") for mode in (NEW, OLD)]


@asynccontextmanager
async def agent(
    folder: Path,
    *,
    way: Way = STDIO,
    write: bool = False,
    replies: Replies | None = None,
    answer_seconds: float = 45,
    heard: list[Any] | None = None,
) -> AsyncIterator[Client]:
    """A client of `sopvm mcp` in a folder, or of a server over its library, that is left when the client is.

    Args:
        folder: The working folder.
        way: How it talks to the server.
        write: Whether it may run scripts that write.
        replies: What the person says to a question with that schema; None for a client that can't ask.
        answer_seconds: After which a call answers that its run goes on.
        heard: Gets what the server says without being asked.
    """
    if way.over == "http":
        settings = Settings(answer_seconds=answer_seconds)
        served = Served(folder, settings, config=Config.load(cwd=folder))
        try:
            headers = served.token(f"agent-{len(served.tokens.all())}", rights=(*READS, "write") if write else READS)
            async with http_agent(served, headers, mode=way.mode, replies=replies, heard=heard) as client:
                yield client
        finally:
            await anyio.to_thread.run_sync(served.close)
        return
    options = ["--write"] if write else []
    program, *arguments = command("sopvm", "mcp", *options, "--answer-seconds", str(answer_seconds))
    parameters = StdioServerParameters(command=program, args=arguments, env=environment(), cwd=folder)
    async with _client(stdio_client(parameters, errlog=sys.stderr), way.mode, replies, heard) as client:
        yield client


@asynccontextmanager
async def http_agent(
    served: Served,
    headers: Mapping[str, str],
    *,
    mode: str = NEW,
    replies: Replies | None = None,
    heard: list[Any] | None = None,
) -> AsyncIterator[Client]:
    """A client of a server.

    Args:
        served: The server.
        headers: With its token.
        mode: The protocol.
        replies, heard: As for `agent`.
    """
    async with httpx2.AsyncClient(headers=dict(headers), timeout=60, trust_env=False) as http:
        transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
        async with _client(transport, mode, replies, heard) as client:
            yield client


def _client(transport: Any, mode: str, replies: Replies | None, heard: list[Any] | None) -> Client:
    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        assert replies is not None
        said = replies(params.message, params.requested_schema)
        return said if isinstance(said, types.ElicitResult) else await said

    async def hear(message: Any) -> None:
        if heard is not None:
            heard.append(message)

    asked = None if replies is None else elicit
    return Client(transport, mode=mode, elicitation_callback=asked, message_handler=hear)


def headers_of(method: str, params: Mapping[str, Any] = {}) -> dict[str, str]:
    """Those that the protocol of 2026-07-28 wants of a request."""
    said = {"MCP-Protocol-Version": NEW, "Mcp-Method": method, "Accept": "application/json, text/event-stream"}
    return {**said, "Mcp-Name": params["name"]} if "name" in params else said


def message(method: str, params: Mapping[str, Any] = {}) -> dict[str, Any]:
    """A request of the protocol of 2026-07-28."""
    meta = {f"{META}/protocolVersion": NEW, f"{META}/clientCapabilities": {}}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}


def data(result: types.CallToolResult) -> dict[str, Any]:
    found: dict[str, Any] = result.structured_content
    return found


class Person:
    """Says the same to every question, and remembers them. answer: None says no."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, message: str, schema: dict[str, Any]) -> types.ElicitResult:
        self.asked.append((message, schema))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if answer is None:
            return types.ElicitResult(action="decline")
        return types.ElicitResult(action="accept", content={"answer": answer} if schema["properties"] else {})


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, for two minutes at most."""

    async def limited() -> None:
        with anyio.fail_after(120):
            await work()

    anyio.run(limited)

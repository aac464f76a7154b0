"""A folder with a library → the official client of agents, over stdio, in both protocols."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client

from tests.commands import command, environment

OLD, NEW = "legacy", "2026-07-28"
Replies = Callable[[str, dict[str, Any]], types.ElicitResult]


@asynccontextmanager
async def agent(folder: Path, *options: str, mode: str = NEW, replies: Replies | None = None) -> AsyncIterator[Client]:
    """A client of `sopvm mcp` in a folder.

    Args:
        folder: The working folder.
        options: Of the command.
        mode: The protocol.
        replies: What the person says to a question with that schema; None for a client that can't ask.
    """
    program, *arguments = command("sopvm", "mcp", *options)
    parameters = StdioServerParameters(command=program, args=arguments, env=environment(), cwd=folder)

    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        assert replies is not None
        return replies(params.message, params.requested_schema)

    transport = stdio_client(parameters, errlog=sys.stderr)
    async with Client(transport, mode=mode, elicitation_callback=None if replies is None else elicit) as client:
        yield client


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, for two minutes at most."""

    async def limited() -> None:
        with anyio.fail_after(120):
            await work()

    anyio.run(limited)

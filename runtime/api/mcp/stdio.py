"""A service → a server for the one agent at stdin and stdout, until stdin ends."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from mcp.server.stdio import stdio_server

from runtime.api.mcp.agent import Agents
from runtime.api.mcp.calls import Calls
from runtime.api.mcp.server import AgentServer
from runtime.api.server import SWITCH_SECONDS
from runtime.api.service import Service
from runtime.api.tokens import Token

READS: Final = ("run", "read", "query", "compile")


def serve_agent(service: Service, *, write: bool, seconds: float) -> None:
    """Serve until stdin ends; runs that have not ended by then are cancelled, and what they wrote is undone.

    Args:
        service: The service.
        write: Whether scripts that write are offered.
        seconds: After which a call answers that its run goes on.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    token = Token("local", "", "", rights=(*READS, "write") if write else READS)
    asyncio.run(_serve(Agents(service, token), seconds))


async def _serve(agents: Agents, seconds: float) -> None:
    calls = Calls(agents, seconds)
    agent = AgentServer(agents, calls)
    try:
        async with stdio_server() as (reader, writer):
            await agent.server.run(reader, writer, agent.options())
    finally:
        await calls.close()

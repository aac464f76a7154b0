"""A service → a server for the one agent at stdin and stdout, until stdin ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Final

from mcp.server.stdio import stdio_server

from runtime.api.mcp.agent import Agents
from runtime.api.mcp.calls import Calls
from runtime.api.mcp.server import AgentServer
from runtime.api.running import SWITCH_SECONDS
from runtime.api.service import Service
from runtime.api.tokens import Token

READS: Final = ("run", "read", "query", "compile")


def serve_agent(service: Service, *, write: bool) -> None:
    """Serve until stdin ends or nobody reads stdout; then runs that have not ended are undone.

    Ctrl-C ends the process at once, as SIGTERM does: the database undoes what was not committed.

    Args:
        service: The service.
        write: Whether scripts that write are offered.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # asyncio would wait for the next line of stdin
    token = Token("local", "", "", rights=(*READS, "write") if write else READS)
    asyncio.run(_serve(Agents(service, token)))


async def _serve(agents: Agents) -> None:
    calls = Calls(agents)
    agent = AgentServer(agents, calls)
    try:
        async with stdio_server() as (reader, writer), agent.news.told():
            await agent.server.run(reader, writer, agent.server.create_initialization_options())
    except* BrokenPipeError:
        pass  # the agent is gone
    finally:
        await calls.close()

"""A service → a server for the agents that come over HTTP: an ASGI application that stands behind the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CancelScope
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.api.mcp.agent import Agents
from runtime.api.mcp.asking import CLIENT
from runtime.api.mcp.calls import Calls
from runtime.api.mcp.news import MAX_SESSIONS
from runtime.api.mcp.server import AgentServer
from runtime.api.service import Service


@asynccontextmanager
async def open_agents(service: Service) -> AsyncIterator[ASGIApp]:
    """Serve agents; runs that have not ended when the context is left are cancelled, and what they wrote is undone.

    Args:
        service: The service.

    Returns:
        A context manager that gives the application. Its requests come through the guard, which has checked Host,
        Origin and token, and put the token into their scope.
    """
    agents = Agents(service)
    calls = Calls(agents)
    agent = AgentServer(agents, calls)
    manager = StreamableHTTPSessionManager(
        agent.server,
        max_request_body_size=service.settings.max_body,
        max_sessions=MAX_SESSIONS,
    )
    try:
        async with manager.run(), agent.news.told():
            yield _Front(manager)
    finally:
        await calls.close()


class _Front:
    """What the SDK is not told of a request otherwise: whose session it may use, and when its client goes away."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=scope["token"].id, scopes=[]))
        scope[CLIENT] = client = CancelScope()
        complete = False

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not complete:
                client.cancel()
            return message

        async def said(message: Message) -> None:
            nonlocal complete
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        await self._manager.handle_request(scope, heard, said)

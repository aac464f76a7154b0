"""Requests to /mcp → the server for agents (runtime/api/mcp), which begins with the first of them.

Its SDK takes half a second to import, which a server without agents does not spend.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.api.mcp import require_sdk
from runtime.api.resource import body_of
from runtime.api.service import Service


async def talk(service: Service, request: Request) -> ASGIApp:
    """Hand a request to the server for agents, with its body: the limits of all bodies apply to it.

    Raises:
        UsageError: S0126.
    """
    require_sdk()
    body = await body_of(service, request)
    agents = await service.agents.get(lambda: _opened(service))

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return unread.pop() if unread else await receive()

        await agents(scope, again, send)

    return answer


@asynccontextmanager
async def _opened(service: Service) -> AsyncIterator[ASGIApp]:
    open_agents = await service.call(_imported)
    async with open_agents(service) as app:
        yield app


def _imported() -> Callable[[Service], AbstractAsyncContextManager[ASGIApp]]:
    from runtime.api.mcp import open_agents

    return open_agents

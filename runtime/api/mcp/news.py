"""Changes of the library → word to the agents that want it, in both protocols: the tools are others."""

from __future__ import annotations

from asyncio import create_task, gather, sleep
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from anyio import create_task_group, move_on_after
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from runtime.api.mcp.asking import Context
from runtime.api.service import Service
from runtime.errors import SopError

LOOK_SECONDS: Final = 1.0
TELL_SECONDS: Final = 5.0  # for a client that does not read
MAX_SESSIONS: Final = 1000  # of clients with the older protocol, at the same time


class News:
    """Tells agents when scripts change, whoever changes them.

    Attributes:
        listen: Serves the clients that subscribe.

    Args:
        service: With the library.
    """

    def __init__(self, service: Service) -> None:
        self.listen = ListenHandler(bus := InMemorySubscriptionBus())
        self._bus = bus
        self._service = service
        self._sessions: OrderedDict[str, ServerSession] = OrderedDict()

    def remember(self, context: Context) -> None:
        """A client lists the tools: with the older protocol, it is told of changes without asking."""
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        id_ = "" if context.request is None else context.request.headers.get("mcp-session-id", "")
        self._sessions[id_] = context.session
        self._sessions.move_to_end(id_)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell of changes until the context is left, which ends the subscriptions."""
        task = create_task(self._watch())
        try:
            yield
        finally:
            self.listen.close()
            task.cancel()
            await gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        library = self._service.library
        state, seen = library.environment.state(), await self._scripts()
        while True:
            await sleep(LOOK_SECONDS)
            now = library.environment.state()
            if now == state and state:  # 0: there was no library yet
                continue
            with suppress(SopError):  # a library that can't be read now
                state, before, seen = now, seen, await self._scripts()
                if seen != before:
                    await self._tell()

    async def _scripts(self) -> set[tuple[str, str]]:
        entries = await self._service.call(self._service.library.entries)
        return {(entry.name, entry.hash) for entry in entries}

    async def _tell(self) -> None:
        await self._bus.publish(ToolsListChanged())
        async with create_task_group() as group:
            for session in self._sessions.values():
                group.start_soon(_told, session)


async def _told(session: ServerSession) -> None:
    with move_on_after(TELL_SECONDS):
        await session.send_tool_list_changed()

"""An asynchronous context → what it gives, entered when that is first needed and kept until `close`."""

from __future__ import annotations

from asyncio import Event, Future, Task, create_task, get_running_loop, shield
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from runtime.api.runs import stopping

T = TypeVar("T")


class Late(Generic[T]):
    """A context in a task of its own, because one that holds a task group is left by the task that entered it."""

    def __init__(self) -> None:
        self._closing = Event()
        self._given: Future[T] | None = None
        self._task: Task[None] | None = None

    async def get(self, enter: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        """What the context gives.

        Args:
            enter: Makes the context, if this is the first call.

        Raises:
            HttpError: S0127 after `close`.
        """
        if self._closing.is_set():
            raise stopping()
        if self._given is None:
            self._given = get_running_loop().create_future()
            self._task = create_task(self._keep(enter, self._given))
        return await shield(self._given)  # one of several that wait may be cancelled

    async def _keep(self, enter: Callable[[], AbstractAsyncContextManager[T]], given: Future[T]) -> None:
        try:
            async with enter() as found:
                given.set_result(found)
                await self._closing.wait()
        except Exception as error:
            if given.done():
                raise
            given.set_exception(error)

    async def close(self) -> None:
        """Leave the context, if it was entered."""
        self._closing.set()
        if self._task is not None:
            await self._task

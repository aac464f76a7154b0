"""A context that is entered late: once for all who need it, by one task, and not after it was closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from runtime.api.late import Late
from runtime.errors import SopError


def test_it_is_entered_once_and_left_by_the_task_that_entered_it() -> None:
    tasks = []

    @asynccontextmanager
    async def context() -> AsyncIterator[int]:
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        yield 7
        tasks.append(asyncio.current_task())

    async def work() -> None:
        late = Late[int]()
        given_up = asyncio.create_task(late.get(context))
        waiting = [asyncio.create_task(late.get(context)) for _ in range(3)]
        await asyncio.sleep(0)
        given_up.cancel()
        assert await asyncio.gather(*waiting) == [7, 7, 7]
        assert await late.get(context) == 7
        await late.close()
        with pytest.raises(SopError, match="stopping"):
            await late.get(context)

    asyncio.run(work())
    assert len(tasks) == 2 and tasks[0] is tasks[1] is not None


def test_an_error_goes_to_all_who_need_it() -> None:
    @asynccontextmanager
    async def context() -> AsyncIterator[int]:
        raise ValueError("broken")
        yield 7

    async def work() -> None:
        late = Late[int]()
        for _ in range(2):
            with pytest.raises(ValueError, match="broken"):
                await late.get(context)
        await late.close()

    asyncio.run(work())


def test_what_was_never_needed_is_closed() -> None:
    asyncio.run(Late[int]().close())

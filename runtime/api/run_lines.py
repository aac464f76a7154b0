"""A run's lines, of this server's memory or as they are kept → an answer that gives them until the run ends."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any, Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from runtime.api.connection import Broken, cut
from runtime.api.formats import MEDIA_TYPES
from runtime.api.kept_runs import Found, LineReader
from runtime.api.problems import HttpError, problem, status_of
from runtime.api.replay_buffer import ReplayBuffer, after
from runtime.api.resource import as_json
from runtime.api.runs import LiveRun
from runtime.api.service import Service
from runtime.errors import SopError
from runtime.output.events import event
from runtime.output.records import encode

LOOK_SECONDS: Final = 0.05  # between checks for new lines of a run under way
ALIVE_LOOKS: Final = 300
END: Final = b'{"type":"end"'


def under_way(run: str) -> Response:
    """The answer that says where a run is."""
    said = {"id": run, "run": f"/runs/{run}", "lines": f"/runs/{run}/lines"}
    return as_json(said, 202, {"Location": f"/runs/{run}"})


async def kept_lines(service: Service, found: Found, seq: int, format_: str) -> Response:
    """The lines that are kept of a run.

    Raises:
        SopError: V0611 when none are.
    """
    reader = LineReader(found, seq)
    first = await service.call(reader.read)
    return KeptLines(found.row.run, _of_reader(service, reader, first), seq, format_)


async def of_log(run: LiveRun, log: ReplayBuffer) -> AsyncIterator[bytes]:
    """Pieces of whole lines; an empty one where there is none yet."""
    position = 0
    while True:
        ended = run.ended
        data = log.read(position)
        if not data and ended:
            return
        position += len(data)
        yield data
        if not data:
            await sleep(LOOK_SECONDS)


async def _of_reader(service: Service, reader: LineReader, data: bytes) -> AsyncIterator[bytes]:
    """As `of_log`. A run that waits ends them when a question has waited long enough."""
    until = monotonic() + service.settings.ask_seconds
    while True:
        yield data
        if reader.ended:
            return
        if not data:
            if reader.status == "interrupted":
                raise Broken("its process ended; POST …/resume goes on with it")
            if reader.status == "waiting" and monotonic() >= until:
                yield encode({"type": "end", "status": "waiting"}) + b"\n"
                return
            await sleep(LOOK_SECONDS * 4)
        data = await service.call(reader.read)


class KeptLines(StreamingResponse):
    """The lines of a run; cut if they end before its end was sent."""

    def __init__(self, run: str, pieces: AsyncIterator[bytes], seq: int, format_: str) -> None:
        headers = {"X-Run": f"/runs/{run}"}
        super().__init__(self._shown(pieces, seq, format_), media_type=MEDIA_TYPES[format_], headers=headers)
        self.run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Broken as error:
            message = f"the lines of the run {self.run} end here: {error}"
            await cut(scope, problem(HttpError(410, "S0112", message)))

    async def _shown(self, pieces: AsyncIterator[bytes], seq: int, format_: str) -> AsyncIterator[bytes]:
        """The lines; raises Broken if they end without the run's last line."""
        idle, separator, last = 0, b"[\n", b""
        async for data in pieces:
            if not data:
                idle += 1
                if format_ == "sse" and idle % ALIVE_LOOKS == 0:
                    yield b":\n\n"
                continue
            lines = list(after(data, seq))
            if not lines:
                continue
            last = lines[-1]
            if format_ == "jsonl":
                yield b"\n".join(lines) + b"\n"
            elif format_ == "sse":
                yield b"".join([event(line) for line in lines])
            else:
                yield separator + b",\n".join(lines)
                separator = b",\n"
        if not last.startswith(END):
            raise Broken("they are kept no longer, or were not read in time")
        if format_ == "json":
            yield b"\n]\n"


def failure_of(run: LiveRun) -> HttpError:
    """The error of a run that failed, with its address."""
    error: dict[str, Any] = run.describe().get("error", {})
    code, message = error.get("code", "S0100"), error.get("message", "the server failed at this run")
    status = status_of(SopError(code, message))
    return HttpError(status, code, message, error.get("hint"), more={"run": run.id, "instance": f"/runs/{run.id}"})

"""`/runs`: the list of runs; one run, its lines and frames; answering and cancelling it."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from runtime.api.bodies import Answer, body_as
from runtime.api.connection import Broken, cut
from runtime.api.formats import LINES, MEDIA_TYPES, choose
from runtime.api.problems import HttpError, problem, status_of
from runtime.api.replay_buffer import ReplayBuffer, after
from runtime.api.resource import as_json, options_of, token_of, who_of
from runtime.api.runs import LiveRun
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.errors import SopError
from runtime.output.events import event
from runtime.values.conversion import json_ready, to_text

MAX_SHOWN: Final = 2000  # characters of a variable's value
LOOK_SECONDS: Final = 0.05  # between checks for new lines of a run under way
ALIVE_LOOKS: Final = 300
END: Final = b'{"type":"end"'


async def list_runs(service: Service, request: Request) -> Response:
    token = token_of(request)
    options = options_of(request, "script", "status", "limit")
    limit = options.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6):
        raise HttpError(400, "S0108", "limit is a number of runs")
    found = []
    for run in service.runs.all():
        if not _sees(token, run) or options.get("script", run.script) != run.script:
            continue
        said = run.describe()
        if options.get("status", said["status"]) == said["status"]:
            found.append(json_ready(said))
        if len(found) >= int(limit):
            break
    return as_json({"runs": found})


async def show_run(service: Service, request: Request) -> Response:
    return as_json(json_ready(_run(service, request, own=True).describe()))


async def show_frames(service: Service, request: Request) -> Response:
    """The frames of a run under way, the innermost first."""
    frames = _run(service, request).frames()
    for frame in frames:
        frame["variables"] = {name: _shown(value) for name, value in frame["variables"].items()}
    return as_json({"frames": frames})


async def answer_run(service: Service, request: Request) -> Response:
    run = _run(service, request)
    said = await body_as(service, request, Answer)
    value, step = said.value, said.step
    run.answer(None if step is None else str(step), value if isinstance(value, str) else to_text(value))
    service.audit.note("run-answered", who_of(request), run=run.id, script=run.script, step=step)
    return Response(status_code=204)


async def cancel_run(service: Service, request: Request) -> Response:
    run = _run(service, request)
    if not run.ended:
        service.audit.note("run-cancelled", who_of(request), run=run.id, script=run.script)
        run.cancel(f"the run was cancelled by {token_of(request).name}")
    return Response(status_code=204)


async def read_lines(service: Service, request: Request) -> Response:
    """The lines after `?after=SEQ` (or Last-Event-ID), until the run ends."""
    run = _run(service, request, own=True)
    options = options_of(request, "after", "format")
    text = options.get("after") or request.headers.get("last-event-id") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HttpError(400, "S0108", "after is the seq of a line")
    format_ = choose(options.get("format"), request.headers.get("accept"), LINES)
    log = run.log
    if log is None:
        message = f"the lines of the run {run.id} went to who started it, or are kept no longer"
        raise HttpError(410, "S0112", message, "`Prefer: respond-async` keeps a run's lines")
    while not log.size and not run.ended:
        await sleep(LOOK_SECONDS)
    if not log.size:
        raise _never_began(run)
    return KeptLines(run, log, int(text), format_)


class KeptLines(StreamingResponse):
    """The lines of a run; cut if they are deleted before its end was sent."""

    def __init__(self, run: LiveRun, log: ReplayBuffer, seq: int, format_: str) -> None:
        super().__init__(self._pieces(log, seq, format_), media_type=MEDIA_TYPES[format_])
        self.run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Broken as error:
            message = f"the lines of the run {self.run.id} are kept no longer: {error}"
            await cut(scope, problem(HttpError(410, "S0112", message)))

    async def _pieces(self, log: ReplayBuffer, seq: int, format_: str) -> AsyncIterator[bytes]:
        """The lines; raises Broken if they end without the run's last line."""
        position, idle, separator, last = 0, 0, b"[\n", b""
        while True:
            ended = self.run.ended
            data = log.read(position)
            if not data:
                if ended:
                    break
                await sleep(LOOK_SECONDS)
                idle += 1
                if format_ == "sse" and idle % ALIVE_LOOKS == 0:
                    yield b":\n\n"
                continue
            position += len(data)
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
            raise Broken("their end was not read in time")
        if format_ == "json":
            yield b"\n]\n"


def _never_began(run: LiveRun) -> HttpError:
    """The error of a run that ended without a line."""
    error: dict[str, Any] = run.describe().get("error", {})
    code, message = error.get("code", "S0100"), error.get("message", "the server failed at this run")
    status = status_of(SopError(code, message))
    return HttpError(status, code, message, error.get("hint"), more={"run": run.id, "instance": f"/runs/{run.id}"})


def _run(service: Service, request: Request, *, own: bool = False) -> LiveRun:
    """The run in the path.

    Args:
        own: whoever started it needs no right to read.

    Raises:
        HttpError: S0202 without the right; S0110 when it does not exist or the token may not see it.
    """
    token = token_of(request)
    try:
        run = service.runs.get(request.path_params["id"])
    except HttpError:
        if own:
            token.require("read")
        raise
    if own and run.token.id != token.id:
        token.require("read")
    if not _sees(token, run):
        raise HttpError(404, "S0110", f"there is no run {run.id!r} here", "/runs lists those that are kept")
    return run


def _sees(token: Token, run: LiveRun) -> bool:
    """Whether the token may see the run: its own runs, and as admin those of others with its scripts and databases."""
    if run.token.id == token.id:
        return True
    mine = token.scope in ("", run.token.scope) and token.covers(run.script)
    return token.may("admin") and mine and all(map(token.reaches, run.databases))


def _shown(value: Any) -> Any:
    """A variable's value as JSON, cut if it is long; for what is not a value, its kind."""
    try:
        text = msgspec.json.encode(json_ready(value))
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__})"
    return msgspec.Raw(text) if len(text) <= MAX_SHOWN else text[:MAX_SHOWN].decode(errors="ignore") + "…"

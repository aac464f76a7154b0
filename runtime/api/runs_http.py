"""`/runs`: the runs that this server keeps, one of them, its lines, its frames, an answer, its end."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runtime.api.formats import LINES, MEDIA_TYPES, choose
from runtime.api.play import decoded
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import Log, after
from runtime.api.resource import as_json, body_of, media_type, options_of, token_of
from runtime.api.runs import Run
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.output.events import event
from runtime.values.conversion import json_ready, to_text

MOST_SHOWN: Final = 2000  # characters of a variable's value
LOOK_SECONDS: Final = 0.05  # between looks for new lines of a run under way
ALIVE_LOOKS: Final = 300


async def list_runs(service: Service, request: Request) -> Response:
    token = token_of(request)
    token.require("read")
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
    return as_json(json_ready(_run(service, request).describe()))


async def show_frames(service: Service, request: Request) -> Response:
    """Of a run under way, the innermost first."""
    frames = _run(service, request).frames()
    for frame in frames:
        frame["variables"] = {name: _shown(value) for name, value in frame["variables"].items()}
    return as_json({"frames": frames})


async def answer_run(service: Service, request: Request) -> Response:
    """Body: {"value": …}, and "step" to make sure which question is meant."""
    run = _run(service, request, "run")
    data = await body_of(service, request)
    if media_type(request) != "application/json":
        raise HttpError(415, "S0105", "an answer is JSON", "Content-Type: application/json")
    said = decoded(data)
    if not isinstance(said, dict) or "value" not in said or said.keys() - {"value", "step"}:
        raise HttpError(400, "S0106", "the body is not an answer", '{"value": true}, and "step" if need be')
    value, step = said["value"], said.get("step")
    run.answer(None if step is None else str(step), value if isinstance(value, str) else to_text(value))
    return Response(status_code=204)


async def cancel_run(service: Service, request: Request) -> Response:
    run = _run(service, request, "run")
    if not run.ended:
        run.cancel(f"the run was cancelled by {token_of(request).name}")
    return Response(status_code=204)


async def read_lines(service: Service, request: Request) -> Response:
    """Lines after `?after=SEQ` (or Last-Event-ID), to the run's end."""
    run = _run(service, request)
    options = options_of(request, "after", "format")
    text = options.get("after") or request.headers.get("last-event-id") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HttpError(400, "S0108", "after is the seq of a line")
    format_ = choose(options.get("format"), request.headers.get("accept"), LINES)
    if run.log is None:
        message = f"the lines of the run {run.id} went to who started it, or are kept no longer"
        raise HttpError(410, "S0112", message, "`Prefer: respond-async` keeps a run's lines")
    return StreamingResponse(_lines(run, run.log, int(text), format_), media_type=MEDIA_TYPES[format_])


async def _lines(run: Run, log: Log, seq: int, format_: str) -> AsyncIterator[bytes]:
    position, idle, separator = 0, 0, b"[\n"
    while True:
        ended = run.ended
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
        if format_ == "jsonl":
            yield b"\n".join(lines) + b"\n"
        elif format_ == "sse":
            yield b"".join([event(line) for line in lines])
        else:
            yield separator + b",\n".join(lines)
            separator = b",\n"
    if format_ == "json":
        yield b"\n]\n" if separator == b",\n" else b"[]\n"


def _run(service: Service, request: Request, right: str = "read") -> Run:
    """The one in the path. HttpError S0202, S0110: one that the token may not see is not there."""
    token = token_of(request)
    token.require(right)
    run = service.runs.get(request.path_params["id"])
    if not _sees(token, run):
        raise HttpError(404, "S0110", f"there is no run {run.id!r} here", "/runs lists those that are kept")
    return run


def _sees(token: Token, run: Run) -> bool:
    """Its own; an admin, those of others too, as far as it may have their scripts and databases."""
    if run.token.id == token.id:
        return True
    mine = token.scope in ("", run.token.scope) and token.covers(run.script)
    return token.may("admin") and mine and all(map(token.reaches, run.databases))


def _shown(value: Any) -> Any:
    """A variable's value as JSON, cut when it is long; of what is no value, its kind."""
    try:
        text = msgspec.json.encode(json_ready(value))
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__})"
    return msgspec.Raw(text) if len(text) <= MOST_SHOWN else text[:MOST_SHOWN].decode(errors="ignore") + "…"

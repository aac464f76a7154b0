"""`/runs`: the list of runs; one run, its lines and frames; answering, cancelling and going on with it."""

from __future__ import annotations

from asyncio import sleep
from typing import Any, Final

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from runtime.api import kept_runs, steer
from runtime.api.bodies import Answer, body_as
from runtime.api.formats import LINES, choose
from runtime.api.kept_runs import Found
from runtime.api.problems import HttpError
from runtime.api.resource import as_json, options_of, token_of, who_of
from runtime.api.run_lines import LOOK_SECONDS, KeptLines, failure_of, kept_lines, of_log, under_way
from runtime.api.runs import LiveRun
from runtime.api.service import Service
from runtime.runs.go_on import KeptRun
from runtime.runs.keep import going_on
from runtime.values.conversion import json_ready, to_text

MAX_SHOWN: Final = 2000  # characters of a variable's value


async def list_runs(service: Service, request: Request) -> Response:
    token = token_of(request)
    options = options_of(request, "script", "status", "limit")
    limit = options.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6):
        raise HttpError(400, "S0108", "limit is a number of runs")
    script, status, most = options.get("script"), options.get("status"), int(limit)
    kept, unread = await service.call(kept_runs.listed, service.config, token, script, status, most)
    found = {each["id"]: each for each in kept}
    for run in service.runs.all():
        if kept_runs.sees(token, run.owner, run.script) and (service.runs.is_active(run.id) or run.id not in found):
            said = run.describe()
            found.pop(run.id, None)  # what its row says is older
            if script in (None, run.script) and status in (None, said["status"]):
                found[run.id] = json_ready(said)
    newest = sorted(found.values(), key=lambda each: (each["started"], each["id"]), reverse=True)
    return as_json({"runs": newest[:most], **({"unread": unread} if unread else {})})


async def show_run(service: Service, request: Request) -> Response:
    run = await _run(service, request, own=True)
    return as_json(json_ready(run.describe()) if isinstance(run, LiveRun) else kept_runs.described(run.row, run.owner))


async def show_frames(service: Service, request: Request) -> Response:
    """The frames of a run, the innermost first: of one under way in this server as they are, else as they are kept."""
    run = await _run(service, request)
    if isinstance(run, LiveRun):
        frames = run.frames()
    else:
        frames = await service.call(kept_runs.frames, run, service.library)
    for frame in frames:
        frame["variables"] = {name: _shown(value) for name, value in frame["variables"].items()}
    return as_json({"frames": frames})


async def answer_run(service: Service, request: Request) -> Response:
    run = await _run(service, request)
    said = await body_as(service, request, Answer)
    step = None if said.step is None else str(said.step)
    text = said.value if isinstance(said.value, str) else to_text(said.value)
    await steer.answer(service, who_of(request), run, step, text)
    return Response(status_code=204)


async def resume_run(service: Service, request: Request) -> Response:
    """Go on with a run whose process ended."""
    return await _go_on(service, request, ("running", "pending"), "run-resumed")


async def retry_run(service: Service, request: Request) -> Response:
    """Go on with a run that failed or was cancelled."""
    return await _go_on(service, request, ("failed", "cancelled"), "run-retried")


async def _go_on(service: Service, request: Request, statuses: tuple[str, ...], event: str) -> Response:
    run = await _run(service, request)
    if isinstance(run, LiveRun):
        if not run.ended:
            raise going_on(run.id)
        raise HttpError(409, "V0609", f"the run {run.id} is not kept, so it can't go on", "run the script again")

    def nothing(kept: KeptRun) -> Any:
        steer.require_write(token_of(request), kept)
        return UNSET

    await service.call(service.runner.go_on, run, statuses, who_of(request), nothing)
    steer.note(service, who_of(request), event, run)
    return under_way(run.row.run)


async def cancel_run(service: Service, request: Request) -> Response:
    run, who = await _run(service, request), who_of(request)
    await steer.cancel(service, who, run, f"the run was cancelled by {who.token.name}")
    return Response(status_code=204)


async def read_lines(service: Service, request: Request) -> Response:
    """The lines after `?after=SEQ` (or Last-Event-ID), until the run ends."""
    run = await _run(service, request, own=True)
    options = options_of(request, "after", "format")
    text = options.get("after") or request.headers.get("last-event-id") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HttpError(400, "S0108", "after is the seq of a line")
    format_ = choose(options.get("format"), request.headers.get("accept"), LINES)
    if not isinstance(run, LiveRun):
        live = service.runs.get(run.row.run)
        if live is None or live.log is None or live.ended:
            return await kept_lines(service, run, int(text), format_)
        run = live  # it waits, and its lines go on there
    log = run.log
    if log is None:
        message = f"the lines of the run {run.id} went to who started it, or are kept no longer"
        raise HttpError(410, "S0112", message, "`Prefer: respond-async` keeps a run's lines")
    while not log.size and not run.ended:
        await sleep(LOOK_SECONDS)
    if not log.size:
        raise failure_of(run)
    return KeptLines(run.id, of_log(run, log), int(text), format_)


async def _run(service: Service, request: Request, *, own: bool = False) -> LiveRun | Found:
    """The run in the path."""
    return await steer.find_run(service, token_of(request), request.path_params["id"], own=own)


def _shown(value: Any) -> Any:
    """A variable's value as JSON, cut if it is long; for what is not a value, its kind."""
    try:
        text = msgspec.json.encode(json_ready(value))
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__})"
    return msgspec.Raw(text) if len(text) <= MAX_SHOWN else text[:MAX_SHOWN].decode(errors="ignore") + "…"

"""`/play/NAME` and `/play?script=NAME`: arguments → a run, and its lines as they come."""

from __future__ import annotations

import json
import re
from asyncio import Task, TimerHandle, create_task, get_running_loop, sleep, wait
from collections.abc import Mapping
from decimal import Decimal
from math import isinf, nan
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runtime.api.connection import connection_of, cut
from runtime.api.formats import LINES, MEDIA_TYPES, choose
from runtime.api.pipe import Pipe
from runtime.api.problems import HttpError, problem
from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.resource import body_of, flag, media_type, query_of, who_of
from runtime.api.run_lines import kept_lines, under_way
from runtime.api.runs import LiveRun
from runtime.api.service import Service
from runtime.api.shared import Play
from runtime.errors import Cancelled, SopError
from runtime.runs.run import Outcome
from runtime.runs.store import ENDED
from runtime.values.types import INT_MAX, INT_MIN

RESERVED: Final = (
    "format",
    "dry_run",
    "answer",
    "wait",
    "max_rows",
    "max_seconds",
)  # names in the query that are options, not arguments
QUIET_SECONDS: Final = 1.0  # after this, the `start` line is sent alone
PATIENCE_SECONDS: Final = 0.01  # most runs end sooner: they get one answer, and nothing watches for a lost client
BEGIN_SECONDS: Final = 0.005  # between looks whether a run has begun
ALIVE_SECONDS: Final = 15.0  # between comments that keep an idle event stream open
MAX_DEPTH: Final = 100  # depth of lists and objects in a body
FLOAT_DIGITS: Final = 15  # significant digits of a float
MAX_DIGITS: Final = 400
RUN_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
MAX_WARNINGS: Final = 4000  # characters of a header; longer ones are in the run's description only
_MANY_DIGITS: Final = re.compile(rb"[0-9]{19}")


async def play(service: Service, request: Request) -> Response:
    """Run the script that the path names."""
    return await _play(service, request, request.path_params["name"], query_of(request))


async def play_named(service: Service, request: Request) -> Response:
    """Run the script that the query's `script` names."""
    pairs = query_of(request)
    names = [value for key, value in pairs if key == "script"]
    if len(names) != 1:
        raise HttpError(400, "S0108", "the query does not say which script to run", "/play?script=NAME")
    return await _play(service, request, names[0], [pair for pair in pairs if pair[0] != "script"])


async def _play(service: Service, request: Request, name: str, pairs: list[tuple[str, str]]) -> Response:
    options, answers, args = _sorted(pairs)
    reads = request.method in ("GET", "HEAD")
    format_ = choose(options.get("format"), request.headers.get("accept"))
    in_address = frozenset(args)
    if not reads:
        given = await _arguments(service, request)
        if twice := given.keys() & args.keys():
            raise HttpError(400, "S0108", f"{min(twice)} is given in the query and in the body", "give it once")
        args |= given
    asked = Play(
        script=name,
        args=args,
        who=who_of(request),
        format=format_,
        dry_run=flag(options["dry_run"], "dry_run") if "dry_run" in options else False,
        reads=reads,
        in_address=in_address,
        trace=request.headers.get("traceparent", ""),
        answers=answers,
        waits=_number_of(options, "wait", "a number of seconds, at most a day", 0, 86_400),
        max_rows=int(_number_of(options, "max_rows", "a number of rows, at least one", 1, 10**15) or 0),
        max_seconds=_number_of(options, "max_seconds", "a number of seconds", 0.001, 1e9),
    )
    if request.method == "HEAD":
        await service.call(service.check, asked)
        return Response(None, media_type=MEDIA_TYPES[format_])
    key = _key(request, asked)
    if key is not None:
        asked = msgspec.structs.replace(asked, run=key)
        known = await _repeated(service, asked)
        if known is not None:
            return known
    if _wants_async(request):
        return await _later(service, asked)
    pipe = Pipe(get_running_loop())
    return Lines(service.runner.begin(asked, pipe), pipe, format_, service.seconds(asked.token, asked.max_seconds))


async def _later(service: Service, asked: Play) -> Response:
    """Check that the run can start, and answer 202 with its address once it has begun: a run that commits or asks is
    kept by then, and ends though this server is killed."""
    if asked.reads:
        raise HttpError(400, "S0108", "`Prefer: respond-async` goes with POST")
    await service.call(service.check, asked)
    run = service.runner.begin(msgspec.structs.replace(asked, format="jsonl"), ReplayBuffer())
    while not run.control.began.is_set():
        await sleep(BEGIN_SECONDS)
    answer = under_way(run.id)
    answer.headers["Preference-Applied"] = "respond-async"
    return answer


async def _repeated(service: Service, asked: Play) -> Response | None:
    """The answer to a request that was made before; None for a new one."""
    found = await service.call(service.known, asked)
    live = service.runs.get(asked.run or "")
    if live is not None and not live.ended:
        return under_way(live.id)
    if found is None:
        return None
    if found.row.status in ("pending", "interrupted"):
        await service.call(service.runner.go_on, found, ("pending", "running"), asked.who)
    elif found.row.status in ENDED and asked.format in LINES:
        return await kept_lines(service, found, 0, asked.format)
    return under_way(found.row.run)


def _key(request: Request, asked: Play) -> str | None:
    """The id of the run by the request's Idempotency-Key; None without one. Keys of two tokens are two.

    Raises:
        HttpError: S0124 for a key that can't be one, or a request that needs none.
    """
    text = request.headers.get("idempotency-key")
    if text is None:
        return None
    key = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if not RUN_ID.fullmatch(key):
        raise HttpError(400, "S0124", "the Idempotency-Key is none", "up to 80 letters, digits, `-`, `_` and `.`")
    if asked.reads or asked.dry_run:
        raise HttpError(400, "S0124", "this request changes nothing, so it needs no Idempotency-Key", "leave it out")
    return f"{asked.token.id}.{key}" if asked.token.id else key


class Lines(Response):
    """The answer of a run, sent while it runs.

    It is complete only if the run succeeded or its lines say how it ended. Otherwise it is a problem document as long
    as no head was sent; afterwards it is cut. In both cases `X-Run` names the address that says why.
    """

    def __init__(self, run: LiveRun, pipe: Pipe, format_: str, seconds: float | None) -> None:
        self.run = run
        self.pipe = pipe
        self.format = format_
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop, pipe = get_running_loop(), self.pipe
        watching: list[Task[None]] = []
        timers: list[TimerHandle] = []

        def lasting() -> None:
            """The run is not a short one: stream its lines."""
            pipe.hasten()
            watching.append(create_task(self._watch(scope, receive)))
            if self.format in LINES:  # others show nothing yet, and a failure can have its status
                timers.append(loop.call_later(QUIET_SECONDS, pipe.open))

        timers.append(loop.call_later(PATIENCE_SECONDS, lasting))
        if self.seconds:
            timers.append(loop.call_later(self.seconds, pipe.hurry))
        try:
            await pipe.next()
            if pipe.ending is None:
                await self._stream(scope, send)
            elif pipe.told:
                await self._whole(send)
            else:
                await self._failure()(scope, receive, send)
        finally:
            for timer in timers:
                timer.cancel()
            for task in watching:
                task.cancel()
            if pipe.ending is None:
                self._gone(scope)

    async def _whole(self, send: Send) -> None:
        data = self.pipe.take()
        await self._head(send, (b"content-length", str(len(data)).encode()))
        await send({"type": "http.response.body", "body": data, "more_body": False})

    async def _stream(self, scope: Scope, send: Send) -> None:
        pipe = self.pipe
        await self._head(send)
        while True:
            ended = pipe.ending is not None
            if data := pipe.take():
                await send({"type": "http.response.body", "body": data, "more_body": True})
            elif not ended:
                await self._more(send)
            elif pipe.whole:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            else:
                await cut(scope, self._failure())
                return

    async def _head(self, send: Send, *more: tuple[bytes, bytes]) -> None:
        headers = [
            (b"content-type", MEDIA_TYPES[self.format].encode()),
            (b"vary", b"accept"),
            *[(name.lower().encode(), value.encode()) for name, value in self._told],
            *more,
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _more(self, send: Send) -> None:
        if self.format != "sse":
            await self.pipe.next()
            return
        coming = self.pipe.next()
        while not (await wait({coming}, timeout=ALIVE_SECONDS))[0]:
            await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})

    @property
    def _address(self) -> str:
        return f"/runs/{self.run.id}"

    @property
    def _told(self) -> list[tuple[str, str]]:
        """The headers about the run: its address, and warnings about its arguments as a JSON array."""
        room, warnings = MAX_WARNINGS, []
        for each in self.run.warnings:
            room -= len(json.dumps(each))
            if room >= 0:
                warnings.append(each)
        return [("X-Run", self._address), *([("X-Warnings", json.dumps(warnings))] if warnings else [])]

    def _failure(self) -> Response:
        """The problem document of an ended run without a complete answer."""
        ending = self.pipe.ending
        error = ending.error if isinstance(ending, Outcome) else ending
        more: dict[str, Any] = {"instance": self._address}
        if isinstance(ending, Outcome):
            more |= {"run": ending.run, "run_status": ending.status}
            if ending.trace is not None:
                more |= {"step": ending.trace.place.step, **ending.trace.to_json()}
        if not isinstance(error, SopError):
            error = HttpError(500, "S0100", "the server failed at this run", "its log says why")
        elif self.run.stopping and isinstance(error, Cancelled):
            error = HttpError(503, error.code, error.message, error.hint)
        elif self.run.keyed and error.code == "V0607":
            return under_way(self.run.id)
        answer = problem(error, more)
        answer.headers.update(dict(self._told))
        return answer

    async def _watch(self, scope: Scope, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self.pipe.ending is None:
            self._gone(scope)

    def _gone(self, scope: Scope) -> None:
        connection = connection_of(scope)
        if self.run.keyed:
            self.pipe.drop()  # the client will ask again
            return
        if self.run.kept and self.run.waiting:  # its thread may not have left it yet
            self.pipe.close()
            return
        stalled = None if connection is None else connection.stalled
        self.run.cancel(
            "the client went away" if stalled is None else f"the client read nothing for {stalled:g} seconds"
        )
        self.pipe.close()


# ── what a request says ────────────────────────────────────────────────────────────────────────────────────────


def _sorted(pairs: list[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Split the query into options, answers by step, and arguments."""
    options: dict[str, str] = {}
    answers: dict[str, str] = {}
    args: dict[str, Any] = {}
    for key, value in pairs:
        name, into = key, options if key in RESERVED else args
        if key == "answer":
            name, equals, value = value.partition("=")
            into = answers
            if not (name and equals):
                raise HttpError(400, "S0108", "an answer names its step", "answer=3.1=yes, %-encoded")
        if name in into:
            raise HttpError(400, "S0108", f"{name[:40]} is given twice", "give it once")
        into[name] = value
    return options, answers, args


def _number_of(options: Mapping[str, str], name: str, what: str, least: float, most: float) -> float | None:
    """The option as a number; None if it is absent.

    Raises:
        HttpError: S0108 when it is not a number, or out of bounds.
    """
    text = options.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not least <= number <= most:
        raise HttpError(400, "S0108", f"{name} is {what}")
    return number


def _wants_async(request: Request) -> bool:
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(each.partition(";")[0].strip().lower() == "respond-async" for each in preferences)


async def _arguments(service: Service, request: Request) -> Mapping[str, Any]:
    """The arguments in the body, a JSON object or empty.

    Raises:
        HttpError: S0105, S0106.
    """
    data = await body_of(service, request)
    kind = media_type(request)
    if not data and kind in ("", "application/json"):
        return {}
    if kind != "application/json":
        message = f"arguments are JSON, not {kind[:60]!r}" if kind else "nothing says that the body is JSON"
        raise HttpError(415, "S0105", message, "Content-Type: application/json", {"Accept-Post": "application/json"})
    value = decoded(data)
    if not isinstance(value, dict):
        raise HttpError(400, "S0106", "the body is not a JSON object", '{"parameter": value, …}')
    return value


def decoded(data: bytes) -> Any:
    """Decode JSON; numbers keep all their digits.

    Raises:
        HttpError: S0106 when it is not JSON, or a value is out of range.
    """
    try:
        value = _DECODER.decode(data)
        if _MANY_DIGITS.search(data) or data.count(b"[") + data.count(b"{") > MAX_DEPTH:
            _check(value)
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise HttpError(400, "S0106", f"the body is not JSON: {reason[:1].lower()}{reason[1:200]}") from error
    return value


def _number(text: str) -> float | Decimal:
    """A float, unless a float would lose digits."""
    value = float(text)
    if isinf(value):
        raise ValueError("it holds a number out of range")
    digits = text.lower().partition("e")[0].replace(".", "").lstrip("-0")
    return Decimal(text) if FLOAT_DIGITS < len(digits) <= MAX_DIGITS else value


_DECODER: Final = msgspec.json.Decoder(float_hook=_number)


def _check(value: Any) -> None:
    """ValueError for an int past 64 bits, and for deeper nesting than a run accepts."""
    pending = [(value, 1)]
    while pending:
        each, depth = pending.pop()
        if isinstance(each, (dict, list)):
            if depth > MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            pending += [(item, depth + 1) for item in (each.values() if isinstance(each, dict) else each)]
        elif isinstance(each, int) and not INT_MIN <= each <= INT_MAX:
            raise ValueError("it holds an int past 64 bits")

"""`/sessions`: open recordings and what is done in them. The lines of a step are sent as those of a run."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runtime.api import bodies
from runtime.api.audit import Who, about, ended
from runtime.api.bodies import GivenValue, Look, Move, NewParameter, NewSession, NewStep, StepText, Stop, body_as
from runtime.api.formats import LINES, choose
from runtime.api.pipe import Pipe
from runtime.api.play import Lines
from runtime.api.problems import HttpError, of_findings
from runtime.api.resource import address, as_json, options_of, token_of, who_of
from runtime.api.running import NOWHERE
from runtime.api.runs import LiveRun
from runtime.api.scripts import about_stored
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.bytecode.codec import module_hash
from runtime.bytecode.module import Module
from runtime.connect import connector
from runtime.errors import SopError
from runtime.output.formats import open_writer
from runtime.output.writer import Writer
from runtime.record.session import Session
from runtime.record.sessions import Sessions
from runtime.runs.answers import Prompt
from runtime.runs.run import Outcome, RunOptions, names_of
from runtime.values.functions import renaming, script_called

if TYPE_CHECKING:
    from runtime.record.recorder import Recorder, Taken

Act = Callable[["Recorder", Writer, Prompt | None], "Taken"]
"""What a request does with a recorder: it may write lines and ask questions."""


async def list_sessions(service: Service, request: Request) -> Response:
    token = token_of(request)
    options_of(request)
    names = await service.call(_names, _sessions(service, token), token)
    return as_json({"sessions": [{"name": name} for name in names]})


def _names(sessions: Sessions, token: Token) -> list[str]:
    covered = filter(token.covers, sessions.names())
    return [name for name in covered if all(map(token.reaches, sessions.load(name).uses))]


async def begin_session(service: Service, request: Request) -> Response:
    body = await body_as(service, request, NewSession)
    token = token_of(request)
    token.require_script(script_called(body.name))
    token.require_databases(body.uses)
    session = await service.call(_sessions(service, token).begin, body.name, tuple(body.uses))
    begun: bodies.Begun = {**described(session), "note": renaming(body.name)}
    return as_json(begun, 201, {"Location": address("sessions", session.name)})


async def show_session(service: Service, request: Request) -> Response:
    """Its steps, its parameters, and the program so far."""
    return as_json(await service.call(_shown, service, who_of(request), _named(request)))


async def discard_session(service: Service, request: Request) -> Response:
    name, token = _named(request), token_of(request)

    def remove() -> None:
        sessions = _sessions(service, token)
        sessions.load(name)
        with sessions.alone(name):
            sessions.remove(name)

    await service.call(remove)
    return Response(status_code=204)


async def take_step(service: Service, request: Request) -> Response:
    """Do a step. The last line holds its number, its code and warnings."""
    body = await body_as(service, request, NewStep)

    def act(recorder: Recorder, writer: Writer, prompt: Prompt | None) -> Taken:
        asks = None if body.answers else prompt
        return recorder.step(body.text, writer, answers=body.answers, prompt=asks, meanings=body.meanings)

    return _streamed(service, request, act)


async def look(service: Service, request: Request) -> Response:
    body = await body_as(service, request, Look)
    return _streamed(
        service,
        request,
        lambda recorder, writer, prompt: recorder.look(body.text, writer, meanings=body.meanings),
        looks=True,
    )


async def edit_step(service: Service, request: Request) -> Response:
    body = await body_as(service, request, StepText)
    return await _changed(service, request, lambda recorder: recorder.edit(_step(request), body.text))


async def drop_step(service: Service, request: Request) -> Response:
    return await _changed(service, request, lambda recorder: recorder.drop(_step(request)))


async def move_step(service: Service, request: Request) -> Response:
    body = await body_as(service, request, Move)
    return await _changed(service, request, lambda recorder: recorder.move(body.step, body.to))


async def add_parameter(service: Service, request: Request) -> Response:
    body = await body_as(service, request, NewParameter)
    return await _changed(service, request, lambda recorder: recorder.parameter(body.step, body.value, body.name))


async def give_value(service: Service, request: Request) -> Response:
    """Give a value to a parameter that a sentence names without one."""
    body = await body_as(service, request, GivenValue)
    token_of(request).require_unfixed([body.name])
    return await _changed(service, request, lambda recorder: recorder.give(body.name, body.value))


async def undo(service: Service, request: Request) -> Response:
    return await _changed(service, request, lambda recorder: recorder.undo())


async def pause(service: Service, request: Request) -> Response:
    return await _changed(service, request, lambda recorder: recorder.pause())


async def resume(service: Service, request: Request) -> Response:
    return await _changed(service, request, lambda recorder: recorder.resume())


async def stop_session(service: Service, request: Request) -> Response:
    """Check the script, store it, and end the recording; the data is not changed."""
    name, who = _named(request), who_of(request)
    anyway = (await body_as(service, request, Stop)).anyway

    def stop() -> bodies.Stopped:
        with _recording(service, name, who) as recorder:
            stopped = recorder.stop(anyway=anyway)
            _sessions(service, who.token).remove(name)
        service.audit.note("script-put", who, **about_stored(who, stopped.entry))
        return {
            "script": name,
            "version": stopped.entry.version,
            "text": stopped.text,
            "writes": stopped.effects.writes,
            "proved": not anyway,
        }

    return as_json(await service.call(stop), 201, {"Location": address("scripts", name)})


def described(session: Session) -> bodies.Session:
    """A recording, as clients see it."""
    return {
        "name": session.name,
        "started": session.started,
        "paused": session.paused,
        "parameters": session.state.parameters,
        "steps": [
            {"number": number, "text": step.text, "code": step.code, "lines": step.lines}
            for number, step in enumerate(session.steps, 1)
        ],
    }


# ── a recorder for a request ───────────────────────────────────────────────────────────────────────────────────


def _sessions(service: Service, token: Token) -> Sessions:
    """The recordings that a token may see: tokens that rename databases or fix arguments have their own."""
    return Sessions(Path(service.config.home), token.scope)


def _named(request: Request) -> str:
    """The name of the recording in the path, if the token may use its script."""
    name: str = request.path_params["name"]
    token_of(request).require_script(name)
    return name


@contextmanager
def _recording(
    service: Service, name: str, who: Who, run: LiveRun | None = None, *, looks: bool = False
) -> Iterator[Recorder]:
    """A recorder, nobody else's for as long. looks: for a look at the data."""
    sessions = _sessions(service, who.token)
    sessions.load(name)  # before a lock file is made for a recording that does not exist
    with sessions.alone(name):
        yield _recorder(service, sessions, name, who, run, looks=looks)


def _recorder(
    service: Service, sessions: Sessions, name: str, who: Who, run: LiveRun | None = None, *, looks: bool = False
) -> Recorder:
    from runtime.record.recorder import Recorder

    token = who.token
    session, config = sessions.load(name), service.seen_by(token)

    def allow(module: Module, stores: bool) -> None:
        """What is done again needs what running it needs; a look alone is no run."""
        service.require_program(token, module)
        if stores:
            return
        if session.steps or not looks:
            token.require("run", name)
        if module.effects.writes:
            token.require("write")
        if run is not None:
            run.databases = tuple(names_of(module.effects))
            if service.audit.reads:
                run.told = about(who, name, 0, module_hash(module), module.effects, module.signature, {})
                service.audit.write("look" if looks else "step", who, run=run.id, **run.told)

    return Recorder(
        msgspec.structs.replace(session, given={**session.given, **token.fixed}),
        config,
        service.library,
        connector(config),
        sessions.save,
        options=_options(service, token, run),
        compiling=service.compiling,
        allow=allow,
        sees=service.sees(token),
    )


def _options(service: Service, token: Token, run: LiveRun | None) -> RunOptions:
    return RunOptions(
        read_only=not token.may("write"),
        max_rows=service.rows(token),
        max_seconds=service.seconds(token),
        control=None if run is None else run.control,
    )


def _shown(service: Service, who: Who, name: str) -> bodies.ShownSession:
    """A recording as it was last saved. It can be shown while a step waits for an answer."""
    recorder = _recorder(service, _sessions(service, who.token), name, who)
    text = recorder.text() if recorder.session.steps else ""
    return {**described(recorder.session), "program": text, "offers": recorder.offers()}


async def _changed(service: Service, request: Request, act: Callable[[Recorder], Any]) -> Response:
    name, who = _named(request), who_of(request)

    def change() -> bodies.Session:
        with _recording(service, name, who) as recorder:
            act(recorder)
            return described(recorder.session)

    return as_json(await service.call(change))


def _streamed(service: Service, request: Request, act: Act, *, looks: bool = False) -> Response:
    """Answer with the lines of a step, as those of a run; POST /runs/{id}/answer answers its questions."""
    name, who = _named(request), who_of(request)
    format_ = choose(options_of(request, "format").get("format"), request.headers.get("accept"))
    pipe = Pipe(get_running_loop())
    run = LiveRun(name, 0, who, None, None, service.settings.ask_seconds)

    def work() -> Outcome:
        from runtime.record.replay import Unanswered
        from sopc.diagnostics import CompileError

        began = monotonic()
        with _recording(service, name, who, run, looks=looks) as recorder:
            pipe.writer = writer = open_writer(format_, pipe, buffer_until_commit=False, notes=NOWHERE)
            writer.start(run.id, name, 0, {}, {})
            failure: SopError | None = None
            taken = None
            try:
                taken = act(recorder, writer, run.prompt if format_ in LINES else None)
            except CompileError as error:
                failure = of_findings(error)
            except Unanswered as error:
                failure = SopError("V0403", f"the step waits for an answer: {error.question.text}", "answers: […]")
            except SopError as error:
                failure = error
            ms = round((monotonic() - began) * 1000)
            if failure is not None:
                writer.error(None, None, failure.record)
            result = None
            if taken is not None:
                result = {"step": taken.number, "code": taken.code, "warnings": taken.warnings}
            status = "ok" if failure is None else "failed"
            writer.end(status, result, 0, ms)
            records = writer.records
            outcome = Outcome(run=run.id, status=status, result=result, error=failure, records=records, ms=ms)
            service.refused(who, name, failure)
            if run.told:
                kind = "look-ended" if looks else "step-ended"
                service.audit.note(kind, who, run=run.id, **run.told, **ended(outcome))
            return outcome

    service.runner.start(run, who.token, pipe, work)
    return Lines(run, pipe, format_, service.seconds(who.token))


# ── what a request says ────────────────────────────────────────────────────────────────────────────────────────


def _step(request: Request) -> int:
    text: str = request.path_params["step"]
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise HttpError(404, "C0304", f"{text[:20]!r} is no number of a step")
    return int(text)

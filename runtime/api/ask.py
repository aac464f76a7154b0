"""`POST /ask`: a request in English → what it was understood as and, once that is confirmed, its run; never stored."""

from __future__ import annotations

from asyncio import get_running_loop
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.requests import Request
from starlette.types import ASGIApp

from runtime.api import bodies
from runtime.api.audit import Who
from runtime.api.bodies import body_as
from runtime.api.formats import choose
from runtime.api.pipe import Pipe
from runtime.api.play import Lines
from runtime.api.problems import HttpError
from runtime.api.resource import as_json, options_of, who_of
from runtime.api.scripts import explained, linked_program, prepared_text, warnings_of
from runtime.api.service import Service
from runtime.api.shared import Play
from runtime.api.whole_run import lines_of
from runtime.errors import SopError
from runtime.query.schema import Schema
from runtime.vm.link import Linked

if TYPE_CHECKING:
    from sopc.context import Context
    from sopc.workflow.prepared import Options, Prepared

NAME: Final = "request"  # of the program, as `sopvm do` calls it


class _Understood(NamedTuple):
    """A translated request. text: with the sentences that it builds on. units: of fields of the stores it reads.
    sizes: rows of the stores it writes."""

    text: str
    prepared: Prepared
    linked: Linked
    units: dict[str, str]
    sizes: dict[str, int]


async def ask(service: Service, request: Request) -> ASGIApp:
    """Without `confirm`: what the request means, and what a dry run of it counts if it writes. With it: the lines of
    its run, as those of a script.

    Raises:
        HttpError: T0210 with the question that the text leaves open. S0128 for a `confirm` of another program. S0129
            to run what asks or commits.
    """
    body = await body_as(service, request, bodies.Ask)
    wanted = options_of(request, "format").get("format")
    format_ = choose(wanted, request.headers.get("accept")) if body.confirm else "jsonl"
    who = who_of(request)
    understood = await service.call(_understood, service, who, body)
    root = understood.linked.root
    right = "run" if root.effects.writes else "query"
    play = Play(script=NAME, args={}, who=who, format=format_, waits=0.0, linked=understood.linked, right=right)
    await service.call(service.check, play)
    if not body.confirm:
        return as_json(await _said_back(service, understood, play))
    if body.confirm != root.hash:
        message = "the program of this text is not the one that was confirmed"
        raise HttpError(409, "S0128", message, "ask without `confirm`, and look at what it says")
    if root.effects.asks or root.effects.commits:
        does = "asks a question" if root.effects.asks else "commits half way"
        raise HttpError(422, "S0129", f"this {does}, so it is kept under the name of a script", "store it, and run it")
    pipe = Pipe(get_running_loop())
    return Lines(service.runner.begin(play, pipe), pipe, format_, service.seconds(who.token))


def _understood(service: Service, who: Who, body: bodies.Ask) -> _Understood:
    from sopc.context import Context
    from sopc.workflow.answers import Answers
    from sopc.workflow.prepared import Options, Written

    token = who.token
    written = Written(body.program, NAME) if body.program else None
    with service.compiling, Context(service.seen_by(token), service.library, service.sees(token)) as context:
        options = Options(answers=Answers(body.answers), may_read=token.may_read, written=written)
        text, prepared = _translated(body, context, options)
        linked = linked_program(service, token, prepared.compiled)
        effects = linked.root.effects
        stores = (store.split(".", 1) for store in effects.writes)
        sizes = {store: context.database(database).count_rows(store) for database, store in stores}
        return _Understood(text, prepared, linked, _units(effects.reads, context.readable_schemas()), sizes)


def _translated(body: bodies.Ask, context: Context, options: Options) -> tuple[str, Prepared]:
    """The text alone; where that means nothing, after the sentences before it, whose rows are not shown again."""
    from sopc.diagnostics import CompileError
    from sopc.source import Source
    from sopc.workflow.prepared import NOWHERE

    def prepared(text: str) -> Prepared:
        return prepared_text(Source(f"{NAME}.txt", text), context, options, NOWHERE, "english")

    try:
        return body.text, prepared(body.text)
    except CompileError as error:
        if not body.before.strip():
            raise
        whole = f"{body.before.rstrip()}\n{body.text}"
        try:
            return whole, _last_shown(prepared(whole), body.before, context)
        except SopError:
            raise
        except CompileError:
            raise error from None


def _last_shown(prepared: Prepared, before: str, context: Context) -> Prepared:
    """The program without what the earlier sentences show."""
    from dataclasses import replace

    from sopc.pipeline import compile_source
    from sopc.source import Source
    from sopc.syntax.format import format_script
    from sopc.syntax.parse import parse
    from sopc.tree import nodes

    earlier = _sentences(before)
    (script,) = parse(Source(f"{NAME}.sop", prepared.program)).scripts
    steps = tuple(
        step
        for step in script.steps
        if not (isinstance(step, nodes.Emit | nodes.Say) and (step.sentence or 0) <= earlier)
    )
    source = Source(f"{NAME}.sop", format_script(script.model_copy(update={"steps": steps})))
    return replace(prepared, compiled=compile_source(source, context))


def _sentences(text: str) -> int:
    from sopc.english import read_workflow

    return len(read_workflow(text, NAME).sentences)


def _units(reads: tuple[str, ...], schemas: dict[str, Schema]) -> dict[str, str]:
    """The unit of each field, where all read stores that have such a field agree."""
    found: dict[str, set[str]] = {}
    for name in reads:
        database, _, store = name.partition(".")
        known = schemas[database].stores.get(store)
        if known is not None:
            for field in known.fields:
                found.setdefault(field.name, set()).add(known.note(field.name).unit)
    return {name: next(iter(units)) for name, units in found.items() if len(units) == 1 and "" not in units}


async def _said_back(service: Service, understood: _Understood, play: Play) -> bodies.Asked:
    module, effects = understood.linked.root.module, understood.linked.root.effects
    emits = module.signature.emits
    fields = emits.fields if emits is not None and emits.fields is not None else ()
    return {
        "text": understood.text,
        "sentences": _sentences(understood.text),
        "program": understood.prepared.program,
        "explained": explained(module),
        "translator": understood.prepared.translator,
        "warnings": warnings_of(understood.prepared),
        "columns": [
            {"name": name, "type": str(type_.not_null()), "unit": understood.units.get(name)} for name, type_ in fields
        ],
        "asks": effects.asks,
        "writes": list(effects.writes),
        "changes": await _dry_run(service, understood, play) if effects.writes else None,
        "confirm": understood.linked.root.hash,
    }


async def _dry_run(service: Service, understood: _Understood, play: Play) -> list[bodies.AskedChange]:
    """What the run would change.

    Raises:
        SopError: The dry run failed.
    """
    lines = await lines_of(service, play, dry_run=True)
    return [_change(each, understood.sizes) for each in lines[-1]["changes"]]


def _change(counted: dict[str, Any], sizes: dict[str, int]) -> bodies.AskedChange:
    command, store, rows = counted["command"], counted["store"], counted["rows"]
    by = {"insert": rows, "delete": -rows, "update": 0}.get(command)
    after = None if by is None else sizes[store] + by
    return {"command": command, "store": store, "rows": rows, "before": sizes[store], "after": after}

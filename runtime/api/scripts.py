"""`/scripts`: the list of the library, a script in all its forms, storing and removing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runtime.api import bodies
from runtime.api.audit import Who, about
from runtime.api.jsonschema import signature_schema
from runtime.api.problems import HttpError
from runtime.api.resource import address, as_json, body_of, flag, media_type, options_of, token_of, who_of
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.api.views import linked_views
from runtime.bytecode.codec import decode
from runtime.bytecode.module import Effects, Module, Signature
from runtime.errors import SopError
from runtime.library.overlay import Overlay
from runtime.library.records import Entry
from runtime.runs.arguments import describe as head_of
from runtime.runs.run import names_of
from runtime.values.functions import renaming, script_called
from runtime.values.types import NULL
from runtime.vm.link import Linked, link

if TYPE_CHECKING:
    from sopc.context import Context
    from sopc.pipeline import Compiled, Kind
    from sopc.source import Source
    from sopc.workflow.answers import NeedsAnswer
    from sopc.workflow.prepared import Options, Place, Prepared, Take, Written

KINDS: Final[Mapping[str, Kind | None]] = {
    "text/x-sop": "dsl",
    "application/x-sop": "dsl",
    "text/plain": None,  # by how it begins
    "text/markdown": "english",
    "application/json": "tree",
}


async def list_scripts(service: Service, request: Request) -> Response:
    token = token_of(request)
    options_of(request)
    return as_json({"scripts": await service.call(_listed, service, token)})


def _listed(service: Service, token: Token) -> list[bodies.Summary]:
    return [
        _summary(entry, decode(service.library.load(entry.hash)), token)
        for entry in service.library.entries()
        if service.visible(token, entry)
    ]


async def show_script(service: Service, request: Request) -> Response:
    """Everything about a version; 304 if the client has it already."""
    token = token_of(request)
    return await _about(service, request, lambda entry, module: _whole(service, entry, module, token))


async def show_signature(service: Service, request: Request) -> Response:
    token = token_of(request)
    return await _about(service, request, lambda _, module: signature_schema(for_callers(module.signature, token)))


async def show_source(service: Service, request: Request) -> Response:
    return await _about(service, request, lambda entry, module: module.debug.source)


async def show_disasm(service: Service, request: Request) -> Response:
    """The bytecode; `?sql=true` adds the SQL of queries and writes."""
    sql = flag(options_of(request, "sql").get("sql", "false"), "sql")

    def text(entry: Entry, module: Module) -> str:
        from runtime.bytecode.disasm import disassemble
        from runtime.databases.dialects import sql_of

        return disassemble(module, sql=sql_of(module) if sql else None)

    return await _about(service, request, text)


async def show_explained(service: Service, request: Request) -> Response:
    return await _about(service, request, lambda entry, module: explained(module))


async def show_versions(service: Service, request: Request) -> Response:
    name = request.path_params["name"]
    token_of(request).require_script(name)
    return as_json({"versions": await service.call(_versions, service, token_of(request), name)})


def _versions(service: Service, token: Token, name: str) -> list[bodies.Version]:
    history = service.library.history(name)
    service.require_visible(token, history[0])
    tags: dict[int, list[str]] = {}
    for tag, version in service.library.tags(name).items():
        tags.setdefault(version, []).append(tag)
    return [
        {
            "version": entry.version,
            "hash": entry.hash,
            "when": entry.when,
            "provenance": entry.provenance,
            "tags": tags.get(entry.version, []),
        }
        for entry in history
        if service.visible(token, entry)
    ]


async def put_script(service: Service, request: Request) -> Response:
    """Compile and store the body: DSL, English or a tree.

    English under the name of a function is stored with `_script` after the name. `?dry_run=true` compiles without
    storing. `?yes=true` also stores a new translation of English that writes. `?answer=SENTENCE=ANSWER` answers what
    the text leaves open. `?take=text|sop` says which to keep when both the text and its stored program changed.
    `?locked=true` refuses to translate. If-Match and If-None-Match: * work as in HTTP.
    """
    name, token = request.path_params["name"], token_of(request)
    token.require_script(name)
    options = options_of(request, "dry_run", "yes", "take", "locked", "answer")
    dry_run, yes, locked = (flag(options.get(key, "false"), key) for key in ("dry_run", "yes", "locked"))
    kind = media_type(request)
    if kind not in KINDS:
        message = f"a program is text, not {kind[:60]!r}" if kind else "nothing says what kind of program the body is"
        hint = "Content-Type: text/x-sop for DSL, text/plain for English, application/json for a tree"
        raise HttpError(415, "S0105", message, hint, {"Accept-Put": ", ".join(KINDS)})
    data = await body_of(service, request)
    try:
        text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise SopError("C0105", f"byte {error.start + 1} of the body is not UTF-8 text", "send it as UTF-8") from error
    conditions = {key: request.headers.get(key) for key in ("if-match", "if-none-match")}
    act = PutRequest(
        name, text, KINDS[kind], dry_run, yes, _take(options), locked, _answers(options.get("answer", "")), conditions
    )
    done = await service.call(put_text, service, who_of(request), act)
    status = 201 if done["version"] == 1 and not done["unchanged"] and not dry_run else 200
    return as_json(done, status, {"Location": address("scripts", done["name"])} if status == 201 else None)


class PutRequest(NamedTuple):
    """A request to store a program. written: what an agent wrote for the text."""

    name: str
    text: str
    kind: Kind | None
    dry_run: bool
    yes: bool
    take: Take | None
    locked: bool
    answers: Mapping[str, str]
    conditions: Mapping[str, str | None]
    written: Written | None = None


def _take(options: Mapping[str, str]) -> Take | None:
    take = options.get("take")
    if take not in (None, "text", "sop"):
        raise HttpError(400, "S0108", f"take is text or sop, not {take[:40]!r}")
    return cast("Take | None", take)


def _answers(text: str) -> dict[str, str]:
    """`1=2,3=1`: sentence number → answer."""
    pairs = [each.partition("=") for each in text.split(",") if each]
    if not all(number.isdecimal() and answer for number, _, answer in pairs):
        raise HttpError(400, "S0108", f"answer is SENTENCE=ANSWER, not {text[:40]!r}", "?answer=1=2")
    return {number: answer for number, _, answer in pairs}


def put_text(service: Service, who: Who, act: PutRequest) -> bodies.Put:
    from sopc.context import Context
    from sopc.pipeline import kind_of
    from sopc.source import STDIN, Source
    from sopc.workflow.answers import Answers
    from sopc.workflow.prepared import NOWHERE, Options
    from sopc.workflow.sources import stored_place
    from sopc.workflow.stored import Consents, NeedsYes, stale_callers, store

    answers, token = Answers(act.answers), who.token
    kind = act.kind or kind_of(Source(STDIN, act.text))
    name = script_called(act.name) if kind == "english" else act.name
    renamed: list[bodies.ProgramWarning] = []
    if name != act.name:
        renamed.append({"code": "T0608", "sentence": 0, "message": renaming(act.name) or ""})
    token.require_script(name)
    with service.compiling, Context(service.seen_by(token), service.library, service.sees(token)) as context:
        before = service.library.find(name)
        service.require_visible(token, before)
        _check_conditions(service, name, before, act.conditions)
        source = Source(f"{name}.txt" if kind == "english" else f"{name}.sop", act.text)
        place = NOWHERE if act.written else stored_place(name, service.library, act.take)
        options = Options(
            take=act.take,
            locked=act.locked,
            yes=act.yes,
            answers=answers,
            may_read=token.may_read,
            written=act.written,
        )
        prepared = prepared_text(source, context, options, place, kind)
        module = _only(prepared.compiled, name)
        (item,) = prepared.compiled.items(work=prepared.work)
        service.require_program(token, module)
        if act.dry_run:
            with suppress(SopError):  # where nothing can be written, nothing can be stored either
                prepared.keep()
            entry, unchanged = Entry(name, 0, item.hash, "", item.provenance, module.effects), False
            stale = stale_callers([module], service.library)
        else:
            try:
                outcome = store([prepared], context, Consents(act.yes))
            except NeedsYes as error:
                error.hint = "look at it with ?dry_run=true, then store it with ?yes=true"
                raise
            (stored,), stale = outcome.scripts, list(outcome.stale)
            entry, unchanged = stored.entry, stored.unchanged
            service.audit.note("script-put", who, **about_stored(who, entry))
    return {
        **_whole(service, entry, module, token),
        "unchanged": unchanged or (before is not None and before.hash == item.hash),
        "translator": prepared.translator,
        "translated": prepared.translated,
        "warnings": [*renamed, *warnings_of(prepared)],
        "stale_callers": [caller for caller, _ in stale if service.sees(token)(caller)],
    }


def prepared_text(
    source: Source, context: Context, options: Options, place: Place | None, kind: Kind | None
) -> Prepared:
    """As `prepare`, for HTTP: an open question is a problem document, and so is an answer to none.

    Raises:
        HttpError: T0210 with the question and its choices.
        UsageError: T0211 for an answer to a question that was not asked.
    """
    from sopc.workflow.answers import NeedsAnswer
    from sopc.workflow.sources import prepare

    try:
        prepared = prepare(source, context, options, place, kind)
    except NeedsAnswer as error:
        raise _unanswered(error) from None
    if options.answers is not None:
        options.answers.check_used()
    return prepared


def warnings_of(prepared: Prepared) -> list[bodies.ProgramWarning]:
    return [
        bodies.ProgramWarning(code=each.code, sentence=each.sentence, message=each.message)
        for each in prepared.warnings
    ]


def _only(compiled: Compiled, name: str | None) -> Module:
    """Its one script.

    Raises:
        HttpError: S0115 when it holds another number of them, or that is not its name.
    """
    names = [module.signature.name for module in compiled.modules]
    if len(names) != 1 or name not in (None, *names):
        said = "one is wanted" if name is None else f"the address says {name}"
        message = f"the program is {', '.join(names) or 'empty'}, and {said}"
        raise HttpError(422, "S0115", message, "one script, of the name in the address")
    return compiled.modules[0]


def linked_text(service: Service, who: Who, program: str) -> Linked:
    """A program that is not stored → the script, ready to run."""
    from sopc.context import Context
    from sopc.pipeline import compile_source
    from sopc.source import STDIN, Source

    token = who.token
    with service.compiling, Context(service.seen_by(token), service.library, service.sees(token)) as context:
        return linked_program(service, token, compile_source(Source(STDIN, program), context))


def linked_program(service: Service, token: Token, compiled: Compiled) -> Linked:
    """A compiled program that is not stored → its script, ready to run, if the token may use what it uses."""
    module = _only(compiled, None)
    name = module.signature.name
    token.require_script(name)
    service.require_program(token, module)
    return link(Overlay(service.library, compiled.items()), name)


def _unanswered(error: NeedsAnswer) -> HttpError:
    """A problem document with the question that the text leaves open, and its choices."""
    question = error.question
    if question is None:
        return HttpError(409, error.code, error.message, error.hint)
    more = {"sentence": question.sentence, "question": question.text, "choices": question.said}
    if question.readings:
        more["readings"] = [one.to_json() for one in question.distinct]
    return HttpError(409, error.code, error.message, f"?answer={question.sentence}=…, or say it in the text", more=more)


async def delete_script(service: Service, request: Request) -> Response:
    """Remove a script with all its versions; refused while another script calls it."""
    name, token = request.path_params["name"], token_of(request)
    token.require_script(name)
    options_of(request)
    conditions = {"if-match": request.headers.get("if-match")}
    await service.call(_delete, service, who_of(request), name, conditions)
    return Response(status_code=204)


def _delete(service: Service, who: Who, name: str, conditions: Mapping[str, str | None]) -> None:
    with service.compiling:
        entry = service.library.find(name)
        service.require_visible(who.token, entry)
        _check_conditions(service, name, entry, conditions)
        versions = service.library.remove([name], service.sees(who.token))[name]
        service.audit.note("script-delete", who, script=name, versions=versions)


def about_stored(who: Who, entry: Entry) -> dict[str, Any]:
    """The details of a stored script, for the audit."""
    return about(who, entry.name, entry.version, entry.hash, entry.effects, _NO_ARGUMENTS, {})


_NO_ARGUMENTS: Final = Signature("", (), NULL, None, ())


# ── forms ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _about(service: Service, request: Request, form: Callable[[Entry, Module], Any]) -> Response:
    """One form of the version in the path, as JSON or (a str) as text, with its ETag."""
    token, name = token_of(request), request.path_params["name"]
    token.require_script(name.rpartition("@")[0] or name)  # before an answer reveals whether it exists

    def work() -> tuple[str, Any]:
        entry = service.library.resolve(name)
        service.require_visible(token, entry)
        data = service.library.load(entry.hash)
        return _etag(data), form(entry, decode(data))

    etag, value = await service.call(work)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _matches(request.headers.get("if-none-match"), etag):
        return Response(None, 304, headers)
    if isinstance(value, str):
        return Response(value.rstrip("\n") + "\n", 200, headers, "text/plain; charset=utf-8")
    return as_json(value, 200, headers)


def _etag(module: bytes) -> str:
    return f'"{sha256(module).hexdigest()[:32]}"'


def _matches(header: str | None, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names the ETag."""
    if header is None:
        return False
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in header.split(","))


def _check_conditions(service: Service, name: str, now: Entry | None, conditions: Mapping[str, str | None]) -> None:
    etag = "" if now is None else _etag(service.library.load(now.hash))
    wanted, unwanted = conditions.get("if-match"), conditions.get("if-none-match")
    if (wanted is not None and (now is None or not _matches(wanted, etag))) or (now and _matches(unwanted, etag)):
        message = f"{name} is not what If-Match says" if wanted is not None else f"there is a script {name} already"
        raise HttpError(412, "S0114", message, f"GET /scripts/{name} gives its ETag")


def may_run(token: Token, effects: Effects, signature: Signature) -> bool:
    """Whether the token may run a script, by what it does and takes. Whether it is for that script is checked
    elsewhere."""
    taken = {param.name for param in signature.params}
    allowed = token.may("run") and (token.may("write") or not effects.writes)
    return allowed and taken >= token.fixed.keys() and all(map(token.reaches, names_of(effects)))


def for_callers(signature: Signature, token: Token) -> Signature:
    """The signature without the parameters that the token fixes."""
    params = tuple(param for param in signature.params if param.name not in token.fixed)
    return msgspec.structs.replace(signature, params=params)


def _summary(entry: Entry, module: Module, token: Token) -> bodies.Summary:
    return {
        "name": entry.name,
        "version": entry.version,
        "when": entry.when,
        "doc": module.doc,
        "head": head_of(for_callers(module.signature, token)),
        "uses": module.signature.uses,
        "effects": module.effects,
    }


def _whole(service: Service, entry: Entry, module: Module, token: Token) -> bodies.Script:
    return {
        **_summary(entry, module, token),
        "hash": entry.hash,
        "provenance": msgspec.to_builtins(entry.provenance),
        "tags": service.library.tags(entry.name),
        "sentences": module.debug.sentences,
        "source": module.debug.source,
        "steps": [
            {"path": step.path, "sentence": step.sentence, "line": step.line, "text": step.text}
            for step in module.debug.steps
        ],
        "schema": signature_schema(for_callers(module.signature, token)),
        "views": linked_views(module),
        "explained": explained(module),
    }


def explained(module: Module) -> dict[str, Any] | None:
    """The program explained in English; null if the compiler is not installed."""
    try:
        from sopc.explainer.beside import to_json
        from sopc.explainer.script import explain_module
    except ImportError:
        return None
    return to_json(explain_module(module), module.debug.sentences)

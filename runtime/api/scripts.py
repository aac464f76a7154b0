"""`/scripts`: what the library holds, a script in all its forms, and storing or removing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runtime.api.jsonschema import signature_schema
from runtime.api.problems import HttpError
from runtime.api.resource import address, as_json, body_of, flag, media_type, options_of, token_of
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.api.views import linked_views
from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module, Signature
from runtime.errors import SopError
from runtime.library.records import Entry
from runtime.runs.arguments import describe as head_of

KINDS: Final = {
    "text/x-sop": "dsl",
    "application/x-sop": "dsl",
    "text/plain": None,  # by how it begins
    "text/markdown": "english",
    "application/json": "tree",
}


async def list_scripts(service: Service, request: Request) -> Response:
    token = token_of(request)
    token.require("read")
    options_of(request)
    return as_json({"scripts": await service.call(_listed, service, token)})


def _listed(service: Service, token: Token) -> list[dict[str, Any]]:
    return [
        _summary(entry, decode(service.library.load(entry.hash)), token)
        for entry in service.library.entries()
        if token.covers(entry.name)
    ]


async def show_script(service: Service, request: Request) -> Response:
    """Everything about a version; 304 when the client has it."""
    token = token_of(request)
    return await _about(service, request, lambda entry, module: _whole(service, entry, module, token))


async def show_signature(service: Service, request: Request) -> Response:
    token = token_of(request)
    return await _about(service, request, lambda _, module: signature_schema(for_callers(module.signature, token)))


async def show_source(service: Service, request: Request) -> Response:
    return await _about(service, request, lambda entry, module: module.debug.source)


async def show_disasm(service: Service, request: Request) -> Response:
    """`?sql=true` prints the SQL of queries and writes too."""
    sql = flag(options_of(request, "sql").get("sql", "false"), "sql")

    def text(entry: Entry, module: Module) -> str:
        from runtime.bytecode.disasm import disassemble
        from sopc.commands.sources import sql_of

        return disassemble(module, sql=sql_of(module) if sql else None)

    return await _about(service, request, text)


async def show_explained(service: Service, request: Request) -> Response:
    return await _about(service, request, lambda entry, module: _explained(module))


async def show_versions(service: Service, request: Request) -> Response:
    name = request.path_params["name"]
    token_of(request).require("read", name)
    return as_json({"versions": await service.call(_versions, service, name)})


def _versions(service: Service, name: str) -> list[dict[str, Any]]:
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
        for entry in service.library.history(name)
    ]


async def put_script(service: Service, request: Request) -> Response:
    """The body is DSL, English or a tree. `?dry_run=true` compiles and stores nothing; `?yes=true` stores a new
    translation of English that writes. If-Match and If-None-Match: * as HTTP says."""
    name, token = request.path_params["name"], token_of(request)
    token.require("compile", name)
    options = options_of(request, "dry_run", "yes")
    dry_run, yes = (flag(options.get(key, "false"), key) for key in ("dry_run", "yes"))
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
    done = await service.call(_put, service, token, name, text, KINDS[kind], dry_run, yes, conditions)
    status = 201 if done["version"] == 1 and not done["unchanged"] and not dry_run else 200
    return as_json(done, status, {"Location": address("scripts", name)} if status == 201 else None)


def _put(
    service: Service,
    token: Token,
    name: str,
    text: str,
    kind: str | None,
    dry_run: bool,
    yes: bool,
    conditions: Mapping[str, str | None],
) -> dict[str, Any]:
    from runtime.api.programs import Prepared, prepare
    from sopc import pipeline
    from sopc.context import Context

    with service.compiling, Context(service.seen_by(token), service.library, token.covers) as context:
        before = service.library.find(name)
        _check_conditions(service, name, before, conditions)
        prepared: Prepared = prepare(name, text, kind, context, yes=yes)
        module, item = prepared.compiled.modules[0], prepared.items[0]
        service.require_program(token, module)
        if dry_run:
            prepared.keep()
            entry = Entry(name, 0, item.hash, "", item.provenance, module.effects)
        else:
            prepared.confirm(yes)
            pipeline.generate_sql([module], [item], context)
            entry = pipeline.store(prepared.items, service.library)[0]
            prepared.forget()
            service.audit.write("script-put", token, script=name, version=entry.version, hash=entry.hash)
        stale = pipeline.stale_callers([module], service.library)
    return {
        **_whole(service, entry, module, token),
        "unchanged": before is not None and before.hash == item.hash,
        "translator": prepared.translator,
        "stale_callers": [caller for caller, _ in stale if token.covers(caller)],
    }


async def delete_script(service: Service, request: Request) -> Response:
    """With all its versions. Refused while another script calls it."""
    name, token = request.path_params["name"], token_of(request)
    token.require("compile", name)
    options_of(request)
    conditions = {"if-match": request.headers.get("if-match")}
    await service.call(_delete, service, token, name, conditions)
    return Response(status_code=204)


def _delete(service: Service, token: Token, name: str, conditions: Mapping[str, str | None]) -> None:
    with service.compiling:
        _check_conditions(service, name, service.library.find(name), conditions)
        versions = service.library.remove([name])[name]
        service.audit.write("script-delete", token, script=name, versions=versions)


# ── forms ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _about(service: Service, request: Request, form: Callable[[Entry, Module], Any]) -> Response:
    """One form of the version in the path, as JSON or (a str) as text, with its ETag."""
    token, name = token_of(request), request.path_params["name"]
    token.require("read", name.rpartition("@")[0] or name)  # before anything says whether it is there

    def work() -> tuple[str, Any]:
        entry = service.library.resolve(name)
        token.require("read", entry.name)
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
    """Whether If-Match or If-None-Match names it."""
    if header is None:
        return False
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in header.split(","))


def _check_conditions(service: Service, name: str, now: Entry | None, conditions: Mapping[str, str | None]) -> None:
    etag = "" if now is None else _etag(service.library.load(now.hash))
    wanted, unwanted = conditions.get("if-match"), conditions.get("if-none-match")
    if (wanted is not None and (now is None or not _matches(wanted, etag))) or (now and _matches(unwanted, etag)):
        message = f"{name} is not what If-Match says" if wanted is not None else f"there is a script {name} already"
        raise HttpError(412, "S0114", message, f"GET /scripts/{name} gives its ETag")


def for_callers(signature: Signature, token: Token) -> Signature:
    """Without the parameters that the token fixes."""
    params = tuple(param for param in signature.params if param.name not in token.fixed)
    return msgspec.structs.replace(signature, params=params)


def _summary(entry: Entry, module: Module, token: Token) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": entry.version,
        "when": entry.when,
        "doc": module.doc,
        "head": head_of(for_callers(module.signature, token)),
        "uses": module.signature.uses,
        "effects": module.effects,
    }


def _whole(service: Service, entry: Entry, module: Module, token: Token) -> dict[str, Any]:
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
        "explained": _explained(module),
    }


def _explained(module: Module) -> dict[str, Any] | None:
    """The program said back in English; null where the compiler is not installed."""
    try:
        from sopc.commands.explain import said_back
        from sopc.explain.beside import to_json
    except ImportError:
        return None
    return to_json(said_back(module), module.debug.sentences)

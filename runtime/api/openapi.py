"""The scripts that a token may see → an OpenAPI 3.1 document: an address a script, and the service's own."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.addresses import LINE, PROBLEM, RUN, TEXT, Json, addresses, problem_response, query_parameter
from runtime.api.formats import MEDIA_TYPES
from runtime.api.jsonschema import arguments_schema, parameter_schema, schema_of
from runtime.api.play import RESERVED
from runtime.api.resource import as_json, options_of, token_of
from runtime.api.scripts import for_callers
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module, Parameter, Signature
from runtime.errors import SopError
from runtime.runs.run import names_of

_JSON_TYPES: Final = ("list", "record", "any")  # whose values are JSON in a query string


async def show_openapi(service: Service, request: Request) -> Response:
    token = token_of(request)
    token.require("read")
    options_of(request)
    return as_json(await service.call(document, service, token))


def document(service: Service, token: Token) -> Json:
    """https://spec.openapis.org/oas/v3.1.0"""
    paths = addresses()
    for entry in service.library.entries():
        if token.may("run") and token.covers(entry.name):
            try:
                module = decode(service.library.load(entry.hash))
            except SopError:
                continue  # it can't be run either, and says so there
            if _may_run(token, module):
                signature = for_callers(module.signature, token)
                paths[f"/play/{quote(entry.name, safe='')}"] = _play_path(module, signature)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Scripts", "version": version("sopc"), "description": "Scripts of this library, over HTTP."},
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, "Line": LINE, "Run": RUN},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}] if service.tokens.required() else [],
    }


def _may_run(token: Token, module: Module) -> bool:
    writes, taken = module.effects.writes, {param.name for param in module.signature.params}
    allowed = token.may("write") or not writes
    return allowed and taken >= token.fixed.keys() and all(map(token.reaches, names_of(module.effects)))


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


def _play_path(module: Module, signature: Signature) -> Json:
    """signature: as callers have it."""
    common: Json = {
        "summary": module.doc or signature.name,
        "tags": ["scripts"],
        "responses": {"200": _lines_response(signature), "default": problem_response()},
    }
    effects = module.effects
    post = {
        **common,
        "operationId": f"run {signature.name}",
        "parameters": [*_options(), _PREFER],
        "requestBody": {
            "required": any(param.default is None for param in signature.params),
            "content": {"application/json": {"schema": arguments_schema(signature)}},
        },
        "x-effects": {"reads": effects.reads, "writes": effects.writes, "asks": effects.asks},
    }
    post["responses"] = {**common["responses"], "202": {"description": "The run goes on; Location is its address."}}
    path: Json = {"post": post}
    asked = [param for param in signature.params if not param.secret]  # a secret is given in a body
    if not effects.writes and all(param in asked or param.default is not None for param in signature.params):
        parameters = [_query_parameter(param) for param in asked if param.name not in RESERVED]
        get = {**common, "operationId": f"read {signature.name}", "parameters": parameters + _options()}
        path["get"] = get
    return path


def _query_parameter(param: Parameter) -> Json:
    said: Json = {"name": param.name, "in": "query", "required": param.default is None}
    schema = parameter_schema(param)
    if param.type.name in _JSON_TYPES:
        return {**said, "content": {"application/json": {"schema": schema}}}
    return {**said, "schema": schema}


def _lines_response(signature: Signature) -> Json:
    record = schema_of(signature.emits) if signature.emits is not None else {}
    line = {"$ref": "#/components/schemas/Line"}
    schemas: dict[str, Json] = {"jsonl": line, "json": {"type": "array", "items": line}, "records": record}
    content: dict[str, Json] = {}
    for format_, media_type in MEDIA_TYPES.items():
        content.setdefault(media_type, {"schema": schemas.get(format_, TEXT)})
    return {
        "description": "What the run says, as it says it. Formats of lines end with the run's end; the answer of a run "
        "that fails under way breaks off in the others.",
        "headers": {"X-Run": {"description": "The run's address, which says how it ended.", "schema": TEXT}},
        "content": content,
    }


def _options() -> list[Json]:
    return [
        query_parameter(
            "format", {"type": "string", "enum": list(MEDIA_TYPES)}, "Format of the answer; goes before Accept."
        ),
        query_parameter("dry_run", {"type": "boolean"}, "Do everything, then undo it."),
        query_parameter("answer", {"type": "string", "pattern": "^[^=]+=.+$"}, "STEP=VALUE, for a script that asks."),
        query_parameter("max_rows", {"type": "integer", "minimum": 1}, "Rows that the run may emit, at most."),
        query_parameter("max_seconds", {"type": "number", "exclusiveMinimum": 0}, "Seconds that it may take, at most."),
        query_parameter("wait", {"type": "number", "minimum": 0, "maximum": 86400}, "Seconds that a question waits."),
    ]


_PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string", "enum": ["respond-async"]},
    "description": "respond-async answers 202 at once, with the run's address.",
}

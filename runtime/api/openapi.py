"""The scripts that a token may see → an OpenAPI 3.1 document: an address a script, and the service's own."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.formats import LINES, MEDIA_TYPES
from runtime.api.jsonschema import arguments_schema, parameter_schema, schema_of
from runtime.api.play import RESERVED
from runtime.api.resource import as_json, options_of, token_of
from runtime.api.scripts import KINDS
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module, Parameter, Signature
from runtime.errors import SopError

Json = dict[str, Any]
_TEXT: Final[Json] = {"type": "string"}
_JSON_TYPES: Final = ("list", "record", "any")  # whose values are JSON in a query string
_NAME: Final[Json] = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "A script: NAME, NAME@VERSION or NAME@TAG.",
}
_ID: Final[Json] = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


async def show_openapi(service: Service, request: Request) -> Response:
    token = token_of(request)
    token.require("read")
    options_of(request)
    return as_json(await service.call(document, service, token))


def document(service: Service, token: Token) -> Json:
    """https://spec.openapis.org/oas/v3.1.0"""
    paths = _own_paths()
    for entry in service.library.entries():
        if token.may("run") and token.covers(entry.name):
            try:
                module = decode(service.library.load(entry.hash))
            except SopError:
                continue  # it can't be run either, and says so there
            paths[f"/play/{quote(entry.name, safe='')}"] = _play_path(module)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Scripts", "version": version("sopc"), "description": "Scripts of this library, over HTTP."},
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, "Line": _LINE, "Run": _RUN},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}] if service.tokens.required() else [],
    }


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


def _play_path(module: Module) -> Json:
    signature = module.signature
    common: Json = {
        "summary": module.doc or signature.name,
        "tags": ["scripts"],
        "responses": {"200": _lines_response(signature), "default": _problem_response()},
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
    if not effects.writes:
        parameters = [_query_parameter(param) for param in signature.params if param.name not in RESERVED]
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
        content.setdefault(media_type, {"schema": schemas.get(format_, _TEXT)})
    return {"description": "What the run says, as it says it; the last line is its end.", "content": content}


def _options() -> list[Json]:
    return [
        _query("format", {"type": "string", "enum": list(MEDIA_TYPES)}, "Format of the answer; goes before Accept."),
        _query("dry_run", {"type": "boolean"}, "Do everything, then undo it."),
        _query("answer", {"type": "string", "pattern": "^[^=]+=.+$"}, "STEP=VALUE, for a script that asks."),
        _query("wait", {"type": "number", "minimum": 0, "maximum": 86400}, "Seconds that a question waits."),
    ]


_PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string", "enum": ["respond-async"]},
    "description": "respond-async answers 202 at once, with the run's address.",
}

# ── the service's own ──────────────────────────────────────────────────────────────────────────────────────────


def _own_paths() -> Json:
    def script(what: str, type_: str = "application/json", *parameters: Json) -> Json:
        return _get(what, type_, _NAME, *parameters)

    after = _query(
        "after", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}, "Lines after the one of this seq."
    )
    lines = _query("format", {"type": "string", "enum": list(LINES)}, "Format of the answer.")
    sql = _query("sql", {"type": "boolean"}, "The SQL of queries and writes too.")
    limit = _query("limit", {"type": "integer", "minimum": 0, "maximum": 99999}, "At most so many.")
    wanted = [_query(name, _TEXT, f"Only those of this {name}.") for name in ("script", "status")]
    return {
        "/scripts": {"get": _get("The scripts of the library.")},
        "/scripts/{name}": {
            "get": script("A script in full."),
            "put": _operation(
                "Store a script.",
                _NAME,
                _query("dry_run", {"type": "boolean"}, "Compile, and store nothing."),
                _query("yes", {"type": "boolean"}, "Store a new translation of English that writes."),
                body={kind: {"schema": {"type": "object"} if "json" in kind else _TEXT} for kind in KINDS},
            ),
            "delete": _operation("Remove a script with all its versions.", _NAME),
        },
        "/scripts/{name}/versions": {"get": script("Its versions.")},
        "/scripts/{name}/signature": {"get": script("JSON Schema of its arguments, records and result.")},
        "/scripts/{name}/explain": {"get": script("The program said back in English, sentence by sentence.")},
        "/scripts/{name}/source": {"get": script("Its program.", "text/plain")},
        "/scripts/{name}/disasm": {"get": script("Its bytecode.", "text/plain", sql)},
        "/runs": {"get": _get("Runs that this server started, the newest first.", "application/json", *wanted, limit)},
        "/runs/{id}": {
            "get": _get("A run.", "application/json", _ID, schema={"$ref": "#/components/schemas/Run"}),
            "delete": _operation("Cancel a run.", _ID),
        },
        "/runs/{id}/lines": {"get": _get("Its lines, to its end.", "application/x-ndjson", _ID, after, lines)},
        "/runs/{id}/frames": {"get": _get("The scripts under way in it.", "application/json", _ID)},
        "/runs/{id}/answer": {
            "post": _operation("Answer its question.", _ID, body={"application/json": {"schema": _ANSWER}})
        },
        "/runs/{id}/cancel": {"post": _operation("Cancel a run.", _ID)},
        "/databases": {"get": _get("Names of databases.")},
        "/databases/{name}": {"get": _get("Its stores and fields.", "application/json", {**_NAME, "description": ""})},
        "/metrics": {"get": _get("For Prometheus.", "text/plain")},
        **_session_paths(),
    }


def _session_paths() -> Json:
    name = {**_NAME, "description": "A recording, named as the script that it becomes."}
    number = {"name": "step", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}

    def changes(what: str, *parameters: Json, **members: Json) -> Json:
        return _operation(what, name, *parameters, body=_members(**members) if members else None)

    def streams(what: str, **members: Json) -> Json:
        operation = changes(what, _query("format", {"type": "string", "enum": list(MEDIA_TYPES)}, "Format."), **members)
        content = {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Line"}}}
        return {**operation, "responses": {**operation["responses"], "2XX": {"description": what, "content": content}}}

    answers: Json = {"type": "array", "items": {"type": ["string", "null"]}}
    return {
        "/sessions": {
            "get": _get("Recordings under way."),
            "post": _operation(
                "Begin a recording.", body=_members(name=_TEXT, **{"uses?": {"type": "array", "items": _TEXT}})
            ),
        },
        "/sessions/{name}": {
            "get": _get("Its steps and its program so far.", "application/json", name),
            "delete": changes("Forget it."),
        },
        "/sessions/{name}/steps": {"post": streams("Do a step, and record it.", text=_TEXT, **{"answers?": answers})},
        "/sessions/{name}/steps/{step}": {
            "put": changes("Another step in place of one.", number, text=_TEXT),
            "delete": changes("Leave a step out.", number),
        },
        "/sessions/{name}/look": {"post": streams("A question about the data, which is not recorded.", text=_TEXT)},
        "/sessions/{name}/move": {
            "post": changes("A step at another place.", step={"type": "integer"}, to={"type": "integer"})
        },
        "/sessions/{name}/parameters": {
            "post": changes("Make a value a parameter.", step=_TEXT, value=_TEXT, name=_TEXT)
        },
        "/sessions/{name}/given": {"post": changes("What a parameter is while recording.", name=_TEXT, value=_TEXT)},
        "/sessions/{name}/undo": {"post": changes("Take the latest change back.")},
        "/sessions/{name}/pause": {"post": changes("Try steps without recording them.")},
        "/sessions/{name}/resume": {"post": changes("Record again.")},
        "/sessions/{name}/stop": {
            "post": changes("Prove the script, store it, and end.", **{"anyway?": {"type": "boolean"}})
        },
    }


def _members(**members: Json) -> Json:
    """The content of a body: a JSON object with these members; `name?` may be left out."""
    schema = {
        "type": "object",
        "properties": {name.removesuffix("?"): schema for name, schema in members.items()},
        "required": [name for name in members if not name.endswith("?")],
        "additionalProperties": False,
    }
    return {"application/json": {"schema": schema}}


def _get(what: str, type_: str = "application/json", *parameters: Json, schema: Json | None = None) -> Json:
    content = {type_: {"schema": schema or ({"type": "object"} if type_ == "application/json" else _TEXT)}}
    operation = _operation(what, *parameters)
    operation["responses"]["200"] = {"description": what, "content": content}
    return operation


def _operation(what: str, *parameters: Json, body: Json | None = None) -> Json:
    operation: Json = {
        "summary": what,
        "parameters": list(parameters),
        "responses": {"2XX": {"description": "Done."}, "default": _problem_response()},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _problem_response() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "What went wrong (RFC 9457).", "content": {"application/problem+json": {"schema": schema}}}


_PROBLEM: Final[Json] = {
    "type": "object",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": {"type": "string", "pattern": "^[A-Z][0-9]{4}$"},
        "hint": _TEXT,
    },
    "required": ["type", "status", "detail", "code"],
}
_LINE: Final[Json] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["start", "record", "command", "say", "ask", "rollback", "error", "end"]},
        "seq": {"type": "integer"},
        "step": _TEXT,
        "in": _TEXT,
        "result": {},
    },
    "required": ["type"],
}
_RUN: Final[Json] = {
    "type": "object",
    "properties": {"id": _TEXT, "script": _TEXT, "version": {"type": "integer"}, "status": _TEXT, "started": _TEXT},
    "required": ["id", "script", "status"],
}
_ANSWER: Final[Json] = {
    "type": "object",
    "properties": {"value": {}, "step": {"type": "string"}},
    "required": ["value"],
    "additionalProperties": False,
}

"""The scripts that a token may see → an OpenAPI 3.1 document: an address per script, and the service's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runtime.api.bodies import Line, Problem
from runtime.api.formats import MEDIA_TYPES
from runtime.api.jsonschema import arguments_schema, parameter_schema, schema_of
from runtime.api.play import RESERVED
from runtime.api.proxies import PREFIX
from runtime.api.resource import ANYBODY, PAGE, Address, as_json, options_of, token_of
from runtime.api.scripts import for_callers, may_run
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module, Parameter, Signature
from runtime.errors import SopError

Json = dict[str, Any]
TEXT: Final[Json] = {"type": "string"}
LINES_TYPE: Final = "application/x-ndjson"  # media types of a run's lines
_JSON_TYPES: Final = ("list", "record", "any")  # whose values are JSON in a query string


async def show_openapi(service: Service, request: Request) -> Response:
    options_of(request)
    routes = request.scope["router"].routes
    rows = [row for route in routes for row in route.endpoint.rows.values() if row.listed]
    found = await service.call(document, service, token_of(request), rows)
    return as_json({**found, "servers": [{"url": request.scope[PREFIX] or "/"}]})


def document(service: Service, token: Token, rows: Sequence[Address]) -> Json:
    """The document.

    Source: https://spec.openapis.org/oas/v3.1.0
    """
    schemas, components = _schemas(rows)
    paths: Json = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas)
    for entry in service.library.entries():
        if token.covers(entry.name):
            try:
                module = decode(service.library.load(entry.hash))
            except SopError:
                continue  # running it fails too, with the error
            if may_run(token, module.effects, module.signature):
                signature = for_callers(module.signature, token)
                paths[f"/play/{quote(entry.name, safe='')}"] = _play_path(module, signature)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Scripts", "version": version("sopc"), "description": "Scripts of this library, over HTTP."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}] if service.tokens.required() else [],
    }


# ── the service's own addresses ────────────────────────────────────────────────────────────────────────────────────


def _schemas(rows: Iterable[Address]) -> tuple[dict[type, Json], Json]:
    """The references for the types that rows name, and the schemas they refer to."""
    named = (type_ for row in rows for type_ in (row.takes, row.gives) if isinstance(type_, type))
    types = list(dict.fromkeys([Problem, Line, *named]))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return dict(zip(types, schemas, strict=True)), components


def _operation(row: Address, schemas: dict[type, Json]) -> Json:
    answer: Json = {"description": row.summary}
    if row.gives == LINES_TYPE:
        answer["content"] = _lines_content({})
    elif isinstance(row.gives, type):
        answer["content"] = {"application/json": {"schema": schemas[row.gives]}}
    elif row.gives is not None:
        answer["content"] = {row.gives: {"schema": TEXT}}
    operation: Json = {
        "summary": row.summary,
        "parameters": [*_path_parameters(row), *row.query],
        "responses": {"2XX": answer, "default": problem_response()},
        "x-rights": row.rights,
    }
    if isinstance(row.takes, type):
        required = any(field.required for field in msgspec.structs.fields(row.takes))
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": schemas[row.takes]}},
        }
    elif row.takes is not None:
        content = {kind: {"schema": schema} for kind, schema in row.takes.items()}
        operation["requestBody"] = {"required": True, "content": content}
    if {ANYBODY, PAGE} & set(row.rights):
        operation["security"] = []
    return operation


_PATH: Final[dict[str, Json]] = {
    "name": {"schema": {"type": "string", "minLength": 1}},
    "id": {"schema": {"type": "string", "minLength": 1}},
    "step": {"schema": {"type": "integer", "minimum": 1}},
    "store": {"schema": {"type": "string", "minLength": 1}, "description": "The name of a store."},
}
_NAMES: Final = {
    "/scripts": "A script: NAME, NAME@VERSION or NAME@TAG.",
    "/sessions": "A recording, named as the script it becomes.",
    "/databases": "A name that scripts call a database by.",
}


def _path_parameters(row: Address) -> list[Json]:
    """The parameters for the names in braces."""
    found = []
    for part in row.path.split("/"):
        if part.startswith("{"):
            said: Json = {"name": part[1:-1], "in": "path", "required": True, **_PATH[part[1:-1]]}
            if said["name"] == "name":
                said["description"] = _NAMES[row.path[: row.path.index("/", 1)]]
            found.append(said)
    return found


def query_parameter(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def problem_response() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "What went wrong (RFC 9457).", "content": {"application/problem+json": {"schema": schema}}}


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


def _play_path(module: Module, signature: Signature) -> Json:
    """`signature`: as callers see it, without arguments that the token fixes."""
    common: Json = {
        "summary": module.doc or signature.name,
        "tags": ["scripts"],
        "responses": {"200": _lines_response(signature), "default": problem_response()},
    }
    effects = module.effects
    post = {
        **common,
        "operationId": f"run {signature.name}",
        "parameters": [*_options(), _PREFER, _KEY],
        "requestBody": {
            "required": any(param.default is None for param in signature.params),
            "content": {"application/json": {"schema": arguments_schema(signature)}},
        },
        "x-effects": {"reads": effects.reads, "writes": effects.writes, "asks": effects.asks},
    }
    post["responses"] = {**common["responses"], "202": {"description": "The run goes on; Location is its address."}}
    path: Json = {"post": post}
    asked = [param for param in signature.params if not param.secret]  # secrets may only be in a body
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
    return {
        "description": "What the run emits, as it comes. Formats of lines say how the run ended; in the others, the "
        "answer of a run that fails under way breaks off.",
        "headers": {
            "X-Run": {"description": "The address of the run, which says how it ended.", "schema": TEXT},
            "X-Warnings": {
                "description": "Texts among the arguments that no row holds where the script compares them, as a JSON "
                "array; for tokens that may read the data.",
                "schema": TEXT,
            },
        },
        "content": _lines_content(record),
    }


def _lines_content(record: Json) -> Json:
    """The content by media type. `record`: the schema of what a script emits."""
    line = {"$ref": "#/components/schemas/Line"}
    schemas: dict[str, Json] = {
        "jsonl": line,
        "json": {"type": "array", "items": line},
        "records": record,
        "xlsx": {"type": "string", "format": "binary"},
    }
    content: dict[str, Json] = {}
    for format_, media_type in MEDIA_TYPES.items():
        content.setdefault(media_type, {"schema": schemas.get(format_, TEXT)})
    return content


def _options() -> list[Json]:
    return [
        query_parameter(
            "format", {"type": "string", "enum": list(MEDIA_TYPES)}, "Format of the answer; overrides Accept."
        ),
        query_parameter("dry_run", {"type": "boolean"}, "Run, then roll back."),
        query_parameter("answer", {"type": "string", "pattern": "^[^=]+=.+$"}, "STEP=VALUE, for a script that asks."),
        query_parameter("max_rows", {"type": "integer", "minimum": 1}, "Most rows of the run."),
        query_parameter("max_seconds", {"type": "number", "exclusiveMinimum": 0}, "Most seconds of the run."),
        query_parameter("wait", {"type": "number", "minimum": 0, "maximum": 86400}, "Seconds that a question waits."),
    ]


_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 82},
    "description": "The request, made again with the same key, is done once: it gives the same run's lines, or 202 "
    "with its address while it goes on.",
}
_PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string", "enum": ["respond-async"]},
    "description": "respond-async answers 202 at once, with the run's address.",
}

"""The service's own addresses → their part of the OpenAPI document, and what the other part shares with it."""

from __future__ import annotations

from typing import Any, Final

from runtime.api.formats import LINES, MEDIA_TYPES
from runtime.api.scripts import KINDS

Json = dict[str, Any]
TEXT: Final[Json] = {"type": "string"}
_NAME: Final[Json] = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "A script: NAME, NAME@VERSION or NAME@TAG.",
}
_ID: Final[Json] = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def addresses() -> Json:
    """By path."""

    def script(what: str, type_: str = "application/json", *parameters: Json) -> Json:
        return _get(what, type_, _NAME, *parameters)

    after = query_parameter(
        "after", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}, "Lines after the one of this seq."
    )
    lines = query_parameter("format", {"type": "string", "enum": list(LINES)}, "Format of the answer.")
    sql = query_parameter("sql", {"type": "boolean"}, "The SQL of queries and writes too.")
    limit = query_parameter("limit", {"type": "integer", "minimum": 0, "maximum": 99999}, "At most so many.")
    wanted = [query_parameter(name, TEXT, f"Only those of this {name}.") for name in ("script", "status")]
    return {
        "/scripts": {"get": _get("The scripts of the library.")},
        "/scripts/{name}": {
            "get": script("A script in full."),
            "put": _operation(
                "Store a script.",
                _NAME,
                query_parameter("dry_run", {"type": "boolean"}, "Compile, and store nothing."),
                query_parameter("yes", {"type": "boolean"}, "Store a new translation of English that writes."),
                query_parameter(
                    "take", {"type": "string", "enum": ["text", "sop"]}, "Which to believe when both changed."
                ),
                query_parameter("locked", {"type": "boolean"}, "Translate nothing."),
                query_parameter("answer", TEXT, "SENTENCE=ANSWER, …: what the text leaves open."),
                body={kind: {"schema": {"type": "object"} if "json" in kind else TEXT} for kind in KINDS},
            ),
            "delete": _operation("Remove a script with all its versions.", _NAME),
        },
        "/scripts/{name}/versions": {"get": script("Its versions.")},
        "/scripts/{name}/signature": {"get": script("JSON Schema of its arguments, records and result.")},
        "/scripts/{name}/source": {"get": script("Its program.", "text/plain")},
        "/scripts/{name}/disasm": {"get": script("Its bytecode.", "text/plain", sql)},
        "/scripts/{name}/explain": {"get": script("Said back in English, beside its author's sentences.")},
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
        operation = changes(
            what, query_parameter("format", {"type": "string", "enum": list(MEDIA_TYPES)}, "Format."), **members
        )
        content = {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Line"}}}
        return {**operation, "responses": {**operation["responses"], "2XX": {"description": what, "content": content}}}

    answers: Json = {"type": "array", "items": {"type": ["string", "null"]}}
    return {
        "/sessions": {
            "get": _get("Recordings under way."),
            "post": _operation(
                "Begin a recording.", body=_members(name=TEXT, **{"uses?": {"type": "array", "items": TEXT}})
            ),
        },
        "/sessions/{name}": {
            "get": _get("Its steps and its program so far.", "application/json", name),
            "delete": changes("Forget it."),
        },
        "/sessions/{name}/steps": {"post": streams("Do a step, and record it.", text=TEXT, **{"answers?": answers})},
        "/sessions/{name}/steps/{step}": {
            "put": changes("Another step in place of one.", number, text=TEXT),
            "delete": changes("Leave a step out.", number),
        },
        "/sessions/{name}/look": {"post": streams("A question about the data, which is not recorded.", text=TEXT)},
        "/sessions/{name}/move": {
            "post": changes("A step at another place.", step={"type": "integer"}, to={"type": "integer"})
        },
        "/sessions/{name}/parameters": {"post": changes("Make a value a parameter.", step=TEXT, value=TEXT, name=TEXT)},
        "/sessions/{name}/given": {"post": changes("What a parameter is while recording.", name=TEXT, value=TEXT)},
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
    content = {type_: {"schema": schema or ({"type": "object"} if type_ == "application/json" else TEXT)}}
    operation = _operation(what, *parameters)
    operation["responses"]["200"] = {"description": what, "content": content}
    return operation


def _operation(what: str, *parameters: Json, body: Json | None = None) -> Json:
    operation: Json = {
        "summary": what,
        "parameters": list(parameters),
        "responses": {"2XX": {"description": "Done."}, "default": problem_response()},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def query_parameter(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def problem_response() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "What went wrong (RFC 9457).", "content": {"application/problem+json": {"schema": schema}}}


PROBLEM: Final[Json] = {
    "type": "object",
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": {"type": "string", "pattern": "^[A-Z][0-9]{4}$"},
        "hint": TEXT,
        "instance": {**TEXT, "description": "The address of the run that failed."},
    },
    "required": ["type", "status", "detail", "code"],
}
LINE: Final[Json] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["start", "record", "command", "say", "ask", "rollback", "error", "end"]},
        "seq": {"type": "integer"},
        "step": TEXT,
        "in": TEXT,
        "result": {},
    },
    "required": ["type"],
}
RUN: Final[Json] = {
    "type": "object",
    "properties": {"id": TEXT, "script": TEXT, "version": {"type": "integer"}, "status": TEXT, "started": TEXT},
    "required": ["id", "script", "status"],
}
_ANSWER: Final[Json] = {
    "type": "object",
    "properties": {"value": {}, "step": {"type": "string"}},
    "required": ["value"],
    "additionalProperties": False,
}

"""THE table of the service's addresses: one row per method and path → the router and the OpenAPI document.

`rights` are those that every request to a row needs; `Resource` checks them before the handler runs. A handler checks
more only if that depends on what the request names: a script, a write, another caller's run.
"""

# ruff: noqa: E501 (a row is a line)
from __future__ import annotations

from typing import Final

from runtime.api import (
    agents,
    ask,
    bodies,
    databases,
    docs,
    examples,
    loading,
    openapi,
    page,
    play,
    probes,
    rows,
    runs_http,
    schedules,
    scripts,
    sessions,
)
from runtime.api.formats import LINES, MEDIA_TYPES
from runtime.api.openapi import LINES_TYPE, TEXT, Json, query_parameter
from runtime.api.resource import ANY_TOKEN, ANYBODY, PAGE, Address, Gives, Handler, Takes
from runtime.api.rows import MOST, MOST_AT_ONCE

_LINES: Final = query_parameter("format", {"type": "string", "enum": list(LINES)}, "Format of the answer.")
_FORMAT: Final = query_parameter("format", {"type": "string", "enum": list(MEDIA_TYPES)}, "Format of the answer.")
_DISASM: Final = (query_parameter("sql", {"type": "boolean"}, "Also the SQL of queries and writes."),)
_RUNS: Final = (
    query_parameter("script", TEXT, "Only runs of this script."),
    query_parameter("status", TEXT, "Only runs of this status."),
    query_parameter("limit", {"type": "integer", "minimum": 0, "maximum": 99999}, "At most this many."),
)
_AFTER: Final = query_parameter(
    "after", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}, "Only lines after this seq."
)
_ROWS: Final = (
    query_parameter("after", {"type": "integer", "minimum": 0, "maximum": MOST}, "Leave out so many."),
    query_parameter("order", TEXT, "FIELD,-FIELD,…: what sorts them; `-` is downwards."),
    query_parameter("where", TEXT, "A condition, as in the language."),
    query_parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE}, "At most so many."),
)
_PUT: Final = (
    query_parameter("dry_run", {"type": "boolean"}, "Compile without storing."),
    query_parameter("yes", {"type": "boolean"}, "Store a new translation that writes, if its text asks for it."),
    query_parameter("take", {"type": "string", "enum": ["text", "sop"]}, "Which to keep when both changed."),
    query_parameter("locked", {"type": "boolean"}, "Translate nothing."),
    query_parameter("answer", TEXT, "SENTENCE=ANSWER, …: answers to what the text leaves open."),
)
_FILE: Final[Json] = {
    "text/csv": TEXT,
    "application/x-ndjson": TEXT,
    "application/octet-stream": {"type": "string", "format": "binary"},
}
_LOAD: Final = (
    query_parameter("mode", {"type": "string", "enum": ["create", "replace", "append"]}, "What to do with the store."),
    query_parameter("dry_run", {"type": "boolean"}, "Report what would be loaded."),
    query_parameter("skip_bad", {"type": "boolean"}, "Leave out lines that can't be loaded."),
    query_parameter("types", TEXT, "FIELD=TYPE,…: types of some fields."),
    query_parameter("null", TEXT, "TEXT,…: texts that mean null."),
    query_parameter("no_null_words", {"type": "boolean"}, "Do not take NA and the like for null."),
    query_parameter("date_order", {"type": "string", "enum": ["dmy", "mdy"]}, "How 01/02/2026 is read."),
    query_parameter("decimal", {"type": "string", "enum": ["point", "comma"]}, "What stands before decimals."),
    query_parameter("header", TEXT, "The row that names the columns."),
    query_parameter("totals", {"type": "string", "enum": ["drop", "keep"]}, "What to do with a row of totals."),
    query_parameter("key", TEXT, "FIELD,…: the fields that together tell rows apart."),
    query_parameter("references", TEXT, "FIELD=STORE.FIELD,…: what fields refer to."),
    query_parameter("encoding", TEXT, "Of a text file, such as cp1252."),
    query_parameter("path", TEXT, "Where a JSON document has its records."),
    query_parameter("keep_nested", {"type": "boolean"}, "Keep objects and lists inside the records."),
    query_parameter("sheet", TEXT, "The sheet of a spreadsheet."),
    query_parameter("all_sheets", {"type": "boolean"}, "Load each sheet into a store."),
)
_MESSAGE: Final[Json] = {"application/json": {"type": "object"}}
_PROGRAM: Final[Json] = {kind: {"type": "object"} if "json" in kind else TEXT for kind in scripts.KINDS}


def _row(
    method: str,
    path: str,
    rights: str,
    handler: Handler,
    summary: str,
    takes: Takes = None,
    gives: Gives = None,
    *query: Json,
    listed: bool = True,
) -> Address:
    return Address(method, path, tuple(rights.split()), handler, summary, takes, gives, query, listed)


# The busiest first: the router tries them in this order.
# fmt: off
ADDRESSES: Final[tuple[Address, ...]] = (
    # running scripts: the document lists an address for each script instead of these
    _row("GET",    "/play/{name}",                  "run",           play.play,                "Run a script.", None, LINES_TYPE, listed=False),
    _row("POST",   "/play/{name}",                  "run",           play.play,                "Run a script.", None, LINES_TYPE, listed=False),
    _row("GET",    "/play",                         "run",           play.play_named,          "Run a script.", None, LINES_TYPE, listed=False),
    _row("POST",   "/play",                         "run",           play.play_named,          "Run a script.", None, LINES_TYPE, listed=False),
    # questions in English
    _row("POST",   "/ask",                          "query",         ask.ask,                  "What a request in English means; with `confirm`, its run.", bodies.Ask, bodies.Asked, _FORMAT),
    # pages
    _row("GET",    "/",                             PAGE,            page.show_page,           "The page.", None, "text/html", listed=False),
    _row("GET",    "/assets/{name}",                PAGE,            page.show_asset,          "A file of the page.", None, "text/plain", listed=False),
    _row("GET",    "/docs",                         PAGE,            docs.show_docs,           "This document as a page.", None, "text/html", listed=False),
    # the library
    _row("GET",    "/scripts",                      "read",          scripts.list_scripts,     "The scripts of the library.", None, bodies.Scripts),
    _row("GET",    "/scripts/{name}",               "read",          scripts.show_script,      "Everything about a script.", None, bodies.Script),
    _row("PUT",    "/scripts/{name}",               "compile",       scripts.put_script,       "Store a script.", _PROGRAM, bodies.Put, *_PUT),
    _row("DELETE", "/scripts/{name}",               "compile",       scripts.delete_script,    "Remove a script with all its versions."),
    _row("GET",    "/scripts/{name}/versions",      "read",          scripts.show_versions,    "Its versions.", None, bodies.Versions),
    _row("GET",    "/scripts/{name}/examples",      "read run",      examples.show_examples,   "Whether its examples hold.", None, bodies.Examples),
    _row("GET",    "/scripts/{name}/signature",     "read",          scripts.show_signature,   "JSON Schema of its arguments, records and result.", None, bodies.Signature),
    _row("GET",    "/scripts/{name}/explain",       "read",          scripts.show_explained,   "The script explained in English, beside its author's sentences.", None, bodies.Explained),
    _row("GET",    "/scripts/{name}/source",        "read",          scripts.show_source,      "Its program.", None, "text/plain"),
    _row("GET",    "/scripts/{name}/disasm",        "read",          scripts.show_disasm,      "Its bytecode.", None, "text/plain", *_DISASM),
    # runs: whoever started one needs no right to see it, because `X-Run` or `Location` sent them there
    _row("GET",    "/runs",                         "read",          runs_http.list_runs,      "Runs under way, and those that are kept, the newest first.", None, bodies.Runs, *_RUNS),
    _row("GET",    "/runs/{id}",                    ANY_TOKEN,       runs_http.show_run,       "A run.", None, bodies.Run),
    _row("DELETE", "/runs/{id}",                    "run",           runs_http.cancel_run,     "Cancel a run."),
    _row("GET",    "/runs/{id}/lines",              ANY_TOKEN,       runs_http.read_lines,     "Its lines, until it ends.", None, LINES_TYPE, _AFTER, _LINES),
    _row("GET",    "/runs/{id}/frames",             "read",          runs_http.show_frames,    "The scripts it is executing.", None, bodies.Frames),
    _row("POST",   "/runs/{id}/answer",             "run",           runs_http.answer_run,     "Answer its question.", bodies.Answer),
    _row("POST",   "/runs/{id}/cancel",             "run",           runs_http.cancel_run,     "Cancel a run."),
    _row("POST",   "/runs/{id}/resume",             "run",           runs_http.resume_run,     "Go on with a run that was interrupted.", None, bodies.UnderWay),
    _row("POST",   "/runs/{id}/retry",              "run",           runs_http.retry_run,      "Go on with a run that failed or was cancelled.", None, bodies.UnderWay),
    _row("GET",    "/schedules",                    "read admin",    schedules.show_schedules, "What runs when, with the last run of each.", None, bodies.Schedules),
    # recordings
    _row("GET",    "/sessions",                     "compile",       sessions.list_sessions,   "The open recordings.", None, bodies.Sessions),
    _row("POST",   "/sessions",                     "compile",       sessions.begin_session,   "Begin a recording.", bodies.NewSession, bodies.Begun),
    _row("GET",    "/sessions/{name}",              "compile",       sessions.show_session,    "Its steps and its program so far.", None, bodies.ShownSession),
    _row("DELETE", "/sessions/{name}",              "compile",       sessions.discard_session, "Forget it."),
    _row("POST",   "/sessions/{name}/steps",        "compile run",   sessions.take_step,       "Do a step, and record it.", bodies.NewStep, LINES_TYPE, _FORMAT),
    _row("PUT",    "/sessions/{name}/steps/{step}", "compile run",   sessions.edit_step,       "Replace a step.", bodies.StepText, bodies.Session),
    _row("DELETE", "/sessions/{name}/steps/{step}", "compile",       sessions.drop_step,       "Remove a step.", None, bodies.Session),
    _row("POST",   "/sessions/{name}/look",         "compile query", sessions.look,            "A question about the data, which is not recorded.", bodies.Look, LINES_TYPE, _FORMAT),
    _row("POST",   "/sessions/{name}/move",         "compile",       sessions.move_step,       "Move a step.", bodies.Move, bodies.Session),
    _row("POST",   "/sessions/{name}/parameters",   "compile",       sessions.add_parameter,   "Make a value a parameter.", bodies.NewParameter, bodies.Session),
    _row("POST",   "/sessions/{name}/given",        "compile",       sessions.give_value,      "Give a parameter its value while recording.", bodies.GivenValue, bodies.Session),
    _row("POST",   "/sessions/{name}/undo",         "compile",       sessions.undo,            "Undo the latest change.", None, bodies.Session),
    _row("POST",   "/sessions/{name}/pause",        "compile",       sessions.pause,           "Run steps without recording them.", None, bodies.Session),
    _row("POST",   "/sessions/{name}/resume",       "compile",       sessions.resume,          "Record again.", None, bodies.Session),
    _row("POST",   "/sessions/{name}/stop",         "compile",       sessions.stop_session,    "Check the script, store it, and end the recording.", bodies.Stop, bodies.Stopped),
    # agents: https://modelcontextprotocol.io says what the messages are
    _row("POST",   "/mcp",                          ANY_TOKEN,       agents.talk,              "A message of an agent (Model Context Protocol).", _MESSAGE, dict),
    _row("GET",    "/mcp",                          ANY_TOKEN,       agents.talk,              "News for an agent that speaks its older version.", None, "text/event-stream"),
    _row("DELETE", "/mcp",                          ANY_TOKEN,       agents.talk,              "End the session of such an agent."),
    # data, and the server itself
    _row("GET",    "/databases",                    "read",          databases.list_databases, "Names of databases.", None, bodies.Databases),
    _row("GET",    "/databases/{name}",             "read",          databases.show_database,  "Its stores and fields.", None, bodies.Database),
    _row("GET",    "/databases/{name}/stores/{store}", "query",      rows.show_rows,           "Its rows, a page at a time.", None, bodies.StoreRows, *_ROWS),
    _row("POST",   "/databases/{name}/stores/{store}", "write",      loading.load_store,       "Load a file into a store.", _FILE, bodies.LoadedStores, *_LOAD),
    _row("GET",    "/openapi.json",                 "read",          openapi.show_openapi,     "This document.", None, dict, listed=False),
    _row("GET",    "/live",                         ANYBODY,         probes.live,              "The process answers.", None, "text/plain", listed=False),
    _row("GET",    "/ready",                        ANYBODY,         probes.ready,             "Runs can be started.", None, "text/plain", listed=False),
    _row("GET",    "/metrics",                      "read",          probes.show_metrics,      "For Prometheus.", None, "text/plain"),
)
# fmt: on

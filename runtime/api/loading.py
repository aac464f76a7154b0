"""`POST /databases/NAME/stores/STORE`: the file that is the body → a store, all of it or nothing.

The body is streamed to a temporary file, with a limit of its own, and is read as `sopvm db import -` reads one: its
first bytes say what kind of file it is.
"""

from __future__ import annotations

import re
from asyncio import timeout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.databases import known_database
from runtime.api.problems import HttpError
from runtime.api.resource import as_json, flag, options_of, token_of, who_of
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.connect import connect_to_load
from runtime.databases.acting import NO_ROLES
from runtime.errors import SopError
from runtime.files.links import parse_key, parse_references
from runtime.files.load import Loaded, Mode, import_parts, parse_types
from runtime.files.prepare import Options, Part, prepared
from runtime.files.report import report_data
from runtime.files.words import DECIMAL_SIGNS
from runtime.values.names import name_fault

CHUNK_SECONDS: Final = 20.0  # to receive the next part of a body
TITLE: Final = "the body"
_FLAGS: Final = ("dry_run", "skip_bad", "keep_nested", "all_sheets", "no_null_words")
_WORDS: Final = {  # options of one of several words
    "mode": get_args(Mode),
    "date_order": ("dmy", "mdy"),
    "decimal": tuple(DECIMAL_SIGNS),
    "totals": ("drop", "keep"),
}
_TEXTS: Final = ("types", "null", "key", "references", "header", "encoding", "path", "sheet")
OPTIONS: Final = (*_FLAGS, *_WORDS, *_TEXTS)
# An option of the command line, with its value in or without quotes.
_QUOTES: Final = "'\""
_OPTION: Final = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: ('[^']*'|\"[^\"]*\"|[^\s,;:()`'\"]+))?")
_ELSEWHERE: Final = {"append": "mode=append", "replace": "mode=replace"}


def in_parameters(text: str) -> str:
    """A hint or a note of an import, with the parameters of the address in place of options of the command line.

    Args:
        text: As `sopvm db import` says it.
    """

    def parameter(option: re.Match[str]) -> str:
        name, value = option[1].replace("-", "_"), option[2] or ""
        if name == "store":
            return "another name in the address"
        if name in _FLAGS or name in _ELSEWHERE:
            said = _ELSEWHERE.get(name, f"{name}=true")
            return f"{said} {value}" if value else said
        if name not in OPTIONS:
            return option[0]
        return f"{name}={value.strip(value[0]) if value[0] in _QUOTES else value}" if value else name

    return _OPTION.sub(parameter, text)


async def load_store(service: Service, request: Request) -> Response:
    """The report of the import, by store."""
    token = token_of(request)
    name, store = request.path_params["name"], request.path_params["store"]
    known_database(service, token, name)
    fault = name_fault(store.strip())
    if fault is not None:
        raise HttpError(422, "D0505", f"a store can't have this name: it {fault}")
    said = _options(request)
    dry_run = flag(said.get("dry_run", "false"), "dry_run")
    with TemporaryDirectory(prefix="sopvm-") as folder:
        path = Path(folder, "body")
        with path.open("wb") as stream:
            size = await _received(service, request, stream)
        about = {"database": token.bound.get(name, name), "store": store, "bytes": size, "dry_run": dry_run}
        service.audit.write("load", who_of(request), **about)
        made = await service.call(_load, service, token, name, store, path, said, dry_run)
    rows = [each["rows"] for each in made]
    service.audit.note("loaded", who_of(request), **about, rows=rows)
    return as_json({"dry_run": dry_run, "stores": made}, 200 if dry_run else 201)


def _options(request: Request) -> dict[str, str]:
    said = options_of(request, *OPTIONS)
    for name in _FLAGS:
        flag(said.get(name, "false"), name)
    for name, words in _WORDS.items():
        if said.get(name, words[0]) not in words:
            raise HttpError(400, "S0108", f"{name} is {' or '.join(words)}, not {said[name][:40]!r}")
    return said


async def _received(service: Service, request: Request, stream: BinaryIO) -> int:
    """Write the body to a file; its size. S0104 when it is too large, S0107 when it stops coming."""
    most = min(service.settings.max_upload, token_of(request).max_body or service.settings.max_upload)
    too_large = HttpError(413, "S0104", f"the body is larger than {most:,} bytes", headers={"Connection": "close"})
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large
    size = 0
    chunks = request.stream().__aiter__()
    try:
        while True:
            async with timeout(CHUNK_SECONDS):
                chunk = await anext(chunks, None)
            if chunk is None:
                return size
            size += len(chunk)
            if size > most:
                raise too_large
            stream.write(chunk)
    except TimeoutError as error:
        message = f"nothing of the body came for {CHUNK_SECONDS:g} seconds"
        raise HttpError(408, "S0107", message, headers={"Connection": "close"}) from error


def _load(
    service: Service, token: Token, name: str, store: str, path: Path, said: dict[str, str], dry_run: bool
) -> list[dict[str, Any]]:
    nulls = said["null"].split(",") if "null" in said else []
    on = {each for each in _FLAGS if flag(said.get(each, "false"), each)}
    options = Options(
        encoding=said.get("encoding"),
        place=said.get("path"),
        keep_nested="keep_nested" in on,
        sheet=said.get("sheet"),
        all_sheets="all_sheets" in on,
        nulls=nulls,
        skip_bad="skip_bad" in on,
    )
    try:
        with prepared(str(path), store, options, TITLE) as parts:
            return _import(service, token, name, parts, said, on, nulls, dry_run)
    except SopError as error:
        error.hint = None if error.hint is None else in_parameters(error.hint)
        raise


def _import(
    service: Service,
    token: Token,
    name: str,
    parts: list[Part],
    said: dict[str, str],
    on: set[str],
    nulls: list[str],
    dry_run: bool,
) -> list[dict[str, Any]]:
    try:
        with connect_to_load(service.seen_by(token), name, parts[0].path, parts[0].title) as database:
            every = import_parts(
                database,
                parts,
                dry_run=dry_run,
                types=parse_types(said["types"]) if "types" in said else None,
                nulls=nulls,
                mode=said.get("mode", "create"),
                skip_bad="skip_bad" in on,
                null_words="no_null_words" not in on,
                date_order=said.get("date_order", ""),
                decimal=DECIMAL_SIGNS.get(said.get("decimal", ""), ""),
                header=said.get("header", ""),
                totals=said.get("totals", ""),
                key=parse_key(said.get("key", "")),
                references=parse_references(filter(None, said.get("references", "").split(","))),
            )
    except SopError as error:
        if not error.code.startswith("D01") or error.code in ("D0105", NO_ROLES):
            raise
        raise HttpError(
            503, error.code, f"the database {name} can't be opened"
        ) from error  # a message may have its URL
    places = [f"{name}.{loaded.store}" for loaded in every]
    return [
        _report(loaded, part, place, dry_run=dry_run) for loaded, part, place in zip(every, parts, places, strict=True)
    ]


def _report(loaded: Loaded, part: Part, place: str, *, dry_run: bool) -> dict[str, Any]:
    made = report_data(loaded, part.title, place, look=dry_run)
    made["notes"] = list(map(in_parameters, made["notes"]))
    for column in made["columns"]:
        column["notes"] = list(map(in_parameters, column["notes"]))
        column["hint"] = column["hint"] and in_parameters(column["hint"])
    return made

"""The tools that write scripts: stores and fields, the language, checking, storing, explaining. A table like `FIXED`."""

# ruff: noqa: E501 (a row is a line)
from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from runtime.api.databases import stores_of
from runtime.api.mcp.fixed import ALWAYS, SCRIPT, Call, Fixed
from runtime.api.mcp.values import plain
from runtime.api.problems import HttpError
from runtime.api.scripts import PutRequest, explained, put_text
from runtime.bytecode.codec import decode
from runtime.error_codes import find_code, near_codes
from runtime.errors import UsageError


async def _schema(call: Call) -> dict[str, Any]:
    service, token = call.calls.service, call.who.token
    names = [name for name in service.seen_by(token).database_names() if token.reaches(name)]
    wanted = call.args.get("database")
    if wanted is None:
        return {"databases": names}
    if wanted not in names:
        raise UsageError("C0204", f"there is no database {wanted[:60]!r} here", ", ".join(names))
    return {"database": wanted, "stores": plain(await service.call(stores_of, service, token, wanted))}


async def _language(call: Call) -> dict[str, Any]:
    return {"text": files("grammar").joinpath("SPEC.md").read_text(encoding="utf-8")}


async def _check(call: Call) -> dict[str, Any]:
    return await _put(call, dry_run=True)


async def _store(call: Call) -> dict[str, Any]:
    checked = await _put(call, dry_run=True)
    if checked["writes"]:
        call.who.token.require("write")
        reply = call.person.reply if call.person.state.get("store") == checked["hash"] else None
        if reply is None:
            if not call.person.can_be_asked:
                message = f"`{checked['script']}` would write {', '.join(checked['writes'])}, and this client can't ask"
                raise HttpError(409, "S0125", message, "ask the person to compile and store it")
            message = f"Store the script {checked['script']}, which can write {', '.join(checked['writes'])}?"
            state = {"store": checked["hash"]}
            reply = await call.person.ask(message, {"type": "object", "properties": {}}, state)
        if reply.action != "accept":
            return {"status": "declined", "note": "the person said no: nothing was stored"}
    return await _put(call, dry_run=False)


async def _put(call: Call, *, dry_run: bool) -> dict[str, Any]:
    service = call.calls.service
    request = PutRequest(call.args["script"], call.args["program"], "dsl", dry_run, False, None, True, {}, {})
    call.who.token.require_script(call.args["script"])
    done = await service.call(put_text, service, call.who, request)
    said: dict[str, Any] = {"script": done["name"], "stored": not dry_run, "head": done["head"], "hash": done["hash"]}
    if not dry_run:
        said |= {"version": done["version"], "unchanged": done["unchanged"]}
    told = done["explained"]
    return {
        **said,
        "effects": done["effects"].lines(),
        "writes": list(done["effects"].writes),
        "warnings": list(done["warnings"]),
        "stale_callers": done["stale_callers"],
        "source": done["source"],
        "explained": None if told is None else plain(told["about"]),
    }


async def _explain(call: Call) -> dict[str, Any]:
    script = call.script()
    service, root = call.calls.service, script.linked.root
    module = await service.call(lambda: decode(service.library.load(root.hash)))
    return {"script": root.name, "source": module.debug.source, "explained": plain(explained(module))}


async def _error(call: Call) -> dict[str, Any]:
    row = find_code(call.args["code"])
    if row is None:
        near = ", ".join(near_codes(call.args["code"]))
        raise UsageError("C0110", f"there is no error code {call.args['code'][:20]!r}", near)
    return row._asdict()


_PROGRAM: Final = {"type": "string", "description": "The program: one `script NAME(…) … end`, as sop_language says."}
_NAME: Final = {"type": "string", "description": "The script's name, as in the program."}
_DATABASE: Final = {"type": "string", "description": "Its name; left out, the databases are listed."}
_CODE: Final = {"type": "string", "description": "Such as E0203."}

# fmt: off
AUTHORING: Final[Mapping[str, Fixed]] = {
    "sop_schema": Fixed(_schema, "read", ALWAYS, "The databases; or the stores of one, with their fields, keys and references.", {"database": _DATABASE}, 0),
    "sop_language": Fixed(_language, "compile", ALWAYS, "The language that scripts are written in: read it before you write one.", {}, 0),
    "sop_check": Fixed(_check, "compile", ALWAYS, "Check a program without storing it: all findings with line, column and hint; or its effects, and what it does in English.", {"script": _NAME, "program": _PROGRAM}, 2),
    "sop_store": Fixed(_store, "compile", ALWAYS, "Store a program as a script, which is a tool from then on. The person is asked first if it writes.", {"script": _NAME, "program": _PROGRAM}, 2, False),
    "sop_explain": Fixed(_explain, "read", ALWAYS, "A script's program, and what it does in English.", {"script": SCRIPT}, 1),
    "sop_error": Fixed(_error, "run", ALWAYS, "What an error code means, with an example of what is wrong and right.", {"code": _CODE}, 1),
}
# fmt: on

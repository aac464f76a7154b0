"""The tools that write scripts: stores, the language, checking, trying, storing, explaining. A table like `FIXED`."""

# ruff: noqa: E501 (a row is a line)
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runtime.api.databases import stores_of
from runtime.api.mcp.fixed import ALWAYS, ARGS, SCRIPT, Call, Fixed
from runtime.api.mcp.values import MAX_BYTES, plain, size
from runtime.api.problems import HttpError
from runtime.api.scripts import PutRequest, explained, linked_text, put_text
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
    stores = plain(await service.call(stores_of, service, token, wanted))
    one = call.args.get("store")
    if one is not None:
        if one not in stores:
            raise UsageError("E0202", f"there is no store {one[:60]!r} in {wanted}", f"sop_schema(database={wanted!r})")
        return {"database": wanted, "stores": {one: stores[one]}}
    if size(stores) > MAX_BYTES:
        note = f"{len(stores):,} stores are too many to show whole; sop_schema(database, store) shows one"
        return {"note": note, "database": wanted, "stores": list(stores)}
    return {"database": wanted, "stores": stores}


async def _language(call: Call) -> dict[str, Any]:
    from sopc.english.prompt.language import author_page

    return {"text": author_page()}


async def _examples(call: Call) -> dict[str, Any]:
    from sopc.english.prompt.few_shot import EXAMPLES
    from sopc.english.prompt.messages import example_stores

    shown = [{"sentences": each.sentences, "program": each.reply} for each in EXAMPLES]
    return {"stores": example_stores(), "examples": shown}


async def _check(call: Call) -> dict[str, Any]:
    return await _put(call, dry_run=True)


async def _try(call: Call) -> dict[str, Any]:
    service, who = call.calls.service, call.who
    linked = await service.call(linked_text, service, who, call.args["program"])
    return await call.calls.attempt(linked, call.args.get("args", {}), who, call.person, call.progress)


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
            message += "".join(f"\nDoubt: {each['message']}" for each in checked["findings"])
            state = {"store": checked["hash"]}
            reply = await call.person.ask(message, {"type": "object", "properties": {}}, state)
        if reply.action != "accept":
            return {"status": "declined", "note": "the person said no: nothing was stored"}
    return await _put(call, dry_run=False)


async def _put(call: Call, *, dry_run: bool) -> dict[str, Any]:
    from sopc.workflow.prepared import Written

    service, name, program = call.calls.service, call.args["script"], call.args["program"]
    call.who.token.require_script(name)
    sentences = call.args.get("sentences")
    request = PutRequest(name, program, "dsl", dry_run, False, None, False, {}, {})
    if sentences is not None:  # the person's yes to a write was asked for by `_store`
        by = f"agent {call.person.client}".strip()
        request = request._replace(text=sentences, kind="english", yes=True, written=Written(program, by))
    done = await service.call(put_text, service, call.who, request)
    said: dict[str, Any] = {"script": done["name"], "stored": not dry_run, "head": done["head"], "hash": done["hash"]}
    if not dry_run:
        said |= {"version": done["version"], "unchanged": done["unchanged"]}
    told = done["explained"]
    return {
        **said,
        "effects": done["effects"].lines(),
        "writes": list(done["effects"].writes),
        "findings": plain(done["warnings"]),
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


_ASKED: Final = "What the person asked for, in their words, sentence by sentence; an Examples section is run."
_SENTENCES: Final = {"type": "string", "description": _ASKED}
_PROGRAM: Final = {"type": "string", "description": "The program: one `script NAME(…) … end`, as sop_language says."}
_NAME: Final = {"type": "string", "description": "The script's name, as in the program."}
_DATABASE: Final = {"type": "string", "description": "Its name; left out, the databases are listed."}
_STORE: Final = {"type": "string", "description": "The name of one of its stores; left out, all are shown."}
_CODE: Final = {"type": "string", "description": "Such as E0203."}

# fmt: off
AUTHORING: Final[Mapping[str, Fixed]] = {
    "sop_schema": Fixed(_schema, "read", ALWAYS, "The databases; or the stores of one, with their fields, keys and references.", {"database": _DATABASE, "store": _STORE}, 0),
    "sop_language": Fixed(_language, "compile", ALWAYS, "The language that scripts are written in: read it before you write one.", {}, 0),
    "sop_examples": Fixed(_examples, "compile", ALWAYS, "Sentences and the programs that they become.", {}, 0),
    "sop_check": Fixed(_check, "compile", ALWAYS, "Check a program without storing it: all findings with line, column, hint and choices; or its effects, what it does in English, and where it may differ from the sentences.", {"script": _NAME, "program": _PROGRAM, "sentences": _SENTENCES}, 2),
    "sop_try": Fixed(_try, "compile", ALWAYS, "Run a program without storing it, and without keeping what it writes.", {"program": _PROGRAM, "args": ARGS}, 1),
    "sop_store": Fixed(_store, "compile", ALWAYS, "Store a program, with the sentences that it was written for, as a script, which is a tool from then on. The person is asked first if it writes.", {"script": _NAME, "program": _PROGRAM, "sentences": _SENTENCES}, 3, False),
    "sop_explain": Fixed(_explain, "read", ALWAYS, "A script's program, and what it does in English.", {"script": SCRIPT}, 1),
    "sop_error": Fixed(_error, "run", ALWAYS, "What an error code means, with an example of what is wrong and right.", {"code": _CODE}, 1),
}
# fmt: on

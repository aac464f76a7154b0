"""The text of a reply → the script in it, however the model wraps it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from runtime.errors import SopError

CANNOT: Final = "the model can't translate it: "
NO_SCRIPT: Final = "T0310"
_THOUGHT: Final = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_UNFINISHED: Final = re.compile(r"<think(?:ing)?>.*\Z", re.DOTALL | re.IGNORECASE)
_FENCE: Final = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)
_CANNOT: Final = re.compile(r'\s*cannot\s+(".*")\s*', re.DOTALL)
_BEGIN: Final = re.compile(r"^[ \t]*script\b", re.MULTILINE)
_COMMENTS: Final = re.compile(r"(?:[ \t]*#[^\n]*\n|[ \t]*\n)*\Z")
_END: Final = re.compile(r"\bend\b[^\n]*$", re.MULTILINE)
_SQL: Final = re.compile(r"\s*(select|with|insert\s+into|update|delete\s+from|create)\b", re.IGNORECASE)
_MAX_ENDS: Final = 40  # where a script before prose may end
_OPENING: Final = re.compile(r"[{\[]")
_DECODER: Final = json.JSONDecoder(strict=False)
_MAX_DOCUMENTS: Final = 200  # tries to read JSON in prose
_DEEPEST: Final = 8  # JSON within fences within JSON
_SHOWN: Final = 200

Parses = Callable[[str], bool]


@dataclass(frozen=True)
class Found:
    """The script of a reply. parses: whether the language can read it. others: how many more there are that parse."""

    text: str
    parses: bool
    others: int = 0


def find_script(reply: str, parses: Parses) -> Found:
    """Find the script: the last one that parses, after the model's thoughts; else the last that begins like one.

    It may stand alone, before or after prose, in code blocks of any name, and in texts of a JSON document.

    Raises:
        SopError: T0310, there is no script; T0311, the model says that it can't translate the text.
    """
    said = without_thoughts(reply)
    texts = list(dict.fromkeys(text.strip() for text in _texts(said, _DEEPEST)))
    candidates = list(dict.fromkeys(each for text in texts for each in _scripts(text, parses)))
    good = [each for each in candidates if parses(each)]
    if good:
        return Found(good[-1], True, len(good) - 1)
    for text in texts:
        refused = _CANNOT.fullmatch(text)
        if refused:
            raise SopError("T0311", f"{CANNOT}{_reason(refused[1])}", "say it in other words, or in smaller steps")
    if candidates:
        return Found(candidates[-1], False)
    shown = " ".join(said.split())[:_SHOWN]
    what = "SQL" if any(map(_SQL.match, texts)) else "no script"
    message = f'{what}: "{shown}"' if shown else "no script, but nothing at all"
    raise SopError(NO_SCRIPT, f"the model replied with {message}", "try again, or use another model")


def without_thoughts(reply: str) -> str:
    """The reply without what a model thinks before it, also where the thought has no beginning or no end."""
    return _UNFINISHED.sub("", _THOUGHT.sub("", reply))


def _texts(said: str, depth: int) -> Iterator[str]:
    """The parts of a reply that may hold a script: what is between its code blocks, the blocks, and texts of JSON."""
    if depth == 0:
        return
    inside = _document(said)
    if inside is not None:
        for text in _strings(inside, depth):
            yield from _texts(text, depth - 1)
        return
    place = 0
    for block in _FENCE.finditer(said):
        yield from _prose(said[place : block.start()], depth)
        yield from _texts(block[2], depth - 1)
        place = block.end()
    yield from _prose(said[place:], depth)


def _prose(text: str, depth: int) -> Iterator[str]:
    """What stands between code blocks, and the texts of the JSON documents in it."""
    yield text
    place = 0
    for begin in islice(_OPENING.finditer(text), _MAX_DOCUMENTS):
        if begin.start() < place:
            continue
        try:
            inside, place = _DECODER.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        for each in _strings(inside, depth):
            yield from _texts(each, depth - 1)


def _document(text: str) -> Any:
    """The object or list of a JSON text; None for another text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each, depth - 1)


def _scripts(text: str, parses: Parses) -> Iterator[str]:
    """The script that begins in a text, with the comments before it: to the last `end` after which it parses, so that
    prose behind it is left out; where it parses nowhere, all of it."""
    begin = _BEGIN.search(text)
    if begin is None:
        return
    comments = _COMMENTS.search(text, 0, begin.start())
    whole = text[comments.start() if comments else begin.start() :]
    ends = [match.end() for match in _END.finditer(whole)][-_MAX_ENDS:]
    for end in (len(whole), *reversed(ends)):
        made = whole[:end].strip() + "\n"
        if parses(made):
            yield made
            return
    yield whole.strip() + "\n"


def _reason(quoted: str) -> str:
    try:
        said = str(json.loads(quoted))
    except ValueError:
        said = quoted.strip('"')
    return " ".join(said.split()) if re.search(r"\w", said) else "it does not say why"

"""English text and the .sop file beside it → whether to translate, and the header that makes the .sop file the lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import ndiff
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Literal

import msgspec

from runtime.errors import SopError, UsageError
from sopc.english.examples.read import section_of

MARK = "#! sop 1"
_SENTENCE = re.compile(r"# (\d+)\. (.*)")
_SHOWN_LINES = 20

Choice = Literal["translate", "sop"]


class Locked(SopError):
    """A translation is needed, and none is allowed."""

    exit_code = 4


class Answer(msgspec.Struct, frozen=True):
    """What the author said to a question of the translator. sentence: the one it is about, "" for the whole text."""

    sentence: str
    question: str
    answer: str


@dataclass(frozen=True)
class Header:
    """What a generated .sop file says about its origin. text_hash, sop_hash: sha256 in hex, of the English text and
    of the body as generated. when: UTC, ISO 8601. source: the name of the text's file, "" when it is not known.
    answers: of its author to the translator's questions."""

    text_hash: str
    sop_hash: str
    translator: str
    when: str
    sentences: tuple[str, ...]
    source: str = ""
    answers: tuple[Answer, ...] = ()


def content_hash(text: str) -> str:
    """sha256 in hex of a text; the kind of line ends, a byte order mark and space at the end don't count."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def text_hash(text: str) -> str:
    """content_hash of an English text without its section Examples, which no translation depends on."""
    return content_hash(text[: section_of(text)])


def write_sop(body: str, text: str, translator: str, sentences: Sequence[str], when: datetime | None = None) -> str:
    """The whole .sop file: header, empty line, body. when: defaults to now."""
    moment = (when or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = body.strip("\n") + "\n"
    return with_header(Header(text_hash(text), content_hash(body), translator, moment, tuple(sentences)), body)


def keep_sop(sop_text: str, text: str, sentences: Sequence[str]) -> str:
    """The .sop file as it stands, kept as the program of the text as it is now. An edited body still counts as edited,
    so that a later change of the text alone does not translate the edits away."""
    header, body = split_sop(sop_text)
    known = header or Header("", "", "hand", "", ())
    return with_header(replace(known, text_hash=text_hash(text), sentences=tuple(sentences)), body.lstrip("\n"))


def stamp(sop_text: str, source: str, answers: Sequence[Answer] = ()) -> str:
    """The .sop file with the name of its text's file and its author's answers in the header."""
    header, body = split_sop(sop_text)
    return sop_text if header is None else with_header(replace(header, source=source, answers=tuple(answers)), body)


def with_header(header: Header, body: str) -> str:
    """The whole .sop file."""
    lines = [
        MARK,
        f"# text: sha256:{header.text_hash}",
        f"# sop: sha256:{header.sop_hash}",
        f"# translator: {header.translator}",
        f"# when: {header.when}",
        *([f"# source: {header.source}"] if header.source else []),
        *(f"# answer: {msgspec.json.encode(answer).decode()}" for answer in header.answers),
        *(f"# {number}. {' '.join(sentence.split())}" for number, sentence in enumerate(header.sentences, 1)),
    ]
    return "\n".join(lines) + "\n\n" + body


@lru_cache(maxsize=8)  # several stages of one compile look at the same file
def split_sop(sop_text: str) -> tuple[Header | None, str]:
    """The header and the body below it. Header is None for a file that no translator made, or whose mark was taken
    away; the body is then the whole text."""
    lines = sop_text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != MARK:
        return None, sop_text
    found: dict[str, str] = {}
    answers: list[Answer] = []
    sentences: list[str] = []
    count = 1
    for line in lines[1:]:
        sentence = _SENTENCE.fullmatch(line.rstrip())
        if sentence and int(sentence[1]) == len(sentences) + 1:
            sentences.append(sentence[2])
        elif not sentences and line.startswith("# ") and ": " in line:
            key, value = line[2:].split(": ", 1)
            if key == "answer":
                answers += _answer(value)
            else:
                found[key] = value.strip()
        else:
            break
        count += 1
    if count < len(lines) and not lines[count].strip():
        count += 1
    header = Header(
        found.get("text", "").removeprefix("sha256:"),
        found.get("sop", "").removeprefix("sha256:"),
        found.get("translator", ""),
        found.get("when", ""),
        tuple(sentences),
        found.get("source", ""),
        tuple(answers),
    )
    return header, "\n".join(lines[count:])


def is_edited(header: Header, body: str) -> bool:
    """Whether the program is another than the one that was made."""
    return header.sop_hash != content_hash(body.strip("\n") + "\n")


def others_of(text: Path, sop: Path) -> list[Path]:
    """The .sop files beside a text that were made of it too, when it had another title."""
    found = (path for path in sorted(text.parent.glob("*.sop")) if path != sop and path.is_file())
    return [path for path in found if _source_of(path) == text.name]


def _source_of(sop: Path) -> str | None:
    try:
        header, _ = split_sop(sop.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return header.source if header else None


def _answer(text: str) -> list[Answer]:
    """A line of the header; none for one that a person has spoilt, so that the question is asked again."""
    try:
        return [msgspec.json.decode(text, type=Answer)]
    except msgspec.DecodeError:
        return []


def check_source(header: Header | None, text: Path, sop: Path) -> None:
    """UsageError T0111 where the .sop file is the program of another text, which is still there beside it."""
    if header is None or header.source in ("", text.name) or not text.with_name(header.source).exists():
        return
    raise UsageError(
        "T0111",
        f"{sop.name} is the program of {header.source}, and {text.name} has the same title",
        f"give one of the texts another title, or remove {header.source} if {text.name} takes its place",
    )


def locked(text: str, sop: str | None, *, exists: bool) -> Locked:
    """T0112, for a text that would have to be translated. text, sop: names of the files; sop is None for a text that
    is in none. exists: whether the program's file is there."""
    if sop is None:
        hint = "save it to a file, compile that, and commit both"
        return Locked("T0112", "a text from stdin has no program beside it, and --locked allows no translation", hint)
    why = f"{text} changed since {sop} was made" if exists else f"{text} has no {sop} beside it"
    return Locked(
        "T0112", f"{why}, and --locked allows no translation", f"sopc compile {quote(text)}, then commit {sop}"
    )


def decide(
    text: str, sentences: Sequence[str], sop_text: str | None, take: Literal["text", "sop"] | None = None
) -> Choice:
    """What a compile does: "translate" the text, or use the "sop" file as it stands.

    sentences: of the text as it is now. sop_text: what the .sop file holds, None when there is none. take: settles it
    where both changed since the translation (and where the .sop file is no translation at all).
    Raises SopError T0110 where both changed and `take` is None, showing both.
    """
    if sop_text is None or take == "text":
        return "translate"
    if take == "sop":
        return "sop"
    header, body = split_sop(sop_text)
    if header is not None and header.text_hash == text_hash(text):
        return "sop"
    if header is not None and not is_edited(header, body):
        return "translate"
    raise SopError(
        "T0110",
        "both the text and the .sop file changed since the translation"
        if header
        else "the .sop file beside the text is no translation of it",
        "--take text translates again and drops the edits; --take sop keeps the program as it stands\n"
        + _show_both(header, sentences, body),
    )


def _show_both(header: Header | None, sentences: Sequence[str], body: str) -> str:
    """The text as it changed (old sentences from the header) and the program as it stands, each cut to some lines."""
    numbered = [f"{number}. {' '.join(sentence.split())}" for number, sentence in enumerate(sentences, 1)]
    if header is None:
        changed = numbered
    else:
        before = [f"{number}. {sentence}" for number, sentence in enumerate(header.sentences, 1)]
        changed = [line for line in ndiff(before, numbered) if line[0] in "+-"]
    return "\n".join(["the text:", *_cut(changed), "the program:", *_cut(body.strip("\n").split("\n"))])


def _cut(lines: Sequence[str]) -> list[str]:
    shown = [f"    {line}" for line in lines[:_SHOWN_LINES]]
    return shown + ([f"    … {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else [])

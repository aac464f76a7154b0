"""English text and the .sop file beside it → whether to translate; and the header that makes the .sop file a lock."""

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

MARK = "#! sop 1"
_SENTENCE = re.compile(r"# (\d+)\. (.*)")
_SHOWN_LINES = 20

Choice = Literal["translate", "sop"]


class Locked(SopError):
    """A translation is needed, but `--locked` forbids it."""

    exit_code = 4


class Answer(msgspec.Struct, frozen=True):
    """The author's answer to a question of the translator.

    Attributes:
        sentence: Its text; "" for the whole workflow.
        question: The text of the question.
        answer: A choice, or words.
    """

    sentence: str
    question: str
    answer: str


@dataclass(frozen=True)
class Header:
    """The header of a generated .sop file.

    text_hash, sop_hash: sha256 in hex, of the English text and of the body as generated. when: UTC, ISO 8601. source:
    the name of the text's file, "" if unknown. answers: of its author to the translator's questions.
    """

    text_hash: str
    sop_hash: str
    translator: str
    when: str
    sentences: tuple[str, ...]
    source: str = ""
    answers: tuple[Answer, ...] = ()


def content_hash(text: str) -> str:
    """The sha256 of a text in hex; line ends are normalized, a byte order mark and trailing space are ignored."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def text_hash(text: str) -> str:
    """The `content_hash` of an English text without its Examples section, which no translation depends on."""
    from sopc.english.examples.read import section_of

    return content_hash(text[: section_of(text)])


def write_sop(body: str, text: str, translator: str, sentences: Sequence[str], when: datetime | None = None) -> str:
    """Write a .sop file: header, empty line, body.

    Args:
        body: The program.
        text: The English text that it was translated from.
        translator: Its name, for the header.
        sentences: Of the text, in order.
        when: The time of the translation, by default now.
    """
    moment = (when or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = body.strip("\n") + "\n"
    return with_header(Header(text_hash(text), content_hash(body), translator, moment, tuple(sentences)), body)


def keep_sop(sop_text: str, text: str, sentences: Sequence[str]) -> str:
    """Accept a .sop file as the program of the current text.

    An edited body still counts as edited, so that a later change of the text does not overwrite the edits.
    """
    header, body = split_sop(sop_text)
    known = header or Header("", "", "hand", "", ())
    return with_header(replace(known, text_hash=text_hash(text), sentences=tuple(sentences)), body.lstrip("\n"))


def stamp(sop_text: str, source: str, answers: Sequence[Answer] = ()) -> str:
    """Add the name of the text's file and the author's answers to the header of a .sop file."""
    header, body = split_sop(sop_text)
    return sop_text if header is None else with_header(replace(header, source=source, answers=tuple(answers)), body)


def with_header(header: Header, body: str) -> str:
    """Join a header and a body to a .sop file."""
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


@lru_cache(maxsize=8)  # cached, since several stages of one compilation read the same file
def split_sop(sop_text: str) -> tuple[Header | None, str]:
    """Split a .sop file into header and body.

    Returns:
        The header and the body below it. For a file without the mark of a generated file, None and the whole text.
    """
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
    """Whether the program was changed after its generation."""
    return header.sop_hash != content_hash(body.strip("\n") + "\n")


def others_of(text: Path, sop: Path) -> list[Path]:
    """Other .sop files in the folder that were generated from the same text under an earlier title."""
    found = (path for path in sorted(text.parent.glob("*.sop")) if path != sop and path.is_file())
    return [path for path in found if _source_of(path) == text.name]


def _source_of(sop: Path) -> str | None:
    try:
        header, _ = split_sop(sop.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return header.source if header else None


def _answer(text: str) -> list[Answer]:
    """Parses a header line with an answer; None for an invalid one, so that the question is asked again."""
    try:
        return [msgspec.json.decode(text, type=Answer)]
    except msgspec.DecodeError:
        return []


def check_source(header: Header | None, text: Path, sop: Path) -> None:
    """Refuse to overwrite the program of another text.

    Raises:
        UsageError: T0111, the .sop file was generated from another text file that still exists.
    """
    if header is None or header.source in ("", text.name) or not text.with_name(header.source).exists():
        return
    raise UsageError(
        "T0111",
        f"{sop.name} is the program of {header.source}, and {text.name} has the same title",
        f"give one of the texts another title, or remove {header.source} if {text.name} takes its place",
    )


def locked(text: str, sop: str | None, *, exists: bool) -> Locked:
    """The error T0112 for a text that needs a translation under `--locked`.

    Args:
        text: The name of the text's file.
        sop: The name of the program's file, None for a text that is in no file.
        exists: Whether the program's file exists.
    """
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
    """Decide whether to translate the text again, or to use its .sop file.

    Args:
        text: The current English text.
        sentences: Of the text.
        sop_text: The content of the .sop file, None if there is none.
        take: The author's choice if both changed since the translation, or if the .sop file was not generated.

    Returns:
        "translate", or "sop" to use the file as it is.

    Raises:
        SopError: T0110, both changed and `take` is None; the message shows both.
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
    """A diff of the sentences (the old ones are in the header) and the current program, each cut to a few lines."""
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

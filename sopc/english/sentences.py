"""Text of a workflow → its script name and its numbered sentences, each with its offsets in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from runtime.errors import SopError
from runtime.values.functions import FUNCTIONS, renaming, script_called
from sopc.english.examples.read import section_of
from sopc.source import BIDI_CONTROLS
from sopc.tree.nodes import MAX_SENTENCES

MAX_CHARACTERS = 1_000_000
_TITLE_WORDS = 10
_NAME_BYTES = 200  # file systems allow 255 bytes, including the ending and the suffix of a temporary file
_BULLET = re.compile(r"[ \t]*(?:[-*•–]|\(?\d{1,3}[.)]|\(?[a-z]\))[ \t]+")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+")
_UNDERLINE = re.compile(r"[ \t]*(?:=+|-{3,}|~+)[ \t]*$")
_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "etc",
        "vs",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "ph.d",
        "info",
        "st",
        "inc",
        "ltd",
        "co",
        "corp",
        "dept",
        "approx",
        "incl",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "a.m",
        "p.m",
        "u.s",
        "u.k",
    ]
)
_LEFT_OUT = dict.fromkeys(map(ord, BIDI_CONTROLS))
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|“[^”]*”')
_CLOSING = {'"': '"', "“": "”", "‘": "’", "`": "`"}


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    text: with its end mark, spaces collapsed, without list mark and Bidi controls (`turned`). start, end: offsets in
    the text. level: 0 outside lists, else the depth of the list item. opens: it ends in a colon, so that the list
    items right below belong to it.
    """

    number: int
    text: str
    start: int
    end: int
    level: int = 0
    opens: bool = False


@dataclass(frozen=True)
class Workflow:
    """A workflow as written.

    title: its title line, None if there is none. name: of its script. text: all of it; the Examples section, if there
    is one, holds no sentences. instructions: the text before that section. function: a function with the name that the
    title gives, so that the script has another name; usually "".
    """

    name: str
    title: str | None
    text: str
    sentences: tuple[Sentence, ...]
    instructions: str
    function: str = ""

    @property
    def renamed(self) -> str | None:
        """The note to the author of a title that is the name of a function."""
        return renaming(self.function)


def read_workflow(text: str, file_name: str) -> Workflow:
    """Read the text of a workflow.

    Args:
        text: The whole file.
        file_name: Its name without folder and ending; names the script of a text without a title.

    Returns:
        Its script name and its numbered sentences.

    Raises:
        SopError: T0101, no sentences; T0102, more than MAX_CHARACTERS or MAX_SENTENCES; T0103, no name for the script.
    """
    if len(text) > MAX_CHARACTERS:
        raise SopError(
            "T0102",
            f"the text has {len(text):,} characters, more than the {MAX_CHARACTERS:,} a workflow may have",
            "split it into several workflows that call each other",
        )
    title, body = _split_title(text)
    title = title and title.translate(_LEFT_OUT)
    examples = section_of(text)
    instructions = text if examples is None else text[:examples]
    sentences = tuple(islice(_sentences(instructions, body), MAX_SENTENCES + 1))
    if not sentences:
        raise SopError("T0101", "the text has no sentence", 'write what to do, such as "Show all …"')
    if len(sentences) > MAX_SENTENCES:
        raise SopError(
            "T0102",
            f"the text has more than {MAX_SENTENCES:,} sentences",
            "split it into several workflows that call each other",
        )
    name = script_name(title if title is not None else file_name)
    if len(name.encode()) > _NAME_BYTES:
        raise SopError("T0103", "the title is too long to name a script and its file", "give the text a short title")
    function = name if name in FUNCTIONS else ""
    return Workflow(script_called(name), title, text, sentences, instructions, function)


def turned(text: str) -> list[int]:
    """The offsets of invisible characters that reorder displayed text; sentences leave them out."""
    return [match.start() for match in re.finditer(f"[{BIDI_CONTROLS}]", text)]


def script_name(words: str) -> str:
    """ "Close the books" → close_the_books. Raises SopError T0103 for words without a letter."""
    name = re.sub(r"\W+", "_", words.replace("'", "").replace("’", "").lower()).strip("_")
    name = re.sub(r"^[\d_]+", "", name)
    if not name:
        raise SopError(
            "T0103", f'no script name can be made of "{words.strip()}"', "give the text a title line of plain words"
        )
    return name


def _split_title(text: str) -> tuple[str | None, int]:
    """The title, if the first line is one, and the offset at which the sentences begin.

    A title is a heading (`# …`, `Title: …`, an underlined line), or a short first line without an end mark that is
    followed by an empty line and more text.
    """
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    end = text.find("\n", start)
    line = text[start:] if end < 0 else text[start:end]
    rest = "" if end < 0 else text[end + 1 :]
    body = len(text) if end < 0 else end + 1
    below = rest.split("\n", 1)[0]
    heading = _HEADING.match(line)
    if heading:
        return line[heading.end() :].strip().rstrip(".:"), body
    if line.lower().startswith("title:"):
        return line[len("title:") :].strip().rstrip("."), body
    if rest and _UNDERLINE.match(below) and below.strip():
        return line.strip(), body + len(below) + 1
    short = len(line.split()) <= _TITLE_WORDS and line.strip()[-1:] not in tuple(".?!:;,") and not _BULLET.match(line)
    if short and not below.strip() and rest.strip():
        return line.strip(), body
    return None, start


def _sentences(text: str, start: int) -> Iterator[Sentence]:
    number = 0
    for block_start, block_end, level in _blocks(text, start):
        for first, last in _split(text, block_start, block_end):
            words = " ".join(text[first:last].translate(_LEFT_OUT).split())
            if not any(character.isalnum() for character in words):
                continue
            number += 1
            yield Sentence(number, words, first, last, level, opens=words.endswith(":"))


def _blocks(text: str, start: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, list level) of each paragraph or list item; both can have several lines."""
    indents: list[int] = []
    open_start = open_end = -1
    level = 0
    offset = start
    for line in text[start:].splitlines(keepends=True):
        line_start, offset = offset, offset + len(line)
        bullet = _BULLET.match(line)
        if open_start >= 0 and (bullet or not line.strip()):
            yield open_start, open_end, level
            open_start = -1
        if not line.strip():
            continue
        ended = open_start >= 0 and text[open_end - 1] in ".?!:"
        if level and ended and not bullet and not line[0].isspace():
            yield open_start, open_end, level
            open_start = -1
        if bullet:
            indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
            while indents and indents[-1] > indent:
                indents.pop()
            if not indents or indents[-1] < indent:
                indents.append(indent)
            level, open_start = len(indents), line_start + bullet.end()
        elif open_start < 0:
            indents, level, open_start = [], 0, line_start
        open_end = line_start + len(line.rstrip())
    if open_start >= 0:
        yield open_start, open_end, level


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of text[start:end]. A sentence ends at an end mark that is outside quotes and
    followed by space, but not by a number."""
    first = position = start
    while position < end:
        character = text[position]
        closing = _quote_end(text, position, end)
        if closing is not None:
            position = closing
            if text[closing - 2] in ".?!" and _starts_sentence(text, position, end):
                yield first, position
                first = position = _skip_space(text, position, end)
            continue
        position += 1
        ends = character in "?!" or (character == "." and not _is_abbreviation(text, first, position))
        if ends and (position == end or text[position].isspace()):
            yield first, position
            first = position = _skip_space(text, position, end)
    if first < end:
        yield first, end


def _quote_end(text: str, position: int, end: int) -> int | None:
    """The offset after a quotation that opens here; None for an apostrophe or an unclosed quote."""
    closing = _CLOSING.get(text[position])
    if text[position] == "'" and (position == 0 or not text[position - 1].isalnum()):
        found = re.compile(r"'(?!\w)").search(text, position + 1, end)
        return found.end() if found else None
    if closing is None:
        return None
    found_at = text.find(closing, position + 1, end)
    while found_at >= 0 and closing == '"' and text[found_at - 1] == "\\":
        found_at = text.find(closing, found_at + 1, end)
    return found_at + 1 if found_at >= 0 else None


def _starts_sentence(text: str, position: int, end: int) -> bool:
    after = _skip_space(text, position, end)
    return after > position and after < end and text[after].isupper()


def _skip_space(text: str, position: int, end: int) -> int:
    while position < end and text[position].isspace():
        position += 1
    return position


def _is_abbreviation(text: str, first: int, position: int) -> bool:
    """Whether the full stop before `position` ends an abbreviation, an initial, or the "no." of "no. 5"."""
    words = text[first : position - 1].split()
    word = words[-1].lstrip("(\"'“").lower() if words else ""
    if word in ("no", "nr"):
        return text[position : position + 2].strip().isdigit()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word not in ("a", "i"))

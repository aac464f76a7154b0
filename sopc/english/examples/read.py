"""The Examples section of a text → examples, or findings with their place in the text.

`Given`, `When` and `Then` begin a part, `And` another one of the same kind. A table follows a line that ends in a
colon. `Example: …` gives the next example a title.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.examples.clauses import READABLE, Call, Clause, Day, Same, read_given, read_then, read_when
from sopc.english.examples.form import Cell, Example, Expect, Given
from sopc.english.examples.tables import Line, read_table
from sopc.english.examples.words import masked
from sopc.source import Source, Span

HEADING: Final = re.compile(
    r"(?:\A|(?<=\n))[ \t]*(?:#{1,6}[ \t]+)?examples?[ \t]*:?[ \t]*(?:\r?\n[ \t]*(?:=+|-{3,}|~+)[ \t]*)?(?=\r?\n|\Z)",
    re.IGNORECASE,
)
MAX_EXAMPLES: Final = 200
_BULLET: Final = re.compile(r"[ \t]*(?:[-*•–]|\(?\d{1,3}[.)])[ \t]+")
_TITLE: Final = re.compile(r"(?:#{1,6}\s+)?example\b\s*\d*\s*(?:[:.–-]\s*(?P<title>.*?))?[.:]?\s*", re.IGNORECASE)
_KEYWORD: Final = re.compile(r"(given|when|then|and|but|answering|answered)\b,?\s*", re.IGNORECASE)
_INNER_THEN: Final = re.compile(r",?\s+then\s+(?=it\b|the\b|these\b|there\b|nothing\b)", re.IGNORECASE)
_READERS: Final = {"given": read_given, "when": read_when, "then": read_then}


def section_of(text: str) -> int | None:
    """The offset of the heading `Examples`, None for a text without that section."""
    match = HEADING.search(text)
    return None if match is None else match.start()


def read_examples(source: Source) -> tuple[Example, ...]:
    """Read the examples of a text.

    Args:
        source: The whole text.

    Returns:
        The examples; none for a text without the section.

    Raises:
        CompileError: T0401, for each line that can't be read.
    """
    heading = HEADING.search(source.text)
    if heading is None:
        return ()
    reader = _Reader(source)
    offset = heading.end()
    for line in source.text[offset:].splitlines(keepends=True):
        reader.line(line.rstrip("\r\n"), offset)
        offset += len(line)
    return reader.done(Span(heading.start(), heading.end()))


@dataclass
class _Open:
    """An example that is being read."""

    start: int
    title: str = ""
    given: list[Given] = field(default_factory=list)
    call: Call | None = None
    answers: list[Cell] = field(default_factory=list)
    today: date | None = None
    expects: list[Expect] = field(default_factory=list)
    end: int = 0


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._findings: list[Diagnostic] = []
        self._examples: list[Example] = []
        self._open: _Open | None = None
        self._kind = ""
        self._waiting: tuple[Given | Expect, list[Line], Span] | None = None

    def line(self, text: str, offset: int) -> None:
        if not text.strip():
            if self._waiting and self._waiting[1]:
                self._end_table()
            return
        bullet = _BULLET.match(text)
        start = bullet.end() if bullet else len(text) - len(text.lstrip())
        bare = text[start:].rstrip()
        title = _TITLE.fullmatch(bare)
        keyword = _KEYWORD.match(bare)
        if title and not (self._waiting and "," in bare):
            self._end_example()
            self._open = _Open(offset + start, title["title"] or "")
            self._kind = ""
        elif keyword and not (self._waiting and self._waiting[1] and "|" in bare):
            self._clauses(bare, offset + start, keyword)
        elif self._waiting is not None:
            self._waiting[1].append((text[start:] if bullet else text, offset + (start if bullet else 0)))
        else:
            hint = "a line begins with Given, When, Then, And, or `Example: a title`"
            self._wrong("this line belongs to no table", Span(offset + start, offset + start + len(bare)), hint)
        if self._open is not None:
            self._open.end = offset + len(text.rstrip())

    def done(self, heading: Span) -> tuple[Example, ...]:
        self._end_example()
        if not self._findings and not self._examples:
            self._wrong("the section Examples holds no example", heading, READABLE["given"])
        if len(self._examples) > MAX_EXAMPLES:
            span = self._examples[MAX_EXAMPLES].span
            self._wrong(f"there are more than {MAX_EXAMPLES} examples", span, "split the workflow")
        if self._findings:
            raise CompileError(self._source, self._findings)
        return tuple(self._examples)

    # ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _clauses(self, text: str, start: int, keyword: re.Match[str]) -> None:
        self._end_table()
        word = keyword[1].lower()
        body, offset = text[keyword.end() :], start + keyword.end()
        if word in ("answering", "answered"):
            word, body, offset = "when", text, start
        elif word in ("and", "but"):
            if re.match(r"(answering|answered)\b", body, re.IGNORECASE):
                word = "when"
            elif not self._kind:
                self._wrong("nothing stands before it", Span(start, start + len(text)), READABLE["given"])
                return
            else:
                word = self._kind
        inner = _INNER_THEN.search(masked(body)) if word == "when" else None
        if inner:
            self._clause(word, body[: inner.start()], offset)
            self._clause("then", body[inner.end() :], offset + inner.end())
        else:
            self._clause(word, body, offset)

    def _clause(self, kind: str, text: str, offset: int) -> None:
        example = self._begin(kind, offset)
        self._kind = kind
        clause = _READERS[kind](text, offset)
        if clause is None:
            span = Span(offset, offset + len(text.rstrip()))
            self._wrong(f"what follows `{kind.capitalize()}` is not understood", span, READABLE[kind])
            self._waiting = (Given(Cell("", span)), [], span)  # reads the table that may follow
            return
        self._take(example, clause, Span(offset, offset + len(text.rstrip())))

    def _take(self, example: _Open, clause: Clause, span: Span) -> None:
        match clause.part:
            case Same():
                if not self._examples:
                    self._wrong("no example stands before it", span, READABLE["given"])
                else:
                    example.given += self._examples[-1].given
                    example.today = example.today or self._examples[-1].today
            case Day(today=day):
                example.today = day
            case Call() as call:
                if example.call is not None and call.arguments is not None:
                    self._wrong("this example calls the script already", span, "begin another with `Example: …`")
                example.call = call if example.call is None else example.call
                example.answers += call.answers
                example.today = call.today or example.today
            case Given() | Expect() as part:
                if clause.header is None:
                    self._add(part)
                else:
                    header = [clause.header] if clause.header[0].strip() else []
                    self._waiting = (part, header, span)

    def _begin(self, kind: str, start: int) -> _Open:
        """The example of a part. A part after a `Then` begins a new example, unless it is another `Then`."""
        if self._open is not None and self._open.expects and kind != "then":
            self._end_example()
        if self._open is None:
            self._open = _Open(start)
        return self._open

    # ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _end_table(self) -> None:
        if self._waiting is None:
            return
        part, lines, span = self._waiting
        self._waiting = None
        if isinstance(part, Given) and not part.store.text:
            return
        if not lines:
            self._wrong("no table follows", span, "the names of the fields on a line, and each row on one below")
            return
        table = read_table(lines)
        if isinstance(table, Diagnostic):
            self._findings.append(table)
        else:
            self._add(replace(part, table=table))

    def _add(self, part: Given | Expect) -> None:
        assert self._open is not None  # a part begins an example
        if isinstance(part, Given):
            self._open.given.append(part)
        else:
            self._open.expects.append(part)

    def _end_example(self) -> None:
        self._end_table()
        example, self._open = self._open, None
        if example is None:
            return
        number = len(self._examples) + 1
        span = Span(example.start, max(example.end, example.start))
        if not example.expects and not self._findings:
            self._wrong(f"example {number} expects nothing", _first_line(self._source.text, span), READABLE["then"])
        call = example.call or Call()
        self._examples.append(
            Example(
                number,
                example.title,
                span,
                tuple(example.given),
                call.arguments,
                tuple(example.answers),
                example.today,
                tuple(example.expects),
            )
        )

    def _wrong(self, message: str, span: Span, hint: str) -> None:
        self._findings.append(Diagnostic("T0401", message, span, hint))


def _first_line(text: str, span: Span) -> Span:
    end = text.find("\n", span.start)
    return Span(span.start, min(span.end, end if end >= 0 else span.end))

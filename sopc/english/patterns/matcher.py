"""Pattern rows and tokens → every reading of every phrase (a memoised, nondeterministic, top-down matcher).

A pattern is words, `(this|that)` choices, `[optional]` parts and `{phrase}` references. `{phrase:name}` keeps what the
phrase means under another name, `{phrase@name}` reads it in the context that the meaning kept as `name` opens, and a
trailing `*` reads it any number of times, keeping a tuple; `\\(` is a bracket of the text itself. A row's builder
makes one meaning of what was kept; it may raise Reject, or return Several meanings. Left recursion is not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sopc.english.patterns.tokens import Token

Found = tuple[int, Any]
Kept = dict[str, Any]


class Row(NamedTuple):
    """One pattern. phrase: what it is a pattern of. build: (context, **kept) → meaning."""

    phrase: str
    pattern: str
    build: Callable[..., Any]


class Reject(Exception):
    """The words fit the pattern but mean nothing here. reason: as an error message has it."""


@dataclass(frozen=True)
class Several:
    """More than one meaning: all are kept as readings of their own."""

    meanings: tuple[Any, ...]


@dataclass(frozen=True)
class _Word:
    low: str


@dataclass(frozen=True)
class _Choice:
    options: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class _Phrase:
    phrase: str
    keep: str
    within: str | None
    many: bool


class _Compiled(NamedTuple):
    """A row. starts: the words that it can begin with; None where it begins with a phrase, or may be empty."""

    parts: tuple[Any, ...]
    build: Callable[..., Any]
    starts: frozenset[str] | None


_PIECE = re.compile(
    r"\{(\w+)(?::(\w+))?(?:@(\w+))?\}(\*?)|([(\[|\])\]])|\\([()])|('s|<=|>=|!=|<>|==|[^\s\w{}()\[\]|]|\w+)"
)

Primitive = Callable[["Matcher", int, Any], Iterable[Found]]


class Grammar:
    """Compiled rows by phrase, and primitives: phrases that Python code reads."""

    def __init__(self, rows: Sequence[Row], primitives: Mapping[str, Primitive]) -> None:
        self.primitives = primitives
        self.rows: dict[str, list[_Compiled]] = {}
        self.words: set[str] = set()
        for row in rows:
            parts = self._compile(row.pattern)
            self.rows.setdefault(row.phrase, []).append(_Compiled(parts, row.build, _first_words(parts)))
        known = self.rows.keys() | primitives.keys()
        missing = {part.phrase for rows in self.rows.values() for row in rows for part in _phrases(row.parts)}
        if missing - known:
            raise ValueError(f"patterns refer to phrases that no row defines: {sorted(missing - known)}")

    def _compile(self, pattern: str) -> tuple[Any, ...]:
        pieces = list(_PIECE.finditer(pattern))
        position = 0

        def sequence(closing: str | None) -> list[tuple[Any, ...]]:
            nonlocal position
            options: list[tuple[Any, ...]] = []
            parts: list[Any] = []
            while position < len(pieces):
                phrase, keep, within, many, bracket, literal, word = pieces[position].groups()
                position += 1
                if phrase:
                    parts.append(_Phrase(phrase, keep or phrase, within, bool(many)))
                elif literal or word:
                    self.words.add(literal or word)
                    parts.append(_Word(literal or word))
                elif bracket == "|":
                    options.append(tuple(parts))
                    parts = []
                elif bracket == closing:
                    break
                else:
                    inner = sequence(")" if bracket == "(" else "]")
                    parts.append(_Choice((*inner, ()) if bracket == "[" else tuple(inner)))
            return [*options, tuple(parts)]

        options = sequence(None)
        return options[0] if len(options) == 1 else (_Choice(tuple(options)),)


class Matcher:
    """Reads one sentence. furthest: the token up to which some reading got; rejected: (token, reason, hint or None)."""

    def __init__(self, grammar: Grammar, text: str, tokens: tuple[Token, ...]) -> None:
        self.grammar = grammar
        self.text = text
        self.tokens = tokens
        self.furthest = 0
        self.rejected: list[tuple[int, str, str | None]] = []
        self._memo: dict[tuple[str, int, int], list[Found]] = {}
        self._contexts: list[Any] = []

    def read(self, phrase: str, position: int, context: Any) -> list[Found]:
        """Every (end, meaning) of a phrase from a token on."""
        key = (phrase, position, id(context))
        found = self._memo.get(key)
        if found is None:
            self._contexts.append(context)  # keeps ids unique for as long as the memo lives
            found = self._memo[key] = []
            if phrase in self.grammar.primitives:
                self._add(found, self.grammar.primitives[phrase](self, position, context))
            low = self.low(position)
            for row in self.grammar.rows.get(phrase, ()):
                if row.starts is None or low in row.starts:
                    self._add(found, self._row(row.parts, row.build, position, context))
        return found

    def whole(self, phrase: str, context: Any) -> list[Any]:
        """The distinct meanings of all tokens together."""
        return [meaning for end, meaning in self.read(phrase, 0, context) if end == len(self.tokens)]

    def low(self, position: int) -> str:
        return self.tokens[position].low if position < len(self.tokens) else ""

    def source(self, start: int, end: int) -> str:
        """The sentence's own text from token `start` to before token `end`."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def reject(self, position: int, reason: str, hint: str | None = None) -> None:
        self.rejected.append((position, reason, hint))

    def reach(self, position: int) -> None:
        self.furthest = max(self.furthest, position)

    def _add(self, found: list[Found], readings: Iterable[Found]) -> None:
        for end, meaning in readings:
            self.reach(end)
            for one in meaning.meanings if isinstance(meaning, Several) else (meaning,):
                if (end, one) not in found:
                    found.append((end, one))

    def _row(self, pattern: tuple[Any, ...], build: Callable[..., Any], position: int, context: Any) -> Iterator[Found]:
        for end, kept in self._match(pattern, 0, position, {}, context):
            try:
                yield end, build(context, **kept)
            except Reject as error:
                if error.args:
                    self.reject(end, str(error))

    def _match(
        self, parts: tuple[Any, ...], index: int, position: int, kept: Kept, context: Any
    ) -> Iterator[tuple[int, Kept]]:
        if index == len(parts):
            yield position, kept
            return
        part = parts[index]
        if isinstance(part, _Word):
            if position < len(self.tokens) and self.tokens[position].low == part.low:
                self.reach(position + 1)
                yield from self._match(parts, index + 1, position + 1, kept, context)
        elif isinstance(part, _Choice):
            for option in part.options:
                for end, inner in self._match(option, 0, position, kept, context):
                    yield from self._match(parts, index + 1, end, inner, context)
        else:
            inner_context = context if part.within is None else context.enter(kept[part.within])
            readings = (
                self._repeat(part.phrase, position, inner_context, ())
                if part.many
                else self.read(part.phrase, position, inner_context)
            )
            for end, meaning in readings:
                yield from self._match(parts, index + 1, end, {**kept, part.keep: meaning}, context)

    def _repeat(self, phrase: str, position: int, context: Any, before: tuple[Any, ...]) -> Iterator[Found]:
        yield position, before
        for end, meaning in self.read(phrase, position, context):
            if end > position:
                yield from self._repeat(phrase, end, context, (*before, meaning))


def _first_words(parts: tuple[Any, ...]) -> frozenset[str] | None:
    if not parts or isinstance(parts[0], _Phrase):
        return None
    if isinstance(parts[0], _Word):
        return frozenset({parts[0].low})
    options = [_first_words((*option, *parts[1:])) for option in parts[0].options]
    return None if None in options else frozenset().union(*(words for words in options if words))


def _phrases(parts: tuple[Any, ...]) -> Iterator[_Phrase]:
    for part in parts:
        if isinstance(part, _Phrase):
            yield part
        elif isinstance(part, _Choice):
            for option in part.options:
                yield from _phrases(option)

"""A sentence's text → tokens with their places: words, numbers, dates, quoted text, marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["word", "number", "date", "text", "name", "mark"]

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>"(?:\\.|""|[^"\\])*" | “[^”]*” | ‘[^’]*’ | (?<!\w)'(?:[^']|'(?=\w))*'(?!\w))
  | (?P<name>`(?:``|[^`])*`)
  | (?P<date>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?(?!\w))
  | (?P<number>[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:%|(?:k|m|bn)(?!\w))?(?!\w))
  | (?P<possessive>['’]s(?!\w) | (?<=s)['’](?!\w))
  | (?P<word>\w+(?:['’](?:t|re|ve|ll|d)(?!\w))?)
  | (?P<mark><=|>=|!=|<>|==|[^\s\w])
    """,
    re.VERBOSE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|_+")
_ESCAPE = re.compile(r'\\(.)|""')
_BRACKETED = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_SCALES = {"k": 1_000, "m": 1_000_000, "bn": 1_000_000_000}
_ENDINGS = (".", "!", "?", ";", ",", "please")
_OPENINGS = [
    tuple(opening.split())
    for opening in (
        *("please", "kindly", "can you", "could you", "would you", "will you", "i would like you to", "i want you to"),
        *("first ,", "first of all ,", "next ,", "next", "then ,", "then", "after that ,", "afterwards ,", "finally ,"),
        *("finally", "lastly ,", "in the end ,", "now ,", "now", "also ,", "also"),
    )
]
_IS_AFTER = frozenset({"what", "who", "which", "where", "how", "there", "it", "that"})
_CONTRACTIONS = {
    "can't": ("cannot",),
    "won't": ("will", "not"),
    "i'd": ("i", "would"),
    "we'd": ("we", "would"),
}


@dataclass(frozen=True)
class Token:
    """low: what patterns compare (lower case; "" for numbers, dates and quoted text). value: a number as plain
    digits ("150000", "12%"), a date in ISO form, the content of quotes. start, end: offsets into the sentence."""

    kind: Kind
    low: str
    value: str
    start: int
    end: int


def tokenize(text: str) -> tuple[Token, ...]:
    """Tokens of one sentence. Words break at underscores and at camelCase, so names match however they are written;
    hyphens between words are dropped; "isn't" is read as "is not", "what's" as "what is"."""
    tokens: list[Token] = []
    for match in _PATTERN.finditer(text):
        kind, piece = match.lastgroup, match.group()
        start, end = match.span()
        if kind == "space":
            continue
        if kind == "text":
            inner = piece[1:-1]
            if piece[0] == '"':
                inner = _ESCAPE.sub(lambda escaped: escaped.group(1) or '"', inner)
            tokens.append(Token("text", "", inner, start, end))
        elif kind == "name":
            tokens.append(Token("name", "", piece[1:-1].replace("``", "`"), start, end))
        elif kind == "date":
            tokens.append(Token("date", "", piece, start, end))
        elif kind == "number":
            tokens.append(Token("number", "", _number(piece), start, end))
        elif kind == "possessive":
            is_verb = bool(tokens) and tokens[-1].low in _IS_AFTER
            tokens.append(Token("word", "is", piece, start, end) if is_verb else Token("mark", "'s", "'s", start, end))
        elif kind == "word":
            tokens.extend(_words(piece, start))
        elif piece == "-" and _joins_words(text, start):
            continue
        else:
            tokens.append(Token("mark", piece, piece, start, end))
    return tuple(tokens)


def without_courtesy(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The sentence without the words around it that ask politely ("could you please …") or only say its turn ("then,
    …"), and without its end mark."""
    while tokens and tokens[-1].low in _ENDINGS:
        tokens = tokens[:-1]
    while True:
        opening = next((one for one in _OPENINGS if tuple(token.low for token in tokens[: len(one)]) == one), None)
        if opening is None or len(opening) == len(tokens):
            return tokens
        tokens = tokens[len(opening) :]


@lru_cache(maxsize=4096)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a name as English writes it: "order_date", "orderDate" and "Order Date" alike."""
    plain = re.sub(r"[\"'`“”‘’]", " ", name)
    return tuple(token.low or token.value for token in tokenize(plain) if token.kind in ("word", "number"))


def words_before_brackets(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """The words of a name that ends in brackets, as "Amount (EUR)" does, without them; none where it has none,
    or one of the others is called so too."""
    bare = _BRACKETED.sub("", name)
    if bare == name or any(_BRACKETED.sub("", other).lower() == bare.lower() for other in others):
        return ()
    return name_words(bare)


def _joins_words(text: str, offset: int) -> bool:
    return 0 < offset < len(text) - 1 and text[offset - 1].isalpha() and text[offset + 1].isalpha()


def _number(piece: str) -> str:
    plain = piece.lstrip("$€£").replace(",", "").lower()
    for suffix, scale in _SCALES.items():
        if plain.endswith(suffix):
            whole, _, fraction = plain.removesuffix(suffix).partition(".")
            digits = len(str(scale)) - 1
            shifted = whole + (fraction + "0" * digits)[:digits]
            rest = fraction[digits:]
            return (shifted.lstrip("0") or "0") + (f".{rest}" if rest else "")
    return plain


def _words(piece: str, start: int) -> list[Token]:
    plain = piece.replace("’", "'")
    low = plain.lower()
    if low in _CONTRACTIONS:
        parts = _CONTRACTIONS[low]
    elif low.endswith("n't"):
        parts = (low[:-3], "not")
    else:
        tokens = []
        position = 0
        for part in _CAMEL.split(piece):
            at = piece.index(part, position)
            position = at + len(part)
            if part:
                tokens.append(Token("word", part.lower(), part, start + at, start + position))
        return tokens
    return [Token("word", part, part, start, start + len(piece)) for part in parts]

"""A parser stack at a token that can't come → the smallest change of the text with which parsing continues."""

from __future__ import annotations

from difflib import SequenceMatcher
from enum import IntEnum
from typing import Any, Final, NamedTuple

from lark import Token

from sopc.syntax.grammar import reserved_words
from sopc.syntax.parser_state import EOF, UNKNOWN, Scanner, Stack, tables

LOOK_AHEAD: Final = 6
_ENOUGH: Final = 3
_MAX_OPEN: Final = 100
_SIMILAR: Final = 0.7
_LOOKALIKES: Final = {"==": "=", "=": ":", ":": "="}
_INSERTIONS: Final = (
    ("then",), ("do",), ("into",), ("each",), ("by",), ("on",), ("error",), ("as",), ("with",), ("to",),
    ("from",), ("select",), ("set",), (":",), (",",), ("in",), ("=",), (")",), ("]",), ("}",), ("(",), ("(", ")"),
    ("script",), ("on", "error", "e", "do"),
)  # fmt: skip


class Kind(IntEnum):
    """Kinds of change, the preferred one first among changes that let the parser read equally far."""

    MISSPELT = 1
    RESERVED = 2
    MISSING = 3
    MISSING_VALUE = 4
    MISSING_NAME = 5
    EXTRA = 6


class Repair(NamedTuple):
    """word: what is missing, or should replace the token. token: the faulty one. stack, mark: where to continue."""

    kind: Kind
    word: str
    token: Token
    stack: Stack
    mark: Any
    reach: int


def best_repair(
    stack: Stack, scanner: Scanner, token: Token, mark: Any, previous: Token | None, *, first: bool
) -> Repair | None:
    """Find the change that lets the parser read furthest.

    Args:
        stack: The stack that refused the token.
        scanner: The tokens of the text.
        token: The refused token.
        mark: The scanner's position before the token.
        previous: The token before it.
        first: Whether the token is the first on its line, and so probably no name.

    Returns:
        The best change, or None if no change helps.
    """
    after = scanner.mark()
    found: list[Repair] = []

    def attempt(kind: Kind, word: str, blamed: Token, base: Stack, types: tuple[str, ...], place: Any) -> None:
        changed = base.copy()
        if all(changed.feed(Token(type_, "", scanner.offset)) for type_ in types):
            reach = _reach(changed, scanner, place)
            if reach >= _ENOUGH:
                found.append(Repair(kind, word, blamed, changed, place, reach))

    names, literals = tables().names, tables().literals
    for word in _similar_words(stack, token):
        attempt(Kind.MISSPELT, word, token, stack, (names[word],), after)
    if previous is not None and previous.type == "NAME":
        earlier = stack.before()
        for word in _similar_words(earlier, previous):
            attempt(Kind.MISSPELT, word, previous, earlier, (names[word],), mark)
    if literals.get(token.type) in reserved_words() and not first:
        attempt(Kind.RESERVED, token.value, token, stack, ("NAME",), after)
    for words in _INSERTIONS:
        if words not in (("=",), ("in",)) or not stack.accepts("LIKE"):  # else it would be a guess
            types = tuple(names.get(word, "NAME") for word in words)
            attempt(Kind.MISSING, ("" if "(" in words else " ").join(words), token, stack, types, mark)
    attempt(Kind.MISSING_VALUE, "", token, stack, ("NUMBER",), mark)
    attempt(Kind.MISSING_NAME, "", token, stack, ("NAME",), mark)
    if token.type != EOF:
        attempt(Kind.EXTRA, "", token, stack, (), after)
    scanner.reset(after)
    return min(found, key=lambda repair: (-repair.reach, repair.kind), default=None)


def close_blocks(stack: Stack, token: Token) -> int:
    """Feed `end` until the token (`script`, or the end of the text) can come. Returns how many, 0 if that fails."""
    changed = stack.copy()
    for count in range(1, _MAX_OPEN):
        if not changed.feed(Token("END", "end", token.start_pos)):
            return 0
        if changed.accepts(token.type):
            stack.entries = changed.entries
            return count
    return 0


def _reach(stack: Stack, scanner: Scanner, mark: Any) -> int:
    """How many tokens can be read from the mark on, at most LOOK_AHEAD.

    Reaching the end of the text counts as LOOK_AHEAD. Reaching the end of the line or an unknown character counts as
    enough, since the text after it may have another error.
    """
    scanner.reset(mark)
    ahead, line = stack.copy(), None
    for count in range(LOOK_AHEAD):
        token = scanner.next(ahead)
        line = token.line if line is None else line
        if not ahead.feed(token) and not (
            token.type in (EOF, "SCRIPT") and close_blocks(ahead, token) and ahead.feed(token)
        ):
            return max(count, _ENOUGH) if count and (token.line != line or token.type == UNKNOWN) else count
        if token.type == EOF:
            return LOOK_AHEAD
    return LOOK_AHEAD


def _similar_words(stack: Stack, token: Token) -> list[str]:
    """Keywords that can come here and are spelt like the token."""
    written = str(token.value)
    lookalike = _LOOKALIKES.get(written)
    if lookalike is not None:
        return [lookalike] if stack.accepts(tables().names[lookalike]) else []
    if token.type != "NAME" or len(written) < 2:
        return []
    literals = tables().literals
    words = [literals[type_] for type_ in stack.expected() if literals.get(type_, "").isalpha()]
    return [word for word in words if word != written and _similarity(word, written.lower()) >= _SIMILAR]


def _similarity(first: str, second: str) -> float:
    return 1.0 if first == second else SequenceMatcher(None, first, second).ratio()

"""SQL text → one parsed statement; everything else that a text may hold is refused, with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source, Span
from sopc.tree.nodes import SpanPair

__all__ = (
    "DIALECTS",
    "ENGINE_NAMES",
    "Dialect",
    "Places",
    "Refused",
    "many_meanings",
    "no_counterpart",
    "read_statement",
    "refuse_others",
)

Dialect = Literal["sqlite", "duckdb", "postgres"]
DIALECTS: Final[tuple[Dialect, ...]] = ("sqlite", "duckdb", "postgres")
ENGINE_NAMES: Final[dict[Dialect, str]] = {"sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL"}

_MAX_TOKENS: Final = 20_000  # a hundred times a long query
_DEEPEST: Final = 60  # brackets within brackets: the parser calls itself some ten times for each
_BEGIN: Final = frozenset(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "FROM", "("))
_OPEN, _CLOSE = frozenset(("(", "[", "{")), frozenset((")", "]", "}"))
_WORDS: Final = re.compile(r"\s+")


class Refused(Exception):
    """What can't be carried over. node: the part of the statement to point at."""

    def __init__(self, code: str, message: str, node: exp.Expr | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.node = node
        self.hint = hint


def no_counterpart(what: str, node: exp.Expr | None, hint: str | None = None) -> NoReturn:
    """Refuse a form of SQL that the language does not have."""
    raise Refused("T0505", f"{what} can't be said in the language", node, hint)


def many_meanings(message: str, node: exp.Expr | None, hint: str | None = None) -> NoReturn:
    """Refuse a form whose meaning would change, or that has none of its own."""
    raise Refused("T0506", message, node, hint)


def refuse_others(node: exp.Expr, *known: str) -> None:
    """Refuse a part of a node that the caller does not convert, so that none is dropped without a word.

    Args:
        known: the names of the parts that are converted, or that mean nothing.
    """
    for name, part in node.args.items():
        if part and name not in known:
            first = part[0] if isinstance(part, list) else part
            word = name.strip("_").replace("_", " ").upper()
            hint = "`sopc error T0505` lists what is carried over"
            no_counterpart(f"`{word}` here", first if isinstance(first, exp.Expr) else node, hint)


class Places:
    """The spans of the parts of a statement. The parser keeps those of names and values alone; others span theirs."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[exp.Expr, SpanPair | None]] = {}  # the node is kept, so that its id stays its own

    def span(self, node: exp.Expr | None) -> SpanPair | None:
        """(start, end) of a node; None if nothing in it has a place."""
        if node is None:
            return None
        key = id(node)
        if key not in self._known:
            spans = [span for child in node.iter_expressions() if (span := self.span(child)) is not None]
            if "start" in node.meta:
                spans.append((node.meta["start"], node.meta["end"] + 1))
            found = (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None
            self._known[key] = node, found
        return self._known[key][1]

    def around(self, node: exp.Expr | None) -> SpanPair | None:
        """The span of a node, else of the nearest node around it that has one."""
        while node is not None:
            found = self.span(node)
            if found is not None:
                return found
            node = node.parent
        return None


def read_statement(source: Source, dialect: Dialect) -> exp.Expr:
    """Parse the only statement of a text. Nothing is run.

    Raises:
        CompileError: T0501, it can't be read; T0502, there is none; T0503, there are several; T0504, it is neither a
            query nor a change of rows; T0509, it is too large.
    """
    tokens = _tokens(source, dialect)
    first = tokens[0]
    if first.text.upper() not in _BEGIN:
        word = _WORDS.sub(" ", first.text)[:20].upper()
        hint = "select, insert, update and delete are carried over; tables are made in the database"
        _fail(source, "T0504", f"`{word}` begins no query and no change of rows", _span(first), hint)
    try:
        text = source.text[: tokens[-1].end + 1]  # without what is behind the last word
        statement = sqlglot.parse_one(text, read=dialect, error_level=sqlglot.ErrorLevel.IMMEDIATE)
    except ParseError as error:
        found = error.errors[0] if error.errors else {}
        message = str(found.get("description") or "it ends too early")
        message = re.split(" <Token| for <class", message, maxsplit=1)[0].rstrip(". ")
        near = _near(source, tokens, found)
        after = f": {message[:1].lower()}{message[1:]}" if message else ""
        hint = f"--dialect names the engine that it was written for; it was read as {ENGINE_NAMES[dialect]}'s"
        _fail(source, "T0501", f"the SQL can't be read{after}", near, hint)
    except RecursionError:
        _fail(source, "T0509", "the statement is nested too deeply", None, "name parts of it with `with`")
    return _unwrapped(statement, source)


def _unwrapped(statement: exp.Expr, source: Source) -> exp.Expr:
    """The statement without brackets around it."""
    while isinstance(statement, exp.Subquery) and set(_parts(statement)) == {"this"}:
        statement = statement.this
    if not isinstance(statement, exp.Query | exp.Insert | exp.Update | exp.Delete):
        _fail(source, "T0504", "this is no query and no change of rows", None, "select, insert, update or delete")
    return statement


def _parts(node: exp.Expr) -> Iterator[str]:
    return (name for name, part in node.args.items() if part)


def _tokens(source: Source, dialect: Dialect) -> list[Token]:
    """The tokens of the only statement."""
    try:
        tokens = sqlglot.tokenize(source.text, read=dialect)
    except TokenError:
        _fail(
            source,
            "T0501",
            "a text, a quoted name or a comment does not end",
            None,
            "look for a quote without its partner",
        )
    if not any(token.token_type is not TokenType.SEMICOLON for token in tokens):
        _fail(source, "T0502", "there is no statement", None, "a select, insert, update or delete")
    if len(tokens) > _MAX_TOKENS:
        _fail(
            source,
            "T0509",
            f"the statement has more than {_MAX_TOKENS:,} words",
            None,
            "split it into several scripts",
        )
    while tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    depth = 0
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            hint = "one file for each statement, or one script with a step for each"
            _fail(source, "T0503", "there are several statements", _span(token), hint)
        depth += (token.text in _OPEN) - (token.text in _CLOSE)
        if depth > _DEEPEST:
            hint = "name parts of it with `with`"
            _fail(source, "T0509", f"brackets are nested more than {_DEEPEST} deep", _span(token), hint)
    return tokens


def _near(source: Source, tokens: list[Token], found: dict[str, object]) -> Span:
    """The place of a parser's error: the token that ends where it says, else the last one."""
    line, column = found.get("line"), found.get("col")
    return _span(next((each for each in tokens if (each.line, each.col) == (line, column)), tokens[-1]))


def _span(token: Token) -> Span:
    return Span(token.start, token.end + 1)


def _fail(source: Source, code: str, message: str, span: Span | None, hint: str) -> NoReturn:
    raise CompileError(source, [Diagnostic(code, message, span, hint)]) from None

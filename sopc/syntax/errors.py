"""A text that can't be parsed → its syntax errors, worded in the terms of the language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from lark import Token

from sopc.diagnostics import Diagnostic
from sopc.source import Source, Span
from sopc.syntax.parser_state import EOF, UNKNOWN, Scanner, Stack, tables
from sopc.syntax.recover import Kind, Repair, best_repair, close_blocks

MAX_ERRORS: Final = 20
_WINDOW: Final = 300
_OPENERS: Final = frozenset({"SCRIPT", "IF", "FOR", "WHILE", "TRANSACTION", "TRY", "CASE"})
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
_QUOTES: Final = "'‘’‚“”„«»"
_HOLE_HINT: Final = (
    "a hole can hold names, fields, calls, arithmetic and queries in brackets; a brace itself is written {{ or }}"
)
_STEPS_HINT: Final = "a step begins with let, set, emit, say, insert, update, delete, if, for each, while, call, …"
_STEP_EDGES: Final = ("RPAR", "THEN", "ELSE", "DO", "END", "TRANSACTION", "TRY", "SENTENCE")
_HOLES: Final = ("TEXT_START", "TEXT_MIDDLE")
_AFTER: Final = {
    ("then", "IF"): "after the condition",
    ("then", "CASE"): "after the condition",
    ("do", "WHILE"): "after the condition",
    ("do", "FOR"): "after what the loop goes through",
    ("do", "TRY"): "after the error's name",
}


def find_errors(source: Source, start: str) -> list[Diagnostic]:
    """Find the syntax errors of a text.

    Args:
        source: The text.
        start: The grammar rule that the whole text must match.

    Returns:
        At most MAX_ERRORS errors in source order; an empty list for a text that parses.
    """
    finder = _Finder(source, start)
    finder.run()
    return finder.findings


def stack_after(text: str) -> Stack | None:
    """Return the parser's stack at the end of a text that breaks off, such as one before a cursor. What is wrong in the
    text is repaired, as for its errors; None where it can't be."""
    finder = _Finder(Source("", text), "start")
    return finder.stack if finder.run(complete=False) else None


class Mistake(NamedTuple):
    """A named mistake.

    pattern: it applies when its group `at` begins at the refused token or at the token before, or when its group
    `within` contains the refused token.
    """

    name: str
    pattern: re.Pattern[str]
    message: str
    hint: str


@cache
def mistakes() -> tuple[Mistake, ...]:
    """The rows of grammar/mistakes.toml."""
    rows = tomllib.loads(files("grammar").joinpath("mistakes.toml").read_text("utf-8"))["mistake"]
    return tuple(
        Mistake(row["name"], re.compile(row["pattern"], re.MULTILINE), row["message"], row["hint"]) for row in rows
    )


@cache
def _block_words() -> tuple[str, ...]:
    """The words that a line can begin with inside a script, and `else` and `script`."""
    stack = Stack("start")
    for type_ in ("SCRIPT", "NAME", "LPAR", "RPAR"):
        stack.feed(Token(type_, ""))
    words = [tables().literals[type_] for type_ in stack.expected() if type_ in tables().literals]
    return (*[word for word in words if word.isalpha() and word not in ("uses", "emits")], "else", "script")


class _Finder:
    """Continues after each error with the smallest repair, or from the next line that begins a step."""

    def __init__(self, source: Source, start: str) -> None:
        self.findings: list[Diagnostic] = []
        self._source = source
        self._text = source.text
        self._start = start
        self._stack = Stack(start)
        self._scanner = Scanner(source.text)
        self._previous: Token | None = None
        self._open: list[Token] = []
        self._closed_askew: Token | None = None  # a block whose `end` is indented less than its beginning
        self._shaky = False  # True after text was skipped: from then on `end`s may not match

    @property
    def stack(self) -> Stack:
        return self._stack

    def run(self, *, complete: bool = True) -> bool:
        """Whether the end of the text was reached. complete: whether the text may end only where the grammar ends."""
        while len(self.findings) < MAX_ERRORS:
            mark = self._scanner.mark()
            token = self._scanner.next(self._stack)
            if token.type == EOF and not complete:
                return True
            if self._stack.feed(token):
                if token.type == EOF:
                    return True
                self._follow(token)
                self._previous = token
            elif not self._recover(token, mark):
                return False
        return False

    # ── blocks ──

    def _follow(self, token: Token) -> None:
        """Updates the list of open blocks."""
        if token.type not in _OPENERS and token.type != "END":
            return
        if self._stack.accepts("COLON"):  # the key of a record
            return
        if token.type == "SCRIPT":
            self._open, self._closed_askew, self._shaky = [token], None, False
        elif token.type != "END":
            if not (token.type == "IF" and self._previous is not None and self._previous.type == "ELSE"):
                self._open.append(token)
        elif self._open:
            opener = self._open.pop()
            askew = self._is_first(token) and self._is_first(opener) and _column(token) < _column(opener)
            if askew and self._closed_askew is None:
                self._closed_askew = opener

    def _is_first(self, token: Token) -> bool:
        """Whether a token is the first of its line, not counting a sentence number such as `@3`."""
        before = self._source.line(token.line or 1)[: _column(token) - 1]
        return re.fullmatch(r"\s*(@\d+\s*)?", before) is not None

    # ── errors ──

    def _recover(self, token: Token, mark: Any) -> bool:
        """Reports the token and repairs the stack. Returns False when parsing can't continue."""
        hole = next((entry for entry in reversed(self._stack.entries) if entry.symbol in _HOLES), None)
        if hole is not None:
            return self._recover_hole(token, hole.end)
        if token.type in (EOF, "SCRIPT") and self._recover_missing_end(token, mark):
            return True
        named = self._named_mistake(token) or self._wrong_unit(token)
        if named is None and token.type == UNKNOWN and token.value in f'"`{_QUOTES}':
            return self._recover_quote(token)
        repair = best_repair(self._stack, self._scanner, token, mark, self._previous, first=self._is_first(token))
        if repair is not None:
            self._report(named or self._describe(repair))
            self._stack = repair.stack
            self._scanner.reset(repair.mark)
            if repair.kind is Kind.EXTRA and token.type == "END":
                self._shaky = True
            return True
        self._report(named or self._general(token))
        return self._skip(token)

    def _recover_missing_end(self, token: Token, mark: Any) -> bool:
        """Handles a new script, or the end of the text, inside open blocks."""
        if not self._open or not close_blocks(self._stack, token):
            return False
        opener = self._closed_askew or self._open[-1]
        if not self._shaky:
            message = f"`end` is missing: the `{opener.value}` on line {opener.line} is not closed"
            hint = f"write `end` where the `{opener.value}` ends"
            self._report(Diagnostic("E0103", message, _span(opener), hint))
        self._scanner.reset(mark)
        return True

    def _recover_hole(self, token: Token, hole_end: int) -> bool:
        """Handles an error inside `{…}` of a text: continues as if the text had ended with its line."""
        line_end = self._line_end(hole_end)
        if token.type == EOF or (token.start_pos or 0) >= line_end:
            span = Span(hole_end - 1, hole_end)
            self._report(Diagnostic("E0110", "this `{` opens a hole in the text that is not closed", span, _HOLE_HINT))
        elif token.type == UNKNOWN and token.value == '"':
            self._report(Diagnostic("E0110", "`}` is missing before the end of the text", _span(token), _HOLE_HINT))
        elif token.type in ("TEXT_MIDDLE", "TEXT_END"):
            start = token.start_pos or 0
            self._report(Diagnostic("E0110", "a value is missing in this hole", Span(start, start + 1), _HOLE_HINT))
        else:
            message = f"{_quoted(token)} can't stand here in the hole of a text"
            self._report(Diagnostic("E0110", message, _span(token), _HOLE_HINT))
        while self._stack.entries[-1].symbol != "TEXT_START":
            self._stack.entries.pop()
        start = self._stack.entries.pop().start
        end = self._text_end(token, line_end)
        self._previous = Token("TEXT", self._text[start:end], start, end_pos=end)
        self._stack.feed(self._previous)
        if self._scanner.offset < end:
            self._scanner.skip_to(end)
        return True

    def _text_end(self, token: Token, line_end: int) -> int:
        """The probable end of a text that has an error in a hole: the first quote after the hole."""
        place = min(token.start_pos or 0, line_end)
        hole_end = self._text.find("}", place, line_end)
        quote = self._text.find('"', max(place, hole_end), line_end)
        return line_end if quote < 0 else quote + 1

    def _recover_quote(self, token: Token) -> bool:
        """Handles a quote that begins neither a text nor a name: it is unclosed, or of the wrong kind."""
        start, line_end = token.start_pos or 0, self._line_end(token.start_pos or 0)
        rest = self._text[start + 1 : line_end]
        end, type_ = line_end, "TEXT"
        if token.value == '"':
            self._report(_text_error(rest, start, line_end))
        elif token.value == "`":
            type_ = "NAME"
            message = "a name in backquotes is not closed" if rest.strip("`") else "there is no name in the backquotes"
            self._report(Diagnostic("E0108", message, Span(start, line_end), "write `name`"))
        else:
            close = next((place for place, character in enumerate(rest) if character in _QUOTES), None)
            end = line_end if close is None else start + close + 2
            hint = f'write "{rest[: end - start - 2]}"' if close is not None else 'write "…"'
            self._report(Diagnostic("E0108", 'text stands in straight double quotes "…"', Span(start, end), hint))
        self._scanner.skip_to(max(end, self._scanner.offset))
        if not self._stack.feed(Token(type_, "", start, end_pos=end)):
            return self._skip(token)
        self._previous = Token(type_, self._text[start:end], start, token.line, token.column, end_pos=end)
        return True

    def _skip(self, token: Token) -> bool:
        """Skips to the next line that begins a step or a script, and pops the symbols that can't precede it."""
        self._shaky = True
        offset = max((token.start_pos or 0) + 1, self._scanner.offset)
        line = re.compile(rf"^[ \t]*(?:@\d+[ \t]*)?({'|'.join(_block_words())})\b", re.MULTILINE)
        for match in line.finditer(self._text, offset):
            word = Token(tables().names[match.group(1)], match.group(1), match.start(1))
            base = Stack(self._start) if word.type == "SCRIPT" else self._stack.copy()
            while base.entries and not base.accepts(word.type):
                base.entries.pop()
            if base.entries:
                self._stack = base
                self._scanner.skip_to(match.start())
                self._open = [opener for opener in self._open if (opener.start_pos or 0) <= base.entries[-1].end]
                self._previous = None
                return True
        return False

    # ── messages ──

    def _report(self, finding: Diagnostic) -> None:
        if finding not in self.findings:  # after a repair that did not help, the same mistake is found again
            self.findings.append(finding)

    def _named_mistake(self, token: Token) -> Diagnostic | None:
        """The first row of mistakes.toml that matches at the refused token or at the token before it."""
        places = [token.start_pos or 0]
        if self._previous is not None:
            places.append(self._previous.start_pos or 0)
        for place in places:
            low = max(0, place - _WINDOW)
            window = self._text[low : place + _WINDOW]
            for mistake in mistakes():
                for match in mistake.pattern.finditer(window):
                    group = match.re.groupindex.get("within") or "at"
                    start, end = match.start(group) + low, match.end(group) + low
                    if place == start or (group != "at" and start <= place < end):
                        return _fill(mistake, match, Span(start, end))
        return None

    def _wrong_unit(self, token: Token) -> Diagnostic | None:
        previous = self._previous
        if previous is None or (token.type, previous.type) != ("NAME", "NUMBER") or token.line != previous.line:
            return None
        if not self._stack.accepts("DAYS") or self._stack.accepts("AS") or self._stack.accepts("SELECT"):
            return None
        hint = "seconds, minutes, hours, days or weeks"
        return Diagnostic("E0101", f"`{token.value}` is not a unit of time", _span(token), hint)

    def _describe(self, repair: Repair) -> Diagnostic:
        token, word = repair.token, repair.word
        if repair.kind is Kind.MISSPELT and not word.isalpha():
            return Diagnostic("E0104", f"`{token.value}` can't stand here", _span(token), f"`{word}`")
        if repair.kind is Kind.MISSPELT:
            return Diagnostic("E0104", f"`{token.value}` is not a word of the language here", _span(token), f"`{word}`")
        if repair.kind is Kind.RESERVED:
            message = f"`{word}` is a keyword, so it can't be a name as it is"
            return Diagnostic("E0105", message, _span(token), f"write it in backquotes: `{word}`")
        after, span = self._after(), self._gap(token)
        if repair.kind is Kind.MISSING_VALUE:
            hint = "or take the `,` away" if self._previous is not None and self._previous.value == "," else None
            return Diagnostic("E0117", f"a value is missing {after}", span, hint)
        if repair.kind is Kind.MISSING_NAME:
            return Diagnostic("E0117", f"a name is missing {after}", span)
        if repair.kind is Kind.EXTRA:
            return self._extra(token)
        if word in _BRACKETS:
            opening = self._opening(_BRACKETS[word])
            message = f"`{word}` is missing {after}"
            return Diagnostic("E0109", message, opening or span, f"write `{word}` where the `{_BRACKETS[word]}` ends")
        block = self._open[-1].type if self._open else ""
        place = _AFTER.get((word, block), after)
        return Diagnostic("E0102", f"`{word}` is missing {place}", span, f"write `{word}` before {_quoted(token)}")

    def _extra(self, token: Token) -> Diagnostic:
        if token.type == "END":
            return Diagnostic(
                "E0120",
                "this `end` closes nothing",
                _span(token),
                "take it away, or look for a block that ends too early",
            )
        if token.type == "ELSE":
            return Diagnostic("E0120", "this `else` belongs to no `if`", _span(token))
        return Diagnostic("E0119", f"{_quoted(token)} does not belong here", _span(token), "take it away")

    def _general(self, token: Token) -> Diagnostic:
        if token.type == EOF and self._previous is None:
            what = "script" if self._start == "start" else "query"
            hint = "a file holds `script name() … end`" if what == "script" else "a query begins with `from`"
            return Diagnostic("E0115", f"there is no {what} in the text", None, hint)
        if not self._open and self._previous is not None and self._previous.type == "END":
            message = f"{_quoted(token)} stands outside any script: the `end` on line {self._previous.line} closed it"
            hint = "take the `end` away, or begin a script"
            return Diagnostic("E0120", message, _span(token), hint)
        if token.type == "ELSE":
            return self._extra(token)
        if self._previous is None and not self._open and self._start == "start":
            message = f"{_quoted(token)} stands outside any script"
            return Diagnostic("E0101", message, _span(token), "steps stand in a script: `script name() … end`")
        if token.type == UNKNOWN:
            shown = token.value if token.value.isprintable() else f"U+{ord(token.value):04X}"
            return Diagnostic("E0108", f"the character `{shown}` means nothing here", _span(token), self._possible())
        if token.value in ("=", "==", "!=", "<>", "<", "<=", ">", ">=") and self._stack.accepts("AND"):
            hint = "compare two values at a time, for example `a < b and b < c`"
            return Diagnostic("E0101", f"`{token.value}` can't follow a comparison", _span(token), hint)
        if self._is_first(token) and token.type == "NAME" and self._stack.accepts("LET"):
            return Diagnostic("E0101", f"`{token.value}` does not begin a step", _span(token), _STEPS_HINT)
        message = f"{_quoted(token)} can't come {self._after()}"
        return Diagnostic("E0101", message, _span(token), self._possible())

    def _after(self) -> str:
        return "at the beginning" if self._previous is None else f"after {_quoted(self._previous)}"

    def _gap(self, token: Token) -> Span:
        """The position right after the previous token, where something is missing."""
        end = token.start_pos or 0 if self._previous is None else self._previous.end_pos or 0
        return Span(end, end)

    def _opening(self, bracket: str) -> Span | None:
        name = tables().names[bracket]
        for entry in reversed(self._stack.entries):
            if entry.symbol == name:
                return Span(entry.start, entry.end)
        return None

    def _possible(self) -> str | None:
        """The tokens that can come here, in a few words."""
        expected = self._stack.expected()
        words = [tables().literals[type_] for type_ in expected if type_ in tables().literals]
        if "let" in words and "=" not in words:
            return _STEPS_HINT if self._previous is not None and self._previous.type in _STEP_EDGES else None
        shown = [f"`{word}`" for word in words if word not in ("(", "[", "{", "-", "$", "==", "<>")]
        if "NUMBER" in expected:
            return "a value can come here: a name, a number, a text, a call, …"
        if "NAME" in expected:
            shown = ["a name"]
        if not shown or len(shown) > 5:
            return None
        return (
            f"{', '.join(shown[:-1])} or {shown[-1]} can come here" if len(shown) > 1 else f"{shown[0]} can come here"
        )

    def _line_end(self, offset: int) -> int:
        end = self._text.find("\n", offset)
        return len(self._text) if end < 0 else end


def _text_error(rest: str, start: int, line_end: int) -> Diagnostic:
    """The error of a text literal that begins at `start`. rest: its line after the opening quote."""
    for match in re.finditer(r"\\u(?!\{[^{}\"\n]*\})|\\.|\{\{|\}\}|[{}\"]", rest):
        found, place = match.group(), start + 1 + match.start()
        if found == '"':
            break
        if found == "}":
            return Diagnostic("E0110", "this `}` closes no hole of the text", Span(place, place + 1), _HOLE_HINT)
        if found == "\\u":
            hint = "write the character's number in hexadecimal, for example \\u{e9}"
            return Diagnostic("E0107", "`\\u` needs a character's number in braces", Span(place, place + 2), hint)
    message = "this text is not closed on its line"
    return Diagnostic("E0106", message, Span(start, line_end), 'write " at its end, \\" for a quote inside it')


def _fill(mistake: Mistake, match: re.Match[str], span: Span) -> Diagnostic:
    """A row's message and hint, with `{name}` replaced by what the pattern's group of that name matched."""

    def fill(text: str) -> str:
        for name, value in match.groupdict(default="").items():
            text = text.replace(f"{{{name}}}", value)
        return text

    return Diagnostic("E0116", fill(mistake.message), span, fill(mistake.hint))


def _quoted(token: Token) -> str:
    if token.type == EOF:
        return "the end of the text"
    value = str(token.value)
    if value.startswith("`"):
        return value
    return f"`{value if len(value) <= 30 else value[:27] + '…'}`"


def _span(token: Token) -> Span:
    start = token.start_pos or 0
    return Span(start, token.end_pos or start)


def _column(token: Token) -> int:
    return token.column or 1

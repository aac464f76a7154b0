"""Source text + Lark's tables → tokens, and parser stacks that can be copied and fed tentatively."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any, Final, NamedTuple

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import LexerThread

from sopc.syntax.grammar import parser

EOF: Final = "$END"
UNKNOWN: Final = "UNKNOWN"  # a character that begins no token


class Entry(NamedTuple):
    """One symbol on the stack. symbol: the name of a terminal or rule. start, end: offsets in the source."""

    state: int
    symbol: str
    start: int
    end: int


class Tables:
    """Lark's parse table and the spellings of its terminals.

    literals: terminal → spelling, for keywords and punctuation. names: spelling → terminal.
    """

    def __init__(self) -> None:
        lark = parser()
        table: Any = lark.parser.parser._parse_table
        self.states: dict[int, dict[str, tuple[Any, Any]]] = table.states
        self.starts: dict[str, int] = table.start_states
        self.lexer: Any = lark.parser.lexer
        self.literals = {t.name: t.pattern.value for t in lark.terminals if t.pattern.type == "str"}
        self.order = [t.name for t in lark.terminals] + [EOF]
        self.names = {spelling: name for name, spelling in self.literals.items()}


@cache
def tables() -> Tables:
    return Tables()


class Stack:
    """An LR parser's stack of states, without semantic values."""

    def __init__(self, start: str, entries: tuple[Entry, ...] = ()) -> None:
        self.start = start
        self.entries = list(entries) or [Entry(tables().starts[start], "", 0, 0)]
        self._undo: tuple[int, list[Entry]] = (len(self.entries), [])

    @property
    def position(self) -> int:
        """The current state, under the name that Lark's lexer reads."""
        return self.entries[-1].state

    def copy(self) -> Stack:
        return Stack(self.start, tuple(self.entries))

    def feed(self, token: Token) -> bool:
        """Shift a token, after any reductions. Returns False, and changes nothing, if the token can't come here."""
        states, entries = tables().states, self.entries
        kept = len(entries)
        pushed: list[Entry] = []  # entries[:kept] + pushed is the tentative stack
        while True:
            state = pushed[-1].state if pushed else entries[kept - 1].state
            action = states[state].get(token.type)
            if action is None:
                return False
            argument = action[1]
            if isinstance(argument, int):  # a shift's new state; else the rule to reduce by
                pushed.append(Entry(argument, token.type, token.start_pos or 0, token.end_pos or 0))
                break
            start = end = token.start_pos or 0
            for number in range(len(argument.expansion)):
                if pushed:
                    popped = pushed.pop()
                else:
                    kept -= 1
                    popped = entries[kept]
                start, end = popped.start, end if number else popped.end
            name = argument.origin.name
            state = pushed[-1].state if pushed else entries[kept - 1].state
            pushed.append(Entry(states[state][name][1], name, start, end))
            if token.type == EOF and name == self.start and kept == 1:
                break
        self._undo = (kept, entries[kept:])
        entries[kept:] = pushed
        return True

    def before(self) -> Stack:
        """The stack before the last token was fed."""
        kept, removed = self._undo
        return Stack(self.start, (*self.entries[:kept], *removed))

    def expected(self) -> list[str]:
        """The types of token that can come next, in the grammar's order."""
        found = tables().states[self.position]
        return [type_ for type_ in tables().order if type_ in found and self.accepts(type_)]

    def accepts(self, type_: str) -> bool:
        return self.copy().feed(Token(type_, ""))


class Scanner:
    """Reads the tokens of a text one at a time for a stack; a position can be marked and returned to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._thread: Any = LexerThread.from_text(tables().lexer, text)

    @property
    def offset(self) -> int:
        return int(self._thread.state.line_ctr.char_pos)

    def mark(self) -> Any:
        return copy(self._thread.state.line_ctr), self._thread.state.last_token

    def reset(self, mark: Any) -> None:
        self._thread.state.line_ctr, self._thread.state.last_token = copy(mark[0]), mark[1]

    def skip_to(self, offset: int) -> None:
        counter = self._thread.state.line_ctr
        counter.feed(self.text[counter.char_pos : offset])

    def next(self, stack: Stack) -> Token:
        """The next token that the stack's state can read, else one that any state can, else one UNKNOWN character."""
        tokens: Iterator[Token] = self._thread.lex(stack)
        try:
            token = next(tokens, None)
        except UnexpectedToken as error:
            refused: Token = error.token
            return refused
        except UnexpectedCharacters:
            start = self.offset
            line, column = self._thread.state.line_ctr.line, self._thread.state.line_ctr.column
            self.skip_to(start + 1)
            return Token(UNKNOWN, self.text[start], start, line, column, line, column + 1, start + 1)
        if token is None:
            counter = self._thread.state.line_ctr
            return Token(
                EOF, "", counter.char_pos, counter.line, counter.column, counter.line, counter.column, counter.char_pos
            )
        return token


def all_tokens(text: str) -> list[Token]:
    """Every token of a file that parses, without `$END`."""
    scanner, stack, tokens = Scanner(text), Stack("start"), []
    while (token := scanner.next(stack)).type != EOF:
        stack.feed(token)
        tokens.append(token)
    return tokens

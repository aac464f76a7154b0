"""A terminal → lines for the REPL: with history, completion and colours if prompt_toolkit is installed (the extra
`record`), else plain lines."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document

Read = Callable[[str, str], str]
"""(prompt, initial text) → a line without its line end; EOFError at the end of the input."""

_TOKENS: Final = re.compile(
    r'(?P<comment>#.*)|(?P<string>"(?:\\.|[^"\\])*"?)|(?P<number>\b\d+(?:\.\d+)?\b)|(?P<command>^[/?]\w*)|(?P<word>\w+)'
)
_STYLES: Final = {"comment": "ansigray", "string": "ansigreen", "number": "ansicyan", "command": "ansiyellow"}


def reader(
    history: Path, completions: Callable[[str], list[str]], keywords: Iterable[str], notes: Callable[[str], None]
) -> tuple[Read, bool]:
    """Return a function that reads lines, and whether a person types them at a terminal.

    Args:
        history: the file with earlier lines.
        notes: called with a message when an extra package would improve the prompt.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return _plain, False
    try:
        return _rich(history, completions, frozenset(keywords)), True
    except ImportError:
        notes("history, completion and colours come with: pip install 'sopc[record]'")
        return _typed, True


def _plain(prompt: str, text: str) -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _typed(prompt: str, text: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    return _plain(prompt, text)


def _rich(history: Path, completions: Callable[[str], list[str]], keywords: frozenset[str]) -> Read:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.lexers import Lexer
    from prompt_toolkit.output import create_output

    class Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            before = document.text_before_cursor
            for word in completions(before):
                typed = before if before.startswith("/") else re.split(r"[^\w/]", before)[-1]
                yield Completion(word, start_position=-len(typed))

    class Colours(Lexer):
        def lex_document(self, document: Document) -> Callable[[int], Any]:
            return lambda number: coloured(document.lines[number], keywords)

    history.parent.mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        completer=Words(),
        complete_while_typing=False,
        lexer=Colours(),
        output=create_output(stdout=sys.stderr),
    )
    return lambda prompt, text: session.prompt(prompt, default=text)


def coloured(line: str, keywords: frozenset[str]) -> list[tuple[str, str]]:
    """The line as (style, text) pieces."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in _TOKENS.finditer(line):
        pieces.append(("", line[at : match.start()]))
        kind = match.lastgroup or ""
        style = "bold ansiblue" if kind == "word" and match[0] in keywords else _STYLES.get(kind, "")
        pieces.append((style, match[0]))
        at = match.end()
    pieces.append(("", line[at:]))
    return [piece for piece in pieces if piece[1]]

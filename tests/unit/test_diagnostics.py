"""Findings as text: the shown part of a source line, and the position of the carets."""

from __future__ import annotations

import pytest

from sopc.checker.report import Findings
from sopc.diagnostics import Diagnostic
from sopc.source import Source, Span
from sopc.tree.nodes import Name


def shown(line: str, start: int, end: int) -> tuple[str, str]:
    """The source line as printed, and the part of it that the carets are under."""
    source = Source("a.txt", f"first\n{line}\nlast\n")
    found = Diagnostic("E0201", "wrong", Span(start + 6, end + 6)).render(source).splitlines()
    assert found[1] == f" --> a.txt:2:{start + 1}"
    printed, carets = found[2].removeprefix("2 | "), found[3].removeprefix("  | ")
    first = len(carets) - len(carets.lstrip())
    assert set(carets[first:]) == {"^"}
    return printed, printed[first : len(carets)]


def test_a_line_is_shown_whole() -> None:
    assert shown("emit from boks", 10, 14) == ("emit from boks", "boks")
    assert shown("emit from", 9, 9) == ("emit from", "")  # something is missing after the end


@pytest.mark.parametrize("start", [0, 50, 500_000, 999_996, 1_000_000])
def test_a_long_line_is_shortened_around_the_finding(start: int) -> None:
    printed, marked = shown("x" * start + "boks" + "y" * (1_000_000 - start), start, start + 4)
    assert marked == "boks"
    assert 200 <= len(printed) <= 202
    assert printed.startswith("…") is (start > 100)
    assert printed.endswith("…") is (start < 999_000)


def test_a_finding_in_all_of_a_long_line_has_a_line_of_carets() -> None:
    printed, marked = shown("z" * 1_000_000, 0, 1_000_000)
    assert (printed, marked) == ("z" * 200 + "…", "z" * 200)


def test_what_is_missing_after_a_long_line_has_a_caret() -> None:
    printed, marked = shown("z" * 1_000, 1_000, 1_000)
    assert (printed, marked) == ("…" + "z" * 200, "")


def test_a_control_character_takes_one_column() -> None:
    assert shown("a\x1b[2Kb\t\u202eboks", 8, 12) == ("a�[2Kb �boks", "boks")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("boks_ abooks bo ook books", "books"),
        ("`books` books", "`books`"),
        ("x`books` $books", "books"),  # a backquote that ends another name
        ("ébooks booksé books2", None),
        ("books", "books"),
    ],
)
def test_a_name_is_found_as_a_whole_word(text: str, place: str | None) -> None:
    found = Findings(Source("a.sop", text)).within(Name(name="books", span=(0, len(text))), "books")
    assert (text[found.start : found.end] if isinstance(found, Span) else None) == place
    inside = Findings(Source("a.sop", f"books {text}")).within(Name(name="books", span=(6, 6 + len(text))), "books")
    assert inside.start >= 6 if isinstance(inside, Span) else place is None

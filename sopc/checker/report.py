"""Findings of the checker → a list of diagnostics, each with an exact span of the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from sopc.diagnostics import Diagnostic
from sopc.source import Source, Span
from sopc.tree import nodes

Place = nodes.Node | Span | None


class Findings:
    """Collects diagnostics. sentence: the English sentence of the current step, added to every diagnostic."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.sentence: int | None = None
        self._muted = 0

    def add(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """Add a finding, unless there is one with the same code at the same place."""
        if self._muted:
            return
        found = Diagnostic(code, message, span_of(place), hint, self.sentence)
        if not any(other.code == code and other.span == found.span for other in self.diagnostics):
            self.diagnostics.append(found)

    def within(self, node: nodes.Node, name: str) -> Place:
        """The first place of a name inside a node; the whole node if the source does not contain it."""
        if node.span is None:
            return node
        found = _named(self.source.text, name, *node.span)
        return node if found is None else found

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Collect nothing inside the `with` block: for work that is repeated later, with findings."""
        self._muted += 1
        try:
            yield
        finally:
            self._muted -= 1


def _named(text: str, name: str, start: int, end: int) -> Span | None:
    """The first place in a range of a text where a name stands as a whole word, or in backquotes."""
    at = text.find(name, start, end)
    while at >= 0:
        after = at + len(name)
        quoted = text[at - 1 : at] == "`" == text[after : after + 1] and start < at and after < end
        if quoted and not (at - 1 > 0 and _in_word(text[at - 2])):
            return Span(at - 1, after + 1)
        if not (at > 0 and _in_word(text[at - 1])) and not (after < end and _in_word(text[after])):
            return Span(at, after)
        at = text.find(name, at + 1, end)
    return None


def _in_word(character: str) -> bool:
    return character == "_" or character.isalnum()


def span_of(place: Place) -> Span | None:
    """The span of a place; None for a tree without a source."""
    if isinstance(place, nodes.Node):
        return Span(*place.span) if place.span is not None else None
    return place


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The most similar name, where case counts less than letters; None if none is similar."""
    by_folded: dict[str, str] = {}
    for other in names:
        by_folded.setdefault(other.casefold(), other)
    found = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def quoted(name: str) -> str:
    """The name as DSL: in backquotes if it is no plain word."""
    return name if name.isidentifier() else f"`{name}`"


def some(names: Iterable[str], kind: str, limit: int = 8) -> str | None:
    """ "the fields are a, b, c, …": a hint that lists the names; None without names."""
    known = list(dict.fromkeys(names))
    if not known:
        return None
    shown = ", ".join(quoted(name) for name in known[:limit])
    more = ", …" if len(known) > limit else ""
    return f"the {kind}{'s are' if len(known) > 1 else ' is'} {shown}{more}"


def suggestion(name: str, names: Iterable[str], kind: str) -> str | None:
    """A hint with the nearest existing name, else with some of the names."""
    known = list(names)
    near = nearest(name, known)
    return quoted(near) if near is not None else some(known, kind)

"""Findings of the checker → a list of diagnostics, each about one exact piece of the source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from sopc.diagnostics import Diagnostic
from sopc.source import Source, Span
from sopc.tree import nodes

Place = nodes.Node | Span | None


class Findings:
    """Collects what is wrong. sentence: the English sentence of the step at hand, put into every finding."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.sentence: int | None = None
        self._muted = 0

    def add(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """One finding; the same code at the same place is kept once."""
        if self._muted:
            return
        found = Diagnostic(code, message, span_of(place), hint, self.sentence)
        if not any(other.code == code and other.span == found.span for other in self.diagnostics):
            self.diagnostics.append(found)

    def within(self, node: nodes.Node, name: str) -> Place:
        """Where a name is first written inside a node; the whole node when the source does not show it."""
        if node.span is None:
            return node
        start, end = node.span
        plain = re.compile(rf"(?<!\w)(?:`{re.escape(name)}`|{re.escape(name)}(?!\w))")
        found = plain.search(self.source.text, start, end)
        return Span(*found.span()) if found is not None else node

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Nothing is collected inside: for work that is done again and reported there."""
        self._muted += 1
        try:
            yield
        finally:
            self._muted -= 1


def span_of(place: Place) -> Span | None:
    """The place in the source; None for a tree that came from nowhere."""
    if isinstance(place, nodes.Node):
        return Span(*place.span) if place.span is not None else None
    return place


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The most similar of the names, minding case less than letters; None when none is similar."""
    by_folded: dict[str, str] = {}
    for other in names:
        by_folded.setdefault(other.casefold(), other)
    found = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def quoted(name: str) -> str:
    """The name as it is written in the language: in backquotes when it is not a plain word."""
    return name if name.isidentifier() else f"`{name}`"


def some(names: Iterable[str], kind: str, limit: int = 8) -> str | None:
    """ "the fields are a, b, c, …": a hint that lists what there is; None when there is nothing."""
    known = list(dict.fromkeys(names))
    if not known:
        return None
    shown = ", ".join(quoted(name) for name in known[:limit])
    more = ", …" if len(known) > limit else ""
    return f"the {kind}{'s are' if len(known) > 1 else ' is'} {shown}{more}"


def suggestion(name: str, names: Iterable[str], kind: str) -> str | None:
    """The nearest right name, else some of those there are."""
    known = list(names)
    near = nearest(name, known)
    return quoted(near) if near is not None else some(known, kind)

"""Findings of the checker → a list of diagnostics, each with an exact span of the source."""

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
        start, end = node.span
        plain = re.compile(rf"(?<!\w)(?:`{re.escape(name)}`|{re.escape(name)}(?!\w))")
        found = plain.search(self.source.text, start, end)
        return Span(*found.span()) if found is not None else node

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Collect nothing inside the `with` block: for work that is repeated later, with findings."""
        self._muted += 1
        try:
            yield
        finally:
            self._muted -= 1


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

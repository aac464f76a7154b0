"""The sentences of a text as they were and as they are → which of them stayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from sopc.english.sentences import Sentence


@dataclass(frozen=True)
class Sentences:
    """old, new: the sentences, in order. kept: old number → new number of those that stayed. places: (old numbers, new
    numbers) of what stands between them, either of which may be none. lists: the new number of each sentence in a list
    → those of the sentences that open the lists around it."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    kept: dict[int, int]
    places: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    lists: dict[int, tuple[int, ...]]

    @cached_property
    def changed(self) -> list[int]:
        """New numbers of those that were changed or added."""
        return [number for _, new in self.places for number in new]

    @cached_property
    def gone(self) -> list[int]:
        """Old numbers of those that were changed or taken away."""
        return [number for old, _ in self.places for number in old]

    @cached_property
    def removed(self) -> list[int]:
        """Old numbers of those that nothing took the place of."""
        return [number for old, new in self.places for number in old if not new]

    @cached_property
    def texts_changed(self) -> list[str]:
        return [self.new[number - 1] for number in self.changed]

    @cached_property
    def texts_gone(self) -> list[str]:
        return [self.old[number - 1] for number in self.gone]

    @cached_property
    def _follow(self) -> set[int]:
        """New numbers of those that stayed and have something before them that is other than it was."""
        before, after = min(self.gone, default=len(self.old) + 1), min(self.changed, default=len(self.new) + 1)
        return {new for old, new in self.kept.items() if old > before or new > after}

    def changed_before(self, number: int) -> bool:
        """Whether anything before a sentence of the new text is other than it was. number: of one that stayed."""
        return number in self._follow


def compared(old: Sequence[str], now: Sequence[Sentence]) -> Sentences:
    """Sentences that stayed are in the same order in both."""
    new = tuple(sentence.text for sentence in now)
    kept: dict[int, int] = {}
    places = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        here = tuple(range(old_from + 1, old_to + 1)), tuple(range(new_from + 1, new_to + 1))
        if kind == "equal":
            kept.update(zip(*here, strict=True))
        else:
            places.append(here)
    return Sentences(tuple(old), new, kept, tuple(places), dict(_lists(now)))


def _lists(sentences: Sequence[Sentence]) -> Iterator[tuple[int, tuple[int, ...]]]:
    around: list[Sentence] = []
    for sentence in sentences:
        while around and around[-1].level >= sentence.level:
            around.pop()
        if around:
            yield sentence.number, tuple(each.number for each in around)
        if sentence.opens:
            around.append(sentence)

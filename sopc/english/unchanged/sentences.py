"""The sentences of a text as they were and as they are → which of them stayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Sentences:
    """old, new: the sentences, in order. kept: old number → new number of those that stayed. places: (old numbers, new
    numbers) of what stands between them, either of which may be none."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    kept: dict[int, int]
    places: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

    @property
    def changed(self) -> list[int]:
        """New numbers of those that were changed or added."""
        return [number for _, new in self.places for number in new]

    @property
    def gone(self) -> list[int]:
        """Old numbers of those that were changed or taken away."""
        return [number for old, _ in self.places for number in old]

    @property
    def removed(self) -> list[int]:
        """Old numbers of those that nothing took the place of."""
        return [number for old, new in self.places for number in old if not new]

    @property
    def texts_changed(self) -> list[str]:
        return [self.new[number - 1] for number in self.changed]

    @property
    def texts_gone(self) -> list[str]:
        return [self.old[number - 1] for number in self.gone]

    def changed_before(self, number: int) -> bool:
        """Whether anything before a sentence of the new text is other than it was. number: of one that stayed."""
        before = next(old for old, new in self.kept.items() if new == number)
        return any(each < number for each in self.changed) or any(each < before for each in self.gone)


def compared(old: Sequence[str], new: Sequence[str]) -> Sentences:
    """Sentences that stayed are in the same order in both."""
    kept: dict[int, int] = {}
    places = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        here = tuple(range(old_from + 1, old_to + 1)), tuple(range(new_from + 1, new_to + 1))
        if kind == "equal":
            kept.update(zip(*here, strict=True))
        else:
            places.append(here)
    return Sentences(tuple(old), tuple(new), kept, tuple(places))

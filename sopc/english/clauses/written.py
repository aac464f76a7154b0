"""What the data hold, and the texts that earlier sentences write → one look-up: "the cancelled orders" after "set their
status to cancelled"."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.values.types import Type
from sopc.english.sample import Sampler
from sopc.tree import nodes
from sopc.tree.visit import walk


class WithWritten:
    """A sampler that knows what the sentences so far write, too."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._written: dict[tuple[str, str, str], dict[str, None]] = {}

    def note(self, database: str, steps: Sequence[nodes.AnyStep]) -> None:
        """Remembers the texts that steps write as they stand."""
        for node in walk(tuple(steps)):
            if not isinstance(node, nodes.Update):
                continue
            for one in node.assignments:
                if isinstance(one.value, nodes.TextLiteral) and all(isinstance(part, str) for part in one.value.parts):
                    text = "".join(part for part in one.value.parts if isinstance(part, str))
                    key = (node.database or database, node.store, one.name)
                    self._written.setdefault(key, {})[text] = None

    def _of(self, store: str, field: str) -> tuple[str, ...]:
        database, _, name = store.partition(".")
        return tuple(self._written.get((database, name, field), ()))

    def find(self, store: str, field: str, text: str, *, quoted: bool = False) -> tuple[str, ...]:
        held = self._sampler.find(store, field, text, quoted=quoted)
        return (*held, *(one for one in self._of(store, field) if one.lower() == text.lower() and one not in held))

    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        held = list(self._sampler.lookup(text))
        found = [(*key, one) for key, values in self._written.items() for one in values if one.lower() == text.lower()]
        return [*held, *(one for one in found if one not in held)]

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        held = self._sampler.examples(store, field, count)
        return (*held, *(one for one in self._of(store, field) if one not in held))

    def nearest(self, store: str, field: str, text: str) -> tuple[str, ...]:
        return self._sampler.nearest(store, field, text)

    def holds_flags(self, store: str, field: str) -> bool:
        return self._sampler.holds_flags(store, field)

    def tells_apart(self, store: str, field: str, type_: Type) -> bool:
        return self._sampler.tells_apart(store, field, type_)

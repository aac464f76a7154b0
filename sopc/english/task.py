"""The input of a translator: the workflow, and the stores, values and scripts that its program can use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from runtime.bytecode.module import Effects, Signature
from runtime.query.schema import Schema
from sopc.english.lock import Answer
from sopc.english.sample import Sampler
from sopc.english.sentences import Workflow

Signatures = Callable[[str], tuple[Signature, Effects] | None]


@dataclass(frozen=True)
class Task:
    """A translation to make.

    schemas: by `uses` name ("main" for a script without `uses`). sampler: looks up values in the data. signatures,
    script_names: of the stored scripts. answers: of the author, to questions of an earlier attempt. previous: the .sop
    file of the text before it changed, None if there is none.
    """

    workflow: Workflow
    schemas: Mapping[str, Schema]
    sampler: Sampler
    signatures: Signatures
    script_names: Callable[[], Iterable[str]]
    answers: Sequence[Answer] = ()
    previous: str | None = None

    def scripts(self) -> dict[str, tuple[Signature, Effects]]:
        """The scripts that the workflow's script can call, by name."""
        found = {name: self.signatures(name) for name in self.script_names() if name != self.workflow.name}
        return {name: each for name, each in found.items() if each is not None}

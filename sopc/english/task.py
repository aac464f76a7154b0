"""What a translator is given: the workflow, and what its program may use."""

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
    """schemas: by `uses` name ("main" for a script without one). sampler: looks values up in the data. signatures,
    script_names: the stored scripts. answers: of the text's author, to what a translation left open. previous: the .sop
    file that the text was translated to before it changed, None when there is none."""

    workflow: Workflow
    schemas: Mapping[str, Schema]
    sampler: Sampler
    signatures: Signatures
    script_names: Callable[[], Iterable[str]]
    answers: Sequence[Answer] = ()
    previous: str | None = None

    def scripts(self) -> dict[str, tuple[Signature, Effects]]:
        """Those that the workflow's script can call, by name."""
        found = {name: self.signatures(name) for name in self.script_names() if name != self.workflow.name}
        return {name: each for name, each in found.items() if each is not None}

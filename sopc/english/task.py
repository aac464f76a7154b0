"""What a translator is given: the workflow, and what its program may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from runtime.bytecode.module import Effects, Signature
from runtime.databases.schema import Schema
from sopc.english.sample import Sampler
from sopc.english.sentences import Workflow

Signatures = Callable[[str], tuple[Signature, Effects] | None]


@dataclass(frozen=True)
class Task:
    """schemas: by `uses` name ("main" for a script without one). sampler: looks values up in the data. signatures,
    script_names: the stored scripts."""

    workflow: Workflow
    schemas: Mapping[str, Schema]
    sampler: Sampler
    signatures: Signatures
    script_names: Callable[[], Iterable[str]]

    def scripts(self) -> dict[str, tuple[Signature, Effects]]:
        """Those that the workflow's script can call, by name."""
        found = {name: self.signatures(name) for name in self.script_names() if name != self.workflow.name}
        return {name: each for name, each in found.items() if each is not None}

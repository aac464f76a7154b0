"""A model's program and its text → the sentences that nothing in the program comes from."""

from __future__ import annotations

from sopc.english.sentences import Sentence, Workflow
from sopc.tree import nodes
from sopc.tree.visit import walk


def left_out(script: nodes.Script, workflow: Workflow) -> list[Sentence]:
    """Not those that speak of a parameter, which need no step. None for a script that does not say of any step which
    sentence it comes from."""
    used = {node.sentence for node in walk(script) if isinstance(node, nodes.Step) and node.sentence is not None}
    named = [" ".join(param.name.lower().split("_")) for param in script.params]
    return [
        sentence
        for sentence in workflow.sentences
        if used and sentence.number not in used and not any(name in sentence.text.lower() for name in named)
    ]

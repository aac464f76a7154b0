"""What the sentences so far have left to speak of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sopc.english.patterns.semantics import Context, FoundSet, Source, Steps, Variable
from sopc.english.sentences import Sentence
from sopc.tree import nodes
from sopc.tree.visit import walk


@dataclass
class State:
    """What the sentences so far have left to speak of."""

    variables: tuple[Variable, ...] = ()
    found: FoundSet | None = None
    subject: Source | None = None
    error: str = ""
    before: Before | None = None


@dataclass(frozen=True)
class Before:
    """The sentence before, and what it did. at: the place of its first step. undecided: what is done where it fails has
    to be said next."""

    sentence: Sentence
    at: int
    did: Steps
    undecided: bool = False


def context_of(before: Before, context: Context) -> Context:
    """The context in which the sentence before was read, as far as names are concerned."""
    return replace(context, sentence=before.sentence.number, _children={})


def shows_others(did: Steps, found: FoundSet | None) -> bool:
    """Whether rows are shown that are not among those found."""
    origins = {node.store for node in walk(did.steps) if isinstance(node, nodes.From)}
    shows = any(isinstance(step, nodes.Emit) for step in did.steps)
    return shows and found is not None and found.name not in origins and did.found is None

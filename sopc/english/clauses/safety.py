"""The readings of a sentence → those that it can mean, by what it calls the rows that it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sopc.english.clauses.talk import Tokens, is_plural
from sopc.english.lexicon import same_words
from sopc.english.patterns.complaints import Complaint
from sopc.english.patterns.semantics import Context, FoundSet, Steps
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes
from sopc.tree.visit import rewrite

_EVERY: Final = frozenset({"all", "every", "each", "any", "whole", "entire"})


def meant(readings: Sequence[Steps], tokens: Tokens, found: FoundSet | None) -> list[Steps]:
    """The readings that the sentence can mean.

    Args:
        found: What the sentence right before has found.

    Raises:
        Complaint: T0202, one row is spoken of, and which one is not said: every row would be changed.
    """
    kept = [one for one in readings if not _changes_all_for_one(one, tokens)]
    if readings and not kept:
        hint = 'say which by its name or number, or find it in a sentence before; all of them are "every …"'
        raise Complaint("T0202", "it speaks of one row to change, and which one is not said", hint)
    of_each = {"each", "every"} & {token.low for token in tokens}
    return _of_found(kept, found) if of_each else kept


def _changes_all_for_one(reading: Steps, tokens: Tokens) -> bool:
    """As in "delete the box", which must not delete them all."""
    said = [token.low for token in tokens]
    if _EVERY & set(said):
        return False
    for step in reading.steps:
        if isinstance(step, nodes.Update | nodes.Delete) and step.where is None:
            own = name_words(step.store)
            named = [low for low in said if same_words((low,), own[-1:])]
            if named and not any(map(is_plural, named)) and not says_no_number(own[-1]):
                return True
    return False


def says_no_number(word: str) -> bool:
    """Whether a store's name says nothing of number: "stock", "series"."""
    return not is_plural(word)


def tied(readings: Sequence[Steps], context: Context) -> list[Steps]:
    """The readings without those that count or sum up all rows for each row of a loop: as in "for each patient, count
    the visits", which are the patient's."""
    return [one for one in readings if not any(_counts_all(step, context) for step in one.steps)]


def _counts_all(step: nodes.AnyStep, context: Context) -> bool:
    if not isinstance(step, nodes.ForEach) or step.query is None or not isinstance(step.query.stages[0], nodes.From):
        return False
    origin = step.query.stages[0].store
    found = context.found
    looped = found.rows.source.store.name if found is not None and found.name == origin else origin
    return any(_is_of_all(one.value, looped, context) for one in step.steps if isinstance(one, nodes.Let))


def _is_of_all(value: nodes.Expr, looped: str, context: Context) -> bool:
    """Whether it counts or sums up every row of a store whose rows point at those that the loop goes through."""
    if not isinstance(value, nodes.QueryExpr) or value.kind not in ("count", "scalar"):
        return False
    first, *rest = value.query.stages
    if not isinstance(first, nodes.From) or any(isinstance(stage, nodes.Where | nodes.Join) for stage in rest):
        return False
    return any(
        key.other_store == looped
        for source in context.world.sources if source.origin == first
        for key in source.store.foreign_keys
    )  # fmt: skip


def _of_found(readings: list[Steps], found: FoundSet | None) -> list[Steps]:
    """As in "find the open boxes; for each box, …", "show the size of each box": of two readings that differ in nothing
    else, the one of what was just found rather than of every row of its store."""
    if found is None or len(readings) < 2:
        return readings
    base = found.rows.source

    def of_all(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.From) and node.store == found.name:
            return base.origin or node
        return nodes.Name(name=base.alias) if node == nodes.Name(name=found.name) else node

    every = [rewrite(one.steps, of_all) for one in readings]
    narrower = [one for one, wide in zip(readings, every, strict=True) if wide != one.steps]
    return [
        one for one in readings if not any(one is not other and rewrite(other.steps, of_all) == one.steps
                                           for other in narrower)
    ]  # fmt: skip

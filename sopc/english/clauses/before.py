"""The sentence before → its rows under a name, for a sentence that speaks of them ("show their name", "if none are
found")."""

from __future__ import annotations

from dataclasses import replace

from sopc.english.clauses.read import steps_of
from sopc.english.clauses.talk import Place, Tokens
from sopc.english.patterns.antecedents import shown
from sopc.english.patterns.semantics import Context, FoundSet, Rows, Steps, conjuncts
from sopc.english.patterns.show import named_set
from sopc.english.patterns.spoken import Before, context_of
from sopc.tree import nodes
from sopc.tree.visit import walk


def of_rows_before(
    place: Place, tokens: Tokens, context: Context, before: Before
) -> tuple[list[Steps], FoundSet | None]:
    """The readings of a sentence that speaks of the rows which the sentence before has shown or changed, and these
    rows; no readings where it does not."""
    named = _shown(context, before) or _changed(context, before)
    if named is None:
        return [], None
    found, query = named
    kept = list(place.steps)
    place.steps.insert(before.at, query.model_copy(update={"sentence": before.sentence.number}))
    inside = replace(context, found=found, _children={})
    readings = place.whole("steps", tokens, inside) or steps_of(place, tokens, inside)
    if readings and all(_speaks_of(one, found) for one in readings):
        return readings, found
    place.steps[:] = kept
    return [], None


def _shown(context: Context, before: Before) -> tuple[FoundSet, nodes.NameQuery] | None:
    last = shown(context_of(before, context), before.did)
    return None if last is None else (last.found, last.query)


def _changed(context: Context, before: Before) -> tuple[FoundSet, nodes.NameQuery] | None:
    """The rows of one change, by what they were before it."""
    step = before.did.steps[0] if len(before.did.steps) == 1 else None
    if not isinstance(step, nodes.Update) or step.where is None:
        return None
    source = next(
        (one for one in context.world.sources if one.origin == nodes.From(store=step.store, database=step.database)),
        None,
    )
    if source is None:
        return None
    rows = Rows(source, tuple(conjuncts(step.where)))
    found = named_set(context_of(before, context), rows, None)
    query = nodes.NameQuery(name=found.name, query=nodes.Query(stages=(source.scan, nodes.Where(condition=step.where))))
    told_by = {node.name for node in walk(step.where) if isinstance(node, nodes.FieldAccess)}
    if told_by & {one.name for one in step.assignments}:
        found = replace(found, changed_by=before.sentence.number)
    return found, query


def _speaks_of(reading: Steps, found: FoundSet) -> bool:
    return any(
        (isinstance(node, nodes.From) and node.store == found.name)
        or (isinstance(node, nodes.Name) and node.name.startswith(f"{found.name}_"))
        for node in walk(reading.steps)
    )

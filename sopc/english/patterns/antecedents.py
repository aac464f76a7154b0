"""A sentence and the one before → the rows that "their", "them" and "those" mean: found, shown or counted last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.finish import moved
from sopc.english.patterns.matcher import Matcher
from sopc.english.patterns.names import field_value
from sopc.english.patterns.semantics import ONE, Context, FoundSet, Rows, Source, Steps, conjuncts
from sopc.english.patterns.show import named_set
from sopc.tree import nodes

_NOUNS = ("head", "reference", "called_row", "kind_of_rows")


@dataclass(frozen=True)
class Shown:
    """Rows that a sentence showed or counted. query: names them, for the sentence that speaks of them."""

    found: FoundSet
    query: nodes.NameQuery


def referring(matcher: Matcher, context: Context) -> str | None:
    """The first word that refers to rows which the sentence itself does not name before it; None if there is none."""
    if context.subject is not None:
        return None
    for position, token in enumerate(matcher.tokens):
        if token.low in words.REFERRING:
            return token.low
        if any(
            matcher.read(noun, position, context.within(source)) for source in context.world.sources for noun in _NOUNS
        ):
            return None
    return None


def shown(context: Context, did: Steps) -> Shown | None:
    """The rows of a sentence that shows some, or counts them, or sums them up; None if it shows anything else.

    context: of that sentence.
    """
    step = did.steps[0] if len(did.steps) == 1 else None
    if not isinstance(step, nodes.Emit) or step.query is None:
        return None
    origin, *rest = step.query.stages
    source = _source(context, origin)
    if source is None or any(isinstance(stage, nodes.GroupBy | nodes.Distinct | nodes.UnionWith) for stage in rest):
        return None
    own, conditions, limit = _chosen([stage for stage in rest if not isinstance(stage, nodes.Join)])
    if origin == (context.found.source.origin if context.found else None) and not own:
        return None  # those found before
    if any(isinstance(stage, nodes.Derive) for stage in own):
        every = tuple(nodes.NamedColumn(value=field_value(source, field).node) for field in source.store.fields)
        own = [*own, nodes.Select(columns=every)]
    rows = _of_store(context, source, conditions, limit)
    known = named_set(context, rows, None)
    query = nodes.NameQuery(name=known.name, query=nodes.Query(stages=(origin, *own)))
    return Shown(FoundSet(known.name, rows, frozenset({rows.source.store.name, *known.reads})), query)


def _source(context: Context, origin: nodes.Stage) -> Source | None:
    known = [*([context.found.source] if context.found else []), *context.world.sources]
    return next((one for one in known if one.origin == origin), None)


def _chosen(stages: Sequence[nodes.Stage]) -> tuple[list[nodes.Stage], tuple[nodes.Expr, ...], nodes.Expr | None]:
    """The stages that choose rows, up to the last that does; their conditions; and a limit, where there is any."""
    choosing = nodes.Where | nodes.Limit | nodes.Derive
    last = max((at for at, stage in enumerate(stages) if isinstance(stage, choosing)), default=-1)
    own = list(stages[: last + 1])
    conditions = [part for stage in own if isinstance(stage, nodes.Where) for part in conjuncts(stage.condition)]
    bounded = any(isinstance(stage, nodes.Limit | nodes.Derive) for stage in own)
    return own, tuple(conditions), ONE if bounded else None


def _of_store(context: Context, source: Source, conditions: tuple[nodes.Expr, ...], limit: Any) -> Rows:
    """The rows as ones of their store, also where they were chosen among those found before."""
    found = context.found
    if found is None or source != found.source:
        return Rows(source, conditions, limit=limit)
    store = found.rows.source
    own = tuple(moved(one, source.alias, store.alias) for one in conditions)
    return Rows(store, (*found.rows.conditions, *own), limit=limit or found.rows.limit)

"""Steps that find or count → steps that show it, where no later sentence speaks of what was found or counted."""

from __future__ import annotations

from dataclasses import replace

from runtime.values.types import INT
from sopc.english.patterns.names import made_variable
from sopc.english.patterns.semantics import Context, Rows, Steps, call, conjuncts
from sopc.english.patterns.show import named_set
from sopc.tree import nodes
from sopc.tree.visit import walk

_COUNTED = nodes.Select(columns=(nodes.NamedColumn(name="count", value=call("count")),))

AnySteps = tuple[nodes.AnyStep, ...]


def counted_for_later(context: Context, chosen: Steps) -> Steps:
    """As in "count the boxes": the count that would be shown, as a set that later sentences may speak of."""
    step = chosen.steps[0]
    if len(chosen.steps) != 1 or not isinstance(step, nodes.Emit) or step.query is None:
        return chosen
    origin, *wheres = step.query.stages
    source = next((one for one in context.world.sources if one.origin == origin), None)
    if source is None or not wheres or wheres.pop() != _COUNTED:
        return chosen
    conditions = [part for stage in wheres if isinstance(stage, nodes.Where) for part in conjuncts(stage.condition)]
    if any(not isinstance(stage, nodes.Where) for stage in wheres):
        return chosen
    found = named_set(context, Rows(source, tuple(conditions)), None)
    variable = made_variable(("count",), INT, context)
    steps = (
        nodes.NameQuery(name=found.name, query=nodes.Query(stages=(origin, *wheres))),
        nodes.Let(name=variable.name, value=_count_of(found.name)),
    )
    return Steps(steps, (variable,), replace(found, counted=variable.name), counts=variable.name)


def shown_if_unused(steps: AnySteps) -> AnySteps:
    """What was found or counted and never spoken of again was asked for itself, so it is shown."""
    steps = _counts_shown(steps)
    used = {node.store for node in walk(steps) if isinstance(node, nodes.From)}
    shown: list[nodes.AnyStep] = []
    for at, step in enumerate(steps):
        if not isinstance(step, nodes.NameQuery) or step.name in used:
            shown.append(step)
        elif not any(_changes(node, step.query) for node in walk(steps[at + 1 :])):
            shown.append(nodes.Emit(query=step.query, sentence=step.sentence))
    return tuple(shown)


def _counts_shown(steps: AnySteps) -> AnySteps:
    origins = [node.store for node in walk(steps) if isinstance(node, nodes.From)]
    names = {node.name for node in walk(steps) if isinstance(node, nodes.Name)}
    shown: list[nodes.AnyStep] = []
    for step in steps:
        found = shown[-1] if shown else None
        if (
            isinstance(found, nodes.NameQuery)
            and isinstance(step, nodes.Let)
            and step.value == _count_of(found.name)
            and step.name not in names
            and origins.count(found.name) == 1
        ):
            query = nodes.Query(stages=(*found.query.stages, _COUNTED))
            shown[-1] = nodes.Emit(query=query, sentence=found.sentence)
            continue
        shown.append(step)
    return tuple(shown)


def _count_of(name: str) -> nodes.QueryExpr:
    return nodes.QueryExpr(kind="count", query=nodes.Query(stages=(nodes.From(store=name),)))


def _changes(node: nodes.Node, found: nodes.Query) -> bool:
    """Whether a change is to the rows found, told by all that they were found by."""
    origin, *rest = found.stages
    if not isinstance(node, nodes.Update | nodes.Delete) or not isinstance(origin, nodes.From):
        return False
    told = conjuncts(node.where) if node.where is not None else []
    by = [part for stage in rest if isinstance(stage, nodes.Where) for part in conjuncts(stage.condition)]
    return node.store == origin.store and all(part in told for part in by)

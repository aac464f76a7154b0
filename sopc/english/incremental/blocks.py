"""Steps with blocks → their bodies, the same steps with other bodies, and the sentence that each step belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from sopc.tree import nodes

Body = tuple[nodes.AnyStep, ...]


def bodies(step: nodes.AnyStep) -> list[Body]:
    """In order; an `else` that is not there is no body."""
    match step:
        case nodes.If():
            return [
                *(branch.steps for branch in step.branches),
                *([] if step.otherwise is None else [step.otherwise]),
            ]
        case nodes.Try():
            return [step.steps, step.handler]
        case nodes.ForEach() | nodes.While() | nodes.Transaction():
            return [step.steps]
    return []


def kinds(step: nodes.AnyStep) -> list[str]:
    """What each of its bodies is."""
    match step:
        case nodes.If():
            return ["then", *["else if"] * (len(step.branches) - 1), *([] if step.otherwise is None else ["else"])]
        case nodes.Try():
            return ["try", "on error"]
    return ["body"] * len(bodies(step))


def with_bodies(step: nodes.AnyStep, made: Sequence[Body]) -> nodes.AnyStep:
    """The same step with these bodies, of which it has as many."""
    match step:
        case nodes.If():
            branches = tuple(
                branch.model_copy(update={"steps": body}) for branch, body in zip(step.branches, made, strict=False)
            )
            otherwise = None if step.otherwise is None else made[-1]
            return step.model_copy(update={"branches": branches, "otherwise": otherwise})
        case nodes.Try():
            return step.model_copy(update={"steps": made[0], "handler": made[1]})
        case nodes.ForEach() | nodes.While() | nodes.Transaction():
            return step.model_copy(update={"steps": made[0]})
    return step


class Implied(int):
    """The number of a step's sentence, which the step around it says."""


def tagged(steps: Body, around: int | None = None) -> Body:
    """Each step with its sentence's number, also where it has it from the step around it."""
    made = []
    for step in steps:
        number = step.sentence if step.sentence is not None or around is None else Implied(around)
        inner = [tagged(body, number) for body in bodies(step)]
        made.append(with_bodies(step, inner).model_copy(update={"sentence": number}))
    return tuple(made)


def untagged(steps: Body, around: int | None = None) -> Body:
    """As they were before, but for those that stand in the block of another sentence now."""
    made = []
    for step in steps:
        inner = [untagged(body, step.sentence) for body in bodies(step)]
        number = None if isinstance(step.sentence, Implied) and step.sentence == around else step.sentence
        made.append(with_bodies(step, inner).model_copy(update={"sentence": number}))
    return tuple(made)


def within(steps: Body) -> Iterator[nodes.AnyStep]:
    """These steps and all in their blocks, in order."""
    for step in steps:
        yield step
        for body in bodies(step):
            yield from within(body)


def around(steps: Body) -> defaultdict[int, set[int]]:
    """The sentences in whose blocks the steps of each sentence stand. steps: tagged."""
    found: defaultdict[int, set[int]] = defaultdict(set)

    def look(steps: Body, outer: frozenset[int]) -> None:
        for step in steps:
            own = frozenset() if step.sentence is None else frozenset([step.sentence])
            for number in own:
                found[number] |= outer - own
            for body in bodies(step):
                look(body, outer | own)

    look(steps, frozenset())
    return found


def runs(steps: Body) -> list[tuple[int | None, Body]]:
    """Neighbours of one sentence together. steps: tagged."""
    return [(number, tuple(group)) for number, group in groupby(steps, key=lambda step: step.sentence)]

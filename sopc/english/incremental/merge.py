"""A new script and the old one in its numbers and names → the new one with the old steps of some sentences in place.

Steps of one sentence that follow each other are a run. Where a sentence has as many runs as before, each takes the
place of the one that came instead, whatever changed block that stands in. A block that holds steps of other sentences
is put back around the steps that those have now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from sopc.english.incremental.blocks import Body, bodies, runs, tagged, untagged, with_bodies, within
from sopc.english.incremental.compare import declares
from sopc.english.incremental.sentences import Sentences
from sopc.syntax.format import format_step
from sopc.tree import nodes
from sopc.tree.visit import walk

Place = tuple[int, int]  # of a run: its sentence, and how many runs of that come before it


class Elsewhere(Exception):
    """The old steps have no place in the new script."""


def merged(old: nodes.Script, new: nodes.Script, back: Collection[int], sentences: Sentences) -> nodes.Script:
    """The new script with the old steps and parameters of the sentences in `back`, and with the parameters that only
    those read. old: as carried. Raises Elsewhere."""
    left = {param.name: param for param in old.params}
    params = []
    for param in new.params:
        before = left.pop(param.name, param)
        params.append(before if declares(param.name, sentences) in back else param)
    steps = tagged(new.steps)
    made = _Merge(back, steps, {-number for number in sentences.removed}).body(tagged(old.steps), steps)
    read = {node.name for node in walk(made) if isinstance(node, nodes.Name)}
    params += [param for param in left.values() if param.name in read]
    return new.model_copy(update={"params": tuple(params), "steps": untagged(made)})


class _Merge:
    """back: the sentences whose steps are put back; those of others stay as they are. new: all steps of the new script.
    removed: the sentences that nothing took the place of."""

    def __init__(self, back: Collection[int], new: Body, removed: Collection[int]) -> None:
        self._back = back
        self._removed = removed
        self._new = [(step.sentence, _text(step)) for step in within(new)]

    def body(self, old: Body, new: Body) -> Body:
        """What is put back of a body, from what it was and what came instead."""
        before, after = dict(self._places(old, Counter())), dict(self._places(new, Counter()))
        put: dict[Place, Body] = {}
        dropped: list[Body] = []
        for number in sorted({number for number, _ in (*before, *after)}):
            ours = [place for place in before if place[0] == number]
            theirs = [place for place in after if place[0] == number]
            if len(ours) == len(theirs):
                put.update({place: self._run(before[place], after[place]) for place in ours})
            elif not ours and not any(self._holds_others(step) for place in theirs for step in after[place]):
                put.update(dict.fromkeys(theirs, ()))
            elif len(ours) == 1 and not theirs and (number, before[ours[0]]) in runs(old):
                dropped.append(self._alone(before[ours[0]]))
            else:
                raise Elsewhere
        return self._with_dropped(self._built(new, put, Counter()), dropped)

    def _places(self, body: Body, count: Counter[int]) -> Iterator[tuple[Place, Body]]:
        """The runs that are put back, but for those inside others."""
        for number, run in runs(body):
            if number in self._back:
                assert number is not None
                yield (number, count[number]), run
                count[number] += 1
            else:
                for step in run:
                    for inner in bodies(step):
                        yield from self._places(inner, count)

    def _built(self, body: Body, put: dict[Place, Body], count: Counter[int]) -> Body:
        made: list[nodes.AnyStep] = []
        for number, run in runs(body):
            if number in self._back:
                assert number is not None
                made += put[number, count[number]]
                count[number] += 1
            else:
                made += [with_bodies(step, [self._built(inner, put, count) for inner in bodies(step)]) for step in run]
        return tuple(made)

    def _with_dropped(self, body: Body, dropped: list[Body]) -> Body:
        """Steps that the new script left out, after those of the sentences before theirs."""
        for run in dropped:
            number = run[0].sentence or 0
            places = [place for place, step in enumerate(body, 1) if step.sentence and step.sentence < number]
            at = places[-1] if places else 0
            if {_text(step) for step in run} & {text for other, text in self._new if other != number}:
                raise Elsewhere  # it is there, as a step of another sentence
            body = (*body[:at], *run, *body[at:])
        return body

    # ── runs and steps ─────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, old: Body, new: Body) -> Body:
        ours = [place for place, step in enumerate(old) if self._holds_others(step)]
        theirs = [step for step in new if self._holds_others(step)]
        if not theirs:
            return self._alone(old)
        if not ours and len(theirs) == 1:
            ours = [place for place, step in enumerate(old) if type(step) is type(theirs[0])][:2]
        if len(ours) != len(theirs):
            raise Elsewhere
        made = list(old)
        for place, step in zip(ours, theirs, strict=True):
            made[place] = self._step(old[place], step)
        return tuple(made)

    def _step(self, old: nodes.AnyStep, new: nodes.AnyStep) -> nodes.AnyStep:
        """The old step around what other sentences have in the new one."""
        if isinstance(old, nodes.If) and isinstance(new, nodes.If):
            return self._if(old, new)
        if type(old) is not type(new):
            raise Elsewhere
        return with_bodies(old, [self.body(one, other) for one, other in zip(bodies(old), bodies(new), strict=True)])

    def _if(self, old: nodes.If, new: nodes.If) -> nodes.If:
        if len(old.branches) != len(new.branches):
            raise Elsewhere
        branches = []
        for place, (one, other) in enumerate(zip(old.branches, new.branches, strict=True)):
            owner = other.steps[0].sentence if place and other.steps else old.sentence  # of its `else if`
            condition = one.condition if owner in self._back else other.condition
            branches.append(one.model_copy(update={"condition": condition, "steps": self.body(one.steps, other.steps)}))
        if old.otherwise is None:
            otherwise = new.otherwise
            if any(step.sentence in self._back for step in within(otherwise or ())):
                raise Elsewhere
        elif new.otherwise is None:
            otherwise = self._alone(old.otherwise) or None
        else:
            otherwise = self.body(old.otherwise, new.otherwise)
        return old.model_copy(update={"branches": tuple(branches), "otherwise": otherwise})

    def _holds_others(self, step: nodes.AnyStep) -> bool:
        return any(inner.sentence not in self._back for body in bodies(step) for inner in within(body))

    def _alone(self, steps: Body) -> Body:
        """Old steps without those of sentences that were taken away."""
        made = []
        for step in steps:
            if step.sentence in self._removed:
                continue
            if step.sentence not in self._back:
                raise Elsewhere
            alone = with_bodies(step, [self._alone(body) for body in bodies(step)])
            if isinstance(alone, nodes.If) and not alone.otherwise:
                alone = alone.model_copy(update={"otherwise": None})
            made.append(alone)
        return tuple(made)


def _text(step: nodes.AnyStep) -> str:
    return format_step(step.model_copy(update={"sentence": None}))

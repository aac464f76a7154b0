"""An old and a new script → the old one in the sentence numbers and variable names of the new one, or the new one in
the variable names of the old one.

Where a sentence makes a variable under another name than before, whatever reads it has to follow.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sopc.english.incremental.blocks import Body, Implied, bodies, tagged, with_bodies, within
from sopc.english.incremental.sentences import Sentences
from sopc.tree import nodes
from sopc.tree.visit import rewrite

IN_HEAD: Final = 0  # in place of a sentence's number, for parameters
LEFT_OVER: Final = " before"  # after a name that means something else now
_Makes = nodes.Let | nodes.NameQuery | nodes.Ask | nodes.ForEach | nodes.Try


def carried(old: nodes.Script, new: nodes.Script, sentences: Sentences) -> nodes.Script:
    """The old script, each step with its number in the new text, or minus its old one where the sentence is gone."""
    return _with_names(old, _renamed(old, new, sentences), sentences.kept)


def _with_names(script: nodes.Script, names: Mapping[int, Sequence[str]], numbers: Mapping[int, int]) -> nodes.Script:
    renaming = _Renaming(names, numbers)
    around = {}
    params = []
    for param in script.params:
        around[param.name] = renaming.made(IN_HEAD, param.name)
        params.append(param.model_copy(update={"name": around[param.name]}))
    steps = renaming.block(tagged(script.steps), around)
    return script.model_copy(update={"params": tuple(params), "steps": steps})


def recalled(new: nodes.Script, old: nodes.Script, sentences: Sentences, params: Collection[str]) -> nodes.Script:
    """The new script with the old names of what sentences that stayed make, but for those that it uses otherwise.
    params: old ones of sentences that stayed."""
    before, after = made_by(old), made_by(new)
    before[IN_HEAD] = [name for name in before[IN_HEAD] if name in params]
    taken = {name for made in after.values() for name in made}
    names = {}
    for one, other in [(IN_HEAD, IN_HEAD), *sentences.kept.items()]:
        was, made = before.get(one, []), after.get(other, [])
        back = {now: name for name, now in zip(was, _paired(was, made, ()), strict=True) if name not in taken}
        names[other] = [back.get(name, name) for name in made]
    return _with_names(new, names, {number: number for number in range(1, len(sentences.new) + 1)})


def made_by(script: nodes.Script) -> dict[int, list[str]]:
    """The variables that each sentence makes, in order, by its number; those of the script's head at 0."""
    made: dict[int, list[str]] = {IN_HEAD: [param.name for param in script.params]}
    for step in within(tagged(script.steps)):
        if isinstance(step, _Makes) and step.sentence is not None:
            made.setdefault(step.sentence, []).append(step.name)
    return made


def _renamed(old: nodes.Script, new: nodes.Script, sentences: Sentences) -> dict[int, list[str]]:
    """What the variables of each old sentence are called now, in order."""
    before, after = made_by(old), made_by(new)
    pairs = [((one,), (other,)) for one, other in sentences.kept.items()]
    found: dict[int, list[str]] = {}
    taken = {name for names in after.values() for name in names}
    for ones, others in [((IN_HEAD,), (IN_HEAD,)), *pairs, *sentences.places]:
        names = [name for one in ones for name in before.get(one, ())]
        now = _paired(names, [name for other in others for name in after.get(other, ())], taken)
        for one in ones:
            found[one] = [now.pop(0) for _ in before.get(one, ())]
    return found


def _paired(old: Sequence[str], new: Sequence[str], taken: Collection[str]) -> list[str]:
    """For each old name the new one: the same where it is there; the others one by one, the last with the last, as that
    is what later sentences speak of. One that is left over and means something else now is told apart from that."""
    left = list(new)
    found: list[str | None] = [left.pop(left.index(name)) if name in left else None for name in old]
    for place in reversed(range(len(old))):
        if found[place] is None:
            spare = f"{old[place]}{LEFT_OVER}" if old[place] in taken else old[place]
            found[place] = left.pop() if left else spare
    return [name or "" for name in found]


class _Renaming:
    """names: for each old sentence, what its variables are called now, in order. numbers: old → new."""

    def __init__(self, names: Mapping[int, Sequence[str]], numbers: Mapping[int, int]) -> None:
        self._names = {number: list(now) for number, now in names.items()}
        self._numbers = numbers

    def made(self, number: int | None, name: str) -> str:
        """What the next variable of a sentence is called now."""
        now = self._names.get(-1 if number is None else number)
        return now.pop(0) if now else name

    def block(self, steps: Body, around: Mapping[str, str]) -> Body:
        """around: what the variables that are in sight are called now."""
        seen = dict(around)
        return tuple(self._step(step, seen) for step in steps)

    def _step(self, step: nodes.AnyStep, seen: dict[str, str]) -> nodes.AnyStep:
        head = rewrite(with_bodies(step, [()] * len(bodies(step))), lambda node: _called(node, seen, self._numbers))
        number = step.sentence
        now = None if number is None else self._numbers.get(number, -number)
        now = Implied(now) if isinstance(number, Implied) and now is not None else now
        update: dict[str, Any] = {"sentence": now}
        inside = dict(seen)
        if isinstance(step, _Makes):
            update["name"] = self.made(number, step.name)
            inside[step.name] = update["name"]
            if not isinstance(step, nodes.ForEach | nodes.Try):
                seen[step.name] = update["name"]
        made = [
            self.block(body, seen if isinstance(step, nodes.Try) and not place else inside)
            for place, body in enumerate(bodies(step))
        ]
        changed: nodes.AnyStep = with_bodies(head, made).model_copy(update=update)
        return changed


def _numbered(part: str | nodes.Expr, numbers: Mapping[int, int]) -> str | nodes.Expr:
    """The message with which sentence patterns stop says where."""
    found = re.fullmatch(r"stopped in sentence (\d+)", part) if isinstance(part, str) else None
    return f"stopped in sentence {numbers.get(int(found[1]), found[1])}" if found else part


def _called(node: nodes.Node, seen: Mapping[str, str], numbers: Mapping[int, int]) -> nodes.Node:
    match node:
        case nodes.Name() | nodes.Assign() if node.name in seen:
            return node.model_copy(update={"name": seen[node.name]})
        case nodes.From(database=None) if node.store in seen:
            return node.model_copy(update={"store": seen[node.store]})
        case nodes.TextLiteral():
            return node.model_copy(update={"parts": tuple(_numbered(part, numbers) for part in node.parts)})
    return node

"""The steps of a recording → a script: as it will be stored, or with a mark before each step to tell their lines
apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.record.reading import used_names
from runtime.record.session import Parameter, State
from runtime.values.functions import FUNCTIONS
from sopc.syntax.steps import parse_steps
from sopc.tree import nodes
from sopc.tree.visit import rewrite, walk


@dataclass(frozen=True)
class Group:
    """The DSL steps of one recorded step.

    Attributes:
        number: its place in the recording, from 1.
        sentence: the number of its first sentence.
    """

    number: int
    steps: tuple[nodes.AnyStep, ...]

    @property
    def only_shows(self) -> bool:
        """Whether it only emits or says something, so that later steps don't need it."""
        shows = all(isinstance(step, nodes.Emit | nodes.Say) for step in self.steps)
        return shows and not calls_scripts(self.steps)


def calls_scripts(steps: Sequence[nodes.AnyStep]) -> bool:
    """Whether any of the steps may call a script."""
    calls = (node.name for node in walk(tuple(steps)) if isinstance(node, nodes.CallExpr))
    return any(name not in FUNCTIONS for name in calls)


def groups_of(state: State) -> list[Group]:
    """A group for each recorded step; sentences are numbered across all of them."""
    groups, before = [], 0
    for number, step in enumerate(state.steps, 1):
        steps = parse_steps(step.code)
        groups.append(Group(number, tuple(renumbered(inner, before) for inner in steps)))
        before += _last_sentence(steps)
    return groups


def sentence_count(state: State) -> int:
    """The number of sentences in the recording."""
    return max((_last_sentence(group.steps) for group in groups_of(state)), default=0)


def _last_sentence(steps: Sequence[nodes.AnyStep]) -> int:
    """The highest sentence number in the steps, 0 if there is none."""
    return max((node.sentence or 0 for node in walk(tuple(steps)) if isinstance(node, nodes.Step)), default=0)


def renumbered(step: nodes.AnyStep, by: int) -> nodes.AnyStep:
    """The step and its inner steps with `by` added to their sentence numbers."""

    def change(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Step) and node.sentence is not None:
            return node.model_copy(update={"sentence": node.sentence + by})
        return node

    result: nodes.AnyStep = rewrite(step, change)
    return result


def script_of(
    name: str, parameters: Sequence[Parameter], uses: tuple[str, ...], steps: Sequence[nodes.AnyStep]
) -> nodes.Script:
    """The script with these steps; it returns what they return, of any type."""
    returns = any(isinstance(node, nodes.Return) and node.value is not None for node in walk(tuple(steps)))
    return nodes.Script(
        name=name,
        params=tuple(parameter_node(parameter) for parameter in parameters),
        uses=used_names(uses),
        returns=nodes.TypeName(name="any") if returns else None,
        steps=tuple(steps),
    )


def marked(groups: Sequence[Group], mark: str) -> tuple[nodes.AnyStep, ...]:
    """The steps of all groups; before each group, a step that says its mark."""
    steps: list[nodes.AnyStep] = []
    for group in groups:
        steps += [nodes.Say(text=nodes.TextLiteral(parts=(mark,))), *group.steps]
    return tuple(steps)


def parameter_node(parameter: Parameter) -> nodes.ParameterNode:
    """A parameter as a node of the tree."""
    from sopc.source import Source
    from sopc.syntax.parse import parse

    text = f"script s({parameter.name}: {parameter.type} = {parameter.default}) end"
    return parse(Source("parameter", text)).scripts[0].params[0]

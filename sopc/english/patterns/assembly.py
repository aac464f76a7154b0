"""The steps of all sentences, and the parameters they declare → the script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runtime.query.schema import Store
from runtime.values.types import ANY, DECIMAL, FLOAT, TEXT, Type
from sopc.diagnostics import Diagnostic
from sopc.english.patterns.finish import compared_type
from sopc.english.patterns.names import named_type
from sopc.english.patterns.parameters import Declared
from sopc.english.patterns.remembered import shown_if_unused
from sopc.english.patterns.semantics import Context, World
from sopc.english.sentences import Workflow
from sopc.syntax.format import format_step
from sopc.tree import nodes
from sopc.tree.visit import walk

_MAIN = "main"
_MAX_SHOWN = 40  # lines of what is read


@dataclass(frozen=True)
class Assembly:
    """returns: the types of what is returned. finished: writes steps as a person would."""

    workflow: Workflow
    world: World
    steps: tuple[nodes.AnyStep, ...]
    declared: Mapping[str, Declared]
    returns: Sequence[Type]
    finished: Callable[[Any], Any]

    def parameter_types(self) -> dict[str, Type]:
        """Each parameter's type: as said, else as it is used, else that of its default or of a field of its name."""
        found = {}
        for one in self.declared.values():
            type_ = one.type or compared_type(self.steps, one.name, self.store, self._argument_type)
            if type_ is None or type_.name == "any":
                type_ = one.default.type if one.default else (named_type(Context(self.world), one.words) or TEXT)
            if type_.name == "decimal":
                type_ = DECIMAL
            found[one.name] = type_.not_null()
        return found

    def script(self, types: Mapping[str, Type]) -> nodes.Script:
        steps = shown_if_unused(self.steps)
        steps = self.finished(steps)
        params = tuple(
            nodes.ParameterNode(
                name=one.name,
                type=nodes.TypeName(name=types[one.name].name),
                default=one.default.node if one.default else None,
            )
            for one in self.declared.values()
        )
        return nodes.Script(
            name=self.workflow.name,
            params=params,
            uses=self._uses(),
            returns=_type_name(self.returns),
            doc=self.workflow.title or "",
            steps=steps,
        )

    def _uses(self) -> tuple[str, ...]:
        used: set[str] = set()
        for node in walk(self.steps):
            if isinstance(node, nodes.From | nodes.Insert | nodes.Update | nodes.Delete):
                used |= {
                    source.database
                    for source in self.world.sources
                    if source.store.name == node.store and node.database in (None, source.database)
                }
            if isinstance(node, nodes.CallExpr) and (known := self.world.signatures(node.name)) is not None:
                used |= set(known[0].uses)
        return () if used <= {_MAIN} else tuple(sorted(used, key=lambda name: (name == _MAIN, name)))

    def store(self, origin: nodes.From) -> Store | None:
        """The store behind a `from`, also through a named query."""
        found = self.world.stored(origin)
        if found is not None:
            return found[1]
        for node in walk(self.steps):
            if isinstance(node, nodes.NameQuery) and node.name == origin.store:
                first = node.query.stages[0]
                return self.store(first) if isinstance(first, nodes.From) else None
        return None

    def _argument_type(self, script: str, parameter: str | None) -> Type | None:
        known = self.world.signatures(script)
        if known is None:
            return None
        return next((one.type for one in known[0].params if one.name == parameter), None)


def _type_name(returns: Sequence[Type]) -> nodes.TypeName | None:
    """The type that holds every value returned; None when nothing is."""
    if not returns:
        return None
    names = {one.name for one in returns} - {ANY.name}
    nullable = any(one.nullable for one in returns if one.name != ANY.name)
    if len(names) > 1:
        name = "float" if FLOAT.name in names and "decimal" not in names else "decimal"
    else:
        name = next(iter(names), ANY.name)
    return nodes.TypeName(name=name, nullable=nullable)


def partly_read(assembly: Assembly, findings: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The findings, the last of them with how many sentences are read and what these do, so that only the rest has to
    be said otherwise or be written in the program."""
    sentences = assembly.workflow.sentences
    refused = sorted({one.sentence for one in findings if one.sentence is not None})
    number = len(sentences) - len(refused)
    if number < 1 or not assembly.steps:
        return list(findings)
    script = assembly.script(assembly.parameter_types())
    steps = [line for step in script.steps for line in format_step(step).splitlines()]
    shown = [*steps[:_MAX_SHOWN], *(["…"] if len(steps) > _MAX_SHOWN else [])]
    listed = " and ".join([", ".join(map(str, refused[:-1])), str(refused[-1])] if refused[1:] else map(str, refused))
    told = f"{number} of {len(sentences)} sentences read; {listed} {'is' if len(refused) == 1 else 'are'} not. Read:"
    last = max(findings, key=lambda one: one.span.start if one.span else -1)
    lines = (told, *(f"  {line}" for line in shown))
    return [replace(one, lines=(*one.lines, *lines)) if one is last else one for one in findings]

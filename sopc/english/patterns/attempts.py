"""Phrases for what is done where something fails ("try to …; if that fails, …") → try steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runtime.values.types import TEXT
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import made_variable
from sopc.english.patterns.semantics import Context, Steps, Value
from sopc.tree import nodes
from sopc.tree.visit import walk


@dataclass(frozen=True)
class Failing:
    """As in "if that fails": what follows may speak of the error."""

    name: str

    def opens(self, context: Context) -> dict[str, Any]:
        return {"error": self.name}


@dataclass(frozen=True)
class Failed:
    """What is done where the sentence before failed."""

    name: str
    steps: Steps


@dataclass(frozen=True)
class Attempt:
    """Steps of which the next sentence says what is done where they fail."""

    steps: Steps = Steps(())  # noqa: RUF009


def tried(context: Context, body: Steps, failed: Failed) -> Steps:
    """Raises Reject for what can't be undone, and for what later sentences could not know of."""
    if body.variables or body.found is not None:
        raise Reject("what may fail can't find or count something that is spoken of later: do that before")
    if any(_lasts(context, node) for node in walk(body.steps)):
        raise Reject("a question or a commit can't be undone, so it can't be part of what may fail")
    step = nodes.Try(steps=body.steps, name=failed.name, handler=failed.steps.steps)
    return Steps((step,), closed=True, returns=(*body.returns, *failed.steps.returns))


def _lasts(context: Context, node: nodes.Node) -> bool:
    if isinstance(node, nodes.CallExpr) and (known := context.world.signatures(node.name)) is not None:
        return known[1].asks or known[1].commits
    return isinstance(node, nodes.Ask | nodes.Commit)


def failable(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "try to create …, and if that fails, …"; "try to" may be left out."""
    starts = [end for end, _ in matcher.read("trying", position, context)] or [position]
    for start in starts:
        for end, body in matcher.read("steps" if start > position else "statement", start, context):
            yield from where_it_failed(matcher, end, context, body)


def where_it_failed(matcher: Matcher, position: int, context: Context, body: Steps) -> Iterator[Found]:
    """What may follow those steps: what is done where they fail."""
    for start, _ in matcher.read("pause", position, context):
        for end, failed in matcher.read("failed", start, context):
            try:
                yield end, tried(context, body, failed)
            except Reject as error:
                matcher.reject(end, str(error))


def _failing(context: Context) -> Failing:
    return Failing(made_variable(("failure",), TEXT, context).name)


def _failed(context: Context, failing: Failing, steps: Steps) -> Failed:
    return Failed(failing.name, steps)


def _message(context: Context) -> Value:
    if not context.error:
        raise Reject("nothing has failed here")
    return Value(nodes.FieldAccess(base=nodes.Name(name=context.error), name="message"), TEXT, ("error",))


PRIMITIVES: dict[str, Primitive] = {"failable": failable}

_FAILS = "(fails|failed|does not work|goes wrong|is not possible|did not work|went wrong)"
_BELOW = "[,] [do the following|do this] :"

ROWS = (
    Row("trying", "try to|attempt to", lambda context: None),
    Row("pause", "[,|;] [and|but]", lambda context: None),
    Row("failing", f"(if|when|in case|should) (that|this|it|something|anything|any of that) {_FAILS}", _failing),
    Row("failing", "(on|in case of) (failure|error|an error)", _failing),
    Row("failing", "if (there is an error|an error occurs)", _failing),
    Row("failed", "{failing} [,] {steps@failing}", _failed),
    Row("opening", f"{{failing}} {_BELOW}", lambda context, failing: failing),
    Row("attempt", "{trying} {steps}", lambda context, steps, trying: Attempt(steps)),
    Row("opening", f"try [to do] [the following|this] {_BELOW}", lambda context: Attempt()),
    Row("value", "[the] (error|error message|reason|message of the error)", _message),
    Row("value", "what went wrong", _message),
)

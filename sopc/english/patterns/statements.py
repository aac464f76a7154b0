"""Quoted messages, arguments, and statements joined in one sentence → steps: what rows of patterns can't say."""

from __future__ import annotations

from collections.abc import Iterator

from sopc.english.patterns import words
from sopc.english.patterns.attempts import where_it_failed
from sopc.english.patterns.flow import Given, Loop, each
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject
from sopc.english.patterns.repeats import check_that_it_ends
from sopc.english.patterns.semantics import Context, Steps
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes


def free_words(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """Words up to a comma, "if" or "when", kept as a question's own text: (…) → "Go on?"."""
    for end in range(position + 1, len(matcher.tokens) + 1):
        token = matcher.tokens[end - 1]
        if token.kind == "mark" or token.low in ("if", "when", "unless"):
            return
        question = matcher.source(position, end)
        yield end, f"{question[0].upper()}{question[1:]}?"


def given(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """An argument by its parameter's name: "size = 10", "10 as the size"."""
    for name in {parameter.name for _, signature in _scripts(matcher, context) for parameter in signature.params}:
        way = name_words(name)
        skip = position + (matcher.low(position) in ("the", "a", "an"))
        tokens = matcher.tokens[skip : skip + len(way)]
        if words.same_words(tuple(token.low or token.value for token in tokens), way):
            after = skip + len(way)
            after += matcher.low(after) in ("=", "of", "being", "as", ":")
            for end, value in matcher.read("argument", after, context):
                yield end, Given(name, value.node)
        for middle, value in matcher.read("argument", position, context):
            start = middle + 1 + (matcher.low(middle + 1) in ("the", "a", "an"))
            if matcher.low(middle) in ("as", "for") and words.same_words(
                tuple(token.low for token in matcher.tokens[start : start + len(way)]), way
            ):
                yield start + len(way), Given(name, value.node)


def _scripts(matcher: Matcher, context: Context) -> Iterator[Found]:
    for position in range(len(matcher.tokens)):
        yield from matcher.read("script", position, context)


def steps(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """One statement, or several joined by "and", "then", or ";": each sees what the ones before it left. A question
    ("how many …?") is a sentence of its own."""
    if position == 0:
        yield from matcher.read("question", position, context)
    for end, first in (
        *matcher.read("statement", position, context),
        *matcher.read("failable", position, context),
        *_looped(matcher, position, context),
        *_lasting(matcher, position, context),
    ):
        yield end, first
        if first.closed:
            continue
        for after in _joiners(matcher, end):
            if _is_field(matcher, after, context):
                continue
            for last, rest in matcher.read("steps", after, context.after(first)):
                both = _followed(first, rest)
                yield last, both
                yield from where_it_failed(matcher, last, context, both)


def _looped(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "create a label for each box": the loop after its body."""
    for middle in range(position + 1, len(matcher.tokens)):
        said = matcher.low(middle) == "for" and matcher.low(middle + 1) in ("each", "every", "all")
        for end, loop in matcher.read("loop" if said else "turns", middle, context):
            for stop, body in matcher.read("statement", position, context.enter(loop)):
                shows = all(isinstance(step, nodes.Emit) for step in body.steps)
                if stop == middle and not shows and not _of_its_own_rows(loop, body):
                    try:
                        yield end, each(context, loop, body)
                    except Reject:
                        continue


def _lasting(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "delete the oldest box as long as there are more than 5": the condition after what is done again."""
    for middle in range(position + 1, len(matcher.tokens)):
        for end, fact in matcher.read("lasting", middle, context):
            for stop, body in matcher.read("statement", position, context):
                if stop in (middle, middle - (matcher.low(middle - 1) == ",")):
                    try:
                        check_that_it_ends(context, fact, body.steps)
                    except Reject as error:
                        matcher.reject(end, str(error))
                    else:
                        yield end, Steps((nodes.While(condition=fact.node, steps=body.steps),), closed=True)


def _of_its_own_rows(loop: Loop, body: Steps) -> bool:
    """As in "set the size to 1 for all boxes": one change to all of them, not a loop."""
    stores = {step.store if isinstance(step, nodes.Update) else None for step in body.steps}
    return loop.record is not None and stores == {loop.record.store.name}


def _followed(first: Steps, rest: Steps) -> Steps:
    return Steps(
        (*first.steps, *rest.steps),
        (*first.variables, *rest.variables),
        rest.found or first.found,
        rest.closed,
        rest.counts or first.counts,
        (*first.returns, *rest.returns),
    )


def _is_field(matcher: Matcher, position: int, context: Context) -> bool:
    """Whether a word that may be a verb of saying is the name of a field, which goes on with a list of fields."""
    if matcher.low(position) not in words.SAYING:
        return False
    return any(matcher.read("own_field", position, context.within(source)) for source in context.world.sources)


def _joiners(matcher: Matcher, position: int) -> Iterator[int]:
    low, following = matcher.low(position), matcher.low(position + 1)
    if low in (",", ";"):
        if following == "and":
            yield position + (3 if matcher.low(position + 2) in ("then", "also") else 2)
        elif following == "then":
            yield position + 2
        else:
            yield position + 1
    elif low == "and":
        yield position + (2 if following in ("then", ",", "also") else 1)
    elif low == "then":
        yield position + 1


PRIMITIVES: dict[str, Primitive] = {
    "free_words": free_words,
    "given": given,
    "steps": steps,
}

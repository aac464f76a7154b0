"""A sentence → its clauses (guards, loops, deeds joined by "and") → steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from runtime.values.types import ANY
from sopc.english.clauses.changes import changes_of
from sopc.english.clauses.deeds import deeds_of, with_count
from sopc.english.clauses.facts import facts_of
from sopc.english.clauses.nouns import first_rows
from sopc.english.clauses.talk import Place, Tokens, lows, names_store, on_row, with_row
from sopc.english.lexicon import same_words, singular
from sopc.english.patterns.flow import Loop, Otherwise, each
from sopc.english.patterns.matcher import Reject
from sopc.english.patterns.semantics import Condition, Context, Rows, Source, Steps, Variable, negate
from sopc.english.patterns.tokens import Token, name_words
from sopc.english.patterns.values import rows_query
from sopc.tree import nodes

_IF: Final = ("if", "when", "whenever")
_LOOPS: Final = (("for", "each"), ("for", "every"), ("for", "all"))
_ENDINGS: Final = (["at", "the", "end"], ["in", "the", "end"], ["at", "last"])
_LOOK: Final = ("check", "review", "inspect", "look", "examine")
_DEPTH: Final = 6
_OTHERWISE: Final = ("otherwise", "else")


@dataclass(frozen=True)
class OneRow:
    """The row that a sentence was read for, as "it": what was found, where that is one row."""

    record: Source
    query: nodes.Query

    def around(self, steps: tuple[nodes.AnyStep, ...], number: int) -> nodes.ForEach:
        return nodes.ForEach(sentence=number, name=self.record.alias, query=self.query, steps=steps)


@dataclass(frozen=True)
class OpenLoop:
    """A loop that a sentence ran, for the sentence after it. variables: what its steps have kept."""

    record: Source
    variables: tuple[Variable, ...]

    def inside(self, context: Context) -> Context:
        inside = on_row(context, self.record)
        return replace(inside, variables=(*inside.variables, *self.variables), _children={})

    def is_meant(self, tokens: Tokens) -> bool:
        """Whether a sentence goes on in the loop: it speaks of its row, or of an amount that was kept for it."""
        said = lows(tokens)
        if speaks_of(tokens, self.record):
            return True
        return any(
            tuple(said[at + 1 : at + 1 + len(way)]) == way
            for variable in self.variables
            for way in variable.words
            for at, low in enumerate(said)
            if low in ("the", "this", "that", "if")
        )


def open_loop(steps: Sequence[nodes.AnyStep], context: Context) -> OpenLoop | None:
    """The loop over rows that the last step is."""
    last = steps[-1] if steps else None
    if not isinstance(last, nodes.ForEach) or last.query is None or not isinstance(last.query.stages[0], nodes.From):
        return None
    origin = last.query.stages[0].store
    known = [*context.world.sources]
    store = next((one for one in known if one.alias == origin), None)
    if store is None and context.found is not None and context.found.name == origin:
        store = context.found.rows.source
    if store is None:
        return None
    kept = tuple(
        Variable(one.name, ANY, frozenset({tuple(one.name.split("_")), ("number",) if _counts(one) else ("sum",)}))
        for one in last.steps
        if isinstance(one, nodes.Let)
    )
    return OpenLoop(Source(last.name, store.database, store.store, None), kept)


def _counts(let: nodes.Let) -> bool:
    return isinstance(let.value, nodes.QueryExpr) and let.value.kind == "count"


def steps_of(place: Place, tokens: Tokens, context: Context, depth: int = 0) -> list[Steps]:
    """Each reading of a clause, or of several. Nothing is read where a word has no part."""
    if not tokens or depth > _DEPTH:
        return []
    found: list[Steps] = []
    if depth:
        found = place.whole("steps", tokens, _with_counts(place, tokens, context))
    for form in (_checked, _guarded, _looped, _single, _joined):
        found = found or list(form(place, tokens, context, depth))
    distinct: list[Steps] = []
    for one in found:
        if all(one.steps != other.steps for other in distinct):
            distinct.append(one)
    return distinct


def with_plain_pronouns(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The sentence without "at the end", and with "it" for a person."""
    for ending in _ENDINGS:
        if len(tokens) > len(ending) + 1 and lows(tokens)[-len(ending) :] == ending:
            tokens = tokens[: -len(ending)]
        if len(tokens) > len(ending) + 1 and lows(tokens)[: len(ending) + 1] == [*ending, ","]:
            tokens = tokens[len(ending) + 1 :]
    made = []
    for at, token in enumerate(tokens):
        low = token.low
        if low in ("she", "he", "him"):
            low = "it"
        elif low in ("her", "his"):
            last = at + 1 == len(tokens) or tokens[at + 1].kind != "word" or tokens[at + 1].low in ("and", "to", "as")
            low = "it" if last and low == "her" else "its"
        made.append(token if low == token.low else replace(token, low=low, value=low))
    return tuple(made)


def for_one_row(place: Place, tokens: Tokens, context: Context) -> tuple[list[Steps], OneRow] | None:
    """The readings in which "it", or the name of what was found, means the one row that was found."""
    opened = with_row(place, context)
    if opened is None:
        return None
    inside, record = opened
    if not speaks_of(tokens, record):
        return None
    found = place.whole("steps", tokens, inside) or steps_of(place, tokens, inside)
    if not found or any(step.found is not None or step.variables for step in found):
        return None
    return found, OneRow(record, place.found_query(context))


def speaks_of(tokens: Tokens, record: Source) -> bool:
    """Whether a sentence speaks of a loop's row: by "it", by its name, or by a hole with one of its fields."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if low in ("it", "its"):
            return True
        if low in ("the", "this", "that") and names_store(said[at + 1 : at + 2], record):
            return True
    fields = {name_words(field.name) for field in record.store.fields}
    return any(
        name_words(hole.partition("}")[0]) in fields
        for token in tokens if token.kind == "text"
        for hole in token.value.split("{")[1:]
    )  # fmt: skip


def otherwise_of(place: Place, tokens: Tokens, context: Context) -> list[Otherwise]:
    """ "Otherwise, …", "Otherwise, if …, …"."""
    if not tokens or tokens[0].low not in _OTHERWISE:
        return []
    rest = tokens[1 + (len(tokens) > 1 and tokens[1].low == ",") :]
    found = place.whole("steps", rest, _with_counts(place, rest, context)) or steps_of(place, rest, context)
    return [Otherwise(one.steps, returns=one.returns) for one in found]


def _with_counts(place: Place, tokens: Tokens, context: Context) -> Context:
    for token in tokens:
        if token.kind == "text":
            context = with_count(place, token.value, context)
    return context


# ── clauses around others ────────────────────────────────────────────────────────────────────────────────────────


def _checked(place: Place, tokens: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    """ "check the stock, and if …": looking at what the rest names does nothing by itself."""
    said = lows(tokens)
    if said[0] not in _LOOK:
        return
    at = next((n for n, low in enumerate(said) if low in (",", "and", "then")), 0)
    rest = at
    while rest < len(said) and said[rest] in (",", "and", "then"):
        rest += 1
    known = {part for source in context.world.sources for part in name_words(source.database)}
    known |= {part for one in context.world.sources for field in one.store.fields for part in name_words(field.name)}
    known |= {part for source in context.world.sources for part in name_words(source.store.name)}
    what = [low for low in said[1:at] if low not in ("the", "all", "of", "at", "level", "levels")]
    if at and what and all(any(same_words((low,), (part,)) for part in known) for low in what):
        yield from steps_of(place, tokens[rest:], context, depth + 1)


def _guarded(place: Place, tokens: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    """ "if X, do Y", "unless X, do Y"."""
    first = tokens[0].low
    if first not in (*_IF, "unless"):
        return
    for at in range(2, len(tokens) - 1):
        if tokens[at].low not in (",", "then"):
            continue
        start = at + 1 + (tokens[at + 1].low == "then")
        for fact in facts_of(place, tokens[1:at], context):
            found = fact.rows
            fact = Condition(negate(fact.node)) if first == "unless" else fact
            read = False
            for body in steps_of(place, tokens[start:], _inside(context, fact), depth + 1):
                read = True
                branch = nodes.Branch(condition=fact.node, steps=body.steps)
                yield Steps((nodes.If(branches=(branch,)),), closed=True, returns=body.returns)
            if not read and found is not None and first != "unless" and context.subject is None:
                yield from _for_any(place, found, tokens[start:], context, depth)


def _for_any(place: Place, rows: Rows, body: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    """As in "if any box is open, create a task": what is done to a row is done for each of those that there are."""
    if rows.source.origin is None or rows.limit is not None or rows.sorts:
        return
    record = _record_of(rows.source, context)
    inside = on_row(context, record)
    for steps in place.whole("steps", body, inside) or steps_of(place, body, inside, depth + 1):
        with suppress(Reject):
            yield each(context, Loop(record.alias, record, query=rows_query(rows)), steps)


def _inside(context: Context, fact: Condition) -> Context:
    return context if fact.rows is None else replace(context, spoken=fact.rows, _children={})


def _looped(place: Place, tokens: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    """ "for each X, do Y", "for each of them, do Y", "do Y for each of them"."""
    said = tuple(lows(tokens))
    if said[:2] in _LOOPS:
        for at, low in enumerate(said):
            if low == "," and at > 1:
                yield from _loop(place, tokens[:at], tokens[at + 1 :], context, depth)
        return
    for at in range(2, len(said) - 1):
        if said[at : at + 2] in _LOOPS:
            yield from _loop(place, tokens[at:], tokens[:at], context, depth)
        elif said[at] in ("gets", "get", "receives", "receive") and said[at + 1] in ("a", "an"):
            yield from _given_one(place, tokens[:at], tokens[at + 1 :], context, depth)


def _given_one(place: Place, what: Tokens, new: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    """As in "each box without a lid gets a label with …": a new row for each of them."""
    create = replace(what[0], low="create", value="create")
    for rows in first_rows(place, what, context) if context.subject is None else ():
        yield from _for_any(place, rows, (create, *new), context, depth)


def _loop(place: Place, head: Tokens, body: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    for loop in _loops(place, head, context):
        inside = replace(context, **loop.opens(context), _children={})
        kept = tuple(deeds_of(place, body, inside)) if lows(body)[0] in ("count", "add", "let") else ()
        for steps in kept or place.whole("steps", body, inside) or steps_of(place, body, inside, depth + 1):
            with suppress(Reject):
                yield each(context, loop, steps)


def _loops(place: Place, head: Tokens, context: Context) -> list[Loop]:
    said = lows(head)
    found = [one for one in place.whole("loop", head, context) if isinstance(one, Loop)]
    known = context.found
    if len(found) > 1 and known is not None and said[2:3] != ["of"] and names_store(said[2:], known.rows.source):
        found = [one for one in found if one.query is not None and one.query.stages[0] == known.source.origin]
    if found:
        return found
    start = 1 if said[:2] == ["for", "all"] else 2
    start += said[start : start + 1] == ["of"]
    what = head[start:]
    rows_ = first_rows(place, what, context)
    if known is not None and (not what or names_store(lows(what), known.rows.source)):
        with suppress(Reject):
            rows_ = [place.found_rows(context)]
    for rows in rows_:
        if rows.source.origin is None or context.subject is not None:
            continue
        opened = _record_of(rows.source, context)
        wheres = tuple(nodes.Where(condition=one) for one in rows.conditions)
        found.append(Loop(opened.alias, opened, query=nodes.Query(stages=(rows.source.scan, *wheres))))
    return found


def _record_of(source: Source, context: Context) -> Source:
    *before, last = name_words(source.store.name)
    name = "_".join((*before, singular(last)))
    taken = {one.name for one in context.variables} | {one.store.name for one in context.world.sources}
    return Source(f"this_{name}" if name in taken else name, source.database, source.store, None)


def _joined(place: Place, tokens: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    """Deeds joined by "and", each with what the ones before it left."""
    for at in range(1, len(tokens) - 1):
        if tokens[at].low not in ("and", "then", ",", ";"):
            continue
        start = at + 1
        while start < len(tokens) and tokens[start].low in ("and", "then", "also"):
            start += 1
        if tokens[at - 1].low in (",", "and", "then", ";"):
            continue
        for first in _one(place, tokens[:at], context, depth):
            if first.closed:
                continue
            for rest in steps_of(place, tokens[start:], context.after(first), depth + 1):
                yield Steps(
                    (*first.steps, *rest.steps), (*first.variables, *rest.variables), rest.found or first.found,
                    rest.closed, rest.counts or first.counts, (*first.returns, *rest.returns),
                )  # fmt: skip


def _one(place: Place, tokens: Tokens, context: Context, depth: int) -> list[Steps]:
    return place.whole("steps", tokens, _with_counts(place, tokens, context)) or list(
        _single(place, tokens, context, depth)
    )


def _single(place: Place, tokens: Tokens, context: Context, depth: int) -> Iterator[Steps]:
    yield from deeds_of(place, tokens, context) or changes_of(place, tokens, context)

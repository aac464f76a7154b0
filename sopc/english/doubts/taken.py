"""A workflow and its typed program → which fields and stores it takes words for that are not their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runtime.query.schema import Schema
from sopc.checker import typed
from sopc.english.doubts.facts import Aggregated, Fact, Place, Read, Sorted, Test, terms_of
from sopc.english.doubts.said import Said
from sopc.english.doubts.steps import facts_of
from sopc.english.lexicon import same
from sopc.english.reading import evidence as ev
from sopc.english.reading.aliases import spelt_out
from sopc.english.sentences import Workflow


def taken(workflow: Workflow, script: typed.Script, schemas: Mapping[str, Schema]) -> list[tuple[int, str]]:
    """Tell what a reader of the text may not expect: "expensive" as the price, "clubs" as team.

    Args:
        workflow: The sentences.
        script: The program; its steps carry the numbers of their sentences.
        schemas: By `uses` name.

    Returns:
        (number of the sentence, what is taken for what), in the order of the words, each once.
    """
    facts = facts_of(script)
    times = {
        (store.name, field.name)
        for schema in schemas.values()
        for store in schema.stores.values()
        for field in store.fields
        if field.type.name in ("date", "timestamp")
    }
    found: dict[tuple[int, str], None] = {}
    for each in workflow.sentences:
        said = Said(each, schemas, ev.NoValues())
        own = facts.get(each.number, facts.get(0, []))
        for start, end, name in sorted({*_measured(said, own, times), *_called(said, own)}):
            found[each.number, f'"{said.shown(start, end)}" is taken as {name}'] = None
    return list(found)


def _measured(said: Said, own: Sequence[Fact], times: set[Place]) -> Iterator[tuple[int, int, str]]:
    """Fields that are compared or put in order by an adjective or a verb: "expensive", "recent", "cost"."""
    measured: set[Place] = set()
    for fact in own:
        match fact:
            case Sorted(term=term) | Test(left=term) | Aggregated(name="min" | "max", term=term):
                measured |= term.places
    for one in said.senses:
        if one.sense.kind in ("adjective", "measure"):
            for place in measured:
                by_time = bool(one.sense.time) and place in times
                if (by_time or set(one.sense.larger) & set(spelt_out(place[1]))) and _is_other(said, one, place[1]):
                    yield one.start, one.end, f"the {place[1]}"


def _called(said: Said, own: Sequence[Fact]) -> Iterator[tuple[int, int, str]]:
    """Fields and stores that are said by a word that means the same."""
    places = {place for fact in own for term in terms_of(fact) for place in term.places}
    stores = {fact.store for fact in own if isinstance(fact, Read)}
    named = {(one.start, one.end) for one in said.evidences if isinstance(one, ev.Field | ev.Store) and not one.cost}
    for one in said.evidences:
        match one:
            case ev.Field(store=store, field=name) if (store, name) in places:
                pass
            case ev.Store(store=name) if name in stores:
                pass
            case _:
                continue
        if (one.start, one.end) not in named and _is_other(said, one, name):
            yield one.start, one.end, f"the {name}" if isinstance(one, ev.Field) else f"rows of {name}"


def _is_other(said: Said, one: ev.Evidence, name: str) -> bool:
    """Whether none of some words is one of a name."""
    return not any(same(low, word) for low in said.lows[one.start : one.end] for word in spelt_out(name))

"""How a question opens: "for each city", "of all the players", "where is", "who wrote", "order the books"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import bases, lexicon, verbs_at
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.parts import Item, Mention, Slot, State
from sopc.english.reading.sentence import PERSON, SOME_PERSON, Sentence, noun


def openings(sentence: Sentence, state: State) -> Iterator[State]:
    """The ways on from the start, besides naming what is shown."""
    at = state.pos
    if at == 0 and any(True for _ in sentence.sense(1, "show")) and sentence.low(0) in _LEADING:
        yield state._replace(pos=1, cost=state.cost + 0.05)  # "in which city"
    if at == 0 and sentence.low(0) in ("sort", "order", "arrange", "rank"):
        yield state._replace(pos=1, phase="item")  # "order the books by price"
    yield from _leading_group(sentence, state)
    yield from _who(sentence, state)
    yield from _asked(sentence, state)
    yield from _leading_rows(sentence, state)


def _leading_group(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "for each department, show …"."""
    for one in sentence.sense(state.pos, "each"):
        if sentence.low(one.start) not in ("for", "per", "in"):
            continue
        each = not {"each", "every", "all"}.isdisjoint(sentence.lows[one.start : one.end])
        at = sentence.skip(one.end)
        if at >= sentence.size:
            continue
        for slot in sentence.fields[at]:
            end = slot.end + (sentence.low(slot.end) == ",")
            yield state._replace(pos=end, groups=(*state.groups, slot), each=each)
            if sentence.low(slot.end) == "of":
                for end, made in noun(sentence, slot.end + 1, state):
                    owned = slot._replace(owner=made.latest)
                    yield made._replace(pos=end + (sentence.low(end) == ","), groups=(*made.groups, owned), each=each)
        for end, made in noun(sentence, at, state):
            end += sentence.low(end) == ","
            yield made._replace(pos=end, groups=(*made.groups, made.latest), each=each)


_LEADING: Final = frozenset({"in", "for", "to", "from", "on", "at", "with", "by", "of", "under"})


def _asked(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "where is the club", "how old is each student", "when was it opened": a field that answers that."""
    at = state.pos
    for form, answers in lexicon().answers.items():
        words = tuple(form.split())
        end = at + len(words)
        if sentence.lows[at:end] != words or not any(True for _ in sentence.sense(end, "be", "filler")):
            continue
        for rank, answer in enumerate(answers):
            options = tuple(
                (store, field, 0.05)
                for store, field in sentence.types
                if spelt_out(field)[-1] == answer or spelt_out(field)[0] == answer
            )
            if options:
                item = Item("field", -1, Slot(at, end, options))
                cost = state.cost + 0.15 + 0.05 * rank
                after = state._replace(pos=end + 1, phase="item", items=(item,), cost=cost)
                for stop, made in noun(sentence, end + 1, after):
                    yield made._replace(pos=stop, phase="mods")
                if sentence.low(end + 1) in ("each", "every"):
                    for stop, made in noun(sentence, end + 2, after):
                        yield made._replace(pos=stop, phase="mods")


def _who(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "who directed Avatar": the field of those who do that."""
    at = state.pos
    if sentence.low(at) != "who" or at + 1 >= sentence.size:
        return
    doers = {noun for _, verb in verbs_at(sentence.lows, _verb_behind(sentence, at + 1)) for noun in verb.doers}
    people = sentence.called(doers) or sentence.called(lexicon().words.person_rows)
    for store in people:
        mention = Mention(store, at, at + 1)
        yield state._replace(
            pos=at + 1, phase="mods", mentions=(mention,), latest=0, items=(Item("label", 0),),
            cost=state.cost + (PERSON if len(people) == 1 else SOME_PERSON),
        )  # fmt: skip
    doers = {base + end for base in bases(sentence.low(at + 1)) for end in ("er", "or", "r")}
    doers |= {base[:-1] + "or" for base in bases(sentence.low(at + 1))}
    options = tuple((store, field, 0.1) for store, field in sentence.types if spelt_out(field)[-1] in doers)
    if options:
        item = Item("field", -1, Slot(at, at + 2, options))
        yield state._replace(pos=at + 2, phase="mods", items=(item,), cost=state.cost + 0.1)


def _verb_behind(sentence: Sentence, at: int) -> int:
    """Where the verb stands, behind those that only help it: "who has never been …"."""
    helping = frozenset({"be", "have", "deny", "filler"})
    while at + 1 < sentence.size and any(sentence.is_sense(at, end, helping) for end in (at + 1, at + 2)):
        at += 1
    return at


def _leading_rows(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "of all the players with …, how many …", "among the claims, which …": the rows first."""
    if state.pos or sentence.low(0) not in ("of", "among", "for", "in"):
        return
    for end, made in noun(sentence, 1, state):
        if made.ranks == state.ranks:
            yield made._replace(pos=end, phase="leading", cost=made.cost + 0.05)

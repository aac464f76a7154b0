"""An everyday verb of a question → the rows that it tells of ("customers who bought …"), or what it ties and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from sopc.english.lexicon import Verb, bases, lexicon, same, same_words, synonyms, verbs_at
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.parts import NAMED_VERB, Cond, Mention, Rank, Slot, State
from sopc.english.reading.sentence import LIGHT_VERB, NUMERIC, VERB, Sentence, operand

TIMES: Final = frozenset({"date", "timestamp"})

_DONE: Final = 0.0  # rows that an everyday verb tells of
_EITHER: Final = 0.2  # one of several stores that a verb may tell of
_TIE: Final = 0.03
_DATED: Final = 0.1  # that it was done at all, by the field that holds when
_SUM: Final = 0.1
_COUNTED: Final = 0.15  # that a verb's rows are counted, and no amount of theirs summed
_OFTEN: Final = frozenset({"often", "frequently", "times"})
_MOST: Final = frozenset({"most", "least", "fewest"})
_BOUNDS: Final = frozenset({">", "<", ">=", "<="})
_ASKED_OF: Final = frozenset({"do", "does", "did", "has", "have"})
_PASSIVE: Final = frozenset({"get", "gets", "got", "getting"})
_BEFORE: Final = frozenset(
    {"who", "that", "which", "not", "never", "to", "do", "does", "did", "they", "it", "can", "cannot", "we", "you",
     "i", "ever", "currently", "still", "people"}
)  # fmt: skip


def is_past(word: str) -> bool:
    """Whether a word has the form of a past or a participle."""
    return word.endswith(("ed", "ing", "en")) or any(
        (base != word and not word.startswith(base[:3])) or base in lexicon().irregular for base in bases(word)
    )


def stands_as_verb(sentence: Sentence, at: int) -> bool:
    """Whether a word has the form and the place of a verb; "the product reviews" are rows."""
    if is_past(sentence.low(at)):
        return True
    if any(store.end == at + 1 for store in sentence.stores[at]):
        return at > 0 and sentence.low(at - 1) in _BEFORE
    ends = at > 0 and (sentence.texts[at - 1] is not None or sentence.ends_name(at))
    plain = sentence.low(at).endswith("s") or sentence.low(at + 1) in ("", "?", ".", ",")
    plain = plain or any(True for _ in sentence.sense(at + 1, "join"))
    return (ends and plain) or (at > 0 and sentence.low(at - 1) in _BEFORE)


def deeds(sentence: Sentence, state: State) -> Iterator[State]:
    """The states behind an everyday verb: with the rows that it tells of, its tie, or the day that it names."""
    at = state.pos
    if sentence.tokens[at].kind != "word" or (state.latest < 0 and not state.items):
        return
    if not stands_as_verb(sentence, at) or (sentence.tokens[at].value[:1].isupper() and at):
        return
    for end, verb in verbs_at(sentence.lows, at):
        phrase = " ".join(sentence.lows[at:end])
        yield from _narrowed(sentence, state, end, phrase)
        yield from _dated(sentence, state, end, phrase)
        stores = sentence.called(verb.rows)
        yield from _amounts(sentence, state, end, verb, stores)
        if len(state.verbs) >= 2 or not _can_do(sentence, state, end, verb):
            continue
        if not _ends_other_name(sentence, state):
            yield from _done(sentence, state, end, stores)
            yield from _most(sentence, state, end, stores) if not verb.amounts else ()
        cost = state.cost + _tie(sentence, state, end, verb, stores)
        verb_at = state.verb_at if state.verbs else at
        yield state._replace(pos=end, cost=cost, verbs=(*state.verbs, phrase), verb_at=verb_at)


def _amounts(sentence: Sentence, state: State, end: int, verb: Verb, stores: Sequence[str]) -> Iterator[State]:
    """As in "who spent the most", "that spent more than 500 in total": of the sum of the one amount of its rows."""
    options = tuple(
        (store, field, 0.0)
        for (store, field), type_ in sentence.types.items()
        if store in stores and type_ in NUMERIC and not set(verb.amounts).isdisjoint(spelt_out(field))
    )
    if len(options) != 1 or state.latest < 0 or state.pending:
        return
    slot = Slot(state.pos, end, options)
    at = sentence.skip(_without_object(sentence, end))
    for rank in sentence.sense(at, "rank") if at < sentence.size else ():
        if sentence.low(rank.end - 1) in _MOST and not any(one.limit and one.kind != "first" for one in state.ranks):
            down = rank.sense.direction == "down"
            order = Rank("measure", down, slot, limit=1, of=state.latest, fn="sum")
            stop = rank.end + (sentence.low(rank.end) == "money")
            yield state._replace(pos=stop, cost=state.cost + _SUM, ranks=(*state.ranks, order), verbs=())
    for one in sentence.sense(at, "compare") if at < sentence.size else ():
        if one.sense.of or one.sense.op not in _BOUNDS:
            continue
        for stop, value, cost in operand(sentence, one.end, state):
            if isinstance(value, int | Decimal):
                cond = Cond(state.latest, "figure", slot, one.sense.op, value, at=state.pos, fn="sum")
                yield state._replace(
                    pos=stop, cost=state.cost + cost + _SUM, conds=(*state.conds, cond), verbs=()
                )  # fmt: skip


def _tie(sentence: Sentence, state: State, end: int, verb: Verb, stores: Sequence[str]) -> float:
    """What it costs to take a verb for a tie: little where it says of when, or where the way leads over its rows."""
    at = state.pos
    if _is_time(sentence, end) and any(named for *_, named in dates(sentence, (" ".join(sentence.lows[at:end]),))):
        return _TIE
    if stores or any(store.end == end for store in sentence.stores[at]):
        return _TIE + NAMED_VERB  # less where the way leads over that store
    light = any(base in lexicon().words.ties for base in bases(sentence.low(at)))
    return _TIE if not verb.rows else LIGHT_VERB if light else VERB


def _subject(sentence: Sentence, state: State) -> str:
    """The store of the rows before a verb, also where their name stands for a key that points at them."""
    if state.latest >= 0:
        return state.mentions[state.latest].store
    slot = state.items[-1].slot if state.items else None
    named = sentence.stores[slot.start] if slot is not None else ()
    return next((one.store for one in named if slot is not None and one.end == slot.end), "")


def _can_do(sentence: Sentence, state: State, end: int, verb: Verb) -> bool:
    """Whether those before the verb may have the part that is said: customers buy, and are neither sold nor sell."""
    subject = _subject(sentence, state)
    if not subject or not verb.doers:
        return True
    does = subject in sentence.called(verb.doers)
    person = subject in sentence.called(lexicon().words.person_rows)
    before = sentence.low(state.pos - 1)
    slot = state.items[-1].slot if state.items else None
    reduced = state.pos == (state.mentions[state.latest].end if state.latest >= 0 else slot.end if slot else -1)
    if reduced and sentence.low(end) == "by":
        return not does
    active = not reduced and before not in _PASSIVE and not any(True for _ in sentence.sense(state.pos - 1, "be"))
    return does or not (active and person)


def _ends_other_name(sentence: Sentence, state: State) -> bool:
    """Whether a value, or rows that were named later, stand right before the verb: "the products that Ann bought"."""
    if state.latest > 0 and sentence.low(state.pos - 1) not in ("who", "that", "which", "not", "never"):
        return True
    return sentence.ends_name(state.pos) and (state.latest != 0 or state.mentions[0].end != state.pos)


def _done(sentence: Sentence, state: State, end: int, named: Iterable[str]) -> Iterator[State]:
    """As in "who bought something", "that were never sold"."""
    mentioned = {one.store for one in state.mentions}
    stores = [store for store in named if store not in mentioned]
    how = "none" if {"not", "never"} & set(state.pending) else "some"
    for store in stores:
        mention = Mention(store, state.pos, end, how, words=(" ".join(sentence.lows[state.pos : end]),), done=True)
        conds = state.conds
        if how == "none" and conds and conds[-1].kind == "said" and sentence.low(conds[-1].at - 1) in _ASKED_OF:
            conds = (*conds[:-1], conds[-1]._replace(mention=len(state.mentions)))  # "did Max never borrow"
        yield state._replace(
            pos=_without_object(sentence, end), mentions=(*state.mentions, mention), latest=len(state.mentions),
            conds=conds, pending=(), verbs=(), cost=state.cost + _DONE + (_EITHER if len(stores) > 1 else 0.0),
        )  # fmt: skip


def _most(sentence: Sentence, state: State, end: int, named: Iterable[str]) -> Iterator[State]:
    """As in "who ordered the most", "which book was borrowed most often": of how many of the verb's rows there are."""
    at = sentence.skip(end)
    for one in sentence.sense(at, "rank") if at < sentence.size and state.latest >= 0 and not state.pending else ():
        if sentence.low(one.end - 1) != "most" or state.ranks:
            continue  # of the least, those without any are the first
        stop = one.end + (sentence.low(one.end) in _OFTEN)
        for done in _done(sentence, state, end, named):
            order = Rank("count", True, mention=done.latest, limit=1, of=state.latest)
            yield done._replace(pos=stop, cost=done.cost + _COUNTED, ranks=(order,))


def _without_object(sentence: Sentence, at: int) -> int:
    """Behind "anything", "from us" and the like, which say no more than the verb does."""
    words = lexicon().words
    while at < sentence.size:
        to_us = sentence.low(at + 1) in words.us and any(True for _ in sentence.sense(at, "join"))
        if sentence.low(at) in words.anything or sentence.low(at) in words.us:
            at += 1
        elif to_us:
            at += 2
        else:
            break
    return at


def _dated(sentence: Sentence, state: State, end: int, phrase: str) -> Iterator[State]:
    """As in "orders that have not been shipped": whether there is a day of it."""
    latest = state.mentions[state.latest].store if state.latest >= 0 else ""
    options = tuple(
        (store, field, 0.0)
        for store, field, named in dates(sentence, (phrase,))
        if store == latest and named and sentence.types[store, field] in TIMES
    )
    if len(options) != 1 or _is_time(sentence, end):
        return
    pending = tuple(one for one in state.pending if one not in ("not", "never"))
    cond = Cond(state.latest, "empty", Slot(state.pos, end, options), negated=pending == state.pending, at=state.pos)
    end += sentence.low(end) == "yet"
    yield state._replace(pos=end, cost=state.cost + _DATED, conds=(*state.conds, cond), pending=pending, verbs=())


def _is_time(sentence: Sentence, at: int) -> bool:
    """Whether a time is said next, so that the verb says of when it is."""
    return any(one.sense.of == "time" for one in sentence.sense(at, "compare")) and any(
        sentence.times[place] is not None or sentence.numbers[place] is not None
        for place in range(at, min(at + 4, sentence.size))
    )


def _narrowed(sentence: Sentence, state: State, end: int, phrase: str) -> Iterator[State]:
    """As in "when was it founded": the day that is asked for is the verb's."""
    item = state.items[0] if state.items else None
    if sentence.low(0) != "when" or item is None or item.slot is None or item.slot.start != 0:
        return
    named = {(store, field) for store, field, is_named in dates(sentence, (phrase,)) if is_named}
    options = tuple((store, field, 0.0) for store, field, _ in item.slot.options if (store, field) in named)
    if options:
        asked = item._replace(slot=item.slot._replace(options=options))
        yield state._replace(pos=end, cost=state.cost + _TIE, items=(asked, *state.items[1:]), verbs=())


def tells_of(verb: str, store: str) -> bool:
    """Whether a verb names a store, by itself or as the lexicon says."""
    words, name = tuple(verb.split()), spelt_out(store)
    nouns = {noun for end, known in verbs_at(words, 0) if end == len(words) for noun in known.rows}
    return same(words[0], name[-1]) or any(same_words(name, tuple(noun.split())) for noun in nouns)


def dates(sentence: Sentence, verbs: Iterable[str]) -> Iterator[tuple[str, str, bool]]:
    """(store, field, whether a verb, or else the store, names it) of the fields of days and years."""
    said = {word for verb in verbs for word in _words_of(verb)}
    years = lexicon().words.year_names
    for (store, field), type_ in sentence.types.items():
        words = spelt_out(field)
        if type_ in TIMES or (type_ == "int" and (words[-1] in years or words[0] == "year")):
            yield store, field, any(same(one, word) for one in said or spelt_out(store) for word in words)


def _words_of(verb: str) -> set[str]:
    """The words of fields that a verb may be about: itself, what means the same, and what the lexicon says of it."""
    words = tuple(verb.split())
    found = {*words, *(other[0] for other in synonyms().get(words, ()) if len(other) == 1)}
    for end, known in verbs_at(words, 0):
        if end == len(words):
            found |= {part for one in known.dates for part in one.split()}
    return found

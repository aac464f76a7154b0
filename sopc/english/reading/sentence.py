"""Tokens with their evidences → what stands where: names, values, senses, nouns, operands, superlatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Final

from sopc.english.lexicon import lexicon, same_words, singular, units_of_amounts
from sopc.english.reading import evidence
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.parts import NAMED_VERB as NAMED_VERB
from sopc.english.reading.parts import Cond, Figure, Mention, Operand, Option, Quantity, Rank, Said, Slot, State
from sopc.english.reading.tokens import Token

VERB: Final = 2.7  # a word that only ties two mentions, and that nothing knows
LIGHT_VERB: Final = 0.2  # one that says little by itself: "take", "use"
PERSON: Final = 0.05  # "people", where one store is of people
SOME_PERSON: Final = 0.25  # where several are
NUMBERED: Final = 0.05  # a number behind the name of a row
_NUMBER: Final = frozenset({"number", "no", "nr", "id"})
BY_KIND: Final = 0.08  # rows called by what they are: "logins", "consultants"
BY_VALUE: Final = 0.3  # rows called by another value of theirs: "novels", "cabins"
COMMON: Final = frozenset({"common", "popular", "frequent", "frequently", "commonly", "often"})
NUMERIC: Final = frozenset({"int", "float", "decimal"})
_SAYING: Final = frozenset({"filler", "show", "say", "ask", "call", "write", "have", "join"})  # of nobody's rows
_OWN: Final = frozenset({"its", "their", "his", "her", "same", "own"})
_ARTICLES: Final = frozenset({"a", "an", "any"})
_EVERY: Final = frozenset({"all", "each", "every"})
_EVERYONE: Final = frozenset({"everyone", "everybody"})
_BEFORE_ALL: Final = frozenset({"show", "count", "aggregate", "and", "join", "discourse", "each", "distinct", "rank"})
_TIES: Final = frozenset({"by", "with", "without"})
_NOT_VALUES: Final = frozenset(
    {"show", "aggregate", "compare", "rank", "order", "each", "count", "distinct", "deny", "or", "and", "join",
     "relative", "whose", "have", "be", "filler", "both", "reference", "called", "direction", "first", "adjective",
     "period", "guard", "only", "discourse"}
)  # fmt: skip


class Sentence:
    """Its evidences by where they start, and what can be asked about its words. types: of each (store, field).
    links: the stores that only tie others. keys: the fields that tell rows apart or point at some. numbered: the whole
    number that is the key of a store."""

    def __init__(
        self,
        tokens: Sequence[Token],
        found: Sequence[evidence.Evidence],
        types: dict[tuple[str, str], str],
        links: frozenset[str] = frozenset(),
        keys: frozenset[tuple[str, str]] = frozenset(),
        numbered: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.keys = keys
        self.numbered = numbered
        self.links = links
        self.tokens = tokens
        self.types = types
        self.size = len(tokens)
        self.lows = tuple(token.low or token.value.lower() for token in tokens)
        size = self.size + 1
        self.senses: list[list[evidence.Sense]] = [[] for _ in range(size)]
        self.stores: list[list[evidence.Store]] = [[] for _ in range(size)]
        self.numbers: list[evidence.Number | None] = [None] * size
        self.times: list[evidence.Time | None] = [None] * size
        self.texts: list[str | None] = [None] * size
        fields: list[dict[int, dict[tuple[str, str], float]]] = [{} for _ in range(size)]
        values: list[dict[int, list[tuple[str, str, str, float]]]] = [{} for _ in range(size)]
        for one in found:
            match one:
                case evidence.Sense():
                    self.senses[one.start].append(one)
                case evidence.Store():
                    self.stores[one.start].append(one)
                case evidence.Field():
                    fields[one.start].setdefault(one.end, {})[one.store, one.field] = one.cost
                case evidence.Value():
                    values[one.start].setdefault(one.end, []).append((one.store, one.field, one.value, one.cost))
                case evidence.Number():
                    self.numbers[one.start] = one
                case evidence.Time():
                    self.times[one.start] = one
                case evidence.Text():
                    self.texts[one.start] = one.text
                case _:
                    pass
        self.fields = [
            [Slot(at, end, tuple((*key, cost) for key, cost in by.items())) for end, by in starts.items()]
            for at, starts in enumerate(fields)
        ]
        self.values = [
            [Said(at, end, tuple(by)) for end, by in sorted(starts.items(), reverse=True) if self._is_value(at, end)]
            for at, starts in enumerate(values)
        ]

    def _is_value(self, at: int, end: int) -> bool:
        """Whether words that the data hold can be meant as a value: not a word that has a part of its own."""
        if self.tokens[at].kind in ("text", "number"):
            return True
        if end > at + 1:
            return not all(self.is_sense(place, place + 1, _NOT_VALUES) for place in range(at, end))
        capital = self.tokens[at].value[:1].isupper() and at > 0
        return capital or not self.is_sense(at, end, _NOT_VALUES)

    def called(self, nouns: Iterable[str]) -> list[str]:
        """The stores that have one of some nouns as their whole name."""
        said = [tuple(one.split()) for one in nouns]
        stores = dict.fromkeys(store for store, _ in self.types)
        return [store for store in stores if any(same_words(spelt_out(store), one) for one in said)]

    def flags(self, at: int) -> Iterator[tuple[Slot, bool]]:
        """The yes/no fields that a word names, and whether it denies them: "inactive" of active."""
        for slot in self.fields[at]:
            truths = tuple(one for one in slot.options if self.types[one[0], one[1]] == "bool")
            if truths:
                yield slot._replace(options=truths), False
        low = self.low(at)
        for start in lexicon().words.opposites:
            rest = low.removeprefix(start)
            if rest == low:
                continue
            flags = (one for one, kind in self.types.items() if kind == "bool")
            truths = tuple((store, field, 0.0) for store, field in flags if spelt_out(field)[-1] == rest)
            if truths:
                yield Slot(at, at + 1, truths), True

    def is_sense(self, at: int, end: int, kinds: frozenset[str]) -> bool:
        return any(one.end == end and one.sense.kind in kinds for one in self.senses[at])

    def sense(self, at: int, *kinds: str) -> Iterator[evidence.Sense]:
        return (one for one in self.senses[at] if one.sense.kind in kinds)

    def says_nothing(self, at: int) -> bool:
        """Whether a word names nothing and has no sense that could tell rows apart; "after" may be part of a verb."""
        named = self.fields[at] or self.stores[at] or self.values[at] or self.numbers[at] or self.times[at]
        senses = [one for one in self.senses[at] if one.sense.kind not in _SAYING and one.sense.of != "time"]
        return not named and not senses and self.tokens[at].kind == "word"

    def ends_name(self, at: int) -> bool:
        """Whether a store's name or a value ends right before a token."""
        starts = range(max(at - evidence.LONGEST_VALUE, 0), at)
        stores = any(one.end == at for start in starts for one in self.stores[start])
        return stores or any(one.end == at for start in starts for one in self.values[start])

    def low(self, at: int) -> str:
        return self.lows[at] if at < self.size else ""

    def skip(self, at: int) -> int:
        """Behind the fillers from here on."""
        while at < self.size:
            ends = [one.end for one in self.senses[at] if one.sense.kind == "filler"]
            if not ends:
                break
            at = max(ends)
        return at

    @cached_property
    def of_all(self) -> tuple[int, ...]:
        """Where "every", "all" or "everyone" stands as what a verb or "by" is about: "borrowed every book"."""
        return tuple(
            at
            for at, low in enumerate(self.lows)
            if low in {*_EVERY, *_EVERYONE} - {"each"} and not self._begins_rows(at)
        )

    def _begins_rows(self, at: int) -> bool:
        """Whether words before a token lead to rows that are shown, counted or grouped: "list all", "names of all"."""
        while at and self.is_sense(at - 1, at, frozenset({"filler"})):
            at -= 1
        if at == 0 or self.tokens[at - 1].kind not in ("word", "number"):
            return True
        starts = range(max(at - evidence.LONGEST_VALUE, 0), at)
        return self.lows[at - 1] not in _TIES and any(self.is_sense(start, at, _BEFORE_ALL) for start in starts)


def noun(sentence: Sentence, at: int, state: State) -> Iterator[tuple[int, State]]:
    """(end, state with a new mention) of rows by their store's name, with what stands before it: "female students",
    "the three youngest students"."""
    at = sentence.skip(at)
    at += sentence.low(at) in ("its", "their", "his", "her")
    if sentence.low(at) in ("that", "this", "those", "these", "such", "same"):
        known = {mention.store for mention in state.mentions}
        for store in sentence.stores[at + 1]:
            if store.store in known or (state.groups and sentence.low(at) != "that"):
                for made in _mentioned(sentence, store, state, ()):
                    yield store.end, made
        return
    every = _says_every(sentence, at)
    for end, made in _noun(sentence, at, state, ()):
        yield end, made._replace(mentions=(*made.mentions[:-1], made.mentions[-1]._replace(every=every)))
        yield from _numbered(sentence, end, made)


def _numbered(sentence: Sentence, end: int, state: State) -> Iterator[tuple[int, State]]:
    """As in "order 103", "invoice number 7": the row with that key."""
    said = sentence.low(end - 1)
    at = end + (sentence.low(end) in _NUMBER)
    number = sentence.numbers[at] if at < sentence.size else None
    mention = state.mentions[-1]
    key = sentence.numbered.get(mention.store)
    if key is None or number is None or singular(said) != said or mention.end != end:
        return
    amount = number.amount
    if amount.whole is not None and not amount.ordinal and not amount.unit:
        slot = Slot(at, number.end, ((mention.store, key, 0.0),))
        cond = Cond(state.latest, "test", slot, "=", amount.whole, at=at)
        yield number.end, state._replace(cost=state.cost + NUMBERED, conds=(*state.conds, cond))


def _says_every(sentence: Sentence, at: int) -> bool:
    """Whether a noun that starts at a token is said of all such rows: "every book", "all the books", "everyone"."""
    if sentence.low(at) in _EVERYONE:
        return True
    while at and sentence.low(at - 1) not in _EVERY and sentence.is_sense(at - 1, at, frozenset({"filler"})):
        at -= 1
    return at > 0 and sentence.low(at - 1) in _EVERY


def _noun(sentence: Sentence, at: int, state: State, before: tuple[object, ...]) -> Iterator[tuple[int, State]]:
    if at >= sentence.size or len(before) > 3:
        return
    for store in sentence.stores[at]:
        for made in _mentioned(sentence, store, state, before):
            yield store.end, made
    if sentence.low(at) in lexicon().words.people:
        people = sentence.called(lexicon().words.person_rows)
        for name in people:
            person = evidence.Store(at, at + 1, PERSON if len(people) == 1 else SOME_PERSON, "", name)
            for made in _mentioned(sentence, person, state, before):
                yield at + 1, made
    for value in sentence.values[at]:
        yield from _noun(sentence, sentence.skip(value.end), state, (*before, value))
        for name, (cost, kinds) in _kinds(sentence, value).items():
            for made in _mentioned(sentence, evidence.Store(at, value.end, cost, "", name), state, (*before, kinds)):
                yield value.end, made
    for slot, denied in sentence.flags(at):
        said = Cond(-1, "truth", slot, negated=denied, at=at)
        yield from _noun(sentence, slot.end, state, (*before, said))
        for name in dict.fromkeys(one[0] for one in slot.options):
            own = evidence.Store(at, slot.end, BY_KIND + min(one[2] for one in slot.options), "", name)
            for made in _mentioned(sentence, own, state, (*before, said)):
                yield slot.end, made
    for one in sentence.sense(at, "adjective"):
        if one.degree == "superlative":
            guessed = 0.4 if sentence.low(at) == "first" else 0.0  # of no order that is said
            yield from _noun(sentence, one.end, state._replace(cost=state.cost + guessed), (*before, one))
    for one in sentence.sense(at, "distinct"):
        yield from _noun(sentence, one.end, state._replace(distinct=True), before)
    for one in sentence.sense(at, "first"):
        number = sentence.numbers[one.end] if one.end < sentence.size else None
        if number is not None and number.amount.whole and not number.amount.ordinal:
            yield from _noun(sentence, number.end, state, (*before, ("top", number.amount.whole, one.sense.direction)))
    number = sentence.numbers[at]
    if number is not None and not number.amount.ordinal and number.amount.whole and not number.amount.unit:
        yield from _noun(sentence, number.end, state, (*before, ("number", number.amount.whole)))


def _kinds(sentence: Sentence, value: Said) -> dict[str, tuple[float, Said]]:
    """The rows that a value is a noun for, by their store, with what that costs: "logins" are events whose type is
    login, and "dogs", or "a dog", rows whose species is dog."""
    last = sentence.low(value.end - 1)
    as_noun = singular(last) != last or sentence.low(value.start - 1) in _ARTICLES
    found: dict[str, tuple[float, Said]] = {}
    for option in value.options:
        store, field, *_ = option
        by_kind = spelt_out(field)[-1] in lexicon().words.kinds
        if by_kind or (as_noun and not sentence.stores[value.start] and not _names_row(field)):
            cost, known = found.get(store, (BY_KIND if by_kind else BY_VALUE, value._replace(options=())))
            cost = min(cost, BY_KIND if by_kind else BY_VALUE)
            found[store] = cost, known._replace(options=(*known.options, option))
    return found


def _names_row(field: str) -> bool:
    return spelt_out(field)[-1] in lexicon().words.label


def _mentioned(sentence: Sentence, store: evidence.Store, state: State, before: tuple[object, ...]) -> Iterator[State]:
    index = len(state.mentions)
    mention = Mention(store.store, store.start, store.end)
    conds, ranks, limit, descending = state.conds, state.ranks, None, ""
    cost = store.cost + state.cost + (0.4 if store.store in sentence.links else 0.0)
    superlative: evidence.Sense | None = None
    for one in before:
        if isinstance(one, Said):
            conds = (*conds, Cond(index, "said", operand=one, at=one.start))
        elif isinstance(one, Cond):
            conds = (*conds, one._replace(mention=index))
        elif isinstance(one, evidence.Sense):
            superlative = one
        elif isinstance(one, tuple):
            limit, descending = one[1], one[2] if len(one) > 2 else ""
    choices: list[tuple[Rank, ...]] = [ranks]
    if superlative is not None:
        owned = [
            rank._replace(slot=rank.slot._replace(options=options))
            for rank in superlative_ranks(sentence, superlative, index, limit)
            if rank.slot is not None and (options := tuple(one for one in rank.slot.options if one[0] == store.store))
        ]
        choices = [(*ranks, rank) for rank in owned]
    elif limit is not None:
        if descending == "down":
            return
        choices = [(*ranks, Rank("first", False, mention=index, limit=limit, of=index))]
    mentions = (*state.mentions, mention._replace(words=state.verbs))
    for chosen in choices:
        yield state._replace(cost=cost, mentions=mentions, conds=conds, ranks=chosen, latest=index, verbs=())


def superlative_ranks(sentence: Sentence, one: evidence.Sense, mention: int, limit: int | None) -> list[Rank]:
    """The orders that an adjective in the superlative may mean, by the fields that it measures: age falling, birth
    rising."""
    slot = measured(sentence, one)
    found = []
    for sign in ("+", "-"):
        options = tuple(
            option for option in slot.options if sign_of(one, option[1], sentence.types[option[0], option[1]]) == sign
        )
        if options:
            found.append(
                Rank(
                    "field",
                    sign == "+",
                    slot=slot._replace(options=options),
                    mention=mention,
                    limit=limit or 1,
                    of=mention,
                )
            )
    return found


def measured(sentence: Sentence, one: evidence.Sense) -> Slot:
    """The fields that an adjective may be about."""
    options = []
    for (store, field), type_ in sentence.types.items():
        if sign_of(one, field, type_):
            by_time = bool(one.sense.time and one.sense.larger) and type_ in ("date", "timestamp")
            named = not one.sense.larger.keys().isdisjoint(spelt_out(field))
            options.append((store, field, 0.4 if by_time and not named else 0.1))
    return Slot(one.start, one.end, tuple(options))


def sign_of(one: evidence.Sense, field: str, type_: str) -> str:
    if type_ == "bool" or (type_ == "text" and not one.sense.time):
        return ""
    words = spelt_out(field)
    units = units_of_amounts()
    kinds = {units[word][0] for word in words if word in units}
    for noun_, sign in one.sense.larger.items():
        alike = noun_ in units and units[noun_][0] in kinds  # "longest" of milliseconds, as of minutes
        if (noun_ in words or alike) and words[-1] not in lexicon().words.key_tails:
            return sign
    if one.sense.time and (
        type_ in ("date", "timestamp") or words[-1] == "year" or words[0] in ("year", "founded", "founded")
    ):
        return one.sense.time
    return ""


def of_quantities(sentence: Sentence, slot: Slot) -> tuple[Option, ...]:
    """The fields that a name may mean whose numbers are amounts: no keys, no years."""
    return tuple(
        one
        for one in slot.options
        if sentence.types[one[0], one[1]] in NUMERIC and one[:2] not in sentence.keys and one[1].lower() != "year"
    )


def how_many(sentence: Sentence, at: int) -> tuple[int, int]:
    """ "top 3", "three": how many of the first, and where that ends."""
    for one in sentence.sense(at, "first"):
        number = sentence.numbers[one.end] if one.end < sentence.size else None
        if number is not None and number.amount.whole and not number.amount.ordinal:
            return number.amount.whole, number.end
    number = sentence.numbers[at]
    if number is not None and number.amount.whole and not number.amount.ordinal and number.end < sentence.size:
        following = any(True for _ in sentence.sense(number.end, "rank", "adjective"))
        return (number.amount.whole, number.end) if following else (1, at)
    return 1, at


def operand(sentence: Sentence, at: int, state: State) -> Iterator[tuple[int, Operand, float]]:
    """(end, what is compared with, cost): a number, a text, a day, a field, or a figure such as "the average"."""
    at = sentence.skip(at)
    if at >= sentence.size:
        return
    sign = -1 if sentence.low(at) == "-" else 1
    number = sentence.numbers[at + (sign < 0)]
    if number is not None and not number.amount.ordinal:
        value: int | Decimal = number.amount.whole if number.amount.whole is not None else number.amount.value
        end = number.end
        if sentence.low(end) in ("years", "year", "old"):
            end += 1
            end += sentence.low(end) == "old"
        if number.amount.unit == "money":
            end += sentence.low(end) in lexicon().measured["money"]
            yield end, Quantity(sign * value, "dollars"), 0.0
        elif number.amount.unit != "percent":
            yield end, sign * value, 0.0
            if sentence.low(end) in units_of_amounts():
                yield end + 1, Quantity(sign * value, sentence.low(end)), 0.0
        else:
            yield end, value, 0.3
    if sentence.low(at) in units_of_amounts() and sentence.low(at - 1) in ("a", "an", "one"):
        yield at + 1, Quantity(1, sentence.low(at)), 0.0
    text = sentence.texts[at]
    if text is not None:
        yield at + 1, text, 0.0
    time = sentence.times[at]
    if time is not None:
        yield time.end, time.moment, 0.0
    for said in sentence.values[at]:
        yield said.end, said, 0.0 if sentence.tokens[at].value[:1].isupper() or text is not None else 0.15
    for one in sentence.sense(at, "aggregate"):
        end = sentence.skip(one.end)
        yield one.end, Figure(one.sense.fn, None), 0.0
        yield from _of_rows(sentence, one.sense.fn, one.end)
        if end < sentence.size:
            for slot in sentence.fields[end]:
                yield slot.end, Figure(one.sense.fn, slot), 0.0
                after = slot.end
                if sentence.low(after) in ("of", "for", "among", "across"):
                    for store in sentence.stores[sentence.skip(after + 1)]:
                        owned = tuple(opt for opt in slot.options if opt[0] == store.store)
                        if owned:
                            whole = Figure(one.sense.fn, slot._replace(options=owned))
                            yield store.end, whole, store.cost
                            for stop, said in _some_rows(sentence, store.end):
                                yield stop, whole._replace(said=said), store.cost
                for stop, said in _some_rows(sentence, after):
                    yield stop, Figure(one.sense.fn, slot, said=said), 0.1
            # "the average of all prices"
            if sentence.low(one.end) in ("of", "for"):
                for slot in sentence.fields[sentence.skip(one.end + 1)]:
                    yield slot.end, Figure(one.sense.fn, slot), 0.05


def _of_rows(sentence: Sentence, fn: str, at: int) -> Iterator[tuple[int, Figure, float]]:
    """As in "the average part", "the average for its own category": which rows the figure is of."""
    for store in sentence.stores[at] if at < sentence.size else ():
        yield store.end, Figure(fn, None, store=store.store), store.cost
    start = at + 1 + (sentence.low(at + 1) == "the")
    if sentence.low(at) not in ("of", "for", "in", "within") or sentence.low(start) not in _OWN:
        return
    start += 1 + (sentence.low(start + 1) == "own")
    for slot in sentence.fields[start] if start < sentence.size else ():
        yield slot.end, Figure(fn, None, alike=slot), 0.0


def _some_rows(sentence: Sentence, at: int) -> Iterator[tuple[int, Said]]:
    """A value behind a preposition, with a field or store that says what it is: "in the Physics department"."""
    for join in sentence.sense(at, "join") if at < sentence.size else ():
        start = sentence.skip(join.end)
        for said in sentence.values[start] if start < sentence.size else ():
            yield said.end, said
            for store in sentence.stores[said.end] if said.end < sentence.size else ():
                yield store.end, said
            for slot in sentence.fields[said.end] if said.end < sentence.size else ():
                yield slot.end, said


def bound_after(sentence: Sentence, at: int) -> tuple[int, str]:
    """ "or more" behind a number: (end, op); (at, "") where there is none."""
    for one in sentence.sense(at, "bound") if at < sentence.size else ():
        return one.end, one.sense.op
    return at, ""

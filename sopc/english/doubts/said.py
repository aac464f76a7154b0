"""A sentence → what it says, ready to be compared with facts: amounts, moments, directions, negations, names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final, Literal

from runtime.query.schema import Schema
from sopc.english.doubts.facts import Place
from sopc.english.lexicon import Sense as LexiconSense
from sopc.english.lexicon import marks
from sopc.english.reading import evidence as ev
from sopc.english.reading.aliases import WITHOUT_STORE
from sopc.english.reading.tokens import Amount, Moment, Token, amounts, lows, moments, tokenize
from sopc.english.sentences import Sentence

Direction = Literal["up", "down"]

_ENDS: Final[dict[str, Direction]] = {"+": "down", "-": "up"}
_SUFFICES: Final = 0.5  # the cost up to which a name that is said shadows the senses of its words
_NEAR: Final = 4  # tokens between a comparison and its operand
_IF: Final = re.compile(r"(?:^|[;,]\s*|\band )(?:if|unless|otherwise)\b|\bstop if\b")
_OPENING: Final = ("show", "order", "count", "write", "say", "ask", "call", "loop", "guard", "stop")
_ESCAPES: Final = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Toward:
    """A word that says an end: "highest", "cheapest", "descending", "last". signs: for an adjective, the nouns it
    measures with the end they mean; time: the end of dates that it means. kind: rank, adjective, direction or first."""

    at: int
    kind: str
    direction: Direction | None
    sense: LexiconSense

    def of(self, words: set[str], *, is_time: bool) -> Direction | None:
        """The end that it means for a field, by the words of the field's name; None where it can't be told."""
        if self.direction is not None:
            return self.direction
        signs: set[str] = {sign for noun, sign in self.sense.larger.items() if noun in words}
        if not signs and is_time and self.sense.time:
            signs = {self.sense.time}
        signs = signs or set(self.sense.larger.values()) or {self.sense.time}
        if len(signs) != 1:
            return None
        return _ENDS.get(signs.pop())


@dataclass(frozen=True)
class Compared:
    """What is said of an operand. ops: `>` `<` `>=` `<=` `=` `between`. adjective: of "older than 5", whose direction
    depends on what it measures. second: whether it is the upper end of a range. denied: of "not more than 5"."""

    ops: tuple[str, ...]
    adjective: LexiconSense | None = None
    of_time: bool = False
    second: bool = False
    denied: bool = False


@dataclass(frozen=True)
class Period:
    """A moment as the days [start, end)."""

    start: date
    end: date


class Said:
    """One sentence. number: its own. names: the spans of the values and fields that the program uses by their whole
    names, whose words mean nothing else: a player called Max is no maximum."""

    def __init__(
        self,
        sentence: Sentence,
        schemas: Mapping[str, Schema],
        values: ev.Values,
        texts: Collection[str] = (),
        places: Collection[Place] = (),
    ) -> None:
        """texts, places: the texts in lower case, and the fields, that the program uses."""
        self.number = sentence.number
        self.text = sentence.text
        self.opens = sentence.opens
        self.tokens: Sequence[Token] = tokenize(sentence.text)
        self.lows = lows(self.tokens)
        found = ev.found_in(self.tokens, sentence.text, schemas, values)
        self.names = [(one.start, one.end) for one in found if self._is_name(one, texts, places)]
        self.evidences = [
            one for one in found if not (isinstance(one, ev.Sense) and self._is_named(one.start, one.end))
        ]

    def _is_name(self, one: ev.Evidence, texts: Collection[str], places: Collection[Place]) -> bool:
        match one:
            case ev.Value(value=value):
                spelt = one.end - one.start > 1 or value[:1] == self.tokens[one.start].value[:1]
                return spelt and len(value) > 1 and value.lower() in texts
            case ev.Field(store=store, field=name):
                return one.cost <= WITHOUT_STORE and (store, name) in places
        return False

    def _is_named(self, start: int, end: int) -> bool:
        return any(first <= start and end <= last for first, last in self.names)

    # ── words ──

    @cached_property
    def words(self) -> set[str]:
        """All words outside of quotes, lower case."""
        return {token.low for token in self.tokens if token.kind == "word"}

    @cached_property
    def plain(self) -> str:
        """The sentence in lower case, without escapes."""
        return _ESCAPES.sub(r"\1", self.text).lower()

    @cached_property
    def unquoted(self) -> str:
        """The sentence in lower case, without what it quotes or names; "%" as a word."""
        plain = self.text
        for at, token in reversed([*enumerate(self.tokens)]):
            if token.kind in ("text", "name") or self._is_named(at, at + 1):
                plain = f'{plain[: token.start]}""{plain[token.end :]}'
        return plain.lower().replace("%", " percent ")

    def marked(self, *names: str) -> bool:
        """Whether the sentence holds one of the marks of these names."""
        return marks(*names).search(self.unquoted) is not None

    def begins(self, name: str) -> bool:
        """Whether it begins with one of the marks."""
        return marks(name).match(self.unquoted) is not None

    def shown(self, start: int, end: int) -> str:
        """The tokens [start, end) as they are written."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def has(self, *kinds: str) -> bool:
        return any(one.sense.kind in kinds for one in self.senses)

    @cached_property
    def senses(self) -> list[ev.Sense]:
        """The senses that no longer name or sense takes the words of."""
        found = [one for one in self.evidences if isinstance(one, ev.Sense)]
        names = [one for one in self.evidences if isinstance(one, ev.Field | ev.Store | ev.Value)]
        over = [(one.start, one.end) for one in (*found, *(one for one in names if one.cost <= _SUFFICES))]
        return [
            one
            for one in found
            if not any(
                start <= one.start and one.end <= end and end - start > one.end - one.start for start, end in over
            )
        ]

    @cached_property
    def says_different(self) -> bool:
        """Whether "distinct" or "different" is said, also inside of a longer phrase."""
        return any(isinstance(one, ev.Sense) and one.sense.kind == "distinct" for one in self.evidences)

    @cached_property
    def goes_on(self) -> bool:
        """Whether it may speak of the steps of the sentence before: "Sort them by price", "Give me their names"."""
        first = next((one for one in self.senses if one.sense.kind in _OPENING), None)
        begins = first is not None and first.sense.kind in ("show", "order", "count")
        return self.number > 1 and (begins or (first is not None and first.sense.kind == "loop" and self.has("show")))

    @cached_property
    def is_question(self) -> bool:
        """Whether it begins by asking to see something."""
        return any(one.start <= 2 and one.sense.kind in ("show", "count") for one in self.senses)

    @cached_property
    def decides(self) -> bool:
        """Whether it says that something depends on a condition."""
        return _IF.search(self.unquoted) is not None

    def aggregates(self, function: str) -> bool:
        """Whether an aggregate function is said, also inside of a longer phrase."""
        return any(isinstance(one, ev.Sense) and one.sense.fn == function for one in self.evidences)

    # ── numbers and moments ──

    @cached_property
    def amounts(self) -> list[Amount]:
        return list(amounts(self.tokens, self.text))

    @cached_property
    def moments(self) -> list[Moment]:
        return list(moments(self.tokens))

    def period(self, moment: Moment) -> Period | None:
        """The days of a moment whose year is said."""
        if moment.year is None:
            return None
        try:
            if moment.month is None:
                return Period(date(moment.year, 1, 1), date(moment.year + 1, 1, 1))
            if moment.day is None:
                after = moment.year + moment.month // 12, moment.month % 12 + 1
                return Period(date(moment.year, moment.month, 1), date(*after, 1))
            day = date(moment.year, moment.month, moment.day)
            return Period(day, day + timedelta(days=1))
        except (ValueError, OverflowError):
            return None

    def compared(self, start: int, end: int) -> Compared | None:
        """What is said of the operand in the tokens [start, end): "more than 5", "5 or more", "older than 5"."""
        after = self.bound_after(end)
        if after is not None:
            return after
        best: ev.Sense | None = None
        for one in self.senses:
            if one.end > start or start - one.end > _NEAR or self._crossed(one.end, start):
                continue
            is_op = one.sense.kind == "compare" and one.sense.op in ("<", ">", "<=", ">=", "=", "between", "!=")
            is_adjective = one.sense.kind == "adjective" and one.degree == "comparative"
            if not (is_op or is_adjective):
                continue
            if best is None or (one.end, one.end - one.start) > (best.end, best.end - best.start):
                best = one
        if best is None:
            return None
        same_span = [one for one in self.senses if (one.start, one.end) == (best.start, best.end)]
        adjective = next(
            (
                one.sense
                for one in self.evidences
                if isinstance(one, ev.Sense)
                and one.degree == "comparative"
                and best.start <= one.start
                and one.end <= best.end
            ),
            None,
        )
        ops = tuple(dict.fromkeys(one.sense.op for one in same_span if one.sense.op))
        operands = [(one.start, one.end) for one in self.amounts] + [(one.start, one.end) for one in self.moments]
        second = any(best.end <= first and last <= start for first, last in operands)
        denied = any(
            one.sense.kind == "deny" and best.start - _NEAR <= one.start < best.start
            for one in self.evidences
            if isinstance(one, ev.Sense)
        )
        return Compared(ops, adjective, any(one.sense.of == "time" for one in same_span), second, denied)

    def bound_after(self, end: int) -> Compared | None:
        """What is said of the operand before the token: "or more"."""
        for one in self.senses:
            # "or smaller than 500" and "and below 9" speak of another number
            after = self.tokens[one.end] if one.end < len(self.tokens) else None
            compares = after is not None and (after.low == "than" or after.kind == "number")
            near = 0 <= one.start - end <= 2 and not self._crossed(end, one.start)
            if one.sense.kind == "bound" and near and not compares:
                return Compared((one.sense.op,))
        return None

    def _crossed(self, start: int, end: int) -> bool:
        """Whether another amount stands between; of "between A and B" both are its operands."""
        between = [one for one in self.amounts if start <= one.start and one.end <= end]
        if not between:
            return False
        return not any(one.sense.op == "between" and one.end <= start + 1 for one in self.senses)

    def phrase_before(self, start: int) -> str:
        """The words right before a token."""
        return " ".join(one.low for one in self.tokens[max(0, start - 4) : start])

    def phrase_after(self, end: int) -> str:
        """The words right after one."""
        return " ".join(one.low for one in self.tokens[end : end + 4])

    # ── directions ──

    @cached_property
    def towards(self) -> list[Toward]:
        found = []
        for one in self.senses:
            sense = one.sense
            if sense.kind == "direction" or sense.kind == "rank":
                found.append(Toward(one.start, sense.kind, sense.direction or None, sense))
            elif sense.kind == "adjective" and one.degree == "superlative":
                found.append(Toward(one.start, "adjective", None, sense))
            elif sense.kind == "aggregate" and sense.fn in ("max", "min"):
                found.append(Toward(one.start, "aggregate", "down" if sense.fn == "max" else "up", sense))
        return found

    # ── names ──

    @cached_property
    def fields(self) -> dict[Place, float]:
        """Each field that may be said, with the least cost."""
        found: dict[Place, float] = {}
        for one in self.evidences:
            if isinstance(one, ev.Field):
                place = one.store, one.field
                found[place] = min(found.get(place, 9.0), one.cost)
        return found

    @cached_property
    def measured(self) -> set[str]:
        """The nouns that adjectives and verbs of the sentence may measure."""
        return {noun for one in self.evidences if isinstance(one, ev.Sense) for noun in one.sense.larger}

    @cached_property
    def stores(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for one in self.evidences:
            if isinstance(one, ev.Store):
                found[one.store] = min(found.get(one.store, 9.0), one.cost)
        return found

    def values(self) -> list[ev.Value]:
        return [one for one in self.evidences if isinstance(one, ev.Value)]

"""Comparisons of a sentence ("more than 5", "older than the average"), held against the tests of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.doubts.dates import clock_bound, date_bound, is_clock
from sopc.english.doubts.facts import Fact, Term, Test
from sopc.english.doubts.numbers import ORDERED, numbers_of, shares
from sopc.english.doubts.said import Compared, Said
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.patterns.tokens import name_words
from sopc.english.reading import evidence as ev
from sopc.english.reading.tokens import Amount

COMPLEMENT: Final = {"gt": "le", "le": "gt", "lt": "ge", "ge": "lt"}
_OPS: Final = {">": "gt", "<": "lt", ">=": "ge", "<=": "le"}
_SAID: Final = {"gt": "more than", "lt": "less than", "ge": "at least", "le": "at most", "eq": "exactly"}
# (what is said, how a step may say it of a whole number, by how much its number then differs)
_NEXT: Final = {("gt", "ge", 1), ("lt", "le", -1), ("ge", "gt", -1), ("le", "lt", 1)}
_RANKS: Final = frozenset({"rank", "row_number", "dense_rank"})


def _bounds(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Tests whose direction or bound is not what is said of their operand."""
    for fact in own:
        if not isinstance(fact, Test) or fact.op not in _SAID:
            continue
        if fact.left.functions & _RANKS and not fact.guard:
            if fact.op in ("gt", "ge", "lt"):
                message = "its steps keep the rows after the first ones, or leave the last of those out"
                yield Doubt("T0603", said.number, message)
            continue
        for one in text.nearest_first(said):
            found = _bound(text, one, fact)
            if found is not None:
                yield from (Doubt("T0603", said.number, message) for message in found)
                break


def _bound(text: Text, said: Said, fact: Test) -> list[str] | None:
    """What differs; None where the sentence does not speak of the operand."""
    day = next((str(value)[:10] for value, type_ in fact.right.constants if type_ in ("date", "timestamp")), None)
    if day is not None and not fact.right.functions:
        return date_bound(said, fact, day)
    if fact.right.variables:
        return []
    if is_clock(fact):
        return clock_bound(said, fact)
    numbers = set(numbers_of(fact.right))
    whole = bool(fact.left.counted) or all(text.type_of(place) == "int" for place in fact.left.places)
    allowed: set[str] = set()
    phrases: list[str] = []
    named = {amount.start: bool(numbers & {amount.value, *shares(amount.value)}) for amount in said.amounts}
    for amount in said.amounts:
        exact = named[amount.start]
        # "9 or 10" says both of them, not what is next to them
        is_next = whole and not any(named.values()) and numbers & {amount.value + 1, amount.value - 1}
        if not exact and not is_next:
            continue
        compared = said.compared(amount.start, amount.end)
        if compared is not None and exact and fact.op == "eq" and _is_named_by(said, amount, fact.left):
            return []
        is_time = any(one.start <= amount.start and amount.end <= one.end for one in said.moments)
        if compared is not None and compared.of_time and compared.adjective is None and not is_time:
            continue  # "used by 4", "registered by 121" say no bound
        if compared is None:
            if fact.op != "eq" and said.has("compare", "bound", "adjective", "period"):
                return []  # something is compared, and it can't be told what
            continue
        ops = _ops(compared, fact)
        if ops is None:
            return []
        if compared.denied:
            ops |= {COMPLEMENT[op] for op in ops if op in COMPLEMENT}
        wanted = _SAID[min(ops & ORDERED, default="eq")]
        phrases.append(f"{wanted} {said.shown(amount.start, amount.end)}")
        if not exact:
            ops = {other for op, other, step in _NEXT if op in ops and amount.value + step in numbers}
        allowed |= ops
    if not phrases:
        return None
    if fact.guard and said.marked("turned"):
        allowed |= {COMPLEMENT[op] for op in allowed if op in COMPLEMENT}
    if fact.op in allowed:
        return []
    shown = ", ".join(str(value) for value, _ in fact.right.constants)
    return [f"it says {phrases[0]}, and its steps ask for {_SAID[fact.op]} {shown}"]


def _is_named_by(said: Said, amount: Amount, left: Term) -> bool:
    """Whether the field stands right before the number, and so says which row is meant: "more than the employee with id
    163"."""
    return any(
        isinstance(one, ev.Field) and one.end == amount.start and (one.store, one.field) in left.places
        for one in said.evidences
    ) and not said.bound_after(amount.end)


def _ops(compared: Compared, fact: Test) -> set[str] | None:
    """The operators that the phrase allows; None where it can't be told."""
    if compared.adjective is not None:
        words = _words(fact.left)
        signs = {sign for noun, sign in compared.adjective.larger.items() if noun in words}
        signs = signs or set(compared.adjective.larger.values())
        if len(signs) == 1:
            return {"gt"} if signs == {"+"} else {"lt"}
        if not compared.ops:
            return None
    found: set[str] = set()
    for op in compared.ops:
        if op == "between":
            found.add("le" if compared.second else "ge")
        elif op in _OPS:
            found.add(_OPS[op])
        elif op == "=":
            found |= {"eq", "ge", "le", "lt"} if compared.of_time else {"eq"}
        elif op == "!=":
            return None
    return found or None


def _words(term: Term) -> set[str]:
    return {word for place in term.places for word in name_words(place[1])}


def _beside_data(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Comparisons with a value of the data (an average, another row) whose direction is not the one said."""
    numbers = {amount.start for amount in said.amounts}  # "lower than at least one of them"
    senses = [one.sense for one in said.senses if one.end not in numbers]
    ops = {_OPS[sense.op] for sense in senses if sense.op in _OPS and sense.of != "time"}
    adjectives = [
        one.sense
        for one in said.evidences
        if isinstance(one, ev.Sense) and one.sense.kind == "adjective" and one.degree == "comparative"
    ]
    for fact in own:
        if not isinstance(fact, Test) or fact.op not in ORDERED or fact.right.is_constant or fact.guard:
            continue
        wanted = set(ops)
        for sense in adjectives:
            signs = {sign for noun, sign in sense.larger.items() if noun in _words(fact.left)}
            signs = signs or set(sense.larger.values())
            wanted |= {"gt" if sign == "+" else "lt" for sign in signs} or {"gt", "lt"}
        if len(wanted) == 1 and fact.op not in wanted:
            message = f"it says {_SAID[min(wanted)]}, and its steps ask for {_SAID[fact.op]}"
            yield Doubt("T0603", said.number, message)


RULES: Final[tuple[Rule, ...]] = (_bounds, _beside_data)

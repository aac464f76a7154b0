"""Negations, conditions and changes of a sentence, held against those of its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sopc.english.changes import asks_for_a_change
from sopc.english.doubts.facts import Exists, Fact, Null, Test, Truth, Unrepeated, Written
from sopc.english.doubts.numbers import ORDERED, numbers_of
from sopc.english.doubts.said import Said
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.lexicon import marks

_ANY: Final = re.compile(r"\b(?:if|when|whenever) (?:any|some|an?)\b")  # each row of which it holds, in a loop
_DECIDING: Final = ("if", "try", "while", "assert", "break", "continue")


def _denials(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Negations, both ways."""
    denied = marks("denied").search(marks("not_denied").sub(" ", said.unquoted))
    compares = any(isinstance(one, Test) and one.op in ORDERED for one in text.every)
    turned = compares and said.has("compare", "adjective", "bound")
    decides = text.does("fail", *_DECIDING)
    if denied and not turned and not decides and not any(_denies(fact, zero=True) for fact in text.every):
        yield Doubt("T0601", said.number, f"it says {denied[0]}, and no step leaves anything out")
    for fact in own:
        if isinstance(fact, Written) or not _denies(fact, zero=False) or (fact.guard and said.marked("turned")):
            continue
        if isinstance(fact, Truth) and fact.guard and not fact.term.places:  # `if not answer then fail`
            continue
        texts = [one for one, _ in fact.term.constants if isinstance(one, str)] if isinstance(fact, Truth) else []
        if any(one.lower() in said.plain for one in texts):  # "whose approval is No"
            continue
        is_plain = isinstance(fact, Test) and fact.op == "ne" and _is_said(text, fact)
        if not text.marked("denied", "left_out", *(() if is_plain else ("lacking",))):
            yield Doubt("T0602", said.number, f"its steps leave out {_left_out(fact)}, and no sentence says not")


def _denies(fact: Fact, *, zero: bool) -> bool:
    """Whether a fact leaves rows out. zero: also by being nothing."""
    match fact:
        case Null() if zero:  # "is not null"
            return True
        case Test(op="ne") | Exists(negated=True) | Null(negated=False) | Unrepeated(how="except"):
            return True
        case Test(op="eq" | "lt" | "le", right=right) if zero:
            return 0 in [*numbers_of(right)]
        case Truth(negated=negated) | Test(negated=negated):
            return negated
        case Written(values=values):
            return any(value is None for _, term in values for value, _ in term.constants)
    return False


def _is_said(text: Text, fact: Test) -> bool:
    """Whether the value that a test leaves out is spoken of."""
    texts = [value.lower() for value, _ in fact.right.constants if isinstance(value, str)]
    return any(value in one.plain for value in texts for one in text.sentences)


def _left_out(fact: Fact) -> str:
    match fact:
        case Test(left=term) | Truth(term=term) | Null(term=term) if term.places:
            return f"rows by {min(term.places)[1]}"
        case Exists(stores=stores):
            return f"rows that have {min(stores)}"
    return "rows"


def _conditions(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    each = _ANY.search(said.plain) and any(isinstance(one, Test | Truth | Null | Exists) for one in own)
    if said.decides and not text.does(*_DECIDING, *(("loop",) if each else ())):
        yield Doubt("T0601", said.number, "it names a condition, and no step of it depends on one")


def _changes(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Writes, both ways."""
    made = {one.command for one in own if isinstance(one, Written)}
    everywhere = {one.command for one in text.every if isinstance(one, Written)}
    is_shown = said.is_question or said.has("order", "direction")
    asks = asks_for_a_change(said.text)
    if asks and not is_shown and not everywhere and not text.does("call") and not said.marked("asked"):
        yield Doubt("T0601", said.number, "it asks for a change, and no step of it makes one")
    if asks and made and said.marked("only_deleted") and "delete" not in made:
        yield Doubt("T0603", said.number, f"it says to delete, and its steps only {' and '.join(sorted(made))}")
    if asks and made and said.marked("only_inserted") and not everywhere & {"insert", "upsert"}:
        yield Doubt("T0603", said.number, f"it says to add, and its steps only {' and '.join(sorted(made))}")
    for fact in own:
        if isinstance(fact, Written):
            yield from (Doubt(code, said.number, message) for code, message in _written(text, fact, everywhere))


def _written(text: Text, fact: Written, everywhere: set[str]) -> Iterator[tuple[str, str]]:
    """What a write does and no sentence says. everywhere: the kinds of all writes."""
    if fact.every and fact.looped and fact.command in ("update", "delete"):
        yield "T0604", f"for each row of a loop, its steps {fact.command} every row of {fact.store}"
    elif fact.every and fact.command in ("update", "delete") and not text.marked("whole"):
        yield "T0602", f"it does not say all, and its steps change every row of {fact.store}"
    moves = ("moved",) if everywhere - {"delete"} else ()
    if not any(asks_for_a_change(one.text) for one in text.sentences):
        yield "T0320", f"its steps write {fact.store}, and no sentence asks for a change"
    elif fact.command == "delete" and not text.marked("deleted", *moves):
        yield "T0602", f"its steps delete from {fact.store}, and no sentence says so"
    elif fact.command in ("insert", "upsert") and not text.marked("inserted"):
        yield "T0602", f"its steps add to {fact.store}, and no sentence says so"
    for name, term in fact.values:
        named = any(name in one.plain for one in text.sentences)
        is_false = any(value is False for value, _ in term.constants)
        if named and is_false and not text.marked("denied", "left_out", "lacking"):
            yield "T0602", f"its steps set {name} to false, and no sentence says not"


RULES: Final[tuple[Rule, ...]] = (_denials, _conditions, _changes)

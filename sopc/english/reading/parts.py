"""What a beam collects while it passes over a sentence: the parts of a question, not yet tied to rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple, Self

from sopc.english.reading.tokens import Moment

AMBIGUOUS: Final = 0.35
NAMED_VERB: Final = 0.3  # a verb that names a store, where the way does not lead over it

Option = tuple[str, str, float]  # store, field, cost


class Slot(NamedTuple):
    """A field that was named. options: which it may be. owner: the mention whose it was said to be, or -1. unit: the
    part of time that its days are put in, as in "per month"."""

    start: int
    end: int
    options: tuple[Option, ...]
    owner: int = -1
    unit: str = ""


class Said(NamedTuple):
    """Values that the data hold. options: (store, field, value, cost)."""

    start: int
    end: int
    options: tuple[tuple[str, str, str, float], ...]


class Figure(NamedTuple):
    """An aggregate of rows to compare with: "the average price". slot: None is the field that is compared. said: a
    value that those rows hold. store: whose rows they are, as in "the average part". alike: a field in which those rows
    are like the row that is compared, as in "the average of its category"."""

    fn: str
    slot: Slot | None
    said: Said | None = None
    store: str = ""
    alike: Slot | None = None


class Quantity(Decimal):
    """A number with its unit: "5 minutes"."""

    unit: str

    def __new__(cls, value: int | Decimal, unit: str) -> Self:
        made = super().__new__(cls, value)
        made.unit = unit
        return made


Operand = int | Decimal | str | Moment | Figure | Said


class Cond(NamedTuple):
    """A condition on the rows of a mention.

    Attributes:
        kind: "test" (slot op operand), "said" (a stored value), "truth", "empty", "between", "period", "figure" (fn of
            the slot's values, op operand).
        either: It stands with the condition before it as one of two.
        tied: It was said by a preposition alone, as in "tracks in X".
        done: A verb stands before it, as in "employees who report to X".
    """

    mention: int
    kind: str
    slot: Slot | None = None
    op: str = "="
    operand: Operand | None = None
    high: Operand | None = None
    negated: bool = False
    either: bool = False
    at: int = 0
    tied: bool = False
    fn: str = ""
    done: bool = False


class Mention(NamedTuple):
    """Rows that were spoken of. how: "some", "none" (that there are none) or "count" (op, number). words: of the verb
    that ties it to the one before, for the choice between keys. done: a verb alone tells of them, as "bought" does.
    every: all of them were said, as in "every book"."""

    store: str
    start: int
    end: int
    how: str = "some"
    op: str = ""
    number: int = 0
    parent: int = -1
    words: tuple[str, ...] = ()
    done: bool = False
    every: bool = False


class Item(NamedTuple):
    """Something shown. kind: "field", "label" (what tells the rows of a mention), "all", "count" (of a mention, or of a
    field's values), "measure" (fn of a field)."""

    kind: str
    mention: int = -1
    slot: Slot | None = None
    fn: str = ""
    distinct: bool = False


class Rank(NamedTuple):
    """An order, or a superlative. kind: "field", "count" (of the mention's rows for each of what is shown), "same" (of
    the figure that is shown), "common" (of how often a value is there), "shown" (of what is shown; fn "text"
    or "number" where it has to be one). limit: None for all."""

    kind: str
    descending: bool
    slot: Slot | None = None
    mention: int = -1
    limit: int | None = None
    of: int = -1
    fn: str = ""
    skipped: int = 0


class State(NamedTuple):
    """How far one way over the sentence has come."""

    pos: int
    cost: float
    phase: str = "open"
    items: tuple[Item, ...] = ()
    mentions: tuple[Mention, ...] = ()
    conds: tuple[Cond, ...] = ()
    ranks: tuple[Rank, ...] = ()
    groups: tuple[Slot | int, ...] = ()
    distinct: bool = False
    latest: int = -1
    pending: tuple[object, ...] = ()
    each: bool = False
    verbs: tuple[str, ...] = ()
    verb_at: int = -1

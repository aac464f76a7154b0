"""What one step of a program does, as facts that do not depend on how it is written: a test, an order, a write, …

Names are resolved to the stores' fields, through loops, variables and columns that a query makes, and `not` is pushed
inwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

Place = tuple[str, str]  # store, field

MATHS: Final = frozenset({"add", "sub", "mul", "div", "intdiv", "mod", "neg"})
AGGREGATES: Final = frozenset({"count", "sum", "avg", "min", "max", "total"})


@dataclass(frozen=True)
class Term:
    """What a value is made of.

    Attributes:
        places: Fields of stores.
        constants: (value, name of its type).
        aggregates: Functions over rows; "count" also for `count(query)`.
        counted: Stores whose rows are counted.
        variables: Parameters and answers.
        functions: Functions and arithmetic applied.
    """

    places: frozenset[Place] = frozenset()
    constants: tuple[tuple[Any, str], ...] = ()
    aggregates: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()

    def __or__(self, other: Term) -> Term:
        return Term(
            self.places | other.places,
            self.constants + other.constants,
            self.aggregates | other.aggregates,
            self.counted | other.counted,
            self.variables | other.variables,
            self.functions | other.functions,
        )

    @property
    def is_constant(self) -> bool:
        """Whether it is worked out from literals, parameters and the clock alone."""
        return not (self.places or self.aggregates or self.counted)

    @property
    def is_plain(self) -> bool:
        """Whether it is a field as it stands."""
        return bool(self.places) and not (self.constants or self.aggregates or self.counted or self.functions)


@dataclass(frozen=True)
class Fact:
    """guard: whether it decides when to stop, so that its opposite says the same. branch: whether it is in a condition
    of a step, of which the other case may be what the sentence tells."""

    guard: bool = field(default=False, kw_only=True)
    branch: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Test(Fact):
    """left op right; op: eq ne lt le gt ge like contains starts_with ends_with. The constant side is the right one."""

    op: str
    left: Term
    right: Term
    negated: bool = False  # of a textual op


@dataclass(frozen=True)
class Truth(Fact):
    """A field (or variable) that is itself the condition."""

    term: Term
    negated: bool


@dataclass(frozen=True)
class Null(Fact):
    term: Term
    negated: bool


@dataclass(frozen=True)
class Exists(Fact):
    """Rows exist in stores (or, of `in`, a value is among theirs)."""

    stores: frozenset[str]
    negated: bool


@dataclass(frozen=True)
class Aggregated(Fact):
    name: str
    term: Term
    distinct: bool


@dataclass(frozen=True)
class Sorted(Fact):
    """window: whether it ranks rows among others."""

    term: Term
    descending: bool
    window: bool = False


@dataclass(frozen=True)
class Limited(Fact):
    """count: None for one that is worked out."""

    count: int | None
    offset: bool = False


@dataclass(frozen=True)
class Grouped(Fact):
    keys: tuple[Term, ...]


@dataclass(frozen=True)
class Unrepeated(Fact):
    """`distinct`, or a union, intersection or difference, named by `how`."""

    how: str


@dataclass(frozen=True)
class Read(Fact):
    """A store whose rows are read. whole: each of its rows is shown."""

    store: str


@dataclass(frozen=True)
class Shown(Fact):
    """What comes out: fields of records, texts. whole: a store whose rows are shown as they are; "" for chosen
    columns."""

    term: Term
    whole: str = ""


@dataclass(frozen=True)
class Tied(Fact):
    """Rows of two sources belong together where these are equal; loose: stores that nothing ties together."""

    pairs: frozenset[tuple[Place, Place]]
    loose: tuple[str, str] | None = None


@dataclass(frozen=True)
class Written(Fact):
    """command: insert, upsert, update, delete. values: what each field is set to. every: whether no row is spared.
    looped: whether that happens for each row of a loop."""

    command: str
    store: str
    values: tuple[tuple[str, Term], ...] = ()
    every: bool = False
    looped: bool = False


@dataclass(frozen=True)
class Did(Fact):
    """Any other step. kind: say, ask, fail, return, call, assert, if, loop, try, …. name: of a script that is
    called."""

    kind: str
    term: Term = Term()
    name: str = ""


Facts = dict[int, list[Fact]]  # by the number of their sentence


def joined(terms: Iterable[Term]) -> Term:
    """The term of a value that is made of several."""
    found = Term()
    for one in terms:
        found |= one
    return found


def terms_of(fact: Fact) -> Iterator[Term]:
    """The values that a fact is about."""
    match fact:
        case Test(left=left, right=right):
            yield from (left, right)
        case Truth(term=term) | Null(term=term) | Aggregated(term=term) | Sorted(term=term):
            yield term
        case Shown(term=term) | Did(term=term):
            yield term
        case Grouped(keys=keys):
            yield from keys
        case Written(values=values):
            yield from (term for _, term in values)

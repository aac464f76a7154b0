"""Examples as data: rows given, how the script is called, what must come of it; each part knows its place in the text.

Names are kept as the author writes them: stores, fields and parameters are looked up when the example is run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sopc.source import Span

ExpectKind = Literal["records", "store", "result", "says", "asks", "fails", "changes nothing"]


@dataclass(frozen=True)
class Cell:
    """One value as written. quoted: it stood in quotes, which are not part of text."""

    text: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True)
class Table:
    """Names of fields, and rows of as many cells."""

    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True)
class Given:
    """Rows of a store before the run. pairs: of one row written in a sentence, such as `name bolt, quantity 4`; None
    for a table. Neither: the store is empty."""

    store: Cell
    table: Table | None = None
    pairs: Cell | None = None


@dataclass(frozen=True)
class Expect:
    """One thing that must come of the run.

    what: of a store, its name; of a result, the value; of fails, a part of the message (empty: any); None elsewhere.
    table: rows of records and of a store. count: how many there are, where no table says. texts: what is said or asked,
    in order. any_order: of the rows. some: other rows may be there too.
    """

    kind: ExpectKind
    span: Span
    what: Cell | None = None
    table: Table | None = None
    count: int | None = None
    texts: tuple[Cell, ...] = ()
    any_order: bool = False
    some: bool = False


@dataclass(frozen=True)
class Example:
    """One example. number: 1-based. title: "" when it has none. arguments: as written after `called with`, None for a
    call without. answers: to the questions of the script, in the order in which it asks. today: the date on which the
    example takes place, None for the day it is run."""

    number: int
    title: str
    span: Span
    given: tuple[Given, ...] = ()
    arguments: Cell | None = None
    answers: tuple[Cell, ...] = ()
    today: date | None = None
    expects: tuple[Expect, ...] = field(default=())

    @property
    def label(self) -> str:
        """`example 2`, `example 2 (a floor of its own)`."""
        return f"example {self.number}" + (f" ({self.title})" if self.title else "")

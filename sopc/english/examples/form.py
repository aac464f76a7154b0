"""Examples as data: given rows, the call of the script, expected results; each part has its place in the text.

Names are kept as the author wrote them; stores, fields and parameters are looked up when the example is run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sopc.source import Span

ExpectKind = Literal["records", "store", "result", "says", "asks", "fails", "changes nothing"]


@dataclass(frozen=True)
class Cell:
    """One value as written. quoted: it was in quotes, which `text` leaves out."""

    text: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True)
class Table:
    """A table: names of fields, and rows with a cell for each."""

    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True)
class Given:
    """The rows of a store before the run, as a table or as pairs.

    pairs: one row written in a sentence, such as `name bolt, quantity 4`. Without both, the store is empty.
    """

    store: Cell
    table: Table | None = None
    pairs: Cell | None = None


@dataclass(frozen=True)
class Expect:
    """One expected result of the run.

    what: the name of a store; the value of a result; a part of the message of a failure ("" for any); else None.
    table: of records, or rows of a store. count: of rows, without a table. texts: messages or questions, in order.
    any_order: the order of rows is ignored. some: there may be other rows.
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
    """One example.

    number: 1-based. title: "" without one. arguments: as written after `called with`, None without. answers: to the
    script's questions, in order. today: the date of the run in the example, None for the actual date.
    """

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
        """Such as `example 2`, or `example 2 (its title)`."""
        return f"example {self.number}" + (f" ({self.title})" if self.title else "")

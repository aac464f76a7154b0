"""A compiled script as plain data: code, the tables it indexes, its signature and effects, and what a reader or an
error message needs to know where each instruction came from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from runtime.query.algebra import Expr, FetchMode, Query, Write
from runtime.query.schema import Store
from runtime.query.set_use import SetUse
from runtime.values.constants import Const
from runtime.values.types import Type


class Parameter(msgspec.Struct, frozen=True):
    """default: None when the argument must be given (a null default is Const(None, …)); of a list, its items.
    secret: True when its value is shown to nobody, else unset (which false is too: modules without secrets keep the
    bytes, and so the hash, that they had before there were any)."""

    name: str
    type: Type
    default: Const | tuple[Const, ...] | None = None
    secret: bool | UnsetType = UNSET


class Signature(msgspec.Struct, frozen=True):
    """How a script is called. returns: null-typed when it returns nothing. emits: its record type, None when it
    emits nothing. uses: database names it sees (["main"] when it says none)."""

    name: str
    params: tuple[Parameter, ...]
    returns: Type
    emits: Type | None
    uses: tuple[str, ...]


class Effects(msgspec.Struct, frozen=True):
    """What a script may do, calls included.

    Attributes:
        reads: "database.store" of what it reads, sorted.
        writes: "database.store" of what it writes, sorted.
        calls: Names of scripts, sorted.
        asks: Whether it asks a person.
        commits: Whether it ends segments.
        emits: Whether it emits records.
        generator: Whether `for each` and `emit` may consume it (it does not emit inside `transaction` or `try`).
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    asks: bool = False
    commits: bool = False
    emits: bool = False
    generator: bool = True

    def joined(self, others: Sequence[Effects]) -> Effects:
        """Return what this script and others may do together.

        Args:
            others: Effects of the others.
        """
        every = (self, *others)
        return Effects(
            reads=tuple(sorted({name for each in every for name in each.reads})),
            writes=tuple(sorted({name for each in every for name in each.writes})),
            calls=tuple(sorted({name for each in every for name in each.calls})),
            asks=any(each.asks for each in every),
            commits=any(each.commits for each in every),
            emits=any(each.emits for each in every),
            generator=all(each.generator for each in every),
        )

    def lines(self) -> list[str]:
        """A line for each kind of effect, such as `reads hr.employees`."""
        named = (("reads", self.reads), ("writes", self.writes), ("calls", self.calls))
        flags = (("asks", self.asks), ("commits", self.commits))
        return [
            *(f"{verb} {', '.join(names)}" for verb, names in named if names),
            *(word for word, holds in flags if holds),
        ]


class Function(msgspec.Struct, frozen=True):
    """A row of the function table as used by the code, and how many arguments it gets there."""

    name: str
    arguments: int


class Call(msgspec.Struct, frozen=True):
    """A callee as it was when this script was compiled; linking refuses one whose signature differs now."""

    signature: Signature


class Fetch(msgspec.Struct, frozen=True):
    """A query and what is wanted of it: rows (a loop, an emit), first, one, list, or scalar (first column)."""

    query: Query
    mode: FetchMode


class Total(msgspec.Struct, frozen=True):
    """A variable that a lifted loop adds to, or keeps the least or greatest of. kind: sum, min or max. terms: the
    columns of the survey with the sum, the least and the greatest of what each step adds."""

    kind: str
    terms: tuple[tuple[str, str, str], ...]


class Lift(msgspec.Struct, frozen=True):
    """A loop over a query, as statements that do all its passes at once.

    Attributes:
        loop: The number of its step.
        survey: Gives one row. It works out all that the loop works out and that can fail. Its column `rows` counts the
            passes, `changed` those that write; `missing` counts look-ups of one row that find none.
        totals: Variables that the loop adds to; their values at its beginning are the last params.
        write: What the loop writes, if it does; its params are the survey's.
        use: What has to be proven of the stores.
    """

    loop: str
    survey: Query
    totals: tuple[Total, ...]
    write: Write | None
    use: SetUse


class AskSite(msgspec.Struct, frozen=True, omit_defaults=True):
    """step: number by which `--answer STEP=…` names it. has_within: whether the answer has a deadline; not
    encoded where it has none, so that modules of release 0.1.0 keep their hashes."""

    step: str
    type: Type
    has_choices: bool
    has_default: bool
    has_within: bool = False


class Handler(msgspec.Struct, frozen=True):
    """Errors at start <= pc < end go to target with the error record in `register`, after rolling back to
    `savepoints` open savepoints of this frame. Inner handlers come first; a `try` has several, with one target, when
    a `return`, `break` or `continue` leads out of the middle of it."""

    start: int
    end: int
    target: int
    register: int
    savepoints: int


class StepInfo(msgspec.Struct, frozen=True):
    """path: "2.1". sentence: 1-based, or None. line, column: 1-based, of the step in the file it came from.
    text: its first source line, for listings. command: insert, update, … for command lines."""

    path: str
    sentence: int | None
    line: int
    column: int
    text: str


class Position(msgspec.Struct, frozen=True):
    """From this pc on (to the next entry) code belongs to steps[step]; line, column, end_column: the expression."""

    pc: int
    step: int
    line: int
    column: int
    end_column: int


class Use(msgspec.Struct, frozen=True):
    """Where a script first names a store ("database.store"; field is "" then), or a field of one."""

    store: str
    field: str
    line: int
    column: int
    end_column: int
    sentence: int | None


class Compared(msgspec.Struct, frozen=True):
    """A text parameter that is compared with a field of a store ("database.store")."""

    parameter: str
    store: str
    field: str


class LoopNote(msgspec.Struct, frozen=True):
    """What the compiler made of a loop. step: its number. why: why it is no single statement; empty where it is one."""

    step: str
    why: str


class Debug(msgspec.Struct, frozen=True, omit_defaults=True):
    """What does not change a program's meaning, so is not part of its hash. source: the script's formatted DSL.
    file: name of the file it came from. sentences: the English, in order. registers: variable names by register.
    uses: in the order of the source.
    examples: the text file with the Examples section, cut down to it (as many empty lines stand before it as lines
    stood there), for `sopc test`; examples_file: its name. compared: what arguments are compared with."""

    source: str = ""
    file: str = ""
    steps: tuple[StepInfo, ...] = ()
    positions: tuple[Position, ...] = ()
    sentences: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    examples: str = ""
    examples_file: str = ""
    compared: tuple[Compared, ...] = ()
    loops: tuple[LoopNote, ...] = ()


class Module(msgspec.Struct, frozen=True):
    """One script, compiled.

    Attributes:
        signature: Its name, parameters, result and databases.
        effects: What it may do.
        registers: How many its frame has; parameters come first.
        code: Little-endian 32-bit words.
        constants: Operands of kind k at or above `registers` name constants[operand - registers].
        shapes: Field names of records.
        types: Of conversions and questions.
        functions: Built-ins that it calls.
        calls: Scripts that it calls, with the signatures that it was compiled for.
        queries: What it reads.
        writes: What it writes.
        asks: Its questions.
        handlers: Where errors go.
        doc: Its documentation text.
        lifts: Loops that it can do as one statement. Unset without any, and so is `value`: modules without them keep
            the bytes, and so the hash, that they had before there were any.
        value: What it returns, as an expression of its parameters (by their index), where it does nothing else.
        schema: The stores it was checked against, by "database.store", with only the fields it uses.
        debug: Source, lines, sentences and examples.
    """

    signature: Signature
    effects: Effects
    registers: int
    code: bytes
    constants: tuple[Const, ...] = ()
    shapes: tuple[tuple[str, ...], ...] = ()
    types: tuple[Type, ...] = ()
    functions: tuple[Function, ...] = ()
    calls: tuple[Call, ...] = ()
    queries: tuple[Fetch, ...] = ()
    writes: tuple[Write, ...] = ()
    asks: tuple[AskSite, ...] = ()
    handlers: tuple[Handler, ...] = ()
    schema: dict[str, Store] = {}
    doc: str = ""
    lifts: tuple[Lift, ...] | UnsetType = UNSET
    value: Expr | UnsetType = UNSET
    debug: Debug = Debug()

    @property
    def lifted(self) -> tuple[Lift, ...]:
        """Its lifts, none where they are unset."""
        return () if self.lifts is UNSET else self.lifts

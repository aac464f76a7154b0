"""A linked script as plain data: what the machine reads while it runs, and never changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from runtime.bytecode.module import Effects, Lift, Module, Position, StepInfo
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema
from runtime.values.types import Type

# (opcode, a, b, c): registers and targets are numbers as in the module, all else is already looked up (see link.py).
Instruction = tuple[int, Any, Any, Any]


class Function:
    """A row of the function table as the machine calls it. python: its meaning; nulls: whether it is handed nulls."""

    __slots__ = ("name", "nulls", "python")

    def __init__(self, name: str, python: Callable[..., Any], nulls: bool) -> None:
        self.name = name
        self.python = python
        self.nulls = nulls


class DataOp:
    """A query or write of a script; a run looks up its database and the SQL when it first comes to it.

    name: of the database, as scripts call it. key: names it among all modules' (the module's hash and its index).
    mode: of a fetch; of a write its command (insert, upsert, …). store: what is written, "" for a query. columns: names
    of a row's. types: of an inserted list's fields.
    """

    __slots__ = ("columns", "form", "key", "mode", "name", "store", "types")

    def __init__(
        self,
        form: Query | Write,
        key: bytes,
        mode: str,
        *,
        store: str = "",
        columns: tuple[str, ...] = (),
        types: tuple[Type, ...] = (),
    ) -> None:
        self.form = form
        self.name = form.database
        self.key = key
        self.mode = mode
        self.store = store
        self.columns = columns
        self.types = types


class LiftOp:
    """A loop that can be one statement. survey: None where what it calls has no value of its own. depth: calls within
    calls that its expressions stand for."""

    __slots__ = ("depth", "lift", "survey", "write")

    def __init__(self, lift: Lift, survey: DataOp | None, write: DataOp | None, depth: int) -> None:
        self.lift = lift
        self.survey = survey
        self.write = write
        self.depth = depth


class Script:
    """One script of a linked closure.

    code: prepared instructions. fresh: what follows the arguments in a new frame's registers: nulls, then the
    constants. length: instructions, the cost of a call. effects: worked out again over the closure. iterates: whether
    a register may hold an iterator. fits: schemas (by their ids, while they are kept here) that it was found to fit.
    places: of its steps where it is the root, kept by backtrace.py.
    states, live: what registers hold, filled in by saved.py when a run of it is kept.
    """

    __slots__ = (
        "_paths",
        "_starts",
        "code",
        "effects",
        "fits",
        "fresh",
        "hash",
        "iterates",
        "length",
        "live",
        "module",
        "name",
        "places",
        "states",
        "version",
    )

    def __init__(self, name: str, version: int, hash_: str, module: Module) -> None:
        self.name = name
        self.version = version
        self.hash = hash_
        self.module = module
        self.code: list[Instruction] = []
        self.fresh: list[Any] = []
        self.length = len(module.code) // 4
        self.effects = Effects()
        self.iterates = False
        self.fits: dict[tuple[int, ...], tuple[Schema, ...]] = {}
        self.places: dict[int, Any] = {}
        self.states: list[int] = []
        self.live: dict[int, tuple[tuple[int, bool, bool], ...]] = {}
        self._starts: list[int] = [position.pc for position in module.debug.positions]
        self._paths: dict[int, str] = {}

    def step_at(self, pc: int) -> StepInfo | None:
        """The step an instruction belongs to; None in a module without positions."""
        position = self.position_at(pc)
        return None if position is None else self.module.debug.steps[position.step]

    def position_at(self, pc: int) -> Position | None:
        """The expression an instruction belongs to; None in a module without positions."""
        index = bisect_right(self._starts, pc) - 1
        return self.module.debug.positions[index] if index >= 0 else None

    def path_at(self, pc: int) -> str:
        """The number of the step an instruction belongs to, "" when not known."""
        path = self._paths.get(pc)
        if path is None:
            step = self.step_at(pc)
            path = self._paths[pc] = "" if step is None else step.path
        return path

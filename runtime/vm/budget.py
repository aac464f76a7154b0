"""Limits of a run → the error that ends it, checked every few thousand instructions."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

import msgspec

from runtime.errors import Cancelled, SopError

SLICE: Final = 10_000


class Limits(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Of a run; None for no limit. depth: calls inside calls."""

    depth: int
    instructions: int | None
    rows: int | None
    seconds: float | None

    def as_options(self) -> dict[str, int | float | None]:
        """By their names in RunOptions."""
        return {f"max_{name}": getattr(self, name) for name in self.__struct_fields__}


class BudgetError(SopError):
    """A limit of the run was reached; never caught by a script."""


class Budget:
    """Instructions are counted where code repeats: a loop costs its
    length each time round, a call the length of the callee."""

    def __init__(self, depth: int, instructions: int | None, rows: int | None, seconds: float | None) -> None:
        self.depth = depth
        self.counts_instructions = instructions is not None
        self.rows = rows
        self.emitted = 0
        self.cancelled: str | None = None
        self.must_stop: Callable[[], bool] | None = None  # whether somebody else wants the run to end
        self._instructions = instructions
        self._left = instructions
        self._seconds = seconds
        self._deadline = None if seconds is None else monotonic() + seconds

    def left(self) -> tuple[int | None, float | None, int]:
        """Instructions (to within a slice) and seconds that are left, None for no limit; and rows emitted."""
        return self._left, self.seconds_left(), self.emitted

    def go_on(self, instructions: int | None, seconds: float | None, emitted: int) -> None:
        """Continue with what `left` gave."""
        self._left = None if self._instructions is None else instructions
        self._deadline = None if seconds is None or self._seconds is None else monotonic() + seconds
        self.emitted = emitted

    def first_slice(self) -> int:
        return SLICE if self._left is None else min(SLICE, self._left)

    def next_slice(self, spent: int) -> int:
        """Fuel for the next slice after `spent` instructions; Cancelled, V0302 or V0303 when the run has to end."""
        self.check()
        if self._left is None:
            return SLICE
        self._left -= spent
        if self._left <= 0:
            raise BudgetError(
                "V0302",
                f"the run used up its {self._instructions:,} instructions",
                "--max-instructions sets the limit; a loop may never end",
            )
        return min(SLICE, self._left)

    def check(self) -> None:
        """Raises `over`."""
        error = self.over()
        if error is not None:
            raise error

    def over(self) -> SopError | None:
        """Cancelled when the run was told to stop, V0303 when its time is over, else None."""
        if self.cancelled is None and self.must_stop is not None and self.must_stop():
            self.cancelled = "the run was cancelled"
        if self.cancelled is not None:
            return Cancelled("V0301", self.cancelled)
        if self._deadline is not None and monotonic() > self._deadline:
            return BudgetError(
                "V0303", f"the run took longer than its {self._seconds:g} seconds", "--max-seconds sets the limit"
            )
        return None

    def seconds_left(self) -> float | None:
        """Until `check` says that the time is over; None for no limit."""
        return None if self._deadline is None else max(0.0, self._deadline - monotonic())

    def count_rows(self, rows: int) -> None:
        """V0304 when the run has emitted more rows than it may."""
        self.emitted += rows
        if self.rows is not None and self.emitted > self.rows:
            raise BudgetError(
                "V0304", f"the run emitted more than its {self.rows:,} rows", "--max-rows sets the limit; limit n too"
            )

    def too_deep(self) -> BudgetError:
        return BudgetError(
            "V0305",
            f"scripts call one another more than {self.depth:,} deep",
            "--max-depth sets the limit; a script may call itself without end",
        )

"""What became of the loops of one run that could be one statement: which of them are worth another attempt."""

from __future__ import annotations

from typing import Final

from runtime.vm.script import LiftOp

TRIES: Final = 2  # of a loop in one run: one that fails, or has few rows, is not tried for ever
lifting = True
"""Whether loops may run as one statement; tests compare both."""


class Attempts:
    """plainly: every loop runs as it is."""

    def __init__(self, *, plainly: bool) -> None:
        self.plainly = plainly or not lifting
        self._wasted: dict[LiftOp, int] = {}

    def is_open(self, op: LiftOp) -> bool:
        """Whether the loop may be tried."""
        return not self.plainly and self._wasted.get(op, 0) < TRIES

    def waste(self, op: LiftOp, times: int = 1) -> None:
        """An attempt saved nothing."""
        self._wasted[op] = self._wasted.get(op, 0) + times

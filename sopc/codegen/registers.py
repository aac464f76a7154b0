"""Variables and temporaries → register numbers, allocated as two stacks.

Variables get the low registers, parameters first, so that a register never holds both a named variable and a temporary.
Temporaries are numbered from TEMPORARIES here; the assembler moves them behind the variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sopc.checker import typed
from sopc.codegen.limits import TOO_MANY_REGISTERS, Limit

TEMPORARIES: Final = 1 << 16
MAX_REGISTERS: Final = 236
"""Below flow.MAX_REGISTERS by what the assembler may need for constants out of reach."""


class Registers:
    """Allocates registers; those taken inside a `scope` are free again after it.

    variables, temporaries: the highest number in use at once. names: of the variables in each register.
    """

    def __init__(self) -> None:
        self.variables = 0
        self.temporaries = 0
        self.names: list[list[str]] = []
        self._variables = 0
        self._temporaries = 0
        self._known: dict[typed.Variable, int] = {}

    def take(self, count: int = 1) -> int:
        """Allocate `count` consecutive temporaries until the enclosing scope ends. Returns the first."""
        first = self._temporaries
        self._temporaries += count
        self.temporaries = max(self.temporaries, self._temporaries)
        self._check()
        return TEMPORARIES + first

    def hold(self, count: int = 1) -> int:
        """As `take`, among the variables: for values that last through the steps of a loop."""
        first = self._variables
        self._variables += count
        self.variables = max(self.variables, self._variables)
        self._check()
        return first

    def declare(self, variable: typed.Variable, register: int | None = None) -> int:
        """Allocate the register of a variable, or let it live in the given one."""
        register = self.hold() if register is None else register
        self._known[variable] = register
        while len(self.names) <= register:
            self.names.append([])
        if variable.name not in self.names[register]:
            self.names[register].append(variable.name)
        return register

    def knows(self, variable: typed.Variable) -> bool:
        return variable in self._known

    def of(self, variable: typed.Variable) -> int:
        return self._known[variable]

    @contextmanager
    def scope(self) -> Iterator[None]:
        before = self._variables, self._temporaries
        yield
        self._variables, self._temporaries = before

    def _check(self) -> None:
        if self.variables + self.temporaries > MAX_REGISTERS:
            raise Limit(TOO_MANY_REGISTERS)

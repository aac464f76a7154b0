"""The function table: one row per function of the language → its types, its meaning in Python and in SQL.

The checker reads the signatures, the VM calls `python`, runtime/databases/sql.py writes `sql`, and the reference
and the prompt print `doc`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class FunctionRow(NamedTuple):
    """One function.

    signatures: overloads, first match wins, as "round(number, int = 0) -> number". Types are the language's, and
    `number` (int, float or decimal; the result's `number` is the argument's type), `T` (any one type), `list<T>`,
    `T...` (one or more more of the last). A default makes the argument optional.
    kind: scalar, aggregate or window.
    python: the meaning on the VM's values; None for aggregates and windows.
    sql: template with {0}, {1}, … and {args} in SQLite's dialect, or None where only `python` says it exactly
    (SQLite then calls the Python function). nulls: False (the default) gives null when any argument is null,
    without calling `python`; True hands nulls to it.
    pure: False for functions of the clock.
    """

    name: str
    signatures: tuple[str, ...]
    doc: str
    kind: str = "scalar"
    python: Callable[..., Any] | None = None
    sql: str | None = None
    nulls: bool = False
    pure: bool = True


FUNCTIONS: dict[str, FunctionRow] = {}

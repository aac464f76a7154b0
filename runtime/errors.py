"""What went wrong, as data → one exception type that every layer raises and only the edge renders."""

from __future__ import annotations


class SopError(Exception):
    """An error a person can act on.

    file: the source that it is about, where the message does not say; set by who knows it, shown below the message.
    code: letter + four digits; `sopc error CODE` explains it. message: what happened, one sentence, lower case,
    no full stop. hint: what to try, or None. Codes by layer: E language and checks, V running, D databases,
    L library, T English, C command line and configuration.
    """

    exit_code = 1
    file: str | None = None

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


Error = SopError
"""The name of `SopError` in the public API."""


class UsageError(SopError):
    """Wrong usage or configuration (exit code 2): unknown script or database, bad argument, missing file."""

    exit_code = 2


class DatabaseError(SopError):
    """A database refused or failed. retry: a serialization failure, so the segment may be run again.
    row: which row of an `execute_many` failed (0-based), when that is known. run: which `execute_many` of several."""

    def __init__(self, code: str, message: str, hint: str | None = None, *, retry: bool = False) -> None:
        super().__init__(code, message, hint)
        self.retry = retry
        self.row: int | None = None
        self.run = 0


class RunError(SopError):
    """A script failed while running; `try … on error` catches these (and DatabaseError without retry)."""


class Cancelled(SopError):
    """The run was told to stop (Ctrl-C, a closed pipe, a client gone); never caught by a script."""

    exit_code = 130

"""What went wrong, as data → one exception type that every layer raises and only the edge renders."""

from __future__ import annotations

from typing import Self


class SopError(Exception):
    """An error a person can act on.

    Codes by layer: E language and checks, V running, D databases, L library, T English, C command line and
    configuration, S service.

    Args:
        code: Letter and four digits; `sopc error CODE` explains it.
        message: What happened: one sentence, lower case, no full stop.
        hint: What to try, or None.

    Attributes:
        file: The source that it is about, where the message does not say; set by who knows it, shown below the message.
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

    @property
    def record(self) -> dict[str, str]:
        """What lines and rows hold of it: code, message, and the hint if there is one."""
        said = {"code": self.code, "message": self.message}
        return said if self.hint is None else {**said, "hint": self.hint}

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        """What Python and notebooks show below an error that nobody catches."""
        return [] if self.hint is None else [f"try: {self.hint}"]

    def reworded(self, message: str, hint: str | None) -> Self:
        """Return an error of the same kind and code with another message.

        Args:
            message: As for a new error.
            hint: As for a new error.
        """
        if (message, hint) == (self.message, self.hint):
            return self
        told = type(self).__new__(type(self))
        told.__dict__ |= self.__dict__
        told.message, told.hint, told.args = message, hint, (message,)
        return told


Error = SopError
"""The name of `SopError` in the public API."""


class UsageError(SopError):
    """Wrong usage or configuration (exit code 2): unknown script or database, bad argument, missing file."""

    exit_code = 2


def missing_package(package: str) -> UsageError:
    """Make the error D0105 for an optional package that is not installed; its extra is called as it is.

    Args:
        package: Its name.
    """
    return UsageError("D0105", f"{package} is not installed", f"pip install 'sopc[{package}]'")


class DatabaseError(SopError):
    """A database refused or failed.

    Args:
        code: D and four digits.
        message: As for `SopError`.
        hint: As for `SopError`.
        retry: Whether it is a serialization failure, so that the segment may be run again.

    Attributes:
        row: Which row of an `execute_many` failed (from 0), where that is known.
        run: Which `execute_many` of several.
    """

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

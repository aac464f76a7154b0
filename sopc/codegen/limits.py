"""The limits of a compiled script, and the error E06xx for exceeding each."""

from __future__ import annotations

from sopc.source import Span

MAX_NESTING = 120
MAX_LIFTED = 200
"""Loops of a script that are tried as one statement."""

Finding = tuple[str, str, str]
"""Code, message, hint."""

TOO_MANY_REGISTERS: Finding = (
    "E0601",
    "too many values are in use at once here",
    "variables of a block end with it, and a part of the script can become a script of its own",
)
CODE_TOO_LONG: Finding = (
    "E0603",
    "the script is too long",
    "a part of it can become a script of its own",
)
NESTED_TOO_DEEPLY: Finding = (
    "E0604",
    f"this nests more than {MAX_NESTING} levels deep",
    "`let` can name a part of it",
)
QUERY_TOO_DEEP: Finding = (
    "E0605",
    "this query nests too deeply",
    "`x in (…)` takes the place of a long chain of `or`",
)


def too_many(what: str, most: int) -> Finding:
    """The finding for a module table with too many entries."""
    return (
        "E0602",
        f"the script has more than {most} different {what}",
        "a part of it can become a script of its own",
    )


class Limit(Exception):
    """A script exceeds a limit. span: of the part that does, if it is known."""

    def __init__(self, finding: Finding, span: Span | None = None) -> None:
        self.code, self.message, self.hint = finding
        super().__init__(self.message)
        self.span = span

"""A database's refusal → the error for it, in the same words for every engine."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.errors import DatabaseError


def null_refused(store: str, fields: Sequence[str]) -> DatabaseError:
    return DatabaseError("D0301", f"{_listed(fields)} of `{store}` can't be null")


def months_stored() -> DatabaseError:
    message = "a stored value is not one of the language: an interval of months, which have no length of their own"
    return DatabaseError("D0202", message, "keep the interval in days")


def row_exists(store: str, fields: Sequence[str]) -> DatabaseError:
    return DatabaseError(
        "D0302",
        f"`{store}` already has a row with the same {_listed(fields) or 'key'}",
        "`upsert` updates such a row",
    )


def reference_missing(store: str) -> DatabaseError:
    where = f"`{store}`" if store else "a store"
    return DatabaseError("D0303", f"a row of {where} would point at a row that is not there, or be pointed at and gone")


def rule_broken(store: str, rule: str) -> DatabaseError:
    return DatabaseError("D0304", f"a row of `{store}` breaks the rule `{rule}`")


def row_refused(store: str, message: str) -> DatabaseError:
    return DatabaseError("D0304", f"a row of `{store}` was refused: {message}")


def value_misfit(store: str, message: str) -> DatabaseError:
    return DatabaseError("D0307", f"a value does not fit its column of `{store}`: {message}")


def half_character() -> DatabaseError:
    return DatabaseError("D0307", "a text holds half of a character (a lone surrogate), which no database keeps")


def zero_character() -> DatabaseError:
    return DatabaseError("D0307", "a text holds the character with number 0, which no database keeps")


def changed_meanwhile(database: str) -> DatabaseError:
    return DatabaseError("D0402", f"another writer changed `{database}` in the meantime", retry=True)


def null_stored(field: str) -> DatabaseError:
    return DatabaseError(
        "D0202",
        f"`{field}` is null where a value is declared",
        "correct the stored value, or declare the column as one that may be null",
    )


def read_only(database: str) -> DatabaseError:
    return DatabaseError("D0305", f"the database `{database}` can only be read")


def _listed(fields: Sequence[str]) -> str:
    return ", ".join(f"`{field}`" for field in fields)

"""psycopg exceptions → the errors of ours that say the same, by SQLSTATE, in the words of every engine."""

from __future__ import annotations

import re
from typing import Final

import psycopg
from psycopg import errors

from runtime.databases import db_errors
from runtime.errors import DatabaseError, RunError, SopError
from runtime.values.operators import division_by_zero
from runtime.values.value_types import overflow

_SERIALIZATION: Final = frozenset({"40001", "40P01"})
_AGAIN: Final = "compile the script again"
_RAISED_CODE: Final = re.compile(r"sop-([VD]\d{4}) ")
_RAISED: Final[dict[str, tuple[str, str | None]]] = {
    "V0103": ("a float went out of range", "a float holds at most about 1.8e308"),
    "V0104": ("a decimal went past the digits of its type", "round(x, digits) keeps fewer digits after the point"),
    "V0105": ("a value can't be made into one of the wanted type", None),
    "V0106": ("a function was given an argument that it can't work with", None),
    "V0107": ("a date or duration went out of range", "years go from 1 to 9999, durations to 106,751,991 days"),
}
# SQLSTATE, or the start of one → code, message, hint
_KNOWN: Final[dict[str, tuple[str, str, str | None]]] = {
    "25006": ("D0305", "the database `{database}` can only be read", None),
    "57014": ("D0403", "a statement on `{database}` was interrupted", None),
    "55P03": ("D0401", "`{database}` is locked by another program or run", "wait for it to finish, or end it"),
    "53100": ("D0306", "there is no room left for `{database}`", "free some disk space"),
    "53200": ("D0308", "there is not enough memory for a statement on `{database}`", None),
    "54001": (
        "D0308",
        "a query is too deeply nested for PostgreSQL",
        "rows kept in a store of their own break it in two",
    ),
    "54": ("D0308", "a statement is too large for `{database}`: {message}", None),
    "58030": ("D0108", "reading or writing the files of `{database}` failed", None),
    "XX001": ("D0107", "the files of `{database}` are damaged: {message}", None),
    "XX002": ("D0107", "the files of `{database}` are damaged: {message}", None),
    "3F000": ("D0124", "`{database}`: {message}", None),
}
# SQLSTATEs of a server that went away; an error without one is libpq's: the connection is gone
_LOST: Final = ("08", "57P")


def translated(error: Exception, database: str, store: str = "") -> SopError:
    """database: the name it is known by. store: what was written to, for constraints that do not say."""
    if isinstance(error, SopError):
        return error
    if isinstance(error, UnicodeEncodeError):
        return db_errors.half_character()
    if not isinstance(error, psycopg.Error):
        return DatabaseError("D0308", f"the database `{database}` failed: {error}")
    state = error.sqlstate or ""
    message = error.diag.message_primary or str(error).strip().partition("\n")[0]
    raised = _RAISED_CODE.search(message)
    if raised is not None:
        return _by_code(raised[1])
    if state in _SERIALIZATION:
        return db_errors.changed_meanwhile(database)
    if state.startswith("23"):
        return _constraint(error, state, message, store)
    if state == "42501":
        return _forbidden(database, message)
    if state.startswith(_LOST) or (not state and isinstance(error, psycopg.OperationalError)):
        return connection_lost(database, message.removeprefix("consuming input failed: "))
    arithmetic = _arithmetic(error, state, message, store)
    if arithmetic is not None:
        return arithmetic
    if state in ("42P01", "42703"):
        return DatabaseError("D0201", f"`{database}` has changed: {message}", _AGAIN)
    if state in ("22001", "22P02", "22021", "22P05", "428C9", "22026"):
        return db_errors.value_misfit(store, message)
    if isinstance(error, psycopg.DataError) and not state:  # of psycopg itself: a value that Python has no room for
        return _unreadable(message)
    for length in (5, 2):
        known = _KNOWN.get(state[:length])
        if known is not None:
            code, text, hint = known
            return DatabaseError(code, text.format(database=database, message=message), hint)
    return DatabaseError("D0308", f"the database `{database}` refused a statement: {message}")


def connection_lost(database: str, message: str) -> DatabaseError:
    return DatabaseError(
        "D0421", f"the connection to `{database}` was lost: {message}", "run the script again once the server is back"
    )


def _by_code(code: str) -> SopError:
    """What an expression of runtime/databases/postgres/functions.py raised."""
    if code == "D0202":
        return db_errors.months_stored()
    text, hint = _RAISED.get(code, ("a value can't be worked with", None))
    return RunError(code, text, hint)


def _arithmetic(error: psycopg.Error, state: str, message: str, store: str) -> SopError | None:
    """Errors of the language's own arithmetic, as runtime/values/operators.py has them. Where one SQLSTATE stands for
    several, the function of the server that raised it tells them apart: messages may be in any language."""
    if state == "22012":
        return division_by_zero()
    if state == "21000":
        return RunError("V0113", "a query that must give one row gives more", "an aggregate or `limit 1` gives one")
    if state in ("2201W", "2201X"):
        return RunError("V0112", "a limit can't be negative")
    if state == "2201F":
        return _by_code("V0106")
    source = error.diag.source_function or ""
    if state == "22008":
        return _by_code({"DateTimeParseError": "V0105", "make_date": "V0106"}.get(source, "V0107"))
    if state in ("22007", "22009"):
        return _by_code("V0105")
    if state == "22015":
        return _by_code("V0107")
    if state != "22003":
        return None
    if source.startswith("float") and source.endswith(("_error", "_internal", "_opt_error")):
        return _by_code("V0103")
    if source in ("apply_typmod", "apply_typmod_special", "numeric_in") or "numeric" in message:
        return db_errors.value_misfit(store, message) if store else _by_code("V0104")
    if store and source.startswith(("int82", "int84")):  # a column of fewer bits than ints have
        return db_errors.value_misfit(store, message)
    return overflow()


def _unreadable(message: str) -> DatabaseError:
    return DatabaseError(
        "D0202", f"a stored value is not one of the language: {message}", "years go from 1 to 9999; correct the value"
    )


def _forbidden(database: str, message: str) -> DatabaseError:
    return DatabaseError(
        "D0321", f"the user of `{database}` lacks a privilege: {message}", "a `grant` by the owner gives it"
    )


def _constraint(error: psycopg.Error, state: str, message: str, store: str) -> DatabaseError:
    diag = error.diag
    store = store or diag.table_name or ""
    if state == "23502":
        return db_errors.null_refused(store, [diag.column_name or ""])
    if state == "23505":
        key = re.match(r"Key \((.*?)\)=", diag.message_detail or "", re.DOTALL)
        return db_errors.row_exists(store, [name.strip().strip('"') for name in key[1].split(",")] if key else [])
    if state == "23503":
        return db_errors.reference_missing(store)
    if state == "23514":
        return db_errors.rule_broken(store, diag.constraint_name or "")
    return db_errors.row_refused(store, message)


def not_opened(error: Exception, database: str) -> DatabaseError:
    """Why a connection could not be made."""
    text = str(error).strip()
    state = getattr(error, "sqlstate", None) or ""
    if state == "3D000" or re.search(r'FATAL: +database ".*" does not exist', text):
        return DatabaseError(
            "D0123", f"`{database}`: {_reason(text)}", "check the name after the last slash of its URL"
        )
    refused = isinstance(error, errors.InvalidAuthorizationSpecification) or state == "42501"
    login = r"authentication failed|no password supplied|role \".*\" (does not exist|is not permitted)|no pg_hba\.conf"
    if refused or re.search(login + r"|permission denied for database|not supported \(SSL|certificate", text):
        return DatabaseError(
            "D0122",
            f"`{database}` does not let this user in: {_reason(text)}",
            "check the user and password in its URL",
        )
    return DatabaseError(
        "D0121",
        f"the server of `{database}` can't be reached: {_reason(text)}",
        "check host and port, and that it runs",
    )


def _reason(text: str) -> str:
    """libpq's words on one line, each attempt's once; its further lines are advice."""
    lines = [line for line in text.splitlines() if line[:1].strip() and not line.startswith("Multiple connection")]
    short = [re.sub(r"^(- )?(host: .*?: )?(connection failed: )?", "", line) for line in lines]
    return "; ".join(dict.fromkeys(short)) or "no reason was given"

"""sqlite3 exceptions → the errors of ours that say the same."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from runtime.databases import db_errors
from runtime.errors import DatabaseError, SopError
from runtime.values.value_types import overflow

BUSY_SNAPSHOT: Final = 517
_NAMES: Final = re.compile(r"constraint failed: (.*)", re.DOTALL)


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds a lock, so that waiting may help."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code != BUSY_SNAPSHOT and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_too_deep(error: sqlite3.Error) -> bool:
    """Whether a statement nests deeper than SQLite has room for."""
    return str(error).startswith(("parser stack overflow", "Expression tree is too large"))


def translated(error: Exception, database: str, store: str = "") -> SopError:
    """database: the name it is known by. store: what was written to, for constraints that do not say."""
    if isinstance(error, UnicodeEncodeError):
        return db_errors.half_character()
    if isinstance(error, OverflowError):
        return DatabaseError("D0307", "an int past 64 bits can't be stored")
    if not isinstance(error, sqlite3.Error):
        return DatabaseError("D0308", f"the database `{database}` failed: {error}")
    code = getattr(error, "sqlite_errorcode", 0)
    message = str(error)
    if code == BUSY_SNAPSHOT:
        return db_errors.changed_meanwhile(database)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return _constraint(error, message, store)
    if message == "integer overflow":
        return overflow()
    known = _KNOWN.get(primary)
    if known is not None:
        number, text, hint = known
        return DatabaseError(number, text.format(database=database), hint)
    if message.startswith(("no such table", "no such column", "no such view")) or "has no column named" in message:
        return DatabaseError("D0201", f"`{database}` has changed: {message}", "compile the script again")
    if is_too_deep(error):
        return DatabaseError(
            "D0308", "a query is too deeply nested for SQLite", "rows kept in a store of their own break it in two"
        )
    if primary == sqlite3.SQLITE_ERROR and "readonly" in message:
        return db_errors.read_only(database)
    if "reserved for internal use" in message:
        hint = "another name (`sopvm db import --store NAME`)"
        return DatabaseError("D0308", "SQLite keeps names that begin with sqlite_ to itself", hint)
    return DatabaseError("D0308", f"the database `{database}` refused a statement: {message}")


_LOCKED: Final = ("D0401", "`{database}` is locked by another program or run", "wait for it to finish, or end it")
_KNOWN: Final[dict[int, tuple[str, str, str | None]]] = {
    sqlite3.SQLITE_NOTADB: ("D0102", "`{database}` is not a SQLite database", "`sopvm db import` reads CSV and NDJSON"),
    sqlite3.SQLITE_CORRUPT: ("D0107", "the file of `{database}` is damaged", "restore it from a copy"),
    sqlite3.SQLITE_CANTOPEN: ("D0103", "`{database}` can't be opened", "check the permissions of file and folder"),
    sqlite3.SQLITE_PERM: ("D0103", "`{database}` can't be opened", "check the permissions of file and folder"),
    sqlite3.SQLITE_READONLY: ("D0305", "the database `{database}` can only be read", "check the file's permissions"),
    sqlite3.SQLITE_FULL: ("D0306", "there is no room left for `{database}`", "free some disk space"),
    sqlite3.SQLITE_IOERR: ("D0108", "reading or writing the file of `{database}` failed", None),
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_INTERRUPT: ("D0403", "a statement on `{database}` was interrupted", None),
    sqlite3.SQLITE_TOOBIG: ("D0307", "a value is too large to be stored in `{database}`", None),
    sqlite3.SQLITE_MISMATCH: ("D0307", "a value is not of the type that `{database}` insists on", None),
    sqlite3.SQLITE_NOMEM: ("D0308", "there is not enough memory for a statement on `{database}`", None),
}


def _constraint(error: sqlite3.Error, message: str, store: str) -> DatabaseError:
    kind = getattr(error, "sqlite_errorname", "")
    names = _NAMES.search(message)
    fields = [part.strip() for part in names[1].split(",")] if names else []
    table, _, _ = fields[0].partition(".") if fields else (store, "", "")
    store = store or table
    columns = [each.removeprefix(f"{store}.") for each in fields]
    if kind == "SQLITE_CONSTRAINT_NOTNULL":
        return db_errors.null_refused(store, columns)
    if kind in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"):
        return db_errors.row_exists(store, columns)
    if kind == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return db_errors.reference_missing(store)
    if kind == "SQLITE_CONSTRAINT_CHECK":
        return db_errors.rule_broken(store, ", ".join(columns))
    if kind == "SQLITE_CONSTRAINT_DATATYPE":
        return db_errors.value_misfit(store, message)
    return db_errors.row_refused(store, message)

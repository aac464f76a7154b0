"""duckdb exceptions → the errors of ours that say the same."""

from __future__ import annotations

import re
from typing import Final

from runtime.databases import db_errors
from runtime.errors import DatabaseError, RunError, SopError
from runtime.values.operators import division_by_zero
from runtime.values.value_types import overflow

# error('V0105') in generated SQL, and what each such code says
_RAISED: Final = re.compile(r"(?:^|: )(V01\d\d|D0202)$", re.MULTILINE)
_CSV: Final = re.compile(r"CSV Error on Line: (\d+)")
_CSV_FILE: Final = re.compile(r"^\s*file = (.*)$", re.MULTILINE)
_JSON: Final = re.compile(
    r'(Malformed JSON|JSON transform error) in file "(.*?)",(?: at byte \d+)? in line (\d+): (.*)'
)
_PARQUET: Final = re.compile(r"""Failed to read file "(.*?)"|['"]([^'"]*\.parquet)['"]""", re.IGNORECASE)
_OVERFLOWS: Final = ("Overflow in negation", "Overflow on abs", "Overflow in division of", " to type INT64")
_MESSAGES: Final = {
    "V0103": ("a float went out of range", "a float holds at most about 1.8e308"),
    "V0105": ("a value can't be made into one of the wanted type", None),
    "V0106": ("a function was given an argument that it can't work with", None),
    "V0107": ("a date or duration went out of range", "years go from 1 to 9999, durations to 106,751,991 days"),
}


def translated(error: Exception, database: str, store: str = "") -> SopError:
    """database: the name it is known by. store: what was written to, for constraints that do not say."""
    import duckdb

    message = str(error).partition("\n")[0]
    value_error = _value_error(message)
    if value_error is not None:
        return value_error
    if isinstance(error, UnicodeEncodeError):
        return db_errors.half_character()
    if not isinstance(error, duckdb.Error):
        return DatabaseError("D0308", f"the database `{database}` failed: {error}")
    text = message.partition(": ")[2] or message
    in_file = _in_file(str(error))
    if in_file is not None:
        return in_file
    if isinstance(error, duckdb.ConstraintException):
        return _constraint(text, store)
    for kind, pattern, code, shown, hint in _KNOWN:
        if isinstance(error, getattr(duckdb, kind)) and pattern in message:
            retry = code == "D0402"
            return DatabaseError(code, shown.format(database=database, text=text), hint, retry=retry)
    return DatabaseError("D0308", f"the database `{database}` refused a statement: {text}")


def _in_file(message: str) -> DatabaseError | None:
    """A file of a folder that can't be read as what it is."""
    if match := _CSV.search(message):
        lines = message[match.end() :].splitlines()
        reason = next((line for line in lines if line and not line.startswith("Original Line")), "it can't be read")
        file = _CSV_FILE.search(message)
        return _bad_line(file[1] if file else "a CSV file", int(match[1]), reason)
    if match := _JSON.search(message):
        # DuckDB counts a malformed line from 2
        line = int(match[3]) - (match[1] == "Malformed JSON")
        return _bad_line(match[2], line, match[4].strip().rstrip("."))
    if match := _PARQUET.search(message):
        return DatabaseError(
            "D0107", f"{match[1] or match[2]} is damaged: {message.partition(': ')[2].splitlines()[0]}"
        )
    return None


def _bad_line(file: str, line: int, reason: str) -> DatabaseError:
    hint = "correct the line"
    return DatabaseError("D0203", f"{file}, line {line}: {reason}", hint)


def _value_error(message: str) -> SopError | None:
    """The error for a value, in the language's terms; None when the message is about something else."""
    if match := _RAISED.search(message):
        if match[1] == "D0202":
            return db_errors.months_stored()
        text, hint = _MESSAGES.get(match[1], ("a value can't be worked with", None))
        return RunError(match[1], text, hint)
    if "Division by zero" in message:
        return division_by_zero()
    if "More than one row returned by a subquery" in message:
        return RunError("V0113", "a query that must give one row gives more", "an aggregate or `limit 1` gives one")
    if "timestamp range" in message or "Date out of range" in message or "INTERVAL" in message:
        return RunError("V0107", *_MESSAGES["V0107"])
    if "DECIMAL" in message or "INT128" in message or "HUGEINT" in message:
        if "destination type INT64" not in message:
            return RunError(
                "V0104",
                "a decimal went past the 38 digits that DuckDB can work with",
                "round(x, digits) keeps fewer digits after the point; float(x) has no such limit",
            )
        return overflow()
    if "INT64" in message and ("Overflow" in message or "out of range" in message) and "type INT64 with" not in message:
        return overflow()
    if any(part in message for part in _OVERFLOWS):
        return overflow()
    if "DOUBLE" in message and "Could not convert" in message:
        return RunError("V0103", *_MESSAGES["V0103"])
    return None


# exception, part of its message, code, what it says, what to try
_KNOWN: Final[tuple[tuple[str, str, str, str, str | None], ...]] = (
    (
        "IOException",
        "Could not set lock",
        "D0401",
        "`{database}` is open in another program",
        "end that program, or wait",
    ),
    (
        "ConnectionException",
        "different configuration",
        "D0401",
        "`{database}` is open in this program for reading",
        None,
    ),
    ("IOException", "not a valid DuckDB database", "D0102", "`{database}` is not a DuckDB database", None),
    ("IOException", "Corrupt", "D0107", "the file of `{database}` is damaged", "restore it from a copy"),
    ("SerializationException", "", "D0107", "the file of `{database}` is damaged: {text}", "restore it from a copy"),
    ("IOException", "newer version", "D0103", "`{database}` can't be opened: {text}", "a newer `duckdb` package"),
    (
        "IOException",
        "Permission denied",
        "D0103",
        "`{database}` can't be opened",
        "check the permissions of file and folder",
    ),
    ("IOException", "Cannot open file", "D0103", "`{database}` can't be opened: {text}", None),
    ("IOException", "No space left", "D0306", "there is no room left for `{database}`", "free some disk space"),
    ("IOException", "", "D0108", "reading or writing the file of `{database}` failed: {text}", None),
    (
        "OutOfMemoryException",
        "",
        "D0310",
        "`{database}` ran out of its memory: {text}",
        "?memory_limit=4GB in its URL allows more",
    ),
    ("InterruptException", "", "D0403", "a statement on `{database}` was interrupted", None),
    ("TransactionException", "onflict", "D0402", "another writer changed `{database}` in the meantime", None),
    ("InvalidInputException", "read-only", "D0305", "the database `{database}` can only be read", None),
    ("CatalogException", "", "D0201", "`{database}` has changed: {text}", "compile the script again"),
    (
        "BinderException",
        "not found in FROM clause",
        "D0201",
        "`{database}` has changed: {text}",
        "compile the script again",
    ),
    ("ConversionException", "", "D0307", "a value does not fit where it is to be stored in `{database}`: {text}", None),
    ("OutOfRangeException", "", "D0307", "a value is too large for `{database}`: {text}", None),
    ("PermissionException", "", "D0308", "`{database}` may read and write no other file: {text}", None),
)


def _constraint(text: str, store: str) -> DatabaseError:
    if match := re.search(r"NOT NULL constraint failed: (\S+)", text):
        table, _, field = match[1].rpartition(".")
        return db_errors.null_refused(store or table, [field])
    if match := re.search(r'[Dd]uplicate key "(.*?)"', text, re.DOTALL):
        return db_errors.row_exists(store, [part.partition(": ")[0] for part in match[1].split(", ")])
    if "foreign key" in text.lower():
        return db_errors.reference_missing(store)
    if match := re.search(r"with expression CHECK\s*\((.*)\)", text, re.DOTALL):
        return db_errors.rule_broken(store, match[1])
    return db_errors.row_refused(store, text)

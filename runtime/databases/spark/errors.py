"""Exceptions of Spark's client → the errors of ours that say the same."""

from __future__ import annotations

import re
from typing import Final

from runtime.databases import db_errors
from runtime.errors import DatabaseError, RunError, SopError
from runtime.values.operators import division_by_zero
from runtime.values.value_types import overflow

_RAISED: Final = re.compile(r"\b(V01\d\d|D0202)\b")  # raise_error('V0105') in generated SQL
_MESSAGES: Final[dict[str, tuple[str, str | None]]] = {
    "V0103": ("a float went out of range", "a float holds at most about 1.8e308"),
    "V0104": (
        "a decimal went past the 38 digits that Spark can work with",
        "round(x, digits) keeps fewer digits after the point; float(x) has no such limit",
    ),
    "V0105": ("a value can't be made into one of the wanted type", None),
    "V0106": ("a function was given an argument that it can't work with", None),
    "V0107": ("a date or duration went out of range", "years go from 1 to 9999, durations to 106,751,991 days"),
    "V0113": ("a query that must give one row gives more", "an aggregate or `limit 1` gives one"),
}
# what a server says → code of ours; the first that is found counts
_VALUES: Final[tuple[tuple[str, str], ...]] = (
    (r"DIVIDE_BY_ZERO|REMAINDER_BY_ZERO|(?i:divide|division|remainder) by zero", "division"),
    (r"Scalar subquery returned more than one row|SCALAR_SUBQUERY_TOO_MANY_ROWS", "V0113"),
    (r"out of range Int64|to type Int64|to value of Int64|CAST_OVERFLOW.*BIGINT|OVERFLOW.*BIGINT", "overflow"),
    (r"ARITHMETIC_OVERFLOW|BINARY_ARITHMETIC_OVERFLOW", "overflow"),
    (r"Decimal128|[Oo]verflow happened|NUMERIC_VALUE_OUT_OF_RANGE|precision 38|DECIMAL_PRECISION", "V0104"),
)
_DETAILS: Final = re.compile(r'^\s*details = "(.*?)"$', re.MULTILINE)
_INTERRUPTED: Final = re.compile(r"OPERATION_CANCELED|cancell?ed|interrupted", re.IGNORECASE)
_CHANGED: Final = re.compile(r"TABLE_OR_VIEW_NOT_FOUND|UNRESOLVED_COLUMN|table not found|No field named|FileNotFound")
_UNABLE: Final = re.compile(r"Physical plan does not support|UNSUPPORTED_SUBQUERY_EXPRESSION|UNSUPPORTED_FEATURE")
_LOST: Final = re.compile(
    r"SESSION_NOT_FOUND|SESSION_CHANGED|SESSION_CLOSED|OPERATION_NOT_FOUND|RESPONSE_ALREADY_RECEIVED|NO_ACTIVE_SESSION"
    r"|RETRIES_EXCEEDED|invalid session|session not found|operation not found",
    re.IGNORECASE,
)


def translated(error: Exception, database: str) -> SopError:
    """database: the name it is known by."""
    if isinstance(error, SopError):
        return error
    if isinstance(error, UnicodeEncodeError):
        return db_errors.half_character()
    text = str(error).strip()
    if _is_lost(error, text):
        return connection_lost(database, _first_line(text))
    if match := _RAISED.search(text):
        return _by_code(match[1])
    for pattern, code in _VALUES:
        if re.search(pattern, text, re.DOTALL):
            return _by_code(code)
    if _UNABLE.search(text):
        return DatabaseError(
            "D0309",
            f"the server of `{database}` can't do what a query asks for: {_first_line(text)}",
            "a variable worked out beforehand, or a loop over the rows, can",
        )
    if _INTERRUPTED.search(text):
        return DatabaseError("D0403", f"a statement on `{database}` was interrupted")
    if _CHANGED.search(text):
        return DatabaseError("D0201", f"`{database}` has changed: {_first_line(text)}", "compile the script again")
    return DatabaseError("D0308", f"the database `{database}` refused a statement: {_first_line(text)}")


def connection_lost(database: str, reason: str) -> DatabaseError:
    return DatabaseError(
        "D0421", f"the connection to `{database}` was lost: {reason}", "run the script again once the server is back"
    )


def not_reached(database: str, place: str, text: str = "") -> DatabaseError:
    """text: what Spark's client says."""
    if "UNAUTHENTICATED" in text or "PERMISSION_DENIED" in text:
        return DatabaseError("D0122", f"`{database}`: {place} refused the token", "check the token in its URL")
    return DatabaseError(
        "D0121", f"`{database}`: the server at {place} can't be reached", "check host and port, and that it runs"
    )


def unknown_server(database: str, place: str, version: str) -> DatabaseError:
    return DatabaseError(
        "D0126",
        f"`{database}`: the server at {place} says that it is `{version}`, which is not known to answer as scripts mean"
        " it",
        "Apache Spark from 4.0 on, and Sail from 0.7 on, are known",
    )


def _is_lost(error: Exception, text: str) -> bool:
    import grpc

    code = getattr(error, "getGrpcStatusCode", lambda: None)() or getattr(error, "code", lambda: None)()
    return code == grpc.StatusCode.UNAVAILABLE or "StatusCode.UNAVAILABLE" in text or _LOST.search(text) is not None


def _by_code(code: str) -> SopError:
    if code == "division":
        return division_by_zero()
    if code == "overflow":
        return overflow()
    if code == "D0202":
        return db_errors.months_stored()
    return RunError(code, *_MESSAGES.get(code, ("a value can't be worked with", None)))


def _first_line(text: str) -> str:
    """Of what a server says; its details alone where gRPC shows an object."""
    details = _DETAILS.search(text)
    return (details[1] if details else text.partition("\n")[0])[:300]

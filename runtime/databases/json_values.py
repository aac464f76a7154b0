"""The JSON text of a stored value → the value, on every engine alike."""

from __future__ import annotations

from typing import Any

from runtime.errors import DatabaseError, RunError
from runtime.values.json_values import json_value


def stored_json(text: str | bytes, *, raw: bool = False) -> Any:
    """As `json_value`; raises DatabaseError D0202 for a number past the range of floats."""
    try:
        return json_value(text, raw=raw)
    except RunError as error:
        raise out_of_range() from error


def out_of_range() -> DatabaseError:
    return DatabaseError("D0202", "a number in stored JSON is past 1.8e308, the largest float", "correct the value")

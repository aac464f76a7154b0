"""A value in a module → plain data with its type."""

from __future__ import annotations

import msgspec

from runtime.values.types import Type


class Const(msgspec.Struct, frozen=True, tag_field="kind", tag="const"):
    """A literal. value: null, bool, int, float or text as itself; decimal, date, timestamp and duration as text
    (ISO 8601; a duration as seconds); runtime/values/operators.py `from_const` gives the Python value."""

    value: bool | int | float | str | None
    type: Type

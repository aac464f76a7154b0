"""Types → codec names: short codes that tell an engine how to encode a placeholder and decode a column.

| codec | type |
|---|---|
| `b` `i` `f` `t` `D` `T` `u` `n` | bool, int, float, text, date, timestamp, duration, null |
| `d2` | decimal of scale 2 as generated SQL works on it |
| `s2` | decimal of scale 2 as a table holds it |
| `j` | any, record |
| `v` | any, record as a table holds it |
| `l` + codec | list of that |
"""

from __future__ import annotations

from typing import Final

from runtime.values.types import Type

_PLAIN: Final = {
    "bool": "b",
    "int": "i",
    "float": "f",
    "text": "t",
    "date": "D",
    "timestamp": "T",
    "duration": "u",
    "null": "n",
}


def codec_name(type_: Type, *, stored: bool = False) -> str:
    """The codec name of a type.

    Args:
        type_: The type of a column, param or constant.
        stored: As a table holds the value; when False, as generated SQL computes with it. They differ for decimals and
            for JSON.

    Returns:
        One to a few characters: `i`, `d2`, `lt`.
    """
    if type_.name == "decimal":
        return f"{'s' if stored else 'd'}{type_.scale}"
    if type_.name == "list":
        return "l" + (codec_name(type_.item) if type_.item is not None else "j")
    return _PLAIN.get(type_.name, "v" if stored else "j")

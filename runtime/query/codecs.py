"""Types → short form codes: how generated SQL says what a placeholder is bound to, for each engine's encoders.

| form | type |
|---|---|
| `b` `i` `f` `t` `D` `T` `u` `n` | bool, int, float, text, date, timestamp, duration, null |
| `d2` | decimal of scale 2 as generated SQL works on it |
| `s2` | decimal of scale 2 as a table holds it |
| `j` | any, record |
| `l` + form | list of that |
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
    """The form code of a type; stored: as a table holds it, else as generated SQL works on it."""
    if type_.name == "decimal":
        return f"{'s' if stored else 'd'}{type_.scale}"
    if type_.name == "list":
        return "l" + (codec_name(type_.item) if type_.item is not None else "j")
    return _PLAIN.get(type_.name, "j")

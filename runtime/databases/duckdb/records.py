"""Columns of a query → SQL that gives each row as the JSON text of its record, byte for byte as the JSON writer would.

DuckDB then writes the records of a query that is emitted whole, several times faster than Python makes them from rows.
A value that the language does not have (an infinite float or date, a null in a field that allows none) makes the text
null; the reader then finds it in the rows. DuckDB writes `\\u001F` where the writer has `\\u001f`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from sqlglot import exp

from runtime.databases.sql.sql_nodes import Sql, cast
from runtime.values.types import DECIMAL_PRECISION, DECIMAL_SCALE, Type

_ESCAPE: Final = re.compile(r"\\(?:u(00[01][0-9A-F])|.)")
_TEXTS: Final = {
    "bool": "text_of",
    "int": "text_of",
    "float": "json_float",
    "text": "json_text",
    "date": "json_date",
    "timestamp": "json_timestamp",
}


def record_text(columns: Sequence[tuple[str, Sql, Type]], call: Callable[..., Sql]) -> Sql | None:
    """columns: name, SQL in its working form, type. call: of a macro, by its name. None when there is a type that
    DuckDB writes in another way."""
    parts: list[Sql] = []
    before = "{"
    for name, sql, type_ in columns:
        text = _text(sql, type_, call)
        if text is None:
            return None
        key = msgspec.json.encode(name).decode()
        parts += [exp.Literal.string(f"{before}{key}:"), text]
        before = ","
    result: Sql = parts[0]
    for part in [*parts[1:], exp.Literal.string("}")]:
        result = exp.DPipe(this=result, expression=part, safe=True)
    return result


def _text(sql: Sql, type_: Type, call: Callable[..., Sql]) -> Sql | None:
    if type_.name == "decimal":
        exact = cast(sql, f"DECIMAL({DECIMAL_PRECISION}, {type_.scale})")
        text = call("text_of_plain" if type_.scale == DECIMAL_SCALE else "text_of", exact)
    elif type_.name in _TEXTS:
        text = call(_TEXTS[type_.name], sql)
    else:
        return None
    if not type_.nullable:
        return text
    isnull = exp.Is(this=exp.Paren(this=sql.copy()), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=isnull, true=exp.Literal.string("null"))], default=text)


def as_written(text: str) -> str:
    """A record's text with its escapes as the JSON writer has them."""
    return _ESCAPE.sub(lambda match: match[0].lower() if match[1] else match[0], text) if "\\u00" in text else text

"""What an engine can't hold or work out as the language means it: the whole list, each row with a case that shows it.

tests/property/test_exclusions.py fails for a row that is no longer needed.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Exclusion(NamedTuple):
    """One thing that is not as in a script. dialect: of the engine. what: for people. type, value: of the field `x`, as
    text. expression: in the language, over `x`. found: the engine's answer, or the code of its error."""

    dialect: str
    what: str
    type: str
    value: str
    expression: str
    found: Any


EXCLUSIONS: Final[tuple[Exclusion, ...]] = (
    Exclusion("sqlite", "decimals of more than 15 digits", "decimal(38,2)", "12345678901234567.89", "x", "V0104"),
    Exclusion(
        "duckdb",
        "letters that are several in another case",
        "text",
        "straße",
        "upper(x)",
        "STRAẞE",
    ),
    Exclusion(
        "duckdb",
        "products of decimals whose scales add up to more than 18, past 38 digits before they are rounded",
        "decimal(38,18)",
        "12.5",
        "x * x",
        "V0104",
    ),
    Exclusion(
        "duckdb",
        "quotients of decimals that need more than 38 digits on the way",
        "decimal(38,18)",
        "1000.0",
        "x / x",
        "V0104",
    ),
    Exclusion("duckdb", "a decimal beside a float counts as a float", "decimal(10,2)", "0.1", "x = float(x)", True),
    Exclusion(
        "duckdb", "an int past 2^53 beside a float counts as a float", "int", "9007199254740993", "x = float(x)", True
    ),
    Exclusion("postgres", "a decimal beside a float counts as a float", "decimal(10,2)", "0.1", "x = float(x)", True),
    Exclusion(
        "postgres", "an int past 2^53 beside a float counts as a float", "int", "9007199254740993", "x = float(x)", True
    ),
    Exclusion("postgres", "floats too small to tell from 0 are errors", "float", "1e-300", "x * x", "V0103"),
    Exclusion("postgres", "a record in a field has no text", "any", '{"a": 1}', "text(x)", "V0105"),
)

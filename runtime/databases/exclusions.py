"""Where an engine differs from the language: the whole list, each row with a case that shows it.

tests/property/test_exclusions.py fails when a row is no longer needed. tests/property/test_every_function.py and
tests/campaigns accept exactly the differences that a row covers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

_COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">=", "between", "in", "least", "greatest", "null_if"})
_SHOWN: Final = frozenset({"text", "concat", "text hole"})
_TINY: Final = 2.3e-308  # a float below has fewer digits, or is 0


class Answers(NamedTuple):
    """What an expression is by the machine and by an engine. rows: the functions and operators (as their table has
    them) that it is made of. types: of the fields in it. machine, found: JSON, or the code of an error. of_null:
    whether an operand in it is null."""

    rows: Collection[str]
    types: Collection[str]
    machine: str
    found: str
    of_null: bool = False


class Exclusion(NamedTuple):
    """One difference between an engine and the VM.

    dialect: of the engine. what: for people. type, value: of the field `x`, as text; several values, for an aggregate,
    with `; ` between them. expression: in the language, over `x`. found: the engine's answer, or the code of its error.
    covers: whether that is what two answers differ by.
    """

    dialect: str
    what: str
    type: str
    value: str
    expression: str
    found: Any
    covers: Callable[[Answers], bool]


def _uses(*rows: str) -> Callable[[Answers], bool]:
    return lambda answers: not set(rows).isdisjoint(answers.rows)


def _too_long(*rows: str) -> Callable[[Answers], bool]:
    """An error of too many digits, where one of these is used."""
    return lambda answers: answers.found == "V0104" and not set(rows).isdisjoint(answers.rows)


def _mixed(kind: str) -> Callable[[Answers], bool]:
    """A comparison of floats with numbers of the kind."""

    def covers(answers: Answers) -> bool:
        kinds = {type_.partition("(")[0] for type_ in answers.types}
        return {kind, "float"} <= kinds and not _COMPARISONS.isdisjoint(answers.rows)

    return covers


def _underflows(answers: Answers) -> bool:
    number = re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", answers.machine)
    return answers.found == "V0103" and (number is None or abs(float(answers.machine)) < _TINY)


def _is_beside_null(answers: Answers) -> bool:
    """Null where the machine has an error."""
    return answers.of_null and answers.found == "null" and re.fullmatch("[VD][0-9]{4}", answers.machine) is not None


def _differ_in_sign_of_zero(answers: Answers) -> bool:
    return not {"float", "any"}.isdisjoint(answers.types) and answers.machine.replace(
        "-0.0", "0.0"
    ) == answers.found.replace("-0.0", "0.0")


def _is_json(answers: Answers) -> bool:
    return "any" in answers.types


def _is_record_without_text(answers: Answers) -> bool:
    return answers.found == "V0105" and not _SHOWN.isdisjoint(answers.rows) and _is_json(answers)


EXCLUSIONS: Final[tuple[Exclusion, ...]] = (
    Exclusion(
        "sqlite",
        "decimals of more than 15 digits in a field, 18 in an expression",
        "decimal(38,2)",
        "12345678901234567.89",
        "x",
        "V0104",
        lambda answers: answers.found == "V0104",
    ),
    Exclusion(
        "sqlite",
        "a sum of ints that goes past 64 bits on its way, though not at its end",
        "int",
        "9223372036854775807; 1; -1",
        "sum(x)",
        "V0101",
        lambda answers: answers.found == "V0101" and "sum" in answers.rows and "int" in answers.types,
    ),
    Exclusion(
        "sqlite",
        "the sign of a zero, which a field does not keep and an expression may lose",
        "float",
        "-0.0",
        "x",
        0.0,
        _differ_in_sign_of_zero,
    ),
    Exclusion(
        "sqlite",
        "a whole float by itself in a JSON field is an int",
        "any",
        "100.0",
        "x",
        100,
        lambda answers: _is_json(answers) and answers.machine == f"{answers.found}.0",
    ),
    Exclusion(
        "sqlite",
        "a number by itself in a JSON field that no float is equal to",
        "any",
        "12345678901234567890",
        "x",
        12345678901234567000.0,
        lambda answers: _is_json(answers) and answers.found == "V0104",
    ),
    Exclusion(
        "duckdb",
        "a record in a field has no text where a number in it may be written otherwise",
        "any",
        '{"a": 1e25}',
        "text(x)",
        "V0105",
        _is_record_without_text,
    ),
    Exclusion(
        "duckdb",
        "letters that are several in another case",
        "text",
        "straße",
        "upper(x)",
        "STRAẞE",
        _uses("upper", "lower"),
    ),
    Exclusion(
        "duckdb",
        "products of decimals whose scales add up to more than 18, past 38 digits before they are rounded",
        "decimal(38,18)",
        "12.5",
        "x * x",
        "V0104",
        _too_long("*"),
    ),
    Exclusion(
        "duckdb",
        "quotients of decimals that need more than 38 digits on the way",
        "decimal(38,18)",
        "1000.0",
        "x / x",
        "V0104",
        _too_long("/", "//", "%", "avg"),
    ),
    Exclusion(
        "duckdb",
        "a decimal beside a float counts as a float",
        "decimal(10,2)",
        "0.1",
        "x = float(x)",
        True,
        _mixed("decimal"),
    ),
    Exclusion(
        "duckdb",
        "an int past 2^53 beside a float counts as a float",
        "int",
        "9007199254740993",
        "x = float(x)",
        True,
        _mixed("int"),
    ),
    Exclusion(
        "duckdb",
        "an operand beside one that is null in all rows is not worked out, so its error does not occur",
        "text",
        "",
        "null_if(length(x), 0) % (7 // length(x))",
        None,
        _is_beside_null,
    ),
    Exclusion(
        "postgres",
        "a decimal beside a float counts as a float",
        "decimal(10,2)",
        "0.1",
        "x = float(x)",
        True,
        _mixed("decimal"),
    ),
    Exclusion(
        "postgres",
        "an int past 2^53 beside a float counts as a float",
        "int",
        "9007199254740993",
        "x = float(x)",
        True,
        _mixed("int"),
    ),
    Exclusion(
        "postgres", "floats too small to tell from 0 are errors", "float", "1e-300", "x * x", "V0103", _underflows
    ),
    Exclusion(
        "postgres",
        "the remainder of floats can't be expressed",
        "float",
        "5.5",
        "x % x",
        "D0309",
        lambda answers: answers.found == "D0309" and "%" in answers.rows,
    ),
    Exclusion(
        "postgres",
        "a record in a field has no text",
        "any",
        '{"a": 1}',
        "text(x)",
        "V0105",
        _is_record_without_text,
    ),
    Exclusion(
        "postgres",
        "records have their keys in the order of jsonb, the shorter before the longer",
        "any",
        '{"b": 1, "a": 2}',
        "x",
        {"a": 2, "b": 1},
        lambda answers: (
            _is_json(answers) and answers.found[:1] == "{" and sorted(answers.found) == sorted(answers.machine)
        ),
    ),
    Exclusion(
        "postgres", "the sign of a zero inside JSON", "any", '{"a": -0.0}', "x", {"a": 0.0}, _differ_in_sign_of_zero
    ),
)


def excused(dialect: str, answers: Answers) -> Exclusion | None:
    """The row that covers two answers which differ."""
    return next((row for row in EXCLUSIONS if row.dialect == dialect and row.covers(answers)), None)

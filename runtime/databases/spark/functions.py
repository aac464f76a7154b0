"""The language's functions in Spark's SQL: Spark's own function where it means the same, else a text made here.

A server takes no functions of ours, so a helper is a Python function: SQL of its arguments → SQL. `_error('V0105')`
makes the statement fail with that code (runtime/databases/spark/errors.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from inspect import Parameter, signature
from typing import Final

from runtime.databases.sql.sql_nodes import WHITE_SPACE

# function of the table, or function and type of its first argument → function of Spark, or [helper]
SQL_FUNCTIONS: Final[dict[str, str]] = {
    # text
    "upper": "upper",
    "lower": "lower",
    "trim": "[trim]",
    "length text": "length",
    "length list": "array_size",
    "substring": "[substring]",
    "left": "[left]",
    "right": "[right]",
    "replace": "replace",
    "position": "instr",
    "repeat": "[repeat]",
    "reverse text": "reverse",
    "reverse list": "reverse",
    "pad_left": "[pad_left]",
    "pad_right": "[pad_right]",
    "split": "[split]",
    "join": "[join]",
    "contains": "contains",
    "starts_with": "startswith",
    "ends_with": "endswith",
    "like": "[like]",
    # numbers
    "abs": "abs",
    "abs int": "[abs_int]",
    "round int": "[round_int]",
    "round float": "[round_float]",
    "round decimal": "[round_decimal]",
    "floor int": "[same]",
    "floor float": "[floor_float]",
    "floor decimal": "[floor]",
    "ceil int": "[same]",
    "ceil float": "[ceil_float]",
    "ceil decimal": "[ceil]",
    "sqrt": "[sqrt]",
    "power": "[power]",
    "sign": "[sign]",
    # conversion
    "int int": "[same]",
    "int bool": "[as_int]",
    "int float": "[as_int]",
    "int decimal": "[int_of_decimal]",
    "int text": "[int_of_text]",
    "float float": "[same]",
    "float int": "[as_float]",
    "float decimal": "[as_float]",
    "float text": "[float_of_text]",
    "decimal decimal": "[same]",
    "decimal int": "[same]",
    "decimal float": "[decimal_of_float]",
    "decimal text": "[decimal_of_text]",
    "text text": "[same]",
    "text bool": "[as_text]",
    "text int": "[as_text]",
    "text decimal": "[as_text]",
    "text plain decimal": "[text_of_plain]",
    "text date": "[as_text]",
    "text float": "[text_of_float]",
    "text timestamp": "[text_of_timestamp]",
    "text duration": "[text_of_duration]",
    "bool text": "[bool_of_text]",
    "bool int": "[bool_of_int]",
    "date text": "[date_of_text]",
    "date timestamp": "[date_of_timestamp]",
    "date int": "[date_of_parts]",
    "timestamp text": "[timestamp_of_text]",
    "timestamp date": "[timestamp_of_date]",
    # dates and times
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "day": "day",
    "weekday": "[weekday]",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "start_of date": "[start_of_date]",
    "start_of timestamp": "[start_of_timestamp]",
    "add_days date": "[add_days_date]",
    "add_days timestamp": "[add_days_timestamp]",
    "add_months date": "[add_months_date]",
    "add_months timestamp": "[add_months_timestamp]",
    "add_years date": "[add_years_date]",
    "add_years timestamp": "[add_years_timestamp]",
    "days_between": "[days_between]",
    "months_between": "[months_between]",
    "years_between": "[years_between]",
    "days": "[days]",
    "hours": "[hours]",
    "minutes": "[minutes]",
    "seconds": "[seconds]",
    # lists
    "sort": "array_sort",
    "unique": "array_distinct",
    "append": "[append]",
    "first_item": "[first_item]",
    "last_item": "[last_item]",
    "range": "[range]",
    "min_of": "array_min",
    "max_of": "array_max",
}

VARIABLE: Final = re.compile(r"\bsop_[a-z]+\b")  # of a lambda
_DAY: Final = 86_400_000_000  # microseconds
_WIDE: Final = "DECIMAL(38, 0)"
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # of the years 1 and 9999, from 1970-01-01
_LARGEST_FLOAT: Final = "1.7976931348623157E308D"
_MOST_TEXT: Final = 10_000_000
_NONE: Final = "\U0010ffff"  # a code point that no text has
_UNITS: Final = ("year", "quarter", "month", "week", "day", "hour", "minute")
_NUMBER: Final = "^[+-]?([0-9]{1,400}([.][0-9]{0,400})?|[.][0-9]{1,400})([eE][+-]?[0-9]{1,3})?$"
_MOMENT: Final = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)


def _error(code: str) -> str:
    return f"raise_error('{code}')"


def _let(value: str, body: Callable[[str], str], name: str = "sop_inner") -> str:
    """body(name of the value), in which the value is worked out once."""
    return f"transform(array({value}), {name} -> {body(name)})[0]"


def _any_null(*values: str) -> str:
    return " OR ".join(f"{value} IS NULL" for value in values)


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────


def _finite(x: str) -> str:
    return f"CASE WHEN {x} IS NULL OR abs({x}) <= {_LARGEST_FLOAT} THEN {x} ELSE {_error('V0103')} END"


def _wide_quotient(a: str, b: str) -> str:
    return f"CAST(({a} - {a} % {b}) / {b} AS {_WIDE})"


def _quotient(a: str, b: str) -> str:
    doubled = f"CAST(2 * {a} + CASE WHEN {a} < 0 THEN -abs({b}) ELSE abs({b}) END AS {_WIDE})"
    return _wide_quotient(doubled, f"CAST(2 * {b} AS {_WIDE})")


def _checked_duration(us: str) -> str:
    inside = f"{us} BETWEEN -9223372036854775807 AND 9223372036854775807"
    return f"CASE WHEN NOT ({inside}) THEN {_error('V0107')} ELSE CAST({us} AS BIGINT) END"


def _ten(n: str) -> str:
    """10^n, exactly; of any n, since Sail works out constants in a branch that is not taken, and takes their errors."""
    return f"CAST(rpad('1', CAST(least(greatest({n}, 0), 37) AS INT) + 1, '0') AS {_WIDE})"


def _to_unit(x: str, unit: str) -> str:
    """A whole number to a multiple of another one."""
    rest = f"{x} % {unit}"
    away = f"CASE WHEN 2 * abs({rest}) < {unit} THEN 0 WHEN {x} < 0 THEN -{unit} ELSE {unit} END"
    return f"{x} - {rest} + {away}"


def _round_int(x: str, n: str = "0") -> str:
    rounded = f"CAST({_to_unit(f'CAST({x} AS {_WIDE})', _ten(f'-{n}'))} AS BIGINT)"
    return f"CASE WHEN {_any_null(x, n)} THEN NULL WHEN {n} >= 0 THEN {x} WHEN {n} < -19 THEN 0 ELSE {rounded} END"


def _units_of_text(t: str, places: str) -> str:
    """A number written with digits, point and exponent, in units of 10^-places, halves away from zero."""
    mantissa = f"split_part({t}, 'e', 1)"
    exponent = f"CASE WHEN contains({t}, 'e') THEN CAST(split_part({t}, 'e', 2) AS BIGINT) ELSE 0 END"
    after = f"CASE WHEN contains({mantissa}, '.') THEN length(split_part({mantissa}, '.', 2)) ELSE 0 END"

    def body(v: str) -> str:
        digits, more = f"{v}.digits", f"{v}.more"
        cut = _quotient(digits, _ten(f"-{more}"))
        return f"CASE WHEN {more} >= 0 THEN {digits} * {_ten(more)} WHEN {more} < -30 THEN 0 ELSE {cut} END"

    digits = f"CAST(replace({mantissa}, '.', '') AS {_WIDE})"
    return _let(f"struct({digits} AS digits, {exponent} - {after} + {places} AS more)", body, "sop_number")


def _float_units(x: str, places: str) -> str:
    """A float in units of 10^-places, by the shortest decimal that writes it."""
    return _let(f"lower(CAST({x} AS STRING))", lambda t: _units_of_text(t, places), "sop_text")


def _of_units(units: str, scale: int) -> str:
    return f"CAST({units} AS {_WIDE}) * CAST('{10**-scale:.{scale}f}' AS DECIMAL({scale + 1}, {scale}))"


def _round_float(x: str, n: str = "0") -> str:
    digits = f"floor(log10(abs({x}))) + {n}"
    units = f"CAST(CAST({_float_units(x, n)} AS {_WIDE}) AS STRING)"
    return (
        f"CASE WHEN {_any_null(x, n)} THEN NULL WHEN {x} = 0 THEN 0D WHEN {digits} > 17 THEN {x} WHEN {digits} < -2"
        f" THEN 0D ELSE CAST(concat({units}, 'e', CAST(-{n} AS STRING)) AS DOUBLE) + 0D END"
    )


def _round_decimal(x: str, n: str) -> str:
    places = " ".join(
        f"WHEN {each} THEN CAST(CAST({x} AS DECIMAL(38, {each})) AS DECIMAL(38, 18))" for each in range(18)
    )
    return (
        f"CASE WHEN {_any_null(x, n)} THEN NULL WHEN {n} >= 18 THEN CAST({x} AS DECIMAL(38, 18))"
        f" WHEN {n} < 0 THEN CAST({_round_tens(x, n)} AS DECIMAL(38, 18)) ELSE CASE {n} {places} END END"
    )


def _round_tens(x: str, n: str) -> str:
    whole = _int_part(x)
    return f"CAST(CASE WHEN {n} < -38 THEN 0 * {whole} ELSE {_to_unit(whole, _ten(f'-{n}'))} END AS {_WIDE})"


def _int_part(x: str) -> str:
    """A decimal, cut off after the point."""
    return f"CAST(CASE WHEN {x} < 0 THEN ceil({x}) ELSE floor({x}) END AS {_WIDE})"


def _floor_float(x: str, compared: str = ">", step: str = "-") -> str:
    whole = f"CAST({x} AS BIGINT)"
    return f"{whole} {step} CASE WHEN CAST({whole} AS DOUBLE) {compared} {x} THEN 1 ELSE 0 END"


def _power(a: str, b: str) -> str:
    a, b = f"CAST({a} AS DOUBLE)", f"CAST({b} AS DOUBLE)"
    power = _let(f"pow({a}, {b})", _finite)
    return f"CASE WHEN {a} = 0 AND {b} < 0 OR {a} < 0 AND {b} <> floor({b}) THEN {_error('V0106')} ELSE {power} END"


# ── text ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _trim(t: str) -> str:
    return f"trim(BOTH '{WHITE_SPACE}' FROM {t})"


def _count(t: str, n: str, low: int) -> str:
    """A number of characters: refused only where the text is not null, cut off where that does no harm."""
    most = f"CAST(least(greatest({n}, {low}), 2147483647) AS INT)"
    return f"CASE WHEN {t} IS NOT NULL AND {n} < {low} THEN {_error('V0106')} ELSE {most} END"


def _substring(t: str, s: str, n: str = "") -> str:
    if not n:
        return f"substring({t}, {_count(t, s, 1)})"
    start, size = (
        _count(f"concat({t}, CAST({other} AS STRING))", each, low) for other, each, low in ((n, s, 1), (s, n, 0))
    )
    return f"substring({t}, {start}, {size})"


def _repeat(t: str, n: str) -> str:
    most = f"{_MOST_TEXT} DIV greatest(length({t}), 1)"
    return f"CASE WHEN length({t}) > 0 AND {n} > {most} THEN {_error('V0106')} ELSE repeat({t}, {_count(t, n, 0)}) END"


def _padded(side: str) -> Callable[..., str]:
    def helper(t: str, n: str, f: str = "' '") -> str:
        size = f"CAST(least(greatest({n}, 0), {_MOST_TEXT}) AS INT)"
        return (
            f"CASE WHEN {_any_null(t, f, n)} THEN NULL WHEN {f} = '' OR {n} > {_MOST_TEXT} THEN {_error('V0106')}"
            f" WHEN {n} <= length({t}) THEN {t} ELSE {side}pad({t}, {size}, {f}) END"
        )

    return helper


def _split(t: str, s: str) -> str:
    """Spark splits by a pattern, so the separator is made one character that no text has."""
    parts = f"split(replace({t}, {s}, '{_NONE}'), '{_NONE}')"
    return f"CASE WHEN {t} IS NOT NULL AND {s} = '' OR contains({t}, '{_NONE}') THEN {_error('V0106')} ELSE {parts} END"


def _join(items: str, s: str) -> str:
    hole = f"exists({items}, sop_item -> sop_item IS NULL)"
    return f"CASE WHEN {s} IS NULL THEN NULL WHEN {hole} THEN {_error('V0106')} ELSE array_join({items}, {s}) END"


def _like(t: str, p: str) -> str:
    """Spark takes a backslash as an escape, which the language has not."""
    return f"{t} LIKE replace({p}, chr(92), concat(chr(92), chr(92)))"


# ── conversion ─────────────────────────────────────────────────────────────────────────────────────────────────


def _checked(t: str, pattern: str, cast: str) -> str:
    """What a trimmed text is cast to, where it has the form; `cast` gives null where it has not."""
    return (
        f"CASE WHEN {t} IS NOT NULL AND (NOT {_trim(t)} RLIKE '{pattern}' OR {cast} IS NULL) THEN {_error('V0105')}"
        f" ELSE {cast} END"
    )


def _int_of_text(t: str) -> str:
    return _checked(t, "^[+-]?[0-9]{1,40}$", f"try_cast({_trim(t)} AS BIGINT)")


def _number_text(t: str) -> str:
    return f"CASE WHEN NOT {_trim(t)} RLIKE '{_NUMBER}' THEN {_error('V0105')} ELSE {_trim(t)} END"


def _float_of_text(t: str) -> str:
    return _let(f"CAST({_number_text(t)} AS DOUBLE)", _finite)


def _decimal_of_text(t: str) -> str:
    text = f"lower({_number_text(t)})"
    return _let(text, lambda known: _of_units(_units_of_text(known, "10"), 10), "sop_text")


def _text_of_float(x: str) -> str:
    """0.00001 and 1e-6, 1e15 as digits and 1e16."""
    text = f"lower(CAST({x} AS STRING))"
    plain = f"rtrim('0', CAST(CAST({text} AS DECIMAL(38, 22)) AS STRING))"
    whole = f"concat({plain}, CASE WHEN endswith({plain}, '.') THEN '0' ELSE '' END)"
    short = f"replace({text}, '.0e', 'e')"
    return (
        f"CASE WHEN {x} = 0 THEN CAST({x} AS STRING) WHEN abs({x}) >= 1E-5D AND abs({x}) < 1E16D THEN {whole}"
        f" ELSE {short} END"
    )


def _text_of_timestamp(t: str) -> str:
    rest = f"{_micros(t)} % 1000000"
    fraction = f"CASE WHEN {rest} = 0 THEN '' ELSE right(CAST(1000000 + {_rest_up(rest)} AS STRING), 6) END"
    point = f"CASE WHEN {rest} = 0 THEN '' ELSE '.' END"
    return f"concat(replace(substring(CAST({t} AS STRING), 1, 19), ' ', 'T'), {point}, {fraction}, 'Z')"


def _rest_up(rest: str) -> str:
    """The remainder of a division by 1,000,000 that may be negative, as one that is not."""
    return f"({rest} + 1000000) % 1000000"


def _text_of_duration(us: str) -> str:
    size = f"abs({us})"
    days = f"CASE WHEN {size} >= {_DAY} OR {us} = 0 THEN concat(CAST({size} DIV {_DAY} AS STRING), 'D') ELSE '' END"
    digits = f"rtrim('0', lpad(CAST({size} % 1000000 AS STRING), 6, '0'))"
    fraction = f"CASE WHEN {us} % 1000000 = 0 THEN '' ELSE concat('.', {digits}) END"
    seconds = f"concat('T', CAST({size} % {_DAY} DIV 1000000 AS STRING), {fraction}, 'S')"
    return (
        f"concat(CASE WHEN {us} < 0 THEN '-P' ELSE 'P' END, {days}, CASE WHEN {us} % {_DAY} = 0 THEN '' ELSE"
        f" {seconds} END)"
    )


def _bool_of_text(t: str) -> str:
    return f"CASE WHEN {_trim(t)} NOT IN ('true', 'false') THEN {_error('V0105')} ELSE {_trim(t)} = 'true' END"


def _date_of_text(t: str) -> str:
    date = f"try_cast({_trim(t)} AS DATE)"
    return _checked(t, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", f"CASE WHEN {date} >= DATE '0001-01-01' THEN {date} END")


def _date_of_parts(y: str, m: str, d: str) -> str:
    year, month, day = (f"lpad(CAST({part} AS STRING), {size}, '0')" for part, size in ((y, 4), (m, 2), (d, 2)))
    text = f"concat({year}, '-', {month}, '-', {day})"
    inside = f"{y} BETWEEN 1 AND 9999 AND {m} BETWEEN 1 AND 12 AND {d} BETWEEN 1 AND 31"
    date = f"coalesce(try_cast({text} AS DATE), CAST({_error('V0106')} AS DATE))"
    return f"CASE WHEN {_any_null(y, m, d)} THEN NULL WHEN {inside} THEN {date} ELSE {_error('V0106')} END"


def _timestamp_of_text(t: str) -> str:
    moment = f"try_cast({_trim(t)} AS TIMESTAMP)"
    known = f"CASE WHEN {moment} >= TIMESTAMP '0001-01-01 00:00:00Z' THEN CAST({moment} AS TIMESTAMP_NTZ) END"
    return _checked(t, _MOMENT, known)


# ── dates and times ────────────────────────────────────────────────────────────────────────────────────────────


def _micros(t: str) -> str:
    return f"unix_micros(CAST({t} AS TIMESTAMP))"


def _date_at(days: str) -> str:
    """The date so many days from 1970-01-01; V0107 outside of the years."""

    def body(n: str) -> str:
        inside = f"{n} BETWEEN {_FIRST_DAY} AND {_LAST_DAY}"
        return f"CASE WHEN NOT ({inside}) THEN {_error('V0107')} ELSE date_from_unix_date(CAST({n} AS INT)) END"

    return _let(days, body)


def _timestamp_at(micros: str) -> str:
    def body(n: str) -> str:
        inside = f"{n} BETWEEN {_FIRST_DAY * _DAY} AND {(_LAST_DAY + 1) * _DAY - 1}"
        moment = f"CAST(timestamp_micros(CAST({n} AS BIGINT)) AS TIMESTAMP_NTZ)"
        return f"CASE WHEN NOT ({inside}) THEN {_error('V0107')} ELSE {moment} END"

    return _let(f"CAST({micros} AS {_WIDE})", body)


def _moves(x: str, n: str, most: int) -> str:
    inside = f"{n} BETWEEN -{most} AND {most}"
    return f"CASE WHEN {x} IS NULL THEN NULL WHEN NOT ({inside}) THEN {_error('V0107')} ELSE {n} END"


def _add_days_date(d: str, n: str) -> str:
    return _date_at(f"unix_date({d}) + {_moves(d, n, 4_000_000)}")


def _moved_date(d: str, us: str) -> str:
    broken = f"{d} IS NOT NULL AND {us} % {_DAY} <> 0"
    return f"CASE WHEN {broken} THEN {_error('V0106')} ELSE {_add_days_date(d, f'({us} DIV {_DAY})')} END"


def _add_days_timestamp(t: str, n: str) -> str:
    return _timestamp_at(f"{_micros(t)} + {_moves(t, n, 4_000_000)} * {_DAY}")


def _add_months_date(d: str, n: str, most: int = 120_000) -> str:
    def body(months: str) -> str:
        year_month = f"year({d}) * 12 + month({d}) - 1 + {months}"
        inside = f"{year_month} BETWEEN 12 AND 119999"
        return f"CASE WHEN NOT ({inside}) THEN {_error('V0107')} ELSE add_months({d}, CAST({months} AS INT)) END"

    return _let(_moves(d, n, most), body, "sop_months")


def _add_months_timestamp(t: str, n: str) -> str:
    day = f"CAST({t} AS DATE)"
    moved = f"CAST(unix_date({_add_months_date(day, n)}) AS {_WIDE})"
    return _timestamp_at(f"{moved} * {_DAY} + {_micros(t)} - CAST(unix_date({day}) AS BIGINT) * {_DAY}")


def _years(x: str, n: str) -> str:
    return f"({_moves(x, n, 10_000)} * 12)"


def _months_between(a: str, b: str) -> str:
    def whole(first: str, last: str) -> str:
        begun = f"(year({last}) - year({first})) * 12 + month({last}) - month({first})"
        incomplete = f"day({last}) < day({first}) AND {last} <> last_day({last})"
        return f"{begun} - CASE WHEN {incomplete} THEN 1 ELSE 0 END"

    a, b = f"CAST({a} AS DATE)", f"CAST({b} AS DATE)"
    return f"CASE WHEN {a} > {b} THEN -({whole(b, a)}) ELSE {whole(a, b)} END"


def _start_of_date(d: str, unit: str) -> str:
    return _by_unit(d, unit, _UNITS[:5], lambda each: d if each == "day" else f"trunc({d}, '{each}')")


def _start_of_timestamp(t: str, unit: str) -> str:
    return _by_unit(t, unit, _UNITS, lambda each: f"CAST(date_trunc('{each}', {t}) AS TIMESTAMP_NTZ)")


def _by_unit(x: str, unit: str, units: tuple[str, ...], start: Callable[[str], str]) -> str:
    cases = " ".join(f"WHEN {unit} = '{each}' THEN {start(each)}" for each in units)
    return f"CASE WHEN {_any_null(x, unit)} THEN NULL {cases} ELSE {_error('V0106')} END"


# ── lists ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _range(a: str, b: str) -> str:
    return (
        f"CASE WHEN {b} - {a} >= 1000000 THEN {_error('V0106')} WHEN {b} < {a} THEN slice(sequence(0, 0), 2, 0)"
        f" ELSE sequence({a}, {b}) END"
    )


HELPERS: Final[dict[str, Callable[..., str]]] = {
    "same": lambda x: x,
    "finite": _finite,
    "wide_quotient": _wide_quotient,
    "quotient": _quotient,
    "checked_duration": _checked_duration,
    "abs_int": lambda n: f"CAST(abs(CAST({n} AS {_WIDE})) AS BIGINT)",
    "round_int": _round_int,
    "round_float": _round_float,
    "round_decimal": _round_decimal,
    "round_tens": _round_tens,
    "floor": lambda x: f"CAST(floor({x}) AS BIGINT)",
    "ceil": lambda x: f"CAST(ceil({x}) AS BIGINT)",
    "floor_float": lambda x: _floor_float(x),
    "ceil_float": lambda x: _floor_float(x, "<", "+"),
    "truncated": lambda x: f"{x} - {x} % 1D",
    "sqrt": lambda x: f"CASE WHEN {x} < 0 THEN {_error('V0106')} ELSE sqrt(CAST({x} AS DOUBLE)) END",
    "power": _power,
    "sign": lambda x: f"CAST(sign({x}) AS BIGINT)",
    "trim": _trim,
    "substring": _substring,
    "left": lambda t, n: f"left({t}, {_count(t, n, 0)})",
    "right": lambda t, n: f"right({t}, {_count(t, n, 0)})",
    "repeat": _repeat,
    "pad_left": _padded("l"),
    "pad_right": _padded("r"),
    "split": _split,
    "join": _join,
    "like": _like,
    "as_int": lambda x: f"CAST({x} AS BIGINT)",
    "int_of_decimal": lambda x: f"CAST({_int_part(x)} AS BIGINT)",
    "int_of_text": _int_of_text,
    "as_float": lambda x: f"CAST({x} AS DOUBLE)",
    "float_of_text": _float_of_text,
    "decimal_of_float": lambda x: _of_units(_float_units(x, "10"), 10),
    "decimal_of_text": _decimal_of_text,
    "as_text": lambda x: f"CAST({x} AS STRING)",
    "text_of_plain": lambda x: f"rtrim('.', rtrim('0', CAST({x} AS STRING)))",
    "text_of_float": _text_of_float,
    "text_of_timestamp": _text_of_timestamp,
    "text_of_duration": _text_of_duration,
    "bool_of_text": _bool_of_text,
    "bool_of_int": lambda x: f"CASE WHEN {x} NOT IN (0, 1) THEN {_error('V0105')} ELSE {x} = 1 END",
    "date_of_text": _date_of_text,
    "date_of_timestamp": lambda t: f"CAST({t} AS DATE)",
    "date_of_parts": _date_of_parts,
    "timestamp_of_text": _timestamp_of_text,
    "timestamp_of_date": lambda d: f"CAST({d} AS TIMESTAMP_NTZ)",
    "moved_date": _moved_date,
    "moved_timestamp": lambda t, us: _timestamp_at(f"CAST({_micros(t)} AS {_WIDE}) + {us}"),
    "between_dates": lambda a, b: f"CAST(datediff({a}, {b}) AS BIGINT) * {_DAY}",
    "between_timestamps": lambda a, b: f"{_micros(a)} - {_micros(b)}",
    "weekday": lambda d: f"weekday({d}) + 1",
    "start_of_date": _start_of_date,
    "start_of_timestamp": _start_of_timestamp,
    "add_days_date": _add_days_date,
    "add_days_timestamp": _add_days_timestamp,
    "add_months_date": _add_months_date,
    "add_months_timestamp": _add_months_timestamp,
    "add_years_date": lambda d, n: _add_months_date(d, _years(d, n)),
    "add_years_timestamp": lambda t, n: _add_months_timestamp(t, _years(t, n)),
    "days_between": lambda a, b: f"datediff(CAST({b} AS DATE), CAST({a} AS DATE))",
    "months_between": _months_between,
    "years_between": lambda a, b: f"({_months_between(a, b)}) DIV 12",
    "days": lambda us: f"{us} DIV {_DAY}",
    "hours": lambda us: f"{us} DIV 3600000000",
    "minutes": lambda us: f"{us} DIV 60000000",
    "seconds": lambda us: f"{us} DIV 1000000",
    "append": lambda items, x: f"concat({items}, array({x}))",
    "first_item": lambda items: f"CASE WHEN array_size({items}) > 0 THEN {items}[0] END",
    "last_item": lambda items: f"CASE WHEN array_size({items}) > 0 THEN element_at({items}, -1) END",
    "range": _range,
}


@cache
def repeats(name: str) -> bool:
    """Whether a helper writes an argument more than once."""
    parameters = signature(HELPERS[name]).parameters.values()
    marks = [f"\0{each.name}\0" for each in parameters if each.default is Parameter.empty]
    text = HELPERS[name](*marks)
    return any(text.count(mark) > 1 for mark in marks)

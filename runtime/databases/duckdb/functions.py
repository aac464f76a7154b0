"""The language's functions in DuckDB's SQL: DuckDB's own function where it means the same, else a macro made here.

A macro of MACROS is called `sop_NAME` in SQL. A connection creates it when a statement first needs it.
`error('V0105')` makes the statement fail with that code (runtime/databases/duckdb/errors.py).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from runtime.databases.sql.sql_nodes import WHITE_SPACE
from runtime.databases.sql.written_values import Spelling
from runtime.values.types import MAX_SCALE

PREFIX: Final = "sop_"
_USES: Final = re.compile(rf"\b{PREFIX}(\w+)\(", re.IGNORECASE)

# function of the table, or function and type of its first argument → function of DuckDB, or [macro]
SQL_FUNCTIONS: Final[dict[str, str]] = {
    # text
    "upper": "upper",
    "lower": "lower",
    "trim": "[trim]",
    "length text": "length",
    "length list": "len",
    "substring": "[substring]",
    "left": "[left]",
    "right": "[right]",
    "replace": "replace",
    "position": "instr",
    "repeat": "[repeat]",
    "reverse text": "[reverse]",
    "reverse list": "list_reverse",
    "pad_left": "[pad_left]",
    "pad_right": "[pad_right]",
    "split": "[split]",
    "join": "[join]",
    "contains": "contains",
    "starts_with": "starts_with",
    "ends_with": "ends_with",
    # numbers
    "abs": "abs",
    "abs int": "[abs_int]",
    "round int": "[round_int]",
    "round float": "[round_float]",
    "round decimal": "[round_decimal]",
    "floor int": "[same]",
    "floor": "[floor]",
    "ceil int": "[same]",
    "ceil": "[ceil]",
    "sqrt": "[sqrt]",
    "power": "[power]",
    "sign": "[sign]",
    # conversion
    "int int": "[same]",
    "int bool": "[int_of_bool]",
    "int float": "[int_of_number]",
    "int decimal": "[int_of_number]",
    "int text": "[int_of_text]",
    "int any": "[int_of_any]",
    "float float": "[same]",
    "float int": "[float_of_number]",
    "float decimal": "[float_of_number]",
    "float text": "[float_of_text]",
    "float any": "[float_of_any]",
    "decimal decimal": "[same]",
    "decimal int": "[same]",
    "decimal float": "[decimal_of_float]",
    "decimal text": "[decimal_of_text]",
    "decimal any": "[decimal_of_any]",
    "text text": "[same]",
    "text bool": "[text_of]",
    "text int": "[text_of]",
    "text decimal": "[text_of]",
    "text plain decimal": "[text_of_plain]",
    "text date": "[text_of]",
    "text float": "[text_of_float]",
    "text timestamp": "[text_of_timestamp]",
    "text duration": "[text_of_duration]",
    "text any": "[text_of_any]",
    "bool text": "[bool_of_text]",
    "bool int": "[bool_of_int]",
    "bool any": "[bool_of_any]",
    "date text": "[date_of_text]",
    "date timestamp": "[date_of_timestamp]",
    "date int": "[date_of_parts]",
    "date any": "[date_of_any]",
    "timestamp text": "[timestamp_of_text]",
    "timestamp date": "[timestamp_of_date]",
    "timestamp any": "[timestamp_of_any]",
    # JSON
    "field any": "[field]",
    # dates and times
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "day": "day",
    "weekday": "isodow",
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
    "sort": "[sort]",
    "unique": "[unique]",
    "append": "list_append",
    "first_item": "[first_item]",
    "last_item": "[last_item]",
    "range": "[range]",
    "sum_of": "[sum_of]",
    "min_of": "list_min",
    "max_of": "list_max",
}

WRITTEN: Final = Spelling(
    dict.fromkeys(("NUMERIC", "DATE", "TIMESTAMP"), "error('V0105')"),
    "sop_iso_date({})",
    "({0} + to_microseconds({1}))",
    "DECIMAL(38,10)",
)

_MANY_DIGITS: Final = r"[0-9]{8}\.[0-9]|\.[0-9]{8}|[0-9]{16}[eE]"  # of a number that may be no float
_NUMBER: Final = "-?[0-9][0-9.eE+-]*"
_USUAL: Final = (  # written by the language as it stands: of few digits, without an exponent
    r"0|-?[1-9][0-9]{0,17}|-?(?:0|[1-9][0-9]{0,5})\.(?:0|[0-9]{0,4}[1-9]|[0-9]{0,4}[1-9][0-9]{0,2}[1-9])"
)
_MARK: Final = r"\\u001A"  # an escape of JSON, before a number that is a text for a while
_DAY: Final = 86_400_000_000  # microseconds

# name → parameters and body; several of them where a macro takes more or fewer arguments
MACROS: Final[dict[str, str]] = {
    # arithmetic
    "abs_int": "(n) AS CAST(abs(CAST(n AS HUGEINT)) AS BIGINT)",  # count(abs(n)) would lose the overflow of abs
    "finite": "(x) AS CASE WHEN NOT isfinite(x) THEN error('V0103') ELSE x END",
    "quotient": "(a, b) AS (2 * a + CASE WHEN a < 0 THEN -abs(b) ELSE abs(b) END) // (2 * b)",
    "checked_date": (
        "(d) AS CASE WHEN d < DATE '0001-01-01' OR d > DATE '9999-12-31' THEN error('V0107') ELSE CAST(d AS DATE) END"
    ),
    "checked_timestamp": (
        "(t) AS CASE WHEN t < TIMESTAMP '0001-01-01' OR t >= TIMESTAMP '9999-12-31' + to_days(1) THEN error('V0107')"
        " ELSE t END"
    ),
    "moved_date": (
        f"(d, us) AS CASE WHEN d IS NOT NULL AND us % {_DAY} <> 0 THEN error('V0106')"
        f" ELSE sop_add_days_date(d, us // {_DAY}) END"
    ),
    "moved_timestamp": "(t, us) AS sop_checked_timestamp(t + to_microseconds(us))",
    "between_dates": f"(a, b) AS (a - b) * {_DAY}",
    "between_timestamps": "(a, b) AS epoch_us(a) - epoch_us(b)",
    # text; a number of characters is refused only where the text is not null, and is cut off where that does no harm
    "trim": f"(t) AS trim(t, '{WHITE_SPACE}')",
    "count": (
        "(t, n, low) AS CASE WHEN t IS NOT NULL AND n < low THEN error('V0106') WHEN n > 2147483647 THEN 2147483647"
        " ELSE n END"
    ),
    "substring": (
        "(t, s) AS substring(t, sop_count(t, s, 1)),"
        " (t, s, n) AS substring(t, sop_count(t || CAST(n AS VARCHAR), s, 1), sop_count(t || CAST(s AS VARCHAR), n, 0))"
    ),
    "left": "(t, n) AS left(t, sop_count(t, n, 0))",
    "right": "(t, n) AS right(t, sop_count(t, n, 0))",
    "repeat": (
        "(t, n) AS CASE WHEN length(t) > 0 AND n > 10000000 // greatest(length(t), 1) THEN error('V0106')"
        " ELSE repeat(t, sop_count(t, n, 0)) END"
    ),
    "reverse": "(t) AS array_to_string(list_reverse(string_split(t, '')), '')",
    "left_padded": (
        "(t, n, f) AS CASE WHEN t || f || CAST(n AS VARCHAR) IS NULL THEN NULL WHEN f = '' OR n > 10000000"
        " THEN error('V0106') WHEN n <= length(t) THEN t ELSE lpad(t, CAST(n AS INTEGER), f) END"
    ),
    "pad_left": "(t, n) AS sop_left_padded(t, n, ' '), (t, n, f) AS sop_left_padded(t, n, f)",
    "right_padded": (
        "(t, n, f) AS CASE WHEN t || f || CAST(n AS VARCHAR) IS NULL THEN NULL WHEN f = '' OR n > 10000000"
        " THEN error('V0106') WHEN n <= length(t) THEN t ELSE rpad(t, CAST(n AS INTEGER), f) END"
    ),
    "pad_right": "(t, n) AS sop_right_padded(t, n, ' '), (t, n, f) AS sop_right_padded(t, n, f)",
    "split": "(t, s) AS CASE WHEN t IS NOT NULL AND s = '' THEN error('V0106') ELSE string_split(t, s) END",
    "join": (
        "(l, s) AS CASE WHEN s IS NULL THEN NULL WHEN len(list_filter(l, lambda x: x IS NULL)) > 0"
        " THEN error('V0106') WHEN len(l) = 0 THEN '' ELSE list_reduce(l, lambda a, b: a || s || b) END"
    ),
    # numbers
    "same": "(x) AS x",
    "round_int": (
        "(x) AS x, (x, n) AS CASE WHEN x IS NULL OR n IS NULL THEN NULL WHEN n >= 0 THEN x WHEN n < -19 THEN 0"
        " ELSE CAST(sop_to_unit(CAST(x AS HUGEINT), sop_ten(-n)) AS BIGINT) END"
    ),
    "ten": "(n) AS CAST(rpad('1', CAST(n AS INTEGER) + 1, '0') AS HUGEINT)",  # 10^n, exactly
    "to_unit": (  # a whole number to a multiple of another one
        "(x, unit) AS x - x % unit + CASE WHEN 2 * abs(x % unit) < unit THEN 0 WHEN x < 0 THEN -unit ELSE unit END"
    ),
    "round_float": (  # by the shortest decimal that writes it, its point shifted in the text
        "(x) AS round(x) + 0, (x, n) AS CASE WHEN n = 0 THEN round(x) + 0 WHEN x = 0 THEN x + 0"
        " WHEN floor(log10(abs(x))) + n > 17 THEN x WHEN floor(log10(abs(x))) + n < -2 THEN 0.0::DOUBLE"
        " WHEN n IS NOT NULL THEN CAST(CAST(CAST(split_part(CAST(x AS VARCHAR), 'e', 1) || 'e'"
        " || (CASE WHEN contains(CAST(x AS VARCHAR), 'e') THEN CAST(split_part(CAST(x AS VARCHAR), 'e', 2) AS BIGINT)"
        " ELSE 0 END + n) AS DECIMAL(38,0)) AS VARCHAR) || 'e' || -n AS DOUBLE) + 0 END"
    ),
    "round_decimal": (
        "(x, n) AS CASE WHEN x IS NULL OR n IS NULL THEN NULL WHEN n >= 18 THEN CAST(x AS DECIMAL(38,18))"
        " WHEN n < 0 THEN CAST(sop_round_tens(x, n) AS DECIMAL(38,18)) ELSE CASE n "
        + " ".join(f"WHEN {n} THEN CAST(CAST(x AS DECIMAL(38,{n})) AS DECIMAL(38,18))" for n in range(18))
        + " END END"
    ),
    "round_tens": (
        "(x, n) AS CAST(CASE WHEN n < -38 THEN 0 * CAST(trunc(x) AS HUGEINT)"
        " ELSE sop_to_unit(CAST(trunc(x) AS HUGEINT), sop_ten(-n)) END AS DECIMAL(38,0))"
    ),
    "floor": "(x) AS CAST(floor(x) AS BIGINT)",
    "ceil": "(x) AS CAST(ceil(x) AS BIGINT)",
    "sqrt": "(x) AS CASE WHEN x < 0 THEN error('V0106') ELSE sqrt(CAST(x AS DOUBLE)) END",
    "power": ("(a, b) AS sop_float_power(CAST(a AS DOUBLE), CAST(b AS DOUBLE))"),
    "float_power": (
        "(a, b) AS CASE WHEN a = 0 AND b < 0 OR a < 0 AND b <> floor(b) THEN error('V0106')"
        " ELSE sop_finite(pow(a, b)) END"
    ),
    "sign": "(x) AS CAST(sign(x) AS BIGINT)",
    # conversion
    "int_of_bool": "(x) AS CAST(x AS BIGINT)",
    "int_of_number": "(x) AS CAST(trunc(x) AS BIGINT)",
    "int_of_text": (
        "(t) AS CASE WHEN t IS NOT NULL AND (NOT regexp_full_match(sop_trim(t), '[+-]?[0-9]{1,40}')"
        " OR TRY_CAST(sop_trim(t) AS BIGINT) IS NULL) THEN error('V0105') ELSE CAST(sop_trim(t) AS BIGINT) END"
    ),
    "float_of_number": "(x) AS CAST(x AS DOUBLE)",
    "number_text": (
        "(t) AS CASE WHEN NOT regexp_full_match(sop_trim(t),"
        " '[+-]?([0-9]{1,400}(\\.[0-9]{0,400})?|\\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?') THEN error('V0105')"
        " ELSE sop_trim(t) END"
    ),
    "float_of_text": "(t) AS CAST(sop_number_text(t) AS DOUBLE)",
    "decimal_of_float": "(x) AS CAST(CAST(x AS VARCHAR) AS DECIMAL(38,10))",
    "decimal_of_text": "(t) AS CAST(sop_number_text(t) AS DECIMAL(38,10))",
    "text_of": "(x) AS CAST(x AS VARCHAR)",
    "text_of_plain": "(x) AS rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.')",
    "text_of_float": (  # 0.00001, 1e-6: JSON's way, where DuckDB has 1e-05, 1e-06
        "(x) AS CASE WHEN x = 0 OR abs(x) >= 1e-5 AND abs(x) < 1e16 THEN CAST(to_json(x) AS VARCHAR)"
        " ELSE regexp_replace(CAST(x AS VARCHAR), 'e(-?)\\+?0*', 'e\\1') END"
    ),
    "text_of_timestamp": (
        "(t) AS replace(CAST(date_trunc('second', t) AS VARCHAR), ' ', 'T')"
        " || CASE WHEN epoch_us(t) % 1000000 = 0 THEN '' ELSE strftime(t, '.%f') END || 'Z'"
    ),
    "text_of_duration": (
        f"(us) AS CASE WHEN us < 0 THEN '-P' ELSE 'P' END || CASE WHEN abs(us) >= {_DAY} OR us = 0 THEN"
        f" abs(us) // {_DAY} || 'D' ELSE '' END || CASE WHEN us % {_DAY} = 0 THEN '' ELSE 'T'"
        f" || abs(us) % {_DAY} // 1000000 || CASE WHEN us % 1000000 = 0 THEN '' ELSE"
        " '.' || rtrim(lpad(CAST(abs(us) % 1000000 AS VARCHAR), 6, '0'), '0') END || 'S' END"
    ),
    "bool_of_text": (
        "(t) AS CASE WHEN sop_trim(t) NOT IN ('true', 'false') THEN error('V0105') ELSE sop_trim(t) = 'true' END"
    ),
    "bool_of_int": "(x) AS CASE WHEN x NOT IN (0, 1) THEN error('V0105') ELSE x = 1 END",
    "iso_date": (
        "(t) AS CASE WHEN t IS NOT NULL AND coalesce(TRY_CAST(t AS DATE) < DATE '0001-01-01', true)"
        " THEN error('V0105') ELSE CAST(t AS DATE) END"
    ),
    "date_of_text": (
        "(t) AS CASE WHEN NOT regexp_full_match(sop_trim(t), '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN error('V0105')"
        " ELSE sop_iso_date(sop_trim(t)) END"
    ),
    "date_of_timestamp": "(t) AS CAST(t AS DATE)",
    "date_of_parts": (
        "(y, m, d) AS CASE WHEN y IS NULL OR m IS NULL OR d IS NULL THEN NULL WHEN y BETWEEN 1 AND 9999 THEN"
        " coalesce(TRY_CAST(format('{:04d}-{:02d}-{:02d}', y, m, d) AS DATE), CAST(error('V0106') AS DATE))"
        " ELSE error('V0106') END"
    ),
    "timestamp_of_text": (
        "(t) AS CASE WHEN t IS NOT NULL AND (NOT regexp_full_match(sop_trim(t), '[0-9]{4}-[0-9]{2}-[0-9]{2}"
        "([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?')"
        " OR coalesce(TRY_CAST(sop_trim(t) AS TIMESTAMPTZ) < TIMESTAMPTZ '0001-01-01 00:00:00Z', true))"
        " THEN error('V0105') ELSE CAST(sop_trim(t) AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
    ),
    "timestamp_of_date": "(d) AS CAST(d AS TIMESTAMP)",
    # dates and times
    "start_of_date": (
        "(d, unit) AS CASE WHEN d IS NOT NULL AND unit NOT IN ('year', 'quarter', 'month', 'week', 'day')"
        " THEN error('V0106') ELSE CAST(date_trunc(sop_unit(unit), d) AS DATE) END"
    ),
    "start_of_timestamp": (
        "(t, unit) AS CASE WHEN t IS NOT NULL AND unit NOT IN"
        " ('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute') THEN error('V0106')"
        " ELSE date_trunc(sop_unit(unit), t) END"
    ),
    # DuckDB looks at a constant unit before it is asked for
    "unit": (
        "(unit) AS CASE WHEN unit NOT IN ('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute') THEN 'day'"
        " ELSE unit END"
    ),
    "moves": (
        "(x, n, most) AS CASE WHEN x IS NULL THEN NULL WHEN n NOT BETWEEN -most AND most THEN error('V0107')"
        " ELSE CAST(n AS INTEGER) END"
    ),
    "add_days_date": "(d, n) AS sop_checked_date(d + sop_moves(d, n, 4000000))",
    "add_days_timestamp": "(t, n) AS sop_checked_timestamp(t + to_days(sop_moves(t, n, 4000000)))",
    "add_months_date": "(d, n) AS sop_checked_date(CAST(d + to_months(sop_moves(d, n, 120000)) AS DATE))",
    "add_months_timestamp": "(t, n) AS sop_checked_timestamp(t + to_months(sop_moves(t, n, 120000)))",
    "add_years_date": "(d, n) AS sop_add_months_date(d, sop_moves(d, n, 10000) * 12)",
    "add_years_timestamp": "(t, n) AS sop_add_months_timestamp(t, sop_moves(t, n, 10000) * 12)",
    "days_between": "(a, b) AS CAST(b AS DATE) - CAST(a AS DATE)",
    "months_between": "(a, b) AS datesub('month', CAST(a AS DATE), CAST(b AS DATE))",
    "years_between": "(a, b) AS datesub('month', CAST(a AS DATE), CAST(b AS DATE)) // 12",
    "days": f"(us) AS us // {_DAY}",
    "hours": "(us) AS us // 3600000000",
    "minutes": "(us) AS us // 60000000",
    "seconds": "(us) AS us // 1000000",
    # lists
    "sort": "(l) AS list_sort(l, 'ASC', 'NULLS LAST')",
    "unique": "(l) AS list_filter(l, lambda x, i: list_position(l, x) = i)",
    "first_item": "(l) AS l[1]",
    "last_item": "(l) AS l[-1]",
    "range": "(a, b) AS CASE WHEN b - a >= 1000000 THEN error('V0106') ELSE range(a, b + 1) END",
    "sum_of": "(l) AS list_sum(l)",
    "checked_duration": (
        "(us) AS CASE WHEN us NOT BETWEEN -9223372036854775807 AND 9223372036854775807 THEN error('V0107')"
        " ELSE CAST(us AS BIGINT) END"
    ),
    # columns of intervals: a month has no length of its own
    "duration": (
        "(x) AS CASE WHEN datepart('month', x) <> 0 OR datepart('year', x) <> 0 THEN error('D0202')"
        " ELSE epoch_us(x) END"
    ),
    "durations": "(x) AS list_transform(x, lambda i: sop_duration(i))",
    "intervals": "(x) AS list_transform(x, lambda i: to_microseconds(i))",
    # JSON
    "json_of": "(x) AS to_json(x)",
    "json_text": "(t) AS CAST(to_json(t) AS VARCHAR)",
    "json_float": ("(x) AS CASE WHEN isfinite(x) THEN sop_text_of_float(CAST(x AS DOUBLE)) END"),
    "json_date": (
        "(d) AS CASE WHEN d >= DATE '0001-01-01' AND d <= DATE '9999-12-31' THEN '\"' || CAST(d AS VARCHAR) || '\"' END"
    ),
    "json_timestamp": (
        "(t) AS CASE WHEN t >= TIMESTAMP '0001-01-01' AND t < TIMESTAMP '9999-12-31' + to_days(1)"
        " THEN '\"' || sop_text_of_timestamp(t) || '\"' END"
    ),
    "field": (
        "(j, k) AS CASE json_type(j) WHEN 'OBJECT' THEN sop_not_null(sop_member(j, '/' ||"
        " replace(replace(k, '~', '~0'), '/', '~1')))"
        " WHEN 'NULL' THEN NULL ELSE CASE WHEN j IS NOT NULL THEN error('V0106') END END"
    ),
    # By a pointer (RFC 6901), in which a key may hold anything. DuckDB makes floats of numbers with a point; where that
    # may lose digits, numbers are texts meanwhile.
    "member": (
        rf"(j, p) AS CASE WHEN regexp_matches(CAST(j AS VARCHAR), '{_MANY_DIGITS}')"
        " THEN CAST(regexp_replace(CAST(json_extract(sop_numbers_as_texts(CAST(j AS VARCHAR)), p) AS VARCHAR),"
        rf""" '"{_MARK}({_NUMBER})"', '\1', 'g') AS JSON) ELSE json_extract(j, p) END"""
    ),
    # Each match is what stands before a number, and it, so a number within a text is never one. The last match is of no
    # number, and what it adds at the end is cut off.
    "numbers_as_texts": (
        rf"""(t) AS left(regexp_replace(t, '((?:[^"0-9-]|"(?:[^"\\]|\\.)*")*)({_NUMBER}|$)',"""
        rf""" '\1"{_MARK}\2"', 'gs'), -8)"""
    ),
    "not_null": "(j) AS CASE WHEN json_type(j) <> 'NULL' THEN j END",
    "scalar_of_any": (  # the text of a number, text or bool
        "(j) AS CASE json_type(j) WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN error('V0105') WHEN 'ARRAY'"
        " THEN error('V0105') WHEN 'BIGINT' THEN sop_text_of_number(CAST(j AS VARCHAR))"
        " WHEN 'UBIGINT' THEN sop_text_of_number(CAST(j AS VARCHAR))"
        " WHEN 'DOUBLE' THEN sop_text_of_number(CAST(j AS VARCHAR)) ELSE j ->> '$' END"
    ),
    # A number in JSON, as the text of what runtime/databases/json_values.py makes of it: an int, float or decimal
    "text_of_number": (
        "(t) AS CASE WHEN t NOT SIMILAR TO '\\s*-?[0-9]+\\s*' OR TRY_CAST(t AS BIGINT) IS NULL"
        " THEN sop_text_of_inexact(trim(t), sop_float_of_number_text(t), sop_decimal_of_number_text(t))"
        " ELSE CAST(CAST(t AS BIGINT) AS VARCHAR) END"
    ),
    "text_of_inexact": (
        "(t, f, d) AS CASE WHEN sop_digits(CAST(f AS VARCHAR)) = sop_digits(t) THEN sop_text_of_float(f)"
        " WHEN sop_digits(d) = sop_digits(t) THEN rtrim(rtrim(d, '0'), '.') ELSE sop_text_of_float(f) END"
    ),
    "digits": "(t) AS trim(replace(split_part(lower(t), 'e', 1), '.', ''), '-0')",  # the first and last are not 0
    "float_of_number_text": (
        "(t) AS CASE WHEN isfinite(TRY_CAST(t AS DOUBLE)) THEN CAST(t AS DOUBLE)"
        " WHEN t IS NOT NULL THEN error('D0202') END"
    ),
    "decimal_of_number_text": (  # with as many digits after the point as there is room for
        "(t) AS coalesce("
        + ", ".join(f"CAST(TRY_CAST(t AS DECIMAL(38,{scale})) AS VARCHAR)" for scale in range(MAX_SCALE, -1, -1))
        + ")"
    ),
    "text_of_any": (
        "(j) AS CASE WHEN json_type(j) IN ('OBJECT', 'ARRAY')"
        " THEN sop_with_usual_numbers(CAST(json(sop_numbers_as_texts(CAST(j AS VARCHAR))) AS VARCHAR))"
        " ELSE sop_scalar_of_any(j) END"
    ),
    "with_usual_numbers": (  # V0105 where one is left that the language may write otherwise
        rf"""(t) AS sop_without_marks(regexp_replace(t, '"{_MARK}({_USUAL})"', '\1', 'g'))"""
    ),
    "without_marks": rf"""(t) AS CASE WHEN regexp_matches(t, '"{_MARK}{_NUMBER}"') THEN error('V0105') ELSE t END""",
    "int_of_any": (
        "(j) AS CASE json_type(j) WHEN 'BOOLEAN' THEN CAST(CAST(j ->> '$' AS BOOLEAN) AS BIGINT)"
        " WHEN 'VARCHAR' THEN sop_int_of_text(j ->> '$') ELSE sop_int_of_number_text(sop_scalar_of_any(j)) END"
    ),
    "int_of_number_text": (
        "(t) AS CASE WHEN contains(t, 'e') THEN CAST(trunc(CAST(t AS DOUBLE)) AS BIGINT)"
        " ELSE CAST(CAST(split_part(t, '.', 1) AS HUGEINT) AS BIGINT) END"
    ),
    "float_of_any": (
        "(j) AS CASE WHEN json_type(j) = 'BOOLEAN' THEN error('V0105') ELSE sop_float_of_text(sop_scalar_of_any(j)) END"
    ),
    "decimal_of_any": (
        "(j) AS CASE WHEN json_type(j) = 'BOOLEAN' THEN error('V0105')"
        " ELSE sop_decimal_of_text(sop_scalar_of_any(j)) END"
    ),
    "bool_of_any": (  # 0 and 1, not 0.0 and 1.0
        "(j) AS CASE WHEN json_type(j) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CASE sop_scalar_of_any(j)"
        " WHEN '0' THEN false WHEN '1' THEN true ELSE error('V0105') END"
        " ELSE sop_bool_of_text(sop_scalar_of_any(j)) END"
    ),
    "date_of_any": (
        "(j) AS CASE WHEN json_type(j) NOT IN ('VARCHAR', 'NULL') THEN error('V0105')"
        " ELSE sop_date_of_text(sop_scalar_of_any(j)) END"
    ),
    "timestamp_of_any": (
        "(j) AS CASE WHEN json_type(j) NOT IN ('VARCHAR', 'NULL') THEN error('V0105')"
        " ELSE sop_timestamp_of_text(sop_scalar_of_any(j)) END"
    ),
}


@cache
def repeats(name: str) -> bool:
    """Whether the macro, or one that it calls, writes a parameter more than once."""
    definition = MACROS[name]
    parameters = {each for listed in re.findall(r"\((\w+(?:, \w+)*)\) AS ", definition) for each in listed.split(", ")}
    bodies = re.sub(r"\([\w, ]*\) AS |'[^']*'", " ", definition)
    again = any(len(re.findall(rf"\b{each}\b", bodies)) > 1 for each in parameters)
    return again or any(map(repeats, {each.lower() for each in _USES.findall(definition)} - {name}))


def macros_in(sql: str) -> list[str]:
    """Names of the macros that a statement needs, each after those that it needs itself."""
    found: list[str] = []
    _collect(sql, found)
    return found


def _collect(sql: str, found: list[str]) -> None:
    for name in _USES.findall(sql):
        name = name.lower()
        body = MACROS.get(name)
        if body is not None and name not in found:
            _collect(re.sub(rf"\b{PREFIX}{name}\(", "(", body), found)
            found.append(name)


def macro_sql(name: str) -> str:
    """The statement that makes a macro in a connection."""
    return f"CREATE OR REPLACE TEMP MACRO {PREFIX}{name}{MACROS[name]}"

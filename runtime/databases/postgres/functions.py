"""The language's functions in PostgreSQL's SQL: its own function where it means the same, else an inline expression.

Nothing is created in the database, so a replica or a user with read privileges is enough. In an expression `:a`, `:b`
and `:c` stand for the arguments. An error of the language is a cast that can't succeed: of a text that names its code
(`raise_error`), which runtime/databases/postgres/errors.py finds in the message.
"""

from __future__ import annotations

from typing import Final

from runtime.databases.sql.sql_nodes import ARGUMENT, WHITE_SPACE, fill_template
from runtime.databases.sql.written_values import Spelling

_DAY: Final = 86_400_000_000  # microseconds
_MANY: Final = 10_000_000  # characters that a text may have


def raise_error(code: str, type_: str = "BIGINT") -> str:
    """An expression of a type that fails with the code. It depends on an argument, or the planner would work it out."""
    failing = f"CAST(concat('sop-{code} ', :a) AS {'BIGINT' if type_ == 'TEXT' else type_})"
    return f"CAST({failing} AS TEXT)" if type_ == "TEXT" else failing


def _unless(condition: str, code: str, type_: str, value: str) -> str:
    """The value, or the error where the condition holds; null where an argument is, before anything is looked at."""
    used = sorted(set(ARGUMENT.findall(condition + value)))
    if len(used) > 1:
        condition = " AND ".join([f"({condition})", *(f":{name} IS NOT NULL" for name in used)])
    return f"CASE WHEN {condition} THEN {raise_error(code, type_)} ELSE {value} END"


def _up_to(value: str, most: int) -> str:
    """An int within ± most as PostgreSQL's smaller one."""
    return (
        f"CAST(CASE WHEN {value} > {most} THEN {most} WHEN {value} < -{most} THEN -{most} ELSE {value} END AS INTEGER)"
    )


def _date(value: str) -> str:
    return _unless(f"{value} < DATE '0001-01-01' OR {value} > DATE '9999-12-31'", "V0107", "DATE", value)


def _timestamp(value: str) -> str:
    outside = f"{value} < TIMESTAMP '0001-01-01' OR {value} >= TIMESTAMP '10000-01-01'"
    return _unless(outside, "V0107", "TIMESTAMP", value)


def _each(items: str) -> str:
    """A list out of the rows of a query over `:a`."""
    return f"CASE WHEN :a IS NULL THEN NULL ELSE ARRAY({items}) END"


def _part(name: str) -> str:
    return f"CAST(trunc(EXTRACT({name} FROM :a)) AS BIGINT)"


_TRIM: Final = f"btrim(:a, '{WHITE_SPACE}')"
# at most 400 digits before and after the point; a repetition count of PostgreSQL's goes to 255
_NUMBER: Final = (
    r"^[+-]?([0-9]{1,200}[0-9]{0,200}(\.[0-9]{0,200}[0-9]{0,200})?|\.[0-9]{1,200}[0-9]{0,200})([eE][+-]?[0-9]{1,3})?$"
)
_NUMBER_TEXT: Final = _unless(f"{_TRIM} !~ '{_NUMBER}'", "V0105", "TEXT", _TRIM)
_EXACT: Final = "CAST(CAST(:a AS TEXT) AS NUMERIC)"  # a float as the shortest decimal that writes it
_INT_OF_TEXT: Final = (
    f"CASE WHEN {_TRIM} !~ '^[+-]?[0-9]{{1,40}}$' THEN {raise_error('V0105')}"
    f" WHEN CAST({_TRIM} AS NUMERIC) NOT BETWEEN -9223372036854775808 AND 9223372036854775807"
    f" THEN {raise_error('V0105')} ELSE CAST({_TRIM} AS BIGINT) END"
)
_DATE_OF_TEXT: Final = _unless(
    f"{_TRIM} !~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'", "V0105", "DATE", f"CAST({_TRIM} AS DATE)"
)
_ZONED: Final = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?"
    "(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
_TIMESTAMP_OF_TEXT: Final = _unless(
    f"{_TRIM} !~ '{_ZONED}'",
    "V0105",
    "TIMESTAMP",
    rf"CAST(CAST(regexp_replace({_TRIM}, '(\.[0-9]{{6}})[0-9]+', '\1') AS TIMESTAMPTZ) AS TIMESTAMP)",
)
_BOOL_OF_TEXT: Final = _unless(f"{_TRIM} NOT IN ('true', 'false')", "V0105", "BOOLEAN", f"({_TRIM} = 'true')")
_STRING: Final = "(:a #>> '{}')"
# A number in JSON as the one that runtime/databases/json_values.py makes of it, in a NUMERIC, which has all digits
_JSON_NUMBER: Final = "CAST(:a AS NUMERIC)"
_DIGITS_AFTER: Final = f"scale(trim_scale({_JSON_NUMBER}))"
_NUMBER_OF_JSON: Final = (
    f"CASE WHEN abs({_JSON_NUMBER}) >= 1.7976931348623158e308 THEN {raise_error('D0202', 'NUMERIC')}"
    f" WHEN {_DIGITS_AFTER} <= 18 AND abs({_JSON_NUMBER}) < CAST(10 AS NUMERIC) ^ (38 - {_DIGITS_AFTER})"
    f" THEN {_JSON_NUMBER} WHEN abs({_JSON_NUMBER}) < 3e-324 THEN 0"
    f" ELSE CAST(CAST(CAST({_JSON_NUMBER} AS DOUBLE PRECISION) AS TEXT) AS NUMERIC) END"
)
_IS_INT: Final = f"scale({_JSON_NUMBER}) = 0"
# 1.0, 0.00001, 1e-6, 1e16: JSON's way, where PostgreSQL has 1, 1e-05, 1e-06, 1e+16
_TEXT_OF_FLOAT: Final = (
    "CASE WHEN :a = 0 THEN CAST(:a AS TEXT) || '.0'"  # as a NUMERIC, -0.0 has no sign
    f" WHEN abs(:a) >= 1e-5 AND abs(:a) < 1e16 THEN regexp_replace(CAST({_EXACT} AS TEXT),"
    r" '^(-?[0-9]+)$', '\1.0') ELSE regexp_replace(CAST(:a AS TEXT), 'e(-?)\+?0*', 'e\1') END"
)
_TEXT_OF_JSON_NUMBER: Final = (
    f"CASE WHEN {_IS_INT} AND {_JSON_NUMBER} BETWEEN -9223372036854775808 AND 9223372036854775807 THEN {_STRING} ELSE"
    f" (SELECT CASE WHEN CAST(CAST(f AS TEXT) AS NUMERIC) = n THEN {fill_template(_TEXT_OF_FLOAT, 'f')}"
    " ELSE CAST(trim_scale(n) AS TEXT) END FROM (SELECT n, CAST(n AS DOUBLE PRECISION) AS f"
    f" FROM (SELECT {_NUMBER_OF_JSON} AS n OFFSET 0) AS number OFFSET 0) AS numbers) END"
)
_ROUNDED: Final = f"CAST(round({{}}, {_up_to(':b', 400)}) AS {{}})"
_MOVED_DATE: Final = f"(:a + {_up_to('(:b)', 4_000_000)})"
_DAYS: Final = f"(:b / {_DAY})"
_MOVED_TIMESTAMP: Final = (
    f"(:a + make_interval(days => {_up_to(_DAYS, 4_000_000)}, secs => CAST(:b % {_DAY} AS DOUBLE PRECISION) / 1000000))"
)

# age(…) leaves out the month that the last day of a shorter month completes. {}: months of what is counted
_MONTHS: Final = (
    "(SELECT CAST(sign(b - a) * div(CAST("
    "(EXTRACT(YEAR FROM hi) - EXTRACT(YEAR FROM lo)) * 12 + EXTRACT(MONTH FROM hi) - EXTRACT(MONTH FROM lo)"
    " - CASE WHEN EXTRACT(DAY FROM hi) < EXTRACT(DAY FROM lo) AND EXTRACT(DAY FROM hi + 1) <> 1 THEN 1 ELSE 0 END"
    " AS NUMERIC), {}) AS BIGINT) FROM (SELECT a, b, least(a, b) AS lo, greatest(a, b) AS hi"
    " FROM (SELECT CAST(:a AS DATE) AS a, CAST(:b AS DATE) AS b) AS given) AS dates)"
)


def _of_json(kinds: dict[str, str], type_: str) -> str:
    """By the kind of a JSON value; V0105 for one that is not named."""
    cases = " ".join(f"WHEN '{kind}' THEN {sql}" for kind, sql in kinds.items())
    return f"CASE jsonb_typeof(:a) {cases} ELSE CASE WHEN :a IS NOT NULL THEN {raise_error('V0105', type_)} END END"


def _of_string(template: str) -> str:
    return fill_template(template, _STRING)


# function of the table, or function and type of its first argument → name of a function, or an expression; a list holds
# what is said with one argument less, and with all
SQL_FUNCTIONS: Final[dict[str, str | tuple[str, ...]]] = {
    # JSON
    "field any": (
        "CASE jsonb_typeof(:a) WHEN 'object' THEN NULLIF(:a -> :b, CAST('null' AS JSONB)) WHEN 'null' THEN NULL"
        f" ELSE CASE WHEN :a IS NOT NULL THEN to_jsonb({raise_error('V0106')}) END END"
    ),
    # text
    "trim": _TRIM,
    "length text": "CAST(length(:a) AS BIGINT)",
    "length list": "CAST(cardinality(:a) AS BIGINT)",
    "substring": (
        _unless(":b < 1", "V0106", "TEXT", f"substr(:a, {_up_to(':b', 1_000_000_000)})"),
        _unless(
            ":b < 1 OR :c < 0",
            "V0106",
            "TEXT",
            f"substr(:a, {_up_to(':b', 1_000_000_000)}, {_up_to(':c', 1_000_000_000)})",
        ),
    ),
    "left": _unless(":b < 0", "V0106", "TEXT", f"left(:a, {_up_to(':b', 1_000_000_000)})"),
    "right": _unless(":b < 0", "V0106", "TEXT", f"right(:a, {_up_to(':b', 1_000_000_000)})"),
    "replace": "replace(:a, :b, :c)",
    "position": "CAST(strpos(:a, :b) AS BIGINT)",
    "repeat": _unless(
        f":b < 0 OR CAST(length(:a) AS NUMERIC) * :b > {_MANY}", "V0106", "TEXT", f"repeat(:a, {_up_to(':b', _MANY)})"
    ),
    "reverse text": "reverse(:a)",
    "reverse list": _each("SELECT x FROM unnest(:a) WITH ORDINALITY AS items(x, n) ORDER BY n DESC"),
    "pad_left": tuple(
        _unless(
            f"{fill} = '' OR :b > {_MANY}",
            "V0106",
            "TEXT",
            f"CASE WHEN :b <= length(:a) THEN :a || left({fill}, 0) ELSE lpad(:a, {_up_to(':b', _MANY)}, {fill}) END",
        )
        for fill in ("' '", ":c")
    ),
    "pad_right": tuple(
        _unless(
            f"{fill} = '' OR :b > {_MANY}",
            "V0106",
            "TEXT",
            f"CASE WHEN :b <= length(:a) THEN :a || left({fill}, 0) ELSE rpad(:a, {_up_to(':b', _MANY)}, {fill}) END",
        )
        for fill in ("' '", ":c")
    ),
    "split": _unless(
        ":b = ''", "V0106", "TEXT[]", "CASE WHEN :a = '' THEN ARRAY[CAST('' AS TEXT)] ELSE string_to_array(:a, :b) END"
    ),
    "join": _unless("array_position(:a, NULL) IS NOT NULL", "V0106", "TEXT", "array_to_string(:a, :b)"),
    "contains": "(strpos(:a, :b) > 0)",
    "starts_with": "(left(:a, length(:b)) = :b)",
    "ends_with": "(right(:a, length(:b)) = :b)",
    "like": "(:a LIKE :b ESCAPE '')",
    # numbers
    "abs": "abs(:a)",
    "round int": (":a", _ROUNDED.format("CAST(:a AS NUMERIC)", "BIGINT")),
    "round float": (
        f"CAST(round({_EXACT}, 0) AS DOUBLE PRECISION)",
        _ROUNDED.format(_EXACT, "DOUBLE PRECISION"),
    ),
    "round decimal": ("round(:a, 0)", f"round(:a, {_up_to(':b', 400)})"),
    "floor int": ":a",
    "floor": "CAST(floor(:a) AS BIGINT)",
    "ceil int": ":a",
    "ceil": "CAST(ceil(:a) AS BIGINT)",
    "sqrt": _unless(":a < 0", "V0106", "DOUBLE PRECISION", "sqrt(CAST(:a AS DOUBLE PRECISION))"),
    "power": "power(CAST(:a AS DOUBLE PRECISION), CAST(:b AS DOUBLE PRECISION))",
    "sign": "CAST(sign(:a) AS BIGINT)",
    # conversion
    "int int": ":a",
    "int bool": "CAST(CAST(:a AS INTEGER) AS BIGINT)",
    "int float": "CAST(trunc(:a) AS BIGINT)",
    "int decimal": "CAST(trunc(:a) AS BIGINT)",
    "int text": _INT_OF_TEXT,
    "int any": _of_json(
        {
            "number": f"CAST(trunc({_NUMBER_OF_JSON}) AS BIGINT)",
            "string": _of_string(_INT_OF_TEXT),
            "boolean": "CAST(CAST(CAST(:a AS BOOLEAN) AS INTEGER) AS BIGINT)",
        },
        "BIGINT",
    ),
    "float float": ":a",
    "float int": "CAST(:a AS DOUBLE PRECISION)",
    "float decimal": "CAST(:a AS DOUBLE PRECISION)",
    "float text": f"CAST({_NUMBER_TEXT} AS DOUBLE PRECISION)",
    "float any": _of_json(
        {
            "number": f"CAST({_NUMBER_OF_JSON} AS DOUBLE PRECISION)",
            "string": _of_string(f"CAST({_NUMBER_TEXT} AS DOUBLE PRECISION)"),
        },
        "DOUBLE PRECISION",
    ),
    "decimal decimal": ":a",
    "decimal int": "CAST(:a AS NUMERIC)",
    "decimal float": _EXACT,
    "decimal text": f"CAST({_NUMBER_TEXT} AS NUMERIC)",
    "decimal any": _of_json(
        {"number": _NUMBER_OF_JSON, "string": _of_string(f"CAST({_NUMBER_TEXT} AS NUMERIC)")}, "NUMERIC"
    ),
    "text text": ":a",
    "text bool": "CAST(:a AS TEXT)",
    "text int": "CAST(:a AS TEXT)",
    "text decimal": "CAST(:a AS TEXT)",
    "text plain decimal": "CAST(trim_scale(:a) AS TEXT)",
    "text date": "CAST(:a AS TEXT)",
    "text float": _TEXT_OF_FLOAT,
    "text timestamp": (
        """(to_char(:a, 'YYYY-MM-DD"T"HH24:MI:SS')"""
        " || CASE WHEN EXTRACT(MICROSECONDS FROM :a) % 1000000 = 0 THEN 'Z' ELSE to_char(:a, '.US\"Z\"') END)"
    ),
    "text duration": (
        "CASE WHEN :a IS NOT NULL THEN concat(CASE WHEN :a < 0 THEN '-P' ELSE 'P' END,"
        f" CASE WHEN abs(:a) >= {_DAY} OR :a = 0 THEN"
        f" concat(abs(:a) / {_DAY}, 'D') END, CASE WHEN :a % {_DAY} <> 0 THEN concat('T', abs(:a) % {_DAY} / 1000000,"
        " CASE WHEN :a % 1000000 <> 0 THEN"
        " concat('.', rtrim(lpad(CAST(abs(:a) % 1000000 AS TEXT), 6, '0'), '0')) END, 'S') END) END"
    ),
    "text any": _of_json(
        {"string": _STRING, "number": _TEXT_OF_JSON_NUMBER, "boolean": _STRING},
        "TEXT",
    ),
    "bool text": _BOOL_OF_TEXT,
    "bool int": _unless(":a NOT IN (0, 1)", "V0105", "BOOLEAN", "(:a = 1)"),
    "bool any": _of_json(
        {
            "boolean": "CAST(:a AS BOOLEAN)",
            "string": _of_string(_BOOL_OF_TEXT),
            "number": _unless(
                f"{_NUMBER_OF_JSON} NOT IN (0, 1) OR NOT {_IS_INT}", "V0105", "BOOLEAN", f"({_JSON_NUMBER} = 1)"
            ),
        },
        "BOOLEAN",
    ),
    "date text": _DATE_OF_TEXT,
    "date timestamp": "CAST(:a AS DATE)",
    "date int": _unless(
        ":a NOT BETWEEN 1 AND 9999 OR :b NOT BETWEEN 1 AND 12 OR :c NOT BETWEEN 1 AND 31",
        "V0106",
        "DATE",
        f"make_date({_up_to(':a', 9999)}, {_up_to(':b', 12)}, {_up_to(':c', 31)})",
    ),
    "date any": _of_json({"string": _of_string(_DATE_OF_TEXT)}, "DATE"),
    "timestamp text": _TIMESTAMP_OF_TEXT,
    "timestamp date": "CAST(:a AS TIMESTAMP)",
    "timestamp any": _of_json({"string": _of_string(_TIMESTAMP_OF_TEXT)}, "TIMESTAMP"),
    # dates and times
    "year": _part("YEAR"),
    "quarter": _part("QUARTER"),
    "month": _part("MONTH"),
    "day": _part("DAY"),
    "weekday": _part("ISODOW"),
    "hour": _part("HOUR"),
    "minute": _part("MINUTE"),
    "second": _part("SECOND"),
    "start_of date": _unless(
        ":b NOT IN ('year', 'quarter', 'month', 'week', 'day')",
        "V0106",
        "DATE",
        "CAST(date_trunc(:b, CAST(:a AS TIMESTAMP)) AS DATE)",
    ),
    "start_of timestamp": _unless(
        ":b NOT IN ('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute')",
        "V0106",
        "TIMESTAMP",
        "date_trunc(:b, :a)",
    ),
    "add_days date": _date(_MOVED_DATE),
    "add_days timestamp": _timestamp(f"(:a + make_interval(days => {_up_to(':b', 4_000_000)}))"),
    "add_months date": _date(f"CAST(:a + make_interval(months => {_up_to(':b', 120_000)}) AS DATE)"),
    "add_months timestamp": _timestamp(f"(:a + make_interval(months => {_up_to(':b', 120_000)}))"),
    "add_years date": _date(f"CAST(:a + make_interval(months => 12 * {_up_to(':b', 10_000)}) AS DATE)"),
    "add_years timestamp": _timestamp(f"(:a + make_interval(months => 12 * {_up_to(':b', 10_000)}))"),
    "days_between": "CAST(CAST(:b AS DATE) - CAST(:a AS DATE) AS BIGINT)",
    "months_between": _MONTHS.format(1),
    "years_between": _MONTHS.format(12),
    "days": f"(:a / {_DAY})",
    "hours": "(:a / 3600000000)",
    "minutes": "(:a / 60000000)",
    "seconds": "(:a / 1000000)",
    # lists
    "sort": _each("SELECT x FROM unnest(:a) AS items(x) ORDER BY x"),
    "sort list<text>": _each('SELECT x FROM unnest(:a) AS items(x) ORDER BY x COLLATE "C"'),
    "unique": _each(
        "SELECT x FROM (SELECT x, min(n) AS n FROM unnest(:a) WITH ORDINALITY AS items(x, n) GROUP BY x) AS first"
        " ORDER BY n"
    ),
    "append": "array_append(:a, :b)",
    "first_item": "(:a)[1]",
    "last_item": "(:a)[cardinality(:a)]",
    "range": _unless(
        "CAST(:b AS NUMERIC) - :a >= 1000000",
        "V0106",
        "BIGINT[]",
        "CASE WHEN :a IS NOT NULL AND :b IS NOT NULL THEN ARRAY(SELECT generate_series(:a, :b)) END",
    ),
    "sum_of list<int>": "(SELECT CAST(sum(x) AS BIGINT) FROM unnest(:a) AS items(x))",
    "sum_of": "(SELECT sum(x) FROM unnest(:a) AS items(x))",
    "min_of": "(SELECT min(x) FROM unnest(:a) AS items(x))",
    "max_of": "(SELECT max(x) FROM unnest(:a) AS items(x))",
    "min_of list<text>": '(SELECT min(x COLLATE "C") FROM unnest(:a) AS items(x))',
    "max_of list<text>": '(SELECT max(x COLLATE "C") FROM unnest(:a) AS items(x))',
}

WRITTEN: Final = Spelling(
    {type_: raise_error("V0105", type_) for type_ in ("NUMERIC", "DATE", "TIMESTAMP")},
    "CAST({} AS DATE)",
    f"({{0}} + INTERVAL '1 day' * ({{1}} / {_DAY}) + INTERVAL '1 microsecond' * ({{1}} % {_DAY}))",
    "NUMERIC",
)

_DURATION: Final = (
    f"CASE WHEN EXTRACT(YEAR FROM :a) <> 0 OR EXTRACT(MONTH FROM :a) <> 0 THEN {raise_error('D0202')}"
    " ELSE CAST(EXTRACT(EPOCH FROM :a) * 1000000 AS BIGINT) END"
)
_INTERVAL: Final = (
    f"make_interval(days => CAST(:a / {_DAY} AS INTEGER), secs => CAST(:a % {_DAY} AS DOUBLE PRECISION) / 1000000)"
)


def _each_item(template: str) -> str:
    """What a template makes of a value, of each item of a list."""
    item = template.replace(":a", "x")
    return _each(f"SELECT {item} FROM unnest(:a) WITH ORDINALITY AS items(x, n) ORDER BY n")


# what runtime/databases/sql/typed_expressions.py and its like call by name
HELPERS: Final[dict[str, str]] = {
    "moved_date": _unless(f":b % {_DAY} <> 0", "V0106", "DATE", _date(f"(:a + {_up_to(_DAYS, 4_000_000)})")),
    "moved_timestamp": _timestamp(_MOVED_TIMESTAMP),
    "between_dates": f"(CAST(:a - :b AS BIGINT) * {_DAY})",
    "between_timestamps": "CAST(EXTRACT(EPOCH FROM (:a - :b)) * 1000000 AS BIGINT)",
    "json_of": "to_jsonb(:a)",
    "int_quotient": "(:a / :b)",
    "whole_quotient": "div(CAST(:a AS NUMERIC), CAST(:b AS NUMERIC))",
    "duration_of_interval": _DURATION,
    "durations_of_intervals": _each_item(_DURATION),
    **{
        f"duration_{name}": _unless(
            f"CAST(:a AS NUMERIC) {sign} :b NOT BETWEEN -9223372036854775807 AND 9223372036854775807",
            "V0107",
            "BIGINT",
            f"(:a {sign} :b)",
        )
        for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"))
    },
    "duration_sum": _unless(
        ":a NOT BETWEEN -9223372036854775807 AND 9223372036854775807", "V0107", "BIGINT", "CAST(:a AS BIGINT)"
    ),
    "interval_of_duration": _INTERVAL,
    "intervals_of_durations": _each_item(_INTERVAL),
    "json_of_array": "to_jsonb(:a)",
    "array_of_json": _each(
        "SELECT NULLIF(x, CAST('null' AS JSONB)) FROM jsonb_array_elements(:a) WITH ORDINALITY AS each(x, n) ORDER BY n"
    ),
    "json": "NULLIF(CAST(:a AS JSONB), CAST('null' AS JSONB))",
}

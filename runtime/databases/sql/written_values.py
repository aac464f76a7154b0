"""A form of written values (runtime/values/forms.py) → the SQL that reads a text by it, on DuckDB and PostgreSQL.

Every pattern is anchored, so that `~` means the same on both engines, and has
no flags and no names, which only Python knows. A text of another form raises V0105.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from runtime.databases.sql.sql_nodes import WHITE_SPACE
from runtime.databases.tables import quote_literal
from runtime.values.forms import EPOCHS, FIND_UNIT, NEGATIVE, NUMBER, PIVOT, POWER, TIMESTAMP, Form, in_any_case
from runtime.values.words import CURRENCY_CODES, CURRENCY_SIGNS, MONTHS

_GROUP: Final = re.compile(r"\?P<(\w+)>")
_UNITS: Final = "|".join(map(re.escape, (*sorted(CURRENCY_SIGNS, key=len, reverse=True), "%", *sorted(CURRENCY_CODES))))
_TEXT: Final = f"trim(:a, '{WHITE_SPACE}')"


class Spelling(NamedTuple):
    """How an engine writes what the two do differently.

    fails: by type, an error V0105 in place of a value. day: a text `2026-1-31` as a DATE, V0105 for a day that does not
    exist. later: a TIMESTAMP and microseconds after it. number: the type of an exact number.
    """

    fails: dict[str, str]
    day: str
    later: str
    number: str


class Reading(NamedTuple):
    """The SQL of a value, null for null. parts: texts out of the text `:a`, which may be of another form. value: of the
    text `:a` and the parts `:b`, `:c`, …."""

    parts: tuple[str, ...]
    value: str


def reading(form: Form, spelling: Spelling) -> Reading:
    """How an engine reads a text by a form."""
    if form.kind == NUMBER:
        return _number(form, spelling)
    if form.name in EPOCHS:
        return _epoch(form, spelling)
    return _moment(form, spelling) if form.kind == TIMESTAMP else _day(form, spelling)


def _checked(form: Form, spelling: Spelling, type_: str, value: str, bad: str = "FALSE") -> str:
    """The value of a text of the form, or the error."""
    fails = spelling.fails[type_]
    return f"CASE WHEN NOT {_TEXT} ~ {_pattern(form)} THEN {fails} WHEN {bad} THEN {fails} ELSE {value} END"


def _pattern(form: Form) -> str:
    return _literal(f"^(?:{_GROUP.sub('', form.pattern)})$")


def _made(form: Form, parts: str) -> str:
    """Parts of the text, named in angle brackets, put together; nothing for a part that the form has not."""
    groups = [*_GROUP.findall(form.pattern)]
    numbered = re.sub(r"<(\w+)>", lambda found: f"\\{groups.index(found[1]) + 1}" if found[1] in groups else "", parts)
    return f"regexp_replace({_TEXT}, {_pattern(form)}, {_literal(numbered)})"


def _int(text: str) -> str:
    return f"CAST(coalesce(nullif({text}, ''), '0') AS INTEGER)"


# ── numbers ────────────────────────────────────────────────────────────────────────────────────────────────────


def _number(form: Form, spelling: Spelling) -> Reading:
    bare = f"upper(regexp_replace({_TEXT}, {_literal(f'(?:{_UNITS})')}, ''))"
    has_more_units = f":b ~ {_literal(f'^.*(?:{FIND_UNIT}).*$')}"
    digits, behind = (f"split_part(:b, 'E', {part})" for part in (1, 2))
    plain = f"replace(regexp_replace({digits}, '[^0-9{form.side}]', '', 'g'), '{form.side}', '.')"
    power = f"regexp_replace({behind}, {_literal(f'^({POWER}).*$')}, {_literal(chr(92) + '1')})"
    shift = f"{_int(power)} - CASE WHEN position('%' in :a) > 0 THEN 2 ELSE 0 END"
    negative = f"{digits} ~ {_literal(f'^.*{NEGATIVE}.*$')} OR {behind} ~ {_literal(f'^.+{NEGATIVE}.*$')}"
    value = f"CAST(CASE WHEN {negative} THEN '-' ELSE '' END || {plain} || 'e' || ({shift}) AS {spelling.number})"
    return Reading((bare,), _checked(form, spelling, "NUMERIC", value, has_more_units))


# ── dates and moments ──────────────────────────────────────────────────────────────────────────────────────────


def _day(form: Form, spelling: Spelling) -> Reading:
    return Reading((), _checked(form, spelling, "DATE", spelling.day.format(_iso(form))))


def _iso(form: Form) -> str:
    """The day as `2026-1-31`."""
    iso = _made(form, "<y>-<m>-<d>")
    if "MONTH" in form.name:
        iso = f"{_made(form, '<y>-')} || {_month(_made(form, '<name>'))} || {_made(form, '-<d>')}"
    if "YYYY" in form.name:
        return iso
    return f"CASE WHEN left({iso}, 2) >= '{PIVOT}' THEN '19' ELSE '20' END || {iso}"


def _month(written: str) -> str:
    """The number of a month by its name."""
    names: dict[int, list[str]] = {}
    for name, number in MONTHS.items():
        names.setdefault(number, []).append(name)
    cases = (f"WHEN {written} ~ {_literal(f'^(?:{in_any_case(each)})$')} THEN '{n}'" for n, each in names.items())
    return f"CASE {' '.join(cases)} ELSE '' END"


def _moment(form: Form, spelling: Spelling) -> Reading:
    names = ("<h>", "<min>", "<s>", "<f>", "<half>", "<zone>")
    hour, minute, second = map(_int, (":c", ":d", ":e"))
    fraction = "CAST(rpad(left(:f, 6), 6, '0') AS INTEGER)"
    half, digits = "lower(left(:g, 1))", "replace(substring(:h, 2), ':', '')"
    ahead = (
        "CASE WHEN :h IN ('', 'Z', 'UTC', 'GMT') THEN 0 ELSE CASE left(:h, 1) WHEN '-' THEN -1 ELSE 1 END"
        f" * ({_int(f'left({digits}, 2)')} * 60 + {_int(f'substring({digits}, 3)')}) END"
    )
    in_day = f"CASE {half} WHEN 'a' THEN {hour} % 12 WHEN 'p' THEN {hour} % 12 + 12 ELSE {hour} END"
    micros = f"((({in_day}) * 60 + {minute} - {ahead}) * 60 + {second}) * CAST(1000000 AS BIGINT) + {fraction}"
    value = spelling.later.format(f"CAST({spelling.day.format(':b')} AS TIMESTAMP)", f"({micros})")
    bad = (
        f"{half} <> '' AND {hour} NOT BETWEEN 1 AND 12 OR {hour} = 24 AND ({minute} > 0 OR {second} > 0 OR"
        f" {fraction} > 0) OR abs({ahead}) >= 1440 OR {value} < TIMESTAMP '0001-01-01'"
        f" OR {value} >= TIMESTAMP '9999-12-31' + INTERVAL '1 day'"
    )
    parts = (_iso(form), *(_made(form, name) for name in names))
    return Reading(parts, _checked(form, spelling, "TIMESTAMP", value, bad))


def _epoch(form: Form, spelling: Spelling) -> Reading:
    shift = len(str(EPOCHS[form.name])) - 1
    micros = f"trunc(CAST({_TEXT} || 'e{shift}' AS {spelling.number}))"
    bad = f"{micros} NOT BETWEEN -62135596800000000 AND 253402300799999999"
    value = spelling.later.format("TIMESTAMP '1970-01-01'", f"CAST({micros} AS BIGINT)")
    return Reading((), _checked(form, spelling, "TIMESTAMP", value, bad))


def _literal(text: str) -> str:
    """As a literal in which no `:a` stands that the template would take for its own."""
    return "(" + quote_literal(text).replace(":", ":'||'") + ")"

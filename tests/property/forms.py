"""Rows of the function and operator tables → every form of expression that uses one, over fields of given types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

from runtime.values.forms import FORMED
from runtime.values.forms import FORMS as WRITTEN_FORMS
from runtime.values.functions import FUNCTIONS, FunctionRow
from runtime.values.signatures import Overload, overloads

SCALARS: Final = ("bool", "int", "float", "decimal(10,2)", "text", "date", "timestamp", "duration")
NUMBERS: Final = ("int", "float", "decimal(10,2)", "decimal(38,18)")
LISTS: Final = ("list<int>", "list<text>", "list<float>", "list<date>")
NAMES: Final = "abcd"


class Form(NamedTuple):
    """An expression over fields a, b, …, each written `{a}`, `{b}`, …, of these types. gives_list: which no column of a
    query may, so that the machine alone works it out."""

    row: str
    text: str
    types: tuple[str, ...]
    gives_list: bool = False


# names of forms, by the function that reads texts by them
WRITTEN: Final = {
    "number": [form.name for form in WRITTEN_FORMS if form.kind == "number"],
    "date": [*(form.name for form in WRITTEN_FORMS if form.kind == "date"), "DDMMYYYY", "YYYY:a DD'MM", "MONTH|DD|YY"],
    "timestamp": [
        *(form.name for form in WRITTEN_FORMS if form.kind == "timestamp"),
        *("epoch_s", "epoch_ms", "epoch_us", "YYYYMMDDhhmmss", "DD.MM.YYYY um hh:mm"),
    ],
}
# literals that stand in an argument's place beside a field in the first
_LITERALS: Final[dict[str, tuple[str, ...]]] = {
    "int": ("0", "1", "2", "-1", "-2", "18", "19", "40", "-40"),
    "text": ('""', '"a"', '"%a%"', '"_"', '"year"', '"week"', '"Zoë"'),
}
_OF_ONE: Final = {"number": NUMBERS, "T": SCALARS, "any": (*SCALARS, "any"), "decimal": ("decimal(10,2)",)}


def of_functions() -> Iterator[Form]:
    """Every scalar function that a query may use, in every signature."""
    for row in FUNCTIONS.values():
        if row.kind == "scalar" and row.pure:
            yield from _forms(row)


def _forms(row: FunctionRow) -> Iterator[Form]:
    seen = set()
    for overload in overloads(row):
        counts = range(len(overload.slots) + 1)
        for count in [*(count for count in counts if overload.takes(count)), *([3] if overload.variadic else [])]:
            for types in _types(overload, count, len(row.signatures) > 1):
                for made in _with_literals(row.name, types):
                    form = made._replace(gives_list=overload.result.startswith("list<"))
                    if form not in seen:
                        seen.add(form)
                        yield form


def _with_literals(row: str, types: Sequence[str]) -> Iterator[Form]:
    """All arguments fields; the last ones literals. A form is always one."""
    if row in FORMED and len(types) == 2:
        yield from (Form(row, f'{row}({{a}}, "{name}")', ("text",)) for name in WRITTEN[row])
        return
    name = f"`{row}`" if row in ("join", "like") else row  # keywords
    yield Form(row, f"{name}({', '.join(f'{{{letter}}}' for letter in NAMES[: len(types)])})", tuple(types))
    if len(types) == 2:
        for literal in _LITERALS.get(types[1], ()):
            yield Form(row, f"{name}({{a}}, {literal})", tuple(types[:1]))
    if len(types) == 3 and types[1] == "int":
        for literal in ("2, 3", "1, 0", "0, 1", '5, "xy"', '-3, "x"'):
            if ('"' in literal) is (types[2] == "text"):
                yield Form(row, f"{name}({{a}}, {literal})", tuple(types[:1]))


def _types(overload: Overload, count: int, one_of_several: bool) -> Iterator[tuple[str, ...]]:
    """The types that arguments may have. one_of_several: there are other overloads, beside which `any` is itself."""
    patterns = [overload.slot(index).pattern.removesuffix("?") for index in range(count)]
    if one_of_several and patterns == ["any"]:
        yield ("any",)
        return
    if patterns.count("T") > 1:  # one type, or numbers that meet
        yield from ((name,) * count for name in SCALARS)
        mixed = [("int", "float"), ("int", "decimal(10,2)"), ("float", "decimal(10,2)"), ("decimal(10,2)", "int")]
        yield from (pair[:count] + (pair[1],) * (count - 2) for pair in mixed)
        return
    if "list<T>" in patterns:
        for name in LISTS:
            yield tuple(
                name if pattern == "list<T>" else name[5:-1] if pattern == "T" else pattern for pattern in patterns
            )
        return
    if any(pattern.startswith("list<decimal") for pattern in patterns):
        return
    if patterns.count("any") > 1:
        yield from ((name, "int", "any")[:count] for name in SCALARS)
        return
    yield from product(*(_OF_ONE.get(pattern, (pattern,)) for pattern in patterns))


def of_operators() -> Iterator[Form]:
    """Every operator on every pair of types that it takes."""
    pairs = list(product(NUMBERS, NUMBERS))
    for sign in ("+", "-", "*", "/", "//", "%"):
        for types in pairs:
            yield Form(sign, f"({{a}} {sign} {{b}})", types)
        for name in NUMBERS:
            for literal in ("0", "3", "0.5", "-1"):
                yield Form(sign, f"({{a}} {sign} {literal})", (name,))
    moves = [("date", "duration"), ("timestamp", "duration"), ("duration", "duration")]
    for types in moves:
        yield Form("+", "({a} + {b})", types)
        yield Form("-", "({a} - {b})", types)
    yield Form("+", "({a} + 90 days)", ("date",))
    yield Form("+", "({a} + {b})", ("duration", "date"))
    yield Form("-", "({a} - {b})", ("date", "date"))
    yield Form("-", "({a} - {b})", ("timestamp", "timestamp"))
    yield Form("*", "({a} * {b})", ("duration", "int"))
    yield Form("*", "({a} * {b})", ("int", "duration"))
    for name in (*NUMBERS, "duration"):
        yield Form("neg", "(-{a})", (name,))
    same = [(name, name) for name in SCALARS]
    for sign in ("=", "!=", "<", "<=", ">", ">="):
        for types in (*same, *(pair for pair in pairs if pair[0] != pair[1]), ("decimal(38,18)", "decimal(38,18)")):
            yield Form(sign, f"({{a}} {sign} {{b}})", types)
    for types in (("bool", "bool"),):
        yield Form("and", "({a} and {b})", types)
        yield Form("or", "({a} or {b})", types)
    yield Form("not", "(not {a})", ("bool",))
    for name in (*SCALARS, "any"):
        yield Form("is null", "({a} is null)", (name,))
        yield Form("is not null", "({a} is not null)", (name,))
        yield Form("text hole", '"<{{{a}}}>"', (name,))
        yield Form("case", "case when {b} then {a} end", (name, "bool"))
    for pair in (("int", "float"), ("int", "decimal(10,2)"), ("decimal(10,2)", "float"), ("date", "date")):
        yield Form("case", "case when {a} is null then {b} else {a} end", pair)
    for name in ("int", "float", "decimal(10,2)", "text", "date", "timestamp", "duration"):
        yield Form("between", "({a} between {b} and {c})", (name,) * 3)
        yield Form("in", "({a} in ({b}, {c}))", (name,) * 3)
    yield Form("between", "({a} between {b} and {c})", ("decimal(10,2)", "int", "float"))
    yield Form("in", "({a} in ({b}, {c}))", ("int", "decimal(10,2)", "float"))
    for sign in ("like", "contains", "starts with", "ends with"):
        yield Form(sign, f"({{a}} {sign} {{b}})", ("text", "text"))
        for literal in _LITERALS["text"]:
            yield Form(sign, f"({{a}} {sign} {literal})", ("text",))
    for key in ("a", "k"):
        yield Form("field", f"{{a}}.{key}", ("any",))


FORMS: Final = (*of_functions(), *of_operators())
ROWS: Final = tuple(dict.fromkeys(form.row for form in FORMS))

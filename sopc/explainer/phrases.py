"""Names, types, operators and functions of the language → English words and templates, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sopc.syntax.literals import is_bare_name
from sopc.tree import nodes

WITH_ROWS_OF: Final = {
    "union": "and also the rows of",
    "intersect": "only those that are among the rows of",
    "except": "without those that are among the rows of",
}

# A template per number of arguments; an argument is an atom or in brackets. A function of one argument needs none
# where "the NAME of …" reads well.
FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "upper": ("{} in upper case",),
    "lower": ("{} in lower case",),
    "trim": ("{} without white space at its ends",),
    "substring": (
        "the part of {} from character {} on",
        "the part of {} from character {} on, {} characters long",
    ),
    "left": ("the first {1} characters of {0}",),
    "right": ("the last {1} characters of {0}",),
    "replace": ("{} with every {} replaced by {}",),
    "position": ("the place of {1} in {0}",),
    "repeat": ("{} repeated {} times",),
    "reverse": ("{} from its end to its start",),
    "pad_left": ("{} filled up on the left to {} characters", "{} filled up on the left to {} characters with {}"),
    "pad_right": ("{} filled up on the right to {} characters", "{} filled up on the right to {} characters with {}"),
    "split": ("the parts of {} between {}",),
    "join": ("the items of {} with {} between them",),
    "contains": ("whether {} contains {}",),
    "starts_with": ("whether {} starts with {}",),
    "ends_with": ("whether {} ends with {}",),
    "like": ("whether {} matches the pattern {}",),
    "abs": ("{} without its sign",),
    "round": ("{} rounded to a whole number", "{} rounded to {} places"),
    "floor": ("{} rounded down",),
    "ceil": ("{} rounded up",),
    "sqrt": ("the square root of {}",),
    "power": ("{} to the power of {}",),
    "sign": ("the sign of {} (-1, 0 or 1)",),
    "int": ("{} as a whole number, its fraction cut off",),
    "float": ("{} as a floating-point number",),
    "decimal": ("{} as a decimal number",),
    "text": ("{} as text",),
    "bool": ("{} as true or false",),
    "number": ("{} read as a number in the form {}",),
    "date": ("{} as a date", "{} read as a date in the form {}", "the date of year {}, month {} and day {}"),
    "timestamp": ("{} as a date and time", "{} read as a date and time in the form {}"),
    "day": ("the day of the month of {}",),
    "weekday": ("the weekday of {} (Monday is 1)",),
    "start_of": ("the start of the {1} of {0}",),
    "add_days": ("{} plus {} days",),
    "add_months": ("{} plus {} months",),
    "add_years": ("{} plus {} years",),
    "days_between": ("the days from {} to {}",),
    "months_between": ("the whole months from {} to {}",),
    "years_between": ("the whole years from {} to {}",),
    "days": ("the whole days of {}",),
    "hours": ("the whole hours of {}",),
    "minutes": ("the whole minutes of {}",),
    "seconds": ("the whole seconds of {}",),
    "null_if": ("{}, or no value where it equals {}",),
    "in_list": ("whether {} is in {}",),
    "sort": ("{} sorted",),
    "unique": ("{} without repetitions",),
    "append": ("{} with {} added at its end",),
    "first_item": ("the first item of {}",),
    "last_item": ("the last item of {}",),
    "range": ("the whole numbers from {} to {}",),
    "sum_of": ("the sum of the items of {}",),
    "min_of": ("the smallest item of {}",),
    "max_of": ("the largest item of {}",),
    "count": ("the number of rows with a value for {}",),
    "total": ("the sum of {}, 0 without any",),
    "avg": ("the average of {}",),
    "min": ("the smallest of {}",),
    "max": ("the largest of {}",),
    "lag": ("{} of the row before", "{} of the row {} places before"),
    "lead": ("{} of the row after", "{} of the row {} places after"),
    "first_value": ("the first {}",),
    "last_value": ("the last {}",),
}
WITHOUT_ARGUMENTS: Final = {
    "today": "today",
    "now": "the present moment",
    "count": "the number of rows",
    "row_number": "the number of the row",
    "rank": "the rank, equal ones sharing one and leaving gaps,",
    "dense_rank": "the rank, equal ones sharing one without gaps,",
}
MANY: Final = {
    "concat": "the texts of {} one after another",
    "least": "the smallest of {}",
    "greatest": "the largest of {}",
    "coalesce": "the first of {} that has a value",
}
DISTINCT: Final = {
    "count": "the number of different values of {}",
    "sum": "the sum of the different values of {}",
    "avg": "the average of the different values of {}",
    "min": "the smallest of the different values of {}",
    "max": "the largest of the different values of {}",
}

COMPARISONS: Final = {
    "=": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "like": "matches the pattern",
    "contains": "contains",
    "starts with": "starts with",
    "ends with": "ends with",
}
IN_TIME: Final = {"<": "is before", "<=": "is on or before", ">": "is after", ">=": "is on or after"}
NEGATED: Final = {
    "like": "does not match the pattern",
    "contains": "does not contain",
    "starts with": "does not start with",
    "ends with": "does not end with",
}
ARITHMETIC: Final = {"+": "+", "-": "−", "*": "×", "/": "÷"}
CALENDAR: Final = ("date", "timestamp")

_ORDERS: Final = {
    "text": ("A to Z", "Z to A"),
    "date": ("earliest first", "latest first"),
    "timestamp": ("earliest first", "latest first"),
    "bool": ("false before true", "true before false"),
}
_TYPES: Final = {
    "int": "a whole number",
    "float": "a floating-point number",
    "decimal": "a decimal number",
    "text": "a text",
    "bool": "true or false",
    "date": "a date",
    "timestamp": "a date and time",
    "duration": "a length of time",
    "record": "a record",
    "any": "anything",
    "list": "a list",
}


def name(text: str) -> str:
    """A name, in quotes if it is no plain word."""
    return text if is_bare_name(text) else f"‘{text}’"


def owned(owner: str) -> str:
    """`item's`, `items'`"""
    return f"{owner}'" if owner.endswith("s") else f"{owner}'s"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def order(kind: str, descending: bool) -> str:
    """The words for a sort order of a type, such as "highest first"."""
    return _ORDERS.get(kind, ("lowest first", "highest first"))[descending]


def grouped(digits: str) -> str:
    """150000.5 → 150,000.5; numbers with an exponent stay as they are."""
    whole, point, fraction = digits.partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if not whole.isdigit() or len(whole) < 4:
        return digits
    return f"{sign}{int(whole):,}{point}{fraction}" if whole[0] != "0" else digits


def type_words(node: nodes.TypeName) -> str:
    """`a whole number`, `a list of dates …`; the name in the language for types without words."""
    text = _TYPES.get(node.name, name(node.name))
    if node.fields is not None:
        fields = [f"{name(field)} ({type_words(type_)})" for field, type_ in node.fields]
        text = f"a record with {listed(fields)}" if fields else "a record without fields"
    elif node.name == "decimal" and len(node.args) == 2:
        text += f" of up to {node.args[0]} digits, {node.args[1]} after the point"
    elif node.args:
        text += f" of size {', '.join(map(str, node.args))}"
    if node.item is not None:
        text += f", of which each item is {type_words(node.item)}"
    return f"{text} or no value" if node.nullable else text

"""The normal form of a query, and its terms: conditions and values as nested tuples, each in one way of writing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

Term = Any  # nested tuples, frozensets and forms, so that terms can be compared

FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_AFTER: Final = {">": ">=", "<=": "<"}  # of the next whole one
_CONSTANTS: Final = frozenset({"number", "day", "midnight", "text", "BoolLiteral"})
ROWS: Final = (("row",), ("way",))
MIDNIGHT: Final = "T00:00:00Z"


@dataclass(frozen=True)
class Form:
    """The normal form of a query.

    Attributes:
        root: The row that `from` names.
        rows: The joined rows, without those that a key of another one points at.
        holds: Of these rows.
        groups: What the rows of a group have in common; None without groups.
        kept: Holds of the groups.
        order: (value, descending, nulls), the first key first.
        few: Limit and offset; None without.
        shown: Fields and figures; None for the whole rows of the root.
        distinct: Whether equal records are shown once.
        rest: The queries it is combined with.
    """

    root: Term
    rows: frozenset[Term]
    holds: frozenset[Term]
    groups: frozenset[Term] | None = None
    kept: frozenset[Term] = frozenset()
    order: tuple[Term, ...] = ()
    few: Term = None
    shown: tuple[Term, ...] | None = None
    distinct: bool = False
    rest: tuple[Term, ...] = ()


def parts(term: Term) -> Iterator[Term]:
    yield term
    if isinstance(term, tuple | frozenset):
        for one in term:
            yield from parts(one)


def replaced(term: Term, row: Term, way: Term, key: Mapping[Term, Term]) -> Term:
    """The term with a row named by its way, and the fields of its key as those that point at it."""
    if term == row:
        return way
    if isinstance(term, tuple):
        if term in key:
            return key[term]
        made = tuple(replaced(one, row, way, key) for one in term)
        return compared(*made[1:]) if made[:1] == ("compare",) else made
    if isinstance(term, frozenset):
        return frozenset(replaced(one, row, way, key) for one in term)
    if isinstance(term, Form):
        return Form(**{one.name: replaced(getattr(term, one.name), row, way, key) for one in fields(Form)})
    return term


def holding(terms: Iterable[Term]) -> frozenset[Term]:
    """All that must hold, without what is so anyway: the key that points at a row that is spoken of is given."""
    found = set[Term]()
    for one in terms:
        found |= one[1] if one[0] == "and" else {one}
    spoken_of = {part for one in found for part in parts(one) if isinstance(part, tuple) and part[:1] == ("way",)}
    pointing = {("field", way[3], name) for way in spoken_of for name in way[4]}
    return frozenset(
        one
        for one in found
        if one != ("BoolLiteral", "bool", True)
        and not (one[:2] == ("compare", "=") and one[2] == one[3])
        and not (one[0] == "given" and one[1] in pointing)
    )


def joined(op: str, parts: list[Term]) -> Term:
    found = set[Term]()
    for one in parts:
        found |= one[1] if one[0] == op else {one}
    return next(iter(found)) if len(found) == 1 else (op, frozenset(found))


def denied(term: Term) -> Term:
    match term:
        case ("not", inner):
            return inner
        case ("compare", op, left, right):
            return compared(_OPPOSITE[op], left, right)
        case ("and", parts):
            return joined("or", [denied(one) for one in parts])
        case ("or", parts):
            return joined("and", [denied(one) for one in parts])
    return ("not", term)


def compared(op: str, left: Term, right: Term) -> Term:
    constant = (left[0] in _CONSTANTS, right[0] in _CONSTANTS)
    if constant[0] > constant[1] or (constant[0] == constant[1] and repr(left) > repr(right)):
        left, right, op = right, left, FLIPPED[op]
    if right[0] == "midnight" and op in ("<", ">="):
        right = ("day", right[1])
    if right[0] == "day" and op in (">", "<="):
        right = ("day", (date.fromisoformat(right[1]) + timedelta(days=1)).isoformat())
        op = _AFTER[op]
    is_count = left[:2] in (("value", "count"), ("call", "count"))
    if is_count and right[0] == "number":
        if op in (">", "<="):
            op, right = _AFTER[op], ("number", right[1] + 1)
        if left[0] == "value" and (op, right[1]) in ((">=", 1), ("!=", 0), ("<", 1), ("=", 0)):
            found = ("exists", replace(left[2], shown=None, order=(), distinct=False))
            return found if op in (">=", "!=") else ("not", found)
    return ("compare", op, left, right)


def with_places(form: Form) -> Form:
    """The first of each group, as found by its place, is the one whose value is the highest or lowest of the group; the
    first of all is the first of an order, which ties with none."""
    holds, kept = (frozenset(map(_best, terms)) for terms in (form.holds, form.kept))
    first = [one for one in (*holds, *kept) if one[:2] == ("best", frozenset())]
    if first and form.few is None:
        order = ((first[0][2], first[0][3], None),)
        return replace(
            form, holds=holds - {*first}, kept=kept - {*first}, order=order, few=(("number", Decimal(1)), None)
        )
    groups = {part for one in holds if one[0] == "best" for part in one[1]}
    ordered = all(key in groups or key[:2] == ("call", "rank") for key, *_ in form.order)
    return replace(form, holds=holds, order=() if groups and ordered else form.order)


def _best(term: Term) -> Term:
    """("best", groups, value, descending) where a condition says so."""
    match term:
        case ("compare", "=" | "<=", ("call", "rank" | "dense_rank", _, _, over), ("number", 1)):
            match over:
                case ("WindowSpec", groups, (("SortKey", value, descending, _),)):
                    return ("best", frozenset(groups), value, descending)
        case (
            "compare",
            "=",
            ("field", row, name) as value,
            ("value", "scalar", Form(groups=None, few=None) as others),
        ):
            match others.shown:
                case (("call", "max" | "min" as fn, (("field", other, of),), _, _),) if of == name:
                    pairs = [_pair(one, row, other) for one in others.holds]
                    if pairs and None not in pairs and others.rows == {other} and other[1:3] == row[1:3]:
                        return ("best", frozenset(pairs), value, fn == "max")
    return term


def _pair(term: Term, row: Term, other: Term) -> Term | None:
    """The field that is equal in two rows of a store."""
    match term:
        case ("compare", "=", ("field", one, name), ("field", two, also)):
            return ("field", row, name) if name == also and {one, two} == {row, other} else None
    return None


def of_extremes(form: Form) -> Form:
    """The group with the highest of its highest values is that of the row with the highest value."""
    match form:
        case Form(groups=frozenset(), kept=frozenset(kept), few=(("number", 1), None), order=order) if not kept:
            match order:
                case ((("call", "max" | "min" as name, (value,), False, None), descending, nulls),) if descending == (
                    name == "max"
                ):
                    return replace(form, groups=None, order=((value, descending, nulls),))
    return form


def is_part(less: frozenset[Term], more: frozenset[Term]) -> bool:
    """Whether all that must hold also holds, or more than it, where `more` holds."""
    return all(one in more or any(_is_weaker(one, other) for other in more) for one in less)


def _is_weaker(one: Term, other: Term) -> bool:
    match one, other:
        case ("exists", Form() as less), ("exists", Form() as more):
            return replace(less, holds=more.holds) == more and is_part(less.holds, more.holds)
    return False

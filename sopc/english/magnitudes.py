"""Values of a text field → the magnitude that they look like: such text has no order that anybody means.

As text, "1,250.00" comes before "99.00", and "03/02/2026" before "12/12/2025".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SAMPLE: Final = 20  # values of a field to look at

_MISSING: Final = frozenset({"", "-", "?", "na", "n/a", "nan", "null", "none", "nil", "unknown", "tbd"})
_CURRENCY: Final = r"(?:[$€£¥]|usd|eur|gbp|chf)"
_DIGITS: Final = r"(?:\d{1,3}(?:[,.' ]\d{3})+|\d+)(?:[.,]\d+)?"
_LOOKS: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("percents", rf"[-+]?{_DIGITS}\s*%"),
        ("amounts of money", rf"[-+]?{_CURRENCY}\s*{_DIGITS}|[-+]?{_DIGITS}\s*{_CURRENCY}"),
        ("dates", r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}\.? [a-z]{3,9}\.?,? \d{2,4}|[a-z]{3,9}\.? \d{1,2},? \d{4}"),
        ("numbers", rf"[-+]?{_DIGITS}"),
    )
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_IN_ORDER: Final = re.compile(r"\d{4}-\d{2}(-\d{2}([T ].*)?)?")  # text that sorts as what it means


def holds_days(values: Iterable[str]) -> bool:
    """Whether texts are days, or moments, that text sorts as time does: 2026-01-31, 2026-01-31 08:30:00."""
    known = [value.strip() for value in values if value.strip().lower() not in _MISSING]
    return bool(known) and all(_DAY.fullmatch(value) for value in known)


def looks_like(values: Iterable[str]) -> str | None:
    """Return what the values look like: "numbers", "amounts of money", "percents" or "dates"; None if they are plain
    text, or if text sorts them as the magnitude would (2026-01-31; codes of equal length)."""
    known = [value.strip() for value in values if value.strip().lower() not in _MISSING]
    if not known or all(_IN_ORDER.fullmatch(value) for value in known):
        return None
    if len(known) > 1 and all(value.isdigit() for value in known) and len({len(value) for value in known}) == 1:
        return None
    found = [next((name for name, pattern in _LOOKS if pattern.fullmatch(value)), None) for value in known]
    kinds = [name for name in found if name is not None]
    return max(kinds, key=kinds.count) if len(kinds) * 2 > len(known) else None

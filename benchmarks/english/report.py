"""Outcomes → a table, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.english.trial import Outcome

VERDICTS = ("right", "wrong", "asked", "refused")
_HEADS = (
    "cases",
    "n",
    *VERDICTS,
    "right %",
    "lenient",
    "asked, right one offered",
    "silently wrong",
    "right in round 1",
    "wrong, warned",
    "right, warned",
    "rounds",
    "tokens",
    "s (median)",
    "s (all)",
)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts, and what they cost.

    right is strict; lenient lets more columns and another order pass. offered: asked, with a right reading among the
    choices. silent: wrong, and neither asked nor warned of. first: right without a repair, as constraint alone would
    have it. warned: a compile would have warned. rounds and tokens are of all cases together, seconds of the
    translations alone.
    """
    seconds = [one.seconds for one in outcomes]
    counts = {verdict: sum(one.verdict == verdict for one in outcomes) for verdict in VERDICTS}
    return {
        "n": len(outcomes),
        **counts,
        "right_percent": round(100 * counts["right"] / len(outcomes), 1) if outcomes else 0.0,
        "lenient": sum(one.lenient for one in outcomes),
        "offered": sum(one.offered for one in outcomes),
        "silent": sum(one.is_silent for one in outcomes),
        "first": sum(one.verdict == "right" and one.spent.rounds <= 1 for one in outcomes),
        "wrong_warned": sum(one.verdict == "wrong" and bool(one.warnings) for one in outcomes),
        "right_warned": sum(one.verdict == "right" and bool(one.warnings) for one in outcomes),
        "rounds": sum(one.spent.rounds for one in outcomes),
        "tokens": sum(one.spent.tokens for one in outcomes),
        "seconds_median": round(median(seconds), 3) if seconds else 0.0,
        "seconds": round(sum(seconds), 1),
    }


def groups(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """All, and by what kind of text it is, where there are both."""
    plain = [one for one in outcomes if not one.case.steps]
    steps = [one for one in outcomes if one.case.steps]
    parts = {"sentences": plain, "workflows": steps} if plain and steps else {}
    return {**parts, "all": list(outcomes)}


def table(outcomes: Sequence[Outcome]) -> str:
    """In Markdown."""
    lines = ["| " + " | ".join(_HEADS) + " |", "|---|" + "---:|" * (len(_HEADS) - 1)]
    for name, part in groups(outcomes).items():
        lines.append("| " + " | ".join([name, *(f"{value:,}" for value in summary(part).values())]) + " |")
    return "\n".join(lines)


def as_json(outcomes: Sequence[Outcome], **about: Any) -> str:
    cases = [
        {
            "case": one.case.name,
            "english": one.case.english,
            "verdict": one.verdict,
            "lenient": one.lenient,
            "offered": one.offered,
            "silent": one.is_silent,
            "why": one.why,
            "program": one.program,
            "warnings": list(one.warnings),
            "rounds": one.spent.rounds,
            "tokens": one.spent.tokens,
            "seconds": round(one.seconds, 3),
        }
        for one in outcomes
    ]
    parts = {name: summary(part) for name, part in groups(outcomes).items()}
    return json.dumps({**about, "summary": parts, "cases": cases}, indent=2, ensure_ascii=False)

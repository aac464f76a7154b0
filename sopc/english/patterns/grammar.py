"""All pattern rows and primitives → the grammar of plain English that the matcher reads with."""

from __future__ import annotations

from functools import cache

from sopc.english.patterns import (
    attempts,
    called,
    changes,
    comparisons,
    conditions,
    dates,
    deeds,
    figures,
    flow,
    holes,
    inserts,
    measured,
    names,
    parameters,
    places,
    questions,
    rankings,
    repeats,
    selections,
    show,
    statements,
    stored,
    values,
    verbs,
)
from sopc.english.patterns.matcher import Grammar

_MODULES_WITH_ROWS = (
    *(dates, values, comparisons, conditions, verbs, deeds, measured, called, selections, figures, show, rankings),
    *(places, changes, inserts, flow, repeats, attempts, questions, parameters),
)
_MODULES_WITH_PRIMITIVES = (
    *(names, holes, stored, called, dates, values, conditions, verbs, deeds, measured, figures),
    *(changes, inserts, attempts, statements, parameters),
)


@cache
def grammar() -> Grammar:
    rows = [row for module in _MODULES_WITH_ROWS for row in module.ROWS]
    primitives = {name: read for module in _MODULES_WITH_PRIMITIVES for name, read in module.PRIMITIVES.items()}
    return Grammar(rows, primitives)

"""Phrases for steps done again ("for each number from 1 to 5", "as long as there are …") → loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from runtime.values.types import ANY, INT
from sopc.english.patterns import words
from sopc.english.patterns.figures import Part, assembled, row_count
from sopc.english.patterns.flow import Loop
from sopc.english.patterns.matcher import Reject, Row
from sopc.english.patterns.names import made_variable
from sopc.english.patterns.queries import QueryParts, queries
from sopc.english.patterns.semantics import Condition, Context, Sort, Source, Steps, Value, Variable, negate, output
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes
from sopc.tree.visit import walk


@dataclass(frozen=True)
class While:
    """As in "as long as …": a condition that is looked at again before each turn."""

    fact: Condition


def _numbers(context: Context, name: tuple[str, ...], low: Value, high: Value) -> Loop:
    *before, last = name
    called = (*before, words.singular(last))
    if any(words.same_words(called, name_words(source.store.name)) for source in context.world.sources):
        raise Reject(f"{' '.join(called)} is what rows are called, so numbers can't be")
    return _counting(context, called, nodes.Range(low=low.node, high=high.node))


def _times(context: Context, number: Value) -> Loop:
    return _counting(context, ("turn",), nodes.Range(low=nodes.IntLiteral(value=1), high=number.node))


def _counting(context: Context, name: tuple[str, ...], range_: nodes.Range) -> Loop:
    made = made_variable(name, INT, context)
    variable = Variable(made.name, INT, frozenset({name, (name[-1],)}))
    return Loop(variable.name, range=range_, variable=variable)


def _values(context: Context, about: Source, key: Value, parts: tuple[Part, ...] = ()) -> Any:
    """As in "for each colour", of boxes: each different value, in order, with what is said of its rows."""
    stores = [name_words(source.store.name) for source in context.world.sources]
    if about.origin is None or any(words.same_words(name, key.label) for name in stores) or key.points:
        raise Reject()
    ask = assembled(about, parts)
    if ask.keys or ask.rows.sorts:
        raise Reject()
    known = (nodes.IsNull(arg=key.node, negated=True),) if key.type.nullable else ()
    rows = replace(ask.rows, conditions=(*known, *ask.rows.conditions))
    field = key.field or ""
    if ask.having:
        ask = replace(
            ask, rows=replace(rows, sorts=(Sort(False, "number", key),)), keys=(key,), columns=(row_count(context),)
        )
        (query,) = queries(ask)
    else:
        (query,) = queries(QueryParts(rows, columns=(key,), distinct=True))
        query = nodes.Query(stages=(*query.stages, nodes.OrderBy(keys=(nodes.SortKey(value=output(field)),))))
    variable = made_variable(key.label, key.type.not_null(), context)
    row = made_variable(("row",), ANY, replace(context, variables=(*context.variables, variable), _children={}))
    let = nodes.Let(name=variable.name, value=nodes.FieldAccess(base=nodes.Name(name=row.name), name=field))
    return Loop(row.name, query=query, variable=variable, let=let)


def _while(context: Context, fact: Condition, body: Steps) -> Steps:
    check_that_it_ends(context, fact, body.steps)
    return Steps((nodes.While(condition=fact.node, steps=body.steps),), closed=True, returns=body.returns)


def _until(context: Context, fact: Condition, body: Steps) -> Steps:
    return _while(context, _opposite(fact), body)


def _opposite(fact: Condition) -> Condition:
    return Condition(negate(fact.node))


def check_that_it_ends(context: Context, fact: Condition, steps: tuple[nodes.AnyStep, ...]) -> None:
    """Rejects a loop in which nothing could change what it waits for, so that it would do nothing or never end."""
    read = {node.store for node in walk(fact.node) if isinstance(node, nodes.From)}
    if context.found is not None and context.found.name in read:
        read |= context.found.reads
    if not read & set(_written(context, steps)):
        raise Reject("nothing in it changes what it waits for, so it would never end")


def _written(context: Context, steps: tuple[nodes.AnyStep, ...]) -> Iterator[str]:
    for node in walk(steps):
        if isinstance(node, nodes.Insert | nodes.Update | nodes.Delete):
            yield node.store
        if isinstance(node, nodes.CallExpr) and (known := context.world.signatures(node.name)) is not None:
            yield from (store.rpartition(".")[2] for store in known[1].writes)


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


_WHILE = "(while|as long as|so long as)"
_BELOW = "[,] [do the following|do this|repeat the following|repeat this] :"

ROWS = (
    *(
        Row("loop", f"(for each|for every|for all) [the] {{new_name:name}} {of}", _numbers)
        for of in (
            "from {how_many:low} (to|up to|through) {how_many:high}",
            "between {how_many:low} and {how_many:high}",
            "[in] {how_many:low} to {how_many:high}",
        )
    ),
    Row("loop", "(for each|for every) [different] {about} {own_field:key@about} {part:parts@about}*", _values),
    Row("loop", "[repeat [this|the following]] {turns:loop}", _only),
    Row("turns", "{number} times", _times),
    Row("lasting", f"{_WHILE} {{facts}}", _only),
    Row("lasting", "until {facts}", lambda context, facts: _opposite(facts)),
    Row("statement", f"{_WHILE} {{facts:fact}} (,|:) {{steps:body@fact}}", _while),
    Row("statement", "until {facts:fact} (,|:) {steps:body}", _until),
    Row("opening", f"{{lasting:fact}} {_BELOW}", lambda context, fact: While(fact)),
)

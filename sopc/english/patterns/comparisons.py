"""Phrases that may follow a field ("is above 10", "are neither A nor B") → conditions on the context's target."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.matcher import Reject, Row, Several
from sopc.english.patterns.semantics import (
    NUMERIC,
    TIMES,
    Condition,
    Context,
    Value,
    all_of,
    any_of,
    as_exists,
    compare,
    negate,
    text,
)
from sopc.english.patterns.values import literal
from sopc.tree import nodes


def joined(context: Context, first: Condition, more: tuple[tuple[str, Condition], ...] = ()) -> Any:
    """Conditions joined by "and", "or" or nothing. Both words in one list can be read in two ways."""
    links = [link for link, _ in more]
    if first.denied and "or" in links:
        raise Reject('"or" after "not" can be read in two ways')
    parts = [first, *(condition for _, condition in more)]
    mentioned = tuple(dict.fromkeys(name for part in parts for name in part.mentioned))
    if "or" not in links:
        return Condition(all_of([part.node for part in parts]), mentioned)
    if set(links) == {"or"}:
        return Condition(any_of([part.node for part in parts]), mentioned)
    readings = [_grouped(parts, links, "and"), _grouped(parts, links, "or")]
    return Several(tuple(Condition(node, mentioned) for node in readings))


def _grouped(parts: list[Condition], links: list[str], tight: str) -> nodes.Expr:
    """The conditions with one of the two words binding tighter than the other."""
    inner, outer = (all_of, any_of) if tight == "and" else (any_of, all_of)
    kinds = ["and" if link != "or" else "or" for link in links]
    runs: list[list[nodes.Expr]] = [[parts[0].node]]
    for kind, part in zip(kinds, parts[1:], strict=True):
        if kind == tight:
            runs[-1].append(part.node)
        else:
            runs.append([part.node])
    return outer([inner(run) for run in runs])


def link(word: str) -> Any:
    def build(context: Context, condition: Condition) -> tuple[str, Condition]:
        return word, condition

    return build


def kept(context: Context, condition: Condition) -> Condition:
    return condition


def negated(context: Context, condition: Condition) -> Condition:
    """The opposite. A row without what a reference points at is not of it: "not from Ann" includes it."""
    node = condition.node
    if isinstance(node, nodes.InExpr) and isinstance(node.arg, nodes.FieldAccess) and context.source is not None:
        field = context.source.store.field(node.arg.name)
        if field is not None and field.type.nullable:
            node = as_exists(node)
    return Condition(negate(node), condition.mentioned)


def neither(context: Context, first: Condition, more: tuple[Condition, ...]) -> Condition:
    if not more:
        raise Reject()
    mentioned = tuple(dict.fromkeys(name for part in (first, *more) for name in part.mentioned))
    return negated(context, Condition(any_of([part.node for part in (first, *more)]), mentioned))


def _compared(context: Context, comparison: str, amount: Value) -> Condition:
    return Condition(compare(comparison, _target(context, amount).node, amount.node))


def _denied(context: Context, comparison: str, amount: Value) -> Condition:
    return replace(_compared(context, comparison, amount), denied=True)


def _bounded(context: Context, amount: Value, bound: str) -> Condition:
    return Condition(compare(bound, _target(context, amount).node, amount.node))


def _between(context: Context, low: Value, high: Value) -> Condition:
    target = _target(context, low)
    _target(context, high)
    return Condition(nodes.Between(arg=target.node, low=low.node, high=high.node))


def _target(context: Context, value: Value) -> Value:
    """The value under test, which must be a number as the other is one."""
    target = context.target
    if target is not None and target.type.name in ("text", "bool") and value.type.name in NUMERIC:
        raise Reject(f"{target.field} holds no numbers{target.look()}")
    if (
        target is None
        or not value.fits(target.type)
        or target.type.name not in NUMERIC | {"any"}
        or value.hops
        or value.node == target.node
    ):
        raise Reject()
    return target


def _equal(context: Context, first: Value, more: tuple[Value, ...] = ()) -> Condition:
    target = context.target
    if target is None or any(not value.fits(target.type) or value.hops for value in (first, *more)):
        raise Reject()
    if target.type.name in TIMES and not all(isinstance(value.node, nodes.FieldAccess) for value in (first, *more)):
        raise Reject()
    if any(value.node == target.node for value in (first, *more)):
        raise Reject()
    if not more:
        if isinstance(first.node, nodes.BoolLiteral):
            return Condition(target.node if first.node.value else negate(target.node))
        return Condition(any_of([compare("=", target.node, one) for one in _spelt(first)]))
    items = tuple(dict.fromkeys(one for value in (first, *more) for one in _spelt(value)))
    return Condition(nodes.InExpr(arg=target.node, items=items))


def _spelt(value: Value) -> list[nodes.Expr]:
    return [text(one) for one in value.spellings] or [value.node]


def _one_of(context: Context, first: Value, more: tuple[Value, ...], last: Value) -> Condition:
    return _equal(context, first, (*more, last))


def _empty(context: Context) -> Condition:
    if context.target is None:
        raise Reject()
    return Condition(nodes.IsNull(arg=context.target.node))


def _filled(context: Context) -> Condition:
    return negated(context, _empty(context))


def sign(op: str) -> Any:
    """Above or below zero."""

    def build(context: Context) -> Condition:
        zero = literal(Decimal(0))
        return Condition(compare(op, _target(context, zero).node, zero.node))

    return build


def _text_test(op: str) -> Any:
    def build(context: Context, value: Value) -> Condition:
        if context.target is None or context.target.type.name != "text" or value.type.name not in ("text", "any"):
            raise Reject()
        return Condition(compare(op, context.target.node, value.node))

    return build


ROWS = (
    *(
        Row(phrase, pattern, lambda context, op=op: op)
        for phrase, patterns in (
            ("plain_comparison", words.COMPARISONS),
            ("denied_comparison", words.DENIED_COMPARISONS),
        )
        for op, pattern in patterns.items()
    ),
    Row("comparison", "{plain_comparison}", lambda context, plain_comparison: plain_comparison),
    Row("comparison", "{denied_comparison}", lambda context, denied_comparison: denied_comparison),
    *(Row("bound", pattern, lambda context, op=op: op) for op, pattern in words.BOUNDS.items()),
    Row("be", "is|are|was|were|be|been|being", lambda context: None),
    # tests: what may follow a field
    Row("number_test", "[of] {plain_comparison:comparison} {amount}", _compared),
    Row("number_test", "[of] {denied_comparison:comparison} {amount}", _denied),
    Row("number_test", "[of] {amount} {bound}", _bounded),
    Row("number_test", "[of] between {amount:low} and {amount:high}", _between),
    Row("number_test", "from {number:low} (to|up to) {number:high}", _between),
    Row("more_number_tests", "[,] (and|but) {number_test:condition}", link("and")),
    Row("more_number_tests", "[,] or {number_test:condition}", link("or")),
    Row("number_tests", "{number_test:first} {more_number_tests:more}*", joined),
    Row("dates", "{dated:first} {more_dates:more}*", joined),
    Row("value_test", "{number_test:condition}", kept),
    Row("value_test", "{dated:condition}", kept),
    Row("value_test", "[of|to|equal to|exactly|the same as|=] {value:first}", _equal),
    Row("value_test", "[one of|either|any of] {value:first} {another:more}* [,] or {value:last}", _one_of),
    Row("value_test", "(missing|empty|unknown|blank|null|unset|not known|not set|not given)", _empty),
    Row("value_test", "(known|set|given|present|not missing|not empty|not null|not blank|not unknown)", _filled),
    Row("value_test", "negative", sign("<")),
    Row("value_test", "positive", sign(">")),
    Row("value_test", "(contains|contain|containing|includes|including) {value}", _text_test("contains")),
    Row("value_test", "(starts|start|starting|begins|begin|beginning) with {value}", _text_test("starts with")),
    Row("value_test", "(ends|end|ending) with {value}", _text_test("ends with")),
    Row("another", ", {value}", lambda context, value: value),
    Row("verb_test", "{be} {value_test:condition}", lambda context, condition, be=None: condition),
    Row(
        "denied_test",
        "{be} not {value_test:condition}",
        lambda context, condition, be=None: negated(context, condition),
    ),
    Row("denied_test", "(not|other than|different from) {value_test:condition}", negated),
    Row("denied_test", "(does|do|did) not {value_test:condition}", negated),
    Row("denied_test", "[{be}] neither {value_test:first} {more_nor:more}*", neither),
    Row("more_nor", "[,] nor {value_test:condition}", kept),
    Row("test", "{value_test:condition}", kept),
    Row("test", "{verb_test:condition}", kept),
    Row("test", "{denied_test:condition}", kept),
    Row("more_tests", "[,] (and|but) {test:condition}", link("and")),
    Row("more_tests", "[,] or {test:condition}", link("or")),
    Row("tests", "{value_test:first} {more_tests:more}*", joined),
    Row("tests", "{verb_test:first} {more_tests:more}*", joined),
    # after "is not", a bare "or" goes on with what is denied
    Row("more_tests_of_denied", "[,] (and|but) {test:condition}", link("and")),
    Row("more_tests_of_denied", "[,] or {verb_test:condition}", link("or")),
    Row("more_tests_of_denied", "[,] or {denied_test:condition}", link("or")),
    Row("tests", "{denied_test:first} {more_tests_of_denied:more}*", joined),
)

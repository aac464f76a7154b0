"""What a guard says ("its stock is below 10", "there are none") → a condition."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sopc.english.clauses.nouns import first_rows
from sopc.english.clauses.talk import Place, Tokens, lows, names_store
from sopc.english.patterns.matcher import Reject
from sopc.english.patterns.semantics import Condition, Context, Rows, conjuncts, negate
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes
from sopc.tree.visit import walk

_NONE = (
    "there is none", "there are none", "there is no one", "none is found", "none are found", "none was found",
    "none were found", "nothing is found", "nothing was found", "none exists", "none exist", "no one is found",
)  # fmt: skip
_UNITS = ("units", "unit", "pieces", "piece")
_HOW_MANY = frozenset({"quantity", "stock", "units", "pieces", "count", "inventory", "qty"})
_SOME = ("there is one", "there are some", "there are any", "one is found", "some are found", "one exists")
_EXISTS = (["is", "found"], ["are", "found"], ["was", "found"], ["were", "found"], ["exists"], ["exist"])


def facts_of(place: Place, tokens: Tokens, context: Context) -> list[Condition]:
    """Each condition that a clause may say."""
    tokens = _plain(place, tokens, context)
    with suppress(Reject):
        found = _of_found(place, tokens, context)
        if found is not None:
            return [found]
    read: list[Condition] = place.whole("facts", tokens, context)
    if not read and "already" in lows(tokens):
        at = lows(tokens).index("already")
        read = place.whole("facts", (*tokens[:at], *tokens[at + 1 :]), context)
    return read or _of_units(place, tokens, context) or _of_subject(place, tokens, context)


def _of_units(place: Place, tokens: Tokens, context: Context) -> list[Condition]:
    """As in "any box is below 10 units": of the one field that says how many there are."""
    if tokens[-1].low not in _UNITS or len(tokens) < 3:
        return []
    found: list[Condition] = place.whole("facts", tokens[:-1], context)
    told = [
        one for one in found
        if {part for node in walk(one.node) if isinstance(node, nodes.FieldAccess) for part in name_words(node.name)}
        & _HOW_MANY
    ]  # fmt: skip
    return told if len(told) == 1 else []


def _plain(place: Place, tokens: Tokens, context: Context) -> Tokens:
    """ "a box is open" as "any box …"; "it is above 5", "there are more than 1", of the amount kept last."""
    first, said = tokens[0], lows(tokens)
    if first.low in ("a", "an") and context.subject is None:
        return (replace(first, low="any", value="any"), *tokens[1:])
    amount = place.talk.amount
    if not amount or amount not in [one.name for one in context.variables]:
        return tokens
    name = tuple(replace(first, low=part, value=part) for part in amount.split("_"))
    compared = said[2:3] and said[2] in ("more", "fewer", "less", "at", "exactly")
    if said[0] == "it" and said[1:2] and said[1] in ("is", "was") and context.subject is None:
        return (*name, *tokens[1:])
    if said[:1] == ["there"] and said[1:2] in (["are"], ["is"]) and compared and len(tokens) < 7:
        return (*name, replace(first, low="is", value="is"), *tokens[2:])
    return tokens


def _of_found(place: Place, tokens: Tokens, context: Context) -> Condition | None:
    """Whether anything was found: "there is no such box", "none are found"."""
    said = lows(tokens)
    phrase = " ".join(said)
    some = nodes.QueryExpr(kind="exists", query=place.found_query(context)) if context.found else None
    if some is None or context.found is None:
        return None
    if phrase in _NONE:
        return Condition(negate(some))
    if phrase in _SOME:
        return Condition(some)
    for ending in _EXISTS:
        if said[:1] == ["no"] and said[-len(ending) :] == ending:
            said = ["there", "is", *said[: -len(ending)]]
    if said[:1] == ["there"] and said[1:2] and said[1] in ("is", "are", "was", "were") and said[2:3] == ["no"]:
        noun = said[3:]
        noun = noun[1:] if noun[:1] == ["such"] else noun
        if names_store(noun, context.found.rows.source):
            return Condition(negate(some))
    return None


def _of_subject(place: Place, tokens: Tokens, context: Context) -> list[Condition]:
    """As in "that box has no lid", "the box's size is below 10": of the loop's row, or of the row that is meant."""
    found: list[Condition] = []
    said = lows(tokens)
    for at in range(1, len(tokens)):
        if said[at - 1] in ("a", "an", "the", "any", "no", "every"):
            continue
        for rows in first_rows(place, tokens[:at], context):
            if rows.source.origin is not None and not rows.conditions:
                continue
            inside = context.within(rows.source)
            if said[at] == "'s":
                tests = place.whole("field_tests", tokens[at + 1 :], inside)
            else:
                tests = place.whole("predicates", tokens[at:], inside)
            found += [one for one in (_on(rows, test) for test in tests) if one not in found]
    return found


def _on(rows: Rows, test: Condition) -> Condition:
    if rows.source.origin is None:
        return test
    conditions = (*rows.conditions, *conjuncts(test.node))
    wheres = tuple(nodes.Where(condition=one) for one in conditions)
    return Condition(nodes.QueryExpr(kind="exists", query=nodes.Query(stages=(rows.source.scan, *wheres))))

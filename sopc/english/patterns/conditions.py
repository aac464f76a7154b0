"""Phrases that narrow rows down ("whose size is above 10", "in Blue", "that have no boxes") → conditions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from runtime.databases.schema import Field
from sopc.english.patterns import words
from sopc.english.patterns.dates import through
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row, Several
from sopc.english.patterns.meanings import (
    NUMERIC,
    TIMES,
    Condition,
    Context,
    Hop,
    Rows,
    Source,
    Value,
    all_of,
    any_of,
    compare,
    conjuncts,
    negate,
    text,
    via,
)
from sopc.english.patterns.names import field_value, hop_along, key_value, label_fields, with_hop
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import literal, overall, rows_query
from sopc.tree import nodes


def _joined(context: Context, first: Condition, more: tuple[tuple[str, Condition], ...] = ()) -> Any:
    """Conditions joined by "and", "or" or nothing. Both words in one list can be read in two ways."""
    links = [link for link, _ in more]
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


def _link(word: str) -> Any:
    def build(context: Context, condition: Condition) -> tuple[str, Condition]:
        return word, condition

    return build


def _kept(context: Context, condition: Condition) -> Condition:
    return condition


def _not(context: Context, condition: Condition) -> Condition:
    return Condition(negate(condition.node), condition.mentioned)


def _neither(context: Context, first: Condition, more: tuple[Condition, ...]) -> Condition:
    if not more:
        raise Reject()
    mentioned = tuple(dict.fromkeys(name for part in (first, *more) for name in part.mentioned))
    return _not(context, Condition(any_of([part.node for part in (first, *more)]), mentioned))


def _of_field(context: Context, field: Value, condition: Condition) -> Condition:
    return through(field, condition)


def _of_reference(context: Context, reference: Hop, condition: Condition) -> Condition:
    return Condition(via((reference,), condition.node), reference.key.fields)


def _compared(context: Context, comparison: str, amount: Value) -> Condition:
    return Condition(compare(comparison, _target(context, amount).node, amount.node))


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
        raise Reject(f"{target.field} holds no numbers")
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
        return Condition(compare("=", target.node, first.node))
    return Condition(nodes.InExpr(arg=target.node, items=(first.node, *(value.node for value in more))))


def _one_of(context: Context, first: Value, more: tuple[Value, ...], last: Value) -> Condition:
    return _equal(context, first, (*more, last))


def _empty(context: Context) -> Condition:
    if context.target is None:
        raise Reject()
    return Condition(nodes.IsNull(arg=context.target.node))


def _filled(context: Context) -> Condition:
    return _not(context, _empty(context))


def _signed(op: str) -> Any:
    def build(context: Context, field: Value) -> Condition:
        return _of_field(context, field, _sign(op)(context.enter(field)))

    return build


def _sign(op: str) -> Any:
    """Above or below zero."""

    def build(context: Context) -> Condition:
        zero = literal(Decimal(0))
        return Condition(compare(op, _target(context, zero).node, zero.node))

    return build


def _beside_average(op: str) -> Any:
    """As in "with an above average size"."""

    def build(context: Context, field: Value) -> Condition:
        average = overall(context.enter(field), "avg", field)
        return _of_field(context, field, Condition(compare(op, field.node, average.node)))

    return build


def _text_test(op: str) -> Any:
    def build(context: Context, value: Value) -> Condition:
        if context.target is None or context.target.type.name != "text" or value.type.name not in ("text", "any"):
            raise Reject()
        return Condition(compare(op, context.target.node, value.node))

    return build


def _with_text_in(context: Context, quoted: str, field: Value) -> Condition:
    if field.type.name != "text":
        raise Reject()
    return Condition(compare("contains", field.node, text(quoted)), (field.field or "",))


def _missing_field(context: Context, field: Value) -> Condition:
    if not field.type.nullable and not field.hops:
        raise Reject(f"{field.field} is never missing")
    return through(field, Condition(nodes.IsNull(arg=field.node)))


def _missing_reference(context: Context, reference: Hop) -> Condition:
    if not reference.outer:
        raise Reject(f"{', '.join(reference.key.fields)} is never missing")
    value = key_value(reference)
    return Condition(nodes.IsNull(arg=value.node), reference.key.fields)


def _measured(context: Context, field: Value, amount: Value, comparison: str = "=", bound: str = "") -> Condition:
    """As in "with at least 10 rooms", where rooms is a field."""
    if field.type.name not in NUMERIC:
        raise Reject()
    return Condition(compare(bound or comparison, field.node, amount.node), (field.field or "",))


def _measured_between(context: Context, low: Value, high: Value, field: Value) -> Condition:
    if field.type.name not in NUMERIC:
        raise Reject()
    return Condition(nodes.Between(arg=field.node, low=low.node, high=high.node), (field.field or "",))


def _named_after(
    context: Context, condition: Condition, own_field: Value | None = None, reference: Hop | None = None
) -> Condition:
    """As in "of the Blue team": a value, and the field that holds it."""
    named = (own_field.field,) if own_field else reference.key.fields if reference else ()
    if condition.mentioned != named:
        raise Reject()
    return condition


def _kept_of(context: Context, own_field: Value, condition: Condition) -> Condition:
    return through(own_field, condition)


def _has_field(context: Context, field: Value) -> Condition:
    return _not(context, _missing_field(context, field))


def _has_reference(context: Context, reference: Hop) -> Condition:
    return _not(context, _missing_reference(context, reference))


def _exists(context: Context, related: Rows) -> Condition:
    return Condition(nodes.QueryExpr(kind="exists", query=rows_query(related)))


def _tight(
    context: Context, head: Rows, adjectives: tuple[Condition, ...], clauses: tuple[tuple[str, Condition], ...]
) -> Rows:
    parts = [*adjectives, *(condition for _, condition in clauses)]
    return Rows(head.source, tuple(part for one in parts for part in conjuncts(one.node)))


def _none(context: Context, related: Rows) -> Condition:
    return _not(context, _exists(context, related))


def _counted(
    context: Context, related: Rows, comparison: str = "=", amount: Value | None = None, bound: str = ""
) -> Any:
    if amount is None or amount.type.name not in ("int", "any"):
        raise Reject()
    count = nodes.QueryExpr(kind="count", query=rows_query(related))
    return Condition(compare(bound or comparison, count, amount.node))


def _counted_between(context: Context, low: Value, high: Value, related: Rows) -> Condition:
    if low.type.name != "int" or low.type != high.type:
        raise Reject()
    count = nodes.QueryExpr(kind="count", query=rows_query(related))
    return Condition(nodes.Between(arg=count, low=low.node, high=high.node))


def _given(context: Context, variable: Value) -> Any:
    """As in "of that size": the field, or what a reference's label says, that is called as the variable is."""
    source = context.source
    if source is None or source.origin is None:
        raise Reject()
    fields = list(named_fields(context, source, variable))
    if not fields:
        raise Reject(f"{source.store.name} has no field that {' '.join(variable.label)} could be a value of")
    return Several(tuple(through(field, Condition(compare("=", field.node, variable.node))) for field in fields))


def named_fields(context: Context, source: Source, variable: Value) -> Iterator[Value]:
    """Fields that share a name with a variable, by any of the words that call it."""
    ways = {variable.label}
    for one in context.variables:
        if isinstance(variable.node, nodes.Name) and one.name == variable.node.name:
            ways |= one.words
    for field in source.store.fields:
        value = field_value(source, field)
        if any(words.same_words(way, value.label) for way in ways) and variable.fits(value.type):
            yield value
            return
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        ends = {name_words(key.other_store), *(name_words(name)[:-1] for name in key.fields)}
        if any(words.same_words(way, end) for way in ways for end in ends):
            for field in label_fields(hop.target.store):
                value = with_hop(hop, field_value(hop.target, field))
                if variable.fits(value.type):
                    yield value


def bare_date(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "in 2024", of rows with a day or moment: each such field is a reading. After "sold", or after another date,
    the words go with what stands before them."""
    source = context.source
    if source is None or _goes_with_before(matcher, position, context):
        return
    for field in source.store.fields:
        if field.type.name in ("date", "timestamp"):
            for end, condition in matcher.read("dates", position, _testing(context, source, field)):
                yield end, Condition(condition.node, (field.name,))


def _goes_with_before(matcher: Matcher, position: int, context: Context) -> bool:
    if position and matcher.low(position) in ("until", "till", "to", "through"):
        before = matcher.tokens[position - 1]
        return before.kind in ("date", "number") or before.low in words.MONTHS
    starts = range(max(0, position - 2), position)
    return any(end == position for start in starts for end, _ in matcher.read("happened", start, context))


def bare_number(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "below 10", of rows with a measure: each one is a reading."""
    source = context.source
    if source is None:
        return
    for field in measures(source.store):
        for end, condition in matcher.read("number_tests", position, _testing(context, source, field)):
            yield end, Condition(condition.node, (field.name,))


def _testing(context: Context, source: Source, field: Field) -> Context:
    return context.comparing(source, field.name, lambda: field_value(source, field))


def stored_list(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "Blue", "Blue or Green", "Blue, Green and Red": values of one field, alternatives whatever joins them."""
    for end, first in matcher.read("stored", position, context):
        yield end, first
        yield from _more_stored(matcher, end, context, (first,))


def _more_stored(matcher: Matcher, position: int, context: Context, before: tuple[Condition, ...]) -> Iterator[Found]:
    low = matcher.low(position)
    start = position + 1 if low in (",", "or", "and") else position
    if low == "," and matcher.low(start) in ("or", "and"):
        start += 1
    if start == position:
        return
    for end, condition in matcher.read("stored", start, context):
        if condition.mentioned != before[0].mentioned:
            continue
        found = (*before, condition)
        last = matcher.low(start - 1) in ("or", "and")
        if last:
            yield end, Condition(any_of([one.node for one in found]), found[0].mentioned)
        else:
            yield from _more_stored(matcher, end, context, found)


def with_a_field(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "with a lid": the field is not empty. What can be tested, or is a parameter, is no such thing."""
    if matcher.low(position) not in ("a", "an", "any", "some"):
        return
    named = {end for end, _ in matcher.read("variable", position + 1, context)}
    for end, field in matcher.read("own_field", position + 1, context):
        if end not in named and not matcher.read("tests", end, context.enter(field)):
            try:
                yield end, _has_field(context, field)
            except Reject as error:
                matcher.reject(end, str(error))


PRIMITIVES: dict[str, Primitive] = {
    "with_a_field": with_a_field,
    "bare_date": bare_date,
    "bare_number": bare_number,
    "stored_list": stored_list,
}

_PLACE = "(in|from|at|of|for|by|on|to|with|called|named)"
_HAS = "(have|has|had)"

ROWS = (
    *(Row("comparison", pattern, lambda context, op=op: op) for op, pattern in words.COMPARISONS.items()),
    *(Row("bound", pattern, lambda context, op=op: op) for op, pattern in words.BOUNDS.items()),
    Row("be", "is|are|was|were|be|been|being", lambda context: None),
    # tests: what may follow a field
    Row("number_test", "[of] {comparison} {amount}", _compared),
    Row("number_test", "[of] {amount} {bound}", _bounded),
    Row("number_test", "[of] between {amount:low} and {amount:high}", _between),
    Row("number_test", "from {number:low} (to|up to) {number:high}", _between),
    Row("more_number_tests", "[,] (and|but) {number_test:condition}", _link("and")),
    Row("more_number_tests", "[,] or {number_test:condition}", _link("or")),
    Row("number_tests", "{number_test:first} {more_number_tests:more}*", _joined),
    Row("dates", "{dated:first} {more_dates:more}*", _joined),
    Row("value_test", "{number_test:condition}", _kept),
    Row("value_test", "{dated:condition}", _kept),
    Row("value_test", "[of|to|equal to|exactly|the same as|=] {value:first}", _equal),
    Row("value_test", "[one of|either|any of] {value:first} {another:more}* [,] or {value:last}", _one_of),
    Row("value_test", "(missing|empty|unknown|blank|null|unset|not known|not set|not given)", _empty),
    Row("value_test", "(known|set|given|present|not missing|not empty|not null|not blank|not unknown)", _filled),
    Row("value_test", "negative", _sign("<")),
    Row("value_test", "positive", _sign(">")),
    Row("value_test", "(contains|contain|containing|includes|including) {value}", _text_test("contains")),
    Row("value_test", "(starts|start|starting|begins|begin|beginning) with {value}", _text_test("starts with")),
    Row("value_test", "(ends|end|ending) with {value}", _text_test("ends with")),
    Row("another", ", {value}", lambda context, value: value),
    Row("verb_test", "{be} {value_test:condition}", lambda context, condition, be=None: condition),
    Row("denied_test", "{be} not {value_test:condition}", lambda context, condition, be=None: _not(context, condition)),
    Row("denied_test", "(not|other than|different from) {value_test:condition}", _not),
    Row("denied_test", "(does|do|did) not {value_test:condition}", _not),
    Row("denied_test", "[{be}] neither {value_test:first} {more_nor:more}*", _neither),
    Row("more_nor", "[,] nor {value_test:condition}", _kept),
    Row("test", "{value_test:condition}", _kept),
    Row("test", "{verb_test:condition}", _kept),
    Row("test", "{denied_test:condition}", _kept),
    Row("more_tests", "[,] (and|but) {test:condition}", _link("and")),
    Row("more_tests", "[,] or {test:condition}", _link("or")),
    Row("tests", "{value_test:first} {more_tests:more}*", _joined),
    Row("tests", "{verb_test:first} {more_tests:more}*", _joined),
    # after "is not", a bare "or" goes on with what is denied
    Row("more_tests_of_denied", "[,] (and|but) {test:condition}", _link("and")),
    Row("more_tests_of_denied", "[,] or {verb_test:condition}", _link("or")),
    Row("more_tests_of_denied", "[,] or {denied_test:condition}", _link("or")),
    Row("tests", "{denied_test:first} {more_tests_of_denied:more}*", _joined),
    Row("field_test", "{field} {tests:condition@field}", _of_field),
    Row("field_test", "[the|their|its] {reference} {predicate:condition@reference}", _of_reference),
    Row("more_field_tests", "[,] (and|but) {field_test:condition}", _link("and")),
    Row("more_field_tests", "[,] or {field_test:condition}", _link("or")),
    Row("field_tests", "{field_test:first} {more_field_tests:more}*", _joined),
    # what something is
    Row("adjective", "{flag:condition}", _kept),
    Row("adjective", "not {flag:condition}", _not),
    Row("adjective", "{stored:condition}", _kept),
    Row("adjective", "{opposite:condition}", _kept),
    Row("complement", "{adjective:condition}", _kept),
    Row("complement", "{stored_list:condition}", _kept),
    Row("complement", f"{_PLACE} {{stored_list:condition}}", _kept),
    Row("complement", "{happening:condition}", _kept),
    Row("complement", "{bare_date:condition}", _kept),
    Row("complement", "{bare_number:condition}", _kept),
    Row("more_complements", "[,] (and|but) {complement:condition}", _link("and")),
    Row("more_complements", "[,] or {complement:condition}", _link("or")),
    Row(
        "more_complements",
        "[,] (and|but) not {complement:condition}",
        lambda context, condition: ("and", _not(context, condition)),
    ),
    Row("complements", "{complement:first} {more_complements:more}*", _joined),
    Row(
        "predicate",
        "{be} [still|currently|now|already] {complements:condition}",
        lambda context, condition, be=None: condition,
    ),
    Row("predicate", "{be} not {complement:condition}", lambda context, condition, be=None: _not(context, condition)),
    Row(
        "predicate",
        "{be} neither {complement:first} {nor_complement:more}*",
        lambda context, first, more, be=None: _neither(context, first, more),
    ),
    Row("nor_complement", "[,] nor {complement:condition}", _kept),
    Row("predicate", f"{_HAS} not been {{complement:condition}}", _not),
    Row("predicate", f"{_HAS} been {{complement:condition}}", _kept),
    Row("predicate", f"{_HAS} not [yet] [been] {{happened:field}} [yet]", _missing_field),
    Row("predicate", f"{_HAS} [been] {{happened:field}}", _has_field),
    Row("predicate", "(is|are|was|were) not [yet] {happened:field} [yet]", _missing_field),
    Row("predicate", f"{_HAS} {{holdings:condition}}", _kept),
    Row("predicate", "(do|does|did) not have {lack:condition}", _kept),
    Row("predicate", "{belonging:condition}", _kept),
    Row("predicate", "(do|does|did) not {belonging:condition}", _not),
    Row("belonging", "(belong|belongs) {clause:condition}", _kept),
    Row("predicate", "{be} for {bare_number:condition}", lambda context, condition, be=None: condition),
    Row("predicate", "{field_test:condition}", _kept),
    Row("predicate", "{happening:condition}", _kept),
    Row("more_predicates", "[,] (and|but) [who|that|which] {predicate:condition}", _link("and")),
    Row("more_predicates", "[,] or [who|that|which] {predicate:condition}", _link("or")),
    Row("predicates", "{predicate:first} {more_predicates:more}*", _joined),
    # what something has
    Row("holding", "{field} {tests:condition@field}", _of_field),
    Row("holding", "no {missing:condition}", _kept),
    Row("holding", "no {related}", _none),
    Row("holding", "[a|an|any|some|at least one] {related}", _exists),
    Row("holding", "{comparison} {number:amount} {related}", _counted),
    Row("holding", "{number:amount} {bound} {related}", _counted),
    Row("holding", "[exactly] {number:amount} {related}", _counted),
    Row("holding", "between {number:low} and {number:high} {related}", _counted_between),
    Row("holding", "{measured:condition}", _kept),
    Row("measured", "{comparison} {number:amount} {own_field:field}", _measured),
    Row("measured", "{number:amount} {bound} {own_field:field}", _measured),
    Row("measured", "[exactly] {number:amount} {own_field:field}", _measured),
    Row("measured", "between {number:low} and {number:high} {own_field:field}", _measured_between),
    Row("holding", "(a|an|any|some) {reference}", _has_reference),
    Row("holding", "{with_a_field:condition}", _kept),
    Row("holding", "[a|an] negative {own_field:field}", _signed("<")),
    Row("holding", "[a|an] positive {own_field:field}", _signed(">")),
    Row("holding", "[a|an] above average {own_field:field}", _beside_average(">")),
    Row("holding", "[a|an] below average {own_field:field}", _beside_average("<")),
    Row("holding", "[a|an|the] {reference} {clause:condition@reference}", _of_reference),
    Row("missing", "{own_field:field}", _missing_field),
    Row("missing", "{reference}", _missing_reference),
    Row("lack", "[a|an|any] {missing:condition}", _kept),
    Row("lack", "[a|an|any] {related}", _none),
    Row("more_holdings", "[,] (and|but) {holding:condition}", _link("and")),
    Row("more_holdings", "[,] or {holding:condition}", _link("or")),
    Row("holdings", "{holding:first} {more_holdings:more}*", _joined),
    # clauses: what may follow the rows' name
    Row("clause", "(who|that|which) {predicates:condition}", _kept),
    Row("clause", "whose {field_tests:condition}", _kept),
    Row("clause", "(where|for which) {field_tests:condition}", _kept),
    Row("clause", "(with|having) {holdings:condition}", _kept),
    Row("clause", "of {measured:condition}", _kept),
    Row("clause", "with {quoted} in (the|their|its) {own_field:field}", _with_text_in),
    Row("clause", "without {lack:condition}", _kept),
    Row("clause", f"{_PLACE} [the] {{stored_list:condition}}", _kept),
    Row(
        "clause",
        "(not in|not from|outside [of]|except [in|from]|excluding|other than) [the] {stored_list:condition}",
        _not,
    ),
    Row(
        "clause", "[,] (except|except for|excluding|other than|but not) (those|these|the ones) {clause:condition}", _not
    ),
    Row("clause", f"{_PLACE} [the|a|an|all|any] {{reference}} {{clause:condition@reference}}", _of_reference),
    Row("clause", f"{_PLACE} [the|a|an|all|any] {{described_reference:condition}}", _kept),
    Row("clause", "(in|on|at|of|from|for) [the] {own_field} {value_test:condition@own_field}", _kept_of),
    Row("clause", "{happening:condition}", _kept),
    Row("clause", "not {happening:condition}", _not),
    Row("clause", "not [yet] {happened:field}", _missing_field),
    Row("clause", "not [yet] {stored:condition}", _not),
    Row("clause", f"{_PLACE} [the] {{reference}} {{stored:condition@reference}}", _of_reference),
    Row("clause", f"{_PLACE} (the|that|this) {{variable}}", _given),
    Row("clause", f"{_PLACE} the {{stored:condition}} {{own_field}}", _named_after),
    Row(
        "clause",
        "(in|on|at|of|from|for) [the|a] {own_field} (named|called) {value_test:condition@own_field}",
        _kept_of,
    ),
    Row("clause", f"{_PLACE} the {{stored:condition}} {{reference}}", _named_after),
    Row("first_clause", "{clause:condition}", _kept),
    Row("first_clause", "{stored:condition}", _kept),
    Row("first_clause", "{bare_date:condition}", _kept),
    Row("first_clause", "{bare_number:condition}", _kept),
    Row("more_clauses", "[,] [and|but] {clause:condition}", _link("and")),
    Row("more_clauses", "{bare_date:condition}", _link("and")),
    Row("more_clauses", "{bare_number:condition}", _link("and")),
    Row("more_clauses", "[,] or {clause:condition}", _link("or")),
    Row("clauses", "{first_clause:first} {more_clauses:more}*", _joined),
    Row("tight_clause", "{first_clause:condition}", _link("and")),
    Row("related_rows", "[the] {adjective:adjectives}* {head} {tight_clause:clauses}*", _tight),
)

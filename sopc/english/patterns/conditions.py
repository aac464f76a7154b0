"""Phrases that narrow rows down ("whose size is above 10", "in Blue", "that have no boxes") → conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.query.schema import Field
from sopc.english.patterns import words
from sopc.english.patterns.comparisons import joined, kept, link, negated, neither, sign
from sopc.english.patterns.dates import through, time_test
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row, Several
from sopc.english.patterns.names import field_value, hop_along, key_value, label_fields, with_hop
from sopc.english.patterns.semantics import (
    NUMERIC,
    Condition,
    Context,
    JoinStep,
    Rows,
    Source,
    Value,
    any_of,
    compare,
    conjuncts,
    negate,
    via,
)
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import overall, rows_query
from sopc.tree import nodes


def _of_field(context: Context, field: Value, condition: Condition) -> Condition:
    return through(field, condition)


def _of_reference(context: Context, reference: JoinStep, condition: Condition) -> Condition:
    return Condition(via((reference,), condition.node), reference.key.fields)


def _signed(op: str) -> Any:
    def build(context: Context, field: Value) -> Condition:
        return _of_field(context, field, sign(op)(context.enter(field)))

    return build


def _beside_average(op: str) -> Any:
    """As in "with an above average size"."""

    def build(context: Context, field: Value) -> Condition:
        average = overall(context.enter(field), "avg", field)
        return _of_field(context, field, Condition(compare(op, field.node, average.node)))

    return build


def _in_year(op: str) -> Any:
    """As in "built after 2015", where a whole number is the year."""

    def build(context: Context, field: Value, year: int) -> Condition:
        if field.type.name != "int":
            raise Reject()
        return Condition(compare(op, field.node, nodes.IntLiteral(value=year)), (field.field or "",))

    return build


def _with_text_in(context: Context, worded: Value, field: Value) -> Condition:
    if field.type.name != "text":
        raise Reject()
    return Condition(compare("contains", field.node, worded.node), (field.field or "",))


def _missing_field(context: Context, field: Value) -> Condition:
    if not field.type.nullable and not field.hops:
        if field.type.name in NUMERIC and not field.points and field.owner is not None:
            return _used_up(context, field)  # as in "without fines"
        raise Reject(f"{field.field} is never missing")
    return through(field, Condition(nodes.IsNull(arg=field.node)))


def _missing_reference(context: Context, reference: JoinStep) -> Condition:
    return key_missing(reference)


def key_missing(reference: JoinStep) -> Condition:
    """The reference points at nothing, or at what is not there. Raises Reject where it always points at something."""
    if reference.key.unchecked is True:
        rows = nodes.Query(stages=(reference.target.scan, nodes.Where(condition=reference.on())))
        return Condition(negate(nodes.QueryExpr(kind="exists", query=rows)), reference.key.fields)
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
    context: Context, condition: Condition, own_field: Value | None = None, reference: JoinStep | None = None
) -> Condition:
    """As in "of the Blue team": a value, and the field that holds it."""
    named = (own_field.field,) if own_field else reference.key.fields if reference else ()
    if condition.mentioned != named:
        raise Reject()
    return condition


def _kept_of(context: Context, own_field: Value, condition: Condition) -> Condition:
    return through(own_field, condition)


def has_field(context: Context, field: Value) -> Condition:
    return negated(context, _missing_field(context, field))


def _has_reference(context: Context, reference: JoinStep) -> Condition:
    return negated(context, _missing_reference(context, reference))


def _of_be(context: Context, condition: Condition, be: None = None) -> Condition:
    return condition


def _used_up(context: Context, field: Value, be: None = None) -> Condition:
    """As in "out of stock", "with no copies left"."""
    if field.type.name not in NUMERIC:
        raise Reject()
    return Condition(compare("=", field.node, nodes.IntLiteral(value=0)), (field.field or "",))


def _exists(context: Context, related: Rows) -> Condition:
    return Condition(nodes.QueryExpr(kind="exists", query=rows_query(related)))


def _tight(
    context: Context, head: Rows, adjectives: tuple[Condition, ...], clauses: tuple[tuple[str, Condition], ...]
) -> Rows:
    parts = [*adjectives, *(condition for _, condition in clauses)]
    if any(one.both for one in parts):
        raise Reject('"and" may mean one of each, or any of them: say "or", or say each in its own sentence')
    return Rows(head.source, tuple(part for one in parts for part in conjuncts(one.node)))


def _none(context: Context, related: Rows) -> Condition:
    return negated(context, _exists(context, related))


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
    ways |= {way[2:] for way in ways if way[:2] == ("number", "of")}
    for field in source.store.fields:
        value = field_value(source, field)
        if any(words.same_words(way, value.label) for way in ways) and variable.fits(value.type):
            yield value
            return
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        ends = {name_words(key.other_store), *(name_words(name)[:-1] for name in key.fields)}
        pointing = key_value(hop) if len(key.fields) == 1 else None
        alike = any(words.same_words(way, end) for way in ways for end in ends)
        is_key = any(words.same_words(way, name_words(key.other_fields[0])) for way in ways)
        if (
            pointing is not None
            and variable.type.name != "any"
            and variable.fits(pointing.type)
            and (is_key or (alike and variable.type.name != "text"))
        ):
            yield pointing
        elif alike:
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


def date_in_front(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "yesterday's", of rows with a day or moment: each such field is a reading."""
    source = context.source
    if source is None:
        return
    for field in source.store.fields:
        if field.type.name in ("date", "timestamp"):
            inside = _testing(context, source, field)
            for end, span in matcher.read("span", position, inside):
                if matcher.low(end) == "'s" and inside.target is not None and not span.exact:
                    yield end + 1, Condition(time_test(inside.target, "in", span), (field.name,))


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
            both = matcher.low(start - 1) == "and"
            yield end, Condition(any_of([one.node for one in found]), found[0].mentioned, both=both)
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
                yield end, has_field(context, field)
            except Reject as error:
                matcher.reject(end, str(error))


PRIMITIVES: dict[str, Primitive] = {
    "with_a_field": with_a_field,
    "bare_date": bare_date,
    "date_in_front": date_in_front,
    "bare_number": bare_number,
    "stored_list": stored_list,
}

_PLACE = "(in|from|at|of|for|by|on|to|with|called|named)"
_HAS = "(have|has|had)"

ROWS = (
    Row("field_test", "{field} {tests:condition@field}", _of_field),
    Row("field_test", "[the|their|its] {reference} {predicate:condition@reference}", _of_reference),
    Row("more_field_tests", "[,] (and|but) {field_test:condition}", link("and")),
    Row("more_field_tests", "[,] or {field_test:condition}", link("or")),
    Row("field_tests", "{field_test:first} {more_field_tests:more}*", joined),
    # what something is
    Row("adjective", "{flag:condition}", kept),
    Row("adjective", "not {flag:condition}", negated),
    Row("adjective", "{stored:condition}", kept),
    Row("adjective", "{opposite:condition}", kept),
    Row("adjective", "{date_in_front:condition}", kept),
    Row("complement", "{adjective:condition}", kept),
    Row("complement", "{stored_list:condition}", kept),
    Row("complement", f"{_PLACE} {{stored_list:condition}}", kept),
    Row("complement", "(in|on|at|of|from|for) [the] {own_field} {value_test:condition@own_field}", _kept_of),
    Row("complement", "{happening:condition}", kept),
    Row("complement", "{bare_date:condition}", kept),
    Row("complement", "{bare_number:condition}", kept),
    Row("more_complements", "[,] (and|but) {complement:condition}", link("and")),
    Row("more_complements", "[,] or {complement:condition}", link("or")),
    Row(
        "more_complements",
        "[,] (and|but) not {complement:condition}",
        lambda context, condition: ("and", negated(context, condition)),
    ),
    Row("complements", "{complement:first} {more_complements:more}*", joined),
    Row(
        "predicate",
        "{be} [still|currently|now|already] {complements:condition}",
        _of_be,
    ),
    Row(
        "predicate", "{be} not {complement:condition}", lambda context, condition, be=None: negated(context, condition)
    ),
    Row(
        "predicate",
        "{be} neither {complement:first} {nor_complement:more}*",
        lambda context, first, more, be=None: neither(context, first, more),
    ),
    Row("nor_complement", "[,] nor {complement:condition}", kept),
    Row("predicate", f"{_HAS} not been {{complement:condition}}", negated),
    Row("predicate", f"{_HAS} been {{complement:condition}}", kept),
    Row("predicate", f"{_HAS} not [yet] [been] {{happened:field}} [yet]", _missing_field),
    Row("predicate", f"{_HAS} [been] {{happened:field}}", has_field),
    Row("predicate", "(is|are|was|were) not [yet] {happened:field} [yet]", _missing_field),
    Row("predicate", f"{_HAS} {{holdings:condition}}", kept),
    Row("predicate", "(do|does|did) not have {lack:condition}", kept),
    Row("predicate", "{belonging:condition}", kept),
    Row("predicate", "(do|does|did) not {belonging:condition}", negated),
    Row("belonging", "(belong|belongs) {clause:condition}", kept),
    Row("belonging", "(come|comes|came) from [the] {stored_list:condition}", kept),
    Row(
        "belonging",
        "(live|lives|lived|work|works|worked|stay|stays|stayed) (in|at|for) [the] {stored_list:condition}",
        kept,
    ),
    Row("predicate", "{be} (based|located|situated) (in|at) [the] {stored_list:condition}", _of_be),
    Row("predicate", "{be} worth {measured:condition}", _of_be),
    Row("clause", "worth {measured:condition}", kept),
    Row("predicate", "{be} out of {own_field:field}", _used_up),
    Row("missing", "{own_field:field} left", _used_up),
    Row("predicate", "{be} for {bare_number:condition}", _of_be),
    Row("predicate", "{field_test:condition}", kept),
    Row("predicate", "{happening:condition}", kept),
    Row("more_predicates", "[,] (and|but) [who|that|which] {predicate:condition}", link("and")),
    Row("more_predicates", "[,] or [who|that|which] {predicate:condition}", link("or")),
    Row("predicates", "{predicate:first} {more_predicates:more}*", joined),
    # what something has
    Row("holding", "{field} {tests:condition@field}", _of_field),
    Row("holding", "no {missing:condition}", kept),
    Row("holding", "no {related}", _none),
    Row("holding", "[a|an|any|some|at least one] {related}", _exists),
    Row("holding", "[a|an|any] {related_test:related}", _exists),
    Row("holding", "{comparison} {number:amount} {related}", _counted),
    Row("holding", "{number:amount} {bound} {related}", _counted),
    Row("holding", "[exactly] {number:amount} {related}", _counted),
    Row("holding", "between {number:low} and {number:high} {related}", _counted_between),
    Row("holding", "{measured:condition}", kept),
    Row("measured", "{comparison} {number:amount} {own_field:field}", _measured),
    Row("measured", "{number:amount} {bound} {own_field:field}", _measured),
    Row("measured", "{comparison} {number:amount} in {own_field:field}", _measured),
    Row("measured", "[exactly] {number:amount} {own_field:field}", _measured),
    Row("measured", "between {number:low} and {number:high} {own_field:field}", _measured_between),
    Row("holding", "(a|an|any|some) {reference}", _has_reference),
    Row("holding", "{with_a_field:condition}", kept),
    Row("holding", "[a|an] negative {own_field:field}", _signed("<")),
    Row("holding", "[a|an] positive {own_field:field}", _signed(">")),
    Row("holding", "[a|an] above average {own_field:field}", _beside_average(">")),
    Row("holding", "[a|an] below average {own_field:field}", _beside_average("<")),
    Row("holding", "[a|an|the] {reference} {clause:condition@reference}", _of_reference),
    Row("missing", "{own_field:field}", _missing_field),
    Row("missing", "{reference}", _missing_reference),
    Row("lack", "[a|an|any] {missing:condition}", kept),
    Row("lack", "[a|an|any] {related}", _none),
    Row("more_holdings", "[,] (and|but) {holding:condition}", link("and")),
    Row("more_holdings", "[,] or {holding:condition}", link("or")),
    Row("holdings", "{holding:first} {more_holdings:more}*", joined),
    # clauses: what may follow the rows' name
    Row("clause", "(who|that|which) {predicates:condition}", kept),
    Row("clause", "whose {field_tests:condition}", kept),
    Row("clause", "(where|for which) {field_tests:condition}", kept),
    Row("clause", "(with|having) {holdings:condition}", kept),
    Row("clause", "of {measured:condition}", kept),
    *(
        Row("clause", f"{{own_field:field}} ({words_}) {{year}}", _in_year(op))
        for words_, op in (("in", "="), ("before", "<"), ("after", ">"), ("since|from", ">="), ("until|up to", "<="))
    ),
    Row("clause", "with {worded} in (the|their|its) {own_field:field}", _with_text_in),
    Row("clause", "without {lack:condition}", kept),
    Row("clause", f"{_PLACE} [the] {{stored_list:condition}}", kept),
    Row(
        "clause",
        "(not in|not from|outside [of]|except [in|from]|excluding|other than) [the] {stored_list:condition}",
        negated,
    ),
    Row(
        "clause",
        "[,] (except|except for|excluding|other than|but not) (those|these|the ones) {clause:condition}",
        negated,
    ),
    Row("clause", f"{_PLACE} [the|a|an|all|any] {{reference}} {{clause:condition@reference}}", _of_reference),
    Row("clause", f"{_PLACE} [the|a|an|all|any] {{described_reference:condition}}", kept),
    Row("clause", "(in|on|at|of|from|for) [the] {own_field} {value_test:condition@own_field}", _kept_of),
    Row("clause", "{happening:condition}", kept),
    Row("clause", "not {happening:condition}", negated),
    Row("clause", "not [yet] {happened:field}", _missing_field),
    Row("clause", "not [yet] {stored:condition}", negated),
    Row("clause", f"{_PLACE} [the] {{reference}} {{stored:condition@reference}}", _of_reference),
    Row("clause", f"{_PLACE} [the] {{reference}} {{bare_date:condition@reference}}", _of_reference),
    Row("clause", f"{_PLACE} (the|that|this) {{variable}}", _given),
    Row("clause", f"{_PLACE} the {{stored:condition}} {{own_field}}", _named_after),
    Row(
        "clause",
        "(in|on|at|of|from|for) [the|a] {own_field} (named|called) {value_test:condition@own_field}",
        _kept_of,
    ),
    Row("clause", f"{_PLACE} the {{stored:condition}} {{reference}}", _named_after),
    Row("first_clause", "{clause:condition}", kept),
    Row("first_clause", "{stored:condition}", kept),
    Row("first_clause", "{bare_date:condition}", kept),
    Row("first_clause", "{bare_number:condition}", kept),
    Row("more_clauses", "[,] [and|but] {clause:condition}", link("and")),
    Row("more_clauses", "{bare_date:condition}", link("and")),
    Row("more_clauses", "{bare_number:condition}", link("and")),
    Row("more_clauses", "[,] or {clause:condition}", link("or")),
    Row("clauses", "{first_clause:first} {more_clauses:more}*", joined),
    Row("tight_clause", "{first_clause:condition}", link("and")),
    Row("related_rows", "[the] {adjective:adjectives}* {head} {tight_clause:clauses}*", _tight),
)

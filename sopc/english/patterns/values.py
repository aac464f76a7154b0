"""Phrases for numbers, fields and figures → expressions, in the order of arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runtime.values.types import BOOL, DECIMAL, FLOAT, INT, Type
from sopc.english.patterns import words
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import field_names, field_value, hop_along, reference_names, with_hop
from sopc.english.patterns.semantics import (
    DONE_TO,
    NUMERIC,
    TIMES,
    Context,
    FoundSet,
    JoinStep,
    Rows,
    Source,
    Value,
    all_of,
    call,
    column,
    compare,
)
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes

AGGREGATES = {
    "sum": "total|sum of|sum of the|sum total of|total of|overall|combined",
    "avg": "average|mean|average of|average of the",
    "max": words.HIGHEST_ROWS + "|maximum|max",
    "min": words.LOWEST_ROWS + "|minimum|min",
    "latest": words.NEWEST + "|youngest",  # of days and years only
    "earliest": words.OLDEST + "|oldest",
}


def number(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """150,000 · 1.5 · ten · two hundred · 3 million."""
    tokens = matcher.tokens
    if position >= len(tokens):
        return
    token = tokens[position]
    if token.kind == "number" and not token.value.endswith("%"):
        amount = Decimal(token.value)
    elif token.low in words.NUMBERS:
        amount = Decimal(words.NUMBERS[token.low])
    elif token.low == "a" and matcher.low(position + 1) in words.SCALES:
        amount = Decimal(1)
    elif token.low == "-" and position + 1 < len(tokens) and tokens[position + 1].kind == "number":
        for end, value in number(matcher, position + 1, context):
            yield end, negative(value)
        return
    else:
        return
    end = position + 1
    while matcher.low(end) in words.SCALES:
        amount *= words.SCALES[matcher.low(end)]
        end += 1
    yield end, literal(amount)


def ordinal(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """second · 2nd · 11th, as how many there are before it."""
    low = matcher.low(position)
    if low in words.ORDINALS:
        yield position + 1, words.ORDINALS[low] - 1
    digits = low.rstrip("stndrh")
    if digits.isdigit() and low[len(digits) :] in ("st", "nd", "rd", "th") and int(digits) > 1:
        yield position + 1, int(digits) - 1


def negative(value: Value) -> Value:
    if isinstance(value.node, nodes.IntLiteral):
        return replace(value, node=nodes.IntLiteral(value=-value.node.value))
    return replace(value, node=nodes.Unary(op="-", arg=value.node))


def literal(amount: Decimal) -> Value:
    if amount == amount.to_integral_value():
        return Value(nodes.IntLiteral(value=int(amount)), INT)
    return Value(nodes.NumberLiteral(value=f"{amount.normalize():f}"), FLOAT)


def percentage(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """12% · 12 percent, as a share: 0.12."""
    if position >= len(matcher.tokens) or matcher.tokens[position].kind != "number":
        return
    plain = matcher.tokens[position].value
    if plain.endswith("%"):
        yield position + 1, Decimal(plain[:-1]) / 100
    elif matcher.low(position + 1) in ("percent", "%"):
        yield position + 2, Decimal(plain) / 100
    elif matcher.low(position + 1) == "per" and matcher.low(position + 2) == "cent":
        yield position + 3, Decimal(plain) / 100


def field_of_reference(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "the size of its box": a field, and then the reference that reaches it."""
    source = context.source
    if source is None or source.alias.startswith("other_"):
        return
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        for end, value in matcher.read("own_field", position, context.within(hop.target)):
            if matcher.low(end) != "of":
                continue
            start = end + 1 + (matcher.low(end + 1) in ("the", "its", "their", "each", "his", "her"))
            for way in reference_names(source.store, key):
                written = tuple(matcher.low(start + index) for index in range(len(way)))
                if words.same_words(written, way):
                    yield start + len(way), with_hop(hop, value)


def subject_field(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "its size", "the box's size": a field of the loop's record, where the phrase speaks of other rows."""
    subject = context.subject
    if subject is None:
        return
    starts = [position + 1] if matcher.low(position) == "its" and subject != context.source else []
    skip = position + (matcher.low(position) in ("the", "that", "this"))
    for end in _subject_ends(matcher, skip, subject):
        if matcher.low(end) == "'s":
            starts.append(end + 1)
    for start in starts:
        yield from matcher.read("field", start, context.within(subject))


def subject_key(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "the box", "it": the loop's record itself, where a reference to it is wanted."""
    subject, target = context.subject, context.target
    if subject is None or target is None or target.field is None:
        return
    key = reference_to(subject.store.name, target)
    if key is None or subject.emits:
        return
    ends = [position + 1] if matcher.low(position) == "it" else []
    ends += _subject_ends(matcher, position + (matcher.low(position) in ("the", "that", "this")), subject)
    for end in ends:
        if matcher.low(end) != "'s":
            found = subject.store.field(key)
            assert found is not None
            yield end, Value(column(subject, key), found.type)


def reference_to(store: str, target: Value) -> str | None:
    """The field of `store` that a reference field (a Value whose label carries its key) points at."""
    return dict(target.points or ()).get(store)


def _subject_ends(matcher: Matcher, position: int, subject: Source) -> Iterator[int]:
    for way in {name_words(subject.store.name), name_words(subject.alias)}:
        written = tuple(matcher.low(position + index) for index in range(len(way)))
        if words.same_words(written, way):
            yield position + len(way)


def _arithmetic(context: Context, first: Value, rest: tuple[tuple[str, Value], ...]) -> Value:
    value = first
    for op, other in rest:
        value = combine(op, value, other)
    return value


def combine(op: str, left: Value, right: Value) -> Value:
    for side in (left, right):
        if side.type.name not in NUMERIC | {"any"}:
            raise Reject("only numbers can be reckoned with")
    hops = left.hops or right.hops
    if left.hops and right.hops and left.hops != right.hops:
        raise Reject("fields of two different stores can't be reckoned with in one amount")
    aggregate = left.aggregate or right.aggregate
    return Value(compare(op, left.node, right.node), _result(op, left, right), hops=hops, aggregate=aggregate)


def _result(op: str, left: Value, right: Value) -> Type:
    """As the language has it: a literal with a point is exact beside a decimal; what may be null stays so."""
    names = {left.type.name, right.type.name}
    floats = [side for side in (left, right) if side.type.name == "float"]
    if "any" in names:
        found = left.type if right.type.name == "any" else right.type
    elif "decimal" in names and all(isinstance(side.node, nodes.NumberLiteral) for side in floats):
        found = DECIMAL
    else:
        found = FLOAT if floats or op == "/" else INT
    return found.or_null() if left.type.nullable or right.type.nullable else found


def _times(factor: int) -> Any:
    def build(context: Context, factor_: Value) -> Value:
        return combine("*", literal(Decimal(factor)), factor_)

    return build


def _half(context: Context, value: Value) -> Value:
    return combine("/", value, literal(Decimal(2)))


def _share(context: Context, percentage: Decimal, value: Value) -> Value:
    return combine("*", Value(nodes.NumberLiteral(value=f"{percentage.normalize():f}"), FLOAT), value)


def _rounded(context: Context, value: Value, number: Value | None = None) -> Value:
    if number is None:
        whole = call("int", call("round", value.node))
        return Value(whole, INT.or_null() if value.type.nullable else INT, value.label, value.hops)
    return replace(value, node=call("round", value.node, number.node), field=None)


def _own(context: Context, own_field: Value) -> Value:
    return own_field


def _followed(context: Context, reference: JoinStep, field: Value) -> Value:
    if len(field.hops) > 2:
        raise Reject()
    return with_hop(reference, field)


def looked_up(context: Context, field: Value) -> Value:
    """A field as an operand. Of a loop's record, what references reach is looked up."""
    if not field.hops or field.hops[0].base.origin is not None:
        return field
    stages: list[nodes.Stage] = []
    first = field.hops[0]
    stages.append(first.target.scan)
    for hop in field.hops[1:]:
        stages.append(nodes.Join(source=hop.target.scan, outer=hop.outer, on=hop.on()))
    stages.append(nodes.Where(condition=first.on()))
    stages.append(nodes.Select(columns=(nodes.NamedColumn(value=field.node),)))
    node = nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=tuple(stages)))
    return Value(node, field.type.or_null(), field.label)


def aggregate_call(name: str, value: Value) -> Value:
    """An aggregate of a field: its call, its type and how its column is called."""
    if name in ("latest", "earliest"):
        if value.type.name not in TIMES and not words.YEARS & {*value.label}:
            raise Reject(f"{' '.join(value.label)} is no day and no year, so none of it is the {name}")
        name = {"latest": "max", "earliest": "min"}[name]
    if name in ("sum", "avg") and value.type.name not in NUMERIC:
        raise Reject("only numbers have a total or an average")
    if value.type.name == "text":
        none = f"{' '.join(value.label)} holds text, so none of it is the highest"
        raise Reject(f"{none}: store it as a number{value.look()}")
    result = FLOAT if name == "avg" and value.type.name == "int" else value.type
    word = {"sum": "total", "avg": "average", "max": "highest", "min": "lowest"}[name]
    if value.type.name in ("date", "timestamp"):
        word = {"max": "latest", "min": "earliest"}[name]
    label = value.label if value.label[:1] == (word,) else (word, *value.label)
    return Value(call(name, value.node), result.or_null(), label, value.hops, aggregate=name)


def overall(context: Context, aggregate: str, own_field: Value | None = None) -> Value:
    """As in "the average size", compared with: of all rows of the store."""
    not_a_variable(context, aggregate, own_field.label if own_field else ())
    source, target = context.source, context.target
    if source is None or source.origin is None or target is None or target.field is None or target.hops:
        raise Reject()
    if own_field is None and any(name_words(field.name) == (word,) for field in source.store.fields
                                 for word in AGGREGATES[aggregate].split("|")):  # fmt: skip
        raise Reject()  # the field of that name is meant
    name = own_field.field if own_field else target.field
    everything = Source(f"all_{source.store.name}", source.database, source.store, None)
    origin = context.world.source(source.database, source.store.name).origin
    field = source.store.field(name or "")
    if origin is None or field is None:
        raise Reject()
    figure = aggregate_call(aggregate, Value(column(everything, field.name), field.type))
    stages = (
        origin.model_copy(update={"alias": everything.alias}),
        nodes.Select(columns=(nodes.NamedColumn(name="_".join((aggregate, field.name)), value=figure.node),)),
    )
    return Value(nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=stages)), figure.type)


def not_a_variable(context: Context, aggregate: str, label: tuple[str, ...] = ()) -> None:
    """Rejects "the minimum", or "the minimum size", as a figure where a parameter is called so."""
    said = {(*phrase.split(), *label) for phrase in AGGREGATES[aggregate].split("|")}
    if any(variable.words & said for variable in context.variables):
        raise Reject()


def rows_query(rows: Rows) -> nodes.Query:
    """The rows as a query without order: for counting and summing up."""
    if rows.limit is not None or rows.sorts:
        raise Reject("a figure is of all rows, so it can't be asked of the first few")
    stages: list[nodes.Stage] = [rows.source.scan]
    if rows.conditions:
        stages.append(nodes.Where(condition=all_of(rows.conditions)))
    return nodes.Query(stages=tuple(stages))


def check_countable(mentioned: tuple[str, ...]) -> None:
    """Rejects figures of rows to which something was done: of each of them, or of each time?"""
    if DONE_TO in mentioned:
        raise Reject('what was done twice may count once or twice: say "how many different", or count what tells of it')


def _number_of(context: Context, rows: Rows, about: Source | None = None) -> Value:
    if context.found is not None and rows == Rows(context.found.source) and rows != context.spoken:
        return found_count(context)
    if rows.source.origin is None:
        raise Reject()
    check_countable(rows.mentioned)
    return Value(nodes.QueryExpr(kind="count", query=rows_query(rows)), INT, ("count",))


def found_count(context: Context) -> Value:
    """How many rows were found, as it was when they were counted, if they were; or the rows just spoken of."""
    if context.spoken is not None:
        return Value(nodes.QueryExpr(kind="count", query=rows_query(context.spoken)), INT, ("count",))
    found = live(context, counted=True)
    if found.counted is not None:
        return Value(nodes.Name(name=found.counted), INT, ("count",))
    query = nodes.Query(stages=(nodes.From(store=found.name),))
    return Value(nodes.QueryExpr(kind="count", query=query), INT, ("count",))


def live(context: Context, *, counted: bool = False) -> FoundSet:
    """The set found before. Rejects one whose store has changed since, unless its count was taken before that."""
    found = context.found
    if found is None:
        raise Reject("nothing was found before that this could mean")
    if found.changed_by is not None and not (counted and found.counted):
        raise Reject(
            f"what was found before may be different now, as sentence {found.changed_by} changes the data; "
            "find it again, or count it first"
        )
    return found


def _count_found(context: Context) -> Value:
    return found_count(context)


def figure_of(context: Context, aggregate: str, about: Source, field: Value, rows: Rows) -> Value:
    if rows.source != about or field.hops:
        raise Reject()
    check_countable(rows.mentioned)
    query = rows_query(rows)
    figure = aggregate_call(aggregate, field)
    select = nodes.Select(columns=(nodes.NamedColumn(name="_".join(figure.label), value=figure.node),))
    scalar = nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=(*query.stages, select)))
    return Value(scalar, figure.type, figure.label)


def _figure_of_found(context: Context, aggregate: str, about: Source, field: Value) -> Value:
    if context.found is None or about != context.found.source:
        raise Reject()
    live(context)
    return figure_of(context, aggregate, about, field, Rows(about))


def _bool(value: bool) -> Any:
    def build(context: Context) -> Value:
        if context.target is None or context.target.type.name != "bool":
            raise Reject()
        return Value(nodes.BoolLiteral(value=value), BOOL)

    return build


def _same(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


def measure_called(context: Context, nouns: frozenset[str]) -> Value:
    """The one field of the context's rows that is called so, of those that measure something. Raises Reject."""
    source = context.source
    fields = measures(source.store) if source is not None else []
    found = [field for field in fields if nouns & set(name_words(field.name))]
    if source is None or len(found) != 1:
        raise Reject(f"which field tells it is not clear: by {', '.join(field.name for field in fields) or 'none'}?")
    return field_value(source, found[0])


def _whole_number(context: Context, variable: Value) -> Value:
    """A parameter or an answer that counts rows; one of no known type must not be called as a field is."""
    stores = [source.store for source in ([context.source] if context.source else context.world.sources)]
    called = [way for store in stores for field in store.fields for way in field_names(store, field)]
    if variable.type.name != "int" and (variable.type.name != "any" or variable.label in called):
        raise Reject()
    return variable


PRIMITIVES: dict[str, Primitive] = {
    "number": number,
    "ordinal": ordinal,
    "percentage": percentage,
    "field_of_reference": field_of_reference,
    "subject_field": subject_field,
    "subject_key": subject_key,
}

ROWS = (
    Row("how_many", "{number}", _same),
    Row("how_many", "[the|that|this] {variable}", _whole_number),
    *(Row("aggregate", pattern, lambda context, name=name: name) for name, pattern in AGGREGATES.items()),
    Row("field", "[the|their|its|each|his|her|a|an] {own_field}", _own),
    Row("field", "[the|their|its|each|his|her|a|an] {reference} ['s] {field@reference}", _followed),
    Row("field", "[the|their] {field_of_reference}", _same),
    Row("factor", "{number}", _same),
    Row("factor", "[the|that|this] {variable}", _same),
    Row("factor", "{field}", looked_up),
    Row("factor", "{subject_field:field}", looked_up),
    Row("factor", "(twice|double) {factor:factor_}", _times(2)),
    Row("factor", "three times {factor:factor_}", _times(3)),
    Row("factor", "half [of] {factor:value}", _half),
    Row("factor", "{percentage} of {factor:value}", _share),
    Row("factor", r"\( {expression:value} \)", _same),
    Row("factor", "[the|their] {aggregate} [{own_field}]", overall),
    Row("factor", "{figure}", _same),
    Row("multiplied", "(times|multiplied by|*|x) {factor}", lambda context, factor: ("*", factor)),
    Row("multiplied", "(divided by|/) {factor}", lambda context, factor: ("/", factor)),
    Row("term", "{factor:first} {multiplied:rest}*", _arithmetic),
    Row("added", "(plus|+) {term}", lambda context, term: ("+", term)),
    Row("added", "(minus|-|less) {term}", lambda context, term: ("-", term)),
    Row("expression", "{term:first} {added:rest}*", _arithmetic),
    Row("amount", "{expression}", _same),
    Row("amount", "{expression:value} [,] rounded [to (whole numbers|the nearest whole number)]", _rounded),
    Row("amount", "{expression:value} [,] rounded to {number} [decimal] (places|decimals|digits|place)", _rounded),
    Row("value", "{amount}", _same),
    Row("value", "{moment}", _same),
    Row("value", "[the] [text] {worded}", _same),
    Row("value", "{stored_here}", _same),
    Row("value", "{subject_key}", _same),
    Row("value", "(true|yes)", _bool(True)),
    Row("value", "(false|no)", _bool(False)),
    Row("figure", "[the] number of {about} {rows@about}", _number_of),
    Row("figure", "how many {about} {rows@about} [there (are|were)|are there|were there]", _number_of),
    Row("figure", "how many [of (them|those|these)] [there (are|were)|are there|were there|they are]", _count_found),
    Row("figure", "(their number|their count|the count|the number of them)", _count_found),
    Row("figure", "[the] {aggregate} {about} {field@about} (of|for|in|among) {rows@about}", figure_of),
    Row("figure", "their {aggregate} {about} {field@about}", _figure_of_found),
)

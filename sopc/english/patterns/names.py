"""Words → the stores, fields, references, stored values, variables and scripts they name (the matcher's primitives)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from runtime.query.schema import Field, ForeignKey, Store
from runtime.values.types import TEXT, Type
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject
from sopc.english.patterns.semantics import (
    Condition,
    Context,
    JoinStep,
    Rows,
    Source,
    Value,
    Variable,
    column,
    output,
    via,
)
from sopc.english.patterns.tokens import name_words, words_before_brackets
from sopc.tree import nodes

_LONGEST_NAME = 4


_COMMON_ENDINGS = words.DATE_ENDINGS | words.KEY_ENDINGS | words.LABELS | words.STOP_WORDS | words.TIMES


@lru_cache(maxsize=4096)
def field_names(store: Store, field: Field) -> tuple[tuple[str, ...], ...]:
    """Each way English may write a field's name: whole; without brackets behind; without the store's own
    name in front ("box_size" of a box is its size); a "maker name" as the maker; a day "closed_on" as the closed date;
    by its last word, where no other has that ("rate" of a nightly rate). What else the store has wins."""
    whole = name_words(field.name)
    own = name_words(store.name)
    bare = words_before_brackets(field.name, (other.name for other in store.fields if other != field))
    ways = [bare] if bare else []
    if len(whole) > len(own) and words.same_words(whole[: len(own)], own):
        ways.append(whole[len(own) :])
    if len(whole) > 1 and whole[-1] in words.LABELS:
        ways.append(whole[:-1])
    if len(whole) > 1 and whole[-1] in ("on", "at") and field.type.name in ("date", "timestamp"):
        ways += [(*whole[:-1], "date"), (*whole, "date")]
    if field.type.name in ("int", "float", "decimal"):
        ways.append((*whole, "amount"))
    if len(whole) == 1 and whole[0] in words.LABELS:
        ways.append(("name",))
    if field.type.name in ("date", "timestamp") and sum(one.type.name == field.type.name for one in store.fields) == 1:
        ways.append(("date",))
    if len(own) == 1 and whole[:1] != own:
        ways.append((*own, *whole))
    if len(whole) > 1 and whole[-1] not in _COMMON_ENDINGS and field.type.name != "bool":
        alike = [other for other in store.fields if whole[-1] in name_words(other.name)]
        ways += [whole[-1:]] if alike == [field] else []
    others = [name_words(other.name) for other in store.fields if other != field]
    others += [way for key in store.foreign_keys if key.fields != (field.name,) for way in reference_names(store, key)]
    return (whole, *(way for way in ways if not any(words.same_words(way, other) for other in others)))


@lru_cache(maxsize=4096)
def reference_names(store: Store, key: ForeignKey) -> tuple[tuple[str, ...], ...]:
    """How English calls what a reference points at: its field's name without "id", or the other store's name."""
    found = [name_words(key.other_store)]
    if len(key.fields) == 1:
        own = name_words(key.fields[0])
        if len(own) > 1 and own[-1] in words.KEY_ENDINGS:
            own = own[:-1]
        found.append(own)
    return tuple(found)


def hop_along(source: Source, key: ForeignKey, context: Context) -> JoinStep:
    """Follow a reference; a store that is reached from itself gets an alias of its own."""
    target = context.world.source(source.database, key.other_store)
    if target.store.name == source.store.name or target.alias == source.alias:
        alias = "_".join(reference_names(source.store, key)[-1])
        if alias in (target.alias, source.alias):
            alias = f"other_{target.alias}"
        origin = target.scan.model_copy(update={"alias": alias})
        target = Source(alias, target.database, target.store, origin)
    return JoinStep(source, key, target)


def label_fields(store: Store) -> list[Field]:
    """The text fields that say which row it is: the only one, else the only unique one, else those called a name."""
    pointing = {name for key in store.foreign_keys for name in key.fields}
    texts = [field for field in store.fields if field.type.name == "text" and field.name not in pointing]
    if len(texts) > 1:
        unique = [field for field in texts if (field.name,) in store.unique]
        named = [field for field in texts if words.LABELS & set(name_words(field.name))]
        texts = unique if len(unique) == 1 else named if len(named) == 1 else texts
    return texts


def field_value(source: Source, field: Field) -> Value:
    node: nodes.Expr = output(field.name) if not source.alias else column(source, field.name)
    points = tuple(
        (key.other_store, key.other_fields[0]) for key in source.store.foreign_keys if key.fields == (field.name,)
    )
    return Value(node, field.type, name_words(field.name), field=field.name, owner=source, points=points)


def key_value(reference: JoinStep) -> Value:
    """The field that points at what a reference of one field reaches."""
    field = reference.base.store.field(reference.key.fields[0])
    if len(reference.key.fields) != 1 or field is None:
        raise Reject()
    return field_value(reference.base, field)


def reference_of(context: Context, key: Value) -> JoinStep | None:
    """The reference behind a field that points, or behind what tells the row that is pointed at."""
    if key.hops:
        named = {field.name for field in label_fields(key.hops[0].target.store)}
        return key.hops[0] if len(key.hops) == 1 and key.field in named else None
    for one in key.owner.store.foreign_keys if key.owner is not None else ():
        if one.fields == (key.field,) and key.owner is not None:
            return hop_along(key.owner, one, context)
    return None


def with_hop(hop: JoinStep, value: Value) -> Value:
    """A field of the row that a reference points at, as reached from the row that points; the field pointed at is
    the one that points."""
    if not value.hops and value.field is not None and (value.field,) == hop.key.other_fields:
        own = hop.base.store.field(hop.key.fields[0])
        assert own is not None
        return field_value(hop.base, own)
    label = (*reference_names(hop.base.store, hop.key)[-1], *value.label)
    return replace(value, label=label, hops=(hop, *value.hops), points=())


def _spelt(matcher: Matcher, position: int, name: str, ways: Iterable[tuple[str, ...]]) -> Iterator[int]:
    """Ends of the tokens from `position` on that spell a name, in backquotes or in one of those ways."""
    if position < len(matcher.tokens) and matcher.tokens[position].kind == "name":
        if matcher.tokens[position].value == name:
            yield position + 1
        return
    for way in ways:
        end = position + len(way)
        written = tuple(token.low or token.value for token in matcher.tokens[position:end] if token.kind != "text")
        if way and words.same_words(written, way):
            yield end


def own_field(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A field of the context's rows."""
    source = context.source
    if source is None:
        return
    for field in source.store.fields:
        for end in _spelt(matcher, position, field.name, field_names(source.store, field)):
            yield end, replace(field_value(source, field), plural=is_plural(matcher, end))


def reference(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """What a reference of the context's rows points at, as a JoinStep."""
    source = context.source
    if source is None:
        return
    for key in source.store.foreign_keys:
        for end in _spelt(matcher, position, "", reference_names(source.store, key)):
            yield end, hop_along(source, key, context)


def reference_label(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A reference shown by what tells the row it points at; not where its own field has that name already."""
    source = context.source
    if source is None or source.origin is None:
        return
    for key in source.store.foreign_keys:
        for way in reference_names(source.store, key):
            if len(key.fields) == 1 and words.same_words(way, name_words(key.fields[0])):
                continue
            for end in _spelt(matcher, position, "", [way]):
                hop = hop_along(source, key, context)
                for field in label_fields(hop.target.store):
                    value = with_hop(hop, field_value(hop.target, field))
                    yield end, replace(value, plural=is_plural(matcher, end))


def reached_field(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A field that the rows lack, and that what they point at has: "the town", of boxes with a maker in a town."""
    source = context.source
    if source is None or source.origin is None:
        return
    own = {end for phrase in ("own_field", "reference") for end, _ in matcher.read(phrase, position, context)}
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        for end, value in matcher.read("own_field", position, context.within(hop.target)):
            if end not in own and (value.field,) != key.other_fields:
                yield end, with_hop(hop, value)


def field_beyond(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "the owner's town", of repairs of cars that have an owner: a field two references away."""
    source = context.source
    if source is None or source.origin is None:
        return
    own = {end for end, _ in matcher.read("reference", position, context)}
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        inside = context.within(hop.target)
        for middle, next_hop in matcher.read("reference", position, inside):
            if middle not in own and matcher.low(middle) == "'s" and next_hop.target.alias != source.alias:
                for end, value in matcher.read("own_field", middle + 1, inside.within(next_hop.target)):
                    yield end, with_hop(hop, with_hop(next_hop, value))


def described_reference(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "red boxes", of rows that point at boxes."""
    source = context.source
    if source is None:
        return
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        for middle, condition in matcher.read("adjective", position, context.within(hop.target)):
            if any(one == hop for _, one in matcher.read("reference", middle, context)):
                for end, _ in matcher.read("reference", middle, context):
                    yield end, Condition(via((hop,), condition.node), key.fields)


def flag(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A yes/no field as an adjective."""
    source = context.source
    if source is None:
        return
    for field in source.store.fields:
        if field.type.name != "bool":
            continue
        ways = field_names(source.store, field)
        ways = (*ways, *(way[1:] for way in ways if len(way) > 1 and way[0] in words.FLAG_STARTS))
        for end in _spelt(matcher, position, field.name, ways):
            yield end, Condition(column(source, field.name), (field.name,))


def happened(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A day or moment field as what happened then: a field "shipped_on", "created_at" or "order date", written as
    "shipped", "created" or "ordered"."""
    source = context.source
    if source is None:
        return
    for field in source.store.fields:
        if field.type.name not in ("date", "timestamp"):
            continue
        for way in field_names(source.store, field):
            stem = way[:-1] if len(way) > 1 and way[-1] in words.DATE_ENDINGS else way
            end = position + len(stem)
            written = [token.low for token in matcher.tokens[position:end]]
            if len(written) == len(stem) and all(map(words.verb_of, written, stem)):
                yield end, field_value(source, field)
                if len(way) > len(stem) and matcher.low(end) == way[-1]:
                    yield end + 1, field_value(source, field)


def head(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """The context's rows by their store's name."""
    source = context.source
    if source is None or source.origin is None:
        return
    looped = context.subject is not None and context.subject.store == source.store
    definite = position > 0 and matcher.low(position - 1) in ("the", "that", "this")
    for start, conditions in _modifiers(matcher, position, context):
        for end in _spelt(matcher, start, source.store.name, [name_words(source.store.name)]):
            plural = is_plural(matcher, end)
            if looped and definite and not plural:
                continue  # "the box", in a loop over boxes, is the one at hand
            if plural or not _is_modifier(matcher, end, context):
                yield end, Rows(source, conditions, plural=plural)


def is_plural(matcher: Matcher, end: int) -> bool:
    """Whether the word before a token is in the plural."""
    last = matcher.low(end - 1)
    return last != words.singular(last)


def _modifiers(matcher: Matcher, position: int, context: Context) -> Iterator[tuple[int, tuple[nodes.Expr, ...]]]:
    """What may stand before the name of rows: nothing; or the name of what they point at ("box lids" are lids)."""
    yield position, ()
    for end, hop in reference(matcher, position, context):
        if not is_plural(matcher, end):
            own = [column(hop.base, name) for name in hop.key.fields]
            yield end, tuple(nodes.IsNull(arg=one, negated=True) for one in own) if hop.outer else ()


def _is_modifier(matcher: Matcher, end: int, context: Context) -> bool:
    """Whether the name of rows that point at the context's rows follows: the last noun is what is spoken of."""
    return any(list(_spelt(matcher, end, "", [name_words(other.store.name)])) for _, other in ties(context))


def pronoun(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "them", where the context's rows are those found before; "it", where they are the loop's record."""
    subject = context.subject
    if subject is not None and context.source == subject:
        if matcher.low(position) == "it":
            yield position + 1, Rows(subject)
        if matcher.low(position) in ("the", "that", "this"):
            for end in _spelt(matcher, position + 1, "", [name_words(subject.store.name)]):
                yield end, Rows(subject)
        return
    spoken, found = context.spoken, context.found
    rows = spoken or (Rows(found.source) if found is not None else None)
    if rows is None or context.source != rows.source:
        return
    if spoken is not None and matcher.low(position) in ("those", "these"):
        yield from ((end, rows) for end in _spelt(matcher, position + 1, "", [name_words(rows.source.store.name)]))
    one_of_them = matcher.low(position) == "one" and position > 0 and matcher.low(position - 1) in ("each", "every")
    if matcher.low(position) in ("them", "those", "these", "they") or one_of_them:
        yield position + 1, rows


def variable(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A parameter, or what an earlier sentence counted, worked out or asked."""
    for one in reversed(context.variables):
        for way in one.words | {(one.name,)}:
            for end in _spelt(matcher, position, one.name, [way]):
                yield end, Value(nodes.Name(name=one.name), one.type, name_words(one.name))


def script(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A stored script, by its name; its words may be written apart."""
    for name in context.world.scripts:
        if list(_spelt(matcher, position, name, [name_words(name)])):
            known = context.world.signatures(name)
            if known is not None:
                yield position + len(name_words(name)), known[0]


def new_name(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A few words that name something new: (its name, its words)."""
    if position < len(matcher.tokens) and matcher.tokens[position].kind in ("name", "text"):
        found = name_words(matcher.tokens[position].value)
        if found:
            yield position + 1, found
        return
    for end in range(position + 1, position + _LONGEST_NAME + 1):
        if end > len(matcher.tokens):
            return
        token = matcher.tokens[end - 1]
        if token.kind != "word" or token.low in words.STOP_WORDS:
            return
        yield end, tuple(one.low for one in matcher.tokens[position:end])


def quoted(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    if position < len(matcher.tokens) and matcher.tokens[position].kind == "text":
        yield position + 1, matcher.tokens[position].value


def sources(matcher: Matcher, context: Context) -> list[Source]:
    """The rows that a sentence may be about: the loop's record, those found before, and each store of which it
    mentions the name or a field."""
    found = [context.subject] if context.subject else []
    found += [context.found.source] if context.found else []
    found += [context.spoken.source] if context.spoken and context.spoken.source not in found else []
    for source in context.world.sources:
        inside = context.within(source)
        if any(
            matcher.read(phrase, position, inside)
            for position in range(len(matcher.tokens))
            for phrase in ("head", "own_field", "called_row", "kind_of_rows")
        ):
            found.append(source)
    return list(dict.fromkeys(found))


def about(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """No words at all: each of the rows that the sentence may be about."""
    for source in sources(matcher, context):
        yield position, source


def made_variable(name_parts: tuple[str, ...], type_: Type, context: Context) -> Variable:
    """A variable with a name that is free."""
    name = base = "_".join(name_parts)
    taken = {one.name for one in context.variables} | {source.store.name for source in context.world.sources}
    taken |= {context.subject.alias} if context.subject else set()
    number = 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return Variable(name, type_, frozenset({name_parts}))


def named_type(context: Context, name: tuple[str, ...]) -> Type | None:
    """The type of the fields called so, or of what tells the rows called so; None where there are none, or several."""
    found = {
        field.type.not_null()
        for source in context.world.sources
        for field in source.store.fields
        if any(words.same_words(name, way) for way in field_names(source.store, field))
    }
    if not found and any(words.same_words(name, name_words(source.store.name)) for source in context.world.sources):
        return TEXT
    return next(iter(found)) if len(found) == 1 else None


def related(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """Rows of another store that point at the context's rows, with the condition that ties them. What follows without
    an "and" speaks of them, the nearest noun, as far as it can."""
    for tie, other in ties(context):
        found = matcher.read("related_rows", position, context.within(other))
        longest = max((end for end, _ in found), default=0)
        for end, rows in found:
            if end == longest:
                yield end, Rows(rows.source, (tie, *rows.conditions))


def related_test(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "a score below 50", of students that results point at: a field that only those have, and its test."""
    own = {end for phrase in ("own_field", "reference") for end, _ in matcher.read(phrase, position, context)}
    for tie, other in ties(context):
        inside = context.within(other)
        for middle, field in matcher.read("own_field", position, inside):
            if middle not in own:
                for end, condition in matcher.read("value_test", middle, inside.enter(field)):
                    yield end, Rows(other, (tie, condition.node))


def ties(context: Context) -> Iterator[tuple[nodes.Expr, Source]]:
    """Rows of other stores that point at the context's rows: the condition that ties them, and the rows."""
    source = context.source
    if source is None or source.emits:
        return
    for other in context.world.sources:
        for key in other.store.foreign_keys if other.database == source.database else ():
            if key.other_store == source.store.name and other.alias != source.alias:
                yield JoinStep(other, key, source).on(), other


PRIMITIVES: dict[str, Primitive] = {
    "own_field": own_field,
    "reference": reference,
    "reference_label": reference_label,
    "reached_field": reached_field,
    "field_beyond": field_beyond,
    "described_reference": described_reference,
    "flag": flag,
    "happened": happened,
    "head": head,
    "pronoun": pronoun,
    "variable": variable,
    "script": script,
    "new_name": new_name,
    "quoted": quoted,
    "about": about,
    "related": related,
    "related_test": related_test,
}

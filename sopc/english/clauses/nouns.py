"""A noun phrase → the rows that it names: by what was said before ("them", "the others", "that box"), or by itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sopc.english.clauses.talk import Place, Tokens, lows, names_store
from sopc.english.lexicon import same_words, singular
from sopc.english.patterns.matcher import Reject
from sopc.english.patterns.names import field_names, hop_along, label_fields, reference_names
from sopc.english.patterns.semantics import Context, JoinStep, Rows, Variable, World, column, compare
from sopc.english.patterns.tokens import name_words
from sopc.english.reading import logic, lower
from sopc.english.reading.reader import HIGH, LOW, MARGIN
from sopc.tree import nodes

_ONE = ("it", "this", "that", "him", "her", "this one", "that one")
_ALL = ("them", "they", "those", "these", "all", "all of them", "each of them", "all of these", "all of those", "both")
_OTHERS = ("the others", "the rest", "others", "all others", "the other ones", "the remaining ones", "everyone else")
_DETERMINERS = ("the", "that", "this", "those", "these", "such", "said")
_REFERRING = (
    "it", "its", "them", "their", "they", "those", "these", "this", "that", "others", "rest", "such", "other", "same",
    "given", "his", "her", "there",
)  # fmt: skip
_THEIRS = ("its", "their", "his", "her")


def rows_of(place: Place, tokens: Tokens, context: Context) -> list[Rows]:
    """Each set of rows that a noun phrase may mean; none where it means no rows.

    Raises Reject where it refers to rows that can't be told.
    """
    if not tokens:
        return []
    meant = _meant_before(place, tokens, context) or _of_answer(tokens, context) or _possessed(place, tokens, context)
    if meant:
        return [meant]
    tokens, context = _by_last_word(tokens, context)
    again = _of_answer(tokens, context)
    if again:
        return [again]
    found: list[Rows] = []
    for _, about in place.prefixes("about", tokens, 0, context):
        for end, rows in place.prefixes("rows", tokens, 0, context.enter(about)):
            if end == len(tokens) and rows not in found:
                found.append(rows)
    return found or _by_reader(place, tokens, context)


def _by_reader(place: Place, tokens: Tokens, context: Context) -> list[Rows]:
    """The rows that a noun phrase names by its evidences, where it stands by itself: it speaks of nothing that an
    earlier sentence left. A reading that is not certain has to be confirmed."""
    reader, said = place.talk.reader, lows(tokens)
    variables = {word for one in context.variables for way in one.words for word in way}
    if reader is None or context.subject is not None or len(tokens) < 3 or {*said} & ({*_REFERRING} | variables):
        return []
    every = said[0] in ("each", "every", "all", "the")
    text = place.text[tokens[every].start : tokens[-1].end]
    found = [one for one in reader.read(f"Show the number of {text}") if one.cost < HIGH]
    near = [one for one in found if one.cost - found[0].cost < MARGIN]
    if len(near) != 1 or near[0].show.items != (logic.Measure("count"),) or near[0].show.keys:
        return []
    rows = near[0].show.rows
    with suppress(ValueError):
        source = context.world.source(rows.row.database, rows.row.store)
        made = Rows(source, tuple(lower.conditions(rows)), plural=True)
        if source.alias == rows.row.alias and made.conditions:
            place.talk.guesses += made.conditions if near[0].cost >= LOW else ()
            return [made]
    return []


def _meant_before(place: Place, tokens: Tokens, context: Context) -> Rows | None:
    said = lows(tokens)
    phrase = " ".join(said)
    subject, found = context.subject, context.found
    if phrase in _OTHERS or (found and said[:2] == ["the", "other"] and names_store(said[2:], found.rows.source)):
        return place.other_rows(context)
    if subject is not None and not subject.emits:
        one = said[0] in ("the", "this", "that") and names_store(said[1:], subject)
        if phrase in _ONE or one:
            return Rows(subject)
    if phrase in _ALL or (phrase in _ONE and found is not None and found.name in place.talk.singular):
        return place.found_rows(context) if found is not None else None
    if said[:1] == ["all"] and said[1:2] and said[1] in _DETERMINERS:
        said = said[1:]
    if found is not None and said[0] in _DETERMINERS and names_store(said[1:], found.rows.source):
        return place.found_rows(context)
    return None


def _of_answer(tokens: Tokens, context: Context) -> Rows | None:
    """As in "that box", where a parameter or an answer says which: the rows that are called so."""
    said = lows(tokens)
    if said[0] in _DETERMINERS:
        said = said[1:]
    for variable in reversed(context.variables):
        if variable.type.name not in ("text", "any") or not any(same_words(said, way) for way in variable.words):
            continue
        for source in context.world.sources:
            labels = label_fields(source.store)
            if names_store(said, source) and len(labels) == 1:
                return Rows(source, (compare("=", column(source, labels[0].name), nodes.Name(name=variable.name)),))
    return None


def _possessed(place: Place, tokens: Tokens, context: Context) -> Rows | None:
    """As in "its maker", "the maker", in a loop over boxes: the row that the loop's row points at. As in "their
    repairs", of boxes that were found: the rows that point at these."""
    said, subject, found = lows(tokens), context.subject, context.found
    if subject is not None and not subject.emits and said[0] in (*_THEIRS, "the"):
        for key in subject.store.foreign_keys:
            if any(same_words(said[1:], way) for way in reference_names(subject.store, key)):
                return pointed_at(hop_along(subject, key, context))
    if subject is None and found is not None and said[0] in _THEIRS:
        pointing = [
            (source, key) for source in context.world.sources if names_store(said[1:], source)
            for key in source.store.foreign_keys
            if key.other_store == found.rows.source.store.name and len(key.fields) == 1
        ]  # fmt: skip
        if len(pointing) == 1:
            source, key = pointing[0]
            return Rows(source, (place.among(column(source, key.fields[0]), key.other_fields[0], context),))
    return None


def pointed_at(hop: JoinStep) -> Rows:
    pairs = zip(hop.key.fields, hop.key.other_fields, strict=True)
    return Rows(
        hop.target,
        tuple(compare("=", column(hop.target, theirs), column(hop.base, ours)) for ours, theirs in pairs),
    )


def _by_last_word(tokens: Tokens, context: Context) -> tuple[Tokens, Context]:
    """As in "of the old owner": a parameter of several words, known in this phrase by the last of them, which says
    what kind of thing it is."""
    said = lows(tokens)
    for variable in context.variables:
        for way in variable.words:
            size = len(way)
            if size < 2 or not _names_something(way[-1:], context):
                continue
            for at in range(len(said) - size + 1):
                if same_words(said[at : at + size], way):
                    others = tuple(one for one in context.variables if way[-1:] not in one.words and one != variable)
                    short = Variable(variable.name, variable.type, frozenset({way[-1:]}))
                    kept = (*tokens[:at], *tokens[at + size - 1 :])
                    return kept, replace(context, variables=(*others, short), _children={})
    return tokens, context


def _names_something(way: tuple[str, ...], context: Context) -> bool:
    return any(
        names_store(way, source)
        or any(same_words(way, name) for field in source.store.fields for name in field_names(source.store, field))
        for source in context.world.sources
    )


def key_to(context: Context, source_store: str, rows: Rows) -> list[tuple[str, nodes.Expr]]:
    """The fields of a store that can point at such rows, each with the key of the one row that is meant."""
    source = next(one for one in context.world.sources if one.store.name == source_store)
    found: list[tuple[str, nodes.Expr]] = []
    for key in source.store.foreign_keys:
        if key.other_store != rows.source.store.name or len(key.fields) != 1:
            continue
        if rows.source.origin is None:
            found.append((key.fields[0], column(rows.source, key.other_fields[0])))
            continue
        wheres = tuple(nodes.Where(condition=one) for one in rows.conditions)
        one = nodes.QueryExpr(kind="one", query=nodes.Query(stages=(rows.source.scan, *wheres)))
        found.append((key.fields[0], nodes.FieldAccess(base=one, name=key.other_fields[0])))
    return found


def first_rows(place: Place, tokens: Tokens, context: Context) -> list[Rows]:
    """`rows_of`, where rows that can't be told are none."""
    with suppress(Reject):
        return rows_of(place, tokens, context)
    return []


def rows_called(way: tuple[str, ...], world: World) -> frozenset[tuple[str, ...]]:
    """Other words for a parameter that says which row is meant: "a customer name" is that customer; "a plate" is that
    vehicle, where only vehicles are told by a plate."""
    for source in world.sources:
        own, labels = name_words(source.store.name), label_fields(source.store)
        if len(labels) != 1:
            continue
        label = name_words(labels[0].name)
        if len(way) > 1 and names_store(way[:-1], source) and same_words(way[-1:], label[-1:]):
            return frozenset({way[:-1]})
        told = [one for one in world.sources if any(same_words(way, name_words(f.name)) for f in one.store.fields)]
        if told == [source] and same_words(way, label):
            return frozenset({(*own[:-1], singular(own[-1]))})
    return frozenset()

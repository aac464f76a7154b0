"""A clause that asks, says, finds, counts, keeps an amount, creates or copies rows → steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from runtime.values.types import DATE, INT, Type
from sopc.english.clauses.nouns import first_rows, key_to, pointed_at
from sopc.english.clauses.talk import Place, Tokens, lows, names_store
from sopc.english.lexicon import same_words, singular
from sopc.english.patterns.inserts import Missing, inserted
from sopc.english.patterns.matcher import Reject
from sopc.english.patterns.names import (
    field_names,
    hop_along,
    label_fields,
    made_variable,
    named_type,
    reference_names,
)
from sopc.english.patterns.queries import QueryParts, queries
from sopc.english.patterns.semantics import Context, Rows, Source, Steps, Variable, call, column, compare, text
from sopc.english.patterns.show import named_set
from sopc.english.patterns.tokens import Token, name_words, tokenize
from sopc.english.patterns.values import check_countable, rows_query
from sopc.tree import nodes

_CREATE: Final = ("create", "add", "insert", "open", "write", "record", "make", "enter", "register", "issue", "book",
                  "file", "store", "send")  # fmt: skip
_FNS: Final = {"sum": "total", "total": "total", "average": "avg", "mean": "avg", "highest": "max", "lowest": "min",
               "largest": "max", "smallest": "min", "maximum": "max", "minimum": "min"}  # fmt: skip
_RECORD: Final = ("request", "record", "entry", "row")
_LEFT: Final = (["that", "are", "left"], ["which", "are", "left"], ["that", "remain"], ["left"])
_TOTAL: Final = Token("word", "total", "total", 0, 0)
_COUNT: Final = re.compile(r"\{\s*(?:the )?(?:count|number)\s*\}")
_QUESTIONS: Final = ("which", "what")


def deeds_of(place: Place, tokens: Tokens, context: Context) -> list[Steps]:
    """What a clause does, other than change rows that are there."""
    for form in (_ask, _say, _stop, _let, _copy, _create, _find, _show):
        found = list(form(place, tokens, context))
        if found:
            return found
    return []


# ── talking to a person ──────────────────────────────────────────────────────────────────────────────────────────


def _ask(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "ask "Which box?" and "How many?"", with "and call the answer X" behind the last."""
    said = lows(tokens)
    if said[:1] != ["ask"]:
        return
    at = 1
    steps: list[nodes.AnyStep] = []
    made: list[Variable] = []
    while at < len(tokens) and tokens[at].kind == "text":
        question = tokens[at].value
        at += 1
        purpose, at = _for_what(tokens, at)
        name, at = _call_it(tokens, at)
        kind = _answer_type(question, name or purpose, context) or _type_of(purpose, context)
        if kind is None:
            return
        way, type_ = kind
        inside = replace(context, variables=(*context.variables, *made), _children={})
        variable = made_variable(name or way, type_, inside)
        also = {purpose} if purpose else set()
        variable = replace(variable, words=variable.words | {way, ("answer",), *_labels(way, context), *also})
        made.append(variable)
        steps.append(nodes.Ask(question=text(question), name=variable.name, answer=nodes.TypeName(name=type_.name)))
        while at < len(tokens) and tokens[at].low in (",", "and"):
            at += 1
    if steps and at == len(tokens):
        yield Steps(tuple(steps), tuple(made))


def _for_what(tokens: Tokens, at: int) -> tuple[tuple[str, ...], int]:
    """ "for the last day": (what the answer is, where that ends)."""
    if at >= len(tokens) or tokens[at].low != "for":
        return (), at
    end = at + 1 + (tokens[at + 1 : at + 2] != () and tokens[at + 1].low in ("the", "its", "their", "a"))
    start = end
    while end < len(tokens) and tokens[end].kind == "word" and tokens[end].low != "and":
        end += 1
    return tuple(lows(tokens[start:end])), end


def _type_of(name: tuple[str, ...], context: Context) -> tuple[tuple[str, ...], Type] | None:
    known = named_type(context, name) if name else None
    if known is None and {"day", "date"} & {*name}:
        known = DATE
    return None if known is None else (name[:2], known)


def _call_it(tokens: Tokens, at: int) -> tuple[tuple[str, ...], int]:
    """ "and call the answer X": (X, where that ends)."""
    said = lows(tokens)[at:]
    skipped = next((n for n, low in enumerate(said) if low not in (",", "and")), len(said))
    rest = said[skipped:]
    for opening in (["call", "the", "answer"], ["call", "it"], ["name", "the", "answer"], ["call", "that"]):
        if rest[: len(opening)] == opening and len(rest) > len(opening):
            return (rest[len(opening)],), at + skipped + len(opening) + 1
    return (), at


def _answer_type(question: str, name: tuple[str, ...], context: Context) -> tuple[tuple[str, ...], Type] | None:
    """What the answer is called and its type, by the question's words: "Which box should be closed?" asks for a box."""
    said = [token.low for token in tokenize(question) if token.kind == "word"]
    for at in range(len(said) - 1):
        if said[at : at + 2] == ["how", "many"]:
            return name or (tuple(singular(word) for word in said[at + 2 : at + 3]) or ("number",)), INT
    if said[:1] and said[0] in _QUESTIONS:
        said = said[1:]
        said = said[2:] if said[:2] and said[0] == "is" and said[1] in ("the", "its") else said
    said = said[1:] if said[:1] and said[0] in ("the", "its", "a", "new") else said
    for size in (3, 2, 1):
        words_ = tuple(said[:size])
        type_ = named_type(context, words_) if len(words_) == size else None
        if type_ is not None:
            return words_, type_
    if said[:1] and said[0] in ("day", "date"):
        return (said[0],), DATE
    return None


def _labels(way: tuple[str, ...], context: Context) -> Iterator[tuple[str, ...]]:
    """As in "that name", after "Which box?": what tells such a row."""
    for source in context.world.sources:
        labels = label_fields(source.store)
        if names_store(way, source) and len(labels) == 1:
            yield name_words(labels[0].name)


def _say(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """A message; "where x is …" behind it says what a hole stands for."""
    said = lows(tokens)
    if said[:1] and said[0] in ("say", "print", "tell", "report") and len(tokens) > 1 and tokens[1].kind == "text":
        rest = tokens[2:]
        before: Steps | None = None
        opening = [one.low for one in rest if one.low != ","][:1]
        if opening == ["where"]:
            start = next(at for at, one in enumerate(rest) if one.low == "where")
            verb = next((at for at, one in enumerate(rest) if one.low in ("is", "=")), 0)
            if verb <= start + 1:
                return
            kept = list(_kept(place, tuple(lows(rest[start + 1 : verb])), rest[verb + 1 :], context))
            before, rest = (kept[0], ()) if len(kept) == 1 else (None, rest)
        looked = _looked_up(tokens[1].value, context) if before is None and not rest else None
        before = before or looked
        inside = with_count(place, tokens[1].value, context.after(before) if before else context)
        for steps in place.whole("plain", tokens[:2], inside) if not rest else ():
            yield Steps((*before.steps, *steps.steps), before.variables) if before else steps


def _looked_up(said: str, context: Context) -> Steps | None:
    """What the holes of a message in a loop name that the loop's row points at: {title} for each loan of a book."""
    subject = context.subject
    if subject is None or subject.emits:
        return None
    lets: list[nodes.AnyStep] = []
    made: list[Variable] = []
    known = {way for one in context.variables for way in one.words}
    for hole in re.findall(r"\{([^{}]*)\}", said):
        way = name_words(hole)
        if way in known or any(name_words(field.name) == way for field in subject.store.fields):
            continue
        found = [
            (hop, field) for key in subject.store.foreign_keys
            for hop in (hop_along(subject, key, context),) for field in hop.target.store.fields
            if way in (name_words(field.name), (*reference_names(subject.store, key)[-1], *name_words(field.name)))
        ]  # fmt: skip
        if len(found) != 1:
            continue
        hop, field = found[0]
        rows = pointed_at(hop)
        select = nodes.Select(columns=(nodes.NamedColumn(value=column(hop.target, field.name)),))
        query = nodes.Query(stages=(*rows_query(rows).stages, select))
        variable = made_variable(way, field.type, context)
        made.append(replace(variable, words=variable.words | {way}))
        lets.append(nodes.Let(name=variable.name, value=nodes.QueryExpr(kind="scalar", query=query)))
        known.add(way)
    return Steps(tuple(lets), tuple(made)) if lets else None


def with_count(place: Place, said: str, context: Context) -> Context:
    """The context in which {count} is how many rows were found."""
    known = {way for one in context.variables for way in one.words}
    if _COUNT.search(said) is None or ("count",) in known or context.found is None:
        return context
    with suppress(Reject):
        counted = place.counted(context)
        named = replace(counted, words=counted.words | {("count",), ("number",)})
        return replace(context, variables=(*context.variables, named), _children={})
    return context


def _stop(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "stop with the message "…"", with {count} in it."""
    said = lows(tokens)
    if said[:1] == ["stop"] and len(tokens) > 2 and tokens[-1].kind == "text":
        inside = with_count(place, tokens[-1].value, context)
        yield from place.whole("plain", tokens, inside)


# ── amounts and rows that later sentences speak of ───────────────────────────────────────────────────────────────


def _let(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "let x be the total of their fees", "count the open visits", "add up the totals of their orders"."""
    said = lows(tokens)
    if said[:1] == ["let"] and "be" in said:
        at = said.index("be")
        yield from _kept(place, tuple(said[1:at]), tokens[at + 1 :], context)
    elif said[:1] == ["count"]:
        for rows in _of_loop(first_rows(place, tokens[1:], context), tokens[1:], context):
            with suppress(Reject):
                yield _amount(("number",), _counting(rows), INT, context, {("count",)})
    elif said[:2] == ["add", "up"]:
        with suppress(Reject):
            for value, type_ in _figures(place, "total", tokens[2:], context):
                yield _amount(("sum",), value, type_, context, {("total",)})


def _kept(place: Place, name: tuple[str, ...], tokens: Tokens, context: Context) -> Iterator[Steps]:
    name = name[1:] if name[:1] == ("the",) else name
    if not name or any(not word.isidentifier() for word in name):
        return
    said = lows(tokens)
    skip = 1 if said[:1] == ["the"] else 0
    if said[skip : skip + 2] == ["number", "of"]:
        for rows in _of_loop(first_rows(place, tokens[skip + 2 :], context), tokens[skip + 2 :], context):
            with suppress(Reject):
                yield _amount(name, _counting(rows), INT, context)
        return
    fn = _FNS.get(said[skip]) if len(said) > skip else None
    if fn is not None:
        rest = tokens[skip + 1 :]
        named = [rows for rows in first_rows(place, rest[1:], context) if rows.source.store.field("total") is not None]
        if rest and rest[0].low == "of" and not (said[skip] == "total" and named):
            rest = rest[1:]
        with suppress(Reject):
            for value, type_ in _figures(place, fn, rest, context):
                yield _amount(name, value, type_, context)


def _amount(
    name: tuple[str, ...], value: nodes.Expr, type_: Type, context: Context,
    also: set[tuple[str, ...]] | None = None,
) -> Steps:  # fmt: skip
    variable = made_variable(name, type_, context)
    variable = replace(variable, words=variable.words | (also or set()))
    return Steps((nodes.Let(name=variable.name, value=value),), (variable,))


def _counting(rows: Rows) -> nodes.Expr:
    """Raises Reject where it is not clear whether rows count once, or for each time something was done to them."""
    check_countable(rows.mentioned)
    return nodes.QueryExpr(kind="count", query=rows_query(rows))


def _figures(place: Place, fn: str, tokens: Tokens, context: Context) -> Iterator[tuple[nodes.Expr, Type]]:
    """A figure of a number field: "the distances", "their fees", "the cost of its trips"."""
    said = lows(tokens)
    of: list[tuple[Tokens, Rows]] = []
    if said[:1] and said[0] in ("its", "their", "the") and "of" not in said and context.found is not None:
        of.append((tokens[1:], place.found_rows(context)))
    for at, low in enumerate(said):
        if at and low == "of":
            what = tokens[said[0] in ("the", "all") : at]
            rows_ = _of_loop(first_rows(place, tokens[at + 1 :], context), tokens[at + 1 :], context)
            of += [(what, rows) for rows in rows_]
    if fn == "total" and said[:1] == ["of"]:  # "the total of those orders", which have a field of that name
        of += [((_TOTAL,), rows) for rows in first_rows(place, tokens[1:], context)]
    if not of and said[:1] and said[0] == "all":
        of += [(tokens[1 + (said[1:2] == ["the"]) :], Rows(source)) for source in context.world.sources]
    for what, rows in of:
        check_countable(rows.mentioned)
        if rows.source.origin is None:
            continue
        for field in rows.source.store.fields:
            if field.type.name not in ("int", "decimal", "float") or not any(
                same_words(lows(what), way) for way in field_names(rows.source.store, field)
            ):
                continue
            figure = call(fn, column(rows.source, field.name))
            select = nodes.Select(columns=(nodes.NamedColumn(name=f"{fn}_{field.name}", value=figure),))
            stages = (*rows_query(rows).stages, select)
            yield nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=stages)), field.type


def _of_loop(found: list[Rows], tokens: Tokens, context: Context) -> list[Rows]:
    """In a loop, rows that point at the loop's row are its own, unless all of them are spoken of."""
    subject = context.subject
    if subject is None or subject.emits or lows(tokens)[:1] == ["all"]:
        return found
    own = []
    for rows in found:
        keys = [
            key for key in rows.source.store.foreign_keys
            if key.other_store == subject.store.name and len(key.fields) == 1
        ]  # fmt: skip
        if rows.source.origin is None or len(keys) != 1:
            own.append(rows)
            continue
        tie = compare("=", column(rows.source, keys[0].fields[0]), column(subject, keys[0].other_fields[0]))
        own.append(rows if tie in rows.conditions else replace(rows, conditions=(tie, *rows.conditions)))
    return own


def _find(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    if lows(tokens)[:1] != ["find"] or context.subject is not None:
        return
    for rows in first_rows(place, tokens[1:], context):
        if rows.source.origin is not None and rows.limit is None and not rows.sorts:
            found = named_set(context, rows, None)
            yield Steps((nodes.NameQuery(name=found.name, query=rows_query(rows)),), found=found)


def _show(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "show the id and the status of them", of rows that have changed since; "show how many boxes are left"."""
    said = lows(tokens)
    if said[:1] and said[0] not in ("show", "list", "display"):
        return
    if said[1:3] == ["how", "many"] and context.found is not None and _of_what_was_done(place, said[3:]):
        counted = nodes.Name(name=place.counted(context).name)
        record = nodes.RecordExpr(fields=(nodes.RecordField(name="count", value=counted),))
        yield Steps((nodes.Emit(value=record),))
        return
    for ending in _LEFT:
        if said[-len(ending) :] == ending:
            yield from place.whole("steps", tokens[: -len(ending)], context)
            return
    for at, low in enumerate(said):
        if low not in ("of", "for") or at < 2 or context.found is None or context.found.changed_by is None:
            continue
        for rows in first_rows(place, tokens[at + 1 :], context):
            if rows.source.origin is None:
                continue
            for columns in place.whole("columns", tokens[1:at], context.within(rows.source)):
                for query in queries(QueryParts(rows, columns=columns)):
                    yield Steps((nodes.Emit(query=query),))


def _of_what_was_done(place: Place, said: list[str]) -> bool:
    """ "of them", "were copied" after a sentence that copies them."""
    if said in (["of", "them"], ["there", "are"], ["there", "were"], ["were", "found"], ["are", "found"]):
        return True
    return (
        len(said) == 2 and said[0] in ("were", "are") and any(same_words(said[1:], (word,)) for word in place.talk.said)
    )


# ── new rows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _create(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "create a loan of that book for that member, due 2026-12-31", "add a letter with the message "…""."""
    said = lows(tokens)
    if said[:1] and said[0] not in _CREATE:
        return
    start = 1 + (said[1:2] != [] and said[1] in ("a", "an", "one", "another", "the"))
    start += said[start : start + 1] == ["new"]
    for source in context.world.sources:
        size = len(name_words(source.store.name))
        for length in sorted({size, 1}, reverse=True):
            noun = said[start : start + length]
            if names_store(noun, source) and same_words(noun, name_words(source.store.name)[-length:]):
                begin = start + length
                begin += said[begin : begin + 1] != [] and said[begin] in _RECORD
                for given in _given(place, tokens, begin, source, context, ()):
                    try:
                        yield inserted(context, source, given)
                    except Missing as error:
                        if not given:  # nothing is said of the row; else the message says what is forgotten
                            place.talk.missing = (error.store, tuple(error.fields))
                    except Reject:
                        continue
                break


Fields = tuple[nodes.RecordField, ...]


def _given(place: Place, tokens: Tokens, at: int, source: Source, context: Context, before: Fields) -> Iterator[Fields]:
    """What is said of a new row, one thing after the other, to the end of the clause."""
    if at >= len(tokens):
        yield before
        return
    said = lows(tokens)
    if said[at] in (",", "and", "that", "which", "has", "with"):
        yield from _given(place, tokens, at + 1, source, context, before)
        return
    if said[at] in ("for", "of", "to", "from", "by"):
        for end in range(len(tokens), at + 1, -1):
            for rows in first_rows(place, tokens[at + 1 : end], context):
                for name, key in key_to(context, source.store.name, rows) if _is_one(rows) else ():
                    field = nodes.RecordField(name=name, value=key)
                    yield from _given(place, tokens, end, source, context, (*before, field))
                    return
    inside = context.within(source)
    ends = sorted(place.prefixes("given_field", tokens, at, inside), key=lambda one: -one[0])
    for end, field in ends:
        if field.name not in [one.name for one in before]:
            yield from _given(place, tokens, end, source, context, (*before, field))
            return


def _is_one(rows: Rows) -> bool:
    return rows.source.origin is None or bool(rows.conditions)


def _copy(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "copy them to the old loans", "they are copied to old loans": all fields that both stores have."""
    said = lows(tokens)
    at = next((n for n, low in enumerate(said) if n and low in ("to", "into", "in")), 0)
    what = tokens[1:at] if said[0] in ("copy", "archive") else ()
    if at > 2 and said[at - 1] in ("copied", "archived") and said[at - 2] in ("is", "are"):
        what = tokens[: at - 2]
    name = said[at + 1 :]
    name = name[1:] if name[:1] == ["the"] else name
    for target in context.world.sources if at and what else ():
        if not same_words(name, name_words(target.store.name)):
            continue
        for rows in first_rows(place, what, context):
            shared = [field.name for field in target.store.fields if rows.source.store.field(field.name) is not None]
            missing = [
                field.name for field in target.store.fields
                if field.name not in shared and not field.type.nullable and not field.has_default
            ]  # fmt: skip
            if rows.source.origin is None or missing or not shared or rows.source.store.name == target.store.name:
                continue
            columns = tuple(nodes.NamedColumn(value=column(rows.source, one)) for one in shared)
            query = nodes.Query(stages=(*rows_query(rows).stages, nodes.Select(columns=columns)))
            yield Steps((nodes.Insert(store=target.store.name, database=target.scan.database, query=query),))

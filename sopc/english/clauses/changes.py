"""A clause that changes rows ("its status becomes closed", "they are cancelled", "the fee goes up by 5 %") → steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from runtime.values.types import ANY, BOOL
from sopc.english.clauses.nouns import first_rows, key_to
from sopc.english.clauses.talk import Place, Tokens, lows
from sopc.english.lexicon import lexicon, same, same_words, singular
from sopc.english.patterns import words
from sopc.english.patterns.changes import Change, deleted, scaled, scaled_by, shifted, storable, updated
from sopc.english.patterns.matcher import Reject
from sopc.english.patterns.names import field_value, made_variable
from sopc.english.patterns.semantics import Context, Rows, Source, Steps, Value, text
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes

_BE: Final = ("is", "are", "gets", "get", "was", "were")
_SET: Final = ("set", "change", "update", "put", "reset", "make")
_BECOME: Final = ("becomes", "become", "turns", "turn", "gets", "get")
_UP: Final = ("increase", "raise", "grow", "bump", "rise", "go up")
_DOWN: Final = ("reduce", "decrease", "lower", "cut", "drop", "fall", "go down")
_TIMES: Final = {"double": "2", "triple": "3", "halve": "0.5"}
_FEW: Final = 40  # values of a field among which the one that a verb means is looked for
_STATUS: Final = ("status", "state", "stage")
_MOVE: Final = ("move", "assign", "transfer", "give", "send", "postpone", "shift", "reschedule")
_AND: Final = (",", "and")

Target = tuple[Rows, Change]


def changes_of(place: Place, tokens: Tokens, context: Context) -> list[Steps]:
    """Each change that a clause may mean, other than those that create rows."""
    found: list[Steps] = []
    for form in (_set, _becomes, _gets, _by_amount, _added, _gains, _times, _marked, _verb, _deleted, _pointed):
        for steps in form(place, tokens, context):
            if all(steps.steps != one.steps for one in found):
                found.append(steps)
        if found:
            break
    return found


# ── what is changed ──────────────────────────────────────────────────────────────────────────────────────────────


def targets(place: Place, tokens: Tokens, context: Context) -> list[Target]:
    """A field of some rows: "the fee of each open visit", "their status", "the box's size", "the size" in a loop."""
    said = lows(tokens)
    found: list[Target] = []
    for at, low in enumerate(said):
        if at and low in ("of", "for", "in", "on"):
            for rows in first_rows(place, tokens[at + 1 :], context):
                found += _changes(place, tokens[:at], rows, context)
        if at and low == "'s":
            for rows in first_rows(place, tokens[:at], context):
                found += _changes(place, tokens[at + 1 :], rows, context)
    if not found and said[:1] and said[0] in ("its", "their", "his", "her"):
        for rows in first_rows(place, tokens[:0] or _pronoun(tokens, said[0]), context):
            found += _changes(place, tokens[1:], rows, context)
    if not found and context.subject is not None and not context.subject.emits:
        found += _changes(place, tokens, Rows(context.subject), context)
    if not found and said[:1] == ["all"]:
        for source in context.world.sources:
            found += _changes(place, tokens[1 + (said[1:2] == ["the"]) :], Rows(source), context)
    return list(dict.fromkeys(found))


def _pronoun(tokens: Tokens, possessive: str) -> Tokens:
    low = "them" if possessive == "their" else "it"
    return (replace(tokens[0], low=low, value=low),)


def _changes(place: Place, tokens: Tokens, rows: Rows, context: Context) -> list[Target]:
    said = lows(tokens)
    for opening in (["the", "number", "of"], ["number", "of"], ["the", "amount", "of"]):
        if said[: len(opening)] == opening and len(said) > len(opening):
            tokens = tokens[len(opening) :]
    return [(rows, change) for change in place.whole("change", tokens, context.within(rows.source))]


def _value(place: Place, tokens: Tokens, target: Target, context: Context) -> list[nodes.Assignment]:
    """The field set to what the tokens say: a value that it can hold, or a word that is to be its new value."""
    _, change = target
    name = change.field.field or ""
    inside = context.enter(change)
    said = _without(lows(tokens), "the", "that", "this", "given")
    for variable in reversed(context.variables):
        if said and any(same_words(said, way) for way in variable.words):
            value = Value(nodes.Name(name=variable.name), variable.type)
            with suppress(Reject):
                return [nodes.Assignment(name=name, value=storable(value, change.field))]
    if lows(tokens) in (["nothing"], ["empty"], ["null"], ["blank"]):
        empty = change.field.type.nullable and bool(name)
        return [nodes.Assignment(name=name, value=nodes.NullLiteral())] if empty else []
    found: list[nodes.Assignment] = []
    for value in place.whole("value", tokens, inside):
        with suppress(Reject):
            one = nodes.Assignment(name=name, value=storable(value, change.field))
            if one not in found:
                found.append(one)
    if not found and change.field.type.name == "text" and change.field.owner is not None and not change.field.points:
        new = _new_word(place, tokens, change, context)
        found += [nodes.Assignment(name=name, value=text(new))] if new else []
    return found


def _new_word(place: Place, tokens: Tokens, change: Change, context: Context) -> str:
    """A word that the field does not hold yet; "" where it may be something else, or is written in another way than
    what the field holds."""
    owner = change.field.owner
    plain = all(token.kind == "word" and token.low not in words.STOP_WORDS for token in tokens)
    if not plain or len(tokens) > 2 or owner is None or _is_a_name(tokens, context):
        return ""
    said = " ".join(token.value for token in tokens)
    held = context.world.sampler.examples(owner.qualified, change.field.field or "", _FEW)
    return said if all(value == value.lower() for value in held) == (said == said.lower()) else ""


def _is_a_name(tokens: Tokens, context: Context) -> bool:
    said = lows(tokens)
    names = [name_words(field.name) for source in context.world.sources for field in source.store.fields]
    names += [name_words(source.store.name) for source in context.world.sources]
    return any(same(word, part) for word in said for name in names for part in name)


def _without(said: list[str], *left_out: str) -> list[str]:
    while said and said[0] in left_out:
        said = said[1:]
    return said


# ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _set(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "set its status to closed [and its fee to 0]", "its status is set to closed"."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if low != "to" or at == 0:
            continue
        if said[0] in _SET:
            chosen = targets(place, tokens[1:at], context)
        elif at > 2 and said[at - 2] in _BE and any(same(said[at - 1], verb) for verb in _SET):
            chosen = targets(place, tokens[: at - 2], context)
        else:
            continue
        for target in chosen:
            for assignments in _assigned(place, tokens[at + 1 :], target, context):
                with suppress(Reject):
                    yield updated(context, target[0], assignments)


def _assigned(place: Place, tokens: Tokens, target: Target, context: Context) -> Iterator[tuple[nodes.Assignment, ...]]:
    """A value, and more fields of the same rows with theirs."""
    for one in _value(place, tokens, target, context):
        yield (one,)
    said = lows(tokens)
    for at, low in enumerate(said):
        if low not in _AND:
            continue
        start = at + 1 + (said[at + 1 : at + 2] == ["and"])
        if "to" not in said[start:]:
            continue
        middle = start + said[start:].index("to")
        own = tokens[start + (said[start] in ("its", "their", "the", "set")) : middle]
        for first in _value(place, tokens[:at], target, context):
            for other in _changes(place, own, target[0], context):
                for more in _assigned(place, tokens[middle + 1 :], other, context):
                    yield (first, *more)


def _becomes(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "its status becomes closed", "they become gold"."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if at == 0 or low not in _BECOME:
            continue
        direct = False
        for target in targets(place, tokens[:at], context):
            for one in _value(place, tokens[at + 1 :], target, context):
                direct = True
                with suppress(Reject):
                    yield updated(context, target[0], (one,))
        if not direct:
            yield from _called(place, tokens[:at], tokens[at + 1 :], context)


def _gets(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "they get the status closed", "visits without a fee get a fee of 50"."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if at == 0 or low not in ("get", "gets", "receive", "receives"):
            continue
        start = at + 1 + (said[at + 1 : at + 2] != [] and said[at + 1] in ("the", "a", "an"))
        for rows in first_rows(place, tokens[:at], context):
            for middle in range(start + 1, len(tokens)):
                value = tokens[middle + (said[middle] == "of") :]
                for target in _changes(place, tokens[start:middle], rows, context) if value else ():
                    for one in _value(place, value, target, context):
                        with suppress(Reject):
                            yield updated(context, rows, (one,))


def _gains(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "drivers with a trip lose 2 points", "it gains 5 points"."""
    said = lows(tokens)
    for verbs, op in ((("gain", "gains", "earn", "earns", "get", "gets"), "+"), (("lose", "loses"), "-")):
        for at, low in enumerate(said):
            if at and low in verbs:
                for rows in first_rows(place, tokens[:at], context):
                    yield from _counted(place, tokens[at + 1 :], rows, op, context)


def _by_amount(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "raise its fee by 5 %", "its fee goes up by 5", "its fee is reduced by a tenth"."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if low != "by" or at == 0:
            continue
        for verbs, op, sign in ((_UP, "+", 1), (_DOWN, "-", -1)):
            what = _before_by(tokens[:at], verbs)
            if what is None:
                continue
            for rows, change in targets(place, what, context):
                inside = context.enter(change)
                for share in place.whole("percentage", tokens[at + 1 :], inside):
                    with suppress(Reject):
                        yield scaled(sign)(context, rows.source, change, share, rows)
                for value in _amounts(place, tokens[at + 1 :], inside):
                    with suppress(Reject):
                        yield shifted(op)(context, rows.source, change, value, rows)


def _before_by(tokens: Tokens, verbs: tuple[str, ...]) -> Tokens | None:
    """What goes up or down, of "raise X", "X goes up", "X is raised"."""
    said = lows(tokens)
    for verb in verbs:
        parts = verb.split()
        size = len(parts)
        if len(parts) == 1 and same(said[0], verb):
            return tokens[1:]
        if len(said) > size and same_words(said[-size:], parts):
            kept = tokens[:-size]
            return kept[:-1] if kept and kept[-1].low in (*_BE, "should", "must") else kept
    return None


def _amounts(place: Place, tokens: Tokens, context: Context) -> list[Value]:
    said = _without(lows(tokens), "the", "that", "this", "given")
    if len(said) > 1 and said[-1] in ("percent", "%"):
        return [replace(one, label=("percent",)) for one in _of_variable(said[:-1], context)]
    found = _of_variable(said, context)
    if found:
        return found
    read: list[Value] = place.whole("value", tokens, context)
    return [one for one in read if not isinstance(one.node, nodes.Name) or one.label]


def _of_variable(said: list[str], context: Context) -> list[Value]:
    for variable in reversed(context.variables):
        if said and any(same_words(said, way) for way in variable.words):
            return [Value(nodes.Name(name=variable.name), variable.type, tuple(said))]
    return []


def _added(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "add 60 to its fee", "add 2 copies to it", "deduct 5 from the balance of each member", "add 1 point to …"."""
    said = lows(tokens)
    verb = said[0]
    for words_, joint, op in ((("add",), "to", "+"), (("deduct", "subtract", "take"), "from", "-")):
        if verb not in words_:
            continue
        for at, low in enumerate(said):
            if low != joint or at < 2:
                continue
            for rows, change in targets(place, tokens[at + 1 :], context):
                for value in _amounts(place, tokens[1:at], context.enter(change)):
                    with suppress(Reject):
                        yield shifted(op)(context, rows.source, change, value, rows)
            for rows in first_rows(place, tokens[at + 1 :], context):
                yield from _counted(place, tokens[1:at], rows, op, context)
        if context.subject is not None and joint not in said:
            yield from _counted(place, tokens[1:], Rows(context.subject), op, context)


def _counted(place: Place, tokens: Tokens, rows: Rows, op: str, context: Context) -> Iterator[Steps]:
    """So many more of what a field counts: "2 copies"."""
    if len(tokens) < 2 or tokens[0].kind != "number":
        return
    for _, change in _changes(place, tokens[1:], rows, context):
        for value in place.whole("value", tokens[:1], context.enter(change)):
            with suppress(Reject):
                yield shifted(op)(context, rows.source, change, value, rows)


def _times(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "halve the fines of the others", "their fines are doubled"."""
    said = lows(tokens)
    for verb, factor in _TIMES.items():
        what = tokens[1:] if same(said[0], verb) else None
        if len(said) > 2 and same(said[-1], verb) and said[-2] in _BE:
            what = tokens[:-2]
        for rows, change in targets(place, what, context) if what else ():
            with suppress(Reject):
                yield scaled_by(factor)(context, rows.source, change, rows)


def _marked(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "mark them as done", "they are marked as done"."""
    said = lows(tokens)
    if "as" not in said:
        return
    at = said.index("as")
    if said[0] in ("mark", "flag", "set"):
        yield from _called(place, tokens[1:at], tokens[at + 1 :], context)
    elif at > 2 and said[at - 1] in ("marked", "flagged") and said[at - 2] in _BE:
        yield from _called(place, tokens[: at - 2], tokens[at + 1 :], context)


def _verb(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "cancel them", "unblock all premium members", "they are cancelled", "the box is open again"."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if at and low in _BE:
            end = len(said) - (said[-1] in ("again", "now"))
            yield from _called(place, tokens[:at], tokens[at + 1 : end], context)
    if len(tokens) > 1 and tokens[0].kind == "word":
        yield from _called(place, tokens[1:], tokens[:1], context)


def _called(place: Place, what: Tokens, state: Tokens, context: Context) -> Iterator[Steps]:
    """Rows brought into a state, by the one field that can say so: a yes or no, or a value that it holds."""
    if len(state) > 3 or not all(token.kind in ("word", "text") for token in state):
        return
    for rows in first_rows(place, what, context):
        for assignment in _states(place, state, rows.source, context):
            with suppress(Reject):
                yield updated(context, rows, (assignment,))


def _states(place: Place, state: Tokens, source: Source, context: Context) -> list[nodes.Assignment]:
    said = " ".join(token.low or token.value for token in state)
    denied = said.startswith("not ")
    found: list[nodes.Assignment] = []
    for field in source.store.fields:
        if field.type.not_null() == BOOL:
            brought = _brought_to(said, name_words(field.name)[-1])
            if brought is not None:
                found.append(nodes.Assignment(name=field.name, value=nodes.BoolLiteral(value=brought)))
        elif field.type.name == "text":
            held = context.world.sampler.examples(source.qualified, field.name, _FEW)
            found += [
                nodes.Assignment(name=field.name, value=text(value))
                for value in held
                if value.lower() == said or (len(state) == 1 and same(value.lower(), said))
            ]
    if found or denied or not _is_status(said):
        return found
    fields = [one for one in source.store.fields if one.type.name == "text" and name_words(one.name)[-1] in _STATUS]
    if len(fields) == 1 and len(state) == 1:
        guess = nodes.Assignment(name=fields[0].name, value=text(_participle(said)))
        place.talk.guesses.append(guess)  # the field is not said, and holds no such value yet
        return [guess]
    return []


def _brought_to(said: str, flag: str) -> bool | None:
    """Whether a word brings a yes or no to yes ("block", "activate" of active), to no ("unblock", "inactive"), or is
    about something else (None)."""
    plain, value = said.removeprefix("not "), not said.startswith("not ")
    verb = flag.removesuffix("e") + "ate"
    if same(plain, flag) or same(plain, verb):
        return value
    for prefix in ("un", "de", "in", "dis", "re"):
        rest = plain.removeprefix(prefix)
        if rest != plain and (same(rest, flag) or same(rest, verb)):
            return value if prefix == "re" else not value
    return None


def _is_status(said: str) -> bool:
    return any(same(said, form) for form in lexicon().sense["status"].forms)


def _participle(said: str) -> str:
    if said.endswith("ed"):
        return said
    if said.endswith("el"):
        return said + "led"
    return said + ("d" if said.endswith("e") else "ed")


def _deleted(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "delete them", "the open repairs of the box are deleted"."""
    said = lows(tokens)
    forms = ("delete", "remove", "erase")
    what = tokens[1:] if said[0] in forms else None
    if len(said) > 2 and said[-2] in _BE and any(same(said[-1], verb) for verb in forms):
        what = tokens[:-2]
    for rows in first_rows(place, what, context) if what else ():
        with suppress(Reject):
            yield deleted(context, rows.source, rows)


def _pointed(place: Place, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "move them to the new owner", "assign it to that depot"."""
    said = lows(tokens)
    at = next((n for n, low in enumerate(said) if n > 1 and low == "to"), 0)
    what = tokens[1:at] if said[0] in _MOVE else ()
    if at > 2 and said[at - 2] in _BE and any(same(said[at - 1], verb) for verb in _MOVE):
        what = tokens[: at - 2]
    for rows in first_rows(place, what, context) if at and what else ():
        yield from _dated(place, rows, tokens[at + 1 :], context)
        for other in first_rows(place, tokens[at + 1 :], context):
            if other.source.origin is not None and not other.conditions:
                continue
            for name, key in key_to(context, rows.source.store.name, other):
                with suppress(Reject):
                    yield _with_key(context, rows, name, key, other)


def _dated(place: Place, rows: Rows, tokens: Tokens, context: Context) -> Iterator[Steps]:
    """ "move them to 2026-02-08": of the one day that such a row has."""
    days = [field for field in rows.source.store.fields if field.type.name in ("date", "timestamp")]
    if len(days) != 1 or len(tokens) != 1 or tokens[0].kind != "date":
        return
    target = (rows, Change(field_value(rows.source, days[0])))
    for one in _value(place, tokens, target, context):
        with suppress(Reject):
            yield updated(context, rows, (one,))


def _with_key(context: Context, rows: Rows, name: str, key: nodes.Expr, other: Rows) -> Steps:
    """The rows made to point at the one other row, which is looked up before."""
    if not isinstance(key, nodes.FieldAccess) or not isinstance(key.base, nodes.QueryExpr):
        return updated(context, rows, (nodes.Assignment(name=name, value=key),))
    *before, last = name_words(other.source.store.name)
    row = made_variable((*before, singular(last)), ANY, context)
    assigned = nodes.Assignment(name=name, value=key.model_copy(update={"base": nodes.Name(name=row.name)}))
    return Steps((nodes.Let(name=row.name, value=key.base), *updated(context, rows, (assigned,)).steps))

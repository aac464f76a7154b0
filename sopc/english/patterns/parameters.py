"""Sentences → the script's parameters, wherever they are said, and the tokens that are left to read.

A parameter is declared in a sentence of its own ("The size is a parameter, 10 by default."), in brackets after its
name ("below a size (10 by default)"), or by the word given ("of a given colour"; "Given a colour, …").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from runtime.values.types import ANY, BOOL, DATE, DECIMAL, INT, TEXT, TIMESTAMP, Type
from sopc.english.patterns.dates import Span
from sopc.english.patterns.matcher import Found, Grammar, Matcher, Primitive, Reject, Row
from sopc.english.patterns.semantics import Context, Value, Variable, text
from sopc.english.patterns.stored import spans
from sopc.english.patterns.tokens import Token
from sopc.tree import nodes

_DETERMINERS = ("a", "an", "the", "some", "one", "this", "that")
_NAME_WORDS = 4


@dataclass(frozen=True)
class Declared:
    """A parameter as said. words: what English calls it; also: other words for it. type: None when it isn't said."""

    name: str
    words: tuple[str, ...]
    type: Type | None = None
    default: Value | None = None
    also: frozenset[tuple[str, ...]] = frozenset()

    @property
    def variable(self) -> Variable:
        kind = self.type or (self.default.type if self.default else ANY)
        return Variable(self.name, kind, frozenset({self.words, tuple(self.name.split("_"))}) | self.also)


@dataclass(frozen=True)
class Attribute:
    name: tuple[str, ...] | None = None
    type: Type | None = None
    default: Value | None = None


def take_parameters(grammar: Grammar, text_: str, tokens: tuple[Token, ...], context: Context) -> tuple[
    tuple[Declared, ...], tuple[Token, ...]
]:  # fmt: skip
    """The parameters that a sentence declares in passing, and its tokens without what only declares them."""
    declared, position = _given_first(tokens)
    left: list[Token] = []
    while position < len(tokens):
        token = tokens[position]
        if token.low == "(" and tokens[0].low != "ask":  # what is asked for is no parameter
            close = next((at for at in range(position, len(tokens)) if tokens[at].low == ")"), None)
            attributes = None if close is None else _inside(grammar, text_, tokens[position + 1 : close], context)
            name = _name_before(left)
            if attributes is not None and close is not None and name:
                plain = [Declared("_".join(name[:end]), name[:end]) for end in range(1, len(name) + 1)]
                declared = [one for one in declared if one not in plain]  # said as "given" before
                declared.append(_declared(name, attributes))
                at = len(left) - len(name) - 1
                if left[at].low in _DETERMINERS:
                    left[at] = replace(left[at], low="that")
                position = close + 1
                continue
        if token.low == "given" and left and left[-1].low in _DETERMINERS and position + 1 < len(tokens):
            name = _given_name(grammar, text_, tokens, position + 1, context)
            if name:
                declared.append(Declared("_".join(name), name))
                left[-1] = replace(left[-1], low="that")
                position += 1
                continue
        left.append(token)
        position += 1
    return tuple(declared), tuple(left)


def _given_first(tokens: tuple[Token, ...]) -> tuple[list[Declared], int]:
    """As in "Given a size and a colour, …": the parameters, and where the rest of the sentence begins."""
    comma = next((at for at, token in enumerate(tokens) if token.low == ","), 0)
    if not tokens or tokens[0].low != "given" or not comma:
        return [], 0
    names: list[tuple[str, ...]] = []
    owners: dict[int, int] = {}
    for token in tokens[1:comma]:
        if token.low in ("a", "an", "the"):
            names.append(())
        elif token.low == "'s" and names and names[-1]:
            owners[len(names) - 1] = len(names[-1])  # "a driver's name"
        elif token.kind == "word" and token.low != "and" and names:
            names[-1] = (*names[-1], token.low)
        elif token.low != "and":
            return [], 0
    if not names or not all(names):
        return [], 0
    return [_owned(name, owners.get(at, 0)) for at, name in enumerate(names)], comma + 1


def _owned(name: tuple[str, ...], owner: int) -> Declared:
    """A parameter; "a driver's name" is called name, and is what "that driver" means."""
    own = name[owner:] or name
    return Declared("_".join(own), own, also=frozenset({name, name[:owner]}) if owner else frozenset())


def _inside(grammar: Grammar, text_: str, tokens: tuple[Token, ...], context: Context) -> tuple[Attribute, ...] | None:
    """The attributes that brackets hold; None when they hold something else."""
    found = Matcher(grammar, text_, tokens).whole("attributes", context)
    return found[0] if found else None


def _name_before(left: list[Token]) -> tuple[str, ...]:
    """The words between the last "a" or "the" (or "the top") and here."""
    for count in range(1, _NAME_WORDS + 1):
        if len(left) <= count or any(token.kind != "word" for token in left[-count:]):
            return ()
        if left[-count - 1].low in (*_DETERMINERS, "top", "bottom"):
            return tuple(token.low for token in left[-count:])
    return ()


def _given_name(
    grammar: Grammar, text_: str, tokens: tuple[Token, ...], position: int, context: Context
) -> tuple[str, ...]:
    """The longest name of a field or reference that follows, else the next word."""
    matcher = Matcher(grammar, text_, tokens)
    ends = [
        end
        for source in context.world.sources
        for phrase in ("own_field", "reference", "happened")
        for end, _ in matcher.read(phrase, position, context.within(source))
    ]
    end = max(ends, default=position + 1)
    return tuple(token.low for token in tokens[position:end] if token.kind == "word")


def _declared(name: tuple[str, ...], attributes: tuple[Attribute, ...]) -> Declared:
    made = Declared("_".join(name), name)
    for one in attributes:
        made = replace(
            made,
            name="_".join(one.name) if one.name else made.name,
            type=one.type or made.type,
            default=one.default or made.default,
        )
    return made


def default_words(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A default written without quotes: the words up to "by default"."""
    for end, value in spans(matcher, position):
        if matcher.tokens[position].kind == "word" and value.lower() not in ("yes", "no"):
            yield end, Value(text(value), TEXT)


def _type(type_: Type) -> Any:
    return lambda context: Attribute(type=type_)


def _default(context: Context, value: Value) -> Attribute:
    return Attribute(default=value)


def _default_day(context: Context, span: Span) -> Attribute:
    if isinstance(span.start, nodes.DateLiteral) and span.day:
        return Attribute(default=Value(span.start, DATE))
    if isinstance(span.start, nodes.TimestampLiteral):
        return Attribute(default=Value(span.start, TIMESTAMP))
    raise Reject("a default is a fixed value")


def _default_text(context: Context, constant: str) -> Attribute:
    return Attribute(default=Value(text(constant), TEXT))


def _default_flag(value: bool) -> Any:
    return lambda context: Attribute(default=Value(nodes.BoolLiteral(value=value), BOOL))


def _called(context: Context, name: tuple[str, ...]) -> Attribute:
    return Attribute(name=name)


def _attributes(context: Context, first: Attribute, more: tuple[Attribute, ...] = ()) -> tuple[Attribute, ...]:
    return (first, *more)


def _declaration(context: Context, name: tuple[str, ...], more: tuple[Attribute, ...] = ()) -> Declared:
    return _declared(name, more)


PRIMITIVES: dict[str, Primitive] = {"default_words": default_words}

_TYPES = (
    ("whole number|integer|count", INT),
    ("number|amount|decimal number|decimal|sum of money|price", DECIMAL),
    ("text|word|string", TEXT),
    ("date|day", DATE),
    ("time|moment|timestamp|point in time", TIMESTAMP),
    ("yes or no|flag|yes/no value|truth value", BOOL),
)

ROWS = (
    *(Row("attribute", f"[a|an|is a|is an] ({pattern})", _type(type_)) for pattern, type_ in _TYPES),
    *(
        Row("attribute", pattern, build)
        for phrase, build in (
            ("{number:value}", _default),
            ("{span}", _default_day),
            ("{constant}", _default_text),
            ("{default_words:value}", _default),
            ("yes", _default_flag(True)),
            ("no", _default_flag(False)),
        )
        for pattern in (
            f"{phrase} (by default|unless told otherwise|if not given|when not given|if nothing else is said)",
            f"(default|by default|default of|default is|defaults to|which defaults to) [:|=] {phrase}",
            f"with [a|the] default [of] {phrase}",
        )
    ),
    Row("attribute", "(called|named|which is called) {new_name:name}", _called),
    Row("attribute", "a parameter", lambda context: Attribute()),
    Row("more_attributes", "[,|;] [and] {attribute}", lambda context, attribute: attribute),
    Row("attributes", "{attribute:first} {more_attributes:more}*", _attributes),
    Row(
        "declaration",
        "[the|a|an] {new_name:name} (is|are) [also] (a parameter|given|an argument|an input) [too|as well] "
        "{more_attributes:more}*",
        _declaration,
    ),
    Row(
        "declaration",
        "[it|this] (takes|take|needs|need) (a|an|the) {new_name:name} {more_attributes:more}*",
        _declaration,
    ),
)

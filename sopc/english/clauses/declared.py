"""A sentence that lists a script's parameters ("The parameters are a city and a limit, 10 by default.") → these."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runtime.values.types import TEXT
from sopc.english.clauses.talk import Place, Tokens, lows
from sopc.english.patterns.parameters import Attribute, Declared
from sopc.english.patterns.semantics import Context

_OPENINGS: Final = (
    ["the", "parameters", "are"], ["parameters", "are"], ["the", "inputs", "are"], ["the", "parameter", "is"],
    ["it", "takes"], ["this", "takes"], ["the", "script", "takes"], ["the", "workflow", "takes"],
)  # fmt: skip
_NAMES: Final = (["a", "name"], ["both", "names"], ["all", "names"], ["names"], ["both", "texts"])
_NO_NAME: Final = frozenset({"is", "are", "of", "by", "or", "in", "with", "default", "given"})
_MOST: Final = 4  # words of a name


def parameters_in(place: Place, tokens: Tokens, context: Context) -> list[Declared]:
    """The parameters in their order; [] for another sentence, or where a part of it is no parameter."""
    said = lows(tokens)
    opening = next((one for one in _OPENINGS if said[: len(one)] == one), None)
    if opening is None:
        return []
    found: list[Declared] = []
    bare = False  # whether the last name stands without an article, so that "a name" behind it says what it is
    for part, joined in _parts(tokens[len(opening) :]):
        article = part[0].low in ("a", "an", "the")
        attribute = [one for one in place.whole("attribute", part, context) if isinstance(one, Attribute)]
        told = bool(attribute) and bool(found) and (attribute[0].default is not None or (article and bare))
        if lows(part) in _NAMES and found and (bare or not article):
            found = [one if one.type or one.default else replace(one, type=TEXT) for one in found]
        elif told and not joined and found[-1].default is None:
            one = attribute[0]
            found[-1] = replace(found[-1], type=one.type or found[-1].type, default=one.default)
        else:
            name = tuple(lows(part[1:] if article else part))
            if not name or len(name) > _MOST or _NO_NAME & {*name} or any(one.kind != "word" for one in part):
                return []
            found.append(Declared("_".join(name), name))
            bare = not article
    return found


def _parts(tokens: Tokens) -> list[tuple[Tokens, bool]]:
    """What commas and "and" divide, each with whether an "and" stands before it."""
    parts: list[tuple[Tokens, bool]] = []
    start, joined = 0, False
    for at, token in enumerate((*tokens, None)):
        if token is None or token.low in (",", "and", ";"):
            if at > start:
                parts.append((tokens[start:at], joined))
                joined = False
            joined = joined or (token is not None and token.low == "and")
            start = at + 1
    return parts

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
    for part in _parts(tokens[len(opening) :]):
        attribute = [one for one in place.whole("attribute", part, context) if isinstance(one, Attribute)]
        if lows(part) in _NAMES and found:
            found = [one if one.type or one.default else replace(one, type=TEXT) for one in found]
        elif attribute and found and found[-1].default is None:
            one = attribute[0]
            found[-1] = replace(found[-1], type=one.type or found[-1].type, default=one.default)
        else:
            name = tuple(lows(part[1:] if part[0].low in ("a", "an", "the") else part))
            if not name or len(name) > _MOST or _NO_NAME & {*name} or any(one.kind != "word" for one in part):
                return []
            found.append(Declared("_".join(name), name))
    return found


def _parts(tokens: Tokens) -> list[Tokens]:
    parts: list[Tokens] = []
    start = 0
    for at, token in enumerate((*tokens, None)):
        if token is None or token.low in (",", "and", ";"):
            if at > start:
                parts.append(tokens[start:at])
            start = at + 1
    return parts

"""Rules → the same language with alternatives that begin alike written once.

A decoder follows every alternative that can still come true, for each token of its vocabulary: `sum "=" sum` and
`sum "<" sum` would have it follow two sums. Servers give up, and then enforce nothing, where that is too much.
"""

from __future__ import annotations

from sopc.english.constrain.rules import Rules, Symbol


def factored(rules: Rules) -> Rules:
    """rules: without empty ones, as those that come out are."""
    result: Rules = {}
    for name, each in rules.items():
        _factor(name, each, result)
    return result


def _factor(name: str, each: list[tuple[Symbol, ...]], result: Rules) -> None:
    by_first: dict[Symbol, list[tuple[Symbol, ...]]] = {}
    for expansion in dict.fromkeys(each):
        by_first.setdefault(expansion[0], []).append(expansion[1:])
    result[name] = []
    for number, (first, rests) in enumerate(by_first.items()):
        longer = [rest for rest in rests if rest]
        if len(longer) < len(rests):
            result[name].append((first,))
        if len(longer) == 1:
            result[name].append((first, *longer[0]))
        elif longer:
            rest = f"{name}_rest{number}"
            result[name].append((first, rest))
            _factor(rest, longer, result)

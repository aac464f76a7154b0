"""Rules → the same language with what alternatives have in common written once.

A decoder follows every alternative that can still come true, for each token of its vocabulary: `sum "=" sum` and
`sum "<" sum` would have it follow two sums. Servers give up, and then enforce nothing, where that is too much.
"""

from __future__ import annotations

import json
import re

from sopc.english.constrain.rules import Expansions, Rules, Symbol

_WORDS = "WORDS"


def merged(rules: Rules) -> tuple[Rules, dict[str, str]]:
    """Alternatives that differ in one literal become one, with a terminal for all of these literals."""
    terminals: dict[str, str] = {}
    return {name: _merge(each, terminals) for name, each in rules.items()}, terminals


def _merge(each: Expansions, terminals: dict[str, str]) -> Expansions:
    alike: dict[tuple[int, tuple[Symbol, ...]], list[Symbol]] = {}
    for expansion in each:
        for at, symbol in enumerate(expansion):
            if symbol.startswith('"'):
                alike.setdefault((at, (*expansion[:at], "", *expansion[at + 1 :])), []).append(symbol)
    kept = dict.fromkeys(each)
    for (at, frame), literals in sorted(alike.items(), key=lambda item: -len(item[1])):
        whole = [(*frame[:at], literal, *frame[at + 1 :]) for literal in literals]
        if len(literals) > 1 and all(one in kept for one in whole):
            for one in whole:
                del kept[one]
            kept[(*frame[:at], _terminal(literals, terminals), *frame[at + 1 :])] = None
    return list(kept)


def _terminal(literals: list[Symbol], terminals: dict[str, str]) -> str:
    texts = sorted({json.loads(literal) for literal in literals}, key=lambda text: (-len(text), text))
    pattern = f"({'|'.join(map(re.escape, texts))})"
    found = next((name for name, known in terminals.items() if known == pattern), None)
    name = found or f"{_WORDS}_{len(terminals)}"
    terminals[name] = pattern
    return name


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

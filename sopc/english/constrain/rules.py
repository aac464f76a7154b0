"""grammar/sop.lark, as Lark read it → plain rules, in which nothing is empty and each terminal is written out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import Final

from sopc.syntax.build import QUERY_FUNCTIONS
from sopc.syntax.grammar import parser, reserved_words

Symbol = str  # a rule's name; a terminal's, in capitals; or a literal, in double quotes
Expansions = list[tuple[Symbol, ...]]
Rules = dict[str, Expansions]

START: Final = "start"
NAME: Final = "NAME"
CALLED: Final = "call_at_step"  # a call that can only be one of a script
_IGNORED: Final = ("COMMENT", "SPACE")
_TEXTS: Final = ("TEXT", "TEXT_START", "TEXT_MIDDLE", "TEXT_END")
_LOOSE_ESCAPE: Final = '\\\\([^u\n]|u\\{[^{}"\n]*\\})'
_ESCAPE: Final = r'\\(["\\nt]|u\{[0-9A-Fa-f]{1,3}\})'
_ASCII_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_SMALL_LETTERS: Final = "_abcdefghijklmnopqrstuvwxyz"
_BACKQUOTED: Final = "`[^`\n]+`"
_OTHER_LETTERS: Final = "À-ÖØ-öø-ʯΑ-ΡΣ-ϵЀ-ҁҊ-ԯא-תء-يぁ-ゖァ-ヺ一-龥가-힣"  # in every version of Unicode, unlike `\w`
_DAY: Final = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-][01][0-9](:?[0-5][0-9])?)?"


# What the parser allows and the builder of the tree refuses: (rule, what it holds) → what a decoder may say instead.
_STRICTER: Final[dict[tuple[str, tuple[Symbol, ...]], tuple[Symbol, ...]]] = {
    ("atom", ("NAME", "TEXT")): ("DATED",),
    ("call_step", ('"call"', "call")): ('"call"', CALLED),
    ("number", ("NUMBER", "unit")): ("WHOLE", "unit"),
    ("type_sizes", ('"("', "NUMBER", '")"')): ('"("', "WHOLE", '")"'),
    ("type_sizes", ('"("', "NUMBER", '","', "NUMBER", '")"')): ('"("', "WHOLE", '","', "WHOLE", '")"'),
}


def read_rules() -> Rules:
    """The rules of the language, from its start on. The hole of a text holds no query but that of a store or a named
    query alone, which keeps the rules half as many. No program is lost: `let`, or `derive`
    within a query, gives another one a name that a hole can hold."""
    lark = parser()
    literals = {one.name: json.dumps(one.pattern.value) for one in lark.terminals if one.pattern.type == "str"}
    rules: Rules = {}
    stricter = dict(_STRICTER)
    for rule in lark.rules:
        name = rule.origin.name.lstrip("_")
        expansion = tuple(literals.get(symbol.name, symbol.name.lstrip("_")) for symbol in rule.expansion)
        rules.setdefault(name, []).append(stricter.pop((name, expansion), expansion))
    assert not stricter, stricter
    given = f"arguments_{CALLED}"
    rules[CALLED] = [("name", '"("', given, '")"')]
    rules["arguments"].remove(("query",))  # only some functions take one
    rules["call"].append(("QUERY_FUNCTION", '"("', "query", '")"'))
    rules["hole_query"] = [("QUERY_FUNCTION", '"("', '"from"', "hole_name", '")"')]
    rules["hole_operand"].remove(("hole_scalar",))
    rules[given] = [one for one in rules["arguments"] if '"distinct"' not in one]
    return reachable(without_empty(rules))


@cache
def read_terminals() -> dict[str, str]:
    """Name → regular expression, as strict as the parser is: a NAME is no keyword, a text has only escapes that mean
    something. A spelling that the grammar no longer has raises AssertionError, so that this can't go out of date."""
    lark = parser()
    found = {one.name: one.pattern.value for one in lark.terminals if one.pattern.type == "re"}
    for name in _IGNORED:
        del found[name]
    for name in _TEXTS:
        assert _LOOSE_ESCAPE in found[name], name
        found[name] = found[name].replace(_LOOSE_ESCAPE, _ESCAPE).replace(")*", "){0,500}")
    found[NAME] = other_than(reserved_words())
    assert _BACKQUOTED in found["BACKQUOTED"]
    quoted = r"`[^`\n\x00]+`"  # E0122: no name holds a null character
    found["BACKQUOTED"] = quoted
    found["FIELD"] = rf"\.({other_than(())}|{quoted})"
    found["DATED"] = rf'date "{_DAY}"|timestamp "{_DAY}[T ]{_TIME}"'
    found["NUMBER"] = r"[0-9]{1,60}(\.[0-9]{1,60})?([eE][+\-]?[0-9]{1,3})?"
    found["QUERY_FUNCTION"] = f"({'|'.join(QUERY_FUNCTIONS)})"
    found["WHOLE"] = "[0-9]{1,4}"
    return found


def without_empty(rules: Rules) -> Rules:
    """The same rules with each symbol that may be empty left out where it may, so that none is."""
    empty: set[str] = set()
    while True:
        more = {name for name, each in rules.items() if any(empty.issuperset(one) for one in each)}
        if more == empty:
            break
        empty = more
    result: Rules = {}
    for name, each in rules.items():
        kept: dict[tuple[Symbol, ...], None] = {}
        for expansion in each:
            choices = [((symbol,), ()) if symbol in empty else ((symbol,),) for symbol in expansion]
            for chosen in product(*choices):
                flat = tuple(symbol for part in chosen for symbol in part)
                if flat and flat != (name,):
                    kept[flat] = None
        result[name] = list(kept)
    return result


def reachable(rules: Rules) -> Rules:
    """The rules that the start rule uses, itself or through others, in their order."""
    wanted = {START}
    queue = [START]
    while queue:
        for symbol in used_by(rules[queue.pop()]):
            if symbol in rules and symbol not in wanted:
                wanted.add(symbol)
                queue.append(symbol)
    return {name: each for name, each in rules.items() if name in wanted}


def used_by(expansions: Iterable[tuple[Symbol, ...]]) -> Iterator[Symbol]:
    return (symbol for expansion in expansions for symbol in expansion)


def other_than(words: Iterable[str], *, everywhere: bool = True) -> str:
    """A regular expression for the names that are none of these words, without lookaround: a name leaves all the words
    at some letter, or ends where none of them does. words: in ASCII. everywhere: names may have letters of every kind,
    not just small ones of English."""
    letters, others = (_ASCII_LETTERS, _OTHER_LETTERS) if everywhere else (_SMALL_LETTERS, "")
    return _leaving(sorted(words), "", letters, others)


def _leaving(words: list[str], begun: str, letters: str, others: str) -> str:
    """For what may follow `begun` so that the whole is a name and none of the words, all of which begin with it."""
    following = sorted({word[len(begun)] for word in words if word != begun})
    free = "".join(letter for letter in letters if letter not in following) + others
    parts = [f"[{free}{'0-9' if begun else ''}][{letters}0-9{others}]{{0,40}}"]
    for letter in following:
        longer = begun + letter
        inside = [word for word in words if word.startswith(longer)]
        parts.append(letter + _leaving(inside, longer, letters, others))
    return f"({'|'.join(parts)})" + ("?" if begun and begun not in words else "")

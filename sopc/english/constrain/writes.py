"""A vocabulary → the rules of the steps that write: each store's own, with its own fields."""

from __future__ import annotations

from typing import Final

from sopc.english.constrain.rules import Expansions, Rules
from sopc.english.constrain.spacing import copy_of
from sopc.english.constrain.vocabulary import Vocabulary, one_of
from sopc.syntax import print_expr

WRITES: Final = ("insert_step", "upsert_step", "update_step", "delete_step")


def write_rules(vocabulary: Vocabulary) -> tuple[Rules, dict[str, str]]:
    """Rules for each step of WRITES that the vocabulary allows and for what those use, and their terminals."""
    rules: Rules = {step: [] for step in WRITES}
    terminals: dict[str, str] = {}
    for number, (_, store) in enumerate(vocabulary.stores):
        written = [one.name for one in store.fields if not one.generated]
        if store.read_only or not written:
            continue
        place = str(number)
        terminals[f"WRITTEN_{place}"] = one_of(written)
        terminals[f"KEY_{place}"] = one_of(written, print_expr.key)
        for step, expansions in _steps(place, rules).items():
            rules[step] += expansions
    return {name: each for name, each in rules.items() if each}, terminals


def _steps(place: str, rules: Rules) -> Rules:
    """The steps that write one store. Rules that they need are added to `rules`."""
    target, field, key = (f"{name}_{place}" for name in ("STORE", "WRITTEN", "KEY"))
    record, pairs, records, keys, sets, expr = (
        copy_of(name, place) for name in ("row", "pairs", "rows", "keys", "sets", "expr")
    )
    rules[pairs] = [(key, '":"', "expr"), (pairs, '","', key, '":"', "expr")]
    rules[record] = [('"{"', pairs, '"}"')]
    rules[records] = [(record,), (records, '","', record)]
    rules[keys] = [(field,), (keys, '","', field)]
    rules[sets] = [(field, '"="', expr), (sets, '","', field, '"="', expr)]
    values: Expansions = [(record,), ('"["', records, '"]"'), ("query",), ("VARIABLE",)]
    return {
        "insert_step": [('"insert"', '"into"', target, *value) for value in values],
        "upsert_step": [('"upsert"', '"into"', target, *value, '"on"', keys) for value in values],
        "update_step": [
            ('"update"', target, '"set"', sets),
            ('"update"', target, '"where"', expr, '"set"', sets),
        ],
        "delete_step": [('"delete"', '"from"', target), ('"delete"', '"from"', target, '"where"', expr)],
    }

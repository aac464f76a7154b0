"""A vocabulary → the rules of the steps that write: each store's own, with its own fields."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.query.schema import Store
from sopc.english.constrain.rules import Expansions, Rules
from sopc.english.constrain.spacing import copy_of
from sopc.english.constrain.step_intent import WRITES
from sopc.english.constrain.vocabulary import Vocabulary, one_of
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.words import forms
from sopc.syntax import print_expr


def write_rules(vocabulary: Vocabulary) -> tuple[Rules, dict[str, str]]:
    """Rules of those of WRITES that there are, and what they use of their own; and terminals."""
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
        if vocabulary.intents is not None:
            rules.update(_in_order(place, store, vocabulary, terminals))
    return {name: each for name, each in rules.items() if each}, terminals


def _steps(place: str, rules: Rules) -> Rules:
    """The steps of one store. rules: gets what they are made of."""
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


def _in_order(place: str, store: Store, vocabulary: Vocabulary, terminals: dict[str, str]) -> Rules:
    """A small model gives a new row its fields in their order, each once, all that are needed, and of those with a
    default the ones that the text names."""
    said = {form for word in vocabulary.words for form in forms(word)}
    fields = [
        one
        for one in store.fields
        if not one.generated and not (one.has_default and said.isdisjoint(name_words(one.name)))
    ]
    optional = [one.has_default or one.type.nullable for one in fields]
    rules: Rules = {}
    for start in range(len(fields)):
        pairs: Expansions = []
        for at in _reached(start, optional):
            terminals[f"KEY_{place}_{at}"] = one_of([fields[at].name], print_expr.key)
            pair = (f"KEY_{place}_{at}", '":"', "expr")
            if all(optional[at + 1 :]):
                pairs.append(pair)
            if at + 1 < len(fields):
                pairs.append((*pair, '","', _pairs(place, at + 1)))
        rules[_pairs(place, start)] = pairs
    return rules


def _reached(start: int, optional: Sequence[bool]) -> range:
    """The fields that may come next: up to the first that has to."""
    end = next((at for at in range(start, len(optional)) if not optional[at]), len(optional) - 1)
    return range(start, end + 1)


def _pairs(place: str, start: int) -> str:
    return copy_of("pairs", place if start == 0 else f"{place}_{start}")

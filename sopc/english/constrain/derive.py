"""The language, or a vocabulary → the grammar that a reply is decoded under, as text."""

from __future__ import annotations

from functools import cache

from sopc.english.constrain.factor import factored, merged
from sopc.english.constrain.lark import write_lark
from sopc.english.constrain.rules import START, Rules, read_rules, read_terminals
from sopc.english.constrain.spacing import SPACES, queries_in_texts, spaced
from sopc.english.constrain.specialise import specialised
from sopc.english.constrain.vocabulary import Vocabulary


@cache
def language_grammar() -> str:
    """A grammar for whole files of the language as the formatter writes them, without comments."""
    return _written(queries_in_texts(read_rules()), read_terminals())


def workflow_grammar(vocabulary: Vocabulary) -> str:
    """A grammar for the script of one workflow, or `cannot "reason"`."""
    return _written(*specialised(vocabulary))


def _written(rules: Rules, terminals: dict[str, str]) -> str:
    with_spaces = spaced(rules)
    ended = [*with_spaces[START], *((*expansion, '"\\n"') for expansion in with_spaces[START])]
    rest, words = merged({**with_spaces, START: ended})
    return write_lark(factored(rest), {**terminals, **words, **SPACES})

"""The language, or a vocabulary → the grammar that a reply is decoded under, as text."""

from __future__ import annotations

from sopc.english.constrain.factor import factored, merged
from sopc.english.constrain.lark import write_lark
from sopc.english.constrain.rules import START, Rules
from sopc.english.constrain.spacing import SPACES, spaced
from sopc.english.constrain.specialise import specialised
from sopc.english.constrain.vocabulary import Vocabulary


def workflow_grammar(vocabulary: Vocabulary) -> str:
    """A grammar for the script of one workflow, or `cannot "reason"`."""
    return write_grammar(*specialised(vocabulary))


def write_grammar(rules: Rules, terminals: dict[str, str]) -> str:
    """The text of a grammar; its replies may end with a line end."""
    with_spaces = spaced(rules)
    ended = [*with_spaces[START], *((*expansion, '"\\n"') for expansion in with_spaces[START])]
    rest, words = merged({**with_spaces, START: ended})
    return write_lark(factored(rest), {**terminals, **words, **SPACES})

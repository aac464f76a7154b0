"""The sentences of a workflow → whether any of them asks for a change to the data."""

from __future__ import annotations

import re
from typing import Final

from sopc.english.lexicon import lexicon
from sopc.english.sentences import QUOTED, Workflow

# Many verbs of a change can be nouns or describe rows ("orders that are closed"), so they count only in a command.
_PLAIN: Final = "|".join(lexicon().words.plain_changes)
_IDIOMS: Final = "|".join(lexicon().words.change_idioms)
_ALL: Final = "|".join((*lexicon().words.changes, *lexicon().words.plain_changes))
_BEFORE: Final = r"(?:^|[,;:.]\s*|\b(?:and|then|or|to|please|also|otherwise|else|must|should|will|them|now)\s+)"
_CHANGE: Final = re.compile(
    rf"\b(?:{_PLAIN}|{_IDIOMS})\b|{_BEFORE}(?:{_ALL})\b(?! (?:me|us)\b)"
    rf"|\b(?:must|should|shall|to|will) be (?:newly )?\w+(?:ed|en|t|d)\b"
    r"|\b(?:is|are|gets?) (?:added|appended|created|deleted|inserted|removed|updated)\b"
    r"|\b(?:by|when|while) (?:adding|creating|deleting|inserting|removing|updating)\b",
    re.IGNORECASE,
)

# A statement whose subject changes ("its status becomes closed", "they are cancelled"); in a question, a guard or a
# clause that says which rows are meant, the same words only describe.
_BECOMES: Final = re.compile(
    r"\b(?:becomes?|goe?s? (?:up|down)|gets?|receives?|loses?|gains?)\b"
    r"|(?<!that )(?<!which )(?<!who )\b(?:is|are) (?:now |again )?"
    rf"(?:set|changed|put|marked|(?:de|un)?activated|(?:un)?(?:{_ALL})(?:e?d|led))\b",
    re.IGNORECASE,
)
_DESCRIBES: Final = re.compile(
    r"^\W*(?:show|list|find|count|how|what|which|who|is|are|do|does|give|tell|print|say|ask|let)\b"
    r"|\b(?:if|when|unless|whose|where|while|until|as)\b",
    re.IGNORECASE,
)


_QUESTION: Final = re.compile(r"^\W*(?:how|what|which|who)\b", re.IGNORECASE)
_SHOWS: Final = re.compile(r"^\W*(?:show|list|count|give|tell|print)\b", re.IGNORECASE)


def speaks_of_a_change(workflow: Workflow) -> bool:
    """Whether the workflow's text lets its program write."""
    return any(asks_for_a_change(each.text) for each in workflow.sentences)


def asks_for_a_change(sentence: str) -> bool:
    """Whether a sentence asks for a change; quoted words do not count, since they are values."""
    plain = QUOTED.sub('""', sentence)
    if _CHANGE.search(plain):
        return True
    clause = re.split(r",\s*", plain)[-1]  # behind "if …," and "for each …,"
    return _BECOMES.search(clause) is not None and _DESCRIBES.search(clause) is None


def only_asks(sentence: str) -> bool:
    """Whether a sentence is a question, where a verb of a change only describes rows ("the paid and open orders"), or
    one that shows something and asks for no change."""
    if _QUESTION.search(sentence):
        return True
    return _SHOWS.search(sentence) is not None and not asks_for_a_change(sentence)

"""A workflow and its typed program → doubts: where a sentence and its steps may differ.

Each thing that a sentence says must have its counterpart in the steps, and each thing that the steps do its evidence in
the text. What a sentence's own steps do not hold is looked for in all others, since several sentences may share a step.
A doubt is a reason to look again; the program may be right as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime.query.schema import Schema
from sopc.checker import typed
from sopc.english.doubts import bounds, dates, kinds, names, numbers, orders, stores, texts
from sopc.english.doubts.facts import terms_of
from sopc.english.doubts.said import Said
from sopc.english.doubts.steps import facts_of
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.patterns.tokens import name_words
from sopc.english.reading.evidence import NoValues, Values
from sopc.english.sentences import Workflow

_RULES: tuple[Rule, ...] = (
    *numbers.RULES, *bounds.RULES, *dates.RULES, *texts.RULES, *orders.RULES, *kinds.RULES, *names.RULES, *stores.RULES,
)  # fmt: skip


def doubts(
    workflow: Workflow,
    script: typed.Script,
    schemas: Mapping[str, Schema],
    values: Values | None = None,
    answers: Sequence[str] = (),
) -> list[Doubt]:
    """Compare a program with its text.

    Args:
        workflow: The sentences.
        script: The program; its steps carry the numbers of their sentences.
        schemas: By `uses` name.
        values: What the text fields hold, if the data can be read.
        answers: What the author answered to questions about the text.

    Returns:
        The doubts, in the order of the sentences, each once.
    """
    held = NoValues() if values is None else values
    facts = facts_of(script)
    terms = [term for each in facts.values() for fact in each for term in terms_of(fact)]
    texts = {value.lower() for term in terms for value, _ in term.constants if isinstance(value, str)}
    places = {place for term in terms for place in term.places}
    sentences = [Said(one, schemas, held, texts, places) for one in workflow.sentences]
    if not any(facts) and len(sentences) == 1:  # no step says which sentence it comes from
        facts[1] = facts.pop(0, [])
    by_name = {name: store for schema in schemas.values() for name, store in schema.stores.items()}
    answered = " ".join(answers).lower()
    text = Text(sentences, facts, by_name, frozenset(one.name for one in script.params), held, answered)
    found: dict[Doubt, None] = {}
    own = facts.get(0, [])
    for said in sentences:
        if said.number in facts or said.goes_on:
            own = facts.get(said.number, own)
            for rule in _RULES:
                found.update(dict.fromkeys(rule(text, said, own)))
        elif any(facts) and not _needs_no_step(said, text):
            found[Doubt("T0601", said.number, "nothing comes of it")] = None
    return list(found)


def _needs_no_step(said: Said, text: Text) -> bool:
    """Whether a sentence only finds what a later one uses, opens a list, or describes a parameter."""
    if said.opens or said.begins("found"):
        return True
    if said.number > 1 and (
        len(said.words) < 2 or said.text[0].islower()
    ):  # what "Comp. Sci. department" is split into
        return True
    return any(" ".join(name_words(name)) in said.plain for name in text.params)

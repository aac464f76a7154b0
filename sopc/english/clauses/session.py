"""The sentences that no pattern fits, one after the other → their steps, with what each leaves for the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sopc.english.clauses.before import of_rows_before
from sopc.english.clauses.left_open import LeftOpen, without_fields
from sopc.english.clauses.read import OpenLoop, for_one_row, open_loop, otherwise_of, steps_of, with_plain_pronouns
from sopc.english.clauses.talk import Place, Talk, Tokens, lows, named_in_singular
from sopc.english.patterns.complaints import Complaint, reading_text, several_readings
from sopc.english.patterns.flow import Otherwise
from sopc.english.patterns.semantics import Context, FoundSet, Source, Steps
from sopc.english.patterns.spoken import Before
from sopc.english.patterns.tokens import Token, tokenize, without_courtesy
from sopc.english.sentences import Sentence
from sopc.tree import nodes
from sopc.tree.visit import walk

BlockSteps = list[nodes.AnyStep]


@dataclass
class Session:
    """answers: by sentence, what its author answers. finished: writes steps as a person would. loop: the one that the
    last sentence ran, which the next one may go on with."""

    talk: Talk
    answers: Callable[[str], str | None]
    finished: Callable[[Any], Any]
    loop: OpenLoop | None = None
    answered: tuple[LeftOpen, str] | None = None
    """What the current sentence leaves open, with its author's answer, once that was used."""

    def read(
        self, sentence: Sentence, tokens: tuple[Token, ...], context: Context, steps: BlockSteps, before: Before | None
    ) -> tuple[list[Steps], FoundSet | None]:
        """What a sentence does, clause by clause, and the rows of the sentence before, where it speaks of them.

        Raises:
            Complaint: T0203, a reading rests on a guess; T0205, what only the author can say.
        """
        place = Place(sentence.text, self.talk, steps)
        self.talk.guesses, self.talk.missing = [], ("", ())
        tokens = with_plain_pronouns(tokens)
        found: FoundSet | None = None
        readings = steps_of(place, tokens, context)
        if not readings and before is not None:
            readings, found = of_rows_before(place, tokens, context, before)
        if not readings and self.talk.missing[1]:
            text = self.told(without_fields(sentence.text, tokens, *self.talk.missing), sentence.text)
            readings = steps_of(Place(text, self.talk, steps), without_courtesy(tokenize(text)), context)
        if not readings and (one := for_one_row(place, tokens, context)) is not None:
            readings = [replace(each, steps=(one[1].around(each.steps, sentence.number),)) for each in one[0]]
            self.talk.rows[one[1].record.alias] = one[1].record
        return self._confirmed(readings, sentence), found

    def going_on(
        self, sentence: Sentence, tokens: tuple[Token, ...], context: Context, steps: BlockSteps
    ) -> list[Steps]:
        """What a sentence does in the loop of the sentence before, where it speaks of the loop's row or of what was
        kept for it. Raises Complaint as `read`."""
        loop, last = self.loop, steps[-1] if steps else None
        if loop is None or not isinstance(last, nodes.ForEach) or last.name != loop.record.alias:
            return []
        if not loop.is_meant(tokens):
            return []
        self.talk.guesses = []
        place = Place(sentence.text, self.talk, steps)
        inside = loop.inside(context)
        readings = place.whole("steps", tokens, inside) or steps_of(place, tokens, inside)
        return self._confirmed(readings, sentence)

    def put_in_loop(self, chosen: Steps, made: tuple[nodes.AnyStep, ...], steps: BlockSteps) -> None:
        """Adds steps to the end of the loop that `going_on` has read them in."""
        assert self.loop is not None
        last = steps[-1]
        assert isinstance(last, nodes.ForEach)
        steps[-1] = last.model_copy(update={"steps": (*last.steps, *made)})
        self.loop = replace(self.loop, variables=(*self.loop.variables, *chosen.variables))

    def otherwise(self, sentence: Sentence, tokens: Tokens, context: Context, steps: BlockSteps) -> list[Otherwise]:
        """What is done where the condition of the sentence before does not hold. Raises Complaint as `read`."""
        self.talk.guesses = []
        return self._confirmed(otherwise_of(Place(sentence.text, self.talk, steps), tokens, context), sentence)

    def row_of_before(self, steps: Sequence[nodes.AnyStep]) -> Source | None:
        """The row of the loop that the sentence before ran, if it ends in a condition that "otherwise" may follow."""
        last = steps[-1] if steps else None
        if not isinstance(last, nodes.ForEach) or not isinstance(last.steps[-1], nodes.If):
            return None
        return self.talk.rows.get(last.name)

    def note(self, tokens: Tokens, chosen: Steps, context: Context, steps: Sequence[nodes.AnyStep]) -> None:
        """Remembers what a sentence has done, for the one after it. steps: of its block, with its own."""
        if chosen.found is not None and named_in_singular(tokens, chosen.found):
            self.talk.singular.add(chosen.found.name)
        self.talk.said = tuple(lows(tokens))
        self.talk.amount = chosen.variables[-1].name if chosen.variables else ""
        self.loop = open_loop(steps, context) if context.subject is None else None
        if self.loop is not None:
            self.talk.rows[self.loop.record.alias] = self.loop.record

    def told(self, open_: LeftOpen, text: str) -> str:
        """The sentence with what its author answers. Raises Complaint: T0205, nobody has answered."""
        answer = self.answers(text)
        if answer is None:
            raise Complaint("T0205", open_.question, f"say it in the sentence: {open_.told('…')}")
        self.answered = (open_, answer)
        return open_.told(answer)

    def explained(self, error: Complaint) -> Complaint:
        """The complaint about the current sentence; about the answer, if the sentence can't be read with it."""
        if self.answered is None or error.choices:
            return error
        open_, answer = self.answered
        return Complaint("T0202", f'"{answer}" does not answer "{open_.question}"', f"answer with {open_.form}")

    def _confirmed(self, readings: list[Any], sentence: Sentence) -> list[Any]:
        """The readings; where one rests on a guess, only if the author has confirmed it."""
        guessed = [one for one in readings if any(node in self.talk.guesses for node in walk(one.steps))]
        if not guessed:
            return readings
        said = self.answers(sentence.text)
        confirmed = [one for one in readings if reading_text(one, self.finished) == said]
        if not confirmed:
            raise several_readings(readings, self.finished)
        return confirmed

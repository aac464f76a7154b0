"""An English text → a prepared program.

A text that has a program (beside it, or in the library) is not translated again while the text stays the same. When the
text changes, sentences that did not change keep their steps. A translation that nobody has accepted waits in the home
folder, so that a yes applies to the program that was shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.pipeline import Compiled
from sopc.source import STDIN, Source
from sopc.workflow.prepared import NOWHERE, Options, Place, Prepared, ProgramWarning, Take

if TYPE_CHECKING:
    from sopc.english.lock import Answer
    from sopc.english.model_records import Work
    from sopc.english.pending import Pending
    from sopc.english.sentences import Workflow

_MAX_TURNED: Final = 20


class EnglishText:
    """Prepares an English text: takes the existing program if it is still the text's, else translates."""

    def __init__(self, source: Source, context: Context, options: Options, place: Place | None) -> None:
        from sopc.english.lock import split_sop
        from sopc.english.questions import kept
        from sopc.english.sentences import read_workflow
        from sopc.listener import ProgressListener
        from sopc.workflow.answers import Answers

        self._source = source
        self._context = context
        self._options = options
        self._listener = options.listener or ProgressListener()
        self._given = Answers() if options.answers is None else options.answers
        self._workflow = read_workflow(source.text, pipeline.stem(source))
        self._place = place or _beside(source, self._workflow, options.take)
        existing = self._place.existing
        self._header = split_sop(existing.text)[0] if existing else None
        self._answers: list[Answer] = kept(self._header.answers if self._header else (), self._workflow)

    @property
    def _previous(self) -> str | None:
        """The .sop file of the last translation; a new translation should change it as little as possible."""
        existing = self._place.existing
        return existing.text if existing and self._header and self._header.sentences else None

    def prompt(self) -> list[dict[str, str]]:
        from sopc.workflow.translation import prompt

        told = (self._options.translator, self._options.model)
        return prompt(self._workflow, self._context, *told, answers=self._answers, previous=self._previous)

    def prepared(self) -> Prepared:
        from sopc.english.examples.read import read_examples
        from sopc.english.lock import decide, locked

        existing, take = self._place.existing, self._options.take
        if existing and decide(self._source.text, self._sentences, existing.text, take) == "sop":
            return self._as_it_is(existing)
        if self._options.locked:
            path = self._place.path
            raise locked(self._source.name, path.name if path else None, exists=existing is not None)
        read_examples(self._source)  # before anything is sent or translated
        return self._translated()

    @property
    def _sentences(self) -> list[str]:
        return [sentence.text for sentence in self._workflow.sentences]

    def _as_it_is(self, existing: Source) -> Prepared:
        from sopc.english.lock import keep_sop, stamp
        from sopc.workflow.examples import compile_with_examples

        text = existing.text
        if self._options.take == "sop":
            text = keep_sop(text, self._source.text, self._sentences)
        if self._header is None or self._header.source != self._place.file:
            text = stamp(text, self._place.file, self._answers)
        write_to = self._place.path if text != existing.text else None
        translator = self._header.translator if self._header else None
        compiled = compile_with_examples(self._source, Source(existing.name, text), self._context)
        return Prepared(compiled, warnings=tuple(self._turned()), translator=translator, write_to=write_to)

    def _translated(self) -> Prepared:
        from sopc.english.changes import speaks_of_a_change
        from sopc.english.lock import others_of, split_sop
        from sopc.english.pending import Pending

        place = self._place
        pending = Pending(self._context.config.home, self._workflow.name, place.file) if place.keeps else None
        waiting = None if pending is None else self._waiting(pending)
        if waiting is None:
            sop, work = self._drafted()
            compiled = self._compile_with_examples(sop)
        else:
            sop, work, compiled = waiting
            self._listener.note(f"{self._source.name}: translated before")
        if self._workflow.renamed:
            self._listener.note(f"{self._source.name}: {self._workflow.renamed}")
        self._tell_taken(compiled)
        header, _ = split_sop(sop)
        changes, needless = self._compared(sop, by_model=work is not None)
        return Prepared(
            compiled,
            warnings=(*self._turned(), *self._repaired(work), *self._doubts(compiled), *needless),
            translator=header.translator if header else None,
            translated=True,
            write_to=place.path,
            work=work,
            expects_change=speaks_of_a_change(self._workflow),
            shown=waiting is not None,
            changes=changes,
            old_files=others_of(Path(self._source.name), place.path) if place.path else (),
            pending=pending,
        )

    def _turned(self) -> Iterator[ProgramWarning]:
        """Warnings about invisible characters that reorder the displayed text. The sentences are read without them."""
        from sopc.english.sentences import turned

        for offset in turned(self._source.text)[:_MAX_TURNED]:
            line, column = self._source.position(offset)
            after = (each for each in self._workflow.sentences if offset < each.end)
            around = next(after, self._workflow.sentences[-1])
            what = f"U+{ord(self._source.text[offset]):04X} at line {line}, column {column}"
            message = f"{what} changes the order in which the text is shown, and is left out"
            yield ProgramWarning("T0606", around.number, message, around.text)

    def _waiting(self, pending: Pending) -> tuple[str, Work | None, Compiled] | None:
        """The translation that waits for a yes, if it still holds: stores and examples may have changed. One that
        writes is taken only with a yes; without it, the text is translated again."""
        told = self._options
        if self._given or (told.take == "text" and not told.yes):
            return None
        found = pending.find(self._source.text, told.translator, told.model, self._answers)
        if found is None:
            return None
        try:
            compiled = self._compile_with_examples(found[0])
        except CompileError:
            return None
        return (*found, compiled) if told.yes or told.ask or not compiled.writes else None

    def _compile_with_examples(self, sop: str) -> Compiled:
        from sopc.workflow.examples import compile_with_examples

        name = self._place.path or (f"{self._workflow.name}.sop" if self._place.keeps else STDIN)
        return compile_with_examples(self._source, Source(str(name), sop), self._context)

    def _drafted(self) -> tuple[str, Work | None]:
        from sopc.english.lock import stamp, write_sop

        if self._options.written is not None:
            program, translator = self._options.written
            name = f"{self._workflow.name}.sop"
            pipeline.compile_source(Source(name, program), self._context)  # findings tell its lines, without a header
            return write_sop(program, self._source.text, translator, self._sentences), None
        from sopc.workflow.questions import translate

        told = (self._options.translator, self._options.model, self._listener)
        try:
            draft, self._answers = translate(
                self._source,
                self._workflow,
                self._context,
                *told,
                given=self._given,
                ask=self._options.ask,
                known=self._answers,
                previous=self._previous,
                may_read=self._options.may_read,
            )
        except CompileError as error:
            if not error.diagnostics[0].code.startswith("T02"):  # no findings in the sentences
                note = f"{self._source.name}: the model's program does not hold; --show-work prints every attempt"
                self._listener.note(note)
            self._tell_unreadable()  # a missing database may be why a name is unknown
            raise
        self._tell_unreadable()
        summary = f" ({draft.work.summary})" if draft.work else ""
        self._listener.note(f"{self._source.name}: translated by {draft.translator}{summary}")
        return stamp(draft.sop_text, self._place.file, self._answers), draft.work

    def _tell_unreadable(self) -> None:
        """Tell which databases could not be read, and why."""
        for failure in (*self._context.failures, *self._context.unmet()):
            self._listener.note(f"warning {failure.code}: {failure.message}, so it is left out")

    def _repaired(self, work: Work | None) -> Iterator[ProgramWarning]:
        """Warnings about what rules mended in a model's SQL: a repair can turn a loud error into a silent one."""
        for each in work.rounds if work is not None else ():
            for note in each.repairs:
                yield self._warned("T0613", each.sentence, f"the model's SQL was mended: {note}")

    def _doubts(self, compiled: Compiled) -> list[ProgramWarning]:
        """Warnings where the text and the program may differ."""
        from sopc.english.doubts.check import doubts
        from sopc.workflow.sampler import sampler_of

        schemas = pipeline.usable_schemas(self._context)
        answers = [each.answer for each in self._answers]
        values = sampler_of(self._context, self._listener)
        found = doubts(self._workflow, compiled.program.scripts[-1], schemas, values, answers)
        return [self._warned(each.code, each.sentence, each.message) for each in found]

    def _tell_taken(self, compiled: Compiled) -> None:
        """Tell which fields and stores words were taken for that are not their names."""
        from sopc.english.doubts.taken import taken

        schemas = pipeline.usable_schemas(self._context)
        for number, told in taken(self._workflow, compiled.program.scripts[-1], schemas):
            self._listener.note(f"{self._source.name}: in sentence {number}, {told}")

    def _compared(self, sop: str, *, by_model: bool) -> tuple[tuple[str, ...], list[ProgramWarning]]:
        """The differences to the last translation, and a warning for each unchanged sentence whose steps changed, with
        the reason why the old steps were not kept."""
        from sopc.english.incremental.compare import Before, script_of
        from sopc.english.incremental.reasons import Reasons

        if self._previous is None:
            return (), []
        new = script_of(sop)
        try:
            before = Before(self._previous, self._workflow.sentences, self._answers)
        except CompileError:  # the old program is none any more
            return (), []
        reasons = Reasons(before, new)
        needless = []
        for number in before.touched(new):
            reason = reasons.against(number) or ("its old steps do not fit the program any more" if by_model else None)
            why = "" if reason is None else f" ({reason})"
            needless.append(self._warned("T0605", number, f"it is as it was, and its steps changed{why}"))
        return tuple(before.changes(new)), needless

    def _warned(self, code: str, number: int, message: str) -> ProgramWarning:
        return ProgramWarning(code, number, message, self._workflow.sentences[number - 1].text)


def _beside(source: Source, workflow: Workflow, take: Take | None) -> Place:
    """The place of a text in a file: NAME.sop in the same folder."""
    from sopc.english.lock import check_source, split_sop

    if source.name == STDIN:
        return NOWHERE
    text = Path(source.name)
    path = text.with_name(f"{workflow.name}.sop")
    existing = pipeline.read(str(path)) if take != "text" and path.exists() else None  # else it is replaced
    check_source(split_sop(existing.text)[0] if existing else None, text, path)
    return Place(existing, path, text.name)

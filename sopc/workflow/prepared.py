"""A source of any kind → a prepared program: compiled, its examples run, with its warnings. Nothing is stored yet.

An English text that has a program (beside it, or in the library) is not translated again while the text stays the same.
When the text changes, sentences that did not change keep their steps. A translation that nobody has accepted waits in
the home folder, so that a yes applies to the program that was shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module
from runtime.errors import SopError, UsageError
from runtime.library.records import Entry
from runtime.library.store import Library
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.pipeline import Compiled, Kind
from sopc.source import STDIN, Source

if TYPE_CHECKING:
    from sopc.english.lock import Answer, Header
    from sopc.english.model_records import Work
    from sopc.english.pending import Pending
    from sopc.english.sentences import Workflow
    from sopc.listener import ProgressListener
    from sopc.sql.statement import Dialect
    from sopc.workflow.questions import Answers, AskPerson
    from sopc.workflow.readings import MayRead

__all__ = (
    "NOWHERE",
    "Options",
    "Place",
    "Prepared",
    "ProgramWarning",
    "Take",
    "prepare",
    "prepare_file",
    "prompt_for",
    "stored_place",
)

Take = Literal["text", "sop"]
_EDITED: Final = "0" * 64  # in place of the hash of a generated program, when a person has edited the program


@dataclass(frozen=True)
class Options:
    """How a caller wants a text prepared.

    Attributes:
        translator, model: what translates; None takes it from the settings.
        take: which side wins when both the text and its program changed.
        locked: fail instead of translating.
        yes: accept what is new: take a translation that waits for a yes as it is.
        answers: answers given beforehand.
        ask: asks a person; None if nobody can be asked.
        listener: is told of progress.
        dialect: what SQL is written in; None for that of the database.
        may_read: whether the caller may see rows of these databases, which show in what readings differ; None if of
            all.
    """

    translator: str | None = None
    model: str | None = None
    take: Take | None = None
    locked: bool = False
    yes: bool = False
    answers: Answers | None = None
    ask: AskPerson | None = None
    listener: ProgressListener | None = None
    dialect: Dialect | None = None
    may_read: MayRead | None = None


_MAX_TURNED: Final = 20


class ProgramWarning(NamedTuple):
    """A warning for the author of a program.

    Attributes:
        code: of its explanation (`sopc error CODE`).
        sentence: the number of the sentence, from 1; 0 for a text without sentences.
        message: what to look at.
        about: the sentence, or the part of the text.
    """

    code: str
    sentence: int
    message: str
    about: str

    def __str__(self) -> str:
        where = f"sentence {self.sentence}: " if self.sentence else ""
        return f"{self.code}: {where}{self.message}: “{self.about}”"


@dataclass(frozen=True)
class Place:
    """Where the program of an English text is kept.

    Attributes:
        existing: the program there with its header; None if there is none.
        path: the .sop file to write a new program to; None if it goes into the library only.
        file: the name of the text's file; "" if the text is not in a file.
        keeps: whether a translation that nobody has accepted is kept for a later yes.
    """

    existing: Source | None = None
    path: Path | None = None
    file: str = ""
    keeps: bool = True


NOWHERE = Place(keeps=False)


@dataclass(frozen=True)
class Prepared:
    """A compiled source, ready to be stored.

    Attributes:
        compiled: The program and its modules.
        warnings: what only the text or only the program names, steps that changed without need, and what the data tell.
        translator: what translated it; None if it was not English.
        translated: whether it is a new translation.
        write_to: the .sop file to write; None if there is nothing to write.
        work: the requests to a model and its replies.
        expects_change: whether the English text asks for a change to the data; True for other sources.
        shown: whether somebody has seen it, because it waited for a yes.
        changes: the differences to the last translation, as lines that begin with `-` or `+`.
        old_files: .sop files of the same text under an earlier title.
        pending: Where a translation that waits for a yes is kept; None if nowhere.
    """

    compiled: Compiled
    warnings: tuple[ProgramWarning, ...] = ()
    translator: str | None = None
    translated: bool = False
    write_to: Path | None = None
    work: Work | None = None
    expects_change: bool = True
    shown: bool = False
    changes: tuple[str, ...] = ()
    old_files: Sequence[Path] = ()
    pending: Pending | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name of its script; of several, the last one's."""
        return self.compiled.modules[-1].signature.name

    @property
    def program(self) -> str:
        """In the language, without the .sop file's header."""
        from sopc.english.lock import split_sop

        return split_sop(self.compiled.source.text)[1].strip("\n")

    @property
    def is_sql(self) -> bool:
        """Whether it was made from a statement in SQL."""
        return (self.translator or "").startswith("sql ")

    @property
    def writes(self) -> list[str]:
        """The stores that its scripts change."""
        return self.compiled.writes

    @property
    def is_unexpected(self) -> bool:
        """Whether a model's program writes although the text asks for no change, and nobody has seen it. `--yes` alone
        does not accept such a program."""
        return bool(self.work and self.writes and not self.expects_change and not self.shown)

    def keep(self) -> None:
        """Keep a translation until it is accepted.

        Raises:
            SopError: C0109 when it can't be written.
        """
        if self.pending is not None:
            self.pending.keep(self.compiled.source.text, self.work)

    def forget(self) -> None:
        """Delete the translation that was kept for a yes."""
        if self.pending is not None:
            self.pending.drop()


def prepare(
    source: Source, context: Context, options: Options, place: Place | None = None, kind: Kind | None = None
) -> Prepared:
    """Compile a source, run its examples and collect its warnings. Nothing is stored.

    Args:
        source: English, a program, or a tree as JSON.
        context: The databases and scripts that it can use.
        options: How English is translated, answers and consents.
        place: where the program of an English text is kept; None for the .sop file beside the source's file.
        kind: what the source is; None finds out from its name and its first characters.

    Returns:
        The program with its warnings.

    Raises:
        CompileError: everything that is wrong with it, failing examples included.
        SopError: T0110 when both the text and its program changed, T0112 when locked, T03xx from the translator.
        NeedsAnswer: T0210 when the text leaves something open.
    """
    try:
        found = _prepared(source, context, options, place, kind or _kind_of(source, options))
    except CompileError as error:
        from sopc.workflow.examples import with_hints

        raise with_hints(error) from None
    return replace(found, warnings=(*found.warnings, *_of_data(found.compiled, context, options)))


def _of_data(compiled: Compiled, context: Context, options: Options) -> Iterator[ProgramWarning]:
    """Warnings for what the data make of a program."""
    from sopc.listener import ProgressListener
    from sopc.workflow.data_warnings import data_warnings
    from sopc.workflow.translation import sampler_of

    listener = options.listener or ProgressListener()
    for each in data_warnings(compiled, context, lambda: sampler_of(context, listener)):
        yield ProgramWarning(*each)


def _prepared(source: Source, context: Context, options: Options, place: Place | None, kind: Kind) -> Prepared:
    if kind == "tree":
        return Prepared(pipeline.compile_source(pipeline.parse_tree(source), context))
    if kind == "sql":
        return _from_sql(source, context, options)
    if kind == "dsl" and place is not None:
        return Prepared(pipeline.compile_source(_with_its_header(source, place), context))
    if kind == "dsl":
        return Prepared(_with_its_examples(source, context))
    return _English(source, context, options, place).prepared()


def _kind_of(source: Source, options: Options) -> Kind:
    """Its kind; a dialect says that standard input is SQL."""
    return "sql" if options.dialect is not None and source.name == STDIN else pipeline.kind_of(source)


def _from_sql(source: Source, context: Context, options: Options) -> Prepared:
    from sopc.listener import ProgressListener
    from sopc.workflow.sql import compile_sql

    listener = options.listener or ProgressListener()
    compiled, converted, dialect = compile_sql(source, context, options.dialect, listener)
    warnings = tuple(
        ProgramWarning(
            "T0607", 0, message, " ".join(source.text[span.start : span.end].split()) if span else source.name
        )
        for message, span in converted.warnings
    )
    return Prepared(compiled, warnings=warnings, translator=f"sql {dialect}")


def prepare_file(path: str, context: Context, options: Options) -> Prepared:
    """Prepare a file, as `prepare` does. Errors name the file.

    Args:
        path: The file, or `-` for standard input.
        context: The databases and scripts that it can use.
        options: How English is translated, answers and consents.

    Returns:
        The program with its warnings.
    """
    source = pipeline.read(path)
    try:
        return prepare(source, context, options)
    except SopError as error:
        if path not in error.message and not isinstance(error, UsageError):
            error.file = path
        raise


def prompt_for(source: Source, context: Context, options: Options) -> list[dict[str, str]]:
    """Return the first request that a model would get for a text.

    Args:
        source: The text.
        context: The databases and scripts that it can use.
        options: How English is translated.
    """
    return _English(source, context, options, None).prompt()


def stored_place(name: str, library: Library, take: Take | None) -> Place:
    """Return the place of a text that is not in a file: its program is the stored script of this name.

    Args:
        name: The script's name.
        library: The stored scripts.
        take: Which to keep when both the text and its program changed; None to refuse then.
    """
    from sopc.english.lock import with_header

    entry = None if take == "text" else library.find(name)
    if entry is None:
        return Place()
    module = decode(library.load(entry.hash))
    header, body = _header_of(entry, module), module.debug.source
    return Place(Source(f"{name}.sop", body if header is None else with_header(header, body)))


def _header_of(entry: Entry, module: Module) -> Header | None:
    """The header that the .sop file of a stored translation would have; None for a hand-written script."""
    from sopc.english.lock import Answer, Header, content_hash

    origin = entry.provenance
    if not origin.text_hash:
        return None
    return Header(
        origin.text_hash.removeprefix("sha256:"),
        _EDITED if origin.edited else content_hash(module.debug.source.strip("\n") + "\n"),
        f"{origin.translator} {origin.model}".strip(),
        entry.when,
        module.debug.sentences,
        answers=tuple(Answer(*each) for each in origin.answers),
    )


def _with_its_header(program: Source, place: Place) -> Source:
    """A program put in place of a translation counts as an edit of it: it keeps the sentences and their hash."""
    from sopc.english.lock import split_sop, with_header

    header = split_sop(place.existing.text)[0] if place.existing else None
    if header is None or split_sop(program.text)[0] is not None:
        return program
    return Source(program.name, with_header(header, program.text))


def _with_its_examples(program: Source, context: Context) -> Compiled:
    """Compile a DSL source, with the examples of the text it was made from, if that text is beside it."""
    from sopc.english.lock import split_sop
    from sopc.workflow.examples import compile_with_examples

    header, _ = split_sop(program.text)
    if header is not None and header.source and program.name != STDIN:
        text = Path(program.name).with_name(header.source)
        if text.is_file():
            return compile_with_examples(pipeline.read(str(text)), program, context)
    return pipeline.compile_source(program, context)


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


class _English:
    """Prepares an English text: takes the existing program if it is still the text's, else translates."""

    def __init__(self, source: Source, context: Context, options: Options, place: Place | None) -> None:
        from sopc.english.lock import split_sop
        from sopc.english.questions import kept
        from sopc.english.sentences import read_workflow
        from sopc.listener import ProgressListener
        from sopc.workflow.questions import Answers

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
        from sopc.english.lock import stamp
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
        for failure in self._context.failures:
            self._listener.note(f"warning {failure.code}: {failure.message}, so it is left out")

    def _repaired(self, work: Work | None) -> Iterator[ProgramWarning]:
        """Warnings about what rules mended in a model's SQL: a repair can turn a loud error into a silent one."""
        for each in work.rounds if work is not None else ():
            for note in each.repairs:
                yield self._warned("T0613", each.sentence, f"the model's SQL was mended: {note}")

    def _doubts(self, compiled: Compiled) -> list[ProgramWarning]:
        """Warnings where the text and the program may differ."""
        from sopc.english.doubts.check import doubts
        from sopc.workflow.translation import sampler_of

        schemas = pipeline.usable_schemas(self._context)
        answers = [each.answer for each in self._answers]
        values = sampler_of(self._context, self._listener)
        found = doubts(self._workflow, compiled.program.scripts[-1], schemas, values, answers)
        return [self._warned(each.code, each.sentence, each.message) for each in found]

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

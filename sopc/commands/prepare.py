"""A source of any kind → compiled, with its examples held against it; nothing is written or stored yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from runtime.commands.app import Console
from runtime.errors import SopError, UsageError
from sopc import pipeline
from sopc.commands.questions import drafted
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.pipeline import STDIN, Compiled
from sopc.source import Source

if TYPE_CHECKING:
    from sopc.english.lock import Answer
    from sopc.english.model.records import Work
    from sopc.english.pending import Pending
    from sopc.english.sentences import Workflow

Take = Literal["text", "sop"]


@dataclass(frozen=True)
class Settings:
    """take: which side wins when text and .sop file both changed. translator, model: as told by flag or SOP_*.
    locked: a translation is an error. show_work: print what a model is asked. answers: to questions, by the number of
    their sentence; used: the numbers of those that were asked. asks: a person can be asked. yes: what is new is
    accepted, so that a translation which was refused is taken as it is."""

    take: Take | None = None
    translator: str | None = None
    model: str | None = None
    locked: bool = False
    show_work: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    yes: bool = False
    used: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Prepared:
    """A compiled source. translated: it is a new translation. write_to: where its .sop file goes, None when there is
    nothing to write. work: what a model was asked for it. asks_for_change: whether its text, where it is English,
    speaks of a change to the data. pending: where a translation is kept until it is accepted; shown: it was kept there,
    so it was shown before. changes: what the last translation said otherwise, as lines with `-` and `+`. old: .sop
    files of the same text, from when it had another title."""

    compiled: Compiled
    translated: bool
    write_to: Path | None = None
    work: Work | None = None
    asks_for_change: bool = True
    pending: Pending | None = None
    shown: bool = False
    changes: tuple[str, ...] = ()
    old: Sequence[Path] = ()

    @property
    def name(self) -> str:
        """Of its script, the last one where it has several."""
        return self.compiled.modules[-1].signature.name

    @property
    def writes(self) -> list[str]:
        """The stores that its scripts change."""
        return sorted({store for module in self.compiled.modules for store in module.effects.writes})

    @property
    def surprises(self) -> bool:
        """Whether a model's program writes where nothing in the text speaks of a change, and nobody has seen it: a yes
        that was said beforehand is none to this."""
        return bool(self.work and self.writes and not self.asks_for_change and not self.shown)

    def keep(self) -> None:
        """A translation, until it is accepted."""
        if self.pending is not None:
            self.pending.keep(self.compiled.source.text, self.work)

    def forget(self) -> None:
        if self.pending is not None:
            self.pending.drop()


def prepare(path: str, context: Context, settings: Settings, console: Console) -> Prepared:
    """Read a source of any kind and compile it. Raises CompileError, SopError, NeedsAnswer T0210."""
    source = pipeline.read(path)
    try:
        return _prepared(source, context, settings, console)
    except CompileError as error:
        raise with_ways_on(error) from None
    except SopError as error:
        if path not in error.message and not isinstance(error, UsageError):
            error.file = path
        raise


def _prepared(source: Source, context: Context, settings: Settings, console: Console) -> Prepared:
    kind = pipeline.kind_of(source)
    if kind == "dsl":
        return Prepared(_with_its_examples(source, context), translated=False)
    if kind == "tree":
        return Prepared(pipeline.compile_source(pipeline.parse_tree(source), context), translated=False)
    return _English(source, context, settings, console).prepared()


def with_ways_on(error: CompileError) -> CompileError:
    """The same, saying what can be done about examples that do not hold. A model is not told: it can do but one."""
    hint = "correct the example, the sentence or the program"
    found = (replace(each, hint=each.hint or hint) if each.code == "T0403" else each for each in error.diagnostics)
    return CompileError(error.source, list(found))


def prompt_for(path: str, context: Context, settings: Settings, console: Console) -> list[dict[str, str]]:
    """What a model would be sent first for a text."""
    return _English(pipeline.read(path), context, settings, console).prompt()


def tried(text: Source, program: Source, context: Context) -> Compiled:
    """The program of a text, compiled, with its examples in it. Raises CompileError T0402, T0403 where one does not
    hold."""
    compiled = pipeline.compile_source(program, context)
    findings = pipeline.run_examples(text, compiled, context)
    if findings:
        raise CompileError(text, findings)
    return pipeline.keep_examples(text, compiled)


def _with_its_examples(program: Source, context: Context) -> Compiled:
    """A DSL source, compiled; with the examples of the text that it was made of, where that is beside it."""
    from sopc.english.lock import split_sop

    header, _ = split_sop(program.text)
    if header is not None and header.source and program.name != STDIN:
        text = Path(program.name).with_name(header.source)
        if text.is_file():
            return tried(pipeline.read(str(text)), program, context)
    return pipeline.compile_source(program, context)


class _English:
    """A text on its way: the .sop file beside it where that is its program, else a translation."""

    def __init__(self, source: Source, context: Context, settings: Settings, console: Console) -> None:
        from sopc.english.lock import check_source, split_sop
        from sopc.english.questions import kept
        from sopc.english.sentences import read_workflow

        self.source = source
        self.context = context
        self.settings = settings
        self.console = console
        self.workflow: Workflow = read_workflow(source.text, pipeline.stem(source))
        self.beside = None if source.name == STDIN else Path(source.name).with_name(f"{self.workflow.name}.sop")
        self.file = "" if self.beside is None else Path(source.name).name
        self.existing = None
        if settings.take != "text" and self.beside is not None and self.beside.exists():
            self.existing = pipeline.read(str(self.beside))  # else it is replaced, whatever it holds
        self.header = split_sop(self.existing.text)[0] if self.existing else None
        if self.beside is not None:
            check_source(self.header, Path(source.name), self.beside)
        self.answers: list[Answer] = kept(self.header.answers if self.header else (), self.workflow)

    @property
    def previous(self) -> str | None:
        """The .sop file of the last translation, which a new one should change as little as possible."""
        return self.existing.text if self.existing and self.header and self.header.sentences else None

    def prompt(self) -> list[dict[str, str]]:
        told = self.settings
        return pipeline.prompt(
            self.source, self.context, told.translator, told.model, answers=self.answers, previous=self.previous
        )

    def prepared(self) -> Prepared:
        from sopc.english.examples.read import read_examples
        from sopc.english.lock import decide, locked

        sentences = [sentence.text for sentence in self.workflow.sentences]
        existing = self.existing
        if existing and decide(self.source.text, sentences, existing.text, self.settings.take) == "sop":
            return self._as_it_is(existing, sentences)
        if self.settings.locked:
            raise locked(self.source.name, self.beside.name if self.beside else None, exists=existing is not None)
        read_examples(self.source)  # before anything is sent or translated
        return self._translated()

    def _as_it_is(self, existing: Source, sentences: Sequence[str]) -> Prepared:
        from sopc.english.lock import keep_sop, stamp

        text = existing.text
        if self.settings.take == "sop":
            text = keep_sop(text, self.source.text, sentences)
        if self.header is None or self.header.source != self.file:
            text = stamp(text, self.file, self.answers)
        kept = Source(existing.name, text)
        write_to = self.beside if text != existing.text else None
        return Prepared(tried(self.source, kept, self.context), translated=False, write_to=write_to)

    def _translated(self) -> Prepared:
        from sopc.english.changes import speaks_of_a_change
        from sopc.english.lock import others_of
        from sopc.english.pending import Pending

        pending = Pending(self.context.config.home, self.workflow.name, self.file) if self.beside else None
        kept = None if pending is None else self._kept(pending)
        if kept is None:
            sop, work = self._drafted()
            compiled = self._tried(sop)
        else:
            sop, work, compiled = kept
            self.console.note(f"{self.source.name}: translated before")
        if self.workflow.renamed:
            self.console.note(f"{self.source.name}: {self.workflow.renamed}")
        self._doubt(compiled)
        changes = self._compare(sop, by_model=work is not None)
        asks, shown = speaks_of_a_change(self.workflow), kept is not None
        old = [] if self.beside is None else others_of(Path(self.source.name), self.beside)
        return Prepared(compiled, True, self.beside, work, asks, pending, shown, changes, old)

    def _kept(self, pending: Pending) -> tuple[str, Work | None, Compiled] | None:
        """A translation that waits and holds: stores and examples may have changed since. One that writes waits for a
        yes; without, the text is translated anew."""
        told = self.settings
        if told.answers or (told.take == "text" and not told.yes):
            return None
        found = pending.find(self.source.text, told.translator, told.model, self.answers)
        if found is None:
            return None
        try:
            compiled = self._tried(found[0])
        except CompileError:
            return None
        writes = any(module.effects.writes for module in compiled.modules)
        return None if writes and not (told.yes or told.asks) else (*found, compiled)

    def _tried(self, sop: str) -> Compiled:
        return tried(self.source, Source(str(self.beside) if self.beside else STDIN, sop), self.context)

    def _drafted(self) -> tuple[str, Work | None]:
        from sopc.english.lock import stamp

        command = f"sopc compile {{}} {quote(self.source.name)}"
        told = (self.context, self.settings, self.console, command)
        known, previous = self.answers, self.previous
        try:
            draft, self.answers = drafted(self.source, self.workflow, *told, answers=known, previous=previous)
        except CompileError as error:
            if not error.diagnostics[0].code.startswith("T02"):  # no findings in the sentences
                note = f"{self.source.name}: the model's program does not hold; --show-work prints every attempt"
                self.console.note(note)
            raise
        self.console.unreadable(self.context.failures)
        summary = f" ({draft.work.summary})" if draft.work else ""
        self.console.note(f"{self.source.name}: translated by {draft.translator}{summary}")
        return stamp(draft.sop_text, self.file, self.answers), draft.work

    def _doubt(self, compiled: Compiled) -> None:
        """Note what the text names and the program leaves out, or the other way round."""
        from sopc.english.lint import doubts

        for each in doubts(self.workflow, compiled.file.scripts[-1], pipeline.usable_schemas(self.context)):
            sentence = self.workflow.sentences[each.sentence - 1].text
            self.console.note(f"warning: sentence {each.sentence}: {each.message}: “{sentence}”")

    def _compare(self, sop: str, *, by_model: bool) -> tuple[str, ...]:
        """What the last translation said otherwise; it is noted where sentences that did not change became something
        else, and why that was left so."""
        from sopc.english.incremental.compare import Before, script_of
        from sopc.english.incremental.reasons import Reasons

        if self.previous is None:
            return ()
        new = script_of(sop)
        try:
            before = Before(self.previous, self.workflow.sentences, self.answers)
        except CompileError:  # the old program is none any more
            return ()
        reasons = Reasons(before, new)
        for number in before.touched(new):
            sentence = self.workflow.sentences[number - 1].text
            reason = reasons.against(number) or ("its old steps do not fit the program any more" if by_model else None)
            why = "" if reason is None else f" ({reason})"
            self.console.note(f"warning: sentence {number} is as it was, and its steps changed{why}: “{sentence}”")
        return tuple(before.changes(new))

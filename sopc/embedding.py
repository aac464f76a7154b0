"""A library → one that compiles too: English, the language and queries; for the public API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime import embedding
from runtime.embedding import load_config
from runtime.errors import SopError
from runtime.library.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.bytecode.module import Effects, Module
    from runtime.library.store import Item
    from runtime.results import Result
    from sopc import diagnostics
    from sopc.context import Context
    from sopc.source import Source
    from sopc.tree import nodes
    from sopc.workflow.answers import NeedsAnswer
    from sopc.workflow.prepared import Prepared

__all__ = (
    "Compilation",
    "CompileError",
    "Finding",
    "Library",
    "Refused",
    "Script",
    "check",
    "compile",
    "explain",
    "format",
    "open",
    "parse",
    "prepare",
)


@dataclass(frozen=True)
class Finding:
    """Something wrong with a source.

    Attributes:
        code: Letter and four digits; `sopc error CODE` explains it.
        message: What is wrong.
        hint: What to try, or None.
        line: From 1; None where it is about the whole.
        column: From 1; None where it is about the whole.
        sentence: Of an English text, from 1.
        choices: Answers to choose from, where it is a question.
    """

    code: str
    message: str
    hint: str | None = None
    line: int | None = None
    column: int | None = None
    sentence: int | None = None
    choices: tuple[str, ...] = ()


class CompileError(SopError):
    """A source can't be compiled. Its code, message and hint are those of the first of its findings.

    Args:
        findings: All that is wrong with the source.
        file: The source's name.
    """

    def __init__(self, findings: Sequence[Finding], file: str) -> None:
        first = findings[0]
        super().__init__(first.code, first.message, first.hint)
        self.findings = list(findings)
        self.file = file

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        """The choices, and the other findings."""
        choices = [f"  {number}. {choice}" for number, choice in enumerate(self.findings[0].choices, 1)]
        return [*super().__notes__, *choices, *(f"{each.code}: {each.message}" for each in self.findings[1:])]


class Refused(CompileError):
    """A text leaves something open that only its author can say: in the text, or by `answers`.

    Args:
        findings: The question.
        file: The source's name.

    Attributes:
        sentence: The key for `answers`; 0 for the whole text.
        choices: The answers to choose from, in words; none if any words are accepted.
    """

    def __init__(self, findings: Sequence[Finding], file: str) -> None:
        super().__init__(findings, file)
        self.sentence = findings[0].sentence or 0
        self.choices = findings[0].choices


@dataclass(frozen=True)
class Script:
    """A compiled script.

    Attributes:
        name: Its name.
        version: Its number in the library; 0 for one that is not stored.
        program: Its program in the language.
        explained: The program in English.
        effects: What it may read, write and call.
    """

    name: str
    version: int
    program: str = field(repr=False)
    explained: str = field(repr=False)
    effects: Effects


@dataclass(frozen=True)
class Compilation:
    """What became of a source; an iterator over its scripts.

    Attributes:
        scripts: In the source's order; an English text makes one.
        program: All of it in the language.
        explained: All of it in English.
        effects: What its scripts together may read, write and call.
        doubts: What its author may not have meant.
    """

    scripts: tuple[Script, ...]
    program: str = field(repr=False)
    doubts: tuple[str, ...]

    def __iter__(self) -> Iterator[Script]:
        return iter(self.scripts)

    @property
    def explained(self) -> str:
        return "\n".join(script.explained for script in self.scripts)

    @property
    def effects(self) -> Effects:
        return self.scripts[0].effects.joined([script.effects for script in self.scripts[1:]])


class Library(embedding.Library):
    """Scripts, the databases that they use, and the compiler."""

    def compile(
        self,
        source: str | Path,
        *,
        yes: bool = False,
        translator: str | None = None,
        answers: Mapping[int, str | int] | None = None,
    ) -> Compilation:
        """Compile a source and store its scripts.

        Args:
            source: the path of a file, of a kind that its ending says (.txt, .sop, .sql, .json); or a text, in English,
                in the language, or a tree as JSON.
            yes: store a new translation of English that writes.
            translator: `patterns`, `model` or `local`; None for that of sop.toml.
            answers: what the text leaves open: by sentence, the number or the words of a choice.

        Returns:
            The scripts with their versions, the program and what is doubted of it.

        Raises:
            CompileError: all that is wrong with it.
            Refused: it leaves something open.
            Error: C0108 without `yes`, for a translation that writes.
        """
        from sopc.workflow.stored import Consents, NeedsYes, store

        with self.context() as context:
            prepared = prepare_in(source, context, translator, yes=yes, answers=answers)
            try:
                outcome = store([prepared], context, Consents(yes))
            except NeedsYes as error:
                hint = "sopc.prepare(text, library).program shows it, yes=True stores it"
                raise SopError(error.code, error.message, hint) from None
        return compilation_of(prepared, {stored.entry.name: stored.entry.version for stored in outcome.scripts})

    def do(self, text: str, *, translator: str | None = None, answers: Mapping[int, str | int] | None = None) -> Result:
        """Translate an English sentence and run it once; it may only read.

        Args:
            text: The sentence, or several.
            translator: `patterns`, `model` or `local`; None for that of sop.toml.
            answers: As of `compile`.

        Returns:
            Its records, while they are read.

        Raises:
            CompileError: It is not understood.
            Refused: It leaves something open.
            Error: C0111 where it would write; else as `run`.
        """
        from sopc.source import Source

        with self.context() as context:
            source = Source("request.txt", text)
            prepared = prepare_in(source, context, translator, answers=answers)
            if prepared.writes:
                message = f"this would write {', '.join(prepared.writes)}, and `do` only reads"
                raise SopError("C0111", message, "library.compile(text, yes=True) stores it, library.run runs it")
            items = prepared.compiled.items()
        return self._once(items, prepared.name)

    def query(self, text: str) -> Result:
        """Run a query of the language, such as `from sales limit 3`."""
        from sopc import pipeline

        with self.context() as context:
            compiled = pipeline.compile_query(text, context)
        return self._once(compiled.items(), compiled.modules[0].signature.name)

    @contextmanager
    def context(self) -> Iterator[Context]:
        """What the stages look up; errors of the compiler become public ones."""
        from sopc.context import Context

        with _public_errors(), Context(self.config, self.stored) as context:
            yield context

    def _once(self, items: Sequence[Item], name: str) -> Result:
        return self._read(Overlay(self.stored, items), name)


def open(home: str | None = None, databases: Mapping[str, str] | None = None) -> Library:
    """Open a library of scripts, its databases and the compiler.

    Args:
        home: Folder of the library; None to find it as the commands do (`SOP_HOME`, the nearest `.sop`, …).
        databases: URL by name, before those of sop.toml.

    Returns:
        The library, to be used in a `with` block.

    Raises:
        Error: The settings or the library can't be read.
    """
    return Library(load_config(home, databases))


# ── the stages ─────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _public_errors() -> Iterator[None]:
    """Errors of the compiler become public ones, which say all that they do."""
    from sopc import diagnostics
    from sopc.workflow.answers import NeedsAnswer

    try:
        yield
    except diagnostics.CompileError as error:
        raise CompileError(findings_of(error), error.source.name) from None
    except NeedsAnswer as error:
        raise Refused([_asked(error)], error.source.name) from None


@_public_errors()
def parse(text: str) -> nodes.File:
    """Read a program of the language.

    Args:
        text: The program.

    Returns:
        The tree (pydantic). Names and types are not checked.

    Raises:
        CompileError: E01xx.
    """
    from sopc import pipeline
    from sopc.source import Source

    return pipeline.parse(Source("text", text))


@_public_errors()
def format(text: str) -> str:
    """Lay out a program of the language, comments kept.

    Args:
        text: The program.

    Returns:
        The program in the standard layout.

    Raises:
        CompileError: E01xx.
    """
    from sopc.source import Source
    from sopc.syntax.format import format_source

    return format_source(Source("text", text))


def check(text: str, library: Library) -> list[Finding]:
    """Compile a text of any kind and store nothing.

    Args:
        text: English, a program, or a tree as JSON.
        library: Scripts that it may call, and databases.

    Returns:
        Everything that is wrong with it, in its order; empty where it can be stored.
    """
    try:
        with library.context() as context:
            prepare_in(text, context, None)
    except CompileError as error:
        return error.findings
    return []


def compile(text: str, library: Library) -> list[Module]:
    """Compile a text of any kind and store nothing; `Library.compile` stores.

    Args:
        text: English, a program, or a tree as JSON.
        library: Scripts that it may call, and databases.

    Returns:
        Bytecode modules, one a script.

    Raises:
        CompileError: All that is wrong with it.
    """
    with library.context() as context:
        return prepare_in(text, context, None).compiled.modules


def prepare(text: str, library: Library) -> Compilation:
    """Compile a text of any kind, to look at: program, effects, doubts, the program in English. Stores nothing.

    Args:
        text: English, a program, or a tree as JSON.
        library: Scripts that it may call, and databases.

    Returns:
        Its scripts, with version 0.

    Raises:
        CompileError: All that is wrong with it.
    """
    with library.context() as context:
        return compilation_of(prepare_in(text, context, None), {})


def prepare_in(
    source: str | Path | Source,
    context: Context,
    translator: str | None,
    *,
    yes: bool = False,
    answers: Mapping[int, str | int] | None = None,
) -> Prepared:
    """A source, prepared in a context. A `Source` is English, and nothing is kept of its translation."""
    from sopc.source import Source
    from sopc.workflow import NOWHERE, Answers, Options, prepare, prepare_file

    given = Answers({str(sentence): str(answer) for sentence, answer in (answers or {}).items()})
    options = Options(translator=translator, yes=yes, answers=given)
    if isinstance(source, Source):
        prepared = prepare(source, context, options, NOWHERE, kind="english")
    elif isinstance(source, Path) or _is_path(source):
        prepared = prepare_file(str(source), context, options)
    else:
        prepared = prepare(_unnamed(source), context, options)
    given.check_used()
    return prepared


def _is_path(text: str) -> bool:
    """Whether a text is the path of a source: one line, with the ending of one."""
    from sopc.pipeline import ENDINGS

    return "\n" not in text and Path(text).suffix.lower() in ENDINGS


def explain(module: Module) -> str:
    """Say a compiled script in English, with its author's sentences beside it where it has some.

    Args:
        module: As of `compile`, or of a library's `module`.

    Returns:
        Text of lines, at most 100 columns wide.
    """
    from sopc.explainer.beside import to_text
    from sopc.explainer.script import explain_module

    return to_text(explain_module(module), module.debug.sentences)


def compilation_of(prepared: Prepared, versions: Mapping[str, int]) -> Compilation:
    """What became of a source. versions: by name, 0 where it is not stored."""
    scripts = tuple(
        Script(
            module.signature.name,
            versions.get(module.signature.name, 0),
            module.debug.source,
            explain(module),
            module.effects,
        )
        for module in prepared.compiled.modules
    )
    return Compilation(scripts, prepared.program, tuple(map(str, prepared.warnings)))


def findings_of(error: diagnostics.CompileError) -> list[Finding]:
    """The findings as the public API has them."""
    found = []
    for each in error.diagnostics:
        data: dict[str, Any] = each.to_json(error.source)
        found.append(
            Finding(
                each.code, each.message, each.hint, data.get("line"), data.get("column"), each.sentence, each.choices
            )
        )
    return found


def _asked(error: NeedsAnswer) -> Finding:
    """What a text leaves open."""
    question = error.question
    if question is None:
        return Finding(error.code, error.message, error.hint)
    number = question.sentence
    hint = f"say it in the text, or answers={{{number}: {1 if question.said else '…'}}}"
    return Finding(error.code, error.message, hint, sentence=number or None, choices=question.said)


def _unnamed(text: str) -> Source:
    """A text that is no file, so that nothing is written beside it."""
    from sopc.source import STDIN, Source

    return Source(STDIN, text)

"""A library → one that compiles too: English, the language and queries; for the public API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    from sopc.workflow.prepared import Prepared

__all__ = (
    "CompileError",
    "Finding",
    "Library",
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
        error: The compiler's own error.

    Attributes:
        findings: All that is wrong with the source.
        file: The source's name.
    """

    def __init__(self, error: diagnostics.CompileError) -> None:
        self.findings = findings_of(error)
        first = self.findings[0]
        super().__init__(first.code, first.message, first.hint)
        self.file = error.source.name


@dataclass(frozen=True)
class Script:
    """A compiled script.

    Attributes:
        name: Its name.
        version: Its number in the library; 0 for one that is not stored.
        program: Its program in the language.
        explained: The program in English.
        effects: What it may read, write and call.
        warnings: What its author may not have meant.
    """

    name: str
    version: int
    program: str
    explained: str
    effects: Effects
    warnings: tuple[str, ...]


class Library(embedding.Library):
    """Scripts, the databases that they use, and the compiler."""

    def compile(self, source: str | Path, *, yes: bool = False, translator: str | None = None) -> list[Script]:
        """Compile a source and store its scripts.

        Args:
            source: a Path to a file; or a text, in English, in the language, or a tree as JSON.
            yes: store a new translation of English that writes.
            translator: `patterns`, `model` or `local`; None for that of sop.toml.

        Returns:
            The scripts with their versions.

        Raises:
            CompileError: all that is wrong with it.
            Error: C0108 without `yes`, for a translation that writes.
        """
        from sopc.workflow.stored import Consents, store

        with self.context() as context:
            prepared = prepare_in(source, context, translator, yes=yes)
            outcome = store([prepared], context, Consents(yes))
        versions = {stored.entry.name: stored.entry.version for stored in outcome.scripts}
        return scripts_of(prepared, versions)

    def do(self, text: str, *, translator: str | None = None) -> Result:
        """Translate an English sentence and run it once; it may only read.

        Args:
            text: The sentence, or several.
            translator: `patterns`, `model` or `local`; None for that of sop.toml.

        Returns:
            Its records, while they are read.

        Raises:
            CompileError: It is not understood.
            Error: C0111 where it would write; else as `run`.
        """
        from sopc.source import Source
        from sopc.workflow.prepared import NOWHERE, Options
        from sopc.workflow.sources import prepare

        with self.context() as context:
            source = Source("request.txt", text)
            prepared = prepare(source, context, Options(translator=translator), NOWHERE, kind="english")
            if prepared.writes:
                raise SopError("C0111", f"this would write {', '.join(prepared.writes)}, and `do` only reads")
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
    """Errors of the compiler become public ones."""
    from sopc import diagnostics

    try:
        yield
    except diagnostics.CompileError as error:
        raise CompileError(error) from error


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


def prepare(text: str, library: Library) -> list[Script]:
    """Compile a text of any kind, to look at: program, effects, warnings, the program in English. Stores nothing.

    Args:
        text: English, a program, or a tree as JSON.
        library: Scripts that it may call, and databases.

    Returns:
        Its scripts, with version 0.

    Raises:
        CompileError: All that is wrong with it.
    """
    with library.context() as context:
        return scripts_of(prepare_in(text, context, None), {})


def prepare_in(source: str | Path, context: Context, translator: str | None, *, yes: bool = False) -> Prepared:
    """A source, prepared in a context."""
    from sopc.workflow import Options, prepare, prepare_file

    options = Options(translator=translator, yes=yes)
    if isinstance(source, Path):
        return prepare_file(str(source), context, options)
    return prepare(_unnamed(source), context, options)


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


def scripts_of(prepared: Prepared, versions: Mapping[str, int]) -> list[Script]:
    """What became of a source. versions: by name, 0 where it is not stored."""
    warnings = tuple(map(str, prepared.warnings))
    return [
        Script(
            module.signature.name,
            versions.get(module.signature.name, 0),
            module.debug.source,
            explain(module),
            module.effects,
            warnings,
        )
        for module in prepared.compiled.modules
    ]


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


def _unnamed(text: str) -> Source:
    """A text that is no file, so that nothing is written beside it."""
    from sopc.source import STDIN, Source

    return Source(STDIN, text)

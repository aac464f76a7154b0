"""A source of any kind → a prepared program: compiled, its examples run, with its warnings. Nothing is stored yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module
from runtime.errors import SopError, UsageError
from runtime.library.records import Entry
from runtime.library.store import Library
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.pipeline import Compiled, Kind
from sopc.source import STDIN, Source
from sopc.workflow.english import EnglishText
from sopc.workflow.prepared import Options, Place, Prepared, ProgramWarning, Take

if TYPE_CHECKING:
    from sopc.english.lock import Header
    from sopc.english.sample import DatabaseSampler
    from sopc.workflow.data_warnings import DataWarning

__all__ = ("prepare", "prepare_file", "prompt_for", "stored_place")

_EDITED: Final = "0" * 64  # in place of the hash of a generated program, when a person has edited the program


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
    told = _of_data(found.compiled, context, options)
    if found.translated:
        _refuse_ranked_text(source, told)
    return replace(found, warnings=(*found.warnings, *(ProgramWarning(*each[:4]) for each in told)))


def _refuse_ranked_text(source: Source, told: Sequence[DataWarning]) -> None:
    """A new translation does not rank text that looks like numbers or dates: its answer would be wrong."""
    from sopc.workflow.data_warnings import RANKED_TEXT

    findings = [
        Diagnostic(each.code, each.message, hint=f"`sopvm db look {each.store}` shows why they are text")
        for each in told
        if each.code == RANKED_TEXT
    ]
    if findings:
        raise CompileError(source, findings)


def _of_data(compiled: Compiled, context: Context, options: Options) -> list[DataWarning]:
    """Warnings for what the data make of a program."""
    from sopc.listener import ProgressListener
    from sopc.workflow.data_warnings import data_warnings

    def sampler() -> DatabaseSampler:
        from sopc.workflow.sampler import sampler_of

        return sampler_of(context, options.listener or ProgressListener())

    return data_warnings(compiled, context, sampler)


def _prepared(source: Source, context: Context, options: Options, place: Place | None, kind: Kind) -> Prepared:
    if kind == "tree":
        return Prepared(pipeline.compile_source(pipeline.parse_tree(source), context))
    if kind == "sql":
        return _from_sql(source, context, options)
    if kind == "dsl" and place is not None:
        return Prepared(pipeline.compile_source(_with_its_header(source, place), context))
    if kind == "dsl":
        return Prepared(_with_its_examples(source, context))
    return EnglishText(source, context, options, place).prepared()


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
    return EnglishText(source, context, options, None).prompt()


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

    header, _ = split_sop(program.text)
    if header is not None and header.source and program.name != STDIN:
        text = Path(program.name).with_name(header.source)
        if text.is_file():
            from sopc.workflow.examples import compile_with_examples

            return compile_with_examples(pipeline.read(str(text)), program, context)
    return pipeline.compile_source(program, context)

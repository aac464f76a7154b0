"""Requests of an editor → findings, explanations, completions, definitions, formatting and answers to questions."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from runtime.config import Config
from runtime.errors import SopError
from sopc.context import Context, open_context
from sopc.diagnostics import CompileError
from sopc.editor.completion import Word, completions
from sopc.editor.document import Document
from sopc.editor.findings import Checked, check, whole
from sopc.editor.places import definition, explained
from sopc.source import Source, Span
from sopc.syntax.format import format_source

__all__ = ("serve",)

ANSWER: Final = "sop.answer"  # the command of a quick fix: uri, sentence, number of the choice
_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}
_KINDS: Final = {
    "keyword": types.CompletionItemKind.Keyword,
    "store": types.CompletionItemKind.Class,
    "database": types.CompletionItemKind.Module,
    "field": types.CompletionItemKind.Field,
    "variable": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
    "script": types.CompletionItemKind.Method,
}

Found = TypeVar("Found")
Settings = Callable[[Path], Config]


def serve(settings: Settings) -> None:
    """Serve an editor over stdin and stdout until it ends.

    Args:
        settings: A folder → the settings of what is in it.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(message)s")
    server = Server(settings)
    _register(server)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stdout:  # pygls closes what it writes to
        server.start_io(stdout=stdout)


class Server(LanguageServer):
    """One request at a time uses the library and the databases. answers: numbers of choices by document and sentence.
    checked: the findings on each document. Documents are sent whole: pygls and the protocol disagree on where lines
    end, so that a change of a part could hit another one."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("sopc", version("sopc"), text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self._settings = settings
        self._turn = asyncio.Lock()
        self.answers: dict[str, dict[str, str]] = {}
        self.checked: dict[str, Checked] = {}

    def document(self, uri: str) -> Document:
        """What the editor or the disk has under an address; empty where neither has a text."""
        encoding = self.workspace.position_encoding or types.PositionEncodingKind.Utf16
        try:
            text = self.workspace.get_text_document(uri).source
        except (OSError, UnicodeDecodeError):
            text = ""
        return Document.of(to_fs_path(uri) or uri, text, str(getattr(encoding, "value", encoding)))

    async def look(self, document: Document, find: Callable[[Source, Context], Found]) -> Found | None:
        """What a function finds in a document, in a thread of its own; None if settings or library have an error, which
        is one of the findings."""

        def found() -> Found | None:
            try:
                return self._found(document, find)
            except SopError:
                return None

        async with self._turn:
            return await asyncio.to_thread(found)

    def _found(self, document: Document, find: Callable[[Source, Context], Found]) -> Found:
        with open_context(self._settings(document.path.parent), read_only=True) as context, context.library:
            return find(document.source, context)

    async def check(self, uri: str) -> None:
        """Publish the findings on a document, unless it has changed again meanwhile."""
        seen = self.workspace.get_text_document(uri).version
        document = self.document(uri)
        async with self._turn:
            checked = await asyncio.to_thread(self._checked, document, self.answers.get(uri, {}))
        if uri in self.workspace.text_documents and self.workspace.get_text_document(uri).version == seen:
            self.checked[uri] = checked
            self.publish(uri, document, checked, seen)

    def _checked(self, document: Document, answers: Mapping[str, str]) -> Checked:
        try:
            if not self._concerns(document):
                return Checked()
            return self._found(document, lambda source, context: check(source, context, answers))
        except SopError as error:
            return Checked([whole(document.source, error)])

    def publish(self, uri: str, document: Document, checked: Checked, seen: int | None) -> None:
        shown = [
            types.Diagnostic(
                document.range(each.span), each.message, _SEVERITIES[each.severity], each.code, source="sopc"
            )
            for each in checked.findings
        ]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown, seen))

    def _concerns(self, document: Document) -> bool:
        """Whether a document is a program, or an English text where there are settings or a library."""
        if document.kind != "english":
            return document.kind == "dsl"
        config = self._settings(document.path.parent)
        return config.file is not None or config.home.is_dir()

    async def answer(self, uri: str, sentence: str, choice: str) -> None:
        """Note an answer, and write the program where nothing is open any more."""
        self.answers.setdefault(uri, {})[sentence] = choice
        await self.check(uri)
        program = self.checked[uri].program
        if program is not None:
            path, text = program
            target = from_fs_path(str(path)) or path.as_uri()
            there = Document.of(str(path), path.read_text("utf-8") if path.is_file() else "")
            create = types.CreateFile(target, options=types.CreateFileOptions(ignore_if_exists=True))
            edit = types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(target), [types.TextEdit(there.whole, text)]
            )
            edits = types.WorkspaceEdit(document_changes=[create, edit])
            await self.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edits, "Write the program"))


def _register(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def changed(params: Any) -> None:
        await server.check(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.checked.pop(uri, None)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        document = server.document(params.text_document.uri)
        at = document.offset(params.position)
        found = await server.look(document, lambda source, context: explained(source, at, context))
        return found and types.Hover(
            types.MarkupContent(types.MarkupKind.PlainText, found[0]), document.range(found[1])
        )

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[".", " "]))
    async def complete(params: types.CompletionParams) -> Sequence[types.CompletionItem]:
        document = server.document(params.text_document.uri)
        if document.kind != "dsl":
            return []
        at = document.offset(params.position)
        words = await server.look(document, lambda source, context: completions(source.text, at, context)) or []
        return [_item(document, word, number, at) for number, word in enumerate(words)]

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def define(params: types.DefinitionParams) -> types.Location | None:
        document = server.document(params.text_document.uri)
        at = document.offset(params.position)
        found = await server.look(document, lambda source, context: definition(source, at))
        if found is None:
            return None
        path, span = found
        if path == document.path:
            return types.Location(params.text_document.uri, document.range(span))
        uri = from_fs_path(str(path)) or path.as_uri()
        return types.Location(uri, server.document(uri).range(span))

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def format_(params: types.DocumentFormattingParams) -> Sequence[types.TextEdit]:
        document = server.document(params.text_document.uri)
        try:
            text = format_source(document.source) if document.kind == "dsl" else document.source.text
        except CompileError:  # it is shown as a finding
            return []
        return [] if text == document.source.text else [types.TextEdit(document.whole, text)]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def actions(params: types.CodeActionParams) -> Sequence[types.CodeAction]:
        uri = params.text_document.uri
        document = server.document(uri)
        first, last = document.offset(params.range.start), document.offset(params.range.end)
        found = []
        for each in server.checked.get(uri, Checked()).findings:
            if each.choices and each.span.start <= last and first <= each.span.end:
                sentence = document.source.text[each.span.start : each.span.end]
                for number, said in enumerate(each.choices, 1):
                    command = types.Command("Answer", ANSWER, arguments=[uri, " ".join(sentence.split()), str(number)])
                    found.append(types.CodeAction(said, types.CodeActionKind.QuickFix, command=command))
        return found

    @server.command(ANSWER)
    async def answered(uri: str, sentence: str, choice: str) -> None:
        await server.answer(uri, sentence, choice)


def _item(document: Document, word: Word, number: int, at: int) -> types.CompletionItem:
    edit = types.TextEdit(document.range(Span(word.start, at)), word.text)
    return types.CompletionItem(
        word.text, kind=_KINDS[word.kind], detail=word.detail or word.kind, sort_text=f"{number:05}", text_edit=edit
    )

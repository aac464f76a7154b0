"""`sopc lsp` over stdio, driven by the client of pygls, as an editor drives it."""

from __future__ import annotations

import ast
import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.commands import Place, command, environment

SCHEMA = """
create table items (id integer primary key, name text not null, quantity integer not null, price integer);
insert into items values (1, 'bolts', 4, 2), (2, 'nuts', 40, 1), (3, 'gears', 9, 9);
create table orders (id integer primary key, item_id integer not null references items, quantity integer not null);
"""
PROGRAM = """\
script low(least: int = 10)
  let text = "😀 few"
  say text
  for each item in from items where quantity < $least do
    emit { name: item.name }
    call other(n: item.quantity)
  end
end

script other(n: int)
  say "{n}"
end
"""
ENGLISH = "Low\n\nShow the name of each item whose quantity is below 10.\nFrobnicate 😀 the items.\n"
OPEN = "Largest\n\nShow the largest items.\n"


class Editor:
    """An editor with a folder. findings: on each document, as they arrived last."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.arrived: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.written: asyncio.Queue[types.WorkspaceEdit] = asyncio.Queue()
        self.shown: list[str] = []
        self.version = 0

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def open(self, name: str, text: str) -> list[types.Diagnostic]:
        kind = "sop" if name.endswith(".sop") else "plaintext"
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri(name), kind, 0, text))
        )
        return await self.findings(name, 0)

    def write(self, name: str, text: str) -> int:
        self.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        return self.version

    async def change(self, name: str, text: str) -> list[types.Diagnostic]:
        return await self.findings(name, self.write(name, text))

    async def findings(self, name: str, version: int) -> list[types.Diagnostic]:
        while True:
            arrived = await asyncio.wait_for(self.arrived.get(), 120)
            if (arrived.uri, arrived.version) == (self.uri(name), version):
                return list(arrived.diagnostics)

    def place(self, name: str, line: int, character: int) -> dict[str, Any]:
        return {
            "text_document": types.TextDocumentIdentifier(self.uri(name)),
            "position": types.Position(line, character),
        }

    async def hover(self, name: str, line: int, character: int) -> str | None:
        found = await self.client.text_document_hover_async(types.HoverParams(**self.place(name, line, character)))
        return found.contents.value if found and isinstance(found.contents, types.MarkupContent) else None

    async def complete(self, name: str, line: int, character: int) -> list[types.CompletionItem]:
        found = await self.client.text_document_completion_async(
            types.CompletionParams(**self.place(name, line, character))
        )
        assert isinstance(found, list)
        return found

    async def define(self, name: str, line: int, character: int) -> types.Location | None:
        found = await self.client.text_document_definition_async(
            types.DefinitionParams(**self.place(name, line, character))
        )
        assert found is None or isinstance(found, types.Location)
        return found

    async def format(self, name: str) -> list[types.TextEdit]:
        options = types.FormattingOptions(2, True)
        document = types.TextDocumentIdentifier(self.uri(name))
        found = await self.client.text_document_formatting_async(types.DocumentFormattingParams(document, options))
        return list(found or [])

    async def fixes(self, name: str, finding: types.Diagnostic) -> list[tuple[str, list[Any]]]:
        """The titles of the quick fixes at a finding, and the arguments of their commands."""
        document, context = types.TextDocumentIdentifier(self.uri(name)), types.CodeActionContext([finding])
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(document, finding.range, context)
        )
        # lsprotocol reads a CodeAction with a command as a Command, whose name is then the text of that command
        return [(each.title, ast.literal_eval(str(each.command))["arguments"]) for each in found or []]

    async def execute(self, arguments: list[Any]) -> None:
        await self.client.workspace_execute_command_async(types.ExecuteCommandParams("sop.answer", arguments))


Scenario = Callable[[Editor], Awaitable[None]]
Encodings = list[types.PositionEncodingKind | str] | None


@asynccontextmanager
async def editor(
    folder: Path, encodings: list[types.PositionEncodingKind | str] | None = None
) -> AsyncIterator[Editor]:
    client = LanguageClient("test", "1")
    made = Editor(client, folder)

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
    def arrived(params: types.PublishDiagnosticsParams) -> None:
        made.arrived.put_nowait(params)

    @client.feature(types.WINDOW_SHOW_MESSAGE)  # type: ignore[untyped-decorator]
    def shown(params: types.ShowMessageParams) -> None:
        made.shown.append(params.message)

    @client.feature(types.WORKSPACE_APPLY_EDIT)  # type: ignore[untyped-decorator]
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        made.written.put_nowait(params.edit)
        return types.ApplyWorkspaceEditResult(True)

    program, *arguments = command("sopc")
    await client.start_io(program, *arguments, "lsp", env=environment(), cwd=folder)
    general = types.GeneralClientCapabilities(position_encodings=encodings)
    await client.initialize_async(
        types.InitializeParams(types.ClientCapabilities(general=general), root_uri=folder.as_uri())
    )
    client.initialized(types.InitializedParams())
    yield made
    assert made.shown == []  # an exception in the server is shown as a message
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]


def run(place: Place, scenario: Scenario, encodings: Encodings = None) -> None:
    async def go() -> None:
        async with editor(place.folder, encodings) as opened:
            await scenario(opened)

    asyncio.run(go())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SOP_HOME", "SOP_TRANSLATOR"):
        monkeypatch.delenv(name, raising=False)
    found = Place(tmp_path)
    found.sql(SCHEMA)
    return found


def at(found: types.Range) -> tuple[int, int, int, int]:
    return found.start.line, found.start.character, found.end.line, found.end.character


def test_findings_come_with_their_hints_and_go(place: Place) -> None:
    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("low.sop", PROGRAM.replace("quantity <", "quantyty <"))
        assert (found.code, found.source, found.severity) == ("E0203", "sopc", types.DiagnosticSeverity.Error)
        assert "quantyty" in found.message and "try: quantity" in found.message
        assert at(found.range) == (3, 36, 3, 44)
        assert await editor.change("low.sop", PROGRAM) == []

    run(place, scenario)


@pytest.mark.parametrize(
    ("encoding", "column"),
    [(None, 17), (types.PositionEncodingKind.Utf16, 17), (types.PositionEncodingKind.Utf8, 19), ("utf-32", 16)],
)
def test_positions_count_as_the_editor_does(place: Place, encoding: str | None, column: int) -> None:
    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("a.sop", 'script a()\n  say "😀 few" + missing\nend\n')
        assert at(found.range)[:2] == (1, column)
        (word, *_) = await editor.complete("a.sop", 1, column + 1)
        assert isinstance(word.text_edit, types.TextEdit) and word.text_edit.range.start.character == column

    run(place, scenario, None if encoding is None else [encoding])


def test_hover_says_the_step_in_english(place: Place) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.open("low.sop", PROGRAM)
        assert await editor.hover("low.sop", 3, 20) == (
            "For each item of items where the quantity is less than the given least:"
        )
        assert "Show" in (await editor.hover("low.sop", 4, 8) or "")
        assert await editor.hover("low.sop", 8, 0) is None

    run(place, scenario)


def test_a_file_that_is_not_there_has_nothing_to_say(place: Place) -> None:
    (place.folder / "binary.sop").write_bytes(b"\xff\xfe\x00")

    async def scenario(editor: Editor) -> None:
        for name in ("missing.sop", "missing.txt", "no/folder.sop", "binary.sop"):
            assert await editor.hover(name, 3, 7) is None
            assert await editor.define(name, 3, 7) is None
            assert await editor.format(name) == []

    run(place, scenario)


def test_a_session_that_is_closed_as_the_protocol_says_ends_with_0(place: Place) -> None:
    opened: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": opened},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    sent = [json.dumps({"jsonrpc": "2.0", **each}).encode() for each in messages]
    for lines in ([b"Content-Length: %d\r\n\r\n%s" % (len(each), each) for each in sent], []):
        done = subprocess.run(
            [*command("sopc"), "lsp"],
            input=b"".join(lines),
            capture_output=True,
            cwd=place.folder,
            env=environment(),
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, b"")


def texts(items: list[types.CompletionItem], kind: types.CompletionItemKind) -> list[str]:
    return [each.label for each in items if each.kind == kind]


COMPLETED = [
    ("script a()\n  ", "Keyword", "emit"),
    ("script a()\n  emit ", "Keyword", "from"),
    ("script a()\n  emit from it", "Class", "items"),
    ("script a()\n  emit from items wh", "Keyword", "where"),
    ("script a()\n  emit from items where na", "Field", "name"),
    ("script a()\n  emit from items as i join orders as o on o.", "Field", "item_id"),
    ("script a()\n  for each item in from items do\n    say item.", "Field", "quantity"),
    ("script a(least: int)\n  emit from items where quantity < le", "Variable", "least"),
    ("script a()\n  let x = rou", "Function", "round"),
    ("script other()\nend\nscript a()\n  call o", "Method", "other"),
    ("script a()\n  emit from emit\n  insert into ", "Class", "orders"),  # after an error
    ("script a() uses ma", "Module", "main"),
    ('script a()\n  say "{', "Function", "round"),
]


async def completed(editor: Editor, text: str) -> list[types.CompletionItem]:
    """What is offered at the end of a text."""
    await editor.change("a.sop", text)
    lines = text.split("\n")
    return await editor.complete("a.sop", len(lines) - 1, len(lines[-1]))


def test_completion_offers_what_can_come(place: Place) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.open("a.sop", "")
        for text, kind, word in COMPLETED:
            items = await completed(editor, text)
            assert word in texts(items, types.CompletionItemKind[kind]), text
            kinds = [each.kind == types.CompletionItemKind.Keyword for each in items]
            assert kinds == sorted(kinds, reverse=True)  # keywords first
        for text in ("# from ", 'script a()\n  say "from ', "script a()\n  let ", "script "):
            assert await completed(editor, text) == []  # a comment, a text, new names

    run(place, scenario)


def test_definitions_are_found(place: Place) -> None:
    place.write("big.txt", "Big\n\nShow the items whose quantity is above 5.\n")
    place.ok("sopc", "compile", "big.txt")

    async def scenario(editor: Editor) -> None:
        await editor.open("low.sop", PROGRAM)
        assert at_of(await editor.define("low.sop", 2, 7)) == (editor.uri("low.sop"), 1, 6)  # text
        assert at_of(await editor.define("low.sop", 3, 48)) == (editor.uri("low.sop"), 0, 11)  # least
        assert at_of(await editor.define("low.sop", 5, 20)) == (editor.uri("low.sop"), 3, 11)  # item
        assert at_of(await editor.define("low.sop", 5, 11)) == (editor.uri("low.sop"), 9, 7)  # other
        assert await editor.define("low.sop", 3, 25) is None  # items
        await editor.open("calls.sop", "script calls()\n  call big()\nend\n")
        uri, _, column = at_of(await editor.define("calls.sop", 1, 8))
        assert (uri, column) == (editor.uri("big.sop"), 7)
        program = (editor.folder / "big.sop").read_text()
        await editor.open("big.sop", program)
        line = next(number for number, text in enumerate(program.split("\n")) if "@1" in text)
        assert at_of(await editor.define("big.sop", line, 3)) == (editor.uri("big.txt"), 2, 0)

    run(place, scenario)


def at_of(found: types.Location | None) -> tuple[str, int, int]:
    assert found is not None
    return found.uri, found.range.start.line, found.range.start.character


def test_a_program_is_formatted_and_one_with_errors_left(place: Place) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.open("a.sop", 'script a()\r\nsay   "😀"\r\nend')
        (edit,) = await editor.format("a.sop")
        assert (edit.new_text, at(edit.range)) == ('script a()\n  say "😀"\nend\n', (0, 0, 2, 3))
        await editor.change("a.sop", edit.new_text)
        assert await editor.format("a.sop") == []
        await editor.change("a.sop", "script a(\nsay   1\nend")
        assert await editor.format("a.sop") == []

    run(place, scenario)


def test_sentences_that_are_not_understood_have_their_place(place: Place) -> None:
    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("low.txt", ENGLISH)
        assert (found.code, found.severity) == ("T0201", types.DiagnosticSeverity.Error)
        assert '"Frobnicate" is no store' in found.message
        assert at(found.range) == (3, 0, 3, 24)
        assert await editor.change("low.txt", ENGLISH.replace("Frobnicate 😀", "Show")) == []
        assert await editor.fixes("low.txt", found) == []

    run(place, scenario)


def test_where_a_model_translates_it_is_not_asked_and_nothing_is_an_error(place: Place) -> None:
    place.write("sop.toml", '[translator]\ncommand = ["no-such-program-at-all"]\n')

    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("low.txt", ENGLISH)
        assert found.severity == types.DiagnosticSeverity.Information
        assert found.message.startswith("no pattern reads this, so the model is asked: ")

    run(place, scenario)


def test_choices_are_quick_fixes_that_write_the_program(place: Place) -> None:
    place.write("largest.txt", OPEN)

    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("largest.txt", OPEN)
        (first, _), (second, arguments) = await editor.fixes("largest.txt", found)
        assert "quantity" in first and "price" in second
        await editor.execute(arguments)
        edit = await asyncio.wait_for(editor.written.get(), 120)
        assert await editor.findings("largest.txt", 0) == []
        created, written = edit.document_changes or ()
        assert isinstance(created, types.CreateFile) and created.uri == editor.uri("largest.sop")
        assert isinstance(written, types.TextDocumentEdit)
        (change,) = written.edits
        assert isinstance(change, types.TextEdit) and "order by price desc" in change.new_text
        place.write("largest.sop", change.new_text)

    run(place, scenario)
    done = place.ok("sopc", "compile", "--locked", "largest.txt")  # the answer is in the program
    assert "largest: version 1" in done.stderr


def test_an_error_of_the_settings_is_a_finding(place: Place) -> None:
    place.write("sop.toml", "[nonsense]\n")

    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("low.sop", PROGRAM)
        assert found.code == "C0202" and at(found.range)[0] == 0
        assert await editor.hover("low.sop", 1, 4) is None

    run(place, scenario)


def test_a_text_elsewhere_is_none_of_its_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOP_HOME", raising=False)

    async def scenario(editor: Editor) -> None:
        assert await editor.open("notes.txt", "Buy milk.\n") == []

    run(Place(tmp_path), scenario)


def test_half_typed_text_is_answered_at_every_place(place: Place) -> None:
    """Every beginning of a program and of a text, and what stands before a character that is missing."""
    ends = range(0, len(PROGRAM), 3)

    async def scenario(editor: Editor) -> None:
        for name, whole in (("low.sop", PROGRAM), ("low.txt", ENGLISH)):
            await editor.open(name, "")
            for end in ends if name == "low.sop" else range(0, len(ENGLISH), 9):
                text = whole[:end] + "\ud83d" * (end % 7 == 0)
                version = editor.write(name, text)
                lines = text.split("\n")
                place = (name, len(lines) - 1, len(lines[-1]))
                await editor.complete(*place)
                await editor.hover(*place)
                await editor.define(*place)
                await editor.format(name)
                await editor.findings(name, version)

    run(place, scenario)

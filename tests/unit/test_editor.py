"""What `sopc lsp` says about a place in a text, without a server (tests/cli/test_lsp.py drives one)."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from runtime.config import Config
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import INT, TEXT
from sopc.cli import main
from sopc.context import Context, open_context
from sopc.editor.completion import completions
from sopc.editor.document import Document
from sopc.editor.findings import check
from sopc.editor.places import definition, explained
from sopc.source import Source

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
PROGRAM = """\
script low(least: int = 10)
  @1 let text = "😀 few {least}"
  @2 for each item in from items as i where i.quantity < $least do
       emit { name: item.name }
       call other(n: item.quantity)
     end
end

script other(n: int)
  try
    say "{n}"
  on error e do
    if n > 3 then fail e.message else say "x" end
  end
end
"""
ENGLISH = "Low\n\nShow the name of each item whose quantity is below 10.\nFrobnicate 😀 the items.\n"
ITEMS = Schema({"items": Store("items", (Field("name", TEXT), Field("quantity", INT)))})


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with open_context(Config(tmp_path / ".sop"), read_only=True) as opened, opened.library:
        monkeypatch.setattr(opened, "schema", lambda name: ITEMS)
        yield opened


def beginnings(text: str) -> Iterator[Document]:
    """Every beginning of a text, and each with half of a character behind it."""
    for end in range(len(text) + 1):
        for rest in ("", "\ud83d"):
            yield Document.of("low.sop", text[:end] + rest)


def test_every_beginning_of_a_program_is_answered(context: Context) -> None:
    offered = 0
    for document in beginnings(PROGRAM):
        end = len(document.source.text)
        offered += len(completions(document.source.text, end, context))
        explained(document.source, end, context)
        definition(document.source, end)
    assert offered > 0


@pytest.mark.parametrize("name", ["low.sop", "low.txt"])
def test_every_beginning_has_findings_with_a_place(context: Context, name: str) -> None:
    text = PROGRAM if name == "low.sop" else ENGLISH
    for end in range(0, len(text), 11):
        document = Document.of(name, text[:end])
        for finding in check(document.source, context, {}).findings:
            assert finding.message and finding.code
            assert document.range(finding.span).end.line <= document.source.text.count("\n")


def test_each_step_has_its_own_words(context: Context) -> None:
    source = Source("low.sop", PROGRAM)
    said = {explained(source, offset, context) for offset in range(len(PROGRAM))} - {None}
    assert {found[0] for found in said if found} == {
        'Let text be "😀 few {the given least}".',
        "For each item of items (each called i) where i's quantity is less than the given least:",
        "Show a row with name = item's name.",
        "Run other (n: item's quantity).",
        "Try this:",
        'Say "{the given n}".',
        "If the given n is more than 3:",
        "Stop as failed, with the message e's message.",
        'Say "x".',
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_an_offset_has_one_position(encoding: str, ends: str) -> None:
    text = "a😀é\nß\u2028\x0c😀😀\n\nz".replace("\n", ends)
    document = Document.of("a.sop", text, encoding)
    assert document.source.text == text.replace(ends, "\n")
    for offset in range(len(document.source.text) + 1):
        assert document.offset(document.position(offset)) == offset
    last = document.position(len(document.source.text))
    assert (last.line, last.character) == (3, 1)


def test_a_position_within_or_beyond_is_moved_to_a_character() -> None:
    from lsprotocol.types import Position

    document = Document.of("a.sop", "😀b\nc")
    assert [document.offset(Position(0, units)) for units in range(5)] == [0, 0, 1, 2, 2]
    assert document.offset(Position(9, 9)) == 4


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    return found


def test_the_extension_names_what_there_is() -> None:
    contributed = manifest()["contributes"]
    (grammar,) = contributed["grammars"]
    editor = json.loads(files("grammar").joinpath("sop.tmLanguage.json").read_text("utf-8"))
    assert grammar["scopeName"] == editor["scopeName"]
    (language,) = contributed["languages"]
    assert grammar["language"] == language["id"] == "sop"
    assert (EXTENSION / language["configuration"]).is_file()
    json.loads((EXTENSION / language["configuration"]).read_text("utf-8"))
    program, command = contributed["configuration"]["properties"]["sop.command"]["default"]
    assert program == "sopc" and command in main.list_commands(main.make_context("sopc", [], resilient_parsing=True))


def test_the_extension_is_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    subprocess.run([node, "--check", EXTENSION / manifest()["main"]], check=True)

"""The stages as a library, without commands: compile DSL against a database, run it, look at what was stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runtime.bytecode.codec import decode
from runtime.errors import SopError, UsageError
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.lock import write_sop
from sopc.source import Source
from sopc.workflow.prepared import Prepared
from sopc.workflow.stored import stale_callers, store
from tests.sandbox import Sandbox

PAIR = """\
script tax(amount: int) -> int
  return amount // 10
end

script taxes() -> int
  let total = 0
  for each item in from items order by price do
    set total = total + tax(amount: item.price)
    emit { name: item.name, tax: tax(amount: item.price) }
  end
  return total
end
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("create table items (name text not null, price integer not null)")
        connection.executemany("insert into items values (?, ?)", [("bolt", 5), ("drill", 90), ("saw", 40)])
    connection.close()
    with Sandbox(tmp_path, {"main": "sqlite:///shop.db"}) as made:
        yield made


def test_a_file_of_scripts_that_call_each_other_runs(sandbox: Sandbox) -> None:
    assert sandbox.compile(PAIR) == ["tax", "taxes"]
    ran = sandbox.run("taxes")
    assert (ran.exit_code, ran.result) == (0, 13)
    assert ran.records == [{"name": "bolt", "tax": 0}, {"name": "saw", "tax": 4}, {"name": "drill", "tax": 9}]
    assert sandbox.run("taxes", format_="csv").output == b"name,tax\nbolt,0\nsaw,4\ndrill,9\n"
    assert [entry.name for entry in sandbox.library.entries() if "tax" in entry.calls] == ["taxes"]


def test_a_stored_script_is_called_by_a_later_file(sandbox: Sandbox) -> None:
    sandbox.compile(PAIR)
    sandbox.compile("script double(amount: int) -> int\n  return 2 * tax(amount)\nend\n")
    assert sandbox.run("double", {"amount": 70}).result == 14


def test_a_caller_of_a_changed_signature_is_stale_and_refused(sandbox: Sandbox) -> None:
    sandbox.compile(PAIR)
    sandbox.compile("script double(amount: int) -> int\n  return 2 * tax(amount)\nend\n")
    sandbox.compile("script tax(amount: int, rate: int = 10) -> int\n  return amount // rate\nend\n")
    module = decode(sandbox.library.load(sandbox.library.resolve("tax").hash))
    assert stale_callers([module], sandbox.library) == [("double", "tax"), ("taxes", "tax")]
    with pytest.raises(SopError):
        sandbox.run("double", {"amount": 70})


def test_a_file_with_an_error_stores_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(CompileError):
        sandbox.compile(PAIR + "script wrong()\n  emit from nothing\nend\n")
    assert sandbox.library.names() == []


def test_a_compile_writes_the_library_as_often_for_many_scripts_as_for_one(sandbox: Sandbox) -> None:
    def transactions(scripts: range) -> int:
        text = "".join(f"script s{n}()\n  emit from items where price > {n}\nend\n" for n in scripts)
        before = sandbox.library.environment.state()
        with Context(sandbox.config, sandbox.library) as context:
            store([Prepared(pipeline.compile_source(Source("many.sop", text), context))], context)
        return sandbox.library.environment.state() - before

    transactions(range(1))  # makes the file
    assert transactions(range(1, 2)) == transactions(range(2, 42)) == 2  # the statements, the scripts


def test_a_result_of_a_failed_run_says_why(sandbox: Sandbox) -> None:
    sandbox.compile('script fails() -> int\n  fail "on purpose"\nend\n')
    with pytest.raises(AssertionError, match="on purpose"):
        _ = sandbox.run("fails").result


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("x.sop", "anything", "dsl"),
        ("x.txt", "script a() end", "english"),
        ("x.json", "", "tree"),
        ("-", ' {"scripts": []}', "tree"),
        ("-", "script a()\nend", "dsl"),
        ("-", "# comment\n\n  # another\nscript `my script`(a: int)\nend", "dsl"),
        ("-", "#! sop 1\n# text: sha256:00\n\nscript a() end", "dsl"),
        ("-", "Script the release. Show all items.", "english"),
        ("notes", "script writers are people.", "english"),
        ("-", "# Heading\nShow all items.", "english"),
    ],
)
def test_what_a_source_is(name: str, text: str, kind: str) -> None:
    assert pipeline.kind_of(Source(name, text)) == kind


def test_the_header_of_a_translation_becomes_its_provenance() -> None:
    text = write_sop("script a()\nend\n", "Do nothing.", "model small at localhost", ["Do nothing."])
    provenance = pipeline.provenance_of(Source("folder/a.sop", text))
    assert (provenance.translator, provenance.model, provenance.file) == ("model", "small at localhost", "a.sop")
    assert provenance.text_hash.startswith("sha256:")
    plain = pipeline.provenance_of(Source("-", "script a()\nend\n"))
    assert (plain.translator, plain.text_hash, plain.file) == ("hand", "", "")


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.sop"
    path.write_bytes(b"\xef\xbb\xbfscript a()\r\nend\r")
    assert pipeline.read(str(path)).text == "script a()\nend\n"


def test_reading_says_where_a_byte_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.sop"
    path.write_bytes(b"script a()\n  say \xff\n")
    with pytest.raises(SopError, match=r"a\.sop:2: byte 7 of the line") as error:
        pipeline.read(str(path))
    assert not isinstance(error.value, UsageError)

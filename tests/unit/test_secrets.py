"""Parameters marked `secret`: nothing that describes a run shows their values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest

from runtime.bytecode.codec import decode, encode
from runtime.bytecode.disasm import signature_text
from runtime.bytecode.module import Parameter, Signature
from runtime.errors import DatabaseError, RunError, SopError, UsageError
from runtime.runs.arguments import describe
from runtime.runs.control import Control
from runtime.runs.secrets import MASK, Secrets, mask_secrets
from runtime.values.types import INT, NULL, TEXT, Type
from sopc.source import Source
from sopc.syntax.format import format_source
from tests.sandbox import Sandbox

SECRET: Final = "correct horse battery staple"
FAILING: Final = {
    "fail": 'fail "the key {key} does not fit"',
    "assert": 'assert key = "x", "not {key}"',
    "a value that is none": "let n = int(key)",
    "cut short": 'let n = int("{key}{key}{key}{key}{key}{key}")',
    "a key of a value": 'let r: any = { a: 1 }\n  let n = int("{r}{key}")',
    "a copy": 'let other = "<{key}>"\n  let n = date(other)',
    "in a called script": "call inner(key)",
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection, connection:
        connection.execute("create table log (message text)")
    connection.close()
    with Sandbox(tmp_path, {"main": "sqlite:///main.db"}) as made:
        yield made


@pytest.mark.parametrize("what", FAILING)
def test_errors_mask_secrets(sandbox: Sandbox, what: str) -> None:
    text = f"script inner(given: text)\n  let n = int(given)\nend\nscript s(key: text secret)\n  {FAILING[what]}\nend\n"
    sandbox.compile(text)
    trace = StringIO()
    for format_ in ("jsonl", "json", "sse"):
        ran = sandbox.run("s", {"key": SECRET}, format_=format_, trace=trace)
        assert ran.outcome.error is not None
        said = ran.output.decode() + str(ran.outcome.error) + str(ran.outcome.error.hint) + trace.getvalue()
        assert "correct" not in said and "staple" not in said, said


def test_the_start_line_has_the_mask(sandbox: Sandbox) -> None:
    sandbox.compile("script s(key: text secret, n: int? secret = null, open: int = 1) emit { a: length(key) } end")
    start, record, _ = sandbox.run("s", {"key": SECRET, "n": 5}).lines
    assert start["args"] == {"key": MASK, "n": MASK, "open": 1}
    assert record["result"] == {"a": len(SECRET)}


def test_emitted_values_are_not_masked(sandbox: Sandbox) -> None:
    sandbox.compile('script s(key: text secret) emit { key: key } say "{key}" end')
    assert [line["result"] for line in sandbox.run("s", {"key": SECRET}).lines[1:3]] == [{"key": SECRET}, SECRET]


def test_a_value_of_another_type_is_not_told(sandbox: Sandbox) -> None:
    sandbox.compile("script s(pin: int secret) end")
    for given in (SECRET, 1.5, [SECRET], {"a": SECRET}):
        with pytest.raises(UsageError, match="C0123") as caught:
            sandbox.run("s", {"pin": given})
        assert "the value, which is a secret, is not int" in caught.value.message
        assert caught.value.__cause__ is None and "correct" not in f"{caught.value.message}{caught.value.hint}"


def test_frames_have_the_mask(sandbox: Sandbox) -> None:
    sandbox.compile(
        'script s(key: text secret) let copy = "<{key}>" let n = length(key) ask "Go on?" into ok: bool end'
    )
    control, seen = Control(), []

    def prompt(question: Any) -> str:
        seen.append(control.frames())
        return "yes"

    sandbox.run("s", {"key": SECRET}, control=control, prompt=prompt)
    variables = seen[0][0]["variables"]
    assert (variables["key"], variables["copy"], variables["n"]) == (MASK, f"<{MASK}>", len(SECRET))


def test_rollback_lines_mask_secrets(sandbox: Sandbox) -> None:
    sandbox.compile('script s(key: text secret) insert into log {message: "x"} fail "no {key}" end')
    lines = sandbox.run("s", {"key": SECRET}).lines
    assert {line["type"] for line in lines} >= {"rollback", "error"}
    assert "correct" not in json.dumps(lines)


def signature(**types: Type) -> Signature:
    return Signature("s", tuple(Parameter(name, type_, secret=True) for name, type_ in types.items()), NULL, None, ())


@pytest.mark.parametrize(
    ("secret", "text", "hidden"),
    [
        ("abc", "abc", "***"),
        ("abc", "abcabc abc-abc 'abc'", "abcabc ***-*** '***'"),  # a short one is hidden where it stands by itself
        ("a", "a banana, a", "*** banana, ***"),
        ("", "nothing", "nothing"),
        ("12345678", "x12345678x", "x***x"),
        ("123456789abc", "12345678… 123456 123456789abcd", "***… 123456 ***d"),
        ("aaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaa", "******aaaaaaa"),
        ("{}\\*+", "a {}\\*+ b", "a *** b"),
    ],
)
def test_a_text_without_a_secret(secret: str, text: str, hidden: str) -> None:
    assert Secrets(signature(key=TEXT), [secret]).hide(text) == hidden


def test_a_value_without_secrets() -> None:
    any_ = Type("any")
    secrets = Secrets(signature(key=any_), [{"a": ["first secret", 4711], "b": None, "c": True}])
    told = secrets.value({"x": ["first secret", 4711, 4712, None, True], "y": {"z": "a first secret"}})
    assert told == {"x": [MASK, MASK, 4712, None, True], "y": {"z": f"a {MASK}"}}
    assert secrets.hide("4711 and 14711") == f"{MASK} and 14711"


@pytest.mark.parametrize("error", [SopError("V0501", "no s3cr3t!", "try s3cr3t!"), RunError("V0501", "s3cr3t!")])
def test_an_error_keeps_its_kind(error: SopError) -> None:
    told = Secrets(signature(key=TEXT), ["s3cr3t!"]).error(error)
    assert type(told) is type(error) and told.code == error.code
    assert "s3cr3t!" not in f"{told.message}{told.hint}{told}"
    assert error.message != told.message  # the program's own copy is as it was


def test_an_error_of_a_database_can_still_be_tried_again() -> None:
    told = Secrets(signature(key=TEXT), ["s3cr3t!"]).error(DatabaseError("D0401", "s3cr3t!", retry=True))
    assert told.retry and told.message == MASK


def test_only_what_is_marked_is_masked() -> None:
    params = (Parameter("key", TEXT, secret=True), Parameter("n", INT))
    assert mask_secrets(Signature("s", params, NULL, None, ()), {"key": "x", "n": 1}) == {"key": MASK, "n": 1}


# ── the marker in the language ─────────────────────────────────────────────────────────────────────────────────


def test_the_marker_is_kept_by_every_form_of_a_script(sandbox: Sandbox) -> None:
    text = "script s(secret: text secret, other: int? secret = null)\n  return\nend\n"
    assert format_source(Source("s.sop", text)) == text
    sandbox.compile(text)
    module = decode(sandbox.library.load(sandbox.library.resolve("s").hash))
    assert [bool(param.secret) for param in module.signature.params] == [True, True]
    assert decode(encode(module)) == module
    assert signature_text(module.signature) == "script s(secret: text secret, other: int? secret = null)"
    assert describe(module.signature) == "s(secret: text secret, other: int? secret = null)"


def test_a_module_without_secrets_has_the_bytes_that_it_had() -> None:
    assert b"secret" not in encode_of(Parameter("key", TEXT))
    assert b"secret" in encode_of(Parameter("key", TEXT, secret=True))


def encode_of(parameter: Parameter) -> bytes:
    import msgspec

    return msgspec.msgpack.encode(parameter)

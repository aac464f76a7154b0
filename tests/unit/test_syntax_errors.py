"""Syntax errors speak the language's terms, point at the place, and come several at a time."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.error_codes import Code, table
from runtime.values.names import MAX_NAME, MAX_SCRIPT_BYTES
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import BIDI_CONTROLS, Source
from sopc.syntax.errors import MAX_ERRORS
from sopc.syntax.format import format_source
from sopc.syntax.parse import parse, parse_query
from sopc.syntax.parser_state import tables
from sopc.tree import nodes

MISTAKES = tomllib.loads(files("grammar").joinpath("mistakes.toml").read_text("utf-8"))["mistake"]
SPEC = files("grammar").joinpath("SPEC.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```sop\n(.*?)^```", SPEC, re.MULTILINE | re.DOTALL)


def errors(text: str) -> list[Diagnostic]:
    with pytest.raises(CompileError) as caught:
        parse(Source("test.sop", text))
    for finding in caught.value.diagnostics:
        check_message(finding)
    assert caught.value.render()
    return caught.value.diagnostics


def check_message(finding: Diagnostic) -> None:
    """In the language's terms: one sentence, no names of terminals, no "you"."""
    said = f"{finding.message} {finding.hint or ''}"
    assert not finding.message.endswith(".") and "\n" not in finding.message
    assert not re.search(r"\byou\b", said)
    terminals = {name for name in (*tables().names.values(), "NAME", "NUMBER", "TEXT", "FIELD") if len(name) > 3}
    quoted = re.sub(r"`[^`]*`", "", said)
    assert not set(re.findall(r"[A-Z_0-9$]{3,}", quoted)) & terminals, said


def in_script(steps: str) -> list[Diagnostic]:
    """The findings in steps, where the lines around them are right."""
    return errors(f'script test()\n  say "before"\n  {steps}\n  say "after"\nend\n')


def one(steps: str) -> Diagnostic:
    (finding,) = in_script(steps)
    return finding


@pytest.mark.parametrize(
    ("steps", "code", "message"),
    [
        ('if x > 1 say "a" end', "E0102", "`then` is missing after the condition"),
        ('if x then say "a" else if y say "b" end', "E0102", "`then` is missing after the condition"),
        ("let x = case when a 1 end", "E0102", "`then` is missing after the condition"),
        ('while x < 3 say "a" end', "E0102", "`do` is missing after the condition"),
        ('for each x in y say "a" end', "E0102", "`do` is missing after what the loop goes through"),
        ("for x in y do end", "E0102", "`each` is missing after `for`"),
        ("let x 5", "E0102", "`=` is missing after `x`"),
        ("insert employees { a: 1 }", "E0102", "`into` is missing after `insert`"),
        ("emit from a order x", "E0102", "`by` is missing after `order`"),
        ("emit from a select b, count() people", "E0102", "`as` is missing after `)`"),
        ("emit from a select b c", "E0102", "`as` is missing after `b`"),
        ("let x = { a 1 }", "E0102", "`:` is missing after `a`"),
        ("let x = [1 2]", "E0102", "`,` is missing after `1`"),
        ('ask "x" ok: bool', "E0102", 'into` is missing after `"x"`'),
        ('try say "x" end', "E0102", "`on error e do` is missing"),
        ("emitt from a", "E0104", "`emitt` is not a word of the language here"),
        ("emit form a", "E0104", "`form` is not a word"),
        ("emit from a wher x > 3", "E0104", "`wher` is not a word"),
        ('if a thn say "x" end', "E0104", "`thn` is not a word"),
        ("LET x = 5", "E0104", "`LET` is not a word"),
        ("update a set x == 1", "E0104", "`==` can't stand here"),
        ("let x = { a = 1 }", "E0104", "`=` can't stand here"),
        ("let order = 1", "E0105", "`order` is a keyword"),
        ("emit from a select b as end", "E0105", "`end` is a keyword"),
        ('say "abc', "E0106", "this text is not closed on its line"),
        ('say "a \\q b"', "E0107", "`\\q` is not an escape"),
        ('say "a \\u{110000}"', "E0107", "does not name a character"),
        ('say "a \\u12"', "E0107", "`\\u` needs a character's number"),
        ("say 'abc'", "E0108", "straight double quotes"),
        ("say “abc”", "E0108", "straight double quotes"),
        ("let x = `abc", "E0108", "a name in backquotes is not closed"),
        ("let x = ``", "E0108", "there is no name in the backquotes"),
        ("let x = 5 ~ 3", "E0108", "the character `~` means nothing here"),
        ("let x = f(1, 2", "E0109", "`)` is missing after `2`"),
        ("let x = [1, 2", "E0109", "`]` is missing after `2`"),
        ("insert into s { a: 1", "E0109", "`}` is missing after `1`"),
        ('say "a {b"', "E0110", "`}` is missing before the end of the text"),
        ('say "a {b', "E0110", "a hole in the text that is not closed"),
        ('say "a {} b"', "E0110", "a value is missing in this hole"),
        ('say "a {b = 1}"', "E0110", "`=` can't stand here in the hole of a text"),
        ('say "a {from b}"', "E0110", "`from` can't stand here in the hole of a text"),
        ('say "a } b"', "E0110", "this `}` closes no hole"),
        ('let x = day "2026-01-31"', "E0111", "`day` can't stand before a text"),
        ("let x = total(from b)", "E0112", "`total` can't take a query"),
        ("call count(from b)", "E0112", "only a script can be called as a step"),
        ("let x = 1.5 days", "E0113", "`1.5` must be a whole number here"),
        ("let x = " + "1" * 500, "E0113", "more than 400 digits"),
        ("let x =", "E0117", "a value is missing after `=`"),
        ("let x = f(1, )", "E0117", "a value is missing after `,`"),
        ("emit from a where order by b", "E0117", "a value is missing after `where`"),
        ("let = 5", "E0117", "a name is missing after `let`"),
        ("commit now", "E0119", "`now` does not belong here"),
        ('say "a" else say "b" end', "E0120", "this `else` belongs to no `if`"),
        ("hello world", "E0101", "`hello` does not begin a step"),
        ("let x = 3 fortnights", "E0101", "`fortnights` is not a unit of time"),
        ("let x = a < b < c", "E0101", "`<` can't follow a comparison"),
    ],
)
def test_a_mistake_is_named(steps: str, code: str, message: str) -> None:
    found = in_script(steps)[0]
    assert found.code == code
    assert message in found.message
    assert found.span is not None
    assert Source("test.sop", f'script test()\n  say "before"\n  {steps}').position(found.span.start)[0] == 3


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: row["name"])
def test_each_named_mistake_is_met(row: dict[str, str]) -> None:
    example = row["example"]
    found = (errors if example.startswith("script ") else in_script)(example)[0]
    assert found.code == "E0116"
    fixed = re.split(r"\{\w+\}", row["message"])
    assert all(piece in found.message for piece in fixed)
    assert found.hint and not re.search(r"\{(at|name|store|number|head|tail)\}", found.hint + found.message)


def test_missing_end_names_the_block_that_is_open() -> None:
    (found,) = errors('script s()\n  if a then\n    say "x"\n  say "y"\nend\n')
    assert (found.code, found.message) == ("E0103", "`end` is missing: the `if` on line 2 is not closed")
    (found,) = errors('script s()\n  for each x in y do\n    if a then\n      say "x"\n  end\nend\n')
    assert "the `if` on line 3" in found.message
    (found,) = errors('script s()\n  say "x"\n\nscript t()\nend\n')
    assert "the `script` on line 1" in found.message
    assert [found.code for found in errors("script s() while a do")] == ["E0103"]


def test_an_end_too_many() -> None:
    assert [found.code for found in errors('script s()\n  say "x"\nend\nend\n')] == ["E0120"]
    found = errors('script s()\n  if a then say "x" end end\n  say "y"\nend\n')[0]
    assert (found.code, found.message[:40]) == ("E0120", "`say` stands outside any script: the `en")


def test_nothing_to_read() -> None:
    for text in ("", "\n\n", "# a comment\n"):
        assert [found.code for found in errors(text)] == ["E0115"]
    assert "script" in errors('say "hello"')[0].message
    with pytest.raises(CompileError) as caught:
        parse_query(Source("query", ""))
    assert "no query" in caught.value.diagnostics[0].message


def test_several_errors_are_found_in_one_go() -> None:
    text = """script s()
  let x 5
  if x > 3 say "a" end
  emit from employees wher salary > 3
  let y = (1 + 2
  say "unclosed
  say "fine"
end

script t()
  let = 3
  emit from
end
"""
    lines = [Source("s", text).position(found.span.start)[0] for found in errors(text) if found.span is not None]
    assert lines == [2, 3, 4, 5, 6, 11, 12]


def test_an_error_does_not_spoil_the_next_script() -> None:
    found = errors("script s()\n  ) ) ) (\n  ] if\nend\n\nscript t()\n  let x 5\nend\n")
    assert (found[-1].code, found[-1].message) == ("E0102", "`=` is missing after `x`")


def test_there_is_a_limit_of_errors() -> None:
    assert len(errors("script s()\n" + "let x 5\n" * 100 + "end")) == MAX_ERRORS


def test_half_a_character_is_an_error() -> None:
    assert errors('script s() say "\ud800" end')[0].code == "E0108"


@pytest.mark.parametrize(
    "row", [row for row in table() if row.code.startswith("E01") and row.code != "E0118"], ids=lambda row: row.code
)
def test_each_code_explains_itself(row: Code) -> None:
    assert [found.code for found in errors(row.wrong)] == [row.code]
    parse(Source("right.sop", row.right))


# ── whatever comes in ──────────────────────────────────────────────────────────────────────────────────────────

PIECES = st.sampled_from(
    [
        *tables().names,
        '"',
        '"a {',
        '} b"',
        "}",
        "`",
        "#",
        "\n",
        " ",
        "a",
        "5",
        "@3",
        "\\",
        ".",
        "'",
        "\x00",
        "é",
        "$",
        "\ud800",
    ]
)


def is_read_or_refused(text: str) -> None:
    try:
        parse(Source("test.sop", text))
    except CompileError as error:
        assert error.diagnostics and error.render()
        for finding in error.diagnostics:
            check_message(finding)
        return
    result = format_source(Source("test.sop", text))
    assert format_source(Source("test.sop", result)) == result


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | st.lists(PIECES, max_size=30).map(" ".join))
def test_garbage_is_refused(text: str) -> None:
    is_read_or_refused(text)
    is_read_or_refused(f"script s()\n{text}\nend")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PROGRAMS), st.data())
def test_damaged_programs_are_read_or_refused(program: str, data: st.DataObject) -> None:
    words = re.findall(r"\w+|\s+|[^\w\s]", program)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(words)))
        width = data.draw(st.integers(0, 3))
        words[place : place + width] = data.draw(st.lists(PIECES, max_size=2))
    is_read_or_refused("".join(words))


@pytest.mark.parametrize("piece", ["(", "[", "{a: ", "f(", "if a then ", "from a union (", '"{', "case when ", "- "])
def test_unclosed_nesting_of_any_depth_is_refused(piece: str) -> None:
    found = errors("script s() let x = " + piece * 3_000)
    assert found[0].code.startswith("E01")


@pytest.mark.parametrize("control", BIDI_CONTROLS)
@pytest.mark.parametrize("line", ['say "a{}b"', "say 1  # {}", "let `a{}` = 1", "let x = {}1", '{}say "a"'])
def test_bidirectional_characters_are_refused_everywhere(control: str, line: str) -> None:
    source = Source("x.sop", "script s()\n  say 1\n  " + line.format(control) + "\nend\n")
    with pytest.raises(CompileError) as caught:
        parse(source)
    (finding,) = caught.value.diagnostics
    assert finding.code == "E0121"
    assert finding.span is not None
    assert source.position(finding.span.start) == (3, 3 + line.index("{}"))
    assert control not in caught.value.render()
    assert f"\\u{{{ord(control):x}}}" in caught.value.render()


@pytest.mark.parametrize("control", BIDI_CONTROLS)
def test_a_text_may_hold_escaped_bidirectional_characters(control: str) -> None:
    text = f'script s()\n  say "a\\u{{{ord(control):x}}}b"\nend\n'
    say = parse(Source("x.sop", text)).scripts[0].steps[0]
    assert isinstance(say, nodes.Say) and isinstance(say.text, nodes.TextLiteral)
    assert say.text.parts == (f"a{control}b",)
    assert format_source(Source("x.sop", text)) == text


LONG: Final = "n" * (MAX_NAME + 1)
NAMED: Final = (  # one of each place that takes a name
    "script s(NAME: int) emit {a: 1} end",
    "script s() uses NAME emit {a: 1} end",
    "script s() emits {NAME: int} emit {a: 1} end",
    "script s() let NAME = 1 end",
    "script s() emit 1 as NAME end",
    "script s() emit {NAME: 1} end",
    "script s() emit from items select id as NAME end",
    "script s() emit from items derive NAME = id end",
    "script s() emit from NAME end",
    "script s() emit from items as i where i.NAME = 1 end",
    "script s() query NAME = from items end",
    "script s() for each NAME in 1 to 2 do emit {a: 1} end end",
    "script s() ask 'a' into NAME: int end".replace("'", '"'),
    "script s() insert into items {NAME: 1} end",
    "script s() call NAME() end",
)


@pytest.mark.parametrize("name", [LONG, f"`{LONG}`", "`a\0b`"], ids=["long", "long in backquotes", "null"])
@pytest.mark.parametrize("text", NAMED)
def test_a_name_that_no_module_can_store_is_an_error_with_its_place(text: str, name: str) -> None:
    source = Source("s.sop", text.replace("NAME", name))
    with pytest.raises(CompileError) as caught:
        parse(source)
    found = [each for each in caught.value.diagnostics if each.code == "E0122"]
    assert len(found) == 1 and found[0].span is not None
    assert name in source.text[found[0].span.start : found[0].span.end]


def test_names_of_the_maximum_length_are_accepted() -> None:
    parse(Source("s.sop", f"script {'s' * MAX_SCRIPT_BYTES}({LONG[1:]}: int) emit {{a: 1}} end"))
    with pytest.raises(CompileError, match="200 bytes"):
        parse(Source("s.sop", f"script {'ü' * 101}() emit {{a: 1}} end"))

"""The formatter: one form for each program, comments kept where they stood, long lines broken as a reader would."""

from __future__ import annotations

import re

import pytest

from runtime.errors import SopError
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.syntax.format import format_file, format_script, format_source, format_step
from sopc.syntax.parse import parse
from sopc.syntax.writer import WIDTH
from sopc.tree import nodes


def formatted(text: str) -> str:
    result = format_source(Source("test.sop", text))
    assert format_source(Source("test.sop", result)) == result
    assert sorted(re.findall("#.*", result)) == sorted(comment.rstrip() for comment in re.findall("#.*", text))
    return result


def body(text: str) -> str:
    """Steps formatted inside a script, without its head and end."""
    lines = formatted(f"script s()\n{text}\nend").splitlines()
    assert (lines[0], lines[-1]) == ("script s()", "end")
    return "\n".join(line.removeprefix("  ") for line in lines[1:-1])


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("let  x=1+2 *3", "let x = 1 + 2 * 3"),
        ("let x = ((a))==(b) and (not (c))", "let x = a = b and not c"),
        ("let x = (a or b) and (c + d) * -(e)", "let x = (a or b) and (c + d) * -e"),
        ("let x = a - (b - c)", "let x = a - (b - c)"),
        ("let x = (a - b) - c", "let x = a - b - c"),
        ("let x = -(5)", "let x = -(5)"),
        ("let x = not a like b", "let x = a not like b"),
        ("let x = a <> b", "let x = a != b"),
        ("let x = (f(1)).y[ 0 ]", "let x = f(1).y[0]"),
        ("let x = (a + b).c", "let x = (a + b).c"),
        ("let x : list < int > ? = [1,2]", "let x: list<int>? = [1, 2]"),
        ("let `x` = `order`.order", "let x = `order`.order"),
        ("let x = {`a`:1,order:2,`b c`:{}}", "let x = { a: 1, order: 2, `b c`: {} }"),
        ('say "{ a }{{{b + 1}}}\\u{e9}\\u{7}"', 'say "{a}{{{b + 1}}}é\\u{7}"'),
        ("let x = 1 day + 2 week", "let x = 1 day + 2 weeks"),
        ("emit from s order by a asc, b desc nulls last", "emit from s order by a, b desc nulls last"),
        ("if a then fail b end", "if a then fail b end"),
        ("if a then\n  return\nend", "if a then return end"),
        ("update s set a=1,b=2", "update s set a = 1, b = 2"),
        ("emit from a union (from b)", "emit from a union from b"),
    ],
)
def test_the_one_form(written: str, form: str) -> None:
    assert body(written) == form


def test_blocks_are_indented() -> None:
    text = "@1 if a then say b else if c then @2 say d else say e end try say a on error e do say b end"
    assert body(text).splitlines() == [
        "@1 if a then",
        "     say b",
        "   else if c then",
        "     @2 say d",
        "   else",
        "     say e",
        "   end",
        "try",
        "  say a",
        "on error e do",
        "  say b",
        "end",
    ]


def test_a_query_with_many_stages_has_one_on_each_line() -> None:
    assert body("@1 emit from a where b = 1 order by c limit 5") == (
        "@1 emit from a\n        where b = 1\n        order by c\n        limit 5"
    )
    assert body("emit from a where b = 1 order by c") == "emit from a where b = 1 order by c"


LONG = " ".join(
    [
        "let total = " + " + ".join(f"some_quantity_{i} * some_price_{i}" for i in range(6)),
        "insert into s {" + ", ".join(f"some_field_{i}: some_value_{i}" for i in range(8)) + "}",
        "let flag = " + " or ".join(f"some_value_{i} = {i} and other_{i} > 5" for i in range(5)),
        "let items = [" + ", ".join(f'"some text number {i}"' for i in range(8)) + "]",
        "let x = some_function(" + ", ".join(f"argument_{i}: some_value_{i}" for i in range(6)) + ")",
        "let c = case " + " ".join(f"when some_value > {i} then some_result_{i}" for i in range(5)) + " else 0 end",
        "emit from s where exists(from t where " + " and ".join(f"t.field_{i} = s.field_{i}" for i in range(6)) + ")"
        " select " + ", ".join(f"some_field_{i} as other_{i}" for i in range(8)),
        "update s where " + " and ".join(f"some_field_{i} = {i}" for i in range(6)) + " set "
        "a = 1, b = " + " + ".join(f"some_field_{i}" for i in range(6)),
        "while " + " and ".join(f"some_value_{i} = {i}" for i in range(6)) + " do end",
        "assert " + " and ".join(f"some_value_{i} = {i}" for i in range(4)) + ', "a message that is rather long"',
        "emit from s group by " + ", ".join(f"some_key_{i}" for i in range(8)) + " select count() as n, sum(a) as b",
    ]
)  # fmt: skip


def test_long_lines_are_broken() -> None:
    result = formatted(f"script s({', '.join(f'some_parameter_{i}: int' for i in range(6))})\n{LONG}\nend")
    assert all(len(line) <= WIDTH for line in result.splitlines())
    assert "\n    or some_value_1 = 1 and other_1 > 5\n" in result
    assert "  insert into s {\n    some_field_0: some_value_0,\n" in result


def test_comments_stay() -> None:
    text = """\
#! sop 1
# about the file

# about s
script s()  # after the head
  # before a step
  let x = 1  # after a step

  # between
  emit from a  # after the store
       # before where
       where b = 1  # after where

  if x = 1 then  # after then
    say "1"
    # at the end of a branch
  else  # after else
    # alone in else
  end
  for each i in from a do
    # alone in a loop
  end
  let r = {
    a: 1,  # the first
    # before the second
    b: 2
  }
  try
    say "x"
    # at the end of try
  on error e do  # after do
    say "y"
  end
  # before end
end  # after end

# before t
script t()
end
# at the very end
"""
    assert formatted(text) == text


def test_comments_inside_an_expression_break_it_or_go_behind_it() -> None:
    assert body("let x = a # one\n  + # two\n  b\nsay c") == "let x = a  # one\n  # two\n  + b\nsay c"
    assert body("let x = a # one\n  .b # two\n  .c\nsay c") == "let x = a.b.c  # one\n# two\nsay c"


def test_empty_lines_are_kept_one_at_a_time() -> None:
    assert body("\n\nsay a\n\n\n\nsay b\nsay c\n\n") == "say a\n\nsay b\nsay c"


def test_scripts_are_apart_and_the_doc_too() -> None:
    text = 'script a() "Doc." commit end script b() end'
    assert formatted(text) == 'script a()\n  "Doc."\n\n  commit\nend\n\nscript b()\nend\n'


def test_parts_of_a_tree() -> None:
    file = parse(Source("test.sop", "script a() @2 say b end"))
    assert format_file(file) == format_script(file.scripts[0]) == "script a()\n  @2 say b\nend\n"
    assert format_step(file.scripts[0].steps[0]) == "@2 say b\n"


def test_invalid_text_is_not_formatted() -> None:
    with pytest.raises(CompileError):
        format_source(Source("test.sop", "script s() let end"))


NULL = nodes.NullLiteral()
SOURCE = nodes.From(store="s")


@pytest.mark.parametrize(
    "step",
    [
        nodes.If(
            branches=(nodes.Branch(condition=NULL, steps=()),),
            otherwise=(nodes.If(branches=(nodes.Branch(condition=NULL, steps=()),)),),
        ),
        nodes.Say(text=nodes.TextLiteral(parts=(NULL,))),
        nodes.Let(name="a`b", value=NULL),
        nodes.Let(name="", value=NULL),
        nodes.Let(name="a", value=nodes.NumberLiteral(value="nan")),
        nodes.Let(name="a", value=nodes.InExpr(arg=NULL)),
        nodes.Let(
            name="a", value=nodes.InExpr(arg=NULL, items=(nodes.Unary(op="not", arg=NULL),), is_list=True)
        ),
        nodes.Let(name="a", declared=nodes.TypeName(name="if"), value=NULL),
        nodes.Emit(query=nodes.Query(stages=())),
        nodes.Emit(query=nodes.Query(stages=(SOURCE, SOURCE))),
        nodes.Emit(query=nodes.Query(stages=(SOURCE, nodes.Derive(columns=(nodes.NamedColumn(value=NULL),))))),
        nodes.Emit(),
    ],
)  # fmt: skip
def test_a_tree_without_a_text_form_is_an_error(step: nodes.AnyStep) -> None:
    with pytest.raises(SopError) as caught:
        format_step(step)
    assert caught.value.code == "E0118"

"""Explanations in English: they read well, cover every form of the language, and change with every change of a
program."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.bytecode.module import Effects
from runtime.query.schema import Field, Store
from runtime.values.functions import FUNCTIONS
from runtime.values.signatures import overloads
from runtime.values.types import DATE, INT, TEXT
from sopc.diagnostics import CompileError
from sopc.explainer import phrases
from sopc.explainer.expressions import Expressions
from sopc.explainer.script import Explanation, explain
from sopc.source import Source
from sopc.syntax.parse import parse
from sopc.tree import nodes
from sopc.tree.visit import walk
from tests.unit.mutations import variants
from tests.unit.test_fmt_property import FILES

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted(path for path in ROOT.rglob("*.sop") if "errors" not in path.parts)
MUTANTS_A_PROGRAM = 25


def words(explanation: Explanation) -> str:
    lines = [explanation.name, *explanation.head]
    lines += [" ".join([f"{line.depth} {line.step} {line.text}", *line.parts]) for line in explanation.lines]
    return "\n".join(lines)


def say(script: nodes.Script) -> str:
    return words(explain(script, Effects()))


def scripts() -> Iterator[nodes.Script]:
    """Of every test script that can be read, and of the language's reference."""
    texts = [path.read_text(encoding="utf-8") for path in PROGRAMS]
    reference = (ROOT.parent / "grammar" / "SPEC.md").read_text(encoding="utf-8")
    for text in [*texts, *re.findall(r"```sop\n(.*?)```", reference, re.DOTALL)]:
        with suppress(CompileError):
            yield from parse(Source("x.sop", text)).scripts


def said(text: str, stores: dict[str, Store] | None = None, effects: Effects | None = None) -> str:
    (script,) = parse(Source("x.sop", text)).scripts
    return words(explain(script, effects or Effects(), stores))


def lines(body: str, head: str = "script s()") -> list[str]:
    (script,) = parse(Source("x.sop", f"{head}\n{body}\nend\n")).scripts
    return [" ".join([line.text, *line.parts]) for line in explain(script, Effects()).lines]


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_change_of_a_program_changes_its_explanation() -> None:
    """Some changes of every program that the tests have, chosen by a fixed seed."""
    chance = random.Random(4)
    tried = 0
    for script in scripts():
        text = say(script)
        mutants = list(variants(script))
        for mutant in chance.sample(mutants, min(MUTANTS_A_PROGRAM, len(mutants))):
            assert say(mutant) != text, f"{text}\n\n{mutant!r}"
            tried += 1
    assert tried > 2000


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a large program, while it is drawn
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(FILES, st.randoms(use_true_random=False))
def test_every_change_of_a_generated_program_changes_its_explanation(file: nodes.File, chance: random.Random) -> None:
    for script in file.scripts:
        text = say(script)
        mutants = list(islice(variants(script), 1500))
        for mutant in chance.sample(mutants, min(40, len(mutants))):
            assert say(mutant) != text, f"{text}\n\n{mutant!r}"


def test_the_words_of_the_author_are_not_repeated() -> None:
    text = 'script s()\n  "Says it at once."\n\n  # a comment\n  @1 say "x"\nend\n'
    assert said(text) == 's\nReads nothing.\nChanges nothing.\n0 1 Say "x".'


# ── everything has words ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_node_is_explained_in_some_example() -> None:
    kinds = {
        kind
        for kind in vars(nodes).values()
        if isinstance(kind, type) and issubclass(kind, nodes.Node) and not kind.__subclasses__()
    }
    met: set[type] = set()
    for script in scripts():
        say(script)
        met |= {type(node) for node in walk(script)}
    assert {kind.__name__ for kind in kinds - met} == {"File"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_is_said_like_a_script(name: str) -> None:
    counts = {len(each.slots) - missing for each in overloads(FUNCTIONS[name]) for missing in (0, 1)}
    for count in [count for count in counts if any(each.takes(count) for each in overloads(FUNCTIONS[name]))]:
        args = tuple(nodes.Argument(value=nodes.IntLiteral(value=place)) for place in range(count))
        words = Expressions().say(nodes.CallExpr(name=name, args=args))
        assert "the result of" not in words, "a row in sopc/explainer/phrases.py"


def test_no_two_functions_have_the_same_words() -> None:
    speaker = Expressions()
    calls: dict[str, str] = {}
    for name in FUNCTIONS:
        for count in range(5):
            args = tuple(nodes.Argument(value=nodes.IntLiteral(value=place)) for place in range(1, count + 1))
            words = speaker.say(nodes.CallExpr(name=name, args=args))
            assert calls.setdefault(words, f"{name} {count}") == f"{name} {count}"


def test_the_table_has_words_only_for_functions() -> None:
    assert {*phrases.FUNCTIONS, *phrases.WITHOUT_ARGUMENTS, *phrases.MANY, *phrases.DISTINCT} <= FUNCTIONS.keys()


# ── how it reads ─────────────────────────────────────────────────────────────────────────────────────────────────

EMPLOYEES = Store(
    "employees",
    (Field("name", TEXT), Field("department", TEXT.or_null()), Field("salary", INT), Field("hired", DATE)),
)


def test_a_script_as_a_whole() -> None:
    text = """
script audit_salary(dept: text = "Engineering", floor: int = 150000) uses hr -> int
  emit from employees where department = dept and salary > floor and hired < date "2020-01-01"
    order by salary desc, department, name select name, salary
  return count(from employees)
end
"""
    effects = Effects(reads=("hr.employees",), writes=("hr.log", "main.x"), calls=("tax",), asks=True, commits=True)
    assert said(text, {"hr.employees": EMPLOYEES}, effects).split("\n") == [
        "audit_salary",
        "Reads employees of hr.",
        "Changes log of hr, and x.",
        "Runs tax.",
        "May ask a question.",
        "May keep what it has changed for good before it ends.",
        'Takes dept (a text, "Engineering" unless given) and floor (a whole number, 150,000 unless given).',
        "Gives back a whole number.",
        "0 1 Show employees: where the department is the given dept and the salary is more than the given floor and "
        "the hired is before the date 2020-01-01 sorted by the salary (highest first), then by the department (A to "
        "Z, those without a value last), then by the name (A to Z) only the name and the salary",
        "0 2 End here and give back the number of rows in employees.",
    ]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("a = 1 and b != 2 or c", "(the a is 1 and the b is not 2) or the c is true"),
        ("a = 1 and (b != 2 or not c)", "the a is 1 and (the b is not 2 or the c is false)"),
        ("a >= 1 and b <= 2 and c > 3", "the a is at least 1 and the b is at most 2 and the c is more than 3"),
        ("not (a = 1 and b = 2)", "it is not so that (the a is 1 and the b is 2)"),
        ("a between 1 and 2 and b is null", "the a is from 1 to 2 (both included) and the b has no value"),
        ('a not like "x%" and b starts with "y"', 'the a does not match the pattern "x%" and the b starts with "y"'),
        ("a in (1, 2) or b is not null", "the a is one of (1, 2) or the b has a value"),
        ("a < today() - 90 days", "the a is before today − 90 days"),
        ("exists(from x where y = 1) and b = 2", "there is a row in (x where the y is 1) and the b is 2"),
        ("not exists(from x as z where z.y = s.a)", "there is no row in (x (each called z) where z's y is s' a)"),
        ("a in (from x select y)", "the a is in (x, only the y)"),
        ("a + 2 * (b - 1) = 3", "the a + 2 × (the b − 1) is 3"),
        ("round(a / b, 2) = 3", "(the a ÷ the b) rounded to 2 places is 3"),
        ("case when a = 1 then b else 2 end = 3", "(the b when the a is 1; otherwise 2) is 3"),
    ],
)
def test_conditions(condition: str, words: str) -> None:
    assert lines(f"emit from s where {condition}") == [f"Show s where {words}."]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from a limit 3 offset 2", "a, only the first 3 after leaving out 2"),
        ("from a select count() as n", "a, all in one row n = the number of rows"),
        ("from a select b distinct", "a, only the b, each different row once"),
        ("from a union all from b", "a, and also the rows of (b), repeated rows kept"),
        (
            "from a group by c as d select d, sum(e) as f",
            "a, grouped by d = the c, for each group the d and f = the sum of the e",
        ),
        (
            "from h.a left join b on a.x = b.y",
            "a of h, each, even without one, with every row of b for which a's x is b's y",
        ),
        (
            "from a derive r = rank() over (partition by b order by c desc nulls first)",
            "a, with further fields: r = the rank, equal ones sharing one and leaving gaps, (among the rows with the "
            "same the b; sorted by the c (highest first, those without a value before all others))",
        ),
    ],
)  # fmt: skip
def test_queries(query: str, words: str) -> None:
    assert lines(f"emit {query}") == [f"Show {words}."]


@pytest.mark.parametrize(("join", "lost"), [("join", True), ("left join", False)])
def test_groups_that_a_join_leaves_out_are_told(join: str, lost: bool) -> None:
    (line,) = lines(f"emit from a {join} b on a.x = b.y group by b.y select y, count() as n")
    assert ("(those without rows left out)" in line) is lost


def test_a_parameter_is_no_store_and_has_its_type() -> None:
    head = "script s(region: date, n: int)"
    assert lines("emit from region where made < region and n2 < n", head) == [
        "Show region where the made is before the given region and the n2 is less than the given n."
    ]
    body = 'let start = date "2026-01-01" + 3 days emit from x where made >= start'
    assert lines(body)[1] == "Show x where the made is on or after start."


def test_parts_of_a_variable() -> None:
    assert lines("set r.a[0] = 1 set r[0].a = 1 set r[0][1].b = x[2].d") == [
        "Change item 0 (counted from 0) of r's a to 1.",
        "Change (item 0 (counted from 0) of r)'s a to 1.",
        "Change (item 1 (counted from 0) of (item 0 (counted from 0) of r))'s b to (item 2 (counted from 0) of x)'s d.",
    ]


def test_steps() -> None:
    body = """
      let n: int? = 1
      set n = n + 1
      for each i in from items where quantity < n do
        if i.a then say "{i.b} of {n}" else if n = 2 then break else continue end
      end
      for each k in 1 to 3 do emit { k: k } end
      for each g in gen(1, b: 2) do call other() end
      while n < 3 do set n = 4 end
      while true do break end
      ask "Go?" choices ["a", "b"] default "a" into ok: text
      transaction update x set y = y + 1 end
      try delete from x on error e do fail e.message end
      upsert into x { k: 1 } on k
      insert into x from y
      commit
      assert n = 1, "no"
      return
    """
    assert lines(body) == [
        "Let n (a whole number or no value) be 1.",
        "Change n to n + 1.",
        "For each i of items where the quantity is less than n:",
        "If i's a is true:",
        'Say "{i\'s b} of {n}".',
        "Otherwise, if n is 2:",
        "Leave the loop.",
        "Otherwise:",
        "Go on with the next round of the loop.",
        "For each k from 1 to 3:",
        "Show a row with k = k.",
        "For each g that gen (1, b: 2) shows:",
        "Run other.",
        "Again and again, as long as n is less than 3:",
        "Change n to 4.",
        "Again and again, until the loop is left:",
        "Leave the loop.",
        'Ask "Go?" and call the answer ok (a text; one of ["a", "b"]; without an answer, "a").',
        "All of this or nothing:",
        "Change every row of x: y becomes the y + 1.",
        "Try this:",
        "Delete every row of x.",
        "If it fails, undo what it changed, call the error e, and:",
        "Stop as failed, with the message e's message.",
        "Change the row of x that has the same k, or add one where there is none: k = 1.",
        "Add to x, for each row of y.",
        "Keep for good what has been changed so far.",
        'Stop as failed, with the message "no", unless n is 1.',
        "End here.",
    ]

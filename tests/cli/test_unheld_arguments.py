"""A text argument that no row holds is told at run time, with the nearest values; the run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Program

SALES = 'warning: dept: no row of employees has the department "sales"; nearest: "Sales"\n'
FIND = """\
script find(who: text, dept: text? = null, word: text? secret = null) uses hr -> int
  return count(from employees where name = who or department = dept or name = word)
end
"""


@pytest.mark.parametrize(
    ("arguments", "warnings"),
    [
        (["who=Ada"], ""),
        (["who=ada"], 'warning: who: no row of employees has the name "ada"; nearest: "Ada"\n'),
        (["who=Barabra"], 'warning: who: no row of employees has the name "Barabra"; nearest: "Barbara"\n'),
        (["who=Quux"], 'warning: who: no row of employees has the name "Quux"\n'),
        (
            ["who=Ada", "dept=sales"],
            'warning: dept: no row of employees has the department "sales"; nearest: "Sales"\n',
        ),
        (["who=Ada", "word=nobody"], ""),  # a secret is shown to nobody
    ],
)
def test_an_argument_that_no_row_holds_is_told(
    arguments: list[str], warnings: str, project: Path, sopc: Program, sopvm: Program
) -> None:
    (project / "find.sop").write_text(FIND)
    assert sopc("compile", "find.sop").exit_code == 0
    done = sopvm("run", "find", *arguments)
    assert (done.exit_code, done.stderr) == (0, warnings)


def test_an_empty_store_tells_nothing(project: Path, sopc: Program, sopvm: Program) -> None:
    (project / "find.sop").write_text(FIND)
    assert sopc("compile", "find.sop").exit_code == 0
    assert sopvm("db", "query", "from employees").exit_code == 0
    (project / "wipe.sop").write_text("script wipe() uses hr delete from employees end\n")
    assert sopc("compile", "wipe.sop").exit_code == 0
    assert sopvm("run", "wipe").exit_code == 0
    assert sopvm("run", "find", "who=Nobody").stderr == ""

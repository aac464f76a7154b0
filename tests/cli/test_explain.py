"""`sopc explain`: a program in English, beside its author's sentences."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Program

TEXT = """\
Well paid

The floor is a parameter, 90,000 by default.
Find the employees in Sales whose salary is above the floor.
Show their name and salary, highest first.
"""


def test_a_stored_script_stands_beside_its_sentences(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT)
    assert sopc("compile", "--translator", "patterns", "well_paid.txt").exit_code == 0
    done = sopc("explain", "well_paid")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        done.stdout
        == """\
well_paid
  Reads employees of hr. Changes nothing. Takes floor (a whole number, 90,000 unless given).

  1  “The floor is a parameter, 90,000 by default.”
       (no step of its own)
  2  “Find the employees in Sales whose salary is above the floor.”
       1. Let found_2 stand for employees where the department is "Sales" and the salary is more
          than the given floor; looked up each time it is used.
  3  “Show their name and salary, highest first.”
       2. Show found_2, sorted by the salary (highest first), only the name and the salary.
"""
    )
    before = done.stdout
    sop = project / "well_paid.sop"
    sop.write_text(sop.read_text().replace("> floor", ">= floor"))
    for source in ("well_paid.txt", "well_paid.sop"):
        assert "the salary is at least the given floor" in " ".join(sopc("explain", source).stdout.split())
    assert sopc("explain", "well_paid").stdout == before


def test_as_json(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT)
    sopc("compile", "--translator", "patterns", "well_paid.txt")
    line = json.loads(sopc("explain", "--json", "well_paid").stdout)
    assert line["script"] == "well_paid"
    assert line["about"][:2] == ["Reads employees of hr.", "Changes nothing."]
    assert [step["step"] for step in line["steps"]] == ["1", "2"]
    assert [sentence["steps"] for sentence in line["sentences"]] == [[], ["1"], ["2"]]


def test_a_program_without_sentences(sopc: Program) -> None:
    done = sopc("explain", "raise_all.sop")
    assert (
        done.stdout
        == """\
raise_all
  Reads employees of hr. Changes employees of hr. Takes by (a whole number). Gives back a whole
  number.

1. Change every row of employees: salary becomes the salary + the given by.
2. End here and give back the number of rows in employees.
"""
    )


def test_how_a_loop_runs(sopc: Program, project: Path) -> None:
    script = """\
script raise_each() uses hr
  for each e in from employees do
    update employees where id = e.id set salary = salary + 1
  end
  for each e in from employees do
    say "x"
  end
end
"""
    (project / "raise_each.sop").write_text(script)
    second = "step 2.1 is a `say`"
    once = "Loop 1 runs as one statement, and row by row where something fails or its rows are few."
    assert sopc("explain", "raise_each.sop").stdout.endswith(f"{once}\nLoop 2 runs row by row: {second}.\n")
    assert "# as one statement, where nothing fails" in sopc("disasm", "raise_each.sop").stdout
    with closing(sqlite3.connect(project / "hr.db")) as database:
        database.execute("create trigger t after update on EMPLOYEES begin delete from bonuses; end")
    why = "`employees` has a trigger, or a reference that cascades"
    assert sopc("explain", "raise_each.sop").stdout.endswith(
        f"Loop 1 runs row by row: {why}.\nLoop 2 runs row by row: {second}.\n"
    )
    assert f"# row by row: {why}\n" in sopc("disasm", "raise_each.sop").stdout


def test_what_can_not_be_explained(sopc: Program, project: Path) -> None:
    assert "L0101" in sopc("explain", "nothing").stderr
    (project / "wrong.sop").write_text("script wrong() uses hr\n  emit from nothing\nend\n")
    assert sopc("explain", "wrong.sop").exit_code == 1

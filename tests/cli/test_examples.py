"""Examples in a workflow's text: `sopc compile` runs them on the program, `sopc test` on the library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

TEXT = """\
Well paid

Show the name and salary of the employees in Sales whose salary is above 90000.
"""
EXAMPLES = """
Examples

Given employees:
  name | department | salary
  Zoe  | Sales      | 95,000
  Yves | Sales      | 85,000
Then it shows:
  name | salary
  Zoe  | 95000
"""


@pytest.fixture(autouse=True)
def _patterns(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("SOP_TRANSLATOR", "patterns")


def test_a_program_that_fails_its_examples_is_not_stored(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT + EXAMPLES.replace("Zoe  | 95000", "Yves | 85000"))
    done = sopc("compile", "well_paid.txt")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error T0403: example 1: expected another record\n  --> well_paid.txt:11:6\n" in done.stderr
    assert '    - Yves | 85000\n    + Zoe  | 95000\n    sentence 1: "Show the name' in done.stderr
    assert not (project / "well_paid.sop").exists()
    assert sopc("ls").stdout == ""
    found = json.loads(sopc("compile", "--errors", "json", "well_paid.txt").stderr.splitlines()[-1])
    assert (found["code"], found["line"], found["sentence"]) == ("T0403", 11, 1)
    assert "- Yves | 85000" in found["lines"]


def test_examples_alone_need_no_translation_and_are_run(sopc: Program, project: Path) -> None:
    text = project / "well_paid.txt"
    text.write_text(TEXT)
    assert sopc("compile", "well_paid.txt").exit_code == 0
    before = (project / "well_paid.sop").read_bytes()
    text.write_text(TEXT + EXAMPLES)
    done = sopc("compile", "well_paid.txt")
    assert done.stderr == "well_paid: unchanged, version 1\n"
    assert sopc("test").stdout == "well_paid: 1 example, ok\n"
    assert (project / "well_paid.sop").read_bytes() == before
    text.write_text(TEXT + EXAMPLES.replace("95000", "1"))
    assert "T0403" in sopc("compile", "well_paid.txt").stderr
    assert sopc("test").stdout == "well_paid: 1 example, ok\n"  # those that were kept


def test_an_edited_program_is_held_against_the_examples(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT + EXAMPLES)
    assert sopc("compile", "well_paid.txt").exit_code == 0
    sop = project / "well_paid.sop"
    sop.write_text(sop.read_text().replace("> 90000", "> 80000"))
    done = sopc("compile", "well_paid.txt")
    assert done.exit_code == 1
    assert "    + Yves | 85000" in done.stderr
    assert "  try: correct the example, the sentence or the program" in done.stderr


def test_examples_that_can_not_be_read_are_found_before_anything_is_translated(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT.replace("Show", "Enjoy") + "\nExamples\n\nThen it dances.\n")
    done = sopc("compile", "well_paid.txt")
    assert done.exit_code == 1
    assert done.stderr.startswith("error T0401: what follows `Then` is not understood")
    assert "T0201" not in done.stderr


def test_the_library_is_tested_again(sopc: Program, project: Path) -> None:
    assert sopc("test").stdout == ""
    (project / "well_paid.txt").write_text(TEXT + EXAMPLES)
    sopc("compile", "well_paid.txt", "audit.sop")
    done = sopc("test")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "audit: no examples\nwell_paid: 1 example, ok\n"
    (line,) = map(json.loads, sopc("test", "--json").stdout.splitlines())
    assert line == {
        "script": "well_paid", "version": 1, "example": 1, "title": "", "ok": True, "findings": []
    }  # fmt: skip
    assert sopc("test", "nothing").exit_code == 2


def test_a_script_that_can_not_be_tried_fails_and_the_others_are_tried(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT + EXAMPLES)
    sopc("compile", "well_paid.txt", "audit.sop")
    (project / "hr.db").unlink()
    done = sopc("test")
    assert done.exit_code != 0
    assert done.stdout == "audit: no examples\n"
    assert "error D01" in done.stderr
    assert " --> well_paid" in done.stderr


def test_a_callee_that_changed_is_found_out(sopc: Program, project: Path) -> None:
    (project / "bonus.sop").write_text("script bonus(salary: int) -> int\n  return salary // 10\nend\n")
    (project / "give.sop").write_text(
        "script give() uses hr\n  for each e in from employees do\n"
        "    insert into bonuses { employee_id: e.id, amount: bonus(salary: e.salary) }\n  end\nend\n"
    )
    text = "Give\n\nGive the bonuses.\n\nExamples\n\nGiven an employee with id 7, salary 50\n"
    text += "Then bonuses has:\n  employee_id, amount\n  7, 5\n"
    (project / "give.txt").write_text(text)
    assert sopc("compile", "bonus.sop").exit_code == 0
    done = sopc("compile", "give.txt", "--take", "sop")
    assert done.exit_code == 0, done.stderr
    (project / "bonus.sop").write_text("script bonus(salary: int) -> int\n  return salary // 5\nend\n")
    sopc("compile", "bonus.sop")
    done = sopc("test")
    assert done.exit_code == 1
    assert done.stdout == "bonus: no examples\ngive: 1 example, 1 failed\n"
    assert "error T0403: example 1: expected another row" in done.stderr
    assert "give.txt:8:6" in done.stderr


def test_exported_scripts_take_their_examples_along(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text(TEXT + EXAMPLES)
    sopc("compile", "well_paid.txt")
    sopc("export", "all.sopx")
    assert sopc("import", "all.sopx", "--home", "other").exit_code == 0
    assert sopc("test", "--home", "other").stdout == "well_paid: 1 example, ok\n"

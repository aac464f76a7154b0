"""The .sop file as the lock of a text: whose program it is, and builds in which nothing is translated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

TEXT = "Well paid\n\nShow the employees in Sales whose salary is above 90000.\n"


@pytest.fixture(autouse=True)
def _patterns(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("SOP_TRANSLATOR", "patterns")


def test_locked_translates_nothing(sopc: Program, project: Path) -> None:
    text, sop = project / "pay.txt", project / "well_paid.sop"
    text.write_text(TEXT)
    done = sopc("compile", "--locked", "pay.txt")
    assert done.exit_code == 4
    assert "error T0112: pay.txt has no well_paid.sop beside it, and --locked allows no translation" in done.stderr
    assert not sop.exists()
    assert sopc("compile", "pay.txt").exit_code == 0
    for command in ("compile", "check"):
        assert sopc(command, "--locked", "pay.txt").exit_code == 0
    sop.write_text(sop.read_text().replace("> 90000", "> 80000"))
    assert sopc("compile", "--locked", "pay.txt").exit_code == 0  # an edited program needs no translation
    text.write_text(TEXT + "\nExamples\n\nGiven no employees\nThen it shows nothing\n")
    assert sopc("compile", "--locked", "pay.txt").exit_code == 0  # nor do examples
    sopc("compile", "--take", "text", "pay.txt")
    text.write_text(TEXT.replace("90000", "70000"))
    before = sop.read_bytes()
    for command in ("compile", "check"):
        done = sopc(command, "--locked", "pay.txt")
        assert done.exit_code == 4
        assert "pay.txt changed since well_paid.sop was made" in done.stderr
    assert sop.read_bytes() == before
    done = sopc("compile", "--locked", "--take", "text", "pay.txt")
    assert (done.exit_code, sop.read_bytes()) == (2, before)
    assert "--take text translates, and --locked forbids that" in done.stderr
    done = sopc("compile", "--locked", "-", input=TEXT)
    assert done.exit_code == 4
    assert "error T0112: a text from stdin has no program beside it" in done.stderr


def test_two_texts_with_one_title_do_not_share_a_program(sopc: Program, project: Path) -> None:
    (project / "a.txt").write_text(TEXT)
    (project / "b.txt").write_text(TEXT.replace("90000", "70000"))
    assert sopc("compile", "a.txt").exit_code == 0
    before = (project / "well_paid.sop").read_bytes()
    assert b"# source: a.txt\n" in before
    done = sopc("compile", "b.txt")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error T0111: well_paid.sop is the program of a.txt, and b.txt has the same title" in done.stderr
    assert (project / "well_paid.sop").read_bytes() == before
    (project / "a.txt").rename(project / "c.txt")
    assert sopc("compile", "c.txt").stderr == "wrote well_paid.sop\nwell_paid: unchanged, version 1\n"
    assert "# source: c.txt\n" in (project / "well_paid.sop").read_text()
    assert sopc("compile", "c.txt").stderr == "well_paid: unchanged, version 1\n"


def test_a_text_with_a_new_title_tells_of_its_old_program(sopc: Program, project: Path) -> None:
    (project / "pay.txt").write_text(TEXT)
    (project / "other.txt").write_text(TEXT.replace("Well paid", "Others"))
    assert "warning" not in sopc("compile", "pay.txt", "other.txt").stderr
    (project / "pay.txt").write_text(TEXT.replace("Well paid", "Rich"))
    done = sopc("compile", "pay.txt")
    assert done.exit_code == 0
    assert done.stderr.count("warning") == 1
    assert "warning: well_paid.sop is a program of the same text, from when it had another title" in done.stderr
    assert "warning" not in sopc("compile", "pay.txt").stderr


def test_a_program_that_a_person_changed_is_told_apart_in_the_history(sopc: Program, project: Path) -> None:
    (project / "pay.txt").write_text(TEXT)
    sopc("compile", "pay.txt")
    sop = project / "well_paid.sop"
    sop.write_text(sop.read_text().replace("> 90000", "> 80000"))
    assert sopc("compile", "pay.txt").exit_code == 0
    first, second = map(json.loads, sopc("history", "well_paid", "-f", "jsonl").stdout.splitlines())
    assert (first["by"], second["by"]) == ("patterns", "patterns, edited")


def test_a_program_compiled_by_itself_is_held_against_its_texts_examples(sopc: Program, project: Path) -> None:
    text, sop = project / "pay.txt", project / "well_paid.sop"
    text.write_text(TEXT + "\nExamples\n\nGiven an employee with department Sales, salary 90001\nThen it shows 1 row\n")
    assert sopc("compile", "pay.txt").exit_code == 0
    sop.write_text(sop.read_text().replace("> 90000", "> 95000"))
    done = sopc("compile", "well_paid.sop")
    assert done.exit_code == 1
    assert "error T0403: example 1: expected 1 record, got 0" in done.stderr
    sop.write_text(sop.read_text().replace("> 95000", ">= 90000"))
    assert sopc("compile", "well_paid.sop").exit_code == 0
    assert sopc("test").stdout == "well_paid: 1 example, ok\n"

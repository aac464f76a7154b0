"""New programs, at a terminal and elsewhere: what is shown and asked before they are stored."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.commands import command, environment

READING = "Well paid\n\nShow the employees in Sales whose salary is above 90000.\n"
WRITING = "Clean\n\nDelete all employees in Sales.\n"
OPEN = "Largest\n\nShow the boxes, largest first.\n"


def at_terminal(
    folder: Path, arguments: Sequence[str], answers: Sequence[str], program: str = "sopc"
) -> tuple[int, str]:
    """Run a command on a terminal with these lines as answers; its exit code and its output."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        words = command(program, *arguments)
        os.execve(words[0], words, {**environment(), "SOP_TRANSLATOR": "patterns", "COLUMNS": "100"})
    shown = b""
    waiting = list(answers)
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"nothing more came after: {shown.decode()}"
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            data = b""
        if not data:
            break
        shown += data
        if waiting and shown.rstrip().endswith((b"]:", b"Answer:")):
            os.write(terminal, waiting.pop(0).encode() + b"\n")
            shown += b"\n"
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert not waiting
    return os.waitstatus_to_exitcode(status), shown.decode().replace("\r\n", "\n")


def stored(sopc: Program) -> bool:
    return bool(sopc("ls").stdout)


@pytest.fixture(autouse=True)
def _boxes(project: Path) -> None:
    with closing(sqlite3.connect(project / "hr.db")) as connection, connection:
        connection.execute(
            "create table boxes (id integer primary key, width integer not null, height integer not null)"
        )
    connection.close()
    (project / "well_paid.txt").write_text(READING)
    (project / "clean.txt").write_text(WRITING)
    (project / "largest.txt").write_text(OPEN)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal")
def test_a_first_compile_at_a_terminal_is_reviewed(sopc: Program, project: Path) -> None:
    code, shown = at_terminal(project, ["compile", "well_paid.txt"], ["n"])
    assert code == 3
    assert "Reads employees of hr. Changes nothing." in shown
    assert "  1  “Show the employees in Sales whose salary is above 90000.”\n       1. Show employees where" in shown
    assert "Store well_paid? [Y/n]:" in shown
    assert "C0108: well_paid was not accepted, so nothing was stored" in shown
    assert not stored(sopc)
    assert not (project / "well_paid.sop").exists()
    code, shown = at_terminal(project, ["compile", "well_paid.txt"], [""])
    assert code == 0
    assert "well_paid: version 1" in shown
    code, shown = at_terminal(project, ["compile", "well_paid.txt"], [])  # the second time nothing is new
    assert (code, shown) == (0, "well_paid: unchanged, version 1\n")
    code, shown = at_terminal(project, ["compile", "--review", "well_paid.txt"], ["y"])
    assert code == 0
    assert "Reads employees of hr." in shown


def test_what_writes_is_stored_after_a_yes_only(sopc: Program, project: Path) -> None:
    code, shown = at_terminal(project, ["compile", "clean.txt"], [""])
    assert code == 3
    assert "Changes employees of hr." in shown
    assert "Store clean? [y/N]:" in shown
    assert not stored(sopc)
    assert at_terminal(project, ["compile", "clean.txt"], ["y"])[0] == 0
    assert stored(sopc)


def test_elsewhere_a_refused_translation_waits_for_its_yes(sopc: Program, project: Path) -> None:
    done = sopc("compile", "--translator", "patterns", "clean.txt")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "Changes employees of hr." in done.stderr
    assert (project / ".sop" / "pending" / "clean.sop").exists()
    done = sopc("compile", "--translator", "patterns", "--yes", "clean.txt")
    assert done.stderr == "clean.txt: translated before\nwrote clean.sop\nclean: version 1\n"
    assert not (project / ".sop" / "pending" / "clean.sop").exists()


def test_a_refused_translation_from_stdin_is_not_kept(sopc: Program, project: Path) -> None:
    done = sopc("compile", "--translator", "patterns", "-", input=WRITING)
    assert done.exit_code == 3
    assert "save the text to a file and compile that" in done.stderr
    assert not (project / ".sop" / "pending").exists()


def test_a_review_with_a_yes_is_shown_and_asks_nothing(sopc: Program, project: Path) -> None:
    done = sopc("compile", "--translator", "patterns", "--review", "--yes", "clean.txt")
    assert done.exit_code == 0, done.stderr
    assert "Changes employees of hr." in done.stderr
    code, shown = at_terminal(project, ["compile", "--review", "--yes", "clean.txt"], [])
    assert code == 0
    assert "Changes employees of hr." in shown


def test_a_text_can_not_hide_its_program_from_who_reviews_it(sopc: Program, project: Path) -> None:
    (project / "clean.txt").write_text(WRITING.replace("Delete", 'Say "\x1b[8m\u202e".\nDelete'))
    code, shown = at_terminal(project, ["compile", "clean.txt"], ["n"])
    assert code == 3
    assert "\x1b[8m" not in shown and "\u202e" not in shown
    assert '“Say "\\u{1b}[8m".”' in shown
    assert "U+202E at line 3, column 10" in shown
    assert "Delete the rows of employees" in shown
    assert "\x1b" not in sopc("compile", "--translator", "patterns", "clean.txt").stderr


def test_a_refused_translation_of_another_text_is_not_taken(sopc: Program, project: Path) -> None:
    sopc("compile", "--translator", "patterns", "clean.txt")
    (project / "clean.txt").write_text(WRITING.replace("Sales", "Engineering"))
    done = sopc("compile", "--translator", "patterns", "--yes", "clean.txt")
    assert "clean.txt: translated by patterns" in done.stderr
    assert "Engineering" in (project / "clean.sop").read_text()


def test_a_changed_text_is_reviewed_with_what_changed(sopc: Program, project: Path) -> None:
    assert sopc("compile", "--translator", "patterns", "well_paid.txt").exit_code == 0
    (project / "well_paid.txt").write_text(READING.replace("90000", "80000"))
    code, shown = at_terminal(project, ["compile", "well_paid.txt"], ["y"])
    assert code == 0
    lines = shown.partition("Changed since the last translation:\n")[2].splitlines()[:2]
    assert [line[:5] for line in lines] == ["  - S", "  + S"]
    assert "90,000" in lines[0]
    assert "80,000" in lines[1]


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_readings_are_a_question(sopc: Program, project: Path) -> None:
    done = sopc("compile", "--translator", "patterns", "largest.txt")
    assert done.exit_code == 3
    assert "error T0203" in done.stderr
    assert "error T0210: largest.txt leaves open: which of these is meant?" in done.stderr
    choices = [
        f"Show boxes, sorted by the {field} (highest first, those without a value last)."
        for field in ("width", "height")
    ]
    assert json.loads(done.stdout) == {
        "type": "ask",
        "file": "largest.txt",
        "sentence": 1,
        "result": {
            "question": "which of these is meant?",
            "choices": choices,
            "readings": [
                {"number": number, "said": said, "does": "shows", "rows": 0, "only": []}
                for number, said in enumerate(choices, 1)
            ],
        },
    }
    assert not (project / "largest.sop").exists()
    done = sopc("compile", "--translator", "patterns", "--answer", "1=3", "largest.txt")
    assert done.exit_code == 2
    assert "'3' is no answer to the question about sentence 1" in done.stderr
    done = sopc("compile", "--translator", "patterns", "--answer", "1=2", "largest.txt")
    assert done.exit_code == 0, done.stderr
    assert "order by height desc" in (project / "largest.sop").read_text()


def test_an_answer_that_nothing_asked_for_is_an_error(sopc: Program, project: Path) -> None:
    done = sopc("compile", "--translator", "patterns", "--answer", "1=1", "well_paid.txt")
    assert done.exit_code == 2
    assert "error T0211: no question about sentence 1 was open" in done.stderr
    assert not stored(sopc)
    sopc("compile", "--translator", "patterns", "--answer", "1=2", "largest.txt")
    done = sopc("compile", "--translator", "patterns", "--answer", "1=1", "largest.txt")
    assert done.exit_code == 2
    sopc("compile", "--translator", "patterns", "--answer", "1=1", "--take", "text", "largest.txt")
    assert "order by width desc" in (project / "largest.sop").read_text()


def test_answers_are_kept_with_the_workflow(sopc: Program, project: Path) -> None:
    sopc("compile", "--translator", "patterns", "--answer", "1=2", "largest.txt")
    (project / "largest.txt").write_text(OPEN + "Show the employees.\n")
    done = sopc("compile", "--translator", "patterns", "largest.txt")
    assert done.exit_code == 0, done.stderr
    assert "order by height desc" in (project / "largest.sop").read_text()
    (project / "largest.txt").write_text(OPEN.replace("boxes, ", "boxes by id, "))
    sopc("compile", "--translator", "patterns", "largest.txt")
    (project / "largest.txt").write_text(OPEN.replace("largest", "smallest"))
    assert sopc("compile", "--translator", "patterns", "largest.txt").exit_code == 3  # another sentence, asked anew


def test_a_question_is_asked_at_a_terminal(sopc: Program, project: Path) -> None:
    code, shown = at_terminal(project, ["compile", "largest.txt"], ["7", "1", "y"])
    assert code == 0
    assert (
        "Sentence 1: “Show the boxes, largest first.”\n  which of these is meant?\n    1. Show boxes, sorted" in shown
    )
    assert "order by width desc" in (project / "largest.sop").read_text()
    assert stored(sopc)


# ── a wish that is run at once ───────────────────────────────────────────────────────────────────────────────────

WISH = "Show the boxes, largest first."


@pytest.fixture
def _filled(project: Path) -> None:
    with closing(sqlite3.connect(project / "hr.db")) as connection, connection:
        connection.execute("insert into boxes values (1, 5, 20), (2, 10, 7)")
    connection.close()


@pytest.mark.usefixtures("_filled")
def test_an_ambiguous_request_is_asked_about_at_a_terminal(project: Path) -> None:
    code, shown = at_terminal(project, ["do", WISH, "-f", "csv"], ["three", "2"], "sopvm")
    assert code == 0, shown
    assert f"Sentence 1: “{WISH}”\n  which of these is meant?\n    1. Show boxes, sorted by the width" in shown
    assert "order by height desc" in shown
    assert shown.endswith("id,width,height\n1,5,20\n2,10,7\n")


@pytest.mark.usefixtures("_filled")
def test_off_a_terminal_an_ambiguous_request_is_an_ask_line(sopvm: Program, project: Path) -> None:
    done = sopvm("do", WISH, "--translator", "patterns")
    assert done.exit_code == 3
    assert "error T0203" in done.stderr
    assert "error T0210: request.txt leaves open: which of these is meant?" in done.stderr
    assert "try: sopvm do --answer 1=… with the same text" in done.stderr
    assert done.stdout.startswith('{"type":"ask","file":"request.txt","sentence":1,"result":{"question":"which of')
    done = sopvm("do", WISH, "--translator", "patterns", "--answer", "1=1", "-f", "csv")
    assert (done.exit_code, done.stdout) == (0, "id,width,height\n2,10,7\n1,5,20\n")
    done = sopvm("do", WISH, "--translator", "patterns", "--answer", "1=3")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'3' is no answer to the question about sentence 1" in done.stderr
    done = sopvm("do", "Show the boxes.", "--translator", "patterns", "--answer", "1=1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error T0211: no question about sentence 1 was open" in done.stderr
    assert not (project / ".sop").exists()

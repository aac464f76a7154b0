"""`-o FILE`, `-f` and `--bom`: a run's records in a file that is whole or not there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from pathlib import Path

import openpyxl
import pytest

from tests.cli.conftest import Program
from tests.commands import command, environment

HIGH = "from hr.employees where salary > 150000 order by salary select name, salary"
FAILS = "from hr.employees where salary / (id - 3) > 0 select name"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.csv", "name,salary\nGrace,160000\nAda,180000\n"),
        ("a.tsv", "name\tsalary\nGrace\t160000\nAda\t180000\n"),
        ("a.ndjson", '{"name":"Grace","salary":160000}\n{"name":"Ada","salary":180000}\n'),
        ("a.json", '[\n{"name":"Grace","salary":160000},\n{"name":"Ada","salary":180000}\n]\n'),
        ("a.md", "| name | salary |\n| --- | ---: |\n| Grace | 160000 |\n| Ada | 180000 |\n"),
    ],
)
def test_a_file_has_the_format_of_its_name(sopvm: Program, project: Path, file: str, content: str) -> None:
    done = sopvm("db", "query", HIGH, "-o", file, env={"SOP_FORMAT": "table"})
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{file}: 2 rows\n")
    assert (project / file).read_text() == content


def test_a_spreadsheet_of_a_stored_script(sopc: Program, sopvm: Program, project: Path) -> None:
    assert sopc("compile", "audit.sop").exit_code == 0
    assert sopvm("run", "audit", "-o", "audit.xlsx").exit_code == 0
    sheet = openpyxl.load_workbook(project / "audit.xlsx").worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["name", "salary"], ["Ada", 180000], ["Grace", 160000],
    ]  # fmt: skip


def test_the_format_on_the_command_line_goes_before_the_name(sopvm: Program, project: Path) -> None:
    assert sopvm("db", "query", HIGH, "-o", "a.csv", "-f", "tsv").exit_code == 0
    assert (project / "a.csv").read_text().startswith("name\tsalary\n")
    done = sopvm("db", "query", HIGH, "-o", "a.doc")
    assert (done.exit_code, "error D0508" in done.stderr) == (2, True)


def test_a_file_that_is_there_stays_unless_told(sopvm: Program, project: Path) -> None:
    (project / "a.csv").write_text("mine\n")
    done = sopvm("db", "query", HIGH, "-o", "a.csv")
    assert (done.exit_code, "error D0509" in done.stderr) == (2, True)
    assert sopvm("db", "query", FAILS, "-o", "a.csv", "--force").exit_code == 1
    assert (project / "a.csv").read_text() == "mine\n"
    assert sopvm("db", "query", HIGH, "-o", "a.csv", "--force", "--bom").exit_code == 0
    assert (project / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfname,")


@pytest.mark.parametrize("file", ["a.csv", "a.xlsx", "a.parquet", "a.md", "a.ndjson", "a.json"])
def test_a_run_that_fails_leaves_no_file(sopvm: Program, project: Path, file: str) -> None:
    before = {path.name for path in project.iterdir()}
    assert sopvm("db", "query", FAILS, "-o", file).exit_code == 1
    assert {path.name for path in project.iterdir()} - {".sop"} == before - {".sop"}


def test_texts_that_a_spreadsheet_would_run_are_marked(sopvm: Program) -> None:
    query = 'from hr.employees where id = 1 select "=1+1" as text'
    assert sopvm("db", "query", query, "-f", "csv-safe").stdout == "text\n'=1+1\n"


def test_a_query_without_rows_has_its_names(sopvm: Program) -> None:
    nobody = HIGH.replace("150000", "999999")
    assert sopvm("db", "query", nobody, "-f", "csv").stdout == "name,salary\n"
    assert sopvm("db", "query", nobody, "-f", "table").stdout == "name  salary\n────  ──────\n0 rows\n"


def test_lines_of_a_kept_run_go_to_stdout(sopc: Program, sopvm: Program, project: Path) -> None:
    assert sopc("compile", "audit.sop").exit_code == 0
    done = sopvm("run", "audit", "--id", "one", "-o", "a.csv")
    assert (done.exit_code, "error C0101" in done.stderr) == (2, True)
    assert not (project / "a.csv").exists()


def test_a_run_that_shows_nothing_is_told_of_on_a_terminal(sopc: Program, project: Path) -> None:
    (project / "forever.sop").write_text("script forever()\n  let n = 0\n  while true do set n = n + 1 end\nend\n")
    assert sopc("compile", "forever.sop").exit_code == 0
    ours, theirs = pty.openpty()
    words = command("sopvm", "run", "forever")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=theirs, env=environment()) as running:
        try:
            assert select.select([ours], [], [], 60)[0]
            assert os.read(ours, 1000).decode().startswith("running forever … (Ctrl-C stops it")
        finally:
            running.kill()
            os.close(ours)
            os.close(theirs)

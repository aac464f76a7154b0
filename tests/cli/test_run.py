"""`sopvm run`, `do` and `db query`: arguments, formats, databases, answers, exit codes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Program, process


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def salaries(folder: Path, name: str = "hr.db") -> int:
    connection = sqlite3.connect(folder / name)
    try:
        (total,) = connection.execute("select sum(salary) from employees").fetchone()
        return int(total)
    finally:
        connection.close()


@pytest.fixture
def compiled(sopc: Program) -> None:
    assert sopc("compile", "audit.sop", "raise_all.sop").exit_code == 0


@pytest.mark.usefixtures("compiled")
def test_records_come_out_as_json_lines(sopvm: Program) -> None:
    done = sopvm("run", "audit")
    assert (done.exit_code, done.stderr) == (0, "")
    found = lines(done.stdout)
    assert [line["type"] for line in found] == ["start", "record", "record", "end"]
    assert found[1]["result"] == {"name": "Ada", "salary": 180000}


@pytest.mark.usefixtures("compiled")
def test_arguments_replace_defaults_and_formats_differ(sopvm: Program) -> None:
    args = ("run", "audit", "dept=Sales", "floor=90000")
    assert sopvm(*args, "-f", "records").stdout == '{"name":"Edgar","salary":95000}\n'
    assert sopvm(*args, "-f", "csv").stdout == "name,salary\nEdgar,95000\n"
    assert json.loads(sopvm(*args, "-f", "json").stdout)
    assert "Edgar" in sopvm(*args, "-f", "table").stdout


@pytest.mark.usefixtures("compiled")
def test_a_version_is_run_by_its_number(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "audit.sop").write_text((project / "audit.sop").read_text().replace("150000", "0"))
    sopc("compile", "audit.sop")
    assert len(sopvm("run", "audit", "-f", "records").stdout.splitlines()) == 3
    assert len(sopvm("run", "audit@1", "-f", "records").stdout.splitlines()) == 2


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(
    ("args", "exit_code"),
    [
        (["run", "audti"], 2),
        (["run", "audit@7"], 2),
        (["run", "audit", "nonsense"], 2),
        (["run", "audit", "flor=1"], 2),
        (["run", "audit", "floor=1", "floor=2"], 2),
        (["run", "audit", "floor=abc"], 2),
        (["run", "raise_all"], 2),
        (["run", "audit", "--db", "hr=sqlite:///missing.db"], 2),
        (["run", "audit", "--db", "hr=sqlite:///sop.toml"], 2),
        (["run", "audit", "--db", "hr"], 2),
        (["run", "audit", "--db", "hr=mysterious://x"], 2),
        (["run", "audit", "-f", "xml"], 2),
        (["run"], 2),
        (["rnu"], 2),
        (["run", "audit", "--max-rows", "x"], 2),
    ],
)
def test_wrong_usage_is_one_clear_error(sopvm: Program, project: Path, args: list[str], exit_code: int) -> None:
    done = sopvm(*args)
    assert done.exit_code == exit_code, done.stderr
    assert done.stderr.startswith("error "), done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "missing.db").exists()
    as_json = sopvm(*args, "--errors", "json")
    assert json.loads(as_json.stderr.splitlines()[0])["code"] == done.stderr[6:11]


@pytest.mark.usefixtures("compiled")
def test_a_flag_goes_before_the_environment_and_that_before_the_file(
    sopvm: Program, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("one", 1), ("two", 2)):
        (project / f"{name}.db").write_bytes((project / "hr.db").read_bytes())
        with closing(sqlite3.connect(project / f"{name}.db")) as connection, connection:
            connection.execute("update employees set salary = ? + 1000000", (value,))
        connection.close()
    first = ("run", "audit", "-f", "records")
    assert "180000" in sopvm(*first).stdout
    monkeypatch.setenv("SOP_DB", "hr=sqlite:///one.db")
    assert "1000001" in sopvm(*first).stdout
    assert "1000002" in sopvm(*first, "--db", "hr=sqlite:///two.db").stdout
    monkeypatch.setenv("SOP_FORMAT", "csv")
    assert sopvm("run", "audit").stdout.startswith("name,salary\n")


@pytest.mark.usefixtures("compiled")
def test_a_dry_run_changes_nothing(sopvm: Program, project: Path) -> None:
    before = salaries(project)
    done = sopvm("run", "raise_all", "by=10", "--dry-run")
    assert (done.exit_code, lines(done.stdout)[-1]["status"]) == (0, "dry-run")
    assert salaries(project) == before
    assert sopvm("run", "raise_all", "by=10").exit_code == 0
    assert salaries(project) == before + 50


def test_a_failure_is_in_the_lines_on_stderr_and_in_the_exit_code(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "fails.sop").write_text(
        'script fails() uses hr\n  update employees where true set salary = 0\n  fail "on purpose"\nend\n'
    )
    sopc("compile", "fails.sop")
    before = salaries(project)
    done = sopvm("run", "fails")
    assert done.exit_code == 1
    assert lines(done.stdout)[-1]["status"] == "failed"
    assert "on purpose" in done.stderr
    assert salaries(project) == before
    assert sopvm("run", "fails", "-f", "csv").stdout == ""


def test_a_question_waits_or_takes_its_answer(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "asks.sop").write_text('script asks() -> bool\n  ask "Go on?" into ok: bool\n  return ok\nend\n')
    sopc("compile", "asks.sop")
    done = sopvm("run", "asks")
    assert done.exit_code == 3
    assert lines(done.stdout)[-1]["status"] == "waiting"
    run = lines(done.stdout)[0]["run"]
    assert f"try: sopvm answer {run} VALUE" in done.stderr
    assert lines(sopvm("answer", run, "true").stdout)[-1]["result"] is True
    assert lines(sopvm("run", "asks", "--answer", "1=true").stdout)[-1]["result"] is True
    assert sopvm("run", "asks", "--answer", "1").exit_code == 2
    refused = sopvm("run", "asks", "--answer", "2=true")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "C0124: step 2 of `asks` asks nothing" in refused.stderr
    assert "it asks at step 1" in refused.stderr


def test_a_bool_is_answered_and_given_as_people_write_it(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "asks.sop").write_text('script asks() -> bool\n  ask "Go on?" into ok: bool\n  return ok\nend\n')
    (project / "takes.sop").write_text("script takes(ok: bool) -> bool\n  return ok\nend\n")
    sopc("compile", "asks.sop", "takes.sop")
    for wanted, texts in ((True, ("yes", "Y", "True", "true")), (False, ("no", "N", "FALSE", "false"))):
        for text in texts:
            assert lines(sopvm("run", "asks", "--answer", f"1={text}").stdout)[-1]["result"] is wanted
            assert lines(sopvm("run", "takes", f"ok={text}").stdout)[-1]["result"] is wanted
    assert "V0404" in sopvm("run", "asks", "--answer", "1=maybe").stderr
    assert "C0123" in sopvm("run", "takes", "ok=1").stderr


@pytest.mark.usefixtures("compiled")
def test_a_trace_goes_to_stderr(sopvm: Program) -> None:
    done = sopvm("run", "audit", "--trace")
    assert "EMIT_QUERY" in done.stderr
    assert lines(done.stdout)[-1]["status"] == "ok"


def test_limits_end_a_run(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "endless.sop").write_text("script endless()\n  while true do\n  end\nend\n")
    sopc("compile", "endless.sop")
    done = sopvm("run", "endless", "--max-instructions", "1000")
    assert done.exit_code == 1
    assert lines(done.stdout)[-1]["status"] == "failed"


@pytest.mark.usefixtures("compiled")
def test_a_damaged_module_is_an_error(sopvm: Program, project: Path) -> None:
    path = project / ".sop" / "library.mdb"
    data = path.read_bytes()
    at = data.index(b"SOP\0")
    path.write_bytes(data[: at + 60] + b"\xff\xff\xff" + data[at + 63 :])
    results = [
        sopvm("run", name, "by=1") if name == "raise_all" else sopvm("run", name) for name in ("audit", "raise_all")
    ]
    assert sorted(done.exit_code for done in results) == [0, 1]
    (bad,) = [done for done in results if done.exit_code]
    assert "L02" in bad.stderr
    assert bad.stdout == "" or lines(bad.stdout)[-1]["status"] == "failed"


def test_a_changed_schema_is_told_with_its_places(sopc: Program, sopvm: Program, project: Path) -> None:
    sopc("compile", "audit.sop")
    with closing(sqlite3.connect(project / "hr.db")) as connection, connection:
        connection.execute("alter table employees rename column salary to pay")
    connection.close()
    done = sopvm("run", "audit")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error V0211: the field `salary` of `hr.employees`, which `audit` uses, is gone\n")
    assert "\n --> audit.sop:2:51, audit\n" in done.stderr
    report = json.loads(sopvm("run", "audit", "--errors", "json").stderr)
    assert (report["code"], report["line"], report["column"]) == ("V0211", 2, 51)


# ── do, db query, db ls ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_is_translated_shown_and_run_but_not_stored(sopc: Program, sopvm: Program, project: Path) -> None:
    done = sopvm("do", "Show all employees in Sales.", "--translator", "patterns", "-f", "records")
    assert done.exit_code == 0, done.stderr
    assert {record["name"] for record in lines(done.stdout)} == {"Edgar", "Barbara"}
    assert "from employees" in done.stderr
    assert not (project / ".sop").exists()


def test_a_request_can_be_saved(sopc: Program, sopvm: Program) -> None:
    done = sopvm("do", "Show all employees in Sales.", "--translator", "patterns", "--save", "sales_people")
    assert done.exit_code == 0, done.stderr
    start = lines(done.stdout)[0]
    assert (start["script"], start["version"]) == ("sales_people", 1)
    assert len(sopvm("run", "sales_people", "-f", "records").stdout.splitlines()) == 2


def test_a_request_and_a_query_can_come_from_stdin(sopvm: Program, project: Path) -> None:
    done = sopvm("do", "-", "-f", "records", input="Show all employees in Sales.\n")
    assert {record["name"] for record in lines(done.stdout)} == {"Edgar", "Barbara"}
    done = sopvm("db", "query", "-", "-f", "csv", input='from employees\nwhere name = "Ada"\nselect salary\n')
    assert done.stdout == "salary\n180000\n"


def test_a_request_that_writes_is_refused(sopc: Program, sopvm: Program, project: Path) -> None:
    before = salaries(project)
    done = sopvm("do", "Delete all employees in Sales.", "--translator", "patterns", "--save", "clean")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "C0111" in done.stderr
    assert salaries(project) == before
    assert sopc("ls").stdout == ""


def test_a_query_of_its_own(sopvm: Program, project: Path) -> None:
    text = "from employees group by department select department, count() as people order by department"
    done = sopvm("db", "query", text, "-f", "csv")
    assert done.stdout == "department,people\nEngineering,3\nSales,2\n"
    assert sopvm("db", "query", "from hr.employees limit 1", "-f", "records").exit_code == 0
    done = sopvm("db", "query", "from employes")
    assert done.exit_code == 1
    assert "query:1:6" in done.stderr
    assert not (project / ".sop").exists()


def test_what_databases_hold(sopvm: Program) -> None:
    found = lines(sopvm("db", "ls", "-f", "records").stdout)
    assert {"database": "hr", "store": "bonuses", "rows": 0, "fields": "employee_id, amount"} in found
    assert lines(sopvm("db", "ls", "hr", "-f", "records").stdout) == found
    assert sopvm("db", "ls", "hrr").exit_code == 2


@pytest.mark.parametrize(("program", "words"), [("sopvm", ("db", "ls")), ("sopc", ("schema",))])
def test_a_database_that_can_not_be_opened_does_not_hide_the_others(
    sopc: Program, sopvm: Program, project: Path, program: str, words: tuple[str, ...]
) -> None:
    (project / "notes.db").write_text("these are notes, and no database " * 40)
    run = sopvm if program == "sopvm" else sopc
    done = run(*words, "-f", "csv", "--db", "notes=sqlite:///notes.db")
    assert done.exit_code == 0
    assert "hr,employees" in done.stdout
    assert done.stderr.startswith("warning D0102: `notes` is not a SQLite database")
    assert run(*words, "notes", "--db", "notes=sqlite:///notes.db").exit_code == 2
    assert run(*words, "--db", "hr=sqlite:///notes.db").exit_code == 2


def test_a_run_in_a_process_of_its_own(sopc: Program, project: Path) -> None:
    sopc("compile", "audit.sop")
    done = process("sopvm", "run", "audit", "-f", "records")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 2, b"")

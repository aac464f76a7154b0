"""The demo from English to records through the commands: every workflow, its versions, and the one that fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Place

WORKFLOWS = (
    "audit_salary",
    "reorder_low_stock",
    "calculate_tax",
    "active_employees",
    "process_payroll",
    "department_summary",
    "clean_up",
    "anomaly_report",
)


@pytest.fixture
def demo(tmp_path: Path) -> Place:
    Place(tmp_path).ok("sopc", "init", "--demo", "demo")
    return Place(tmp_path / "demo")


def test_every_workflow_becomes_a_program_and_runs(demo: Place) -> None:
    demo.ok("sopc", "compile", "--yes", "--translator", "patterns", *(f"{name}.txt" for name in WORKFLOWS))
    listed = demo.ok("sopc", "ls", "-f", "records").text
    assert {json.loads(line)["name"] for line in listed.splitlines()} == set(WORKFLOWS)
    for name in WORKFLOWS:
        demo.ok("sopc", "fmt", "--check", f"{name}.sop")

    assert demo.ok("sopvm", "run", "calculate_tax", "salary=100000").lines[-1]["result"] is not None
    assert demo.ok("sopvm", "run", "department_summary").records
    before = demo.sql("SELECT count(*) FROM reorders", demo.folder / "inventory.db")
    waiting = demo.run("sopvm", "run", "reorder_low_stock")
    assert waiting.exit_code == 3 and waiting.lines[-1]["status"] == "waiting"
    ask = next(line for line in waiting.lines if line["type"] == "ask")
    refused = demo.run("sopvm", "run", "reorder_low_stock", "--answer", f"{ask['step']}=false")
    assert refused.exit_code == 1 and "rejected by the user" in refused.text
    assert demo.sql("SELECT count(*) FROM reorders", demo.folder / "inventory.db") == before
    done = demo.ok("sopvm", "run", "reorder_low_stock", "--answer", f"{ask['step']}=true")
    made = done.lines[-1]["result"]
    assert demo.sql("SELECT count(*) FROM reorders", demo.folder / "inventory.db")[0][0] == before[0][0] + made

    people = demo.sql("SELECT count(*) FROM employees WHERE active", demo.folder / "hr.db")[0][0]
    demo.ok("sopvm", "run", "process_payroll", "month=2026-03-01")
    paid = demo.sql("SELECT count(*), round(sum(gross - tax - net), 2) FROM payments WHERE month = '2026-03-01'",
                    demo.folder / "hr.db")  # fmt: skip
    assert paid == [(people, 0.0)]
    demo.ok("sopvm", "run", "clean_up")


def test_the_report_that_fails_leaves_nothing_behind(demo: Place) -> None:
    demo.ok("sopc", "compile", "--yes", "--translator", "patterns", "anomaly_report.txt")
    database = demo.folder / "inventory.db"
    before = demo.dump(database)
    done = demo.run("sopvm", "run", "anomaly_report")
    assert done.exit_code == 1
    assert [line["command"] for line in done.lines if line["type"] == "command"], "it wrote nothing before it failed"
    assert done.lines[-1]["status"] == "failed"
    error = next(line for line in done.lines if line["type"] == "error")["result"]
    assert error["message"] == "some items have no supplier" and error["sentence"] == 4
    assert demo.dump(database) == before


def test_the_program_beside_the_text_is_the_lock(demo: Place) -> None:
    demo.ok("sopc", "compile", "audit_salary.txt")
    program = demo.folder / "audit_salary.sop"
    first = program.read_text(encoding="utf-8")
    table = demo.ok("sopvm", "run", "audit_salary", "dept=Sales", "floor=90000", "-f", "table").text
    assert "salary" in table and "Barbara" in table

    assert "unchanged" in demo.ok("sopc", "compile", "audit_salary.txt").stderr
    assert "unchanged" in demo.ok("sopc", "compile", "audit_salary.sop").stderr
    assert program.read_text(encoding="utf-8") == first

    program.write_text(first.replace("salary desc", "salary asc"), encoding="utf-8")
    assert "version 2" in demo.ok("sopc", "compile", "audit_salary.txt").stderr
    assert "-" in demo.ok("sopc", "diff", "audit_salary").text
    newest = demo.ok("sopvm", "run", "audit_salary").records
    assert newest == demo.ok("sopvm", "run", "audit_salary@1").records[::-1]
    demo.ok("sopc", "rollback", "audit_salary")
    assert demo.ok("sopvm", "run", "audit_salary").records == newest[::-1]


def test_text_and_program_both_changed_stop(demo: Place) -> None:
    demo.ok("sopc", "compile", "audit_salary.txt")
    text, program = demo.folder / "audit_salary.txt", demo.folder / "audit_salary.sop"
    edited = program.read_text(encoding="utf-8").replace("salary desc", "salary asc")
    program.write_text(edited, encoding="utf-8")
    text.write_text(text.read_text(encoding="utf-8").replace("150,000", "90,000"), encoding="utf-8")
    stopped = demo.run("sopc", "compile", "audit_salary.txt")
    assert stopped.exit_code in (1, 2) and "--take" in stopped.stderr
    assert program.read_text(encoding="utf-8") == edited
    demo.ok("sopc", "compile", "audit_salary.txt", "--take", "sop")
    assert "150000" in demo.ok("sopc", "show", "audit_salary").text
    assert "unchanged" in demo.ok("sopc", "compile", "audit_salary.txt").stderr
    text.write_text(text.read_text(encoding="utf-8").replace("90,000", "80,000"), encoding="utf-8")
    demo.ok("sopc", "compile", "audit_salary.txt", "--take", "text")
    assert "80000" in demo.ok("sopc", "show", "audit_salary").text


def test_a_clone_compiles_the_same_program_without_translating(demo: Place, tmp_path: Path) -> None:
    demo.ok("sopc", "compile", "audit_salary.txt")
    history = demo.ok("sopc", "history", "audit_salary", "-f", "records").text
    clone = tmp_path / "clone"
    clone.mkdir()
    for path in demo.folder.iterdir():
        if path.suffix in (".txt", ".sop", ".toml", ".db") and path.is_file():
            (clone / path.name).write_bytes(path.read_bytes())
    there = Place(clone)
    done = there.ok("sopc", "compile", "audit_salary.txt")
    assert "translated" not in done.stderr
    again = there.ok("sopc", "history", "audit_salary", "-f", "records").text
    assert json.loads(again)["hash"] == json.loads(history)["hash"]


def test_do_shows_the_program_and_refuses_writes(demo: Place) -> None:
    done = demo.ok("sopvm", "do", "Show the name of the employees in Sales whose salary is above 90,000.")
    assert done.records and "emit from" in done.stderr
    assert demo.ok("sopc", "ls", "-f", "records").text == ""
    before = demo.dump(demo.folder / "hr.db")
    refused = demo.run("sopvm", "do", "Set the salary of the employees in Sales to 0.")
    assert refused.exit_code != 0
    assert demo.dump(demo.folder / "hr.db") == before

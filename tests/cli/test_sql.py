"""`sopc compile x.sql` and `sopvm do --sql`: a program, said back, stored or run; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

RAISED = "update employees set salary = salary + :by where department = :dept"


def test_a_query_is_compiled_said_back_and_stored(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "late payers.sql").write_text("-- the best\nselect name from employees where salary > ? order by 1;\n")
    done = sopc("compile", "late payers.sql")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith(
        "late payers.sql: read as SQL of SQLite\nscript late_payers(p1: int) uses hr\n  emit from employees"
    )
    assert "the salary is more than the given p1" in done.stderr
    assert done.stderr.endswith("late_payers: version 1\n")
    ran = sopvm("run", "late_payers", "p1=150000", "-f", "records")
    assert [json.loads(line)["name"] for line in ran.stdout.splitlines()] == ["Ada", "Grace"]


def test_a_change_is_compiled_as_one_written_by_hand(sopc: Program, sopvm: Program, project: Path) -> None:
    (project / "raised.sql").write_text(RAISED)
    assert sopc("compile", "raised.sql").exit_code == 0
    assert sopvm("run", "raised", "by=5", "dept=Sales").exit_code == 0
    ran = sopvm("do", "--sql", "select salary from employees where department = 'Sales' order by id", "-f", "records")
    assert ran.stdout == '{"salary":95005}\n{"salary":85005}\n'


def test_do_runs_a_query_and_stores_nothing(sopc: Program, sopvm: Program) -> None:
    sql = "select department, avg(salary) as mean from employees group by department order by mean"
    done = sopvm("do", "--sql", "--dialect", "duckdb", sql, "-f", "records")
    assert done.exit_code == 0
    assert (
        done.stdout == '{"department":"Sales","mean":90000.0}\n{"department":"Engineering","mean":153333.33333333334}\n'
    )
    assert "read as SQL of DuckDB" in done.stderr
    assert "group by department select department, avg(salary) as mean" in done.stderr
    assert sopc("ls").stdout == ""
    assert sopvm("do", "--sql", "--save", "means", sql).exit_code == 0
    assert "means" in sopc("ls").stdout


def test_with_a_dialect_standard_input_is_sql(sopc: Program) -> None:
    done = sopc("compile", "--dialect", "sqlite", "-", input="select name from employees;\n")
    assert done.exit_code == 0
    assert done.stderr.endswith("workflow: version 1\n")


def test_do_reads_only(sopvm: Program) -> None:
    done = sopvm("do", "--sql", "delete from employees")
    assert done.exit_code == 1
    assert "C0111" in done.stderr
    assert len(sopvm("do", "--sql", "select id from employees", "-f", "records").stdout.splitlines()) == 5


def test_a_dialect_warns_of_what_it_does_otherwise(sopvm: Program) -> None:
    done = sopvm("do", "--sql", 'select upper(name) as n from employees where department = "Sales"', "-f", "records")
    assert done.stdout == '{"n":"EDGAR"}\n{"n":"BARBARA"}\n'
    assert 'warning T0607: there is no column "Sales", so it is a text, as SQLite has it: “"Sales"”' in done.stderr
    assert "warning T0607: SQLite changes the case of a to z alone" in done.stderr


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("", "T0502", None),
        ("-- only a comment\n", "T0502", None),
        ("select 1; drop table employees", "T0503", "1:9"),
        ("drop table employees", "T0504", "1:1"),
        ("select name, max(salary) from employees", "T0506", "1:8"),
        ("select nam from employees", "T0507", "1:8"),
        ("select name\nfrom employes", "T0507", "2:6"),
        ("select 'it''s", "T0501", None),
        ("selec name from employees", "T0504", "1:1"),
    ],
)
def test_errors_show_the_place_and_what_to_try(
    sopc: Program, project: Path, sql: str, code: str, place: str | None
) -> None:
    (project / "wrong.sql").write_text(sql)
    for command in ("compile", "check"):
        done = sopc(command, "wrong.sql")
        assert done.exit_code == 1
        assert f"error {code}: " in done.stderr
        assert "  try: " in done.stderr
        assert f" --> wrong.sql{'' if place is None else ':' + place}\n" in done.stderr
    assert sopc("ls").stdout == ""


def test_an_unknown_dialect_is_a_usage_error(sopvm: Program) -> None:
    assert sopvm("do", "--sql", "--dialect", "oracle", "select 1").exit_code == 2


def test_the_findings_of_the_checker_are_at_their_places_in_the_sql(sopvm: Program) -> None:
    done = sopvm("do", "--sql", "select name from employees limit 3 offset salary")
    assert done.exit_code == 1
    assert "error E0203" in done.stderr
    assert "1:43" in done.stderr


def test_a_statement_of_another_engine_is_read_with_its_dialect(sopvm: Program) -> None:
    sql = "select salary // 50000 as tens from employees where name = 'Ada'"
    done = sopvm("do", "--sql", sql)
    assert done.exit_code == 1
    assert "error T0501: the SQL can't be read: required keyword: 'expression' missing\n" in done.stderr
    # "--dialect names the engine that it was written for; it was read as {}'s"
    assert "  try: --dialect names the engine that it was written for; it was read as SQLite's" in done.stderr
    assert sopvm("do", "--sql", "--dialect", "duckdb", sql, "-f", "records").stdout == '{"tens":3}\n'


def test_functions_without_a_counterpart(sopc: Program, sopvm: Program) -> None:
    done = sopvm("do", "--sql", "select soundex(name) from employees")
    assert done.exit_code == 1
    assert "error T0505: the function `soundex` can't be said in the language" in done.stderr
    assert "  try: `sopc error T0505` lists what is carried over" in done.stderr
    assert "Carried over are: select" in sopc("error", "T0505").stdout

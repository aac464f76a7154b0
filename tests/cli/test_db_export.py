"""`sopvm db export`: stores and queries into files: all of it or nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Program

ROWS = (
    '{"id": 1, "name": "a, \\"b\\"", "pay": 1.5, "born": "2026-01-31", "seen": "2026-01-31T10:00:00Z", '
    '"tags": ["x", 1]}\n'
    '{"id": 2, "name": "two\\nlines", "pay": null, "born": null, "seen": null, "tags": null}\n'
    '{"id": 3, "name": "", "pay": -0.25, "born": "1999-12-31", "seen": null, "tags": {"a": null}}\n'
)


@pytest.fixture
def people(project: Path, sopvm: Program) -> Path:
    """A store with nulls, quotes and JSON."""
    (project / "people.ndjson").write_text(ROWS)
    done = sopvm("db", "import", "people.ndjson", "--types", "pay=decimal(10,2)")
    assert done.exit_code == 0, done.stderr
    return project


def test_csv_quotes_and_tells_null_from_an_empty_text(sopvm: Program, people: Path) -> None:
    done = sopvm("db", "export", "people", "people.csv")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "people.csv: 3 rows\n")
    text = (people / "people.csv").read_text()
    first = '1,"a, ""b""",1.50,2026-01-31,2026-01-31T10:00:00Z,"[""x"",1]"'
    assert text.startswith(f"id,name,pay,born,seen,tags\n{first}\n")
    rows = list(csv.reader(text.splitlines(keepends=True)))
    assert [row[1] for row in rows] == ["name", 'a, "b"', "two\nlines", ""]
    assert '\n3,"",-0.25,' in text and 'lines",,,,\n' in text


def test_ndjson_is_what_was_imported(sopvm: Program, people: Path) -> None:
    assert sopvm("db", "export", "people", "out.ndjson").exit_code == 0
    assert [json.loads(line) for line in (people / "out.ndjson").read_text().splitlines()] == [
        json.loads(line) for line in ROWS.splitlines()
    ]


def test_parquet_has_the_types_of_the_store(sopvm: Program, people: Path) -> None:
    done = sopvm("db", "export", "people", "out.parquet")
    assert done.exit_code == 0, done.stderr
    with duckdb.connect() as connection:
        described = connection.execute(f"describe select * from '{people / 'out.parquet'}'").fetchall()
        rows = connection.execute(f"select name, pay, born, seen, tags from '{people / 'out.parquet'}'").fetchall()
    assert {name: type_ for name, type_, *_ in described} == {
        "id": "BIGINT", "name": "VARCHAR", "pay": "DECIMAL(10,2)", "born": "DATE", "seen": "TIMESTAMP", "tags": "JSON",
    }  # fmt: skip
    assert [(row[0], row[4]) for row in rows] == [('a, "b"', '["x",1]'), ("two\nlines", None), ("", '{"a":null}')]
    assert [str(row[1]) for row in rows] == ["1.50", "None", "-0.25"]
    assert [str(row[2]) for row in rows] == ["2026-01-31", "None", "1999-12-31"]


def test_a_query_and_a_store_of_another_database(sopvm: Program, people: Path) -> None:
    query = "from hr.employees where salary > 150000 order by salary select name"
    assert sopvm("db", "export", query, "rich.csv").exit_code == 0
    assert (people / "rich.csv").read_text() == "name\nGrace\nAda\n"
    assert sopvm("db", "export", "hr.bonuses", "bonuses.csv").exit_code == 0
    assert (people / "bonuses.csv").read_text() == "employee_id,amount\n"
    assert sopvm("db", "export", "-", "rich2.csv", input=query).exit_code == 0
    assert (people / "rich2.csv").read_text() == (people / "rich.csv").read_text()


@pytest.mark.usefixtures("people")
def test_stdout_takes_any_format(sopvm: Program) -> None:
    assert sopvm("db", "export", "people", "-", "-f", "csv").stdout.startswith("id,name,")
    assert len(sopvm("db", "export", "people", "-", "-f", "ndjson").stdout.splitlines()) == 3
    assert sopvm("db", "export", "people", "-", "-f", "parquet").stdout_bytes.startswith(b"PAR1")
    assert sopvm("db", "export", "people", "-").exit_code == 2


def test_a_file_that_is_there_is_replaced_only_when_told(sopvm: Program, people: Path) -> None:
    (people / "out.csv").write_text("mine\n")
    done = sopvm("db", "export", "people", "out.csv")
    assert (done.exit_code, "D0509" in done.stderr) == (2, True)
    assert (people / "out.csv").read_text() == "mine\n"
    assert sopvm("db", "export", "people", "out.csv", "--force").exit_code == 0
    assert (people / "out.csv").read_text().startswith("id,name,")


@pytest.mark.parametrize(
    ("what", "file", "exit_code", "code"),
    [
        ("people", "out.doc", 2, "D0508"),
        ("people", "no/folder/out.csv", 2, "D0508"),
        ("people", ".sop", 2, "D0508"),
        ("people", "", 2, "D0508"),
        ("peeple", "out.csv", 1, "E0202"),
        ("from people where id / (id - 2) < 0", "out.csv", 1, "V0102"),  # after a row
        ("from people where id / (id - 2) > 0", "out.parquet", 1, "V0102"),
        ("from", "out.csv", 1, "E01"),
    ],
)
def test_an_export_that_fails_leaves_nothing(
    sopvm: Program, people: Path, what: str, file: str, exit_code: int, code: str
) -> None:
    before = sorted(path.name for path in people.iterdir())
    done = sopvm("db", "export", what, file, *(["-f", "csv"] if file == ".sop" else []))
    assert done.exit_code == exit_code, done.stderr
    assert f"error {code}" in done.stderr
    assert sorted(path.name for path in people.iterdir()) == before


def test_a_failing_export_keeps_the_file_it_was_to_replace(sopvm: Program, people: Path) -> None:
    (people / "out.csv").write_text("mine\n")
    assert sopvm("db", "export", "from people where id / (id - 2) > 0", "out.csv", "--force").exit_code == 1
    assert (people / "out.csv").read_text() == "mine\n"


def test_a_store_whose_name_is_a_word_of_the_language_is_exported(sopvm: Program, people: Path) -> None:
    (people / "order.ndjson").write_text('{"select": 7}\n')
    assert sopvm("db", "import", "order.ndjson").exit_code == 0
    done = sopvm("db", "export", "order", "out.csv")
    assert done.exit_code == 0, done.stderr
    assert (people / "out.csv").read_text() == "select\n7\n"

"""`sopc ls`, `show`, `history`, `diff`, `rollback`, `tag`, `rm`, `export`, `import`, `fmt`, `parse`, `disasm`, …"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import AUDIT, Program


def records(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def two_versions(sopc: Program, project: Path) -> None:
    for floor in ("150000", "100000"):
        (project / "audit.sop").write_text(AUDIT.replace("150000", floor))
        assert sopc("compile", "audit.sop").exit_code == 0


def test_reading_an_empty_library_makes_nothing(sopc: Program, project: Path) -> None:
    assert sopc("ls").stdout == ""
    assert sopc("ls", "-f", "json").stdout == "[]\n"
    done = sopc("show", "audit")
    assert done.exit_code == 2
    assert "L0101" in done.stderr
    assert not (project / ".sop").exists()


@pytest.mark.usefixtures("two_versions")
def test_listing(sopc: Program) -> None:
    (row,) = records(sopc("ls", "-f", "records").stdout)
    assert (row["name"], row["version"], row["effects"]) == ("audit", 2, "reads hr.employees")
    assert sopc("ls").stdout.splitlines()[0].split() == ["name", "version", "when", "effects"]
    assert sopc("ls", "-f", "csv").stdout.startswith("name,version,when,effects\naudit,2,")
    assert [row["version"] for row in records(sopc("history", "audit", "-f", "jsonl").stdout)] == [1, 2]


@pytest.mark.usefixtures("two_versions")
def test_showing_a_version(sopc: Program, project: Path) -> None:
    assert "floor: int = 150000" in sopc("show", "audit@1").stdout
    shown = sopc("show", "audit").stdout
    assert "floor: int = 100000" in shown
    (project / "again.sop").write_text(shown)
    assert sopc("compile", "again.sop").stderr == "audit: unchanged, version 2\n"


@pytest.mark.usefixtures("two_versions")
def test_differences(sopc: Program) -> None:
    for args in (["audit"], ["audit@1"], ["audit@1", "audit@2"]):
        lines = sopc("diff", *args).stdout.splitlines()
        assert lines[:2] == ["--- audit@1", "+++ audit@2"]
        changed = [line for line in lines[2:] if line[0] in "+-"]
        assert len(changed) == 2
        assert "150000" in changed[0] and "100000" in changed[1]
    assert sopc("diff", "audit@2", "audit@2").stdout == ""


@pytest.mark.usefixtures("two_versions")
def test_rolling_back(sopc: Program) -> None:
    assert sopc("rollback", "audit").stderr == "audit: version 3 is version 1 again\n"
    assert sopc("rollback", "audit", "1").stderr == "audit: version 3 is that program already\n"
    assert "150000" in sopc("show", "audit").stdout
    assert records(sopc("history", "audit", "-f", "records").stdout)[2]["by"] == "hand, version 1 again"
    assert sopc("rollback", "audit", "9").exit_code == 2
    assert sopc("rollback", "audit@2").stderr == "audit: version 4 is version 2 again\n"
    done = sopc("rollback", "audit@1", "2")
    assert (done.exit_code, done.stderr.split(":")[0]) == (2, "error C0102")


@pytest.mark.usefixtures("two_versions")
def test_tags(sopc: Program) -> None:
    assert sopc("tag", "audit@1", "prod").exit_code == 0
    assert "150000" in sopc("show", "audit@prod").stdout
    assert records(sopc("history", "audit", "-f", "records").stdout)[0]["tags"] == ["prod"]
    for tag in ("", "7", "prod@home"):
        assert "L0109" in sopc("tag", "audit@1", tag).stderr


def test_removing(sopc: Program, project: Path) -> None:
    (project / "caller.sop").write_text("script caller() uses hr\n  emit audit()\nend\n")
    sopc("compile", "audit.sop", "caller.sop")
    done = sopc("rm", "audit")
    assert done.exit_code == 1
    assert "L0107" in done.stderr
    assert sopc("rm", "caller", "audit").stderr == "caller: removed 1 version\naudit: removed 1 version\n"
    assert sopc("ls").stdout == ""


@pytest.mark.usefixtures("two_versions")
def test_moving_scripts_to_another_library(sopc: Program, project: Path) -> None:
    assert sopc("export", "out.sopx").stderr == "1 script exported\n"
    done = sopc("import", "out.sopx", "--home", "other")
    assert done.stderr == "audit: version 1\naudit: version 2\n"
    assert sopc("show", "audit@1", "--home", "other").stdout == sopc("show", "audit@1").stdout
    assert sopc("import", "out.sopx", "--home", "other").stderr == "nothing new\n"
    data = (project / "out.sopx").read_bytes()
    (project / "bad.sopx").write_bytes(data[:-9])
    done = sopc("import", "bad.sopx", "--home", "third")
    assert done.exit_code == 1
    assert "L0108" in done.stderr
    assert not (project / "third").exists()
    assert sopc("import", "nothing.sopx").exit_code == 2


def test_formatting(sopc: Program, project: Path) -> None:
    untidy = "script  a( )\n# why\nsay   'x'\nend".replace("'", '"')
    (project / "a.sop").write_text(untidy)
    assert sopc("fmt", "--check", "a.sop").exit_code == 1
    assert (project / "a.sop").read_text() == untidy
    assert sopc("fmt", "a.sop").exit_code == 0
    tidy = (project / "a.sop").read_text()
    assert "# why" in tidy
    assert sopc("fmt", "--check", "a.sop").exit_code == 0
    assert sopc("fmt", "-", input=untidy).stdout == tidy


def test_nothing_is_formatted_when_one_file_has_an_error(sopc: Program, project: Path) -> None:
    (project / "a.sop").write_text('script  a( )\nsay "x"\nend')
    (project / "b.sop").write_text("script b(\n")
    assert sopc("fmt", "a.sop", "b.sop").exit_code == 1
    assert (project / "a.sop").read_text() == 'script  a( )\nsay "x"\nend'


def test_parsing_to_a_tree_and_back(sopc: Program, project: Path) -> None:
    tree = sopc("parse", "--json", "audit.sop").stdout
    assert json.loads(tree)["scripts"][0]["name"] == "audit"
    (project / "tree.json").write_text(tree)
    assert sopc("parse", "tree.json").stdout == sopc("parse", "audit.sop").stdout
    assert json.loads(sopc("parse", "--json", "tree.json").stdout)["scripts"][0]["steps"][0]["type"] == "command"


def test_the_schema_of_trees_names_every_kind_of_step(sopc: Program) -> None:
    schema = json.loads(sopc("parse", "--schema").stdout)
    assert schema["required"] == ["scripts"]
    assert {"Let", "Ask", "If", "ForEach", "CallStep", "Try"} <= schema["$defs"].keys()


def test_disassembling(sopc: Program) -> None:
    sopc("compile", "audit.sop")
    text = sopc("disasm", "audit").stdout
    assert "EMIT_QUERY" in text
    assert "emit from employees" in text
    assert "SELECT" not in text
    assert "SELECT" in sopc("disasm", "--sql", "audit").stdout
    assert sopc("disasm", "audit.sop").stdout == text


def test_schemas(sopc: Program) -> None:
    rows = records(sopc("schema", "hr", "-f", "records").stdout)
    salary = {"database": "hr", "store": "employees", "field": "salary", "type": "int"}
    assert salary | {"key": "", "references": "", "notes": ""} in rows
    assert records(sopc("schema", "-f", "records").stdout) == rows
    done = sopc("schema", "hrr")
    assert done.exit_code == 2
    assert "try: hr" in done.stderr


def test_a_schema_with_keys_references_and_defaults(sopc: Program, project: Path) -> None:
    with closing(sqlite3.connect(project / "fleet.db")) as connection, connection:
        connection.executescript("""
            create table vessels (id integer primary key, name text unique, length real default 1, code text not null);
            create table berths (pier text not null, place integer not null, vessel_id integer references vessels,
                                 label text generated always as (pier || place), unique (pier, place));
            create view long_ones as select name from vessels where length > 100;
        """)
    connection.close()
    rows = records(sopc("schema", "fleet", "--db", "fleet=sqlite:///fleet.db", "-f", "records").stdout)
    assert [list(row.values())[1:] for row in rows] == [
        ["vessels", "id", "int", "key", "", "has a default"],
        ["vessels", "name", "text?", "unique", "", ""],
        ["vessels", "length", "float?", "", "", "has a default"],
        ["vessels", "code", "text", "", "", ""],
        ["berths", "pier", "text", "", "", "unique with pier, place"],
        ["berths", "place", "int", "", "", "unique with pier, place"],
        ["berths", "vessel_id", "int?", "", "vessels.id", ""],
        ["berths", "label", "text?", "", "", "worked out"],
        ["long_ones", "name", "text?", "", "", "read-only"],
    ]
    known = json.loads(sopc("schema", "--json", "--db", "fleet=sqlite:///fleet.db").stdout)
    assert known["hr"].keys() == {"employees", "bonuses"}
    berths = known["fleet"]["berths"]
    assert berths["references"] == [{"fields": ["vessel_id"], "store": "vessels", "other_fields": ["id"]}]
    assert (berths["primary_key"], berths["unique"], berths["read_only"]) == ([], [["pier", "place"]], False)
    assert berths["fields"][3] == {
        **{"name": "label", "type": "text", "nullable": True, "has_default": True, "generated": True},
        **{"unit": None, "mostly": None},
    }


def test_explaining_an_error(sopc: Program) -> None:
    done = sopc("error", "l0101")
    assert done.stdout.startswith("L0101: unknown script\n")
    assert "    sopvm run list_vessels\n" in done.stdout
    done = sopc("error", "L0199")
    assert done.exit_code == 2
    assert "L0101" in done.stderr


def test_a_new_folder(sopc: Program, project: Path) -> None:
    assert sopc("init", "new").exit_code == 0
    assert (project / "new" / "sop.toml").exists()
    assert (project / "new" / ".sop" / ".gitignore").read_text() == "*\n"
    before = (project / "sop.toml").read_text()
    assert sopc("init").exit_code == 0
    assert (project / "sop.toml").read_text() == before
    assert sopc("init", "hr.db").exit_code == 2


def test_the_demo(sopc: Program, project: Path) -> None:
    assert sopc("init", "--demo", "demo").exit_code == 0
    assert (project / "demo" / "audit_salary.txt").exists()
    done = sopc("init", "--demo", "demo")
    assert done.exit_code == 2

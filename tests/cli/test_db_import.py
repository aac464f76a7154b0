"""`sopvm db import`: files into stores, all or nothing, and the folder that is made for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.commands import Place, environment


def names(sopvm: Program, query: str) -> list[str]:
    done = sopvm("db", "query", query, "-f", "records")
    assert done.exit_code == 0, done.stderr
    return [json.loads(line)["name"] for line in done.stdout.splitlines()]


@pytest.fixture
def tools(project: Path) -> Path:
    path = project / "tools.csv"
    path.write_text("name,price,bought on\nsaw,40.50,2026-01-05\ndrill,90,2026-01-06\n")
    return path


@pytest.mark.usefixtures("tools")
def test_a_file_becomes_a_store_of_main(sopvm: Program, project: Path) -> None:
    done = sopvm("db", "import", "tools.csv")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines()[:2] == ["tools.csv → main.tools: 2 rows", "  name       text"]
    assert (project / ".sop" / ".gitignore").exists()
    assert names(sopvm, "from tools order by price desc") == ["drill", "saw"]
    done = sopvm("db", "import", "tools.csv")
    assert done.exit_code == 1
    assert "D0505" in done.stderr


def test_replacing_and_appending(sopvm: Program, project: Path, tools: Path) -> None:
    sopvm("db", "import", "tools.csv")
    tools.write_text("name,price,bought on\nbolt,1,2026-02-01\n")
    assert sopvm("db", "import", "tools.csv", "--append").exit_code == 0
    assert names(sopvm, "from tools order by name") == ["bolt", "drill", "saw"]
    assert sopvm("db", "import", "tools.csv", "--replace").exit_code == 0
    assert names(sopvm, "from tools") == ["bolt"]
    assert sopvm("db", "import", "tools.csv", "--append", "--replace").exit_code == 2


def test_a_bad_line_stops_it_all_unless_told_otherwise(sopvm: Program, project: Path, tools: Path) -> None:
    tools.write_text("name,price\nsaw,40\ndrill\nbolt,1\n")
    done = sopvm("db", "import", "tools.csv")
    assert done.exit_code == 1
    assert "3" in done.stderr
    assert sopvm("db", "ls", "main").stdout == ""
    done = sopvm("db", "import", "tools.csv", "--skip-bad")
    assert done.exit_code == 0
    assert "tools.csv:3: left out" in done.stderr
    assert names(sopvm, "from tools order by name") == ["bolt", "saw"]


def test_a_first_import_that_fails_makes_no_database(sopvm: Program, project: Path, tools: Path) -> None:
    tools.write_text("name,price\nsaw\n")
    assert sopvm("db", "import", "tools.csv").exit_code == 1
    assert sopvm("db", "import", "tools.csv", "--into", "new", "--db", "new=sqlite:///new.db").exit_code == 1
    assert [path.name for path in (project / ".sop").iterdir()] == [".gitignore"]
    assert sorted(path.name for path in project.glob("*.db*")) == ["hr.db"]
    assert sopvm("db", "import", "tools.csv", "--into", "hr").exit_code == 1
    assert (project / "hr.db").exists()


def test_into_another_database_with_declared_types(sopvm: Program, project: Path) -> None:
    (project / "people.ndjson").write_text('{"name": "Ada", "born": "1815-12-10"}\n{"name": "Bob", "born": null}\n')
    done = sopvm("db", "import", "people.ndjson", "--into", "hr", "--types", "born=date", "--store", "persons")
    assert done.exit_code == 0, done.stderr
    assert names(sopvm, 'from hr.persons where born < date "1900-01-01"') == ["Ada"]
    assert sopvm("db", "import", "people.ndjson", "--into", "hrr").exit_code == 2
    assert not (project / ".sop").exists()


@pytest.mark.parametrize("content", ["name\nsaw\n", '{"name": "saw"}\n'])
def test_standard_input(sopvm: Program, content: str) -> None:
    assert sopvm("db", "import", "-", input=content).exit_code == 2
    done = sopvm("db", "import", "-", "--store", "tools", input=content)
    assert done.exit_code == 0, done.stderr
    assert names(sopvm, "from tools") == ["saw"]


def test_what_stdin_holds_is_told_by_its_start_and_named_in_errors(sopvm: Program) -> None:
    done = sopvm("db", "import", "-", "--store", "tools", input='\ufeff\n {"name": "saw"}\n')
    assert done.exit_code == 0, done.stderr
    assert names(sopvm, "from tools") == ["saw"]
    done = sopvm("db", "import", "-", "--store", "other", input="name,price\nsaw\n")
    assert done.stderr.startswith("error D0503: stdin has no line that can be loaded: line 2")
    done = sopvm("db", "import", "-", "--store", "other", input='[{"name": "saw"}]')
    assert done.exit_code == 0, done.stderr
    assert names(sopvm, "from other") == ["saw"]


@pytest.mark.parametrize("content", [None, b"", b"name\n\xff\xfe\n\xff\n"])
def test_a_file_that_can_not_be_read_makes_nothing(sopvm: Program, project: Path, content: bytes | None) -> None:
    if content is not None:
        (project / "bad.csv").write_bytes(content)
    done = sopvm("db", "import", "bad.csv")
    assert done.exit_code in (1, 2)
    assert done.stderr.startswith("error D05")
    assert sopvm("db", "ls", "-f", "records").stdout.count("main") == 0


@pytest.mark.parametrize("words", [("import", "tools.parquet"), ("export", "tools", "out.parquet")])
def test_parquet_without_its_package_says_what_to_install(
    sopvm: Program, project: Path, tools: Path, words: tuple[str, ...]
) -> None:
    sopvm("db", "import", "tools.csv")
    (project / "tools.parquet").write_bytes(b"PAR1")
    blocked = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'duckdb': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from runtime.cli import main\n"
        f"main({['db', *words]!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", blocked], env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error D0105: ") and "try: pip install 'sopc[duckdb]'" in done.stderr
    assert not (project / "out.parquet").exists()


@pytest.mark.large
def test_a_bad_line_after_three_million_good_ones_loads_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with (tmp_path / "big.csv").open("w") as stream:
        stream.write("id,name,amount,day\n")
        stream.writelines(f"{n},name {n % 1000},{n % 977}.25,2026-01-{n % 28 + 1:02}\n" for n in range(2_999_999))
        stream.write("2999999,too few\n")
    done = place.run("sopvm", "db", "import", "big.csv", timeout=900)
    assert (done.exit_code, done.text) == (1, "")
    assert done.stderr.startswith(
        "error D0503: big.csv has lines that can't be loaded: line 3000001: 2 values where there are 4 columns\n"
    )
    assert not (place.home / "main.db").exists()

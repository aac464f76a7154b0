"""What a script can reach: the databases it names and is given, and never a library of scripts."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from runtime.bytecode.module import Effects
from runtime.connect import connect
from runtime.errors import SopError, UsageError
from runtime.runs.run import home_of
from tests.commands import Place

HOLDS = "script holds() uses hr -> int\n  return count(from people)\nend\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    for name in ("hr", "bank"):
        place.sql(f"create table {name}_log (note text not null); create table people (id integer primary key)",
                  tmp_path / f"{name}.db")  # fmt: skip
    place.write("sop.toml", '[databases]\nhr = "sqlite:///hr.db"\nbank = "sqlite:///bank.db"\n')
    return place


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("emit from bank.people", "E0205"),
        ("emit from bank_log", "E0202"),
        ('insert into bank.bank_log {note: "x"}', "E0205"),
        ("delete from bank.people where id = 1", "E0205"),
        ("emit from `bank.people`", "E0202"),
        ("emit from sqlite_schema", "E0202"),
        ("emit from sop_frames", "E0202"),
    ],
)
def test_a_script_bound_to_one_database_can_not_name_another(place: Place, step: str, code: str) -> None:
    place.sql("create table sop_frames (run text)", place.folder / "hr.db")
    place.write("a.sop", f"script reach() uses hr\n  {step}\nend\n")
    done = place.run("sopc", "compile", "a.sop", "--yes")
    assert done.exit_code == 1
    assert f"error {code}" in done.stderr


def test_a_called_script_sees_no_more_than_its_caller(place: Place) -> None:
    place.compile("script bank_people() uses bank -> int\n  return count(from people)\nend\n", "bank.sop")
    place.write("a.sop", "script reach() uses hr -> int\n  return bank_people()\nend\n")
    done = place.run("sopc", "compile", "a.sop", "--yes")
    assert (done.exit_code, "bank" in done.stderr) == (1, True)


def test_writing_to_two_databases_is_refused_when_compiled(place: Place) -> None:
    place.compile('script note_it() uses bank\n  insert into bank_log {note: "x"}\nend\n', "bank.sop")
    place.write(
        "a.sop",
        'script both() uses hr, bank\n  insert into hr_log {note: "x"}\n  call note_it()\nend\n',
    )
    done = place.run("sopc", "compile", "a.sop", "--yes")
    assert done.exit_code == 1
    assert "error E0512" in done.stderr


def test_a_module_that_writes_to_two_databases_does_not_start() -> None:
    with pytest.raises(SopError, match="V0205"):
        home_of(Effects(writes=("bank.log", "hr.log")), "both")


def test_a_join_across_databases_is_refused_when_compiled(place: Place) -> None:
    place.write("a.sop", "script both() uses hr, bank\n  emit from hr_log join bank.people as b on b.id = 1\nend\n")
    done = place.run("sopc", "compile", "a.sop")
    assert done.exit_code == 1
    assert "error E0409" in done.stderr


# ── what an engine can't do ────────────────────────────────────────────────────────────────────────────────────


def test_what_an_engine_can_not_do_is_refused_before_the_run_starts(place: Place) -> None:
    place.compile("""
script add() uses hr
  emit {started: true}
  insert into people {id: 1}
end
script tries() uses hr
  emit {started: true}
  try
    insert into people {id: 1}
  on error e do
    say e.message
  end
end
script looks() uses hr -> int
  try
    return count(from people)
  on error e do
    return -1
  end
end
""")
    (place.folder / "folder").mkdir()
    (place.folder / "folder" / "people.csv").write_text("id\n1\n2\n")
    with duckdb.connect(place.folder / "hr.duckdb") as connection:
        connection.execute("create table people (id bigint primary key)")
    for script, url, code, exit_code in (
        ("add", "files:///folder", "V0210", 2),
        ("tries", "files:///folder", "V0210", 2),
        ("tries", "duckdb:///hr.duckdb", "V0212", 1),
    ):
        done = place.run("sopvm", "run", script, "--db", f"hr={url}")
        assert (done.exit_code, done.text) == (exit_code, ""), (script, url)
        assert done.stderr.startswith(f"error {code}: "), done.stderr
    place.ok("sopvm", "run", "add", "--db", "hr=duckdb:///hr.duckdb")
    assert place.ok("sopvm", "run", "looks", "--db", "hr=duckdb:///hr.duckdb").lines[-1]["result"] == 1


# ── the library ────────────────────────────────────────────────────────────────────────────────────────────────


def ways(place: Place) -> dict[str, str]:
    """URLs that lead to the library of this home or another's."""
    home, other = place.home, place.folder / "other"
    other.mkdir()
    (place.folder / "link.db").symlink_to(home / "library.mdb")
    (place.folder / "folder").symlink_to(home)
    (place.folder / "chain.db").symlink_to("link.db")
    os.link(home / "library.mdb", other / "hard.db")
    (other / "library.mdb").write_bytes((home / "library.mdb").read_bytes())
    (other / "renamed.db").write_bytes((home / "library.mdb").read_bytes())
    return {
        "relative": "sqlite:///.sop/library.mdb",
        "absolute": f"sqlite:///{home}/library.mdb",
        "dots": "sqlite:///./other/../.sop/./library.mdb",
        "escaped": "sqlite:///.sop%2Flibrary.mdb",
        "symbolic link": "sqlite:///link.db",
        "link to a link": "sqlite:///chain.db",
        "linked folder": "sqlite:///folder/library.mdb",
        "hard link": "sqlite:///other/hard.db",
        "its lock": "sqlite:///.sop/library.mdb-lock",
        "another home": "sqlite:///other/library.mdb",
        "a copy": "sqlite:///other/renamed.db",
        "DuckDB": "duckdb:///link.db",
        "the home folder": "files:///.sop",
        "a link to the home folder": "files:///folder",
        "the home folder with a slash": f"files:///{home}/",
        "the folder of another home": "files:///other",
    }


def test_no_url_leads_to_a_library(place: Place) -> None:
    place.compile(HOLDS)
    before = (place.home / "library.mdb").read_bytes()
    for way, url in ways(place).items():
        for create in (False, True):
            with pytest.raises(UsageError) as raised:
                connect(url, name="hr", base=place.folder, create=create)
            assert raised.value.code == "D0109", way
    done = place.run("sopvm", "run", "holds", "--db", "hr=sqlite:///link.db")
    assert (done.exit_code, done.text) == (2, "")
    assert done.stderr.startswith("error D0109: `hr` can't be ")
    assert (place.home / "library.mdb").read_bytes() == before


@pytest.mark.parametrize("tail", ["?mode=rwc", "?vfs=memdb", "#x", "%00", "?x=/../../.sop/library.mdb"])
def test_what_a_url_adds_to_a_path_is_part_of_the_path(place: Place, tail: str) -> None:
    with pytest.raises(UsageError, match="D01"):
        connect(f"sqlite:///hr.db{tail}", name="hr", base=place.folder)
    assert [path.name for path in place.folder.glob("hr*")] == ["hr.db"]


def test_the_main_database_of_a_home_is_no_library(place: Place) -> None:
    place.compile(HOLDS)
    place.sql("create table people (id integer primary key)")
    assert place.ok("sopvm", "run", "holds", "--db", "hr=sqlite:///.sop/main.db").lines[-1]["result"] == 0

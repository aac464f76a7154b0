"""Follow every hint that names a command or an option, on a case that shows it; nothing may be lost.

`tests/hints.py` collects the hints from the source. A hint without a case here fails, and so does a case without a
hint. A case shows its hint, then follows it. In between nothing may disappear: no line of a file, no row of a database,
no version of a script, except what the hint says it replaces.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import join

import pytest
from click.testing import CliRunner

from runtime.library.store import Library
from tests.commands import ROOT, Done, command, environment
from tests.hints import hints, pattern
from tests.stand_in import Fail, StandIn
from tests.unit.test_download import DATA, SUM, Hub

SCHEMA = """
create table employees (id integer primary key, name text not null, department text not null, salary integer not null);
insert into employees values (1, 'Ada', 'Engineering', 180000), (2, 'Edgar', 'Sales', 95000);
create table boxes (id integer primary key, width integer, height integer);
insert into boxes values (1, 2, 3), (2, 3, 1);
"""
SCRIPTS = """\
script staff() uses hr
  emit from employees order by name select name, salary
end
script raise_all(by: int = 0) uses hr
  update employees where true set salary = salary + by
end
script hire(name: text) uses hr
  ask "Really?" into ok: bool
  insert into employees { name: name, department: "Sales", salary: 1 }
end
script mixed()
  emit {a: 1}
  emit {b: 2}
end
script deep(n: int) -> int
  if n > 0 then return deep(n - 1) end
  return 0
end
"""


class Trial:
    """A folder with a database `hr`, and whether the hint was shown and followed there."""

    def __init__(self, folder: Path, hint: str) -> None:
        self.folder = folder
        self.hint = pattern(hint)
        self.shown = self.followed = False
        self._before: Counter[tuple[str, str]] = Counter()

    def run(self, program: str, *arguments: str, input: bytes = b"", env: Mapping[str, str] | None = None) -> Done:
        from runtime.cli import main as sopvm
        from sopc.cli import main as sopc

        result = CliRunner().invoke({"sopc": sopc, "sopvm": sopvm}[program], arguments, input, dict(env or {}))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout_bytes, result.stderr)

    def given(self, program: str, *arguments: str, input: bytes = b"") -> Done:
        done = self.run(program, *arguments, input=input)
        assert done.exit_code == 0, done.stderr + done.text
        return done

    def shows(self, program: str, *arguments: str, input: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """Run what shows the hint; the hint as it was shown."""
        done = self.run(program, *arguments, input=input, env=env)
        return self.saw(done.stderr + done.text)

    def saw(self, text: str) -> str:
        found = self.hint.search(text)
        assert found is not None, text
        self.shown = True
        self._before = self._everything()
        return found[0]

    def follows(self, program: str, *arguments: str, input: bytes = b"", replaces: str = "") -> Done:
        """Do as the hint says. replaces: the file whose content the hint announced to replace."""
        done = self.given(program, *arguments, input=input)
        self.did(replaces)
        return done

    def shell(self, line: str, replaces: str = "") -> None:
        """Do as the hint says in a shell where both programs are commands."""
        programs = [f'{name}() {{ {join(command(name))} "$@"; }}' for name in ("sopc", "sopvm")]
        done = subprocess.run(
            ["bash", "-c", "\n".join([*programs, line])], capture_output=True, text=True, env=environment(), check=False
        )
        assert done.returncode == 0, done.stderr
        self.did(replaces)

    def did(self, replaces: str = "") -> None:
        after = self._everything()
        lost = [(path, line) for path, line in (self._before - after) if path != replaces]
        assert not lost, lost
        self.followed, self._before = True, after

    def write(self, name: str, text: str | bytes) -> None:
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    def rows(self, sql: str, file: str = ".sop/main.db") -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.folder / file)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def _everything(self) -> Counter[tuple[str, str]]:
        """(File, line), (database, statement of its dump) and (library, version of a script) of all there is."""
        found: Counter[tuple[str, str]] = Counter()
        for path in self.folder.rglob("*"):
            if path.parent.name == "pending":  # translations that wait for a yes, and go to where they were meant for
                continue
            if path.is_file() and not path.name.endswith(("-lock", "-wal", "-shm", ".lock", ".mdb")):
                name = str(path.relative_to(self.folder))
                found.update((name, line) for line in _content(path))
        for home in {path.parent for path in self.folder.rglob("library.mdb") if path.is_file()}:
            try:
                with Library.open(home, read_only=True) as library:
                    names = library.names()
                    found.update((str(home), str(entry)) for name in names for entry in library.history(name))
            except Exception:
                continue
        return found


def _content(path: Path) -> list[str]:
    data = path.read_bytes()
    if data.startswith(b"SQLite format 3"):
        connection = sqlite3.connect(path)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()
    if path.suffix == ".json":  # files of ours: what they hold may grow
        return [*re.findall(r'"name":"\w+"', data.decode(errors="replace")), "it is there"]
    return [line.decode(errors="replace") for line in [b"it is there", *data.splitlines()]]


Case = Callable[[Trial], None]
CASES: dict[str, Case] = {}
NO_HINTS = {
    "sopvm serve: http://{}:{}": "where the server listens",
    "`{} --help` lists the options.": "the end of a script's help, and no error",
    "--answer {}={}": "a question in a script's help, and no error",
    **dict.fromkeys(
        (
            "{}, sopc {}",
            "`sopvm serve` is not installed, so there are none",
            "none: `sopvm serve` answers this machine only",
        ),
        "what `sopc doctor` found",
    ),
    **dict.fromkeys(
        (
            "sopc error {} explains it",
            "pip install --upgrade 'sopc[{}]'",
            "`sopc init` makes it, or the first `sopc compile` or `sopvm db import`",
            "its owner can, or take --home DIR",
            "sopc compile FILE",
            "`sopvm db import FILE` makes it; `sopvm db add` names another",
            "sopc schema {} says why",
            "for freer English: sopc model pull, or a key",
            "sopvm token rm {}",
            "sopvm token add NAME",
            "check {}; --translator patterns needs no server",
        ),
        "what can be done about a line of `sopc doctor`; nothing was begun that could be lost",
    ),
    "pip install 'sopc[{}]'": "of Python: tests/unit/test_frames.py takes it without the package",
}


ELSEWHERE = {  # test that shows the hint and does as it says
    "-f jsonl can take it back": "tests/unit/test_segments.py::test_what_was_only_read_is_said_once",
    "sopvm answer {} VALUE": "tests/runs/test_commands.py::test_a_question_is_answered_later",
    "sopvm retry {}": "tests/runs/test_commands.py::test_a_failed_run_is_tried_again",
    "sopvm resume {}": "tests/runs/test_commands.py::test_hints_of_other_states",
    "leave out --detach and --id, or write to SQLite or PostgreSQL": (
        "tests/runs/test_detached.py::test_a_run_of_duckdb_is_not_kept"
    ),
    "--id with another id": "tests/runs/test_detached.py::test_a_repeated_request_is_done_once",
    "--detach or --id keeps those of a run": "tests/runs/test_detached.py::test_lines_of_other_runs_are_not_kept",
    "`sopvm runs` lists them": "tests/runs/test_commands.py::test_unknown_runs",
    "--dialect names the engine that it was written for; it was read as {}'s": (
        "tests/cli/test_sql.py::test_a_statement_of_another_engine_is_read_with_its_dialect"
    ),
    "jq -c '.[]' {} | sopvm db import - --store {}": (
        "tests/cli/test_db_import_kinds.py::test_a_document_that_is_too_large_is_told_before_it_is_read"
    ),
    **{
        hint: f"tests/cli/test_db_import_kinds.py::test_{name}"
        for hint, name in (
            ("--path {}", "several_arrays_are_named"),
            ("--encoding {}, {}, utf-16", "an_encoding_that_does_not_fit"),
            ("--encoding {}, or the one that reads it right", "other_encodings_are_shown_and_never_guessed"),
            ("curl -fsSL {} | sopvm db import - --store {}", "addresses_are_not_fetched"),
            ("sopvm db add {} {}", "a_database_is_used_where_it_is"),
            ("zstd -dc {} | sopvm db import - --store {}", "zst_without_its_package_says_what_unpacks_it"),
            ("sopvm db import {}", "an_archive_with_several_files_says_how_to_name_one"),
            ("`sopvm db import` loads the rows of other files", "what_is_no_database_is_not_added"),
            ("--yes removes it", "stores_are_renamed_and_removed"),
        )
    },
    **{
        hint: f"tests/cli/test_db_link.py::test_{name}"
        for hint, name in (
            ('--references "cust_no=customers.cust_no"', "options_that_do_not_fit_change_nothing"),
            ("import {} anew as text: --replace --types {}", "types_of_both_sides_are_read_alike"),
            ("if it is: sopvm db link {} --references {}", "what_is_not_sure_is_used_once_a_person_says_so"),
            ("--references {}", "a_person_is_asked_about_what_is_not_sure"),
            ("sopvm db unlink {} {}", "a_person_is_asked_about_what_is_not_sure"),
        )
    },
    "--encoding {}": "tests/cli/test_db_import_kinds.py::test_a_person_is_asked_what_a_file_leaves_open",
    "--sheet {}": "tests/cli/test_db_import_sheets.py::test_a_person_is_asked_which_sheet",
    "--sheet {}, or --all-sheets": (
        "tests/cli/test_db_import_sheets.py::test_several_sheets_are_named_with_their_sizes"
    ),
    "sopvm mcp --write": "tests/api/test_mcp.py::test_past_40_scripts_they_are_found_and_run_by_two_tools",
    "`sopc error T0505` lists what is carried over": "tests/cli/test_sql.py::test_functions_without_a_counterpart",
}


def case(hint: str) -> Callable[[Case], Case]:
    def keep(function: Case) -> Case:
        assert hint not in CASES, hint
        CASES[hint] = function
        return function

    return keep


def test_every_hint_that_is_a_command_has_a_case() -> None:
    found = hints()
    cases = {*CASES, *ELSEWHERE, *NO_HINTS}
    assert {hint: file for hint, file in found.items() if hint not in cases} == {}
    assert sorted(cases - found.keys()) == []


@pytest.mark.parametrize("hint", ELSEWHERE)
def test_cases_elsewhere_speak_of_the_hint(hint: str) -> None:
    file, _, name = ELSEWHERE[hint].partition("::")
    text = (ROOT / file).read_text(encoding="utf-8").partition(f"def {name}(")[2]
    assert hint in text.partition("\ndef ")[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("SOP_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "place"
    place.mkdir()
    connection = sqlite3.connect(place / "hr.db")
    connection.executescript(SCHEMA)
    connection.close()
    (place / "sop.toml").write_text('[databases]\nhr = "sqlite:///hr.db"\n')
    (place / "scripts.sop").write_text(SCRIPTS)
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("hint", CASES)
def test_following_a_hint_loses_nothing(hint: str, folder: Path) -> None:
    trial = Trial(folder, hint)
    CASES[hint](trial)
    assert trial.shown and trial.followed


def compiled(trial: Trial) -> None:
    trial.given("sopc", "compile", "scripts.sop", "--yes")


# ── the command line ───────────────────────────────────────────────────────────────────────────────────────────


@case("`{} --help` lists the commands")
def _(trial: Trial) -> None:
    trial.shows("sopc", "zzzz")
    trial.follows("sopc", "--help")


@case("{} --help")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "run", "--nonsense")
    trial.follows("sopvm", "run", "--help")


@case("sopc init --demo FOLDER makes it in another")
def _(trial: Trial) -> None:
    trial.shows("sopc", "init", "--demo", ".")
    trial.follows("sopc", "init", "--demo", "fresh")


@case("another folder, or --home DIR")
def _(trial: Trial) -> None:
    code = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); from sopc.cli import main; main(['ls'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    trial.saw(done.stderr)
    trial.follows("sopc", "ls", "--home", "elsewhere")


@case("--db hr=sqlite:///hr.db")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "db", "ls", "--db", "hr.db")
    trial.follows("sopvm", "db", "ls", "--db", "hr=sqlite:///hr.db")


@case("--db {}=sqlite:///FILE.db, or a line in {}")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "db", "ls", "zoo")
    trial.follows("sopvm", "db", "ls", "zoo", "--db", "zoo=sqlite:///hr.db")


@case("export {}=…")
def _(trial: Trial) -> None:
    trial.write("sop.toml", '[databases]\nhr = "sqlite:///${HR_FILE}"\n')
    told = trial.shows("sopvm", "db", "ls", "hr")
    trial.shell(f"{told.replace('…', 'hr.db')}; sopvm db ls hr")


# ── files in ───────────────────────────────────────────────────────────────────────────────────────────────────


@case("`sopvm db import {}` converts it")
def _(trial: Trial) -> None:
    (trial.folder / "files").mkdir()
    trial.write("files/-wide list.csv", "a,b\n1,é\n".encode("utf-16"))
    trial.write("files/list.ndjson", '[{"a": 1},\n {"a": 2}]\n')
    for query, store in (("from x.`-wide list`", "wide"), ("from x.list", "list")):
        told = trial.shows("sopvm", "db", "query", query, "--db", "x=files:///files")
        words = shlex.split(told.strip("`").partition("`")[0])[3:]
        trial.follows("sopvm", "db", "import", *words, "--store", store)
    assert trial.rows("select b from wide") == [("é",)]
    assert trial.rows("select a from list") == [(1,), (2,)]


@case("another name (`sopvm db import --store NAME`)")
def _(trial: Trial) -> None:
    trial.write("sqlite_old.csv", "a\n1\n")
    trial.shows("sopvm", "db", "import", "sqlite_old.csv")
    trial.follows("sopvm", "db", "import", "sqlite_old.csv", "--store", "old")


@case("--store NAME")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "db", "import", "-", input=b"a\n1\n")
    trial.follows("sopvm", "db", "import", "-", "--store", "new", input=b"a\n1\n")


@case("--types age=int,born=date")
def _(trial: Trial) -> None:
    trial.write("people.csv", "age,born\n7,2020-01-01\n")
    trial.shows("sopvm", "db", "import", "people.csv", "--types", "age")
    trial.follows("sopvm", "db", "import", "people.csv", "--types", "age=int,born=date")


@case("--store NAME loads it into another store")
def _(trial: Trial) -> None:
    trial.write("euros.csv", "name,price\na,5 €\n")
    trial.write("dollars.csv", "name,price\na,5 $\n")
    trial.given("sopvm", "db", "import", "euros.csv")
    trial.shows("sopvm", "db", "import", "dollars.csv", "--store", "euros", "--append")
    trial.follows("sopvm", "db", "import", "dollars.csv", "--store", "dollars")


@case("--append adds to it, --store NAME makes another, --replace drops what it holds")
def _(trial: Trial) -> None:
    trial.write("new.csv", "a\n1\n")
    trial.given("sopvm", "db", "import", "new.csv")
    trial.write("new.csv", "a\n2\n")
    trial.shows("sopvm", "db", "import", "new.csv")
    trial.follows("sopvm", "db", "import", "new.csv", "--append")
    trial.follows("sopvm", "db", "import", "new.csv", "--store", "other")
    trial.follows("sopvm", "db", "import", "new.csv", "--replace", replaces=".sop/main.db")
    assert trial.rows("select a from new") == trial.rows("select a from other") == [(2,)]


@case("leave out --append to make it")
def _(trial: Trial) -> None:
    trial.write("new.csv", "a\n1\n")
    trial.shows("sopvm", "db", "import", "new.csv", "--append")
    trial.follows("sopvm", "db", "import", "new.csv")


@case("leave out --types")
def _(trial: Trial) -> None:
    trial.write("new.csv", "a\n1\n")
    trial.given("sopvm", "db", "import", "new.csv")
    trial.given("sopvm", "db", "export", "new", "new.parquet")
    trial.shows("sopvm", "db", "import", "new.parquet", "--store", "two", "--types", "a=int")
    trial.follows("sopvm", "db", "import", "new.parquet", "--store", "two")
    trial.shows("sopvm", "db", "import", "new.csv", "--append", "--types", "a=int")
    trial.follows("sopvm", "db", "import", "new.csv", "--append")


@case("--skip-bad leaves them out")
def _(trial: Trial) -> None:
    trial.write("bad.csv", "a,b\n1\n" * 3 + "2,3\n")
    trial.shows("sopvm", "db", "import", "bad.csv")
    trial.follows("sopvm", "db", "import", "bad.csv", "--skip-bad")
    assert trial.rows("select a, b from bad") == [("a", "b"), ("a", "b"), ("2", "3")]


@case("--header {} takes row {} for the names of the columns")
def _(trial: Trial) -> None:
    trial.write("titled.csv", "Sales of 2026\nin euros\nid,n\n1,5\n2,6\n")
    assert "--skip-bad" not in trial.shows("sopvm", "db", "import", "titled.csv")
    trial.follows("sopvm", "db", "import", "titled.csv", "--header", "3")
    assert trial.rows("select id, n from titled") == [(1, 5), (2, 6)]


@case("--types {}")
def _(trial: Trial) -> None:
    trial.write("releases.csv", "version\n1.10\n1.1\n")
    trial.shows("sopvm", "db", "import", "releases.csv")
    trial.follows("sopvm", "db", "import", "releases.csv", "--store", "numbers", "--types", "version=float")


@case("--null {}")
def _(trial: Trial) -> None:
    trial.write("stock.csv", "name,qty\na,1\nb,unknown\nc,3\n")
    trial.shows("sopvm", "db", "import", "stock.csv")
    trial.follows("sopvm", "db", "import", "stock.csv", "--store", "stock_2", "--null", "unknown")
    assert trial.rows("select qty from stock_2") == [(1,), (None,), (3,)]


@case("(`sopvm db look {}` shows what it holds)")
def _(trial: Trial) -> None:
    trial.write("stock.csv", "name,qty\na,1\nb,unknown\nc,3\n")
    trial.given("sopvm", "db", "import", "stock.csv")
    trial.shows("sopvm", "do", "Show the stock with the highest qty.", "--translator", "patterns")
    done = trial.follows("sopvm", "db", "look", "main.stock")
    assert '"unknown" (row 2): --null unknown' in done.stderr


@case("--date-order {}")
def _(trial: Trial) -> None:
    trial.write("days.csv", "day\n01/02/2026\n")
    trial.shows("sopvm", "db", "import", "days.csv")
    trial.follows("sopvm", "db", "import", "days.csv", "--date-order", "dmy")
    assert trial.rows("select day from days") == [("2026-02-01",)]


@case("--decimal {}")
def _(trial: Trial) -> None:
    trial.write("sums.csv", "sum;n\n1,234;5\n")
    trial.shows("sopvm", "db", "import", "sums.csv")
    trial.follows("sopvm", "db", "import", "sums.csv", "--decimal", "comma")
    assert trial.rows("select sum from sums") == [(1.234,)]


@case("--totals {}")
def _(trial: Trial) -> None:
    trial.write("sums.csv", "region,amount\nNorth,5\nSouth,7\nTotal,12\n")
    trial.shows("sopvm", "db", "import", "sums.csv")
    trial.follows("sopvm", "db", "import", "sums.csv", "--totals", "drop")
    assert trial.rows("select sum(amount) from sums") == [(12,)]


@case("left out: 1 row of totals, {} {} (--totals keep)")
def _(trial: Trial) -> None:
    trial.write("sums.csv", "region,amount\nNorth,5\nSouth,7\nTotal,12\n")
    trial.shows("sopvm", "db", "import", "sums.csv", "--totals", "drop")
    trial.follows("sopvm", "db", "import", "sums.csv", "--store", "all", "--totals", "keep")
    assert trial.rows('select sum(amount) from "all"') == [(24,)]


@case("left out: {} rows of totals, {}s {} to {} (--totals keep)")
def _(trial: Trial) -> None:
    trial.write("sums.csv", "region,amount\nNorth,5\nNorth,1\nSubtotal,6\nSouth,7\nTotal,13\n")
    trial.shows("sopvm", "db", "import", "sums.csv", "--totals", "drop")
    trial.follows("sopvm", "db", "import", "sums.csv", "--store", "all", "--totals", "keep")
    assert trial.rows('select sum(amount) from "all"') == [(32,)]


@case("left out: {} above the header (--header {} takes the first for it)")
def _(trial: Trial) -> None:
    trial.write("titled.csv", "Sales,,\n\nid,n,m\n1,5,6\n")
    trial.shows("sopvm", "db", "import", "titled.csv")
    trial.follows("sopvm", "db", "import", "titled.csv", "--store", "other", "--header", "1")


@case("the first row holds values, no names of columns (--header {} takes it for them)")
def _(trial: Trial) -> None:
    trial.write("bare.csv", "1,Ann\n2,Bob\n")
    trial.shows("sopvm", "db", "import", "bare.csv")
    trial.follows("sopvm", "db", "import", "bare.csv", "--store", "other", "--header", "1")


@case("two rows of names are joined (--header {} takes the first alone)")
def _(trial: Trial) -> None:
    trial.write("wide.csv", ",Q1,,Q2,\nname,Plan,Ist,Plan,Ist\nAnn,1,2,3,4\n")
    trial.shows("sopvm", "db", "import", "wide.csv")
    trial.follows("sopvm", "db", "import", "wide.csv", "--store", "other", "--header", "1")


@case("--header 3, --header 2-3 or none")
def _(trial: Trial) -> None:
    trial.write("titled.csv", "Sales,,\n\nid,n,m\n1,5,6\n")
    trial.shows("sopvm", "db", "import", "titled.csv", "--header", "third")
    trial.follows("sopvm", "db", "import", "titled.csv", "--header", "3")


@case("sopvm db import with {}")
def _(trial: Trial) -> None:
    (trial.folder / "data").mkdir()
    trial.write("data/days.csv", "day\n01/02/2026\n")
    trial.shows("sopvm", "db", "query", "from files.days", "--db", "files=files:///data")
    trial.follows("sopvm", "db", "import", "data/days.csv", "--date-order", "dmy")


@case("try: sopvm do {}")
def _(trial: Trial) -> None:
    trial.write("sales.csv", "customer,amount\nAnn,1.5\nBen,2.5\nAnn,3.5\n")
    line = trial.shows("sopvm", "db", "import", "sales.csv")
    trial.follows("sopvm", *shlex.split(line.splitlines()[0])[2:], "--translator", "patterns")


@case("try: sopvm db query {}")
def _(trial: Trial) -> None:
    trial.write("odd.csv", "name,n\na,1\n")
    for store in ("sales-2026", "order", "from", "2026", "select", "a & b", "a.b", "x$y", "a--b", "q?"):
        line = trial.shows("sopvm", "db", "import", "odd.csv", "--store", store)
        done = trial.follows(*shlex.split(line.splitlines()[0].removeprefix("try: ")))
        assert '"n":1' in str(done.stdout), store


@case("correct the line; `sopvm db import --skip-bad` loads the others")
def _(trial: Trial) -> None:
    (trial.folder / "data").mkdir()
    trial.write("data/bad.csv", "a,b\n1\n2,3\n")
    trial.write("data/good.csv", "a\n1\n")
    look = ("sopvm", "db", "query", "from data.bad", "--db", "data=files:///data")
    trial.shows(*look)
    trial.follows("sopvm", "db", "import", "data/bad.csv", "--skip-bad")
    assert trial.rows("select a, b from bad") == [(2, 3)]
    trial.write("data/bad.csv", "a,b\n1,\n2,3\n")
    trial.did("data/bad.csv")
    trial.follows(*look)


@case("correct the file, or give other types with --types FIELD=TYPE,…")
def _(trial: Trial) -> None:
    trial.write("bad.csv", "a,b\n1,x\n2,y\n")
    trial.given("sopvm", "db", "import", "bad.csv")
    wrong = ("sopvm", "db", "import", "bad.csv", "--types", "b=date")
    assert "--skip-bad" not in trial.shows(*wrong, "--store", "other")
    trial.shows(*wrong, "--replace", "--skip-bad")  # which would empty the store
    trial.did()
    trial.follows("sopvm", "db", "import", "bad.csv", "--store", "other", "--types", "b=text")
    assert trial.rows("select b from other") == [("x",), ("y",)]


@case("`sopvm db import` reads CSV and NDJSON")
def _(trial: Trial) -> None:
    trial.write("new.csv", "a\n1\n" * 300)
    trial.shows("sopvm", "db", "ls", "new", "--db", "new=sqlite:///new.csv")
    trial.follows("sopvm", "db", "import", "new.csv")


@case("split it into several scripts; data belongs in a database (`sopvm db import`)")
def _(trial: Trial) -> None:
    trial.write("large.csv", "a\n" + ("x" * 100_000 + "\n") * 50)
    trial.shows("sopc", "compile", "large.csv")
    trial.follows("sopvm", "db", "import", "large.csv")


# ── files out ──────────────────────────────────────────────────────────────────────────────────────────────────


@case("-f csv, -f ndjson or -f parquet")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "db", "export", "hr.boxes", "-")
    for chosen in ("csv", "ndjson", "parquet"):
        assert trial.follows("sopvm", "db", "export", "hr.boxes", "-", "-f", chosen).stdout


@case("--force replaces it")
def _(trial: Trial) -> None:
    trial.write("boxes.csv", "old\n")
    trial.shows("sopvm", "db", "export", "hr.boxes", "boxes.csv")
    trial.follows("sopvm", "db", "export", "hr.boxes", "boxes.csv", "--force", replaces="boxes.csv")


def on_terminal(trial: Trial, *arguments: str) -> None:
    """Run `sopvm` with a narrow terminal for its stdout, and see the hint on it or on stderr."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 20, 0, 0))
    try:
        done = subprocess.run(
            command("sopvm", *arguments),
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
        os.write(theirs, b"\n")
        trial.saw(done.stderr + os.read(ours, 100_000).decode())
    finally:
        os.close(ours)
        os.close(theirs)


ROUNDED = "from hr.employees select name, department, salary / 7 as salary"


@case("floats are rounded (-f csv has all digits)")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "db", "query", ROUNDED, "-f", "table")
    assert b"25714.285714285714" in trial.follows("sopvm", "db", "query", ROUNDED, "-f", "csv").stdout


@case("not shown: {} (-f csv has all columns)")
def _(trial: Trial) -> None:
    on_terminal(trial, "db", "query", ROUNDED)
    assert trial.follows("sopvm", "db", "query", ROUNDED, "-f", "csv").text.startswith("name,department,salary\n")


@case("-o FILE.{}")
def _(trial: Trial) -> None:
    on_terminal(trial, "db", "query", ROUNDED, "-f", "parquet")
    trial.follows("sopvm", "db", "query", ROUNDED, "-o", "FILE.parquet")


@case("-f table shows them")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "db", "query", "from hr.employees select name", "-f", "chart")
    trial.follows("sopvm", "db", "query", "from hr.employees select name", "-f", "table")


@case("-f csv has no such limit")
def _(trial: Trial) -> None:
    trial.write("long.csv", f"text\n{'x' * 40_000}\n")
    trial.given("sopvm", "db", "import", "long.csv")
    trial.shows("sopvm", "db", "query", "from long", "-f", "xlsx")
    assert len(trial.follows("sopvm", "db", "query", "from long", "-f", "csv").text) > 40_000


@case("-f jsonl and -f records take any")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "mixed", "-f", "csv")
    for chosen in ("jsonl", "records"):
        trial.follows("sopvm", "run", "mixed", "-f", chosen)


# ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────


@case("--answer {}=… gives it")
def _(trial: Trial) -> None:
    compiled(trial)
    told = trial.shows("sopvm", "run", "hire", "name=Eve", "--dry-run")
    trial.follows("sopvm", "run", "hire", "name=Eve", *told.removesuffix(" gives it").replace("…", "true").split())
    assert trial.rows("select count(*) from employees where name = 'Eve'", "hr.db") == [(1,)]


@case("it asks nothing, so it needs no --answer")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "staff", "--answer", "1=true")
    trial.follows("sopvm", "run", "staff")


@case("--db {}=sqlite:///FILE.db, or another that can be written")
def _(trial: Trial) -> None:
    compiled(trial)
    (trial.folder / "files").mkdir()
    trial.write("files/employees.csv", "id,name,department,salary\n1,Ada,Sales,5\n")
    trial.shows("sopvm", "run", "raise_all", "--db", "hr=files:///files")
    trial.follows("sopvm", "run", "raise_all", "--db", "hr=sqlite:///hr.db")


@case("compile the script again, or give the run the right database with --db")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.write("empty.csv", "a\n1\n")
    trial.given("sopvm", "db", "import", "empty.csv", "--into", "other", "--db", "other=sqlite:///other.db")
    trial.shows("sopvm", "run", "staff", "--db", "hr=sqlite:///other.db")
    trial.follows("sopc", "compile", "scripts.sop", "--yes")
    trial.follows("sopvm", "run", "staff", "--db", "hr=sqlite:///hr.db")


@case("--max-instructions sets the limit; a loop may never end")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "deep", "n=3000", "--max-instructions", "10")
    trial.follows("sopvm", "run", "deep", "n=3000", "--max-instructions", "1000000")


@case("--max-seconds sets the limit")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "deep", "n=9000", "--max-seconds", "0.000000001")
    trial.follows("sopvm", "run", "deep", "n=9000", "--max-seconds", "60")


@case("--max-rows sets the limit; limit n too")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "staff", "--max-rows", "1")
    trial.follows("sopvm", "run", "staff", "--max-rows", "2")


@case("--max-depth sets the limit; a script may call itself without end")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "deep", "n=20", "--max-depth", "9")
    trial.follows("sopvm", "run", "deep", "n=20", "--max-depth", "30")


KEPT = """\
script noted(end_with: int = 0) uses hr
  insert into boxes { width: 1, height: 1 }
  commit
  {then}
end
"""


@pytest.mark.parametrize(
    ("then", "options", "code"),
    [
        ('ask "More?" into ok: bool', (), "V0403"),
        ("emit from boxes", ("--max-rows", "1"), "V0304"),
        ('for each i in 1 to 100000 do say "x" end', ("--max-instructions", "1000"), "V0302"),
    ],
)
def test_no_hint_asks_for_what_is_committed_to_be_done_again(
    then: str, options: tuple[str, ...], code: str, folder: Path
) -> None:
    trial = Trial(folder, "committed before, and not undone: insert boxes (1)")
    trial.write("noted.sop", KEPT.replace("{then}", then))
    trial.given("sopc", "compile", "noted.sop", "--yes")
    done = trial.run("sopvm", "run", "noted", *options)
    assert code in done.stderr
    trial.saw(done.stderr)
    assert not re.search(r"try: .*--", done.stderr)
    dry = trial.run("sopvm", "run", "noted", "--dry-run", *options)  # which keeps nothing
    assert re.search(r"try: --(answer|max)", dry.stderr)


# ── scripts and the library ────────────────────────────────────────────────────────────────────────────────────


@case("`sopc ls` lists the scripts")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "zzzz")
    trial.follows("sopc", "ls")


@case("there are none in {} yet; compile one with `sopc compile`")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "run", "staff")
    compiled(trial)
    trial.follows("sopvm", "run", "staff")


@case("{}; see `sopc history`")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "run", "staff@17")
    trial.follows("sopc", "history", "staff")


@case("compile another; `sopc history` lists them")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopc", "rollback", "staff")
    trial.write("scripts.sop", SCRIPTS.replace("order by name", "order by salary"))
    compiled(trial)
    trial.did("scripts.sop")
    trial.follows("sopc", "history", "staff")
    trial.follows("sopc", "rollback", "staff")


@case("compile the script again with the sopc of this version")
def _(trial: Trial) -> None:
    from runtime.bytecode import codec

    with pytest.MonkeyPatch.context() as patch:  # as a version of sopc with another format left it
        patch.setattr(codec, "FORMAT_VERSION", codec.FORMAT_VERSION + 1)
        compiled(trial)
    trial.shows("sopvm", "run", "staff")
    compiled(trial)
    trial.follows("sopvm", "run", "staff")


@case("make one with `sopc export`")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopc", "import", "sop.toml", "--home", "other")
    trial.follows("sopc", "export", "all.sopx")
    trial.follows("sopc", "import", "all.sopx", "--home", "other")


@case("export the scripts again")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.given("sopc", "export", "all.sopx")
    file = trial.folder / "all.sopx"
    file.write_bytes(file.read_bytes()[:-1])
    trial.shows("sopc", "import", "all.sopx", "--home", "other")
    trial.follows("sopc", "export", "again.sopx")
    trial.follows("sopc", "import", "again.sopx", "--home", "other")


@case("name another folder with --home")
def _(trial: Trial) -> None:
    (trial.folder / ".sop" / "library.mdb").mkdir(parents=True)
    trial.shows("sopc", "compile", "scripts.sop", "--yes")
    trial.follows("sopc", "compile", "scripts.sop", "--yes", "--home", "other")


@case("name another folder with --home, or upgrade")
def _(trial: Trial) -> None:
    import lmdb

    (trial.folder / ".sop").mkdir()
    with (
        lmdb.open(str(trial.folder / ".sop" / "library.mdb"), subdir=False) as foreign,
        foreign.begin(write=True) as transaction,
    ):
        transaction.put(b"a", b"b")
    trial.shows("sopc", "compile", "scripts.sop", "--yes")
    trial.follows("sopc", "compile", "scripts.sop", "--yes", "--home", "other")


@case("check the permissions of the folder, or name another with --home")
def _(trial: Trial) -> None:
    trial.shows("sopc", "compile", "scripts.sop", "--yes", "--home", "/sys/sop")  # where nobody can make a folder
    trial.follows("sopc", "compile", "scripts.sop", "--yes", "--home", "other")


@case("`sopc parse --json` prints one")
def _(trial: Trial) -> None:
    trial.shows("sopc", "compile", "-", input=b"{}")
    tree = trial.follows("sopc", "parse", "--json", "scripts.sop").stdout
    trial.follows("sopc", "compile", "--yes", "-", input=tree)


# ── English ────────────────────────────────────────────────────────────────────────────────────────────────────

AMBIGUOUS = "Largest\n\nShow the boxes, largest first.\n"
PLAIN = "Boxes\n\nShow the boxes.\n"
UNREAD = "Boxes\n\nShow the boxes whose bounciness is above 5.\n"  # by no pattern
WRITING = "Scrap\n\nDelete the boxes whose width is above 2.\n"


def in_english(trial: Trial, name: str, text: str) -> None:
    trial.write("sop.toml", '[databases]\nmain = "sqlite:///hr.db"\n[translator]\nuse = "patterns"\n')
    trial.write(name, text)


@case("sopc compile {} {}")
def _(trial: Trial) -> None:
    in_english(trial, "my largest.txt", AMBIGUOUS)
    done = trial.run("sopc", "compile", "my largest.txt")
    told = done.stderr.rpartition("try: ")[2].partition(", or")[0]
    trial.saw(told)
    trial.shell(told.replace("…", "2"))
    trial.follows("sopvm", "run", "largest")


@case("--answer {}=…")
def _(trial: Trial) -> None:
    in_english(trial, "largest.txt", AMBIGUOUS)
    told = trial.shows("sopc", "compile", "largest.txt")
    trial.follows("sopc", "compile", *told.replace("…", "1").split(), "largest.txt")


@case("sopvm do {} with the same text")
def _(trial: Trial) -> None:
    in_english(trial, "unused.txt", AMBIGUOUS)
    told = trial.shows("sopvm", "do", "Show the boxes, largest first.")
    words = told.removesuffix(" with the same text").replace("…", "1").split()
    trial.follows(words[0], *words[1:], "Show the boxes, largest first.")


@case("put the text in a file, and use `sopc compile` and `sopvm run`")
def _(trial: Trial) -> None:
    in_english(trial, "scrap.txt", WRITING)
    trial.shows("sopvm", "do", "Delete the boxes whose width is above 2.")
    trial.follows("sopc", "compile", "--yes", "scrap.txt")
    trial.follows("sopvm", "run", "scrap", replaces="hr.db")  # what the text asks for
    assert trial.rows("select id from boxes", "hr.db") == [(1,)]


@case("read the program above, then compile again with --yes alone: it is not translated again")
def _(trial: Trial) -> None:
    in_english(trial, "scrap.txt", WRITING)
    trial.shows("sopc", "compile", "scrap.txt")
    trial.follows("sopc", "compile", "--yes", "scrap.txt")


@case("save the text to a file and compile that: from stdin it would be translated again, with --yes unread")
def _(trial: Trial) -> None:
    in_english(trial, "scrap.txt", WRITING)
    trial.shows("sopc", "compile", "-", input=WRITING.encode())
    assert trial.run("sopc", "compile", "scrap.txt").exit_code == 3
    trial.follows("sopc", "compile", "--yes", "scrap.txt")


@case("leave it out, or --take text translates the text again and asks again")
def _(trial: Trial) -> None:
    in_english(trial, "largest.txt", AMBIGUOUS)
    trial.given("sopc", "compile", "--answer", "1=1", "largest.txt")
    trial.shows("sopc", "compile", "--answer", "1=2", "largest.txt")
    trial.follows("sopc", "compile", "largest.txt")
    trial.follows("sopc", "compile", "--take", "text", "--answer", "1=2", "largest.txt", replaces="largest.sop")


@case("remove it, and its script with `sopc rm {}`")
def _(trial: Trial) -> None:
    in_english(trial, "boxes.txt", PLAIN)
    trial.given("sopc", "compile", "boxes.txt")
    trial.write("boxes.txt", PLAIN.replace("Boxes", "All boxes"))
    trial.write("scripts.sop", "script other()\n  emit {a: 1}\nend\n")
    trial.given("sopc", "compile", "scripts.sop")
    told = trial.shows("sopc", "compile", "boxes.txt")
    line = re.search(r"`(sopc rm .*)`", told)
    assert line is not None and (trial.folder / "boxes.sop").exists()
    with Library.open(trial.folder / ".sop") as library:
        kept = sorted(library.names())
    assert kept == ["all_boxes", "boxes", "other"]
    trial.given(*line[1].split())
    (trial.folder / "boxes.sop").unlink()
    trial.saw(told)  # what is gone is what the hint named: the same text stands under its new title
    with Library.open(trial.folder / ".sop") as library:
        assert sorted(library.names()) == ["all_boxes", "other"]
    trial.follows("sopvm", "run", "all_boxes")


@case("sopc compile {}, then commit {}")
def _(trial: Trial) -> None:
    in_english(trial, "boxes.txt", PLAIN)
    told = trial.shows("sopc", "compile", "--locked", "boxes.txt")
    words = told.partition(",")[0].split()
    trial.follows(words[0], *words[1:])
    trial.follows("sopc", "compile", "--locked", "boxes.txt")


@case("--take text translates again and drops the edits; --take sop keeps the program as it stands")
def _(trial: Trial) -> None:
    in_english(trial, "boxes.txt", PLAIN)
    trial.given("sopc", "compile", "boxes.txt")
    program = (trial.folder / "boxes.sop").read_text()
    trial.write("boxes.sop", program.replace("emit from boxes", "emit from boxes limit 1"))
    trial.write("boxes.txt", PLAIN + 'Say "hello".\n')
    trial.shows("sopc", "compile", "boxes.txt")
    trial.follows("sopc", "compile", "--take", "sop", "boxes.txt", replaces="boxes.sop")
    assert "limit 1" in (trial.folder / "boxes.sop").read_text()
    trial.follows("sopc", "compile", "--take", "text", "boxes.txt", replaces="boxes.sop")
    assert "hello" in (trial.folder / "boxes.sop").read_text()


# ── models ─────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def a_model(trial: Trial, *answers: str | Fail, model: str = "m") -> Iterator[StandIn]:
    server = StandIn(*answers)
    trial.write(
        "sop.toml",
        f'[databases]\nmain = "sqlite:///hr.db"\n[translator]\nbase_url = "{server.url}"\napi_key = "k"\n'
        + (f'model = "{model}"\n' if model else ""),
    )
    trial.write("boxes.txt", PLAIN)
    try:
        yield server
    finally:
        server.close()


@case("or --translator patterns")
def _(trial: Trial) -> None:
    with a_model(trial, Fail(429, "600")):
        trial.shows("sopc", "compile", "boxes.txt")
        trial.follows("sopc", "compile", "boxes.txt", "--translator", "patterns")


@case("--model NAME, or model = … under [translator] in sop.toml")
def _(trial: Trial) -> None:
    with a_model(trial, "script boxes()\n  @1 emit from boxes\nend\n", model="") as server:
        trial.shows("sopc", "compile", "boxes.txt")
        trial.follows("sopc", "compile", "boxes.txt", "--model", "m")
        assert server.answers == []


@case("{}: the model's program does not hold; --show-work prints every attempt")
def _(trial: Trial) -> None:
    wrong = 'script boxes()\n  @1 emit from boxes where width = "x"\nend\n'
    with a_model(trial, *[wrong] * 20):
        trial.shows("sopc", "compile", "boxes.txt")
        done = trial.run("sopc", "compile", "boxes.txt", "--show-work")
        assert "=== round" in done.stderr
        trial.did()


@case("`sopvm db look {}` shows why they are text")
def _(trial: Trial) -> None:
    with a_model(trial, "script boxes()\n  @1 emit from stock order by qty desc limit 1\nend\n"):
        trial.write("stock.csv", "name,qty\na,10\nb,9\nc,unknown\nd,100\n")
        trial.given("sopvm", "db", "import", "stock.csv")
        trial.write("boxes.txt", "Boxes\n\nShow the stock with the highest qty.\n")
        trial.shows("sopc", "compile", "boxes.txt")
        done = trial.follows("sopvm", "db", "look", "main.stock")
        assert '"unknown" (row 3): --null unknown' in done.stderr


@case("pip install 'sopc[local]'")
def _(trial: Trial) -> None:
    model = trial.folder / "model.gguf"
    model.write_bytes(DATA)
    trial.given("sopc", "model", "use", "model.gguf")
    trial.write("boxes.txt", UNREAD)
    without("xllamacpp", trial, "sopc", "compile", "--translator", "local", "boxes.txt")


@contextmanager
def a_hub(status: int = 0) -> Iterator[tuple[str, ...]]:
    """`--from` and the sum of the file that a hub on this machine has in place of a model."""
    hub = Hub(status=status)
    try:
        yield "--from", hub.url, "--sha256", SUM
    finally:
        hub.server.shutdown()
        hub.server.server_close()


def pulls(trial: Trial) -> None:
    """Do as `sopc model pull` says, from a hub on this machine."""
    with a_hub() as options:
        trial.follows("sopc", "model", "pull", "0.5b", *options)


@case("--from https://HOST")
def _(trial: Trial) -> None:
    trial.shows("sopc", "model", "pull", "0.5b", "--from", "nonsense")
    pulls(trial)


@case("check the network or --from{}")
def _(trial: Trial) -> None:
    with a_hub(status=503) as options:
        trial.shows("sopc", "model", "pull", "0.5b", *options)
    pulls(trial)


@case("check the name and --from")
def _(trial: Trial) -> None:
    with a_hub(status=404) as options:
        trial.shows("sopc", "model", "pull", "0.5b", *options)
    pulls(trial)


@case("sopc model pull {}")
def _(trial: Trial) -> None:
    assert trial.shows("sopc", "model", "use", "0.5b") == "sopc model pull 0.5b"
    pulls(trial)


@case("sopc model ls, or the path of a GGUF file")
def _(trial: Trial) -> None:
    trial.shows("sopc", "model", "use", "zzz")
    trial.follows("sopc", "model", "ls")
    trial.write("mine.gguf", DATA)
    trial.follows("sopc", "model", "use", "mine.gguf")


@case("sopc model ls")
def _(trial: Trial) -> None:
    trial.shows("sopc", "model", "rm", "zzz")
    trial.follows("sopc", "model", "ls")


@case("sopc model pull fetches one")
def _(trial: Trial) -> None:
    trial.write("notes.gguf", "no model")
    trial.shows("sopc", "model", "use", "notes.gguf")
    pulls(trial)


@case("sopc model pull fetches a model that can be")
def _(trial: Trial) -> None:
    pytest.importorskip("xllamacpp")
    in_english(trial, "boxes.txt", UNREAD)
    trial.write("mine.gguf", DATA)  # it only begins as a model does
    trial.given("sopc", "model", "use", "mine.gguf")
    trial.shows("sopc", "compile", "--translator", "local", "boxes.txt")
    pulls(trial)


@case("sopc model use FILE for another, or sopc model use - for none")
def _(trial: Trial) -> None:
    in_english(trial, "boxes.txt", PLAIN)
    trial.write("mine.gguf", DATA)
    trial.given("sopc", "model", "use", "mine.gguf")
    (trial.folder / "mine.gguf").unlink()
    trial.write("unread.txt", UNREAD)
    trial.shows("sopc", "compile", "--translator", "local", "unread.txt")
    trial.write("other.gguf", DATA)
    trial.follows("sopc", "model", "use", "other.gguf")
    trial.follows("sopc", "model", "use", "-", replaces=".sop/model.json")
    trial.follows("sopc", "compile", "boxes.txt")


@case("sopc model pull, or sopc model use FILE")
def _(trial: Trial) -> None:
    trial.write("boxes.txt", PLAIN)
    trial.shows("sopc", "compile", "--translator", "local", "boxes.txt")
    pulls(trial)
    trial.write("mine.gguf", DATA)
    trial.follows("sopc", "model", "use", "mine.gguf")


@case(
    'export OPENAI_API_KEY=…, or OPENAI_BASE_URL=… of another server; or provider = "ollama" or '
    'command = ["llm", "-m", "MODEL"] under [translator] in sop.toml; or sopc model pull'
)
def _(trial: Trial) -> None:
    answer = "script boxes()\n  @1 emit from boxes\nend\n"
    trial.write("boxes.txt", PLAIN)
    trial.shows("sopc", "compile", "--translator", "model", "boxes.txt")
    with a_model(trial, answer):
        trial.follows("sopc", "compile", "--translator", "model", "boxes.txt", replaces="sop.toml")
    trial.write("answer.txt", answer)
    with (trial.folder / "sop.toml").open("a") as settings:
        settings.write(f'command = ["cat", "{trial.folder}/answer.txt"]\n')
    trial.write("more.txt", PLAIN.replace("Boxes", "More"))
    trial.follows("sopc", "compile", "--translator", "command", "more.txt")
    pulls(trial)


@case("check the path and its permissions, or name another folder with --home")
def _(trial: Trial) -> None:
    trial.write("mine.gguf", DATA)
    trial.shows("sopc", "model", "use", "mine.gguf", "--home", "/sys/sop")
    trial.follows("sopc", "model", "use", "mine.gguf", "--home", "other")


@case("export XDG_DATA_HOME=DIR")
def _(trial: Trial) -> None:
    import pwd

    def nobody(number: int) -> None:
        raise KeyError(number)

    with pytest.MonkeyPatch.context() as patch:  # a user without an entry, as in many containers
        patch.setattr(pwd, "getpwuid", nobody)
        patch.delenv("HOME", raising=False)
        patch.delenv("XDG_DATA_HOME")
        trial.shows("sopc", "model", "ls")
        patch.setenv("XDG_DATA_HOME", str(trial.folder / "data"))
        trial.follows("sopc", "model", "ls")
        pulls(trial)


# ── the service ────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def served(*options: str) -> Iterator[str]:
    """A server's address, which is asked for in a process of its own."""
    process = subprocess.Popen(
        command("sopvm", "serve", "--port", "0", *options), stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("sopvm serve: http://"), line
        yield "http://127.0.0.1:" + line.strip().rpartition(":")[2]
    finally:
        process.terminate()
        process.communicate()


def fetched(address: str, **headers: str) -> str:
    request = urllib.request.Request(address, headers={key.replace("_", "-"): value for key, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as response:
            return str(response.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


@case("--allow-host NAME lets it answer under another name")
def _(trial: Trial) -> None:
    compiled(trial)
    with served() as url:
        trial.saw(fetched(f"{url}/play/staff", Host="staff.example"))
    with served("--allow-host", "staff.example") as url:
        assert "Ada" in fetched(f"{url}/play/staff", Host="staff.example")
    trial.did()


@case("--port 0 takes a free port")
def _(trial: Trial) -> None:
    compiled(trial)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        trial.shows("sopvm", "serve", "--port", str(taken.getsockname()[1]))
        with served() as url:
            assert "Ada" in fetched(f"{url}/play/staff")
    trial.did()


@case("`sopvm token add NAME`, or leave out --host")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "serve", "--host", "0.0.0.0", "--port", "0")
    with served() as url:
        assert "Ada" in fetched(f"{url}/play/staff")
    token = trial.follows("sopvm", "token", "add", "me").text.strip()
    with served("--host", "0.0.0.0") as url:
        assert "Ada" in fetched(f"{url}/play/staff", Authorization=f"Bearer {token}")


@case("Authorization: Bearer TOKEN, made by `sopvm token add`")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.given("sopvm", "token", "add", "other")
    with served() as url:
        trial.saw(fetched(f"{url}/play/staff"))
        token = trial.follows("sopvm", "token", "add", "me").text.strip()
        assert "Ada" in fetched(f"{url}/play/staff", Authorization=f"Bearer {token}")


def _rights(trial: Trial, path: str, has: str, needs: str) -> None:
    compiled(trial)
    token = trial.given("sopvm", "token", "add", "me", "--rights", has).text.strip()
    words = ("serve", "--get", path, "-d", "{}")
    told = trial.shows("sopvm", *words, "-H", f"Authorization: Bearer {token}")
    assert told == f"--rights …,{needs}"
    token = trial.follows("sopvm", "token", "add", "you", "--rights", f"{has},{needs}").text.strip()
    trial.follows("sopvm", *words, "-H", f"Authorization: Bearer {token}")


@case("--rights …,write")
def _(trial: Trial) -> None:
    _rights(trial, "/play/raise_all", "run,read", "write")


@case("--rights …,{}")
def _(trial: Trial) -> None:
    _rights(trial, "/play/staff", "read", "run")


@case("--allow-host scripts.example, without a port")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "serve", "--port", "0", "--allow-host", "scripts.example:80")
    with served("--allow-host", "scripts.example") as url:
        assert "Ada" in fetched(f"{url}/play/staff", Host="scripts.example")
    trial.did()


@case("a token without --db and --set")
def _(trial: Trial) -> None:
    token = trial.given("sopvm", "token", "add", "tenant", "--db", "hr=hr").text.strip()
    trial.shows("sopvm", "serve", "--get", "/metrics", "-H", f"Authorization: Bearer {token}")
    token = trial.follows("sopvm", "token", "add", "watcher").text.strip()
    trial.follows("sopvm", "serve", "--get", "/metrics", "-H", f"Authorization: Bearer {token}")


@case("a parameter {}, or --scripts without {}")
def _(trial: Trial) -> None:
    compiled(trial)
    words = ("serve", "--get", "/play/staff", "-H")
    token = trial.given("sopvm", "token", "add", "tenant", "--set", "by=1").text.strip()
    trial.shows("sopvm", *words, f"Authorization: Bearer {token}")
    trial.follows("sopvm", "token", "add", "narrow", "--set", "by=1", "--scripts", "raise_*", "--db", "hr=hr")
    trial.write("scripts.sop", SCRIPTS.replace("staff()", "staff(by: int = 0)"))
    compiled(trial)
    trial.did("scripts.sop")
    trial.follows("sopvm", *words, f"Authorization: Bearer {token}")


@case("{}: sop.toml declares no such database, so `sopvm serve` needs --db {}=URL")
def _(trial: Trial) -> None:
    compiled(trial)
    done = trial.given("sopvm", "token", "add", "tenant", "--db", "hr=acme")
    trial.saw(done.stderr)
    words = ("serve", "--get", "/play/staff", "-H", f"Authorization: Bearer {done.text.strip()}")
    assert "Ada" in trial.follows("sopvm", *words, "--db", "acme=sqlite:///hr.db").text


YEARLY = ("--cron", "30 4 1 1 *")


@case("no worker is there to begin runs: `sopvm worker` or `sopvm serve`")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "schedule", "add", "staff", *YEARLY)
    trial.follows("sopvm", "worker", "--until-idle")


@case("`sopvm schedule add` makes one")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "schedule", "pause", "staff")
    trial.follows("sopvm", "schedule", "add", "staff", *YEARLY)


@case("`sopvm schedule ls` lists them")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.given("sopvm", "schedule", "add", "staff", *YEARLY)
    trial.shows("sopvm", "schedule", "rm", "stuff")
    assert "staff" in trial.follows("sopvm", "schedule", "ls").text


@case("{}: the schedule {} runs it; `sopvm schedule rm {}` ends that")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.given("sopvm", "schedule", "add", "staff", *YEARLY)
    trial.shows("sopc", "rm", "staff")
    assert "staff: removed" in trial.follows("sopvm", "schedule", "rm", "staff", replaces=".sop/runs.db").stderr


@case("--name with another, or `sopvm schedule rm {}` before")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.given("sopvm", "schedule", "add", "staff", *YEARLY)
    trial.shows("sopvm", "schedule", "add", "staff", *YEARLY)
    trial.follows("sopvm", "schedule", "add", "staff", "--name", "staff_again", *YEARLY)


@case("--overlap queue")
def _(trial: Trial) -> None:
    compiled(trial)
    words = ("sopvm", "schedule", "add", "staff", *YEARLY, "--missed", "all", "--overlap")
    trial.shows(*words, "skip")
    trial.follows(*words, "queue")


@case("a name such as Europe/Berlin or UTC; where the system has none, `pip install tzdata`")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "schedule", "add", "staff", *YEARLY, "--tz", "Berlin")
    trial.follows("sopvm", "schedule", "add", "staff", *YEARLY, "--tz", "Europe/Berlin")


@case("another name; `sopvm token ls` lists those that are taken")
def _(trial: Trial) -> None:
    trial.given("sopvm", "token", "add", "me")
    trial.shows("sopvm", "token", "add", "me")
    assert "me" in trial.follows("sopvm", "token", "ls").text
    trial.follows("sopvm", "token", "add", "you")


@case("`sopvm token ls` lists them")
def _(trial: Trial) -> None:
    trial.given("sopvm", "token", "add", "me")
    trial.shows("sopvm", "token", "rm", "you")
    trial.follows("sopvm", "token", "ls")


@case("sopvm serve --get /play/NAME -d '{}'")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "serve", "-d", "{}")
    trial.follows("sopvm", "serve", "--get", "/play/staff", "-d", "{}")


@case("--get /{}")
def _(trial: Trial) -> None:
    compiled(trial)
    told = trial.shows("sopvm", "serve", "--get", "play/staff")
    assert told == "--get /play/staff"
    trial.follows("sopvm", "serve", "--get", "/play/staff")


@case("--audit FILE")
def _(trial: Trial) -> None:
    compiled(trial)
    words = ("serve", "--get", "/play/raise_all", "-d", "{}", "--audit")
    trial.shows("sopvm", *words, "/dev/full")
    trial.follows("sopvm", *words, "audit.log")


@case("another --audit FILE")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.shows("sopvm", "serve", "--get", "/play/staff", "--audit", "none/here")
    trial.follows("sopvm", "serve", "--get", "/play/staff", "--audit", "audit.log")


# ── what is not installed ──────────────────────────────────────────────────────────────────────────────────────


def without(package: str, trial: Trial, program: str, *arguments: str) -> None:
    """Show the hint where the package can't be imported; what it says to install brings the package."""
    module = {"sopc": "sopc.cli", "sopvm": "runtime.cli"}[program]
    code = f"import sys; sys.modules[{package!r}] = None; from {module} import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment(), check=False
    )
    extra = re.search(r"sopc\[(\w+)\]", trial.saw(done.stderr))
    assert extra is not None
    assert brings(extra[1], package)
    trial.did()


def brings(extra: str, package: str) -> bool:
    """Whether `pip install 'sopc[extra]'` brings a package that Python imports by this name."""
    wanted = [each for each in importlib.metadata.requires("sopc") or () if f'extra == "{extra}"' in each]
    names = {re.split(r"[^\w-]", each)[0].replace("_", "-").lower() for each in wanted}
    by_import = importlib.metadata.packages_distributions().get(package, [package])
    return not names.isdisjoint(name.replace("_", "-").lower() for name in by_import)


@case("pip install 'sopc[serve]'")
def _(trial: Trial) -> None:
    without("starlette", trial, "sopvm", "serve")


@case("pip install 'sopc[mcp]'")
def _(trial: Trial) -> None:
    without("mcp", trial, "sopvm", "mcp")
    without("mcp", trial, "sopvm", "serve", "--get", "/mcp", "-X", "POST")


@case("pip install 'sopc[jwt]'")
def _(trial: Trial) -> None:
    compiled(trial)
    with (trial.folder / "sop.toml").open("a", encoding="utf-8") as file:
        file.write('[jwt]\nissuer = "https://login.example"\naudience = "sop"\n[[jwt.grants]]\nrights = ["run"]\n')
    without("jwt", trial, "sopvm", "serve", "--get", "/play/staff")


@case("let a model translate it (`sopc error T0201` lists ways to one), or write it in the .sop file")
def _(trial: Trial) -> None:
    compiled(trial)
    trial.write("odd.txt", "Uses hr.\nFrobnicate the gizmos.\n")
    trial.shows("sopc", "compile", "odd.txt", "--translator", "patterns")
    assert "command = " in trial.follows("sopc", "error", "T0201").text


@case("--root-path /sop")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "serve", "--root-path", "sop")
    trial.follows("sopvm", "serve", "--root-path", "/sop", "--get", "/sop/live")


@case("--proxy 127.0.0.1")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "serve", "--proxy", "proxy.example")
    trial.follows("sopvm", "serve", "--proxy", "127.0.0.1", "--get", "/live")


@case("pip install 'sopc[otel]'")
def _(trial: Trial) -> None:
    compiled(trial)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        without("opentelemetry", trial, "sopvm", "serve", "--get", "/play/staff")


@case("pip install 'sopc[lsp]'")
def _(trial: Trial) -> None:
    without("pygls", trial, "sopc", "lsp")


@case("pip install 'sopc[duckdb]'")
def _(trial: Trial) -> None:
    trial.write("new.csv", "a\n1\n")
    without("duckdb", trial, "sopvm", "db", "import", "new.csv", "--into", "x", "--db", "x=duckdb:///x.duckdb")


@case("pip install 'sopc[spark]'")
def _(trial: Trial) -> None:
    without("pyspark", trial, "sopvm", "db", "ls", "x", "--db", "x=sc://localhost?path=x")


@case("pip install 'sopc[excel]'")
def _(trial: Trial) -> None:
    without("xlsxwriter", trial, "sopvm", "db", "export", "hr.boxes", "boxes.xlsx")


@case("pip install 'sopc[postgres]'")
def _(trial: Trial) -> None:
    without("psycopg", trial, "sopvm", "db", "ls", "x", "--db", "x=postgresql://localhost/x")


@case("history, completion and colours come with: pip install 'sopc[record]'")
def _(trial: Trial) -> None:
    import pty

    ours, theirs = pty.openpty()
    code = (
        "import sys; sys.modules['prompt_toolkit'] = None; sys.argv[1:] = ['record', 'dear']; "
        "from runtime.cli import main; main()"
    )
    os.write(ours, b"/discard\n")
    try:
        done = subprocess.Popen(
            [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=environment()
        )
        assert done.wait(60) == 0
        extra = re.search(r"sopc\[(\w+)\]", trial.saw(os.read(ours, 65536).decode()))
    finally:
        os.close(ours)
        os.close(theirs)
    assert extra is not None
    assert brings(extra[1], "prompt_toolkit")
    trial.did()


# ── recordings ─────────────────────────────────────────────────────────────────────────────────────────────────


def typed(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@case("{} is kept with {} steps; `sopvm record {}` goes on with it")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "record", "dear", input=typed("let a = 1", "/quit"))
    trial.follows("sopvm", "record", "dear", input=typed("emit {a: a}"))
    trial.given("sopvm", "record", "dear", input=typed("/stop"))
    assert '"a":1' in trial.given("sopvm", "run", "dear").text


@case("nothing is changed yet; `sopvm run {}` does it")
def _(trial: Trial) -> None:
    step = "insert into boxes { width: 9, height: 9 }"
    trial.shows("sopvm", "record", "add", "--uses", "hr", input=typed(step, "/stop"))
    trial.follows("sopvm", "run", "add")
    assert trial.rows("select count(*) from boxes where width = 9", "hr.db") == [(1,)]


@case("`sopvm record {}` begins one")
def _(trial: Trial) -> None:
    trial.shows("sopvm", "serve", "--get", "/sessions/dear")
    trial.follows("sopvm", "record", "dear", input=typed("let a = 1"))


@case("`sopvm record {}` without --uses goes on with it")
def _(trial: Trial) -> None:
    trial.given("sopvm", "record", "dear", input=typed("let a = 1"))
    trial.shows("sopvm", "record", "dear", "--uses", "hr", input=typed("let b = 1"))
    trial.follows("sopvm", "record", "dear", input=typed("let b = a"))

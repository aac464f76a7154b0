"""`sopvm runs`, `inspect`, `resume`, `answer`, `retry` and `cancel`, as a user calls them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runtime.cli import main as sopvm
from sopc.cli import main as sopc
from tests.commands import Done

SCRIPTS = """
script hire(name: text, times: int = 1) -> int
  let done = 0
  for each i in 1 to times do
    ask "Hire {name}, number {i}?" into ok: bool
    if ok then
      insert into people { name: "{name} {i}" }
      set done = done + 1
    end
    commit
  end
  return done
end

script review(password: text secret) -> text
  let list = ["a", "b"]
  ask "Which?" choices list into which: text
  return "{which} of {length(list)}"
end

script fill(n: int) -> int
  for each i in 1 to n do
    insert into people { name: "row {i}" }
    commit
    emit { number: i }
  end
  return n
end

script strict(most: int) -> int
  insert into people { name: "first" }
  commit
  assert count(from people) <= most, "too many"
  return count(from people)
end

script plain() -> int
  insert into people { name: "plain" }
  return 1
end
"""

DEEP = """
script names()
  emit { name: "a" }
  emit { name: "b" }
end

script down(n: int) -> int
  if n > 0 then
    return down(n: n - 1) + 1
  end
  ask "Go on?" into ok: bool
  return 1
end

script each_name() -> int
  let total = 0
  for each row in names() do
    let depth = down(n: 50)
    insert into people { name: "{row.name}: {depth}" }
    set total = total + depth
    commit
  end
  return total
end
"""


class Shop:
    """A folder with the scripts and a database; `sopvm` runs in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "main.sop").write_text(SCRIPTS, encoding="utf-8")
        (folder / ".sop").mkdir()
        self.sql("create table people (name text not null unique)")
        self.ok(sopc, "compile", "main.sop", "--yes")

    def call(self, program: Any, *words: str) -> Done:
        result = CliRunner().invoke(program, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout_bytes, result.stderr)

    def ok(self, program: Any, *words: str) -> Done:
        done = self.call(program, *words)
        assert done.exit_code == 0, done.stderr + done.text
        return done

    def sql(self, text: str, file: str = "main.db") -> list[Any]:
        with closing(sqlite3.connect(self.folder / ".sop" / file, isolation_level=None)) as connection:
            return connection.execute(text).fetchall()

    @property
    def people(self) -> list[str]:
        return [name for (name,) in self.sql("select name from people order by rowid")]

    def runs(self, *words: str) -> list[dict[str, Any]]:
        return self.ok(sopvm, "runs", "-f", "records", *words).lines

    def waiting(self, *words: str) -> str:
        """The id of a run that waits."""
        done = self.call(sopvm, "run", *words)
        assert done.exit_code == 3, done.stderr
        run = str(done.lines[0]["run"])
        assert f"try: sopvm answer {run} VALUE" in done.stderr
        return run


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path)


def test_a_question_is_answered_later(shop: Shop) -> None:
    """Follows `sopvm answer {} VALUE`."""
    run = shop.waiting("hire", "name=Eve", "times=3")
    (listed,) = shop.runs()
    assert (listed["run"], listed["status"], listed["says"]) == (run, "waiting", "Hire Eve, number 1?")
    wrong = shop.call(sopvm, "answer", run, "perhaps")
    assert (wrong.exit_code, "V0404" in wrong.stderr) == (2, True)
    assert shop.runs() == [listed]
    again = shop.call(sopvm, "answer", run, "yes")
    assert (again.exit_code, again.lines[0]["type"], again.lines[-1]["status"]) == (3, "rollback", "waiting")
    # an answer is for one question only
    assert shop.people == ["Eve 1"]
    assert shop.call(sopvm, "resume", run).exit_code == 3
    assert shop.call(sopvm, "answer", run, "no").exit_code == 3
    done = shop.ok(sopvm, "answer", run, "yes")
    assert done.lines[-1]["result"] == 2
    assert shop.people == ["Eve 1", "Eve 3"]
    seqs = [line["seq"] for line in [*again.lines, *done.lines] if "seq" in line]
    assert seqs == sorted(seqs)
    ended = shop.call(sopvm, "answer", run, "yes")
    assert "V0609" in ended.stderr and "has ended well" in ended.stderr


def test_a_run_that_writes_nothing_is_kept_beside_the_library(shop: Shop) -> None:
    run = shop.waiting("review", "password=open sesame")
    assert shop.runs()[0]["database"] == "[runs]"
    shown = shop.ok(sopvm, "inspect", run)
    assert "open sesame" not in shown.text
    assert shown.lines[0]["variables"] == {"password": "***", "list": ["a", "b"], "which": None}
    assert shown.lines[0]["source"].startswith("ask")
    assert shop.call(sopvm, "answer", run, "c").exit_code == 2
    assert shop.ok(sopvm, "answer", run, "b").lines[-1]["result"] == "b of 2"


def test_a_run_whose_answers_are_given_is_kept_nowhere(shop: Shop) -> None:
    shop.ok(sopvm, "run", "review", "password=x", "--answer", "2=a")
    shop.ok(sopvm, "run", "plain")
    assert shop.runs() == []
    assert not (shop.folder / ".sop" / "runs.db").exists()
    assert shop.sql("select name from sqlite_schema where name like 'sop%'") == []


def test_the_database_of_runs_is_a_setting(shop: Shop) -> None:
    (shop.folder / "sop.toml").write_text('[runs]\nurl = "sqlite:///elsewhere.db"\n', encoding="utf-8")
    run = shop.waiting("review", "password=x")
    assert (shop.folder / "elsewhere.db").exists()
    shop.ok(sopvm, "answer", run, "a")


def test_a_run_needs_neither_library_nor_script(shop: Shop) -> None:
    run = shop.waiting("hire", "name=Eve")
    shop.ok(sopc, "rm", "hire")
    shop.ok(sopvm, "resume", run, "--answer", "2.1=yes", "--home", "nowhere", "--db", "main=sqlite:///.sop/main.db")
    assert shop.people == ["Eve 1"]


def test_a_run_finishes_with_the_code_it_began_with(shop: Shop) -> None:
    """Below 50 calls, with a generator suspended around them; meanwhile its scripts are compiled anew and removed, its
    library is another, and a week goes by."""
    (shop.folder / "deep.sop").write_text(DEEP, encoding="utf-8")
    shop.ok(sopc, "compile", "deep.sop", "--yes")
    run = shop.waiting("each_name")
    (shop.folder / "deep.sop").write_text(DEEP.replace("+ 1", "+ 1000"), encoding="utf-8")
    shop.ok(sopc, "compile", "deep.sop", "--yes")
    shop.ok(sopc, "rm", "each_name", "names", "down")
    shop.sql("update sop_runs set created = '2026-01-01T00:00:00.000Z', updated = '2026-01-01T00:00:00.000Z'")
    (shop.folder / "other").mkdir()
    main = f"main=sqlite:///{shop.folder}/.sop/main.db"
    words = ("--home", str(shop.folder / "other"), "--db", main)
    frames = shop.ok(sopvm, "inspect", run, *words, "-f", "records").text.splitlines()
    assert len(frames) == 52
    for _ in range(2):
        done = shop.call(sopvm, "answer", run, "yes", *words)
    assert (done.exit_code, done.lines[-1]["result"]) == (0, 2 * 51)
    assert shop.people == ["a: 51", "b: 51"]


def test_a_failed_run_is_tried_again(shop: Shop) -> None:
    """Follows `sopvm retry {}`."""
    shop.sql("insert into people values ('row 3')")
    failed = shop.call(sopvm, "run", "fill", "n=5")
    run = failed.lines[0]["run"]
    assert (failed.exit_code, f"try: sopvm retry {run}" in failed.stderr) == (1, True)
    (listed,) = shop.runs("--status", "failed")
    assert "already has a row" in listed["says"]
    for command in ("resume", "retry"):
        again = shop.call(sopvm, command, run)
        assert again.exit_code == 1 and f"try: sopvm retry {run}" in again.stderr
    shop.sql("delete from people where name = 'row 3'")
    done = shop.ok(sopvm, "retry", run)
    assert (done.lines[-1]["result"], done.lines[-1]["records"]) == (5, 5)
    assert shop.people == [f"row {number}" for number in (1, 2, 3, 4, 5)]


def test_limits_count_from_where_a_run_is_tried_again(shop: Shop) -> None:
    failed = shop.call(sopvm, "run", "fill", "n=6", "--max-rows", "2")
    run = failed.lines[0]["run"]
    assert "V0304" in failed.stderr and f"sopvm retry {run}" in failed.stderr
    assert "V0304" in shop.call(sopvm, "retry", run).stderr
    shop.ok(sopvm, "retry", run, "--max-rows", "100")
    assert len(shop.people) == 6


def test_a_run_is_cancelled_and_goes_on_all_the_same(shop: Shop) -> None:
    run = shop.waiting("hire", "name=Eve")
    shop.ok(sopvm, "cancel", run)
    assert shop.runs()[0]["status"] == "cancelled"
    told = shop.call(sopvm, "answer", run, "yes")
    assert f"try: sopvm retry {run}" in told.stderr
    assert shop.call(sopvm, "retry", run).exit_code == 3
    assert shop.runs()[0]["status"] == "waiting"
    shop.ok(sopvm, "answer", run, "yes")
    assert shop.people == ["Eve 1"]
    assert "V0609" in shop.call(sopvm, "cancel", run).stderr


def test_hints_of_other_states(shop: Shop) -> None:
    """Follows `sopvm resume {}`."""
    run = shop.waiting("hire", "name=Eve")
    assert f"try: sopvm answer {run} VALUE" in shop.call(sopvm, "retry", run).stderr
    for status in ("running", "pending"):
        shop.sql(f"update sop_runs set status = '{status}'")
        assert f"try: sopvm resume {run}" in shop.call(sopvm, "answer", run, "yes").stderr
        shop.ok(sopvm, "runs")
    shop.ok(sopvm, "resume", run, "--answer", "2.1=yes")


def test_unknown_runs(shop: Shop) -> None:
    for words in (("resume", "X"), ("answer", "X", "1"), ("retry", "X"), ("cancel", "X"), ("inspect", "X")):
        done = shop.call(sopvm, *words)
        assert (done.exit_code, "V0606" in done.stderr, "try: `sopvm runs` lists them" in done.stderr) == (
            2,
            True,
            True,
        )
    shop.ok(sopvm, "runs")


def test_runs_are_listed_by_script_status_and_time(shop: Shop) -> None:
    shop.waiting("hire", "name=Eve")
    shop.ok(sopvm, "run", "fill", "n=2")
    assert [run["script"] for run in shop.runs()] == ["fill", "hire"]
    assert [run["script"] for run in shop.runs("--script", "hire")] == ["hire"]
    assert [run["status"] for run in shop.runs("--status", "ok")] == ["ok"]
    assert shop.runs("--since", "2999-01-01") == []
    assert "C0101" in shop.call(sopvm, "runs", "--since", "yesterday").stderr
    assert len(shop.runs("--limit", "1", "--since", "2000-01-01")) == 1
    shop.sql("update sop_runs set status = 'running' where status = 'waiting'")
    assert [run["script"] for run in shop.runs("--status", "interrupted")] == ["hire"]


@pytest.mark.parametrize("alias", [".sop/main.db", ".sop/../.sop/main.db", "link.db"])
def test_runs_of_a_database_with_two_names_are_listed_once(shop: Shop, alias: str) -> None:
    (shop.folder / "link.db").symlink_to(shop.folder / ".sop" / "main.db")
    (shop.folder / "sop.toml").write_text(f'[runs]\nurl = "sqlite:///{alias}"\n', encoding="utf-8")
    asked, hired = shop.waiting("review", "password=x"), shop.waiting("hire", "name=Eve")
    assert [(row["run"], row["database"]) for row in shop.runs()] == [(hired, "main"), (asked, "main")]
    shop.ok(sopvm, "answer", asked, "a")
    shop.ok(sopvm, "answer", hired, "yes")


def test_old_runs_are_forgotten_with_their_modules(shop: Shop) -> None:
    shop.ok(sopvm, "run", "fill", "n=2")
    shop.waiting("hire", "name=Eve")
    shop.sql("update sop_runs set updated = '2020-01-01'")
    shop.ok(sopvm, "run", "strict", "most=9")
    assert sorted(run["script"] for run in shop.runs()) == ["hire", "strict"]
    assert shop.sql("select count(*) from sop_modules") == [(2,)]
    assert shop.sql("select count(*) from sop_statements where hash not in (select hash from sop_modules)") == [(0,)]


def test_where_the_tables_can_not_be_made_nothing_is_run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.databases.sqlite.database import SQLiteDatabase
    from runtime.errors import DatabaseError

    own = SQLiteDatabase.own

    def refused(self: SQLiteDatabase, sql: str, values: Any) -> Any:
        if sql.startswith("create table"):
            raise DatabaseError("D0321", "the user of `main` lacks a privilege")
        return own(self, sql, values)

    monkeypatch.setattr(SQLiteDatabase, "own", refused)
    done = shop.call(sopvm, "run", "fill", "n=2")
    assert done.exit_code == 1 and "V0604" in done.stderr and "create table if not exists sop_runs" in done.stderr
    assert (done.text, shop.people) == ("", [])
    monkeypatch.undo()
    monkeypatch.chdir(shop.folder)
    ddl = done.stderr.partition("make them:\n")[2]
    with closing(sqlite3.connect(shop.folder / ".sop" / "main.db")) as connection:
        connection.executescript(ddl)
    monkeypatch.setattr(SQLiteDatabase, "own", refused)
    shop.ok(sopvm, "run", "fill", "n=2")


def test_a_run_of_duckdb_is_not_kept(shop: Shop) -> None:
    duckdb = pytest.importorskip("duckdb")
    with closing(duckdb.connect(str(shop.folder / "main.duckdb"))) as connection:
        connection.execute("create table people (name text not null)")
    (shop.folder / "sop.toml").write_text('[databases]\nmain = "duckdb:///main.duckdb"\n', encoding="utf-8")
    shop.ok(sopc, "compile", "main.sop", "--yes")
    assert shop.ok(sopvm, "run", "fill", "n=2").lines[-1]["result"] == 2
    waits = shop.call(sopvm, "run", "hire", "name=Eve")
    assert waits.exit_code == 3 and "--answer 2.1=… gives it" in waits.stderr
    assert shop.runs() == []


def test_errors_are_json_too(shop: Shop) -> None:
    done = shop.call(sopvm, "resume", "X", "--errors", "json")
    assert json.loads(done.stderr)["code"] == "V0606"

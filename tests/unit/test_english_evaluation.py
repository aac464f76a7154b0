"""The evaluation of translators: what counts as right or wrong, and both formats of a test set."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from benchmarks.english import columns, report
from benchmarks.english.__main__ import main, run_all
from benchmarks.english.cases import Case, Expected, Schema, SetError, read_set
from benchmarks.english.judge import rows_of, same_rows, shows_rows
from benchmarks.english.trial import Outcome, Spent, Translate
from runtime.errors import SopError
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source
from tests.sandbox import Sandbox
from tests.stand_in import StandIn

SQL = """
CREATE TABLE pens (id INTEGER PRIMARY KEY, ink TEXT NOT NULL, length INTEGER NOT NULL);
INSERT INTO pens VALUES (1, 'red', 14), (2, 'black', 12), (3, 'red', 11);
"""
PENS = Schema("pens", SQL)
RED = Expected(("SELECT id, length FROM pens WHERE ink = 'red' ORDER BY length",), ordered=True)


def case(expected: Expected, **more: Any) -> Case:
    return Case("pens/1", PENS, "Show the red pens.", expected, **more)


def program(steps: str, head: str = "asked()") -> Translate:
    def translate(case: Case, sandbox: Sandbox, spent: Spent) -> str:
        spent.rounds, spent.tokens = 2, 30
        return f"script {head}\n{steps}\nend\n"

    return translate


def tried(expected: Expected, steps: str, **more: Any) -> Outcome:
    (outcome,) = run_all([case(expected, **more)], program(steps))
    return outcome


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ('emit from pens where ink = "red" order by length select id, length', "right"),
        ('emit from pens where ink = "red" order by length select length, id as number', "right"),
        ('emit from pens where ink = "red" order by length desc select id, length', "wrong"),
        ('emit from pens where ink = "red" order by length', "wrong"),
        ("emit from pens order by length select id, length", "wrong"),
        ('emit from pens where ink = "red" order by length select id, length say "done"', "wrong"),
        ('emit from pens where ink = "red" order by length select id, length delete from pens', "wrong"),
        ('fail "no"', "wrong"),
        ("emit from pencils", "wrong"),
        ("while true do let x = 1 end", "wrong"),
    ],
)
def test_a_program_is_right_when_its_records_and_the_data_are(
    steps: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.english.trial._SECONDS", 0.5)
    outcome = tried(RED, steps)
    assert outcome.verdict == verdict
    assert bool(outcome.why) == (verdict == "wrong")
    assert outcome.spent == Spent(2, 30)


def test_order_counts_only_where_the_text_asks_for_it() -> None:
    unordered = Expected(("SELECT ink FROM pens",))
    assert tried(unordered, "emit from pens order by id desc select ink").verdict == "right"
    assert tried(unordered, "emit from pens select ink distinct").verdict == "wrong"


def test_any_of_several_answers_will_do() -> None:
    either = Expected(("SELECT ink FROM pens WHERE id = 2", "SELECT * FROM pens WHERE id = 2"))
    assert tried(either, "emit from pens where id = 2").verdict == "right"
    assert tried(either, "emit from pens where id = 2 select length").verdict == "wrong"


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ('insert into pens { ink: "green", length: 9 }', "right"),
        ('insert into pens { id: 77, ink: "green", length: 9 }', "right"),  # the key of a new row may be any
        ('insert into pens { ink: "green", length: 8 }', "wrong"),
        ('for each i in 1 to 2 do insert into pens { ink: "green", length: 9 } end', "wrong"),
        ("let x = 1", "wrong"),
    ],
)
def test_the_data_after_a_workflow_counts(steps: str, verdict: str) -> None:
    assert tried(Expected(effect="INSERT INTO pens VALUES (4, 'green', 9)"), steps).verdict == verdict


def test_messages_answers_and_results_count() -> None:
    steps = 'ask "Which ink?" into ink: text say "{ink}" say "done" return 3'
    expected = Expected(says=("done", "red"), result=3)
    head = "asked() -> int"
    (right,) = run_all([case(expected, answers=("red",))], program(steps, head))
    (wrong,) = run_all([case(expected, answers=("black",))], program(steps, head))
    (waits,) = run_all([case(expected)], program(steps, head))
    assert (right.verdict, wrong.verdict, waits.verdict) == ("right", "wrong", "wrong")
    assert "waiting" in waits.why


FAILS = Expected(effect="DELETE FROM pens WHERE id = 1", says=("one gone",), fails="no blue pens")


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ('delete from pens where id = 1 say "one gone" commit fail "no blue pens"', ""),
        ('delete from pens where id = 1 say "one gone" commit assert false, "no blue pens"', ""),
        (
            'delete from pens where id = 1 say "one gone" commit delete from pens say "all gone" fail "no blue pens"',
            "",  # what is undone did not happen
        ),
        ('delete from pens where id = 1 say "one gone" fail "no blue pens"', "says"),
        ('delete from pens where id = 1 say "one gone" commit fail "no pens"', "no pens"),
        ('delete from pens where id = 1 say "one gone" commit let x = 1 // 0', "V0102"),
        ('delete from pens where id = 1 say "one gone"', "ends ok"),
    ],
)
def test_a_case_may_expect_a_failure(steps: str, why: str) -> None:
    outcome = tried(FAILS, steps)
    assert (outcome.verdict, why in outcome.why) == ("wrong" if why else "right", True), outcome.why


def test_what_gives_no_program_is_refused_or_asked() -> None:
    def failing(case: Case, sandbox: Sandbox, spent: Spent) -> str:
        raise SopError("T0311", "which pens are meant?" if case.name == "a" else "there are no pens")

    cases = [Case(name, PENS, "Show.", RED) for name in ("a", "b")]
    outcomes = run_all(cases, failing)
    assert [one.verdict for one in outcomes] == ["asked", "refused"]
    counted = report.summary(outcomes)
    assert (counted["n"], counted["right"], counted["asked"], counted["refused"]) == (2, 0, 1, 1)


def test_the_lenient_measure_lets_more_columns_and_another_order_pass() -> None:
    more = tried(RED, 'emit from pens where ink = "red" order by id')
    assert (more.verdict, more.lenient, more.is_silent) == ("wrong", True, True)
    assert not tried(RED, "emit from pens order by length select id, length").lenient
    assert not tried(RED, 'emit from pens where ink = "red" select length').lenient
    right = tried(RED, 'emit from pens where ink = "red" order by length select id, length')
    assert (right.lenient, right.is_silent) == (True, False)
    assert shows_rows([(1, "x", 1.0), (2, "x", 2.0)], [("x", 2), ("x", 1)])
    assert not shows_rows([(1, "x"), (2, "y")], [("x", 2), ("y", 1)])
    assert shows_rows([], []) and not shows_rows([(1,)], [])


@pytest.mark.parametrize(("ink", "offered"), [("red", True), ("blue", False)])
def test_a_question_says_whether_the_right_reading_is_offered(ink: str, offered: bool) -> None:
    choices = tuple(f'emit from pens where ink = "{each}" order by length select id, length' for each in (ink, "green"))

    def asking(case: Case, sandbox: Sandbox, spent: Spent) -> str:
        raise CompileError(Source("a", ""), [Diagnostic("T0203", "which?", sentence=1, choices=choices)])

    (outcome,) = run_all([case(RED)], asking)
    assert (outcome.verdict, outcome.offered) == ("asked", offered)
    assert report.summary([outcome])["offered"] == int(offered)


def test_columns_are_matched_by_what_they_hold() -> None:
    assert same_rows([(1, "a"), (2, "b")], [("a", 1), ("b", 2)], ordered=True)
    assert not same_rows([(1, "b"), (2, "a")], [("a", 1), ("b", 2)], ordered=False)
    assert not same_rows([(1, 1, 2)], [(1, 2, 2)], ordered=False)
    assert same_rows([(True, 1.00001)], [(1, 1)], ordered=False)
    assert not same_rows([(1,)], [(1,), (1,)], ordered=False)
    assert same_rows([], [], ordered=True)


def test_the_shipped_set_holds_what_it_says_and_its_sql_runs(tmp_path: Path) -> None:
    cases = read_set("shipped")
    workflows = [one for one in cases if one.steps]
    assert len(cases) >= 100
    assert len(workflows) >= 20
    assert len({one.schema.name for one in cases}) >= 5
    for one in cases:
        database = tmp_path / f"{one.schema.name}.db"
        if not database.exists():
            one.schema.make(database)
        for query in one.expected.queries:
            assert rows_of(database, query), one.name
        changed = tmp_path / "changed.db"
        changed.write_bytes(database.read_bytes())
        with closing(sqlite3.connect(changed)) as connection, connection:
            before = list(connection.iterdump())
            connection.executescript(one.expected.effect)
            assert (list(connection.iterdump()) != before) == bool(one.expected.effect), one.name
        connection.close()
        assert one.expected != Expected(), one.name


def spider(folder: Path) -> Path:
    """A folder as Spider has it: two databases, one of them at the shorter path."""
    questions = [
        {"db_id": "pens", "question": "Which pens are red?", "query": "SELECT id FROM pens WHERE ink = 'red'"},
        {"db_id": "more", "question": "Longest pen?", "query": "SELECT id FROM pens ORDER BY length DESC LIMIT 1"},
    ]
    (folder / "database" / "pens").mkdir(parents=True)
    (folder / "dev.json").write_text(json.dumps(questions), encoding="utf-8")
    (folder / "tables.json").write_text(json.dumps([{"db_id": "pens"}, {"db_id": "more"}]), encoding="utf-8")
    PENS.make(folder / "database" / "pens" / "pens.sqlite")
    PENS.make(folder / "database" / "more.sqlite")
    return folder


def test_spider_folders_are_compared_with_their_sql(tmp_path: Path) -> None:
    cases = read_set(str(spider(tmp_path)))
    assert [one.expected.ordered for one in cases] == [False, True]
    right: Callable[[Case], str] = lambda one: (  # noqa: E731
        'where ink = "red"' if one.schema.name == "pens" else "order by length desc limit 1"
    )
    outcomes = run_all(cases, lambda one, sandbox, spent: f"script a() emit from pens {right(one)} select id end")
    assert [one.verdict for one in outcomes] == ["right", "right"]
    outcomes = run_all(cases, program("emit from pens select id"))
    assert [one.verdict for one in outcomes] == ["wrong", "wrong"]


def test_a_set_that_is_wrong_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--set", str(tmp_path)]) == 2
    assert "holds no cases" in capsys.readouterr().err
    (tmp_path / "x.sql").write_text(SQL, encoding="utf-8")
    (tmp_path / "x.toml").write_text('[[case]]\nenglish = "Show."\nsqll = "SELECT 1"', encoding="utf-8")
    with pytest.raises(SetError, match="sqll"):
        read_set(str(tmp_path))
    spider(tmp_path / "s")
    (tmp_path / "s" / "tables.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SetError, match=r"tables\.json"):
        read_set(str(tmp_path / "s"))


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ([], "T0301"),
        (["base_url=http://127.0.0.1:1/v1"], "T0303"),
        (["base_url=http://127.0.0.1:1/v1", "model=m"], "T0304"),
    ],
)
def test_where_nothing_translates_there_is_no_table(
    settings: list[str],
    code: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    told = [word for setting in settings for word in ("--setting", setting)]
    assert main(["--set", str(spider(tmp_path)), "--translator", "model", *told]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert code in shown.err


def test_what_a_compile_would_warn_of_is_counted() -> None:
    wrong = tried(RED, '@1 emit from pens where ink = "black" order by length select id, length')
    right = tried(RED, '@1 emit from pens where ink = "red" order by length select id, length')
    assert 'its steps say "black", and no sentence does' in wrong.warnings
    assert right.warnings == ()
    counts = report.summary([wrong, right])
    assert (counts["wrong_warned"], counts["right_warned"]) == (1, 0)


def test_it_stops_when_it_is_told_and_keeps_what_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(spider(tmp_path))
    assert main(["--set", folder, "--minutes", "0"]) == 0
    told = capsys.readouterr()
    assert "| all | 0 |" in told.out
    assert "stopped after 0 of 2 cases" in told.err

    def interrupted(case: Case, sandbox: Sandbox, spent: Spent) -> str:
        if case.expected.ordered:
            raise KeyboardInterrupt
        return "script a() emit from pens select id end"

    assert len(run_all(read_set(folder), interrupted)) == 1


def test_jobs_give_what_one_process_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(spider(tmp_path))
    told = []
    for jobs in ("1", "2"):
        assert main(["--set", folder, "--json", "--jobs", jobs]) == 0
        cases = json.loads(capsys.readouterr().out)["cases"]
        told.append([(one["case"], one["verdict"], one["program"].partition("script")[2]) for one in cases])
    assert told[0] == told[1] and len(told[0]) == 2


def test_the_table_and_the_json_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(spider(tmp_path))
    assert main(["--set", folder, "--sample", "1", "--seed", "3"]) == 0
    assert "| all | 1 |" in capsys.readouterr().out
    assert main(["--set", folder, "--json", "--show", "wrong"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["all"]["n"] == len(told["cases"]) == 2
    assert told["translator"] == "patterns"


def test_columns_of_a_model_come_of_one_reply_and_one_retry(tmp_path: Path) -> None:
    """The first is right as it is, the second after a rule, the third after a retry; a pattern reads the fourth."""
    replies = (
        "SELECT count(*) FROM pens WHERE ink = 'red'",
        "SELECT c.length FROM pens AS p WHERE p.ink = 'black'",
        "SELECT ink FROM pencils",
        "SELECT count(*) FROM pens",
        "SELECT ink FROM pens",
    )
    server = StandIn(*replies, forms=["llama"])
    model = tmp_path / "m.gguf"
    model.write_bytes(b"GGUF" + bytes(64))

    def serve(file: Path, start: str) -> AbstractContextManager[StandIn]:
        assert (file, "create table pens" in start) == (model, True)
        return nullcontext(server)

    def asks(english: str, sql: str) -> Case:
        return Case(english, PENS, english, Expected((sql,)))

    cases = [
        asks("Of the scarlet kind, what quantity?", "SELECT count(*) FROM pens WHERE ink = 'red'"),
        asks("How lengthy is the dark one?", "SELECT length FROM pens WHERE ink = 'black'"),
        asks("What quantity is kept?", "SELECT count(*) FROM pens"),
        asks("Show the length of the pens.", "SELECT length FROM pens"),
        Case("steps", PENS, "Show the pens.\nSay so.", Expected()),
    ]
    try:
        found = columns.measure(cases, str(model), serve=serve)
    finally:
        server.close()
    told = {name: [one.verdict for one in outcomes] for name, outcomes in found.items()}
    assert told == {
        "its SQL on SQLite": ["right", "refused", "refused", "wrong"],
        "read into the language": ["right", "refused", "refused", "wrong"],
        "+ rules": ["right", "right", "refused", "wrong"],
        "+ retry": ["right", "right", "right", "wrong"],
        "+ reader first": ["right", "right", "right", "right"],
    }
    assert [one.spent.rounds for one in found["+ rules"]] == [1, 1, 1, 1]
    assert [one.spent.rounds for one in found["+ retry"]] == [1, 1, 2, 1]
    assert "| + retry | 4 | 3 | 75.0 | 0 | 0 | 1 |" in columns.table(found)

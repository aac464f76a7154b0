"""A recording: which steps it keeps, how steps are changed, and that it leaves nothing behind."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.config import Config
from runtime.connect import connector
from runtime.errors import SopError, UsageError
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.output.writer import Writer
from runtime.record.recorder import Recorder, Taken
from runtime.record.replay import Unanswered
from runtime.record.sessions import Sessions
from runtime.runs.run import RunOptions, run
from sopc.diagnostics import CompileError
from tests.engines import ENGINES

SCHEMA = """
create table items (id integer primary key, name text not null, kind text not null, price int not null);
insert into items values (1, 'bolt', 'part', 5), (2, 'drill', 'tool', 90), (3, 'saw', 'tool', 40);
create table orders (id integer primary key, item text not null, amount int not null);
"""


class Workspace:
    """A folder with a database, and a recording in it."""

    def __init__(self, folder: Path, name: str = "restock", library: Library | None = None) -> None:
        self.folder = folder
        self.config = Config(folder / ".sop", folder / "sop.toml", declared={"shop": {"url": "sqlite:///shop.db"}})
        self.library = library or Library.open(self.config.home)
        self.sessions = Sessions(self.config.home)
        self.name = name
        self.recorder = self.opened(self.sessions.begin(name))

    def opened(self, session: Any) -> Recorder:
        return Recorder(session, self.config, self.library, connector(self.config), self.sessions.save)

    def reconnect(self) -> None:
        """Continue the recording as another process would."""
        self.recorder = self.opened(self.sessions.load(self.name))

    def lines(self, act: Callable[[Writer], Taken]) -> list[dict[str, Any]]:
        stream = BytesIO()
        writer = open_writer("jsonl", stream, buffer_until_commit=False)
        act(writer)
        writer.flush()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    def step(self, text: str, **given: Any) -> list[dict[str, Any]]:
        return self.lines(lambda writer: self.recorder.step(text, writer, **given))

    def look(self, text: str) -> list[Any]:
        return [line["result"] for line in self.lines(lambda writer: self.recorder.look(text, writer))]

    def texts(self) -> list[str]:
        return [step.text for step in self.recorder.session.steps]

    def sql(self, text: str) -> list[Any]:
        connection = sqlite3.connect(self.folder / "shop.db", isolation_level=None)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def run(self, name: str, **args: Any) -> list[dict[str, Any]]:
        stream = BytesIO()
        writer = open_writer("jsonl", stream, buffer_until_commit=False)
        run(self.library, name, args, connector(self.config), writer)
        return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript(SCHEMA)
    connection.close()
    made = Workspace(tmp_path)
    with made.library:
        yield made


def test_steps_that_took_effect_are_kept_and_others_are_not(workspace: Workspace) -> None:
    assert [line["result"] for line in workspace.step("emit from items where price > 30 order by id select name")] == [
        {"name": "drill"},
        {"name": "saw"},
    ]
    with pytest.raises(CompileError, match="E0202"):
        workspace.step("emit from nothing")
    with pytest.raises(SopError, match="V0102"):
        workspace.step("let x = 1 / (count(from items) - 3)")
    assert workspace.look("count(from items)") == [{"value": 3}]
    assert workspace.look("from items where id = 1 select name") == [{"name": "bolt"}]
    workspace.step("let many = count(from items)")
    assert workspace.step('say "{many} items"')[0]["result"] == "3 items"
    assert workspace.texts() == [
        "emit from items where price > 30 order by id select name",
        "let many = count(from items)",
        'say "{many} items"',
    ]


def test_later_steps_see_what_earlier_ones_wrote_and_nobody_else_does(workspace: Workspace) -> None:
    (line,) = workspace.step('insert into orders { item: "saw", amount: 2 }')
    assert line == {
        "type": "command",
        "seq": 1,
        "step": "1",
        "command": "insert",
        "result": {"store": "orders", "rows": 1},
    }
    assert workspace.look("count(from orders)") == [{"value": 1}]
    assert workspace.step("emit from orders select item")[0]["result"] == {"item": "saw"}
    assert workspace.sql("select count(*) from orders") == [(0,)]


def test_lines_are_numbered_as_the_recording_numbers_its_steps(workspace: Workspace) -> None:
    workspace.step("let many = 2")
    lines = workspace.step('for each i in 1 to many do\n  say "{i}"\nend')
    assert [(line["seq"], line["step"]) for line in lines] == [(1, "2.1"), (2, "2.1")]


def test_steps_can_be_undone_dropped_moved_and_edited(workspace: Workspace) -> None:
    for text in ("let a = 1", 'say "{a}"', 'say "two"'):
        workspace.step(text)
    workspace.recorder.drop(3)
    assert workspace.texts() == ["let a = 1", 'say "{a}"']
    workspace.recorder.undo()
    assert workspace.texts()[2:] == ['say "two"']
    workspace.recorder.move(3, 1)
    assert workspace.texts() == ['say "two"', "let a = 1", 'say "{a}"']
    workspace.recorder.edit(2, "let a = 7")
    assert workspace.texts()[1] == "let a = 7"
    with pytest.raises(CompileError, match="E02"):
        workspace.recorder.drop(2)  # step 3 needs it
    assert len(workspace.texts()) == 3
    for _ in range(5):
        workspace.recorder.undo()
    assert workspace.texts() == []
    with pytest.raises(UsageError, match="C0304"):
        workspace.recorder.undo()


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_step_that_is_not_there(workspace: Workspace, number: int) -> None:
    workspace.step("let a = 1")
    with pytest.raises(UsageError, match="C0304"):
        workspace.recorder.drop(number)


def test_a_failing_step_leaves_the_recording_and_the_data_as_they_were(workspace: Workspace) -> None:
    workspace.step('insert into orders { item: "saw", amount: 2 }')
    with pytest.raises(SopError, match="D03"):
        workspace.step('for each i in 1 to 2 do insert into items { id: 5 - i, name: "x", kind: "x", price: 1 } end')
    assert workspace.look("count(from items)") == [{"value": 3}]
    assert len(workspace.texts()) == 1


def test_values_become_parameters(workspace: Workspace) -> None:
    workspace.step('emit from items where kind = "tool" and price > 30 order by id select name')
    workspace.step('emit from items where kind = "tool" select count() as number')
    assert workspace.recorder.offers() == ['"tool"']
    assert workspace.recorder.parameter("1", "price", "floor").default == "30"
    with pytest.raises(UsageError, match="C0307"):
        workspace.recorder.parameter("*", '"tool"', "kind")  # a field's name
    assert workspace.recorder.parameter("*", '"tool"', "sort").type == "text"
    with pytest.raises(UsageError, match="C0307"):
        workspace.recorder.parameter("1", "value", "x")
    with pytest.raises(UsageError, match="C0307"):
        workspace.recorder.parameter("1", "99", "x")
    stopped = workspace.recorder.stop()
    assert stopped.text.splitlines()[0] == 'script restock(floor: int = 30, sort: text = "tool") uses shop'
    lines = workspace.run("restock", sort="part", floor=1)
    assert [line["result"] for line in lines if line["type"] == "record"] == [{"name": "bolt"}, {"number": 1}]


def test_sentences_are_steps_and_keep_their_text(workspace: Workspace) -> None:
    lines = workspace.step("Show the name of the items whose price is above 30, highest price first.")
    assert [line["result"]["name"] for line in lines] == ["drill", "saw"]
    workspace.step("let many = count(from items)")
    workspace.step("Show the number of items per kind.")
    entry = workspace.recorder.stop().entry
    from runtime.bytecode.codec import decode

    module = decode(workspace.library.load(entry.hash))
    assert module.debug.sentences == (
        "Show the name of the items whose price is above 30, highest price first.",
        "Show the number of items per kind.",
    )
    assert [step.sentence for step in module.debug.steps] == [1, None, 2]
    assert entry.provenance.translator == "recording"


def test_a_sentence_can_mean_the_rows_that_the_one_before_showed(workspace: Workspace) -> None:
    shown = workspace.step("Show the name of the items whose kind is tool.")
    assert [line["result"] for line in shown] == [{"name": "drill"}, {"name": "saw"}]
    (average,) = workspace.step("What is their average price?")
    assert average["result"] == {"average_price": 65.0}
    workspace.step("Delete them.")
    assert workspace.look("from items select name") == [{"name": "bolt"}]


def test_warnings_of_the_data_are_told(workspace: Workspace) -> None:
    stream = open_writer("jsonl", BytesIO(), buffer_until_commit=False)
    text = 'Show the items whose kind is "tolo".'
    taken = workspace.recorder.step(text, stream)
    assert list(taken.warnings) == [
        f'T0609: sentence 1: no row of items has the kind "tolo"; nearest: "tool": “{text}”'
    ]


def test_sentences_of_a_list_are_numbered_with_the_others(workspace: Workspace) -> None:
    workspace.step("Show the number of items per kind.")
    workspace.step('For each of the items:\n- Say "{its name}".\n- Say "{its kind}".')
    workspace.step("Show the name of the items whose price is above 30.")
    numbers = [line.split()[0] for line in workspace.recorder.text().splitlines() if line.strip().startswith("@")]
    assert numbers == ["@1", "@2", "@3", "@4", "@5"]
    workspace.recorder.drop(1)
    numbers = [line.split()[0] for line in workspace.recorder.text().splitlines() if line.strip().startswith("@")]
    assert numbers == ["@1", "@2", "@3", "@4"]


def test_a_sentence_with_a_parameter_needs_its_value_first(workspace: Workspace) -> None:
    sentence = "Show the name of the items of a given kind."
    with pytest.raises(UsageError, match="C0309"):
        workspace.step(sentence)
    workspace.recorder.give("kind", "tool")
    assert [line["result"]["name"] for line in workspace.step(sentence)] == ["drill", "saw"]
    assert workspace.recorder.stop().text.startswith('script restock(kind: text = "tool")')


def test_questions_are_asked_once_and_their_answers_kept(workspace: Workspace) -> None:
    asked: list[str] = []

    def person(question: Any) -> str:
        asked.append(question.text)
        return "4"

    with pytest.raises(Unanswered):
        workspace.step('ask "How many?" into many: int')
    assert workspace.texts() == []
    workspace.step('ask "How many?" into many: int', prompt=person)
    assert workspace.step('say "{many}"')[0]["result"] == "4"
    assert workspace.step('ask "Sure?" default true into sure: bool')
    assert asked == ["How many?"]
    assert workspace.recorder.session.steps[0].answers == ("4",)
    assert workspace.recorder.stop().effects.asks


def test_while_paused_steps_are_tried_and_not_recorded(workspace: Workspace) -> None:
    workspace.recorder.pause()
    assert workspace.step('insert into orders { item: "saw", amount: 1 }')
    assert (
        workspace.recorder.step("let a = 1", open_writer("jsonl", BytesIO(), buffer_until_commit=False)).number is None
    )
    workspace.recorder.resume()
    assert workspace.texts() == []
    assert workspace.look("count(from orders)") == [{"value": 0}]


def test_a_look_changes_nothing(workspace: Workspace) -> None:
    with pytest.raises((UsageError, CompileError)):
        workspace.look("Delete the items whose price is above 30.")
    assert workspace.sql("select count(*) from items") == [(3,)]


def test_the_script_is_checked_before_it_is_stored(workspace: Workspace) -> None:
    workspace.step("emit from items order by id")
    workspace.sql("insert into items values (4, 'glue', 'part', 3)")
    with pytest.raises(SopError, match="C0308") as raised:
        workspace.recorder.stop()
    assert raised.value.message.startswith("step 1 gives 4 lines instead of 3")
    assert workspace.library.find("restock") is None
    workspace.recorder.stop(anyway=True)
    assert workspace.library.find("restock") is not None


def test_a_changed_value_is_noticed_when_the_line_count_is_equal(workspace: Workspace) -> None:
    workspace.step("emit from items order by id")
    workspace.sql("update items set price = 6 where id = 1")
    with pytest.raises(SopError, match="C0308"):
        workspace.recorder.stop()


def test_nothing_recorded_makes_no_script(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="C0304"):
        workspace.recorder.stop()


def test_stopping_changes_no_data_and_running_does(workspace: Workspace) -> None:
    workspace.step("let cheap = count(from items where price < 50)")
    workspace.step('insert into orders { item: "saw", amount: cheap }')
    workspace.recorder.stop()
    assert workspace.sql("select count(*) from orders") == [(0,)]
    assert workspace.run("restock")[-1]["status"] == "ok"
    assert workspace.sql("select item, amount from orders") == [("saw", 2)]


def test_a_session_survives_its_connection(workspace: Workspace) -> None:
    workspace.step('insert into orders { item: "saw", amount: 2 }')
    workspace.reconnect()
    assert workspace.look("count(from orders)") == [{"value": 1}]
    workspace.recorder.undo()
    workspace.reconnect()
    assert workspace.texts() == []


def _hold(folder: Path, ready: Any, done: Any) -> None:
    with Sessions(folder).alone("restock"):
        ready.set()
        done.wait(60)


def test_one_process_at_a_time_works_on_a_recording(workspace: Workspace) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=_hold, args=(workspace.config.home, ready, done))
    holder.start()
    try:
        assert ready.wait(60)
        with pytest.raises(SopError, match="C0306"), workspace.sessions.alone("restock"):
            pass
    finally:
        done.set()
        holder.join()
    with workspace.sessions.alone("restock"):
        pass


def test_sessions_and_runs_at_once_see_nothing_of_each_other(workspace: Workspace) -> None:
    """Two recordings that have written, and runs that commit in between, over one database."""
    other = Workspace(workspace.folder, "audit", workspace.library)
    workspace.step('insert into orders { item: "a session", amount: 1 }')
    other.recorder.step(
        'insert into orders { item: "another", amount: 1 }', open_writer("jsonl", BytesIO(), buffer_until_commit=False)
    )
    other.recorder.step("let amount = 5", open_writer("jsonl", BytesIO(), buffer_until_commit=False))
    with pytest.raises(CompileError):
        workspace.step('say "{amount}"')
    workspace.step("commit")
    writer = Workspace(workspace.folder, "ordering", workspace.library)
    writer.recorder.step(
        'insert into orders { item: "a run", amount: count(from orders) }',
        open_writer("jsonl", BytesIO(), buffer_until_commit=False),
    )
    writer.recorder.stop()
    for turn in range(10):
        assert workspace.run("ordering")[-1]["status"] == "ok"
        assert workspace.sql("select count(*) from orders where item <> 'a run'") == [(0,)]
        assert workspace.look('count(from orders where item = "a run")') == [{"value": turn + 1}]
        assert workspace.look('count(from orders where item != "a run")') == [{"value": 1}]
        assert [line["result"] for line in other.lines(lambda w: other.recorder.look("from orders select item", w))][
            -1
        ] == {"item": "another"}
    assert workspace.sql("select amount from orders order by id") == [(turn,) for turn in range(10)]


def test_nothing_is_locked_while_nobody_works(workspace: Workspace) -> None:
    workspace.step('insert into orders { item: "saw", amount: 2 }')
    workspace.sql("insert into orders values (9, 'by another program', 1)")
    assert workspace.look("count(from orders)") == [{"value": 2}]


def test_a_recording_named_as_no_script_can_be(workspace: Workspace) -> None:
    for name in ("", "../x", "a b", "1x", "x" * 101):
        with pytest.raises(UsageError, match="C0302"):
            workspace.sessions.begin(name)
    with pytest.raises(UsageError, match="C0302"):
        workspace.sessions.begin("restock")
    with pytest.raises(UsageError, match="C0301"):
        workspace.sessions.load("restok")


def test_a_damaged_file_is_an_error(workspace: Workspace) -> None:
    (workspace.sessions.folder / "restock.json").write_bytes(b'{"name": 5}')
    with pytest.raises(SopError, match="C0305"):
        workspace.sessions.load("restock")


def test_limits_of_a_run_hold_for_steps(workspace: Workspace) -> None:
    limited = Recorder(
        workspace.recorder.session,
        workspace.config,
        workspace.library,
        connector(workspace.config),
        workspace.sessions.save,
        options=RunOptions(max_instructions=1000),
    )
    with pytest.raises(SopError, match="V03"):
        limited.step("while true do\n  let a = 1\nend", open_writer("jsonl", BytesIO(), buffer_until_commit=False))
    assert msgspec.json.decode((workspace.sessions.folder / "restock.json").read_bytes())["state"]["steps"] == []


@pytest.mark.parametrize("number", ["²", "x", "", "2"])
def test_an_answer_to_no_sentence_is_refused(workspace: Workspace, number: str) -> None:
    with pytest.raises(UsageError) as refused:
        workspace.step("Show the name of the items.", meanings={number: "1"})
    assert refused.value.code == "T0211"
    assert not workspace.recorder.session.steps


# ── engines ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format_", ["jsonl", "json", "records", "csv", "csv-safe", "table"])
@pytest.mark.parametrize("name", ENGINES)
def test_rows_of_every_engine_are_recorded_and_shown_in_every_format(name: str, format_: str, tmp_path: Path) -> None:
    engine = ENGINES[name]
    place = engine.place(tmp_path)
    engine.script(
        place,
        "create table bills (id integer, day date, total decimal(10,2), rate double precision, note text);"
        " insert into bills values (1, '2026-01-31', 1.50, 0.00001, 'it''s'), (2, null, null, null, null)",
    )
    config = Config(tmp_path / ".sop", flags={"main": engine.url(place)})
    with Library.open(config.home) as library:
        sessions = Sessions(config.home)
        recorder = Recorder(sessions.begin("bills"), config, library, connector(config), sessions.save)
        for step in ("emit from bills order by id", "let many = count(from bills)", "emit {many: many}"):
            if "emit {" in step and format_.startswith("csv"):
                continue  # holds records of one kind
            stream = BytesIO()
            writer = open_writer(format_, stream, buffer_until_commit=False)
            recorder.step(step, writer)
            writer.release()
            writer.flush()
            if "from bills order" in step and format_ != "table":  # a table waits for more rows
                assert b"2026-01-31" in stream.getvalue() and b"1.50" in stream.getvalue(), stream.getvalue()
        recorder.look("from bills", open_writer(format_, BytesIO(), buffer_until_commit=False))
        recorder.stop()  # runs the script, and compares its lines with those recorded
        assert library.resolve("bills").version == 1

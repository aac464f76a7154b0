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

SCHEMA = """
create table items (id integer primary key, name text not null, kind text not null, price int not null);
insert into items values (1, 'bolt', 'part', 5), (2, 'drill', 'tool', 90), (3, 'saw', 'tool', 40);
create table orders (id integer primary key, item text not null, amount int not null);
"""


class Desk:
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
def desk(tmp_path: Path) -> Iterator[Desk]:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript(SCHEMA)
    connection.close()
    made = Desk(tmp_path)
    with made.library:
        yield made


def test_steps_that_took_effect_are_kept_and_others_are_not(desk: Desk) -> None:
    assert [line["result"] for line in desk.step("emit from items where price > 30 order by id select name")] == [
        {"name": "drill"},
        {"name": "saw"},
    ]
    with pytest.raises(CompileError, match="E0202"):
        desk.step("emit from nothing")
    with pytest.raises(SopError, match="V0102"):
        desk.step("let x = 1 / (count(from items) - 3)")
    assert desk.look("count(from items)") == [{"value": 3}]
    assert desk.look("from items where id = 1 select name") == [{"name": "bolt"}]
    desk.step("let many = count(from items)")
    assert desk.step('say "{many} items"')[0]["result"] == "3 items"
    assert desk.texts() == [
        "emit from items where price > 30 order by id select name",
        "let many = count(from items)",
        'say "{many} items"',
    ]


def test_later_steps_see_what_earlier_ones_wrote_and_nobody_else_does(desk: Desk) -> None:
    (line,) = desk.step('insert into orders { item: "saw", amount: 2 }')
    assert line == {
        "type": "command",
        "seq": 1,
        "step": "1",
        "command": "insert",
        "result": {"store": "orders", "rows": 1},
    }
    assert desk.look("count(from orders)") == [{"value": 1}]
    assert desk.step("emit from orders select item")[0]["result"] == {"item": "saw"}
    assert desk.sql("select count(*) from orders") == [(0,)]


def test_lines_are_numbered_as_the_recording_numbers_its_steps(desk: Desk) -> None:
    desk.step("let many = 2")
    lines = desk.step('for each i in 1 to many do\n  say "{i}"\nend')
    assert [(line["seq"], line["step"]) for line in lines] == [(1, "2.1"), (2, "2.1")]


def test_steps_can_be_undone_dropped_moved_and_edited(desk: Desk) -> None:
    for text in ("let a = 1", 'say "{a}"', 'say "two"'):
        desk.step(text)
    desk.recorder.drop(3)
    assert desk.texts() == ["let a = 1", 'say "{a}"']
    desk.recorder.undo()
    assert desk.texts()[2:] == ['say "two"']
    desk.recorder.move(3, 1)
    assert desk.texts() == ['say "two"', "let a = 1", 'say "{a}"']
    desk.recorder.edit(2, "let a = 7")
    assert desk.texts()[1] == "let a = 7"
    with pytest.raises(CompileError, match="E02"):
        desk.recorder.drop(2)  # step 3 needs it
    assert len(desk.texts()) == 3
    for _ in range(5):
        desk.recorder.undo()
    assert desk.texts() == []
    with pytest.raises(UsageError, match="C0304"):
        desk.recorder.undo()


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_step_that_is_not_there(desk: Desk, number: int) -> None:
    desk.step("let a = 1")
    with pytest.raises(UsageError, match="C0304"):
        desk.recorder.drop(number)


def test_a_failing_step_leaves_the_recording_and_the_data_as_they_were(desk: Desk) -> None:
    desk.step('insert into orders { item: "saw", amount: 2 }')
    with pytest.raises(SopError, match="D03"):
        desk.step('for each i in 1 to 2 do insert into items { id: 5 - i, name: "x", kind: "x", price: 1 } end')
    assert desk.look("count(from items)") == [{"value": 3}]
    assert len(desk.texts()) == 1


def test_values_become_parameters(desk: Desk) -> None:
    desk.step('emit from items where kind = "tool" and price > 30 order by id select name')
    desk.step('emit from items where kind = "tool" select count() as number')
    assert desk.recorder.offers() == ['"tool"']
    assert desk.recorder.parameter("1", "price", "floor").default == "30"
    with pytest.raises(UsageError, match="C0307"):
        desk.recorder.parameter("*", '"tool"', "kind")  # a field's name
    assert desk.recorder.parameter("*", '"tool"', "sort").type == "text"
    with pytest.raises(UsageError, match="C0307"):
        desk.recorder.parameter("1", "value", "x")
    with pytest.raises(UsageError, match="C0307"):
        desk.recorder.parameter("1", "99", "x")
    stopped = desk.recorder.stop()
    assert stopped.text.splitlines()[0] == 'script restock(floor: int = 30, sort: text = "tool") uses shop'
    lines = desk.run("restock", sort="part", floor=1)
    assert [line["result"] for line in lines if line["type"] == "record"] == [{"name": "bolt"}, {"number": 1}]


def test_sentences_are_steps_and_keep_their_text(desk: Desk) -> None:
    lines = desk.step("Show the name of the items whose price is above 30, highest price first.")
    assert [line["result"]["name"] for line in lines] == ["drill", "saw"]
    desk.step("let many = count(from items)")
    desk.step("Show the number of items per kind.")
    entry = desk.recorder.stop().entry
    from runtime.bytecode.codec import decode

    module = decode(desk.library.load(entry.hash))
    assert module.debug.sentences == (
        "Show the name of the items whose price is above 30, highest price first.",
        "Show the number of items per kind.",
    )
    assert [step.sentence for step in module.debug.steps] == [1, None, 2]
    assert entry.provenance.translator == "recording"


def test_sentences_of_a_list_are_numbered_with_the_others(desk: Desk) -> None:
    desk.step("Show the number of items per kind.")
    desk.step('For each of the items:\n- Say "{its name}".\n- Say "{its kind}".')
    desk.step("Show the name of the items whose price is above 30.")
    numbers = [line.split()[0] for line in desk.recorder.text().splitlines() if line.strip().startswith("@")]
    assert numbers == ["@1", "@2", "@3", "@4", "@5"]
    desk.recorder.drop(1)
    numbers = [line.split()[0] for line in desk.recorder.text().splitlines() if line.strip().startswith("@")]
    assert numbers == ["@1", "@2", "@3", "@4"]


def test_a_sentence_with_a_parameter_needs_its_value_first(desk: Desk) -> None:
    sentence = "Show the name of the items of a given kind."
    with pytest.raises(UsageError, match="C0309"):
        desk.step(sentence)
    desk.recorder.give("kind", "tool")
    assert [line["result"]["name"] for line in desk.step(sentence)] == ["drill", "saw"]
    assert desk.recorder.stop().text.startswith('script restock(kind: text = "tool")')


def test_questions_are_asked_once_and_their_answers_kept(desk: Desk) -> None:
    asked: list[str] = []

    def person(question: Any) -> str:
        asked.append(question.text)
        return "4"

    with pytest.raises(Unanswered):
        desk.step('ask "How many?" into many: int')
    assert desk.texts() == []
    desk.step('ask "How many?" into many: int', prompt=person)
    assert desk.step('say "{many}"')[0]["result"] == "4"
    assert desk.step('ask "Sure?" default true into sure: bool')
    assert asked == ["How many?"]
    assert desk.recorder.session.steps[0].answers == ("4",)
    assert desk.recorder.stop().effects.asks


def test_while_paused_steps_are_tried_and_not_recorded(desk: Desk) -> None:
    desk.recorder.pause()
    assert desk.step('insert into orders { item: "saw", amount: 1 }')
    assert desk.recorder.step("let a = 1", open_writer("jsonl", BytesIO(), buffer_until_commit=False)).number is None
    desk.recorder.resume()
    assert desk.texts() == []
    assert desk.look("count(from orders)") == [{"value": 0}]


def test_a_look_changes_nothing(desk: Desk) -> None:
    with pytest.raises((UsageError, CompileError)):
        desk.look("Delete the items whose price is above 30.")
    assert desk.sql("select count(*) from items") == [(3,)]


def test_the_script_is_checked_before_it_is_stored(desk: Desk) -> None:
    desk.step("emit from items order by id")
    desk.sql("insert into items values (4, 'glue', 'part', 3)")
    with pytest.raises(SopError, match="C0308") as raised:
        desk.recorder.stop()
    assert raised.value.message.startswith("step 1 gives 4 lines instead of 3")
    assert desk.library.find("restock") is None
    desk.recorder.stop(anyway=True)
    assert desk.library.find("restock") is not None


def test_a_changed_value_is_noticed_when_the_line_count_is_equal(desk: Desk) -> None:
    desk.step("emit from items order by id")
    desk.sql("update items set price = 6 where id = 1")
    with pytest.raises(SopError, match="C0308"):
        desk.recorder.stop()


def test_nothing_recorded_makes_no_script(desk: Desk) -> None:
    with pytest.raises(UsageError, match="C0304"):
        desk.recorder.stop()


def test_stopping_changes_no_data_and_running_does(desk: Desk) -> None:
    desk.step("let cheap = count(from items where price < 50)")
    desk.step('insert into orders { item: "saw", amount: cheap }')
    desk.recorder.stop()
    assert desk.sql("select count(*) from orders") == [(0,)]
    assert desk.run("restock")[-1]["status"] == "ok"
    assert desk.sql("select item, amount from orders") == [("saw", 2)]


def test_a_session_survives_its_connection(desk: Desk) -> None:
    desk.step('insert into orders { item: "saw", amount: 2 }')
    desk.reconnect()
    assert desk.look("count(from orders)") == [{"value": 1}]
    desk.recorder.undo()
    desk.reconnect()
    assert desk.texts() == []


def _hold(folder: Path, ready: Any, done: Any) -> None:
    with Sessions(folder).alone("restock"):
        ready.set()
        done.wait(60)


def test_one_process_at_a_time_works_on_a_recording(desk: Desk) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=_hold, args=(desk.config.home, ready, done))
    holder.start()
    try:
        assert ready.wait(60)
        with pytest.raises(SopError, match="C0306"), desk.sessions.alone("restock"):
            pass
    finally:
        done.set()
        holder.join()
    with desk.sessions.alone("restock"):
        pass


def test_sessions_and_runs_at_once_see_nothing_of_each_other(desk: Desk) -> None:
    """Two recordings that have written, and runs that commit in between, over one database."""
    other = Desk(desk.folder, "audit", desk.library)
    desk.step('insert into orders { item: "a session", amount: 1 }')
    other.recorder.step(
        'insert into orders { item: "another", amount: 1 }', open_writer("jsonl", BytesIO(), buffer_until_commit=False)
    )
    other.recorder.step("let amount = 5", open_writer("jsonl", BytesIO(), buffer_until_commit=False))
    with pytest.raises(CompileError):
        desk.step('say "{amount}"')
    desk.step("commit")
    writer = Desk(desk.folder, "ordering", desk.library)
    writer.recorder.step(
        'insert into orders { item: "a run", amount: count(from orders) }',
        open_writer("jsonl", BytesIO(), buffer_until_commit=False),
    )
    writer.recorder.stop()
    for turn in range(10):
        assert desk.run("ordering")[-1]["status"] == "ok"
        assert desk.sql("select count(*) from orders where item <> 'a run'") == [(0,)]
        assert desk.look('count(from orders where item = "a run")') == [{"value": turn + 1}]
        assert desk.look('count(from orders where item != "a run")') == [{"value": 1}]
        assert [line["result"] for line in other.lines(lambda w: other.recorder.look("from orders select item", w))][
            -1
        ] == {"item": "another"}
    assert desk.sql("select amount from orders order by id") == [(turn,) for turn in range(10)]


def test_nothing_is_locked_while_nobody_works(desk: Desk) -> None:
    desk.step('insert into orders { item: "saw", amount: 2 }')
    desk.sql("insert into orders values (9, 'by another program', 1)")
    assert desk.look("count(from orders)") == [{"value": 2}]


def test_a_recording_named_as_no_script_can_be(desk: Desk) -> None:
    for name in ("", "../x", "a b", "1x", "x" * 101):
        with pytest.raises(UsageError, match="C0302"):
            desk.sessions.begin(name)
    with pytest.raises(UsageError, match="C0302"):
        desk.sessions.begin("restock")
    with pytest.raises(UsageError, match="C0301"):
        desk.sessions.load("restok")


def test_a_damaged_file_is_an_error(desk: Desk) -> None:
    (desk.sessions.folder / "restock.json").write_bytes(b'{"name": 5}')
    with pytest.raises(SopError, match="C0305"):
        desk.sessions.load("restock")


def test_limits_of_a_run_hold_for_steps(desk: Desk) -> None:
    limited = Recorder(
        desk.recorder.session,
        desk.config,
        desk.library,
        connector(desk.config),
        desk.sessions.save,
        options=RunOptions(max_instructions=1000),
    )
    with pytest.raises(SopError, match="V03"):
        limited.step("while true do\n  let a = 1\nend", open_writer("jsonl", BytesIO(), buffer_until_commit=False))
    assert msgspec.json.decode((desk.sessions.folder / "restock.json").read_bytes())["state"]["steps"] == []


@pytest.mark.parametrize("number", ["²", "x", "", "2"])
def test_an_answer_to_no_sentence_is_refused(desk: Desk, number: str) -> None:
    with pytest.raises(UsageError) as refused:
        desk.step("Show the name of the items.", meanings={number: "1"})
    assert refused.value.code == "T0211"
    assert not desk.recorder.session.steps

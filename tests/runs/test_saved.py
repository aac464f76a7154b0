"""Frames that are kept, read back, and damaged: what no run can have had is refused."""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import SopError
from runtime.runs.keeping import FORMAT, Keeper, read_pinned, read_state, read_value
from runtime.runs.store import ADDED, RunStore
from runtime.vm.frame import Frames
from runtime.vm.saved import REFERENCE
from tests.runs.kept import Kept

CASES = 150
DEEP = """
script deep(n: int) -> int
  if n > 0 then
    return deep(n: n - 1) + 1
  end
  ask "Go on?" into ok: bool
  return 0
end

script rows()
  for each item in from items order by id do
    let all = [item.name, "{item.quantity}"]
    for each word in all do
      emit { word: word }
    end
  end
  emit from items order by id select name as word
end

script work(n: int = 3) -> int
  let total = 0
  for each row in rows() do
    for each i in 1 to 2 do
      set total = total + deep(n: n) + i
      insert into log { text: "{row.word} {total}" }
      commit
    end
  end
  return total
end
"""


@pytest.fixture
def waiting(tmp_path: Path, request: pytest.FixtureRequest) -> Kept:
    """A run that waits with five frames, a suspended generator and each kind of iterator."""
    kept = Kept(tmp_path, DEEP)
    request.addfinalizer(kept.close)
    done = kept.begin("work")
    assert done is not None and done.status == "waiting"
    return kept


def test_a_run_waits_below_calls(tmp_path: Path) -> None:
    for depth in (0, 1, 50, 5_000):
        (tmp_path / str(depth)).mkdir()
        kept = Kept(tmp_path / str(depth), DEEP)
        done = kept.begin("work", {"n": depth})
        assert done is not None and done.status == "waiting"
        kept.answers = {"deep/2": "yes"}
        done = kept.go_on(str(kept.id()), library=False)
        assert done is not None
        assert (done.status, done.result) == ("ok", 15 * (2 * depth + 3))
        assert len(kept.log) == 30
        kept.close()


def test_every_part_can_be_changed(waiting: Kept) -> None:
    """A mutant of the frames is refused with a code, or is a state that running the script may lead to."""
    run = str(waiting.id())
    kept_rows = waiting.rows("SELECT * FROM sop_rows")
    (original,) = waiting.rows("SELECT state FROM sop_runs")[0]
    chance = random.Random(15)
    waiting.answers = {"deep/2": "yes"}
    codes: Counter[str] = Counter()
    for _ in range(CASES):
        mutant = _mutated(original, chance)
        waiting.connection.execute("UPDATE sop_runs SET state = ?, status = 'waiting', answer = NULL", [mutant])
        try:
            outcome = waiting.go_on(run, library=False)
            codes["ran" if outcome is None or outcome.error is None else outcome.error.code] += 1
        except SopError as error:
            codes[error.code] += 1
        waiting.sql("DELETE FROM log; DELETE FROM sop_rows")
        waiting.connection.executemany("INSERT INTO sop_rows VALUES (?, ?, ?, ?)", kept_rows)
    assert codes["V0602"] > CASES / 3 and codes["ran"] > CASES / 20, codes


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """The value with one of its parts replaced, or its bytes damaged."""
    if chance.random() < 0.3:
        damaged = bytearray(data)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        return bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
    tree = msgspec.msgpack.decode(data)
    places: list[tuple[Any, int]] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        places += [(node, at) for at in range(len(node))]
        pending += [item for item in node if type(item) is list]
    node, at = chance.choice(places)
    others = [place[0][place[1]] for place in places]
    odd: list[Any] = [0, 1, -1, 2, 255, 2**63, -(2**63), None, "x", [], {}, 1.5, True, {"a": 1}]
    odd.append(msgspec.msgpack.Ext(REFERENCE, b"0"))
    odd.append(float("nan"))
    chosen = chance.choice(odd if chance.random() < 0.5 else others)
    node[at] = msgspec.msgpack.decode(msgspec.msgpack.encode(chosen))  # a copy: it may hold the node itself
    return msgspec.msgpack.encode(tree)


def test_a_run_waits_between_the_rows_that_a_called_script_emits(tmp_path: Path) -> None:
    with closing(Kept(tmp_path, BETWEEN_ROWS)) as kept:
        done = kept.begin("work")
        assert done is not None and done.status == "waiting"
        kept.answers = {"2.1": "yes"}
        done = kept.go_on(str(kept.id()), library=False)
        assert done is not None and done.result == "bolt-yes nut-yes gear-yes axle-yes cog-yes ", kept.lines


BETWEEN_ROWS = """
script rows()
  emit from items order by id select name as word
end

script work() -> text
  let seen = ""
  for each row in rows() do
    ask "After {row.word}?" into answer: text
    set seen = "{seen}{row.word}-{answer} "
    insert into log { text: row.word }
    commit
  end
  return seen
end
"""


def test_newer_frames_are_told(waiting: Kept) -> None:
    run = str(waiting.id())
    data = bytearray(waiting.rows("SELECT state FROM sop_runs")[0][0])
    data[1] = FORMAT + 1
    waiting.connection.execute("UPDATE sop_runs SET state = ?", [bytes(data)])
    done = waiting.go_on(run)
    assert done is not None and done.error is not None
    assert done.error.code == "V0603"
    data[1] = FORMAT
    waiting.connection.execute("UPDATE sop_runs SET state = ?", [bytes(data)])
    waiting.answers = {"deep/2": "yes"}
    done = waiting.go_on(run)
    assert done is not None and done.status == "ok"


def test_what_is_gone_is_told_and_the_run_finishes_once_it_is_back(waiting: Kept) -> None:
    run = str(waiting.id())
    waiting.answers = {"deep/2": "yes"}
    for table in ("sop_rows", "sop_modules"):
        rows = waiting.rows(f"SELECT * FROM {table}")
        waiting.sql(f"DELETE FROM {table}")
        if table == "sop_modules":
            error = waiting.error(lambda: waiting.go_on(run, library=False))
        else:
            done = waiting.go_on(run)
            assert done is not None and done.error is not None
            error = done.error
        assert error.code == "V0602"
        places = ", ".join("?" * len(rows[0]))
        waiting.connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
    done = waiting.go_on(run, library=False)
    assert done is not None and done.status == "ok", done
    assert len(waiting.log) == 30


def test_a_field_that_the_run_needs_is_gone(waiting: Kept) -> None:
    run = str(waiting.id())
    waiting.answers = {"deep/2": "yes"}
    waiting.sql("ALTER TABLE log RENAME COLUMN text TO words")
    assert waiting.error(lambda: waiting.go_on(run)).code == "V0211"
    waiting.sql("ALTER TABLE log RENAME COLUMN words TO text")
    done = waiting.go_on(run)
    assert done is not None and done.status == "ok"


def test_a_table_of_an_earlier_release_is_read_and_completed(waiting: Kept) -> None:
    """Its runs are listed by who may only read, and go on once whoever goes on with them has added what is missing."""
    run = str(waiting.id())
    waiting.sql("DROP INDEX sop_open")
    for column in ADDED:
        waiting.sql(f"ALTER TABLE sop_runs DROP COLUMN {column}")
    with closing(SQLiteDatabase(waiting.path, name="main", read_only=True)) as database:
        (row,) = RunStore(database).list(None, None, None, 10)
    assert (row.run, row.status, row.deadline, row.owner) == (run, "waiting", None, None)
    assert waiting.read(run).row.owner is None
    waiting.answers = {"deep/2": "yes"}
    done = waiting.go_on(run)
    assert done is not None and done.status == "ok", done
    assert waiting.rows(f"SELECT {', '.join(ADDED)} FROM sop_runs") == [(None, None, None, 0)]


def test_one_process_has_a_run_at_a_time(waiting: Kept) -> None:
    run = str(waiting.id())
    lease = waiting.connect("main").lease(run)
    assert lease is not None
    assert waiting.error(lambda: waiting.go_on(run)).code == "V0607"
    lease.release()
    stale = waiting.read(run)
    assert waiting.go_on(run) is not None
    assert stale.row.epoch < waiting.read(run).row.epoch


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_that_was_taken_over_commits_nothing(tmp_path: Path, number: int) -> None:
    """number: of the save before which another process takes it."""
    kept = Kept(tmp_path, COMMITS)
    saves: list[str] = []
    kept.begin("work")
    kept.reset()
    assert kept.begin("work", at=24) is None
    run = str(kept.id())
    before = kept.log
    database_of = kept.connect

    def connect(name: str, at: int | None = None) -> Any:
        database = database_of(name, at)
        save = database.own_change

        def own_change(sql: str, values: Any) -> Any:
            if sql.startswith(("update sop_runs set status", "update sop_runs set segment")):
                saves.append(sql)
                if len(saves) == number:
                    save("update sop_runs set epoch = epoch + 1", ())  # as another process does
            return save(sql, values)

        database.own_change = own_change
        return database

    kept.connect = connect  # type: ignore[method-assign]
    done = kept.go_on(run)
    assert len(saves) >= number and done is not None and done.error is not None
    assert done.error.code == "V0608"
    assert len(kept.log) == len(before) + number - 1
    kept.close()


COMMITS = """
script work() -> int
  for each i in 1 to 5 do
    insert into log { text: "{i}" }
    commit
  end
  return 5
end
"""


def test_values_of_no_variable_are_refused() -> None:
    for value in (b"bytes", 2**63, float("inf"), {1: 2}, msgspec.msgpack.Ext(1, b"NaN"), msgspec.msgpack.Ext(9, b"x")):
        with pytest.raises(SopError) as raised:
            read_value(msgspec.msgpack.encode(value))
        assert raised.value.code == "V0602"
    for read in (read_pinned, read_state):
        for data in (b"", b"\xc1", b"\x90", msgspec.msgpack.encode([FORMAT]), msgspec.msgpack.encode({})):
            with pytest.raises(SopError) as raised:
                read(data)
            assert raised.value.code == "V0602"


def test_large_values_are_written_once(tmp_path: Path) -> None:
    kept = Kept(tmp_path, LARGE)
    kept.begin("work")
    kept.reset()
    assert kept.begin("work") is not None
    assert kept.rows("SELECT count(*) FROM sop_values") == [(0,)]
    kept.reset()
    sizes = []
    for at in range(40, 200, 20):
        kept.begin("work", at=at)
        numbers = [number for (number,) in kept.rows("SELECT number FROM sop_values")]
        assert numbers in ([], [0])  # the list does not change, so there is one of it
        sizes += [size for (size,) in kept.rows("SELECT length(state) FROM sop_runs")]
        kept.reset()
    assert sizes and max(sizes) < 500
    kept.close()


LARGE = """
script work() -> int
  let all: list<record> = []
  for each i in 1 to 1000 do
    set all = append(all, { id: i, name: "number {i}" })
  end
  for each one in all do
    insert into log { text: one.name }
    commit
    if one.id > 20 then break end
  end
  return length(all)
end
"""


def test_a_question_is_shown_once_the_run_waits_for_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees it may answer, or go away, at once."""
    text = 'script s() -> int\n  say "hello"\n  ask "How many?" into n: int\n  return n\nend'
    save, shown = Keeper.save, []

    def saving(keeper: Keeper, stack: Frames, status: str, said: Any) -> None:
        save(keeper, stack, status, said)
        keeper._writer.flush()  # as a slow save may
        lines = keeper._writer.sink._stream.getvalue().splitlines()  # type: ignore[attr-defined]
        shown.append((status, [json.loads(line)["type"] for line in lines]))

    monkeypatch.setattr(Keeper, "save", saving)
    with closing(Kept(tmp_path, text)) as kept:
        kept.answers = {"2": "3"}
        done = kept.begin("s", run_id="asked")
        assert done is not None and done.result == 3
        assert shown == [("waiting", ["start", "say"]), ("ok", ["start", "say", "ask"])]
        assert [line["type"] for line in kept.lines] == ["start", "say", "ask", "end"]

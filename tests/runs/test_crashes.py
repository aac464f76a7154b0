"""A run that crashes at any call of its database, and goes on: its effects are those of a run that did not crash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.postgres.url import parse_url
from runtime.errors import SopError
from runtime.vm import lifted
from tests.runs.kept import Kept, LosingPostgres, kept_on
from tests.unit.lifting import attempts_of

COUNTED = """
script work() -> int
  let total = 0
  for each i in 1 to 4 do
    set total = total + i
    insert into log { text: "{i} of {total}" }
    commit
  end
  insert into log { text: "end {total}" }
  return total
end
"""
SPOOLED = """
script work() -> int
  let seen = 0
  for each item in from items order by id do
    let before = count(from log)
    for each line in from log order by id limit 3 do
      insert into log { text: "{item.name} after {before}" }
      if before > 4 then break end
    end
    insert into log { text: item.name }
    update items where id = item.id set quantity = quantity + 1
    set seen = seen + 1
    commit
  end
  return seen
end
"""
PIPELINE = """
script source()
  for each item in from items order by id do
    emit { name: item.name, quantity: item.quantity }
  end
end

script doubled()
  for each row in source() do
    emit { name: row.name, quantity: row.quantity * 2 }
    emit { name: "again {row.name}", quantity: 0 }
  end
  emit from items where id in [3, 4] order by id select name, quantity
end

script work() -> int
  let n = 0
  for each row in doubled() do
    set n = n + row.quantity
    insert into log { text: "{row.name} {row.quantity} {n}" }
    commit
  end
  return n
end
"""
VALUES = """
script work() -> int
  let big = list(from items order by id)
  let text = "x"
  for each i in 1 to 10 do
    set text = "{text}{text}"
  end
  for each i in 1 to 3 do
    for each item in big do
      set big = append(big, { id: item.id + 100 * i, name: text, quantity: i })
    end
    let price: decimal(10, 2) = 1.5
    let day = date "2026-01-31"
    let wait = 90 days
    let none: text? = null
    commit
    insert into log { text: "{i} {length(big)} {length(text)} {price} {day} {wait} {none}" }
  end
  return length(big)
end
"""
ASKED = """
script confirmed(name: text, depth: int) -> bool
  if depth > 0 then
    return confirmed(name: name, depth: depth - 1)
  end
  ask "Keep {name}?" into ok: bool
  return ok
end

script names()
  for each item in from items order by id limit 3 do
    emit { name: item.name }
  end
end

script work() -> int
  let kept = 0
  for each row in names() do
    if confirmed(name: row.name, depth: 5) then
      insert into log { text: "kept {row.name}" }
      set kept = kept + 1
    end
    commit
  end
  return kept
end
"""
APART = """
script work() -> int
  let kept = 0
  for each item in from items order by id limit 3 do
    emit { name: item.name }
    ask "Keep {item.name}?" into ok: bool
    if ok then
      set kept = kept + 1
    end
  end
  return kept
end
"""
LIFTED = """
script work() -> int
  let total = 0
  for each item in from items order by id do
    update items where id = item.id set quantity = quantity + item.id
    set total = total + item.quantity
  end
  insert into log { text: "all {total}" }
  commit
  ask "More?" into more: int
  for each i in 1 to 4 do
    for each line in from log do
      set total = total + more
    end
    insert into log { text: "{i} of {total}" }
    for each item in from items do
      if item.quantity > i then
        update items where id = item.id set quantity = i
      end
    end
    commit
  end
  return total
end
"""
SCRIPTS = {
    "counted": COUNTED,
    "spooled": SPOOLED,
    "pipeline": PIPELINE,
    "values": VALUES,
    "asked": ASKED,
    "lifted": LIFTED,
}
ANSWERS = {"asked": {"confirmed/2": "yes"}, "apart": {"2.2": "yes"}, "lifted": {"5": "3"}}


@pytest.fixture(autouse=True)
def few_rows_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifted, "FEW_ROWS", 0)


@pytest.fixture(params=[(engine, name) for engine in ("sqlite", "postgres") for name in SCRIPTS], ids="-".join)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    engine, name = request.param
    with kept_on(engine, tmp_path, SCRIPTS[name]) as made:
        made.answers = ANSWERS.get(name, {})
        yield made


def test_crashes(kept: Kept) -> None:
    kept.begin("work")  # makes the tables
    kept.reset()
    done = kept.begin("work")
    assert done is not None and done.status == "ok", kept.lines
    expected, result, calls = kept.log, done.result, kept.opened[-1].calls
    kept.reset()
    assert len(expected) > 2 and calls > 8
    points = 60 if kept.server is None else 12
    for at in range(0, 2 * calls, 1 + 2 * (calls // points)):  # an odd step: before and after
        assert kept.begin("work", at=at) is None
        run = kept.id()
        if run is None:
            assert kept.log == []  # nothing was committed
        else:
            if kept.rows("SELECT status FROM sop_runs") == [("ok",)]:  # the last transaction has committed
                assert kept.error(lambda run=run: kept.go_on(run)).code == "V0609"  # type: ignore[misc]
                assert kept.log == expected
                kept.reset()
                continue
            # neither the rows of a loop nor the library are read again
            kept.sql("DELETE FROM items WHERE id = 5; INSERT INTO items VALUES (0, 'new', 1), (9, 'newer', 1)")
            done = kept.go_on(run, library=False)
            assert done is not None and (done.status, done.result) == ("ok", result), (at, kept.lines)
            assert kept.log == expected, at
            assert kept.rows("SELECT run FROM sop_values UNION SELECT run FROM sop_rows") == []
        kept.reset()


def test_loops_of_a_kept_run_are_lifted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = attempts_of(monkeypatch)
    with kept_on("sqlite", tmp_path, LIFTED) as kept:
        kept.answers = ANSWERS["lifted"]
        done = kept.begin("work")
        assert done is not None and (done.status, done.result) == ("ok", 75 + 3 * (1 + 2 + 3 + 4))
    assert len(found) == 9 and None not in found


def standing(kept: Kept) -> list[tuple[Any, ...]]:
    """What the lines of the last run say, without those of segments that were run again."""
    lines: list[dict[str, Any]] = []
    for line in kept.lines:
        if line["type"] == "rollback":
            lines = [each for each in lines if each["seq"] <= line["to"]]
        elif "seq" in line:
            lines.append(line)
    return [(line["type"], line["step"], line["result"]) for line in lines]


@pytest.mark.parametrize("name", [*SCRIPTS, "apart"])
def test_connections_lost_at_any_call(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run itself goes on: what has been committed is not done again."""
    with kept_on("postgres", tmp_path, SCRIPTS.get(name, APART)) as kept:
        kept.answers = ANSWERS.get(name, {})
        if name == "apart":
            monkeypatch.setattr(kept, "runs", lambda: kept.connect("[runs]"))
        kept.begin("work", run_id="first")
        expected, lines = kept.log, standing(kept)
        for at in range(1, 1000):
            kept.reset()
            losing = LosingPostgres(parse_url(kept.url, kept.url), name="main")
            losing.at = at
            with monkeypatch.context() as patch:
                patch.setattr(kept, "runs" if name == "apart" else "connect", lambda *_, it=losing: it)
                try:
                    done = kept.begin("work", run_id=f"run{at}")
                except SopError as error:
                    assert error.code == "D0421"
                    done = None
            if done is None or done.status != "ok":  # the connection was lost before the run was kept
                assert (kept.log, kept.id()) == ([], None), (at, done)
            else:
                assert (kept.log, standing(kept)) == (expected, lines), at
            if not losing.lost:
                break
        assert at > 8


def test_crashes_of_a_run_that_goes_on(kept: Kept) -> None:
    """A crash after each few calls, until the run has ended."""
    done = kept.begin("work")
    assert done is not None
    expected = kept.log
    for first in (9, 12, 17, 23) if kept.server is None else (17,):
        kept.reset()
        for at in range(first, first + 200):  # one more each time, else it may never come to the end of its segment
            run = kept.id()
            if run is None:
                kept.begin("work", at=2 * at)
            elif kept.rows("SELECT status FROM sop_runs") == [("ok",)]:
                break
            else:
                kept.go_on(run, at=2 * at + 1)
        assert kept.log == expected

"""Sentences with two readings: each is shown with what it does on the data, and is chosen by its number."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runtime.config import Config
from runtime.library.store import Library
from sopc.context import Context
from sopc.english.questions import Question
from sopc.workflow.readings import compared
from tests.commands import Done, Place, command, environment

SCHEMA = """
create table boxes (id integer primary key, label text not null, width integer not null, height integer not null,
                    made_on date not null, sold_on date, state text not null);
insert into boxes values
  (1, 'ash', 3, 9, '2026-01-02', '2026-02-01', 'sold'), (2, 'elm', 8, 2, '2026-03-04', null, 'open'),
  (3, 'fir', 5, 5, '2026-02-03', '2026-03-01', 'sold'), (4, 'oak', 7, 4, '2026-01-20', null, 'sold');
"""


class Ambiguous(NamedTuple):
    """does, rows: of each reading. only: the labels of rows that no other has. first: labels, where orders differ."""

    english: str
    does: str
    rows: list[int]
    only: list[list[str]]
    first: list[str]
    chosen: str


SENTENCES = [
    Ambiguous("Show the boxes, largest first.", "shows", [4, 4], [[], []], ["elm", "ash"], "order by height desc"),
    Ambiguous("Show the newest box.", "shows", [1, 1], [["elm"], ["fir"]], [], "order by sold_on desc"),
    Ambiguous("Show the boxes above 6.", "shows", [2, 1], [["elm", "oak"], ["ash"]], [], "height > 6"),
    Ambiguous("Show the unsold boxes.", "shows", [2, 1], [["oak"], []], [], 'state != "sold"'),
    Ambiguous("Delete the boxes of 2026-01-20.", "deletes", [1, 0], [["oak"], []], [], 'sold_on = date "2026-01-20"'),
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.write("sop.toml", '[translator]\nuse = "patterns"\n')
    found.sql(SCHEMA)
    return found


def check(one: Ambiguous, readings: list[dict[str, Any]]) -> None:
    assert [each["number"] for each in readings] == [1, 2]
    assert [each["does"] for each in readings] == [one.does] * 2
    assert [each["rows"] for each in readings] == one.rows
    assert [[row["label"] for row in each["only"]] for each in readings] == one.only
    assert [each["first"]["label"] for each in readings if "first" in each] == one.first
    assert all(each["said"] for each in readings)


def at_a_terminal(place: Place, typed: str, *arguments: str) -> tuple[int, str]:
    """The exit code, and what the terminal shows."""
    controller, terminal = pty.openpty()
    ends: dict[str, Any] = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    with subprocess.Popen(command("sopc", *arguments), cwd=place.folder, env=environment(), **ends) as process:
        os.close(terminal)
        os.write(controller, typed.encode())
        shown = b"".join(_all(controller))
        code = process.wait(120)
    os.close(controller)
    return code, shown.decode()


def _all(controller: int) -> Iterator[bytes]:
    while True:
        try:
            found = os.read(controller, 1 << 16)
        except OSError:  # the other end is closed
            return
        if not found:
            return
        yield found


@pytest.mark.parametrize("one", SENTENCES, ids=lambda one: one.english)
def test_off_a_terminal_the_readings_are_data_and_a_number_chooses(one: Ambiguous, place: Place) -> None:
    before = place.dump()
    place.write("asked.txt", one.english)
    done = place.run("sopc", "compile", "asked.txt")
    assert done.exit_code == 3
    (asked,) = done.lines
    check(one, asked["result"]["readings"])
    assert place.dump() == before
    place.ok("sopc", "compile", "--yes", "--reading", "1=2", "asked.txt")
    assert one.chosen in " ".join((place.folder / "asked.sop").read_text().split())


@pytest.mark.parametrize("one", SENTENCES, ids=lambda one: one.english)
def test_at_a_terminal_the_readings_are_listed_and_chosen(one: Ambiguous, place: Place) -> None:
    place.write("asked.txt", one.english)
    code, shown = at_a_terminal(place, "2\ny\n", "compile", "asked.txt")
    assert code == 0, shown
    for rows in one.rows:
        assert f"{one.does} {rows} row" in shown
    assert shown.count("only this one: id ") == sum(map(len, one.only))
    assert one.chosen in " ".join((place.folder / "asked.sop").read_text().split())


@pytest.mark.parametrize("one", SENTENCES, ids=lambda one: one.english)
def test_over_http_the_readings_are_data(one: Ambiguous, place: Place) -> None:
    def put(query: str) -> Done:
        return place.run(
            *("sopvm", "serve", "--get", f"/scripts/asked?{query}", "-X", "PUT"),
            *("-H", "Content-Type: text/plain", "-d", one.english),
        )

    refused = put("yes=true")
    assert refused.exit_code != 0
    check(one, json.loads(refused.stderr.splitlines()[-1])["readings"])
    assert one.chosen in " ".join(json.loads(put("yes=true&answer=1=2").text)["source"].split())


@pytest.fixture
def context(place: Place) -> Iterator[Context]:
    with Library.open(place.home) as library, Context(Config(place.home, place.folder / "sop.toml"), library) as found:
        yield found


def asked(*choices: str) -> Question:
    return Question(1, "Show them.", "which of these is meant?", choices, choices)


def test_readings_that_do_the_same_are_one(context: Context) -> None:
    same = asked("emit from boxes where width > 3", "emit from boxes where not (width <= 3)")
    assert [one.same_as for one in compared(same, context).readings] == [None, 1]


def test_readings_that_only_do_the_same_today_are_two(context: Context) -> None:
    today = asked("emit from boxes where width > 6", "emit from boxes where width >= 7")
    assert len(compared(today, context).distinct) == 1  # of whole numbers, these are the same
    for other in ("emit from boxes where width > 5", "emit from boxes where width > 6 and id < 9"):
        assert len(compared(asked("emit from boxes where width > 6", other), context).distinct) == 2


def test_changes_of_the_same_rows_to_other_values_are_two(context: Context) -> None:
    changes = asked("update boxes where width > 6 set height = 1", "update boxes where width > 6 set height = 2")
    assert len(compared(changes, context).distinct) == 2


def test_rows_are_shown_only_to_who_may_see_them(context: Context) -> None:
    question = asked("emit from boxes where width > 6", "emit from boxes where height > 6")
    assert compared(question, context, lambda names: False) == question
    assert compared(question, context, lambda names: list(names) == ["main"]).readings


def test_readings_that_need_the_steps_before_them_are_asked_without_rows(context: Context) -> None:
    question = asked("emit from boxes where width > many", "emit from boxes where height > many")
    assert compared(question, context) == question

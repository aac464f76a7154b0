"""`sopvm record`, with steps from stdin and at a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from runtime.cli import main
from runtime.record.sessions import Sessions
from runtime.record.terminal import coloured
from tests.commands import Place, command, environment

SCHEMA = """
create table items (id integer primary key, name text not null, price int not null);
insert into items values (1, 'bolt', 5), (2, 'drill', 90), (3, 'saw', 40);
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.sql(SCHEMA)
    return made


def typed(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def test_a_recording_becomes_a_script(place: Place) -> None:
    done = place.ok(
        "sopvm",
        "record",
        "dear",
        input=typed(
            "Show the name of the items whose price is above 30, highest first.",
            "? from items where id = 1",
            "for each item in from items do",
            '  say "{item.name}"',
            "end",
            "/drop 2",
            "/param 1.price as floor",
            "/stop",
        ),
    )
    assert done.records == [{"name": "drill"}, {"name": "saw"}, {"id": 1, "name": "bolt", "price": 5}]
    assert [line["status"] for line in done.lines if line["type"] == "end"] == ["ok"] * 3
    assert "script dear(floor: int = 30)" in done.stderr
    assert "dear: version 1" in done.stderr
    assert place.ok("sopvm", "run", "dear", "floor=50").records == [{"name": "drill"}]
    assert place.ok("sopvm", "record", "--ls").text == ""


def test_the_first_error_ends_a_recording_from_stdin_and_keeps_what_was_before(place: Place) -> None:
    done = place.run("sopvm", "record", "dear", input=typed("let a = 1", "let b = c", 'say "never"'))
    assert done.exit_code == 1
    assert "error E02" in done.stderr
    assert "never" not in done.text
    assert place.ok("sopvm", "record", "--ls").text == "dear\n"
    again = place.ok("sopvm", "record", "dear", input=typed("/steps", "/discard"))
    assert "going on with dear: 1 steps" in again.stderr
    assert place.ok("sopvm", "record", "--ls").text == ""


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["/stpo"], "C0303"),
        (["/drop"], "C0303"),
        (["/drop 1"], "C0304"),
        (["/undo"], "C0304"),
        (["/move 1"], "C0303"),
        (["/stop"], "C0304"),
        (["/stop now"], "C0303"),
        (["let a = 1", "/param a"], "C0303"),
        (["let a = 1", "/param 1.2 as b"], "C0307"),
        (["/given x"], "C0303"),
        (["/play"], "C0303"),
        (["/play nothing"], "L0101"),
        (["if true then"], "E0103"),
        (["? delete from items"], "C0303"),
        (["? from nothing"], "E0202"),
        (["? from items where"], "E01"),
        (['ask "Sure?" into sure: bool'], "V0403"),
        (["Gibberish wibble of the wobble."], "T02"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_is_wrong_is_said_and_nothing_is_recorded_of_it(
    place: Place, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lines: list[str], code: str
) -> None:
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr("sys.stdin", StringIO(typed(*lines).decode()))
    with pytest.raises(SystemExit) as ended:
        main(["record", "dear"])
    assert ended.value.code != 0
    assert f"error {code}" in capfd.readouterr().err
    assert len(Sessions(place.home).load("dear").steps) == len(lines) - 1


def test_a_value_used_twice_is_offered_as_a_parameter(place: Place) -> None:
    lines = ["emit from items where price > 39", "emit from items where price > 39 select name", "let a = 39", "/stop"]
    done = place.ok("sopvm", "record", "dear", input=typed(*lines))
    assert done.stderr.count("39 stands more than once; `/param *.39 as NAME`") == 1


def test_the_name_is_needed(place: Place) -> None:
    assert place.run("sopvm", "record").exit_code == 2


def test_stop_apply_makes_the_changes_permanent(place: Place) -> None:
    steps = typed('insert into items { id: 4, name: "glue", price: 3 }', "/stop apply")
    done = place.ok("sopvm", "record", "add", input=steps)
    assert done.lines[-1]["status"] == "ok"
    assert place.sql("select name from items where id = 4") == [("glue",)]


def test_a_script_played_is_apart_from_the_recording(place: Place) -> None:
    place.compile('script add(id: int)\n  insert into items { id: id, name: "x", price: 1 }\nend\n')
    done = place.ok(
        "sopvm",
        "record",
        "mine",
        input=typed('insert into items { id: 7, name: "y", price: 1 }', "/play add id=8", "? count(from items)"),
    )
    assert [line["result"]["value"] for line in done.lines if line["type"] == "record"] == [5]
    assert place.sql("select id from items where id > 3") == [(8,)]


# ── at a terminal ──────────────────────────────────────────────────────────────────────────────────────────────


class Terminal:
    """A program at a terminal of its own."""

    def __init__(self, place: Place, *words: str) -> None:
        self._master, slave = pty.openpty()
        env = {**environment(), "TERM": "xterm"}
        self.process = subprocess.Popen(
            command("sopvm", *words), cwd=place.folder, env=env, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> None:
        """Read until the text was seen after what was seen before."""
        deadline = time.monotonic() + 60
        while text not in self.seen:
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} does not come after {self.seen!r}"
            data = os.read(self._master, 65536).decode(errors="replace")
            if "\x1b[6n" in data:  # it asks where the cursor is
                os.write(self._master, b"\x1b[1;1R")
            self.seen += data
        self.seen = self.seen.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> int:
        code = self.process.wait(60)
        os.close(self._master)
        return code


@pytest.fixture
def terminal(place: Place) -> Iterator[Terminal]:
    made = Terminal(place, "record", "dear")
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.close()


def test_at_a_terminal_words_are_completed_questions_asked_and_errors_survived(
    place: Place, terminal: Terminal
) -> None:
    terminal.until("1>")
    terminal.type("emit from ite\t")
    terminal.until("ms")  # of `items`: a terminal is sent what changes
    terminal.type(" limit 1\r")
    terminal.until("step 1")
    terminal.type("emit from nothing\r")
    terminal.until("E0202")
    terminal.until("2>")
    terminal.type('ask "How many?" into many: int\r')
    terminal.until("How many? ")
    terminal.type("3\r")
    terminal.until("step 2")
    terminal.type("/stop\r")
    terminal.until("dear: version 1")
    assert terminal.close() == 0
    assert "ask" in place.ok("sopc", "show", "dear").text


def test_colours_of_a_line() -> None:
    line = 'emit from items where name = "a" and price > 3 # all'
    pieces = coloured(line, frozenset({"emit", "from", "where", "and"}))
    assert "".join(text for _, text in pieces) == line
    assert ("ansigreen", '"a"') in pieces
    assert ("bold ansiblue", "emit") in pieces
    assert pieces[-1] == ("ansigray", "# all")

"""One text through `sopc compile`, `sopvm do --save`, a recording and the service → the same outcome.

The model is a stand-in server on loopback that gives the replies of a situation; sentence patterns read the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from tests.commands import Done, Place
from tests.stand_in import StandIn

KEY: Final = "a-key"
SCHEMA: Final = """
create table boxes (id integer primary key, name text not null, width integer, height integer);
insert into boxes values (1, 'red', 10, 4), (2, 'blue', 3, 8), (3, 'Red', 10, 8);
"""
# Two Anns; money as text; several spellings, numbers, states and dates.
GUESTS: Final = """
create table guests (id integer primary key, name text not null, born_on date not null, fee text not null);
create table visits (id integer primary key, guest_id integer not null references guests(id), stars integer not null,
                     status text not null, amount integer not null);
insert into guests values (1, 'Ann', '1980-02-03', '1,250.00'), (2, 'Ann', '1990-05-06', '900.00'),
  (3, 'Bob', '2001-07-08', '1,100.50');
insert into visits values (1, 1, 5, 'no_show', 120), (2, 1, 2, 'paid', 80), (3, 2, 4, 'paid', 50),
  (4, 3, 1, 'open', 70), (5, 1, 3, 'open', 20);
"""
PARCELS: Final = """
create table senders (id integer primary key, name text not null, joined_on date not null, limits text not null);
create table parcels (id integer primary key, sender_id integer not null references senders(id),
                      weight integer not null, state text not null, price integer not null);
insert into senders values (1, 'Max', '2001-02-03', '12 %'), (2, 'Max', '1999-05-06', '5 %'),
  (3, 'Eve', '2011-07-08', '7 %');
insert into parcels values (1, 1, 5, 'on_hold', 120), (2, 1, 2, 'shipped', 80), (3, 2, 4, 'shipped', 50),
  (4, 3, 1, 'lost', 70), (5, 1, 3, 'lost', 20);
"""
READS: Final = "script big() @1 emit from boxes where width > 5 select name end"
READS_MORE: Final = "script big() @1 emit from boxes where width > 6 select name end"
DELETES: Final = "script big() @1 delete from boxes where width > 5 end"
WIDE: Final = "Show the name of the boxes whose width is above 5."


class Situation(NamedTuple):
    """A text and what must come of it.

    Attributes:
        text: in English.
        replies: of the model; none if patterns translate.
        before: what is done first, in order: texts stored through the same entry point, or edits of the stored program.
        options: of the entry point.
        code: of the error that must come; "" if the program is stored.
        warnings, choices: that must come with it.
        schema: of the data.
        holds: a part of the stored program, with its white space as single spaces.
    """

    name: str
    text: str
    replies: Sequence[str] = ()
    before: Sequence[str] = ()
    options: Sequence[str] = ()
    code: str = ""
    warnings: frozenset[str] = frozenset()
    choices: int = 0
    entry_points: str = "compile do record service"
    schema: str = SCHEMA
    holds: str = ""


TIE: Final = "other rows tie with the first one, and one of them is taken; the plural takes them all"
EDIT: Final = "edit: "  # a step of `before`: the program as it is from now on
LOCKED_OUT: Final = "compile do service"  # a recording has no program of an earlier text beside it

SITUATIONS: Final = (
    Situation("clean", WIDE),
    Situation("clean, by a model", WIDE, [READS]),
    Situation(
        "warned",
        WIDE,
        [READS_MORE, READS_MORE],
        warnings=frozenset({"T0603: 1: it says more than 5, and its steps ask for more than 6"}),
    ),
    Situation(
        "a value that no row holds",
        'Show the boxes whose name is "blau".',
        warnings=frozenset({'T0609: 1: no row of boxes has the name "blau"; nearest: "blue"'}),
    ),
    Situation(
        "a value that no row holds, by a model",
        'Show the boxes whose name is "blau".',
        ['script big() @1 emit from boxes where name = "blau" end'],
        warnings=frozenset({'T0609: 1: no row of boxes has the name "blau"; nearest: "blue"'}),
    ),
    Situation(
        "a value of several spellings",
        "Show the boxes whose name is RED.",
        warnings=frozenset({'T0610: 1: name holds "Red" and "red", and all of these are meant'}),
    ),
    Situation(
        "one that is not alone the first",
        "Show the box with the highest width.",
        warnings=frozenset(
            {"T0612: 1: other rows tie with the first one, and one of them is taken; the plural takes them all"}
        ),
    ),
    Situation("all that tie", "Show the boxes with the highest width."),
    Situation("their", "Show the boxes whose width is above 5. What is their average height?"),
    Situation("whose?", "What is their average height?", code="T0202"),
    Situation("no magnitude", "Show the box with the highest name.", code="T0202"),
    Situation("no yes or no", 'Ask "Which one?".', code="T0202"),
    Situation("no hole", 'Show the boxes whose name is "{nonsense}".', code="T0202"),
    Situation("asked", "Show the boxes, largest first.", code="T0210", choices=2),
    Situation("answered", "Show the boxes, largest first.", options=["answer 1=2"]),
    Situation(
        "unexpected write",
        "Show the boxes whose width is above 5.",
        [DELETES, DELETES, DELETES],
        code="C0108",
        entry_points="compile record service",
    ),
    Situation("not understood", "Frobnicate the gizmos sideways.", code="T0201"),
    Situation("locked", WIDE, options=["locked"], code="T0112", entry_points=LOCKED_OUT),
    Situation(
        "unchanged, so not translated again", WIDE, [READS], before=[WIDE], options=["locked"], entry_points=LOCKED_OUT
    ),
    Situation(
        "both changed",
        WIDE.replace("5", "4"),
        before=[WIDE, EDIT + "where width > 7"],
        code="T0110",
        entry_points=LOCKED_OUT,
    ),
    Situation(
        "both changed, the text taken",
        WIDE.replace("5", "4"),
        before=[WIDE, EDIT + "where width > 7"],
        options=["take text"],
        entry_points=LOCKED_OUT,
    ),
    Situation(
        "failing example",
        WIDE + "\n\nExamples\n\nGiven a box with name red, width 9\nThen it shows 2 records\n",
        code="T0403",
        entry_points=LOCKED_OUT,
    ),
)


# What must never be silently wrong, on two schemas each.
HONEST: Final = (
    Situation(
        "things are told apart by their keys",
        "Show the number of visits per guest.",
        schema=GUESTS,
        holds="group by guest_id, name",
    ),
    Situation(
        "things are told apart by their keys, parcels",
        "Show the number of parcels per sender.",
        schema=PARCELS,
        holds="group by sender_id, name",
    ),
    Situation(
        "the one with the most",
        "Show the guest with the most visits.",
        schema=GUESTS,
        holds="group by guest_id, name select name as guest_name, count() as count order by count desc limit 1"
        " select guest_name",
    ),
    Situation(
        "the last noun is the head",
        "Delete the guest visits with fewer than 3 stars.",
        schema=GUESTS,
        holds="delete from visits where stars < 3",
        entry_points="compile record service",
    ),
    Situation(
        "the last noun is the head, parcels",
        "Delete the sender parcels with a weight below 3.",
        schema=PARCELS,
        holds="delete from parcels where weight < 3",
        entry_points="compile record service",
    ),
    Situation("money as text is no magnitude", "Show the guest with the highest fee.", schema=GUESTS, code="T0202"),
    Situation(
        "percents as text are no magnitude", "Show the sender with the highest limits.", schema=PARCELS, code="T0202"
    ),
    Situation(
        "a percentage of whole numbers is to be rounded",
        "Raise the amount of all visits by a given percentage.",
        schema=GUESTS,
        code="T0202",
    ),
    Situation(
        "a percentage of whole numbers is to be rounded, parcels",
        "Raise the price of all parcels by a given percentage.",
        schema=PARCELS,
        code="T0202",
    ),
    Situation("a hole is a hole", 'Set the status of all visits to "{nonsense}".', schema=GUESTS, code="T0202"),
    Situation(
        "a hole is a hole, parcels", 'Set the state of all parcels to "{nonsense}".', schema=PARCELS, code="T0202"
    ),
    Situation("the oldest", "Show the oldest guest.", schema=GUESTS, holds="order by born_on limit 1"),
    Situation(
        "in alphabetical order",
        "Show the names of the senders in alphabetical order.",
        schema=PARCELS,
        holds="order by name select name",
    ),
    Situation(
        "more than N of them counts",
        "Show the guests with more than 2 visits.",
        schema=GUESTS,
        holds="count(from visits where guest_id = guests.id) > 2",
    ),
    Situation(
        "more than N of them counts, parcels",
        "Show the senders with more than 2 parcels.",
        schema=PARCELS,
        holds="count(from parcels where sender_id = senders.id) > 2",
    ),
    Situation("unpaid is not whatever is not paid", "Show the unpaid visits.", schema=GUESTS, code="T0202"),
    Situation("unshipped is not whatever is not shipped", "Show the unshipped parcels.", schema=PARCELS, code="T0202"),
    Situation(
        "a value in another spelling",
        'Show the visits whose status is "no-show".',
        schema=GUESTS,
        holds='where status = "no_show"',
    ),
    Situation(
        "a value in another spelling, parcels",
        'Show the parcels whose state is "On hold".',
        schema=PARCELS,
        holds='where state = "on_hold"',
    ),
    Situation("below what?", "Show the visits below 10.", schema=GUESTS, code="T0210", choices=2),
    Situation("below what?, parcels", "Show the parcels below 10.", schema=PARCELS, code="T0210", choices=2),
    Situation(
        "no hint deletes what was not asked for", "Delete the visits with low amount.", schema=GUESTS, code="T0202"
    ),
    Situation(
        "their rows are those found",
        "Show the visits of Bob. What is their average amount?",
        schema=GUESTS,
        holds='from visits where guest_id in (from guests where name = "Bob" select guests.id) @2 emit',
    ),
    Situation(
        "their rows are those found, parcels",
        "Show the parcels of Eve. What is their average price?",
        schema=PARCELS,
        holds='from parcels where sender_id in (from senders where name = "Eve" select senders.id) @2 emit',
    ),
    Situation(
        "names for all", "Show the names for all the guests.", schema=GUESTS, holds="emit from guests select name"
    ),
    Situation(
        "names for all, parcels",
        "Show the names for all the senders.",
        schema=PARCELS,
        holds="emit from senders select name",
    ),
)


@dataclass
class Outcome:
    """What an entry point answered. `code`: of the error; "" if the program was accepted."""

    code: str
    warnings: set[str]
    choices: int


class EntryPoint:
    """A way to give a text to the system, in a folder with a database and settings."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __call__(self, text: str, options: Sequence[str] = ()) -> Outcome:
        raise NotImplementedError

    def edit(self, where: str) -> None:
        """The stored program with another condition."""
        path = self.place.folder / "big.sop"
        path.write_text(re.sub(r"where \w+ > \d+", where, path.read_text()))

    def run(self, program: str, *arguments: str, input: bytes = b"") -> Done:
        from runtime.cli import main as sopvm
        from sopc.cli import main as sopc

        result = CliRunner().invoke({"sopc": sopc, "sopvm": sopvm}[program], arguments, input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout_bytes, result.stderr)


def outcome_of(done: Done) -> Outcome:
    """Of a command: the last error on stderr is the one that ended it."""
    codes = re.findall(r"^error (\w\d{4}):", done.stderr, re.MULTILINE)
    assert bool(codes) == (done.exit_code != 0), done.stderr
    asked = [json.loads(line) for line in done.text.splitlines() if line.startswith('{"type":"ask"')]
    told = re.findall(r"^warning (\w+: )sentence (.*): “.*”$", done.stderr, re.MULTILINE)
    warnings = {code + message for code, message in told if not codes}  # elsewhere, an error comes alone
    return Outcome(codes[-1] if codes else "", warnings, len(asked[0]["result"]["choices"]) if asked else 0)


class Compile(EntryPoint):
    def __call__(self, text: str, options: Sequence[str] = ()) -> Outcome:
        self.place.write("big.txt", text)
        return outcome_of(self.run("sopc", "compile", "--yes", *_flags(options), "big.txt"))


class Do(EntryPoint):
    def __call__(self, text: str, options: Sequence[str] = ()) -> Outcome:
        return outcome_of(self.run("sopvm", "do", "--save", "big", *_flags(options), text))

    def edit(self, where: str) -> None:
        shown = self.run("sopc", "show", "big")
        self.place.write("edited.sop", re.sub(r"where \w+ > \d+", where, shown.text))
        assert self.run("sopc", "compile", "edited.sop").exit_code == 0


class Record(EntryPoint):
    def __call__(self, text: str, options: Sequence[str] = ()) -> Outcome:
        from runtime.connect import connector
        from runtime.console.options import load_config
        from runtime.errors import SopError
        from runtime.library.store import Library
        from runtime.output.formats import open_writer
        from runtime.record.recorder import Recorder
        from runtime.record.sessions import Sessions
        from sopc.diagnostics import CompileError
        from sopc.workflow.answers import NeedsAnswer

        config = load_config(None)
        sessions = Sessions(config.home)
        meanings = dict(option.removeprefix("answer ").split("=") for option in options)
        with Library.open(config.home) as library, (self.place.folder / "lines").open("wb") as lines:
            recorder = Recorder(sessions.begin("big"), config, library, connector(config), sessions.save)
            try:
                taken = recorder.step(text, open_writer("jsonl", lines, buffer_until_commit=False), meanings=meanings)
                assert recorder.stop().entry.version == 1
            except NeedsAnswer as error:
                assert error.question is not None and error.question.sentence == 1
                return Outcome(error.code, set(), len(error.question.choices))
            except CompileError as error:
                return Outcome(error.diagnostics[-1].code, set(), 0)
            except SopError as error:
                return Outcome(error.code, set(), 0)
        return Outcome("", {re.sub(r"sentence (.*): “.*”", r"\1", warning) for warning in taken.warnings}, 0)


class Service(EntryPoint):
    def __call__(self, text: str, options: Sequence[str] = ()) -> Outcome:
        query = "&".join(["yes=true", *(f"{_name(each)}={quote(_value(each) or 'true')}" for each in options)])
        done = self.put(text, "text/plain", query)
        answer = json.loads(done.stderr.splitlines()[-1] if done.exit_code else done.text)
        if done.exit_code:
            return Outcome(answer["code"], set(), len(answer.get("choices", ())))
        return Outcome("", {f"{each['code']}: {each['sentence']}: {each['message']}" for each in answer["warnings"]}, 0)

    def edit(self, where: str) -> None:
        source = self.run("sopvm", "serve", "--get", "/scripts/big/source").text
        done = self.put(re.sub(r"where \w+ > \d+", where, source), "text/x-sop", "")
        assert done.exit_code == 0, done.text

    def put(self, text: str, kind: str, query: str) -> Done:
        headers = ("-H", f"Content-Type: {kind}")
        return self.run("sopvm", "serve", "--get", f"/scripts/big?{query}", "-X", "PUT", *headers, "-d", text)


def _name(option: str) -> str:
    return option.partition(" ")[0]


def _value(option: str) -> str:
    return option.partition(" ")[2]


def _flags(options: Sequence[str]) -> list[str]:
    return [part for each in options for part in (f"--{_name(each)}", _value(each)) if part]


ENTRY_POINTS: Final[dict[str, Callable[[Place], EntryPoint]]] = {
    "compile": Compile,
    "do": Do,
    "record": Record,
    "service": Service,
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SOP_HOME", "SOP_TRANSLATOR", "SOP_MODEL"):
        monkeypatch.delenv(name, raising=False)
    found = Place(tmp_path)
    return found


@pytest.fixture
def served(place: Place) -> Iterator[Callable[[Sequence[str]], None]]:
    """Let a stand-in for a model give these replies, or patterns translate where there are none."""
    servers: list[StandIn] = []

    def serve(replies: Sequence[str]) -> None:
        settings = '[translator]\nuse = "patterns"\n'
        if replies:
            servers.append(StandIn(*replies, key=KEY))
            settings = f'[translator]\nmodel = "m"\nbase_url = "{servers[-1].url}"\napi_key = "{KEY}"\n'
        place.write("sop.toml", settings)

    yield serve
    for server in servers:
        server.close()


CASES: Final = [
    pytest.param(situation, entry_point, id=f"{situation.name}, {entry_point}")
    for situation in (*SITUATIONS, *HONEST)
    for entry_point in situation.entry_points.split()
]


@pytest.mark.parametrize(("situation", "entry_point"), CASES)
def test_a_text_has_the_same_outcome_at_every_entry_point(
    situation: Situation, entry_point: str, place: Place, served: Callable[[Sequence[str]], None]
) -> None:
    place.sql(situation.schema)
    served(situation.replies)
    enter = ENTRY_POINTS[entry_point](place)
    for step in situation.before:
        if step.startswith(EDIT):
            enter.edit(step.removeprefix(EDIT))
        else:
            assert enter(step) == Outcome("", set(), 0)
    before = stored(enter)
    outcome = enter(situation.text, situation.options)
    assert outcome == Outcome(situation.code, set(situation.warnings), situation.choices)
    if situation.code:
        assert stored(enter) == before, "what was refused must leave the library as it was"
    else:
        assert stored(enter), "what was taken is stored"
        assert situation.holds in " ".join(enter.run("sopc", "show", "big").text.split())


def stored(entry_point: EntryPoint) -> Any:
    return entry_point.run("sopc", "ls", "-f", "records").text

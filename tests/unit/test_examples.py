"""Examples of a workflow: what can be written, what is held against the program, and what is said where it differs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.config import Config
from runtime.errors import RunError
from runtime.library.store import Library
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import BOOL, DATE, INT, TEXT, TIMESTAMP, Type, decimal_of
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.examples.form import Cell
from sopc.english.examples.read import read_examples, section_of
from sopc.english.examples.scratch import Scratch
from sopc.english.examples.words import find_name, fits, split_pair, value_of
from sopc.english.lock import text_hash
from sopc.english.sentences import read_workflow
from sopc.source import Source, Span
from sopc.workflow.examples import run_examples

SCHEMA = """
create table items (
  id integer primary key, name text not null unique, quantity integer not null check (quantity > -100),
  price decimal(10,2), added date not null, active boolean not null default 1
);
create table orders (
  id integer primary key, item_id integer not null references items (id), amount integer not null,
  status text not null default 'open', made_on date
);
insert into items values (1, 'real', 1, 1.5, '2020-01-01', 1);
"""
PROGRAM = """
script check_stock(minimum: int = 10, state: text = "open", day: date = date "2026-01-01") -> int
  let low = count(from items where quantity < minimum and active)
  @1 if low > 2 then
    ask "Order {low} items?" into ok: bool
    if not ok then fail "rejected by the user" end
  end
  @2 for each i in from items where quantity < minimum and active order by id do
    insert into orders { item_id: i.id, amount: minimum - i.quantity, status: state, made_on: today() }
    say "ordered {i.name}"
  end
  @3 emit from items where active order by name select name, quantity, price, added
  return low
end
"""
SENTENCES = ["Ask when there are many.", "Order each.", "Show them."]
HEADER = "#! sop 1\n# text: sha256:0\n" + "".join(f"# {n}. {text}\n" for n, text in enumerate(SENTENCES, 1))

Try = Callable[[str], list[Diagnostic]]


@pytest.fixture
def context(tmp_path: Path) -> Any:
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection, connection:
        connection.executescript(SCHEMA)
    connection.close()
    config = Config(tmp_path / ".sop", tmp_path / "sop.toml", declared={"main": {"url": "sqlite:///main.db"}})
    with Library.open(tmp_path / ".sop") as library, Context(config, library) as context:
        yield context


@pytest.fixture
def attempt(context: Context) -> Try:
    """Examples → what is found when they are tried on PROGRAM."""
    compiled = pipeline.compile_source(Source("check_stock.sop", HEADER + PROGRAM), context)
    head = "Do.\n\nExamples\n\n"
    return lambda text: run_examples(Source("check_stock.txt", head + text), compiled, context)


HOLD = {
    "a table between bars": """
        Given items:
          | id | name | quantity |
          |----|------|----------|
          | 1  | bolt | 4        |
          | 2  | nut  | 50       |
        When called with minimum 10
        Then orders has:
          | item_id | amount | status |
          | 1       | 6      | open   |
        """,
    "a table between commas, and quotes around what holds one": """
        Given items:
        name, quantity
        "bolt, long", 4
        nut, 50
        When it runs
        Then it says "ordered bolt, long"
        """,
    "the header on the line of the colon": """
        Given items: name, quantity
        bolt, 40
        Then it shows: name, quantity
        bolt, 40
        """,
    "a row in a sentence": """
        Given an item with name bolt, quantity 4 and price 2.50.
        Then it returns 1.
        And it shows:
        price
        2.5
        """,
    "nothing given": """
        Given no items
        When called without arguments
        Then it shows nothing
        And orders is empty
        And nothing changes
        And it says nothing
        And it asks nothing
        And it returns 0
        """,
    "arguments by name, with whatever words link them": """
        Given an item with name a, quantity 5
        When called with a minimum of 6, the state "to do" and day = 2026-02-03
        Then orders has:
        status
        to do
        """,
    "a title for each example, and given rows again": """
        Example: one
        Given an item with name a, quantity 5
        When it runs
        Then it returns 1

        Example 2: the same rows
        Given the same
        When called with minimum 5
        Then it returns 0
        """,
    "no rows of a store, after all": """
        Given an item with name a, quantity 5
        Then it returns 1
        Given the same
        And no items
        Then it returns 0
        """,
    "a day on which it takes place": """
        Given an item with name a, quantity 5, added yesterday
        And today is 2026-03-01
        When it is run
        Then orders has:
        made_on
        today
        And it shows:
        added
        2026-02-28
        """,
    "the day said with the call": """
        Given an item with name a, quantity 5
        When called with minimum 6 on 2026-03-01
        Then orders has:
        made_on
        2026-03-01
        """,
    "answers, in the order of the questions": """
        Given items: name, quantity
        a, 1
        b, 2
        c, 3
        When called with minimum 10, answering yes
        Then it asks "Order 3 items?"
        And there are 3 orders
        """,
    "answers on a line of their own, and a failure": """
        Given items: name, quantity
        a, 1
        b, 2
        c, 3
        When it runs
        And answering no
        Then it fails with "rejected by the user"
        And there are no orders
        And nothing changes
        """,
    "a call and what comes of it in one line": """
        Given an item with name a, quantity 5
        When called with minimum 5, then it returns 0
        """,
    "rows in any order, and some of them": """
        Given items: name, quantity
        b, 50
        a, 60
        Then it shows, in any order:
        name
        b
        a
        And items also has:
        name, quantity
        a, 60
        """,
    "what must not be null and is not given is made up": """
        Given items: quantity
        1
        1
        Then it returns 2
        And orders has 2 rows
        """,
    "yes and no, nothing, thousands": """
        Given items: name | quantity | price | active
        a | 1,000 | - | yes
        b | 5 | | no
        Then it shows:
        name | quantity | price
        a | 1,000 | -
        """,
    "bullets and markdown": """
        - Given an item with name a, quantity 5
        - When called with minimum 6:
        - Then it says "ordered a"
        """,
}


@pytest.mark.parametrize("name", HOLD)
def test_an_example_that_holds(attempt: Try, name: str) -> None:
    assert attempt(_dedent(HOLD[name])) == []


DIFFER = {
    "another value": (
        """
        Given an item with name a, quantity 5
        When it runs
        Then orders has:
        item_id | amount
        1 | 6
        """,
        "T0403",
        "example 1: expected another row",
        ("  item_id | amount", "- 1       | 6", "+ 1       | 5", 'sentence 2: "Order each."'),
    ),
    "a row too many": (
        "Given an item with name a, quantity 50\nThen it shows nothing\n",
        "T0403",
        "example 1: expected no records, got 1",
        ('sentence 3: "Show them."',),
    ),
    "another order": (
        "Given items: name, quantity\na, 50\nb, 60\nThen it shows:\nname\nb\na\n",
        "T0403",
        "example 1: expected these rows in this order, got them in another",
        ("  name", "+ a", "  b", "- a", 'sentence 3: "Show them."'),
    ),
    "a message": (
        'Given an item with name a, quantity 5\nThen it says "ordered b"\n',
        "T0403",
        "example 1: expected another message",
        ('- "ordered b"', '+ "ordered a"', 'sentence 2: "Order each."'),
    ),
    "no result": ("Given no items\nThen it returns nothing\n", "T0403", "example 1: expected nothing, got 0", ()),
    "a result": ("Given no items\nThen it returns 3\n", "T0403", "example 1: expected 3, got 0", ()),
    "no failure": ("Given no items\nThen it fails\n", "T0403", "example 1: expected a failure, got none", ()),
    "an unexpected failure": (
        "Given items: name, quantity\na, 1\nb, 1\nc, 1\nWhen answering no\nThen it returns 3\n",
        "T0403",
        "example 1: the run failed (V0401): rejected by the user",
        ('sentence 1: "Ask when there are many."',),
    ),
    "no answer left": (
        "Given items: name, quantity\na, 1\nb, 1\nc, 1\nThen it returns 3\n",
        "T0403",
        'it asks "Order 3 items?", and the example has no answer left',
        ('sentence 1: "Ask when there are many."',),
    ),
    "a change where none is expected": (
        "Given an item with name a, quantity 5\nThen nothing changes\n",
        "T0403",
        "example 1: expected no change, and orders changed",
        (),
    ),
    "an unknown store": ("Given no itmes\nThen it returns 0\n", "T0402", 'there is no store "itmes"', ()),
    "an unknown field": ("Given items: nam\na\nThen it returns 0\n", "T0402", 'there is no field "nam"', ()),
    "an unknown parameter": (
        "Given no items\nWhen called with maximum 3\nThen it returns 0\n",
        "T0402",
        'there is no parameter "maximum 3"',
        (),
    ),
    "a value of another type": (
        "Given an item with name a, quantity many\nThen it returns 0\n",
        "T0402",
        '`quantity` of items: "many" is not an int',
        (),
    ),
    "rows that the database refuses": (
        "Given an item with name a, quantity -500\nThen it returns 0\n",
        "T0402",
        "the rows of items can't be: CHECK constraint failed",
        (),
    ),
    "a field that no store has, told once": (
        "Given items:\nname, wage\na, 1\nb, 2\nThen it shows nothing\n",
        "T0402",
        'there is no field "wage"',
        (),
    ),
    "a field that is given twice": (
        "Given an item with name a, quantity 50 and quantity 3\nThen it shows nothing\n",
        "T0402",
        "the field quantity is given twice",
        (),
    ),
    "a field that no record has": (
        "Given an item with name a, quantity 50\nThen it shows:\nwage\n5\n",
        "T0403",
        "expected a field wage, and the records have none of that name",
        (),
    ),
}


@pytest.mark.parametrize("name", DIFFER)
def test_an_example_that_does_not_hold(attempt: Try, name: str) -> None:
    text, code, message, lines = DIFFER[name]
    findings = attempt(_dedent(text))
    assert [finding.code for finding in findings] == [code]
    assert message in findings[0].message
    assert findings[0].lines == lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Given items:\nThen it returns 0\n", "no table follows"),
        ("Given items: a, b\n1,2,3\nThen it returns 0\n", "the row has 3 values, and the table has 2 fields"),
        ("Given items: a, b\nSomebody runs it.\nThen it returns 0\n", "this line is no row of the table above it"),
        ("Given items: a, A\n1, 2\nThen it returns 0\n", "the table has the field a twice"),
        ("Given an item with name a\n", "example 1 expects nothing"),
        ("Somebody calls it.\nThen it returns 0\n", "this line belongs to no table"),
        ("Then it dances\n", "what follows `Then` is not understood"),
        ("When called on 2026-02-31\nThen it returns 0\n", "what follows `When` is not understood"),
        ("Given the same\nThen it returns 0\n", "no example stands before it"),
        ("And so on\nThen it returns 0\n", "nothing stands before it"),
        ("\n", "the section Examples holds no example"),
    ],
)
def test_an_example_that_can_not_be_read(text: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        read_examples(Source("x.txt", f"Show it.\n\nExamples\n{text}"))
    assert message in caught.value.diagnostics[0].message
    assert {finding.code for finding in caught.value.diagnostics} == {"T0401"}
    assert caught.value.diagnostics[0].span is not None


def test_a_run_without_an_end_ends(context: Context) -> None:
    program = "script forever()\n  while true do\n    let a = 1\n  end\nend\n"
    compiled = pipeline.compile_source(Source("forever.sop", program), context)
    text = Source("forever.txt", "Do.\n\nExamples\n\nGiven no items\nThen it says nothing\n")
    (finding,) = run_examples(text, compiled, context)
    assert "the run failed" in finding.message


def test_examples_leave_no_trace(attempt: Try, context: Context, tmp_path: Path) -> None:
    before = (tmp_path / "main.db").read_bytes()
    assert attempt(_dedent(HOLD["a row in a sentence"])) == []
    assert (tmp_path / "main.db").read_bytes() == before
    assert not (tmp_path / ".sop").exists()


def test_the_section_holds_no_sentences_and_no_part_of_the_lock() -> None:
    text = "Stock\n\nShow the items.\n"
    with_examples = text + "\n## Examples\n\nGiven no items\nThen it shows nothing\n"
    assert section_of(text) is None
    assert [sentence.text for sentence in read_workflow(with_examples, "x").sentences] == ["Show the items."]
    assert text_hash(text) == text_hash(with_examples)
    assert text_hash(text) != text_hash(with_examples.replace("Show", "List"))


def test_a_store_of_two_databases_is_not_guessed(tmp_path: Path) -> None:
    schema = Schema({"items": Store("items", (Field("id", INT),))})
    config = Config(tmp_path / ".sop", tmp_path / "x.toml", declared={n: {"url": "postgresql://h/d"} for n in "ab"})
    scratch = Scratch(tmp_path, config, {"a": schema, "b": schema})
    found = scratch.find(written("an item"))
    assert isinstance(found, Diagnostic)
    assert (found.message, found.hint) == ('"an item" is a store of a and of b', "a.items")
    for words in ("b.items", "items of b"):
        assert scratch.find(written(words)) == ("b", schema.stores["items"])


def test_a_schema_of_another_engine_becomes_a_scratch_database(tmp_path: Path) -> None:
    store = Store(
        "a b",
        (Field("id", INT, has_default=True), Field("at", TIMESTAMP), Field("n", decimal_of(8, 3), has_default=True)),
        primary_key=("id",),
        unique=(("id",), ("at",)),
    )
    config = Config(tmp_path / ".sop", tmp_path / "x.toml", declared={"far": {"url": "postgresql://host/db"}})
    files = Scratch(tmp_path, config, {"far": Schema({"a b": store})}).fresh()
    with closing(sqlite3.connect(files["far"])) as connection, connection:
        connection.execute("insert into \"a b\" (at) values ('2026-01-01 00:00:00')")
        assert connection.execute('select * from "a b"').fetchall() == [(1, "2026-01-01 00:00:00", 0)]
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("insert into \"a b\" (at) values ('2026-01-01 00:00:00')")
    connection.close()


def test_the_types_of_another_engine_are_kept(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create table sales (name varchar not null, tags varchar[], paid decimal(12,3))")
        connection.execute("insert into sales values ('real', ['r'], 1)")
    config = Config(tmp_path / ".sop", tmp_path / "x.toml", declared={"w": {"url": "duckdb:///w.duckdb"}})
    program = "script tags() uses w\n  for each s in from w.sales where paid > 2 do\n    say s.tags[0]\n  end\nend\n"
    text = 'Tags.\n\nExamples\n\nGiven sales: name | tags | paid\na | ["x", "y"] | 2.5\nThen it says "x"\n'
    with Library.open(tmp_path / ".sop") as library, Context(config, library) as context:
        compiled = pipeline.compile_source(Source("tags.sop", program), context)
        assert run_examples(Source("tags.txt", text), compiled, context) == []
        findings = run_examples(Source("tags.txt", text.replace("2.5", "1")), compiled, context)
    assert [finding.lines for finding in findings] == [('- "x"',)]


def written(text: str, quoted: bool = False) -> Cell:
    return Cell(text, Span(0, len(text)), quoted)


TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("items", "items"),
        ("an item", "items"),
        ("the order date", "order date"),
        ("Order_Date", "order date"),
        ("categories", "category"),
        ("category", "category"),
        ("boxes", "box"),
        ("nothing", None),
    ],
)
def test_names_are_found_as_authors_write_them(words: str, found: str | None) -> None:
    assert find_name(words, ["items", "order date", "category", "box"]) == found


def test_a_name_and_its_value() -> None:
    for text in ("the order date of 5", "order date: 5", "order_date=5", "order date 5", "order date is 5"):
        found = split_pair(written(text), ["order", "order date"])
        assert found is not None
        assert (found[0], found[1].text) == ("order date", "5")
    assert split_pair(written("order date"), ["order date"]) is None


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("1,250", INT, 1250),
        ("-", INT.or_null(), None),
        ("", TEXT, ""),
        ("none", TEXT, "none"),
        ("none", TEXT.or_null(), None),
        ("Yes", BOOL, True),
        ("tomorrow", DATE, date(2026, 3, 2)),
        ("2 weeks ago", DATE, date(2026, 2, 15)),
        ("today - 3 days", DATE, date(2026, 2, 26)),
    ],
)
def test_values_of_a_type(text: str, type_: Type, value: Any) -> None:
    assert value_of(written(text), type_, TODAY) == value


def test_no_value_where_one_is_needed() -> None:
    with pytest.raises(RunError, match="V0105"):
        value_of(written("-"), INT, TODAY)


@pytest.mark.parametrize(
    ("text", "value", "same"),
    [
        ("1,000", 1000, True),
        ("33.33", Decimal("33.333333"), True),
        ("33.3", 33.36, False),
        ("3", 3.4, False),
        ("yes", True, True),
        ("yes", 1, False),
        ("-", None, True),
        ("-", "", False),
        ("today", "2026-03-01", True),
        ("2026-03-01 10:00", "2026-03-01T10:00:00Z", True),
        ("a", "A", False),
    ],
)
def test_actual_values_match_expected_cells(text: str, value: Any, same: bool) -> None:
    assert fits(written(text), value, TODAY) is same


def test_quotes_make_a_text_of_anything() -> None:
    assert fits(written("today", quoted=True), "today", TODAY)
    assert not fits(written("today", quoted=True), "2026-03-01", TODAY)
    assert not fits(written("-", quoted=True), None, TODAY)


def _dedent(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip("\n").split("\n"))

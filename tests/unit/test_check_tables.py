"""Tables of places, databases and types → what the checker finds in each: a rule holds in every place, or in none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

import pytest

from runtime.bytecode.module import Effects
from sopc.checker import typed
from sopc.checker.effects import every_step
from tests.unit.books import body, codes, program, script

BOTH: Final = "script s() uses main, archive"
PLACES: Final = {
    "let": "let x = go()",
    "set": "let y = 0 set y = go()",
    "set of a field": "let y = {a: 0} set y.a = go()",
    "emit": "emit {a: go()}",
    "say": 'say "{go()}"',
    "fail": 'fail "{go()}"',
    "assert": 'assert go() = 1, "no"',
    "call": "call go()",
    "argument of a function": "let x = abs(go())",
    "condition of if": 'if go() = 1 then say "a" end',
    "condition of else if": 'if length("a") = 2 then say "a" else if go() = 1 then say "b" end',
    "condition of while": 'while go() = 2 do say "a" end',
    "end of a range": 'for each i in 1 to go() do say "a" end',
    "list of a loop": 'for each i in [1, go()] do say "a" end',
    "value of an insert": 'insert into authors {name: "a", id: go()}',
}
IN_QUERIES: Final = (
    'for each b in from books where id = go() do say "a" end',
    "emit from books where id = go()",
    "let x = count(from books where id = go())",
    "update books where id = 1 set pages = go()",
    "update books where id = go() set pages = 1",
    "delete from books where id = go()",
)
BLOCKS: Final = {
    "if": ("if 1 = 1 then", "end"),
    "else": ('if 1 = 1 then say "a" else', "end"),
    "while": ("while 1 = 2 do", "end"),
    "range": ("for each i in 1 to 2 do", "end"),
    "list": ("for each i in [1, 2] do", "end"),
    "query": ("for each b in from authors do", "end"),
    "transaction": ("transaction", "end"),
    "try": ("try", 'on error e do say "a" end'),
    "on error": ('try say "a" on error e do', "end"),
}


def parts(value: Any) -> Iterator[Any]:
    """A tree of dataclasses and tuples, from the outside in."""
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from parts(item)


# ── a script that is called ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", PLACES)
def test_a_call_that_asks_is_found_wherever_it_stands(place: str) -> None:
    go = 'script go() -> int ask "Sure?" into ok: bool return 1 end '
    assert codes(go + body(PLACES[place])) == []
    assert codes(go + body("delete from authors " + PLACES[place])) == ["E0508"]


@pytest.mark.parametrize("step", IN_QUERIES)
def test_a_query_calls_no_script(step: str) -> None:
    assert codes("script go() -> int return 1 end " + body(step)) == ["E0401"]


@pytest.mark.parametrize("place", PLACES)
def test_a_call_that_commits_is_found_wherever_it_stands(place: str) -> None:
    go = "script go() -> int commit return 1 end "
    assert set(codes(go + body(f"transaction {PLACES[place]} end"))) >= {"E0507"}


@pytest.mark.parametrize("place", PLACES)
def test_a_call_that_writes_makes_the_loop_around_it_keep_its_rows(place: str) -> None:
    """Whether it does so decides if the loop sees rows that it wrote itself."""
    for go, writes in (("delete from books return 1", True), ("return 1", False)):
        made = program(f"script go() -> int {go} end " + body(f"for each r in from books do {PLACES[place]} end"))
        (loop,) = [step for step in made.scripts[-1].steps if isinstance(step, typed.ForQuery)]
        own = any(isinstance(step, typed.WriteStep) for step in every_step(loop.body))
        assert loop.spool is (writes or own), place


@pytest.mark.parametrize("block", BLOCKS)
def test_a_write_in_a_block_makes_the_loop_around_it_keep_its_rows(block: str) -> None:
    before, after = BLOCKS[block]
    for step, writes in (("delete from books", True), ("let x = 1", False)):
        (loop,) = script(f"for each r in from books do {before} {step} {after} end").steps
        assert isinstance(loop, typed.ForQuery)
        assert loop.spool is writes, block


def test_effects_go_round_a_circle_of_calls() -> None:
    """Whichever script of the circle writes, all do."""
    names = ["a", "b", "c", "d", "e"]
    for writer in names:
        texts = [
            f"script {name}(n: int) if n > 0 then call {after}(n - 1) end {'delete from books ' * (name == writer)}end"
            for name, after in zip(names, [*names[1:], names[0]], strict=True)
        ]
        for order in (texts, texts[::-1]):
            made = program("\n".join(order) + "\n")
            assert [each.effects.writes for each in made.scripts] == [("main.books",)] * len(names)


@pytest.mark.parametrize("returns", ["int", "float", "bool", "text", "date", "timestamp", "duration", "text?"])
def test_emit_of_a_script_that_only_returns_makes_a_record_of_the_value(returns: str) -> None:
    text = f"script got(x: {returns}) -> {returns} return x end " + body("emit got(x)", f"script s(x: {returns})")
    (step,) = program(text).scripts[-1].steps
    assert isinstance(step, typed.EmitRecord)
    assert [(name, str(type_)) for name, type_ in step.value.type.fields or ()] == [("got", returns)]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("1", []),
        ("1, 2", ["E0304"]),
        ("1, 2, 3", ["E0304", "E0304"]),
        ("", ["E0304"]),
        ("n: 1", []),
        ("m: 1", ["E0305"]),
        ("1, n: 2", ["E0213"]),
    ],
)
def test_arguments_are_counted(arguments: str, wrong: list[str]) -> None:
    assert codes("script go(n: int) end " + body(f"call go({arguments})")) == wrong


# ── several databases ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("steps", ["delete from authors delete from boxes", "delete from boxes delete from authors"])
def test_a_run_writes_one_database_in_either_order(steps: str) -> None:
    assert codes(body(steps, BOTH)) == ["E0512"]


@pytest.mark.parametrize(
    "query",
    [
        "from authors as a join boxes as b on a.id = b.id",
        "from boxes as b join authors as a on a.id = b.id",
        "from authors select id union from boxes select id",
        "from boxes select id union from authors select id",
        "from authors where exists(from boxes)",
        "from boxes where exists(from authors)",
    ],
)
def test_a_query_reads_one_database_in_either_order(query: str) -> None:
    assert set(codes(body(f"emit {query} select 1 as one" if "join" in query else f"emit {query}", BOTH))) == {"E0409"}


@pytest.mark.parametrize("uses", ["main, archive", "archive, main"])
@pytest.mark.parametrize(
    "step",
    [
        "emit from boxes",
        "for each b in from boxes do say b.label end",
        "let x = count(from boxes)",
        "let x = exists(from boxes)",
        "let x = list(from boxes)",
        "let x = first(from boxes)",
        "let x = one(from boxes)",
        "let x = (from boxes select max(id) as top)",
        "let x = 1 in (from boxes select id)",
        "query q = from boxes emit from q",
        "emit from boxes where id in (from archive.books as k select k.id)",
        'say "{count(from boxes)}"',
    ],
)
def test_a_query_goes_to_the_database_of_its_stores(step: str, uses: str) -> None:
    made = script(step, f"script s() uses {uses}")
    asked = {part.query.database for part in parts(made.steps) if isinstance(part, typed.BoundQuery)}
    assert asked == {"archive"}


# ── names and numbers ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("block", BLOCKS)
def test_steps_of_a_block_are_numbered_from_one(block: str) -> None:
    before, after = BLOCKS[block]
    made = script(f'say "first" {before} say "x" say "x" {after}')
    paths = [
        step.path
        for step in every_step(made.steps)
        if isinstance(step, typed.Say) and step.path != "1" and any(part == "x" for part in parts(step))
    ]
    assert len(paths) == 2, paths
    first, last = (path.rsplit(".", 1) for path in paths)
    assert first[0] == last[0] and first[0].startswith("2")
    assert int(last[1]) == int(first[1]) + 1 and (int(first[1]) == 1 or block == "on error" or block == "else")


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("from books derive x = 1 where books.x = 1", []),
        ("from books as b derive x = 1 where b.x = 1", []),
        ("from books as b join authors as a on true derive x = 1 where b.x = 1 select x", ["E0203"]),
        ("from books select id + 1", ["E0405"]),
        ("from books group by id + 1 select count()", ["E0405"]),
        ("from books derive id = 1", ["E0406"]),
        ("from books derive x = 1, x = 2", ["E0406"]),
        ("from books group by id as n select n", []),
        ("from books group by id + 1 as n select n", []),
        ("from books group by id as id select id", []),
        ("from books group by id + 1 as id select id", ["E0406"]),
        ("from books group by title as isbn select isbn", ["E0406"]),
        ("from books group by count(from authors where authors.id = books.id) select count() as n", []),
        ("from books group by count(from authors where authors.id = books.id) as n select n", []),
        ("from books select id, title as id", ["E0406"]),
        ("from books limit 0", []),
        ("from books limit -1", ["E0407"]),
        ("from books limit id", ["E0203"]),
    ],
)
def test_columns_have_one_name_each(query: str, wrong: list[str]) -> None:
    assert codes(body(f"emit {query}")) == wrong


@pytest.mark.parametrize("inner", ["while true do break end", "for each j in 1 to 2 do break end"])
@pytest.mark.parametrize("outer", ["for each i in 1 to 2 do", "while true do"])
def test_break_leaves_the_inner_loop(outer: str, inner: str) -> None:
    assert codes(body(f'{outer} {inner} say "reached" end')) == []


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────

TYPES: Final = (
    *("bool", "int", "float", "decimal", "text", "date", "timestamp", "duration"),
    *("list<int>", "record", "any", "int?", "text?", "date?"),
)
FITS: Final = {  # the types that a literal is taken as
    "1": "int float decimal any int?",
    "1.0": "float decimal any",
    '"x"': "text any text?",
    '"1"': "text any text?",
    '"2026-01-31"': "text any text?",
    "true": "bool any",
    "null": "any int? text? date?",
    'date "2026-01-31"': "date any date?",
    'timestamp "2026-01-31 10:00:00"': "timestamp any",
    "3 days": "duration any",
    "[1]": "list<int> any",
    "[]": "list<int> any",
    '["x"]': "any",
    "{a: 1}": "record any",
    "case when true then 1 end": "int float decimal any int?",
    "case when true then 1 else 2 end": "int float decimal any int?",
    'case when true then "x" else 2 end': "",
}


@pytest.mark.parametrize("literal", FITS)
def test_what_a_literal_may_be(literal: str) -> None:
    taken = [type_ for type_ in TYPES if not codes(body(f"return {literal}", f"script s() -> {type_}"))]
    assert taken == FITS[literal].split()


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("day + i", "date"),
        ("day + j", "date?"),
        ("due + i", "date?"),
        ("due + j", "date?"),
        ("due - j", "date?"),
        ("i + day", "date"),
        ("j + day", "date?"),
        ("[i, j]", "list<int?>"),
        ("sum_of([i, i])", "int?"),
        ("sum_of([i, j])", "int?"),
        ("max_of([i, j])", "int?"),
        ("length([i, j])", "int"),
        ('`join`([t, t], ",")', "text"),
        ('`join`([t, u], ",")', "text"),
        ("0.1", "float"),
        ("0.1234567890123456", "float"),
        ("0.123456789012345678", "decimal(38,18)"),
        ("0.1234567890123456789012", "float"),
        ("12345678901234567.5", "decimal(38,1)"),
        ("d * 1.5", "decimal(38,3)"),
        ("d * 1e16", "decimal(38,2)"),
        ("d * 1e3", "decimal(38,3)"),
    ],
)
def test_types_of_expressions_with_nulls_and_long_numbers(expression: str, type_: str) -> None:
    head = "script s(i: int, j: int?, day: date, due: date?, d: decimal(38,2), t: text, u: text?)"
    step = script(f"let x = {expression}", head).steps[0]
    assert isinstance(step, typed.SetVariable)
    assert str(step.variable.type) == type_


@pytest.mark.parametrize(
    "test", ["r in ({a: 1}, {a: 2})", "l in ([1], [2])", "l not in ([1], l)", "r = {a: 1}", "l != [1]"]
)
def test_lists_and_records_are_compared_but_have_no_order(test: str) -> None:
    head = "script s(r: {a: int}, l: list<int>)"
    assert codes(body(f"let x = {test}", head)) == []
    assert codes(body("let x = r < {a: 1} or l >= [1] or l between [1] and [2]", head)) == ["E0310"] * 3


@pytest.mark.parametrize(
    ("digits", "wrong"),
    [
        ("1", False),
        ("38", False),
        ("39", True),
        ("0", True),
        ("38, 18", False),
        ("38, 19", True),
        ("18, 18", False),
        ("5, 5", False),
        ("5, 6", True),
        ("1, 0", False),
    ],
)
def test_digits_of_a_decimal(digits: str, wrong: bool) -> None:
    assert codes(body("", f"script s(d: decimal({digits}))")) == ["E0316"] * wrong


@pytest.mark.parametrize(("default", "wrong"), [("", []), (" = null", []), (' = "x"', ["E0320"])])
def test_a_secret_has_no_default_but_null(default: str, wrong: list[str]) -> None:
    assert codes(body("", f"script s(key: text? secret{default})")) == wrong


@pytest.mark.parametrize(
    ("select", "type_"),
    [
        ("select max(id) as m", "int?"),
        ("select sum(id) as m", "int?"),
        ("select count() as m", "int"),
        ("select total(id) as m", "int"),
        ("group by title select max(id) as m", "int"),
        ("group by title select max(pages) as m", "int?"),
    ],
)
def test_an_aggregate_of_all_rows_may_be_null(select: str, type_: str) -> None:
    made = script(f"emit from books {select}")
    assert made.signature.emits is not None
    assert str(made.signature.emits.field("m")) == type_


@pytest.mark.parametrize(
    ("emits", "type_"),
    [
        (("{a: 1}", "{a: 2}"), "{a: int}"),
        (("{a: 1}", "{a: 1.5}"), "{a: float}"),
        (("from books select id as a", "{a: 1}"), "{a: int}"),
        (("from books select id as a", "from books select title as a"), "record"),
        (("from books select id as a", "{a: 1.5}"), "record"),
        (("ids()", "{a: 1}"), "{a: int}"),
        (("ids()", "{a: 1.5}"), "record"),
        (("ids()", "{b: 1}"), "record"),
    ],
)
def test_what_a_script_emits_holds_for_all_of_its_rows(emits: tuple[str, str], type_: str) -> None:
    """Rows of queries and scripts are passed on as they are, and so can't be converted to a type that fits all."""
    for first, second in (emits, emits[::-1]):
        text = "script ids() emit {a: 1} end " + body(f"emit {first} emit {second}")
        found = program(text).scripts[-1].signature.emits
        assert str(found) == type_


def test_no_effects_of_a_script_without_steps() -> None:
    assert script("").effects == Effects()

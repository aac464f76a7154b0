"""Control flow and effects: reachable steps, returns, and where questions, commits and writes may stand."""

from __future__ import annotations

import pytest

from runtime.bytecode.module import Effects
from sopc.checker import typed
from sopc.checker.cycles import groups
from tests.unit.books import body, codes, marked, program, script

ASKS = 'script asks() ask "Sure?" into ok: bool end '
WRITES = "script writes() delete from books end "
COMMITS = "script commits() commit end "


# ── what is reached ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("steps", "piece"),
    [
        ('return say "x"', 'say "x"'),
        ('fail "no" say "x"', 'say "x"'),
        ('while true do say "a" end say "x"', 'say "x"'),
        ('for each i in 1 to 2 do break say "x" end', 'say "x"'),
        ('for each i in 1 to 2 do continue say "x" end', 'say "x"'),
        ('if 1 = 1 then return else fail "a" end say "x"', 'say "x"'),
        ('try return on error e do fail e.message end say "x"', 'say "x"'),
        ('transaction return end say "x"', 'say "x"'),
    ],
)
def test_a_step_after_every_way_out_is_unreachable(steps: str, piece: str) -> None:
    assert marked(body(steps), "E0501") == piece


@pytest.mark.parametrize(
    "steps",
    [
        'if 1 = 1 then return end say "x"',
        'while true do if 1 = 1 then break end end say "x"',
        'while 1 = 1 do say "a" end say "x"',
        'for each i in 1 to 2 do return end say "x"',
        'try return on error e do say "a" end say "x"',
        'try fail "a" on error e do say "a" end say "x"',
    ],
)
def test_a_step_with_a_way_to_it_is_reached(steps: str) -> None:
    assert codes(body(steps)) == []


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ("return 1", False),
        ("", True),
        ("if 1 = 1 then return 1 end", True),
        ("if 1 = 1 then return 1 else return 2 end", False),
        ("for each i in 1 to 2 do return 1 end", True),
        ("while true do end", False),
        ("while true do break end", True),
        ('fail "x"', False),
        ("try return 1 on error e do return 2 end", False),
        ('try return 1 on error e do say "a" end', True),
    ],
)
def test_a_script_that_returns_does_so_on_every_way(steps: str, wrong: bool) -> None:
    assert codes(body(steps, "script s() -> int")) == (["E0502"] if wrong else [])


def test_return_goes_with_the_head() -> None:
    assert codes(body("return")) == []
    assert codes(body("return 1")) == ["E0503"]
    assert codes(body("return", "script s() -> int")) == ["E0503"]
    assert codes(body('return "a"', "script s() -> int")) == ["E0302"]


def test_break_and_continue_stand_in_loops() -> None:
    assert codes(body("break")) == ["E0504"]
    assert codes(body("if 1 = 1 then continue end")) == ["E0504"]
    assert codes(body("while true do try break on error e do continue end end")) == []


# ── questions and commits ──────────────────────────────────────────────────────────────────────────────────────

ASK = 'ask "Sure?" into ok: bool'


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (f"transaction {ASK} end", "E0505"),
        (f'try {ASK} on error e do say "a" end', "E0505"),
        (f"transaction if 1 = 1 then {ASK} end end", "E0505"),
        ("transaction call asks() end", "E0505"),
        (f'try say "a" on error e do {ASK} end', ""),
        ("transaction commit end", "E0506"),
        ('try commit on error e do say "a" end', "E0506"),
        ("call commits()", "E0507"),
        ("transaction call commits() end", "E0507"),
        (f"delete from books {ASK}", "E0508"),
        (f"delete from books commit {ASK}", ""),
        (f"call writes() {ASK}", "E0508"),
        ("delete from books call asks()", "E0508"),
        ("delete from books commit call asks()", ""),
        (f"if 1 = 1 then delete from books end {ASK}", "E0508"),
        (f"if 1 = 1 then delete from books commit end {ASK}", ""),
        (f"while true do {ASK} delete from books end", "E0508"),
        (f"while true do {ASK} delete from books commit end", ""),
        (f"for each i in 1 to 2 do {ASK} if ok then continue end delete from books end", "E0508"),
        (f"for each i in 1 to 2 do {ASK} if ok then delete from books break end end", ""),
        (f"for each i in 1 to 2 do delete from books commit end {ASK}", ""),
        (f"transaction delete from books end {ASK}", "E0508"),
        (f'try delete from books on error e do say "a" end {ASK}', "E0508"),
        (f"{ASK} delete from books", ""),
        (f'{ASK} ask "Really?" into really: bool', ""),
        (f"delete from books return {ASK}", "E0501"),
    ],
)
def test_where_questions_and_commits_can_stand(steps: str, code: str) -> None:
    assert codes(ASKS + WRITES + COMMITS + body(steps)) == ([code] if code else [])


def test_a_generator_that_writes_or_asks_counts_at_every_round() -> None:
    generator = "script rows() delete from books emit { a: 1 } end "
    assert codes(generator + body(f"for each r in rows() do {ASK} end")) == ["E0508"]
    generator = f"script rows() {ASK} emit {{ a: 1 }} end "
    assert codes(generator + body("for each r in rows() do delete from books end")) == ["E0508"]
    assert codes(generator + body("for each r in rows() do say text(r.a) end")) == []


def test_records_emitted_inside_a_block_can_not_be_taken_one_by_one() -> None:
    generator = "script rows() transaction emit { a: 1 } end end "
    assert codes(generator + body("for each r in rows() do end")) == ["E0509"]
    assert codes(generator + body("emit rows()")) == ["E0509"]
    assert codes(generator + body("call rows()")) == []


def test_a_handler_can_emit() -> None:
    assert codes('script rows() try fail "a" on error e do emit e end end ' + body("emit rows()")) == []


def test_a_run_writes_one_database() -> None:
    head = "script s() uses main, archive"
    assert marked(body("delete from authors delete from boxes", head), "E0512") == "delete from boxes"
    clear = "script clear() uses archive delete from boxes end "
    assert marked(clear + body("delete from authors call clear()", head), "E0512") == "clear()"
    assert codes(body("let n = count(from boxes) delete from authors", head)) == []


# ── effects ────────────────────────────────────────────────────────────────────────────────────────────────────


def effects(text: str, index: int = -1) -> Effects:
    return program(text).scripts[index].effects


def test_effects_include_those_of_calls() -> None:
    made = effects(ASKS + WRITES + body("call asks() call writes() let n = count(from authors)"))
    assert made.asks and not made.commits and made.writes == ("main.books",) and made.reads == ("main.authors",)
    assert made.calls == ("asks", "writes")


def test_effects_go_round_a_recursion() -> None:
    text = (
        "script a(n: int) call b(n) delete from books end "
        "script b(n: int) if n > 0 then call a(n - 1) end let x = count(from authors) end"
    )
    for index in (0, 1):
        made = effects(text, index)
        assert made.writes == ("main.books",) and made.reads == ("main.authors",)


def test_loops_over_queries_are_spooled_where_their_body_writes_asks_or_commits() -> None:
    def spool(steps: str) -> bool:
        step = program(ASKS + WRITES + body(f"for each b in from books do {steps} end")).scripts[-1].steps[0]
        assert isinstance(step, typed.ForQuery)
        return step.spool

    assert not spool("say b.title") and not spool("let n = count(from authors)")
    assert spool("delete from authors") and spool("commit") and spool(ASK) and spool("call writes()")
    assert spool("for each i in 1 to 2 do if i = 1 then call asks() end end")


def test_blocks_know_whether_they_write() -> None:
    made = script('transaction say "a" end transaction delete from books end').steps
    assert [step.writes for step in made if isinstance(step, typed.Transaction)] == [False, True]
    made = script('try say "a" on error e do delete from books end').steps
    assert [step.writes for step in made if isinstance(step, typed.Try)] == [False]


def test_groups_of_a_graph_come_after_what_they_reach() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": [], "e": ["a"]}
    assert [sorted(group) for group in groups(graph)] == [["d"], ["b", "c"], ["a"], ["e"]]
    chain = {str(n): [str(n + 1)] for n in range(20_000)} | {"20000": []}
    assert len(groups(chain)) == 20_001


@pytest.mark.parametrize(("step", "number"), [('@2001 say "a"', "@2001"), ('@0\n  say "a"', "@0")])
def test_a_sentence_that_is_not_there_is_told_at_its_number(step: str, number: str) -> None:
    assert marked(body(step), "E0607") == number

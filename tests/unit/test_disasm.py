"""Listings: what a person reads, what the tracer prints, and plain code that assembles to the same words again."""

from __future__ import annotations

import random

import pytest

from runtime.bytecode.codec import module_hash
from runtime.bytecode.decode import instructions, join, split
from runtime.bytecode.disasm import const_text, disassemble, format_instruction, signature_text
from runtime.bytecode.module import Debug, Effects, Handler, Parameter, Position, StepInfo
from runtime.bytecode.opcodes import BY_NAME, OPCODES, Opcode
from runtime.query.algebra import Delete, Insert, InsertQuery, Query, Update
from runtime.values.constants import Const
from runtime.values.types import BOOL, DATE, DECIMAL, INT, NULL, TEXT, Type, list_of, record_of
from tests.listing import assemble, listing
from tests.unit.compiling import compiled
from tests.unit.handmade import HAS_NAME, QUERY, module, signature

SCRIPT = """
script restock(least: int = 10) -> int
  "Order what runs low."

  @1 let count = 0
  @2 for each item in from items where quantity < least select name do
    try
      insert into log {message: "low: {item.name}"}
      set count = count + 1
    on error e do
      say e.message
    end
  end
  return count
end
"""


def test_a_whole_listing() -> None:
    made, *_ = compiled(SCRIPT, "restock.sop", ("Count from zero.", "For every item that runs low, log it."))
    assert (
        disassemble(made)
        == f"""\
script restock(least: int = 10) -> int
  "Order what runs low."
  {module_hash(made)}: 16 words, 9 registers, 5 constants
  reads main.items
  writes main.log

# 1. Count from zero.
1      @1 let count = 0
        0  LOAD          R1:count, 0
# 2. For every item that runs low, log it.
2      @2 for each item in from items where quantity < least select name do
       # row by row: step 2.1 is a `try`
        1  OPEN_SPOOL    R2, [R0:least], Q0
        2  NEXT          R3:item, R2, else →15
2.1    try
        4  SAVEPOINT
2.1.1  insert into log {{message: "low: {{item.name}}"}}
        5  LOAD          R7, "low: "
        6  FIELD         R8, R3:item, .name
        7  TEXT          R6, [R7, R8]
        8  WRITE         R5, [R6], W0
2.1.2  set count = count + 1
        9  ADD_INT       R1:count, R1:count, 1
2.1    try
       10  RELEASE
       11  LOOP          →2
2.1.3  say e.message
       12  FIELD         R5, R4:e, .message
       13  SAY           R5
2.1    try
       14  LOOP          →2
3      return count
       15  RETURN        R1:count

Q0  rows of items: name
W0  insert into main.log (message)

errors at 5 to 11 go to →12, the error in R4:e
"""
    )


def test_sql_is_shown_below_its_query_when_asked_for() -> None:
    made = module("LOAD R1 K2\nFETCH R2 R1 1\nWRITE R2 0 0\nRETURN R2", writes=(Delete(0, "main", "items", None, ()),))
    text = disassemble(made, sql=lambda what: "SELECT\n  1" if isinstance(what, Query) else "DELETE")
    assert "Q1  first of items: name\n      SELECT\n        1\n" in text
    assert "W0  delete from main.items\n      DELETE\n" in text


def test_a_module_without_debug_tables_is_listed_too() -> None:
    text = disassemble(module("MOVE R1 R0\nRETURN R1", debug=Debug()))
    assert "        0  MOVE          R1, R0\n        1  RETURN        R1\n" in text


@pytest.mark.parametrize("sentence", [7, 0, -3])
def test_a_sentence_that_is_not_there_is_left_out(sentence: int) -> None:
    steps, positions = (StepInfo("1", sentence, 1, 1, "say x"),), (Position(0, 0, 1, 1, 2),)
    debug = Debug(steps=steps, positions=positions, sentences=("One.",))
    assert "One." not in disassemble(module(debug=debug))
    debug = Debug(steps=steps, positions=positions)
    assert "\n1      say x\n" in disassemble(module(debug=debug))


OPERANDS = [
    ("ADD R1 R0 K1", "ADD R1, R0:a, 1"),
    ("FIELD R1 R0 K2", "FIELD R1, R0:a, .x"),
    ("LOAD R1 K2", 'LOAD R1, "x"'),
    ("RECORD R1 R2 0", "RECORD R1, [R2, R3], {x, y}"),
    ("LIST R1 R0 2", "LIST R1, [R0:a, R1]"),
    ("LIST R1 0 0", "LIST R1, []"),
    ("CONVERT R0 0", "CONVERT R0:a, int"),
    ("FETCH R1 R0 1", "FETCH R1, [R0:a], Q1"),
    ("CLOCK R1 1", "CLOCK R1, 1"),
    ("FAIL K2 1", 'FAIL "x", 1'),
    ("FOR_START R1 @1", "FOR_START R1…R3, →1"),
    ("SAVEPOINT", "SAVEPOINT"),
    ("EMIT_QUERY R0 0", "EMIT_QUERY [R0:a], Q0"),
    ("NEXT R1 R2\nJUMP @2", "NEXT R1, R2, else →2"),
    ("TEST_LT R0 K1\nJUMP @2", "TEST_LT R0:a, 1, else →2"),
]


@pytest.mark.parametrize(("code", "text"), OPERANDS)
def test_operands_are_shown_by_kind(code: str, text: str) -> None:
    made = module(f"{code}\nRETURN K0")
    assert " ".join(format_instruction(made, 0).split()) == text


@pytest.mark.parametrize(
    ("const", "text"),
    [
        (Const(None, NULL), "null"),
        (Const(True, BOOL), "true"),
        (Const('a"b', TEXT), '"a\\"b"'),
        (Const("1.50", DECIMAL), "1.50"),
        (Const("2026-01-31", DATE), 'date "2026-01-31"'),
        (Const("60", Type("duration")), "60 seconds"),
        (Const("x" * 100, TEXT), '"' + "x" * 38 + "…"),
    ],
)
def test_constants_as_literals(const: Const, text: str) -> None:
    assert const_text(const) == text


def test_the_head_of_a_script() -> None:
    made = signature("s", ("a", INT), ("b", TEXT, Const("x", TEXT)), returns=list_of(INT), uses=("hr", "stock"))
    assert signature_text(made) == 'script s(a: int, b: text = "x") uses hr, stock -> list<int>'
    emitting = signature("s", emits=record_of([("x", INT)]))
    assert signature_text(emitting) == "script s() emits {x: int}"
    assert Parameter("a", INT).default is None


def test_effects() -> None:
    effects = Effects(reads=("hr.a", "hr.b"), writes=("hr.a",), calls=("t",), asks=True, commits=True, emits=True)
    assert effects.lines() == ["reads hr.a, hr.b", "writes hr.a", "calls t", "asks", "commits"]


def test_writes_are_summed_up() -> None:
    writes = (
        Insert("main", "items", ("id", "name"), (INT, TEXT), ("id",)),
        InsertQuery("main", "items", ("name",), QUERY),
        Update(0, "main", "items", HAS_NAME, (("name", Const("y", TEXT)),), (TEXT,)),
    )
    text = disassemble(module(writes=writes))
    assert "W0  upsert into main.items (id, name)\n" in text
    assert "W1  insert into main.items (name) from a query\n" in text
    assert "W2  update main.items: name\n" in text


def test_a_handler_says_which_savepoints_stay() -> None:
    made = module("SAVEPOINT\nSAY R0\nRELEASE\nRETURN K0\nRELEASE\nRETURN R1", handlers=(Handler(1, 2, 4, 1, 1),))
    assert "errors at 1 to 1 go to →4, the error in R1, 1 savepoints left open\n" in disassemble(made)


# ── words, tuples and text ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", OPCODES, ids=lambda row: row.name)
def test_every_word_comes_back_from_its_text(row: Opcode) -> None:
    chance = random.Random(0)
    for _ in range(20):
        operands = []
        for kind in row.operands:
            if kind == "-":
                operands.append(0)
            elif kind == "jump":
                operands.append(chance.randrange(30_000))
            elif kind == "const" and row.format == "ABX":
                operands.append(chance.randrange(65_536))
            else:
                operands.append(chance.randrange(200))
        word = join(row, 0, operands)
        made = module(word.to_bytes(4, "little"))
        assert assemble(listing(made), made.registers) == made.code
        assert split(word, 0)[0] == row.number


def test_instructions_know_where_they_jump() -> None:
    made = module("head:\nTEST_EQ R0 K1\nJUMP @end\nLOOP @head\nend:\nJUMP_UNLESS R0 @last\nlast:\nRETURN K0")
    numbers = {name: BY_NAME[name].number for name in ("TEST_EQ", "JUMP", "LOOP", "JUMP_UNLESS", "RETURN")}
    assert instructions(made) == [
        (numbers["TEST_EQ"], 0, 5, 3),
        (numbers["JUMP"], 0, 3, 0),
        (numbers["LOOP"], 0, 0, 0),
        (numbers["JUMP_UNLESS"], 0, 4, 0),
        (numbers["RETURN"], 4, 0, 0),
    ]


@pytest.mark.parametrize("code", ["NOTHING R1", "RETURN", "RETURN R1 R2", "JUMP @nowhere", "LOAD R300 K0", "RETURN Rx"])
def test_text_that_is_not_a_listing_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=code.split()[0] if code != "RETURN Rx" else "x"):
        assemble(code, 4)


def test_operands_must_fit_their_bits() -> None:
    for operands in ([0, 40_000], [256, 0], [-1, 0]):
        with pytest.raises(OverflowError):
            join(BY_NAME["JUMP_UNLESS"], 0, operands)

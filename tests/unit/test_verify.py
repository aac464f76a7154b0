"""Each rule of the verifier, broken by one hand-written module; and accepted code is safe on every path."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runtime.bytecode.decode import split, words
from runtime.bytecode.flow import MAX_REGISTERS, operands_of, window_sizes
from runtime.bytecode.module import (
    AskSite,
    Call,
    Debug,
    Effects,
    Fetch,
    Function,
    Handler,
    Module,
    Parameter,
    Position,
    StepInfo,
)
from runtime.bytecode.opcodes import BY_NAME, BY_NUMBER, OPCODES
from runtime.bytecode.verify import verify
from runtime.errors import SopError
from runtime.query.algebra import (
    Aggregate,
    Case,
    Column,
    Delete,
    Distinct,
    Func,
    Group,
    Insert,
    InsertList,
    InsertQuery,
    Join,
    Limit,
    Op,
    Query,
    Scalar,
    Select,
    Union,
    Update,
    Where,
    Window,
)
from runtime.values.constants import Const
from runtime.values.types import ANY, BOOL, DECIMAL, INT, NULL, RECORD, TEXT, Type, list_of, record_of
from tests.listing import assemble
from tests.unit.handmade import HAS_NAME, ITEMS, NAME, QUERY, SCAN, module, signature

# ── code ───────────────────────────────────────────────────────────────────────────────────────────────────────

ACCEPTED = {
    "a parameter is there": "RETURN R0",
    "assigned on both ways": """
        TEST_EQ R0 K1
        JUMP @other
        LOAD R1 K1
        JUMP @end
        other:
        LOAD R1 K0
        end:
        RETURN R1
    """,
    "a counted loop": """
        LOAD R1 K1
        LOAD R2 K1
        FOR_START R1 @end
        body:
        ADD_INT R0 R0 R3
        FOR_NEXT R1 @body
        end:
        RETURN R0
    """,
    "a loop over a query": """
        LOAD R1 K2
        OPEN_QUERY R1 R1 0
        head:
        NEXT R2 R1
        JUMP @end
        EMIT R2
        LOOP @head
        end:
        RETURN R0
    """,
    "a loop left early": """
        ITERATE R1 R0
        NEXT R2 R1
        JUMP @end
        CLOSE R1
        end:
        RETURN K0
    """,
    "a loop that never ends": """
        head:
        LOOP @head
    """,
    "savepoints on both ways": """
        SAVEPOINT
        JUMP_UNLESS R0 @other
        RELEASE
        RETURN K0
        other:
        RELEASE
        RETURN K1
    """,
    "a script that fails with a savepoint open": """
        SAVEPOINT
        FAIL R0 1
    """,
}


@pytest.mark.parametrize("code", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(code: str) -> None:
    verify(module(code, effects=replace(module().effects, generator=False)))


REFUSED = {
    "a register never assigned": ("RETURN R1", "register 1 does not"),
    "a register assigned on one way only": (
        "TEST_EQ R0 K1\nJUMP @end\nLOAD R1 K1\nend:\nRETURN R1",
        "register 1 does not",
    ),
    "a register that a loop's second pass would find gone": (
        "LOAD R1 K1\nhead:\nMOVE R2 R1\nITERATE R1 R0\nLOOP @head",
        "register 1 does not",
    ),
    "a register beyond the count": ("LOAD R4 K1\nRETURN K0", "no register 4"),
    "a read and written register that is not there": ("CONVERT R1 0\nRETURN K0", "register 1 does not"),
    "a constant beyond the table": ("RETURN K3", "no constant 3"),
    "a constant to load beyond the table": ("LOAD R1 K3\nRETURN K0", "no const 3"),
    "a field's name that is not a text": ("FIELD R1 R0 K1\nRETURN K0", "not a text"),
    "a shape beyond the table": ("RECORD R1 R0 1\nRETURN K0", "no shape 1"),
    "a type beyond the table": ("CONVERT R0 1\nRETURN K0", "no type 1"),
    "a function beyond the table": ("FUNC R1 R0 0\nRETURN K0", "no func 0"),
    "a call beyond the table": ("CALL R1 R0 0\nRETURN K0", "no call 0"),
    "a query beyond the table": ("FETCH R1 R0 2\nRETURN K0", "no query 2"),
    "a write beyond the table": ("WRITE R1 R0 0\nRETURN K0", "no write 0"),
    "a question beyond the table": ("ASK R1 R0 0\nRETURN K0", "no ask 0"),
    "a window past the registers": ("LIST R1 R3 2\nRETURN K0", "registers 3 to 4"),
    "a window not assigned": ("LIST R1 R0 2\nRETURN K0", "register 1 does not"),
    "an empty window that starts somewhere": ("LIST R1 R1 0\nRETURN K0", "registers 1 to 0"),
    "rows of a query for one": ("FETCH R1 R0 0\nRETURN K0", "query 0 is not for"),
    "one row of a query for all": ("EMIT_QUERY R0 1\nRETURN K0", "query 1 is not for"),
    "a flag that is none": ("FAIL K2 2", "neither 0 nor 1"),
    "no end": ("LOAD R1 K1", "past its end"),
    "a branch at the end": ("JUMP_UNLESS R0 @0", "wrong way"),
    "a jump out": ("JUMP @2\nRETURN K0", "out of the code"),
    "a jump backwards": ("LOAD R1 K1\nJUMP @0", "wrong way"),
    "a loop forwards": ("LOOP @1\nRETURN K0", "wrong way"),
    "a conditional jump backwards": ("LOAD R1 K1\nJUMP_UNLESS R0 @0\nRETURN K0", "wrong way"),
    "a counted loop forwards": ("FOR_NEXT R0 @1\nRETURN K0", "wrong way"),
    "a jump into a test": ("JUMP @2\nTEST_EQ R0 K1\nJUMP @3\nRETURN K0", "middle"),
    "a test without a jump": ("TEST_EQ R0 K1\nRETURN K0\nRETURN K0", "no jump follows"),
    "a test at the end": ("LOAD R1 K1\nTEST_EQ R0 K1", "no jump follows"),
    "a test before the end": ("JUMP @2\nRETURN K0\nTEST_EQ R0 K1\nJUMP @4", "past its end"),
    "an iterator emitted": ("ITERATE R1 R0\nEMIT R1\nCLOSE R1\nRETURN K0", "register 1 does not"),
    "an iterator moved": ("ITERATE R1 R0\nMOVE R2 R1\nRETURN K0", "register 1 does not"),
    "an iterator returned": ("ITERATE R1 R0\nRETURN R1", "register 1 does not"),
    "an iterator in a window": ("ITERATE R1 R0\nLIST R2 R1 1\nRETURN K0", "register 1 does not"),
    "a value for an iterator": ("CLOSE R0\nRETURN K0", "register 0 does not"),
    "an iterator closed twice": ("ITERATE R1 R0\nCLOSE R1\nCLOSE R1\nRETURN K0", "register 1 does not"),
    "an iterator used after its end": (
        "ITERATE R1 R0\nNEXT R2 R1\nJUMP @end\nRETURN K0\nend:\nCLOSE R1\nRETURN K0",
        "register 1 does not",
    ),
    "an item used after the end": (
        "ITERATE R1 R0\nNEXT R2 R1\nJUMP @end\nRETURN K0\nend:\nRETURN R2",
        "register 2 does not",
    ),
    "a counter read": (
        "LOAD R1 K1\nLOAD R2 K1\nFOR_START R1 @end\nMOVE R0 R1\nend:\nRETURN K0",
        "register 1 does not",
    ),
    "a counter replaced": (
        "LOAD R1 K1\nLOAD R2 K1\nFOR_START R1 @end\nbody:\nLOAD R1 K2\nFOR_NEXT R1 @body\nend:\nRETURN K0",
        "register 1 does not",
    ),
    "a counted loop that never began": (
        "LOAD R1 K1\nLOAD R2 K1\nLOAD R3 K1\nbody:\nFOR_NEXT R1 @body\nRETURN K0",
        "register 1 does not",
    ),
    "a counted loop past the registers": ("LOAD R2 K1\nLOAD R3 K1\nFOR_START R2 @3\nRETURN K0", "no register 4"),
    "a savepoint left open": ("SAVEPOINT\nRETURN K0", "1 savepoints open"),
    "a release of nothing": ("RELEASE\nRETURN K0", "no savepoint to release"),
    "savepoints that differ by path": ("JUMP_UNLESS R0 @2\nSAVEPOINT\nRETURN K0", "savepoints"),
    "savepoints that pile up": ("head:\nSAVEPOINT\nLOOP @head", "savepoints differ"),
    "a commit inside a transaction": ("SAVEPOINT\nCOMMIT\nRELEASE\nRETURN K0", "inside a `transaction`"),
}


def refusal(made: Module) -> SopError:
    with pytest.raises(SopError) as caught:
        verify(made)
    return caught.value


@pytest.mark.parametrize(("code", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_code(code: str, says: str) -> None:
    error = refusal(module(code))
    assert error.code == "L0205"
    assert says in error.message


def test_an_unknown_instruction_is_refused() -> None:
    for number in set(range(256)) - BY_NUMBER.keys():
        assert "no instruction" in refusal(module(bytes([number, 0, 0, 0]))).message


def test_unused_operands_are_0() -> None:
    for row in OPCODES:
        for place, kind in enumerate(row.operands):
            if kind == "-":
                code = bytearray([row.number, 0, 0, 0])
                code[1 + place] = 1
                error = refusal(module(bytes(code), effects=Effects(), queries=(), shapes=(), types=()))
                assert error.code == "L0205"


def test_an_unused_operand_is_named() -> None:
    code = bytearray(assemble("RETURN K0", 4))
    code[2] = 1
    assert "unused operand" in refusal(module(bytes(code))).message


@pytest.mark.parametrize("code", [b"", b"\x47", assemble("RETURN K0", 4) + b"\0", assemble("RETURN R0\n" * 65_537, 4)])
def test_code_that_is_no_row_of_words_is_refused(code: bytes) -> None:
    assert "its length" in refusal(module(code, debug=Debug())).message


@pytest.mark.parametrize("registers", [-1, 0, MAX_REGISTERS + 1, 10**9])
def test_a_count_of_registers_beyond_the_limits_is_refused(registers: int) -> None:
    assert "registers" in refusal(replace(module("RETURN K0", 1), registers=registers)).message


@pytest.mark.parametrize(
    ("code", "effect"), [("COMMIT", "commits"), ("EMIT R0", "emits"), ("EMIT_QUERY R0 0", "emits")]
)
def test_an_effect_that_is_not_declared_is_refused(code: str, effect: str) -> None:
    made = module(f"{code}\nRETURN K0")
    verify(made)
    without = replace(made, effects=replace(made.effects, **{effect: False}))
    assert "effects" in refusal(without).message


def test_asking_must_be_declared() -> None:
    made = module("ASK R1 R0 0\nRETURN K0", asks=(AskSite("1", TEXT, False, False),))
    verify(made)
    assert "effects" in refusal(replace(made, effects=replace(made.effects, asks=False))).message


def test_the_window_of_a_question_is_what_it_has() -> None:
    code = "ASK R1 R0 0\nRETURN K0"
    assert "register 1" in refusal(module(code, asks=(AskSite("1", TEXT, True, False),))).message
    assert "register 1" in refusal(module(code, asks=(AskSite("1", TEXT, False, True),))).message


def test_a_generator_does_not_emit_inside_a_transaction() -> None:
    made = module("SAVEPOINT\nEMIT R0\nRELEASE\nRETURN K0")
    assert "generator" in refusal(made).message
    verify(replace(made, effects=replace(made.effects, generator=False)))


# ── handlers ───────────────────────────────────────────────────────────────────────────────────────────────────

TRY = """
    LOAD R1 K1
    SAVEPOINT
    ADD R2 R1 R1
    ADD R1 R1 R2
    RELEASE
    RETURN R1
    handler:
    RETURN R3
"""


def tried(code: str = TRY, *handlers: Handler, **more: Any) -> Module:
    return module(code, handlers=handlers or (Handler(2, 5, 6, 3, 0),), **more)


def test_a_handler_sees_what_was_there_throughout_the_protected_range() -> None:
    verify(tried())
    verify(tried(TRY.replace("RETURN R3", "RETURN R1")))
    assert "register 2" in refusal(tried(TRY.replace("RETURN R3", "RETURN R2"))).message


def test_a_handler_does_not_see_an_iterator_in_place_of_the_error() -> None:
    verify(tried("ITERATE R3 R0\nADD R1 R0 R0\nRETURN R0\nRETURN R3", Handler(1, 2, 3, 3, 0)))
    code = "ITERATE R3 R0\nADD R1 R0 R0\nRETURN R0\nNEXT R1 R3\nJUMP @5\nRETURN K0"
    assert "register 3" in refusal(tried(code, Handler(1, 2, 3, 3, 0))).message


@pytest.mark.parametrize(
    ("handler", "says"),
    [
        (Handler(2, 2, 6, 3, 0), "outside"),
        (Handler(3, 2, 6, 3, 0), "outside"),
        (Handler(-1, 2, 6, 3, 0), "outside"),
        (Handler(2, 9, 6, 3, 0), "outside"),
        (Handler(2, 5, 8, 3, 0), "outside"),
        (Handler(2, 5, 2, 3, 0), "outside"),
        (Handler(2, 5, 6, 4, 0), "no register 4"),
        (Handler(2, 5, 6, -1, 0), "no register -1"),
        (Handler(2, 5, 6, 3, -1), "savepoints"),
        (Handler(2, 5, 6, 3, 10**9), "savepoints"),
        (Handler(2, 5, 6, 3, 2), "more open savepoints"),
        (Handler(2, 5, 6, 3, 1), "leaves 1 savepoints open"),
    ],
)
def test_refused_handlers(handler: Handler, says: str) -> None:
    assert says in refusal(tried(TRY, handler)).message


def test_a_handler_does_not_split_an_instruction() -> None:
    code = "TEST_EQ R0 K1\nJUMP @3\nRETURN K0\nRETURN K0\nTEST_EQ R0 K1\nJUMP @6\nRETURN K0"
    for handler in (Handler(1, 2, 2, 1, 0), Handler(0, 1, 2, 1, 0), Handler(0, 2, 5, 1, 0)):
        assert "splits" in refusal(tried(code, handler)).message


def test_handlers_are_nested_and_inner_ones_come_first() -> None:
    inner, outer, across = Handler(3, 4, 6, 3, 0), Handler(2, 5, 6, 3, 0), Handler(1, 4, 6, 3, 0)
    verify(tried(TRY, inner, outer))
    assert "neither around nor beside" in refusal(tried(TRY, outer, inner)).message
    assert "neither around nor beside" in refusal(tried(TRY, across, outer)).message


def test_too_many_handlers_are_refused() -> None:
    assert "more than 1000 handlers" in refusal(tried(TRY, *[Handler(2, 5, 6, 3, 0)] * 1001)).message


@pytest.mark.parametrize("code", ["COMMIT", "ASK R1 R0 0"])
def test_a_segment_does_not_end_inside_a_try(code: str) -> None:
    made = tried(f"{code}\nRETURN K0\nRETURN R3", Handler(0, 1, 2, 3, 0), asks=(AskSite("1", TEXT, False, False),))
    assert "end a segment" in refusal(made).message


def test_code_tangled_on_purpose_is_refused_before_it_takes_long() -> None:
    """Each loop may go back into the one before it, so what a pass finds gone has to travel back all the way, and
    there is something else to find at every stretch of it."""
    registers = 230
    lines = [f"LOAD R{register} K1" for register in range(1, registers)]
    base = len(lines)
    while len(lines) < 12_000:
        lines.append(f"JUMP_UNLESS R0 @{len(lines) + 2}")
        lines.append(f"LOOP @{max(base, len(lines) - 3)}")
        if len(lines) % 50 < 2:
            lines.append(f"ITERATE R{1 + len(lines) // 50 % 220} R0")
    lines.append("RETURN K0")
    assert "too tangled" in refusal(module("\n".join(lines), registers)).message


# ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────────


def query(relation: Any = SCAN, columns: Any = (("name", NAME),), params: Any = (TEXT,), database: str = "main") -> Any:
    return (Fetch(Query(database, relation, columns, params), "rows"),)


def nested(depth: int) -> Any:
    condition: Any = HAS_NAME
    for _ in range(depth):
        condition = Op("not", (condition,), BOOL)
    return Where(SCAN, condition)


def deep_type(depth: int) -> Type:
    type_ = INT
    for _ in range(depth):
        type_ = list_of(type_)
    return type_


NAMES = Select(3, SCAN, (("name", NAME),))
OTHER_NAMES = Select(2, replace(SCAN, id=1), (("name", replace(NAME, relation=1)),))
ID = replace(NAME, name="id", type=INT)
IDS = Select(2, replace(SCAN, id=1), (("id", replace(ID, relation=1)),))
PAIRS = replace(IDS, columns=(("id", Column(1, "id", INT)), ("name", replace(NAME, relation=1))))
MET = Column(4, "name", TEXT)
A = Column(3, "a", INT)


def computed(value: Any) -> Any:
    return Select(3, SCAN, (("a", value),))


TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "a script without a name": ({"signature": signature("")}, "a name is empty"),
    "a null character in a name": ({"signature": signature("a\0b")}, "a name has a null character"),
    "two parameters of one name": ({"signature": signature("s", ("a", INT), ("a", INT))}, "twice"),
    "a type that does not exist": ({"types": (Type("number"),)}, "unknown name"),
    "a decimal of no digits": ({"types": (Type("decimal"),)}, "there is no"),
    "a decimal of too many digits": ({"types": (Type("decimal", precision=39, scale=0),)}, "there is no"),
    "an int with a scale": ({"types": (Type("int", scale=2),)}, "precision"),
    "an int with items": ({"types": (Type("int", item=INT),)}, "no parts"),
    "a record with a field twice": ({"types": (record_of([("a", INT), ("a", INT)]),)}, "twice"),
    "a type that nests deeply": ({"types": (deep_type(500),)}, "deeply"),
    "an int that is a text": ({"constants": (Const("1", INT),)}, "not of type"),
    "an int that is a bool": ({"constants": (Const(True, INT),)}, "not of type"),
    "an int that is too large": ({"constants": (Const(2**63, INT),)}, "too large"),
    "a constant of no type": ({"constants": (Const(1, ANY),)}, "not of type"),
    "a float that is not finite": ({"constants": (Const(float("inf"), Type("float")),)}, "finite"),
    "a decimal that is no number": ({"constants": (Const("abc", DECIMAL),)}, "abc"),
    "a date that is none": ({"constants": (Const("2026-02-30", Type("date")),)}, "2026-02-30"),
    "a default of another type": (
        {"signature": replace(signature(), params=(Parameter("a", INT, Const("x", TEXT)),))},
        "parameter `a`",
    ),
    "a list by default with an item of another type": (
        {"signature": replace(signature(), params=(Parameter("a", list_of(INT), (Const(1, INT), Const("x", TEXT))),))},
        "parameter `a`",
    ),
    "a null default where null can't be": (
        {"signature": replace(signature(), params=(Parameter("a", INT, Const(None, NULL)),))},
        "parameter `a`",
    ),
    "records emitted that are none": ({"signature": signature("s", emits=INT)}, "not a record"),
    "a shape with a name twice": ({"shapes": (("x", "x"),)}, "twice"),
    "a function that does not exist": ({"functions": (Function("system", 1),)}, "no function"),
    "an aggregate as a function": ({"functions": (Function("sum", 1),)}, "no function"),
    "a call that is not declared": ({"calls": (Call(signature("other")),)}, "effects"),
    "a call with a database of its own": ({"calls": (Call(signature("s", uses=("secret",))),)}, "caller"),
    "a database that is not used": ({"queries": query(database="other")}, "`other`"),
    "a store that is not declared": ({"queries": query(replace(SCAN, store="secrets"))}, "`main.secrets`"),
    "a store of another database": ({"queries": query(replace(SCAN, database="other"))}, "two databases"),
    "a column that is not there": ({"queries": query(columns=(("x", replace(NAME, name="x")),))}, "no column `x`"),
    "a column of no relation": ({"queries": query(columns=(("x", replace(NAME, relation=7)),))}, "relation 7"),
    "a relation twice": ({"queries": query(Join(SCAN, SCAN, False, Const(True, BOOL)))}, "there twice"),
    "a param that is not there": ({"queries": query(Where(SCAN, HAS_NAME), params=())}, "no param 0"),
    "an operator that does not exist": ({"queries": query(Where(SCAN, Op("xor", (NAME, NAME), BOOL)))}, "`xor`"),
    "an operator short of operands": ({"queries": query(Where(SCAN, Op("eq", (NAME,), BOOL)))}, "`eq`"),
    "a function in a query that does not exist": (
        {"queries": query(Where(SCAN, Func("load_extension", (NAME,), BOOL)))},
        "no function",
    ),
    "a negative limit": ({"queries": query(Limit(SCAN, Const(-1, INT), None))}, "number of rows"),
    "a limit of text": ({"queries": query(Limit(SCAN, Const("1", TEXT), None))}, "of type int"),
    "a limit that depends on a row": ({"queries": query(Limit(SCAN, NAME, None))}, "of type int"),
    "a query that nests deeply": ({"queries": query(nested(500))}, "deeply"),
    "two columns of one name": ({"queries": query(columns=(("a", NAME), ("a", NAME)))}, "twice"),
    "a derived column twice": ({"queries": query(Select(1, SCAN, (("a", NAME), ("a", NAME))))}, "twice"),
    "a union's column that is not there": (
        {"queries": query(Union(4, NAMES, OTHER_NAMES, True, (("name", TEXT),)), (("id", Column(4, "id", INT)),))},
        "no column `id`",
    ),
    "a union of other widths": (
        {"queries": query(Union(4, NAMES, PAIRS, True, (("name", TEXT),)), (("name", MET),))},
        "as many columns",
    ),
    "a union of rows that are without listed columns": (
        {"queries": query(Union(4, NAMES, replace(SCAN, id=1), True, (("name", TEXT),)), (("name", MET),))},
        "not listed",
    ),
    "different rows that are without listed columns": ({"queries": query(Distinct(SCAN))}, "not listed"),
    "a union of other types": (
        {"queries": query(Union(4, NAMES, IDS, True, (("name", TEXT),)), (("name", MET),))},
        "of text and int",
    ),
    "a union that says another type": (
        {"queries": query(Union(4, NAMES, OTHER_NAMES, True, (("name", INT),)), (("name", MET),))},
        "of text and text",
    ),
    "a column of another type": ({"queries": query(columns=(("a", replace(NAME, type=INT)),))}, "parts make text"),
    "a column of a relation out of sight": ({"queries": query(NAMES)}, "in sight"),
    "a param of another type": ({"queries": query(Where(SCAN, HAS_NAME), params=(INT,))}, "parts make int"),
    "an operator of another type": ({"queries": query(Where(SCAN, replace(HAS_NAME, type=TEXT)))}, "parts make bool"),
    "arithmetic on texts": ({"queries": query(computed(Op("add", (NAME, NAME), TEXT)))}, "`add` does not work"),
    "a sum of another type": ({"queries": query(computed(Op("add", (ID, ID), DECIMAL)))}, "parts make int"),
    "a comparison of what can't be": ({"queries": query(Where(SCAN, Op("lt", (NAME, ID), BOOL)))}, "compared"),
    "a condition that is none": ({"queries": query(Where(SCAN, NAME))}, "a condition is text"),
    "a join on what is no condition": ({"queries": query(Join(SCAN, replace(SCAN, id=1), False, ID))}, "a condition"),
    "a pattern on numbers": ({"queries": query(Where(SCAN, Op("like", (ID, NAME), BOOL)))}, "`like` does not work"),
    "a field of what is no JSON": (
        {"queries": query(computed(Op("field", (NAME, Const("a", TEXT)), ANY)))},
        "only JSON",
    ),
    "a function of other arguments": ({"queries": query(computed(Func("upper", (ID,), TEXT)))}, "does not take int"),
    "a function of another type": ({"queries": query(computed(Func("upper", (NAME,), INT)))}, "parts make text"),
    "a function without its defaults": ({"queries": query(computed(Func("round", (ID,), INT)))}, "arguments"),
    "an aggregate outside a group": (
        {"queries": query(computed(Aggregate("max", ID, False, INT)))},
        "where no group is",
    ),
    "an aggregate of another type": (
        {"queries": query(Group(3, SCAN, (), (("a", Aggregate("sum", NAME, False, INT)),)), (("a", A),))},
        "does not take text",
    ),
    "a window in a condition": (
        {"queries": query(Where(SCAN, Op("gt", (Window("rank", (), (), (), INT), ID), BOOL)))},
        "where none can be",
    ),
    "a case of other branches": (
        {"queries": query(computed(Case(((Op("eq", (ID, ID), BOOL), NAME),), None, INT)))},
        "a branch of it text",
    ),
    "a value of several columns": (
        {"queries": query(computed(Scalar(PAIRS, INT)))},
        "2 columns",
    ),
    "a value of another type": ({"queries": query(computed(Scalar(IDS, TEXT)))}, "parts make int"),
    "a row without columns": ({"queries": query(Select(3, SCAN, ()), ())}, "no columns"),
    "a write of a value of another type": (
        {"writes": (Insert("main", "items", ("id",), (TEXT,)),)},
        "does not fit",
    ),
    "a write of a type that is not its field's": (
        {"writes": (InsertList("main", "items", ("name",), (NULL,)),)},
        "in its",
    ),
    "an update by a value of another type": (
        {"writes": (Update(1, "main", "items", None, (("id", Const("y", TEXT)),), ()),)},
        "does not fit",
    ),
    "an insert of a query's column of another type": (
        {"writes": (InsertQuery("main", "items", ("id",), QUERY),)},
        "does not fit",
    ),
    "a write to what is not declared": (
        {"writes": (Insert("main", "secrets", ("id",), (INT,)),)},
        "`main.secrets`",
    ),
    "a write of a field that is not there": ({"writes": (Insert("main", "items", ("x",), (INT,)),)}, "no field `x`"),
    "a write of nothing": ({"writes": (InsertList("main", "items", (), ()),)}, "one value for each"),
    "a write with a type too few": (
        {"writes": (Insert("main", "items", ("id", "name"), (INT,)),)},
        "one value for each",
    ),
    "an upsert by a field it leaves out": (
        {"writes": (Insert("main", "items", ("id",), (INT,), ("name",)),)},
        "key",
    ),
    "an insert of more columns than fields": (
        {"writes": (InsertQuery("main", "items", ("id", "name"), QUERY),)},
        "one value for each",
    ),
    "an update of a field that is not there": (
        {"writes": (Update(1, "main", "items", None, (("x", Const(1, INT)),), ()),)},
        "no field `x`",
    ),
    "an update of nothing": ({"writes": (Update(1, "main", "items", None, (), ()),)}, "assigns"),
    "a delete by a param that is not there": (
        {"writes": (Delete(0, "main", "items", HAS_NAME, ()),)},
        "no param 0",
    ),
    "an effect on a database that is not used": ({"effects": Effects(reads=("other.items",))}, "no database"),
    "a schema with a field twice": (
        {"schema": {"main.items": replace(ITEMS, fields=(*ITEMS.fields, ITEMS.fields[0]))}},
        "twice",
    ),
    "a position of no step": ({"debug": Debug(positions=(Position(0, 0, 1, 1, 1),))}, "no step 0"),
    "positions out of order": (
        {"debug": Debug(steps=(StepInfo("1", None, 1, 1, ""),), positions=(Position(0, 0, 1, 1, 1),) * 2)},
        "order",
    ),
    "a position past the code": (
        {"debug": Debug(steps=(StepInfo("1", None, 1, 1, ""),), positions=(Position(9, 0, 1, 1, 1),))},
        "order",
    ),
    "code before the first position": (
        {
            "code": assemble("LOAD R1 K1\nRETURN K0", 4),
            "debug": Debug(steps=(StepInfo("1", None, 1, 1, ""),), positions=(Position(1, 0, 1, 1, 1),)),
        },
        "first instruction",
    ),
    "more names than registers": ({"debug": Debug(registers=("a",) * 5)}, "more are named"),
}


@pytest.mark.parametrize(("change", "says"), TABLES.values(), ids=TABLES.keys())
def test_refused_tables(change: dict[str, Any], says: str) -> None:
    error = refusal(module(**change))
    assert error.code == "L0206"
    assert says in error.message


def test_writes_that_hold_together_are_accepted() -> None:
    verify(
        module(
            "LOAD R1 K2\nWRITE R2 R0 0\nWRITE R2 R0 1\nWRITE R2 R0 2\nWRITE R2 0 3\nWRITE R2 R1 4\nRETURN R2",
            writes=(
                Insert("main", "items", ("id", "name"), (INT, TEXT), ("id",)),
                InsertQuery("main", "items", ("name",), QUERY),
                InsertList("main", "items", ("id",), (INT,)),
                Update(1, "main", "items", None, (("name", Const("y", TEXT)),), ()),
                Delete(0, "main", "items", HAS_NAME, (TEXT,)),
            ),
        )
    )


# ── whatever is accepted is safe ───────────────────────────────────────────────────────────────────────────────

SEEDS = [
    module(ACCEPTED["assigned on both ways"]),
    module(ACCEPTED["a counted loop"]),
    module(ACCEPTED["a loop over a query"]),
    module(ACCEPTED["a loop left early"]),
    module(ACCEPTED["savepoints on both ways"]),
    tried(),
    module("LOAD R1 K1\nRECORD R1 R0 0\nLIST R2 R0 2\nSET_FIELD R1 K2 R2\nFETCH R3 R0 1\nRETURN R1"),
]


def walk(made: Module, chance: random.Random) -> None:
    """Runs the code with kinds in place of values, taking branches and errors by chance; asserts that every read
    finds what the operand's kind says."""
    code, windows = words(made.code), window_sizes(made)
    held: dict[int, str] = dict.fromkeys(range(len(made.signature.params)), "value")
    pc = savepoints = 0
    for _ in range(80):
        op, a, b, c = split(code[pc], pc)
        row = BY_NUMBER[op]
        operands = operands_of(row, a, b, c)
        reads: list[tuple[int, str]] = []
        for kind, value in zip(row.operands, operands, strict=True):
            if kind in ("r", "rw") or (kind == "k" and value < made.registers):
                reads.append((value, "value"))
            elif kind == "i":
                reads.append((value, "iterator"))
            elif kind == "s":
                size = operands[-1] if row.window == "count" else windows[row.window][operands[-1]]
                reads += [(value + offset, "value") for offset in range(size)]
            elif kind == "range":
                role = "value" if row.name == "FOR_START" else "counter"
                reads += [(value, role), (value + 1, role)]
        assert all(register < made.registers for register, _ in reads)
        assert [(register, held.get(register)) for register, _ in reads] == reads
        if row.fails and chance.random() < 0.2:
            handler = next((handler for handler in made.handlers if handler.start <= pc < handler.end), None)
            if handler is None:
                return
            assert savepoints >= handler.savepoints
            held[handler.register], savepoints, pc = "value", handler.savepoints, handler.target
            continue
        savepoints += (row.effect == "savepoint") - (row.effect == "release")
        assert savepoints >= 0
        jumps = chance.random() < 0.5
        if row.flow == "end":
            assert savepoints == 0 or row.name == "FAIL"
            return
        if row.name in ("CLOSE", "NEXT"):
            iterator = operands[row.operands.index("i")]
            if row.name == "CLOSE" or jumps:
                held.pop(iterator)
        if row.operands[0] in ("w", "rw") and not (row.name == "NEXT" and jumps):
            held[operands[0]] = "iterator" if row.effect == "iterator" else "value"
        if row.operands[0] == "range":
            first = operands[0]
            stays = not jumps if row.name == "FOR_START" else jumps
            held.update({first: "counter", first + 1: "counter"})
            if stays:
                held[first + 2] = "value"
            else:
                held.pop(first), held.pop(first + 1)
        if row.flow in ("jump", "loop") or (row.flow in ("branch", "loop-or-fall") and jumps):
            pc = operands[-1]
        elif row.flow == "test":
            pc = split(code[pc + 1], pc + 1)[2] if jumps else pc + 2
        else:
            pc += 1


@settings(max_examples=600, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(0, 3), base=st.sampled_from(SEEDS))
def test_changed_code_is_refused_or_safe(seed: int, changes: int, base: Module) -> None:
    chance = random.Random(seed)
    code = bytearray(base.code)
    for _ in range(changes):
        at = chance.randrange(len(code))
        code[at] = chance.choice([code[at] ^ (1 << chance.randrange(8)), chance.randrange(8), chance.randrange(256)])
    made = replace(base, code=bytes(code))
    try:
        verify(made)
    except SopError as error:
        assert error.code == "L0205"
        return
    for _ in range(5):
        walk(made, chance)


def test_every_kind_of_operand_is_known_to_the_verifier() -> None:
    known = {"r", "w", "rw", "k", "-", "s", "i", "range", "jump", "count"}
    tables = {"const", "shape", "type", "func", "call", "query", "write", "ask", "lift"}
    assert {kind for row in OPCODES for kind in row.operands} <= known | tables
    assert {row.flow for row in OPCODES} <= {"", "jump", "loop", "branch", "test", "loop-or-fall", "end"}
    assert BY_NAME["NEXT"].operands[:2] == ("w", "i")
    assert RECORD.fields is None

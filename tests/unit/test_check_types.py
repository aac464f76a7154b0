"""Types: what operators take and give, what fits where, and what literals become."""

from __future__ import annotations

import pytest

from runtime.values.constants import Const
from runtime.values.functions import FUNCTIONS
from runtime.values.signatures import overload, overloads
from runtime.values.type_rules import common, fits, is_subtype
from runtime.values.types import ANY, BOOL, DATE, FLOAT, INT, NULL, TEXT, Type, decimal_of, list_of, record_of
from sopc.checker import typed
from sopc.checker.env import MAX_DEPTH
from sopc.checker.program import check
from sopc.checker.types import an
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.tree import nodes
from tests.unit.books import SCHEMAS, body, codes, found, marked, script

HEAD = (
    "script s(i: int, j: int?, f: float, d: decimal(10,2), t: text, u: text?, b: bool, day: date, at: timestamp, "
    "long: duration, l: list<int>, r: record, a: any, dl: list<decimal(8,3)>)"
)


def type_of(expression: str) -> str:
    """The type of an expression over the parameters above."""
    step = script(f"let x = {expression}", HEAD).steps[0]
    assert isinstance(step, typed.SetVariable)
    return str(step.variable.type)


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("i + 1", "int"),
        ("i + j", "int?"),
        ("i / 2", "float"),
        ("i // 2", "int"),
        ("i % 2", "int"),
        ("i + f", "float"),
        ("i + 1.5", "float"),
        ("d + 1", "decimal(38,2)"),
        ("d + 0.075", "decimal(38,3)"),
        ("d * d", "decimal(38,4)"),
        ("d * 0.07", "decimal(38,4)"),
        ("0.07 * d", "decimal(38,4)"),
        ("d / 3", "decimal(38,6)"),
        ("d // 3", "decimal(38,0)"),
        ("d % 3", "decimal(38,2)"),
        ("d * f", "float"),
        ("-d", "decimal(10,2)"),
        ("day + 2 days", "date"),
        ("2 weeks + day", "date"),
        ("day - day", "duration"),
        ("at - at", "duration"),
        ("at + 5 minutes", "timestamp"),
        ("at - long", "timestamp"),
        ("long * 3", "duration"),
        ("long + 1 hour", "duration"),
        ("-long", "duration"),
        ("i = 1", "bool"),
        ("j = 1", "bool?"),
        ("j is null", "bool"),
        ("i between 1 and 2.5", "bool"),
        ('u in ("a", null)', "bool?"),
        ("i in l", "bool"),
        ("l contains 3", "bool"),
        ('t like "a%"', "bool"),
        ("not (j > 1)", "bool?"),
        ("b and j > 1", "bool?"),
        ("[1, 2.5]", "list<float>"),
        ("[1, null]", "list<int?>"),
        ("{ a: 1, b: t }", "{a: int, b: text}"),
        ("l[0]", "int?"),
        ("r.x", "any"),
        ("a.x[1]", "any"),
        ("{ a: { b: j } }.a.b", "int?"),
        ("case when b then 1 end", "int?"),
        ("case when b then 1 else 2.5 end", "float"),
        ("case when b then d else 0.5 end", "decimal(38,2)"),
        ("case when b then null else t end", "text?"),
        ('"{i} and {j}"', "text"),
        ("round(d)", "decimal(38,0)"),
        ("round(d, 1)", "decimal(38,1)"),
        ("round(f, 1)", "float"),
        ("abs(j)", "int?"),
        ("upper(u)", "text?"),
        ("coalesce(j, 0)", "int"),
        ("coalesce(j, null)", "int?"),
        ("coalesce(d, 0.5)", "decimal(38,2)"),
        ("null_if(i, 0)", "int?"),
        ("greatest(1, 2.5, i)", "float"),
        ("append(l, 4)", "list<int>"),
        ("first_item(l)", "int?"),
        ("sum_of(dl)", "decimal(38,3)?"),
        ("length(l)", "int"),
        ('split("a,b", ",")', "list<text>"),
        ("date(2026, 1, 31)", "date"),
        ("today()", "date"),
        ("12345678901234567.25", "decimal(38,2)"),
    ],
)
def test_the_type_of_an_expression(expression: str, type_: str) -> None:
    assert type_of(expression) == type_


@pytest.mark.parametrize(
    ("expression", "code", "piece"),
    [
        ('i + "a"', "E0309", 'i + "a"'),
        ("i * t", "E0301", "t"),
        ("t * i", "E0301", "t"),
        ("day + 3.5", "E0301", "3.5"),
        ("day + 5 hours", "E0301", "5 hours"),
        ("day + day", "E0301", "day"),
        ("i + null", "E0301", "null"),
        ("-t", "E0301", "t"),
        ("i = t", "E0310", "t"),
        ("t = 5", "E0310", "5"),
        ('day < "2026-01-01"', "E0310", '"2026-01-01"'),
        ("day < at", "E0310", "at"),
        ("l < l", "E0310", "l < l"),
        ("i = null", "E0310", "i = null"),
        ("i in (1, t)", "E0310", "t"),
        ("t in l", "E0310", "t"),
        ("i in t", "E0311", "t"),
        ("i and b", "E0303", "i"),
        ("not t", "E0303", "t"),
        ("i like t", "E0302", "i"),
        ("t.x", "E0312", "t.x"),
        ("i[0]", "E0312", "i"),
        ("l[t]", "E0302", "t"),
        ("{ a: 1 }.b", "E0203", "{ a: 1 }.b"),
        ("[1, t]", "E0313", "t"),
        ("case when b then 1 else t end", "E0313", "t"),
        ("case when i then 1 end", "E0303", "i"),
        ("upper(i)", "E0306", "i"),
        ("round(d, 1, 2)", "E0304", "round(d, 1, 2)"),
        ("round(x: d)", "E0305", "x: d"),
        ("upper(distinct t)", "E0416", "upper(distinct t)"),
        ("sum(l)", "E0403", "sum(l)"),
        ("99999999999999999999", "E0307", "99999999999999999999"),
        ("1e999", "E0307", "1e999"),
        ('date "2026-13-01"', "E0308", 'date "2026-13-01"'),
        ('timestamp "noon"', "E0308", 'timestamp "noon"'),
        ("9999999999999 days", "E0308", "9999999999999 days"),
    ],
)
def test_operands_of_wrong_types_are_marked(expression: str, code: str, piece: str) -> None:
    assert marked(body(f"let x = {expression}", HEAD), code) == piece


def test_a_hint_says_how_to_make_it_right() -> None:
    assert found(body('let x = day < "2026-01-01"', HEAD))[0].hint == 'date "2026-01-01"'
    assert found(body("let x = t = 5", HEAD))[0].hint == '"5"'
    assert found(body("let x: int = f", HEAD))[0].hint == "int(…) converts it"
    assert found(body("say i", HEAD))[0].hint == 'text is made with "{…}"'
    assert (
        found(body("let x = {a: 1}\nlet y = x[0]", HEAD))[0].hint
        == "a record's field is read with a point, as in r.name"
    )
    assert found(body("let x = i[0]", HEAD))[0].hint is None
    assert found(body("let x = null", HEAD))[0].hint == "let x: int? = …"
    assert found(body("let x = []", HEAD))[0].hint == "let x: list<int> = …"
    assert found(body("let x = i = null", HEAD))[0].hint == "`is null` asks for null"


def value_of(step: str) -> typed.Expr:
    made = script(step, HEAD).steps[0]
    assert isinstance(made, typed.SetVariable)
    return made.value


def test_literals_become_the_needed_type_without_a_conversion() -> None:
    value = value_of("let x: decimal(10,2) = 0.075")
    assert isinstance(value, typed.Const) and value.value == "0.08"
    value = value_of("let x: float = 3")
    assert isinstance(value, typed.Const) and value.value == 3.0 and value.type == FLOAT
    value = value_of("let x: decimal(10,2) = -3")
    assert isinstance(value, typed.Const) and value.value == "-3.00"
    value = value_of("let x: list<float> = [1, 2]")
    assert isinstance(value, typed.MakeList) and all(isinstance(item, typed.Const) for item in value.items)


def test_other_values_are_converted_when_the_program_runs() -> None:
    for step in ("let x: float = i", "let x: int = j", "let x: text = a", "let x: decimal(5,1) = d"):
        assert isinstance(value_of(step), typed.Convert), step
    for step in ("let x: int? = i", "let x: any = i", "let x: record = { a: 1 }", "let x: list<any> = l"):
        assert not isinstance(value_of(step), typed.Convert), step


def test_a_variable_keeps_its_type() -> None:
    assert codes(body("let x = 1 set x = j", HEAD)) == []
    assert marked(body("let x = 1 set x = 2.5", HEAD), "E0302") == "2.5"
    assert codes(body("let x = { a: 1 } set x.a = 2 let y = [1] set y[0] = 2 set r.a[1].b = 3", HEAD)) == []
    assert codes(body("set i[0] = 1", HEAD)) == ["E0312"]
    assert codes(body("let y = [1] set y[0] = t", HEAD)) == ["E0302"]


def test_null_and_an_empty_list_need_a_declared_type() -> None:
    assert codes(body("let x = null")) == ["E0315"]
    assert codes(body("let x = []")) == ["E0315"]
    assert codes(body("let x: int? = null let y: list<int> = [] set y = append(y, 1)")) == []
    assert codes(body("let x: int = null")) == ["E0302"]


def test_type_names() -> None:
    assert codes("script s(a: list<list<int?>>, b: decimal, c: decimal(5), d: record?, e: any) end") == []
    assert codes("script s(a: decimal(5,6)) end") == ["E0316"]
    assert codes("script s(a: int(5)) end") == ["E0316"]
    assert codes("script s(a: text<int>) end") == ["E0316"]
    assert codes("script s(a: string) end") == ["E0215"]


def test_defaults_of_parameters_are_constants_of_their_type() -> None:
    assert codes('script s(a: float = 1, b: decimal(5,1) = 2, c: text? = null, d: date = date "2026-01-01") end') == []
    assert codes('script s(a: int = "x") end') == ["E0302"]
    assert codes("script s(a: int = null) end") == ["E0302"]
    assert codes("script s(a: int = 1 + 1) end") == ["E0317"]
    (param,) = script("say text(a)", "script s(a: float = 1)").signature.params
    assert param.default == Const(1.0, FLOAT)


def test_a_default_is_a_list_of_constants_too() -> None:
    (param,) = script("say text(a)", "script s(a: list<float> = [1, 2.5])").signature.params
    assert param.default == (Const(1.0, FLOAT), Const(2.5, FLOAT))
    assert codes("script s(a: list<int> = []) end") == []
    assert codes('script s(a: list<int> = ["x"]) end') == ["E0302"]
    assert codes("script s(a: list<int> = [1 + 1]) end") == ["E0317"]
    assert codes("script s(a: list<list<int>> = [[1]]) end") == ["E0317"]


def test_answers_are_single_values() -> None:
    assert codes(body('ask "x" choices ["a", "b"] default "a" into x: text')) == []
    assert codes(body('ask "x" into x: list<int>')) == ["E0316"]
    assert codes(body('ask "x" choices [1] into x: text')) == ["E0302"]
    assert codes(body('ask "x" default 1 into x: text')) == ["E0302"]


def test_a_deep_expression_is_an_error_and_no_crash() -> None:
    value: nodes.Expr = nodes.IntLiteral(value=1)
    for _ in range(MAX_DEPTH - 3):
        value = nodes.Unary(op="-", arg=value)
    assert tree_codes(nodes.Let(name="x", value=value)) == []
    for _ in range(500):
        value = nodes.Unary(op="-", arg=value)
    assert tree_codes(nodes.Let(name="x", value=value)) == ["E0604"]


def test_deep_blocks_are_an_error_and_no_crash() -> None:
    step: nodes.AnyStep = nodes.Say(text=nodes.TextLiteral(parts=("x",)))
    for _ in range(500):
        step = nodes.Transaction(steps=(step,))
    assert tree_codes(step) == ["E0604"]


def test_values_that_no_source_could_hold_are_findings_too() -> None:
    assert tree_codes(nodes.Let(name="x", value=nodes.NumberLiteral(value="abc"))) == ["E0307"]
    assert tree_codes(nodes.Emit(query=nodes.Query(stages=(nodes.Distinct(),)))) == ["E0415"]


def tree_codes(step: nodes.AnyStep) -> list[str]:
    """Codes found about a tree that was made by hand."""
    file = nodes.File(scripts=(nodes.Script(name="s", steps=(step,)),))
    try:
        check(file, Source("t", ""), SCHEMAS)
    except CompileError as error:
        return [each.code for each in error.diagnostics]
    return []


def test_every_signature_of_the_function_table_is_understood() -> None:
    for row in FUNCTIONS.values():
        for each in overloads(row):
            assert each.result and each.text in row.signatures
    assert overload("f(T, T...) -> T").takes(5) and not overload("f(T, T...) -> T").takes(1)
    assert overload('f(text, text = " ") -> text').slots[1].default == '" "'
    with pytest.raises(ValueError, match="not a signature"):
        overload("f -> int")


INT_OR_NULL = INT.or_null()
PAIR = record_of([("a", INT), ("b", TEXT)])


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        (INT, FLOAT, FLOAT),
        (INT, decimal_of(10, 2), decimal_of(21, 2)),
        (decimal_of(10, 2), decimal_of(12, 4), decimal_of(12, 4)),
        (decimal_of(38, 2), decimal_of(38, 10), decimal_of(38, 10)),
        (decimal_of(10, 2), FLOAT, FLOAT),
        (NULL, INT, INT_OR_NULL),
        (INT, ANY, ANY),
        (INT, TEXT, None),
        (list_of(INT), list_of(FLOAT), list_of(FLOAT)),
        (list_of(INT), list_of(TEXT), None),
        (PAIR, record_of([("b", TEXT.or_null()), ("a", FLOAT)]), record_of([("a", FLOAT), ("b", TEXT.or_null())])),
        (PAIR, record_of([("a", INT)]), None),
        (PAIR, Type("record"), Type("record")),
    ],
)
def test_the_common_type_of_two(a: Type, b: Type, result: Type | None) -> None:
    assert common(a, b) == result


def test_fitting_and_being_one_already() -> None:
    assert fits(INT_OR_NULL, INT) and not is_subtype(INT_OR_NULL, INT)
    assert fits(INT, FLOAT) and not is_subtype(INT, FLOAT)
    assert not fits(FLOAT, INT) and not fits(NULL, INT) and fits(NULL, INT_OR_NULL)
    assert fits(PAIR, Type("record")) and is_subtype(PAIR, Type("record"))
    assert fits(Type("record"), PAIR) and not is_subtype(Type("record"), PAIR)
    assert not fits(PAIR, record_of([("a", INT)]))
    assert is_subtype(list_of(INT), list_of(INT_OR_NULL)) and not fits(list_of(TEXT), list_of(INT))
    assert (an(INT), an(TEXT), an(DATE), an(BOOL.or_null())) == ("an int", "a text", "a date", "a bool?")

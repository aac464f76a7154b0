"""Scripts as a whole: calls and arguments, what they emit, recursion, several in one file."""

from __future__ import annotations

import pytest

from sopc.checker import typed
from tests.unit.books import body, codes, found, marked, program, script

TAX = "script tax(salary: decimal(10,2), rate: float = 0.3, note: text? = null) -> decimal(10,2) return salary end "


def test_arguments_are_put_in_order_with_defaults_and_conversions() -> None:
    step = program(TAX + body('let x = tax(note: "a", salary: 5)')).scripts[-1].steps[0]
    assert isinstance(step, typed.SetVariable) and isinstance(step.value, typed.ScriptCall)
    values = [arg.value for arg in step.value.args if isinstance(arg, typed.Const)]
    assert values == ["5.00", 0.3, "a"]
    assert str(step.variable.type) == "decimal(10,2)"


@pytest.mark.parametrize(
    ("call", "code", "piece"),
    [
        ("tax()", "E0304", "tax()"),
        ('tax(1, 2.0, "a", 4)', "E0304", "4"),
        ("tax(salry: 1)", "E0305", "salry: 1"),
        ("tax(1, salary: 2)", "E0213", "salary: 2"),
        ('tax("a")', "E0302", '"a"'),
        ("tax(null)", "E0302", "null"),
        ("tx(1)", "E0204", "tx(1)"),
    ],
)
def test_wrong_arguments_are_marked(call: str, code: str, piece: str) -> None:
    assert marked(TAX + body(f"let x = {call}"), code) == piece


def test_a_hint_shows_how_a_script_is_called() -> None:
    hint = found(TAX + body("let x = tax()"))[0].hint
    assert hint == "tax(salary: decimal(10,2), rate: float = …, note: text? = …)"


def test_call_runs_scripts_only() -> None:
    assert codes(TAX + body("call tax(1)")) == []
    assert codes(body('call upper("a")')) == ["E0204"]


def test_a_script_that_returns_nothing_has_no_value() -> None:
    assert codes('script note() say "a" end ' + body("let x = note()")) == ["E0318"]


def test_scripts_of_a_file_see_one_another_in_any_order() -> None:
    assert codes(body("call later()") + 'script later() say "a" end') == []


def test_all_emits_of_a_script_meet_in_one_record_type() -> None:
    assert str(script("emit { a: 1 } emit { a: 2.5 }").signature.emits) == "{a: float}"
    assert str(script("emit { a: null } emit { a: 1 }").signature.emits) == "{a: int?}"
    assert str(script("emit { a: 1, b: 2 } emit { b: 3, a: 4 }").signature.emits) == "{a: int, b: int}"
    assert str(script("emit { a: null }").signature.emits) == "{a: any}"
    assert script('say "a"').signature.emits is None


def test_an_emitted_record_is_converted_to_the_type_of_all() -> None:
    step = script("emit { a: 1 } emit { a: 2.5 }").steps[0]
    assert isinstance(step, typed.EmitRecord) and isinstance(step.value, typed.MakeRecord)
    assert str(step.value.type) == "{a: float}"


def test_emits_that_do_not_meet_give_an_open_record() -> None:
    for steps in (
        'emit { a: 1 } emit { a: "x" }',
        "emit { a: 1 } emit from authors select id as a, name",
        "emit from authors select id as a emit { a: 2.5 }",
    ):
        assert str(script(steps).signature.emits) == "record"


def test_a_script_of_values_alone_uses_no_database() -> None:
    assert script("return 1", "script s() -> int").signature.uses == ()
    assert script("emit from authors").signature.uses == ("main",)


def test_every_emit_must_fit_the_declared_type() -> None:
    head = "script s() emits { a: int, b: text? }"
    assert str(script('emit { b: "x", a: 1 }', head).signature.emits) == "{a: int, b: text?}"
    assert codes(body("emit { a: 1 }", head)) == ["E0319"]
    assert codes(body('emit { a: "x", b: "y" }', head)) == ["E0319"]
    assert codes(body("emit from authors select id as a, name as b", head)) == []
    assert codes(body("emit from authors select name as a, name as b", head)) == ["E0319"]
    assert codes(body("", "script s() emits int")) == ["E0314"]


def test_values_that_can_be_emitted() -> None:
    assert codes(body("emit r", "script s(r: record)")) == []
    assert codes(body("emit first(from authors)")) == []
    assert codes(body("emit a", "script s(a: any)")) == []
    assert codes(body("emit [{ a: 1 }]")) == ["E0314"]
    assert codes(body('emit "x"')) == ["E0314"]


def test_a_single_value_is_emitted_under_its_own_name_or_the_one_given() -> None:
    def emits(text: str, head: str = "script s(n: int)") -> str:
        return str(script(text, head).signature.emits)

    assert emits("emit n") == "{n: int}"
    assert emits("emit n as pages") == "{pages: int}"
    assert emits("let r = { a: 1 }\nemit r.a") == "{a: int}"
    assert emits('emit upper("x")') == "{upper: text}"
    assert emits("emit count(from authors)") == "{count: int}"
    assert emits("emit exists(from authors) as any_author") == "{any_author: bool}"
    assert emits("emit [1, 2] as items") == "{items: list<int>}"
    assert emits("emit { a: 1 } as inner") == "{inner: {a: int}}"
    assert emits("emit first(from authors select name) as author") == "{author: {name: text}?}"
    assert codes(body("emit n + 1", "script s(n: int)")) == ["E0314"]
    assert codes(body("emit n as n", "script s(n: int) emits { n: text }")) == ["E0319"]


def test_emit_of_a_script_that_only_returns_emits_the_value() -> None:
    double = "script double(n: int) -> int\n  return n * 2\nend\n"
    assert codes(double + "script s() emits { double: int }\n  emit double(3)\nend") == []
    assert codes(double + "script s() emits { twice: int }\n  emit double(3) as twice\nend") == []


def test_a_generator_gives_its_records_to_a_loop() -> None:
    text = "script rows() emit { a: 1 } end " + body("for each r in rows() do emit { b: r.a + 1 } end emit other()")
    text += "script other() emit { b: 7 } end"
    assert str(program(text).scripts[1].signature.emits) == "{b: int}"
    assert codes("script rows() emit { a: 1 } end " + body("for each r in rows() do say r.b end")) == ["E0203"]
    assert codes("script ten() -> int return 10 end " + body("for each r in ten() do end")) == ["E0510"]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("for each x in 5 do end", "E0311"),
        ("for each x in books do end", "E0311"),
        ("query q = from books for each x in q do end", "E0311"),
        ('for each x in "a" to 5 do end', "E0302"),
        ("for each x in l do say x end", "E0302"),
        ("for each x in a do say x end", ""),
        ("for each x in [1, 2] do say text(x) end", ""),
        ('for each x in split("a,b", ",") do say x end', ""),
    ],
)
def test_values_that_for_each_can_iterate_over(steps: str, code: str) -> None:
    assert codes(body(steps, "script s(l: list<int>, a: any)")) == ([code] if code else [])


def test_recursion_needs_no_declaration_without_iteration_over_records() -> None:
    assert codes("script fib(n: int) -> int if n < 2 then return n end return fib(n - 1) + fib(n - 2) end") == []
    text = "script down(n: int) emit { n: n } if n > 0 then call down(n - 1) end end"
    made = program(text).scripts[0]
    assert str(made.signature.emits) == "{n: int}"
    branch = made.steps[1]
    assert isinstance(branch, typed.If)
    call = branch.branches[0][1][0]
    assert isinstance(call, typed.CallStep) and call.call.signature == made.signature


def test_a_script_that_iterates_over_its_own_records_must_declare_them() -> None:
    tree = "script walk(n: int){} emit {{ n: n }} for each x in walk(n - 1) do emit x end end"
    assert codes(tree.format("")) == ["E0513"]
    assert codes(tree.format(" emits { n: int }")) == []
    pair = "script a() emit b() end script b() emit { x: 1 } emit a() end"
    assert codes(pair) == ["E0513", "E0513"]


def test_a_callee_uses_no_more_than_its_caller() -> None:
    labels = "script labels() uses archive emit from boxes end "
    assert codes(labels + body("emit labels()")) == ["E0511"]
    assert codes(labels + body("emit labels()", "script s() uses main, archive")) == []


def test_names_of_scripts_are_their_own() -> None:
    assert codes("script a() end script a() end") == ["E0207"]
    assert codes("script upper() end") == ["E0214"]
    assert codes("script s() uses nowhere end") == ["E0205"]

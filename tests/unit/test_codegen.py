"""What the code generator makes of each form: short programs with the code they become, limits, and properties."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.bytecode.codec import module_hash
from runtime.bytecode.decode import instructions
from runtime.bytecode.flow import MAX_WORDS
from runtime.bytecode.module import Effects, Handler, Module, Parameter, Signature
from runtime.bytecode.opcodes import BY_NUMBER
from runtime.bytecode.verify import verify
from runtime.errors import RunError
from runtime.query import algebra
from runtime.values import conversion, operators
from runtime.values.constants import Const
from runtime.values.types import ANY, BOOL, DATE, DECIMAL, FLOAT, INT, NULL, RECORD, TEXT, Type, list_of
from sopc.checker import typed
from sopc.checker.program import check
from sopc.codegen.fold import fold
from sopc.codegen.lower import lower
from sopc.diagnostics import CompileError
from sopc.source import Source, Span
from sopc.syntax.parse import parse
from sopc.tree import nodes
from tests.unit.compiling import body, compiled, module_of, shown, without_spans

GOLDEN = {
    "a counted loop over ints": (
        """
        let total = 0
        for each i in 1 to n do set total = total + i * i end
        """,
        """
        0 LOAD R3:total, 0
        1 LOAD R4, 1
        2 MOVE R5, R0:n
        3 FOR_START R4…R6:i, →7
        4 MUL_INT R7, R6:i, R6:i
        5 ADD_INT R3:total, R3:total, R7
        6 FOR_NEXT R4…R6:i, →4
        7 RETURN null
        """,
    ),
    "arithmetic by types": (
        """
        let p = 1.5 * first(from items).price
        let q = n / 2 // 3
        let b = -n % 2
        """,
        """
        0 FETCH R7, [], Q0
        1 FIELD R6, R7, .price
        2 MUL R3:p, 1.5, R6
        3 DIV R6, R0:n, 2
        4 INTDIV R4:q, R6, 3
        5 NEG R6, R0:n
        6 MOD R5:b, R6, 2
        7 RETURN null
        """,
    ),
    "a condition becomes jumps": (
        'if n < 3 and not (m = 4 or m is null) then say t else if n >= 5 then say "b" else say "c" end',
        """
        0 TEST_LT R0:n, 3, else →7
        2 TEST_NE R1:m, 4, else →7
        4 JUMP_IF_NULL R1:m, →7
        5 SAY R2:t
        6 JUMP →12
        7 TEST_LE 5, R0:n, else →11
        9 SAY "b"
        10 JUMP →12
        11 SAY "c"
        12 RETURN null
        """,
    ),
    "a test is turned around where nothing is null": (
        "if n < 3 or n > 5 then say t end",
        """
        0 TEST_LE 3, R0:n, else →4
        2 TEST_LT 5, R0:n, else →5
        4 SAY R2:t
        5 RETURN null
        """,
    ),
    "and is not turned around where null may be": (
        "if m < 3 or m > 5 then say t end",
        """
        0 TEST_LT R1:m, 3, else →3
        2 JUMP →5
        3 TEST_LT 5, R1:m, else →6
        5 SAY R2:t
        6 RETURN null
        """,
    ),
    "between works its operand out once": (
        "if length(t) between 1 and n then say t end",
        """
        0 FUNC R3, [R2:t], length
        1 TEST_LE 1, R3, else →6
        3 TEST_LE R3, R0:n, else →6
        5 SAY R2:t
        6 RETURN null
        """,
    ),
    "logic as a value works its right side out only when it matters": (
        'let x = n < 3 and m > 2 or t = "a"',
        """
        0 LT R3:x, R0:n, 3
        1 JUMP_IF_FALSE R3:x, →4
        2 LT R4, 2, R1:m
        3 AND R3:x, R3:x, R4
        4 JUMP_IF_TRUE R3:x, →7
        5 EQ R4, R2:t, "a"
        6 OR R3:x, R3:x, R4
        7 RETURN null
        """,
    ),
    "a variable keeps its value until the new one is whole": (
        """
        let x = n > 0
        set x = n > 1 and m > n
        """,
        """
        0 LT R3:x, 0, R0:n
        1 LT R4, 1, R0:n
        2 JUMP_IF_FALSE R4, →5
        3 LT R5, R0:n, R1:m
        4 AND R4, R4, R5
        5 CONVERT R4, bool
        6 MOVE R3:x, R4
        7 RETURN null
        """,
    ),
    "case": (
        'let x = case when n > 1 then "a" when m is not null then "b" end',
        """
        0 TEST_LT 1, R0:n, else →4
        2 LOAD R3:x, "a"
        3 JUMP →8
        4 JUMP_IF_NULL R1:m, →7
        5 LOAD R3:x, "b"
        6 JUMP →8
        7 LOAD R3:x, null
        8 RETURN null
        """,
    ),
    "setting a part copies from the inside out": (
        """
        let r = {a: {b: [1, n]}}
        set r.a.b[n + 1] = 5
        """,
        """
        0 LOAD R6, 1
        1 MOVE R7, R0:n
        2 LIST R5, [R6, R7]
        3 RECORD R4, [R5], {b}
        4 RECORD R3:r, [R4], {a}
        5 ADD_INT R4, R0:n, 1
        6 FIELD R5, R3:r, .a
        7 FIELD R6, R5, .b
        8 SET_INDEX R6, R4, 5
        9 SET_FIELD R5, .b, R6
        10 SET_FIELD R3:r, .a, R5
        11 RETURN null
        """,
    ),
    "constants are folded and dead branches dropped": (
        'if 1 + 1 = 3 then say "no" else say "{1 + 1} {n}" end',
        """
        0 LOAD R4, "2 "
        1 MOVE R5, R0:n
        2 TEXT R3, [R4, R5]
        3 SAY R3
        4 RETURN null
        """,
    ),
    "break out of a loop without end": (
        "while true do if n > 3 then break end end",
        """
        0 TEST_LE R0:n, 3, else →3
        2 LOOP →0
        3 RETURN null
        """,
    ),
    "a loop over rows that only reads": (
        "for each i in from items where price < 2.5 and name = t do say i.name if i.id = n then return end end",
        """
        0 OPEN_QUERY R3, [R2:t], Q0
        1 NEXT R4:i, R3, else →11
        3 FIELD R5, R4:i, .name
        4 SAY R5
        5 FIELD R5, R4:i, .id
        6 TEST_EQ R5, R0:n, else →10
        8 CLOSE R3
        9 RETURN null
        10 LOOP →1
        11 RETURN null
        """,
    ),
    "a loop over rows that writes": (
        "for each i in from items do insert into log {message: i.name} end",
        """
        0 OPEN_SPOOL R3, [], Q0
        1 NEXT R4:i, R3, else →6
        3 FIELD R6, R4:i, .name
        4 WRITE R5, [R6], W0
        5 LOOP →1
        6 RETURN null
        """,
    ),
    "a loop over rows that may be one statement": (
        "for each i in from items do update items where id = i.id set quantity = i.id end",
        """
        0 LIFT R5, [], L0
        1 JUMP_IF_NULL R5, →3
        2 JUMP →9
        3 OPEN_SPOOL R3, [], Q0
        4 NEXT R4:i, R3, else →9
        6 FIELD R6, R4:i, .id
        7 WRITE R5, [R6], W0
        8 LOOP →4
        9 RETURN null
        """,
    ),
    "a loop over a list, left and continued": (
        "for each x in [1, 2] do if x = n then continue end if x = 2 then break end say t end",
        """
        0 LOAD R6, 1
        1 LOAD R7, 2
        2 LIST R5, [R6, R7]
        3 ITERATE R3, R5
        4 NEXT R4:x, R3, else →15
        6 TEST_EQ R4:x, R0:n, else →9
        8 LOOP →4
        9 TEST_EQ R4:x, 2, else →13
        11 CLOSE R3
        12 JUMP →15
        13 SAY R2:t
        14 LOOP →4
        15 RETURN null
        """,
    ),
    "try with writes": (
        "try insert into log {message: t} on error e do fail e.message end",
        """
        0 SAVEPOINT
        1 WRITE R4, [R2:t], W0
        2 RELEASE
        3 JUMP →6
        4 FIELD R4, R3:e, .message
        5 FAIL R4, 0
        6 RETURN null
        """,
    ),
    "a handler of what can't fail is dropped": (
        "try let x = 1 on error e do fail e.message end",
        """
        0 LOAD R4:x, 1
        1 RETURN null
        """,
    ),
    "assert and aggregates, the failing way out of line": (
        """
        assert n > 0, "n is {n}"
        let c = count(from items where id > n)
        emit {c: c, d: today()}
        """,
        """
        0 TEST_LT 0, R0:n, else →8
        2 FETCH R3:c, [R0:n], Q0
        3 MOVE R5, R3:c
        4 CLOCK R6, 0
        5 RECORD R4, [R5, R6], {c, d}
        6 EMIT R4
        7 RETURN null
        8 LOAD R5, "n is "
        9 MOVE R6, R0:n
        10 TEXT R4, [R5, R6]
        11 FAIL R4, 1
        """,
    ),
    "arguments that stand in a row are not moved": (
        "update items where id between n and m set name = t",
        """
        0 WRITE R3, [R0:n, R1:m, R2:t], W0
        1 RETURN null
        """,
    ),
    "asking": (
        'ask "How many?" choices ["1", t] default "1" into x: text',
        """
        0 LOAD R4, "How many?"
        1 LOAD R7, "1"
        2 MOVE R8, R2:t
        3 LIST R5, [R7, R8]
        4 LOAD R6, "1"
        5 ASK R3:x, [R4, R5, R6], for text
        6 RETURN null
        """,
    ),
}


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(("steps", "code"), GOLDEN.values(), ids=GOLDEN.keys())
def test_code(steps: str, code: str) -> None:
    assert shown(body(steps)).splitlines() == lines(code)


def test_calls() -> None:
    made = module_of("""
        script add(a: int, b: int = 2) -> int
          return a + b
        end
        script rows(n: int)
          emit from items where id < n
        end
        script s(n: int)
          let x = add(add(n), 5)
          call add(x)
          for each r in rows(x) do emit {name: r.name} end
        end
    """)
    assert shown(made).splitlines() == lines("""
        0 MOVE R6, R0:n
        1 LOAD R7, 2
        2 CALL R4, [R6, R7], call add
        3 LOAD R5, 5
        4 CALL R1:x, [R4, R5], call add
        5 MOVE R5, R1:x
        6 LOAD R6, 2
        7 CALL R4, [R5, R6], call add
        8 OPEN_CALL R2, [R1:x], call rows
        9 NEXT R3:r, R2, else →15
        11 FIELD R5, R3:r, .name
        12 RECORD R4, [R5], {name}
        13 EMIT R4
        14 LOOP →9
        15 RETURN null
    """)


def test_emitting_a_call_is_a_loop() -> None:
    made = module_of("""
        script rows()
          emit from items
        end
        script s()
          emit rows()
        end
    """)
    assert shown(made).splitlines() == lines("""
        0 OPEN_CALL R0, [], call rows
        1 NEXT R1, R0, else →5
        3 EMIT R1
        4 LOOP →1
        5 RETURN null
    """)


def test_leaving_nested_blocks_releases_and_closes_inside_out_and_is_protected_by_none_of_them() -> None:
    made = body("""
        for each i in from items do
          transaction
            try
              insert into log {message: i.name}
              return
            on error e do
              continue
            end
          end
        end
    """)
    assert shown(made).splitlines() == lines("""
        0 OPEN_SPOOL R3, [], Q0
        1 NEXT R4:i, R3, else →13
        3 SAVEPOINT
        4 SAVEPOINT
        5 FIELD R7, R4:i, .name
        6 WRITE R6, [R7], W0
        7 RELEASE
        8 RELEASE
        9 CLOSE R3
        10 RETURN null
        11 RELEASE
        12 LOOP →1
        13 RETURN null
    """)
    assert made.handlers == (Handler(5, 8, 11, 5, 1),)


def test_handlers_of_inner_blocks_come_first() -> None:
    made = body("""
        try
          try
            insert into log {message: t}
          on error e do
            insert into log {message: e.message}
          end
        on error e do
          say e.message
        end
    """)
    inner, outer = made.handlers
    assert outer.start <= inner.start < inner.end <= inner.target < outer.end <= outer.target
    assert (inner.savepoints, outer.savepoints) == (1, 0)


def test_registers_of_a_block_are_used_again_after_it() -> None:
    made = body("for each i in 1 to 3 do let x = i end", "for each k in 1 to 3 do let y = k end")
    assert made.debug.registers == ("n", "m", "t", "", "", "i/k", "x/y")
    assert made.registers == 7


def test_positions_lead_back_to_steps_and_expressions() -> None:
    made, *_ = compiled(
        'script s(n: int)\n  @2 if n > 1 then\n    let x = 1 / n\n  end\n  say "done"\nend\n', "f.sop", ("One.", "Two.")
    )
    assert [(step.path, step.sentence, step.line, step.column, step.text) for step in made.debug.steps] == [
        ("1", 2, 2, 6, "@2 if n > 1 then"),
        ("1.1", 2, 3, 5, "let x = 1 / n"),
        ("2", None, 5, 3, 'say "done"'),
    ]
    div = next(position for position in made.debug.positions if position.pc == 2)
    assert (div.step, div.line, div.column, div.end_column) == (1, 3, 13, 18)
    assert (made.debug.file, made.debug.sentences) == ("f.sop", ("One.", "Two."))
    assert "let x = 1 / n" in made.debug.source


def test_steps_of_a_tree_without_places_are_at_its_beginning() -> None:
    source = Source("tree.json", 'script s(n: int)\n  let x = 10 // n\n  if x > 1 then say "x" end\nend\n')
    bare = nodes.File.model_validate(without_spans(parse(source).model_dump(by_alias=True)))
    (made,) = lower(check(bare, source, {}, lambda name: None), source, bare, ())
    verify(made)
    assert [(step.path, step.line, step.column, step.text) for step in made.debug.steps] == [
        ("1", 1, 1, ""),
        ("2", 1, 1, ""),
        ("2.1", 1, 1, ""),
    ]
    assert {(each.line, each.column, each.end_column) for each in made.debug.positions} == {(1, 1, 1)}


def test_layout_comments_and_sentences_do_not_change_the_hash() -> None:
    one = module_of('script s(n: int)\n  if n > 1 then say "x" end\nend\n')
    other = module_of('# why\nscript s(n: int)\n\n @1 if n > 1\n then\n say "x" # so\n end\nend\n')
    changed = module_of('script s(n: int)\n  if n > 2 then say "x" end\nend\n')
    assert module_hash(one) == module_hash(other) != module_hash(changed)


def test_nothing_that_is_never_reached_is_in_the_tables() -> None:
    made = body("return", head="script s()")
    dead = body('if false then insert into log {message: "x"} end', head="script s()")
    assert shown(dead) == shown(made)
    assert (dead.writes, dead.constants) == ((), made.constants)


def test_an_empty_script() -> None:
    made = module_of("script s()\nend\n")
    assert shown(made) == "0 RETURN null"


# ── limits ─────────────────────────────────────────────────────────────────────────────────────────────────────


def const(value: bool | int | float | str | None, type_: Type = INT) -> typed.Const:
    return typed.Const(type=type_, value=value)


def op(name: str, *args: typed.Expr, type_: Type = BOOL) -> typed.Op:
    return typed.Op(type=type_, op=name, args=args)


def var(variable: typed.Variable) -> typed.Var:
    return typed.Var(type=variable.type, variable=variable)


N = typed.Variable("n", INT)
SOURCE = Source("big.sop", "a step\n")


def lowered(*steps: typed.Step) -> Module:
    """The module of a script with one int parameter n, verified."""
    signature = Signature("big", (Parameter("n", INT),), NULL, None, ("main",))
    effects = Effects(emits=True)
    program = typed.Program((typed.Script(signature, (N,), effects, steps, {}, {}, "", Span(0, 6)),))
    module = lower(program, SOURCE, nodes.File(scripts=(nodes.Script(name="big", steps=()),)), ())[0]
    verify(module)
    return module


def set_to(variable: typed.Variable, value: typed.Expr, path: str = "1") -> typed.SetVariable:
    return typed.SetVariable(path=path, span=Span(2, 6), variable=variable, target=(), value=value)


def say(*parts: str | typed.Expr) -> typed.Say:
    return typed.Say(path="1", text=typed.Interpolate(type=TEXT, parts=parts))


def refused(*steps: typed.Step) -> CompileError:
    with pytest.raises(CompileError) as caught:
        lowered(*steps)
    assert caught.value.render()
    return caught.value


def code_of(error: CompileError) -> str:
    return error.diagnostics[0].code


def variables(count: int) -> Sequence[typed.Step]:
    return [set_to(typed.Variable(f"v{i}", INT), var(N), f"{i}") for i in range(count)]


def test_the_first_variable_without_a_register_is_refused() -> None:
    assert lowered(*variables(235)).registers == 236
    error = refused(*variables(236))
    assert code_of(error) == "E0601"
    assert error.diagnostics[0].span == Span(2, 6)


def test_constants_out_of_reach_are_loaded_first() -> None:
    total = typed.Variable("total", INT)
    steps = [set_to(total, op("add", var(total), const(1000 + i), type_=INT)) for i in range(400)]
    made = lowered(set_to(total, const(0)), *steps)
    assert len(made.constants) == 402
    code = shown(made)
    assert "LOAD R2, 1399" in code
    assert "ADD_INT R1:total, R1:total, R2" in code


def test_more_field_names_than_can_be_reached_are_refused() -> None:
    record = typed.Variable("r", RECORD)
    start = set_to(record, typed.MakeRecord(type=RECORD, fields=(("a", const(1)),)))

    def reads(count: int) -> Sequence[typed.Step]:
        fields = [typed.FieldOf(type=ANY, base=var(record), name=f"f{i}") for i in range(count)]
        return [start, *(set_to(record, op("is_null", field)) for field in fields)]

    assert len(lowered(*reads(256)).constants) == 258
    assert code_of(refused(*reads(257))) == "E0602"


def test_more_functions_than_can_be_reached_are_refused() -> None:
    shapes = [
        set_to(typed.Variable("r", RECORD), typed.MakeRecord(type=RECORD, fields=((f"f{i}", var(N)),)))
        for i in range(257)
    ]
    blocks = [typed.While(path="1", condition=op("lt", var(N), const(1)), body=(step,)) for step in shapes]
    assert len(lowered(*blocks[:256]).shapes) == 256
    assert code_of(refused(*blocks)) == "E0602"


def test_long_records_lists_and_texts_are_built_in_pieces() -> None:
    fields = tuple((f"f{i}", const(i)) for i in range(200))
    made = lowered(
        typed.EmitRecord(path="1", value=typed.MakeRecord(type=RECORD, fields=fields)),
        set_to(typed.Variable("x", RECORD), typed.MakeList(type=list_of(INT), items=(var(N),) * 1000)),
        say(*[part for i in range(300) for part in (f"{i} ", var(N))]),
    )
    assert made.registers < 60


def test_a_script_too_long_is_refused() -> None:
    step = set_to(N, op("add", var(N), var(N), type_=INT))
    assert code_of(refused(*[step] * MAX_WORDS)) == "E0603"


def test_a_condition_that_skips_too_much_is_refused() -> None:
    step = set_to(N, op("add", var(N), var(N), type_=INT))
    condition = typed.Func(type=BOOL, name="like", args=(const("a", TEXT), var(N)))
    assert code_of(refused(typed.If(path="1", branches=((condition, (step,) * 40_000),), otherwise=()))) == "E0603"


@pytest.mark.parametrize("depth", [300, 5000])
def test_code_beyond_the_nesting_limit_is_refused(depth: int) -> None:
    negated: typed.Expr = op("lt", var(N), const(1))
    block: typed.Step = set_to(N, const(1))
    added: typed.Expr = var(N)
    for _ in range(depth):
        negated = op("not", negated)
        added = op("add", added, const(1), type_=INT)
        block = typed.While(path="1", condition=op("lt", var(N), const(1)), body=(block,))
    check = typed.If(path="1", branches=((negated, ()),), otherwise=())
    for step in (check, block, set_to(N, added)):
        assert code_of(refused(step)) == "E0604"


def test_a_long_chain_of_and_nests_no_deeper_than_its_fold() -> None:
    chain: typed.Expr = op("lt", var(N), const(0))
    for i in range(100):
        chain = op("and", chain, op("lt", var(N), const(i)))
    assert len(lowered(typed.If(path="1", branches=((chain, (say("x"),)),), otherwise=())).code) == 4 * (101 * 2 + 2)


def test_a_query_that_nests_too_deeply_is_refused() -> None:
    condition: algebra.Expr = Const(True, BOOL)
    for _ in range(200):
        condition = algebra.Op("not", (condition,), BOOL)
    scan = algebra.Scan(0, "main", "items")
    made = algebra.Query("main", algebra.Where(scan, condition), (("id", algebra.Column(0, "id", INT)),), ())
    step = typed.EmitQuery(path="1", query=typed.BoundQuery(made, (), RECORD))
    assert code_of(refused(step)) == "E0605"


# ── folding ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (op("add", const(1), const(2), type_=INT), 3),
        (op("div", const(1), const(2), type_=FLOAT), 0.5),
        (op("mul", const("1.10", DECIMAL), const("2.0", DECIMAL), type_=DECIMAL), "2.200"),
        (op("lt", const(1), const(None, NULL)), None),
        (op("and", const(False, BOOL), op("eq", var(N), const(1))), False),
        (op("or", const(True, BOOL), op("eq", var(N), const(1))), True),
        (op("between", const(2), const(1), const(3)), True),
        (op("in", const(2), const(1), const(2)), True),
        (op("is_null", const(None, NULL)), True),
        (op("like", const("abc", TEXT), const("a%", TEXT)), True),
        (op("sub", const("2026-03-01", DATE), const("86400", Type("duration")), type_=DATE), "2026-02-28"),
        (typed.Func(type=TEXT, name="upper", args=(const("a", TEXT),)), "A"),
        (typed.Func(type=TEXT, name="upper", args=(const(None, NULL),)), None),
        (typed.Convert(type=FLOAT, arg=const(1)), 1.0),
        (typed.Interpolate(type=TEXT, parts=("a", const(1), const(None, NULL))), "a1null"),
        (typed.Case(type=INT, branches=((const(None, BOOL), const(1)),), otherwise=None), None),
        (typed.Case(type=INT, branches=((const(True, BOOL), const(1)),), otherwise=var(N)), 1),
    ],
)
def test_constants_are_folded(expr: typed.Expr, value: object) -> None:
    folded = fold(expr)
    assert isinstance(folded, typed.Const)
    assert (type(folded.value), folded.value) == (type(value), value)


@pytest.mark.parametrize(
    "expr",
    [
        op("div", const(1), const(0), type_=FLOAT),
        op("add", const(2**63 - 1), const(1), type_=INT),
        op("neg", const(-(2**63)), type_=INT),
        op("mul", const(1e308, FLOAT), const(10.0, FLOAT), type_=FLOAT),
        op("lt", const(1), const("a", TEXT)),
        op("and", op("eq", var(N), const(1)), const(False, BOOL)),
        typed.Convert(type=INT, arg=const(None, NULL)),
        typed.Func(type=DATE, name="today", args=()),
        typed.Func(type=TEXT, name="repeat", args=(const("x", TEXT), const(5000))),
        typed.Convert(type=ANY, arg=const(1)),
    ],
)
def test_folding_leaves_expressions_that_fail_or_change_to_the_run(expr: typed.Expr) -> None:
    assert fold(expr) == expr


def test_operands_that_change_nothing_are_dropped() -> None:
    open_ = op("eq", var(N), const(1))
    assert fold(op("and", const(True, BOOL), open_)) == open_
    assert fold(op("or", open_, const(False, BOOL))) == open_


numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda n: const(n)),
    st.integers(-5, 5).map(lambda n: const(n)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: const(x, FLOAT)),
    st.decimals(-1000, 1000, places=2).map(lambda d: const(str(d), DECIMAL)),
    st.just(const(None, NULL)),
)
OPERATIONS = {
    "add": operators.add,
    "sub": operators.sub,
    "mul": operators.mul,
    "div": operators.div,
    "intdiv": operators.intdiv,
    "mod": operators.mod,
    "eq": operators.eq,
    "lt": operators.lt,
    "le": operators.le,
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(OPERATIONS)), numbers, numbers)
def test_folding_gives_what_the_machine_gives(name: str, left: typed.Const, right: typed.Const) -> None:
    operands = [conversion.from_const(Const(each.value, each.type)) for each in (left, right)]
    type_ = BOOL if name in ("eq", "lt", "le") else next((e.type for e in (left, right) if e.type is not INT), INT)
    expr = op(name, left, right, type_=type_)
    try:
        expected = OPERATIONS[name](*operands)
    except RunError:
        assert fold(expr) == expr
        return
    folded = fold(expr)
    if isinstance(folded, typed.Const):
        kept = conversion.to_const(expected, type_)
        assert repr(folded.value) == repr(kept.value)
    else:
        assert expected is not None and type_.name == "null"


# ── what conditions mean ───────────────────────────────────────────────────────────────────────────────────────

A, B = typed.Variable("a", INT.or_null()), typed.Variable("b", INT)
ints = st.one_of(
    st.just(var(A)), st.just(var(B)), st.integers(0, 2).map(lambda n: const(n)), st.just(const(None, NULL))
)
comparisons = st.one_of(
    st.builds(op, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), ints, ints),
    st.builds(op, st.just("between"), ints, ints, ints),
    st.builds(op, st.sampled_from(["is_null", "is_not_null"]), ints),
    st.sampled_from([const(True, BOOL), const(False, BOOL), const(None, NULL)]),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(op, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(op, st.just("not"), inner),
        st.builds(
            lambda when, then, otherwise: typed.Case(type=BOOL, branches=((when, then),), otherwise=otherwise),
            inner,
            inner,
            st.one_of(st.none(), inner),
        ),
    ),
    max_leaves=8,
)
MEANING: dict[str, Callable[..., object]] = {
    "eq": operators.eq,
    "ne": operators.ne,
    "lt": operators.lt,
    "le": operators.le,
    "gt": lambda a, b: operators.lt(b, a),
    "ge": lambda a, b: operators.le(b, a),
    "between": lambda x, low, high: operators.logic_and(operators.le(low, x), operators.le(x, high)),
    "is_null": lambda a: a is None,
    "is_not_null": lambda a: a is not None,
    "and": operators.logic_and,
    "or": operators.logic_or,
    "not": operators.logic_not,
}


def value_of(expr: typed.Expr | None, held: dict[typed.Variable, int | None]) -> object:
    if isinstance(expr, typed.Const):
        return expr.value
    if isinstance(expr, typed.Var):
        return held[expr.variable]
    if isinstance(expr, typed.Case):
        (when, then), *_ = expr.branches
        return value_of(then if value_of(when, held) is True else expr.otherwise, held)
    if isinstance(expr, typed.Op):
        return MEANING[expr.op](*(value_of(arg, held) for arg in expr.args))
    return None


def interpret(module: Module, *args: object) -> object:
    """What a module of tests, jumps and logic returns."""
    registers: list[object] = [*args, *[None] * (module.registers - len(args))]
    code = instructions(module)
    pc = 0
    for _ in range(1000):
        op_, a, b, c = code[pc]
        name = BY_NUMBER[op_].name
        both = [*registers, *(const.value for const in module.constants)]
        pc += 1
        if name == "RETURN":
            return both[a]
        if name == "LOAD":
            registers[a] = module.constants[b].value
        elif name == "MOVE":
            registers[a] = both[b]
        elif name == "JUMP":
            pc = b
        elif name.startswith("TEST_"):
            pc = pc + 1 if MEANING[name[5:].lower()](both[a], both[b]) is True else c
        elif name.startswith("JUMP_"):
            value = registers[a]
            wanted = {"JUMP_IF_TRUE": value is True, "JUMP_IF_FALSE": value is False, "JUMP_IF_NULL": value is None}
            pc = b if wanted.get(name, value is not True) else pc
        elif name in ("NOT", "IS_NULL"):
            registers[a] = MEANING[name.lower()](both[b])
        else:
            registers[a] = MEANING[name.lower()](both[b], both[c])
    raise AssertionError("it does not end")


def script_of(*steps: typed.Step) -> Module:
    params = (Parameter("a", A.type), Parameter("b", B.type))
    signature = Signature("s", params, ANY, None, ("main",))
    program = typed.Program((typed.Script(signature, (A, B), Effects(), steps, {}, {}, "", None),))
    module = lower(program, SOURCE, nodes.File(scripts=(nodes.Script(name="s", steps=()),)), ())[0]
    verify(module)
    return module


@settings(max_examples=400, deadline=None)
@given(conditions, st.sampled_from([None, 0, 1, 2]), st.integers(0, 2))
def test_conditions_follow_three_valued_logic(expr: typed.Expr, a: int | None, b: int) -> None:
    expected = value_of(expr, {A: a, B: b})
    yes = typed.Return(path="1", value=const("yes", TEXT))
    branching = script_of(typed.If(path="1", branches=((expr, (yes,)),), otherwise=()))
    assert (interpret(branching, a, b) == "yes") is (expected is True)
    negated = script_of(typed.If(path="1", branches=((op("not", expr), (yes,)),), otherwise=()))
    assert (interpret(negated, a, b) == "yes") is (expected is False)
    asserted = script_of(typed.While(path="1", condition=expr, body=(yes,)))
    assert (interpret(asserted, a, b) == "yes") is (expected is True)
    assert interpret(script_of(typed.Return(path="1", value=expr)), a, b) is expected

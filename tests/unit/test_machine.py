"""Calls, errors and budgets of the machine; hand-written modules that no compiler makes; the fast loops' oracle."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.bytecode.module import Call, Effects, Handler, Module, Parameter, Signature
from runtime.bytecode.verify import verify
from runtime.databases.statements import Statements
from runtime.errors import DatabaseError, SopError
from runtime.values.constants import Const
from runtime.values.types import INT, NULL, TEXT, Type
from runtime.vm.budget import Budget
from runtime.vm.data import Data
from runtime.vm.interpreter import Failed, Machine
from runtime.vm.link import Linked, prepare, spread_effects
from runtime.vm.output import Question
from runtime.vm.script import Script
from runtime.vm.tracing import Tracing, check_operands
from tests.listing import assemble
from tests.unit.sandbox import Runs, runs, types

__all__ = ["runs"]


class Silent:
    """An output that keeps what is emitted, and a host and cache that do nothing."""

    now = datetime(2026, 1, 31, tzinfo=UTC)
    writes_json = False

    def __init__(self) -> None:
        self.records: list[Any] = []

    def record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self.records.append(record)

    def rows(self, step: str, within: str | None, names: tuple[str, ...], batch: Sequence[Any]) -> None:
        self.records += [dict(zip(names, row, strict=True)) for row in batch]

    def command(self, step: str, within: str | None, command: str, store: str, rows: int) -> None: ...

    def commands(self, step: str, within: str | None, command: str, store: str, count: int) -> None: ...

    def say(self, step: str, within: str | None, text: str) -> None:
        self.records.append(text)

    def ask(self, step: str, within: str | None, question: dict[str, Any]) -> None: ...

    def release(self) -> None: ...

    def can_void(self) -> bool:
        return True

    def rollback(self, reason: str) -> None: ...

    def tick(self) -> None: ...

    def flush(self) -> None: ...

    def begin_segment(self) -> None: ...

    def end_segment(self, status: str, said: Any) -> None: ...

    def can_retry(self, error: DatabaseError) -> bool:
        return error.retry

    def retry_segment(self, error: DatabaseError) -> None:
        raise error

    def put_question(self, step: str, within: str | None, question: Question) -> None: ...

    def answer(self, question: Question) -> Any:
        return None

    def cached_statement(self, key: bytes) -> bytes | None:
        return None

    def cache_statement(self, key: bytes, value: bytes) -> None: ...


def module(
    name: str,
    code: str,
    registers: int,
    constants: tuple[Any, ...] = (),
    params: tuple[str, ...] = (),
    calls: tuple[Signature, ...] = (),
    handlers: tuple[Handler, ...] = (),
) -> Module:
    """A verified module of hand-written code; parameters and results are ints."""
    kinds: dict[type, Type] = {int: INT, str: TEXT, type(None): NULL}
    made = Module(
        signature(name, params),
        Effects(calls=tuple(call.name for call in calls), emits="EMIT" in code),
        registers,
        assemble(code, registers),
        tuple(Const(value, kinds[type(value)]) for value in constants),
        calls=tuple(Call(call) for call in calls),
        handlers=handlers,
    )
    verify(made)
    return made


def signature(name: str, params: tuple[str, ...] = ()) -> Signature:
    return Signature(name, tuple(Parameter(param, INT) for param in params), INT, None, ("main",))


def execute(modules: list[Module], args: list[Any], *, trace: bool = False, budget: Budget | None = None) -> Any:
    """Result of the first module, run without databases."""
    scripts = {each.signature.name: Script(each.signature.name, 1, "hash", each) for each in modules}
    spread_effects(scripts)
    for script in scripts.values():
        prepare(script, scripts)
    linked = Linked(scripts[modules[0].signature.name], scripts)
    host = Silent()
    budget = budget or Budget(10_000, None, None, None)
    tracer = Tracing(None) if trace else None
    return Machine(linked, args, Data({}, None, Statements(host)), host, budget, host, tracer).run()


def failure(modules: list[Module], args: list[Any], **options: Any) -> SopError:
    with pytest.raises(Failed) as raised:
        execute(modules, args, **options)
    return raised.value.error


@contextmanager
def recursion_limit(limit: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    depth = 0
    frame = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    sys.setrecursionlimit(depth + limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


DEEP = """
    TEST_LT K0 R0
    JUMP @end
    SUB_INT R1 R0 K1
    CALL R1 R1 0
    ADD_INT R1 R1 K1
    RETURN R1
end:
    RETURN K0
"""
SUM = """
    LOAD R1 K0
    LOAD R2 K1
    MOVE R3 R0
    FOR_START R2 @done
head:
    MUL_INT R5 R4 R4
    ADD_INT R1 R1 R5
    FOR_NEXT R2 @head
done:
    RETURN R1
"""
FOREVER = """
head:
    LOOP @head
"""


# ── calls and budgets ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trace", [False, True])
def test_a_chain_of_calls_far_deeper_than_pythons_limit_completes(trace: bool) -> None:
    deep = module("deep", DEEP, 2, (0, 1), ("n",), (signature("deep", ("n",)),))
    depth = 1_000 if trace else 100_000
    with recursion_limit(100):
        assert execute([deep], [depth], trace=trace, budget=Budget(depth + 2, None, None, None)) == depth


@pytest.mark.parametrize("trace", [False, True])
def test_calls_deeper_than_the_limit_end_the_run(trace: bool) -> None:
    deep = module("deep", DEEP, 2, (0, 1), ("n",), (signature("deep", ("n",)),))
    with recursion_limit(100):
        assert failure([deep], [100], trace=trace, budget=Budget(100, None, None, None)).code == "V0305"
        assert execute([deep], [99], trace=trace, budget=Budget(100, None, None, None)) == 99


@pytest.mark.parametrize("trace", [False, True])
def test_an_endless_loop_ends_by_each_of_its_limits(trace: bool) -> None:
    forever = module("forever", FOREVER, 1)
    assert failure([forever], [], trace=trace, budget=Budget(9, 5_000, None, None)).code == "V0302"
    assert failure([forever], [], trace=trace, budget=Budget(9, None, None, 0.0)).code == "V0303"
    stopped = Budget(9, None, None, None)
    stopped.cancelled = "the client is gone"
    error = failure([forever], [], trace=trace, budget=stopped)
    assert (error.code, error.message, error.exit_code) == ("V0301", "the client is gone", 130)


def test_a_limit_of_instructions_holds_for_loops_with_a_function_of_their_own() -> None:
    loop = module("sum", SUM, 6, (0, 1), ("n",))
    assert failure([loop], [10**9], budget=Budget(9, 1_000_000, None, None)).code == "V0302"
    assert execute([loop], [1_000], budget=Budget(9, 1_000_000, None, None)) == 333_833_500


@pytest.mark.parametrize("trace", [False, True])
def test_a_call_costs_the_length_of_the_script_and_a_loop_its_own_each_time_round(trace: bool) -> None:
    deep = module("deep", DEEP, 2, (0, 1), ("n",), (signature("deep", ("n",)),))
    loop = module("sum", SUM, 6, (0, 1), ("n",))
    for made, length in ((deep, 7), (loop, 3)):
        cost = 1_000 * length
        enough, little = Budget(2_000, cost + 1, None, None), Budget(2_000, cost - 2 * length, None, None)
        assert execute([made], [1_000], trace=trace, budget=enough) in (1_000, 333_833_500)
        assert failure([made], [1_000], trace=trace, budget=little).code == "V0302"


def test_a_budget_error_is_not_caught_by_a_script(runs: Runs) -> None:
    runs.compile("script f()\n  try while true do end on error e do say e.code end\nend\n")
    assert runs.error("f", max_instructions=50_000)["result"]["code"] == "V0302"


def test_emitted_rows_are_limited(runs: Runs) -> None:
    runs.compile("script f()\n  emit from items\nend\nscript g()\n  for each i in 1 to 9 do emit {i: i} end\nend\n")
    assert runs.error("f", max_rows=2)["result"]["code"] == "V0304"
    assert len(runs.records("f", max_rows=3)) == 3
    assert runs.error("g", max_rows=2)["result"]["code"] == "V0304"


# ── modules that no compiler makes ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize(
    ("code", "constants", "wanted"),
    [
        ("ADD_INT R0 K0 K1\nRETURN R0", ("a", "b"), "V0106"),
        ("MUL_INT R0 K0 K1\nRETURN R0", ("a", 10**15), "V0106"),
        ("SUB_INT R0 K0 K1\nRETURN R0", (-(2**63), 1), "V0101"),
        ("MUL_INT R0 K0 K1\nRETURN R0", (2**62, 2), "V0101"),
        ("TEST_LT K0 K1\nJUMP @end\nend:\nRETURN K0", ("a", 1), "V0106"),
        ("TEST_EQ K0 K1\nJUMP @end\nend:\nRETURN K0", ("a", 1), "V0106"),
        ("LOAD R0 K0\nJUMP_UNLESS R0 @end\nend:\nRETURN K0", (1,), "V0106"),
        ("FIELD R0 K0 K1\nRETURN R0", (1, "name"), "V0106"),
        ("INDEX R0 K0 K1\nRETURN R0", (1, 2), "V0106"),
        ("LOAD R0 K0\nSET_INDEX R0 K0 K0\nRETURN R0", (1,), "V0106"),
        ("LOAD R0 K0\nSET_FIELD R0 K1 K0\nRETURN R0", (1, "a"), "V0106"),
        ("LOAD R0 K0\nAPPEND R0 K0\nRETURN R0", (1,), "V0106"),
        ("ITERATE R0 K0\nCLOSE R0\nRETURN K0", (1,), "V0106"),
        ("EMIT K0\nRETURN K0", (1,), "V0106"),
        ("LOAD R0 K0\nLOAD R1 K1\nFOR_START R0 @end\nend:\nRETURN K0", (1, "b"), "V0106"),
    ],
)
def test_operands_of_the_wrong_kind_are_errors(code: str, constants: tuple[Any, ...], wanted: str, trace: bool) -> None:
    assert failure([module("hostile", code, 3, constants)], [], trace=trace).code == wanted


@pytest.mark.parametrize("trace", [False, True])
def test_null_goes_through_fast_instructions(trace: bool) -> None:
    code = (
        "ADD_INT R1 R0 K0\nMUL_INT R1 R1 K0\nSUB_INT R1 R1 K0\nTEST_LE R1 K0\nJUMP @null\nRETURN K0\nnull:\nRETURN R1"
    )
    assert execute([module("f", code, 2, (7,), ("n",))], [None], trace=trace) is None


def test_a_text_that_doubles_without_end_is_stopped() -> None:
    code = "LOAD R0 K0\nhead:\nMOVE R1 R0\nTEXT R0 R0 2\nLOOP @head"
    assert failure([module("bomb", code, 2, ("x",))], []).code == "V0108"


def test_a_value_nested_without_end_is_an_error_where_it_is_shown() -> None:
    code = """
        LOAD R0 K0
        LOAD R1 K1
        LOAD R2 K2
        FOR_START R1 @done
    head:
        LIST R0 R0 1
        FOR_NEXT R1 @head
    done:
        TEXT R0 R0 1
        RETURN R0
    """
    assert failure([module("deep", code, 4, (0, 1, 100_000))], []).code == "V0108"


def test_operands_are_asserted_when_debugging() -> None:
    made = module("f", "ADD_INT R0 K0 K0\nRETURN R0", 1, (1,))
    script = Script("f", 1, "hash", made)
    prepare(script, {"f": script})
    script.code[0] = (script.code[0][0], 7, 1, 1)
    with pytest.raises(AssertionError, match="ADD_INT at 0 writes past the registers"):
        check_operands(Machine(Linked(script, {}), [], Data({}, None, Statements(Silent())), *_rest()).stack[0])


def _rest() -> Any:
    silent = Silent()
    return silent, Budget(9, None, None, None), silent


# ── errors ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trace", [False, True])
def test_an_error_is_caught_two_calls_up(trace: bool) -> None:
    low = module("low", "FAIL K0 0", 1, ("deep down",))
    middle = module("middle", "CALL R0 R0 0\nRETURN R0", 1, (), (), (signature("low"),))
    code = "CALL R0 R0 0\nRETURN K0\ncaught:\nFIELD R1 R0 K1\nRETURN R1"
    top = module("top", code, 2, (0, "message"), (), (signature("middle"),), (Handler(0, 1, 2, 0, 0),))
    assert execute([top, middle, low], [], trace=trace) == "deep down"


def test_a_caught_error_has_code_message_and_step(runs: Runs) -> None:
    runs.compile("""
script divides(by: int) -> float
  return 1 / by
end
script f(by: int) -> text
  try
    let x = divides(by)
  on error e do
    return "{e.code} {e.message} {e.step}"
  end
  return "fine"
end
""")
    assert runs.result("f", {"by": 0}) == "V0102 division by zero divides/1"
    assert runs.result("f", {"by": 1}) == "fine"


def test_an_error_says_where_and_through_which_calls(runs: Runs) -> None:
    runs.compile("""script low(n: int) -> int
  if n = 0 then fail "bottom" end
  return low(n - 1)
end
script top(n: int) -> int
  let x = low(n)
  return x
end
""")
    line = runs.error("top", {"n": 2})
    assert (line["step"], line["in"]) == ("1.1", "top/low/low/low")
    result = line["result"]
    assert (result["code"], result["message"], result["script"], result["line"]) == ("V0401", "bottom", "low", 2)
    assert [(call["script"], call["step"]) for call in result["backtrace"]] == [
        ("low", "2"),
        ("low", "2"),
        ("top", "1"),
    ]
    result = runs.error("top", {"n": 500})["result"]
    assert len(result["backtrace"]) == 17
    assert {"elided": 501 - 16} in result["backtrace"]


def test_an_error_in_a_module_without_positions_names_its_script() -> None:
    with pytest.raises(Failed) as raised:
        execute([module("f", "FAIL K0 0", 1, ("no",))], [])
    assert raised.value.trace is not None and raised.value.trace.to_json() == {"script": "f"}


def test_try_undoes_data_but_not_variables_or_lines(runs: Runs) -> None:
    runs.compile("""
script f() -> int
  let n = 1
  insert into log {text: "before"}
  try
    set n = 2
    insert into log {text: "inside"}
    say "said"
    fail "no"
  on error e do
    insert into log {text: "after {e.message}"}
  end
  return n
end
""")
    lines = runs.run("f")
    assert lines[-1]["result"] == 2
    assert types(lines) == ["start", "command", "command", "say", "command", "end"]
    assert runs.sql("SELECT text FROM log ORDER BY id") == [("before",), ("after no",)]


def test_loops_left_by_an_error_let_go_of_their_rows(runs: Runs) -> None:
    runs.compile("""
script f() -> int
  let caught = 0
  for each a in from items do
    try
      for each b in from items do
        if b.id = 2 then fail "two" end
      end
    on error e do
      set caught = caught + a.quantity
    end
  end
  return caught
end
""")
    assert runs.result("f") == 62


def test_a_hot_loop_goes_on_where_its_function_does_not_cover_its_first_instruction(runs: Runs) -> None:
    runs.compile("""
script f(n: int, by: int) -> int
  let c = 0
  for each i in 1 to n do
    set c = i // by
  end
  return c
end
""")
    assert runs.result("f", {"n": 9000, "by": -7}, max_seconds=20) == -1285


# ── traces ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trace_shows_instructions_with_their_operands(runs: Runs) -> None:
    runs.compile("script f(n: int) -> int\n  let twice = n + n\n  return g(twice)\nend\n"
                 "script g(m: int) -> int\n  return m * 10\nend\n")  # fmt: skip
    trace = io.StringIO()
    assert runs.result("f", {"n": 21}, trace=trace) == 420
    shown = trace.getvalue().splitlines()
    assert "ADD_INT" in shown[0] and shown[0].endswith("# 21, 21")
    assert shown[-1].startswith("f 2") and "RETURN" in shown[-1]
    assert any(line.startswith("  g 1") and "MUL_INT" in line for line in shown)


# ── the fast loop and loops' functions against the handlers ────────────────────────────────────────────────────

NAMES = ("a", "b", "c")
LIMITS = (0, 1, -1, 2, 3, 7, -5, 2**31, 2**62, -(2**62), 2**63 - 1)
operands = st.sampled_from(NAMES) | st.sampled_from([*NAMES, "i"]) | st.sampled_from(LIMITS).map(str)
wild = st.tuples(st.sampled_from(NAMES), operands, st.sampled_from(["+", "-", "*", "//", "%"]), operands).map(
    lambda parts: f"set {parts[0]} = {parts[1]} {parts[2]} {parts[3]}"
)
tame = st.tuples(
    st.sampled_from(NAMES), operands, st.sampled_from(["+", "-"]), st.sampled_from([*NAMES, "i", "3"])
).map(lambda parts: f"set {parts[0]} = ({parts[1]} {parts[2]} {parts[3]}) % 1000")
simple = st.one_of(tame, tame, tame, wild)
leave = st.sampled_from(["break", "continue", "set a = b", "set c = i"])


def _inside(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    condition = st.tuples(operands, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), operands).map(" ".join)
    branches = st.tuples(condition, inner, inner).map(lambda p: f"if {p[0]} then\n{p[1]}\nelse\nset c = c\n{p[2]}\nend")
    leaves = st.tuples(condition, leave).map(lambda p: f"if {p[0]} then {p[1]} end")
    blocks = st.lists(inner, min_size=1, max_size=3).map("\n".join)
    return branches | leaves | blocks


bodies = st.recursive(simple, _inside, max_leaves=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, bodies, st.integers(1, 40))
def test_fast_loops_mean_what_the_handlers_mean(runs: Runs, outer: str, inner: str, rounds: int) -> None:
    text = f"""
script f(a: int, b: int, n: int) -> text
  let c = 0
  try
    for each i in 1 to n do
{outer}
      for each k in 1 to 3 do
{inner}
      end
    end
  on error e do
    return "{{a}} {{b}} {{c}} {{e.code}} {{e.step}}"
  end
  return "{{a}} {{b}} {{c}}"
end
"""
    runs.compile(text)
    args = {"a": rounds, "b": 3, "n": 600}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOP_DEBUG", "1")  # by handlers alone, every operand asserted
        plain = runs.result("f", args)
    assert runs.result("f", args) == plain

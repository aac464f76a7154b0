"""Every hard limit of a program: just inside, it compiles and runs; just beyond, it is refused with the limit's
code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from runtime.library.store import Library
from sopc.diagnostics import CompileError
from tests.harness import compile_text, exact, execute, make_database, store


class Limit(NamedTuple):
    """make(n): a script `test` that emits {"x": …}. within: an n that runs, with the x it emits. beyond: an n that is
    refused with one of these codes; 0 where there is no limit."""

    make: Callable[[int], str]
    within: int
    x: object
    beyond: int = 0
    codes: str = ""


def script(*steps: str) -> str:
    return "script test()\n" + "\n".join(steps) + "\nend\n"


def variables(n: int) -> str:
    """So many variables in use at once."""
    total = "".join(f"  set total = total + v{i}\n" for i in range(n))
    return script(
        *(f"  let v{i} = {i} + count(from numbers) - 5" for i in range(n)),
        "  let total = 0",
        total,
        "  emit {x: total}",
    )


def brackets(n: int) -> str:
    return script(f"  emit {{x: {'(' * n}1{')' * n}}}")


def negations(n: int) -> str:
    return script(f"  let t = count(from numbers) = 5\n  emit {{x: {'not ' * n}t}}")


def sums(n: int) -> str:
    return script("  let one = count(from numbers) - 4", f"  emit {{x: {' + '.join(['one'] * n)}}}")


def blocks(n: int) -> str:
    return script("  let x = 0", "  if true then\n" * n, "  set x = 1", "  end\n" * n, "  emit {x: x}")


def loops(n: int) -> str:
    return script(
        "  let x = 0",
        *(f"  for each i{k} in 1 to 1 do" for k in range(n)),
        "  set x = x + 1",
        "  end\n" * n,
        "  emit {x: x}",
    )


def records(n: int) -> str:
    return script(f"  let r = {'{a: ' * n}1{'}' * n}", f"  emit {{x: r{'.a' * n}}}")


def list_items(n: int) -> str:
    return script(f"  let xs = [{', '.join(map(str, range(n)))}]", f"  emit {{x: xs[{n - 1}]}}")


def record_fields(n: int) -> str:
    return script(f"  let r = {{{', '.join(f'f{i}: {i}' for i in range(n))}}}", f"  emit {{x: r.f{n - 1}}}")


def queries(n: int) -> str:
    return script(
        "  let x = 0", *(f"  set x = x + count(from numbers where n > {i})" for i in range(n)), "  emit {x: x}"
    )


def constants(n: int) -> str:
    return script(f"  let xs = [{', '.join(str(1000 + i) for i in range(n))}]", f"  emit {{x: xs[{n - 1}]}}")


def long_branch(n: int) -> str:
    """A loop whose body has 50 n instructions."""
    body = f"    set x = x{' + one' * 50}\n" * n
    return script(
        "  let x = 0\n  let one = count(from numbers) - 4", "  for each i in 1 to 2 do", body, "  end\n  emit {x: x}"
    )


def one_line(n: int) -> str:
    """So many steps on one line, which listings show beside each step."""
    return script("  let x = count(from numbers) - 5", "  set x = x + 1" * n, "  emit {x: x}")


def disjunction(n: int) -> str:
    return script(f"  emit from numbers where {' or '.join(['n = 1'] * n)} select n as x")


def stages(n: int) -> str:
    return script(f"  emit from numbers where n = 1 {'where n > 0 derive m = n + 1 select n ' * n} select n as x")


def unions(n: int) -> str:
    return script(f"  emit from numbers where n = 1 {'union (from numbers where n = 1) ' * n} select n as x")


def calls(n: int) -> str:
    return "script one(x: int) -> int\n  return x\nend\n" + script(f"  emit {{x: {'one(' * n}1{')' * n}}}")


def parameters(n: int) -> str:
    head = ", ".join(f"p{i}: int" for i in range(n))
    return f"script last({head}) -> int\n  return p{n - 1}\nend\n" + script(
        f"  emit {{x: last({', '.join(map(str, range(n)))})}}"
    )


def else_ifs(n: int) -> str:
    chain = "".join(f"if k = {i} then set x = {i} else\n  " for i in range(n))
    return script("  let k = count(from numbers) - 5", "  let x = -1", f"  {chain} set x = -2 end", "  emit {x: x}")


DEEP = "E0114 E0604"
LIMITS = [
    Limit(variables, 150, 150 * 149 // 2, 400, "E0601"),
    Limit(brackets, 1_000, 1),
    Limit(negations, 100, True, 5_000, DEEP),
    Limit(sums, 100, 100, 5_000, DEEP),
    Limit(blocks, 20, 1, 5_000, DEEP),
    Limit(loops, 40, 1, 200, "E0601 " + DEEP),
    Limit(records, 30, 1, 5_000, DEEP),
    Limit(list_items, 5_000, 4_999),
    Limit(record_fields, 100, 99, 2_000, "E0601 E0602"),
    Limit(queries, 100, 15, 1_000, "E0602"),
    Limit(constants, 1_000, 1_999, 67_000, "E0602 E0603"),
    Limit(long_branch, 100, 10_000, 700, "E0603"),
    Limit(disjunction, 100, 1, 5_000, "E0114 E0604 E0605"),
    Limit(stages, 20, 1, 2_000, "E0114 E0605"),
    Limit(unions, 20, 1, 1_000, "E0114 E0606"),
    Limit(calls, 30, 1, 5_000, DEEP),
    Limit(parameters, 50, 49, 1_000, "E0601"),
    Limit(else_ifs, 1_000, 0),
    Limit(one_line, 3_000, 3_000),
]


def name(limit: Limit) -> str:
    return limit.make.__name__


@pytest.mark.parametrize("limit", LIMITS, ids=name)
def test_within_the_limit_a_script_runs(limit: Limit, tmp_path: Path) -> None:
    database = tmp_path / "main.db"
    modules = compile_text(limit.make(limit.within), make_database(database))
    with Library.open(tmp_path / "home") as library:
        store(library, modules)
        raw, _ = execute(library, "test", database)
    lines = [exact(line) for line in raw.decode().splitlines()]
    assert [line["result"] for line in lines if line["type"] == "record"] == [{"x": limit.x}], lines


@pytest.mark.parametrize("limit", [limit for limit in LIMITS if limit.beyond], ids=name)
def test_beyond_the_limit_a_script_is_refused(limit: Limit, tmp_path: Path) -> None:
    schema = make_database(tmp_path / "main.db")
    with pytest.raises(CompileError) as caught:
        compile_text(limit.make(limit.beyond), schema)
    finding = caught.value.diagnostics[0]
    assert finding.code in limit.codes.split(), caught.value.render()[:500]
    assert finding.hint

"""Programs with more parts than one instruction takes, or more constants than its operands reach → the same values."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.bytecode.parts import MAX_DEPTH
from runtime.library.store import Library
from sopc.codegen.expressions import WINDOW
from sopc.diagnostics import CompileError
from tests.engines import SQLITE
from tests.harness import compile_text, exact, execute, store

COUNTS = (1, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW, 2 * WINDOW + 1, 6 * WINDOW)


def records(text: str, folder: Path) -> list[object]:
    """What the last script emits and says."""
    place = SQLITE.place(folder)
    SQLITE.script(place, "create table things (id integer primary key, name text)")
    with Library.open(folder / "home") as library:
        store(library, compile_text(text, SQLITE.read_schema(place)))
        raw, code = execute(library, "test", place)
    lines = [exact(line) for line in raw.decode().splitlines()]
    assert code == 0, lines
    return [line["result"] for line in lines if line["type"] in ("record", "say")]


@pytest.mark.parametrize("count", COUNTS)
def test_lists_records_and_texts(count: int, tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(count)]
    fields = ", ".join(f"{name}: x + {number}" for number, name in enumerate(names))
    text = f"""
script test(x: int = 10)
  emit {{l: [{", ".join(f"x + {number}" for number in range(count))}]}}
  emit {{{fields}}}
  say "{",".join(f"{{x + {number}}}" for number in range(count))}."
  say "one more: {",".join(f"{{x + {number}}}" for number in range(count))}."
  let any: any = {{{fields}}}
  say "{{any.f0}} {{any.{names[-1]}}}"
end
"""
    numbers = [10 + number for number in range(count)]
    assert records(text, tmp_path) == [
        {"l": numbers},
        dict(zip(names, numbers, strict=True)),
        ",".join(map(str, numbers)) + ".",
        "one more: " + ",".join(map(str, numbers)) + ".",
        f"{numbers[0]} {numbers[-1]}",
    ]


@pytest.mark.parametrize("more", ["", "let more = x\n"])  # an odd and an even number of registers
@pytest.mark.parametrize("count", [100, 254, 255, 256, 300, 700])
def test_constants_beyond_the_operands_of_an_instruction(count: int, more: str, tmp_path: Path) -> None:
    """The most used constants come first, so those at the end are used once: in each kind of operand."""
    used = "\n".join(f"  set sum = sum + {1000 + number} + {1000 + number}" for number in range(count))
    text = f"""
script test(x: int = 1, e: any = null)
  {more}let sum = 0
  let l = [1, 2, 3]
  let r: any = {{inner: {{deep: 5}}, other: 6}}
{used}
  set l[2] = 900001
  set l[x] = 900002
  emit {{sum: sum, l: l, deep: r.inner.deep, other: r.other}}
  emit {{low: x < 900003, high: 900004 < x, between: x between -900005 and 900006, item: x in (900007, 1)}}
  emit {{text: "{{x - 900008}} of {{900009 - x}}", many: abs(x - 900010), least: least(900011, x + 900012)}}
  if x > -900013 and not x > 900014 then say "once {{x + 900015}}" end
  insert into things {{id: 900016, name: "name {{x}}"}}
  emit from things where id = 900016 and name != "none of these"
end
"""
    total = 2 * sum(1000 + number for number in range(count))
    assert records(text, tmp_path) == [
        {"sum": total, "l": [1, 900002, 900001], "deep": 5, "other": 6},
        {"low": True, "high": False, "between": True, "item": True},
        {"text": "-900007 of 900008", "many": 900009, "least": 900011},
        "once 900016",
        {"id": 900016, "name": "name 1"},
    ]


def nested(deep: int) -> str:
    return "(" * deep + "x" + " + 1)" * deep


@pytest.mark.parametrize(
    "step",
    [
        "emit from things where id = {}",
        "update things set id = {}",
        "update things where id = {} set id = 1",
        "delete from things where id = {}",
        "insert into things from things select {} as id",
        "let y = {}",
        'if {} = 1 then say "a" end',
    ],
)
def test_what_is_nested_too_deeply_is_told_however_much_came_before(step: str, tmp_path: Path) -> None:
    place = SQLITE.place(tmp_path)
    SQLITE.script(place, "create table things (id integer primary key, name text)")
    schema = SQLITE.read_schema(place)
    before = 'if x > 1 and (x > 2 or x > 3) then say "{x + 1}" end\n' * MAX_DEPTH

    def codes(deep: int) -> list[str]:
        name = "id" if "things" in step else "x"
        text = f"script test(x: int)\n{before}{step.format(nested(deep).replace('x', name))}\nend\n"
        try:
            compile_text(text, schema)
        except CompileError as error:
            return [each.code for each in error.diagnostics]
        return []

    assert codes(MAX_DEPTH - 10) == []
    assert set(codes(MAX_DEPTH + 10)) == {"E0604"}

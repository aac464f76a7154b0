"""The examples of API.md run; and importing the API loads nothing heavy."""

from __future__ import annotations

import asyncio
import gc
import re
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

import runtime
import sopc
from runtime.record_queue import AHEAD
from tests.commands import ROOT, Place, environment

EXAMPLES = re.findall(r"^```python\n(.*?)^```$", (ROOT / "API.md").read_text(encoding="utf-8"), re.M | re.S)
HEAVY = ("lark", "pydantic", "sqlglot", "openai", "click", "numpy", "pandas", "pyarrow")


def run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_examples_run_and_print_nothing(tmp_path: Path) -> None:
    assert len(EXAMPLES) == 9  # one makes the database
    assert [run(example, tmp_path) for example in EXAMPLES] == [""] * 9


ODD = """
script odd(day: date, price: decimal(8,2), tags: list<text> = []) -> decimal(8,2)
  emit { day: day, price: price, tags: tags, none: null }
  return price
end

script half_way()
  emit { n: 1 }
  fail "no"
end
"""


def test_values_are_those_of_python(tmp_path: Path) -> None:
    with sopc.open(str(tmp_path / ".sop")) as library:
        assert [script.name for script in library.compile(ODD)] == ["odd", "half_way"]
        result = library.run("odd", day=date(2026, 1, 31), price=Decimal("1.50"), tags=["a"])
        assert result.one() == {"day": date(2026, 1, 31), "price": Decimal("1.50"), "tags": ["a"], "none": None}
        assert result.result == Decimal("1.50")
        assert library.run("odd", day="2026-01-31", price="1.50").one()["day"] == date(2026, 1, 31)


def test_errors_carry_code_place_and_hint(tmp_path: Path) -> None:
    with sopc.open(str(tmp_path / ".sop")) as library:
        library.compile(ODD)
        records = library.run("half_way")
        assert next(records) == {"n": 1}
        with pytest.raises(sopc.RunError) as failed:
            next(records)
        assert (failed.value.step, failed.value.line) == ("2", 9) and isinstance(failed.value, runtime.Error)
        for wrong in (
            lambda: library.run("nothing"),
            lambda: library.run("odd"),
            lambda: library.run("odd", day="x", price=1),
            lambda: library.query("from nowhere"),
            lambda: library.compile("script s(\n"),
            lambda: library.compile(tmp_path / "missing.sop"),
        ):
            with pytest.raises(sopc.Error) as caught:
                wrong()
            assert re.fullmatch(r"[A-Z]\d{4}", caught.value.code) and caught.value.message
        with pytest.raises(sopc.CompileError) as found:
            library.compile("script s()\n  let a = b\n  let c = d\nend\n")
        assert [(finding.line, finding.column) for finding in found.value.findings] == [(2, 11), (3, 11)]


@pytest.mark.parametrize("package", ["sopc", "runtime"])
def test_importing_loads_nothing_heavy(package: str, tmp_path: Path) -> None:
    code = f"import sys, {package}; print(sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r})))"
    assert run(code, tmp_path) == "[]\n"


def test_running_needs_no_compiler_and_no_click(tmp_path: Path) -> None:
    for example in EXAMPLES[:2]:
        run(example, tmp_path)
    block = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {('sopc', *HEAVY)!r}: raise ModuleNotFoundError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    assert run(block + EXAMPLES[2], tmp_path) == ""


def test_every_public_name_is_there_and_documented() -> None:
    for package in (sopc, runtime):
        for name in package.__all__:
            assert getattr(package, name).__doc__, name


@pytest.mark.parametrize("package", ["sopc", "runtime", "grammar"])
def test_packages_are_typed(package: str) -> None:
    assert files(package).joinpath("py.typed").is_file()


# ── records while the run goes on ──────────────────────────────────────────────────────────────────────────────────

MANY = """
script many(upto: int) -> int
  for each i in 1 to upto do
    emit { n: i }
  end
  say "done"
  return upto
end

script broken(after: int)
  for each i in 1 to after do
    emit { n: i }
  end
  fail "no more"
end

script keep(upto: int)
  for each i in 1 to upto do
    insert into kept { n: i }
    emit { n: i }
  end
end
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[sopc.Library]:
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection:
        connection.execute("create table kept (n integer primary key)")
    with sopc.open(str(tmp_path / ".sop"), {"main": f"sqlite:///{tmp_path}/main.db"}) as opened:
        opened.compile(MANY)
        yield opened


def test_a_run_is_only_some_records_ahead_of_its_reader(library: sopc.Library) -> None:
    """A run of ten million records that were collected first would need gigabytes, and minutes."""
    records = library.run("many", upto=10_000_000)
    assert [next(records)["n"] for _ in range(3)] == [1, 2, 3]
    assert records._records._waiting <= AHEAD
    records.close()
    with pytest.raises(sopc.Error) as ended:
        list(records)
    assert ended.value.code == "V0301"


def test_the_end_of_a_run_is_waited_for_and_no_record_is_lost(library: sopc.Library) -> None:
    result = library.run("many", upto=5000)
    assert next(result) == {"n": 1}
    assert (result.result, result.status, result.said) == (5000, "ok", ["done"])
    assert [row["n"] for row in result] == list(range(2, 5001))
    assert list(result) == []


@pytest.mark.parametrize("after", [0, 1, 3000])
def test_a_failed_run_never_looks_whole(library: sopc.Library, after: int) -> None:
    seen = []
    with pytest.raises(sopc.RunError, match="no more"):
        for row in library.run("broken", after=after):
            seen.append(row["n"])
    assert seen == list(range(1, after + 1))


def test_a_run_that_failed_says_so_wherever_it_is_asked(library: sopc.Library) -> None:
    result = library.run("broken", after=2)
    for look in (lambda: result.result, lambda: result.status, lambda: result.said, lambda: result.changes):
        with pytest.raises(sopc.RunError, match="no more"):
            look()
    assert [next(result)["n"], next(result)["n"]] == [1, 2]
    for _ in range(2):
        with pytest.raises(sopc.RunError, match="no more"):
            next(result)


def test_a_script_that_writes_has_ended_when_its_result_is_there(library: sopc.Library) -> None:
    library.run("keep", upto=3000)
    assert library.query("from kept select count() as n").one() == {"n": 3000}


def test_results_are_read_side_by_side_and_after_the_library_is_closed(library: sopc.Library) -> None:
    one, other = library.run("many", upto=3000), library.run("many", upto=3000)
    assert all(a == b for a, b in zip(one, other, strict=True))
    short, long = library.run("many", upto=3), library.run("many", upto=10_000_000)
    assert short.result == 3
    library.close()
    assert [row["n"] for row in short] == [1, 2, 3]
    with pytest.raises(sopc.Error, match="nobody reads"):
        long.records()


def test_a_result_that_nobody_needs_ends_its_run(library: sopc.Library) -> None:
    result = library.run("many", upto=10_000_000)
    thread = result._run
    assert thread.is_alive()
    del result
    gc.collect()
    assert not thread.is_alive()


def test_streamed_writes_are_undone_when_they_are_not_read_to_the_end(library: sopc.Library) -> None:
    for upto in (10, 3000):
        for row in library.run("keep", upto=upto, stream=True):
            assert row == {"n": 1}
            break
        assert library.query("from kept select count() as n").one() == {"n": 0}
    result = library.run("keep", upto=10, stream=True)
    assert next(result) == {"n": 1}
    assert result.changes == {("insert", "kept"): 10}  # it asks for the end of the run
    assert [row["n"] for row in result] == list(range(2, 11))
    with library.run("keep", upto=20, stream=True), pytest.raises(sopc.RunError):
        library.run("broken", after=0)
    assert library.query("from kept select count() as n").one() == {"n": 10}


def test_a_coroutine_reads_waits_and_stops_while_others_go_on(library: sopc.Library) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read(name: str, upto: int) -> list[int]:
        return [row["n"] async for row in library.run(name, upto=upto, stream=True)]

    async def work() -> None:
        beside = asyncio.create_task(others())
        assert await asyncio.gather(*(read("many", 2000 + each) for each in range(3))) == [
            list(range(1, 2001 + each)) for each in range(3)
        ]
        before = turns
        result = await library.run("many", upto=5000, stream=True)
        assert (result.result, len(result.records())) == (5000, 5000) and turns > before
        assert await read("keep", 3) == [1, 2, 3]
        with pytest.raises(sopc.RunError, match="no more"):
            async for _ in library.run("broken", after=2, stream=True):
                pass
        with pytest.raises(sopc.RunError, match="no more"):
            await library.run("broken", after=2, stream=True)
        endless = library.run("many", upto=10_000_000, stream=True)
        waiting = asyncio.create_task(endless._ended())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not endless._run.is_alive()
        beside.cancel()

    asyncio.run(work())


def test_questions_are_answered_or_told_with_their_choices(library: sopc.Library) -> None:
    library.compile(
        'script pick() -> text\n  ask "Which?" choices ["red", "blue"] into colour: text\n  return colour\nend'
    )
    with pytest.raises(sopc.Waiting, match="Which") as waiting:
        library.run("pick")
    question = waiting.value.question
    assert (question.text, question.choices, str(question.type)) == ("Which?", ["red", "blue"], "text")
    assert library.run("pick", answers={question.step: "blue"}).result == "blue"
    assert library.run("pick", ask=lambda asked: (asked.choices or [])[0], stream=True).result == "red"


def test_what_a_text_leaves_open_is_refused_with_its_choices(library: sopc.Library) -> None:
    library.load([{"name": "a", "width": 2, "height": 9}, {"name": "b", "width": 5, "height": 3}], store="boxes")
    text = "Show the boxes, largest first."
    for ask in (library.do, library.compile):
        with pytest.raises(sopc.Refused, match="which of these is meant") as refused:
            ask(text, translator="patterns")
        error = refused.value
        assert isinstance(error, sopc.CompileError) and (error.code, error.sentence) == ("T0210", 1)
        assert len(error.choices) == 2 and error.findings[0].choices == error.choices
        assert error.hint is not None and "answers={1: 1}" in error.hint
    first = {library.do(text, translator="patterns", answers={1: each}).records()[0]["name"] for each in (1, 2)}
    assert first == {"a", "b"}
    assert library.do(text, translator="patterns", answers={1: error.choices[0]}).records()
    with pytest.raises(sopc.Error) as unused:
        library.do("Show the boxes.", translator="patterns", answers={1: 1})
    assert unused.value.code == "T0211"


def test_an_error_that_nobody_catches_shows_what_to_try(library: sopc.Library) -> None:
    def shown(error: BaseException) -> list[str]:
        return [line.strip() for line in traceback.format_exception_only(error)]

    with pytest.raises(sopc.Error) as unknown:
        library.run("manyy")
    assert shown(unknown.value)[1:] == [f"try: {unknown.value.hint}"]
    with pytest.raises(sopc.CompileError) as wrong:
        library.compile("script s()\n  let a = b\n  let c = d\nend\n")
    assert [line[:5] for line in shown(wrong.value)[-1:]] == ["E0201"]
    with pytest.raises(sopc.Refused) as refused:
        library.load([{"width": 2, "height": 9}], store="boxes")
        library.do("Show the boxes, largest first.", translator="patterns")
    assert [line[:2] for line in shown(refused.value)[-2:]] == ["1.", "2."]


# the sketch that the API was built from
SKETCH = """
import sqlite3
import sopc
with sopc.open() as lib:
    for row in lib.run("audit_salary", dept="Sales"): ...
    df = lib.run("audit_salary").df()
    lib.run("audit_salary").arrow(), lib.run("audit_salary").records(), lib.run("top").one(), lib.run("top").result
    lib.run("top").said, lib.run("top").status
    lib.do("Show the 5 sales with the highest total.").df()
    sqlite3.connect(".sop/main.db").execute("drop table sales").connection.close()  # the store of the line above
    s = lib.compile("workflow.txt"); s.program, s.explained, s.effects, s.doubts
    lib.run("reorder", dry_run=True).changes;  lib.run("asker", ask=lambda q: input(q.text))
    lib.load(df, store="sales"); lib.query("from sales limit 3"); lib.scripts
    print(len(df), s.effects.reads, lib.run("reorder", dry_run=True).changes, len(lib.scripts))
"""
SCRIPTS = """
script top() uses hr
  emit from employees order by salary desc limit 1
end
script reorder() uses inventory
  update items set quantity = 0
end
script asker() -> bool
  ask "Sure?" into sure: bool
  return sure
end
"""


def test_every_line_of_the_sketch_runs(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ok("sopc", "init", "--demo", ".")
    place.ok("sopc", "compile", "--yes", "audit_salary.txt")
    place.compile(SCRIPTS)
    place.write("sales.csv", "id,total\n1,5\n2,7\n")
    place.ok("sopvm", "db", "import", "sales.csv")
    place.write("workflow.txt", "Show the names of the employees.\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SKETCH],
        cwd=tmp_path,
        env=environment(),
        input="yes\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sure?4 ")
    assert done.stdout.endswith("('hr.employees',) {('update', 'items'): 14} 5\n")

"""The examples of API.md run; and importing the API loads nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

import runtime
import sopc
from tests.commands import ROOT, environment

EXAMPLES = re.findall(r"^```python\n(.*?)^```$", (ROOT / "API.md").read_text(encoding="utf-8"), re.M | re.S)
HEAVY = ("lark", "pydantic", "sqlglot", "openai", "click")


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
    assert len(EXAMPLES) == 6  # one makes the database
    assert [run(example, tmp_path) for example in EXAMPLES] == [""] * 6


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
        with pytest.raises(sopc.RunError) as failed:
            library.run("half_way")
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

"""`check`, `compile`, a dry run over HTTP and the start of a run accept and refuse the same programs, with the same
places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns.same_answer import run
from tests.engines import ENGINES, SQLITE, Engine
from tests.harness import cases, read_case


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_generated_programs(engine: Engine, tmp_path: Path) -> None:
    found = run(1, 50, engine, tmp_path)
    assert not found.differences, "\n".join(found.differences)
    assert found.accepted >= 20


def test_programs_of_the_tests(tmp_path: Path) -> None:
    texts = [read_case(path).text for folder in ("language", "errors") for path in cases(folder)]
    found = run(1, 0, SQLITE, tmp_path, texts)
    assert not found.differences, "\n".join(found.differences)
    assert found.accepted > 100 and found.refused > 50


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_the_clock_under_a_case(engine: Engine, tmp_path: Path) -> None:
    texts = [
        f"script program()\n  {step}\nend\n"
        for step in (
            "emit from employees select case when hired < today() then 1 else 0 end as x",
            "update employees set hired = case when active then today() else hired end",
            "emit from employees select case when active then now() end as x",
        )
    ]
    found = run(1, 0, engine, tmp_path, texts)
    assert found.accepted == len(texts) and not found.differences, found

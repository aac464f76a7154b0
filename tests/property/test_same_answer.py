"""`check`, `compile`, a dry run over HTTP and the start of a run accept and refuse the same programs, with the same
places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from runtime.bytecode.codec import encode, module_hash
from runtime.config import Config
from runtime.errors import SopError
from runtime.library.records import Provenance
from runtime.library.store import Library
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.pipeline import built
from sopc.source import Source
from sopc.statements import check_statements
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


@pytest.mark.parametrize("broken", [{"registers": 0}, {"code": b"\0" * 8}, {"shapes": ()}])
def test_what_the_verifier_refuses_check_refuses_too(broken: dict[str, Any], tmp_path: Path) -> None:
    """As if the compiler had made such a module: before, `check` passed and only storing failed, without a place."""
    source = Source("program.sop", 'script program()\n  let a = length("x")\n  emit {a: a}\nend\n')
    with (
        Library.open(tmp_path / "home") as library,
        Context(Config(tmp_path), library) as context,
    ):
        (module,) = built(source, context).modules
        module = replace(module, **broken)
        with pytest.raises(SopError) as stored:
            library.put(encode(module), module_hash(module), module.signature.name, Provenance())
        with pytest.raises(CompileError) as checked:
            check_statements([module], source, context)
    (finding,) = checked.value.diagnostics
    assert finding.code == stored.value.code and stored.value.message in finding.message
    assert finding.span is not None and source.position(finding.span.start)[0] == 2

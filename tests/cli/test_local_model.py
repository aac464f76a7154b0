"""English through a real model on this machine: `SOP_TEST_GGUF=FILE pytest tests/cli/test_local_model.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands import Place

GGUF = os.environ.get("SOP_TEST_GGUF", "")
pytestmark = pytest.mark.skipif(not GGUF, reason="SOP_TEST_GGUF names no model")

SCHEMA = """
create table items (id integer primary key, name text not null, quantity integer not null);
insert into items values (1, 'bolts', 4), (2, 'nuts', 40), (3, 'gears', 9);
"""


def test_a_workflow_compiles_with_no_key_and_no_service(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.sql(SCHEMA)
    place.write("low_stock.txt", "Low stock\n\nWhich items have fewer than ten pieces left over, would you say?\n")
    place.ok("sopc", "model", "use", str(Path(GGUF).absolute()))
    done = place.run("sopc", "compile", "--translator", "local", "low_stock.txt", timeout=900)
    assert done.exit_code == 0, done.stderr
    assert f"low_stock.txt: translated by local {Path(GGUF).stem} (" in done.stderr
    names = [record["name"] for record in place.ok("sopvm", "run", "low_stock").records]
    assert sorted(names) == ["bolts", "gears"]
    assert "=== round 1: reply" in place.ok("sopc", "show", "--work", "low_stock").text

"""grammar/ENGLISH.md → every workflow on it compiles and its examples hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sopc.demo import make_demo
from tests.commands import Place

PAGE = Path(__file__).parents[2] / "grammar" / "ENGLISH.md"
WORKFLOWS = re.findall(r"```workflow\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", WORKFLOWS, ids=lambda text: str(text).partition("\n")[0])
def test_a_workflow_of_the_page(tmp_path: Path, text: str) -> None:
    make_demo(tmp_path)
    place = Place(tmp_path)
    (tmp_path / "workflow.txt").write_text(text, encoding="utf-8")
    done = place.run("sopc", "compile", "--yes", "--translator", "patterns", "workflow.txt")
    assert done.exit_code == 0, done.stderr
    tested = place.run("sopc", "test")
    assert (tested.exit_code, tested.stderr) == (0, "")
    assert "ok" in tested.text

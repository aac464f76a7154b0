"""grammar/ENGLISH.md → every workflow on it compiles and its examples hold; every sentence is read by patterns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sopc.demo import make_demo
from tests.commands import Place

PAGE = Path(__file__).parents[2] / "grammar" / "ENGLISH.md"
TEXT = PAGE.read_text(encoding="utf-8")
WORKFLOWS = re.findall(r"```workflow\n(.*?)```", TEXT, re.DOTALL)
SENTENCES = [line for lines in re.findall(r"```sentences\n(.*?)```", TEXT, re.DOTALL) for line in lines.splitlines()]

SAID = {name: text for text, name in re.findall(r"```said\n((\w+)\n.*?)```", TEXT, re.DOTALL)}


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
    name = tested.text.partition(":")[0]
    if name in SAID:
        assert place.run("sopc", "explain", name).text == SAID[name]


def test_the_sentences_that_patterns_read(tmp_path: Path) -> None:
    assert len(SENTENCES) > 20
    make_demo(tmp_path)
    place = Place(tmp_path)
    for number, sentence in enumerate(SENTENCES):
        (tmp_path / f"sentence_{number}.txt").write_text(sentence, encoding="utf-8")
    files = [f"sentence_{number}.txt" for number in range(len(SENTENCES))]
    done = place.run("sopc", "check", "--translator", "patterns", *files)
    assert done.exit_code == 0, done.stderr

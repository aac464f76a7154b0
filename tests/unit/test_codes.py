"""Every error code that the program can raise is explained, and every explained one can be raised."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from runtime.error_codes import Code, find_code, near_codes, table

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[A-Z]\d{4}")


def used() -> dict[str, str]:
    """Code → a file that has it as a text of its own, the rows themselves left out; data of the grammar counts."""
    found: dict[str, str] = {}
    for folder in ("sopc", "runtime"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                    found.setdefault(node.value, str(path.relative_to(ROOT)))
    for path in sorted((ROOT / "grammar").glob("*.toml")):
        for code in re.findall(rf'"({CODE.pattern})"', path.read_text(encoding="utf-8")):
            found.setdefault(code, str(path.relative_to(ROOT)))
    return found


def test_every_code_in_use_has_a_row() -> None:
    known = {row.code for row in table()}
    assert {code: place for code, place in used().items() if code not in known} == {}


def test_every_row_is_in_use() -> None:
    assert sorted({row.code for row in table()} - used().keys()) == []


def test_codes_are_unique() -> None:
    codes = [row.code for row in table()]
    assert sorted(set(codes)) == codes


@pytest.mark.parametrize("row", table(), ids=lambda row: row.code)
def test_rows_say_what_to_do(row: Code) -> None:
    code, title, explanation, _, right, _ = row
    assert CODE.fullmatch(code)
    assert title and not title.endswith(".")
    assert explanation.endswith(".")
    assert right


def test_since_is_a_version_of_the_changelog() -> None:
    versions = re.findall(r"^## \[(\S+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    following = re.search(r"^Becomes (\S+)\.$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == "Unreleased" and following is not None
    assert sorted({row.since for row in table()} - {*versions, following[1]}) == []


def test_looking_up() -> None:
    row = find_code("L0101")
    assert row is not None
    assert row.title == "unknown script"
    assert find_code("X0000") is None
    assert near_codes("L0199")[0] == "L0101"
    assert near_codes("nonsense")[0] == "C0101"

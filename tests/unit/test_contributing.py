"""What CONTRIBUTING.md names exists: folders, files, and the tables that its recipes add rows to."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch

from tests.commands import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`\n]+)`", TEXT)
PLACEHOLDERS = ("NAME", "AREA")  # of what a recipe makes


def test_files_and_folders_exist() -> None:
    """Walks name them from the folder on that the sentence is about."""
    named = [one.rstrip("/") for one in QUOTED if re.fullmatch(r"[\w.*]+/[\w./*]*", one)]
    wanted = [one for one in named if not any(word in one for word in PLACEHOLDERS)]
    there = [
        path.relative_to(ROOT).as_posix()
        for folder in ("sopc", "runtime", "grammar", "tests")
        for path in (ROOT / folder, *(ROOT / folder).rglob("*"))
    ]
    assert len(wanted) > 60
    assert [one for one in wanted if not any(fnmatch(path, one) or fnmatch(path, f"*/{one}") for path in there)] == []


def test_tables_and_constants_exist() -> None:
    names = {one for one in QUOTED if re.fullmatch(r"_?[A-Z][A-Z_]{3,}", one)} - {*PLACEHOLDERS, "EMIT_QUERY"}
    files = [path for folder in ("sopc", "runtime", "tests") for path in (ROOT / folder).rglob("*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files if path.name != "test_contributing.py")
    assert len(names) > 5
    assert {name for name in names if not re.search(rf"^(    )?{name}\b.*=", source, re.M)} == set()


def test_the_version_is_the_newest_that_is_dated() -> None:
    """What is not released yet stands under Unreleased, which says what version it becomes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert [project["version"]] == dated[:1]

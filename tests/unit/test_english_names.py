"""The translators know no schema by heart: nothing of a demo or test schema stands under sopc/ outside the demo."""

from __future__ import annotations

import ast
import re
import sqlite3
from pathlib import Path

import pytest

import sopc
from sopc.demo import DATABASES, WORKFLOWS

ROOT = Path(sopc.__file__).parent
SCHEMAS = Path(__file__).parents[1] / "english" / "patterns" / "schemas"

# Words that any code or prose has, and that a test schema happens to use too.
_ORDINARY = (
    "amount brace bracket client closed code days done drop found given item items joined label ltd month name note "
    "open order parts price rate role select settled state status table team the title unit zone"
)
# Words that English measures and verbs are known by ("weighs" of a weight, "earns" of a wage, "bought" of a sale).
_LEXICON = "gift hourly kilometres mend night paid quantity rent salary sold wage weight"
ORDINARY = frozenset(re.findall(r"\w+", f"{_ORDINARY} {_LEXICON}"))
# Words that a compiler's own code has.
TECHNICAL = frozenset(
    "active cost deadline email family floor hours lead location members placed product project region".split()  # noqa: SIM905
)
# Folders that show how something is written, by examples, or that handle files and commands.
SHOWING = [ROOT / "demo", ROOT / "codes", ROOT / "english" / "examples", ROOT / "english" / "local", ROOT / "commands"]


def words_of(sql: str) -> set[str]:
    """The words of table names, column names and text values."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(sql)
    texts: list[str] = []
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        texts.append(table)
        for _, column, type_, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
            texts.append(column)
            if type_ == "TEXT":
                quoted = column.replace('"', '""')
                texts += [row[0] or "" for row in connection.execute(f'SELECT "{quoted}" FROM "{table}"')]
    connection.close()
    return {word.lower() for text in texts for word in re.findall(r"[A-Za-z]{3,}", text)}


def schema_files() -> list[Path]:
    return [*(ROOT / "demo" / f"{name}.sql" for name in DATABASES), *sorted(SCHEMAS.glob("*.sql"))]


def known_words() -> set[str]:
    return set().union(*(words_of(file.read_text(encoding="utf-8")) for file in schema_files())) - ORDINARY


def code_of(path: Path) -> str:
    """A module's code in lower case, without comments and docstrings: examples may name anything."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            told = [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            node.body = told or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree).lower()


def modules(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if not set(SHOWING) & set(path.parents)]


@pytest.mark.parametrize("path", modules(ROOT / "english"), ids=lambda path: path.stem)
def test_the_english_front_end_names_nothing_of_a_schema(path: Path) -> None:
    written = set(re.findall(r"[a-z]{3,}", code_of(path)))
    assert not written & (known_words() - TECHNICAL)


def test_the_rest_of_the_compiler_names_nothing_of_a_schema_either() -> None:
    known = {*known_words(), *WORKFLOWS} - TECHNICAL
    names = re.compile(rf"(?<![a-z])({'|'.join(sorted(known))})(?![a-z])")
    naming = {str(path.relative_to(ROOT)): sorted(set(names.findall(code_of(path)))) for path in modules(ROOT)}
    assert {path: found for path, found in naming.items() if found} == {}

"""What must hold of grammar/sop.lark itself, and of the files beside it that repeat parts of it."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lark import Lark
from lark.common import ParserConf
from lark.parsers.lalr_analysis import LALR_Analyzer

from sopc.syntax import grammar
from sopc.syntax.grammar import STARTS, grammar_text, make_parser, parser, reserved_words
from sopc.syntax.parser_state import tables


def test_the_grammar_has_no_conflicts() -> None:
    built = make_parser()
    analyzer: Any = LALR_Analyzer(ParserConf(built.rules, {}, list(STARTS)), strict=True)
    analyzer.compute_lalr()
    assert analyzer.parse_table.states


def test_a_record_and_a_hole_never_end_in_one_state() -> None:
    for expected in tables().states.values():
        assert not ("RBRACE" in expected and ("TEXT_END" in expected or "TEXT_MIDDLE" in expected))


def test_an_unreserved_keyword_never_competes_with_a_name() -> None:
    unreserved = {tables().names[word] for word in tables().names if word.isalpha() and word not in reserved_words()}
    for expected in tables().states.values():
        assert "NAME" not in expected or not unreserved & set(expected)


def test_every_reserved_word_is_a_keyword_of_some_rule() -> None:
    rules = re.sub(r"^reserved:.*?^$", "", grammar_text(), flags=re.MULTILINE | re.DOTALL)
    used = set(re.findall(r'"(\w+)"', rules))
    assert reserved_words() and reserved_words() <= used


def test_the_grammar_uses_only_features_that_decoders_support() -> None:
    text = grammar_text()
    terminals = re.findall(r"^([A-Z_]+)(\.\d+)?:(.*)$", text, re.MULTILINE)
    assert not any(priority for _, priority, _ in terminals)
    for name, _, pattern in terminals:
        assert '"' not in re.sub(r"/.*/", "", pattern), f"{name} holds a literal"
        assert "(?" not in pattern and "\\b" not in pattern and "&&" not in pattern, name
        assert not re.search(r"[*+?}]\?", pattern), f"{name} is lazy"
    assert not re.search(r"^%(?!ignore)", text, re.MULTILINE)
    assert not re.search(r"^\w+\{", text, re.MULTILINE), "templates"
    for line, following in zip(text.splitlines(), text.splitlines()[1:], strict=False):
        assert not (following.lstrip().startswith("|") and line.lstrip().startswith("//"))


def test_the_reference_lists_the_reserved_words() -> None:
    spec = files("grammar").joinpath("SPEC.md").read_text("utf-8")
    listed = re.search(r"^ {4}and as ask .*?\n\n", spec, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert listed.group().split() == sorted(reserved_words())


def test_the_editor_grammar_has_every_keyword() -> None:
    editor = json.loads(files("grammar").joinpath("sop.tmLanguage.json").read_text("utf-8"))
    patterns = [editor["repository"][name]["match"] for name in ("constant", "operator-word", "keyword", "duration")]
    listed = {word for pattern in patterns for word in re.findall(r"[a-z]{2,}", pattern)}
    assert listed == {word for word in tables().names if word.isalpha()}
    included = {entry["include"].removeprefix("#") for entry in editor["repository"]["code"]["patterns"]}
    assert included == set(editor["repository"]) - {"code"}


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "sopc"


def uncached() -> Lark:
    return parser.__wrapped__()


def works(built: Lark) -> bool:
    return len(built.parse("script s() say 1 end", start="start").scripts) == 1  # type: ignore[attr-defined]


def test_the_tables_are_kept_and_read_again(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert works(uncached())
    (kept,) = fresh_cache.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(grammar, "make_parser", lambda: pytest.fail("the tables were worked out again"))
    assert works(uncached())


@pytest.mark.parametrize("place", [0, 10, 5000, -1])
def test_damaged_tables_are_made_again(place: int, fresh_cache: Path) -> None:
    uncached()
    (kept,) = fresh_cache.iterdir()
    damaged = bytearray(kept.read_bytes())
    damaged[place] ^= 1
    kept.write_bytes(damaged)
    assert works(uncached())
    assert kept.read_bytes() != damaged


def test_a_cut_off_file_of_tables_is_made_again(fresh_cache: Path) -> None:
    uncached()
    (kept,) = fresh_cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    assert works(uncached())
    assert kept.stat().st_size > 1000


def test_tables_that_cannot_be_kept_are_only_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert works(uncached())


@pytest.mark.parametrize("folder", ["", "relative"])
def test_a_user_without_a_home_has_no_cache(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", folder)
    monkeypatch.setattr(Path, "home", nowhere)
    assert works(uncached())
    assert list(tmp_path.iterdir()) == []

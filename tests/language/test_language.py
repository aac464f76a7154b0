"""Every script in tests/language does what its comments say, also after a round through the formatter and the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.bytecode.codec import encode, module_hash
from sopc.dsl.fmt import format_file, format_source
from sopc.dsl.parse import parse
from sopc.source import Source
from sopc.tree.nodes import File
from tests.harness import case_id, cases, comments_of, compile_text, make_database, problems, read_case, run_case

SCRIPTS = cases("language")
scripts = pytest.mark.parametrize("path", SCRIPTS, ids=case_id)


def test_there_are_many_scripts() -> None:
    assert len(SCRIPTS) > 120


@scripts
def test_a_script_does_what_it_says(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    result = run_case(case, tmp_path)
    found = problems(case, result)
    assert not found, "\n".join([*found, "", result.raw.decode()])


@scripts
def test_a_script_means_the_same_formatted_and_as_json(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    schema = make_database(tmp_path / "main.db", case)
    hashes = [module_hash(module) for module in compile_text(case.text, schema)]

    formatted = format_source(Source(path.name, case.text))
    assert format_source(Source(path.name, formatted)) == formatted
    assert _comments(formatted) == _comments(case.text)
    assert [module_hash(module) for module in compile_text(formatted, schema)] == hashes

    tree = parse(Source(path.name, case.text))
    read_back = File.model_validate_json(tree.model_dump_json(by_alias=True))
    assert read_back == tree
    assert [module_hash(module) for module in compile_text(format_file(read_back), schema)] == hashes


@scripts
def test_compiling_twice_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    schema = make_database(tmp_path / "main.db", case)
    first, second = ([encode(module) for module in compile_text(case.text, schema)] for _ in range(2))
    assert first == second


def _comments(text: str) -> list[str]:
    return [f"{comment.kind} {comment.rest}" for comment in comments_of(text)]

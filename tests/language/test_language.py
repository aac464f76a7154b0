"""Every script in tests/language does what its comments say, also after a round through the formatter and the tree."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest

from runtime.bytecode.codec import encode, module_hash
from runtime.errors import SopError
from runtime.query.schema import Schema
from sopc.source import Source
from sopc.syntax.format import format_file, format_source
from sopc.syntax.parse import parse
from sopc.tree.nodes import File
from tests.engines import ENGINES, SQLITE, Engine
from tests.harness import case_id, cases, comments_of, compile_text, make_database, problems, read_case, run_case

SCRIPTS = cases("language")
scripts = pytest.mark.parametrize("path", SCRIPTS, ids=case_id)


def test_there_are_many_scripts() -> None:
    assert len(SCRIPTS) > 120


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@scripts
def test_a_script_does_what_it_says(path: Path, engine: Engine, tmp_path: Path) -> None:
    case = read_case(path)
    try:
        result = run_case(case, tmp_path, engine)
    except SopError as error:
        # refused before it starts, and for a reason: a block that would have to be undone by itself
        assert error.code == "V0212" and not engine.savepoints and re.search(r"\b(try|transaction)\b", case.text), error
        return
    found = problems(case, result)
    assert not found, "\n".join([*found, "", result.raw.decode()])


@scripts
def test_a_script_does_the_same_while_it_is_traced(path: Path, tmp_path: Path) -> None:
    """Then each instruction is run by its handler, and its operands are checked before."""
    case, trace = read_case(path), io.StringIO()
    found = problems(case, run_case(case, tmp_path, trace=trace))
    assert not found and trace.getvalue(), "\n".join([*found, "", trace.getvalue()])


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_every_engine_starts_with_the_same_stores(engine: Engine, tmp_path: Path) -> None:
    def shape(schema: Schema) -> dict[str, Any]:
        return {
            store.name: ([(field.name, field.type, field.has_default) for field in store.fields], store.unique)
            for store in schema.stores.values()
        }

    for each in {engine, SQLITE}:
        make_database(each.place(tmp_path), engine=each)
    assert shape(engine.read_schema(engine.place(tmp_path))) == shape(SQLITE.read_schema(SQLITE.place(tmp_path)))


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
    assert repr(read_back) == repr(tree)  # each value has the type that validation gives it, in the fields' order
    assert [module_hash(module) for module in compile_text(format_file(read_back), schema)] == hashes


@scripts
def test_compiling_twice_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    schema = make_database(tmp_path / "main.db", case)
    first, second = ([encode(module) for module in compile_text(case.text, schema)] for _ in range(2))
    assert first == second


def _comments(text: str) -> list[str]:
    return [f"{comment.kind} {comment.rest}" for comment in comments_of(text)]

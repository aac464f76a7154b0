"""English without a model: each sentence gives its exact program, whatever its names and values are called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.doubts.check import doubts
from sopc.english.sentences import read_workflow
from sopc.source import Source
from tests.english.patterns.cases import Case, drafted, read_cases, whole
from tests.english.patterns.workspace import Workspace, dump, plain

CASES = read_cases()
SEEDS = (0, 1)  # 0: names as they are
KINDS = {
    *("filter", "compare", "between", "negation", "sort", "aggregate", "joins", "deeds", "measures", "dates"),
    *("insert", "update", "delete", "if", "foreach", "again", "try", "call", "ask", "parameters"),
}


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, int], Workspace]]:
    made = {
        (schema, seed): Workspace(tmp_path_factory.mktemp(f"{schema}{seed}"), schema, seed)
        for schema in sorted({case.schema for case in CASES})
        for seed in SEEDS
    }
    yield made
    for workspace in made.values():
        workspace.sandbox.library.close()


def case_id(case: Case) -> str:
    return f"{case.kind}-{case.schema}-{case.english[:60]}"


def test_every_kind_of_sentence_has_cases() -> None:
    assert {case.kind for case in CASES} == KINDS
    assert all(sum(case.kind == kind for case in CASES) >= 10 for kind in KINDS)
    assert len({(case.schema, case.english) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", [case for case in CASES if case.program], ids=case_id)
def test_a_sentence_gives_its_program(case: Case, seed: int, workspaces: dict[tuple[str, int], Workspace]) -> None:
    workspace = workspaces[case.schema, seed]
    sop_text = workspace.draft(case.english)
    assert drafted(sop_text) == whole(workspace.rename_program(case.program))
    with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
        pipeline.compile_source(Source("asked.sop", sop_text), context)


@pytest.mark.parametrize("seed", SEEDS)
def test_right_programs_are_seldom_doubted(seed: int, workspaces: dict[tuple[str, int], Workspace]) -> None:
    """The aim is 3 in 100; names made up by a program mean less than real ones, so they are allowed twice that."""
    checked, doubted = 0, []
    for schema in sorted({case.schema for case in CASES}):
        workspace = workspaces[schema, seed]
        with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
            schemas = pipeline.usable_schemas(context)
            for case in CASES:
                workflow = read_workflow(workspace.rename(case.english), "asked")
                # the programs of several sentences do not say which step is whose
                if case.schema != schema or not case.program or len(workflow.sentences) > 1:
                    continue
                source = Source("asked.sop", whole(workspace.rename_program(case.program)))
                script = pipeline.check(pipeline.parse(source), source, context).scripts[-1]
                checked += 1
                doubted += [f"{case.english}: {one.message}" for one in doubts(workflow, script, schemas)[:1]]
    assert checked > 400
    assert len(doubted) <= (0.06 if seed else 0.03) * checked, "\n".join(doubted)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", [case for case in CASES if case.readings], ids=case_id)
def test_a_sentence_of_several_readings_is_a_question(
    case: Case, seed: int, workspaces: dict[tuple[str, int], Workspace]
) -> None:
    workspace = workspaces[case.schema, seed]
    with pytest.raises(CompileError) as error:
        workspace.draft(case.english)
    (found,) = error.value.diagnostics
    assert found.code == "T0203"
    hint = found.hint or ""
    shown = [line.split(". ", 1)[1] for line in hint.splitlines()[1:]]
    assert sorted(shown) == sorted(workspace.rename_program(reading) for reading in case.readings)


@pytest.mark.parametrize("case", [case for case in CASES if case.sql], ids=case_id)
def test_a_program_gives_what_its_sql_gives(case: Case, workspaces: dict[tuple[str, int], Workspace]) -> None:
    workspace = workspaces[case.schema, 0]
    ran = workspace.run(whole(case.program))
    assert ran.exit_code == 0, ran.lines
    if case.check == "effect":
        assert dump(workspace.folder / "main.db") == workspace.dump_after(case.sql)
        return
    wanted = workspace.ask_sql(case.sql)
    if case.check == "result":
        assert [plain([ran.result])] == wanted
    elif case.check == "says":
        assert [(line["result"],) for line in ran.lines if line["type"] == "say"] == wanted
    else:
        got = [plain(record.values()) for record in ran.records]
        assert got == wanted if case.ordered else sorted(got, key=repr) == sorted(wanted, key=repr)

"""The scripts of tests/language that only read do what their comments say on a server of Spark Connect."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.errors import SopError
from sopc.diagnostics import CompileError
from tests.engines import SQLITE
from tests.harness import case_id, cases, compile_text, make_database, problems, read_case, run_case
from tests.spark.lake import SAIL

FOLDERS = ("collections", "dates", "nulls", "numbers", "queries", "text")
# scripts that Sail can't run as they are, each with what it lacks
BEYOND = {
    "collections/in_a_list_compares_decimals_exactly": "a list of decimals that have not all the same digits",
    "queries/a_field_of_json_is_reached_with_a_dot": "fields of JSON, for which Parquet has no type",
    "queries/a_field_of_what_is_no_record_is_an_error": "fields of JSON, for which Parquet has no type",
    "queries/case_guards_what_depends_on_variables_alone": "errors of constants in a part of a case that is not taken",
    "queries/in_a_query_outside_of_a_query": "`in (from …)` that is no condition",
    "queries/rows_are_grouped_by_what_a_sub_query_says": "`in (from …)` that is no condition",
    "queries/stages_after_distinct_and_limit": "a window function whose rows have an order of their own",
    "text/in_and_between_ignore_case": "`in (from …)` that is no condition",
}


@pytest.mark.parametrize("path", [path for path in cases("language") if path.parent.name in FOLDERS], ids=case_id)
def test_a_script_that_reads_does_what_it_says(path: Path, tmp_path: Path) -> None:
    """One that writes is refused by the compiler."""
    case = read_case(path)
    modules = compile_text(case.text, make_database(SQLITE.place(tmp_path), case), path.name)
    if any(module.effects.writes for module in modules):
        make_database(SAIL.place(tmp_path), case, engine=SAIL)
        with pytest.raises(CompileError, match="E0414"):
            compile_text(case.text, SAIL.read_schema(SAIL.place(tmp_path)), path.name)
        return
    try:
        result = run_case(case, tmp_path, SAIL)
    except CompileError:
        assert case_id(path) in BEYOND
        return
    except SopError as error:
        # refused before it starts, and for a reason: a block that would have to be undone by itself
        assert error.code == "V0212" or case_id(path) in BEYOND, error
        return
    found = problems(case, result)
    if case_id(path) in BEYOND:
        assert found
    else:
        assert not found, "\n".join([*found, "", result.raw.decode()])

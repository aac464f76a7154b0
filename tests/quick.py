"""A test → whether `pytest -m quick` runs it: at most a minute of two cores for every package, no server, no browser.

CI measures what each package has of it (tools/package_coverage.py), so a new package needs a suite here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

# folders and files under tests/; the rest is left to the whole suite
SUITES: Final = (
    "test_tiny.py",
    "golden/",
    "workflow/",
    "releases/",
    "record/test_recorder.py",
    "schedules/test_times.py",
    "api/test_play.py",
    "api/test_rights.py",
    "cli/test_demo.py",
    "cli/test_db_export.py",
    "cli/test_lock.py",
    "cli/test_explain.py",
    "unit/",
)
# seconds each, or a server
LEFT_OUT: Final = (
    "cli/test_demo.py::test_a_clone_compiles_the_same_program_without_translating",
    "cli/test_demo.py::test_do_shows_the_program_and_refuses_writes",
    "cli/test_demo.py::test_every_workflow",
    "cli/test_demo.py::test_text_and_program_both_changed_stop",
    "cli/test_demo.py::test_the_program_beside_the_text_is_the_lock",
    "unit/test_acting.py",
    "unit/test_codegen.py::test_a_condition_that_skips_too_much_is_refused",
    "unit/test_codegen.py::test_a_script_too_long_is_refused",
    "unit/test_codegen.py::test_conditions_follow_three_valued_logic",
    "unit/test_codes.py::test_every_code_in_use_has_a_row",
    "unit/test_codes.py::test_every_row_is_in_use",
    "unit/test_constrain.py",
    "unit/test_copied.py",
    "unit/test_docstrings.py",
    "unit/test_download.py",
    "unit/test_duckdb.py::test_a_bad_line_far_down_is_told_with_its_file_and_number",
    "unit/test_duckdb_records.py",
    "unit/test_english_evaluation.py",
    "unit/test_english_names.py",
    "unit/test_explain.py",
    "unit/test_fmt_property.py",
    "unit/test_folders.py",
    "unit/test_grammar.py",
    "unit/test_import_rule.py",
    "unit/test_inserts.py",
    "unit/test_import_engines.py",
    "unit/test_library_interrupted.py",
    "unit/test_lifted.py",
    "unit/test_native_types.py",
    "unit/test_places.py",
    "unit/test_postgres",
    "unit/test_prompt.py",
    "unit/test_providers.py",
    "unit/test_row_by_row.py",
    "unit/test_sql_property.py",
    "unit/test_sql_stages.py",
    "unit/test_sql_statements.py::test_broken_statements_are_refused_and_never_crash",
    "unit/test_sql_statements.py::test_the_program_gives_duckdbs",
    "unit/test_syntax_errors.py::test_damaged_programs_are_read_or_refused",
    "unit/test_unchanged.py",
    "workflow/test_readings.py",
)
ROOT: Final = Path(__file__).parent
_SERVERS: Final = ("postgres", "each_postgres")


def is_quick(item: pytest.Item) -> bool:
    """By its file, and because neither a fixture nor a parameter of it is a PostgreSQL."""
    name = item.nodeid.removeprefix("tests/")
    if not name.startswith(SUITES) or name.startswith(LEFT_OUT) or item.get_closest_marker("large"):
        return False
    return "postgres" not in item.name and not set(getattr(item, "fixturenames", ())) & set(_SERVERS)


def may_be_quick(path: Path) -> bool:
    """Whether a file may hold a test of the selection: collecting all others takes longer than running these."""
    name = path.relative_to(ROOT).as_posix()
    return path.is_dir() or (name.startswith(SUITES) and not name.startswith(LEFT_OUT))

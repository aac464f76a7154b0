"""The tools of the build, and what CONTRIBUTING.md and the Makefile name."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from tests.quick import LEFT_OUT, SUITES
from tools.licences import dependencies, is_known, licence_of
from tools.lowest import requirements
from tools.man import pages
from tools.package_coverage import by_package, packages

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


@pytest.mark.parametrize("name", requirements())
def test_an_installed_dependency_is_not_below_its_lowest_version(name: str) -> None:
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    assert numbers(installed) >= numbers(requirements()[name])


def test_the_list_of_licences_has_the_dependencies_of_the_core() -> None:
    listed = {row.name.lower() for row in dependencies()}
    assert {"click", "lark", "lmdb", "msgspec", "openai", "pydantic", "pydantic_core", "sqlglot"} <= listed
    assert not {"pytest", "mypy"} & listed


def test_a_licence_that_nobody_looked_at_is_told() -> None:
    about = metadata.metadata("click")
    assert is_known(licence_of(about))
    assert not is_known("unknown") and not is_known("AGPL-3.0-only") and not is_known("GPL-2.0-only")


def test_coverage_is_summed_by_package() -> None:
    half = {"covered_lines": 3, "num_statements": 4, "covered_branches": 0, "num_branches": 2}
    report = {"files": {"runtime/vm/frame.py": {"summary": half}, "sopc/explainer/steps.py": {"summary": {**half}}}}
    found = by_package(report)
    assert found["runtime/vm"] == found["sopc/explainer"] == 50
    assert found["sopc/checker"] == 0 and set(found) == packages()


def test_every_path_that_contributing_names_is_there() -> None:
    paths = re.findall(r"`((?:sopc|runtime|grammar|tests|tools)/[\w./]*)`", CONTRIBUTING)
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists() and not re.search("NAME|AREA", path)] == []


def test_every_package_has_a_place_on_the_page() -> None:
    assert [
        name for name in packages() if name not in CONTRIBUTING and str(Path(name).parent) not in CONTRIBUTING
    ] == []


def test_a_recipe_has_at_most_ten_lines() -> None:
    recipes = re.findall(r"^### (.*?)\n\n(.*?)(?=\n\n#|\Z)", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    assert len(recipes) == 9
    assert [title for title, text in recipes if len(text.strip().splitlines()) > 10] == []


def test_what_quick_names_is_there() -> None:
    files = [name.partition("::")[0] for name in (*SUITES, *LEFT_OUT)]
    assert [name for name in files if not list((ROOT / "tests").glob(f"{name.rstrip('/')}*"))] == []


def test_the_makefile_has_the_targets_that_contributing_names() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"quick", "test", "large", "lint", "docs", "bench"} <= targets
    assert set(re.findall(r"`make (\w+)`", CONTRIBUTING)) <= targets


def test_ci_runs_what_pre_commit_runs() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    for command in re.findall(r"entry: \.venv/bin/(\w+(?: check| format --check)?)", hooks):
        name, _, more = command.partition(" ")
        assert f'{name}" {more}'.rstrip() in ci, command


def test_every_command_has_a_manual_page_that_troff_reads_as_it_is() -> None:
    found = dict(pages())
    assert {"sopc", "sopvm", "sopc-compile", "sopc-model-pull", "sopvm-db-import", "sopvm-token-add"} <= found.keys()
    requests = {".TH", ".SH", ".PP", ".TP", ".B", ".nf", ".fi"}
    for title, page in found.items():
        lines = page.splitlines()
        assert all(line.split()[0] in requests for line in lines if line.startswith((".", "'"))), title
        assert set(re.findall(r"\\.", page)) <= {r"\-", r"\e", r"\&"} and "\b" not in page, title
        assert lines[1] == ".SH NAME" and lines[2].startswith(title.replace("-", r"\-")), title
        for below in re.findall(r"^\.B (\S+)\(1\)$", page, re.MULTILINE):
            assert below.replace(r"\-", "-") in found, below
    assert r"  sopvm run reorder_low_stock \-\-dry\-run" in found["sopvm-run"].splitlines()

"""Pytest options: `--update-golden` rewrites tests/golden; tests marked `large` run only when `-m` asks for them; those
of tests/quick.py are marked `quick`. And the servers that tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import Server, installations, shared
from tests.quick import is_quick, may_be_quick

# Every run tries the same examples, so that a test fails for a change and not by chance; tests/campaigns look for more.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the files under tests/golden")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.option.markexpr == "quick" and not may_be_quick(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if is_quick(item):
            item.add_marker("quick")
    if config.option.markexpr:
        return
    large = [item for item in items if item.get_closest_marker("large")]
    if large:
        config.hook.pytest_deselected(items=large)
        items[:] = [item for item in items if item not in large]


@pytest.fixture(scope="session", params=installations().items(), ids=lambda each: each[0])
def each_postgres(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Every PostgreSQL of this machine in turn, for tests of the engine itself."""
    server = Server(*request.param)
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres() -> Server:
    """The PostgreSQL that a package brings."""
    return shared()

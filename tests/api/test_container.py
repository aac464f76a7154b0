"""The Dockerfile, without a container: its command needs tokens, its health check tells a server from none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.commands import ROOT, command, environment

TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
LINES = [line.split(" ", 1) for line in TEXT.splitlines() if line and not line.startswith("#")]


def last(instruction: str) -> str:
    return [rest for name, rest in LINES if name == instruction][-1]


def words(text: str) -> list[str]:
    """The words of a CMD in JSON."""
    found = json.loads(text[text.index("[") :])
    return [str(word) for word in found]


def test_it_runs_as_a_user_without_rights_and_copies_what_is_packed() -> None:
    assert last("USER") not in ("0", "root")
    assert [name for name, _ in LINES].index("USER") < [name for name, _ in LINES].index("CMD")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = {each.rstrip("*") for each in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = {word for name, rest in LINES if name == "COPY" for word in rest.split()[:-1]}
    assert copied == {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"], *packed}
    extras = set(re.findall(r"\[([\w,]+)\]'", TEXT))
    assert len(extras) == 1 and set(extras.pop().split(",")) <= set(project["project"]["optional-dependencies"])


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return environment() | {"SOP_HOME": str(tmp_path / ".sop")}


def test_without_tokens_it_does_not_start(tmp_path: Path, home: dict[str, str]) -> None:
    program, *rest = words(last("CMD"))
    done = subprocess.run(
        command(program, *rest, "--port", "0"), cwd=tmp_path, env=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "S0121" in done.stderr and "sopvm token add" in done.stderr


def test_its_health_check_tells_a_server_that_answers_from_none(tmp_path: Path, home: dict[str, str]) -> None:
    program, *rest = words(last("CMD"))
    subprocess.run(command(program, "token", "add", "me"), cwd=tmp_path, env=home, capture_output=True, check=True)
    here = [word.replace("0.0.0.0", "127.0.0.1") for word in rest]
    server = subprocess.Popen(
        command(program, *here, "--port", "0"), cwd=tmp_path, env=home, stderr=subprocess.PIPE, text=True
    )
    with server:
        assert server.stderr is not None
        port = server.stderr.readline().strip().rpartition(":")[2]
        python, *check = words(last("HEALTHCHECK"))
        assert python == "python" and ":8000/live" in check[1]
        line = [sys.executable, check[0], check[1].replace("8000", port).replace("timeout=4", "timeout=60")]
        assert subprocess.run(line, capture_output=True, check=False).returncode == 0
        server.terminate()
        server.stderr.read()
    assert server.returncode == 0
    assert subprocess.run(line, capture_output=True, check=False).returncode != 0


DEPLOY = ROOT / "docs" / "deploy"
GRACE = {"sopvm.service": r"TimeoutStopSec=(\d+)", "compose.yaml": r"stop_grace_period: (\d+)s",
         "kubernetes.yaml": r"terminationGracePeriodSeconds: (\d+)"}  # fmt: skip


@pytest.mark.parametrize("name", GRACE)
def test_what_is_deployed_has_options_that_there_are_and_time_to_drain(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    written = re.findall(r'\["sopvm", .*\]', text)
    commands = [words(each) for each in written] + [line.split() for line in re.findall(r"env (sopvm .*)", text)]
    assert commands
    for _, verb, *options in commands:
        shown = subprocess.run(
            [*command("sopvm"), verb, "--help"], capture_output=True, text=True, env=environment(), check=True
        ).stdout
        assert [option for option in options if option.startswith("--") and f"{option} " not in shown] == []
        assert int(options[options.index("--drain") + 1].rstrip("s")) < min(map(int, re.findall(GRACE[name], text)))

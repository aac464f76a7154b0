"""Run every command of README.md, in order, in a new folder; the output that it shows must be printed, except what
varies between runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, environment

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
VARYING = re.compile(r'"run":"\w{26}"|"ms":\d+|"[0-9a-f]{32}"')  # a run's name, its time, a module's hash
PROGRAM = '#!{python}\nfrom {module} import main\nmain(prog_name="{name}")\n'


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """(kind, text, output) of each block in order; output: stdout of the last `sh` block so far.

    `.venv` stands for the environment of the tests: making it, installing into it and running pytest do nothing. A
    block leaves a shell in the folder that it began in, where the next one begins.
    """
    folder = tmp_path_factory.mktemp("readme")
    bin_ = folder / ".venv" / "bin"
    shims = folder / "shims"
    bin_.mkdir(parents=True)
    shims.mkdir()
    for path in (bin_ / "pip", bin_ / "pytest", shims / "python3"):
        path.write_text("#!/bin/sh\n")
    for name, module in (("sopc", "sopc.cli"), ("sopvm", "runtime.cli")):
        (bin_ / name).write_text(PROGRAM.format(python=sys.executable, module=module, name=name))
    for path in (*bin_.iterdir(), *shims.iterdir()):
        path.chmod(0o755)
    env = environment()
    env["PATH"] = f"{shims}:{env['PATH']}"
    found, output = [], ""
    for kind, text in BLOCKS:
        if kind == "sh":
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", f'{text}\ntest "$PWD" = "$0"', str(folder)],
                cwd=folder,
                env=env,
                capture_output=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"{text}\n{done.stderr.decode()}"
            assert b"Traceback" not in done.stderr
            output = done.stdout.decode()
        elif kind == "csv" and not (folder / "orders.csv").exists():
            (folder / "orders.csv").write_text(text, encoding="utf-8")
            continue
        found.append((kind, text, output))
    return found


def test_every_command_works_and_prints_what_is_shown(outputs: list[tuple[str, str, str]]) -> None:
    assert sum(kind == "sh" for kind, _, _ in outputs) >= 5
    shown = [(text, output) for kind, text, output in outputs if kind in ("jsonl", "csv", "text")]
    assert len(shown) >= 5
    for text, output in shown:
        assert "\n" + VARYING.sub("…", text) in "\n" + VARYING.sub("…", output), f"{text}\nis not in\n{output}"


def test_the_first_run_ends_in_one_end_line(outputs: list[tuple[str, str, str]]) -> None:
    output = next(output for kind, _, output in outputs if kind == "sh")
    types = [json.loads(line)["type"] for line in output.splitlines() if line.startswith("{")]
    assert types.count("end") == 1 and types[-1] == "end"


def test_your_own_data_takes_three_commands() -> None:
    section = README.split("## Your own data, in three commands")[1].split("\n## ")[0]
    commands: list[Any] = re.findall(r"^\.venv/bin/.*$", section, re.MULTILINE)
    assert len(commands) == 3


def test_every_file_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_ci_runs_the_readmes_test_command() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    test = next(text for kind, text in BLOCKS if kind == "sh" and "'.[test]'" in text)
    install, pytest_ = (part.strip().removeprefix(".venv/bin/") for part in test.split("&&"))
    assert install.split()[-1] in ci
    assert pytest_.replace("pytest", 'pytest"', 1) in ci
    assert Path(ROOT / ".ci" / "run").stat().st_mode & 0o111

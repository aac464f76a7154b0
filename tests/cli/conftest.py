"""A folder with a database and settings, and ways to call both programs in it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

ROOT = Path(__file__).parents[2]
SCHEMA = """
create table employees (
  id integer primary key, name text not null, department text not null, salary integer not null
);
insert into employees values
  (1, 'Ada', 'Engineering', 180000), (2, 'Grace', 'Engineering', 160000),
  (3, 'Alan', 'Engineering', 120000), (4, 'Edgar', 'Sales', 95000), (5, 'Barbara', 'Sales', 85000);
create table bonuses (employee_id integer not null, amount integer not null);
"""
AUDIT = """\
script audit(dept: text = "Engineering", floor: int = 150000) uses hr
  emit from employees where department = dept and salary > floor order by salary desc select name, salary
end
"""
RAISE = """\
script raise_all(by: int) uses hr -> int
  update employees where true set salary = salary + by
  return count(from employees)
end
"""

Program = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: hr.db, a sop.toml that names it, and two scripts not yet compiled."""
    folder = tmp_path / "project"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "hr.db")) as connection, connection:
        connection.executescript(SCHEMA)
    connection.close()
    (folder / "sop.toml").write_text('[databases]\nhr = "sqlite:///hr.db"\n')
    (folder / "audit.sop").write_text(AUDIT)
    (folder / "raise_all.sop").write_text(RAISE)
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith(("SOP_", "OPENAI_")):
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def sopc(project: Path) -> Program:
    """Call `sopc` in this process; stdin is empty and no terminal."""
    from sopc.cli import main

    return lambda *args, **more: CliRunner().invoke(main, [str(arg) for arg in args], **more)


@pytest.fixture
def sopvm(project: Path) -> Program:
    """Call `sopvm` in this process."""
    from runtime.cli import main

    return lambda *args, **more: CliRunner().invoke(main, [str(arg) for arg in args], **more)


def command(program: str, *args: str) -> list[str]:
    """The words that start `sopc` or `sopvm` as a process of its own."""
    module = {"sopc": "sopc.cli", "sopvm": "runtime.cli"}[program]
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from {module} import main; main()",
        *args,
    ]


def process(program: str, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(program, *args), input=stdin, capture_output=True, env={**os.environ, **env})

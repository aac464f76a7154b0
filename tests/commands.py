"""Arguments → `sopc` and `sopvm` run as processes in a folder of their own."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness import exact

ROOT = Path(__file__).parent.parent
_MODULES = {"sopc": "sopc.cli", "sopvm": "runtime.cli"}


def environment() -> dict[str, str]:
    """Our environment without the settings and keys of whoever runs the tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOP_", "OPENAI_", "PYTEST_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"from {_MODULES[program]} import main; main(prog_name='{program}')", *arguments]


@dataclass(frozen=True)
class Done:
    """The result of a process."""

    exit_code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [exact(line) for line in self.text.splitlines()]

    @property
    def records(self) -> list[Any]:
        return [line["result"] for line in self.lines if line["type"] == "record"]


class Place:
    """A folder with a library, where commands run. `limit`: a resource (RLIMIT_…) and its limit for each command."""

    def __init__(self, folder: Path, limit: tuple[int, int] | None = None) -> None:
        self.folder = folder
        self.limit = limit

    @property
    def home(self) -> Path:
        return self.folder / ".sop"

    @property
    def main(self) -> Path:
        """The database that a script without `uses` sees."""
        self.home.mkdir(exist_ok=True)
        return self.home / "main.db"

    def run(self, program: str, *arguments: str, input: bytes = b"", timeout: float = 120) -> Done:
        done = subprocess.run(
            command(program, *arguments),
            cwd=self.folder,
            env=environment(),
            input=input,
            capture_output=True,
            timeout=timeout,
            preexec_fn=None if self.limit is None else self._limit,
            check=False,
        )
        stderr = done.stderr.decode()
        assert "Traceback" not in stderr, stderr
        return Done(done.returncode, done.stdout, stderr)

    def _limit(self) -> None:
        assert self.limit is not None
        resource.setrlimit(self.limit[0], (self.limit[1], self.limit[1]))

    def ok(self, program: str, *arguments: str, input: bytes = b"") -> Done:
        done = self.run(program, *arguments, input=input)
        assert done.exit_code == 0, done.stderr + done.text
        return done

    def start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command(program, *arguments),
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def compile(self, text: str, name: str = "scripts.sop") -> Done:
        """Store the scripts of a DSL text."""
        self.write(name, text)
        return self.ok("sopc", "compile", name, "--yes")

    def sql(self, text: str, database: Path | None = None) -> list[tuple[Any, ...]]:
        """Run SQL on the main database (one statement with rows, or several without)."""
        connection = sqlite3.connect(database or self.main)
        try:
            if text.lstrip().upper().startswith(("SELECT", "PRAGMA")):
                return connection.execute(text).fetchall()
            connection.executescript(text)
            return []
        finally:
            connection.close()

    def dump(self, database: Path | None = None) -> list[str]:
        connection = sqlite3.connect(database or self.main)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

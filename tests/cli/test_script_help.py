"""`sopvm run NAME --help`, the completion of parameters, and the commands as modules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Place, command, environment

SCRIPTS = """
script restock(minimum: int, town: text = "Rome", key: text? secret = null, tags: list<text> = ["a"]) -> int
  "Order what is nearly gone."
  ask "How many of {town}?" choices [1, 2] into many: int
  insert into orders { n: many }
  emit { n: many, town: town }
  return many
end

script bare()
  "\x1b[31mred"
  let a = 1
end
"""


@pytest.fixture
def stocked(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.sql("create table orders (n integer not null)")
    place.compile(SCRIPTS)
    return place


def test_the_help_of_a_script_says_how_it_is_run(stocked: Place) -> None:
    for words in (["restock", "--help"], ["-h", "restock"], ["restock@1", "minimum=3", "--help", "-f", "csv"]):
        text = stocked.ok("sopvm", "run", *words).text
        assert text.startswith("Usage: sopvm run restock") and "Order what is nearly gone." in text
        for line in (
            "minimum  int, needed",
            'town     text, default "Rome"',
            "key      text?, a secret, default null",
            "tags     list<text>, default [",
            "writes   main.orders",
            "emits    n: int, town: text",
            "returns  int",
            "--answer 1=int",
            'ask "How many of {town}?"',
        ):
            assert line in text
    assert stocked.dump() == ["BEGIN TRANSACTION;", "CREATE TABLE orders (n integer not null);", "COMMIT;"]


def test_the_help_of_a_script_obeys_no_terminal_codes(stocked: Place) -> None:
    text = stocked.ok("sopvm", "run", "bare", "--help").text
    assert "\x1b" not in text and "red" in text and "nothing" in text and "Parameters" not in text


def test_without_a_script_the_help_is_that_of_the_command(stocked: Place) -> None:
    assert "--dry-run" in stocked.ok("sopvm", "run", "--help").text
    unknown = stocked.run("sopvm", "run", "restok", "--help")
    assert unknown.exit_code == 2 and "L0101" in unknown.stderr


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["restock", ""], ["minimum=", "town=", "key=", "tags="]),
        (["restock", "t"], ["town=", "tags="]),
        (["restock", "town=Oslo", "t"], ["tags="]),
        (["unknown", ""], []),
    ],
)
def test_the_shell_completes_parameters(stocked: Place, words: list[str], names: list[str]) -> None:
    env = environment() | {
        "_SOPVM_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["sopvm", "run", *words]),
        "COMP_CWORD": str(len(words) + 1),
    }
    done = subprocess.run(command("sopvm"), cwd=stocked.folder, env=env, capture_output=True, text=True, check=True)
    assert [line.removeprefix("plain,") for line in done.stdout.split()] == names and not done.stderr


@pytest.mark.parametrize(("module", "program"), [("sopc", "sopc"), ("runtime", "sopvm")])
def test_the_packages_are_the_commands(tmp_path: Path, module: str, program: str) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = {**environment(), "COLUMNS": os.environ.get("COLUMNS", "80")}
        return subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    for words in (["--help"], ["nonsense"], []):
        one, other = run(sys.executable, "-m", module, *words), run(*command(program, *words))
        assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)

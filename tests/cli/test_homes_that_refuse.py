"""A home that can only be read, or can't be made → each command works or says what refuses it, and changes nothing."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.commands import command, environment

PROGRAMS: Final = """
script look() emit from items end
script asks()
  insert into items {id: 3, name: "c"}
  commit
  ask "Go?" into ok: bool
  insert into items {id: 4, name: "d"}
end
"""
# the code of the error, or "": with a home that can only be read; with one in a folder that can't be written; with one
# below a file
COMMANDS: Final = {
    "sopc init": ("", "C0109", ""),
    "sopc init --demo shop": ("", "C0109", ""),
    "sopc check programs.sop": ("", "E0202", "L0106"),
    "sopc compile programs.sop": ("L0103", "L0103", "L0106"),
    "sopc ls": ("", "", "L0106"),
    "sopc rm look": ("L0103", "L0103", "L0106"),
    "sopc tag look prod": ("L0103", "L0101", "L0106"),
    "sopvm run look": ("", "L0101", "L0106"),
    "sopvm run look --detach": ("D0103", "L0101", "L0106"),
    "sopvm run asks": ("V0604", "L0101", "L0106"),
    "sopvm run asks --dry-run": ("D0305", "L0101", "L0106"),
    "sopvm runs": ("", "", ""),
    "sopvm push look": ("D0103", "L0101", "L0106"),
    "sopvm worker --until-idle": ("D0103", "C0109", "C0109"),
    "sopvm db import things.csv": ("D0305", "C0109", "C0109"),
    "sopvm db ls": ("", "", ""),
    "sopvm db query 'from items'": ("", "E0202", "L0106"),
    "sopvm token add tim": ("S0209", "C0109", "C0109"),
    "sopvm token ls": ("", "", "S0209"),
    "sopvm record steps": ("C0109", "C0109", "C0109"),
    "sopvm record --ls": ("", "", ""),
    "sopvm serve --get /live": ("", "", "L0106"),
}
HOMES: Final = ("read only", "not there", "below a file")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a library, a store and files; what a test sealed is opened again, so that pytest can remove it."""
    (tmp_path / "programs.sop").write_text(PROGRAMS)
    for name in ("items.csv", "things.csv"):
        (tmp_path / name).write_text("id,name\n1,a\n2,b\n")
    for line in ("sopvm db import items.csv", "sopc compile --yes programs.sop"):
        done = run(tmp_path, line, tmp_path / ".sop", as_root=True)
        assert done.returncode == 0, done.stderr
    yield tmp_path
    for path in (tmp_path, *tmp_path.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def run(folder: Path, line: str, home: Path, *, as_root: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command. Root may write everywhere, unless it gives up its capabilities first."""
    before = []
    if os.geteuid() == 0 and not as_root:
        before = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    words = [*before, *command(*shlex.split(line))]
    return subprocess.run(
        words,
        cwd=folder,
        env={**environment(), "SOP_HOME": str(home)},
        input="emit from items\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def seal(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "library.mdb-lock"
    }


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere, and can't give that up here"
)
@pytest.mark.parametrize("kind", HOMES)
def test_each_command_with_a_home_that_refuses(kind: str, folder: Path) -> None:
    home = folder / ".sop"
    if kind == "read only":
        seal(home)
    elif kind == "not there":
        shutil.rmtree(home)
        seal(folder)
    else:
        home = folder / "items.csv" / "home"
    before = content(folder if kind == "not there" else folder / ".sop")
    wrong = []
    for line, codes in COMMANDS.items():
        done = run(folder, line, home)
        wanted = codes[HOMES.index(kind)]
        said = done.stderr.partition("error ")[2]
        if (done.returncode == 0) != (not wanted) or not said.startswith(wanted) or "Traceback" in done.stderr:
            wrong.append(f"{line}: {done.returncode}, wanted {wanted!r}: {done.stderr}")
    assert not wrong, "\n".join(wrong)
    assert content(folder if kind == "not there" else folder / ".sop") == before


def test_a_demo_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    """Its last file has no room: the next try must not find the files of this one."""
    (tmp_path / "demo").mkdir()
    line = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    words = command("sopc", "init", "--demo", "demo")
    words[2] = line + words[2]
    done = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("error C0109: "), done.stderr
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [".sop"]
    again = subprocess.run(command("sopc", "init", "--demo", "demo"), cwd=tmp_path, env=environment(), check=False)
    assert again.returncode == 0

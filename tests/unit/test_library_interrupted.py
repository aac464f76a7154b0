"""A library whose first writer was killed, ran out of disk or memory, or was not alone → it can be read and written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ptrace, resource limits and tmpfs as Linux has them")


def cases(kind: str, folder: Path, *before: str) -> tuple[int, int]:
    """(cases that were tried, different states of the file that they left)."""
    command = [*before, sys.executable, "-m", "tests.unit.interrupted", kind, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    tried, states = done.stdout.split()
    return int(tried), int(states)


def test_a_kill_at_any_system_call_of_the_first_write(tmp_path: Path) -> None:
    tried, states = cases("kills", tmp_path)
    assert tried > 50
    assert states >= 4  # nothing, an empty file, head pages, one script, at least


@pytest.mark.parametrize("kind", ["file_limits", "memory_limits", "together"])
def test_a_first_write_under_limits_or_beside_others(kind: str, tmp_path: Path) -> None:
    tried, _ = cases(kind, tmp_path)
    assert tried >= 25


def test_a_first_write_on_a_disk_without_room(tmp_path: Path) -> None:
    allowed = subprocess.run(
        [*OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if allowed.returncode:
        pytest.skip(f"no mounts of one's own here: {allowed.stderr.decode().strip()}")
    tried, _ = cases("full_disks", tmp_path, *OWN_MOUNTS)
    assert tried > 10

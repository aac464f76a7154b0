"""Leases of runs in a SQLite file: one process at a time, whatever others do with the folder meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.databases.sqlite.lease import FileLease, is_leased


def test_the_folder_goes_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of another run removes it, between the look that it is there and the next."""
    make, going = Path.mkdir, [True, True]

    def mkdir(path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if going:
            going.pop()
            raise FileExistsError(path)
        make(path, mode, parents, exist_ok)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    lease = FileLease.take(tmp_path / "main.db", "r")
    assert lease is not None
    assert not going
    assert FileLease.take(tmp_path / "main.db", "r") is None
    lease.release()


def test_a_link_to_a_database_has_its_leases(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(tmp_path / "main.db")
    lease = FileLease.take(tmp_path / "main.db", "r")
    assert lease is not None
    assert is_leased(link, "r")
    assert FileLease.take(link, "r") is None
    lease.release()
    assert not is_leased(link, "r")

"""A folder → one prepared for workflows; on request with a small HR and inventory database and workflows in English."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from runtime.config import FILE_NAME, HOME_NAME
from runtime.errors import SopError, UsageError
from runtime.library.environment import make_home

__all__ = ("prepare_folder",)

SETTINGS = """\
# The databases that scripts name after `uses`; a script without `uses` sees `main`.
# Paths start at this folder; ${NAME} is read from the environment.
[databases]
# hr = "sqlite:///hr.db"
"""

DATABASES = ("hr", "inventory")
WORKFLOWS = (
    "audit_salary",
    "reorder_low_stock",
    "calculate_tax",
    "active_employees",
    "process_payroll",
    "department_summary",
    "clean_up",
    "anomaly_report",
)


def prepare_folder(folder: Path, *, demo: bool) -> list[Path]:
    """Prepare a folder, made when missing, for workflows: sop.toml and .sop/. Existing files are never replaced.

    Args:
        folder: The folder.
        demo: Add the databases and workflows of the demo.

    Returns:
        The files written.

    Raises:
        UsageError: C0206, it is not a folder; T0120, a file of the demo is there already.
        SopError: C0109, it can't be written. Of the demo nothing is left.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("C0206", f"{folder} is not a folder")
    make_home(folder / HOME_NAME)
    try:
        made = make_demo(folder) if demo else []
        settings = folder / FILE_NAME
        if not settings.exists():
            settings.write_text(SETTINGS, encoding="utf-8")
            made.append(settings)
    except (OSError, sqlite3.Error) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SopError("C0109", f"{folder} can't be written: {reason}", "check the path and its permissions") from error
    return made


def make_demo(folder: Path) -> list[Path]:
    """Write the demo into `folder` (made when missing) and return the files written.

    WORKFLOWS is in an order in which they compile: callees come before their callers.
    Raises UsageError T0120 when one of the files is there already, and what the disk refuses; then no file is left.
    """
    texts = {"sop.toml": _text("sop.toml")}
    texts |= {f"{name}.txt": _text(f"workflows/{name}.txt") for name in WORKFLOWS}
    names = [f"{name}.db" for name in DATABASES] + list(texts)
    taken = [name for name in names if (folder / name).exists()]
    if taken:
        raise UsageError(
            "T0120", f"{', '.join(taken)} already exist in {folder}", "sopc init --demo FOLDER makes it in another"
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name in DATABASES:
            _make_database(folder / f"{name}.db", _text(f"{name}.sql"))
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except BaseException:
        for name in names:
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        raise
    return [folder / name for name in names]


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _make_database(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(sql)
    finally:
        connection.close()

"""A folder → a small HR and inventory database in it, the sop.toml that names them, and workflows in plain English."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from pathlib import Path

from runtime.errors import UsageError

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


def make_demo(folder: Path) -> list[Path]:
    """Write the demo into `folder` (made when missing) and return the files written.

    WORKFLOWS is in an order in which they compile: callees come before their callers.
    Raises UsageError T0120 when one of the files is there already; then nothing is written.
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
    for name in DATABASES:
        _make_database(folder / f"{name}.db", _text(f"{name}.sql"))
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
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

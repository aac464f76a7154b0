"""The notebook of the documentation runs from its first cell to its last, in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.commands import ROOT, environment

NOTEBOOK = ROOT / "docs" / "sales.ipynb"


def outputs(cell: Any) -> str:
    """All that a cell has printed and shown."""
    found = [output.get("text") or output["data"] for output in cell.get("outputs", ())]
    return "\n".join(text if isinstance(text, str) else "\n".join(map(str, text.values())) for text in found)


# the kernel's client warns of its own event loops and sockets
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONWARNINGS", "default")  # of the kernel too
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book: Any = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in book.cells), "the notebook is kept without outputs"
    work = tmp_path / "work"
    work.mkdir()
    NotebookClient(
        book, timeout=300, startup_timeout=300, kernel_name="python3", resources={"metadata": {"path": str(work)}}
    ).execute()
    shown = [outputs(cell) for cell in book.cells if cell.cell_type == "code"]
    assert shown[0] == "[<5 rows loaded into sales>]"
    assert "<th>customer</th>" in shown[1] and "<p>3 rows; floats are rounded" in shown[1]
    assert "1999.999" in shown[2] and "script big_sales()" in shown[3]
    assert shown[5] == "{('update', 'sales'): 5}"
    assert shown[6] == "[1999.999, 310.25, 120.5]"
    assert shown[7] == "(3, {('update', 'sales'): 5})"
    assert shown[8].startswith("E0202\n")

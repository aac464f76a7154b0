"""The libraries of the page are those that the lock file names, and nothing else is served."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tools.vendor import FOLDER, LICENCES, fetched, locked

FORBIDDEN = ("eval(", "new Function(", "importScripts", "XMLHttpRequest", "fetch(")


def test_each_file_is_the_one_that_was_locked() -> None:
    rows = locked()
    assert {path.name for path in FOLDER.iterdir()} == {LICENCES, *(row["file"] for row in rows)}
    for row in rows:
        assert sha256((FOLDER / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert f"{row['package']}@{row['version']}" in (FOLDER / LICENCES).read_text(encoding="utf-8")


def test_no_library_makes_code_from_text_or_asks_another_server() -> None:
    for row in locked():
        text = (FOLDER / row["file"]).read_text(encoding="utf-8")
        assert not [
            word for word in ("eval(", "new Function(", "importScripts", "XMLHttpRequest", "fetch(") if word in text
        ]


@pytest.mark.large
def test_the_registry_gives_the_same_files_again() -> None:
    try:
        made = fetched(locked())
    except OSError as error:
        pytest.skip(f"the registry can't be reached: {error}")
    assert made == {name: (FOLDER / name).read_bytes() for name in made}

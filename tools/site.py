"""The repository's pages, its tables of functions and of error codes → the pages of the site (a hook of MkDocs)."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

from runtime.error_codes import table
from runtime.values.functions import FUNCTIONS

ROOT: Final = Path(__file__).parents[1]
_LINK: Final = re.compile(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)")


def on_files(files: Files, /, *, config: Any) -> Files:
    """Adds each page of `nav` under the path that it has in the repository, so that links between pages hold, and the
    other files that they link to."""
    made = {"functions.md": functions_page(), "errors.md": errors_page()}
    for entry in config.nav:
        (path,) = entry.values()
        if path in made:
            files.append(File.generated(config, path, content=made[path]))
            continue
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
        for target in _LINK.findall((ROOT / path).read_text("utf-8")):
            file = (ROOT / path).parent.joinpath(target).resolve()
            if file.is_file() and file.suffix != ".md":
                name = str(file.relative_to(ROOT))
                if files.get_file_from_path(name) is None:
                    files.append(File.generated(config, name, abs_src_path=str(file)))
    return files


def functions_page() -> str:
    rows = [
        f"| {'<br>'.join(f'`{text}`' for text in row.signatures)} | {row.kind} | {escape(row.doc)} |"
        for row in FUNCTIONS.values()
    ]
    return "\n".join(["# Functions", "", "| function | kind | gives |", "|---|---|---|", *rows, ""])


def errors_page() -> str:
    """As `sopc error CODE` says them."""
    parts = ["# Errors", "", "`sopc error CODE` prints the same."]
    for row in table():
        parts += ["", f"## {row.code}: {row.title}", "", escape(row.explanation, quote=False)]
        for title, example in (("Wrong", row.wrong), ("Right", row.right)):
            if example:
                parts += ["", f"{title}:", "", "````text", example.rstrip("\n"), "````"]
        parts += ["", f"Since {row.since}."]
    return "\n".join(parts) + "\n"

"""A name and the file or URL of a database → its line in sop.toml."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from runtime.config import FILE_NAME, Config
from runtime.errors import UsageError
from runtime.files.atomic import write_text
from runtime.files.prepare import engine_of

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_HEADER: Final = re.compile(r"^[ \t]*\[[ \t]*databases[ \t]*\][^\n]*$", re.MULTILINE)


def url_of(where: str, base: Path) -> str:
    """The URL of a file or folder, relative to a folder if it is inside; a URL as it is.

    Raises:
        UsageError: D0501, there is no such file, or it is no database.
    """
    if "://" in where:
        return where
    path = Path(where)
    try:
        if path.is_dir():
            engine: str | None = "files"
        else:
            with path.open("rb") as stream:
                engine = engine_of(stream.read(16))
    except OSError as error:
        raise UsageError("D0501", f"{where} can't be read: {(error.strerror or str(error)).lower()}") from error
    if engine is None:
        message = f"{where} is neither a SQLite nor a DuckDB database"
        raise UsageError("D0501", message, "`sopvm db import` loads the rows of other files")
    full = Path(os.path.abspath(path))  # noqa: PTH100 (Path.resolve would follow links)
    shown = str(full.relative_to(base)) if full.is_relative_to(base) else str(full)
    return f"{engine}:///{shown.replace('%', '%25').replace('?', '%3F')}"


class Declaration(NamedTuple):
    """path: of the sop.toml. text: all of it, with the new line. config: the settings with the database."""

    path: Path
    text: str
    line: str
    config: Config

    def write(self) -> None:
        """Write sop.toml; SopError C0109 if that can't be done."""
        write_text(self.path, self.text)


def declare(config: Config, name: str, where: str) -> Declaration:
    """The line of a database in sop.toml, which is made in the working folder if there is none.

    Args:
        config: The settings.
        name: What scripts call the database.
        where: Its file, folder or URL.

    Returns:
        What is to be written.

    Raises:
        UsageError: C0207, the name stands for another database already, or the file can't take the line; D0501, there
            is nothing to declare.
    """
    path = config.file or Path.cwd() / FILE_NAME
    url = url_of(where, path.parent)
    line = f"{name if _BARE.fullmatch(name) else _quoted(name)} = {_quoted(url)}"
    text = path.read_text("utf-8") if path.exists() else ""
    known = config.declared.get(name)
    if known is not None and known["url"] != url:
        raise UsageError("C0207", f"the name {name} stands for {known['url']} in {path}", "another name")
    if known is None:
        text = _with_line(text, line)
    try:
        found = tomllib.loads(text).get("databases", {}).get(name)
    except tomllib.TOMLDecodeError:
        found = None
    if known is None and found != url:
        raise UsageError("C0207", f"{path} can't take a line of its own for {name}", f"write it yourself: {line}")
    declared = {**config.declared, name: {"url": url}}
    return Declaration(path, text, line, msgspec.structs.replace(config, file=path, declared=declared))


def _with_line(text: str, line: str) -> str:
    header = _HEADER.search(text)
    if header is not None:
        return f"{text[: header.end()]}\n{line}{text[header.end() :]}"
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    return f"{before}[databases]\n{line}\n"


def _quoted(text: str) -> str:
    """As a text of TOML: JSON's quotes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

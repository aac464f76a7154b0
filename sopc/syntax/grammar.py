"""grammar/sop.lark → a Lark parser that builds nodes, with its tables cached between processes."""

from __future__ import annotations

import hashlib
import marshal
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import lark
from lark import Lark, Token
from lark.grammar import Rule
from lark.lexer import TerminalDef

from sopc.syntax.build import TreeBuilder

__all__ = ("grammar_text", "make_parser", "parser", "reserved_words")

STARTS: Final = ("start", "query")
_CHECKSUM: Final = 32


@cache
def grammar_text() -> str:
    """grammar/sop.lark as it was installed."""
    return files("grammar").joinpath("sop.lark").read_text("utf-8")


@cache
def reserved_words() -> frozenset[str]:
    """The keywords that can't be names unless backquoted: the grammar's rule `reserved`."""
    rule = re.search(r"^reserved:(.*?)^$", grammar_text(), re.MULTILINE | re.DOTALL)
    return frozenset(re.findall(r'"(\w+)"', rule.group(1) if rule else ""))


class _WholeWords:
    """Lark's hook between lexer and parser.

    Lark's contextual lexer tries only the terminals that can come next. This hook makes it read whole words (`lettuce`
    is not `let`), and read a reserved word as a keyword even where only a name can come.
    """

    def __init__(self) -> None:
        self.always_accept = ("NAME", *sorted(word.upper() for word in reserved_words()))

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@cache
def parser() -> Lark:
    """The parser of this process.

    Computing its tables takes about 0.4 s and reading them 0.07 s, so they are cached in the user's cache folder, as
    plain data with a checksum, under a name made of everything that they depend on. If the file is missing, damaged
    or can't be written, the tables are computed again.
    """
    path = _cache_path()
    try:
        content = path.read_bytes() if path is not None else b""
    except OSError:
        content = b""
    checksum, tables = content[:_CHECKSUM], content[_CHECKSUM:]
    if checksum and checksum == hashlib.sha256(tables).digest():
        kept = marshal.loads(tables)
        load: Any = Lark._load_from_dict
        loaded: Lark = load(kept["data"], kept["memo"], **_hooks())
        return loaded
    result = make_parser()
    if path is not None:
        _keep(result, path)
    return result


def make_parser() -> Lark:
    """A parser computed from the grammar, without the cache."""
    return Lark(
        grammar_text(),
        parser="lalr",
        start=list(STARTS),
        keep_all_tokens=True,
        maybe_placeholders=False,
        **_hooks(),
    )


def _hooks() -> dict[str, Any]:
    return {"postlex": _WholeWords(), "transformer": TreeBuilder()}


def _cache_path() -> Path | None:
    """None for a user without a home folder, as in some containers."""
    key = f"{grammar_text()}\0{_WholeWords().always_accept}\0{lark.__version__}\0{sys.version}\0{STARTS}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # unset, or relative, which the XDG specification says to ignore
        try:
            base = Path.home() / ".cache"
        except RuntimeError:
            return None
    return base / "sopc" / f"grammar-{digest}.tables"


def _keep(built: Lark, path: Path) -> None:
    data, memo = built.memo_serialize([TerminalDef, Rule])
    data["options"] |= dict.fromkeys(_hooks())
    tables = marshal.dumps({"data": data, "memo": memo})
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(hashlib.sha256(tables).digest() + tables)
        Path(file.name).replace(path)
    except OSError:
        return  # a cache that can't be written (a read-only home) is only slower

"""A program that breaks off at the cursor → the words that can come there: keywords, then stores, fields, scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from runtime.config import MAIN
from runtime.query.schema import Schema, Store
from runtime.values.functions import FUNCTIONS
from sopc.context import Context
from sopc.syntax.errors import stack_after
from sopc.syntax.parser_state import tables
from sopc.syntax.print_expr import name as written

_WORD: Final = re.compile(r"`?\w*\Z")
_TEXT: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_HEAD: Final = re.compile(r"\bscript\b[^)]*\)\s*uses\s+(\w+(?:\s*,\s*\w+)*)")
_BASE: Final = re.compile(r"(\w+)\s*\.\Z")
_BOUND: Final = re.compile(r"\b(?:let|each|query)\s+(\w+)|\binto\s+(\w+)\s*:|[(,]\s*(\w+)\s*:")
_OWN: Final = re.compile(r"\bscript\s+(\w+)")
_OF_STORES: Final = ("from", "join", "into", "update")
_NEW: Final = ("let", "as", "each", "script", "query")  # a new name follows

WordKind = Literal["keyword", "store", "database", "field", "variable", "function", "script"]


@dataclass(frozen=True)
class Word:
    """One completion. start: the offset from which it replaces the text up to the cursor."""

    text: str
    kind: WordKind
    start: int
    detail: str = ""


def completions(text: str, offset: int, context: Context) -> list[Word]:
    """List the words that can come at an offset, keywords first.

    Args:
        text: A program, which need not parse.
        offset: Of the cursor; a word that begins before it is replaced.
        context: The databases and scripts that it can use.
    """
    before = text[:offset]
    start = offset - len(_WORD.search(before)[0])  # type: ignore[index]  # it matches every text
    before = text[:start]
    line = _TEXT.sub("", before.rpartition("\n")[2])
    in_text = '"' in line and "{" not in line.rpartition('"')[2]
    if "#" in line or in_text:
        return []
    names = _Names(before, start, context)
    of_base = before.endswith(".")
    before = before.removesuffix(".")
    stack = stack_after(before) or stack_after("script s()\n" + before.rpartition("\n")[2])
    expected = stack.expected() if stack else []
    if stack is None or of_base:
        return list(names.members()) if "FIELD" in expected else []
    literals = tables().literals
    found = [Word(literals[each], "keyword", start) for each in expected if literals.get(each, "").isalpha()]
    if "NAME" in expected:
        found += names.after(literals.get(stack.entries[-1].symbol, ""))
    return list({(each.text, each.kind): each for each in found}.values())


class _Names:
    """The names that can come after a text. script: the part of it from the last `script` on."""

    def __init__(self, before: str, start: int, context: Context) -> None:
        self._before, self._start, self._context = before, start, context
        self._script = before[max(before.rfind("script"), 0) :]
        head = _HEAD.search(self._script)
        used = re.split(r"\s*,\s*", head[1]) if head else [MAIN]
        self._schemas = context.readable_schemas(used)

    def after(self, last: str) -> Iterator[Word]:
        """last: the keyword or sign before the cursor, "" for something else."""
        if last in _NEW:
            return
        if last == "uses":
            yield from (self._word(name, "database") for name in self._context.config.database_names())
        elif last == "call":
            yield from self._scripts()
        elif last in _OF_STORES:
            yield from self._stores(self._schemas)
            yield from (self._word(name, "variable") for name in re.findall(r"\bquery\s+(\w+)", self._script))
            yield from (self._word(name, "database") for name in self._schemas if name != MAIN)
        else:
            for store in self._named():
                yield from self._fields(store)
            bound = (next(filter(None, match.groups())) for match in _BOUND.finditer(self._script))
            yield from (self._word(name, "variable") for name in bound)
            yield from self._scripts()
            yield from (self._word(name, "function", row.doc) for name, row in FUNCTIONS.items())

    def members(self) -> Iterator[Word]:
        """What can follow `base.`: the stores of a database, or the fields of a store, its alias or a row of it."""
        base = _BASE.search(self._before)
        name = base[1] if base else ""
        if name in self._schemas:
            yield from self._stores({name: self._schemas[name]})
            return
        alias = rf"\b(?:from|join)\s+(?:\w+\.)?(\w+)\s+as\s+{name}\b|\beach\s+{name}\s+in\s+from\s+(?:\w+\.)?(\w+)"
        meant = {group for match in re.finditer(alias, self._script) for group in match.groups()} | {name}
        named = list(self._named())
        for store in [store for store in named if store.name in meant] or named:
            yield from self._fields(store)

    def _named(self) -> Iterator[Store]:
        """The stores that the script names."""
        words = set(re.findall(r"\w+", self._script))
        for schema in self._schemas.values():
            yield from (store for store in schema.stores.values() if words.issuperset(re.findall(r"\w+", store.name)))

    def _stores(self, schemas: dict[str, Schema]) -> Iterator[Word]:
        for name, schema in schemas.items():
            yield from (self._word(store, "store", f"of {name}") for store in schema.stores)

    def _fields(self, store: Store) -> Iterator[Word]:
        yield from (self._word(each.name, "field", f"{each.type} of {store.name}") for each in store.fields)

    def _scripts(self) -> Iterator[Word]:
        names = {*self._context.script_names(), *_OWN.findall(self._before)}
        yield from (self._word(name, "script") for name in sorted(names))

    def _word(self, name: str, kind: WordKind, detail: str = "") -> Word:
        return Word(written(name), kind, self._start, detail)

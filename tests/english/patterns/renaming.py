"""A schema with data, and a seed → a function that renames every name and value of it in any text or program."""

from __future__ import annotations

import random
import re
import sqlite3

from sopc.syntax.grammar import reserved_words

KEPT = frozenset({"id", "code", "on", "at", "in", "the", "drop", "table"})
_SYLLABLES = ("ba", "ko", "mi", "zu", "ter", "vo", "lan", "pe", "gri", "dul", "fe", "nox", "wa", "tim", "yor", "quu")
_OPPOSITE = "in"  # as in "inactive"
_WORD = re.compile(r"[A-Za-z]+")
# Text and backquoted names, whose words may be keywords elsewhere; or a name as it stands.
_NAMED = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|[A-Za-z_]+')


class Renaming:
    """words: lower-case stem → nonsense stem. Plurals stay plurals, capitals stay capitals; words in capitals only
    (SQL's own) are left alone."""

    def __init__(self, sql: str, seed: int, taken: frozenset[str], kept: frozenset[str] = frozenset()) -> None:
        """taken: words that no renamed word may become. kept: words that stay, besides KEPT."""
        source = random.Random(seed)
        self.words: dict[str, str] = {}
        for word in sorted(_named(sql) - kept):
            fresh = ""
            while not fresh or fresh in taken or fresh in self.words.values():
                fresh = "".join(source.choices(_SYLLABLES, k=3)) + "k"
            self.words[word] = fresh

    def __call__(self, text: str) -> str:
        return _WORD.sub(self._renamed, text)

    def program(self, text: str) -> str:
        """A program renamed: keywords stay."""
        return _NAMED.sub(lambda match: match[0] if match[0] in reserved_words() else self(match[0]), text)

    def _renamed(self, match: re.Match[str]) -> str:
        word = match.group()
        stem = _stem(word.lower())
        if word.isupper() and len(word) > 1:
            return word
        if stem not in self.words:
            rest = stem[len(_OPPOSITE) :]
            return _OPPOSITE + self.words[rest] if stem.startswith(_OPPOSITE) and rest in self.words else word
        fresh = self.words[stem] + ("s" if stem != word.lower() else "")
        return fresh.capitalize() if word[0].isupper() else fresh


def _named(sql: str) -> set[str]:
    """The stems of all words in the names of tables and columns and in the values of text columns."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(sql)
    texts: list[str] = []
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        texts.append(table)
        for _, column, type_, *_ in connection.execute(f'PRAGMA table_info("{table}")'):
            texts.append(column)
            if type_ == "TEXT":
                quoted = column.replace('"', '""')
                texts += [row[0] or "" for row in connection.execute(f'SELECT "{quoted}" FROM "{table}"')]
    connection.close()
    return {_stem(word.lower()) for text in texts for word in _WORD.findall(text)} - KEPT - {""}


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word

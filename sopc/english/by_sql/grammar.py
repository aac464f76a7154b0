"""Tables → a loose grammar of SQL over them, in the Lark dialect of llguidance: any order of words, only known names.

A strict grammar fights a model's own spacing and case. This one admits both, and binds the names alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from runtime.query.schema import Store

_WORDS: Final = (
    "select|distinct|from|join|left|inner|outer|cross|on|where|and|or|not|in|is|null|like|between|exists|group|by|having"
    "|order|asc|desc|limit|offset|union|all|intersect|except|case|when|then|else|end|with|as|count|sum|avg|min|max|lower"
    "|upper|length|round|abs|coalesce|cast|integer|real|text|substr|strftime|date|true|false|over|partition|row_number"
    "|rank"
)
_GRAMMAR: Final = """\
start: begin rest* ";"?
begin: /(?i:select|with)/
rest: (SPACE | MARK) part?
part: WORD | NAME | ALIAS | NAMED | NUMBER | TEXT
NAMED: /(?i:as)[ \\t\\r\\n]+[A-Za-z_][A-Za-z0-9_]{{0,40}}/
ALIAS: /[A-Za-z]{{1,2}}[0-9]{{0,2}}/
NUMBER: /[0-9]{{1,15}}(\\.[0-9]{{1,10}})?/
TEXT: /'[^'\\n]{{0,80}}'/
MARK: /[(),.*+\\-\\/%]|<>|!=|<=|>=|[=<>]|\\|\\|/
SPACE: /[ \\t\\r\\n]{{1,12}}/
WORD: /(?i:{words})/
NAME: {names}
"""


def grammar_over(stores: Iterable[Store]) -> str:
    """A grammar that admits the names of these tables and of their columns, in any case."""
    names = dict.fromkeys(name for store in stores for name in (store.name, *(field.name for field in store.fields)))
    forms = [f"/(?i:{name})/" for name in names if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)]
    forms += [json.dumps(f'"{name}"', ensure_ascii=False) for name in names if '"' not in name and "\n" not in name]
    return _GRAMMAR.format(words=_WORDS, names=" | ".join(forms))

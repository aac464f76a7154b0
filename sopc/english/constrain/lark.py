"""Rules and terminals → the text of a grammar in the dialect of Lark that llguidance reads."""

from __future__ import annotations

from collections.abc import Mapping

from sopc.english.constrain.rules import START, Rules, used_by


def write_lark(rules: Rules, terminals: Mapping[str, str]) -> str:
    """rules: with the spaces written out. terminals: name → regular expression; those that no rule uses are left out.

    The dialect: https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md
    """
    used = {symbol.rstrip("?") for each in rules.values() for symbol in used_by(each)}
    lines = []
    for name, each in sorted(rules.items(), key=lambda item: item[0] != START):
        lines.append(f"{name}: " + "\n  | ".join(" ".join(expansion) for expansion in each))
    for name, pattern in terminals.items():
        if name in used:
            lines.append(f"{name}: /{_escaped(pattern)}/")
    return "\n".join(lines) + "\n"


def _escaped(pattern: str) -> str:
    """A regular expression between slashes, on one line."""
    return pattern.replace("/", r"\/").replace("\n", r"\n")

"""The source of both programs → every hint that names a command or an option, as a template with `{}` for what varies.

A hint is any text that is not a docstring, nor the help of an option or command, nor an error's message (the second
argument of a raised error, or a value assigned to `message`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
_PROGRAMS = "sopc|sopvm|pip|jq|iconv|export|rm|mv|cp|curl|psql|sqlite3"
_NAMES_COMMAND = re.compile(rf"(?:^|[\s`|])(?:{_PROGRAMS}) [\w'{{.-]|(?<![\w-])--[a-z]|(?<![\w-])-[a-zA-Z] \w")
_ONE_OPTION = re.compile(r"--?[\w-]+=?")
_HELPERS = ("option", "argument", "command", "App", "group")


def hints() -> dict[str, str]:
    """Template → one file that holds it, relative to the repository."""
    found: dict[str, str] = {}
    for folder in ("runtime", "sopc"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if (path.parent.parent.name, path.name) != ("databases", "functions.py"):  # SQL, with minus signs in it
                for template in _templates(ast.parse(path.read_text(encoding="utf-8"))):
                    found.setdefault(template, str(path.relative_to(ROOT)))
    return found


def pattern(template: str) -> re.Pattern[str]:
    """What a template looks like once it is filled in."""
    parts = [re.escape(part) for part in template.split("{}")]
    if len(parts) > 1 and not parts[-1]:
        parts[-2:] = [f'{parts[-2]}[^\n"]*']
    return re.compile(".+?".join(parts), re.DOTALL)


def _templates(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["message"]:
        return
    if isinstance(node, (ast.JoinedStr, ast.Constant)):
        text = _text(node).strip()
        is_help = "\b" in text  # what click prints as it is laid out
        if _NAMES_COMMAND.search(text) and not (is_help or _ONE_OPTION.fullmatch(text)):
            yield text
        return
    children: Iterator[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in _HELPERS:
            return
        if name.endswith("Error") or name in ("Locked", "Diagnostic", "NeedsYes", "NeedsAnswer"):
            children = iter([*node.args[:1], *node.args[2:], *node.keywords])
    for child in children:
        yield from _templates(child)


def _text(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]

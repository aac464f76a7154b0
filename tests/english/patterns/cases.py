"""Text files of cases → sentences, the exact program that each must give, and SQL that gives the same answer.

A case begins with its schema in brackets and its English, which may take several lines. Below, indented, stands the
program: its steps, or a whole script where it has parameters or returns something. Last may come SQL whose answer is
the run's, by what it is compared with: `rows:` the records (in order where the SQL has one), `says:` the messages,
`result:` the return value, `effect:` statements that change the data alike. Lines that begin with `?` instead are the
readings that the author is asked to choose from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from sopc.english.lock import split_sop
from sopc.source import Source
from sopc.syntax.format import format_file
from sopc.syntax.parse import parse
from sopc.tree import nodes
from sopc.tree.visit import rewrite

HERE = Path(__file__).parent
_CASE = re.compile(r"^\[(\w+)\] ", re.MULTILINE)
_CHECK = re.compile(r"^(rows|says|result|effect): (.*)\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One case. readings: not empty where the author is asked. check: what of the run the SQL is compared with."""

    kind: str
    schema: str
    english: str
    program: str = ""
    readings: tuple[str, ...] = ()
    check: str = ""
    sql: str = ""

    @property
    def ordered(self) -> bool:
        return "ORDER BY" in self.sql


def read_cases() -> list[Case]:
    return [case for file in sorted(HERE.glob("*.txt")) for case in _read(file.stem, file.read_text(encoding="utf-8"))]


def _read(kind: str, text: str) -> list[Case]:
    _, *parts = _CASE.split(text)
    return [_case(kind, schema, body) for schema, body in zip(parts[::2], parts[1::2], strict=True)]


def _case(kind: str, schema: str, body: str) -> Case:
    english = "\n".join(line for line in body.splitlines() if line and not line.startswith("    "))
    below = dedent("\n".join(line for line in body.splitlines() if line.startswith("    ")))
    if below.startswith("?"):
        readings = tuple(" ".join(one.split()) for one in re.split(r"^\? ", below, flags=re.MULTILINE) if one)
        return Case(kind, schema, english, readings=readings)
    check = _CHECK.search(below)
    if check is None:
        return Case(kind, schema, english, below)
    return Case(kind, schema, english, below[: check.start()], check=check[1], sql=check[2])


def whole(program: str) -> str:
    """Steps, or a whole script → a script in the formatter's layout."""
    if not program.startswith("script "):
        program = f"script asked()\n{indent(program, '  ')}\nend\n"
    return format_file(parse(Source("expected.sop", program)))


def drafted(sop_text: str) -> str:
    """A draft's script without its header and its sentences' numbers, in the formatter's layout."""
    tree = parse(Source("asked.sop", split_sop(sop_text)[1]))
    return format_file(rewrite(tree, _without_sentence))


def _without_sentence(node: nodes.Node) -> nodes.Node:
    return node.model_copy(update={"sentence": None}) if getattr(node, "sentence", None) is not None else node

"""A folder of cases → English, its database and what a right program does: in the shipped format, or Spider's.

Shipped: `NAME.sql` makes the database, `NAME.sop` (optional) holds scripts that can be called, `NAME.toml` the cases.
Spider's (Yu et al. 2018): `tables.json`, `dev.json` (a list of db_id, question, query), and the databases as
`database/DB_ID/DB_ID.sqlite` or `database/DB_ID.sqlite`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class SetError(Exception):
    """The set of cases can't be read; the message says why."""


SHIPPED = Path(__file__).parent / "shipped"
_FIELDS = {"english", "sql", "effect", "says", "result", "answers", "args", "ordered", "fails"}
_OUTER_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


@dataclass(frozen=True)
class Expected:
    """What a right run does.

    Attributes:
        queries: SQL over the original data whose rows are the records. Several are alternatives; none means no records.
        ordered: whether the order of records and messages counts.
        effect: SQL that changes the data as the run must; "" for no change.
        says: the messages.
        fails: the message with which the program must fail (`fail`, `assert`); "" if it must succeed. For a failed run,
            records, messages and changes are those committed before.
    """

    queries: tuple[str, ...] = ()
    ordered: bool = False
    effect: str = ""
    says: tuple[str, ...] = ()
    result: Any = None
    fails: str = ""


@dataclass(frozen=True)
class Case:
    """`name`: its place in the set. `answers`: to its questions, in order."""

    name: str
    schema: Schema
    english: str
    expected: Expected
    answers: tuple[str, ...] = ()
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> bool:
        """Whether it is a workflow of several sentences rather than one question or order."""
        return "\n" in self.english.strip()


@dataclass(frozen=True)
class Schema:
    """A database, made from SQL or copied. `scripts`: DSL of scripts that can be called."""

    name: str
    sql: str = ""
    file: Path | None = None
    scripts: str = ""

    def make(self, path: Path) -> None:
        if self.file is not None:
            path.write_bytes(self.file.read_bytes())
            return
        with sqlite3.connect(path) as connection:
            connection.executescript(self.sql)
        connection.close()


def read_set(name: str) -> list[Case]:
    """Read `shipped`, or a folder in either format.

    Raises:
        SetError: for another folder, or a case that is wrong.
    """
    folder = SHIPPED if name == "shipped" else Path(name)
    if (folder / "dev.json").is_file():
        return _read_spider(folder)
    found = [case for file in sorted(folder.glob("*.toml")) for case in _read_shipped(file)]
    if not found:
        raise SetError(f"{folder} holds no cases: neither NAME.sql with NAME.toml, nor Spider's dev.json")
    return found


def _read_shipped(file: Path) -> list[Case]:
    scripts = file.with_suffix(".sop")
    schema = Schema(
        file.stem,
        file.with_suffix(".sql").read_text(encoding="utf-8"),
        scripts=scripts.read_text(encoding="utf-8") if scripts.exists() else "",
    )
    listed = tomllib.loads(file.read_text(encoding="utf-8"))["case"]
    return [_case(f"{file.stem}/{number}", schema, one) for number, one in enumerate(listed, 1)]


def _case(name: str, schema: Schema, one: dict[str, Any]) -> Case:
    unknown = one.keys() - _FIELDS
    if unknown:
        raise SetError(f"case {name} has {', '.join(sorted(unknown))}; known are {', '.join(sorted(_FIELDS))}")
    sql = one.get("sql", [])
    queries = (sql,) if isinstance(sql, str) else tuple(sql)
    ordered = one.get("ordered", bool(queries) and all(_is_ordered(query) for query in queries))
    says, fails = tuple(one.get("says", ())), one.get("fails", "")
    expected = Expected(queries, ordered, one.get("effect", ""), says, one.get("result"), fails)
    return Case(name, schema, one["english"].strip(), expected, tuple(one.get("answers", ())), one.get("args", {}))


def _read_spider(folder: Path) -> list[Case]:
    known = {one["db_id"] for one in json.loads((folder / "tables.json").read_text(encoding="utf-8"))}
    schemas: dict[str, Schema] = {}
    cases = []
    for number, one in enumerate(json.loads((folder / "dev.json").read_text(encoding="utf-8")), 1):
        database = one["db_id"]
        places = [folder / "database" / database / f"{database}.sqlite", folder / "database" / f"{database}.sqlite"]
        file = next((place for place in places if place.is_file()), None)
        if database not in known or file is None:
            where = "tables.json" if database not in known else "database/"
            raise SetError(f"question {number} is about {database}, which is not in {where}")
        schema = schemas.setdefault(database, Schema(database, file=file))
        query = one["query"]
        cases.append(Case(f"{database}/{number}", schema, one["question"], Expected((query,), _is_ordered(query))))
    return cases


def _is_ordered(query: str) -> bool:
    """Whether the rows come in an order: an ORDER BY outside brackets."""
    while True:
        plain = re.sub(r"\([^()]*\)", "", query)
        if plain == query:
            return _OUTER_ORDER.search(query) is not None
        query = plain

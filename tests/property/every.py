"""Forms of expressions × rows of edge values → where the virtual machine and an engine differ.

The machine evaluates the form for each row in a loop. The engine evaluates all rows that have a value in one statement,
and each row that has an error in a statement of its own.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from runtime.databases.exclusions import Answers, excused
from runtime.databases.protocol import Loadable, Statement
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.query.algebra import Query
from runtime.query.schema import Field, Schema, Store
from runtime.values.conversion import json_ready
from runtime.values.types import INT
from tests.engines import SQLITE, Engine
from tests.harness import compile_text, execute, store
from tests.property.edges import typed
from tests.property.forms import NAMES, Form

ERRORS_EACH = 4  # rows that have an error which are tried, of each form in each engine
GIVEN = 3  # values of the later arguments that are tried as variables


@dataclass(frozen=True)
class Difference:
    """One row of a form for which an engine says something else than the machine. Values and records are JSON, errors
    codes; how: `field`, or `variable` where arguments after the first were given as variables."""

    engine: str
    form: Form
    row: tuple[Any, ...]
    machine: str
    found: str
    how: str

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in zip(NAMES, self.row, strict=False))
        text = written(self.form, *NAMES)
        return f"{self.engine}: {text} ({self.how}; {shown}): {_short(self.found)}; the machine: {_short(self.machine)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 70 else text[:67] + "…"


# ── the machine ────────────────────────────────────────────────────────────────────────────────────────────────


def written(form: Form, *names: str) -> str:
    return form.text.format(**dict(zip(NAMES, names, strict=False)))


def _script(types: Sequence[str], forms: Sequence[Form], numbers: Sequence[int]) -> str:
    fields = ", ".join(f"{name}: {typed(type_)}" for name, type_ in zip(NAMES, types, strict=False))
    names = [f"r.{name}" for name in NAMES[: len(types)]]
    steps = "\n".join(
        f"    try\n      emit {{id: r.id, n: {number}, x: {written(form, *names)}}}\n"
        f"    on error e do\n      emit {{id: r.id, n: {number}, code: e.code}}\n    end"
        for number, form in zip(numbers, forms, strict=True)
    )
    return f"script test(rows: list<{{id: int, {fields}}}>)\n  for each r in rows do\n{steps}\n  end\nend\n"


class _Answer(msgspec.Struct):
    id: int
    n: int
    x: msgspec.Raw = msgspec.Raw(b"")
    code: str = ""


class _Line(msgspec.Struct):
    type: str
    result: msgspec.Raw = msgspec.Raw(b"")


def by_machine(forms: Sequence[Form], table: Sequence[tuple[Any, ...]]) -> list[list[str]]:
    """For each form, all over the same types, what the machine says for each row: JSON, or the code of an error."""
    text = _script(forms[0].types, forms, range(len(forms)))
    given = [{"id": index, **dict(zip(NAMES, row, strict=False))} for index, row in enumerate(table)]
    with tempfile.TemporaryDirectory() as folder:
        place = SQLITE.place(Path(folder))
        SQLITE.script(place, "CREATE TABLE other (x INTEGER)")
        with Library.open(Path(folder) / "home") as library:
            store(library, compile_text(text, Schema({})))
            raw, code = execute(library, "test", place, {"rows": given})
    assert code == 0, raw[-600:]
    answers = [["" for _ in table] for _ in forms]
    for line in raw.splitlines():
        known = msgspec.json.decode(line, type=_Line)
        if known.type == "record":
            answer = msgspec.json.decode(known.result, type=_Answer)
            answers[answer.n][answer.id] = answer.code or bytes(answer.x).decode()
    assert all(map(all, answers))
    return answers


# ── an engine ──────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def opened(engine: Engine, script: str = "") -> Iterator[Loadable]:
    """A new database of the engine, filled by a script of SQL."""
    with tempfile.TemporaryDirectory() as folder:
        place = engine.place(Path(folder))
        engine.script(place, script)
        database = cast(Loadable, engine.open(place))
        try:
            yield database
        finally:
            database.close()


def placed(
    engine: Engine, database: Loadable, name: str, types: Sequence[str], table: Sequence[tuple[Any, ...]]
) -> Place:
    """A new store of rows, numbered from 0 in `id`."""
    fields = [Field("id", INT), *(Field(each, typed(type_)) for each, type_ in zip(NAMES, types, strict=False))]
    made = Store(name, tuple(fields))
    database.begin(write=True)
    database.create_store(made)
    database.insert_rows(made, [(index, *row) for index, row in enumerate(table)])
    database.commit()
    database.forget_schema()
    return Place(engine.name, database, database.schema(), name, table)


@dataclass
class Compared:
    """What was looked at, and what differed. excused: differences that a row of the exclusions covers, by it.
    errors_each: rows that have an error which are tried, of each form in each engine."""

    errors_each: int = ERRORS_EACH
    cases: int = 0
    differences: list[Difference] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)

    def note(self, difference: Difference) -> None:
        form = difference.form
        answers = Answers((form.row,), form.types, difference.machine, difference.found)
        row = excused(difference.engine, answers)
        if row is None:
            self.differences.append(difference)
        else:
            self.excused[row.what] += 1


@dataclass
class Place:
    """A store of rows of edge values in a database of an engine."""

    engine: str
    database: Loadable
    schema: Schema
    name: str
    table: Sequence[tuple[Any, ...]]

    def compare(self, form: Form, machine: Sequence[str], into: Compared) -> None:
        """One form over the store, against the machine's answer for each row."""
        fields = NAMES[: len(form.types)]
        text = f"emit from {self.name} where id in $ids select id, {written(form, *fields)} as x"
        head = "".join(f", p{each}: {typed(type_)}" for each, type_ in zip(fields[1:], form.types[1:], strict=True))
        given = [fields[0], *(f"$p{each}" for each in fields[1:])]
        again = f"emit from {self.name} where id in $ids select id, {written(form, *given)} as x" if head else ""
        (module,) = compile_text(f"script test(ids: list<int>{head})\n  {text}\n  {again}\nend\n", self.schema)
        queries = [fetch.query for fetch in module.queries]
        self._compare("field", form, queries[0], list(range(len(self.table))), [], machine, into)
        if len(queries) > 1:
            for params, chosen in self._groups():
                self._compare("variable", form, queries[1], chosen, params, machine, into)

    def _groups(self) -> Iterator[tuple[list[Any], list[int]]]:
        """Values of the fields after the first, and the rows that have them: the most frequent ones."""
        groups: dict[str, tuple[list[Any], list[int]]] = {}
        for index, row in enumerate(self.table):
            groups.setdefault(repr(row[1:]), (list(row[1:]), []))[1].append(index)
        yield from sorted(groups.values(), key=lambda group: -len(group[1]))[:GIVEN]

    def _compare(
        self,
        how: str,
        form: Form,
        query: Query,
        chosen: list[int],
        params: list[Any],
        machine: Sequence[str],
        into: Compared,
    ) -> None:
        failing = [index for index in chosen if is_code(machine[index])]
        whole = [index for index in chosen if not is_code(machine[index])]
        alone = failing[:: max(1, len(failing) // into.errors_each)][: into.errors_each]
        into.cases += len(whole) + len(alone)
        try:
            statement = self.database.prepare(query)
        except SopError as error:
            into.note(Difference(self.engine, form, (), "", error.code, how))
            return
        try:
            found = answers(self.database, statement, whole, params, as_records=how == "field") if whole else {}
        except SopError:  # which of them is it?
            found = {}
            alone = [*whole, *alone]
        for index in alone:
            try:
                found |= answers(self.database, statement, [index], params, as_records=False)
            except SopError as error:
                found[index] = error.code
        for index, answer in found.items():
            if answer != machine[index]:
                into.note(Difference(self.engine, form, self.table[index], machine[index], answer, how))


def is_code(answer: str) -> bool:
    return len(answer) == 5 and answer[0] in "VD" and answer[1:].isdigit()


def answers(
    database: Loadable, statement: Statement, ids: list[int], params: list[Any], *, as_records: bool
) -> dict[int, str]:
    """What the engine says for each row, as JSON. as_records: the same must be in the records that it writes."""
    (found,) = answers_of_all(database, statement, ids, params)
    if as_records:
        database.begin(write=False)
        try:
            for number, value in (_of_record(row) for b in database.query_json(statement, [ids, *params]) for row in b):
                if value != found[number]:
                    found[number] = f"{found[number]}, and as a record {value}"
        finally:
            database.rollback()
    return found


def answers_of_all(database: Loadable, statement: Statement, ids: list[int], params: list[Any]) -> list[dict[int, str]]:
    """The same of a statement of an id and several fields: for each field."""
    database.begin(write=False)
    try:
        rows = [row for batch in database.query(statement, [ids, *params]) for row in batch]
    finally:
        database.rollback()
    count = len(statement.columns) - 1
    return [{row[0]: msgspec.json.encode(json_ready(row[at])).decode() for row in rows} for at in range(1, count + 1)]


def _of_record(row: Any) -> tuple[int, str]:
    text = bytes(row) if isinstance(row, msgspec.Raw) else msgspec.json.encode({"id": row[0], "x": row[1]})
    record = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return int(bytes(record["id"])), bytes(record["x"]).decode()

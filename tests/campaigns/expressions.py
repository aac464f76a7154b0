"""Generated expressions over rows → where an engine gives another value or error than the virtual machine.

The expressions are those of tests/property/test_one_meaning.py, each over some rows of one table. In forms that need
not evaluate all operands (`and`, `or`, `case`, `coalesce`, `in`, `between`, `least`, `greatest`), an engine may
evaluate more of them than the machine, or fewer: there, an error on one side and a value on the other count as equal.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from runtime.databases.protocol import Loadable
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.query.algebra import Query
from runtime.query.schema import Field, Schema, Store
from runtime.values.conversion import convert
from runtime.values.types import INT
from tests.campaigns.tally import Tally, main
from tests.engines import ENGINES, SQLITE
from tests.harness import compile_text, execute, store
from tests.property.edges import typed
from tests.property.every import answers, is_code, opened
from tests.property.test_one_meaning import FIELDS, Maker

TOGETHER = 50  # expressions in one script
ROWS = 60  # of the table
EACH = 6  # rows that an expression is worked out over
DEPTHS = (1, 2, 2, 3)
TYPES = {name: typed("decimal(10,2)" if kind == "decimal" else kind) for name, (kind, _, _) in FIELDS.items()}
_NAMES = re.compile(r"(?<![\w\".])(" + "|".join(FIELDS) + r")(?![\w\"(])")
_DECIDES = re.compile(r"\b(and|or|case|coalesce|in|between|least|greatest)\b")
STORE = Store("things", (Field("id", INT), *(Field(name, type_) for name, type_ in TYPES.items())))


def run(seed: int, cases: int, tally: Tally) -> None:
    chance = random.Random(seed)
    table = [_row(chance, number) for number in range(ROWS)]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        databases = {name: stack.enter_context(opened(engine)) for name, engine in ENGINES.items()}
        for database in databases.values():
            _fill(database, table)
        place = SQLITE.place(Path(folder))
        SQLITE.script(place, "CREATE TABLE other (x INTEGER)")
        while tally.cases < cases:
            made = _queries([_expression(chance) for _ in range(TOGETHER)], databases["sqlite"].schema())
            machine = _by_machine(list(made), chance.sample(table, EACH), place, Path(folder) / f"home{tally.cases}")
            for name, database in databases.items():
                for (expression, query), wanted in zip(made.items(), machine, strict=True):
                    _compare(name, database, expression, query, wanted, tally)
            tally.add(len(made))


def _row(chance: random.Random, number: int) -> tuple[Any, ...]:
    return (number, *(convert(chance.choice(FIELDS[name][2]), type_) for name, type_ in TYPES.items()))


def _expression(chance: random.Random) -> str:
    maker = Maker(chance, decides=chance.random() < 0.3)
    return maker.make(chance.choice(["int", "float", "decimal", "text", "bool", "date"]), chance.choice(DEPTHS))


def _fill(database: Loadable, table: Sequence[tuple[Any, ...]]) -> None:
    database.begin(write=True)
    database.create_store(STORE)
    database.insert_rows(STORE, table)
    database.commit()
    database.forget_schema()


class _Answer(msgspec.Struct):
    id: int
    n: int
    x: msgspec.Raw = msgspec.Raw(b"")
    code: str = ""


class _Line(msgspec.Struct):
    type: str
    result: msgspec.Raw = msgspec.Raw(b"")


def _by_machine(
    expressions: Sequence[str], rows: Sequence[tuple[Any, ...]], place: Path, home: Path
) -> list[dict[int, str]]:
    """For each expression: the answer for each row, by the row's number."""
    fields = ", ".join(f"{name}: {type_}" for name, type_ in TYPES.items())
    bound = "\n".join(f"    let {name} = r.{name}" for name in TYPES)
    steps = "\n".join(
        f"    try\n      emit {{id: r.id, n: {number}, x: {expression}}}\n"
        f"    on error e do\n      emit {{id: r.id, n: {number}, code: e.code}}\n    end"
        for number, expression in enumerate(expressions)
    )
    text = f"script test(rows: list<{{id: int, {fields}}}>)\n  for each r in rows do\n{bound}\n{steps}\n  end\nend\n"
    given = [dict(zip(("id", *TYPES), row, strict=True)) for row in rows]
    with Library.open(home) as library:
        store(library, compile_text(text, Schema({})))
        raw, code = execute(library, "test", place, {"rows": given})
    assert code == 0, raw[-600:]
    found: list[dict[int, str]] = [{} for _ in expressions]
    for line in raw.splitlines():
        known = msgspec.json.decode(line, type=_Line)
        if known.type == "record":
            answer = msgspec.json.decode(known.result, type=_Answer)
            found[answer.n][answer.id] = answer.code or bytes(answer.x).decode()
    return found


def _queries(expressions: Sequence[str], schema: Schema) -> dict[str, Query]:
    """The same for every engine: the stores have the same types everywhere. Without those expressions of which the
    machine works out a part beforehand."""
    steps = "\n".join(
        f"  emit from things where id in $ids select id, {expression} as x{number}"  # numbered, so that no two are one
        for number, expression in enumerate(expressions)
    )
    (module,) = compile_text(f"script test(ids: list<int>)\n{steps}\nend\n", schema)
    queries = zip(expressions, (fetch.query for fetch in module.queries), strict=True)
    return {expression: query for expression, query in queries if len(query.params) == 1}


def _compare(
    engine: str, database: Loadable, expression: str, query: Query, machine: dict[int, str], tally: Tally
) -> None:
    decides = _DECIDES.search(expression) is not None
    failing = [number for number, answer in machine.items() if is_code(answer)]
    whole = [number for number in machine if number not in failing]
    try:
        statement = database.prepare(query)
    except SopError as error:
        tally.note(engine, expression, _types(expression), "", error.code)
        return
    found: dict[int, str] = {}
    alone = failing[:1]
    if whole:
        try:
            found = answers(database, statement, whole, [], as_records=False)
        except SopError:
            alone = [*whole, *alone]
    for number in alone:
        try:
            found |= answers(database, statement, [number], [], as_records=False)
        except SopError as error:
            found[number] = error.code
    for number, answer in found.items():
        wanted = machine[number]
        tally.compared += 1
        tally.errors += is_code(wanted)
        if answer != wanted and not (decides and (is_code(answer) or is_code(wanted))):
            tally.note(engine, expression, _types(expression), wanted, answer)


def _types(expression: str) -> set[str]:
    """Of the fields and of the numbers that are written in it."""
    names = {str(TYPES[name].not_null()) for name in _NAMES.findall(expression)}
    return names | ({"float", "decimal(10,2)"} if re.search(r"\d\.\d|\de\d|/", expression) else set())


if __name__ == "__main__":
    main("Generated expressions over rows, in the virtual machine and in every engine.", run)

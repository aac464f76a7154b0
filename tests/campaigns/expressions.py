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
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from runtime.databases.protocol import Loadable
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.query.algebra import Query, Select
from runtime.query.schema import Field, Schema, Store
from runtime.values.conversion import convert
from runtime.values.types import INT
from tests.campaigns.tally import Tally, main
from tests.engines import ENGINES, SQLITE
from tests.harness import compile_text, execute, store
from tests.property.edges import typed
from tests.property.every import answers, answers_of_all, is_code, opened
from tests.property.test_one_meaning import FIELDS, Maker

TOGETHER = 50  # expressions in one script
AT_ONCE = 10  # expressions in one statement
ROWS = 60  # of the table
EACH = 6  # rows that an expression is worked out over
DEPTHS = (1, 2, 2, 3)
TYPES = {name: typed("decimal(10,2)" if kind == "decimal" else kind) for name, (kind, _, _) in FIELDS.items()}
_NAMES = re.compile(r"(?<![\w\".])(" + "|".join(FIELDS) + r")(?![\w\"(])")
_DECIDES = re.compile(r"\b(and|or|case|coalesce|in|between|least|greatest)\b")
STORE = Store("things", (Field("id", INT), *(Field(name, type_) for name, type_ in TYPES.items())))


class Case(NamedTuple):
    """An expression, the query that selects it for rows by their `id`, and the machine's answer for each row."""

    expression: str
    query: Query
    machine: dict[int, str]


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
            rows = chance.sample(table, EACH)
            machine = _by_machine(list(made), rows, place, Path(folder) / f"home{tally.cases}")
            batch = [Case(*each, wanted) for each, wanted in zip(made.items(), machine, strict=True)]
            for name, database in databases.items():
                _compare(name, database, batch, {row[0]: row for row in rows}, tally)
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
    engine: str, database: Loadable, cases: Sequence[Case], rows: dict[int, tuple[Any, ...]], tally: Tally
) -> None:
    """All cases of which the machine has a value for each row stand in few statements; where such a statement fails,
    each of its cases has one of its own."""
    whole = [case for case in cases if not any(map(is_code, case.machine.values()))]
    alone = [case for case in cases if any(map(is_code, case.machine.values()))]
    for first in range(0, len(whole), AT_ONCE):
        several = whole[first : first + AT_ONCE]
        try:
            each_found = answers_of_all(database, database.prepare(_together(several)), list(rows), [])
        except SopError:
            alone += several
            continue
        for case, found in zip(several, each_found, strict=True):
            _note(engine, case, found, rows, tally)
    for case in alone:
        _note(engine, case, _alone(database, case), rows, tally)


def _together(cases: Sequence[Case]) -> Query:
    """One query of all their fields; theirs are over the same rows."""
    selects = [case.query.relation for case in cases if isinstance(case.query.relation, Select)]
    assert len(selects) == len(cases) and {each.source for each in selects} == {selects[0].source}
    columns = selects[0].columns + tuple(each.columns[1] for each in selects[1:])
    shown = cases[0].query.columns + tuple(case.query.columns[1] for case in cases[1:])
    return replace(cases[0].query, relation=replace(selects[0], columns=columns), columns=shown)


def _alone(database: Loadable, case: Case) -> dict[int, str]:
    """The engine's answer for each row: the rows of which the machine has a value are asked for together."""
    try:
        statement = database.prepare(case.query)
    except SopError as error:
        return dict.fromkeys(case.machine, error.code)
    whole = [number for number, answer in case.machine.items() if not is_code(answer)]
    one_by_one = [number for number, answer in case.machine.items() if is_code(answer)][:1]
    found: dict[int, str] = {}
    try:
        found = answers(database, statement, whole, [], as_records=False) if whole else {}
    except SopError:
        one_by_one = [*whole, *one_by_one]
    for number in one_by_one:
        try:
            found |= answers(database, statement, [number], [], as_records=False)
        except SopError as error:
            found[number] = error.code
    return found


def _note(engine: str, case: Case, found: dict[int, str], rows: dict[int, tuple[Any, ...]], tally: Tally) -> None:
    decides = _DECIDES.search(case.expression) is not None
    names = set(_NAMES.findall(case.expression))
    for number, answer in found.items():
        wanted = case.machine[number]
        tally.compared += 1
        tally.errors += is_code(wanted)
        if answer != wanted and not (decides and (is_code(answer) or is_code(wanted))):
            nulls = [name for name, value in zip(TYPES, rows[number][1:], strict=True) if value is None]
            of_null = not names.isdisjoint(nulls)
            tally.note(engine, case.expression, types_in(case.expression), wanted, answer, of_null=of_null)


def types_in(expression: str) -> set[str]:
    """Of the fields, of the numbers that are written in it, and of the functions that give a float."""
    names = {str(TYPES[name].not_null()) for name in _NAMES.findall(expression)}
    return names | ({"float", "decimal(10,2)"} if re.search(r"\d\.\d|\de\d|/|\b(float|sqrt)\(", expression) else set())


if __name__ == "__main__":
    main("Generated expressions over rows, in the virtual machine and in every engine.", run)

"""Every row of the function and operator tables × signature × edge values × engine → the machine's value, or its error.

What an engine can't do is in runtime/databases/exclusions.py, and nowhere else.

`python -m tests.property.test_every_function` lists how many cases there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from runtime.query.schema import Field, Schema, Store
from runtime.values.functions import FUNCTIONS
from sopc.checker.operators import ARITHMETIC, COMPARISON, ON_TEXT
from sopc.diagnostics import CompileError
from tests.engines import ENGINES, Engine
from tests.harness import compile_text
from tests.property import every
from tests.property.edges import EDGES, rows, typed
from tests.property.forms import FORMS, NAMES, ROWS, Form

# types that an engine has no columns for, or whose values it can't keep
NOT_IN = {
    "sqlite": {"decimal(38,18)", *(name for name in EDGES if name.startswith("list<"))},
    "sail": {"duration", "any"},
}
SHOWN = 40


def held(engine: str, form: Form) -> bool:
    """Whether the engine has fields of the form's types."""
    return NOT_IN.get(engine, set()).isdisjoint(form.types)


@cache
def by_shape() -> dict[tuple[str, ...], list[Form]]:
    """The forms, by the types of their fields, that may stand in a query."""
    shapes: dict[tuple[str, ...], list[Form]] = {}
    for form in FORMS:
        if not form.gives_list:
            shapes.setdefault(form.types, []).append(form)
    return shapes


@pytest.fixture(scope="module", params=list(ENGINES))
def compared(request: pytest.FixtureRequest) -> Iterator[tuple[str, every.Compared]]:
    yield request.param, compare(ENGINES[request.param])


def compare(engine: Engine) -> every.Compared:
    """Everything on an engine."""
    into = every.Compared()
    with every.opened(engine) as database:
        for number, (types, all_forms) in enumerate(by_shape().items()):
            forms = [form for form in all_forms if held(engine.name, form)]
            if not forms:
                continue
            table = rows(types)
            place = every.placed(engine, database, f"t{number}", types, table)
            for form, machine in zip(forms, every.by_machine(forms, table), strict=True):
                place.compare(form, machine, into)
    return into


def test_an_engine_has_the_answers_of_the_machine(compared: tuple[str, every.Compared]) -> None:
    engine, found = compared
    few = 40
    assert not found.differences, f"{len(found.differences)} on {engine}:\n" + "\n".join(
        map(str, found.differences[:few])
    )
    assert found.cases > 50_000, found.cases
    assert sum(found.excused.values()) < found.cases // 20, found.excused


def test_every_row_of_the_tables_is_tried() -> None:
    functions = {row.name for row in FUNCTIONS.values() if row.kind == "scalar" and row.pure}
    operators = {*ARITHMETIC, *COMPARISON, *ON_TEXT, "and", "or", "not", "neg", "between", "in", "is null", "case"}
    assert functions | operators <= set(ROWS)


@pytest.mark.parametrize("form", [form for form in FORMS if form.gives_list], ids=lambda form: form.text)
def test_functions_that_return_lists_are_not_in_queries(form: Form) -> None:
    fields = (Field(name, typed(type_)) for name, type_ in zip(NAMES, form.types, strict=False))
    schema = Schema({"things": Store("things", tuple(fields))})
    with pytest.raises(CompileError, match="E0415"):
        compile_text(f"script test()\n  emit from things select {every.written(form, *NAMES)} as x\nend\n", schema)


def main() -> None:
    """List the cases of each row."""
    counts: Counter[str] = Counter()
    for form in FORMS:
        counts[form.row] += len(rows(form.types)) * sum(held(engine, form) for engine in ENGINES)
    for name, count in counts.items():
        print(f"{count:7,}  {name}")
    print(f"{sum(counts.values()):7,}  cases of {len(FORMS):,} forms of {len(counts)} functions and operators")


if __name__ == "__main__":
    main()

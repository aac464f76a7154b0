"""The deepest and widest expressions that the language allows → on every engine, SQL whose length grows linearly, and
that runs with the VM's values."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from runtime.databases.statements import limited_to_mode
from runtime.library.store import Library
from runtime.query.algebra import Query
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import Type
from sopc.diagnostics import CompileError
from tests.engines import ENGINES, SQLITE, Engine
from tests.harness import compile_text, exact, execute, store
from tests.property.test_one_meaning import is_error, steps

engines = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

FIELDS = {"i": "int", "j": "int", "day": "date"}
COLUMNS = "i BIGINT, j BIGINT, day DATE"
ROW = {"i": 3, "j": 4, "day": "2026-01-31"}

# each makes an int of an int
NESTED = [
    "coalesce({}, 0) + 1",
    "case when {} > 0 then 1 else j end",
    "case when i > 0 then {} else 0 end + 1",
    "case when {} between 0 and 5 then 1 else 2 end",
    "case when {} in (1, j, 3) then 1 else 2 end",
    "case when not ({} is null) then i end",
    'case when text({}) like "%1%" then 1 else 2 end',
    "i // (1 + abs({}))",
    "{} % 7 + 1",
    "0 - ({})",
    "least({}, j)",
    "greatest(j, null_if({}, 3))",
    "int(text({}))",
    "int(round(0.25 * {}, 1))",
    "int(decimal({} % 100) / 3)",
    "int({} / 3)",
    "floor(sqrt(abs({})))",
    "sign({})",
    "length(pad_left(text({}), 3))",
    "length(substring(text({}), 1, 2))",
    'length(replace(text({}), "1", "22"))',
    "year(add_days(day, {} % 1000))",
    "month(add_months(day, {} % 10))",
    'days_between(day, start_of(day + 2 days, "month")) + {}',
]
WIDE = ["i", "coalesce(i, {})", "case when i > {} then i else j end", "abs(i - {})", "i % (j + {})", "(i * 2 - {})"]
SHAPE = Schema(
    {"things": Store("things", tuple(Field(name, Type(kind, nullable=True)) for name, kind in FIELDS.items()))}
)
JSON = '{"k": ' * 100 + "5" + "}" * 100
_LEVEL = 1500  # characters of SQL that one level or operand may take


def nested(template: str, levels: int) -> str:
    text = "i"
    for _ in range(levels):
        text = f"({template.format(text)})"
    return text


def wide(template: str, operands: int) -> str:
    return " + ".join(template.format(number) for number in range(operands))


def of_fields(expressions: list[str]) -> str:
    return f"script test()\n{steps(expressions, 'emit from things select {} as x')}\nend\n"


def of_variables(expressions: list[str]) -> str:
    return f"script test(i: int?, j: int?, day: date?)\n{steps(expressions, 'emit {{x: {}}}')}\nend\n"


def fits(expression: str) -> bool:
    """Whether the language takes it, of fields and of variables, in a step within a block."""
    try:
        compile_text(of_fields([expression]), SHAPE)
        compile_text(of_variables([expression]), SHAPE)
    except CompileError as error:
        assert error.diagnostics[0].code in ("E0114", "E0604", "E0605"), error
        return False
    return True


@cache
def most(made: Callable[[str, int], str], template: str) -> int:
    """As many levels or operands as the language takes."""
    low, high = 4, 120
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(made(template, middle)) else (low, middle)
    return low


def length(expression: str, schema: Schema, engine: Engine, place: Path) -> int:
    module = compile_text(f"script test()\n  emit from things select {expression} as x\nend\n", schema)[-1]
    form = limited_to_mode(module.queries[0].query, "rows", b"")[0]
    assert isinstance(form, Query)
    with engine.opened(place) as database:
        return len(database.prepare(form).sql)


def made(engine: Engine, folder: Path) -> Path:
    place = engine.place(folder)
    engine.script(place, f"CREATE TABLE things ({COLUMNS}); INSERT INTO things VALUES (3, 4, '2026-01-31')")
    return place


def found(expressions: list[str], engine: Engine, place: Path, home: Path) -> list[object]:
    """What an engine makes of them."""
    return _run(
        f"script test()\n{steps(expressions, 'emit from things select {} as x')}\nend\n", engine, place, home, {}
    )


def wanted(expressions: list[str], place: Path, home: Path) -> list[object]:
    """What the VM makes of them."""
    return _run(of_variables(expressions), SQLITE, place, home, ROW)


def _run(text: str, engine: Engine, place: Path, home: Path, args: dict[str, object]) -> list[object]:
    with Library.open(home) as library:
        store(library, compile_text(text, engine.read_schema(place)))
        raw, code = execute(library, "test", place, args, engine)
    assert code == 0, raw.decode()[-600:]
    lines = [exact(line) for line in raw.decode().splitlines()]
    return [line["result"]["x"] for line in lines if line["type"] == "record"]


def compare(expressions: list[str], folder: Path) -> None:
    places = {engine.name: made(engine, folder) for engine in ENGINES.values()}
    values = wanted(expressions, places[SQLITE.name], folder / "vm")
    for engine in ENGINES.values():
        answers = found(expressions, engine, places[engine.name], folder / engine.name)
        for expression, value, answer in zip(expressions, values, answers, strict=True):
            assert value == answer or is_error(value), f"{engine.name}: {expression} is {answer}, not {value}"


@engines
def test_sql_grows_with_its_expression(engine: Engine, tmp_path: Path) -> None:
    place = made(engine, tmp_path)
    schema = engine.read_schema(place)
    for make, templates in ((nested, NESTED), (wide, WIDE)):
        for template in templates:
            parts = most(make, template)
            assert parts >= 12, template
            few, many = (length(make(template, each), schema, engine, place) for each in (4, parts))
            assert many <= few / 4 * parts * 1.5, f"{template}: {few} characters for 4, {many} for {parts}"


def test_what_compiles_runs(tmp_path: Path) -> None:
    kinds = ((nested, NESTED), (wide, WIDE))
    compare([make(each, most(make, each)) for make, templates in kinds for each in templates], tmp_path)


@pytest.mark.parametrize("seed", range(2))
def test_mixed_nests_run_too(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    expressions = [mixed(chance) for _ in range(4)]
    compare([text for text, _ in expressions], tmp_path)
    for engine in ENGINES.values():
        place = engine.place(tmp_path)
        schema = engine.read_schema(place)
        for text, parts in expressions:
            size = length(text, schema, engine, place)
            assert size <= _LEVEL * parts, f"{engine.name}: {size} characters for {text}"


def mixed(chance: random.Random) -> tuple[str, int]:
    """An expression that is as deep as one can be, and how many levels and operands it has."""
    text, parts = "i", 1
    while True:
        operands = chance.randint(1, 4)
        deeper = f"({chance.choice(NESTED).format(f'{text} + {wide(chance.choice(WIDE), operands)}')})"
        if not fits(deeper):
            return text, parts
        text, parts = deeper, parts + 1 + operands


@engines
def test_aggregates_and_windows_in_deep_expressions_run(engine: Engine, tmp_path: Path) -> None:
    place = made(engine, tmp_path)
    for number, leaf in enumerate(["sum(i)", "(rank() over (order by i))"]):
        text = leaf
        for _ in range(16):
            text = f"int(text({text} + 1))"
        assert found([text], engine, place, tmp_path / str(number)) == [(3 if "sum" in leaf else 1) + 16]


@engines
def test_a_field_of_json_may_lie_deep(engine: Engine, tmp_path: Path) -> None:
    place = engine.place(tmp_path)
    engine.script(place, f"CREATE TABLE things (data JSON); INSERT INTO things VALUES ('{JSON}')")
    assert found([f"int(data{'.k' * 100})"], engine, place, tmp_path / "home") == [5]

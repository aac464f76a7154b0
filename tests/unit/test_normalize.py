"""A model's script with unambiguous dialect mistakes → the same in the language."""

from __future__ import annotations

import pytest

from runtime.query.schema import Field, Schema, Store
from runtime.values.types import DATE, INT, TEXT, TIMESTAMP
from sopc.checker.program import check
from sopc.diagnostics import CompileError
from sopc.english.model.normalize import normalize, qualify_names
from sopc.source import Source
from sopc.syntax.format import format_file
from sopc.syntax.parse import parse

SALES = Store("sales", (Field("id", INT), Field("buyer_id", INT), Field("at", TIMESTAMP), Field("day", DATE)))
BUYERS = Store("buyers", (Field("id", INT), Field("name", TEXT)))
SCHEMAS = {"main": Schema({"sales": SALES, "buyers": BUYERS})}


def script(step: str, parameters: str = "") -> Source:
    return Source("asked.sop", f"script asked({parameters})\n  @1 {step}\nend\n")


def normalized(step: str) -> str:
    file = parse(script(step))
    return format_file(file.model_copy(update={"scripts": (normalize(file.scripts[0], SCHEMAS),)})).split("@1 ")[1]


@pytest.mark.parametrize(
    ("step", "better"),
    [
        ('emit from sales where at > date "2024-06-01"', 'emit from sales where date(at) > date "2024-06-01"'),
        ("emit from sales where today() - 3 days <= at", "emit from sales where today() - 3 days <= date(at)"),
        ("emit from sales where sales.at = today()", "emit from sales where date(sales.at) = today()"),
        (
            'emit from sales where at between date "2024-06-01" and start_of(today(), "month")',
            'emit from sales where date(at) between date "2024-06-01" and start_of(today(), "month")',
        ),
        (
            "for each buyer in from buyers where exists(from sales where buyer_id = buyer.id) do say buyer.name end",
            "for each buyer in from buyers where exists(from sales where buyer_id = buyers.id) do\n"
            "       say buyer.name\n     end",
        ),
    ],
)
def test_unambiguous_dialect_mistakes_are_rewritten(step: str, better: str) -> None:
    assert normalized(step) == f"{better}\nend\n"
    check(parse(script(better)), script(better), SCHEMAS, lambda name: None)


@pytest.mark.parametrize(
    "step",
    ['emit from sales where day > date "2024-06-01"', 'emit from sales where at > timestamp "2024-06-01T00:00Z"'],
)
def test_a_right_step_stays_as_it_is(step: str) -> None:
    assert normalized(step).split() == f"{step}\nend\n".split()


@pytest.mark.parametrize(
    ("step", "parameters", "better"),
    [
        ("emit from buyers where exists(from sales where id = 3)", "", "where sales.id = 3)"),
        ("emit from sales where day > day", "day: date", "where sales.day > sales.day"),
    ],
)
def test_names_of_two_things_are_told_apart(step: str, parameters: str, better: str) -> None:
    source = script(step, parameters)
    with pytest.raises(CompileError) as error:
        check(parse(source), source, SCHEMAS, lambda name: None)
    told = qualify_names(source, error.value)
    assert told is not None
    assert better in told

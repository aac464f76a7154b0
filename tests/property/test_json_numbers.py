"""Numbers in stored JSON × every way to take one out × engine → what the virtual machine makes of the whole document.

Documents are given to the engine as texts, so that a number stands there as somebody else wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from runtime.databases.exclusions import Answers, excused
from runtime.library.store import Library
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import ANY, INT
from sopc.diagnostics import CompileError
from tests.engines import ENGINES
from tests.harness import compile_text, execute, store

# a number as it is written → its text in the language, or the code of the error that it is
NUMBERS = {
    "0": "0",
    "-0": "0",
    "1": "1",
    "-7": "-7",
    "0.1": "0.1",
    "1.10": "1.1",
    "100.0": "100.0",
    "1E2": "100.0",
    "1e5": "100000.0",
    "1e16": "1e16",
    "1e25": "1e25",
    "1e-7": "1e-7",
    "-0.0": "-0.0",
    "0.30000000000000004": "0.30000000000000004",
    "9007199254740993": "9007199254740993",
    "9223372036854775807": "9223372036854775807",
    "9223372036854775808": "9223372036854775808",
    "-9223372036854775809": "-9223372036854775809",
    "12345678901234567890": "12345678901234567890",
    "123456789012345678901234567890": "123456789012345678901234567890",
    "1" + "0" * 40: "1e40",
    "123456789" * 5: "1.2345678912345679e44",
    "1234567890123456.7891": "1234567890123456.7891",
    "1234567890123456.78910000000000000000000": "1234567890123456.7891",
    "12345678901234567890.1234567891": "12345678901234567890.1234567891",
    "-99999999999999999999.999999999999999999": "-99999999999999999999.999999999999999999",
    "0.12345678901234567891234": "0.12345678901234568",
    "1.2345678901234567891e5": "123456.78901234567891",
    "123456789012345678e-3": "123456789012345.678",
    "123456789012345678901234567890123456789e-5": "1.2345678901234568e33",
    "1.7976931348623157e308": "1.7976931348623157e308",
    "5e-324": "5e-324",
    "1e-400": "0.0",
    "1e400": "D0202",
}
# JSONB keeps numbers as decimals: without an exponent, and zero without a sign
REWRITTEN = {"1E2": "100", "1e5": "100000", "1e16": "10000000000000000", "-0.0": "0.0"}
# form over a field `doc` → the rows of the tables of functions and operators in it
FORMS = {
    "doc": (),
    "doc.x": (),
    "doc.a": (),
    "doc.a.x": (),
    "doc.l": (),
    "text(doc.x)": ("text",),
    '"<{doc.a.x}>"': ("text hole",),
    "length(text(doc.x))": ("length", "text"),
    "int(doc.x)": ("int",),
    "float(doc.x)": ("float",),
    "decimal(doc.a.x)": ("decimal",),
    "bool(doc.x)": ("bool",),
    "float(doc.x) > 5.0": ("float", ">"),
    "decimal(doc.x) > 5": ("decimal", ">"),
    "decimal(doc.x) + 1": ("decimal", "+"),
    "doc.x is null": (),
    "doc.other is null": (),
    "case when int(doc.l is null) = 0 then doc.x end": (),
    "coalesce(doc.x, doc.a.x)": ("coalesce",),
}
PLACES = {
    "sqlite": ("sqlite", "JSON"),
    "duckdb": ("duckdb", "JSON"),
    "jsonb": ("postgres", "JSONB"),
    "json": ("postgres", "JSON"),
}


class Place(NamedTuple):
    """An engine with a store `docs`, and the numbers of its rows' documents, in the order of `id`."""

    name: str
    engine: str
    path: Path
    numbers: list[str]

    def run(self, script: str) -> list[Any]:
        """The results of the records of a script, whose numbers are their texts."""
        engine = ENGINES[self.engine]
        with Library.open(self.path.parent / "home") as library:
            store(library, compile_text(script, engine.read_schema(self.path)))
            raw, code = execute(library, "test", self.path, engine=engine)
        assert code == 0, raw[-600:]
        lines = map(msgspec.json.Decoder(float_hook=str).decode, raw.splitlines())
        return [line["result"] for line in lines if line["type"] == "record"]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    engine, column = PLACES[request.param]
    path = ENGINES[engine].place(tmp_path_factory.mktemp(request.param))
    numbers = [number for number in NUMBERS if request.param != "json" or number not in REWRITTEN]
    documents = (f'{{"x": {number}, "a": {{"x": {number}}}, "l": [1, {number}]}}' for number in numbers)
    rows = ", ".join(f"({at}, '{document}')" for at, document in enumerate(documents))
    script = f"CREATE TABLE docs (id INTEGER PRIMARY KEY, doc {column}); INSERT INTO docs VALUES {rows}"
    ENGINES[engine].script(path, f"{script}; CREATE TABLE kept (id INTEGER PRIMARY KEY, d DECIMAL(30,10), n BIGINT)")
    yield Place(request.param, engine, path, numbers)


def test_a_number_comes_out_of_json_as_the_machine_reads_it(place: Place) -> None:
    ways = (
        "let r = one(from docs where id = n) emit {{id: n, f: {at}, x: {of_row}}}",
        "emit from docs where id = n select n as id, {at} as f, {form} as x",
    )
    steps = "".join(
        f"    try {way.format(at=at, form=form, of_row=form.replace('doc', 'r.doc'))}\n"
        f"    on error e do emit {{id: n, f: {at}, code: e.code}} end\n"
        for at, form in enumerate(FORMS)
        for way in ways
    )
    found = place.run(f"script test()\n  for each n in range(0, {len(place.numbers) - 1}) do\n{steps}  end\nend\n")
    assert len(found) == 2 * len(place.numbers) * len(FORMS)
    different = []
    for machine, engine in zip(found[::2], found[1::2], strict=True):
        form, number = list(FORMS)[machine["f"]], place.numbers[machine["id"]]
        said, answer = (str(each.get("code") or each["x"]) for each in (machine, engine))
        answers = Answers(FORMS[form], ("any",), said, answer)
        unread = (
            machine.get("code") == "D0202" and "code" not in engine and form in ("doc.x is null", "doc.other is null")
        )
        if machine != engine and not unread and excused(place.engine, answers) is None:
            different.append((number, form, machine, engine))
    assert not different, "\n".join(map(str, different))


def test_the_text_of_a_number_is_that_of_its_value(place: Place) -> None:
    script = """script test()
      for each n in range(0, LAST) do
        try
          emit from docs where id = n select text(doc.x) as x
        on error e do emit {x: e.code} end
      end
    end""".replace("LAST", str(len(place.numbers) - 1))
    known = NUMBERS if place.name != "jsonb" else {**NUMBERS, **REWRITTEN}
    found = [record["x"] for record in place.run(script)]
    assert dict(zip(place.numbers, found, strict=True)) == {number: known[number] for number in place.numbers}


def test_sums_orders_and_writes_of_numbers_in_json(place: Place) -> None:
    few = [at for at, number in enumerate(place.numbers) if number in ("1", "-7", "0.1", "1.10", "100.0")]
    chosen = ", ".join(map(str, few))
    script = f"""script test()
      emit from docs where id in ({chosen})
        select sum(decimal(doc.x)) as s, max(float(doc.a.x)) as m, count(doc.x) as c, avg(decimal(doc.x)) as a
      emit {{ids: list(from docs where id in ({chosen}) order by decimal(doc.x) desc select text(doc.x) as t)}}
      for each r in from docs where id in ({chosen}) order by id do
        insert into kept {{id: r.id, d: r.doc.x}}
      end
      update kept where d > 1 set n = 7
      emit {{kept: list(from kept order by id select d, n)}}
    end"""
    summed, ordered, kept = place.run(script)
    assert summed == {"s": "95.2", "m": "100.0", "c": 5, "a": "19.04"}
    assert [row["t"] for row in ordered["ids"]] == ["100.0", "1.1", "1", "0.1", "-7"]
    assert [(row["d"], row["n"]) for row in kept["kept"]] == [
        (1, None),
        (-7, None),
        ("0.1", None),
        ("1.1", 7),
        (100, 7),
    ]


REFUSED = (
    "where doc.x",
    "where not doc.x",
    "where doc.x = 5",
    "where doc.x = doc.a.x",
    "where doc.x between 1 and 2",
    "where doc.x in (1, 2)",
    'where doc.x like "a%"',
    "where doc.x in (from other select other.n)",
    "where id in (from other select other.body.x)",
    "order by doc.x",
    "derive k = doc.x order by k",
    "group by doc.x as k select k",
    "select doc.x distinct",
    "select doc.x union (from other select other.body.x)",
    "select sum(doc.x) as s",
    "select max(doc.x) as s",
    "select count(distinct doc.x) as s",
    "select lag(id) over (order by doc.x) as s",
    "select row_number() over (partition by doc.x order by id) as s",
    "select sum(doc.x) over (order by id) as s",
    "select doc.x + 1 as s",
    "select -doc.x as s",
    "select upper(doc.x) as s",
    "select coalesce(doc.x, 1) as s",
    "select least(doc.x, 1) as s",
    "where (from other where other.n = 1 select other.body.x) = 3",
    "select case when id = 1 then doc.x else 4 end as s",
    "join other on other.n = doc.x",
)


@pytest.mark.parametrize("stages", REFUSED)
def test_a_query_reckons_with_json_only_once_its_type_is_known(stages: str) -> None:
    docs = Store("docs", (Field("id", INT), Field("doc", ANY)))
    schema = Schema({"docs": docs, "other": Store("other", (Field("n", INT), Field("body", ANY)))})
    with pytest.raises(CompileError) as raised:
        compile_text(f"script test()\n  emit from docs {stages}\nend\n", schema)
    assert {finding.code for finding in raised.value.diagnostics} == {"E0415"}
    assert all(finding.span is not None for finding in raised.value.diagnostics)

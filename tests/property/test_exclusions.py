"""Every row of runtime/databases/exclusions.py is still needed: the engine's answer is as it says, and not the VM's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.connect import connect
from runtime.databases.exclusions import EXCLUSIONS, Exclusion
from runtime.databases.protocol import Loadable
from runtime.errors import SopError
from runtime.files.infer import declared_type
from runtime.library.store import Library
from runtime.query.schema import Field, Store
from runtime.values.conversion import from_text
from tests.engines import ENGINES
from tests.harness import compile_text, execute, store


@pytest.mark.parametrize("row", EXCLUSIONS, ids=lambda row: f"{row.dialect} {row.what}")
def test_an_exclusion_is_needed(row: Exclusion, tmp_path: Path) -> None:
    engine = ENGINES[row.dialect]
    place = engine.place(tmp_path)
    type_ = declared_type(row.type).type
    values = [from_text(text, type_) for text in row.value.split("; ")]
    engine.script(place, "")
    database = cast(Loadable, connect(engine.url(place), name="main", base=place, create=True))
    plain = Store("things", (Field("x", type_),))
    database.begin(write=True)
    database.create_store(plain)
    try:
        database.insert_rows(plain, [(value,) for value in values])
        given = True
    except SopError:
        given = False
    database.commit()
    database.close()
    if not given:  # the engine can't be given the value by us
        engine.script(place, f"INSERT INTO things VALUES ({row.value})")
    in_engine = _answer(f"script test()\n  emit from things select {row.expression} as x\nend", place, row, {})
    assert in_engine == row.found
    assert json.dumps(_in_machine(row, values, place)) != json.dumps(in_engine)  # the order of fields counts


def _in_machine(row: Exclusion, values: list[Any], place: Path) -> Any:
    """Of several values, by the function of lists that is like the aggregate."""
    several = len(values) > 1
    type_ = f"list<{row.type}>" if several else row.type
    expression = row.expression.replace("(", "_of(") if several else row.expression
    text = f"script test(x: {type_})\n  emit {{x: {expression}}}\nend"
    return _answer(text, place, row, {"x": values if several else row.value})


def _answer(text: str, place: Path, row: Exclusion, args: dict[str, Any]) -> Any:
    engine = ENGINES[row.dialect]
    with Library.open(place.parent / f"home{len(args)}") as library:
        store(library, compile_text(text, engine.read_schema(place)))
        try:
            raw, _ = execute(library, "test", place, args, engine)
        except SopError as error:  # before it began
            return error.code
    for line in (json.loads(line) for line in raw.decode().splitlines()):
        if line["type"] == "record":
            return line["result"]["x"]
        if line["type"] == "error":
            return line["result"]["code"]
    raise AssertionError(raw)

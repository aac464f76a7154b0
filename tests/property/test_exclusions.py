"""Every row of runtime/databases/exclusions.py is still needed: the engine's answer is as it says, and not the VM's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from runtime.databases.connect import connect
from runtime.databases.exclusions import EXCLUSIONS, Exclusion
from runtime.databases.protocol import Loadable
from runtime.databases.schema import Field, Store
from runtime.files.infer import declared_type
from runtime.library.store import Library
from runtime.values.conversion import from_text
from tests.engines import ENGINES
from tests.harness import compile_text, exact, execute, store


@pytest.mark.parametrize("row", EXCLUSIONS, ids=lambda row: f"{row.dialect} {row.what}")
def test_an_exclusion_is_needed(row: Exclusion, tmp_path: Path) -> None:
    engine = ENGINES[row.dialect]
    place = engine.place(tmp_path)
    type_ = declared_type(row.type)
    value = from_text(row.value, type_)
    engine.script(place, "")
    database = cast(Loadable, connect(engine.url(place), name="main", base=place, create=True))
    plain = Store("things", (Field("x", type_),))
    database.begin(write=True)
    database.create_store(plain)
    if row.expression != "x":
        database.insert_rows(plain, [(value,)])
    database.commit()
    database.close()
    if row.expression == "x":  # the engine itself can't be given the value by us
        engine.script(place, f"INSERT INTO things VALUES ({row.value})")
    in_vm = _answer(f"script test(x: {row.type})\n  emit {{x: {row.expression}}}\nend", place, row, {"x": row.value})
    in_engine = _answer(f"script test()\n  emit from things select {row.expression} as x\nend", place, row, {})
    assert in_engine == row.found
    assert in_vm != in_engine


def _answer(text: str, place: Path, row: Exclusion, args: dict[str, Any]) -> Any:
    engine = ENGINES[row.dialect]
    with Library.open(place.parent / f"home{len(args)}") as library:
        store(library, compile_text(text, engine.read_schema(place)))
        raw, _ = execute(library, "test", place, args, engine)
    lines = [exact(line) for line in raw.decode().splitlines()]
    return next(
        line["result"]["x"] if line["type"] == "record" else line["result"]["code"]
        for line in lines
        if line["type"] in ("record", "error")
    )

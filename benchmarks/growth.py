"""How do SQL and times grow with the depth of an expression? Nested and wide ones on every engine, from one level to as
many as the language allows, over one row: what is measured is the engine's parser and planner."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.measure import least, timed
from runtime.library.store import Library
from tests.engines import ENGINES, Engine
from tests.harness import compile_text, execute, store
from tests.property.test_growth import length, made, most, nested, of_fields, wide

TIMES = 5
CASES = (
    ("coalesce(…, 0) + 1", nested, "coalesce({}, 0) + 1"),
    ("case when … > 0 then 1 else j end", nested, "case when {} > 0 then 1 else j end"),
    ("length(pad_left(text(…), 3))", nested, "length(pad_left(text({}), 3))"),
    ("coalesce(i, n) added up", wide, "coalesce(i, {})"),
    ("a case added up", wide, "case when i > {} then i else j end"),
)


def measure(folder: str) -> str:
    lines = ["| engine | expression | one level | half | most |", "|---|---|---:|---:|---:|"]
    for engine in ENGINES.values():
        inside = Path(folder) / engine.name
        inside.mkdir()
        place = made(engine, inside)
        for name, make, template in CASES:
            deepest = most(make, template)
            cells = [_cell(engine, place, make(template, levels), levels) for levels in (1, deepest // 2, deepest)]
            lines.append(f"| {engine.name} | `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(engine: Engine, place: Path, expression: str, levels: int) -> str:
    schema = engine.read_schema(place)
    characters = length(expression, schema, engine, place)
    with Library.open(place.parent / "home") as library:
        store(library, compile_text(of_fields([expression]), schema))

        def run() -> None:
            raw, code = execute(library, "test", place, engine=engine)
            assert code == 0, raw

        seconds = least(lambda: timed(run, time.perf_counter), TIMES)
    return f"{levels}: {characters:,}, {seconds * 1000:.0f}"

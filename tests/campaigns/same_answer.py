"""Programs → those that `check`, `compile`, a dry run over HTTP and the start of a run judge differently.

`python -m tests.campaigns.same_answer --seed 1 --cases 5000` makes that many programs of queries and writes, wrapped in
`today()`, `now()`, `case` and parameters, and prints for each engine (`--engine NAME` takes one) how many were accepted
and refused. The suite runs one case in a hundred (tests/property/test_same_answer.py).
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from runtime.config import Config
from runtime.databases.statements import Statements
from runtime.errors import SopError
from runtime.library.overlay import Overlay
from runtime.library.store import Library
from runtime.runs.capabilities import check_expressions
from runtime.runs.run import names_of
from runtime.vm.data import Data
from runtime.vm.link import link
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.workflow.prepared import Options
from sopc.workflow.sources import prepare, stored_place
from sopc.workflow.stored import Consents, store
from tests.engines import ENGINES, Engine
from tests.property.test_one_meaning import FIELDS, Maker

Answer = list[tuple[str, int]]
"""Codes and lines of findings; none for a program that is accepted."""

SHARED = 100  # generated programs of one context, as they call none: opening a database takes longer than they do


@dataclass
class Found:
    accepted: int = 0
    refused: int = 0
    differences: list[str] = field(default_factory=list)


def compare(text: str, context: Context, found: Found) -> None:
    """Put a program to all of them."""
    source = Source("program.sop", text)
    checked, compiled = _checked(source, context)
    answers = {"check": checked, "compile": _compiled(source, context)}
    if compiled is not None:
        answers["dry run"] = _requested(compiled.modules[-1].signature.name, source, context)
        answers["start"] = _started(compiled, context)
    if any(answer != answers["check"] for answer in answers.values()) or any(not line for _, line in answers["check"]):
        found.differences.append(f"{answers}\n{text}")
    found.accepted += not answers["check"]
    found.refused += bool(answers["check"])


def _findings(error: CompileError) -> Answer:
    return [
        (each.code, error.source.position(each.span.start)[0] if each.span is not None else 0)
        for each in error.diagnostics
    ]


def _checked(source: Source, context: Context) -> tuple[Answer, pipeline.Compiled | None]:
    try:
        return [], pipeline.built(source, context)
    except CompileError as error:
        return _findings(error), None


def _compiled(source: Source, context: Context) -> Answer:
    try:
        store([prepare(source, context, Options(), None, "dsl")], context, Consents(yes=True))
    except CompileError as error:
        return _findings(error)
    except SopError as error:
        return [(error.code, 0)]
    return []


def _requested(name: str, source: Source, context: Context) -> Answer:
    try:
        prepare(source, context, Options(), stored_place(name, context.library, None), "dsl")
    except CompileError as error:
        return _findings(error)
    except SopError as error:
        return [(error.code, 0)]
    return []


def _started(compiled: pipeline.Compiled, context: Context) -> Answer:
    """What keeps a run from starting, of all that the library and the databases have to say."""
    try:
        linked = link(Overlay(context.library, compiled.items()), compiled.modules[-1].signature.name)
        databases = {name: context.database(name) for name in names_of(linked.root.effects)}
        check_expressions(linked.scripts.values(), Data(databases, None, Statements(context.library)))
    except SopError as error:
        return [(error.code, 0)]
    return []


def programs(seed: int, cases: int) -> list[str]:
    """Queries and writes of things (FIELDS of test_one_meaning), each in a script of its own."""
    chance = random.Random(seed)
    maker = Maker(chance, decides=True)
    return [_program(chance, maker) for _ in range(cases)]


def _program(chance: random.Random, maker: Maker) -> str:
    kind = chance.choice(["int", "float", "decimal", "text", "bool", "date"])
    value, condition = maker.make(kind, chance.randint(0, 3)), maker.make("bool", chance.randint(0, 2))
    clock = chance.choice(
        ["day < today()", "add_days(today(), -j) = day", "now() > now() - 1 days", "day + 2 days < n"]
    )
    condition = chance.choice([condition, clock, f"({condition} and {clock})"])
    if kind == "date":
        value = chance.choice([value, "today()", "n", "add_months(today(), i)", "date(now())"])
    value = chance.choice([value, f"case when {condition} then {value} end", f"case when v then {value} else null end"])
    names = [name for name, (type_, _, _) in FIELDS.items() if type_ == kind]
    step = chance.choice(
        [
            f"emit from things where {condition} select {value} as x",
            f"emit from things derive y = {value} where {condition} order by y select y, i",
            f"emit from things group by {value} as k select k, count() as many"
            if chance.random() < 0.1
            else f"emit from things derive k = {value} group by k select k, count() as many",
            f"update things where {condition} set {chance.choice(names)} = {value}",
            f"delete from things where {condition}",
            f'for each r in from things where {condition} do say "{{r.i}}" end',
            f"let many = count(from things where {condition})\n  emit {{many: many}}",
        ]
    )
    return (
        f"script program(n: date = today())\n  {step}\nend\n"
        if chance.random() < 0.02
        else (f"script program(n: date?)\n  {step}\nend\n")
    )


def run(seed: int, cases: int, engine: Engine, folder: Path, more: list[str] | None = None) -> Found:
    """more: programs besides, about the tables of tests/language."""
    place = engine.place(folder)
    columns = ", ".join(f"{name} {column}" for name, (_, column, _) in FIELDS.items())
    engine.script(place, f"CREATE TABLE things ({columns})")
    if more is not None:
        engine.script(place, "DROP TABLE things")
        engine.script(place, engine.schema.read_text(encoding="utf-8"))
    found = Found()
    config = Config(folder / "home", flags={"main": engine.url(place)})
    texts = iter(programs(seed, cases) if more is None else more)
    with Library.open(folder / "home") as library:
        while group := list(itertools.islice(texts, SHARED if more is None else 1)):
            with Context(config, library) as context:
                for text in group:
                    compare(text, context, found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--engine", choices=ENGINES, action="append", help="default: each")
    told = parser.parse_args()
    differences = 0
    for engine in (ENGINES[name] for name in told.engine or ENGINES):
        with tempfile.TemporaryDirectory() as folder:
            found = run(told.seed, told.cases, engine, Path(folder))
        differences += len(found.differences)
        counts = f"{found.accepted} accepted, {found.refused} refused, {len(found.differences)} differ"
        print(f"{engine.name}: {counts}", flush=True)
        for each in found.differences[:5]:
            print(each)
    return min(differences, 1)


if __name__ == "__main__":
    sys.exit(main())

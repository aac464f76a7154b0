"""A question about several readings → the question with what each reading does on the data.

Each reading is run alone, as a query; for a step that would change rows, the query gives the rows it would change. So
nothing is written or undone. Readings that do the same on the real data and on small made-up data become one, because
the author need not choose between them.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from runtime.connect import connector
from runtime.databases.protocol import Database
from runtime.databases.tables import quote_identifier
from runtime.errors import SopError
from runtime.library.records import Provenance
from runtime.query.schema import Field, Store
from runtime.runs.capture import run_from
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.examples.run import EmptyCopy, Rehearsal
from sopc.english.examples.scratch import Scratch
from sopc.english.questions import Question, Reading
from sopc.pipeline import Compiled
from sopc.source import Source
from sopc.syntax.format import format_script, format_step
from sopc.syntax.parse import parse
from sopc.tree import nodes
from sopc.tree.visit import walk

MayRead = Callable[[Sequence[str]], bool]  # names of databases → whether the caller may see their rows

_MAX_READINGS: Final = 6  # that are compared
_MAX_ROWS: Final = 1_000  # that are compared of each
_SECONDS: Final = 2.0  # for each reading
_SHOWN: Final = 3  # rows that only one reading has
_SEEDS: Final = (1, 2, 3)  # of data that are made up
_MADE_UP: Final = 40  # rows of each store
_EMPTY: Final = 0.2  # of the values of fields that may be null
_ROWS: Final = "found"


@dataclass(frozen=True)
class _Tried:
    """A reading that was run. does: its verb and all it says except which rows. compiled: a script that emits the rows.
    ordered: whether their order matters. rows: as JSON; None if there are too many or the run took too long."""

    does: str
    changes: str
    compiled: Compiled
    ordered: bool
    rows: tuple[str, ...] | None
    count: int | None


def compared(question: Question, context: Context, may_read: MayRead | None = None) -> Question:
    """Return a question with what each of its readings does, as far as that can be tried.

    Args:
        question: With choices in the language.
        context: With the databases that the readings are tried on.
        may_read: Whether the caller may see rows; None if it may see all.
    """
    tried = [_tried(choice, context, may_read) for choice in question.choices[:_MAX_READINGS]]
    known = [one for one in tried if one is not None]
    if len(known) < 2 or len(known) < len(question.choices):
        return question
    made_up = _on_made_up_data(known, context)
    readings: list[Reading] = []
    for at, one in enumerate(known):
        same = next((other for other in range(at) if _same(one, known[other], made_up[at], made_up[other])), None)
        others = [each for each in known if each is not one]
        reading = _reading(at + 1, question.said[at], one, others)
        readings.append(reading if same is None else replace(reading, same_as=same + 1))
    return replace(question, readings=tuple(readings))


def _tried(choice: str, context: Context, may_read: MayRead | None) -> _Tried | None:
    """Run a reading. None if it is not a single step, or needs the steps before it."""
    try:
        (step,) = parse(Source("reading", f"script reading()\n{choice}\nend\n")).scripts[0].steps
    except (CompileError, ValueError):
        return None
    shape = _rows_of(step)
    if shape is None:
        return None
    does, query, changes = shape
    try:
        compiled = _built(nodes.Emit(query=query), context)
        uses = compiled.modules[0].signature.uses
        if may_read is not None and not may_read(uses):
            return None
        count = _built(nodes.Emit(value=nodes.QueryExpr(kind="count", query=query), name=_ROWS), context)
        connect = connector(context.config, read_only=True)
        found = _run(count, context, connect)
        number = None if found is None else int(json.loads(found[0])[_ROWS])
        rows = None if number is None or number > _MAX_ROWS else _run(compiled, context, connect)
    except (CompileError, SopError):
        return None
    ordered = any(isinstance(stage, nodes.OrderBy) for stage in query.stages)
    return _Tried(does, changes, compiled, ordered, rows, number)


def _rows_of(step: nodes.AnyStep) -> tuple[str, nodes.Query, str] | None:
    """The verb of a step, the query for the rows that it affects, and the rest of what it says."""
    match step:
        case nodes.Emit(query=nodes.Query() as query):
            return "shows", query, ""
        case nodes.NameQuery(query=query):
            return "finds", query, ""
        case nodes.ForEach(query=nodes.Query() as query, steps=()):
            return "goes through", query, ""
        case nodes.Insert(query=nodes.Query() as query, store=store):
            return "adds", query, store
        case nodes.Update(where=where) | nodes.Delete(where=where):
            stages: list[Any] = [nodes.From(store=step.store, database=step.database)]
            stages += [] if where is None else [nodes.Where(condition=where)]
            bare = step.model_copy(update={"where": None})
            does = "changes" if isinstance(step, nodes.Update) else "deletes"
            return does, nodes.Query(stages=tuple(stages)), " ".join(" ".join(format_step(bare)).split())
    return None


def _built(step: nodes.AnyStep, context: Context) -> Compiled:
    names = [name for name, schema in pipeline.usable_schemas(context).items() if schema.stores]
    uses = () if names in ([], ["main"]) else tuple(names)
    script = nodes.Script(name="reading", uses=uses, steps=(step,))
    return pipeline.built(Source("reading.sop", format_script(script)), context)


def _run(compiled: Compiled, context: Context, connect: Callable[[str], Database]) -> tuple[str, ...] | None:
    """The rows of a script, as JSON; None if it fails."""
    library = Rehearsal(context.library, pipeline.encode(compiled.modules, Provenance()))
    ran = run_from(library, "reading", {}, connect, max_seconds=_SECONDS, max_rows=_MAX_ROWS)
    if ran.outcome.exit_code != 0:
        return None
    return tuple(json.dumps(record, ensure_ascii=False) for record in ran.records)


# ── the same or not ─────────────────────────────────────────────────────────────────────────────────────────────


def _on_made_up_data(tried: Sequence[_Tried], context: Context) -> list[list[tuple[str, ...] | None]]:
    """The rows of each reading, on each of a few databases of the same form with rows that are made up."""
    names = sorted({name for one in tried for name in one.compiled.modules[0].signature.uses})
    schemas = context.schemas(names)
    used = {store for one in tried for store in one.compiled.modules[0].effects.reads}
    spoken_of: dict[str, list[Any]] = {}
    for kind, values in (pair for one in tried for pair in _spoken_of(one.compiled).items()):
        spoken_of.setdefault(kind, []).extend(values)
    found: list[list[tuple[str, ...] | None]] = [[] for _ in tried]
    with TemporaryDirectory(prefix="sop-readings-") as folder:
        scratch = Scratch(Path(folder), context.config, schemas)
        for seed in _SEEDS:
            files = scratch.fresh()
            for name, schema in schemas.items():
                stores = [store for store in schema.stores.values() if f"{name}.{store.name}" in used]
                _fill(files[name], stores, random.Random(seed), spoken_of)

            def copy(name: str, files: dict[str, Path] = files) -> Database:
                return EmptyCopy(files[name], name, schemas[name])

            for rows, one in zip(found, tried, strict=True):
                rows.append(_run(one.compiled, context, copy))
    return found


def _spoken_of(compiled: Compiled) -> dict[str, list[Any]]:
    """Values below and above those that a reading compares with, by type, so that made-up rows fall on both sides."""
    found: dict[str, list[Any]] = {"number": [], "text": [], "date": []}
    for node in walk(compiled.file):
        match node:
            case nodes.IntLiteral(value=value):
                found["number"] += [value - 1, value, value + 1]
            case nodes.NumberLiteral(value=text):
                found["number"] += [float(text) - 1, float(text), float(text) + 1]
            case nodes.TextLiteral(parts=(str(text),)):
                found["text"].append(text)
            case nodes.DateLiteral(value=text) | nodes.TimestampLiteral(value=text):
                day = date.fromisoformat(text[:10])
                found["date"] += [str(day + timedelta(days=step)) for step in (-1, 0, 1)]
    return found


def _fill(file: Path, stores: Sequence[Store], chance: random.Random, spoken_of: dict[str, list[Any]]) -> None:
    """Put some rows into each store; those that break a constraint are left out."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("pragma foreign_keys = off")
        for store in stores:
            fields = [field for field in store.fields if not field.generated]
            names = ", ".join(quote_identifier(field.name) for field in fields)
            holes = ", ".join("?" * len(fields))
            for number in range(1, _MADE_UP + 1):
                row = [
                    number if field.name in store.primary_key else _value(field, chance, spoken_of) for field in fields
                ]
                try:
                    table = quote_identifier(store.name)
                    connection.execute(f"insert into {table} ({names}) values ({holes})", row)
                except sqlite3.Error:
                    continue


def _value(field: Field, chance: random.Random, spoken_of: dict[str, list[Any]]) -> Any:
    """One of few values, so that rows agree in some fields and differ in others."""
    if field.type.nullable and chance.random() < _EMPTY:
        return None
    some = chance.randint(1, 6)
    match field.type.name:
        case "text":
            return chance.choice(["abcdefgh"[some], *spoken_of["text"]])
        case "date":
            return chance.choice([f"2026-0{some}-1{some}", *spoken_of["date"]])
        case "timestamp":
            return f"{chance.choice([f'2026-0{some}-1{some}', *spoken_of['date']])}T0{some}:00:00.000000Z"
        case "bool":
            return some % 2
        case "int":
            return int(chance.choice([some, *spoken_of["number"]]))
        case "float" | "decimal" | "duration":
            return chance.choice([some, *spoken_of["number"]])
    return None


def _same(
    one: _Tried, other: _Tried, made_up: Sequence[tuple[str, ...] | None], others: Sequence[tuple[str, ...] | None]
) -> bool:
    """Whether two readings do the same on the data, and on all data that are made up."""
    if (one.does, one.changes) != (other.does, other.changes):
        return False
    pairs = [(one.rows, other.rows), *zip(made_up, others, strict=True)]
    ordered = one.ordered or other.ordered
    return all(mine is not None and theirs is not None and _equal(mine, theirs, ordered) for mine, theirs in pairs)


def _equal(one: tuple[str, ...], other: tuple[str, ...], ordered: bool) -> bool:
    return one == other if ordered else Counter(one) == Counter(other)


def _reading(number: int, said: str, one: _Tried, others: Sequence[_Tried]) -> Reading:
    """What a reading does, and which rows only it has."""
    only: list[str] = []
    if one.rows is not None and all(other.rows is not None for other in others):
        elsewhere = {row for other in others for row in other.rows or ()}
        only = [row for row in dict.fromkeys(one.rows) if row not in elsewhere]
    first = one.rows[0] if one.rows and one.ordered and not only else None
    shown = tuple(json.loads(row) for row in only[:_SHOWN])
    return Reading(number, said, one.does, one.count, shown, None if first is None else json.loads(first))

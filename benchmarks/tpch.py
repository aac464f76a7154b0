"""How long do the 22 questions of TPC-H take as scripts, compared with the standard's SQL on the same engine?

Both are timed within one process, without its start-up (see `startup`): the SQL from opening a connection to the last
row, ours from looking up the script in the library to the last JSON line.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import interleaved, timed
from runtime.connect import connect
from runtime.library.store import Library
from tests.harness import compile_text, execute, store
from tests.tpch.data import Files, generate, load_duckdb, load_postgres, load_sqlite
from tests.tpch.questions import QUESTIONS, Question

TIMES = 3
PLANS = (("duckdb", 1.0), ("duckdb", 0.01), ("sqlite", 0.1), ("postgres", 0.1))


class Engine(NamedTuple):
    """An engine to measure on.

    Attributes:
        url: for scripts.
        ask: SQL → its rows, directly from the engine.
        clock: what is measured. The work of a server is not in our processor time.
    """

    url: str
    ask: Callable[[str], list[Any]]
    clock: Callable[[], float] = time.process_time


def measure(folder: str) -> str:
    """A table for each engine and scale."""
    return "\n\n".join(_measured(Path(folder) / f"{dialect}-{scale:g}", dialect, scale) for dialect, scale in PLANS)


def _measured(folder: Path, dialect: str, scale: float) -> str:
    folder.mkdir()
    lines = [f"| TPC-H {scale:g}, {dialect} | SQL, ms | sopvm run, ms | ratio |", "|---|---:|---:|---:|"]
    ratios = []
    totals = [0.0, 0.0]
    with ExitStack() as stack:
        engine = _engine(dialect, folder, generate(folder, scale), stack)
        library = stack.enter_context(Library.open(folder / "home"))
        for question in QUESTIONS:
            print(f"  {dialect} {scale:g} {question.script}", file=sys.stderr)
            theirs, ours = _compared(question, engine, dialect, library)
            ratios.append(ours / theirs)
            totals = [totals[0] + theirs, totals[1] + ours]
            lines.append(f"| {question.script} | {theirs * 1000:.1f} | {ours * 1000:.1f} | {ours / theirs:.2f} |")
    mean = prod(ratios) ** (1 / len(ratios))
    lines.append(f"| all | {totals[0] * 1000:.1f} | {totals[1] * 1000:.1f} | {totals[1] / totals[0]:.2f} |")
    return "\n".join([*lines, f"| geometric mean | | | {mean:.2f} |"])


def _compared(question: Question, engine: Engine, dialect: str, library: Library) -> tuple[float, float]:
    """The seconds of the engine and ours, after checking that the answers are the same."""
    sql = question.sql(question.standard, dialect)
    database = connect(engine.url, name="main", base=Path())
    store(library, compile_text(question.text, database.schema(), question.path.name))
    database.close()
    raw, code = execute(library, question.script, engine.url)
    assert code == 0, raw.decode()
    lines = [json.loads(line, parse_float=Decimal) for line in raw.decode().splitlines()]
    found = [list(line["result"].values()) for line in lines if line["type"] == "record"]
    wanted = engine.ask(sql)
    if len(wanted) != len(found) or not all(all(map(_same, *rows)) for rows in zip(wanted, found, strict=True)):
        raise RuntimeError(f"{question.script} gives another answer on {dialect}")
    best = interleaved(
        {
            "theirs": lambda: timed(lambda: engine.ask(sql), engine.clock),
            "ours": lambda: timed(lambda: execute(library, question.script, engine.url), engine.clock),
        },
        TIMES,
    )
    return best["theirs"], best["ours"]


def _same(theirs: Any, ours: Any) -> bool:
    """Whether answers are equal. Averages and quotients may differ in their last digits, and SQLite adds binary
    fractions."""
    if isinstance(theirs, Decimal) and isinstance(ours, Decimal):
        theirs = theirs.quantize(ours, ROUND_HALF_UP)
    if isinstance(theirs, float) and ours is not None:
        return abs(theirs - float(ours)) <= 1e-6 * max(abs(theirs), 1)
    return bool(ours == (theirs if isinstance(theirs, int | str | Decimal | None) else str(theirs)))


def _engine(dialect: str, folder: Path, files: Files, stack: ExitStack) -> Engine:
    if dialect == "postgres":
        return _postgres(files, stack)
    if dialect == "sqlite":
        path = folder / "tpch.db"
        load_sqlite(path, files)
        return Engine(f"sqlite:///{path}", partial(_rows, lambda: sqlite3.connect(path)))
    import duckdb

    path = folder / "tpch.duckdb"
    with duckdb.connect(path) as writing:
        load_duckdb(writing, files)
    return Engine(f"duckdb:///{path}", partial(_rows, lambda: duckdb.connect(path, read_only=True)))


def _postgres(files: Files, stack: ExitStack) -> Engine:
    from tests.postgres import Server, installations

    name, programs = next(iter(installations().items()))
    server = Server(name, programs)
    stack.callback(server.close)
    schema = stack.enter_context(server.schema())

    def connected() -> Any:
        connection = server.connect()
        connection.execute(f"SET search_path = {schema}".encode())
        return connection

    with closing(connected()) as connection:
        load_postgres(connection, files)
    return Engine(server.url(schema), partial(_rows, connected), time.perf_counter)


def _rows(connected: Callable[[], Any], sql: str) -> list[Any]:
    with closing(connected()) as connection:
        rows: list[Any] = connection.execute(sql).fetchall()
        return rows

"""A system's name, a server's URL and a number → so many steps of two writes each in one of its workflows, in seconds.

    PEERS/bin/python benchmarks/durable_peers.py dbos-step postgresql://… 500

It runs in an environment of the peers' own (benchmarks/durable.py says how it is made), so it imports nothing of ours.
Each peer is set up as its documentation says, with logs and traces off and connections that are opened before the time
is taken. The tables `effects` and `audit` are there, and empty.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg

WARM = 20  # steps before the time is taken
WRITES = ("insert into effects (number) values (%s)", "insert into audit (number) values (%s)")


def _two_writes(connection: psycopg.Connection[Any], number: int) -> None:
    with connection.transaction():
        for sql in WRITES:
            connection.execute(sql, [number])


def _timed(step: Callable[[int], object], count: int) -> float:
    """Steps with negative numbers are not timed."""
    for number in range(-WARM, 0):
        step(number)
    start = time.perf_counter()
    for number in range(count):
        step(number)
    return time.perf_counter() - start


def _dbos(url: str, count: int, *, transactional: bool) -> float:
    from dbos import DBOS, SQLAlchemyDatasource
    from sqlalchemy import text

    engine_url = url.replace("postgresql://", "postgresql+psycopg://")
    DBOS(config={"name": "durable", "system_database_url": engine_url, "log_level": "ERROR", "enable_otlp": False})
    source = SQLAlchemyDatasource.create(engine_url) if transactional else None
    connection = psycopg.connect(url, autocommit=True)

    def step(number: int) -> None:
        _two_writes(connection, number)

    def writes(number: int) -> None:
        assert source is not None
        session = source.sql_session()
        for table in ("effects", "audit"):
            session.execute(text(f"insert into {table} (number) values (:number)"), {"number": number})

    done = DBOS.step()(step) if source is None else source.transaction(writes)

    def work(count: int) -> float:
        return _timed(done, count)

    workflow = DBOS.workflow()(work)
    DBOS.launch()
    try:
        return float(workflow(count))
    finally:
        DBOS.destroy()


def _absurd(url: str, count: int) -> float:
    from absurd_sdk import Absurd

    app = Absurd(url, queue_name="durable")
    app.create_queue()
    connection = psycopg.connect(url, autocommit=True)
    seconds = []

    def work(params: dict[str, int], context: Any) -> None:
        def step(number: int) -> None:
            context.step(f"step {number}", lambda: _two_writes(connection, number))

        seconds.append(_timed(step, params["count"]))

    app.register_task(name="work")(work)
    app.spawn("work", {"count": count})
    app.work_batch()
    app.drop_queue()
    return seconds[0]


PEERS: dict[str, Callable[[str, int], float]] = {
    "dbos-step": lambda url, count: _dbos(url, count, transactional=False),
    "dbos-transactional-step": lambda url, count: _dbos(url, count, transactional=True),
    "absurd-step": _absurd,
}


if __name__ == "__main__":
    print(PEERS[sys.argv[1]](sys.argv[2], int(sys.argv[3])))

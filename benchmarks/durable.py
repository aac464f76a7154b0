"""What do runs that survive cost, compared with runs that are not kept and with systems that replay?

    python -m benchmarks durable
    python -m benchmarks.durable --segments 50 --times 1    # a small try

Elapsed time, as a server works in other processes; the median of several rounds, in each of which everything runs once,
in turn, on one server. A segment is two inserts and a `commit`; a peer's step is the same two inserts. All effects are
counted after each. The peers run where SOP_PEERS names an environment for them, made outside this one:

    python -m venv peers && peers/bin/pip install dbos==3.4.0 absurd-sdk==0.5.1 'psycopg[binary]'
    curl -o peers/absurd.sql https://raw.githubusercontent.com/earendil-works/absurd/0.5.1/sql/absurd.sql
    SOP_PEERS=peers python -m benchmarks durable
"""

from __future__ import annotations

import argparse
import io
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.measure import interleaved, run_command, sopvm
from benchmarks.scripts import compile_text, store
from runtime.connect import connect
from runtime.databases.protocol import Database
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.keep import Keep
from runtime.runs.run import RunOptions, run
from tests.postgres import Server, installations

SEGMENTS: Final = 500
TIMES: Final = 5
RUNS: Final = 400  # that workers claim
FRAMES: Final = 100
SCRIPTS: Final = """
script work(n: int) -> int
  for each i in 1 to n do
    insert into effects { number: i }
    insert into audit { number: i }
    commit
  end
  return n
end

script one(n: int) -> int
  insert into effects { number: n }
  return n
end

script below(n: int, number: int) -> int
  if n > 0 then return below(n: n - 1, number: number) end
  ask "Go on?" into sure: bool
  insert into effects { number: number }
  return number
end
"""
DATABASE: Final = "bench"  # of the server


class Home:
    """A database with the tables, and a library with the scripts. sql: runs a statement of ours in it."""

    def __init__(self, folder: Path, url: str, sql: Callable[[str], list[Any]], seconds: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.url = url
        self.sql = sql
        key = f"number bigint not null, at double precision default ({seconds})"
        for table in ("effects", "audit"):
            sql(f"create table {table} ({key})")
        (folder / "sop.toml").write_text(f'[databases]\nmain = "{url}"\n', encoding="utf-8")
        with closing(self.open("main")) as database:
            modules = compile_text(SCRIPTS, database.schema())
        store(folder / ".sop", modules)
        self.library = Library.open(folder / ".sop")

    def open(self, name: str) -> Database:
        return connect(self.url, name=name, base=self.folder)

    def clear(self) -> None:
        self.sql("delete from effects")
        self.sql("delete from audit")

    def keep(self, **options: Any) -> Keep:
        return Keep(self.library, lambda: self.open("[runs]"), **options)

    def run(self, name: str, arguments: Mapping[str, Any], open_: Callable[[str], Database], **options: Any) -> None:
        """Run a script that ends well, waits or is left to a worker."""
        writer = open_writer("jsonl", io.BytesIO(), buffer_until_commit=False)
        outcome = run(self.library, name, arguments, open_, writer, RunOptions(**options))
        assert outcome.status in ("ok", "waiting", "pending"), outcome

    def segments(self, count: int, *, kept: bool, relaxed: bool = False, disk: bool = True) -> float:
        """Seconds a segment, without those of a run's beginning and end."""

        def opened(name: str) -> Any:
            database: Any = self.open(name) if disk else _InMemory(self.folder / "main.db", name=name)
            if relaxed:
                database.relax()
            return database

        def seconds(count: int) -> float:
            self.clear()
            start = time.perf_counter()
            self.run("work", {"n": count}, opened, keep=self.keep() if kept else None, relaxed=relaxed)
            taken = time.perf_counter() - start
            self.check(count)
            return taken

        return (seconds(1 + count) - seconds(1)) / count

    def check(self, count: int) -> None:
        """That each effect is there once."""
        for table in ("effects", "audit"):
            found = self.sql(f"select count(*), count(distinct number) from {table} where number >= 0")
            assert found == [(count, count)], (table, found)


class _InMemory(SQLiteDatabase):
    """Never waits for a disk."""

    def _set_up(self) -> None:
        super()._set_up()
        self._run("PRAGMA synchronous = OFF").close()


def measure(folder: str, segments: int = SEGMENTS, times: int = TIMES, runs: int = RUNS) -> str:
    with ExitStack() as stack:
        settings = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
        server = Server(*next(iter(installations().items())), settings=settings)
        stack.callback(server.close)
        with server.connect() as connection:
            connection.execute(f"create schema {DATABASE}; alter role sop set search_path = {DATABASE}")
        postgres = Home(Path(folder) / "postgres", server.url(DATABASE), _asking(server, stack), _POSTGRES_SECONDS)
        sqlite = _sqlite(Path(folder) / "sqlite", stack)
        homes = {"SQLite": sqlite, "PostgreSQL": postgres}
        for home in homes.values():
            stack.callback(home.library.close)
            home.run("work", {"n": 1}, home.open, keep=home.keep())  # makes the tables, and keeps the SQL
        parts = [
            _costs("SQLite", _of_sqlite(sqlite, segments), times),
            *(_of_postgres(server, postgres, segments, times, waits) for waits in (True, False)),
            _claims(homes, runs, times),
            _start(homes, times),
            _bytes(homes, server, segments),
        ]
    return "\n\n".join(parts)


_POSTGRES_SECONDS: Final = "extract(epoch from clock_timestamp())"
_SQLITE_SECONDS: Final = "(julianday('now') * 86400.0)"


def _asking(server: Server, stack: ExitStack) -> Callable[[str], list[Any]]:
    connection = stack.enter_context(server.connect(DATABASE))

    def ask(sql: str) -> list[Any]:
        cursor = connection.execute(sql.encode())
        return list(cursor.fetchall()) if cursor.description is not None else []

    return ask


def _sqlite(folder: Path, stack: ExitStack) -> Home:
    path = folder.with_suffix(".db")
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    stack.callback(connection.close)

    def ask(sql: str) -> list[Any]:
        return connection.execute(sql).fetchall()

    ask("pragma journal_mode = wal")
    home = Home(folder, f"sqlite:///{path}", ask, _SQLITE_SECONDS)
    (folder / "main.db").symlink_to(path)
    return home


# ── a segment ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_sqlite(home: Home, count: int) -> dict[str, tuple[Callable[[], float], str]]:
    def segments(**options: Any) -> Callable[[], float]:
        return partial(home.segments, count, **options)

    return {
        "not kept, full": (segments(kept=False), ""),
        "kept, full": (segments(kept=True), "not kept, full"),
        "not kept, relaxed": (segments(kept=False, relaxed=True), ""),
        "kept, relaxed": (segments(kept=True, relaxed=True), "not kept, relaxed"),
        "not kept, in memory": (segments(kept=False, disk=False), ""),
        "kept, in memory": (segments(kept=True, disk=False), "not kept, in memory"),
    }


def _of_postgres(server: Server, home: Home, count: int, times: int, waits: bool) -> str:
    home.sql(f"alter role sop set synchronous_commit = {'on' if waits else 'off'}")
    rows: dict[str, tuple[Callable[[], float], str]] = {
        "not kept": (partial(home.segments, count, kept=False), ""),
        "kept": (partial(home.segments, count, kept=True), "not kept"),
    }
    if waits:
        rows["kept, relaxed"] = (partial(home.segments, count, kept=True, relaxed=True), "not kept")
    peers = os.environ.get("SOP_PEERS")
    if peers:
        home.sql("drop schema if exists absurd cascade")
        with server.connect() as connection:
            connection.execute((Path(peers) / "absurd.sql").read_bytes())
        for name in ("DBOS step", "DBOS transactional step", "Absurd step"):
            rows[name] = (partial(_peer, Path(peers), name, home, server.url(), count), "kept")
    return _costs(f"PostgreSQL, {'waits for the disk' if waits else 'does not wait'}", rows, times)


def _peer(peers: Path, name: str, home: Home, url: str, count: int) -> float:
    """Seconds a step of a peer, in its own environment."""
    home.clear()
    script = Path(__file__).with_name("durable_peers.py")
    words = [str(peers / "bin" / "python"), str(script), name.lower().replace(" ", "-"), url, str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr}")
    home.check(count)
    return float(done.stdout.split()[-1]) / count


def _costs(title: str, rows: Mapping[str, tuple[Callable[[], float], str]], times: int) -> str:
    found: dict[str, list[float]] = {name: [] for name in rows}
    for round_ in range(times):
        print(f"  {title}, round {round_ + 1} of {times}", file=sys.stderr)
        for name, (once, _) in rows.items():
            found[name].append(once())
    middle = {name: statistics.median(seconds) for name, seconds in found.items()}
    lines = [f"| {title}, a segment or step | µs | least and most | ratio |", "|---|---:|---:|---:|"]
    for name, (_, against) in rows.items():
        ratio = f"{middle[name] / middle[against]:.2f}× {against}" if against else ""
        spread = f"{min(found[name]) * 1e6:.0f} to {max(found[name]) * 1e6:.0f}"
        lines.append(f"| {name} | {middle[name] * 1e6:.0f} | {spread} | {ratio} |")
    return "\n".join(lines)


# ── workers, start and size ────────────────────────────────────────────────────────────────────────────────────────


def _claims(homes: Mapping[str, Home], runs: int, times: int) -> str:
    """How many runs of one segment workers take and end in a second, from the first effect to the last."""
    lines = ["| workers | runs/s on SQLite | runs/s on PostgreSQL |", "|---:|---:|---:|"]
    for workers in (1, 2, 4):
        rates = [
            f"{statistics.median(_rate(home, runs, workers) for _ in range(times)):.0f}" for home in homes.values()
        ]
        lines.append(f"| {workers} | {' | '.join(rates)} |")
    return "\n".join(lines)


def _rate(home: Home, runs: int, workers: int) -> float:
    home.clear()
    for number in range(runs):
        home.run("one", {"n": number}, home.open, keep=home.keep(detached=True))
    words = sopvm("worker", "main", "--processes", str(workers), "--until-idle", "--home", str(home.folder / ".sop"))
    subprocess.run(words, cwd=home.folder, capture_output=True, check=True)
    found = home.sql("select count(*), count(distinct number), max(at) - min(at) from effects")
    assert found[0][:2] == (runs, runs), found
    return (runs - 1) / float(found[0][2])


def _start(homes: Mapping[str, Home], times: int) -> str:
    """Processor time of whole commands."""
    lines = [f"| command | {' | '.join(f'{name}, ms' for name in homes)} |", "|---|---:|---:|"]
    best: list[dict[str, float]] = []
    for home in homes.values():
        home.clear()
        home.sql("delete from sop_runs")
        for number in range(times):
            home.run("below", {"n": FRAMES, "number": number}, home.open, keep=home.keep())
        waiting = iter([run_id for (run_id,) in home.sql("select run from sop_runs order by created, run")])
        output = home.folder / "output"
        place = ("--home", str(home.folder / ".sop"))

        def answered(waiting: Any = waiting, output: Path = output, place: tuple[str, str] = place) -> float:
            return run_command(sopvm("answer", next(waiting), "yes", *place), output)

        plain = sopvm("run", "one", "n=1000000", *place)
        best.append(interleaved({"run": partial(run_command, plain, output), "answer": answered}, times))
        found = home.sql("select count(*), count(distinct number) from effects where number < 1000000")
        assert found == [(times, times)], found
    for name, shown in (("run", "sopvm run, one effect"), ("answer", f"sopvm answer below {FRAMES} calls, one effect")):
        lines.append(f"| {shown} | {' | '.join(f'{each[name] * 1000:.0f}' for each in best)} |")
    ratios = [f"{each['answer'] / each['run']:.2f}" for each in best]
    lines.append(f"| ratio | {' | '.join(ratios)} |")
    return "\n".join(lines)


def _bytes(homes: Mapping[str, Home], server: Server, count: int) -> str:
    """What a save puts into the database."""
    sqlite, postgres = homes["SQLite"], homes["PostgreSQL"]
    sqlite.sql("delete from sop_runs")
    sqlite.run("below", {"n": FRAMES, "number": -1}, sqlite.open, keep=sqlite.keep())
    ((deep,),) = sqlite.sql("select length(state) from sop_runs")
    written = []
    for kept in (False, True):
        before = postgres.sql("select pg_current_wal_insert_lsn()")[0][0]
        postgres.segments(count, kept=kept)
        ((size,),) = postgres.sql(f"select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')")
        written.append(float(size) / count)
    return "\n".join(
        [
            "| bytes | |",
            "|---|---:|",
            f"| frames below {FRAMES} calls | {deep} |",
            f"| PostgreSQL's log, a segment that is not kept | {written[0]:.0f} |",
            f"| one that is kept | {written[1]:.0f} |",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        print(measure(folder, options.segments, options.times, options.runs))


if __name__ == "__main__":
    main()

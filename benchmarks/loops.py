"""How long do loops over rows take, compared with one statement, PL/pgSQL and a Python loop? Which are lifted?"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import duckdb

from benchmarks.measure import interleaved
from benchmarks.scripts import compile_text, store
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.run import RunOptions, run
from runtime.vm import attempts, lifted
from runtime.vm.machine import Machine
from runtime.vm.script import LiftOp
from tests.engines import ENGINES
from tests.postgres import shared

ROWS: Final = {"sqlite": 30_000, "postgres": 4_000, "duckdb": 300}
TABLES: Final = (
    "create table staff (id bigint primary key, name varchar(40) not null, salary bigint not null,"
    " dept bigint not null)",
    "create table depts (id bigint primary key, bonus bigint not null)",
    "create table payments (staff bigint primary key, gross bigint not null, tax bigint not null, net bigint not null)",
)
SCRIPTS: Final = """
script tax(salary: int) -> int
  if salary > 3000 then return salary * 40 // 100 end
  return salary * 20 // 100
end

script payroll()
  for each e in from staff do
    let t = tax(e.salary)
    insert into payments { staff: e.id, gross: e.salary, tax: t, net: e.salary - t }
  end
end

script raise_salaries()
  for each e in from staff do
    if e.dept < 25 then update staff where id = e.id set salary = e.salary + 10 end
  end
end

script bonuses() -> int
  let total = 0
  for each e in from staff do
    let d = one(from depts where id = e.dept)
    set total = total + d.bonus
  end
  return total
end

script high_salaries() -> int
  let total = 0
  for each e in from staff do
    if e.salary > 3000 then set total = total + e.salary end
  end
  return total
end

script doubles()
  for each e in from staff order by id do emit { name: e.name, twice: e.salary * 2 } end
end
"""
TAX: Final = "case when salary > 3000 then salary * 40 / 100 else salary * 20 / 100 end"


class Question(NamedTuple):
    """A script, what to look at afterwards, the statement that an expert would write, and loops in other languages.

    body: of a PL/pgSQL loop over `e`. each: what a Python loop does with a row and a function that runs a statement.
    """

    script: str
    answer: str
    statement: str
    body: str
    each: Callable[[Any, Callable[..., Any]], int]


def _tax(salary: int) -> int:
    return salary * 40 // 100 if salary > 3000 else salary * 20 // 100


def _pay(row: Any, run_: Callable[..., Any]) -> int:
    tax = _tax(row[2])
    run_("insert into payments values (?, ?, ?, ?)", (row[0], row[2], tax, row[2] - tax))
    return 0


def _raise(row: Any, run_: Callable[..., Any]) -> int:
    if row[3] < 25:
        run_("update staff set salary = ? where id = ?", (row[2] + 10, row[0]))
    return 0


def _bonus(row: Any, run_: Callable[..., Any]) -> int:
    return int(run_("select bonus from depts where id = ?", (row[3],)).fetchone()[0])


QUESTIONS: Final = (
    Question(
        "payroll",
        "select count(*), sum(tax), sum(net) from payments",
        f"insert into payments select id, salary, {TAX}, salary - {TAX} from staff",
        f"insert into payments select e.id, salary, {TAX}, salary - {TAX} from (select e.salary) as x (salary);",
        _pay,
    ),
    Question(
        "raise_salaries",
        "select sum(salary) from staff",
        "update staff set salary = salary + 10 where dept < 25",
        "if e.dept < 25 then update staff set salary = e.salary + 10 where id = e.id; end if;",
        _raise,
    ),
    Question(
        "bonuses",
        "",
        "select sum(d.bonus) from staff as e join depts as d on d.id = e.dept",
        "total := total + (select bonus from depts where id = e.dept);",
        _bonus,
    ),
    Question(
        "high_salaries",
        "",
        "select sum(salary) from staff where salary > 3000",
        "if e.salary > 3000 then total := total + e.salary; end if;",
        lambda row, _: row[2] if row[2] > 3000 else 0,
    ),
    Question("doubles", "", "", "", lambda row, _: 0),
)


def measure(folder: str) -> str:
    """A table: the time of one statement, and what the others take of it. Answers are compared first."""
    lines = [
        "| engine, rows | loop | statement, ms | sopvm | as one statement | row by row | PL/pgSQL | Python |",
        "|---|---|---:|---:|---|---:|---:|---:|",
    ]
    for name in ROWS:
        place = ENGINES[name].place(Path(folder))
        types = "integer" if name == "sqlite" else "bigint"  # whose key is the number of its row
        ENGINES[name].script(place, ";".join(TABLES).replace("bigint", types))
        schema = ENGINES[name].read_schema(place)
        home = Path(folder) / f"home-{name}"
        home.mkdir()
        store(home, compile_text(SCRIPTS, schema))
        with Library.open(home) as library:
            lines += [_line(_Bench(name, place, library), question) for question in QUESTIONS]
    return "\n".join(lines)


def _line(bench: _Bench, question: Question) -> str:
    ways: dict[str, Callable[[], object]] = {
        "sopvm": partial(bench.script, question, lifting=True),
        "row by row": partial(bench.script, question, lifting=False),
        "Python": partial(bench.python, question),
    }
    if question.statement:
        ways["statement"] = partial(bench.statement, question)
    if bench.name == "postgres" and question.body:
        ways["PL/pgSQL"] = partial(bench.procedure, question)
    answers = {}
    for name, way in ways.items():
        bench.reset()
        answers[name] = [way(), bench.rows(question.answer) if question.answer else None]
    if len({json.dumps(answer, default=int) for answer in answers.values()}) > 1:
        raise RuntimeError(f"{bench.name}, {question.script}: the answers differ: {answers}")
    best = interleaved({name: partial(bench.timed, way) for name, way in ways.items()}, 2)
    base = best.get("statement", best["row by row"])
    cells = [f"{best[name] / base:.1f}×" if name in best else "" for name in ("row by row", "PL/pgSQL", "Python")]
    shown = f"{base * 1000:.0f}" if "statement" in best else "(row by row)"
    lifted_ = "yes" if bench.lifted else "no"
    head = [f"{bench.name}, {ROWS[bench.name]:,}", question.script, shown, f"{best['sopvm'] / base:.1f}×", lifted_]
    return f"| {' | '.join([*head, *cells])} |"


class _Bench:
    """One engine with its tables. lifted: whether the last run of a script was one statement."""

    def __init__(self, name: str, place: Path, library: Library) -> None:
        self.name = name
        self.engine = ENGINES[name]
        self.place = place
        self.library = library
        self.lifted = False

    def reset(self) -> None:
        """The tables as they were."""
        count = ROWS[self.name]
        counted = f"with recursive n (i) as (select 1 union all select i + 1 from n where i < {count})"
        staff = "i, 'name ' || i, 1000 + i * 7919 % 5000, i % 50"
        made = {"staff": staff, "depts": "i - 1, i * 10"}
        sql = "delete from payments;"
        for table, columns in made.items():
            sql += f"delete from {table}; insert into {table} {counted} select {columns} from n;"
        self.engine.script(self.place, sql)

    def timed(self, way: Callable[[], object]) -> float:
        """Processor time; of PostgreSQL elapsed time, as its work is in another process."""
        self.reset()
        clock = perf_counter if self.name == "postgres" else process_time
        start = clock()
        way()
        return clock() - start

    def rows(self, sql: str) -> list[list[Any]]:
        return self.engine.rows(self.place, f"{sql} -- {perf_counter()}")

    def script(self, question: Question, *, lifting: bool) -> object:
        stream = BytesIO()
        before, attempts.lifting = attempts.lifting, lifting
        attempt = lifted.attempt

        def noted(machine: Machine, op: LiftOp, params: Sequence[Any]) -> list[int] | None:
            found = attempt(machine, op, params)
            self.lifted = found is not None
            return found

        self.lifted = self.lifted and not lifting
        with patch.object(lifted, "attempt", noted if lifting else attempt):
            writer = open_writer("jsonl", stream, buffer_until_commit=False)
            run(
                self.library, question.script, {}, lambda name: self.engine.open(self.place, name), writer, RunOptions()
            )
        attempts.lifting = before
        end = json.loads(stream.getvalue().splitlines()[-1])
        if end["status"] != "ok":
            raise RuntimeError(f"{question.script} failed: {stream.getvalue().splitlines()[-2].decode()}")
        return end["result"]

    def statement(self, question: Question) -> object:
        with self._connected() as run_:
            # DuckDB's `/` of ints gives a fraction
            found = run_(question.statement.replace(" / ", " // ") if self.name == "duckdb" else question.statement, ())
            return None if question.answer else int(found.fetchone()[0])

    def python(self, question: Question) -> object:
        with self._connected() as run_:
            rows = run_("select id, name, salary, dept from staff", ()).fetchall()
            total = sum(question.each(row, run_) for row in rows)
        return None if question.answer or not question.statement else total

    def procedure(self, question: Question) -> object:
        body = f"declare e record; total bigint := 0; begin for e in select * from staff loop {question.body}"
        with self._connected() as run_:
            run_(
                f"create or replace function f() returns bigint language plpgsql as $$ {body} end loop;"
                " return total; end $$",
                (),
            )
            found = run_("select f()", ()).fetchone()[0]
        return None if question.answer else int(found)

    @contextmanager
    def _connected(self) -> Iterator[Callable[..., Any]]:
        """A function that runs a statement with values, in one transaction."""
        if self.name == "postgres":
            with shared().connect() as connection:
                connection.execute(f'set search_path = "{self.engine.read_schema(self.place).place[0]}"')
                yield lambda sql, values: connection.execute(
                    sql.replace("%", "%%").replace("?", "%s") if values else sql, values or None
                )
                connection.commit()
            return
        opened: Any = sqlite3.connect(self.place) if self.name == "sqlite" else duckdb.connect(str(self.place))
        try:
            if self.name == "duckdb":
                opened.execute("begin")
            yield opened.execute
            opened.commit()
        finally:
            opened.close()

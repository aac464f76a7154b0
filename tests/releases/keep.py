"""Runs that this release keeps, in every state that can go on → the tables of each engine as SQL, for later releases.

    python -m tests.releases.keep tests/releases/NAME

Used once for a release, before it is made: `NAME/kept.sqlite.sql` and `NAME/kept.postgres.sql` are what users have.
"""

from __future__ import annotations

import io
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from runtime.connect import connect
from runtime.output.formats import open_writer
from runtime.runs.keep import Keep
from runtime.runs.run import RunOptions, run
from tests.postgres import Server, shared
from tests.runs.kept import Crash, Kept

SCRIPTS: Final = """
script deep(n: int) -> int
  if n > 0 then return deep(n: n - 1) + 1 end
  ask "Go on?" into ok: bool
  return 0
end

script rows()
  for each item in from items order by id do
    let all = [item.name, "{item.quantity}"]
    for each word in all do
      emit { word: word }
    end
  end
  emit from items order by id select name as word
end

script asks(n: int) -> int
  let large = list(from items as a join items as b on true join items as c on true
                   select a.name as a, b.name as b, c.name as c)
  let total = length(large)
  for each row in rows() do
    set total = total + deep(n: n)
    insert into log { text: "{row.word} {total}" }
    commit
  end
  return total
end

script counts(until: int, limit: int = 1000000) -> int
  let price = 1.10
  let day = date "2026-01-31"
  let wait = 90 days
  for each item in from items order by id desc do
    for each i in 1 to until do
      assert count(from log) < limit or not exists(from items where quantity = 50), "too many"
      insert into log { text: "{item.name} {i} {price * i} {day + wait}" }
      commit
      emit { name: item.name, number: i }
    end
  end
  return until
end
"""
TABLES: Final = ("sop_runs", "sop_values", "sop_rows", "sop_modules", "sop_statements", "sop_uses", "sop_lines")


def keep(kept: Kept) -> None:
    """Leave runs in the database: one that waits below calls, over a suspended generator and with a large value, one
    that was interrupted in a loop over rows, one that has not begun, one that failed."""
    library = kept.sandbox.library

    def begin(name: str, script: str, args: dict[str, Any], *, at: int | None = None, detached: bool = False) -> None:
        options = RunOptions(keep=Keep(library, kept.runs, name, detached=detached))
        writer = open_writer("jsonl", io.BytesIO(), buffer_until_commit=False)
        with suppress(Crash):
            run(library, script, args, lambda database: kept.connect(database, at), writer, options)

    begin("failed", "counts", {"until": 3, "limit": 4})
    begin("waiting", "asks", {"n": 3})
    begin("interrupted", "counts", {"until": 3}, at=60)
    begin("pending", "counts", {"until": 2}, detached=True)


def literal(value: Any, engine: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"x'{value.hex()}'" if engine == "sqlite" else f"'\\x{value.hex()}'"


def dump(kept: Kept, engine: str) -> str:
    """The tables of runs with their rows, as SQL."""
    from runtime.runs.store import RunStore

    with closing(connect(kept.url, name="main", base=kept.folder)) as database:
        lines = list(RunStore(database)._tables)  # type: ignore[arg-type]
    for table in TABLES:
        names = {
            "sqlite": f"select name from pragma_table_info('{table}') order by cid",
            "postgres": f"select attname from pg_attribute where attrelid = to_regclass('{table}') and attnum > 0"
            " and not attisdropped order by attnum",
        }[engine]
        columns = [name for (name,) in kept.rows(names)]
        for row in kept.rows(f"select {', '.join(columns)} from {table} order by 1, 2"):
            values = ", ".join(literal(value, engine) for value in row)
            lines.append(f"insert into {table} ({', '.join(columns)}) values ({values})")
    return ";\n".join([*lines, ""])


def write(folder: Path, engine: str, server: Server | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        if server is None:
            with closing(Kept(Path(place), SCRIPTS)) as kept:
                keep(kept)
                text = dump(kept, engine)
        else:
            with server.schema() as schema, closing(Kept(Path(place), SCRIPTS, server, schema)) as kept:
                keep(kept)
                text = dump(kept, engine)
    (folder / f"kept.{engine}.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), "sqlite", None)
    write(Path(sys.argv[1]), "postgres", shared())

"""A kept run over a million rows that commits every thousand needs no more memory than one over ten thousand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands import Place

MAX_MORE_MEGABYTES = 20
ROWS = 1_000_000
SCRIPT = """
script fill(most: int) -> int
  let done = 0
  for each row in from source where id <= most order by id do
    insert into effects { number: row.id }
    set done = done + 1
    if done % 1000 = 0 then commit end
  end
  return done
end
"""


@pytest.mark.large
def test_memory_stays_flat_over_a_million_rows(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.sql(
        "create table source (id integer primary key, name text); create table effects (number integer not null);"
        f"with recursive n(id) as (select 1 union all select id + 1 from n where id < {ROWS})"
        " insert into source select id, 'row ' || id from n"
    )
    place.compile(SCRIPT)
    used = []
    for rows in (ROWS // 100, ROWS):
        process = place.start("sopvm", "run", "fill", f"most={rows}", "-f", "csv")
        assert process.stdout is not None and process.stderr is not None
        told = process.stdout.read() + process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        assert process.returncode == 0, told
        used.append(usage.ru_maxrss / 1024)
        assert place.sql("select count(*) from effects") == [(rows,)]
        place.sql("delete from effects")
    assert used[1] - used[0] < MAX_MORE_MEGABYTES, used

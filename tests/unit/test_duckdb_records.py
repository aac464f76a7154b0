"""DuckDB writes a query's records byte for byte as the JSON writer writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.connect import connect
from runtime.databases.duckdb.database import DuckDBDatabase
from runtime.databases.protocol import Statement
from runtime.errors import SopError
from runtime.output.records import Batches, encode_lines
from runtime.query.algebra import Query
from tests.harness import compile_text

TABLE = """CREATE TABLE odd (
  id bigint PRIMARY KEY, flag boolean, whole bigint, small utinyint, size double, narrow float, "a ""b"" c" text,
  day date, "at" timestamp, price decimal(18, 2), large hugeint
)"""
SCRIPT = """script stored()
  emit from odd order by id
end
script made()
  emit from odd order by id
       select id, price * 2.5 as more, price / 3 as third, sum(id) over () as total, size / 3 as part,
              upper(`a "b" c`) as loud, length(`a "b" c`) as long, not flag as other,
              case when id > 0 then day end as day, whole is null as none
end
script few()
  emit from odd order by whole desc, id limit 5 offset 1 select `a "b" c`, size, price * 2.5 as more, id
end
script few_groups()
  emit from odd where not (`a "b" c` like "%a%") group by flag, day
         select flag, day, sum(price) as total, max(`a "b" c`) as text
       order by total desc nulls first, flag, day limit 4
end
"""
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(
    ["\\u000B", "\x0b\\u000B\x1f", '"\\', "\u2028\x7f", "\ufeff"]
)
ROWS = st.lists(
    st.tuples(
        st.none() | st.booleans(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(0, 255),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.none() | TEXTS,
        st.none() | st.dates(),
        st.none() | st.datetimes(),
        st.none() | st.decimals(-(10**14), 10**14, places=2),
        st.none() | st.integers(-(10**37), 10**37),
    ),
    min_size=1,
    max_size=20,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "odd.duckdb"


def opened(path: Path, rows: list[tuple[object, ...]]) -> DuckDBDatabase:
    """A database whose one store has these rows, numbered from 1."""
    with duckdb.connect(path) as connection:
        connection.execute(TABLE.replace("CREATE", "CREATE OR REPLACE"))
        marks = ", ".join("?" * 11)
        connection.executemany(f"INSERT INTO odd VALUES ({marks})", [(id_, *row) for id_, row in enumerate(rows, 1)])
    return reopened(path)


def reopened(path: Path) -> DuckDBDatabase:
    database = connect(f"duckdb:///{path}", name="main", base=path.parent)
    assert isinstance(database, DuckDBDatabase)
    return database


def statements(database: DuckDBDatabase) -> Iterator[Statement]:
    for module in compile_text(SCRIPT, database.schema()):
        query = module.queries[0].query
        assert isinstance(query, Query)
        yield database.prepare(query)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_records_are_written_as_the_json_writer_writes_rows(path: Path, rows: list[tuple[object, ...]]) -> None:
    database = opened(path, rows)
    try:
        for statement in statements(database):
            assert statement.records
            records = [bytes(record) for batch in database.query_json(statement, ()) for record in batch]
            names = tuple(name for name, _ in statement.columns)
            made = Batches()
            wanted = b"".join(encode_lines(made.records(names, batch)) for batch in database.query_rows(statement, ()))
            assert records == wanted.splitlines()
    finally:
        database.close()


@pytest.mark.parametrize(("field", "code"), [("size", "V0103"), ("day", "D0202"), ("at", "D0202")])
def test_a_value_that_the_language_has_not_is_an_error_after_the_rows_before_it(
    path: Path, field: str, code: str
) -> None:
    good = (True, 1, 1, 1.5, 1.5, "a", date(2026, 1, 31), datetime(2026, 1, 31), 1, 1)
    database = opened(path, [good, good, good])
    database.close()
    with duckdb.connect(path) as connection:
        connection.execute(f"UPDATE odd SET \"{field}\" = 'infinity' WHERE id = 3")
    database = reopened(path)
    statement = next(statements(database))
    found = []
    with pytest.raises(SopError) as error:
        for batch in database.query_json(statement, ()):
            found += [bytes(record)[:7] for record in batch]
    assert error.value.code == code
    assert found == [b'{"id":1', b'{"id":2']
    database.close()


def test_only_the_rows_that_are_left_are_made_text(path: Path) -> None:
    """The text of a record takes longer than the row, and a limit leaves few of them."""
    database = opened(path, [(None,) * 10] * 3)
    try:
        whole, made, *few = (statement.records for statement in statements(database))
        assert len(few) == 2 and all("LIMIT" in sql[sql.index(" FROM (SELECT ") :].rpartition(")")[0] for sql in few)
        assert not any(" FROM (SELECT " in sql for sql in (whole, made))
        texts = [bytes(record) for batch in database.query_json(list(statements(database))[2], ()) for record in batch]
        assert [text[-8:] for text in texts] == [b',"id":2}', b',"id":3}']
    finally:
        database.close()

"""What a user sees of `--db lake=sc://…?path=folder` on Sail: rows, errors, refusals, and no token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from runtime.connect import hide_password
from runtime.databases.spark.url import parse_url
from runtime.errors import UsageError
from tests.commands import Place
from tests.spark.servers import Sail, shared

THINGS = """
CREATE TABLE things AS SELECT * FROM (VALUES
  (1::BIGINT, 'Zoë', 0.5::DOUBLE, 1.25::DECIMAL(12, 2), DATE '2024-02-29', TIMESTAMP '2024-02-29 10:00:00.5', true),
  (2, 'Ada', -2.5, -0.10, DATE '0001-01-01', TIMESTAMP '1969-12-31 23:59:59', false),
  (9223372036854775807, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t (id, name, ratio, price, day, moment, open)
"""
READS = """script things(least: int)
  uses lake
  emit from lake.things where id >= least order by name
end
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder with `lake/things.parquet`, and a setting for it."""
    (tmp_path / "lake" / "parts").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(THINGS)
        connection.execute(f"COPY things TO '{tmp_path}/lake/things.parquet'")
        connection.execute(f"COPY (SELECT 1 AS n) TO '{tmp_path}/lake/parts/a.parquet'")
        connection.execute(f"COPY (SELECT 2 AS n) TO '{tmp_path}/lake/parts/b.parquet'")
    made = Place(tmp_path)
    made.write("sop.toml", f'[databases]\nlake = "{shared().url}?path=lake"\n')
    yield made


def results(place: Place, query: str) -> list[object]:
    return [line["result"] for line in place.ok("sopvm", "db", "query", query).lines if line["type"] == "record"]


def test_a_script_reads_a_folder_of_the_server(place: Place) -> None:
    place.write("things.sop", READS)
    place.ok("sopc", "compile", "things.sop", "--yes")
    text = place.ok("sopvm", "run", "things", "least=1").text
    assert [line.partition('"result":')[2] for line in text.splitlines()[1:-1]] == [
        '{"id":2,"name":"Ada","ratio":-2.5,"price":-0.10,"day":"0001-01-01","moment":"1969-12-31T23:59:59Z","open":false}}',
        '{"id":1,"name":"Zoë","ratio":0.5,"price":1.25,"day":"2024-02-29","moment":"2024-02-29T10:00:00.500000Z",'
        '"open":true}}',
        '{"id":9223372036854775807,"name":null,"ratio":null,"price":null,"day":null,"moment":null,"open":null}}',
    ]


def test_a_folder_of_files_is_one_store(place: Place) -> None:
    assert results(place, "from lake.parts order by n") == [{"n": 1}, {"n": 2}]


def test_an_int_that_overflows_is_an_error(place: Place) -> None:
    done = place.run("sopvm", "db", "query", "from lake.things order by id desc limit 1 select id + 1 as more")
    assert done.exit_code == 1 and "V0101" in done.stderr


def test_a_script_that_writes_is_refused(place: Place) -> None:
    place.write("adds.sop", "script adds()\n  uses lake\n  delete from lake.things where id = 1\nend\n")
    done = place.run("sopc", "compile", "adds.sop", "--yes")
    assert done.exit_code != 0 and "E0414" in done.stderr


def test_a_folder_that_is_not_there_is_told(place: Place) -> None:
    url = f"lake={shared().url}?path=none"
    done = place.run("sopvm", "db", "query", "from lake.things", "--db", url)
    assert done.exit_code != 0 and ("D0101" in done.stderr or "D0110" in done.stderr)


def test_a_server_that_is_away_is_told_without_its_token(place: Place) -> None:
    server = Sail()
    server.kill()
    url = f"lake={server.url}/;token=secret?path=lake"
    done = place.run("sopvm", "db", "query", "from lake.things", "--db", url)
    assert done.exit_code != 0 and "D0121" in done.stderr and "secret" not in done.stderr + done.text


def test_tokens_are_hidden() -> None:
    for url in ("sc://host:1/;token=secret;use_ssl=true?path=/x", "sc://host:1?token=secret&path=/x"):
        assert "secret" not in hide_password(url)


def test_a_url_says_where_stores_are(tmp_path: Path) -> None:
    address = parse_url("sc://host:1/;user_id=me?token=a+b&use_ssl=true&schema=main.sales", "", tmp_path)
    assert address.remote == "sc://host:1/;user_id=me;token=a%20b;use_ssl=true"
    assert (address.place, address.schema, address.path) == ("sc://host:1", ("main", "sales"), "")
    assert parse_url("sc://host?path=lake", "", tmp_path).path == str(tmp_path / "lake")
    assert parse_url("sc://host?path=s3a://bucket/lake/", "", tmp_path).path == "s3a://bucket/lake"


@pytest.mark.parametrize(
    "url",
    ["sc://", "sc://host?colour=red", "sc://host/;path=/x", "sc://host?path=/x&schema=y", "sc://host?schema=a.b.c"],
)
def test_a_malformed_url_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`sc") as caught:
        parse_url(url, url, tmp_path)
    assert caught.value.code == "D0106"

"""Files into stores: inferred and declared types, bad lines, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.files.load import import_file, list_stores, parse_types
from runtime.query.algebra import Column, Query, Scan


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SQLiteDatabase]:
    database = SQLiteDatabase(tmp_path / "main.db", name="main", create=True)
    yield database
    database.close()


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(database: SQLiteDatabase, store: str) -> list[tuple[Any, ...]]:
    fields = database.schema().stores[store].fields
    columns = tuple((field.name, Column(1, field.name, field.type)) for field in fields)
    statement = database.prepare(Query("main", Scan(1, "main", store), columns, ()))
    return [row for batch in database.query(statement, ()) for row in batch]


def types(database: SQLiteDatabase, store: str) -> dict[str, str]:
    return {field.name: str(field.type) for field in database.schema().stores[store].fields}


def test_types_are_those_that_hold_every_value(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(
        tmp_path / "staff.csv",
        "id,pay,code,big,ok,born,seen,name,mixed,empty\n"
        "1,10.5,007,123456789012345678901,true,2026-01-31,2026-01-31T10:00:00Z,Ada,1,\n"
        '-2,3,012,5,False,1999-12-01,2026-01-31 12:00:00+02:00,"Bob ""B"", jr\n2nd",x,\n'
        ",,,,,,,,,\n",
    )
    assert import_file(database, path).rows == 2  # a row without any value is none
    assert types(database, "staff") == {
        "id": "int?",
        "pay": "float?",
        "code": "text?",
        "big": "text?",
        "ok": "bool?",
        "born": "date?",
        "seen": "timestamp?",
        "name": "text?",
        "mixed": "text?",
        "empty": "text?",
    }
    moment = datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert rows(database, "staff") == [
        (1, 10.5, "007", "123456789012345678901", True, date(2026, 1, 31), moment, "Ada", "1", None),
        (-2, 3.0, "012", "5", False, date(1999, 12, 1), moment, 'Bob "B", jr\n2nd', "x", None),
    ]


def test_a_day_that_does_not_exist_is_text(database: SQLiteDatabase, tmp_path: Path) -> None:
    import_file(database, write(tmp_path / "a.csv", "day\n2026-02-30\n"))
    assert types(database, "a") == {"day": "text?"}


def test_declared_types_and_nulls(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "pay,age,n\n1.005,NA,1\n2,7,-\n")
    declared = parse_types("pay=decimal(10,2), n = text")
    import_file(database, path, types=declared, nulls=["NA", "-"])
    assert rows(database, "a") == [(Decimal("1.01"), None, "1"), (Decimal("2.00"), 7, None)]


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ";"), ("a.csv", "|"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_the_delimiter_is_found(database: SQLiteDatabase, tmp_path: Path, name: str, delimiter: str) -> None:
    text = "a|b|c\n1,5|2,5|x, y\n3,5|4,5|z\n".replace("|", delimiter)
    import_file(database, write(tmp_path / name, b"\xef\xbb\xbf" + text.encode()))
    assert rows(database, "a") == [(1.5, 2.5, "x, y"), (3.5, 4.5, "z")]


def test_names_are_made_different(database: SQLiteDatabase, tmp_path: Path) -> None:
    import_file(database, write(tmp_path / 'order "x".csv', "select,a b,,A B\r\n1,2,3,4\r\n"))
    assert list(types(database, 'order "x"')) == ["select", "a b", "column_3", "A B_2"]


def test_ndjson_has_types_of_its_own(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(
        tmp_path / "people.ndjson",
        '{"name": "Ada", "age": 3, "code": "007", "born": "2026-01-31", "tags": ["a", 1]}\n\n'
        '{"age": 4.5, "name": null, "extra": {"a": {"b": null}}, "mixed": 1}\n'
        '{"mixed": "x", "ok": true}\n',
    )
    import_file(database, path)
    assert types(database, "people") == {
        "name": "text?",
        "age": "float?",
        "code": "text?",
        "born": "date?",
        "tags": "any",
        "extra": "any",
        "mixed": "any",
        "ok": "bool?",
    }
    assert rows(database, "people") == [
        ("Ada", 3.0, "007", date(2026, 1, 31), ["a", 1], None, None, None),
        (None, 4.5, None, None, None, {"a": {"b": None}}, 1, None),
        (None, None, None, None, None, None, "x", True),
    ]


def test_bad_lines_stop_it_all_and_are_named(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b'a,b\n1,2\n"x\ny",2\n3\n4,5,6\nz,\xff\n7,8\n')
    with pytest.raises(DatabaseError) as caught:
        import_file(database, path, types={"a": "int"})
    assert caught.value.code == "D0503"
    assert 'line 3: `a` is "x' in caught.value.message and "line 5: 1 values" in caught.value.message
    assert not database.schema().stores

    loaded = import_file(database, path, types={"a": "int"}, skip_bad=True)
    assert (loaded.rows, loaded.bad_count) == (2, 4)
    assert [(bad.line, bad.reason.split(" ")[-1]) for bad in loaded.bad][2:] == [(6, "columns"), (7, "UTF-8")]
    assert rows(database, "a") == [(1, 2), (7, 8)]


def test_the_list_of_bad_lines_is_bounded(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a,b\n" + "1\n" * 10_000 + "1,2\n")
    loaded = import_file(database, path, skip_bad=True)
    assert (loaded.rows, loaded.bad_count, len(loaded.bad)) == (1, 10_000, 20)
    assert loaded.bad[0].line == 2


def test_bad_json_lines(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"a": 1}\n[1]\n{"a": \n{"a": "\xff"}\n' + b'{"a":' * 100_000 + b"\n")
    loaded = import_file(database, path, skip_bad=True)
    assert loaded.rows == 1 and [bad.line for bad in loaded.bad] == [2, 3, 4, 5]


def test_an_open_quote_is_a_bad_line(database: SQLiteDatabase, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="line 3: a quote is never closed"):
        import_file(database, write(tmp_path / "a.csv", 'a,b\n1,2\n"3,4\n5,6\n'))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "D0504"),
        ("a.csv", b",,\n,,\n", "D0504"),
        ("a.csv", "a,b\n".encode("utf-16"), "D0502"),
        ("a.ndjson", b"\n", "D0504"),
        ("a.xlsx", b"PK", "D0501"),
    ],
)
def test_files_that_are_refused(database: SQLiteDatabase, tmp_path: Path, name: str, content: bytes, code: str) -> None:
    with pytest.raises(SopError) as caught:
        import_file(database, write(tmp_path / name, content))
    assert caught.value.code == code and not database.schema().stores


def test_a_missing_file_is_refused(database: SQLiteDatabase, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        import_file(database, tmp_path / "none.csv")
    assert caught.value.code == "D0501"


def test_a_store_that_is_there_is_left_alone_replaced_or_appended_to(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "n,t\n1,x\n")
    import_file(database, path)
    with pytest.raises(DatabaseError) as caught:
        import_file(database, path)
    assert caught.value.code == "D0505"
    import_file(database, write(tmp_path / "more.csv", "t,n\ny,2\n"), store="a", mode="append")
    assert rows(database, "a") == [(1, "x"), (2, "y")]
    with pytest.raises(DatabaseError) as caught:
        import_file(database, write(tmp_path / "bad.csv", "n,t\n3,z\nq,z\n"), store="a", mode="append")
    assert caught.value.code == "D0503" and len(rows(database, "a")) == 2
    with pytest.raises(DatabaseError) as caught:
        import_file(database, write(tmp_path / "odd.csv", "n,u\n3,z\n"), store="a", mode="append")
    assert caught.value.code == "D0507"
    import_file(database, write(tmp_path / "new.csv", "other\ntrue\n"), store="a", mode="replace")
    assert rows(database, "a") == [(True,)]


def test_a_replacement_that_fails_leaves_the_old_store(database: SQLiteDatabase, tmp_path: Path) -> None:
    import_file(database, write(tmp_path / "a.csv", "n,m\n1,2\n"))
    with pytest.raises(DatabaseError):
        import_file(database, write(tmp_path / "b.csv", "n,m\n1,2\n5\n"), store="a", mode="replace")
    assert rows(database, "a") == [(1, 2)]


@pytest.mark.parametrize("text", ["a", "a=int,b", "=int"])
def test_types_of_the_wrong_form(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_types(text)
    assert caught.value.code == "D0506"


@pytest.mark.parametrize("declared", [{"a": "number"}, {"zzz": "int"}, {"a": "decimal(5,9)"}])
def test_types_that_do_not_exist(database: SQLiteDatabase, tmp_path: Path, declared: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        import_file(database, write(tmp_path / "a.csv", "a,b\n1,2\n"), types=declared)
    assert caught.value.code == "D0506"


def test_progress_goes_up_to_the_whole(database: SQLiteDatabase, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = write(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 20_000)
    import_file(database, path, progress=lambda done, total: seen.append((done, total)))
    done = [each[0] for each in seen]
    assert done == sorted(done) and seen[-1] == (2 * path.stat().st_size, 2 * path.stat().st_size)


def test_stores_are_listed_with_their_rows(database: SQLiteDatabase, tmp_path: Path) -> None:
    import_file(database, write(tmp_path / "b.csv", "n,m\n1,2\n3,4\n"))
    import_file(database, write(tmp_path / "a.csv", "n,m\n1,2\n"))
    assert [(store.name, store.rows) for store in list_stores(database)] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('{"a":1,"A":2}\n', "`a` and `A`, which differ in case only"),
        ('{"a":1}\n{" ":2}\n', "a field whose name is empty"),
        ('{"a":1,"b\\u0000":2}\n', "a field whose name has a null character in it"),
        ('{"' + "a" * 1001 + '":2}\n', "a field whose name is longer than 1,000 characters"),
        ('{"a":1e400}\n[1]\n', "line 1: it is not JSON"),
        ('[{"a":1},\n{"a":2}]\n', "is a JSON array"),
    ],
)
def test_ndjson_without_usable_fields_says_why(database: SQLiteDatabase, tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        import_file(database, write(tmp_path / "odd.ndjson", lines), title="the rows")
    assert caught.value.code == "D0504"
    assert caught.value.message.startswith("the rows ") and said in caught.value.message
    assert list_stores(database) == []


def test_an_int_past_64_bits_makes_a_field_of_ndjson_text(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "big.ndjson", '{"a":1}\n{"a":99999999999999999999}\n{"a":9223372036854775807}\n')
    (reading,) = import_file(database, path).readings
    assert rows(database, "big") == [("1",), ("99999999999999999999",), ("9223372036854775807",)]
    assert "99999999999999999999 is not exact" in reading.notes[0] and reading.mostly == "numbers"

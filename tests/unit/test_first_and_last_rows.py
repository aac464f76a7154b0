"""Where the data of a CSV file begin and end: titles, headers, no header, rows of totals, empty rows and columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import DatabaseError, SopError
from runtime.files import profile as profiles
from runtime.files.load import import_file
from tests.unit.test_load import rows, types, write


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SQLiteDatabase]:
    database = SQLiteDatabase(tmp_path / "main.db", name="main", create=True)
    yield database
    database.close()


# text, options → fields with their types, the first row, how many, a part of each note
FILES: list[tuple[str, dict[str, str], str, tuple[Any, ...] | None, int, list[str]]] = [
    ("Sales 2026\n\nid,total\n1,5\n2,7\n", {}, "id int, total int", (1, 5), 2, ["left out: 1 line above"]),
    ("Sales,,\n,,\nid,name,total\n1,a,5\n", {}, "id int, name text, total int", (1, "a", 5), 1, ["1 line above"]),
    ("Sales\nBy,Ann\nid,name,total\n1,a,5\n2,b,7\n", {}, "id int, name text, total int", (1, "a", 5), 2, ["2 lines"]),
    ("Sales\n\nid,total\n1,5\n", {"header": "3"}, "id int, total int", (1, 5), 1, []),
    ("\n\nid,total\n1,5\n", {}, "id int, total int", (1, 5), 1, []),
    ("sep=;\na;b\n1,5;2\n", {}, "a float, b int", (1.5, 2), 1, []),
    ("sep=|\na|b\n1,5|2\n", {}, "a float, b int", (1.5, 2), 1, []),
    ("1,Ann,5.5\n2,Bob,6.5\n", {}, "column_1 int, column_2 text, column_3 float", (1, "Ann", 5.5), 2, ["holds values"]),
    ("2026-01-01,Ann\n2026-01-02,Bob\n", {"header": "1"}, "2026-01-01 date, Ann text", None, 1, []),
    ("id,name\n1,x\n", {"header": "none"}, "column_1 text, column_2 text", ("id", "name"), 2, []),
    ("1,2\n3,4\n", {}, "column_1 int, column_2 int", (1, 2), 2, ["holds values"]),
    ("country,2019,2020\nDE,5,6\n", {}, "country text, 2019 int, 2020 int", ("DE", 5, 6), 1, []),
    (",0,1\n0,5,6\n1,7,8\n", {}, "column_1 int, 0 int, 1 int", (0, 5, 6), 2, []),
    ("city,1,2,3\nRome,5,6,7\n", {}, "city text, 1 int, 2 int, 3 int", ("Rome", 5, 6, 7), 1, []),
    ("2019,2020,2021\n5,6,7\n", {}, "2019 int, 2020 int, 2021 int", (5, 6, 7), 1, []),
    ("name\nAnn\nBob\n", {}, "name text", ("Ann",), 2, []),
    ("name,qty\nAnn,unknown\nBob,3\nCid,5\n", {}, "name text, qty text", ("Ann", "unknown"), 3, []),
    (
        ",Q1,,Q2,\nname,Plan,Ist,Plan,Ist\nAnn,1,2,3,4\n",
        {},
        "name text, Q1 Plan int, Q1 Ist int, Q2 Plan int, Q2 Ist int",
        ("Ann", 1, 2, 3, 4),
        1,
        ["two rows of names are joined"],
    ),
    (
        "Region,Q1,,Q2,\n,Plan,Ist,Plan,Ist\nN,1,2,3,4\nS,5,6,7,8\n",
        {},
        "Region text, Q1 Plan int, Q1 Ist int, Q2 Plan int, Q2 Ist int",
        ("N", 1, 2, 3, 4),
        2,
        ["two rows of names are joined"],
    ),
    ("x,y\nid,name\n1,a\n", {"header": "1-2"}, "x id int, y name text", (1, "a"), 1, []),
    ("a,b,\n1,2,\n3,4,\n,,\n", {}, "a int, b int", (1, 2), 2, []),
    ("a,,b\n1,x,2\n", {}, "a int, column_2 text, b int", (1, "x", 2), 1, []),
    ("# exported 2026\nid,n\n1,5\n2,7\n", {}, "id int, n int", (1, 5), 2, ["left out: 1 line above"]),
    ("# a\n# b\n\nid;n\n1;5\n2;7\n", {}, "id int, n int", (1, 5), 2, ["left out: 2 lines above"]),
    ("# by, me\nid,n\n1,5\n2,7\n", {}, "id int, n int", (1, 5), 2, ["left out: 1 line above"]),
    ("# by me, on Monday, here\nid,n\n1,5\n2,7\n", {}, "id int, n int", (1, 5), 2, ["left out: 1 line above"]),
    ("#id,n\n1,5\n2,7\n", {}, "#id int, n int", (1, 5), 2, []),
    ("#note\n#id,n\n1,5\n2,7\n", {}, "#id int, n int", (1, 5), 2, ["left out: 1 line above"]),
    ("#name,qty\nAnn,unknown\nBob,3\nCid,5\n", {}, "#name text, qty text", ("Ann", "unknown"), 3, []),
    ("# x,y\n1,5\n2,7\n", {}, "# x int, y int", (1, 5), 2, []),
    ("#a\n#b\n#c\n", {}, "#a text", ("#b",), 2, []),
    ("note\na;b\nc;d\ne;f\n", {}, "note text", ("a;b",), 3, []),
    ("region,n\nN,5\nS,7\nTotal,12\n", {"totals": "drop"}, "region text, n int", ("N", 5), 2, ["1 row of totals"]),
    ("region,n\nN,5\nS,7\nTotal,13\n", {"totals": "drop"}, "region text, n int", ("N", 5), 2, ["1 row of totals"]),
    ("region,n\nN,5\nTotal,5\n", {"totals": "drop"}, "region text, n int", ("N", 5), 1, ["1 row of totals"]),
    ("region,n\nNorth,5\nSouth,7\nTotal,12\n", {"totals": "keep"}, "region text, n int", ("North", 5), 3, []),
    ("id,n\n1,5\n2,7\nSumme:,12\n", {"totals": "drop"}, "id int, n int", (1, 5), 2, ["1 row of totals, line 4"]),
    ("a;n\nx;1.200,50 €\ny;7 €\nSum;1.207,50 €\n", {"totals": "drop"}, "a text, n decimal(12,2)", None, 2, ["totals"]),
    ("region,n\nN,5\nS,7\n,12\n", {"totals": "drop"}, "region text, n int", ("N", 5), 2, ["1 row of totals"]),
    (
        "region,city,n\nN,a,5\nN,b,7\nSubtotal N,,12\nS,c,1\nS Zwischensumme,,1\nTotal,,13\n",
        {"totals": "drop"},
        "region text, city text, n int",
        ("N", "a", 5),
        3,
        ["left out: 3 rows of totals, lines 4 to 7"],
    ),
    ("name,n\na,1\nb,2\nTotal Wine,9\nSum 41,7\nx,1\n", {}, "name text, n int", ("a", 1), 5, []),
    (",n\n,1\n,2\n,3\n", {}, "n int", (1,), 3, []),
    ("name,n,x\na,1,5\nb,2,7\n,3,1\n", {}, "name text, n int, x int", ("a", 1, 5), 3, []),
    ("region,n\nNorth,5\nSouth,7\nTotal,13\n", {}, "region text, n int", ("North", 5), 3, ["holds no sums"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "fields", "first", "count", "said"), FILES)
def test_rows_that_are_no_data_are_left_out_and_told(
    database: SQLiteDatabase,
    tmp_path: Path,
    text: str,
    options: dict[str, Any],
    fields: str,
    first: tuple[Any, ...] | None,
    count: int,
    said: list[str],
) -> None:
    loaded = import_file(database, write(tmp_path / "t.csv", text), **options)
    assert ", ".join(f"{name} {type_.rstrip('?')}" for name, type_ in types(database, "t").items()) == fields
    found = rows(database, "t")
    assert len(found) == loaded.rows == count and (first is None or found[0] == first)
    assert len(loaded.notes) == len(said)
    assert all(part in note for part, note in zip(said, loaded.notes, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "region,amount\nNorth,5\nSouth,7\nTotal,12\n",
        "id,n,x\n1,5,a\n2,7,b\nGrand total,12,\n",
        "region,amount\nNorth,5\nSouth,7\n,12\n",
    ],
)
def test_a_row_of_totals_is_asked_about(database: SQLiteDatabase, tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(DatabaseError, match="holds the sums of those above") as caught:
        import_file(database, path)
    assert caught.value.code == "D0514" and not database.schema().stores
    assert "--totals drop" in (caught.value.hint or "") and "--totals keep" in (caught.value.hint or "")
    assert import_file(database, path, ask=lambda question: 1).rows == 3
    assert import_file(database, path, ask=lambda question: 0, mode="replace").rows == 2
    assert import_file(database, path, totals="drop", mode="append").rows == 2


@pytest.mark.parametrize("header", ["x", "0", "3-2", "1-", "none "])
def test_a_header_of_the_wrong_form(database: SQLiteDatabase, tmp_path: Path, header: str) -> None:
    with pytest.raises(SopError) as caught:
        import_file(database, write(tmp_path / "t.csv", "a,b\n1,2\n"), header=header)
    assert caught.value.code == "D0506"


def test_a_header_beyond_the_file(database: SQLiteDatabase, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no row 9"):
        import_file(database, write(tmp_path / "t.csv", "a,b\n1,2\n"), header="9")


def test_a_row_of_totals_of_many_batches(database: SQLiteDatabase, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,n\n" + "x,1\n" * 8192 + "Total,8192\n")
    assert import_file(database, path, totals="drop").rows == 8192


def test_in_a_folder_what_a_file_leaves_open_breaks_its_store_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime.connect import connect

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(profiles, "_known", {})
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder / "totals.csv", "region,amount\nNorth,5\nSouth,7\nTotal,12\n")
    write(folder / "days.csv", "day,n\n01/02/2026,5\n")
    write(folder / "good.csv", 'Title\n\nday,amount\n13/02/2026,"1,200.50"\n,\n01/02/2026,NA\n')
    database = connect(f"files:///{folder}", name="main", base=tmp_path)
    schema = database.schema()
    broken = {name: (each.code, each.hint) for name, each in schema.broken.items()}
    assert broken.keys() == {"totals", "days"} and {code for code, _ in broken.values()} == {"D0514"}
    assert all("sopvm db import" in (hint or "") for _, hint in broken.values())
    assert all(each.message.startswith(f"{name}.csv: ") for name, each in schema.broken.items())
    assert {field.name: str(field.type) for field in schema.stores["good"].fields} == {
        "day": "date?",
        "amount": "float?",
    }
    assert database.count_rows("good") == 2
    database.close()

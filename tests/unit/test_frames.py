"""Data frames, Arrow tables and records → stores and back; what no store holds is refused whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import numpy
import pandas
import pyarrow
import pytest

import sopc
from tests.commands import environment

MOMENT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {
        "int": 2**63 - 1,
        "float": 0.1,
        "bool": True,
        "text": "é, <b>",
        "decimal": Decimal("12345678.25"),
        "date": date(1, 1, 1),
        "timestamp": MOMENT,
        "duration": timedelta(days=-1, microseconds=1),
    },
    dict.fromkeys(["int", "float", "bool", "text", "decimal", "date", "timestamp", "duration"]),
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[sopc.Library]:
    with sopc.open(str(tmp_path / ".sop")) as opened:
        yield opened


def stored(library: sopc.Library, store: str) -> list[dict[str, Any]]:
    return library.query(f"from {store}").records()


def test_every_type_comes_back_as_it_was(library: sopc.Library) -> None:
    library.load(ROWS, store="a")
    assert stored(library, "a") == ROWS
    (loaded,) = library.load(library.query("from a").df(), store="b")
    assert (loaded.store, loaded.rows, stored(library, "b")) == ("b", 2, ROWS)
    library.load(library.query("from b").arrow(), store="c")
    assert stored(library, "c") == ROWS
    library.load(library.query("from c").df(), store="a", mode="append")
    assert stored(library, "a") == ROWS * 2
    with pytest.raises(sopc.Error, match="there is a store") as there:
        library.load(ROWS, store="a")
    assert 'mode="append"' in str(there.value.hint)


def test_a_table_has_its_types_with_and_without_rows(library: sopc.Library) -> None:
    library.load(ROWS, store="a")
    for query, whole in (("from a", False), ("from a where int is not null", True), ("from a limit 0", True)):
        types = {name: str(each) for name, each in library.query(query).df().dtypes.items()}
        assert types["int"] == ("int64" if whole else "Int64") and types["bool"] == ("bool" if whole else "boolean")
        assert (types["date"], types["timestamp"]) == ("datetime64[us]", "datetime64[us, UTC]")
        assert (types["float"], types["duration"], types["decimal"]) == ("float64", "timedelta64[us]", "object")
        assert {field.name: str(field.type) for field in library.query(query).arrow().schema} == {
            "int": "int64",
            "float": "double",
            "bool": "bool",
            "text": "string",
            "decimal": "decimal128(38, 2)",
            "date": "date32[day]",
            "timestamp": "timestamp[us, tz=UTC]",
            "duration": "duration[us]",
        }


def test_frames_hold_lists_and_records_and_only_one_kind_of_record(library: sopc.Library) -> None:
    library.compile(
        "script nested()\n  emit { tags: [1, 2], who: { name: 'x' } }\nend\n".replace("'", '"')
        + "script kinds()\n  emit { a: 1 }\n  emit { b: 2 }\nend\n"
    )
    assert library.run("nested").df().iloc[0].to_list() == [[1, 2], {"name": "x"}]
    assert library.run("nested").arrow().to_pylist() == [{"tags": [1, 2], "who": {"name": "x"}}]
    result = library.run("kinds")
    for method in ("df", "arrow"):
        with pytest.raises(sopc.Error, match="V0501"):
            getattr(result, method)()
    assert result.records() == [{"a": 1}, {"b": 2}]


def test_a_frame_holds_what_was_not_read_yet(library: sopc.Library) -> None:
    library.load([{"n": n} for n in range(5000)], store="numbers")
    result = library.query("from numbers order by n")
    assert [next(result)["n"], next(result)["n"]] == [0, 1]
    assert result.df()["n"].to_list() == list(range(2, 5000))


def test_a_closed_library_does_nothing_more(library: sopc.Library) -> None:
    library.load([{"n": 1}], store="a")
    library.compile("script all()\n  emit from a\nend")
    result = library.run("all")
    assert result.status == "ok"
    library.close()
    library.close()
    assert result.records() == [{"n": 1}]
    program = "script b()\nend"
    for use in (
        lambda: library.run("all"),
        lambda: library.query("from a"),
        lambda: library.do("Show the a.", translator="patterns"),
        lambda: library.load([{"n": 1}], store="b"),
        lambda: library.compile(program),
        lambda: library.module("all"),
        lambda: library.scripts,
        lambda: sopc.prepare(program, library),
        lambda: sopc.check(program, library),
    ):
        with pytest.raises(sopc.Error, match="L0112"):
            use()


def whole(result: sopc.Result) -> None:
    for _ in result:
        pass


READERS = [sopc.Result.df, sopc.Result.arrow, sopc.Result.records, sopc.Result.one]


@pytest.mark.parametrize(("first", "count"), [*product([*READERS, whole], [1]), *product([*READERS[:3], whole], [0])])
def test_records_that_were_read_are_not_shown_as_none(library: sopc.Library, first: Any, count: int) -> None:
    library.load([{"n": 1}], store="a")
    result = library.query(f"from a limit {count}")
    first(result)
    for again in READERS:
        with pytest.raises(sopc.Error, match="V0505") as read:
            again(result)
        assert "run again" in str(read.value.hint)
    assert "were read" in result._repr_html_() and "0 rows" not in result._repr_html_()
    assert list(result) == [] and (result.status, result.result) == ("ok", None)


def test_what_fails_leaves_the_records_to_be_read(library: sopc.Library) -> None:
    library.load([{"n": n} for n in range(5)], store="a")
    result = library.query("from a order by n")
    with pytest.raises(ValueError, match="the run gave 5 records, not one"):
        result.one()
    next(result)
    with pytest.raises(sopc.Error, match="V0506: 4 records are left, not one"):
        result.one()
    assert [each["n"] for each in result.records()] == [1, 2, 3, 4]
    with pytest.raises(sopc.Error, match="V0506: the run gave 0 records"):
        library.query("from a where n > 9").one()


def test_columns_as_pandas_has_them(library: sopc.Library) -> None:
    frame = pandas.DataFrame(
        {
            "day": pandas.to_datetime(["2026-01-05", None]),
            "at": pandas.to_datetime(["2026-01-05 10:00", None]),
            "zoned": pandas.to_datetime(["2026-01-05 10:00", None]).tz_localize("Europe/Berlin"),
            "kind": pandas.Categorical(["x", None]),
            "small": numpy.array([1, 2], dtype="uint8"),
            "half": numpy.array([0.5, float("nan")], dtype="float32"),
            "none": [None, None],
            7: [Decimal("1.5"), 2],
        }
    )
    library.load(frame, store="a")
    first, second = stored(library, "a")
    assert first == {
        "day": date(2026, 1, 5),
        "at": datetime(2026, 1, 5, 10, tzinfo=UTC),
        "zoned": datetime(2026, 1, 5, 9, tzinfo=UTC),
        "kind": "x",
        "small": 1,
        "half": 0.5,
        "none": None,
        "7": Decimal("1.5"),
    }
    assert second == {**dict.fromkeys(first), "small": 2, "7": Decimal("2.0")}
    sums = pandas.DataFrame({"team": ["a", "b", "a"], "n": [1, 2, 3]}).groupby("team").sum()
    library.load(sums, store="sums")
    assert stored(library, "sums") == [{"team": "a", "n": 4}, {"team": "b", "n": 2}]
    library.load(frame.iloc[:0], store="empty")
    assert library.query("from empty").df().shape == (0, 8)


def test_records_may_lack_fields(library: sopc.Library) -> None:
    library.load(({"a": 1}, {"b": numpy.float64(2.5), "a": numpy.int64(3)}), store="a")
    assert stored(library, "a") == [{"a": 1, "b": None}, {"a": 3, "b": 2.5}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pandas.DataFrame({"x": [1, "a"]}), "int and text"),
        (pandas.DataFrame({"x": [1.0, float("inf")]}), "row 2 of the DataFrame: `x` is 'inf'"),
        (pandas.DataFrame({"x": [2**63]}), "row 1 of"),
        (pandas.DataFrame({"x": ["a\0"]}), "row 1 of"),
        (pandas.DataFrame([[1, 2]], columns=["x", "x"]), "two columns `x`"),
        (pandas.DataFrame([[1, 2]], columns=["x", "X"]), "differ in case only"),
        (pandas.DataFrame(), "holds no record"),
        ([{"x": Decimal("1e-19")}], "row 1 of the list"),
        ([{"x": Decimal("Infinity")}], "row 1 of the list"),
        ([{"x": b"1"}], "`bytes`"),
        ([1], "`int`, which is no record"),
        ({"x": [1]}, "`dict` has no rows"),
        (7, "`int` has no rows"),
        (pyarrow.table({"x": [b"1"]}), "`bytes`"),
        (pandas.Series([1, 2], name="x"), "`Series` has no columns with names"),
    ],
)
def test_what_no_store_holds_is_refused_and_nothing_is_made(library: sopc.Library, data: Any, message: str) -> None:
    with pytest.raises(sopc.Error) as refused:
        library.load(data, store="a")
    assert message in refused.value.message and refused.value.code in ("D0501", "D0504")
    library.load([{"x": 1}], store="a")
    with pytest.raises(sopc.Error):
        library.load(data, store="a", mode="replace")
    assert stored(library, "a") == [{"x": 1}]


def test_a_file_is_read_as_an_import_reads_it(library: sopc.Library, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("id;total\n1;1,5\n2;2,5\n\n".encode("utf-16"))
    (loaded,) = library.load(path)
    assert (loaded.store, loaded.rows) == ("orders", 2)
    library.load(str(path), store="texts", types={"total": "text"}, encoding="utf-16")
    assert stored(library, "texts")[0] == {"id": 1, "total": "1,5"}
    with pytest.raises(sopc.Error, match="can't be read"):
        library.load(tmp_path / "missing.csv")
    with pytest.raises(sopc.Error, match="no name for its store"):
        library.load([{"a": 1}])


def test_a_notebook_shows_a_table_that_can_still_be_read(library: sopc.Library) -> None:
    library.load([{"who": f"<b>{n}", "n": n, "x": 1234.5678} for n in range(9_998, 10_050)], store="a")
    result = library.query("from a order by n")
    shown = result._repr_html_()
    assert shown.count("<tr>") == 51 and "<th>who</th>" in shown and "&lt;b&gt;9998" in shown
    assert '<td style="text-align: right">1,234.57</td>' in shown and ">10,000<" in shown
    assert shown.endswith("<p>the first 50 rows; floats are rounded (.df() has all digits)</p>\n")
    assert len(result.records()) == 52
    assert (
        library.query("from a limit 1")
        ._repr_html_()
        .endswith("<p>1 row; floats are rounded (.df() has all digits)</p>\n")
    )
    assert "<th>who</th>" in library.query("from a limit 0")._repr_html_()


@pytest.mark.parametrize(("count", "said"), [(40, "the last 37 rows"), (5_000, "the next 50 rows")])
def test_a_notebook_shows_the_records_that_come_next(library: sopc.Library, count: int, said: str) -> None:
    library.load([{"n": n} for n in range(count)], store="a")
    result = library.query("from a order by n")
    for _ in range(3):
        next(result)
    shown = result._repr_html_()
    assert f"<p>{said}</p>" in shown and shown.index(">3<") < shown.index(">4<") and ">2<" not in shown
    assert next(result) == {"n": 3} and len(result.records()) == count - 4


@pytest.mark.parametrize("package", ["pandas", "pyarrow"])
def test_without_the_package_an_error_says_how_to_get_it(package: str, tmp_path: Path) -> None:
    method = {"pandas": "df", "pyarrow": "arrow"}[package]
    code = f"""
import sys
sys.modules[{package!r}] = None
import sopc
with sopc.open() as library:
    library.load([{{"a": 1}}], store="a")
    try:
        library.query("from a").{method}()
    except sopc.Error as error:
        print(error.code, error.hint)
    print(library.query("from a").records())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"D0105 pip install 'sopc[{package}]'\n[{{'a': 1}}]\n"

"""Tables to read, Markdown, spreadsheets, Parquet and charts: what each says of the same values."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import openpyxl
import pytest

from runtime.errors import SopError, UsageError
from runtime.output import whole
from runtime.output.formats import FORMATS, format_of, open_writer
from runtime.output.table import number_text
from runtime.values.types import DATE, FLOAT, INT, TEXT, Type

Columns = tuple[tuple[str, Type], ...]
TABULAR = ("csv", "csv-safe", "tsv", "md", "table")


def written(
    format_: str,
    names: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    *,
    columns: Columns | None = None,
    status: str = "ok",
    result: Any = None,
    bom: bool = False,
) -> tuple[bytes, str]:
    """A short run's bytes, and its notes."""
    stream, notes = io.BytesIO(), io.StringIO()
    writer = open_writer(format_, stream, buffer_until_commit=False, notes=notes, bom=bom)
    writer.columns = columns
    writer.start("RUN", "audit", 1, {}, {})
    try:
        if rows:
            writer.rows("1", None, names, rows)
    except SopError:
        writer.end("failed", None, 0, 1)
        assert not stream.getvalue()
        raise
    writer.end(status, result, 0, 1)
    return stream.getvalue(), notes.getvalue()


def lines(format_: str, names: tuple[str, ...], rows: list[tuple[Any, ...]], **more: Any) -> list[str]:
    return written(format_, names, rows, **more)[0].decode().splitlines()


# ── numbers and tables ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "text", "exact"),
    [
        (129219, "129,219", True),
        (-1234567, "-1,234,567", True),
        (0, "0", True),
        (129219.0, "129,219.00", True),
        (12.3456, "12.35", False),
        (0.0, "0.00", True),
        (0.5, "0.5", True),
        (0.123456, "0.1235", False),
        (-0.00001234567, "-1.235e-05", False),
        (1e20, "1e+20", True),
        (1.7976931348623157e308, "1.798e+308", False),
        (Decimal("1234567.8900"), "1,234,567.8900", True),
        (Decimal("1E+3"), "1,000", True),
        (msgspec.Raw(b"1234.50"), "1,234.50", True),
    ],
)
def test_a_number_to_read(value: Any, text: str, exact: bool) -> None:
    assert number_text(value) == (text, exact)


def test_years_have_no_separators_and_codes_are_texts() -> None:
    assert lines("table", ("year", "code", "n"), [(2013, "01234", 10000), (1999, "9", 1)]) == [
        "year  code        n",
        "────  ─────  ──────",
        "2013  01234  10,000",
        "1999  9           1",
        "2 rows",
    ]


def test_a_table_says_what_it_rounds() -> None:
    assert lines("table", ("x",), [(2 / 3,)])[-2:] == ["1 row", "floats are rounded (-f csv has all digits)"]
    assert lines("table", ("x",), [(0.25,)])[-1] == "1 row"


@pytest.mark.parametrize("status", ["failed", "cancelled", "waiting"])
def test_a_table_of_a_run_that_did_not_end_well_counts_nothing(status: str) -> None:
    assert lines("table", ("x",), [(1,)], status=status) == ["x", "─", "1"]


def test_a_table_tells_the_result_and_what_was_written() -> None:
    stream = io.BytesIO()
    writer = open_writer("table", stream, buffer_until_commit=True)
    writer.start("RUN", "audit", 1, {}, {})
    writer.command("1", None, "insert", "orders", 2)
    writer.release()
    writer.command("1", None, "insert", "orders", 5)
    writer.rollback("again")
    writer.command("1", None, "insert", "orders", 1)
    writer.end("ok", 7, 0, 1)
    assert stream.getvalue().decode() == "insert orders: 3 rows\nresult: 7\n"


def on_terminal(width: int, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    """The lines of a table on a terminal of that width."""
    reader, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    with os.fdopen(end, "wb", buffering=0) as stream:
        writer = open_writer("table", stream, buffer_until_commit=False)
        writer.start("RUN", "audit", 1, {}, {})
        writer.rows("1", None, names, rows)
        writer.end("ok", None, 0, 1)
        text = os.read(reader, 100_000).decode()
    os.close(reader)
    return text.replace("\r\n", "\n").splitlines()


def test_columns_that_a_terminal_has_no_room_for_are_named_below() -> None:
    names = tuple(f"column {index}" for index in range(8))
    shown = on_terminal(30, names, [tuple(range(8))])
    assert shown[0] == "column 0  column 1  column 2"
    assert shown[-1].startswith("not shown: column 3, column 4, ") and "column 7 (-f csv" in shown[-1]
    assert on_terminal(80, names, [tuple(range(8))])[-1] == "1 row"


@pytest.mark.parametrize("character", ["x", "名"])
def test_long_texts_are_cut_to_the_terminal(character: str) -> None:
    shown = on_terminal(40, ("text", "n"), [(character * 100, 5)])
    assert shown[2].endswith(" 5") and "…" in shown[2]
    assert shown[-1] == "texts that end in … are cut"
    assert on_terminal(10, ("text",), [("y" * 100,)])[2] == "y" * 9 + "…"


# ── nothing came ───────────────────────────────────────────────────────────────────────────────────────────────

COLUMNS: Columns = (("name", TEXT), ("n", INT))


def test_names_are_written_when_nothing_came() -> None:
    found = {format_: written(format_, (), [], columns=COLUMNS)[0].decode() for format_ in TABULAR}
    assert found == {
        "csv": "name,n\n",
        "csv-safe": "name,n\n",
        "tsv": "name\tn\n",
        "md": "| name | n |\n| --- | ---: |\n",
        "table": "name  n\n────  ─\n0 rows\n",
    }


@pytest.mark.parametrize("format_", [*TABULAR, "array", "xlsx", "parquet", "chart"])
@pytest.mark.parametrize("status", ["failed", "cancelled", "waiting"])
def test_a_run_that_failed_before_its_first_record_writes_nothing(format_: str, status: str) -> None:
    assert written(format_, (), [], columns=COLUMNS, status=status)[0] == b""


@pytest.mark.parametrize("format_", ["xlsx", "parquet", "chart"])
def test_a_format_that_is_whole_writes_nothing_of_a_failed_run(format_: str) -> None:
    assert written(format_, ("name", "n"), [("a", 1)], status="failed")[0] == b""


# ── text formats ───────────────────────────────────────────────────────────────────────────────────────────────


def test_markdown_escapes_its_own_marks() -> None:
    rows: list[tuple[Any, ...]] = [("a|b\nc", 1), ("*_x_*", -2), ("snake_case", None)]
    assert lines("md", ("name|s", "n"), rows, columns=(("name|s", TEXT), ("n", INT))) == [
        r"| name\|s | n |",
        "| --- | ---: |",
        r"| a\|b<br>c | 1 |",
        r"| \*\_x\_\* | -2 |",
        "| snake_case |  |",
    ]


@pytest.mark.parametrize("rows", [0, 1, 100])
def test_an_array_of_the_records_is_one_json_value_where_the_run_went_well(rows: int) -> None:
    given: list[tuple[Any, ...]] = [(number, '}\n{"') for number in range(rows)]
    found = written("array", ("n", "text"), given)[0]
    assert msgspec.json.decode(found) == [{"n": number, "text": text} for number, text in given]
    if rows:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(written("array", ("n", "text"), given, status="failed")[0])


def test_tabs_between_fields() -> None:
    assert written("tsv", ("a", "b"), [("x,y", "t\tab"), (None, "")])[0] == b'a\tb\nx,y\t"t\tab"\n\t""\n'


def test_a_byte_order_mark_goes_before_csv_only() -> None:
    assert written("csv", ("é",), [("ü",)], bom=True)[0] == b"\xef\xbb\xbf" + "é\nü\n".encode()
    with pytest.raises(UsageError, match="V0502"):
        written("md", ("a",), [(1,)], bom=True)


def test_a_file_name_says_its_format() -> None:
    assert {name: format_of(f"a.{name}") for name in ("csv", "TSV", "md", "xlsx", "parquet", "ndjson")} == {
        "csv": "csv", "TSV": "tsv", "md": "md", "xlsx": "xlsx", "parquet": "parquet", "ndjson": "records",
    }  # fmt: skip
    with pytest.raises(UsageError, match="D0508"):
        format_of("a.doc")


# ── spreadsheets ───────────────────────────────────────────────────────────────────────────────────────────────


def sheet_of(content: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]


def test_a_spreadsheet_has_the_values_and_neither_formulas_nor_links() -> None:
    names = ("text", "int", "float", "decimal", "bool", "day", "at", "list")
    row = ("=1+1", 7, 0.25, Decimal("1.50"), True, date(2026, 1, 31), datetime(2026, 1, 31, 10, 5, tzinfo=UTC), [1])
    content, notes = written("xlsx", names, [row, ("https://example.org", *[None] * 7), ("00123", *[None] * 7)])
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = {cell.column_letter + str(cell.row): cell for line in book.worksheets[0].iter_rows() for cell in line}
    assert [cells[f"A{row}"].value for row in (2, 3, 4)] == ["=1+1", "https://example.org", "00123"]
    assert [cells[f"A{row}"].data_type for row in (2, 3, 4)] == ["s", "s", "s"]
    assert cells["A3"].hyperlink is None
    assert [cells[f"{letter}2"].value for letter in "BCDEFGH"] == [
        7, 0.25, 1.5, True, datetime(2026, 1, 31), datetime(2026, 1, 31, 10, 5), "[1]",
    ]  # fmt: skip
    assert notes == ""


def test_a_spreadsheet_keeps_as_text_what_it_would_change() -> None:
    names = ("int", "decimal", "day", "at", "lasts")
    early = datetime(1899, 12, 31, tzinfo=UTC)
    row = (10**15, Decimal("1.2345678901234567"), date(1900, 1, 1), early, timedelta(days=1))
    content, notes = written("xlsx", names, [row])
    assert sheet_of(content)[1] == [
        "1000000000000000", "1.2345678901234567", "1900-01-01", "1899-12-31T00:00:00Z", "P1D",
    ]  # fmt: skip
    assert [line.partition(":")[0] for line in notes.splitlines()] == list(names)
    assert "1 value kept as text" in notes


def test_a_spreadsheet_has_its_names_when_nothing_came() -> None:
    assert sheet_of(written("xlsx", (), [], columns=COLUMNS)[0]) == [["name", "n"]]


def test_what_a_sheet_can_not_hold_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SopError, match=r"V0503.*32,767"):
        written("xlsx", ("t",), [("x" * 32_768,)])
    with pytest.raises(SopError, match=r"V0503.*columns"):
        written("xlsx", tuple(f"n{index}" for index in range(16_385)), [tuple(range(16_385))])
    monkeypatch.setattr(whole, "_XLSX_ROWS", 2)
    assert len(sheet_of(written("xlsx", ("n",), [(1,), (2,)])[0])) == 3
    with pytest.raises(SopError, match="V0503"):
        written("xlsx", ("n",), [(1,), (2,), (3,)])


@pytest.mark.parametrize(("row", "column", "text"), [(1_048_576, 0, "x"), (0, 0, "x" * 32_768)])
def test_what_xlsxwriter_refuses_is_an_error(row: int, column: int, text: str) -> None:
    import xlsxwriter

    sheet = xlsxwriter.Workbook(io.BytesIO()).add_worksheet()
    with pytest.raises(SopError, match="V0503"):
        whole._checked(sheet.write_string(row, column, text))


# ── Parquet and charts ─────────────────────────────────────────────────────────────────────────────────────────


def test_parquet_has_the_types_that_the_script_says(tmp_path: Path) -> None:
    columns = (("name", TEXT), ("n", INT), ("x", FLOAT), ("on", DATE))
    names = tuple(name for name, _ in columns)
    for rows in ([("a", 1, 0.5, date(2026, 1, 31)), ("", None, None, None)], []):
        (tmp_path / "a.parquet").write_bytes(written("parquet", names, rows, columns=columns)[0])
        with duckdb.connect() as connection:
            found = connection.sql(f"from '{tmp_path / 'a.parquet'}'")
            assert [str(type_) for type_ in found.types] == ["VARCHAR", "BIGINT", "DOUBLE", "DATE"]
            assert found.fetchall() == rows


def test_bars_begin_at_zero_and_have_their_numbers() -> None:
    assert lines("chart", ("city", "n"), [("Ulm", 4), ("Bonn", -2), ("名", 0)])[:4] == [
        "n by city",
        "Ulm  " + " " * 24 + "█" * 48 + " 4",
        "Bonn " + "█" * 24 + " -2",
        "名   " + " " * 24 + " 0",
    ]


def test_a_line_over_time_has_its_ends_and_the_table_of_its_numbers() -> None:
    rows = [(date(2026, 1, day), day * 100) for day in range(1, 29)]
    found = lines("chart", ("on", "n"), list(reversed(rows)))
    assert found[0] == "n by on"
    assert found[1].startswith("2,800 │") and found[1].endswith("█")
    assert found[8].startswith("  100 │▁")
    assert found[9].split() == ["2026-01-01", "2026-01-28"]
    assert found[11].split() == ["on", "n"] and found[-1] == "28 rows"


def test_more_points_than_columns_are_means_and_the_chart_says_so() -> None:
    rows = [(date(2026, 1, 1) + timedelta(days=index), index) for index in range(300)]
    found = lines("chart", ("on", "n"), rows)
    assert max(map(len, found[:10])) <= 80
    assert "each column is the mean of 4 records" in found and found[-1] == "300 rows"


def test_a_chart_without_numbers_is_an_error() -> None:
    with pytest.raises(SopError, match="V0504"):
        written("chart", ("a", "b"), [("x", "y")])
    assert lines("chart", (), [], columns=COLUMNS)[-1] == "0 rows"


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_takes_every_value(format_: str) -> None:
    names = ("a", "b", "c", "d", "e", "f", "g", "h")
    row: tuple[Any, ...] = (
        *(1, 0.5, Decimal("1.0"), "x", True, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),
        {"k": [None]},
    )
    values = [row, tuple([None] * 8)]
    if format_ in ("jsonl", "json", "records", "array", "sse"):
        values = [(1, 0.5, msgspec.Raw(b"1.0"), *row[3:]), values[1]]
    assert written(format_, names, values)[0]

"""Spreadsheets: what each kind of cell becomes, what is refused, and a reader that dies."""

from __future__ import annotations

import base64
import json
import re
import sys
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from runtime.errors import DatabaseError
from runtime.files import Options, prepared, sheets
from runtime.files.sheet_reader import bad_cells, shown_with, text_of
from tests.cli.conftest import Program

XLS = (  # a sheet S with n, 5 and d, 2026-01-31, as xlwt writes it; packed by zlib, in base85
    "c-p&gUhu)fjZzO8(10BSGsD0CoD6J8VvIn{3F8Pb0OkMx2QgtZ2N3@s1w#sOasVTejg?_H?-_Pb9D?HeAp;Y`29|?Bl7Zn75XUeS"
    "F!<%?r7F-7IDy@e$Ov+SEs$hnm;)5yV~_;9N(f9QgGpg9xgM-?514cSi}Zp?TcFwpj8P2d?ftYYps6^5NeL{+#{e>SJ6O*xu!tdp"
    "D8mU*Dz2Zv2vN(*;8>KIm@~vA<XCtZmM{P#)IBvXwFt!LXIRR>#lR2=1iHSyx-Kpc7({@Py@cWGe+34HFR)yFKw(szzT%7wK=B`_"
    ";_NuYIe?LfE<Txwg@K`g;eP@+le7X0=r7EWv=ICUSV)6XH4~)l&I95UE>IZ`&hr8&d7c-X7kGeV3IjiwEeO^p0JQYa%8!?PlLGAH"
    "!6FUdavo9}sDdnK_|MP?(gD=W2bN)ilUiU>8%#EVO_c_-rNE>JFu4M0wE$5l!>t*trUfjk2DHZ*3@+QNBe6Ar?AF(TJLFm)+iL>Z"
    ">)an!iLASBzmP!*==l_&eh_SC&|%bJoHY{!cG|;eMrg@#7fecGlp-8V0#LXAhgNy~41YoS1_%VfB!mYF9Y&~nMl|(%fp##0)r)~k"
    "s%hszezIc{V%P=_7zd;pm5X5%jDk@x3P!;w7zLwX6pR9T0!C;{9n@z4wdGl%{Q-99xXxc7{x>>IGHgK*Lp~6e06Ueg40%Ahh@q0C"
    "^drW=$_O)ykw`tT@j?&?2iji5kj;<;c1JeJ=@;0aV?_23(HaG)mxV~R{~sytq_O<~o3zKg"
)


def rows(sopvm: Program, query: str) -> list[Any]:
    done = sopvm("db", "query", query, "-f", "records")
    assert done.exit_code == 0, done.stderr
    return [tuple(json.loads(line).values()) for line in done.stdout.splitlines()]


def book(path: Path, **made: list[list[Any]]) -> Path:
    """A workbook with these sheets, by openpyxl."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, lines in made.items():
        sheet = workbook.create_sheet(name)
        for line in lines:
            sheet.append(line)
    workbook.save(path)
    return path


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────

VALUES: list[list[Any]] = [
    ["id", "amount", "pct", "ok", "day", "at", "name", "code"],
    [1, 129219.5, 0.125, True, date(2026, 1, 31), datetime(2026, 1, 31, 10, 5), "a\nb", "00123"],
    [2.0, -1.25, 2, False, None, datetime(2026, 2, 1), None, "7a"],
]
READ = [
    (1, 129219.5, 0.125, True, "2026-01-31", "2026-01-31T10:05:00Z", "a\nb", "00123"),
    (2, -1.25, 2, False, None, "2026-02-01T00:00:00Z", None, "7a"),
]


def test_cells_of_openpyxl(sopvm: Program, project: Path) -> None:
    book(project / "a.xlsx", Data=VALUES)
    done = sopvm("db", "import", "a.xlsx")
    assert done.exit_code == 0 and done.stderr.startswith("a.xlsx, sheet Data → main.a: 2 rows\n"), done.stderr
    assert rows(sopvm, "from a") == READ


def test_cells_of_xlsxwriter(sopvm: Program, project: Path) -> None:
    with xlsxwriter.Workbook(project / "a.xlsx", {"default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        sheet = workbook.add_worksheet("Data")
        for number, line in enumerate(VALUES):
            sheet.write_row(number, 0, line)
    assert sopvm("db", "import", "a.xlsx").exit_code == 0
    assert [row[:4] + row[6:] for row in rows(sopvm, "from a")] == [row[:4] + row[6:] for row in READ]


def test_what_is_written_comes_back(sopvm: Program, project: Path) -> None:
    book(project / "a.xlsx", Data=VALUES)
    assert sopvm("db", "import", "a.xlsx").exit_code == 0
    assert sopvm("db", "export", "a", "b.xlsx").exit_code == 0
    assert sopvm("db", "import", "b.xlsx").exit_code == 0
    assert rows(sopvm, "from b") == READ


def test_a_sheet_of_xls(sopvm: Program, project: Path) -> None:
    content = zlib.decompress(base64.b85decode(XLS))
    (project / "a.xls").write_bytes(content)
    assert sopvm("db", "import", "a.xls").exit_code == 0
    assert sopvm("db", "import", "-", "--store", "piped", input=content).exit_code == 0
    assert rows(sopvm, "from a") == rows(sopvm, "from piped") == [(5, "2026-01-31")]


CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">
<office:automatic-styles>
<style:style style:name="ta1"><style:table-properties table:display="true"/></style:style>
<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>
</office:automatic-styles>
<office:body><office:spreadsheet>
<table:table table:name="Data" table:style-name="ta1">
<table:table-row>%(names)s<table:table-cell table:number-columns-repeated="1000"/></table:table-row>
<table:table-row>
<table:table-cell office:value-type="float" office:value="3"><text:p>3,00</text:p></table:table-cell>
<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>WAHR</text:p></table:table-cell>
<table:table-cell office:value-type="date" office:date-value="2026-01-31"><text:p>31.1.</text:p></table:table-cell>
<table:table-cell office:value-type="time" office:time-value="PT05H00M00S"><text:p>05:00</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>two<text:s text:c="2"/>blanks</text:p></table:table-cell>
<table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12,5%%</text:p></table:table-cell>
</table:table-row>
<table:table-row table:number-rows-repeated="2">
<table:table-cell office:value-type="float" office:value="4.5"/>
<table:table-cell office:value-type="boolean" office:boolean-value="false"/>
<table:table-cell table:number-columns-repeated="4"/>
</table:table-row>
%(more)s
<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>
</table:table>
<table:table table:name="Notes" table:style-name="ta2">
<table:table-row><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>
</table:table>
</office:spreadsheet></office:body></office:document-content>"""
NAMES = "".join(
    f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>'
    for name in ("n", "ok", "day", "lasts", "name", "pct")
)


def ods(path: Path, more: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", CONTENT % {"names": NAMES, "more": more})
    return path


def test_cells_of_an_ods_as_libreoffice_writes_them(sopvm: Program, project: Path) -> None:
    ods(project / "a.ods")
    done = sopvm("db", "import", "a.ods")
    assert done.exit_code == 0 and "note: hidden: Notes" in done.stderr, done.stderr
    assert rows(sopvm, "from a select n, ok, day, name, pct") == [
        (3, True, "2026-01-31", "two  blanks", 0.125),
        (4.5, False, None, None, None),
        (4.5, False, None, None, None),
    ]


def test_an_error_in_an_ods_is_named(sopvm: Program, project: Path) -> None:
    attributes = 'office:value-type="string" calcext:value-type="error"'
    error = f"<table:table-cell {attributes}><text:p>#REF!</text:p></table:table-cell>"
    ods(project / "a.ods", f"<table:table-row>{error}</table:table-row>")
    assert "error D0518: a.ods, sheet Data has cells with errors: A5 #REF!" in sopvm("db", "import", "a.ods").stderr


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (2.0, "2"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
        (timedelta(hours=5), "PT18000S"),
        (timedelta(seconds=1.5), "PT1.5S"),
        (time(10, 30), "10:30:00"),
        (datetime(2026, 1, 31, 1, 2, 3, 4), "2026-01-31 01:02:03.000004"),
    ],
)
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert text_of(value) == text


# ── what is told, asked and refused ────────────────────────────────────────────────────────────────────────────


def test_rows_are_counted_as_the_sheet_counts_them(sopvm: Program, project: Path) -> None:
    book(project / "a.xlsx", Data=[["n", "t"], [1, "two\nlines"], [], ["x", "y"], [3, None]])
    done = sopvm("db", "import", "a.xlsx", "--types", "n=int")
    assert 'row 4: `n` is "x"' in done.stderr, done.stderr
    assert sopvm("db", "import", "a.xlsx", "--types", "n=int", "--skip-bad").exit_code == 0
    assert rows(sopvm, "from a") == [(1, "two\nlines"), (3, None)]


def test_empty_columns_and_rows_are_left_out(sopvm: Program, project: Path) -> None:
    book(project / "a.xlsx", Data=[["a", None, "b"], [1, None, 2], [], [3, None, 4], [None, None, None]])
    assert sopvm("db", "import", "a.xlsx").exit_code == 0
    assert rows(sopvm, "from a") == [(1, 2), (3, 4)]


def test_numbers_that_the_spreadsheet_has_cut_are_told(sopvm: Program, project: Path) -> None:
    book(project / "a.xlsx", Data=[["x", "big"], [1, 123456789012345678], [2, 5]])
    assert "column B has numbers past 15 digits" in sopvm("db", "import", "a.xlsx").stderr


def test_formulas_without_a_result_are_refused(sopvm: Program, project: Path) -> None:
    book(project / "a.xlsx", Data=[["x", "y"], [1, "=A2+1"], [2, "=A3+1"]])
    done = sopvm("db", "import", "a.xlsx")
    assert "error D0518: a.xlsx, sheet Data has formulas without a result: B2, B3\n" in done.stderr
    assert not (project / ".sop" / "main.db").exists()


def test_formulas_with_a_result_are_read(sopvm: Program, project: Path) -> None:
    with xlsxwriter.Workbook(project / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["x", "z"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_formula(1, 1, '="a"&"b"', None, "ab")
    assert sopvm("db", "import", "a.xlsx").exit_code == 0
    assert rows(sopvm, "from a") == [(2, "ab")]


def test_cells_with_errors_are_named_and_null_when_told(sopvm: Program, project: Path) -> None:
    with xlsxwriter.Workbook(project / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet("Data")
        sheet.write_row(0, 0, ["x", "y"])
        sheet.write_row(1, 0, [1, 2])
        sheet.write_formula(2, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(3, 0, "=NA()", None, "#N/A")
    done = sopvm("db", "import", "a.xlsx")
    assert "error D0518: a.xlsx, sheet Data has cells with errors: B3 #DIV/0!, A4 #N/A\n" in done.stderr
    # the hint is {} takes them for missing
    assert "try: --null '#DIV/0!' --null '#N/A' takes them for missing" in done.stderr
    assert sopvm("db", "import", "a.xlsx", "--null", "#DIV/0!", "--null", "#N/A").exit_code == 0
    assert rows(sopvm, "from a")[0] == (1, 2)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (b'<c r="A1" t="e"><v>#N/A</v></c>', [("A1", "#N/A")]),
        (b'<c t="e" r="B2"><f>1/0</f><v>#DIV/0!</v></c>', [("B2", "#DIV/0!")]),
        (b'<x:c r="A1"><x:f>A2</x:f></x:c>', [("A1", "")]),
        (b'<c r="A1"><f>A2</f><v/></c>', [("A1", "")]),
        (b'<c r="A1"><f ca="1"/><v></v></c>', [("A1", "")]),
        (b'<c r="A1"><f>A2</f><v>5</v></c>', []),
        (b'<c r="A1" t="str"><f>A2</f><v></v></c>', []),
        (b'<c r="A1" s="1"/><c r="B1"><v>5</v></c>', []),
        (b'<cols><col min="1"/></cols><c r="A1" s="1"/><c r="B1" t="e"><v>#REF!</v></c>', [("B1", "#REF!")]),
    ],
)
def test_cells_that_look_empty(cell: bytes, found: list[tuple[str, str]]) -> None:
    assert list(bad_cells(cell)) == found


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("00000", "00000"),
        ("00", "00"),
        ("0", ""),
        ("0.00", ""),
        ("#,##0.00", ""),
        ('#,##0.00\\ "€"', "€"),
        ('#,##0.00\\ "€";[Red]-#,##0.00\\ "€"', "€"),
        ("[$€-407] #,##0.00", "€"),
        ("#,##0.00\\ [$USD]", "USD"),
        ("$#,##0", "$"),
        ('0 "pcs"', ""),
        ('0 "KGM"', ""),
        ("[$-409]d-mmm-yy", ""),
        ("0%", ""),
    ],
)
def test_formats_that_say_more_than_the_number(code: str, shown: str) -> None:
    assert shown_with(code, ["€", "$", "USD"]) == shown


def test_codes_keep_their_zeros_and_money_its_currency(sopvm: Program, project: Path) -> None:
    workbook = xlsxwriter.Workbook(project / "a.xlsx")
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["plz", "price", "mixed", "plain"])
    formats = [workbook.add_format({"num_format": code}) for code in ("00000", '#,##0.00 "€"', "[$$-409]#,##0.00")]
    for row, (plz, price) in enumerate([(1067, 0.1 + 0.2), (80331, -1200.5)], 1):
        sheet.write_number(row, 0, plz, formats[0])
        sheet.write_number(row, 1, price, formats[1])
        sheet.write_number(row, 2, 5, formats[row])
        sheet.write_number(row, 3, 5)
    workbook.close()
    done = sopvm("db", "import", "a.xlsx")
    assert done.exit_code == 0, done.stderr
    assert "text, because it has $ and EUR" in done.stderr
    found = rows(sopvm, "from a order by plain, plz")
    assert found == [("01067", 0.3, "€ 5", 5), ("80331", -1200.5, "$ 5", 5)]


def test_several_sheets_are_named_with_their_sizes(sopvm: Program, project: Path) -> None:
    path = book(project / "a.xlsx", One=[["x", "y"], [1, 2], [3, 4]], Two=[["z"], [5]], Empty=[], Old=[["h"], [6]])
    workbook = openpyxl.load_workbook(path)
    workbook["Old"].sheet_state = "hidden"
    workbook.save(path)
    done = sopvm("db", "import", "a.xlsx")
    assert (
        "error D0519: a.xlsx has several sheets with data (rows × columns): One (3 × 2), Two (2 × 1)\n" in done.stderr
    )
    # the hint is --sheet {}, or --all-sheets
    assert "try: --sheet One, or --all-sheets" in done.stderr
    assert sopvm("db", "import", "a.xlsx", "--sheet", "two").exit_code == 0
    assert rows(sopvm, "from a") == [(5,)]
    done = sopvm("db", "import", "a.xlsx", "--all-sheets")
    assert done.exit_code == 0 and "hidden: Old" in done.stderr
    assert rows(sopvm, "from a_One") == [(1, 2), (3, 4)] and rows(sopvm, "from a_Two") == [(5,)]
    assert sopvm("db", "import", "a.xlsx", "--sheet", "Old", "--store", "old").exit_code == 0
    assert "error D0519" in sopvm("db", "import", "a.xlsx", "--sheet", "Empty", "--store", "e").stderr


def test_options_of_spreadsheets_are_for_spreadsheets(sopvm: Program, project: Path) -> None:
    (project / "a.csv").write_text("a\n1\n")
    assert "error D0506" in sopvm("db", "import", "a.csv", "--sheet", "One").stderr
    book(project / "b.xlsx", One=[["x"], [1]])
    assert "error D0506" in sopvm("db", "import", "b.xlsx", "--encoding", "cp1252").stderr


@pytest.mark.parametrize("ending", ["xlsx", "xls", "xlsb", "ods"])
@pytest.mark.parametrize("content", [b"", b"PK", b"no spreadsheet at all", b"PK\3\4" + bytes(200)])
def test_a_broken_file_is_one_error(sopvm: Program, project: Path, ending: str, content: bytes) -> None:
    (project / f"a.{ending}").write_bytes(content)
    done = sopvm("db", "import", f"a.{ending}")
    assert done.exit_code == 1 and done.stderr.startswith(f"error D0517: a.{ending} ")
    assert re.search("Traceback|panicked", done.stderr) is None
    assert not (project / ".sop" / "main.db").exists()


def test_a_password_is_told(sopvm: Program, project: Path) -> None:
    (project / "a.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
    assert "error D0517: a.xlsx has a password" in sopvm("db", "import", "a.xlsx").stderr
    with zipfile.ZipFile(project / "a.ods", "w") as made:
        made.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    assert "error D0517: a.ods has a password" in sopvm("db", "import", "a.ods").stderr


# ── the reader's process ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28,) * 2); bytearray(1 << 30)",
    ],
)
def test_a_reader_that_dies_is_an_error(code: str) -> None:
    with pytest.raises(DatabaseError, match=r"D0517.*needed more than 4 GB, or ended") as caught:
        sheets.run_reader([sys.executable, "-c", code], "a.xlsx")
    assert caught.value.hint is not None


def test_a_reader_that_passes_its_memory_limit_is_an_error(
    sopvm: Program, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(project / "a.xlsx", One=[["x"], [1]])
    monkeypatch.setattr(sheets, "MEMORY", 1 << 20)
    assert "error D0517" in sopvm("db", "import", "a.xlsx").stderr
    assert not (project / ".sop" / "main.db").exists()


def test_a_sheet_that_says_it_is_too_large_is_refused_unread(
    sopvm: Program, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(project / "a.xlsx", One=[["x", "y"], [1, 2]])
    monkeypatch.setattr(sheets, "CELLS", 3)
    assert "a sheet that says it has 4 cells, and at most 3 are read" in sopvm("db", "import", "a.xlsx").stderr


def test_a_person_is_asked_which_sheet(project: Path) -> None:  # each option says --sheet {}
    book(project / "a.xlsx", One=[["x"], [1]], Two=[["y"], [5]])
    with prepared("a.xlsx", None, Options(ask=lambda question: len(question.options) - 1)) as parts:
        assert [(part.title, part.path.read_text()) for part in parts] == [("a.xlsx, sheet Two", "y\n5\n")]

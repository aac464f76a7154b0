"""A spreadsheet (.xlsx, .xls, .xlsb, .ods) → a CSV file for each of its sheets; run as a process of its own.

The library that reads spreadsheets keeps a whole sheet in memory, and on some small files asks for more than there is,
which ends the process. So this file is a program with a memory limit, and imports nothing of this project:

    python -P sheet_reader.py FILE FOLDER LIMIT UNITS [SHEET]   (the sheets as JSON on stdout)

UNITS are the signs and codes of currencies, with blanks between.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import fromstring, iterparse

CUT: Final = 10**15  # spreadsheets keep 15 digits
Row = list[Any]
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_CALC: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_MOST_COLUMNS: Final = 16_384
_MOST_ROWS: Final = 1_048_576
MOST_BAD: Final = 1000  # cells that are told of
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_SUSPECT: Final = re.compile(rb'\st="e"|<(?:\w+:)?f[\s>/]')
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_START: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*)>")
_PARTED: Final = re.compile(rb'\br="([A-Z]+)([0-9]+)"')
_STYLE_OF: Final = re.compile(rb'\bs="([0-9]+)"')
_ZEROS: Final = re.compile("0{2,}")
# `[$€-407]`, `"kr"`, and a sign as it is
_MARKS: Final = re.compile(r"\[\$([^\]-]+)(?:-[0-9A-Fa-f]+)?\]|\"([^\"]+)\"|(?<!\[)([$€£¥₹₩₺₽₫₪₴฿₱₦])")
_PLACE: Final = re.compile(rb'\br="([A-Z]+[0-9]+)"')
_RESULT: Final = re.compile(rb"<(?:\w+:)?v>([^<]*)</")


class Sheet(NamedTuple):
    """bad: cells that look empty and are not: the place and the text of an error, or no text for a formula whose
    result was never saved. It is filled while the rows are read."""

    name: str
    visible: bool
    rows: Iterator[Row]
    bad: list[tuple[str, str]]


def main(arguments: Sequence[str]) -> None:
    path, folder, limit, units, *only = arguments
    resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    sheets = ods_sheets(Path(path)) if path.lower().endswith(".ods") else other_sheets(path, units.split(), only)
    found = []
    for number, sheet in enumerate(sheets):
        about: dict[str, Any] = {"name": sheet.name, "visible": sheet.visible, "path": "", "bad": []}
        if only and sheet.name.lower() != only[0].lower():
            found.append({**about, "rows": 0, "columns": 0, "cut": []})
            continue
        target = Path(folder) / f"sheet_{number}.csv"
        size = written(sheet.rows, target)
        found.append({**about, **size, "path": str(target), "bad": sheet.bad[:MOST_BAD]})
    print(json.dumps(found))


def other_sheets(path: str, units: Sequence[str], only: Sequence[str]) -> Iterator[Sheet]:
    import python_calamine

    with python_calamine.CalamineWorkbook.from_path(path) as book:
        for about in book.sheets_metadata:
            if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            visible = about.visible == python_calamine.SheetVisibleEnum.Visible
            if only and about.name.lower() != only[0].lower():
                yield Sheet(about.name, visible, iter(()), [])
                continue
            rows = book.get_sheet_by_name(about.name).to_python(skip_empty_area=False)
            bad = []
            if path.lower().endswith((".xlsx", ".xlsm")):
                bad = list(xlsx_bad(path, about.name))
                show_formats(path, about.name, units, rows)
            yield Sheet(about.name, visible, iter(rows), bad)


def written(rows: Iterator[Row], target: Path) -> dict[str, Any]:
    """Write a sheet without its empty columns and the empty rows below; its size. Row N of the sheet is record N of the
    file."""
    texts: list[list[str]] = []
    cut: set[int] = set()
    for row in rows:
        texts.append([text_of(value) for value in row])
        cut |= {index for index, value in enumerate(row) if type(value) in (int, float) and abs(value) >= CUT}
    while texts and not any(texts[-1]):
        texts.pop()
    full = sorted({index for cells in texts for index, text in enumerate(cells) if text})
    count = 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        for cells in texts:
            if any(cells):
                count += 1
                out.writerow([cells[index] if index < len(cells) else "" for index in full])
            else:
                stream.write("\n")
    return {"rows": count, "columns": len(full), "cut": list(map(letters, sorted(cut)))}


def text_of(value: Any) -> str:
    """The value as the reader of CSV takes it."""
    kind = type(value)
    if kind is str:
        return str(value)
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
    if kind is datetime:
        return str(value.isoformat(" ", "microseconds" if value.microsecond else "seconds"))
    if kind in (date, time):
        return str(value.isoformat())
    if kind is timedelta:
        seconds = value.total_seconds()
        return f"PT{int(seconds) if seconds.is_integer() else seconds}S"
    return str(value)


# ── cells that the library takes for empty ─────────────────────────────────────────────────────────────────────


def xlsx_bad(path: str, sheet: str) -> Iterator[tuple[str, str]]:
    """Errors and formulas without a result, by the XML of a sheet."""
    with zipfile.ZipFile(path) as archive:
        member = xlsx_member(archive, sheet)
        if member not in archive.namelist():
            return
        with archive.open(member) as stream:
            rest = b""
            while piece := stream.read(1 << 20):
                whole, end, rest = (rest + piece).rpartition(b"c>")
                if _SUSPECT.search(whole):
                    yield from bad_cells(whole + end)


def xlsx_member(archive: zipfile.ZipFile, sheet: str) -> str:
    """Where the XML of a sheet is."""
    places = {}
    for relation in fromstring(archive.read("xl/_rels/workbook.xml.rels")):
        target = relation.get("Target") or ""
        places[relation.get("Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    for element in fromstring(archive.read("xl/workbook.xml")).iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            return next((places.get(value, "") for key, value in element.attrib.items() if key.endswith("}id")), "")
    return ""


def bad_cells(text: bytes) -> Iterator[tuple[str, str]]:
    for match in _CELL.finditer(text):
        about, content = match[1], match[2]
        place, result = _PLACE.search(about), _RESULT.search(content)
        where = place[1].decode() if place else "?"
        if b't="e"' in about:
            yield where, result[1].decode() if result else "#ERROR"
        elif _FORMULA.search(content) and b't="str"' not in about and (result is None or not result[1]):
            yield where, ""


# ── formats of numbers that say more than the number ───────────────────────────────────────────────────────────


def show_formats(path: str, sheet: str, units: Sequence[str], rows: list[Row]) -> None:
    """Make texts of numbers that are shown with zeros in front (`00000`) or with a currency, by the XML of a sheet."""
    with zipfile.ZipFile(path) as archive:
        member = xlsx_member(archive, sheet)
        styles = xlsx_styles(archive, units) if {member, "xl/styles.xml"} <= {*archive.namelist()} else {}
        if not styles:
            return
        with archive.open(member) as stream:
            rest = b""
            while piece := stream.read(1 << 20):
                whole, _, rest = (rest + piece).rpartition(b"<")
                rest = b"<" + rest
                for match in _START.finditer(whole):
                    place, style = _PARTED.search(match[1]), _STYLE_OF.search(match[1])
                    if place is not None and style is not None and style[1] in styles:
                        show(rows, int(place[2]) - 1, index_of(place[1]), styles[style[1]])


def xlsx_styles(archive: zipfile.ZipFile, units: Sequence[str]) -> dict[bytes, str]:
    """The number of a style → the zeros or the currency that its numbers are shown with."""
    codes: dict[str | None, str] = {}
    found = {}
    root = fromstring(archive.read("xl/styles.xml"))
    for element in root.iter():
        if element.tag.endswith("}numFmt"):
            codes[element.get("numFmtId")] = element.get("formatCode") or ""
    for part in root:
        if part.tag.endswith("}cellXfs"):
            for number, style in enumerate(part):
                shown = shown_with(codes.get(style.get("numFmtId"), ""), units)
                if shown:
                    found[str(number).encode()] = shown
    return found


def shown_with(code: str, units: Sequence[str]) -> str:
    """`00000` for a format of zeros, the sign or code of a currency for one of money; empty for others."""
    first = code.split(";")[0]
    if _ZEROS.fullmatch(first):
        return first
    marks = [next(filter(None, groups)).strip() for groups in _MARKS.findall(first)]
    return next((mark for mark in marks if mark in units), "")


def show(rows: list[Row], row: int, column: int, shown: str) -> None:
    value = rows[row][column] if row < len(rows) and column < len(rows[row]) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if not shown.startswith("0"):
        rows[row][column] = f"{'-' if value < 0 else ''}{shown} {abs(value):.15g}"
    elif value >= 0 and value == int(value):
        rows[row][column] = f"{int(value):0{len(shown)}d}"


def index_of(name: bytes) -> int:
    """`A` → 0."""
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number - 1


# ── OpenDocument: the library gives its booleans as 1.0 and its durations as text or nothing ───────────────────


def ods_sheets(path: Path) -> Iterator[Sheet]:
    hidden: set[str] = set()
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as content:
        name, style = "", ""
        rows: list[Row] = []
        bad: list[tuple[str, str]] = []
        for event, element in iterparse(content, ("start", "end")):
            tag = element.tag
            if event == "start" and tag == f"{_STYLE}style":
                style = element.get(f"{_STYLE}name") or ""
            elif event == "start" and tag == f"{_TABLE}table":
                name, style = element.get(f"{_TABLE}name") or "", element.get(f"{_TABLE}style-name") or ""
                rows, bad = [], []
            elif event == "start":
                continue
            elif tag == f"{_STYLE}table-properties" and element.get(f"{_TABLE}display") == "false":
                hidden.add(style)
            elif tag == f"{_TABLE}table-row":
                row = ods_row(element, len(rows) + 1, bad)
                rows += [row] * min(int(element.get(f"{_TABLE}number-rows-repeated", "1")), _MOST_ROWS - len(rows))
                element.clear()
            elif tag == f"{_TABLE}table":
                yield Sheet(name, style not in hidden, iter(rows), bad)
                element.clear()


def ods_row(element: Any, number: int, bad: list[tuple[str, str]]) -> Row:
    """The values, without the empty ones at the end; errors are added to `bad`."""
    row: Row = []
    for cell in element:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        if cell.get(f"{_CALC}value-type") == "error":
            bad.append((f"{letters(len(row))}{number}", ods_value(cell) or "#ERROR"))
        times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        row += [ods_value(cell)] * min(times, max(_MOST_COLUMNS - len(row), 0))
    while row and row[-1] in (None, ""):
        row.pop()
    return row


def letters(index: int) -> str:
    """0 → `A`."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def ods_value(cell: Any) -> Any:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "percentage", "currency"):
        return float(cell.get(f"{_OFFICE}value"))
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    if kind == "date":
        return cell.get(f"{_OFFICE}date-value").replace("T00:00:00", "").replace("T", " ")
    if kind == "time":
        return cell.get(f"{_OFFICE}time-value")
    text = "\n".join(ods_text(paragraph) for paragraph in cell if paragraph.tag == f"{_TEXT}p")
    return text or None


def ods_text(element: Any) -> str:
    """The text of a paragraph; runs of blanks and tabs are elements of their own."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * int(child.get(f"{_TEXT}c", "1")))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        else:
            parts.append(ods_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


if __name__ == "__main__":
    main(sys.argv[1:])

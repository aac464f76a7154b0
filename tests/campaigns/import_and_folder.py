"""Generated CSV and NDJSON files → those that `sopvm db import` and a folder of files read differently.

    python -m tests.campaigns.import_and_folder --seed 1 --cases 10000

The values are those that readers often treat differently: texts that look like numbers, dates, times, comments or
nulls, quotes in odd places, line ends, blank lines, bytes that are not UTF-8, and sometimes lines that must be refused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from runtime.connect import connect
from runtime.databases.protocol import Database
from runtime.errors import SopError
from runtime.files.load import import_file
from runtime.query.algebra import Column, Query, Scan

TEXTS = (
    "", "1", "-0", "0", "007", "12", "1.5", "-3.25", "1e5", "1e99", "x", "Ann", "#2 Shop", "# c", "n/a", "NULL", "null",
    "3-1-2", "12/5/3", "inf", "nan", "1_000", "0x10", "2026-01-31", "2026-13-01", "0001-01-01", "2026-01-31T10:00:00Z",
    "2026-01-31 10:00", "2026-01-31T10:00:00.123456789+02:00", "9:05:00", "10:00:00.500", "true", "False", "TRUE",
    "yes", "a,b", "a;b", 'say "hi"', '"', '""', " x ", ' "q"', "line\nbreak", "cr\rx", "crlf\r\nx", "tab\tx", "é",
    "😀", "\u2028", "\\N", "\\", "'", "123456789012345678", "9223372036854775807", "12345678901234567890", "0.1", "1.",
    ".5", "+5", " 5", "5 ", "1e400", "-", "{}", "[1]", "t",
)  # fmt: skip
COLUMNS = (
    TEXTS,
    ("1", "2", "-5", "", "7"),
    ("1", "007", ""),
    ("1.5", "2", "", "1e5"),
    ("2026-01-31", "1999-12-31", ""),
    ("2026-01-31T10:00:00Z", "2026-01-31", "1960-02-03 04:05:06.5-11:30"),
    ("true", "False", ""),
    ("x", 'y "z"', "", "#q", " s"),
)
NAMES = ("id", "name", "total", "Day", "a b", '"q"', "rowid", "filename", "é", "x;y", "select", "#n", "1x", "")
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -0.0, 1, 1.5, -3, 1e5, 1e300, 2**63 - 1, -(2**63), 2**63, 2**70, 10**25, "x", "",
    "2026-01-31", "2026-01-31T10:00:00+02:00", "2026-02-30", "9:05:00", "4ac7a9e9-607c-4c8a-84f3-843f0191e3fd", "a\0b",
    "é😀", '{"a":1}', "null", [], [1, "a", None], {}, {"a": {"b": [1.5]}}, {'k "q"': None}, 'x":y',
)  # fmt: skip
FIELDS: tuple[tuple[Any, ...], ...] = (
    VALUES,
    (1, 2, None, -7),
    (1.5, 2, None),
    ("2026-01-31", None),
    ("2026-01-31T10:00:00+02:00", "2026-01-31"),
    (True, None),
    ("x", "y", ""),
    ({"a": 1}, [2], None),
)
KEYS = ("a", "b", "A b", "é", '"q"', "select", "rowid", "x:y")
Found = tuple[Any, Any]


def csv_file(random: Random) -> tuple[str, bytes]:
    """The ending of its name, and its content."""
    delimiter = random.choice(",,;\t|")
    end = random.choice(["\n", "\n", "\r\n", "\r"])
    width = random.choice([1, 2, 2, 3, 4])
    columns = [random.choice(COLUMNS) for _ in range(width)]
    lines = [delimiter.join(_cell(name) for name in random.sample(NAMES, width))]
    for _ in range(random.randint(0, 12)):
        values = (random.random() < 0.97 and width) or random.choice([width - 1, width + 1])
        cells = (random.choice(columns[place % width]) for place in range(values))
        lines.append(
            delimiter.join(cell if random.random() < 0.03 else _cell(cell, random.random() < 0.25) for cell in cells)
        )
        lines += [""] * (random.random() < 0.05) + ["  "] * (random.random() < 0.02)
    text = "".join(line + (end if random.random() < 0.97 else random.choice(["\n", "\r\n"])) for line in lines)
    content = (text.rstrip("\r\n") if random.random() < 0.2 else text).encode()
    content = b"\xef\xbb\xbf" * (random.random() < 0.1) + content
    content += b"\xff\n" * (random.random() < 0.03) + b"a\0b\n" * (random.random() < 0.02)
    return ".tsv" if delimiter == "\t" and random.random() < 0.5 else ".csv", content


def _cell(text: str, always: bool = False) -> str:
    return '"' + text.replace('"', '""') + '"' if always or any(each in text for each in ',;\t|"\r\n') else text


def ndjson_file(random: Random) -> tuple[str, bytes]:
    """As `csv_file`."""
    names = random.sample(KEYS, random.randint(1, 4))
    fields = [random.choice(FIELDS) for _ in names]
    lines = []
    for _ in range(random.randint(0, 12)):
        record = {
            name: random.choice(values) for name, values in zip(names, fields, strict=True) if random.random() < 0.9
        }
        separators = random.choice([(",", ":"), (", ", ": "), (" , ", " : ")])
        lines.append(_damaged(random, json.dumps(record, ensure_ascii=random.random() < 0.5, separators=separators)))
        lines += [random.choice(["", " ", "\t"])] * (random.random() < 0.05)
    end = random.choice(["\n", "\n", "\r\n"])
    content = (end.join(lines) + end * (random.random() < 0.8)).encode()
    return ".ndjson", b"\xef\xbb\xbf" * (random.random() < 0.1) + content


def _damaged(random: Random, line: str) -> str:
    """Now and then a line that can't be loaded."""
    damages = (
        line[:-1],
        line[:-1] + ',"a":5}',
        "[1]",
        line.replace("1.5", "1e400"),
        '{"s":"\\ud800"}',
        '{"a":1,"a":2}',
    )
    return random.choice(damages) if random.random() < 0.03 else line


def differences(seed: str, cases: int) -> Iterator[tuple[int, bytes, Found, Found]]:
    """number: of the case; its content, and what import and folder make of it."""
    for number in range(cases):
        random = Random(f"{seed}:{number}")
        ending, content = (csv_file if number % 2 else ndjson_file)(random)
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"f{ending}"
            path.write_bytes(content)
            imported, in_place = by_import(path), by_folder(path)
        if imported != in_place:
            yield number, content, imported, in_place


def by_import(path: Path) -> Found:
    """The fields and rows of the store that an import makes, or code and message of its error."""
    with TemporaryDirectory() as folder:
        database: Any = connect(f"duckdb:///{folder}/x.duckdb", name="main", base=Path(folder), create=True)
        try:
            import_file(database, path)
            return _content(database, path.stem)
        except SopError as error:
            return error.code, error.message
        finally:
            database.close()


def by_folder(path: Path) -> Found:
    """The same of the store that the file is where it lies."""
    database = connect(f"files:///{path.parent}", name="main", base=path.parent)
    try:
        broken = database.schema().broken.get(path.stem)
        return _content(database, path.stem) if broken is None else (broken.code, broken.message)
    except SopError as error:
        return f"at its use: {error.code}", error.message
    finally:
        database.close()


def _content(database: Database, store: str) -> Found:
    fields = database.schema().stores[store].fields
    columns = tuple((field.name, Column(1, field.name, field.type)) for field in fields)
    statement = database.prepare(Query("main", Scan(1, "main", store), columns, ()))
    rows = [repr(row) for batch in database.query(statement, ()) for row in batch]
    return [(field.name, str(field.type)) for field in fields], rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--cases", type=int, default=10_000)
    options = parser.parse_args()
    count = 0
    for count, found in enumerate(differences(options.seed, options.cases), 1):  # noqa: B007
        print(*found, sep="\n  ")
    print(f"{options.cases} files, {count} of which differ")

"""Kinds of files: packed ones, JSON documents, encodings; and those that are refused with what to do instead."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.errors import DatabaseError
from runtime.files import Options, Question, documents, prepared
from runtime.files.unpack import Bound
from tests.cli.conftest import Program
from tests.commands import environment

CSV = b"name,n\nsaw,1\nbolt,2\n"


def rows(sopvm: Program, query: str) -> list[Any]:
    done = sopvm("db", "query", query, "-f", "records")
    assert done.exit_code == 0, done.stderr
    return [tuple(json.loads(line).values()) for line in done.stdout.splitlines()]


# ── packed files ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
def test_a_packed_file_is_read_by_its_name_and_from_stdin(
    sopvm: Program, project: Path, ending: str, pack: Any
) -> None:
    (project / f"tools.csv.{ending}").write_bytes(pack(CSV))
    assert sopvm("db", "import", f"tools.csv.{ending}").exit_code == 0
    assert sopvm("db", "import", "-", "--store", "piped", input=pack(CSV)).exit_code == 0
    assert rows(sopvm, "from tools") == rows(sopvm, "from piped") == [("saw", 1), ("bolt", 2)]


def test_zst_is_read_with_its_package(sopvm: Program, project: Path) -> None:
    import zstandard

    (project / "tools.csv.zst").write_bytes(zstandard.compress(CSV))
    assert sopvm("db", "import", "tools.csv.zst").exit_code == 0
    assert rows(sopvm, "from tools") == [("saw", 1), ("bolt", 2)]


def test_zst_without_its_package_says_what_unpacks_it(project: Path) -> None:
    import zstandard

    (project / "tools.csv.zst").write_bytes(zstandard.compress(CSV))
    code = "import sys; sys.modules['zstandard'] = None; from runtime.cli import main; main()"
    words = [sys.executable, "-c", code, "db", "import", "tools.csv.zst"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)
    # the hint is zstd -dc {} | sopvm db import - --store {}
    assert done.stderr.splitlines()[-1] == "  try: zstd -dc tools.csv.zst | sopvm db import - --store tools"


def archive(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/") + ".csv", content)
    return path


def test_an_archive_with_one_file(sopvm: Program, project: Path) -> None:
    archive(project / "all.zip", deep__tools=CSV)
    assert sopvm("db", "import", "all.zip").exit_code == 0
    assert rows(sopvm, "from tools") == [("saw", 1), ("bolt", 2)]


def test_an_archive_with_several_files_says_how_to_name_one(sopvm: Program, project: Path) -> None:
    archive(project / "all.zip", deep__tools=CSV, other=b"a\n1\n")
    done = sopvm("db", "import", "all.zip")
    assert done.exit_code == 1 and "error D0516: all.zip has 2 files in it: deep/tools.csv (20 bytes)" in done.stderr
    # the hint is sopvm db import {}
    assert "try: sopvm db import all.zip:deep/tools.csv" in done.stderr
    assert sopvm("db", "import", "all.zip:deep/tools.csv").exit_code == 0
    assert rows(sopvm, "from tools") == [("saw", 1), ("bolt", 2)]
    assert "error D0516" in sopvm("db", "import", "all.zip:none.csv").stderr


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_grows_past_the_bound_is_an_error(project: Path, pack: Any) -> None:
    (project / "zeros.csv.x").write_bytes(pack(b"0\n" * 50_000))
    archive(project / "zeros.zip", zeros=b"0\n" * 50_000)
    low = Options(bound=Bound(floor=10_000, times=2))
    for name in ("zeros.csv.x", "zeros.zip"):
        with pytest.raises(DatabaseError, match=r"D0515.*more than 10,000 bytes"), prepared(name, "zeros", low):
            pass


@pytest.mark.parametrize(
    "content", [gzip.compress(CSV, mtime=0)[:-9], b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x03\x04" + b"x" * 99]
)
def test_a_damaged_packed_file_is_one_error(sopvm: Program, project: Path, content: bytes) -> None:
    (project / "bad.csv.gz").write_bytes(content)
    done = sopvm("db", "import", "bad.csv.gz")
    assert (done.exit_code, "error D0515: bad.csv.gz" in done.stderr) == (1, True)
    assert not (project / ".sop" / "main.db").exists()


# ── JSON documents ─────────────────────────────────────────────────────────────────────────────────────────────

ORDERS: dict[str, Any] = {
    "meta": {"count": 2},
    "data": {
        "items": [
            {"id": 7, "address": {"city": "Ulm", "geo": {"lat": 1.5}}, "lines": [{"sku": "a", "qty": 2}, {"sku": "b"}]},
            {"id": 8, "address": None, "lines": [], "tags": ["x"]},
        ]
    },
}


@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_with_one_array_of_objects(sopvm: Program, project: Path, indent: int | None) -> None:
    (project / "orders.json").write_text(json.dumps(ORDERS, indent=indent))
    done = sopvm("db", "import", "orders.json")
    assert done.exit_code == 0, done.stderr
    assert "the records are at data.items" in done.stderr
    assert "the objects in `address` became fields" in done.stderr
    assert "became orders_lines, whose `orders_id` is the `id` of the record" in done.stderr
    assert rows(sopvm, "from orders select id, `address city`, `address geo lat`, tags") == [
        (7, "Ulm", 1.5, None),
        (8, None, None, ["x"]),
    ]
    assert rows(sopvm, "from orders_lines") == [(7, "a", 2), (7, "b", None)]


def test_an_array_keeps_its_records_as_they_are_when_told(sopvm: Program, project: Path) -> None:
    (project / "orders.json").write_text(json.dumps(ORDERS["data"]["items"]))
    assert sopvm("db", "import", "orders.json", "--keep-nested").exit_code == 0
    assert rows(sopvm, "from orders select id, lines") == [(7, [{"sku": "a", "qty": 2}, {"sku": "b"}]), (8, [])]


def test_records_without_a_key_are_counted(sopvm: Program, project: Path) -> None:
    (project / "a.json").write_text('[{"n": 1, "parts": [{"p": 1}]}, {"n": 1, "parts": [{"p": 2}, {"p": 3}]}]')
    done = sopvm("db", "import", "a.json")
    assert "`row` counts the records, since no field tells them apart" in done.stderr
    assert rows(sopvm, "from a_parts") == [(1, 1), (2, 2), (2, 3)]


def test_several_arrays_are_named(sopvm: Program, project: Path) -> None:
    (project / "two.json").write_text('{"a": {"b": [{"x": 1}]},\n "c": [{"y": 2}, {"y": 3}]}')
    done = sopvm("db", "import", "two.json")
    # the hint is --path {}
    assert "error D0504: two.json has several arrays of objects: a.b (1), c (2)\n  try: --path a.b" in done.stderr
    assert sopvm("db", "import", "two.json", "--path", "c").exit_code == 0
    assert rows(sopvm, "from two") == [(2,), (3,)]
    assert "before `q` it has a, c" in sopvm("db", "import", "two.json", "--path", "q.r", "--store", "x").stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "record 1 of a.json is not an object"),
        ("[\n{]", "is not JSON: "),
        ('[{"a": 1, "a": 2}]', "`a` is given twice"),
        ('[{"a": NaN}]', "NaN is no number of JSON"),
        ('[{"a": 1e400}]', "the number 1e400 is too large"),
        ('[{"a": [-1e999]}]', "the number -1e999 is too large"),
        ('[{"a": ' + "9" * 5000 + "}]", "a number is too large"),
        ("[" * 100_000, "nested too deeply"),
        ("{\n}", "has no array of objects"),
        ("[]", "holds no record"),
    ],
)
def test_a_document_that_can_not_be_read_is_one_error(sopvm: Program, project: Path, text: str, said: str) -> None:
    (project / "a.json").write_text(text)
    done = sopvm("db", "import", "a.json")
    assert done.exit_code == 1 and done.stderr.startswith("error D0504: ") and said in done.stderr
    assert not (project / ".sop" / "main.db").exists()


def test_stores_of_a_document_are_loaded_together_or_not_at_all(sopvm: Program, project: Path) -> None:
    (project / "orders.json").write_text('[{"id": 1, "lines": [{"a": 1}, {"A": 2}]}]')
    done = sopvm("db", "import", "orders.json")
    assert done.exit_code == 1 and "error D0504: orders.json, orders_lines has the fields `a` and `A`" in done.stderr
    assert sopvm("db", "ls", "-f", "records").stdout.count("orders") == 0


def test_a_document_that_is_too_large_is_told_before_it_is_read(
    sopvm: Program, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MOST_BYTES", 10)
    (project / "a b.json").write_text('[{"n": 1}, {"n": 2}]')
    done = sopvm("db", "import", "a b.json")
    # the hint is jq -c '.[]' {} | sopvm db import - --store {}
    assert "try: jq -c '.[]' 'a b.json' | sopvm db import - --store 'a b'" in done.stderr


# ── encodings ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
def test_utf_16_is_read_and_told(sopvm: Program, project: Path, encoding: str, name: str) -> None:
    text = "name\ncafé\n名\n" if name == "a.csv" else '{"name": "café"}\n{"name": "名"}\n'
    (project / name).write_bytes(text.encode(encoding))
    done = sopvm("db", "import", name)
    assert done.exit_code == 0, done.stderr
    assert ("read as utf-16" in done.stderr) == encoding.startswith("utf-16")
    assert rows(sopvm, "from a") == [("café",), ("名",)]


def test_other_encodings_are_shown_and_never_guessed(sopvm: Program, project: Path) -> None:
    (project / "a.csv").write_bytes(b"name\nplain\n" + "café, €5".replace(",", "").encode("cp1252") + b"\n")
    done = sopvm("db", "import", "a.csv")
    # the hint is --encoding {}, or the one that reads it right
    assert done.exit_code == 1
    assert "error D0502: a.csv is not UTF-8, first in line 3: cp1252 reads 'café €5'; " in done.stderr
    assert "cp1251 reads 'cafй Ђ5'" in done.stderr and "try: --encoding cp1252, or the one" in done.stderr
    done = sopvm("db", "import", "a.csv", "--encoding", "cp1252")
    assert "note: read as cp1252" in done.stderr
    assert rows(sopvm, "from a") == [("plain",), ("café €5",)]


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "cp1251", "cp850", "mac-roman", "shift-jis"])
def test_a_text_of_any_encoding_comes_back(sopvm: Program, project: Path, encoding: str) -> None:
    text = {"cp1251": "Привет", "shift-jis": "日本語"}.get(encoding, "Tür")
    (project / "a.csv").write_bytes(f"name,n\n{text},1\n".encode(encoding))
    done = sopvm("db", "import", "a.csv")
    assert f"{encoding} reads " in done.stderr and text in done.stderr
    assert sopvm("db", "import", "a.csv", "--encoding", encoding).exit_code == 0
    assert rows(sopvm, "from a") == [(text, 1)]


def test_an_encoding_that_does_not_fit(sopvm: Program, project: Path) -> None:
    (project / "a.csv").write_bytes(b"name\nok\n\x81\x8d\n")
    # the hint is --encoding {}, {}, utf-16
    assert "error D0506" in sopvm("db", "import", "a.csv", "--encoding", "klingon").stderr
    assert "error D0506" in sopvm("db", "import", "a.csv", "--encoding", "base64").stderr
    assert "is not cp1252 in line 3" in sopvm("db", "import", "a.csv", "--encoding", "cp1252").stderr
    for encoding in ("utf-16", "utf-32", "utf-8", "undefined"):
        assert sopvm("db", "import", "a.csv", "--encoding", encoding).stderr.startswith("error D0502: a.csv is not ")
    assert sopvm("db", "import", "a.csv", "--skip-bad").exit_code == 0
    assert rows(sopvm, "from a") == [("ok",)]


# ── what is no file of rows ────────────────────────────────────────────────────────────────────────────────────


def test_addresses_are_not_fetched(sopvm: Program) -> None:
    done = sopvm("db", "import", "https://example.org/a/sales 2026.csv.gz")
    # the hint is curl -fsSL {} | sopvm db import - --store {}
    line = "curl -fsSL 'https://example.org/a/sales 2026.csv.gz' | sopvm db import - --store 'sales 2026'"
    assert (done.exit_code, f"try: {line}" in done.stderr) == (2, True)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_database_is_used_where_it_is(sopvm: Program, project: Path, engine: str) -> None:
    file = project / f"shop.{engine}"
    statements = "create table items (name varchar); insert into items values ('saw')"
    if engine == "sqlite":
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statements)
    else:
        with duckdb.connect(str(file)) as made:
            made.execute(statements)
    done = sopvm("db", "import", f"shop.{engine}")
    # the hint is sopvm db add {} {}
    assert f"try: sopvm db add shop shop.{engine}" in done.stderr
    done = sopvm("db", "add", "shop", f"shop.{engine}")
    assert done.exit_code == 0, done.stderr
    assert f'shop = "{engine}:///shop.{engine}"\nshop: 1 store\n' in done.stderr
    assert rows(sopvm, "from shop.items") == [("saw",)]
    assert rows(sopvm, "from hr.employees where id = 1 select name") == [("Ada",)]
    assert sopvm("db", "add", "shop", f"shop.{engine}").exit_code == 0


@pytest.mark.parametrize("content", [b"", b"a\n1\n"])
def test_what_is_no_database_is_not_added(sopvm: Program, project: Path, content: bytes) -> None:
    before = (project / "sop.toml").read_text()
    (project / "a.csv").write_bytes(content)
    done = sopvm("db", "add", "a", "a.csv")  # `sopvm db import` loads the rows of other files
    assert (done.exit_code, "error D0501" in done.stderr) == (2, True)
    assert "error C0207" in sopvm("db", "add", "hr", ".").stderr
    assert sopvm("db", "add", "gone", "sqlite:///gone.db").exit_code == 2
    assert (project / "sop.toml").read_text() == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, '[databases]\n"two words" = "sqlite:///hr.db"\n'),
        ("# mine\n[runs]\n", '# mine\n[runs]\n\n[databases]\n"two words" = "sqlite:///hr.db"\n'),
        (
            '[databases] # mine\na = "x:///"\n[runs]\n',
            '[databases] # mine\n"two words" = "sqlite:///hr.db"\na = "x:///"\n[runs]\n',
        ),
    ],
)
def test_the_line_goes_into_sop_toml_and_the_rest_stays(
    sopvm: Program, project: Path, before: str | None, after: str
) -> None:
    (project / "sop.toml").unlink()
    if before is not None:
        (project / "sop.toml").write_text(before)
    assert sopvm("db", "add", "two words", "hr.db").exit_code == 0
    assert (project / "sop.toml").read_text() == after


def test_databases_in_one_line_take_none(sopvm: Program, project: Path) -> None:
    (project / "sop.toml").write_text('databases = {hr = "sqlite:///hr.db"}\n')
    assert "error C0207" in sopvm("db", "add", "other", "hr.db").stderr


# ── stores ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", ["sqlite:///x.db", "duckdb:///x.duckdb"])
def test_stores_are_renamed_and_removed(sopvm: Program, project: Path, url: str) -> None:
    (project / "tools.csv").write_bytes(CSV)
    where = ("--db", f"x={url}")
    assert sopvm("db", "import", "tools.csv", "--into", "x", *where).exit_code == 0
    assert sopvm("db", "rename", "x.tools", "my tools", *where).stderr == "x.tools is x.my tools now\n"
    assert "error D0505" in sopvm("db", "rename", "x.tools", "b", *where).stderr
    assert "error D0505" in sopvm("db", "rename", "x.my tools", "My Tools", *where).stderr
    assert "error D0505" in sopvm("db", "rename", "x.my tools", "", *where).stderr
    done = sopvm("db", "rm", "x.my tools", *where)
    assert (done.exit_code, "error C0208: this would remove x.my tools with 2 rows" in done.stderr) == (2, True)
    # the hint is --yes removes it
    assert sopvm("db", "rm", "x.my tools", "--yes", *where).stderr == "removed x.my tools with 2 rows\n"
    assert "my tools" not in sopvm("db", "ls", "x", *where).stdout


# ── bad input ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            ",".join(f"c{index}" for index in range(10_000)).encode() + b"\n" + b"1," * 9_999 + b"1\n",
            "too many columns",
        ),
        (b"a,b\n1," + b"x" * 17_000_000 + b"\n", "line 2: a value is too long"),
        (b'a,b\n"' + b"x,y\n" * 100_000, "line 2: a quote is never closed"),
        (b"a,b\n1,\0\n2,3\n", "line 2: it holds the character with number 0"),
        (b"\0" * 1000, "a null character"),
    ],
    ids=["columns", "long", "quote", "nul", "nuls"],
)
def test_what_no_store_can_hold_is_one_error(sopvm: Program, project: Path, content: bytes, said: str) -> None:
    (project / "bad.csv").write_bytes(content)
    done = sopvm("db", "import", "bad.csv")
    assert done.exit_code == 1 and done.stderr.count("error D0") == 1 and said in done.stderr, done.stderr[:500]
    assert "--types" not in done.stderr  # no type reads such a line
    assert len(done.stderr) < 1000
    assert not (project / ".sop" / "main.db").exists()


# ── what is asked ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_is_asked_what_a_file_leaves_open(project: Path) -> None:  # an option says --encoding {}
    (project / "a.csv").write_bytes("name\ncafé\n".encode("cp1252"))
    (project / "two.json").write_text('{"a": [{"x": 1}],\n "b": [{"y": 2}]}')
    archive(project / "all.zip", one=b"a\n1\n", two=b"b\n2\n")
    asked: list[Question] = []

    def second(question: Question) -> int:
        asked.append(question)
        return 1

    found = []
    for name in ("a.csv", "two.json", "all.zip"):
        with prepared(name, None, Options(ask=second)) as parts:
            found.append(parts[0].path.read_bytes())
    assert found == ["name\ncafé\n".encode("cp1252").decode("cp1250").encode(), b'{"y": 2}\n', b"b\n2\n"]
    assert [(question.options[1].text, question.options[1].flag) for question in asked] == [
        ("'café'", "--encoding cp1250"),
        ("b (1 records)", "--path b"),
        ("two.csv (4 bytes)", "all.zip:two.csv"),
    ]

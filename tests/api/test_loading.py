"""`POST /databases/NAME/stores/STORE`: files over HTTP, all of them or nothing."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runtime.api.loading import in_parameters
from tests.api.conftest import Served

URL = "/databases/main/stores/tools"
CSV = b"name,n\nsaw,1\nbolt,2\n"


def stored(served: Served, store: str = "tools") -> list[Any]:
    with closing(sqlite3.connect(served.folder / "main.db")) as connection:
        return connection.execute(f'select * from "{store}"').fetchall()


def stores(served: Served) -> set[str]:
    return set(served.client.get("/databases/main").json()["stores"])


def test_a_file_becomes_a_store(served: Served) -> None:
    answer = served.client.post(URL, content=CSV)
    assert answer.status_code == 201, answer.text
    (report,) = answer.json()["stores"]
    assert (report["store"], report["rows"], answer.json()["dry_run"]) == ("main.tools", 2, False)
    assert [(column["name"], column["type"]) for column in report["columns"]] == [("name", "text"), ("n", "int")]
    assert stored(served) == [("saw", 1), ("bolt", 2)]
    assert "tools" in stores(served)
    audited = [json.loads(line) for line in served.audit.splitlines()]
    assert [line["audit"] for line in audited] == ["load", "loaded"]
    assert (audited[1]["database"], audited[1]["store"], audited[1]["rows"]) == ("main", "tools", [2])


def test_modes(served: Served) -> None:
    assert served.client.post(URL, content=CSV).status_code == 201
    again = served.client.post(URL, content=CSV)
    assert (again.status_code, again.json()["code"]) == (409, "D0505")
    assert served.client.post(URL, content=CSV, params={"mode": "append"}).status_code == 201
    assert len(stored(served)) == 4
    assert served.client.post(URL, content=b"x\n5\n", params={"mode": "replace"}).status_code == 201
    assert stored(served) == [(5,)]


def test_a_dry_run_reports_and_loads_nothing(served: Served) -> None:
    before = stores(served)
    answer = served.client.post(URL, content=CSV, params={"dry_run": "true"})
    assert (answer.status_code, answer.json()["stores"][0]["rows"]) == (200, 2)
    assert answer.json()["stores"][0]["store"] is None
    assert stores(served) == before


@pytest.mark.parametrize(
    ("content", "params", "rows"),
    [
        (b'{"name": "saw"}\n{"name": "bolt"}\n', {}, [("saw",), ("bolt",)]),
        (b'{"data": [{"name": "saw"}],\n "more": [{"x": 1}]}', {"path": "data"}, [("saw",)]),
        (gzip.compress(CSV, mtime=0), {}, [("saw", 1), ("bolt", 2)]),
        ("name\ncafé\n".encode("cp1252"), {"encoding": "cp1252"}, [("café",)]),
        ("name\ncafé\n".encode("utf-16"), {}, [("café",)]),
        (b"n\n1\nx\n", {"types": "n=int", "skip_bad": "true"}, [(1,)]),
        (b"d;n\n01/02/2026;1\n", {"date_order": "dmy"}, [("2026-02-01", 1)]),
    ],
)
def test_kinds_of_bodies_and_options(served: Served, content: bytes, params: dict[str, str], rows: list[Any]) -> None:
    answer = served.client.post(URL, content=content, params=params)
    assert answer.status_code == 201, answer.text
    assert stored(served) == rows


@pytest.mark.parametrize(
    ("content", "params", "status", "code"),
    [
        (b"", {}, 422, "D0504"),
        (b"name\ncaf\xe9\n", {}, 422, "D0502"),
        (b"a,b\n1\n", {}, 422, "D0503"),
        (b"d\n01/02/2026\n", {}, 422, "D0514"),
        (b'[{"a": 1, "a": 2}]', {}, 422, "D0504"),
        (gzip.compress(CSV, mtime=0)[:-8], {}, 422, "D0515"),
        (b"PK\3\4" + bytes(99), {}, 422, "D0515"),
        (CSV, {"encoding": "klingon"}, 422, "D0506"),
        (CSV, {"types": "n=number"}, 422, "D0506"),
        (CSV, {"mode": "merge"}, 400, "S0108"),
        (CSV, {"dry_run": "perhaps"}, 400, "S0108"),
        (CSV, {"colour": "red"}, 400, "S0108"),
    ],
)
def test_what_can_not_be_loaded_leaves_nothing(
    served: Served, content: bytes, params: dict[str, str], status: int, code: str
) -> None:
    before = stores(served)
    answer = served.client.post(URL, content=content, params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert str(served.folder) not in answer.text and "/tmp" not in answer.text
    assert stores(served) == before
    assert served.client.get("/ready").status_code == 200


def test_names_that_no_store_can_have(served: Served) -> None:
    assert served.client.post("/databases/none/stores/tools", content=CSV).status_code == 404
    assert served.client.post("/databases/main/stores/%20", content=CSV).json()["code"] == "D0505"
    assert served.client.post("/databases/main/stores/a%2Fb%20c", content=CSV).status_code == 201
    assert stored(served, "a/b c") == [("saw", 1), ("bolt", 2)]


def test_a_body_has_a_limit_of_its_own(serve: Callable[..., Served]) -> None:
    served = serve(max_body=10, max_upload=1000)
    assert served.client.post(URL, content=CSV).status_code == 201
    large = b"n\n" + b"1\n" * 1000

    def chunks() -> Iterator[bytes]:
        yield large[:900]
        yield large[900:]

    for content in (large, chunks()):
        answer = served.client.post("/databases/main/stores/large", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "S0104")
    assert "large" not in stores(served)


def test_lists_in_a_document_become_stores(served: Served) -> None:
    body = json.dumps([{"id": 1, "lines": [{"sku": "a"}]}])
    answer = served.client.post("/databases/main/stores/orders", content=body)
    assert [each["store"] for each in answer.json()["stores"]] == ["main.orders", "main.orders_lines"]
    assert stored(served, "orders_lines") == [(1, "a")]


def test_the_folder_of_a_body_is_removed(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    served.client.post(URL, content=CSV)
    served.client.post(URL, content=b"a,b\n1\n")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("sopvm-")] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("--totals drop for no row, or --totals keep for a row", "totals=drop for no row, or totals=keep for a row"),
        ("--skip-bad leaves them out", "skip_bad=true leaves them out"),
        ("--types 'day=date(DD.MM.YYYY)'; --skip-bad", "types=day=date(DD.MM.YYYY); skip_bad=true"),
        ("--sheet 'Sales 2026', or --all-sheets", "sheet=Sales 2026, or all_sheets=true"),
        ("qty is text: --null unknown", "qty is text: null=unknown"),
        ("1 row of totals, line 4 (--totals keep)", "1 row of totals, line 4 (totals=keep)"),
        ("--header 3 takes row 3 for the names", "header=3 takes row 3 for the names"),
        (
            "--append adds to it, --store NAME makes another, --replace drops what it holds",
            "mode=append adds to it, another name in the address makes another, mode=replace drops what it holds",
        ),
        ("pip install x --user", "pip install x --user"),
    ],
)
def test_options_of_the_command_line_are_parameters_here(text: str, said: str) -> None:
    assert in_parameters(text) == said


def test_hints_and_notes_name_parameters(served: Served) -> None:
    asked = served.client.post(URL, content=b"region,n\nN,5\nS,7\nTotal,12\n")
    assert (asked.status_code, asked.json()["code"]) == (422, "D0514")
    assert "totals=drop" in asked.text and "--" not in asked.text
    answer = served.client.post(URL, content=b"name,n\na,1\nb,2\nc,unknown\nd,3\n")
    (report,) = answer.json()["stores"]
    assert report["columns"][1]["hint"] == "null=unknown" and "--" not in answer.text

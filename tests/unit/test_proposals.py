"""What the hint of an error proposes compiles when it is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.config import Config
from runtime.errors import SopError
from runtime.library.store import Library
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.pipeline import built, compile_query
from sopc.source import Source
from tests.engines import SQLITE

# wrong, its code, its hint, and what it says
PROPOSALS = [
    (
        "emit from items select count: quantity",
        "E0116",
        "quantity as count",
        "emit from items select quantity as count",
    ),
    (
        "emit from items where id > 1 select name, twice: round(quantity * 2, 1) order by name",
        "E0116",
        "round(quantity * 2, 1) as twice",
        "emit from items where id > 1 select name, round(quantity * 2, 1) as twice order by name",
    ),
    ("emit from items derive twice: quantity * 2", "E0104", "`=`", "emit from items derive twice = quantity * 2"),
    (
        "for each q in from items do emit {a: sum(q.quantity)} end",
        "E0403",
        "(from … select sum(…)), or sum_of(…) of a list",
        "for each q in from items do emit {a: (from items select sum(quantity)), b: sum_of([q.quantity])} end",
    ),
    (
        "let n = count(list(from items))",
        "E0403",
        "count(from …), or length(…) of a list",
        "let n = count(from items)\n  let m = length(list(from items))",
    ),
    (
        'let many = ask "How many?"',
        "E0116",
        'ask "…" into many: text',
        'ask "How many?" into many: text',
    ),
    (
        'let many: int = ask "How many?" into many: int',
        "E0116",
        'ask "…" into many: text',
        'ask "How many?" into many: int',
    ),
    ('let a = say "x"', "E0116", "write it as a step of its own, without what is before it", 'say "x"'),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    SQLITE.script(tmp_path / "main.db", "create table items (id integer, name text, quantity integer)")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "bad.csv").write_text('a,b\n1,2\n"3,4\n')
    return tmp_path


def finding(folder: Path, text: str, *, query: bool = False, **more: str) -> tuple[str, str | None] | None:
    """The code and hint of the first error of a script's text or of a query; None if it compiles."""
    config = Config(folder, flags={"main": f"sqlite:///{folder / 'main.db'}", **more})
    with Library.open(folder / "home") as library, Context(config, library) as context:
        try:
            if query:
                compile_query(text, context)
            else:
                built(Source("test.sop", text), context)
        except CompileError as error:
            first = error.diagnostics[0]
            return first.code, first.hint
        except SopError as error:
            return error.code, error.hint
    return None


@pytest.mark.parametrize(("wrong", "code", "hint", "right"), PROPOSALS)
def test_a_proposal_compiles(wrong: str, code: str, hint: str, right: str, folder: Path) -> None:
    assert finding(folder, f"script test()\n  {wrong}\nend\n") == (code, hint)
    assert finding(folder, f"script test()\n  {right}\nend\n") is None


def test_an_unknown_database_proposes_one_that_exists(folder: Path) -> None:
    shop = f"sqlite:///{folder / 'main.db'}"
    text = "script test() uses shp\n  emit from items\nend\n"
    assert finding(folder, text, shop=shop) == ("E0205", "shop")
    assert finding(folder, text.replace("shp", "shop"), shop=shop) is None
    code, hint = finding(folder, text) or ("", "")
    assert code == "E0205" and hint is not None and hint.startswith("take `uses` away")
    assert finding(folder, text.replace(" uses shp", "")) is None


def test_a_folder_whose_only_file_is_broken_is_not_an_unknown_database(folder: Path) -> None:
    files = f"files:///{folder / 'broken'}"
    for query in ("from bad", "from data.bad"):
        assert (finding(folder, query, query=True, data=files) or ("", ""))[0] == "D0503"

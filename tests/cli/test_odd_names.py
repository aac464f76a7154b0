"""Stores named like keywords, names with spaces and quotes, values with quotes and SQL in them, braces: in English and
in the language, through the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Place

TABLES = '''
CREATE TABLE "order" (
  id INTEGER PRIMARY KEY, "select" TEXT NOT NULL, "order date" DATE, "say ""hi""" TEXT, qty INTEGER
);
INSERT INTO "order" VALUES
  (1, 'a', '2026-01-05', 'it''s', 5),
  (2, 'Robert''; drop table "order"; --', '2026-02-05', '{qty}', 15),
  (3, 'say "x" {qty}', NULL, '{{', 25);
'''


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.sql(TABLES)
    return found


def english(place: Place, text: str, *arguments: str) -> list[object]:
    """The records of a one-sentence workflow, translated by patterns; the table has all its rows afterwards."""
    place.write("question.txt", text + "\n")
    for old in place.folder.glob("question.sop"):
        old.unlink()
    place.ok("sopc", "compile", "question.txt", "--translator", "patterns", "--yes")
    records = place.ok("sopvm", "run", "question", *arguments).records
    assert place.sql('SELECT count(*) FROM "order"') == [(3,)]
    return records


def test_english_about_a_store_named_like_a_keyword(place: Place) -> None:
    assert english(place, "Show the id of the orders whose qty is above 10, highest qty first.") == [
        {"id": 3},
        {"id": 2},
    ]


def test_english_about_fields_with_spaces_and_keywords(place: Place) -> None:
    assert english(
        place, "Show the order date and the select of the orders whose order date is before 2026-02-01."
    ) == [{"order date": "2026-01-05", "select": "a"}]


def test_english_with_values_that_look_like_sql_and_holes(place: Place) -> None:
    wanted = 'Robert\'; drop table "order"; --'
    place.ok("sopvm", "db", "ls")
    assert english(place, 'Show the id of the orders whose select is "say \\"x\\" {qty}".') == [{"id": 3}]
    text = "The name is a parameter, a text.\nShow the id of the orders whose select is the name."
    assert english(place, text, f"name={wanted}") == [{"id": 2}]


def test_names_and_values_through_the_language(place: Place) -> None:
    place.compile("""
script test(`the name`: text = "Robert'; drop table \\"order\\"; --")
  emit from `order` where `select` = `the name` select `order date`, `say "hi"` as `where`
  for each row in from `order` where `say "hi"` = "{{{{" do
    say "{row.select} {row.`say "hi"`}"
  end
end
""")
    done = place.ok("sopvm", "run", "test")
    assert done.records == [{"order date": "2026-02-05", "where": "{qty}"}]
    assert [line["result"] for line in done.lines if line["type"] == "say"] == ['say "x" {qty} {{']
    assert place.ok("sopvm", "run", "test", "the name=a").records == [{"order date": "2026-01-05", "where": "it's"}]
    assert (
        place.ok("sopvm", "db", "query", 'from `order` where `select` = "a" select id', "-f", "records").text
        == '{"id":1}\n'
    )
    csv = place.ok("sopvm", "run", "test", "-f", "csv").text
    assert csv.splitlines()[0] == "order date,where"


def test_a_csv_with_odd_names_is_loaded_and_queried(place: Place) -> None:
    place.write("group by.csv", 'from,order date,"a ""b"" c"\n1,2026-01-01,"x, y"\n2,,"{z}"\n')
    place.ok("sopvm", "db", "import", "group by.csv")
    query = 'from `group by` order by `from` desc select `from`, `order date`, `a "b" c`'
    assert place.ok("sopvm", "db", "query", query, "-f", "records").text.splitlines() == [
        '{"from":2,"order date":null,"a \\"b\\" c":"{z}"}',
        '{"from":1,"order date":"2026-01-01","a \\"b\\" c":"x, y"}',
    ]

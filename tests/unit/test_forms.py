"""Columns of CSV files by a table: texts → type, values, what is said. Nothing is ranked as text without a word."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.files.decide import Question
from runtime.files.load import Loaded, import_file, parse_types
from runtime.values.forms import FORMS, find_form
from tests.unit.test_load import rows, write


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SQLiteDatabase]:
    database = SQLiteDatabase(tmp_path / "main.db", name="main", create=True)
    yield database
    database.close()


def load(database: SQLiteDatabase, folder: Path, columns: dict[str, list[str]], **options: Any) -> Loaded:
    """Import columns of texts, as a CSV file in which all of them are quoted."""
    delimiter = options.pop("delimiter", ",")
    table = [list(columns), *map(list, zip(*columns.values(), strict=True))]
    quoted = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    return import_file(database, write(folder / "t.csv", "\n".join(quoted) + "\n"), store="t", **options)


def D(*parts: int) -> date:  # noqa: N802
    return date(*parts)


def T(*parts: int) -> datetime:  # noqa: N802
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


# texts by blanks (or a list) → type, values (None: as they are written), a part of what is said (empty: nothing is)
COLUMNS: list[tuple[str | list[str], str, list[Any] | None, str]] = [
    # numbers
    ("129,219.00 99.95", "float", [129219.0, 99.95], ""),
    ("1,234 5", "int", [1234, 5], "1,234 in line 2 is 1234, as the file has commas"),
    ("1,234,567 5", "int", [1234567, 5], ""),
    ("1.234,5 7", "float", [1234.5, 7.0], "commas before decimals"),
    ("12,50 7", "float", [12.5, 7.0], "commas before decimals"),
    ("1.234.567 7", "int", [1234567, 7], ""),
    ("1.234 5.678", "float", [1.234, 5.678], "1.234 in line 2 is 1.234, as no column says otherwise"),
    (["1 234,5", "7"], "float", [1234.5, 7.0], "commas before decimals"),
    (["1\u00a0234.5", "7"], "float", [1234.5, 7.0], ""),
    (["1\u202f234", "7"], "int", [1234, 7], ""),
    ("1'234.5 7", "float", [1234.5, 7.0], ""),
    ("5- 6", "int", [-5, 6], ""),
    ("(5) 6", "int", [-5, 6], ""),
    ("(1,200.50) 6", "float", [-1200.5, 6.0], ""),
    ("\u22125 6", "int", [-5, 6], ""),
    ("+5 6", "int", [5, 6], ""),
    ("+1.5E3 6", "float", [1500.0, 6.0], ""),
    (".5 1", "float", [0.5, 1.0], ""),
    ([" 5", "6 "], "int", [5, 6], ""),
    ("12.5% 3%", "float", [0.125, 0.03], "12.5% is 0.125"),
    (["12,5 %", "3 %"], "float", [0.125, 0.03], "12.5% is 0.125"),
    ("5% 7", "text", None, "numbers with and without %"),
    ("€5 €7.50", "decimal(12,2)", [Decimal("5.00"), Decimal("7.50")], "EUR is read as the unit"),
    (["1.234,50 €", "7 €"], "decimal(12,2)", [Decimal("1234.50"), Decimal("7.00")], "EUR is read as the unit"),
    (["USD 5", "USD -7.125"], "decimal(12,3)", [Decimal("5.000"), Decimal("-7.125")], "USD is read as the unit"),
    ("-$5 $-7 ($8)", "decimal(12,2)", [Decimal("-5.00"), Decimal("-7.00"), Decimal("-8.00")], "$ is read"),
    ("€5 EUR7", "decimal(12,2)", [Decimal("5.00"), Decimal("7.00")], "EUR is read as the unit"),
    ("€5 7", "decimal(12,2)", [Decimal("5.00"), Decimal("7.00")], "numbers without EUR are taken for EUR too"),
    ("€5 $7", "text", None, "text, because it has $ and EUR"),
    ("1234567890123456.5 2", "text", None, "numbers of more than 15 digits"),
    ("€1234567890123.55 €2", "decimal(15,2)", [Decimal("1234567890123.55"), Decimal("2.00")], "EUR"),
    ("€12345678901234.55 €2", "text", None, "numbers of more than 15 digits"),
    # identifiers
    ("MAR1 MAR2", "text", None, ""),
    ("007 012 12", "text", None, ""),
    ("12345678901234567890 5", "text", None, ""),
    ("1.10 1.1 1.2", "text", None, "1.10 and 1.1 are two texts and would be one number"),
    ("3.0 2.75", "float", [3.0, 2.75], ""),
    ("1.50 2.25", "float", [1.5, 2.25], ""),
    ("+49301234567 030123", "text", None, ""),
    # days
    ("13/02/2026 01/02/2026", "date", [D(2026, 2, 13), D(2026, 2, 1)], "day/month/year, by 13/02/2026 in line 2"),
    ("01/02/2026 02/13/2026", "date", [D(2026, 1, 2), D(2026, 2, 13)], "month/day/year, by 02/13/2026 in line 3"),
    ("05/05/2026 06/06/2026", "date", [D(2026, 5, 5), D(2026, 6, 6)], ""),
    ("1.2.2026 13.2.2026", "date", [D(2026, 2, 1), D(2026, 2, 13)], ""),
    ("2026/2/1 2026/2/13", "date", [D(2026, 2, 1), D(2026, 2, 13)], ""),
    ("2026.02.01 2026.02.13", "date", [D(2026, 2, 1), D(2026, 2, 13)], ""),
    ("2026-2-1 2026-02-13", "date", [D(2026, 2, 1), D(2026, 2, 13)], ""),
    ("13-02-2026 1-2-2026", "date", [D(2026, 2, 13), D(2026, 2, 1)], "by 13-02-2026"),
    ("02-13-2026 1-2-2026", "date", [D(2026, 2, 13), D(2026, 1, 2)], "by 02-13-2026"),
    ("13/02/26 1/2/69", "date", [D(2026, 2, 13), D(1969, 2, 1)], "years of two digits are from 1969 to 2068"),
    (["5 March 2026", "1 May 2025"], "date", [D(2026, 3, 5), D(2025, 5, 1)], ""),
    (["March 5, 2026", "May 1st, 2025"], "date", [D(2026, 3, 5), D(2025, 5, 1)], ""),
    (["5. März 2026", "1. Mai 2025"], "date", [D(2026, 3, 5), D(2025, 5, 1)], ""),
    (["1er mars 2026", "14 juil. 2025"], "date", [D(2026, 3, 1), D(2025, 7, 14)], ""),
    (["5 de marzo de 2026", "1 de mayo de 2025"], "date", [D(2026, 3, 5), D(2025, 5, 1)], ""),
    (["5 gennaio 2026", "1 lug 2025"], "date", [D(2026, 1, 5), D(2025, 7, 1)], ""),
    (["5 de março de 2026", "1 de out. de 2025"], "date", [D(2026, 3, 5), D(2025, 10, 1)], ""),
    (["5 maart 2026", "1 mei 2025"], "date", [D(2026, 3, 5), D(2025, 5, 1)], ""),
    (["5 marca 2026", "1 października 2025"], "date", [D(2026, 3, 5), D(2025, 10, 1)], ""),
    ("05-Mar-26 01-MAY-25", "date", [D(2026, 3, 5), D(2025, 5, 1)], "years of two digits"),
    ("30/02/2026 13/02/2026 03/03/2026", "text", None, "in the file, DD/MM/YYYY reads the others"),
    ("2026-02-30", "text", None, ""),
    # moments
    (["13/02/2026 1:05 PM", "01/02/2026 12:00 AM"], "timestamp", [T(2026, 2, 13, 13, 5), T(2026, 2, 1)], "by 13/02"),
    (["2026-03-29 05:15+00", "2026-03-29 05:15+05"], "timestamp", [T(2026, 3, 29, 5, 15), T(2026, 3, 29, 0, 15)], ""),
    (["2026-03-29T05:15:00+0530", "2026-03-29"], "timestamp", [T(2026, 3, 28, 23, 45), T(2026, 3, 29)], ""),
    (["13.02.2026 05:15", "01.02.2026 24:00"], "timestamp", [T(2026, 2, 13, 5, 15), T(2026, 2, 2)], "taken for UTC"),
    (["2026-03-29T05:15:00Z", "2026-03-29 05:15"], "timestamp", [T(2026, 3, 29, 5, 15)] * 2, "taken for UTC"),
    (["2026-03-29T05:15Z", "2026-03-29T05:15+02:00"], "timestamp", [T(2026, 3, 29, 5, 15), T(2026, 3, 29, 3, 15)], ""),
    (["2026-03-29 05:15:00.25 UTC", "2026-03-29"], "timestamp", [T(2026, 3, 29, 5, 15, 0, 250000), T(2026, 3, 29)], ""),
    ("05:15 06:20", "text", None, ""),
    # words for nothing
    ("1 NA -3", "int", [1, None, -3], "null: 1 NA"),
    ("1.5 - n/a -", "float", [1.5, None, None, None], "null: 2 -, 1 n/a"),
    ("2026-01-31 null", "date", [D(2026, 1, 31), None], "null: 1 null"),
    ("true ?", "bool", [True, None], "null: 1 ?"),
    ("1,234.50 NaN", "float", [1234.5, None], "null: 1 NaN"),
    ("NA US DE", "text", None, ""),
    ("NA NA", "text", None, ""),
    # nearly
    ("1 2 unknown 4 unknown", "text", None, 'text, because of "unknown" (lines 4, 6): --null unknown'),
    ("1 2 3 N12", "text", None, '"N12" (line 5): correct them in the file'),
    ("1 2 3 4 5 N1 N2 N3 N4", "text", None, '"N1" (line 7), "N2" (line 8), "N3" (line 9) and others: correct'),
    ("1,234.50 2,000.50 3,000.10 1.234,50", "text", None, "two forms are mixed, 1,234.5 and 1.234,5: correct them"),
    ("2026-01-01 2026-01-02 2026-01-03 13.01.2026", "text", None, "two forms are mixed, YYYY-MM-DD and DD.MM.YYYY"),
    ("kg 1 2 3", "text", None, '"kg" (line 2): correct them in the file'),
    ("1 2 3 true", "text", None, '"true" (line 5): correct them in the file'),
    ("1,5 2,5 3,5 x", "text", None, '"x" (line 5): --null x'),
    ("a b c 1", "text", None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "type_", "values", "said"), COLUMNS)
def test_a_column_is_read_by_one_form(
    database: SQLiteDatabase, tmp_path: Path, texts: str | list[str], type_: str, values: list[Any] | None, said: str
) -> None:
    column = texts.split(" ") if isinstance(texts, str) else texts
    (reading,) = load(database, tmp_path, {"x": column}).readings
    assert str(reading.field.type.not_null()) == type_
    assert [row[0] for row in rows(database, "t")] == (column if values is None else values)
    assert (said in "; ".join(reading.notes)) if said else (reading.notes == ())


@pytest.mark.parametrize(
    ("texts", "flags", "values"),
    [
        ("01/02/2026 03/04/2026", {"date_order": "dmy"}, [D(2026, 2, 1), D(2026, 4, 3)]),
        ("01/02/2026 03/04/2026", {"date_order": "mdy"}, [D(2026, 1, 2), D(2026, 3, 4)]),
        ("1,234 5", {"delimiter": ";", "decimal": ","}, [1.234, 5.0]),
        ("1,234 5", {"delimiter": ";", "decimal": "."}, [1234, 5]),
    ],
)
def test_what_a_file_leaves_open_is_asked(
    database: SQLiteDatabase, tmp_path: Path, texts: str, flags: dict[str, str], values: list[Any]
) -> None:
    columns = {"x": texts.split(), "y": ["", ""]}
    delimiter = flags.pop("delimiter", ",")
    with pytest.raises(DatabaseError) as caught:
        load(database, tmp_path, columns, delimiter=delimiter)
    assert caught.value.code == "D0514" and f"x: is {columns['x'][0]} in line 2" in caught.value.message
    hint = caught.value.hint or ""
    assert ("--date-order dmy" in hint and "--date-order mdy" in hint) or (
        "--decimal comma" in hint and "--decimal point" in hint
    )
    assert not database.schema().stores
    asked: list[Question] = []

    def ask(question: Question) -> int:
        asked.append(question)
        return 0

    load(database, tmp_path, columns, delimiter=delimiter, ask=ask)
    assert len(asked) == 1 and len(asked[0].options) == 2
    load(database, tmp_path, columns, delimiter=delimiter, mode="replace", **flags)
    assert [row[0] for row in rows(database, "t")] == values


def test_a_column_that_reads_one_way_settles_the_others(database: SQLiteDatabase, tmp_path: Path) -> None:
    columns = {"a": ["01/02/2026", "03/04/2026"], "b": ["13/02/2026", ""], "c": ["1.234", "5.678"], "d": ["1,5", "2"]}
    a, _, c, _ = load(database, tmp_path, columns, delimiter=";").readings
    assert rows(database, "t")[0] == (D(2026, 2, 1), D(2026, 2, 13), 1234, 1.5)
    assert a.notes == ("01/02/2026 in line 2 is 2026-02-01, by 13/02/2026 in line 2 of `b`",)
    assert c.notes == ("1.234 in line 2 is 1234, by 1,5 in line 2 of `d`",)


def test_columns_that_contradict_each_other_settle_nothing(database: SQLiteDatabase, tmp_path: Path) -> None:
    columns = {"a": ["01/02/2026"], "b": ["13/02/2026"], "c": ["02/13/2026"]}
    with pytest.raises(DatabaseError, match="a: is 01/02/2026"):
        load(database, tmp_path, columns)


def test_forms_hold_over_batches(database: SQLiteDatabase, tmp_path: Path) -> None:
    many = 5000
    columns = {
        "plain then grouped": ["7"] * many + ["1,234"],
        "floats then money": ["7.25"] * many + ["€1"],
        "text at the end": ["7"] * many + ["?!"],
        "order at the end": ["01/02/2026"] * many + ["13/02/2026"],
        "iso then loose": ["2026-01-31"] * many + ["2026-2-1"],
        "decimals late": ["1.234"] * many + ["1.5"],
    }
    readings = load(database, tmp_path, columns).readings
    assert [str(each.field.type.not_null()) for each in readings] == ["int", "float", "text", "date", "date", "float"]
    assert f"line {many + 2}" in readings[3].notes[0] and f"line {many + 2}" in readings[2].notes[0]
    last = rows(database, "t")[-1]
    assert last == (1234, 1.0, "?!", D(2026, 2, 13), D(2026, 2, 1), 1.5)


def test_whole_numbers_that_may_be_moments_are_told_by_the_name(database: SQLiteDatabase, tmp_path: Path) -> None:
    columns = {"made_at": ["1700000000000"], "seen_ts": ["1700000000"], "n": ["1700000000"], "dep_time": ["517"]}
    notes = [reading.notes for reading in load(database, tmp_path, columns).readings]
    assert notes[0] == ("--types 'made_at=timestamp(epoch_ms)' reads them as moments",)
    assert notes[1] == ("--types 'seen_ts=timestamp(epoch_s)' reads them as moments",)
    assert notes[2:] == [(), ()]


def test_null_words_can_be_kept(database: SQLiteDatabase, tmp_path: Path) -> None:
    (reading,) = load(database, tmp_path, {"x": ["1", "NA", "3"]}, null_words=False).readings
    assert reading.field.type.name == "text" and '"NA" (line 3): --null NA' in reading.notes[0]


@pytest.mark.parametrize(
    ("type_", "texts", "values"),
    [
        ("date(DD.MM.YYYY)", ["01.02.2026", ""], [D(2026, 2, 1), None]),
        ("date(MM/DD/YYYY)", ["01/02/2026", ""], [D(2026, 1, 2), None]),
        ("date(YYYYMMDD)", ["20260201", ""], [D(2026, 2, 1), None]),
        ("timestamp(DD.MM.YYYY hh:mm)", ["01.02.2026 05:15", ""], [T(2026, 2, 1, 5, 15), None]),
        ("timestamp(epoch_ms)", ["1700000000500", ""], [T(2023, 11, 14, 22, 13, 20, 500000), None]),
        ("timestamp(epoch_s)", ["1700000000", ""], [T(2023, 11, 14, 22, 13, 20), None]),
        ("decimal(10,2;1.234,5)", ["1.234,50", "7"], [Decimal("1234.50"), Decimal("7.00")]),
        ("float(1.234,5)", ["1.234", "7"], [1234.0, 7.0]),
        ("int(1'234.5)", ["1'234", "7"], [1234, 7]),
    ],
)
def test_a_form_can_be_declared(
    database: SQLiteDatabase, tmp_path: Path, type_: str, texts: list[str], values: list[Any]
) -> None:
    load(database, tmp_path, {"x": texts, "y": ["a", "b"]}, types=parse_types(f"x={type_},y=text"))
    assert [row[0] for row in rows(database, "t")] == values


@pytest.mark.parametrize("type_", ["date(DD)", "date(1,234.5)", "float(DD.MM.YYYY)", "timestamp(epoch)", "int(x)"])
def test_a_form_that_there_is_not(database: SQLiteDatabase, tmp_path: Path, type_: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(database, tmp_path, {"x": ["1"]}, types={"x": type_})
    assert caught.value.code == "D0506"


def test_a_file_is_appended_by_the_form_that_gives_the_types_of_the_store(
    database: SQLiteDatabase, tmp_path: Path
) -> None:
    load(database, tmp_path, {"day": ["13/02/2026"], "n": ["1.5"]})
    load(database, tmp_path, {"day": ["14.02.2026"], "n": ["1,234"]}, mode="append")
    load(database, tmp_path, {"day": ["2026-02-15", "NA"], "n": ["NA", "2"]}, mode="append")
    assert rows(database, "t")[1:] == [(D(2026, 2, 14), 1234.0), (D(2026, 2, 15), None), (None, 2.0)]


@pytest.mark.parametrize(
    ("before", "added", "said"),
    [
        ("5 €", "6 $", "holds EUR, and .* has \\$"),
        ("5.5%", "6.5", "holds %, and .* has numbers without a unit"),
        ("5.5", "6.5%", "holds numbers without a unit, and .* has %"),
        ("£5.00", "7%", "holds GBP, and .* has %"),
    ],
)
def test_units_that_no_one_file_may_mix_are_not_mixed_by_appending(
    database: SQLiteDatabase, tmp_path: Path, before: str, added: str, said: str
) -> None:
    load(database, tmp_path, {"n": [before], "k": ["a"]})
    with pytest.raises(DatabaseError, match=said) as caught:
        load(database, tmp_path, {"n": [added], "k": ["b"]}, mode="append")
    assert caught.value.code == "D0507"
    load(database, tmp_path, {"n": [before, "NA"], "k": ["b", "c"]}, mode="append")
    load(database, tmp_path, {"n": ["", ""], "k": ["b", "c"]}, mode="append")  # no value, so no unit
    assert database.count_rows("t") == 5


def test_numbers_without_the_unit_of_the_store_are_told(database: SQLiteDatabase, tmp_path: Path) -> None:
    load(database, tmp_path, {"n": ["5 €"], "k": ["a"]})
    assert (
        "numbers without EUR are taken for EUR"
        in load(database, tmp_path, {"n": ["6"], "k": ["b"]}, mode="append").readings[0].notes
    )
    load(database, tmp_path, {"n": ["5.5"], "k": ["a"]}, mode="replace")
    notes = load(database, tmp_path, {"n": ["6 €"], "k": ["b"]}, mode="append").readings[0].notes
    assert "the numbers in the store have no unit, not EUR" in notes
    with pytest.raises(DatabaseError, match="holds EUR"):  # the appended unit is remembered
        load(database, tmp_path, {"n": ["6 $"], "k": ["b"]}, mode="append")


def test_what_a_file_leaves_open_is_read_by_the_form_that_the_store_remembers(
    database: SQLiteDatabase, tmp_path: Path
) -> None:
    load(database, tmp_path, {"day": ["13/02/2026"], "n": ["1,5"]}, delimiter=";")
    open_ = {"day": ["01/02/2026"], "n": ["1,234"]}
    day, n = load(database, tmp_path, open_, mode="append", delimiter=";").readings
    assert rows(database, "t") == [(D(2026, 2, 13), 1.5), (D(2026, 2, 1), 1.234)]
    assert day.notes == ("01/02/2026 in line 2 is 2026-02-01, as in the store",) and "as in the store" in n.notes[0]
    with pytest.raises(DatabaseError, match="day: is 01/02/2026"):
        load(database, tmp_path, open_, mode="replace", delimiter=";")
    load(database, tmp_path, {"day": ["02/13/2026"], "n": ["1,5"]}, mode="replace", delimiter=";")
    load(database, tmp_path, open_, mode="append", delimiter=";")
    assert rows(database, "t")[1] == (D(2026, 1, 2), 1.234)
    assert list(database.schema().stores) == ["t"]


def test_forms_are_found_by_their_names() -> None:
    assert [find_form(form.name) for form in FORMS] == list(FORMS)
    assert len({form.name for form in FORMS}) == len(FORMS)


def written(random_: random.Random) -> tuple[list[Any], list[str]]:
    """Values of one kind, and the same as a person of some country would write them."""
    kind = random_.randrange(3)
    values: list[Any]
    if kind == 0:
        group, point = random_.choice([(",", "."), (".", ","), (" ", ","), ("'", ".")])
        before, after = random_.choice([("", ""), ("€", ""), ("", " CHF"), ("$", "")])
        values = [Decimal(random_.randrange(-(10**7), 10**7)).scaleb(-2) for _ in range(8)]
        swap = str.maketrans({",": group, ".": point})
        return values, [f"{'-' * (each < 0)}{before}{abs(each):,.2f}".translate(swap) + after for each in values]
    form = random_.choice(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%d %B %Y", "%d/%m/%y"])
    values = [date(random_.randrange(1970, 2060), random_.randrange(1, 13), random_.randrange(1, 29)) for _ in range(8)]
    if kind == 1:
        return values, [each.strftime(form) for each in values]
    moments = [datetime(each.year, each.month, each.day, random_.randrange(24), 5, tzinfo=UTC) for each in values]
    return moments, [each.strftime(form + " %I:%M %p") for each in moments]


def test_values_written_in_a_random_form_come_back_or_a_question_is_asked(tmp_path: Path) -> None:
    """Never other values."""
    random_ = random.Random(14)
    asked = 0
    for number in range(150):
        database = SQLiteDatabase(tmp_path / f"{number}.db", name="main", create=True)
        values, texts = written(random_)
        try:
            load(database, tmp_path, {"x": texts})
        except SopError as error:
            assert error.code == "D0514"
            asked += 1
        else:
            found = [row[0] for row in rows(database, "t")]
            assert [Decimal(repr(each)) if isinstance(each, float) else each for each in found] == values, texts
        database.close()
    assert asked < 30

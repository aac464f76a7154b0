"""`sopvm db look`: what an import would do with a file, what the text of a store holds; and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

SALES = """Sales of 2026,,,,

Order ID,Customer,Order Date,Total,Discount
1,Ann,13/02/2026,"€1,200.50",12.5%
2,Bob,01/02/2026,€99.95,3%
3,,02/03/2026,€129.21,NA
Total,,,"€1,429.66",
"""
REPORT = """\
sales.csv: 3 rows
  Order ID    int
  Customer    text?          1 missing
  Order Date  date           day/month/year, by 13/02/2026 in line 4
  Total       decimal(12,2)  EUR is read as the unit
  Discount    float?         1 missing; 12.5% is 0.125; null: 1 NA
note: left out: 1 line above the header (--header 1 takes the first for it)
note: left out: 1 row of totals, line 7 (--totals keep)
"""


@pytest.fixture
def sales(project: Path) -> Path:
    path = project / "sales.csv"
    path.write_text(SALES, encoding="utf-8")
    return path


@pytest.mark.usefixtures("sales")
def test_a_file_is_looked_at_and_nothing_is_loaded(sopvm: Program, project: Path) -> None:
    done = sopvm("db", "look", "sales.csv", "--totals", "drop")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == REPORT
    assert not (project / ".sop").exists()
    asked = sopvm("db", "look", "sales.csv")
    assert asked.exit_code == 1 and "D0514" in asked.stderr and "--totals drop" in asked.stderr


@pytest.mark.usefixtures("sales")
def test_the_report_is_data_for_programs(sopvm: Program) -> None:
    done = sopvm("db", "import", "sales.csv", "--totals", "drop", "--report", "json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["store"], report["rows"], len(report["notes"])) == ("main.sales", 3, 2)
    total = report["columns"][3]
    assert (total["name"], total["type"], total["unit"], total["form"]) == ("Total", "decimal(12,2)", "EUR", "1,234.5")
    looked = json.loads(sopvm("db", "look", "sales.csv", "--totals", "drop", "--report", "json").stdout)
    assert looked == {**report, "store": None, "key": []}  # keys are looked for in what is loaded


def test_the_text_of_a_store_tells_why_it_is_text(sopvm: Program, project: Path) -> None:
    (project / "stock.csv").write_text("name,qty,day\na,10,13/02/2026\nb,9,x\nc,unknown,01/02/2026\nd,100,02/02/2026\n")
    assert sopvm("db", "import", "stock.csv").exit_code == 0
    done = sopvm("db", "look", "stock")
    assert 'qty   text  text, because of "unknown" (row 3): --null unknown' in done.stderr
    assert 'day   text  text, because of "x" (row 2)' in done.stderr
    assert sopvm("db", "look", "main.stock").stderr == done.stderr
    assert sopvm("db", "look", "nothing").exit_code == 1
    for text in ("Show the stock with the highest qty.", "Show the highest qty of the stock.",
                 "Show the stock sorted by qty.", "How many stock have a qty of more than 50?"):  # fmt: skip
        refused = sopvm("do", text, "--translator", "patterns")
        assert refused.exit_code != 0 and "sopvm db look main.stock" in refused.stderr, text
    assert sopvm("db", "import", "stock.csv", "--replace", "--null", "unknown").exit_code == 0
    done = sopvm("do", "Show the stock with the highest qty.", "--translator", "patterns")
    assert '"name":"d"' in done.stdout


def test_bad_lines_of_a_declared_type_are_answered_with_the_form_that_reads_them(sopvm: Program, project: Path) -> None:
    (project / "de.csv").write_text('Datum,Betrag,qty\n31.12.2026,"1.234,50",1\n01.01.2027,"7,00",2\n')
    done = sopvm("db", "import", "de.csv", "--types", "Datum=date,Betrag=decimal(10,2)")
    better = "--types 'Datum=date(DD.MM.YYYY),Betrag=decimal(10,2;1.234,5)'"
    assert done.exit_code == 1 and f"try: {better}\n" in done.stderr
    right = sopvm("db", "import", "de.csv", "--types", "Datum=date(DD.MM.YYYY),Betrag=decimal(10,2;1.234,5)")
    assert right.exit_code == 0, right.stderr
    (project / "us.csv").write_text("day,n\n01/02/2026,1\n02/03/2026,x\n")
    done = sopvm("db", "import", "us.csv", "--types", "day=date")
    assert "'day=date(DD/MM/YYYY)'" in done.stderr and "'day=date(MM/DD/YYYY)'" in done.stderr
    (project / "q.csv").write_text("name,qty\na,1\nb,unknown\nc,3\n")
    done = sopvm("db", "import", "q.csv", "--types", "qty=int")
    assert "try: --null unknown; --skip-bad leaves them out" in done.stderr


def test_what_a_store_remembers_goes_with_its_name(sopvm: Program, project: Path) -> None:
    (project / "days.csv").write_text("day,n\n13/02/2026,1\n")
    (project / "more.csv").write_text("day,n\n01/02/2026,2\n")
    assert sopvm("db", "import", "days.csv").exit_code == 0
    assert sopvm("db", "rename", "days", "kept").exit_code == 0
    done = sopvm("db", "import", "more.csv", "--store", "kept", "--append")
    assert done.exit_code == 0 and "is 2026-02-01, as in the store" in done.stderr
    assert sopvm("db", "rm", "kept", "--yes").exit_code == 0
    (project / "plain.csv").write_text("day,n\n2026-02-13,1\n")
    assert sopvm("db", "import", "plain.csv", "--store", "kept").exit_code == 0
    assert "D0514" in sopvm("db", "import", "more.csv", "--store", "kept", "--append").stderr
    assert sopvm("db", "ls", "-f", "csv").stdout.count("sop_") == 0


@pytest.mark.parametrize(
    ("text", "sentence", "answer"),
    [
        ('id,Total\n1,"129,219.00"\n2,99.95\n', "Show the sales with the highest total.", '"Total":129219'),
        ("id,dep_delay\n1,NA\n2,436\n3,7\n", "Show the highest dep_delay of the sales.", "436"),
        ("region,amount\nNorth,5\nSouth,7\nTotal,12\n", "Show the total amount of the tot.", "12"),
        ("id,day\n1,01/03/2026\n2,02/01/2026\n3,13/01/2026\n", "Show the sales sorted by day.", '"day":"2026-01-02"'),
    ],
)
def test_sentences_over_files_as_people_have_them(
    sopvm: Program, project: Path, text: str, sentence: str, answer: str
) -> None:
    (project / "sales.csv").write_text(text)
    store = "tot" if "tot." in sentence else "sales"
    assert sopvm("db", "import", "sales.csv", "--totals", "drop", "--store", store).exit_code == 0
    done = sopvm("do", sentence, "--translator", "patterns")
    assert done.exit_code == 0, done.stderr
    record = next(line for line in done.stdout.splitlines() if '"type":"record"' in line)
    assert answer in record

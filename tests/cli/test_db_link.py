"""`sopvm db link` and `unlink`, and the keys and references that imports find: used by English, shown by schemas."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from runtime import connect_to_load
from runtime.config import Config
from runtime.console import ask_links
from runtime.files import Question, import_file
from tests.cli.conftest import Program

CUSTOMERS = "Cust No,Name,City\nC001,Ada Ltd,Oslo\nC002,Bolt SA,Bergen\n"
ORDERS = 'Order ID,Cust No,Amount\n1001,C001,"€1,200.00"\n1002,C002,€99.95\n1003,C001,€10.00\n1004,C009,€5.00\n'


@pytest.fixture
def shop(sopvm: Program, project: Path) -> Path:
    """Orders of customers; one of them is of a customer that is not there."""
    (project / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (project / "orders.csv").write_text(ORDERS, encoding="utf-8")
    for name in ("customers", "orders"):
        assert sopvm("db", "import", f"{name}.csv").exit_code == 0
    return project


def fields(sopc: Program) -> dict[str, tuple[str, str, str]]:
    done = sopc("schema", "main", "-f", "records")
    assert done.exit_code == 0, done.stderr
    rows = map(json.loads, done.stdout.splitlines())
    return {f"{row['store']}.{row['field']}": (row["key"], row["references"], row["notes"]) for row in rows}


def answer(sopvm: Program, sentence: str) -> list[Any]:
    done = sopvm("do", sentence, "-f", "records")
    assert done.exit_code == 0, done.stderr
    return [tuple(json.loads(line).values()) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("shop")
def test_what_is_not_sure_is_used_once_a_person_says_so(sopvm: Program, sopc: Program) -> None:
    before = fields(sopc)
    assert before["orders.Order ID"][0] == before["customers.Cust No"][0] == "key*"
    assert before["orders.Cust No"][1] == "" and before["orders.Amount"][2] == "in EUR"
    (way,) = (  # if it is: sopvm db link {} --references {}
        line.removeprefix("if it is: sopvm ")
        for line in sopvm("db", "import", "orders.csv", "--replace").stderr.splitlines()
        if line.startswith("if it is: ")
    )
    done = sopvm(*shlex.split(way))
    assert (done.exit_code, done.stderr) == (0, "orders.Cust No → customers.Cust No 2 of 3 found\n")
    assert fields(sopc)["orders.Cust No"] == ("", "customers.Cust No*", "")
    rows = answer(sopvm, "Show the orders with the name of the customer.")
    assert [row[-1] for row in rows] == ["Ada Ltd", "Bolt SA", "Ada Ltd", None]
    assert sopvm("db", "unlink", "orders", "Cust No").exit_code == 0
    assert fields(sopc)["orders.Cust No"] == ("", "", "")
    assert sopvm("do", "Show the orders with the name of the customer.").exit_code == 1


def test_a_reference_is_not_used_once_rows_share_what_it_refers_to(sopvm: Program, shop: Path) -> None:
    assert sopvm("db", "link", "orders", "--references", "Cust No=customers.Cust No").exit_code == 0
    assert len(answer(sopvm, "Show the orders with the name of the customer.")) == 4
    (shop / "more.csv").write_text(CUSTOMERS, encoding="utf-8")
    assert sopvm("db", "import", "more.csv", "--store", "customers", "--append").exit_code == 0
    assert sopvm("do", "Show the orders with the name of the customer.").exit_code == 1


@pytest.mark.usefixtures("shop")
def test_links_are_found_in_stores_that_are_there(sopvm: Program, sopc: Program) -> None:
    assert sopvm("db", "link", "main.orders").stderr.splitlines() == [
        "main.orders: key Order ID",
        "orders.Cust No → customers.Cust No? 2 of 3 found",
        "if it is: sopvm db link orders --references 'Cust No=customers.Cust No'",
    ]
    assert sopvm("db", "link", "customers", "--key", "Cust No, Name").exit_code == 0
    assert fields(sopc)["customers.Name"][0] == "key*"


@pytest.mark.usefixtures("shop")
def test_options_that_do_not_fit_change_nothing(sopvm: Program, sopc: Program) -> None:
    before = fields(sopc)
    for option, value, hint in (
        ("--references", "Cust No", '--references "cust_no=customers.cust_no"'),
        ("--references", "Order ID=customers.Cust No", "import orders anew as text: --replace --types 'Order ID=text'"),
        ("--references", "Cust No=customers.Nope", "the fields of customers are Cust No, Name"),
        ("--references", "Cust No=nobody.nr", "the stores are "),
        ("--key", "Cust No", "whose values no two rows share"),
        ("--key", "nr", "Order ID, Cust No, Amount"),
    ):
        done = sopvm("db", "link", "orders", option, value)
        assert done.exit_code == 2 and "D0506" in done.stderr and hint in done.stderr
    assert sopvm("db", "unlink", "orders", "nr").exit_code == 2
    assert fields(sopc) == before


def test_types_of_both_sides_are_read_alike(sopvm: Program, sopc: Program, project: Path) -> None:
    (project / "customers.csv").write_text("nr,name\n007,Ann\n008,Bo\n", encoding="utf-8")
    (project / "orders.csv").write_text("id,customer\n1,7\n2,8\n", encoding="utf-8")
    link = ("db", "import", "orders.csv", "--references", "customer=customers.nr")
    assert sopvm("db", "import", "customers.csv").exit_code == 0
    hint = "import {} anew as text: --replace --types {}"
    assert hint.format("orders", "customer=text") in sopvm(*link).stderr
    assert sopvm("db", "import", "customers.csv", "--replace", "--types", "nr=int").exit_code == 0
    assert sopvm(*link).exit_code == 0
    assert fields(sopc)["orders.customer"][1] == "customers.nr*"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("chosen", [0, 1])
def test_a_person_is_asked_about_what_is_not_sure(project: Path, chosen: int) -> None:
    asked: list[Question] = []

    def ask(question: Question) -> int:
        asked.append(question)
        return chosen

    path = project / "orders.csv"
    target = connect_to_load(Config.load(cwd=project), "main", path, "orders.csv")
    with target as database:
        loaded = import_file(database, path, mode="replace")
        ask_links(database, ask, [loaded])
        again = import_file(database, path, mode="replace")
        note = database.schema().stores["orders"].note("Cust No")
    (question,) = asked
    assert question.text == "orders.Cust No → customers.Cust No? 2 of 3 found"
    # the options are "--references {}" and "sopvm db unlink {} {}"
    assert [option.flag for option in question.options] == [
        "--references 'Cust No=customers.Cust No'",
        "sopvm db unlink orders 'Cust No'",
    ]
    assert (note.said, note.other_store) == (True, "" if chosen else "customers")
    assert not [link for link in again.links.links if not link.is_sure]


def test_sop_toml_says_it_of_stores_that_can_only_be_read(sopvm: Program, sopc: Program, project: Path) -> None:
    folder = project / "files"
    folder.mkdir()
    (folder / "people.csv").write_text("nr,name\n7,Ann\n8,Bo\n", encoding="utf-8")
    (folder / "loans.csv").write_text("n,holder\n1,7\n2,8\n3,7\n", encoding="utf-8")
    text = '[databases]\ndata = "files:///files"\n[stores.people]\nkey = ["nr"]\n'
    settings = project / "sop.toml"
    settings.write_text(f'{text}[stores."data.loans"]\nreferences = ["holder=people.nr"]\n', encoding="utf-8")
    done = sopc("schema", "data", "-f", "records")
    found = {row["field"]: (row["key"], row["references"]) for row in map(json.loads, done.stdout.splitlines())}
    assert found["nr"] == ("key*", "") and found["holder"] == ("", "people.nr*")
    rows = answer(sopvm, "Show the loans with the name of the holder.")
    assert [row[-1] for row in rows] == ["Ann", "Bo", "Ann"]


def test_what_sop_toml_says_of_stores_and_fields_that_are_not_there_is_told(
    sopvm: Program, sopc: Program, project: Path
) -> None:
    (project / "people.csv").write_text("nr,name\n7,Ann\n8,Bo\n", encoding="utf-8")
    (project / "all.sop").write_text("script all_people()\n  emit from people\nend\n", encoding="utf-8")
    text = '[stores.people]\nkey = ["holder"]\n[stores.nobody]\nkey = ["a"]\n[stores."main.x"]\nreferences = "a=b.c"\n'
    settings = (project / "sop.toml").read_text(encoding="utf-8")
    assert sopvm("db", "import", "people.csv").exit_code == 0
    (project / "sop.toml").write_text(settings + text, encoding="utf-8")
    told = [
        "[stores.people] of sop.toml: `people` has no field `holder`",
        "[stores.nobody] of sop.toml speaks of a store that is not there",
        "[stores.main.x] of sop.toml speaks of a store that is not there",
    ]
    for program, *words in (
        *((sopc, "schema"), (sopvm, "db", "query", "from people"), (sopc, "compile", "--yes", "all.sop")),
        *((sopvm, "do", "How many people are there?"), (sopvm, "db", "import", "people.csv", "--replace")),
    ):
        done = program(*words)  # the import and the program of `main` do not know what else `nobody` may be in
        assert done.exit_code == 0, done.stderr
        counts = [done.stderr.count(each) for each in told]
        assert counts[::2] == [1, 1] and counts[1] == (words[0] not in ("compile", "db") or words[1] == "query"), words
    done = sopc("doctor", "-f", "records")
    wrong = [row for row in map(json.loads, done.stdout.splitlines()) if row["name"] == "stores"]
    assert [row["found"].removeprefix("C0202: ") for row in wrong] == told


@pytest.mark.parametrize(
    ("name", "rows", "mode", "told"),
    [
        ("orders", "order_no,cust_no\n10,2\n13,9\n", "--append", [
            "  cust_no   int  → customers.cust_no 2 of 3 found",
            "note: `orders.order_no` tells no rows apart: 2 have 10; it was the key, so joins do not rely on it",
        ]),
        ("customers", "cust_no,name\n1,Ann\n1,Bo\n", "--replace", [
            "note: `customers.cust_no` tells no rows apart: 2 have 1; it was the key, so joins do not rely on it",
            "note: orders.cust_no → customers.cust_no 1 of 2 found",
        ]),
        ("customers", "nr,name\n1,Ann\n", "--replace", [
            "note: `orders.cust_no` refers to `customers.cust_no`, which is there no more",
            "note: `customers` has no field `cust_no`; it was the key, so joins do not rely on it",
        ]),
        ("customers", "cust_no,name\n3,Cy\n", "--append", []),
    ],
)  # fmt: skip
def test_an_import_tells_which_key_and_references_it_makes_untrue(
    sopvm: Program, project: Path, name: str, rows: str, mode: str, told: list[str]
) -> None:
    (project / "customers.csv").write_text("cust_no,name\n1,Ann\n2,Bo\n", encoding="utf-8")
    (project / "orders.csv").write_text("order_no,cust_no\n10,1\n11,2\n12,1\n", encoding="utf-8")
    for store in ("customers", "orders"):
        assert sopvm("db", "import", f"{store}.csv").exit_code == 0
    (project / "new.csv").write_text(rows, encoding="utf-8")
    done = sopvm("db", "import", "new.csv", "--store", name, mode)
    assert done.exit_code == 0
    assert [line for line in done.stderr.splitlines() if "note:" in line or "found" in line] == told


def test_the_sentence_to_try_does_not_take_two_rows_of_one_name_for_one(sopvm: Program, project: Path) -> None:
    staff = "emp_id,name,salary\n1,Ann,$5\n2,Ann,$6\n3,Ben,$7\n"
    (project / "staff.csv").write_text(staff, encoding="utf-8")
    assert "try: sopvm do 'How many staff are there?'" in sopvm("db", "import", "staff.csv").stderr
    (project / "crew.csv").write_text(staff.replace("name", "name,team").replace("n,$", "n,x,$"), encoding="utf-8")
    told = sopvm("db", "import", "crew.csv").stderr
    assert "try: sopvm do 'Show the total salary of the crew per team.'" in told

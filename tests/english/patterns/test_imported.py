"""An imported CSV file, asked about in English: keys and references are inferred from names and data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.files.load import import_file
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source
from sopc.workflow import translation
from tests.sandbox import Sandbox

ORDERS = """id,customer,total,ordered on,external id
1,Ann,120.50,2026-01-05,9
2,Ben,80.00,2026-01-06,8
3,Cid,310.25,2026-02-01,7
"""
TICKETS = """id,band name,seat,price,select
1,"Cid; drop table tickets",A1,10,{x}
2,"Bob ""the brace"" {x}",A2,20,
3,O'Neil,A3,30,yes
"""
BANDS = "id,name,genre,signed\n1,O'Neil,jazz,true\n2,Nobody,folk,false\n"
TWICE = "id,name\n1,O'Neil\n1,O'Neil\n"


class Workspace:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = Sandbox(folder, {"main": "sqlite:///main.db"})

    def load(self, name: str, text: str) -> None:
        (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")
        database = SQLiteDatabase(self.folder / "main.db", name="main", create=True)
        try:
            import_file(database, self.folder / f"{name}.csv")
        finally:
            database.close()

    def draft(self, english: str) -> str:
        with Context(self.sandbox.config, self.sandbox.library) as context:
            return translation.draft(Source("asked.txt", english), context, "patterns").sop_text

    def ask(self, english: str, **args: str) -> list[Any]:
        self.sandbox.compile(self.draft(english), "asked.sop")
        ran = self.sandbox.run("asked", args)
        assert ran.exit_code == 0, ran.lines
        return [line["result"] for line in ran.lines if line["type"] in ("record", "say")]

    def refused(self, english: str) -> Diagnostic:
        with pytest.raises(CompileError) as error:
            self.draft(english)
        return error.value.diagnostics[0]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(tmp_path)
    yield made
    made.sandbox.library.close()


@pytest.mark.parametrize(
    ("english", "records"),
    [
        (
            "Show the customer and total of the orders whose total is above 100, highest total first.",
            [{"customer": "Cid", "total": 310.25}, {"customer": "Ann", "total": 120.5}],
        ),
        ("Show the total of Ben.", [{"total": 80.0}]),
        ("Show the total of the orders above 300.", [{"total": 310.25}]),
        ("Show the highest total.", [{"highest_total": 310.25}]),
        (
            "Show the total per customer, highest total first.",
            [{"customer": name, "total": total} for name, total in (("Cid", 310.25), ("Ann", 120.5), ("Ben", 80.0))],
        ),
        ("Show the customer of the two highest orders.", [{"customer": "Cid"}, {"customer": "Ann"}]),
    ],
)  # fmt: skip
def test_a_field_called_total_is_that_field(english: str, records: list[Any], workspace: Workspace) -> None:
    workspace.load("orders", ORDERS)
    assert workspace.ask(english) == records


def test_values_and_names_of_any_characters(workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    assert workspace.ask('Show the seat of the tickets of the band named "Cid; drop table tickets".') == [
        {"seat": "A1"}
    ]
    assert workspace.ask('Show the seat of the tickets whose band is "Bob \\"the brace\\" {x}".') == [{"seat": "A2"}]
    assert workspace.ask('Show the select and seat of the tickets whose select is "{x}".') == [
        {"select": "{x}", "seat": "A1"}
    ]
    assert workspace.ask('For each ticket above 10, say "{{{seat}}} {its `band name`}: {select}".') == [
        '{A2} Bob "the brace" {x}: null',
        "{A3} O'Neil: yes",
    ]


@pytest.mark.parametrize("text", ["a { b", "a } b", "{oops}", "{}", "{seat"])
def test_a_brace_without_meaning_says_how_braces_are_written(text: str, workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    found = workspace.refused(f'For each ticket, say "{text}".')
    assert found.code == "T0202"
    assert "plain brace is {{" in (found.hint or "")


def test_references_are_told_by_names_and_values(workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    workspace.load("bands", BANDS)
    assert workspace.ask("Show the seat of the tickets of jazz bands.") == [{"seat": "A3"}]
    assert workspace.ask("Show the name of the bands without tickets.") == [{"name": "Nobody"}]
    assert workspace.ask("Show the name of the unsigned bands.") == [{"name": "Nobody"}]
    assert workspace.ask("Show the seat of the tickets of signed bands.") == [{"seat": "A3"}]


def test_what_two_rows_share_is_no_key(workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    workspace.load("bands", TWICE)
    assert workspace.refused("Show the bands without tickets.").code == "T0202"
    assert workspace.refused("For each band, delete it.").code == "T0202"


def test_parameters_that_are_given_first(workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    english = "Given a seat, show the price of the tickets of that seat."
    assert workspace.ask(english, seat="A2") == [{"price": 20}]
    assert workspace.ask("Show the price of the tickets of a given seat.", seat="A3") == [{"price": 30}]


def test_shows_of_two_shapes(workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    assert workspace.ask("Show the seat of the tickets above 20. Show the number of tickets.") == [
        {"seat": "A3"},
        {"count": 3},
    ]


@pytest.mark.parametrize(
    ("english", "readings"),
    [
        ("Show the seats.", ("select seat", "select seat distinct")),
        ("Show the total tickets.", ("count()", "sum(price)")),
    ],
)
def test_what_may_mean_two_things_is_asked(english: str, readings: tuple[str, ...], workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    found = workspace.refused(english)
    assert found.code == "T0203"
    assert all(reading in (found.hint or "") for reading in readings)


@pytest.mark.parametrize(
    ("english", "nearest"),
    [
        ("Show the shiny tickets whose price is above 20.", "show the price of the tickets whose price is above 20"),
        ("Wipe the tickets of O'Neil.", """delete the tickets whose band name is "O'Neil\""""),
        ("Print the seat and price of nice tickets.", "show the seat and price of the tickets"),
        ("How many lovely tickets are there?", "show the number of tickets"),
        (
            "Show the nice tickets whose price is not above 20.",
            "show the price of the tickets whose price is at most 20",
        ),
    ],
)
def test_the_nearest_form_is_like_the_sentence_and_readable(english: str, nearest: str, workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    hint = workspace.refused(english).hint or ""
    assert f"nearest form: {nearest};" in hint
    workspace.draft(nearest)


@pytest.mark.parametrize(
    "english",
    [
        "Show the shiniest tickets above 20.",  # which field 20 is of is not said
        "Update the price of tickets, please.",  # to what is not said
        "For every ticket shout its seat.",
        "If tickets run out, say so.",
        "Create a ticket, its seat is B1.",
        "Delete the nice tickets of O'Neil.",  # those of O'Neil may be more than the nice ones
        "Show the nice tickets without a price above 20.",  # a denial is kept, or there is no form
    ],
)
def test_no_form_is_proposed_that_says_less_or_more(english: str, workspace: Workspace) -> None:
    workspace.load("tickets", TICKETS)
    assert "nearest form" not in (workspace.refused(english).hint or "")


def test_a_name_is_said_without_the_unit_in_brackets_behind_it(workspace: Workspace) -> None:
    workspace.load("customers", "Cust No,Name\nC1,Ada\nC2,Bo\n")
    workspace.load("orders", "Order ID,Cust No,Amount (EUR)\n1,C1,60\n2,C2,80.5\n3,C1,15\n")
    workspace.load("sales", "n,Price (EUR),Price (USD)\n1,2,3\n")
    assert [row["Order ID"] for row in workspace.ask("Show the orders with an amount above 50.")] == [1, 2]
    totals = workspace.ask("Show the total amount per customer name.")
    assert sorted(tuple(row.values()) for row in totals) == [("Ada", 75.0), ("Bo", 80.5)]
    workspace.refused("Show the total price of the sales.")


AUTHORS = "author_id,name,country\n1,Ida,Norway\n2,Jon,Norway\n3,Kim,Peru\n"
BOOKS = """book_id,author_id,title,pages,genre
10,1,Fjord,200,crime
11,1,Fjell,300,crime
12,3,Sol,100,poetry
13,2,Ny,50,crime
14,,Blank,50,poetry
"""
LIBRARY: dict[str, list[Any]] = {  # an author of two books is one author; nobody's book is not by Ida
    "How many authors are there per genre of their books?": [["crime", 2], ["poetry", 1]],
    "Which genre has the most authors?": [["crime"]],
    "How many books are there per country of the author?": [["Norway", 3], ["Peru", 1]],
    "How many books are not by Ida?": [[3]],
    "Which books have no author?": [[14, None, "Blank", 50, "poetry"]],
}


@pytest.mark.parametrize("english", LIBRARY)
def test_rows_count_once_and_those_without_a_partner_count(english: str, workspace: Workspace) -> None:
    workspace.load("authors", AUTHORS)
    workspace.load("books", BOOKS)
    assert sorted(list(row.values()) for row in workspace.ask(english)) == LIBRARY[english]


def test_a_row_that_refers_to_what_is_not_there_has_no_partner(workspace: Workspace) -> None:
    workspace.load("customers", "id,name\n1,Ann\n2,Ben\n3,Cid\n")
    workspace.load("orders", "id,customer_id,total\n1,1,10\n2,9,20\n3,,30\n4,2,40\n")
    assert [row["id"] for row in workspace.ask("Show the orders without a customer.")] == [2, 3]
    assert [row["id"] for row in workspace.ask("Show the orders with a customer.")] == [1, 4]


def test_rows_with_a_field_are_shown_with_what_they_are_called(workspace: Workspace) -> None:
    workspace.load("parts", "part_id,part_name,price\n1,Bolt,3\n2,Nut,2\n3,Saw,9\n")
    shown = workspace.ask("Give me the two cheapest parts with their prices.")
    assert [list(row.values()) for row in shown] == [["Nut", 2], ["Bolt", 3]]

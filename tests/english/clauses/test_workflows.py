"""Plain workflows over four schemas are read clause by clause: what runs right, what is asked, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks.english.cases import Case, read_set
from benchmarks.english.translators import translator
from benchmarks.english.trial import Outcome, Workspace, judge
from sopc.context import Context
from sopc.demo import make_demo
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.workflow import translation
from tests.commands import Place

HERE = Path(__file__).parent
# What is not read yet, and how far it comes: the rest is right, and nothing may be wrong.
NOT_YET = {
    "practice/2": "asked",  # "Cancel all of them.", where no visit is cancelled yet
    "practice/3": "refused",  # "costs 25 more"
    "fleet/4": "refused",  # "drove more than 200 km in one trip"
    "library/4": "refused",  # "the genre with the most loans"
    "library/5": "refused",  # "the members with fines"
}


@cache
def cases() -> dict[str, Case]:
    return {case.name: case for case in read_set(str(HERE))}


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Workspace]]:
    made = {case.schema.name: case.schema for case in cases().values()}
    opened = {name: Workspace(tmp_path_factory.mktemp(name) / "data", schema) for name, schema in made.items()}
    yield opened
    for workspace in opened.values():
        workspace.sandbox.library.close()


@pytest.mark.parametrize("name", sorted(cases()))
def test_a_plain_workflow_does_what_it_says(name: str, workspaces: dict[str, Workspace]) -> None:
    case = cases()[name]
    outcome: Outcome = judge(case, workspaces[case.schema.name], translator("patterns", {}))
    assert outcome.verdict == NOT_YET.get(name, "right"), outcome.why


def program(workspace: Workspace, english: str) -> str:
    """The steps that some sentences are read as, without the script's head."""
    with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
        text = translation.draft(Source("asked.txt", english), context, "patterns").sop_text
    lines = text[text.index("script asked") :].splitlines()[1:-1]
    return " ".join(line.strip() for line in lines if line.strip())


@pytest.mark.parametrize(
    ("english", "question", "answer", "steps"),
    [
        (
            "Show me high-salary employees in Engineering",
            "from which salary is it high?",
            "150000",
            'emit from employees where department = "Engineering" and salary >= 150000',
        ),
        (
            "Check the inventory levels, and if any item is below 10 units, create a reorder request.",
            "what are the quantity, the requested on and the status of the new reorders?",
            'quantity 20, requested today and status "open"',
            "for each item in from items where quantity < 10 do",
        ),
    ],
)
def test_what_only_the_author_can_say_is_asked(
    english: str, question: str, answer: str, steps: str, tmp_path: Path
) -> None:
    make_demo(tmp_path)
    place = Place(tmp_path)
    (tmp_path / "asked.txt").write_text(english, encoding="utf-8")
    compile_ = ("sopc", "compile", "--yes", "--translator", "patterns", "asked.txt")
    asked = place.run(*compile_)
    assert asked.exit_code == 3
    assert question in asked.text
    told = place.run(*compile_, "--answer", f"1={answer}")
    assert told.exit_code == 0, told.stderr
    assert steps in (tmp_path / "asked.sop").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("english", "answer", "told", "hint"),
    [
        (
            "Show me high-salary employees in Engineering",
            "frobnicate",
            '"frobnicate" does not answer "from which salary is it high?"',
            "answer with a number, such as 100",
        ),
        (
            "If any item is below 10 units, create a reorder request.",
            "50",
            '"50" does not answer "what are the quantity, the requested on and the status of the new reorders?"',
            "answer with quantity …, requested on … and status …",
        ),
        (
            "If any item is below 10 units, create a reorder request.",
            "quantity 50",
            '"quantity 50" does not answer',
            "answer with quantity …, requested on … and status …",
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_told(english: str, answer: str, told: str, hint: str, tmp_path: Path) -> None:
    make_demo(tmp_path)
    (tmp_path / "asked.txt").write_text(english, encoding="utf-8")
    ran = Place(tmp_path).run("sopc", "compile", "--translator", "patterns", "asked.txt", "--answer", f"1={answer}")
    assert ran.exit_code == 1
    assert told in ran.stderr and hint in ran.stderr
    assert not (tmp_path / "asked.sop").exists()


@pytest.mark.parametrize(
    ("listed", "head"),
    [
        ("product and amount", "product: text, amount: int"),
        ("a product and an amount", "product: text, amount: int"),
        ("product, a text, and amount, 5 by default", "product: text, amount: int = 5"),
    ],
)
def test_parameters_are_listed_with_what_they_are(listed: str, head: str, workspaces: dict[str, Workspace]) -> None:
    workspace = workspaces["shop"]
    english = f"The parameters are {listed}.\nAdd the amount to the stock of that product."
    with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
        text = translation.draft(Source("asked.txt", english), context, "patterns").sop_text
    assert f"({head})" in text


def test_a_refusal_shows_what_is_read(workspaces: dict[str, Workspace]) -> None:
    english = "Find the new orders.\nFrobnicate them.\nThe status of those orders becomes paid."
    with pytest.raises(CompileError) as refused:
        program(workspaces["shop"], english)
    (finding,) = refused.value.diagnostics
    assert finding.sentence == 2
    assert finding.lines == (
        "2 of 3 sentences read; 2 is not. Read:",
        '  @3 update orders where status = "new" set status = "paid"',
    )


READ = [
    ("fleet", "Mark the repair with the id 1 as done.", "@1 update repairs where id = 1 set done = true"),
    ("fleet", "The cost of all repairs goes up by 5 %.", "@1 update repairs set cost = round(cost * 1.05, 2)"),
    ("fleet", "The points of every driver are halved.", None),
    ("fleet", "The points of every driver are doubled.", "@1 update drivers set points = points * 2"),
    ("fleet", "The vehicles in the depot North become ready.",
     '@1 update vehicles where depot_id in (from depots where name = "North" select depots.id) set status = "ready"'),
    ("library", "Unblock all members.", "@1 update members set blocked = false"),
    ("library", "Delete every loan. Show the number of loans that are left.",
     "@1 delete from loans @2 emit from loans select count() as count"),
    ("shop", "The status of every new order is set to paid.",
     '@1 update orders where status = "new" set status = "paid"'),
    ("shop", "The tier of the customers in Oslo becomes gold.",
     '@1 update customers where city = "Oslo" set tier = "gold"'),
    ("shop", "Customers who have no orders are deactivated.",
     "@1 update customers where not exists(from orders where customer_id = customers.id) set active = false"),
    ("shop", "Orders whose total is above 100 get the status priority.",
     '@1 update orders where total > 100 set status = "priority"'),
    ("practice", "Each patient without a phone gets a letter with the message \"Phone?\".",
     "@1 for each patient in from patients where phone is null do "
     'insert into letters { patient_id: patient.id, message: "Phone?" } end'),
    ("practice", "For each patient, count the visits.\nIf the number is 0, say \"{name} was never here\".",
     "@1 for each patient in from patients do let number = count(from visits where patient_id = patient.id) "
     '@2 if number = 0 then say "{patient.name} was never here" end end'),
    ("library", "For each loan that is not returned, say \"{title} is with {name}\".",
     "@1 for each loan in from loans where returned is null do "
     "let title = (from books where id = loan.book_id select books.title) "
     "let name = (from members where id = loan.member_id select members.name) "
     'say "{title} is with {name}" end'),
    ("library", "Find the blocked members.\nDelete their loans.\nUnblock them.",
     "@1 query found_1 = from members where blocked "
     "@2 delete from loans where member_id in (from found_1 select found_1.id) "
     "@3 update members where blocked set blocked = false"),
    ("fleet", "Send all vehicles of the depot North to the depot South.",
     '@1 let depot = one(from depots where name = "South") @1 update vehicles '
     'where depot_id in (from depots where name = "North" select depots.id) set depot_id = depot.id'),
    ("fleet", "Drivers with more than 10 points lose 2 points.",
     "@1 update drivers where points > 10 set points = points - 2"),
    ("fleet", "Find the vehicles with a mileage above 100000.\nSet their status to sold.\n"
     "The status of the others becomes ready.",
     "@1 query found_1 = from vehicles where mileage > 100000 "
     '@2 update vehicles where mileage > 100000 set status = "sold" '
     '@3 update vehicles where id not in (from found_1 select found_1.id) set status = "ready"'),
    ("shop", "Delete the order.", None),
    ("shop", "Set the price of the product to 5.", None),
    ("shop", "Cancel the order.", None),
    ("shop", "They are shipped.", None),
    ("shop", "The status of the others becomes paid.", None),
    ("shop", "If there is no such product, say \"none\".", None),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "english", "steps"), READ)
def test_a_clause_is_read_or_refused(
    schema: str, english: str, steps: str | None, workspaces: dict[str, Workspace]
) -> None:
    if steps is not None:
        assert program(workspaces[schema], english) == steps
        return
    with pytest.raises(CompileError):
        program(workspaces[schema], english)

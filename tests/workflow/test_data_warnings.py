"""What the data make of a program is told, whoever wrote the program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.config import Config
from runtime.library.store import Library
from sopc.context import Context
from sopc.source import Source
from sopc.workflow.prepared import NOWHERE, Options
from sopc.workflow.sources import prepare
from tests.commands import Place
from tests.english.patterns.workspace import make
from tests.sandbox import Sandbox

SCHEMAS = {
    "orders": """
        create table clients (id integer primary key, name text not null);
        create table orders (id integer primary key, client_id integer not null references clients (id), status text,
                             cost text, total integer not null, note text);
        insert into clients values (1, 'Ann'), (2, 'Ben'), (3, 'Ann');
        insert into orders values (1, 1, 'no_show', '1,250.00', 5, null), (2, 1, 'Paid', '99.00', 9, null),
                                  (3, 2, 'PAID', 'NA', 9, null), (4, 2, 'open', '12.50', 1, null);
    """,
}
SCHEMAS["screenings"] = (
    SCHEMAS["orders"].replace("client", "film").replace("orders", "screenings").replace("status", "state")
)
MISSING = 'no row of orders has the status "no-show"; nearest: "no_show"'
TIE = "other rows tie with the first one, and one of them is taken; the plural takes them all"
NAMESAKES = '2 rows of clients have the name "Ann", and one figure is made of them all'
COST = "cost holds numbers as text, which is ranked by its letters: store them as what they are"

PROGRAMS = {
    'emit from orders where status = "no_show"': [],
    'emit from orders where status = "no-show"': [MISSING],
    'emit from orders where "no-show" != status': [MISSING],
    'emit from orders where status in ("open", "no-show")': [MISSING],
    'emit from orders derive shown = status where shown = "no-show"': [MISSING],
    'emit from clients where exists(from orders where client_id = clients.id and status = "no-show")': [MISSING],
    'emit from clients join orders on client_id = clients.id where status = "no-show" select name': [MISSING],
    'update orders where status = "no-show" set total = 1': [MISSING],
    'delete from orders where status = "no-show"': [MISSING],
    'for each one in from orders do if one.status = "no-show" then say "x" end end': [MISSING],
    'emit from orders where status = "no-show" select count() as n': [MISSING],
    'emit from orders where note = "x"': [],  # the field is empty: nothing can be told
    'update orders where id = 1 set status = "shut" emit from orders where status = "shut"': [],
    'emit from orders where status = "zzzz"': ['no row of orders has the status "zzzz"'],
    'emit from orders where status = "PAID"': ['status holds "PAID" and "Paid", and only "PAID" is meant'],
    'emit from orders where status in ("PAID", "Paid")': ['status holds "PAID" and "Paid", and all of these are meant'],
    "emit from orders order by total desc limit 1": [TIE],
    "let best = first(from orders order by total desc) say best.status": [],  # asks for one, whichever
    "emit from orders order by total desc limit 1 select id": [TIE],
    "emit from orders order by total desc, id limit 1": [],
    "emit from orders order by total limit 1": [],
    "emit from orders order by total desc limit 2": [],
    "emit from orders group by client_id select client_id, count() as n order by n limit 1": [TIE],
    "emit from orders order by cost": [COST],
    "emit from orders select max(cost) as most": [COST],
    'emit from orders where cost > "100"': [COST],
    "emit from orders order by status": [],
    'emit from orders join clients on client_id = clients.id where name = "Ann" select sum(total) as t': [NAMESAKES],
    'emit from orders where client_id in (from clients where name = "Ann" select clients.id) select count() as n': [
        NAMESAKES
    ],
    'emit from orders join clients on client_id = clients.id where name = "Ben" select sum(total) as t': [],
    'emit from orders join clients on client_id = clients.id where name = "Ann" group by clients.id '
    "select clients.id, sum(total) as t": [],
    'emit from clients where name = "Ann" select count() as n': [],
    'emit from clients where name = "Ann"': [],
}


@pytest.fixture(scope="module", params=SCHEMAS)
def context(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Context]]:
    folder = tmp_path_factory.mktemp(request.param)
    make(folder / "main.db", SCHEMAS[request.param])
    with Sandbox(folder, {"main": "sqlite:///main.db"}) as sandbox, Context(sandbox.config, sandbox.library) as opened:
        yield request.param, opened


def renamed(schema: str, text: str) -> str:
    if schema == "orders":
        return text
    return text.replace("orders", "screenings").replace("client", "film").replace("status", "state")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_warned_of(program: str, context: tuple[str, Context]) -> None:
    schema, opened = context
    source = Source("asked.sop", f"script asked()\n{renamed(schema, program)}\nend\n")
    prepared = prepare(source, opened, Options(), NOWHERE, kind="dsl")
    assert [each.message for each in prepared.warnings] == [renamed(schema, one) for one in PROGRAMS[program]]
    assert all(each.sentence == 0 and each.about for each in prepared.warnings)


LOANS = "name,holder,sum\n1,A,5\n2,B,7\n3,Z,7\n4,Y,1\n5,,3\n"
LEFT_OUT = "2 rows of loans have a holder that people does not have, and the join leaves them out"
JOINS = {
    "emit from loans join people on loans.holder = people.code select title": [LEFT_OUT],
    "emit from people join loans on loans.holder = people.code select title": [LEFT_OUT],
    "emit from loans join people on people.code = loans.holder where sum > 5 select title": [LEFT_OUT],
    "emit from loans left join people on loans.holder = people.code select title, sum": [],
    "emit from loans join people on loans.name = people.place select title": [],  # nobody noted that
    "emit from loans where sum > 5": [],
}


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """Two files that were imported, and a reference that a person said although it is not complete."""
    place = Place(tmp_path_factory.mktemp("noted"))
    place.write("people.csv", "code,place,title\nA,1,Ann\nB,2,Ben\nC,3,Cy\n")
    place.write("loans.csv", LOANS)
    place.ok("sopvm", "db", "import", "people.csv", "--key", "code")
    place.ok("sopvm", "db", "import", "loans.csv", "--key", "name", "--references", "holder=people.code")
    config = Config.load(cwd=place.folder)
    with Library.open(config.home) as library, Context(config, library) as context:
        yield context


@pytest.mark.parametrize("program", JOINS)
def test_rows_that_a_join_leaves_out_are_told(program: str, noted: Context) -> None:
    prepared = prepare(Source("test.sop", f"script test()\n  {program}\nend\n"), noted, Options(), NOWHERE)
    assert [warning.message for warning in prepared.warnings if warning.code == "T0614"] == JOINS[program]


BOTH = "from loans join people on loans.holder = people.code"
REPEATED = "{} of {} takes a row of people once for each of its loans"
GROUPS = {
    f"emit {BOTH} select sum(place) as total": [REPEATED.format("sum", "place")],
    f"emit {BOTH} where place > 0 group by sum select sum, avg(place * 2) as mean": [REPEATED.format("avg", "place")],
    f"emit {BOTH} group by sum select sum, count(title) as several": [REPEATED.format("count", "title")],
    "emit from people left join loans on loans.holder = people.code select sum(place) as total": [
        REPEATED.format("sum", "place")
    ],
    f"emit {BOTH} group by title select title, sum(loans.sum) as total": [],  # of the many
    f"emit {BOTH} select sum(loans.sum * place) as total": [],
    f"emit {BOTH} select count(distinct title) as several, max(place) as most, count() as pairs": [],
    f"emit {BOTH} group by name select name, sum(place) as total": [],  # one loan in each group
    f"emit {BOTH} where name = 1 select sum(place) as total": [],
    "emit from people where exists (from loans where loans.holder = people.code) select sum(place) as total": [],
    "emit from loans join people on loans.sum = people.place select sum(place) as total": [],  # place is no key
}


@pytest.mark.parametrize("program", GROUPS)
def test_rows_that_a_join_repeats_in_a_sum_are_told(program: str, noted: Context) -> None:
    prepared = prepare(Source("test.sop", f"script test()\n  {program}\nend\n"), noted, Options(), NOWHERE)
    assert [warning.message for warning in prepared.warnings if warning.code == "T0615"] == GROUPS[program]

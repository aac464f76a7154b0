"""SQL statements → programs: the same rows as the engine gives, each form refused that has no one meaning."""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.error_codes import table
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.sql.convert import Converted, convert
from sopc.sql.statement import DIALECTS, Dialect
from sopc.syntax.format import format_file
from sopc.tree import nodes
from tests.sandbox import Sandbox

SCHEMA = """
create table employees (
  id integer primary key, name text not null, department text, salary integer not null, rate decimal(10,2),
  manager_id integer, hired date, active boolean not null, score double precision
);
insert into employees values
  (1, 'Ada', 'Engineering', 180000, 12.50, null, '2020-01-31', true, 1.5),
  (2, 'Grace', 'Engineering', 165000, 10.25, 1, '2021-03-01', true, 2.5),
  (3, 'alan', 'Engineering', 165000, null, 1, '2021-03-01', false, null),
  (4, 'Mary', 'Sales', 90000, 8.00, 2, null, true, 7.25),
  (5, 'Ann_B', null, 65000, 7.10, 4, '2024-12-24', false, -1.0);
create table departments (name text primary key, floor integer, budget integer);
insert into departments values ('Engineering', 2, 10), ('Sales', 1, 0), ('Legal', null, 5);
create table log (id integer primary key, message text, since integer);
"""
QUERIES = (
    "select * from employees",
    "select distinct department from employees order by department",
    "select distinct department as d from employees order by d desc",
    "select name, salary from employees order by salary desc, name limit 3",
    "select name from employees order by department desc, 1 limit 2 offset 1",
    "select name n from employees order by n",
    "select e.name, b.name as boss from employees e left join employees b on b.id = e.manager_id order by e.id",
    "select e.name, d.floor from employees e, departments d where e.department = d.name and d.floor > 1 order by e.id",
    "select e.name, b.name from employees e cross join departments b order by 1, 2 limit 4",
    "select department, count(*), avg(salary), sum(rate), min(hired) from employees group by department order by 1",
    "select department from employees group by 1 having count(*) > 1 and max(salary) > 100 order by sum(salary) desc",
    "select count(*), count(department), count(distinct department), sum(salary) from employees",
    "select max(salary) - min(salary) as span from employees where active",
    "select count(*) from employees having count(*) > 1",
    "select department, count(*) c from employees where id > 9 group by department",
    "select e.department, d.floor, count(*) from employees e join departments d on d.name = e.department "
    "group by e.department order by 3, 1",
    "select d.name, d.budget, count(*) from departments d join employees e on e.department = d.name group by d.name "
    "order by count(*) desc",
    "select salary / 2, salary / 7, salary % 7, -salary / 7 from employees order by id",
    "select score / 2, rate * 2, salary * 2.5 from employees order by id",
    "select name from employees where department is null or not (salary > 100000) order by name",
    "select name from employees where department in ('Sales', 'Legal') or id in (1, 2) order by id",
    "select name from employees where id not in (1, 2, 3) order by id",
    "select name from employees where active = '1' or salary = '65000' order by id",
    "select name from departments where name not in (select department from employees where department is not null)",
    "select name from departments d where exists (select 1 from employees e where e.department = d.name) order by 1",
    "select name from departments where not exists (select * from employees where department = departments.name)",
    "select name from employees e where salary = (select max(salary) from employees where department = e.department) "
    "order by id",
    "select name from employees where salary between 90000 and 165000 and name not like 'a%' order by id",
    "select name from employees where hired > '2021-01-01' order by hired, id",
    "select name from employees where hired = '2021-03-01' or hired is null order by id",
    "select case when salary > 160000 then 'high' when salary > 80000 then 'middle' else 'low' end as c, name "
    "from employees order by id",
    "select case department when 'Sales' then 1 end as c from employees order by id",
    "select name, row_number() over (order by salary desc, id) as n from employees order by n",
    "select name, rank() over (partition by department order by salary desc) as n from employees order by name",
    "select name, sum(salary) over (order by id) as s, lag(name) over (order by id) as b from employees order by id",
    "select name, salary - lag(salary, 1) over (order by id) as d from employees order by id",
    "select name from employees where active union select name from departments order by name",
    "select department from employees union all select name from departments order by 1",
    "select department from employees intersect select name from departments order by department",
    "select name from departments except select department from employees order by 1",
    "select name from (select name, salary * 2 as s from employees) as t where s > 200000 order by s desc, name",
    "with rich as (select * from employees where salary > 100000), top as (select name from rich where active) "
    "select name from top order by name",
    "with c(d, n) as (select department, count(*) from employees group by department) "
    "select d, n from c where n > 1 union all select name, 0 from departments where floor is null order by 1",
    "select coalesce(department, 'none') as d, nullif(salary, 65000) as s from employees order by id",
    "select length(name) as l, replace(name, 'a', 'b') as r, substr(name, 2, 2) as s from employees order by id",
    "select name || ':' || id as label from employees order by id",
    "select abs(score), round(score) from employees where score is not null order by id",
    "select cast(salary as real) / 2 as half, cast(id as text) as t from employees order by id",
    "select a.name from employees a join (select department, max(salary) as m from employees group by department) b "
    "on a.department = b.department and a.salary = b.m order by a.id",
    "select department, sum(case when active then 1 else 0 end) as n from employees group by department order by 1",
    "select name from employees where (salary > 100000 or active) and not (department = 'Sales') order by id",
    "select (select count(*) from departments) as d, name from employees order by name limit 1",
    "select t.name from employees t where t.salary > (select avg(salary) from employees) order by t.name",
    "select count(*) filter (where active) as on_, count(*) as every from employees",
    "select e.* from employees e join departments d on e.department = d.name where d.floor = 2 order by e.id",
    "select * from employees e join departments d using (name)",
    "select name, salary from employees where salary > all_of.least order by 1".replace("all_of.least", "65000.0"),
)  # fmt: skip
REFUSED = (  # (dialect, statement, code, the place)
    ("sqlite", "", "T0502", None),
    ("sqlite", "-- nothing\n/* here */", "T0502", None),
    ("sqlite", ";;", "T0502", None),
    ("sqlite", "select 1; select 2", "T0503", ";"),
    ("sqlite", "select 'a", "T0501", None),
    ("sqlite", "select name from where id", "T0501", "where"),
    ("sqlite", "select name from employees where", "T0501", "where"),
    ("sqlite", "drop table employees", "T0504", "drop"),
    ("sqlite", "create table t (a int)", "T0504", "create"),
    ("sqlite", "pragma table_info(employees)", "T0504", "pragma"),
    ("sqlite", "attach 'x' as y", "T0504", "attach"),
    ("sqlite", "with x as (select 1) delete from x", "T0505", "x as (select 1"),
    ("sqlite", "select nme from employees", "T0507", "nme"),
    ("sqlite", "select x.name from employees", "T0507", "x.name"),
    ("sqlite", "select employees.nme from employees", "T0507", "employees.nme"),
    ("sqlite", "select name from employes", "T0507", "employes"),
    ("sqlite", "select name from other.employees", "T0507", "other.employees"),
    ("sqlite", "select department, name, max(salary) from employees group by department", "T0506", "name"),
    ("sqlite", "select name, max(salary) from employees", "T0506", "name"),
    ("sqlite", "select department from employees group by department order by salary", "T0506", "salary"),
    ("sqlite", "select name from employees where salary = 'much'", "T0506", "'much'"),
    ("sqlite", "select name from employees where active = name", "T0506", "active = name"),
    ("sqlite", "select name from employees where department = 5", "T0506", "department = 5"),
    ("sqlite", "select name from employees where department = null", "T0506", "department"),
    ("sqlite", "select name from employees where hired = 'soon'", "T0506", "'soon'"),
    ("sqlite", "select name from employees where salary", "T0506", "salary"),
    ("sqlite", "select name from employees, departments", "T0506", "name"),
    ("sqlite", "select distinct name from employees order by salary", "T0506", None),
    ("sqlite", "select name from employees where count(*) > 1", "T0506", None),
    ("sqlite", "select sum(name) from employees", "T0506", None),
    ("sqlite", "select name + 1 from employees", "T0506", None),
    ("sqlite", "select score % 2 from employees", "T0506", None),
    ("sqlite", "select cast(name as integer) from employees", "T0506", None),
    ("sqlite", "select id from employees union select name from departments", "T0506", None),
    ("sqlite", "select id, name from employees union select name from departments", "T0506", None),
    ("sqlite", "select name from employees where (id, name) in (select id, name from employees)", "T0505", "id, name"),
    ("sqlite", "select name from employees where id in (select id, name from employees)", "T0506", None),
    ("sqlite", "select name from employees where name glob 'A*'", "T0505", None),
    ("sqlite", "select name from employees where name like 'a!_b' escape '!'", "T0505", None),
    ("sqlite", "select trim(name) from employees", "T0505", None),
    ("sqlite", "select group_concat(name) from employees", "T0505", None),
    ("sqlite", "select random() from employees", "T0505", None),
    ("sqlite", "select load_extension('x') from employees", "T0505", None),
    ("sqlite", "select name from employees e full outer join departments d on d.name = e.department", "T0505", None),
    ("sqlite", "select d.name from employees e right join departments d on d.name = e.department", "T0505", None),
    ("sqlite", "with recursive n(x) as (select 1 union all select x + 1 from n) select x from n", "T0505", None),
    ("sqlite", "select id from employees order by name collate nocase", "T0505", None),
    ("sqlite", "select name from employees limit 5 offset salary", "E0203", "salary"),
    ("sqlite", "select ? from employees", "T0508", None),
    ("sqlite", "insert or replace into log (id) values (1)", "T0505", None),
    ("sqlite", "insert into log (id, message) values (1)", "T0506", None),
    ("sqlite", "insert into log (id, text) values (1, 'x')", "T0507", "text"),
    ("sqlite", "update log set text = 'x'", "T0507", "text"),
    ("sqlite", "delete from log returning id", "T0505", "id"),
    ("sqlite", "update log set message = 'x' from employees", "T0505", None),
    ("sqlite", "select sum(salary) over (order by id rows between 1 preceding and current row) from employees", "T0505",
     None),
    ("sqlite", "select last_value(name) over (order by id) from employees", "T0506", None),
    ("postgres", "select name from employees order by name", "T0506", "name"),
    ("postgres", "select name from employees where name > 'm'", "T0506", "name"),
    ("postgres", "select distinct on (department) name from employees", "T0505", None),
    ("postgres", "select name from employees for update", "T0505", None),
    ("postgres", "select name from employees where name ~ '^A'", "T0505", None),
    ("postgres", "select name from employees where name like 'a\\_b'", "T0505", None),
    ("postgres", "select cast(score as integer) from employees", "T0506", None),
    ("postgres", "select greatest(salary, manager_id) from employees", "T0506", None),
    ("duckdb", "select * exclude (id) from employees", "T0505", None),
    ("duckdb", "select name from employees qualify row_number() over (order by id) = 1", "T0505", None),
    ("duckdb", "select name from 'other.csv'", "T0507", None),
    ("duckdb", "select name from read_csv('other.csv')", "T0505", None),
    ("sqlite", "select " + "(" * 70 + "id" + ")" * 70 + " from employees", "T0509", "("),
    ("sqlite", "select id from employees where id in (" + "1, " * 20_000 + "1)", "T0509", None),
)  # fmt: skip


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sql")
    with closing(sqlite3.connect(folder / "main.db")) as connection, connection:
        connection.executescript(SCHEMA)
    connection.close()
    with duckdb.connect(str(folder / "duck.duckdb")) as duck:
        duck.execute(SCHEMA)
    with Sandbox(folder, {"main": "sqlite:///main.db", "duck": "duckdb:///duck.duckdb"}) as made:
        yield made


def converted(box: Sandbox, sql: str, dialect: Dialect = "sqlite", name: str = "main") -> Converted:
    """The statement as a script, checked against its database at its places in the SQL."""
    from sopc import pipeline
    from sopc.context import Context

    source = Source("test.sql", sql)
    with Context(box.config, box.library) as context:
        made = convert(source, dialect, {name: context.schema(name)}, "test")
        pipeline.check(nodes.File(scripts=(made.script,)), source, context)
    return made


def program(box: Sandbox, sql: str, dialect: Dialect = "sqlite", name: str = "main") -> str:
    return format_file(nodes.File(scripts=(converted(box, sql, dialect, name).script,)))


def rows(box: Sandbox, text: str, **args: Any) -> list[list[Any]]:
    box.compile(text)
    done = box.run("test", args)
    assert done.exit_code == 0, done.lines
    return [list(record.values()) for record in done.records]


def as_numbers(table: list[list[Any]]) -> list[list[Any]]:
    """Rows in which true is 1, a decimal its float, and a date its text, as the engines' own clients differ."""
    return [[each if each is None or isinstance(each, str) else float(each) if not hasattr(each, "isoformat")
             else each.isoformat() for each in row] for row in table]  # fmt: skip


def asked(folder: Path, sql: str, dialect: Dialect) -> list[list[Any]]:
    """The rows that the engine gives for the statement."""
    if dialect == "duckdb":
        with duckdb.connect(str(folder / "duck.duckdb"), read_only=True) as duck:
            return as_numbers([list(row) for row in duck.execute(sql).fetchall()])
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        return as_numbers([list(row) for row in connection.execute(sql)])


@pytest.mark.parametrize("sql", QUERIES, ids=lambda sql: " ".join(sql.split())[:60])
def test_the_program_gives_sqlites_rows(box: Sandbox, sql: str) -> None:
    found = as_numbers(rows(box, program(box, sql)))
    expected = asked(box.config.home.parent, sql, "sqlite")
    if "order by" not in sql:
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert found == expected


# it knows no column that depends on a key, and names both columns of `using`
DUCKS = tuple(sql for sql in QUERIES if not any(part in sql for part in ("using (name)", "d.budget", "d.floor, count")))


@pytest.mark.parametrize("sql", DUCKS, ids=lambda sql: " ".join(sql.split())[:60])
def test_the_program_gives_duckdbs_rows(box: Sandbox, sql: str) -> None:
    found = as_numbers(rows(box, program(box, sql, "duckdb", "duck")))
    expected = asked(box.config.home.parent, sql, "duckdb")
    if "order by" not in sql:
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert found == [[pytest.approx(each) if isinstance(each, float) else each for each in row] for row in expected]


@pytest.mark.parametrize(("dialect", "sql", "code", "place"), REFUSED)
def test_what_has_no_one_meaning_is_refused_at_its_place(
    box: Sandbox, dialect: Dialect, sql: str, code: str, place: str | None
) -> None:
    with pytest.raises(CompileError) as caught:
        converted(box, sql, dialect)
    found = caught.value.diagnostics[0]
    assert found.code == code, caught.value.render()
    assert found.hint or not code.startswith("T")
    if place is not None:
        assert found.span is not None
        assert sql[found.span.start : found.span.end] == place


def test_every_code_of_sql_is_refused_with_it() -> None:
    codes = {row.code for row in table() if row.code.startswith("T05")}
    assert codes == {code for _, _, code, _ in REFUSED if code.startswith("T")}


def test_dialects_differ(box: Sandbox) -> None:
    """One text, what each dialect means by it."""
    halves = "select salary / 7 as x from employees"
    assert "salary // 7" in program(box, halves)
    assert "salary // 7" in program(box, halves, "postgres")
    assert "salary / 7" in program(box, halves, "duckdb")
    by = "select id from employees order by manager_id"
    assert "order by manager_id nulls first" in program(box, by)
    assert "nulls" not in program(box, by, "postgres")
    assert "nulls" not in program(box, by, "duckdb")
    falling = "select id from employees order by manager_id desc"
    assert "nulls" not in program(box, falling)
    assert "order by manager_id desc nulls first" in program(box, falling, "postgres")
    like = "select id from employees where name like 'a%'"
    assert 'like "a%" ignoring case' in program(box, like)
    assert 'like "a%" select' in program(box, like, "postgres")
    assert "ignoring case" in program(box, like.replace("like", "ilike"), "postgres")
    unknown = "select id from employees where score / manager_id > 1"
    assert "null_if(manager_id, 0)" in program(box, unknown)
    assert "null_if" not in program(box, unknown, "postgres")


def test_quotes_mean_text_only_where_sqlite_reads_them_so(box: Sandbox) -> None:
    sql = 'select id from employees where name = "Ada"'
    made = converted(box, sql)
    assert [message for message, _ in made.warnings] == ['there is no column "Ada", so it is a text, as SQLite has it']
    assert rows(box, program(box, sql)) == [[1]]
    with pytest.raises(CompileError, match="T0507"):
        converted(box, sql, "postgres")


def test_parameters_take_the_type_of_what_they_meet(box: Sandbox) -> None:
    text = program(box, "select name from employees where salary > ? and hired < ? and department = :dept limit :n")
    assert text.startswith("script test(p1: int, p2: date, dept: text, n: int)\n")
    assert rows(box, text, p1=100_000, p2="2021-01-01", dept="Engineering", n=1) == [["Ada"]]
    again = program(box, "select name from employees where id = $1 or manager_id = $1 order by id", "duckdb")
    assert again.startswith("script test(p1: int)\n")
    assert rows(box, again, p1=1) == [["Ada"], ["Grace"], ["alan"]]
    named = program(box, "select id from employees where name = :name")
    assert rows(box, named, name="Mary") == [[4]]


def test_hostile_text_stays_a_value(box: Sandbox) -> None:
    """A literal that looks like the language, or like SQL, is the same text in the program."""
    for text in ('"} delete from log {"', "'; drop table log; --", "{count(from log)}", "\\u{41} \\", "a\nb\t"):
        sql = f"select id from employees where name = '{text.replace(chr(39), chr(39) * 2)}'"
        made = program(box, sql)
        assert rows(box, made) == []
        box.compile(made.replace("employees where", "employees where not"))
        assert len(box.run("test").records) == 5


def test_writes(tmp_path: Path) -> None:
    """Each change of rows leaves the table as SQLite does."""
    statements = (
        "insert into log (id, message) values (1, 'a'), (2, 'b')",
        "insert into log values (3, 'c', 30)",
        "insert into log (message, since) select name, salary from employees where active",
        "insert into log (id, message) values (2, 'new') on conflict (id) do update set message = excluded.message",
        "update log set since = id * 10, message = message || '!' where since is null",
        "update log set since = (select count(*) from employees e where e.salary > log.id) where id = 1",
        "delete from log where id in (select id from employees where not active)",
        "delete from log as l where exists (select 1 from employees e where e.id = l.id and e.name = 'Ada')",
        "delete from log",
    )
    for name in ("main.db", "own.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection, connection:
            connection.executescript(SCHEMA)
        connection.close()
    with Sandbox(tmp_path, {"main": "sqlite:///main.db"}) as box:
        for sql in statements:
            assert rows(box, program(box, sql)) == []
            with closing(sqlite3.connect(tmp_path / "own.db")) as connection, connection:
                connection.execute(sql)
            connection.close()
            found, expected = (
                sqlite3.connect(tmp_path / name).execute("select * from log order by id").fetchall()
                for name in ("main.db", "own.db")
            )
            assert found == expected, sql


def test_a_value_without_a_table_is_a_record(box: Sandbox) -> None:
    assert rows(box, program(box, "select 1 + 2 as a, 'x' as b, (select count(*) from departments) as c")) == [
        [3, "x", 3]
    ]


def test_broken_statements_are_refused_and_never_crash(box: Sandbox) -> None:
    """Words of right and refused statements left out, doubled, swapped and put elsewhere."""
    from sopc.context import Context

    with Context(box.config, box.library) as context:
        schemas = {"main": context.schema("main")}
    draw = random.Random(3)
    pool = [re.findall(r"'[^']*'|\w+|\S", sql) for sql in (*QUERIES, *(each[1] for each in REFUSED)) if len(sql) < 400]
    words = [word for each in pool for word in each]
    pool.append(["select", "count", "(", ")", "filter", "(", "where", "active", ")", "from", "employees"])
    outcomes = Counter[str]()
    for number in range(1_500):
        broken = list(pool[-1] if number == 0 else draw.choice(pool))
        for _ in range(draw.randint(1, 3) if number else 0):
            at = draw.randrange(len(broken) + 1)
            broken[at : at + draw.randint(0, 1)] = draw.sample(words, draw.randint(0, 1))
        try:
            made = convert(Source("broken", " ".join(broken)), DIALECTS[number % 3], schemas, "broken")
            format_file(nodes.File(scripts=(made.script,)))
            outcomes["ok"] += 1
        except CompileError as error:
            outcomes[error.diagnostics[0].code] += 1
    assert {"ok", "T0501", "T0505", "T0506", "T0507"} <= outcomes.keys()

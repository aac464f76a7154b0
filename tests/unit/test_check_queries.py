"""Queries: what each stage sees and gives, sub-queries, what is worked out beforehand, and what a query can't hold."""

from __future__ import annotations

import pytest

from runtime.query import algebra as ir
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT
from sopc.checker import typed
from tests.unit.books import body, codes, found, marked, script


def bound(query: str, head: str = "script s()", before: str = "") -> typed.BoundQuery:
    """The query of `emit QUERY`, checked."""
    step = script(f"{before} emit {query}", head).steps[-1]
    assert isinstance(step, typed.EmitQuery)
    return step.query


def row(query: str, head: str = "script s()") -> str:
    return str(bound(query, head).row)


# ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "type_"),
    [
        ("from authors", "{id: int, name: text, born: date?}"),
        ("from authors as a select a.id, upper(name) as loud", "{id: int, loud: text}"),
        ("from authors derive year = year(born) select year", "{year: int?}"),
        ("from books select count() as n, sum(price) as total", "{n: int, total: decimal(38,2)?}"),
        (
            "from books group by author_id select author_id, count() as n, max(isbn) as last, avg(price) as mean",
            "{author_id: int, n: int, last: text, mean: decimal(38,6)?}",
        ),
        ("from books group by year(lent_on) as y select y, count(distinct title) as n", "{y: int?, n: int}"),
        (
            "from books left join authors on author_id = authors.id select title, name",
            "{title: text, name: text?}",
        ),
        ("from books select pages as a union all (from books select price)", "{a: decimal(21,2)?}"),
        ("from books select title, rank() over (partition by author_id order by pages) as r", "{title: text, r: int}"),
        ("from books select title, lag(pages) over (order by id) as p", "{title: text, p: int?}"),
        ("from books select sum(pages) over (partition by author_id) as s", "{s: int?}"),
        ("from books select (from authors select count()) as n", "{n: int}"),
        ("from books select (from authors where authors.id = author_id select name) as n", "{n: text?}"),
        ("from books select count(from authors) as n, exists(from authors) as some", "{n: int, some: bool}"),
        ('from books select "{title} ({pages})" as label', "{label: text}"),
        ("from books select distinct_pages", ""),
    ],
)
def test_the_row_a_query_gives(query: str, type_: str) -> None:
    if not type_:
        assert codes(body(f"emit {query}")) == ["E0203"]
    else:
        assert row(query) == type_


def test_each_stage_sees_the_columns_of_the_one_before() -> None:
    assert codes(body("emit from books select title where pages > 1")) == ["E0203"]
    assert codes(body("emit from books where pages > 1 select title")) == []
    assert codes(body("emit from books group by author_id select author_id, count() as n where n > 1")) == []


def test_a_field_keeps_its_source_after_select() -> None:
    assert (
        codes(body("emit from books as b join authors as a on a.id = b.author_id select b.title order by b.title"))
        == []
    )
    assert codes(body("emit from books as b select title order by b.title")) == []


def test_a_derived_field_can_not_take_the_name_of_another() -> None:
    assert marked(body("emit from books derive pages = 1"), "E0406") == "pages = 1"


def test_colliding_fields_of_a_join_say_how_to_select_them_apart() -> None:
    text = body("emit from books join authors on author_id = authors.id")
    assert found(text)[0].hint == "select books.id as books_id and authors.id as authors_id"


def test_the_same_name_twice_is_found_in_selects_and_unions() -> None:
    assert codes(body("emit from books select title, isbn as title")) == ["E0406"]
    assert codes(body("emit from books join authors on author_id = authors.id distinct")) == ["E0406"]


def test_an_expression_column_needs_a_name_if_something_refers_to_it() -> None:
    assert codes(body("emit from books select pages * 2")) == ["E0405"]
    assert codes(body("let n = (from books select max(pages))")) == []
    assert codes(body("emit from books where id in (from authors select authors.id + 1) select title")) == []


# ── grouping, windows ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "code", "piece"),
    [
        ("from books where count() > 1", "E0403", "count()"),
        ("from books order by sum(pages)", "E0403", "sum(pages)"),
        ("from books group by count() select count() as n", "E0403", "count()"),
        ("from books select sum(count()) as n", "E0403", "count()"),
        ("from books select title, count() as n", "E0404", "title"),
        ("from books group by author_id select upper(title) as t", "E0404", "title"),
        ("from books group by pages + 1 select pages as p", "E0404", "pages"),
        (
            "from books group by author_id select (from authors where authors.id = pages select name) as n",
            "E0404",
            "pages",
        ),
        ("from books where rank() over (order by id) = 1", "E0416", "rank() over (order by id)"),
        ("from books select rank() as r", "E0416", "rank()"),
        ("from books select upper(title) over (order by id) as r", "E0416", "upper(title) over (order by id)"),
    ],
)
def test_aggregates_and_windows_are_allowed_at_some_places_only(query: str, code: str, piece: str) -> None:
    assert marked(body(f"emit {query}"), code) == piece


def test_grouping_keys_can_be_used_in_larger_expressions() -> None:
    head = "script s(n: int)"
    grouped = bound("from books group by pages + n select (pages + n) * 2 as x, count() as c", head)
    assert len(grouped.params) == 1
    group = grouped.query.relation
    assert isinstance(group, ir.Group)
    times = group.columns[0][1]
    assert isinstance(times, ir.Op) and times.args[0] == group.keys[0]


def test_a_select_of_aggregates_alone_is_a_group_without_keys() -> None:
    group = bound("from books select count() as n").query.relation
    assert isinstance(group, ir.Group) and group.keys == ()


# ── what is worked out beforehand ──────────────────────────────────────────────────────────────────────────────


def test_the_largest_parts_without_columns_are_params() -> None:
    made = bound("from books where pages > n * 2 + 1 and title = upper(t) limit n", "script s(n: int, t: text)")
    assert [type(param) for param in made.params] == [typed.Op, typed.Func, typed.Var]
    assert made.query.params == (INT, made.params[1].type, INT)


def test_equal_parts_share_a_param() -> None:
    made = bound("from books where pages > n or author_id > n or pages = n + 1 or id = n + 1", "script s(n: int)")
    assert len(made.params) == 2


def test_literals_stay_constants_and_take_the_decimal_they_meet() -> None:
    made = bound("from books where price > 0.07 and pages > 1")
    assert made.params == ()
    where = made.query.relation
    assert isinstance(where, ir.Where) and isinstance(where.condition, ir.Op)
    price = where.condition.args[0]
    assert isinstance(price, ir.Op) and isinstance(price.args[1], Const) and price.args[1].value == "0.07"


def test_below_a_case_only_expressions_that_can_not_fail_become_parameters() -> None:
    made = bound("from books select case when pages > 0 then 100 / n else n end as x", "script s(n: int)")
    assert [type(param) for param in made.params] == [typed.Var]
    made = bound("from books select case when pages > 0 then r.x end as x", "script s(r: record)")
    assert [type(param) for param in made.params] == [typed.FieldOf]


def test_the_clock_is_a_param() -> None:
    made = bound("from books where lent_on < today() - 14 days")
    assert [type(param) for param in made.params] == [typed.Op]


def test_a_named_query_takes_the_values_of_its_use_and_the_names_of_its_definition() -> None:
    made = bound(
        "from long where title is not null", "script s(n: int)", "query long = from books where pages > n set n = 5"
    )
    assert [type(param) for param in made.params] == [typed.Var]
    text = body("let n = 1 query long = from books where pages > $n for each pages in 1 to 2 do emit from long end")
    assert codes(text) == []


def test_relations_of_a_named_query_used_twice_have_ids_of_their_own() -> None:
    made = bound("from q as a join q as b on a.id = b.id select a.title", before="query q = from books")
    select = made.query.relation
    assert isinstance(select, ir.Select) and isinstance(select.source, ir.Join)
    left, right = select.source.left, select.source.right
    assert isinstance(left, ir.Scan) and isinstance(right, ir.Scan) and left.id != right.id


# ── queries as values ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("count(from books)", "int"),
        ("exists(from books where pages > 3)", "bool"),
        ("first(from authors select name)", "{name: text}?"),
        ("one(from authors select name)", "{name: text}"),
        ("list(from authors select name)", "list<{name: text}>"),
        ("(from authors select name)", "text?"),
        ("(from authors select count())", "int"),
        ("3 in (from authors select id)", "bool"),
        ("3 not in (from books select pages)", "bool?"),
        ("first(from authors).born", "date?"),
    ],
)
def test_the_type_of_a_query_used_as_a_value(expression: str, type_: str) -> None:
    step = script(f"let x = {expression}").steps[0]
    assert isinstance(step, typed.SetVariable)
    assert str(step.variable.type) == type_


def test_exists_counts_at_most_one_row_and_in_counts_no_rows() -> None:
    step = script("let x = exists(from books)").steps[0]
    assert isinstance(step, typed.SetVariable) and isinstance(step.value, typed.FetchExpr)
    group = step.value.query.query.relation
    assert isinstance(group, ir.Group) and isinstance(group.source, ir.Limit)
    assert group.source.count == Const(1, INT)
    step = script("let x = 3 in (from authors select id)").steps[0]
    assert isinstance(step, typed.SetVariable) and isinstance(step.value, typed.FetchExpr)
    select = step.value.query.query.relation
    assert isinstance(select, ir.Select) and isinstance(select.columns[0][1], ir.InQuery)
    assert select.columns[0][1].type == BOOL


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("let x = (from authors)", "E0410"),
        ("emit from books where id in (from authors)", "E0410"),
        ("emit from books where exists(from authors) and first(from authors) is null", "E0415"),
        ("emit from books select notes[0] as y", "E0415"),
        ("emit from books select [1] as y", "E0415"),
        ("emit from books select (from books as b where b.id = books.id select b.notes)[0] as y", "E0415"),
        ("emit from books derive y = [1]", "E0415"),
        ("emit from books derive y = {a: 1}", "E0415"),
        ("emit from books where id in (from authors select name)", "E0310"),
        ("emit from books limit 1.5", "E0407"),
        ("emit from books limit -1", "E0407"),
        ("emit from books limit pages", "E0203"),
        ("emit from books limit 1 offset -1", "E0407"),
        ("emit from books select title union (from books select title, id)", "E0408"),
        ("emit from books select pages union (from books select title)", "E0408"),
        ("let l = [1] emit from books where l = [1]", "E0310"),
        ('emit from books where split(title, "a") in [["a"]]', "E0310"),
        ('emit from books where [["a"]] contains split(title, "a")', "E0310"),
        ("emit from books order by [1]", "E0310"),
        ("emit from books select rank() over (order by [1]) as y", "E0310"),
        ("emit from books select max([1]) as y", "E0310"),
        ("emit from books derive y = min([1]) over (partition by id)", "E0310"),
        ("emit from books where pages", "E0303"),
        ("emit from books join authors on name select title", "E0303"),
        ("emit from upper", "E0202"),
        ("let l = [1] emit from l", "E0202"),
    ],
)
def test_forms_that_a_query_can_not_have_are_refused(steps: str, code: str) -> None:
    assert codes(body(steps)) == [code]


@pytest.mark.parametrize("made", ["length([pages, 1])", "max_of([1, pages])", "length([[1], [pages]][0])", "l[pages]"])
@pytest.mark.parametrize(
    "steps",
    [
        "emit from books where X = 1",
        "emit from books derive y = X",
        "emit from books select X as y",
        "emit from books select case when pages > 1 then 0 else X end as y",
        "emit from books select sum(X) as y",
        "emit from books select lag(X) over (order by id) as y",
        "emit from books group by X as y select y",
        "emit from books order by X",
        "emit from books join authors as a on a.id = X select title",
        "emit from books where exists(from authors as a where a.id = X)",
        "let y = count(from books where X = 1)",
        "update books set pages = X",
        "update books where X = 1 set pages = 1",
        "delete from books where X = 1",
    ],
)
def test_lists_of_fields_are_refused_wherever_a_query_may_hold_a_value(steps: str, made: str) -> None:
    """No engine makes them: left out without a word, they were null, so that a condition was never true."""
    assert codes(body("let l = [1] " + steps.replace("X", made))) == ["E0415"]


def test_list_variables_and_subqueries_after_in() -> None:
    made = bound("from books where id in l", "script s(l: list<int>)")
    where = made.query.relation
    assert isinstance(where, ir.Where) and isinstance(where.condition, ir.Op)
    assert where.condition.op == "in_list" and isinstance(where.condition.args[1], ir.Param)


def test_the_schema_of_a_script_holds_only_what_it_uses() -> None:
    made = script("emit from books where pages > 1 select title")
    assert [field.name for field in made.schema["main.books"].fields] == ["title", "pages"]
    assert made.effects.reads == ("main.books",)
    assert [field.name for field in script("emit from authors").schema["main.authors"].fields] == ["id", "name", "born"]
    assert script("let n = count(from authors)").schema["main.authors"].fields == ()


def test_a_field_of_json_is_reached_in_a_query() -> None:
    assert row("from books select notes.size.x as y, int(notes.pages) as pages") == "{y: any, pages: int?}"

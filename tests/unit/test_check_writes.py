"""Writes: what a store takes, and what is inserted from records, queries and lists."""

from __future__ import annotations

import pytest

from runtime.query import algebra as ir
from sopc.checker import typed
from tests.unit.books import body, codes, marked, script

ROW = 'isbn: "978-1", title: "Emma", author_id: 1'


def write(steps: str, head: str = "script s()") -> typed.WriteStep:
    step = script(steps, head).steps[-1]
    assert isinstance(step, typed.WriteStep)
    return step


def test_a_record_is_inserted_by_the_types_of_the_store() -> None:
    made = write(f"insert into books {{ {ROW}, price: 3, pages: n }}", "script s(n: int)")
    assert isinstance(made.write, ir.Insert)
    assert made.write.fields == ("isbn", "title", "author_id", "price", "pages")
    price = made.params[3]
    assert isinstance(price, typed.Const) and price.value == "3.00"
    assert made.command == "insert" and made.write.keys == ()


def test_an_upsert_names_unique_fields() -> None:
    made = write(f"upsert into books {{ {ROW} }} on isbn")
    assert isinstance(made.write, ir.Insert) and made.write.keys == ("isbn",) and made.command == "upsert"
    assert codes(body(f"upsert into books {{ id: 1, {ROW} }} on id")) == []
    assert codes(body('upsert into books { title: "a", author_id: 1 } on isbn')) == ["E0411", "E0413"]


def test_a_query_is_inserted_by_the_names_of_its_columns() -> None:
    made = write("insert into authors from books where pages > n select title as name", "script s(n: int)")
    assert isinstance(made.write, ir.InsertQuery)
    assert made.write.fields == ("name",) and len(made.params) == 1


def test_a_list_of_records_and_a_record_value_are_inserted() -> None:
    made = write('let l = [{ name: "a" }, { name: "b" }] insert into authors l')
    assert isinstance(made.write, ir.InsertList) and made.write.fields == ("name",)
    made = write('let r = { name: "a" } insert into authors r')
    assert isinstance(made.write, ir.InsertList) and isinstance(made.params[0], typed.MakeList)


def test_update_and_delete_see_the_fields_of_their_store() -> None:
    made = write("update books where pages > n set pages = pages + n, price = 0.5", "script s(n: int)")
    assert isinstance(made.write, ir.Update) and len(made.params) == 1
    assert [name for name, _ in made.write.assignments] == ["pages", "price"]
    made = write("delete from books where not exists(from authors where authors.id = author_id)")
    assert isinstance(made.write, ir.Delete) and made.write.condition is not None


def test_writes_are_effects_and_conditions_of_writes_no_reads() -> None:
    effects = script("update books where pages > 1 set pages = 1").effects
    assert effects.writes == ("main.books",) and effects.reads == ()
    effects = script("delete from books where id in (from authors select authors.id)").effects
    assert effects.writes == ("main.books",) and effects.reads == ("main.authors",)


@pytest.mark.parametrize(
    ("steps", "code", "piece"),
    [
        ('insert into books { title: "a" }', "E0411", '{ title: "a" }'),
        (f"insert into books {{ {ROW}, x: 1 }}", "E0203", "x"),
        (f'insert into books {{ {ROW}, pages: "many" }}', "E0302", '"many"'),
        (f"insert into books {{ {ROW}, pages: 1, pages: 2 }}", "E0213", "pages: 2"),
        (f"insert into books {{ {ROW}, sheets: 2 }}", "E0414", "sheets"),
        ("insert into catalogue { pages: 1 }", "E0414", "catalogue"),
        ("insert into authors from books select title", "E0203", "title"),
        ("insert into authors from books select pages as name", "E0302", "from books select pages as name"),
        ("insert into authors from authors select born", "E0411", "from authors select born"),
        ("insert into authors 5", "E0302", "5"),
        ("insert into authors [{ name: 5 }]", "E0302", "[{ name: 5 }]"),
        ("upsert into books from books on isbn", "E0415", "from books"),
        ("update books set pages = title", "E0302", "title"),
        ("update books set pages = 1, pages = 2", "E0213", "pages = 2"),
        ("update books where title set pages = 1", "E0303", "title"),
        ("update books set sheets = 1", "E0414", "sheets"),
        ("query q = from books delete from q", "E0202", "q"),
    ],
)
def test_values_that_a_store_refuses(steps: str, code: str, piece: str) -> None:
    assert marked(body(steps), code) == piece


def test_a_query_over_another_database_is_inserted_by_a_loop() -> None:
    head = "script s() uses main, archive"
    assert codes(body("insert into boxes from authors select name as label", head)) == ["E0409"]
    assert codes(body("for each a in from authors do insert into boxes { label: a.name } end", head)) == []


def test_records_of_unknown_fields_are_not_inserted_whole() -> None:
    assert codes(body("insert into authors l", "script s(l: list<record>)")) == ["E0302"]
    assert codes(body("insert into authors a", "script s(a: any)")) == ["E0302"]


def test_an_unknown_store_hides_no_other_mistake() -> None:
    assert codes(body("insert into boks { title: x }")) == ["E0202", "E0201"]
    assert codes(body("insert into boks from authrs")) == ["E0202", "E0202"]

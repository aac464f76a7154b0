"""Names: their scope, ambiguous names, and suggestions for misspelt ones."""

from __future__ import annotations

import pytest

from runtime.bytecode.module import Effects, Signature
from runtime.values.types import NULL
from sopc.checker.effects import every_step
from sopc.checker.program import check
from sopc.checker.report import nearest, some
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.syntax.parse import parse
from tests.unit.books import SCHEMAS, body, codes, found, marked, program


def hint_of(text: str) -> str | None:
    diagnostics = found(text)
    assert len(diagnostics) == 1
    return diagnostics[0].hint


def test_a_misspelt_name_is_offered_the_nearest_right_one() -> None:
    assert hint_of(body("emit from boks")) == "books"
    assert hint_of(body("emit from books where titel is null")) == "title"
    assert hint_of(body('let total = "x" say totl')) == "total"
    assert hint_of(body('say uppr("x")')) == "upper(…)"
    assert hint_of('script helper() say "1" end ' + body("call helpr()")) == "helper(…)"


def test_an_unknown_name_lists_the_existing_ones() -> None:
    assert hint_of(body("emit from books where zzz = 1")) == (
        "the fields are id, isbn, title, author_id, pages, price, lent_on, notes, …"
    )
    assert hint_of(body("emit from zzz")) == "the stores are authors, books, catalogue"


@pytest.mark.parametrize(
    ("steps", "code", "piece"),
    [
        ("emit from books where titel is null", "E0203", "titel"),
        ("emit from books where books.titel is null", "E0203", "books.titel"),
        ("for each b in from books do say b.titel end", "E0203", "b.titel"),
        ("insert into boks { title: 1 }", "E0202", "boks"),
        ("update books set titel = null", "E0203", "titel"),
        ("delete from boks", "E0202", "boks"),
        ("let id = 1 delete from books where id = 1", "E0208", "id"),
        ("emit from books join authors on books.author_id = authors.id where id = 1 select title", "E0209", "id"),
        ("let x = y", "E0201", "y"),
        ("set x = 1", "E0201", "x"),
        ("let a = 1 let a = 2", "E0206", "a"),
        ("for each i in 1 to 2 do let i = 1 end", "E0206", "i"),
        ("let x = { a: 1 } set x.b = 2", "E0203", "set x.b = 2"),
    ],
)
def test_the_carets_are_under_the_wrong_name(steps: str, code: str, piece: str) -> None:
    assert marked(body(steps), code) == piece


def test_a_variable_lives_in_its_block() -> None:
    assert codes(body("if true then let a = 1 end let a = 2 say text(a)")) == []
    assert codes(body("if true then let a = 1 end say text(a)")) == ["E0211"]
    assert codes(body("for each i in 1 to 2 do say text(i) end for each i in 1 to 2 do say text(i) end")) == []
    assert codes(body('try fail "x" on error e do say e.message end say text(e)')) == ["E0211"]


def test_a_variable_is_not_visible_in_its_own_value() -> None:
    assert codes(body("let a = a")) == ["E0211"]


def test_a_branch_does_not_see_the_variables_of_another() -> None:
    assert codes(body("if true then let a = 1 else say text(a) end")) == ["E0211"]


def test_parameters_can_be_set_but_not_declared_again() -> None:
    assert codes("script s(n: int) set n = 2 end") == []
    assert codes("script s(n: int, n: int) end") == ["E0206"]


def test_a_name_that_is_a_field_and_a_variable_is_written_one_way_or_the_other() -> None:
    text = "script s(title: text) emit from books where title = $title end"
    assert hint_of(text) == "`books.title` for the field, `$title` for the variable"
    assert codes("script s(title: text) emit from books where books.title = $title end") == []


def test_an_alias_that_is_a_variable_is_ambiguous() -> None:
    assert codes("script s(books: record) emit from books where books.title is null end") == ["E0208"]
    assert codes("script s(books: record) emit from books as b where b.title = $books.title end") == []


def test_a_field_of_an_inner_and_an_outer_query_is_qualified() -> None:
    inner = body("emit from books where exists(from authors where id = author_id)")
    assert marked(inner, "E0209") == "id"
    assert found(inner)[0].hint == "`authors.id` or `books.id`"
    assert codes(body("emit from books where exists(from authors where authors.id = author_id)")) == []


def test_the_same_store_inside_and_outside_needs_an_alias() -> None:
    assert codes(body("emit from books where pages = (from books select max(books.pages))")) == ["E0209"]
    assert codes(body("emit from books as a where a.pages = (from books as b select max(b.pages))")) == []


def test_a_source_is_not_a_value() -> None:
    assert codes(body("emit from books where books = 1")) == ["E0201"]
    assert codes(body("query q = from books let x = q")) == ["E0201"]


def test_a_named_query_can_not_take_the_name_of_a_store_or_variable() -> None:
    assert codes(body("query books = from authors")) == ["E0206"]
    assert codes(body("let q = 1 query q = from authors")) == ["E0206"]
    assert codes(body("query q = from authors let q = 1")) == ["E0206"]


def test_a_joined_store_needs_an_alias_of_its_own() -> None:
    assert codes(body("emit from books join books on true select title")) == ["E0206", "E0209"]
    assert codes(body("emit from books as a join books as b on a.id = b.author_id select a.title")) == []


def test_a_store_is_qualified_by_a_database_that_is_used() -> None:
    assert codes("script s() uses main emit from main.books end") == []
    assert codes("script s() uses main emit from archive.boxes end") == ["E0205"]
    assert codes("script s() uses main, main emit from authors end") == ["E0213"]


def test_a_store_of_another_database_says_to_use_it() -> None:
    text = body("emit from boxes")
    assert codes(text) == ["E0202"]
    assert hint_of(text) == "`uses archive` after the script's parameters"


def test_all_findings_come_in_one_go_and_in_source_order() -> None:
    text = body('let a = b emit from boks say 1 let c = "x" * 2 if 1 then break end')
    assert codes(text) == ["E0201", "E0202", "E0302", "E0301", "E0303", "E0504"]


def test_one_mistake_gives_one_finding() -> None:
    assert codes(body("let a = b let c = a + 1 say text(c) emit { a: a.x[1].y }")) == ["E0201"]
    assert codes(body("for each r in from boks where x > 1 do say r.name end")) == ["E0202"]
    assert codes(body("query q = from boks for each r in from q do say r.name end")) == ["E0202"]


def test_a_finding_carries_the_sentence_of_its_step() -> None:
    diagnostics = found(body('@1 say "a" @2 if true then say b @3 say c end say d'))
    assert [each.sentence for each in diagnostics] == [2, 3, None]


def test_stored_scripts_are_found_through_the_lookup() -> None:
    stored = (Signature("helper", (), NULL, None, ("main",)), Effects())
    source = Source("t", body("call helper()"))
    assert check(parse(source), source, SCHEMAS, lambda name: stored if name == "helper" else None).scripts
    with pytest.raises(CompileError) as caught:
        source = Source("t", body("call helpre()"))
        check(parse(source), source, SCHEMAS, lambda name: None, lambda: ["helper"])
    assert caught.value.diagnostics[0].hint == "helper(…)"


def test_a_tree_without_a_source_is_checked_too() -> None:
    source = Source("t", body("emit from boks"))
    bare = parse(source).model_validate_json(parse(source).model_dump_json(by_alias=True, exclude={"span"}))
    script = bare.scripts[0]
    stripped = script.steps[0].model_copy(update={"span": None})
    file = bare.model_copy(update={"scripts": (script.model_copy(update={"steps": (stripped,), "span": None}),)})
    with pytest.raises(CompileError) as caught:
        check(file, Source("t", ""), SCHEMAS)
    assert [each.code for each in caught.value.diagnostics] == ["E0202"]


def test_steps_are_numbered_by_path_through_branches_and_handlers() -> None:
    text = body(
        'query q = from books if true then say "a" say "b" else say "c" end '
        'try say "d" on error e do say "e" end for each x in from q do say "f" end'
    )
    paths = [step.path for step in every_step(program(text).scripts[0].steps)]
    assert paths == ["2", "2.1", "2.2", "2.3", "3", "3.1", "3.2", "4", "4.1"]


def test_nearest_weights_case_less_than_letters_and_needs_similarity() -> None:
    assert nearest("TITEL", ["title", "pages"]) == "title"
    assert nearest("zzz", ["title", "pages"]) is None
    assert some([], "field") is None
    assert some(["order date"], "field") == "the field is `order date`"

"""A model on this machine that is asked for SQL: its statements mended by rule, read into the language, and refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from llguidance import LLMatcher, LLTokenizer

from runtime.databases.sqlite.schema import read_schema
from runtime.query.schema import Schema
from sopc.checker import typed
from sopc.checker.program import check
from sopc.diagnostics import CompileError
from sopc.english.by_sql.grammar import grammar_over
from sopc.english.by_sql.repair import mended
from sopc.english.by_sql.translate import prompt
from sopc.english.sentences import read_workflow
from sopc.english.settings import ModelOptions
from sopc.english.task import Task
from sopc.english.translate import Asking, Draft, translate
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.syntax.parse import parse
from tests.sampler import NoSampler
from tests.stand_in import Answer, Say, StandIn

TABLES = """
create table towns (id integer primary key, title text not null, land text);
create table clubs (id integer primary key, label text not null, town_id integer not null references towns (id),
  born_in integer references towns (id), founded integer);
create table players (id integer primary key, name text not null, age integer, club_id integer not null
  references clubs (id));
create table matches (id integer primary key, home_id integer references clubs (id), guest_id integer
  references clubs (id), goals integer);
create table "odd table" ("the value" text, player_id integer references players (id));
"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        return read_schema(connection)


def ways(schema: Schema, sql: str) -> list[tuple[str, tuple[str, ...]]]:
    made = mended(sqlglot.parse_one(sql, read="sqlite"), schema)
    return [(way.statement.sql(dialect="sqlite"), way.notes) for way in made]


def one(schema: Schema, sql: str) -> tuple[str, tuple[str, ...]]:
    (made,) = ways(schema, sql)
    return made


def test_what_is_right_stays_as_it_is(schema: Schema) -> None:
    for sql in (
        "SELECT name FROM players WHERE age > 3",
        "SELECT p.name, c.label FROM players AS p JOIN clubs AS c ON p.club_id = c.id",
        "SELECT name FROM players WHERE age = (SELECT MAX(age) FROM players)",
        "SELECT label, COUNT(*) AS number FROM clubs JOIN players ON club_id = clubs.id GROUP BY label ORDER BY number",
        "SELECT name FROM players WHERE EXISTS(SELECT 1 FROM clubs WHERE clubs.id = players.club_id AND founded > 9)",
        'SELECT "the value" FROM "odd table"',
        "SELECT * FROM players JOIN clubs ON players.club_id = clubs.id",
    ):
        assert one(schema, sql) == (sql, ())


def test_a_column_goes_to_the_source_that_has_it(schema: Schema) -> None:
    sql = "SELECT p.label FROM players AS p JOIN clubs AS c ON p.club_id = c.id"
    made, notes = one(schema, sql)
    assert made.startswith("SELECT c.label FROM players AS p")
    assert notes == ("p.label is read as c.label",)


def test_a_column_of_another_table_is_joined_by_key(schema: Schema) -> None:
    made, notes = one(schema, "SELECT name FROM players WHERE label = 'Reds'")
    assert 'JOIN "clubs" ON "players"."club_id" = "clubs"."id"' in made and "clubs.label = 'Reds'" in made
    assert notes == ("label is read as clubs.label, joined by club_id",)
    made, notes = one(schema, 'SELECT T1.name FROM "odd table" AS T1')
    assert made == 'SELECT players.name FROM "odd table" AS T1 JOIN "players" ON "t1"."player_id" = "players"."id"'


def test_two_equally_short_ways_are_two(schema: Schema) -> None:
    made = ways(schema, "SELECT label FROM clubs WHERE title = 'Rome'")
    assert sorted(('"town_id"' in sql, '"born_in"' in sql) for sql, _ in made) == [(False, True), (True, False)]


def test_a_column_that_no_table_has_is_no_way(schema: Schema) -> None:
    assert ways(schema, "SELECT name FROM players WHERE weight > 3") == []


def test_a_value_from_a_query_of_several_rows_is_a_set(schema: Schema) -> None:
    made, notes = one(schema, "SELECT name FROM players WHERE club_id = (SELECT id FROM clubs WHERE founded > 1900)")
    assert "club_id IN (SELECT" in made and notes == ("`= (select …)` is read as `in`",)
    kept = "SELECT name FROM players WHERE club_id = (SELECT id FROM clubs ORDER BY founded LIMIT 1)"
    assert one(schema, kept) == (kept, ())


def test_only_a_join_that_changes_nothing_is_dropped(schema: Schema) -> None:
    made, notes = one(schema, "SELECT p.name FROM players AS p JOIN clubs AS c ON p.club_id = c.id WHERE p.age > 3")
    assert made == "SELECT p.name FROM players AS p WHERE p.age > 3"
    assert notes == ("the join of clubs, which nothing uses, is left out",)
    for sql in (
        "SELECT c.label FROM clubs AS c JOIN players AS p ON p.club_id = c.id",  # clubs with players
        "SELECT m.goals FROM matches AS m JOIN clubs AS c ON m.home_id = c.id",  # matches that have a home
        "SELECT p.name FROM players AS p LEFT JOIN clubs AS c ON p.club_id = c.id",
    ):
        assert one(schema, sql) == (sql, ())


def test_the_grammar_binds_names_and_nothing_else(schema: Schema) -> None:
    grammar = grammar_over([schema.stores["players"], schema.stores["odd table"]])
    matcher = LLMatcher(LLTokenizer("byte"), grammar)
    assert not matcher.get_error()

    def admitted(text: str) -> bool:
        copy = matcher.deep_copy()
        data = list(text.encode())
        return copy.try_consume_tokens(data) == len(data) and copy.is_accepting()

    for text in (
        "SELECT name FROM players WHERE age > 3",
        "select T1.Name , count(*) as number\nfrom players as T1 group by T1.name having count(*) >= 2 ;",
        'SELECT "the value" FROM "odd table" ORDER BY 1 DESC LIMIT 3',
    ):
        assert admitted(text), text
    for text in ("SELECT weight FROM players", "SELECT name FROM clubs", "Sure! SELECT name FROM players", "DROP x"):
        assert not admitted(text), text


# ── through the translator ───────────────────────────────────────────────────────────────────────────────────────

Server = Callable[..., StandIn]
ASKED = "How tall are the strongest of those who kick?"


@pytest.fixture
def serve() -> Iterator[Server]:
    made: list[StandIn] = []

    def start(*answers: Answer, **settings: Any) -> StandIn:
        made.append(StandIn(*answers, **settings))
        return made[-1]

    yield start
    for server in made:
        server.close()


def drafted(schema: Schema, server: StandIn, english: str, told: list[str] | None = None) -> Draft:
    task = Task(read_workflow(english, "file"), {"main": schema}, NoSampler(), no_script, tuple)
    options = ModelOptions("coder", server.url, "none", file=Path("coder.gguf"), wait=0)
    judge = partial(judged, schema)
    listener = ProgressListener((told if told is not None else []).append)
    return translate(task, Asking(options, judge, Path("nowhere"), listener, lambda: server.url), english, "file")


def judged(schema: Schema, script: Source) -> typed.Script:
    return check(parse(script), script, {"main": schema}, lambda name: None).scripts[-1]


def no_script(name: str) -> None:
    return None


def test_what_patterns_read_needs_no_model(schema: Schema, serve: Server) -> None:
    server = serve()
    made = drafted(schema, server, "Show the players whose age is above 30.")
    assert (made.translator, made.work, server.requests) == ("patterns", None, [])


@pytest.mark.parametrize("reply", ["{}", "```sql\n{};\n```", "Here you are:\n```\n{}\n```\nIt joins two tables."])
def test_a_sentence_that_no_pattern_reads_is_asked_for_as_sql(schema: Schema, serve: Server, reply: str) -> None:
    sql = "SELECT T1.name FROM players AS T1 JOIN clubs AS T2 ON T1.club_id = T2.id WHERE T2.founded < 1900"
    server = serve(reply.format(sql))
    made = drafted(schema, server, f"Kickers\n\nShow the players whose age is above 30.\n{ASKED}")
    assert "@1 emit from players where age > 30" in made.sop_text
    assert "@2 emit from players as T1\n" in made.sop_text and "where founded < 1900" in made.sop_text
    system, user = server.requests[0]["messages"]
    assert user["content"] == ASKED
    assert "create table clubs (\n  id integer primary key,\n  label text,\n" in system["content"]
    assert "  town_id integer references towns(id)," in system["content"]
    assert made.translator == "local coder" and made.work is not None
    assert [(each.sentence, each.repairs) for each in made.work.rounds] == [(2, ())]


def test_what_was_mended_is_kept_for_a_warning(schema: Schema, serve: Server) -> None:
    made = drafted(schema, serve("SELECT name FROM players WHERE label = 'Reds'"), ASKED)
    assert made.work is not None
    assert made.work.rounds[0].repairs == ("label is read as clubs.label, joined by club_id",)


def test_two_ways_are_a_question_to_the_author(schema: Schema, serve: Server) -> None:
    with pytest.raises(CompileError) as caught:
        drafted(schema, serve("SELECT label FROM clubs WHERE title = 'Rome'"), ASKED)
    (found,) = caught.value.diagnostics
    said = sorted(("town_id" in choice, "born_in" in choice) for choice in found.choices)
    assert said == [(False, True), (True, False)]


def test_what_fails_is_asked_for_once_more_under_the_grammar(schema: Schema, serve: Server) -> None:
    wrong, right = "SELECT height FROM players", "SELECT name FROM players"
    server = serve(wrong, Say([wrong, right]), forms=["llama"])
    told: list[str] = []
    made = drafted(schema, server, ASKED, told)
    assert "@1 emit from players select name" in made.sop_text
    assert "grammar" in server.requests[1] and "grammar" not in server.requests[0]
    assert told == [
        "sentence 1: no pattern reads it, so the model is asked for its SQL",
        "sentence 1: the model's SQL can't be used: it names columns that no table has",
    ]


@pytest.mark.parametrize(
    "reply",
    [
        "Sure!",
        "",
        "DELETE FROM players",
        "DROP TABLE players",
        "SELECT name FROM players WHERE age > :age",
        "SELECT club_id, name, MAX(age) FROM players GROUP BY club_id",
        "SELECT name FROM players WHERE name > 3; DELETE FROM players",
    ],
)
def test_what_fails_again_is_refused_as_a_sentence_that_is_not_read(schema: Schema, serve: Server, reply: str) -> None:
    server = serve(reply, reply, forms=[])
    with pytest.raises(CompileError) as caught:
        drafted(schema, server, ASKED)
    assert caught.value.diagnostics[0].code in ("T0201", "T0202")
    assert len(server.requests) == 2


def test_all_that_may_be_shown_is_in_the_prompt(schema: Schema) -> None:
    class Values(NoSampler):
        def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
            return ("Reds", "O'Hara\n--x")[:count] if field == "label" else ()

    english = f"Kickers\n\nShow the players whose age is above 30.\n{ASKED}"
    task = Task(read_workflow(english, "file"), {"main": schema}, Values(), no_script, tuple)
    system, *users = prompt(task, ModelOptions("coder", "http://127.0.0.1:1/v1", "none", file=Path("coder.gguf")))
    assert "  label text, -- 'Reds', 'O''Hara --x'" in system["content"].splitlines()
    assert [each["content"] for each in users] == ["Show the players whose age is above 30.", ASKED]

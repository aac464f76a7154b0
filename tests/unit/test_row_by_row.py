"""Loops that would leave other rows as one statement: the database's own catalogue has to say so.

Each is run row by row and as it is usually run, and the lines and rows must be the same. Where the catalogue is what
keeps it from being one statement, its reason is checked; and with the catalogue not asked, where that makes a
difference, the outcome must differ, so that the case tests what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.postgres.database import PostgresDatabase
from runtime.databases.protocol import SetSafe
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.query.set_use import ReadField, SetUse
from runtime.vm import attempts, lifted
from tests.engines import ENGINES
from tests.unit.lifting import Case, Rule

DATABASES: dict[str, Any] = {"sqlite": SQLiteDatabase, "postgres": PostgresDatabase}
SUM = "for each e in from src order by id do set t = t + e.b end"
INSERT = "for each e in from src order by id do insert into dst { id: e.id, x: e.b } end"
NEXT = "for each e in from src order by id desc do update src where id = e.id set b = e.id - 1 end"
DELETE = "for each e in from far order by id do delete from far where id = e.id end"
LOOK_UP = "for each e in from src where k < 3 do let r = one(from other where id = e.k) set t = t + r.v end"
COUNT = (
    "create function rows_now() returns bigint language plpgsql stable as"
    " $$ begin return (select count(*) from dst); end $$;"
)


@dataclass(frozen=True)
class Kind:
    """A kind of loop.

    Attributes:
        engine: Its name.
        body: Its steps.
        setup: SQL after that of the usual tables.
        why: A part of the reason; empty where the compiler refuses it, or the survey does.
        differs: Whether one statement would leave something else.
        shown: Tables that are compared.
    """

    engine: str
    body: str
    setup: str
    why: str = ""
    differs: bool = True
    shown: tuple[str, ...] = ("src", "dst")


KINDS = {
    "a null in a key": Kind(
        "sqlite",
        "for each e in from other do set t = t + e.id end",
        "create table other (id int primary key, v int); insert into other values (1, 1), (null, 2), (3, 3);",
        "`other.id` may hold nulls",
    ),
    "a null in a descending key": Kind(
        "sqlite",
        "for each e in from other do set t = t + e.id end",
        "create table other (id integer primary key desc, v int); insert into other values (1, 1), (null, 2);",
        "`other.id` may hold nulls",
    ),
    "a null in a field that is looked up": Kind(
        "sqlite",
        LOOK_UP.replace("id = e.k", "u = e.k").replace("r.v", "r.id"),
        "create table other (u integer not null unique, id int primary key);"
        " insert into other values (1, 5), (2, null);",
        "`other.id` may hold nulls",
    ),
    "a value of another type behind `max`": Kind(
        "sqlite",
        "for each e in from src group by k select k, max(a) as m do if e.m > 4 then set t = t + 1 end end",
        "update src set a = 'abc' where id = 2;",
    ),
    "a value of another type behind `coalesce`": Kind(
        "sqlite",
        "for each e in from src derive q = coalesce(a, 0) do if e.q > 4 then set t = t + 1 end end",
        "update src set a = 'abc' where id = 2;",
    ),
    "a value of another type behind `case`": Kind(
        "sqlite",
        "for each e in from src derive q = case when k > 0 then a else id end do if e.q > 4 then set t = t + 1 end end",
        "update src set a = 'abc' where id = 2;",
    ),
    "a value of another type behind `union`": Kind(
        "sqlite",
        "for each e in from src select a union all (from src select k as a) do if e.a > 4 then set t = t + 1 end end",
        "update src set a = 'abc' where id = 2;",
    ),
    "values of other types whose sum is whole": Kind(
        "sqlite", SUM, "update src set b = 1.5 where id < 3; update src set b = x'31' where id = 3;"
    ),
    "a unique index of some rows": Kind(
        "sqlite", NEXT, "update src set b = id; create unique index i on src (b) where b > 0;", "index of some rows"
    ),
    "a unique index of an expression": Kind(
        "sqlite", NEXT, "update src set b = id; create unique index i on src (b + 0);", "of an expression"
    ),
    "a unique generated field": Kind(
        "sqlite",
        "for each e in from other order by id desc do update other where id = e.id set b = e.id - 1 end",
        "create table other (id integer primary key, b integer not null, g integer generated always as (b) unique);"
        " insert into other (id, b) values (1, 1), (2, 2), (3, 3);",
        "generated field",
        shown=("other",),
    ),
    "a unique index of some rows, PostgreSQL": Kind(
        "postgres",
        NEXT,
        "update src set b = id; create unique index i on src (b) where b > 0;",
        "an index of some rows",
    ),
    "a unique index of an expression, PostgreSQL": Kind(
        "postgres", NEXT, "update src set b = id; create unique index i on src ((b + 0));", "of an expression"
    ),
    "a unique generated field, PostgreSQL": Kind(
        "postgres",
        "for each e in from other order by id desc do update other where id = e.id set b = e.id - 1 end",
        "create table other (id bigint primary key, b bigint not null, g bigint generated always as (b) stored unique);"
        " insert into other (id, b) values (1, 1), (2, 2), (3, 3);",
        "`other` has a trigger",
        shown=("other",),
    ),
    "a reference to itself in another case": Kind(
        "sqlite",
        "for each e in from src where id < 3 order by id do insert into tree { id: e.id, up: e.k } end",
        "create table tree (id integer primary key, up integer references TREE (id)); update src set k = 3 - id;",
        "`tree` refers to itself",
        shown=("tree",),
    ),
    "a reference to itself by letters beyond ASCII": Kind(
        "sqlite",
        "for each e in from src where id < 3 order by id do insert into `Ätree` { id: e.id, up: e.k } end",
        'create table "Ätree" (id integer primary key, up integer references "Ätree" (id)); update src set k = 3 - id;',
        "`Ätree` refers to itself",
        shown=("Ätree",),
    ),
    "a cascade in another case": Kind(
        "sqlite",
        DELETE,
        "create table far (id integer primary key, up integer references FAR (id) on delete cascade);"
        " insert into far values (1, null), (2, 1);",
        "`far` refers to itself",
        differs=False,
        shown=("far",),
    ),
    "a cascade by way of another table": Kind(
        "sqlite",
        DELETE,
        "create table far (id integer primary key, up integer references mid (id) on delete cascade);"
        " create table mid (id integer primary key, s integer references FAR (id) on delete cascade);"
        " insert into far values (1, null); insert into mid values (5, 1); insert into far values (2, 5), (3, null);",
        "another store refers to `far`",
        differs=False,
        shown=("far", "mid"),
    ),
    "a cascade from another schema": Kind(
        "postgres",
        DELETE,
        "create schema {place}_x; create table far (id bigint primary key, up bigint);"
        " create table {place}_x.mid (id bigint primary key, s bigint references far (id) on delete cascade);"
        " alter table far add foreign key (up) references {place}_x.mid (id) on delete cascade;"
        " insert into far values (1, null); insert into {place}_x.mid values (5, 1);"
        " insert into far values (2, 5), (3, null);",
        "`far` is referred to",
        shown=("far",),
    ),
    "a reference from another schema": Kind(
        "postgres",
        DELETE.replace("by id", "by id desc"),
        "create schema {place}_x; create table far (id bigint primary key);"
        " create table {place}_x.mid (s bigint references far (id) on delete cascade, t bigint references far (id));"
        " insert into far values (1), (2); insert into {place}_x.mid values (1, 2);",
        "`far` is referred to",
        shown=("far",),
    ),
    "a check that calls a function": Kind(
        "sqlite",
        INSERT,
        "drop table dst; create table dst (id integer primary key, x int, check (changes() < 2));",
        "calls a function",
    ),
    "a default that calls a function": Kind(
        "sqlite",
        INSERT,
        "drop table dst; create table dst (id integer primary key, x int, n int default (last_insert_rowid()));",
        "calls a function",
    ),
    "a check that counts the rows": Kind(
        "postgres", INSERT, f"{COUNT} alter table dst add check (rows_now() < 2);", "`dst` has a trigger"
    ),
    "a check of the database's own functions": Kind(
        "postgres",
        INSERT,
        "alter table dst add check"
        " (query_to_xml('select 1 from dst offset 1', true, false, '')::text not like '%row%');",
        "a check that may depend",
    ),
    "a default that counts the rows": Kind(
        "postgres", INSERT, f"{COUNT} alter table dst add n bigint default rows_now();", "`dst` has a trigger"
    ),
    "a domain that counts the rows": Kind(
        "postgres",
        INSERT,
        f"{COUNT} create domain few as bigint check (rows_now() < 2); alter table dst add n few;",
        "a type of its own",
    ),
    "an index by a function that counts the rows": Kind(
        "postgres",
        INSERT,
        f"{COUNT} create function told(bigint) returns bigint language plpgsql immutable"
        " as $$ begin return rows_now() / 2; end $$; create unique index j on dst (told(x));",
        "of an expression",
        differs=False,
    ),
    "a unique field that is checked at the end": Kind(
        "postgres",
        f"insert into other {{ id: 1, v: 5 }} {LOOK_UP} delete from other where v = 5",
        "create table other (id bigint not null unique deferrable initially deferred, v bigint not null);"
        " insert into other values (1, 10), (2, 20);",
        "`other.",
    ),
    "a key that is checked at the end, written": Kind(
        "postgres",
        INSERT,
        "drop table dst; create table dst (id bigint primary key deferrable initially deferred, x bigint);",
        "deferrable",
        differs=False,
    ),
    "children of a table that is looked into": Kind(
        "postgres",
        LOOK_UP,
        "create table other (id bigint primary key, v bigint not null); insert into other values (1, 10), (2, 20);"
        " create table more () inherits (other); insert into more values (1, 5);",
        "`other.",
    ),
    **{
        f"`on conflict {action}`, and fields of these names": Kind(
            "sqlite",
            "for each e in from src order by id do insert into dst { id: e.id, x: e.x } end",
            "drop table src; drop table dst; create table src (id integer primary key, x integer not null);"
            " insert into src values (1, 5), (2, 5), (3, 6); create table dst (id integer primary key,"
            f" x integer not null unique on conflict {action}, conflict integer, {action} integer);",
            why,
            differs=action == "rollback",  # there is no savepoint to go back to then
        )
        for action, why in {
            "rollback": "on a conflict",
            "fail": "on a conflict",
            "replace": "replaces rows",
            "ignore": "",
            "abort": "",
        }.items()
    },
    "a trigger in another case": Kind(
        "sqlite",
        INSERT,
        "create table told (n int);"
        " create trigger g after insert on DST begin insert into told select count(*) + max(id) from dst; end;",
        "`dst` has a trigger",
        differs=False,
        shown=("told",),
    ),
    "a check that takes numbers of a sequence": Kind(
        "postgres",
        INSERT,
        "create sequence taken; alter table dst add check (nextval('taken') < 4);",
        "a check that may depend",
    ),
    "a sequence that ends soon": Kind(
        "postgres",
        INSERT,
        "create sequence few maxvalue 4; alter table dst add n bigint default nextval('few');"
        " insert into dst (id, x, n) values (3, 9, 0);",
        "a sequence that ends soon",
        shown=("dst",),
    ),
    "a rule": Kind(
        "postgres",
        INSERT,
        "create table told (n bigint);"
        " create rule r as on insert to dst do also insert into told select count(*) from dst;",
        "`dst` has a trigger",
        shown=("told",),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_loop_leaves_what_it_leaves_row_by_row(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KINDS[name]
    rule = Rule(None, "", "", "", kind.body, setup=kind.setup, shown=kind.shown)
    case = Case(rule, kind.engine, tmp_path)
    reasons: list[str | None] = []
    asked: Callable[[Any, SetUse], str | None] = DATABASES[kind.engine].row_by_row

    def noted(self: Any, use: SetUse) -> str | None:
        reasons.append(asked(self, use))
        return reasons[-1]

    monkeypatch.setattr(lifted, "FEW_ROWS", 0)
    monkeypatch.setattr(DATABASES[kind.engine], "row_by_row", noted)
    monkeypatch.setattr(attempts, "lifting", False)
    plain = case.outcome()
    monkeypatch.setattr(attempts, "lifting", True)
    assert case.outcome() == plain
    assert not kind.why or (reasons and all(kind.why in (reason or "") for reason in reasons))
    monkeypatch.setattr(DATABASES[kind.engine], "row_by_row", lambda self, use: None)
    assert not kind.why or (case.outcome() != plain) == kind.differs


HARMLESS = {
    "sqlite": """
create table "odd Name" (
  id integer primary key autoincrement, -- a comment (with a bracket)
  "select" varchar(10) not null default 'it''s (so)', k bigint default -3, /* check (random()) */
  [x y] decimal(10, 2), constraint c check (k > 0 and (k < 10 or k in (20, 30))), unique (k, "select"),
  foreign key (k) references other (id) on delete cascade) strict
""".replace("bigint", "int")
    .replace("varchar(10)", "text")
    .replace("decimal(10, 2)", "real"),
    "postgres": """
create table "odd Name" (id bigint primary key, "select" varchar(10) not null default 'it', k bigint default -3,
  "x y" numeric(10, 2), b bool default true, check (k > 0 and (k < 10 or k in (20, 30))), unique (k, "select"),
  foreign key (k) references other (id) on delete cascade)
""",
}


@pytest.mark.parametrize("engine", HARMLESS)
def test_what_is_known_to_be_harmless_is_taken(engine: str, tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, f"create table other (id bigint primary key); {HARMLESS[engine]};")
    with ENGINES[engine].opened(place) as database:
        assert isinstance(database, SetSafe)
        read = (ReadField("odd Name", "id", True, True), ReadField("odd Name", "k", False, False))
        assert database.row_by_row(SetUse(read)) is None
        assert database.row_by_row(SetUse(read, "1", "insert", "odd Name", ("id", "k"))) is None
        assert database.row_by_row(SetUse(read, "1", "delete", "odd Name")) is None
        assert "is set" in (database.row_by_row(SetUse(read, "1", "update", "odd Name", ("k",))) or "")
        assert database.row_by_row(SetUse((ReadField("odd Name", "k", True, False),))) is not None
        assert database.row_by_row(SetUse((ReadField("odd Name", "k", False, True),))) is not None
        assert database.row_by_row(SetUse((ReadField("nothing", "k", False, False),))) is not None

"""Generated loops over generated rows → where a loop as one statement leaves other lines or rows than the plain loop.

Each program is run twice in a dry run, with lifting and without, and emits at its end what its tables hold. Where the
loop's `order by` settles the order of its rows, lines are compared in their order; else without it, and of two runs
that fail only that they do, as another row may be the first that fails.

The rows have zero divisors, ints near the limits, keys that occur twice, values that fail a check, look-ups that find
nothing, nulls, and on SQLite values of other types than their column's. The tables have, by turns, what makes a
statement do something else than its passes one by one (`HAZARDS`).
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from runtime.databases.protocol import Database
from runtime.databases.statements import Statements
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.run import RunOptions, run_linked
from runtime.vm import attempts, lifted
from runtime.vm.link import Linked, link
from runtime.vm.machine import Machine
from runtime.vm.script import LiftOp
from tests.campaigns.tally import Tally, main
from tests.engines import ENGINES, Engine
from tests.harness import compile_text, store

ENGINES_HERE: Final = ("sqlite", "postgres")
PROGRAMS: Final = 20  # in one library
DATASETS: Final = 5  # for each library and engine
BIG: Final = 2**63 - 1
TABLES: Final = """
create table counted (n {int});
create table src (id {src_key}, a {int}, b {int} not null, k {int} not null, s text not null{src});
create table ref (id {ref_key}, v {int} not null, w {int});
create table dst (id {dst_key}, x {int}, y {int} check (y < 900), t text{dst}){dst_end};
create table keyed (x {int} primary key, y {int});
create table auto (id {auto}, n {int} not null);
create table child (id {int} primary key, src_id {int}{child});
{then}
"""
_COUNTS: Final = "create function rows_now() returns bigint language plpgsql volatile as"
_ROWS_NOW: Final = f"{_COUNTS} $$ begin return (select count(*) from dst); end $$;"
# Engine → what a schema may have: the parts that it puts into TABLES. `then` follows the tables; `distinct`: that no
# two rows of src have the same b; `null`: that a row of src has no key.
HAZARDS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "both": {
        "a unique index of some rows": {"then": "create unique index i on src (b) where b > -1000;", "distinct": "yes"},
        "a unique index of an expression": {"then": "create unique index i on src ((b + 0));", "distinct": "yes"},
        "a unique field": {"then": "create unique index i on src (b);", "distinct": "yes"},
        "an index that covers": {"then": "create index i on src (k, b, a, id);"},
        "a reference": {"child": " references src (id)"},
        "a reference that cascades": {"child": " references src (id) on delete cascade"},
        "a check of two fields": {"dst": ", check (x < y or x > 2)"},
    },
    "sqlite": {
        "a key that may be null": {"src_key": "int primary key", "null": "yes"},
        "a descending key": {"src_key": "integer primary key desc", "null": "yes"},
        "a key of a kind of its own": {"dst_key": "int primary key"},
        "an index by row": {"dst_key": "integer primary key on  conflict ignore"},
        "a replaced row": {"dst_key": "integer primary key on\nconflict replace"},
        "a field that is replaced": {"dst": ", unique (x) on/**/conflict replace"},
        "a unique generated field": {"src": ", g integer generated always as (b) virtual unique", "distinct": "yes"},
        "a check that calls": {"dst": ", check (last_insert_rowid() < 25)"},
        "a check that counts": {"dst": ", check (changes() < 2)"},
        "a default that calls": {"dst": ", n integer default (last_insert_rowid())"},
        "a reference in another case": {"child": " references SRC (id) on delete cascade"},
        "a trigger in another case": {
            "then": "create trigger t after insert on DST begin insert into counted select count(*) from dst; end;"
        },
        "a trigger before": {
            "then": "create trigger t before update on src when new.b > 20 begin select raise(ignore); end;"
        },
        "a trigger of a deletion": {
            "then": "create trigger t after delete on src begin insert into counted select count(*) from src; end;"
        },
        "no row numbers": {"dst_end": " without rowid"},
    },
    "postgres": {
        "a key that is checked at the end": {"ref_key": "bigint primary key deferrable initially deferred"},
        "a unique field that is checked at the end": {"dst": ", unique (x) deferrable initially deferred"},
        "a table that others inherit": {
            "then": "create table more () inherits (ref); insert into more values (3, 5, 1), (7, 70, 7);"
        },
        "a reference from another schema": {
            "then": "create schema {place}_other; create table {place}_other.far (id bigint references src (id) on"
            " delete cascade, two bigint references src (id));",
            "far": "yes",
        },
        "a unique generated field": {
            "src": ", g bigint generated always as (b) stored unique",
            "distinct": "yes",
        },
        "a check that counts": {"then": f"{_ROWS_NOW} alter table dst add check (rows_now() < 4);"},
        "a check that calls": {"dst": ", check (pg_current_xact_id() is not null)"},
        "a default that counts": {"then": f"{_ROWS_NOW} alter table dst add n bigint default rows_now();"},
        "a trigger": {
            "then": "create function note() returns trigger language plpgsql as $$ begin insert into counted select"
            " count(*) from dst; return null; end $$; create trigger t after insert on dst for each row execute"
            " function note();"
        },
        "a rule": {"then": "create rule r as on insert to dst do also insert into counted select count(*) from dst;"},
        "a domain": {
            "then": f"{_ROWS_NOW} create domain few as bigint check (rows_now() < 4); alter table dst add n few;"
        },
        "an index by a function": {
            "then": f"{_ROWS_NOW} create function told(bigint) returns bigint language plpgsql immutable as $$ begin"
            " return rows_now(); end $$; create unique index j on dst (told(x));"
        },
    },
}
CALLEES: Final = """
script tax(n: int) -> int
  if n > 50 then return n * 40 // 100 end
  if n < 0 then return 0 - n end
  return n
end

script share(n: int, m: int) -> int
  let whole = n * 3
  return whole // m
end

script twice(n: int) -> int
  return tax(n: n // 2) + 1
end

script is_high(n: int, limit: int) -> bool
  return n > limit and limit > 3
end
"""


class Maker:
    """Writes one program. bold: whether its expressions often fail. texts: whether it works with texts. doubled:
    whether a row of ref may be inserted whose key is there already."""

    def __init__(self, chance: random.Random, name: str, *, doubled: bool) -> None:
        self.chance = chance
        self.name = name
        self.names = 0
        self.ints = ["e.b", "e.k", "e.id", "n"]
        self.nullable = ["e.a"]
        self.ordered = True
        self.effect = ""
        self.totals = 0
        self.done = False
        self.bold = chance.random() < 0.4
        self.texts = chance.random() < 0.1
        self.doubled = doubled and chance.random() < 0.5

    def pick(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def new(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def number(self, depth: int = 2) -> str:
        if depth <= 0 or self.chance.random() < 0.3:
            return self.pick(*self.ints, *self.ints, "1", "2", "7", "-3")
        a, b = self.number(depth - 1), self.number(depth - 1)
        forms = [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} // 3)",
            f"({a} % 10)",
            f"case when {self.truth(depth - 1)} then {a} else {b} end",
        ]
        forms += [f"tax(n: {a})", f"twice(n: {a})"]
        if self.bold:
            forms += [f"({a} * {b})", f"({a} // {b})", f"({a} % {b})", f"share(n: {a}, m: {b})", f"(-{a})"]
        return self.chance.choice(forms)

    def truth(self, depth: int = 2) -> str:
        compare = self.pick("=", "!=", "<", "<=", ">", ">=")
        if depth <= 0 or self.chance.random() < 0.5:
            left = self.pick(*self.ints, *self.nullable)
            return self.pick(f"{left} {compare} {self.pick(*self.ints, '5', '40')}", "e.a is null", "e.a is not null")
        a, b = self.truth(depth - 1), self.truth(depth - 1)
        forms = [
            f"({a} and {b})",
            f"({a} or {b})",
            f"not ({a})",
            f"({self.number(depth - 1)} {compare} {self.number(depth - 1)})",
        ]
        forms += [f"({self.pick(*self.ints)} between {self.pick('0', '-5', 'n')} and {self.pick('20', 'e.k')})"]
        forms += [f"is_high(n: {self.number(depth - 1)}, limit: {self.pick(*self.ints)})"]
        forms += ['e.s = "s1"', 'e.s < "s3"'] if self.texts else []
        return self.chance.choice(forms)

    def program(self) -> str:
        effect = self.pick("none", "insert", "insert", "insert", "update", "update", "delete", "auto", "keyed", "child")
        self.effect = effect
        self.totals = self.chance.choice([0, 1, 1, 2]) if effect != "none" else self.chance.choice([1, 2])
        self.done = False
        query = self.query()
        body = self.block(3, top=True)
        loop = f"  for each e in {query} do\n{body}  end\n"
        if self.chance.random() < 0.15:
            loop = f"  transaction\n{loop}  end\n"
        if self.chance.random() < 0.2:
            loop = f"  for each i in 1 to 3 do\n{loop}  end\n"
        if self.chance.random() < 0.25:
            loop = (
                f"  try\n{loop}  on error z do\n    emit {{ code: z.code, message: z.message, step: z.step }}\n  end\n"
            )
        if self.chance.random() < 0.2:
            loop = "  insert into dst { id: -7, x: n, y: 5 }\n" + loop
        if self.doubled:
            loop = f"  insert into ref {{ id: 3, v: 1 }}\n{loop}  delete from ref where v = 1\n"
        starts = self.chance.choice(["0", "n", "0", "9223372036854775000", "-5"])
        head = "".join(f"  let t{number} = {starts if number == 0 else 'n'}\n" for number in range(self.totals))
        tail = "".join(f"  emit {{ total: t{number} }}\n" for number in range(self.totals))
        tail += "".join(f"  emit from {rows}\n" for rows in _SHOWN)
        return f"script {self.name}(n: int)\n{head}{loop}{tail}end\n"

    def query(self) -> str:
        text = "from src"
        if self.chance.random() < 0.4:
            text += self.pick(
                " where b < 60", " where k > n", " where a is not null", ' where s != "s2"', " where id % 2 = 0"
            )
        if self.effect not in ("update", "delete") and self.chance.random() < 0.1:
            text += self.pick(" derive q = b + k", " derive q = b // k")
        self.ordered = self.chance.random() < 0.8
        if self.ordered:
            text += " order by " + self.pick("id", "id desc", "b, id")
        elif self.chance.random() < 0.3:
            text += " order by b"
        if self.effect not in ("update", "delete") and self.chance.random() < 0.1:
            text += " limit 5"
        return text

    def block(self, size: int, *, top: bool = False) -> str:
        lines = ""
        known = len(self.ints), len(self.nullable)
        for _ in range(self.chance.randint(1, size)):
            lines += self.step(size)
        if top and not self.done and self.effect != "none":
            lines += self.write()
        if top and self.totals and "set t" not in lines:
            lines += "".join(self.add(number) for number in range(self.totals))
        del self.ints[known[0] :], self.nullable[known[1] :]
        return lines

    def step(self, size: int) -> str:
        kind = self.chance.random()
        if kind < 0.3:
            name = self.new()
            text = f"let {name} = {self.number()}\n"
            self.ints.append(name)
            return text
        if kind < 0.42:
            name = self.new()
            key = self.pick("e.k", "e.k", "e.b", "e.k + 1", *self.ints)
            if self.chance.random() < 0.6:
                self.ints.append(f"{name}.v")
                self.nullable.append(f"{name}.w")
                return f"let {name} = one(from ref where id = {key})\n"
            self.ints.append(f"{name}q")
            there = f"let {name}q = case when {name} is null then 0 else 1 end\n"
            return f"let {name} = first(from ref where id = {key})\n{there}"
        if kind < 0.5 and self.totals:
            return self.add(self.chance.randrange(self.totals))
        if kind < 0.6 and not self.done and self.effect != "none":
            return self.write()
        if kind < 0.66:
            return f"if {self.truth()} then continue end\n"
        if kind < 0.9 and size > 1:
            other = f"else\nlet {self.new()} = 1\n{self.block(size - 1)}" if self.chance.random() < 0.4 else ""
            middle = f"else if {self.truth()} then\n{self.block(size - 1)}" if self.chance.random() < 0.2 else ""
            return f"if {self.truth()} then\n{self.block(size - 1)}{middle}{other}end\n"
        return f"let {self.new()} = {self.truth()}\n"

    def add(self, number: int) -> str:
        form = self.pick("sum", "sum", "sum", "count", "max") if self.totals < 2 or number == 0 else "min"
        if form == "sum":
            return f"set t{number} = t{number} + {self.number(1)}\n"
        if form == "count":
            return f"set t{number} = t{number} + 1\n"
        return f"set t{number} = {'greatest' if form == 'max' else 'least'}(t{number}, {self.number(1)})\n"

    def write(self) -> str:
        self.done = True
        match self.effect:
            case "insert":
                extra = self.pick("", ', t: "hello"', ", t: e.s") if self.texts else ""
                key = self.pick("e.id", "e.id", "e.k", "e.id + n")
                return f"insert into dst {{ id: {key}, x: {self.number(1)}, y: {self.number(1)}{extra} }}\n"
            case "keyed":
                return f"insert into keyed {{ x: {self.pick('e.b', 'e.k', 'e.id')}, y: {self.number(1)} }}\n"
            case "auto":
                return f"insert into auto {{ n: {self.number(1)} }}\n"
            case "child":
                return f"insert into child {{ id: e.id, src_id: {self.pick('e.id', 'e.k')} }}\n"
            case "update":
                key = self.pick("e.id", "e.id", "e.id", "e.k")
                value = self.pick(*self.ints, "b + 1", "b + e.k", "k")
                return f"update src where id = {key} set {self.pick('a', 'b', 'b')} = {value}\n"
        return "delete from src where id = e.id\n"


# a sequence of PostgreSQL goes on when its numbers are rolled back, so the order is shown and not the ids
_SHOWN: Final = (
    "dst order by id",
    "keyed order by x",
    "auto order by id select auto.n",
    "child order by id",
    "counted",
    "src order by id",
)


def rows(chance: random.Random, engine: str, parts: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables hold at the beginning. parts: of their schema."""
    big, zero, null, odd = (chance.random() < share for share in (0.25, 0.5, 0.5, 0.15))
    odd = odd and engine == "sqlite"
    bs = iter(chance.sample(range(-20, 100), 41))
    count = chance.choice([0, 1, 2, 5, 12, 40])

    def number() -> int:
        if big and chance.random() < 0.2:
            return chance.choice([BIG, -BIG, BIG // 2, BIG - 40, -(2**62)])
        return chance.choice([0, 1, 3, 7, 20, 55, 100, -4]) if zero else chance.choice([1, 2, 3, 9, 30, 70])

    def cell(value: Any) -> Any:
        return chance.choice(["abc", 1.5, b"x", value]) if odd and chance.random() < 0.1 else value

    src: list[tuple[Any, ...]] = [
        (
            id_,
            cell(None if null and chance.random() < 0.3 else number()),
            next(bs) if "distinct" in parts else cell(number()),
            cell(chance.randint(1, 8) if chance.random() < 0.8 else id_),
            f"s{chance.randint(0, 4)}",
        )
        for id_ in chance.sample(range(1, 90), count)
    ]
    if "null" in parts and src:
        src[-1] = (None, *src[-1][1:])
    missing = chance.random() < 0.4
    ref = [(id_, cell(number()), cell(None if null else number())) for id_ in range(-5, 101) if not missing or id_ % 7]
    far = [(src[0][0], src[-1][0])] if "far" in parts and src else []
    return {"src": src, "ref": ref, "far": far}


@contextmanager
def counted(tally: Counter[str]) -> Iterator[None]:
    """Count what becomes of the loops that are tried."""
    attempt = lifted.attempt

    def counting(machine: Machine, op: LiftOp, params: Sequence[Any]) -> list[int] | None:
        found = attempt(machine, op, params)
        if not machine.attempts.plainly:
            tally["run as one statement" if found is not None else "run row by row after all"] += 1
        return found

    with patch.object(lifted, "attempt", counting), patch.object(lifted, "FEW_ROWS", 0):
        yield


def outcome(program: Linked, statements: Statements, opened: Callable[[], Database], *, lifting: bool) -> list[Any]:
    """The lines of a dry run."""
    stream = BytesIO()
    attempts.lifting = lifting
    try:
        writer = open_writer("jsonl", stream, buffer_until_commit=False)
        options = RunOptions(dry_run=True)
        run_linked(program, {"n": 3}, lambda _: opened(), writer, statements, options, _given_back)
    finally:
        attempts.lifting = True
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    for line in lines:
        line.pop("run", None)
        line.pop("ms", None)
    return lines


def _given_back(database: Database) -> None:
    """A check of SQLite may ask what its connection wrote before, so that each run has one of its own."""
    if database.engine == "SQLite":
        database.close()
    else:
        database.rollback()


def tables(chance: random.Random, engine: str, place: str) -> dict[str, str]:
    """The parts of a schema: the usual ones, or with some hazards. place: names it among those of the server."""
    number = "bigint" if engine == "postgres" else "integer"
    key = f"{number} primary key"
    parts = {"int": number, "src_key": key, "ref_key": key, "dst_key": key, "auto": key, "place": place}
    parts |= dict.fromkeys(("src", "dst", "dst_end", "child", "then"), "")
    if engine == "postgres":
        parts["auto"] = "bigint generated by default as identity primary key"
    known = HAZARDS["both"] | HAZARDS[engine]
    for name in chance.sample(sorted(known), chance.choice([0, 1, 1, 2])):
        if not any(parts.get(part) not in (None, "", key) for part in known[name]):
            parts |= known[name]
    parts["then"] = parts["then"].replace("{place}", place)
    return parts


def fill(engine: Engine, place: Path, content: dict[str, list[tuple[Any, ...]]], far: str) -> None:
    """far: the table of another schema that refers to src; empty without one."""
    sql = "begin;"
    for name in (*filter(None, [far]), "counted", "child", "auto", "keyed", "dst", "ref", "src"):
        sql += f"delete from {name};"
    for name in ("ref", "src", *filter(None, [far])):
        lines = ", ".join(f"({', '.join(map(_literal, row))})" for row in content["far" if name == far else name])
        columns = {"src": " (id, a, b, k, s)", "ref": " (id, v, w)"}.get(name, "")
        sql += f"insert into {name}{columns} values {lines};" if lines else ""
    engine.script(place, sql + "commit;")


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if type(value) is bytes:
        return f"x'{value.hex()}'"
    return f"'{value}'" if type(value) is str else str(value)


def run(seed: int, cases: int, tally: Tally) -> None:
    """Compare pairs of runs. seed: of schemas, programs and rows. cases: pairs."""
    chance = random.Random(seed)
    number = 0
    with counted(tally.seen):
        while tally.cases < cases:
            number += 1
            with tempfile.TemporaryDirectory() as folder:
                for name in ENGINES_HERE:
                    _run_schema(chance, name, Path(folder), f"loops_{seed}_{number}", tally)


def _run_schema(chance: random.Random, name: str, folder: Path, place_name: str, tally: Tally) -> None:
    """Programs over the tables of one schema, with several contents."""
    engine, place = ENGINES[name], ENGINES[name].place(folder)
    parts = tables(chance, name, place_name)
    far = f"{place_name}_other.far" if "far" in parts else ""
    engine.script(place, TABLES.format(**parts))
    makers = [Maker(chance, f"p{index}", doubled="deferrable" in parts["ref_key"]) for index in range(PROGRAMS)]
    programs = [maker.program() for maker in makers]
    try:
        with Library.open(folder / name) as library:
            store(library, compile_text(CALLEES + "\n".join(programs), engine.read_schema(place)))
            linked = [link(library, f"p{index}") for index in range(PROGRAMS)]
            statements = Statements(library)
            opened = partial(engine.open, place) if name == "sqlite" else cache(partial(engine.open, place))
            for _ in range(DATASETS):
                fill(engine, place, rows(chance, name, parts), far)
                for program, text, maker in zip(linked, programs, makers, strict=True):
                    shown = f"{name}: {TABLES.format(**parts)}\n{text}"
                    _compare(program, statements, opened, shown, tally, ordered=maker.ordered)
            opened().close()
    finally:
        if name == "postgres":  # whose server would keep them all
            engine.script(
                place,
                f"do $$ begin execute format('drop schema %I cascade', current_schema()); end $$;"
                f" drop schema if exists {place_name}_other cascade",
            )


def _compare(
    program: Linked, statements: Statements, opened: Callable[[], Database], text: str, tally: Tally, *, ordered: bool
) -> None:
    once, plain = (outcome(program, statements, opened, lifting=lifting) for lifting in (True, False))
    tally.add(1)
    tally.compared += 1
    tally.errors += plain[-1]["status"] == "failed"
    if not ordered:
        once, plain = _without_order(once), _without_order(plain)
    if once != plain:
        at = next((pair for pair in zip(once, plain, strict=False) if pair[0] != pair[1]), (once[-1], plain[-1]))
        tally.differences.append(f"{at[0]}; the plain loop: {at[1]}\n{text}")
        print(tally.differences[-1], flush=True)


def _without_order(lines: list[dict[str, Any]]) -> list[Any]:
    if lines[-1]["status"] == "failed":
        return ["failed"]
    return sorted(json.dumps({name: value for name, value in line.items() if name != "seq"}) for line in lines)


if __name__ == "__main__":
    main(__doc__ or "", run)

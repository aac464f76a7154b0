"""Loops as one statement: each rule of lifting has a case that gives a wrong answer without it.

A case is run with and without lifting, and the lines and rows must be the same. Then the rule is taken out of the code,
and they must differ: so the case tests that rule, and the rule is needed.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.bytecode.module import Total
from runtime.bytecode.verify import verify
from runtime.databases.postgres.database import PostgresDatabase
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.query.algebra import Aggregate, Column, Group, Inline, Insert, Op, Param, Scalar, Scan, Update, Where
from runtime.runs.control import Control
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, TEXT
from runtime.vm import attempts, lifted
from runtime.vm.data import Data
from runtime.vm.script import LiftOp
from sopc.codegen import lift, pure
from tests.engines import ENGINES
from tests.harness import ROOT, compile_text, execute, store
from tests.unit.compiling import compiled, module_of
from tests.unit.lifting import TABLES, Case, Rule, attempts_of, mutated

LIFTER = lift._Lifter
PROOF_PG = (
    PostgresDatabase,
    "row_by_row",
    "return row_by_row(self._connection, self._place[0], use)",
    "return None",
)
PROOF = (SQLiteDatabase, "row_by_row", "return row_by_row(self._connection, use)", "return None")
RULES = {
    "what no effect uses is worked out": Rule(
        LIFTER,
        "value",
        "if can_fail(made):",
        "if False:",
        "for each e in from src do let x = 10 // e.b insert into dst { id: e.id } end",
    ),
    "a condition that can fail is worked out": Rule(
        LIFTER,
        "_if",
        "if can_fail(made):",
        "if False:",
        "for each e in from src do if e.a > 100 then if 10 // (e.k - 9) > 100 then set t = t + 1 end end set t = t + 1"
        " if 10 // (e.k - 9) > 100 then let y = 1 end end",
    ),
    "a look-up of one row finds one": Rule(
        lifted,
        "_totals",
        'if found["missing"]:',
        "if False:",
        "for each e in from src do let r = one(from ref where id = e.k) set t = t + r.v end",
    ),
    "a total does not overflow on its way": Rule(
        lifted,
        "_totals",
        "if most > INT_MAX:",
        "if False:",
        "set t = 9223372036854775800 for each e in from src order by id do set t = t + (10 - e.id * 4) end",
        setup="update src set b = 1;",
    ),
    "a total counts only where the loop gets there": Rule(
        LIFTER,
        "_once",
        "if self.path is None:",
        "if True:",
        "for each e in from src do if e.b > 1 then set t = t + 1 end end",
    ),
    "a total is not read on its way": Rule(
        LIFTER,
        "lift",
        "if variable in self.captured:",
        "if False:",
        "for each e in from src do let x = t + e.id insert into dst { id: e.id, x: x } set t = t + 1 end",
    ),
    "as many rows are written as the loop writes": Rule(
        lifted,
        "_attempted",
        'changed != found["changed"]',
        "False",
        "for each e in from src do insert into dst2 { id: e.k } end",
        setup="create table dst2 (id integer primary key on conflict ignore);",
        engines=("sqlite",),
        also=(PROOF,),
        shown=("dst2",),
    ),
    "a stored value that is no int": Rule(
        LIFTER,
        "_rows",
        'self._surveyed(f"read{number}", scan.store, column, column.type)',
        "pass",
        "for each e in from src do if e.k > 0 then set t = t + 1 end end",
        later="update src set k = 1.5 where id = 3;",
        engines=("sqlite",),
    ),
    "a stored value that is no int, looked up": Rule(
        LIFTER,
        "look_up",
        'self._surveyed(f"look{len(self.survey)}", scan.store, fields[name], column.type)',
        "pass",
        "for each e in from src where k < 3 do let r = one(from ref where id = e.k)"
        " if r.v > 0 then set t = t + 1 end end",
        later="update ref set v = 1.5 where id = 1;",
        engines=("sqlite",),
    ),
    "a key that is unique no more": Rule(
        lifted,
        "_attempted",
        "database.row_by_row(op.lift.use) is not None",
        "False",
        "for each e in from src where k < 3 do let r = one(from other where id = e.k) set t = t + r.v end",
        setup="create table other (id {int} not null, v {int} not null); create unique index u on other (id);"
        " insert into other values (1, 10), (2, 20);",
        later="drop index u; insert into other values (1, 11);",
    ),
    "a trigger": Rule(
        lifted,
        "_attempted",
        "database.row_by_row(op.lift.use) is not None",
        "False",
        "for each e in from src do insert into dst { id: e.id } end",
        setup="create table counted (n {int});",
        later="create function f() returns trigger language plpgsql as"
        " $$ begin insert into counted select count(*) from dst; return null; end $$;"
        " create trigger g after insert on dst for each row execute function f();",
        engines=("postgres",),
        shown=("counted",),
    ),
    "a store that refers to itself": Rule(
        LIFTER,
        "_write",
        "if any(key.other_store == store.name for key in store.foreign_keys):",
        "if False:",
        "for each e in from src order by id do insert into tree { id: e.id, up: e.k } end",
        setup="create table tree (id {int} primary key, up {int} references tree (id));"
        " update src set k = case id when 1 then 2 else 1 end;",
        engines=("sqlite",),
        also=(PROOF,),
        shown=("tree",),
    ),
    "a row of another key": Rule(
        LIFTER,
        "_by_key",
        "if given != own or",
        "if False or",
        "for each e in from src where k < 3 do update src where id = e.k set b = e.id end",
    ),
    "a variable that may be null": Rule(
        LIFTER,
        "outer",
        "if variable.type.nullable or",
        "if",
        "let z = first(from src where id = 2).a for each e in from src do let x = z + 10 // e.b set t = t + 1 end",
        engines=("postgres",),
    ),
    "a store that is looked into and written": Rule(
        LIFTER,
        "lift",
        "self.effect.write.store in self.looked_into:",
        "False:",
        "for each e in from src order by id do let r = first(from dst where id = e.k)"
        " let n = case when r is null then 0 else 1 end insert into dst { id: e.id, x: n } end",
    ),
    "a `let` of a callee that fails and is not used": Rule(
        pure._Parameters,
        "after",
        "if can_fail(made) and not _surely_uses(value, made):",
        "if False:",
        "for each e in from src do let y = f(e.b) set t = t + y end",
        helpers="script f(n: int) -> int\n  let x = 10 // n\n  return 1\nend\n",
    ),
    "calls are too deep": Rule(
        lifted,
        "attempt",
        "len(machine.stack) + op.depth > machine.budget.depth",
        "False",
        "for each e in from src do let y = f(e.b) set t = t + y end",
        helpers="script f(n: int) -> int\n  return n\nend\n",
        options=(("max_depth", 1),),
    ),
    "instructions are counted": Rule(
        attempts.Attempts,
        "__init__",
        "plainly or not lifting",
        "not lifting",
        "for each e in from src do set t = t + 1 end",
        options=(("max_instructions", 5),),
    ),
}


@pytest.fixture(autouse=True)
def few_rows_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifted, "FEW_ROWS", 0)


CASES = [(name, engine) for name, rule in RULES.items() for engine in rule.engines]


@pytest.mark.parametrize(("name", "engine"), CASES)
def test_a_rule_is_needed(name: str, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = RULES[name]
    case = Case(rule, engine, tmp_path)
    monkeypatch.setattr(attempts, "lifting", False)
    plain = case.outcome()
    monkeypatch.setattr(attempts, "lifting", True)
    assert case.outcome() == plain
    for owner, function, old, new in ((rule.owner, rule.name, rule.old, rule.new), *rule.also):
        mutated(owner, function, old, new, monkeypatch)
    assert case.outcome() != plain


GIVES_NUMBERS = {
    "sqlite": ("integer primary key", "integer primary key autoincrement"),
    "postgres": (
        "bigserial primary key",
        "int generated always as identity",
        "bigint generated by default as identity",
    ),
}


@pytest.mark.parametrize(("engine", "key"), [(name, key) for name, keys in GIVES_NUMBERS.items() for key in keys])
def test_numbers_that_a_store_gives_follow_the_order_of_the_loop(
    engine: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "for each e in from src order by k desc, id do if e.b > 0 then insert into auto { n: e.id } end end"
    setup = f"create table auto (id {key}, n {{int}});"
    rule = Rule(None, "", "", "", body, setup=setup, shown=("auto",))
    found = attempts_of(monkeypatch)
    lines, (rows,) = Case(rule, engine, tmp_path).outcome()
    assert lines[-1]["status"] == "ok"
    assert found == [[]]
    assert rows == [[1, 4], [2, 1], [3, 3]]


F = "script f(n: int) -> int\n  if n > 1 then return n * 2 end\n  return 1\nend\n"
LIFTED = {
    "a sum": "for each e in from src do set t = t + e.b end",
    "a count under a condition": "for each e in from src do if e.a > 1 then set t = t + 1 else set t = t + 2 end end",
    "the least and the greatest": "for each e in from src do set t = greatest(t, e.k) end",
    "an early `continue`": "for each e in from src do if e.b = 0 then continue end set t = t + 10 // e.b end",
    "an insert": "for each e in from src do insert into dst { id: e.id, x: e.b * 2 } end",
    "an insert and a sum": "for each e in from src do insert into dst { id: e.id } set t = t + 1 end",
    "a division where there is something to divide by": "for each e in from src do if e.b != 0 then let x = 10 // e.b"
    " insert into dst { id: e.id, x: x } end end",
    "an update": "for each e in from src where k > 0 do if e.b > 1 then"
    " update src where id = e.id set b = b + e.k end end",
    "a delete": "for each e in from src do if e.a is null then delete from src where id = e.id end end",
    "a look-up": "for each e in from src where k < 3 do let r = one(from ref where id = e.k) set t = t + r.v end",
    "a look-up under a condition": "for each e in from src do if e.k < 3 then let r = one(from ref where id = e.k)"
    " set t = t + r.v end end",
    "a look-up that finds nothing": "for each e in from src do let r = first(from ref where id = e.k)"
    " if r is null then set t = t + 1 end end",
    "a call": "for each e in from src do insert into dst { id: e.id, x: f(n: e.b) } end",
}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", LIFTED)
def test_a_loop_runs_as_one_statement(name: str, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(Rule(None, "", "", "", LIFTED[name], helpers=F), engine, tmp_path)
    monkeypatch.setattr(attempts, "lifting", False)
    plain = case.outcome()
    monkeypatch.setattr(attempts, "lifting", True)
    found = attempts_of(monkeypatch)
    assert case.outcome() == plain
    assert len(found) == 1 and found[0] is not None


def test_a_loop_over_few_rows_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifted, "FEW_ROWS", 5)
    found = attempts_of(monkeypatch)
    Case(Rule(None, "", "", "", LIFTED["a sum"]), "sqlite", tmp_path).outcome()
    assert found == [None]


SUM = "for each e in from src do set t = t + f(n: e.b) end"


def test_a_callee_that_is_compiled_again_changes_what_its_lifted_caller_does(tmp_path: Path) -> None:
    engine = ENGINES["sqlite"]
    place = engine.place(tmp_path)
    engine.script(place, TABLES.replace("{int}", "integer"))
    schema = engine.read_schema(place)
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(f"{F}script s() -> int\n  let t = 0\n  {SUM}\n  return t\nend\n", schema))
        results = []
        for body in ("return n + 100", "let m = n * 2 return m // 2 + 7", 'say "no value" return 1'):
            store(library, compile_text(f"script f(n: int) -> int\n  {body}\nend\n", schema))
            raw, _ = execute(library, "s", place)
            results.append(json.loads(raw.splitlines()[-1])["result"])
    assert results == [407, 35, 4]


def test_a_loop_whose_rows_another_run_changed_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A serialization failure within the attempt leads to the segment's start, not to the plain loop."""
    engine = ENGINES["postgres"]
    place = engine.place(tmp_path)
    engine.script(place, TABLES.replace("{int}", "bigint"))
    set_mark = Data.set_mark
    others: list[int] = []

    def disturbed(self: Data, database: Any) -> None:
        set_mark(self, database)
        if not others:
            others.append(1)
            engine.script(place, "update src set b = b + 100 where id = 3")

    monkeypatch.setattr(Data, "set_mark", disturbed)
    body = "let n = count(from src) for each e in from src do update src where id = e.id set b = b + n end"
    with Library.open(tmp_path / "home") as library:
        text = f"script s()\n  {body}\nend\n"
        store(library, compile_text(text, engine.read_schema(place)))
        raw, _ = execute(library, "s", place, engine=engine)
    end = json.loads(raw.splitlines()[-1])
    assert (end["status"], end["retries"]) == ("ok", 1)
    assert engine.rows(place, f"select b from src order by id -- {place}") == [[6], [4], [105], [8]]


def test_a_run_that_is_told_to_stop_within_an_attempt_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(Rule(None, "", "", "", LIFTED["an insert"]), "sqlite", tmp_path)
    survey = Data.survey

    def stopped(self: Data, op: LiftOp, params: Any) -> dict[str, Any]:
        found = survey(self, op, params)
        control.cancel("the run was told to stop")
        return found

    control = Control()
    monkeypatch.setattr(Data, "survey", stopped)
    case.rule = replace(case.rule, options=(("control", control),))
    lines, (_, written) = case.outcome()
    assert lines[-1]["status"] == "cancelled"
    assert written == []


KILLED = """
import os, signal, sys
from pathlib import Path
from runtime.library.store import Library
from runtime.vm import lifted
from runtime.vm.data import Data
from tests.harness import execute

lifted.FEW_ROWS = 0
write_set = Data.write_set

def killed(self, op, params):
    write_set(self, op, params)
    os.kill(os.getpid(), signal.SIGKILL)

Data.write_set = killed
with Library.open(Path(sys.argv[1])) as library:
    execute(library, "s", sys.argv[2])
"""


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_process_that_is_killed_within_an_attempt_leaves_nothing_of_it(engine: str, tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, TABLES.replace("{int}", "integer" if engine == "sqlite" else "bigint"))
    text = f"script s() -> int\n  let t = 0\n  {LIFTED['an insert']}\n  return t\nend\n"
    written = f"select id, x from dst order by id -- {place}"
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, ENGINES[engine].read_schema(place)))
        url = ENGINES[engine].url(place)
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "home"), url], cwd=ROOT.parent, check=False)
        assert done.returncode == -signal.SIGKILL
        assert ENGINES[engine].rows(place, written) == []
        execute(library, "s", url)
        assert ENGINES[engine].rows(place, written) == [[1, 4], [2, 0], [3, 2], [4, 8]]


FORGED = f"""
{F}
script s() -> int
  let t = 0
  for each e in from items do
    set t = t + f(n: e.id)
    update items where id = e.id set quantity = e.id
  end
  return t
end
"""


def test_a_call_that_is_never_reached_is_known_all_the_same() -> None:
    """The steps after a `continue` have no code, and the lift works them out under a condition that is false."""
    module = module_of(
        f"{F}script s() -> int\n  let t = 0\n  for each e in from items do\n    set t = t + 1\n"
        "    if e.id > 3 then\n      if false then set t = t + f(n: 1) end\n    end\n  end\n  return t\nend\n"
    )
    assert [call.signature.name for call in module.calls] == ["f"]
    verify(module)


def test_a_forged_lift_is_refused() -> None:
    module = module_of(FORGED)
    (made,) = module.lifted
    survey, write = made.survey, made.write
    assert isinstance(write, Update) and isinstance(survey.relation, Group)
    changed = msgspec.structs.replace
    forgeries: list[tuple[str, dict[str, Any]]] = [
        ("lacks a column", {"survey": changed(survey, columns=survey.columns[1:])}),
        ("lacks a column", {"totals": (Total("sum", (("a", "b", "c"),)),)}),
        ("no column", {"survey": changed(survey, relation=survey.relation.source)}),
        ("among the module's effects", {"write": changed(write, store="log")}),
        ("other params", {"write": changed(write, params=(TEXT,))}),
        ("unknown total", {"totals": (Total("avg", (("rows", "rows", "rows"),)),)}),
        ("do not begin", {"totals": (Total("sum", (("rows", "rows", "rows"),)),) * 3}),
        ("another store than it says", {"use": changed(made.use, store="log")}),
        ("none that a loop can be", {"write": Insert("main", "log", ("id",), (INT,))}),
    ]
    for why, changes in forgeries:
        with pytest.raises(SopError, match=why):
            verify(changed(module, lifts=(changed(made, **changes),)))


def test_a_forged_value_is_refused() -> None:
    (module,) = compiled("script f(n: int) -> int\n  return n + 1\nend\n")
    for value in (
        Param(1, INT),
        Const("x", TEXT),
        Column(1, "id", INT),
        Aggregate("count", None, False, INT),
        Inline("g", (), INT),
        Scalar(Scan(1, "main", "items"), INT),
    ):
        with pytest.raises(SopError, match="refused"):
            verify(msgspec.structs.replace(module, value=value))


def test_a_value_outside_of_a_lift_is_refused() -> None:
    module = module_of(f'{F}script s() -> int\n  for each e in from items do say "x" end\n  return f(n: 1)\nend\n')
    (fetch,) = module.queries
    condition = Op("eq", (Inline("f", (Const(1, INT),), INT), Const(1, INT)), BOOL)
    query = msgspec.structs.replace(fetch.query, relation=Where(fetch.query.relation, condition))
    with pytest.raises(SopError, match="stands where none can be"):
        verify(msgspec.structs.replace(module, queries=(msgspec.structs.replace(fetch, query=query),)))


def test_a_script_with_no_room_for_a_lift_is_compiled_without_one() -> None:
    """The variables that the loop takes from outside need registers beside one another."""
    lets = "\n".join(f"  let v{number} = n + {number}" for number in range(190))
    adds = "\n".join(f"    set t = t + v{number}" for number in range(45))
    module = module_of(
        f"script s(n: int) -> int\n  let t = 0\n{lets}\n  for each e in from items do\n{adds}\n  end\n  return t\nend\n"
    )
    assert not module.lifted
    assert [note.why for note in module.debug.loops] == ["the script is too long"]

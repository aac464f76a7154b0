"""A random expression of the language → the same value, digits and all, or the same error, in the virtual machine over
variables, worked out by the compiler over constants, and in every engine over the fields of a row."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.library.store import Library
from tests.engines import ENGINES, SQLITE, Engine
from tests.harness import compile_text, exact, execute, store

EXPRESSIONS = 40  # in each script

# name → type, column type, values (as SQL writes them)
FIELDS: dict[str, tuple[str, str, list[Any]]] = {
    "i": ("int", "BIGINT", [0, 1, -1, 7, -7, 100, 2**31, 2**62, -(2**62), None]),
    "j": ("int", "BIGINT", [0, 1, 2, 3, -3, 10, None]),
    "f": ("float", "DOUBLE PRECISION", [0.0, 0.5, -0.5, 2.5, -1.25, 1e10, 0.1, None]),
    "d": ("decimal", "DECIMAL(10,2)", [0, 0.5, 1.25, -2.75, 19.99, 100, None]),
    "s": ("text", "TEXT", ["", "a", "A", "abc", "a%b_c", "Zoë", "it's {x}", " x ", None]),
    "t": ("text", "TEXT", ["a", "b", "%", "", None]),
    "u": ("bool", "BOOLEAN", [True, False, None]),
    "v": ("bool", "BOOLEAN", [True, False]),
    "day": ("date", "DATE", ["2026-01-31", "2024-02-29", "1999-12-31", None]),
}
NUMBERS = ("int", "float", "decimal")


@dataclass
class Maker:
    """Writes expressions of a wanted type. decides: whether `and`, `or`, `case`, `in` and `coalesce` may occur, which
    need not look at all of their parts."""

    chance: random.Random
    decides: bool

    def make(self, type_: str, depth: int) -> str:
        if depth == 0 or self.chance.random() < 0.15:
            return self.leaf(type_)
        if self.decides and self.chance.random() < 0.1:
            return f"coalesce({self.make(type_, depth - 1)}, {self.make(type_, depth - 1)})"
        return getattr(self, f"make_{type_}")(depth - 1)  # type: ignore[no-any-return]

    def leaf(self, type_: str) -> str:
        names = [name for name, (kind, _, _) in FIELDS.items() if kind == type_]
        literals = {
            "int": ["0", "1", "2", "3", "-2", "10"],
            "float": ["0.5", "1.5", "-2.5", "1e3"],
            "text": ['"a"', '"abc"', '""', '"A%"'],
            "bool": ["true", "false"],
            "date": ['date "2026-03-31"'],
        }
        return self.chance.choice(names * 3 + literals.get(type_, names))

    def number(self, depth: int) -> str:
        return self.make(self.chance.choice(NUMBERS), depth)

    def make_int(self, depth: int) -> str:
        a, b = self.make("int", depth), self.make("int", depth)
        text, day = self.make("text", depth), self.make("date", depth)
        forms = [f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} // {b})", f"({a} % {b})", f"(-{a})"]
        forms += [
            f"abs({a})",
            f"length({text})",
            f"year({day})",
            f"month({day})",
            f"sign({a})",
            f"floor({self.number(depth)})",
        ]
        forms += [f"ceil({self.number(depth)})", f"least({a}, {b})", f"greatest({a}, {b})"]
        forms += [f"weekday({day})", f"days_between({day}, {day})", f"position({text}, {self.leaf('text')})"]
        forms += [f"round({a}, -1)", f"int({self.number(depth)})"]
        if self.decides:
            forms += [f"case when {self.make('bool', depth)} then {a} else {b} end"] * 3
        return self.chance.choice(forms)

    def make_float(self, depth: int) -> str:
        a, b, i = self.make("float", depth), self.make("float", depth), self.make("int", depth)
        forms = [f"({a} + {b})", f"({a} - {i})", f"({a} * {b})", f"({a} / {b})", f"({i} / {self.make('int', depth)})"]
        forms += [f"float({self.number(depth)})", f"({a} // {b})", f"sqrt(abs({a}))", f"least({a}, {b})"]
        return self.chance.choice([*forms, f"(-{a})", f"abs({a})", f"round({a}, 1)", f"round({a})"])

    def make_decimal(self, depth: int) -> str:
        a, b, i = self.make("decimal", depth), self.make("decimal", depth), self.make("int", depth)
        forms = [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {i})",
            f"({a} + 0.05)",
            f"({a} * 0.1)",
            f"({a} / {i})",
            f"(-{a})",
            f"({a} % {b})",
            f"({a} // {i})",
            f"greatest({a}, {b})",
        ]
        return self.chance.choice([*forms, f"round({a}, 1)", f"round({a})", f"round({a}, -1)", f"abs({a})"])

    def make_text(self, depth: int) -> str:
        a, i = self.make("text", depth), self.make("int", depth)
        hole = self.chance.choice(list(FIELDS))
        forms = [
            f"upper({a})",
            f"lower({a})",
            f"trim({a})",
            f'"<{{{hole}}}>"',
            f"substring({a}, {i})",
            f"replace({a}, {a}, {a})",
        ]
        forms += [f"left({a}, {i})", f"reverse({a})", f"text({i})", f"pad_left({a}, {self.leaf('int')}, {a})"]
        forms += [f'"{{{self.make("float", 0)}}} {{{self.make("decimal", 0)}}}"']
        if self.decides:
            forms.append(f"case when {self.make('bool', depth)} then {a} end")
        return self.chance.choice(forms)

    def make_bool(self, depth: int) -> str:
        a, b = self.make("bool", depth), self.make("bool", depth)
        s, t, i = self.make("text", depth), self.make("text", depth), self.make("int", depth)
        compare = self.chance.choice(["=", "!=", "<", "<=", ">", ">="])
        forms = [f"({self.number(depth)} {compare} {self.number(depth)})", f"({s} {compare} {t})", f"(not {a})"]
        forms += [f"({s} like {t})", f"({s} contains {t})", f"({s} starts with {t})", f"({s} ends with {t})"]
        forms += [
            f"({self.make('date', depth)} {compare} {self.make('date', depth)})",
            f"({a} = {b})",
            f"({s} is null)",
        ]
        forms += [f"({self.number(depth)} is not null)"]
        if self.decides:
            forms += [f"({a} and {b})", f"({a} or {b})", f"({i} in (1, {i}, 7))", f"({i} not in (1, 2))"]
            forms += [f"({i} between {self.make('int', depth)} and {self.make('int', depth)})"]
        return self.chance.choice(forms)

    def make_date(self, depth: int) -> str:
        a = self.make("date", depth)
        n = self.chance.choice([1, 30, 400])
        forms = [f"({a} + {n} days)", f"({a} - {n} days)", f"add_months({a}, {self.chance.choice([-1, 1, 13])})"]
        forms += [f"date(year({a}), 1, {n % 7 + 1})", f'start_of({a}, "{self.chance.choice(["month", "week"])}")']
        return self.chance.choice(forms)


def steps(expressions: list[str], form: str) -> str:
    """One try a piece, so that an error of one is a record as well."""
    return "\n".join(
        f"  try\n    {form.format(expression)}\n  on error e do\n    emit {{x: e.code}}\n  end"
        for expression in expressions
    )


def literal(value: Any) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else f"({value})" if isinstance(value, int) else json.dumps(value)
    )


def sql_literal(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value).upper()


def with_constants(expression: str, row: dict[str, Any]) -> str:
    """Ints and bools that are not null in place of their names."""
    import re

    constants = {
        name: literal(row[name])
        for name, (kind, _, _) in FIELDS.items()
        if kind in ("int", "bool") and row[name] is not None
    }
    return re.sub(r"(?<![\w\".<{])([ijuv])(?![\w\"(}])", lambda match: constants.get(match[1], match[1]), expression)


def answers(text: str, database: Path, args: dict[str, Any], home: Path, engine: Engine = SQLITE) -> list[Any]:
    with Library.open(home) as library:
        store(library, compile_text(text, engine.read_schema(database)))
        raw, code = execute(library, "test", database, args, engine)
    assert code == 0, raw.decode()[-600:]
    lines = [exact(line) for line in raw.decode().splitlines()]
    return [line["result"]["x"] for line in lines if line["type"] == "record"]


@pytest.mark.parametrize("seed", range(24))
def test_an_expression_has_one_meaning(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    maker = Maker(chance, decides=seed % 2 == 1)
    row = {name: chance.choice(values) for name, (_, _, values) in FIELDS.items()}
    kinds = ["int", "float", "decimal", "text", "bool", "date"]
    expressions = [maker.make(chance.choice(kinds), 3) for _ in range(EXPRESSIONS)]

    columns = ", ".join(f"{name} {column}" for name, (_, column, _) in FIELDS.items())
    values = ", ".join("NULL" if value is None else sql_literal(value) for value in row.values())
    for engine in ENGINES.values():
        engine.script(engine.place(tmp_path), f"CREATE TABLE things ({columns}); INSERT INTO things VALUES ({values})")
    database = SQLITE.place(tmp_path)

    types = {"decimal": "decimal(10,2)"}
    head = ", ".join(f"{name}: {types.get(kind, kind)}?" for name, (kind, _, _) in FIELDS.items())
    variables = f"script test({head})\n{steps(expressions, 'emit {{x: {}}}')}\nend\n"
    folded = [with_constants(expression, row) for expression in expressions]
    constants = f"script test({head})\n{steps(folded, 'emit {{x: {}}}')}\nend\n"
    fields = f"script test()\n{steps(expressions, 'emit from things select {} as x')}\nend\n"

    in_vm = answers(variables, database, row, tmp_path / "a")
    by_compiler = answers(constants, database, row, tmp_path / "b")
    assert len(in_vm) == len(by_compiler) == EXPRESSIONS
    for expression, folded_one, machine, compiler in zip(expressions, folded, in_vm, by_compiler, strict=True):
        assert machine == compiler, f"{expression} over {row} is {machine}, and {folded_one} is {compiler}"
    for engine in ENGINES.values():
        found = answers(fields, engine.place(tmp_path), {}, tmp_path / engine.name, engine)
        assert len(found) == EXPRESSIONS
        for expression, machine, answer in zip(expressions, in_vm, found, strict=True):
            differs = f"{expression} over {row}: {machine}, in {engine.name} {answer}"
            if is_error(answer):
                # an engine may keep fewer digits of a decimal, and look at parts that the machine has no need to
                assert machine == answer or answer == "V0104" or maker.decides, differs
            elif is_error(machine):
                assert maker.decides, differs
            else:
                assert machine == answer, differs


def is_error(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 5 and value[0] in "VD" and value[1:].isdigit()

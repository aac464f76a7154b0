"""Random queries of the language over random rows → the same records, digits and all, on every engine, and in the same
order where the query says one."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from runtime.library.store import Library
from tests.engines import ENGINES, SQLITE
from tests.harness import compile_text, execute, store

QUERIES = 12  # in each script
WORDS = ["", "a", "A", "b", "Ab", "zoë", "Zoe", "%", None]
DAYS = ["2024-02-29", "2025-12-31", "2026-01-31", None]
TABLES = """
CREATE TABLE a (id BIGINT PRIMARY KEY, k BIGINT, x BIGINT, t TEXT, d DECIMAL(10,2), day DATE, flag BOOLEAN);
CREATE TABLE b (bid BIGINT PRIMARY KEY, aid BIGINT, y BIGINT, s TEXT);
"""
A = {"id": "int", "k": "int", "x": "int", "t": "text", "d": "decimal", "day": "date", "flag": "bool"}
B = {"bid": "int", "aid": "int", "y": "int", "s": "text"}


class Maker:
    """Writes queries. Every column has a name of its own, so that none needs its table's."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def pick(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def maybe(self, text: str, share: float = 0.5) -> str:
        return text if self.chance.random() < share else ""

    def query(self) -> tuple[str, bool]:
        """A query, and whether its order is total."""
        if self.chance.random() < 0.15:
            return self.union(), False
        source, columns, keys = self.source()
        text = source + self.maybe(f" where {self.condition(columns, 2)}", 0.7)
        if self.chance.random() < 0.4:
            kind = self.pick("int", "text")
            text += f" derive e = {self.expression(columns, kind)}"
            columns = {**columns, "e": kind}
            text += self.maybe(f" where {self.condition(columns, 1)}", 0.4)
        shape = self.chance.random()
        if shape < 0.35:
            return text + self.grouped(columns), False
        ordered = f" order by {self.order(columns)}{', '.join(keys)}"
        if shape < 0.5:
            chosen = self.chance.sample(sorted(columns), 2)
            return f"{text} select {', '.join(chosen)} distinct", False
        if shape < 0.65:
            window = self.pick("row_number()", "rank()", "count()", f"sum({self.column(columns, 'int')})")
            parts = self.maybe(f"partition by {self.column(columns, 'text')} ", 0.5)
            text += f" select {', '.join(keys)}, {window} over ({parts}order by {', '.join(keys)}) as w"
            return f"{text} order by {', '.join(keys)}", True
        limit = self.maybe(f" limit {self.pick(0, 1, 3, 7)}{self.maybe(f' offset {self.pick(0, 1, 4)}')}", 0.4)
        shown = ", ".join([*keys, *self.chance.sample([name for name in sorted(columns) if name not in keys], 2)])
        return f"{text}{ordered}{limit} select {shown}, {self.expression(columns, self.pick('int', 'text'))} as z", True

    def source(self) -> tuple[str, dict[str, str], list[str]]:
        """`from …`, the columns in sight, and those that tell rows apart."""
        choice = self.chance.random()
        if choice < 0.5:
            return "from a", A, ["id"]
        if choice < 0.65:
            return "from b", B, ["bid"]
        kind = self.pick("join", "left join")
        return f"from a as a {kind} b as b on b.aid = a.id", {**A, **B}, ["id", "bid"]

    def union(self) -> str:
        kind = self.pick("int", "text")
        left, right = (f"{self.expression(columns, kind)} as u" for columns in (A, B))
        rest = self.maybe(" where u is not null", 0.3)
        both = self.pick("union", "union all", "intersect", "except")
        more = self.maybe(f" {self.pick('union', 'intersect', 'except')} (from a select {left})", 0.3)
        return f"from a select {left} {both} (from b select {right}){more}{rest}"

    def grouped(self, columns: dict[str, str]) -> str:
        keys = self.chance.sample([name for name in sorted(columns) if columns[name] in ("int", "text", "bool")], 2)
        number, text = self.column(columns, "int"), self.column(columns, "text")
        parts = [
            *keys,
            "count() as n",
            f"sum({number}) as total",
            f"total({number}) as whole",
            f"avg({number}) as mean",
            f"min({text}) as least",
        ]
        parts += [f"count({text}) as texts", f"max({self.expression(columns, 'int')}) as most"]
        if "d" in columns:
            parts += [
                "sum(d) as money",
                "avg(d) as worth",
                "max(day) as latest",
                "months_between(min(day), max(day)) as months",
            ]
        return f" group by {', '.join(keys)} select {', '.join(parts)}" + self.maybe(
            " where n > 1 or total is null", 0.3
        )

    def order(self, columns: dict[str, str]) -> str:
        """Keys that need not tell rows apart."""
        key = self.pick(*sorted(columns), self.expression(columns, "text"))
        return self.maybe(f"{key}{self.pick('', ' asc', ' desc')}{self.pick('', ' nulls first', ' nulls last')}, ", 0.6)

    def column(self, columns: dict[str, str], kind: str) -> str:
        return str(self.pick(*[name for name in sorted(columns) if columns[name] == kind]))

    def expression(self, columns: dict[str, str], kind: str) -> str:
        text, number = self.column(columns, "text"), self.column(columns, "int")
        if kind == "text":
            choices = [text, f'coalesce({text}, "none")', f"lower({text})", f"left({text}, 1)", f'"<{{{number}}}>"']
        else:
            choices = [number, f"{number} + 1", f"({number} * 2)", f"({number} // 2)", f"({number} % 3)"]
            choices += [f"length({text})", f"coalesce({number}, -1)"]
        plain = str(self.pick(*choices))
        return f"case when {self.condition(columns, 0)} then {plain} end" if self.chance.random() < 0.2 else plain

    def condition(self, columns: dict[str, str], depth: int) -> str:
        if depth and self.chance.random() < 0.5:
            one, other = self.condition(columns, depth - 1), self.condition(columns, depth - 1)
            return str(self.pick(f"({one} and {other})", f"({one} or {other})", f"(not ({one}))"))
        text, number = self.column(columns, "text"), self.column(columns, "int")
        sign = self.pick("=", "!=", "<", ">=")
        choices = [f"{number} {sign} {self.pick(0, 1, 3)}", f'{text} {sign} "{self.pick("a", "A", "b")}"']
        choices += [
            f'{text} like "{self.pick("%a", "_", "A%", "z_ë")}"',
            f'{text} contains "{self.pick("b", "", "%")}"',
        ]
        choices += [
            f'{text} {sign} "{self.pick("A", "b", "Ë")}" ignoring case',
            f'{text} not {self.pick("like", "contains", "starts with")} "{self.pick("%A", "B", "_ë")}" ignoring case',
        ]
        choices += [f'{text} {self.pick("", "not ")}in ("A", "zË", "b") ignoring case']
        choices += [f'{text} between "A" and "{self.pick("B", "z", "Ë")}" ignoring case']
        choices += [f"{number} is null", f"{text} is not null", f"{number} in (0, 2, 3)"]
        choices += [f"{number} between 0 and 2"]
        if "d" in columns:
            choices += [f'day - {number} < date "2025-12-31"', f'years_between(day, date "2026-02-28") {sign} 1']
            choices += ["d > 1.5", "flag", 'day <= date "2025-12-31"', f"d {sign} {number}"]
            if "bid" not in columns:
                choices += [f"{number} in (from b where y > 1 select y)", f"{number} not in (from b select y)"]
                choices += [f"exists(from b where aid = id and y {sign} 1)", "x > (from b select max(y))"]
        return str(self.pick(*choices))


def rows(chance: random.Random) -> str:
    def sql(value: Any) -> str:
        if isinstance(value, str):
            return f"'{value}'"
        return "NULL" if value is None else str(value).upper()

    small = [0, 1, 2, 3, -4, None]
    prices = [0, 0.25, 1.5, -2.75, None]
    a = []
    for n in range(1, 13):
        others: list[list[Any]] = [small, small, WORDS, prices, DAYS, [True, False, None]]
        a.append([n, *(chance.choice(values) for values in others)])
    b = [[n, chance.choice([*range(1, 15), None]), chance.choice(small), chance.choice(WORDS)] for n in range(1, 17)]
    inserts = [
        f"INSERT INTO {name} VALUES ({', '.join(map(sql, row))});"
        for name, table in (("a", a), ("b", b))
        for row in table
    ]
    return "\n".join(inserts)


@pytest.mark.parametrize("seed", range(12))
def test_a_query_has_one_meaning(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    queries = [Maker(chance).query() for _ in range(QUERIES)]
    steps = "\n".join(f'  say "{number}"\n  emit {text}' for number, (text, _) in enumerate(queries))
    filled = TABLES + rows(chance)
    for engine in ENGINES.values():
        engine.script(engine.place(tmp_path), filled)
    modules = compile_text(f"script test()\n{steps}\nend\n", SQLITE.read_schema(SQLITE.place(tmp_path)))
    found: dict[str, list[list[str]]] = {}
    for engine in ENGINES.values():
        with Library.open(tmp_path / engine.name) as library:
            store(library, modules)
            raw, code = execute(library, "test", engine.place(tmp_path), {}, engine)
        assert code == 0, f"{engine.name}: {raw.decode()[-600:]}"
        found[engine.name] = answers(raw.decode().splitlines())
    wanted = found.pop(SQLITE.name)
    assert len(wanted) == QUERIES and sum(map(bool, wanted)) > QUERIES // 2
    for name, each in found.items():
        for (text, ordered), one, other in zip(queries, wanted, each, strict=True):
            same = one == other if ordered else sorted(one) == sorted(other)
            assert same, f"{text}\nSQLite: {one}\n{name}: {other}\n{filled}"


def answers(lines: list[str]) -> list[list[str]]:
    """The records after each thing said, as text."""
    found: list[list[str]] = []
    for line in lines:
        kind = json.loads(line)["type"]
        if kind == "say":
            found.append([])
        elif kind == "record":
            found[-1].append(line.partition('"result":')[2])
    return found

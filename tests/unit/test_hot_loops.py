"""Random loops over ints → the same lines from the generated function of a loop and from the plain machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from runtime.vm import budget, jit
from runtime.vm.machine import Machine
from runtime.vm.script import Script
from tests.unit.sandbox import Runs, runs

__all__ = ["runs"]

PROGRAMS: Final = 120
VARIABLES: Final = ("a", "b", "c", "d")
NUMBERS: Final = (0, 1, 2, 3, 7, 10, 63, 1_000, 4_611_686_018_427_387_904, 9_223_372_036_854_775_807)


class Writer:
    """Writes a script by chance. Its loops end, however the rest of them goes."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.loops = 0

    def script(self, name: str) -> str:
        lets = "\n".join(f"  let {each} = {self.chance.choice(NUMBERS[:8])} - n" for each in VARIABLES)
        shown = ", ".join(f"{each}: {each}" for each in VARIABLES)
        body = "\n".join(self.loop([], 0))
        return (
            f"script {name}(n: int)\n{lets}\n  try\n{body}\n"
            f'  on error e do say "{{e.code}} {{e.step}}" end\n  emit {{{shown}}}\nend\n'
        )

    def value(self, names: list[str]) -> str:
        few = [*VARIABLES, *names]
        if self.chance.random() < 0.6:
            return self.chance.choice(few)
        number = self.chance.choice(NUMBERS[:8] if self.chance.random() < 0.95 else NUMBERS)
        return f"({-number})" if self.chance.random() < 0.3 and number < 2**62 else str(number)

    def expression(self, names: list[str]) -> str:
        operator = self.chance.choice(["+", "+", "-", "-", "*", "//", "%"])
        made = f"{self.value(names)} {operator} {self.value(names)}"
        return f"({made}) % 1009 - {self.value(names)} % 5" if self.chance.random() < 0.5 else made

    def condition(self, names: list[str]) -> str:
        test = f"{self.value(names)} {self.chance.choice(['=', '!=', '<', '<=', '>', '>='])} {self.value(names)}"
        return test if self.chance.random() < 0.7 else f"not {test}"

    def steps(self, names: list[str], depth: int) -> list[str]:
        found: list[str] = []
        for _ in range(self.chance.randint(1, 4)):
            kind = self.chance.random()
            if kind < 0.5:
                found.append(f"set {self.chance.choice(VARIABLES)} = {self.expression(names)}")
            elif kind < 0.65:
                found += [f"if {self.condition(names)} then", *self.steps(names, depth + 1)]
                if self.chance.random() < 0.5:
                    found += ["else", "  set d = d - 1", *self.steps(names, depth + 1)]
                found.append("end")
            elif kind < 0.75:
                way = self.chance.choice(["break", "continue", "continue"])
                found.append(f"if {self.condition(names)} then {way} end")
            elif kind < 0.8:
                found.append(f'if {self.condition(names)} then say "{{a}}" end')
            elif depth < 2:
                found += self.loop(names, depth + 1)
            else:
                found.append(f"set {self.chance.choice(VARIABLES)} = {self.value(names)}")
        return found

    def loop(self, names: list[str], depth: int) -> list[str]:
        self.loops += 1
        name, rounds = f"i{self.loops}", self.chance.choice([0, 1, 3, 20] if depth else [50, 300])
        if self.chance.random() < 0.6:
            low = self.chance.choice([1, 0, -3])
            return [f"for each {name} in {low} to {rounds} do", *self.steps([*names, name], depth), "end"]
        head = [f"let {name} = 0", f"while {name} < {rounds} do", f"  set {name} = {name} + 1"]
        return [*head, *self.steps([*names, name], depth), "end"]


def said(runs: Runs, name: str, n: int) -> list[Any]:
    """The lines of a run, without what differs from run to run."""
    return [
        {key: value for key, value in line.items() if key not in ("run", "ms")} for line in runs.run(name, {"n": n})
    ]


@pytest.fixture
def short_slices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A loop is compiled when it used up a slice, of some 10,000 instructions otherwise."""
    monkeypatch.setattr(budget, "SLICE", 40)
    yield


def test_the_function_of_a_loop_does_what_the_loop_does(
    runs: Runs, short_slices: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []
    compiled = jit.loop_function

    def counted(script: Script, tail: int) -> jit.LoopFunction | None:
        found = compiled(script, tail)
        made.append(found is not None)
        return found

    monkeypatch.setattr(jit, "loop_function", counted)
    names = [f"p{number}" for number in range(PROGRAMS)]
    runs.compile("\n".join(Writer(number).script(name) for number, name in enumerate(names)))
    fast = {(name, n): said(runs, name, n) for name in names for n in (0, 5)}
    assert sum(made) > len(made) * 2 / 3  # the others say something, or hold what is no int
    monkeypatch.setattr(Machine, "compile_loop", lambda self, script, tail: None)
    plain = {(name, n): said(runs, name, n) for name in names for n in (0, 5)}
    differing = [key for key in plain if plain[key] != fast[key]]
    assert not differing, (differing, Writer(int(differing[0][0][1:])).script("p"))

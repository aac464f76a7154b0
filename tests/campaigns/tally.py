"""Cases of a campaign and what differed → the lines that it prints."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from runtime.databases.exclusions import Answers, excused

SHOWN = 200  # differences
TOLD = 1_000  # cases


@dataclass
class Tally:
    """cases: of each engine. compared: answers looked at. excused: differences that a row of the exclusions covers.
    seen: what else is worth a count."""

    cases: int = 0
    compared: int = 0
    errors: int = 0
    excused: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, cases: int) -> None:
        """More cases were looked at; tells from time to time how far it is."""
        if (self.cases + cases) // TOLD > self.cases // TOLD:
            print(f"{self.cases + cases:,} cases, {len(self.differences)} differ", file=sys.stderr, flush=True)
        self.cases += cases

    def note(self, engine: str, text: str, types: Iterable[str], machine: str, found: str, *, of_null: bool) -> None:
        """Two answers, JSON or codes, that differ. of_null: whether a field in the text is null there."""
        row = excused(engine, Answers(rows_in(text), set(types), machine, found, of_null))
        if row is None:
            self.differences.append(f"{engine}: {text}: {found}; the machine: {machine}")
            print(self.differences[-1], file=sys.stderr, flush=True)
        else:
            self.excused[f"{engine}: {row.what}"] += 1

    def report(self) -> str:
        lines = [*self.differences[:SHOWN], *(f"{count:7,} excused, {what}" for what, count in self.excused.items())]
        lines += [f"{count:7,} {what}" for what, count in self.seen.items()]
        share = len(self.differences) * 100_000 / max(self.cases, 1)
        lines.append(
            f"{self.cases:,} cases, {self.compared:,} answers compared, {self.errors:,} of them errors;"
            f" {len(self.differences):,} differ, which is {share:.1f} in 100,000 cases"
        )
        return "\n".join(lines)


def rows_in(text: str) -> set[str]:
    """The rows of the function and operator tables that a text may use."""
    words = set(re.findall(r"[a-z_]+|//|[!<>]=|[-+*/%=<>]", text))
    return words | ({"text hole"} if '"' in text and "{" in text else set())


def main(what: str, run: Callable[[int, int, Tally], None]) -> None:
    """The command line of a campaign. run: takes a seed, a number of cases and a tally."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=100_000)
    options = parser.parse_args()
    tally, began = Tally(), time.monotonic()
    try:
        run(options.seed, options.cases, tally)
    except KeyboardInterrupt:
        print("stopped")
    print(tally.report())
    print(f"seed {options.seed}, {time.monotonic() - began:,.0f} s")

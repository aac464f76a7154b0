"""`python -m benchmarks [startup|emit|vm|durable …]` → checked answers, then tables of times on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory

from benchmarks import arithmetic, durable, emit, generated, growth, imports, loops, serve, startup, tpch, vm
from benchmarks import compile as compile_
from benchmarks.measure import Row, table

QUESTIONS: dict[str, Callable[[str], list[Row] | str]] = {
    "startup": startup.measure,
    "emit": emit.measure,
    "imports": imports.measure,
    "vm": vm.measure,
    "compile": compile_.measure,
    "serve": serve.measure,
    "tpch": tpch.measure,
    "generated": generated.measure,
    "arithmetic": arithmetic.measure,
    "growth": growth.measure,
    "loops": loops.measure,
    "durable": durable.measure,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(QUESTIONS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    tables: list[str] = []
    for name in names or QUESTIONS:
        print(f"measuring {name} …", file=sys.stderr)
        with TemporaryDirectory() as folder:
            measured = QUESTIONS[name](folder)
        if isinstance(measured, str):
            tables.append(measured)
        else:
            rows += measured
    if rows:
        tables.insert(0, table(rows))
    print("\n\n".join(tables))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m benchmarks [startup|emit|vm|compile …]` → every answer checked, then a table of times on stdout."""

from __future__ import annotations

import sys
from tempfile import TemporaryDirectory

from benchmarks import compile as compile_
from benchmarks import emit, startup, vm
from benchmarks.measure import Row, table

QUESTIONS = {"startup": startup.measure, "emit": emit.measure, "vm": vm.measure, "compile": compile_.measure}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(QUESTIONS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or QUESTIONS:
        print(f"measuring {name} …", file=sys.stderr)
        with TemporaryDirectory() as folder:
            rows += QUESTIONS[name](folder)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How many lines of the language does each stage of the compiler process in a second, and `sopc compile` as a whole?"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Row, least, run_command, sopc, timed
from benchmarks.scripts import compile_text, read_schema
from runtime.bytecode.codec import decode, encode
from sopc.checker.program import check
from sopc.codegen.lower import lower
from sopc.source import Source
from sopc.syntax.format import format_source
from sopc.syntax.parse import parse

SCRIPT = """
script s{n}(dept: text = "Engineering", floor: int = 150000) -> int
  query rich = from employees where department = dept and salary > floor
  emit from rich order by salary desc select name, salary
  let total = 0
  for each e in from rich do
    set total = total + e.salary * 35 // 100
  end
  return total
end
"""
SCRIPTS = 300


def measure(folder: str) -> list[Row]:
    path = Path(folder) / "main.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, department TEXT, salary INTEGER)")
    connection.close()
    schema = read_schema(path)
    text = "".join(SCRIPT.format(n=n) for n in range(SCRIPTS))
    lines = text.count("\n")
    modules = compile_text(text, schema)
    if len(modules) != SCRIPTS or [decode(encode(module)) for module in modules] != modules:
        raise RuntimeError("the modules are not what they were after being written and read")

    source = Source("benchmark.sop", text)
    file = parse(source)
    program = check(file, source, {"main": schema}, lambda name: None)
    stages = {
        "parse": lambda: parse(source),
        "check": lambda: check(file, source, {"main": schema}, lambda name: None),
        "lower": lambda: lower(program, source, file, ()),
        "encode": lambda: [encode(module) for module in modules],
        "format": lambda: format_source(source),
    }
    rows = []
    for name, stage in stages.items():
        seconds = least(lambda stage=stage: timed(stage), 5)  # type: ignore[misc]
        rows.append(Row(f"compile {lines} lines", f"{name} ({lines / seconds:,.0f} lines/s)", seconds))
    file_ = Path(folder) / "all.sop"
    file_.write_text(text)
    seconds = least(lambda: _whole(file_, path), 5)
    rows.append(Row(f"compile {lines} lines", f"sopc compile, whole process ({lines / seconds:,.0f} lines/s)", seconds))
    return rows


def _whole(program: Path, database: Path) -> float:
    """The processor time of `sopc compile` with a library that holds none of the scripts."""
    with TemporaryDirectory(dir=program.parent) as home:
        command = sopc("compile", str(program), "--home", home, "--db", f"main=sqlite:///{database}")
        return run_command(command, Path(home) / "output")

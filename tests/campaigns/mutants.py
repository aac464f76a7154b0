"""A package and a seed → mutants of its functions, each killed by a test or listed as a survivor.

    pip install cosmic-ray coverage
    python -m tests.campaigns.mutants --package vm --seed 1 --count 400

The operators are those of cosmic-ray. Mutants are sampled evenly over the lines of functions, one a line; statements
outside functions (tables, defaults, annotations) are not mutated. One run of the package's tests records which test
reaches which line. Then a mutant is a fork of this process: the changed code object goes into the living function, and
the tests that reach its line run, the fastest first, until one fails. So a mutant costs its tests and no import, and
no file is written. A mutant is killed by a failing test, by the end of its process, or by taking too long.

`--only N…` runs those mutants of the sample alone; one alone shows the output of its tests. `--seconds S` is how long
the tests of one mutant may take by the first run; tests beyond that are left out, and the report says of how many
survivors. Seconds are of the processor, so that a busy machine neither kills mutants nor leaves out tests.
"""

from __future__ import annotations

import ast
import gc
import os
import pickle
import random
import resource
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from tests import postgres

ROOT: Final = Path(__file__).parent.parent.parent
MEMORY: Final = (
    16 << 30
)  # bytes of data of a mutant, for counts that are never reached (address space is more: threads)
WAITS: Final = 20  # as many programs may share the processor
SURVIVED, KILLED, NOT_LIVE = 0, 10, 11


class Package(NamedTuple):
    """sources, tests: paths from the root. chosen: pytest's -k."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    chosen: str = "not postgres"


PACKAGES: Final = {
    "vm": Package(
        ("runtime/vm",),
        (
            *(f"tests/unit/test_{name}.py" for name in ("machine", "generators", "segments", "run", "inserts")),
            *(f"tests/unit/test_{name}.py" for name in ("hot_loops", "many_parts", "remembered", "segments_by_hand")),
            "tests/runs/test_saved.py",
            "tests/language",
            "tests/golden",
        ),
        "not postgres and not duckdb and not formatted and not twice",
    ),
    "sql": Package(
        ("runtime/databases/sql",),
        (
            *(f"tests/unit/test_{name}.py" for name in ("sql", "sql_of_servers", "sql_stages", "sql_statements")),
            *(f"tests/unit/test_{name}.py" for name in ("sqlite", "inserts", "duckdb", "sql_property", "native_types")),
            *(f"tests/property/test_{name}.py" for name in ("growth", "queries", "one_meaning", "every_function")),
            *(f"tests/property/test_{name}.py" for name in ("every_aggregate", "aggregates_of_expressions")),
            "tests/language",
        ),
        "not postgres and not formatted and not twice",
    ),
    "check": Package(
        ("sopc/checker",),
        (
            *(
                f"tests/unit/test_check_{name}.py"
                for name in ("flow", "names", "queries", "scripts", "tables", "types", "writes")
            ),
            "tests/workflow/test_data_warnings.py",
            "tests/language",
            "tests/errors",
        ),
        "not postgres and not duckdb and not formatted and not caret",
    ),
    "tree": Package(
        ("sopc/tree",),
        (
            *(f"tests/unit/test_{name}.py" for name in ("parse", "syntax_errors", "codegen", "fmt", "explain")),
            *(
                f"tests/unit/test_check_{name}.py"
                for name in ("flow", "names", "queries", "scripts", "types", "writes")
            ),
            "tests/golden",
            "tests/errors",
        ),
        "not postgres and not duckdb and not caret",
    ),
    "codegen": Package(
        ("sopc/codegen",),
        (
            *(f"tests/unit/test_{name}.py" for name in ("codegen", "machine", "generators", "many_parts", "segments")),
            "tests/language",
            "tests/golden",
        ),
        "not postgres and not duckdb and not formatted and not twice",
    ),
    "tokens": Package(
        ("runtime/api/tokens.py",),
        tuple(f"tests/api/test_{name}.py" for name in ("rights", "attacks", "audit", "slowdown", "kept", "matrix")),
    ),
}


class Mutant(NamedTuple):
    """file: from the root. line, end: where it was changed, from 1. changed: the new line. source: the whole text."""

    file: str
    line: int
    end: int
    operator: str
    changed: str
    source: str


class Reached(NamedTuple):
    """What the first run tells. seconds: of the processor, by test that passed. tests: those that reach a line."""

    seconds: dict[str, float]
    tests: dict[tuple[str, int], set[str]]


# ── mutants ────────────────────────────────────────────────────────────────────────────────────────────────────


def files_of(package: Package) -> list[str]:
    """The modules of a package, from the root."""
    found = [sorted(path.glob("*.py")) if (path := ROOT / each).is_dir() else [path] for each in package.sources]
    return [str(path.relative_to(ROOT)) for paths in found for path in paths if path.name != "__init__.py"]


def functions(code: CodeType) -> Iterator[CodeType]:
    """The functions (and comprehensions, classes within) of a module's code, outer before inner."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 2:  # its names are fast locals: a function, not the body of a class
                yield constant
            yield from functions(constant)


def exchanged(before: str, after: str, file: str) -> list[tuple[CodeType, CodeType]]:
    """The functions that differ between two texts of a module, in pairs."""
    old, new = (list(functions(compile(text, str(ROOT / file), "exec", dont_inherit=True))) for text in (before, after))
    if [code.co_qualname for code in old] != [code.co_qualname for code in new]:
        return []
    return [(one, other) for one, other in zip(old, new, strict=True) if one != other]


def statement_line(tree: ast.Module, line: int) -> int:
    """The first line of the smallest statement around a line."""
    around = [each.lineno for each in ast.walk(tree) if isinstance(each, ast.stmt) and each.lineno <= line]
    return max(around, default=line)


def sample(package: Package, seed: int, count: int) -> Iterator[Mutant]:
    """Mutants on different lines, by chance."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    chance = random.Random(seed)
    kinds = {name: plugins.get_operator(name) for name in plugins.operator_names()}
    operators = {name: kind() for name, kind in kinds.items() if not kind.arguments()}
    texts: dict[str, str] = {}
    found: dict[tuple[str, int], list[tuple[int, str, int]]] = defaultdict(list)
    for file in files_of(package):
        texts[file] = (ROOT / file).read_text()
        within = lines_of_functions(ast.parse(texts[file]))
        seen: Counter[str] = Counter()
        for node in ast_nodes(get_ast(texts[file])):
            for name, operator in operators.items():
                for (line, _), (end, _) in operator.mutation_positions(node):
                    if line in within:
                        found[file, line].append((end, name, seen[name]))
                    seen[name] += 1
    lines = sorted(found)
    chance.shuffle(lines)
    made = 0
    for file, line in lines:
        choices = found[file, line]
        chance.shuffle(choices)
        for end, name, occurrence in choices:
            changed = mutated(texts[file], operators[name], occurrence)
            if changed is None or not exchanged(texts[file], changed, file):
                continue
            pairs = zip(texts[file].splitlines(), changed.splitlines(), strict=False)
            shown = next((new.strip() for old, new in pairs if old != new), "")
            yield Mutant(file, line, end, name.partition("/")[2], shown, changed)
            made += 1
            break
        if made == count:
            return


def lines_of_functions(tree: ast.Module) -> set[int]:
    """The lines of the bodies of functions."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [each.body for each in ast.walk(tree) if isinstance(each, kinds)]
    return {line for body in bodies for line in range(body[0].lineno, (body[-1].end_lineno or 0) + 1)}


def mutated(text: str, operator: Any, occurrence: int) -> str | None:
    """The text with one change, where it can be made and is Python."""
    from cosmic_ray.mutating import mutate_code

    try:
        changed: str | None = mutate_code(text, operator, occurrence)
        compile(changed or "", "mutant", "exec", dont_inherit=True)
    except (AttributeError, SyntaxError, ValueError):  # cosmic-ray 8.7 does not expect `except (a.B, C)`
        return None
    return changed


# ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────


def apart(work: Callable[[], int], limit: float, quiet: bool = True) -> int | None:
    """The exit status of work in a process of its own; None: ended by a signal.

    limit: seconds of the processor; a process that waits for what never comes is ended after WAITS times as long.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        status = KILLED
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
            if quiet:
                nowhere = os.open(os.devnull, os.O_RDWR)
                for number in (0, 1, 2):
                    os.dup2(nowhere, number)
            status = work()
        finally:
            os._exit(status)
    until = time.monotonic() + limit * WAITS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            kill_group(child)
            return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else None
        time.sleep(0.005)
    kill_group(child)
    os.waitpid(child, 0)
    return None


def kill_group(leader: int) -> None:
    """Ends the process and those that it started."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def run_tests(items: list[pytest.Item], report: Callable[[pytest.Item, bool, float], bool]) -> None:
    """Runs tests in order. report: takes a test, whether it passed, its seconds; true goes on."""
    for number, item in enumerate(items):
        began = time.process_time()
        next_item = items[number + 1] if number + 1 < len(items) else None
        reports = runtestprotocol(item, log=False, nextitem=next_item)
        if not report(item, not any(each.failed for each in reports), time.process_time() - began):
            return


def first_run(package: Package, items: list[pytest.Item], notes: Path) -> Reached:
    """Runs every test once, in a process of its own, and reads what it wrote down."""

    def work() -> int:
        from coverage import Coverage

        seconds: dict[str, float] = {}
        include = [
            str(ROOT / place / "*") if (ROOT / place).is_dir() else str(ROOT / place) for place in package.sources
        ]
        watch = Coverage(data_file=None, include=include, config_file=False)
        watch.start()

        def report(item: pytest.Item, passed: bool, taken: float) -> bool:
            if passed:
                seconds[item.nodeid] = taken
            following = names.get(item.nodeid)
            if following:
                watch.switch_context(following)
            return True

        names = {one.nodeid: other.nodeid for one, other in pairwise(items)}
        watch.switch_context(items[0].nodeid)
        run_tests(items, report)
        watch.stop()
        data = watch.get_data()
        tests: dict[tuple[str, int], set[str]] = {}
        for name in data.measured_files():
            for line, contexts in data.contexts_by_lineno(name).items():
                tests[str(Path(name).relative_to(ROOT)), line] = set(contexts)
        notes.write_bytes(pickle.dumps(Reached(seconds, tests)))
        return SURVIVED

    if apart(work, 3600, quiet=False) != SURVIVED:
        raise RuntimeError("the tests did not run to their end on the code as it is")
    reached: Reached = pickle.loads(notes.read_bytes())
    return reached


class Campaign:
    """A pytest plugin: instead of running the tests once, runs them against each mutant."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.package = PACKAGES[options.package]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        options, began = self.options, time.monotonic()
        mutants = sample(self.package, options.seed, options.count)
        if any("postgres" in item.name for item in session.items):
            postgres.shared()  # started here, so that every fork uses the same one
        base = Path(session.config.option.basetemp)
        notes = base.parent / f"{base.name}.reached"
        reached = first_run(self.package, session.items, notes)
        notes.unlink()
        taken = sum(reached.seconds.values())
        print(f"{len(reached.seconds)} of {len(session.items)} tests passed, {taken:.0f} s", flush=True)
        places = tuple(str(ROOT / place) for place in self.package.sources)
        for file in files_of(self.package):
            import_module(file.removesuffix(".py").replace("/", "."))  # some are imported when first needed
        living = [
            each
            for each in gc.get_objects()
            if type(each) is FunctionType and each.__code__.co_filename.startswith(places)
        ]
        gc.freeze()
        outcomes: Counter[str] = Counter()
        short, until = 0, time.monotonic() + (options.minutes or 1e6) * 60
        for number, mutant in enumerate(mutants):
            if options.only and number not in options.only:
                continue
            items, cut = self.tests_of(mutant, session.items, reached)
            outcome = self.outcome(mutant, items, living, reached) if items else "not reached"
            outcomes[outcome] += 1
            short += cut and outcome == "survived"
            if outcome != "killed":
                print(
                    f"{number:4} {outcome}: {mutant.file}:{mutant.line} {mutant.operator}: {mutant.changed}", flush=True
                )
            if time.monotonic() > until:
                break
        print(", ".join(f"{count} {name}" for name, count in outcomes.most_common()))
        print(f"{short} survivors were not tried against all of their tests")
        print(f"package {options.package}, seed {options.seed}, {time.monotonic() - began:,.0f} s")
        return True

    def tests_of(self, mutant: Mutant, items: list[pytest.Item], reached: Reached) -> tuple[list[pytest.Item], bool]:
        """Those that reach the mutant, the fastest first, and whether some were left out."""
        first = statement_line(ast.parse((ROOT / mutant.file).read_text()), mutant.line)
        names = set().union(
            *(reached.tests.get((mutant.file, line), set()) for line in range(mutant.line, mutant.end + 1))
        )
        names = names or reached.tests.get((mutant.file, first), set())
        chosen = sorted(
            (item for item in items if item.nodeid in names and item.nodeid in reached.seconds),
            key=lambda item: reached.seconds[item.nodeid],
        )
        total = 0.0
        for number, item in enumerate(chosen):
            total += reached.seconds[item.nodeid]
            if number and total > self.options.seconds:
                return chosen[:number], True
        return chosen, False

    def outcome(self, mutant: Mutant, items: list[pytest.Item], living: list[FunctionType], reached: Reached) -> str:
        def work() -> int:
            before = (ROOT / mutant.file).read_text()
            swaps = dict(exchanged(before, mutant.source, mutant.file))
            live = [each for each in living if each.__code__ in swaps]
            if not live:
                return NOT_LIVE
            for each in live:
                each.__code__ = swaps[each.__code__]
            status = SURVIVED

            def report(item: pytest.Item, passed: bool, taken: float) -> bool:
                nonlocal status
                if not passed:
                    status = KILLED
                    print("killed by", item.nodeid)
                return passed

            run_tests(items, report)
            return status

        limit = 4 + 4 * sum(reached.seconds[item.nodeid] for item in items)
        status = apart(work, limit, quiet=len(self.options.only or ()) != 1)
        return {SURVIVED: "survived", NOT_LIVE: "not live"}.get(-1 if status is None else status, "killed")


def main(arguments: list[str]) -> None:
    parser = ArgumentParser(description="Mutants of a package, and whether its tests kill them.")
    parser.add_argument("--package", choices=PACKAGES, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400, help="mutants, at most one a line")
    parser.add_argument("--seconds", type=float, default=60, help="of tests for a mutant")
    parser.add_argument(
        "--minutes", type=float, default=0, help="after the first run; then no mutant is begun; 0: no limit"
    )
    parser.add_argument(
        "--only", type=int, nargs="+", help="numbers of mutants; one alone shows the output of its tests"
    )
    parser.add_argument("--folder", default="/tmp/mutants", help="for the files of the tests; emptied")
    parser.add_argument("--chosen", help="pytest's -k, instead of the package's; the packages leave out PostgreSQL")
    options = parser.parse_args(arguments)
    package = PACKAGES[options.package]
    settings: list[Any] = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp", options.folder]
    pytest.main([*settings, "-k", options.chosen or package.chosen, *package.tests], plugins=[Campaign(options)])


if __name__ == "__main__":
    main(sys.argv[1:])

"""Seeds → compiled scripts with parts swapped for similar parts of others; each must be refused on load or run to an
end.

    python -m tests.campaigns.modules --seed 1 --cases 100000

A mutant keeps the shape of a module: an expression replaces an expression, a type a type, a name a name, and the
checksum is right. Only the verifier can tell it from a module that `sopc` made. Whatever loads is listed and run on
SQLite (dry, with budgets). An exception other than SopError counts as a traceback, a run of more than SLOW seconds as a
hang. Prints the counts, and each fault with the number that repeats it (`--only N`).
"""

from __future__ import annotations

import random
import signal
import sys
import traceback
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Final, NamedTuple

import msgspec

from runtime.bytecode.codec import decode, encode
from runtime.bytecode.disasm import disassemble
from runtime.bytecode.module import Debug, Module
from runtime.connect import connect
from runtime.databases.protocol import Database
from runtime.errors import SopError
from runtime.output.formats import open_writer
from runtime.query import algebra
from runtime.runs.run import RunOptions, run
from runtime.values.types import INT_MAX, INT_MIN
from tests.harness import cases, compile_text, exact, make_database, read_case

SLOW: Final = 30
EXPRESSIONS: Final = algebra.Expr.__args__
RELATIONS: Final = algebra.Relation.__args__
WRITES: Final = algebra.Write.__args__
ODD: Final[dict[type, tuple[Any, ...]]] = {
    int: (0, 1, -1, 2, 255, 256, 65536, INT_MAX, INT_MIN),
    str: ("", " ", "\0", "id", "main", "text", "decimal", "null", "9" * 40, "1e400", "2026-02-30", "é" * 300),
    float: (0.0, -0.0, 1e308, 5e-324),
    bool: (True, False),
    bytes: (b"", bytes(4)),
}


class Place(NamedTuple):
    """A part of a module: the way to it (names of fields, places in tuples, keys) and what may stand there."""

    way: tuple[Any, ...]
    kind: object
    value: Any


class Library:
    """One module as a library, with the others behind it."""

    def __init__(self, module: Module, data: bytes) -> None:
        self.name = module.signature.name
        self.version = 1
        self.hash = "0" * 32
        self.data = data

    def resolve(self, name: str) -> Any:
        if name == self.name:
            return self
        raise SopError("L0101", f"there is no script named {name}")

    def load(self, hash_: str) -> bytes:
        return self.data

    def cached_statement(self, key: bytes) -> bytes | None:
        return None

    def cache_statement(self, key: bytes, value: bytes) -> None:
        return


class Hang(BaseException):
    """The case took longer than SLOW seconds."""


@cache
def modules(every: int = 1) -> list[Module]:
    """Those of the language tests that need no store of their own and call no other; every n-th."""
    with TemporaryDirectory() as folder:
        schema = make_database(Path(folder) / "main.db")
        found = [read_case(path) for path in cases("language")]
        texts = [case.text for case in found if not case.all("setup", "error")][::every]
        made = [module for text in texts for module in compile_text(text, schema)]
    return [module for module in made if not module.calls]


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def kind_of(value: Any, within: object) -> object:
    """Parts of one kind can stand in each other's place. within: what the part belongs to."""
    kind = type(value)
    for group in (EXPRESSIONS, RELATIONS, WRITES):
        if kind in group:
            return group
    return kind if isinstance(value, msgspec.Struct) else (kind, within)


def parts(root: Module) -> Iterator[Place]:
    """Every part of a module but its debug tables, which are not run."""
    pending: list[tuple[tuple[Any, ...], Any, object]] = [((), root, None)]
    while pending:
        way, value, within = pending.pop()
        if way:
            yield Place(way, kind_of(value, within), value)
        if isinstance(value, msgspec.Struct) and not isinstance(value, Debug):
            pending += [((*way, name), getattr(value, name), (type(value), name)) for name in value.__struct_fields__]
        elif isinstance(value, tuple):
            pending += [((*way, at), item, within) for at, item in enumerate(value)]
        elif isinstance(value, dict):
            pending += [((*way, key), item, within) for key, item in value.items()]


def replaced(root: Any, way: tuple[Any, ...], value: Any) -> Any:
    """The root with another value at that place."""
    if not way:
        return value
    first, *rest = way
    if isinstance(root, msgspec.Struct):
        return msgspec.structs.replace(root, **{first: replaced(getattr(root, first), tuple(rest), value)})
    if isinstance(root, dict):
        return {**root, first: replaced(root[first], tuple(rest), value)}
    return (*root[:first], replaced(root[first], tuple(rest), value), *root[first + 1 :])


@cache
def pool(every: int) -> dict[object, list[Any]]:
    """Parts of all modules by kind, each once."""
    found: dict[object, dict[Any, None]] = {}
    for module in modules(every):
        for place in parts(module):
            try:
                found.setdefault(place.kind, {})[place.value] = None
            except TypeError:  # a schema is no key of a dict
                continue
    return {kind: list(values) for kind, values in found.items()}


@cache
def places(every: int, number: int) -> list[Place]:
    return list(parts(modules(every)[number]))


def mutant(seed: int, case: int, every: int) -> Module:
    """One module with one to three parts exchanged."""
    chance = random.Random(f"{seed} {case}")
    number = chance.randrange(len(modules(every)))
    module = modules(every)[number]
    own = places(every, number)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.choice(own)
        like = [other.value for other in own if other.kind == place.kind]
        if chance.random() < 0.5 or len(like) == 1:
            like = pool(every).get(place.kind) or like
        odd = ODD.get(type(place.value))
        value = chance.choice(odd) if odd and chance.random() < 0.3 else chance.choice(like)
        try:
            module = replaced(module, place.way, value)
        except (AttributeError, IndexError, KeyError, TypeError):
            continue  # the way is gone with an earlier exchange
        own = list(parts(module))
    return module


# ── what becomes of it ─────────────────────────────────────────────────────────────────────────────────────────


def outcome(module: Module, database: Path) -> str:
    """`refused CODE`, `not started CODE` or the status at the end of its run; any exception but SopError comes out."""
    try:
        data = encode(module)
    except (OverflowError, msgspec.MsgspecError, UnicodeEncodeError) as error:
        return f"no module: {type(error).__name__}"
    try:
        loaded = decode(data)
    except SopError as error:
        assert error.code.startswith("L02"), error
        return f"refused {error.code}"
    disassemble(loaded)
    library = Library(loaded, data)
    opened: list[Database] = []

    def open_(name: str) -> Database:
        opened.append(connect(f"sqlite:///{database}", name=name, base=database.parent))
        return opened[-1]

    stream = BytesIO()
    options = RunOptions(dry_run=True, max_instructions=20_000, max_rows=20_000, max_seconds=5)
    try:
        outcome = run(
            library, loaded.signature.name, {}, open_, open_writer("jsonl", stream, buffer_until_commit=False), options
        )
    except SopError as error:
        return f"not started {error.code}"
    finally:
        for each in opened:
            each.close()
    lines = [exact(line) for line in stream.getvalue().decode().splitlines()]
    assert lines[-1]["type"] == "end", lines
    return f"{outcome.status} {outcome.error.code}" if outcome.error else outcome.status


class Report(NamedTuple):
    """outcomes: how many mutants ended so. faults: by the last lines of a traceback, or `hang`, the cases."""

    outcomes: Counter[str]
    faults: dict[str, list[int]]


def campaign(seed: int, numbers: range, every: int = 1) -> Report:
    outcomes: Counter[str] = Counter()
    faults: dict[str, list[int]] = {}

    def too_slow(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, too_slow)
    try:
        with TemporaryDirectory() as folder:
            database = Path(folder) / "main.db"
            make_database(database)
            for case in numbers:
                signal.alarm(SLOW)
                try:
                    outcomes[outcome(mutant(seed, case, every), database)] += 1
                except Hang:
                    faults.setdefault("hang", []).append(case)
                except Exception as error:
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    said = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:90]}"
                    faults.setdefault(said, []).append(case)
                finally:
                    signal.alarm(0)
    finally:
        signal.signal(signal.SIGALRM, before)
    return Report(outcomes, faults)


def main() -> None:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="run this case and show its traceback")
    chosen = parser.parse_args()
    if chosen.only is not None:
        with TemporaryDirectory() as folder:
            make_database(Path(folder) / "main.db")
            module = mutant(chosen.seed, chosen.only, 1)
            print(module)
            print(outcome(module, Path(folder) / "main.db"))
        return
    report = campaign(chosen.seed, range(chosen.first, chosen.first + chosen.cases))
    for name, count in report.outcomes.most_common():
        print(f"{count:8} {name}")
    for name, numbers in sorted(report.faults.items(), key=lambda item: -len(item[1])):
        print(f"{len(numbers):8} FAULT {name} (cases {', '.join(map(str, numbers[:5]))})")
    print(f"seed {chosen.seed}: {chosen.cases} mutants, {sum(map(len, report.faults.values()))} faults")
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()

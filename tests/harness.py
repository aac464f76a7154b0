"""A `.sop` test script with `# expect …` comments → what it expects, what it did, and where the two differ.

Each script is compiled and run on its own copy of tests/language/schema.sql, in a fresh library. The comments, anywhere
in the file, in the order of the output they speak of:

    # expect {"a": 1}                 the next record (exactly, numbers by their digits), or, for a JSON text, the next
    # expect "text"                   thing said; all records and all that is said must be expected, in order
    # expect-say fragment             as the latter, by a part of it
    # expect-line {"type": …}         a line of the output that holds at least these fields; in order among themselves
    # expect-void {"type": …}         a line that a later `rollback` line voids
    # expect-end {"status": …}        the `end` line holds these fields (status ok unless the script is to fail)
    # expect-fail CODE fragment       the run ends with this error, at this line of the file
    # expect-fail-anywhere CODE …     as above, where no line is known
    # expect-backtrace inner outer    scripts in the error's backtrace: the callers, innermost first
    # expect-error CODE fragment      compiling fails with this finding at this line (all findings must be expected)
    # expect-db SQL -> [[…], …]       rows of the database afterwards
    # setup SQL     # args k=v k=v     # answer STEP=VALUE     # run NAME (the last script of the file unless said)

A CODE may be the first letters of one. A fragment may be empty.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from runtime.bytecode.codec import decode, encode, module_hash
from runtime.bytecode.module import Module
from runtime.connect import connect
from runtime.databases.protocol import Database
from runtime.library.records import Provenance
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.query.schema import Schema
from runtime.runs.run import RunOptions, run
from sopc.checker.program import check
from sopc.codegen.lower import lower
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.lock import split_sop
from sopc.source import Source
from sopc.syntax.parse import parse
from tests.engines import SQLITE, Engine

ROOT = Path(__file__).parent
SCHEMA = ROOT / "language" / "schema.sql"
_DIRECTIVE = re.compile(r"#\s*(expect(?:-[a-z]+)*|setup|args|answer|run)\b[ \t]*(.*)$")


@dataclass(frozen=True)
class Expected:
    """One comment: kind without `expect-` (`value` for a bare one), what follows it, and its 1-based line."""

    kind: str
    rest: str
    line: int


@dataclass(frozen=True)
class Case:
    """A test script and its comments."""

    path: Path
    text: str
    comments: tuple[Expected, ...]

    def all(self, *kinds: str) -> list[Expected]:
        return [comment for comment in self.comments if comment.kind in kinds]

    def rest(self, kind: str) -> str:
        """What follows the only comment of a kind, or nothing."""
        return next((comment.rest for comment in self.all(kind)), "")


@dataclass
class Result:
    """What a run did. raw: the bytes it wrote. rows: looks into the database afterwards."""

    raw: bytes
    exit_code: int
    rows: Callable[[str], list[list[Any]]]
    lines: list[dict[str, Any]] = field(default_factory=list)

    def of(self, *types: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] in types]


def cases(folder: str) -> list[Path]:
    """Every test script under tests/<folder>."""
    return sorted((ROOT / folder).rglob("*.sop"))


def case_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read_case(path: Path) -> Case:
    text = path.read_text(encoding="utf-8")
    return Case(path, text, tuple(comments_of(text)))


def comments_of(text: str) -> list[Expected]:
    """The comments of a script's text that this module knows, in order."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _DIRECTIVE.search(line):
            kind = match[1].removeprefix("expect-")
            found.append(Expected("value" if kind == "expect" else kind, match[2].strip(), number))
    return found


# ── compiling and running ──────────────────────────────────────────────────────────────────────────────────────


def make_database(place: Path, case: Case | None = None, schema: Path | None = None, engine: Engine = SQLITE) -> Schema:
    """A database with the shared tables and the case's own; its schema as the checker reads it."""
    engine.script(place, (schema or engine.schema).read_text(encoding="utf-8"))
    for comment in case.all("setup") if case else ():
        engine.script(place, comment.rest)
    return engine.read_schema(place)


def read_schema(path: Path) -> Schema:
    """Of a SQLite file."""
    return SQLITE.read_schema(path)


def compile_text(text: str, schema: Schema, name: str = "test.sop") -> list[Module]:
    """The scripts of a file as modules; each has been through the codec, so through the verifier too."""
    source = Source(name, text)
    file = parse(source)
    program = check(file, source, {"main": schema}, lambda name: None)
    header, _ = split_sop(text)
    sentences = header.sentences if header else ()
    return [decode(encode(module)) for module in lower(program, source, file, sentences)]


def store(library: Library, modules: list[Module]) -> None:
    for module in modules:
        library.put(encode(module), module_hash(module), module.signature.name, Provenance())


def execute(
    library: Library,
    name: str,
    database: Path | str,
    args: dict[str, Any] | None = None,
    engine: Engine = SQLITE,
    **options: Any,
) -> tuple[bytes, int]:
    """Run a stored script on a database, given by its place or its URL: the bytes of its JSON lines, and the exit
    code."""
    url = database if isinstance(database, str) else engine.url(database)
    stream = BytesIO()
    writer = open_writer("jsonl", stream, buffer_until_commit=False)
    opened: list[Database] = []

    def open_(name: str) -> Database:
        opened.append(connect(url, name=name, base=Path()))
        return opened[-1]

    outcome = run(library, name, args or {}, open_, writer, RunOptions(**options))
    for connection in opened:
        connection.close()
    return stream.getvalue(), outcome.exit_code


def run_case(case: Case, folder: Path, engine: Engine = SQLITE, **options: Any) -> Result:
    """Compile and run a case in an empty folder. options: as RunOptions has them."""
    database = engine.place(folder)
    modules = compile_text(case.text, make_database(database, case, engine=engine), case.path.name)
    args = dict(part.split("=", 1) for comment in case.all("args") for part in shlex.split(comment.rest))
    answers = dict(comment.rest.split("=", 1) for comment in case.all("answer"))
    with Library.open(folder / "home") as library:
        store(library, modules)
        name = case.rest("run") or modules[-1].signature.name
        raw, exit_code = execute(library, name, database, args, engine, answers=answers, **options)
    lines = [exact(line) for line in raw.decode().splitlines()]
    return Result(raw, exit_code, lambda sql: engine.rows(database, sql), lines)


# ── comparing ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Digits:
    """A JSON number with a point or an exponent, equal only to one written the same."""

    text: str

    def __repr__(self) -> str:
        return self.text


def exact(text: str) -> Any:
    """JSON whose numbers compare by how they are written: 1 is not 1.0, 2.5 is not 2.50."""
    return json.loads(text, parse_float=Digits, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def holds(line: Any, fragment: Any) -> bool:
    """Every field of the fragment is in the line, at any depth of records."""
    if isinstance(fragment, dict) and isinstance(line, dict):
        return all(key in line and holds(line[key], value) for key, value in fragment.items())
    return bool(line == fragment)


def problems(case: Case, result: Result) -> list[str]:
    """Where a run differs from what its case expects; empty when it does not."""
    found = [*_stream_problems(result), *_value_problems(case, result), *_line_problems(case, result)]
    found += _end_problems(case, result)
    for comment in case.all("db"):
        sql, _, rows = comment.rest.rpartition(" -> ")
        actual = result.rows(sql)
        if actual != json.loads(rows):
            found.append(f"line {comment.line}: {sql} gives {json.dumps(actual, ensure_ascii=False)}")
    return found


def _stream_problems(result: Result) -> list[str]:
    """What holds of every run: start first, one end last, seq counts up, exit code and status agree."""
    types = [line["type"] for line in result.lines]
    if not types or types[0] != "start" or types[-1] != "end" or types.count("end") != 1:
        return [f"the lines are {types}, not start … end"]
    numbers = [line["seq"] for line in result.lines if "seq" in line]
    found = [] if numbers == list(range(1, len(numbers) + 1)) else [f"seq is {numbers}"]
    end = result.lines[-1]
    code = {"ok": 0, "dry-run": 0, "failed": 1, "waiting": 3, "cancelled": 130}.get(end["status"])
    if code != result.exit_code:
        found.append(f"exit code {result.exit_code} with status {end['status']}")
    return found


def _value_problems(case: Case, result: Result) -> list[str]:
    expected = case.all("value", "say")
    actual = [line["result"] for line in result.of("record", "say")]
    found = []
    for comment, value in zip(expected, actual, strict=False):
        if comment.kind == "say":
            matches = isinstance(value, str) and comment.rest in value
        else:
            wanted = exact(comment.rest)
            matches = wanted == value and (not isinstance(wanted, dict) or list(wanted) == list(value))
        if not matches:
            found.append(f"line {comment.line}: expected {comment.rest}, got {value!r}")
    found += [f"line {comment.line}: expected {comment.rest}, got nothing" for comment in expected[len(actual) :]]
    found += [f"not expected: {value!r}" for value in actual[len(expected) :]]
    return found


def _line_problems(case: Case, result: Result) -> list[str]:
    found = []
    rest = iter(result.lines)
    for comment in case.all("line"):
        if not any(holds(line, exact(comment.rest)) for line in rest):
            found.append(f"line {comment.line}: no line (after those before it) holds {comment.rest}")
    voided: list[dict[str, Any]] = []
    for line in result.of("rollback"):
        voided += [other for other in result.lines if line["to"] < other.get("seq", 0) < line["seq"]]
    for comment in case.all("void"):
        if not any(holds(line, exact(comment.rest)) for line in voided):
            found.append(f"line {comment.line}: no rollback line voids {comment.rest}")
    for comment in case.all("line"):
        if case.all("void") and any(holds(line, exact(comment.rest)) for line in voided):
            found.append(f"line {comment.line}: a rollback line voids {comment.rest}")
    return found


def _end_problems(case: Case, result: Result) -> list[str]:
    end, errors = result.lines[-1], result.of("error")
    fails = case.all("fail", "fail-anywhere")
    found = []
    wanted = exact(case.rest("end") or "{}")
    wanted.setdefault("status", "failed" if fails else "ok")
    if not holds(end, wanted):
        found.append(f"the end line is {end}, expected {wanted}{errors or ''}")
    if len(errors) != len(fails):
        return [*found, f"{len(errors)} error lines, expected {len(fails)}: {errors}"]
    for comment, error in zip(fails, errors, strict=True):
        code, _, fragment = comment.rest.partition(" ")
        report = error["result"]
        if not report["code"].startswith(code) or fragment not in report["message"]:
            found.append(f"line {comment.line}: expected {comment.rest}, got {report['code']} {report['message']}")
        if comment.kind == "fail" and report.get("line") != comment.line:
            found.append(f"line {comment.line}: the error says line {report.get('line')}")
        if trace := case.rest("backtrace"):
            scripts = [frame["script"] for frame in report["backtrace"]]
            if scripts != trace.split():
                found.append(f"the backtrace is {scripts}, expected {trace.split()}")
    return found


def finding_problems(case: Case, error: CompileError | None) -> list[str]:
    """Where the findings of compiling differ from the `# expect-error` comments."""
    findings = error.diagnostics if error else []
    left = list(findings)
    found = []
    for comment in case.all("error"):
        code, _, fragment = comment.rest.partition(" ")
        match = next(
            (finding for finding in left if _matches(case, finding, code, fragment.strip(), comment.line)), None
        )
        if match is None:
            found.append(f"line {comment.line}: no finding is {comment.rest}")
        else:
            left.remove(match)
    source = Source(case.path.name, case.text)
    return found + [f"not expected:\n{finding.render(source)}" for finding in left]


def _matches(case: Case, finding: Diagnostic, code: str, fragment: str, line: int) -> bool:
    if finding.span is None or not finding.code.startswith(code):
        return False
    said = f"{finding.message} {finding.hint or ''}"
    return fragment in said and Source("", case.text).position(finding.span.start)[0] == line

"""Examples and a compiled program → differences from what they expect; each example has its own scratch databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import msgspec

from runtime.bytecode.module import Module
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.databases.sqlite.schema import PLACE
from runtime.errors import RunError, SopError
from runtime.library.overlay import Overlay
from runtime.library.store import Item, Library
from runtime.query.schema import Schema
from runtime.runs.capture import Ran, run_from
from sopc.context import Context
from sopc.diagnostics import Diagnostic
from sopc.english.examples.compare import Difference, compare_table, compare_texts, compare_value, pick
from sopc.english.examples.form import Cell, Example, Expect
from sopc.english.examples.scratch import Scratch, fill, find_stores, midday, pairs_table, rows_of, unknown
from sopc.english.examples.words import argument_text, find_name
from sopc.source import Source, Span

if TYPE_CHECKING:
    from runtime.vm.output import Question

MAX_INSTRUCTIONS: Final = 5_000_000  # for one example, so that an endless loop is found
MAX_SECONDS: Final = 60.0


def try_examples(
    examples: Sequence[Example], source: Source, module: Module, items: Sequence[Item], context: Context
) -> Iterator[tuple[Example, list[Diagnostic]]]:
    """Run examples.

    Args:
        examples: To run.
        source: The text that holds them.
        module: The script that they call.
        items: The script, and others compiled with it, which need not be stored.
        context: With the library and the databases.

    Returns:
        Each example with its findings; none if it holds. T0402: a name or value of the example is invalid. T0403: the
        result differs.
    """
    if not examples:
        return
    with TemporaryDirectory(prefix="sop-examples-") as folder:
        scratch = Scratch(Path(folder), context.config, _schemas(examples, module, context))
        library = Rehearsal(context.library, items)
        for example in examples:
            yield example, _Trial(example, source, module, scratch, library).findings()


def _schemas(examples: Sequence[Example], module: Module, context: Context) -> dict[str, Schema]:
    """The schemas of the databases that the script uses; of all databases, if an example names a store in none of
    these, so that the example fails for a script that does not use that store."""
    used = {*module.signature.uses}
    used |= {store.partition(".")[0] for store in (*module.effects.reads, *module.effects.writes)}
    schemas = context.schemas(sorted(used))
    words = [given.store.text for example in examples for given in example.given]
    words += [each.what.text for example in examples for each in example.expects if each.kind == "store" and each.what]
    if all(find_stores(schemas, each) for each in words):
        return schemas
    return {**context.readable_schemas(), **schemas}


class Rehearsal(Overlay):
    """A library overlay that keeps cached statements in memory, so that examples do not change the library."""

    def __init__(self, library: Library, items: Sequence[Item]) -> None:
        super().__init__(library, items)
        self._statements: dict[bytes, bytes] = {}

    def cached_statement(self, key: bytes) -> bytes | None:
        return self._statements.get(key)

    def cache_statement(self, key: bytes, value: bytes) -> None:
        self._statements[key] = value


class EmptyCopy(SQLiteDatabase):
    """An empty SQLite copy of a database of any engine, with the types of the original and the places of SQLite."""

    def __init__(self, path: Path, name: str, schema: Schema) -> None:
        self._original = msgspec.structs.replace(schema, place=PLACE)
        super().__init__(path, name=name)

    def schema(self) -> Schema:
        return self._original


@dataclass
class _Came:
    """The results of a run. lines: those of the script itself that no rollback voided."""

    ran: Ran
    lines: list[dict[str, Any]]
    asked: list[str]
    files: dict[str, Path]
    before: dict[str, bytes]

    @property
    def failure(self) -> SopError | None:
        return self.ran.outcome.error


class _Trial:
    """Runs one example. Findings point at the part of the example that fails."""

    def __init__(self, example: Example, source: Source, module: Module, scratch: Scratch, library: Library) -> None:
        self._example = example
        self._source = source
        self._module = module
        self._scratch = scratch
        self._library = library
        self._today = example.today or datetime.now(UTC).date()
        self._sentences = {step.path: step.sentence for step in module.debug.steps}

    def findings(self) -> list[Diagnostic]:
        files = self._scratch.fresh()
        found = fill(self._scratch, files, self._example.given, self._today)
        arguments = self._arguments(found)
        if found:
            return [self._labelled(finding) for finding in dict.fromkeys(found)]  # for each row again
        try:
            came = self._run(arguments, files)
        except SopError as error:
            return [self._failed(error, None)]
        wanted = next((expect for expect in self._example.expects if expect.kind == "fails"), None)
        if came.failure is not None and wanted is None:
            trace = came.ran.outcome.trace
            return [self._failed(came.failure, trace.place.sentence if trace else None)]
        found = [finding for expect in self._example.expects for finding in self._check(expect, came)]
        return [self._labelled(finding) for finding in found]

    def _labelled(self, finding: Diagnostic) -> Diagnostic:
        return replace(finding, message=f"{self._example.label}: {finding.message}")

    # ── running ────────────────────────────────────────────────────────────────────────────────────────────────

    def _arguments(self, findings: list[Diagnostic]) -> dict[str, str]:
        written = self._example.arguments
        if written is None:
            return {}
        types = {param.name: param.type for param in self._module.signature.params}
        table = pairs_table(written, list(types), "parameter", findings)
        if table is None:
            return {}
        given = {}
        for column, cell in zip(table.columns, table.rows[0], strict=True):
            try:
                given[column.text] = argument_text(cell, types[column.text], self._today)
            except RunError as error:
                findings.append(Diagnostic("T0402", f"`{column.text}`: {error.message}", cell.span))
        return given

    def _run(self, arguments: Mapping[str, str], files: dict[str, Path]) -> _Came:
        answers = list(self._example.answers)
        asked: list[str] = []

        def answer(question: Question) -> str | None:
            if question.problem:
                raise SopError("V0404", f'to the question "{question.text}": {question.problem}')
            asked.append(question.text)
            if not answers:
                if question.has_default:
                    return None
                raise SopError("V0403", f'it asks "{question.text}", and the example has no answer left')
            return argument_text(answers.pop(0), question.type, self._today)

        moment = midday(self._today)
        before = {name: path.read_bytes() for name, path in files.items()}
        ran = run_from(
            self._library,
            self._module.signature.name,
            arguments,
            lambda name: EmptyCopy(files[name], name, self._scratch.schemas[name]),
            prompt=answer,
            clock=lambda: moment,
            max_instructions=MAX_INSTRUCTIONS,
            max_seconds=MAX_SECONDS,
        )
        return _Came(ran, _standing(ran.exact_lines), asked, files, before)

    def _failed(self, error: SopError, sentence: int | None) -> Diagnostic:
        message = f"the run failed ({error.code}): {error.message}"
        hint = error.hint or "`Then it fails with …` expects that"
        return self._labelled(Diagnostic("T0403", message, self._first_line(), hint, sentence, self._quoted(sentence)))

    def _first_line(self) -> Span:
        span = self._example.span
        end = self._source.text.find("\n", span.start)
        return Span(span.start, span.end if end < 0 else min(end, span.end))

    # ── comparing ──────────────────────────────────────────────────────────────────────────────────────────────

    def _check(self, expect: Expect, came: _Came) -> list[Diagnostic]:
        match expect.kind:
            case "records":
                return self._records(expect, came)
            case "store":
                return self._store(expect, came)
            case "says":
                said = [line for line in came.lines if line["type"] == "say"]
                difference = compare_texts("message", expect.texts, [line["result"] for line in said])
                return self._difference(expect, difference, self._sentence_of(said, "say"))
            case "asks":
                return self._difference(expect, compare_texts("question", expect.texts, came.asked), None)
            case "result":
                assert expect.what is not None
                value = came.lines[-1].get("result")
                difference = compare_value(expect.what, value, self._today)
                return self._difference(expect, difference, None)
            case "fails":
                return self._difference(expect, _failure(expect, came.failure), None)
            case "changes nothing":
                return self._unchanged(expect, came)

    def _records(self, expect: Expect, came: _Came) -> list[Diagnostic]:
        lines = [line for line in came.lines if line["type"] == "record"]
        records = [line["result"] for line in lines]
        sentence = self._sentence_of(lines, "emit")
        if expect.table is None:
            return self._difference(expect, _count("record", expect.count or 0, len(records)), sentence)
        names = list(dict.fromkeys(name for record in records for name in record))
        if not records:
            names = [column.text for column in expect.table.columns]
        fields = pick(expect.table.columns, names)
        if isinstance(fields, Cell):
            return [_missing_field(fields, names)]
        rows = [[record.get(field) for field in fields] for record in records]
        difference = compare_table(
            expect.table, fields, rows, self._today, any_order=expect.any_order, some=False, what="record"
        )
        return self._difference(expect, difference, sentence)

    def _store(self, expect: Expect, came: _Came) -> list[Diagnostic]:
        assert expect.what is not None
        found = self._scratch.find(expect.what)
        if isinstance(found, Diagnostic):
            return [found]
        database, store = found
        changes = [line for line in came.lines if line["type"] == "command" and line["result"]["store"] == store.name]
        sentence = self._sentence_of(changes, "")
        names = [field.name for field in store.fields]
        columns = expect.table.columns if expect.table else ()
        picked = pick(columns, names)
        if isinstance(picked, Cell):
            return [unknown("field", picked, names)]
        fields = [field for name in picked for field in store.fields if field.name == name]
        rows = rows_of(came.files[database], store, fields or store.fields[:1])
        if expect.table is None:
            return self._difference(expect, _count("row", expect.count or 0, len(rows)), sentence)
        difference = compare_table(expect.table, picked, rows, self._today, any_order=True, some=expect.some)
        return self._difference(expect, difference, sentence)

    def _unchanged(self, expect: Expect, came: _Came) -> list[Diagnostic]:
        for database, schema in self._scratch.schemas.items():
            old = came.files[database].with_suffix(".before")
            old.write_bytes(came.before[database])
            for store in schema.stores.values():
                if store.read_only:
                    continue
                was, now = (rows_of(path, store, store.fields) for path in (old, came.files[database]))
                if was != now:
                    difference = Difference(f"no change, and {store.name} changed")
                    return self._difference(expect, difference, None)
        return []

    def _difference(self, expect: Expect, difference: Difference | None, sentence: int | None) -> list[Diagnostic]:
        if difference is None:
            return []
        lines = difference.lines + self._quoted(sentence)
        message = f"expected {difference.message}"
        return [Diagnostic("T0403", message, expect.span, None, sentence, lines)]

    def _sentence_of(self, lines: Sequence[Mapping[str, Any]], command: str) -> int | None:
        """The sentence of the first of these lines; without lines, that of the only step with this command."""
        for line in lines:
            sentence = self._sentences.get(line.get("step", ""))
            if sentence is not None:
                return sentence
        found = {
            step.sentence
            for step in self._module.debug.steps
            if command and step.sentence is not None and step.text.lstrip().startswith(command)
        }
        return found.pop() if len(found) == 1 else None

    def _quoted(self, sentence: int | None) -> tuple[str, ...]:
        texts = self._module.debug.sentences
        if sentence is None or not 1 <= sentence <= len(texts):
            return ()
        return (f'sentence {sentence}: "{texts[sentence - 1]}"',)


def _standing(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All lines that no later `rollback` line voids, and those of the script itself; the `end` line is the last."""
    standing: list[dict[str, Any]] = []
    for line in lines:
        if line["type"] == "rollback":
            standing = [each for each in standing if each.get("seq", 0) <= line["to"]]
        elif "in" not in line or line["type"] in ("record", "say"):
            standing.append(line)
    return standing


def _count(what: str, expected: int, got: int) -> Difference | None:
    if expected == got:
        return None
    return Difference(f"{expected or 'no'} {what}{'' if expected == 1 else 's'}, got {got}")


def _failure(expect: Expect, failure: SopError | None) -> Difference | None:
    wanted = expect.what.text if expect.what else ""
    if failure is None:
        return Difference("a failure" + (f' with "{wanted}"' if wanted else "") + ", got none")
    if wanted.lower() in failure.message.lower() or wanted == failure.code:
        return None
    return Difference(f'a failure with "{wanted}", got "{failure.message}" ({failure.code})')


def _missing_field(column: Cell, names: Sequence[str]) -> Diagnostic:
    near = find_name(column.text, names) or ", ".join(names) or "no field at all"
    message = f"expected a field {column.text}, and the records have none of that name"
    return Diagnostic("T0403", message, column.span, near)

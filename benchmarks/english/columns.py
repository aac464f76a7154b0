"""Questions and a model file → how many are right with its SQL alone, and as each part of the way is added to it.

The model is asked once a question, and once more where its statement can't be used; all columns are worked out from
those replies, so that a hundred questions cost a hundred replies and the retries.
"""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final

from benchmarks.english.cases import Case
from benchmarks.english.judge import rows_of, same_rows
from benchmarks.english.report import groups, summary
from benchmarks.english.translators import translator
from benchmarks.english.trial import Outcome, Spent, Workspace, judge
from runtime.errors import SopError
from runtime.query.schema import Schema
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.by_sql.grammar import grammar_over
from sopc.english.by_sql.prompt import first_messages
from sopc.english.by_sql.repair import Mended, mended
from sopc.english.by_sql.translate import (
    MAX_TOKENS,
    joined_schema,
    named_stores,
    shown_schemas,
    statement_of,
    values_of,
)
from sopc.english.local.files import find, use
from sopc.english.local.server import LocalServer
from sopc.english.model.ask import Endpoint, Refused
from sopc.english.model_records import Decoding, Message
from sopc.english.sentences import read_workflow
from sopc.english.settings import ModelOptions
from sopc.english.task import Task
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.sql.convert import convert
from sopc.sql.statement import read_statement
from sopc.syntax.format import format_script
from sopc.workflow.sampler import sampler_of
from sopc.workflow.translation import chosen_options
from tests.sandbox import Sandbox

COLUMNS: Final = ("its SQL on SQLite", "read into the language", "+ rules", "+ retry", "+ reader first")
_SECONDS: Final = 10.0  # of a statement on SQLite
_STEPS: Final = 10_000  # of SQLite between looks at the clock


@dataclass
class Replies:
    """A served model, asked about one schema. spent: on the question at hand. seconds: of its replies."""

    endpoint: Endpoint
    spent: Spent
    seconds: float = 0.0

    def ask(self, decoding: Decoding, messages: Sequence[Message], grammar: str | None) -> str:
        reply = self.endpoint.ask(decoding, messages, grammar, MAX_TOKENS)
        self.spent.rounds += 1
        self.spent.tokens += reply.prompt_tokens + reply.reply_tokens
        self.seconds += reply.seconds
        return statement_of(reply.text)


Serve = Callable[[Path, str], AbstractContextManager[Any]]  # a file and the start of its prompts → `.url` of its API


def measure(
    cases: Iterable[Case], file: str, minutes: float = math.inf, show: str = "", serve: Serve = LocalServer
) -> dict[str, list[Outcome]]:
    """Ask the model about each question, and judge what each column makes of the replies.

    Args:
        cases: Those of several sentences are left out: the model is asked for statements, and not for steps.
        file: The model's, or the name of one that is pulled.
        minutes: No question is begun after this time.
        show: A verdict; the questions that have it in the last column are printed on stderr.
        serve: Starts the model.

    Returns:
        The outcomes by column.

    Raises:
        SopError: T033x, the model can't be served; T0304 to T0308, its server failed.
    """
    until = monotonic() + 60 * minutes
    found: dict[str, list[Outcome]] = {name: [] for name in COLUMNS}
    questions = [case for case in cases if not case.steps]
    for name in dict.fromkeys(case.schema.name for case in questions):
        of_schema = [case for case in questions if case.schema.name == name]
        with TemporaryDirectory() as folder, ExitStack() as stack:
            workspace = stack.enter_context(Workspace(Path(folder) / "db", of_schema[0].schema))
            use(workspace.sandbox.config.home, find(file))
            replies: Replies | None = None
            for case in of_schema:
                if monotonic() > until:
                    return found
                schemas, messages, options = _request(case, workspace)
                if replies is None:
                    assert options.file is not None
                    server = stack.enter_context(serve(options.file, messages[0]["content"]))
                    served = replace(options, base_url=server.url)
                    endpoint = Endpoint(served, lambda note: None, workspace.sandbox.config.home)
                    replies = Replies(stack.enter_context(endpoint), Spent())
                outcomes = _columns(case, workspace, schemas, messages, replies)
                for column, outcome in zip(COLUMNS, outcomes, strict=True):
                    found[column].append(outcome)
                if outcomes[-1].verdict == show:
                    said = [each.program or each.why for each in outcomes]
                    print("\n  ".join([f"{case.name}: {case.english}", *said]), file=sys.stderr, flush=True)
    return found


def table(found: dict[str, list[Outcome]]) -> str:
    """In Markdown: a row a column of the way."""
    lines = [
        "| the model's answer | n | right | right % | asked | refused | wrong | silently wrong | replies | tokens "
        "| s a question |",
        "|---|" + "---:|" * 10,
    ]
    for name, outcomes in found.items():
        one = summary(groups(outcomes)["all"])
        shown = ("n", "right", "right_percent", "asked", "refused", "wrong", "silent", "rounds", "tokens")
        each = one["seconds"] / max(1, len(outcomes))
        lines.append("| " + " | ".join([name, *(f"{one[key]:,}" for key in shown), f"{each:.1f}"]) + " |")
    return "\n".join(lines)


def _request(case: Case, workspace: Workspace) -> tuple[dict[str, Schema], list[Message], ModelOptions]:
    """The schemas that the model is shown, the request about a question, and the settings of the model."""
    with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
        options = chosen_options(context, "local", None)
        assert options is not None
        workflow = read_workflow(case.english, "asked")
        sampler = sampler_of(context, ProgressListener())
        task = Task(workflow, pipeline.usable_schemas(context), sampler, context.signature, context.script_names)
        schemas = shown_schemas(task, options)
        return schemas, first_messages(schemas, values_of(task, options), case.english), options


def _compiles(workspace: Workspace, text: str) -> bool:
    try:
        workspace.sandbox.compile(text, "asked.sop")
    except (SopError, CompileError):
        return False
    return True


def _columns(
    case: Case, workspace: Workspace, schemas: dict[str, Schema], messages: list[Message], replies: Replies
) -> list[Outcome]:
    """The outcome of each column."""
    replies.spent, replies.seconds = Spent(), 0.0
    first = replies.ask("none", messages, None)
    once = (Spent(1, replies.spent.tokens), replies.seconds)
    raw = _raw(case, workspace, first)
    bare = _judged(case, workspace, _programs(first, schemas, rules=False))
    ruled = _judged(case, workspace, _programs(first, schemas, rules=True))
    again = ruled
    if ruled.verdict == "refused":
        try:
            second = replies.ask("llama", messages, grammar_over(named_stores(first, schemas)))
            again = _judged(case, workspace, _programs(second, schemas, rules=True))
        except Refused:
            pass
    read = judge(case, workspace, translator("patterns", {}))
    found = [replace(one, spent=once[0], seconds=once[1]) for one in (raw, bare, ruled)]
    twice = replace(again, spent=replies.spent, seconds=replies.seconds)
    return [*found, twice, read if read.verdict != "refused" else replace(twice, seconds=twice.seconds + read.seconds)]


def _raw(case: Case, workspace: Workspace, statement: str) -> Outcome:
    """The statement as SQLite runs it."""
    until = monotonic() + _SECONDS
    connection = sqlite3.connect(f"file:{workspace.fresh}?mode=ro", uri=True)
    connection.set_progress_handler(lambda: monotonic() > until, _STEPS)
    try:
        rows = connection.execute(statement).fetchall()
    except sqlite3.Error as error:
        return Outcome(case, "refused", str(error), statement)
    finally:
        connection.close()
    wanted = rows_of(workspace.fresh, case.expected.queries[0])
    right = same_rows(rows, wanted, ordered=case.expected.ordered)
    return Outcome(case, "right" if right else "wrong", "", statement)


def _programs(statement: str, schemas: dict[str, Schema], *, rules: bool) -> list[tuple[str, tuple[str, ...]]]:
    """The programs that a statement may mean, with what the rules mended in it; none if it can't be read."""
    try:
        parsed = read_statement(Source("sql", statement), "sqlite")
        ways = mended(parsed, joined_schema(schemas)) if rules else [Mended(parsed)]
        return [(_program(way, schemas), way.notes) for way in ways]
    except CompileError:
        return []


def _program(way: Mended, schemas: dict[str, Schema]) -> str:
    script = convert(Source("sql", way.statement.sql(dialect="sqlite")), "sqlite", schemas, "asked").script
    steps = tuple(step.model_copy(update={"sentence": 1}) for step in script.steps)
    return format_script(script.model_copy(update={"steps": steps}))


def _given(text: str, case: Case, sandbox: Sandbox, spent: Spent) -> str:
    """A translator whose program is known."""
    return text


def _judged(case: Case, workspace: Workspace, programs: Sequence[tuple[str, tuple[str, ...]]]) -> Outcome:
    """The outcome of the one program; of several, that the author is asked; one that does not compile is refused."""
    outcomes = []
    for text, notes in programs:
        if not _compiles(workspace, text):
            return Outcome(case, "refused", "it does not compile", text)
        one = judge(case, workspace, partial(_given, text))
        outcomes.append(replace(one, warnings=(*one.warnings, *notes)))
    if len(outcomes) == 1:
        return outcomes[0]
    if not outcomes:
        return Outcome(case, "refused", "the statement can't be read")
    return Outcome(case, "asked", offered=any(one.verdict == "right" for one in outcomes))

"""Sentences that are not read otherwise → steps, by a model that is asked for one SQL statement each.

The reply is mended by rule (repair.py), read into the language (sopc/sql) and checked. What fails is asked for once
more under a grammar that binds the names to the tables of the first reply; what fails again is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlglot import exp

from runtime.query.schema import Schema, Store
from sopc.checker.program import check
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.by_sql.grammar import grammar_over
from sopc.english.by_sql.prompt import VALUES, ValuesOf, first_messages, tables
from sopc.english.by_sql.repair import Mended, mended
from sopc.english.model.ask import Endpoint, Refused
from sopc.english.model_records import Decoding, Message, Round, Work, round_text
from sopc.english.patterns.keys import with_keys
from sopc.english.patterns.semantics import output
from sopc.english.prompt.schemas import about
from sopc.english.sentences import Sentence
from sopc.english.settings import ModelOptions
from sopc.english.task import Task
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.sql.convert import convert
from sopc.sql.statement import read_statement
from sopc.tree import nodes
from sopc.tree.visit import rewrite

MAX_TOKENS: Final = 300  # of a statement
_FENCE: Final = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_TABLES_OF: Final = re.compile(r"\b(?:from|join)\s+\"?(\w+)", re.IGNORECASE)

Ways = list[tuple[nodes.AnyStep, ...]]


class BySql:
    """Asks for the statements of one workflow. rounds: the requests and replies so far."""

    def __init__(
        self, task: Task, options: ModelOptions, endpoint: Callable[[], Endpoint], listener: ProgressListener
    ) -> None:
        """endpoint: returns the model's, started at the first call."""
        self._task = task
        self._options = options
        self._endpoint = endpoint
        self._listener = listener
        self._schemas = shown_schemas(task, options)
        self._known: dict[str, Ways] = {}
        self.rounds: list[Round] = []

    @property
    def work(self) -> Work | None:
        """What was asked; None if nothing was."""
        if not self.rounds:
            return None
        return Work(self._options.model, self._options.host, "none", tuple(self.rounds))

    def steps(self, sentence: Sentence) -> Ways:
        """The steps of a sentence: one way, several where tables can be joined in equally short ways, or none.

        Raises:
            SopError: T0304 to T0308, the server failed.
        """
        if sentence.text not in self._known:
            self._known[sentence.text] = self._asked(sentence)
        return self._known[sentence.text]

    def _asked(self, sentence: Sentence) -> Ways:
        self._listener.note(f"sentence {sentence.number}: no pattern reads it, so the model is asked for its SQL")
        messages = first_messages(self._schemas, values_of(self._task, self._options), sentence.text)
        first = self._round(sentence, messages, "none", None)
        if isinstance(first, list):
            return first
        try:
            second = self._round(sentence, messages, "llama", grammar_over(named_stores(first, self._schemas)))
        except Refused:
            return []
        return second if isinstance(second, list) else []

    def _round(
        self, sentence: Sentence, messages: list[Message], decoding: Decoding, grammar: str | None
    ) -> Ways | str:
        """The ways of one reply; its statement where it is no good."""
        reply = self._endpoint().ask(decoding, messages, grammar, MAX_TOKENS)
        statement = statement_of(reply.text)
        ways: Ways = []
        notes: tuple[str, ...] = ()
        findings: tuple[str, ...] = ()
        try:
            for way in self._mended(statement):
                ways.append(self._converted(sentence, way))
                notes = way.notes
        except CompileError as error:
            ways, notes, findings = [], (), tuple(f"{each.code}: {each.message}" for each in error.diagnostics[:3])
        if not ways and not findings:
            findings = ("it names columns that no table has",)
        self.rounds.append(Round(tuple(messages), reply, findings, sentence=sentence.number, repairs=notes))
        self._listener.work(round_text(len(self.rounds), self.rounds[-1]))
        if ways:
            return ways
        self._listener.note(f"sentence {sentence.number}: the model's SQL can't be used: {findings[0]}")
        return statement

    def _mended(self, statement: str) -> list[Mended]:
        parsed = read_statement(Source("sql", statement), "sqlite")
        return mended(parsed, joined_schema(self._schemas))

    def _converted(self, sentence: Sentence, way: Mended) -> tuple[nodes.AnyStep, ...]:
        """The steps of a statement that only reads and takes no parameters.

        Raises:
            CompileError: it is none, or the language can't say it.
        """
        source = Source("sql", way.statement.sql(dialect="sqlite"))
        if not isinstance(way.statement, exp.Query):
            raise CompileError(source, [_finding("it changes rows, and the sentence is read as a question")])
        script = convert(source, "sqlite", self._schemas, "question").script
        if script.params:
            raise CompileError(source, [_finding("it leaves a value open")])
        check(nodes.File(scripts=(script,)), source, self._schemas, lambda name: None)
        return tuple(step.model_copy(update={"sentence": sentence.number}) for step in _as_read(script).steps)


def shown_schemas(task: Task, options: ModelOptions) -> dict[str, Schema]:
    """The schemas with their keys, cut to what the text is about where they are large."""
    return dict(with_keys(about(task.schemas, task.workflow, options.most_fields), task.sampler))


def values_of(task: Task, options: ModelOptions) -> ValuesOf:
    """A function from database, store and field to the values that the model is shown."""

    def some(database: str, store: str, field: str) -> Sequence[str]:
        if not options.shows_values(database):
            return ()
        return task.sampler.examples(f"{database}.{store}", field, VALUES)

    return some


def prompt(task: Task, options: ModelOptions) -> list[Message]:
    """All that the model may be shown: the tables, and each sentence, of which it gets those that are not read."""
    system = {"role": "system", "content": tables(shown_schemas(task, options), values_of(task, options))}
    return [system, *({"role": "user", "content": sentence.text} for sentence in task.workflow.sentences)]


def statement_of(reply: str) -> str:
    """The SQL of a reply: its last code block, else all of it, up to the first end of a statement."""
    blocks = _FENCE.findall(reply)
    return (blocks[-1] if blocks else reply).strip().split(";")[0].strip()


def named_stores(statement: str, schemas: Mapping[str, Schema]) -> list[Store]:
    """The stores that a statement names; all if it names none."""
    named = [name.lower() for name in _TABLES_OF.findall(statement)]
    return [store for store in _stores(schemas) if store.name.lower() in named] or _stores(schemas)


def _finding(message: str) -> Diagnostic:
    return Diagnostic("T0310", message)


def _stores(schemas: Mapping[str, Schema]) -> list[Store]:
    return [store for schema in schemas.values() for store in schema.stores.values()]


def joined_schema(schemas: Mapping[str, Schema]) -> Schema:
    """All stores as those of one database."""
    return Schema({store.name: store for store in _stores(schemas)})


def _as_read(script: nodes.Script) -> nodes.Script:
    """The script as the reader writes steps: without places in the SQL, which the author never sees, and with bare
    names of columns that can't be taken for variables."""

    def change(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Name) and not node.variable:
            return output(node.name)
        if isinstance(node, nodes.FieldAccess) and isinstance(node.base, nodes.FieldAccess):
            return nodes.FieldAccess(base=nodes.Name(name=node.base.name), name=node.name)
        return node.model_copy(update={"span": None}) if node.span is not None else node

    made = rewrite(script, change)
    assert isinstance(made, nodes.Script)
    return made

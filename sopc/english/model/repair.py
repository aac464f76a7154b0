"""A task → a valid script, in rounds: ask the model, judge its reply, and send the findings back with their lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime.errors import SopError
from runtime.query.schema import Schema
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.constrain.derive import workflow_grammar
from sopc.english.constrain.step_intent import step_intents
from sopc.english.constrain.vocabulary import Vocabulary, text_words
from sopc.english.lint import LintWarning, lint
from sopc.english.model.ask import Endpoint, Refused
from sopc.english.model.infer_signature import infer_signature
from sopc.english.model.normalize import normalize, qualify_names
from sopc.english.model.probe import decoding_of
from sopc.english.model.records import Decoding, Message, Reply, Round, Work, put_back_text, round_text
from sopc.english.model.reply import script_text
from sopc.english.prompt.messages import first_messages
from sopc.english.prompt.schemas import about
from sopc.english.settings import ModelOptions
from sopc.english.task import Task
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.tree import nodes

_MAX_FINDINGS: Final = 8
_UNASKED: Final = "T0320"
_NO_SCRIPT: Final = ("T0309", "T0310")  # less is known of such a reply than of the attempt before it
_STAGES: Final = (("E01",), ("E",), ("T04",), (_UNASKED,))  # of judging, by the codes of its findings

Judge = Callable[[Source], None]


@dataclass(frozen=True)
class _Attempt:
    """A judged script. error: its findings, None if it is valid. warnings: on a valid script. put_back: the sentences
    that have their old steps again."""

    body: str
    error: CompileError | None
    warnings: Sequence[LintWarning] = ()
    put_back: tuple[int, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        """A sort key: the stage that the script reached, then the fewest findings."""
        if self.error is None:
            return len(_STAGES), -len(self.warnings)
        codes = [finding.code for finding in self.error.diagnostics]
        stage = min(next((n for n, heads in enumerate(_STAGES) if code.startswith(heads)), 1) for code in codes)
        return stage, -len(codes)

    @property
    def is_good(self) -> bool:
        """Whether it is valid, or only makes an unexpected write, which a person can allow."""
        return self.rank[0] >= len(_STAGES) - 1

    @property
    def told(self) -> list[str]:
        """The findings or warnings in words."""
        if self.error is None:
            return [f"sentence {one.sentence}: {one.message}" for one in self.warnings[:_MAX_FINDINGS]]
        found = self.error.diagnostics[:_MAX_FINDINGS]
        return [f"{one.message}{f' ({one.hint})' if one.hint else ''}" for one in found]

    @property
    def findings(self) -> list[str]:
        """The findings or warnings as JSON objects, and the number of those left out."""
        if self.error is None:
            return [_warning_json(each) for each in self.warnings[:_MAX_FINDINGS]]
        found = [_finding(self.error.source, each) for each in self.error.diagnostics[:_MAX_FINDINGS]]
        more = len(self.error.diagnostics) - len(found)
        return [*found, *([f"and {more} more"] if more > 0 else [])]


def translate_with_model(
    task: Task, options: ModelOptions, judge: Judge, home: Path, listener: ProgressListener
) -> tuple[str, Work]:
    """Translate a workflow with a model.

    Args:
        task: The workflow, and what its program can use.
        options: Of the model.
        judge: Raises CompileError with the findings on a script.
        home: The folder that remembers properties of endpoints.
        listener: Is told about progress.

    Returns:
        The script as formatted DSL, and the requests and replies.

    Raises:
        SopError: T0304 to T0308 and T0312, the server failed; T0309, the reply was cut off; T0310, the reply holds no
            script; T0311, the model says that it can't translate the text.
        CompileError: With the findings on the best attempt.
    """
    with Endpoint(options, listener.note) as endpoint:
        return _Rounds(task, options, judge, listener, endpoint, decoding_of(endpoint, home)).run()


class _Rounds:
    def __init__(
        self,
        task: Task,
        options: ModelOptions,
        judge: Judge,
        listener: ProgressListener,
        endpoint: Endpoint,
        decoding: Decoding,
    ) -> None:
        self.task = task
        self.options = options
        self.judge = judge
        self.listener = listener
        self.endpoint = endpoint
        self.decoding = decoding
        self.grammar = None if decoding == "none" else workflow_grammar(_vocabulary(task, options))
        self.most_tokens = options.reply_tokens(len(task.workflow.sentences))
        self.rounds: list[Round] = []

    def run(self) -> tuple[str, Work]:
        there = _stores(self.task.schemas)
        shown = _stores(about(self.task.schemas, self.task.workflow, self.options.most_fields))
        if shown < there:
            self.listener.note(f"the model is shown {shown} of {there} stores: those that the sentences are about")
        first = first_messages(self.task, self.options)
        best = self._round(first)
        last = best
        for _ in range(self.options.rounds):
            if not last.findings or self._spent() >= self.options.tokens:
                break
            try:
                last = self._round(_again(first, last) if self.options.is_small else [*first, *_repair(last)])
            except SopError as error:
                if best.is_good or error.code in _NO_SCRIPT:
                    break
                raise
            if last.rank <= best.rank:
                break
            best = last
        if best.error is not None and not best.is_good:
            raise best.error
        if best.put_back:
            self.listener.note(put_back_text(best.put_back))
        return best.body, Work(self.options.model, self.options.host, self.decoding, tuple(self.rounds))

    def _round(self, messages: list[Message]) -> _Attempt:
        reply = self._ask(messages)
        attempt, problem = None, None
        try:
            if reply.cut_off:
                message = f"the reply of {self.options.label} was cut off at {self.most_tokens:,} tokens"
                raise SopError("T0309", message, "split the workflow into smaller ones")
            attempt = self._judged(script_text(reply.text))
        except SopError as error:
            problem = error
        findings = (str(problem),) if problem else tuple(attempt.findings) if attempt else ()
        self.rounds.append(Round(tuple(messages), reply, findings, attempt.put_back if attempt else ()))
        self.listener.work(round_text(len(self.rounds), self.rounds[-1]))
        if problem is not None:
            raise problem
        assert attempt is not None
        return attempt

    def _ask(self, messages: list[Message]) -> Reply:
        """Asks; if the server refuses this grammar, which may be too large for it, asks again without one."""
        try:
            return self.endpoint.ask(self.decoding, messages, self.grammar, self.most_tokens)
        except Refused:
            if self.grammar is None:
                raise
            self.listener.note(f"{self.options.label} refuses the grammar of this workflow, so it is asked without one")
            self.decoding, self.grammar = "none", None
            return self.endpoint.ask("none", messages, None, self.most_tokens)

    def _judged(self, text: str) -> _Attempt:
        from sopc.syntax.parse import parse

        name = self.task.workflow.name
        source = Source(f"{name}.sop", text)
        try:
            file = parse(source)
        except CompileError as error:
            return _Attempt(text, error)
        script = normalize(file.scripts[0], self.task.schemas).model_copy(update={"name": name})
        attempt = self._compiled(script)
        if self.task.previous is not None:
            script, attempt = self._with_the_old(script, attempt, self.task.previous)
        return replace(attempt, warnings=lint(self.task.workflow, script, self.task.schemas))

    def _with_the_old(self, made: nodes.Script, attempt: _Attempt, sop: str) -> tuple[nodes.Script, _Attempt]:
        """The script with the old steps of unchanged sentences, where these keep it valid."""
        from sopc.english.incremental.compare import Before
        from sopc.english.incremental.restore import put_back

        def holds(script: nodes.Script) -> bool:
            tried = self._compiled(script)
            return tried.is_good and tried.rank[0] >= attempt.rank[0]

        try:
            before = Before(sop, self.task.workflow.sentences, self.task.answers)
        except CompileError:  # the old program is no longer valid
            return made, attempt
        script, numbers = put_back(before, attempt.body, holds)
        if script is None:
            return made, attempt
        return script, replace(self._compiled(script), put_back=tuple(numbers))

    def _compiled(self, script: nodes.Script) -> _Attempt:
        from sopc.syntax.format import format_script

        source = Source(f"{script.name}.sop", format_script(infer_signature(script, self.task)))
        attempt = self._tried(source)
        told = None if attempt.error is None else qualify_names(source, attempt.error)
        return attempt if told is None else self._tried(Source(source.name, told))

    def _tried(self, source: Source) -> _Attempt:
        try:
            self.judge(source)
        except CompileError as error:
            return _Attempt(source.text, error)
        return _Attempt(source.text, None)

    def _spent(self) -> int:
        return sum(each.reply.prompt_tokens + each.reply.reply_tokens for each in self.rounds)


def _vocabulary(task: Task, options: ModelOptions) -> Vocabulary:
    """The names that the prompt shows."""
    scripts = task.scripts()
    emitted = {
        field
        for signature, _ in scripts.values()
        for type_ in (signature.emits, signature.returns)
        for field, _ in (type_.fields or () if type_ else ())
    }
    return Vocabulary(
        task.workflow.name,
        about(task.schemas, task.workflow, options.most_fields),
        {name: [one.name for one in signature.params] for name, (signature, _) in scripts.items()},
        frozenset(emitted),
        text_words(each.text for each in task.workflow.sentences),
        len(task.workflow.sentences),
        step_intents(task.workflow, scripts) if options.is_small else None,
    )


def _stores(schemas: Mapping[str, Schema]) -> int:
    return sum(len(schema.stores) for schema in schemas.values())


def _repair(attempt: _Attempt) -> Sequence[Message]:
    """The messages that repeat the attempt, and list the findings on it, one JSON object a line."""
    wrong = "\n".join(attempt.findings)
    request = (
        f"That is wrong:\n{wrong}\nReply with the whole script, corrected: change what these lines speak of alone."
    )
    return [{"role": "assistant", "content": attempt.body}, {"role": "user", "content": request}]


def _again(first: Sequence[Message], attempt: _Attempt) -> list[Message]:
    """The first request with the findings added, but without the attempt, which a small model would repeat."""
    *before, last = first
    wrong = "\n".join(f"- {text}" for text in attempt.told)
    return [*before, {"role": "user", "content": f"{last['content']}\nMistakes to avoid:\n{wrong}"}]


def _warning_json(warning: LintWarning) -> str:
    return json.dumps({"sentence": warning.sentence, "message": warning.message}, ensure_ascii=False)


def _finding(source: Source, finding: Diagnostic) -> str:
    """A finding as a JSON object: code, message, its line of the source, and what to try."""
    data: dict[str, object] = {"code": finding.code, "message": finding.message}
    if finding.span is not None:
        line, _ = source.position(finding.span.start)
        data |= {"line": line, "text": source.line(line).strip()}
    if finding.lines:
        data["difference"] = list(finding.lines)
    if finding.hint is not None:
        data["try"] = finding.hint
    return json.dumps(data, ensure_ascii=False)

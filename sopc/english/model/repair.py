"""A task → a valid script, in rounds: ask the model, judge its reply, and send the findings back with their lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime.errors import SopError
from runtime.query.schema import Schema
from sopc.checker import typed
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.constrain.derive import workflow_grammar
from sopc.english.constrain.vocabulary import Vocabulary, text_words
from sopc.english.doubts.check import doubts
from sopc.english.doubts.text import Doubt
from sopc.english.model.ask import Endpoint, Refused
from sopc.english.model.command import Command
from sopc.english.model.infer_signature import infer_signature
from sopc.english.model.normalize import normalize, qualify_names
from sopc.english.model.probe import decoding_of
from sopc.english.model.reply import NO_SCRIPT, find_script
from sopc.english.model_records import Decoding, Message, Reply, Round, Work, put_back_text, round_text
from sopc.english.prompt.messages import first_messages
from sopc.english.prompt.schemas import about
from sopc.english.settings import REPLY_TOKENS, ModelOptions
from sopc.english.task import Task
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.tree import nodes

_MAX_FINDINGS: Final = 8
_CUT_OFF: Final = "T0309"
_LOOK_AGAIN: Final = "The script is valid. Look again at these points, which may be right or wrong:"
_SEND_AGAIN: Final = "If it is right as it is, send it again; else send it corrected. Reply with the whole script."
_NO_SCRIPT_FOUND: Final = "There is no script of the language in that reply. Reply with the script alone."
_STAGES: Final = (("E01",), ("E",), ("T04",))  # of judging, by the codes of its findings

Judge = Callable[[Source], typed.Script]


@dataclass(frozen=True)
class _Attempt:
    """A judged reply. body: its script; the whole reply where it has none. error: the script's findings, None if it is
    valid. missing: why there is no script. warnings: on a valid script. put_back: the sentences that have their old
    steps again."""

    body: str
    error: CompileError | None = None
    missing: SopError | None = None
    warnings: Sequence[Doubt] = ()
    put_back: tuple[int, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        """A sort key: the stage that the script reached, then the fewest findings."""
        if self.missing is not None:
            return -1, 0
        if self.error is None:
            return len(_STAGES), -len(self.warnings)
        codes = [finding.code for finding in self.error.diagnostics]
        stage = min(next((n for n, heads in enumerate(_STAGES) if code.startswith(heads)), 1) for code in codes)
        return stage, -len(codes)

    @property
    def is_good(self) -> bool:
        """Whether it is valid; what is doubted may be right."""
        return self.error is None and self.missing is None

    @property
    def findings(self) -> list[str]:
        """The findings or warnings as JSON objects, and the number of those left out."""
        if self.missing is not None:
            return [str(self.missing)]
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
        judge: A script's source → the typed script; raises CompileError with the findings on it.
        home: The folder that remembers properties of endpoints.
        listener: Is told about progress.

    Returns:
        The script as formatted DSL, and the requests and replies.

    Raises:
        SopError: T0304 to T0308 and T0312 to T0316, the server or the command failed; T0309, the reply was cut off;
            T0310, the reply holds no script; T0311, the model says that it can't translate the text.
        CompileError: With the findings on the best attempt.
    """
    if options.command:
        return _Rounds(task, options, judge, listener, Command(options), "none").run()
    with Endpoint(options, listener.note, home) as endpoint:
        return _Rounds(task, options, judge, listener, endpoint, decoding_of(endpoint)).run()


class _Rounds:
    def __init__(
        self,
        task: Task,
        options: ModelOptions,
        judge: Judge,
        listener: ProgressListener,
        endpoint: Endpoint | Command,
        decoding: Decoding,
    ) -> None:
        self.task = task
        self.options = options
        self.judge = judge
        self.listener = listener
        self.endpoint = endpoint
        self.decoding = decoding
        self.grammar = None if decoding == "none" else workflow_grammar(_vocabulary(task, options))
        self.most_tokens = REPLY_TOKENS
        self.rounds: list[Round] = []

    def run(self) -> tuple[str, Work]:
        there = _stores(self.task.schemas)
        shown = _stores(about(self.task.schemas, self.task.workflow, self.options.most_fields))
        if shown < there:
            self.listener.note(f"the model is shown {shown} of {there} stores: those that the sentences are about")
        best = self._best(first_messages(self.task, self.options))
        if best.missing is not None:
            raise best.missing
        if best.error is not None and not best.is_good:
            raise best.error
        if best.put_back:
            self.listener.note(put_back_text(best.put_back))
        return best.body, Work(self.options.model, self.options.host, self.decoding, tuple(self.rounds))

    def _best(self, first: list[Message]) -> _Attempt:
        """The best attempt: errors go back while that helps, a reply without a script costs a round, and doubts go back
        once, as the last question."""
        best = last = self._round(first)
        for _ in range(self.options.rounds):
            if not last.findings or self._spent() >= self.options.tokens:
                break
            was_good = last.is_good
            try:
                last = self._round([*first, *_request(last)])
            except SopError as error:
                if best.is_good or error.code == _CUT_OFF:
                    break
                raise
            if was_good:  # it was only doubted: what comes after a second look is the answer, if it is as good
                return last if last.rank >= best.rank else best
            if last.missing is not None:
                continue
            if last.rank <= best.rank:
                break
            best = last
        return best

    def _round(self, messages: list[Message]) -> _Attempt:
        reply = self._ask(messages)
        attempt, problem = None, None
        try:
            if reply.cut_off:
                message = f"the reply of {self.options.label} was cut off at {self.most_tokens:,} tokens"
                raise SopError("T0309", message, "split the workflow into smaller ones")
            attempt = self._read(reply.text)
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

    def _read(self, reply: str) -> _Attempt:
        """The script of a reply, judged."""
        try:
            found = find_script(reply, _parses)
        except SopError as error:
            if error.code != NO_SCRIPT:
                raise
            return _Attempt(reply, missing=error)
        if found.others:
            self.listener.note(f"warning: the reply holds {found.others + 1} scripts, and the last one is taken")
        return self._judged(found.text)

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
        return attempt

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
            script = self.judge(source)
        except CompileError as error:
            return _Attempt(source.text, error)
        return _Attempt(source.text, warnings=self._doubts(script))

    def _doubts(self, script: typed.Script) -> list[Doubt]:
        task = self.task
        return doubts(task.workflow, script, task.schemas, task.sampler, [each.answer for each in task.answers])

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
    )


def _stores(schemas: Mapping[str, Schema]) -> int:
    return sum(len(schema.stores) for schema in schemas.values())


def _parses(text: str) -> bool:
    from sopc.syntax.parse import parse

    try:
        parse(Source("reply", text))
    except CompileError:
        return False
    return True


def _request(attempt: _Attempt) -> Sequence[Message]:
    """The messages that repeat the attempt and list the findings on it, one JSON object a line.

    Errors must be mended. Doubts are a question: the program may be right.
    """
    found = "\n".join(attempt.findings)
    if attempt.missing is not None:
        request = f"{_NO_SCRIPT_FOUND}\n{found}"
    elif attempt.is_good:
        request = f"{_LOOK_AGAIN}\n{found}\n{_SEND_AGAIN}"
    else:
        request = f"That is wrong:\n{found}\nReply with the whole script, corrected."
    return [{"role": "assistant", "content": attempt.body or "…"}, {"role": "user", "content": request}]


def _warning_json(warning: Doubt) -> str:
    told = {"code": warning.code, "sentence": warning.sentence, "message": warning.message}
    return json.dumps(told, ensure_ascii=False)


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

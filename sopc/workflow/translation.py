"""An English workflow → a draft of its program, by sentence patterns or a model; or the request a model would get."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runtime.errors import UsageError
from sopc import pipeline
from sopc.checker import typed
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.by_sql.translate import prompt as sql_prompt
from sopc.english.local.files import checked
from sopc.english.local.server import LocalServer
from sopc.english.lock import Answer
from sopc.english.model.repair import Judge
from sopc.english.model_records import Message
from sopc.english.prompt.messages import first_messages
from sopc.english.sentences import Workflow, read_workflow
from sopc.english.settings import ModelOptions, configured_models
from sopc.english.task import Task
from sopc.english.translate import Asking, Draft, choose, translate
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.workflow.examples import run_examples
from sopc.workflow.sampler import sampler_of


def draft(
    source: Source,
    context: Context,
    translator: str | None = None,
    model: str | None = None,
    listener: ProgressListener | None = None,
    *,
    workflow: Workflow | None = None,
    answers: Sequence[Answer] = (),
    previous: str | None = None,
) -> Draft:
    """Translate a text.

    Args:
        translator, model: what translates; None takes it from the settings.
        workflow: the source's sentences, if they have been read already.
        answers: the author's answers to what an earlier translation left open.
        previous: the .sop file of the last translation, which a new one should change as little as possible.

    Raises:
        CompileError: T02xx, and what is wrong with a model's script.
        SopError: T01xx, T03xx.
    """
    workflow = workflow or read_workflow(source.text, pipeline.stem(source))
    listener = listener or ProgressListener()
    task = _task(workflow, context, answers, previous, listener)
    try:
        options = chosen_options(context, translator, model)
        asking = None if options is None else _asking(options, source, task, context, listener)
        return translate(task, asking, source.text, pipeline.stem(source))
    except CompileError as error:
        if error.source.text != source.text:  # findings in a model's program, not in the sentences
            raise
        raise CompileError(source, error.diagnostics) from None


def prompt(
    workflow: Workflow,
    context: Context,
    translator: str | None = None,
    model: str | None = None,
    *,
    answers: Sequence[Answer] = (),
    previous: str | None = None,
) -> list[dict[str, str]]:
    """Return the first messages a model would get; nothing else would leave this machine.

    Raises:
        UsageError: T0301 without a model.
    """
    models = configured_models(context.config, model)
    options = chosen_options(context, translator, model) or next(filter(None, models.values()), None)
    if options is None:
        choose("model", models)
        raise AssertionError("a model that is not configured can't be chosen")
    task = _task(workflow, context, answers, previous, ProgressListener())
    return sql_prompt(task, options) if options.is_small else first_messages(task, options)


def chosen_options(context: Context, translator: str | None, model: str | None) -> ModelOptions | None:
    """The model to ask, from the flags or the settings; None if sentence patterns translate.

    Raises:
        UsageError: C0101, a model is named that a command can't be told; and as `choose` and `configured_models`.
    """
    models = configured_models(context.config, model)
    chosen = models.get(choose(translator or context.config.setting("use"), models))
    if chosen is not None and chosen.command and model:
        message = "--model is for servers, and `command` in sop.toml says itself which model it asks"
        raise UsageError("C0101", message, "leave it out, or change `command`")
    return chosen


def _asking(options: ModelOptions, source: Source, task: Task, context: Context, listener: ProgressListener) -> Asking:
    """How to ask the model.

    Raises:
        SopError: T033x when a model on this machine can't be started.
    """
    judge, file = _judge(source, context), options.file
    serve = None if file is None else lambda: _served(file, sql_prompt(task, options), context, listener)
    return Asking(options, judge, context.config.home, listener, serve)


def _served(file: Path, prompt: Sequence[Message], context: Context, listener: ProgressListener) -> str:
    """The address of the model on this machine. It is started once, and stopped with the context."""

    def start() -> LocalServer:
        listener.note(f"starting {file.stem}")
        return LocalServer(checked(file), prompt[0]["content"])

    return context.keep(LocalServer, start).url


def _judge(source: Source, context: Context) -> Judge:
    """Return a function that compiles a script, checks that it has a step, and runs the text's examples."""

    def judge(script: Source) -> typed.Script:
        compiled = pipeline.built(script, context)
        if not any(each.steps for each in compiled.file.scripts):
            nothing = Diagnostic("T0321", "the script has no step", None, "what the sentences say, step by step")
            raise CompileError(script, [nothing])
        findings = run_examples(source, compiled, context)
        if findings:
            raise CompileError(source, findings)
        return compiled.program.scripts[-1]

    return judge


def _task(
    workflow: Workflow,
    context: Context,
    answers: Sequence[Answer],
    previous: str | None,
    listener: ProgressListener,
) -> Task:
    return Task(
        workflow,
        pipeline.usable_schemas(context),
        sampler_of(context, listener),
        context.signature,
        context.script_names,
        answers,
        previous,
    )

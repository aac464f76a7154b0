"""An English workflow → a draft of its program, by sentence patterns or a model; or the request a model would get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sopc import pipeline
from sopc.checker import typed
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.local.files import checked
from sopc.english.local.server import LocalServer
from sopc.english.lock import Answer, split_sop
from sopc.english.model.repair import Judge
from sopc.english.prompt.messages import beginning, first_messages
from sopc.english.questions import question_in
from sopc.english.sample import DatabaseSampler
from sopc.english.sentences import Workflow, read_workflow
from sopc.english.settings import ModelOptions, local_options, model_options
from sopc.english.task import Task
from sopc.english.translate import PATTERNS, Asking, Draft, choose, translate
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.workflow.examples import run_examples


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
        if _patterns_come_first(context, translator, model, previous):
            try:
                return translate(task, None, source.text, pipeline.stem(source))
            except CompileError as error:
                if question_in(error, workflow):
                    raise
                listener.note(f"sentence patterns do not read it: {error.diagnostics[0].message}")
        options = chosen_options(context, translator, model)
        asking = None if options is None else _asking(options, source, workflow, context, listener)
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
    options = chosen_options(context, translator, model) or chosen_options(context, "model", model)
    assert options is not None  # else a model was requested and there is none: an error
    return first_messages(_task(workflow, context, answers, previous, ProgressListener()), options)


def chosen_options(context: Context, translator: str | None, model: str | None) -> ModelOptions | None:
    """The model to ask, from the flags or the settings; None if sentence patterns translate."""
    configured, local = model_options(context.config, model), local_options(context.config)
    chosen = choose(translator or context.config.setting("use"), configured, local)
    if chosen == PATTERNS:
        return None
    return configured if chosen == "model" else local


def _patterns_come_first(context: Context, translator: str | None, model: str | None, previous: str | None) -> bool:
    """Whether sentence patterns try first and a model on this machine gets only what they don't read (patterns never
    guess). False if the user chose a translator, or if the model translated the text before, so that its code can stay.
    """
    if translator or context.config.setting("use") or model_options(context.config, model):
        return False
    header = split_sop(previous)[0] if previous else None
    return local_options(context.config) is not None and (header is None or header.translator == PATTERNS)


def _asking(
    options: ModelOptions, source: Source, workflow: Workflow, context: Context, listener: ProgressListener
) -> Asking:
    """How to ask the model.

    Raises:
        SopError: T033x when a model on this machine can't be started.
    """
    if options.file is not None:
        options = replace(options, base_url=_served(options.file, context, listener))
    return Asking(options, _judge(source, context), context.config.home, listener)


def _served(file: Path, context: Context, listener: ProgressListener) -> str:
    """The address of the model on this machine. It is started once, and stopped with the context."""

    def start() -> LocalServer:
        listener.note(f"starting {file.stem}")
        return LocalServer(checked(file), beginning(small=True))

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


def sampler_of(context: Context, listener: ProgressListener) -> DatabaseSampler:
    """The look-up of values in the context's databases, as they are now."""
    names = [name for name, schema in pipeline.usable_schemas(context).items() if schema.stores]
    make = lambda: DatabaseSampler(context.database, names, context.config.home, listener.note)  # noqa: E731
    return context.keep(DatabaseSampler, make).refreshed(names)


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

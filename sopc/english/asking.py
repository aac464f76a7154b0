"""A workflow, settings and a library → how a model is asked for its script, and what its script has to hold up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.changes import speaks_of_a_change
from sopc.english.local.files import checked
from sopc.english.local.server import LocalServer
from sopc.english.lock import Answer, split_sop
from sopc.english.model.repair import Judge, Watch
from sopc.english.prompt.messages import beginning
from sopc.english.sample import DatabaseSampler
from sopc.english.sentences import read_workflow
from sopc.english.settings import ModelOptions, local_options, model_options
from sopc.english.task import Task
from sopc.english.translate import PATTERNS, Asking, choose
from sopc.source import Source


def asking_for(
    source: Source, context: Context, translator: str | None, model: str | None, watch: Watch
) -> Asking | None:
    """None where sentence patterns translate. Raises UsageError T0301 to T0303, SopError T033x."""
    options = chosen_options(context, translator, model)
    if options is None:
        return None
    if options.file is not None:
        options = replace(options, base_url=_served(options.file, context, watch))
    return Asking(options, judge_of(source, context), context.config.home, watch)


def _served(file: Path, context: Context, watch: Watch) -> str:
    """Where the model on this machine is served; it is started once, and stopped with the context."""

    def start() -> LocalServer:
        watch.note(f"starting {file.stem}")
        return LocalServer(checked(file), beginning(small=True))

    return context.keep(LocalServer, start).url


def patterns_come_first(context: Context, translator: str | None, model: str | None, previous: str | None) -> bool:
    """Whether a model on this machine is asked only for what sentence patterns do not read, as they never guess: where
    nobody has told which translator to use, and it did not translate the text before (so that its code can stay)."""
    if translator or context.config.setting("use") or model_options(context.config, model):
        return False
    header = split_sop(previous)[0] if previous else None
    return local_options(context.config) is not None and (header is None or header.translator == PATTERNS)


def chosen_options(context: Context, translator: str | None, model: str | None) -> ModelOptions | None:
    """The model to ask, as told by flag or settings; None where sentence patterns translate."""
    configured, local = model_options(context.config, model), local_options(context.config)
    chosen = choose(translator or context.config.setting("use"), configured, local)
    if chosen == "patterns":
        return None
    return configured if chosen == "model" else local


def judge_of(source: Source, context: Context) -> Judge:
    """Compiles a script, looks whether it does anything, runs the text's examples, and looks whether it writes where
    the text asks for no change."""
    changes = speaks_of_a_change(read_workflow(source.text, pipeline.stem(source)))

    def judge(script: Source) -> None:
        compiled = pipeline.built(script, context)
        if not any(each.steps for each in compiled.file.scripts):
            nothing = Diagnostic("T0321", "the script has no step", None, "what the sentences say, step by step")
            raise CompileError(script, [nothing])
        findings = pipeline.run_examples(source, compiled, context)
        if findings:
            raise CompileError(source, findings)
        writes = sorted({store for module in compiled.modules for store in module.effects.writes})
        if writes and not changes:
            message = f"the script writes {', '.join(writes)}, but nothing in the text speaks of a change"
            raise CompileError(
                script, [Diagnostic("T0320", message, None, "only read, unless a sentence says to write")]
            )

    return judge


def task_for(source: Source, context: Context, answers: Sequence[Answer] = (), previous: str | None = None) -> Task:
    """What a translator of a workflow is given. answers, previous: of Task."""
    return Task(
        read_workflow(source.text, pipeline.stem(source)),
        pipeline.usable_schemas(context),
        DatabaseSampler(context.database),
        context.signature,
        context.script_names,
        answers,
        previous,
    )

"""A task → a draft: the .sop file with its header, and the translator that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.errors import UsageError
from sopc.english.by_rules import Other
from sopc.english.by_rules import translate as read_by_patterns
from sopc.english.lock import write_sop
from sopc.english.questions import by_sentence
from sopc.english.settings import ModelOptions
from sopc.english.task import Task

if TYPE_CHECKING:
    from sopc.english.model.repair import Judge
    from sopc.english.model_records import Work
    from sopc.listener import ProgressListener

PATTERNS = "patterns"
TRANSLATORS = ("model", "command", "local", PATTERNS)
_MISSING: Final = {  # a translator → what is not configured, and what to do
    "model": (
        "no model is configured",
        'export OPENAI_API_KEY=…, or OPENAI_BASE_URL=… of another server; or provider = "ollama" or '
        'command = ["llm", "-m", "MODEL"] under [translator] in sop.toml; or sopc model pull',
    ),
    "command": (
        "no command that asks a model is configured",
        'command = ["llm", "-m", "MODEL"] under [translator] in sop.toml',
    ),
    "local": ("no model is set up on this machine", "sopc model pull, or sopc model use FILE"),
}


@dataclass(frozen=True)
class Draft:
    """A translation.

    name: of the script. sop_text: the whole .sop file. translator: "patterns", or "model NAME at HOST". work: the
    model's requests, None for patterns.
    """

    name: str
    sop_text: str
    translator: str
    work: Work | None = None


@dataclass(frozen=True)
class Asking:
    """What a translation by a model needs besides the task.

    judge: raises CompileError with the findings on a script. home: the folder that remembers properties of endpoints.
    serve: starts a model on this machine, and returns the address of its API.
    """

    options: ModelOptions
    judge: Judge
    home: Path
    listener: ProgressListener
    serve: Callable[[], str] | None = None


def choose(translator: str | None, models: Mapping[str, ModelOptions | None]) -> str:
    """Choose the translator.

    Args:
        translator: The name that was asked for, None for the default.
        models: The configured model by the name of its translator, None without one.

    Returns:
        The name that was asked for; else the first that is configured, in the order of TRANSLATORS.

    Raises:
        UsageError: T0301, a model is asked for and none is configured; T0302, unknown translator; T0303, a server is
            configured without the name of a model; T0305, a service without its key.
    """
    if translator not in (None, *TRANSLATORS):
        raise UsageError("T0302", f'there is no translator "{translator}"', f"one of: {', '.join(TRANSLATORS)}")
    if translator is None:
        translator = next((name for name in TRANSLATORS if models.get(name)), PATTERNS)
    if translator == PATTERNS:
        return PATTERNS
    model = models.get(translator)
    if model is None:
        raise UsageError("T0301", *_MISSING[translator])
    if not model.model:
        raise UsageError(
            "T0303", f"no model of {model.host} is named", "--model NAME, or model = … under [translator] in sop.toml"
        )
    if model.lacks_key:
        raise UsageError("T0305", f"{model.label} needs a key, and none is set", f"set {model.key_settings}")
    return translator


def translate(task: Task, asking: Asking | None, text: str, file_name: str, when: datetime | None = None) -> Draft:
    """Translate a workflow.

    Args:
        task: The workflow, and what its program can use.
        asking: For a translation by a model; None for sentence patterns.
        text: The whole text.
        file_name: Without folder and ending; names the script if the text has no title.
        when: The time for the header, by default now.

    Raises:
        CompileError: T02xx, sentences that were not understood, each with its place; E, findings on a model's script.
        SopError: T01xx, the text can't be read; T03xx, the model failed.
    """
    workflow = task.workflow
    work: Work | None = None
    if asking is not None and asking.options.is_small:
        body, work = _by_sql(task, asking, file_name)
        label = asking.options.label if work is not None else PATTERNS
    elif asking is not None:
        from sopc.english.model.repair import translate_with_model

        body, work = translate_with_model(task, asking.options, asking.judge, asking.home, asking.listener)
        label = asking.options.label
    else:
        body = _read(task, file_name)
        label = PATTERNS
    sentences = [sentence.text for sentence in workflow.sentences]
    return Draft(workflow.name, write_sop(body, text, label, sentences, when), label, work)


def _read(task: Task, file_name: str, other: Other | None = None) -> str:
    answers = by_sentence(task.answers)
    known = (task.workflow, file_name, task.schemas, task.sampler, task.signatures, task.script_names)
    return read_by_patterns(*known, answers, other)


def _by_sql(task: Task, asking: Asking, file_name: str) -> tuple[str, Work | None]:
    """The script, where a model on this machine gives the SQL of the sentences that no pattern reads."""
    from sopc.english.by_sql.translate import BySql
    from sopc.english.model.ask import Endpoint
    from sopc.source import Source

    options, serve = asking.options, asking.serve
    with ExitStack() as stack:

        def endpoint() -> Endpoint:
            """Started when the first sentence needs it."""
            served = options if serve is None else replace(options, base_url=serve())
            return stack.enter_context(Endpoint(served, asking.listener.note, asking.home))

        model = BySql(task, options, cache(endpoint), asking.listener)
        body = _read(task, file_name, model.steps)
    if model.work is not None:
        asking.judge(Source(f"{task.workflow.name}.sop", body))
    return body, model.work

"""A task → a draft: the .sop file with its header, and the translator that made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import UsageError
from sopc.english.lock import write_sop
from sopc.english.patterns.script import translate as read_by_patterns
from sopc.english.questions import by_sentence
from sopc.english.settings import ModelOptions
from sopc.english.task import Task

if TYPE_CHECKING:
    from sopc.english.model.records import Work
    from sopc.english.model.repair import Judge
    from sopc.listener import ProgressListener

PATTERNS = "patterns"
TRANSLATORS = ("model", "local", PATTERNS)


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
    """

    options: ModelOptions
    judge: Judge
    home: Path
    listener: ProgressListener


def choose(translator: str | None, model: ModelOptions | None, local: ModelOptions | None = None) -> str:
    """Choose the translator.

    Args:
        translator: The name that was asked for, None for the default.
        model: The configured model, None without one.
        local: The model on this machine, None without one.

    Returns:
        The name that was asked for; else "model" if one is configured, else "local" if one is set up, else "patterns".

    Raises:
        UsageError: T0301, a model is asked for and none is configured; T0302, unknown translator; T0303, a server is
            configured without the name of a model.
    """
    if translator not in (None, *TRANSLATORS):
        raise UsageError("T0302", f'there is no translator "{translator}"', f"one of: {', '.join(TRANSLATORS)}")
    if translator is None:
        translator = "model" if model else "local" if local else PATTERNS
    if translator == "model" and model is None:
        raise UsageError(
            "T0301", "no model is configured", "set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of one's own"
        )
    if translator == "local" and local is None:
        raise UsageError("T0301", "no model is set up on this machine", "sopc model pull, or sopc model use FILE")
    if translator == "model" and model is not None and not model.model:
        raise UsageError(
            "T0303", f"no model of {model.host} is named", "--model NAME, or model = … under [translator] in sop.toml"
        )
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
    if asking is not None:
        from sopc.english.model.repair import translate_with_model

        body, work = translate_with_model(task, asking.options, asking.judge, asking.home, asking.listener)
        label = asking.options.label
    else:
        answers = by_sentence(task.answers)
        body = read_by_patterns(
            workflow, file_name, task.schemas, task.sampler, task.signatures, task.script_names, answers
        )
        label = PATTERNS
    sentences = [sentence.text for sentence in workflow.sentences]
    return Draft(workflow.name, write_sop(body, text, label, sentences, when), label, work)

"""English text, schemas and callable scripts → a draft: the .sop file with its header, and who translated it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from runtime.bytecode.module import Effects, Signature
from runtime.databases.schema import Schema
from runtime.errors import UsageError
from sopc.english.lock import write_sop
from sopc.english.model import ask_model
from sopc.english.patterns.script import translate
from sopc.english.sample import NoSampler, Sampler
from sopc.english.sentences import read_workflow
from sopc.english.settings import ModelOptions

TRANSLATORS = ("model", "patterns")

Signatures = Callable[[str], tuple[Signature, Effects] | None]


@dataclass(frozen=True)
class Draft:
    """A translation. name: the script's. sop_text: the whole .sop file. translator: as the one line on stderr says
    it: "patterns", or "model NAME at HOST"."""

    name: str
    sop_text: str
    translator: str


def choose(translator: str | None, model: ModelOptions | None) -> str:
    """The translator to use: as told, else "model" where one is configured, else "patterns".

    Raises UsageError T0301 (model wanted and none configured), T0302 (unknown translator), T0303 (a server
    of one's own, and no model named).
    """
    if translator not in (None, *TRANSLATORS):
        raise UsageError("T0302", f'there is no translator "{translator}"', f"one of: {', '.join(TRANSLATORS)}")
    if translator == "patterns" or (translator is None and model is None):
        return "patterns"
    if model is None:
        raise UsageError(
            "T0301", "no model is configured", "set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of one's own"
        )
    if not model.model:
        raise UsageError(
            "T0303", f"no model of {model.host} is named", "--model NAME, or model = … under [translator] in sop.toml"
        )
    return "model"


def draft(
    text: str,
    file_name: str,
    schemas: Mapping[str, Schema],
    sampler: Sampler | None = None,
    signatures: Signatures = lambda name: None,
    *,
    script_names: Callable[[], Iterable[str]] = tuple,
    translator: str | None = None,
    model: ModelOptions | None = None,
    when: datetime | None = None,
) -> Draft:
    """Translate a workflow.

    file_name: without folder and ending, names the script where the text has no title. schemas: by `uses` name
    ("main" for a script without one). sampler: looks values up in the data. signatures, script_names: the stored
    scripts. when: the moment for the header.
    Raises CompileError (T02xx: sentences not understood, each with its place in the text) and SopError (T01xx, T03xx).
    """
    workflow = read_workflow(text, file_name)
    chosen = choose(translator, model)
    values = sampler if sampler is not None else NoSampler()
    if chosen == "model" and model is not None:
        body = ask_model(workflow, schemas, values, signatures, script_names, model)
        label = model.label
    else:
        body = translate(workflow, file_name, schemas, values, signatures, script_names)
        label = "patterns"
    sentences = [sentence.text for sentence in workflow.sentences]
    return Draft(workflow.name, write_sop(body, text, label, sentences, when), label)

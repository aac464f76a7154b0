"""A task and the data that a model may see → the messages of the first request.

The part that is the same for every workflow comes first, so that servers can cache it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from runtime.bytecode.module import Effects, Signature
from sopc.english.lock import split_sop
from sopc.english.model_records import Message
from sopc.english.prompt.few_shot import DATABASE, EXAMPLES, SCHEMA, SCRIPTS
from sopc.english.prompt.language import language_page
from sopc.english.prompt.schemas import MAX_LISTED, about, no_values, schema_lines, script_lines
from sopc.english.settings import ModelOptions
from sopc.english.task import Task

__all__ = ("example_stores", "first_messages")


def first_messages(task: Task, options: ModelOptions) -> list[Message]:
    """The language, few-shot examples as turns of a conversation, and the workflow with its schemas and scripts."""
    return [*_same(), {"role": "user", "content": _workflow(task, options)}]


def _same() -> list[Message]:
    messages = [{"role": "system", "content": language_page()}]
    known = example_stores()
    for place, example in enumerate(EXAMPLES):
        question = _question(example.name, [f"  {number}. {text}" for number, text in enumerate(example.sentences, 1)])
        messages.append({"role": "user", "content": question if place else f"{known}\n{question}"})
        messages.append({"role": "assistant", "content": example.reply})
    return messages


def example_stores() -> str:
    """The stores and scripts that the examples use, one a line."""
    return "\n".join([*schema_lines(DATABASE, SCHEMA, SCHEMA, no_values), *_scripts(SCRIPTS)])


def _workflow(task: Task, options: ModelOptions) -> str:
    shown = about(task.schemas, task.workflow, options.most_fields)
    lines: list[str] = []
    for name, schema in shown.items():
        if schema.stores:
            lines += schema_lines(name, schema, task.schemas[name], _values(name, task, options))
    lines += _scripts(task.scripts())
    sentences = [f"  {'  ' * each.level}{each.number}. {each.text}" for each in task.workflow.sentences]
    return "\n".join([*lines, _question(task.workflow.name, sentences), *_answered(task), *_before(task)])


def _scripts(scripts: Mapping[str, tuple[Signature, Effects]]) -> Iterator[str]:
    if scripts:
        yield "scripts that can be called:"
        yield from script_lines(scripts)


def _values(database: str, task: Task, options: ModelOptions) -> Callable[[str, str], Sequence[str]]:
    """A function from store and field to the values to show: all where they are few, else some. They come from the
    table that is kept in the home folder, so the database is asked for them once."""
    if not options.shows_values(database):
        return no_values
    return lambda store, field: task.sampler.examples(f"{database}.{store}", field, MAX_LISTED + 1)


def _answered(task: Task) -> Iterator[str]:
    """The lines with the author's answers to questions."""
    if task.answers:
        yield "answers of their author:"
    for answer in task.answers:
        about = f" to “{answer.sentence}”" if answer.sentence else ""
        yield f"  {answer.question}{about}: {answer.answer}"


def _before(task: Task) -> Iterator[str]:
    """The lines with the translation of the old text, which the model should change as little as possible."""
    header, body = split_sop(task.previous or "")
    if header is None:
        return
    yield "before they were changed, the sentences were:"
    yield from (f"  {number}. {text}" for number, text in enumerate(header.sentences, 1))
    yield "and the script was:"
    yield body.strip()
    yield "Change in it what the changed sentences need, and nothing else."


def _question(name: str, sentences: list[str]) -> str:
    return "\n".join([f"name of the script: {name}", "sentences:", *sentences])

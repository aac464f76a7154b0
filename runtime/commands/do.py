"""`sopvm do`: a wish in English → a program that only reads, run at once and not stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from runtime.commands.app import Console
from runtime.commands.execute import execute, run_options
from runtime.commands.options import database_options, key_values, load_config, output_options, text_or_stdin
from runtime.errors import SopError


@click.command("do")
@click.argument("text")
@click.option("--save", metavar="NAME", help="Store the program under this name, then run it.")
@click.option(
    "--translator", type=click.Choice(["model", "local", "patterns"]), envvar="SOP_TRANSLATOR", help="What translates."
)
@click.option("--model", metavar="NAME", envvar="SOP_MODEL", help="Model that translates (default: sop.toml).")
@click.option(
    "--answer", "answers", multiple=True, metavar="SENTENCE=ANSWER", help="Answer to a question about the text."
)
@run_options
@database_options
@output_options()
@click.pass_obj
def do_command(
    console: Console,
    /,
    text: str,
    save: str | None,
    translator: str | None,
    model: str | None,
    answers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
    format_: str,
    **options: Any,
) -> int:
    """Translate an English sentence, print its program on stderr, and run it. Programs that write are refused.

    `-` reads the sentence from stdin. A sentence of two meanings is a question: on a terminal it is asked, elsewhere it
    is an `ask` line with exit code 3.

    \b
      sopvm do "show the employees in Sales whose salary is above 90000"
      sopvm do - < wish.txt
      sopvm do --save top_earners "show the 5 employees with the highest salary" -f table
      sopvm do --answer 1=2 "show the boxes, largest first" # the second of its meanings
    """
    from runtime.library.overlay import Overlay
    from sopc import pipeline
    from sopc.commands.prepare import Settings
    from sopc.commands.questions import check_answers, drafted
    from sopc.commands.review import at_terminal
    from sopc.context import open_context
    from sopc.english.lock import split_sop
    from sopc.english.sentences import read_workflow
    from sopc.source import Source

    answered = key_values(answers, "an answer to the question about a sentence")
    settings = Settings(translator=translator, model=model, answers=answered, asks=at_terminal())
    config = load_config(home, databases)
    with open_context(config, read_only=save is None) as context, context.library:
        request = Source(f"{save or 'request'}.txt", text_or_stdin(text))
        workflow = read_workflow(request.text, pipeline.stem(request))
        draft, _ = drafted(request, workflow, context, settings, console, "sopvm do {} with the same text")
        check_answers(settings)
        console.unreadable(context.failures)
        console.note(f"translated by {draft.translator}")
        if workflow.renamed:
            console.note(workflow.renamed)
        console.note(split_sop(draft.sop_text)[1].strip("\n"))
        source = Source(f"{draft.name}.sop", draft.sop_text)
        compiled = pipeline.compile_source(source, context)
        writes = sorted({store for module in compiled.modules for store in module.effects.writes})
        if writes:
            hint = "put the text in a file, and use `sopc compile` and `sopvm run`"
            raise SopError("C0111", f"this would write {', '.join(writes)}, and `sopvm do` only reads", hint)
        items = compiled.items(work=draft.work)
        if save is not None:
            for entry in pipeline.store(items, context.library):
                console.note(f"{entry.name}: version {entry.version}")
        library = context.library if save is not None else Overlay(context.library, items)
        return execute(console, library, draft.name, {}, config, format_, read_only=True, **options)

"""`sopvm do`: a request in English → a program that only reads, run at once and not stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from runtime import Error
from runtime.console import (
    Console,
    asked_at,
    at_terminal,
    database_options,
    dialect_option,
    execute,
    file_options,
    key_values,
    load_config,
    output_options,
    run_options,
    show_warnings,
    text_or_stdin,
    translation_options,
    written_out,
)

if TYPE_CHECKING:
    from runtime.library import Library, Overlay
    from sopc.workflow import Dialect, Take


@click.command("do")
@click.argument("text")
@click.option("--save", metavar="NAME", help="Store the program under this name, and run it.")
@click.option("--sql", "is_sql", is_flag=True, help="TEXT is an SQL query.")
@dialect_option
@translation_options
@click.option(
    "--answer",
    "--reading",
    "answers",
    multiple=True,
    metavar="SENTENCE=ANSWER",
    help="Answer to a question about the text.",
)
@run_options
@database_options
@output_options()
@file_options
@click.pass_obj
def do_command(
    console: Console,
    /,
    text: str,
    save: str | None,
    is_sql: bool,
    dialect: Dialect | None,
    translator: str | None,
    model: str | None,
    take: Take | None,
    locked: bool,
    answers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
    format_: str,
    **options: Any,
) -> int:
    """Translate an English sentence, print its program on stderr, and run it. Programs that write are refused.

    With --sql, the text is one SQL query, which becomes a program with the same meaning; it is never run as SQL.

    `-` reads the sentence from stdin. If a sentence has two meanings, you are asked which; off a terminal, the question
    is an `ask` line with exit code 3.

    \b
      sopvm do "show the employees in Sales whose salary is above 90000"
      sopvm do - < request.txt
      sopvm do --save top_earners "show the 5 employees with the highest salary" -f table
      sopvm do --answer 1=2 "show the boxes, largest first" # the second of its meanings
      sopvm do --sql "select department, avg(salary) from employees group by department"
    """
    from runtime.library import Overlay
    from sopc import explain
    from sopc.workflow import (
        NOWHERE,
        Answers,
        Options,
        ProgressListener,
        Source,
        kind_of,
        open_context,
        prepare,
        store,
        stored_place,
    )

    given = Answers(key_values(answers, "an answer to the question about a sentence"))
    ask = asked_at(console) if at_terminal() else None
    listener = ProgressListener(console.note)
    prepare_options = Options(translator, model, take, locked, False, given, ask, listener, dialect)
    config = load_config(home, databases)
    with open_context(config, read_only=save is None) as context, context.library:
        request = Source(f"{save or 'request'}.{'sql' if is_sql else 'txt'}", text_or_stdin(text))
        place = NOWHERE if save is None else stored_place(save, context.library, take)
        with written_out(console, lambda answer, _: f"sopvm do {answer} with the same text"):
            prepared = show_warnings(prepare(request, context, prepare_options, place, kind_of(request)), console)
        given.check_used()
        console.note(prepared.program)
        if prepared.is_sql:
            console.note(explain(prepared.compiled.modules[-1]))
        if prepared.writes:
            hint = "put the text in a file, and use `sopc compile` and `sopvm run`"
            raise Error("C0111", f"this would write {', '.join(prepared.writes)}, and `sopvm do` only reads", hint)
        if save is None:
            library: Library | Overlay = Overlay(context.library, prepared.compiled.items(work=prepared.work))
        else:
            library = context.library
            for stored in store([prepared], context).scripts:
                console.note(f"{stored.entry.name}: version {stored.entry.version}")
        return execute(console, library, prepared.name, {}, config, format_, read_only=True, **options)

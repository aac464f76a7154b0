"""`sopc compile` and `sopc check`: sources → stored scripts, and the .sop file beside an English one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from runtime import Error, UsageError
from runtime.console import (
    PATH,
    Console,
    asked_at,
    at_terminal,
    database_options,
    dialect_option,
    key_values,
    load_config,
    output_options,
    show_warnings,
    translation_options,
    written_out,
)
from sopc.commands.review import reviewed, say_back, show_refused
from sopc.workflow import (
    Answers,
    CompileError,
    NeedsYes,
    Options,
    ProgressListener,
    check_unique,
    open_context,
    prepare_file,
    prompt_for,
    read,
    store,
)

if TYPE_CHECKING:
    from sopc.workflow import Context, Dialect, Prepared, Take


@click.command("compile")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option("--show-prompt", is_flag=True, help="Print the request a model would get, and stop.")
@click.option("--show-work", is_flag=True, help="Print every request to a model and its reply, on stderr.")
@click.option("--review", is_flag=True, help="Show each program in English, beside its sentences, and ask.")
@click.option(
    "--yes", is_flag=True, help="Store new programs without asking, also those that write if the text asks for it."
)
@click.option(
    "--answer",
    "--reading",
    "answers",
    multiple=True,
    metavar="SENTENCE=ANSWER",
    help="Answer to the question about a sentence (0: about the whole text).",
)
@dialect_option
@translation_options
@database_options
@output_options(default=None)
@click.pass_obj
def compile_command(
    console: Console,
    files: Sequence[str],
    locked: bool,
    take: Take | None,
    show_prompt: bool,
    show_work: bool,
    review: bool,
    yes: bool,
    answers: Sequence[str],
    dialect: Dialect | None,
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Compile English, DSL, SQL or JSON trees into the library: all files or none.

    English is translated once, to NAME.sop beside the text; review and commit both. While the text stays the same,
    the .sop file is compiled, with your edits. When some sentences change, the others keep their code
    where it is still right. Put a file before the files that call it.

    A .sql file holds one select, insert, update or delete. It becomes a program with the same meaning, which is
    printed; a statement that the language can't say with one meaning is an error.

    On a terminal, a new program is explained in English and stored after a yes. Elsewhere nothing is asked: a new
    program that writes needs --yes, and a question about the text is an `ask` line with exit code 3.

    \b
      sopc compile list_vessels.txt            # English → list_vessels.sop → library
      sopc compile list_vessels.sop            # hand-written or edited DSL
      sopc compile --take sop list_vessels.txt # both changed: keep the program
      sopc compile --locked *.txt              # in CI: only reviewed programs, else exit 4
      sopc compile --answer 2=1 list_vessels.txt # sentence 2 has the first meaning offered
      sopc compile --dialect postgres late.sql # an SQL statement of PostgreSQL; - for one from stdin
      sopc parse --json x.sop | sopc compile -
    """
    if locked and take == "text":
        raise UsageError("C0101", "--take text translates, and --locked forbids that", "leave one out")
    given = Answers(key_values(answers, "an answer to the question about a sentence"))
    ask = asked_at(console) if at_terminal() and not yes else None
    listener = ProgressListener(console.note, console.note if show_work else lambda text: None)
    options = Options(translator, model, take, locked, yes, given, ask, listener, dialect)
    with open_context(load_config(home, databases)) as context, context.library:
        if show_prompt:
            _show_prompts(files, context, options)
            return
        context.library.environment.check_writable()  # a translation may cost money
        with written_out(console, lambda answer, file: f"sopc compile {answer} {file}"):
            prepared = _prepared(files, context, options, console)
        console.unreadable(context.unmet())
        given.check_used("leave it out, or --take text translates the text again and asks again")
        check_unique(prepared)
        for each in prepared:
            if each.is_sql:
                say_back(each, console)
        consents = reviewed(prepared, console, every=review, yes=yes)
        try:
            outcome = store(prepared, context, consents)
        except NeedsYes as error:
            show_refused(error, console)
            raise
        for path in outcome.files:
            console.note(f"wrote {path}")
        for path in (path for each in prepared for path in each.old_files):
            hint = f"remove it, and its script with `sopc rm {path.stem}`"
            console.note(f"warning: {path} is a program of the same text, from when it had another title: {hint}")
        for stored in outcome.scripts:
            state = "unchanged, " if stored.unchanged else ""
            console.note(f"{stored.entry.name}: {state}version {stored.entry.version}")
        for caller, callee in outcome.stale:
            console.note(f"warning: {caller} calls {callee} as it was before; compile {caller} again")


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@dialect_option
@translation_options
@database_options
@output_options(default=None)
@click.pass_obj
def check_command(
    console: Console,
    files: Sequence[str],
    take: Take | None,
    locked: bool,
    dialect: Dialect | None,
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Report every error of every source, also of SQL, without storing or writing anything.

    \b
      sopc check *.sop
      sopc check --errors json payroll.sop
    """
    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        options = Options(translator, model, take, locked, listener=ProgressListener(console.note), dialect=dialect)
        code = 0
        for path in files:
            try:
                with written_out(console, lambda answer, file: f"sopc compile {answer} {file}"):
                    show_warnings(prepare_file(path, context, options), console)
            except CompileError as error:
                console.findings(error)
                code = max(code, 1)
            except Error as error:
                console.error(error)
                code = max(code, error.exit_code)
            else:
                console.note(f"{path}: ok")
    return code


def _prepared(files: Sequence[str], context: Context, options: Options, console: Console) -> list[Prepared]:
    """Prepare all files. If one fails, keep the translations that a model made of the earlier ones, so that the next
    compile continues there."""
    prepared: list[Prepared] = []
    try:
        for path in files:
            prepared.append(show_warnings(prepare_file(path, context, options), console))
    except (CompileError, Error):
        for each in prepared:
            if each.work is not None and not each.is_unexpected:  # a kept translation counts as shown
                each.keep()
        raise
    return prepared


def _show_prompts(files: Sequence[str], context: Context, options: Options) -> None:
    from sopc.english import request_text

    for path in files:
        click.echo(request_text(prompt_for(read(path), context, options)))

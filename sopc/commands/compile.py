"""`sopc compile` and `sopc check`: sources → stored scripts, and the .sop file beside an English one."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runtime.commands.app import Console
from runtime.commands.options import PATH, database_options, key_values, load_config, output_options
from runtime.errors import SopError, UsageError
from sopc import pipeline
from sopc.commands.prepare import Prepared, Settings, Take, prepare, prompt_for
from sopc.commands.questions import check_answers
from sopc.commands.review import at_terminal
from sopc.commands.review import review as look
from sopc.context import Context, open_context
from sopc.diagnostics import CompileError
from sopc.files import write_text


def translation_options(function: click.decorators.FC) -> click.decorators.FC:
    """`--translator` and `--model`."""
    function = click.option(
        "--model", metavar="NAME", envvar="SOP_MODEL", help="Model that translates English (default: sop.toml)."
    )(function)
    return click.option(
        "--translator",
        type=click.Choice(["model", "local", "patterns"]),
        envvar="SOP_TRANSLATOR",
        help="What translates English (default: sop.toml, else a model where one is configured or set up here, else "
        "patterns).",
    )(function)


@click.command("compile")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option("--locked", is_flag=True, help="Translate nothing: exit 4 where that would be needed.")
@click.option("--take", type=click.Choice(["text", "sop"]), help="Which to believe when text and .sop both changed.")
@click.option("--show-prompt", is_flag=True, help="Print what a model would be sent, and do nothing else.")
@click.option("--show-work", is_flag=True, help="Print every request to a model and its reply, on stderr.")
@click.option("--review", is_flag=True, help="Show each program in English, beside its sentences, and ask.")
@click.option("--yes", is_flag=True, help="Store new programs without asking, those that write too.")
@click.option(
    "--answer", "answers", multiple=True, metavar="SENTENCE=ANSWER", help="Answer to a question; 0: about all."
)
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
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Compile English, DSL or JSON trees into the library, all files or none.

    English is translated once, to NAME.sop beside the text; review and commit both. While the text stays the same,
    the .sop file is what is compiled, edits and all. When some sentences change, those that did not keep their code
    where that is still right. A file that others call comes before them.

    On a terminal a new program is said back in English and stored after a yes. Elsewhere nothing is asked: a new
    program that writes needs --yes, and a question about the text is an `ask` line with exit code 3.

    \b
      sopc compile list_vessels.txt            # English → list_vessels.sop → library
      sopc compile list_vessels.sop            # hand-written or edited DSL
      sopc compile --take sop list_vessels.txt # both changed: keep the program as it stands
      sopc compile --locked *.txt              # as in CI: what was reviewed, or exit 4
      sopc compile --answer 2=1 list_vessels.txt # its second sentence has the first of the meanings asked about
      sopc parse --json x.sop | sopc compile -
    """
    if locked and take == "text":
        raise UsageError("C0101", "--locked translates nothing, and --take text wants a translation", "leave one out")
    answered = key_values(answers, "an answer to the question about a sentence")
    asks = at_terminal() and not yes
    settings = Settings(take, translator, model, locked, show_work, answered, asks, yes)
    with open_context(load_config(home, databases)) as context, context.library:
        if show_prompt:
            _show_prompts(files, context, settings, console)
            return
        context.library.environment.check_writable()  # a translation may have to be paid for
        prepared = _prepared(files, context, settings, console)
        check_answers(settings, "leave it out, or --take text translates the text again and asks again")
        _check_unique(prepared)
        look(prepared, console, every=review, yes=yes)
        modules = [module for p in prepared for module in p.compiled.modules]
        items = [item for p in prepared for item in p.compiled.items(work=p.work)]
        pipeline.generate_sql(modules, items, context)
        for each in prepared:
            if each.write_to is not None:
                write_text(each.write_to, each.compiled.source.text)
                console.note(f"wrote {each.write_to}")
            for path in each.old:
                hint = f"remove it, and its script with `sopc rm {path.stem}`"
                console.note(f"warning: {path} is a program of the same text, from when it had another title: {hint}")
            each.forget()
        before = {name: context.library.find(name) for name in {item.name for item in items}}
        for entry in pipeline.store(items, context.library):
            state = "unchanged, " if entry == before[entry.name] else ""
            console.note(f"{entry.name}: {state}version {entry.version}")
        for caller, callee in pipeline.stale_callers(modules, context.library):
            console.note(f"warning: {caller} calls {callee} as it was before; compile {caller} again")


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option("--locked", is_flag=True, help="Translate nothing: exit 4 where that would be needed.")
@translation_options
@database_options
@output_options(default=None)
@click.pass_obj
def check_command(
    console: Console,
    files: Sequence[str],
    locked: bool,
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Report every error of every source without storing or writing anything.

    \b
      sopc check *.sop
      sopc check --errors json payroll.sop
    """
    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        code = 0
        for path in files:
            try:
                prepare(path, context, Settings(None, translator, model, locked), console)
            except CompileError as error:
                console.findings(error)
                code = max(code, 1)
            except SopError as error:
                console.error(error)
                code = max(code, error.exit_code)
            else:
                console.note(f"{path}: ok")
    return code


def _prepared(files: Sequence[str], context: Context, settings: Settings, console: Console) -> list[Prepared]:
    """Where one fails, what a model made of those before it is kept, so that compiling again goes on from there."""
    prepared: list[Prepared] = []
    try:
        for path in files:
            prepared.append(prepare(path, context, settings, console))
    except (CompileError, SopError):
        for each in prepared:
            if each.work is not None and not each.surprises:  # what was kept counts as shown
                each.keep()
        raise
    return prepared


def _check_unique(prepared: Sequence[Prepared]) -> None:
    """UsageError C0112 when two of the sources define one script: the second would silently replace the first."""
    defined: dict[str, str] = {}
    for each in prepared:
        source = each.compiled.source.name
        for module in each.compiled.modules:
            name = module.signature.name
            if name in defined:
                message = f"{defined[name]} and {source} both define the script `{name}`"
                if defined[name] == source:
                    message = f"two texts define the script `{name}`, so both would be kept in {source}"
                raise UsageError("C0112", message, "a script's name is its text's title: give one of them another")
            defined[name] = source


def _show_prompts(files: Sequence[str], context: Context, settings: Settings, console: Console) -> None:
    for path in files:
        for message in prompt_for(path, context, settings, console):
            click.echo(f"--- {message['role']}\n{message['content']}")

"""`sopc explain`: a stored script or a source → an explanation in English, made without a model."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from runtime import DatabaseError, UsageError
from runtime.bytecode import Module
from runtime.console import Console, complete_script, database_options, load_config, output_options, visible
from runtime.databases import SetSafe
from sopc.workflow import Context, Options, open_context, prepare_file

_NARROW, _USUAL, _WIDE = 60, 100, 110


@click.command("explain")
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_script)
@click.option("--json", "as_json", is_flag=True, help="Print each script as a line of JSON.")
@database_options
@output_options(default=None)
@click.pass_obj
def explain_command(console: Console, name: str, as_json: bool, home: str | None, databases: Sequence[str]) -> None:
    """Explain a program in English: what it reads and changes, then each step beside the sentence it came from.

    The explanation is made from the program alone, not by its author or a model, so an author who reads no code can
    check what the program does.

    \b
      sopc explain list_vessels
      sopc explain list_vessels@1
      sopc explain list_vessels.sop
    """
    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        modules = modules_of(name, context)
        texts = [
            explained(module, as_json=as_json) + ("" if as_json else loops_of(module, context)) for module in modules
        ]
    click.echo("\n".join(texts), nl=False)


def modules_of(name: str, context: Context) -> list[Module]:
    """The modules of a source file, or of a stored script."""
    if Path(name).suffix and Path(name).is_file():
        return prepare_file(name, context, Options()).compiled.modules
    return [context.module(context.library.resolve(name))]


def refused_loops(module: Module, context: Context) -> dict[str, str]:
    """Why loops that could be one statement run row by row on their databases as these are now, by their steps."""
    reasons = {}
    for lift in module.lifted:
        with suppress(DatabaseError, UsageError):  # it can't be opened, so nothing is known
            database = context.database(lift.survey.database)
            if not isinstance(database, SetSafe):
                reasons[lift.loop] = f"{database.engine} does not prove that it can be one statement"
            elif (why := database.row_by_row(lift.use)) is not None:
                reasons[lift.loop] = why
    return reasons


def loops_of(module: Module, context: Context) -> str:
    """Which loops over rows run as one statement, and why the others do not; "" without any."""
    refused = refused_loops(module, context)
    notes = [
        f"Loop {note.step} runs row by row: {why}."
        if (why := note.why or refused.get(note.step))
        else f"Loop {note.step} runs as one statement, and row by row where something fails or its rows are few."
        for note in module.debug.loops
    ]
    return visible("\n" + "\n".join(notes) + "\n") if notes else ""


def explained(module: Module, *, as_json: bool = False) -> str:
    """A compiled script in English, its author's sentences beside; as_json: on one line."""
    from sopc.explainer import explain_module, to_json, to_text

    said = explain_module(module)
    if as_json:
        import msgspec

        return msgspec.json.encode(to_json(said, module.debug.sentences)).decode() + "\n"
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _USUAL
    return visible(to_text(said, module.debug.sentences, min(_WIDE, max(_NARROW, columns))))

"""Commands to begin with: `sopc init` prepares a folder, `sopc error` explains an error code."""

from __future__ import annotations

from pathlib import Path

import click

from runtime import UsageError
from runtime.console import PATH, Console, output_options, visible


@click.command("init")
@click.argument("folder", default=".", type=PATH)
@click.option("--demo", is_flag=True, help="Add a small HR and inventory database and workflows in English.")
@output_options(default=None)
@click.pass_obj
def init_command(console: Console, folder: str, demo: bool) -> None:
    """Prepare FOLDER (default: this one) for workflows: sop.toml and .sop/. Existing files are never replaced.

    \b
      sopc init
      sopc init --demo demo && cd demo && sopc compile --yes *.txt && sopc ls
    """
    from sopc.demo import prepare_folder

    for path in prepare_folder(Path(folder), demo=demo):
        console.note(f"wrote {path}")


@click.command("error")
@click.argument("code")
@output_options(default=None)
def error_command(code: str) -> None:
    """Explain an error code, with a wrong and a right example.

    \b
      sopc error E0203
    """
    from runtime import find_code, near_codes

    row = find_code(code.upper())
    if row is None:
        raise UsageError("C0110", f"there is no error code {code}", ", ".join(near_codes(code.upper())))
    click.echo(f"{row.code}: {row.title}\n\n{row.explanation}\n")
    for label, example in (("wrong", row.wrong), ("right", row.right)):
        if example:
            click.echo(f"{label}:")
            click.echo("".join(f"    {visible(line)}\n" if line else "\n" for line in example.strip("\n").split("\n")))

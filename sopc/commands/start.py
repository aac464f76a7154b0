"""Commands to begin with: `sopc init` prepares a folder, `sopc error` explains an error code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from runtime.console.console import Console, visible
from runtime.console.options import PATH, output_options
from runtime.errors import SopError, UsageError

SETTINGS: Final = """\
# The databases that scripts name after `uses`; a script without `uses` sees `main`.
# Paths start at this folder; ${NAME} is read from the environment.
[databases]
# hr = "sqlite:///hr.db"
"""


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
    from runtime.config import FILE_NAME, HOME_NAME
    from runtime.library.environment import make_home
    from sopc.demo import make_demo

    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise UsageError("C0206", f"{folder} is not a folder")
    try:
        made = make_demo(place) if demo else []
        make_home(place / HOME_NAME)
        settings = place / FILE_NAME
        if not settings.exists():
            settings.write_text(SETTINGS, encoding="utf-8")
            made.append(settings)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SopError("C0109", f"{folder} can't be written: {reason}", "check the path and its permissions") from error
    for path in made:
        console.note(f"wrote {path}")


@click.command("error")
@click.argument("code")
@output_options(default=None)
def error_command(code: str) -> None:
    """Explain an error code, with a wrong and a right example.

    \b
      sopc error E0203
    """
    from runtime.error_codes import lookup, near

    row = lookup(code.upper())
    if row is None:
        raise UsageError("C0110", f"there is no error code {code}", ", ".join(near(code.upper())))
    click.echo(f"{row.code}: {row.title}\n\n{row.explanation}\n")
    for label, example in (("wrong", row.wrong), ("right", row.right)):
        if example:
            click.echo(f"{label}:")
            click.echo("".join(f"    {visible(line)}\n" if line else "\n" for line in example.strip("\n").split("\n")))

"""`sopc lsp`: a language server over stdin and stdout, for editors."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runtime import UsageError
from runtime.console import database_options, load_config


@click.command("lsp")
@database_options
def lsp_command(home: str | None, databases: Sequence[str]) -> None:
    """Serve an editor: findings, English on hover, completion, definitions, formatting, choices as quick fixes.

    It speaks the Language Server Protocol on stdin and stdout; an editor starts it (editors/README.md). Settings are
    those of the folder of each file. Needs `pip install 'sopc[lsp]'`.

    \b
      sopc lsp
    """
    try:
        from sopc.editor import serve
    except ModuleNotFoundError as error:
        message = "the server for editors needs the package pygls"
        raise UsageError("D0105", message, "pip install 'sopc[lsp]'") from error
    serve(lambda folder: load_config(home, databases, folder))

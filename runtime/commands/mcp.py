"""`sopvm mcp`: the scripts of a library as tools of an agent, over stdin and stdout."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runtime.console import PATH, database_options, load_config


@click.command("mcp")
@click.option("--write", is_flag=True, help="Also offer scripts that write; the person is asked before one runs.")
@click.option("--max-rows", type=click.IntRange(1), metavar="N", help="Most rows that a run may emit.")
@click.option(
    "--max-seconds", type=click.FloatRange(0, min_open=True), metavar="N", help="Most seconds that a run may take."
)
@click.option("--answer-seconds", type=click.FloatRange(0), metavar="N", default=45, show_default=True,
              help="Seconds after which a call answers that its run goes on.")  # fmt: skip
@click.option("--audit", metavar="FILE", type=PATH, help="File for the audit of changes (default: stderr).")
@database_options
def mcp_command(
    write: bool,
    max_rows: int | None,
    max_seconds: float | None,
    answer_seconds: float,
    audit: str | None,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Offer the library's scripts to an agent (Model Context Protocol, over stdin and stdout).

    \b
      sopvm mcp
      sopvm mcp --write --db hr=sqlite:///hr.db
      claude mcp add library -- sopvm mcp
    """
    from runtime.api.mcp import require_sdk

    require_sdk()
    from runtime.api import Settings, open_service
    from runtime.api.mcp import serve_agent

    settings = Settings(max_rows=max_rows, max_seconds=max_seconds, ask_seconds=86_400, answer_seconds=answer_seconds)
    with open_service(load_config(home, databases), settings, audit) as service:
        serve_agent(service, write=write)
    return 0

"""`sopvm token`: who may use a server, and what for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from time import time
from typing import TYPE_CHECKING

import click

from runtime import UsageError
from runtime.console import (
    App,
    Console,
    Lazy,
    home_option,
    key_values,
    load_config,
    output_options,
    print_rows,
    seconds_of,
)

if TYPE_CHECKING:
    from runtime.api import Token, Tokens


def _tokens(home: str | None) -> Tokens:
    if find_spec("starlette") is None:
        raise UsageError("S0120", "tokens are for the service, which needs starlette", "pip install 'sopc[serve]'")
    from runtime.api import Tokens

    return Tokens(load_config(home).home)


@click.command("add")
@click.argument("name")
@click.option("--scripts", metavar="PATTERN,…", default="*", show_default=True, help="Scripts it may use: hr_*.")
@click.option("--rights", metavar="RIGHT,…", default="run,read", show_default=True,
              help="Rights: run, read, write, query, compile, admin.")  # fmt: skip
@click.option("--databases", metavar="PATTERN,…",
              help="Databases it may use, as scripts name them: hr,eu_* (default: of --db, else all).")  # fmt: skip
@click.option("--db", "bound", metavar="NAME=DATABASE", multiple=True,
              help="For this token, a database name in scripts means this database of the server.")  # fmt: skip
@click.option("--set", "fixed", metavar="ARGUMENT=VALUE", multiple=True,
              help="Fix an argument: it always has this value, and callers can't give it.")  # fmt: skip
@click.option("--expires", metavar="SPAN", help="How long it is valid: 12h, 30d, 8w (default: until it is removed).")
@click.option("--max-runs", type=click.IntRange(1), metavar="N", help="Runs at the same time.")
@click.option("--max-rows", type=click.IntRange(1), metavar="N", help="Rows that a run may emit.")
@click.option(
    "--max-seconds", type=click.FloatRange(0, min_open=True), metavar="N", help="Seconds that a run may take."
)
@click.option("--max-body", type=click.IntRange(1), metavar="BYTES", help="Largest body of a request.")
@home_option
@output_options(default=None)
@click.pass_obj
def add_command(
    console: Console,
    name: str,
    scripts: str,
    rights: str,
    databases: str | None,
    bound: Sequence[str],
    fixed: Sequence[str],
    expires: str | None,
    max_runs: int | None,
    max_rows: int | None,
    max_seconds: float | None,
    max_body: int | None,
    home: str | None,
) -> None:
    """Make a token and print it once: only a hash of it is kept.

    \b
      sopvm token add report --scripts 'audit_*' --expires 30d
      sopvm token add deploy --rights read,compile
      sopvm token add acme --db hr=acme --set tenant=acme
      curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/play/audit_salary
    """
    from runtime.api import RIGHTS, Token

    wanted = tuple(dict.fromkeys(_words(rights, "--rights")))
    for right in wanted:
        if right not in RIGHTS:
            raise UsageError("C0102", f"there is no right {right}", f"the rights are {', '.join(RIGHTS)}")
    means = key_values(bound, "a database and what it means")
    patterns = _words(databases, "--databases") if databases is not None else () if means else ("*",)
    config = load_config(home)
    for database in means.values():
        if database not in config.database_names():
            console.note(f"{database}: sop.toml declares no such database, so `sopvm serve` needs --db {database}=URL")
    token = Token(
        name=name,
        id="",
        digest="",
        scripts=tuple(_words(scripts, "--scripts")),
        rights=wanted,
        expires=0 if expires is None else int(time()) + seconds_of(expires, "--expires"),
        max_runs=max_runs or 0,
        max_rows=max_rows or 0,
        max_seconds=max_seconds or 0,
        max_body=max_body or 0,
        databases=tuple(dict.fromkeys([*means, *patterns])),
        bound=means,
        fixed=key_values(fixed, "an argument and its value"),
    )
    text = _tokens(home).add(token)
    console.note(
        f"{name}: may {', '.join(wanted)}; scripts {', '.join(token.scripts)}; databases "
        f"{', '.join(_databases(token))}; expires {_day(token.expires)}"
    )
    click.echo(text)


@click.command("ls")
@home_option
@output_options("table")
def ls_command(home: str | None, format_: str) -> None:
    """List the tokens, without their secrets.

    \b
      sopvm token ls
    """
    rows = [
        [
            token.name,
            list(token.rights),
            list(token.scripts),
            _databases(token),
            [f"{name}={value}" for name, value in token.fixed.items()],
            _day(token.created),
            _day(token.expires),
        ]
        for token in _tokens(home).all().values()
    ]
    print_rows(["name", "rights", "scripts", "databases", "set", "made", "expires"], rows, format_)


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@home_option
@output_options(default=None)
@click.pass_obj
def rm_command(console: Console, names: Sequence[str], home: str | None) -> None:
    """Revoke tokens; running servers refuse them at once.

    \b
      sopvm token rm report
    """
    _tokens(home).remove(names)
    for name in names:
        console.note(f"{name}: revoked")


def _databases(token: Token) -> list[str]:
    return [f"{name}={token.bound[name]}" if name in token.bound else name for name in token.databases]


def _words(text: str, option: str) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise UsageError("C0102", f"{option} names nothing", f"{option} read,run" if option == "--rights" else "'*'")
    return words


def _day(moment: int) -> str:
    """A Unix time as UTC, to the minute."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%MZ") if moment else "never"


token_group = App(
    "token",
    {
        "add": Lazy("runtime.commands.token:add_command", "Make a token, and print it once."),
        "ls": Lazy("runtime.commands.token:ls_command", "List the tokens."),
        "rm": Lazy("runtime.commands.token:rm_command", "Revoke tokens."),
    },
    help="""Manage who may use `sopvm serve`, and what for.

\b
  sopvm token add report --scripts 'audit_*' --expires 30d
  sopvm token ls
  sopvm token rm report
""",
)

"""`sopvm db`: load files into a database, list what it holds, query it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from runtime import Config, DatabaseError, Error, UsageError, connector
from runtime.console import (
    App,
    Console,
    Lazy,
    database_options,
    execute,
    file_options,
    load_config,
    output_options,
    print_rows,
    run_options,
    text_or_stdin,
)


@click.command("ls")
@click.argument("database", required=False)
@database_options
@output_options("table")
@click.pass_obj
def ls_command(
    console: Console, database: str | None, home: str | None, databases: Sequence[str], format_: str
) -> None:
    """List the stores of a database, or of all declared databases.

    \b
      sopvm db ls
      sopvm db ls hr --db hr=sqlite:///hr.db
    """
    config = load_config(home, databases)
    rows: list[list[Any]] = []
    failures: list[Error] = []
    for name in [database] if database else config.database_names():
        if database is None and config.is_unmade(name):
            continue
        try:
            rows += _stores(config, name, failures)
        except (DatabaseError, UsageError) as error:
            failures.append(error)
    if failures and not rows:
        raise failures[0]
    console.unreadable(failures)
    print_rows(["database", "store", "rows", "fields"], rows, format_)


def _stores(config: Config, name: str, failures: list[Error]) -> list[list[Any]]:
    """A row for each store of a database. If it can't be read, the reason is added to `failures`."""
    from runtime.files import list_stores

    opened = connector(config, read_only=True)(name)
    try:
        failures += [broken.error() for broken in opened.schema().broken.values()]
        return [
            [name, store.name, store.rows, ", ".join(field.name for field in store.fields)]
            for store in list_stores(opened)
        ]
    finally:
        opened.close()


@click.command("query")
@click.argument("text", metavar="QUERY")
@run_options
@database_options
@output_options()
@file_options
@click.pass_obj
def query_command(
    console: Console, /, text: str, home: str | None, databases: Sequence[str], format_: str, **options: Any
) -> int:
    """Run a query, written as in a script. Outside `main`, write a store as DATABASE.STORE.

    `-` reads the query from stdin.

    \b
      sopvm db query "from flights where distance > 2000 limit 10"
      sopvm db query "from hr.employees group by department select department, count() as people" -f table
    """
    from runtime.library import Overlay
    from sopc.workflow import compile_query, open_context

    config = load_config(home, databases)
    with open_context(config, read_only=True) as context, context.library:
        compiled = compile_query(text_or_stdin(text), context)
        console.unreadable([*context.failures, *context.unmet()])
        library = Overlay(context.library, compiled.items())
        name = compiled.modules[0].signature.name
        return execute(console, library, name, {}, config, format_, read_only=True, **options)


db_group = App(
    "db",
    {
        "import": Lazy("runtime.commands.db_import:import_command", "Load a file into a store."),
        "export": Lazy("runtime.commands.db_export:export_command", "Write a store or a query to a file."),
        "look": Lazy("runtime.commands.db_look:look_command", "Show how a file would be read, or what a store holds."),
        "ls": Lazy("runtime.commands.db:ls_command", "List the stores, with their rows."),
        "add": Lazy("runtime.commands.db_stores:add_command", "Give a database a name in sop.toml."),
        "rm": Lazy("runtime.commands.db_stores:rm_command", "Remove a store."),
        "rename": Lazy("runtime.commands.db_stores:rename_command", "Give a store another name."),
        "link": Lazy("runtime.commands.db_stores:link_command", "Say or find keys and references."),
        "unlink": Lazy("runtime.commands.db_stores:unlink_command", "Say that fields are neither."),
        "query": Lazy("runtime.commands.db:query_command", "Run a query of the language."),
    },
    help="""Load files into a database, query it, and write files from it.

\b
  sopvm db import flights.csv
  sopvm db ls
  sopvm db query "from flights limit 10"
  sopvm db export flights flights.parquet
""",
)

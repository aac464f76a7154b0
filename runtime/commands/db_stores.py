"""`sopvm db add`, `rm`, `rename`, `link` and `unlink`: the databases that names stand for, and the stores in them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runtime.console import (
    Console,
    add_database,
    database_options,
    home_option,
    link_options,
    link_store,
    load_config,
    output_options,
    remove_store,
    rename_store,
    unlink_store,
)


@click.command("add")
@click.argument("name")
@click.argument("where", metavar="FILE|FOLDER|URL")
@home_option
@output_options(default=None)
@click.pass_obj
def add_command(console: Console, name: str, where: str, home: str | None) -> None:
    """Give a database a name, by a line in sop.toml. Nothing is copied: the database is used where it is.

    \b
      sopvm db add shop shop.db
      sopvm db add logs logs.duckdb
      sopvm db add data ./folder_of_files
      sopvm db add shared 'postgresql://${DB_USER}@server/shared'
    """
    add_database(console, load_config(home), name, where)


@click.command("rm")
@click.argument("store", metavar="[DATABASE.]STORE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_options
@output_options(default=None)
@click.pass_obj
def rm_command(console: Console, store: str, yes: bool, home: str | None, databases: Sequence[str]) -> None:
    """Remove a store with all its rows. A person is asked first; elsewhere --yes is needed.

    \b
      sopvm db rm sales
      sopvm db rm hr.bonuses --yes
    """
    remove_store(console, load_config(home, databases), store, yes=yes)


@click.command("rename")
@click.argument("store", metavar="[DATABASE.]STORE")
@click.argument("new", metavar="NAME")
@database_options
@output_options(default=None)
@click.pass_obj
def rename_command(console: Console, store: str, new: str, home: str | None, databases: Sequence[str]) -> None:
    """Give a store another name. Scripts that use the old one have to be changed.

    \b
      sopvm db rename sales_2026 sales
    """
    rename_store(console, load_config(home, databases), store, new)


@click.command("link")
@click.argument("store", metavar="[DATABASE.]STORE")
@link_options
@database_options
@output_options(default=None)
@click.pass_obj
def link_command(
    console: Console, store: str, key: str, references: Sequence[str], home: str | None, databases: Sequence[str]
) -> None:
    """Say what tells the rows of a store apart, and which fields refer to other stores; without options, find both.
    Programs made from English use it to join, count and group. Nothing is enforced.

    \b
      sopvm db link orders
      sopvm db link orders --key order_no --references "cust_no=customers.cust_no"
    """
    link_store(console, load_config(home, databases), store, key, references)


@click.command("unlink")
@click.argument("store", metavar="[DATABASE.]STORE")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@database_options
@output_options(default=None)
@click.pass_obj
def unlink_command(
    console: Console, store: str, fields: Sequence[str], home: str | None, databases: Sequence[str]
) -> None:
    """Say that fields are no keys and refer to nothing, whatever their names and values look like.

    \b
      sopvm db unlink orders cust_no
    """
    unlink_store(console, load_config(home, databases), store, fields)

"""`sopvm db import`: a CSV, NDJSON or Parquet file → a store of a database: all of it or nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime import MAIN, UsageError, connect_to_load
from runtime.console import PATH, Console, at_terminal, database_options, load_config, output_options, progress_bar

if TYPE_CHECKING:
    from runtime.files import Ask, Mode, Question

STDIN = "-"
SIGNS = {"point": ".", "comma": ","}
JSON_START = re.compile(rb"(\xef\xbb\xbf)?\s*(\[\s*)?\{")


@click.command("import")
@click.argument("file", type=PATH)
@click.option("--store", metavar="NAME", help="Name of the store (default: the file's name).")
@click.option("--into", "database", metavar="DATABASE", default=MAIN, show_default=True, help="Name of the database.")
@click.option("--types", metavar="FIELD=TYPE,…", help="Types of some fields; others are inferred from the values.")
@click.option("--null", "nulls", metavar="TEXT", multiple=True, help="Text that means null, besides an empty field.")
@click.option("--no-null-words", is_flag=True, help="Do not take NA, n/a, - and the like for null.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="How dates such as 01/02/2026 are read.")
@click.option("--decimal", type=click.Choice(["point", "comma"]), help="What stands before decimals, as in 1,234.")
@click.option("--replace", is_flag=True, help="Replace an existing store.")
@click.option("--append", is_flag=True, help="Add rows to an existing store.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that can't be loaded, and list them.")
@click.option(
    "--report",
    "report",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the report is written: on stderr for people, on stdout for programs.",
)
@database_options
@output_options(default=None)
@click.pass_obj
def import_command(
    console: Console,
    file: str,
    store: str | None,
    database: str,
    types: str | None,
    nulls: Sequence[str],
    no_null_words: bool,
    date_order: str | None,
    decimal: str | None,
    replace: bool,
    append: bool,
    skip_bad: bool,
    report: str,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Load a CSV, TSV, NDJSON or Parquet file into a store. If a line can't be loaded, nothing is, unless
    --skip-bad is given.

    \b
      sopvm db import flights.csv
      sopvm db import new.csv --store flights --append
      sopvm db import people.ndjson --into hr --types "born=date,pay=decimal(10,2)"
      zcat big.csv.gz | sopvm db import - --store big --null NA
      sopvm db import flights.parquet --into shared --db shared=duckdb:///flights.duckdb
    """
    from runtime.files import import_file, parse_types, report_data, report_lines

    if replace and append:
        raise UsageError("C0102", "--replace and --append exclude each other", "give one of them")
    if file == STDIN and not store:
        raise UsageError("C0102", "rows from stdin need a store to go into", "--store NAME")
    declared = parse_types(types) if types else None
    mode: Mode = "replace" if replace else "append" if append else "create"
    title = "stdin" if file == STDIN else file
    config = load_config(home, databases)
    said = {"date_order": date_order, "decimal": decimal}
    answers = {**config.imports, **{name: value for name, value in said.items() if value}}
    with (
        _on_disk(file) as path,
        connect_to_load(config, database, path, title) as target,
        progress_bar("loading") as bar,
    ):
        loaded = import_file(
            target,
            path,
            title=title,
            store=store,
            types=declared,
            nulls=nulls,
            mode=mode,
            skip_bad=skip_bad,
            null_words=not no_null_words,
            date_order=answers.get("date_order", ""),
            decimal=SIGNS.get(answers.get("decimal", ""), ""),
            ask=_asked_at(console) if at_terminal() and file != STDIN else None,
            progress=bar,
        )
    place = f"{database}.{loaded.store}"
    if report == "json":
        import msgspec

        click.echo(msgspec.json.encode(report_data(loaded, title, place)))
        return
    for line in report_lines(loaded, title, place):
        console.note(line)


def _asked_at(console: Console) -> Ask:
    """A function that asks the person at the terminal, by numbers."""

    def ask(question: Question) -> int:
        console.note(question.text)
        for number, option in enumerate(question.options, 1):
            console.note(f"  {number}  {option.text}  ({option.flag})")
        chosen: int = click.prompt("Answer", type=click.IntRange(1, len(question.options)), err=True)
        return chosen - 1

    return ask


@contextmanager
def _on_disk(file: str) -> Iterator[Path]:
    """The file's path. Stdin is saved to a temporary file, because files are read twice."""
    if file != STDIN:
        yield Path(file)
        return
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        start = sys.stdin.buffer.read(1 << 16)
        ending = "parquet" if start.startswith(b"PAR1") else "ndjson" if JSON_START.match(start) else "csv"
        path = Path(folder) / f"stdin.{ending}"
        with path.open("wb") as stream:
            stream.write(start)
            copyfileobj(sys.stdin.buffer, stream)
        yield path

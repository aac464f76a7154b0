"""`sopvm db import`: a CSV, NDJSON or Parquet file → a store of a database: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from runtime import MAIN, UsageError, connect_to_load
from runtime.console import PATH, Console, at_terminal, database_options, load_config, output_options, progress_bar

if TYPE_CHECKING:
    from runtime.files import Ask, Mode, Question

STDIN = "-"
SIGNS = {"point": ".", "comma": ","}


@click.command("import")
@click.argument("file", type=PATH)
@click.option("--store", metavar="NAME", help="Name of the store (default: the file's name).")
@click.option("--into", "database", metavar="DATABASE", default=MAIN, show_default=True, help="Name of the database.")
@click.option("--types", metavar="FIELD=TYPE,…", help="Types of some fields; others are inferred from the values.")
@click.option("--null", "nulls", metavar="TEXT", multiple=True, help="Text that means null, besides an empty field.")
@click.option("--no-null-words", is_flag=True, help="Do not take NA, n/a, - and the like for null.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="How dates such as 01/02/2026 are read.")
@click.option("--decimal", type=click.Choice(["point", "comma"]), help="What stands before decimals, as in 1,234.")
@click.option("--header", metavar="N|M-N|none", default="", help="Which row names the columns of a CSV file.")
@click.option("--totals", type=click.Choice(["drop", "keep"]), help="What becomes of a last row of sums.")
@click.option("--replace", is_flag=True, help="Replace an existing store.")
@click.option("--append", is_flag=True, help="Add rows to an existing store.")
@click.option("--encoding", metavar="NAME", help="Encoding of the text, such as cp1252 (default: UTF-8 or UTF-16).")
@click.option("--path", "place", metavar="PLACE", help="Where a JSON document has its records, such as data.items.")
@click.option("--sheet", metavar="NAME", help="The sheet of a spreadsheet (default: the only one with data).")
@click.option("--all-sheets", is_flag=True, help="Load each sheet with data into a store, FILE_SHEET.")
@click.option("--keep-nested", is_flag=True, help="Keep objects and lists inside the records of a JSON document.")
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
    header: str,
    totals: str | None,
    replace: bool,
    append: bool,
    skip_bad: bool,
    report: str,
    encoding: str | None,
    place: str | None,
    sheet: str | None,
    all_sheets: bool,
    keep_nested: bool,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Load a CSV, TSV, JSON, Parquet file or spreadsheet into a store, packed (.gz, .bz2, .xz, .zst, .zip) or not. If
    a line can't be loaded, nothing is, unless --skip-bad is given.

    \b
      sopvm db import flights.csv
      sopvm db import new.csv --store flights --append
      sopvm db import people.ndjson --into hr --types "born=date,pay=decimal(10,2)"
      sopvm db import big.csv.gz --null NA
      sopvm db import sales.xlsx --sheet "Sales 2026"
      sopvm db import "all.zip:2026/sales.csv" --encoding cp1252
      curl -fsSL https://example.org/data.json | sopvm db import - --store data --path data.items
      sopvm db import flights.parquet --into shared --db shared=duckdb:///flights.duckdb
    """
    from runtime.files import Options, import_parts, parse_types, prepared, report_data, report_lines

    if replace and append:
        raise UsageError("C0102", "--replace and --append exclude each other", "give one of them")
    if file == STDIN and not store:
        raise UsageError("C0102", "rows from stdin need a store to go into", "--store NAME")
    declared = parse_types(types) if types else None
    mode: Mode = "replace" if replace else "append" if append else "create"
    config = load_config(home, databases)
    said = {"date_order": date_order, "decimal": decimal}
    answers = {**config.imports, **{name: value for name, value in said.items() if value}}
    options = Options(encoding, place, keep_nested, sheet, all_sheets, nulls, skip_bad)
    with (
        prepared(file, store, options) as parts,
        connect_to_load(config, database, parts[0].path, parts[0].title) as target,
        progress_bar("loading") as bar,
    ):
        every = import_parts(
            target,
            parts,
            types=declared,
            nulls=nulls,
            mode=mode,
            skip_bad=skip_bad,
            null_words=not no_null_words,
            date_order=answers.get("date_order", ""),
            decimal=SIGNS.get(answers.get("decimal", ""), ""),
            header=header,
            totals=totals or "",
            ask=_asked_at(console) if at_terminal() and file != STDIN else None,
            progress=bar,
        )
    for part, loaded in zip(parts, every, strict=True):
        stored = f"{database}.{loaded.store}"
        if report == "json":
            import msgspec

            click.echo(msgspec.json.encode(report_data(loaded, part.title, stored)))
        else:
            for line in report_lines(loaded, part.title, stored):
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

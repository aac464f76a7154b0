"""The options that say how a file is read → arguments of an import; what a file leaves open → asked at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.config import Config
from runtime.console.console import Console
from runtime.console.questions import at_terminal
from runtime.files.words import DECIMAL_SIGNS

if TYPE_CHECKING:
    from runtime.databases.protocol import Loadable
    from runtime.files import Ask, Loaded, Options, Question

_OPTIONS: Final = (
    click.option("--types", metavar="FIELD=TYPE,…", help="Types of some fields; others are inferred from the values."),
    click.option(
        "--null", "nulls", metavar="TEXT", multiple=True, help="Text that means null, besides an empty field."
    ),
    click.option("--no-null-words", is_flag=True, help="Do not take NA, n/a, - and the like for null."),
    click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="How dates such as 01/02/2026 are read."),
    click.option("--decimal", type=click.Choice([*DECIMAL_SIGNS]), help="What stands before decimals, as in 1,234."),
    click.option("--header", metavar="N|M-N|none", default="", help="Which row names the columns of a CSV file."),
    click.option("--totals", type=click.Choice(["drop", "keep"]), help="What becomes of a last row of sums."),
    click.option("--encoding", metavar="NAME", help="Encoding of the text, such as cp1252 (default: UTF-8 or UTF-16)."),
    click.option("--path", "place", metavar="PLACE", help="Where a JSON document has its records, such as data.items."),
    click.option("--sheet", metavar="NAME", help="The sheet of a spreadsheet (default: the only one with data)."),
    click.option("--all-sheets", is_flag=True, help="Load each sheet with data into a store, FILE_SHEET."),
    click.option("--keep-nested", is_flag=True, help="Keep objects and lists inside the records of a JSON document."),
    click.option(
        "--report",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How the report is written: on stderr for people, on stdout for programs.",
    ),
)


def reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a file is read.

    Args:
        function: The command.

    Returns:
        The command with the options.
    """
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def link_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what tells the rows of a store apart, and what its fields refer to.

    Args:
        function: The command.

    Returns:
        The command with the options.
    """
    key = click.option("--key", metavar="FIELD,…", default="", help="The fields that together tell its rows apart.")
    references = click.option(
        *("--references", "references"),
        metavar="FIELD=STORE.FIELD",
        multiple=True,
        help="A field that holds the values of a key of another store.",
    )
    return key(references(function))


def reading(
    config: Config, given: dict[str, Any], *, skip_bad: bool = False, ask: Ask | None = None
) -> tuple[Options, dict[str, Any]]:
    """What a person says of a file.

    Args:
        config: The settings, whose [import] table says what the options do not.
        given: The values of the options of `reading_options`.
        skip_bad: Lines that can't be loaded are left out.
        ask: Asks a person what the file leaves open.

    Returns:
        How the file becomes plain files, and arguments of `import_file`.

    Raises:
        UsageError: D0506, something about types.
    """
    from runtime.files import Options, parse_types

    decimal = given["decimal"] or config.imports.get("decimal", "")
    source = Options(
        encoding=given["encoding"],
        place=given["place"],
        keep_nested=given["keep_nested"],
        sheet=given["sheet"],
        all_sheets=given["all_sheets"],
        nulls=given["nulls"],
        skip_bad=skip_bad,
        ask=ask,
    )
    return source, {
        "ask": ask,
        "types": parse_types(given["types"]) if given["types"] else None,
        "nulls": given["nulls"],
        "null_words": not given["no_null_words"],
        "date_order": given["date_order"] or config.imports.get("date_order", ""),
        "decimal": DECIMAL_SIGNS.get(decimal, ""),
        "header": given["header"],
        "totals": given["totals"] or "",
    }


def asked_about(console: Console, file: str) -> Ask | None:
    """Find out whether a person can be asked what a file leaves open.

    Args:
        console: Where the question is printed.
        file: The file; `-` is stdin, which can't give answers too.

    Returns:
        A function that asks at the terminal; None where nobody can be asked.
    """
    if not at_terminal() or file == "-":
        return None

    def ask(question: Question) -> int:
        console.note(question.text)
        for number, option in enumerate(question.options, 1):
            console.note(f"  {number}  {option.text}  ({option.flag})")
        chosen: int = click.prompt("Answer", type=click.IntRange(1, len(question.options)), err=True)
        return chosen - 1

    return ask


def ask_links(database: Loadable, ask: Ask | None, every: Iterable[Loaded]) -> None:
    """Ask about each reference that is not sure, and keep the answers.

    Args:
        database: What was imported into.
        ask: Asks a person; None where nobody can be asked.
        every: What the imports did.
    """
    from runtime.files import Question, say_links, unlink
    from runtime.files.decide import Option
    from runtime.files.load import transaction
    from runtime.files.report import link_text

    if ask is None:
        return
    for link in (link for loaded in every for link in loaded.links.links if not link.is_sure):
        to = f"{link.other_store}.{link.other_field}"
        yes = Option("it is a reference", f"--references {quote(f'{link.field}={to}')}")
        no = Option("it is none", f"sopvm db unlink {quote(link.store)} {quote(link.field)}")
        chosen = ask(Question(link_text(link), (yes, no)))
        with transaction(database):
            if chosen == 0:
                say_links(database, link.store, (), {link.field: to})
            else:
                unlink(database, link.store, [link.field])


def show_report(console: Console, kind: str, every: Iterable[tuple[Loaded, str, str]], *, look: bool = False) -> None:
    """Print what was done with files.

    Args:
        console: Where text goes.
        kind: `text` or `json`.
        every: What was done, the title of its file, and the store with its database.
        look: Nothing was loaded.
    """
    from runtime.files import report_data, report_lines

    for loaded, title, place in every:
        if kind == "json":
            import msgspec

            click.echo(msgspec.json.encode(report_data(loaded, title, place, look=look)))
        else:
            for line in report_lines(loaded, title, place, look=look):
                console.note(line)

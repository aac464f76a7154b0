"""`sopc test`: the examples of stored scripts → which hold and which fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from runtime import Error
from runtime.console import Console, complete_script, database_options, load_config, output_options
from runtime.library import Entry
from sopc.workflow import CompileError, Context, open_context


@click.command("test")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_script)
@click.option("--json", "as_json", is_flag=True, help="Print each example and its outcome as a line of JSON.")
@database_options
@output_options(default=None)
@click.pass_obj
def test_command(
    console: Console, names: Sequence[str], as_json: bool, home: str | None, databases: Sequence[str]
) -> int:
    """Run the examples of stored scripts (all, or those named) in empty copies of their databases. Exit code 1 if
    one fails.

    Examples stand at the end of a workflow's text; compiling keeps them with the script.

    \b
      sopc test
      sopc test list_vessels list_vessels@1
      sopc test --json
    """
    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        entries = [context.library.resolve(name) for name in names] or context.library.entries()
        code = 0
        for entry in entries:
            try:
                results = _test(entry, context, console, as_json)
            except Error as error:  # such as a missing database: the other scripts are still tested
                console.error(error, [entry.name])
                code = max(code, error.exit_code)
                continue
            failed = results.count(False)
            code = max(code, 1 if failed else 0)
            if not as_json:
                click.echo(f"{entry.name}: {_summary(len(results), failed)}")
    return code


def _test(entry: Entry, context: Context, console: Console, as_json: bool) -> list[bool]:
    """Run each example of a script, show those that fail, and return whether each holds."""
    from sopc.workflow import try_kept, with_hints

    results = []
    for example, source, findings in try_kept(context.module(entry), context):
        results.append(not findings)
        if as_json:
            _print_json(entry, example.number, example.title, [finding.to_json(source) for finding in findings])
        elif findings:
            console.findings(with_hints(CompileError(source, findings)))
    return results


def _print_json(entry: Entry, number: int, title: str, findings: Sequence[dict[str, Any]]) -> None:
    import msgspec

    line = {"script": entry.name, "version": entry.version, "example": number, "title": title}
    click.echo(msgspec.json.encode({**line, "ok": not findings, "findings": findings}))


def _summary(count: int, failed: int) -> str:
    if not count:
        return "no examples"
    examples = f"{count} example{'' if count == 1 else 's'}"
    return f"{examples}, {failed} failed" if failed else f"{examples}, ok"

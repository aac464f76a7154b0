"""Commands on sources and what they compile to: fmt, parse, disasm, schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from runtime import DatabaseError, UsageError
from runtime.console import (
    PATH,
    Console,
    complete_script,
    database_options,
    load_config,
    output_options,
    print_rows,
)
from runtime.databases import SQLITE, Engine, sql_of
from runtime.files import write_text
from runtime.query import Schema, described, noted
from sopc.commands.explain import modules_of, refused_loops
from sopc.workflow import STDIN, Context, kind_of, open_context, parse, parse_tree, read, usable_schemas


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@output_options(default=None)
@click.pass_obj
def fmt_command(console: Console, files: Sequence[str], check: bool) -> int:
    """Format DSL files in the standard layout; comments stay. `-` reads stdin and writes stdout.

    \b
      sopc fmt *.sop
      sopc fmt --check *.sop
      sopc fmt - < x.sop
    """
    from sopc.syntax import format_source

    sources = [read(path) for path in files]
    formatted = [format_source(source) for source in sources]
    changed = 0
    for source, text in zip(sources, formatted, strict=True):
        if source.name == STDIN and not check:
            click.echo(text, nl=False)
        elif text != source.text:
            changed += 1
            if not check:
                write_text(Path(source.name), text)
            console.note(f"{'would change' if check else 'formatted'} {source.name}")
    return 1 if check and changed else 0


def _print_tree_schema(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        import json

        from sopc.tree import File

        click.echo(json.dumps(File.model_json_schema(by_alias=True), indent=2))
        context.exit()


@click.command("parse")
@click.argument("file", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print the tree as JSON, which `sopc compile` reads back.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_tree_schema,
    help="Print the JSON schema of trees, and do nothing else.",
)
@output_options(default=None)
def parse_command(file: str, as_json: bool) -> None:
    """Parse DSL or a tree and print it as DSL, or with --json as a tree. Names and types are not checked.

    \b
      sopc parse --json list_vessels.sop
      sopc parse tree.json
      sopc parse --schema > tree.schema.json
    """
    from sopc.syntax import format_file

    source = read(file)
    if kind_of(source) == "tree":
        source = parse_tree(source)
    tree = parse(source)
    if as_json:
        click.echo(tree.model_dump_json(indent=2, exclude_defaults=False, by_alias=True))
    else:
        click.echo(format_file(tree), nl=False)


@click.command("disasm")
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_script)
@click.option("--sql", is_flag=True, help="Also print the SQL of queries and writes.")
@database_options
@output_options(default=None)
@click.pass_obj
def disasm_command(console: Console, name: str, sql: bool, home: str | None, databases: Sequence[str]) -> None:
    """Print the bytecode of a stored script or a source file, beside the program's lines and English sentences.

    \b
      sopc disasm list_vessels
      sopc disasm --sql list_vessels@1
      sopc disasm payroll.sop
    """
    from runtime.bytecode import disassemble

    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        for module in modules_of(name, context):
            shown = sql_of(module, lambda name: _engine_of(context, name)) if sql else None
            click.echo(disassemble(module, sql=shown, refused=refused_loops(module, context)), nl=False)


@click.command("schema")
@click.argument("database", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything known, as one JSON object.")
@database_options
@output_options("table")
@click.pass_obj
def schema_command(
    console: Console, database: str | None, as_json: bool, home: str | None, databases: Sequence[str], format_: str
) -> None:
    """List what the compiler knows about a database, or about all declared ones: stores, fields, types (`?`: may be
    null), keys, references, and notes: units, and text that nearly holds numbers or dates. What is not declared but
    found or said (`sopvm db link`) ends in `*`.

    \b
      sopc schema
      sopc schema fleet -f csv
      sopc schema --json --db fleet=sqlite:///fleet.db
    """
    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        schemas = {database: context.schema(database)} if database else usable_schemas(context)
        broken = [each.error() for schema in schemas.values() for each in schema.broken.values()]
        console.unreadable([*(broken if database else context.failures), *context.unmet()])
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({name: described(schemas[name]) for name in schemas})))
        return
    rows = [row for name, schema in schemas.items() for row in _fields(name, schema)]
    print_rows(["database", "store", "field", "type", "key", "references", "notes"], rows, format_)


def _engine_of(context: Context, name: str) -> Engine:
    """The engine of the database that the name means now; SQLite if it can't be opened."""
    try:
        if context.config.is_unmade(name):
            return SQLITE
        return context.database(name).dialect, context.schema(name).place
    except (DatabaseError, UsageError):
        return SQLITE


def _fields(name: str, schema: Schema) -> list[list[str]]:
    """A row for each field. A key of several fields is listed with each of them."""
    rows = []
    known = noted(schema).stores
    for store in schema.stores.values():
        unique = [keys for keys in store.unique if keys != store.primary_key]
        for field in store.fields:
            key = "key" if field.name in store.primary_key else "unique" if (field.name,) in unique else ""
            if not key and field.name in known[store.name].primary_key:
                key = "key*"
            pointing = [
                f"{reference.other_store}.{other}{'' if reference in store.foreign_keys else '*'}"
                for reference in known[store.name].foreign_keys
                for own, other in zip(reference.fields, reference.other_fields, strict=True)
                if own == field.name
            ]
            note = store.note(field.name)
            notes = [
                *([f"mostly {note.mostly}" + (f": {note.hint}" if note.hint else "")] if note.mostly else []),
                *([f"in {note.unit}"] if note.unit else []),
                *(f"unique with {', '.join(keys)}" for keys in unique if len(keys) > 1 and field.name in keys),
                *(["worked out"] if field.generated else ["has a default"] if field.has_default else []),
                *(["read-only"] if store.read_only else []),
            ]
            rows.append([name, store.name, field.name, str(field.type), key, ", ".join(pointing), "; ".join(notes)])
    return rows

"""A file or a store → what an import would make of it, or what its text fields hold; nothing is loaded."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.databases.protocol import Database
from runtime.errors import DatabaseError
from runtime.files.columns import Column
from runtime.files.decide import Reading, Rules, decided
from runtime.files.load import Loaded, row_reader, rules_of
from runtime.files.look import BAD_SHOWN, look_at
from runtime.files.prepare import Part
from runtime.files.read import open_table
from runtime.files.table import BadLine
from runtime.query.algebra import Column as ColumnOf
from runtime.query.algebra import Query, Scan
from runtime.query.schema import Store


def look_at_file(part: Part, *, header: str = "", **said: Any) -> Loaded:
    """Read a file as an import would.

    Args:
        part: The file.
        header: As for `import_file`.
        said: The arguments of `import_file` that say how values are read.

    Returns:
        What the import would do; rows and bad lines are counted over the whole file.

    Raises:
        UsageError: As `import_file`.
        DatabaseError: As `import_file`, but for lines that can't be loaded.
    """
    rules = rules_of(**said)
    looked = look_at(open_table(part.path, part.title, header), rules, lambda pass_, done: None)
    read = row_reader(looked.table, part.store, looked.readings, rules.nulls)
    bad: list[BadLine] = []
    rows = bad_count = 0
    for batch in looked.table.batches():
        lines, _, refused = read(batch)
        refused += batch.bad
        rows += len(lines)
        bad_count += len(refused)
        bad = sorted([*bad, *refused])[:BAD_SHOWN]
    fields = tuple(reading.field for reading in looked.readings)
    return Loaded(part.store, rows, fields, tuple(bad), bad_count, looked.readings, (*part.notes, *looked.notes))


def look_at_store(database: Database, name: str) -> Loaded:
    """Read the text fields of a store as an import would read their texts.

    Args:
        database: The database; open for reading.
        name: The store.

    Returns:
        Its fields as they are; of text that nearly or wholly holds numbers or dates it is told why it is text.

    Raises:
        DatabaseError: D0505, there is no such store; or the database's own error.
    """
    schema = database.schema()
    if name in schema.broken:
        raise schema.broken[name].error()
    store = schema.stores.get(name)
    if store is None:
        raise DatabaseError("D0505", f"there is no store `{name}` to look at", ", ".join(sorted(schema.stores)) or None)
    texts = [field for field in store.fields if field.type.name == "text"]
    columns = {field.name: Column(()) for field in texts}
    rows = _fill(database, store, columns)
    held = {each.field.name: each for each in decided(columns, Rules(ask=lambda question: 0), delimiter="", unit="row")}
    readings = tuple(
        _of_store(field, held[field.name]) if field.name in held else Reading(field) for field in store.fields
    )
    return Loaded(name, rows, store.fields, (), 0, readings)


def _of_store(field: Any, held: Reading) -> Reading:
    """A text field, and what its texts would be."""
    type_ = held.field.type.not_null()
    if type_.name == "text":
        return msgspec.structs.replace(held, field=field)
    kind = "dates" if type_.name in ("date", "timestamp") else "numbers" if type_.name != "bool" else ""
    note = f"text, and every value reads as {type_}: import it again"
    return Reading(field, held.form, (), (note,), kind, missing=held.missing)


def _fill(database: Database, store: Store, columns: dict[str, Column]) -> int:
    """Show the columns all of their values; how many rows there are."""
    if not columns:
        return database.count_rows(store.name)
    asked = tuple((field.name, ColumnOf(1, field.name, field.type)) for field in store.fields if field.name in columns)
    statement = database.prepare(Query(database.name, Scan(1, database.name, store.name), asked, ()))
    rows = 0
    database.begin(write=False)
    try:
        for batch in database.query(statement, ()):
            numbers = range(rows + 1, rows + len(batch) + 1)
            for column, values in zip(columns.values(), zip(*batch, strict=True), strict=True):
                given = [(value, number) for value, number in zip(values, numbers, strict=True) if value is not None]
                column.missing += len(batch) - len(given)
                if given:
                    column.add(*map(list, zip(*given, strict=True)))
            rows += len(batch)
    finally:
        database.rollback()
    return rows

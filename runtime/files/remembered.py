"""How the fields of a store were read ↔ the table `sop_fields` of its database, which no schema shows.

A file that is appended later is read by the forms that the store remembers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runtime.databases.protocol import Loadable
from runtime.databases.tables import qualified_name, quote_literal
from runtime.files.decide import Reading

TABLE: Final = "sop_fields"
_COLUMNS: Final = ("store", "field", "form", "unit", "mostly", "hint")


def remember(database: Loadable, store: str, readings: Iterable[Reading]) -> None:
    """Keep what was decided about the fields of a store, in place of what is kept of it.

    Args:
        database: Open for writing, in a transaction or not.
        store: Its name.
        readings: Of its fields.
    """
    table = _made(database)
    database.on_fields(f"DELETE FROM {table} WHERE store = {quote_literal(store)}")
    rows = [
        (store, each.field.name, each.form, each.unit, each.mostly, each.hint if each.mostly else "")
        for each in readings
        if each.form or each.unit or each.mostly
    ]
    if rows:
        _insert(database, table, rows)


def move_remembered(database: Loadable, store: str, new: str) -> None:
    """Keep what is remembered of a store under its new name.

    Args:
        database: Open for writing.
        store: Its old name.
        new: Its new name.
    """
    table = _made(database)
    database.on_fields(f"UPDATE {table} SET store = {quote_literal(new)} WHERE store = {quote_literal(store)}")


def remember_units(database: Loadable, store: str, readings: Iterable[Reading]) -> None:
    """Keep the units that were appended to fields without one.

    Args:
        database: Open for writing.
        store: Its name.
        readings: Of those fields.
    """
    table = _made(database)
    for each in readings:
        key = f"store = {quote_literal(store)} AND field = {quote_literal(each.field.name)}"
        database.on_fields(f"DELETE FROM {table} WHERE {key}")
        _insert(database, table, [(store, each.field.name, each.form, each.unit, "", "")])


def remembered(database: Loadable, store: str) -> dict[str, tuple[str, str]]:
    """Field → the form that its values were read by, and their unit; without those that have neither.

    Args:
        database: Open for writing.
        store: Its name.
    """
    table = _made(database)
    kept = f"store = {quote_literal(store)} AND (form <> '' OR unit <> '')"
    rows = database.on_fields(f"SELECT field, form, unit FROM {table} WHERE {kept}")
    return {str(field): (str(form), str(unit)) for field, form, unit in rows}


def _insert(database: Loadable, table: str, rows: Iterable[tuple[str, ...]]) -> None:
    values = ", ".join(f"({', '.join(map(quote_literal, row))})" for row in rows)
    database.on_fields(f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES {values}")


def _made(database: Loadable) -> str:
    """The table's full name; it is made where it is missing."""
    table = qualified_name(database.schema().place, TABLE)
    columns = ", ".join(f"{name} TEXT" for name in _COLUMNS)
    database.on_fields(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
    return table

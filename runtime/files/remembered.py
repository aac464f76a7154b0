"""How the fields of a store were read, and what they refer to ↔ the table `sop_fields` of its database.

No schema shows the table: a schema has notes of it (runtime/databases/field_notes.py). A file that is appended later is
read by the forms that the store remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runtime.databases.field_notes import COLUMNS, TABLE, YES
from runtime.databases.protocol import Loadable
from runtime.databases.tables import qualified_name, quote_literal
from runtime.files.decide import Reading


def remember(database: Loadable, store: str, readings: Iterable[Reading]) -> None:
    """Keep how the fields of a store were read, in place of all that is kept of it.

    Args:
        database: Open for writing, in a transaction or not.
        store: Its name.
        readings: Of its fields.
    """
    table = _made(database)
    database.plain_sql(f"DELETE FROM {table} WHERE store = {quote_literal(store)}")
    rows = [
        {
            **{"store": store, "field": each.field.name, "form": each.form, "unit": each.unit, "mostly": each.mostly},
            "hint": each.hint if each.mostly else "",
        }
        for each in readings
        if each.form or each.unit or each.mostly
    ]
    if rows:
        _insert(database, table, rows)


def remember_note(
    database: Loadable,
    store: str,
    field: str,
    *,
    is_key: bool | None = None,
    refers: tuple[str, str] | None = None,
    said: bool | None = None,
) -> None:
    """Keep some of a field's note (`runtime.query.schema.Note`), and all else that is kept of it.

    Args:
        database: Open for writing.
        store: Its store.
        field: Its name.
        is_key: Whether it is a key, or a part of one; None for as before.
        refers: The store and the field that it refers to, empty texts for none; None for as before.
        said: Whether a person said so; None for as before.
    """
    flags = {"is_key": is_key, "said": said}
    values = {name: YES if flag else "" for name, flag in flags.items() if flag is not None}
    if refers is not None:
        values |= {"other_store": refers[0], "other_field": refers[1]}
    _change(database, store, field, values)


def forget_store(database: Loadable, store: str) -> None:
    """Forget a store that is gone, and what refers to it.

    Args:
        database: Open for writing.
        store: Its name.
    """
    remember(database, store, ())
    table = _made(database)
    gone = f"UPDATE {table} SET other_store = '', other_field = '' WHERE other_store = {quote_literal(store)}"
    database.plain_sql(gone)


def move_remembered(database: Loadable, store: str, new: str) -> None:
    """Keep what is remembered of a store under its new name.

    Args:
        database: Open for writing.
        store: Its old name.
        new: Its new name.
    """
    table = _made(database)
    for column in ("store", "other_store"):
        database.plain_sql(
            f"UPDATE {table} SET {column} = {quote_literal(new)} WHERE {column} = {quote_literal(store)}"
        )


def remember_units(database: Loadable, store: str, readings: Iterable[Reading]) -> None:
    """Keep the units that were appended to fields without one.

    Args:
        database: Open for writing.
        store: Its name.
        readings: Of those fields.
    """
    for each in readings:
        _change(database, store, each.field.name, {"form": each.form, "unit": each.unit})


def remembered(database: Loadable, store: str) -> dict[str, tuple[str, str]]:
    """Field → the form that its values were read by, and their unit; without those that have neither.

    Args:
        database: Open for writing.
        store: Its name.
    """
    table = _made(database)
    kept = f"store = {quote_literal(store)} AND (form <> '' OR unit <> '')"
    rows = database.plain_sql(f"SELECT field, form, unit FROM {table} WHERE {kept}")
    return {str(field): (str(form), str(unit)) for field, form, unit in rows}


def _change(database: Loadable, store: str, field: str, values: Mapping[str, str]) -> None:
    """Keep these values of a field beside the others that are kept of it."""
    table = _made(database)
    row = f"store = {quote_literal(store)} AND field = {quote_literal(field)}"
    kept = database.plain_sql(f"SELECT {', '.join(COLUMNS)} FROM {table} WHERE {row}")
    before = dict(zip(COLUMNS, kept[0], strict=True)) if kept else {"store": store, "field": field}
    database.plain_sql(f"DELETE FROM {table} WHERE {row}")
    _insert(database, table, [{**before, **values}])


def _insert(database: Loadable, table: str, rows: Iterable[Mapping[str, str]]) -> None:
    values = ", ".join(f"({', '.join(quote_literal(row.get(name, '')) for name in COLUMNS)})" for row in rows)
    database.plain_sql(f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES {values}")


def _made(database: Loadable) -> str:
    """The table's full name; it is made where it is missing."""
    table = qualified_name(database.schema().place, TABLE)
    columns = ", ".join(f"{name} TEXT" for name in COLUMNS)
    database.plain_sql(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
    return table

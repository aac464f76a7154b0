"""A database's schema and given rows → a new SQLite file with these rows, and without real data."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from runtime.config import Config
from runtime.connect import file_of
from runtime.databases.sqlite.codecs import decoder, encoder
from runtime.databases.sqlite.tables import column_type
from runtime.databases.tables import quote_identifier
from runtime.errors import RunError
from runtime.query.codecs import codec_name
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import Type
from sopc.diagnostics import Diagnostic
from sopc.english.examples.form import Cell, Given, Table
from sopc.english.examples.words import find_name, pieces, split_pair, value_of

_DEFINITIONS: Final = """
select m.sql from sqlite_schema as m left join pragma_table_list(m.name) as l on l.schema = 'main'
where m.sql is not null and m.name not like 'sqlite\\_%' escape '\\' and coalesce(l.type, '') <> 'shadow'
order by m.type <> 'table', m.rowid
"""
_NEUTRAL: Final = {"bool": 0, "int": 0, "float": 0.0, "decimal": 0, "text": "", "duration": 0, "list": "[]"}


class Scratch:
    """Empty copies of databases, made once; each example gets files of its own to fill."""

    def __init__(self, folder: Path, config: Config, schemas: dict[str, Schema]) -> None:
        """schemas: of the databases that the script uses, by name."""
        self.schemas = schemas
        self._folder = folder
        self._runs = 0
        for name, schema in schemas.items():
            _change(self._empty(name), *_definitions(config, name, schema))

    def fresh(self) -> dict[str, Path]:
        """New files for one example, by database."""
        self._runs += 1
        place = self._folder / str(self._runs)
        place.mkdir()
        return {name: Path(shutil.copy(self._empty(name), place)) for name in self.schemas}

    def find(self, written: Cell) -> tuple[str, Store] | Diagnostic:
        """Find a store by the author's words: `items`, `an item`, `inventory.items`, `items of inventory`.

        Returns:
            The database and the store; a finding T0402 if none or several match.
        """
        found = find_stores(self.schemas, written.text)
        if not found:
            return unknown("store", written, self.names())
        if len(found) > 1:
            places = " and of ".join(database for database, _ in found)
            database, store = found[0]
            return Diagnostic(
                "T0402", f'"{written.text}" is a store of {places}', written.span, f"{database}.{store.name}"
            )
        return found[0]

    def names(self) -> list[str]:
        return [store for schema in self.schemas.values() for store in schema.stores]

    def _empty(self, name: str) -> Path:
        return self._folder / f"{name}.db"


def find_stores(schemas: dict[str, Schema], words: str) -> list[tuple[str, Store]]:
    """Every store that the words can refer to, with its database."""
    stores = []
    for name, schema in schemas.items():
        forms = (words, words.removeprefix(f"{name}."), words.removesuffix(f" of {name}"))
        found = next((store for form in forms if (store := find_name(form, schema.stores))), None)
        if found is not None:
            stores.append((name, schema.stores[found]))
    return stores


def _definitions(config: Config, name: str, schema: Schema) -> Iterable[str]:
    """The table definitions: for SQLite its own, with defaults and constraints, else those made from the schema."""
    setting = config.database(name)
    path = None if config.is_unmade(name) else file_of(setting.url, setting.base) if _is_sqlite(setting.url) else None
    if path is None:
        return [_create(store) for store in schema.stores.values()]
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        return [sql for (sql,) in connection.execute(_DEFINITIONS).fetchall()]
    finally:
        connection.close()


def _is_sqlite(url: str) -> bool:
    return url.lower().startswith("sqlite:")


def _create(store: Store) -> str:
    """The definition of a store of another engine; fields with a default get a neutral value as default."""
    columns = []
    for field in store.fields:
        column = f"{quote_identifier(field.name)} {column_type(field.type)}{'' if field.type.nullable else ' NOT NULL'}"
        if field.has_default and not _is_number_key(store, field):
            column += f" DEFAULT {_literal(neutral(field.type))}"
        columns.append(column)
    if store.primary_key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quote_identifier, store.primary_key))})")
    columns += [
        f"UNIQUE ({', '.join(map(quote_identifier, unique))})" for unique in store.unique if unique != store.primary_key
    ]
    return f"CREATE TABLE {quote_identifier(store.name)} ({', '.join(columns)})"


def _is_number_key(store: Store, field: Field) -> bool:
    return store.primary_key == (field.name,) and field.type.name == "int"


def _literal(value: Any) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def neutral(type_: Type) -> Any:
    """The neutral value for a required field that a given row leaves out, as stored in SQLite."""
    if type_.nullable:
        return None
    if type_.name == "date":
        return "2000-01-01"
    if type_.name == "timestamp":
        return "2000-01-01 00:00:00"
    return _NEUTRAL.get(type_.name, "null")


# ── given rows ─────────────────────────────────────────────────────────────────────────────────────────────────


def fill(scratch: Scratch, files: dict[str, Path], given: Sequence[Given], today: date) -> list[Diagnostic]:
    """Insert given rows into the files.

    Args:
        scratch: With the schemas.
        files: By database, as from `Scratch.fresh`.
        given: The rows.
        today: The date of the example.

    Returns:
        The findings on rows that can't be inserted.
    """
    findings: list[Diagnostic] = []
    for each in given:
        found = scratch.find(each.store)
        if isinstance(found, Diagnostic):
            findings.append(found)
            continue
        database, store = found
        if each.table is None and each.pairs is None:  # `no items`, after `the same`
            _change(files[database], f"DELETE FROM {quote_identifier(store.name)}")
            continue
        table = _table(each, store, findings)
        rows = [_row(store, table.columns, row, today, findings) for row in table.rows] if table else []
        if findings:
            continue
        connection = sqlite3.connect(files[database])
        try:
            with connection:
                _insert(connection, store, rows)
        except sqlite3.Error as error:
            findings.append(Diagnostic("T0402", f"the rows of {store.name} can't be: {error}", each.store.span))
        finally:
            connection.close()
    return findings


def _change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    try:
        with connection:
            for sql in statements:
                connection.execute(sql)
    finally:
        connection.close()


def _table(given: Given, store: Store, findings: list[Diagnostic]) -> Table | None:
    if given.pairs is None:
        return given.table
    return pairs_table(given.pairs, [field.name for field in store.fields], "field", findings)


def pairs_table(pairs: Cell, names: Sequence[str], what: str, findings: list[Diagnostic]) -> Table | None:
    """Turn `name bolt, quantity 4 and active yes` into a table of one row; adds findings for unknown names."""
    import re

    columns: list[Cell] = []
    row: list[Cell] = []
    for piece in pieces(pairs.text, pairs.span.start, re.compile(r",\s+(?:and\s+)?|\s+and\s+", re.IGNORECASE)):
        found = split_pair(piece, names)
        if found is None:
            findings.append(unknown(what, piece, names))
            return None
        if found[0] in [column.text for column in columns]:
            findings.append(Diagnostic("T0402", f"the {what} {found[0]} is given twice", piece.span))
            return None
        columns.append(Cell(found[0], piece.span))
        row.append(found[1])
    return Table(tuple(columns), (tuple(row),))


def _row(
    store: Store, columns: Sequence[Cell], cells: Sequence[Cell], today: date, findings: list[Diagnostic]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        name = find_name(column.text, [field.name for field in store.fields])
        field = store.field(name) if name else None
        if field is None:
            findings.append(unknown("field", column, [each.name for each in store.fields]))
            return values
        if cell.text == "" and not cell.quoted and field.has_default:
            continue
        try:
            values[field.name] = encoder(codec_name(field.type, stored=True))(value_of(cell, field.type, today))
        except RunError as error:
            findings.append(Diagnostic("T0402", f"`{field.name}` of {store.name}: {error.message}", cell.span))
    return values


def _insert(connection: sqlite3.Connection, store: Store, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows. A field that a row leaves out gets its default, else null, else a neutral value (a new one for each
    row if the field is unique)."""
    unique = {name for names in store.unique for name in names}
    for number, row in enumerate(rows, 1):
        for field in store.fields:
            if field.name in row or field.has_default or field.type.nullable:
                continue
            row[field.name] = _distinct(field, number) if field.name in unique else neutral(field.type)
        names = list(row)
        if not names:
            connection.execute(f"INSERT INTO {quote_identifier(store.name)} DEFAULT VALUES")
            continue
        fields, places = ", ".join(map(quote_identifier, names)), ", ".join("?" * len(names))
        connection.execute(
            f"INSERT INTO {quote_identifier(store.name)} ({fields}) VALUES ({places})", [row[n] for n in names]
        )


def _distinct(field: Field, number: int) -> Any:
    kind = field.type.name
    if kind in ("int", "float", "decimal", "duration"):
        return number
    if kind == "date":
        return date.fromordinal(date(2000, 1, 1).toordinal() + number).isoformat()
    return f"{field.name} {number}" if kind == "text" else neutral(field.type)


# ── rows afterwards ────────────────────────────────────────────────────────────────────────────────────────────


def rows_of(path: Path, store: Store, fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    """The rows of a store as VM values, in the order of their insertion."""
    connection = sqlite3.connect(path)
    try:
        names = ", ".join(quote_identifier(field.name) for field in fields)
        rows = connection.execute(f"SELECT {names} FROM {quote_identifier(store.name)}").fetchall()
    finally:
        connection.close()
    readers = [decoder(codec_name(field.type, stored=True)) for field in fields]
    return [tuple(read(value) for read, value in zip(readers, row, strict=True)) for row in rows]


def unknown(what: str, written: Cell, names: Sequence[str]) -> Diagnostic:
    """The finding T0402 for an unknown name, with the nearest known one."""
    from difflib import get_close_matches

    near = get_close_matches(written.text.lower(), names, n=1)
    hint = near[0] if near else ", ".join(list(names)[:12]) or None
    return Diagnostic("T0402", f'there is no {what} "{written.text}"', written.span, hint)


def midday(day: date) -> datetime:
    """The time at which an example of a date runs."""
    return datetime.combine(day, time(12), UTC)

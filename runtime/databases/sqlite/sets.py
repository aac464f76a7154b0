"""A connection and what a loop reads and writes → why one statement might leave other rows than the loop, or None.

A positive list: what is not known to be harmless is refused. What SQLite does for each row that is written, with its
triggers, checks, defaults and references, is read from the program that it compiles for such a write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from runtime.databases.sqlite.schema import type_of
from runtime.databases.tables import quote_identifier
from runtime.query.set_use import ReadField, SetUse
from runtime.values.types import INT

# `temp` holds no tables of these names, so the pragmas are meant (see schema.py)
_TABLE: Final = """
select name, wr from temp.pragma_table_list where schema = 'main' and type = 'table' and lower(name) = lower(?1)
"""
_COLUMNS: Final = 'select cid, name, type, "notnull", pk, hidden from temp.pragma_table_xinfo(?1)'
_INDEXES: Final = """
select l.name, l."unique", l.origin, l.partial, i.cid
from temp.pragma_index_list(?1) as l join temp.pragma_index_xinfo(l.name) as i
where i.key order by l.seq, i.seqno
"""
_FOREIGN: Final = """
select m.name, f."table", f."from"
from main.sqlite_schema as m join temp.pragma_foreign_key_list(m.name) as f where m.type = 'table'
"""
_ABORT: Final = 2  # what a constraint does by default: the statement fails and leaves nothing


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Instructions (sqlite.org/opcode.html) that depend on nothing but the row and the rows it refers to. `PureFunc` calls a
# function that gives the same for the same arguments; `Function` may call one that counts.
_HARMLESS: Final = _words("""
    Add AddImm Affinity And BitAnd BitNot BitOr Cast Close CollSeq Column Concat Copy Divide Eq FkCounter FkIfZero Found
    Ge Goto Gt Halt HaltIfNull IdxGT IdxInsert IdxRowid If IfNot Init Insert Int64 IntCopy Integer IsNull Le Lt
    MakeRecord MemMax Multiply MustBeInt Ne NewRowid Next NoConflict Noop Not NotExists NotFound NotNull Null Once
    OpenEphemeral OpenRead OpenWrite Or PureFunc Real RealAffinity ReleaseReg Remainder Rewind RowSetAdd RowSetRead
    Rowid SCopy SeekGE SeekRowid SoftNull String String8 Subtract Transaction TypeCheck ZeroOrNull
""")
_REMOVES: Final = _words("Clear Delete IdxDelete")
_REASONS: Final = {
    "Program": "has a trigger, or a reference that cascades",
    "Function": "has a check or default that calls a function, which may depend on other rows",
    "Delete": "replaces rows on a conflict",
    "IdxDelete": "replaces rows on a conflict",
}


@dataclass(frozen=True)
class _Column:
    number: int
    name: str
    declared: str
    not_null: bool
    in_key: int
    hidden: int


@dataclass(frozen=True)
class _Index:
    """columns: their numbers; negative for what is none."""

    unique: bool
    origin: str
    partial: bool
    columns: tuple[int, ...]


@dataclass(frozen=True)
class _Table:
    name: str
    without_row_numbers: bool
    columns: dict[str, _Column]
    indexes: tuple[_Index, ...]

    @property
    def row_number(self) -> str | None:
        """The field that is the number of a row: an int, and never null."""
        key = [column for column in self.columns.values() if column.in_key]
        is_alias = len(key) == 1 and key[0].declared.upper() == "INTEGER" and not self.without_row_numbers
        return key[0].name if is_alias and all(index.origin != "pk" for index in self.indexes) else None

    def is_not_null(self, column: _Column) -> bool:
        return column.not_null or column.name == self.row_number

    def is_unique(self, column: _Column) -> bool:
        return column.name == self.row_number or any(
            index.unique and not index.partial and index.columns == (column.number,) for index in self.indexes
        )


def row_by_row(connection: sqlite3.Connection, use: SetUse) -> str | None:
    """Raises sqlite3.Error."""
    tables: dict[str, _Table | None] = {}
    for store in dict.fromkeys([*(field.store for field in use.reads), *([use.store] if use.command else [])]):
        tables[store] = table = _table(connection, store)
        if table is None:
            return f"`{store}` is no table"
    reasons = (_why_not_read(tables[field.store], field) for field in use.reads)
    why = next(filter(None, reasons), None)
    written = tables.get(use.store)
    if why is None and written is not None:
        why = next(_why_not_written(connection, written, use), None)
    return why


def _table(connection: sqlite3.Connection, store: str) -> _Table | None:
    found = connection.execute(_TABLE, (store,)).fetchall()
    if len(found) != 1:
        return None
    name, without_row_numbers = found[0]
    columns = [_Column(*row) for row in connection.execute(_COLUMNS, (name,))]
    indexes: dict[str, list[Any]] = {}
    for index, *row in connection.execute(_INDEXES, (name,)):
        indexes.setdefault(index, []).append(row)
    return _Table(
        name,
        bool(without_row_numbers),
        {column.name: column for column in columns},
        tuple(
            _Index(bool(rows[0][0]), rows[0][1], bool(rows[0][2]), tuple(row[3] for row in rows))
            for rows in indexes.values()
        ),
    )


def _why_not_read(table: _Table | None, field: ReadField) -> str | None:
    column = None if table is None else table.columns.get(field.name)
    shown = f"`{field.store}.{field.name}`"
    if table is None or column is None or column.hidden or type_of(column.declared) != INT:
        return f"{shown} is no stored int"
    if field.not_null and not table.is_not_null(column):
        return f"{shown} may hold nulls"
    if field.unique and not table.is_unique(column):
        return f"{shown} is no unique field"
    return None


def _why_not_written(connection: sqlite3.Connection, table: _Table, use: SetUse) -> Iterator[str]:
    shown, name = f"`{use.store}`", table.name.lower()
    if any(column.hidden for column in table.columns.values()):
        yield f"{shown} has a generated field"
    # SQLite compares the letters of ASCII without case: what Python takes for one name too is refused as well
    references = [tuple(map(str.lower, row)) for row in connection.execute(_FOREIGN)]
    if any(own == other == name for own, other, _ in references):
        yield f"{shown} refers to itself"
    fields = [table.columns.get(field) for field in use.fields]
    if any(column is None or type_of(column.declared) != INT for column in fields):
        yield f"{shown} is given something else than ints"
        return
    if use.command == "delete" and any(other == name for _, other, _ in references):
        yield f"another store refers to {shown}"
    if use.command == "update":
        if any(index.unique and (index.partial or min(index.columns) < 0) for index in table.indexes):
            yield f"{shown} has a unique index of some rows or of an expression"
        given = {column.number for column in fields if column is not None}
        keys = {number for index in table.indexes if index.unique for number in index.columns}
        keys |= {column.number for column in table.columns.values() if column.in_key}
        own = {field for one, _, field in references if one == name}
        if keys & given or any(column is not None and column.name.lower() in own for column in fields):
            yield f"a field of {shown} that is in a key is set"
    yield from _why_not_alone(connection, table, use)


def _why_not_alone(connection: sqlite3.Connection, table: _Table, use: SetUse) -> Iterator[str]:
    """What SQLite does besides, when it writes a row: its program for the write of one says so."""
    store = f"main.{quote_identifier(table.name)}"
    names = [quote_identifier(field) for field in use.fields]
    sql = {
        "insert": f"insert into {store} ({', '.join(names)}) values ({', '.join('1' for _ in names)})",
        "update": f"update {store} set {', '.join(f'{name} = 1' for name in names)}",
        "delete": f"delete from {store}",
    }[use.command]
    known = _HARMLESS if use.command == "insert" else _HARMLESS | _REMOVES
    for _, instruction, error, action, *_ in connection.execute(f"explain {sql}"):
        if instruction in ("Halt", "HaltIfNull") and error and action != _ABORT:
            yield f"`{use.store}` says what a constraint does on a conflict"
        elif instruction not in known:
            more = f"makes SQLite do more than write a row ({instruction})"
            yield f"`{use.store}` {_REASONS.get(instruction, more)}"

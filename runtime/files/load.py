"""A CSV, NDJSON or Parquet file → a store of a database, all or nothing; and the list of a database's stores.

The file is read twice: first to infer the narrowest type of each column, then to load the rows. Memory does not grow
with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from shlex import quote
from typing import Any, Final, Literal

import msgspec

from runtime.databases.protocol import Database, Loadable
from runtime.errors import DatabaseError, UsageError
from runtime.files.decide import Ask, Reading, Rules
from runtime.files.infer import BAD, TextColumn, declared_type, json_reader
from runtime.files.links import Links, kept_links, links_of
from runtime.files.look import BAD_SHOWN, Looked, Progress, listed, look_at
from runtime.files.prepare import Part
from runtime.files.read import header_hint, open_table
from runtime.files.remembered import remember, remember_units, remembered
from runtime.files.table import BadLine, Batch, Table
from runtime.query.schema import Field, Store
from runtime.values.conversion import to_text
from runtime.values.type_rules import NUMBERS
from runtime.values.types import TEXT

Mode = Literal["create", "replace", "append"]


class Loaded(msgspec.Struct, frozen=True):
    """What an import did.

    Attributes:
        store: The name of the store.
        rows: How many were loaded.
        fields: Of the store.
        readings: How each column of the file was read.
        notes: What is told of the file as a whole.
        links: What the store refers to, what refers to it, and its key; nothing where that was not looked for.
        bad: The first lines left out.
        bad_count: How many lines were left out in all.
    """

    store: str
    rows: int
    fields: tuple[Field, ...]
    bad: tuple[BadLine, ...]
    bad_count: int
    readings: tuple[Reading, ...] = ()
    notes: tuple[str, ...] = ()
    links: Links = Links()

    def __repr__(self) -> str:
        return f"<{self.rows:,} rows loaded into {self.store}>"


class StoreInfo(msgspec.Struct, frozen=True):
    """A store as `sopvm db ls` lists it."""

    name: str
    fields: tuple[Field, ...]
    read_only: bool
    rows: int


def list_stores(database: Database) -> list[StoreInfo]:
    """List the stores of a database, by name.

    Args:
        database: The database.

    Returns:
        The stores, by name.
    """
    return [
        StoreInfo(store.name, store.fields, store.read_only, database.count_rows(store.name))
        for store in sorted(database.schema().stores.values(), key=lambda store: store.name)
    ]


def parse_types(text: str) -> dict[str, str]:
    """Parse the types of fields, such as `a=int,b=decimal(10,2)`.

    Args:
        text: As given in the shell.

    Returns:
        Types by field, as a script writes them.

    Raises:
        UsageError: D0506 when it is not of that form.
    """
    result: dict[str, str] = {}
    depth, start = 0, 0
    for index, character in enumerate(text + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            part, start = text[start:index].strip(), index + 1
            name, equals, type_ = part.rpartition("=")
            if not equals or not name.strip():
                raise UsageError("D0506", f"`{part}` does not say the type of a field", "--types age=int,born=date")
            result[name.strip()] = type_.strip()
    return result


def import_file(
    database: Loadable,
    source: Path | Table,
    *,
    title: str | None = None,
    store: str | None = None,
    types: Mapping[str, str] | None = None,
    nulls: Collection[str] = (),
    mode: Mode = "create",
    skip_bad: bool = False,
    null_words: bool = True,
    date_order: str = "",
    decimal: str = "",
    header: str = "",
    totals: str = "",
    key: Sequence[str] = (),
    references: Mapping[str, str] | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
    within: bool = False,
    unit: str = "line",
) -> Loaded:
    """Load a file into a store, all or nothing.

    Args:
        database: Where to; open for writing.
        source: The CSV, TSV, NDJSON or Parquet file; or the table of one, or of what is in memory.
        title: The file's name in messages; its path when None.
        store: The store's name; the file's name when None.
        types: Types of some fields, by name, as a script writes them. The others are inferred.
        nulls: Texts of a CSV file that stand for null, besides the empty text.
        mode: Create a new store, replace one, or append to one.
        skip_bad: Leave out lines that can't be loaded, unless no line remains. When False, one such line is the error
            D0503, which lists the first of them.
        null_words: Whether the usual words for nothing (`NA`, `-`) are null in columns of numbers, dates and bools.
        date_order: `dmy` or `mdy`, where dates can be read both ways; empty for what the file says.
        decimal: `.` or `,`, where numbers can be read both ways; empty for what the file says.
        header: The row of a CSV file that names its columns, from 1, or two of them (`2-3`), or `none`; empty for what
            the file says.
        totals: `drop` or `keep`, for a last row of a CSV file that holds the sums of those above; empty to ask.
        key: Fields that together tell the rows of the store apart; none to find them.
        references: Field → STORE.FIELD whose values it holds, besides those that are found.
        ask: Asks a person what the file leaves open, and gives the position of the answer. None where nobody can be
            asked: then it is the error D0514.
        progress: Called with the bytes done and the total, over both passes.
        within: A transaction of the caller goes on, who commits it.
        unit: What a record of the file is called in messages: `line`, or `row` of a sheet.

    Returns:
        The rows loaded and the lines left out.

    Raises:
        UsageError: D0501, D0505, D0506. The arguments do not fit the file, its rows or the database.
        DatabaseError: D0502 to D0507 for the file's content, or the database's own error.
    """
    table = source if isinstance(source, Table) else open_table(source, title, header, unit)
    name = store or table.path.stem
    stores = database.schema().stores
    existing = stores.get(name) or next((each for each in stores.values() if each.name.lower() == name.lower()), None)
    if existing is not None and mode == "create":
        hint = "--append adds to it, --store NAME makes another, --replace drops what it holds"
        raise DatabaseError("D0505", f"there is a store `{existing.name}` already", hint)
    if mode == "append" and existing is None:
        raise DatabaseError("D0505", f"there is no store `{name}` to append to", "leave out --append to make it")
    if existing is not None and existing.read_only:
        raise DatabaseError("D0505", f"`{existing.name}` is a view", "another name for the store")
    report = _report(progress, table.size)
    rules = rules_of(types, nulls, null_words, date_order, decimal, totals, ask=ask)
    if mode == "append" and existing is not None:
        with nullcontext() if within else transaction(database):
            kept = remembered(database, existing.name)
            filled = database.count_rows(existing.name) > 0
        rules = msgspec.structs.replace(rules, forms={field: form for field, (form, _) in kept.items()})
        named = [field.name for field in existing.fields if filled or field.name in kept]
        units = {field: kept.get(field, ("", ""))[1] for field in named}
        looked = _appended(existing, table, rules, units, report)
        new_units = [each for each in looked.readings if each.unit and not kept.get(each.field.name, ("", ""))[1]]
    else:
        looked, new_units = look_at(table, rules, report), []
    store = existing.name if existing is not None else name
    with nullcontext() if within else transaction(database):
        loaded = _load(database, looked.table, store, looked.readings, rules.nulls, mode, skip_bad, report)
        if new_units:
            remember_units(database, store, new_units)
        links = Links()
        if mode != "append" or key or references:
            before = existing.known if existing is not None else ()
            links = links_of(database, store, before, key, references or {})
        links, lost = kept_links(database, store, stores, links)
    return msgspec.structs.replace(loaded, notes=(*looked.notes, *lost), links=links)


class _Undone(Exception):
    """A dry run is over."""


def import_parts(database: Loadable, parts: Sequence[Part], *, dry_run: bool = False, **options: Any) -> list[Loaded]:
    """Load the parts of a file, each into its store: all of them or nothing.

    Args:
        database: Where to; open for writing.
        parts: As `prepared` gives them.
        dry_run: Undo it all at the end.
        options: Of `import_file`. The types, key and references are those of the first part.

    Returns:
        What each import did.

    Raises:
        UsageError: As `import_file`.
        DatabaseError: As `import_file`.
    """
    of_first = {name: options.pop(name) for name in ("types", "key", "references") if name in options}
    together = dry_run or len(parts) > 1
    every = []
    with suppress(_Undone), transaction(database) if together else nullcontext():
        for number, part in enumerate(parts):
            loaded = import_file(
                database,
                part.path,
                title=part.title,
                store=part.store,
                within=together,
                unit=part.unit,
                **({} if number else of_first),
                **options,
            )
            every.append(msgspec.structs.replace(loaded, notes=(*part.notes, *loaded.notes)))
        if dry_run:
            raise _Undone
    return every


def rules_of(
    types: Mapping[str, str] | None = None,
    nulls: Collection[str] = (),
    null_words: bool = True,
    date_order: str = "",
    decimal: str = "",
    totals: str = "",
    ask: Ask | None = None,
) -> Rules:
    """What a person said about a file, as the arguments of `import_file` have it. UsageError D0506 for a wrong type."""
    declared = {field: declared_type(text) for field, text in (types or {}).items()}
    return Rules(declared, frozenset({"", *nulls}), null_words, date_order, decimal, totals, ask=ask)


def _report(progress: Progress | None, size: int) -> Progress:
    """Progress of pass 0 or 1, as parts of one."""
    if progress is None:
        return lambda pass_, done: None
    return lambda pass_, done: progress(pass_ * size + done, 2 * size)


# ── first pass ─────────────────────────────────────────────────────────────────────────────────────────────────


def _appended(store: Store, table: Table, rules: Rules, units: Mapping[str, str], report: Progress) -> Looked:
    """How the columns of the file are read into the store's fields, each by the form that fits both.

    units: of the fields that hold values, by name; empty for numbers without one.
    """
    if rules.types:
        raise UsageError("D0506", "the types of a store that is there can't be declared again", "leave out --types")
    if table.format != "ndjson":
        for name in table.names:
            field = store.field(name)
            if field is None or field.generated:
                raise DatabaseError(
                    "D0507",
                    f"`{store.name}` has no field `{name}` to append to",
                    "its fields are " + ", ".join(each.name for each in store.fields),
                )
    looked = look_at(table, rules, report)
    found = {reading.field.name: reading for reading in looked.readings}
    names = [field.name for field in store.fields if not field.generated] if table.format == "ndjson" else table.names
    fields = [field for field in map(store.field, names) if field is not None]
    for field in fields:
        reading, unit = found.get(field.name), units.get(field.name)
        if reading is not None and unit is not None and field.type.name in NUMBERS:
            found[field.name] = _of_unit(reading, unit, table.title)
    return looked._replace(readings=tuple(_fitting(found.get(field.name), field) for field in fields))


def _of_unit(found: Reading, unit: str, title: str) -> Reading:
    """The reading of a column that is appended to numbers of a unit (empty for none). Units mix as within one file:
    money may lack its unit, which is told; any other mix is the error D0507."""
    new = found.unit
    if found.field.type.name not in NUMBERS or new == unit:
        return found
    if (new and unit) or "%" in (new, unit):
        there, added = unit or "numbers without a unit", new or "numbers without a unit"
        message = f"`{found.field.name}` of the store holds {there}, and {title} has {added}"
        raise DatabaseError("D0507", message, "--store NAME loads it into another store")
    note = (
        f"numbers without {unit} are taken for {unit}" if unit else f"the numbers in the store have no unit, not {new}"
    )
    return msgspec.structs.replace(found, notes=(*found.notes, note))


def _fitting(found: Reading | None, field: Field) -> Reading:
    """The form of the file's column where it gives values of the store's field; else the plain form of the field."""
    if found is None or field.type.name not in _WIDER.get(found.field.type.name, ()):
        return Reading(field)
    return msgspec.structs.replace(found, field=field)


# a type → those that its forms can give, too
_WIDER: Final = {
    "bool": ("bool",),
    "int": ("int", "float", "decimal"),
    "float": ("float", "decimal"),
    "decimal": ("decimal", "float"),
    "date": ("date", "timestamp"),
    "timestamp": ("timestamp",),
}


# ── second pass ────────────────────────────────────────────────────────────────────────────────────────────────


def _load(
    database: Loadable,
    table: Table,
    name: str,
    readings: tuple[Reading, ...],
    nulls: Collection[str],
    mode: Mode,
    skip_bad: bool,
    report: Progress,
) -> Loaded:
    """In a transaction of the caller."""
    store = Store(name, tuple(reading.field for reading in readings))
    read = row_reader(table, name, readings, nulls)
    bad: list[BadLine] = []
    bad_count = loaded = 0
    typed = False  # whether other types may read some of the lines
    if mode != "append":
        database.create_store(store, replace=mode == "replace")
        remember(database, name, readings)
    for batch in table.batches():
        lines, rows, refused = read(batch)
        typed = typed or (bool(refused) and mode != "append")
        refused += batch.bad
        bad_count += len(refused)
        if refused:
            bad = sorted([*bad, *refused])[:BAD_SHOWN]
        if refused and not skip_bad:
            some_good = bool(loaded or rows) or any_good(table, read)
            raise bad_rows(table, bad, some_good, header_hint(table) or _way(some_good, readings, typed))
        try:
            loaded += database.insert_rows(store, rows)
        except DatabaseError as error:
            if error.row is None:
                raise
            where = f"{table.title}, {table.unit} {lines[error.row]}"
            raise DatabaseError(error.code, f"{where}: {error.message}", error.hint) from error
        report(1, batch.bytes_done)
    if bad and not loaded:  # an empty store, or one that lost its rows, is not what anyone asked for
        raise bad_rows(table, bad, False, header_hint(table) or _way(False, readings, typed))
    return Loaded(name, loaded, store.fields, tuple(bad), bad_count, readings)


@contextmanager
def transaction(database: Loadable) -> Iterator[None]:
    """Commit what the block writes; undo it if the block raises.

    Args:
        database: Open for writing.

    Returns:
        A context manager.
    """
    database.begin(write=True)
    try:
        yield
        database.commit()
    except BaseException:
        with suppress(DatabaseError):
            database.rollback()
        raise
    finally:
        database.forget_schema()


def any_good(table: Table, read: Read) -> bool:
    """Whether any row of the file can be loaded. Read once more, since the caller's pass has not seen its end."""
    return any(read(batch)[1] for batch in table.batches())


def bad_rows(table: Table, bad: Sequence[BadLine], some_good: bool, hint: str) -> DatabaseError:
    """The error that lists lines that can't be loaded. some_good: others can."""
    what = f"{table.unit}s that can't be loaded" if some_good else f"no {table.unit} that can be loaded"
    return DatabaseError("D0503", f"{table.title} has {what}: {listed(bad, table.unit)}", hint)


_SKIP: Final = "--skip-bad leaves them out"
_TYPES: Final = "correct the file, or give other types with --types FIELD=TYPE,…"


def _way(some_good: bool, readings: Sequence[Reading], typed: bool) -> str:
    """What to try: first the forms that would read the columns that were declared otherwise. typed: other types may
    read some of the lines."""
    better = [reading.hint for reading in readings if reading.hint and not reading.mostly]
    if not better:
        return _SKIP if some_good else _TYPES if typed else "correct the file"
    types = [hint for hint in better if not hint.startswith("--")]
    ways = [hint for hint in better if hint.startswith("--")]
    if types:
        ways.insert(0, f"--types {quote(','.join(types))}")
    return "; ".join([*ways, _SKIP] if some_good else ways)


# a batch → lines and values of the rows that can be loaded, and the others
Read = Callable[[Batch], tuple[list[int], list[Any], list[BadLine]]]


def row_reader(table: Table, store: str, readings: Sequence[Reading], nulls: Collection[str]) -> Read:
    """For the fields of a store. nulls: texts that are null in every column."""
    if table.format == "csv":
        return _csv_reader(table.names, readings, nulls)
    if table.format == "ndjson":
        return _json_reader(store, readings, lambda record: record)
    if table.fields == tuple(reading.field for reading in readings):
        return lambda batch: (batch.lines, batch.rows, [])
    return _json_reader(store, readings, lambda row: dict(zip(table.names, row, strict=True)))


def _csv_reader(names: Sequence[str], readings: Sequence[Reading], nulls: Collection[str]) -> Read:
    taken = {reading.field.name for reading in readings}
    places = None if len(taken) == len(names) else [index for index, name in enumerate(names) if name in taken]
    columns = [TextColumn(each.field.type, (*nulls, *each.nulls), each.form) for each in readings]

    def read(batch: Batch) -> tuple[list[int], list[Any], list[BadLine]]:
        if not batch.rows:
            return [], [], []
        texts = list(zip(*batch.rows, strict=True))
        if places is not None:
            texts = [texts[index] for index in places]
        values = [list(map(column.__getitem__, each)) for column, each in zip(columns, texts, strict=True)]
        wrong = [index for index, column in enumerate(values) if BAD in column]
        rows = list(zip(*values, strict=True))
        if not wrong:
            return batch.lines, rows, []
        lines: list[int] = []
        good: list[Any] = []
        refused: list[BadLine] = []
        for number, row in enumerate(rows):
            index = next((index for index in wrong if row[index] is BAD), None)
            if index is None:
                lines.append(batch.lines[number])
                good.append(row)
            else:
                refused.append(BadLine(batch.lines[number], _reason(readings[index].field, texts[index][number])))
        return lines, good, refused

    return read


def _json_reader(store: str, readings: Sequence[Reading], record_of: Callable[[Any], dict[str, Any]]) -> Read:
    readers = [(each.field, json_reader(each.field.type, each.form)) for each in readings]
    names = {field.name for field, _ in readers}

    def read(batch: Batch) -> tuple[list[int], list[Any], list[BadLine]]:
        lines: list[int] = []
        good: list[Any] = []
        refused: list[BadLine] = []
        for line, record in zip(batch.lines, map(record_of, batch.rows), strict=True):
            unknown = next((name for name in record if name not in names), None)
            row = [reader(record.get(field.name)) for field, reader in readers]
            if unknown is not None:
                refused.append(BadLine(line, f"`{store}` has no field `{unknown}`"))
            elif BAD in row:
                field = readers[row.index(BAD)][0]
                refused.append(BadLine(line, _reason(field, to_text(record.get(field.name)))))
            else:
                lines.append(line)
                good.append(row)
        return lines, good, refused

    return read


def _reason(field: Field, text: str) -> str:
    shown = text if len(text) <= 40 else text[:37] + "…"
    type_ = field.type.not_null()
    if type_ == TEXT:
        return f"`{field.name}` holds a text that no database keeps"
    return f'`{field.name}` is "{shown}", not {"an" if type_.name in ("int", "any") else "a"} {type_}'

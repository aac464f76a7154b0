"""Scripts and the schemas of a run's databases → nothing, or each change since a script was compiled and the place in
the script that it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from runtime.bytecode.decode import instructions
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER
from runtime.errors import SopError
from runtime.query.algebra import Column, Delete, Insert, Update, Write
from runtime.query.schema import Field, Schema, Store
from runtime.vm.backtrace import Location, Trace, location_of
from runtime.vm.link import nodes_of
from runtime.vm.script import Script

MAX_SCHEMAS: Final = 64  # that a script is known to fit; every connection has its own
_HINT: Final = "compile the script again, or give the run the right database with --db"


class Change(NamedTuple):
    """message: what is otherwise than the script was compiled for. place: of its program, None when not known."""

    message: str
    place: Location | None

    @property
    def shown(self) -> str:
        return self.message if self.place is None else f"{self.message} (line {self.place.line})"


class SchemaChanged(SopError):
    """V0211: stores are no longer what a script was compiled for. changes: all of them, in no run half way."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        more = f", and {len(changes) - 1} more" if len(changes) > 1 else ""
        super().__init__("V0211", f"{changes[0].shown}{more}", _HINT)
        self.changes = changes

    def each(self) -> Iterator[tuple[SopError, Trace | None]]:
        """An error a change, with where."""
        for message, place in self.changes:
            trace = None if place is None else Trace(place, None, (), 0)
            yield SopError(self.code, message, self.hint), trace


def check_schemas(scripts: Iterable[Script], schemas: Mapping[str, Schema]) -> None:
    """Compare the stores that scripts use with those they were compiled for. Other stores and fields may change.

    Args:
        scripts: The linked scripts of the run.
        schemas: Today's schemas, by database name.

    Raises:
        SchemaChanged: V0211. A store lacks a field that a script reads, or no longer takes what it writes.
        DatabaseError: The error of a broken store that a script uses.
    """
    changes: list[Change] = []
    key = tuple(map(id, schemas.values()))
    for script in scripts:
        if key in script.fits:  # an earlier run of it has looked
            continue
        found = list(_Check(script, schemas).changes())
        if not found:
            if len(script.fits) >= MAX_SCHEMAS:
                script.fits.clear()
            script.fits[key] = tuple(schemas.values())
        changes += found
    if changes:
        raise SchemaChanged(tuple(changes))


class _Check:
    def __init__(self, script: Script, schemas: Mapping[str, Schema]) -> None:
        self.script = script
        self.module = script.module
        self.schemas = schemas

    def changes(self) -> Iterator[Change]:
        for name, before in self.module.schema.items():
            database, _, store_name = name.partition(".")
            if database not in self.schemas:
                continue
            now = self.schemas[database].stores.get(store_name)
            broken = self.schemas[database].broken.get(store_name)
            if broken is not None:
                raise broken.error()
            if now is None:
                yield Change(f"the store `{name}`, which `{self.script.name}` uses, is gone", self._use(name, ""))
                continue
            writes = [
                (index, write)
                for index, write in enumerate(self.module.writes)
                if (write.database, write.store) == (database, store_name)
            ]
            written = {field for _, write in writes for field in _fields(write)}
            for field in before.fields:
                current = now.field(field.name)
                if current == field:
                    continue
                read, is_written = field.name in self.read, field.name in written
                what = _difference(field, current, read=read or not is_written, written=is_written)
                if what:
                    message = f"the field `{field.name}` of `{name}`, which `{self.script.name}` uses, {what}"
                    yield Change(message, self._use(name, field.name))
            for index, write in writes:
                for message in _unwritable(write, now, name):
                    yield Change(message, self._write(index))

    @cached_property
    def read(self) -> set[str]:
        """Names of fields that are read, of whatever store."""
        forms = (*(fetch.query for fetch in self.module.queries), *self.module.writes)
        return {node.name for form in forms for node in nodes_of(form) if isinstance(node, Column)}

    def _use(self, store: str, field: str) -> Location | None:
        """Where the script first names it."""
        debug = self.module.debug
        for use in debug.uses:
            if (use.store, use.field) == (store, field):
                return Location(
                    self.script.name, "", use.line, use.column, use.end_column, use.sentence, "", debug.file
                )
        return None

    def _write(self, index: int) -> Location | None:
        pc = _pc_of_write(self.module, index)
        return None if pc is None else location_of(self.script, pc)


def _pc_of_write(module: Module, index: int) -> int | None:
    """The first instruction that does the module's index-th write."""
    for pc, (op, *operands) in enumerate(instructions(module)):
        row = BY_NUMBER[op]
        if "write" in row.operands and operands[row.operands.index("write")] == index:
            return pc
    return None


def _fields(write: Write) -> Iterable[str]:
    if isinstance(write, Delete):
        return ()
    return [name for name, _ in write.assignments] if isinstance(write, Update) else write.fields


def _difference(before: Field, now: Field | None, *, read: bool, written: bool) -> str:
    """How a field changed in a way that breaks the program, as text; "" when it did not. A field that may now be null
    breaks reads; one that may no longer be null breaks writes."""
    if now is None:
        return "is gone"
    if written and now.generated:
        return "is worked out by the database now"
    if now.type == before.type:
        return ""
    if now.type == before.type.or_null():
        return "may be null now" if read else ""
    if now.type == before.type.not_null():
        return "may not be null any more" if written else ""
    return f"was {before.type} and is {now.type} now"


def _unwritable(write: Write, now: Store, name: str) -> Iterator[str]:
    """What a store does not take any more of a write whose fields it has."""
    if now.read_only:
        yield f"`{name}` can only be read now"
        return
    if isinstance(write, Update | Delete):
        return
    for field in now.fields:
        if not (field.name in write.fields or field.has_default or field.generated or field.type.nullable):
            yield f"a row of `{name}` also needs `{field.name}` now"
    if isinstance(write, Insert) and write.keys:
        keys = {frozenset(key) for key in (now.primary_key, *now.unique)}
        if frozenset(write.keys) not in keys:
            listed = ", ".join(f"`{key}`" for key in write.keys)
            yield f"{listed} does not identify a row of `{name}` any more"

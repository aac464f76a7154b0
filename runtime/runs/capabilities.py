"""Scripts and their databases → what these have to be able to do and to hold, or an error before the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from runtime.bytecode.opcodes import BY_NAME, OPCODES
from runtime.databases.protocol import Database, SetSafe
from runtime.errors import SopError
from runtime.query.algebra import Insert
from runtime.vm.backtrace import location_of
from runtime.vm.data import Data
from runtime.vm.script import DataOp, Script

_SAVEPOINT: Final = BY_NAME["SAVEPOINT"].number
_LOOPS: Final = frozenset(row.number for row in OPCODES if row.flow in ("loop", "loop-or-fall"))
_UNSUPPORTED: Final = frozenset({"D0308", "D0309"})  # what the generator of SQL raises for a query, whatever the schema


def check_capabilities(scripts: Iterable[Script], home: str, database: Database) -> None:
    """V0212 when a `try` or `transaction` would need a savepoint, and the engine has none: it can undo only all of a
    segment, and an error in one statement does."""
    if database.savepoints:
        return
    for script in scripts:
        pc = _undoing(script, home)
        if pc is not None:
            place = location_of(script, pc)
            raise SopError(
                "V0212",
                f"`{script.name}` writes or reads `{home}` within a `try` or `transaction` at step {place.step}"
                f"{f', line {place.line}' if place.line else ''}, and {database.engine} can't undo a part of what a run"
                " did",
                "leave out the block, or write another database: SQLite and PostgreSQL can",
            )


def check_expressions(scripts: Iterable[Script], data: Data) -> None:
    """Generate the SQL of every query and write before the run starts.

    Raises:
        DatabaseError: D0308 or D0309, the engine can't express one. A changed database (D0201) is reported only when
            the statement runs.
    """
    for script in scripts:
        for pc, instruction in enumerate(script.code):
            for operand in instruction[1:]:
                if isinstance(operand, DataOp):
                    try:
                        data.prepare(operand)
                    except SopError as error:
                        if error.code not in _UNSUPPORTED:
                            continue
                        place = location_of(script, pc)
                        message = f"{error.message} (`{script.name}`, step {place.step}, line {place.line})"
                        raise SopError(error.code, message, error.hint) from error


def hold_definitions(scripts: Iterable[Script], databases: Mapping[str, Database]) -> None:
    """Tell the databases whose definitions must not change while a segment is open: those of stores that are written
    or read in bulk, which does what single rows do only as long as they are what they were found to be. Without a loop
    there is no bulk, and a run of one row is short enough for the locks to show."""
    scripts = list(scripts)
    if not any(op in _LOOPS for script in scripts for op, *_ in script.code):
        return
    modules = [script.module for script in scripts]
    lifts = [lift for module in modules for lift in module.lifted]
    inserts = [write for module in modules for write in module.writes if isinstance(write, Insert)]
    for name, database in databases.items():
        if isinstance(database, SetSafe):
            uses = [lift.use for lift in lifts if lift.survey.database == name]
            written = {use.store for use in uses if use.store} | {
                insert.store for insert in inserts if insert.database == name
            }
            read = {field.store for use in uses for field in use.reads} - written
            database.hold_definitions(sorted(read), sorted(written))


def _undoing(script: Script, home: str) -> int | None:
    """pc of the first instruction in a `try` or `transaction` that touches the database; None when there is none."""
    for pc, (op, *_) in enumerate(script.code):
        if op == _SAVEPOINT:
            return pc
    for handler in script.module.handlers:
        for pc in range(handler.start, handler.end):
            if any(_touches(operand, home) for operand in script.code[pc][1:]):
                return pc
    return None


def _touches(operand: object, home: str) -> bool:
    """Whether the operand reads or writes the database, itself or through a call."""
    if isinstance(operand, DataOp):
        return operand.name == home
    if isinstance(operand, Script):
        stores = (*operand.effects.reads, *operand.effects.writes)
        return any(store.partition(".")[0] == home for store in stores)
    return False

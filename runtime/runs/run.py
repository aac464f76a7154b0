"""A script's name, arguments and databases → its lines on a writer, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from runtime.bytecode.module import Effects, Module
from runtime.databases.kept_schema import kept_schema
from runtime.databases.protocol import Database
from runtime.databases.statements import StatementCache, Statements
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.output.writer import Writer
from runtime.query.schema import Schema
from runtime.runs.arguments import bind
from runtime.runs.capabilities import check_capabilities, check_expressions, hold_definitions
from runtime.runs.host import Host
from runtime.runs.options import Outcome, RunOptions
from runtime.runs.schemas import check_schemas
from runtime.values.ids import new_id
from runtime.vm.data import Data
from runtime.vm.link import Linked, Modules, link

if TYPE_CHECKING:
    from runtime.runs.keeping import Keeper

__all__ = ["Outcome", "RunOptions", "Scripts", "check_answers", "execute", "home_of", "names_of", "run", "run_linked"]


class Scripts(Modules, StatementCache, Protocol):
    """What a run needs of the library."""


def run(
    library: Scripts,
    name: str,
    args: Mapping[str, Any],
    databases: Callable[[str], Database],
    writer: Writer,
    options: RunOptions | None = None,
) -> Outcome:
    """Run a stored script to its end.

    Args:
        library: Where the script and what it calls are stored.
        name: `name`, `name@3` or `name@tag`.
        args: Arguments by parameter; a text is parsed by the parameter's type.
        databases: Opens a database by the name that scripts use. The run closes it.
        writer: Takes the run's lines, the last of which is an `end` line.
        options: Answers, limits, clock and the like.

    Returns:
        How the run ended. An error after the start is in the outcome and in an `error` line, and is not raised.

    Raises:
        SopError: The run could not start (UsageError for a wrong argument or name). No line is written then.
    """
    return run_linked(link(library, name), args, databases, writer, Statements(library), options)


def run_linked(
    linked: Linked,
    args: Mapping[str, Any],
    databases: Callable[[str], Database],
    writer: Writer,
    statements: Statements,
    options: RunOptions | None = None,
    give_back: Callable[[Database], None] | None = None,
) -> Outcome:
    """As `run`, of a script that is linked already, and may be run by several threads at once.

    give_back: takes the databases afterwards (they are closed when None)."""
    options = options or RunOptions()
    arguments = bind(linked.root.module.signature, args)
    check_answers(linked, options.answers)
    return execute(linked, arguments, databases, writer, statements, options, give_back)


def execute(
    linked: Linked,
    arguments: list[Any],
    databases: Callable[[str], Database],
    writer: Writer,
    statements: Statements | None,
    options: RunOptions,
    give_back: Callable[[Database], None] | None = None,
    kept: Callable[[Mapping[str, Database], str | None], Keeper] | None = None,
) -> Outcome:
    """Open the databases, check the scripts against them, and run.

    kept: of a run that goes on, makes its keeper from the databases and the name of its home; None begins a run.
    statements: None for those that the keeper has.
    """
    home = home_of(linked.root.effects, linked.root.name)
    if options.read_only and home is not None:
        raise SopError("V0209", f"`{linked.root.name}` writes {linked.root.effects.writes[0]}, and this run only reads")
    opened: dict[str, Database] = {}
    keeper: Keeper | None = None
    data: Data | None = None
    try:
        for database in names_of(linked.root.effects):
            opened[database] = databases(database)
        if home is not None and opened[home].read_only:
            message = f"`{linked.root.name}` writes to `{home}`, which can only be read"
            raise UsageError("V0210", message, f"--db {home}=sqlite:///FILE.db, or another that can be written")
        if home is not None:
            check_capabilities(linked.scripts.values(), home, opened[home])
        check_schemas(linked.scripts.values(), {name: _schema(each, statements) for name, each in opened.items()})
        if kept is not None:
            keeper = kept(opened, home)
        elif options.keep is not None and not options.dry_run:
            run = new_id() if options.control is None else options.control.id
            keeper = options.keep.keeper(linked, arguments, opened, home, options.answers, options.limits, run)
        if keeper is not None:
            statements = Statements(keeper.statements)
        assert statements is not None
        data = _data(opened, home, statements, options)
        check_expressions(linked.scripts.values(), data)
        hold_definitions(linked.scripts.values(), opened)
        if options.warn is not None and kept is None:
            _warn_of_arguments(linked.root.module, arguments, opened, statements, options.warn)
        if keeper is not None and options.keep is not None and options.keep.detached:
            keeper.record("pending")
            return Outcome(run=keeper.row.run, status="pending", kept=True)
        return Host(linked, arguments, data, writer, options, keeper).run()
    finally:
        if data is not None:
            data.close()
        if options.control is not None:
            options.control.detach()
        if keeper is not None:
            keeper.close()
        for connection in opened.values():
            if give_back is None:
                connection.close()
            else:
                give_back(connection)


def _data(opened: Mapping[str, Database], home: str | None, statements: Statements, options: RunOptions) -> Data:
    if options.watch is None:
        return Data(opened, home, statements)
    from runtime.vm.watched_data import WatchedData

    return WatchedData(opened, home, statements, options.watch)


def _schema(database: Database, statements: Statements | None) -> Schema:
    return database.schema() if statements is None else kept_schema(database, statements.cache)


def _warn_of_arguments(
    module: Module,
    arguments: list[Any],
    opened: Mapping[str, Database],
    statements: Statements,
    warn: Callable[[str], None],
) -> None:
    if module.debug.compared:
        from runtime.runs.unheld import unheld  # of use to scripts with text parameters only

        with suppress(DatabaseError):  # the run itself will say so
            for warning in unheld(module, arguments, opened, statements):
                warn(warning)


def check_answers(linked: Linked, answers: Mapping[str, str]) -> None:
    """C0124 when an answer is for a step that asks nothing."""
    asking = [
        ask.step if script is linked.root else f"{script.name}/{ask.step}"
        for script in linked.scripts.values()
        for ask in script.module.asks
    ]
    for step in answers:
        if step not in asking:
            hint = f"it asks at step {' and '.join(asking)}" if asking else "it asks nothing, so it needs no --answer"
            raise UsageError("C0124", f"step {step} of `{linked.root.name}` asks nothing", hint)


def names_of(effects: Effects) -> list[str]:
    """Names of the databases that are read or written."""
    return sorted({store.partition(".")[0] for store in (*effects.reads, *effects.writes)})


def home_of(effects: Effects, script: str) -> str | None:
    """The database that is written, None when none is; V0205 when there are two."""
    written = sorted({store.partition(".")[0] for store in effects.writes})
    if len(written) > 1:
        raise SopError(
            "V0205",
            f"`{script}` writes to `{written[0]}` and `{written[1]}`, and a run writes to one database at most",
            "make a script for each, and run one after the other",
        )
    return written[0] if written else None

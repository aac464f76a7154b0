"""An SQL statement → a prepared program in the language. Nothing is stored, and the statement is never run."""

from __future__ import annotations

from runtime.errors import DatabaseError, UsageError
from sopc import pipeline
from sopc.context import Context
from sopc.english.sentences import script_name
from sopc.listener import ProgressListener
from sopc.pipeline import Compiled
from sopc.source import Source
from sopc.sql.convert import Converted, convert
from sopc.sql.statement import DIALECTS, ENGINE_NAMES, Dialect
from sopc.tree import nodes


def compile_sql(
    source: Source, context: Context, dialect: Dialect | None, listener: ProgressListener
) -> tuple[Compiled, Converted, Dialect]:
    """Compile a statement by way of the language.

    Args:
        dialect: what it is written in; None for that of the database.

    Returns:
        The program, the conversion with its warnings, and the dialect.

    Raises:
        CompileError: T050x; findings of the checker at their places in the SQL.
    """
    from sopc.syntax.format import format_file

    chosen = dialect or _dialect_of(context)
    listener.note(f"{source.name}: read as SQL of {ENGINE_NAMES[chosen]}")
    converted = convert(source, chosen, pipeline.usable_schemas(context), script_name(pipeline.stem(source)))
    file = nodes.File(scripts=(converted.script,))
    pipeline.check(file, source, context)
    return pipeline.compile_source(Source(source.name, format_file(file)), context), converted, chosen


def _dialect_of(context: Context) -> Dialect:
    """The dialect of the first database that can be opened and has an SQL of its own; else SQLite's."""
    for name in context.config.database_names():
        try:
            found = "" if context.config.is_unmade(name) else context.database(name).dialect.split()[0]
        except (DatabaseError, UsageError):
            continue
        if found in DIALECTS:
            return found
    return "sqlite"

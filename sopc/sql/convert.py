"""One SQL statement, its dialect and the schemas → a script with the same meaning, or why there is none.

The text is only read: no statement of it is ever run. What comes out is a tree like any other; it is checked, printed
in the language and said back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from runtime.config import MAIN
from runtime.query.schema import Schema
from runtime.values.types import Type
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source, Span
from sopc.sql.rows import Queries
from sopc.sql.scope import Parameter, Scope, Work
from sopc.sql.statement import Dialect, Places, Refused, read_statement, refuse_others
from sopc.sql.values import parameter_name
from sopc.sql.writes import write
from sopc.tree import nodes

__all__ = ("Converted", "convert")


@dataclass(frozen=True)
class Converted:
    """A statement as a script.

    Attributes:
        script: its nodes' spans are places in the SQL.
        warnings: what the author should look at, each with its place.
    """

    script: nodes.Script
    warnings: tuple[tuple[str, Span | None], ...]


def convert(source: Source, dialect: Dialect, schemas: Mapping[str, Schema], name: str) -> Converted:
    """Convert the only statement of a text.

    Args:
        schemas: By `uses` name.
        name: The script's name.

    Raises:
        CompileError: T050x, with the place in the SQL and what to try.
    """
    statement = read_statement(source, dialect)
    places = Places()
    work = Work(dialect, schemas, places, filter(None, map(parameter_name, _parameters(statement))))
    try:
        steps = _steps(work, statement)
        params = [_parameter(each) for each in work.parameters.values()]
    except Refused as refused:
        span = places.around(refused.node)
        found = Diagnostic(refused.code, refused.message, Span(*span) if span else None, refused.hint)
        raise CompileError(source, [found]) from None
    except RecursionError:
        hint = "name parts of it with `with`"
        raise CompileError(source, [Diagnostic("T0509", "the statement is nested too deeply", None, hint)]) from None
    uses = () if list(work.uses) in ([MAIN], []) else tuple(work.uses)
    script = nodes.Script(name=name, params=tuple(params), uses=uses, steps=(*work.queries, *steps))
    return Converted(script, tuple((text, _span(places, node)) for text, node in work.warnings.items()))


def _parameters(statement: exp.Expr) -> Iterator[exp.Expr]:
    """Its parameters: `$1` in SQLite's SQL is parsed as a column."""
    for node in statement.find_all(exp.Placeholder, exp.Parameter, exp.Column):
        if not isinstance(node, exp.Column) or node.name[:1] == "$":
            yield node


def _span(places: Places, node: exp.Expr) -> Span | None:
    found = places.around(node)
    return Span(*found) if found is not None else None


def _steps(work: Work, statement: exp.Expr) -> list[nodes.AnyStep]:
    if not isinstance(statement, exp.Query):
        return write(work, statement)
    queries = Queries(work)
    span = work.places.span(statement)
    if isinstance(statement, exp.Select) and statement.args.get("from_") is None:
        return [nodes.Emit(value=_record(queries, statement), span=span)]
    rows = queries.rows(statement, None)
    return [nodes.Emit(query=rows.query(), span=span)]


def _record(queries: Queries, statement: exp.Select) -> nodes.RecordExpr:
    """A select without `from`: one row of values."""
    refuse_others(statement, "expressions")
    values = queries.values(Scope(queries.work))
    fields = []
    for number, each in enumerate(statement.expressions, 1):
        made = values.value(each.this if isinstance(each, exp.Alias) else each)
        fields.append(nodes.RecordField(name=each.alias or f"column{number}", value=made.expr))
    return nodes.RecordExpr(fields=tuple(fields))


def _parameter(parameter: Parameter) -> nodes.ParameterNode:
    if parameter.type is None:
        hint = "compare it with a column, or cast(? as integer)"
        raise Refused("T0508", f"the type of the parameter `{parameter.name}` can't be told", parameter.place, hint)
    return nodes.ParameterNode(name=parameter.name, type=type_name(parameter.type))


def type_name(type_: Type) -> nodes.TypeName:
    """A type as a node."""
    sizes = (type_.precision, type_.scale) if type_.name == "decimal" else ()
    return nodes.TypeName(name=type_.name, args=sizes)

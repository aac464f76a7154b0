"""SQL, values and files → what Spark Connect's protocol takes for them.

Generated SQL casts each placeholder to its type, so dates, timestamps and decimals are given as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from runtime.databases.spark.client import proto

_TYPES: Final = {
    bool: proto.DataType(boolean=proto.DataType.Boolean()),
    int: proto.DataType(long=proto.DataType.Long()),
    float: proto.DataType(double=proto.DataType.Double()),
    str: proto.DataType(string=proto.DataType.String()),
}


def query(sql: str, values: Sequence[Any] = ()) -> proto.Plan:
    """values: of `:p1`, `:p2`, …"""
    named = {f"p{number}": proto.Expression(literal=literal(value)) for number, value in enumerate(values, 1)}
    return plan(proto.Relation(sql=proto.SQL(query=sql, named_arguments=named)))


def plan(relation: proto.Relation) -> proto.Plan:
    """What asks for the rows of a relation."""
    return proto.Plan(root=relation)


def files(form: str, paths: Sequence[str], options: Mapping[str, str] | None = None) -> proto.Relation:
    """The rows of files. form, options: as of a reader of Spark."""
    return proto.Relation(
        read=proto.Read(data_source=proto.Read.DataSource(format=form, schema="", paths=paths, options=options or {}))
    )


def picked(relation: proto.Relation, columns: Sequence[str]) -> proto.Plan:
    """What asks for some columns of a relation."""
    named = [
        proto.Expression(unresolved_attribute=proto.Expression.UnresolvedAttribute(unparsed_identifier=name))
        for name in columns
    ]
    return plan(proto.Relation(project=proto.Project(input=relation, expressions=named)))


def command(sql: str) -> proto.Command:
    """A statement that gives no rows."""
    return proto.Command(sql_command=proto.SqlCommand(input=proto.Relation(sql=proto.SQL(query=sql))))


def literal(value: Any) -> proto.Expression.Literal:
    """value: None, a bool, int, float or str, or a list of one of these."""
    if value is None:
        return proto.Expression.Literal(null=_TYPES[str])
    if isinstance(value, bool):
        return proto.Expression.Literal(boolean=value)
    if isinstance(value, int):
        return proto.Expression.Literal(long=value)
    if isinstance(value, float):
        return proto.Expression.Literal(double=value)
    if isinstance(value, str):
        return proto.Expression.Literal(string=value)
    kind = next((_TYPES[type(each)] for each in value if each is not None), _TYPES[str])
    return proto.Expression.Literal(
        array=proto.Expression.Literal.Array(element_type=kind, elements=map(literal, value))
    )

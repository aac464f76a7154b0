"""Small pieces of SQL that generated statements are put together from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.dialect import DialectType
from sqlglot.generator import Generator

Sql = exp.Expr
WHITE_SPACE: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())  # what Python strips


ARGUMENT: Final = re.compile(r":([a-h])\b")


class FilledTemplate(exp.Expression):
    """SQL as text, `this`, in which `:a`, `:b`, … stand for `expressions`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False}


def filled_sql(generator: Generator, node: FilledTemplate) -> str:
    """How a dialect's generator writes one."""
    return fill_template(node.args["this"], *[generator.sql(wrapped(argument)) for argument in node.expressions])


def fill_template(template: str, *args: str) -> str:
    """The template with SQL in place of `:a`, `:b`, …."""
    return ARGUMENT.sub(lambda match: args[ord(match[1]) - ord("a")], template)


def template_costs(node: Sql) -> int:
    """For `is_small`: a template is a few dozen characters or some hundreds."""
    return 1 + len(node.args["this"]) // 40 if isinstance(node, FilledTemplate) else 1


def wrapped(sql: Sql) -> Sql:
    """In brackets when it is an operator's expression."""
    if isinstance(sql, exp.Binary | exp.Unary | exp.Between | exp.In) and not isinstance(
        sql, exp.Paren | exp.Dot | exp.Collate
    ):
        return exp.Paren(this=sql)
    return sql


_SUMS: Final = (exp.Add, exp.Sub)


def binary(operator: type[exp.Binary], left: Sql, right: Sql) -> Sql:
    """A sum, difference or product, with the brackets that it needs and no others: a long chain nests no deeper."""
    factors = (exp.Mul,)
    if not isinstance(left, (*_SUMS, *factors) if operator in _SUMS else factors):
        left = wrapped(left)
    if not (operator in _SUMS and isinstance(right, factors)):
        right = wrapped(right)
    return operator(this=left, expression=right)


def function(name: str, *args: Sql) -> Sql:
    return exp.Anonymous(this=name, expressions=list(args))


def cast(sql: Sql, type_: str, dialect: DialectType = None) -> exp.Cast:
    """type_: as the dialect writes it."""
    return exp.Cast(this=sql, to=_type_node(type_, dialect).copy())


@cache
def _type_node(type_: str, dialect: DialectType) -> exp.DataType:
    return exp.DataType.build(type_, dialect=dialect)


def number(value: int) -> Sql:
    return exp.Literal.number(value)


def divided(a: Sql, b: Sql) -> Sql:
    """a / b as SQLite's own `/`: of two INTEGERs an INTEGER, cut off."""
    return exp.Div(this=a, expression=b, typed=True, safe=True)


def case(condition: Sql, then: Sql, otherwise: Sql) -> Sql:
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def column(table: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(table))


def table(place: Sequence[str], name: str, alias: str | None = None) -> exp.Table:
    """A store by its full name. place: `Schema.place` (runtime/query/schema.py)."""
    catalog, schema = (None, None, *place)[-2:]
    return exp.Table(
        this=identifier(name),
        db=identifier(schema) if schema is not None else None,
        catalog=identifier(catalog) if catalog is not None else None,
        alias=exp.TableAlias(this=identifier(alias)) if alias else None,
    )


def subquery(query: exp.Expr, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier(alias)))


def named(sql: Sql, name: str) -> Sql:
    return exp.Alias(this=sql, alias=identifier(name))


def where_clause(condition: Sql | None) -> exp.Where | None:
    return None if condition is None else exp.Where(this=condition)


def all_of(conditions: Sequence[Sql]) -> Sql:
    result = conditions[0]
    for condition in conditions[1:]:
        result = exp.And(this=bracketed(result), expression=bracketed(condition))
    return result


def bracketed(condition: Sql) -> Sql:
    return exp.Paren(this=condition) if isinstance(condition, exp.Or) else condition


_SMALL: Final = 12  # nodes


def is_small(sql: Sql, costs: Callable[[Sql], int] = lambda node: 1) -> bool:
    """Whether an operand is small enough to be written several times in a statement. costs: the size that each node
    counts for."""
    left = _SMALL
    for node in sql.walk():
        left -= costs(node)
        if left < 0:
            return False
    return True

"""Values written in steps → parameters: the values there are, and a step with one of them replaced by a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from runtime.record.session import Parameter
from sopc.syntax import print_expr
from sopc.tree import nodes
from sopc.tree.visit import rewrite, walk

Value = (
    nodes.BoolLiteral
    | nodes.IntLiteral
    | nodes.NumberLiteral
    | nodes.TextLiteral
    | nodes.DateLiteral
    | nodes.TimestampLiteral
    | nodes.DurationLiteral
    | nodes.Unary
)
"""A value as it stands in a step; a negative number is an operation there."""

_TYPES: Final[dict[type[nodes.Node], str]] = {
    nodes.BoolLiteral: "bool",
    nodes.IntLiteral: "int",
    nodes.NumberLiteral: "decimal",
    nodes.TextLiteral: "text",
    nodes.DateLiteral: "date",
    nodes.TimestampLiteral: "timestamp",
    nodes.DurationLiteral: "duration",
}


def value_in(node: nodes.Node) -> Value | None:
    """The node if it is a plain value; None for a text with holes or any other expression."""
    if isinstance(node, nodes.TextLiteral):
        return node if all(isinstance(part, str) for part in node.parts) else None
    if isinstance(node, nodes.Unary):
        return node if node.op == "-" and isinstance(node.arg, nodes.IntLiteral | nodes.NumberLiteral) else None
    return node if isinstance(node, Value) else None


def values(steps: Sequence[nodes.AnyStep]) -> Iterator[Value]:
    """Every value, in order of appearance."""
    negated: set[int] = set()
    for node in walk(tuple(steps)):
        value = value_in(node)
        if isinstance(value, nodes.Unary):
            negated.add(id(value.arg))
        if value is not None and id(value) not in negated:
            yield value


def written(value: Value) -> str:
    """The value as the formatter writes it."""
    return print_expr.expr(value)


def repeated(steps: Sequence[nodes.AnyStep]) -> list[str]:
    """Literals that appear more than once, such as `"Sales"`: likely parameters. Small numbers, booleans and said texts
    are left out, because they repeat by chance."""
    said = {id(node.text) for node in walk(tuple(steps)) if isinstance(node, nodes.Say)}
    counts = Counter(written(value) for value in values(steps) if id(value) not in said and _telling(value))
    return [text for text, times in counts.items() if times > 1]


def _telling(value: Value) -> bool:
    small = isinstance(value, nodes.IntLiteral) and value.value < 10
    return not (small or isinstance(value, nodes.BoolLiteral))


def meant(steps: Sequence[nodes.AnyStep], what: str) -> list[Value]:
    """Find the values that `what` means; equal values count as one.

    Args:
        what: a value as written (`150000`, `"Sales"`, `Sales`), a field that values are compared with or assigned to
            (`salary`), or `value` for all.
    """
    found = list(values(steps))
    alike = [value for value in found if written(value) in (what, f'"{what}"')]
    alike = alike or [value for field, value in _beside_fields(steps) if field == what]
    if not alike and what == "value":
        alike = found
    return list({written(value): value for value in alike}.values())


def _beside_fields(steps: Sequence[nodes.AnyStep]) -> Iterator[tuple[str, Value]]:
    """(field, value) for each value that is compared with or assigned to a field."""
    for node in walk(tuple(steps)):
        if isinstance(node, nodes.Binary):
            pairs: list[tuple[nodes.Node, nodes.Node]] = [(node.left, node.right), (node.right, node.left)]
        elif isinstance(node, nodes.Between):
            pairs = [(node.arg, node.low), (node.arg, node.high)]
        elif isinstance(node, nodes.InExpr):
            pairs = [(node.arg, item) for item in node.items]
        elif isinstance(node, nodes.RecordField | nodes.Assignment):
            pairs = [(nodes.Name(name=node.name), node.value)]
        else:
            continue
        for one, other in pairs:
            value = value_in(other)
            if isinstance(one, nodes.Name | nodes.FieldAccess) and value is not None:
                yield one.name, value


def parameter_of(name: str, value: Value) -> Parameter:
    """A parameter with the value as its default."""
    number = value.arg if isinstance(value, nodes.Unary) else value
    return Parameter(name, _TYPES[type(number)], written(value))


def replaced(steps: Sequence[nodes.AnyStep], value: Value, name: str) -> tuple[nodes.AnyStep, ...]:
    """The steps with every occurrence of the value replaced by the parameter's name."""
    wanted = written(value)

    def change(node: nodes.Node) -> nodes.Node:
        found = value_in(node)
        if found is not None and written(found) == wanted:
            return nodes.Name(name=name)
        return node

    result: tuple[nodes.AnyStep, ...] = rewrite(tuple(steps), change)
    return result

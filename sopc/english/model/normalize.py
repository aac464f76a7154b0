"""A model's script → the same script with unambiguous dialect mistakes rewritten.

Only what SQL would accept with one meaning is rewritten, so no question of meaning is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from runtime.query.schema import Schema
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.tree import nodes
from sopc.tree.visit import rewrite

_FIELD_AND_VARIABLE: Final = "E0208"
_SEVERAL_FIELDS: Final = "E0209"
_IN_AN_OUTER_ONE: Final = "is a field in an inner and an outer source"
_DATE_FUNCTIONS: Final = ("today", "start_of", "end_of")


def normalize(script: nodes.Script, schemas: Mapping[str, Schema]) -> nodes.Script:
    """Rewrite unambiguous dialect mistakes.

    A timestamp compared with a date is converted to its date. In the query of a loop, which can't see the loop's
    variable, the variable's name is replaced by the store's.
    """
    timestamps, others = set[str](), set[str]()
    for schema in schemas.values():
        for store in schema.stores.values():
            for field in store.fields:
                (timestamps if field.type.name == "timestamp" else others).add(field.name)
    moments = timestamps - others

    def change(node: nodes.Node) -> nodes.Node:
        match node:
            case nodes.Binary(op="=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=", left=left, right=right):
                if _is_field(left, moments) and _is_day(right):
                    return node.model_copy(update={"left": _day_of(left)})
                if _is_field(right, moments) and _is_day(left):
                    return node.model_copy(update={"right": _day_of(right)})
            case nodes.Between(arg=arg, low=low, high=high) if (
                _is_field(arg, moments) and _is_day(low) and _is_day(high)
            ):
                return node.model_copy(update={"arg": _day_of(arg)})
            case nodes.ForEach(query=nodes.Query() as query):
                return node.model_copy(update={"query": _without_own_name(query, node.name)})
        return node

    changed = rewrite(script, change)
    assert isinstance(changed, nodes.Script)
    return changed


def _is_field(node: nodes.Node, names: set[str]) -> bool:
    return isinstance(node, nodes.Name | nodes.FieldAccess) and node.name in names


def _is_day(node: nodes.Node) -> bool:
    match node:
        case nodes.DateLiteral():
            return True
        case nodes.CallExpr():
            return node.name in _DATE_FUNCTIONS and all(
                _is_day(one.value) or isinstance(one.value, nodes.TextLiteral) for one in node.args
            )
        case nodes.Binary(op="+" | "-"):
            return _is_day(node.left) and isinstance(node.right, nodes.DurationLiteral)
    return False


def _day_of(moment: nodes.Expr) -> nodes.CallExpr:
    return nodes.CallExpr(name="date", args=(nodes.Argument(value=moment),))


def _without_own_name(query: nodes.Query, name: str) -> nodes.Query:
    first = query.stages[0]
    if not isinstance(first, nodes.From) or name in (first.store, first.alias):
        return query
    source = first.alias or first.store

    def change(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.FieldAccess) and isinstance(node.base, nodes.Name) and node.base.name == name:
            return node.model_copy(update={"base": nodes.Name(name=source)})
        return node

    changed = rewrite(query, change)
    assert isinstance(changed, nodes.Query)
    return changed


def qualify_names(source: Source, error: CompileError) -> str | None:
    """Qualify ambiguous names.

    A name that is a field and a variable becomes the field, since the prompt tells models to write variables in queries
    with a `$`. A name in an inner and an outer source becomes the field of the inner one, as in SQL.

    Args:
        source: The script.
        error: Its findings, which suggest the qualified names.

    Returns:
        The changed text, None without ambiguous names.
    """
    text = source.text
    for finding in reversed(error.diagnostics):
        meant = None
        if finding.code == _FIELD_AND_VARIABLE:
            meant = re.match("`(.+?)` for the field", finding.hint or "")
        elif finding.code == _SEVERAL_FIELDS and _IN_AN_OUTER_ONE in finding.message:
            meant = re.match("`(.+?)` or ", finding.hint or "")
        if meant and finding.span is not None:
            text = text[: finding.span.start] + meant[1] + text[finding.span.end :]
    return None if text == source.text else text

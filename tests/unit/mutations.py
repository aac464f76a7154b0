"""A tree → the trees that differ from it in one place: another literal, name, operator, order, store, branch, …"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sopc.tree import nodes

# What does not change a program: where it stands in a text, what it came from, what its author says of it.
_NO_MEANING: Final = {"span", "sentence", "doc", "type", "expr", "stage", "loop", "block"}
_OTHER: Final[dict[str, Any]] = {
    "alias": "zz",
    "database": "zz",
    "name": "zz",
    "offset": nodes.IntLiteral(value=424242),
    "default": nodes.IntLiteral(value=424242),
    "choices": nodes.ListExpr(items=(nodes.IntLiteral(value=424242),)),
    "where": nodes.BoolLiteral(value=False),
    "otherwise": nodes.IntLiteral(value=424242),
    "declared": nodes.TypeName(name="duration"),
    "returns": nodes.TypeName(name="duration"),
    "emits": nodes.TypeName(name="duration"),
    "over": nodes.WindowSpec(),
    "nulls": "first",
}


def variants(node: BaseModel) -> Iterator[Any]:
    """Every tree that differs from this one in one place. Not all of them would compile."""
    for name, field in type(node).model_fields.items():
        if name in _NO_MEANING or (isinstance(node, nodes.Name) and name == "variable"):
            continue
        value = getattr(node, name)
        for other in _other_values(node, name, field, value):
            if other != value and not _same_meaning(node, name, value, other):
                yield node.model_copy(update={name: other})


def _other_values(node: BaseModel, name: str, field: FieldInfo, value: Any) -> Iterator[Any]:
    if isinstance(value, BaseModel):
        yield from variants(value)
        if not field.is_required() and name in _OTHER:
            yield None
        if "expr" in type(value).model_fields and not isinstance(node, nodes.Insert | nodes.CallStep):
            yield nodes.IntLiteral(value=424242)
    elif isinstance(value, bool):
        if name not in ("is_list", "variable"):
            yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield from _other_words(field, value)
    elif isinstance(value, tuple):
        yield from _other_tuples(value)
    elif value is None and name in _OTHER:
        other = _OTHER[name]
        if isinstance(node, nodes.If):
            other = (nodes.Break(),)
        yield other


def _other_words(field: FieldInfo, value: str) -> Iterator[str]:
    choices = [each for part in (field.annotation, *get_args(field.annotation)) for each in get_args(part)]
    if value in choices:
        yield from (choice for choice in choices if isinstance(choice, str))
    else:
        yield value + "7"
        yield value[::-1] + "q"


def _other_tuples(value: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for place, item in enumerate(value):
        before, after = value[:place], value[place + 1 :]
        if isinstance(item, BaseModel):
            yield from ((*before, other, *after) for other in variants(item))
        elif isinstance(item, str):
            yield (*before, item + "7", *after)
        elif isinstance(item, int):
            yield (*before, item + 1, *after)
        if len(value) > 1:
            yield before + after
        if after and _bare(after[0]) != _bare(item):
            yield (*before, after[0], item, *after[1:])


def _bare(value: Any) -> str:
    """The value without its places in the source, and without the `$` that only tells a variable from a field."""
    return re.sub(r"span=(None|\(\d+, \d+\))|variable=(True|False)", "", repr(value))


def _same_meaning(node: BaseModel, name: str, old: Any, new: Any) -> bool:
    if isinstance(node, nodes.TypeName) and name == "name":
        return node.fields is not None  # written `{…}`, whatever its name
    return isinstance(node, nodes.SortKey) and name == "nulls" and {old, new} <= {None, "last"}

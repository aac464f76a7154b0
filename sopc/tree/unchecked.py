"""A node's model → a constructor with the same signature that takes the fields as they are, without validating them.

The parser makes nodes of parts that it made itself, in types that mypy checks. Building pydantic's validators takes
longer than compiling a short script, and validating each node about as long as everything else in parsing it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from sopc.tree.nodes import Node

__all__ = ("new",)

P = ParamSpec("P")
N = TypeVar("N", bound=Node)

_CONSTRUCTORS: Final[dict[Any, Any]] = {}


def new(model: Callable[P, N]) -> Callable[P, N]:
    """Return the constructor of a model, `new(nodes.Let)(name=…, value=…)`. The node equals one that was validated."""
    found: Callable[P, N] | None = _CONSTRUCTORS.get(model)
    if found is None:
        found = _CONSTRUCTORS[model] = _constructor(model)
    return found


def _constructor(model: Any) -> Any:
    # Pydantic keeps the fields in the order of their definition; a required field is always given.
    fields = {name: None if field.is_required() else field.default for name, field in model.model_fields.items()}
    create, put = model.__new__, object.__setattr__

    def construct(**given: Any) -> Any:
        node = create(model)
        put(node, "__dict__", {**fields, **given})
        put(node, "__pydantic_fields_set__", set(given))
        put(node, "__pydantic_extra__", None)
        put(node, "__pydantic_private__", None)
        return node

    return construct

"""Types of all emits of a script → one record type that all of them fit, an open `record` if they differ."""

from __future__ import annotations

from dataclasses import replace

from runtime.values.type_rules import common
from runtime.values.types import ANY, RECORD, Type, record_of
from sopc.checker import typed
from sopc.checker.coerce import coerce
from sopc.checker.env import Emitted, Env
from sopc.checker.types import an
from sopc.tree import nodes


def note_emitted(
    env: Env, type_: Type, node: nodes.Emit, *, value: typed.Expr | None = None, fixed: bool = False
) -> typed.Expr | None:
    """Record one more emit of the script.

    Args:
        type_: The type of the emitted record.
        value: The record, None for rows.
        fixed: Whether rows of a query or a called script are emitted, which are not converted one by one.

    Returns:
        The record, converted to the type that the script declares, if it declares one.
    """
    emitted = env.state.emitted
    place = node.value or node.query or node
    if emitted.declared is not None:
        wanted = emitted.declared
        made = coerce(value, wanted) if value is not None else None
        if made is None and not (fixed and passes_as(type_, wanted)):
            env.error(
                "E0319", f"this script emits {an(wanted)}, but this is {an(type_)}", place, _difference(type_, wanted)
            )
        return made
    if emitted.found is None:
        emitted.found = type_
    else:
        emitted.found = common(emitted.found, type_) or RECORD
    if fixed:
        emitted.fixed.append(type_)
    return None


def _difference(actual: Type, expected: Type) -> str | None:
    """The difference between two record types, in words."""
    if actual.fields is None or expected.fields is None:
        return None
    names, wanted = {name for name, _ in actual.fields}, {name for name, _ in expected.fields}
    missing = [name for name, _ in expected.fields if name not in names]
    extra = [name for name, _ in actual.fields if name not in wanted]
    if missing:
        return f"it lacks {', '.join(missing)}"
    if extra:
        return f"it also has {', '.join(extra)}"
    for name, type_ in actual.fields:
        other = expected.field(name)
        if other is not None and not passes_as(type_, other):
            return f"{name} is {an(other)} elsewhere and {an(type_)} here"
    return None


def passes_as(actual: Type, expected: Type) -> bool:
    """Whether values of the type can be used as the other without conversion; nulls are checked where they are used."""
    if "any" in (actual.name, expected.name) or "null" in (actual.name, expected.name):
        return True
    if actual.name != expected.name:
        return False
    if actual.fields is not None and expected.fields is not None:
        return {name for name, _ in actual.fields} == {name for name, _ in expected.fields} and all(
            passes_as(type_, expected.field(name) or ANY) for name, type_ in actual.fields
        )
    if actual.item is not None and expected.item is not None:
        return passes_as(actual.item, expected.item)
    return True


def emitted_type(emitted: Emitted) -> Type | None:
    """The record type that a script emits, None if it emits nothing."""
    found = emitted.declared or emitted.found
    if found is None or found.fields is None:
        return found
    return record_of([(name, ANY if type_.name == "null" else type_) for name, type_ in found.fields])


def settle_fixed(emitted: Emitted) -> None:
    """Open the emitted type if rows that are passed on unconverted do not have it."""
    whole = emitted.found
    if whole is not None and not all(passes_as(type_, whole) for type_ in emitted.fixed):
        emitted.found = RECORD


def converted(step: typed.EmitRecord, whole: Type | None) -> typed.EmitRecord:
    """The step with its record converted to the type found for all emits."""
    if whole is None or {name for name, _ in whole.fields or ()} != {name for name, _ in step.value.type.fields or ()}:
        return step
    ordered = record_of([(name, whole.field(name) or ANY) for name, _ in step.value.type.fields or ()])
    made = coerce(step.value, ordered)
    return replace(step, value=made) if made is not None else step

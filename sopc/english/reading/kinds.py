"""A field and its data → what it is read as: its type, a day where text holds days, a yes/no where it holds no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runtime.query.schema import Field, Store
from sopc.english.lexicon import lexicon
from sopc.english.magnitudes import SAMPLE, holds_days
from sopc.english.reading.aliases import tells_a_state

Examples = Callable[[str, str, int], Iterable[str]]
Flags = Callable[[str, str], bool]


def kind_of(field: Field, qualified: str, examples: Examples) -> str:
    """The name of the type that questions take a field for, unless it is one of yes and no (`truth_of`).

    Args:
        field: What is asked about.
        qualified: The name of its store with its database.
        examples: Of the values of a text field, by its qualified store and name.
    """
    if field.type.name == "text" and holds_days(examples(qualified, field.name, SAMPLE)):
        return "date"
    return field.type.name


def truth_of(
    store: Store, field: Field, qualified: str, examples: Examples, flags: Flags
) -> tuple[int | str, int | str] | None:
    """What a field of another type than bool holds for no and yes: 0 and 1, "no" and "Yes"; None for other fields.

    Args:
        store: The field's.
        field: What is asked about.
        qualified: The store's name with its database.
        examples: As of `kind_of`.
        flags: Whether an int field, by its qualified store and name, holds nothing but 0 and 1.
    """
    if not _may_be_flag(store, field):
        return None
    if field.type.name == "int":
        return (0, 1) if flags(qualified, field.name) else None
    if field.type.name != "text":
        return None
    held = set(examples(qualified, field.name, SAMPLE))
    words = lexicon().words
    no, yes = ([one for one in held if one.strip().lower() in known] for known in (words.no, words.yes))
    return (no[0], yes[0]) if len(no) == len(yes) == 1 and len(held) == 2 else None


def _may_be_flag(store: Store, field: Field) -> bool:
    """Whether to ask the data."""
    keys = {*store.primary_key, *(name for key in store.foreign_keys for name in key.fields)}
    return field.name not in keys and tells_a_state(field.name)

"""Schemas and scripts → their lines in the prompt; a large schema is cut to the stores that the text is about."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from runtime.bytecode.module import Effects, Signature
from runtime.query.schema import Schema, Store, noted
from sopc.english.sample import text_fields
from sopc.english.sentences import Workflow
from sopc.syntax import print_expr

_VALUE_LENGTH = 40


MAX_LISTED: Final = 12  # values of a field that are listed as all there are
_SOME: Final = 5  # values that are shown of a field with more


def about(schemas: Mapping[str, Schema], workflow: Workflow, most_fields: int) -> dict[str, Schema]:
    """Cut schemas that have too many fields.

    Stores are ranked by the words that their names and their fields' names share with the text; a chosen store brings
    along those that its foreign keys point to. If the text names none, the first stores stay.

    Args:
        schemas: By `uses` name.
        workflow: The text.
        most_fields: The greatest number of fields of all schemas together.
    """
    if sum(len(store.fields) for schema in schemas.values() for store in schema.stores.values()) <= most_fields:
        return dict(schemas)
    words = set(_words(workflow.instructions))
    everything = [(name, store) for name, schema in schemas.items() for store in schema.stores.values()]
    ranked = sorted(everything, key=lambda each: -_score(each[1], words))
    chosen: dict[tuple[str, str], None] = {}
    left = most_fields
    for database, store in ranked:
        if chosen and not _score(store, words):
            break
        pointed = (schemas[database].stores.get(key.other_store) for key in store.foreign_keys)
        for one in (store, *(other for other in pointed if other is not None and _score(store, words))):
            if (database, one.name) not in chosen and len(one.fields) <= left:
                chosen[database, one.name] = None
                left -= len(one.fields)
    return {
        name: Schema({key: store for key, store in schema.stores.items() if (name, key) in chosen})
        for name, schema in schemas.items()
    }


def schema_lines(
    database: str, shown: Schema, whole: Schema, values_of: Callable[[str, str], Sequence[str]]
) -> Iterator[str]:
    """The lines of one schema. shown: its part to show. values_of: returns up to MAX_LISTED + 1 values
    of a text field."""
    left_out = len(whole.stores) - len(shown.stores)
    note = f" ({left_out} of its {len(whole.stores)} stores, which the sentences do not name, are left out)"
    yield f"schema of database {database}{note if left_out else ''}:"
    for store in noted(shown).stores.values():
        fields = ", ".join(_fields(store))
        yield f"  {print_expr.name(store.name)}({fields})" + (" read-only" if store.read_only else "")
        for name in text_fields(shown, store.name):
            found = values_of(store.name, name)
            if len(found) > MAX_LISTED:
                yield f"    {print_expr.name(name)} holds values such as {', '.join(map(_quoted, found[:_SOME]))}"
            elif found:
                yield f"    {print_expr.name(name)} is one of {', '.join(map(_quoted, found))}"


def no_values(store: str, field: str) -> Sequence[str]:
    return ()


def script_lines(scripts: Mapping[str, tuple[Signature, Effects]]) -> Iterator[str]:
    for name, (signature, effects) in scripts.items():
        params = ", ".join(f"{one.name}: {one.type}{'' if one.default is None else ' = …'}" for one in signature.params)
        emits = "" if signature.emits is None else f" emits {signature.emits}"
        writes = f" writes {', '.join(effects.writes)}" if effects.writes else ""
        yield f"  {print_expr.name(name)}({params}) -> {signature.returns}{emits}{writes}"


def _quoted(value: str) -> str:
    """A value as a quoted text on one line, so that it can't look like a part of the prompt."""
    return json.dumps(value[:_VALUE_LENGTH], ensure_ascii=False)


def _fields(store: Store) -> Iterator[str]:
    points = {
        key.fields[0]: f" -> {print_expr.name(key.other_store)}.{print_expr.name(key.other_fields[0])}"
        for key in store.foreign_keys
        if len(key.fields) == 1
    }
    for field in store.fields:
        key = " key" if field.name in store.primary_key else ""
        yield f"{print_expr.name(field.name)}: {field.type}{key}{points.get(field.name, '')}"


def _score(store: Store, words: set[str]) -> int:
    by_name = 3 * len(words.intersection(_words(store.name)))
    return by_name + len(words.intersection(word for field in store.fields for word in _words(field.name)))


def _words(text: str) -> list[str]:
    """The words of a text in lower case, without plural endings."""
    found = re.findall(r"[^\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower())
    return [re.sub(r"(?<=\w\w)(ies|es|s)$", lambda match: "y" if match[0] == "ies" else "", word) for word in found]

"""The table `sop_fields` of a database → notes of its fields, which are a part of its schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from runtime.databases.tables import qualified_name
from runtime.query.schema import Note, Store

TABLE: Final = "sop_fields"
COLUMNS: Final = (
    *("store", "field", "form", "unit", "mostly", "hint"),
    *("is_key", "other_store", "other_field", "said"),
)
YES: Final = "yes"
_READ: Final = ("store", *(name for name in COLUMNS if name in Note.__struct_fields__))


def with_notes(
    stores: Mapping[str, Store],
    place: Sequence[str],
    columns: Collection[str],
    rows: Callable[[str], Iterable[Sequence[Any]]],
) -> dict[str, Store]:
    """Add to stores what the table of notes says of their fields.

    Args:
        stores: By name.
        place: The names before a table's own.
        columns: Of the table; none where it is missing.
        rows: Gives the rows of a SELECT.
    """
    if not set(COLUMNS) <= set(columns):
        return dict(stores)
    notes: dict[str, list[Note]] = defaultdict(list)
    sql = f"SELECT {', '.join(_READ)} FROM {qualified_name(place, TABLE)} ORDER BY store, field"
    for store, *values in rows(sql):
        said = dict(zip(_READ[1:], values, strict=True))
        notes[store].append(Note(**said | {name: said[name] == YES for name in ("is_key", "said")}))
    return {
        name: msgspec.structs.replace(store, notes=tuple(notes[name])) if name in notes else store
        for name, store in stores.items()
    }

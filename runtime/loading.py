"""A frame, records or a file → a store of a database, for the public API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runtime.config import Config
from runtime.connect import connect_to_load
from runtime.errors import SopError, UsageError
from runtime.files import Loaded, Mode, Options, frame_table, import_file, import_parts, prepared
from runtime.files.words import DECIMAL_SIGNS

_BOTH: Final = ("nulls", "skip_bad")  # options of the making of plain files, and of loading them


def load(
    config: Config, data: Any, store: str | None, database: str, mode: Mode, options: Mapping[str, Any]
) -> list[Loaded]:
    """As `Library.load`."""
    decimal = DECIMAL_SIGNS.get(config.imports.get("decimal", ""), "")
    options = {"date_order": config.imports.get("date_order", ""), "decimal": decimal, **options}
    try:
        if isinstance(data, (str, Path)):
            of_source = {name: options[name] for name in Options.__struct_fields__ if name in options}
            options = {name: options[name] for name in options if name in _BOTH or name not in of_source}
            with (
                prepared(str(data), store, Options(**of_source)) as parts,
                connect_to_load(config, database, parts[0].path, parts[0].title) as target,
            ):
                return import_parts(target, parts, mode=mode, **options)
        if store is None:
            raise UsageError("D0505", "what is in memory has no name for its store", 'store="…"')
        table = frame_table(data, f"the {type(data).__name__}")
        with connect_to_load(config, database) as target:
            return [import_file(target, table, store=store, mode=mode, **options)]
    except SopError as error:
        if error.code == "D0505" and error.hint is not None and error.hint.startswith("--append"):
            hint = 'mode="append" adds to it, mode="replace" drops what it holds; or another store'
            raise error.reworded(error.message, hint) from error
        raise

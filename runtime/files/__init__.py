"""Data files and frames ↔ rows: CSV, JSON and Parquet, packed or not, in any encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.files.atomic import replacing, write_bytes, write_text
    from runtime.files.decide import Ask, Question
    from runtime.files.frames import frame_table
    from runtime.files.links import (
        find_links,
        parse_key,
        parse_references,
        say_links,
        unlink,
        unmet_settings,
        with_settings,
    )
    from runtime.files.load import Loaded, Mode, import_file, import_parts, list_stores, parse_types
    from runtime.files.parquet import csv_to_parquet
    from runtime.files.prepare import Options, prepared
    from runtime.files.report import report_data, report_lines
    from runtime.files.survey import look_at_file, look_at_store

__all__ = (
    "Ask",
    "Loaded",
    "Mode",
    "Options",
    "Question",
    "csv_to_parquet",
    "find_links",
    "frame_table",
    "import_file",
    "import_parts",
    "list_stores",
    "look_at_file",
    "look_at_store",
    "parse_key",
    "parse_references",
    "parse_types",
    "prepared",
    "replacing",
    "report_data",
    "report_lines",
    "say_links",
    "unlink",
    "unmet_settings",
    "with_settings",
    "write_bytes",
    "write_text",
)
__getattr__ = lazy(
    __name__,
    Ask="runtime.files.decide",
    Loaded="runtime.files.load",
    Mode="runtime.files.load",
    Options="runtime.files.prepare",
    Question="runtime.files.decide",
    csv_to_parquet="runtime.files.parquet",
    frame_table="runtime.files.frames",
    find_links="runtime.files.links",
    import_file="runtime.files.load",
    import_parts="runtime.files.load",
    list_stores="runtime.files.load",
    parse_key="runtime.files.links",
    parse_references="runtime.files.links",
    parse_types="runtime.files.load",
    prepared="runtime.files.prepare",
    look_at_file="runtime.files.survey",
    look_at_store="runtime.files.survey",
    replacing="runtime.files.atomic",
    report_data="runtime.files.report",
    report_lines="runtime.files.report",
    say_links="runtime.files.links",
    unlink="runtime.files.links",
    unmet_settings="runtime.files.links",
    with_settings="runtime.files.links",
    write_bytes="runtime.files.atomic",
    write_text="runtime.files.atomic",
)

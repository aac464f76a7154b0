"""A `duckdb:///file` or `files:///folder` URL → the path, and settings of DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

from runtime.errors import UsageError

# settings of DuckDB that a URL may give, with an example of each
_SETTINGS: Final = {
    "memory_limit": "4GB",
    "threads": "4",
    "temp_directory": "/var/tmp/duckdb",
    "max_temp_directory_size": "50GB",
}


def parse_url(url: str, base: Path) -> tuple[Path, dict[str, str]]:
    """The path, relative ones from `base` on, and the settings. UsageError D0106 for a malformed URL."""
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    example = f"{scheme}:///{'folder' if scheme == 'files' else 'file.duckdb'}"
    if not place.startswith("///") or place == "///" or "\0" in unquote(place):
        what = "folder" if scheme == "files" else "file"
        raise UsageError("D0106", f"`{url}` names no {what}", f"{example}, or {scheme}:////absolute/path")
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as error:
        raise UsageError("D0106", f"`{url}` has settings that can't be read", f"{example}?memory_limit=4GB") from error
    for name, value in options.items():
        if name not in _SETTINGS or not value:
            known = "&".join(f"{known}={example_}" for known, example_ in _SETTINGS.items())
            raise UsageError("D0106", f"`{name}={value}` is no setting of {scheme}", f"{example}?{known}")
    return base / unquote(place[3:]), options

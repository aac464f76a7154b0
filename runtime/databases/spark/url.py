"""A `sc://` URL → the address of a Spark Connect server, and where stores are found there.

Spark's own form gives the connection: `sc://host:15002/;token=…;use_ssl=true;user_id=…`. What comes after `?` is ours:
`path` (a folder of Parquet files that the server reads), or `schema` (of the catalogue: `db`, or `catalog.db`). A token
and TLS may also stand there, as in other URLs: `?token=…&use_ssl=true`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from runtime.errors import UsageError

_EXAMPLE: Final = "sc://host:15002?path=/data/lake, or sc://host:15002/;token=…;use_ssl=true?schema=catalog.db"
_PORT: Final = 15002
_OURS: Final = frozenset({"path", "schema"})
_THEIRS: Final = frozenset({"token", "use_ssl", "user_id"})


class Address(NamedTuple):
    """remote: what Spark's client is given. place: what the server is called in messages and marks, without a token.
    path: a folder of the server, or the URL of one. schema: of the catalogue, with the catalogue's name or without;
    empty for the server's own choice."""

    remote: str
    place: str
    path: str = ""
    schema: tuple[str, ...] = ()


def parse_url(url: str, shown: str, base: Path) -> Address:
    """The address. shown: the URL as messages may show it. base: the folder that a relative path starts from.
    UsageError D0106 for a malformed URL."""

    def refused(why: str) -> UsageError:
        return UsageError("D0106", f"`{shown}` {why}", _EXAMPLE)

    front, _, query = url.partition("?")
    try:
        parts = urlsplit(front)
        host, port = parts.hostname, parts.port or _PORT
        settings = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as error:
        raise refused("can't be read") from error
    if not host or parts.username is not None:
        raise refused("names no server")
    connection = dict(part.partition("=")[::2] for part in parts.path.lstrip("/").split(";") if part)
    for name, value in (*connection.items(), *settings.items()):
        if not value or name not in _THEIRS | (_OURS if name in settings else frozenset()):
            raise refused(f"has a setting `{name}` that can't be used")
    connection.update((name, quote(value)) for name, value in settings.items() if name in _THEIRS)
    if "path" in settings and "schema" in settings:
        raise refused("names both a folder and a schema")
    place = f"sc://{host}:{port}"
    listed = "".join(f";{name}={value}" for name, value in connection.items())
    path = settings.get("path", "")
    if path and not path.startswith("/") and "://" not in path:
        path = str((base / path).absolute())
    schema = tuple(settings["schema"].split(".")) if "schema" in settings else ()
    if len(schema) > 2 or "" in schema:
        raise refused("has a schema that is neither `name` nor `catalog.name`")
    return Address(f"{place}/{listed}" if listed else place, place, path.rstrip("/"), schema)

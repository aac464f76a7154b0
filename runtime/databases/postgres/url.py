"""A `postgresql://` URL → the parameters of a connection, and the schema that the database's name stands for.

libpq reads the URL, so all it knows may be said there: several hosts, `target_session_attrs`, `sslmode`, `options`.
One parameter is ours: `schema=NAME`. The URL is all that counts: libpq's environment variables (PGHOST, PGOPTIONS, …)
are not looked at, so that a script's database never depends on them; `sop.toml` fills in `${…}`. A password that the
URL leaves out is looked up in the user's password file (`~/.pgpass`), as with any other client.
"""

from __future__ import annotations

import os
import pwd
from typing import Final, NamedTuple
from urllib.parse import unquote

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict

from runtime.errors import UsageError

# An unreachable host is given up after so many seconds, each of several in turn; a peer that is gone is noticed.
_DEFAULTS: Final = {
    "connect_timeout": "5",
    "application_name": "sopvm",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_EXAMPLE: Final = "postgresql://user:password@host:5432/database?schema=name"


class Address(NamedTuple):
    """Where a database is. params: libpq's, none missing that the environment could fill in. schema: None for the one
    that the server takes by itself, usually `public`."""

    params: tuple[tuple[str, str], ...]
    schema: str | None


def parse_url(url: str, shown: str) -> Address:
    """The URL's address. shown: the URL as messages may show it. UsageError D0106 when libpq can't read it."""
    base, _, query = url.partition("?")
    schema = None
    rest = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name != "schema":
            rest.append(part)
            continue
        schema = unquote(value)
        if not schema or "\0" in schema:
            raise UsageError("D0106", f"`{shown}` names no schema", _EXAMPLE)
    try:
        params = conninfo_to_dict(base + ("?" + "&".join(rest) if rest else ""))
    except ProgrammingError as error:
        # libpq repeats the part that it can't read, which may be a password
        reason = f": {str(error).strip()}" if shown == url else ""
        raise UsageError("D0106", f"`{shown}` is not the URL of a PostgreSQL database{reason}", _EXAMPLE) from error
    given = {name: str(value) for name, value in params.items() if value is not None}
    return Address(tuple(sorted({**_without_environment(given), **_DEFAULTS, **given}.items())), schema)


def _without_environment(given: dict[str, str]) -> dict[str, str]:
    """Parameters to state explicitly, so that libpq reads no environment variable."""
    os.environ.pop("PGSERVICE", None)  # which no parameter can switch off
    defaults = {}
    for option in pq.Conninfo.get_defaults():
        name = option.keyword.decode()
        if option.envvar is None or option.envvar.decode() not in os.environ or name in (*given, "service"):
            continue
        defaults[name] = (option.compiled or b"").decode()
    if "user" in defaults:
        defaults["user"] = pwd.getpwuid(os.geteuid()).pw_name
    return defaults

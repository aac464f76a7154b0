"""Host and Origin headers → the host and port they name. The whole header must match, not only its beginning."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final, NamedTuple

# RFC 3986, "host": an IPv6 address in brackets, or letters, digits and a few marks, with dots between its parts
_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?)(?::([0-9]{1,5}))?", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"(https?)://(.+)")
_PORTS: Final = {"http": 80, "https": 443}


class Site(NamedTuple):
    """`host`: in lower case; an IPv6 address in brackets and in its shortest form. `port`: None if not given."""

    host: str
    port: int | None


def parse_host(text: str) -> Site | None:
    """The host of a Host header; None if the header holds anything else."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return None
    host, port = match[1].lower(), None if match[3] is None else int(match[3])
    if host.startswith("["):
        try:
            host = f"[{IPv6Address(host[1:-1])}]"
        except ValueError:
            return None
    return Site(host, port) if port is None or port < 65_536 else None


def same_site(origin: str, host: str) -> bool:
    """Whether an Origin header names this server. The scheme may differ, because a proxy may add TLS."""
    match = _ORIGIN.fullmatch(origin)
    theirs, ours = parse_host(match[2]) if match else None, parse_host(host)
    if match is None or theirs is None or ours is None or theirs.host != ours.host:
        return False
    default = _PORTS[match[1]]
    return (theirs.port or default) == (ours.port or default)

"""A request that came through a reverse proxy → as its client sent it: the client's address, the host, the prefix.

What `X-Forwarded-*` say counts only from proxies that are named: anybody else could write them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Final

from starlette.types import Scope

from runtime.errors import UsageError

PREFIX: Final = "sop.prefix"  # the key in a request's scope: what stands before every address
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_SENT_ON: Final = (b"x-forwarded-host", b"x-forwarded-for", b"x-forwarded-prefix")


class Proxies:
    """The proxies before a server.

    Args:
        trusted: Addresses and networks, such as 10.0.0.0/8.
        prefix: What stands before every address for clients, such as /sop; a proxy may send it on or not.

    Raises:
        UsageError: S0216, one of them is none.
    """

    def __init__(self, trusted: Sequence[str] = (), prefix: str = "") -> None:
        self.prefix = prefix.rstrip("/")
        if not _PREFIX.fullmatch(self.prefix):
            raise UsageError("S0216", f"{prefix!r} is not the path of a prefix", "--root-path /sop")
        try:
            self._trusted = [ip_network(each) for each in trusted]
        except ValueError as error:
            raise UsageError("S0216", f"a proxy is no address: {error}", "--proxy 127.0.0.1") from error

    def undo(self, scope: Scope) -> None:
        """Make the scope of a request as if there were no proxy.

        Args:
            scope: Its `path` percent-encoded.
        """
        scope[PREFIX] = self.prefix
        client = scope.get("client")
        if self._trusted and client is not None and self._is_trusted(client[0]):
            said = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _SENT_ON}
            self._take(scope, said)
        prefix: str = scope[PREFIX]
        if prefix and (scope["path"] == prefix or scope["path"].startswith(f"{prefix}/")):
            scope["path"] = scope["path"][len(prefix) :] or "/"

    def _take(self, scope: Scope, said: dict[bytes, str]) -> None:
        """Take what a trusted proxy says. Of several clients, the last that is no proxy of ours: those before it may be
        made up."""
        for address in reversed(said.get(b"x-forwarded-for", "").split(",")):
            if not _is_address(address.strip()):
                break
            scope["client"] = address.strip(), 0
            if not self._is_trusted(address.strip()):
                break
        host = said.get(b"x-forwarded-host")
        if host is not None:
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [*others, (b"host", host.encode("latin-1"))]
        prefix = said.get(b"x-forwarded-prefix", "").rstrip("/")
        if prefix and _PREFIX.fullmatch(prefix):
            scope[PREFIX] = prefix

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

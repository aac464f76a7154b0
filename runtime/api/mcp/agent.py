"""A service and how it is offered to agents → what one agent may see and do, as a token of its own."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from glob import escape
from hashlib import sha256
from time import time
from typing import Any, Final

import msgspec

from runtime.api.audit import Who
from runtime.api.problems import HttpError
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.vm.link import Linked

CONFIRM_SECONDS: Final = 600  # that the `confirm` of a dry run holds


class Agents:
    """How the service is offered to agents.

    Args:
        service: The service.
        local: Who calls where no request comes over HTTP; None if all do.
    """

    def __init__(self, service: Service, local: Token | None = None) -> None:
        self.service = service
        self.confirms = bool(service.config.mcp.get("confirm", True))
        self.pinned = tuple(service.config.mcp.get("tools", ()))
        self._local = local
        self._key = secrets.token_bytes(32)
        self._used: dict[str, float] = {}

    def who(self, request: Any) -> Who:
        """Who makes a request.

        Args:
            request: The HTTP request; None over stdio.
        """
        if request is None:
            assert self._local is not None
            return Who(self._narrowed(self._local), "")
        client = request.client
        return Who(self._narrowed(request.scope["token"]), "" if client is None else client.host)

    def _narrowed(self, token: Token) -> Token:
        """The token without the databases that `agents = false` hides."""
        config = self.service.config
        hidden = {name for name, table in config.declared.items() if table.get("agents") is False}
        if not hidden:
            return token
        names = {*config.database_names(), *token.bound}
        seen = [name for name in sorted(names) if token.reaches(name) and token.bound.get(name, name) not in hidden]
        return msgspec.structs.replace(token, databases=tuple(map(escape, seen)))

    # ── the yes to a write ─────────────────────────────────────────────────────────────────────────────────────

    def confirm(self, who: Who, linked: Linked, args: Mapping[str, Any], until: int | None = None) -> str:
        """What a dry run gives, to be passed to the run itself: it holds for this version, these arguments, this token
        and a while.

        Args:
            who: Makes the dry run.
            linked: The script.
            args: Its arguments, as given.
            until: When it ends, Unix time; None for a new one.
        """
        ends = int(time()) + CONFIRM_SECONDS if until is None else until
        said = json.dumps([who.token.id, linked.root.name, sorted(linked.hashes.items()), args, ends], sort_keys=True)
        return f"{ends}-{hmac.new(self._key, said.encode(), sha256).hexdigest()[:32]}"

    def use_confirm(self, given: str, who: Who, linked: Linked, args: Mapping[str, Any]) -> None:
        """Check what was given as `confirm`, and let it be used once.

        Raises:
            HttpError: S0125.
        """
        ends, _, _ = given.partition("-")
        now = time()
        dated = ends.isascii() and ends.isdigit() and len(ends) < 12
        right = self.confirm(who, linked, args, int(ends)) if dated else ""
        if not dated or not hmac.compare_digest(right.encode(), given.encode("utf-8", "replace")):
            raise _unconfirmed("`confirm` is not that of a dry run of this version and these arguments")
        if int(ends) < now or not self.first_use(given):
            raise _unconfirmed("`confirm` was used already, or is too old")

    def first_use(self, name: str) -> bool:
        """Whether what may be used once is used for the first time."""
        now = time()
        self._used = {each: until for each, until in self._used.items() if until > now}
        first = name not in self._used
        self._used[name] = now + 2 * CONFIRM_SECONDS
        return first


def _unconfirmed(message: str) -> HttpError:
    return HttpError(409, "S0125", message, "sop_dry_run says what the script would change, and gives a `confirm`")

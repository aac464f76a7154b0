"""An issuer of JWTs → the keys that it signs with, fetched when they are needed, kept for a while, and fetched again.

Sources: RFC 7517 (sets of keys), OpenID Connect Discovery 1.0 (where an issuer has them).
"""

from __future__ import annotations

import json
from asyncio import Task, create_task, shield, to_thread, wait_for
from http.client import HTTPException
from ipaddress import ip_address
from time import monotonic
from typing import IO, Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from runtime.api.problems import HttpError
from runtime.errors import UsageError

FRESH_SECONDS: Final = 300.0  # for which keys are used without asking again
HELD_SECONDS: Final = 3600.0  # for which they are used while the issuer can't be reached
PAUSE_SECONDS: Final = 10.0  # between two requests to the issuer, whatever tokens come
ANSWER_SECONDS: Final = 10.0  # for the issuer to answer
MAX_BYTES: Final = 1 << 20  # of an answer
MAX_KEYS: Final = 100
_TYPES: Final = ("RSA", "EC", "OKP")  # of keys with a public half
_DISCOVERY: Final = "/.well-known/openid-configuration"


class KeySet:
    """The keys of one issuer, for one event loop.

    Args:
        issuer: Its address, as its tokens name it.
        address: Of its keys; None to ask the issuer where they are.

    Raises:
        UsageError: C0202, an address is not https, nor on this machine.
    """

    def __init__(self, issuer: str, address: str | None) -> None:
        self._issuer = issuer
        self._address = address
        if not is_safe(address or issuer):
            name = "issuer" if address is None else "keys"
            message = f"{name} of [jwt] is no https address, so that anybody between could give other keys"
            raise UsageError("C0202", message, f'{name} = "https://…"')
        self._keys: dict[str | None, dict[str, Any]] = {}
        self._fetched = self._looked = -HELD_SECONDS
        self._task: Task[None] | None = None

    async def find(self, id_: str | None) -> dict[str, Any] | None:
        """Return a key as the issuer published it.

        Args:
            id_: Its `kid`; None for the only key of an issuer that has one.

        Returns:
            The JSON Web Key; None where the issuer has none of that id.

        Raises:
            HttpError: S0212, the issuer has not been reached for too long.
        """
        age = monotonic() - self._fetched
        known = self._known(id_)
        if known is not None and age < HELD_SECONDS:
            if age > FRESH_SECONDS:
                self._look()  # and answer with what is known
            return known
        task = self._look()
        if task is not None:
            await shield(task)  # others may wait for it too
        if monotonic() - self._fetched >= HELD_SECONDS:
            raise HttpError(503, "S0212", f"the keys of {self._issuer} can't be fetched", None, {"Retry-After": "10"})
        return self._known(id_)

    def _known(self, id_: str | None) -> dict[str, Any] | None:
        if id_ is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(id_)

    def _look(self) -> Task[None] | None:
        """The request to the issuer that is under way, or begins now; None when the last was a moment ago."""
        if (self._task is None or self._task.done()) and monotonic() - self._looked >= PAUSE_SECONDS:
            self._task = create_task(self._refresh())
        return None if self._task is None or self._task.done() else self._task

    async def _refresh(self) -> None:
        try:
            self._keys = await wait_for(to_thread(self._fetch), ANSWER_SECONDS)
            self._fetched = monotonic()
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            import logging

            logging.getLogger("sopvm").warning("the keys of %s can't be fetched: %s", self._issuer, error)
        finally:
            self._looked = monotonic()

    def _fetch(self) -> dict[str | None, dict[str, Any]]:
        address = self._address or self._discovered()
        keys = [key for key in fetched(address)["keys"][:MAX_KEYS] if key.get("kty") in _TYPES]
        return {key.get("kid"): key for key in keys if key.get("use", "sig") == "sig"}

    def _discovered(self) -> str:
        said = fetched(self._issuer.rstrip("/") + _DISCOVERY)
        if said["issuer"] != self._issuer:
            raise ValueError(f"it calls itself {said['issuer']}")
        return str(said["jwks_uri"])


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        """Follow none: an address is what sop.toml or the issuer says."""


def fetched(address: str) -> Any:
    """Return what an address answers, a JSON object.

    Args:
        address: https, or on this machine.

    Raises:
        OSError, HTTPException: It can't be reached, or answers with another status.
        ValueError: Its answer is no JSON object, or too large.
    """
    if not is_safe(address):
        raise ValueError(f"{address} is no https address")
    try:
        with build_opener(_NoRedirect).open(address, timeout=ANSWER_SECONDS) as answer:
            data = answer.read(MAX_BYTES + 1)
    except HTTPError as error:
        error.close()
        raise
    if len(data) > MAX_BYTES:
        raise ValueError(f"the answer of {address} is too large")
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError(f"the answer of {address} is no JSON object")
    return found


def is_safe(address: str) -> bool:
    """Tell whether nobody between can change what an address answers.

    Args:
        address: A URL.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        return parts.scheme == "https" or (parts.scheme == "http" and (host == "localhost" or _is_local(host)))
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

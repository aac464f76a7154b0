"""An issuer of JWTs on loopback: it signs with keys of its own, publishes their public halves, and can change them.

A real one (Keycloak, Entra, Auth0, …) does the same by RFC 7517 and OpenID Connect Discovery. Its keys are made anew
each time and protect nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE: Final = "sop-tests"
KEYS: Final = "/keys"
DISCOVERY: Final = "/.well-known/openid-configuration"


class Issuer:
    """A running issuer.

    Attributes:
        url: its name, and where it is.
        keys: the private keys by id, the newest last.
        asked: the paths that were asked for.
        answers: path → status and body, where they are not those of a good issuer.
    """

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.rotate()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                status, body = issuer.answers.get(self.path) or (200, issuer.said(self.path))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{issuer.url}{KEYS}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """The tests look at `asked`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def said(self, path: str) -> bytes:
        if path == DISCOVERY:
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}{KEYS}"}).encode()
        return json.dumps({"keys": [_public(id_, key) for id_, key in self.keys.items()]}).encode()

    def rotate(self, *, elliptic: bool = False) -> str:
        """Make another key, with which it signs from now on; its id."""
        id_ = f"key-{len(self.keys) + 1}"
        self.keys[id_] = (
            ec.generate_private_key(ec.SECP256R1())
            if elliptic
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        return id_

    def token(self, key: str | None = None, algorithm: str | None = None, **claims: Any) -> str:
        """A JWT.

        Args:
            key: id of its key; None for the newest.
            algorithm: None for that of the key.
            claims: besides those of a good one, or instead of them; None leaves one out.
        """
        id_ = key or list(self.keys)[-1]
        private = self.keys[id_]
        name = algorithm or ("ES256" if isinstance(private, ec.EllipticCurvePrivateKey) else "RS256")
        said = {"iss": self.url, "aud": AUDIENCE, "sub": "ann", "exp": int(time()) + 600, **claims}
        given = {claim: value for claim, value in said.items() if value is not None}
        return jwt.encode(given, private, name, headers={"kid": id_})

    def settings(self, *grants: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The table [jwt] for it."""
        return {"issuer": self.url, "audience": AUDIENCE, "grants": list(grants), **more}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@contextmanager
def open_issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    try:
        yield issuer
    finally:
        issuer.close()


def _public(id_: str, key: Any) -> dict[str, Any]:
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    said: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    return {**said, "kid": id_, "use": "sig"}

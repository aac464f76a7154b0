"""A JWT of an issuer that sop.toml trusts → who may do what, by the first grant that its claims fit.

Sources: RFC 7519 (JWT), RFC 8725 (best current practices), RFC 9068 (access tokens).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from importlib.util import find_spec
from time import monotonic, time
from typing import Any, Final

import msgspec

from runtime.acting import Acting
from runtime.api.jwt_keys import KeySet
from runtime.api.problems import HttpError
from runtime.api.tokens import RIGHTS, Token, WrongToken, unauthorized
from runtime.config import Config
from runtime.errors import UsageError

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)  # those whose keys can be published
DEFAULT_ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
LEEWAY_SECONDS: Final = 30  # between the issuer's clock and ours
CHECKED_SECONDS: Final = 60.0  # for which a token that was checked is not checked again
MAX_CHECKED: Final = 1000  # such tokens
MAX_BYTES: Final = 16_384  # of a token
_LIMITS: Final = ("max_runs", "max_rows", "max_seconds", "max_body")
MAX_NAME: Final = 200  # characters of a subject
MAX_ROLE: Final = 63  # bytes of the name of a role in PostgreSQL, which cuts longer ones
_SCOPES: Final = ("scope", "scp")


class JwtTokens:
    """The tokens of the issuer of `[jwt]`, for one event loop.

    Args:
        config: The settings.

    Raises:
        UsageError: C0202, something in [jwt] is missing or wrong; S0213, the library for it is not installed.
    """

    def __init__(self, config: Config) -> None:
        if find_spec("jwt") is None or find_spec("cryptography") is None:
            raise UsageError("S0213", "tokens of [jwt] need PyJWT and cryptography", "pip install 'sopc[jwt]'")
        said = config.jwt
        for name in ("issuer", "audience", "grants"):
            if not said.get(name):
                example = '[[jwt.grants]] with rights = ["run"]' if name == "grants" else f'{name} = "…"'
                raise UsageError("C0202", f"[jwt] has no {name}", example)
        self._issuer = config.expand(said["issuer"], "jwt.issuer")
        self._audience = config.expand(said["audience"], "jwt.audience")
        keys = said.get("keys")
        self._keys = KeySet(self._issuer, None if keys is None else config.expand(keys, "jwt.keys"))
        self._algorithms = tuple(said.get("algorithms", DEFAULT_ALGORITHMS))
        for name in self._algorithms:
            if name not in ALGORITHMS:
                message = f"{name!r} of [jwt] is no algorithm whose keys an issuer can publish"
                raise UsageError("C0202", message, ", ".join(ALGORITHMS))
        self._grants = [Grant(table) for table in said["grants"]]
        self._checked: OrderedDict[bytes, tuple[Token, float]] = OrderedDict()

    async def check(self, text: str) -> Token:
        """Return what a JWT gives its bearer.

        Args:
            text: After `Authorization: Bearer`.

        Raises:
            WrongToken: S0201, it is no JWT of the issuer.
            HttpError: S0201, it has expired, or is for others; S0202, no grant is for it; S0212.
        """
        digest = sha256(text.encode("latin-1", "replace")).digest()
        known = self._checked.get(digest)
        if known is not None and monotonic() < known[1]:
            return known[0]
        claims = await self._claims(text)
        token = self._granted(claims)
        self._checked[digest] = token, monotonic() + min(CHECKED_SECONDS, _left(claims))
        self._checked.move_to_end(digest)
        if len(self._checked) > MAX_CHECKED:
            self._checked.popitem(last=False)
        return token

    async def _claims(self, text: str) -> dict[str, Any]:
        import jwt

        if len(text) > MAX_BYTES:
            raise WrongToken(None, "the token is too long")
        try:
            header = jwt.get_unverified_header(text)
        except jwt.PyJWTError as error:
            raise WrongToken(None) from error
        if "crit" in header:  # what must be understood, and is not
            raise WrongToken(None)
        algorithm = str(header.get("alg"))
        if algorithm not in self._algorithms:
            raise WrongToken(None, f"tokens are signed by {', '.join(self._algorithms)} here")
        key = await self._keys.find(header.get("kid"))
        if key is None or key.get("alg", algorithm) != algorithm:
            raise WrongToken(None, f"the token is signed by no key of {self._issuer}")
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                jwt.PyJWK(key, algorithm),
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            msgspec.json.encode(claims)  # half a character is in no text that could be kept
        except jwt.ExpiredSignatureError as error:
            raise unauthorized("the token has expired", "invalid_token") from error
        except (
            jwt.InvalidAudienceError,
            jwt.InvalidIssuerError,
            jwt.ImmatureSignatureError,
            jwt.MissingRequiredClaimError,
        ) as error:
            raise unauthorized(f"the token is not for this server: {error}", "invalid_token") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise WrongToken(None) from error
        return claims

    def _granted(self, claims: Mapping[str, Any]) -> Token:
        name = str(claims["sub"])
        if not 0 < len(name) <= MAX_NAME:
            raise WrongToken(None, f"the token's subject is not of 1 to {MAX_NAME} characters")
        for grant in self._grants:
            if grant.fits(claims):
                return grant.token(self._issuer, name, claims)
        raise HttpError(403, "S0202", f"no grant of [jwt] is for the token of {name}", "[[jwt.grants]] in sop.toml")


class Grant:
    """What callers may do whose claims fit.

    Args:
        said: A table of `[[jwt.grants]]`.

    Raises:
        UsageError: C0202, it names no such right, or none at all.
    """

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._when: dict[str, str] = said.get("when", {})
        self._rights = tuple(said.get("rights", ()))
        for right in self._rights or ("",):
            if right not in RIGHTS:
                what = f"gives a right {right}, which there is not" if right else "gives no rights"
                raise UsageError("C0202", f"a grant of [jwt] {what}", f"the rights are {', '.join(RIGHTS)}")
        self._scripts = tuple(said.get("scripts", ("*",)))
        self._bound: dict[str, str] = said.get("db", {})
        named = said.get("databases", () if self._bound else ("*",))
        self._databases = tuple(dict.fromkeys([*self._bound, *named]))
        self._arguments: dict[str, str] = said.get("arguments", {})
        self._role: str | None = said.get("role")
        self._role_claim: str | None = said.get("role_claim")
        self._claims = tuple(said.get("claims", ("sub",)))
        if self._role is not None and self._role_claim is not None:
            raise UsageError("C0202", "a grant of [jwt] has a role and a role_claim", "one of them")
        self._limits = {name: said[name] for name in _LIMITS if name in said}

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether it is for a caller of these claims: each of `when` is the text, or has it among its items; a
        scope among its words, too."""
        return all(wanted in _texts(name, claim(claims, name)) for name, wanted in self._when.items())

    def token(self, issuer: str, name: str, claims: Mapping[str, Any]) -> Token:
        """Return what it gives.

        Args:
            issuer: Of the JWT.
            name: Its subject.
            claims: All that it says.

        Raises:
            HttpError: S0202, a claim that the grant needs is missing, or can't be an argument or a role.
        """
        token = Token(
            name,
            "",
            "",
            self._scripts,
            self._rights,
            databases=self._databases,
            bound=self._bound,
            fixed={argument: _text(claims, needed) for argument, needed in self._arguments.items()},
            acting=self._acting(claims),
            **self._limits,
        )
        said = msgspec.json.encode([issuer, name, token.scope])
        return msgspec.structs.replace(token, id=sha256(said).hexdigest()[:16])

    def _acting(self, claims: Mapping[str, Any]) -> Acting | None:
        role = self._role if self._role_claim is None else _text(claims, self._role_claim)
        if role is None:
            return None
        if not 0 < len(role.encode()) <= MAX_ROLE or "\0" in role:
            raise _lacking(self._role_claim or "role", "is no name of a role")
        handed = {name: claim(claims, name) for name in self._claims}
        missing = [name for name, value in handed.items() if value is None]
        if missing:
            raise _lacking(missing[0], "is missing")
        return Acting(role, msgspec.json.encode({"role": role, **handed}, order="sorted").decode())


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim; None where there is none.

    Args:
        claims: Of a JWT.
        name: Its name, or names with dots between for one inside another: `realm_access.roles`.
    """
    if name in claims:
        return claims[name]
    head, dot, rest = name.partition(".")
    inner = claims.get(head) if dot else None
    return claim(inner, rest) if isinstance(inner, dict) else None


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claim(claims, name)
    if value is None or isinstance(value, (list, dict)):
        raise _lacking(name, "is missing" if value is None else "is no single value")
    return _shown(value)


def _texts(name: str, value: Any) -> list[str]:
    """The texts that a claim says: its items; of a scope, its words (RFC 8693)."""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, str):
        return [value, *(value.split() if name in _SCOPES else ())]
    return [] if value is None else [_shown(value)]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _lacking(name: str, how: str) -> HttpError:
    return HttpError(403, "S0202", f"the claim {name} of the token {how}, and its grant of [jwt] needs it")


def _left(claims: Mapping[str, Any]) -> float:
    """The seconds until it expires."""
    return float(claims["exp"]) + LEEWAY_SECONDS - time()

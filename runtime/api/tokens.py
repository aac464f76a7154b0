"""A home folder's tokens.json ↔ who may do what: named bearer tokens with rights, script patterns and limits.

A token is `sop_ID_SECRET`. The file keeps the SHA-256 of the secret; a slow hash is not needed, because the secret is
32 random bytes. The file is read again whenever it changes, so a removed token is refused at once. A removed token
stays in the file as revoked: its runs end, and a server that had tokens does not become open when the last one goes.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Final

import msgspec

from runtime.acting import Acting
from runtime.api.problems import HttpError
from runtime.errors import SopError, UsageError
from runtime.library.environment import make_home

FILE_NAME: Final = "tokens.json"
RIGHTS: Final = ("run", "read", "write", "query", "compile", "admin")
_TOKEN: Final = re.compile(r"sop_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOBODY: Final = sha256(b"").hexdigest()


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token.

    Attributes:
        name: for people.
        id: the public half.
        digest: SHA-256 of the secret half, in hex.
        scripts, databases: shell patterns for names of scripts, and of databases as scripts name them.
        rights: `read` sees scripts, schemas and its own runs, never rows; `run` runs scripts, and with `write` also
            those that write; `query` reads rows without a script; `compile` stores, removes and records scripts (a
            recording's steps need the rights to run them); `admin` sees and cancels the runs of others.
        created: Unix time.
        expires: Unix time; 0 for never.
        bound: a database name in scripts → the server's database it means.
        fixed: an argument → its value, as text. Callers can't give it, and scripts without that parameter are refused.
        revoked: Unix time; 0 for one that holds.
        acting: whom databases take its users for; None for the user of each URL.
        max_runs, max_rows, max_seconds, max_body: runs at the same time; rows and seconds of a run; bytes of a body. 0
            means the server's limit.
    """

    name: str
    id: str
    digest: str
    scripts: tuple[str, ...] = ("*",)
    rights: tuple[str, ...] = ("run", "read")
    created: int = 0
    expires: int = 0
    max_runs: int = 0
    max_rows: int = 0
    max_seconds: float = 0
    max_body: int = 0
    databases: tuple[str, ...] = ("*",)
    bound: dict[str, str] = {}
    fixed: dict[str, str] = {}
    revoked: int = 0
    acting: Acting | None = None

    @property
    def scope(self) -> str:
        """Names how the token renames databases, fixes arguments and acts in databases; "" if it does none of these.
        Tokens of different scopes share only the scripts."""
        if not (self.bound or self.fixed or self.acting):
            return ""
        means = [self.bound, self.fixed, *([] if self.acting is None else [self.acting])]
        said = msgspec.json.encode(means, order="sorted")
        return f"scope-{sha256(said).hexdigest()[:32]}"

    def may(self, right: str) -> bool:
        """Tell whether it has a right."""
        return right in self.rights

    def covers(self, script: str) -> bool:
        """Tell whether it is for a script."""
        return any(fnmatchcase(script, pattern) for pattern in self.scripts)

    def reaches(self, database: str) -> bool:
        """Tell whether it is for a database, as scripts name it."""
        return any(fnmatchcase(database, pattern) for pattern in self.databases)

    def may_read(self, databases: Iterable[str]) -> bool:
        """Tell whether it may see rows of all these databases without a script."""
        return self.may("query") and all(map(self.reaches, databases))

    def require(self, right: str, script: str | None = None) -> None:
        """Check a right.

        Args:
            right: Such as `run`.
            script: That is used; None for none.

        Raises:
            HttpError: S0202 when the token lacks the right, or may not use this script.
        """
        if not self.may(right):
            raise HttpError(403, "S0202", f"the token {self.name} has no right to {right}", f"--rights …,{right}")
        if script is not None:
            self.require_script(script)

    def require_script(self, name: str) -> None:
        """Check that the token may use a script.

        Raises:
            HttpError: S0202.
        """
        if not self.covers(name):
            raise not_for(self, name)

    def require_databases(self, names: Iterable[str]) -> None:
        """Check that the token may use these databases.

        Raises:
            HttpError: S0202.
        """
        for name in names:
            if not self.reaches(name):
                message = f"the token {self.name} is not for the database {name}"
                raise HttpError(403, "S0202", message, f"it is for {', '.join(self.databases)}")

    def require_unfixed(self, names: Iterable[str]) -> None:
        """Check that the token fixes none of these arguments.

        Raises:
            HttpError: S0210.
        """
        for name in names:
            if name in self.fixed:
                message = f"the token {self.name} fixes the argument {name}"
                raise HttpError(403, "S0210", message, f"leave {name} out")


def not_for(token: Token, script: str) -> HttpError:
    """The refusal of a script that a token may not know of."""
    message = f"the token {token.name} is not for the script {script}"
    return HttpError(403, "S0202", message, f"it is for {', '.join(token.scripts)}")


NOBODY: Final = Token("", "", "", rights=())
LOCAL: Final = Token("local", "", "", rights=RIGHTS)  # the caller of a server without tokens, which is on loopback only


class Tokens:
    """The tokens of one home folder.

    Args:
        home: The folder.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / FILE_NAME
        self._file = str(self.path)
        self._seen: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}
        self._revoked: dict[str, Token] = {}
        self._required = False

    def required(self, always: bool = False) -> bool:
        """Whether requests need a token. They do once a token existed (or `always` was set), also when all are revoked,
        or the file goes while the server runs."""
        self._required = self._required or always or bool(self.all() or self._revoked)
        return self._required

    def all(self) -> dict[str, Token]:
        """The tokens that hold, by id, as the file has them now.

        Raises:
            SopError: S0209 when it can't be read.
        """
        self._read()
        return self._tokens

    def why_ended(self, token: str) -> str | None:
        """Why the runs of a token have to end; None where nothing says so.

        Args:
            token: Its id.
        """
        with suppress(SopError):  # what was read before holds
            self._read()
        revoked = self._revoked.get(token)
        return None if revoked is None else f"the token {revoked.name}, which began the run, was revoked"

    def _read(self) -> None:
        try:
            stat = os.stat(self._file)  # noqa: PTH116 (a pathlib call takes twice as long, and this is every request)
        except FileNotFoundError:
            self._seen, self._tokens, self._revoked = None, {}, {}
            return
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        seen = stat.st_mtime_ns, stat.st_size, stat.st_ino
        if seen != self._seen:
            try:
                tokens = msgspec.json.decode(self.path.read_bytes(), type=list[Token])
            except (OSError, msgspec.DecodeError) as error:
                raise self._unreadable(str(error)) from error
            self._tokens = {token.id: token for token in tokens if not token.revoked}
            self._revoked = {token.id: token for token in tokens if token.revoked}
            self._seen = seen

    def check(self, text: str) -> Token:
        """Return the token that `Authorization: Bearer text` gives.

        Raises:
            HttpError: S0201 for an expired one.
            WrongToken: for an unknown one.
        """
        match = _TOKEN.fullmatch(text)
        token = self.all().get(match[1]) if match else None
        digest = sha256((match[2] if match else text).encode()).hexdigest()
        right = hmac.compare_digest(digest, token.digest if token else _NOBODY)
        if token is None or not right:
            raise WrongToken(None if token is None else token.id)
        if token.expires and token.expires <= time():
            raise unauthorized(f"the token {token.name} has expired", "invalid_token")
        return token

    def add(self, token: Token) -> str:
        """Store a token under its name with a new id and secret.

        Returns:
            The text for its user, which is stored nowhere.

        Raises:
            UsageError: S0208 for a name that is invalid or taken.
        """
        if not _NAME.fullmatch(token.name):
            raise UsageError(
                "S0208", f"{token.name!r} can't name a token", "letters, digits, dots and dashes, up to 64"
            )
        with self._change() as tokens:
            if any(other.name == token.name and not other.revoked for other in tokens):
                raise UsageError(
                    "S0208",
                    f"there is a token {token.name} already",
                    "another name; `sopvm token ls` lists those that are taken",
                )
            id_, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
            digest = sha256(secret.encode()).hexdigest()
            tokens.append(msgspec.structs.replace(token, id=id_, digest=digest, created=int(time())))
        return f"sop_{id_}_{secret}"

    def remove(self, names: Sequence[str]) -> None:
        """Revoke all of these tokens, or none.

        Raises:
            UsageError: S0208 when one does not exist.
        """
        with self._change() as tokens:
            known = {token.name for token in tokens if not token.revoked}
            for name in names:
                if name not in known:
                    raise UsageError("S0208", f"there is no token {name}", "`sopvm token ls` lists them")
            now = int(time())
            for place, token in enumerate(tokens):
                if token.name in names and not token.revoked:
                    tokens[place] = Token(token.name, token.id, "", (), (), revoked=now)

    @contextmanager
    def _change(self) -> Iterator[list[Token]]:
        """Yield the tokens, revoked ones too, as a list to change, and write it back; other processes can't change them
        meanwhile."""
        import fcntl

        make_home(self.path.parent)
        try:
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            tokens = [*self._tokens.values(), *self._revoked.values()]
            yield tokens
            new = self.path.with_suffix(".new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(tokens)))
            new.replace(self.path)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        finally:
            os.close(lock)

    def _unreadable(self, reason: str) -> SopError:
        return SopError("S0209", f"the tokens in {self.path} can't be used: {reason.lower()}", "check the file")


class WrongToken(HttpError):
    """S0201 for an unknown token. `id`: of the token it claims to be, if that exists."""

    def __init__(self, id_: str | None, message: str = "the token is unknown") -> None:
        super().__init__(401, "S0201", message, _HINT, _challenge("invalid_token"))
        self.id = id_


def unauthorized(message: str, reason: str = "") -> HttpError:
    """S0201. `reason`: the `error` of RFC 6750; empty if no token was given."""
    return HttpError(401, "S0201", message, _HINT, _challenge(reason))


_HINT: Final = "Authorization: Bearer TOKEN, made by `sopvm token add`"


def _challenge(reason: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="sop", error="{reason}"' if reason else 'Bearer realm="sop"'}

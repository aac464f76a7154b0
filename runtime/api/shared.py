"""Settings → what requests share: library, databases, threads, runs, tokens; and what a token may do."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

import msgspec

from runtime.api.audit import REFUSALS, Audit, Who
from runtime.api.kept_runs import Found, find, sees
from runtime.api.link_cache import LinkCache
from runtime.api.metrics import Metrics
from runtime.api.problems import HttpError
from runtime.api.proxies import Proxies
from runtime.api.rates import Rates
from runtime.api.runs import LiveRuns
from runtime.api.tokens import Token, Tokens, not_for
from runtime.bytecode.module import Module, Signature
from runtime.config import Config
from runtime.connect import connector
from runtime.databases.acting import NO_ROLES
from runtime.databases.pool import Pool
from runtime.databases.protocol import Database
from runtime.errors import SopError, UsageError
from runtime.library.records import Entry
from runtime.library.store import Library
from runtime.runs.arguments import bind
from runtime.runs.keep import request_of
from runtime.runs.run import check_answers, names_of
from runtime.runs.traced import open_traces
from runtime.vm.link import Linked

if TYPE_CHECKING:
    from runtime.api.jwt_tokens import JwtTokens

T = TypeVar("T")
IO_THREADS: Final = 4  # for all work but runs


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the server; None means no limit.

    Attributes:
        max_runs: at the same time.
        max_body: bytes of a request.
        max_upload: bytes of a file to load.
        max_rows, max_seconds: of a run.
        ask_seconds: how long a question waits for an answer.
        read_seconds: how long an answer waits for its client to read on.
        audit_reads: also audit runs that only read.
        answer_seconds: after which an agent's call answers that its run goes on; hosts of agents give up at 60 s.
        max_minute, max_day: requests of a token, or of an address without one, in a minute and on a UTC day.
        proxies: addresses and networks whose `X-Forwarded-*` are believed.
        root_path: what stands before every address for clients.
        drain_seconds: for runs under way when the server is told to stop.
    """

    max_runs: int = 100
    max_body: int = 1024 * 1024
    max_upload: int = 256 * 1024 * 1024
    max_rows: int | None = None
    max_seconds: float | None = None
    ask_seconds: float = 300.0
    read_seconds: float = 60.0
    audit_reads: bool = False
    answer_seconds: float = 45.0
    drain_seconds: float = 30.0
    max_minute: int | None = None
    max_day: int | None = None
    proxies: tuple[str, ...] = ()
    root_path: str = ""


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """A requested run.

    Attributes:
        who: requests it.
        reads: requested by GET, which runs only scripts that change nothing.
        answers: by step.
        waits: seconds that a question waits.
        takes_defaults: a question takes its default when it has waited that long; else the run waits on.
        max_rows, max_seconds: the request's own limits.
        in_address: names of the arguments in the query string.
        trace: the `traceparent` of the request; empty without one.
        run: the run's id, for a request that is done once however often it is made.
        linked: the script, if it is none of the library.
        right: that the run needs: `query` for a program that is no script.
    """

    script: str
    args: Mapping[str, Any]
    who: Who
    format: str = "jsonl"
    dry_run: bool = False
    reads: bool = False
    answers: Mapping[str, str] = {}
    waits: float | None = None
    takes_defaults: bool = True
    max_rows: int | None = None
    max_seconds: float | None = None
    in_address: frozenset[str] = frozenset()
    trace: str = ""
    run: str | None = None
    linked: Linked | None = None
    right: str = "run"

    @property
    def token(self) -> Token:
        return self.who.token


class Shared:
    """What requests share.

    Args:
        config: The settings.
        settings: Limits of requests and runs.
        audit: the stream for the audit's lines.
    """

    def __init__(self, config: Config, settings: Settings, audit: TextIO) -> None:
        self.config = config
        self.settings = settings
        self.library = Library.open(Path(config.home))
        self.library.environment.share()
        self.links = LinkCache(self.library)
        self.pool = Pool(connector(config))
        self.tokens = Tokens(Path(config.home))
        self.jwts = _jwts(config)
        self.tokens.required(always=self.jwts is not None)
        self.runs = LiveRuns(settings.max_runs)
        self.proxies = Proxies(settings.proxies, settings.root_path)
        self.rates = Rates(settings.max_minute, settings.max_day)
        self.metrics = Metrics()
        self.traces = open_traces()
        self.audit = Audit(audit, reads=settings.audit_reads)
        self.compiling = Lock()
        self._io_pool = ThreadPoolExecutor(IO_THREADS, "io")

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function on a thread, because it may wait for a disk or a database; return what it returns.

        Args:
            function: The function.
            *args: Its arguments.
        """
        return await get_running_loop().run_in_executor(self._io_pool, function, *args)

    # ── who may do what ────────────────────────────────────────────────────────────────────────────────────────────

    def seen_by(self, token: Token) -> Config:
        """The settings as a token sees them: its databases, under the names that scripts use."""
        names = {name: name for name in self.config.database_names() if token.reaches(name)}
        return msgspec.structs.replace(self.config.seen_as({**names, **token.bound}), acting=token.acting)

    def visible(self, token: Token, entry: Entry) -> bool:
        """Tell whether a token may know of a version of a script: it is for the script, and for every database that the
        script or one that it calls uses."""
        return token.covers(entry.name) and all(map(token.reaches, names_of(entry.effects)))

    def require_visible(self, token: Token, entry: Entry | None) -> None:
        """Check that a token may know of a version of a script.

        Raises:
            HttpError: S0202, as for a script that the token is not for.
        """
        if entry is not None and not self.visible(token, entry):
            raise not_for(token, entry.name)

    def sees(self, token: Token) -> Callable[[str], bool]:
        """Return a function that tells whether a token may know of a script, or could store one of that name."""

        def seen(name: str) -> bool:
            if not token.covers(name):
                return False
            entry = self.library.find(name)
            return entry is None or self.visible(token, entry)

        return seen

    def require_program(self, token: Token, module: Module) -> None:
        """Check a program that a token's user wrote.

        Args:
            token: The token.
            module: The compiled program.

        Raises:
            HttpError: S0202 or S0210 when it uses another database, calls another script, or gives an argument that the
                token fixes.
        """
        token.require_databases(names_of(module.effects))
        for call in module.calls:
            token.require_script(call.signature.name)
            token.require_unfixed(param.name for param in call.signature.params)

    def admit(self, play: Play) -> Linked:
        """Return the script if the request may run it.

        Raises:
            HttpError: S02xx, what keeps it from starting, except errors of its databases.
        """
        token = play.token
        token.require(play.right, play.script.rpartition("@")[0] or play.script)  # before it is known to exist
        linked = play.linked or self.links.linked(play.script)
        root = linked.root
        token.require(play.right, root.name)
        token.require_databases(names_of(root.effects))
        writes = root.effects.writes
        if writes and play.reads:
            message = f"`{root.name}` writes {', '.join(writes)}, and GET changes nothing"
            raise HttpError(405, "S0102", message, "POST", {"Allow": "POST, OPTIONS"})
        if writes and not token.may("write"):
            message = f"`{root.name}` writes {', '.join(writes)}, and the token {token.name} only reads"
            raise HttpError(403, "S0202", message, "--rights …,write")
        return linked

    def arguments(self, play: Play, signature: Signature) -> Mapping[str, Any]:
        """Return the arguments of the request and those that its token fixes.

        Args:
            play: The request.
            signature: Of the script.

        Raises:
            HttpError: S0211 for a secret in the address. S0210 when the request gives a fixed argument, or the script
                has no parameter for one: it would run as if nothing were fixed.
        """
        token = play.token
        token.require_unfixed(play.args)
        for param in signature.params:
            if param.secret and param.name in play.in_address:
                message = (
                    f"`{param.name}` of `{signature.name}` is a secret, and an address ends up in logs and histories"
                )
                raise HttpError(400, "S0211", message, "POST, with the arguments in the body")
        taken = {param.name for param in signature.params}
        for name in token.fixed:
            if name not in taken:
                message = (
                    f"the token {token.name} fixes the argument {name}, and `{signature.name}` takes none of that name"
                )
                raise HttpError(403, "S0210", message, f"a parameter {name}, or --scripts without {signature.name}")
        return {**play.args, **token.fixed}

    def known(self, play: Play) -> Found | None:
        """Return the run of an earlier request with the same key.

        Raises:
            UsageError: V0610 when it is one of other arguments, another script or another caller.
        """
        assert play.run is not None
        linked = self.check(play)
        found = find(self.config, play.run, None)
        if found is not None:
            signature = linked.root.module.signature
            arguments = bind(signature, self.arguments(play, signature))
            same = found.row.request == request_of(linked.root.name, arguments)
            if not (same and sees(play.token, found.owner, found.row.script)):
                raise UsageError("V0610", f"the run {play.run} is one of other arguments, or of another script")
        return found

    # ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────

    def check(self, play: Play) -> Linked:
        """As `admit`; also checks that the arguments fit."""
        linked = self.admit(play)
        signature = linked.root.module.signature
        bind(signature, self.arguments(play, signature))
        check_answers(linked, play.answers)
        return linked

    def seconds(self, token: Token, wanted: float | None = None) -> float | None:
        """Return the most seconds of a run; None for no limit.

        Args:
            token: Of the request.
            wanted: By the request.
        """
        return tighter_limit(self.settings.max_seconds, token.max_seconds, wanted)

    def rows(self, token: Token, wanted: int | None = None) -> int | None:
        """Return the most rows that a run may emit; None for no limit.

        Args:
            token: Of the request.
            wanted: By the request.
        """
        return tighter_limit(self.settings.max_rows, token.max_rows, wanted)

    def patience(self, wanted: float | None) -> float | None:
        """The seconds that a question waits: those of the request, up to the server's limit."""
        return None if wanted is None else min(wanted, self.settings.ask_seconds)

    def take(self, token: Token) -> Callable[[str], Database]:
        """Return a function that connects to a database by the token's name for it; `pool.give_back` takes it back."""
        return lambda name: self.pool.take(token.bound.get(name, name), token.acting)

    @contextmanager
    def lent(self, token: Token, name: str) -> Iterator[Database]:
        """A connection to a database, by the token's name for it, that is given back.

        Raises:
            HttpError: It can't be opened; the reason may hold its URL, and is not told.
        """
        try:
            database = self.take(token)(name)
        except SopError as error:
            if error.code == NO_ROLES:
                raise
            raise HttpError(503, error.code, f"the database {name} can't be opened") from error
        try:
            yield database
        finally:
            self.pool.give_back(database)

    def refused(self, who: Who, script: str, error: SopError | None) -> None:
        """Audit a request that was refused because the token lacks a right; other errors are not audited.

        Args:
            who: The token and the address.
            script: Its name.
            error: Why it was refused.
        """
        if error is not None and error.code in REFUSALS:
            self.audit.note("refused", who, script=script, code=error.code, message=error.message)


def _jwts(config: Config) -> JwtTokens | None:
    """What checks tokens of an issuer; None where sop.toml names none."""
    if not config.jwt:
        return None
    from runtime.api.jwt_tokens import JwtTokens  # its imports cost more than all of ours

    return JwtTokens(config)


def tighter_limit(server: T | None, token: T, wanted: T | None = None) -> T | None:
    """The smallest of the limits; 0 and None mean no limit."""
    limits: list[Any] = [limit for limit in (server, token, wanted) if limit]
    return min(limits) if limits else None

"""Settings → what requests share: library, databases, threads, runs, tokens. It also takes one run from start to
end."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import TextIOBase
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Final, TextIO, TypeVar

import msgspec

from runtime.api.audit import REFUSALS, Audit, Who, about, ended
from runtime.api.formats import LINES
from runtime.api.link_cache import LinkCache
from runtime.api.metrics import Metrics
from runtime.api.pipe import Ending, Pipe
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.runs import LiveRun, LiveRuns
from runtime.api.tokens import Token, Tokens
from runtime.bytecode.module import Module, Signature
from runtime.config import Config
from runtime.connect import connector
from runtime.databases.pool import Pool
from runtime.databases.protocol import Database
from runtime.errors import Cancelled, SopError
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.arguments import bind
from runtime.runs.run import Outcome, RunOptions, check_answers, names_of, run_linked
from runtime.vm.link import Linked

T = TypeVar("T")
IO_THREADS: Final = 4  # for all work but runs


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the server; None means no limit.

    Attributes:
        max_runs: at the same time.
        max_body: bytes of a request.
        max_rows, max_seconds: of a run.
        ask_seconds: how long a question waits for an answer.
        read_seconds: how long an answer waits for its client to read on.
        audit_reads: also audit runs that only read.
    """

    max_runs: int = 100
    max_body: int = 1024 * 1024
    max_rows: int | None = None
    max_seconds: float | None = None
    ask_seconds: float = 300.0
    read_seconds: float = 60.0
    audit_reads: bool = False


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """A requested run.

    Attributes:
        who: requests it.
        reads: requested by GET, which runs only scripts that change nothing.
        answers: by step.
        waits: seconds that a question waits.
        max_rows, max_seconds: the request's own limits.
        in_address: names of the arguments in the query string.
    """

    script: str
    args: Mapping[str, Any]
    who: Who
    format: str = "jsonl"
    dry_run: bool = False
    reads: bool = False
    answers: Mapping[str, str] = {}
    waits: float | None = None
    max_rows: int | None = None
    max_seconds: float | None = None
    in_address: frozenset[str] = frozenset()

    @property
    def token(self) -> Token:
        return self.who.token


class Service:
    """What requests share. Close it when its requests are done.

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
        self.runs = LiveRuns(settings.max_runs)
        self.metrics = Metrics()
        self.audit = Audit(audit, reads=settings.audit_reads)
        self.compiling = Lock()
        self._io_pool = ThreadPoolExecutor(IO_THREADS, "io")
        self._run_pool = ThreadPoolExecutor(settings.max_runs, "run")

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function on a thread, because it may wait for a disk or a database; return what it returns.

        Args:
            function: The function.
            *args: Its arguments.
        """
        return await get_running_loop().run_in_executor(self._io_pool, function, *args)

    def stop(self) -> None:
        """Cancel all runs."""
        self.runs.stop()

    def close(self) -> None:
        """Cancel all runs, wait for them, and close the library and the connections."""
        self.stop()
        self._run_pool.shutdown()
        self._io_pool.shutdown()
        self.runs.close()
        self.pool.close()
        self.library.close()

    # ── who may do what ────────────────────────────────────────────────────────────────────────────────────────────

    def seen_by(self, token: Token) -> Config:
        """The settings as a token sees them: its databases, under the names that scripts use."""
        names = {name: name for name in self.config.database_names() if token.reaches(name)}
        return self.config.seen_as({**names, **token.bound})

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
        token.require("run", play.script.rpartition("@")[0] or play.script)  # before an answer tells that it exists
        linked = self.links.linked(play.script)
        root = linked.root
        token.require("run", root.name)
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
        return lambda name: self.pool.take(token.bound.get(name, name))

    def begin(self, play: Play, stream: Pipe | ReplayBuffer) -> LiveRun:
        """Start a run on a thread.

        Args:
            play: The request.
            stream: Where its lines go.

        Raises:
            HttpError: S0109, S0204 when too many runs are under way.
        """
        log = stream if isinstance(stream, ReplayBuffer) else None
        name = play.script.partition("@")[0]
        run = LiveRun(name, 0, play.who, log, self.patience(play.waits), self.settings.ask_seconds)
        self.start(run, play.token, stream, lambda: self._execute(run, play, stream))
        return run

    def start(self, run: LiveRun, token: Token, stream: Pipe | ReplayBuffer, work: Callable[[], Outcome]) -> None:
        """Do the work of a run on a thread.

        Args:
            run: The run.
            token: Of the request.
            stream: Where its lines go.
            work: Runs the script.

        Raises:
            HttpError: S0109, S0204 when too many runs are under way.
        """
        if isinstance(stream, Pipe):
            run.hurry = stream.hurry
        self.runs.begin(run, token)
        self._run_pool.submit(self._work, run, stream, work)

    def _work(self, run: LiveRun, stream: Pipe | ReplayBuffer, work: Callable[[], Outcome]) -> None:
        began = monotonic()
        ending: Ending
        try:
            outcome = work()
            run.finish(outcome, None)
            ending = outcome
        except SopError as error:
            ending = error
            run.finish(None, error)
            self.refused(run.who, run.script, error)
        except RecursionError:
            ending = SopError("V0108", "a value is nested too deeply")
            run.finish(None, ending)
        except BaseException as error:
            ending = error
            run.finish(None, SopError("S0100", "the server failed at this run"))
            self._report(error)
        self.runs.end(run)
        status, records, retries = "refused", 0, 0
        if isinstance(ending, Outcome):
            status, records, retries = ending.status, ending.records, ending.retries
        self.metrics.run(status, monotonic() - began, records, retries)
        if isinstance(stream, Pipe):
            stream.finish(ending)

    def refused(self, who: Who, script: str, error: SopError | None) -> None:
        """Audit a request that was refused because the token lacks a right; other errors are not audited.

        Args:
            who: The token and the address.
            script: Its name.
            error: Why it was refused.
        """
        if error is not None and error.code in REFUSALS:
            self.audit.note("refused", who, script=script, code=error.code, message=error.message)

    def _execute(self, run: LiveRun, play: Play, stream: Pipe | ReplayBuffer) -> Outcome:
        linked = self.admit(play)
        root, token = linked.root, play.token
        if run.control.stopped is not None:
            raise Cancelled("V0301", run.control.stopped)
        args = self.arguments(play, root.module.signature)
        run.script, run.version, run.databases = root.name, root.version, tuple(names_of(root.effects))
        writes = bool(root.effects.writes)
        writer = open_writer(play.format, stream, buffer_until_commit=writes, notes=NOWHERE)
        if isinstance(stream, Pipe):
            stream.writer = writer
        options = RunOptions(
            dry_run=play.dry_run,
            answers=play.answers,
            prompt=run.prompt if root.effects.asks and play.format in LINES else None,
            max_rows=self.rows(token, play.max_rows),
            max_seconds=self.seconds(token, play.max_seconds),
            control=run.control,
        )
        if writes or self.audit.reads:
            signature = root.module.signature
            given = dict(zip((param.name for param in signature.params), bind(signature, args), strict=True))
            run.told = {"run": run.id, "dry_run": play.dry_run}
            run.told |= about(play.who, root.name, root.version, root.hash, root.effects, signature, given)
            self.audit.write("run", play.who, **run.told)
        try:
            outcome = run_linked(
                linked, args, self.take(token), writer, self.links.statements, options, self.pool.give_back
            )
        except SopError as error:
            if run.told:
                self.audit.note("run-refused", play.who, **run.told, code=error.code)
            raise
        if run.told:
            self.audit.note("run-ended", play.who, **run.told, **ended(outcome))
        return outcome

    def _report(self, error: BaseException) -> None:
        import logging

        logging.getLogger("sopvm").error("a run failed by a fault of the server", exc_info=error)


class _Nowhere(TextIOBase):
    """Drops the lines that formats of records alone have no place for."""

    def write(self, text: str) -> int:
        return len(text)


NOWHERE: Final[Any] = _Nowhere()


def tighter_limit(server: T | None, token: T, wanted: T | None = None) -> T | None:
    """The smallest of the limits; 0 and None mean no limit."""
    limits: list[Any] = [limit for limit in (server, token, wanted) if limit]
    return min(limits) if limits else None

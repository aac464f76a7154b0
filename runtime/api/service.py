"""Settings → what requests share: library, databases, threads, runs, tokens; and one run from start to end."""

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

from runtime.api.audit import Audit
from runtime.api.formats import LINES
from runtime.api.link_cache import LinkCache
from runtime.api.metrics import Metrics
from runtime.api.pipe import Ending, Pipe
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import Log
from runtime.api.runs import LiveRun, LiveRuns
from runtime.api.tokens import Token, Tokens
from runtime.commands.execute import connector
from runtime.config import Config
from runtime.databases.pool import Pool
from runtime.errors import Cancelled, SopError
from runtime.library.store import Library
from runtime.output.writer import open_writer
from runtime.runs.arguments import bind
from runtime.runs.run import Outcome, RunOptions, check_answers, run_linked
from runtime.vm.link import Linked

T = TypeVar("T")
FEW_THREADS: Final = 4  # for all that is no run


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """max_runs: at once. max_body: bytes of a request. max_rows, max_seconds: of a run, None for no limit.
    ask_seconds: that a question waits for an answer."""

    max_runs: int = 100
    max_body: int = 1024 * 1024
    max_rows: int | None = None
    max_seconds: float | None = None
    ask_seconds: float = 300.0


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is asked for. reads: by GET, which only scripts that change nothing answer. answers: by step."""

    script: str
    args: Mapping[str, Any]
    token: Token
    format: str = "jsonl"
    dry_run: bool = False
    reads: bool = False
    answers: Mapping[str, str] = {}
    waits: float | None = None


class Service:
    """audit: stream of the audit's lines. Close it when its requests are done."""

    def __init__(self, config: Config, settings: Settings, audit: TextIO) -> None:
        self.config = config
        self.settings = settings
        self.library = Library.open(Path(config.home))
        self.library.environment.share()
        self.warm = LinkCache(self.library)
        self.pool = Pool(connector(config))
        self.tokens = Tokens(Path(config.home))
        self.runs = LiveRuns(settings.max_runs)
        self.metrics = Metrics()
        self.audit = Audit(audit)
        self.compiling = Lock()
        self._few = ThreadPoolExecutor(FEW_THREADS, "few")
        self._many = ThreadPoolExecutor(settings.max_runs, "run")

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """On a thread, for what may wait for a disk or a database."""
        return await get_running_loop().run_in_executor(self._few, function, *args)

    def stop(self) -> None:
        """End all runs; they say so."""
        for run in self.runs.active():
            run.cancel("the server is stopping")

    def close(self) -> None:
        self.stop()
        self._many.shutdown()
        self._few.shutdown()
        self.runs.close()
        self.pool.close()
        self.library.close()

    # ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────

    def seconds(self, token: Token) -> float | None:
        """That a run of the token may take."""
        return least(self.settings.max_seconds, token.max_seconds)

    def admit(self, play: Play) -> Linked:
        """The script, if it may be run so. What keeps it from starting is raised, but for what databases say."""
        linked = self.warm.linked(play.script)
        root = linked.root
        play.token.require("run", root.name)
        writes = root.effects.writes
        if writes and play.reads:
            message = f"`{root.name}` writes {', '.join(writes)}, and GET changes nothing"
            raise HttpError(405, "S0102", message, "POST", {"Allow": "POST, OPTIONS"})
        if writes and not play.token.may("write"):
            message = f"`{root.name}` writes {', '.join(writes)}, and the token {play.token.name} only reads"
            raise HttpError(403, "S0202", message, "--rights …,write")
        return linked

    def check(self, play: Play) -> Linked:
        """As `admit`, and the arguments fit."""
        linked = self.admit(play)
        bind(linked.root.module.signature, play.args)
        check_answers(linked, play.answers)
        return linked

    def begin(self, play: Play, stream: Pipe | Log) -> LiveRun:
        """Start it on a thread; its lines go to the stream. HttpError S0109, S0204 when there are too many."""
        log = stream if isinstance(stream, Log) else None
        name = play.script.partition("@")[0]
        run = LiveRun(name, 0, play.token.name, log, play.waits, self.settings.ask_seconds)
        self.start(run, play.token, stream, lambda: self._execute(run, play, stream))
        return run

    def start(self, run: LiveRun, token: Token, stream: Pipe | Log, work: Callable[[], Outcome]) -> None:
        """Have a thread do the work that the run stands for. HttpError S0109, S0204 when there are too many."""
        self.runs.begin(run, token)
        self._many.submit(self._work, run, stream, work)

    def _work(self, run: LiveRun, stream: Pipe | Log, work: Callable[[], Outcome]) -> None:
        began = monotonic()
        ending: Ending
        try:
            outcome = work()
            run.finish(outcome, None)
            ending = outcome
        except SopError as error:
            ending = error
            run.finish(None, error)
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

    def _execute(self, run: LiveRun, play: Play, stream: Pipe | Log) -> Outcome:
        linked = self.admit(play)
        root, token = linked.root, play.token
        if run.control.stopped is not None:
            raise Cancelled("V0301", run.control.stopped)
        run.script, run.version = root.name, root.version
        writes = bool(root.effects.writes)
        writer = open_writer(play.format, stream, buffer_until_commit=writes, notes=NOWHERE)
        if isinstance(stream, Pipe):
            stream.writer = writer
        options = RunOptions(
            dry_run=play.dry_run,
            answers=play.answers,
            prompt=run.prompt if root.effects.asks and play.format in LINES else None,
            max_rows=least(self.settings.max_rows, token.max_rows),
            max_seconds=self.seconds(token),
            control=run.control,
        )
        if writes:
            self.audit.write("run", token, run=run.id, script=root.name, version=root.version, dry_run=play.dry_run)
        try:
            outcome = run_linked(
                linked, play.args, self.pool.take, writer, self.warm.statements, options, self.pool.give_back
            )
        except SopError as error:
            if writes:
                self.audit.write("run-refused", token, run=run.id, code=error.code)
            raise
        if writes:
            self.audit.write("run-ended", token, run=run.id, status=outcome.status, records=outcome.records)
        return outcome

    def _report(self, error: BaseException) -> None:
        import logging

        logging.getLogger("sopvm").error("a run failed by a fault of the server", exc_info=error)


class _Nowhere(TextIOBase):
    """What formats that show records alone have no place for."""

    def write(self, text: str) -> int:
        return len(text)


NOWHERE: Final[Any] = _Nowhere()


def least(server: T | None, token: T) -> T | None:
    """The smaller of two limits; 0 and None are none."""
    limits: list[Any] = [limit for limit in (server, token) if limit]
    return min(limits) if limits else None

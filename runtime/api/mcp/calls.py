"""A tool's call → a run of the service, followed until it ends, asks or takes too long; its records by the page."""

from __future__ import annotations

import json
from asyncio import CancelledError, shield, sleep
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Final, NamedTuple

import mcp_types as types

from runtime.api import steer
from runtime.api.audit import Who
from runtime.api.mcp.agent import Agents
from runtime.api.mcp.asking import Person, Unanswered
from runtime.api.mcp.catalog import CONFIRM, ScriptTool
from runtime.api.mcp.lines import RunLines
from runtime.api.mcp.schemas import answer_schema
from runtime.api.mcp.values import MAX_BYTES, plain, size, told_error
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.runs import MAX_LOGS, LiveRun
from runtime.api.shared import Play
from runtime.errors import SopError
from runtime.runs.answers import describe
from runtime.runs.secrets import mask_secrets
from runtime.values.conversion import to_text
from runtime.vm.link import Linked
from runtime.vm.output import Question

KEPT_SECONDS: Final = 3600.0  # that the records of a run can be read
LOOK_SECONDS: Final = 0.02
PROGRESS_SECONDS: Final = 1.0
SHOWN: Final = 300  # characters of arguments
GONE: Final = "the client went away"
DRY_RUN: Final = "dry-run"
DRY_RUN_FAILED: Final = "dry-run-failed"  # or cancelled: what it says of changes is of no use
Progress = Callable[[int], Awaitable[None]]


class Trial(NamedTuple):
    """What makes a run a dry one. confirm: makes the `confirm` for the run itself; None where no run follows."""

    linked: Linked
    confirm: Callable[[], str] | None


class AgentRun:
    """A run that an agent began.

    Attributes:
        run: The run.
        lines: Its lines.
        trial: Of a dry run; None for others.
        answered: The question that has its answer, while the run's thread has not taken it yet.
    """

    def __init__(self, run: LiveRun, log: ReplayBuffer, trial: Trial | None) -> None:
        self.run = run
        self.lines = RunLines(log)
        self.trial = trial
        self.answered: Question | None = None
        self.began = monotonic()

    async def read(self) -> None:
        """Read all lines that there are."""
        while self.lines.look():
            await sleep(0)

    def question(self, active: bool) -> Question | None:
        """The question that it waits with; none for a dry run, which ends there. active: whether a thread runs it."""
        asked = self.run.control.question
        if self.trial is not None or asked is None or asked is self.answered or (self.run.kept and active):
            return None
        return asked

    @property
    def status(self) -> str:
        """How it stands, as agents are told."""
        end = self.run.end
        if self.trial is None:
            return end.status if end is not None else str(self.run.describe()["status"])
        if end is None:
            return "running"
        return DRY_RUN if end.status in (DRY_RUN, "waiting") else DRY_RUN_FAILED


class Calls:
    """The runs of agents.

    Args:
        agents: How the service is offered.
    """

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self.service = agents.service
        self._runs: dict[str, AgentRun] = {}

    # ── beginning ──────────────────────────────────────────────────────────────────────────────────────────────

    async def call(
        self, script: ScriptTool, given: Mapping[str, Any], who: Who, person: Person, progress: Progress
    ) -> dict[str, Any]:
        """Run a script; one that writes needs a yes first."""
        args = dict(given)
        confirm = args.pop(CONFIRM, None) if CONFIRM not in script.params else None
        play = self._play(script, args, who)
        await self.service.call(self.service.check, play)
        if script.linked.root.effects.writes and self._agents.confirms:
            if confirm is not None:
                self._agents.use_confirm(str(confirm), who, script.linked, play.args)
            else:
                refused = await self._consent(script, play, person, progress)
                if refused is not None:
                    return refused
        return await self.settle(self._begin(play), person, progress)

    async def dry_run(
        self, script: ScriptTool, given: Mapping[str, Any], who: Who, person: Person, progress: Progress
    ) -> dict[str, Any]:
        """Run a script without keeping what it writes."""
        play = self._play(script, given, who, dry_run=True)
        trial = Trial(script.linked, lambda: self._agents.confirm(who, script.linked, play.args))
        return await self._tried(play, trial, person, progress)

    async def attempt(
        self, linked: Linked, args: Mapping[str, Any], who: Who, person: Person, progress: Progress
    ) -> dict[str, Any]:
        """Run a script that is not stored, without keeping what it writes."""
        name = linked.root.name
        play = Play(script=name, args=args, who=who, dry_run=True, waits=0.0, takes_defaults=False, linked=linked)
        return await self._tried(play, Trial(linked, None), person, progress)

    async def _tried(self, play: Play, trial: Trial, person: Person, progress: Progress) -> dict[str, Any]:
        await self.service.call(self.service.check, play)
        return await self.settle(self._begin(play, trial), person, progress, asks=False)

    def _play(self, script: ScriptTool, given: Mapping[str, Any], who: Who, *, dry_run: bool = False) -> Play:
        args = {script.params.get(name, name): value for name, value in given.items()}
        waits = 0.0 if dry_run else self.service.settings.ask_seconds
        return Play(script=script.name, args=args, who=who, dry_run=dry_run, waits=waits, takes_defaults=False)

    def _begin(self, play: Play, trial: Trial | None = None) -> AgentRun:
        log = ReplayBuffer(counts_rest=True)
        begun = AgentRun(self.service.runner.begin(play, log), log, trial)
        old = monotonic() - KEPT_SECONDS
        kept = (each for each in self._runs.values() if not each.run.ended or (each.began > old and each.run.log))
        self._runs = {each.run.id: each for each in kept}
        self._runs[begun.run.id] = begun
        return begun

    async def _consent(
        self, script: ScriptTool, play: Play, person: Person, progress: Progress
    ) -> dict[str, Any] | None:
        """Ask for a yes to what a dry run says. None for a yes; else the answer to the call.

        Raises:
            HttpError: S0125 when the client can't ask.
        """
        hashes = sorted(script.linked.hashes.items())
        reply = person.reply if person.state.get("yes") == [list(each) for each in hashes] else None
        if reply is None:
            if not person.can_be_asked:
                message = f"`{script.name}` writes, and this client can't ask the person"
                hint = "call sop_dry_run, show the person what it says, and pass its `confirm` with the same arguments"
                raise HttpError(409, "S0125", message, hint)
            dry = await self.dry_run(script, play.args, play.who, person, progress)
            if dry["status"] != DRY_RUN:
                return dry
            message = f"{script.name}({_shown(script, play.args)}) would {dry['would']}. Run it?"
            state = {"yes": hashes, "once": dry["run"]}
            reply = await person.ask(message, {"type": "object", "properties": {}}, state)
        elif not self._agents.first_use(f"yes {person.state['once']}"):
            raise HttpError(409, "S0125", "this yes was used already", "call the tool again")
        if reply.action == "accept":
            return None
        return {"status": "declined", "said": [], "note": "the person said no: nothing was run, nothing was written"}

    # ── following ──────────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self, begun: AgentRun, person: Person, progress: Progress, *, asks: bool = True) -> dict[str, Any]:
        """Follow a run until it ends, asks, or takes too long, and say how it stands; a question is asked here."""
        try:
            while True:
                question = await self._follow(begun, person.until, progress)
                if question is None or not asks or not person.can_be_asked:
                    return self._standing(begun, question)
                state = {"run": begun.run.id, "asked": begun.lines.asked}
                try:
                    reply = await person.ask(question.text, answer_schema(question), state)
                    await self._reply(begun, question, reply, person)
                except Unanswered:
                    note = "the person has not answered yet; sop_wait asks again"
                    return {**self._standing(begun, question), "note": note}
        except CancelledError:
            await shield(self.cancel(begun, begun.run.who, GONE))
            raise

    async def go_on(self, person: Person, who: Who, progress: Progress) -> dict[str, Any]:
        """Take the reply that a client brings to a run's question, and follow the run."""
        begun = self.find(str(person.state["run"]), who)
        await begun.read()
        question = await self._follow(begun, monotonic(), progress)
        if question is not None and begun.lines.asked == person.state["asked"]:
            await self._reply(begun, question, person.reply, person)
        return await self.settle(begun, person, progress)

    async def _follow(self, begun: AgentRun, until: float, progress: Progress) -> Question | None:
        """The question that the run waits with; None when it has ended, or time is up."""
        told = monotonic()
        while True:
            ended = begun.run.ended
            await begun.read()
            question = begun.question(self.service.runs.is_active(begun.run.id))
            if ended or question is not None or monotonic() >= until:
                return None if ended else question
            if monotonic() - told >= PROGRESS_SECONDS:
                told = monotonic()
                await progress(begun.lines.total)
            await sleep(LOOK_SECONDS)

    async def _reply(
        self, begun: AgentRun, question: Question, reply: types.ElicitResult | None, person: Person
    ) -> None:
        """Hand a reply to the run. One that says no cancels it; a wrong answer is asked for again."""
        who = begun.run.who
        answer = (reply.content or {}).get("answer") if reply is not None and reply.action == "accept" else None
        if answer is None:
            await self.cancel(begun, who, "the person did not answer")
            return
        try:
            await self.answer(begun, who, as_text(answer))
        except SopError as error:
            if error.code != "V0105":
                raise
            state = {"run": begun.run.id, "asked": begun.lines.asked}
            again = await person.ask(f"{question.text} ({error.message})", answer_schema(question), state)
            await self._reply(begun, question, again, person)

    async def answer(self, begun: AgentRun, who: Who, text: str) -> None:
        """Answer the question of a run.

        Raises:
            SopError: As `steer.answer`.
        """
        question = begun.run.control.question
        await steer.answer(self.service, who, await steer.find_run(self.service, who.token, begun.run.id), None, text)
        begun.answered = question  # its thread may still be about to take the answer

    async def cancel(self, begun: AgentRun, who: Who, reason: str) -> None:
        """Cancel a run, and wait until it has ended."""
        run = begun.run
        if run.end is None or run.end.status == "waiting":
            await steer.cancel(self.service, who, await steer.find_run(self.service, who.token, run.id), reason)
        while not run.ended:
            await sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Cancel all runs that have not ended."""
        left = [begun for begun in self._runs.values() if not begun.run.ended]
        for begun in left:
            begun.run.cancel(GONE)
        for begun in left:
            with suppress(SopError):  # its database is away; what was not committed is undone there
                await self.cancel(begun, begun.run.who, GONE)

    # ── saying ─────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, id_: str, who: Who) -> AgentRun:
        """A run that an agent began here.

        Raises:
            HttpError: S0110 for one that there is not, or is another's, also for admins: who waits for a run and goes
                away cancels it.
        """
        begun = self._runs.get(id_)
        if begun is None or begun.run.owner.token != who.token.id:
            hint = f"the last {MAX_LOGS} runs are known, for an hour"
            raise HttpError(404, "S0110", f"there is no run {id_[:40]!r} here", hint)
        return begun

    async def rows(self, begun: AgentRun, after: int) -> dict[str, Any]:
        """Records of a run, after the first so many."""
        await begun.read()
        return {"run": begun.run.id, "status": begun.status, **_page(begun, after)}

    def _standing(self, begun: AgentRun, question: Question | None) -> dict[str, Any]:
        run, end = begun.run, begun.run.end
        said: dict[str, Any] = {"run": run.id, "status": begun.status}
        if begun.status != DRY_RUN_FAILED:
            said |= _page(begun, 0)
            result = (begun.lines.end or {}).get("result")
            said["result"] = result if size(result) <= MAX_BYTES else f"({size(result):,} bytes: not shown)"
        said["said"] = begun.lines.said()
        if run.warnings:
            said["warnings"] = run.warnings
        if question is not None:
            said["question"] = {"step": question.step, **plain(describe(question))}
            said["note"] = "ask the person, and pass what they say to sop_answer"
        elif end is None:
            which = "it" if begun.trial is None else "this is a dry run, which keeps nothing that it writes; it"
            said["note"] = f"{which} is still running; sop_wait waits for it, sop_cancel ends it"
        elif begun.status == DRY_RUN:
            said |= _promised(begun)
        elif isinstance(end.error, dict):
            error = end.error
            if error["code"] == "V0403":
                error = {**error, "hint": "run the script again, and answer sooner"}
            said["error"] = told_error(plain(error))
        if begun.status == DRY_RUN_FAILED:
            said["note"] = "this was the dry run, and it did not get to its end: nothing was written"
        return said


def as_text(answer: Any) -> str:
    """An answer as JSON gives it → as a person would write it."""
    return answer if isinstance(answer, str) else to_text(answer)


def _page(begun: AgentRun, after: int) -> dict[str, Any]:
    records, following = begun.lines.page(after)
    total = begun.lines.total
    said: dict[str, Any] = {"total": total, "records": records, "next": following}
    if after or following is not None:
        some = f"records {after + 1:,} to {after + len(records):,}" if after else f"{len(records):,}"
        more = f'; sop_rows(run="{begun.run.id}", after={following}) gives more' if following is not None else ""
        said["shown"] = f"{some} of {total:,}{more}"
    return said


def _promised(begun: AgentRun) -> dict[str, Any]:
    """What a dry run says of the run itself, and the `confirm` for it: `insert 13 rows into hr.payments`."""
    assert begun.trial is not None and begun.run.end is not None and begun.lines.end is not None
    changes = begun.lines.end["changes"]
    writes = begun.trial.linked.root.effects.writes
    home = writes[0].partition(".")[0] if writes else ""
    would = " and ".join(_change(each, home) for each in changes) or "change nothing"
    if begun.run.end.status == "waiting":
        would += ", then ask a question; what it changes after the answer is not known yet"
    said = {"changes": changes, "would": would}
    return said if begun.trial.confirm is None else {**said, "confirm": begun.trial.confirm()}


def _change(change: Mapping[str, Any], home: str) -> str:
    """A change of a dry run, in words. home: the database that it is in."""
    preposition = {"insert": "into", "upsert": "into", "update": "in", "delete": "from"}[change["command"]]
    rows = f"{change['rows']:,} row{'' if change['rows'] == 1 else 's'}"
    return f"{change['command']} {rows} {preposition} {home}.{change['store']}"


def _shown(script: ScriptTool, args: Mapping[str, Any]) -> str:
    """The arguments, for the person who is asked."""
    masked = mask_secrets(script.linked.root.module.signature, args)
    text = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in masked.items())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

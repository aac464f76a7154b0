"""A run's id and who asks → the run as this server runs it or as it is kept; answering its question, cancelling it."""

from __future__ import annotations

from asyncio import sleep
from typing import Any, Final

from msgspec import UNSET

from runtime.api import kept_runs
from runtime.api.audit import Who
from runtime.api.kept_runs import Found
from runtime.api.problems import HttpError
from runtime.api.runs import LiveRun
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.errors import Cancelled
from runtime.runs.answers import accepted
from runtime.runs.go_on import KeptRun, is_overdue, question

SETTLE_SECONDS: Final = 0.005


async def find_run(service: Service, token: Token, id_: str, *, own: bool = False) -> LiveRun | Found:
    """Find a run: as this server runs it, or as it is kept.

    Args:
        service: The service.
        token: Of the request.
        id_: The run's id.
        own: whoever started it needs no right to read.

    Raises:
        HttpError: S0202 without the right; S0110 when it does not exist or the token may not see it.
    """
    live = service.runs.get(id_)
    while live is not None and live.kept and live.waiting and service.runs.is_active(id_):
        await sleep(SETTLE_SECONDS)  # its thread is about to leave it, and its row says more then
        live = service.runs.get(id_)
    found: LiveRun | Found | None = live
    if live is None or (live.kept and not service.runs.is_active(id_)):
        found = await service.call(kept_runs.find, service.config, id_, None) or live
    owner = None
    if isinstance(found, LiveRun):
        owner, script = found.owner, found.script
    elif found is not None:
        owner, script = found.owner, found.row.script
    if own and (owner is None or owner.token != token.id):
        token.require("read")
    if found is None or owner is None or not kept_runs.sees(token, owner, script):
        raise HttpError(404, "S0110", f"there is no run {id_[:40]!r} here", "/runs lists those that are kept")
    return found


async def answer(service: Service, who: Who, run: LiveRun | Found, step: str | None, text: str) -> None:
    """Answer a run's question.

    Args:
        service: The service.
        who: Answers.
        run: The run.
        step: Where it has to ask; None for anywhere.
        text: The answer.

    Raises:
        SopError: The run does not wait, asks elsewhere, or the answer is not of the type; it waits on then.
    """
    if isinstance(run, LiveRun):
        run.answer(step, text)
    else:
        if run.row.status != "waiting":
            raise kept_runs.not_waiting(run.row.run)

        def given(kept: KeptRun) -> Any:
            require_write(who.token, kept)
            asked = question(kept)
            if step is not None and step != asked.step:
                message = f"the run {run.row.run} asks at step {asked.step}, not at {step}"
                raise HttpError(409, "S0111", message)
            value = accepted(asked, text)
            late[:] = [is_overdue(kept)]
            return UNSET if late[0] else value

        late: list[bool] = []
        await service.call(service.runner.go_on, run, ("waiting",), who, given)
        if late[0]:
            raise HttpError(409, "S0111", f"the time for an answer to the run {run.row.run} is over")
    note(service, who, "run-answered", run, step=step)


async def cancel(service: Service, who: Who, run: LiveRun | Found, reason: str) -> None:
    """Cancel a run that has not ended.

    Args:
        service: The service.
        who: Cancels it.
        run: The run.
        reason: Why, for its lines.
    """
    if isinstance(run, LiveRun):
        if not run.ended:
            note(service, who, "run-cancelled", run)
            run.cancel(reason)
    elif run.row.status not in ("ok", "cancelled"):
        await service.call(kept_runs.cancel, run)
        note(service, who, "run-cancelled", run)
        suspended = service.runs.wake(run.row.run)
        if suspended is not None:
            await service.call(service.runner.let_go, suspended, Cancelled("V0301", reason))


def require_write(token: Token, kept: KeptRun) -> None:
    """Check that the token may go on with a run.

    Raises:
        HttpError: S0202 when its script writes and the token only reads.
    """
    root = kept.linked.root
    if root.effects.writes and not token.may("write"):
        message = f"`{root.name}` writes {', '.join(root.effects.writes)}, and the token {token.name} only reads"
        raise HttpError(403, "S0202", message, "--rights …,write")


def note(service: Service, who: Who, event: str, run: LiveRun | Found, **more: Any) -> None:
    """Audit what was done with a run."""
    id_, script = (run.id, run.script) if isinstance(run, LiveRun) else (run.row.run, run.row.script)
    service.audit.note(event, who, run=id_, script=script, **more)

"""A loop that can be one statement → an attempt to do it so, or the loop as it is.

An attempt is a survey, and below a savepoint a look at the catalogue, a statement and the lines. When anything fails,
or the survey is not as it must be, the savepoint undoes it and the loop runs: so it is always the loop that says which
row fails, where and how.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from runtime.bytecode.module import Lift
from runtime.databases.protocol import SetSafe
from runtime.errors import DatabaseError, RunError
from runtime.values.types import INT_MAX
from runtime.vm.attempts import TRIES
from runtime.vm.backtrace import path_of
from runtime.vm.budget import BudgetError
from runtime.vm.machine import Machine
from runtime.vm.script import DataOp, LiftOp

FEW_ROWS: Final = 32  # below this many, the loop is as fast
LINES: Final = 8192  # that are written between two looks at the clock


class _Unlike(Exception):
    """The survey is not as it must be."""


def attempt(machine: Machine, op: LiftOp, params: Sequence[Any]) -> list[int] | None:
    """Do a loop as one statement.

    Args:
        machine: Its run.
        op: The loop.
        params: What the loop's query and its body take from outside; at the end, what totals begin with.

    Returns:
        The totals after the loop; None where it has to run as it is, and nothing has been done.

    Raises:
        SopError: The run has to end, its segment has to be run again, or an insert before the loop was refused.
    """
    survey = op.survey
    if survey is None or not machine.attempts.is_open(op) or machine.feeds_a_loop():
        return None
    if len(machine.stack) + op.depth > machine.budget.depth:
        return None
    data = machine.data
    database = data.databases.get(survey.name)
    if not isinstance(database, SetSafe):
        machine.attempts.waste(op, TRIES)
        return None
    data.flush_to(database)
    return _attempted(machine, op, database, params)


def _attempted(machine: Machine, op: LiftOp, database: SetSafe, params: Sequence[Any]) -> list[int] | None:
    data = machine.data
    try:
        found = data.survey(op, params)
    except (RunError, DatabaseError) as error:
        _unless_final(machine, error)
        machine.attempts.waste(op)
        return None
    if found["rows"] < FEW_ROWS:
        machine.attempts.waste(op)
        return None
    data.set_mark(database)
    try:
        if database.row_by_row(op.lift.use) is not None:
            machine.attempts.waste(op, TRIES)
            raise _Unlike
        totals = _totals(op.lift, found, params)
        changed = 0 if op.write is None else data.write_set(op, params)
        if op.write is not None and changed != found["changed"]:
            raise _Unlike
    except (RunError, DatabaseError, _Unlike) as error:
        _unless_final(machine, error)
        data.undo_mark(database)
        machine.attempts.waste(op)
        return None
    data.release_mark(database)
    if op.write is not None:
        data.count_set(op.write, changed)
        _say(machine, op.lift, op.write, changed)
    return totals


def _unless_final(machine: Machine, error: Exception) -> None:
    """Raise what the loop can't say better: the run's end, or an error for which the segment is run again."""
    over = machine.budget.over()
    if over is not None:
        raise over from error
    if isinstance(error, BudgetError) or (isinstance(error, DatabaseError) and machine.host.can_retry(error)):
        raise error


def _totals(lift: Lift, found: dict[str, Any], params: Sequence[Any]) -> list[int]:
    """What the totals are after the loop; _Unlike where the loop could fail on its way there."""
    if found["missing"]:
        raise _Unlike
    starts = params[len(params) - len(lift.totals) :]
    totals = []
    for total, start in zip(lift.totals, starts, strict=True):
        if type(start) is not int:
            raise _Unlike
        value, most = start, abs(start)
        for sum_, least, greatest in total.terms:
            if found[sum_] is None:
                continue
            if total.kind == "sum":
                value += found[sum_]
                most += found["rows"] * max(abs(found[least]), abs(found[greatest]))
            else:
                value = min(value, found[least]) if total.kind == "min" else max(value, found[greatest])
        if most > INT_MAX:
            raise _Unlike
        totals.append(value)
    return totals


def _say(machine: Machine, lift: Lift, write: DataOp, count: int) -> None:
    """The lines of the passes, each of which wrote one row."""
    within = path_of(machine.stack)
    for start in range(0, count, LINES):
        machine.budget.check()
        machine.output.commands(lift.use.step, within, write.mode, write.store, min(LINES, count - start))
        machine.output.tick()

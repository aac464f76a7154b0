"""Typed steps → their effects: stores read and written, questions, commits, calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from runtime.bytecode.module import Effects
from runtime.values.types import Type
from sopc.checker import typed
from sopc.checker.emitted import converted
from sopc.checker.env import ScriptState, World
from sopc.checker.lower_query import children


def expressions(step: typed.Step) -> Iterator[typed.Expr]:
    """The expressions of a step in the order of their evaluation, without those of steps inside it."""
    match step:
        case typed.SetVariable():
            yield from (part for part in step.target if isinstance(part, typed.Expr))
            yield step.value
        case typed.EmitRecord():
            yield step.value
        case typed.EmitQuery() | typed.ForQuery():
            yield from step.query.params
        case typed.EmitCall() | typed.ForCall() | typed.CallStep():
            yield from step.call.args
        case typed.Say():
            yield step.text
        case typed.WriteStep():
            yield from step.params
        case typed.Return():
            yield from () if step.value is None else (step.value,)
        case typed.Fail():
            yield step.message
        case typed.Assert() | typed.While():
            yield step.condition
            yield from (step.message,) if isinstance(step, typed.Assert) else ()
        case typed.AskStep():
            yield from (part for part in (step.question, step.choices, step.within, step.default) if part is not None)
        case typed.If():
            yield from (condition for condition, _ in step.branches)
        case typed.ForList():
            yield step.list
        case typed.ForRange():
            yield from (step.low, step.high)


def bodies(step: typed.Step) -> tuple[tuple[typed.Step, ...], ...]:
    """The blocks of steps inside a step."""
    match step:
        case typed.If():
            return (*(body for _, body in step.branches), step.otherwise)
        case typed.Try():
            return step.body, step.handler
        case typed.ForQuery() | typed.ForList() | typed.ForRange() | typed.ForCall():
            return (step.body,)
        case typed.While() | typed.Transaction():
            return (step.body,)
    return ()


def script_calls(expr: typed.Expr) -> Iterator[typed.ScriptCall]:
    """The script calls in an expression, inner ones first."""
    for child in children(expr):
        yield from script_calls(child)
    if isinstance(expr, typed.ScriptCall):
        yield expr


def calls_of(step: typed.Step) -> Iterator[typed.ScriptCall]:
    """The script calls of a step, in order, without those of steps inside it."""
    for expr in expressions(step):
        yield from script_calls(expr)
    if isinstance(step, typed.EmitCall | typed.ForCall | typed.CallStep):
        yield step.call


def every_step(steps: Iterable[typed.Step]) -> Iterator[typed.Step]:
    for step in steps:
        yield step
        for body in bodies(step):
            yield from every_step(body)


# ── of a script ────────────────────────────────────────────────────────────────────────────────────────────────


def own_effects(state: ScriptState, steps: Sequence[typed.Step]) -> Effects:
    """The effects of a script without those of its callees. calls: the scripts it calls."""
    all_steps = list(every_step(steps))
    return Effects(
        reads=tuple(sorted(state.reads)),
        writes=tuple(sorted(state.writes)),
        calls=tuple(sorted({call.signature.name for step in all_steps for call in calls_of(step)})),
        asks=any(isinstance(step, typed.AskStep) for step in all_steps),
        commits=any(isinstance(step, typed.Commit) for step in all_steps),
        emits=any(_emits(step) for step in all_steps),
        generator=not any(
            _emits(inner) for step in all_steps if _is_atomic(step) for inner in every_step(bodies(step)[0])
        ),
    )


def _emits(step: typed.Step) -> bool:
    return isinstance(step, typed.EmitRecord | typed.EmitQuery | typed.EmitCall)


def _is_atomic(step: typed.Step) -> bool:
    return isinstance(step, typed.Transaction | typed.Try)


def settle(world: World, names: Sequence[str]) -> None:
    """Add the effects of callees to scripts that may call one another, until nothing changes (a fixed point)."""
    changed = True
    while changed:
        changed = False
        for name in names:
            before = world.effects[name]
            after = before
            for callee in before.calls:
                after = _with(after, world.effects_of(callee))
            if after != before:
                world.effects[name] = after
                changed = True


def _with(effects: Effects, callee: Effects) -> Effects:
    return Effects(
        reads=tuple(sorted({*effects.reads, *callee.reads})),
        writes=tuple(sorted({*effects.writes, *callee.writes})),
        calls=effects.calls,
        asks=effects.asks or callee.asks,
        commits=effects.commits or callee.commits,
        emits=effects.emits or callee.emits,
        generator=effects.generator,
    )


# ── of a block: what decides how it is run ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Does:
    """What steps may do. ends: they may end a segment (ask, commit)."""

    writes: bool = False
    ends: bool = False

    def __or__(self, other: Does) -> Does:
        return Does(self.writes or other.writes, self.ends or other.ends)


def finished(world: World, steps: Sequence[typed.Step], emits: Type | None) -> tuple[tuple[typed.Step, ...], Does]:
    """Complete typed steps with what is known only after the effects of all scripts.

    Loops are spooled if their body writes, asks or commits; blocks know whether they write; emitted records are
    converted to the type that the script emits.

    Returns:
        The completed steps, and what they may do.
    """
    made, does = [], Does()
    for step in steps:
        done, step_does = _finish(world, step, emits)
        made.append(done)
        does |= step_does
    return tuple(made), does


def _finish(world: World, step: typed.Step, emits: Type | None) -> tuple[typed.Step, Does]:
    does = Does(writes=isinstance(step, typed.WriteStep), ends=isinstance(step, typed.AskStep | typed.Commit))
    for call in calls_of(step):
        effects = world.effects_of(call.signature.name)
        does |= Does(bool(effects.writes), effects.asks or effects.commits)
    inner = [finished(world, body, emits) for body in bodies(step)]
    for _, body_does in inner:
        does |= body_does
    match step:
        case typed.EmitRecord():
            step = converted(step, emits)
        case typed.ForQuery():
            body_does = inner[0][1]
            step = replace(step, body=inner[0][0], spool=body_does.writes or body_does.ends)
        case typed.ForList() | typed.ForRange() | typed.ForCall() | typed.While():
            step = replace(step, body=inner[0][0])
        case typed.Transaction():
            step = replace(step, body=inner[0][0], writes=inner[0][1].writes)
        case typed.Try():
            step = replace(step, body=inner[0][0], handler=inner[1][0], writes=inner[0][1].writes)
        case typed.If():
            branches = tuple((condition, body) for (condition, _), (body, _) in zip(step.branches, inner, strict=False))
            step = replace(step, branches=branches, otherwise=inner[-1][0])
    return step, does

"""Typed steps, along every path of control flow → findings on unreachable steps, missing returns, asks and commits.

A path carries whether writes may be uncommitted. A loop's body is checked twice if its first pass changes the state in
which the second begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sopc.checker import typed
from sopc.checker.effects import calls_of, expressions, script_calls
from sopc.checker.env import ScriptState
from sopc.checker.report import Place, quoted


@dataclass(frozen=True)
class Path:
    """The possible state at a point of the script. dirty: writes may be uncommitted."""

    dirty: bool


@dataclass
class _Loop:
    """The paths that leave a loop early, and those that start its next pass."""

    breaks: list[Path] = field(default_factory=list)
    continues: list[Path] = field(default_factory=list)


def _met(*paths: Path | None) -> Path | None:
    """Merges paths; None if no path gets there."""
    live = [path for path in paths if path is not None]
    return Path(any(path.dirty for path in live)) if live else None


class Flow:
    """Checks one script. home: the database it writes, set at the first write."""

    def __init__(self, state: ScriptState) -> None:
        self.state = state
        self.findings = state.world.findings
        self.home: str | None = None
        self.loops: list[_Loop] = []
        self.atomic: str | None = None

    def script(self, steps: tuple[typed.Step, ...], place: Place) -> None:
        """Check a whole script. place: of its head, where a missing return is reported."""
        end = self._block(steps, Path(False))
        self.findings.sentence = None
        if end is not None and self.state.returns.name != "null":
            message = f"`{self.state.name}` can end without returning {self.state.returns}"
            self.findings.add("E0502", message, place, "a `return` at its end, or in each branch")

    def _error(self, code: str, message: str, step: typed.Step, place: Place, hint: str) -> None:
        self.findings.sentence = step.sentence
        self.findings.add(code, message, place, hint)

    def _block(self, steps: tuple[typed.Step, ...], path: Path | None) -> Path | None:
        before: typed.Step | None = None
        for step in steps:
            if path is None:
                if before is not None:
                    word = _leaves(before)
                    self._error("E0501", f"this step is never reached, because {word}", step, step.span, "leave it out")
                return None
            path = self._step(step, path)
            before = step
        return path

    def _step(self, step: typed.Step, path: Path) -> Path | None:
        if isinstance(step, typed.If):
            return self._if(step, path)
        if isinstance(step, typed.While):
            return self._while(step, path)
        if isinstance(step, typed.ForQuery | typed.ForList | typed.ForRange | typed.ForCall):
            return self._for(step, path)
        for call in calls_of(step):
            path = self._call(step, call, path)
        match step:
            case typed.WriteStep():
                self._write(step, step.write.database)
                return Path(True)
            case typed.EmitCall():
                self._generator(step, step.call)
            case typed.AskStep():
                return self._ask(step, path)
            case typed.Commit():
                if self.atomic is not None:
                    hint = f"`commit` after the {self.atomic}"
                    self._error("E0506", f"`commit` can't stand inside a `{self.atomic}`", step, step.span, hint)
                return Path(False)
            case typed.Return() | typed.Fail():
                return None
            case typed.Break() | typed.Continue():
                if self.loops:
                    loop = self.loops[-1]
                    (loop.breaks if isinstance(step, typed.Break) else loop.continues).append(path)
                return None
            case typed.Transaction():
                return self._in_atomic_block("transaction", step.body, path)
            case typed.Try():
                return self._try(step, path)
        return path

    # ── one step ───────────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self, step: typed.AskStep, path: Path) -> Path:
        if self.atomic is not None:
            hint = f"`ask` before the {self.atomic}"
            self._error("E0505", f"`ask` can't stand inside a `{self.atomic}`", step, step.span, hint)
        elif path.dirty:
            message = "this question could come after uncommitted writes, which its answer could not undo"
            self._error("E0508", message, step, step.span, "`commit` before the `ask`")
        return Path(False)

    def _call(self, step: typed.Step, call: typed.ScriptCall, path: Path) -> Path:
        """Checks a call, and changes the path by its effects."""
        name = call.signature.name
        effects = self.state.world.effects_of(name)
        if effects.commits:
            hint = "without `commit` in it, all its writes are committed with those of its caller"
            self._error("E0507", f"`{name}` commits, so it can't be called by another script", step, call.span, hint)
        elif effects.asks and self.atomic is not None:
            hint = f"call it before the {self.atomic}"
            message = f"`{name}` asks a question, which can't be inside a `{self.atomic}`"
            self._error("E0505", message, step, call.span, hint)
        elif effects.asks and path.dirty:
            message = f"`{name}` asks a question, which could come after uncommitted writes"
            self._error("E0508", message, step, call.span, f"`commit` before the call of {quoted(name)}")
        for written in effects.writes:
            self._write(step, written.partition(".")[0], call)
        return Path(bool(effects.writes) or (path.dirty and not effects.asks))

    def _write(self, step: typed.Step, database: str, call: typed.ScriptCall | None = None) -> None:
        if self.home is None:
            self.home = database
        elif self.home != database:
            what = f"`{call.signature.name}` writes {database}" if call is not None else f"this writes {database}"
            message = f"{what}, but the script writes {self.home} already, and a run writes one database"
            place = call.span if call is not None else step.span
            self._error("E0512", message, step, place, "a script for each database, run one after the other")

    def _generator(self, step: typed.Step, call: typed.ScriptCall) -> None:
        effects = self.state.world.effects_of(call.signature.name)
        if not effects.generator:
            name = call.signature.name
            message = f"`{name}` emits inside a `transaction` or `try`, so its records can't be taken one by one"
            self._error("E0509", message, step, call.span, "`emit` after the block, or `call` it")

    # ── blocks ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _if(self, step: typed.If, path: Path) -> Path | None:
        ends = []
        current = path
        for condition, body in step.branches:
            for call in script_calls(condition):
                current = self._call(step, call, current)
            ends.append(self._block(body, current))
        ends.append(self._block(step.otherwise, current))
        return _met(*ends)

    def _while(self, step: typed.While, path: Path) -> Path | None:
        forever = isinstance(step.condition, typed.Const) and step.condition.value is True

        def head(current: Path) -> Path:
            for call in script_calls(step.condition):
                current = self._call(step, call, current)
            return current

        end, breaks = self._rounds(step.body, path, head)
        return _met(*breaks) if forever else _met(end, *breaks)

    def _for(self, step: typed.ForQuery | typed.ForList | typed.ForRange | typed.ForCall, path: Path) -> Path | None:
        for expr in expressions(step):
            for call in script_calls(expr):
                path = self._call(step, call, path)
        if isinstance(step, typed.ForCall):
            self._generator(step, step.call)

        def head(current: Path) -> Path:
            return self._call(step, step.call, current) if isinstance(step, typed.ForCall) else current

        end, breaks = self._rounds(step.body, path, head)
        return _met(end, *breaks)

    def _rounds(
        self, body: tuple[typed.Step, ...], path: Path, head: Callable[[Path], Path]
    ) -> tuple[Path, list[Path]]:
        """The paths on which a loop ends, at its head or by a break, after one and after more passes."""
        breaks: list[Path] = []
        while True:
            begun = head(path)
            self.loops.append(_Loop())
            end = self._block(body, begun)
            loop = self.loops.pop()
            breaks.extend(loop.breaks)
            following = _met(begun, end, *loop.continues) or begun
            if (
                following == path
            ):  # a second pass through each of many nested loops would double the work at every level
                return head(following), breaks
            path = following

    def _in_atomic_block(self, word: str, body: tuple[typed.Step, ...], path: Path) -> Path | None:
        outer, self.atomic = self.atomic, word
        try:
            return self._block(body, path)
        finally:
            self.atomic = outer

    def _try(self, step: typed.Try, path: Path) -> Path | None:
        end = self._in_atomic_block("try", step.body, path)
        # An error undoes the writes of the body, so the handler begins in the state in which the body began.
        handled = self._block(step.handler, path)
        return _met(end, handled)


def _leaves(step: typed.Step) -> str:
    """The reason why the step after this one is unreachable."""
    match step:
        case typed.Return():
            return "the script returns before it"
        case typed.Fail():
            return "the script fails before it"
        case typed.Break():
            return "`break` leaves the loop before it"
        case typed.Continue():
            return "`continue` starts the next round before it"
        case typed.While():
            return "the loop before it never ends"
    return "every way through the step before it leaves"

"""Steps → lines of English, with the step numbers of messages and traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

from runtime.values.functions import FUNCTIONS
from sopc.explainer.expressions import PHRASE
from sopc.explainer.phrases import listed, name, owned, type_words
from sopc.explainer.queries import Queries
from sopc.tree import nodes


@dataclass(frozen=True)
class Line:
    """One line of an explanation.

    step: the path, "" for a line such as `Otherwise:`, which is no step. depth: of its block. sentence: the number of
    its author's sentence, else that of the enclosing step. parts: the stages of a query too long for the line.
    """

    step: str
    depth: int
    sentence: int | None
    text: str
    parts: tuple[str, ...] = ()


_LONG: Final = 120


class Steps(Queries):
    """Puts steps into words. Variables are visible to the end of their block."""

    def block(
        self, steps: tuple[nodes.AnyStep, ...], prefix: str, depth: int, sentence: int | None, first: int = 1
    ) -> Iterator[Line]:
        outer = dict(self.variables)
        for number, step in enumerate(steps, first):
            yield from self._step(step, f"{prefix}{number}", depth, sentence)
        self.variables = outer

    def _step(self, step: nodes.AnyStep, path: str, depth: int, around: int | None) -> Iterator[Line]:
        sentence = step.sentence or around

        def line(text: str) -> Line:
            return Line(path, depth, sentence, text)

        def inner(steps: tuple[nodes.AnyStep, ...], first: int = 1, variable: str | None = None) -> Iterator[Line]:
            outer = dict(self.variables)
            if variable is not None:
                self._bind(variable)
            if steps:
                yield from self.block(steps, f"{path}.", depth + 1, sentence, first)
            else:
                yield Line("", depth + 1, sentence, "Nothing.")
            self.variables = outer

        def also(text: str, steps: tuple[nodes.AnyStep, ...]) -> Line:
            return Line("", depth, (steps[0].sentence if steps else None) or sentence, text)

        match step:
            case nodes.If():
                first = 1
                for place, branch in enumerate(step.branches):
                    condition = self.condition(branch.condition)
                    text = f"{'Otherwise, if' if place else 'If'} {condition}:"
                    yield also(text, branch.steps) if place else line(text)
                    yield from inner(branch.steps, first)
                    first += len(branch.steps)
                if step.otherwise is not None:
                    yield also("Otherwise:", step.otherwise)
                    yield from inner(step.otherwise, first)
            case nodes.ForEach():
                yield self._split(line(f"For each {name(step.name)} {self._items(step)}:"), step.query)
                yield from inner(step.steps, variable=step.name)
            case nodes.While():
                endless = isinstance(step.condition, nodes.BoolLiteral) and step.condition.value
                until = "until the loop is left" if endless else f"as long as {self.condition(step.condition)}"
                yield line(f"Again and again, {until}:")
                yield from inner(step.steps)
            case nodes.Transaction():
                yield line("All of this or nothing:")
                yield from inner(step.steps)
            case nodes.Try():
                yield line("Try this:")
                yield from inner(step.steps)
                text = f"If it fails, undo what it changed, call the error {name(step.name)}, and:"
                yield also(text, step.handler)
                yield from inner(step.handler, len(step.steps) + 1, step.name)
            case _:
                query = step.query if isinstance(step, nodes.Emit | nodes.NameQuery | nodes.Insert) else None
                yield self._split(line(self._simple(step)), query)
                if isinstance(step, nodes.Let):
                    self._bind(step.name, step.declared.name if step.declared else self.kind(step.value))
                elif isinstance(step, nodes.Ask):
                    self._bind(step.name, step.answer.name)
                elif isinstance(step, nodes.NameQuery):
                    self._bind(step.name)

    def _bind(self, variable: str, kind: str = "") -> None:
        self.variables[variable] = name(variable)
        self.types[variable] = kind

    def _split(self, line: Line, query: nodes.Query | None) -> Line:
        """The line; a query of several stages that is too long for it becomes one part for each stage."""
        if query is None or len(query.stages) < 3 or len(line.text) <= _LONG:
            return line
        head, *parts = self.stages(query)
        text = line.text.replace(self.query(query), head, 1)
        return replace(line, text=f"{text[:-1]}:", parts=tuple(parts))

    def _items(self, step: nodes.ForEach) -> str:
        if step.query is not None:
            return f"of {self.query(step.query)}"
        if step.range is not None:
            return f"from {self.say(step.range.low, PHRASE)} to {self.say(step.range.high, PHRASE)}"
        assert step.value is not None  # one of the three
        if _is_script(step.value):
            return f"that {self._run(step.value)} shows"
        return f"of what is in {self.atom(step.value)}"

    # ── steps without a block ──────────────────────────────────────────────────────────────────────────────────

    def _simple(self, step: nodes.AnyStep) -> str:
        match step:
            case nodes.Let():
                declared = "" if step.declared is None else f" ({type_words(step.declared)})"
                return f"Let {name(step.name)}{declared} be {self.say(step.value, PHRASE)}."
            case nodes.Assign():
                return f"Change {self._target(step)} to {self.say(step.value, PHRASE)}."
            case nodes.Emit():
                return self._emit(step)
            case nodes.Say():
                return f"Say {self.say(step.text)}."
            case nodes.Insert():
                return self._insert(step)
            case nodes.Update():
                return self._update(step)
            case nodes.Delete():
                return f"Delete {self._written(step)}."
            case nodes.Return():
                return "End here." if step.value is None else f"End here and give back {self.say(step.value, PHRASE)}."
            case nodes.Fail():
                return f"Stop as failed, with the message {self.say(step.message)}."
            case nodes.Assert():
                condition = self.condition(step.condition)
                return f"Stop as failed, with the message {self.say(step.message, PHRASE)}, unless {condition}."
            case nodes.Commit():
                return "Keep for good what has been changed so far."
            case nodes.Break():
                return "Leave the loop."
            case nodes.Continue():
                return "Go on with the next round of the loop."
            case nodes.NameQuery():
                return f"Let {name(step.name)} stand for {self.query(step.query)}; looked up each time it is used."
            case nodes.Ask():
                return self._ask(step)
            case nodes.CallStep():
                return f"Run {self._run(step.call)}."
        raise AssertionError(f"a step without words: {step!r}")  # a test goes through every kind

    def _target(self, step: nodes.Assign) -> str:
        text = self.variables.get(step.name, name(step.name))
        indexed = False
        for part in step.path:
            base = f"({text})" if indexed else text
            if isinstance(part, str):
                text, indexed = f"{owned(base)} {name(part)}", False
            else:
                text, indexed = f"item {self.atom(part)} (counted from 0) of {base}", True
        return text

    def _emit(self, step: nodes.Emit) -> str:
        named = "" if step.name is None else f", as {name(step.name)}"
        if step.query is not None:
            return f"Show {self.query(step.query)}{named}."
        assert step.value is not None  # one of the two
        if named:
            return f"Show {self.say(step.value, PHRASE)}{named}."
        if isinstance(step.value, nodes.RecordExpr):
            return f"Show a row with {self._record(step.value)}."
        if _is_script(step.value):
            return f"Show all that {self._run(step.value)} shows."
        return f"Show {self.say(step.value, PHRASE)}."

    def _run(self, call: nodes.CallExpr) -> str:
        if call.distinct or call.over is not None:  # no call of a script, but a tree may hold one
            return self.say(call)
        return f"{name(call.name)} {self.arguments(call.args)}".rstrip()

    def _record(self, record: nodes.RecordExpr) -> str:
        fields = [f"{name(field.name)} = {self.say(field.value, PHRASE)}" for field in record.fields]
        return "; ".join(fields) if fields else "no fields"

    def _insert(self, step: nodes.Insert) -> str:
        store = self.store(step.database, step.store)
        if step.command == "upsert":
            keys = listed([name(key) for key in step.keys])
            head = f"Change the row of {store} that has the same {keys}, or add one where there is none"
        else:
            head = f"Add to {store}"
        if step.record is not None:
            return f"{head}: {self._record(step.record)}."
        if step.query is not None:
            return f"{head}, for each row of {self.query(step.query)}."
        assert step.list_ is not None  # one of the three
        return f"{head}, for each item of {self.atom(step.list_)}."

    def _update(self, step: nodes.Update) -> str:
        changes = [f"{name(each.name)} becomes {self.of_row(each.value)}" for each in step.assignments]
        return f"Change {self._written(step)}: {'; '.join(changes)}."

    def _written(self, step: nodes.Update | nodes.Delete) -> str:
        """The words for the rows that an update or delete changes."""
        store = self.store(step.database, step.store)
        if step.where is None or (isinstance(step.where, nodes.BoolLiteral) and step.where.value):
            return f"every row of {store}"
        return f"the rows of {store} where {self.in_rows(step.where)}"

    def _ask(self, step: nodes.Ask) -> str:
        text = f"Ask {self.say(step.question)} and call the answer {name(step.name)} ({type_words(step.answer)}"
        if step.choices is not None:
            text += f"; one of {self.atom(step.choices)}"
        if step.within is not None:
            text += f"; within {self.atom(step.within)}"
        if step.default is not None:
            text += f"; without an answer, {self.atom(step.default)}"
        return text + ")."


def _is_script(node: nodes.Expr) -> TypeGuard[nodes.CallExpr]:
    return isinstance(node, nodes.CallExpr) and node.name not in FUNCTIONS and not node.distinct and node.over is None


def steps_of(
    script: nodes.Script, kinds: Mapping[str, str] | None = None, optional: frozenset[str] = frozenset()
) -> tuple[Line, ...]:
    """Put the steps of a script into words. kinds, optional: as in `Expressions`."""
    speaker = Steps(kinds, optional)
    speaker.variables = {param.name: f"the given {name(param.name)}" for param in script.params}
    speaker.types = {param.name: param.type.name for param in script.params}
    return tuple(speaker.block(script.steps, "", 0, None))

"""A recording and a person's next action → the changed recording, with the lines the action gave.

Steps that took effect are kept. Failed steps, looks at the data and undone steps leave nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec

from runtime.bytecode.module import Effects
from runtime.config import Config
from runtime.databases.protocol import Database
from runtime.errors import SopError, UsageError
from runtime.library.records import Entry
from runtime.library.store import Library
from runtime.output.sink import ClosedPipe
from runtime.record import literals
from runtime.record.program import Group, calls_scripts, groups_of, renumbered, script_of, sentence_count
from runtime.record.reading import as_sentence, is_english, used_names
from runtime.record.replay import Allow, Replayed, replay
from runtime.record.session import Parameter, Session, State, Step
from runtime.runs.answers import Prompt
from runtime.runs.run import RunOptions
from runtime.vm.output import Output
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.syntax.format import format_script, format_step
from sopc.syntax.steps import parse_steps
from sopc.tree import nodes
from sopc.workflow.answers import Answers, NeedsAnswer
from sopc.workflow.prepared import NOWHERE
from sopc.workflow.prepared import Options as Translation
from sopc.workflow.recording import recorded
from sopc.workflow.sources import prepare
from sopc.workflow.stored import Consents, NeedsYes

EVERYWHERE: Final = "*"


class Taken(NamedTuple):
    """A step that was done.

    Attributes:
        number: of the step; None when it was not recorded (a look, or while paused).
        code: its DSL.
        warnings: about its sentences and their translation, as texts.
    """

    number: int | None
    code: str
    warnings: tuple[str, ...] = ()


class Stopped(NamedTuple):
    """The script that a recording became.

    Attributes:
        effects: of the script.
        text: its DSL.
    """

    entry: Entry
    effects: Effects
    text: str


class Recorder:
    """One recording under way.

    Every method raises CompileError for steps that don't compile and SopError for steps that fail; the recording is
    then unchanged.

    Attributes:
        keep: called with the session after every change.
        databases: database name → a new connection, which the caller closes.
        translation: how English steps are translated.
        options: limits of a step's run.
        compiling: a lock held while compiling, because the compiler runs on one thread at a time.
        allow: raises if the user may not run this module (or store it, with True).
        sees: whether the user may call a script of this name; None allows all.
    """

    def __init__(
        self,
        session: Session,
        config: Config,
        library: Library,
        databases: Callable[[str], Database],
        keep: Callable[[Session], None],
        *,
        translation: Translation | None = None,
        options: RunOptions | None = None,
        compiling: AbstractContextManager[Any] | None = None,
        allow: Allow | None = None,
        sees: Callable[[str], bool] | None = None,
    ) -> None:
        self.session = session
        self._config = config
        self._library = library
        self._databases = databases
        self._keep = keep
        self._translation = translation or Translation()
        self._options = options
        self._compiling = compiling or nullcontext()
        self._allow = allow
        self._sees = sees

    def _context(self) -> Context:
        return Context(self._config, self._library, self._sees)

    # ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────

    def step(
        self,
        text: str,
        output: Output,
        *,
        answers: Sequence[str | None] = (),
        prompt: Prompt | None = None,
        meanings: Mapping[str, str] = {},
    ) -> Taken:
        """Do a step, in DSL or English, after the recorded ones.

        Args:
            answers: to the questions that the step asks, in order.
            meanings: answers to what its sentences leave open, by sentence number in this text.

        Raises:
            replay.Unanswered: when it asks, and neither `answers` nor a prompt answers.
        """
        with self._context() as context:
            with self._compiling:
                step, parameters, warnings = self._read(text, self.session.state, context, meanings)
                state = State((*self.session.steps, step), parameters)
                groups = groups_of(state)
            number = len(groups)
            needed = [group for group in groups[:-1] if not group.only_shows]
            replayed = self._replay(
                state, [*needed, groups[-1]], context, output=output, shown_from=number, answers=answers, prompt=prompt
            )
        if self.session.paused:
            return Taken(None, step.code, warnings)
        self._change(State((*self.session.steps, _with_told(step, replayed, number)), parameters))
        return Taken(number, step.code, warnings)

    def look(self, text: str, output: Output, *, meanings: Mapping[str, str] = {}) -> Taken:
        """Answer a question about the data as the recording sees it: a query, an expression, or English.

        Args:
            meanings: as for `step`.

        Raises:
            UsageError: C0303 for a text that would do more than look.
        """
        with self._context() as context:
            with self._compiling:
                steps, warnings = self._question(text, context, meanings)
                group = Group(len(self.session.steps) + 1, steps)
                self._only_looks(group)
                groups = groups_of(self.session.state)
            needed = [each for each in groups if not each.only_shows]
            self._replay(self.session.state, [*needed, group], context, output=output, shown_from=group.number)
        return Taken(None, "".join(map(format_step, group.steps)), warnings)

    def _question(
        self, text: str, context: Context, meanings: Mapping[str, str]
    ) -> tuple[tuple[nodes.AnyStep, ...], tuple[str, ...]]:
        """The steps that answer a question, and warnings: a query or an expression as a step that shows it, else steps
        as written or translated."""
        if text.lstrip().startswith("from "):
            return parse_steps(f"emit {text}"), ()
        for wrapped in (f"emit {{ value: {text}\n}}", text):
            with suppress(CompileError):
                return parse_steps(wrapped), ()
        code, _, warnings = self._translated(text, self.session.state, context, meanings)
        return parse_steps(code), warnings

    def _only_looks(self, group: Group) -> None:
        allowed = nodes.Emit | nodes.Say | nodes.Let | nodes.NameQuery
        if not all(isinstance(step, allowed) for step in group.steps) or not group.steps or calls_scripts(group.steps):
            raise UsageError("C0303", "a look changes nothing, and this would do more", "without ? it is a step")

    # ── changes of earlier steps: all steps are run again ───────────────────────────────────

    def undo(self) -> None:
        """Undo the latest change."""
        self._save(self.session.undone())

    def drop(self, number: int) -> None:
        """Remove a step."""
        index = self.session.index(number)
        steps = self.session.steps
        self._redo(steps[:index] + steps[index + 1 :], self.session.state.parameters)

    def move(self, number: int, to: int) -> None:
        """Move a step to another place."""
        index, target = self.session.index(number), self.session.index(to)
        steps = list(self.session.steps)
        steps.insert(target, steps.pop(index))
        self._redo(tuple(steps), self.session.state.parameters)

    def edit(self, number: int, text: str, *, prompt: Prompt | None = None, meanings: Mapping[str, str] = {}) -> Taken:
        """Replace a step."""
        index = self.session.index(number)
        steps = self.session.steps
        with self._compiling, self._context() as context:
            before = State(steps[:index], self.session.state.parameters)
            step, parameters, warnings = self._read(text, before, context, meanings)
        self._redo((*steps[:index], step, *steps[index + 1 :]), parameters, prompt=prompt)
        return Taken(number, step.code, warnings)

    def parameter(self, place: str, what: str, name: str) -> Parameter:
        """Make a value a parameter, with the value as its default.

        Args:
            place: the number of a step, or `*` for all.
            what: the value as written, the field it is compared with, or `value` for the only one.

        Raises:
            UsageError: C0307 when that matches no value or several.
        """
        steps = self.session.steps
        places = range(len(steps)) if place == EVERYWHERE else [self.session.index(_number(place))]
        with self._compiling:
            groups = [parse_steps(step.code) for step in steps]
        found = literals.meant([inner for index in places for inner in groups[index]], what)
        if len(found) != 1:
            raise _not_one_value(place, what, found, [inner for index in places for inner in groups[index]])
        made = literals.parameter_of(name, found[0])
        known = {parameter.name: parameter for parameter in self.session.state.parameters}
        if known.get(name, made) != made:
            message = f"there is a parameter {name} already, and its value is {known[name].default}"
            raise UsageError("C0307", message, "another name")
        with self._context() as context:
            if name in _field_names(context):
                message = f"{name} is the name of a field, and would mean both"
                raise UsageError("C0307", message, f"/param {place}.{what} as the_{name}")
        changed = list(steps)
        for index in places:
            inner = literals.replaced(groups[index], found[0], name)
            changed[index] = msgspec.structs.replace(steps[index], code="".join(map(format_step, inner)))
        self._redo(tuple(changed), tuple({**known, name: made}.values()))
        return made

    def give(self, name: str, value: str) -> None:
        """Give a value to a parameter that sentences name without one ("a given department"). It becomes the
        default."""
        self._save(msgspec.structs.replace(self.session, given={**self.session.given, name: value}))

    def offers(self) -> list[str]:
        """Values that appear more than once, and so may be parameters."""
        with self._compiling:
            return literals.repeated([step for group in groups_of(self.session.state) for step in group.steps])

    def pause(self) -> None:
        """Run steps without recording them, until `resume`."""
        self._save(msgspec.structs.replace(self.session, paused=True))

    def resume(self) -> None:
        self._save(msgspec.structs.replace(self.session, paused=False))

    # ── the end ────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self) -> str:
        """The program so far, as DSL."""
        with self._compiling, self._context() as context:
            return format_script(self._script(context))

    def stop(self, *, anyway: bool = False) -> Stopped:
        """Store the script, after a run of it (rolled back) gave what was recorded.

        Args:
            anyway: store it also when the run gave something else.

        Raises:
            SopError: C0308 when the run gave something else, because the data changed since.
            UsageError: C0304 when nothing is recorded.
        """
        self.session.index(1)
        with self._context() as context:
            with self._compiling:
                script = self._script(context)
                source = self._source(script)
                compiled = pipeline.compile_source(source, context)
                provenance = msgspec.structs.replace(pipeline.provenance_of(source), translator="recording")
                if self._allow is not None:
                    self._allow(compiled.modules[0], True)
                items = compiled.items(provenance)
                groups = groups_of(self.session.state)
            if not anyway:
                self._prove(groups, context)
            with self._compiling:
                pipeline.generate_sql(compiled.modules, items, context)
            (entry,) = pipeline.store(items, self._library)
        return Stopped(entry, compiled.modules[0].effects, format_script(script))

    def _prove(self, groups: Sequence[Group], context: Context) -> None:
        replayed = self._replay(self.session.state, groups, context)
        for number, step in enumerate(self.session.steps, 1):
            told = replayed.told[number]
            if (told.lines, told.hex_digest) != (step.lines, step.digest):
                what = f"{told.lines} lines instead of {step.lines}" if told.lines != step.lines else "other lines"
                raise SopError(
                    "C0308",
                    f"step {number} gives {what} now: the data changed since it was recorded",
                    "`/stop anyway` stores the script; `/edit` does a step anew",
                )

    # ── how steps are read and done ──────────────────────────────────────────────────────────────────────────────

    def _read(
        self, text: str, before: State, context: Context, meanings: Mapping[str, str]
    ) -> tuple[Step, tuple[Parameter, ...], tuple[str, ...]]:
        """The steps that a text means, the parameters including new ones, and warnings."""
        if not text.strip():
            raise UsageError("C0303", "an empty text is no step", "a step in DSL or an English sentence")
        try:
            steps = parse_steps(text)
        except CompileError:
            if not is_english(text):
                raise
            code, parameters, warnings = self._translated(text, before, context, meanings)
            return Step(text=text.strip(), code=code, english=True), parameters, warnings
        if not steps:
            raise UsageError("C0303", "a comment alone is no step", "a step in DSL or an English sentence")
        return Step(text=text.strip(), code="".join(map(format_step, steps))), before.parameters, ()

    def _translated(
        self, text: str, before: State, context: Context, meanings: Mapping[str, str]
    ) -> tuple[str, tuple[Parameter, ...], tuple[str, ...]]:
        """Translate sentences that come after those recorded.

        Returns:
            Their DSL with sentences numbered from 1, the parameters, and warnings.

        Raises:
            NeedsAnswer: T0210 for what they leave open.
            NeedsYes: C0108 for a write that they do not ask for.
        """
        earlier = [as_sentence(step.text) for step in before.steps if step.english]
        source = Source(f"{self.session.name}.txt", "\n\n".join([*earlier, as_sentence(text)]))
        known = sentence_count(before)
        given = Answers({_counted(number, known): answer for number, answer in meanings.items()})
        try:
            prepared = prepare(source, context, replace(self._translation, answers=given), NOWHERE, kind="english")
        except NeedsAnswer as error:
            if error.question is not None:
                error.question = replace(error.question, sentence=max(0, error.question.sentence - known))
            raise
        given.check_used()
        if not Consents(yes=True).cover(prepared):
            refused = NeedsYes([prepared])
            refused.hint = "say in the sentence what it changes, or write the step in the language"
            raise refused
        script = prepared.compiled.file.scripts[0]
        warnings = tuple(
            str(warned._replace(sentence=warned.sentence - known))
            for warned in prepared.warnings
            if warned.sentence > known
        )
        new = [step for step in script.steps if (step.sentence or 0) > known]
        if not new:
            message = "this sentence changes the step before it, and does nothing by itself"
            raise UsageError("C0303", message, "`/edit N` with both sentences in one")
        parameters = {parameter.name: parameter for parameter in before.parameters}
        for node in script.params:
            if node.name not in parameters:
                parameters[node.name] = self._given(node)
        shifted = [renumbered(step, -known) for step in new]
        return "".join(map(format_step, shifted)), tuple(parameters.values()), warnings

    def _given(self, node: nodes.ParameterNode) -> Parameter:
        from sopc.syntax import print_expr

        type_ = print_expr.type_name(node.type)
        if node.name in self.session.given:
            value = self.session.given[node.name]
            quoted = type_.startswith("text") and not value.startswith('"')
            return Parameter(node.name, type_, f'"{value}"' if quoted else value)
        if node.default is not None:
            return Parameter(node.name, type_, print_expr.expr(node.default))
        message = f"the sentence speaks of a parameter {node.name}, and nothing says what it is"
        raise UsageError("C0309", message, f"/given {node.name}=VALUE, then the sentence again")

    def _script(self, context: Context) -> nodes.Script:
        """The script as it will be stored, with the databases it really uses."""
        steps = [step for group in groups_of(self.session.state) for step in group.steps]
        parameters = self.session.state.parameters
        whole = script_of(self.session.name, parameters, self._uses(context), steps)
        compiled = pipeline.compile_source(Source(f"{self.session.name}.sop", format_script(whole)), context)
        effects = compiled.modules[0].effects
        used = {store.partition(".")[0] for store in (*effects.reads, *effects.writes)}
        uses = tuple(name for name in whole.uses if name in used)
        return whole.model_copy(update={"uses": used_names(uses)})

    def _source(self, script: nodes.Script) -> Source:
        """The script as a .sop file; its header holds the sentences."""
        english = "\n\n".join(as_sentence(step.text) for step in self.session.steps if step.english)
        return recorded(self.session.name, format_script(script), english)

    def _uses(self, context: Context) -> tuple[str, ...]:
        if self.session.uses:
            return self.session.uses
        schemas = pipeline.usable_schemas(context)
        return pipeline.names_with_stores(schemas)

    def _replay(
        self,
        state: State,
        groups: Sequence[Group],
        context: Context,
        *,
        output: Output | None = None,
        shown_from: int = 1,
        answers: Sequence[str | None] = (),
        prompt: Prompt | None = None,
    ) -> Replayed:
        """Run these steps; raises the error that ended them early."""
        given: dict[int, Sequence[str | None]] = {n: step.answers for n, step in enumerate(state.steps, 1)}
        if answers:
            given[len(state.steps)] = answers
        replayed = replay(
            self.session.name,
            state.parameters,
            self._uses(context),
            groups,
            context,
            self._library,
            self._databases,
            output=output,
            shown_from=shown_from,
            answers=given,
            prompt=prompt,
            options=self._options,
            compiling=self._compiling,
            allow=self._allow,
        )
        error = replayed.outcome.error
        if error is None and replayed.outcome.status == "cancelled":
            raise ClosedPipe
        if error is not None:
            if replayed.failed_at < len(state.steps):
                message = f"step {replayed.failed_at}, done again: {error.message}"
                raise SopError(error.code, message, error.hint) from error
            raise error
        return replayed

    def _redo(
        self, steps: tuple[Step, ...], parameters: tuple[Parameter, ...], *, prompt: Prompt | None = None
    ) -> None:
        """Run all changed steps to check that they still fit together; then they become the recording."""
        state = State(steps, parameters)
        if steps:
            with self._context() as context:
                with self._compiling:
                    groups = groups_of(state)
                replayed = self._replay(state, groups, context, prompt=prompt)
            steps = tuple(_with_told(step, replayed, number) for number, step in enumerate(steps, 1))
        self._change(State(steps, parameters))

    def _change(self, state: State) -> None:
        self._save(self.session.changed(state))

    def _save(self, session: Session) -> None:
        self._keep(session)
        self.session = session


def _with_told(step: Step, replayed: Replayed, number: int) -> Step:
    told = replayed.told[number]
    return msgspec.structs.replace(step, lines=told.lines, digest=told.hex_digest, answers=tuple(told.answers))


def _number(place: str) -> int:
    try:
        return int(place)
    except ValueError:
        raise UsageError("C0307", f"{place} is no step", "/param 2.150000 as floor") from None


def _field_names(context: Context) -> set[str]:
    return {
        field.name
        for schema in pipeline.usable_schemas(context).values()
        for store in schema.stores.values()
        for field in store.fields
    }


def _not_one_value(
    place: str, what: str, found: Sequence[literals.Value], steps: Sequence[nodes.AnyStep]
) -> UsageError:
    where = "the recording" if place == EVERYWHERE else f"step {place}"
    known = ", ".join(dict.fromkeys(literals.written(value) for value in literals.values(steps)))
    if found:
        message = f"{what} means several values of {where}: {', '.join(map(literals.written, found))}"
        return UsageError("C0307", message, f"/param {place}.{literals.written(found[0])} as NAME")
    hint = f"its values are {known}" if known else "it holds no value"
    return UsageError("C0307", f"{where} has no value {what}", hint)


def _counted(number: str, known: int) -> str:
    """The number of a sentence among all recorded; what is no number stays, and is refused as an answer to nothing."""
    return str(int(number) + known) if number.isdecimal() else number

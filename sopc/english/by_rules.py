"""A workflow's sentences → its script in the DSL, or what is not understood, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.bytecode.module import Effects, Signature
from runtime.query.schema import Schema
from runtime.values.types import Type
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.changes import asks_for_a_change
from sopc.english.clauses.declared import parameters_in
from sopc.english.clauses.left_open import unbounded
from sopc.english.clauses.nouns import rows_called
from sopc.english.clauses.safety import meant, tied
from sopc.english.clauses.session import Session
from sopc.english.clauses.talk import Place, Talk, on_row
from sopc.english.clauses.written import WithWritten
from sopc.english.meaning.agree import of_all_or_those, reconciled, same, without_choice
from sopc.english.patterns.antecedents import referring, shown
from sopc.english.patterns.assembly import Assembly, partly_read
from sopc.english.patterns.attempts import Attempt, Failed, Failing, tried
from sopc.english.patterns.complaints import Complaint, not_understood, reading_text, several_readings
from sopc.english.patterns.finish import Unqualifier
from sopc.english.patterns.flow import Loop, Otherwise
from sopc.english.patterns.grammar import grammar
from sopc.english.patterns.keys import with_keys
from sopc.english.patterns.matcher import Matcher, Reject
from sopc.english.patterns.parameters import Declared, take_parameters
from sopc.english.patterns.remembered import counted_for_later
from sopc.english.patterns.repeats import While, check_that_it_ends
from sopc.english.patterns.semantics import Condition, Context, Steps, World
from sopc.english.patterns.spoken import Before, State, context_of, shows_others
from sopc.english.patterns.tokens import Token, tokenize, without_courtesy
from sopc.english.reading.reader import HIGH, LOW, MARGIN, Read, Reader
from sopc.english.sample import Sampler
from sopc.english.sentences import Sentence, Workflow
from sopc.source import Source as Text
from sopc.source import Span
from sopc.syntax.format import format_file
from sopc.tree import nodes
from sopc.tree.visit import walk

Other = Callable[[Sentence], Sequence[tuple[nodes.AnyStep, ...]]]

_MAIN = "main"
_PASSES = 3
_SEARCHES = 20  # for the nearest readable form, which takes a while; a text of many such sentences is no use anyway
_MAX_TOKENS = 200


def translate(
    workflow: Workflow,
    file_name: str,
    schemas: Mapping[str, Schema],
    sampler: Sampler,
    signatures: Callable[[str], tuple[Signature, Effects] | None],
    script_names: Callable[[], Iterable[str]],
    answers: Mapping[str, str] | None = None,
    other: Other | None = None,
) -> str:
    """The script as formatted DSL. answers: by sentence, which of its readings its author means. other: gives the ways
    to read a whole sentence that no pattern reads. Raises CompileError with a finding for each sentence that can't be
    read."""
    keyed = with_keys(schemas, sampler)
    types: dict[str, Type] = {}
    for _ in range(_PASSES):
        known = WithWritten(sampler)
        world = World(keyed, known, signatures, script_names)
        reader = Reader(keyed, known, known.examples, known.holds_flags)
        translation = _Translation(workflow, world, types, answers or {}, reader, other)
        translation.run()
        if translation.complaints:
            findings = partly_read(translation.assembly(), translation.complaints)
            raise CompileError(Text(file_name, workflow.text), findings)
        assembly = translation.assembly()
        found = assembly.parameter_types()
        if found == types:
            break
        types = found
    return format_file(nodes.File(scripts=(assembly.script(types),)))


@dataclass
class _Translation:
    """One pass over the sentences. types: of parameters, as the pass before found them to be used. answers: of
    `translate`. current: the sentence that is being read."""

    workflow: Workflow
    world: World
    types: Mapping[str, Type]
    answers: Mapping[str, str]
    reader: Reader
    other: Other | None = None
    current: str = ""
    declared: dict[str, Declared] = field(default_factory=dict)
    declared_in: dict[str, int] = field(default_factory=dict)
    complaints: list[Diagnostic] = field(default_factory=list)
    steps: tuple[nodes.AnyStep, ...] = ()
    returns: list[Type] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clauses = Session(Talk(reader=self.reader), self.answers.get, self._finished)

    def run(self) -> None:
        self.steps = self._block(list(self.workflow.sentences), State())
        if self.complaints:
            return
        used = {node.name for node in walk(self.steps) if isinstance(node, nodes.Name)}
        for name in self.declared.keys() - used:
            unused = Complaint("T0204", f"the parameter {name} is never used", f"speak of it as the {name}, or drop it")
            self._complain(self.workflow.sentences[self.declared_in[name] - 1], unused)

    # ── sentences ────────────────────────────────────────────────────────────────────────────────────────────────

    def _block(self, sentences: list[Sentence], state: State) -> tuple[nodes.AnyStep, ...]:
        """The steps of sentences of one level; the deeper ones below a colon belong to it."""
        steps: list[nodes.AnyStep] = []
        while sentences:
            sentence = sentences.pop(0)
            below: list[Sentence] = []
            while sentence.opens and sentences and sentences[0].level > sentence.level:
                below.append(sentences.pop(0))
            self.clauses.answered = None
            try:
                self._sentence(sentence, below, state, steps)
            except Complaint as error:
                self._complain(sentence, self.clauses.explained(error))
            except RecursionError:
                nested = Complaint("T0202", "it nests too deep to be read", "make shorter sentences of it")
                self._complain(sentence, nested)
        self._check_decided(state.before)
        return tuple(steps)

    def _sentence(self, sentence: Sentence, below: list[Sentence], state: State, steps: list[nodes.AnyStep]) -> None:
        text = self.current = sentence.text
        before, state.before = state.before, None
        context = self._context(state, sentence.number)
        open_ = unbounded(text, without_courtesy(tokenize(text)), self.world)
        if open_ is not None:
            text = self.clauses.told(open_, text)
            sentence = replace(sentence, text=text)
        declared, tokens = take_parameters(grammar(), text, without_courtesy(tokenize(text)), context)
        if not tokens:
            raise Complaint("T0202", "nothing is said in it", None)
        if len(tokens) > _MAX_TOKENS:
            raise Complaint("T0202", f"it has more than {_MAX_TOKENS} words", "make shorter sentences of it")
        for one in declared:
            self._declare(one, state, sentence.number)
        context = self._context(state, sentence.number)
        matcher = Matcher(grammar(), text, tokens)
        if not matcher.read("failing", 0, context):
            self._check_decided(before)
        if below:
            self._opened(matcher, context, sentence, below, state, steps, before)
            return
        listed = parameters_in(Place(text, self.clauses.talk, steps), tokens, context)
        if listed:
            for one in listed:
                self._declare(one, state, sentence.number)
            return
        declarations = matcher.whole("declaration", context)
        if declarations:
            self._declare(declarations[0], state, sentence.number)
            return
        within = context
        row_of_before = self.clauses.row_of_before(steps)
        if row_of_before is not None and matcher.low(0) in ("otherwise", "else"):
            within = on_row(context, row_of_before)
        otherwise = matcher.whole("otherwise", within) or self.clauses.otherwise(sentence, tokens, within, steps)
        if otherwise:
            self._attach(self._only(otherwise), sentence, steps)
            return
        failed = matcher.whole("failed", context)
        if failed:
            self._where_it_failed(self._only(failed), before, sentence, context, state, steps)
            return
        by_rules = True
        try:
            readings = self._readings(matcher, context, before, state)
        except Complaint:
            readings = self._by_clauses(sentence, tokens, context, state, steps, before)
            if not readings:
                raise
        attempts = [] if readings else matcher.whole("attempt", context)
        readings = readings or [one.steps for one in attempts]
        if not readings and self._goes_on(sentence, tokens, context, state, steps):
            return
        if not readings:
            readings = self._by_clauses(sentence, tokens, context, state, steps, before)
        if not readings:
            by_rules = False
            reading = self._read(sentence, matcher, state)
            readings = [reading] if reading is not None else self._asked(sentence, state)
            if not readings:
                raise not_understood(matcher, context, searches=len(self.complaints) < _SEARCHES)
            state.found = None  # what it shows is not yet a set that later sentences can speak of
        readings = meant(readings, tokens, before.did.found if before is not None else None)
        if by_rules and state.subject is None and referring(matcher, context) is None:
            readings = without_choice(readings, sentence.text, tokens, self.world, self.reader)
        chosen: Steps = self._only(readings)
        if by_rules and referring(matcher, context) is None:
            chosen = self._only(reconciled(chosen, sentence.text, tokens, state, self.world, self.reader))
        if before is not None and referring(matcher, context) is None:
            chosen = self._only(of_all_or_those(chosen, before.did))
        if matcher.low(0) == "count" and state.subject is None:
            chosen = counted_for_later(context, chosen)
        made = tuple(step.model_copy(update={"sentence": sentence.number}) for step in chosen.steps)
        state.before = Before(sentence, len(steps), replace(chosen, steps=made), undecided=bool(attempts))
        steps.extend(made)
        self._remember(chosen, state)
        self._note_changes(made, sentence.number, state)
        self.clauses.note(tokens, chosen, context, steps)

    def _readings(self, matcher: Matcher, context: Context, before: Before | None, state: State) -> list[Steps]:
        """What the sentence may mean. Where it speaks of rows that it does not name, it means those of the sentence
        before, so a reading that does not depend on them is none."""
        word = referring(matcher, context)
        if word is None:
            return tied(matcher.whole("steps", context), context)
        last = shown(context_of(before, context), before.did) if before is not None else None
        if last is not None:
            context = replace(context, found=last.found, _children={})
        elif before is not None and shows_others(before.did, context.found):
            context = replace(context, found=None, _children={})
        without = Matcher(grammar(), matcher.text, matcher.tokens)
        of_all = [one.steps for one in without.whole("steps", replace(context, found=None, _children={}))]
        meant = Matcher(grammar(), matcher.text, matcher.tokens)
        readings = [one for one in meant.whole("steps", context) if one.steps not in of_all]
        matcher.furthest, matcher.rejected = meant.furthest, meant.rejected
        if of_all and not readings:
            raise Complaint(
                "T0202",
                f'which rows "{word}" means is not clear',
                "say it right after the sentence that finds or shows them, or name them",
            )
        if readings and last is not None:
            state.found = last.found
            self.names.add(last.found.name)
            readings = [replace(one, steps=(last.query, *one.steps)) for one in readings]
        return readings

    def _read(self, sentence: Sentence, matcher: Matcher, state: State) -> Steps | None:
        """A question by its evidences, where no pattern fits; None where it has no reading that can be trusted.

        Raises:
            Complaint: T0203, its author has to say whether a reading is meant, or which.
        """
        if state.subject is not None or asks_for_a_change(sentence.text):
            return None
        found: list[Read] = []
        for one in self.reader.read(sentence.text, matcher.tokens):
            if one.cost < HIGH and not any(same(one.query, other.query, self.world.stored) for other in found):
                found.append(one)
        if not found:
            return None
        steps = [Steps((nodes.Emit(query=one.query),)) for one in found]
        meant = self.answers.get(self.current)
        for step in steps:
            if meant == reading_text(step, self._finished):
                return step
        near = [one for one, read in zip(steps, found, strict=True) if read.cost - found[0].cost < MARGIN]
        if len(near) == 1 and found[0].cost < LOW:
            return steps[0]
        raise several_readings(steps if len(near) == 1 else near, self._finished)

    def _asked(self, sentence: Sentence, state: State) -> list[Steps]:
        """The ways in which another translator reads a sentence that depends on no row around it."""
        if self.other is None or state.subject is not None:
            return []
        return [Steps(made) for made in self.other(sentence)]

    def _goes_on(
        self,
        sentence: Sentence,
        tokens: tuple[Token, ...],
        context: Context,
        state: State,
        steps: list[nodes.AnyStep],
    ) -> bool:
        """Whether a sentence goes on in the loop of the one before; its steps are put there."""
        readings = self.clauses.going_on(sentence, tokens, context, steps)
        if not readings:
            return False
        chosen: Steps = self._only(readings)
        made = tuple(step.model_copy(update={"sentence": sentence.number}) for step in chosen.steps)
        self.clauses.put_in_loop(chosen, made, steps)
        for step in made:
            self._collect_names(step)
        self._note_changes(made, sentence.number, state)
        return True

    def _by_clauses(
        self,
        sentence: Sentence,
        tokens: tuple[Token, ...],
        context: Context,
        state: State,
        steps: list[nodes.AnyStep],
        before: Before | None,
    ) -> list[Steps]:
        readings, found = self.clauses.read(sentence, tokens, context, steps, before)
        state.found = found or state.found
        return readings

    def _context(self, state: State, number: int) -> Context:
        known = (state.variables, state.found, state.subject)
        return Context(self.world, *known, source=state.subject, sentence=number, error=state.error)

    def _opened(
        self,
        matcher: Matcher,
        context: Context,
        sentence: Sentence,
        below: list[Sentence],
        state: State,
        steps: list[nodes.AnyStep],
        before: Before | None,
    ) -> None:
        """A sentence that ends in a colon, and the list items that belong to it."""
        readings = matcher.whole("opening", context)
        if not readings:
            raise not_understood(matcher, context, searches=len(self.complaints) < _SEARCHES)
        opening = self._only(readings)
        inner = State(state.variables, state.found, state.subject, state.error)
        if isinstance(opening, Loop):
            inner.subject = opening.record or inner.subject
            inner.variables += (opening.variable,) if opening.variable else ()
            self.names |= {opening.name, *([opening.variable.name] if opening.variable else [])}
            steps.append(opening.around(self._block(below, inner), sentence.number))
        elif isinstance(opening, While):
            body = self._block(below, inner)
            _with_reason(check_that_it_ends, context, opening.fact, body)
            steps.append(nodes.While(sentence=sentence.number, condition=opening.fact.node, steps=body))
        elif isinstance(opening, Attempt):
            did = Steps(self._block(below, inner), inner.variables[len(state.variables) :])
            state.before = Before(sentence, len(steps), did, undecided=True)
            steps.extend(did.steps)
        elif isinstance(opening, Failing):
            inner.error = opening.name
            failed = Failed(opening.name, Steps(self._block(below, inner)))
            self._where_it_failed(failed, before, sentence, context, state, steps)
        elif isinstance(opening, Condition):
            branch = nodes.Branch(condition=opening.node, steps=self._block(below, inner))
            steps.append(nodes.If(sentence=sentence.number, branches=(branch,)))
        else:
            self._attach(Otherwise(self._block(below, inner), opening.fact), sentence, steps)
        self._note_changes(tuple(steps[-1:]), sentence.number, state)

    def _only(self, readings: list[Any]) -> Any:
        """The one thing that a sentence can mean, or that its author says is meant; readings that come to the same
        steps are one."""
        distinct: list[Any] = []
        for reading in readings:
            if not any(_steps_of(reading) == _steps_of(one) for one in distinct):
                distinct.append(reading)
        if len(distinct) == 1:
            return distinct[0]
        meant = self.answers.get(self.current)
        chosen = [reading for reading in distinct if meant == reading_text(reading, self._finished)]
        if not chosen:
            raise several_readings(distinct, self._finished)
        return chosen[0]

    def assembly(self) -> Assembly:
        return Assembly(self.workflow, self.world, self.steps, self.declared, self.returns, self._finished)

    def _finished(self, steps: Any) -> Any:
        return Unqualifier(self.assembly().store, frozenset(self.names)).steps(steps)

    def _where_it_failed(
        self,
        failed: Failed,
        before: Before | None,
        sentence: Sentence,
        context: Context,
        state: State,
        steps: list[nodes.AnyStep],
    ) -> None:
        """Makes an attempt of what the sentence before does."""
        if before is None:
            raise Complaint("T0202", "no step stands right before it that could fail", 'put it after "Try to …"')
        handler = tuple(
            step if step.sentence else step.model_copy(update={"sentence": sentence.number})
            for step in failed.steps.steps
        )
        failed = replace(failed, steps=replace(failed.steps, steps=handler))
        made = _with_reason(tried, context, before.did, failed)
        steps[before.at :] = [step.model_copy(update={"sentence": before.sentence.number}) for step in made.steps]
        self.names.add(failed.name)
        self.returns.extend(failed.steps.returns)
        self._note_changes(handler, sentence.number, state)

    def _check_decided(self, before: Before | None) -> None:
        if before is not None and before.undecided:
            hint = 'say it in the next sentence: "If that fails, say …"'
            self._complain(before.sentence, Complaint("T0202", "what is done where it fails is not said", hint))

    def _attach(self, otherwise: Otherwise, sentence: Sentence, steps: list[nodes.AnyStep]) -> None:
        """The other side of the condition that the step before tests."""
        last = steps[-1] if steps else None
        if isinstance(last, nodes.ForEach) and self.clauses.row_of_before(steps) is not None:
            within = list(last.steps)
            self._attach(otherwise, sentence, within)
            steps[-1] = last.model_copy(update={"steps": tuple(within)})
            return
        if not isinstance(last, nodes.If) or last.otherwise is not None:
            raise Complaint("T0202", '"otherwise" follows no condition', "put it right after a sentence with if")
        body = tuple(
            step if step.sentence else step.model_copy(update={"sentence": sentence.number}) for step in otherwise.steps
        )
        if otherwise.fact is not None:
            branches = (*last.branches, nodes.Branch(condition=otherwise.fact.node, steps=body))
            steps[-1] = last.model_copy(update={"branches": branches})
        elif len(body) == 1 and isinstance(body[0], nodes.If):
            inner = body[0]
            tagged = tuple(_tagged(branch, sentence.number) for branch in inner.branches)
            update = {"branches": (*last.branches, *tagged), "otherwise": inner.otherwise}
            steps[-1] = last.model_copy(update=update)
        else:
            steps[-1] = last.model_copy(update={"otherwise": body})
        self.returns.extend(otherwise.returns)
        for step in otherwise.steps:
            self._collect_names(step)

    # ── what is left to speak of ─────────────────────────────────────────────────────────────────────────────────

    def _declare(self, one: Declared, state: State, number: int) -> None:
        known = self.declared.get(one.name)
        if known is not None and (one.default or one.type):
            raise Complaint(
                "T0204", f"{one.name} is declared twice", "say it once, and speak of it as the … after that"
            )
        if known is not None:
            return
        if one.name in {variable.name for variable in state.variables}:
            raise Complaint("T0204", f"{one.name} is already something else", "choose another name for the parameter")
        if any(source.store.name == one.name for source in self.world.sources):
            raise Complaint(
                "T0204", f"{one.name} is a store, so no parameter can have that name", "say (called …) after its name"
            )
        one = replace(one, also=one.also | rows_called(one.words, self.world))
        self.declared[one.name] = one
        self.declared_in[one.name] = number
        variable = one.variable
        if one.name in self.types:
            variable = replace(variable, type=self.types[one.name])
        state.variables = (*state.variables, variable)
        self.names.add(one.name)

    def _remember(self, chosen: Steps, state: State) -> None:
        state.variables = (*state.variables, *chosen.variables)
        state.found = chosen.found or state.found
        if chosen.counts is not None and state.found is not None:
            state.found = replace(state.found, counted=chosen.counts)
        self.returns.extend(chosen.returns)
        for step in chosen.steps:
            self._collect_names(step)

    def _collect_names(self, step: Any) -> None:
        self.names |= {node.name for node in walk(step) if isinstance(node, nodes.Let | nodes.ForEach | nodes.Ask)}

    def _note_changes(self, steps: tuple[nodes.AnyStep, ...], number: int, state: State) -> None:
        """Marks what was found before as out of date once a store it depends on was written."""
        if isinstance(self.world.sampler, WithWritten):
            self.world.sampler.note(_MAIN, steps)
        found = state.found
        if found is None or found.changed_by is not None:
            return
        spoken_of = {node.name for node in walk(found.rows.conditions) if isinstance(node, nodes.FieldAccess)}
        for node in walk(steps):
            if not isinstance(node, nodes.Insert | nodes.Update | nodes.Delete) or node.store not in found.reads:
                continue
            if (
                isinstance(node, nodes.Update)
                and found.rows.limit is None
                and not found.rows.sorts
                and not spoken_of & {one.name for one in node.assignments}
            ):
                continue  # the same rows are found again, by fields that it leaves alone
            state.found = replace(found, changed_by=number)
            return

    def _complain(self, sentence: Sentence, error: Complaint) -> None:
        verb = "leaves open" if error.code == "T0205" else "is not understood"
        self.complaints.append(
            Diagnostic(
                error.code,
                f"sentence {sentence.number} {verb}: {error.message}",
                Span(sentence.start, sentence.end),
                error.hint,
                sentence.number,
                choices=error.choices,
            )
        )


def _steps_of(reading: Any) -> Any:
    return reading.steps if isinstance(reading, Steps | Otherwise) else reading


def _with_reason(check: Callable[..., Any], *args: Any) -> Any:
    """What a builder makes, where its reason to reject is the whole sentence's."""
    try:
        return check(*args)
    except Reject as error:
        raise Complaint("T0202", str(error), None) from None


def _tagged(branch: nodes.Branch, number: int) -> nodes.Branch:
    steps = tuple(step.model_copy(update={"sentence": number}) for step in branch.steps)
    return branch.model_copy(update={"steps": steps})

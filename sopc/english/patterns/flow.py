"""Phrases for loops, conditions, questions, messages and calls → steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from runtime.bytecode.module import Signature
from runtime.query.schema import Field, Store
from runtime.values.types import Type
from sopc.english.patterns import words
from sopc.english.patterns.finish import moved
from sopc.english.patterns.holes import Written
from sopc.english.patterns.matcher import Reject, Row, Several
from sopc.english.patterns.names import made_variable
from sopc.english.patterns.queries import QueryParts, queries
from sopc.english.patterns.semantics import (
    Condition,
    Context,
    Rows,
    Source,
    Steps,
    Value,
    Variable,
    all_of,
    any_of,
    column,
    compare,
    conjuncts,
    negate,
    text,
)
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import check_countable, figure_of, found_count, live, not_a_variable, rows_query
from sopc.tree import nodes
from sopc.tree.visit import walk


@dataclass(frozen=True)
class Loop:
    """for each …: rows, a query, another script's records, numbers, or the values of a field. record: of rows and
    records. variable: that has the number or the value, the latter taken of the row by `let`."""

    name: str
    record: Source | None = None
    query: nodes.Query | None = None
    value: nodes.Expr | None = None
    range: nodes.Range | None = None
    variable: Variable | None = None
    let: nodes.Let | None = None

    def opens(self, context: Context) -> dict[str, Any]:
        if self.variable is not None:
            return {"variables": (*context.variables, self.variable)}
        return {"subject": self.record, "source": self.record, "target": None}

    def around(self, steps: tuple[nodes.AnyStep, ...], sentence: int | None = None) -> nodes.ForEach:
        steps = (self.let, *steps) if self.let else steps
        return nodes.ForEach(
            sentence=sentence, name=self.name, query=self.query, range=self.range, value=self.value, steps=steps
        )


@dataclass(frozen=True)
class Given:
    """A parameter of a script that is being called, and the value for it."""

    parameter: str
    value: nodes.Expr


@dataclass(frozen=True)
class Otherwise:
    """What happens where the condition before did not hold; fact: only if this holds."""

    steps: tuple[nodes.AnyStep, ...]
    fact: Condition | None = None
    returns: tuple[Type, ...] = ()


def _loop(context: Context, about: Source, rows: Rows) -> Any:
    if rows.source.origin is None:
        raise Reject()
    name = _loop_name(context, rows.source.store.name)
    record = Source(name, rows.source.database, rows.source.store, None)
    return Several(tuple(Loop(name, record, query=query) for query in queries(QueryParts(rows))))


def _loop_over_found(context: Context) -> Any:
    """As in "find the boxes; for each, …"."""
    if context.found is None:
        raise Reject("nothing was found before that this could mean")
    live(context)
    return _loop(context, context.found.source, Rows(context.found.source))


def _loop_name(context: Context, plural: str) -> str:
    *before, last = name_words(plural) or ("row",)
    name = "_".join((*before, words.singular(last)))
    taken = {one.name for one in context.variables} | {source.store.name for source in context.world.sources}
    if context.subject is not None:
        taken.add(context.subject.alias)
    return name if name not in taken else f"this_{name}"


def _signature(context: Context, called: nodes.CallExpr) -> Signature:
    found = context.world.signatures(called.name)
    assert found is not None
    return found[0]


def _script_loop(context: Context, called: nodes.CallExpr, name: tuple[str, ...] = ("record",)) -> Loop:
    """For each record that another script shows; its fields are the ones that the script declares."""
    emits = _signature(context, called).emits
    if emits is None or emits.fields is None:
        raise Reject(f"{called.name} shows no records")
    alias = _loop_name(context, "_".join(name))
    store = Store(alias, tuple(Field(field, type_) for field, type_ in emits.fields))
    return Loop(alias, Source(alias, "", store, None, emits=True), value=called)


def each(context: Context, loop: Loop, body: Steps) -> Steps:
    shows = [step for step in body.steps if isinstance(step, nodes.Emit)]
    if any(not _speaks_of(step, loop.variable.name if loop.variable else loop.name) for step in shows):
        raise Reject()
    return Steps((_at_once(loop, body) or loop.around(body.steps),), closed=True, returns=body.returns)


def _at_once(loop: Loop, body: Steps) -> nodes.Update | None:
    """One change of each record to amounts of its own, as one change of all of them."""
    if loop.query is None or loop.record is None or len(body.steps) != 1 or not isinstance(body.steps[0], nodes.Update):
        return None
    update, store = body.steps[0], loop.record.store
    origin, *rest = loop.query.stages
    ties = [compare("=", nodes.FieldAccess(base=nodes.Name(name=store.name), name=key), column(loop.record, key))
            for key in store.primary_key]  # fmt: skip
    if origin != nodes.From(store=update.store, database=update.database) or not ties or update.where != all_of(ties):
        return None
    if any(not isinstance(stage, nodes.Where) for stage in rest):
        return None
    if any(isinstance(part, nodes.QueryExpr) for part in walk(update.assignments)):
        return None
    conditions = [stage.condition for stage in rest if isinstance(stage, nodes.Where)]
    where = all_of(conditions) if conditions else None
    assignments = moved(update.assignments, loop.record.alias, store.name)
    return update.model_copy(update={"where": where, "assignments": assignments})


def _speaks_of(node: Any, name: str) -> bool:
    if isinstance(node, nodes.Name):
        return node.name == name
    if isinstance(node, nodes.Node):
        return any(_speaks_of(getattr(node, field), name) for field in type(node).model_fields)
    return isinstance(node, tuple) and any(_speaks_of(item, name) for item in node)


def _if(context: Context, fact: Condition, body: Steps, otherwise: Steps | None = None) -> Steps:
    branch = nodes.Branch(condition=fact.node, steps=body.steps)
    last = otherwise.steps if otherwise else None
    returns = (*body.returns, *(otherwise.returns if otherwise else ()))
    if last is not None and len(last) == 1 and isinstance(last[0], nodes.If):
        inner = last[0]
        return Steps(
            (nodes.If(branches=(branch, *inner.branches), otherwise=inner.otherwise),), closed=True, returns=returns
        )
    return Steps((nodes.If(branches=(branch,), otherwise=last),), closed=True, returns=returns)


def _only_if(context: Context, body: Steps, fact: Condition) -> Steps:
    return replace(_if(context, fact, body), closed=False)


def _unless(context: Context, body: Steps, fact: Condition) -> Steps:
    return _only_if(context, body, Condition(negate(fact.node)))


def _stop(context: Context, message: Written | None = None) -> Steps:
    if message is None:
        return Steps((nodes.Fail(message=text(f"stopped in sentence {context.sentence}")),))
    return Steps((*message.lets, nodes.Fail(message=message.text)))


def _say(context: Context, written: Written) -> Steps:
    return Steps((*written.lets, nodes.Say(text=written.text)))


def _return(context: Context, value: Value) -> Steps:
    if value.hops:
        raise Reject()
    return Steps((nodes.Return(value=value.node),), returns=(value.type,))


def _there_are(context: Context, about: Source, rows: Rows) -> Condition:
    if rows.source.origin is None:
        raise Reject()
    return Condition(nodes.QueryExpr(kind="exists", query=rows_query(rows)), rows=rows)


def _some_are(context: Context, about: Source, rows: Rows, condition: Condition) -> Condition:
    return _there_are(context, about, replace(rows, conditions=(*rows.conditions, *conjuncts(condition.node))))


def _none_are(context: Context, about: Source, rows: Rows, condition: Condition) -> Condition:
    return Condition(negate(_some_are(context, about, rows, condition).node))


def _all_are(context: Context, about: Source, rows: Rows, condition: Condition) -> Condition:
    """There are none of which it does not hold; so it has to be known of each."""
    fields = [about.store.field(name) for name in condition.mentioned]
    known = isinstance(condition.node, nodes.IsNull)
    if not fields or any(field is None or (field.type.nullable and not known) for field in fields):
        raise Reject("whether it holds for every row can't be told where a field may be missing")
    if context.found is not None and rows.source == context.found.source:
        live(context)
    return _none_are(context, about, rows, Condition(negate(condition.node)))


def _whole_figure(context: Context, aggregate: str, about: Source, field: Value) -> Value:
    """As in "the total size": of all rows, where none are spoken of."""
    found = context.found
    if about.origin is None or (found is not None and found.rows.source.store == about.store):
        raise Reject()
    not_a_variable(context, aggregate, field.label)
    return figure_of(context, aggregate, about, field, Rows(about))


def _there_are_none(context: Context, about: Source, rows: Rows) -> Condition:
    return Condition(negate(_there_are(context, about, rows).node))


def _there_are_many(
    context: Context, amount: Value, about: Source | None = None, rows: Rows | None = None,
    comparison: str = "=", bound: str = "",
) -> Condition:  # fmt: skip
    if amount.type.name not in ("int", "any"):
        raise Reject()
    if rows is None or (context.found is not None and rows == Rows(context.found.source)):
        count = found_count(context).node
    elif rows.source.origin is None:
        raise Reject()
    else:
        check_countable(rows.mentioned)
        count = nodes.QueryExpr(kind="count", query=rows_query(rows))
        return Condition(compare(bound or comparison, count, amount.node), rows=rows)
    return Condition(compare(bound or comparison, count, amount.node))


def _any_found(context: Context) -> Condition:
    found = live(context)
    query = nodes.Query(stages=(nodes.From(store=found.name),))
    return Condition(nodes.QueryExpr(kind="exists", query=query))


def _answered(yes: bool) -> Any:
    def build(context: Context) -> Condition:
        answers = [one for one in context.variables if one.answer]
        if not answers:
            raise Reject("no question was asked before")
        node: nodes.Expr = nodes.Name(name=answers[-1].name)
        return Condition(node if yes else nodes.Unary(op="not", arg=node))

    return build


def _fact(context: Context, value: Value, condition: Condition) -> Condition:
    if value.hops or isinstance(value.node, nodes.IntLiteral | nodes.NumberLiteral | nodes.TextLiteral):
        raise Reject()
    if isinstance(value.node, nodes.FieldAccess) and context.subject is None:
        raise Reject()
    return condition


def _subject_fact(context: Context, condition: Condition) -> Condition:
    if context.subject is None or context.source != context.subject:
        raise Reject()
    return condition


def _joined_facts(context: Context, first: Condition, more: tuple[tuple[str, Condition], ...]) -> Condition:
    links = {link for link, _ in more}
    if len(links) > 1:
        raise Reject('"and" and "or" in one condition can be read in two ways')
    if not more:
        return first
    join = any_of if links == {"or"} else all_of
    return Condition(join([first.node, *(condition.node for _, condition in more)]))


def _call(context: Context, script: Signature, given: tuple[Given, ...] = ()) -> nodes.CallExpr:
    names = [one.parameter for one in given]
    missing = [one.name for one in script.params if one.default is None and one.name not in names]
    if len(set(names)) < len(names):
        raise Reject(f"{script.name} is given the same argument twice")
    if missing:
        raise Reject(f"{script.name} needs {' and '.join(missing)}")
    ordered = sorted(given, key=lambda one: [parameter.name for parameter in script.params].index(one.parameter))
    return nodes.CallExpr(
        name=script.name, args=tuple(nodes.Argument(name=one.parameter, value=one.value) for one in ordered)
    )


def _called_for(context: Context, script: Signature, value: Value) -> nodes.CallExpr:
    """One value: for the parameter of the value's name, else for the only one that needs one."""
    if value.hops:
        raise Reject()
    alike = [one for one in script.params if words.same_words(name_words(one.name), value.label)]
    needed = [one for one in script.params if one.default is None] or list(script.params)
    chosen = alike or needed
    if len(chosen) != 1:
        raise Reject(f"which of {', '.join(one.name for one in script.params)} is meant is not said")
    return _call(context, script, (Given(chosen[0].name, value.node),))


def _work_out(context: Context, name: tuple[str, ...], called: nodes.CallExpr) -> Steps:
    returned = _signature(context, called).returns
    if returned.name == "null":
        raise Reject(f"{called.name} returns nothing")
    variable = made_variable(name, returned, context)
    return Steps((nodes.Let(name=variable.name, value=called),), (variable,))


def _run(context: Context, called: nodes.CallExpr) -> Steps:
    return Steps((nodes.CallStep(call=called),))


def _if_not(context: Context, fact: Condition, body: Steps) -> Steps:
    return _if(context, Condition(negate(fact.node)), body)


def _none_found(context: Context) -> Condition:
    return Condition(negate(_any_found(context).node))


def _record_fact(context: Context, name: tuple[str, ...], condition: Condition) -> Condition:
    """As in "the box is …", in a loop over boxes."""
    if context.subject is None or not words.same_words(name, name_words(context.subject.store.name)):
        raise Reject()
    return _subject_fact(context, condition)


def _call_with(context: Context, script: Signature, first: Given, more: tuple[Given, ...]) -> nodes.CallExpr:
    return _call(context, script, (first, *more))


ROWS = (
    # loops
    Row("loop", "(for each of|for every one of|for all of|for) {about} {rows@about}", _loop),
    Row("loop", "(for each|for every|for all) {about} {rows@about}", _loop),
    Row("loop", "(for each|for every)", _loop_over_found),
    Row("loop", "(for each|for every) {new_name:name} (from|of|in|that) {called} [gives|shows]", _script_loop),
    Row("opening", "{loop} [,] [do the following|do this] :", lambda context, loop: loop),
    Row("opening", "(if|when) {facts:fact} [,] [do the following|do this] :", lambda context, fact: fact),
    Row("opening", "otherwise [,] [do the following|do this] :", lambda context: Otherwise(())),
    Row(
        "opening",
        "otherwise [,] if {facts:fact} [,] [do the following|do this] :",
        lambda context, fact: Otherwise((), fact),
    ),
    Row("loop", "repeat [this|the following] {loop}", lambda context, loop: loop),
    Row(
        "going_through",
        "(go through|go over|loop over|loop through|walk through|iterate over|take) {about} {rows@about}",
        _loop,
    ),
    Row("statement", "{going_through:loop} (and|,|:|, and) [for each [one|of them]] [,] {steps:body@loop}", each),
    Row("opening", "{going_through:loop} [,] [and] [do the following|do this] :", lambda context, loop: loop),
    Row("statement", "{loop} (,|:) {steps:body@loop}", each),
    Row("statement", "{loop} {steps:body@loop}", each),
    # conditions
    Row(
        "statement",
        "(if|when) {facts:fact} (,|then|, then) {steps:body@fact} "
        "[[,|;] (otherwise|else|if not) [,] {steps:otherwise}]",
        _if,
    ),
    Row("statement", "unless {facts:fact} , {steps:body}", _if_not),
    Row("statement", "{plain:body} [,] (if|when|in case) {facts:fact}", _only_if),
    Row("statement", "{plain:body} [,] unless {facts:fact}", _unless),
    Row(
        "otherwise",
        "(otherwise|else|if not) [,] {steps:body}",
        lambda context, body: Otherwise(body.steps, returns=body.returns),
    ),
    Row("fact", "there (is|are|were|was) [any|some|at least one|a|an] {about} {rows@about}", _there_are),
    Row("fact", "any {about} {rows@about} (exist|exists)", _there_are),
    Row("fact", "(any|some) {about} {rows@about} {predicates:condition@about}", _some_are),
    Row("fact", "no {about} {rows@about} {predicates:condition@about}", _none_are),
    Row("fact", "(every|each|all|all the|all of the) {about} {rows@about} {predicates:condition@about}", _all_are),
    Row("fact", "{about} [the] {called_row:rows@about} {predicates:condition@about}", _some_are),
    Row("fact", "{about} {given_row:rows@about} {predicates:condition@about}", _some_are),
    Row("fact", "{whole_figure:value} {tests:condition@value}", _fact),
    Row("whole_figure", "[the] {aggregate} {about} {field@about}", _whole_figure),
    Row("fact", "there (is|are|were|was) (no|not any) {about} {rows@about}", _there_are_none),
    Row("fact", "there (is|are|were) {comparison} {number:amount} {about} {rows@about}", _there_are_many),
    Row("fact", "there (is|are|were) {number:amount} {bound} {about} {rows@about}", _there_are_many),
    Row("fact", "there (is|are|were) {comparison} {count_amount:amount} [of (them|those|these)]", _there_are_many),
    Row("fact", "there (is|are|were) {number:amount} {bound} [of (them|those|these)]", _there_are_many),
    Row("count_amount", "{number:value}", lambda context, value: value),
    Row("count_amount", "[the] {variable:value}", lambda context, value: value),
    Row("fact", "there (is|are|were) (any|some) [of (them|those|these)]", _any_found),
    Row("fact", "(any|some) (was|were) found", _any_found),
    Row("fact", "there (is|are|were) none [of (them|those|these)]", _none_found),
    Row("fact", "(none was|none were|nothing was) found", _none_found),
    Row("fact", "(the answer is|the answer was) (yes|not no)", _answered(True)),
    Row("fact", "(the answer is|the answer was) (no|not yes)", _answered(False)),
    Row("fact", "{value} {tests:condition@value}", _fact),
    Row("fact", "(the|this|that) {new_name:name} {predicates:condition}", _record_fact),
    Row("fact", "it {predicates:condition}", _subject_fact),
    Row("more_facts", "[,] and {fact:condition}", lambda context, condition: ("and", condition)),
    Row("more_facts", "[,] or {fact:condition}", lambda context, condition: ("or", condition)),
    Row("facts", "{fact:first} {more_facts:more}*", _joined_facts),
    # messages and questions
    Row("hole", "{value}", lambda context, value: value),
    Row("plain", "(stop|fail|abort|give up) [here|now|the run|the workflow]", _stop),
    Row(
        "plain",
        "(stop|fail|abort|give up) [here|now] with [the] (message|error|text|words) {written:message}",
        _stop,
    ),
    Row("plain", "(stop|fail|abort|give up) [here|now] (with|saying|and say|:) {written:message}", _stop),
    Row("plain", "(say|print|write|tell|report|announce|note) [:] {written}", _say),
    Row("plain", "return {value}", _return),
    Row("plain", "return {whole_figure:value}", _return),
    Row("plain", "(give back|the result is|answer with) {value}", _return),
    Row("plain", "commit [what was done] [so far]", lambda context: Steps((nodes.Commit(),))),
    Row("statement", "{plain}", lambda context, plain: plain),
    # calls
    Row("argument", "{value}", lambda context, value: value),
    Row("more_given", "(,|[,] and) {given}", lambda context, given: given),
    Row("called", "{script}", _call),
    Row("called", "{script} (with|for|using|,|:) {given:first} {more_given:more}*", _call_with),
    Row("called", "{script} (with|for|using|on|of) {value}", _called_for),
    Row(
        "plain",
        "(work out|compute|calculate|get|determine|let) [the|its|their|a] {new_name:name} "
        "(with|using|by|through|from|be|=) {called}",
        _work_out,
    ),
    Row("plain", "(call|run|execute|start|do|play) {called}", _run),
)

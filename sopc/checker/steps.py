"""Step nodes → typed steps with their paths ("2.1"); variables are declared in their block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from runtime.values.types import ANY, DURATION, INT, SCALARS, TEXT, Type, list_of, record_of
from sopc.checker import calls, queries, typed, writes
from sopc.checker.coerce import as_record, as_text, coerce, coerce_or_report, condition
from sopc.checker.emitted import note_emitted
from sopc.checker.env import MAX_DEPTH, Env
from sopc.checker.names import field_type
from sopc.checker.report import Place, quoted, some, span_of, suggestion
from sopc.checker.scope import Block, NamedQuery
from sopc.checker.sources import store_names
from sopc.checker.types import TypeNameError, an, type_of, undecided
from sopc.source import Span
from sopc.tree import nodes

ERROR: Final = record_of([("code", TEXT), ("message", TEXT), ("step", TEXT)])


@dataclass(frozen=True)
class At:
    """The path and sentence of a step."""

    path: str
    sentence: int | None

    def of(self, node: nodes.Node) -> dict[str, Any]:
        return {"path": self.path, "sentence": self.sentence, "span": span_of(node)}


def block(
    env: Env, steps: Sequence[nodes.AnyStep], prefix: str = "", first: int = 1, sentence: int | None = None
) -> tuple[typed.Step, ...]:
    """Type the steps of one block. prefix: the path of the enclosing step. first: the number of the first step."""
    made = []
    for number, node in enumerate(steps, first):
        own = node.sentence if node.sentence is not None else sentence
        _check_sentence(env, node.sentence, node)
        env.world.findings.sentence = own
        step = _step(env, node, At(f"{prefix}{number}", own))
        if step is not None:
            made.append(step)
    env.world.findings.sentence = sentence
    return tuple(made)


def _check_sentence(env: Env, sentence: int | None, node: nodes.Node) -> None:
    if sentence is not None and not 1 <= sentence <= nodes.MAX_SENTENCES:
        hint = f"sentences are counted from 1, and a text has at most {nodes.MAX_SENTENCES:,}"
        env.error("E0607", f"there is no sentence {_short(sentence)}", _number_before(env, node), hint)


def _number_before(env: Env, node: nodes.Node) -> Place:
    """The place of `@…`, which stands before the step that the node is."""
    span = span_of(node)
    if span is None:
        return node
    before = env.world.findings.source.text[: span.start].rstrip()
    return Span(before.rindex("@"), len(before))


def _short(number: int) -> str:
    text = str(number)
    return text if len(text) <= 20 else f"{text[:17]}…"


def _step(env: Env, node: nodes.AnyStep, at: At) -> typed.Step | None:
    if env.state.depth >= MAX_DEPTH:
        env.error(
            "E0604", f"blocks are nested more than {MAX_DEPTH} deep", node, "a script of its own for the inner part"
        )
        return None
    env.state.depth += 1
    try:
        return _STEPS[type(node)](env, node, at)
    finally:
        env.state.depth -= 1


def declare(env: Env, name: str, type_: Type, node: nodes.Node) -> typed.Variable:
    """Declare a variable in the block; report E0206 if the name is in use."""
    variable = typed.Variable(name, type_)
    other = env.block.find(name)
    if other is not None:
        what = "query" if isinstance(other, NamedQuery) else "variable"
        hint = f"`set {quoted(name)} = …` changes it, or another name for the new one"
        if isinstance(other, NamedQuery) or not isinstance(node, nodes.Let):
            hint = "another name for the new one"
        env.error("E0206", f"there is a {what} `{name}` already", env.at(node, name), hint)
    env.block.names[name] = variable
    env.state.seen.add(name)
    return variable


def declared_type(env: Env, name: nodes.TypeName) -> Type | None:
    """The type that a type name stands for; None after a finding."""
    try:
        return type_of(name)
    except TypeNameError as error:
        env.error(error.code, error.message, error.node, error.hint)
        return None


# ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────


def _let(env: Env, node: nodes.Let, at: At) -> typed.Step:
    value = env.expr(node.value)
    type_ = declared_type(env, node.declared) if node.declared is not None else None
    if type_ is not None:
        value = coerce_or_report(env, value, type_, node.value, f"`{node.name}`")
    elif undecided(value.type):
        kind = "null" if value.type.name == "null" else "an empty list"
        hint = f"let {quoted(node.name)}: {'int?' if kind == 'null' else 'list<int>'} = …"
        env.error("E0315", f"{kind} alone does not show the type of `{node.name}`", node.value, hint)
    variable = declare(env, node.name, type_ or (ANY if undecided(value.type) else value.type), node)
    return typed.SetVariable(variable, (), value, **at.of(node))


def _set(env: Env, node: nodes.Assign, at: At) -> typed.Step | None:
    variable = env.block.variable(node.name)
    if variable is None:
        env.expr(node.value)
        place = env.at(node, node.name)
        if node.name in env.state.later and node.name not in env.state.seen:
            env.error("E0211", f"`{node.name}` is used before it is set", place, "its `let` comes first")
        else:
            near = suggestion(node.name, env.block.variables(), "variable")
            env.error("E0201", f"there is no variable `{node.name}`", place, near or f"let {quoted(node.name)} = …")
        return None
    target: list[str | typed.Expr] = []
    type_: Type | None = variable.type
    for part in node.path:
        if isinstance(part, str):
            type_ = field_type(env, type_, part, node) if type_ is not None else None
            target.append(part)
        else:
            index = env.expr(part)
            if type_ is not None and type_.name not in ("list", "any"):
                env.error("E0312", f"{an(type_)} has no items", part, "set r.name = … sets a field of a record")
                type_ = None
            elif type_ is not None:
                index = coerce_or_report(env, index, INT, part, "an index")
                type_ = type_.item if type_.name == "list" and type_.item is not None else ANY
            target.append(index)
    value = env.expr(node.value)
    if type_ is not None:
        value = coerce_or_report(env, value, type_, node.value, f"`{node.name}`" if not node.path else "what is set")
    return typed.SetVariable(variable, tuple(target), value, **at.of(node))


def _emit(env: Env, node: nodes.Emit, at: At) -> typed.Step | None:
    if node.query is not None:
        bound = queries.bind(env, node.query)
        note_emitted(env, bound.row, node, fixed=True)
        return typed.EmitQuery(bound, **at.of(node))
    if isinstance(node.value, nodes.CallExpr) and node.name is None and _takes_records(env, node.value):
        call = _generator(env, node.value)
        if call is None or call.signature.emits is None:
            return None
        note_emitted(env, call.signature.emits, node, fixed=True)
        return typed.EmitCall(call, **at.of(node))
    if node.value is None:
        return None
    record = _emitted_record(env, node, node.value)
    if record is None:
        return None
    return typed.EmitRecord(note_emitted(env, record.type, node, value=record) or record, **at.of(node))


def _takes_records(env: Env, node: nodes.CallExpr) -> bool:
    """Whether `emit s(…)` emits the records of the script, and not its return value."""
    if not calls.is_script(env, node):
        return False
    signature = env.world.signature(node.name)
    only_returns = signature is not None and signature.emits is None and signature.returns.name != "null"
    return not only_returns or node.name in env.world.recursive


def _emitted_record(env: Env, node: nodes.Emit, place: nodes.Expr) -> typed.Expr | None:
    """The value as a record; a single value becomes a record with one field. None after a finding."""
    value = env.expr(place)
    record = as_record(value) if node.name is None else None
    if record is not None:
        return record
    name = node.name or (_own_name(place) if value.type.name in SCALARS else None)
    if name is None:
        hint = "emit … as total gives it a name"
        if value.type.name == "list":
            hint = "for each x in … do emit x end, or emit … as items"
        env.error("E0314", f"`emit` needs a name for {an(value.type)}", place, hint)
        return None
    return typed.MakeRecord(((name, value),), type=record_of([(name, value.type)]), span=span_of(place))


def _own_name(node: nodes.Expr) -> str | None:
    """The name of a single value: that of the variable, field or function."""
    if isinstance(node, nodes.Name | nodes.FieldAccess | nodes.CallExpr):
        return node.name
    return node.kind if isinstance(node, nodes.QueryExpr) and node.kind != "scalar" else None


def _generator(env: Env, node: nodes.CallExpr) -> typed.ScriptCall | None:
    """A call to iterate over the records that it emits; None after a finding."""
    call = calls.script(env, node)
    if call is None:
        return None
    name = call.signature.name
    if name in env.world.recursive:
        message = f"the type of what `{name}` emits can't be inferred, since it calls itself"
        env.error("E0513", message, node, "`emits { name: type, … }` after its parameters says it")
        return None
    if call.signature.emits is None:
        hint = f"let x = {quoted(name)}(…) takes what it returns"
        env.error("E0510", f"`{name}` emits nothing", node, hint if call.type.name != "null" else None)
        return None
    return call


def _say(env: Env, node: nodes.Say, at: At) -> typed.Step:
    return typed.Say(as_text(env, env.expr(node.text), node.text, "`say`"), **at.of(node))


def _insert(env: Env, node: nodes.Insert, at: At) -> typed.Step | None:
    made = writes.insert(env, node)
    return typed.WriteStep(node.command, made[0], made[1], **at.of(node)) if made is not None else None


def _update(env: Env, node: nodes.Update, at: At) -> typed.Step | None:
    made = writes.update(env, node)
    return typed.WriteStep("update", made[0], made[1], **at.of(node)) if made is not None else None


def _delete(env: Env, node: nodes.Delete, at: At) -> typed.Step | None:
    made = writes.delete(env, node)
    return typed.WriteStep("delete", made[0], made[1], **at.of(node)) if made is not None else None


def _return(env: Env, node: nodes.Return, at: At) -> typed.Step:
    wanted = env.state.returns
    if node.value is None:
        if wanted.name != "null":
            env.error("E0503", f"`return` needs {an(wanted)}", node, "return …")
        return typed.Return(None, **at.of(node))
    value = env.expr(node.value)
    if wanted.name == "null":
        env.error(
            "E0503", "the script does not say that it returns anything", node, f"`-> {value.type}` after its parameters"
        )
        return typed.Return(None, **at.of(node))
    return typed.Return(coerce_or_report(env, value, wanted, node.value, "`return`"), **at.of(node))


def _fail(env: Env, node: nodes.Fail, at: At) -> typed.Step:
    return typed.Fail(as_text(env, env.expr(node.message), node.message, "`fail`"), **at.of(node))


def _assert(env: Env, node: nodes.Assert, at: At) -> typed.Step:
    checked = condition(env, env.expr(node.condition), node.condition, "the condition of `assert`")
    message = as_text(env, env.expr(node.message), node.message, "the message of `assert`")
    return typed.Assert(checked, message, **at.of(node))


def _commit(env: Env, node: nodes.Commit, at: At) -> typed.Step:
    return typed.Commit(**at.of(node))


def _leave(env: Env, node: nodes.Break | nodes.Continue, at: At) -> typed.Step:
    if not env.loop:
        env.error("E0504", f"`{node.command}` is not inside a loop", node, "`return` leaves a script")
    return typed.Break(**at.of(node)) if isinstance(node, nodes.Break) else typed.Continue(**at.of(node))


def _name_query(env: Env, node: nodes.NameQuery, at: At) -> None:
    queries.bind_named(env, node.query)
    place = env.at(node, node.name)
    if env.block.find(node.name) is not None:
        env.error("E0206", f"there is a variable or query `{node.name}` already", place, "another name for the new one")
    elif node.name in store_names(env):
        env.error("E0206", f"there is a store `{node.name}` already", place, "another name for the query")
    # The query gets a block of its own, so that later declarations do not change the meaning of its names.
    env.block.names[node.name] = NamedQuery(node.name, node.query, Block(env.block.parent, dict(env.block.names)))


def _ask(env: Env, node: nodes.Ask, at: At) -> typed.Step:
    question = as_text(env, env.expr(node.question), node.question, "`ask`")
    answer = declared_type(env, node.answer) or ANY
    if answer.name not in SCALARS and answer != ANY:
        hint = some(sorted(SCALARS), "type")
        env.error("E0316", f"an answer can't be {an(answer)}", node.answer, hint)
        answer = ANY
    choices = within = default = None
    if node.within is not None:
        within = coerce_or_report(env, env.expr(node.within), DURATION, node.within, "`within`")
    if node.choices is not None:
        choices = coerce_or_report(env, env.expr(node.choices), list_of(answer), node.choices, "`choices`")
    if node.default is not None:
        default = coerce_or_report(env, env.expr(node.default), answer, node.default, "`default`")
    return typed.AskStep(declare(env, node.name, answer, node), question, choices, within, default, **at.of(node))


# ── blocks ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _inner(env: Env, *, loop: bool | None = None) -> Env:
    return replace(env, block=Block(env.block), loop=env.loop if loop is None else loop)


def _if(env: Env, node: nodes.If, at: At) -> typed.Step:
    branches, first = [], 1
    for branch in node.branches:
        checked = condition(env, env.expr(branch.condition), branch.condition, "the condition of `if`")
        steps = block(_inner(env), branch.steps, f"{at.path}.", first, at.sentence)
        branches.append((checked, steps))
        first += len(branch.steps)
    otherwise = block(_inner(env), node.otherwise or (), f"{at.path}.", first, at.sentence)
    return typed.If(tuple(branches), otherwise, **at.of(node))


def _for_each(env: Env, node: nodes.ForEach, at: At) -> typed.Step:
    def body(item: Type) -> tuple[typed.Variable, tuple[typed.Step, ...]]:
        inside = _inner(env, loop=True)
        variable = declare(inside, node.name, item, node)
        return variable, block(inside, node.steps, f"{at.path}.", 1, at.sentence)

    if node.query is not None:
        bound = queries.bind(env, node.query)
        variable, steps = body(bound.row)
        return typed.ForQuery(variable, bound, False, steps, **at.of(node))
    if node.range is not None:
        low = coerce_or_report(env, env.expr(node.range.low), INT, node.range.low, "where a range begins")
        high = coerce_or_report(env, env.expr(node.range.high), INT, node.range.high, "where a range ends")
        variable, steps = body(INT)
        return typed.ForRange(variable, low, high, steps, **at.of(node))
    if isinstance(node.value, nodes.CallExpr) and calls.is_script(env, node.value):
        call = _generator(env, node.value)
        variable, steps = body(call.signature.emits or ANY if call is not None else ANY)
        if call is not None:
            return typed.ForCall(variable, call, steps, **at.of(node))
        return typed.ForList(variable, typed.MakeList((), type=list_of(ANY)), steps, **at.of(node))
    value = _iterated(env, node.value) if node.value is not None else typed.MakeList((), type=list_of(ANY))
    variable, steps = body(value.type.item or ANY)
    return typed.ForList(variable, value, steps, **at.of(node))


def _iterated(env: Env, node: nodes.Expr) -> typed.Expr:
    """The list that a loop iterates over; reports E0311 for other values."""
    if isinstance(node, nodes.Name) and env.block.query(node.name) is not None:
        hint = f"for each x in from {quoted(node.name)}"
        env.error("E0311", f"`{node.name}` is a query: iterate over its rows with `from`", node, hint)
        return typed.MakeList((), type=list_of(ANY))
    if isinstance(node, nodes.Name) and env.block.find(node.name) is None and node.name in store_names(env):
        hint = f"for each x in from {quoted(node.name)}"
        env.error("E0311", f"`{node.name}` is a store: iterate over its rows with `from`", node, hint)
        return typed.MakeList((), type=list_of(ANY))
    value = env.expr(node)
    if value.type.name == "list":
        return coerce(value, value.type.not_null()) or value
    if value.type.name != "any":
        hint = (
            "for each i in 1 to n" if value.type.name == "int" else "a list, `from …`, a script that emits, or 1 to n"
        )
        env.error("E0311", f"`for each` can't go through {an(value.type)}", node, hint)
    return typed.Convert(value, type=list_of(ANY), span=value.span)


def _while(env: Env, node: nodes.While, at: At) -> typed.Step:
    checked = condition(env, env.expr(node.condition), node.condition, "the condition of `while`")
    steps = block(_inner(env, loop=True), node.steps, f"{at.path}.", 1, at.sentence)
    return typed.While(checked, steps, **at.of(node))


def _call(env: Env, node: nodes.CallStep, at: At) -> typed.Step | None:
    if not calls.is_script(env, node.call) and env.world.signature(node.call.name) is None:
        made = env.expr(node.call)
        if isinstance(made, typed.Func):
            env.error("E0204", f"`{node.call.name}` is a function, and `call` runs scripts", node.call, "let x = …")
        return None
    call = calls.script(env, node.call)
    return typed.CallStep(call, **at.of(node)) if call is not None else None


def _transaction(env: Env, node: nodes.Transaction, at: At) -> typed.Step:
    steps = block(_inner(env), node.steps, f"{at.path}.", 1, at.sentence)
    return typed.Transaction(steps, False, **at.of(node))


def _try(env: Env, node: nodes.Try, at: At) -> typed.Step:
    steps = block(_inner(env), node.steps, f"{at.path}.", 1, at.sentence)
    inside = _inner(env)
    variable = declare(inside, node.name, ERROR, node)
    handler = block(inside, node.handler, f"{at.path}.", len(node.steps) + 1, at.sentence)
    return typed.Try(steps, variable, handler, False, **at.of(node))


_STEPS: Final = cast(
    "dict[type, Callable[[Env, nodes.AnyStep, At], typed.Step | None]]",
    {
        nodes.Let: _let,
        nodes.Assign: _set,
        nodes.Emit: _emit,
        nodes.Say: _say,
        nodes.Insert: _insert,
        nodes.Update: _update,
        nodes.Delete: _delete,
        nodes.Return: _return,
        nodes.Fail: _fail,
        nodes.Assert: _assert,
        nodes.Commit: _commit,
        nodes.Break: _leave,
        nodes.Continue: _leave,
        nodes.NameQuery: _name_query,
        nodes.Ask: _ask,
        nodes.If: _if,
        nodes.ForEach: _for_each,
        nodes.While: _while,
        nodes.CallStep: _call,
        nodes.Transaction: _transaction,
        nodes.Try: _try,
    },
)

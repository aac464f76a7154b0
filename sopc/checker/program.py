"""Tree of a file → the typed program, or all findings at once.

Callees are checked before their callers, which need the types and effects of what they call. Scripts that call one
another are checked together, and twice if they emit without declaring what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET

from runtime.bytecode.module import Effects, Parameter, Signature
from runtime.query.schema import Schema, Store
from runtime.values.constants import Const
from runtime.values.functions import FUNCTIONS, script_called
from runtime.values.types import ANY, NULL
from sopc.checker import steps, typed
from sopc.checker.coerce import coerce, coerce_or_report
from sopc.checker.cycles import groups
from sopc.checker.effects import finished, own_effects, settle
from sopc.checker.emitted import emitted_type, settle_fixed
from sopc.checker.env import Emitted, Env, ScriptState, Stored, World
from sopc.checker.expressions import expression
from sopc.checker.flow import Flow
from sopc.checker.report import Findings, Place, quoted, span_of, suggestion
from sopc.checker.scope import Block
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.tree import nodes
from sopc.tree.visit import walk

MAIN: Final = "main"


def _nothing_stored(name: str) -> tuple[Signature, Effects] | None:
    return None


def _no_names() -> Iterable[str]:
    return ()


def check(
    file: nodes.File,
    source: Source,
    schemas: Mapping[str, Schema],
    signatures: Stored = _nothing_stored,
    script_names: Callable[[], Iterable[str]] = _no_names,
    database_names: Callable[[], Iterable[str]] = _no_names,
) -> typed.Program:
    """Check the scripts of a file.

    Args:
        file: The tree.
        source: The text that the tree's spans point into, for messages.
        schemas: By `uses` name; "main" is for scripts without `uses`.
        signatures: The signature and effects of a script outside the file, None if it does not exist.
        script_names: The names of all scripts outside the file, for suggestions.
        database_names: The names of all databases, for suggestions.

    Returns:
        The typed program, its scripts in the order of the file.

    Raises:
        CompileError: E02xx to E06xx, with all findings.
    """
    findings = Findings(source)
    world = World(findings, schemas, signatures, script_names, database_names)
    scripts = _declare(world, file)
    held = {script.name: _held(script) for script in scripts.values()}
    called = {name: sorted(each.called & scripts.keys()) for name, each in held.items()}
    checked: dict[str, typed.Script] = {}
    for group in groups(called):
        recursive = len(group) > 1 or group[0] in called[group[0]]
        checked.update(_check_group(world, {name: scripts[name] for name in group}, held, recursive))
    if findings.diagnostics:
        raise CompileError(source, findings.diagnostics)
    return typed.Program(tuple(checked[script.name] for script in file.scripts))


# ── heads of scripts ───────────────────────────────────────────────────────────────────────────────────────────


def _declare(world: World, file: nodes.File) -> dict[str, nodes.Script]:
    """The scripts by name; adds their signatures to the world, without what they emit."""
    scripts: dict[str, nodes.Script] = {}
    for script in file.scripts:
        place = world.findings.within(script, script.name)
        if script.name in scripts:
            hint = "another name for one of them"
            world.findings.add("E0207", f"there is a script `{script.name}` in this file already", place, hint)
        elif script.name in FUNCTIONS:
            message = f"`{script.name}` is a function, so no script can have that name"
            world.findings.add("E0214", message, place, script_called(script.name))
        scripts.setdefault(script.name, script)
    for script in scripts.values():
        world.signatures[script.name] = _signature(world, script)
    return scripts


def _signature(world: World, script: nodes.Script) -> Signature:
    state = ScriptState(world, script.name, tuple(dict.fromkeys(script.uses)) or (MAIN,))
    env = Env(state, Block(), expression)
    for name in script.uses:
        if name not in world.schemas:
            hint = suggestion(name, [known for known in world.database_names() if known != MAIN], "database")
            hint = hint or "take `uses` away, or name a database under [databases] in sop.toml"
            world.findings.add("E0205", f"there is no database `{name}`", world.findings.within(script, name), hint)
        if script.uses.count(name) > 1:
            place = world.findings.within(script, name)
            world.findings.add("E0213", f"the database `{name}` is named twice", place, "each once")
    params: list[Parameter] = []
    for node in script.params:
        if any(param.name == node.name for param in params):
            place = env.at(node, node.name)
            env.error("E0206", f"there is a parameter `{node.name}` already", place, "another name for the new one")
        else:
            params.append(_parameter(env, node))
    returns = steps.declared_type(env, script.returns) or ANY if script.returns is not None else NULL
    declared = steps.declared_type(env, script.emits) if script.emits is not None else None
    if declared is not None and declared.name != "record":
        env.error("E0314", f"a script emits records, not {declared}", script.emits, "emits { name: text }")
    emits = declared or ANY if script.emits is not None else None
    return Signature(script.name, tuple(params), returns, emits, state.uses)


def _parameter(env: Env, node: nodes.ParameterNode) -> Parameter:
    type_ = steps.declared_type(env, node.type) or ANY
    secret = True if node.secret else UNSET
    if node.default is None:
        return Parameter(node.name, type_, secret=secret)
    value = env.expr(node.default)
    made = coerce(value, type_)
    if made is None:
        coerce_or_report(env, value, type_, node.default, f"`{node.name}`")
        return Parameter(node.name, type_, Const(None, type_), secret)
    default = _plain(made)
    if default is None:
        hint = f"{quoted(node.name)}: {type_.or_null()} = null, and a `let` in the script"
        env.error("E0317", "a default is a plain value, such as 10, or a list of such", node.default, hint)
        default = Const(None, type_)
    if secret and default != Const(None, type_):
        hint = f"{quoted(node.name)}: {type_.or_null()} secret = null, or no default"
        env.error(
            "E0320", "the default of a secret would be in the program, where others can read it", node.default, hint
        )
    return Parameter(node.name, type_, default, secret)


def _plain(value: typed.Expr) -> Const | tuple[Const, ...] | None:
    """The value of a literal, or of a list of literals, as a module stores it; None for other expressions."""
    if isinstance(value, typed.Convert):
        value = value.arg
    if isinstance(value, typed.Const):
        return Const(value.value, value.type)
    if not isinstance(value, typed.MakeList):
        return None
    items = tuple(item for item in map(_plain, value.items) if isinstance(item, Const))
    return items if len(items) == len(value.items) else None


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _Held(NamedTuple):
    """What a script holds anywhere: the names of its calls and of the variables that its steps declare, whether it uses
    a store, and whether it emits."""

    called: set[str]
    variables: set[str]
    uses_store: bool
    emits: bool


def _held(script: nodes.Script) -> _Held:
    called: set[str] = set()
    variables: set[str] = set()
    uses_store = emits = False
    for node in walk(script):
        if isinstance(node, nodes.CallExpr):
            called.add(node.name)
        elif isinstance(node, nodes.From | nodes.Insert | nodes.Update | nodes.Delete):
            uses_store = True
        elif isinstance(node, nodes.Let | nodes.Ask | nodes.ForEach | nodes.Try):
            variables.add(node.name)
        elif isinstance(node, nodes.Emit):
            emits = True
    return _Held(called, variables, uses_store, emits)


@dataclass
class _Checked:
    """A script whose steps are typed."""

    node: nodes.Script
    state: ScriptState
    params: tuple[typed.Variable, ...]
    steps: tuple[typed.Step, ...]


def _check_group(
    world: World, members: Mapping[str, nodes.Script], held: Mapping[str, _Held], recursive: bool
) -> dict[str, typed.Script]:
    """Checks scripts that may call one another, after all other callees."""
    scripts = members.values()
    emitting = [script for script in scripts if script.emits is None and held[script.name].emits] if recursive else []
    # Loops over the records of these scripts do not know their type, since it could depend on itself.
    world.recursive = {script.name for script in emitting}
    for script in scripts:
        world.effects[script.name] = Effects()
    if not any(_needs_database(world, script, held[script.name], members.keys()) for script in scripts):
        for name in members:  # it uses no database, so scripts with any `uses` may call it
            world.signatures[name] = msgspec.structs.replace(world.signatures[name], uses=())
    if emitting:
        with world.findings.muted():
            found = {script.name: emitted_type(_check_steps(world, script, held).state.emitted) for script in emitting}
        for name, emits in found.items():
            world.signatures[name] = msgspec.structs.replace(world.signatures[name], emits=emits)
    checked = [_check_steps(world, script, held) for script in scripts]
    for each in checked:
        name = each.node.name
        emits = emitted_type(each.state.emitted)
        world.signatures[name] = msgspec.structs.replace(world.signatures[name], emits=emits)
        world.effects[name] = own_effects(each.state, each.steps)
    settle(world, [script.name for script in scripts])
    world.recursive = set()
    return {each.node.name: _finish(world, each) for each in checked}


def _needs_database(world: World, script: nodes.Script, held: _Held, members: AbstractSet[str]) -> bool:
    """Whether a script names databases, uses a store, or calls a script outside its group that does."""
    if script.uses or held.uses_store:
        return True
    signatures = (world.signature(name) for name in held.called - members)
    return any(signature is not None and signature.uses for signature in signatures)


def _check_steps(world: World, script: nodes.Script, held: Mapping[str, _Held]) -> _Checked:
    signature = world.signatures[script.name]
    declared = signature.emits if script.emits is not None else None
    state = ScriptState(world, script.name, signature.uses or (MAIN,), signature.returns, Emitted(declared))
    state.later = held[script.name].variables
    env = Env(state, Block(), expression)
    params = tuple(
        steps.declare(env, param.name, param.type, _parameter_node(script, param.name)) for param in signature.params
    )
    body = replace(env, block=Block(env.block))
    made = steps.block(body, script.steps)
    world.findings.sentence = None
    settle_fixed(state.emitted)
    return _Checked(script, state, params, made)


def _parameter_node(script: nodes.Script, name: str) -> nodes.Node:
    return next((param for param in script.params if param.name == name), script)


def _finish(world: World, each: _Checked) -> typed.Script:
    name = each.node.name
    signature, effects = world.signatures[name], world.effects[name]
    Flow(each.state).script(each.steps, _head(world, each.node))
    body, _ = finished(world, each.steps, signature.emits)
    schema = {
        f"{database}.{store}": _used_part(each.state.store(database, store), set(fields))
        for (database, store), fields in sorted(each.state.used.items())
    }
    known = {key: store for key, store in schema.items() if store is not None}
    used = {
        (f"{database}.{store}", field): (span, sentence)
        for (database, store), fields in each.state.used.items()
        for field, (span, sentence) in fields.items()
        if span is not None
    }
    return typed.Script(signature, each.params, effects, body, known, used, each.node.doc, span_of(each.node))


def _head(world: World, script: nodes.Script) -> Place:
    """The place of the script's return type, else of its name."""
    return script.returns if script.returns is not None else world.findings.within(script, script.name)


def _used_part(store: Store | None, fields: set[str]) -> Store | None:
    """The store reduced to the given fields, and to keys that consist of them."""
    if store is None:
        return None
    unique = tuple(keys for keys in store.unique if fields.issuperset(keys))
    primary = store.primary_key if fields.issuperset(store.primary_key) else ()
    kept = tuple(field for field in store.fields if field.name in fields)
    return Store(store.name, kept, primary, unique, (), store.read_only)

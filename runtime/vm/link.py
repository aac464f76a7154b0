"""A script's name → the script and everything it calls: decoded, checked against each other and pinned by hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct

from runtime.bytecode.codec import decode
from runtime.bytecode.decode import instructions
from runtime.bytecode.flow import window_sizes
from runtime.bytecode.module import Effects, Fetch, Lift, Module, Signature
from runtime.bytecode.opcodes import BY_NAME, BY_NUMBER
from runtime.databases.statements import lift_key, query_key, write_key
from runtime.errors import SopError, UsageError
from runtime.query.algebra import Delete, Insert, InsertList, InsertQuery, Query, Scan, Update, Write
from runtime.values.conversion import from_const
from runtime.vm.inline import NoValue, inlined
from runtime.vm.script import DataOp, Function, LiftOp, Script

_NUMBER: Final = {name: row.number for name, row in BY_NAME.items()}
_EMITS: Final = frozenset({_NUMBER["EMIT"], _NUMBER["EMIT_QUERY"]})
_LOOPS: Final = frozenset({_NUMBER["LOOP"], _NUMBER["FOR_NEXT"]})
_RETURN: Final = _NUMBER["RETURN"]
_CALL: Final = _NUMBER["CALL"]


class Stored(Protocol):
    """What the linker needs of a library's entry."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def hash(self) -> str: ...


class Modules(Protocol):
    """What the linker needs of the library."""

    def resolve(self, name: str) -> Stored: ...

    def load(self, hash_: str) -> bytes: ...


class Linked(NamedTuple):
    """A closure ready to run. scripts: by name, the root included."""

    root: Script
    scripts: dict[str, Script]

    @property
    def hashes(self) -> dict[str, str]:
        """Name → hash of every script, for the start line."""
        return {name: script.hash for name, script in self.scripts.items()}


def link(library: Modules, name: str) -> Linked:
    """Load a script and all that it calls.

    Args:
        library: The stored scripts.
        name: `name`, `name@3` or `name@tag`; what it calls is the current version, itself excepted.

    Returns:
        The scripts, checked against each other and prepared for the machine.

    Raises:
        UsageError: The script is unknown.
        SopError: L02xx for a damaged module, V0201 for a missing callee, V0202 for one whose signature changed, V0204
            for one that now writes, asks or commits.
    """
    root = _load(library, library.resolve(name))
    scripts = {root.name: root}
    pending = [root]
    while pending:
        script = pending.pop()
        for call in script.module.calls:
            callee = scripts.get(call.signature.name)
            if callee is None:
                callee = scripts[call.signature.name] = _load(library, _callee(library, script, call.signature.name))
                pending.append(callee)
            _check_call(script, callee, call.signature)
    spread_effects(scripts)
    for script in scripts.values():
        prepare(script, scripts)
    return Linked(root, scripts)


def _check_call(script: Script, callee: Script, signature: Signature) -> None:
    if callee.module.signature != signature:
        raise SopError(
            "V0202",
            f"`{script.name}` was compiled for another `{callee.name}`: its parameters, result or records have changed",
            f"compile `{script.name}` again",
        )


def _callee(library: Modules, caller: Script, name: str) -> Stored:
    try:
        return library.resolve(name)
    except UsageError as error:
        raise SopError(
            "V0201", f"`{caller.name}` calls `{name}`, which is not in the library", f"compile `{name}` first"
        ) from error


def _load(library: Modules, entry: Stored) -> Script:
    return Script(entry.name, entry.version, entry.hash, decode(library.load(entry.hash)))


# ── instructions ready to run ──────────────────────────────────────────────────────────────────────────────────


def prepare(script: Script, scripts: Mapping[str, Script]) -> None:
    """Fill in the script's code: operands that name a table entry become the entry, windows of registers become
    slices (that of a CALL with one argument stays its register), RETURN carries in b whether iterators may have to be
    closed, and what repeats (LOOP, FOR_NEXT) carries its cost, the number of instructions, in c."""
    module = script.module
    constants = [from_const(const) for const in module.constants]
    script.fresh = [None] * (module.registers - len(module.signature.params)) + constants
    tables: dict[str, Sequence[Any]] = {
        "const": constants,
        "shape": module.shapes,
        "type": module.types,
        "func": _functions(module),
        "call": [scripts[call.signature.name] for call in module.calls],
        "query": [_query_op(fetch, script.hash, index) for index, fetch in enumerate(module.queries)],
        "write": [_write_op(write, script.hash, index) for index, write in enumerate(module.writes)],
        "ask": module.asks,
        "lift": [lift_op(lift, number, script, scripts) for number, lift in enumerate(module.lifted)],
    }
    sizes = window_sizes(module)
    script.iterates = any(BY_NUMBER[instruction[0]].effect == "iterator" for instruction in instructions(module))
    for pc, (op, *operands) in enumerate(instructions(module)):
        row = BY_NUMBER[op]
        prepared: list[Any] = list(operands)
        for place, kind in enumerate(row.operands):
            # place of the operand in (a, b, c): the one of format AX comes out as b
            at = 1 if row.format == "AX" else place
            if kind in tables:
                prepared[at] = tables[kind][operands[at]]
            elif kind == "s":
                size = operands[2] if row.window == "count" else sizes[row.window][operands[2]]
                single = op == _CALL and size == 1
                prepared[at] = operands[at] if single else slice(operands[at], operands[at] + size)
        if op in _LOOPS:
            prepared[2] = pc + 1 - operands[1]
        elif op == _RETURN:
            prepared[1] = script.iterates
        script.code.append((op, prepared[0], prepared[1], prepared[2]))


def _functions(module: Module) -> list[Function]:
    if not module.functions:
        return []
    from runtime.values.functions import FUNCTIONS  # most scripts call none

    found = []
    for function in module.functions:
        row = FUNCTIONS.get(function.name)
        if row is None or row.python is None:
            raise SopError("V0206", f"there is no function `{function.name}` to call", "compile the script again")
        found.append(Function(row.name, row.python, row.nulls))
    return found


def _query_op(fetch: Fetch, hash_: str, index: int) -> DataOp:
    names = tuple(name for name, _ in fetch.query.columns)
    return DataOp(fetch.query, query_key(hash_, index), fetch.mode, columns=names)


def _write_op(write: Write, hash_: str, index: int) -> DataOp:
    types = write.types if isinstance(write, InsertList) else ()
    return DataOp(write, write_key(hash_, index), command_of(write), store=write.store, types=types)


def command_of(write: Write) -> str:
    """The kind of a write: insert, upsert, update or delete."""
    return "upsert" if isinstance(write, Insert) and write.keys else _COMMANDS[type(write)]


def lift_op(lift: Lift, number: int, script: Script, scripts: Mapping[str, Script]) -> LiftOp:
    """The lift with the values of the scripts that it calls written out; its SQL is kept under the hashes of all."""
    try:
        survey, callees, depth = inlined(lift.survey, scripts)
        write, _, _ = (None, (), 0) if lift.write is None else inlined(lift.write, scripts)
    except NoValue:
        return LiftOp(lift, None, None, 0)
    key = lift_key(script.hash, number, [scripts[name].hash for name in callees])
    read = DataOp(survey, key + b"s", "first", columns=tuple(name for name, _ in survey.columns))
    if write is None:
        return LiftOp(lift, read, None, depth)
    return LiftOp(lift, read, DataOp(write, key + b"w", _COMMANDS[type(write)], store=write.store), depth)


_COMMANDS: Final[dict[type, str]] = {
    Insert: "insert",
    InsertQuery: "insert",
    InsertList: "insert",
    Update: "update",
    Delete: "delete",
}


def nodes_of(root: Any) -> Iterator[Struct]:
    """Every part of a query or write, in no order."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending += node
        elif isinstance(node, Struct):
            yield node
            pending += [getattr(node, name) for name in node.__struct_fields__]


# ── effects ────────────────────────────────────────────────────────────────────────────────────────────────────


def _own_effects(script: Script) -> Effects:
    """What the script's own code does, as its code says and not as the module claims."""
    module = script.module
    reads: set[str] = set()
    lifted = [form for lift in module.lifted for form in (lift.survey, lift.write) if form is not None]
    for form in (*(fetch.query for fetch in module.queries), *module.writes, *lifted):
        reads.update(f"{node.database}.{node.store}" for node in nodes_of(form) if isinstance(node, Scan))
    used = {op for op, *_ in instructions(module)}
    return Effects(
        reads=tuple(sorted(reads)),
        writes=tuple(sorted({f"{form.database}.{form.store}" for form in (*module.writes, *_writes(lifted))})),
        calls=tuple(sorted({call.signature.name for call in module.calls})),
        asks=_NUMBER["ASK"] in used,
        commits=_NUMBER["COMMIT"] in used,
        emits=bool(used & _EMITS),
        generator=module.effects.generator,
    )


def spread_effects(scripts: dict[str, Script]) -> None:
    """Give every script the effects of what it calls too, and hold them against what it was compiled with."""
    for script in scripts.values():
        script.effects = _own_effects(script)
    changed = True
    while changed:
        changed = False
        for script in scripts.values():
            effects = script.effects
            for name in script.effects.calls:
                effects = _joined(effects, scripts[name].effects)
            if effects != script.effects:
                script.effects = effects
                changed = True
    for script in scripts.values():
        _check_declared(script)


def _writes(forms: Iterable[Query | Write]) -> Iterator[Write]:
    return (form for form in forms if not isinstance(form, Query))


def _joined(a: Effects, b: Effects) -> Effects:
    return Effects(
        reads=tuple(sorted({*a.reads, *b.reads})),
        writes=tuple(sorted({*a.writes, *b.writes})),
        calls=tuple(sorted({*a.calls, *b.calls})),
        asks=a.asks or b.asks,
        commits=a.commits or b.commits,
        emits=a.emits or b.emits,
        generator=a.generator,
    )


def _check_declared(script: Script) -> None:
    """Refuse a callee with effects it did not have when the caller was compiled: the caller's loops rely on that."""
    declared, effects = script.module.effects, script.effects
    new = [f"writes {store}" for store in effects.writes if store not in declared.writes]
    new += ["asks"] if effects.asks and not declared.asks else []
    new += ["commits"] if effects.commits and not declared.commits else []
    if new:
        raise SopError(
            "V0204",
            f"`{script.name}` or what it calls now {new[0]}, which it was not compiled for",
            f"compile `{script.name}` again",
        )

"""A module's tables → nothing, or an error: signature, types, constants, queries, writes, calls, schema, debug tables.

The codec decodes by type, so shapes are right. This module checks the rest: names and numbers refer to something,
constants are values of their types, and the module does no more than its effects declare.
"""

from __future__ import annotations

from msgspec import UNSET

from runtime.bytecode.module import Debug, Module, Signature
from runtime.bytecode.parts import check_const, check_function, check_name, check_type, check_unique, refuse
from runtime.errors import SopError
from runtime.values.constants import Const
from runtime.values.types import Type


def check_tables(module: Module) -> None:
    """Raises SopError L0206."""
    _check_signature("signature", module.signature)
    effects = module.effects
    for name in (*effects.reads, *effects.writes):
        if name.partition(".")[0] not in module.signature.uses:
            refuse("effects", f"`{name}` is in no database that the script uses")
    for number, const in enumerate(module.constants):
        check_const(f"constant {number}", const)
    for number, shape in enumerate(module.shapes):
        check_unique(f"shape {number}", shape)
    for number, type_ in enumerate(module.types):
        check_type(f"type {number}", type_)
    for function in module.functions:
        check_function("functions", function.name, function.arguments, kinds=("scalar",))
    for call in module.calls:
        _check_signature(f"call of `{call.signature.name}`", call.signature)
        if call.signature.name not in effects.calls:
            refuse("calls", f"`{call.signature.name}` is not among the module's effects")
        if not set(call.signature.uses) <= set(module.signature.uses):
            refuse("calls", f"`{call.signature.name}` uses a database that its caller does not")
    if module.queries or module.writes:
        from runtime.bytecode.query_check import (  # a module without data need not wait for them
            check_query,
            check_write,
        )
    if module.lifted or module.value is not UNSET:
        from runtime.bytecode.lift_check import check_lift, check_value  # nor one without these

        for number, lift in enumerate(module.lifted):
            check_lift(module, f"lift {number}", lift)
        if module.value is not UNSET:
            check_value(module, module.value)
    for number, fetch in enumerate(module.queries):
        check_query(module, f"query {number}", fetch.query)
    for number, write in enumerate(module.writes):
        check_write(module, f"write {number}", write)
    for ask in module.asks:
        check_type(f"ask {ask.step}", ask.type)
    for name, store in module.schema.items():
        check_unique(f"schema of {name}", [field.name for field in store.fields])
        for field in store.fields:
            check_type(f"schema of {name}", field.type)
    _check_debug(module.debug, len(module.code) // 4, module.registers)


def _check_signature(where: str, signature: Signature) -> None:
    check_name(where, signature.name)
    check_unique(where, (param.name for param in signature.params))
    check_unique(where, signature.uses)
    for param in signature.params:
        check_type(where, param.type)
        if param.default is not None:
            _check_default(f"{where}, parameter `{param.name}`", param.default, param.type)
    check_type(where, signature.returns)
    if signature.emits is not None:
        check_type(where, signature.emits)
        if signature.emits.name != "record":
            refuse(where, "what it emits is not a record")


def _check_default(where: str, default: Const | tuple[Const, ...], type_: Type) -> None:
    from runtime.values.conversion import convert, from_default

    for const in default if isinstance(default, tuple) else (default,):
        check_const(where, const)
    try:
        convert(from_default(default), type_)
    except SopError as error:
        refuse(where, error.message)


# ── debug tables ───────────────────────────────────────────────────────────────────────────────────────────────


def _check_debug(debug: Debug, size: int, registers: int) -> None:
    """Error messages read these tables, so a broken table must not make one fail."""
    last = -1
    for position in debug.positions:
        if not last < position.pc < size:
            refuse("positions", "they are not in the order of the code")
        if not 0 <= position.step < len(debug.steps):
            refuse("positions", f"there is no step {position.step}")
        last = position.pc
    if debug.positions and debug.positions[0].pc:
        refuse("positions", "the first instruction has none")
    if len(debug.registers) > registers:
        refuse("registers", "more are named than there are")

"""Call nodes → typed calls: functions with their overload, aggregates, windows, scripts with ordered arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runtime.bytecode.module import Parameter, Signature
from runtime.values.forms import FORMED, find_form, forms_of
from runtime.values.functions import FUNCTIONS, FunctionRow
from runtime.values.signatures import overloads
from runtime.values.types import DURATION, INT, Type
from sopc.checker import typed
from sopc.checker.coerce import coerce, conversion, is_ordered
from sopc.checker.env import Env
from sopc.checker.functions import resolve
from sopc.checker.report import nearest, quoted, span_of, suggestion
from sopc.checker.scope import AggregateOf, WindowOf, unknown
from sopc.checker.types import an
from sopc.tree import nodes

TOTAL: Final = "total"


def call(env: Env, node: nodes.CallExpr) -> typed.Expr:
    """Type a call that stands where a value is needed."""
    row = FUNCTIONS.get(node.name)
    if row is not None:
        return _function(env, node, row)
    if node.over is not None or node.distinct:
        env.error("E0416", f"`{node.name}` is not an aggregate", node, "count, sum, total, avg, min and max are")
    made = script(env, node)
    if made is None:
        return unknown(span_of(node))
    if made.signature.returns.name == "null":
        hint = f"`call {quoted(node.name)}(…)` runs it"
        if made.signature.emits is not None:
            hint += f"; `for each x in {quoted(node.name)}(…)` takes what it emits"
        env.error("E0318", f"`{node.name}` returns nothing", node, hint)
        return unknown(span_of(node))
    return made


# ── functions ──────────────────────────────────────────────────────────────────────────────────────────────────


def _function(env: Env, node: nodes.CallExpr, row: FunctionRow) -> typed.Expr:
    if node.over is not None:
        return _window(env, node, row, node.over)
    if row.kind == "window":
        hint = f"{row.name}() over (order by …)"
        env.error("E0416", f"`{row.name}` needs a window after it", node, hint)
        return unknown(span_of(node))
    if row.kind == "aggregate":
        return _aggregate(env, node, row)
    if node.distinct:
        env.error("E0416", f"`distinct` needs an aggregate, and `{row.name}` is not one", node, "count(distinct x)")
    args = [env.expr(argument.value) for argument in node.args]
    made = _resolve(env, node, row, args)
    if made is None or _lacks_form(env, node, row, args):
        return unknown(span_of(node))
    return _to_scale(typed.Func(row.name, made[0], type=made[1], span=span_of(node)))


def _to_scale(call: typed.Func) -> typed.Expr:
    """Converts the decimal of a call to the scale of its type, for functions that can't know that scale."""
    rounds = call.name == "round" and not isinstance(call.args[1], typed.Const)
    reads = call.name == "decimal" and call.args[0].type.name == "any"
    scaled = call.type.name == "decimal" and (rounds or reads)
    return typed.Convert(call, type=call.type, span=call.span) if scaled else call


def _lacks_form(env: Env, node: nodes.CallExpr, row: FunctionRow, args: Sequence[typed.Expr]) -> bool:
    """Whether a text is to be read by a form that is none, or that is not known before a run, which is reported."""
    if row.name not in FORMED or len(args) != 2:
        return False
    name = args[1].value if isinstance(args[1], typed.Const) else None
    form = find_form(str(name))
    if form is not None and form.kind == row.name:
        return False
    found = f'"{name}" is no form of a {row.name}' if name else "a form is a text that is written out in the script"
    env.error("E0321", found, node.args[1].value, f"one of {forms_of(row.name)}, in quotes")
    return True


def _resolve(
    env: Env, node: nodes.CallExpr, row: FunctionRow, args: Sequence[typed.Expr]
) -> tuple[tuple[typed.Expr, ...], Type] | None:
    """The converted arguments and the type of the result; None after a finding."""
    usage = " or ".join(row.signatures)
    named = next((argument for argument in node.args if argument.name is not None), None)
    if named is not None:
        message = f"the function `{row.name}` takes its arguments by position, without names"
        env.error("E0305", message, named, usage)
        return None
    if not any(overload.takes(len(args)) for overload in overloads(row)):
        plural = "argument" if len(args) == 1 else "arguments"
        env.error("E0304", f"`{row.name}` does not take {len(args)} {plural}", node, usage)
        return None
    found = resolve(row, args)
    if found is None:
        place: nodes.Node = node.args[0] if len(args) == 1 else node
        given = " and ".join(an(arg.type) for arg in args)
        env.error("E0306", f"`{row.name}` does not work on {given}", place, usage)
        return None
    return found.args, found.result


def _aggregate(env: Env, node: nodes.CallExpr, row: FunctionRow) -> typed.Expr:
    if not env.aggregates:
        _aggregate_misplaced(env, node, row)
        return unknown(span_of(node))
    inner = replace(env, aggregates=False, windows=False, stage=f"`{row.name}(…)`")
    args = [inner.expr(argument.value) for argument in node.args]
    made = _resolve(env, node, row, args)
    if made is None or _unordered(env, node, row, args):
        return unknown(span_of(node))
    type_, totals = made[1], row.name == TOTAL
    if totals:
        type_ = type_.or_null()
    if env.grouped and not any(arg.type.nullable for arg in made[0]):
        type_ = type_.not_null()  # a group has at least one row
    arg = made[0][0] if made[0] else None
    found = AggregateOf("sum" if totals else row.name, arg, node.distinct, type=type_, span=span_of(node))
    return _or_zero(found) if totals else found


def _unordered(env: Env, node: nodes.CallExpr, row: FunctionRow, args: Sequence[typed.Expr]) -> bool:
    """Whether it is a `min` or `max` of values that have no order, which is reported."""
    return row.name in ("min", "max") and not is_ordered(env, args[0], node)


def _or_zero(total: typed.Expr) -> typed.Expr:
    """`total`: a sum, or 0 without values."""
    type_ = total.type.not_null()
    if type_ == total.type:
        return total
    zero = typed.Const("0", type=DURATION) if type_ == DURATION else coerce(typed.Const(0, type=INT), type_)
    assert zero is not None  # any number type has a 0
    return typed.Func("coalesce", (total, zero), type=type_, span=total.span)


def _aggregate_misplaced(env: Env, node: nodes.CallExpr, row: FunctionRow) -> None:
    if env.row is None:
        hint = f"(from … select {row.name}(…))"
        if f"{row.name}_of" in FUNCTIONS:
            hint += f", or {row.name}_of(…) of a list"
        hint = "count(from …), or length(…) of a list" if row.name == "count" else hint
        env.error("E0403", f"`{row.name}` works over the rows of a query", node, hint)
    elif env.stage.startswith("`"):
        hint = "a `group by … select …` first, then another over its rows"
        env.error("E0403", f"an aggregate can't stand inside {env.stage}", node, hint)
    else:
        hint = f"group by … select {row.name}(…) as x, and then `{env.stage}` with x"
        env.error("E0403", f"an aggregate can't stand in `{env.stage}`", node, hint)


def _window(env: Env, node: nodes.CallExpr, row: FunctionRow, over: nodes.WindowSpec) -> typed.Expr:
    if row.kind == "scalar":
        env.error("E0416", f"`{row.name}` does not work over a window", node, "rank() over (order by …)")
        return unknown(span_of(node))
    if not env.windows:
        env.error(
            "E0416", "a window can stand in `select` and `derive` only", node, "derive it first, then use its name"
        )
        return unknown(span_of(node))
    inner = replace(env, aggregates=False, windows=False, stage="`over (…)`")
    args = [inner.expr(argument.value) for argument in node.args]
    partition = tuple(inner.expr(key) for key in over.partition)
    order = tuple((inner.expr(key.value), key.descending, key.nulls == "first") for key in over.order)
    if not all(is_ordered(env, value, key.value) for (value, _, _), key in zip(order, over.order, strict=True)):
        return unknown(span_of(node))
    if node.distinct:
        env.error("E0416", "`distinct` is not possible with a window", node, "a `group by` counts distinct values")
    made = _resolve(env, node, row, args)
    if made is None or _unordered(env, node, row, args):
        return unknown(span_of(node))
    if row.name == TOTAL:
        summed = WindowOf("sum", made[0], partition, order, type=made[1].or_null(), span=span_of(node))
        return _or_zero(summed)
    return WindowOf(row.name, made[0], partition, order, type=made[1], span=span_of(node))


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


def is_script(env: Env, node: nodes.Expr | None) -> bool:
    """Whether the expression calls an existing script."""
    return (
        isinstance(node, nodes.CallExpr) and node.name not in FUNCTIONS and env.world.signature(node.name) is not None
    )


def script(env: Env, node: nodes.CallExpr) -> typed.ScriptCall | None:
    """Type a call of a script, defaults filled in; None after a finding."""
    signature = env.world.signature(node.name)
    if signature is None:
        for argument in node.args:
            env.expr(argument.value)
        known = [*FUNCTIONS, *env.world.all_scripts()]
        near = nearest(node.name, known)
        hint = f"{quoted(near)}(…)" if near is not None else suggestion(node.name, env.world.all_scripts(), "script")
        env.error("E0204", f"there is no function or script `{node.name}`", node, hint)
        return None
    if env.row is not None:
        hint = f"`let x = {quoted(node.name)}(…)` before the query, then x in it"
        env.error("E0401", f"a query can't call the script `{node.name}`", node, hint)
        return None
    args = _arguments(env, node, signature)
    missing = [database for database in signature.uses if database not in env.state.uses]
    if missing:
        verb = f"uses {', '.join(missing)}"
        hint = f"`uses {', '.join(dict.fromkeys([*env.state.uses, *missing]))}` after the parameters"
        env.error("E0511", f"`{node.name}` {verb}, which this script does not", node, hint)
    if args is None:
        return None
    return typed.ScriptCall(signature, args, type=signature.returns, span=span_of(node))


def _arguments(env: Env, node: nodes.CallExpr, signature: Signature) -> tuple[typed.Expr, ...] | None:
    """One argument per parameter, in order; None after a finding that leaves one undefined."""
    given: dict[str, typed.Expr] = {}
    complete = True
    names = [param.name for param in signature.params]
    for position, argument in enumerate(node.args):
        value = env.expr(argument.value)
        name = argument.name if argument.name is not None else (names[position] if position < len(names) else None)
        param = next((param for param in signature.params if param.name == name), None)
        if param is None:
            complete = False
            _no_such_parameter(env, argument, signature)
        elif param.name in given:
            complete = False
            env.error("E0213", f"the argument `{param.name}` is given twice", argument, usage(signature))
        else:
            given[param.name] = _argument(env, value, param, argument)
    missing = [param.name for param in signature.params if param.name not in given and param.default is None]
    if missing and complete:
        wanted = ", ".join(f"`{name}`" for name in missing)
        plural = "arguments" if len(missing) > 1 else "argument"
        env.error("E0304", f"`{signature.name}` also needs the {plural} {wanted}", node, usage(signature))
        complete = False
    if not complete:
        return None
    return tuple(given[param.name] if param.name in given else _default(param) for param in signature.params)


def _no_such_parameter(env: Env, argument: nodes.Argument, signature: Signature) -> None:
    count = len(signature.params)
    if argument.name is None:
        takes = f"{count} argument{'s' if count != 1 else ''}"
        env.error("E0304", f"`{signature.name}` takes {takes}, and this is one more", argument, usage(signature))
        return
    near = nearest(argument.name, [param.name for param in signature.params])
    hint = f"{quoted(near)}: …" if near is not None else usage(signature)
    env.error("E0305", f"`{signature.name}` has no argument `{argument.name}`", argument, hint)


def _argument(env: Env, value: typed.Expr, param: Parameter, node: nodes.Argument) -> typed.Expr:
    made = coerce(value, param.type)
    if made is not None:
        return made
    message = f"the argument `{param.name}` is {an(param.type)}, but this is {an(value.type)}"
    env.error("E0302", message, node.value, conversion(value, param.type))
    return unknown(value.span)


def _default(param: Parameter) -> typed.Expr:
    default = param.default
    if isinstance(default, tuple):
        return typed.MakeList(tuple(typed.Const(item.value, type=item.type) for item in default), type=param.type)
    return typed.Const(default.value if default is not None else None, type=param.type)


def usage(signature: Signature) -> str:
    """ "find_user(active: bool, limit: int = …)": how a script is called, for a hint."""
    params = ", ".join(
        f"{quoted(param.name)}: {param.type}{' = …' if param.default is not None else ''}" for param in signature.params
    )
    return f"{quoted(signature.name)}({params})"

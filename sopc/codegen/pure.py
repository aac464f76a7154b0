"""A typed script → what it returns as one expression of its parameters, where it does nothing else; else None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from runtime.bytecode.module import Signature
from runtime.bytecode.parts import MAX_DEPTH, children, depth_of
from runtime.query import algebra as q
from sopc.checker import typed
from sopc.codegen.fold import fold
from sopc.codegen.lift_expressions import NotLifted, Row, Scope, can_fail, is_plain

MAX_NODES: Final = 200


def value_of(script: typed.Script) -> tuple[q.Expr, list[Signature]] | None:
    """The value of a script whose steps are `let`, `if` and `return`, and the scripts whose values it names."""
    signature = script.signature
    types = [signature.returns, *(variable.type for variable in script.params)]
    if signature.emits is not None or not all(is_plain(type_) for type_ in types):
        return None
    scope = _Parameters()
    for index, variable in enumerate(script.params):
        scope.values[variable] = q.Param(index, variable.type)
    try:
        value = scope.after(script.steps)
    except NotLifted:
        return None
    return (value, scope.called) if depth_of(value) < MAX_DEPTH // 2 else None


class _Parameters(Scope):
    """The parameters and variables of a script; nothing else can be named in it."""

    nodes = 0

    def after(self, steps: Sequence[typed.Step]) -> q.Expr:
        """What is returned by these steps."""
        if not steps:
            raise NotLifted("it may end without a `return`")
        step, rest = steps[0], steps[1:]
        match step:
            case typed.Return() if step.value is not None:
                return self._counted(self.expr(fold(step.value)))
            case typed.SetVariable() if not step.target and step.variable not in self.values:
                made = self._counted(self.expr(fold(step.value)))
                self.values[step.variable] = made
                value = self.after(rest)
                del self.values[step.variable]
                if can_fail(made) and not _surely_uses(value, made):
                    raise NotLifted("a `let` that can fail may not be used")
                return value
            case typed.If():
                value = self.after((*step.otherwise, *rest))
                for condition, body in reversed(step.branches):
                    when = self.expr(fold(condition))
                    if when.type.name != "bool":
                        raise NotLifted("a condition is no bool")
                    value = q.Case(((when, self.after((*body, *rest))),), value, value.type)
                return self._counted(value)
        raise NotLifted(f"it has a step of another kind ({type(step).__name__})")

    def _counted(self, expr: q.Expr) -> q.Expr:
        stack: list[q.Expr] = [expr]
        while stack:
            node = stack.pop()
            self.nodes += 1
            if self.nodes > MAX_NODES:
                raise NotLifted("it is too long")
            stack.extend(part for part in children(node) if isinstance(part, q.Expr))
        return expr

    def outer(self, variable: typed.Variable) -> NoReturn:
        raise NotLifted(f"`{variable.name}` is no value of its own")

    def call(self, expr: typed.ScriptCall) -> q.Expr:
        if expr.signature.emits is not None or not all(is_plain(arg.type) for arg in expr.args):
            raise NotLifted(f"`{expr.signature.name}` emits records, or is given a null")
        if not is_plain(expr.signature.returns):
            raise NotLifted(f"`{expr.signature.name}` returns a {expr.signature.returns}")
        args = tuple(self.expr(arg) for arg in expr.args)
        if any(can_fail(arg) for arg in args):
            raise NotLifted("an argument can fail, and the callee may not use it")
        return q.Inline(expr.signature.name, args, expr.signature.returns)

    def look_up(self, fetch: typed.FetchExpr) -> Row:
        raise NotLifted("it looks into a store")


def _surely_uses(expr: q.Expr, part: q.Expr) -> bool:
    """Whether the part is worked out whenever the expression is."""
    if expr == part:
        return True
    match expr:
        case q.Op(op=op) if op not in ("and", "or", "between"):
            return any(_surely_uses(arg, part) for arg in expr.args)
        case q.Case():
            return _surely_uses(expr.branches[0][0], part)
        case _:
            return False

"""Operators on typed operands → typed operations, or findings that name the types that an operator takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runtime.errors import RunError
from runtime.values.conversion import from_text
from runtime.values.type_rules import NUMBERS, ORDERED, arithmetic, common
from runtime.values.types import ANY, BOOL, DATE, DURATION, TEXT, TIMESTAMP, Type, list_of
from sopc.checker import typed
from sopc.checker.coerce import as_text, coerce_or_report, common_of, condition, converge, exact, exact_together
from sopc.checker.env import Env
from sopc.checker.lower_query import of_rows
from sopc.checker.report import span_of
from sopc.checker.scope import unknown
from sopc.checker.types import an
from sopc.tree import nodes

ARITHMETIC: Final = {"+": "add", "-": "sub", "*": "mul", "/": "div", "//": "intdiv", "%": "mod"}
COMPARISON: Final = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
ON_TEXT: Final = {"like": "like", "contains": "contains", "starts with": "starts_with", "ends with": "ends_with"}
SECONDS_A_DAY: Final = 86400


def unary(env: Env, node: nodes.Unary) -> typed.Expr:
    arg = env.expr(node.arg)
    span = span_of(node)
    if node.op == "not":
        checked = condition(env, arg, node.arg, "what `not` turns round")
        return typed.Op("not", (checked,), type=_bool(checked), span=span)
    if arg.type.name in NUMBERS or arg.type.name in ("duration", "any"):
        return typed.Op("neg", (arg,), type=arg.type, span=span)
    env.error("E0301", f"`-` works on numbers and durations, not on {an(arg.type)}", node.arg)
    return unknown(span)


def binary(env: Env, node: nodes.Binary) -> typed.Expr:
    if node.op in ("and", "or"):
        left = condition(env, env.expr(node.left), node.left, f"the left side of `{node.op}`")
        right = condition(env, env.expr(node.right), node.right, f"the right side of `{node.op}`")
        return typed.Op(node.op, (left, right), type=_bool(left, right), span=span_of(node))
    left, right = env.expr(node.left), env.expr(node.right)
    if node.ignore_case:
        left = in_lower_case(env, left, node.left, node)
        right = in_lower_case(env, right, node.right, node)
    if node.op in ARITHMETIC:
        return _arithmetic(env, node, left, right)
    if node.op in COMPARISON:
        return _comparison(env, node, left, right)
    return _on_text(env, node, left, right)


def _sides(env: Env, node: nodes.Between | nodes.InExpr, places: list[nodes.Expr]) -> list[typed.Expr]:
    made = [env.expr(place) for place in places]
    if not node.ignore_case:
        return made
    return [in_lower_case(env, side, place, node) for side, place in zip(made, places, strict=True)]


def in_lower_case(
    env: Env, side: typed.Expr, place: nodes.Expr, node: nodes.Binary | nodes.Between | nodes.InExpr
) -> typed.Expr:
    """Converts a side of a comparison that ignores case to lower case."""
    op = node.op if isinstance(node, nodes.Binary) else node.expr
    if side.type.name not in ("text", "any", "null"):
        env.error("E0310", f"{an(side.type)} has no case to ignore", place, f"`{op}` without `ignoring case`")
        return unknown(side.span)
    if side.type.name == "null":
        return side
    text = as_text(env, side, place, f"a side of `{op}`")
    if isinstance(text, typed.Const) and isinstance(text.value, str):
        return replace(text, value=text.value.lower())
    return typed.Func("lower", (text,), type=text.type, span=side.span)


def _bool(*args: typed.Expr) -> Type:
    return BOOL.or_null() if any(arg.type.nullable for arg in args) else BOOL


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────


def _arithmetic(env: Env, node: nodes.Binary, left: typed.Expr, right: typed.Expr) -> typed.Expr:
    span, op = span_of(node), ARITHMETIC[node.op]
    left, right = exact_together([left, right])
    moved = _moved_by_days(node.op, left, right)
    if moved is not None:
        return replace(moved, span=span)
    if "any" in (left.type.name, right.type.name):
        return typed.Op(op, (left, right), type=ANY, span=span)
    if "null" in (left.type.name, right.type.name):
        place = node.left if left.type.name == "null" else node.right
        env.error(
            "E0301", f"`{node.op}` with null is always null", place, "coalesce(x, 0) puts a value in null's place"
        )
        return unknown(span)
    result = arithmetic(op, left.type.not_null(), right.type.not_null())
    if result is None:
        _no_arithmetic(env, node, left, right)
        return unknown(span)
    if result == DATE and "duration" in (left.type.name, right.type.name):
        _check_whole_days(env, node, left, right)
    if left.type.nullable or right.type.nullable:
        result = result.or_null()
    return typed.Op(op, (left, right), type=result, span=span)


def _moved_by_days(op: str, left: typed.Expr, right: typed.Expr) -> typed.Expr | None:
    """date + int, int + date, date - int, which move a date by days; None for other operands."""
    if op == "+" and left.type.name == "int":
        left, right = right, left
    if op not in ("+", "-") or left.type.name != "date" or right.type.name != "int":
        return None
    days = right if op == "+" else typed.Op("neg", (right,), type=right.type, span=right.span)
    type_ = DATE.or_null() if left.type.nullable or right.type.nullable else DATE
    return typed.Func("add_days", (left, days), type=type_)


def _no_arithmetic(env: Env, node: nodes.Binary, left: typed.Expr, right: typed.Expr) -> None:
    if node.op == "+" and TEXT.name in (left.type.name, right.type.name):
        env.error("E0309", "`+` does not join texts", node, 'texts are joined in one text: "{a}{b}"')
        return
    place = node.right if left.type.name in (*NUMBERS, "date", "timestamp", "duration") else node.left
    hint = None
    if {left.type.name, right.type.name} == {"timestamp", "int"}:
        hint = "a timestamp moves by a duration, as in 90 days; add_days(t, n) moves it by n days"
    elif {left.type.name, right.type.name} == {"date", "timestamp"}:
        hint = "timestamp(…) and date(…) convert one into the other"
    elif "text" in (left.type.name, right.type.name):
        hint = "int(…), decimal(…) and float(…) read a number from a text"
    env.error("E0301", f"`{node.op}` does not work on {an(left.type)} and {an(right.type)}", place, hint)


def _check_whole_days(env: Env, node: nodes.Binary, left: typed.Expr, right: typed.Expr) -> None:
    for side, place in ((left, node.left), (right, node.right)):
        if isinstance(side, typed.Const) and side.type == DURATION and int(str(side.value)) % SECONDS_A_DAY:
            env.error("E0301", "a date moves by whole days only", place, "timestamp(…) makes a timestamp of a date")


# ── comparison ─────────────────────────────────────────────────────────────────────────────────────────────────


def _comparison(env: Env, node: nodes.Binary, left: typed.Expr, right: typed.Expr) -> typed.Expr:
    span, op = span_of(node), COMPARISON[node.op]
    if "null" in (left.type.name, right.type.name):
        written = "is not null" if node.op == "!=" else "is null"
        env.error("E0310", f"`{node.op}` with null is never true", node, f"`{written}` asks for null")
        return unknown(span)
    met = together(env, [left, right], [node.left, node.right], node, ordered=node.op not in ("=", "!="))
    return typed.Op(op, tuple(met), type=_bool(*met), span=span) if met is not None else unknown(span)


def together(
    env: Env, exprs: list[typed.Expr], places: list[nodes.Expr], whole: nodes.Node, *, ordered: bool
) -> list[typed.Expr] | None:
    """Convert operands that are compared with one another to a common type.

    Args:
        exprs: The operands; float literals become decimals if another operand is a decimal.
        places: The place of each operand, for a finding.
        whole: The place of the comparison.
        ordered: Whether they are compared by `<` or `>`, and not only for equality.

    Returns:
        The converted operands; None after finding E0310.
    """
    exprs = exact_together(exprs)
    first = exprs[0]
    for expr, place in zip(exprs[1:], places[1:], strict=True):
        met = common(first.type, expr.type)
        if met is None:
            message = f"{an(first.type)} can't be compared with {an(expr.type)}"
            env.error("E0310", message, place, _comparable(first, expr) or _comparable(expr, first))
            return None
        if ordered and met.name not in ORDERED and met.name not in ("any", "null"):
            env.error("E0310", f"a {met.name} has no order", whole, "`=` and `!=` compare any two of a type")
            return None
        if env.row is not None and met.name in ("list", "record"):
            env.error("E0310", f"a {met.name} can't be compared in a query", place)
            return None
    return exprs


def _comparable(known: typed.Expr, other: typed.Expr) -> str | None:
    """A hint how to make the other operand comparable with the known one."""
    if isinstance(other, typed.Const) and other.type == TEXT and known.type.not_null() in (DATE, TIMESTAMP):
        try:
            from_text(str(other.value), known.type.not_null())
        except RunError:
            return None
        return f'{known.type.name} "{other.value}"'
    if isinstance(other, typed.Const) and known.type.name == "text" and other.type.name in NUMBERS:
        return f'"{other.value}"'
    if {known.type.name, other.type.name} == {"date", "timestamp"}:
        return "date(…) takes a timestamp's day"
    if known.type.name in NUMBERS and other.type.name == "text":
        return f"{known.type.name}(…) reads a number from a text"
    return None


def between(env: Env, node: nodes.Between) -> typed.Expr:
    places = [node.arg, node.low, node.high]
    met = together(env, _sides(env, node, places), places, node, ordered=True)
    if met is None:
        return unknown(span_of(node))
    return _maybe_not(typed.Op("between", tuple(met), type=_bool(*met), span=span_of(node)), node.negated)


def _maybe_not(expr: typed.Expr, negated: bool) -> typed.Expr:
    return typed.Op("not", (expr,), type=expr.type, span=expr.span) if negated else expr


def is_null(env: Env, node: nodes.IsNull) -> typed.Expr:
    op = "is_not_null" if node.negated else "is_null"
    return typed.Op(op, (env.expr(node.arg),), type=BOOL, span=span_of(node))


def in_items(env: Env, node: nodes.InExpr) -> typed.Expr:
    """x in (a, b, c)."""
    places = [node.arg, *node.items]
    met = together(env, _sides(env, node, places), places, node, ordered=False)
    if met is None:
        return unknown(span_of(node))
    return _maybe_not(typed.Op("in", tuple(met), type=_bool(*met), span=span_of(node)), node.negated)


def in_list(env: Env, node: nodes.InExpr) -> typed.Expr:
    """x in a list."""
    arg, items = env.expr(node.arg), env.expr(node.items[0])
    if node.ignore_case:
        hint = "the texts themselves, `in (a, b)`, or rows, `in (from …)`"
        env.error("E0310", "`in` a list can't ignore case", node, hint)
        return unknown(span_of(node))
    made = _in_list(env, arg, items, node.arg, node.items[0], node)
    return _maybe_not(made, node.negated)


def _in_list(
    env: Env, arg: typed.Expr, items: typed.Expr, arg_place: nodes.Expr, place: nodes.Expr, node: nodes.Expr
) -> typed.Expr:
    span = span_of(node)
    if items.type.name == "any":
        items = replace_type(items, list_of(ANY))
    if items.type.name != "list" or items.type.item is None:
        env.error("E0311", f"`in` looks into a list or a query, not into {an(items.type)}", place)
        return unknown(span)
    item = items.type.item
    met = common(arg.type, item)
    if met is None:
        env.error("E0310", f"{an(arg.type)} can't be in {an(items.type)}", arg_place)
        return unknown(span)
    if met.name in ("list", "record") and env.row is not None and (of_rows(arg) or of_rows(items)):
        env.error("E0310", f"a {met.name} can't be compared in a query", arg_place)
        return unknown(span)
    if item.name == "decimal":
        arg = exact(arg)
    elif arg.type.name == "decimal" and isinstance(items, typed.MakeList):
        items = _exact_list(items)
    if env.row is not None and isinstance(items, typed.MakeList) and of_rows(items):
        # engines have no lists
        return typed.Op("in", (arg, *items.items), type=_bool(arg, *items.items), span=span)
    result = BOOL if not (arg.type.nullable or item.nullable or items.type.nullable) else BOOL.or_null()
    return typed.Op("in_list", (arg, items), type=result, span=span)


def replace_type(expr: typed.Expr, type_: Type) -> typed.Expr:
    return typed.Convert(expr, type=type_, span=expr.span)


def _on_text(env: Env, node: nodes.Binary, left: typed.Expr, right: typed.Expr) -> typed.Expr:
    if node.op == "contains" and left.type.name == "list":
        return _in_list(env, right, left, node.right, node.left, node)
    left = as_text(env, left, node.left, f"the left side of `{node.op}`")
    right = as_text(env, right, node.right, f"the right side of `{node.op}`")
    return typed.Op(ON_TEXT[node.op], (left, right), type=_bool(left, right), span=span_of(node))


# ── case, records and lists ────────────────────────────────────────────────────────────────────────────────────


def case(env: Env, node: nodes.CaseExpr) -> typed.Expr:
    span = span_of(node)
    places = [branch.then for branch in node.branches]
    if node.otherwise is not None:
        places.append(node.otherwise)
    conditions = [
        condition(env, env.expr(branch.when), branch.when, "the condition of `when`") for branch in node.branches
    ]
    values = exact_together([env.expr(place) for place in places])
    found = _common_or_error(env, values, places, "the branches of a `case`")
    if found is None:
        return unknown(span)
    if node.otherwise is None:
        found = found.or_null()
    if env.row is None:
        values = converge(values, found)
    otherwise = values.pop() if node.otherwise is not None else None
    return typed.Case(tuple(zip(conditions, values, strict=True)), otherwise, type=found, span=span)


def _common_or_error(env: Env, values: list[typed.Expr], places: list[nodes.Expr], what: str) -> Type | None:
    found = common_of(values)
    if found is None:
        for index in range(1, len(values)):
            if common_of(values[: index + 1]) is None:
                before = common_of(values[:index])
                message = f"{what} must be of one type, but this is {an(values[index].type)}"
                env.error("E0313", message, places[index], f"those before are of type {before}")
                break
    return found


def record(env: Env, node: nodes.RecordExpr) -> typed.Expr:
    fields: list[tuple[str, typed.Expr]] = []
    for field in node.fields:
        if any(name == field.name for name, _ in fields):
            env.error("E0213", f"the field `{field.name}` is there twice", field, "a record has each field once")
            continue
        fields.append((field.name, env.expr(field.value)))
    type_ = Type("record", fields=tuple((name, value.type) for name, value in fields))
    return typed.MakeRecord(tuple(fields), type=type_, span=span_of(node))


def make_list(env: Env, node: nodes.ListExpr) -> typed.Expr:
    span = span_of(node)
    if not node.items:
        return typed.MakeList((), type=list_of(Type("null", nullable=True)), span=span)
    items = exact_together([env.expr(item) for item in node.items])
    found = _common_or_error(env, items, list(node.items), "the items of a list")
    if found is None:
        return unknown(span)
    return typed.MakeList(tuple(converge(items, found)), type=list_of(found), span=span)


def _exact_list(items: typed.MakeList) -> typed.MakeList:
    """The list with float literals such as 0.07 as decimals."""
    made = [exact(item) for item in items.items]
    found = common_of(made)
    return items if found is None else replace(items, items=tuple(converge(made, found)), type=list_of(found))


def index(env: Env, node: nodes.IndexAccess) -> typed.Expr:
    """list[i]; null for an index outside the list."""
    base = env.expr(node.base)
    span = span_of(node)
    if env.row is not None and of_rows(base):
        env.error(
            "E0415", "a query can't look inside a value of a field", node, "`for each` gives the row to the script"
        )
        return unknown(span)
    if base.type.name == "any":
        return typed.ItemOf(base, env.expr(node.index), type=base.type, span=span)
    if base.type.name != "list":
        hint = "a record's field is read with a point, as in r.name" if base.type.name == "record" else None
        env.error("E0312", f"{an(base.type)} has no items", node.base, hint)
        return unknown(span)
    position = coerce_or_report(env, env.expr(node.index), Type("int"), node.index, "an index")
    item = base.type.item or ANY
    return typed.ItemOf(base, position, type=item.or_null(), span=span)

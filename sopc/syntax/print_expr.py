"""Nodes → their text on one line, with only the brackets that the grammar needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from runtime.errors import SopError
from sopc.syntax.grammar import reserved_words
from sopc.syntax.literals import is_bare_name, write_text
from sopc.tree import nodes

__all__ = ("expr", "name", "type_name")

# Binding levels; an operand of a lower level than its place requires is printed in brackets.
ANY: Final = 1
_AND: Final = 2
_NOT: Final = 3
_COMPARISON: Final = 4
_SUM: Final = 5
_PRODUCT: Final = 6
_UNARY: Final = 7  # numbers too, since `.` and `[` can't follow them
_GROUP: Final = 8  # a bracketed expression, and fields and items of one
_PATH: Final = 9

_LEVELS: Final = {
    "or": ANY,
    "and": _AND,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "//": _PRODUCT,
    "%": _PRODUCT,
}
_NEGATABLE: Final = ("like", "contains", "starts with", "ends with")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def unwritable(message: str) -> SopError:
    """The error for a tree (not made by the parser) that no text parses to: SopError E0118."""
    return SopError("E0118", message, "change that part of the tree to a form that program text has")


def name(text: str) -> str:
    """Print a name, in backquotes if it is reserved or no plain word.

    Args:
        text: The name.

    Returns:
        The name as a program writes it.
    """
    return text if is_bare_name(text) and text not in reserved_words() else _quoted(text)


def key(text: str) -> str:
    """Print a name after `.` or as a record key, where keywords need no backquotes."""
    return text if is_bare_name(text) else _quoted(text)


def _quoted(text: str) -> str:
    if not text or "`" in text or "\n" in text:
        raise unwritable(f"the name {text!r} can't be written")
    return f"`{text}`"


def type_name(node: nodes.TypeName) -> str:
    if node.fields is not None:
        text = "{" + ", ".join(f"{key(field)}: {type_name(type_)}" for field, type_ in node.fields) + "}"
    else:
        if not is_bare_name(node.name) or node.name in reserved_words():
            raise unwritable(f"{node.name!r} can't be the name of a type")
        text = node.name
        if node.args:
            text += f"({','.join(map(str, node.args))})"
        if node.item is not None:
            text += f"<{type_name(node.item)}>"
    return text + "?" if node.nullable else text


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────


def level(node: nodes.Expr) -> int:
    """The binding level of an expression."""
    if isinstance(node, nodes.Binary):
        return _LEVELS.get(node.op, _COMPARISON)
    if isinstance(node, nodes.Unary):
        if node.op == "-":
            return _UNARY
        return _COMPARISON if _negates_operator(node) else _NOT
    if isinstance(node, nodes.Between | nodes.InExpr | nodes.IsNull):
        return _COMPARISON
    if isinstance(node, nodes.IntLiteral | nodes.NumberLiteral | nodes.DurationLiteral):
        return _UNARY
    if isinstance(node, nodes.FieldAccess | nodes.IndexAccess):
        return _PATH if level(node.base) == _PATH else _GROUP
    if isinstance(node, nodes.QueryExpr) and node.kind == "scalar":
        return _GROUP
    return _PATH


def operands(node: nodes.Binary) -> tuple[int, int]:
    """The lowest levels that the left and right operand can have without brackets."""
    own = level(node)
    if own == _COMPARISON:
        return _SUM, _SUM
    return own, own + 1


def expr(node: nodes.Expr, needed: int = ANY) -> str:
    """Print an expression on one line.

    Args:
        node: The expression.
        needed: The binding level that its place requires; an expression of a lower level gets brackets.

    Raises:
        SopError: E0118, the tree has a form that no text parses to.
    """
    text = _bare(node)
    return f"({text})" if level(node) < needed else text


def _bare(node: nodes.Expr) -> str:
    match node:
        case nodes.NullLiteral():
            return "null"
        case nodes.BoolLiteral():
            return "true" if node.value else "false"
        case nodes.IntLiteral():
            return str(node.value)
        case nodes.NumberLiteral():
            if not _NUMBER.fullmatch(node.value):
                raise unwritable(f"{node.value!r} is not a number")
            return node.value
        case nodes.TextLiteral():
            return _text(node)
        case nodes.DateLiteral():
            return f'date "{write_text(node.value)}"'
        case nodes.TimestampLiteral():
            return f'timestamp "{write_text(node.value)}"'
        case nodes.DurationLiteral():
            return f"{node.value} {node.unit}" + ("" if node.value in (1, -1) else "s")
        case nodes.Name():
            return ("$" if node.variable else "") + name(node.name)
        case nodes.FieldAccess():
            return f"{expr(node.base, _GROUP)}.{key(node.name)}"
        case nodes.IndexAccess():
            return f"{expr(node.base, _GROUP)}[{expr(node.index)}]"
        case nodes.CallExpr():
            inside = ", ".join(map(argument, node.args))
            over = "" if node.over is None else f" over {window(node.over)}"
            return f"{name(node.name)}({'distinct ' if node.distinct else ''}{inside}){over}"
        case nodes.CaseExpr():
            branches = "".join(f" when {expr(b.when)} then {expr(b.then)}" for b in node.branches)
            otherwise = "" if node.otherwise is None else f" else {expr(node.otherwise)}"
            return f"case{branches}{otherwise} end"
        case nodes.RecordExpr():
            return "{ " + ", ".join(map(pair, node.fields)) + " }" if node.fields else "{}"
        case nodes.ListExpr():
            return f"[{', '.join(map(expr, node.items))}]"
        case nodes.QueryExpr():
            return f"{'' if node.kind == 'scalar' else node.kind}({query(node.query)})"
        case _:
            return _operation(node)


def _operation(node: nodes.Unary | nodes.Binary | nodes.Between | nodes.InExpr | nodes.IsNull) -> str:
    match node:
        case nodes.Unary(op="-"):
            # a minus directly before a number would become part of the number
            return f"-{expr(node.arg, _GROUP)}"
        case nodes.Unary():
            if isinstance(node.arg, nodes.Binary) and _negates_operator(node):
                sides = expr(node.arg.left, _SUM), expr(node.arg.right, _SUM)
                return f"{sides[0]} not {node.arg.op} {sides[1]}{ignoring_case(node.arg)}"
            return f"not {expr(node.arg, _NOT)}"
        case nodes.Binary():
            left, right = operands(node)
            return f"{expr(node.left, left)} {node.op} {expr(node.right, right)}{ignoring_case(node)}"
        case nodes.Between():
            bounds = f"{expr(node.low, _SUM)} and {expr(node.high, _SUM)}"
            return f"{expr(node.arg, _SUM)} {_not(node.negated)}between {bounds}{ignoring_case(node)}"
        case nodes.InExpr():
            return f"{members_head(node)}{_members(node)}{ignoring_case(node)}"
        case nodes.IsNull():
            return f"{expr(node.arg, _SUM)} is {_not(node.negated)}null"


def ignoring_case(node: nodes.Binary | nodes.Between | nodes.InExpr) -> str:
    """The suffix ` ignoring case` of a comparison, or nothing."""
    if not node.ignore_case:
        return ""
    if level(node) != _COMPARISON:
        raise unwritable(f"`{node.op if isinstance(node, nodes.Binary) else node.expr}` can't ignore case")
    return " ignoring case"


def members_head(node: nodes.InExpr) -> str:
    return f"{expr(node.arg, _SUM)} {_not(node.negated)}in "


def _members(node: nodes.InExpr) -> str:
    if node.query is not None:
        return f"({query(node.query)})"
    if not node.is_list and node.items:
        return f"({', '.join(map(expr, node.items))})"
    if len(node.items) != 1 or level(node.items[0]) != _PATH:
        raise unwritable("`in` needs values, a query, or one list that needs no brackets")
    return expr(node.items[0])


def _negates_operator(node: nodes.Unary) -> bool:
    """Whether to print `a not like b` rather than `not a like b`."""
    return node.op == "not" and isinstance(node.arg, nodes.Binary) and node.arg.op in _NEGATABLE


def _not(negated: bool) -> str:
    return "not " if negated else ""


def _text(node: nodes.TextLiteral) -> str:
    parts = [write_text(part) if isinstance(part, str) else "{" + _hole(part) + "}" for part in node.parts]
    return f'"{"".join(parts)}"'


def _hole(node: nodes.Expr) -> str:
    _check_hole(node)
    return expr(node)


def _check_hole(node: nodes.Expr) -> None:
    """Raises E0118 for an expression that the grammar does not allow in a hole."""
    match node:
        case nodes.Name() | nodes.IntLiteral() | nodes.NumberLiteral():
            return
        case nodes.TextLiteral() if all(isinstance(part, str) for part in node.parts):
            return
        case nodes.QueryExpr():
            return
        case nodes.FieldAccess():
            inner: Iterable[nodes.Expr] = (node.base,)
        case nodes.IndexAccess():
            inner = (node.base, node.index)
        case nodes.CallExpr(distinct=False, over=None):
            inner = [argument.value for argument in node.args]
        case nodes.Unary(op="-"):
            inner = (node.arg,)
        case nodes.Binary() if level(node) in (_SUM, _PRODUCT):
            inner = (node.left, node.right)
        case _:
            raise unwritable(f"the hole of a text can't hold `{expr(node)}`")
    for child in inner:
        _check_hole(child)


def argument(node: nodes.Argument) -> str:
    return expr(node.value) if node.name is None else f"{name(node.name)}: {expr(node.value)}"


def pair(node: nodes.RecordField) -> str:
    return f"{key(node.name)}: {expr(node.value)}"


def window(node: nodes.WindowSpec) -> str:
    parts = []
    if node.partition:
        parts.append(f"partition by {', '.join(map(expr, node.partition))}")
    if node.order:
        parts.append(f"order by {', '.join(map(sort_key, node.order))}")
    return f"({' '.join(parts)})"


# ── queries ────────────────────────────────────────────────────────────────────────────────────────────────────


def query(node: nodes.Query) -> str:
    check_query(node)
    return " ".join(map(stage, node.stages))


def check_query(node: nodes.Query) -> None:
    if not node.stages or any(isinstance(s, nodes.From) != (place == 0) for place, s in enumerate(node.stages)):
        raise unwritable("a query begins with `from`, and has one `from` only")


def store(database: str | None, name_: str) -> str:
    return name(name_) if database is None else f"{name(database)}.{key(name_)}"


def source(node: nodes.From) -> str:
    return store(node.database, node.store) + ("" if node.alias is None else f" as {name(node.alias)}")


def stage(node: nodes.Stage) -> str:
    """Print a stage of a query, on one line.

    Args:
        node: The stage.

    Returns:
        The stage as a program writes it.
    """
    match node:
        case nodes.From():
            return f"from {source(node)}"
        case nodes.Join():
            return f"{'left ' if node.outer else ''}join {source(node.source)} on {expr(node.on)}"
        case nodes.Where():
            return f"where {expr(node.condition)}"
        case nodes.Derive():
            return f"derive {', '.join(map(derived, node.columns))}"
        case nodes.GroupBy():
            return f"group by {columns(node.keys)} select {columns(node.columns)}"
        case nodes.Select():
            return f"select {columns(node.columns)}"
        case nodes.Distinct():
            return "distinct"
        case nodes.OrderBy():
            return f"order by {', '.join(map(sort_key, node.keys))}"
        case nodes.Limit():
            return f"limit {expr(node.count)}" + ("" if node.offset is None else f" offset {expr(node.offset)}")
        case nodes.UnionWith():
            return (
                f"{union_head(node)}({query(node.query)})"
                if is_long_union(node)
                else (f"{union_head(node)}{query(node.query)}")
            )


def union_head(node: nodes.UnionWith) -> str:
    if node.all and node.stage != "union":
        raise unwritable(f"`{node.stage}` keeps no repeated rows")
    return f"{node.stage} all " if node.all else f"{node.stage} "


def is_long_union(node: nodes.UnionWith) -> bool:
    """Whether the operand has more than one stage, so that it needs brackets."""
    return len(node.query.stages) > 1


def columns(items: tuple[nodes.NamedColumn, ...]) -> str:
    return ", ".join(map(column, items))


def column(node: nodes.NamedColumn) -> str:
    return expr(node.value) + ("" if node.name is None else f" as {name(node.name)}")


def derived(node: nodes.NamedColumn) -> str:
    if node.name is None:
        raise unwritable("`derive` needs a name for each expression")
    return f"{name(node.name)} = {expr(node.value)}"


def sort_key(node: nodes.SortKey) -> str:
    nulls = "" if node.nulls is None else f" nulls {node.nulls}"
    return f"{expr(node.value)}{' desc' if node.descending else ''}{nulls}"

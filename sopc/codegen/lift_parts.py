"""Parts of scripts and queries that the lifting of loops takes apart, names and puts together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from runtime.bytecode.parts import children
from runtime.query import algebra as q
from sopc.checker import typed


def mapped(node: q.Expr, change: Callable[[q.Expr], q.Expr]) -> q.Expr:
    """The expression with its operands changed."""
    match node:
        case q.Op() | q.Func() | q.Inline():
            return msgspec.structs.replace(node, args=tuple(change(arg) for arg in node.args))
        case q.Case():
            branches = tuple((change(when), change(then)) for when, then in node.branches)
            return q.Case(branches, None if node.otherwise is None else change(node.otherwise), node.type)
        case _:
            return node


def own_rows(relation: q.Relation) -> q.Scan | None:
    """The store whose rows these are, each at most once and as it is; None for other rows."""
    while isinstance(relation, q.Where | q.Sort):
        relation = relation.source
    return relation if isinstance(relation, q.Scan) else None


def all_nodes(root: Any) -> Iterator[Any]:
    """A query, write or expression and all its parts, in no order."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def scans_of(query: q.Query) -> list[q.Scan]:
    """The stores that it reads, those of sub-queries among them."""
    return [node for node in all_nodes(query) if isinstance(node, q.Scan)]


def is_used(write: q.Update, number: int) -> bool:
    """Whether a param of an update is in what it sets."""
    return any(
        isinstance(node, q.Param) and node.index == number for _, expr in write.assignments for node in all_nodes(expr)
    )


def placed(expr: q.Expr, target: int, scan: int, params: Sequence[q.Expr | None]) -> q.Expr:
    """The value of an update, over the loop's own row in place of the update's row and params."""

    def place(node: q.Expr) -> q.Expr:
        if isinstance(node, q.Column) and node.relation == target:
            return q.Column(scan, node.name, node.type)
        if isinstance(node, q.Param):
            given = params[node.index]
            assert given is not None
            return given
        return mapped(node, place)

    return place(expr)


STEPS: Final = {
    typed.EmitRecord: "an `emit`",
    typed.EmitQuery: "an `emit`",
    typed.EmitCall: "an `emit`",
    typed.Say: "a `say`",
    typed.Return: "a `return`",
    typed.Fail: "a `fail`",
    typed.Assert: "an `assert`",
    typed.Commit: "a `commit`",
    typed.Break: "a `break`",
    typed.AskStep: "an `ask`",
    typed.ForQuery: "a loop",
    typed.ForList: "a loop",
    typed.ForRange: "a loop",
    typed.ForCall: "a loop",
    typed.While: "a loop",
    typed.Transaction: "a `transaction`",
    typed.Try: "a `try`",
}

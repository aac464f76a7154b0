"""Expressions and queries → one line if it fits, else lines broken at operators, items and stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sopc.syntax import print_expr
from sopc.syntax.writer import Writer
from sopc.tree import nodes
from sopc.tree.unchecked import new

_MANY_STAGES = 3


class Layout:
    """Writes expressions and queries at the end of the writer's line."""

    def __init__(self, writer: Writer) -> None:
        self.out = writer

    def expr(self, node: nodes.Expr, indent: int, tail: int = 0, needed: int = print_expr.ANY) -> None:
        """Writes an expression.

        Args:
            indent: Columns that its line is indented by.
            tail: Columns that the text after the expression takes on its last line.
            needed: The lowest binding level that needs no brackets here.
        """
        flat = print_expr.expr(node, needed)
        if not self._has_comment(node) and self.out.fits(flat, tail):
            self.out.write(flat)
        elif print_expr.level(node) < needed:
            self.out.write("(")
            self._broken(node, indent, tail + 1, flat[1:-1])
            self.out.write(")")
        else:
            self._broken(node, indent, tail, flat)

    def _broken(self, node: nodes.Expr, indent: int, tail: int, flat: str) -> None:
        out = self.out
        match node:
            case nodes.Binary():
                self._operation(node, indent, tail)
            case nodes.Unary(op="not") if print_expr.level(node) != print_expr.level(new(nodes.IsNull)(arg=node)):
                out.write("not ")
                self.expr(node.arg, indent, tail, print_expr.level(node))
            case nodes.CallExpr() if node.args:
                over = "" if node.over is None else f" over {print_expr.window(node.over)}"
                out.write(f"{print_expr.name(node.name)}(" + ("distinct " if node.distinct else ""))
                self._items(node.args, self._argument, indent, ")" + over)
            case nodes.RecordExpr() if node.fields:
                out.write("{")
                self._items(node.fields, self._pair, indent, "}")
            case nodes.ListExpr() if node.items:
                out.write("[")
                self._items(node.items, self.expr, indent, "]")
            case nodes.InExpr(is_list=False) if node.query is not None or node.items:
                out.write(f"{print_expr.members_head(node)}(")
                if node.query is not None:
                    self.query(node.query, tail + 1)
                    out.write(")")
                else:
                    self._items(node.items, self.expr, indent, ")")
                out.write(print_expr.ignoring_case(node))
            case nodes.QueryExpr():
                out.write("(" if node.kind == "scalar" else f"{node.kind}(")
                self.query(node.query, tail + 1)
                out.write(")")
            case nodes.CaseExpr():
                self._case(node, tail)
            case _:
                out.write(flat)

    def _has_comment(self, node: nodes.Node) -> bool:
        return node.span is not None and self.out.has_comment(node.span[1])

    def _operation(self, node: nodes.Binary, indent: int, tail: int) -> None:
        """Breaks a chain of operators of one level before each operator."""
        left, right = print_expr.operands(node)
        if left == right:  # a comparison
            suffix = print_expr.ignoring_case(node)
            self.expr(node.left, indent, len(node.op) + 2, left)
            self.out.write(f" {node.op} ")
            self.expr(node.right, indent, tail + len(suffix), right)
            self.out.write(suffix)
            return
        chain: list[nodes.Binary] = []
        first: nodes.Expr = node
        while isinstance(first, nodes.Binary) and print_expr.level(first) == left:
            chain.append(first)
            first = first.left
        self.expr(first, indent, 0, left)
        for link in reversed(chain):
            self.out.newline(indent + 2, link.right.span and link.right.span[0])
            self.out.write(f"{link.op} ")
            self.expr(link.right, indent + 2, tail if link is chain[0] else 0, right)

    def _items(self, items: Sequence[Any], write: Callable[[Any, int, int], None], indent: int, close: str) -> None:
        """Writes one item a line, and the closing bracket on a line of its own."""
        for place, item in enumerate(items):
            self.out.newline(indent + 2, item.span and item.span[0])
            write(item, indent + 2, 1)
            self.out.write("," if place < len(items) - 1 else "")
        self.out.newline(indent)
        self.out.write(close)

    def _argument(self, node: nodes.Argument, indent: int, tail: int) -> None:
        if node.name is not None:
            self.out.write(f"{print_expr.name(node.name)}: ")
        self.expr(node.value, indent, tail)

    def _pair(self, node: nodes.RecordField, indent: int, tail: int) -> None:
        self.out.write(f"{print_expr.key(node.name)}: ")
        self.expr(node.value, indent, tail)

    def _case(self, node: nodes.CaseExpr, tail: int) -> None:
        """Writes the branches below each other, after the word `case`."""
        column = len(self.out.line) + len("case ")
        self.out.write("case ")
        for place, branch in enumerate(node.branches):
            if place:
                self.out.newline(column, branch.span and branch.span[0])
            self.out.write("when ")
            self.expr(branch.when, column, 5)
            self.out.write(" then ")
            self.expr(branch.then, column)
        if node.otherwise is not None:
            self.out.newline(column, node.otherwise.span and node.otherwise.span[0])
            self.out.write("else ")
            self.expr(node.otherwise, column, tail + 4)
        self.out.write(" end")

    # ── queries ──

    def query(self, node: nodes.Query, tail: int = 0, *, may_stand: bool = False) -> None:
        """Writes one stage a line if they don't fit on one, or if there are many and the query `may_stand` alone."""
        flat = print_expr.query(node)
        many = may_stand and len(node.stages) > _MANY_STAGES
        if not many and not self._has_comment(node) and self.out.fits(flat, tail):
            self.out.write(flat)
            return
        column = len(self.out.line)
        for place, stage in enumerate(node.stages):
            if place:
                self.out.newline(column, stage.span and stage.span[0])
            self._stage(stage, column, tail if place == len(node.stages) - 1 else 0)

    def _stage(self, node: nodes.Stage, column: int, tail: int) -> None:
        flat = print_expr.stage(node)
        if not self._has_comment(node) and self.out.fits(flat, tail):
            self.out.write(flat)
            return
        out = self.out
        match node:
            case nodes.Where():
                out.write("where ")
                self.expr(node.condition, column, tail)
            case nodes.Join():
                out.write(f"{'left ' if node.outer else ''}join {print_expr.source(node.source)} on ")
                self.expr(node.on, column, tail)
            case nodes.Select():
                out.write("select ")
                self._columns(node.columns, self._column, tail)
            case nodes.Derive():
                out.write("derive ")
                self._columns(node.columns, self._derived, tail)
            case nodes.GroupBy():
                out.write("group by ")
                self._columns(node.keys, self._column, 0)
                out.newline(column + 2, node.columns[0].span and node.columns[0].span[0])
                out.write("select ")
                self._columns(node.columns, self._column, tail)
            case nodes.UnionWith() if print_expr.is_long_union(node):
                out.write(f"{print_expr.union_head(node)}(")
                self.query(node.query, tail + 1)
                out.write(")")
            case _:
                out.write(flat)

    def _columns(self, items: Sequence[nodes.NamedColumn], write: Callable[[Any, int, int], None], tail: int) -> None:
        """Writes as many columns on a line as fit, further lines aligned with the first column."""
        start = len(self.out.line)
        for place, item in enumerate(items):
            last = place == len(items) - 1
            flat = print_expr.column(item) if write == self._column else print_expr.derived(item)
            rest = tail if last else 1
            if place:
                self.out.write(",")
                if self._has_comment(item) or not self.out.fits(f" {flat}", rest):
                    self.out.newline(start, item.span and item.span[0])
                else:
                    self.out.write(" ")
            write(item, start, rest)

    def _column(self, node: nodes.NamedColumn, indent: int, tail: int) -> None:
        suffix = "" if node.name is None else f" as {print_expr.name(node.name)}"
        self.expr(node.value, indent, tail + len(suffix))
        self.out.write(suffix)

    def _derived(self, node: nodes.NamedColumn, indent: int, tail: int) -> None:
        self.out.write(f"{print_expr.name(node.name or '')} = ")
        self.expr(node.value, indent, tail)

"""Source text or nodes → canonical text: comments in place, lines of at most 100 columns where possible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sopc.source import Source
from sopc.syntax import print_expr
from sopc.syntax.layout import Layout
from sopc.syntax.literals import write_text
from sopc.syntax.parse import parse
from sopc.syntax.writer import Writer
from sopc.tree import nodes
from sopc.tree.unchecked import new

__all__ = ("format_file", "format_script", "format_source", "format_step")

_SHORT: Final = (nodes.Fail, nodes.Return, nodes.Break, nodes.Continue, nodes.Commit)


def format_source(source: Source) -> str:
    """Format a source.

    Args:
        source: DSL text of one or more scripts.

    Returns:
        The canonical text; formatting it again changes nothing.

    Raises:
        CompileError: E01xx, the text can't be parsed.
    """
    file = parse(source)
    return _File(Writer(source), source.text).file(file)


def format_file(file: nodes.File) -> str:
    """Print a tree as canonical text, without comments.

    Args:
        file: A tree from any source, such as `parse` or JSON.

    Returns:
        DSL text that parses to the same tree.

    Raises:
        SopError: E0118, the tree has a form that no text parses to.
    """
    return _File(Writer(None), "").file(file)


def format_script(script: nodes.Script) -> str:
    """Print one script, as `format_file` does; the text ends with a newline."""
    return format_file(new(nodes.File)(scripts=(script,)))


def format_step(step: nodes.AnyStep) -> str:
    """Print one step, as `format_file` does, with its sentence number; the text ends with a newline."""
    writer = Writer(None)
    _File(writer, "").step(step, 0)
    return writer.text()


class _File:
    """Writes scripts and steps. source: the text that the nodes were parsed from, "" for other trees."""

    def __init__(self, writer: Writer, source: str) -> None:
        self._out = writer
        self._layout = Layout(writer)
        self._source = source

    def file(self, node: nodes.File) -> str:
        for place, script in enumerate(node.scripts):
            if place:
                self._out.trail(script.span and script.span[0])
                self._out.newline(0)
                self._out.blank_line()
            self._out.newline(0, script.span and script.span[0], blank=True)
            self._script(script)
        return self._out.text()

    # ── scripts ──

    def _script(self, node: nodes.Script) -> None:
        out = self._out
        params = [_parameter(param) for param in node.params]
        rest = "" if not node.uses else f" uses {', '.join(map(print_expr.name, node.uses))}"
        rest += "" if node.returns is None else f" -> {print_expr.type_name(node.returns)}"
        rest += "" if node.emits is None else f" emits {print_expr.type_name(node.emits)}"
        out.write(f"script {print_expr.name(node.name)}(")
        commented = bool(node.params) and out.has_comment(node.params[-1].span and node.params[-1].span[1])
        if not commented and out.fits(", ".join(params), len(rest) + 1):
            out.write(", ".join(params))
        else:
            for place, param in enumerate(node.params):
                out.newline(2, param.span and param.span[0])
                out.write(params[place] + ("," if place < len(params) - 1 else ""))
            out.newline(0)
        out.write(f"){rest}")
        if node.doc:
            out.newline(2)
            out.write(f'"{write_text(node.doc)}"')
            if node.steps:
                first = node.steps[0].span
                if not out.has_comment(first and first[0]):
                    out.newline(2)
                    out.blank_line()
        self._body(node.steps, 2)
        out.newline(0, self._end(node), inner=2)
        out.write("end")
        self._passed(node)

    def _end(self, node: nodes.Node) -> int | None:
        """The offset at which the `end` of a block begins."""
        return None if node.span is None else node.span[1] - len("end")

    def _passed(self, node: nodes.Node) -> None:
        self._out.passed(node.span and node.span[1])

    # ── steps ──

    def _body(self, steps: Sequence[nodes.AnyStep], indent: int) -> None:
        for place, step in enumerate(steps):
            self._out.newline(indent, step.span and step.span[0], blank=place > 0)
            self.step(step, indent)

    def step(self, node: nodes.AnyStep, indent: int) -> None:
        """Writes a step at the end of the line."""
        if node.sentence is not None:
            tag = f"@{node.sentence} "
            self._out.write(tag)
            indent += len(tag)
        match node:
            case nodes.If():
                self._if(node, indent)
            case nodes.ForEach():
                self._for(node, indent)
            case nodes.While():
                self._out.write("while ")
                self._layout.expr(node.condition, indent + 2, len(" do"))
                self._out.write(" do")
                self._block(node, node.steps, indent)
            case nodes.Transaction():
                self._out.write("transaction")
                self._block(node, node.steps, indent)
            case nodes.Try():
                self._try(node, indent)
            case nodes.CallStep():
                self._out.write("call ")
                self._layout.expr(node.call, indent)
            case nodes.Ask():
                self._ask(node, indent)
            case _:
                self._command(node, indent)
        self._passed(node)

    def _block(self, node: nodes.Node, steps: Sequence[nodes.AnyStep], indent: int) -> None:
        """The steps of a block and its `end`."""
        end = self._end(node)
        self._body(steps, indent + 2)
        self._out.newline(indent, end, inner=indent + 2)
        self._out.write("end")

    def _if(self, node: nodes.If, indent: int) -> None:
        out = self._out
        if self._short_if(node):
            return
        done = None
        for place, branch in enumerate(node.branches):
            if place:
                out.newline(indent, self._word("else", done, branch.span and branch.span[0]), inner=indent + 2)
                out.write("else ")
            out.write("if ")
            self._layout.expr(branch.condition, indent + 2, len(" then"))
            out.write(" then")
            self._body(branch.steps, indent + 2)
            done = branch.span and branch.span[1]
            out.passed(done)
        if node.otherwise is not None:
            if node.otherwise and isinstance(node.otherwise[0], nodes.If):
                raise print_expr.unwritable("an `else` body can't begin with `if`: it would be read as `else if`")
            first = node.otherwise[0].span if node.otherwise else None
            out.newline(indent, self._word("else", done, first[0] if first else self._end(node)), inner=indent + 2)
            out.write("else")
            self._body(node.otherwise, indent + 2)
        out.newline(indent, self._end(node), inner=indent + 2)
        out.write("end")

    def _short_if(self, node: nodes.If) -> bool:
        """Writes an `if` with a single short step, such as `if … then fail … end`, on one line if it fits."""
        branch = node.branches[0]
        if len(node.branches) > 1 or node.otherwise is not None or len(branch.steps) != 1:
            return False
        step = branch.steps[0]
        if not isinstance(step, _SHORT) or step.sentence is not None or self._out.has_comment(self._end(node)):
            return False
        flat = f"if {print_expr.expr(branch.condition)} then {_simple(step)} end"
        if self._out.fits(flat):
            self._out.write(flat)
            return True
        return False

    def _word(self, word: str, start: int | None, end: int | None) -> int | None:
        """The offset of a keyword between two offsets, outside comments."""
        if start is None or end is None:
            return None
        for match in re.finditer(rf"#[^\n]*|\b{word}\b", self._source[start:end]):
            if match.group() == word:
                return start + match.start()
        return None

    def _for(self, node: nodes.ForEach, indent: int) -> None:
        self._out.write(f"for each {print_expr.name(node.name)} in ")
        if node.query is not None:
            self._layout.query(node.query, len(" do"))
        elif node.range is not None:
            self._out.write(f"{print_expr.expr(node.range.low)} to ")
            self._layout.expr(node.range.high, indent + 2, len(" do"))
        elif node.value is not None:
            self._layout.expr(node.value, indent, len(" do"))
        self._out.write(" do")
        self._block(node, node.steps, indent)

    def _try(self, node: nodes.Try, indent: int) -> None:
        self._out.write("try")
        self._body(node.steps, indent + 2)
        start = node.steps[-1].span if node.steps else node.span and (node.span[0], node.span[0])
        handler = node.handler[0].span if node.handler else None
        on = self._word("on", start and start[1], handler[0] if handler else self._end(node))
        self._out.newline(indent, on, inner=indent + 2)
        self._out.write(f"on error {print_expr.name(node.name)} do")
        self._block(node, node.handler, indent)

    def _ask(self, node: nodes.Ask, indent: int) -> None:
        into = f" into {print_expr.name(node.name)}: {print_expr.type_name(node.answer)}"
        self._out.write("ask ")
        self._layout.expr(node.question, indent)
        for word, value in (("choices", node.choices), ("within", node.within), ("default", node.default)):
            if value is not None:
                if not self._out.fits(f" {word} {print_expr.expr(value)}"):
                    self._out.newline(indent + 2)
                else:
                    self._out.write(" ")
                self._out.write(f"{word} ")
                self._layout.expr(value, indent + 2)
        if not self._out.fits(into):
            self._out.newline(indent + 1)
        self._out.write(into)

    def _command(self, node: nodes.AnyStep, indent: int) -> None:
        out, layout = self._out, self._layout
        match node:
            case nodes.Let():
                declared = "" if node.declared is None else f": {print_expr.type_name(node.declared)}"
                out.write(f"let {print_expr.name(node.name)}{declared} = ")
                layout.expr(node.value, indent)
            case nodes.Assign():
                out.write(f"set {print_expr.name(node.name)}")
                for part in node.path:
                    out.write(f".{print_expr.key(part)}" if isinstance(part, str) else f"[{print_expr.expr(part)}]")
                out.write(" = ")
                layout.expr(node.value, indent)
            case nodes.NameQuery():
                out.write(f"query {print_expr.name(node.name)} = ")
                layout.query(node.query, may_stand=True)
            case nodes.Emit():
                out.write("emit ")
                name = "" if node.name is None else f" as {print_expr.name(node.name)}"
                if node.query is not None and name:
                    raise print_expr.unwritable("`as` names a value that is emitted, not a query")
                self._value(node.value, node.query, indent, len(name))
                out.write(name)
            case nodes.Insert():
                out.write(f"{node.command} into {print_expr.store(node.database, node.store)} ")
                on = f" on {', '.join(map(print_expr.name, node.keys))}" if node.command == "upsert" else ""
                self._value(node.record or node.list_, node.query, indent, len(on))
                out.write(on)
            case nodes.Update():
                self._update(node, indent)
            case nodes.Delete():
                out.write(f"delete from {print_expr.store(node.database, node.store)}")
                if node.where is not None:
                    out.write(" where ")
                    layout.expr(node.where, indent + 2)
            case nodes.Say():
                out.write("say ")
                layout.expr(node.text, indent)
            case nodes.Assert():
                out.write("assert ")
                layout.expr(node.condition, indent + 2, 1)
                out.write(",")
                message = print_expr.expr(node.message)
                if out.fits(f" {message}"):
                    out.write(f" {message}")
                else:
                    out.newline(indent + 2, node.message.span and node.message.span[0])
                    layout.expr(node.message, indent + 2)
            case nodes.Return() if node.value is not None:
                out.write("return ")
                layout.expr(node.value, indent)
            case nodes.Fail():
                out.write("fail ")
                layout.expr(node.message, indent)
            case nodes.Return() | nodes.Break() | nodes.Continue() | nodes.Commit():
                out.write(node.command)

    def _value(self, value: nodes.Expr | None, query: nodes.Query | None, indent: int, tail: int = 0) -> None:
        if query is not None:
            self._layout.query(query, tail, may_stand=True)
        elif value is not None:
            self._layout.expr(value, indent, tail)
        else:
            raise print_expr.unwritable("a step needs a value or a query")

    def _update(self, node: nodes.Update, indent: int) -> None:
        out = self._out
        head = f"update {print_expr.store(node.database, node.store)}"
        where = "" if node.where is None else f" where {print_expr.expr(node.where)}"
        sets = [f"{print_expr.name(item.name)} = {print_expr.expr(item.value)}" for item in node.assignments]
        flat = f"{head}{where} set {', '.join(sets)}"
        if not out.has_comment(node.span and node.span[1]) and out.fits(flat):
            out.write(flat)
            return
        out.write(head)
        if node.where is not None:
            out.newline(indent + 2, node.where.span and node.where.span[0])
            out.write("where ")
            self._layout.expr(node.where, indent + 2)
        out.newline(indent + 2, node.assignments[0].span and node.assignments[0].span[0])
        out.write("set ")
        column = len(out.line)
        for place, item in enumerate(node.assignments):
            if place:
                out.write(",")
                out.newline(column, item.span and item.span[0])
            out.write(f"{print_expr.name(item.name)} = ")
            self._layout.expr(item.value, column, 1)


def _parameter(node: nodes.ParameterNode) -> str:
    default = "" if node.default is None else f" = {print_expr.expr(node.default)}"
    secret = " secret" if node.secret else ""
    return f"{print_expr.name(node.name)}: {print_expr.type_name(node.type)}{secret}{default}"


def _simple(step: nodes.Fail | nodes.Return | nodes.Break | nodes.Continue | nodes.Commit) -> str:
    if isinstance(step, nodes.Fail):
        return f"fail {print_expr.expr(step.message)}"
    if isinstance(step, nodes.Return) and step.value is not None:
        return f"return {print_expr.expr(step.value)}"
    return step.command

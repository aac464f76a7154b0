"""Expressions → English, with brackets where the words would be ambiguous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Final

from runtime.values.functions import FUNCTIONS
from runtime.values.signatures import overloads
from sopc.explainer import phrases
from sopc.explainer.phrases import listed, name, owned
from sopc.syntax.literals import write_text
from sopc.tree import nodes

# Binding levels of phrases; a phrase of a lower level than its place requires is put in brackets.
ANY: Final = 1
_AND: Final = 2
_NOT: Final = 3
_COMPARISON: Final = 4
PHRASE: Final = 5
_SUM: Final = 6
_PRODUCT: Final = 7
ATOM: Final = 8

_ARITHMETIC: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
Phrase = tuple[str, int]


class Expressions:
    """Puts expressions into words.

    variables: the visible variables by name, with their words. types: of variables, as far as they are known. kinds:
    type names by field name, for names that have the same type in every store. optional: fields that may be null.
    """

    def __init__(self, kinds: Mapping[str, str] | None = None, optional: frozenset[str] = frozenset()) -> None:
        self.variables: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.in_query = 0
        self._kinds = dict(kinds or {})
        self._optional = optional

    def say(self, node: nodes.Expr, needed: int = ANY) -> str:
        text, level = self._phrase(node)
        return f"({text})" if level < needed else text

    def atom(self, node: nodes.Expr) -> str:
        return self.say(node, ATOM)

    def query(self, node: nodes.Query) -> str:
        raise NotImplementedError  # sopc/explainer/queries.py

    # ── kinds ──────────────────────────────────────────────────────────────────────────────────────────────────

    def kind(self, node: nodes.Expr) -> str:
        """The name of an expression's type, as far as its form and the schema show it, else ""."""
        match node:
            case nodes.DateLiteral():
                return "date"
            case nodes.TimestampLiteral():
                return "timestamp"
            case nodes.TextLiteral():
                return "text"
            case nodes.Name():
                types = self.types if node.name in self.variables else self._kinds
                return types.get(node.name, "")
            case nodes.FieldAccess():
                return self._kinds.get(node.name, "")
            case nodes.CallExpr(name="today" | "add_days" | "add_months" | "add_years" | "start_of"):
                return "date"
            case nodes.CallExpr(name="now"):
                return "timestamp"
            case nodes.Binary(op="+" | "-"):
                return self.kind(node.left) if isinstance(node.right, nodes.DurationLiteral) else ""
        return ""

    def may_be_missing(self, node: nodes.Expr) -> bool:
        return not isinstance(node, nodes.Name | nodes.FieldAccess) or node.name in self._optional or not self._kinds

    # ── expressions ────────────────────────────────────────────────────────────────────────────────────────────

    def _phrase(self, node: nodes.Expr) -> Phrase:
        match node:
            case nodes.NullLiteral():
                return "no value", ATOM
            case nodes.BoolLiteral():
                return ("true" if node.value else "false"), ATOM
            case nodes.IntLiteral():
                return phrases.grouped(str(node.value)), ATOM
            case nodes.NumberLiteral():
                return phrases.grouped(node.value), ATOM
            case nodes.TextLiteral():
                return self._text(node), ATOM
            case nodes.DateLiteral():
                return f"the date {node.value}", ATOM
            case nodes.TimestampLiteral():
                return f"the time {node.value}", ATOM
            case nodes.DurationLiteral():
                return f"{node.value} {node.unit}{'' if node.value in (1, -1) else 's'}", ATOM
            case nodes.Name():
                return self._name(node), ATOM
            case nodes.FieldAccess():
                return f"{owned(self._base(node.base))} {name(node.name)}", ATOM
            case nodes.IndexAccess():
                return f"item {self.atom(node.index)} (counted from 0) of {self.atom(node.base)}", PHRASE
            case nodes.CallExpr():
                return self._call(node)
            case nodes.CaseExpr():
                return self._case(node), ATOM
            case nodes.RecordExpr():
                fields = [f"{name(field.name)} = {self.say(field.value, _SUM)}" for field in node.fields]
                return f"[{'; '.join(fields)}]" if fields else "[an empty record]", ATOM
            case nodes.ListExpr():
                return f"[{', '.join(self.say(item, _SUM) for item in node.items)}]", ATOM
            case nodes.QueryExpr():
                return self._over_query(node)
            case nodes.Binary():
                return self._binary(node)
            case nodes.Unary():
                return self._unary(node)
            case nodes.Between():
                bounds = f"{self.say(node.low, _SUM)} to {self.say(node.high, _SUM)} (both included){_ignoring(node)}"
                return f"{self._side(node.arg)} {_is(node.negated)} from {bounds}", _COMPARISON
            case nodes.InExpr():
                return f"{self._side(node.arg)} {_is(node.negated)} {self._members(node)}{_ignoring(node)}", _COMPARISON
            case nodes.IsNull():
                return f"{self._side(node.arg)} {'has a' if node.negated else 'has no'} value", _COMPARISON

    def _name(self, node: nodes.Name) -> str:
        if node.name in self.variables:
            return self.variables[node.name]
        return f"the {name(node.name)}" if self.in_query and not node.variable else name(node.name)

    def _base(self, node: nodes.Expr) -> str:
        """The words for the owner of a field; an alias or store is called by its bare name."""
        if isinstance(node, nodes.Name) and node.name not in self.variables:
            return f"variable {name(node.name)}" if node.variable else name(node.name)
        return self.atom(node)

    def _text(self, node: nodes.TextLiteral) -> str:
        pieces = [write_text(part) if isinstance(part, str) else "{" + self.say(part) + "}" for part in node.parts]
        return f'"{"".join(pieces)}"'

    def _side(self, node: nodes.Expr) -> str:
        return self.say(node, PHRASE)

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────────────

    def _binary(self, node: nodes.Binary) -> Phrase:
        op = node.op
        if op in ("and", "or"):
            sides = self._joined(node.left, op), self._joined(node.right, op)
            return f"{sides[0]} {op} {sides[1]}{_ignoring(node)}", _AND if op == "and" else ANY
        if op in _ARITHMETIC:
            level = _ARITHMETIC[op]
            left, right = self.say(node.left, level), self.say(node.right, level + 1)
            return f"{left} {phrases.ARITHMETIC[op]} {right}{_ignoring(node)}", level
        if op in ("//", "%"):
            what = "whole part" if op == "//" else "remainder"
            quotient = f"{self.say(node.left, _PRODUCT)} ÷ {self.say(node.right, ATOM)}"
            return f"the {what} of ({quotient}){_ignoring(node)}", PHRASE
        words = phrases.COMPARISONS
        if op in phrases.IN_TIME and any(self.kind(side) in phrases.CALENDAR for side in (node.left, node.right)):
            words = phrases.IN_TIME
        return f"{self._side(node.left)} {words[op]} {self._side(node.right)}{_ignoring(node)}", _COMPARISON

    def _joined(self, node: nodes.Expr, op: str) -> str:
        """A side of `and` or `or`; a side joined by the other word gets brackets."""
        if isinstance(node, nodes.Binary) and node.op in ("and", "or"):
            return self.say(node) if node.op == op else f"({self.say(node)})"
        return self.condition(node)

    def condition(self, node: nodes.Expr) -> str:
        """The words for a condition; a bare name or call becomes "… is true"."""
        if isinstance(node, nodes.BoolLiteral):
            return "it is always so" if node.value else "it is never so"
        if isinstance(node, nodes.Name | nodes.FieldAccess | nodes.IndexAccess | nodes.CallExpr):
            return f"{self.say(node, PHRASE)} is true"
        return self.say(node)

    def _unary(self, node: nodes.Unary) -> Phrase:
        if node.op == "-":
            return f"minus {self.atom(node.arg)}", _SUM
        arg = node.arg
        if isinstance(arg, nodes.Binary) and arg.op in phrases.NEGATED:
            sides = self._side(arg.left), self._side(arg.right)
            return f"{sides[0]} {phrases.NEGATED[arg.op]} {sides[1]}{_ignoring(arg)}", _COMPARISON
        if isinstance(arg, nodes.QueryExpr) and arg.kind == "exists":
            return f"there is no row in {self._rows(arg.query)}", _COMPARISON
        if isinstance(arg, nodes.Name | nodes.FieldAccess | nodes.IndexAccess | nodes.CallExpr | nodes.BoolLiteral):
            return f"{self.say(arg, PHRASE)} is false", _COMPARISON
        return f"it is not so that {self.atom(arg)}", _NOT

    def _members(self, node: nodes.InExpr) -> str:
        if node.query is not None:
            return f"in {self._rows(node.query)}"
        if node.is_list:
            return f"an item of {', '.join(map(self.atom, node.items))}"
        return f"one of ({', '.join(self.say(item, _SUM) for item in node.items)})"

    def _case(self, node: nodes.CaseExpr) -> str:
        parts = [f"{self.say(branch.then, PHRASE)} when {self.condition(branch.when)}" for branch in node.branches]
        otherwise = "" if node.otherwise is None else f"; otherwise {self.say(node.otherwise, PHRASE)}"
        return f"({'; else '.join(parts)}{otherwise})"

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _call(self, node: nodes.CallExpr) -> Phrase:
        text, level = self._called(node)
        if node.over is None:
            return text, level
        return f"{text} {self._window(node.over)}", PHRASE

    def _called(self, node: nodes.CallExpr) -> Phrase:
        positional = [arg.value for arg in node.args if arg.name is None]
        if len(positional) == len(node.args):
            if node.distinct and len(positional) == 1 and node.name in phrases.DISTINCT:
                return phrases.DISTINCT[node.name].format(self.atom(positional[0])), PHRASE
            phrase = None if node.distinct else self._function(node.name, positional)
            if phrase is not None:
                return phrase
        words = f"the result of {name(node.name)}"
        if node.distinct:
            words += " over the different values"
        return f"{words} {self.arguments(node.args)}".rstrip(), PHRASE

    def _function(self, called: str, values: Sequence[nodes.Expr]) -> Phrase | None:
        if not values:
            words = phrases.WITHOUT_ARGUMENTS.get(called)
            return None if words is None else (words, ATOM if words == "today" else PHRASE)
        if called in phrases.MANY:
            return phrases.MANY[called].format(f"({', '.join(self.say(value, _SUM) for value in values)})"), PHRASE
        template = _template(called, len(values))
        return None if template is None else (template.format(*map(self.atom, values)), PHRASE)

    def arguments(self, args: Sequence[nodes.Argument]) -> str:
        """`(salary: e's salary)`; nothing for none."""
        if not args:
            return ""
        parts = [
            self.say(arg.value, _SUM) if arg.name is None else f"{name(arg.name)}: {self.say(arg.value, _SUM)}"
            for arg in args
        ]
        return f"({', '.join(parts)})"

    def _window(self, node: nodes.WindowSpec) -> str:
        parts = []
        if node.partition:
            parts.append(f"among the rows with the same {listed([self.atom(part) for part in node.partition])}")
        if node.order:
            parts.append(self.sorted_by(node.order))
        return f"({'; '.join(parts) or 'among all rows'})"

    def sorted_by(self, keys: Sequence[nodes.SortKey]) -> str:
        """`sorted by the salary (highest first), then by the name (A to Z)`."""
        return f"sorted by {', then by '.join(map(self._sort_key, keys))}"

    def _sort_key(self, key: nodes.SortKey) -> str:
        how = phrases.order(self.kind(key.value), key.descending)
        if key.nulls == "first":
            how += ", those without a value before all others"
        elif self.may_be_missing(key.value):
            how += ", those without a value last"
        return f"{self.say(key.value, PHRASE)} ({how})"

    # ── queries ────────────────────────────────────────────────────────────────────────────────────────────────

    def _rows(self, node: nodes.Query) -> str:
        plain = len(node.stages) == 1 and isinstance(node.stages[0], nodes.From) and node.stages[0].alias is None
        return self.query(node) if plain else f"({self.query(node)})"

    def _over_query(self, node: nodes.QueryExpr) -> Phrase:
        rows = self._rows(node.query)
        match node.kind:
            case "exists":
                return f"there is a row in {rows}", _COMPARISON
            case "count":
                return f"the number of rows in {rows}", PHRASE
            case "first":
                return f"the first row of {rows}, if there is one", PHRASE
            case "one":
                return f"the only row of {rows} (there must be exactly one)", PHRASE
            case "list":
                return f"the list of the rows of {rows}", PHRASE
            case "scalar":
                return f"the value in {rows}", PHRASE


def _ignoring(node: nodes.Binary | nodes.Between | nodes.InExpr) -> str:
    return " ignoring case" if node.ignore_case else ""


def _is(negated: bool) -> str:
    return "is not" if negated else "is"


def _template(called: str, count: int) -> str | None:
    """The template for a function with a number of arguments."""
    for template in phrases.FUNCTIONS.get(called, ()):
        if len([field for _, field, _, _ in Formatter().parse(template) if field is not None]) == count:
            return template
    known = called in FUNCTIONS and count == 1 and any(each.takes(1) for each in overloads(FUNCTIONS[called]))
    return f"the {called.replace('_', ' ')} of {{}}" if known else None

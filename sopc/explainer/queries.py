"""Queries → English, stage by stage in order."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.values.functions import FUNCTIONS
from sopc.explainer import phrases
from sopc.explainer.expressions import PHRASE, Expressions
from sopc.explainer.phrases import listed, name
from sopc.tree import nodes
from sopc.tree.visit import walk


class Queries(Expressions):
    """Puts queries into words, too."""

    def query(self, node: nodes.Query) -> str:
        """`items where the quantity is less than 10, sorted by the name (A to Z)`."""
        head, *parts = self.stages(node)
        return "".join([head, *(f" {part}" if part.startswith("where ") else f", {part}" for part in parts)])

    def stages(self, node: nodes.Query) -> list[str]:
        """The words of each stage; those of a `where` right after the store begin with "where"."""
        self.in_query += 1
        words = [self._stage(stage, node.stages[:at]) for at, stage in enumerate(node.stages)]
        self.in_query -= 1
        return words

    def in_rows(self, condition: nodes.Expr) -> str:
        """The words for a condition on the rows of an update or delete."""
        self.in_query += 1
        text = self.condition(condition)
        self.in_query -= 1
        return text

    def of_row(self, value: nodes.Expr) -> str:
        """The words for a value computed for each row of an update."""
        self.in_query += 1
        text = self.say(value, PHRASE)
        self.in_query -= 1
        return text

    def store(self, database: str | None, store: str) -> str:
        return name(store) if database is None else f"{name(store)} of {name(database)}"

    # ── stages ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _stage(self, stage: nodes.Stage, before: Sequence[nodes.Stage]) -> str:
        match stage:
            case nodes.From():
                return self._source(stage)
            case nodes.Join():
                kept, lost = ("each, even without one,", "") if stage.outer else ("each", " (without one, left out)")
                source, test = self._source(stage.source), self.condition(stage.on)
                return f"{kept} with every row of {source} for which {test}{lost}"
            case nodes.Where():
                link = "where" if before and isinstance(before[-1], nodes.From) else "only those where"
                return f"{link} {self.condition(stage.condition)}"
            case nodes.Derive():
                return f"with further fields: {self._columns(stage.columns)}"
            case nodes.GroupBy():
                keys = listed([self._column(key) for key in stage.keys])
                joins = any(isinstance(one, nodes.Join) and not one.outer for one in before)
                lost = " (those without rows left out)" if joins else ""
                return f"grouped by {keys}{lost}, for each group {self._columns(stage.columns)}"
            case nodes.Select():
                return f"{'all in one row' if _is_total(stage.columns) else 'only'} {self._columns(stage.columns)}"
            case nodes.Distinct():
                return "each different row once"
            case nodes.OrderBy():
                return self.sorted_by(stage.keys)
            case nodes.Limit():
                skipped = "" if stage.offset is None else f" after leaving out {self.atom(stage.offset)}"
                return f"only the first {self.atom(stage.count)}{skipped}"
            case nodes.UnionWith():
                how = "repeated rows kept" if stage.all else "each different row once"
                return f"{phrases.WITH_ROWS_OF[stage.stage]} ({self.query(stage.query)}), {how}"

    def _source(self, node: nodes.From) -> str:
        words = self.store(node.database, node.store)
        return words if node.alias is None else f"{words} (each called {name(node.alias)})"

    def _columns(self, columns: Sequence[nodes.NamedColumn]) -> str:
        return listed([self._column(column) for column in columns])

    def _column(self, column: nodes.NamedColumn) -> str:
        value = self.say(column.value, PHRASE)
        return value if column.name is None else f"{name(column.name)} = {value}"


def _is_total(columns: Sequence[nodes.NamedColumn]) -> bool:
    """Whether a select aggregates all rows: it contains an aggregate without a window."""
    return any(
        isinstance(node, nodes.CallExpr)
        and node.over is None
        and node.name in FUNCTIONS
        and FUNCTIONS[node.name].kind == "aggregate"
        for column in columns
        for node in walk(column.value)
    )

"""A logical form → a query of the tree, every field qualified."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sopc.english.reading import logic
from sopc.tree import nodes


def lower(show: logic.Show, qualified: bool = False) -> nodes.Query:
    """The query that gives what is shown. qualified: stores are written with their database."""
    return _Lowering(qualified).show(show)


def conditions(rows: logic.Set, qualified: bool = False) -> list[nodes.Expr]:
    """The conditions on the rows of one store, every field qualified. Raises ValueError for rows that are joined."""
    if rows.links or rows.anchors:
        raise ValueError(f"rows of {rows.row.store} beside joins")
    return [_Lowering(qualified).filter(one) for one in rows.filters]


class _Lowering:
    def __init__(self, qualified: bool) -> None:
        self.qualified = qualified

    def show(self, show: logic.Show) -> nodes.Query:
        stages = self._stages(show.rows)
        grouped = bool(show.keys)
        if grouped or any(isinstance(item, logic.Share) or _is_figure(item) for item in show.items):
            stages += self._grouped(show)
        else:
            by_figure = any(isinstance(one.by, logic.Measure) for one in show.orders)
            if show.orders and not by_figure:
                stages.append(_order([(self.value(one.by), one.descending) for one in show.orders]))
            if not show.distinct and not by_figure:
                stages += self._limit(show)
            if show.items:
                stages.append(nodes.Select(columns=self._columns(show.items)))
            elif show.rows.links:
                row = show.rows.row
                raise ValueError(f"whole rows of {row.store} beside joins")
            if show.distinct:
                if show.orders:
                    stages = [one for one in stages if not isinstance(one, nodes.OrderBy)]
                    stages.append(nodes.Distinct())
                    keys = [(_output(self._name_of(show, one.by)), one.descending) for one in show.orders]
                    stages.append(_order(keys))
                else:
                    stages.append(nodes.Distinct())
                stages += self._limit(show)
            elif by_figure:
                stages.append(_order([(_output(self._name_of(show, one.by)), one.descending) for one in show.orders]))
                stages += self._limit(show)
        return nodes.Query(stages=tuple(stages))

    def _limit(self, show: logic.Show) -> list[nodes.Stage]:
        return [] if show.limit is None else [nodes.Limit(count=nodes.IntLiteral(value=show.limit))]

    def _name_of(self, show: logic.Show, value: logic.Value) -> str:
        if value not in show.items:
            raise ValueError("an order by what distinct records leave out")
        return self._names(show.items)[show.items.index(value)]

    def _grouped(self, show: logic.Show) -> list[nodes.Stage]:
        """group by keys select …; what is only ordered by is selected first, and left out at the end."""
        tested = [one.left for one in show.kept if isinstance(one, logic.Test)]
        values: list[logic.Value] = list(dict.fromkeys((*show.items, *(one.by for one in show.orders), *tested)))
        names = self._names(values)
        columns = self._columns(values)
        if not show.keys:
            return [nodes.Select(columns=columns)]
        keys = tuple(nodes.NamedColumn(value=self.value(key)) for key in show.keys)
        stages: list[nodes.Stage] = [nodes.GroupBy(keys=keys, columns=columns)]
        for one in show.kept:
            assert isinstance(one, logic.Test)
            left = _output(names[values.index(one.left)])
            stages.append(nodes.Where(condition=nodes.Binary(op=one.op, left=left, right=self.value(one.right))))
        if show.orders:
            stages.append(_order([(_output(names[values.index(one.by)]), one.descending) for one in show.orders]))
        stages += self._limit(show)
        if len(values) > len(show.items):
            shown = tuple(nodes.NamedColumn(value=_output(name)) for name in names[: len(show.items)])
            stages.append(nodes.Select(columns=shown))
        return stages

    def _columns(self, items: Sequence[logic.Value]) -> tuple[nodes.NamedColumn, ...]:
        return tuple(
            nodes.NamedColumn(name=None if _has_name(one, name) else name, value=self.value(one))
            for name, one in zip(self._names(items), items, strict=True)
        )

    def _names(self, values: Sequence[logic.Value]) -> list[str]:
        found: list[str] = []
        for one in values:
            if isinstance(one, logic.Period):
                name, longer = one.unit, f"{one.field}_{one.unit}"
            elif isinstance(one, logic.FieldOf):
                name, longer = one.field, f"{one.alias}_{one.field}"
            elif isinstance(one, logic.Measure):
                name = longer = one.fn if one.of is None else f"{one.fn}_{one.of.field}"
            else:
                name = longer = "percentage" if isinstance(one, logic.Share) else "value"
            while name in found:
                name, longer = (longer, f"{longer}_2")
            found.append(name)
        return found

    def _stages(self, rows: logic.Set) -> list[nodes.Stage]:
        stages: list[nodes.Stage] = [self._from(rows.row)]
        for link in rows.links:
            on = _all([_equal(self.value(ours), self.value(theirs)) for ours, theirs in link.pairs])
            stages.append(nodes.Join(source=self._from(link.row), outer=link.outer, on=on))
        conditions = [_equal(self.value(ours), self.value(theirs)) for ours, theirs in rows.anchors]
        conditions += [self.filter(one) for one in rows.filters]
        if conditions:
            stages.append(nodes.Where(condition=_all(conditions)))
        return stages

    def _from(self, row: logic.Row) -> nodes.From:
        alias = row.alias if row.alias != row.store else None
        return nodes.From(store=row.store, database=row.database if self.qualified else None, alias=alias)

    def filter(self, one: logic.Filter) -> nodes.Expr:
        match one:
            case logic.Test(left, op, right):
                return nodes.Binary(op=op, left=self.value(left), right=self.value(right))
            case logic.Between(left, low, high):
                return nodes.Between(arg=self.value(left), low=self.value(low), high=self.value(high))
            case logic.Has(rows, op, number):
                query = nodes.Query(stages=tuple(self._stages(rows)))
                if not op:
                    return nodes.QueryExpr(kind="exists", query=query)
                counted = nodes.QueryExpr(kind="count", query=query)
                return nodes.Binary(op=op, left=counted, right=nodes.IntLiteral(value=number))
            case logic.Either(parts):
                return _either([self.filter(part) for part in parts])
            case logic.Both(parts):
                return _all([self.filter(part) for part in parts])
            case logic.Not(logic.Between() as part):
                return self.filter(part).model_copy(update={"negated": True})
            case logic.Not(logic.Empty() as part):
                return self.filter(part).model_copy(update={"negated": True})
            case logic.Not(part):
                return nodes.Unary(op="not", arg=self.filter(part))
            case logic.Empty(of):
                return nodes.IsNull(arg=self.value(of))
            case logic.Truth(of):
                return self.value(of)

    def value(self, one: logic.Value) -> nodes.Expr:
        match one:
            case logic.Period(alias, name, type_, unit):
                moment = self.value(logic.FieldOf(alias, name, type_))
                return _period(moment if type_.name != "text" else _call("date", moment), unit)
            case logic.FieldOf(alias, name, _):
                return nodes.FieldAccess(base=nodes.Name(name=alias), name=name)
            case logic.Literal(value):
                return _literal(value)
            case logic.Measure(fn, of, distinct, rows):
                if rows is not None and (fn, of) == ("count", None):
                    return nodes.QueryExpr(kind="count", query=nodes.Query(stages=tuple(self._stages(rows))))
                if rows is not None:
                    select = nodes.Select(columns=self._columns([logic.Measure(fn, of, distinct)]))
                    return nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=(*self._stages(rows), select)))
                return _call(fn, *(() if of is None else (self.value(of),)), distinct=distinct)
            case logic.Share(holding):
                condition = _all([self.filter(part) for part in holding])
                counted = nodes.CaseExpr(branches=(nodes.CaseBranch(when=condition, then=nodes.IntLiteral(value=1)),))
                times = nodes.Binary(op="*", left=_call("count", counted), right=nodes.NumberLiteral(value="100.0"))
                return nodes.Binary(op="/", left=times, right=_call("count"))


def _is_figure(item: logic.Value) -> bool:
    """Whether an item is a figure of the rows that are shown."""
    return isinstance(item, logic.Measure) and item.rows is None


def _call(fn: str, *args: nodes.Expr, distinct: bool = False) -> nodes.Expr:
    return nodes.CallExpr(name=fn, args=tuple(nodes.Argument(value=one) for one in args), distinct=distinct)


def _period(moment: nodes.Expr, unit: str) -> nodes.Expr:
    """The year of a moment, or the first day of its month or week."""
    return _call("year", moment) if unit == "year" else _call("start_of", moment, nodes.TextLiteral(parts=(unit,)))


def _output(name: str) -> nodes.Expr:
    """A column of what the stages before give; it is written as a bare name."""
    return nodes.FieldAccess(base=nodes.Name(name=""), name=name)


def _has_name(value: logic.Value, name: str) -> bool:
    return isinstance(value, logic.FieldOf) and not isinstance(value, logic.Period) and value.field == name


def _literal(value: int | Decimal | str | bool | date) -> nodes.Expr:
    match value:
        case bool():
            return nodes.BoolLiteral(value=value)
        case int() if value < 0:
            return nodes.Unary(op="-", arg=nodes.IntLiteral(value=-value))
        case int():
            return nodes.IntLiteral(value=value)
        case Decimal():
            return nodes.NumberLiteral(value=str(value))
        case date():
            return nodes.DateLiteral(value=value.isoformat())
        case _:
            return nodes.TextLiteral(parts=(value,) if value else ())


def _equal(left: nodes.Expr, right: nodes.Expr) -> nodes.Expr:
    return nodes.Binary(op="=", left=left, right=right)


def _all(parts: Sequence[nodes.Expr]) -> nodes.Expr:
    made = parts[0]
    for part in parts[1:]:
        made = nodes.Binary(op="and", left=made, right=part)
    return made


def _either(parts: Sequence[nodes.Expr]) -> nodes.Expr:
    """Alternatives; equalities of one field become `in`."""
    first = parts[0]
    equalities = [one for one in parts if isinstance(one, nodes.Binary) and one.op == "="]
    if len(equalities) == len(parts) and len({repr(one.left) for one in equalities}) == 1:
        assert isinstance(first, nodes.Binary)
        items = tuple(dict.fromkeys(one.right for one in equalities))
        return nodes.InExpr(arg=first.left, items=items) if len(items) > 1 else first
    made = first
    for part in parts[1:]:
        made = nodes.Binary(op="or", left=made, right=part)
    return made


def _order(keys: Sequence[tuple[nodes.Expr, bool]]) -> nodes.OrderBy:
    return nodes.OrderBy(keys=tuple(nodes.SortKey(value=value, descending=descending) for value, descending in keys))

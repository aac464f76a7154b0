"""A typed script → the facts of its steps, by sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from runtime.query import algebra as ir
from sopc.checker import typed
from sopc.english.doubts.facts import MATHS, Did, Exists, Fact, Facts, Shown, Term, Truth, Written, joined
from sopc.english.doubts.queries import Conditions, Mode, Relations, stores_in, whole


def facts_of(script: typed.Script) -> Facts:
    """The facts of a script's steps, by the number of their sentence; 0 for steps that name none."""
    reader = _Reader()
    reader.steps(script.steps, 0)
    for one in script.signature.params:
        defaults = one.default if isinstance(one.default, tuple) else (one.default,)
        constants = tuple((each.value, each.type.name) for each in defaults if each is not None)
        if constants:
            reader.found.setdefault(0, []).append(Did("parameter", Term(constants=constants), one.name))
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: Facts = {}
        self._number = 0
        self._loops = 0
        self._variables: dict[int, Term] = {}  # by id of a typed.Variable
        self._rows: dict[int, dict[str, Term]] = {}  # the fields of those that hold rows

    def _note(self, fact: Fact) -> None:
        self.found.setdefault(self._number, []).append(fact)

    # ── steps ──

    def steps(self, steps: Iterable[typed.Step], around: int) -> None:
        for step in steps:
            self._number = number = step.sentence or around
            self.found.setdefault(number, [])
            self._step(step)
            self._number = number

    def _step(self, step: typed.Step) -> None:
        number = self._number
        match step:
            case typed.SetVariable(variable=variable, target=target, value=value):
                term = self._value(value)
                self._note(Did("let", term))
                if not target:
                    self._variables[id(variable)] = term
                    self._name_rows(variable, value)
                elif id(variable) in self._variables:
                    self._variables[id(variable)] |= term
            case typed.EmitQuery(query=query):
                self._shown(query)
            case typed.EmitRecord(value=value):
                self._note(Shown(self._value(value)))
            case typed.EmitCall(call=call) | typed.CallStep(call=call):
                self._value(call)
            case typed.Say(text=text):
                self._note(Did("say", self._value(text)))
            case typed.Fail(message=text):
                self._note(Did("fail", self._value(text)))
            case typed.Return(value=value):
                self._note(Did("return", self._value(value) if value is not None else Term()))
            case typed.Assert(condition=condition, message=message):
                self._note(Did("assert", self._value(message)))
                self._condition(condition, Mode(guard=True, branch=True))
            case typed.AskStep(variable=variable, question=question, default=default):
                self._note(Did("ask", self._value(question)))
                if default is not None:
                    self._value(default)
                self._variables[id(variable)] = Term(variables=frozenset({variable.name}))
            case typed.If(branches=branches, otherwise=otherwise):
                stops = any(map(_stops, (*(body for _, body in branches), otherwise)))
                for condition, _ in branches:
                    self._note(Did("if"))
                    self._condition(condition, Mode(guard=stops, branch=True))
                for _, body in branches:
                    self.steps(body, number)
                self.steps(otherwise, number)
            case typed.While(condition=condition, body=body):
                self._note(Did("while"))
                self._condition(condition, Mode(guard=True, branch=True))
                self.steps(body, number)
            case typed.ForQuery(variable=variable, query=query, body=body):
                self._note(Did("loop"))
                self._rows[id(variable)] = self._query(query)
                self._looped(body, number)
            case typed.ForList(variable=variable, list=values, body=body):
                self._note(Did("loop"))
                self._variables[id(variable)] = self._value(values)
                self._name_rows(variable, values)
                self._looped(body, number)
            case typed.ForRange(variable=variable, low=low, high=high, body=body):
                self._variables[id(variable)] = term = self._value(low) | self._value(high)
                self._note(Did("loop", term))
                self._looped(body, number)
            case typed.ForCall(call=call, body=body):
                self._note(Did("loop"))
                self._value(call)
                self._looped(body, number)
            case typed.Transaction(body=body):
                self._note(Did("transaction"))
                self.steps(body, number)
            case typed.Try(body=body, handler=handler):
                self._note(Did("try"))
                self.steps(body, number)
                self.steps(handler, number)
            case typed.WriteStep():
                self._write(step)
            case _:
                self._note(Did(type(step).__name__.lower()))

    def _looped(self, body: Iterable[typed.Step], number: int) -> None:
        self._loops += 1
        self.steps(body, number)
        self._loops -= 1

    def _name_rows(self, variable: typed.Variable, value: typed.Expr) -> None:
        """Note what the fields of a variable are, if it holds rows of a query, or a record."""
        match value:
            case typed.FetchExpr(query=query):
                self._rows[id(variable)] = self._relations(query).columns()
            case typed.Var(variable=other) if id(other) in self._rows:
                self._rows[id(variable)] = self._rows[id(other)]
            case typed.MakeRecord(fields=fields):
                self._rows[id(variable)] = {name: self._term(one) for name, one in fields}

    def _write(self, step: typed.WriteStep) -> None:
        write = step.write
        params = tuple(step.params)
        match write:
            case ir.Insert(store=store, fields=fields):
                values = tuple((name, self._value(value)) for name, value in zip(fields, params, strict=False))
                self._note(Written(step.command, store, values))
            case ir.InsertQuery(store=store, fields=fields, query=query):
                columns = self._noted(self._of(query.relation, query.columns, params))
                self._note(Written(step.command, store, tuple(zip(fields, columns.values(), strict=False))))
            case ir.InsertList(store=store, fields=fields):
                term = self._value(params[0])
                self._note(Written(step.command, store, tuple((name, term) for name in fields)))
            case ir.Update() | ir.Delete():
                inside = self._of(None, (), params, write)
                assigned = write.assignments if isinstance(write, ir.Update) else ()
                values = tuple((name, inside.noted(value)) for name, value in assigned)
                self._note(
                    Written(step.command, write.store, values, every=write.condition is None, looped=self._loops > 0)
                )
                if write.condition is not None:
                    inside.condition(write.condition, Mode())

    # ── values ──

    def _shown(self, query: typed.BoundQuery) -> None:
        columns = self._query(query)
        store = whole(query.query.relation)
        self._note(Shown(Term() if store else joined(columns.values()), store))

    def _query(self, query: typed.BoundQuery) -> dict[str, Term]:
        """Note the facts of a query; what its columns are."""
        return self._noted(self._relations(query))

    def _noted(self, relations: Relations) -> dict[str, Term]:
        relations.note()
        return relations.columns()

    def _relations(self, query: typed.BoundQuery) -> Relations:
        return self._of(query.query.relation, query.query.columns, query.params)

    def _of(
        self,
        relation: ir.Relation | None,
        columns: Iterable[tuple[str, ir.Column]],
        params: tuple[typed.Expr, ...],
        write: ir.Update | ir.Delete | None = None,
    ) -> Relations:
        return Relations(relation, columns, params, self._note, self._term, self._value, write)

    def _value(self, value: typed.Expr | None) -> Term:
        """Note the facts inside a value; what it is made of."""
        for inner in _inside(value):
            match inner:
                case typed.FetchExpr(query=query):
                    rows = _looked_for(query)
                    self._noted(self._of(rows, (), query.params) if rows is not None else self._relations(query))
                case typed.ScriptCall(signature=signature, args=args):
                    self._note(Did("call", joined(map(self._term, args)), signature.name))
                case typed.Case(branches=branches):
                    self._note(Did("if"))
                    for condition, _ in branches:
                        self._condition(condition, Mode(guard=True, branch=True))
        return self._term(value)

    def _condition(self, condition: typed.Expr, mode: Mode) -> None:
        self._value(condition)
        Conditions(self._note, self._term, self._fetched).note(condition, mode)

    def _fetched(self, fetch: typed.FetchExpr, mode: Mode) -> None:
        """Note a query that is itself a condition."""
        told = {"guard": mode.guard, "branch": mode.branch}
        rows = _looked_for(fetch.query)
        if rows is not None:
            self._note(Exists(stores_in(rows), mode.negated, **told))
        else:
            self._note(Truth(self._term(fetch), mode.negated, **told))

    def _term(self, value: Any) -> Term:
        match value:
            case None:
                return Term()
            case typed.Const(value=constant, type=type_):
                return Term(constants=((constant, type_.name),))
            case typed.Var(variable=variable):
                known = self._variables.get(id(variable))
                if known is not None:
                    return known | Term(variables=frozenset({variable.name}))
                rows = self._rows.get(id(variable))
                if rows is not None:
                    return joined(rows.values())
                return Term(variables=frozenset({variable.name}))
            case typed.FieldOf(base=typed.Var(variable=variable), name=name) if id(variable) in self._rows:
                return self._rows[id(variable)].get(name, Term())
            case typed.FetchExpr(query=query):
                return self._relations(query).value()
            case typed.Op(op=op, args=args):
                return joined(map(self._term, args)) | Term(functions=frozenset({op} & MATHS))
            case typed.Func(name=name, args=args):
                return joined(map(self._term, args)) | Term(functions=frozenset({name}))
            case typed.Interpolate(parts=parts):
                return joined(
                    Term(constants=((one, "text"),)) if isinstance(one, str) else self._term(one) for one in parts
                )
        return joined(map(self._term, _children(value)))


def _children(value: Any) -> Iterator[typed.Expr]:
    """The expressions right inside one."""
    match value:
        case typed.Op(args=args) | typed.Func(args=args) | typed.ScriptCall(args=args):
            yield from args
        case typed.FieldOf(base=base):
            yield base
        case typed.ItemOf(base=base, index=index):
            yield from (base, index)
        case typed.Case(branches=branches, otherwise=otherwise):
            yield from (one for branch in branches for one in branch)
            if otherwise is not None:
                yield otherwise
        case typed.MakeRecord(fields=fields):
            yield from (one for _, one in fields)
        case typed.MakeList(items=items):
            yield from items
        case typed.Interpolate(parts=parts):
            yield from (one for one in parts if not isinstance(one, str))
        case typed.Convert(arg=arg):
            yield arg


def _inside(value: typed.Expr | None) -> Iterator[typed.Expr]:
    """An expression and all those inside it."""
    if value is None:
        return
    yield value
    for one in _children(value):
        yield from _inside(one)


def _stops(steps: Iterable[typed.Step]) -> bool:
    """Whether steps end the script, or the turn of a loop."""
    return any(isinstance(one, typed.Fail | typed.Return | typed.Break | typed.Continue) for one in steps)


def _looked_for(query: typed.BoundQuery) -> ir.Relation | None:
    """The rows of `exists(rows)` outside of a query, which the checker lowers to a count of at most one of them."""
    match query.query.relation:
        case ir.Group(source=ir.Limit(source=rows), columns=(("exists", _),)):
            return rows
    return None

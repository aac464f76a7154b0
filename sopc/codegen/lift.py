"""A typed loop over a query → the statements that do all its passes at once, or why there are none.

The loop's rows get a column for each value that the body works out, under the condition under which the body does. A
survey over them evaluates everything that can fail; when it succeeds, the body's single effect is one statement. What
must be right is one thing: an attempt that succeeds leaves what the loop would have left. So a form that is not known
to be the same in the machine and in an engine is not lifted, and everything else is the loop's own to say. What has to
hold of the stores is written down (`SetUse`), for the database to prove when the loop runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from runtime.bytecode.module import Lift, Signature, Total
from runtime.bytecode.parts import MAX_DEPTH, depth_of
from runtime.query import algebra as q
from runtime.query.set_use import ReadField, SetUse
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, Type
from sopc.checker import typed
from sopc.checker.effects import every_step
from sopc.codegen.columns import Columns
from sopc.codegen.fold import fold
from sopc.codegen.lift_expressions import (
    INT_NULL,
    KINDS,
    NotLifted,
    Row,
    Scope,
    added,
    can_fail,
    is_plain,
)
from sopc.codegen.lift_parts import STEPS, all_nodes, is_used, mapped, own_rows, placed, scans_of

MAX_NODES: Final = 400  # of an expression whose parts are written out
Known = Callable[[typed.Variable], bool]


@dataclass(frozen=True)
class Lifted:
    """A lift, the variables whose values its params are after those of the loop's query, and the scripts whose values
    it names."""

    lift: Lift
    variables: tuple[typed.Variable, ...]
    called: tuple[Signature, ...]


def lifted(loop: typed.ForQuery, columns: Columns, script: typed.Script, known: Known) -> Lifted:
    """Lift a loop.

    Args:
        loop: The loop.
        columns: That the script's queries need.
        script: The script that it is in.
        known: Whether a variable was there before the loop.

    Raises:
        NotLifted: It can't be; its reason.
    """
    return _Lifter(loop, columns, script, known).lift()


class _Lifter(Scope):
    """One loop. The relation grows by a stage for each value that is worked out."""

    def __init__(self, loop: typed.ForQuery, columns: Columns, script: typed.Script, known: Known) -> None:
        super().__init__()
        self.loop = loop
        self.columns = columns
        self.query = query = columns.pruned(loop.query.query)
        self.script = script
        self.known = known
        self.relation: q.Relation = query.relation
        self.scan = q.Scan(0, "", "")
        self.conditions: list[q.Expr] = []
        self.params = list(query.params)
        self.captured: list[typed.Variable] = []
        self.ids = max((node.id for node in all_nodes(query) if hasattr(node, "id")), default=0)
        self.made: dict[tuple[int, str], q.Expr] = {}
        self.path: q.Expr | None = None  # the condition under which the body gets here; None for always
        self.survey: list[tuple[str, q.Expr]] = []
        self.missing: list[q.Expr] = []
        self.reads: dict[tuple[str, str], ReadField] = {}
        self.sorts: list[q.Sort] = []
        self.looked_into: set[str] = set()
        self.terms: dict[typed.Variable, list[tuple[str, str, str]]] = {}
        self.total_kinds: dict[typed.Variable, str] = {}
        self.effect: typed.WriteStep | None = None
        self.effect_path: q.Expr | None = None
        self.write: q.Write | None = None

    def lift(self) -> Lifted:
        for step in every_step(self.loop.body):  # before the fields, which it may be of no use to change
            if type(step) in STEPS:
                raise NotLifted(f"step {step.path} is {STEPS[type(step)]}")
        self._rows()
        self.steps(self.loop.body)
        for variable in self.terms:
            if variable in self.captured:
                raise NotLifted(f"`{variable.name}` is read where it is added up")
        if self.effect is not None and self.effect.write.store in self.looked_into:
            raise NotLifted(f"it looks into `{self.effect.write.store}`, which it writes")
        if self.effect is None and not self.terms:
            raise NotLifted("it writes nothing and adds nothing up")
        survey = self._survey()
        totals = tuple(Total(self.total_kinds[variable], tuple(terms)) for variable, terms in self.terms.items())
        params = (*self.params, *(INT for _ in totals))
        write = self.write
        if isinstance(write, q.InsertQuery):
            write = msgspec.structs.replace(write, query=msgspec.structs.replace(write.query, params=params))
        elif isinstance(write, q.Update | q.Delete):
            write = msgspec.structs.replace(write, params=params)
        survey = msgspec.structs.replace(survey, params=params)
        if max(depth_of(survey), depth_of(write) if write is not None else 0) >= MAX_DEPTH:
            raise NotLifted("it has too many steps")
        return Lifted(
            Lift(self.loop.path, survey, totals, write, self._use()), (*self.captured, *self.terms), tuple(self.called)
        )

    def _use(self) -> SetUse:
        fields: tuple[str, ...] = ()
        match self.write:
            case q.InsertQuery(store=store):
                command, fields = "insert", self.write.fields
            case q.Update(store=store):
                command, fields = "update", tuple(name for name, _ in self.write.assignments)
            case q.Delete(store=store):
                command = "delete"
            case _:
                return SetUse(tuple(self.reads.values()))
        assert self.effect is not None
        return SetUse(tuple(self.reads.values()), self.effect.path, command, store, fields)

    # ── rows ──

    def _rows(self) -> None:
        """What the loop reads of a row has to be read by the survey too: a stored value may not be of its type.

        The rows are some of one store's as they are. Where they are sorted, the survey does not care, and the write is
        sorted by the same at its end.
        """
        scan = own_rows(self.query.relation)
        if scan is None or len(scans_of(self.query)) > 1:
            raise NotLifted("its rows are not those of one store as they are")
        node = self.query.relation
        while not isinstance(node, q.Scan):
            assert isinstance(node, q.Where | q.Sort)
            if isinstance(node, q.Where):
                self.conditions.insert(0, node.condition)
            elif any(not isinstance(key.expr, q.Column) for key in node.keys):
                raise NotLifted("its rows are sorted by something that is worked out")
            else:
                self.sorts.append(node)
            node = node.source
        if len(self.sorts) > 1:
            raise NotLifted("its rows are sorted twice")
        self.scan = self.relation = scan
        for condition in self.conditions:
            self.relation = q.Where(self.relation, condition)
        for number, (_, column) in enumerate(self.query.columns):
            self._surveyed(f"read{number}", scan.store, column, column.type)
        self.rows[self.loop.variable] = Row(dict(self.query.columns))

    def _surveyed(self, label: str, store: str, column: q.Expr, type_: Type) -> None:
        """A sum is no int when one of the values is none. type_: of the stored field."""
        if not isinstance(column, q.Column):
            raise NotLifted("a field is worked out by its query")
        if column.type.name != "int":
            raise NotLifted(f"it reads `{column.name}`, of type {column.type.name}, and only ints are read at once")
        self._needs(store, column.name, not_null=not type_.nullable)
        self.survey.append((label, q.Aggregate("sum", column, False, INT_NULL)))

    def _needs(self, store: str, name: str, *, not_null: bool, unique: bool = False) -> None:
        """Note what the database has to prove of a field."""
        known = self.reads.get((store, name))
        self.reads[store, name] = ReadField(
            store,
            name,
            not_null or (known is not None and known.not_null),
            unique or (known is not None and known.unique),
        )

    def check(self, expr: q.Expr, label: str = "") -> None:
        """Have the survey work it out."""
        if expr.type.name == "bool":
            expr = q.Case(((expr, Const(1, INT)),), Const(0, INT), INT)
        label = label or f"check{len(self.survey)}"
        self.survey.append((label, q.Aggregate("min", expr, False, expr.type.or_null())))

    def derive(self, expr: q.Expr) -> q.Expr:
        """The expression as a column of the rows, unless it is one or is known beforehand."""
        if isinstance(expr, q.Column | q.Param | Const):
            return expr
        self.ids += 1
        self.relation = q.Derive(self.ids, self.relation, (("v", expr),))
        self.made[self.ids, "v"] = expr
        return q.Column(self.ids, "v", expr.type)

    def guarded(self, expr: q.Expr) -> q.Expr:
        """The expression where the body gets here, else null."""
        if self.path is None or isinstance(expr, q.Column | q.Param | Const):
            return expr
        return q.Case(((self.path, expr),), None, expr.type.or_null())

    def value(self, expr: typed.Expr) -> q.Expr:
        """A value that a step works out, as a column."""
        made = self.expr(fold(expr))
        column = self.derive(self.guarded(made))
        if can_fail(made):
            self.check(column)
        return column

    # ── leaves ──

    def outer(self, variable: typed.Variable) -> q.Expr:
        if variable in self.terms or not self.known(variable):
            raise NotLifted(f"`{variable.name}` is read where it is added up")
        if variable.type.nullable or variable.type.name not in KINDS:
            raise NotLifted(f"`{variable.name}` is of type {variable.type}")
        if variable not in self.captured:
            self.captured.append(variable)
            self.params.append(variable.type)
        return q.Param(len(self.query.params) + self.captured.index(variable), variable.type)

    def call(self, expr: typed.ScriptCall) -> q.Expr:
        signature = expr.signature
        if signature.emits is not None or not is_plain(signature.returns):
            raise NotLifted(f"`{signature.name}` returns no int or bool, or emits records")
        for arg in expr.args:
            if not is_plain(arg.type):
                raise NotLifted(f"`{signature.name}` is given a {arg.type}")
        return q.Inline(signature.name, tuple(self.value(arg) for arg in expr.args), signature.returns)

    def look_up(self, fetch: typed.FetchExpr) -> Row:
        """A row by a unique key: a left join."""
        columns = self.columns.pruned(fetch.query.query)
        match columns.relation:
            case q.Where(
                source=q.Scan() as scan, condition=q.Op(op="eq", args=(q.Column() as key, q.Param() as param))
            ):
                pass
            case q.Where(
                source=q.Scan() as scan, condition=q.Op(op="eq", args=(q.Param() as param, q.Column() as key))
            ):
                pass
            case _:
                raise NotLifted("a look-up is not by one field alone")
        if columns.database != self.query.database:
            raise NotLifted("it looks into another database")
        store = self.script.schema[f"{scan.database}.{scan.store}"]
        if (key.name,) not in store.unique or key.type.name != "int" or param.type.name != "int":
            raise NotLifted(f"`{store.name}.{key.name}` is no unique int")
        wanted = self.value(fetch.query.params[param.index])
        if wanted.type.name != "int":
            raise NotLifted(f"`{store.name}.{key.name}` is looked up by a {wanted.type}")
        self.ids += 1
        id_ = self.ids
        found = q.Column(id_, key.name, key.type.or_null())
        self.relation = q.Join(
            self.relation, q.Scan(id_, scan.database, scan.store), True, q.Op("eq", (found, wanted), BOOL)
        )
        self.looked_into.add(scan.store)
        self._needs(scan.store, key.name, not_null=False, unique=True)
        fields = {name: q.Column(id_, column.name, column.type.or_null()) for name, column in columns.columns}
        for name, column in columns.columns:
            self._surveyed(f"look{len(self.survey)}", scan.store, fields[name], column.type)
        if fetch.mode == "one":
            none = q.Op("is_null", (found,), BOOL)
            self.missing.append(self.guarded(q.Case(((none, Const(1, INT)),), None, INT_NULL)))
            fields = {name: q.Column(id_, column.name, column.type) for name, column in dict(columns.columns).items()}
        return Row(fields, q.Op("is_null", (found,), BOOL))

    # ── steps ──

    def steps(self, steps: Sequence[typed.Step]) -> None:
        """The steps of a block; after it, `path` says where the body goes on."""
        for step in steps:
            match step:
                case typed.SetVariable():
                    self._set(step)
                case typed.If():
                    self._if(step)
                case typed.WriteStep():
                    self._write(step)
                case typed.Continue():
                    self.path = Const(False, BOOL)
                case typed.CallStep():
                    self.value(step.call)
                case _:
                    raise NotLifted(f"step {step.path} is of another kind")

    def _set(self, step: typed.SetVariable) -> None:
        variable = step.variable
        if step.target:
            raise NotLifted(f"step {step.path} changes a part of `{variable.name}`")
        if self.known(variable):
            self._add(step)
        elif variable in self.values or variable in self.rows:
            raise NotLifted(f"`{variable.name}` is set again")
        elif isinstance(step.value, typed.FetchExpr) and step.value.mode in ("one", "first"):
            self.rows[variable] = self.look_up(step.value)
        else:
            self.values[variable] = self.value(step.value)

    def _add(self, step: typed.SetVariable) -> None:
        variable, value = step.variable, fold(step.value)
        if variable.type != INT:
            raise NotLifted(f"`{variable.name}` is of type {variable.type}, and only ints are added up")
        kind, terms = added(variable, value)
        if self.total_kinds.setdefault(variable, kind) != kind or (kind != "sum" and variable in self.terms):
            raise NotLifted(f"`{variable.name}` is set in several ways")
        self.terms.setdefault(variable, [])
        for term in terms:
            if term.type != INT:
                raise NotLifted(f"what is added to `{variable.name}` is of type {term.type}")
            made = self.expr(term)
            column = self.derive(self._once(made))
            label = f"term{len(self.survey)}"
            names = (f"{label} sum", f"{label} min", f"{label} max")
            for name, function in zip(names, ("sum", "min", "max"), strict=True):
                self.survey.append((name, q.Aggregate(function, column, False, INT_NULL)))
            self.terms[variable].append(names)

    def _once(self, expr: q.Expr) -> q.Expr:
        """As `guarded`, of constants too: a term counts only where the body gets here."""
        if self.path is None:
            return expr
        return q.Case(((self.path, expr),), None, expr.type.or_null())

    def _if(self, step: typed.If) -> None:
        before, ends = self.path, []
        for condition, body in step.branches:
            made = self.expr(fold(condition))
            if made.type.name != "bool":
                raise NotLifted(f"the condition of step {step.path} is of type {made.type}")
            taken = self.derive(self._once(made))
            if can_fail(made):
                self.check(taken)
            beside = q.Case(((taken, Const(False, BOOL)),), self.path or Const(True, BOOL), BOOL.or_null())
            self.path = taken
            self.steps(body)
            if self.path == Const(False, BOOL):
                ends.append(taken)
            elif self.path != taken:
                raise NotLifted(f"step {step.path} has a `continue` deeper inside")
            self.path = self.derive(beside)
        otherwise = self.path
        assert otherwise is not None
        self.steps(step.otherwise)
        if self.path == Const(False, BOOL):
            ends.append(otherwise)
        elif self.path != otherwise:
            raise NotLifted(f"step {step.path} has a `continue` deeper inside")
        self.path = before
        for taken in ends:
            left = q.Case(((taken, Const(False, BOOL)),), self.path or Const(True, BOOL), BOOL.or_null())
            self.path = self.derive(left)

    # ── the effect ──

    def _write(self, step: typed.WriteStep) -> None:
        if self.effect is not None:
            raise NotLifted(f"steps {self.effect.path} and {step.path} both write")
        if step.write.database != self.query.database:
            raise NotLifted("it writes another database than it reads")
        self.effect, self.effect_path = step, self.path
        store = self.script.schema[f"{step.write.database}.{step.write.store}"]
        if any(key.other_store == store.name for key in store.foreign_keys):
            raise NotLifted(f"`{store.name}` refers to itself")
        match step.write:
            case q.Insert(keys=()):
                self._insert(step, step.write)
            case q.Update():
                self._update(step, step.write)
            case q.Delete():
                self._delete(step, step.write)
            case _:
                raise NotLifted(f"step {step.path} is an upsert, or writes a list or a query")

    def _insert(self, step: typed.WriteStep, write: q.Insert) -> None:
        given = dict(zip(write.fields, step.params, strict=True))
        if not given:
            raise NotLifted(f"step {step.path} gives no field")
        columns: list[tuple[str, q.Column]] = []
        for (name, param), type_ in zip(given.items(), write.types, strict=True):
            if param.type.name != "int" or type_.name != "int":
                raise NotLifted(f"it sets `{name}`, of type {type_}, and only ints are set at once")
            made = self.value(param)
            if not isinstance(made, q.Column):
                self.ids += 1
                self.relation = q.Derive(self.ids, self.relation, (("v", made),))
                made = q.Column(self.ids, "v", made.type)
            columns.append((name, made))
        self.write = q.InsertQuery(
            write.database, write.store, write.fields, q.Query(write.database, q.Scan(0, "", ""), tuple(columns), ())
        )

    def _by_key(self, step: typed.WriteStep, write: q.Update | q.Delete) -> q.Scan:
        """The loop's own store, each of whose rows writes itself."""
        scan = self.scan
        if scan.store != write.store:
            raise NotLifted(f"step {step.path} writes other rows than the loop's own")
        store = self.script.schema[f"{write.database}.{write.store}"]
        match write.condition:
            case q.Op(op="eq", args=(q.Column() as key, q.Param() as param) | (q.Param() as param, q.Column() as key)):
                pass
            case _:
                raise NotLifted(f"step {step.path} does not find its row by a unique field alone")
        given = self.expr(fold(step.params[param.index]))
        own = q.Column(scan.id, key.name, key.type)
        if given != own or (key.name,) not in store.unique or key.type != INT:
            raise NotLifted(f"step {step.path} does not find its row by a unique int that is not null")
        if self.looked_into or any(isinstance(node, q.Scan) for node in all_nodes(write)):
            raise NotLifted(f"step {step.path} looks into a store")
        self._needs(write.store, key.name, not_null=True, unique=True)
        return scan

    def _conditions(self) -> q.Expr | None:
        found = [*self.conditions, *([] if self.effect_path is None else [self.expanded(self.effect_path)])]
        if not found:
            return None
        return found[0] if len(found) == 1 else q.Op("and", tuple(found), BOOL.or_null())

    def _update(self, step: typed.WriteStep, write: q.Update) -> None:
        scan = self._by_key(step, write)
        store = self.script.schema[f"{write.database}.{write.store}"]
        keys = {name for key in (*store.unique, *(each.fields for each in store.foreign_keys)) for name in key}
        assignments = []
        params = [self.value(param) if is_used(write, number) else None for number, param in enumerate(step.params)]
        for name, expr in write.assignments:
            if name in keys:
                raise NotLifted(f"step {step.path} sets `{name}`, which is in a key")
            field = store.field(name)
            if field is None or field.type.name != "int" or expr.type.name != "int":
                raise NotLifted(f"it sets `{name}`, of type {expr.type}, and only ints are set at once")
            for node in all_nodes(expr):
                if isinstance(node, q.Column):
                    if node.type.name != "int":
                        raise NotLifted(f"`{node.name}` is of type {node.type}")
                    self._needs(write.store, node.name, not_null=False)
            assignments.append((name, self.expanded(placed(expr, write.id, scan.id, params))))
        self.write = q.Update(scan.id, write.database, write.store, self._conditions(), tuple(assignments), ())

    def _delete(self, step: typed.WriteStep, write: q.Delete) -> None:
        scan = self._by_key(step, write)
        self.write = q.Delete(scan.id, write.database, write.store, self._conditions(), ())

    def expanded(self, expr: q.Expr) -> q.Expr:
        """The expression over the loop's own columns alone."""
        left = MAX_NODES

        def expand(node: q.Expr) -> q.Expr:
            nonlocal left
            left -= 1
            if left < 0:
                raise NotLifted("what it works out is too long")
            if isinstance(node, q.Column):
                made = self.made.get((node.relation, node.name))
                return node if made is None else expand(made)
            return mapped(node, expand)

        return expand(expr)

    # ── the survey ──

    def _survey(self) -> q.Query:
        missing: q.Expr = Const(None, INT_NULL)
        for each in self.missing:
            column = self.derive(each)
            missing = (
                column
                if isinstance(missing, Const)
                else q.Case(((q.Op("is_not_null", (column,), BOOL), column),), missing, INT_NULL)
            )
        changed = None if self.effect_path is None else q.Case(((self.effect_path, Const(1, INT)),), None, INT_NULL)
        columns = [
            ("rows", q.Aggregate("count", None, False, INT)),
            ("changed", q.Aggregate("count", changed, False, INT)),
            ("missing", q.Aggregate("count", missing, False, INT)),
            *self.survey,
        ]
        if isinstance(self.write, q.InsertQuery):
            relation = self.relation if self.effect_path is None else q.Where(self.relation, self.effect_path)
            relation = q.Sort(relation, self.sorts[0].keys) if self.sorts else relation
            self.write = msgspec.structs.replace(
                self.write, query=msgspec.structs.replace(self.write.query, relation=relation)
            )
        self.ids += 1
        group = q.Group(self.ids, self.relation, (), tuple(columns))
        shown = tuple((name, q.Column(self.ids, name, expr.type)) for name, expr in columns)
        return q.Query(self.query.database, group, shown, ())

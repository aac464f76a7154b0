"""The names of a statement → the fields of its sources, as the language writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from runtime.query.schema import Schema, Store
from runtime.values.types import Type
from sopc.checker.report import suggestion
from sopc.sql.statement import Dialect, Places, Refused
from sopc.tree import nodes


@dataclass(frozen=True)
class Value:
    """A converted expression. type: None where it is not known."""

    expr: nodes.Expr
    type: Type | None = None

    @property
    def kind(self) -> str:
        """The type's name; "" where it is not known."""
        return "" if self.type is None else self.type.name

    @property
    def nullable(self) -> bool:
        return self.type is None or self.type.nullable


@dataclass(frozen=True)
class Column:
    """A column of a source or of a result.

    Attributes:
        collated: whether the database compares its text by a rule of its own.
    """

    name: str
    type: Type | None
    collated: bool = False


@dataclass(frozen=True)
class Rows:
    """A converted query. stages: the first one is a From."""

    stages: tuple[nodes.Stage, ...]
    columns: tuple[Column, ...]

    def query(self) -> nodes.Query:
        return nodes.Query(stages=self.stages)


@dataclass
class Source:
    """A store or named query that a query reads.

    Attributes:
        sql: the name by which the statement calls it, in lower case.
        alias: the name by which the program calls it.
        joined: fields that `using` shows once, with an earlier source.
        keys: sets of fields that identify a row.
    """

    sql: str
    node: nodes.From
    alias: str
    columns: Sequence[Column]
    keys: Sequence[tuple[str, ...]] = ()
    joined: set[str] = field(default_factory=set)

    def find(self, name: str) -> Column | None:
        """The column of a name; SQL minds no case, unless only the case tells two apart."""
        alike = [column for column in self.columns if column.name.lower() == name.lower()]
        return next((column for column in alike if column.name == name), alike[0] if alike else None)


@dataclass
class Parameter:
    """A parameter of the statement. type: what it is compared with or written to; None until that is known."""

    name: str
    place: exp.Expr
    type: Type | None = None


class Work:
    """What one statement's conversion knows and collects."""

    def __init__(
        self, dialect: Dialect, schemas: Mapping[str, Schema], places: Places, parameter_names: Iterable[str] = ()
    ) -> None:
        """parameter_names: the names that the statement gives to parameters."""
        self.dialect = dialect
        self.schemas = schemas
        self.places = places
        self.parameters: dict[str, Parameter] = {}
        self.queries: list[nodes.NameQuery] = []
        self.uses: dict[str, None] = {}
        self.warnings: dict[str, exp.Expr] = {}
        self.parameter_names = frozenset(parameter_names)
        self.taken = set(self.parameter_names)

    def warn(self, message: str, node: exp.Expr) -> None:
        self.warnings.setdefault(message, node)

    def new_name(self, wanted: str) -> str:
        """A name that nothing else in the program has: the wanted one, else with a number."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name

    def name_query(self, wanted: str, rows: Rows) -> str:
        stores = {store for schema in self.schemas.values() for store in schema.stores}
        name = self.new_name(f"{wanted}_rows" if wanted in stores else wanted)
        self.queries.append(nodes.NameQuery(name=name, query=rows.query()))
        return name

    def store(self, table: exp.Table) -> tuple[str, Store]:
        """The database and the store that a statement names.

        Raises:
            Refused: T0507.
        """
        wanted, named = table.name, table.text("db") or table.text("catalog")
        databases = [name for name in self.schemas if name.lower() == named.lower()] if named else []
        if named and not databases and named.lower() not in ("main", "public", "temp"):
            hint = suggestion(named, self.schemas, "database")
            raise Refused("T0507", f"there is no database `{named}`", table, hint)
        for database in databases or self.schemas:
            stores = self.schemas[database].stores
            found = stores.get(wanted) or next(
                (one for one in stores.values() if one.name.lower() == wanted.lower()), None
            )
            if found is not None:
                self.uses.setdefault(database)
                return database, found
        known = [name for database in databases or self.schemas for name in self.schemas[database].stores]
        raise Refused("T0507", f"there is no table `{wanted}`", table, suggestion(wanted, known, "table"))


class Scope:
    """The sources of a query, within those of the queries around it.

    Attributes:
        named: the named queries of `with`, by name in lower case.
    """

    def __init__(self, work: Work, outer: Scope | None = None, named: Mapping[str, Source] | None = None) -> None:
        self.work = work
        self.outer = outer
        self.sources: list[Source] = []
        self.named: dict[str, Source] = {**(outer.named if outer else {}), **(named or {})}

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def free_alias(self, wanted: str) -> str:
        """The wanted name for a source, else with a number: a name means one thing, also in queries around it."""
        used = {source.alias for scope in self.chain() for source in scope.sources} | self.work.parameter_names
        name, number = wanted, 1
        while name in used:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def resolve(self, column: exp.Column) -> tuple[Source, Column] | None:
        """The source and the field that a name means; None if there is none.

        Raises:
            Refused: T0506, several sources have it; T0507, its source is not known.
        """
        table = column.table.lower()
        for scope in self.chain():
            if table:
                named = [source for source in scope.sources if source.sql == table]
                if not named:
                    continue
                found = named[0].find(column.name)
                if found is None:
                    hint = suggestion(column.name, [each.name for each in named[0].columns], "column")
                    raise Refused("T0507", f"`{column.table}` has no column `{column.name}`", column, hint)
                return named[0], found
            owners = [(source, found) for source in scope.sources if (found := source.find(column.name)) is not None]
            owners = [(source, found) for source, found in owners if found.name not in source.joined]
            if len(owners) > 1:
                hint = " or ".join(f"{source.sql}.{found.name}" for source, found in owners)
                raise Refused("T0506", f"several tables have a column `{column.name}`", column, hint)
            if owners:
                return owners[0]
        if table:
            known = [source.sql for scope in self.chain() for source in scope.sources]
            hint = suggestion(column.table, known, "table")
            raise Refused("T0507", f"the query reads no `{column.table}`", column, hint)
        return None

    def unknown(self, column: exp.Column) -> Refused:
        known = [each.name for scope in self.chain() for source in scope.sources for each in source.columns]
        return Refused("T0507", f"there is no column `{column.name}`", column, suggestion(column.name, known, "column"))

    def reference(self, source: Source, name: str) -> nodes.Expr:
        """The expression for a field: its bare name where that can mean nothing else."""
        everything = [each for scope in self.chain() for each in scope.sources]
        owners = sum(each.find(name) is not None for each in everything)
        alone = len(self.sources) == 1 and source in self.sources and owners == 1
        if alone and name not in self.work.parameter_names:
            return nodes.Name(name=name)
        return nodes.FieldAccess(base=nodes.Name(name=source.alias), name=name)

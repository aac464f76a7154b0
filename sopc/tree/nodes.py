"""The tree as a public format: frozen pydantic models for every form of the language, readable as JSON.

A step carries `type` (command, ask, if, loop, script, block) and, within a type, a second tag (`command`, `loop`,
`block`); an expression carries `expr`; a query is a list of stages that carry `stage`. Spans are offsets into the
source that the tree was parsed from; trees from elsewhere have none.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

SpanPair = tuple[int, int]

MAX_SENTENCES: Final = 2_000  # of an English text


class Node(BaseModel):
    """span: (start, end) character offsets, or None."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    span: SpanPair | None = None


# ── types ──────────────────────────────────────────────────────────────────────────────────────────────────────


class TypeName(Node):
    """`int`, `decimal(10,2)`, `list<text>`, `record`, `T?`; fields only in `emits {…}` and record types."""

    name: str
    args: tuple[int, ...] = ()
    item: TypeName | None = None
    fields: tuple[tuple[str, TypeName], ...] | None = None
    nullable: bool = False


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────


class NullLiteral(Node):
    expr: Literal["null"] = "null"


class BoolLiteral(Node):
    expr: Literal["bool"] = "bool"
    value: bool


class IntLiteral(Node):
    """value: of any size; the checker refuses what does not fit 64 bits."""

    expr: Literal["int"] = "int"
    value: int


class NumberLiteral(Node):
    """A number with a point or an exponent, as written: a decimal beside decimals, else a float."""

    expr: Literal["number"] = "number"
    value: str


class TextLiteral(Node):
    """Text in quotes. parts: plain pieces (escapes resolved) and the expressions of `{…}` holes, in order."""

    expr: Literal["text"] = "text"
    parts: tuple[str | Expr, ...]


class DateLiteral(Node):
    """date "2026-01-31"; value as written."""

    expr: Literal["date"] = "date"
    value: str


class TimestampLiteral(Node):
    expr: Literal["timestamp"] = "timestamp"
    value: str


class DurationLiteral(Node):
    """90 days; unit: second minute hour day week, in the singular."""

    expr: Literal["duration"] = "duration"
    value: int
    unit: str


class Name(Node):
    """A bare name, or `$name` (variable: True), which never means a field."""

    expr: Literal["name"] = "name"
    name: str
    variable: bool = False


class FieldAccess(Node):
    expr: Literal["field"] = "field"
    base: Expr
    name: str


class IndexAccess(Node):
    expr: Literal["index"] = "index"
    base: Expr
    index: Expr


class Argument(Node):
    """name is None for a positional one."""

    name: str | None = None
    value: Expr


class CallExpr(Node):
    """A call of a function, aggregate or script; the checker finds out which.

    over: the window. distinct: as in `count(distinct x)`.
    """

    expr: Literal["call"] = "call"
    name: str
    args: tuple[Argument, ...] = ()
    distinct: bool = False
    over: WindowSpec | None = None


class WindowSpec(Node):
    partition: tuple[Expr, ...] = ()
    order: tuple[SortKey, ...] = ()


class Unary(Node):
    expr: Literal["unary"] = "unary"
    op: Literal["not", "-"]
    arg: Expr


class Binary(Node):
    """op as the formatter writes it. ignore_case: of a comparison, `ignoring case`."""

    expr: Literal["binary"] = "binary"
    op: Literal[
        "or", "and", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%",
        "like", "contains", "starts with", "ends with",
    ]  # fmt: skip
    left: Expr
    right: Expr
    ignore_case: bool = False


class Between(Node):
    expr: Literal["between"] = "between"
    arg: Expr
    low: Expr
    high: Expr
    negated: bool = False
    ignore_case: bool = False


class InExpr(Node):
    """x in (a, b, c) → items; x in (from …) → query; x in list_variable → one item with is_list True."""

    expr: Literal["in"] = "in"
    arg: Expr
    items: tuple[Expr, ...] = ()
    query: Query | None = None
    is_list: bool = False
    negated: bool = False
    ignore_case: bool = False


class IsNull(Node):
    expr: Literal["is_null"] = "is_null"
    arg: Expr
    negated: bool = False


class CaseBranch(Node):
    when: Expr
    then: Expr


class CaseExpr(Node):
    expr: Literal["case"] = "case"
    branches: tuple[CaseBranch, ...]
    otherwise: Expr | None = None


class RecordField(Node):
    name: str
    value: Expr


class RecordExpr(Node):
    expr: Literal["record"] = "record"
    fields: tuple[RecordField, ...]


class ListExpr(Node):
    expr: Literal["list"] = "list"
    items: tuple[Expr, ...]


class QueryExpr(Node):
    """exists(Q), count(Q), first(Q), one(Q), list(Q), and (Q) as a scalar."""

    expr: Literal["query"] = "query"
    kind: Literal["exists", "count", "first", "one", "list", "scalar"]
    query: Query


Expr = Annotated[
    NullLiteral | BoolLiteral | IntLiteral | NumberLiteral | TextLiteral | DateLiteral | TimestampLiteral
    | DurationLiteral | Name | FieldAccess | IndexAccess | CallExpr | Unary | Binary | Between | InExpr | IsNull
    | CaseExpr | RecordExpr | ListExpr | QueryExpr,
    Field(discriminator="expr"),
]  # fmt: skip


# ── queries ────────────────────────────────────────────────────────────────────────────────────────────────────


class From(Node):
    """store may be qualified by its database's `uses` name; it may be a named query, then database is None."""

    stage: Literal["from"] = "from"
    store: str
    database: str | None = None
    alias: str | None = None


class Join(Node):
    stage: Literal["join"] = "join"
    source: From
    outer: bool = False
    on: Expr


class Where(Node):
    stage: Literal["where"] = "where"
    condition: Expr


class NamedColumn(Node):
    """`expr as name`; name is None when the expression is a field, whose name it then takes."""

    name: str | None = None
    value: Expr


class Derive(Node):
    stage: Literal["derive"] = "derive"
    columns: tuple[NamedColumn, ...]


class GroupBy(Node):
    """group by keys select columns."""

    stage: Literal["group"] = "group"
    keys: tuple[NamedColumn, ...]
    columns: tuple[NamedColumn, ...]


class Select(Node):
    stage: Literal["select"] = "select"
    columns: tuple[NamedColumn, ...]


class Distinct(Node):
    stage: Literal["distinct"] = "distinct"


class SortKey(Node):
    """nulls: None is last."""

    value: Expr
    descending: bool = False
    nulls: Literal["first", "last"] | None = None


class OrderBy(Node):
    stage: Literal["order"] = "order"
    keys: tuple[SortKey, ...]


class Limit(Node):
    stage: Literal["limit"] = "limit"
    count: Expr
    offset: Expr | None = None


class UnionWith(Node):
    """Combines the rows so far with those of another query. all: `union all`, which keeps repeated rows."""

    stage: Literal["union", "intersect", "except"] = "union"
    query: Query
    all: bool = False


Stage = Annotated[
    From | Join | Where | Derive | GroupBy | Select | Distinct | OrderBy | Limit | UnionWith,
    Field(discriminator="stage"),
]


class Query(Node):
    """stages: the first one is the From, and no other is."""

    stages: tuple[Stage, ...]


# ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Step(Node):
    """sentence: the English sentence it came from, from 1 to MAX_SENTENCES."""

    sentence: int | None = None


class Command(Step):
    type: Literal["command"] = "command"


class Let(Command):
    """let name [: declared] = value."""

    command: Literal["let"] = "let"
    name: str
    declared: TypeName | None = None
    value: Expr


class Assign(Command):
    """set a.b[0] = value; path: what follows the name, field names and index expressions."""

    command: Literal["set"] = "set"
    name: str
    path: tuple[str | Expr, ...] = ()
    value: Expr


class Emit(Command):
    """Exactly one of value and query is set. A value that calls a script emits the records that the script emits.

    name: of `as name`, which emits the value as a record with this one field.
    """

    command: Literal["emit"] = "emit"
    value: Expr | None = None
    query: Query | None = None
    name: str | None = None


class Say(Command):
    command: Literal["say"] = "say"
    text: Expr


class Insert(Command):
    """Exactly one of record, query, list_. keys non-empty: `upsert … on k`."""

    command: Literal["insert", "upsert"] = "insert"
    store: str
    database: str | None = None
    record: RecordExpr | None = None
    query: Query | None = None
    list_: Expr | None = Field(default=None, alias="list", serialization_alias="list")
    keys: tuple[str, ...] = ()
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)


class Assignment(Node):
    name: str
    value: Expr


class Update(Command):
    command: Literal["update"] = "update"
    store: str
    database: str | None = None
    where: Expr | None = None
    assignments: tuple[Assignment, ...]


class Delete(Command):
    command: Literal["delete"] = "delete"
    store: str
    database: str | None = None
    where: Expr | None = None


class Return(Command):
    command: Literal["return"] = "return"
    value: Expr | None = None


class Fail(Command):
    command: Literal["fail"] = "fail"
    message: Expr


class Assert(Command):
    command: Literal["assert"] = "assert"
    condition: Expr
    message: Expr


class Commit(Command):
    command: Literal["commit"] = "commit"


class Break(Command):
    command: Literal["break"] = "break"


class Continue(Command):
    command: Literal["continue"] = "continue"


class NameQuery(Command):
    """query NAME = from …"""

    command: Literal["query"] = "query"
    name: str
    query: Query


class Ask(Step):
    type: Literal["ask"] = "ask"
    question: Expr
    choices: Expr | None = None
    within: Expr | None = None
    default: Expr | None = None
    name: str
    answer: TypeName


class Branch(Node):
    """One condition of an `if` with its steps."""

    condition: Expr
    steps: tuple[AnyStep, ...]


class If(Step):
    """branches: if and each else if, in order; otherwise: the else body, None when there is no else."""

    type: Literal["if"] = "if"
    branches: tuple[Branch, ...]
    otherwise: tuple[AnyStep, ...] | None = None


class Range(Node):
    """a to b, both included."""

    low: Expr
    high: Expr


class ForEach(Step):
    """Exactly one of query, range, value; a value is a list, or a call of a script (a generator)."""

    type: Literal["loop"] = "loop"
    loop: Literal["each"] = "each"
    name: str
    query: Query | None = None
    range: Range | None = None
    value: Expr | None = None
    steps: tuple[AnyStep, ...]


class While(Step):
    type: Literal["loop"] = "loop"
    loop: Literal["while"] = "while"
    condition: Expr
    steps: tuple[AnyStep, ...]


class CallStep(Step):
    """call s(…) as a step; its value is dropped."""

    type: Literal["script"] = "script"
    call: CallExpr


class Transaction(Step):
    type: Literal["block"] = "block"
    block: Literal["transaction"] = "transaction"
    steps: tuple[AnyStep, ...]


class Try(Step):
    type: Literal["block"] = "block"
    block: Literal["try"] = "try"
    steps: tuple[AnyStep, ...]
    name: str
    handler: tuple[AnyStep, ...]


def _step_tag(value: Any) -> str:
    """type, and the second tag within it."""

    def get(key: str) -> Any:
        return value.get(key) if isinstance(value, dict) else getattr(value, key, None)

    type_ = get("type")
    second = {"command": get("command"), "loop": get("loop"), "block": get("block")}.get(str(type_))
    if second == "upsert":
        second = "insert"
    return f"{type_} {second}" if second else str(type_)


AnyStep = Annotated[
    Annotated[Let, Tag("command let")]
    | Annotated[Assign, Tag("command set")]
    | Annotated[Emit, Tag("command emit")]
    | Annotated[Say, Tag("command say")]
    | Annotated[Insert, Tag("command insert")]
    | Annotated[Update, Tag("command update")]
    | Annotated[Delete, Tag("command delete")]
    | Annotated[Return, Tag("command return")]
    | Annotated[Fail, Tag("command fail")]
    | Annotated[Assert, Tag("command assert")]
    | Annotated[Commit, Tag("command commit")]
    | Annotated[Break, Tag("command break")]
    | Annotated[Continue, Tag("command continue")]
    | Annotated[NameQuery, Tag("command query")]
    | Annotated[Ask, Tag("ask")]
    | Annotated[If, Tag("if")]
    | Annotated[ForEach, Tag("loop each")]
    | Annotated[While, Tag("loop while")]
    | Annotated[CallStep, Tag("script")]
    | Annotated[Transaction, Tag("block transaction")]
    | Annotated[Try, Tag("block try")],
    Discriminator(_step_tag),
]


# ── scripts ────────────────────────────────────────────────────────────────────────────────────────────────────


class ParameterNode(Node):
    """secret: output, logs and messages show a mask instead of its value."""

    name: str
    type: TypeName
    default: Expr | None = None
    secret: bool = False


class Script(Node):
    """returns: after `->`. emits: after `emits`. doc: the text under the head."""

    name: str
    params: tuple[ParameterNode, ...] = ()
    uses: tuple[str, ...] = ()
    returns: TypeName | None = None
    emits: TypeName | None = None
    doc: str = ""
    steps: tuple[AnyStep, ...]


class File(Node):
    """A source: its scripts.

    Attributes:
        scripts: In the order of the source.
    """

    scripts: tuple[Script, ...]

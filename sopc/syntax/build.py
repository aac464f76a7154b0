"""The children of each grammar rule, as Lark passes them → nodes with spans."""

from __future__ import annotations

from typing import Any, Final, Literal

from lark import Token

from runtime.values.names import MAX_SCRIPT_BYTES, name_fault
from sopc.syntax.literals import MAX_DIGITS, Problem, problem, read_text
from sopc.tree import nodes
from sopc.tree.nodes import SpanPair
from sopc.tree.unchecked import new

Children = list[Any]
_OPERATORS: Final = {"==": "=", "<>": "!="}
QUERY_FUNCTIONS: Final = ("exists", "count", "first", "one", "list")


def _start(child: Any) -> int:
    if type(child) is Token:
        return child.start_pos or 0
    return child.span[0] if child.span else 0


def _end(children: Children) -> int:
    """The end of the last child that has a span; a tuple (of steps, columns, …) ends where its last member does."""
    for child in reversed(children):
        if type(child) is Token:
            return child.end_pos or 0
        if type(child) is tuple:
            if child:
                return _end(list(child))
        elif child.span:
            return int(child.span[1])
    return 0


def _span(children: Children) -> SpanPair:
    return _start(children[0]), _end(children)


def _name(token: Token) -> str:
    """A NAME, BACKQUOTED or FIELD token, or a keyword used as a key → the name without dot and backquotes."""
    text = token.value
    if text[0] == ".":
        text = text[1:]
    name = text[1:-1] if text[0] == "`" else str(text)
    fault = name_fault(name)
    if fault is not None:
        raise _bad_name(token, fault)
    return name


def _script_name(token: Token) -> str:
    name = _name(token)
    if len(name.encode()) > MAX_SCRIPT_BYTES:
        raise _bad_name(token, f"is longer than {MAX_SCRIPT_BYTES} bytes, and a library holds no script called so")
    return name


def _bad_name(token: Token, why: str) -> Problem:
    return problem("E0122", f"this name {why}", token.start_pos or 0, token.end_pos or 0, "a shorter one, of letters")


def _nodes(children: Children) -> tuple[Any, ...]:
    """The children without keywords and punctuation."""
    return tuple([child for child in children if type(child) is not Token])


def _has(children: Children, word: str) -> bool:
    return any(type(child) is Token and child == word for child in children)


class TreeBuilder:
    """One method per rule or alias of the grammar. A method is given the rule's children, keywords and punctuation
    included, and returns a node; rules that only group return a token, a tuple, or a dictionary of a script's parts.
    """

    # ── scripts ──

    def start(self, c: Children) -> nodes.File:
        return new(nodes.File)(scripts=tuple(c), span=_span(c))

    def script(self, c: Children) -> nodes.Script:
        parts: dict[str, Any] = {}
        for child in c[2:-2]:
            parts |= child
        return new(nodes.Script)(name=_script_name(c[1]), steps=c[-2], span=(_start(c[0]), _end(c)), **parts)

    def parameters(self, c: Children) -> dict[str, Any]:
        return {"params": _nodes(c)}

    def parameter(self, c: Children) -> nodes.ParameterNode:
        secret = len(c) > 3 and c[3] == "secret"
        default = c[5 if secret else 4 :]
        return new(nodes.ParameterNode)(
            name=_name(c[0]), type=c[2], default=default[0] if default else None, secret=secret, span=_span(c)
        )

    def uses(self, c: Children) -> dict[str, Any]:
        return {"uses": tuple(_name(token) for token in c[1::2])}

    def returns(self, c: Children) -> dict[str, Any]:
        return {"returns": c[1]}

    def emits(self, c: Children) -> dict[str, Any]:
        return {"emits": c[1]}

    def doc(self, c: Children) -> dict[str, Any]:
        return {"doc": _plain(c[0])}

    def type(self, c: Children) -> nodes.TypeName:
        args: tuple[int, ...] = ()
        item = None
        for child in c[1:]:
            if child[0] == "(":
                args = tuple(_whole(token) for token in child[1::2])
            elif child[0] == "<":
                item = child[1]
        return new(nodes.TypeName)(name=str(c[0]), args=args, item=item, nullable=c[-1] == "?", span=_span(c))

    def record_type(self, c: Children) -> nodes.TypeName:
        fields = tuple((_name(child[0]), child[1]) for child in c if type(child) is tuple)
        return new(nodes.TypeName)(name="record", fields=fields, nullable=c[-1] == "?", span=_span(c))

    def type_sizes(self, c: Children) -> tuple[Any, ...]:
        return tuple(c)

    type_item = type_sizes

    def type_field(self, c: Children) -> tuple[Token, nodes.TypeName]:
        return c[0], c[2]

    # ── steps ──

    def steps(self, c: Children) -> tuple[nodes.AnyStep, ...]:
        return tuple(c)

    def tagged(self, c: Children) -> nodes.Step:
        step: nodes.Step = c[1]
        return step.model_copy(update={"sentence": _whole(c[0], skip=1)})

    def untagged(self, c: Children) -> nodes.Step:
        step: nodes.Step = c[0]
        return step

    else_tagged = tagged

    def let_step(self, c: Children) -> nodes.Let:
        return new(nodes.Let)(name=_name(c[1]), declared=c[3] if len(c) > 4 else None, value=c[-1], span=_span(c))

    def set_step(self, c: Children) -> nodes.Assign:
        path = tuple(_name(part) if type(part) is Token else part[0] for part in c[2:-2])
        return new(nodes.Assign)(name=_name(c[1]), path=path, value=c[-1], span=_span(c))

    def emit_step(self, c: Children) -> nodes.Emit:
        if type(c[1]) is nodes.Query:
            return new(nodes.Emit)(query=c[1], span=_span(c))
        return new(nodes.Emit)(value=c[1], name=_name(c[3]) if len(c) > 2 else None, span=_span(c))

    def say_step(self, c: Children) -> nodes.Say:
        return new(nodes.Say)(text=c[1], span=_span(c))

    def insert_step(self, c: Children) -> nodes.Insert:
        return _insert("insert", c, ())

    def upsert_step(self, c: Children) -> nodes.Insert:
        return _insert("upsert", c, tuple(_name(token) for token in c[5::2]))

    def update_step(self, c: Children) -> nodes.Update:
        return new(nodes.Update)(
            store=c[1].store,
            database=c[1].database,
            where=c[3] if c[2] == "where" else None,
            assignments=tuple(child for child in c if type(child) is nodes.Assignment),
            span=_span(c),
        )

    def assignment(self, c: Children) -> nodes.Assignment:
        return new(nodes.Assignment)(name=_name(c[0]), value=c[2], span=_span(c))

    def delete_step(self, c: Children) -> nodes.Delete:
        where = c[4] if len(c) > 3 else None
        return new(nodes.Delete)(store=c[2].store, database=c[2].database, where=where, span=_span(c))

    def return_step(self, c: Children) -> nodes.Return:
        return new(nodes.Return)(value=c[1] if len(c) > 1 else None, span=_span(c))

    def fail_step(self, c: Children) -> nodes.Fail:
        return new(nodes.Fail)(message=c[1], span=_span(c))

    def assert_step(self, c: Children) -> nodes.Assert:
        return new(nodes.Assert)(condition=c[1], message=c[3], span=_span(c))

    def commit_step(self, c: Children) -> nodes.Commit:
        return new(nodes.Commit)(span=_span(c))

    def break_step(self, c: Children) -> nodes.Break:
        return new(nodes.Break)(span=_span(c))

    def continue_step(self, c: Children) -> nodes.Continue:
        return new(nodes.Continue)(span=_span(c))

    def query_step(self, c: Children) -> nodes.NameQuery:
        return new(nodes.NameQuery)(name=_name(c[1]), query=c[3], span=_span(c))

    def ask_step(self, c: Children) -> nodes.Ask:
        parts = {str(word): value for word, value in zip(c[2:-4:2], c[3:-4:2], strict=True)}
        return new(nodes.Ask)(
            question=c[1],
            choices=parts.get("choices"),
            within=parts.get("within"),
            default=parts.get("default"),
            name=_name(c[-3]),
            answer=c[-1],
            span=_span(c),
        )

    def if_step(self, c: Children) -> nodes.If:
        branches = tuple(child for child in c if type(child) is nodes.Branch)
        otherwise = next((child for child in c if type(child) is tuple), None)
        return new(nodes.If)(branches=branches, otherwise=otherwise, span=_span(c))

    def branch(self, c: Children) -> nodes.Branch:
        return new(nodes.Branch)(condition=c[0], steps=c[2], span=_span(c))

    def otherwise(self, c: Children) -> tuple[nodes.AnyStep, ...]:
        return c[1] if len(c) > 1 else ()

    else_steps = steps

    def for_step(self, c: Children) -> nodes.ForEach:
        over: nodes.Query | nodes.Range | nodes.Expr = c[4]
        kind = "query" if type(over) is nodes.Query else "range" if type(over) is nodes.Range else "value"
        parts: dict[str, Any] = {kind: over}
        return new(nodes.ForEach)(name=_name(c[2]), steps=c[6], span=_span(c), **parts)

    def range(self, c: Children) -> nodes.Range:
        return new(nodes.Range)(low=c[0], high=c[2], span=_span(c))

    def while_step(self, c: Children) -> nodes.While:
        return new(nodes.While)(condition=c[1], steps=c[3], span=_span(c))

    def call_step(self, c: Children) -> nodes.CallStep:
        if type(c[1]) is not nodes.CallExpr or c[1].over is not None or c[1].distinct:
            raise problem(
                "E0112", "only a script can be called as a step", *_span(c[1:]), "write `let x = …` before it"
            )
        return new(nodes.CallStep)(call=c[1], span=_span(c))

    def transaction_step(self, c: Children) -> nodes.Transaction:
        return new(nodes.Transaction)(steps=c[1], span=_span(c))

    def try_step(self, c: Children) -> nodes.Try:
        return new(nodes.Try)(steps=c[1], name=_name(c[4]), handler=c[6], span=_span(c))

    # ── queries ──

    def query(self, c: Children) -> nodes.Query:
        return new(nodes.Query)(stages=tuple(c[1:]), span=_span(c))

    def source(self, c: Children) -> nodes.From:
        if len(c) == 1:
            source: nodes.From = c[0]
            return source
        return new(nodes.From)(store=c[0].store, database=c[0].database, alias=_name(c[2]), span=_span(c))

    def store(self, c: Children) -> nodes.From:
        if len(c) == 1:
            return new(nodes.From)(store=_name(c[0]), span=_span(c))
        return new(nodes.From)(store=_name(c[1]), database=_name(c[0]), span=_span(c))

    target = store

    def join_stage(self, c: Children) -> nodes.Join:
        return new(nodes.Join)(source=c[-3], outer=c[0] == "left", on=c[-1], span=_span(c))

    def where_stage(self, c: Children) -> nodes.Where:
        return new(nodes.Where)(condition=c[1], span=_span(c))

    def derive_stage(self, c: Children) -> nodes.Derive:
        return new(nodes.Derive)(columns=_nodes(c), span=_span(c))

    def derived(self, c: Children) -> nodes.NamedColumn:
        return new(nodes.NamedColumn)(name=_name(c[0]), value=c[2], span=_span(c))

    def group_stage(self, c: Children) -> nodes.GroupBy:
        return new(nodes.GroupBy)(keys=c[2], columns=c[4], span=_span(c))

    def select_stage(self, c: Children) -> nodes.Select:
        return new(nodes.Select)(columns=c[1], span=_span(c))

    def columns(self, c: Children) -> tuple[nodes.NamedColumn, ...]:
        return _nodes(c)

    def column(self, c: Children) -> nodes.NamedColumn:
        return new(nodes.NamedColumn)(name=_name(c[2]) if len(c) > 1 else None, value=c[0], span=_span(c))

    def distinct_stage(self, c: Children) -> nodes.Distinct:
        return new(nodes.Distinct)(span=_span(c))

    def order_stage(self, c: Children) -> nodes.OrderBy:
        return new(nodes.OrderBy)(keys=c[2], span=_span(c))

    def sort_keys(self, c: Children) -> tuple[nodes.SortKey, ...]:
        return _nodes(c)

    def sort_key(self, c: Children) -> nodes.SortKey:
        last = str(c[-1]) if type(c[-1]) is Token else ""
        nulls: Literal["first", "last"] | None = "first" if last == "first" else "last" if last == "last" else None
        return new(nodes.SortKey)(value=c[0], descending=_has(c, "desc"), nulls=nulls, span=_span(c))

    def nulls(self, c: Children) -> Token:
        word: Token = c[1]
        return word

    def limit_stage(self, c: Children) -> nodes.Limit:
        return new(nodes.Limit)(count=c[1], offset=c[3] if len(c) > 2 else None, span=_span(c))

    def union_stage(self, c: Children) -> nodes.UnionWith:
        query = next(child for child in c if type(child) is nodes.Query)
        word: Any = c[0].value
        return new(nodes.UnionWith)(stage=word, query=query, all=_has(c, "all"), span=_span(c))

    # ── expressions ──

    def binary(self, c: Children) -> nodes.Binary:
        op: Any = c[1].value
        return new(nodes.Binary)(op=_OPERATORS.get(op, op), left=c[0], right=c[2], span=_span(c))

    def binary_with(self, c: Children) -> nodes.Binary:
        op: Any = f"{c[1]} with"
        return new(nodes.Binary)(op=op, left=c[0], right=c[3], span=_span(c))

    def not_binary(self, c: Children) -> nodes.Unary:
        return new(nodes.Unary)(op="not", arg=self.binary([c[0], c[2], c[3]]), span=_span(c))

    def not_binary_with(self, c: Children) -> nodes.Unary:
        return new(nodes.Unary)(op="not", arg=self.binary_with([c[0], *c[2:]]), span=_span(c))

    def ignoring_case(self, c: Children) -> nodes.Expr:
        """c[0]: a comparison, or `not` of one."""
        compared: nodes.Binary | nodes.Between | nodes.InExpr | nodes.Unary = c[0]
        if isinstance(compared, nodes.Unary):
            inner = compared.arg.model_copy(update={"ignore_case": True})
            return compared.model_copy(update={"arg": inner, "span": _span(c)})
        return compared.model_copy(update={"ignore_case": True, "span": _span(c)})

    def between(self, c: Children) -> nodes.Between:
        return new(nodes.Between)(arg=c[0], low=c[-3], high=c[-1], negated=len(c) == 6, span=_span(c))

    def in_members(self, c: Children) -> nodes.InExpr:
        negated = c[1] == "not"
        members = _nodes(c[3:])
        if type(members[0]) is nodes.Query:
            return new(nodes.InExpr)(arg=c[0], query=members[0], negated=negated, span=_span(c))
        return new(nodes.InExpr)(arg=c[0], items=members, negated=negated, span=_span(c))

    def in_list(self, c: Children) -> nodes.InExpr:
        return new(nodes.InExpr)(arg=c[0], items=(c[-1],), is_list=True, negated=c[1] == "not", span=_span(c))

    def is_null(self, c: Children) -> nodes.IsNull:
        return new(nodes.IsNull)(arg=c[0], negated=len(c) == 4, span=_span(c))

    def unary(self, c: Children) -> nodes.Unary:
        op: Any = c[0].value
        return new(nodes.Unary)(op=op, arg=c[1], span=_span(c))

    def negative(self, c: Children) -> nodes.Expr:
        """A minus directly before a number is part of the number."""
        number: Any = c[1]
        value = f"-{number.value}" if type(number) is nodes.NumberLiteral else -number.value
        result: nodes.Expr = number.model_copy(update={"value": value, "span": _span(c)})
        return result

    def brackets(self, c: Children) -> nodes.Expr:
        inner: nodes.Expr = c[1].model_copy(update={"span": _span(c)})
        return inner

    def scalar(self, c: Children) -> nodes.QueryExpr:
        return new(nodes.QueryExpr)(kind="scalar", query=c[1], span=_span(c))

    def field(self, c: Children) -> nodes.FieldAccess:
        return new(nodes.FieldAccess)(base=c[0], name=_name(c[1]), span=_span(c))

    def item(self, c: Children) -> nodes.IndexAccess:
        index, closing = c[1]
        return new(nodes.IndexAccess)(base=c[0], index=index, span=(_start(c[0]), closing.end_pos))

    def index(self, c: Children) -> tuple[nodes.Expr, Token]:
        return c[1], c[2]

    def name_expr(self, c: Children) -> nodes.Name:
        return new(nodes.Name)(name=_name(c[0]), span=_span(c))

    def variable(self, c: Children) -> nodes.Name:
        return new(nodes.Name)(name=_name(c[1]), variable=True, span=_span(c))

    def name(self, c: Children) -> Token:
        token: Token = c[0]
        return token

    key = reserved = unit = name

    def null_expr(self, c: Children) -> nodes.NullLiteral:
        return new(nodes.NullLiteral)(span=_span(c))

    def true_expr(self, c: Children) -> nodes.BoolLiteral:
        return new(nodes.BoolLiteral)(value=True, span=_span(c))

    def false_expr(self, c: Children) -> nodes.BoolLiteral:
        return new(nodes.BoolLiteral)(value=False, span=_span(c))

    def number(self, c: Children) -> nodes.Expr:
        text = str(c[0])
        if len(c) > 1:
            return new(nodes.DurationLiteral)(value=_whole(c[0]), unit=c[1].removesuffix("s"), span=_span(c))
        if text.isdigit():
            return new(nodes.IntLiteral)(value=_whole(c[0]), span=_span(c))
        if len(text) > MAX_DIGITS:
            raise problem("E0113", f"a number has more than {MAX_DIGITS} digits", *_span(c))
        return new(nodes.NumberLiteral)(value=text, span=_span(c))

    def dated(self, c: Children) -> nodes.Expr:
        word, text = str(c[0]), _plain(c[1])
        if word == "date":
            return new(nodes.DateLiteral)(value=text, span=_span(c))
        if word == "timestamp":
            return new(nodes.TimestampLiteral)(value=text, span=_span(c))
        raise problem(
            "E0111",
            f"`{word}` can't stand before a text",
            *_span(c),
            'write date "2026-01-31" or timestamp "2026-01-31T09:00:00Z", or put an operator between the two',
        )

    def text(self, c: Children) -> nodes.TextLiteral:
        if c[0].line != c[-1].line:
            raise problem("E0106", "a text must end on the line where it began", *_span(c), "write \\n for a new line")
        parts: list[str | nodes.Expr] = []
        for child in c:
            if type(child) is not Token:
                parts.append(child)
            elif plain := _plain(child):
                parts.append(plain)
        return new(nodes.TextLiteral)(parts=tuple(parts), span=_span(c))

    def call(self, c: Children) -> nodes.Expr:
        name, inside = str(_name(c[0])), c[2]
        over = c[4] if len(c) > 4 else None
        if type(inside) is nodes.Query:
            if name not in QUERY_FUNCTIONS or over is not None:
                what = f"`{name}` can't take a query" if over is None else "a window can't be put on a query"
                hint = "exists(…), count(…), first(…), one(…) and list(…) can; or write `query name = from …` first"
                raise problem("E0112", what, *_span(c), hint)
            kind: Any = name
            return new(nodes.QueryExpr)(kind=kind, query=inside, span=_span(c))
        distinct, args = inside
        return new(nodes.CallExpr)(name=name, args=args, distinct=distinct, over=over, span=_span(c))

    def arguments(self, c: Children) -> Any:
        """A query, or (whether distinct comes first, arguments)."""
        if len(c) == 1 and type(c[0]) is nodes.Query:
            return c[0]
        if len(c) == 2:
            return True, (new(nodes.Argument)(value=c[1], span=c[1].span),)
        return False, _nodes(c)

    def argument(self, c: Children) -> nodes.Argument:
        return new(nodes.Argument)(name=_name(c[0]) if len(c) > 1 else None, value=c[-1], span=_span(c))

    def over(self, c: Children) -> nodes.WindowSpec:
        parts: dict[str, Any] = {}
        for part in c[2:-1]:
            parts |= part
        return new(nodes.WindowSpec)(span=_span([c[0], c[-1]]), **parts)

    def partition(self, c: Children) -> dict[str, Any]:
        return {"partition": _nodes(c)}

    def window_order(self, c: Children) -> dict[str, Any]:
        return {"order": c[2]}

    def record(self, c: Children) -> nodes.RecordExpr:
        return new(nodes.RecordExpr)(fields=_nodes(c), span=_span(c))

    def pair(self, c: Children) -> nodes.RecordField:
        return new(nodes.RecordField)(name=_name(c[0]), value=c[2], span=_span(c))

    def list_expr(self, c: Children) -> nodes.ListExpr:
        return new(nodes.ListExpr)(items=_nodes(c), span=_span(c))

    def case_expr(self, c: Children) -> nodes.CaseExpr:
        branches = tuple(child for child in c if type(child) is nodes.CaseBranch)
        otherwise = c[-2] if _has(c, "else") else None
        return new(nodes.CaseExpr)(branches=branches, otherwise=otherwise, span=_span(c))

    def case_branch(self, c: Children) -> nodes.CaseBranch:
        return new(nodes.CaseBranch)(when=c[1], then=c[3], span=_span(c))


def _plain(token: Token) -> str:
    """The characters of a TEXT token, or of a piece of one."""
    return read_text(token.value[1:-1], (token.start_pos or 0) + 1)


def _whole(token: Token, skip: int = 0) -> int:
    """The integer that a NUMBER or SENTENCE token spells. skip: the number of leading characters to leave out."""
    text, start, end = token.value[skip:], token.start_pos or 0, token.end_pos or 0
    if len(text) > MAX_DIGITS:
        raise problem("E0113", f"a number has more than {MAX_DIGITS} digits", start, end)
    if not text.isdigit():
        raise problem("E0113", f"`{text}` must be a whole number here", start, end)
    return int(text)


def _insert(command: Literal["insert", "upsert"], c: Children, keys: tuple[str, ...]) -> nodes.Insert:
    value = c[3]
    kind = "query" if type(value) is nodes.Query else "record" if type(value) is nodes.RecordExpr else "list_"
    parts: dict[str, Any] = {kind: value}
    return new(nodes.Insert)(
        command=command, store=c[2].store, database=c[2].database, keys=keys, span=_span(c), **parts
    )

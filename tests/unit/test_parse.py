"""Text → tree: each form gives the node it should, with its place in the source."""

from __future__ import annotations

from typing import Any

import pytest

from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.syntax.parse import MAX_DEPTH, parse, parse_query
from sopc.tree import nodes
from tests.unit.compiling import without_spans


def steps(text: str) -> tuple[nodes.AnyStep, ...]:
    return parse(Source("test.sop", f"script test()\n{text}\nend")).scripts[0].steps


def expr(text: str) -> Any:
    (step,) = steps(f"let x = {text}")
    assert isinstance(step, nodes.Let)
    return step.value


def query(text: str) -> nodes.Query:
    return parse_query(Source("query", text))


def plain(value: Any) -> Any:
    """A node as data without spans and without fields at their defaults."""
    return without_spans(value.model_dump(exclude_defaults=True))


def same(first: str, second: str) -> bool:
    return bool(plain(expr(first)) == plain(expr(second)))


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("loose", "bracketed"),
    [
        ("a or b and c", "a or (b and c)"),
        ("not a = b", "not (a = b)"),
        ("not a and b", "(not a) and b"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c", "(a / b) * c"),
        ("a + b = c - d", "(a + b) = (c - d)"),
        ("-a.b[0]", "-((a.b)[0])"),
        ("-a * b", "(-a) * b"),
        ("a between 1 and 2 and b", "(a between 1 and 2) and b"),
        ("a in (1) or b", "(a in (1)) or b"),
        ("a is null and b is not null", "(a is null) and (b is not null)"),
        ("not exists(from s) and a", "(not exists(from s)) and a"),
        ("a not like b", "not (a like b)"),
        ("a not starts with b", "not (a starts with b)"),
        ("a == b", "a = b"),
        ("a <> b", "a != b"),
    ],
)
def test_operators_bind_as_the_reference_says(loose: str, bracketed: str) -> None:
    assert same(loose, bracketed)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("5", nodes.IntLiteral(value=5)),
        ("-5", nodes.IntLiteral(value=-5)),
        ("-(5)", nodes.Unary(op="-", arg=nodes.IntLiteral(value=5))),
        ("-0.5", nodes.NumberLiteral(value="-0.5")),
        ("1e9", nodes.NumberLiteral(value="1e9")),
        ("99999999999999999999", nodes.IntLiteral(value=99999999999999999999)),
        ("90 days", nodes.DurationLiteral(value=90, unit="day")),
        ("-1 hour", nodes.DurationLiteral(value=-1, unit="hour")),
        ('date "2026-01-31"', nodes.DateLiteral(value="2026-01-31")),
        ('timestamp "2026-01-31T09:00:00Z"', nodes.TimestampLiteral(value="2026-01-31T09:00:00Z")),
        ("date", nodes.Name(name="date")),
        ("days", nodes.Name(name="days")),
        ("$month", nodes.Name(name="month", variable=True)),
        ("`order date`", nodes.Name(name="order date")),
        ("`if`", nodes.Name(name="if")),
        ('`a#"b`', nodes.Name(name='a#"b')),
        ("null", nodes.NullLiteral()),
        ("{}", nodes.RecordExpr(fields=())),
        ("[]", nodes.ListExpr(items=())),
        ("f()", nodes.CallExpr(name="f")),
        ("count()", nodes.CallExpr(name="count")),
    ],
)
def test_small_expressions(text: str, node: nodes.Node) -> None:
    assert plain(expr(text)) == plain(node)


def test_text_is_pieces_and_holes() -> None:
    text = expr(r'"a{{b}} {x.order + f(1, y: "q")}\n\"\\\t\u{e9}{`order date`}{n}"')
    assert [part if isinstance(part, str) else type(part).__name__ for part in text.parts] == [
        "a{b} ",
        "Binary",
        '\n"\\\té',
        "Name",
        "Name",
    ]
    assert expr('""').parts == ()
    assert expr('"# no comment"').parts == ("# no comment",)


def test_a_record_before_a_text_on_one_line() -> None:
    """`} say "…"` could be read as the end of a hole."""
    insert, say = steps('insert into s {a: x.order, b: `y`, c: [z]} say "hello {a} and {b}"')
    assert isinstance(insert, nodes.Insert) and isinstance(say, nodes.Say)


def test_membership_has_three_forms() -> None:
    assert len(expr("a in (1, 2)").items) == 2
    assert expr("a in (from s select b)").query is not None
    for text in ("names", "r.names", "[1, 2]", "f(1)", "all[0]"):
        node = expr(f"a not in {text}")
        assert node.is_list and node.negated and len(node.items) == 1


@pytest.mark.parametrize("kind", ["exists", "count", "first", "one", "list"])
def test_functions_of_a_query(kind: str) -> None:
    assert expr(f"{kind}(from s where a)").kind == kind
    assert expr(f"{kind}(a)").expr == "call"


def test_a_query_in_brackets_is_a_scalar() -> None:
    assert expr("(from s select max(a))").kind == "scalar"


def test_calls_take_named_arguments_and_windows() -> None:
    call = expr("f(1, b: 2)")
    assert [argument.name for argument in call.args] == [None, "b"]
    window = expr("rank() over (partition by a, b order by c desc nulls first, d asc)").over
    assert len(window.partition) == 2
    assert [(key.descending, key.nulls) for key in window.order] == [(True, "first"), (False, None)]
    assert expr("count(distinct a)").distinct


def test_case_has_branches() -> None:
    case = expr("case when a then 1 when b then 2 else 3 end")
    assert len(case.branches) == 2 and case.otherwise is not None
    assert expr("case when a then 1 end").otherwise is None


# ── queries ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stages_come_in_order() -> None:
    text = """from hr.employees as e left join `order` on e.id = b where a derive x = 1, y = 2
      group by x, left(y, 1) as l select x, count() as n select n distinct order by n limit 5 offset 2
      union all (from s where a limit 1) union from t where b"""
    stages = query(text).stages
    assert [stage.stage for stage in stages] == [
        "from", "join", "where", "derive", "group", "select", "distinct", "order", "limit", "union", "union", "where",
    ]  # fmt: skip
    first, join, group = stages[0], stages[1], stages[4]
    assert isinstance(first, nodes.From) and (first.database, first.store, first.alias) == ("hr", "employees", "e")
    assert isinstance(join, nodes.Join) and join.outer and join.source.store == "order"
    assert isinstance(group, nodes.GroupBy) and [key.name for key in group.keys] == [None, "l"]


@pytest.mark.parametrize(
    "word", ["left", "first", "last", "limit", "by", "asc", "desc", "nulls", "offset", "all", "days"]
)
def test_unreserved_keywords_are_names(word: str) -> None:
    stages = query(
        f"from {word} as {word} where {word} = 1 order by {word} desc limit 5 left join {word} on {word}"
    ).stages
    assert [stage.stage for stage in stages] == ["from", "where", "order", "limit", "join"]
    (insert,) = steps(f"insert into {word} {word}")
    assert isinstance(insert, nodes.Insert) and insert.list_ is not None


def test_parse_query_takes_nothing_else() -> None:
    with pytest.raises(CompileError):
        query("from a say 1")
    with pytest.raises(CompileError):
        query("")


# ── steps and scripts ──────────────────────────────────────────────────────────────────────────────────────────


def test_layout_is_free() -> None:
    spread = 'if\na\nthen\nsay\n"x"\nelse\nsay\n"y"\nend\nreturn\nset\nx\n.a = 1'
    assert [plain(step) for step in steps(spread)] == [
        plain(step) for step in steps('if a then say "x" else say "y" end return set x.a = 1')
    ]


def test_else_if_continues_the_chain() -> None:
    (step,) = steps("if a then commit else if b then break else if c then else @3 continue if d then end end")
    assert isinstance(step, nodes.If)
    assert len(step.branches) == 3
    assert step.otherwise is not None and [inner.type for inner in step.otherwise] == ["command", "if"]
    (empty,) = steps("if a then else end")
    assert isinstance(empty, nodes.If) and empty.otherwise == ()


def test_sentences_are_kept() -> None:
    first, second = steps("@3 say a @12 if b then @13 say c end")
    assert (first.sentence, second.sentence) == (3, 12)


def test_return_with_and_without_a_value() -> None:
    found = steps("return return 5 return -x return not x")
    assert [step.value is None for step in found if isinstance(step, nodes.Return)] == [True, False, False, False]


def test_loops() -> None:
    found = steps("for each x in 1 to n do end for each x in from s do end for each x in f(1) do end while a do end")
    assert [step.type for step in found] == ["loop"] * 4
    ranged, rows, values = found[:3]
    assert isinstance(ranged, nodes.ForEach) and ranged.range is not None
    assert isinstance(rows, nodes.ForEach) and rows.query is not None
    assert isinstance(values, nodes.ForEach) and values.value is not None


def test_writes() -> None:
    text = """insert into hr.s {a: 1} insert into s from t insert into s rows upsert into s from t on a, b
      update s where a set b = 1, c = 2 update s set b = 1 delete from hr.s delete from s where a"""
    found = steps(text)
    inserts = [step for step in found if isinstance(step, nodes.Insert)]
    assert [step.record is not None for step in inserts] == [True, False, False, False]
    assert [step.query is not None for step in inserts] == [False, True, False, True]
    assert [step.list_ is not None for step in inserts] == [False, False, True, False]
    assert inserts[0].database == "hr" and inserts[3].command == "upsert" and inserts[3].keys == ("a", "b")


def test_ask_takes_its_parts_in_order() -> None:
    full, short = steps('ask "which?" choices ["a"] default "a" into x: text? ask "sure?" into y: bool')
    assert isinstance(full, nodes.Ask) and isinstance(short, nodes.Ask)
    assert full.choices is not None and full.default is not None and full.answer.nullable
    assert short.choices is None and short.default is None and short.name == "y"


def test_set_reaches_into_values() -> None:
    (step,) = steps("set x.a[0].order[i + 1] = 5")
    assert isinstance(step, nodes.Assign)
    assert [part if isinstance(part, str) else part.expr for part in step.path] == ["a", "int", "order", "binary"]


def test_the_head_of_a_script() -> None:
    text = """script `my script`(a: list<int>= [1], b: decimal(10,2)? = null, c: {a: int?, order: list<text>})
      uses hr, inventory -> int? emits {a: int} "About {{it}}." commit end"""
    (script,) = parse(Source("test.sop", text)).scripts
    assert script.name == "my script" and script.doc == "About {it}." and script.uses == ("hr", "inventory")
    first, second, third = (param.type for param in script.params)
    assert first.item is not None and first.item.name == "int"
    assert second.args == (10, 2) and second.nullable
    assert third.fields is not None and [name for name, _ in third.fields] == ["a", "order"]
    assert script.returns is not None and script.returns.nullable
    assert script.emits is not None and script.emits.name == "record"


# ── spans ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_node_knows_its_text() -> None:
    text = 'script s(a: list<int>)\n  @1 emit from e as x where (a + 1) * 2 > f(b)[0].c\n  say "a {b} c"\nend'
    found: dict[str, str] = {}

    def visit(node: nodes.Node) -> None:
        assert node.span is not None
        found.setdefault(type(node).__name__, text[slice(*node.span)])
        for value in node.__dict__.values():
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, nodes.Node):
                    visit(inner)

    visit(parse(Source("test.sop", text)))
    assert found["Script"] == text
    assert found["TypeName"] == "list<int>"
    assert found["Emit"] == "emit from e as x where (a + 1) * 2 > f(b)[0].c"
    assert found["From"] == "e as x"
    assert found["Binary"] == "(a + 1) * 2 > f(b)[0].c"
    assert found["FieldAccess"] == "f(b)[0].c"
    assert found["TextLiteral"] == '"a {b} c"'


def test_a_byte_order_mark_and_carriage_returns_are_space() -> None:
    assert len(parse(Source("test.sop", "\ufeffscript s()\r\n  commit\r\nend\r\n")).scripts) == 1


# ── limits ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        "let x = 1" + " + 1" * 20_000,
        "let x = " + "f(" * 5_000 + ")" * 5_000,
        "let x = " + "not " * 20_000 + "a",
        "if a then " * 5_000 + "end " * 5_000,
        "emit " + "from a union (" * 2_000 + "from a" + ")" * 2_000,
    ],
    ids=["chain", "calls", "not", "blocks", "queries"],
)
def test_deep_nesting_is_an_error(body: str) -> None:
    with pytest.raises(CompileError) as caught:
        steps(body)
    assert [finding.code for finding in caught.value.diagnostics] == ["E0114"]


def test_a_tree_below_the_depth_limit_survives_json() -> None:
    for body in ("let x = " + "-" * 170 + "a", "let x = " + "[" * 80 + "]" * 80, "if a then " * 40 + "end " * 40):
        file = parse(Source("test.sop", f"script s() {body} end"))
        assert nodes.File.model_validate_json(file.model_dump_json(exclude_none=True)) == file
    assert MAX_DEPTH < 200


def test_brackets_alone_do_not_nest() -> None:
    assert same("(" * 10_000 + "a" + ")" * 10_000, "a")

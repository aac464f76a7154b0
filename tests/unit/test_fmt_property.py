"""Generated trees: tree → JSON → tree, and tree → text → tree, give the same tree; formatted text stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sopc.source import Source
from sopc.syntax.format import format_file, format_source
from sopc.syntax.parse import parse
from sopc.tree import nodes
from tests.unit.compiling import without_spans

NAMES = st.sampled_from(
    ["a", "item", "date", "count", "first", "left", "desc", "order", "if", "order date", "it's", "naïve", "days", "_x1"]
)
PLAIN = st.text(st.sampled_from('ab {}"\\\n\té#`\u2028\x00'), min_size=1, max_size=6)
COMPARISONS = st.sampled_from(
    ["=", "!=", "<", "<=", ">", ">=", "like", "contains", "starts with", "ends with", "or", "and"]
)
IGNORING = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "like", "contains", "starts with", "ends with"])
ARITHMETIC = st.sampled_from(["+", "-", "*", "/", "//", "%"])
NUMBERS = st.one_of(
    st.builds(nodes.IntLiteral, value=st.integers(-(2**70), 2**70)),
    st.builds(nodes.NumberLiteral, value=st.sampled_from(["0.5", "-0.07", "1e9", "2.50E-3"])),
)
VARIABLES = st.builds(nodes.Name, name=NAMES, variable=st.booleans())


def tuples(items: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def arguments(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return tuples(st.builds(nodes.Argument, name=st.none() | NAMES, value=values))


def attached(bases: st.SearchStrategy[Any], indexes: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(nodes.FieldAccess, base=bases, name=NAMES) | st.builds(
        nodes.IndexAccess, base=bases, index=indexes
    )


def larger_holes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        attached(inner, inner),
        st.builds(nodes.CallExpr, name=NAMES, args=arguments(inner)),
        st.builds(nodes.Unary, op=st.just("-"), arg=inner),
        st.builds(nodes.Binary, op=ARITHMETIC, left=inner, right=inner),
        st.builds(nodes.QueryExpr, kind=st.sampled_from(["count", "scalar"]), query=st.deferred(lambda: QUERIES)),
    )


HOLES = st.deferred(lambda: st.recursive(VARIABLES | NUMBERS, larger_holes, max_leaves=4))


def _joined(parts: list[Any]) -> tuple[Any, ...]:
    """Two plain pieces side by side are one."""
    result: list[Any] = []
    for part in parts:
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        else:
            result.append(part)
    return tuple(result)


TEXTS = st.builds(nodes.TextLiteral, parts=st.lists(PLAIN | HOLES, max_size=4).map(_joined))
LEAVES = st.one_of(
    VARIABLES,
    NUMBERS,
    TEXTS,
    st.just(nodes.NullLiteral()),
    st.builds(nodes.BoolLiteral, value=st.booleans()),
    st.builds(nodes.DateLiteral, value=st.just("2026-01-31")),
    st.builds(nodes.TimestampLiteral, value=st.just("2026-01-31T09:00:00Z")),
    st.builds(nodes.DurationLiteral, value=st.integers(-3, 100), unit=st.sampled_from(["day", "hour", "week"])),
)


def sort_keys(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    nulls = st.sampled_from([None, "first", "last"])
    return tuples(st.builds(nodes.SortKey, value=values, descending=st.booleans(), nulls=nulls), 1)


def in_expressions(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = VARIABLES | st.builds(nodes.ListExpr, items=tuples(values)) | st.builds(nodes.CallExpr, name=NAMES)
    return st.one_of(
        st.builds(nodes.InExpr, arg=values, items=tuples(values, 1), negated=st.booleans(), ignore_case=st.booleans()),
        st.builds(nodes.InExpr, arg=values, items=st.tuples(lists), is_list=st.just(True), negated=st.booleans()),
        st.builds(nodes.InExpr, arg=values, query=st.deferred(lambda: queries(values)), negated=st.booleans()),
    )


def queries(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    froms = st.builds(nodes.From, store=NAMES, database=st.none() | NAMES, alias=st.none() | NAMES)
    columns = tuples(st.builds(nodes.NamedColumn, name=st.none() | NAMES, value=values), 1)
    derived = tuples(st.builds(nodes.NamedColumn, name=NAMES, value=values), 1)
    simple = st.one_of(
        st.builds(nodes.Join, source=froms, outer=st.booleans(), on=values),
        st.builds(nodes.Where, condition=values),
        st.builds(nodes.Derive, columns=derived),
        st.builds(nodes.GroupBy, keys=columns, columns=columns),
        st.builds(nodes.Select, columns=columns),
        st.just(nodes.Distinct()),
        st.builds(nodes.OrderBy, keys=sort_keys(values)),
        st.builds(nodes.Limit, count=values, offset=st.none() | values),
    )

    def query(stages: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.builds(lambda first, rest: nodes.Query(stages=(first, *rest)), froms, tuples(stages))

    unions = st.builds(nodes.UnionWith, query=query(simple), all=st.booleans())
    others = st.builds(nodes.UnionWith, stage=st.sampled_from(["intersect", "except"]), query=query(simple))
    return query(simple | unions | others)


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    windows = st.builds(nodes.WindowSpec, partition=tuples(inner), order=st.just(()) | sort_keys(inner))
    branches = tuples(st.builds(nodes.CaseBranch, when=inner, then=inner), 1)
    pairs = tuples(st.builds(nodes.RecordField, name=NAMES, value=inner))
    one = st.tuples(st.builds(nodes.Argument, value=inner))
    kinds = st.sampled_from(["exists", "count", "first", "one", "list", "scalar"])
    return st.one_of(
        attached(inner, inner),
        st.builds(nodes.CallExpr, name=NAMES, args=arguments(inner), over=st.none() | windows),
        st.builds(nodes.CallExpr, name=NAMES, args=one, distinct=st.just(True)),
        st.builds(nodes.Unary, op=st.sampled_from(["not", "-"]), arg=inner),
        st.builds(nodes.Binary, op=COMPARISONS | ARITHMETIC, left=inner, right=inner),
        st.builds(nodes.Binary, op=IGNORING, left=inner, right=inner, ignore_case=st.just(True)),
        st.builds(nodes.Between, arg=inner, low=inner, high=inner, negated=st.booleans(), ignore_case=st.booleans()),
        in_expressions(inner),
        st.builds(nodes.IsNull, arg=inner, negated=st.booleans()),
        st.builds(nodes.CaseExpr, branches=branches, otherwise=st.none() | inner),
        st.builds(nodes.RecordExpr, fields=pairs),
        st.builds(nodes.ListExpr, items=tuples(inner)),
        st.builds(nodes.QueryExpr, kind=kinds, query=st.deferred(lambda: queries(inner))),
    )


EXPRESSIONS = st.deferred(lambda: st.recursive(LEAVES, larger, max_leaves=8))
RECORDS = st.builds(nodes.RecordExpr, fields=tuples(st.builds(nodes.RecordField, name=NAMES, value=LEAVES)))
QUERIES = st.deferred(lambda: queries(LEAVES))
TYPES = st.recursive(
    st.builds(nodes.TypeName, name=st.sampled_from(["int", "date", "record", "any"]), nullable=st.booleans())
    | st.just(nodes.TypeName(name="decimal", args=(10, 2))),
    lambda inner: (
        st.builds(nodes.TypeName, name=st.just("list"), item=inner)
        | st.builds(nodes.TypeName, name=st.just("record"), fields=tuples(st.tuples(NAMES, inner)))
    ),
    max_leaves=4,
)
SENTENCES = st.none() | st.integers(1, 30)
STORES: dict[str, Any] = {"store": NAMES, "database": st.none() | NAMES, "sentence": SENTENCES}
COMMANDS = st.one_of(
    st.builds(nodes.Let, name=NAMES, declared=st.none() | TYPES, value=EXPRESSIONS, sentence=SENTENCES),
    st.builds(nodes.Assign, name=NAMES, path=tuples(NAMES | EXPRESSIONS), value=EXPRESSIONS),
    st.builds(nodes.Emit, value=EXPRESSIONS, name=st.none() | NAMES, sentence=SENTENCES),
    st.builds(nodes.Emit, query=QUERIES),
    st.builds(nodes.NameQuery, name=NAMES, query=QUERIES),
    st.builds(nodes.Say, text=EXPRESSIONS),
    st.builds(nodes.Insert, record=RECORDS, **STORES),
    st.builds(nodes.Insert, query=QUERIES, **STORES),
    st.builds(nodes.Insert, list_=VARIABLES, **STORES),
    st.builds(nodes.Insert, command=st.just("upsert"), record=RECORDS, keys=tuples(NAMES, 1), **STORES),
    st.builds(
        nodes.Update,
        where=st.none() | EXPRESSIONS,
        assignments=tuples(st.builds(nodes.Assignment, name=NAMES, value=EXPRESSIONS), 1),
        **STORES,
    ),
    st.builds(nodes.Delete, where=st.none() | EXPRESSIONS, **STORES),
    st.builds(nodes.Return, value=st.none() | EXPRESSIONS),
    st.builds(nodes.Fail, message=TEXTS),
    st.builds(nodes.Assert, condition=EXPRESSIONS, message=EXPRESSIONS),
    st.sampled_from([nodes.Commit(), nodes.Break(), nodes.Continue(sentence=4)]),
    st.builds(
        nodes.Ask,
        question=TEXTS,
        choices=st.none() | EXPRESSIONS,
        default=st.none() | EXPRESSIONS,
        name=NAMES,
        answer=TYPES,
        sentence=SENTENCES,
    ),
    st.builds(nodes.CallStep, call=st.builds(nodes.CallExpr, name=NAMES, args=arguments(EXPRESSIONS))),
)


def blocks(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    steps = tuples(inner)
    branches = tuples(st.builds(nodes.Branch, condition=LEAVES, steps=steps), 1)
    otherwise = st.none() | steps.filter(lambda body: not body or not isinstance(body[0], nodes.If))
    return st.one_of(
        st.builds(nodes.If, branches=branches, otherwise=otherwise, sentence=SENTENCES),
        st.builds(nodes.ForEach, name=NAMES, query=QUERIES, steps=steps, sentence=SENTENCES),
        st.builds(nodes.ForEach, name=NAMES, range=st.builds(nodes.Range, low=LEAVES, high=LEAVES), steps=steps),
        st.builds(nodes.ForEach, name=NAMES, value=EXPRESSIONS, steps=steps),
        st.builds(nodes.While, condition=EXPRESSIONS, steps=steps),
        st.builds(nodes.Transaction, steps=steps),
        st.builds(nodes.Try, steps=steps, name=NAMES, handler=steps),
    )


STEPS = st.deferred(lambda: st.recursive(COMMANDS, blocks, max_leaves=5))
FILES = st.builds(
    nodes.File,
    scripts=tuples(
        st.builds(
            nodes.Script,
            name=NAMES,
            params=tuples(st.builds(nodes.ParameterNode, name=NAMES, type=TYPES, default=st.none() | EXPRESSIONS)),
            uses=tuples(NAMES),
            returns=st.none() | TYPES,
            emits=st.none() | TYPES,
            doc=st.just("") | PLAIN,
            steps=tuples(STEPS),
        ),
        1,
        2,
    ),
)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a tree: Hypothesis' own affair
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(FILES)
def test_a_tree_survives_json_and_text(file: nodes.File) -> None:
    json = file.model_dump_json(by_alias=True, exclude_none=True)
    assert nodes.File.model_validate_json(json) == file
    text = format_file(file)
    read = parse(Source("generated.sop", text))
    assert without_spans(read.model_dump()) == without_spans(file.model_dump()), text
    assert format_source(Source("generated.sop", text)) == text
    assert nodes.File.model_validate_json(read.model_dump_json(by_alias=True, exclude_none=True)) == read

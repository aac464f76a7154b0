"""Phrases that show, find, count and name → steps that emit, and queries that later sentences speak of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from runtime.bytecode.module import Signature
from runtime.values.types import INT
from sopc.english.patterns import words
from sopc.english.patterns.figures import Part, assembled, is_field, row_count
from sopc.english.patterns.matcher import Reject, Row, Several
from sopc.english.patterns.names import field_value, label_fields, made_variable, reference_of
from sopc.english.patterns.queries import QueryParts, queries
from sopc.english.patterns.semantics import Condition, Context, FoundSet, Rows, Sort, Source, Steps, Value, conjuncts
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import check_countable, found_count, live, looked_up, rows_query
from sopc.tree import nodes
from sopc.tree.visit import walk

SHOW = (
    "(show|show me|list|print|give me|display|output|report|tell me|get me|what is|what are|what was|what were|"
    "who is|who are|(i|we) (want to see|need|need to see|want|would like to see|would like)|let me see) [all of] "
    " [(a|the) (list|table|overview) of]"
)


def show(context: Context, ask: QueryParts) -> Several:
    """The steps that show it, once for each reading of its order."""
    return Several(tuple(Steps((nodes.Emit(query=query),)) for query in queries(ask)))


def _show_rows(context: Context, about: Source, rows: Rows) -> Any:
    if rows.source.origin is None:
        raise Reject()
    return show(context, QueryParts(rows))


def _show_with(
    context: Context, about: Source, rows: Rows, columns: tuple[Value, ...], ordered: tuple[Sort, ...] = ()
) -> Any:
    """As in "boxes with their maker's town": that column too. Own fields stand beside what the rows are called."""
    if rows.source.origin is None:
        raise Reject()
    added = all(value.hops or isinstance(value.node, nodes.QueryExpr) for value in columns)
    rows = _ordered(rows, ordered)
    labels = label_fields(rows.source.store)
    if not added and len(labels) == 1 and labels[0].name not in {value.field for value in columns}:
        columns = (field_value(rows.source, labels[0]), *columns)
    return show(context, QueryParts(rows, extra=columns) if added else QueryParts(rows, columns=columns))


def _show_with_added(
    context: Context, about: Source, rows: Rows, columns: tuple[Value, ...], ordered: tuple[Sort, ...] = ()
) -> Any:
    if not all(value.hops or isinstance(value.node, nodes.QueryExpr) for value in columns):
        raise Reject()
    return _show_with(context, about, rows, columns, ordered)


def _show_columns(
    context: Context,
    about: Source,
    columns: tuple[Value, ...],
    rows: Rows,
    more: tuple[Value, ...] = (),
    ordered: tuple[Sort, ...] = (),
) -> Any:
    if all(isinstance(value.node, nodes.QueryExpr) for value in columns):
        raise Reject()  # how many there are in all
    if {value.node for value in columns} & {value.node for value in more}:
        raise Reject()  # "the fees of the members with fees" says which members, not what to show once more
    return show(context, QueryParts(_ordered(rows, ordered), columns=(*columns, *more)))


def _ordered(rows: Rows, ordered: tuple[Sort, ...]) -> Rows:
    if rows.sorts and ordered:
        raise Reject()
    return replace(rows, sorts=rows.sorts or ordered)


def _show_of_value(context: Context, about: Source, columns: tuple[Value, ...], condition: Condition) -> Any:
    """As in "the size of Blue": of the rows that hold that value."""
    if about.origin is None:
        raise Reject()
    return show(context, QueryParts(Rows(about, tuple(conjuncts(condition.node))), columns=columns))


def _show_sorted(context: Context, about: Source, rows: Rows) -> Any:
    if not rows.sorts:
        raise Reject("by what to sort is not said")
    return _show_rows(context, about, rows)


def _show_theirs(context: Context, about: Source, columns: tuple[Value, ...], ordered: tuple[Any, ...] = ()) -> Any:
    """Columns of what was found, or of the loop's record."""
    if about.origin is None:
        if ordered:
            raise Reject()
        names = ["_".join(value.label) for value in columns]
        pairs = zip(names, columns, strict=True)
        fields = tuple(nodes.RecordField(name=name, value=looked_up(context, value).node) for name, value in pairs)
        return Steps((nodes.Emit(value=nodes.RecordExpr(fields=fields)),))
    if context.found is None or about != context.found.source:
        raise Reject()
    if all(isinstance(value.node, nodes.QueryExpr) for value in columns):
        raise Reject()  # how many there are in all
    live(context)
    return show(context, QueryParts(Rows(about, sorts=ordered), columns=columns))


def _show_summary(context: Context, about: Source, summary: QueryParts) -> Any:
    if not summary.keys and any(is_field(about, value) for value in summary.columns):
        raise Reject()  # a field called "total" is meant, not the total of the only measure
    if not summary.keys and (summary.rows.sorts or summary.rows.limit is not None):
        raise Reject("one figure can't be sorted")
    return show(context, summary)


def _show_figure(context: Context, value: Value, name: tuple[str, ...] | None = None) -> Steps:
    if any(isinstance(part, nodes.QueryExpr) for part in walk(value.node)):
        raise Reject()
    found = context.found
    if found is not None and found.changed_by is None and value.node == nodes.Name(name=found.counted or ""):
        raise Reject()
    label = "_".join(name or value.label)
    if not label:
        raise Reject()
    record = nodes.RecordExpr(fields=(nodes.RecordField(name=label, value=value.node),))
    return Steps((nodes.Emit(value=record),))


def _show_script(context: Context, call: nodes.CallExpr) -> Steps:
    if not _signature(context, call).emits:
        raise Reject(f"{call.name} shows no records")
    return Steps((nodes.Emit(value=call),))


def _signature(context: Context, call: nodes.CallExpr) -> Signature:
    found = context.world.signatures(call.name)
    assert found is not None
    return found[0]


def _find(context: Context, rows: Rows, name: tuple[str, ...] | None = None) -> Any:
    """`query found = …`. What is found among those found before is told by all conditions together."""
    if rows.source.origin is None:
        raise Reject()
    base = rows
    if context.found is not None and rows.source == context.found.source:
        raise Reject()
    found = named_set(context, base, name)
    return Several(
        tuple(
            Steps((nodes.NameQuery(name=found.name, query=query),), found=found) for query in queries(QueryParts(rows))
        )
    )


def named_set(context: Context, rows: Rows, name: tuple[str, ...] | None) -> FoundSet:
    taken = {one.name for one in context.variables} | {source.store.name for source in context.world.sources}
    label = "_".join(name) if name else f"found_{context.sentence}"
    while label in taken:
        label += "_found"
    return FoundSet(label, rows, frozenset(_stores(context, rows)))


def _stores(context: Context, rows: Rows) -> Iterator[str]:
    yield rows.source.store.name
    for condition in rows.conditions:
        for query in _queries_in(condition):
            first = query.stages[0]
            assert isinstance(first, nodes.From)
            yield first.store


def _queries_in(node: Any) -> Iterator[nodes.Query]:
    if isinstance(node, nodes.Query):
        yield node
    if isinstance(node, nodes.Node):
        for name in type(node).model_fields:
            yield from _queries_in(getattr(node, name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _queries_in(item)


def _count_them(context: Context, name: tuple[str, ...] = ("count",)) -> Steps:
    value = found_count(context)
    variable = made_variable(name, INT, context)
    return Steps((nodes.Let(name=variable.name, value=value.node),), (variable,), counts=variable.name)


def _let(context: Context, name: tuple[str, ...], value: Value) -> Steps:
    fields = context.subject.store.fields if context.subject else ()
    if any(one.answer and value.node == nodes.Name(name=one.name) for one in context.variables):
        raise Reject()  # the question itself is to call its answer so
    if value.hops or any(words.same_words(name, name_words(field.name)) for field in fields):
        raise Reject()
    variable = made_variable(name, value.type, context)
    return Steps((nodes.Let(name=variable.name, value=value.node),), (variable,))


def _show_summary_per(context: Context, about: Source, part: Part, summary: QueryParts) -> Any:
    if summary.keys:
        raise Reject()
    return show(context, replace(summary, keys=part.keys, every=part.every))


def _show_count(
    context: Context,
    about: Source,
    rows: Rows,
    condition: Condition | None = None,
    parts: tuple[Part, ...] = (),
    being_there: None = None,
) -> Any:
    if rows.source.origin is None or rows.sorts or rows.limit is not None:
        raise Reject()
    ask = assembled(about, parts)
    check_countable((*rows.mentioned, *(condition.mentioned if condition else ()), *ask.rows.mentioned))
    if ask.rows.sorts and not ask.keys:
        raise Reject("one figure can't be sorted")
    narrowed = (*rows.conditions, *(conjuncts(condition.node) if condition else ()), *ask.rows.conditions)
    return show(context, replace(ask, rows=replace(ask.rows, conditions=narrowed), columns=(row_count(context),)))


def _count_rows(context: Context, about: Source, rows: Rows, parts: tuple[Part, ...] = ()) -> Any:
    """As in "count the boxes"; "count them" is for later sentences instead."""
    if not parts and context.found is not None and rows == Rows(context.found.source):
        raise Reject()
    if context.subject is not None:
        if parts or rows.source.origin is None:
            raise Reject()
        variable = made_variable(("count",), INT, context)
        count = nodes.QueryExpr(kind="count", query=rows_query(rows))
        return Steps((nodes.Let(name=variable.name, value=count),), (variable,))
    return _show_count(context, about, rows, None, parts)


def count_per(
    context: Context, about: Source, rows: Rows, keys: tuple[Value, ...], ordered: tuple[Sort, ...] = ()
) -> Any:
    """As in "how many boxes does each maker have": of every maker, also one that has none."""
    check_countable(rows.mentioned)
    reference = reference_of(context, keys[0]) if len(keys) == 1 else None
    if reference is not None and not rows.sorts and rows.limit is None:
        counted = Rows(about, (reference.on(), *rows.conditions))
        count = Value(nodes.QueryExpr(kind="count", query=rows_query(counted)), INT, ("count",))
        called = [field_value(reference.target, field) for field in label_fields(reference.target.store)]
        return show(context, QueryParts(Rows(reference.target, sorts=ordered), columns=(*called, count)))
    return show(context, QueryParts(_ordered(rows, ordered), columns=(row_count(context),), keys=keys))


def which(context: Context, about: Source, rows: Rows, condition: Condition, ordered: tuple[Sort, ...] = ()) -> Any:
    conditions = (*rows.conditions, *conjuncts(condition.node))
    mentioned = (*rows.mentioned, *condition.mentioned)
    return show(
        context, QueryParts(replace(rows, conditions=conditions, mentioned=mentioned, sorts=rows.sorts or ordered))
    )


def _which_most(context: Context, about: Source, rows: Rows, most: Sort) -> Any:
    if rows.sorts or rows.limit is not None:
        raise Reject()
    return _show_rows(context, about, replace(rows, sorts=(most,), limit=nodes.IntLiteral(value=1)))


def _which_there(context: Context, about: Source, rows: Rows, being_there: None, parts: tuple[Part, ...] = ()) -> Any:
    """As in "which boxes do we have in Blue": their conditions may follow."""
    narrowed = assembled(about, parts)
    if rows.source != about or narrowed.keys or narrowed.having or (narrowed.rows.sorts and rows.sorts):
        raise Reject()
    conditions = (*rows.conditions, *narrowed.rows.conditions)
    return _show_rows(context, about, replace(rows, conditions=conditions, sorts=rows.sorts or narrowed.rows.sorts))


def _which_narrowed(context: Context, about: Source, rows: Rows) -> Any:
    if not rows.conditions:
        raise Reject()
    return _show_rows(context, about, rows)


def _find_rows(context: Context, about: Source, rows: Rows, name: tuple[str, ...] | None = None) -> Any:
    return _find(context, rows, name)


_FIND = "(find|take|get|collect|look up|select|pick|gather|fetch)"

ROWS = (
    Row("statement", f"{SHOW} {{about}} {{rows@about}}", _show_rows),
    Row(
        "statement",
        f"{SHOW} {{about}} {{rows@about}} [,] with (their|its) {{columns@about}} [{{ordered@about}}]",
        _show_with,
    ),
    Row(
        "statement",
        f"{SHOW} {{about}} {{rows@about}} with the {{columns@about}} [{{ordered@about}}]",
        _show_with_added,
    ),
    Row("statement", f"{SHOW} {{about}} {{columns@about}} (of|for|from|in) {{rows@about}}", _show_columns),
    Row(
        "statement",
        f"{SHOW} {{about}} {{columns@about}} (of|for|from|in) {{rows@about}} with (their|its) {{columns:more@about}} "
        "[{ordered@about}]",
        _show_columns,
    ),
    Row(
        "statement",
        f"{SHOW} {{about}} {{columns@about}} (of|for|from|in) {{rows@about}} (,|[,] and|[,] with|[,] along with|"
        "[,] together with) {columns:more@about} [{ordered@about}]",
        _show_columns,
    ),
    Row(
        "statement",
        f"{SHOW} {{about}} {{rows@about}} (and|along with|together with) (their|its|the) {{columns@about}} "
        "[{ordered@about}]",
        _show_with_added,
    ),
    Row(
        "statement",
        f"{SHOW} {{about}} {{rows@about}} (with|and|along with|together with) {{told@about}} [{{ordered@about}}]",
        lambda context, told, **rest: _show_with_added(context, columns=(told,), **rest),
    ),
    Row("statement", f"{SHOW} {{about}} {{columns@about}} (of|for) {{stored_list:condition@about}}", _show_of_value),
    Row("statement", "(sort|order|rank|arrange) {about} {rows@about}", _show_sorted),
    Row("statement", f"{SHOW} {{about}} {{rows@about}} : {{columns@about}}", _show_columns),
    Row("statement", f"{SHOW} {{about}} {{rows@about}} 's {{columns@about}}", _show_columns),
    Row("statement", f"{SHOW} {{about}} {{columns@about}} [{{ordered@about}}]", _show_theirs),
    Row("statement", f"{SHOW} {{about}} {{summary@about}}", _show_summary),
    Row("question", "{about} {summary@about}", _show_summary),
    Row(
        "statement",
        f"{{about}} {{part_keys:part@about}} [,] {SHOW} {{summary@about}}",
        _show_summary_per,
    ),
    Row("being_there", "are there|there are|were there|(do|did) (we|i|you) have|we have|have we", lambda context: None),
    Row(
        "statement",
        f"{SHOW} [,] {{about}} {{part_keys:part@about}} , {{summary@about}}",
        _show_summary_per,
    ),
    Row("question", "how many {about} {rows@about} {being_there} {part:parts@about}*", _show_count),
    Row("question", "how many {about} {rows@about} {predicates:condition@about}", _show_count),
    Row(
        "question",
        "how many {about} {rows@about} (do|does|did) (each|every) {keys@about} (have|do|make) [{ordered@about}]",
        count_per,
    ),
    Row("question", "(which|what) {about} {rows@about} {predicates:condition@about} [{ordered@about}]", which),
    Row("question", "(which|what) {about} {rows@about}", _which_narrowed),
    Row("question", "(which|what) {about} {rows@about} is the {most@about}", _which_most),
    Row("question", "(which|what) {about} {rows@about} {being_there} {part:parts@about}*", _which_there),
    Row("statement", f"{SHOW} {{value}}", _show_figure),
    Row("statement", f"{SHOW} {{value}} (as|called) {{new_name:name}}", _show_figure),
    Row("question", "{figure:value}", _show_figure),
    Row(
        "statement",
        f"{SHOW} (what|the records of|the records from|the result of|everything from) {{called:call}} [gives|shows]",
        _show_script,
    ),
    Row("statement", f"{_FIND} {{about}} {{rows@about}}", _find_rows),
    Row(
        "statement",
        f"{_FIND} {{about}} {{rows@about}} [,] [and] (call|name) (them|these) [the] {{new_name:name}}",
        _find_rows,
    ),
    Row("statement", "count (them|those|these)", _count_them),
    Row("statement", "count (them|those|these) (as|and call it|and call that) [the] {new_name:name}", _count_them),
    Row("statement", "count {about} {rows@about} {part:parts@about}*", _count_rows),
    Row("statement", "(let|set) [the] {new_name:name} (be|=|to) {value}", _let),
    Row(
        "statement",
        "(work out|compute|calculate|remember|count|determine) {value} "
        "(as|and call it|and call that) [the] {new_name:name}",
        _let,
    ),
)

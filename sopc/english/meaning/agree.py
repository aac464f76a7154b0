"""What rows or clauses make of a sentence, and its reading by evidences → what it means, or both where they differ.

Two ways of reading that know nothing of each other seldom make the same mistake. Of 694 questions on 120 schemas that
both read as one query, 672 had the same meaning; 6 in 100 of these gave other rows than the reference, but 10 of the
22 others did, and all 17 that the patterns took for several steps. So what both agree on is delivered, and where they
differ the author is asked.

What is shown is no reason to differ (`normal`), and is decided here once:

* Where no field is named, whole rows are shown: "Show the boxes", "Which boxes are red?".
* A row that another one points at is shown by its name, not by the key that points at it.
* A figure that rows or groups are only chosen or sorted by is not shown: "Which towns have more than 2 parks?".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sopc.english.changes import asks_for_a_change, only_asks
from sopc.english.meaning.form import is_part
from sopc.english.meaning.normal import Normal, Stores
from sopc.english.patterns.complaints import Complaint
from sopc.english.patterns.semantics import Steps, World
from sopc.english.patterns.spoken import State
from sopc.english.patterns.tokens import Token
from sopc.english.reading.reader import HIGH, Read, Reader
from sopc.tree import nodes
from sopc.tree.visit import walk

_CHOOSING: Final = nodes.Where | nodes.OrderBy | nodes.Limit  # stages that leave rows as they are
_UNSURE: Final = 0.5  # a reading that costs more is not believed against one query that shows what was asked


def same(one: nodes.Query, other: nodes.Query, stores: Stores) -> bool:
    """Whether two queries find the same rows or groups in the same order, and show the same of them or what says which
    they are. stores: the store of a `from`."""
    return Normal(stores).whole(one) == Normal(stores).whole(other)


def leaves_out(one: nodes.Query, other: nodes.Query, stores: Stores) -> bool:
    """Whether a query is another one without some of its conditions."""
    (less, shown), (more, also) = Normal(stores).whole(one), Normal(stores).whole(other)
    return shown == also and replace(less, holds=more.holds) == more and is_part(less.holds, more.holds)


def reconciled(
    made: Steps, text: str, tokens: tuple[Token, ...], state: State, world: World, reader: Reader
) -> list[Steps]:
    """What a sentence means; two where its author has to say which.

    Args:
        made: What rows or clauses make of it.
        text: Of the sentence; tokens: its own.
        state: What sentences before it left.

    Raises:
        Complaint: T0202, a question would change data.
    """
    if any(isinstance(one, nodes.Insert | nodes.Update | nodes.Delete) for one in walk(made.steps)):
        if only_asks(text):
            hint = "say in a sentence of its own what is to be changed"
            raise Complaint("T0202", "it asks a question, which changes nothing", hint)
        return [made]
    if asks_for_a_change(text) or state.subject is not None or not _stands_alone(made, state, world):
        return [made]
    readings = [one for one in reader.read(text, tokens) if one.cost < HIGH]
    return _held_against(made, readings[0], world.stored) if readings else [made]


def without_choice(
    readings: list[Steps], text: str, tokens: tuple[Token, ...], world: World, reader: Reader
) -> list[Steps]:
    """Several ways in which rows read a sentence; or its reading by evidences, where they differ only in which fields
    are shown of the same rows, as first and last names do, and one of them shows what that does.

    Args:
        readings: By rows.
        text: Of the sentence; tokens: its own.
    """
    queries = [query for one in readings if (query := _asked_for(one.steps)) is not None]
    found = reader.read(text, tokens) if 1 < len(queries) == len(readings) else []
    if not found or found[0].cost >= _UNSURE or not all(_shows_fields(query) for query in queries):
        return readings
    meant, *ways = (Normal(world.stored).whole(query) for query in (found[0].query, *queries))
    alike = meant in ways and all(rows == meant[0] for rows, _ in ways)
    return [Steps((nodes.Emit(query=found[0].query),))] if alike else readings


def _shows_fields(query: nodes.Query) -> bool:
    """Whether a query ends in plain fields: counts and different values are no other fields of the same rows."""
    last = query.stages[-1]
    plain = nodes.FieldAccess | nodes.Name
    return isinstance(last, nodes.Select) and all(isinstance(one.value, plain) for one in last.columns)


def of_all_or_those(made: Steps, before: Steps) -> list[Steps]:
    """What a sentence means after one that showed some rows of a store: as it is; or, where it shows fields of that
    store and does not say of which rows, of all or of those. "Which clubs are in Rome? Return the club names."."""
    match made.steps, before.steps:
        case (
            (nodes.Emit(query=nodes.Query(stages=(nodes.From() as rows, nodes.Select() as select))),),
            (nodes.Emit(query=nodes.Query(stages=(first, *others))),),
        ):
            chosen = [one for one in others if not isinstance(one, nodes.Select)]
            fewer = any(isinstance(one, nodes.Where | nodes.Limit) for one in chosen)
            fields = not any(isinstance(one, nodes.CallExpr) for one in walk(select))
            if first == rows and fields and fewer and all(isinstance(one, _CHOOSING) for one in chosen):
                return [made, Steps((nodes.Emit(query=nodes.Query(stages=(rows, *chosen, select))),))]
    return [made]


def _stands_alone(made: Steps, state: State, world: World) -> bool:
    """Whether steps speak of nothing that other sentences found or declared, and leave nothing for them."""
    if made.variables or made.found is not None:
        return False
    known = {one.name for one in state.variables}
    named = any(isinstance(one, nodes.Name) and one.name in known for one in walk(made.steps))
    return not named and all(world.stored(one) for one in walk(made.steps) if isinstance(one, nodes.From))


def _held_against(made: Steps, read: Read, stores: Stores) -> list[Steps]:
    query = _asked_for(made.steps)
    other = Steps((nodes.Emit(query=read.query),))
    if query is None:
        return [made] if _shows_one_by_one(made.steps) else [made, other]
    if same(query, read.query, stores):
        theirs, ours = (Normal(stores).keys_shown(one) for one in (query, read.query))
        return [other if ours < theirs else made]
    if read.cost >= _UNSURE or leaves_out(read.query, query, stores):
        return [made]
    return [made, other]


def _asked_for(steps: tuple[nodes.AnyStep, ...]) -> nodes.Query | None:
    """The query of steps that do nothing but show or return what it finds."""
    match steps:
        case (nodes.Emit(query=nodes.Query() as query),):
            return query
        case (nodes.Emit(value=nodes.QueryExpr(kind="scalar", query=query)),):
            return query
        case (nodes.Return(value=nodes.QueryExpr(kind="scalar", query=query)),):
            return query
    return None


def _shows_one_by_one(steps: tuple[nodes.AnyStep, ...]) -> bool:
    """Whether "for each" shows records one by one, where the reader would show them together."""
    loop = len(steps) == 1 and isinstance(steps[0], nodes.ForEach)
    return loop and not any(isinstance(one, nodes.Return) for one in walk(steps))

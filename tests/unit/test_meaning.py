"""Pairs of queries that mean the same or do not, however they are written."""

from __future__ import annotations

import pytest

from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, DATE, INT, TEXT, TIMESTAMP
from sopc.english.meaning.agree import leaves_out, same
from sopc.english.meaning.normal import Normal
from sopc.source import Source
from sopc.syntax.parse import parse
from sopc.tree import nodes
from sopc.tree.visit import rewrite

SCHEMA = Schema(
    {
        "clinic": Store(
            "clinic", (Field("id", INT), Field("name", TEXT), Field("city", TEXT)), ("id",), unique=(("id",), ("name",))
        ),
        "doctor": Store(
            "doctor",
            (
                Field("id", INT), Field("name", TEXT), Field("age", INT), Field("active", BOOL),
                Field("hired", DATE), Field("seen", TIMESTAMP), Field("clinic_id", INT),
            ),
            ("id",),
            foreign_keys=(ForeignKey(("clinic_id",), "clinic", ("id",)),),
        ),
        "visit": Store(
            "visit",
            (Field("id", INT), Field("doctor_id", INT), Field("cost", INT), Field("reason", TEXT)),
            ("id",),
            foreign_keys=(ForeignKey(("doctor_id",), "doctor", ("id",)),),
        ),
    }
)  # fmt: skip
SAME = [
    # what is shown of a row, and the figure that groups are chosen by
    ("doctor where doctor.age > 40", "doctor where doctor.age > 40 select doctor.name"),
    ("doctor select doctor.name", "doctor select doctor.id"),
    ("visit group by visit.reason select visit.reason, count() as n order by n desc limit 1",
     "visit group by visit.reason select visit.reason, count() as n order by n desc limit 1 select visit.reason"),
    ("visit group by visit.reason select visit.reason, count() as n where n > 2",
     "visit group by visit.reason select visit.reason, count() as many where many >= 3"),
    # rows that keys point at
    ("doctor where doctor.clinic_id in (from clinic where clinic.city = \"Ulm\" select clinic.id)",
     "doctor where exists(from clinic where doctor.clinic_id = clinic.id and clinic.city = \"Ulm\")"),
    ("doctor join clinic on clinic.id = doctor.clinic_id where clinic.city = \"Ulm\" select doctor.name",
     "doctor where exists(from clinic where doctor.clinic_id = clinic.id and clinic.city = \"Ulm\") select doctor.id"),
    ("clinic join doctor on doctor.clinic_id = clinic.id select clinic.city, doctor.name",
     "doctor left join clinic on clinic.id = doctor.clinic_id select clinic.city, doctor.name"),
    ("doctor where not exists(from clinic where doctor.clinic_id = clinic.id)",
     "doctor where doctor.clinic_id is null"),
    ("visit where visit.doctor_id in (from doctor where doctor.clinic_id in (from clinic where clinic.city = \"Ulm\" "
     "select clinic.id) select doctor.id)",
     "visit join doctor on doctor.id = visit.doctor_id join clinic on clinic.id = doctor.clinic_id "
     "where clinic.city = \"Ulm\" select visit.id"),
    ("clinic where exists(from doctor join visit on visit.doctor_id = doctor.id where doctor.clinic_id = clinic.id "
     "and visit.cost > 9)",
     "clinic where exists(from doctor where doctor.clinic_id = clinic.id and exists(from visit "
     "where visit.doctor_id = doctor.id and visit.cost > 9))"),
    # groups
    ("doctor group by doctor.clinic_id select doctor.clinic_id, count() as n",
     "doctor join clinic on doctor.clinic_id = clinic.id group by clinic.id, clinic.name "
     "select clinic.name, count() as n"),
    ("clinic select clinic.name, count(from doctor where doctor.clinic_id = clinic.id) as n",
     "doctor join clinic on doctor.clinic_id = clinic.id group by clinic.name select clinic.name, count() as n"),
    ("visit group by visit.reason select visit.reason, max(visit.cost) as most order by most desc limit 1",
     "visit order by visit.cost desc limit 1 select visit.reason"),
    # the first of each group, and of all
    ("doctor derive place = rank() over (partition by doctor.clinic_id order by doctor.age desc) where place <= 1 "
     "order by doctor.clinic_id, place",
     "doctor where doctor.age = (from doctor as o where o.clinic_id = doctor.clinic_id select max(o.age) as m) "
     "select doctor.name"),
    ("doctor derive place = rank() over (order by doctor.age desc) where place = 1",
     "doctor order by doctor.age desc limit 1"),
    # comparisons
    ("doctor where doctor.age between 30 and 40", "doctor where doctor.age >= 30 and 40 >= doctor.age"),
    ("doctor where doctor.name in (\"Ann\", \"ANN\")", "doctor where doctor.name = \"ann\""),
    ("doctor where doctor.name not in (\"A\", \"B\")", "doctor where doctor.name != \"B\" and doctor.name != \"A\""),
    ("doctor where not (doctor.age < 30 or doctor.active)", "doctor where doctor.age >= 30 and not doctor.active"),
    ("doctor where doctor.hired > date \"2024-01-31\"", "doctor where doctor.hired >= date \"2024-02-01\""),
    ("doctor where doctor.seen < timestamp \"2024-02-01T00:00:00Z\"", "doctor where doctor.seen < date \"2024-02-01\""),
    ("doctor where count(from visit where visit.doctor_id = doctor.id) >= 1",
     "doctor where exists(from visit where doctor.id = visit.doctor_id)"),
    ("doctor where count(from visit where visit.doctor_id = doctor.id) = 0",
     "doctor where not exists(from visit where doctor.id = visit.doctor_id)"),
]  # fmt: skip
DIFFERENT = [
    ("doctor where doctor.age > 40", "doctor where doctor.age >= 40"),
    ("doctor where doctor.age > 40", "doctor where doctor.age < 40"),
    ("doctor where doctor.age > 40", "doctor where not doctor.age > 40"),
    ("doctor where doctor.age > 40 and doctor.active", "doctor where doctor.age > 40"),
    ("doctor where doctor.age > 40 and doctor.active", "doctor where doctor.age > 40 or doctor.active"),
    ("doctor where doctor.hired > date \"2024-01-31\"", "doctor where doctor.hired >= date \"2024-01-31\""),
    ("doctor where doctor.name in (\"A\", \"B\")", "doctor where doctor.name in (\"A\", \"C\")"),
    ("doctor select doctor.name", "doctor select doctor.age"),
    ("doctor select doctor.name", "doctor select doctor.name, doctor.age"),
    ("doctor select doctor.name", "clinic select clinic.name"),
    ("doctor select doctor.name", "doctor join clinic on clinic.id = doctor.clinic_id select clinic.name"),
    ("doctor order by doctor.age limit 1", "doctor order by doctor.age desc limit 1"),
    ("doctor order by doctor.age limit 1", "doctor order by doctor.hired limit 1"),
    ("doctor order by doctor.age limit 2", "doctor order by doctor.age limit 3"),
    ("doctor order by doctor.age limit 2", "doctor order by doctor.age"),
    ("visit select sum(visit.cost) as f", "visit select avg(visit.cost) as f"),
    ("visit select count(distinct visit.reason) as n", "visit select count() as n"),
    ("visit group by visit.reason select visit.reason, count() as n",
     "visit group by visit.reason select visit.reason"),
    ("visit group by visit.reason select visit.reason, count() as n where n > 2",
     "visit group by visit.reason select visit.reason, sum(visit.cost) as n where n > 2"),
    ("visit group by visit.reason select visit.reason, sum(visit.cost) as n order by n desc limit 1",
     "visit order by visit.cost desc limit 1 select visit.reason"),
    ("doctor join clinic on doctor.clinic_id = clinic.id group by clinic.city select clinic.city, count() as n",
     "doctor group by doctor.clinic_id select doctor.clinic_id, count() as n"),
    ("doctor where exists(from visit where visit.doctor_id = doctor.id and visit.reason = \"flu\")",
     "doctor where exists(from visit where visit.doctor_id = doctor.id)"),
    ("doctor where exists(from visit where visit.doctor_id = doctor.id and visit.reason = \"flu\" and visit.cost > 9)",
     "doctor where exists(from visit where visit.doctor_id = doctor.id and visit.reason = \"flu\") "
     "and exists(from visit where visit.doctor_id = doctor.id and visit.cost > 9)"),
    ("doctor where not exists(from visit where visit.doctor_id = doctor.id)",
     "doctor where exists(from visit where visit.doctor_id = doctor.id)"),
    ("doctor derive place = rank() over (partition by doctor.clinic_id order by doctor.age desc) where place <= 2",
     "doctor where doctor.age = (from doctor as o where o.clinic_id = doctor.clinic_id select max(o.age) as m)"),
    ("doctor select doctor.name union from clinic select clinic.name", "doctor select doctor.name"),
]  # fmt: skip


def query(text: str) -> nodes.Query:
    step = parse(Source("q.sop", f"script q()\nemit from {text}\nend\n")).scripts[0].steps[0]
    assert isinstance(step, nodes.Emit) and step.query is not None
    return _with_columns(step.query)


def _with_columns(given: nodes.Query) -> nodes.Query:
    """The query in which columns of stages are written as the reader and the rows write them."""
    names = {
        one.name
        for stage in given.stages
        if isinstance(stage, nodes.GroupBy | nodes.Derive | nodes.Select)
        for one in stage.columns
    }

    def column(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Name) and node.name in names:
            return nodes.FieldAccess(base=nodes.Name(name=""), name=node.name)
        return node

    changed = rewrite(given, column)
    assert isinstance(changed, nodes.Query)
    return changed


def stores(origin: nodes.From) -> tuple[str, Store] | None:
    found = SCHEMA.stores.get(origin.store)
    return None if found is None else ("main", found)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_queries_that_are_written_otherwise_mean_the_same(one: str, other: str) -> None:
    assert same(query(one), query(other), stores)
    assert same(query(other), query(one), stores)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_queries_that_ask_for_something_else_differ(one: str, other: str) -> None:
    assert not same(query(one), query(other), stores)
    assert not same(query(other), query(one), stores)


def test_every_query_means_the_same_as_itself() -> None:
    for pair in (*SAME, *DIFFERENT):
        for text in pair:
            assert same(query(text), query(text), stores)


def test_a_query_without_a_condition_leaves_it_out() -> None:
    less = query("doctor where exists(from visit where visit.doctor_id = doctor.id)")
    visits = "exists(from visit where visit.doctor_id = doctor.id and visit.cost > 9)"
    more = query(f"doctor where {visits} and doctor.active")
    assert leaves_out(less, more, stores)
    assert not leaves_out(more, less, stores)


def test_a_key_that_points_at_a_row_is_no_name_of_it() -> None:
    assert Normal(stores).keys_shown(query("doctor select doctor.clinic_id")) == 1
    assert Normal(stores).keys_shown(query("doctor select doctor.name, doctor.id")) == 0

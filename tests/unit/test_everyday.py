"""Everyday questions over a shop as SQLite keeps it: days as text, yes and no as 0 and 1, or as those words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.query.schema import Schema
from sopc import pipeline
from sopc.context import Context
from sopc.english.patterns.finish import Unqualifier
from sopc.english.reading.reader import HIGH, LOW, Read, Reader
from sopc.listener import ProgressListener
from sopc.syntax.format import format_step
from sopc.tree import nodes
from sopc.workflow.sampler import sampler_of
from tests.sandbox import Sandbox

SHOP = """
create table customers(customer_id integer primary key, company_name text not null, contact_name text, country text,
    phone text, homepage text, signup_date text not null);
create table orders(order_id integer primary key, customer_id integer not null references customers(customer_id),
    order_date text not null, shipped_date text, total real not null);
create table products(product_id integer primary key, product_name text not null, price real not null,
    discontinued integer not null, weight_grams integer);
create table order_lines(line_id integer primary key, order_id integer not null references orders(order_id),
    product_id integer not null references products(product_id), quantity integer not null);
create table tickets(ticket_id integer primary key, customer_id integer not null references customers(customer_id),
    ticket_type text not null, status text not null, opened_at text not null, closed_at text,
    n_replies integer, escalated text not null);
insert into customers values (1, 'Miller', 'Ann Low', 'Germany', '1', null, '2024-03-02'),
    (2, 'Oak', 'Bo Hill', 'Brazil', null, 'https://oak.example', '2025-06-30');
insert into orders values (1, 1, '2024-03-05', '2024-03-09', 20.5), (2, 1, '2025-01-31', null, 5);
insert into products values (1, 'Chair', 20, 0, 4000), (2, 'Lamp', 5, 1, 900);
insert into order_lines values (1, 1, 1, 1);
insert into tickets values (1, 1, 'complaint', 'open', '2024-05-01 08:30:00', null, 2, 'No'),
    (2, 2, 'enquiry', 'closed', '2025-05-01 10:00:00', '2025-05-02 09:00:00', null, 'yes');
"""
CASES = Path(__file__).parent / "everyday.txt"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reader, Schema]]:
    folder = tmp_path_factory.mktemp("everyday")
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.executescript(SHOP)
    connection.close()
    sandbox = Sandbox(folder, {"main": "sqlite:///shop.db"})
    with Context(sandbox.config, sandbox.library) as context:
        schemas = pipeline.usable_schemas(context)
        sampler = sampler_of(context, ProgressListener())
        yield Reader(schemas, sampler, sampler.examples, sampler.holds_flags), schemas["main"]


def dsl(one: Read, schema: Schema) -> str:
    emit = nodes.Emit(query=one.query)
    steps = Unqualifier(lambda origin: schema.stores.get(origin.store), frozenset()).steps((emit,))
    return " ".join(format_step(steps[0]).split()).removeprefix("emit ")


def read_lines() -> list[tuple[str, str]]:
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [(question, query.strip()) for question, query in zip(lines[::2], lines[1::2], strict=True)]


@pytest.mark.parametrize(("question", "query"), read_lines())
def test_everyday_questions_are_read(question: str, query: str, shop: tuple[Reader, Schema]) -> None:
    """Those marked `?` are asked about first."""
    reader, schema = shop
    found = reader.read(question)
    assert found
    assert dsl(found[0], schema) == query.removeprefix("? ")
    assert (LOW <= found[0].cost < HIGH) == query.startswith("? ")


@pytest.mark.parametrize(
    "question",
    [
        "Which customers never snowballed anything?",  # an unknown verb
        "Show the orders launched by the customer.",
        "Which gadgets are discontinued?",  # an unknown noun
        "Which customers have a zebra?",
        "How many French customers are there?",  # nobody is
        "Which countries have more than 2 orders?",  # each of their customers, or all of them together
    ],
)
def test_what_nobody_knows_is_not_delivered(question: str, shop: tuple[Reader, Schema]) -> None:
    assert not [one for one in shop[0].read(question) if one.cost < LOW]


@pytest.mark.parametrize(
    "question",
    [
        "Which customers bought every product?",
        "Which customers bought all the products?",
        "Show the customers who ordered all products.",
        "Which customers have not bought every product?",
        "Which customers have orders for all products?",
        "Which customers have all orders shipped?",
        "Show customers with all tickets closed.",
        "Which products were bought by everyone?",
        "Which products were bought by every customer?",
        "Which products has everybody bought?",
        "How many customers bought every product?",
    ],
)
def test_every_one_of_them_is_not_taken_for_some(question: str, shop: tuple[Reader, Schema]) -> None:
    assert not shop[0].read(question)

"""Sentences that were once read as something else without a word: each is right, asked or refused, in two schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.workflow import translation
from tests.english.patterns.cases import drafted, whole
from tests.english.patterns.workspace import make
from tests.sandbox import Sandbox

SQL = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT, born_on DATE, joined_on DATE NOT NULL);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price DECIMAL(10,2) NOT NULL,
                       stock INTEGER NOT NULL, note TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id),
                     product_id INTEGER NOT NULL REFERENCES products (id), total DECIMAL(10,2) NOT NULL,
                     ordered_on DATE NOT NULL, status TEXT NOT NULL);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
                      stars INTEGER NOT NULL);
CREATE TABLE workers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INTEGER, hired_on DATE NOT NULL,
                      years_of_service INTEGER, department TEXT);
CREATE TABLE imports (id INTEGER PRIMARY KEY, cost TEXT, due TEXT, share TEXT, code TEXT, level TEXT);
INSERT INTO customers VALUES (1, 'Ann', 'Bath', '1980-01-01', '2020-01-01'), (2, 'Ann', 'York', NULL, '2021-01-01'),
                             (3, 'Bob', 'Bath', '1990-05-01', '2021-01-01'), (4, 'Cid', 'Rome', NULL, '2021-01-01');
INSERT INTO products VALUES (1, 'kettle', 20, 5, 'lid'), (2, 'blender', 80, 0, NULL), (3, 'mixer', 80, 7, NULL);
INSERT INTO orders VALUES (1, 1, 1, 20, '2026-01-01', 'paid'), (2, 2, 2, 80, '2026-01-02', 'open'),
                          (3, 3, 2, 160, '2026-02-02', 'no_show'), (4, 1, 3, 80, '2026-02-03', 'paid');
INSERT INTO reviews VALUES (1, 1, 2), (2, 2, 5), (3, 3, 1);
INSERT INTO workers VALUES (1, 'Eve', 40, '2020-01-01', 3, 'Sales'), (2, 'Fay', 30, '2019-01-01', 5, 'Depot');
INSERT INTO imports VALUES (1, '$1,250.00', '03/02/2026', '12%', '0042', 'North'),
                           (2, '$99.00', '12/12/2025', '9%', '0100', 'NORTH'), (3, 'NA', NULL, '50 %', '0007', 'South');
"""

# What names become in the second schema; sentences and programs are renamed alike.
CLINIC = {
    "customer": "patient", "order": "invoice", "product": "therapy", "review": "report_card", "worker": "nurse",
    "import": "sheet", "price": "fee", "stock": "slot", "town": "ward", "department": "unit", "cost": "charge",
}  # fmt: skip
_PLURALS = {"therapys": "therapies"}


def shop(text: str) -> str:
    return text


def clinic(text: str) -> str:
    for name, other in CLINIC.items():
        text = re.sub(rf"(?<![a-z])(?<!tical ){name}(?=s?(?![a-z]))(?! by )", other, text)
        text = re.sub(rf"(?<![a-z]){name.capitalize()}(?=s?(?![a-z]))", other.capitalize(), text)
    for written, plural in _PLURALS.items():
        text = text.replace(written, plural)
    return text


@pytest.fixture(scope="module", params=[shop, clinic], ids=["shop", "clinic"])
def read(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], None]]:
    """Checks that a text gives a program; or, for `!reason`, that it is refused with that reason; or, for `? a ? b`,
    that its author is asked which of these programs is meant."""
    rename: Callable[[str], str] = request.param
    folder = tmp_path_factory.mktemp(request.param.__name__)
    make(folder / "main.db", rename(SQL))
    with Sandbox(folder, {"main": "sqlite:///main.db"}) as sandbox, Context(sandbox.config, sandbox.library) as context:

        def check(english: str, wanted: str) -> None:
            source = Source("asked.txt", rename(english))
            if wanted.startswith("!"):
                with pytest.raises(CompileError) as refused:
                    translation.draft(source, context, "patterns")
                assert rename(wanted[1:]) in str(refused.value.diagnostics[-1].message)
                assert all(one.code != "T0203" for one in refused.value.diagnostics)
                return
            if wanted.startswith("?"):
                with pytest.raises(CompileError) as asked:
                    translation.draft(source, context, "patterns")
                (found,) = asked.value.diagnostics
                assert found.code == "T0203"
                assert all(" ".join(rename(one).split()) in (found.hint or "") for one in wanted.split("?") if one)
                return
            sop = translation.draft(source, context, "patterns").sop_text
            assert drafted(sop) == whole(rename(wanted))

        yield check


BY_CUSTOMER = "emit from orders join customers on customer_id = customers.id group by customer_id, name"
SALES = 'where department = "Sales"'
FOUND = f"query found_1 = from workers {SALES}"

ENTITIES = {  # two customers called Ann are two
    "Show the total total per customer.": f"{BY_CUSTOMER} select name as customer_name, sum(total) as total",
    "Show the average total per customer.": f"{BY_CUSTOMER} select name as customer_name, avg(total) as average_total",
    "Show the number of orders per customer.": f"{BY_CUSTOMER} select name as customer_name, count() as count",
    "Which customer has the most orders?": (
        f"{BY_CUSTOMER} select name as customer_name, count() as count order by count desc limit 1 select customer_name"
    ),
    "Show the top 2 customers by total total.": (
        f"{BY_CUSTOMER} select name as customer_name, sum(total) as total order by total desc limit 2"
        " select customer_name"
    ),
    "Show the number of orders per product.": (  # whose name tells them apart
        "emit from orders join products on product_id = products.id"
        " group by name select name as product_name, count() as count"
    ),
}
HEADS = {  # the last noun is what is spoken of
    "Delete the product reviews with fewer than 3 stars.": "delete from reviews where stars < 3",
    "Delete the customer orders whose total is below 50.": "delete from orders where total < 50",
    "Show the product reviews.": "emit from reviews",
    "Show the customer orders.": "emit from orders",
}
MAGNITUDES = {
    "Show the import with the highest cost.": "!holds text",
    "Show the imports sorted by cost.": "!holds amounts of money as text",
    "Show the imports sorted by due.": "!holds dates as text",
    "Show the imports by share.": "!holds percents as text",
    "Show the imports, lowest cost first.": "!holds text",
    "Show the top 2 imports by cost.": "!holds amounts of money as text",
    "What is the highest cost?": "!holds text",
    "What is the latest due of the imports?": "!no day and no year",
    "Show the imports sorted by code.": "emit from imports order by code",
    "Show the imports sorted by level.": "emit from imports order by level",
}
PERCENTS = {
    "Raise the price of the products by a given percentage.": (
        "script asked(percentage: decimal) update products set price = round(price * (1 + percentage / 100), 2) end"
    ),
    "The percent is a parameter. Lower the price of the products by the percent.": (
        "script asked(percent: decimal) update products set price = round(price * (1 - percent / 100), 2) end"
    ),
    "Raise the stock of the products by a given percentage.": "!has to be rounded",
}
HOLES = {
    'Set the note of the products to "was {price}".': 'update products set note = "was {price}"',
    'Show the products whose note is "{price} is much".': 'emit from products where note = "{price} is much"',
    'Show the products whose note is "{nonsense}".': '!"{nonsense}" is not understood',
    'Create a product with name "{today}", price 3 and stock 1.': (
        'insert into products { name: "{today()}", price: 3, stock: 1 }'
    ),
    'Set the note of the products to "{{price}}".': 'update products set note = "{{price}}"',
    'Show the orders of a status ("{x}" by default).': "!no pattern fits",
}
MEANINGS = {
    "Show the oldest customer.": "emit from customers order by born_on limit 1",
    "Show the oldest worker.": "emit from workers order by age desc limit 1",
    "Show the workers, youngest first.": "emit from workers order by age",
    "Show the youngest order.": "!tells an age",
    "Show the oldest order.": "emit from orders order by ordered_on limit 1",
    "What is the oldest age?": "!no day and no year",
    "Show the town of the customers in alphabetical order.": "emit from customers order by town select town",
    "Show the name and town of the customers in alphabetical order.": (
        "emit from customers order by name select name, town"
    ),
    "Show the total of the orders in alphabetical order.": "!no text is shown",
    "Show the customers with more than 1 order.": (
        "emit from customers where count(from orders where customer_id = customers.id) > 1"
    ),
    "How many years of service are there?": "!no number of things",
    "How many ages are there?": "!no number of things",
    "How many prices are there?": "!no number of things",
    "Show the price for most products.": "!",
    "Show most products.": "!",
    "Show the worker with the most years of service.": "emit from workers order by years_of_service desc limit 1",
    "Show the top 2 orders by total.": "emit from orders order by total desc limit 2",
    'Ask "Which day?". If the answer is yes, delete the orders.': "!no question was asked",
    'Ask "Is it done?".': 'ask "Is it done?" into answer: bool',
    "Ask for the day.": 'ask "Day?" into day: date',
    "Show the unpaid orders.": '!"unpaid" may be any of no_show, open',
    "Delete the unpaid orders.": '!"unpaid" may be any of no_show, open',
    'Create a product with name "mug", price 3, stock 1 and note "new".': (
        'insert into products { name: "mug", price: 3, stock: 1, note: "new" }'
    ),
}
PARTNERS = {  # each, every and all keep rows without partners; per and by leave them out
    "Show the average total for each customer.": (
        "emit from customers left join orders on customer_id = customers.id"
        " group by customers.id, name select name as customer_name, avg(total) as average_total"
    ),
    "Show the number of reviews for every product.": (
        "emit from products left join reviews on product_id = products.id"
        " group by name select name as product_name, count(product_id) as count"
    ),
    "Show the number of reviews per product.": (
        "emit from reviews join products on product_id = products.id"
        " group by name select name as product_name, count() as count"
    ),
}
TIES = {  # one in the singular, all that tie in the plural
    "Show the most expensive product.": "emit from products order by price desc limit 1",
    "Show the name of the most expensive products.": (
        "emit from products derive place = rank() over (order by price desc) where place = 1 select name"
    ),
    "Which products have the highest price?": (
        "emit from products derive place = rank() over (order by price desc) where place = 1"
        " select id, name, price, stock, note"
    ),
    "Show the 2 most expensive products.": "emit from products order by price desc limit 2",
    "Show the customers with the most orders.": (
        f"{BY_CUSTOMER} select name as customer_name, count() as count"
        " derive place = rank() over (order by count desc) where place = 1 select customer_name"
    ),
    "Delete the oldest orders.": (
        "delete from orders where id in (from orders as other_orders derive place = rank() over"
        " (order by other_orders.ordered_on) where place = 1 select other_orders.id)"
    ),
}
SPELLINGS = {
    'Show the orders whose status is "No-Show".': 'emit from orders where status = "no_show"',
    'Show the imports whose level is "north".': 'emit from imports where level in ("NORTH", "North")',
    "Show the imports whose level is north.": 'emit from imports where level in ("NORTH", "North")',
    'Show the imports whose level is "North".': 'emit from imports where level = "North"',
    'Set the level of the imports to "north".': 'update imports set level = "north"',
    "Set the level of the imports to north.": "!holds NORTH and North",
}
ANTECEDENTS = {  # the rows of the sentence before, whether found, shown or counted
    "Show the workers in Sales. What is their average age?": (
        f"emit from workers {SALES} {FOUND} emit from found_1 select avg(age) as average_age"
    ),
    "Show the name of the workers in Sales. What is their average age?": (
        f"emit from workers {SALES} select name {FOUND} emit from found_1 select avg(age) as average_age"
    ),
    "How many workers are in Sales? What is their average age?": (
        f"emit from workers {SALES} select count() as count {FOUND} emit from found_1 select avg(age) as average_age"
    ),
    "Show the workers in Sales. Delete them.": f"emit from workers {SALES} delete from workers {SALES}",
    "Find the customers in Bath. Show the workers in Sales. Delete them.": (
        f'emit from customers where town = "Bath" emit from workers {SALES} delete from workers {SALES}'
    ),
    "Show the 2 most expensive products. Delete them.": (
        "emit from products order by price desc limit 2 query found_1 = from products order by price desc limit 2"
        " delete from products where id in (from found_1 select found_1.id)"
    ),
    "Show the number of orders per customer. What is their average price?": '!which rows "their" means',
    "What is their average age?": '!which rows "their" means',
}


STEPS_OR_ONE = {  # read as several steps, or as one question
    "How many products are there and what is the total stock for each price?": (
        "? emit from products group by price select price, count() as count, sum(stock) as sum_stock"
        "? emit from products select count() as count emit from products group by price"
    ),
    "Show the different statuses and the number of orders of each status.": (
        "? emit from orders group by status select status, count() as count"
        "? emit from orders select status distinct emit from orders group by status"
    ),
    "For each status, return the status and the count of orders with that status.": (
        "? emit from orders group by status select status, count() as count ? return status"
    ),
    "Return the status for all the orders with a total above 50.": (
        "? emit from orders where total > 50 select status ? return"
    ),
    "Which workers are in Sales? Return the worker names.": (
        '? emit from workers select name ? emit from workers where department = "Sales" select name'
    ),
    "What is the sum of stocks of the kettle and mixer products?": "!a question, which changes nothing",
    "What is the sum of totals of the paid and open orders?": "!a question, which changes nothing",
}


@pytest.mark.parametrize(
    ("english", "wanted"),
    [
        pytest.param(english, wanted, id=english)
        for group in (
            *(ENTITIES, HEADS, MAGNITUDES, PERCENTS, HOLES, MEANINGS, PARTNERS, TIES, SPELLINGS, ANTECEDENTS),
            STEPS_OR_ONE,
        )
        for english, wanted in group.items()
    ],
)
def test_a_sentence_is_right_or_refused(english: str, wanted: str, read: Callable[[str, str], None]) -> None:
    read(english, wanted)

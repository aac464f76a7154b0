"""English sentences and the SQL that gives the same answer, over three schemas."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """sql: a query whose rows are the records (kind "records", in order where ordered), whose one value is the
    script's result ("result") or what it says ("says"); or statements with the same effect ("effect")."""

    schema: str
    english: str
    sql: str
    kind: str = "records"
    ordered: bool = False


def records_of(schema: str, *pairs: tuple[str, str]) -> tuple[Case, ...]:
    return tuple(Case(schema, english, sql, ordered="ORDER BY" in sql) for english, sql in pairs)


def effects_of(schema: str, *pairs: tuple[str, str]) -> tuple[Case, ...]:
    return tuple(Case(schema, english, sql, "effect") for english, sql in pairs)


SHOP = records_of(
    "shop",
    (
        "Show the ten highest sales in Europe",
        "SELECT * FROM sales WHERE region = 'Europe' ORDER BY amount DESC LIMIT 10",
    ),
    (
        "How many sales per region, highest first?",
        "SELECT region, COUNT(*) FROM sales GROUP BY region ORDER BY COUNT(*) DESC",
    ),
    (
        "total amount per customer in 2024",
        "SELECT c.title, SUM(s.amount) FROM sales s JOIN customers c ON c.id = s.customer_id "
        "WHERE s.sold_on LIKE '2024%' GROUP BY 1",
    ),
    ("Show the sales in South America.", "SELECT * FROM sales WHERE region = 'South America'"),
    ("List all sales in Asia or Africa.", "SELECT * FROM sales WHERE region IN ('Asia', 'Africa')"),
    ("Print the sales in Asia, Africa and Europe.", "SELECT * FROM sales WHERE region IN ('Asia', 'Africa', 'Europe')"),
    ("Show the sales that are not in Europe.", "SELECT * FROM sales WHERE region <> 'Europe'"),
    ("Show the sales except in Asia.", "SELECT * FROM sales WHERE region <> 'Asia'"),
    ("Show the sales whose amount is between 100 and 500.", "SELECT * FROM sales WHERE amount BETWEEN 100 AND 500"),
    ("Show sales above 150.", "SELECT * FROM sales WHERE amount > 150"),
    ("Show the sales in Europe above 150.", "SELECT * FROM sales WHERE region = 'Europe' AND amount > 150"),
    (
        "Show the sales in Europe or sold before 2024.",
        "SELECT * FROM sales WHERE region = 'Europe' OR sold_on < '2024-01-01'",
    ),
    (
        "Show the region and amount of the sales before 2024-03-01, oldest first.",
        "SELECT region, amount FROM sales WHERE sold_on < '2024-03-01' ORDER BY sold_on",
    ),
    ("Show the sales sold in March 2024.", "SELECT * FROM sales WHERE sold_on LIKE '2024-03%'"),
    ("Show the sales sold on March 31, 2024.", "SELECT * FROM sales WHERE sold_on = '2024-03-31'"),
    (
        "Show the sales sold in 2023 or 2025.",
        "SELECT * FROM sales WHERE sold_on < '2024-01-01' OR sold_on >= '2025-01-01'",
    ),
    ("Show the sales of the last 30 days.", "SELECT * FROM sales WHERE sold_on >= DATE('now', '-30 days')"),
    ("Show the sales sold this year.", "SELECT * FROM sales WHERE STRFTIME('%Y', sold_on) = STRFTIME('%Y', 'now')"),
    ("Show the sales older than 24 months.", "SELECT * FROM sales WHERE sold_on < DATE('now', '-24 months')"),
    ("Show the sales with the remark gift.", "SELECT * FROM sales WHERE remark = 'gift'"),
    ("Show the sales without a remark.", "SELECT * FROM sales WHERE remark IS NULL"),
    ("Show the sales with a remark.", "SELECT * FROM sales WHERE remark IS NOT NULL"),
    ("Show the sales whose remark is missing.", "SELECT * FROM sales WHERE remark IS NULL"),
    ("Show the sales without a product.", "SELECT * FROM sales WHERE product_id IS NULL"),
    ('Show the sales whose remark contains "in".', "SELECT * FROM sales WHERE remark LIKE '%in%'"),
    (
        "Show the sales of Acme.",
        "SELECT s.* FROM sales s JOIN customers c ON c.id = s.customer_id WHERE c.title = 'Acme'",
    ),
    (
        "Show the sales from Germany.",
        "SELECT s.* FROM sales s JOIN customers c ON c.id = s.customer_id WHERE c.country = 'Germany'",
    ),
    (
        "Show the sales to customers in France.",
        "SELECT s.* FROM sales s JOIN customers c ON c.id = s.customer_id WHERE c.country = 'France'",
    ),
    (
        "Show the sales of customers with at least 3 sales.",
        "SELECT * FROM sales WHERE customer_id IN (SELECT customer_id FROM sales GROUP BY 1 HAVING COUNT(*) >= 3)",
    ),
    (
        "Total amount per customer in France",
        "SELECT c.title, SUM(amount) FROM sales s JOIN customers c ON c.id = s.customer_id "
        "WHERE c.country = 'France' GROUP BY 1",
    ),
    (
        "Show the sales whose customer is from France and whose amount is at least 200.",
        "SELECT s.* FROM sales s JOIN customers c ON c.id = s.customer_id WHERE c.country = 'France' AND amount >= 200",
    ),
    (
        "Show the amount and the customer's country of the sales in 2024, highest first.",
        "SELECT s.amount, c.country FROM sales s JOIN customers c ON c.id = s.customer_id "
        "WHERE s.sold_on LIKE '2024%' ORDER BY s.amount DESC",
    ),
    (
        "Show the sales with their customer's title.",
        "SELECT s.*, c.title FROM sales s JOIN customers c ON c.id = s.customer_id",
    ),
    (
        "Show the customers without sales.",
        "SELECT * FROM customers WHERE id NOT IN (SELECT customer_id FROM sales)",
    ),
    (
        "Show the title of every customer with no sales in 2025.",
        "SELECT title FROM customers c WHERE NOT EXISTS "
        "(SELECT 1 FROM sales WHERE customer_id = c.id AND sold_on LIKE '2025%')",
    ),
    (
        "Show the customers with at least 3 sales.",
        "SELECT * FROM customers c WHERE (SELECT COUNT(*) FROM sales WHERE customer_id = c.id) >= 3",
    ),
    ("Show loyal customers from France.", "SELECT * FROM customers WHERE loyal AND country = 'France'"),
    ("Show the customers that are not loyal.", "SELECT * FROM customers WHERE NOT loyal"),
    ("Show each customer's title and country.", "SELECT title, country FROM customers"),
    ("Which customers joined after 2021?", "SELECT * FROM customers WHERE joined_on >= '2022-01-01'"),
    (
        "Show the customers who joined in 2021 or 2022.",
        "SELECT * FROM customers WHERE joined_on BETWEEN '2021-01-01' AND '2022-12-31'",
    ),
    ("What is the average amount of the sales in Europe?", "SELECT AVG(amount) FROM sales WHERE region = 'Europe'"),
    (
        "What is the total amount per region, highest first?",
        "SELECT region, SUM(amount) AS t FROM sales GROUP BY region ORDER BY t DESC",
    ),
    (
        "Show the number of sales and the total amount per region with more than 1 sale.",
        "SELECT region, COUNT(*), SUM(amount) FROM sales GROUP BY region HAVING COUNT(*) > 1",
    ),
    (
        "Show the total amount per customer's country.",
        "SELECT c.country, SUM(amount) FROM sales s JOIN customers c ON c.id = s.customer_id GROUP BY 1",
    ),
    (
        "Show the total amount per product's family, highest total first.",
        "SELECT p.family, SUM(amount) AS t FROM sales s LEFT JOIN products p ON p.id = s.product_id GROUP BY 1 "
        "ORDER BY t DESC",
    ),
    (
        "Show the total amount per year.",
        "SELECT CAST(STRFTIME('%Y', sold_on) AS INT), SUM(amount) FROM sales GROUP BY 1",
    ),
    ("Show the total amount per month.", "SELECT STRFTIME('%Y-%m-01', sold_on), SUM(amount) FROM sales GROUP BY 1"),
    (
        "Show the lowest and highest amount per region.",
        "SELECT region, MIN(amount), MAX(amount) FROM sales GROUP BY region",
    ),
    ("How many sales are in Europe?", "SELECT COUNT(*) FROM sales WHERE region = 'Europe'"),
    ("How many different regions are there?", "SELECT COUNT(DISTINCT region) FROM sales"),
    ("Count the customers per country.", "SELECT country, COUNT(*) FROM customers GROUP BY country"),
    (
        "Show the sales whose amount is above the average amount.",
        "SELECT * FROM sales WHERE amount > (SELECT AVG(amount) FROM sales)",
    ),
    ("Show the top 2 sales by amount.", "SELECT * FROM sales ORDER BY amount DESC LIMIT 2"),
    ("Show the most recent sale.", "SELECT * FROM sales ORDER BY sold_on DESC LIMIT 1"),
    ("Show the sale with the highest amount.", "SELECT * FROM sales ORDER BY amount DESC LIMIT 1"),
    ("Show the products sorted by price from high to low.", "SELECT * FROM products ORDER BY price DESC"),
    ("Show the products in alphabetical order.", "SELECT * FROM products ORDER BY label"),
    (
        "Show the sales sorted by region and then by amount descending.",
        "SELECT * FROM sales ORDER BY region, amount DESC",
    ),
    (
        "Find the sales in Europe. Show their amount, lowest first.",
        "SELECT amount FROM sales WHERE region = 'Europe' ORDER BY amount",
    ),
    ("Find the sales in Asia.", "SELECT * FROM sales WHERE region = 'Asia'"),
    (
        "Show the sales below an amount (100 by default), lowest first.",
        "SELECT * FROM sales WHERE amount < 100 ORDER BY amount",
    ),
    (
        'The region is a parameter called place, "Asia" by default. Show the sales in that region.',
        "SELECT * FROM sales WHERE region = 'Asia'",
    ),
) + effects_of(
    "shop",
    (
        "Increase the price of the products in Kitchen by 10%.",
        "UPDATE products SET price = ROUND(price * 1.1, 2) WHERE family = 'Kitchen'",
    ),
    ('Set the remark of the sales in Asia to "far".', "UPDATE sales SET remark = 'far' WHERE region = 'Asia'"),
    ("Delete the sales before 2024.", "DELETE FROM sales WHERE sold_on < '2024-01-01'"),
    ("Mark the customers from Kenya as loyal.", "UPDATE customers SET loyal = 1 WHERE country = 'Kenya'"),
    (
        'Create a product with label "mug", family Kitchen and price 4.5.',
        "INSERT INTO products (label, family, price) VALUES ('mug', 'Kitchen', 4.5)",
    ),
    (
        "For each customer from France, create a sale with the customer, the region Europe, amount 10 "
        "and today as sold on.",
        "INSERT INTO sales (customer_id, region, amount, sold_on) "
        "SELECT id, 'Europe', 10, DATE('now') FROM customers WHERE country = 'France'",
    ),
    (
        'Create a sale with the customer, region "Moon", amount 1.25 and sold on = 2024-02-29 for each loyal customer.',
        "INSERT INTO sales (customer_id, region, amount, sold_on) "
        "SELECT id, 'Moon', 1.25, '2024-02-29' FROM customers WHERE loyal",
    ),
)

CLINIC = (
    *records_of(
        "clinic",
        ("Show the patients in North.", "SELECT * FROM patients WHERE ward_code = 'North'"),
        (
            "Show the patients whose ward's floor is 1.",
            "SELECT * FROM patients WHERE ward_code IN (SELECT code FROM wards WHERE floor = 1)",
        ),
        ("Show the patients without a ward.", "SELECT * FROM patients WHERE ward_code IS NULL"),
        (
            "Show the surname of the patients admitted on 2024-05-02, sorted by surname.",
            "SELECT surname FROM patients WHERE admitted_at LIKE '2024-05-02%' ORDER BY surname",
        ),
        (
            "Show the surname of the patients admitted before May 2, 2024.",
            "SELECT surname FROM patients WHERE admitted_at < '2024-05-02'",
        ),
        (
            "Show the surname of the patients admitted since June 2024.",
            "SELECT surname FROM patients WHERE admitted_at >= '2024-06-01'",
        ),
        (
            "Show the surname of the patients admitted between 2024-05-01 and 2024-05-02.",
            "SELECT surname FROM patients WHERE admitted_at BETWEEN '2024-05-01' AND '2024-05-03'",
        ),
        ("Show the surname of the discharged patients.", "SELECT surname FROM patients WHERE discharged"),
        (
            "Show the surname of the patients that have not been discharged.",
            "SELECT surname FROM patients WHERE NOT discharged",
        ),
        ("How many patients are there per ward?", "SELECT ward_code, COUNT(*) FROM patients GROUP BY ward_code"),
        (
            "Show the number of doses and the total milligrams per drug, highest total first.",
            "SELECT drug, COUNT(*), SUM(milligrams) AS t FROM doses GROUP BY drug ORDER BY t DESC",
        ),
        ("Show the doses of Zolam above 60.", "SELECT * FROM doses WHERE drug = 'Zolam' AND milligrams > 60"),
        ("Show the doses given on 2024-05-03.", "SELECT * FROM doses WHERE given_on = '2024-05-03'"),
        (
            "Show the doses given in May 2024 that are planned.",
            "SELECT * FROM doses WHERE given_on LIKE '2024-05%' AND state = 'planned'",
        ),
        (
            "Show the drug and the patient's surname of the planned doses.",
            "SELECT drug, surname FROM doses d JOIN patients p ON p.id = d.patient_id WHERE state = 'planned'",
        ),
        (
            "Show the surname of the patients with more than 1 dose.",
            "SELECT surname FROM patients p WHERE (SELECT COUNT(*) FROM doses WHERE patient_id = p.id) > 1",
        ),
        (
            "Show the surname of the patients who have doses of Perin.",
            "SELECT surname FROM patients WHERE id IN (SELECT patient_id FROM doses WHERE drug = 'Perin')",
        ),
        (
            "Show the surname of the patients whose weight is more than 70 and less than 90.",
            "SELECT surname FROM patients WHERE weight > 70 AND weight < 90",
        ),
        ("Show the wards with at least 10 beds.", "SELECT * FROM wards WHERE beds >= 10"),
        ("Show the doses whose milligrams are 20, 40 or 50.", "SELECT * FROM doses WHERE milligrams IN (20, 40, 50)"),
        (
            'Show the surnames of patients whose surname starts with "O" or ends with "r".',
            "SELECT surname FROM patients WHERE surname GLOB 'O*' OR surname GLOB '*r'",
        ),
        ("Show the orders whose unit cost is above 5.", 'SELECT * FROM "order" WHERE "unit cost" > 5'),
        ("Show the unit cost of the orders, highest first.", 'SELECT "unit cost" FROM "order" ORDER BY 1 DESC'),
        (
            'Show the orders where the supply item is "O\'Neil {brace}".',
            """SELECT * FROM "order" WHERE "the ""supply"" item" = 'O''Neil {brace}'""",
        ),
        (
            'Show the orders whose `the "supply" item` is "Robert\\"); drop table students; --".',
            """SELECT * FROM "order" WHERE "the ""supply"" item" = 'Robert"); drop table students; --'""",
        ),
        ("Show the patient with the highest weight.", "SELECT * FROM patients ORDER BY weight DESC LIMIT 1"),
    ),
    *effects_of(
        "clinic",
        (
            'Set the state of the doses given before 2024-05-02 to "archived".',
            "UPDATE doses SET state = 'archived' WHERE given_on < '2024-05-02'",
        ),
        (
            "Set the milligrams of the planned doses to twice the milligrams plus 1.",
            "UPDATE doses SET milligrams = milligrams * 2 + 1 WHERE state = 'planned'",
        ),
        (
            "Reduce the milligrams of the doses of Perin by 5.",
            "UPDATE doses SET milligrams = milligrams - 5 WHERE drug = 'Perin'",
        ),
        (
            "Delete the doses that are planned and given after May 2024.",
            "DELETE FROM doses WHERE state = 'planned' AND given_on >= '2024-06-01'",
        ),
        ("Delete the orders with the unit cost 4.", 'DELETE FROM "order" WHERE "unit cost" = 4'),
        ("Find the planned doses. Mark them as done.", "UPDATE doses SET state = 'done' WHERE state = 'planned'"),
        (
            'Find the patients in North. For each of them, create a dose with the patient, the drug "Quell", '
            "15 milligrams and 2024-07-01 as given on.",
            "INSERT INTO doses (patient_id, drug, milligrams, given_on) "
            "SELECT id, 'Quell', 15, '2024-07-01' FROM patients WHERE ward_code = 'North'",
        ),
        (
            "For each planned dose:\n- Set its milligrams to half of its milligrams, rounded.\n- Mark it as done.",
            "UPDATE doses SET milligrams = milligrams / 2, state = 'done' WHERE state = 'planned'",
        ),
        ("For each dose, if its milligrams are above 45, delete it.", "DELETE FROM doses WHERE milligrams > 45"),
        (
            'For each dose:\n- If it is planned, set its state to "due".\n- Otherwise, delete the dose.',
            "DELETE FROM doses WHERE state <> 'planned'; UPDATE doses SET state = 'due'",
        ),
    ),
    Case(
        "clinic",
        "Return the total milligrams of the doses in May 2024.",
        "SELECT SUM(milligrams) FROM doses WHERE given_on LIKE '2024-05%'",
        "result",
    ),
    Case("clinic", "Return 30% of the number of doses.", "SELECT 0.3 * COUNT(*) FROM doses", "result"),
    Case(
        "clinic",
        'Let limit be the number of patients. If limit is above 3, say "busy with {limit}".',
        "SELECT 'busy with ' || COUNT(*) FROM patients",
        "says",
    ),
    Case(
        "clinic",
        'Find the planned doses. Count them as gone. Delete them. Say "{gone} deleted".',
        "SELECT COUNT(*) || ' deleted' FROM doses WHERE state = 'planned'",
        "says",
    ),
    Case(
        "clinic",
        'If there are more than 10 patients in North, say "crowded", otherwise say "calm".',
        "SELECT 'calm'",
        "says",
    ),
)

HR = (
    *records_of(
        "hr",
        (
            "Show the name of the employees in Engineering with a salary above 150k, sorted by name.",
            "SELECT name FROM employees WHERE department = 'Engineering' AND salary > 150000 ORDER BY name",
        ),
        (
            "Show the names of active employees hired before 2018 whose salary is at least 100,000.",
            "SELECT name FROM employees WHERE active AND hired_on < '2018-01-01' AND salary >= 100000",
        ),
        (
            "Show the name and the department's location of the employees hired since 2022, newest first.",
            "SELECT e.name, d.location FROM employees e JOIN departments d ON d.name = e.department "
            "WHERE hired_on >= '2022-01-01' ORDER BY hired_on DESC",
        ),
        (
            "Show the names of the employees in London.",
            "SELECT e.name FROM employees e JOIN departments d ON d.name = e.department WHERE d.location = 'London'",
        ),
        (
            "Show the five employees with the highest salary.",
            "SELECT * FROM employees ORDER BY salary DESC LIMIT 5",
        ),
        (
            "For each department, show the number of employees and the highest salary, highest salary first.",
            "SELECT department, COUNT(*), MAX(salary) AS m FROM employees GROUP BY department ORDER BY m DESC",
        ),
        ("Show the departments with no active employees.",
         "SELECT * FROM departments d WHERE NOT EXISTS (SELECT 1 FROM employees WHERE department = d.name AND active)"),
        (
            "Show the average salary per department's location.",
            "SELECT d.location, AVG(salary) FROM employees e JOIN departments d ON d.name = e.department GROUP BY 1",
        ),
        (
            "What is the total salary of the active employees in Sales?",
            "SELECT SUM(salary) FROM employees WHERE active AND department = 'Sales'",
        ),
    ),
)  # fmt: skip

CASES = (*SHOP, *CLINIC, *HR)

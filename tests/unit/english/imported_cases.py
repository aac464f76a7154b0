"""Sentences of an analyst over tables just imported, which have no keys, and the SQL that gives the same answer."""

from __future__ import annotations

from tests.unit.english.cases import Case, effects_of, records_of

IMPORTED = (
    *records_of(
        "imported",
        (
            "Show the ten highest deals in Lowlands",
            "SELECT * FROM deals WHERE zone = 'Lowlands' ORDER BY amount DESC LIMIT 10",
        ),
        ("Show all deals", "SELECT * FROM deals"),
        ("Show everything in deals", "SELECT * FROM deals"),
        ("List all the rows of the deals table.", "SELECT * FROM deals"),
        ("Give me a list of all deals in Coast.", "SELECT * FROM deals WHERE zone = 'Coast'"),
        ("Sort the deals by amount, highest first.", "SELECT * FROM deals ORDER BY amount DESC"),
        ("Show the deals from newest to oldest.", 'SELECT * FROM deals ORDER BY "agreed on" DESC'),
        ("Show deals between 50 and 100.", "SELECT * FROM deals WHERE amount BETWEEN 50 AND 100"),
        ("Show the deals with an amount between 50 and 100.", "SELECT * FROM deals WHERE amount BETWEEN 50 AND 100"),
        ("Show the deals with an amount.", "SELECT * FROM deals WHERE amount IS NOT NULL"),
        (
            'Show the deals of the buyer named "Cid; drop table deals"',
            """SELECT * FROM deals WHERE "buyer name" = 'Cid; drop table deals'""",
        ),
        (
            'Show the amount of the deals whose buyer is "Bob \\"the brace\\" {x}".',
            """SELECT amount FROM deals WHERE "buyer name" = 'Bob "the brace" {x}'""",
        ),
        ("Show the select and amount of all deals.", 'SELECT "select", amount FROM deals'),
        ("Show the deals whose select is gold.", """SELECT * FROM deals WHERE "select" = 'gold'"""),
        (
            "Show the deal with the highest amount in Coast.",
            "SELECT * FROM deals WHERE zone = 'Coast' ORDER BY amount DESC LIMIT 1",
        ),
        ("Show the amount of O'Neil.", """SELECT amount FROM deals WHERE "buyer name" = 'O''Neil'"""),
        ("Show the amount of each deal with its zone.", "SELECT amount, zone FROM deals"),
        (
            "Show the deals with an above average amount.",
            "SELECT * FROM deals WHERE amount > (SELECT AVG(amount) FROM deals)",
        ),
        (
            "Show the number of deals per zone and their total amount",
            "SELECT zone, COUNT(*), SUM(amount) FROM deals GROUP BY zone",
        ),
        (
            "Show how many trips there are per progress and their average toll.",
            "SELECT progress, COUNT(*), AVG(toll) FROM trips GROUP BY progress",
        ),
        (
            "Show the monthly total amount.",
            """SELECT STRFTIME('%Y-%m-01', "agreed on"), SUM(amount) FROM deals GROUP BY 1""",
        ),
        (
            "Show the total amount per buyer, highest total first.",
            'SELECT "buyer name", SUM(amount) FROM deals GROUP BY 1 ORDER BY 2 DESC',
        ),
        ("Show the total number of deals per zone.", "SELECT zone, COUNT(*) FROM deals GROUP BY zone"),
        (
            "Which zone has the highest total amount?",
            "SELECT zone, SUM(amount) FROM deals GROUP BY zone ORDER BY 2 DESC LIMIT 1",
        ),
        (
            "Which zone has the lowest average amount in 2024?",
            """SELECT zone, AVG(amount) FROM deals WHERE "agreed on" LIKE '2024%' GROUP BY 1 ORDER BY 2 LIMIT 1""",
        ),
        (
            "Which zone has the highest amount?",
            "SELECT zone, MAX(amount) FROM deals GROUP BY zone ORDER BY 2 DESC LIMIT 1",
        ),
        (
            "Which buyer has the most deals?",
            'SELECT "buyer name", COUNT(*) FROM deals GROUP BY 1 ORDER BY 2 DESC LIMIT 1',
        ),
        ("Which driver has the highest night wage?", 'SELECT * FROM drivers ORDER BY "night wage" DESC LIMIT 1'),
        (
            "Show the top 2 zones by total amount.",
            "SELECT zone, SUM(amount) FROM deals GROUP BY zone ORDER BY 2 DESC LIMIT 2",
        ),
        (
            "Show the 2 zones with the lowest average amount.",
            "SELECT zone, AVG(amount) FROM deals GROUP BY zone ORDER BY 2 LIMIT 2",
        ),
        (
            "Show the zones with a total amount above 200.",
            "SELECT zone, SUM(amount) AS t FROM deals GROUP BY zone HAVING t > 200",
        ),
        (
            "Show the zones whose total amount is at most 200.",
            "SELECT zone, SUM(amount) AS t FROM deals GROUP BY zone HAVING t <= 200",
        ),
        (
            "Which buyers have more than 1 deal?",
            'SELECT "buyer name", COUNT(*) FROM deals GROUP BY 1 HAVING COUNT(*) > 1',
        ),
        ("Show the different zones.", "SELECT DISTINCT zone FROM deals"),
        (
            "Show the unique buyers of the deals in Lowlands.",
            """SELECT DISTINCT "buyer name" FROM deals WHERE zone = 'Lowlands'""",
        ),
        ("Which zones are there?", "SELECT DISTINCT zone FROM deals"),
        # references that names tell of
        ("Show the trips of Mara.", "SELECT * FROM trips WHERE driver_id = 1"),
        ("Show the trips without a driver.", "SELECT * FROM trips WHERE driver_id IS NULL"),
        ("Show the trips of licensed drivers.", "SELECT * FROM trips WHERE driver_id IN (1, 3)"),
        (
            "Show the trips with their driver's name, sorted by toll.",
            "SELECT t.*, d.name FROM trips t LEFT JOIN drivers d ON d.id = t.driver_id ORDER BY toll",
        ),
        (
            "Show the total toll per driver.",
            "SELECT d.name, SUM(toll) FROM trips t LEFT JOIN drivers d ON d.id = t.driver_id GROUP BY 1",
        ),
        (
            "Show the total toll per squad.",
            "SELECT d.squad, SUM(toll) FROM trips t LEFT JOIN drivers d ON d.id = t.driver_id GROUP BY 1",
        ),
        (
            "Which driver has the highest total toll?",
            "SELECT d.name, SUM(toll) FROM trips t JOIN drivers d ON d.id = t.driver_id GROUP BY 1 "
            "ORDER BY 2 DESC LIMIT 1",
        ),
        (
            "Which drivers have no trips?",
            "SELECT * FROM drivers WHERE id NOT IN (SELECT driver_id FROM trips WHERE driver_id IS NOT NULL)",
        ),
        (
            "Show the name and the number of trips of each driver.",
            "SELECT name, (SELECT COUNT(*) FROM trips WHERE driver_id = d.id) FROM drivers d",
        ),
        (
            "How many trips did each driver make?",
            "SELECT d.name, COUNT(*) FROM trips t LEFT JOIN drivers d ON d.id = t.driver_id GROUP BY 1",
        ),
        ("Who are the licensed drivers?", "SELECT * FROM drivers WHERE licensed"),
        ("Show the trips of turbines.", "SELECT * FROM trips WHERE cargo = 'turbine'"),
        (
            "Show the trips departed in 2025 that have not arrived.",
            "SELECT * FROM trips WHERE departed_on LIKE '2025%' AND arrived_on IS NULL",
        ),
        ("Show the trips that are still underway.", "SELECT * FROM trips WHERE progress = 'underway'"),
        ("Show the trips without an arrived date.", "SELECT * FROM trips WHERE arrived_on IS NULL"),
        (
            "Show the trips departed in January 2025 but not yet arrived.",
            "SELECT * FROM trips WHERE departed_on LIKE '2025-01%' AND arrived_on IS NULL",
        ),
        ("Show the trips of the driver Mara.", "SELECT * FROM trips WHERE driver_id = 1"),
        ("Show the drivers with at least 2 trips.", "SELECT * FROM drivers WHERE id IN (1, 3)"),
        (
            "Show the 2 zones with the most deals.",
            "SELECT zone, COUNT(*) FROM deals GROUP BY zone ORDER BY 2 DESC LIMIT 2",
        ),
        (
            "The squad is a parameter, Dawn by default. Find the licensed drivers in that squad. Show their name.",
            "SELECT name FROM drivers WHERE squad = 'Dawn' AND licensed",
        ),
        (
            "The year is a parameter, 2024 by default. Show the deals agreed in that year.",
            """SELECT * FROM deals WHERE "agreed on" LIKE '2024%'""",
        ),
        (
            "The month is a parameter, 2025-03-10 by default. Show the deals agreed in that month.",
            """SELECT * FROM deals WHERE "agreed on" LIKE '2025-03%'""",
        ),
        ("Show the trips with a negative toll.", "SELECT * FROM trips WHERE toll < 0"),
        (
            "Show the cargo, the toll divided by the kilometres as rate of the trips with kilometres above 0.",
            "SELECT cargo, toll / kilometres FROM trips WHERE kilometres > 0",
        ),
        (
            "The minimum amount is a parameter, 100 by default. "
            "Show the deals whose amount is at least the minimum amount.",
            "SELECT * FROM deals WHERE amount >= 100",
        ),
        (
            "Show the trips departed since a date (2024-04-01 by default) "
            "with a progress (called state, default underway).",
            "SELECT * FROM trips WHERE departed_on >= '2024-04-01' AND progress = 'underway'",
        ),
    ),
    *effects_of(
        "imported",
        (
            'Set the select of the deals without a select to "no".',
            """UPDATE deals SET "select" = 'no' WHERE "select" IS NULL""",
        ),
        (
            'Set select to "no" for all deals without a select.',
            """UPDATE deals SET "select" = 'no' WHERE "select" IS NULL""",
        ),
        (
            'Change the zone from Lowlands to "Plains" for all deals.',
            "UPDATE deals SET zone = 'Plains' WHERE zone = 'Lowlands'",
        ),
        ('Rename the zone Lowlands to "Plains".', "UPDATE deals SET zone = 'Plains' WHERE zone = 'Lowlands'"),
        (
            "Set the progress of the underway trips to settled and their arrived date to 2025-03-01.",
            "UPDATE trips SET progress = 'settled', arrived_on = '2025-03-01' WHERE progress = 'underway'",
        ),
        (
            "Find the underway trips. Set their progress to scrapped.",
            "UPDATE trips SET progress = 'scrapped' WHERE progress = 'underway'",
        ),
        ("Find the trips with a toll of 40. Delete them.", "DELETE FROM trips WHERE toll = 40"),
        (
            'Create a deal with id 9, buyer name "New {man}", zone Coast, amount 10.5, '
            "agreed on 2025-07-01 and select gold.",
            "INSERT INTO deals VALUES (9, 'New {man}', 'Coast', 10.5, '2025-07-01', 'gold')",
        ),
        (
            "For each underway trip, set its toll to its toll plus 1.",
            "UPDATE trips SET toll = toll + 1 WHERE progress = 'underway'",
        ),
        (
            "For each underway trip, create a deal with its id as id, its cargo as the buyer, amount of its toll and "
            "2025-01-01 as agreed on.",
            "INSERT INTO deals SELECT id, cargo, NULL, toll, '2025-01-01', NULL FROM trips WHERE progress = 'underway'",
        ),
    ),
    Case("imported", 'If the total amount is above 1000, say "high", otherwise say "low".', "SELECT 'high'", "says"),
    Case("imported", 'If any trips have a negative toll, say "look".', "SELECT 'look'", "says"),
    Case("imported", "Return the total amount.", "SELECT SUM(amount) FROM deals", "result"),
    Case(
        "imported",
        'For each deal in Coast, say "{{{its buyer name}}}: {amount}, {`select`} }}".',
        """SELECT '{' || "buyer name" || '}: ' || amount || ', ' || "select" || ' }' FROM deals WHERE zone = 'Coast'""",
        "says",
    ),
)

-- As `sopvm db import` makes them: no keys, no references, everything may be missing.
CREATE TABLE "deals" (
    "id" INTEGER, "buyer name" TEXT, "zone" TEXT, "amount" REAL, "agreed on" DATE, "select" TEXT
);
CREATE TABLE "drivers" (
    "id" INTEGER, "name" TEXT, "squad" TEXT, "night wage" REAL, "enrolled on" DATE, "licensed" BOOLEAN
);
CREATE TABLE "trips" (
    "id" INTEGER, "driver_id" INTEGER, "cargo" TEXT, "kilometres" INTEGER, "toll" REAL, "departed_on" DATE,
    "arrived_on" DATE, "progress" TEXT
);
INSERT INTO "deals" VALUES
    (1, 'Ann Lee', 'Lowlands', 120.5, '2024-01-05', 'gold'),
    (2, 'Cid; drop table deals', 'Coast', 80.0, '2024-02-06', 'tin'),
    (3, 'Bob "the brace" {x}', 'Lowlands', 310.25, '2024-02-11', 'gold'),
    (4, 'Ann Lee', 'Islands', 45.0, '2023-12-31', NULL),
    (5, 'O''Neil', 'Lowlands', 99.99, '2025-03-01', 'tin'),
    (6, 'Zoe', 'Windy Hills', 500.0, '2025-03-15', 'gold'),
    (7, 'Ann Lee', 'Coast', 75.25, '2025-04-02', 'tin'),
    (8, 'O''Neil', 'Lowlands', 12.0, '2025-06-20', 'gold');
INSERT INTO "drivers" VALUES
    (1, 'Mara', 'Dawn', 45.5, '2019-04-01', 1),
    (2, 'Jonas', 'Dusk', 38.0, '2021-09-15', 0),
    (3, 'Priya', 'Dawn', 52.25, '2018-01-10', 1),
    (4, 'Tom', 'Noon', 30.0, '2024-05-05', 0);
INSERT INTO "trips" VALUES
    (101, 1, 'timber', 3, 150.0, '2024-03-01', '2024-03-02', 'settled'),
    (102, 1, 'gravel', 1, 40.0, '2024-03-05', NULL, 'underway'),
    (103, 2, 'timber', 8, 420.0, '2024-04-01', '2024-04-03', 'settled'),
    (104, 3, 'turbine', 5, 600.5, '2025-01-15', NULL, 'underway'),
    (105, 3, 'timber', 2, 95.0, '2025-02-01', '2025-02-01', 'settled'),
    (106, NULL, 'gravel', 0, -2.0, '2025-02-10', NULL, 'scrapped');

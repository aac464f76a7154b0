-- The database that every script in tests/language and tests/errors starts with.
CREATE TABLE employees (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  department TEXT,
  salary INTEGER NOT NULL,
  manager_id INTEGER REFERENCES employees (id),
  hired DATE NOT NULL,
  active BOOLEAN NOT NULL DEFAULT 1
);
INSERT INTO employees VALUES
  (1, 'Ada', 'Engineering', 180000, NULL, '2019-03-01', 1),
  (2, 'Grace', 'Engineering', 165000, 1, '2020-07-15', 1),
  (3, 'Linus', 'Engineering', 120000, 1, '2021-01-10', 1),
  (4, 'Mary', 'Sales', 95000, NULL, '2018-05-20', 1),
  (5, 'Bob', 'Sales', 60000, 4, '2022-09-01', 0),
  (6, 'Zoë', NULL, 70000, NULL, '2023-02-28', 1);

CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  price DECIMAL(10, 2) NOT NULL,
  note TEXT
);
INSERT INTO items VALUES
  (1, 'bolts', 10, 0.25, NULL),
  (2, 'nuts', 0, 0.10, 'small'),
  (3, 'gears', 55, 12.50, 'has "quotes" and {braces}'),
  (4, 'O''Ring', 3, 1.99, '100%_sure');

CREATE TABLE reorders (
  id INTEGER PRIMARY KEY,
  item_id INTEGER NOT NULL REFERENCES items (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  requested_on DATE,
  status TEXT NOT NULL DEFAULT 'open'
);
INSERT INTO reorders VALUES (1, 1, 50, '2026-01-05', 'open'), (2, 3, 5, '2026-01-06', 'done');

CREATE TABLE numbers (n INTEGER PRIMARY KEY, half REAL NOT NULL, maybe INTEGER);
INSERT INTO numbers VALUES (1, 0.5, 10), (2, 1.0, NULL), (3, 1.5, 30), (4, 2.0, NULL), (5, 2.5, 50);

CREATE TABLE accounts (name TEXT PRIMARY KEY NOT NULL, balance INTEGER NOT NULL CHECK (balance >= 0));
INSERT INTO accounts VALUES ('ann', 100), ('ben', 20);

CREATE TABLE log (id INTEGER PRIMARY KEY, message TEXT NOT NULL, at TIMESTAMP);

CREATE TABLE "order" ("select" INTEGER PRIMARY KEY, "from" TEXT, "order date" DATE, "say ""hi""" TEXT);
INSERT INTO "order" VALUES (1, 'here', '2026-02-03', 'hello'), (2, 'there', NULL, NULL);

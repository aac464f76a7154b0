-- The tables of schema.sql for DuckDB, which numbers no rows by itself.
CREATE SEQUENCE employee_ids START 7;
CREATE TABLE employees (
  id BIGINT PRIMARY KEY DEFAULT nextval('employee_ids'),
  name TEXT NOT NULL,
  department TEXT,
  salary BIGINT NOT NULL,
  manager_id BIGINT REFERENCES employees (id),
  hired DATE NOT NULL,
  active BOOLEAN NOT NULL DEFAULT true
);
INSERT INTO employees VALUES (1, 'Ada', 'Engineering', 180000, NULL, '2019-03-01', true);
INSERT INTO employees VALUES
  (2, 'Grace', 'Engineering', 165000, 1, '2020-07-15', true),
  (3, 'Linus', 'Engineering', 120000, 1, '2021-01-10', true);
INSERT INTO employees VALUES (4, 'Mary', 'Sales', 95000, NULL, '2018-05-20', true);
INSERT INTO employees VALUES
  (5, 'Bob', 'Sales', 60000, 4, '2022-09-01', false),
  (6, 'Zoë', NULL, 70000, NULL, '2023-02-28', true);

CREATE SEQUENCE item_ids START 5;
CREATE TABLE items (
  id BIGINT PRIMARY KEY DEFAULT nextval('item_ids'),
  name TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  price DECIMAL(10, 2) NOT NULL,
  note TEXT
);
INSERT INTO items VALUES
  (1, 'bolts', 10, 0.25, NULL),
  (2, 'nuts', 0, 0.10, 'small'),
  (3, 'gears', 55, 12.50, 'has "quotes" and {braces}'),
  (4, 'O''Ring', 3, 1.99, '100%_sure');

CREATE SEQUENCE reorder_ids START 3;
CREATE TABLE reorders (
  id BIGINT PRIMARY KEY DEFAULT nextval('reorder_ids'),
  item_id BIGINT NOT NULL REFERENCES items (id),
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  requested_on DATE,
  status TEXT NOT NULL DEFAULT 'open'
);
INSERT INTO reorders VALUES (1, 1, 50, '2026-01-05', 'open'), (2, 3, 5, '2026-01-06', 'done');

CREATE SEQUENCE number_ids START 6;
CREATE TABLE numbers (n BIGINT PRIMARY KEY DEFAULT nextval('number_ids'), half DOUBLE NOT NULL, maybe BIGINT);
INSERT INTO numbers VALUES (1, 0.5, 10), (2, 1.0, NULL), (3, 1.5, 30), (4, 2.0, NULL), (5, 2.5, 50);

CREATE TABLE accounts (name TEXT PRIMARY KEY NOT NULL, balance BIGINT NOT NULL CHECK (balance >= 0));
INSERT INTO accounts VALUES ('ann', 100), ('ben', 20);

CREATE SEQUENCE log_ids;
CREATE TABLE log (id BIGINT PRIMARY KEY DEFAULT nextval('log_ids'), message TEXT NOT NULL, "at" TIMESTAMP);

CREATE SEQUENCE order_ids START 3;
CREATE TABLE "order" (
  "select" BIGINT PRIMARY KEY DEFAULT nextval('order_ids'), "from" TEXT, "order date" DATE, "say ""hi""" TEXT
);
INSERT INTO "order" VALUES (1, 'here', '2026-02-03', 'hello'), (2, 'there', NULL, NULL);
